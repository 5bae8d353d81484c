"""K8: a final month never changes, and what changes an open month is in its draft."""

import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox
from fivered.chassis.calendar import SHANGHAI, Calendar
from fivered.services.credit.actions import verify as command
from fivered.services.credit.errors import EarlierMonthOpen, HashChanged
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    entry_of,
    final_month,
    run_jobs,
    settlement_of,
)
from fivered.services.credit.tests.test_awards import attended, awards_of, hours
from fivered.services.credit.tests.test_rule_sets import (
    approve,
    author,
    consult,
    draft,
    publish,
    rule,
)
from fivered.services.credit.tests.test_verify import run

pytestmark = pytest.mark.slow

ANA = "RES:per_a"


def amended(bench, changed, *, begins="2025-04-01"):
    """The district's rules with one rule changed, through all its steps."""
    made = draft(bench, effective_from=begins)
    order = {"rule_set_id": made["id"], "put": [changed]}
    made = author(bench).do("edit_rule_set", order, version=made["version"])
    made = consult(bench, made)
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    bench.fire(begins + "T00:00")


def hours_rule(*, steps, points):
    found = rule("R-RES-01")
    return found | {"tiers": found["tiers"] | {"steps": steps, "points": points}}


STRICTER = hours_rule(
    steps=[{"to_minutes": None, "minutes": 120}], points={"minutes": 30, "points": 4}
)
MORE = hours_rule(steps=[{"to_minutes": None, "minutes": 60}], points={"minutes": 30, "points": 8})


def credit_stage(bench):
    bench.at("2025-01-02T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a")
    with bench.transaction() as tx:
        tx.arm("cutoff", "2025-01", tx.calendar.cutoff("2025-01"))


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def a_final_january(bench):
    for record_id, minutes, day in (
        ("rec_1", 480, "2025-01-11"),
        ("rec_2", 480, "2025-01-18"),
        ("rec_3", 240, "2025-01-25"),
    ):
        bench.at(f"{day}T18:00").deliver([hours(bench, record_id, minutes, day)])
    card = final_month(bench, "2025-01")
    assert (entry_of(card, ANA)["score"], stage.balances(bench, ANA)) == (1020, (200, 0))


@pytest.fixture
def final_january(credit):
    return credit.staged(a_final_january)


def pending(bench):
    rows = bench.rows("SELECT period, points FROM pendings WHERE points > 0 ORDER BY period")
    return {row["period"]: row["points"] for row in rows}


@pytest.mark.covers("C3", "E1", "N3")
@pytest.mark.parametrize(
    ("changed", "given"), [(STRICTER, (2, 32)), (MORE, (4, 64))], ids=["stricter", "more"]
)
def test_an_amended_rule_counts_only_the_deeds_of_its_own_days(
    final_january, changed, given, monkeypatch
):
    """CR-D1: the newest event's rule was applied to all records of the year."""
    bench = final_january
    before = awards_of(bench, ANA)
    amended(bench, changed)
    bench.at("2025-04-05T18:00").deliver([hours(bench, "rec_4", 240, "2025-04-05")])
    found = awards_of(bench, ANA)
    assert found[:3] == before
    assert [(a["score"], a["points"], a["period"]) for a in found[3:]] == [(*given, "2025-04")]
    assert stage.balances(bench, ANA) == (200, 0)
    assert pending(bench) == {"2025-04": given[1]}
    sets = bench.rows("SELECT DISTINCT day, rule_set FROM awards ORDER BY day")
    assert [row["rule_set"] for row in sets] == ["RC-2025.1"] * 3 + ["RC-2025.2"]
    stage.trial_balance(bench)
    for period in ("2025-02", "2025-03", "2025-04"):
        card = final_month(bench, period)
    assert entry_of(card, ANA)["score"] == 1020 + given[0]
    # No points stay behind in a month that is settled.
    assert pending(bench) == {}
    for period in ("2025-01", "2025-04"):
        assert run(bench, monkeypatch, period=period) == command.SOUND


