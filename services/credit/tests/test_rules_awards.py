"""What an event gives: predicates, levels, bands, units, caps, exclusions and repeated vetoes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivered.services.credit.rules import awards, loader
from fivered.services.credit.rules import errors as rules_errors
from fivered.services.credit.rules.awards import Counted, Event
from fivered.services.credit.rules.model import Cap
from fivered.services.credit.rules.producing import PRODUCERS

RULES = loader.load(loader.shipped("RC-2025.1"))
COMPILED = awards.compile_rules(RULES)
NOON = datetime(2025, 5, 6, 4, tzinfo=UTC)


def fired(kind, data, at=NOON, event_id="e1"):
    return COMPILED.fires(Event(event_id, kind, at, data))


def given_by(kind, data):
    return [(f.rule.code, f.subject, f.score, f.points) for f in fired(kind, data)]


def rated(stars, rater="per_r", handler_person="per_h"):
    return {
        "request_id": "req_1", "handler": "stw_1", "handler_person": handler_person,
        "rater": rater, "stars": stars, "solved": True, "project_id": None,
    }  # fmt: skip


def rectified(**more):
    return {"rectification_id": "rec_1", "project_id": "prj_1", **more}


CASES = [
    ("steward.request_rated.v1", rated(5), [("R-STW-01", "STW:stw_1", 2, 10)]),
    ("steward.request_rated.v1", rated(4), [("R-STW-01", "STW:stw_1", 1, 5)]),
    ("steward.request_rated.v1", rated(3), []),
    ("steward.request_rated.v1", rated(1), []),
    ("steward.request_rated.v1", rated(5, rater="per_h"), []),
    ("forum.topic_adopted.v1", {"topic_id": "t", "proposer": "per_1"},
     [("R-RES-02", "RES:per_1", 3, 30)]),
    ("forum.topic_adopted.v1", {"topic_id": "t", "proposer": None}, []),
    ("forum.attendance_recorded.v1", {"session_id": "s", "person_id": "per_1"},
     [("R-RES-03", "RES:per_1", 1, 10)]),
    ("forum.supervision_fulfilled.v1", {"topic_id": "t", "person_id": "per_1", "records": 2},
     [("R-RES-04", "RES:per_1", 2, 20)]),
    ("forum.supervision_fulfilled.v1", {"topic_id": "t", "person_id": "per_1", "records": 0}, []),
    ("steward.hazard_verified.v1", {"hazard_id": "h", "reporter": "per_1", "verified": True},
     [("R-RES-05", "RES:per_1", 1, 10)]),
    ("steward.hazard_verified.v1", {"hazard_id": "h", "reporter": "per_1", "verified": False}, []),
    ("steward.request_deadline_missed.v1",
     {"request_id": "r", "which": "ACCEPT", "handler": "stw_1", "on_shift": True},
     [("R-STW-03", "STW:stw_1", -1, 0)]),
    ("steward.request_deadline_missed.v1",
     {"request_id": "r", "which": "ACCEPT", "handler": "stw_1", "on_shift": False}, []),
    ("steward.request_deadline_missed.v1",
     {"request_id": "r", "which": "RESOLVE", "handler": "stw_1", "on_shift": True}, []),
    ("steward.bad_rating_upheld.v1", {"request_id": "r", "handler": "stw_1"},
     [("R-STW-04", "STW:stw_1", -3, 0)]),
    ("steward.request_self_found_closed.v1", {"request_id": "r", "handler": "stw_1"},
     [("R-STW-05", "STW:stw_1", 1, 5)]),
    ("steward.emergency_arrival.v1", {"request_id": "r", "handler": "stw_1", "minutes": 15},
     [("R-STW-08", "STW:stw_1", 2, 20)]),
    ("steward.emergency_arrival.v1", {"request_id": "r", "handler": "stw_1", "minutes": 16}, []),
    ("property.rectification_passed.v1", rectified(severity="S3", late=False),
     [("R-PRJ-11", "PRJ:prj_1", 1, 0)]),
    ("property.rectification_passed.v1", rectified(severity="S3", late=True), []),
    ("property.rectification_overdue.v1", rectified(severity="S2"),
     [("R-PRJ-12", "PRJ:prj_1", -3, 0)]),
    ("property.rectification_overdue.v1", rectified(severity="S1"),
     [("R-PRJ-15", "PRJ:prj_1", -10, 0)]),
    ("property.rectification_escalated.v1", rectified(severity="S3", level=1),
     [("R-PRJ-13", "PRJ:prj_1", -2, 0)]),
    ("property.rectification_escalated.v1", rectified(severity="S1", level=1), []),
    ("property.rectification_escalated.v1", rectified(severity="S1", level=2),
     [("R-PRJ-14", "PRJ:prj_1", -5, 0)]),
    ("property.disclosure_published.v1", {"disclosure_id": "d", "project_id": "prj_1"},
     [("R-PRJ-10", "PRJ:prj_1", 2, 0)]),
    ("property.disclosure_overdue.v1", {"disclosure_id": "d", "project_id": "prj_1"},
     [("R-PRJ-10", "PRJ:prj_1", -3, 0)]),
    ("partner.redemption_cancelled.v1",
     {"redemption_id": "x", "partner_id": "ptn_1", "reason": "OUT_OF_STOCK"},
     [("R-PTN-05", "PTN:ptn_1", -1, 0)]),
    ("partner.redemption_cancelled.v1",
     {"redemption_id": "x", "partner_id": "ptn_1", "reason": "CHANGED_MIND"}, []),
    ("steward.nothing_here.v1", {"a": 1}, []),
]  # fmt: skip


@pytest.mark.covers("C4")
@pytest.mark.parametrize(("kind", "data", "expected"), CASES)
def test_an_event_gives_what_its_rules_say_and_nothing_else(kind, data, expected):
    assert given_by(kind, data) == expected


@pytest.mark.covers("C4", "C5")
def test_the_award_id_follows_from_rule_subject_and_event_alone():
    first = fired("steward.request_rated.v1", rated(5))[0]
    again = fired("steward.request_rated.v1", rated(5), at=NOON + timedelta(days=3))[0]
    other = fired("steward.request_rated.v1", rated(5), event_id="e2")[0]
    assert first.award_id == again.award_id != other.award_id


def test_an_automatic_award_of_a_reviewed_rule_waits_for_a_person():
    assert fired("property.rectification_overdue.v1", rectified(severity="S1"))[0].human
    assert not fired("property.rectification_overdue.v1", rectified(severity="S2"))[0].human


def test_the_local_date_of_the_deed_decides_its_window():
    late = datetime(2025, 5, 31, 16, 30, tzinfo=UTC)
    assert fired("steward.request_rated.v1", rated(5), at=late)[0].on == date(2025, 6, 1)
    hours = {"record_id": "v", "person_id": "per_1", "minutes": 60, "source": "QR"}
    data = {**hours, "date": "2025-05-20"}
    assert fired("steward.volunteer_hours_confirmed.v1", data)[0].on == date(2025, 5, 20)


def test_a_withdrawn_order_takes_back_what_was_given_for_it():
    event = Event("e", "property.rectification_withdrawn.v1", NOON, rectified())
    ((deed, rules),) = COMPILED.reverses(event)
    assert deed == "rec_1"
    assert {"R-PRJ-12", "R-PRJ-13", "R-PRJ-15"} <= rules
    assert fired("property.rectification_overdue.v1", rectified(severity="S2"))[0].deed == deed


@pytest.mark.parametrize(
    ("predicate", "data", "holds"),
    [
        (None, {}, True),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ({"a": {"ge": 1, "lt": 3}}, {"a": 2}, True),
        ({"a": {"ge": 1, "lt": 3}}, {"a": 3}, False),
        ({"a": {"gt": 1}}, {}, False),
        ({"a": {"le": 1}}, {"a": None}, False),
        ({"a": {"ne": 1}}, {}, True),
        ({"a": {"in": [1, 2]}}, {"a": 2}, True),
        ({"a": {"not_in": [1, 2]}}, {"a": 2}, False),
        ({"a": {"not_in": [1, 2]}}, {}, True),
        ({"a": {"ge": {"field": "b"}}}, {"a": 2, "b": 2}, True),
        ({"a": {"ge": {"field": "b"}}}, {"a": 2}, False),
        ({"any": [{"a": 1}, {"b": 1}]}, {"b": 1}, True),
        ({"all": [{"a": 1}, {"b": 1}]}, {"b": 1}, False),
        ({"not": {"a": 1}}, {"a": 2}, True),
    ],
)
def test_a_predicate_reads_the_data(predicate, data, holds):
    assert awards.compile_predicate(predicate)(data) is holds


FILING = sorted(name for name, known in PRODUCERS.items() if known.filing)
WORDS = st.one_of(
    st.booleans(),
    st.sampled_from(["per_1", "stw_1", "prj_1", "S1", "ACCEPT", "OUT_OF_STOCK", "2025-05-01"]),
    st.none(),
)
# Readers of events are typed, so these are numbers or absent.
NUMBERS = {"stars", "records", "minutes", "previous_minutes", "level", "points", "reopen_count"}


def said_at_will(data, names):
    numbers = st.none() | st.integers(-5, 500)
    return {name: data.draw(numbers if name in NUMBERS else WORDS) for name in sorted(names)}


@pytest.mark.covers("REQ-L14")
@given(st.data())
def test_no_act_of_filing_can_cost_anybody_anything_whatever_it_says(data):
    kind = data.draw(st.sampled_from(FILING))
    said = said_at_will(data, PRODUCERS[kind].fields)
    assert all(f.score >= 0 and f.points >= 0 for f in fired(kind, said))


@pytest.mark.covers("REQ-L14")
@given(st.data())
def test_nobody_loses_by_an_act_of_his_own_whatever_it_says(data):
    kind = data.draw(st.sampled_from([name for name, e in PRODUCERS.items() if e.actors]))
    known = PRODUCERS[kind]
    said = {name: f"{name}_1" for name in known.fields}
    said |= said_at_will(data, known.fields - known.actors)
    actors = {f"{name}_1" for name in known.actors}
    for found in fired(kind, {**said, "date": "2025-05-01"}):
        assert found.score >= 0 or found.subject.partition(":")[2] not in actors


# --------------------------------------------------------------------------------------------------
# By hand


def test_a_proposal_by_hand_takes_score_points_and_validity_from_its_level():
    rule = RULES.rule("R-RES-13")
    found = awards.by_hand(
        rule, "RES:per_1", evidence_ref="doc-7", occurred_at=NOON, level="PROVINCE"
    )
    assert (found.score, found.points, found.valid_periods, found.human) == (20, 200, 36, True)
    twice = awards.by_hand(
        rule, "RES:per_1", evidence_ref="doc-7", occurred_at=NOON, level="PROVINCE"
    )
    assert found.award_id == twice.award_id


@pytest.mark.parametrize(
    ("code", "level"), [("R-RES-13", None), ("R-RES-13", "MOON"), ("R-RES-09", "CITY")]
)
def test_a_proposal_by_hand_names_a_level_exactly_where_the_rule_has_them(code, level):
    with pytest.raises(rules_errors.RuleSetInvalid):
        awards.by_hand(
            RULES.rule(code), "RES:per_1", evidence_ref="d", occurred_at=NOON, level=level
        )


# --------------------------------------------------------------------------------------------------
# Months


PROJECT = {
    "project_id": "prj_1", "company_id": "pco_1", "community": "370811015901", "in_service": True,
    "households": 1200, "requests": 160, "contacted_on_time": 158, "due_resolutions": 156,
    "resolved_on_time": 150, "rated": 80, "satisfied": 74, "complaints_valid": 9,
    "rolling_complaints": 90, "rolling_complaints_before": 100, "rolling_households": 1200,
    "rolling_households_before": 1200, "p2c_active_last_day": True, "c2p_active_last_day": True,
    "p2c_gap_days": 0, "c2p_gap_days": 0, "cross_full_month": True,
    "agreements_active_last_day": 2, "agreements_full_month": 2, "commitments_due": 10,
    "commitments_on_time": 9, "tripartite_held": True, "overdue_rectifications_open": 0,
}  # fmt: skip


def of_project(period="2025-05", **changes):
    data = {"period": period, "projects": [{**PROJECT, **changes}]}
    found = COMPILED.fires(Event("m1", "property.month_measured.v1", NOON, data))
    return {f.rule.code: f.score for f in found}


def test_a_change_of_the_complaint_rate_is_judged_by_the_exact_mean():
    """H4-7: 20 of 40 and 25 of 41.5 households are +20.48 %; with 42 of them +19.05 %."""
    small = {"period": "2025-06", "rolling_complaints": 25, "rolling_complaints_before": 20,
             "rolling_households": 42, "rolling_households_before": 40}  # fmt: skip
    exact = {"rolling_households_twelfths": 498, "rolling_households_before_twelfths": 480}
    assert "R-PRJ-05" not in of_project(**small)
    assert of_project(**small, **exact)["R-PRJ-05"] == -2


@pytest.mark.covers("E3", "C4")
def test_the_measured_month_of_the_worked_example_gives_its_bands():
    assert of_project() == {
        "R-PRJ-01": 2, "R-PRJ-02": 2, "R-PRJ-03": 1, "R-PRJ-06": 2, "R-PRJ-07": 2,
        "R-PRJ-08": 1, "R-PRJ-09": 1,
    }  # fmt: skip


BANDS = [
    ("R-PRJ-01", {"requests": 100, "contacted_on_time": 98}, 2),
    ("R-PRJ-01", {"requests": 10000, "contacted_on_time": 9799}, 1),
    ("R-PRJ-01", {"requests": 100, "contacted_on_time": 94}, 0),
    ("R-PRJ-01", {"requests": 100, "contacted_on_time": 89}, -2),
    ("R-PRJ-01", {"requests": 9, "contacted_on_time": 0}, 0),
    ("R-PRJ-02", {"due_resolutions": 100, "resolved_on_time": 90}, 1),
    ("R-PRJ-02", {"due_resolutions": 100, "resolved_on_time": 84}, -2),
    ("R-PRJ-03", {"rated": 100, "satisfied": 95}, 3),
    ("R-PRJ-03", {"rated": 100, "satisfied": 79}, -3),
    ("R-PRJ-03", {"rated": 0, "satisfied": 0}, 0),
    ("R-PRJ-04", {"households": 200, "complaints_valid": 1}, 2),
    ("R-PRJ-04", {"households": 200, "complaints_valid": 4}, 0),
    ("R-PRJ-04", {"households": 1999, "complaints_valid": 40}, -2),
    ("R-PRJ-04", {"households": 200, "complaints_valid": 9}, -4),
    ("R-PRJ-04", {"households": 49, "complaints_valid": 9}, 0),
    ("R-PRJ-06", {"cross_full_month": False}, 0),
    ("R-PRJ-06",
     {"cross_full_month": False, "p2c_active_last_day": False, "p2c_gap_days": 30}, 0),
    ("R-PRJ-06",
     {"cross_full_month": False, "p2c_active_last_day": False, "p2c_gap_days": 31}, -2),
    ("R-PRJ-06",
     {"cross_full_month": False, "c2p_active_last_day": False, "c2p_gap_days": 90}, -2),
    ("R-PRJ-06", {"cross_full_month": False, "c2p_gap_days": 90}, 0),
    ("R-PRJ-07", {"agreements_full_month": 1}, 0),
    ("R-PRJ-07", {"agreements_full_month": 1, "agreements_active_last_day": 1}, -3),
    ("R-PRJ-08", {"commitments_due": 0, "commitments_on_time": 0}, 0),
    ("R-PRJ-08", {"commitments_on_time": 10}, 3),
    ("R-PRJ-08", {"commitments_on_time": 7}, 0),
    ("R-PRJ-08", {"commitments_on_time": 6}, -3),
    ("R-PRJ-09", {"tripartite_held": False}, -1),
]  # fmt: skip


@pytest.mark.covers("C4")
@pytest.mark.parametrize(("code", "changes", "score"), BANDS)
def test_a_band_follows_the_exact_value_of_the_month(code, changes, score):
    assert of_project(**changes).get(code, 0) == score


@pytest.mark.parametrize(
    ("period", "now", "before", "score"),
    [
        ("2025-06", 95, 100, 2),
        ("2025-06", 96, 100, 0),
        ("2025-06", 119, 100, 0),
        ("2025-06", 120, 100, -2),
        ("2025-05", 200, 100, 0),
        ("2025-06", 9, 100, 0),
        ("2025-06", 100, 9, 0),
    ],
)
def test_the_year_on_year_rule_speaks_at_quarter_ends_and_with_enough_complaints(
    period, now, before, score
):
    found = of_project(period, rolling_complaints=now, rolling_complaints_before=before)
    assert found.get("R-PRJ-05", 0) == score


def test_a_project_out_of_service_is_not_measured():
    assert of_project(in_service=False) == {}


def test_stewards_and_partners_are_measured_by_their_own_markers():
    steward = {
        "steward_id": "stw_1", "type": "FULL_TIME", "orders": 12, "accepted_on_time": 12,
        "visits": 60, "visit_quota": 60, "attendance_full": True,
    }  # fmt: skip
    police = {
        "steward_id": "stw_2", "type": "PART_TIME", "orders": 9, "accepted_on_time": 9,
        "visits": 0, "visit_quota": 0, "attendance_full": True,
    }  # fmt: skip
    data = {"period": "2025-05", "stewards": [steward, police]}
    assert given_by("steward.month_measured.v1", data) == [
        ("R-STW-02", "STW:stw_1", 3, 0),
        ("R-STW-06", "STW:stw_1", 3, 30),
        ("R-STW-07", "STW:stw_1", 2, 20),
    ]
    partner = {
        "partner_id": "ptn_1", "active": True, "points_redeemed": 1299, "new_service_offers": 4,
        "rated": 20, "satisfied": 19, "sponsor_fen": 100_000,
    }  # fmt: skip
    data = {"period": "2025-05", "partners": [partner]}
    assert given_by("partner.month_measured.v1", data) == [
        ("R-PTN-01", "PTN:ptn_1", 10, 0),
        ("R-PTN-02", "PTN:ptn_1", 6, 0),
        ("R-PTN-03", "PTN:ptn_1", 3, 0),
        ("R-PTN-06", "PTN:ptn_1", 2, 0),
    ]
    data = {"period": "2025-05", "partners": [{**partner, "points_redeemed": 199}]}
    assert given_by("partner.month_measured.v1", data)[0] == ("R-PTN-01", "PTN:ptn_1", 1, 0)


def test_a_measured_award_keeps_the_exact_value_and_the_last_day_of_its_month():
    data = {"period": "2025-05", "projects": [PROJECT]}
    found = COMPILED.fires(Event("m1", "property.month_measured.v1", NOON, data))[0]
    assert found.value == Fraction(15800, 160)
    assert found.on == date(2025, 5, 31)


# --------------------------------------------------------------------------------------------------
# Caps


def row(n, score=1, points=10):
    return Counted(NOON + timedelta(minutes=n), f"e{n:03d}", score, points)


@pytest.mark.covers("C4")
def test_a_cap_by_count_leaves_the_first_and_flags_the_rest():
    left = awards.apply_cap(Cap("MONTH", count=2), [row(3), row(1), row(2)])
    assert [(a.event_id, a.score, a.points, a.flags) for a in left] == [
        ("e001", 1, 10, ()),
        ("e002", 1, 10, ()),
        ("e003", 0, 0, ("CAPPED",)),
    ]


@pytest.mark.covers("C4")
def test_a_cap_by_sum_truncates_what_goes_over_it():
    left = awards.apply_cap(Cap("MONTH", score=20, points=100), [row(n, 3, 30) for n in range(8)])
    assert [a.score for a in left] == [3, 3, 3, 3, 3, 3, 2, 0]
    assert [a.points for a in left] == [30, 30, 30, 10, 0, 0, 0, 0]
    assert [bool(a.flags) for a in left] == [False] * 3 + [True] * 5


def test_a_cap_on_deductions_keeps_their_sign():
    left = awards.apply_cap(Cap("MONTH", score=5), [row(n, -2, 0) for n in range(4)])
    assert [a.score for a in left] == [-2, -2, -1, 0]


def test_only_the_best_of_a_deed_counts_and_the_first_of_equals():
    left = awards.apply_cap(Cap("DEED"), [row(1, 3), row(2, 5), row(3, 5)])
    assert [(a.score, a.flags) for a in left] == [(0, ("NOT_BEST",)), (5, ()), (0, ("NOT_BEST",))]
    assert awards.apply_cap(Cap("DEED"), []) == []


COUNTED = st.builds(
    Counted,
    st.integers(0, 20).map(lambda n: NOON + timedelta(hours=n)),
    st.uuids().map(str),
    st.integers(-9, 9),
    st.integers(0, 50),
)
LIMIT = st.none() | st.integers(1, 40)
CAPS = st.builds(Cap, st.just("MONTH"), LIMIT, LIMIT, LIMIT)


@pytest.mark.covers("C5", "C8")
@given(st.lists(COUNTED, max_size=12), CAPS, st.randoms())
def test_the_order_of_arrival_changes_nothing_and_no_cap_is_exceeded(found, cap, chance):
    first = awards.apply_cap(cap, found)
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert awards.apply_cap(cap, shuffled) == first
    assert cap.score is None or sum(abs(a.score) for a in first) <= cap.score
    assert cap.points is None or sum(a.points for a in first) <= cap.points
    assert cap.count is None or sum(bool(a.score or a.points) for a in first) <= cap.count
    before = {a.event_id: a for a in found}
    for left in first:
        raw = before[left.event_id]
        assert abs(left.score) <= abs(raw.score)
        assert left.score * raw.score >= 0
        assert 0 <= left.points <= raw.points
        assert ("CAPPED" in left.flags) == (
            (left.score, left.points) != (raw.score, raw.points)
        ) or (raw.score == raw.points == 0)


@pytest.mark.covers("C4")
@pytest.mark.parametrize(
    ("per", "name"),
    [
        ("DAY", "2025-07-01"),
        ("WEEK", "2025-W27"),
        ("MONTH", "2025-07"),
        ("QUARTER", "2025-Q3"),
        ("HALF_YEAR", "2025-H2"),
        ("YEAR", "2025"),
        ("EVER", "EVER"),
        ("DEED", "doc-7"),
    ],
)
def test_a_window_is_named_after_the_calendar(per, name):
    assert awards.window(per, date(2025, 7, 1), "doc-7") == name
    other = awards.window(per, date(2025, 6, 30))
    # The last of June and the first of July lie in one week.
    assert (other == name) == (per in ("WEEK", "YEAR", "EVER"))


def test_a_late_award_takes_room_in_the_period_in_which_it_counts():
    deed = date(2025, 6, 30)
    assert awards.window("MONTH", deed, period="2025-07") == "2025-07"
    assert awards.window("QUARTER", deed, period="2025-07") == "2025-Q3"
    assert awards.window("DAY", deed, period="2025-07") == "2025-06-30"
    assert awards.window("WEEK", deed, period="2025-07") == "2025-W27"
    assert awards.window("WEEK", date(2024, 12, 30)) == "2025-W01"
    early = replace(row(1), period="2025-08")
    final = replace(row(2), period="2025-07")
    left = awards.apply_cap(Cap("YEAR", count=1), [early, final])
    assert [(a.period, a.score) for a in left] == [("2025-07", 1), ("2025-08", 0)]


def test_a_safety_order_overdue_stands_instead_of_the_common_ones():
    found = [RULES.rule(f"R-PRJ-{n}") for n in (12, 13, 14, 15)]
    assert awards.excluded(found) == {"R-PRJ-12": "R-PRJ-15", "R-PRJ-13": "R-PRJ-15"}
    assert awards.excluded(found[:3]) == {}
    assert COMPILED.contested == {"R-PRJ-12", "R-PRJ-13", "R-PRJ-15"}


@pytest.mark.parametrize(
    ("periods", "veto"),
    [
        (["2025-05"], None),
        (["2024-12", "2025-05"], ("2025-05", "2025-07")),
        (["2024-11", "2025-05"], None),
        (["2025-05", "2025-05"], ("2025-05", "2025-07")),
        (["2025-03", "2025-04"], None),
    ],
)
def test_the_second_within_six_periods_vetoes_for_three(periods, veto):
    assert awards.repeat_veto(RULES.rule("R-PRJ-15"), periods, "2025-05") == veto
    assert awards.repeat_veto(RULES.rule("R-PRJ-12"), periods, "2025-05") is None


def test_a_rule_without_cap_leaves_everything():
    found = [row(2), row(1)]
    assert awards.apply_cap(None, found) == [found[1], found[0]]
    assert awards.apply_cap(None, [replace(found[0], flags=("LATE",))])[0].flags == ("LATE",)
