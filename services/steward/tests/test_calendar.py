"""A year's working days: proposed, loaded by another person, and what that makes later."""

import pytest

from fivered.chassis import cli, doctor
from fivered.chassis.calendar import read_year
from fivered.chassis.refusal import Guard, NotFound, Refusal, RoleDenied, StateConflict
from fivered.chassis.settings import ProcessSettings
from fivered.services.steward.errors import (
    CalendarLoadedSince,
    CalendarProposed,
    CalendarSamePerson,
    MonthOver,
)
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.tests.ground import STW_STAFF, Ground
from testkit.bench import environment, open_bench, postgres_server, postgres_url  # noqa: F401
from testkit.beside import while_open

# Invented: no notice of the State Council. Monday the 4th is free, Saturday the 9th is worked.
YEAR = {
    "year": 2027,
    "off": ["2026-12-31..2027-01-04", "05-01..05-03", "10-01..10-07"],
    "make_up": ["01-09"],
    "source": "年度安排(示例)",
}


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.bench.at("2026-12-29T10:00")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def as_district(bench, person):
    return bench.as_("R_DISTRICT", person=person, scope="370811")


def loaded(bench, **changed):
    made = as_district(bench, "per_one").do("propose_calendar_year", YEAR | changed)
    which = {"proposal_id": made["id"]}
    return as_district(bench, "per_two").do("approve_calendar_year", which, version=1)


def test_who_proposes_a_year_does_not_load_it(bench):
    """OP-B1: four eyes."""
    made = as_district(bench, "per_one").do("propose_calendar_year", YEAR)
    which = {"proposal_id": made["id"]}
    with pytest.raises(CalendarSamePerson):
        bench.do("approve_calendar_year", which, version=1)
    assert bench.published("calendar_year_loaded.v1") == []
    done = as_district(bench, "per_two").do("approve_calendar_year", which, version=1)
    assert done["state"] == "LOADED"
    with pytest.raises(StateConflict):
        bench.do("approve_calendar_year", which, version=2)
    said = bench.published("calendar_year_loaded.v1")
    assert [event["data"]["make_up"] for event in said] == [["2027-01-09"]]
    assert said[0]["data"]["off"][:5] == [
        "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04",
    ]  # fmt: skip


@pytest.mark.parametrize("scope", ["370811015", "370811015901", "370812"])
def test_who_acts_for_a_part_of_the_district_moves_nobody_s_deadlines(bench, scope):
    """The calendar is one for all: it was loaded by two people of a street."""
    made = as_district(bench, "per_one").do("propose_calendar_year", YEAR)
    which = {"proposal_id": made["id"]}
    for verb, order in (
        ("propose_calendar_year", YEAR | {"year": 2028}),
        ("approve_calendar_year", which),
        ("reject_calendar_year", which | {"reason": "日期有误"}),
    ):
        with pytest.raises(RoleDenied):
            bench.as_("R_DISTRICT", person="per_two", scope=scope).do(verb, order, version=1)
    assert bench.published("calendar_year_loaded.v1") == []


def test_a_proposal_does_not_undo_a_year_that_was_loaded_since(bench):
    """An operator loads the notice as it was changed; the proposal is of before that."""
    made = as_district(bench, "per_one").do("propose_calendar_year", YEAR)
    bench.at("2026-12-30T10:00")
    with bench.transaction() as tx:
        days = [*YEAR["off"], "01-05"]
        year = read_year(YEAR["year"], days, YEAR["make_up"], YEAR["source"])
        tx.runtime.instance().load_year(tx, year)
    which = {"proposal_id": made["id"]}
    with pytest.raises(CalendarLoadedSince):
        as_district(bench, "per_two").do("approve_calendar_year", which, version=1)
    bench.do("reject_calendar_year", which | {"reason": "通知已变更"}, version=1)
    assert loaded(bench)["state"] == "LOADED"


def test_one_proposal_of_a_year_waits_at_a_time_and_may_be_taken_back(bench):
    """OP-B1"""
    made = as_district(bench, "per_one").do("propose_calendar_year", YEAR)
    with pytest.raises(CalendarProposed):
        as_district(bench, "per_two").do("propose_calendar_year", YEAR)
    taken = {"proposal_id": made["id"], "reason": "日期有误"}
    as_district(bench, "per_one").do("reject_calendar_year", taken, version=1)
    assert loaded(bench)["state"] == "LOADED"
    with pytest.raises(NotFound):
        bench.do("approve_calendar_year", {"proposal_id": "cal_none"}, version=1)


