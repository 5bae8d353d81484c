"""History: what a service has published, read again in the order in which it was published.

An outbox id is taken before the commit: a row with a lower id may become visible later, and who
reads on from the highest id that it saw would miss it. So every event has a *place*, given once:

* On PostgreSQL by the relay, when it marks what it has sent. There is one relay at a time, and its
  marks are committed one after the other: whoever sees a place sees every lower one. Places are
  microseconds of the clock and always rise, so that after a restored backup, too, new events stand
  behind whatever a reader has seen.
* On SQLite the id is the place: there is one writer, and ids are taken in the order of commits.

An event that is published again keeps its place.

A place alone does not say of which history it is: after a restored backup, or in another
installation, another event may stand there. So who remembers a place also remembers the mark of its
event, and is told where that is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
import sqlalchemy as sa
from msgspec import Meta, field

from fivered.chassis import cards, text
from fivered.chassis import storage as store
from fivered.chassis.fields import Instant
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Tx

# Who may ask for the history over HTTP. Facts bear no names, but they bear people's ids, so that
# not everybody may collect them.
READERS = ("R_CONSUMER", "R_DISTRICT", "R_AUDITOR")
# Most events of a page, and most places that are looked at for them: an answer ends in any case.
MOST = 200
LOOKED_AT = 20_000
_MOST_BYTES = 1024 * 1024
# So much earlier than its neighbours in place an event may have been recorded: its transaction
# went on for long.
_LATE = timedelta(hours=1)
# The row of the table of cursors that says to which place events were forgotten. No service is
# called so.
_FORGOTTEN = "outbox.forgotten"
# The row that holds the mark of the event which stood there.
_FORGOTTEN_MARK = "outbox.forgotten.mark"
# What stands where a mark is asked for and no event is.
NOTHING = 0

# What the relay executes when it marks a window: its ids in order, whether each was sent, and the
# place before that of the first.
GIVE = """
    UPDATE outbox
    SET sent_at = CASE WHEN taken.sent THEN now() ELSE sent_at END,
        place = coalesce(place, %s + taken.n)
    FROM unnest(%s::bigint[], %s::boolean[]) WITH ORDINALITY AS taken (row_id, sent, n)
    WHERE id = taken.row_id
"""
# What a relay executes before it begins: what the release before has sent has no place yet.
GIVE_LATE = """
    UPDATE outbox SET place = given.place
    FROM (
        SELECT id, max(greatest(us, last.place + 1) - n) OVER (ORDER BY id) + n - 1 AS place
        FROM (
            SELECT id, row_number() OVER (ORDER BY id) AS n,
                (extract(epoch FROM sent_at) * 1000000)::bigint AS us
            FROM outbox WHERE place IS NULL AND sent_at IS NOT NULL
        ) AS unplaced,
        (SELECT coalesce(max(place), 0) AS place FROM outbox) AS last
    ) AS given
    WHERE outbox.id = given.id
"""
LAST = "SELECT coalesce(max(place), 0) FROM outbox"


@dataclass(frozen=True, slots=True)
class Published:
    """An event of the history.

    Attributes:
        place: Higher than that of whatever was published before.
        recorded_at: When it was recorded, on the clock of the machine.
        body: The CloudEvent as it was published.
    """

    place: int
    event_id: str
    fact: str
    subject: str
    recorded_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the history.

    Attributes:
        items: In the order in which they were published.
        next: The place after which the next part begins.
        more: Whether something may stand there already; `items` may be empty all the same.
    """

    items: list[Published]
    next: int
    more: bool


