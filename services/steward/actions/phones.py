"""A phone by which a person signed in is the person's no more: identity is told, and no number."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.steward import events, storage
from fivered.services.steward.storage import codes as store
from fivered.services.steward.storage.people import NewPerson


def tell(tx: Tx, before: Row | None, after: Row | NewPerson) -> None:
    """Say whose phone shows no more who somebody is, after a person was written.

    That is the person, where the phone is another one or gone; and whoever alone was registered
    with the phone that the person has from now on: a code goes to nobody where there are two.

    Args:
        tx: The transaction.
        before: The person's row as it was, locked; None for who is new.
        after: The row as it is now.
    """
    if before is not None and before.phone_hmac not in {None, after.phone_hmac}:
        _end(tx, after.person_id, after.area)
    had = None if before is None or before.status != "ACTIVE" else before.phone_hmac
    if after.phone_hmac is None or after.status != "ACTIVE" or after.phone_hmac == had:
        return
    found = store.living_with(tx.conn, after.phone_hmac)
    others = [row for row in found if row.person_id != after.person_id]
    if len(others) == 1:
        _end(tx, others[0].person_id, others[0].area)


def _end(tx: Tx, person_id: str, area: str) -> None:
    row = storage.people.locked(tx.conn, person_id)
    tx.publish(
        events.SignInPhoneEnded(person_id, store.open_codes(tx.conn, person_id)),
        subject=person_id,
        scope=area,
        sequence=row.version,
    )
