"""Nobody's points run out without a word: before it, and when they are gone (R9, DOMAIN 4.5)."""

import uuid

import pytest

from fivered.services.credit.actions import running_out
from fivered.services.credit.tests import stage

pytestmark = pytest.mark.slow

ANA = "RES:per_a"


@pytest.fixture
def saver(bench):
    """A resident with 100 points that live until the end of 2025."""
    bench.at("2025-03-03T09:00")
    stage.resident(bench, "per_a")
    stage.give(bench, ANA, "2024-05", 100, str(uuid.uuid4()))
    return bench


def told(bench, person="per_a"):
    bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
    items = bench.ask("messages")["items"]
    return [
        (one["code"], one["detail"].get("points"), one["detail"].get("end"))
        for one in reversed(items)
        if one["code"].startswith("POINTS_")
    ]


@pytest.mark.covers("R9")
def test_a_lot_that_ends_in_thirty_days_is_told_once_and_again_when_it_is_gone(saver):
    bench = saver
    bench.fire("2025-12-01T12:00")
    assert told(bench) == []
    remind = ("POINTS_REMIND", 100, "2025-12-31")
    bench.fire("2025-12-02T12:00")
    assert told(bench) == [remind]
    bench.fire("2025-12-24T23:00")
    assert told(bench) == [remind]
    # What is left is told of once more, 7 days before.
    bench.fire("2025-12-25T09:00")
    assert told(bench) == [remind, remind]
    bench.fire("2025-12-31T12:00")
    assert told(bench) == [remind, remind]
    bench.fire("2026-01-01T12:00")
    assert told(bench) == [remind, remind, ("POINTS_EXPIRED", 100, None)]


@pytest.mark.covers("R9", "REQ-L15")
def test_a_withdrawal_says_until_when_and_its_end_is_told_thirty_days_before(saver):
    bench = saver
    given = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("consents")["items"][0]
    bench.do("withdraw_consent", {"consent_id": given["id"]})
    end = "2025-06-01 09:00"
    assert told(bench) == [("POINTS_GRACE", None, end)]
    bench.fire("2025-05-01T12:00")
    assert told(bench) == [("POINTS_GRACE", None, end)]
    bench.fire("2025-05-02T12:00")
    bench.fire("2025-05-30T12:00")
    assert told(bench)[1:] == [("POINTS_REMIND", 100, end)] * 2
    bench.fire("2025-06-02T12:00")
    assert told(bench)[3:] == [("POINTS_EXPIRED", 100, None)]
    assert stage.balances(bench, ANA) == (0, 0)


def test_many_are_told_some_at_a_time(bench, monkeypatch):
    monkeypatch.setattr(running_out, "_BATCH", 2)
    bench.at("2025-03-03T09:00")
    people = [f"per_{number}" for number in range(5)]
    for person in people:
        stage.resident(bench, person)
        stage.give(bench, f"RES:{person}", "2024-05", 10, str(uuid.uuid4()))
        stage.give(bench, f"RES:{person}", "2024-06", 5, str(uuid.uuid4()))
    bench.fire("2025-12-03T12:00")
    for person in people:
        assert told(bench, person) == [("POINTS_REMIND", 15, "2025-12-31")]
