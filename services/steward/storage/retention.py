"""Rows whose time is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from fivered.services.steward.storage import desk, details
from fivered.services.steward.storage.tables import (
    code_limits,
    person_reads,
    request_references,
    request_timeline,
    requests,
    reveal_counts,
)

# In these a request has ended, one way or another.
_OVER = ("CLOSED", "REJECTED", "CANCELLED", "MERGED")
# What stays of a step: codes, ids, numbers and times. What somebody wrote does not.
_STEP_KEEPS = frozenset(
    {
        *("handler", "duty", "from", "to", "level", "official", "acting", "late", "which"),
        *("outcome", "rated", "stars", "solved", "confirmed", "verdict", "reopen_count", "new_due"),
        *("kind", "category", "priority", "grid", "project_id", "against", "into"),
        *("ground", "days", "until", "direction", "reached"),
    }
)


def _with_texts(before: datetime) -> sa.Select[Any]:
    """Return the question for the ended requests that have texts, and no step since an instant."""
    last = (
        sa.select(sa.func.max(request_timeline.c.at))
        .where(request_timeline.c.request_id == requests.c.request_id)
        .scalar_subquery()
    )
    return (
        sa.select(requests.c.request_id)
        .where(
            requests.c.erased_at.is_(None),
            requests.c.created_at < before,
            requests.c.state.in_(_OVER),
            last < before,
        )
        .order_by(requests.c.created_at, requests.c.request_id)
    )


def with_texts(conn: sa.Connection, before: datetime, limit: int) -> list[str]:
    """Return so many ended requests that have texts and were touched last before an instant."""
    return list(conn.execute(_with_texts(before).limit(limit)).scalars())


def erase(conn: sa.Connection, empty: Mapping[str, bytes], at: datetime) -> None:
    """Take from requests what people wrote, showed or referred to; `empty` is what stands instead
    of each one's text."""
    ids = list(empty)
    conn.execute(
        sa.update(requests)
        .where(requests.c.request_id == sa.bindparam("its_id"))
        .values(
            text=sa.bindparam("nothing"),
            note=None,
            rating_text=None,
            media=[],
            evidence=None,
            external_ref=None,
            reference=None,
            erased_at=at,
        ),
        [{"its_id": one, "nothing": nothing} for one, nothing in empty.items()],
    )
    files = requests.metadata.tables["files"]
    conn.execute(sa.delete(files).where(files.c.thing_id.in_(ids)))
    desk.erase_notes(conn, ids)
    details.drop(conn, ids)
    conn.execute(sa.delete(request_references).where(request_references.c.request_id.in_(ids)))
    asked = sa.select(request_timeline.c.id, request_timeline.c.detail).where(
        request_timeline.c.request_id.in_(ids)
    )
    for step, detail in conn.execute(asked).all():
        kept = {name: value for name, value in detail.items() if name in _STEP_KEEPS}
        if kept != detail:
            conn.execute(
                sa.update(request_timeline).where(request_timeline.c.id == step).values(detail=kept)
            )


def _asked_before(day: date) -> sa.ColumnElement[bool]:
    return code_limits.c.last_at < datetime.combine(day, time(), UTC)


def is_any(conn: sa.Connection, before: datetime, day: date) -> bool:
    """Tell whether there is anything to delete."""
    # They were written in the order of their numbers.
    oldest = conn.execute(
        sa.select(person_reads.c.at).order_by(person_reads.c.id).limit(1)
    ).scalar()
    counted = conn.execute(sa.select(sa.func.min(reveal_counts.c.day))).scalar()
    return bool(
        (oldest and oldest < before)
        or (counted and counted < day)
        or conn.execute(sa.select(sa.exists().where(_asked_before(day)))).scalar()
        or with_texts(conn, before, limit=1)
    )


def drop(conn: sa.Connection, before: datetime, day: date, limit: int) -> tuple[int, int]:
    """Delete so many reads from before an instant, the oldest first, and the counts from before a
    day. Returns how many there were of each."""
    some = (
        sa.select(person_reads.c.id)
        .where(person_reads.c.at < before)
        .order_by(person_reads.c.id)
        .limit(limit)
    )
    reads = conn.execute(sa.delete(person_reads).where(person_reads.c.id.in_(some)))
    counts = conn.execute(sa.delete(reveal_counts).where(reveal_counts.c.day < day))
    conn.execute(sa.delete(code_limits).where(_asked_before(day)))
    return reads.rowcount, counts.rowcount