@pytest.mark.parametrize(
    ("changed", "guard"),
    [
        ({"off": ["02-30"]}, "BAD_CALENDAR_DAY"),
        ({"off": ["2028-01-01"]}, "BAD_CALENDAR_DAY"),
        ({"off": ["2027-W01-1"]}, "BAD_CALENDAR_DAY"),
        ({"off": ["10-07..10-01"]}, "BAD_CALENDAR_DAY"),
        ({"off": [*YEAR["off"], "10-01"]}, "CALENDAR_DAY_TWICE"),
        ({"make_up": ["01-03"]}, "CALENDAR_DAY_TWICE"),
        ({"make_up": ["01-05"]}, "MAKE_UP_ON_WEEKDAY"),
        ({"off": ["01-01..01-03"]}, "FIXED_HOLIDAY_MISSING"),
        ({"off": ["01-01..04-08", "05-01..05-31"]}, "TOO_MANY_CALENDAR_DAYS"),
        ({"source": "  "}, "NO_CALENDAR_SOURCE"),
    ],
)
def test_what_no_notice_says_is_refused(bench, changed, guard):
    """OP-B1: bad input says what and where."""
    with pytest.raises(Guard) as refused:
        as_district(bench, "per_one").do("propose_calendar_year", YEAR | changed)
    assert refused.value.guard == guard


def test_open_deadlines_move_later_and_each_move_is_told(staffed):
    """SP-D1, OP-B1: P3 of Tuesday 29 December: 3 working days were Wednesday, Thursday, Monday."""
    bench = staffed.bench
    made = staffed.submit(priority="P3")
    path = {"request_id": made["id"]}
    assert made["due_resolve"] == "2027-01-04T16:00:00+00:00"
    loaded(bench)
    card = staffed.cadre().ask("request", path)
    # Wednesday, Tuesday, Wednesday.
    assert card["due_resolve"] == "2027-01-06T16:00:00+00:00"
    assert card["version"] > made["version"]
    timers = bench.rows("SELECT due_at FROM timers WHERE kind = 'REQ_RESOLVE'")
    assert [str(row["due_at"])[:16] for row in timers] == ["2027-01-06 16:00"]
    clocks = bench.rows("SELECT due_at FROM request_clocks WHERE which = 'RESOLVE'")
    assert [str(row["due_at"])[:16] for row in clocks] == ["2027-01-06 16:00"]
    told = bench.published("deadline_moved.v1")
    assert [(event["data"]["what"], event["data"]["after"]) for event in told] == [
        ("REQ_RESOLVE", "2027-01-06T16:00:00Z")
    ]
    line = bench.ask("timeline", path)["items"][-1]
    assert line["action"] == "due_moved"
    bench.fire("2027-01-06T23:59")
    assert not staffed.cadre().ask("request", path)["late"]
    bench.fire("2027-01-07T00:00")
    assert staffed.cadre().ask("request", path)["late"]


def test_a_year_that_is_taken_back_and_loaded_again_moves_a_deadline_once(staffed):
    """H6-11: the day that was relied on stays, and was counted from at each later correction."""
    bench = staffed.bench
    made = staffed.submit(priority="P3")
    due = []
    less = {"off": ["2026-12-31..2027-01-03", *YEAR["off"][1:]]}
    more = {"off": ["2026-12-31..2027-01-05", *YEAR["off"][1:]]}
    for changed in ({}, less, {}, less, {}, more, {}, more):
        loaded(bench, **changed)
        card = staffed.cadre().ask("request", {"request_id": made["id"]})
        due.append(card["due_resolve"][:10])
    assert due == [*["2027-01-06"] * 5, *["2027-01-07"] * 3]
    assert len(bench.published("deadline_moved.v1")) == 2


def test_no_deadline_moves_earlier(staffed):
    """DOMAIN: only later, never earlier. 7 working days passed the make-up Saturday."""
    bench = staffed.bench.at("2027-01-06T10:00")
    made = staffed.submit(priority="P4")
    before = made["due_resolve"]
    loaded(bench)
    assert staffed.cadre().ask("request", {"request_id": made["id"]})["due_resolve"] == before
    assert bench.published("deadline_moved.v1") == []


def test_a_deadline_that_has_passed_stays_missed(staffed):
    """DOMAIN: what is over is over."""
    bench = staffed.bench
    made = staffed.submit(priority="P3")
    bench.fire("2027-01-05T09:00")
    loaded(bench)
    card = staffed.cadre().ask("request", {"request_id": made["id"]})
    assert (card["late"], card["due_resolve"]) == (True, made["due_resolve"])


