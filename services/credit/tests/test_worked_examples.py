"""The worked examples of the specification that touch credit, month by month as they happen."""

from datetime import timedelta

import pytest

from fivered.chassis.facts import read_in
from fivered.services.credit import events
from fivered.services.credit.rules import settlement as timeline
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import awards_of, hours, rated
from fivered.services.credit.tests.test_settlement import (
    PROJECT_ROW,
    confirm,
    entry_of,
    review,
    run_jobs,
    settlement_of,
)

pytestmark = pytest.mark.slow

PROJECT = "PRJ:prj_1"


def settle(bench, period, *, given=None, finish=True):
    """Markers before the cut-off, the draft, review, confirmation, publication; and, where it is
    wanted, the end of the notice. Returns the card of the draft."""
    days = timeline.timeline(bench.runtime.calendar, period)
    bench.fire(days.cutoff - timedelta(hours=4))
    stage.markers(bench, period, rows=given)
    bench.fire(days.draft + timedelta(hours=10))
    run_jobs(bench)
    card = settlement_of(bench, period=period)
    assert card["complete"], card["missing"]
    confirm(bench, card, review(bench, card)["version"])
    run_jobs(bench)
    bench.fire(days.publish)
    if finish:
        bench.fire(timeline.notice_ends(bench.runtime.calendar, days.publish))
    return card


def line(card, subject=PROJECT):
    entry = entry_of(card, subject)
    return entry["good"], entry["bad"], entry["score"], entry["raw_grade"], entry["grade"]


@pytest.fixture
def credit(bench):
    bench.at("2025-01-02T09:00")
    stage.rules(bench)
    return bench


@pytest.mark.covers("E1", "C11", "F7-flow", "R10")
def test_e1_hours_with_their_correction_while_february_is_still_pending(credit):
    bench = credit
    stage.resident(bench, "per_a")
    with bench.transaction() as tx:
        tx.arm("cutoff", "2025-01", tx.calendar.cutoff("2025-01"))
    for record_id, minutes, day in (
        ("rec_1", 480, "2025-01-11"),
        ("rec_2", 480, "2025-01-18"),
        ("rec_3", 540, "2025-01-25"),
    ):
        bench.at(f"{day}T18:00").deliver([hours(bench, record_id, minutes, day)])
    january = settle(bench, "2025-01", finish=False)
    bench.at(max(bench.now, stage.moment("2025-02-15T18:00"))).deliver(
        [hours(bench, "rec_4", 150, "2025-02-15")]
    )
    bench.fire("2025-02-20T09:00")
    assert stage.balances(bench, "RES:per_a") == (200, 0)
    february = settle(bench, "2025-02", finish=False)
    bench.fire("2025-03-10T10:00")
    before = stage.trial_balance(bench)
    assert before["accounts"]["PENDING"] == 25
    bench.deliver(
        [
            hours(
                bench,
                "rec_4",
                90,
                "2025-02-15",
                at="2025-03-10T10:00",
                fact="corrected",
                previous=150,
            )
        ]
    )
    # The notice of February ends on 03-15: what is taken back is still PENDING.
    after = stage.trial_balance(bench)
    assert after["postings"] == before["postings"] + 1
    assert after["accounts"]["PENDING"] == 15
    assert after["accounts"]["SYS:ISSUANCE"] == -215
    assert stage.balances(bench, "RES:per_a") == (200, 0)
    correction = awards_of(bench, "RES:per_a")[-1]
    assert (correction["score"], correction["points"]) == (-1, -10)
    assert (correction["period"], correction["to_period"]) == ("2025-03", "2026-01")
    bench.fire("2025-03-14T23:59")
    assert stage.balances(bench, "RES:per_a") == (200, 0)
    bench.fire("2025-03-15T00:01")
    assert stage.balances(bench, "RES:per_a") == (215, 0)
    march = settle(bench, "2025-03")
    standing = [line(card, "RES:per_a")[2::2] for card in (january, february, march)]
    assert standing == [(1022, "A"), (1023, "A"), (1022, "A")]
    final = stage.trial_balance(bench)["accounts"]
    assert (final["AVAILABLE"], final["SYS:ISSUANCE"]) == (215, -215)


def passed(bench, number, at):
    bench.consume(
        "property",
        "rectification_passed.v1",
        {
            "rectification_id": f"rec_p{number}",
            "project_id": "prj_1",
            "severity": "S3",
            "late": False,
        },
        subject=f"rec_p{number}",
        occurred_at=at,
    )


def overdue(bench, at, severity="S3"):
    data = {"rectification_id": "rec_o", "project_id": "prj_1", "severity": severity}
    bench.consume("property", "rectification_overdue.v1", data, subject="rec_o", occurred_at=at)
    bench.consume(
        "property",
        "rectification_escalated.v1",
        {**data, "level": 1},
        subject="rec_o",
        occurred_at=at,
    )


def may(bench, row, *, order):
    """E3's month: two rectifications passed, and one order overdue where there is one."""
    bench.at("2025-05-06T09:00")
    stage.project(bench)
    for number in (1, 2):
        passed(bench, number, "2025-05-12T10:00")
    if order:
        overdue(bench, "2025-05-20T00:00")
    return settle(bench, "2025-05", given={"property": {"projects": [PROJECT_ROW | row]}})


