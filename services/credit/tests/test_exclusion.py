"""Rules that exclude each other at one deed, and the highest level of one: in any order."""

import itertools

import pytest

from fivered.services.credit.actions import drafting, finalising, reversals
from fivered.services.credit.errors import YieldsToRule
from fivered.services.credit.rules import findings, recompute
from fivered.services.credit.rules.causes import OBJECTION, Cause
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage import deductions
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import awards_of, rated
from fivered.services.credit.tests.test_races import parallel, together  # noqa: F401
from fivered.services.credit.tests.test_rule_sets import author, draft, published, rule
from fivered.services.credit.tests.test_settlement import (
    NOTICE_END,
    WD5,
    close_month,
    confirm,
    entry_of,
    review,
    run_jobs,
    settlement_of,
)
from fivered.services.credit.tests.test_verify import changed, log_of

pytestmark = pytest.mark.slow

AT = "2025-03-10T09:00"
PRJ = "PRJ:prj_1"
ORDER = "rct_1"


def overdue(bench, severity, order=ORDER, at=AT):
    return _order(bench, "rectification_overdue.v1", order, at, severity=severity)


def escalated(bench, severity, order=ORDER, at=AT):
    return _order(bench, "rectification_escalated.v1", order, at, severity=severity, level=1)


def _order(bench, fact, order, at, **more):
    data = {"rectification_id": order, "project_id": "prj_1", **more}
    return bench.event("property", fact, data, subject=order, occurred_at=at, scope=stage.COMMUNITY)


