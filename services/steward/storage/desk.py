"""What a desk writes to a case beside its steps: the tables, and the notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Sealed
from fivered.services.steward.storage.tables import (
    metadata,
    request_timeline,
    requests,
    stewards,
)

# What people write to a case. What its reporter may read stands in `text`, what the staff write for
# each other in `internal`: one row has one of them.
request_notes = sa.Table(
    "request_notes",
    metadata,
    sa.Column("note_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("text", Sealed("{note_id}.text")),
    sa.Column("internal", Sealed("{note_id}.internal")),
    sa.Column("author_id", store.Id, nullable=False),
    sa.Column("author_role", sa.String(20), nullable=False),
    sa.Column("receipt", sa.String(200)),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Index("ix_request_notes_request_id", "request_id", "at", "note_id"),
)

# Calls about a case: who called, or was called, by which number.
request_calls = sa.Table(
    "request_calls",
    metadata,
    sa.Column("call_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("phone", Sealed("{call_id}.phone")),
    # By what somebody is found who calls again: a keyed digest, without an extension.
    sa.Column("phone_hmac", sa.String(64)),
    sa.Column("reached", sa.Boolean, nullable=False),
    sa.Column("seconds", sa.Integer),
    sa.Column("record_ref", sa.String(100)),
    sa.Column("note", Sealed("{call_id}.note")),
    sa.Column("by_id", store.Id, nullable=False),
    sa.Column("by_role", sa.String(20), nullable=False),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Index("ix_request_calls_request_id", "request_id", "at", "call_id"),
    sa.Index("ix_request_calls_phone_hmac", "phone_hmac"),
)

# When the clock of a case rested, or is asked to: `due_before` is its end of before.
request_pauses = sa.Table(
    "request_pauses",
    metadata,
    sa.Column("pause_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("ground", sa.String(20), nullable=False),
    sa.Column("days", sa.SmallInteger, nullable=False),
    sa.Column("reason", sa.String(500)),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("asked_by", store.Id, nullable=False),
    sa.Column("asked_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("started_at", store.UtcDateTime),
    sa.Column("until", store.UtcDateTime),
    sa.Column("ended_at", store.UtcDateTime),
    sa.Column("due_before", store.UtcDateTime),
    sa.Column("due_after", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_request_pauses_request_id", "request_id", "asked_at", "pause_id"),
    sa.Index("ix_request_pauses_state", "state", "area", "asked_at", "pause_id"),
)
_STANDING = ("ASKED", "RUNNING")


def add_note(conn: sa.Connection, **values: object) -> Row:
    """Keep a note, and return it."""
    return records.add(conn, request_notes, **values)


def notes(
    conn: sa.Connection, request_id: str, part: records.PartOfList, *, internal: bool
) -> records.Page:
    """Return a part of the notes of a request, oldest first; internal ones where asked for."""
    asked = sa.select(request_notes).where(request_notes.c.request_id == request_id)
    if not internal:
        asked = asked.where(request_notes.c.internal.is_(None))
    return records.page(conn, asked, part, (request_notes.c.at, request_notes.c.note_id))


def notes_of(conn: sa.Connection, note_ids: Collection[str]) -> dict[str, Row]:
    """Return notes by their ids."""
    if not note_ids:
        return {}
    asked = sa.select(request_notes).where(request_notes.c.note_id.in_(sorted(note_ids)))
    return {row.note_id: row for row in records.rows(conn, asked)}


def count_notes(
    conn: sa.Connection,
    request_id: str,
    *,
    kinds: Sequence[str] = (),
    since: datetime | None = None,
) -> int:
    """Return how many notes a request has: of some kinds, since an instant."""
    asked = sa.select(sa.func.count()).where(request_notes.c.request_id == request_id)
    if kinds:
        asked = asked.where(request_notes.c.kind.in_(kinds))
    if since is not None:
        asked = asked.where(request_notes.c.at >= since)
    return int(conn.execute(asked).scalar_one())


def erase_notes(conn: sa.Connection, request_ids: Collection[str]) -> None:
    """Take from notes of some requests what was written there."""
    conn.execute(
        sa.update(request_notes)
        .where(request_notes.c.request_id.in_(sorted(request_ids)))
        .values(text=None, internal=None, receipt=None)
    )
    conn.execute(
        sa.update(request_calls)
        .where(request_calls.c.request_id.in_(sorted(request_ids)))
        .values(phone=None, phone_hmac=None, note=None, record_ref=None)
    )
    conn.execute(
        sa.update(request_pauses)
        .where(request_pauses.c.request_id.in_(sorted(request_ids)))
        .values(reason=None)
    )


def add_call(conn: sa.Connection, **values: object) -> Row:
    """Keep a call, and return it."""
    return records.add(conn, request_calls, **values)


def calls(conn: sa.Connection, request_id: str, part: records.PartOfList) -> records.Page:
    """Return a part of the calls of a request, oldest first."""
    asked = sa.select(request_calls).where(request_calls.c.request_id == request_id)
    return records.page(conn, asked, part, (request_calls.c.at, request_calls.c.call_id))


def called_from(conn: sa.Connection, phone_hmac: str, scope: str) -> list[str]:
    """Return the requests of an area to which somebody called in from a number."""
    asked = (
        sa.select(request_calls.c.request_id)
        .join(requests, requests.c.request_id == request_calls.c.request_id)
        .where(
            request_calls.c.phone_hmac == phone_hmac,
            request_calls.c.direction == "IN",
            store.within(requests.c.grid, scope),
        )
    )
    return sorted(set(conn.execute(asked).scalars()))


def caller(conn: sa.Connection, request_id: str, call_id: str | None = None) -> Row | None:
    """Return a call of a request with a number: the named one, or the last one that came in; or
    None."""
    which = (
        request_calls.c.direction == "IN" if call_id is None else request_calls.c.call_id == call_id
    )
    asked = (
        sa.select(request_calls)
        .where(request_calls.c.request_id == request_id, which, request_calls.c.phone.is_not(None))
        .order_by(request_calls.c.at.desc(), request_calls.c.call_id.desc())
        .limit(1)
    )
    return records.first(conn, asked)


def add_pause(conn: sa.Connection, **values: object) -> Row:
    """Keep a pause, and return it."""
    return records.add(conn, request_pauses, **values)


def update_pause(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a pause, and return it as it is now."""
    return records.update(conn, request_pauses, row, **values)


