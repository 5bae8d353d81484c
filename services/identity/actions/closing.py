"""Accounts and rights end with their person: by death, or as one of two registrations."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.services.identity.actions import rights, telling
from fivered.services.identity.storage import accounts as store
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import sessions
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import accounts


def close_for_dead(tx: Tx, person_id: str) -> None:
    """End all that a person may do who has died."""
    close(tx, person_id, "DECEASED")


def close(tx: Tx, person_id: str, why: str) -> None:
    """End all that a person may do, and the account."""
    rights.end(tx, grant_store.of_person(tx.conn, person_id), why.lower())
    account = store.of_person(tx.conn, person_id, lock=True)
    if account is not None and account.state != "CLOSED":
        records.change(tx, accounts, account, step="closed", state="CLOSED", note=why)
        sessions.end_of_account(tx.conn, account.account_id, real_now(), "CLOSED")


def end_by_phone(tx: Tx, person_id: str, code_ids: Sequence[str]) -> None:
    """End what a person's phone has opened: first the codes, so that none opens more meanwhile."""
    now = real_now()
    store.void_phone_codes(tx.conn, person_id, code_ids, now)
    sessions.end_by_phone(tx.conn, person_id, now)
    account = store.of_person(tx.conn, person_id)
    if account is not None and account.state == "ACTIVE":
        telling.of_account(tx, "SIGN_IN_PHONE_ENDED", account)


def merge(tx: Tx, given_up: str, kept: str) -> None:
    """Move rights and ties to the registration that stays; the account goes along where that one
    has none, else it ends. Tokens of the given-up id count no more."""
    kept = store.kept_ids(tx.conn, [kept]).get(kept, kept)
    if kept == given_up:
        return
    store.stand_for(tx.conn, given_up, kept)
    account = store.of_person(tx.conn, given_up, lock=True)
    if account is not None:
        sessions.end_of_account(tx.conn, account.account_id, real_now(), "CLOSED")
        sessions.lose_rights(tx.conn, [account], real_now())
    if account is not None and store.of_person(tx.conn, kept) is None:
        records.change(tx, accounts, account, step="merged", note=given_up, person_id=kept)
    elif account is not None and account.state != "CLOSED":
        records.change(tx, accounts, account, step="merged", state="CLOSED", note=kept)
    store.hand_over(tx.conn, given_up, kept)
