"""Questions about areas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta

from fivered.chassis import few
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.fields import AreaKind
from fivered.services.steward.storage.people import Before
from fivered.services.steward.views.people import history
from fivered.services.steward.views.places import Then, as_then


class AreaList(Request, frozen=True):
    """区域筛选 / Which areas."""

    root: Annotated[Area, Meta(description="上级代码 / areas in this one")] = rules.areas.DISTRICT
    kind: AreaKind | None = None
    sort: Annotated[Literal["code", "-code"], SORT] | None = None
    total: WithTotal = False
    at: Then | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichArea(Request, frozen=True):
    """Which area is meant, and when."""

    code: str
    at: Then | None = None


class AreaHistory(Request, frozen=True):
    """分页 / Which part of a list."""

    code: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def areas(tx: Tx, payload: AreaList) -> Page[replies.AreaCard]:
    """区域树 / Areas below a root.

    Answer the tree below a root, a page at a time, as it is or as it stood at an instant. Sizes of
    a time that is past are for who oversees the area.
    """
    found = storage.ground.areas_in(tx.conn, payload.root, payload.kind, payload, payload.at)
    hidden = _hidden(tx, found.rows, then=payload.at is not None)
    before = as_then(tx, [row.code for row in found.rows], payload.at)
    return found.listed(
        lambda row: few.leave_out(_card(row, before.get(row.code)), hidden.get(row.code, set()))
    )


def area(tx: Tx, payload: WhichArea) -> replies.AreaCard:
    """区域 / One area.

    Answer one area with the liaison chain above it.

    Raises:
        NotFound: It is not defined; or, at that instant, was not yet, or no more.
    """
    row = storage.ground.area(tx.conn, payload.code)
    if row is None or (payload.at is not None and not _stood(row, payload.at)):
        raise NotFound(kind="area", id=payload.code)
    before = as_then(tx, [row.code], payload.at).get(row.code)
    hidden = _hidden(tx, [row], then=payload.at is not None)
    card = few.leave_out(_card(row, before), hidden.get(row.code, set()))
    card.liaison_chain = []
    for level, (kind, digits) in enumerate(storage.ground.RUNGS, start=1):
        if len(row.code) >= digits:
            # A gap is shown as one, with the person who acts meanwhile.
            found, acting = storage.ground.responsible(tx.conn, row.code, level)
            card.liaison_chain.append(
                replies.Rung(
                    target_kind=kind,
                    target=row.code[:digits],
                    official_id=found.official_id if found is not None else None,
                    acting=acting or UNSET,
                )
            )
    return card


def _stood(row: Row, at: datetime) -> bool:
    return row.created_at <= at and (row.ended_at is None or row.ended_at > at)


def area_history(tx: Tx, payload: AreaHistory) -> Page[replies.Change]:
    """区域变更记录 / What was changed of an area.

    Answer what was changed of an area, newest first.

    Raises:
        NotFound: No such area here.
    """
    if storage.ground.area(tx.conn, payload.code) is None or not tx.actor.covers(payload.code):
        raise NotFound(kind="area", id=payload.code)
    return history(tx, payload.code, payload, by_name=True)


def _hidden(tx: Tx, rows: Sequence[Row], *, then: bool = False) -> dict[str, set[str]]:
    """Return by code which numbers are too small for callers who do not act for these areas, or
    would tell the small number of an area beside; of a time that is past all are hidden from them:
    what was told beside it is known no more."""
    acts = tx.actor.role in rules.access.OVERSIGHT
    shown = {row.code: row for row in rows if not (acts and tx.actor.covers(row.code))}
    if then:
        return {code: {"households", "persons"} for code in shown}
    beside: dict[str, list[Row]] = {}
    parents = {row.parent for row in shown.values() if row.parent}
    for row in [*shown.values(), *storage.ground.children(tx.conn, parents)]:
        beside.setdefault(row.parent or "", []).append(row)
    found: dict[str, set[str]] = {}
    for name in ("households", "persons"):
        for of_one in beside.values():
            counts = {row.code: getattr(row, name) or 0 for row in of_one}
            for code in few.hidden_parts(counts) & shown.keys():
                found.setdefault(code, set()).add(name)
    return found


def _card(row: Row, before: Before | None = None) -> replies.AreaCard:
    then = {name: getattr(row, name) for name in ("households", "persons")} | dict(before or {})
    warnings = rules.areas.size_warnings(row.kind, then["households"], then["persons"])
    return replies.AreaCard.of(row, **({"parent": row.parent or None} | then), warnings=warnings)
