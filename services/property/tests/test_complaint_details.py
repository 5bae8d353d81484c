"""What a complaint is about, more closely: by who complained or by the community."""

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.property import errors
from fivered.services.property.service import Property
from fivered.services.property.tests.test_complaints import validate
from fivered.services.property.tests.test_rooms import room

LIFT = {"place": "LIFT", "problem": "LIFT_TRAPPED"}


@pytest.fixture
def place(town):
    town.found()
    town.settle("per_res", "per_kin", "per_o1", "per_child")
    town.enrol_cadre("per_li")
    return town


def resident(town, person="per_res"):
    return town.bench.as_("R_RESIDENT", person=person, scope=town.grid)


def told(bench, kind):
    asked = "SELECT person_id, about_id FROM told WHERE kind = :k ORDER BY person_id"
    return [(row["person_id"], row["about_id"]) for row in bench.rows(asked, k=kind)]


@pytest.mark.covers("P8")
def test_who_complained_says_where_what_how_pressing_and_whom_to_call(place):
    bench = place.bench
    home = place.cadre().do("register_room", room())["id"]
    cpl = place.complain("req_1")
    which = {"complaint_id": cpl}
    kinds = bench.as_("R_ANONYMOUS", person="", scope="").ask("complaint_kinds", {})["items"]
    (lift,) = (one for one in kinds if one["place"] == "LIFT")
    assert "LIFT_TRAPPED" in {one["problem"] for one in lift["problems"]}
    assert all(one["name_zh"] != one["problem"] for one in lift["problems"])

    full = which | LIFT | {
        "room_id": home, "contact_id": "per_kin", "emergency": True, "warranty": True, "paid": False,
    }  # fmt: skip
    with pytest.raises(NotFound):
        resident(place, "per_kin").do("describe_complaint", full, version=1)
    with pytest.raises(NotFound):
        bench.as_("R_CADRE", person="per_far", scope="370811015902").do(
            "describe_complaint", full, version=1
        )
    place.found("prj_b", grid="370811015901002")
    other = place.cadre().do("register_room", room(project_id="prj_b"))["id"]
    for wrong, refusal in (
        ({"place": "DWELLING"}, errors.ProblemElsewhere),
        ({"room_id": other}, errors.RoomElsewhere),
        ({"room_id": "rom_none"}, NotFound),
        ({"contact_id": "per_unknown"}, errors.NotHeardOf),
    ):
        with pytest.raises(refusal):
            resident(place).do("describe_complaint", full | wrong, version=1)
    with pytest.raises(errors.NothingChanges):
        bench.do("describe_complaint", which, version=1)
    bench.do("describe_complaint", full, version=1)
    with pytest.raises(errors.NothingChanges):
        bench.do("describe_complaint", full, version=2)
    # What cannot wait is told at once, and once.
    assert told(bench, "COMPLAINT_EMERGENCY") == [("per_li", cpl), ("per_wu", cpl)]
    assert told(bench, "COMPLAINT_CONTACT") == [("per_kin", cpl)]

    # The project reads what is wrong, and by whose home it is only where it was allowed to.
    def card(who):
        who()
        (one,) = bench.ask("complaints", {"emergency": True, "problem": "LIFT_TRAPPED"})["items"]
        assert bench.ask("complaint", which).items() >= one.items()
        return one

    own = card(lambda: resident(place))
    assert (own["room_id"], own["contact_id"]) == (home, "per_kin")
    assert {name: own[name] for name in ("warranty", "paid")} == {"warranty": True, "paid": False}
    theirs = card(place.manager)
    assert (theirs["place"], theirs["problem"]) == ("LIFT", "LIFT_TRAPPED")
    assert not {"room_id", "contact_id"} & set(theirs)
    assert bench.ask("complaints", {"room_id": "rom_none"})["total"] == 1
    place.cadre().do(
        "describe_complaint", which | {"tell_project": True, "place": "BUILDING", "problem": "LEAK"},
        version=2,
    )  # fmt: skip
    place.manager()
    (theirs,) = bench.ask("complaints", {"place": "BUILDING", "warranty": True})["items"]
    assert (theirs["room_id"], theirs["contact_id"]) == (home, "per_kin")
    assert len(told(bench, "COMPLAINT_EMERGENCY")) == 2
    # Each step stands in its history; what is closed is described no more.
    steps = [one["what"] for one in place.cadre().ask("complaint", which)["history"]]
    assert steps.count("DESCRIBED") == 2
    validate(place, cpl, True, 3)
    place.cadre().do("close_complaint", which | {"outcome": "已修复"}, version=4)
    with pytest.raises(StateConflict):
        resident(place).do("describe_complaint", which | {"paid": True}, version=5)