@pytest.mark.covers("C3", "E1")
def test_a_record_of_before_an_amendment_is_corrected_by_the_rule_of_its_day(
    final_january, monkeypatch
):
    """CR-D1: the correction of a January record after the amendment did the same."""
    bench = final_january
    before = awards_of(bench, ANA)
    amended(bench, STRICTER)
    bench.at("2025-04-05T18:00").deliver(
        [
            hours(
                bench,
                "rec_2",
                420,
                "2025-01-18",
                at="2025-04-05T10:00",
                fact="corrected",
                previous=480,
            )
        ]
    )
    found = awards_of(bench, ANA)
    assert found[:3] == before
    # f(1 200) - f(1 140) is 1 by the rule of January; that of April would say 0. Its points are
    # 200 - 190 by January's rule.
    assert [(a["score"], a["points"], a["period"]) for a in found[3:]] == [(-1, -10, "2025-04")]
    assert entry_of(settlement_of(bench, "2025-01"), ANA)["score"] == 1020
    for period in ("2025-02", "2025-03", "2025-04"):
        card = final_month(bench, period)
    assert entry_of(card, ANA)["score"] == 1019
    assert run(bench, monkeypatch, period="2025-04") == command.SOUND


@pytest.mark.covers("C3", "E1")
def test_a_record_is_still_corrected_when_its_rule_has_been_dropped(final_january):
    """CR-D1, the same kind: a rule that newer rules no longer have corrects what it gave."""
    bench = final_january
    made = draft(bench, effective_from="2025-04-01")
    order = {"rule_set_id": made["id"], "drop": ["R-RES-01"]}
    made = consult(bench, author(bench).do("edit_rule_set", order, version=made["version"]))
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    bench.fire("2025-04-05T09:00")
    wrong = hours(
        bench, "rec_2", 420, "2025-01-18", at="2025-04-05T10:00", fact="corrected", previous=480
    )
    bench.deliver([wrong, hours(bench, "rec_4", 240, "2025-04-05")])
    assert [(a["score"], a["points"]) for a in awards_of(bench, ANA)[3:]] == [(-1, -10)]


@pytest.mark.covers("C3", "C8")
def test_a_cap_of_the_year_is_that_of_each_deeds_own_day(credit, monkeypatch):
    """CR-D1, the same kind: one window, two versions of its rule. Twice a year before May; from
    May on five times."""
    bench = credit
    yearly = rule("R-RES-03", cap={"per": "YEAR", "count": 2})
    first = draft(bench, effective_from="2025-02-01")
    order = {"rule_set_id": first["id"], "put": [yearly]}
    made = consult(bench, author(bench).do("edit_rule_set", order, version=first["version"]))
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    bench.fire("2025-02-03T09:00")
    for day in (3, 4, 5):
        bench.at(f"2025-02-0{day}T21:00").deliver(
            [attended(bench, "per_a", f"2025-02-0{day}T20:00")]
        )
    assert [a["score"] for a in awards_of(bench, ANA)] == [1, 1, 0]
    final_month(bench, "2025-02")
    second = draft(bench, "2025.3", based_on="RC-2025.2", effective_from="2025-05-01")
    order = {"rule_set_id": second["id"], "put": [yearly | {"cap": {"per": "YEAR", "count": 5}}]}
    made = consult(bench, author(bench).do("edit_rule_set", order, version=second["version"]))
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    for period in ("2025-03", "2025-04"):
        final_month(bench, period)
    # Later ones first: the draft puts the window in order.
    for day in (9, 8, 7):
        bench.at(f"2025-05-{day + 10}T21:00").deliver(
            [attended(bench, "per_a", f"2025-05-0{day}T20:00")]
        )
    final_month(bench, "2025-05")
    assert [a["score"] for a in awards_of(bench, ANA)] == [1, 1, 0, 1, 1, 0]
    assert run(bench, monkeypatch, period="2025-05") == command.SOUND


# --------------------------------------------------------------------------------------------------
# An open month notices whatever changes it


MER = "MER:mer_1"


def merchant(bench, ref="mer_1"):
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9])
    bench.do("open_subject", {"kind": "MER", "ref": ref, "area": stage.COMMUNITY})


def lane(bench, at="2025-01-14T10:00", approve=True):
    """R-MER-08, -5 for two months."""
    actor = bench.at(at).as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    made = actor.do(
        "propose_award",
        {
            "subject": MER,
            "rule_code": "R-MER-08",
            "occurred_at": stage.moment(at).isoformat(),
            "evidence": ["ZG-1"],
        },
    )
    if approve:
        bench.as_("R_STREET", person="per_street2", scope=stage.COMMUNITY[:9])
        bench.do("approve_award", {"award_id": made["id"]}, version=made["version"])
    return made