def page(
    conn: sa.Connection,
    tables: store.ChassisTables,
    after: int,
    facts: Collection[str],
    *,
    limit: int = MOST,
    subject: str = "",
    scope: str = "",
    since: datetime | None = None,
    last: int | None = None,
) -> Page:
    """Return what was published after a place.

    Nothing is lost and nothing comes twice for who goes on from `next`, whatever is committed
    meanwhile.

    Args:
        conn: A transaction that reads.
        tables: The chassis's tables of the service.
        after: A place; 0 for the oldest that is kept.
        facts: Of these facts only, such as "request_rated.v1".
        limit: Most events.
        subject: Of this subject only; empty for all.
        scope: In this area only: the beginning of its code.
        since: Recorded at that time or later only.
        last: The place of what was published last, where it is known.
    """
    place, outbox = _place(conn, tables), tables.outbox
    last = newest(conn, tables) if last is None else last
    if last <= after:
        return Page([], after, more=False)
    further = sa.select(place).where(place > after).order_by(place).offset(LOOKED_AT - 1).limit(1)
    end = int(conn.execute(further).scalar() or last)
    narrowed = [place > after, place <= end, outbox.c.fact.in_(sorted(facts))]
    if subject:
        narrowed.append(outbox.c.subject == subject)
    if scope:
        narrowed.append(_scope(conn, tables).startswith(scope, autoescape=True))
    if since is not None:
        narrowed.append(outbox.c.recorded_at >= since)
    columns = (outbox.c.event_id, outbox.c.fact, outbox.c.subject, outbox.c.recorded_at)
    asked = (
        sa.select(place.label("place"), *columns, outbox.c.body)
        .where(*narrowed)
        .order_by(place)
        .limit(limit)
    )
    items = [
        Published(
            row.place, str(row.event_id), row.fact, row.subject, row.recorded_at, bytes(row.body)
        )
        for row in store.rows(conn, asked)
    ]
    if len(items) == limit:
        end = items[-1].place if items else after
    return Page(items, end, more=end < last)


def newest(conn: sa.Connection, tables: store.ChassisTables) -> int:
    """Return the place of what was published last; 0 where nothing was."""
    return int(conn.execute(sa.select(sa.func.max(_place(conn, tables)))).scalar() or 0)


def before(conn: sa.Connection, tables: store.ChassisTables, at: datetime) -> int:
    """Return a place before that of everything which was recorded at a time or later.

    Some of what stands behind it is older: who reads on from it says `since` as well.
    """
    place = _place(conn, tables)
    low, high = forgotten(conn, tables), newest(conn, tables)
    while low < high:
        middle = (low + high) // 2
        behind = (
            sa.select(tables.outbox.c.recorded_at)
            .where(place > middle)
            .order_by(place)
            .limit(1)
        )  # fmt: skip
        recorded_at = conn.execute(behind).scalar()
        if recorded_at is not None and recorded_at < at - _LATE:
            low = middle + 1
        else:
            high = middle
    return low


def forgotten(conn: sa.Connection, tables: store.ChassisTables) -> int:
    """Return the place up to which events were forgotten; 0 where none was.

    Who has read less far than that has lost some.
    """
    return _noted(conn, tables, _FORGOTTEN)


def mark_of(event_id: str) -> int:
    """Return by what an event is known again at its place: a positive number of 32 bits."""
    return int(event_id[-8:], 16) or 1


def mark_at(conn: sa.Connection, tables: store.ChassisTables, place: int) -> int | None:
    """Return the mark of the event that stands at a place; `NOTHING` where none does, and None
    where nobody knows which one did."""
    if place == 0:
        return None
    asked = sa.select(tables.outbox.c.event_id).where(_place(conn, tables) == place)
    event_id = conn.execute(asked).scalar()
    if event_id is not None:
        return mark_of(str(event_id))
    gone = forgotten(conn, tables)
    if place > gone:
        return NOTHING
    return (_noted(conn, tables, _FORGOTTEN_MARK) or None) if place == gone else None


def forget(conn: sa.Connection, tables: store.ChassisTables, ids: store.Select) -> int:
    """Delete events, and note up to which place. Returns how many.

    Args:
        conn: The transaction.
        tables: The chassis's tables of the service.
        ids: Asks for their ids.
    """
    gone = sa.delete(tables.outbox).where(tables.outbox.c.id.in_(ids))
    place = _place(conn, tables).label("place")
    found = store.rows(conn, gone.returning(place, tables.outbox.c.event_id))
    last = max(
        (one for one in found if one.place is not None), key=lambda one: one.place, default=None
    )
    if last is not None and last.place > forgotten(conn, tables):
        _note(conn, tables, _FORGOTTEN, last.place)
        _note(conn, tables, _FORGOTTEN_MARK, mark_of(str(last.event_id)))
    return len(found)


def _noted(conn: sa.Connection, tables: store.ChassisTables, source: str) -> int:
    asked = sa.select(tables.cursors.c.position).where(tables.cursors.c.source == source)
    return int(conn.execute(asked).scalar() or 0)


