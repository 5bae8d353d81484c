"""The indicators of an area's month: each figure with its numerator and its denominator."""

import uuid

import pytest

from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import attended
from fivered.services.credit.tests.test_settlement import (
    PROJECT_ROW,
    STEWARD_ROW,
    confirm,
    review,
    run_jobs,
    settlement_of,
)

pytestmark = pytest.mark.slow

PERIOD = "2025-03"
NEXT_DOOR = "370811015902"


def indicators(bench, period=PERIOD, scope="370811"):
    bench.as_("R_DISTRICT", person="per_district")
    return bench.ask("indicators", {"period": period, "scope": scope})


@pytest.mark.covers("M-12")
def test_the_consent_rate_counts_adults_who_live_here_and_whose_consent_stands(bench):
    assert indicators(bench)["M-12"] == {"part": 0, "whole": 0, "percent": None}
    for name in ("a", "b", "c", "gone"):
        stage.register(bench, f"per_{name}")
    stage.register(bench, "per_child", adult=False)
    stage.register(bench, "per_far", grid="370811016001001")
    stage.consent(bench, "per_a")
    taken_back = stage.consent(bench, "per_b")
    stage.consent(bench, "per_gone")
    bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID)
    bench.do("withdraw_consent", {"consent_id": taken_back["id"]})
    bench.consume(
        "steward", "resident_deactivated.v1",
        {"person_id": "per_gone", "reason": "DEATH"}, subject="per_gone", sequence=2,
    )  # fmt: skip
    here = indicators(bench, scope="370811015")
    assert here["M-12"] == {"part": 1, "whole": 3, "percent": "33.33"}
    assert indicators(bench)["M-12"]["whole"] == 4
    # One figure for the area that was asked for: nothing that could be ranked or set as a target.
    assert set(here["M-12"]) == {"part", "whole", "percent"}


@pytest.mark.covers("M-14")
def test_what_was_redeemed_is_told_for_the_month_and_to_date(bench):
    bench.at("2025-02-10T09:00")
    stage.wallet_of(bench, "RES:per_c")
    stage.partner(bench, "ptn_h")
    stage.give(bench, "RES:per_c", "2025-01", 100, "00000000-0000-4000-8000-000000000001")
    redeem(bench, "rdm_1", "2025-02-12T10:00", 20)
    bench.at("2025-03-10T09:00")
    stage.give(bench, "RES:per_c", "2025-02", 80, "00000000-0000-4000-8000-000000000002")
    redeem(bench, "rdm_2", "2025-03-12T10:00", 30)
    hold = stage.redemption(bench, "requested", "rdm_3", "2025-03-13T10:00", points=10)
    bench.deliver([hold])
    bench.at("2025-04-02T09:00")
    found = indicators(bench)["M-14"]
    assert found["window"] == {"part": 30, "whole": 80, "percent": "37.50", "refunded": 0}
    assert found["to_date"] == {"part": 50, "whole": 180, "percent": "27.78", "refunded": 0}
    assert indicators(bench, "2025-04")["M-14"]["window"]["percent"] is None
    assert indicators(bench, scope="370811016")["M-14"]["to_date"]["whole"] == 0
    liability = indicators(bench)["M-28"]
    # 130 at hand or held, 50 owed to the partner and not yet settled: 10 fen each.
    assert (liability["available"], liability["held"], liability["receivable"]) == (120, 10, 50)
    assert (liability["outstanding"], liability["liability_fen"]) == (180, 1800)


def redeem(bench, redemption_id, at, points):
    for what in ("requested", "redeemed"):
        bench.deliver([stage.redemption(bench, what, redemption_id, at, points=points)])


def confirmed(bench, area, at):
    bench.at(at)
    card = settlement_of(bench, area)
    version = review(bench, card, area=area, person=f"per_secretary_{area}")["version"]
    confirm(bench, card, version)


