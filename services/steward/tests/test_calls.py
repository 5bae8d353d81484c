"""The number of who called stands with the case, and is shown to whom has to call back."""

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.services.steward import errors
from fivered.services.steward.errors import desk
from fivered.services.steward.storage.desk import request_calls
from fivered.services.steward.tests.ground import COMMUNITY, GRID, LI, OTHER_CADRE, STAFF, WANG
from fivered.services.steward.tests.test_desk import FAR, Someone, staffed  # noqa: F401

pytestmark = pytest.mark.slow

NUMBER = "12800000055"
WHY = {"reason": "回电核实楼道灯的具体位置"}


def show(who, row):
    return who.do("show_caller", {"request_id": row["id"]} | WHY)


def test_a_stranger_s_call_is_filed_called_back_noted_and_printed(staffed):  # noqa: F811
    """ROWS 9: a clerk had no way to keep the number of a caller who is not registered."""
    clerk = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY)
    row = staffed.submit(who=None, caller_phone="128 0000 0055", text="楼道灯不亮,打 12800000055")
    handler = Someone(staffed, staffed.handler_of(row))
    (call,) = handler.ask("request_calls", {"request_id": row["id"]})["items"]
    assert (call["direction"], call["phone"], call["by_id"]) == ("IN", "128****0055", OTHER_CADRE)
    told = show(handler, row)
    assert (told["value"], told["left"]) == (NUMBER, 19)
    assert show(clerk, row)["value"] == NUMBER
    reads = staffed.bench.rows("select * from person_reads where door = 'reveal'")
    assert [one["request_id"] for one in reads] == [row["id"]] * 2
    steps = clerk.ask("timeline", {"request_id": row["id"]})["items"]
    assert [one["action"] for one in steps][-2:] == ["number_shown"] * 2
    # Nobody else is shown it: neither another steward, nor another community, nor the street.
    for who, role, scope in (
        (LI, "R_STEWARD", GRID), (LI, "R_CADRE", FAR), (LI, "R_STREET", COMMUNITY[:9]),
    ):  # fmt: skip
        with pytest.raises((errors.NoOpenCase, NotFound, RoleDenied)):
            show(Someone(staffed, who, role, scope), row)
    noted = handler.do(
        "record_call",
        {"request_id": row["id"], "direction": "OUT", "phone": NUMBER, "seconds": 40,
         "note": "约定下午上门"},
    )  # fmt: skip
    assert noted["version"] == row["version"]
    calls = clerk.ask("request_calls", {"request_id": row["id"]})["items"]
    assert [one["note"] for one in calls] == [None, "约定下午上门"]
    with pytest.raises(desk.CallBadly):
        handler.do("record_call", {"request_id": row["id"], "direction": "IN"})
    with pytest.raises(desk.BadCallerPhone):
        handler.do(
            "record_call", {"request_id": row["id"], "direction": "IN", "phone": "没有电话号码"}
        )
    with pytest.raises(desk.BadCallerPhone) as refused:
        staffed.submit(who=None, caller_phone="没有电话号码")
    assert refused.value.field == "caller_phone"
    printed = clerk.ask("receipt_file", {"request_id": row["id"]})
    for said in (row["number"], "128****0055", "2025-03-07 00:00", "电话 / phone"):
        assert said in printed["receipt"], said
    # The clerk reads the text as it stands; no number of the caller beside it is in the clear.
    assert printed["caller"] == "128****0055"
    done = staffed.resolved(row)
    with pytest.raises(errors.NoOpenCase):
        show(handler, done)
    # Whoever knows the number on the paper speaks for the caller, but nobody of the chain.
    spoken = {"request_id": row["id"], "stars": 5, "solved": True, "receipt": "HZ-00000000"}
    with pytest.raises(desk.ReceiptUnknown):
        clerk.do("rate_request", spoken)
    assert printed["receipt_no"] in printed["receipt"]
    spoken["receipt"] = printed["receipt_no"].lower()
    with pytest.raises(errors.NotReporter):
        handler.do("rate_request", spoken)
    assert clerk.do("rate_request", spoken)["state"] == "RATED"


def test_the_number_is_sealed_and_its_owner_reads_it_masked(staffed):  # noqa: F811
    resident = Someone(staffed, WANG, "R_RESIDENT", COMMUNITY)
    row = staffed.submit(caller_phone="0537-2345678")
    with staffed.bench.transaction() as tx:
        (kept,) = tx.conn.execute(sa.select(request_calls)).all()
    assert b"2345678" not in kept.phone
    assert "053****5678" in resident.ask("receipt", {"request_id": row["id"]})["receipt"]
    with pytest.raises(RoleDenied):
        resident.ask("request_calls", {"request_id": row["id"]})
    bare = staffed.submit()
    with pytest.raises(desk.NobodyCalled):
        show(Someone(staffed, STAFF), bare)


def test_each_of_several_numbers_is_shown_and_counted_with_the_others_of_its_owner(staffed):  # noqa: F811
    """Only the latest was; and of one caller anybody was shown a number without an end."""
    row = staffed.submit(who=None, caller_phone=NUMBER)
    handler = Someone(staffed, staffed.handler_of(row))
    again = {"request_id": row["id"], "direction": "IN", "phone": "0537-2345678 转 21"}
    handler.do("record_call", again)
    first, last = handler.ask("request_calls", {"request_id": row["id"]})["items"]

    def shown(**which):
        return handler.do("show_caller", {"request_id": row["id"]} | WHY | which)["value"]

    assert (shown(), shown(call_id=first["id"]), shown(call_id=last["id"])) == (
        "05372345678转21", NUMBER, "05372345678转21",
    )  # fmt: skip
    with pytest.raises(desk.NobodyCalled):
        shown(call_id="call_none")
    most = staffed.bench.runtime.settings.reveals_of_one_per_day
    for _ in range(most - 3):
        shown()
    with pytest.raises(errors.RevealsOfOne):
        shown()
    known = staffed.submit(caller_phone=NUMBER)
    for _ in range(most):
        show(Someone(staffed, staffed.handler_of(known)), known)
    with pytest.raises(errors.RevealsOfOne):
        show(Someone(staffed, staffed.handler_of(known)), known)
