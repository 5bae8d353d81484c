"""Templates of replies, and every version that they had."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.storage.tables import metadata


def _said() -> tuple[sa.Column[object], ...]:
    """Return the columns of what a template says, and who has said it; a table has its own."""
    return (
        sa.Column("category", sa.String(24)),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text_zh", sa.String(800), nullable=False),
        sa.Column("text_en", sa.String(800)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("changed_by", store.Id, nullable=False),
        sa.Column("changed_at", store.UtcDateTime, nullable=False),
    )


reply_templates = sa.Table(
    "reply_templates",
    metadata,
    sa.Column("template_id", store.Id, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    *_said(),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_reply_templates_area", "area", "created_at", "template_id"),
)

# What stood there from which version on; nothing is changed here.
reply_template_versions = sa.Table(
    "reply_template_versions",
    metadata,
    sa.Column("template_id", store.Id, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    *_said(),
)


def add(conn: sa.Connection, **values: object) -> Row:
    """Keep a template with its first version."""
    return _noted(conn, records.add(conn, reply_templates, **values))


def _noted(conn: sa.Connection, row: Row) -> Row:
    values = records.values_of(row)
    kept = {one.name: values[one.name] for one in reply_template_versions.c}
    records.add_all(conn, reply_template_versions, [kept])
    return row


def locked(conn: sa.Connection, template_id: str) -> Row:
    """Return a template locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(conn, reply_templates, template_id)


def find(conn: sa.Connection, template_id: str) -> Row | None:
    """Return a template, or None."""
    return records.find(conn, reply_templates, template_id)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a template, keep its new version, and return it."""
    return _noted(conn, records.update(conn, reply_templates, row, **values))


def _there(areas: Sequence[str], category: str | None) -> store.Select:
    t = reply_templates.c
    asked = sa.select(reply_templates).where(t.area.in_(areas), t.state == "ACTIVE")
    if category is not None:
        asked = asked.where(sa.or_(t.category.is_(None), t.category == category))
    return asked


def fitting(conn: sa.Connection, areas: Sequence[str], category: str, most: int) -> list[Row]:
    """Return the templates of some areas that a category may use, those of the category first."""
    t = reply_templates.c
    asked = _there(areas, category).order_by(
        t.category.is_(None), sa.func.length(t.area).desc(), t.created_at, t.template_id
    )
    return records.rows(conn, asked.limit(most))


def listed(
    conn: sa.Connection,
    *,
    areas: Sequence[str],
    scope: str,
    category: str | None,
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return a part of the templates of a scope and of the areas above it, oldest first."""
    t = reply_templates.c
    asked = sa.select(reply_templates).where(sa.or_(t.area.in_(areas), store.within(t.area, scope)))
    if category is not None:
        asked = asked.where(t.category == category)
    if state is not None:
        asked = asked.where(t.state == state)
    return records.page(conn, asked, part, (t.created_at, t.template_id))


def versions(conn: sa.Connection, template_id: str, part: records.PartOfList) -> records.Page:
    """Return a part of the versions of a template, newest first."""
    t = reply_template_versions.c
    asked = sa.select(reply_template_versions).where(t.template_id == template_id)
    return records.page(conn, asked, part, (t.version,), newest_first=True)
