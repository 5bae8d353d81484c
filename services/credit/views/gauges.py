"""What an operator sees of credit: whether its ledger is sound, and how far the months are."""

from __future__ import annotations

from collections.abc import Iterator

from fivered.chassis.bus import Tx
from fivered.chassis.metrics import Sample, gauge
from fivered.services.credit.storage import ledger
from fivered.services.credit.storage import settlement as store

LEDGER_SUM = gauge(
    "fivered_credit_ledger_sum_points", "Sum of all accounts of the ledger; always 0"
)
SETTLEMENTS = gauge(
    "fivered_credit_settlements", "Months of communities, by how far they are", "state"
)
INCOMPLETE = gauge(
    "fivered_credit_settlements_incomplete",
    "Drafts that cannot be confirmed: a source has not told all of the month",
)


def gauges(tx: Tx) -> Iterator[Sample]:
    """Return the sum of the ledger and the months by their state."""
    yield LEDGER_SUM, (), float(ledger.sum_of_accounts(tx.conn))
    counts, incomplete = store.by_state(tx.conn)
    for state, count in counts.items():
        yield SETTLEMENTS, (state,), float(count)
    yield INCOMPLETE, (), float(incomplete)