def drafted(bench, period, at, area=stage.COMMUNITY):
    following = Calendar.next_period(period)
    bench.fire(f"{following}-01T20:00")
    stage.markers(bench, period)
    bench.fire(at)
    run_jobs(bench)
    return settlement_of(bench, period, area)


def reviewed(bench, period):
    card = settlement_of(bench, period)
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    return card, bench.do(
        "review_settlement",
        {"settlement_id": card["id"], "hash": card["hash"], "checked": card["to_check"]},
        version=card["version"],
    )


def confirmed(bench, period):
    card, reply = reviewed(bench, period)
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9])
    bench.do(
        "confirm_settlement",
        {"settlement_id": card["id"], "hash": card["hash"]},
        version=reply["version"],
    )
    return settlement_of(bench, period)


@pytest.mark.covers("N3")
def test_a_deduction_that_counts_for_good_meanwhile_is_in_the_month_that_was_confirmed(
    credit, monkeypatch
):
    """CR-D4: it was left out of February, and `fivered verify` called February tampered with."""
    bench = credit
    merchant(bench)
    lane(bench)
    drafted(bench, "2025-01", "2025-02-08T10:00")
    # A late month, and a legitimate one: its notice ends on 03-06 at midnight.
    bench.fire("2025-02-26T09:00")
    confirmed(bench, "2025-01")
    assert entry_of(drafted(bench, "2025-02", "2025-03-05T10:00"), MER)["score"] == 75
    first = confirmed(bench, "2025-02")
    assert first["state"] == "CONFIRMED"
    bench.fire("2025-03-06T00:01")
    assert entry_of(settlement_of(bench, "2025-01"), MER)["state"] == "FINAL"
    run_jobs(bench)
    again = settlement_of(bench, "2025-02")
    assert (again["state"], entry_of(again, MER)["score"]) == ("DRAFTED", 70)
    assert again["hash"] != first["hash"]
    bench.fire("2025-03-07T09:00")
    assert settlement_of(bench, "2025-02")["notice_id"] is None
    assert confirmed(bench, "2025-02")["state"] == "PUBLISHED"
    bench.fire("2025-03-20T00:01")
    assert entry_of(settlement_of(bench, "2025-02"), MER)["score"] == 70
    for period in ("2025-01", "2025-02"):
        assert run(bench, monkeypatch, period=period) == command.SOUND


@pytest.mark.covers("N3")
def test_a_later_month_waits_for_the_deductions_of_an_earlier_one(credit, monkeypatch):
    """K8: of two late months the later was published first, and lost what the earlier brought."""
    bench = credit
    merchant(bench)
    lane(bench)
    drafted(bench, "2025-01", "2025-02-08T10:00")
    assert entry_of(drafted(bench, "2025-02", "2025-03-10T10:00"), MER)["score"] == 75
    with pytest.raises(EarlierMonthOpen, match="2025-01"):
        confirmed(bench, "2025-02")
    confirmed(bench, "2025-01")
    bench.fire("2025-03-11T09:00")
    assert settlement_of(bench, "2025-01")["state"] == "PUBLISHED"
    # The notice of January runs: February is confirmed, and hangs after it at the earliest.
    assert confirmed(bench, "2025-02")["state"] == "CONFIRMED"
    bench.fire("2025-03-18T10:00")
    assert settlement_of(bench, "2025-02")["state"] == "CONFIRMED"
    bench.fire("2025-03-19T08:00")
    run_jobs(bench)
    again = settlement_of(bench, "2025-02")
    assert (again["state"], entry_of(again, MER)["score"]) == ("DRAFTED", 70)
    confirmed(bench, "2025-02")
    bench.fire("2025-03-28T10:00")
    assert settlement_of(bench, "2025-02")["state"] == "SETTLED"
    for period in ("2025-01", "2025-02"):
        assert run(bench, monkeypatch, period=period) == command.SOUND


