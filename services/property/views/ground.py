"""What every answer stands on: pages, whose eyes see, and rows as they travel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from msgspec import UNSET, Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area
from fivered.chassis.replies import Reply
from fivered.services.property.replies import Both, Happened
from fivered.services.property.storage import lists, people, rows
from fivered.services.property.storage.rows import Condition, Row

ReplyT = TypeVar("ReplyT", bound=Reply)
Named = Annotated[
    str, Meta(min_length=1, max_length=200, description="名称的一部分 / a part of the name")
]
Scope = Annotated[Area, Meta(description="区划代码前缀 / area code")]
# Who works for the community, the street or the district, and sees their areas' files.
STAFF = (
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
)
COMPANY = ("R_PM", "R_PCO")


def shown(kind: type[ReplyT], row: Row, *, persons: bool, **more: object) -> ReplyT:
    """Return a reply about a row, with who it was where the viewer may read that.

    Members that name persons may be UNSET in the type; no other member does.
    """
    named = [name for name in kind.__struct_fields__ if name in people.PERSON_COLUMNS]
    told = {name: getattr(row, name) for name in named if name not in more} if persons else {}
    return kind.of(row, **told, **more)


def scope_of(tx: Tx, asked: str | None) -> str:
    """Return the area of a list: what was asked for, or all that the actor covers.

    Raises:
        RoleDenied: The area asked for lies outside the actor's scope.
    """
    if asked is None:
        return tx.actor.scope
    tx.require_scope(asked)
    return asked


def part(
    tx: Tx,
    table: sa.Table,
    conditions: Sequence[Condition],
    payload: records.PartOfList,
    *,
    oldest_first: bool = True,
) -> records.Page:
    """Return a part of a table's rows by (created_at, id), and how many there are in all.

    Raises:
        Invalid: The cursor is none of this list.
    """
    return records.page(
        tx.conn,
        sa.select(table).where(*conditions),
        payload,
        (table.c.created_at, records.key_of(table)),
        newest_first=not oldest_first,
        counted=True,
        sorts={name: table.c[name] for name in ("due_at", "level") if name in table.c} or None,
    )


def page(
    tx: Tx,
    table: sa.Table,
    conditions: Sequence[Condition],
    payload: records.PartOfList,
    *,
    show: Callable[[Row], ReplyT],
    oldest_first: bool = True,
) -> Both[ReplyT]:
    """Answer one page of a list, with the ways to both sides of it.

    Raises:
        Invalid: The cursor is none of this list.
    """
    found = part(tx, table, conditions, payload, oldest_first=oldest_first)
    return both(found, show)


def both(found: records.Page, show: Callable[[Row], ReplyT]) -> Both[ReplyT]:
    """Return a page as it is answered; `previous` is the older name of `prev`."""
    return Both(
        items=[show(row) for row in found.rows],
        next=found.next,
        prev=found.prev,
        previous=found.prev,
        total=found.total or 0,
    )


def sees_all_of(tx: Tx, project: Row) -> bool:
    """Tell whether the actor may see what is between a project and its community.

    The staff of its area, its manager, and who is registered as speaking for its company. Of
    complaints, orders and their history nobody else sees anything (SEC-M3).
    """
    return insider(tx)(project)


def insider(tx: Tx) -> Callable[[Row], bool]:
    """Return, for rows about projects, whether the actor sees all of theirs; one look-up for all.

    A role alone makes nobody an insider; see `sees_all_of`.
    """
    own = own_side(tx)
    if own is not None:
        manages = tx.actor.role == "R_PM"
        return lambda row: row.project_id in own and (manages or tx.actor.covers(row.area))
    staff = tx.actor.role in STAFF
    return lambda row: staff and tx.actor.covers(row.area)


def own_side(tx: Tx) -> list[str] | None:
    """Return the projects to which a list is limited, or None for the staff of an area."""
    if tx.actor.role == "R_PM":
        return lists.projects_of(tx.conn, manager=tx.actor.id)
    if tx.actor.role == "R_PCO":
        own = rows.companies_spoken_for(tx.conn, tx.actor.id)
        return lists.projects_of(tx.conn, companies=own)
    return None


def compounds_of_owners(tx: Tx) -> list[str] | None:
    """Return the projects whose owners the caller speaks for now, or None in every other role."""
    if tx.actor.role != "R_OWNERS":
        return None
    return lists.projects_with_committee_of(tx.conn, tx.actor.id)


def whose(tx: Tx, scope: str | None, **own: Any) -> dict[str, Any]:
    """Return whose rows a list holds, as `lists.conditions` takes it: the area's for staff, the own
    projects', or what is one's own.

    Raises:
        RoleDenied: The area asked for lies outside the actor's scope.
    """
    if tx.actor.role in STAFF:
        return {"scope": scope_of(tx, scope)}
    if tx.actor.role in COMPANY:
        return {"scope": scope, "projects": own_side(tx)}
    return {"scope": scope, **own}


def today(tx: Tx) -> date:
    """Return the local date of the question."""
    return tx.calendar.local_date(tx.now)


def until(tx: Tx, due_at: datetime | None) -> dict[str, datetime | None]:
    """Return until when a step may wait, and since when that time is over: never both."""
    over = due_at is not None and due_at <= tx.now
    return {"due": None if over else due_at, "overdue_since": due_at if over else None}


def history(tx: Tx, table: sa.Table, row_id: str, *, with_actors: bool = True) -> list[Happened]:
    """Return what happened to one thing, oldest first."""
    return [
        Happened.of(step, actor=step.actor if with_actors else UNSET)
        for step in records.steps_of(tx.conn, table, row_id, most=200)
    ]
