"""The random walks over partner's money, with several doors entered at once.

On PostgreSQL the doors of a crowd have connections of their own, and nobody says which comes first:
whatever the order was, statements, funds and credit's ledger must add up as the model says.
"""

import random
from dataclasses import replace

import pytest

from fivered.chassis import timers
from fivered.chassis.bus import Actor, Call, new_uuid
from fivered.chassis.refusal import Refusal
from fivered.services.partner.rules.statements import next_issue
from fivered.services.partner.tests.conftest import CADRE, COMMUNITY, OFFICER, STREET, Town, begun
from fivered.services.partner.tests.test_money_walks import PERIODS, STEPS, Walk, step
from fivered.services.partner.tests.test_races import on_postgresql
from testkit.beside import at_once

pytestmark = pytest.mark.slow

STREETS = Actor(OFFICER, "R_STREET", STREET)
CADRES = Actor(CADRE, "R_CADRE", COMMUNITY)
MOST_AT_ONCE = 4


class Crowds(Walk):
    """A walk of which some steps are several doors at once."""

    def begin(self):
        self.given_back = set()
        return super().begin()

    def call(self, method, actor, row, key, **body):
        """Return (door, what it is about, the work)."""
        order = Call(method, {key: row[key]} | body, actor, None, row["version"])
        # Of two who do the same, each has a key of its own.
        return (
            method,
            row[key],
            lambda: self.town.bench.runtime.call(replace(order, key=new_uuid())),
        )

    def doors(self, chance):
        """Return what could be done at this moment with what is billed, paid and given back."""
        found = []
        for row in self.stand["redemptions"]:
            if row["state"] == "REFUND_REVIEW":
                who = chance.choice((STREETS, CADRES))
                found.append(
                    self.call("approve_refund", who, row, "redemption_id", reasons="情况属实")
                )
        for row in self.stand["statements"]:
            if row["state"] in {"CONFIRMED", "HELD"}:
                order = {"payment_ref": "银行回单"}
                found.append(self.call("pay_statement", STREETS, row, "statement_id", **order))
            if row["state"] == "ISSUED":
                who = Actor(self.partners[row["partner_id"]], "R_PARTNER", STREET)
                found.append(self.call("confirm_statement", who, row, "statement_id"))
            if row["state"] in {"DISPUTED", "HELD"}:
                found += self.adjustment(row, chance)
            found += self.money(row["period"], chance)
        for row in self.stand["partners"]:
            if row["state"] == "ACTIVE" and chance.random() < 0.01:
                order = {"vouchers": "HONOUR", "reason": "门店装修"}
                found.append(self.call("exit_partner", STREETS, row, "partner_id", **order))
        return found

    def adjustment(self, row, chance):
        lines = [one for one, worth in self.worth.items() if worth.billed == row["statement_id"]]
        if not lines:
            return []
        one = chance.choice(lines)
        order = [{"redemption_id": one, "amount_fen": self.worth[one].fen // 2}]
        body = {"outcome": "ADJUSTED", "reasons": "核对属实", "adjustments": order}
        return [self.call("review_statement", STREETS, row, "statement_id", **body)]

    def money(self, period, chance):
        funds = [
            row for row in self.stand["funds"] if (row["area"], row["period"]) == (STREET, period)
        ]
        body = {"period": period, "budget_fen": chance.choice((0, 600, 2500, 90000))}
        return [self.call("set_fund", STREETS, row, "area", **body) for row in funds]

    def crowd(self, a, b):
        """Up to four doors at once."""
        self.look()
        chance = random.Random(a * 1000 + b)
        found = self.doors(chance)
        # The same door may be entered twice, by two people.
        works = [chance.choice(found) for _ in range(min(len(found), MOST_AT_ONCE))]
        self.at_once(works)

    def crowded_issue(self, a, b):
        """The statements of a month are issued while refunds are decided and others are paid."""
        bench = self.town.bench
        _period, issued = next_issue(bench.now, bench.runtime.calendar)
        # Until a moment before, one thing after another.
        bench.fire(issued.replace(hour=0))
        self.take_bills()
        chance = random.Random(a * 1000 + b)
        found = self.doors(chance)
        works = chance.sample(found, min(len(found), MOST_AT_ONCE - 1))
        bench.at(issued)
        fire = "fire", "", lambda: timers.fire_due(bench.runtime, until=issued)
        self.at_once([fire, *works])
        bench.fire(issued)
        self.take_bills()

    def at_once(self, works):
        """Enter the doors, and take what they have done into the model."""
        done = at_once(*(work for _door, _about, work in works), expected=Exception)
        self.given_back = set()
        for (door, about, _work), outcome in zip(works, done, strict=True):
            refused = isinstance(outcome, Refusal)
            assert refused or not isinstance(outcome, Exception), f"{door}: {outcome!r}"
            self.counts[f"at once, {door}: {outcome.code if refused else 'done'}"] += 1
            if door == "approve_refund" and not refused:
                assert about not in self.given_back, "given back twice"
                self.given_back.add(about)
        self.take_bills()
        self.take_money()
        for one in sorted(self.given_back):
            self.take_refund(one)
        self.given_back = set()

    def take_bill(self, row):
        """As of a walk; what was given back at the same moment is taken by `take_refund`."""
        lines = self.stand["statement_lines"]
        self.stand["statement_lines"] = [
            line
            for line in lines
            if not (line["kind"] == "REFUND" and line["redemption_id"] in self.given_back)
        ]
        super().take_bill(row)
        self.stand["statement_lines"] = lines

    def take_money(self):
        """Take what was paid and adjusted into the model; each line must say so."""
        for statement_id, bill in self.bills.items():
            bill.paid = self.papers[statement_id]["state"] == "PAID"
        for line in self.stand["statement_lines"]:
            if line["kind"] == "REDEEMED":
                worth = self.worth[line["redemption_id"]]
                self.bills[worth.billed].fen += line["amount_fen"] - worth.fen
                worth.fen = line["amount_fen"]
        for one, worth in self.worth.items():
            paid = self.state[one]["settled_at"] is not None
            assert paid >= worth.paid, "paid no more"
            assert not paid or self.bills[worth.billed].paid, "paid by no statement"
            worth.paid = paid
            kept = worth.billed and not worth.refunded and one not in self.given_back
            assert not kept or paid == self.bills[worth.billed].paid, "billed, and not paid with it"

    def take_refund(self, one):
        row, worth = self.state[one], self.worth[one]
        assert row["state"] == "REFUNDED"
        assert not worth.refunded, "refunded twice"
        worth.refunded = True
        worth.borne = row["refund_borne_by"] is not None
        assert not worth.borne or worth.paid
        if worth.billed and not worth.paid:
            assert row["refund_statement_id"] == worth.billed
        if row["refund_statement_id"]:
            worth.taken_back = row["refund_statement_id"]
            self.bills[worth.taken_back].points -= worth.points
            self.bills[worth.taken_back].fen -= worth.fen


CROWDED = STEPS | {"crowd": 24, "crowded_issue": 5, "next_month": 1, "pay": 2, "give_back": 1}


def crowded(bench, seed, length):
    """Walk a seed; raises AssertionError where the service and the model differ."""
    chance = random.Random(seed)
    names = chance.choices(list(CROWDED), list(CROWDED.values()), k=length)
    walk = Crowds(Town(bench.staged(begun))).begin()
    for number, name in enumerate(names):
        a, b = chance.randrange(1000), chance.randrange(1000)
        if walk.town.bench.runtime.calendar.period(walk.town.bench.now) >= PERIODS[-3]:
            break
        step(walk, seed, number, (name, a, b))
    walk.end()
    return walk


@on_postgresql
@pytest.mark.parametrize("seed", [1, 7])
def test_points_and_money_add_up_whoever_comes_first(bench, seed):
    walk = crowded(bench, seed, 90)
    assert any(name.startswith("at once") and name.endswith("done") for name in walk.counts)
