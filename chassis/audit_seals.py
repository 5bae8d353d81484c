"""Days of the audit are sealed: a seal holds the digest of each row of its day and of the seal
before. Who changes, adds or removes a row behind it cannot hide it without changing every seal
since, and those are kept outside the database as well: in the log, and by the auditor.

A row belongs to the first seal whose `last_id` is not below its own id. Ids are given before a
transaction commits, so a row may appear late. A day is sealed when it has been over for ten
minutes, up to the newest row of it, and only once every transaction that ran when that row was
looked for has ended: none that is still to commit can have a lower id. A row that is written later
still, with an instant of that day, has a higher id and is sealed with the next day.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

import msgspec
import sqlalchemy as sa

from fivered.chassis import append_only
from fivered.chassis import storage as store
from fivered.chassis.calendar import SHANGHAI
from fivered.chassis.messages import SYSTEM_ROLE
from fivered.chassis.settings import CommandFailed
from fivered.chassis.transaction import Opened

log = logging.getLogger("fivered.audit")

# What the first seal says of the one before.
NONE_BEFORE = "0" * 64
# A day is over for so long before it is sealed.
OVER_FOR = timedelta(minutes=10)
# A row that is older is sealed, wherever somebody works.
SEALED_WITHIN = timedelta(days=2)
# Records of what was done in a network are kept for half a year at least (Cybersecurity Law, 21).
KEEP_DAYS = 183
_ID_BYTES, _MARK_BYTES = 8, 40
_ROWS = 5_000
_PART_ROWS = 20_000
_TRIES, _TRY_S = 10, 0.2
_HASHED = (
    "place", "day", "last_id", "rows", "marks", "previous", "sealed_at", "sealed_by",
)  # fmt: skip


def mark_of(row: store.Values) -> bytes:
    """Return what a seal keeps of a row: its id, and the digest of all that it says.

    Members that are empty are left out, so that a column which is added later changes no digest.
    """
    said = {name: _plain(value) for name, value in row.items() if value is not None}
    digest = hashlib.sha256(msgspec.json.encode(said, order="sorted")).digest()
    return int(str(row["id"])).to_bytes(_ID_BYTES, "big", signed=True) + digest


def hash_of(service: str, seal: store.Values) -> str:
    """Return the hash of a seal: of all that it says, and of whose it is."""
    said = {name: _plain(seal[name]) for name in _HASHED}
    whole = msgspec.json.encode({"service": service, **said}, order="sorted")
    return hashlib.sha256(whole).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


# --------------------------------------------------------------------------------------------------
# Sealing


@dataclass(frozen=True, slots=True)
class _Ready:
    """A day that is over, and up to which row it goes."""

    place: int
    day: date
    after: int
    last_id: int
    previous: str


def seal(runtime: Opened, *, now: datetime | None = None) -> int:
    """Seal each day that is over, also those on which nobody could. Returns how many were sealed.

    Several workers may do it at the same time; each day is sealed once.

    Args:
        runtime: The service.
        now: The real time, for tests; the demonstration's clock says nothing here.
    """
    over = (now or datetime.now(UTC)) - OVER_FOR
    until = over.astimezone(SHANGHAI).date() - timedelta(days=1)
    done = 0
    while (ready := _ready(runtime, until)) is not None and _seal(runtime, ready):
        done += 1
    return done


def _ready(runtime: Opened, until: date) -> _Ready | None:
    """Return the next day to be sealed, once no row of it can appear any more; else None."""
    audit = runtime.chassis.audit
    with store.reading(runtime.engine) as conn:
        last = newest(conn, runtime.chassis)
        place, day, after, previous = 1, until, 0, NONE_BEFORE
        if last is not None:
            place, day = last.place + 1, last.day + timedelta(days=1)
            after, previous = last.last_id, last.hash
        if day > until:
            return None
        end = datetime.combine(day + timedelta(days=1), clock_time(), SHANGHAI)
        further = sa.select(sa.func.max(audit.c.id)).where(audit.c.id > after, audit.c.at < end)
        last_id = int(conn.execute(further).scalar() or after)
        among = sa.select(audit.c.id).where(audit.c.id > after, audit.c.id <= last_id)
        unkeyed = among.where(sa.func.substr(audit.c.digest, 1, 3) != append_only.KEYED).limit(1)
        if conn.execute(unkeyed).first() is not None:
            return None  # `digests.rekey` is at them
        begun = _begun(conn)
    if not _have_ended(runtime, begun):
        log.info("audit_seal_waits", extra={"service": runtime.name, "day": day.isoformat()})
        return None
    return _Ready(place, day, after, last_id, previous)


def _begun(conn: sa.Connection) -> int:
    if not store.is_postgresql(conn):
        return 0  # one writer at a time: ids are given in the order of the commits
    asked = "SELECT txid_snapshot_xmax(txid_current_snapshot())"
    return int(conn.execute(sa.text(asked)).scalar_one())


def _have_ended(runtime: Opened, begun: int) -> bool:
    """Tell whether all transactions that had begun have ended; waits for a moment."""
    asked = sa.text("SELECT txid_snapshot_xmin(txid_current_snapshot())")
    for _ in range(_TRIES if begun else 0):
        with store.glancing(runtime.engine) as conn:
            if int(conn.execute(asked).scalar_one()) >= begun:
                return True
        time.sleep(_TRY_S)
    return not begun


def _seal(runtime: Opened, ready: _Ready) -> bool:
    tables = runtime.chassis
    parts: list[bytearray] = []
    whole, rows = hashlib.sha256(), 0
    # What is read here is never changed, so nobody has to wait for it.
    with store.reading(runtime.engine) as conn:
        for row in _rows(conn, tables, ready.after, ready.last_id):
            mark = mark_of(row)
            if rows % _PART_ROWS == 0:
                parts.append(bytearray())
            parts[-1] += mark
            whole.update(mark)
            rows += 1
    said: dict[str, object] = {
        "place": ready.place,
        "day": ready.day,
        "last_id": ready.last_id,
        "rows": rows,
        "marks": whole.hexdigest(),
        "previous": ready.previous,
        "sealed_at": datetime.now(UTC),
        "sealed_by": f"{socket.gethostname()[:80]}:{os.getpid()}",
    }
    said["hash"] = hash_of(runtime.name, said)
    with runtime.engine.begin() as conn:
        store.hold(conn, "audit_seals")
        last = newest(conn, tables)
        if (last.place if last is not None else 0) != ready.place - 1:
            return False  # another worker was first
        conn.execute(sa.insert(tables.audit_seals), [said])
        if parts:
            kept = [
                {"place": ready.place, "part": part, "marks": bytes(marks)}
                for part, marks in enumerate(parts)
            ]
            conn.execute(sa.insert(tables.audit_marks), kept)
    told = {"day": ready.day.isoformat(), "rows": rows, "hash": said["hash"]}
    # Out of the reach of whoever may change the database.
    log.info("audit_sealed", extra={"service": runtime.name, "place": ready.place, **told})
    return True


def unsealed_since(conn: sa.Connection, tables: store.ChassisTables) -> datetime | None:
    """Return the instant of the oldest row that no seal names, or None."""
    last = newest(conn, tables)
    audit = tables.audit
    behind = audit.c.id > (last.last_id if last is not None else 0)
    found: datetime | None = conn.execute(
        sa.select(audit.c.at).where(behind).order_by(audit.c.id).limit(1)
    ).scalar()
    return found


def newest(conn: sa.Connection, tables: store.ChassisTables) -> store.Row | None:
    """Return the newest seal, or None."""
    seals = tables.audit_seals
    return store.first(conn, sa.select(seals).order_by(seals.c.place.desc()).limit(1))


def _rows(
    conn: sa.Connection, tables: store.ChassisTables, after: int | None, last: int
) -> Iterator[store.Values]:
    """Give the rows behind an id, up to another one, in order; None: from the very first."""
    audit = tables.audit
    while True:
        asked = sa.select(audit).where(audit.c.id <= last).order_by(audit.c.id).limit(_ROWS)
        if after is not None:
            asked = asked.where(audit.c.id > after)
        found = conn.execute(asked).mappings().all()
        yield from (dict(row) for row in found)
        if len(found) < _ROWS:
            return
        after = found[-1]["id"]


# --------------------------------------------------------------------------------------------------
# Verifying


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not what was sealed.

    Attributes:
        what: ROW_ALTERED, ROW_MISSING or ROW_ADDED name a row. ROWS_MISSING: all of a day.
            SEAL_ALTERED, SEAL_MISSING, MARKS_ALTERED name a seal; SEAL_REPLACED: it holds in
            itself, and is another one than the copy that was kept outside.
        day: Of the seal; empty where that is not known.
        row: Id of the row, or None; with SEAL_MISSING the first of a day that no seal covers.
    """

    what: str
    day: str
    row: int | None = None

    def __str__(self) -> str:
        return " ".join(
            [self.what, self.day or "-", *([] if self.row is None else [f"row {self.row}"])]
        )


