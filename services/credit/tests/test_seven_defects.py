"""The seven defects that others had in their points (FEATURES b, under fuint): each of them tried
on PostgreSQL with real parallel connections, and on SQLite where it needs no parallel writers."""

import threading
import uuid
from collections import Counter

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox
from fivered.services.credit.actions import amounts, ledger
from fivered.services.credit.service import Credit
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import ledger as store
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import rated
from testkit.bench import fresh_postgresql, open_bench, postgres_server  # noqa: F401

pytestmark = pytest.mark.servers

C = "RES:per_c"
AT = "2025-03-05T10:00"


@pytest.fixture
def postgres(request):
    """Credit on a database of a real server, so that connections truly run beside each other."""
    for url in fresh_postgresql(request.getfixturevalue("postgres_server")):
        bench = open_bench(Credit, url, FIVERED_DATABASE_POOL="24")
        yield bench
        bench.runtime.close()


def funded(bench, points=100, period="2025-02", subject=C):
    """A wallet with one lot."""
    if not bench.rows("SELECT 1 FROM subjects WHERE subject_id = :s", s=subject):
        stage.wallet_of(bench, subject)
    award_id = str(uuid.uuid4())
    stage.give(bench, subject, period, points, award_id)
    return award_id


def say(bench, what, redemption_id, **more):
    return bench.deliver([stage.redemption(bench, what, redemption_id, AT, **more)])


def together(bench, *actions):
    """Run all actions at the same instant, each in a thread and a connection of its own."""
    barrier = threading.Barrier(len(actions))
    failures = []

    def run(action):
        barrier.wait()
        try:
            action()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert bench.parked() == []


def delivering(bench, *events):
    return lambda: inbox.deliver(bench.runtime, list(events), pause=lambda _seconds: None)


def states(bench):
    return Counter(row["state"] for row in bench.rows("SELECT state FROM holds"))


@pytest.mark.covers("R4", "N12", "N11")
def test_defect_1_check_then_spend_of_twenty_parallel_spends_of_one_balance_one_succeeds(postgres):
    """fuint#71: 20 gifts at once read 100 points each and turned them into 2000."""
    bench = postgres
    funded(bench, 100)
    together(
        bench,
        *(
            delivering(bench, stage.redemption(bench, "requested", f"rdm_{n}", AT, points=100))
            for n in range(20)
        ),
    )
    assert states(bench) == {"HELD": 1, "REFUSED": 19}
    assert stage.balances(bench) == (0, 100)
    assert len(bench.published("points_held.v1")) == 1
    reasons = {event["data"]["reason"] for event in bench.published("hold_rejected.v1")}
    assert reasons == {"INSUFFICIENT_POINTS"}
    stage.trial_balance(bench)


@pytest.mark.covers("R4", "N11")
def test_defect_2_for_update_dropped_the_lock_is_in_the_statement_and_holds(postgres):
    """one-api#2398: FOR UPDATE was silently dropped by the mapper."""
    bench = postgres
    funded(bench, 100)
    with stage.statements_of(bench) as said, bench.transaction() as tx:
        store.lock_wallets(tx.conn, [C])
        store.hold(tx.conn, "rdm_1")
        store.pending_of(tx.conn, C)
        store.budget(tx.conn, "SYS:BUDGET:370811:0")
        award_store.award(tx.conn, str(uuid.uuid4()), lock=True)
        # One row found by its id is held without its key: others may still refer to it.
        locked = [text for text in said if text.endswith(("FOR UPDATE", "FOR NO KEY UPDATE"))]
        assert len(locked) == 5
        # A second connection cannot pass the lock: it is there, not only written.
        with bench.runtime.engine.connect() as other, other.begin():
            other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(sa.exc.OperationalError):
                store.lock_wallets(other, [C])
    # And without any lock the database itself would refuse what goes below zero.
    with pytest.raises(sa.exc.IntegrityError), bench.runtime.engine.begin() as conn:
        conn.execute(sa.text("UPDATE wallets SET available = available - 101"))


