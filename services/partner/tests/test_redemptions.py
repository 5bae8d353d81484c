"""The redemption saga, as its holder, its partner, credit and the clock see it."""

import dataclasses
import re

import pytest

from fivered.chassis.refusal import (
    IdempotencyMismatch,
    Invalid,
    NotFound,
    PreconditionRequired,
    RoleDenied,
    StateConflict,
    VersionConflict,
)
from fivered.chassis.settings import Secret
from fivered.services.partner import errors
from fivered.services.partner.rules import vouchers
from testkit.bench import instant

COMMUNITY, STREET = "370811015901", "370811015"
ANA, BEN, BARBER, CLERK = "per_ana", "per_ben", "per_barber", "per_clerk"


def said_of(bench, redemption_id):
    """Return what was said of a redemption, without the fact's version."""
    return [
        event["type"].split(".")[1]
        for event in bench.published()
        if event["subject"] == redemption_id
    ]


@pytest.mark.covers("F4-flow")
def test_a_haircut_is_held_shown_verified_and_captured(town, barber, haircut):
    bench = town.bench.at("2025-03-05T09:00")
    made = town.as_resident().do("request_redemption", {"offer_id": haircut})
    assert (made["state"], made["version"], made["points"]) == ("REQUESTED", 1, 60)
    assert made["number"] == "DH-20250305-015901-00001"
    assert town.stock(haircut) == 4
    asked = bench.published("redemption_requested.v1")[0]
    assert asked["data"] == {
        "redemption_id": made["id"],
        "wallet": f"RES:{ANA}",
        "holder": ANA,
        "partner_id": barber,
        "offer_id": haircut,
        "points": 60,
    }
    assert asked["scope"] == COMMUNITY
    assert "voucher" not in town.card(made["id"])

    town.answer("points_held", made["id"])
    card = town.card(made["id"])
    assert card["state"] == "RESERVED"
    assert card["expires_at"] == instant("2025-03-08T09:00").isoformat()
    assert len(card["voucher"]) == 13

    bench.at("2025-03-06T10:00")
    done = town.verify(made["id"])
    assert done["state"] == "REDEEMING"
    assert bench.published("redemption_redeemed.v1")[0]["data"] == {
        "redemption_id": made["id"],
        "wallet": f"RES:{ANA}",
        "partner_id": barber,
        "points": 60,
        "settle_fen": 600,
    }
    town.answer("points_captured", made["id"])
    card = town.card(made["id"])
    assert card["state"] == "REDEEMED"
    assert "voucher" not in card
    assert town.stock(haircut) == 4


