"""Each thing of property that takes a file: who may read the thing reads it, and nobody else."""

import pytest

from fivered.chassis.files import FileDiffers, UnknownFile
from fivered.chassis.refusal import NotFound
from fivered.services.property.tests.test_agreements import meeting
from fivered.services.property.tests.test_appointments import nominate
from fivered.services.property.tests.test_bodies import FIVE, committee
from fivered.services.property.tests.test_calls import place  # noqa: F401
from fivered.services.property.tests.test_files import files_of, send  # noqa: F401
from fivered.services.property.tests.test_handing_over import comes, goes, list_  # noqa: F401
from fivered.services.property.tests.test_owners_votes import OPENS, Hall
from fivered.services.property.tests.test_quality import listed, passed
from testkit.papers import PAPER, digest, sent

pytestmark = pytest.mark.slow


def neighbour(town):
    return town.bench.as_("R_RESIDENT", person="per_x", scope=town.grid)


def elsewhere(town):
    return town.bench.as_("R_STREET", person="per_far", scope="370811002")


def check(town, thing, file, *, may, may_not):
    """Ask for the files of a thing, and for the file, as each of several people."""
    for who in may:
        who(town)
        assert files_of(town.bench, thing) == [file], who
        assert town.bench.ask("_file", {"file_id": file})["name"] == "材料.pdf"
    for who in may_not:
        who(town)
        assert not files_of(town.bench, thing), who
        with pytest.raises(NotFound):
            town.bench.ask("_file", {"file_id": file})


def clerk(town):
    return town.street_clerk()


def test_minutes_of_a_meeting(town, send):  # noqa: F811
    held = meeting(town, minutes_sha256=digest())
    file = send("per_sun")
    with pytest.raises(UnknownFile):
        town.secretary().do("hold_meeting", held | {"file": send("per_x")})
    with pytest.raises(FileDiffers):
        town.secretary().do("hold_meeting", held | {"file": send("per_sun", PAPER + b"1")})
    made = town.secretary().do("hold_meeting", held | {"file": file})
    check(town, made["id"], file, may=(type(town).secretary, clerk), may_not=(neighbour, elsewhere))


def test_paper_of_a_room(town, send):  # noqa: F811
    file = send("per_qian")
    room = {
        "project_id": "prj_a", "building": "3", "number": "601", "area_m2": 90,
        "owners": ["per_r9"], "owned_since": "2021-06-01",
    }  # fmt: skip
    town.settle("per_r9")
    with pytest.raises(UnknownFile):
        town.street_clerk().do("register_room", room | {"document_ref": send("per_x")})
    made = town.street_clerk().do("register_room", room | {"document_ref": file})
    check(town, made["id"], file, may=(clerk,), may_not=(neighbour, elsewhere))


def test_result_of_an_election(town, send):  # noqa: F811
    town.settle(*FIVE)
    file = send("per_qian")
    with pytest.raises(UnknownFile):
        town.street_clerk().do("register_body", committee(document_ref=send("per_x")))
    made = town.street_clerk().do("register_body", committee(document_ref=file))
    check(town, made["id"], file, may=(clerk,), may_not=(neighbour, elsewhere))


def test_consents_to_an_appointment(town, send):  # noqa: F811
    which = {"appointment_id": nominate(town.bench, town)["id"]}
    town.bench.as_("R_PM", person="per_wu").do("consent_appointment", which)
    file = send("per_sun")
    with pytest.raises(UnknownFile):
        town.secretary().do(
            "approve_appointment", which | {"document_ref": send("per_x")}, version=2
        )
    town.secretary().do("approve_appointment", which | {"document_ref": file}, version=2)
    made = which["appointment_id"]
    check(town, made, file, may=(type(town).secretary, clerk), may_not=(neighbour, elsewhere))


def test_photo_of_a_second_look(town, send):  # noqa: F811
    passed(town)
    town.street_clerk()
    (one,) = listed(town, state="WAITING")
    look = {"check_id": one["id"], "good": True, "finding": "现场复核,整改到位"}
    with pytest.raises(UnknownFile):
        town.bench.do("record_quality_check", look | {"media": [send("per_x")]}, version=1)
    file = send("per_qian")
    town.bench.do("record_quality_check", look | {"media": [file]}, version=1)
    check(town, one["id"], file, may=(clerk,), may_not=(neighbour, elsewhere))


def test_papers_of_what_is_handed_over(list_, place, tmp_path):  # noqa: F811
    more = {"handover_id": list_, "kind": "KEYS", "title": "地下车库道闸遥控器"}
    item = comes(place).do("add_handover_item", more)["id"]
    foreign = sent(place.bench, tmp_path / "blobs", "per_x")
    with pytest.raises(UnknownFile):
        goes(place).do("hand_item", {"item_id": item, "files": [foreign]}, version=1)
    file = sent(place.bench, tmp_path / "blobs", "per_zheng")
    goes(place).do("hand_item", {"item_id": item, "files": [file]}, version=1)
    check(place, item, file, may=(goes, comes, clerk), may_not=(neighbour, elsewhere))


def test_picture_of_a_vote_on_paper(town, tmp_path):
    votes, bench = Hall(town).begin(), town.bench
    vote = votes.call()["id"]
    bench.fire(OPENS)
    foreign = sent(bench, tmp_path / "blobs", "per_x")
    with pytest.raises(UnknownFile):
        votes.paper(vote, "101", evidence=[foreign])
    file = sent(bench, tmp_path / "blobs", "per_li")
    paper = votes.paper(vote, "101", evidence=[file])
    check(town, paper, file, may=(type(town).cadre, clerk), may_not=(neighbour, elsewhere))
