"""What proves a deed is a file of who proposes it; a paper's number is taken as ever."""

import pytest

from fivered.chassis.files import UnknownFile
from fivered.chassis.refusal import NotFound
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_manual import approve, propose
from testkit.papers import PAPER, sent

pytestmark = pytest.mark.slow


@pytest.mark.covers("C6")
def test_evidence_of_an_award_and_of_an_objection_is_opened(bench, tmp_path):
    stage.rules(bench)
    stage.resident(bench, "per_a")
    stage.resident(bench, "per_b")
    folder = tmp_path / "blobs"
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(UnknownFile):
        propose(bench, evidence=["TJ-2025-001", sent(bench, folder, "per_b")])
    proof = sent(bench, folder, "per_cadre")
    award = propose(bench, evidence=["TJ-2025-001", proof])
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    assert bench.ask("_file", {"file_id": proof})["thing_id"] == award["id"]
    approve(bench, award)
    bench.as_("R_RESIDENT", person="per_b", scope=stage.COMMUNITY)
    with pytest.raises(NotFound):
        bench.ask("_file", {"file_id": proof})
    own = sent(bench, folder, "per_a", PAPER + b"1")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.COMMUNITY)
    filed = bench.do("file_objection", {
        "target": "AWARD", "target_id": award["id"], "text": "调解时间有误,请按实际日期更正",
        "evidence": [own],
    })  # fmt: skip
    (card,) = bench.ask("_files", {"thing": filed["id"]})["items"]
    assert card["id"] == own
    bench.as_("R_RESIDENT", person="per_b", scope=stage.COMMUNITY)
    with pytest.raises(NotFound):
        bench.ask("_files", {"thing": filed["id"]})
    (row,) = bench.rows("select person_id from files where file_id = :id", id=own)
    assert row["person_id"] == "per_a"
