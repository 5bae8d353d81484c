"""Before a clock runs out its handler is reminded, then the level above, and never twice; what was
laid before somebody stands in that person's list."""

import pytest

from fivered.chassis.messages import SELF
from fivered.services.steward.errors import NotReporter
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    OTHER_CADRE,
    STAFF,
    STREET_SCOPE,
    WANG,
    person_id,
)
from fivered.services.steward.tests.test_clocks import link, staffed  # noqa: F401
from fivered.services.steward.tests.test_desk import Someone

pytestmark = pytest.mark.slow

LEADER = person_id(41)
KINDS = ("REQ_DUE_SOON", "REQ_DUE_SOON_URGENT", "REQ_DUE_ABOVE", "REQ_BEFORE_YOU")


def reminded(bench, who):
    page = bench.as_(SELF, person=who, scope="").ask("_messages", {"limit": 200})
    return [
        (one["kind"], one["text_zh"].partition("的")[2].partition("时限")[0])
        for one in reversed(page["items"])
        if one["kind"] in KINDS
    ]


@pytest.mark.covers("S11")
def test_the_handler_is_reminded_twice_of_each_clock_and_then_the_level_above(staffed):  # noqa: F811
    """ROWS P10, S11: nobody was told before a deadline had passed."""
    bench, soon, above = staffed.bench, "REQ_DUE_SOON", "REQ_DUE_ABOVE"
    link(bench, "GRID", GRID, "ofc_grid", "lnk_1", person_id=OTHER_CADRE)
    link(bench, "COMMUNITY", COMMUNITY, "ofc_street", "lnk_2", person_id=LEADER)
    row = staffed.submit()
    # Filed at 09:00, to be accepted by 11:00: reminded at 10:00 and at 10:36.
    bench.fire("2025-03-03T09:59:59")
    assert reminded(bench, STAFF) == []
    bench.fire("2025-03-03T10:00:00")
    assert (reminded(bench, STAFF), reminded(bench, OTHER_CADRE)) == ([(soon, "接单")], [])
    bench.fire("2025-03-03T10:36:00")
    assert reminded(bench, STAFF) == [(soon, "接单")] * 2
    assert reminded(bench, OTHER_CADRE) == [(above, "接单")]
    row = staffed.step("accept_request", row, STAFF)
    row = staffed.step("contact_request", row, STAFF, note="已电话联系")
    # Met in time: of that clock nothing more. It has until the 7th: half is over on the 5th.
    bench.fire("2025-03-05T03:00:00")
    assert len(reminded(bench, STAFF)) == 2
    bench.fire("2025-03-05T05:00:00")
    assert reminded(bench, STAFF)[2:] == [(soon, "办结")]
    # The clock rests for two days: what was told is not told again, the second one comes later.
    bench.at("2025-03-05T09:00:00")
    rests = {"request_id": row["id"], "ground": "WAITING_PARTS", "days": 2, "reason": "等配件"}
    staffed.by(STAFF).do("pause_request", rests, version=row["version"])
    bench.fire("2025-03-08T12:00:00")
    assert len(reminded(bench, STAFF)) == 3
    card = staffed.cadre().ask("request", {"request_id": row["id"]})
    assert card["due_resolve"] == "2025-03-10T16:00:00+00:00"
    bench.fire("2025-03-10T23:00:00")
    assert reminded(bench, STAFF)[3:] == [(soon, "办结")]
    assert reminded(bench, OTHER_CADRE)[1:] == [(above, "办结")]
    # Overdue: it is laid before the cadre of the grid, and later before the street.
    bench.fire("2025-03-11T00:00:00")
    assert reminded(bench, OTHER_CADRE)[2][0] == "REQ_BEFORE_YOU"
    bench.fire("2025-03-14T00:00:00")
    assert [kind for kind, _ in reminded(bench, LEADER)] == ["REQ_BEFORE_YOU"]
    assert len(reminded(bench, STAFF)) == 4
    leader = Someone(staffed, LEADER, "R_STREET_LEAD", STREET_SCOPE)
    mine = leader.ask("escalations", {"mine": True, "open": True})["items"]
    assert [(one["request_id"], one["level"], one["mine"]) for one in mine] == [
        (row["id"], 2, True)
    ]
    all_of_it = leader.ask("escalations", {"total": True})
    assert (all_of_it["total"], [one["level"] for one in all_of_it["items"]]) == (2, [2, 1])
    # A leader before whom it is writes what to do; another one of the same office does not.
    said = {"request_id": row["id"], "text": "请今天办结并回访", "visibility": "INTERNAL"}
    assert leader.do("add_note", said)["kind"] == "NOTE"
    with pytest.raises(NotReporter):
        Someone(staffed, person_id(42), "R_STREET_LEAD", STREET_SCOPE).do("add_note", said)
    assert leader.ask("escalations", {"mine": True, "open": False})["items"] == []


def test_an_urgent_one_reminds_at_night_and_a_reopened_one_anew(staffed):  # noqa: F811
    bench = staffed.bench
    row = staffed.submit(category="LIFT", priority="P1", kind="REPAIR")
    who = staffed.handler_of(row)
    bench.fire("2025-03-03T09:04:00")
    assert reminded(bench, who) == [("REQ_DUE_SOON_URGENT", "接单")] * 2
    row = staffed.step("accept_request", row, who)
    row = staffed.step("contact_request", row, who, arrived=True)
    body = {"outcome": "SOLVED", "note": "已放人", "media": ["sha256:1"]}
    row = staffed.step("resolve_request", row, who, **body)
    bench.fire("2025-03-03T15:00:00")
    assert len(reminded(bench, who)) == 2
    again = {"reason": "电梯又停"}
    row = staffed.step("reopen_request", row, WANG, "R_RESIDENT", COMMUNITY, **again)
    row = staffed.step("accept_request", row, who)
    # 24 hours from 15:00: reminded after twelve, and after 19 h 12 min.
    bench.fire("2025-03-04T02:59:59")
    assert len(reminded(bench, who)) == 2
    bench.fire("2025-03-04T10:12:00")
    assert reminded(bench, who)[2:] == [("REQ_DUE_SOON_URGENT", "办结")] * 2
    assert bench.rows("select 1 from timers where kind = 'REQ_REMIND'") == []
