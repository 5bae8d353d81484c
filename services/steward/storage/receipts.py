"""Receipts of requests: the number that stands on the printed one, and the recordings of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis.records import Row
from fivered.chassis.text import fold
from fivered.services.steward.storage.desk import request_calls
from fivered.services.steward.storage.tables import persons, requests

if TYPE_CHECKING:
    from fivered.chassis.vault import Vault


def number(vault: Vault, row: Row) -> str:
    """Return the number of a request's receipt. It follows from no number that others know."""
    return f"HZ-{vault.digest('receipt', row.request_id)[:8].upper()}"


def was_given(conn: sa.Connection, vault: Vault, row: Row, said: str, reader: str) -> bool:
    """Tell whether what is said is the number of a request's receipt, or of the recording of a call
    about it that was noted by another person than its reader.

    Args:
        conn: The transaction.
        vault: By whose key the number was made.
        row: The request.
        said: What is shown.
        reader: Who shows it: nobody's own note bears what that person does.
    """
    shown = fold(said)
    if shown == fold(number(vault, row)):
        return True
    asked = sa.select(request_calls.c.record_ref).where(
        request_calls.c.request_id == row.request_id,
        request_calls.c.record_ref.is_not(None),
        request_calls.c.reached.is_(True),
        request_calls.c.by_id != reader,
    )
    return any(fold(ref) == shown for ref in conn.execute(asked).scalars())


def speaks(conn: sa.Connection, row: Row) -> bool:
    """Tell whether who reported a request acts here in person: this one or another one was filed by
    the person's own account, and the person lives here still."""
    if row.reporter_id is None:
        return False
    # What was filed under an id that was given up since is the person's as well.
    given_up = sa.select(persons.c.person_id).where(persons.c.merged_into == row.reporter_id)
    own = (
        sa.select(requests.c.request_id)
        .join(persons, persons.c.person_id == requests.c.reporter_id)
        .where(
            requests.c.reporter_id == row.reporter_id,
            sa.or_(requests.c.recorded_by == row.reporter_id, requests.c.recorded_by.in_(given_up)),
            persons.c.status == "ACTIVE",
        )
        .limit(1)
    )
    return conn.execute(own).first() is not None
