"""Codes, vouchers, forbidden things, prices: rules without a database."""

import re
from datetime import date

import pytest

from fivered.chassis.calendar import published
from fivered.chassis.decimals import percent, ratio
from fivered.services.partner import errors
from fivered.services.partner.rules import offers, redemptions, statements, uscc, vouchers
from testkit.bench import instant

KEY = "a-test-key-that-is-32-bytes-long-or-more"


@pytest.mark.covers("E14")
@pytest.mark.parametrize(
    "code",
    [
        "91110108551385082Q",
        "91370899MA0000000E",
        "92370899MA0000000B",
        "91370899MA0000003P",
        "91370899MA00000250",  # the weighted sum is divisible by 31
        " 9137 0899-ma00 000250 ",
    ],
)
def test_a_valid_code_is_read_and_consistent(code):
    assert uscc.is_consistent(uscc.normalised(code))


@pytest.mark.covers("E14")
def test_a_wrong_check_character_is_noticed():
    assert not uscc.is_consistent(uscc.normalised("91370899MA00000251"))


@pytest.mark.covers("E14")
@pytest.mark.parametrize(
    "code", ["91370899MI0000000E", "9137089MA0000000E", "", "91370A99MA0000000E", "９" * 18]
)
def test_what_cannot_be_a_code_is_refused(code):
    with pytest.raises(errors.UsccMalformed):
        uscc.normalised(code)


def test_a_voucher_is_thirteen_digits_and_depends_on_key_and_redemption():
    code = vouchers.voucher(KEY, "rdm_1")
    assert re.fullmatch(r"\d{13}", code)
    assert code == vouchers.voucher(KEY, "rdm_1")
    assert code != vouchers.voucher(KEY, "rdm_2")
    assert code != vouchers.voucher(KEY + "x", "rdm_1")
    assert vouchers.matches(KEY, "rdm_1", vouchers.cleaned(f"{code[:4]} {code[4:8]}-{code[8:]}"))


def test_every_single_wrong_digit_is_found_before_it_counts_as_a_guess():
    code = vouchers.voucher(KEY, "rdm_1")
    assert vouchers.is_plausible(code)
    for place in range(13):
        for digit in "0123456789":
            wrong = code[:place] + digit + code[place + 1 :]
            assert vouchers.is_plausible(wrong) == (wrong == code)
    assert not vouchers.is_plausible("١" * 13)
    assert not vouchers.is_plausible(code + "0")


@pytest.mark.covers("REQ-L10")
@pytest.mark.parametrize(
    ("title", "category", "kind", "trade"),
    [
        ("白酒两瓶", None, "GOODS", "GROCERY"),
        ("白 酒 两瓶", None, "GOODS", "GROCERY"),
        ("精品香烟", None, "GOODS", "GROCERY"),
        ("购物卡 100 元", None, "DISCOUNT", "SUPERMARKET"),
        ("牙科治疗一次", None, "SERVICE", "CLINIC"),
        ("小礼品", "CASH", "GOODS", "OTHER"),
        ("理财体验", None, "SERVICE", "OTHER"),
        ("维生素", None, "GOODS", "PHARMACY"),
        ("ＢＥＥＲ night", None, "GOODS", "RESTAURANT"),
    ],
)
def test_points_never_buy_what_is_forbidden(title, category, kind, trade):
    with pytest.raises(errors.CategoryForbidden):
        offers.require_allowed(title=title, category=category, kind=kind, partner_category=trade)


@pytest.mark.parametrize("title", ["烟台苹果一箱", "老人体检一次", "cashew nuts", "量血压"])
def test_innocent_names_pass(title):
    offers.require_allowed(title=title, category=None, kind="SERVICE", partner_category="CLINIC")


@pytest.mark.parametrize(
    ("kind", "price", "rate", "fits"),
    [
        ("SERVICE", 1, 0, True),
        ("SERVICE", 2000, 10, True),
        ("SERVICE", 0, 0, False),
        ("DISCOUNT", 0, 0, True),
        ("GOODS", 2001, 0, False),
        ("GOODS", 10, 11, False),
    ],
)
def test_prices_have_ranges(kind, price, rate, fits):
    def ask():
        offers.require_prices(
            kind=kind,
            points_price=price,
            face_value_fen=100,
            settle_fen_per_point=rate,
            settle_mode="FUND",
        )

    if fits:
        ask()
    else:
        with pytest.raises(errors.PriceRange):
            ask()


