"""A key for each person: what is sealed with it ends with it, in backups too.

The keys stand in `person_keys`, sealed with the service's key, and in no backup of the database:
`fivered backup` writes the newest ones beside the backups. A key that is destroyed leaves its row,
in every service: whose erasure is carried out again after a restore is read there.

A release before cannot open such values. So they are written from the day on that a row of
`keys_in_use` says so: from the first day in a new database, otherwise when the operator says that
no process of the release before runs any more.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from fivered.chassis import many_rows
from fivered.chassis import storage as store
from fivered.chassis.personal import ROWS, DataMap
from fivered.chassis.sqlite_writers import empty_log
from fivered.chassis.transaction import Declared, Opened, Tx
from fivered.chassis.vault import HANDLE, KeyMissing, Keys, Sealed, Vault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# Rows of `keys_in_use`: values of persons are sealed so from now on; those of before are, too.
PERSON, BEGUN, DONE = "PERSON", "begun", "done"
# How the id of a person begins; what is about anything else is sealed with the service's key.
_PERSONS = "per_"
_KEY = 32
# So many ids are asked for at once.
_AT_ONCE = 500


def vault_in(tx: Tx) -> Vault | None:
    """Return the vault of a service with the keys of persons as a transaction sees them; None where
    the service seals nothing."""
    if tx.vault is None:
        keys = getattr(tx.settings, "keys", None)
        if isinstance(keys, Keys):
            vault = _vault(tx.runtime.name, keys)
            known = _Known(tx.runtime, tx.conn, vault)
            if tx.own_key is not None:
                known.take(*tx.own_key)
            tx.vault = vault.within(known)
    return tx.vault


def vault_of(tx: Tx) -> Vault:
    """Return the vault of a service that seals values, with the keys of persons."""
    return cast("Vault", vault_in(tx))


@functools.cache
def _vault(service: str, keys: Keys) -> Vault:
    return Vault(service, keys)


def know(tx: Tx, person_ids: Iterable[str]) -> None:
    """Look many keys up at once, and make those that are missing, before many values are sealed."""
    vault = vault_in(tx)
    if vault is not None:
        cast("_Known", vault.people).know(person_ids)


def look_up(tx: Tx, person_ids: Iterable[str]) -> None:
    """Have the keys of many persons at hand before many values are opened; none is made."""
    vault = vault_in(tx)
    if vault is not None:
        cast("_Known", vault.people).look_up(person_ids)


class _Known:
    """The keys of persons in one transaction; those that were looked up stay at hand."""

    def __init__(self, runtime: Opened, conn: sa.Connection, vault: Vault) -> None:
        self._runtime, self._conn, self._vault = runtime, conn, vault
        self._table = runtime.chassis.person_keys
        self._of: dict[str, tuple[bytes, AESGCM] | None] = {}
        self._ciphers: dict[bytes, AESGCM | None] = {}

    def seals(self, person_id: str) -> tuple[bytes, AESGCM] | None:
        if person_id not in self._of:
            self.know([person_id])
        return self._of.get(person_id)

    def opens(self, handle: bytes) -> AESGCM | None:
        if handle not in self._ciphers:
            self._read(self._table.c.handle == handle.hex())
        if handle not in self._ciphers:
            raise KeyMissing(key=handle.hex())
        return self._ciphers[handle]

    def know(self, person_ids: Iterable[str]) -> None:
        wanted = {one for one in person_ids if one.startswith(_PERSONS)} - self._of.keys()
        for some in _some(wanted):
            self._read(self._table.c.person_id.in_(some))
        missing = wanted - self._of.keys()
        if missing and is_begun(self._runtime, self._conn):
            self._make(missing)

    def look_up(self, person_ids: Iterable[str]) -> None:
        for some in _some({one for one in person_ids if one.startswith(_PERSONS)}):
            self._read(self._table.c.person_id.in_(some))

    def _make(self, person_ids: Collection[str]) -> None:
        now = datetime.now(UTC)
        for some in _some(person_ids):
            keys = {one: os.urandom(_KEY) for one in some}
            handles = {one: secrets.token_hex(HANDLE) for one in some}
            rows = [
                {
                    "person_id": one,
                    "handle": handles[one],
                    "wrapped": self._vault.seal(key.hex(), _bound(one)),
                    "made_at": now,
                    "waits": False,
                }
                for one, key in keys.items()
            ]
            made = set(
                many_rows.insert(
                    self._conn, self._table, rows, unless_taken=True, returning="person_id"
                )
            )
            for one in made:
                self._have(one, handles[one], keys[one])
            if len(made) < len(rows):
                # Somebody else has made one meanwhile.
                self._read(self._table.c.person_id.in_([one for one in some if one not in made]))

    def _read(self, which: sa.ColumnElement[bool]) -> None:
        table = self._table
        asked = sa.select(table.c.person_id, table.c.handle, table.c.wrapped).where(which)
        for row in self._conn.execute(asked):
            self.take(row.person_id, row.handle, row.wrapped)

    def take(self, person_id: str, told: str, wrapped: bytes | None) -> None:
        """Have the key of a person at hand, as its row tells it."""
        key = None
        if wrapped is not None:
            key = bytes.fromhex(self._vault.open(wrapped, _bound(person_id)))
        self._have(person_id, told, key)

    def _have(self, person_id: str, told: str, key: bytes | None) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  see vault

        handle, cipher = bytes.fromhex(told), AESGCM(key) if key is not None else None
        self._ciphers[handle] = cipher
        self._of[person_id] = (handle, cipher) if cipher is not None else None


def _bound(person_id: str) -> str:
    return f"{person_id}.person_key"


def _some(ids: Iterable[str]) -> Iterable[list[str]]:
    every = sorted(ids)
    return (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))


# --------------------------------------------------------------------------------------------------
# From when on


def is_begun(runtime: Opened, conn: sa.Connection) -> bool:
    """Tell whether values of persons are sealed with keys of their own from now on; for good."""
    if not runtime.seals_persons:
        runtime.seals_persons = state(runtime, conn) != ""
    return runtime.seals_persons


def state(runtime: Opened, conn: sa.Connection) -> str:
    """Return `BEGUN`, `DONE`, or nothing."""
    table = runtime.chassis.keys_in_use
    found = conn.execute(sa.select(table.c.key_id).where(table.c.purpose == PERSON)).scalars().all()
    return min(found, default="")


def begin(runtime: Opened, conn: sa.Connection) -> None:
    """Say that values of persons are sealed so from now on, and that those of before wait."""
    _say(runtime, conn, BEGUN)


def end(runtime: Opened, conn: sa.Connection) -> None:
    """Say that no value waits any more."""
    _say(runtime, conn, DONE)


def _say(runtime: Opened, conn: sa.Connection, what: str) -> None:
    table = runtime.chassis.keys_in_use
    conn.execute(sa.delete(table).where(table.c.purpose == PERSON))
    conn.execute(sa.insert(table), {"purpose": PERSON, "key_id": what, "since": datetime.now(UTC)})


def owners(service_cls: type[Declared]) -> dict[store.Column, store.Column]:
    """Return each column whose values are of one person and end with an erasure, with the column
    that says of whom: by the data map."""
    found: dict[store.Column, store.Column] = {}
    for held in cast("DataMap", getattr(service_cls, "data_map", ())):
        if held.erased in {"", ROWS}:
            continue
        table = service_cls.tables.tables[held.table]
        for name in held.erased.split():
            if isinstance(table.c[name].type, Sealed):
                found[table.c[name]] = table.c[held.owners[0][0]]
    return found


def waits(runtime: Opened, column: store.Column) -> sa.ColumnElement[bool]:
    """Return the condition that a row is of a person who has, or may have, a key."""
    table = runtime.chassis.person_keys
    ended = sa.select(table.c.person_id).where(table.c.ended_at.is_not(None))
    return sa.and_(column.startswith(_PERSONS, autoescape=True), column.not_in(ended))


# --------------------------------------------------------------------------------------------------
# Until when


def destroy(tx: Tx, person_ids: Collection[str]) -> None:
    """Destroy the keys of persons who are erased, and remember who they were; done again it changes
    nothing. A service that has no such key remembers them, too."""
    table, now = tx.runtime.chassis.person_keys, datetime.now(UTC)
    for some in _some(person_ids):
        rows = [
            {"person_id": one, "handle": secrets.token_hex(HANDLE), "made_at": now, "waits": False}
            for one in some
        ]
        tx.conn.execute(store.insert(tx.conn, table).values(rows).on_conflict_do_nothing())
        mine = table.c.person_id.in_(some)
        tx.conn.execute(sa.update(table).where(mine).values(wrapped=None, waits=False))
        left = sa.update(table).where(mine, table.c.ended_at.is_(None))
        tx.conn.execute(left.values(ended_at=now))
    tx.vault = tx.own_key = None
    tx.runtime.keys_in_log = True


def forget(runtime: Opened) -> bool:
    """Take destroyed keys out of the write-ahead log of an SQLite file, which keeps what pages held
    before. The thread that writes asks after its transactions; done again it does nothing.

    Returns:
        Whether none is left there; where somebody reads it meanwhile, come again.
    """
    if runtime.keys_in_log and empty_log(runtime.engine):
        runtime.keys_in_log = False
    return not runtime.keys_in_log


__all__ = [
    "BEGUN",
    "DONE",
    "PERSON",
    "begin",
    "destroy",
    "end",
    "forget",
    "is_begun",
    "know",
    "look_up",
    "owners",
    "state",
    "vault_in",
    "vault_of",
    "waits",
]
