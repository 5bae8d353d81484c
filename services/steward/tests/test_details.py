"""What is said of a request when it is filed: kept, shown to whom it concerns, and passed on."""

import pytest

from fivered.services.steward.errors import ReferenceTaken, UnknownPerson
from fivered.services.steward.tests.ground import COMMUNITY, GRID, LI, WANG

DETAILS = {
    "place": "LIFT", "problem": "LIFT_TRAPPED", "room_id": "rom_1", "contact_id": LI,
    "emergency": True, "paid": False,
}  # fmt: skip


@pytest.fixture
def staffed(ground):
    return ground.staff()


def said(ground):
    return [event["data"] for event in ground.bench.published("request_described.v1")]


def shown(ground, reply, who, role, scope):
    return ground.by(who, role, scope).ask("request", {"request_id": reply["id"]}).get("details")


@pytest.mark.covers("P8")
def test_details_are_kept_with_the_request_and_said_once(staffed):
    made = staffed.submit(details=DETAILS, external_ref="mine-1")
    full = dict.fromkeys(("warranty", "tell_project")) | DETAILS
    assert said(staffed) == [{"request_id": made["id"]} | full]
    assert shown(staffed, made, WANG, "R_RESIDENT", COMMUNITY) == full
    # The same reference with the same content is the same request; with other details it is not.
    again = staffed.submit(details=DETAILS, external_ref="mine-1")
    assert (again["id"], again["duplicate"]) == (made["id"], True)
    with pytest.raises(ReferenceTaken):
        staffed.submit(details=DETAILS | {"paid": True}, external_ref="mine-1")
    assert len(said(staffed)) == 1
    # A request without any says nothing, and shows nothing.
    bare = staffed.submit(details={})
    assert shown(staffed, bare, WANG, "R_RESIDENT", COMMUNITY) is None
    assert len(said(staffed)) == 1


def test_its_handler_reads_room_and_contact_where_the_project_may(staffed):
    for may in (False, True):
        made = staffed.submit(details=DETAILS | {"tell_project": may})
        handler = staffed.handler_of(made)
        read = shown(staffed, made, handler, "R_STEWARD", GRID)
        assert read["place"] == "LIFT"
        assert ({"room_id", "contact_id"} <= set(read)) == may
        seen = staffed.cadre().ask("request", {"request_id": made["id"]})["details"]
        assert seen["contact_id"] == LI


def test_whom_to_call_is_registered(staffed):
    with pytest.raises(UnknownPerson) as refused:
        staffed.submit(details={"contact_id": "per_unknown"})
    assert refused.value.field == "details.contact_id"
    assert not said(staffed)


def test_a_correction_says_them_again(staffed):
    made = staffed.submit(details=DETAILS)
    version = staffed.bench.rows(
        "SELECT version FROM requests WHERE request_id = :r", r=made["id"]
    )[0]["version"]
    staffed.cadre().do(
        "correct_request",
        {"request_id": made["id"], "reason": "反映物业服务", "kind": "COMPLAINT"},
        version=version,
    )
    assert [one["place"] for one in said(staffed)] == ["LIFT", "LIFT"]
