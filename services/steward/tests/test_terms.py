"""The term of a post: seen ahead, told 30 and 7 days before, and what is missing then."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward.errors.terms import TermOver
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    OTHER_CADRE,
    POLICE,
    SECOND,
    STAFF,
    STW_CADRE,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    Ground,
    steward_id,
)
from fivered.services.steward.tests.test_told import told


def staffed_stage(bench):
    Ground(bench).staff()


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def term(ground, steward, day, version=1, scope=COMMUNITY):
    order = {"steward_id": steward, "term_ends": day, "reason": "聘期一年"}
    by = ground.by(OTHER_CADRE, "R_CADRE", scope)
    return by.do("set_term", order, version=version)


def ending(ground, **more):
    asked = {"scope": COMMUNITY, **more}
    return ground.cadre().ask("ending_terms", asked)["items"]


@pytest.mark.covers("S4")
def test_a_term_that_ends_is_told_thirty_and_seven_days_before(staffed):
    bench = staffed.bench
    term(staffed, STW_POLICE, "2025-05-01")
    assert ending(staffed, days=58) == []
    (row,) = ending(staffed)
    assert (row["id"], row["days_left"], row["gaps"]) == (STW_POLICE, 59, [GRID, GRID_2])
    bench.fire("2025-04-01T08:59")
    assert "POST_ENDS" not in told(bench)
    bench.fire("2025-04-01T09:00")
    # Who holds the post, and the cadres of the community.
    assert sorted(told(bench)["POST_ENDS"]) == sorted([CADRE, POLICE])
    # T1-5: who answers for the community, although no steward, heard nothing.
    link = {"link_id": "lnk_1", "official_id": "ofc_1", "person_id": SECOND,
            "target_kind": "COMMUNITY", "target": COMMUNITY, "since": "2025-01-01"}  # fmt: skip
    bench.consume("forum", "liaison_assigned.v1", link, subject="lnk_1")
    bench.fire("2025-04-24T09:00")
    assert sorted(told(bench)["POST_ENDS"]) == sorted([CADRE, POLICE] * 2 + [SECOND])
    bench.fire("2025-05-03T09:00")
    assert len(told(bench)["POST_ENDS"]) == 5
    # It is over, and goes on until it is left; nobody forgets it meanwhile.
    assert [one["days_left"] for one in ending(staffed, days=0)] == [-2]
    staffed.cadre().do("leave_steward", {"steward_id": STW_POLICE, "reason": "任满"}, version=2)
    assert ending(staffed) == []
    with pytest.raises(StateConflict):
        term(staffed, STW_POLICE, "2026-05-01", version=3)


@pytest.mark.covers("S4")
def test_a_term_is_renewed_taken_away_and_given_with_the_post(staffed):
    bench = staffed.bench
    first = term(staffed, STW_STAFF, "2025-03-20")
    # Less than 30 days are left: seven days before it is told.
    bench.fire("2025-03-12T09:00")
    assert "POST_ENDS" not in told(bench)
    renewed = term(staffed, STW_STAFF, "2026-03-20", version=first["version"])
    bench.fire("2025-03-14T09:00")
    assert "POST_ENDS" not in told(bench)
    with pytest.raises(TermOver):
        term(staffed, STW_STAFF, "2025-03-13", version=renewed["version"])
    with pytest.raises(NotFound):
        term(staffed, STW_STAFF, "2027-03-13", version=renewed["version"], scope="370811015902")
    history = bench.as_("R_DISTRICT").ask("steward_history", {"steward_id": STW_STAFF})["items"]
    assert [one["action"] for one in history] == ["term", "term"]
    none = term(staffed, STW_STAFF, None, version=renewed["version"])
    bench.fire("2026-03-14T09:00")
    assert "POST_ENDS" not in told(bench)
    assert none["state"] == "ACTIVE"
    with pytest.raises(TermOver):
        staffed.steward(steward_id(31), OTHER_CADRE, "COMMUNITY_CADRE", term_ends="2026-03-13")
    staffed.steward(steward_id(31), OTHER_CADRE, "COMMUNITY_CADRE", term_ends="2026-03-30")
    card = bench.as_("R_DISTRICT").ask("steward", {"steward_id": steward_id(31)})
    assert card["term_ends"] == "2026-03-30"
    bench.fire("2026-03-23T09:00")
    assert set(told(bench)["POST_ENDS"]) == {OTHER_CADRE, CADRE}
    with pytest.raises(RoleDenied):
        staffed.by(STAFF).ask("ending_terms", {"scope": COMMUNITY})


@pytest.mark.covers("S4")
def test_what_is_missing_on_a_day_leaves_out_who_is_no_longer_there_then(staffed):
    staffed.shift(STW_STAFF, "2025-06-02T08:00", "2025-06-02T20:00")

    def missing(on):
        asked = {"scope": GRID, "days": 1, "on": on}
        (row,) = staffed.cadre().ask("gaps_ahead", asked)["items"]
        return {one["duty"] for one in row["missing"]}, row["uncovered_minutes"]

    before, minutes = missing("2025-06-02")
    assert "POLICE" not in before
    assert minutes == 12 * 60
    for steward, day in ((STW_POLICE, "2025-06-01"), (STW_STAFF, "2025-06-01")):
        term(staffed, steward, day)
    then, minutes = missing("2025-06-02")
    # The other one of the property's staff is there still.
    assert then - before == {"POLICE"}
    assert minutes == 24 * 60
    assert missing("2025-06-01")[0] == before
    # Where two hold one duty, the end of one of them leaves no gap; that of the later one does.
    term(staffed, STW_CADRE, "2025-04-10")
    term(staffed, STW_GRID, "2025-04-10")
    gaps = {one["id"]: one["gaps"] for one in ending(staffed, days=100)}
    assert gaps[STW_STAFF] == []
    assert gaps[STW_CADRE] == [GRID, GRID_2]