@pytest.mark.covers("F8-flow")
def test_who_objects_does_not_escape_the_second_month_of_a_deduction(credit, monkeypatch):
    """CR-D4: an objection dismissed after the next month was drafted, and before it is published."""
    bench = credit
    merchant(bench)
    lane(bench)
    drafted(bench, "2025-01", "2025-02-08T10:00")
    card = confirmed(bench, "2025-01")
    bench.fire("2025-02-12T10:00")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    filed = bench.do(
        "file_objection",
        {"target": "ENTRY", "target_id": f"{card['id']}/{MER}", "text": "通道并未占用"},
    )
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    taken = bench.do("accept_objection", {"objection_id": filed["id"]}, version=filed["version"])
    assert entry_of(drafted(bench, "2025-02", "2025-03-05T10:00"), MER)["score"] == 75
    reviewed(bench, "2025-02")
    bench.at("2025-03-05T15:00").as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    bench.do(
        "decide_objection",
        {
            "objection_id": filed["id"],
            "outcome": "DISMISSED",
            "reasons": "现场照片与整改通知书相互印证,占用通道的事实清楚,程序合法",
        },
        # Nobody decided in time, and that was marked.
        version=taken["version"] + 1,
    )
    assert entry_of(settlement_of(bench, "2025-01"), MER)["state"] == "FINAL"
    run_jobs(bench)
    assert entry_of(settlement_of(bench, "2025-02"), MER)["score"] == 70
    assert settlement_of(bench, "2025-02")["state"] == "DRAFTED"
    confirmed(bench, "2025-02")
    bench.fire("2025-03-20T00:01")
    assert run(bench, monkeypatch, period="2025-02") == command.SOUND
    assert [a["state"] for a in awards_of(bench, MER)] == ["APPROVED"]


@pytest.mark.covers("N3")
def test_a_late_approval_is_in_every_open_month_in_which_it_counts(credit, monkeypatch):
    """CR-D4, the same kind: January waits, February is drafted; what is approved for January
    counts in February too."""
    bench = credit
    bench.at("2025-01-20T10:00").as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    made = bench.do(
        "propose_award",
        {
            "subject": ANA,
            "rule_code": "R-RES-11",
            "occurred_at": "2025-01-20T09:00:00+08:00",
            "evidence": ["TJ-1"],
        },
    )
    drafted(bench, "2025-01", "2025-02-08T10:00")
    drafted(bench, "2025-02", "2025-03-05T10:00")
    reviewed(bench, "2025-02")
    bench.at("2025-03-05T11:00").as_("R_SECRETARY", person="per_s1", scope=stage.COMMUNITY)
    bench.do("approve_award", {"award_id": made["id"]}, version=made["version"])
    run_jobs(bench)
    for period in ("2025-01", "2025-02"):
        card = settlement_of(bench, period)
        assert (card["state"], entry_of(card, ANA)["score"]) == ("DRAFTED", 1003), period
    confirmed(bench, "2025-01")
    confirmed(bench, "2025-02")
    bench.fire("2025-03-20T00:01")
    assert pending(bench) == {}
    assert run(bench, monkeypatch, period="2025-02") == command.SOUND


def test_a_change_that_nobody_has_told_of_is_refused_at_the_confirmation_and_drafted_by_night(
    credit,
):
    """K8: the digest is that of all inputs, and a draft that is outdated does not stay so."""
    bench = credit
    merchant(bench)
    drafted(bench, "2025-01", "2025-02-08T10:00")
    card, reply = reviewed(bench, "2025-01")
    with bench.transaction() as tx:
        tx.conn.execute(
            sa.text("UPDATE subjects SET closed_at = :at WHERE subject_id = :s"),
            {"at": "2025-01-20 00:00:00", "s": MER},
        )
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9])
    order = {"settlement_id": card["id"], "hash": card["hash"]}
    with pytest.raises(HashChanged):
        bench.do("confirm_settlement", order, version=reply["version"])
    bench.fire("2025-02-09T01:00")
    run_jobs(bench)
    fresh = settlement_of(bench, "2025-01")
    assert fresh["state"] == "DRAFTED"
    assert MER not in {item["subject"] for item in fresh["items"]}
    assert confirmed(bench, "2025-01")["state"] == "CONFIRMED"


# --------------------------------------------------------------------------------------------------
# Where and what somebody was in a month that settles late


def moved(bench, at, to):
    bench.at(at).consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": "per_a",
            "from_grid": None,
            "to_grid": f"{to}001",
            "community": to,
            "household_id": None,
        },
        subject="per_a",
        scope=to,
    )


OTHER = "370811015902"