@dataclass(slots=True)
class Verdict:
    """What was looked at, and what is not as it was sealed.

    Attributes:
        seals: How many seals there are.
        rows: How many rows they seal; those of days that were dropped do not count.
        dropped: Of how many days the rows were dropped, as `fivered audit --drop-before` does.
        until: The last day that is sealed, or empty.
        unsealed: Rows that no seal names yet.
    """

    seals: int = 0
    rows: int = 0
    dropped: int = 0
    until: str = ""
    unsealed: int = 0
    findings: list[Finding] = field(default_factory=list)


def verify(
    conn: sa.Connection,
    tables: store.ChassisTables,
    service: str,
    kept: Mapping[str, str] | None = None,
    *,
    today: date | None = None,
) -> Verdict:
    """Compare every row with its seal, and every seal with the one before.

    Args:
        conn: A transaction that reads.
        tables: The chassis's tables of the service.
        service: Its name.
        kept: Hashes of seals as they were kept elsewhere, by day.
        today: For tests.
    """
    verdict = Verdict()
    today = today or datetime.now(SHANGHAI).date()
    droppable = today - timedelta(days=KEEP_DAYS)
    previous, after, place = NONE_BEFORE, None, 0
    hashes: dict[str, str] = {}
    seals = tables.audit_seals
    asked = sa.select(seals).order_by(seals.c.place)
    for one in map(dict, conn.execute(asked).mappings().all()):
        day, place = one["day"].isoformat(), place + 1
        hashes[day] = one["hash"]
        if one["place"] != place:
            verdict.findings.append(Finding("SEAL_MISSING", ""))
            place = one["place"]
        elif one["previous"] != previous or hash_of(service, one) != one["hash"]:
            verdict.findings.append(Finding("SEAL_ALTERED", day))
        gone = _compare(conn, tables, one, after, verdict)
        if gone and (verdict.rows or one["day"] >= droppable):
            verdict.findings.append(Finding("ROWS_MISSING", day))
        verdict.dropped += gone
        previous, after = one["hash"], max(after or 0, one["last_id"])
        verdict.seals, verdict.until = verdict.seals + 1, day
    for day, expected in sorted((kept or {}).items()):
        if hashes.get(day) != expected:
            what = "SEAL_REPLACED" if day in hashes else "SEAL_MISSING"
            verdict.findings.append(Finding(what, day))
    verdict.findings += _uncovered(conn, tables, after or 0, verdict.until, today)
    audit = tables.audit
    behind = sa.select(sa.func.count()).select_from(audit).where(audit.c.id > (after or 0))
    verdict.unsealed = int(conn.execute(behind).scalar_one())
    return verdict


