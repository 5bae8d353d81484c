"""The real ledger, in the database and through its real doors, under any run of what can happen."""

import itertools
import json
import random
import uuid

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fivered.chassis.calendar import Calendar
from fivered.services.credit.actions import amounts, ledger
from fivered.services.credit.storage import ledger as store
from fivered.services.credit.storage import registry
from fivered.services.credit.tests import stage
from testkit.bench import instant

pytestmark = pytest.mark.slow

_DISTRICTS = itertools.count(100000)
# State of a hold -> steps that do not fit it, each with its refusal.
UNFIT = {
    "HELD": [("refunded", "NOT_CAPTURED")],
    "CAPTURED": [
        ("redeemed", "CAPTURED_TWICE"),
        ("cancelled", "ALREADY_CAPTURED"),
        ("expired", "ALREADY_CAPTURED"),
    ],
    "RELEASED": [("redeemed", "ALREADY_RELEASED"), ("refunded", "ALREADY_RELEASED")],
    "REFUNDED": [
        ("redeemed", "ALREADY_REFUNDED"),
        ("cancelled", "ALREADY_REFUNDED"),
        ("refunded", "REFUNDED_TWICE"),
    ],
}
SIDES = ("available", "held", "receivable", "clawback")


class World:
    """One resident, one partner and one district of their own on a shared database."""

    def __init__(self, bench):
        self.bench = bench.at("2025-01-06T09:00")
        self.district = str(next(_DISTRICTS))
        self.area = self.district + "015901"
        self.person = f"per_{self.district}"
        self.wallet = f"RES:{self.person}"
        self.partner = f"ptn_{self.district}"
        with bench.transaction() as tx:
            row = registry.stub(self.wallet, bench.now)
            row |= {"area": self.area, "area_before": self.area, "area_since": bench.now}
            registry.put_subject(tx.conn, row)

    @property
    def period(self):
        return Calendar.period(self.bench.now)

    def redemption(self, what, redemption_id, points, event_id=None):
        data = {
            "redemption_id": redemption_id,
            "wallet": self.wallet,
            "partner_id": self.partner,
            "points": points,
        }
        if what == "requested":
            data |= {"holder": self.person, "offer_id": "ofr_1"}
        return self.bench.event(
            "partner",
            f"redemption_{what}.v1",
            data,
            subject=redemption_id,
            scope=self.area,
            event_id=event_id,
        )

    def award(self, points, period):
        award_id = str(uuid.uuid4())
        with self.bench.transaction() as tx:
            amounts.post_points(
                tx,
                [
                    amounts.Gain(
                        award_id, self.wallet, period, self.bench.now, points, self.area, points % 4
                    )
                ],
            )
        return award_id

    def release(self, period):
        with self.bench.transaction() as tx:
            return ledger.release_month(
                tx,
                period=period,
                district=self.district,
                subject_ids=[self.wallet],
                ref=f"stl_{self.district}_{period}",
            )

    def rows(self, statement, **more):
        return self.bench.rows(
            statement, w=self.wallet, p=f"PTN:{self.partner}", d=self.district, **more
        )

    def number(self, statement):
        return int(self.rows(statement)[0]["n"] or 0)

    def balances(self):
        """Every balance that belongs to this world, as the database keeps them."""
        found = {}
        for row in self.rows("SELECT * FROM wallets WHERE subject_id IN (:w, :p)"):
            found |= {(row["subject_id"], side.upper()): int(row[side]) for side in SIDES}
        for row in self.rows("SELECT period, points FROM pendings WHERE subject_id = :w"):
            key = (self.wallet, "PENDING")
            found[key] = found.get(key, 0) + int(row["points"])
        for row in self.rows("SELECT account, balance FROM system_accounts WHERE district = :d"):
            found[row["account"], "SYSTEM"] = int(row["balance"])
        return {key: points for key, points in found.items() if points}

    def replayed(self):
        """The same balances from nothing but the lines of the postings."""
        rows = self.rows(
            "SELECT l.owner, l.side, SUM(l.amount) AS n FROM lines l"
            " WHERE l.owner IN (:w, :p) OR l.owner LIKE :s GROUP BY l.owner, l.side",
            s=f"SYS:%:{self.district}:%",
        )
        return {(row["owner"], row["side"]): int(row["n"]) for row in rows if int(row["n"])}

    def check(self):
        found = self.balances()
        assert sum(found.values()) == 0, found
        for (owner, side), points in found.items():
            if side == "CLAWBACK":
                assert points <= 0
            elif side != "SYSTEM" or owner.split(":")[1] in ("BUDGET", "EXPIRED", "SETTLED"):
                assert points >= 0, (owner, side, points)
        assert found == self.replayed()
        available = found.get((self.wallet, "AVAILABLE"), 0)
        held = found.get((self.wallet, "HELD"), 0)
        lots = 'SELECT SUM("left") AS n FROM lots WHERE subject_id = :w'
        assert self.number(lots) == available
        holds = "SELECT SUM(points) AS n FROM holds WHERE subject_id = :w AND state = 'HELD'"
        assert self.number(holds) == held
        debts = 'SELECT SUM("left") AS n FROM debts WHERE subject_id = :w'
        assert self.number(debts) == -found.get((self.wallet, "CLAWBACK"), 0)