def test_the_last_day_of_an_offer_counts():
    begins, ends = offers.validity("2025-03-01", "2025-03-31")
    assert begins == instant("2025-03-01T00:00")
    assert ends == instant("2025-04-01T00:00")
    for unclear in ("20251231", "2025-W53-1", "2025-W09", "2025"):
        with pytest.raises(errors.ValidityWrong):  # IN-A17: it was read as ending a day earlier
            offers.validity("2025-01-01", unclear)
    for year in ("0001", "1899", "9999"):
        with pytest.raises(errors.ValidityWrong) as refused:
            offers.validity(f"{year}-01-01", "2026-12-31")
        assert refused.value.params["reason"].startswith(f"{int(year)} 不在")
    with pytest.raises(errors.ValidityWrong):
        offers.validity("2025-03-31", "2025-03-30")
    with pytest.raises(errors.ValidityWrong):
        offers.validity("2025-02-30", "2025-03-30")


def test_statements_are_issued_on_working_day_three():
    calendar = published()
    # Qingming: 2025-04-04 is free, so working days of April are 1, 2, 3.
    assert calendar.nth_working_day("2025-04", 3) == date(2025, 4, 3)
    period, at = statements.next_issue(instant("2025-03-20T12:00"), calendar)
    assert (period, at) == ("2025-03", instant("2025-04-03T09:00"))
    assert statements.next_issue(at, calendar)[0] == "2025-04"
    assert at > calendar.cutoff("2025-03")


def line(points, amount=None):
    kind = "REDEEMED" if points > 0 else "REFUND"
    at = instant("2025-03-05T09:00")
    return statements.Line(
        f"rdm_{points}", kind, points, points * 10 if amount is None else amount, at
    )


def test_a_statement_is_never_negative_and_a_refund_that_does_not_fit_waits():
    lines = statements.lines_that_fit([line(60)], [line(-50), line(-20), line(-10)])
    assert [one.points for one in lines] == [60, -50, -10]
    assert statements.lines_that_fit([], [line(-50)]) == []


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, None), (1, 3, "33.33"), (2, 3, "66.67"), (1, 8, "12.50"), (1, 1, "100.00")],
)
def test_shares_are_exact_and_rounded_half_up(part, whole, text):
    assert percent(ratio(part, whole)) == text


STATES = [
    "REQUESTED", "RESERVED", "REJECTED", "REDEEMING", "REDEEMED", "CANCELLING", "CANCELLED",
    "EXPIRING", "EXPIRED", "REFUND_REVIEW", "REFUNDED", "SETTLED",
]  # fmt: skip


@pytest.mark.covers("F5-flow")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("held", [False, True])
def test_every_answer_in_every_state_has_one_defined_step(state, held):
    step = redemptions.after_held(state, held_before=held)
    if state == "REQUESTED":
        assert step.state == "RESERVED"
    elif state in {"CANCELLING", "CANCELLED", "REJECTED"} and not held:
        assert (step.state, step.release) == (state, True)
    else:
        assert step is None
    captured = redemptions.after_captured(state)
    assert (captured is None) == (state != "REDEEMING")
    released = redemptions.after_released(state)
    assert (released.stock_back if released else False) == (state in {"CANCELLING", "EXPIRING"})
    rejected = redemptions.after_rejected(state, held_before=held)
    gives_back = state == "REQUESTED" or (state == "CANCELLING" and not held)
    assert (rejected.stock_back if rejected else False) == gives_back


def test_a_holder_with_a_wider_grant_is_not_shut_out():
    redemptions.require_place("370811015901", "370811015901")
    redemptions.require_place("370811015", "370811015901")
    redemptions.require_place("370811015901", "370811")
    with pytest.raises(errors.NotInScope):
        redemptions.require_place("370811015901", "370811015902")
