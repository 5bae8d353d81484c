"""Photos of a request and of a danger, over HTTP: who sent them and who works on it see them."""

import hashlib
import io

from PIL import Image

from fivered.services.steward.tests.ground import GRID, LI, OTHER_CADRE, STAFF, WANG
from tests.journeys.test_requests import REQUESTS, site, tell  # noqa: F401


def photo(colour):
    out = io.BytesIO()
    Image.new("RGB", (900, 600), colour).save(out, "JPEG")
    return out.getvalue()


def send(site, role, person, colour="red"):  # noqa: F811
    answer = site.ask(
        "POST", "/v1/files?name=楼道.jpg", content=photo(colour), person=person,
        grants=({"role": role, "scope": GRID[:12]},), headers={"Content-Type": "image/jpeg"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return answer.json()


def seen_by(site, role, person, file_id):  # noqa: F811
    """Return the photo as somebody sees it, or the status of the refusal."""
    path = f"/v1/steward/files/{file_id}"
    answer = tell(site, role, person, path, verb="GET")
    if answer.status_code != 200:
        return answer.status_code
    got = site.ask("GET", answer.json()["url"], grants=None)
    assert got.status_code == 200, got.text
    return hashlib.sha256(got.content).hexdigest()


def test_photos_of_a_request_are_seen_by_its_own_people_and_no_neighbour(site):  # noqa: F811
    before = send(site, "R_RESIDENT", WANG)
    body = {
        "channel": "APP", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
        "text": "楼道灯不亮", "media": [before["id"]],
    }  # fmt: skip
    foreign = tell(site, "R_RESIDENT", LI, REQUESTS, body)
    assert (foreign.status_code, foreign.json()["guard"]) == (422, "UNKNOWN_FILE")
    filed = tell(site, "R_RESIDENT", WANG, REQUESTS, body)
    assert filed.status_code == 201, filed.text
    request = filed.json()
    path = f"{REQUESTS}/{request['id']}"
    card = tell(site, "R_RESIDENT", WANG, path, verb="GET").json()
    assert card["media"] == [before["id"]]
    assert seen_by(site, "R_RESIDENT", WANG, before["id"]) == before["sha256"]
    assert seen_by(site, "R_STEWARD", STAFF, before["id"]) == before["sha256"]
    assert seen_by(site, "R_RESIDENT", LI, before["id"]) == 404
    assert site.ask("GET", f"/v1/steward/files/{before['id']}", grants=None).status_code == 404
    listed = tell(site, "R_STEWARD", STAFF, f"/v1/steward/files?thing={request['id']}", verb="GET")
    assert [one["name"] for one in listed.json()["items"]] == ["楼道.jpg"]
    # What shows that it is done is the handler's own photo; a paper's number is taken as ever.
    version = request["version"]
    for step, more in (("accept", {}), ("contact", {"note": "已电话联系"})):
        done = tell(site, "R_STEWARD", STAFF, f"{path}/{step}", more, version=version)
        assert done.status_code == 200, done.text
        version = done.json()["version"]
    after = send(site, "R_STEWARD", STAFF, "green")
    foreign = send(site, "R_RESIDENT", LI, "blue")
    end = {"outcome": "SOLVED", "note": "已更换灯泡", "media": [foreign["id"]]}
    other = tell(site, "R_STEWARD", STAFF, f"{path}/resolve", end, version=version)
    assert other.status_code == 422, other.text
    end["media"] = [after["id"], "维修单 12"]
    done = tell(site, "R_STEWARD", STAFF, f"{path}/resolve", end, version=version)
    assert done.status_code == 200, done.text
    assert seen_by(site, "R_RESIDENT", WANG, after["id"]) == after["sha256"]
    assert seen_by(site, "R_RESIDENT", LI, after["id"]) == 404


def test_a_photo_of_a_danger_goes_on_with_the_request_that_follows(site):  # noqa: F811
    sent = send(site, "R_RESIDENT", WANG)
    body = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼北侧", "media": [sent["id"]]}
    hazard = tell(site, "R_RESIDENT", WANG, "/v1/steward/hazards", body)
    assert hazard.status_code == 201, hazard.text
    path = f"/v1/steward/hazards/{hazard.json()['id']}"
    assert seen_by(site, "R_CADRE", OTHER_CADRE, sent["id"]) == sent["sha256"]
    found = tell(site, "R_CADRE", OTHER_CADRE, f"{path}/verify", {"verified": True}, version=1)
    assert found.status_code == 200, found.text
    filed = found.json()["request_id"]
    listed = tell(site, "R_RESIDENT", WANG, f"/v1/steward/files?thing={filed}", verb="GET")
    assert [one["id"] for one in listed.json()["items"]] == [sent["id"]]
    assert seen_by(site, "R_RESIDENT", LI, sent["id"]) == 404


def test_photos_are_added_to_a_request_that_was_filed(site):  # noqa: F811
    body = {
        "channel": "APP", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
        "text": "楼道灯不亮",
    }  # fmt: skip
    filed = tell(site, "R_RESIDENT", WANG, REQUESTS, body)
    assert filed.status_code == 201, filed.text
    path = f"{REQUESTS}/{filed.json()['id']}"
    mine, theirs = send(site, "R_RESIDENT", WANG), send(site, "R_STEWARD", STAFF, "blue")

    def add(role, person, media, **more):
        note = {"text": "见照片", "media": [media["id"]]} | more
        return tell(site, role, person, f"{path}/notes", note)

    assert add("R_RESIDENT", WANG, theirs).json()["guard"] == "UNKNOWN_FILE"
    assert add("R_RESIDENT", WANG, mine).status_code == 201
    assert add("R_STEWARD", STAFF, theirs, visibility="INTERNAL").status_code == 422
    assert add("R_STEWARD", STAFF, theirs).status_code == 201
    shown = tell(site, "R_RESIDENT", WANG, path, verb="GET").json()
    assert shown["media"] == [mine["id"], theirs["id"]]
    for one in (mine, theirs):
        for role, person in (("R_RESIDENT", WANG), ("R_STEWARD", STAFF)):
            assert seen_by(site, role, person, one["id"]) == one["sha256"]
        assert seen_by(site, "R_RESIDENT", LI, one["id"]) == 404
