"""What one transaction has read and another changes before the first one writes: nothing is lost,
nothing is taken twice. Two real connections of PostgreSQL, of which one waits for the other."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox
from fivered.chassis.bus import Actor
from fivered.chassis.fields import PartOfList
from fivered.chassis.refusal import StateConflict, VersionConflict
from fivered.services.credit.actions import (
    amounts,
    consents,
    honours,
    ledger,
    manual,
    nominees,
    objections,
    reversals,
    subjects,
)
from fivered.services.credit.errors import AlreadyObjected, HashChanged, NobodyLeft, SubjectClosed
from fivered.services.credit.rules.causes import CORRECTED, Cause
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import queries, registry
from fivered.services.credit.tests import stage, test_commendations, test_repairs
from fivered.services.credit.tests.calendar_of_months import award, final_month
from fivered.services.credit.tests.test_awards import attended, hours, rated
from fivered.services.credit.tests.test_objections import accept, decide, file, uuid_text
from fivered.services.credit.tests.test_settlement import (
    close_month,
    confirm,
    credit,  # noqa: F401
    entry_of,
    missed,
    review,
    run_jobs,
    settlement_of,
)
from fivered.services.credit.tests.test_seven_defects import postgres, postgres_server  # noqa: F401
from testkit.beside import beside, while_open

pytestmark = pytest.mark.servers

C = "RES:per_c"


def taken_back(award_id):
    def begin(tx):
        known = award_store.award(tx.conn, award_id, lock=True)
        reversals.reverse(tx, known, cause=Cause(CORRECTED, "steward.test"), by=None)

    return begin


def points_of(bench, where=""):
    found = bench.rows(
        f"SELECT coalesce(sum(points), 0) AS n FROM awards WHERE state = 'APPROVED' {where}"
    )
    return int(found[0]["n"])


def district(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    return bench


@pytest.mark.covers("C4", "C5", "N12")
def test_what_is_taken_back_while_a_draft_counts_its_window_again_is_taken_once(postgres):  # noqa: F811
    bench = district(postgres)
    bench.at("2025-03-20T10:00")
    # The latest come first, so the draft has to cut them for the sake of the earliest.
    for day in range(14, 0, -1):
        bench.deliver([rated(bench, at=f"2025-03-{day:02d}T10:00")])
    award_id = uuid_text(
        str(
            bench.rows("SELECT award_id FROM awards ORDER BY occurred_at DESC LIMIT 1")[0][
                "award_id"
            ]
        )
    )
    _, end = bench.runtime.calendar.month_bounds("2025-03")

    def draft():
        with bench.transaction() as tx:
            amounts.recount(tx, "2025-03", [stage.COMMUNITY], end)

    assert while_open(bench, taken_back(award_id), draft) is None
    draft()
    pending = bench.rows("SELECT sum(points) AS n FROM pendings")[0]["n"]
    assert int(pending) == points_of(bench) == 100
    stage.trial_balance(bench)


@pytest.mark.covers("C9", "N12")
def test_a_month_is_not_confirmed_while_an_award_of_it_is_being_taken_back(postgres):  # noqa: F811
    bench = district(postgres)
    bench.at("2025-03-20T10:00").deliver([rated(bench, at="2025-03-10T10:00")])
    card = close_month(bench)
    version = review(bench, card)["version"]
    award_id = uuid_text(
        str(bench.rows("SELECT award_id FROM awards WHERE rule_code = 'R-STW-01'")[0]["award_id"])
    )
    raised = while_open(bench, taken_back(award_id), lambda: confirm(bench, card, version))
    assert isinstance(raised, HashChanged)
    run_jobs(bench)
    fresh = settlement_of(bench)
    assert entry_of(fresh, "STW:stw_1")["good"] == entry_of(card, "STW:stw_1")["good"] - 2
    confirm(bench, fresh, review(bench, fresh)["version"])


@pytest.mark.covers("C9", "N12")
def test_a_draft_does_not_wait_for_who_takes_back_an_award_of_its_month(postgres):  # noqa: F811
    bench = district(postgres)
    bench.at("2025-03-20T10:00").deliver([rated(bench, at="2025-03-10T10:00")])
    card = close_month(bench)
    award_id = uuid_text(
        str(bench.rows("SELECT award_id FROM awards WHERE rule_code = 'R-STW-01'")[0]["award_id"])
    )
    bench.as_("R_DISTRICT", person="per_district", scope="370811")
    bench.do("draft_settlement", {"period": "2025-03", "community": stage.COMMUNITY})
    with bench.transaction() as tx:
        taken_back(award_id)(tx)
        run_jobs(bench)
    run_jobs(bench)
    assert settlement_of(bench)["hash"] != card["hash"]


@pytest.mark.covers("C2", "N12")
def test_who_consents_again_in_the_night_in_which_his_points_end_keeps_them(postgres):  # noqa: F811
    bench = postgres
    bench.at("2025-02-20T09:00")
    reply = stage.resident(bench, "per_c")
    stage.give(bench, C, "2025-02", 50, "019618ef-0000-7000-8000-000000000001")
    bench.as_("R_RESIDENT", person="per_c").do("withdraw_consent", {"consent_id": reply["id"]})
    bench.at("2025-06-20T09:00")

    def again(tx):
        consents.open_subject(tx, C, registry.person(tx.conn, "per_c"), ("SCORING", "POINTS"))

    def night():
        with bench.transaction() as tx:
            ledger.expire_points(tx, None)

    assert while_open(bench, again, night) is None
    assert bench.rows("SELECT state FROM subjects WHERE subject_id = :s", s=C) == [
        {"state": "ACTIVE"}
    ]
    assert stage.balances(bench) == (50, 0)


@pytest.mark.covers("N12")
def test_a_debt_that_a_release_repays_meanwhile_is_not_written_off_as_well(postgres):  # noqa: F811
    bench = postgres
    bench.at("2024-02-05T10:00")
    stage.wallet_of(bench, C)
    with bench.transaction() as tx:
        ledger.reverse_points(
            tx,
            subject_id=C,
            area=stage.COMMUNITY,
            award_id="019618ef-0000-7000-8000-000000000001",
            points=10,
            points_period="2024-01",
        )
    bench.at("2025-06-05T10:00")
    with bench.transaction() as tx:
        amounts.post_points(
            tx,
            [
                amounts.Gain(
                    "019618ef-0000-7000-8000-000000000002",
                    C,
                    "2025-05",
                    bench.now,
                    20,
                    stage.COMMUNITY,
                    0,
                )
            ],
        )

    def release(tx):
        ledger.release_month(tx, period="2025-05", district="370811", subject_ids=[C], ref="stl_1")

    def night():
        with bench.transaction() as tx:
            ledger.expire_points(tx, None)

    assert while_open(bench, release, night) is None
    assert bench.rows('SELECT "left" AS n FROM debts') == [{"n": 0}]
    assert stage.balances(bench) == (10, 0)
    assert stage.trial_balance(bench)["accounts"]["CLAWBACK"] == 0


@pytest.mark.covers("N12")
def test_two_objections_to_one_award_of_the_running_month_at_once_are_one(postgres):  # noqa: F811
    bench = district(postgres)
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    award_id = uuid_text(str(bench.rows("SELECT award_id FROM awards")[0]["award_id"]))
    order = objections.FileObjection("AWARD", award_id, "派单时我不在班")
    raised = while_open(
        bench,
        lambda tx: objections.file_objection(tx, order),
        lambda: file(bench, target_id=award_id),
        Actor("per_s", "R_STEWARD", stage.GRID),
    )
    assert isinstance(raised, AlreadyObjected)
    assert len(bench.rows("SELECT 1 FROM objections")) == 1


def test_a_repair_is_not_approved_while_its_deduction_is_being_taken_back(postgres):  # noqa: F811
    bench = test_repairs.with_deduction(postgres)
    final_month(bench, "2025-03")
    bench.at("2025-06-03T09:00")
    made = test_repairs.apply(bench)
    why = {"reasons": test_repairs.WHY}
    made = test_repairs.step(bench, "accept", made)
    made = test_repairs.step(bench, "check", made, person="per_checker", **why)

    def approve():
        test_repairs.step(bench, "approve", made, person="per_decider", **why)

    raised = while_open(bench, taken_back(bench.award_id), approve)
    assert isinstance(raised, VersionConflict | StateConflict)
    assert bench.rows("SELECT state FROM repairs") == [{"state": "LAPSED"}]
    assert bench.rows("SELECT state FROM awards WHERE deduction") == [{"state": "REVERSED"}]


@pytest.mark.covers("N10")
def test_the_lots_of_a_district_expire_some_at_a_time(bench, monkeypatch):
    monkeypatch.setattr(ledger, "_EXPIRY_BATCH", 4)
    bench.at("2025-03-05T10:00")
    wallets = [f"RES:per_{number}" for number in range(10)]
    for number, wallet in enumerate(wallets):
        stage.wallet_of(bench, wallet)
        stage.give(bench, wallet, "2024-05", 5, f"019618ef-0000-7000-8000-{number:012d}")
    bench.at("2026-01-01T10:00")
    with bench.transaction() as tx:
        tx.arm("expire_points", "2026-01-02", bench.now + timedelta(hours=14))
    bench.fire("2026-01-02T00:40")
    assert {stage.balances(bench, wallet) for wallet in wallets} == {(0, 0)}
    assert stage.trial_balance(bench)["accounts"]["SYS:EXPIRED"] == 50
    armed = bench.rows("SELECT ref FROM timers WHERE kind = 'expire_points'")
    assert [row["ref"] for row in armed] == ["2026-01-03"]
    if bench.runtime.engine.dialect.name == "postgresql":
        found = bench.rows(
            "SELECT count(DISTINCT xmin::text) AS n FROM postings WHERE kind = 'EXPIRE'"
        )
        assert found == [{"n": 3}]


# --------------------------------------------------------------------------------------------------
# What a later count must not undo, no matter who comes first


@pytest.mark.covers("C11")
def test_hours_that_an_objection_has_cut_stay_cut_when_more_hours_are_told(bench):
    bench.at("2025-01-02T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a")
    bench.at("2025-01-11T18:00").deliver([hours(bench, "rec_1", 480, "2025-01-11")])
    award_id = str(bench.rows("SELECT award_id FROM awards")[0]["award_id"])
    reply = file(bench, target_id=uuid_text(award_id), person="per_a", role="R_RESIDENT")
    accept(bench, reply)
    decide(bench, reply, "PARTLY", score=4, award_ids=[uuid_text(award_id)])
    bench.at("2025-01-18T18:00").deliver([hours(bench, "rec_2", 60, "2025-01-18")])
    found = bench.rows("SELECT score, points FROM awards ORDER BY occurred_at")
    assert [(row["score"], row["points"]) for row in found] == [(4, 40), (1, 10)]
    stage.trial_balance(bench)


@pytest.mark.covers("C11")
def test_an_objection_of_who_has_moved_holds_the_entry_of_where_he_was(credit):  # noqa: F811
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire("2025-04-08T10:00")
    with bench.transaction() as tx:
        registry.place(
            tx.conn,
            registry.subject(tx.conn, "STW:stw_1"),
            area="370811015902",
            grid="370811015902001",
            at=tx.now,
        )
    reply = file(bench)
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "HELD"
    bench.as_("R_CADRE", person="per_cadre2", scope="370811015902")
    bench.do("accept_objection", {"objection_id": reply["id"]}, version=1)
    decide(bench, reply, "UPHELD")
    found = entry_of(settlement_of(bench), "STW:stw_1")
    assert (found["state"], found["bad"]) == ("PUBLISHED", 0)


@pytest.mark.covers("C2")
def test_who_gives_points_up_waits_like_others_while_his_entry_is_held(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    reply = stage.resident(bench, "per_a")
    bench.at("2025-03-20T10:00").deliver([attended(bench, "per_a", "2025-03-10T20:00")])
    card = close_month(bench)
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    bench.do("withdraw_consent", {"consent_id": reply["id"], "purposes": ["POINTS"]})
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire("2025-04-08T10:00")
    award_id = uuid_text(
        str(bench.rows("SELECT award_id FROM awards WHERE subject_id = 'RES:per_a'")[0]["award_id"])
    )
    filed = file(bench, target_id=award_id, person="per_a", role="R_RESIDENT")
    bench.fire("2025-04-16T00:10")
    assert entry_of(settlement_of(bench), "RES:per_a")["state"] == "HELD"
    assert stage.balances(bench, "RES:per_a") == (0, 0)
    bench.as_("R_STREET", person="per_judge", scope="370811015")
    now = bench.ask("objection", {"objection_id": filed["id"]})
    decide(bench, filed, "DISMISSED", version=now["version"])
    assert entry_of(settlement_of(bench), "RES:per_a")["state"] == "FINAL"
    assert stage.balances(bench, "RES:per_a") == (10, 0)


@pytest.mark.covers("C5", "N10")
def test_the_list_of_what_persons_decide_reads_no_other_awards(postgres):  # noqa: F811
    bench, said = postgres, []

    def listen(_conn, _cursor, statement, params, _context, _many):
        said.append((statement, params))

    with bench.runtime.engine.connect() as conn:
        conn.execute(sa.text("SET enable_seqscan = off"))
        sa.event.listen(bench.runtime.engine, "before_cursor_execute", listen)
        queries.awards_page(
            conn,
            area="370811",
            state=None,
            waits_for=None,
            overdue_at=None,
            part=PartOfList(),
        )
        sa.event.remove(bench.runtime.engine, "before_cursor_execute", listen)
        statement, params = said[0]
        plan = conn.exec_driver_sql(f"EXPLAIN {statement}", params).scalars().all()
    assert "ix_awards_by_person" in "\n".join(plan)


# --------------------------------------------------------------------------------------------------
# A closing and a deed of the time after it


def told_while_open(bench, first, second):
    """Deliver an event on a connection of its own while the transaction of another is open."""
    start, end = beside(bench, lambda: bench.deliver([second]))
    inbox.deliver(bench.runtime, [first], pause=lambda _seconds: None, also=lambda _tx: start())
    assert end() is None
    assert bench.parked() == []


@pytest.mark.covers("N12", "C5")
@pytest.mark.parametrize("closing_first", [True, False])
def test_a_closing_and_a_later_deed_that_are_heard_at_once_do_not_miss_each_other(
    postgres,  # noqa: F811
    closing_first,
):
    """Neither saw what the other had not committed yet: the deed was scored."""
    bench = postgres
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.project(bench)
    bench.at("2025-04-12T10:00")
    closing = bench.event(
        "property",
        "project_registered.v1",
        {
            "project_id": "prj_1",
            "company_id": "pco_1",
            "community": stage.COMMUNITY,
            "grids": [],
            "households": 1200,
            "status": "CLOSED",
        },
        subject="prj_1",
        sequence=9,
        occurred_at=stage.moment("2025-03-15T10:00"),
        scope=stage.COMMUNITY,
    )
    deed = bench.event(
        "property",
        "disclosure_overdue.v1",
        {"disclosure_id": "zg_1", "project_id": "prj_1", "kind": "FEES"},
        subject="zg_1",
        occurred_at="2025-04-10T10:00",
    )
    told_while_open(bench, *((closing, deed) if closing_first else (deed, closing)))
    found = bench.rows("SELECT state, reason FROM awards WHERE deed = 'zg_1'")
    assert found == [{"state": "REVERSED", "reason": "SUBJECT_CLOSED"}]


@pytest.mark.covers("N12")
@pytest.mark.parametrize("closing_first", [True, False])
def test_a_shop_that_is_closed_while_a_later_deed_is_proposed_has_none_that_stands(
    postgres,  # noqa: F811
    closing_first,
):
    bench = postgres
    bench.at("2025-03-03T10:00")
    stage.rules(bench)
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9]).do(
        "open_subject", {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY}
    )
    office = bench.actor
    cadre = bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY).actor
    # Clocks differ by some minutes.
    order = manual.ProposeAward(
        subject="MER:mer_1",
        rule_code="R-MER-06",
        occurred_at=bench.now + timedelta(minutes=3),
        evidence=["JL-1"],
    )

    def close(tx):
        subjects.close_subject(tx, subjects.CloseSubject(subject_id="MER:mer_1"))

    def propose(tx):
        manual.propose_award(tx, order)

    def apart(actor, work):
        def run():
            with bench.runtime.transaction(actor) as tx:
                work(tx)

        return run

    if closing_first:
        raised = while_open(bench, close, apart(cadre, propose), office)
        assert isinstance(raised, SubjectClosed)
    else:
        assert while_open(bench, propose, apart(office, close), cadre) is None
    standing = bench.rows("SELECT state FROM awards WHERE state <> 'REVERSED'")
    assert standing == []


@pytest.mark.covers("N12")
@pytest.mark.parametrize("closing_first", [True, False])
def test_a_shop_that_is_closed_while_its_commendation_is_approved_is_not_commended(
    postgres,  # noqa: F811
    closing_first,
):
    """Neither saw what the other had not committed yet: a closed shop was commended."""
    bench = postgres.at("2025-02-20T09:00")
    stage.rules(bench)
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9]).do(
        "open_subject", {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY}
    )
    bench.at("2025-03-03T09:00")
    award(bench, "MER:mer_1", "R-MER-09")
    for period in test_commendations.MONTHS:
        final_month(bench, period)
    bench.at("2025-07-01T09:00")
    made = test_commendations.publicised(bench, "MER:mer_1", kind="MER")
    bench.fire("2025-07-09T09:00")
    office = bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9]).actor
    lead = bench.as_("R_STREET_LEAD", person="per_lead", scope=stage.COMMUNITY[:9]).actor

    def close(tx):
        subjects.close_subject(tx, subjects.CloseSubject(subject_id="MER:mer_1"))

    def approve(tx):
        honours.approve_commendation(tx, nominees.WhichCommendation(commendation_id=made["id"]))

    def apart(actor, work):
        def run():
            with bench.runtime.transaction(actor) as tx:
                work(tx)

        return run

    if closing_first:
        assert isinstance(while_open(bench, close, apart(lead, approve), office), NobodyLeft)
    else:
        assert while_open(bench, approve, apart(office, close), lead) is None
    # What was given a moment before the closing is taken back by it.
    of_it = "SELECT state FROM awards WHERE deed = :deed AND state <> 'REVERSED'"
    assert bench.rows(of_it, deed=made["id"]) == []
