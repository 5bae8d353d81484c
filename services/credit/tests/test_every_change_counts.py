"""K20: a change of balances that finds no row is never lost without a word."""

import threading
import uuid

import pytest
import sqlalchemy as sa

from fivered.chassis.storage import LostChange
from fivered.services.credit.actions import amounts
from fivered.services.credit.storage import ledger as store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage

C, D = "RES:per_c", "RES:per_d"


def give(bench, subject_id):
    """One award's points, by the real action in a transaction of its own."""
    with bench.transaction() as tx:
        amounts.post_points(
            tx,
            [
                amounts.Gain(
                    str(uuid.uuid4()), subject_id, "2025-03", bench.now, 10, stage.COMMUNITY, 0
                )
            ],
        )


class _Interrupted:
    """Runs another transaction before the n-th statement of the one that is watched."""

    def __init__(self, bench, at):
        self.bench, self.at = bench, at
        self.seen, self.other = 0, None

    def __call__(self, _conn, _cursor, text, *_rest):
        ours = threading.current_thread() is threading.main_thread()
        if not ours or not text.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "WITH")):
            return
        self.seen += 1
        if self.seen == self.at:
            # Another subject: the two share the system account and nothing else.
            self.other = threading.Thread(target=give, args=(self.bench, D))
            self.other.start()
            # Where it must wait for the first one, it goes on when that one has ended.
            self.other.join(1)

    def watch(self):
        """Give points while the other gives some too. Tells whether there was such a statement."""
        engine = self.bench.runtime.engine
        sa.event.listen(engine, "before_cursor_execute", self)
        try:
            give(self.bench, C)
        finally:
            sa.event.remove(engine, "before_cursor_execute", self)
        if self.other is not None:
            self.other.join()
        return self.other is not None


@pytest.mark.covers("R1", "N12")
def test_two_transactions_that_use_a_system_account_for_the_first_time(bench):
    """K20: both find no row of ISSUANCE, and both amounts are in its balance afterwards.

    The second one runs before each statement of the first in turn, so that the test does not depend
    on which statements there are.
    """
    stage.wallet_of(bench, C)
    stage.wallet_of(bench, D)
    if bench.runtime.engine.dialect.name == "sqlite":
        # SQLite has one writer: the same holds there, one after the other.
        give(bench, C)
        give(bench, D)
        assert stage.trial_balance(bench)["accounts"]["SYS:ISSUANCE"] == -20
        return
    at = 1
    while _Interrupted(bench, at).watch():
        accounts = stage.trial_balance(bench)["accounts"]
        assert (accounts["SYS:ISSUANCE"], accounts["PENDING"]) == (-20, 20), at
        with bench.transaction() as tx:
            for table in (t.lines, t.postings, t.pendings, t.system_accounts):
                tx.conn.execute(sa.delete(table))
        at += 1
    assert at > 3


@pytest.mark.covers("R1")
def test_what_is_taken_from_a_month_that_has_no_row_is_not_posted_at_all(bench):
    """K20: `_move_pending` ignored how many rows it changed."""
    stage.wallet_of(bench, C)
    posting = store.Posting(
        "REVERSE",
        "test",
        C,
        "2025-03",
        bench.now,
        (
            store.Line(C, "PENDING", -10, "2025-03"),
            store.Line("SYS:ISSUANCE:370811:0", "SYSTEM", 10),
        ),
    )
    with pytest.raises(LostChange, match="pendings: 0 of 1"), bench.transaction() as tx:
        store.post(tx.conn, [posting])
    assert bench.rows("SELECT * FROM postings") == []
    assert stage.trial_balance(bench)["sum"] == 0


@pytest.mark.covers("R1")
@pytest.mark.parametrize("move", [store.take_from_lots, store.give_to_lots, store.repay])
def test_lots_and_debts_that_are_not_there_are_not_passed_over(bench, move):
    """K20: of every other balance the count of changed rows is looked at too."""
    with pytest.raises(LostChange, match="0 of 1 rows"), bench.transaction() as tx:
        move(tx.conn, [(str(uuid.uuid4()), 10)])
