"""The pure rules, in numbers."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivered.chassis.calendar import published
from fivered.chassis.decimals import decimal
from fivered.services.property import errors, rules
from testkit.bench import instant

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))


@pytest.mark.covers("E14")
@pytest.mark.parametrize(
    ("uscc", "valid"),
    [
        ("91110108551385082Q", True),
        ("91370899MA0000000E", True),
        ("92370899MA0000000B", True),
        ("91370899MA0000003P", True),
        ("91370899MA00000250", True),
        ("91370899MA00000251", False),
        ("91370899MI0000000E", False),
        ("91370899MA0000000", False),
        ("9137089AMA0000000E", False),
    ],
)
def test_the_check_character_of_a_social_credit_code(uscc, valid):
    assert rules.uscc_valid(rules.normalise_uscc(f" {uscc[:2]}-{uscc[2:].lower()} ")) is valid


@pytest.mark.covers("E10")
def test_rationals_are_shown_half_up():
    assert decimal(Fraction(12625, 1000), 2) == "12.63"
    assert decimal(Fraction(-98214, 10000), 1) == "-9.8"
    assert decimal(Fraction(5, 1000), 2) == "0.01"
    assert decimal(None, 2) is None
    assert rules.half_up(Fraction(5, 2)) == 3


def test_recurring_commitments_fall_due_within_the_validity_only():
    span = {"valid_from": date(2025, 1, 31), "valid_to": date(2025, 6, 1)}
    monthly = rules.occurrences(date(2025, 1, 31), "MONTHLY", **span)
    assert monthly == [
        date(2025, 1, 31),
        date(2025, 2, 28),
        date(2025, 3, 31),
        date(2025, 4, 30),
        date(2025, 5, 31),
    ]
    assert rules.occurrences(None, "QUARTERLY", **span) == [date(2025, 4, 29)]
    assert rules.occurrences(None, "ONCE", **span) == []


@pytest.mark.covers("E6")
def test_level_two_starts_again_from_a_failed_check_only_when_its_instant_has_passed():
    due = instant("2025-09-30T00:00:00")
    at = rules.level_two_at(published(), due, due)
    assert at == instant("2025-10-11T00:00:00")
    assert rules.level_two_at(published(), due, instant("2025-10-09T10:00:00")) == at
    again = rules.level_two_at(published(), due, instant("2025-10-13T10:00:00"))
    assert again == instant("2025-10-17T00:00:00")


@pytest.mark.covers("E3")
@given(
    spans=st.lists(st.tuples(DAYS, st.integers(0, 400) | st.none()), max_size=6),
    month=st.integers(1, 12),
)
def test_presence_and_agreements_of_a_month_are_what_counting_its_days_one_by_one_gives(
    spans, month
):
    found = [
        rules.Agreed(day, None if length is None else day + timedelta(days=length), f"kind {n}")
        for n, (day, length) in enumerate(spans)
    ]
    period = f"2025-{month:02d}"
    first, last = rules.days_of_period(period)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    counts = [sum(span.holds(day) for span in found) for day in days]
    assert rules.agreements_all_month(found, period) == min(counts)
    seen = rules.presence(found, period)
    assert seen.full_month is (max(counts) == 0)
    assert seen.active_last_day is (counts[-1] == 0)
    assert (seen.gap_days > 0) is (counts[-1] > 0)


@pytest.mark.parametrize(
    ("sides", "committee", "missing"),
    [
        ({"COMMITTEE": ["a"], "OWNERS": ["b"], "PROPERTY": ["c"]}, True, None),
        ({"COMMITTEE": ["a"], "OWNERS": [], "PROPERTY": ["c"]}, False, None),
        ({"COMMITTEE": ["a"], "OWNERS": [], "PROPERTY": ["c"]}, True, "OWNERS"),
        ({"COMMITTEE": [], "OWNERS": ["b"], "PROPERTY": ["c"]}, False, "COMMITTEE"),
        ({"COMMITTEE": ["a"], "OWNERS": ["b"]}, False, "PROPERTY"),
    ],
)
def test_a_three_party_meeting_has_all_its_sides(sides, committee, missing):
    if missing is None:
        rules.check_quorum(sides, owners_committee=committee)
        return
    with pytest.raises(errors.QuorumNotMet) as refused:
        rules.check_quorum(sides, owners_committee=committee)
    assert refused.value.params["side"] == missing
