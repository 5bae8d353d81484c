"""The photos of a person go with that person's data, and those of an old request with its words."""

import pytest

from fivered.chassis.files import sweep_kept
from fivered.chassis.refusal import NotFound
from fivered.services.steward.storage import retention
from fivered.services.steward.tests.ground import COMMUNITY, LI, WANG
from fivered.services.steward.tests.test_erasures import SELF, ask, decide
from testkit.papers import sent

pytestmark = pytest.mark.slow


def kept(folder):
    return len(list(folder.glob("kept/steward/*/*")))


def test_photos_go_with_what_they_were_sent_with(ground, tmp_path):
    bench, folder = ground.bench, tmp_path / "blobs"
    made = {}
    for who in (WANG, LI):
        ground.staff() if not made else None
        file = sent(bench, folder, who)
        made[who] = ground.submit(who, media=[file]), file
    request, file = made[WANG]
    ground.by(WANG, "R_RESIDENT", COMMUNITY)
    assert bench.ask("_file", {"file_id": file})["thing_id"] == request["id"]
    (told,) = [
        one for one in ground.by(WANG, SELF, "").ask("_my_data", {})["tables"]
        if one["table"] == "files"
    ]  # fmt: skip
    assert [one["file_id"] for one in told["rows"]] == [file]
    body = {"request_id": request["id"]}
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do("cancel_request", body, version=request["version"])
    decide(ground, ask(ground))
    assert [one["file_id"] for one in bench.rows("select file_id from files")] == [made[LI][1]]
    assert (kept(folder), sweep_kept(bench.runtime, older_than_s=-60), kept(folder)) == (2, 1, 1)
    other = made[LI][0]["id"]
    with bench.transaction() as tx:
        retention.erase(tx.conn, {other: b""}, tx.now)
    assert (sweep_kept(bench.runtime, older_than_s=-60), kept(folder)) == (1, 0)
    with pytest.raises(NotFound):
        ground.by(LI, "R_RESIDENT", COMMUNITY).ask("_file", {"file_id": made[LI][1]})
