"""Rule sets in the database, and what the public says of drafts.

The content of a rule set changes only while it is a draft, and is given its final header when it
is published: every statement here that writes `body` says so in its condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import cast

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.rules.model import Document
from fivered.services.credit.storage import tables as t

IN_FORCE = ("PUBLISHED", "RETIRED")


def by_code(conn: sa.Connection, code: str, *, lock: bool = False) -> Row | None:
    """Return a rule set, or None."""
    asked = sa.select(t.rule_sets).where(t.rule_sets.c.code == code)
    return records.first(conn, store.lock(asked, conn) if lock else asked)


def by_id(conn: sa.Connection, rule_set_id: str, *, lock: bool = False) -> Row | None:
    """Return a rule set, or None."""
    return records.find(conn, t.rule_sets, rule_set_id, lock=lock)


def timeline(conn: sa.Connection) -> list[Row]:
    """Return (code, digest, area, effective_from, effective_to) of all that were ever in force, the
    newest first; without their bodies."""
    return records.rows(conn, _TIMELINE)


def _began() -> sa.ColumnElement[bool]:
    """What was withdrawn before it began ends on the day of its beginning."""
    row = t.rule_sets.c
    return sa.or_(row.effective_to.is_(None), row.effective_to > row.effective_from)


# Written once: every message and every draft asks it.
_TIMELINE = (
    sa.select(
        *(t.rule_sets.c[one] for one in ("code", "digest", "area")),
        *(t.rule_sets.c[one] for one in ("effective_from", "effective_to")),
    )
    .where(t.rule_sets.c.state.in_(IN_FORCE), _began())
    .order_by(t.rule_sets.c.effective_from.desc(), t.rule_sets.c.code.desc())
)


def of_code(conn: sa.Connection, code: str) -> Row:
    """Return the rule set of a code that is known to be there."""
    return records.one(conn, sa.select(t.rule_sets).where(t.rule_sets.c.code == code))


def body_of(conn: sa.Connection, code: str) -> Document:
    """Return the JSON of a rule set."""
    asked = sa.select(t.rule_sets.c.body).where(t.rule_sets.c.code == code)
    return dict(conn.execute(asked).scalar_one())


def elsewhere(conn: sa.Connection, prefix: str, area: str) -> str | None:
    """Return the code of a rule set of another area that begins so, or None."""
    row = t.rule_sets.c
    asked = sa.select(row.code).where(row.code.like(f"{prefix}%"), row.area != area).limit(1)
    return conn.execute(asked).scalar()


def add(conn: sa.Connection, **values: object) -> Row:
    """Store a rule set. Returns it."""
    return records.add(conn, t.rule_sets, **values)


def edit(conn: sa.Connection, rule_set_id: str, **values: object) -> Row | None:
    """Change the content of a draft. Returns it afterwards, or None where it is one no longer."""
    return _change(conn, rule_set_id, ("DRAFT",), values)


def publish(conn: sa.Connection, rule_set_id: str, **values: object) -> Row | None:
    """Give an approved rule set its final header. Returns None where it is not approved."""
    return _change(conn, rule_set_id, ("APPROVED",), {"state": "PUBLISHED", **values})


def move(conn: sa.Connection, rule_set_id: str, **values: object) -> Row | None:
    """Change the state of a rule set; its content never. Returns None where it is published."""
    assert not {"body", "digest", "code"} & set(values)  # noqa: S101  content is not a state
    return _change(conn, rule_set_id, ("DRAFT", "CONSULTING", "APPROVED"), values)


def _change(
    conn: sa.Connection, rule_set_id: str, states: Sequence[str], values: Mapping[str, object]
) -> Row | None:
    row = t.rule_sets.c
    return records.first(
        conn,
        sa.update(t.rule_sets)
        .where(row.rule_set_id == rule_set_id, row.state.in_(states))
        .values(**values, row_version=row.row_version + 1)
        .returning(*row),
    )


def kept(row: Row | None) -> Row:
    """Return a rule set after a change of it.

    Raises:
        LostChange: It was not as the caller had locked it; nothing may be kept.
    """
    store.all_changed(int(row is not None), 1, t.rule_sets.name)
    return cast("Row", row)


def end_before(conn: sa.Connection, area: str, day: date, but: str) -> None:
    """End the other rule sets of an area on the day on which another one begins."""
    table = t.rule_sets.c
    conn.execute(
        sa.update(t.rule_sets)
        .where(
            table.area == area,
            table.code != but,
            table.state == "PUBLISHED",
            table.effective_from < day,
            sa.or_(table.effective_to.is_(None), table.effective_to > day),
        )
        .values(effective_to=day, row_version=table.row_version + 1)
    )


def lock_in_force(conn: sa.Connection, area: str) -> None:
    """Lock the published rule sets of an area: one is published at a time."""
    row = t.rule_sets.c
    asked = sa.select(row.rule_set_id).where(row.area == area, row.state == "PUBLISHED")
    conn.execute(store.lock(asked.order_by(row.rule_set_id), conn)).all()


def next_begin(conn: sa.Connection, area: str, day: date) -> Row | None:
    """Return (code, effective_from) of the next published rule set from a day on, or None."""
    row = t.rule_sets.c
    asked = (
        sa.select(row.code, row.effective_from)
        .where(row.area == area, row.state.in_(IN_FORCE), row.effective_from >= day, _began())
        .order_by(row.effective_from)
        .limit(1)
    )
    return records.first(conn, asked)


def noted(conn: sa.Connection, rule_set_id: str, notice_id: str) -> None:
    """Name the notice that says that a rule set is published."""
    conn.execute(
        sa.update(t.rule_sets)
        .where(t.rule_sets.c.rule_set_id == rule_set_id)
        .values(notice_id=notice_id)
    )


def end(conn: sa.Connection, rule_set_id: str, **values: object) -> Row | None:
    """End a published rule set; its content never changes. Returns None where it is retired."""
    assert not {"body", "digest", "code"} & set(values)  # noqa: S101  content is not an end
    return _change(conn, rule_set_id, ("PUBLISHED",), values)


def ended_by(conn: sa.Connection, area: str, day: date) -> Row | None:
    """Return the published rule set of an area that ends on the day on which another begins."""
    row = t.rule_sets.c
    asked = sa.select(t.rule_sets).where(
        row.area == area, row.state == "PUBLISHED", row.effective_to == day, _began()
    )
    return records.first(conn, asked.order_by(row.effective_from.desc()).limit(1))


def on(conn: sa.Connection, area: str, day: date) -> Row | None:
    """Return the rule set of an area that is in force on a day, without its body, or None."""
    row = t.rule_sets.c
    asked = sa.select(row.rule_set_id, row.code).where(
        row.area == area,
        row.state.in_(IN_FORCE),
        row.effective_from <= day,
        sa.or_(row.effective_to.is_(None), row.effective_to > day),
    )
    return records.first(conn, asked.order_by(row.effective_from.desc()).limit(1))


def retire(conn: sa.Connection, area: str, day: date, at: datetime) -> int:
    """Retire what has ended by a day. Returns how many."""
    row = t.rule_sets.c
    return conn.execute(
        sa.update(t.rule_sets)
        .where(row.area == area, row.state == "PUBLISHED", row.effective_to <= day)
        .values(state="RETIRED", retired_at=at, row_version=row.row_version + 1)
    ).rowcount


def state_of(row: Row) -> str:
    """Return the state of a rule set. A draft that was retired is discarded."""
    discarded = row.state == "DRAFT" and row.retired_at is not None
    return "DISCARDED" if discarded else str(row.state)


def page(
    conn: sa.Connection, *, states: Sequence[str], area: str, part: records.PartOfList
) -> records.Page:
    """Return rule sets without their bodies, newest first."""
    row = t.rule_sets.c
    columns = [column for column in row if column.name != "body"]
    state = sa.case(
        (sa.and_(row.state == "DRAFT", row.retired_at.is_not(None)), "DISCARDED"), else_=row.state
    )
    asked = sa.select(*columns).where(state.in_(list(states)), row.area.like(f"{area}%"))
    return records.page(conn, asked, part, (row.rule_set_id,), newest_first=True)


def add_comment(conn: sa.Connection, row: Mapping[str, object]) -> None:
    """Store a comment; it is never edited."""
    conn.execute(t.rule_comments.insert().values(**row))


def comments_page(conn: sa.Connection, rule_set_id: str, part: records.PartOfList) -> records.Page:
    """Return comments on a rule set in the order of filing."""
    row = t.rule_comments.c
    asked = sa.select(t.rule_comments).where(row.rule_set_id == rule_set_id)
    return records.page(conn, asked, part, (row.comment_id,))


def count_comments(conn: sa.Connection, rule_set_id: str) -> int:
    """Return how many comments a rule set has."""
    asked = sa.select(sa.func.count()).where(t.rule_comments.c.rule_set_id == rule_set_id)
    return int(conn.execute(asked).scalar() or 0)
