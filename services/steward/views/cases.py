"""Questions about requests, for whoever may see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chassis.bus import Tx
from chassis.fields import Area, Cursor, Grid, Limit, Period
from chassis.i18n import in_words, named
from chassis.refusal import NotFound, sentences
from chassis.text import code, without_numbers
from services.steward import rules, storage
from services.steward.errors import UnknownGrid
from services.steward.rules.routing import Category

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

# What a row of the timeline says to the reporter.
WHAT = sentences(
    {
        "submit": "诉求已提交 / Submitted",
        "dispatch": "已派单 / Given to a steward",
        "redispatch": "已改派 / Given to another steward",
        "accept": "承办人已接单 / Accepted by the handler",
        "accept_missed": "未按时接单 / Not accepted in time",
        "return": "承办人退回 / Returned by the handler",
        "contact": "已联系诉求人 / Reporter contacted",
        "arrive": "已到达现场 / Arrived on site",
        "contact_missed": "未按时联系 / Not contacted in time",
        "transfer": "已转办 / Transferred",
        "extend": "已延期 / Extended",
        "resolve": "已办结 / Resolved",
        "resolve_missed": "未按时办结 / Not resolved in time",
        "escalate": "已升级督办 / Escalated",
        "rate": "诉求人已评价 / Rated by the reporter",
        "review": "差评核查有结论 / Bad rating reviewed",
        "review_to_street": "差评核查转街道 / Review passed to the street",
        "reopen": "诉求人要求重办 / Reopened by the reporter",
        "close": "已结案 / Closed",
        "cancel": "诉求人撤回 / Taken back by the reporter",
        "reject": "不予受理 / Rejected",
        "merge": "已并入同一诉求 / Merged into the same matter",
        "merged": "有同一诉求并入 / Another report of it was merged",
        "urge": "诉求人催办 / Urged by the reporter",
        "go_on": (
            "原诉求人撤回,由本诉求继续办理 / The first reporter took his back; the case goes on "
            "here"
        ),
        "attach": "已登记诉求人 / Its reporter was noted",
        "check": "自行发现事项已核实 / Somebody else looked at what was found",
        "due_moved": "工作日历变更,期限顺延 / The working days have changed: the deadline is later",
        "correct": "诉求信息已更正 / What the request says was corrected",
    }
)

# What whoever was merged into a case learns of it: what became of it, and of nobody else's words.
FOLLOWED = {
    "id", "number", "kind", "category", "priority", "grid", "building", "state", "version",
    "handler", "created_at", "due_accept", "due_contact", "due_resolve", "accepted_at",
    "contacted_at", "resolved_at", "closed_at", "late", "level", "reopen_count", "extended",
    "outcome", "merged_into", "note", "evidence", "advice",
}  # fmt: skip
TOLD = {
    "dispatch", "redispatch", "accept", "contact", "arrive", "transfer", "extend", "resolve",
    "resolve_missed", "escalate", "reopen", "close", "reject", "cancel",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WhichRequest:
    """Which request is meant."""

    request_id: str


@dataclass(frozen=True, slots=True)
class RequestList:
    """诉求筛选 / Which requests; a resident gets his own."""

    mine: bool = False
    scope: Area | None = None
    grid: Grid | None = None
    state: Annotated[list[State], Meta(description="可给多个 / one or several")] | None = None
    open: bool | None = None
    project_id: str | None = None
    number: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=30,
                description="诉求编号,来电人报号即可查到 / the number that a caller names",
                examples=["SR-20250303-015901-00001"],
            ),
        ]
        | None
    ) = None
    order: Literal["newest", "oldest"] = "newest"
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """条数 / How many."""

    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class SimilarQuestion:
    """同地点同类别 / The same place and category."""

    grid: Grid
    category: Category
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


@dataclass(frozen=True, slots=True)
class RatesQuestion:
    """区域与月份 / Area and month."""

    scope: Area
    period: Annotated[Period, msgspec.Meta(examples=["2025-03"])]


def stamp(at: datetime | None) -> str | None:
    """Return an instant as text."""
    return at.isoformat() if at is not None else None


def _oversees(tx: Tx, row: Any) -> bool:
    return tx.actor.role in OVERSEERS and tx.actor.covers(row.grid)


def _sees(tx: Tx, row: Any) -> bool:
    """Tell whether a request is the viewer's business in full."""
    if not tx.actor.id:
        return False
    return (
        tx.actor.id in {row.handler_person, row.reporter_id}
        or _oversees(tx, row)
        or tx.actor.id in storage.cases.chain(tx.conn, row.request_id)
        or _calls_back(tx, row)
    )


