"""Evidence is a file that its sender has sent, and is read by whoever the thing names it to."""

import pytest

from fivered.chassis.files import FileDiffers, UnknownFile
from fivered.chassis.refusal import NotFound
from fivered.services.property.tests.test_agreements import due, meeting
from testkit.papers import PAPER, digest, sent

pytestmark = pytest.mark.slow


@pytest.fixture
def send(town, tmp_path):
    town.found()

    def send(person, content=PAPER):
        return sent(town.bench, tmp_path / "blobs", person, content)

    return send


def files_of(bench, thing):
    try:
        return [one["id"] for one in bench.ask("_files", {"thing": thing})["items"]]
    except NotFound:
        return None


def test_evidence_of_an_order_is_a_pair_of_files(town, send):
    bench = town.bench
    town.street_clerk()
    shown = send("per_qian")
    issued = bench.do("issue_rectification", {
        "project_id": "prj_a", "severity": "S2", "facts": "消防通道被占用",
        "basis": "《物业服务合同》第 12 条", "media": [shown],
    })  # fmt: skip
    order = {"rectification_id": issued["id"]}
    before, after = send("per_wu", PAPER + b"1"), send("per_wu", PAPER + b"2")
    town.manager()
    foreign = {"evidence_pairs": [{"before": before, "after": send("per_x", PAPER + b"3")}]}
    with pytest.raises(UnknownFile):
        bench.do("submit_rectification", order | foreign, version=1)
    pair = {"evidence_pairs": [{"before": before, "after": after}]}
    bench.do("submit_rectification", order | pair, version=1)
    town.street_clerk()
    assert set(files_of(bench, issued["id"])) == {shown, before, after}
    bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    assert files_of(bench, issued["id"]) is None
    with pytest.raises(NotFound):
        bench.ask("_file", {"file_id": after})


@pytest.mark.covers("P18")
def test_a_disclosure_is_read_with_its_document_by_everybody_and_keeps_the_former_one(town, send):
    bench = town.bench
    town.street_clerk()
    made = bench.do("schedule_disclosure", {
        "project_id": "prj_a", "kind": "FEES", "title": "一季度收支", "due_date": "2025-04-15",
    })  # fmt: skip
    town.manager()
    named = {"disclosure_id": made["id"]}
    file = send("per_wu")
    with pytest.raises(FileDiffers):
        bench.do("publish_disclosure", named | {"doc_sha256": "a" * 64, "file": file}, version=1)
    bench.do("publish_disclosure", named | {"doc_sha256": digest(), "file": file}, version=1)
    right = send("per_wu", PAPER + b"1")
    corrected = {"doc_sha256": digest(PAPER + b"1"), "file": right, "reason": "误传草稿,更换为定稿"}
    bench.do("correct_disclosure", named | corrected, version=2)
    bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    assert bench.ask("disclosure", named)["files"] == [right]
    assert bench.ask("disclosure", named | {"edition": 1})["files"] == [file]
    assert bench.ask("_file", {"file_id": right})["name"] == "材料.pdf"
    assert set(files_of(bench, made["id"])) == {file, right}


def test_a_company_s_letter_of_authority_is_a_file_that_its_registrars_read(town, send):
    bench = town.bench
    letter = send("per_qian")
    named = {"company_id": "pco_a", "representatives": ["per_n"], "document_ref": letter}
    with pytest.raises(UnknownFile):
        town.street_clerk("per_second").do("change_representatives", named, version=1)
    made = town.street_clerk("per_qian").do("change_representatives", named, version=1)
    done = town.street_clerk("per_second").do(
        "change_representatives", named, version=made["version"]
    )
    assert done["state"] == "CHANGED"
    card = town.street_clerk("per_second").ask("company", {"company_id": "pco_a"})
    assert card["representatives_document"] == letter
    assert files_of(bench, "pco_a") == [letter]
    assert bench.ask("_file", {"file_id": letter})["name"] == "材料.pdf"
    bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    assert "representatives_document" not in bench.ask("company", {"company_id": "pco_a"})
    assert not files_of(bench, "pco_a")
    with pytest.raises(NotFound):
        bench.ask("_file", {"file_id": letter})


def test_what_shows_that_a_work_or_a_commitment_is_done_is_a_file_that_its_card_shows(town, send):
    """Attached, and tried by nobody."""
    bench = town.bench
    decisions = [{"text": "完成充电桩选址", "kind": "WORK", "due_date": "2025-03-20"}]
    held = town.secretary().do("hold_meeting", meeting(town, decisions=decisions))
    work = {"work_id": held["decisions"][0]["opened"]}
    town.manager().do("start_work", work, version=1)
    of_work = send("per_wu", PAPER + b"w")
    with pytest.raises(UnknownFile):
        town.manager().do("deliver_work", work | {"evidence": [send("per_x")]}, version=2)
    town.manager().do("deliver_work", work | {"evidence": [of_work]}, version=2)
    town.agree()
    item = due(bench, "公共照明检修")
    bench.fire("2025-05-11T00:00:00")
    which = {"commitment_id": item["commitment_id"]}
    of_commitment = send("per_wu", PAPER + b"c")
    version = due(bench, "公共照明检修")["version"]
    town.manager().do("fulfil_commitment", which | {"evidence": [of_commitment]}, version=version)
    # Works and agreements of a project are open to all who sign in, and so is what shows them done.
    neighbour = {"person": "per_x", "scope": town.grid}
    for reader in (town.manager, town.cadre, lambda: bench.as_("R_RESIDENT", **neighbour)):
        reader()
        assert files_of(bench, work["work_id"]) == [of_work]
        assert files_of(bench, item["agreement_id"]) == [of_commitment]
        for file in (of_work, of_commitment):
            assert bench.ask("_file", {"file_id": file})["name"] == "材料.pdf"
