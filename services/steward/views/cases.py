"""Questions about requests, for whoever may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from chassis.bus import Tx
from chassis.i18n import english
from chassis.refusal import NotFound
from chassis.text import PERIOD
from services.steward import rules, storage
from services.steward.errors import UnknownGrid
from services.steward.views import paging
from services.steward.views.paging import Limit

State = Literal[
    "SUBMITTED", "DISPATCHED", "RETURNED", "ACCEPTED", "IN_PROGRESS", "RESOLVED", "RATED",
    "CLOSED", "CANCELLED", "REJECTED", "MERGED",
]  # fmt: skip

OVERSEERS = (
    *rules.requests.SCREENERS,
    "R_GRID",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
    "R_SYSTEM",
)

# What a row of the timeline says to the reporter; English stands in the catalogue.
WHAT = {
    "submit": "诉求已提交",
    "dispatch": "已派单",
    "redispatch": "已改派",
    "accept": "承办人已接单",
    "accept_missed": "未按时接单",
    "return": "承办人退回",
    "contact": "已联系诉求人",
    "arrive": "已到达现场",
    "contact_missed": "未按时联系",
    "transfer": "已转办",
    "extend": "已延期",
    "resolve": "已办结",
    "resolve_missed": "未按时办结",
    "escalate": "已升级督办",
    "rate": "诉求人已评价",
    "review": "差评核查有结论",
    "review_to_street": "差评核查转街道",
    "reopen": "诉求人要求重办",
    "close": "已结案",
    "cancel": "诉求人撤回",
    "reject": "不予受理",
    "merge": "已并入同一诉求",
    "merged": "有同一诉求并入",
    "urge": "诉求人催办",
}


@dataclass(frozen=True, slots=True)
class WhichRequest:
    """Which request is meant."""

    request_id: str


@dataclass(frozen=True, slots=True)
class RequestList:
    """Which requests are meant; a resident always gets his own."""

    mine: bool = False
    scope: str | None = None
    grid: str | None = None
    state: State | None = None
    open: bool | None = None
    project_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """How much of the workbench is shown."""

    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class SimilarQuestion:
    """A place and a category before something is filed."""

    grid: str
    category: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


@dataclass(frozen=True, slots=True)
class RatesQuestion:
    """An area and a month."""

    scope: str
    period: Annotated[str, msgspec.Meta(pattern=PERIOD)]


def stamp(at: datetime | None) -> str | None:
    """Return an instant as text."""
    return at.isoformat() if at is not None else None


def _oversees(tx: Tx, row: Any) -> bool:
    return tx.actor.role in OVERSEERS and tx.actor.covers(row.grid)


def _is_reporter(tx: Tx, row: Any) -> bool:
    if not tx.actor.id:
        return False
    itself = bool(row.reporter_id == tx.actor.id)
    return itself or tx.actor.id in storage.cases.merged_reporters(tx.conn, row.request_id)


def _visible(tx: Tx, request_id: str) -> Any:
    row = storage.cases.request(tx.conn, request_id)
    if row is not None and (
        row.handler_person == tx.actor.id
        or _is_reporter(tx, row)
        or _oversees(tx, row)
        or tx.actor.id in storage.cases.chain(tx.conn, request_id)
    ):
        return row
    raise NotFound(kind="request", id=request_id)


def _sees_rating(tx: Tx, row: Any) -> bool:
    # Until the case is closed its handler does not learn how it was rated (REQ-L14).
    if tx.actor.id == row.handler_person and row.state != "CLOSED":
        return bool(row.reporter_id == tx.actor.id)
    return True


def card(tx: Tx, row: Any, *, text: bool = True) -> dict[str, Any]:
    """Return a request as the viewer may see it."""
    vault = storage.vault(tx.settings.pii_key)
    overdue = row.state in rules.requests.OPEN and tx.now >= row.due_resolve
    found: dict[str, Any] = {
        "id": row.request_id,
        "number": row.number,
        "channel": row.channel,
        "external_ref": row.reference or row.external_ref,
        "kind": row.kind,
        "category": row.category,
        "priority": row.priority,
        "grid": row.grid,
        "building": row.building,
        "project_id": row.project_id,
        "state": row.state,
        "version": row.version,
        "reporter_id": row.reporter_id,
        "handler": row.handler,
        "handler_person": row.handler_person,
        "first_handler": row.first_handler,
        "created_at": stamp(row.created_at),
        "occurred_at": stamp(row.occurred_at),
        "due_accept": stamp(row.due_accept),
        "due_contact": stamp(row.due_contact),
        "due_resolve": stamp(row.due_resolve),
        "accepted_at": stamp(row.accepted_at),
        "contacted_at": stamp(row.contacted_at),
        "resolved_at": stamp(row.resolved_at),
        "closed_at": stamp(row.closed_at),
        "late": row.late or overdue,
        "level": row.level,
        "returns": row.returns,
        "reopen_count": row.reopens,
        "urged": row.urged,
        "extended": row.extended,
        "outcome": row.outcome,
        "merged_into": row.merged_into,
    }
    if text:
        found["text"] = vault.open(row.text, f"{row.request_id}.text")
        found["media"] = row.media
        found["note"] = vault.open_or_none(row.note, f"{row.request_id}.note")
        found["evidence"] = row.evidence
    if _sees_rating(tx, row):
        found["stars"] = row.stars
        found["solved"] = row.solved
        found["review"] = row.review
        if text:
            found["rating_text"] = vault.open_or_none(row.rating_text, f"{row.request_id}.rating")
    if rules.requests.is_emergency(row.clock):
        found["advice"] = rules.requests.EMERGENCY_ADVICE
    return found


def request(tx: Tx, q: WhichRequest) -> dict[str, Any]:
    """Answer a request's card.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    return card(tx, _visible(tx, q.request_id))