def _calls_back(tx: Tx, row: Any) -> bool:
    """Tell whether the viewer has the case in hand into which a request was merged."""
    if row.merged_into is None:
        return False
    return bool(storage.cases.root(tx.conn, row).handler_person == tx.actor.id)


def _own_part(tx: Tx, row: Any) -> Any:
    """Return the viewer's own request that was merged into this one, or None."""
    for follower in storage.cases.followers(tx.conn, row.request_id):
        if tx.actor.id and follower.reporter_id == tx.actor.id:
            return follower
    return None


def _visible(tx: Tx, request_id: str) -> tuple[Any, Any]:
    """Return a request, and the viewer's own one where he only follows it.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row = storage.cases.request(tx.conn, request_id)
    if row is not None:
        if _sees(tx, row):
            return row, None
        own = _own_part(tx, row)
        if own is not None:
            return row, own
    raise NotFound(kind="request", id=request_id)


def _sees_rating(tx: Tx, row: Any) -> bool:
    # Until the case is closed its handler does not learn how it was rated (REQ-L14).
    case = storage.cases.root(tx.conn, row)
    if tx.actor.id in {row.handler_person, case.handler_person} and case.state != "CLOSED":
        return bool(row.reporter_id == tx.actor.id)
    return True


def _reader(tx: Tx, row: Any) -> Callable[[str], str]:
    """Return how the viewer reads the reporter's own words.

    Where he may be called back, he may write down himself (K15). Who calls people back reads it as
    it stands: the handler, and the community's own officials. Who looks on reads it without.
    """
    calls_back = (
        tx.actor.id in {row.handler_person, row.reporter_id}
        or rules.access.may_see(tx.actor, "PHONE", row.grid)
        or _calls_back(tx, row)
    )
    return str if calls_back else without_numbers


def card(tx: Tx, row: Any, *, text: bool = True) -> dict[str, Any]:
    """Return a request as the viewer may see it."""
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
        "against": row.against,
        "topic_id": row.topic_id,
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
        said, vault = _reader(tx, row), storage.vault(tx.settings.keys)
        found["text"] = said(vault.open(row.text, f"{row.request_id}.text"))
        found["media"] = row.media
        found["note"] = vault.open_or_none(row.note, f"{row.request_id}.note")
        found["evidence"] = row.evidence
        found["erased_at"] = stamp(row.erased_at)
    if _sees_rating(tx, row):
        found["stars"] = row.stars
        found["solved"] = row.solved
        found["review"] = row.review
        if text:
            rating = vault.open_or_none(row.rating_text, f"{row.request_id}.rating")
            found["rating_text"] = said(rating) if rating is not None else None
    if rules.requests.is_emergency(row.clock):
        found["advice"] = rules.requests.EMERGENCY_ADVICE
    return found


def request(tx: Tx, payload: WhichRequest) -> dict[str, Any]:
    """诉求卡 / A request.

    Answer a request's card.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row, own = _visible(tx, payload.request_id)
    if own is not None:
        return followed(tx, row, own)
    found = card(tx, row)
    if tx.actor.id == row.handler_person or _oversees(tx, row):
        # Whom he calls back beside the reporter.
        found["followers"] = [
            {
                "id": one.request_id,
                "number": one.number,
                "reporter_id": one.reporter_id,
                "contacted_at": stamp(one.contacted_at),
                "version": one.version,
            }
            for one in storage.cases.followers(tx.conn, row.request_id)
        ]
    if row.merged_into is not None:
        found["case"] = followed(tx, storage.cases.root(tx.conn, row), row)
    return found


