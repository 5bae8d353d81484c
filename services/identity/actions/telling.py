"""Who is told of an account, of a right, and of what waits for a second person."""

from __future__ import annotations

from datetime import timedelta

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.telling import tell
from fivered.services.identity.rules import grants as rules
from fivered.services.identity.storage import grants as store

# So long before a right runs out its holder hears of it.
AHEAD = timedelta(days=14)
# So long after, too, where the daily look has stood still.
BEHIND = timedelta(days=7)


def of_account(tx: Tx, kind: str, account: Row, **detail: str) -> None:
    """Tell somebody of the own account."""
    tell(tx, kind, account.person_id, about=("account", account.account_id), **detail)


def of_grant(tx: Tx, kind: str, grant: Row, *persons: str | None, **detail: str) -> None:
    """Tell people of a right; who has just done it knows."""
    others = {person for person in persons if person} - {tx.actor.id}
    about = ("grant", grant.grant_id)
    tell(tx, kind, others, about=about, role=grant.role, scope=grant.scope, **detail)


def deciders(tx: Tx, grant: Row) -> set[str]:
    """Return who may approve a right: administrators of its area who grant that office."""
    return store.holding(
        tx.conn,
        {
            (role, area)
            for role, area in store.administering(grant.scope)
            if rules.may_grant(role, grant.role)
        },
        tx.now,
    ) - {grant.person_id}


def peers(tx: Tx, grant: Row) -> set[str]:
    """Return who may agree that an administrator's right ends: the others there, and its holder."""
    return store.holding(tx.conn, {(grant.role, grant.scope)}, tx.now) | {grant.person_id}


def of_system(tx: Tx, kind: str, system: Row, *persons: str | None, **detail: str) -> None:
    """Tell people of a service account; who has just done it knows."""
    others = {person for person in persons if person} - {tx.actor.id}
    about = ("service_account", system.service_account_id)
    tell(tx, kind, others, about=about, name=system.name, **detail)


def administrators(tx: Tx, area: str) -> set[str]:
    """Return who administers an area, from the street up."""
    return store.holding(tx.conn, set(store.administering(area)), tx.now)


def running_out(tx: Tx) -> None:
    """Tell people once of rights that run out soon, and of those that have."""
    for row in store.run_out_between(tx.conn, tx.now - BEHIND, tx.now + AHEAD):
        detail = {"role": row.role, "scope": row.scope}
        if row.to_at > tx.now:
            detail["until"] = tx.calendar.minute(row.to_at)
        kind = "RIGHT_ENDS_SOON" if row.to_at > tx.now else "RIGHT_RAN_OUT"
        about = ("grant", row.grant_id)
        tell(tx, kind, row.person_id, about=about, once=row.grant_id, **detail)