def pauses_of(conn: sa.Connection, request_id: str) -> list[Row]:
    """Return the pauses of a request, oldest first."""
    asked = sa.select(request_pauses).where(request_pauses.c.request_id == request_id)
    return records.rows(conn, asked.order_by(request_pauses.c.asked_at, request_pauses.c.pause_id))


def standing_pause(conn: sa.Connection, request_id: str) -> Row | None:
    """Return the pause of a request that runs or waits to be decided, or None."""
    found = [one for one in pauses_of(conn, request_id) if one.state in _STANDING]
    return found[0] if found else None


def pauses_in(
    conn: sa.Connection, scope: str, state: str, part: records.PartOfList
) -> records.Page:
    """Return a part of an area's pauses in a state, oldest first."""
    asked = (
        sa.select(request_pauses, requests.c.version.label("case_version"))
        .join(requests, requests.c.request_id == request_pauses.c.request_id)
        .where(store.within(request_pauses.c.area, scope), request_pauses.c.state == state)
    )
    if len(scope) > 12:
        asked = asked.where(request_pauses.c.grid == scope)
    by = (request_pauses.c.asked_at, request_pauses.c.pause_id)
    return records.page(conn, asked, part, by, counted=True)


def _pooled(grid: str, now: datetime) -> sa.ColumnElement[bool]:
    free = requests.c.state.in_(("SUBMITTED", "RETURNED"))
    given = sa.and_(requests.c.state == "DISPATCHED", requests.c.due_accept <= now)
    return sa.and_(requests.c.grid == grid, sa.or_(free, given))


_KIND = (requests.c.category, requests.c.subcategory, requests.c.standard_id)


def pool_kinds(conn: sa.Connection, grid: str, now: datetime) -> list[Row]:
    """Return the categories of what nobody of a grid has, or has accepted in time, with their parts
    and the versions of the service standards that say who handles them."""
    asked = sa.select(*_KIND).where(_pooled(grid, now)).distinct()
    return records.rows(conn, asked.order_by(*_KIND))


