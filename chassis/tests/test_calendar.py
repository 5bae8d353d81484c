"""The calendar knows the years that were announced, counts the others provisionally, and never
fails for want of data."""

import json
import os
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from fivered.chassis import cli, inbox, timers, years
from fivered.chassis.calendar import Year, published
from fivered.chassis.refusal import Invalid
from testkit.bench import instant, open_bench

CALENDAR = published()


def test_a_year_without_a_notice_counts_weekdays_less_the_fixed_holidays():
    """FP-D1, SP-D1: 2027 has no notice."""
    worked = [CALENDAR.is_working_day(date(2027, 1, day)) for day in range(1, 5)]
    assert worked == [False, False, False, True]  # Friday is New Year's Day
    assert not CALENDAR.is_working_day(date(2031, 5, 1))
    assert not CALENDAR.is_working_day(date(2029, 10, 3))
    assert CALENDAR.is_working_day(date(2029, 10, 4))


def test_a_deadline_beyond_the_data_is_told_and_marked():
    """SP-D1: a request of 29 December 2026."""
    due = CALENDAR.due(instant("2026-12-29T10:00"), 3)
    assert due == instant("2027-01-05T00:00")
    assert CALENDAR.provisional(due)
    assert CALENDAR.cutoff("2026-12") == instant("2027-01-06T00:00")


def test_a_deadline_that_ends_with_the_last_known_day_is_not_provisional():
    """FP-D1"""
    due = CALENDAR.due(date(2026, 12, 30), 1)
    assert due == instant("2027-01-01T00:00")
    assert not CALENDAR.provisional(due)
    assert not CALENDAR.provisional(date(2026, 12, 31))
    assert CALENDAR.provisional(date(2027, 1, 1))


def test_the_data_end_where_the_first_year_is_missing():
    """OP-B1: what a warning counts from."""
    assert CALENDAR.ends_on(instant("2026-11-28T10:00")) == date(2026, 12, 31)
    assert CALENDAR.ends_on(instant("2031-05-01T10:00")) == date(2026, 12, 31)
    assert CALENDAR.ends_on(instant("2019-05-01T10:00")) == date(2018, 12, 31)
    # 2029 was loaded, 2027 and 2028 were not.
    later = CALENDAR.with_years([Year(2029, (), (), "notice")])
    assert later.ends_on(instant("2026-11-28T10:00")) == date(2026, 12, 31)
    assert later.ends_on(instant("2027-11-28T10:00")) == date(2026, 12, 31)
    assert later.ends_on(instant("2029-11-28T10:00")) == date(2029, 12, 31)
    assert later.ends_on(instant("2031-11-28T10:00")) == date(2029, 12, 31)


def test_the_health_of_a_process_counts_days_from_the_end_of_the_data():
    """OP-B1: four years and 121 days after it, not after last New Year's Eve."""
    card = years.outlook(CALENDAR, instant("2031-05-01T10:00"))
    assert card == {"until": "2026-12-31", "days_left": -1582, "ends_soon": True}


@given(
    day=st.dates(),
    n=st.integers(0, 40),
    year=st.integers(1, 9999),
    month=st.integers(1, 12),
)
def test_no_day_and_no_month_is_too_far(day, n, year, month):
    """FP-D1, CR-D2: 9999-12 and 0001-01 are months like others."""
    period = f"{year:04d}-{month:02d}"
    begin, end = CALENDAR.month_bounds(period)
    assert begin <= end
    assert CALENDAR.cutoff(period) >= begin
    due = CALENDAR.due(day, n)
    assert CALENDAR.due(day, n + 1) >= due
    assert due - CALENDAR.due(CALENDAR.midnight(day), n) <= timedelta(days=1)
    assert CALENDAR.previous_period(period) <= period <= CALENDAR.next_period(period)
    assert CALENDAR.period(datetime.max.replace(tzinfo=UTC)) == "9999-12"
    assert CALENDAR.period(datetime.min.replace(tzinfo=UTC)) == "0001-01"


@given(day=st.dates(date(2024, 1, 1), date(2028, 1, 1)), a=st.integers(0, 9), b=st.integers(0, 9))
def test_days_that_are_counted_on_are_the_sum_of_the_days(day, a, b):
    """A deadline that continues another is the deadline of both: what moving one stands on."""
    last = CALENDAR.add_working_days(day, a)
    assert CALENDAR.add_working_days(last, b) == CALENDAR.add_working_days(day, a + b)
    assert CALENDAR.working_days(day, last) == a