def test_a_month_s_cut_off_moves_with_its_calendar(bench):
    """CR-D2: cut-off of December 2026 is the end of the second working day of January."""
    bench.at("2026-12-29T10:00")
    bench.fire("2026-12-29T10:00")
    asked = "SELECT ref, due_at FROM timers WHERE kind = 'cutoff'"
    assert str(bench.rows(asked)[0]["due_at"])[:16] == "2027-01-05 16:00"
    loaded(bench)
    row = bench.rows(asked)[0]
    assert (row["ref"], str(row["due_at"])[:16]) == ("2026-12", "2027-01-06 16:00")


# 2025 as it was announced: March is cut off at the end of Wednesday 2 April.
YEAR_2025 = {
    "year": 2025,
    "off": [
        "01-01", "01-28..02-04", "04-04..04-06", "05-01..05-05", "05-31..06-02", "10-01..10-08",
    ],
    "make_up": ["01-26", "02-08", "04-27", "09-28", "10-11"],
}  # fmt: skip
LATER_2025 = YEAR_2025 | {"off": [*YEAR_2025["off"], "04-02"]}


def test_a_year_that_is_corrected_opens_no_month_that_is_measured(staffed):
    """Its days alone said that March was open: what was measured could be changed."""
    bench = staffed.bench.at("2025-03-04T09:00")
    bench.fire("2025-04-03T09:00")
    loaded(bench, **LATER_2025)
    assert bench.rows("SELECT ref FROM timers WHERE kind = 'cutoff'") == [{"ref": "2025-04"}]
    with pytest.raises(MonthOver):
        staffed.shift(STW_STAFF, "2025-03-28T08:00", "2025-03-28T20:00")


def test_a_year_that_is_taken_back_closes_no_month_before_the_day_that_was_told(staffed):
    """DOMAIN: only later, never earlier. A shift of March was refused, and March not measured."""
    bench = staffed.bench.at("2025-03-04T09:00")
    bench.fire("2025-04-01T09:00")
    loaded(bench, **LATER_2025)
    loaded(bench, **YEAR_2025)
    bench.fire("2025-04-03T09:00")
    assert bench.rows("SELECT ref FROM timers WHERE kind = 'cutoff'") == [{"ref": "2025-03"}]
    staffed.shift(STW_STAFF, "2025-03-28T08:00", "2025-03-28T20:00")
    bench.fire("2025-04-04T09:00")
    with pytest.raises(MonthOver):
        staffed.shift(STW_STAFF, "2025-03-27T08:00", "2025-03-27T20:00")


def test_a_year_is_loaded_again_when_its_notice_changes(bench):
    """OP-B1: the notice of 2020 was changed in January of that year."""
    bench.at("2026-12-29T10:00")
    loaded(bench)
    loaded(bench, off=["2026-12-31..2027-01-05", "05-01..05-03", "10-01..10-07"])
    assert [int(event["sequence"]) for event in bench.published("calendar_year_loaded.v1")] == [
        1,
        2,
    ]
    card = bench.ask("calendar_years")
    assert [(row["year"], row["version"]) for row in card["items"]] == [(2027, 2)]
    assert (card["until"], card["ends_soon"]) == ("2027-12-31", False)


@pytest.mark.servers
def test_a_year_that_two_load_at_once_is_told_twice(postgres_url):  # noqa: F811
    """H6-2: the second was told as the first, and the other services dropped it."""
    bench = open_bench(Steward, postgres_url)
    bench.at("2026-12-29T10:00")

    def load(tx):
        year = read_year(YEAR["year"], YEAR["off"], YEAR["make_up"], YEAR["source"])
        tx.runtime.instance().load_year(tx, year)

    def load_beside():
        with bench.transaction() as tx:
            load(tx)

    assert while_open(bench, load, load_beside) is None
    said = bench.published("calendar_year_loaded.v1")
    assert [int(event["sequence"]) for event in said] == [1, 2]
    bench.runtime.close()


def test_health_tells_that_the_data_end_soon(bench):
    """OP-B1: from 60 days before the end; today's 28 November is 33 days before it."""
    bench.at("2026-11-01T10:00")
    assert not bench.ask("_health")["calendar"]["ends_soon"]
    bench.at("2026-11-28T10:00")
    assert bench.ask("_health")["calendar"] == {
        "until": "2026-12-31", "days_left": 33, "ends_soon": True,
    }  # fmt: skip
    loaded(bench)
    assert not bench.ask("_health")["calendar"]["ends_soon"]


def test_another_process_s_year_is_seen_at_once(bench):
    """OP-B1: an operator loads it beside the running system."""
    with bench.transaction() as tx:
        bench.runtime.instance().load_year(
            tx, read_year(YEAR["year"], YEAR["off"], YEAR["make_up"], YEAR["source"])
        )
    assert 2027 in bench.runtime.calendar.years
    with pytest.raises(Refusal):
        bench.as_("R_RESIDENT", scope="370811015901001").do("propose_calendar_year", YEAR)