def followed(tx: Tx, row: Any, own: Any) -> dict[str, Any]:
    """Return a case as whoever was merged into it sees it, with his own rating of it."""
    found = {name: value for name, value in card(tx, row).items() if name in FOLLOWED}
    vault = storage.vault(tx.settings.keys)
    if own.reporter_id == tx.actor.id:
        found |= {
            "stars": own.stars,
            "solved": own.solved,
            "rating_text": vault.open_or_none(own.rating_text, f"{own.request_id}.rating"),
        }
    return found


def requests(tx: Tx, payload: RequestList) -> dict[str, Any]:
    """诉求列表 / Requests.

    Answer requests: a resident's own, or those of the viewer's area.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    states = _states(payload)
    if states is None and payload.open:
        states = rules.requests.OPEN
    mine = payload.mine or tx.actor.role not in OVERSEERS
    scope = ""
    if not mine:
        scope = payload.scope or tx.actor.scope
        tx.require_scope(scope)
    wanted = storage.cases.Wanted(
        scope=scope,
        grid=payload.grid,
        reporter=tx.actor.id if mine else None,
        states=states,
        project_id=payload.project_id,
        number=_number(payload),
    )
    return _listed(tx, payload, wanted, "requests")


def _number(q: RequestList) -> str | None:
    return code(q.number).upper() if q.number is not None else None


def _states(q: RequestList) -> Sequence[str] | None:
    return list(dict.fromkeys(q.state)) if q.state else None


def _listed(tx: Tx, payload: RequestList, wanted: storage.cases.Wanted, of: str) -> dict[str, Any]:
    found = storage.cases.page(
        tx.conn, wanted, payload, newest_first=payload.order == "newest", of=of
    )
    return found.reply(lambda row: card(tx, row, text=False))


def workbench(tx: Tx, payload: Bench) -> dict[str, Any]:
    """管家工作台 / What I have in hand, due soonest first.

    Answer what the caller has in hand, what is due soonest first.
    """
    found = storage.cases.workbench(tx.conn, tx.actor.id, payload)
    return found.reply(
        lambda row: card(tx, row, text=False),
        total=storage.cases.in_hand_count(tx.conn, tx.actor.id),
    )


def queue(tx: Tx, payload: RequestList) -> dict[str, Any]:
    """社区待办 / What waits for the community.

    Answer what waits for the community's cadre: not dispatched, returned, to be closed, or found
    by a steward himself and looked at by nobody.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    states = _states(payload)
    wanted = storage.cases.Wanted(
        scope=scope,
        grid=payload.grid,
        project_id=payload.project_id,
        number=_number(payload),
        states=states or ("SUBMITTED", "RETURNED", "RATED"),
        unchecked=states is None,
    )
    return _listed(tx, payload, wanted, "queue")


def timeline(tx: Tx, payload: WhichRequest) -> dict[str, Any]:
    """办理过程 / Everything that happened to it.

    Answer everything that happened to a request, for its reporter as for its handler.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row, own = _visible(tx, payload.request_id)
    if own is not None:
        items = _told(tx, row)
    else:
        sees_rating = _sees_rating(tx, row)
        items = [
            _step(entry, entry.detail)
            for entry in storage.cases.timeline(tx.conn, row.request_id)
            if sees_rating or entry.action not in {"rate", "review", "review_to_street"}
        ]
        if row.merged_into is not None:
            # From there on, what happened to the case is what happened to it.
            merged = max(item["at"] for item in items if item["action"] == "merge")
            case = storage.cases.root(tx.conn, row)
            items += [item for item in _told(tx, case) if item["at"] >= merged]
    return {"id": row.request_id, "number": row.number, "items": items, "next": None}


def _told(tx: Tx, row: Any) -> list[dict[str, Any]]:
    """Return the steps of a case that those who follow it are told, without anybody's words."""
    return [
        _step(entry, {}) | {"number": row.number}
        for entry in storage.cases.timeline(tx.conn, row.request_id)
        if entry.action in TOLD
    ]