@pytest.mark.covers("R4")
def test_who_moves_there_and_back_stays_in_the_month_where_he_lived(credit):
    """CR-D11: one former area was kept, and January had the person nowhere; the points stayed PENDING."""
    bench = credit
    bench.at("2025-01-20T21:00").deliver([attended(bench, "per_a", "2025-01-20T20:00")])
    drafted(bench, "2025-01", "2025-02-08T10:00")
    moved(bench, "2025-02-11T10:00", OTHER)
    drafted(bench, "2025-02", "2025-03-05T10:00", OTHER)
    moved(bench, "2025-03-06T10:00", stage.COMMUNITY)
    moved(bench, "2025-03-06T11:00", OTHER)
    bench.at("2025-03-07T10:00").as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9])
    bench.do("draft_settlement", {"period": "2025-01"})
    run_jobs(bench)

    def where(period):
        rows = bench.rows(
            "SELECT s.area FROM entries e JOIN settlements s USING (settlement_id)"
            " WHERE e.subject_id = :s AND e.period = :p",
            s=ANA,
            p=period,
        )
        return [row["area"] for row in rows]

    assert where("2025-01") == [stage.COMMUNITY]
    assert where("2025-02") == [OTHER]
    confirmed(bench, "2025-01")
    bench.fire("2025-03-20T00:01")
    assert settlement_of(bench, "2025-01")["state"] == "SETTLED"
    assert pending(bench) == {}
    assert stage.balances(bench, ANA) == (10, 0)


@pytest.mark.covers("REQ-L04")
def test_who_withdraws_and_moves_before_his_month_is_final_keeps_its_points(credit):
    """CR-D11, the same kind: leavers were looked for where they live now."""
    bench = credit
    bench.at("2025-01-20T21:00").deliver([attended(bench, "per_a", "2025-01-20T20:00")])
    drafted(bench, "2025-01", "2025-02-08T10:00")
    with bench.transaction() as tx:
        tx.conn.execute(sa.text("UPDATE consent_spans SET until = '2025-01-30 00:00:00'"))
    moved(bench, "2025-02-11T10:00", OTHER)
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9])
    bench.do("draft_settlement", {"period": "2025-01"})
    run_jobs(bench)
    confirmed(bench, "2025-01")
    bench.fire("2025-03-20T00:01")
    assert pending(bench) == {}


@pytest.mark.covers("N6")
def test_a_shop_that_was_suspended_after_a_month_is_rated_in_it(credit):
    """K11: the state of the last day counts, not that of the day on which the month is drafted;
    CR-D18: in its last month a shop has an entry without a grade, as a project has."""
    bench = credit
    stage.partner(bench)
    bench.fire("2025-02-04T10:00")
    bench.consume(
        "partner",
        "partner_suspended.v1",
        {"partner_id": "ptn_1"},
        subject="ptn_1",
        scope=stage.COMMUNITY,
    )
    january = drafted(bench, "2025-01", "2025-02-08T10:00")
    assert entry_of(january, "PTN:ptn_1")["grade"] == "A"
    bench.fire("2025-02-20T10:00")
    bench.consume(
        "partner",
        "partner_exited.v1",
        {"partner_id": "ptn_1"},
        subject="ptn_1",
        scope=stage.COMMUNITY,
    )
    february = drafted(bench, "2025-02", "2025-03-05T10:00")
    assert entry_of(february, "PTN:ptn_1")["grade"] == "NR"
    march = drafted(bench, "2025-03", "2025-04-08T10:00")
    assert "PTN:ptn_1" not in {item["subject"] for item in march["items"]}
    january = settlement_of(bench, "2025-01")
    assert entry_of(january, "PTN:ptn_1")["grade"] == "A"


# --------------------------------------------------------------------------------------------------
# What is shown before it holds