@pytest.mark.covers("E3", "F6-flow")
def test_e3_a_the_project_of_may_is_aa_with_83_and_in_june_84(credit):
    bench = credit
    card = may(bench, {}, order=True)
    assert line(card) == (13, 5, 83, "AA", "AA")
    june = settle(bench, "2025-06", given={"property": {"projects": [PROJECT_ROW]}})
    # R-PRJ-13 counts for two months, R-PRJ-12 and R-PRJ-11 for one; R-PRJ-05 yields 0.
    assert line(june) == (11, 2, 84, "AA", "AA")


@pytest.mark.covers("E3")
@pytest.mark.parametrize(
    ("row", "expected", "gates"),
    [
        pytest.param({}, (13, 0, 88, "AAA", "AAA"), [], id="b"),
        pytest.param(
            {"agreements_active_last_day": 1, "agreements_full_month": 1},
            (11, 3, 83, "AA", "AA"),
            ["TWO_AGREEMENTS"],
            id="c",
        ),
        pytest.param(
            {"p2c_active_last_day": False, "p2c_gap_days": 2, "cross_full_month": False},
            (11, 0, 86, "AAA", "AA"),
            ["CROSS_APPOINTMENT"],
            id="d",
        ),
    ],
)
def test_e3_b_to_d_the_same_project_without_the_order(credit, row, expected, gates):
    bench = credit
    card = may(bench, row, order=False)
    assert line(card) == expected
    assert entry_of(card, PROJECT)["gates_failed"] == gates


@pytest.mark.covers("E6")
def test_e6_an_order_overdue_on_the_national_day_weighs_in_two_months(credit):
    bench = credit
    bench.at("2025-09-03T09:00")
    stage.project(bench)
    ten = PROJECT_ROW | {"commitments_due": 0, "commitments_on_time": 0}
    # Property says both at the instant of the missed deadline, 2025-09-30 00:00.
    overdue(bench, "2025-09-30T00:00", severity="S2")
    assert {(a["rule_code"], a["score"], a["period"]) for a in awards_of(bench, PROJECT)} == {
        ("R-PRJ-12", -3, "2025-09"),
        ("R-PRJ-13", -2, "2025-09"),
    }
    bench.consume(
        "property",
        "rectification_passed.v1",
        {"rectification_id": "rec_o", "project_id": "prj_1", "severity": "S2", "late": True},
        subject="rec_o",
        occurred_at="2025-10-13T10:00",
    )
    found = []
    for period, still_open in (("2025-09", 1), ("2025-10", 0), ("2025-11", 0)):
        row = ten | {"overdue_rectifications_open": still_open}
        card = settle(bench, period, given={"property": {"projects": [row]}})
        found.append(line(card))
    assert found == [
        (10, 5, 80, "AA", "AA"),
        (10, 2, 83, "AA", "AA"),
        (10, 0, 85, "AAA", "AAA"),
    ]
    # Passed late: no R-PRJ-11.
    assert {a["rule_code"] for a in awards_of(bench, PROJECT)} & {"R-PRJ-11", "R-PRJ-14"} == set()


@pytest.mark.covers("E12", "C5")
def test_e12_1_and_2_a_rating_twice_and_before_its_resolution_is_one_award(credit):
    bench = credit.at("2025-03-10T09:00")
    stage.steward(bench, "stw_1", "per_s")
    e1 = rated(bench, request_id="req_1", at="2025-03-10T08:00", sequence=9)
    assert bench.deliver([e1]) == 1
    assert bench.deliver([e1]) == 0
    # Credit joins nothing and waits for nothing: it does not even hear of the resolution.
    assert "request_resolved.v1" not in {reader.FACT for reader in read_in(events, "steward")}
    assert bench.parked() == []
    found = awards_of(bench, "STW:stw_1")
    assert [(a["score"], a["points"]) for a in found] == [(2, 10)]


@pytest.mark.covers("E12", "N22")
def test_e12_3_and_4_the_cut_off_decides_where_a_late_deed_counts(credit):
    bench = credit.at("2025-03-20T09:00")
    stage.steward(bench, "stw_1", "per_s")
    bench.at("2025-04-02T10:00").deliver(
        [rated(bench, request_id="req_1", at="2025-03-31T22:00", partition=1)]
    )
    bench.at("2025-04-03T00:00")
    stage.markers(bench, "2025-03", source="steward")
    bench.at("2025-04-03T09:00").deliver(
        [rated(bench, request_id="req_2", at="2025-03-31T22:00", partition=1)]
    )
    rows = bench.rows(
        "SELECT deed, period, late, occurred_at, cap_window FROM awards ORDER BY deed"
    )
    assert [(row["deed"], row["period"], bool(row["late"])) for row in rows] == [
        ("req_1", "2025-03", False),
        ("req_2", "2025-04", True),
    ]
    assert rows[0]["occurred_at"] == rows[1]["occurred_at"]
    # It takes room under the cap of the month in which it counts; the other is closed.
    assert [row["cap_window"] for row in rows] == ["2025-03", "2025-04"]
