"""Sealed values of a service: which keys they need, and sealing them anew with the present key.

The columns are those of type `vault.Sealed`; nothing else lists them. A start refuses keys with
which people could not be read or found. While a key before is given, a job seals its values anew in
small transactions; what it has done shows in the values themselves, so it may be killed anywhere.
The same job gives values of persons the key of their person (`person_keys`), once that has begun.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, cast

import sqlalchemy as sa

from fivered.chassis import person_keys
from fivered.chassis import storage as store
from fivered.chassis.bus import job
from fivered.chassis.cards import KeysInUse
from fivered.chassis.jobs import Job
from fivered.chassis.messages import SYSTEM
from fivered.chassis.settings import SettingsError
from fivered.chassis.transaction import Opened, Tx
from fivered.chassis.vault import (
    HEAD,
    OF_PERSON,
    KeyMissing,
    Keys,
    Sealed,
    Vault,
    key_id,
    match_id,
    named,
)

log = logging.getLogger("fivered.sealing")

RESEAL = "reseal"
_SEAL, _MATCH = "SEAL", "MATCH"
_BATCH = 200
# Opens one transaction, given how many values are sealed anew when it commits.
Step = Callable[[int], AbstractContextManager[Tx]]


class Sealing:
    """Gives a service that seals values the job that seals them anew.

    Attributes:
        seals_with: The variable of its key.
    """

    seals_with: ClassVar[str]

    @job(RESEAL)
    def _reseal(self, running: Job) -> dict[str, int]:
        """Seal what other keys have sealed with the present one."""
        done = reseal(running.runtime, lambda count: running.step(done=count), running.done)
        return {"resealed": done}


def keys_of(runtime: Opened) -> Keys | None:
    """Return the keys of a service that seals values."""
    return runtime.settings.keys if issubclass(runtime.service_cls, Sealing) else None


def vault_of(runtime: Opened) -> Vault | None:
    """Return the vault of a service that seals values.

    Raises:
        SettingsError: A key cannot be read.
    """
    keys = keys_of(runtime)
    if keys is None:
        return None
    try:
        return Vault(runtime.name, keys)
    except ValueError:
        raise SettingsError([f"{keys.match_setting} is wrong: derived:HEXADECIMAL"]) from None


def columns(metadata: sa.MetaData) -> dict[sa.Table, list[store.Column]]:
    """Return the sealed columns by table."""
    found = {
        table: [column for column in table.columns if isinstance(column.type, Sealed)]
        for table in metadata.sorted_tables
    }
    return {table: sealed for table, sealed in found.items() if sealed}


def _type_of(column: store.Column) -> Sealed:
    return cast("Sealed", column.type)


# --------------------------------------------------------------------------------------------------
# What a start looks at


def check(tx: Tx) -> None:
    """Refuse keys that do not fit this database, and note those that are in use from now on.

    Raises:
        SettingsError: Values could not be opened, or nobody would be found by a number any more.
    """
    vault = vault_of(tx.runtime)
    if vault is None:
        return
    used = _in_use(tx)
    wrong = _mismatches(tx, used)
    if wrong and _sample(tx) is not None:
        raise SettingsError(wrong)
    if wrong:  # nothing is stored yet: any keys will do
        in_use = tx.runtime.chassis.keys_in_use
        tx.conn.execute(sa.delete(in_use).where(in_use.c.purpose != person_keys.PERSON))
        used = {}
    found = [(_SEAL, vault.id), (_MATCH, vault.match_id)]
    found += [(purpose, one) for purpose, ids in used.items() for one in ids]
    for purpose, one in found:
        _note(tx.conn, tx.runtime.chassis.keys_in_use, purpose, one)


def problems(tx: Tx) -> list[str]:
    """Return what is wrong with the keys of a service, a line each.

    Raises:
        SettingsError: A key cannot be read.
    """
    wrong = _mismatches(tx, _in_use(tx))
    return wrong if wrong and _sample(tx) is not None else []


def _mismatches(tx: Tx, used: Mapping[str, Sequence[str]]) -> list[str]:
    name, vault, keys = tx.runtime.name, vault_of(tx.runtime), keys_of(tx.runtime)
    if vault is None or keys is None:
        return []
    if not used[_MATCH]:
        unknown = (
            f"{keys.setting} ({vault.id}) is not the key with which the values of {name} are"
            f" sealed; where it was replaced, {keys.setting}_BEFORE names the key before"
        )
        return [unknown]
    wrong = [
        f"values of {name} are sealed with key {one}, which is neither that of {keys.setting}"
        f" ({vault.id}) nor one of {keys.setting}_BEFORE"
        for one in sorted(set(used[_SEAL]) - set(vault.ids))
    ]
    if vault.match_id not in used[_MATCH]:
        wrong.append(
            f"{keys.match_setting} is another key ({vault.match_id}) than that of the numbers in"
            f" the database of {name} ({', '.join(used[_MATCH])}): nobody would be found by phone"
            f" or identity number any more. Where {keys.setting} was replaced, the key before is"
            " the match key, or what fivered keys rotate printed; where it was not, leave it empty"
        )
    return wrong


def _used(conn: sa.Connection, table: sa.Table) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {_SEAL: [], _MATCH: []}
    asked = sa.select(table.c.purpose, table.c.key_id).where(table.c.purpose.in_(list(found)))
    for row in conn.execute(asked):
        found[row.purpose].append(row.key_id)
    return found


def _note(conn: sa.Connection, table: sa.Table, purpose: str, one: str) -> None:
    conn.execute(
        store.insert(conn, table)
        .values(purpose=purpose, key_id=one, since=datetime.now(UTC))
        .on_conflict_do_nothing()
    )


def _in_use(tx: Tx) -> dict[str, list[str]]:
    """Return the ids of the keys that a database needs; of its values where nobody noted them."""
    used = _used(tx.conn, tx.runtime.chassis.keys_in_use)
    vault, keys = vault_of(tx.runtime), keys_of(tx.runtime)
    if used[_MATCH] or vault is None or keys is None:
        return used
    sample = _sample(tx)
    if sample is None:
        return {_SEAL: [], _MATCH: [vault.match_id]}
    try:
        opened_by = vault.key_of(*sample)
    except KeyMissing:
        return used
    # Before releases noted it, the digests' key was made of the one key that there was.
    name = tx.runtime.name
    first = [
        match_id(name, key)
        for key in (keys.present, *keys.before)
        if key_id(name, key) == opened_by
    ]
    return {_SEAL: [opened_by], _MATCH: first[:1]}


def _sample(tx: Tx) -> tuple[bytes, str] | None:
    """Return one sealed value and to what it is bound, or None when nothing is sealed."""
    found = columns(tx.runtime.service_cls.tables)
    every = [(table, column) for table, sealed in found.items() for column in sealed]
    # A column that is mostly empty would be read to its end.
    for table, column in sorted(every, key=lambda one: bool(one[1].nullable)):
        asked = sa.select(*_needed(table, [column])).where(_is_of_service(column)).limit(1)
        row = tx.conn.execute(asked).mappings().first()
        if row is not None:
            return row[column.name], _type_of(column).bound_to(
                {str(name): one for name, one in row.items()}
            )
    return None


def begin(tx: Tx) -> bool:
    """Start the job that seals anew, if values of another key are there and none runs."""
    runtime = tx.runtime
    vault, keys = vault_of(runtime), keys_of(runtime)
    if vault is None or keys is None or RESEAL not in runtime.job_doors:
        return False
    if not keys.before and not person_keys.is_begun(runtime, tx.conn):
        return False
    jobs = runtime.chassis.jobs
    busy = sa.select(jobs.c.job_id).where(
        jobs.c.kind == RESEAL, jobs.c.state.in_(("QUEUED", "RUNNING"))
    )
    if tx.conn.execute(busy.limit(1)).first() is not None:
        return False
    noted = _used(tx.conn, runtime.chassis.keys_in_use)[_SEAL]
    if set(noted) <= {vault.id} and not _Waiting(tx, vault).is_any():
        return False
    tx.start_job(RESEAL, {})
    return True


def look_again(runtime: Opened) -> None:
    """Start the job again where values wait, whatever the reason: another process has sealed with a
    key before meanwhile, the operator has begun with keys of persons, or a value was written
    without the key of its person."""
    if keys_of(runtime) is not None:
        with runtime.transaction(SYSTEM) as tx:
            begin(tx)


# --------------------------------------------------------------------------------------------------
# Sealing anew


def reseal(runtime: Opened, step: Step, done: int = 0) -> int:
    """Seal every value of another key with the present one.

    Nothing else of a row changes, its version neither; what somebody else writes meanwhile stays.

    Args:
        runtime: The service.
        step: Opens a transaction.
        done: How many were, before a crash.

    Returns:
        How many values were sealed anew.

    Raises:
        KeyMissing: The key of a value was not given.
    """
    vault = vault_of(runtime)
    if vault is None:
        return 0
    while True:
        before = done
        for table, sealed in columns(runtime.service_cls.tables).items():
            for changes in _changes(runtime, table, sealed, vault):
                done += len(changes)
                with step(done) as tx:
                    for change in changes:
                        tx.conn.execute(change)
        # What another process has sealed meanwhile with the key before is taken in the next turn.
        with step(done) as tx:
            left = _Waiting(tx, vault).is_any()
            if not left:
                used = runtime.chassis.keys_in_use
                tx.conn.execute(
                    sa.delete(used).where(used.c.purpose == _SEAL, used.c.key_id != vault.id)
                )
                if person_keys.is_begun(runtime, tx.conn):
                    person_keys.end(runtime, tx.conn)
        if not left or done == before:
            break
    log.info("values_resealed", extra={"service": runtime.name, "values": done, "key": vault.id})
    return done


class _Waiting:
    """What was not sealed as values are sealed now: as one transaction sees it."""

    def __init__(self, tx: Tx, vault: Vault) -> None:
        self._tx, self._runtime, self._vault = tx, tx.runtime, vault
        begun = person_keys.is_begun(self._runtime, tx.conn)
        self._owners = person_keys.owners(self._runtime.service_cls) if begun else {}

    def is_any(self) -> bool:
        """Tell whether any value waits."""
        return any(self.count(column, most=1) for column in self._every())

    def of_persons(self) -> int:
        """Count the values that wait for the key of their person."""
        return sum(self.count(column) for column in self._owners)

    def count(self, column: store.Column, most: int | None = None) -> int:
        """Count the values of a column that wait, or find out whether there are any."""
        asked = sa.select(sa.literal(1)).where(self._waits(column)).limit(most).subquery()
        found: int = self._tx.conn.execute(
            sa.select(sa.func.count()).select_from(asked)
        ).scalar_one()
        return found

    def _every(self) -> list[store.Column]:
        found = columns(self._runtime.service_cls.tables)
        return [column for sealed in found.values() for column in sealed]

    def _waits(self, column: store.Column) -> sa.ColumnElement[bool]:
        waits = sa.not_(_begins(column, self._vault.head))
        if column in self._owners:
            mine = person_keys.waits(self._runtime, self._owners[column])
            waits = sa.or_(waits, sa.and_(self._owners[column].is_not(None), mine))
        return sa.and_(_is_of_service(column), waits)

    def batch(
        self, table: sa.Table, sealed: Sequence[store.Column], after: Sequence[object] | None
    ) -> list[sa.RowMapping]:
        """Return some rows with values that wait, and have the keys of their persons at hand."""
        key = list(table.primary_key)
        needed = {*_needed(table, sealed), *(self._owners[c] for c in sealed if c in self._owners)}
        asked = sa.select(*[column for column in table.columns if column in needed])
        asked = asked.where(sa.or_(*(self._waits(column) for column in sealed)))
        if after is not None:
            asked = asked.where(sa.tuple_(*key) > sa.tuple_(*after))
        asked = asked.order_by(*key).limit(_BATCH)
        rows = list(self._tx.conn.execute(asked).mappings())
        of = (self.owner(column, row) for column in sealed for row in rows)
        person_keys.know(self._tx, {one for one in of if one is not None})
        return rows

    def owner(self, column: store.Column, row: sa.RowMapping) -> str | None:
        """Return whose a value is, where it has, or gets, a key of its person."""
        return row[self._owners[column].name] if column in self._owners else None

    def anew(
        self, table: sa.Table, sealed: Sequence[store.Column], row: sa.RowMapping
    ) -> Iterator[sa.Update]:
        """Give out the changes of a row."""
        vault = person_keys.vault_in(self._tx)
        mine = [column == row[column.name] for column in table.primary_key]
        for column in sealed:
            value = row[column.name]
            if vault is None or value is None or bytes(value).startswith(OF_PERSON):
                continue
            bound_to = _type_of(column).bound_to({str(name): one for name, one in row.items()})
            fresh = vault.seal(vault.open(value, bound_to), bound_to, self.owner(column, row))
            if not bytes(value).startswith(fresh[: len(vault.head)]):
                yield sa.update(table).where(*mine, column == value).values({column.name: fresh})


def _changes(
    runtime: Opened, table: sa.Table, sealed: Sequence[store.Column], vault: Vault
) -> Iterator[list[sa.Update]]:
    """Give out the changes of a table, some rows at a time."""
    after: Sequence[object] | None = None
    while True:
        # It writes where persons have no key yet.
        with runtime.transaction(SYSTEM) as tx:
            waiting = _Waiting(tx, vault)
            rows = waiting.batch(table, sealed, after)
            found = [change for row in rows for change in waiting.anew(table, sealed, row)]
        if not rows:
            return
        after = [rows[-1][column.name] for column in table.primary_key]
        yield found


def _is_of_service(column: store.Column) -> sa.ColumnElement[bool]:
    """Return the condition that a value was sealed with a key of the service, not of a person."""
    return sa.and_(column.is_not(None), sa.not_(_begins(column, OF_PERSON)))


def _needed(table: sa.Table, sealed: Sequence[store.Column]) -> list[store.Column]:
    """Return the columns that opening values of a table needs."""
    names = {column.name for column in (*table.primary_key, *sealed)}
    for column in sealed:
        bound = _type_of(column).bound
        names |= {one.name for one in table.columns if f"{{{one.name}}}" in bound}
    return [column for column in table.columns if column.name in names]


# --------------------------------------------------------------------------------------------------
# For people


@dataclass(frozen=True, slots=True)
class Status:
    """Which keys a service has, and how many values each has sealed.

    Attributes:
        setting: The variable of the present key.
        present: Its id.
        before: Ids of the keys before.
        values: Values per id; "" for those of the older form, which names no key.
        left: Values that are not sealed with the present key, or may not be.
        persons: Values that are sealed with a key of their person.
        waiting: Values that wait for that; None where it has not begun.
    """

    setting: str
    present: str
    before: tuple[str, ...]
    values: dict[str, int]
    left: int
    persons: int = 0
    waiting: int | None = None

    @property
    def safe(self) -> bool:
        """Whether the keys before may be dropped."""
        return not self.left


def outlook(tx: Tx) -> KeysInUse | None:
    """Return which keys the values of a service need; cheap, so that a health page may ask."""
    vault = vault_of(tx.runtime)
    if vault is None:
        return None
    used = _used(tx.conn, tx.runtime.chassis.keys_in_use)[_SEAL]
    return {"present": vault.id, "before": sorted(set(used) - {vault.id})}


def status(tx: Tx) -> Status | None:
    """Count the values of each key."""
    runtime = tx.runtime
    vault, keys = vault_of(runtime), keys_of(runtime)
    if vault is None or keys is None:
        return None
    counts, persons = Counter[str](), 0
    for sealed in columns(runtime.service_cls.tables).values():
        for column in sealed:
            head = sa.func.substr(column, 1, HEAD)
            # Behind the form that names no key stands chance: one group, not thousands.
            kind = sa.case((_begins(column, b"\x02"), head), else_=sa.literal(b"", sa.LargeBinary))
            asked = sa.select(kind, sa.func.count()).where(_is_of_service(column)).group_by(kind)
            for found, count in tx.conn.execute(asked):
                counts[named(found) or ""] += count
            of_person = sa.select(sa.func.count()).where(_begins(column, OF_PERSON))
            persons += tx.conn.execute(of_person).scalar_one()
    left = sum(count for one, count in counts.items() if one != vault.id) if keys.before else 0
    begun = person_keys.is_begun(runtime, tx.conn)
    waiting = _Waiting(tx, vault).of_persons() if begun else None
    return Status(
        keys.setting, vault.id, tuple(vault.ids[1:]), dict(counts), left, persons, waiting
    )


def _begins(column: store.Column, head: bytes) -> sa.ColumnElement[bool]:
    return sa.func.substr(column, 1, len(head)) == sa.literal(head, sa.LargeBinary)