@pytest.mark.covers("M-22")
def test_who_is_not_published_on_working_day_five_is_late_by_so_many_working_days(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.areas(bench, stage.COMMUNITY, NEXT_DOOR, stage.GRID)
    rows = []
    for place, steward in ((stage.COMMUNITY, "stw_1"), (NEXT_DOOR, "stw_2")):
        stage.steward(bench, steward, f"per_{steward}", area=place)
        rows.append(STEWARD_ROW | {"steward_id": steward, "community": place})
    bench.at("2025-04-02T20:00")
    stage.markers(bench, PERIOD, rows={"steward": {"stewards": rows}})
    bench.fire("2025-04-03T10:00")
    run_jobs(bench)
    # Working day 5 of April 2025 is the 8th: the 4th is a holiday.
    confirmed(bench, stage.COMMUNITY, "2025-04-07T16:00")
    bench.fire("2025-04-08T20:00")
    assert indicators(bench)["M-22"]["percent"] is None
    bench.fire("2025-04-09T20:00")
    found = indicators(bench)["M-22"]
    assert (found["part"], found["whole"], found["percent"]) == (1, 2, "50.00")
    assert found["late"] == [{"community": NEXT_DOOR, "published_at": None, "working_days_late": 1}]
    confirmed(bench, NEXT_DOOR, "2025-04-11T10:00")
    bench.fire("2025-04-20T10:00")
    found = indicators(bench)["M-22"]
    # Confirmed on the Friday after 09:00, it is published on the Monday: the fourth working day
    # after the fifth.
    assert found["late"][0]["working_days_late"] == 4
    assert found["late"][0]["published_at"].startswith("2025-04-14")
    assert (found["part"], found["whole"]) == (1, 2)


@pytest.mark.covers("M-26")
def test_grades_are_counted_by_kind_and_points_by_how_evenly_they_are_spread(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    days = {"per_0": (), "per_1": (), "per_2": (3,), "per_3": (4,), "per_4": (5, 6)}
    for person in days:
        stage.resident(bench, person)
    stage.resident(bench, "per_5")
    bench.at("2025-03-20T09:00")
    for person, when in (days | {"per_5": (7, 8, 9)}).items():
        bench.deliver([attended(bench, person, f"2025-03-{day:02d}T20:00") for day in when])
    bench.at("2025-04-02T20:00")
    stage.markers(bench, PERIOD, rows={"steward": {"stewards": [STEWARD_ROW]}})
    bench.fire("2025-04-03T10:00")
    run_jobs(bench)
    # A draft is nobody's figure yet.
    draft = indicators(bench)["M-26"]
    assert draft["grades"] == {}
    assert draft["points"]["null_because"] == "FEWER_THAN_5_PERSONS"
    confirmed(bench, stage.COMMUNITY, "2025-04-07T16:00")
    bench.fire("2025-04-08T20:00")
    found = indicators(bench)["M-26"]
    assert found["grades"] == {"RES": {"A": 6}, "STW": {"AA": 1}}
    # 0, 0, 10, 10, 20, 30: the poorest first, weights 1 to 6.
    assert found["points"] == {
        "persons": 6,
        "gini": "0.50",
        "top_tenth": {"part": 30, "whole": 70, "percent": "42.86"},
        "null_because": None,
    }
    assert indicators(bench, scope=NEXT_DOOR)["M-26"]["points"]["persons"] == 0


def moved(bench, person_id, to_grid, *, household=None):
    bench.consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": person_id,
            "from_grid": stage.GRID,
            "to_grid": to_grid,
            "community": to_grid[:12],
            "household_id": household,
        },
        subject=person_id,
        sequence=bench.now.day,
    )


def sums(bench, by, **asked):
    bench.as_("R_DISTRICT", person="per_district")
    items = bench.ask("sums", {"period": PERIOD, "by": by} | asked)["items"]
    return {(one["group"], one["kind"]): (one["entries"], one["points"]) for one in items}


@pytest.mark.covers("C16")
def test_sums_of_a_month_count_everybody_where_he_belonged_when_it_ended(bench):
    other_grid = stage.COMMUNITY + "002"
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    stage.project(bench, "prj_1")
    for person, household in (("per_a", "hh_1"), ("per_b", "hh_1"), ("per_c", "hh_2")):
        stage.register(bench, person, household=household)
        stage.consent(bench, person)
    bench.at("2025-03-12T21:00")
    for person, days in (("per_a", (5, 6)), ("per_b", (7,)), ("per_c", (8, 9, 10))):
        bench.deliver([attended(bench, person, f"2025-03-{day:02d}T20:00") for day in days])
    # Within the month one leaves the household, its grid and its compound.
    bench.at("2025-03-20T09:00")
    moved(bench, "per_b", other_grid, household="hh_2")
    # After it one leaves the community, and the compound gets another grid: too late to count.
    bench.at("2025-04-01T09:00")
    moved(bench, "per_c", NEXT_DOOR + "001")
    project = {"project_id": "prj_1", "company_id": "pco_1", "community": stage.COMMUNITY}
    bench.consume(
        "property",
        "project_registered.v1",
        project | {"grids": [other_grid], "households": 1200, "status": "IN_SERVICE"},
        subject="prj_1",
        sequence=2,
    )
    bench.at("2025-04-02T20:00")
    measured = {"steward": {"stewards": [STEWARD_ROW]}, "property": {"projects": [PROJECT_ROW]}}
    stage.markers(bench, PERIOD, rows=measured)
    bench.fire("2025-04-03T10:00")
    run_jobs(bench)
    assert sums(bench, "GRID") == {}
    confirmed(bench, stage.COMMUNITY, "2025-04-07T16:00")
    bench.fire("2025-04-08T20:00")

    assert sums(bench, "HOUSEHOLD") == {("hh_1", "RES"): (1, 20), ("hh_2", "RES"): (2, 40)}
    assert sums(bench, "GRID") == {
        (stage.GRID, "RES"): (2, 50),
        (other_grid, "RES"): (1, 10),
    }
    assert sums(bench, "PROJECT") == {("prj_1", "RES"): (2, 50)}
    by_community = sums(bench, "COMMUNITY")
    assert by_community[(stage.COMMUNITY, "RES")] == (3, 60)
    assert {kind for _, kind in by_community} == {"RES", "STW", "PRJ"}
    assert sums(bench, "STREET")[("370811015", "RES")] == (3, 60)
    assert sums(bench, "DISTRICT", scope="370811015")[("370811", "RES")] == (3, 60)
    assert sums(bench, "COMMUNITY", scope=NEXT_DOOR) == {}
    first = bench.ask("sums", {"period": PERIOD, "limit": 1})
    assert [one["kind"] for one in first["items"]] == ["PRJ"]
    assert first["items"][0]["average_score"] is not None
    rest = bench.ask("sums", {"period": PERIOD, "cursor": first["next"]})
    assert [one["kind"] for one in rest["items"]] == ["RES", "STW"]
    back = bench.ask("sums", {"period": PERIOD, "limit": 1, "cursor": rest["prev"]})
    assert (back["items"], back["prev"]) == (first["items"], None)
    # Of persons no score is told, so none can be ranked.
    assert rest["items"][0]["average_score"] is None
    for wrong in ({"by": "STREETS"}, {"cursor": "x"}, {"limit": 0}):
        with pytest.raises(Invalid):
            bench.ask("sums", {"period": PERIOD} | wrong)
    bench.as_("R_CADRE", scope=NEXT_DOOR)
    with pytest.raises(RoleDenied):
        bench.ask("sums", {"period": PERIOD, "scope": stage.COMMUNITY})


