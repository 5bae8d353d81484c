"""Who lives where something is cut off is told of it and of its end, and nobody else."""

import pytest

from fivered.services.steward.tests.ground import CADRE, GRID, GRID_2, LI, WANG, Ground, person_id
from fivered.services.steward.tests.test_known_incidents import SAID, files, said
from fivered.services.steward.tests.test_told import told

NEXT_DOOR, CHILD, THERE = person_id(31), person_id(32), person_id(33)


@pytest.fixture
def ground(bench):
    bench.at("2025-03-03T07:00:00")

    def build(bench):
        ground = Ground(bench).begin().staff()
        home = {"grid": GRID, "unit": "2单元"}
        ground.person(THERE, "高远", building="3栋", room="502", **home)
        ground.person(NEXT_DOOR, "马力", building="13号楼", room="101", **home)
        ground.person(CHILD, "高小远", building="3号楼", birth_year=2015, **home)

    return Ground(bench).staged(build)


def test_who_lives_there_or_has_reported_it_is_told_and_told_when_it_is_over(ground):
    bench = ground.bench
    bench.fire("2025-03-03T09:00:00")
    # Reported before it was announced, by somebody whose home nobody has written down.
    assert files(bench)["id"]
    said(bench)
    bench.fire("2025-03-03T09:01:00")
    assert told(bench, "inc_1") == {"INCIDENT_NEAR": [WANG, THERE]}
    text = bench.rows("SELECT detail FROM told WHERE kind = 'INCIDENT_NEAR'")[0]["detail"]
    assert SAID["number"] in str(text)

    # More buildings: who was told is not told again. Another grid is none of it.
    said(bench, "incident_updated.v1", 2, buildings=["3号楼", "13栋"])
    said(bench, "incident_updated.v1", 2, buildings=[], grids=[GRID_2])
    bench.fire("2025-03-03T09:02:00")
    assert told(bench, "inc_1") == {"INCIDENT_NEAR": [WANG, THERE, NEXT_DOOR]}
    said(bench, "incident_ended.v1", 3)
    bench.fire("2025-03-03T09:03:00")
    over = told(bench, "inc_1")["INCIDENT_OVER"]
    assert sorted(over) == [WANG, NEXT_DOOR, THERE]


def test_who_was_told_hears_when_its_times_move_and_of_no_other_word(ground):
    """A water cut was put off by two hours, and those who waited for water were not told."""
    bench = ground.bench
    bench.fire("2025-03-03T09:00:00")
    said(bench)
    bench.fire("2025-03-03T09:01:00")
    assert told(bench, "inc_1") == {"INCIDENT_NEAR": [THERE]}
    said(bench, "incident_updated.v1", 2, title="停水(更正)")
    bench.fire("2025-03-03T09:02:00")
    assert "INCIDENT_MOVED" not in told(bench, "inc_1")
    later = {"ends_at": "2025-03-03T20:00:00+08:00", "buildings": ["3号楼", "13栋"]}
    said(bench, "incident_updated.v1", 3, **later)
    bench.fire("2025-03-03T09:03:00")
    # Who hears of it only now hears the new times at once.
    assert told(bench, "inc_1") == {"INCIDENT_NEAR": [THERE, NEXT_DOOR], "INCIDENT_MOVED": [THERE]}
    (row,) = bench.rows("SELECT detail FROM told WHERE kind = 'INCIDENT_MOVED'")
    assert "20:00" in str(row["detail"])


def test_all_of_a_grid_are_told_where_no_building_is_named_and_what_is_past_is_not_said(ground):
    bench = ground.bench
    bench.fire("2025-03-03T09:00:00")
    said(bench, buildings=[], ends_at="2025-03-03T08:30:00+08:00")
    bench.fire("2025-03-03T09:01:00")
    assert told(bench, "inc_1") == {}
    said(bench, "incident_updated.v1", 2, buildings=[])
    bench.fire("2025-03-03T09:02:00")
    assert sorted(told(bench, "inc_1")["INCIDENT_NEAR"]) == [WANG, NEXT_DOOR, THERE]
    assert not {LI, CADRE, CHILD} & set(told(bench, "inc_1")["INCIDENT_NEAR"])
    data = {"incident_id": "inc_1", "state": "CANCELLED", "ended_at": SAID["ends_at"]}
    bench.consume("property", "incident_ended.v1", data, subject="inc_1", sequence=3)
    bench.fire("2025-03-03T09:03:00")
    assert len(told(bench, "inc_1")["INCIDENT_OFF"]) == 3
