"""Grids that are split or merged: projects and announcements are in the grids of now."""

import pytest

OLD, NEW, THIRD = "370811015901001", "370811015901003", "370811015901009"
SPLIT = {
    "change_id": "gch_1", "kind": "SPLIT", "community": "370811015901", "grids": [OLD], "ended": [],
    "into": [OLD, NEW], "rest": OLD, "buildings": {"1号楼": OLD, "3号楼": NEW, "5号楼": NEW},
}  # fmt: skip
MERGE = SPLIT | {"kind": "MERGE", "ended": [OLD], "into": [THIRD], "rest": THIRD, "buildings": {}}
WATER = {
    "kind": "WATER", "nature": "OUTAGE", "title": "停水", "text": "请提前储水",
    "starts_at": "2025-03-03T09:00:00+08:00", "ends_at": "2025-03-03T18:00:00+08:00",
}  # fmt: skip


def changed(bench, data):
    return bench.consume("steward", "grids_changed.v1", data, subject=data["change_id"])


def grids(town):
    return town.cadre().ask("project", {"project_id": "prj_a"})["grids"]


@pytest.fixture
def nine(bench, town):
    bench.fire("2025-03-03T09:00:00")
    return town


@pytest.mark.parametrize(
    ("buildings", "after"),
    [
        (["3号楼", "5号楼"], [NEW]),
        (["1号楼", "3号楼"], [OLD, NEW]),
        # Of one building nobody knows where it is, or none is named: it may be in either.
        (["3号楼", "9号楼"], [OLD, NEW]),
        ([], [OLD, NEW]),
    ],
)
def test_after_a_split_a_project_is_where_its_buildings_are(nine, buildings, after):
    town, bench = nine, nine.bench
    town.found(buildings=buildings)
    assert changed(bench, SPLIT) == 1
    assert grids(town) == after
    assert bench.published("project_registered.v1")[-1]["data"]["grids"] == after


def test_after_a_merge_projects_and_what_is_announced_are_in_the_new_grid(nine):
    town, bench = nine, nine.bench
    town.found(buildings=["1号楼", "3号楼"])
    town.manager()
    made = bench.do("announce_incident", WATER | {"project_id": "prj_a", "buildings": ["3号楼"]})
    changed(bench, MERGE)
    assert grids(town) == [THIRD]
    bench.as_("R_ANONYMOUS", person="", scope="")
    (found,) = bench.ask("incidents", {"scope": THIRD})["items"]
    assert found["number"] == made["number"]
    assert bench.ask("incidents", {"scope": OLD})["items"] == []
    # What was told twice changes nothing again.
    told = len(bench.published("project_registered.v1"))
    changed(bench, MERGE)
    assert len(bench.published("project_registered.v1")) == told
