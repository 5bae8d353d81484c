"""Score, grade and gates: the worked examples E3 and E6, companies, and eligibility."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivered.services.credit.rules import loader, standing
from fivered.services.credit.rules.standing import KINDS, Measures, last_period, standing_of

RULES = loader.load(loader.shipped("RC-2025.1"))
GATES_HOLD = Measures(agreements=2, p2c_active=True, c2p_active=True)


def project(gain, loss, **changes):
    measures = Measures(agreements=2, p2c_active=True, c2p_active=True)
    found = standing_of("PRJ", gain, loss, measures if not changes else Measures(**changes))
    return found.score, found.raw_grade, found.grade, list(found.gates_failed)


@pytest.mark.covers("E3")
def test_the_project_of_the_worked_example():
    assert project(13, 5) == (83, "AA", "AA", [])
    assert project(13, 0) == (88, "AAA", "AAA", [])
    one_agreement = {"agreements": 1, "p2c_active": True, "c2p_active": True}
    assert project(11, 3, **one_agreement) == (83, "AA", "AA", ["TWO_AGREEMENTS"])
    no_manager = {"agreements": 2, "p2c_active": False, "c2p_active": True}
    assert project(11, 0, **no_manager) == (86, "AAA", "AA", ["CROSS_APPOINTMENT"])


def counts_in(awarded, v, period):
    return awarded <= period <= last_period(awarded, v)


def month_of(period, awards):
    """G and B in a period of (rule, award period, score)."""
    return standing.sums(
        (score, False)
        for code, awarded, score in awards
        if counts_in(awarded, RULES.rule(code).valid_periods, period)
    )


BANDS_OF_A_MONTH = [
    ("R-PRJ-01", 2), ("R-PRJ-02", 2), ("R-PRJ-03", 1), ("R-PRJ-06", 2), ("R-PRJ-07", 2),
    ("R-PRJ-08", 1), ("R-PRJ-09", 1),
]  # fmt: skip


@pytest.mark.covers("E3")
def test_the_month_after_the_worked_example():
    awards = [(code, month, s) for month in ("2025-05", "2025-06") for code, s in BANDS_OF_A_MONTH]
    awards += [("R-PRJ-11", "2025-05", 1)] * 2
    awards += [("R-PRJ-12", "2025-05", -3), ("R-PRJ-13", "2025-05", -2)]
    assert month_of("2025-05", awards) == (13, 5)
    assert month_of("2025-06", awards) == (11, 2)
    assert project(*month_of("2025-06", awards))[:3] == (84, "AA", "AA")


@pytest.mark.covers("E6")
def test_the_order_across_the_national_day_weighs_two_months_and_is_gone_in_the_third():
    awards = [("R-PRJ-12", "2025-09", -3), ("R-PRJ-13", "2025-09", -2)]
    shown = []
    for period in ("2025-09", "2025-10", "2025-11"):
        _, loss = month_of(period, awards)
        shown.append(project(10, loss)[::2])
    assert shown == [(80, "AA"), (83, "AA"), (85, "AAA")]


@pytest.mark.parametrize(
    ("awarded", "v", "last"),
    [("2025-01", 1, "2025-01"), ("2025-01", 12, "2025-12"), ("2025-11", 3, "2026-01")],
)
def test_an_award_counts_from_its_period_for_its_valid_periods(awarded, v, last):
    assert last_period(awarded, v) == last
    assert counts_in(awarded, v, awarded)
    assert counts_in(awarded, v, last)
    assert not counts_in(awarded, v, last_period(last, 2))
    assert not counts_in(awarded, v, "2024-12")


GRADES = [
    ("RES", 1000, "A"), ("RES", 1029, "A"), ("RES", 1030, "AA"), ("RES", 1049, "AA"),
    ("RES", 1050, "AAA"), ("PRJ", 115, "AAA"), ("PRJ", 85, "AAA"), ("PRJ", 84, "AA"),
    ("PRJ", 80, "AA"), ("PRJ", 79, "A"), ("PRJ", 70, "A"), ("PRJ", 69, "B"), ("PRJ", 60, "B"),
    ("PRJ", 59, "C"), ("PRJ", 40, "C"), ("PRJ", 39, "D"), ("PRJ", 0, "D"), ("STW", 85, "AAA"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "score", "grade"), GRADES)
def test_a_grade_follows_the_thresholds_of_the_scale(kind, score, grade):
    assert standing.grade_of(kind, score) == grade


@pytest.mark.covers("REQ-L01")
@given(st.sampled_from(["RES", "HH"]), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
def test_no_natural_person_can_be_graded_below_a(kind, gain, loss, vetoed):
    found = standing_of(kind, gain, loss, Measures(vetoed=vetoed))
    assert found.grade in ("A", "AA", "AAA")
    assert found.score == min(1200, 1000 + gain)


@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 300),
    st.integers(0, 300),
    st.builds(
        Measures,
        st.booleans(),
        st.integers(0, 3),
        st.booleans(),
        st.booleans(),
        st.integers(0, 1),
        st.integers(0, 12),
        st.integers(0, 12),
        st.integers(0, 60),
        st.sampled_from([0, 20, 60]),
        st.integers(0, 1),
        st.booleans(),
    ),
)
def test_gates_only_lower_and_the_score_stays_on_its_scale(kind, gain, loss, measures):
    found = standing_of(kind, gain, loss, measures)
    if not measures.active:
        assert (found.score, found.grade, found.gates_failed) == (None, "NR", ())
        return
    scale = standing.SCALES[KINDS[kind].scale]
    assert scale.floor <= found.score <= scale.ceiling
    assert standing.at_least(found.raw_grade, found.grade)
    assert found.grade == found.raw_grade or found.gates_failed
    if "VETO" in found.gates_failed:
        assert found.grade == "D"
    elif found.gates_failed:
        assert found.grade != "AAA"


def test_gain_above_forty_does_not_offset_losses_of_organisations():
    assert standing.score_of("MER", 60, 10) == 105
    assert standing.score_of("MER", 0, 90) == 0


@pytest.mark.parametrize(
    ("kind", "measures", "failed"),
    [
        ("PRJ", GATES_HOLD, ()),
        ("PRJ", Measures(agreements=2, p2c_active=True, c2p_active=True, overdue_rectifications=1),
         ("NO_OVERDUE_RECTIFICATION",)),
        ("PTN", Measures(redeemed=10), ()),
        ("PTN", Measures(redeemed=9), ("TEN_REDEMPTIONS",)),
        ("STW", Measures(orders=10), ()),
        ("STW", Measures(orders=9, visits=48, visit_quota=60), ()),
        ("STW", Measures(orders=9, visits=47, visit_quota=60), ("ENOUGH_SERVICE",)),
        ("STW", Measures(orders=9), ("ENOUGH_SERVICE",)),
        ("PCO", Measures(projects_below_b=1), ("PROJECTS_AT_LEAST_B",)),
        ("MER", Measures(), ()),
    ],
)  # fmt: skip
def test_the_gates_of_a_kind(kind, measures, failed):
    assert standing.gates_failed(kind, measures) == failed


def test_the_inputs_of_gates_come_from_the_month_markers():
    project_row = {
        "in_service": True, "agreements_active_last_day": 2, "p2c_active_last_day": True,
        "c2p_active_last_day": False, "overdue_rectifications_open": 1,
    }  # fmt: skip
    found = standing.measures_of("PRJ", project_row)
    assert standing.gates_failed("PRJ", found) == ("CROSS_APPOINTMENT", "NO_OVERDUE_RECTIFICATION")
    idle = {"on_roster": True, "orders": 0, "visits": 0, "visit_quota": 60, "proactive_closed": 0,
            "attendance_full": False}  # fmt: skip
    assert not standing.measures_of("STW", idle).active
    assert standing.measures_of("STW", {**idle, "visits": 1}).active
    # CR-D18: a person who has left by the last day and has served is rated; months that were published
    # before are verified as they were.
    left = {**idle, "visits": 1, "on_roster": False}
    assert standing.measures_of("STW", left).active
    assert not standing.measures_of("STW", left, formula=1).active
    assert standing.measures_of("PTN", {"active": True, "redeemed": 7}, vetoed=True).vetoed
    with pytest.raises(KeyError):
        standing.measures_of("MER", {})


@pytest.mark.parametrize(
    ("projects", "own", "score"),
    [
        ([(83, 1200), (90, 800)], 0, 86),
        ([(80, 1), (81, 1)], 0, 81),
        ([(80, 3), (81, 1)], 0, 80),
        ([(80, 1)], -10, 70),
        ([(110, 1)], 10, 115),
        ([(5, 1)], -10, 0),
        ([(80, 0), (90, 0)], 0, 85),
        ([], 5, None),
    ],
)
def test_a_company_is_the_household_weighted_mean_of_its_projects_rounded_half_up(
    projects, own, score
):
    assert standing.company_score(projects, own) == score


def test_a_veto_gives_d_and_is_recorded():
    found = standing.standing_of_score("PCO", 90, Measures(vetoed=True))
    assert (found.score, found.raw_grade, found.grade) == (90, "AAA", "D")
    assert found.gates_failed == ("VETO",)


AA, WEAK, LOW, NR = (82, "AA"), (79, "A"), (74, "A"), (None, "NR")


@pytest.mark.covers("C13")
@pytest.mark.parametrize(
    ("months", "eligible", "warned"),
    [
        ([], False, False),
        ([AA, AA], False, False),
        ([AA, AA, AA], True, False),
        ([AA, WEAK, AA, AA], False, False),
        ([AA, AA, AA, WEAK], True, True),
        ([AA, AA, AA, WEAK, AA], True, False),
        ([AA, AA, AA, WEAK, WEAK], False, False),
        ([AA, AA, AA, WEAK, WEAK, AA], False, False),
        ([AA, AA, AA, LOW], False, False),
        ([AA, AA, AA, NR], False, False),
    ],
)
def test_eligibility_is_lost_below_the_low_water_mark_or_in_the_second_weak_month(
    months, eligible, warned
):
    assert standing.eligibility("PRJ", months) == standing.Eligibility(eligible, warned)


def test_grades_themselves_are_plain_thresholds_without_hysteresis():
    assert standing.grade_of("PRJ", 79) == "A"
    assert standing.at_least("AAA", "AA")
    assert not standing.at_least("A", "AA")
    assert not standing.at_least("NR", "D")
