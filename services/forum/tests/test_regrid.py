"""Grids that are split or merged: who answered for one answers for what it became."""

import pytest

from fivered.services.forum.tests.conftest import (
    CADRE,
    COMMUNITY,
    GRID,
    LEADER,
    NEXT_GRID,
    TEAM,
    WORKER,
)
from fivered.services.forum.tests.test_liaison import persons

NEW = f"{COMMUNITY}009"
SPLIT = {
    "change_id": "gch_1", "kind": "SPLIT", "community": COMMUNITY, "grids": [GRID], "ended": [],
    "into": [GRID, NEW], "rest": GRID, "buildings": {},
}  # fmt: skip
MERGE = SPLIT | {
    "kind": "MERGE", "grids": [GRID, NEXT_GRID], "ended": [GRID, NEXT_GRID], "into": [NEW],
    "rest": NEW,
}  # fmt: skip


@pytest.fixture
def changed(town):
    """Let grids be changed, as steward tells it: the new grid and the change."""

    def change(data):
        town.area(NEW, "GRID")
        assert town.bench.consume("steward", "grids_changed.v1", data, subject="gch_1") == 1
        return town.resident().ask("chain", {"target": NEW})

    return change


def test_who_answered_for_a_grid_answers_for_both_its_parts(town, changed):
    chain = changed(SPLIT)
    # The worker of the old grid stays there; nobody is left out above.
    assert persons(chain)[1:] == [[CADRE], [TEAM], [LEADER]]
    old = town.resident().ask("chain", {"target": GRID})
    assert persons(old) == [[WORKER], [CADRE], [TEAM], [LEADER]]


def test_after_a_merge_the_worker_is_in_office_in_the_new_grid_and_links_go_on(town, changed):
    before = {
        link["id"]: link["since"]
        for link in town.resident().ask("liaisons", {"official_id": "off_cadre"})["items"]
    }
    chain = changed(MERGE)
    assert persons(chain) == [[WORKER], [CADRE], [TEAM], [LEADER]]
    (link,) = town.resident().ask("liaisons", {"official_id": "off_cadre", "state": "ACTIVE"})[
        "items"
    ]
    assert link["target"] == NEW
    assert link["id"] not in before and link["since"] in before.values()
    ended = town.bench.rows("SELECT reason FROM liaisons WHERE state = 'ENDED'")
    assert [row["reason"] for row in ended] == ["GRID_CHANGED"]
    told = len(town.bench.published("liaison_assigned.v1"))
    town.bench.consume("steward", "grids_changed.v1", MERGE, subject="gch_1", sequence=2)
    assert len(town.bench.published("liaison_assigned.v1")) == told
