"""What is given back after it was billed: points and fen of the statements add up."""

import pytest

from fivered.services.partner import errors
from fivered.services.partner.tests.test_register import stop
from fivered.services.partner.tests.test_statements import (
    BEN,
    ISSUED,
    adjust,
    ask_refund,
    paid,
    step,
)

pytestmark = pytest.mark.slow

NEXT_ISSUED = "2025-05-08T10:00"


def refund(town, redemption_id):
    ask_refund(town, redemption_id)
    town.as_cadre()
    return step(town, "approve_refund", redemption_id, reasons="情况属实")


def disputed(town, partner_id, one):
    row = town.statement(partner_id)
    town.as_partner()
    town.move("dispute_statement", row, reason="金额", lines=[one])
    return town.statement(partner_id)


def pay(town, partner_id, period="2025-03"):
    town.as_street()
    return town.move("pay_statement", town.statement(partner_id, period))


@pytest.fixture
def march(town):
    """The last day of March, with money for two months."""
    for period in ("2025-03", "2025-04"):
        town.fund(100_000, period=period)
    town.bench.at("2025-03-31T09:00")
    return town.bench


@pytest.mark.parametrize("amount_fen", [300, 2500])
def test_the_amount_of_a_line_that_was_given_back_stays(town, barber, haircut, march, amount_fen):
    """H4-1: 1900 fen were paid for a redemption that had been refunded."""
    one, _two = town.redeem(haircut), town.redeem(haircut)
    march.fire(ISSUED)
    refund(town, one)
    row = disputed(town, barber, one)
    with pytest.raises(errors.LineGivenBack) as refused:
        adjust(town, row, one, amount_fen)
    assert refused.value.field == "adjustments[0].redemption_id"
    assert town.statement(barber)["amount_fen"] == 600


@pytest.mark.parametrize("adjusted", [500, 900])
def test_what_was_paid_for_it_is_taken_back(town, barber, haircut, march, adjusted):
    """H4-2: 600 fen were taken back of a line that 500 were paid for."""
    one = town.redeem(haircut)
    march.fire(ISSUED)
    adjust(town, disputed(town, barber, one), one, adjusted)
    pay(town, barber)
    town.redeem(haircut)
    town.redeem(haircut)
    refund(town, one)
    march.fire(NEXT_ISSUED)
    row = town.statement(barber, "2025-04")
    assert (row["points"], row["amount_fen"]) == (60, 1200 - adjusted)


def test_points_of_an_unpaid_statement_do_not_serve_for_a_refund(town, barber, haircut, march):
    """H4-4: the statement that was paid next burnt points which the refund had taken."""
    one = town.redeem(haircut)
    march.fire(ISSUED)
    ask_refund(town, one)
    paid(town, barber)
    town.redeem(haircut)
    march.fire(NEXT_ISSUED)
    town.as_cadre()
    with pytest.raises(errors.ReceivableShort) as refused:
        step(town, "approve_refund", one)
    assert refused.value.params == {"open": 0, "points": 60}
    town.as_partner()
    assert march.ask("desk", {"partner_id": barber})["receivable_points"] == 60


def test_what_a_waiting_refund_needs_is_not_billed(town, barber, haircut, march):
    """H4-4: 60 points at 5 fen do not make up for 60 at 10, so both wait for the next month."""
    one = town.redeem(haircut)
    march.fire(ISSUED)
    paid(town, barber)
    cheap = town.offer(barber, title="洗头一次", settle_fen_per_point=5)
    town.redeem(cheap)
    refund(town, one)
    march.fire(NEXT_ISSUED)
    assert town.statement(barber, "2025-04") is None
    march.at("2025-05-20T09:00")
    town.redeem(haircut)
    march.fire("2025-06-06T10:00")
    row = town.statement(barber, "2025-05")
    assert (row["points"], row["amount_fen"]) == (60, 300)


def test_points_that_one_refund_has_used_serve_for_no_other(town, barber, haircut, march):
    """H4-5: partner said REFUNDED, and the ledger had nothing left to give the points from."""
    one, two = town.redeem(haircut), town.redeem(haircut, person=BEN)
    march.fire(ISSUED)
    ask_refund(town, two, BEN)
    paid(town, barber)
    three = town.redeem(haircut)
    refund(town, one)
    ask_refund(town, three)
    town.as_cadre()
    step(town, "deny_refund", three, reasons="现场核实服务已完成")
    march.fire(NEXT_ISSUED)
    row = town.statement(barber, "2025-04")
    assert (row["points"], row["amount_fen"]) == (0, 0)
    town.as_cadre()
    with pytest.raises(errors.ReceivableShort):
        step(town, "approve_refund", two)
    town.as_partner()
    assert march.ask("desk", {"partner_id": barber})["receivable_points"] == 0


def test_a_statement_that_an_offset_has_emptied_gives_nothing_back(town, barber, haircut, march):
    """H4-5: its only line was given back too, and the statement stood at -60 points."""
    one = town.redeem(haircut)
    march.fire(ISSUED)
    ask_refund(town, one)
    paid(town, barber)
    march.at("2025-05-30T09:00")
    two = town.redeem(haircut)
    town.as_cadre()
    step(town, "approve_refund", one)
    march.fire("2025-06-05T10:00")
    row = town.statement(barber, "2025-05")
    assert (row["points"], row["amount_fen"]) == (0, 0)
    with pytest.raises(errors.ReceivableShort):
        refund(town, two)
    assert town.statement(barber, "2025-05")["points"] == 0


@pytest.mark.parametrize("fen_per_point", [10, 5])
def test_what_a_partner_that_left_gives_back_is_borne_by_its_unpaid_statement(
    town, barber, haircut, march, fen_per_point
):
    """H4-10: the district bore it, and the partner was paid 600 fen of April on top."""
    one = town.redeem(haircut)
    march.fire(ISSUED)
    paid(town, barber)
    second = town.offer(barber, title="洗头一次", settle_fen_per_point=fen_per_point)
    town.redeem(second)
    march.at("2025-04-04T09:00")
    ask_refund(town, one)
    march.fire(NEXT_ISSUED)
    stop(town, "exit_partner", barber, "HONOUR")
    town.as_cadre()
    assert step(town, "approve_refund", one)["state"] == "REFUNDED"
    (told,) = march.published("redemption_refunded.v1")
    town.as_partner()
    desk = march.ask("desk", {"partner_id": barber})
    row = town.statement(barber, "2025-04")
    stands = (row["points"], row["amount_fen"], told["data"]["borne_by"], desk["receivable_points"])
    # 60 points at 5 fen do not make up for 60 at 10.
    assert stands == ((0, 0, None, 0) if fen_per_point == 10 else (60, 300, "DISTRICT", 60))
    town.as_partner()
    town.move("confirm_statement", row)
    pay(town, barber, "2025-04")
    settled = [event["data"]["points"] for event in march.published("partner_settled.v1")]
    assert settled == ([60] if fen_per_point == 10 else [60, 60])
    town.as_partner()
    assert march.ask("desk", {"partner_id": barber})["receivable_points"] == 0