def machine(bench):
    """Return the state machine over the ledger behind a bench."""

    class Ledger(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.world = World(bench)
            self.given = []
            self.states = {}
            self.said = []
            self.burnt = (0, 0)
            self.statements = 0

        def _say(self, what, redemption_id):
            points = self.states[redemption_id][1]
            event = self.world.redemption(what, redemption_id, points)
            self.said.append(event)
            bench.deliver([event])
            assert bench.parked() == []

        def _in(self, *states):
            return sorted(name for name, (state, _) in self.states.items() if state in states)

        def _told(self, redemption_id):
            """The last answer about a redemption: (fact, why it was refused)."""
            row = bench.rows(
                "SELECT body FROM outbox WHERE subject = :s ORDER BY id DESC LIMIT 1",
                s=redemption_id,
            )[0]
            told = json.loads(bytes(row["body"]))
            return told["type"].partition(".")[2], told["data"].get("reason")

        def _state(self, redemption_id):
            row = bench.rows("SELECT state FROM holds WHERE hold_id = :h", h=redemption_id)
            return row[0]["state"]

        @rule(points=st.integers(1, 120))
        def award(self, points):
            period = self.world.period
            self.given.append((self.world.award(points, period), points, period))

        @rule(points=st.integers(1, 300))
        def grant(self, points):
            order = {"points": points, "basis": "测试拨付"}
            bench.as_("R_DISTRICT", person="per_d", scope=self.world.district)
            made = bench.do("grant_budget", order)
            bench.as_("R_DISTRICT", person="per_d2", scope=self.world.district)
            bench.do("approve_budget", {"grant_id": made["id"]}, version=1)

        @rule()
        def release(self):
            for period in sorted({period for _, _, period in self.given}):
                self.world.release(period)

        @rule(points=st.integers(1, 150))
        def hold(self, points):
            before = self.world.balances().get((self.world.wallet, "AVAILABLE"), 0)
            redemption_id = f"rdm_{self.world.district}_{len(self.states)}"
            self.states[redemption_id] = ("HELD", points)
            self._say("requested", redemption_id)
            state = self._state(redemption_id)
            # Points whose time is over and that the daily run has not swept yet are not spent.
            assert state == "HELD" or points > 0
            if points > before:
                assert state == "REFUSED"
            self.states[redemption_id] = (state, points)

        @precondition(lambda self: self._in("HELD"))
        @rule(what=st.sampled_from(["redeemed", "cancelled", "expired"]), pick=st.randoms())
        def end_hold(self, what, pick):
            redemption_id = pick.choice(self._in("HELD"))
            self._say(what, redemption_id)
            state = "CAPTURED" if what == "redeemed" else "RELEASED"
            assert self._state(redemption_id) == state
            self.states[redemption_id] = (state, self.states[redemption_id][1])

        @precondition(lambda self: self._in("CAPTURED"))
        @rule(pick=st.randoms())
        def refund(self, pick):
            redemption_id = pick.choice(self._in("CAPTURED"))
            self._say("refunded", redemption_id)
            self.states[redemption_id] = (
                self._state(redemption_id),
                self.states[redemption_id][1],
            )

        @rule(
            redemption=st.integers(0, 40),
            what=st.sampled_from(["requested", "redeemed", "cancelled", "expired", "refunded"]),
        )
        def anything_out_of_order(self, redemption, what):
            """A fact that does not fit: of an ended redemption, or of one never heard of."""
            redemption_id = f"rdm_{self.world.district}_{redemption}"
            if redemption_id not in self.states:
                redemption_id += "_x"
            known = self.states.get(redemption_id, ("-", 7))
            if known[0] in ("HELD", "CAPTURED"):
                return
            self.states[redemption_id] = known
            if known[0] == "-" and what == "requested":
                del self.states[redemption_id]
                return
            self._say(what, redemption_id)
            self.states[redemption_id] = (self._state(redemption_id), known[1])
            assert self.states[redemption_id][0] not in ("HELD", "CAPTURED", "REFUNDED") or (
                known[0] == self.states[redemption_id][0]
            )

        @precondition(lambda self: self.said)
        @rule(pick=st.randoms())
        def say_again(self, pick):
            """The broker delivers again what was delivered before."""
            before = self.world.balances()
            assert bench.deliver([pick.choice(self.said)]) == 0
            assert self.world.balances() == before

        @precondition(lambda self: self.states)
        @rule(pick=st.randoms())
        def ask_again(self, pick):
            """Partner asks for a hold or a release again, as another event: it is answered. Another
            event that captures or refunds once more is refused. Nothing moves by either."""
            redemption_id = pick.choice(sorted(self.states))
            before = self.world.balances()
            state, _ = self.states[redemption_id]
            what = {"CAPTURED": "redeemed", "RELEASED": "expired", "REFUNDED": "refunded"}.get(
                state, "requested"
            )
            self._say(what, redemption_id)
            assert self.world.balances() == before
            assert self._told(redemption_id) == {
                "HELD": ("points_held.v1", None),
                "CAPTURED": ("hold_rejected.v1", "CAPTURED_TWICE"),
                "RELEASED": ("points_released.v1", None),
                "REFUNDED": ("hold_rejected.v1", "REFUNDED_TWICE"),
            }.get(state, self._told(redemption_id))

        @precondition(lambda self: self._in("HELD", "CAPTURED", "RELEASED", "REFUNDED"))
        @rule(pick=st.randoms())
        def a_step_that_does_not_fit(self, pick):
            """Each has its own refusal, and nothing moves."""
            ended = self._in("HELD", "CAPTURED", "RELEASED", "REFUNDED")
            redemption_id = pick.choice(ended)
            what, reason = pick.choice(UNFIT[self.states[redemption_id][0]])
            before = self.world.balances()
            self._say(what, redemption_id)
            assert self._told(redemption_id) == ("hold_rejected.v1", reason)
            assert self._state(redemption_id) == self.states[redemption_id][0]
            assert self.world.balances() == before

        @precondition(lambda self: self._in("HELD", "CAPTURED", "RELEASED", "REFUNDED"))
        @rule(pick=st.randoms(), what=st.sampled_from(["requested", "redeemed", "expired"]))
        def other_content_under_one_id(self, pick, what):
            redemption_id = pick.choice(self._in("HELD", "CAPTURED", "RELEASED", "REFUNDED"))
            before = self.world.balances()
            points = self.states[redemption_id][1] + 1
            bench.deliver([self.world.redemption(what, redemption_id, points)])
            assert self._told(redemption_id) == ("hold_rejected.v1", "HOLD_DIFFERS")
            assert self.world.balances() == before

        @precondition(lambda self: self.given)
        @rule(pick=st.randoms(), part=st.integers(1, 100))
        def reverse(self, pick, part):
            award_id, points, period = pick.choice(self.given)
            self.given.remove((award_id, points, period))
            taken = max(1, points * part // 100)
            with bench.transaction() as tx:
                ledger.reverse_points(
                    tx,
                    subject_id=self.world.wallet,
                    area=self.world.area,
                    award_id=award_id,
                    points=taken,
                    points_period=period,
                    shard=points % 4,
                )

        @rule(share=st.integers(1, 100))
        def settle(self, share):
            owed = self.world.balances().get((f"PTN:{self.world.partner}", "RECEIVABLE"), 0)
            points = owed * share // 100
            self.statements += 1
            statement_id = f"stm_{self.world.district}_{self.statements}"
            for _ in range(2):
                bench.consume(
                    "partner",
                    "partner_settled.v1",
                    {
                        "statement_id": statement_id,
                        "partner_id": self.world.partner,
                        "period": self.world.period,
                        "points": points,
                        "amount_fen": points * 10,
                    },
                    subject=statement_id,
                    scope=self.world.area,
                )

        @rule(months=st.integers(1, 14))
        def time_passes(self, months):
            period = Calendar.next_period(self.world.period, months)
            if period > "2029-12":
                return
            bench.at(f"{period}-06T00:30")
            with bench.transaction() as tx:
                ledger.expire_points(tx, None)

        @invariant()
        def the_books_are_right(self):
            self.world.check()

        @invariant()
        def burnt_points_never_return(self):
            found = self.world.balances()
            now = tuple(
                sum(n for (owner, _), n in found.items() if owner.startswith(f"SYS:{kind}:"))
                for kind in ("SETTLED", "EXPIRED")
            )
            assert now[0] >= self.burnt[0]
            assert now[1] >= self.burnt[1]
            self.burnt = now

    return Ledger


@pytest.mark.covers("N10", "N11", "R3", "R4", "R11", "C14", "N10", "N11", "F15-flow")
def test_any_run_of_the_real_ledger_keeps_its_books(bench):
    few = bench.runtime.engine.dialect.name == "postgresql"
    run_state_machine_as_test(
        machine(bench),
        settings=settings(
            max_examples=6 if few else 25,
            stateful_step_count=20 if few else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert stage.trial_balance(bench)["sum"] == 0


@pytest.mark.covers("N10", "N11", "R3")
@pytest.mark.parametrize("seed", range(2))
def test_every_event_twice_and_in_two_orders_gives_the_same_state(bench, seed):
    """What one source says of one redemption keeps its order; all else may be mixed."""
    chance = random.Random(seed)
    scripts = []
    for number in range(12):
        points = chance.randint(1, 20)
        ending = chance.choice(
            [["redeemed"], ["redeemed", "refunded"], ["cancelled"], ["expired"], []]
        )
        scripts.append((number, points, ["requested", *ending]))
    states = []
    for order in ("one after the other", "mixed", "backwards"):
        world = World(bench)
        world.award(500, "2025-01")
        world.release("2025-01")
        queues = [[(n, points, what) for what in steps] for n, points, steps in scripts]
        if order == "backwards":
            queues.reverse()
        said = []
        while any(queues):
            filled = [queue for queue in queues if queue]
            queue = chance.choice(filled) if order == "mixed" else filled[0]
            said.append(queue.pop(0))
        for number, points, what in said:
            event = world.redemption(what, f"rdm_{world.district}_{number}", points)
            bench.deliver([event, event])
            assert bench.deliver([event]) == 0
        world.check()
        states.append(
            sorted((owner.split(":")[0], side, n) for (owner, side), n in world.balances().items())
        )
    assert states[0] == states[1] == states[2]


@pytest.mark.covers("C14", "N10")
def test_spending_everything_changes_no_standing(bench):
    from fivered.services.credit.tests.test_awards import rated
    from fivered.services.credit.tests.test_settlement import (
        NOTICE_END,
        close_month,
        confirm,
        entry_of,
        review,
        settlement_of,
    )

    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    bench.at("2025-03-10T21:00").deliver([rated(bench, at="2025-03-10T10:00")])
    card = close_month(bench)
    bench.at("2025-04-10T09:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire(NOTICE_END)
    bench.fire("2025-04-18T00:00")
    before = entry_of(settlement_of(bench), "STW:stw_1")
    available, _ = stage.balances(bench, "STW:stw_1")
    assert available == 60
    for what in ("requested", "redeemed"):
        bench.deliver(
            [
                stage.redemption(
                    bench,
                    what,
                    "rdm_1",
                    "2025-04-18T10:00",
                    points=available,
                    wallet="STW:stw_1",
                    **({"holder": "per_s"} if what == "requested" else {}),
                )
            ]
        )
    assert stage.balances(bench, "STW:stw_1") == (0, 0)
    after = entry_of(settlement_of(bench), "STW:stw_1")
    assert (after["score"], after["grade"], after["state"]) == (
        before["score"],
        before["grade"],
        before["state"],
    )
    sheet = bench.as_("R_STEWARD", person="per_s", scope=stage.GRID).ask("me")["subjects"][0]
    assert sheet["standing"]["score"] == before["score"]


def test_a_hold_locks_the_wallet_before_it_reads_the_lots(bench):
    """What the machine cannot see: the lots are read under the wallet's lock."""
    world = World(bench)
    world.award(10, "2025-01")
    world.release("2025-01")
    with bench.transaction() as tx:
        locked = store.lock_wallets(tx.conn, [world.wallet])
        lots = store.open_lots(tx.conn, world.wallet)
    assert locked[world.wallet].available == sum(lot.left for lot in lots) == 10
    assert instant("2025-01-06T09:00") == bench.now