def credit_stage(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    stage.project(bench)
    bench.at(AT)


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def rows_of(bench, subject=PRJ):
    return [
        (row["rule_code"], row["score"], row["state"], row["to_period"], row["reason"])
        for row in bench.rows(
            "SELECT rule_code, score, state, to_period, reason FROM awards WHERE subject_id = :s"
            " ORDER BY rule_code",
            s=subject,
        )
    ]


def approve_safety(bench, order=ORDER):
    found = bench.rows(
        "SELECT award_id FROM awards WHERE rule_code = 'R-PRJ-15' AND deed = :d", d=order
    )[0]
    bench.as_("R_STREET", person="per_st1", scope="370811015")
    order = {"award_id": str(found["award_id"]), "note": "已听取企业意见"}
    return bench.do("approve_award", order, version=1)


YIELDED = [
    ("R-PRJ-12", -3, "REVERSED", "2025-02", "excluded:R-PRJ-15"),
    ("R-PRJ-13", -2, "REVERSED", "2025-02", "excluded:R-PRJ-15"),
    ("R-PRJ-15", -10, "PROPOSED", "2025-05", None),
]


@pytest.mark.covers("C4", "C5", "C8")
@pytest.mark.parametrize("how", ["one batch", "one by one", "every one twice"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_rule_yields_to_the_one_that_excludes_it_in_any_order_of_arrival(credit, order, how):
    bench = credit
    events = [overdue(bench, "S3"), escalated(bench, "S3"), overdue(bench, "S1")]
    ordered = [events[number] for number in order]
    if how == "one batch":
        bench.deliver(ordered)
    else:
        for event in ordered:
            bench.deliver([event] * (2 if how == "every one twice" else 1))
    assert rows_of(bench) == YIELDED
    bench.deliver(ordered)
    assert rows_of(bench) == YIELDED
    # Another order, and another project with the same order's id, are of no concern.
    bench.deliver([overdue(bench, "S3", order="rct_2")])
    assert ("R-PRJ-12", -3, "PROPOSED", "2025-03", None) in rows_of(bench)


@pytest.mark.covers("C8", "N3", "REQ-L05")
def test_the_month_counts_the_one_that_stands_and_is_verified(credit):
    bench = credit
    bench.deliver([overdue(bench, "S3"), escalated(bench, "S3")])
    bench.deliver([overdue(bench, "S1")])
    approve_safety(bench)
    card = close_month(bench)
    assert (entry_of(card, PRJ)["good"], entry_of(card, PRJ)["bad"]) == (0, 10)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire(WD5)
    lines, digest = log_of(bench)
    assert recompute.verify(lines, digest).findings == ()

    def counted(line):
        return line | {"state": "APPROVED", "to_period": "2025-03"}

    tampered = changed(lines, lambda line: line.get("rule") == "R-PRJ-12", counted)
    first = recompute.verify(tampered, digest).first
    assert (first.what, first.rule, first.found) == (
        findings.EXCLUDED,
        "R-PRJ-12",
        "yields to R-PRJ-15",
    )
    sheet = bench.as_("R_STREET", person="per_st", scope="370811015").ask(
        "explain", {"subject_id": PRJ, "period": "2025-03"}
    )
    why = {award["why"]["rule"]: award["why"]["reason"] for award in sheet["awards"]}
    assert why.get("R-PRJ-12") in (None, "excluded:R-PRJ-15")


@pytest.mark.covers("C11")
def test_a_final_month_keeps_what_it_counted_and_the_open_one_does_not(credit):
    bench = credit
    bench.deliver([escalated(bench, "S3")])
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire(NOTICE_END)
    bench.at("2025-04-20T09:00").deliver([overdue(bench, "S1", at="2025-04-20T08:00")])
    assert rows_of(bench)[0] == ("R-PRJ-13", -2, "REVERSED", "2025-03", "excluded:R-PRJ-15")
    assert entry_of(settlement_of(bench), PRJ)["bad"] == 2


@pytest.mark.covers("C4")
def test_nothing_is_asked_of_the_database_where_no_rule_excludes_another(credit):
    bench = credit

    def statements(events):
        asked.clear()
        bench.deliver(events)
        return len([text for text in asked if "awards.deed" in text]), len(asked)

    with stage.statements_of(bench) as asked:
        assert statements([rated(bench, at=AT) for _ in range(3)])[0] == 0
        one = statements([overdue(bench, "S3", order="rct_10")])
        many = statements([overdue(bench, "S3", order=f"rct_{n}") for n in range(20, 60)])
    assert one[0] == many[0] == 1
    assert one[1] == many[1]


@pytest.mark.covers("C4", "C18")
def test_by_hand_too_one_deed_is_awarded_under_one_of_two_such_rules(bench):
    stage.rules(bench)
    made = published(bench, put=[rule("R-RES-11", excludes=["R-RES-15"])])
    bench.at(f"{made['effective_from']}T09:00")
    stage.resident(bench, "per_a")
    bench.fire(f"{made['effective_from']}T12:00")

    def propose(code, ref):
        bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
        order = {"subject": "RES:per_a", "rule_code": code, "evidence": [ref]}
        return bench.do("propose_award", order | {"occurred_at": bench.now.isoformat()})

    def approve(made):
        bench.as_("R_SECRETARY", person="per_sec", scope=stage.COMMUNITY)
        return bench.do("approve_award", {"award_id": made["id"], "note": "属实"}, version=1)

    talk, settled = propose("R-RES-15", "HD-1"), propose("R-RES-11", "HD-1")
    assert approve(talk)["points"] == 20
    assert approve(settled)["points"] == 30
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 30
    assert [(row[0], row[2]) for row in rows_of(bench, "RES:per_a")] == [
        ("R-RES-11", "APPROVED"),
        ("R-RES-15", "REVERSED"),
    ]
    approve(propose("R-RES-11", "HD-2"))
    late = propose("R-RES-15", "HD-2")
    with pytest.raises(YieldsToRule) as refused:
        approve(late)
    assert (refused.value.params["other"], refused.value.field) == ("R-RES-11", "award_id")
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 60


@pytest.mark.covers("C4", "C5")
def test_two_workers_that_hear_of_one_deed_at_once_leave_one_award(parallel):  # noqa: F811
    bench = parallel
    stage.rules(bench)
    stage.project(bench)
    bench.at(AT)
    orders = [f"rct_{number}" for number in range(12)]
    together(
        bench,
        [
            [overdue(bench, "S3", order=order) for order in orders],
            [overdue(bench, "S1", order=order) for order in reversed(orders)],
        ],
    )
    found = [(row[0], row[2]) for row in rows_of(bench)]
    assert found == [("R-PRJ-12", "REVERSED")] * 12 + [("R-PRJ-15", "PROPOSED")] * 12


def replayed(bench, made, **changes):
    """What a draft gives to the project, with another R-PRJ-15."""
    order = {"rule_set_id": made["id"], "put": [rule("R-PRJ-15", **changes)]}
    made = author(bench).do("edit_rule_set", order, version=made["version"])
    asked = author(bench).do("what_if", {"rule_set_id": made["id"], "months": 1})
    run_jobs(bench)
    found = author(bench).ask("what_if_result", {"job_id": asked["job_id"], "part": "rules"})
    sides = [sum(row[f"score_{side}"] for row in found["items"]) for side in ("before", "after")]
    return *sides, made


@pytest.mark.covers("N4", "C4")
def test_a_replay_excludes_on_each_side_by_the_rules_of_that_side(credit):
    bench = credit
    bench.deliver([overdue(bench, "S3"), escalated(bench, "S3"), overdue(bench, "S1")])
    bench.deliver([overdue(bench, "S3", order="rct_2"), overdue(bench, "S1", order="rct_2")])
    approve_safety(bench)
    bench.at("2025-04-10T09:00")
    # rct_1: -10 stands for -3 and -2. rct_2: nobody has approved -10, and -3 yields all the same.
    made = draft(bench)
    before, after, made = replayed(bench, made)
    assert (before, after) == (-10, -10)
    before, after, made = replayed(bench, made, excludes=["R-PRJ-12"])
    assert (before, after) == (-10, -12)
    before, after, made = replayed(bench, made, excludes=[])
    assert (before, after) == (-10, -18)


# --------------------------------------------------------------------------------------------------
# The highest level of one deed


@pytest.fixture
def best(bench):
    """Of one request's ratings the best counts."""
    stage.rules(bench)
    made = published(bench, put=[rule("R-STW-01", cap={"per": "DEED"})])
    bench.fire(f"{made['effective_from']}T12:00")
    stage.steward(bench, "stw_1", "per_s")
    return bench, made["effective_from"][:7]


@pytest.mark.covers("C4", "C5", "C8")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("together_", [True, False])
def test_the_highest_level_of_a_deed_counts_in_any_order_of_arrival(best, order, together_):
    bench, period = best
    bench.at(f"{period}-20T12:00")
    events = [
        rated(bench, stars=stars, request_id="req_1", at=f"{period}-{day}T10:00")
        for day, stars in ((10, 4), (11, 5), (12, 5))
    ]
    ordered = [events[number] for number in order]
    for batch in [ordered] if together_ else [[event] for event in ordered]:
        bench.deliver(batch)
        assert sum(award["points"] for award in awards_of(bench, "STW:stw_1")) in (5, 10)
    with bench.transaction() as tx:
        drafting.draft(tx, period, stage.COMMUNITY)
    found = [(a["score"], a["points"]) for a in awards_of(bench, "STW:stw_1")]
    assert found == [(0, 0), (2, 10), (0, 0)]
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 10


@pytest.mark.covers("C4", "C18", "C11")
def test_a_higher_level_of_the_same_deed_is_an_award_of_its_own_and_adds_what_it_has_more(credit):
    bench = credit
    stage.resident(bench, "per_a")

    def give(level):
        bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
        made = bench.do(
            "propose_award",
            {
                "subject": "RES:per_a",
                "rule_code": "R-RES-13",
                "occurred_at": bench.now.isoformat(),
                "evidence": ["救火"],
                "level": level,
            },
        )
        bench.as_("R_STREET", person="per_st", scope="370811015")
        order = {"award_id": made["id"], "note": "属实"}
        return bench.do("approve_award", order, version=1)

    given = [give("STREET"), give("DISTRICT")]
    assert [(one["score"], one["points"]) for one in given] == [(3, 30), (2, 20)]
    card = close_month(bench)
    assert entry_of(card, "RES:per_a")["good"] == 5
    found = bench.rows("SELECT level, score, points FROM awards WHERE rule_code = 'R-RES-13'")
    assert sorted((a["level"], a["score"], a["points"]) for a in found) == [
        ("DISTRICT", 5, 50),
        ("STREET", 0, 0),
    ]
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire(WD5)
    lines, digest = log_of(bench)
    assert recompute.verify(lines, digest).findings == ()
    split = changed(
        lines,
        lambda line: line.get("level") == "STREET",
        lambda line: line | {"score": 1},
    )
    assert findings.CAP in {found.what for found in recompute.verify(split, digest).findings}


# --------------------------------------------------------------------------------------------------
# Repetition


def final_month(bench, period, order):
    """An S1 order overdue in a month, approved; the month is final."""
    bench.at(f"{period}-10T09:00").deliver(
        [overdue(bench, "S1", order=order, at=f"{period}-10T08:00")]
    )
    approve_safety(bench, order)


@pytest.fixture
def twice(credit):
    """R-PRJ-15 in two months within six, both final."""
    bench = credit

    def settle(period, subjects=(PRJ,)):
        with bench.transaction() as tx:
            finalising._veto(tx, period, deductions.make_effective(tx.conn, period, list(subjects)))

    final_month(bench, "2025-03", "rct_3")
    final_month(bench, "2025-05", "rct_5")
    return bench, settle


def vetoes(bench):
    return [
        (row["from_period"], row["to_period"])
        for row in bench.rows("SELECT from_period, to_period FROM vetoes WHERE state = 'ACTIVE'")
    ]


@pytest.mark.covers("C8", "REQ-L04")
@pytest.mark.parametrize("order", [("2025-03", "2025-05"), ("2025-05", "2025-03")])
def test_the_second_within_six_months_vetoes_for_three_whichever_is_final_first(twice, order):
    bench, settle = twice
    settle(order[0])
    assert vetoes(bench) == []
    settle(order[1])
    assert vetoes(bench) == [("2025-06", "2025-08")]


@pytest.mark.covers("C11", "N2")
def test_what_was_taken_back_is_no_repetition_and_its_veto_ends(twice):
    bench, settle = twice
    settle("2025-03")
    settle("2025-05")
    assert len(vetoes(bench)) == 1
    found = bench.rows("SELECT award_id FROM awards WHERE deed = 'rct_3'")[0]
    with bench.transaction() as tx:
        known = store.award(tx.conn, str(found["award_id"]), lock=True)
        reversals.reverse(tx, known, cause=Cause(OBJECTION, "YY-1"), by="per_x")
    assert vetoes(bench) == []
    final_month(bench, "2025-07", "rct_7")
    settle("2025-07")
    # May and July are two again; March counts no more.
    assert vetoes(bench) == [("2025-08", "2025-10")]
