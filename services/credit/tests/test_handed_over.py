"""F19: the month in which a project changes hands, or ends, is settled for both companies."""

import pytest
import sqlalchemy as sa

from fivered.chassis.calendar import Calendar
from fivered.services.credit.actions import verify as command
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    DISTRICT,
    confirm_area,
    entry_of,
    morning,
    run_jobs,
    settlement_of,
)
from fivered.services.credit.tests.test_settlement import PROJECT_ROW
from fivered.services.credit.tests.test_verify import run

pytestmark = pytest.mark.slow

PERIOD, DAY = "2025-03", "2025-03-20T09:00"
OLD, NEW = "PRJ:prj_old", "PRJ:prj_new"

# As of 19 March: 98 % contacted +2, 92 % resolved +1, 75 % satisfied -3, 3 complaints of 1,200
# households +2, no change in twelve months 0, posts not held all month 0, one agreement -3, all
# commitments +3, a meeting +1.
OLD_ROW = PROJECT_ROW | {
    "project_id": "prj_old",
    "company_id": "pco_old",
    "in_service": False,
    "served_from": "2025-03-01",
    "served_to": "2025-03-19",
    "requests": 100,
    "contacted_on_time": 98,
    "due_resolutions": 100,
    "resolved_on_time": 92,
    "rated": 40,
    "satisfied": 30,
    "complaints_valid": 3,
    "cross_full_month": False,
    "agreements_active_last_day": 1,
    "agreements_full_month": 1,
    "commitments_on_time": 10,
}
OLD_AWARDS = {
    "R-PRJ-01": 2, "R-PRJ-02": 1, "R-PRJ-03": -3, "R-PRJ-04": 2, "R-PRJ-07": -3, "R-PRJ-08": 3,
    "R-PRJ-09": 1,
}  # fmt: skip
# From 20 March on: 95 % +1, all resolved +2, all satisfied +3, no complaint +2, too few complaints
# to compare, a gap of 12 days 0, nothing signed yet but 60 days to do so, nothing due, a meeting
# +1.
NEW_ROW = PROJECT_ROW | {
    "project_id": "prj_new",
    "company_id": "pco_new",
    "served_from": "2025-03-20",
    "served_to": "2025-03-31",
    "took_over": "2025-03-20",
    "requests": 20,
    "contacted_on_time": 19,
    "due_resolutions": 20,
    "resolved_on_time": 20,
    "rated": 10,
    "satisfied": 10,
    "complaints_valid": 0,
    "rolling_complaints": 0,
    "rolling_complaints_before": 0,
    "p2c_active_last_day": False,
    "c2p_active_last_day": False,
    "p2c_gap_days": 12,
    "c2p_gap_days": 12,
    "cross_full_month": False,
    "agreements_active_last_day": 0,
    "agreements_full_month": 0,
    "commitments_due": 0,
    "commitments_on_time": 0,
}
NEW_AWARDS = {
    "R-PRJ-01": 1, "R-PRJ-02": 2, "R-PRJ-03": 3, "R-PRJ-04": 2, "R-PRJ-09": 1,
}  # fmt: skip


def registered(bench, project_id, company_id, status, *, at, sequence=1):
    bench.consume(
        "property",
        "project_registered.v1",
        {
            "project_id": project_id,
            "company_id": company_id,
            "community": stage.COMMUNITY,
            "grids": [stage.GRID],
            "households": 1200,
            "status": status,
        },
        subject=project_id,
        sequence=sequence,
        occurred_at=stage.moment(at),
        scope=stage.COMMUNITY,
    )


def company(bench, company_id, *persons):
    bench.consume(
        "property",
        "company_registered.v1",
        {"company_id": company_id, "uscc": "x", "representatives": list(persons)},
        subject=company_id,
        scope=DISTRICT,
    )