@pytest.mark.covers("E7")
def test_the_saga_of_example_e7(town, barber, haircut):
    """Every redemption of E7 on this side of the ledger; credit's postings are credit's test."""
    cinema = town.cinema()
    film = town.offer(
        cinema, operator=CLERK, street=True, scope=STREET, points_price=80, stock_total=1
    )
    hamper = town.offer(
        cinema, operator=CLERK, street=True, scope=STREET, points_price=90, kind="GOODS"
    )
    book = town.offer(
        cinema, operator=CLERK, street=True, scope=STREET, points_price=50, kind="GOODS"
    )
    bench = town.bench

    bench.at("2025-03-05T09:00")
    first = town.reserve(haircut)
    bench.at("2025-03-06T09:00")
    code = town.voucher(first)
    order = {"redemption_id": first, "voucher": code}
    answer = town.as_partner().do("verify_redemption", order, key="verify-1")
    town.answer("points_captured", first)

    bench.at("2025-03-07T09:00")
    second = town.reserve(film)
    bench.at("2025-03-08T08:00")
    town.cancel(second)
    town.answer("points_released", second)

    bench.at("2025-03-10T09:00")
    third = town.request(hamper)
    town.answer("hold_rejected", third, reason="INSUFFICIENT_POINTS")

    bench.at("2025-03-12T09:00")
    fourth = town.reserve(book)
    bench.fire("2025-03-15T09:00")
    assert town.state(fourth) == "EXPIRING"
    town.answer("points_released", fourth)

    # 8: the same key again gives the stored answer, and nothing is said a second time.
    assert town.as_partner().do("verify_redemption", order, key="verify-1") == answer
    assert len(bench.published("redemption_redeemed.v1")) == 1

    states = [town.state(one) for one in (first, second, third, fourth)]
    assert states == ["REDEEMED", "CANCELLED", "REJECTED", "EXPIRED"]
    assert [town.stock(one) for one in (haircut, film, hamper, book)] == [4, 1, 5, 5]
    assert town.card(third)["reason"] == "INSUFFICIENT_POINTS"

    # 9: 60 points x 10 fen = 600 fen, paid; the redemption is settled.
    town.fund(100_000)
    bench.fire("2025-04-03T10:00")
    row = town.statement(barber)
    assert (row["points"], row["amount_fen"], row["state"]) == (60, 600, "ISSUED")
    town.as_partner()
    confirmed = town.move("confirm_statement", row)
    town.as_street()
    town.move("pay_statement", confirmed)
    assert town.state(first) == "SETTLED"
    assert town.card(first)["history"][-1]["state"] == "SETTLED"
    assert bench.published("partner_settled.v1")[0]["data"] == {
        "statement_id": row["id"],
        "partner_id": barber,
        "period": "2025-03",
        "points": 60,
        "amount_fen": 600,
    }
    assert town.statement(cinema) is None


@pytest.mark.covers("F5-flow")
def test_a_refused_hold_returns_the_stock_and_is_the_end(town, haircut):
    redemption_id = town.request(haircut, qty=2)
    assert town.stock(haircut) == 3
    town.answer("hold_rejected", redemption_id, reason="NOT_SPENDABLE")
    assert town.state(redemption_id) == "REJECTED"
    assert town.stock(haircut) == 5
    town.answer("hold_rejected", redemption_id, reason="NOT_SPENDABLE")
    assert town.stock(haircut) == 5
    town.bench.fire("2025-03-03T12:00")
    assert said_of(town.bench, redemption_id) == ["redemption_requested"]


@pytest.mark.covers("F5-flow")
def test_while_credit_is_silent_the_hold_is_asked_for_again_and_then_given_up(town, haircut):
    bench = town.bench.at("2025-03-05T09:00")
    redemption_id = town.request(haircut)
    bench.fire("2025-03-05T09:02:30")
    assert said_of(bench, redemption_id) == ["redemption_requested"] * 3
    events = [
        e for e in bench.published("redemption_requested.v1") if e["subject"] == redemption_id
    ]
    assert len({event["id"] for event in events}) == 3
    assert len({event["data"]["redemption_id"] for event in events}) == 1
    bench.fire("2025-03-05T10:00")
    assert town.state(redemption_id) == "CANCELLING"
    last = bench.published()[-1]
    assert (last["type"], last["time"]) == (
        "partner.redemption_cancelled.v1",
        "2025-03-05T01:10:00Z",
    )
    assert (last["data"]["by"], last["data"]["reason"]) == ("SYSTEM", "HOLD_TIMEOUT")
    assert said_of(bench, redemption_id).count("redemption_requested") == 10
    # Credit returns: it answers the hold and the release in the order in which they were asked.
    town.answer("points_held", redemption_id)
    assert town.state(redemption_id) == "CANCELLING"
    town.answer("points_released", redemption_id)
    assert town.state(redemption_id) == "CANCELLED"
    assert town.stock(haircut) == 5


@pytest.mark.covers("F5-flow")
def test_a_hold_that_comes_too_late_is_released_once(town, haircut):
    bench = town.bench
    redemption_id = town.request(haircut)
    bench.fire("2025-03-03T10:00")
    before = said_of(bench, redemption_id).count("redemption_cancelled")
    town.answer("points_held", redemption_id)
    town.answer("points_held", redemption_id)
    assert said_of(bench, redemption_id).count("redemption_cancelled") == before + 1
    assert bench.published()[-1]["data"]["reason"] == "HELD_TOO_LATE"


