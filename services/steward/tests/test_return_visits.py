"""Closed cases are called about by people who had no part in them, and what these hear counts."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.steward import errors, rules
from fivered.services.steward.errors import desk
from fivered.services.steward.tests.ground import CADRE, COMMUNITY, OTHER_CADRE, WANG
from fivered.services.steward.tests.test_desk import Someone, staffed  # noqa: F401

pytestmark = pytest.mark.slow


def test_a_sample_is_drawn_by_the_id_alone():
    ids = [f"req_{n}" for n in range(2000)]
    drawn = [one for one in ids if rules.return_visits.reason(one, 5, 10) == "SAMPLE"]
    assert 150 < len(drawn) < 250
    assert rules.return_visits.reason(drawn[0], 5, 0) is None
    assert {rules.return_visits.reason(one, None, 0) for one in ids[:20]} == {"UNRATED"}


@pytest.mark.covers("S13")
def test_unrated_closures_are_called_about_and_counted_apart(staffed):  # noqa: F811
    """ROWS P13, S13: no return visit; closed unconfirmed was counted like confirmed."""
    first, second, third = (staffed.resolved() for _ in range(3))
    mine = staffed.rate(staffed.resolved(), stars=5)
    staffed.bench.fire("2025-03-06T10:00:00")
    caller = Someone(staffed, OTHER_CADRE, "R_SECRETARY", COMMUNITY)
    waiting = caller.ask("return_visits", {"state": "OPEN", "reason": "UNRATED"})["items"]
    visits = {one["request_id"]: one for one in waiting}
    assert visits.keys() == {first["id"], second["id"], third["id"]}
    assert mine["id"] not in visits

    def call(row, version, who=caller, **said):
        order = {"return_visit_id": visits[row["id"]]["id"], "note": "已电话回访"} | said
        return who.do("record_return_visit", order, version=version)

    handler = staffed.handler_of(first)
    with pytest.raises(errors.InChain):
        call(first, 1, Someone(staffed, handler, "R_CADRE", COMMUNITY), reached=True, solved=True)
    with pytest.raises(desk.SolvedNeeded):
        call(first, 1, reached=True)
    done = call(first, 1, reached=True, solved=True)
    assert (done["state"], done["outcome"], done["reopened"]) == (
        "DONE", "CONFIRMED_BY_CALL", False
    )  # fmt: skip
    with pytest.raises(StateConflict):
        call(first, done["version"], reached=True, solved=False)
    # Not solved: it goes on in the reporter's name, at the same handler.
    denied = call(second, 1, reached=True, solved=False, note="灯仍不亮", record_ref="录音 0306-1")
    assert denied["reopened"] is True
    card = caller.ask("request", {"request_id": second["id"]})
    assert (card["state"], card["reopen_count"]) == ("DISPATCHED", 1)
    resident = Someone(staffed, WANG, "R_RESIDENT", COMMUNITY)
    steps = resident.ask("timeline", {"request_id": second["id"]})["items"]
    assert [one["action"] for one in steps][-2:] == ["return_visit", "reopen"]
    # Nobody answers: three tries, then it is over.
    for tries in (1, 2, 3):
        left = call(third, tries, reached=False)
        assert (left["tries"], left["outcome"]) == (tries, "UNREACHED" if tries == 3 else None)
    assert caller.ask("return_visits", {"state": "OPEN", "reason": "UNRATED"})["items"] == []
    asked = {"scope": COMMUNITY, "period": "2025-03"}
    rates = Someone(staffed, CADRE, "R_CADRE", COMMUNITY).ask("three_rates", asked)
    assert rates["return_visits"] == {
        "CONFIRMED_BY_CALL": 1, "DENIED_BY_CALL": 1, "UNREACHED": 1
    }  # fmt: skip
    # The classes stay as they were: a call is no rating.
    (solved,) = [one for one in rates["endings"] if one["ending"] == "SOLVED"]
    assert (solved["unrated"], solved["confirmed"]) == (3, 1)
    # What was reopened is closed again, and called about again.
    staffed.resolved(card)
    staffed.bench.fire("2025-03-10T12:00:00")
    again = caller.ask("return_visits", {"state": "OPEN"})["items"]
    assert second["id"] in {one["request_id"] for one in again}