def _step(entry: Any, detail: dict[str, Any]) -> dict[str, Any]:
    what = WHAT[entry.action]
    found = {
        "at": entry.at.isoformat(),
        "action": entry.action,
        "what_zh": str(what),
        "what_en": what.english,
        "by_role": entry.actor_role,
        **in_words("services.steward", "by_role", entry.actor_role),
        "state": entry.state,
        **in_words("services.steward", "state", entry.state),
        "version": entry.version,
        "detail": detail,
    }
    for name in ("reason", "outcome", "verdict"):
        # What somebody wrote himself has no word of ours.
        said = str(detail.get(name, ""))
        if named(said, "zh", "services.steward") != said:
            found |= in_words("services.steward", name, said)
    return found


def similar_requests(tx: Tx, payload: SimilarQuestion) -> dict[str, Any]:
    """查重 / Open requests that may be the same.

    Answer open requests of the same place and category, before another one is filed.

    Only what helps to recognise the matter: no text, no reporter.

    Raises:
        UnknownGrid: No such grid.
    """
    if not storage.ground.known(tx.conn, [payload.grid], "GRID"):
        raise UnknownGrid(grid=payload.grid, field="grid")
    since = tx.now - timedelta(hours=72)
    rows = storage.cases.similar(tx.conn, payload.grid, payload.category, since, payload.limit)
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


def three_rates(tx: Tx, payload: RatesQuestion) -> dict[str, Any]:
    """三率 / The three rates of an area's month.

    Answer response, resolution and satisfaction of an area's month, exactly (M-03 to M-07),
    and beside them first-time fixes, escalations and times to resolve (M-08 to M-10).

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    start, end = tx.calendar.month_bounds(payload.period)
    month = (start, end)
    contacts, contacted = storage.months.clocks_in(
        tx.conn, payload.scope, "CONTACT", *month, tx.now
    )
    due, resolved = storage.months.clocks_in(tx.conn, payload.scope, "RESOLVE", *month, tx.now)
    rated, solved, satisfied = storage.months.ratings_in(tx.conn, payload.scope, start, end)
    closed, closed_rated, at_once = storage.months.closed_in(tx.conn, payload.scope, start, end)
    submitted, escalated = storage.months.escalated_in(tx.conn, payload.scope, start, end)
    composite = rules.rates.three_rates(
        rules.rates.Counts(contacts, contacted, rated, solved, satisfied, closed)
    )["M-07"]
    parts = {
        "M-03": (contacted, contacts),
        "M-04": (solved, rated),
        "M-05": (resolved, due),
        "M-06": (satisfied, rated),
        "M-08": (at_once, closed),
        "M-09": (escalated, submitted),
        # Of what was closed: a rating of something that still runs says nothing about it.
        "coverage": (closed_rated, closed),
    }
    rates: dict[str, dict[str, Any]] = {
        name: {
            "percent": rules.rates.percent(rules.rates.ratio(part, whole)),
            "numerator": part,
            "denominator": whole,
        }
        for name, (part, whole) in parts.items()
    }
    # A sum with weights has no parts of its own.
    rates["M-07"] = {
        "percent": rules.rates.percent(composite), "numerator": None, "denominator": None
    }  # fmt: skip
    return {
        "scope": payload.scope,
        "period": payload.period,
        "rates": dict(sorted(rates.items())),
        "counts": {
            "contacts_due": contacts,
            "contacted_on_time": contacted,
            "resolutions_due": due,
            "resolved_on_time": resolved,
            "rated": rated,
            "solved": solved,
            "satisfied": satisfied,
            "closed": closed,
            "closed_and_rated": closed_rated,
            "closed_at_once": at_once,
            "submitted": submitted,
            "escalated_to_level_2": escalated,
        },
        # M-10: how long it took, also in the hours of working days alone.
        "times_to_resolve": rules.rates.spans_by_priority(
            storage.months.resolved_in(tx.conn, payload.scope, start, end), tx.calendar
        ),
    }