@pytest.mark.covers("C18")
def test_a_month_is_reviewed_when_all_was_looked_at_and_nothing_is_missing(credit):
    """FP-D14: `checked: []` was accepted as REVIEWED, and so was an incomplete draft."""
    bench = credit
    merchant(bench)
    lane(bench)
    card = drafted(bench, "2025-01", "2025-02-08T10:00")
    assert len(card["to_check"]) == 1

    def look(card, checked):
        bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
        order = {"settlement_id": card["id"], "hash": card["hash"], "checked": checked}
        return bench.do("review_settlement", order, version=card["version"])

    reply = look(card, [])
    assert (reply["state"], reply["unchecked"]) == ("DRAFTED", 1)
    waits = settlement_of(bench, "2025-01")
    assert (waits["state"], waits["reviewed_at"]) == ("DRAFTED", None)
    bench.deliver([inbox.Delivery(b"{not json", "steward", 0)])
    reply = look(settlement_of(bench, "2025-01"), card["to_check"])
    assert (reply["state"], reply["missing"]) == ("DRAFTED", ["parked:steward"])
    inbox.mark_parked(bench.runtime, [bench.parked()[0]["id"]], "DROPPED", "operator")
    reply = look(settlement_of(bench, "2025-01"), card["to_check"])
    assert (reply["state"], reply["unchecked"], reply["missing"]) == ("REVIEWED", 0, [])
    assert settlement_of(bench, "2025-01")["reviewed_at"] is not None
    bench.deliver([inbox.Delivery(b"{not json", "steward", 1)])
    reply = look(settlement_of(bench, "2025-01"), [])
    waits = settlement_of(bench, "2025-01")
    assert (waits["state"], waits["reviewed_at"]) == ("DRAFTED", None)


def test_the_public_entry_lists_what_its_score_counts(credit):
    """FP-D14: while the notice runs it listed what adds to the score only."""
    bench = credit
    merchant(bench)
    lane(bench)
    drafted(bench, "2025-01", "2025-02-08T10:00")
    card = confirmed(bench, "2025-01")
    bench.fire("2025-02-10T10:00")
    bench.as_("R_RESIDENT", person="per_other", scope=stage.GRID)
    shown = bench.ask("settlement_entry", {"settlement_id": card["id"], "subject_id": MER})
    assert (shown["viewer"], shown["score"]) == ("PUBLIC", 70)
    assert [(reason["rule"], reason["score"]) for reason in shown["reasons"]] == [("R-MER-08", -5)]


@pytest.mark.covers("R4")
def test_points_that_have_expired_are_not_available_before_the_night(credit):
    """FP-D14: `available` showed them until the nightly run."""
    bench = credit
    stage.give(bench, ANA, "2024-11", 40, str(uuid.uuid4()))
    stage.give(bench, ANA, "2025-02", 60, str(uuid.uuid4()))
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)

    def points():
        return bench.ask("me")["subjects"][0]["points"]

    bench.at("2025-12-31T23:59")
    assert (points()["available"], len(points()["lots"])) == (100, 2)
    bench.at("2026-01-01T00:00")
    assert (points()["available"], len(points()["lots"])) == (60, 1)


@pytest.mark.covers("C18")
def test_an_explanation_shows_what_was_taken_back_and_the_projects_of_a_company(credit):
    """CR-D19: a score fell without a line that says why; a company's showed its own +1 only."""
    bench = credit
    bench.at("2025-01-20T09:00")
    stage.project(bench)
    bench.at("2025-01-20T21:00").deliver([attended(bench, "per_a", "2025-01-20T20:00")])
    final_month(bench, "2025-01")
    award = bench.rows("SELECT award_id FROM awards WHERE rule_code = 'R-RES-03'")[0]["award_id"]
    bench.as_("R_CADRE", person="per_c8", scope=stage.COMMUNITY)
    filed = bench.do(
        "start_correction",
        {
            "target": "AWARD",
            "target_id": str(uuid.UUID(str(award))),
            "text": "签到有误,并未到场",
            "reasons": "核对会议签到表与现场照片,当事人当日未到场参会",
        },
    )
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    taken = bench.do("accept_objection", {"objection_id": filed["id"]}, version=filed["version"])
    order = {
        "objection_id": filed["id"],
        "outcome": "UPHELD",
        "reasons": "签到表与照片相互印证,当事人未到场,应予更正撤销",
    }
    bench.do("decide_objection", order, version=taken["version"])
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    told = {
        period: bench.ask("explain", {"subject_id": ANA, "period": period})
        for period in ("2025-01", "2025-02", "2025-03")
    }
    assert [len(told[period]["awards"]) for period in sorted(told)] == [1, 0, 0]
    assert [len(told[period]["taken_back"]) for period in sorted(told)] == [0, 1, 0]
    line = told["2025-02"]["taken_back"][0]
    assert (line["score"], line["state"], line["why"]["rule"]) == (1, "REVERSED", "R-RES-03")
    assert line["reason"].startswith("objection:YY-")
    bench.as_("R_DISTRICT", person="per_d")
    company = bench.ask("explain", {"subject_id": "PCO:pco_1", "period": "2025-01"})
    assert [(one["subject"], one["households"]) for one in company["projects"]] == [
        ("PRJ:prj_1", 1200)
    ]
    assert company["projects"][0]["score"] is not None


