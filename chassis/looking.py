"""What stands in a service's own tables, for an operator: its jobs, its timers, who did what."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis import telemetry
from fivered.chassis.calendar import SHANGHAI
from fivered.chassis.runtime import Runtime
from fivered.chassis.transaction import Opened

JOB_STATES = ("QUEUED", "RUNNING", "DONE", "FAILED", "CANCELLED")
# A reading command answers an object per line to programs, and columns to people.
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is asked for.

    Attributes:
        kind: Of jobs and timers.
        state: Of jobs; of timers LATE.
        door: Of commands, as the service calls it.
        by: Who acted.
        trace: A trace id, a `traceparent` header, or the `trace_id` of a refusal.
        limit: At most so many.
    """

    limit: int
    kind: str | None = None
    state: str | None = None
    door: str | None = None
    by: str | None = None
    trace: str | None = None


def jobs(runtime: Opened, asked: Narrowed) -> list[Row]:
    """Return jobs, newest first: what came of each, and the fault of one that failed."""
    table = runtime.chassis.jobs
    chosen = sa.select(
        table.c.job_id, table.c.kind, table.c.state, table.c.done, table.c.total, table.c.attempts,
        table.c.created_at, table.c.updated_at, table.c.requested_by, table.c.error,
    )  # fmt: skip
    narrowed = _narrowed(chosen, kind=asked.kind, state=asked.state)
    return _read(runtime, narrowed.order_by(table.c.job_id.desc()).limit(asked.limit))


def timers(runtime: Opened, asked: Narrowed) -> list[Row]:
    """Return timers, the next one first; `late` says which should have fired."""
    table = runtime.chassis.timers
    now = runtime.now()
    chosen = sa.select(
        table.c.kind, table.c.ref, table.c.due_at, table.c.attempts, table.c.next_try_at
    )
    narrowed = _narrowed(chosen, kind=asked.kind)
    if asked.state == "LATE":
        narrowed = narrowed.where(table.c.due_at <= now)
    ordered = narrowed.order_by(table.c.due_at, table.c.kind, table.c.ref)
    return [
        {**row, "late": str(row["due_at"]) <= now.isoformat()}
        for row in _read(runtime, ordered.limit(asked.limit))
    ]


def audit(runtime: Opened, asked: Narrowed) -> list[Row]:
    """Return the commands that took effect, and the calls that were denied, newest first."""
    table = runtime.chassis.audit
    chosen = sa.select(
        table.c.id, table.c.at, table.c.actor, table.c.role, table.c.scope, table.c.action,
        table.c.target, table.c.result, table.c.refused, table.c.address, table.c.trace,
    )  # fmt: skip
    narrowed = _narrowed(chosen, action=asked.door, actor=asked.by)
    if asked.trace:
        parsed = telemetry.parse(asked.trace)
        named = table.c.trace.contains(parsed.trace_id if parsed else asked.trace, autoescape=True)
        narrowed = narrowed.where(named)
    return _read(runtime, narrowed.order_by(table.c.id.desc()).limit(asked.limit))


def unknown(runtime: Runtime, table: str, asked: Mapping[str, str | None]) -> str:
    """Tell which word of a question means nothing in a service, and what there is; empty where each
    means something.

    Args:
        runtime: The service.
        table: jobs, timers or audit.
        asked: The words, as in `Narrowed`.
    """
    commands = [name for name, entry in runtime.entries.items() if entry.kind == "command"]
    of_table: dict[str, tuple[str, str, Iterable[str]]] = {
        "jobs": ("kind", "job", runtime.job_doors),
        "timers": ("kind", "timer", runtime.timers),
        "audit": ("door", "command", commands),
    }
    member, what, known = of_table[table]
    word = asked.get(member)
    if word is None or word in known:
        return ""
    listed = sorted(known)
    near = difflib.get_close_matches(word, listed, n=5) if len(listed) > _MOST_LISTED else listed
    return f"{runtime.name} has no {what} {word!r}" + (f": {', '.join(near)}" if near else "")


# More words than these are a screen; of more those are told that look alike.
_MOST_LISTED = 30


def _narrowed(asked: store.Select, **wanted: str | None) -> store.Select:
    return asked.filter_by(**{name: one for name, one in wanted.items() if one is not None})


def _read(runtime: Opened, asked: store.Select) -> list[Row]:
    names = list(asked.selected_columns.keys())
    with store.reading(runtime.engine) as conn:
        found = store.rows(conn, asked, {})
    return [{name: _plain(getattr(row, name)) for name in names} for row in found]


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


# --------------------------------------------------------------------------------------------------
# Telling


def lines(rows: Sequence[Row], *, as_json: bool) -> Iterable[str]:
    """Return rows as lines: a JSON object each, or columns under their names, with local times."""
    if as_json:
        yield from (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
        return
    if not rows:
        return
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    for line in cells:
        yield "  ".join(
            text.ljust(width) for text, width in zip(line, widths, strict=True)
        ).rstrip()


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if len(text) >= len("2025-01-01T00:00:00+00:00") and text[10:11] == "T":
        return f"{datetime.fromisoformat(text).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return last[:80]
