"""The photos of a person go with that person's data, and those of an old request with its words."""

import pytest

from fivered.chassis.files import UnknownFile, sweep_kept
from fivered.chassis.refusal import NotFound
from fivered.services.steward.storage import retention
from fivered.services.steward.tests.ground import COMMUNITY, LI, OTHER_CADRE, WANG
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


def test_nobody_shows_the_photo_of_the_reporter_as_the_own_work(ground, tmp_path):
    """Whatever lay with the request already was taken, whoever had sent it."""
    bench, folder = ground.bench, tmp_path / "blobs"
    ground.staff()
    for who in (WANG, None):
        photo = sent(bench, folder, who or OTHER_CADRE)
        request = ground.submit(who, media=[photo])
        handler = ground.handler_of(request)
        row = ground.step("accept_request", request, handler)
        row = ground.step("contact_request", row, handler, note="已电话联系")
        done = {"outcome": "SOLVED", "note": "已更换灯泡"}
        with pytest.raises(UnknownFile):
            ground.step("resolve_request", row, handler, media=[photo], **done)
        own = sent(bench, folder, handler)
        assert ground.step("resolve_request", row, handler, media=[own], **done)["state"] == (
            "RESOLVED"
        )