def test_a_move_that_is_told_late_drafts_both_places_again(credit):
    """K8: moves of residents are inputs of a draft, also of the place that somebody has left."""
    bench = credit
    merchant(bench)
    drafted(bench, "2025-01", "2025-02-08T10:00")
    before, _ = reviewed(bench, "2025-01")
    assert ANA in {item["subject"] for item in before["items"]}
    bench.at("2025-02-08T11:00").consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": "per_a",
            "community": OTHER,
            "to_grid": OTHER + "001",
            "household_id": None,
        },
        subject="per_a",
        scope=OTHER,
        sequence=2,
        occurred_at="2025-01-30T10:00",
    )
    run_jobs(bench)
    after = settlement_of(bench, "2025-01")
    assert (after["state"], {item["subject"] for item in after["items"]}) == ("DRAFTED", {MER})
    there = settlement_of(bench, "2025-01", OTHER)
    assert {item["subject"] for item in there["items"]} == {ANA}


def _posted(bench, at):
    """What is said of the ledger at a time that has passed: its balances, and a statement."""
    actor = bench.actor
    bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
    balance = bench.ask("trial_balance", {"at": at})
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    statement = bench.ask("statement", {"until": at})
    bench.actor = actor
    return balance, statement


def _local(at):
    return datetime.fromisoformat(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.covers("C14", "E1")
def test_what_is_posted_late_changes_no_balance_and_no_statement_of_the_past(credit, monkeypatch):
    """t2 A2: a posting was dated with the deed, so that the past changed after it was told."""
    bench = credit
    bench.at("2025-02-08T18:00").deliver([hours(bench, "rec_1", 60, "2025-02-08")])
    final_month(bench, "2025-02")
    stage.partner(bench, "ptn_h")
    early = "2025-03-20T00:00:00+08:00"
    before = _posted(bench, early)
    # Hours of February that somebody confirms in April, and a voucher that is heard of a week late.
    bench.at("2025-04-15T10:00").deliver(
        [
            hours(bench, "rec_2", 60, "2025-02-09"),
            stage.redemption(
                bench, "requested", "rdm_1", "2025-03-19T10:00", points=5, wallet="RES:per_a"
            ),
        ]
    )
    assert _posted(bench, early) == before
    balance, statement = _posted(bench, "2025-04-16T00:00:00+08:00")
    assert (balance["sum"], balance["accounts"]["PENDING"]) == (0, 10)
    told = {
        (line["kind"], _local(line["at"]), _local(line["deed_at"]))
        for line in statement["lines"][-3:]
    }
    april = "2025-04-15 10:00"
    assert told == {("AWARD", april, "2025-02-09 18:00"), ("HOLD", april, "2025-03-19 10:00")}
    # The running balances of what was printed then stand as they were printed.
    printed = before[1]["lines"]
    assert statement["lines"][: len(printed)] == printed
    final_month(bench, "2025-04")
    for period in ("2025-02", "2025-04"):
        assert run(bench, monkeypatch, period=period) == command.SOUND


@pytest.mark.covers("C14")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("deed_at", "2025-02-01 00:00:00"),
        ("posted_at", "2025-01-03 00:00:00"),
        ("posted_at", "2025-06-01 00:00:00"),
    ],
)
def test_a_posting_that_somebody_dates_otherwise_is_found(credit, monkeypatch, column, value):
    """t2 A2: verify knows when what an award has brought was posted, and for which deed."""
    bench = credit
    bench.at("2025-02-08T18:00").deliver([hours(bench, "rec_1", 60, "2025-02-08")])
    final_month(bench, "2025-02")
    assert run(bench, monkeypatch, period="2025-02") == command.SOUND
    with bench.transaction() as tx:
        at = datetime.fromisoformat(value).replace(tzinfo=UTC)
        posting = t.postings
        tx.conn.execute(sa.update(posting).where(posting.c.kind == "AWARD").values({column: at}))
    assert run(bench, monkeypatch, period="2025-02") == command.TAMPERED