def test_deadlines_that_rest_on_a_year_without_data_are_marked(staffed):
    """K1: in the answer to the command, in the case and in lists; no longer when it is loaded."""
    bench = staffed.bench
    made = staffed.submit(priority="P3")
    assert made["provisional"] == ["due_resolve"]
    path = {"request_id": made["id"]}
    assert staffed.cadre().ask("request", path)["provisional"] == ["due_resolve"]
    assert [row["provisional"] for row in bench.ask("requests")["items"]] == [["due_resolve"]]
    urgent = staffed.submit(category="GAS", priority="P1", text="闻到燃气味")
    assert "provisional" not in urgent
    loaded(bench)
    assert "provisional" not in staffed.cadre().ask("request", path)
    bench.at("2026-11-02T10:00")
    assert "provisional" not in staffed.submit(priority="P3", text="另一件事")


def test_a_deadline_in_hours_that_ends_with_a_day_counts_no_days_and_is_not_marked(staffed):
    """K1: 24 hours from midnight looked like a working day of the year without data."""
    staffed.bench.at("2027-01-01T00:00")
    hours = staffed.submit(category="GAS", priority="P2", text="闻到燃气味")
    assert hours["due_resolve"] == "2027-01-01T16:00:00+00:00"
    days = staffed.submit(priority="P3")
    assert days["provisional"] == ["due_resolve"]
    assert "provisional" not in hours
    shown = {row["id"]: row.get("provisional") for row in staffed.bench.ask("requests")["items"]}
    assert shown == {hours["id"]: None, days["id"]: ["due_resolve"]}


def test_a_deadline_is_marked_when_it_counted_days_of_a_gap_between_known_years(staffed):
    """It ends in a year that is known, and has counted days of one that is not."""
    bench = staffed.bench
    loaded(bench, year=2028, off=["01-01", "05-01..05-02", "10-01..10-03"], make_up=[])
    bench.at("2027-12-30T10:00")
    made = staffed.submit(priority="P3")
    assert made["due_resolve"] == "2028-01-04T16:00:00+00:00"
    assert made["provisional"] == ["due_resolve"]
    bench.at("2028-01-03T10:00")
    path = {"request_id": made["id"]}
    assert staffed.cadre().ask("request", path)["provisional"] == ["due_resolve"]
    bench.at("2027-12-31T10:00")
    assert "provisional" not in staffed.submit(priority="P3", text="另一件事")


def test_beyond_the_data_it_is_told_that_they_have_ended(tmp_path, monkeypatch, capsys):
    """H6-12: "working days are known until 2026-12-31 (-396 days)"."""
    url = f"sqlite:///{tmp_path}/steward.sqlite"
    given = environment(
        ProcessSettings,
        StewardSettings,
        FIVERED_DEMO_CLOCK="1",
        FIVERED_DEMO_START="2028-01-31T09:00:00",
        FIVERED_STEWARD_DATABASE_URL=url,
    )
    opened = open_bench(Steward, url, **given)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    # This service may be here alone, and the command looks for the one that loads calendars.
    monkeypatch.setattr("fivered.chassis.commands.service_names", lambda: ["steward"])
    lines = []
    try:
        assert cli.main(["calendar", "show"]) == 0
        assert capsys.readouterr().out == (
            "working days were known until 2026-12-31, 396 days ago; all later ones are provisional"
            " (fivered calendar load FILE)\n"
        )
        doctor.run(lines.append)
        said = "WARN steward: working days were known until 2026-12-31; later ones are provisional"
        assert said in "\n".join(lines)
    finally:
        opened.runtime.close()


def test_doctor_warns_and_nothing_is_wrong_yet(tmp_path, monkeypatch):
    """OP-B1: doctor said nothing."""
    url = f"sqlite:///{tmp_path}/steward.sqlite"
    given = environment(
        ProcessSettings,
        StewardSettings,
        FIVERED_DEMO_CLOCK="1",
        FIVERED_DEMO_START="2026-11-28T09:00:00",
        FIVERED_STEWARD_DATABASE_URL=url,
    )
    opened = open_bench(Steward, url, **given)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    lines = []
    try:
        doctor.run(lines.append)
        assert "WARN steward: working days are known until 2026-12-31" in "\n".join(lines)
        opened.runtime.fixed_now = None
        loaded(opened)
        lines.clear()
        doctor.run(lines.append)
        assert "ok   steward: working days are known until 2027-12-31" in lines
    finally:
        opened.runtime.close()