def _uncovered(
    conn: sa.Connection, tables: store.ChassisTables, after: int, until: str, today: date
) -> Iterator[Finding]:
    """Name each day behind the newest seal that should have its seal by now, by its first row.

    Who removes the newest seals, or all of them, leaves such rows behind. A row that was written
    late, with an instant of a day that is sealed, belongs to the next seal and is none of them.
    """
    audit = tables.audit
    before = datetime.combine(today, clock_time(), SHANGHAI) - SEALED_WITHIN
    asked = sa.select(audit.c.id, audit.c.at).where(audit.c.id > after, audit.c.at < before)
    seen = {""}
    for row in conn.execute(asked.order_by(audit.c.id)):
        day = row.at.astimezone(SHANGHAI).date().isoformat()
        if day > until and day not in seen:
            seen.add(day)
            yield Finding("SEAL_MISSING", day, row.id)


def _compare(
    conn: sa.Connection,
    tables: store.ChassisTables,
    seal: store.Values,
    after: int | None,
    verdict: Verdict,
) -> bool:
    """Compare the rows of a seal with their marks. Returns whether all of them are gone, with their
    marks."""
    day, whole = str(seal["day"]), hashlib.sha256()
    rows = _rows(conn, tables, after, int(str(seal["last_id"])))
    row, found, parts = next(rows, None), verdict.findings, 0
    marks = tables.audit_marks
    asked = sa.select(marks.c.marks).where(marks.c.place == seal["place"]).order_by(marks.c.part)
    count, head = 0, len(found)
    for part in conn.execute(asked).scalars():
        held, parts = bytes(part), parts + 1
        whole.update(held)
        for at in range(0, len(held), _MARK_BYTES):
            mark, count = held[at : at + _MARK_BYTES], count + 1
            place = int.from_bytes(mark[:_ID_BYTES], "big", signed=True)
            while row is not None and int(str(row["id"])) < place:
                found.append(Finding("ROW_ADDED", day, int(str(row["id"]))))
                row = next(rows, None)
            if row is None or int(str(row["id"])) > place:
                found.append(Finding("ROW_MISSING", day, place))
                continue
            if mark_of(row) != mark:
                found.append(Finding("ROW_ALTERED", day, place))
            row = next(rows, None)
    if not parts and row is None and seal["rows"]:
        return True
    if count != seal["rows"] or whole.hexdigest() != seal["marks"]:
        found.insert(head, Finding("MARKS_ALTERED", day))
    while row is not None:
        found.append(Finding("ROW_ADDED", day, int(str(row["id"]))))
        row = next(rows, None)
    verdict.rows += count
    return False