@pytest.mark.covers("N10")
def test_defect_3_rollback_over_credits_what_fails_gives_back_exactly_nothing(postgres):
    """The-Leetcode-City#690: undoing a failed spend credited more than had been taken."""
    bench = postgres
    funded(bench, 100)
    say(bench, "requested", "rdm_1", points=60)

    class Broken(Exception):
        pass

    def fail():
        event = stage.redemption(bench, "cancelled", "rdm_1", AT, points=60)
        try:
            with bench.transaction() as tx:
                known = store.hold(tx.conn, "rdm_1")
                store.give_to_lots(tx.conn, [tuple(part) for part in known.split])
                raise Broken
        except (Broken, sa.exc.IntegrityError):
            # Either it fails before it commits, or the lot is full again already and the
            # database refuses to give it more.
            pass
        inbox.deliver(bench.runtime, [event], pause=lambda _seconds: None)

    together(bench, *([fail] * 8))
    assert stage.balances(bench) == (100, 0)
    assert bench.rows('SELECT points, "left" AS n FROM lots') == [{"points": 100, "n": 100}]
    kinds = Counter(row["kind"] for row in bench.rows("SELECT kind FROM postings"))
    assert kinds["RELEASE_HOLD"] == 1
    # A lot can never be given more than it had: the database says so.
    with pytest.raises(sa.exc.IntegrityError), bench.transaction() as tx:
        store.give_to_lots(tx.conn, [(str(bench.rows("SELECT lot_id FROM lots")[0]["lot_id"]), 1)])
    stage.trial_balance(bench)


@pytest.mark.covers("N10", "N11")
def test_defect_4_double_refund_ten_refunds_at_once_give_back_once(postgres):
    """elizaOS#11331: the same purchase was refunded twice."""
    bench = postgres
    funded(bench, 100)
    say(bench, "requested", "rdm_1", points=60)
    say(bench, "redeemed", "rdm_1", points=60)
    together(
        bench,
        *(
            delivering(bench, stage.redemption(bench, "refunded", "rdm_1", AT, points=60))
            for _ in range(10)
        ),
    )
    assert stage.balances(bench) == (100, 0)
    assert stage.receivable(bench) == 0
    kinds = Counter(row["kind"] for row in bench.rows("SELECT kind FROM postings"))
    assert kinds["REFUND"] == 1
    # Ten messages, one refund: the others are told why there is no second one.
    assert len(bench.published("points_refunded.v1")) == 1
    reasons = [told["data"]["reason"] for told in bench.published("hold_rejected.v1")]
    assert reasons == ["REFUNDED_TWICE"] * 9
    stage.trial_balance(bench)


@pytest.mark.covers("R11", "F15-flow")
def test_defect_5_earn_refund_keep_points_a_reversal_takes_them_back_even_when_spent(postgres):
    """odoo#257854: who earned points by a purchase and returned it kept the points."""
    bench = postgres
    stage.wallet_of(bench, C)
    first, second = funded(bench, 60, "2025-01"), funded(bench, 40, "2025-02")

    def reverse(award_id, points, period):
        def run():
            with bench.transaction() as tx:
                ledger.reverse_points(
                    tx,
                    subject_id=C,
                    area=stage.COMMUNITY,
                    award_id=award_id,
                    points=points,
                    points_period=period,
                )

        return run

    # Spending and taking back at once: no matter which comes first, nothing is kept and nothing is lost.
    together(
        bench,
        *(
            delivering(bench, stage.redemption(bench, "requested", f"rdm_{n}", AT, points=25))
            for n in range(4)
        ),
        reverse(first, 60, "2025-01"),
        reverse(second, 40, "2025-02"),
    )
    wallet = bench.rows("SELECT * FROM wallets WHERE subject_id = :s", s=C)[0]
    # All 100 are taken back: from what was not spent, and the rest is owed.
    assert wallet["available"] == 0
    assert wallet["held"] == -wallet["clawback"] == 25 * states(bench)["HELD"]
    found = stage.trial_balance(bench)
    assert found["accounts"].get("SYS:ISSUANCE", 0) == 0
    # Later points repay the debt by at most half of each month.
    if wallet["held"]:
        done = stage.give(bench, C, "2025-03", 40, str(uuid.uuid4()))
        assert done.points == {C: 40}
        assert stage.balances(bench)[0] == 20
        stage.trial_balance(bench)


