"""K20: stock that goes back to an offer which is not there is not passed over in silence."""

import pytest

from fivered.chassis.storage import LostChange
from fivered.services.partner.storage import offers, statements


def test_stock_goes_back_to_an_offer_that_is_there(bench):
    """K20: the count of changed rows was ignored."""
    with pytest.raises(LostChange, match="offers: 0 of 1"), bench.transaction() as tx:
        offers.return_stock(tx.conn, [("ofr_none", 2)])


def test_a_line_of_a_statement_is_changed_or_the_change_is_refused(bench):
    """K20: the same for the money of a statement."""
    with pytest.raises(LostChange, match="statement_lines: 0 of 1"), bench.transaction() as tx:
        statements.set_line_amount(tx.conn, "stm_none", 1, 100)