def pool(
    conn: sa.Connection,
    grid: str,
    now: datetime,
    part: records.PartOfList,
    *,
    person_id: str,
    fitting: Collection[tuple[Row, bool, bool, bool]],
    duties: Collection[str],
    returns: int,
) -> records.Page:
    """Return a part of the requests of a grid that nobody has, or that were not accepted in time,
    which somebody may take up; what is due soonest first.

    Args:
        conn: The transaction.
        grid: The grid.
        now: The time.
        part: Which part.
        person_id: Who; what that person reported or was given is left out.
        fitting: What the person's duties take: (kind, of a project, indoor, a cadre's alone).
        duties: The person's duties in the grid; what was handed on to one of them fits as well.
        returns: After how many returns a request is a cadre's alone.
    """
    kinds = [
        sa.and_(
            *(column.is_not_distinct_from(getattr(kind, column.name)) for column in _KIND),
            requests.c.project_id.is_not(None) if project else requests.c.project_id.is_(None),
            requests.c.indoor.is_(indoor),
            requests.c.returns >= returns if cadre_only else requests.c.returns < returns,
        )
        for kind, project, indoor, cadre_only in fitting
    ]
    handed = requests.c.handler.in_(
        sa.select(stewards.c.steward_id).where(stewards.c.duty.in_(sorted(duties)))
    )
    others = [
        sa.or_(column.is_(None), column != person_id)
        for column in (requests.c.reporter_id, requests.c.handler_person)
    ]
    asked = sa.select(requests).where(_pooled(grid, now), sa.or_(handed, *kinds), *others)
    return records.page(conn, asked, part, (requests.c.due_resolve, requests.c.request_id))


class Ended(NamedTuple):
    """How many requests ended in a way; of what was closed, what was said of it by then."""

    ending: str
    ground: str | None
    requests: int
    confirmed: int | None = None
    disputed: int | None = None
    unrated: int | None = None


def endings_in(conn: sa.Connection, scope: str, start: datetime, end: datetime) -> list[Ended]:
    """Return how requests of an area ended in a span, each in one class: what was closed, by what
    came of it; and what ended without being closed. A merge that was undone since is no ending."""
    here = store.within(requests.c.grid, scope)
    rated = sa.and_(requests.c.rated_at.is_not(None), requests.c.rated_at < end)

    def count(some: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((some, 1), else_=0)), 0)

    done = (
        sa.select(
            requests.c.outcome,
            sa.func.count(),
            count(sa.and_(rated, requests.c.solved.is_(True))),
            count(sa.and_(rated, requests.c.solved.is_(False))),
            count(sa.not_(rated)),
        )
        .where(requests.c.closed_at >= start, requests.c.closed_at < end, here)
        .group_by(requests.c.outcome)
    )
    found = [
        Ended(str(outcome), None, int(number), *map(int, said))
        for outcome, number, *said in conn.execute(done)
    ]
    reason = request_timeline.c.detail["reason"].as_string()
    names = {"reject": "REJECTED", "merge": "MERGED", "cancel": "CANCELLED"}
    ended = (
        sa.select(
            request_timeline.c.action, reason, sa.func.count(requests.c.request_id.distinct())
        )
        .join(requests, requests.c.request_id == request_timeline.c.request_id)
        .where(
            sa.or_(
                *(
                    sa.and_(request_timeline.c.action == action, requests.c.state == state)
                    for action, state in names.items()
                )
            ),
            request_timeline.c.at >= start,
            request_timeline.c.at < end,
            here,
        )
        .group_by(request_timeline.c.action, reason)
    )
    counted: dict[tuple[str, str | None], int] = {}
    for action, why, number in conn.execute(ended):
        # Of what was taken back or merged people wrote why: it is no class.
        key = names[action], str(why) if action == "reject" else None
        counted[key] = counted.get(key, 0) + int(number)
    found += [Ended(name, why, number) for (name, why), number in counted.items()]
    return sorted(found, key=lambda one: (one.ending, one.ground or ""))


def set_media(conn: sa.Connection, request_id: str, media: list[str]) -> None:
    """Write which photos a request has; its version stays, as with any note."""
    conn.execute(sa.update(requests).where(requests.c.request_id == request_id).values(media=media))