@pytest.mark.covers("F5-flow")
def test_points_held_after_a_rejection_are_released_and_the_stock_is_not_returned_twice(
    town, haircut
):
    redemption_id = town.request(haircut)
    town.answer("hold_rejected", redemption_id, reason="INSUFFICIENT_POINTS")
    town.answer("points_held", redemption_id)
    town.answer("points_released", redemption_id)
    assert town.state(redemption_id) == "REJECTED"
    assert town.stock(haircut) == 5
    assert said_of(town.bench, redemption_id) == ["redemption_requested", "redemption_cancelled"]


@pytest.mark.covers("F5-flow")
def test_a_hold_refused_after_it_was_given_up_needs_no_release(town, haircut):
    redemption_id = town.request(haircut)
    town.bench.fire("2025-03-03T10:00")
    town.answer("hold_rejected", redemption_id, reason="TOMBSTONE")
    assert town.state(redemption_id) == "CANCELLED"
    town.answer("points_released", redemption_id)
    assert town.stock(haircut) == 5


@pytest.mark.covers("F5-flow", "C5")
def test_every_answer_may_come_twice(town, barber, haircut):
    bench = town.bench
    redemption_id = town.request(haircut)
    held = bench.event(
        "credit", "points_held.v1", {"redemption_id": redemption_id}, subject=redemption_id
    )
    assert bench.deliver([held, held]) == 1
    assert bench.deliver([held]) == 0
    town.answer("points_held", redemption_id)
    expires_at = town.card(redemption_id)["expires_at"]
    bench.at("2025-03-03T11:00")
    town.answer("points_held", redemption_id)
    assert town.card(redemption_id)["expires_at"] == expires_at
    town.verify(redemption_id)
    for _ in range(2):
        town.answer("points_captured", redemption_id)
    town.answer("points_released", redemption_id)
    assert town.state(redemption_id) == "REDEEMED"
    assert town.stock(haircut) == 4
    assert bench.parked() == []


def test_answers_about_strangers_are_of_no_concern(town, haircut):
    assert town.answer("points_held", "rdm_of_somebody_else") == 1
    assert town.bench.parked() == []


def test_a_batch_of_answers_takes_effect_in_its_order(town, haircut):
    bench = town.bench
    one, two = town.request(haircut), town.request(haircut, person=BEN)

    def event(fact, redemption_id):
        return bench.event("credit", fact, {"redemption_id": redemption_id}, subject=redemption_id)

    bench.deliver(
        [
            event("points_held.v1", one),
            event("hold_rejected.v1", two),
            event("points_held.v1", two),
        ]
    )
    assert (town.state(one), town.state(two)) == ("RESERVED", "REJECTED")
    assert town.stock(haircut) == 4
    assert said_of(bench, two)[-1] == "redemption_cancelled"


# --------------------------------------------------------------------------------------------------
# What a request may be refused for


def refused(town, refusal, offer_id, **body):
    before = town.stock(offer_id)
    with pytest.raises(refusal) as caught:
        town.bench.do("request_redemption", {"offer_id": offer_id} | body)
    assert town.stock(offer_id) == before
    return caught.value


@pytest.mark.covers("REQ-L10")
def test_a_request_beyond_the_monthly_limit_is_refused_until_the_next_month(town, barber):
    offer_id = town.offer(barber, per_person_month=2, stock_total=20)
    town.reserve(offer_id)
    second = town.request(offer_id)
    town.as_resident()
    refusal = refused(town, errors.LimitReached, offer_id)
    assert refusal.params == {"limit": 2, "used": 2}
    town.answer("hold_rejected", second)
    town.request(offer_id)
    town.as_resident(BEN)
    refused(town, errors.LimitReached, offer_id, qty=3)
    town.bench.at("2025-04-01T00:00")
    town.request(offer_id, qty=2)