def _note(conn: sa.Connection, tables: store.ChassisTables, source: str, position: int) -> None:
    noted = store.insert(conn, tables.cursors).values(source=source, position=position)
    conn.execute(
        noted.on_conflict_do_update(
            index_elements=["source"], set_={"position": noted.excluded.position}
        )
    )


class Asked(Request, frozen=True):
    """Which part of a service's history.

    Attributes:
        after: After this place; from the oldest that is kept on where nothing is said.
        since: Recorded at that time or later only.
        types: Of these types only, such as "toy.added.v1"; of all that are public
            where none is named.
        limit: Most events; 0 asks for the places alone.
    """

    after: Annotated[int, Meta(ge=0, le=2**62)] | None = None
    since: Instant | None = None
    types: Annotated[list[Annotated[str, Meta(max_length=120)]], Meta(max_length=100)] = field(
        default_factory=list
    )
    subject: Annotated[str, Meta(max_length=64)] = ""
    scope: Annotated[str, Meta(pattern=text.AREA)] = ""
    limit: Annotated[int, Meta(ge=0, le=MOST)] = MOST


def answer(tx: Tx, asked: Asked) -> cards.History:
    """Return a part of what this service has published for everybody, as a caller may see it.

    What is public stands in the service's contract files; whatever a caller names beside is not
    found, and named as unknown. A caller whose role counts in an area sees what concerns that area.
    """
    conn, tables = tx.conn, tx.runtime.chassis
    public = {str(said["type"]) for said in tx.runtime.public_facts}
    wanted = public.intersection(asked.types) if asked.types else public
    first, last = forgotten(conn, tables), newest(conn, tables)
    after = asked.after
    if after is None:
        after = first if asked.since is None else before(conn, tables, asked.since)
    within = narrower(tx.actor.scope, asked.scope)
    if not wanted or within is None:
        found = Page([], max(after, last), more=False)
    elif not asked.limit:
        found = Page([], after, more=after < last)
    else:
        found = page(
            conn,
            tables,
            after,
            {one.partition(".")[2] for one in wanted},
            limit=asked.limit,
            subject=asked.subject,
            scope=within,
            since=asked.since,
            last=last,
        )
    found = _not_too_large(found)
    return {
        "items": [
            {
                "place": one.place,
                "recorded_at": one.recorded_at.isoformat(),
                "event": msgspec.json.decode(one.body),
            }
            for one in found.items
        ],
        "next": found.next,
        "more": found.more,
        "first": first,
        "last": last,
        "unknown": sorted(set(asked.types) - public),
        "marks": _marks(conn, tables, {"after": asked.after, "next": found.next, "last": last}),
    }


def _marks(
    conn: sa.Connection, tables: store.ChassisTables, places: Mapping[str, int | None]
) -> dict[str, int]:
    known = {place: mark_at(conn, tables, place) for place in {*places.values()} if place}
    found = {name: known.get(place) if place else None for name, place in places.items()}
    return {name: mark for name, mark in found.items() if mark is not None}


def narrower(granted: str, asked: str) -> str | None:
    """Return the area in which a caller sees events: what was asked for, within what was granted;
    None where neither lies in the other."""
    if asked.startswith(granted):
        return asked
    return granted if granted.startswith(asked) else None


def _not_too_large(found: Page) -> Page:
    """Return as much of a page as an answer carries over the bus; the first event in any case."""
    size = 0
    for number, one in enumerate(found.items):
        size += len(one.body)
        if number and size > _MOST_BYTES:
            return Page(found.items[:number], found.items[number - 1].place, more=True)
    return found


def _place(conn: sa.Connection, tables: store.ChassisTables) -> store.Column:
    return tables.outbox.c.place if store.is_postgresql(conn) else tables.outbox.c.id


def _scope(conn: sa.Connection, tables: store.ChassisTables) -> sa.Function[str]:
    """Return the scope of an event, which stands in its body alone."""
    body = tables.outbox.c.body
    if store.is_postgresql(conn):
        text_of = sa.func.convert_from(body, "UTF8", type_=sa.Text)
        return sa.func.json_extract_path_text(sa.cast(text_of, sa.JSON), "scope", type_=sa.Text)
    return sa.func.json_extract(sa.cast(body, sa.Text), "$.scope", type_=sa.Text)
