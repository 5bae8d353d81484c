"""The month's timeline and its digest."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivered.chassis import calendar as cal
from fivered.services.credit.rules import settlement
from fivered.services.credit.rules.settlement import AwardLine, EntryLine

CALENDAR = cal.published()


def local(year, month, day, hour=0):
    return datetime(year, month, day, hour, tzinfo=cal.SHANGHAI).astimezone(UTC)


@pytest.mark.covers("E12")
def test_the_timeline_of_march_2025_skips_the_tomb_sweeping_festival():
    # Working days of April: 1, 2, 3, 7, 8; Friday the 4th is the festival.
    found = settlement.timeline(CALENDAR, "2025-03")
    assert found.cutoff == local(2025, 4, 3)
    assert found.draft == local(2025, 4, 3)
    assert found.review == local(2025, 4, 8)
    assert found.publish == local(2025, 4, 8, 9)


@pytest.mark.covers("E1")
def test_the_notice_of_february_2025_ends_on_the_day_of_the_worked_example():
    published = settlement.timeline(CALENDAR, "2025-02").publish
    assert published == local(2025, 3, 7, 9)
    assert settlement.notice_ends(CALENDAR, published) == local(2025, 3, 15)
    assert settlement.closes(CALENDAR, published) == local(2025, 4, 8)
    assert settlement.notice_down(local(2025, 3, 15)) == local(2025, 4, 14)


def test_the_district_batch_runs_a_working_day_later():
    found = settlement.timeline(CALENDAR, "2025-02", later_days=1)
    assert found.cutoff == settlement.timeline(CALENDAR, "2025-02").cutoff
    assert found.publish == local(2025, 3, 10, 9)


@pytest.mark.parametrize(
    ("confirmed", "published"),
    [
        (local(2025, 3, 6, 17), local(2025, 3, 7, 9)),
        (local(2025, 3, 7, 8), local(2025, 3, 7, 9)),
        (local(2025, 3, 7, 10), local(2025, 3, 10, 9)),
        (local(2025, 3, 10, 8), local(2025, 3, 10, 9)),
        (local(2025, 3, 8, 8), local(2025, 3, 10, 9)),
    ],
)
def test_a_late_confirmation_slips_publication_to_the_next_working_morning(confirmed, published):
    planned = local(2025, 3, 7, 9)
    assert settlement.publish_at(CALENDAR, planned, confirmed) == published


@pytest.mark.covers("E12")
@pytest.mark.parametrize(
    ("recorded", "period", "late"),
    [
        (local(2025, 3, 31, 23), "2025-03", False),
        (local(2025, 4, 2, 10), "2025-03", False),
        (local(2025, 4, 3), "2025-04", True),
        (local(2025, 4, 3, 9), "2025-04", True),
        (local(2025, 6, 20), "2025-06", True),
    ],
)
def test_what_comes_after_the_cut_off_counts_in_the_open_period(recorded, period, late):
    assert settlement.award_period(CALENDAR, "2025-03", recorded) == (period, late)


@given(st.dates(date(2024, 1, 1), date(2026, 10, 1)))
def test_every_month_runs_cut_off_draft_review_publication_notice_close(day):
    found = settlement.timeline(CALENDAR, f"{day:%Y-%m}")
    ends = settlement.notice_ends(CALENDAR, found.publish)
    steps = [found.cutoff, found.draft, found.publish, ends]
    assert steps == sorted(steps)
    assert found.cutoff < found.review <= found.publish < ends
    assert settlement.notice_down(ends) - ends == timedelta(days=30)


# --------------------------------------------------------------------------------------------------
# Digest


ENTRY = EntryLine(
    "PRJ:prj_1",
    13,
    5,
    83,
    "AA",
    ("TWO_AGREEMENTS",),
    (AwardLine("R-PRJ-01", "2025-05-31", 2, 0), AwardLine("R-PRJ-12", "2025-05-20", -3, 0)),
)
OTHER = EntryLine("RES:per_1", 22, 0, 1022, "A", (), (AwardLine("R-RES-01", "2025-05-02", 8, 80),))
HEAD = {"rules": "RC-2025.1", "period": "2025-05", "community": "370811015901"}


def digest(*entries, **head):
    return settlement.settlement_digest(entries, **{**HEAD, **head})


@pytest.mark.covers("C8")
def test_the_digest_does_not_depend_on_the_order_of_entries_awards_or_gates():
    turned = replace(ENTRY, awards=ENTRY.awards[::-1])
    assert digest(ENTRY, OTHER) == digest(OTHER, turned)


@pytest.mark.covers("C8")
@pytest.mark.parametrize(
    "changed",
    [
        replace(ENTRY, subject="PRJ:prj_2"),
        replace(ENTRY, gain=14),
        replace(ENTRY, loss=6),
        replace(ENTRY, score=84),
        replace(ENTRY, score=None),
        replace(ENTRY, grade="AAA"),
        replace(ENTRY, gates_failed=()),
        replace(ENTRY, awards=ENTRY.awards[:1]),
        replace(ENTRY, awards=(*ENTRY.awards, ENTRY.awards[0])),
        replace(ENTRY, awards=(replace(ENTRY.awards[0], on="2025-05-30"), ENTRY.awards[1])),
        replace(ENTRY, awards=(replace(ENTRY.awards[0], points=1), ENTRY.awards[1])),
    ],
)
def test_any_change_of_an_entry_changes_the_digest(changed):
    assert digest(ENTRY, OTHER) != digest(changed, OTHER)


def test_month_community_and_rule_set_belong_to_the_digest():
    whole = {digest(ENTRY), digest(ENTRY, rules="RC-2026.1"), digest(ENTRY, period="2025-06")}
    assert len(whole | {digest(ENTRY, community="370811015902")}) == 4


def test_a_settlement_may_be_digested_entry_by_entry_but_only_in_order():
    running = settlement.SettlementDigest(**HEAD)
    for entry in (ENTRY, OTHER):
        running.add(entry.subject, settlement.entry_digest(entry))
    assert running.value() == digest(OTHER, ENTRY)
    with pytest.raises(ValueError, match="does not come after"):
        running.add(ENTRY.subject, settlement.entry_digest(ENTRY))