@pytest.mark.covers("N11")
def test_defect_6_expiry_needs_lots_what_expires_is_what_was_left_of_each_month(postgres):
    """odoo#206048: with a balance only, nobody knows which points a spend has used up."""
    bench = postgres
    for period, points in (("2023-11", 30), ("2024-06", 40), ("2025-02", 50)):
        funded(bench, points, period)
    bench.at("2025-12-30T10:00")
    at = "2025-12-30T10:00"
    together(
        bench,
        *(
            delivering(bench, stage.redemption(bench, "requested", f"rdm_{n}", at, points=10))
            for n in range(5)
        ),
    )
    # The lot of 2023 is over since the year began and is not spent; that of 2024 is used first.
    found = bench.rows('SELECT period, "left" AS n FROM lots ORDER BY period')
    assert [(row["period"], row["n"]) for row in found] == [
        ("2023-11", 30),
        ("2024-06", 0),
        ("2025-02", 40),
    ]

    def expire():
        with bench.transaction() as tx:
            ledger.expire_points(tx, None)

    together(bench, expire, expire, expire)
    assert stage.balances(bench) == (40, 50)
    assert stage.trial_balance(bench)["accounts"]["SYS:EXPIRED"] == 30


@pytest.mark.covers("N11")
def test_defect_7_expiry_missed_lots_every_lot_is_swept_however_it_came_about(postgres):
    """ecommerce-laravel#1056: the sweep looked for a label that some lots did not have, and the
    tests had made their lots by hand. Here each lot comes about as it does in use."""
    bench = postgres
    # By a month's release; by the release of an award that was heard; by a hold that came back
    # near the end and lives 30 days more; by a refund that did.
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    bench.deliver([rated(bench, at="2025-03-03T08:00")])
    with bench.transaction() as tx:
        ledger.release_month(
            tx, period="2025-03", district="370811", subject_ids=["STW:stw_1"], ref="stl_1"
        )
    funded(bench, 100, "2024-05")
    for redemption_id in ("rdm_held", "rdm_back", "rdm_refunded"):
        say(bench, "requested", redemption_id, points=20)
    say(bench, "redeemed", "rdm_refunded", points=20)
    bench.at("2025-12-20T10:00")
    at = "2025-12-20T10:00"
    bench.deliver([stage.redemption(bench, "cancelled", "rdm_back", at, points=20)])
    bench.deliver([stage.redemption(bench, "refunded", "rdm_refunded", at, points=20)])
    # More lots than one batch of the sweep takes.
    for number in range(12):
        subject = f"RES:per_{number}"
        funded(bench, 5, "2024-05", subject)

    def sweep():
        with bench.transaction() as tx:
            ledger.expire_points(tx, None)

    bench.at("2026-01-02T00:30")
    together(bench, sweep, sweep, sweep)
    assert stage.balances(bench) == (40, 20)
    assert (
        bench.rows(
            "SELECT sum(available) AS n FROM wallets WHERE subject_id LIKE 'RES:per__%'"
            " AND subject_id <> 'RES:per_c'"
        )[0]["n"]
        == 0
    )
    bench.at("2026-01-20T00:30")
    together(bench, sweep, sweep)
    assert stage.balances(bench) == (0, 20)
    assert stage.balances(bench, "STW:stw_1") == (10, 0)
    bench.at("2027-01-02T00:30")
    sweep()
    assert stage.balances(bench, "STW:stw_1") == (0, 0)
    assert (
        bench.rows(
            'SELECT count(*) AS n FROM lots WHERE "left" > 0 AND expires_at < :now', now=bench.now
        )[0]["n"]
        == 0
    )
    stage.trial_balance(bench)


@pytest.mark.covers("R4", "N11")
def test_an_award_and_its_reversal_at_once_leave_nothing(postgres):
    """The points of one award are posted by one worker while another takes it back."""
    bench = postgres
    stage.wallet_of(bench, C)

    def give():
        with bench.transaction() as tx:
            amounts.post_points(
                tx,
                [amounts.Gain(str(uuid.uuid4()), C, "2025-03", bench.now, 10, stage.COMMUNITY, 0)],
            )

    def take():
        with bench.transaction() as tx:
            ledger.reverse_points(
                tx,
                subject_id=C,
                area=stage.COMMUNITY,
                award_id=str(uuid.uuid4()),
                points=10,
                points_period="2025-03",
            )

    together(bench, give, take, give, take, give, take)
    found = stage.trial_balance(bench)["accounts"]
    assert found.get("PENDING", 0) + found.get("CLAWBACK", 0) == 0
