"""Rights follow from ties to other services, from offices that two people granted, and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.identity.rules.grants import Role
from fivered.services.identity.storage import accounts, sessions
from fivered.services.identity.storage import grants as store
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import grants


def renew(tx: Tx, source: str, ref: str, people: Sequence[str], roles: Sequence[Role]) -> None:
    """Let exactly these persons have exactly these roles by a tie: what is missing begins, what is
    too much ends at once."""
    wanted = {(person, role, scope) for person in people for role, scope in roles}
    held = store.of_tie(tx.conn, source, ref)
    present = {(row.person_id, row.role, row.scope) for row in held}
    end(tx, [row for row in held if (row.person_id, row.role, row.scope) not in wanted], "ended")
    for person, role, scope in sorted(wanted - present):
        records.create(
            tx,
            grants,
            step="begun",
            grant_id=tx.new_id("grt"),
            person_id=person,
            role=role,
            scope=scope,
            source=source,
            ref=ref,
            state="ACTIVE",
            from_at=tx.now,
            proposed_by=tx.actor.id,
            created_at=tx.now,
            version=1,
        )


def end(tx: Tx, held: Iterable[Row], step: str, *, note: str | None = None) -> list[Row]:
    """End rights that hold: tokens of before count no more. Returns the rows afterwards."""
    ended = [
        records.change(tx, grants, row, step=step, state="ENDED", note=note, ended_at=tx.now)
        for row in held
    ]
    lost = {row.person_id for row in ended}
    if lost:
        sessions.lose_rights(tx.conn, accounts.of_persons(tx.conn, lost), real_now())
    return ended
