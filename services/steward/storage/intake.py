"""What other systems bring (group chats, the hotline) until a person has looked at it, and what
goes back to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Sealed
from fivered.services.steward.rules.requests import OPEN
from fivered.services.steward.storage.tables import metadata, requests

_WAITING = sa.text("state = 'WAITING'")

intake_items = sa.Table(
    "intake_items",
    metadata,
    sa.Column("item_id", store.Id, primary_key=True),
    sa.Column("source", store.Id, nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    # As it was sent, and as it is compared.
    sa.Column("reference", sa.String(100)),
    sa.Column("client_key", sa.String(100)),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("building", sa.String(40)),
    sa.Column("kind", sa.String(12)),
    sa.Column("category", sa.String(24)),
    sa.Column("text", Sealed("{item_id}.text")),
    sa.Column("phone", Sealed("{item_id}.phone")),
    sa.Column("sender", sa.String(100)),
    sa.Column("reporter_id", store.Id, index=True),
    sa.Column("sent_at", store.UtcDateTime, nullable=False),
    sa.Column("received_at", store.UtcDateTime, nullable=False),
    sa.Column("answer_by", store.UtcDateTime),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("request_id", store.Id, index=True),
    sa.Column("reason", sa.String(24)),
    sa.Column("note", sa.String(500)),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_intake_items_client_key", "source", "channel", "client_key", unique=True
    ),
    sa.Index("ix_intake_items_received_at", "received_at", "item_id"),
    sa.Index(
        "ix_intake_items_waiting", "area", "received_at", "item_id",
        postgresql_where=_WAITING, sqlite_where=_WAITING,
    ),
)  # fmt: skip

# What its source is told of an item, one row per step; nothing is changed here.
intake_results = sa.Table(
    "intake_results",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("source", store.Id, nullable=False),
    sa.Column("item_id", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("step", sa.String(10), nullable=False),
    # The case that is meant: that which it was joined to, where it was.
    sa.Column("request_id", store.Id),
    sa.Column("detail", store.Json, nullable=False),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Index("ix_intake_results_source", "source", "id"),
    sqlite_autoincrement=True,
)


def add(conn: sa.Connection, **values: object) -> Row | None:
    """Keep an item; None where its source has brought it before."""
    return records.add_new(conn, intake_items, **values)


def by_key(conn: sa.Connection, source: str, channel: str, key: str) -> Row | None:
    """Return what a source brought under its own key, or None."""
    asked = sa.select(intake_items).where(
        intake_items.c.source == source,
        intake_items.c.channel == channel,
        intake_items.c.client_key == key,
    )
    return records.first(conn, asked)


def item(conn: sa.Connection, item_id: str) -> Row | None:
    """Return an item, or None."""
    return records.find(conn, intake_items, item_id)


def lock(conn: sa.Connection, item_id: str) -> Row:
    """Return an item locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(conn, intake_items, item_id)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change an item, and return it as it is now."""
    return records.update(conn, intake_items, row, **values)


def listed(
    conn: sa.Connection, wanted: Mapping[str, str | None], scope: str, part: records.PartOfList
) -> records.Page:
    """Return a part of the items of an area, newest first.

    Args:
        conn: The transaction.
        wanted: Columns and what they hold; None is anything.
        scope: The area.
        part: Which part.
    """
    t = intake_items.c
    asked = sa.select(intake_items).where(store.within(t.area, scope))
    for name, value in wanted.items():
        if value is not None:
            asked = asked.where(t[name] == value)
    return records.page(conn, asked, part, (t.received_at, t.item_id), newest_first=True)


def near(conn: sa.Connection, area: str, since: datetime, limit: int) -> list[Row]:
    """Return the open requests of an area that were filed since an instant, newest first."""
    where = requests.c.grid if len(area) > 12 else requests.c.area
    asked = (
        sa.select(requests)
        .where(
            store.within(where, area),
            requests.c.created_at >= since,
            requests.c.state.in_(OPEN),
        )
        .order_by(requests.c.created_at.desc(), requests.c.request_id)
        .limit(limit)
    )
    return records.rows(conn, asked)


def below(conn: sa.Connection, request_id: str) -> list[Row]:
    """Return the items that became a request, or one that was merged into it, or into that."""
    kind = requests.c.request_id.type
    top = sa.select(sa.cast(sa.literal(request_id), kind).label("request_id"))
    tree = top.cte("below", recursive=True)
    tree = tree.union(
        sa.select(requests.c.request_id).where(requests.c.merged_into == tree.c.request_id)
    )
    asked = sa.select(intake_items).where(
        intake_items.c.request_id.in_(sa.select(tree.c.request_id))
    )
    return records.rows(conn, asked.order_by(intake_items.c.item_id))


def cases_of(conn: sa.Connection, request_ids: Collection[str]) -> dict[str, Row]:
    """Return requests by their ids."""
    asked = sa.select(requests).where(requests.c.request_id.in_(sorted(request_ids)))
    return {row.request_id: row for row in records.rows(conn, asked)}


def add_results(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep what sources are told; none is fine.

    What one source is told is seen in the order of its ids, so that a reader who goes on from the
    last one misses none: a later id cannot be committed before an earlier one.
    """
    for source in sorted({str(row["source"]) for row in rows}):
        store.hold(conn, f"intake_results {source}")
    records.add_all(conn, intake_results, rows)


def results(
    conn: sa.Connection,
    *,
    source: str | None,
    scope: str,
    item_id: str | None,
    after: int | None,
    part: records.PartOfList,
) -> records.Page:
    """Return a part of what sources are told, oldest first: of one, or of an area."""
    t = intake_results.c
    asked = sa.select(
        intake_results,
        intake_items.c.reference,
        intake_items.c.channel,
        intake_items.c.request_id.label("own_id"),
        intake_items.c.note,
    ).join(intake_items, intake_items.c.item_id == t.item_id)  # fmt: skip
    if source is not None:
        asked = asked.where(t.source == source)
    else:
        asked = asked.where(store.within(t.area, scope))
    if item_id is not None:
        asked = asked.where(t.item_id == item_id)
    if after is not None:
        asked = asked.where(t.id > after)
    return records.page(conn, asked, part, (t.id,))
