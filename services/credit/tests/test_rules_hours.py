"""Volunteer hours: tiers of the year, the day's limit, the month's points, corrections (E1)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fivered.services.credit.rules import hours as totals
from fivered.services.credit.rules import ledger, loader, standing
from fivered.services.credit.rules.hours import Hours

RULES = loader.load(loader.shipped("RC-2025.1"))
HOURS = RULES.rule("R-RES-01")
ANA = "RES:per_ana"


def record(day, minutes, *, record_id=None, source="QR", period=None, at=None, event_id=None):
    on = date.fromisoformat(day)
    at = at or datetime(on.year, on.month, on.day, 10, tzinfo=UTC)
    record_id = record_id or f"vh-{day}"
    return Hours(
        event_id or f"{record_id}-{at:%m%d}", record_id, at, on, minutes, source, period or day[:7]
    )


JAN_11 = record("2025-01-11", 480)
JAN_18 = record("2025-01-18", 480)
JAN_25 = record("2025-01-25", 540)
FEB_15 = record("2025-02-15", 150)
CORRECTION = record(
    "2025-02-15", 90, period="2025-03", at=datetime(2025, 3, 10, 2, tzinfo=UTC)
)  # fmt: skip
STORY = [JAN_11, JAN_18, JAN_25, FEB_15, CORRECTION]


def score_delta(event):
    return event.score + sum(part.score for part in event.slices)


def points_delta(event):
    return event.points + sum(part.points for part in event.slices)


@pytest.mark.covers("E1")
@pytest.mark.parametrize(
    ("hours", "score"),
    [(1, 1), (20, 20), (21, 20), (22, 21), (80, 50), (83, 51), (200, 90), (204, 91)],
)
def test_the_tiers_of_the_year(hours, score):
    assert totals.tier_score(HOURS.tiers, hours * 60) == score


@pytest.mark.covers("E1", "C4")
def test_the_worked_example_of_volunteer_hours():
    found = totals.hours_awards(HOURS, ANA, STORY)
    assert [(score_delta(a), points_delta(a)) for a in found] == [
        (8, 80),
        (8, 80),
        (6, 40),
        (1, 25),
        (-1, -10),
    ]
    assert found[2].raw_points == 80
    assert found[2].flags == ("CAPPED",)
    assert sum(points_delta(a) for a in found) == 215


@pytest.mark.covers("E1")
def test_a_correction_takes_from_the_newest_award_and_ends_with_it():
    newest, correction = totals.hours_awards(HOURS, ANA, STORY)[-2:]
    assert correction.flags == ("CORRECTION",)
    assert correction.period == "2025-03"
    (part,) = correction.slices
    assert (part.award_id, part.score, part.points) == (newest.award_id, -1, -10)
    assert part.last_period == newest.last_period == "2026-01"


def standing_in(period, found):
    counted = []
    for award in found:
        if award.period <= period <= award.last_period:
            counted.append((award.score, False))
        counted += [
            (part.score, True)
            for part in award.slices
            if award.period <= period <= part.last_period
        ]
    gain, loss = standing.sums(counted)
    return standing.standing_of("RES", gain, loss, standing.Measures())


@pytest.mark.covers("E1", "REQ-L01")
def test_the_standing_of_the_worked_example_month_by_month():
    found = totals.hours_awards(HOURS, ANA, STORY)
    shown = {p: standing_in(p, found) for p in ("2025-01", "2025-02", "2025-03")}
    assert [(s.score, s.grade) for s in shown.values()] == [(1022, "A"), (1023, "A"), (1022, "A")]
    # When the awards end, their correction ends with them: nothing is left to weigh on her.
    assert standing_in("2026-01", found).score == 1000
    assert standing_in("2026-02", found).score == 1000


@pytest.mark.covers("E1")
def test_the_correction_of_points_is_a_reversal_of_what_is_still_pending():
    correction = totals.hours_awards(HOURS, ANA, STORY)[-1]
    back = ledger.reverse("370811", ANA, -points_delta(correction), pending=25, lots=[])
    assert back.posting.lines == ((f"{ANA}:PENDING", -10), ("SYS:ISSUANCE:370811", 10))
    assert back.owed == 0


def test_minutes_entered_afterwards_give_score_and_no_points():
    (found,) = totals.hours_awards(HOURS, ANA, [record("2025-01-11", 120, source="BACKFILL")])
    assert (found.score, found.points) == (2, 0)


def test_without_consent_to_points_there_is_a_score_only_and_a_correction_takes_no_points():
    first = replace(FEB_15, paid=False)
    fixed = record("2025-02-15", 30, at=datetime(2025, 2, 20, tzinfo=UTC))
    found = totals.hours_awards(HOURS, ANA, [first, fixed])
    assert [(score_delta(a), points_delta(a)) for a in found] == [(2, 0), (-2, 0)]


def test_two_records_of_one_day_share_its_eight_hours():
    found = totals.hours_awards(
        HOURS,
        ANA,
        [record("2025-01-11", 300, record_id="a"), record("2025-01-11", 300, record_id="b")],
    )
    assert sum(a.score for a in found) == 8
    assert sum(a.points for a in found) == 80


def test_a_correction_above_the_days_limit_changes_nothing():
    fixed = record("2025-01-25", 500, at=datetime(2025, 1, 26, tzinfo=UTC))
    found = totals.hours_awards(HOURS, ANA, [JAN_25, fixed])
    assert (score_delta(found[1]), points_delta(found[1]), found[1].slices) == (0, 0, ())


def test_a_correction_upwards_is_an_award_of_the_open_period():
    more = record("2025-02-15", 480, period="2025-03", at=datetime(2025, 3, 10, tzinfo=UTC))
    found = totals.hours_awards(HOURS, ANA, [FEB_15, more])[-1]
    assert (found.period, found.score, found.points, found.slices) == ("2025-03", 6, 55, ())


def test_a_large_correction_goes_through_several_awards_newest_first():
    none = record("2025-01-25", 0, at=datetime(2025, 1, 27, tzinfo=UTC))
    also = record("2025-01-18", 0, at=datetime(2025, 1, 28, tzinfo=UTC))
    found = totals.hours_awards(HOURS, ANA, [JAN_11, JAN_18, JAN_25, none, also])
    assert [score_delta(a) for a in found] == [8, 8, 6, -6, -8]
    assert found[3].slices[0].award_id == found[2].award_id
    assert found[4].slices[0].award_id == found[1].award_id
    assert sum(points_delta(a) for a in found) == 80


def test_a_new_year_begins_at_nought():
    december = [record(f"2025-12-{day:02d}", 480) for day in range(1, 11)]
    found = totals.hours_awards(HOURS, ANA, [*december, record("2026-01-05", 60)])
    assert found[-1].score == 1


@pytest.mark.covers("E12")
def test_a_late_record_counts_in_the_open_period_and_leaves_the_final_one_as_it_was():
    late = record("2025-01-12", 480, period="2025-03")
    before = totals.hours_awards(HOURS, ANA, [JAN_11, JAN_18, FEB_15])
    after = totals.hours_awards(HOURS, ANA, [late, JAN_11, JAN_18, FEB_15])
    assert after[:3] == before
    assert after[3].period == "2025-03"


RECORDS = st.builds(
    lambda day, minutes, source, late, n: record(
        (date(2025, 1, 1) + timedelta(days=day)).isoformat(),
        minutes,
        record_id=f"r{n % 6}-{day}",
        source=source,
        period=f"2025-{(1 + day // 31) + late:02d}",
        event_id=f"e{n}",
        at=datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=n % 24),
    ),
    st.integers(0, 60),
    st.integers(0, 700),
    st.sampled_from(["QR", "GPS", "BACKFILL"]),
    st.integers(0, 2),
    st.integers(0, 10_000),
)


@pytest.mark.covers("C5", "C8")
@given(st.lists(RECORDS, max_size=12, unique_by=lambda r: r.event_id), st.randoms())
def test_hours_in_any_order_give_the_same_awards_and_never_less_than_nothing(facts, chance):
    found = totals.hours_awards(HOURS, ANA, facts)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert totals.hours_awards(HOURS, ANA, shuffled) == found
    days = {}
    for fact in sorted(facts, key=lambda f: (f.period, f.occurred_at, f.event_id)):
        days.setdefault(fact.on, {})[fact.record_id] = fact
    total = sum(min(480, sum(f.minutes for f in day.values())) for day in days.values())
    assert sum(score_delta(a) for a in found) == totals.tier_score(HOURS.tiers, total)
    left = {a.award_id: [a.score, a.points] for a in found}
    for award in found:
        for part in award.slices:
            left[part.award_id][0] += part.score
            left[part.award_id][1] += part.points
    assert all(score >= 0 and points >= 0 for score, points in left.values())
    cut = max((f.period for f in facts), default="")
    earlier = [f for f in facts if f.period < cut]
    assert totals.hours_awards(HOURS, ANA, earlier) == found[: len(earlier)]


def test_a_rule_without_running_total_has_no_hours():
    with pytest.raises(TypeError):
        totals.hours_awards(RULES.rule("R-RES-02"), ANA, [JAN_11])