def test_more_than_there_is_cannot_be_had(town, haircut):
    town.as_resident()
    refused(town, errors.OutOfStock, haircut, qty=6)
    refused(town, Invalid, haircut, qty=0)
    refused(town, Invalid, haircut, qty=21)
    refused(town, Invalid, haircut, wallet="PTN")


def test_who_lives_elsewhere_cannot_have_it(town, haircut):
    town.as_resident(scope="370811015902")
    refused(town, errors.NotInScope, haircut)
    town.as_resident(scope=COMMUNITY + "001")
    assert town.bench.do("request_redemption", {"offer_id": haircut})["state"] == "REQUESTED"


def test_an_offer_is_closed_before_and_after_its_dates_and_while_paused(town, barber):
    offer_id = town.offer(barber, valid_from="2025-03-10", valid_to="2025-03-11")
    town.as_resident()
    refused(town, errors.OfferClosed, offer_id)
    town.bench.at("2025-03-11T23:59:59")
    town.request(offer_id)
    town.bench.at("2025-03-12T00:00")
    town.as_resident()
    refused(town, errors.OfferClosed, offer_id)


@pytest.mark.covers("REQ-L11", "F13-flow")
def test_an_operator_cannot_redeem_at_his_own_shop(town, haircut):
    town.as_resident(BARBER)
    refused(town, errors.ConflictOfInterest, haircut)


@pytest.mark.covers("F13-flow")
def test_a_steward_spends_the_stewards_wallet(town, barber):
    offer_id = town.offer(barber, audience="STEWARD")
    bench = town.as_resident()
    refused(town, errors.WrongAudience, offer_id)
    # H1-33: the offer was said not to be for such wallets, which it is.
    bench.as_("R_STEWARD", person=ANA, scope=COMMUNITY)
    for one in (offer_id, town.offer(barber, audience="BOTH")):
        bench.as_("R_STEWARD", person=ANA, scope=COMMUNITY)
        with pytest.raises(errors.WrongAudience) as told:
            bench.do("request_redemption", {"offer_id": one, "wallet": "STW"})
        assert told.value.guard == "AUDIENCE"
        assert told.value.describe() == "您没有 STW 积分账户"
    enrolled = {
        "steward_id": "stw_ana",
        "person_id": ANA,
        "type": "FULL_TIME",
        "duty": "GRID_WORKER",
        "grids": [COMMUNITY + "001"],
        "community": COMMUNITY,
        "spendable": True,
    }
    bench.consume("steward", "steward_enrolled.v1", enrolled, subject="stw_ana")
    redemption_id = bench.do("request_redemption", {"offer_id": offer_id, "wallet": "STW"})["id"]
    assert bench.published()[-1]["data"]["wallet"] == "STW:stw_ana"
    # Whether it may be spent is credit's answer: a policeman is told so.
    town.answer("hold_rejected", redemption_id, reason="NOT_SPENDABLE")
    assert town.card(redemption_id)["reason"] == "NOT_SPENDABLE"
    bench.consume(
        "steward",
        "steward_left.v1",
        {"steward_id": "stw_ana", "person_id": ANA},
        subject="stw_ana",
        sequence=2,
    )
    # What is older comes too late and changes nothing.
    bench.consume("steward", "steward_enrolled.v1", enrolled, subject="stw_ana")
    bench.at("2025-05-30T09:00").as_("R_STEWARD", person=ANA, scope=COMMUNITY)
    bench.do("request_redemption", {"offer_id": offer_id, "wallet": "STW"})
    bench.at("2025-06-03T09:00")
    refused(town, errors.WrongAudience, offer_id, wallet="STW")


@pytest.mark.covers("R6")
def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(town, haircut):
    town.as_resident()
    order = {"offer_id": haircut}
    first = town.bench.do("request_redemption", order, key="k1")
    assert town.bench.do("request_redemption", order, key="k1") == first
    assert town.stock(haircut) == 4
    with pytest.raises(IdempotencyMismatch):
        town.bench.do("request_redemption", order | {"qty": 2}, key="k1")


