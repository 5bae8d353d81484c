"""Numbers as people read them."""

from fractions import Fraction

import pytest

from fivered.chassis.decimals import decimal, percent, ratio, yuan


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(12625, 1000), 2, "12.63"),
        (Fraction(-98214, 10000), 1, "-9.8"),
        (Fraction(-1, 1000), 2, "0.00"),
        (Fraction(-5, 1000), 2, "-0.01"),
        (Fraction(7), 3, "7.000"),
        (None, 2, None),
    ],
)
def test_a_half_goes_up_away_from_nothing(value, places, text):
    assert decimal(value, places) == text


def test_a_share_of_nothing_is_no_number():
    assert percent(ratio(0, 0)) is None
    assert percent(ratio(1, 800)) == "0.13"
    assert [percent(ratio(one, 3)) for one in (1, 2, 3)] == ["33.33", "66.67", "100.00"]


def test_money_that_is_owed_is_written_with_its_sign():
    """A page wrote -1 fen as -1.99."""
    assert [yuan(fen) for fen in (1250, 5, 0, -1, -1250)] == [
        "12.50",
        "0.05",
        "0.00",
        "-0.01",
        "-12.50",
    ]