def credit_stage(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    company(bench, "pco_old", "per_old")
    company(bench, "pco_new", "per_new")
    registered(bench, "prj_old", "pco_old", "IN_SERVICE", at="2025-02-20T09:00")


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def closes(bench):
    registered(bench, "prj_old", "pco_old", "CLOSED", at=DAY, sequence=2)


def begins(bench):
    registered(bench, "prj_new", "pco_new", "IN_SERVICE", at=DAY)


def hand_over(bench):
    bench.at(DAY)
    closes(bench)
    begins(bench)


def measured(bench, period=PERIOD, *projects):
    stage.markers(bench, period, rows={"property": {"projects": list(projects)}})


def drafted(bench):
    bench.fire(morning(bench, "2025-04-12"))
    run_jobs(bench)


def amounts(bench, subject_id, period=PERIOD):
    bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    told = bench.ask("explain", {"subject_id": subject_id, "period": period})
    return {one["why"]["rule"]: one["score"] for one in told["awards"]}


def standing(entry):
    return entry["good"], entry["bad"], entry["score"], entry["grade"], entry["gates_failed"]


TWO, CROSS = "TWO_AGREEMENTS", "CROSS_APPOINTMENT"


def check(bench):
    """Each has its own part of the month, once."""
    card = settlement_of(bench, PERIOD)
    assert standing(entry_of(card, OLD)) == (9, 6, 78, "A", [TWO])
    assert standing(entry_of(card, NEW)) == (9, 0, 84, "AA", [TWO, CROSS])
    assert (amounts(bench, OLD), amounts(bench, NEW)) == (OLD_AWARDS, NEW_AWARDS)
    counted = bench.rows("SELECT count(*) AS n FROM awards WHERE score <> 0")
    assert counted == [{"n": len(OLD_AWARDS) + len(NEW_AWARDS)}]
    return card


def confirmed_district(bench):
    run_jobs(bench)
    card = settlement_of(bench, PERIOD, DISTRICT)
    bench.as_("R_DISTRICT", person="per_d1", scope=DISTRICT)
    order = {"settlement_id": card["id"], "hash": card["hash"]}
    reply = bench.do(
        "review_settlement", order | {"checked": card["to_check"]}, version=card["version"]
    )
    bench.as_("R_DISTRICT_LEAD", person="per_d2", scope=DISTRICT)
    bench.do("confirm_settlement", order, version=reply["version"])
    return settlement_of(bench, PERIOD, DISTRICT)


@pytest.mark.covers("F19-flow", "C8")
def test_both_companies_get_their_part_of_the_month_of_a_hand_over(credit, monkeypatch):
    """P40: the old one's days counted for nobody; it was not rated, and nor was its company."""
    bench = credit
    hand_over(bench)
    bench.at("2025-04-01T20:00")
    measured(bench, PERIOD, OLD_ROW, NEW_ROW)
    drafted(bench)
    card = check(bench)
    # Two deductions, both of the old one.
    assert len(card["to_check"]) == 2
    confirm_area(bench, PERIOD)
    bench.fire("2025-04-14T09:00")
    companies = confirmed_district(bench)
    assert standing(entry_of(companies, "PCO:pco_old")) == (0, 0, 78, "A", [])
    assert standing(entry_of(companies, "PCO:pco_new")) == (0, 0, 84, "AA", [])
    bench.fire("2025-04-15T09:00")
    notice = bench.ask("notice", {"notice_id": settlement_of(bench, PERIOD)["notice_id"]})
    said = {one["subject"]: (one["score"], one["grade"]) for one in notice["body"]["organisations"]}
    assert said == {OLD: (78, "A"), NEW: (84, "AA")}
    for area in (stage.COMMUNITY, DISTRICT):
        assert run(bench, monkeypatch, period=PERIOD, community=area) == command.SOUND
    for table, column, where in (
        ("awards", "score", f"subject_id = '{OLD}' AND rule_code = 'R-PRJ-03'"),
        ("entries", "score", f"subject_id = '{OLD}'"),
    ):
        for step, found in ((1, command.TAMPERED), (-1, command.SOUND)):
            with bench.transaction() as tx:
                tx.conn.execute(
                    sa.text(f"UPDATE {table} SET {column} = {column} + {step} WHERE {where}")
                )
            assert run(bench, monkeypatch, period=PERIOD, community=stage.COMMUNITY) == found

    # The company that is gone still objects to what was taken from its project.
    (award,) = bench.rows(
        "SELECT award_id FROM awards WHERE subject_id = :s AND rule_code = 'R-PRJ-03'", s=OLD
    )
    bench.as_("R_PCO", person="per_old", scope=DISTRICT)
    filed = bench.do(
        "file_objection",
        {"target": "AWARD", "target_id": str(award["award_id"]), "text": "评价不是我们在任时的"},
    )
    assert entry_of(settlement_of(bench, PERIOD), OLD)["state"] == "HELD"
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    taken = bench.do("accept_objection", {"objection_id": filed["id"]}, version=filed["version"])
    bench.do(
        "decide_objection",
        {
            "objection_id": filed["id"],
            "outcome": "UPHELD",
            "reasons": "复核评价时间,均在移交之后作出,原认定有误",
        },
        version=taken["version"],
    )
    found = entry_of(settlement_of(bench, PERIOD), OLD)
    assert standing(found) == (9, 3, 81, "AA", [TWO])
    bench.fire("2025-05-06T10:00")
    run_jobs(bench)
    assert settlement_of(bench, PERIOD)["state"] == "SETTLED"
    assert run(bench, monkeypatch, period=PERIOD, all=True) == command.SOUND

    # It settled for the last time; the new one has until 18 May to sign.
    for period, last, given in (
        ("2025-04", "2025-04-30", NEW_AWARDS),
        ("2025-05", "2025-05-31", NEW_AWARDS | {"R-PRJ-07": -3}),
    ):
        old = OLD_ROW | {"served_from": None, "served_to": None}
        new = NEW_ROW | {"served_from": f"{period}-01", "served_to": last}
        measured(bench, period, old, new)
        bench.fire(morning(bench, f"{Calendar.next_period(period)}-12"))
        run_jobs(bench)
        items = settlement_of(bench, period)["items"]
        assert [one["subject"] for one in items] == [NEW]
        assert amounts(bench, NEW, period) == given
    after = "SELECT * FROM awards WHERE subject_id = :s AND period > '2025-03'"
    assert bench.rows(after, s=OLD) == []


TOLD = {
    "closing": closes,
    "beginning": begins,
    "month": lambda bench: measured(bench, PERIOD, OLD_ROW, NEW_ROW),
    "draft": drafted,
}


@pytest.mark.covers("F19-flow", "C5")
@pytest.mark.parametrize(
    "order",
    [
        ("month", "draft", "closing", "beginning"),
        ("month", "draft", "beginning", "closing"),
        ("beginning", "draft", "month", "closing"),
        ("closing", "month", "draft", "beginning"),
        ("draft", "month", "closing", "beginning"),
    ],
    ids="-".join,
)
def test_the_facts_of_a_hand_over_may_come_in_any_order(credit, order):
    bench = credit
    bench.at("2025-04-01T20:00")
    for told in order:
        TOLD[told](bench)
    run_jobs(bench)
    check(bench)


def test_a_project_that_was_closed_before_the_month_gets_nothing(credit):
    bench = credit
    bench.at("2025-02-25T09:00")
    registered(bench, "prj_old", "pco_old", "CLOSED", at="2025-02-25T09:00", sequence=2)
    bench.at("2025-04-01T20:00")
    measured(bench, PERIOD, OLD_ROW | {"served_from": None, "served_to": None})
    drafted(bench)
    assert bench.rows("SELECT * FROM entries WHERE period = :p AND kind = 'PRJ'", p=PERIOD) == []
    assert bench.rows("SELECT * FROM awards") == []


def test_a_project_that_ends_on_the_first_of_a_month_served_on_no_day_of_it(credit):
    bench = credit
    bench.at("2025-03-01T09:00")
    registered(bench, "prj_old", "pco_old", "CLOSED", at="2025-03-01T09:00", sequence=2)
    bench.at("2025-04-01T20:00")
    measured(bench, PERIOD, OLD_ROW | {"served_from": None, "served_to": None})
    drafted(bench)
    (entry,) = settlement_of(bench, PERIOD)["items"]
    assert (entry["subject"], entry["score"], entry["grade"]) == (OLD, None, "NR")
    assert bench.rows("SELECT * FROM awards") == []


def test_a_month_published_by_the_formula_before_is_verified_by_it(credit, monkeypatch):
    """A release before kept the row as it was told, and did not rate the project."""
    bench = credit
    hand_over(bench)
    bench.at("2025-04-01T20:00")
    monkeypatch.setattr(
        "fivered.services.credit.rules.standing.row_as_settled", lambda row, *_: row
    )
    monkeypatch.setattr("fivered.services.credit.rules.standing.FORMULA", 2)
    measured(bench, PERIOD, OLD_ROW, NEW_ROW)
    drafted(bench)
    confirm_area(bench, PERIOD)
    bench.fire("2025-04-14T09:00")
    monkeypatch.undo()
    entry = entry_of(settlement_of(bench, PERIOD), OLD)
    assert (entry["score"], entry["grade"]) == (None, "NR")
    assert run(bench, monkeypatch, period=PERIOD, community=stage.COMMUNITY) == command.SOUND