def test_the_indicators_of_another_area_or_of_no_month_are_refused(bench):
    bench.as_("R_CADRE", scope=stage.COMMUNITY)
    with pytest.raises(RoleDenied):
        bench.ask("indicators", {"period": PERIOD, "scope": NEXT_DOOR})
    with pytest.raises(Invalid) as refused:
        bench.ask("indicators", {"period": "2025-13"})
    assert refused.value.field == "period"
    bench.as_("R_RESIDENT", scope=stage.COMMUNITY)
    with pytest.raises(RoleDenied):
        bench.ask("indicators", {"period": PERIOD})


@pytest.mark.covers("M-22")
def test_a_community_in_which_nobody_settles_is_late_with_nothing(bench):
    """CR-D14: it never gets a settlement, and was counted as late for ever."""
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.areas(bench, stage.COMMUNITY, NEXT_DOOR)
    stage.steward(bench, "stw_1", "per_s")
    bench.at("2025-04-02T20:00")
    stage.markers(bench, PERIOD, rows={"steward": {"stewards": [STEWARD_ROW]}})
    bench.fire("2025-04-03T10:00")
    run_jobs(bench)
    confirmed(bench, stage.COMMUNITY, "2025-04-07T16:00")
    bench.fire("2025-05-20T20:00")
    found = indicators(bench)["M-22"]
    assert (found["part"], found["whole"], found["late"]) == (1, 1, [])


@pytest.mark.covers("M-12", "M-28")
def test_a_figure_of_a_past_month_is_that_of_its_end(bench):
    """K11: consents and liability were those of the day on which somebody asked."""
    bench.at("2025-02-10T09:00")
    stage.register(bench, "per_a")
    stage.register(bench, "per_b")
    bench.at("2025-02-10T10:00")
    given = stage.consent(bench, "per_a")
    stage.give(bench, "RES:per_a", "2025-01", 50, str(uuid.uuid4()))
    bench.at("2025-03-10T10:00")
    stage.consent(bench, "per_b")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    bench.do("withdraw_consent", {"consent_id": given["id"]})
    stage.give(bench, "RES:per_b", "2025-02", 30, str(uuid.uuid4()))
    bench.consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": "per_b",
            "community": NEXT_DOOR,
            "to_grid": NEXT_DOOR + "001",
            "household_id": None,
        },
        subject="per_b",
        scope=NEXT_DOOR,
        sequence=2,
    )
    bench.at("2025-03-20T10:00")
    here = {period: indicators(bench, period) for period in ("2025-01", "2025-02", "2025-03")}
    assert [here[period]["M-12"]["part"] for period in sorted(here)] == [0, 1, 1]
    assert [here[period]["M-28"]["available"] for period in sorted(here)] == [0, 50, 80]
    there = indicators(bench, "2025-02", stage.COMMUNITY)["M-12"]
    assert (there["part"], there["whole"]) == (1, 2)


@pytest.mark.covers("M-22")
@pytest.mark.parametrize("period", ["2026-12", "2027-05", "2098-12"])
def test_months_without_a_calendar_have_figures_too(bench, period):
    """CR-D15: 500 for months whose following one had no data."""
    assert indicators(bench, period)["M-22"]["percent"] is None
