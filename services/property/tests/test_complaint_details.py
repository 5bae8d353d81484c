"""What a complaint is about, more closely: by who complained or by the community."""

import pytest

from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.property import errors
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