def requests(tx: Tx, q: RequestList) -> dict[str, Any]:
    """Answer requests, oldest first: a resident's own, or those of the viewer's area."""
    states: list[str] | None = [q.state] if q.state is not None else None
    if states is None and q.open:
        states = list(rules.requests.OPEN)
    mine = q.mine or tx.actor.role not in OVERSEERS
    scope = None
    if not mine:
        scope = q.scope or tx.actor.scope
        tx.require_scope(scope)
    rows = storage.cases.page(
        tx.conn,
        scope=scope,
        grid=q.grid,
        reporter=tx.actor.id if mine else None,
        states=states,
        project_id=q.project_id,
        after=paging.read_cursor(q.cursor),
        limit=q.limit + 1,
    )
    return paging.page(rows, q.limit, "request_id", lambda row: card(tx, row, text=False))


def workbench(tx: Tx, q: Bench) -> dict[str, Any]:
    """Answer what the caller has in hand, what is due soonest first."""
    rows = storage.cases.workbench(tx.conn, tx.actor.id, q.limit)
    return {"items": [card(tx, row, text=False) for row in rows], "next": None}


def queue(tx: Tx, q: RequestList) -> dict[str, Any]:
    """Answer what waits for the community's cadre: not dispatched, returned, or to be closed.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = q.scope or tx.actor.scope
    tx.require_scope(scope)
    rows = storage.cases.page(
        tx.conn,
        scope=scope,
        grid=q.grid,
        states=[q.state] if q.state is not None else ["SUBMITTED", "RETURNED", "RATED"],
        after=paging.read_cursor(q.cursor),
        limit=q.limit + 1,
    )
    return paging.page(rows, q.limit, "request_id", lambda row: card(tx, row, text=False))


def timeline(tx: Tx, q: WhichRequest) -> dict[str, Any]:
    """Answer everything that happened to a request, for its reporter as for its handler.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row = _visible(tx, q.request_id)
    sees_rating = _sees_rating(tx, row)
    items = []
    for entry in storage.cases.timeline(tx.conn, row.request_id):
        if not sees_rating and entry.action in {"rate", "review", "review_to_street"}:
            continue
        what = WHAT[entry.action]
        items.append(
            {
                "at": entry.at.isoformat(),
                "action": entry.action,
                "what_zh": what,
                "what_en": english("services.steward", what),
                "by_role": entry.actor_role,
                "state": entry.state,
                "version": entry.version,
                "detail": entry.detail,
            }
        )
    return {"id": row.request_id, "number": row.number, "items": items, "next": None}


def similar(tx: Tx, q: SimilarQuestion) -> dict[str, Any]:
    """Answer open requests of the same place and category, before another one is filed.

    Only what helps to recognise the matter: no text, no reporter.

    Raises:
        UnknownGrid: No such grid.
    """
    if not storage.ground.known(tx.conn, [q.grid], "GRID"):
        raise UnknownGrid(grid=q.grid, field="grid")
    since = tx.now - timedelta(hours=72)
    rows = storage.cases.similar(tx.conn, q.grid, q.category, since, q.limit)
    return {
        "items": [
            {
                "id": row.request_id,
                "number": row.number,
                "category": row.category,
                "building": row.building,
                "state": row.state,
                "created_at": stamp(row.created_at),
                "due_resolve": stamp(row.due_resolve),
            }
            for row in rows
        ],
        "next": None,
    }


def three_rates(tx: Tx, q: RatesQuestion) -> dict[str, Any]:
    """Answer response, resolution and satisfaction of an area's month, exactly (M-03 to M-07),
    and beside them first-time fixes, escalations and times to resolve (M-08 to M-10).

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(q.scope)
    start, end = tx.calendar.month_bounds(q.period)
    contacts, contacted = storage.months.clocks_in(tx.conn, q.scope, "CONTACT", start, end)
    due, resolved = storage.months.clocks_in(tx.conn, q.scope, "RESOLVE", start, end)
    rated, solved, satisfied = storage.months.ratings_in(tx.conn, q.scope, start, end)
    counts = rules.rates.Counts(
        contacts_due=contacts,
        contacted_on_time=contacted,
        rated=rated,
        solved=solved,
        satisfied=satisfied,
        closed=storage.months.closed_in(tx.conn, q.scope, start, end),
    )
    at_once = storage.months.closed_at_once(tx.conn, q.scope, start, end)
    submitted, escalated = storage.months.escalated_in(tx.conn, q.scope, start, end)
    rates = rules.rates.three_rates(counts) | {
        "M-05": rules.rates.ratio(resolved, due),
        "M-08": rules.rates.ratio(at_once, counts.closed),
        "M-09": rules.rates.ratio(escalated, submitted),
    }
    return {
        "scope": q.scope,
        "period": q.period,
        "rates": {
            name: {
                "percent": rules.rates.percent(value),
                "numerator": value.numerator if value is not None else None,
                "denominator": value.denominator if value is not None else None,
            }
            for name, value in sorted(rates.items())
        },
        "counts": {
            "contacts_due": contacts,
            "contacted_on_time": contacted,
            "resolutions_due": due,
            "resolved_on_time": resolved,
            "rated": rated,
            "solved": solved,
            "satisfied": satisfied,
            "closed": counts.closed,
            "closed_at_once": at_once,
            "submitted": submitted,
            "escalated_to_level_2": escalated,
        },
        # M-10: how long it took, also in the hours of working days alone.
        "times_to_resolve": rules.rates.spans_by_priority(
            storage.months.resolved_in(tx.conn, q.scope, start, end), tx.calendar
        ),
    }