def test_a_next_run_that_cannot_be_told_does_not_stop_the_present_one(bench, monkeypatch):
    """CR-D2: arming December's cut-off took November's with it."""
    told = bench.runtime.schedules["monthly"]

    def untold(now, calendar):
        raise LookupError("nobody knows")

    monkeypatch.setitem(bench.runtime.schedules, "monthly", untold)
    bench.at("2025-03-10T10:00")
    while timers.fire_due(bench.runtime):
        pass
    assert [event["data"]["note"] for event in bench.published()] == ["month 2025-02"]
    # What was not armed is shown, and goes on when the fault is mended.
    table = bench.runtime.chassis.timers
    for _ in range(timers.TRIES):
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(table).values(next_try_at=None))
        timers.fire_due(bench.runtime)
    parked = bench.parked()
    assert [row["handler"] for row in parked] == [f"timer:{timers.ARM}"]
    monkeypatch.setitem(bench.runtime.schedules, "monthly", told)
    inbox.mark_parked(bench.runtime, [parked[0]["id"]], "RETRY", "operator")
    timers.retry_parked_timers(bench.runtime)
    bench.fire("2025-05-30T00:00")
    assert [event["data"]["note"] for event in bench.published()] == [
        "month 2025-02",
        "month 2025-03",
        "month 2025-04",
    ]


def test_a_start_does_not_depend_on_the_next_run(bench, monkeypatch):
    """CR-D2, OP-B1: a process started on 4 December 2026 ended with CalendarMissing."""
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(bench.runtime.chassis.timers))
    monkeypatch.setitem(bench.runtime.schedules, "monthly", lambda now, calendar: 1 / 0)
    bench.runtime.prepare()
    bench.runtime.prepare()
    assert [row["kind"] for row in bench.rows("SELECT kind, ref FROM timers")] == [timers.ARM]


@pytest.mark.parametrize("day", ["2026-12-04", "2031-12-04"])
def test_a_start_in_a_year_without_data_arms_what_recurs(bench, day):
    """OP-B1"""
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(bench.runtime.chassis.timers))
    bench.at(f"{day}T09:00").runtime.prepare()
    assert [(row["kind"], row["ref"]) for row in bench.rows("SELECT kind, ref FROM timers")] == [
        ("monthly", f"{day[:4]}-12")
    ]


def test_the_demonstration_clock_ends_where_months_end(service_cls, tmp_path):
    """FP-D1: no clock leads to a month that no door takes."""
    url = f"sqlite:///{tmp_path}/clock.sqlite"
    opened = open_bench(service_cls, url, FIVERED_DEMO_CLOCK="1")
    try:
        for far in ("2100-01-01T00:00:00+08:00", "9999-12-31T23:59:59+08:00"):
            with pytest.raises(Invalid):
                opened.do("_set_clock", {"now": far})
    finally:
        opened.runtime.close()


OFF = ["01-01..01-03", "05-01..05-03", "10-01..10-07"]


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        json.dumps({"year": 2027, "off": OFF, "source": "a\0b"}),
        json.dumps({"year": 2027, "off": OFF, "source": "a\u202eb"}),
        json.dumps({"year": 2027, "off": OFF, "source": "a\n\x1b[31mb"}),
        json.dumps({"year": 2027, "off": OFF, "source": "\ud800"}),
        json.dumps({"year": 2027, "off": OFF, "source": "\u200b"}),
        json.dumps({"year": 2027, "off": OFF, "source": "国办"})[:-1] + ', "year": 2028}',
    ],
)
def test_a_file_that_no_notice_says_is_one_line(tmp_path, capsys, content):
    """H6-4, H6-5: tracebacks, and texts that the call's door refuses."""
    (tmp_path / "year.json").write_text(content, "utf-8")
    assert cli.main(["calendar", "check", str(tmp_path / "year.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("content", ["[" * 100_000, "[1]", '{"FIVERED_STEWARD_PII_KEY": 5}'])
def test_a_file_of_keys_that_is_none_is_one_line(tmp_path, monkeypatch, capsys, content):
    for name in [name for name in os.environ if name.startswith("FIVERED_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "keys.json"
    path.write_text(content, "utf-8")
    assert cli.main(["keys", "status", "--keys", str(path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_an_option_of_a_command_ends_with_it(tmp_path, monkeypatch, capsys):
    """CI of stop 18: `--keys` stayed in the environment, for whatever ran in the process after."""
    monkeypatch.delenv("FIVERED_KEYS", raising=False)
    assert cli.main(["keys", "status", "--keys", str(tmp_path / "keys.json")]) == 2
    assert "FIVERED_KEYS" not in os.environ
    capsys.readouterr()
