"""The score of a steward's month is fair to who has few cases, and says how it comes about."""

from fractions import Fraction

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound
from fivered.services.steward.rules import scores
from fivered.services.steward.rules.scores import RatedCase
from fivered.services.steward.storage.tables import requests
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STW_POLICE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
)
from fivered.services.steward.tests.test_desk import Someone, staffed  # noqa: F401

pytestmark = pytest.mark.slow


def cases(stars, who="one", **more):
    said = {"grid": GRID, "priority": "P3", "late": False, "review": None} | more
    return [
        RatedCase(**{"handler": who, "household": f"hh_{who}_{n}", "stars": each} | said)
        for n, each in enumerate(stars)
    ]


def test_one_best_rating_does_not_outrank_fifty_of_nearly_the_best():
    many, few = cases([5] * 40 + [4] * 10, "many"), cases([5], "few")
    prior = scores.mean([*many, *few])
    first, second = scores.of_cases(many, prior), scores.of_cases(few, prior)
    assert second.score is None and second.own_mean == 100
    assert scores.drawn(second.own_mean, 1, prior) < 100
    # Drawn to the mean of the grid, by as much as there is little of one's own.
    five = scores.of_cases(cases([5] * 5, "few"), Fraction(60))
    assert five.score == Fraction(5 * 100 + 10 * 60, 15) < first.score
    assert first.own_mean == 95


def test_what_is_urgent_counts_more_late_less_and_unjust_ratings_not_at_all():
    plain = cases([5] * 4)
    assert scores.mean([*plain, *cases([1], priority="P1")]) == Fraction(400, 7)
    assert scores.mean(cases([5], late=True)) == 80
    unjust = scores.of_cases([*cases([5] * 5), *cases([1], review="NOT_UPHELD")], Fraction(100))
    assert (unjust.cases, unjust.left_out, unjust.score) == (5, 1, 100)
    upheld = scores.of_cases([*cases([5] * 5), *cases([1], review="UPHELD")], Fraction(100))
    assert upheld.score < 100
    # A household that praises ten times counts three times, and is looked into.
    friends = cases([5] * 10, household="hh_friend")
    found = scores.of_cases(friends, Fraction(75))
    assert (found.cases, found.score, found.suspect) == (3, None, True)
    assert not scores.is_suspect(cases([5] * 10))
    assert not scores.is_suspect([*friends, *cases([4])])
    assert scores.of_orders(20, 19, Fraction(95)).score == 95
    assert scores.of_orders(4, 4, None).score is None


@pytest.mark.covers("S14")
def test_a_steward_reads_the_own_score_and_the_area_s_officials_all(staffed):  # noqa: F811
    """ROWS S14, c-14: no score per steward, minimum sample, attribution or flag."""
    staffed.rate(staffed.resolved(), stars=5)
    bench = staffed.bench
    # Only what is closed counts.
    bench.fire("2025-03-07T00:00:00")
    with bench.transaction() as tx:
        row = tx.conn.execute(sa.select(requests)).one()._asdict()
        more = [
            row | {"request_id": f"req_{n}", "number": f"SR-{n}", "reporter_id": f"per_{n}",
                   "handler": STW_STAFF, "handler_person": STAFF, "stars": 5 if n % 3 else 4}
            for n in range(8)
        ]  # fmt: skip
        more += [
            row | {"request_id": f"req_p{n}", "number": f"SR-p{n}", "handler": STW_POLICE,
                   "handler_person": POLICE, "stars": 1, "late": True}
            for n in range(2)
        ]  # fmt: skip
        more += [
            row | {"request_id": f"req_f{n}", "number": f"SR-f{n}", "handler": STW_STAFF_2,
                   "reporter_id": LI}
            for n in range(6)
        ]  # fmt: skip
        tx.conn.execute(requests.insert(), more)
    bench.at("2025-04-02T09:00:00")
    asked = {"steward_id": STW_STAFF, "period": "2025-03"}
    mine = Someone(staffed, STAFF).ask("steward_score", asked)
    # The month is over, and can still be rated until its cut-off.
    assert (mine["cases"], mine["basis"], mine["final"]) == (9, "RATINGS", False)
    assert 90 < float(mine["score"]) < 100 and "suspect" not in mine
    assert mine["least"] == 5 and "网格平均" in mine["how_zh"] and "grids" in mine["how_en"]
    for who, role in ((LI, "R_STEWARD"), (WANG, "R_RESIDENT"), (POLICE, "R_STEWARD")):
        with pytest.raises(NotFound):
            Someone(staffed, who, role, COMMUNITY).ask("steward_score", asked)
    area = {"scope": COMMUNITY, "period": "2025-03"}
    found = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY).ask("steward_scores", area)
    by_id = {one["id"]: one for one in found["items"]}
    assert found["items"][0]["id"] == STW_STAFF
    # Always the same rater: three of six count, too few for a score, and somebody looks into it.
    friends = by_id[STW_STAFF_2]
    assert (friends["score"], friends["cases"], friends["left_out"]) == (None, 3, 3)
    assert friends["suspect"] is True and by_id[STW_STAFF]["suspect"] is False
    # A part-time steward is not blamed for how long the employer takes.
    police = by_id[STW_POLICE]
    assert (police["basis"], police["late_is_of"], police["score"]) == (
        "ACCEPTANCE", "EMPLOYER", None
    )  # fmt: skip
    assert police["late"] == 2
    assert Someone(staffed, CADRE, "R_CADRE", COMMUNITY).ask("steward_score", asked)["score"]
    # At the cut-off it is settled: a rating that is found unjust later is told beside it.
    bench.fire("2025-04-05T09:00:00")
    kept = Someone(staffed, STAFF).ask("steward_score", asked)
    assert kept == mine | {"final": True}
    with bench.transaction() as tx:
        tx.conn.execute(
            requests.update().where(requests.c.handler == STW_STAFF).values(stars=1, late=True)
        )
    later = Someone(staffed, STAFF).ask("steward_score", asked)
    assert float(later.pop("now")) < 20
    assert later == kept
    found = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY).ask("steward_scores", area)
    assert found["items"][0] | {"id": STW_STAFF, "score": mine["score"]} == found["items"][0]
    assert {one["final"] for one in found["items"]} == {True}
