"""Overdraft and double effect are impossible with real parallel connections; the schema is as
migrated."""

import threading
import uuid

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox
from fivered.services.credit.actions import ledger
from fivered.services.credit.service import Credit
from fivered.services.credit.storage import ledger as store
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import attended, rated
from testkit.bench import assert_no_drift

pytestmark = pytest.mark.slow

C = "RES:per_c"


def together(bench, batches):
    """Deliver batches at the same time, each on a connection of its own."""
    barrier = threading.Barrier(len(batches))
    failures = []

    def run(batch):
        barrier.wait()
        try:
            inbox.deliver(bench.runtime, batch, pause=lambda _seconds: None)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert bench.parked() == []


@pytest.fixture
def parallel(bench):
    if bench.runtime.engine.dialect.name == "sqlite":
        # SQLite has one writer: the same test holds there, one after the other.
        bench.runtime.fixed_now = bench.now
    return bench


@pytest.mark.covers("R4", "N12")
def test_of_many_holds_at_once_only_as_many_succeed_as_there_are_points(parallel):
    bench = parallel
    stage.wallet_of(bench, C)
    stage.give(bench, C, "2025-02", 100, str(uuid.uuid4()))
    at = "2025-03-05T10:00"
    together(
        bench,
        [[stage.redemption(bench, "requested", f"rdm_{n}", at, points=30)] for n in range(8)],
    )
    assert stage.balances(bench) == (10, 90)
    assert len(bench.published("points_held.v1")) == 3
    assert len(bench.published("hold_rejected.v1")) == 5
    stage.trial_balance(bench)


@pytest.mark.covers("N12")
def test_the_same_capture_and_release_at_once_end_in_exactly_one_of_them(parallel):
    bench = parallel
    stage.wallet_of(bench, C)
    stage.give(bench, C, "2025-02", 100, str(uuid.uuid4()))
    at = "2025-03-05T10:00"
    bench.deliver([stage.redemption(bench, "requested", "rdm_1", at, points=30)])
    together(
        bench,
        [
            [stage.redemption(bench, "redeemed", "rdm_1", at, points=30)],
            [stage.redemption(bench, "redeemed", "rdm_1", at, points=30)],
            [stage.redemption(bench, "expired", "rdm_1", at, points=30)],
        ],
    )
    available, held = stage.balances(bench)
    assert held == 0
    assert (available, stage.receivable(bench)) in {(70, 30), (100, 0)}
    stage.trial_balance(bench)


@pytest.mark.covers("R4")
def test_holds_that_lock_the_same_wallets_in_other_orders_do_not_deadlock(parallel):
    bench = parallel
    wallets = [f"RES:per_{n}" for n in range(4)]
    for wallet in wallets:
        stage.wallet_of(bench, wallet)
        stage.give(bench, wallet, "2025-02", 100, str(uuid.uuid4()))
    at = "2025-03-05T10:00"
    batches = []
    for number in range(6):
        order = wallets if number % 2 else list(reversed(wallets))
        batches.append(
            [
                stage.redemption(bench, "requested", f"rdm_{number}_{w}", at, points=10, wallet=w)
                for w in order
            ]
        )
    together(bench, batches)
    assert {stage.balances(bench, wallet) for wallet in wallets} == {(40, 60)}
    stage.trial_balance(bench)


@pytest.mark.covers("C4", "C5", "C8")
def test_two_workers_that_fill_one_cap_window_are_put_right_by_the_draft(parallel):
    from fivered.services.credit.tests.test_settlement import close_month, entry_of

    bench = parallel.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a")
    stage.steward(bench, "stw_1", "per_s")
    bench.at("2025-03-20T10:00")
    batches = [
        [attended(bench, "per_a", f"2025-03-{n * 2 + k + 1:02d}T20:00") for k in range(2)]
        + [rated(bench, at=f"2025-03-{n + 1:02d}T10:0{k}") for k in range(4)]
        for n in range(4)
    ]
    together(bench, batches)
    card = close_month(bench)
    assert entry_of(card, "RES:per_a")["good"] == 4
    assert entry_of(card, "RES:per_a")["points_pending"] == 40
    found = bench.rows(
        "SELECT sum(score) AS score, sum(points) AS points FROM awards WHERE rule_code = 'R-STW-01'"
    )[0]
    assert (int(found["score"]), int(found["points"])) == (20, 100)
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 40 + 100 + 50


@pytest.mark.covers("R3", "R4")
@pytest.mark.parametrize("side", ["AVAILABLE", "HELD", "RECEIVABLE", "PENDING"])
def test_the_database_itself_refuses_a_balance_below_zero(bench, side):
    stage.wallet_of(bench, C)
    stage.give(bench, C, "2025-02", 50, str(uuid.uuid4()))
    other = "SYS:ISSUANCE:370811:0"
    period = "2025-02" if side == "PENDING" else ""
    wrong = store.Posting(
        "TEST",
        "ref",
        C,
        "2025-03",
        bench.now,
        (store.Line(C, side, -51, period), store.Line(other, "SYSTEM", 51)),
    )
    with pytest.raises(sa.exc.IntegrityError), bench.transaction() as tx:
        store.post(tx.conn, [wrong])
    assert stage.balances(bench) == (50, 0)
    stage.trial_balance(bench)


@pytest.mark.covers("R3")
def test_a_posting_that_does_not_balance_is_never_written(bench):
    with pytest.raises(AssertionError), bench.transaction() as tx:
        store.post(
            tx.conn,
            [
                store.Posting(
                    "TEST", "ref", C, "2025-03", bench.now, (store.Line(C, "AVAILABLE", 5),)
                )
            ],
        )


@pytest.mark.covers("R3", "N11")
@pytest.mark.parametrize("seed", range(3))
def test_any_run_of_events_twice_and_in_any_order_keeps_the_ledger_sound(bench, seed):
    import random

    chance = random.Random(seed)
    wallets = [f"RES:per_{n}" for n in range(3)]
    for wallet in wallets:
        stage.wallet_of(bench, wallet)
        stage.give(bench, wallet, "2025-02", 60, str(uuid.uuid4()))
    said = []
    for number in range(20):
        wallet, points = chance.choice(wallets), chance.randint(1, 40)
        at = "2025-03-05T10:00"
        more = {"points": points, "wallet": wallet}
        said.append(stage.redemption(bench, "requested", f"rdm_{number}", at, **more))
        ending = chance.choice(["redeemed", "cancelled", "expired", None])
        if ending:
            said.append(stage.redemption(bench, ending, f"rdm_{number}", at, **more))
        if ending == "redeemed" and chance.random() < 0.5:
            said.append(stage.redemption(bench, "refunded", f"rdm_{number}", at, **more))
    disorder = said + chance.sample(said, len(said) // 2)
    chance.shuffle(disorder)
    for event in disorder:
        bench.deliver([event])
        stage.trial_balance(bench)
    assert bench.parked() == []
    with bench.transaction() as tx:
        for wallet in wallets:
            ledger.expire_lots(tx, store.open_lots(tx.conn, wallet))
    stage.trial_balance(bench)


def test_the_migrated_database_agrees_with_the_tables(bench):
    assert_no_drift(Credit, bench.runtime.engine)


@pytest.mark.covers("REQ-L07")
def test_no_column_holds_what_must_not_be_held():
    forbidden = (
        "name_",
        "phone",
        "id_no",
        "ethnic",
        "religio",
        "health",
        "biometr",
        "income",
        "track",
    )
    for table in Credit.tables.tables.values():
        for column in table.c:
            assert not any(word in column.name for word in forbidden), (table.name, column.name)
