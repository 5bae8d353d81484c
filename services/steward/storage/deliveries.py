"""How people want to be told, and what went out to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Sealed
from fivered.services.steward.storage.tables import metadata, persons

# What somebody has chosen; who has chosen nothing has no row.
message_choices = sa.Table(
    "message_choices",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    # Channels by group of messages; empty while only an address was given.
    sa.Column("channels", store.Json),
    # Minutes after midnight, Asia/Shanghai.
    sa.Column("quiet_from", sa.SmallInteger, nullable=False),
    sa.Column("quiet_to", sa.SmallInteger, nullable=False),
    sa.Column("email", Sealed("{person_id}.email")),
    # An address that is not confirmed yet, and the code that was sent there.
    sa.Column("email_new", Sealed("{person_id}.email_new")),
    sa.Column("email_digits", Sealed("{person_id}.email_digits")),
    sa.Column("email_until", store.UtcDateTime),
    sa.Column("email_tries", sa.SmallInteger, nullable=False),
    sa.Column("email_codes", sa.SmallInteger, nullable=False),
    sa.Column("email_since", store.UtcDateTime),
    # By what WeChat knows the person.
    sa.Column("wechat", Sealed("{person_id}.wechat")),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", store.UtcDateTime, nullable=False),
)
# What went out, or is to: neither the text nor the address.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("delivery_id", store.Id, primary_key=True),
    # Empty of a code that confirms an address.
    sa.Column("message_id", store.Id),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("channel", sa.String(10), nullable=False),
    # WAITING, SENT, NOBODY (no address), LATE (of no use any more), DEAD (given up), SETTLED (given
    # up, and the person was told otherwise).
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # Of the last try: the receiver's code, and why it was none.
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.String(200)),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("next_at", store.UtcDateTime),
    sa.Column("ended_at", store.UtcDateTime),
    # Which service has told it, where it is another one, and what it says while it waits.
    sa.Column("source", sa.String(40)),
    sa.Column("kind", sa.String(60)),
    sa.Column("said", store.Json),
    # Since when, and by whom, it is tried again after it was given up.
    sa.Column("retried_at", store.UtcDateTime),
    sa.Column("retried_by", store.Id),
    # How the person was told otherwise.
    sa.Column("settled", sa.String(20)),
    sa.Index("ix_deliveries_state_created_at", "state", "created_at", "delivery_id"),
)


def choices(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, Row]:
    """Return what some persons have chosen, by id."""
    asked = sa.select(message_choices).where(
        message_choices.c.person_id.in_(sorted(set(person_ids)))
    )
    return {row.person_id: row for row in records.rows(conn, asked)}


def choice(conn: sa.Connection, person_id: str, *, lock: bool = False) -> Row | None:
    """Return what a person has chosen, or None."""
    return records.find(conn, message_choices, person_id, lock=lock)


def keep(conn: sa.Connection, person_id: str, **values: object) -> None:
    """Write what a person has chosen."""
    changed = conn.execute(
        sa.update(message_choices)
        .where(message_choices.c.person_id == person_id)
        .values(version=message_choices.c.version + 1, **values)
    )
    if changed.rowcount == 0:
        blank = {"email_tries": 0, "email_codes": 0, "version": 1}
        records.add(conn, message_choices, person_id=person_id, **blank | values)


def told(conn: sa.Connection, tables: store.ChassisTables, message_id: str) -> Row | None:
    """Return a message that was told, or None."""
    return records.find(conn, tables.told, message_id)


def hand_over(conn: sa.Connection, old: str, new: str) -> None:
    """Let what went out be the kept id's. What was chosen under the other one falls away: its
    address is sealed with the key of that id."""
    conn.execute(sa.update(deliveries).where(deliveries.c.person_id == old).values(person_id=new))
    conn.execute(sa.delete(message_choices).where(message_choices.c.person_id == old))


def change(conn: sa.Connection, delivery_id: str, **values: object) -> None:
    """Write what came of a delivery."""
    conn.execute(
        sa.update(deliveries).where(deliveries.c.delivery_id == delivery_id).values(**values)
    )


# What the office of an area sees: no codes by which an address is confirmed.
_of_area = (
    sa.select(deliveries, persons.c.area)
    .join_from(deliveries, persons, deliveries.c.person_id == persons.c.person_id)
    .where(deliveries.c.message_id.is_not(None))
)


def of_area(conn: sa.Connection, delivery_id: str, *, lock: bool = False) -> Row | None:
    """Return a delivery with the area of its person, or None."""
    if lock:
        records.find(conn, deliveries, delivery_id, lock=True)
    return store.first(conn, _of_area.where(deliveries.c.delivery_id == delivery_id))


def page(conn: sa.Connection, scope: str, part: records.PartOfList) -> records.Page:
    """Return deliveries to the people of an area, newest first."""
    asked = _of_area.where(store.within(persons.c.area, scope))
    for name in ("state", "channel"):
        if (wanted := getattr(part, name)) is not None:
            asked = asked.where(deliveries.c[name] == wanted)
    by = (deliveries.c.created_at, deliveries.c.delivery_id)
    return records.page(conn, asked, part, by, newest_first=True)


def dead(conn: sa.Connection, scope: str, channel: str | None, most: int) -> list[str]:
    """Return what was given up of an area, the newest first."""
    asked = _of_area.where(deliveries.c.state == "DEAD", store.within(persons.c.area, scope))
    if channel is not None:
        asked = asked.where(deliveries.c.channel == channel)
    asked = asked.order_by(deliveries.c.created_at.desc()).limit(most)
    return [row.delivery_id for row in records.rows(conn, asked)]


def again(conn: sa.Connection, delivery_ids: Sequence[str], *, by: str, at: datetime) -> None:
    """Let deliveries that were given up wait again."""
    conn.execute(
        sa.update(deliveries)
        .where(deliveries.c.delivery_id.in_(delivery_ids), deliveries.c.state == "DEAD")
        .values(
            state="WAITING", attempts=0, next_at=at, ended_at=None, retried_at=at, retried_by=by
        )
    )


def standing(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """Return how many wait or were given up, by state and channel."""
    asked = (
        sa.select(deliveries.c.state, deliveries.c.channel, sa.func.count().label("many"))
        .where(deliveries.c.state.in_(("WAITING", "DEAD")))
        .group_by(deliveries.c.state, deliveries.c.channel)
    )
    return {(row.state, row.channel): int(row.many) for row in conn.execute(asked)}
