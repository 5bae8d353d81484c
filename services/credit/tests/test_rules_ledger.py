"""Postings, lots and claw-backs: the worked example E7 as arithmetic, and what always holds."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fivered.chassis import calendar as cal
from fivered.services.credit.errors import InsufficientPoints
from fivered.services.credit.rules import ledger
from fivered.services.credit.rules.ledger import Lot

D, C, H = "370811", "RES:per_c", "PTN:ptn_h"

# Balances below zero: what the system has issued, what the district has granted, what is owed.
NEVER_NEGATIVE = {
    ledger.PENDING,
    ledger.AVAILABLE,
    ledger.HELD,
    ledger.RECEIVABLE,
    ledger.BUDGET,
    ledger.EXPIRED,
    ledger.SETTLED,
}
NEVER_POSITIVE = {ledger.CLAWBACK}


def local(year, month, day, hour=0):
    return datetime(year, month, day, hour, tzinfo=cal.SHANGHAI).astimezone(UTC)


def add(balances, posting):
    for account, points in posting.lines:
        balances[account] += points


def broken_balances(balances):
    """Name the accounts that stand where none may, and SUM where all do not sum to zero."""
    total, broken = 0, []
    for name, balance in balances:
        total += balance
        parts = name.split(":")
        kind = parts[1] if parts[0] == "SYS" else parts[-1]
        if (kind in NEVER_NEGATIVE and balance < 0) or (kind in NEVER_POSITIVE and balance > 0):
            broken.append(name)
    return broken + (["SUM"] if total else [])


# --------------------------------------------------------------------------------------------------
# E7


@pytest.mark.covers("E7")
def test_the_ledger_of_the_worked_example():
    balances, postings = Counter(), []

    def post(posting):
        add(balances, posting)
        postings.append(posting.kind)
        assert broken_balances(balances.items()) == []

    def shown():
        return (
            balances[f"{C}:AVAILABLE"],
            balances[f"{C}:HELD"],
            balances[f"{H}:RECEIVABLE"],
        )

    add(balances, ledger.fund(D, 1000))
    for points in (40, 100):
        post(ledger.award(D, C, points))
    for points in (40, 100):
        post(ledger.release(D, C, points, 0).posting)
    assert shown() == (140, 0, 0)
    lots = [
        Lot("L1", "2024-11", 40, ledger.lot_expiry("2024-11")),
        Lot("L2", "2025-02", 100, ledger.lot_expiry("2025-02")),
    ]
    assert [lot.expires_at for lot in lots] == [local(2026, 1, 1), local(2027, 1, 1)]
    assert ledger.choose_lots(lots, 60) == (("L1", 40), ("L2", 20))
    post(ledger.hold(C, 60))
    assert shown() == (80, 60, 0)
    post(ledger.capture(C, H, 60))
    assert shown() == (80, 0, 60)
    post(ledger.hold(C, 80))
    assert shown() == (0, 80, 60)
    post(ledger.release_hold(C, 80))
    assert shown() == (80, 0, 60)
    left = [Lot("L2", "2025-02", 80, local(2027, 1, 1))]
    with pytest.raises(InsufficientPoints) as refused:
        ledger.choose_lots(left, 90)
    assert refused.value.params == {"available": 80, "needed": 90}
    post(ledger.hold(C, 50))
    assert shown() == (30, 50, 60)
    post(ledger.release_hold(C, 50))
    assert shown() == (80, 0, 60)
    post(ledger.settle(D, H, 60))
    assert shown() == (80, 0, 0)
    assert len(postings) == 11
    assert balances[f"SYS:SETTLED:{D}"] == 60
    assert balances[f"SYS:ISSUANCE:{D}"] == -140
    assert balances.total() == 0


# --------------------------------------------------------------------------------------------------
# Lots


def lot(name, period="2025-02", left=50, expires=None):
    return Lot(name, period, left, expires or ledger.lot_expiry(period))


@pytest.mark.parametrize(
    ("lots", "points", "split"),
    [
        ([lot("b", "2025-02"), lot("a", "2024-11")], 60, (("a", 50), ("b", 10))),
        ([lot("b", "2025-03"), lot("a", "2025-02")], 50, (("a", 50),)),
        ([lot("b"), lot("a")], 51, (("a", 50), ("b", 1))),
        ([lot("a", expires=local(2027, 2, 1)), lot("b")], 60, (("b", 50), ("a", 10))),
        ([lot("a", left=0), lot("b")], 50, (("b", 50),)),
    ],
)
def test_points_are_taken_from_what_expires_first_then_from_the_earliest_lot(lots, points, split):
    assert ledger.choose_lots(lots, points) == split


def test_no_lots_pay_nothing():
    with pytest.raises(InsufficientPoints):
        ledger.choose_lots([], 1)


def test_what_a_hold_gives_back_lives_thirty_days_at_least():
    expiry = local(2026, 1, 1)
    assert ledger.restored_expiry(expiry, local(2025, 6, 1)) == expiry
    assert ledger.restored_expiry(expiry, local(2025, 12, 20)) == local(2026, 1, 19)
    assert ledger.restored_expiry(expiry, local(2026, 2, 1)) == local(2026, 3, 3)


# --------------------------------------------------------------------------------------------------
# Release, reversal, claw-back


@pytest.mark.parametrize(
    ("points", "owed", "repaid"),
    [(100, 0, 0), (100, 30, 30), (100, 50, 50), (100, 80, 50), (1, 5, 0), (101, 80, 50)],
)
def test_a_release_repays_at_most_half(points, owed, repaid):
    found = ledger.release(D, C, points, owed)
    assert (found.repaid, found.lot) == (repaid, points - repaid)
    lines = dict(found.posting.lines)
    assert lines[f"{C}:PENDING"] == -points
    assert lines[f"{C}:AVAILABLE"] == points - repaid
    assert lines.get(f"{C}:CLAWBACK", 0) == repaid


def test_the_budget_covers_what_becomes_spendable():
    assert ledger.funded(100, 100, 0)
    assert not ledger.funded(99, 100, 0)
    assert ledger.funded(50, 100, 80)
    lines = dict(ledger.release(D, C, 100, 80).posting.lines)
    assert lines[f"SYS:BUDGET:{D}"] == -50


def test_a_reversal_takes_pending_first_then_its_own_lot_then_the_newest_and_the_rest_is_owed():
    lots = [lot("old", "2024-12", 10), lot("own", "2025-01", 20), lot("new", "2025-03", 30)]
    found = ledger.reverse(D, C, 100, pending=15, lots=lots, own_lot="own")
    assert found.pending == 15
    assert found.lots == (("own", 20), ("new", 30), ("old", 10))
    assert found.owed == 25
    assert dict(found.posting.lines) == {
        f"{C}:PENDING": -15,
        f"{C}:AVAILABLE": -60,
        f"{C}:CLAWBACK": -25,
        f"SYS:ISSUANCE:{D}": 100,
        f"SYS:BUDGET:{D}": 60,
        f"SYS:FUNDING:{D}": -60,
    }


def test_a_claw_back_is_forgiven_after_twelve_periods():
    assert ledger.forgiven_until("2025-12") == "2024-12"
    assert ledger.forgiven_until("2026-01") == "2025-01"
    assert dict(ledger.write_off(D, C, 5).lines) == {f"{C}:CLAWBACK": 5, f"SYS:ISSUANCE:{D}": -5}


def test_a_posting_that_does_not_balance_cannot_be_made():
    for lines in ([("a", 1)], [("a", 1), ("b", 1)], [("a", 0), ("b", 0)], []):
        with pytest.raises(ValueError, match="does not balance"):
            ledger.posting("ODD", *lines)


POINTS = st.integers(1, 10_000)


@given(POINTS, st.integers(0, 10_000))
def test_every_kind_of_posting_sums_to_nought(points, owed):
    kinds = [
        ledger.fund(D, points),
        ledger.award(D, C, points),
        ledger.release(D, C, points, owed).posting,
        ledger.hold(C, points),
        ledger.capture(C, H, points),
        ledger.release_hold(C, points),
        ledger.refund(C, H, points),
        ledger.settle(D, H, points),
        ledger.expire(D, C, points),
        ledger.write_off(D, C, points),
        ledger.reverse(D, C, points, pending=owed, lots=[lot("a")]).posting,
    ]
    assert all(sum(n for _, n in posting.lines) == 0 for posting in kinds)


@given(POINTS, st.integers(0, 200), st.lists(st.integers(0, 90), max_size=5))
def test_a_reversal_never_takes_more_than_there_is(points, pending, lefts):
    lots = [lot(f"l{n}", left=left) for n, left in enumerate(lefts)]
    found = ledger.reverse(D, C, points, pending=pending, lots=lots)
    taken = dict(found.lots)
    assert found.pending <= pending
    assert all(taken.get(one.lot_id, 0) <= one.left for one in lots)
    assert found.pending + sum(taken.values()) + found.owed == points
    assert found.owed == 0 or sum(taken.values()) == sum(lefts)


def test_a_broken_ledger_is_named():
    assert broken_balances([(f"{C}:HELD", -1), ("SYS:ISSUANCE:370811", 1)]) == [f"{C}:HELD"]
    assert broken_balances([(f"{C}:CLAWBACK", 1), (f"{C}:HELD", 1)]) == [
        f"{C}:CLAWBACK",
        "SUM",
    ]


# --------------------------------------------------------------------------------------------------
# Everything together, in any order


class Wallet(RuleBasedStateMachine):
    """One wallet, one partner, one budget; every step goes through the pure functions."""

    def __init__(self):
        super().__init__()
        self.balances = Counter()
        self.lots = {}
        self.holds = []
        self.captured = []
        self.pending = 0
        self.now = local(2025, 1, 1)
        self.settled = self.expired = 0
        self._post(ledger.fund(D, 500))

    def _post(self, posting):
        add(self.balances, posting)

    def _balance(self, name):
        return self.balances[f"{C}:{name}"]

    def _take(self, split):
        for name, points in split:
            one = self.lots[name]
            self.lots[name] = Lot(name, one.period, one.left - points, one.expires_at)

    def _restore(self, split):
        for name, points in split:
            one = self.lots[name]
            expires = ledger.restored_expiry(one.expires_at, self.now)
            self.lots[name] = Lot(name, one.period, one.left + points, expires)

    @rule(points=st.integers(1, 200))
    def award(self, points):
        self._post(ledger.award(D, C, points))
        self.pending += points

    @precondition(lambda self: self.pending)
    @rule()
    def release(self):
        owed = -self._balance("CLAWBACK")
        if not ledger.funded(self.balances[f"SYS:BUDGET:{D}"], self.pending, owed):
            return
        found = ledger.release(D, C, self.pending, owed)
        self._post(found.posting)
        period = f"{self.now:%Y-%m}"
        name = f"L{len(self.lots)}"
        self.lots[name] = Lot(name, period, found.lot, ledger.lot_expiry(period))
        self.pending = 0

    @rule(points=st.integers(1, 150))
    def hold(self, points):
        try:
            split = ledger.choose_lots(self.lots.values(), points)
        except InsufficientPoints:
            assert points > self._balance("AVAILABLE")
            return
        self._take(split)
        self._post(ledger.hold(C, points))
        self.holds.append((points, split))

    @precondition(lambda self: self.holds)
    @rule(capture=st.booleans())
    def end_hold(self, capture):
        points, split = self.holds.pop()
        if capture:
            self._post(ledger.capture(C, H, points))
            self.captured.append((points, split))
        else:
            self._post(ledger.release_hold(C, points))
            self._restore(split)

    @precondition(lambda self: self.captured)
    @rule(refund=st.booleans())
    def end_capture(self, refund):
        points, split = self.captured.pop()
        if refund:
            self._post(ledger.refund(C, H, points))
            self._restore(split)
        else:
            self._post(ledger.settle(D, H, points))

    @rule(points=st.integers(1, 250))
    def reverse(self, points):
        found = ledger.reverse(
            D, C, points, pending=self.pending, lots=list(self.lots.values()), own_lot="L0"
        )
        self._post(found.posting)
        self._take(found.lots)
        self.pending -= found.pending

    @rule(days=st.integers(1, 400))
    def time_passes(self, days):
        self.now += timedelta(days=days)
        for one in list(self.lots.values()):
            if one.left and one.expires_at <= self.now:
                self._post(ledger.expire(D, C, one.left))
                self._take([(one.lot_id, one.left)])

    @precondition(lambda self: self._balance("CLAWBACK"))
    @rule()
    def write_off(self):
        self._post(ledger.write_off(D, C, -self._balance("CLAWBACK")))

    @invariant()
    def no_balance_stands_where_it_may_not(self):
        assert broken_balances(self.balances.items()) == []

    @invariant()
    def lots_are_what_is_available_and_holds_what_is_held(self):
        assert sum(one.left for one in self.lots.values()) == self._balance("AVAILABLE")
        assert sum(points for points, _ in self.holds) == self._balance("HELD")
        assert self.pending == self._balance("PENDING")

    @invariant()
    def burnt_points_never_return(self):
        settled, expired = (
            self.balances[f"SYS:SETTLED:{D}"],
            self.balances[f"SYS:EXPIRED:{D}"],
        )
        assert settled >= self.settled
        assert expired >= self.expired
        self.settled, self.expired = settled, expired


def test_any_run_of_the_ledger_keeps_its_invariants():
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Wallet, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