# --------------------------------------------------------------------------------------------------
# The voucher


def test_the_voucher_is_shown_to_its_holder_only_and_stored_nowhere(town, barber, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    for bench in (town.as_partner(), town.as_cadre(), town.as_street()):
        card = bench.ask("redemption", {"redemption_id": redemption_id})
        assert "voucher" not in card
        assert card["holder"] == ANA
    for bench in (
        town.as_resident(BEN),
        town.as_partner(CLERK),
        town.as_cadre(scope="370811015902"),
    ):
        with pytest.raises(NotFound):
            bench.ask("redemption", {"redemption_id": redemption_id})
    town.as_partner()
    assert code not in str(town.bench.ask("desk", {"partner_id": barber}))
    for table in ("redemptions", "outbox", "idempotency", "history", "audit", "timers"):
        assert code not in str(town.bench.rows(f"SELECT * FROM {table}"))
    town.bench.at("2025-03-06T09:00")
    assert "voucher" not in town.card(redemption_id)


def plausible_wrong(code):
    digits = f"{(int(code[:12]) + 1) % 10**12:012d}"
    return digits + vouchers.check_digit(digits)


def test_after_five_wrong_vouchers_within_an_hour_even_the_right_one_waits(town, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    wrong = {"redemption_id": redemption_id, "voucher": plausible_wrong(code)}
    bench = town.as_partner()
    for minute in range(5):
        bench.at(f"2025-03-03T10:{minute:02d}")
        with pytest.raises(errors.BadVoucher):
            bench.do("verify_redemption", wrong)
    right = {"redemption_id": redemption_id, "voucher": code}
    with pytest.raises(errors.TooManyTries):
        bench.do("verify_redemption", wrong)
    with pytest.raises(errors.TooManyTries):
        bench.do("verify_redemption", right)
    bench.at("2025-03-03T11:00")
    assert bench.do("verify_redemption", right)["state"] == "REDEEMING"
    assert bench.rows("SELECT * FROM voucher_tries") == []


def test_typing_errors_and_strangers_do_not_use_up_the_tries(town, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    slip = code[:-1] + str((int(code[-1]) + 1) % 10)
    bench = town.as_partner()
    for voucher in [slip] * 10:
        with pytest.raises(errors.BadVoucher):
            bench.do("verify_redemption", {"redemption_id": redemption_id, "voucher": voucher})
    wrong = {"redemption_id": redemption_id, "voucher": plausible_wrong(code)}
    for _ in range(10):
        with pytest.raises(NotFound):
            town.as_partner(CLERK).do("verify_redemption", wrong)
        with pytest.raises(RoleDenied):
            town.as_resident(BEN).do("verify_redemption", wrong)
    spaced = f"{code[:4]} {code[4:8]} {code[8:]}"
    town.as_partner()
    done = bench.do("verify_redemption", {"redemption_id": redemption_id, "voucher": spaced})
    assert done["state"] == "REDEEMING"


@pytest.mark.covers("REQ-L11")
def test_nobody_verifies_his_own_voucher(town, barber, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    version = town.as_cadre().ask("partner", {"partner_id": barber})["version"]
    town.bench.do("set_operators", {"partner_id": barber, "operators": [ANA]}, version=version)
    town.as_partner(ANA)
    with pytest.raises(errors.OperatorIsHolder):
        town.bench.do("verify_redemption", {"redemption_id": redemption_id, "voucher": code})


def test_a_voucher_is_worth_nothing_at_its_last_instant(town, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    town.bench.at("2025-03-06T09:00")
    town.as_partner()
    with pytest.raises(errors.VoucherExpired):
        town.bench.do("verify_redemption", {"redemption_id": redemption_id, "voucher": code})


# --------------------------------------------------------------------------------------------------
# Cancelling, expiring


@pytest.mark.covers("F5-flow")
def test_a_holder_cancels_at_any_time_and_a_partner_for_two_reasons(town, haircut):
    bench = town.bench
    mine, theirs = town.reserve(haircut), town.reserve(haircut)
    town.cancel(mine, reason="改主意了")
    assert bench.published()[-1]["data"]["by"] == "HOLDER"
    assert "改主意" not in str(bench.published())
    town.as_partner()
    version = 2
    for reason in (None, "OTHER"):
        with pytest.raises(errors.ReasonNeeded):
            bench.do(
                "cancel_redemption", {"redemption_id": theirs, "reason": reason}, version=version
            )
    bench.do(
        "cancel_redemption", {"redemption_id": theirs, "reason": "OUT_OF_STOCK"}, version=version
    )
    assert bench.published()[-1]["data"] | {"redemption_id": "", "partner_id": ""} == {
        "redemption_id": "",
        "wallet": f"RES:{ANA}",
        "partner_id": "",
        "points": 60,
        "by": "PARTNER",
        "reason": "OUT_OF_STOCK",
    }
    assert town.stock(haircut) == 3
    town.answer("points_released", mine)
    town.answer("points_released", theirs)
    assert town.stock(haircut) == 5


@pytest.mark.covers("F5-flow")
def test_reserved_is_left_once_and_the_losers_are_told(town, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    version = town.card(redemption_id)["version"]
    order = {"redemption_id": redemption_id}
    town.verify(redemption_id)
    town.as_resident()
    with pytest.raises(StateConflict):
        town.bench.do("cancel_redemption", order, version=version)
    town.as_partner()
    with pytest.raises(StateConflict):
        town.bench.do("verify_redemption", order | {"voucher": code})
    town.bench.fire("2025-03-10T09:00")
    assert town.state(redemption_id) == "REDEEMING"
    other = town.reserve(haircut)
    town.as_resident()
    with pytest.raises(PreconditionRequired):
        town.bench.do("cancel_redemption", {"redemption_id": other})
    with pytest.raises(VersionConflict):
        town.bench.do("cancel_redemption", {"redemption_id": other}, version=1)
    town.as_resident(BEN)
    with pytest.raises(NotFound):
        town.bench.do("cancel_redemption", {"redemption_id": other}, version=2)


def test_a_discount_that_costs_nothing_needs_no_hold(town, barber):
    offer_id = town.offer(
        barber, kind="DISCOUNT", points_price=0, settle_fen_per_point=0, title="烫发九折"
    )
    first = town.request(offer_id)
    assert town.state(first) == "RESERVED"
    assert town.verify(first)["state"] == "REDEEMED"
    second = town.request(offer_id)
    town.cancel(second)
    third = town.request(offer_id)
    assert said_of(town.bench, second) == []
    town.as_partner()
    town.bench.do(
        "cancel_redemption", {"redemption_id": third, "reason": "OUT_OF_STOCK"}, version=2
    )
    assert said_of(town.bench, third) == ["redemption_cancelled"]
    fourth = town.request(offer_id)
    town.bench.fire("2025-03-06T09:00")
    states = [town.state(one) for one in (first, second, third, fourth)]
    assert states == ["REDEEMED", "CANCELLED", "CANCELLED", "EXPIRED"]
    assert town.stock(offer_id) == 4


def test_the_vouchers_of_somebody_who_is_no_longer_registered_end(town, haircut):
    mine, other = town.reserve(haircut), town.reserve(haircut, person=BEN)
    town.bench.consume(
        "steward",
        "resident_deactivated.v1",
        {"person_id": ANA, "reason": "MOVED_OUT"},
        subject=ANA,
    )
    assert (town.state(mine), town.state(other)) == ("CANCELLING", "RESERVED")


# --------------------------------------------------------------------------------------------------
# Afterwards


def test_a_redemption_is_rated_once_within_fourteen_days_by_its_holder(town, haircut):
    first, second = town.redeem(haircut), town.redeem(haircut)
    town.as_resident()
    for stars in (0, 6):
        with pytest.raises(Invalid):
            town.bench.do("rate_redemption", {"redemption_id": first, "stars": stars})
    assert town.bench.do("rate_redemption", {"redemption_id": first, "stars": 5})["version"]
    with pytest.raises(errors.AlreadyRated):
        town.bench.do("rate_redemption", {"redemption_id": first, "stars": 4})
    town.as_resident(BEN)
    with pytest.raises(NotFound):
        town.bench.do("rate_redemption", {"redemption_id": second, "stars": 4})
    town.bench.at("2025-03-17T09:00")
    town.as_resident()
    with pytest.raises(errors.WindowOver):
        town.bench.do("rate_redemption", {"redemption_id": second, "stars": 4})
    waiting = town.request(haircut)
    with pytest.raises(StateConflict):
        town.bench.do("rate_redemption", {"redemption_id": waiting, "stars": 4})


def test_my_redemptions_are_mine_page_by_page(town, haircut):
    mine = [town.request(haircut) for _ in range(3)]
    town.request(haircut, person=BEN)
    bench = town.as_resident()
    page = bench.ask("redemptions", {"limit": 2})
    rest = bench.ask("redemptions", {"limit": 2, "cursor": page["next"]})
    assert [one["id"] for one in page["items"] + rest["items"]] == mine
    assert rest["next"] is None
    assert page["items"][0]["title"] == "理发一次"
    assert bench.ask("redemptions", {"state": "RESERVED"})["items"] == []


def test_the_desk_shows_what_can_be_verified(town, barber, haircut):
    held = town.reserve(haircut)
    town.redeem(haircut, person=BEN)
    desk = town.as_partner().ask("desk", {"partner_id": barber})
    assert [line["id"] for line in desk["to_verify"]] == [held]
    assert "holder" not in desk["to_verify"][0]
    assert desk["counts"] == {"RESERVED": 1, "REDEEMED": 1}
    assert desk["receivable_points"] == 60


def test_a_household_pays_and_credit_says_whose_it_is(town, haircut):
    """CR-D7, FP-D10: `wallet: "HH"` was a VALIDATION error."""
    bench = town.bench.at("2025-03-05T09:00")
    made = town.as_resident().do("request_redemption", {"offer_id": haircut, "wallet": "HH"})
    asked = bench.published("redemption_requested.v1")[0]["data"]
    assert (asked["wallet"], asked["holder"]) == ("HH", ANA)
    town.answer("points_held", made["id"])
    assert town.verify(made["id"])["state"] == "REDEEMING"
    other = town.request(haircut, wallet="HH")
    town.answer("hold_rejected", other, reason="NOT_A_MEMBER")
    card = town.card(other)
    assert (card["state"], card["reason"]) == ("REJECTED", "NOT_A_MEMBER")


@pytest.mark.parametrize("before", [True, False])
def test_a_voucher_that_was_shown_before_the_key_was_replaced(town, haircut, before):
    """SEC-M13: it is taken as long as the key before is given."""
    redemption_id = town.reserve(haircut)
    order = {"redemption_id": redemption_id, "voucher": town.voucher(redemption_id)}
    settings = town.bench.runtime.settings
    town.bench.runtime.settings = dataclasses.replace(
        settings,
        voucher_key=Secret("another-key-of-at-least-32-bytes-long"),
        voucher_key_before=(settings.voucher_key,) if before else (),
    )
    assert town.voucher(redemption_id) != order["voucher"]
    bench = town.as_partner()
    if not before:
        with pytest.raises(errors.BadVoucher):
            bench.do("verify_redemption", order)
        return
    assert bench.do("verify_redemption", order)["state"] == "REDEEMING"


@pytest.mark.parametrize("reason", ["NO_WALLET", "INSUFFICIENT_POINTS", "CONSENT_WITHDRAWN"])
def test_who_is_refused_by_credit_reads_why_in_words(town, haircut, reason):
    """A holder of whom partner knows nothing is passed on; he was shown a code."""
    redemption_id = town.request(haircut, person="per_nobody")
    town.answer("hold_rejected", redemption_id, reason=reason)
    card = town.card(redemption_id, person="per_nobody")
    assert (card["state"], card["reason"]) == ("REJECTED", reason)
    assert re.search("[\u4e00-\u9fff]", card["reason_zh"])
    assert card["reason_en"].lower() == card["reason_en"] != reason
    assert "voucher" not in card
    assert town.stock(haircut) == 5
    listed = town.as_resident("per_nobody").ask("redemptions", {})["items"]
    assert [one["reason_zh"] for one in listed] == [card["reason_zh"]]


def test_a_voucher_that_was_not_used_says_so_and_the_counter_refuses_it(town, haircut):
    redemption_id = town.reserve(haircut)
    code = town.voucher(redemption_id)
    town.bench.fire("2025-03-08T09:00")
    town.answer("points_released", redemption_id)
    card = town.card(redemption_id)
    assert (card["state"], card["reason_zh"]) == ("EXPIRED", "已过期")
    with pytest.raises(StateConflict) as refused:
        town.as_partner().do("verify_redemption", {"redemption_id": redemption_id, "voucher": code})
    assert refused.value.params["state"] == "EXPIRED"


# --------------------------------------------------------------------------------------------------
# A household's points are those of all its adults


@pytest.fixture
def family(town, haircut):
    """Ana and Ben live together, and so does the child; Dan lives alone."""
    for person, adult in ((ANA, True), (BEN, True), ("per_kid", False)):
        town.person(person, "resident_registered", sequence=2, household_id="hh_1", is_adult=adult)
    town.person("per_dan", "resident_registered", household_id="hh_2", is_adult=True)
    return town


def test_what_a_household_redeemed_all_its_adults_see_and_nobody_else(family, barber, haircut):
    town = family
    ours = town.reserve(haircut, wallet="HH")
    mine = town.reserve(haircut)
    seen = {
        person: [one["id"] for one in town.as_resident(person).ask("redemptions", {})["items"]]
        for person in (ANA, BEN, "per_kid", "per_dan")
    }
    assert seen == {ANA: [ours, mine], BEN: [ours], "per_kid": [], "per_dan": []}
    assert "voucher" in town.card(ours, person=BEN)
    for person in ("per_kid", "per_dan"):
        with pytest.raises(NotFound):
            town.card(ours, person=person)
    # Who moves out leaves it behind, and who moves in has nothing to do with it.
    town.person(BEN, "resident_moved", sequence=3, household_id="hh_2")
    with pytest.raises(NotFound):
        town.card(ours, person=BEN)
    with pytest.raises(NotFound):
        town.card(ours, person="per_dan")


def test_each_adult_of_a_household_gives_back_what_it_redeemed(family, barber, haircut):
    town = family
    one, two = town.reserve(haircut, wallet="HH"), town.redeem(haircut, wallet="HH")
    assert town.cancel(one, person=BEN)["state"] == "CANCELLING"
    town.as_resident(BEN)
    version = town.card(two, person=BEN)["version"]
    asked = town.bench.do(
        "ask_refund", {"redemption_id": two, "reason": "理发中途停电"}, version=version
    )
    assert asked["state"] == "REFUND_REVIEW"


def test_nobody_turns_his_households_points_into_money_at_his_own_shop(family, barber, haircut):
    """K12: the spouse of the operator asked, and the operator verified."""
    town = family
    town.person(BARBER, "resident_registered", sequence=2, household_id="hh_1", is_adult=True)
    town.as_resident(ANA)
    for wallet in ("HH", "RES"):
        refused(town, errors.OwnShop, haircut, wallet=wallet)
    dan = town.reserve(haircut, person="per_dan")
    town.person(BARBER, "resident_moved", sequence=3, household_id="hh_2")
    with pytest.raises(errors.OperatorIsHolder):
        town.verify(dan, person="per_dan")
