"""Thousands of accept times run out at once: they are dealt with in sets, as one by one."""

import pytest

from fivered.chassis import timers
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import GRID, STW_STAFF, Ground
from testkit.bench import open_bench

SHOWN = (
    "SELECT r.number, r.state, r.handler, r.first_handler, r.tried, r.due_accept, r.version"
    " FROM requests r ORDER BY r.number"
)
LINES = (
    "SELECT r.number, t.action, t.at, t.state, t.version, t.detail FROM request_timeline t"
    " JOIN requests r ON r.request_id = t.request_id ORDER BY r.number, t.version"
)
CLOCKS = (
    "SELECT r.number, c.which, c.handler, c.due_at, c.voided FROM request_clocks c"
    " JOIN requests r ON r.request_id = c.request_id ORDER BY r.number, c.which, c.due_at"
)


def told(ground, size, monkeypatch):
    """File requests over an hour, let half a day pass, and return what became of them."""
    monkeypatch.setattr(timers, "SET", size)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T12:30")
    bench = ground.bench
    for minute in range(0, 60, 4):
        bench.at(f"2025-03-03T10:{minute:02d}")
        priority = "P3" if minute % 8 else None
        ground.submit(text=f"第{minute}件", priority=priority, grid=GRID)
    bench.runtime.fixed_now = bench.at("2025-03-03T22:30").now
    while timers.fire_due(bench.runtime):
        pass
    assert bench.parked() == []
    facts = [
        (event["type"], event["time"], event["sequence"], event["data"]["on_shift"])
        for event in bench.published("request_deadline_missed.v1")
    ]
    return [bench.rows(asked) for asked in (SHOWN, LINES, CLOCKS)], sorted(facts)


def test_a_set_gives_what_one_by_one_gives(ground, monkeypatch, tmp_path):
    """SP-D12: the same handlers, timeline, clocks and facts."""
    alone = open_bench(Steward, f"sqlite:///{tmp_path}/alone.sqlite", FIVERED_SYNTHETIC="1")
    try:
        one_by_one = told(Ground(alone).begin(), 1, monkeypatch)
    finally:
        alone.runtime.close()
    together = told(ground, 200, monkeypatch)
    assert len(one_by_one[1]) > 30
    assert plain(together) == plain(one_by_one)


def plain(found):
    """What both databases say alike."""
    rows, facts = found
    texts = [
        [{name: str(value)[:19] for name, value in row.items()} for row in part] for part in rows
    ]
    for part in texts:
        for row in part:
            row.pop("detail", None)
            row.pop("tried", None)
            row.pop("voided", None)
    return texts, facts


def test_a_timer_that_fails_stops_none_of_its_set(ground, monkeypatch):
    """K16: a set that fails is halved until the one at fault is alone."""
    bench = ground.bench
    ground.staff()
    made = [ground.submit(text=f"第{number}件") for number in range(7)]
    broken = made[3]["id"]
    with bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql(f"UPDATE requests SET category = 'NONE' WHERE request_id = '{broken}'")
    bench.at("2025-03-03T11:30")
    for _ in range(3):
        timers.fire_due(bench.runtime)
    missed = {
        event["data"]["request_id"] for event in bench.published("request_deadline_missed.v1")
    }
    assert missed == {one["id"] for one in made} - {broken}
    left = bench.rows("SELECT ref, attempts FROM timers WHERE kind = 'REQ_ACCEPT' AND attempts > 0")
    assert left == [{"ref": broken, "attempts": 1}]


@pytest.mark.parametrize("size", [1, 200])
def test_what_a_timer_arms_fires_before_what_is_due_later(ground, monkeypatch, size):
    """K16: a late worker changes nothing: levels are climbed in their order, each at its time."""
    monkeypatch.setattr(timers, "SET", size)
    bench = ground.bench
    ground.staff()
    first = ground.submit(text="甲")
    bench.at("2025-03-10T09:00")
    while timers.fire_due(bench.runtime):
        pass
    bench.at("2025-03-03T09:30")
    bench.runtime.fixed_now = bench.at("2025-04-20T09:00").now
    while timers.fire_due(bench.runtime):
        pass
    times = [event["time"] for event in bench.published() if event["subject"] == first["id"]]
    assert times == sorted(times)
    levels = [event["data"]["level"] for event in bench.published("request_escalated.v1")]
    assert levels == [1, 2, 3]
