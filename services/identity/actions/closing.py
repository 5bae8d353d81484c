"""Accounts and rights end with their person: by death, or as one of two registrations."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.services.identity.actions import rights
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import sessions
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts, grants, people


def close_for_dead(tx: Tx, person_id: str) -> None:
    """End all that a person may do who has died."""
    rights.end(tx, grant_store.of_person(tx.conn, person_id), "deceased")
    account = store.of_person(tx.conn, person_id, lock=True)
    if account is not None and account.state != "CLOSED":
        records.change(tx, accounts, account, step="closed", state="CLOSED", note="DECEASED")
        sessions.end_of_account(tx.conn, account.account_id, real_now(), "CLOSED")


def merge(tx: Tx, given_up: str, kept: str) -> None:
    """Move rights and ties to the registration that stays; the account goes along where that one
    has none, else it ends. Tokens of the given-up id count no more."""
    kept = store.kept_ids(tx.conn, [kept]).get(kept, kept)
    if kept == given_up:
        return
    _stand_for(tx, given_up, kept)
    held = {(r.role, r.scope, r.source, r.ref) for r in grant_store.of_person(tx.conn, kept)}
    moved = grant_store.of_person(tx.conn, given_up)
    rights.end(tx, moved, "merged", note=kept)
    for row in moved:
        if row.state == "ACTIVE" and (row.role, row.scope, row.source, row.ref) not in held:
            columns = ("role", "scope", "source", "ref", "from_at", "to_at", "reason")
            values = {name: getattr(row, name) for name in (*columns, "proposed_by", "decided_by")}
            records.create(
                tx, grants, step="merged", grant_id=tx.new_id("grt"), person_id=kept,
                state="ACTIVE", decided_at=row.decided_at, created_at=tx.now, version=1, **values,
            )  # fmt: skip
    for tie in grant_store.ties_of(tx.conn, given_up):
        named = list(dict.fromkeys(kept if one == given_up else one for one in tie.people))
        grant_store.put_tie(tx.conn, {**records.values_of(tie), "people": named})
    account = store.of_person(tx.conn, given_up, lock=True)
    if account is None:
        return
    sessions.end_of_account(tx.conn, account.account_id, real_now(), "CLOSED")
    if store.of_person(tx.conn, kept) is None:
        records.change(tx, accounts, account, step="merged", note=given_up, person_id=kept)
    elif account.state != "CLOSED":
        records.change(tx, accounts, account, step="merged", state="CLOSED", note=kept)


def _stand_for(tx: Tx, given_up: str, kept: str) -> None:
    row = store.person(tx.conn, given_up)
    values = {
        "person_id": given_up, "state": "ACTIVE", "grid": None, "sequence": -1, "sequences": {},
    } if row is None else dict(records.values_of(row))  # fmt: skip
    records.put(tx.conn, people, [values | {"merged_into": kept}])