def test_who_has_a_part_in_the_project_describes_nothing_of_it(place):
    cpl = place.complain("req_1")
    place.enrol_cadre("per_wang")
    place.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    with pytest.raises(errors.ConflictOfInterest):
        place.cadre("per_wang").do("describe_complaint", {"complaint_id": cpl} | LIFT, version=1)


def described(town, request="req_1", **said):
    """Steward passes on what a request was filed with."""
    town.bench.consume(
        "steward", "request_described.v1", {"request_id": request} | said, subject=request
    )


def details(town, cpl):
    card = town.cadre().ask("complaint", {"complaint_id": cpl})
    return {
        name: card.get(name)
        for name in ("place", "problem", "room_id", "contact_id", "emergency", "warranty", "paid")
    }


@pytest.mark.covers("P8")
def test_what_a_request_was_filed_with_describes_the_complaint(place):
    bench = place.bench
    home = place.cadre().do("register_room", room())["id"]
    cpl = place.complain("req_1")
    full = LIFT | {"room_id": home, "contact_id": "per_kin", "emergency": True, "paid": False}
    described(place, **full)
    assert details(place, cpl) == full | {"warranty": None}
    assert told(bench, "COMPLAINT_EMERGENCY") == [("per_li", cpl), ("per_wu", cpl)]
    assert told(bench, "COMPLAINT_CONTACT") == [("per_kin", cpl)]
    assert not told(bench, "COMPLAINT_LEFT_OUT")
    # Said again with a correction of the request, it takes back nothing that was said since.
    resident(place).do(
        "describe_complaint", {"complaint_id": cpl, "problem": "LIFT_NOISE"}, version=2
    )
    described(place, **full | {"warranty": True})
    assert details(place, cpl) == full | {"warranty": True, "problem": "LIFT_NOISE"}
    # What is no complaint about property has no use for it.
    place.complain("req_2", category="NOISE", kind="HELP", project=None)
    described(place, "req_2", **full)
    assert place.complaint_of("req_2") is None


def left_out(bench, cpl):
    """Who was told what does not hold of a complaint."""
    table = Property.tables.tables["told"]
    asked = sa.select(table.c.person_id, table.c.detail).where(
        table.c.kind == "COMPLAINT_LEFT_OUT", table.c.about_id == cpl
    )
    with bench.transaction() as tx:
        return [tuple(row) for row in tx.conn.execute(asked)]


def test_what_cannot_be_stays_out_and_who_complained_is_told(place):
    bench = place.bench
    place.found("prj_b", grid="370811015901002")
    other = place.cadre().do("register_room", room(project_id="prj_b"))["id"]
    cpl = place.complain("req_1")
    wrong = {
        "place": "DWELLING",
        "problem": "LIFT_TRAPPED",
        "room_id": other,
        "contact_id": "per_no",
    }
    for _ in range(2):
        described(place, **wrong, warranty=True)
    assert {name: value for name, value in details(place, cpl).items() if value is not None} == {
        "place": "DWELLING", "warranty": True,
    }  # fmt: skip
    rows = left_out(bench, cpl)
    assert {person for person, _ in rows} == {"per_res"}
    assert sorted((one["detail"], one["reason"]) for _, one in rows) == [
        ("DETAIL_CONTACT_ID", "DETAIL_NO_ADULT"),
        ("DETAIL_PROBLEM", "DETAIL_ELSEWHERE"),
        ("DETAIL_ROOM_ID", "DETAIL_ELSEWHERE"),
    ]
    # Nobody has filed it by name: the community is told.
    nobodys = place.complain("req_2", reporter_id=None)
    described(place, "req_2", place="MOON", problem="CHEESE", room_id="rom_none")
    assert set(details(place, nobodys).values()) == {None}
    rows = left_out(bench, nobodys)
    assert {person for person, _ in rows} == {"per_li"}
    assert {one["reason"] for _, one in rows} == {"DETAIL_UNKNOWN"}


def test_details_wait_with_a_complaint_of_which_nobody_can_tell_the_project(place):
    place.found("prj_b")
    assert place.complain("req_1", project=None) is None
    described(place, **LIFT, contact_id="per_kin", emergency=True)
    assert not told(place.bench, "COMPLAINT_EMERGENCY")
    (waiting,) = place.cadre().ask("undecided_complaints", {})["items"]
    decided = place.cadre().do(
        "decide_complaint_project",
        {"undecided_id": waiting["id"], "project_id": "prj_b"},
        version=waiting["version"],
    )
    cpl = decided["complaint_id"]
    assert details(place, cpl)["contact_id"] == "per_kin"
    assert {about for _, about in told(place.bench, "COMPLAINT_EMERGENCY")} == {cpl}