# --------------------------------------------------------------------------------------------------
# Dropping old days


def drop(runtime: Opened, before: date, by: str, digest: str) -> tuple[int, int]:
    """Drop the rows of whole sealed days, and keep their seals. Returns how many days and rows.

    Args:
        runtime: The service, opened as the owner of its tables.
        before: The first day that is kept.
        by: Who decides, for the record.
        digest: Of what was asked for, for the row that says it.

    Raises:
        CommandFailed: They are not old enough, or the audit is not what was sealed.
    """
    oldest = datetime.now(SHANGHAI).date() - timedelta(days=KEEP_DAYS)
    if before > oldest:
        raise CommandFailed(f"rows are kept for {KEEP_DAYS} days: --drop-before {oldest} at latest")
    tables = runtime.chassis
    with store.reading(runtime.engine) as conn:
        found = verify(conn, tables, runtime.name).findings
        if found:
            raise CommandFailed(f"the audit of {runtime.name} is not what was sealed: {found[0]}")
        seals, marks = tables.audit_seals, tables.audit_marks
        there = sa.select(marks.c.place).where(marks.c.place == seals.c.place)
        asked = sa.select(seals.c.place, seals.c.last_id).where(seals.c.day < before)
        days = conn.execute(asked.where(there.exists()).order_by(seals.c.place)).all()
    gone = 0
    for place, last_id in days:
        # Day by day: nobody can write while the triggers are away.
        with runtime.engine.begin() as conn, append_only.lifted(conn, "audit", "audit_marks"):
            rows = sa.delete(tables.audit).where(tables.audit.c.id <= last_id)
            gone += conn.execute(rows).rowcount
            conn.execute(sa.delete(marks).where(marks.c.place == place))
    row = {"at": datetime.now(UTC), "actor": by[:64], "role": SYSTEM_ROLE, "scope": ""}
    row |= {"action": "_drop_audit", "target": f"< {before}", "result": "DONE", "digest": digest}
    with runtime.engine.begin() as conn:
        conn.execute(sa.insert(tables.audit), [row])
    return len(days), gone
