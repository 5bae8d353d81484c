"""Questions that the forum answers; reads only."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Annotated, Any, Literal

from msgspec import Meta

from chassis.bus import Tx
from chassis.calendar import instant
from chassis.fields import Area, Cursor, Limit, PartOfList, Period
from chassis.i18n import told
from chassis.refusal import Invalid, NotFound, RoleDenied, said
from services.forum import rules, storage
from services.forum.messages import MESSAGES
from services.forum.rules import Level, TaskState, Tier, TopicState

# Who acts for an area sees persons of it; everybody else sees numbers.
STAFF_ROLES = frozenset(
    {
        *("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
        *("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"),
    }
)


@dataclass(frozen=True, slots=True)
class ChainOf:
    """Which chain."""

    target: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="户编号或网格、社区、街道代码 / household id or area code",
            examples=["370811015901001"],
        ),
    ]


@dataclass(frozen=True, slots=True)
class CoverageOf:
    """Which area."""

    scope: Annotated[Area, Meta(examples=["370811015"])]


@dataclass(frozen=True, slots=True)
class OfficialsAsked:
    """Which officials."""

    scope: Area = "370811"
    tier: Tier | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class LiaisonsAsked:
    """Which links."""

    scope: Area = "370811"
    official_id: str | None = None
    state: Literal["ACTIVE", "ENDED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class DeputiesAsked:
    """Which deputies."""

    street: Area | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OptInsAsked:
    """Whose consent to be drawn, and in which state."""

    scope: Area | None = None
    state: Literal["OPTED_IN", "ENTERED", "OPTED_OUT"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class SupervisionsAsked:
    """Which records of supervision."""

    scope: Area | None = None
    mine: Annotated[bool, Meta(description="本人的记录 / one's own")] = False
    task_id: str | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class DeputyRecordOf:
    """Which year."""

    deputy_id: str
    year: Annotated[int, Meta(ge=2000, le=2100, examples=[2025])]


@dataclass(frozen=True, slots=True)
class TopicsAsked:
    """Which topics."""

    scope: Area | None = None
    state: TopicState | None = None
    level: Level | None = None
    mine: bool = False
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class TopicOf:
    """Which topic."""

    topic_id: str


@dataclass(frozen=True, slots=True)
class SessionOf:
    """Which session."""

    session_id: str


@dataclass(frozen=True, slots=True)
class SessionsAsked:
    """Which sessions."""

    scope: Area | None = None
    state: Literal["SCHEDULED", "OPEN", "ENDED", "ADJOURNED", "CANCELLED"] | None = None
    topic_id: str | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class ObjectionsAsked:
    """Which objections."""

    topic_id: str | None = None
    mine: bool = False
    state: Literal["NOTED", "OPEN", "ANSWERED", "SUSTAINED", "DISMISSED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class TaskOf:
    """Which task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class TasksAsked:
    """Which tasks."""

    scope: Area | None = None
    topic_id: str | None = None
    responsible_id: str | None = None
    state: TaskState | None = None
    overdue: bool = False
    mine: Annotated[bool, Meta(description="我监督的 / those that I supervise")] = False
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class NoticesAsked:
    """Which notices."""

    scope: Area = "370811"
    period: Period | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class NoticeOf:
    """Which notice."""

    notice_id: str


@dataclass(frozen=True, slots=True)
class FunnelOf:
    """Which area and months."""

    scope: Area = "370811"
    first: Period | None = None
    last: Period | None = None


@dataclass(frozen=True, slots=True)
class EscalationsAsked:
    """Which escalations."""

    scope: Area | None = None
    mine: Annotated[bool, Meta(description="升级到本人的 / what came before me")] = False
    level: Annotated[int, Meta(ge=1, le=9)] | None = None
    tier: Tier | None = None
    source: (
        Literal[
            "TOPIC",
            "TASK",
            "REQUEST",
            "RECTIFICATION",
            "OBJECTION",
            "REPAIR",
            "REFUND",
            "STATEMENT",
            "DISPUTE",
        ]
        | None
    ) = None
    state: Literal["WAITING", "OPEN", "ACKNOWLEDGED", "DONE", "ALL"] = "WAITING"
    limit: Limit = 50
    cursor: Cursor | None = None


# --------------------------------------------------------------------------------------------------
# Lists


# What the cursor of the page before begins with; base64 has no such sign.
_BACK = "~"


def _page(q: Any) -> storage.rows.Page:
    """Return which part of a list is asked for; a cursor goes on or back.

    Raises:
        Invalid: The cursor is none of ours.
    """
    if not q.cursor:
        return storage.rows.Page(q.limit)
    back = q.cursor.startswith(_BACK)
    try:
        text = base64.urlsafe_b64decode(q.cursor.removeprefix(_BACK).encode()).decode()
        at, _, row_id = text.partition("~")
        return storage.rows.Page(q.limit, (instant(at), row_id), back=back)
    except (ValueError, binascii.Error) as error:
        raise Invalid(
            field="cursor",
            reason=said(
                ("游标 {cursor} / the cursor {cursor} is none of this list"), cursor=q.cursor
            ),
        ) from error


def _listed(
    rows: Sequence[Mapping[str, Any]], q: Any, key: str, cards: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return a page with the cursors of the pages behind and before it; rows and cards lie in the
    direction in which they were read."""
    page = _page(q)
    more = len(rows) > page.limit
    shown = list(zip(rows, cards, strict=True))[: page.limit]
    if page.back:
        shown.reverse()

    def mark(row: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(
            f"{row['created_at'].isoformat()}~{row[key]}".encode()
        ).decode()

    behind = page.back or more
    before = more if page.back else page.after is not None
    return {
        "items": [card for _row, card in shown],
        "next": mark(shown[-1][0]) if shown and behind else None,
        "prev": _BACK + mark(shown[0][0]) if shown and before else None,
    }


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _card(row: Mapping[str, Any], key: str, *leave_out: str) -> dict[str, Any]:
    shown = {name: _iso(value) for name, value in row.items() if name not in leave_out}
    return {"id": row[key], **shown}


def _inside(tx: Tx, area: str) -> bool:
    """Tell whether the caller sees persons: he acts for an area, and it is his."""
    return tx.actor.role in STAFF_ROLES and tx.actor.covers(area)


def _district(tx: Tx) -> str:
    return tx.actor.scope[:6]


def _near(tx: Tx, area: str) -> bool:
    """Tell whether the caller is of the district: its wall is for its people."""
    return area.startswith(_district(tx))


def _may_read(tx: Tx, row: Mapping[str, Any]) -> bool:
    """Tell whether the caller reads a topic's words; what is hidden only staff and who wrote it."""
    own = tx.actor.id in {row["proposer"], row["entered_by"]}
    return own or _inside(tx, row["area"]) or (row["hidden_at"] is None and _near(tx, row["area"]))


def _title(tx: Tx, row: Mapping[str, Any]) -> str:
    """Return a topic's title as the caller may see it."""
    shown = row["hidden_at"] is None or _inside(tx, row["area"])
    return str(row["title"]) if shown else rules.HIDDEN


# --------------------------------------------------------------------------------------------------
# Liaison


def chain(tx: Tx, q: ChainOf) -> dict[str, Any]:
    """包保联系链 / The liaison chain above a target.

    Return the liaison chain above a target: every rung, gaps shown, never nothing.
    """
    grid, target = None, q.target
    if not q.target.isdigit():
        grid = storage.liaison.grid_of_household(tx.conn, q.target)
        own = storage.heard.residents_of(tx.conn, [tx.actor.id]).get(tx.actor.id)
        mine = own is not None and own["household_id"] == q.target
        if grid is None or not (mine or _inside(tx, grid)):
            # Where a household lives is for its people and the staff of the place; to anybody else
            # each is as unknown as one that does not exist.
            grid, target = None, _NO_HOUSEHOLD
    elif not _near(tx, q.target):
        target = _NO_HOUSEHOLD
    rungs = storage.liaison.chain_of(tx.conn, target, grid)
    for rung in rungs:
        if rung["target"] == _NO_HOUSEHOLD:
            rung["target"] = q.target
        rung["officials"] = [_official(row) for row in rung["officials"]]
        rung["acting"] = _official(rung["acting"]) if rung["acting"] else None
    return {
        "target": q.target,
        "grid": grid or (q.target if len(q.target) == 15 and q.target.isdigit() else None),
        "complete": not any(rung["gap"] for rung in rungs),
        "rungs": rungs,
    }


_NO_HOUSEHOLD = "-"

_OFFICIAL_SHOWN = (
    *("official_id", "person_id", "tier", "post", "area", "state", "created_at", "ended_at"),
    "version",
)
_LIAISON_SHOWN = (
    *("link_id", "official_id", "person_id", "tier", "target_kind", "target", "area", "since"),
    *("until", "state", "created_at", "version"),
)
_DEPUTY_SHOWN = (
    *("deputy_id", "person_id", "kind", "level", "term_from", "term_to", "area", "state"),
    *("created_at", "version"),
)


def _post_card(tx: Tx, row: Mapping[str, Any], key: str, names: Sequence[str]) -> dict[str, Any]:
    """Return a public post. Who holds it is public; who held it, the area's staff and he know."""
    card = {"id": row[key]} | {name: _iso(row[name]) for name in names}
    own = row["person_id"] == tx.actor.id
    if row["state"] != "ACTIVE" and not own and not _inside(tx, row["area"]):
        card["person_id"] = None
    return card


def _official(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tier": row["tier"],
        "official_id": row["official_id"],
        "person_id": row["person_id"],
        "link_id": row["link_id"],
        "since": _iso(row["since"]),
    }


def coverage(tx: Tx, q: CoverageOf) -> dict[str, Any]:
    """包保联系覆盖 / Liaison coverage (M-19).

    Return M-19: targets with somebody who answers for them, of all targets, per tier.
    """
    shown = []
    for tier in reversed(rules.TIERS[1:]):
        kind = rules.TARGET_OF_TIER[tier]
        targets = storage.heard.areas_in(tx.conn, q.scope, rules.DIGITS_OF_TARGET[kind])
        linked = storage.liaison.linked_targets(tx.conn, kind, q.scope)
        shown.append(_covered(tier, kind, targets, set(targets) & linked))
    households = storage.liaison.households_in(tx.conn, q.scope)
    worked = storage.liaison.worked_grids(tx.conn, q.scope)
    own = storage.liaison.linked_targets(tx.conn, "HOUSEHOLD", q.scope)
    covered = {h for h, grid in households if grid in worked or h in own}
    of_households = _covered(
        rules.GRID_WORKER, "HOUSEHOLD", [h for h, _grid in households], covered
    )
    if not _inside(tx, q.scope):
        # Which households live in an area is for its staff.
        of_households["gaps"] = []
    shown.append(of_households)
    grids = storage.heard.areas_in(tx.conn, q.scope, 15)
    return {
        "scope": q.scope,
        "tiers": shown,
        "grids_without_worker": [g for g in grids if g not in worked][:200],
    }


def _covered(tier: str, kind: str, targets: Sequence[str], covered: set[str]) -> dict[str, Any]:
    gaps = [target for target in targets if target not in covered]
    return {
        "tier": tier,
        "target_kind": kind,
        "targets": len(targets),
        "covered": len(targets) - len(gaps),
        "rate": rules.rate(len(targets) - len(gaps), len(targets)),
        "gaps": gaps[:200],
    }


def officials(tx: Tx, q: OfficialsAsked) -> dict[str, Any]:
    """干部名册 / Officials.

    Return the officials of an area, to the people of their district.
    """
    rows = storage.liaison.official_page(
        tx.conn, _page(q), near=_district(tx), scope=q.scope, tier=q.tier
    )
    cards = [_post_card(tx, row, "official_id", _OFFICIAL_SHOWN) for row in rows]
    return _listed(rows, q, "official_id", cards)


def liaisons(tx: Tx, q: LiaisonsAsked) -> dict[str, Any]:
    """包保联系 / Liaison links.

    Return the liaison links of an area or an official; those to households for staff only.
    """
    rows = storage.liaison.liaison_page(
        tx.conn,
        _page(q),
        near=_district(tx),
        scope=q.scope,
        official_id=q.official_id,
        state=q.state,
        inside=tx.actor.scope if tx.actor.role in STAFF_ROLES else None,
    )
    cards = [
        _post_card(tx, row, "link_id", _LIAISON_SHOWN)
        # Why somebody was relieved is between him and his area.
        | ({"reason": row["reason"]} if _inside(tx, row["area"]) else {})
        for row in rows
    ]
    return _listed(rows, q, "link_id", cards)


def deputies(tx: Tx, q: DeputiesAsked) -> dict[str, Any]:
    """两代表一委员 / Deputies.

    Return the deputies of the caller's district, of one street or of all.
    """
    rows = storage.liaison.deputy_page(tx.conn, _page(q), near=_district(tx), street=q.street)
    streets = storage.liaison.streets_of(tx.conn, [row["deputy_id"] for row in rows])
    cards = [
        _post_card(tx, row, "deputy_id", _DEPUTY_SHOWN)
        | {"streets": streets.get(row["deputy_id"], [])}
        for row in rows
    ]
    return _listed(rows, q, "deputy_id", cards)


def _whose(tx: Tx, scope: str | None, *, mine: bool = False) -> dict[str, str | None]:
    """Return of which area, or else of which person, a list is.

    Raises:
        RoleDenied: The area lies outside the caller's, or he acts for none.
    """
    staff = tx.actor.role in STAFF_ROLES and not mine
    if scope is not None:
        if not staff:
            raise RoleDenied(role=tx.actor.role)
        tx.require_scope(scope)
    if staff:
        return {"scope": scope or tx.actor.scope, "person_id": None}
    return {"scope": None, "person_id": tx.actor.id}


def opt_ins(tx: Tx, q: OptInsAsked) -> dict[str, Any]:
    """随机抽选同意名单 / Who agreed to be drawn; a resident reads his own.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or he acts for none.
    """
    rows = storage.liaison.opt_in_page(tx.conn, _page(q), **_whose(tx, q.scope), state=q.state)
    cards = [
        {
            "id": row["person_id"],
            "person_id": row["person_id"],
            "state": storage.liaison.state_of_opt_in(row),
            "opted_at": _iso(row["opted_at"]),
            "withdrawn_at": _iso(row["withdrawn_at"]),
            "entered_by": row["entered_by"],
            "receipt": row["receipt"],
            "version": row["version"],
        }
        for row in rows
    ]
    return _listed(rows, q, "person_id", cards)


def supervisions(tx: Tx, q: SupervisionsAsked) -> dict[str, Any]:
    """监督记录列表 / What supervisors found: of an area for its staff, else one's own.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or he acts for none.
    """
    whose = _whose(tx, q.scope, mine=q.mine)
    rows = storage.tasks.supervision_page(tx.conn, _page(q), **whose, task_id=q.task_id)
    return _listed(rows, q, "record_id", [_card(row, "record_id") for row in rows])


def deputy_record(tx: Tx, q: DeputyRecordOf) -> dict[str, Any]:
    """代表履职记录 / A deputy's year (M-24).

    Return a deputy's year: invited, answered, attended. For him and for those who lead.

    Raises:
        NotFound: There is no such deputy, or the caller may not see the record.
    """
    row = storage.rows.find(tx.conn, storage.tables.deputies, q.deputy_id)
    if row is None or (tx.actor.id != row["person_id"] and not _inside(tx, row["area"])):
        raise NotFound(kind="deputy", id=q.deputy_id)
    start, _ = tx.calendar.month_bounds(f"{q.year}-01")
    _, end = tx.calendar.month_bounds(f"{q.year}-12")
    invited = storage.sessions.deputy_invitations(tx.conn, q.deputy_id, start, end)
    attended = [i for i in invited if i["attended_at"] is not None]
    return {
        "id": q.deputy_id,
        "kind": row["kind"],
        "year": q.year,
        "invited": len(invited),
        "answered_yes": sum(i["answer"] == "YES" for i in invited),
        "attended": len(attended),
        "rate": rules.rate(len(attended), len(invited)),
        "sessions": [
            {"session_id": i["session_id"], "attended_at": _iso(i["attended_at"])} for i in invited
        ],
    }


# --------------------------------------------------------------------------------------------------
# Topics


def topic_wall(tx: Tx, q: TopicsAsked) -> dict[str, Any]:
    """议题墙 / The topic wall.

    Return the topic wall, newest first.
    """
    rows = storage.topics.topic_page(
        tx.conn,
        _page(q),
        reader=tx.actor.id,
        near=_district(tx),
        inside=tx.actor.scope if tx.actor.role in STAFF_ROLES else None,
        scope=q.scope,
        state=q.state,
        level=q.level,
        proposer=tx.actor.id if q.mine else None,
    )
    counts: dict[str, int] = {}
    for signed in storage.topics.cosigners_of(tx.conn, [row["topic_id"] for row in rows]):
        counts[signed["topic_id"]] = counts.get(signed["topic_id"], 0) + 1
    cards = [_topic_card(tx, row, counts.get(row["topic_id"], 0)) for row in rows]
    return _listed(rows, q, "topic_id", cards)


_TOPIC_SHOWN = (
    *("number", "title", "description", "proposer_kind", "way", "category", "level", "scope"),
    *("area", "grid", "resubmits", "new_facts", "state", "round", "owners_matter", "binding"),
    *("escalated", "adjournments", "objected", "session_id", "opinion_id", "merged_into"),
    *("reason", "appeal", "result", "created_at", "screen_due", "adopted_at", "session_due"),
    *("voted_at", "opinion_due", "publicised_at", "resolved_at", "tasks_due", "implementing_at"),
    *("verified_at", "closed_at", "failed_at", "poll_until", "version"),
)
# For staff of the area and the proposer.
_TOPIC_OWN = (
    *("proposer", "note", "source_request", "request_id", "request_number", "hidden_at"),
    "hidden_reason",
)


def _topic_card(tx: Tx, row: Mapping[str, Any], cosigners: int) -> dict[str, Any]:
    own = _inside(tx, row["area"]) or tx.actor.id in {row["proposer"], row["entered_by"]}
    names = _TOPIC_SHOWN + _TOPIC_OWN if own else _TOPIC_SHOWN
    card = {"id": row["topic_id"], "topic_id": row["topic_id"]}
    card |= {name: _iso(row[name]) for name in names}
    step = rules.STEP_OF_STATE[row["state"]]
    return card | {
        "community": row["area"],
        "cosigners": cosigners,
        "step": step,
        "step_name": str(rules.STEP_NAMES[step - 1]),
    }


def _tally_card(tally: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the totals of a closed vote. Before the close there are none: no early results."""
    if tally is None or tally["closed_at"] is None:
        return None
    names = (
        "session_id",
        "against",
        "abstain",
        "not_cast",
        "voting_invited",
        "voting_present",
        "resident_present",
        "passed",
    )
    return {
        "for": tally["in_favour"],
        **{name: tally[name] for name in names},
        "closed_at": _iso(tally["closed_at"]),
    }


def topic(tx: Tx, q: TopicOf) -> dict[str, Any]:
    """议题与五步 / A topic and its five steps.

    Return a topic with the five steps, the artefact of each, and what is open.

    Raises:
        NotFound: There is none that the caller may read.
    """
    row = storage.rows.find(tx.conn, storage.tables.topics, q.topic_id)
    if row is None or not _may_read(tx, row):
        raise NotFound(kind="topic", id=q.topic_id)
    signed = storage.topics.cosigners_of(tx.conn, [q.topic_id])
    card = _topic_card(tx, row, len(signed))
    if _inside(tx, row["area"]):
        card["cosigner_ids"] = [s["person_id"] for s in signed]
    analysis = storage.topics.analysis_of(tx.conn, row)
    tally = _tally_card(storage.sessions.tally_of(tx.conn, row["session_id"], q.topic_id))
    opinion = _opinion_card(tx, row)
    tasks = storage.tasks.tasks_of(tx.conn, q.topic_id, round_=row["round"])
    effective = opinion if opinion and opinion["state"] == "EFFECTIVE" else None
    artefacts: dict[int, Any] = {
        1: {
            "number": row["number"],
            "way": row["way"],
            "collected_at": _iso(row["created_at"]),
            "cosigners": len(signed),
        },
        2: _analysis_card(analysis),
        3: tally,
        4: effective and effective | {"binding": row["binding"]},
        5: {
            "tasks": len(tasks),
            "accepted": sum(t["state"] == "ACCEPTED" for t in tasks),
            "result": row["result"],
            "closed_at": _iso(row["closed_at"]),
        }
        if tasks
        else None,
    }
    ratings, stars = storage.topics.poll_of(tx.conn, q.topic_id)
    return card | {
        "steps": rules.lay_out_steps(row["state"], artefacts),
        "analysis": artefacts[2],
        "tally": tally,
        "opinion": opinion,
        "tasks": [_task_card(t) for t in tasks],
        "poll": {"ratings": ratings, "stars_total": stars},
    }


def _analysis_card(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "finding": row["finding"],
        "level": row["level"],
        "owners_matter": row["owners_matter"],
        "urgency": row["urgency"],
        "decided_at": _iso(row["decided_at"]),
    }


_OPINION_SHOWN = (
    *("opinion_id", "topic_id", "session_id", "text", "decision", "dissent", "warnings", "state"),
    *("notice_number", "publicised_at", "ends_at", "created_at", "version"),
)


def _opinion_card(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the opinion; a draft only to those who work on it."""
    if not row["opinion_id"]:
        return None
    opinion = storage.rows.known(tx.conn, storage.tables.opinions, row["opinion_id"])
    inside = _inside(tx, row["area"])
    if opinion["state"] == "DRAFTED" and not inside:
        return None
    card = {"id": opinion["opinion_id"]} | {name: _iso(opinion[name]) for name in _OPINION_SHOWN}
    objections = storage.opinions.objections_of(tx.conn, row["opinion_id"])
    card["objections"] = len(objections)
    if inside:
        card["planned"] = opinion["planned"]
        card["objection_texts"] = [
            {"id": o["objection_id"], "text": o["text"], "state": o["state"]} for o in objections
        ]
        card["decisions"] = [
            {"side": side, "outcome": d["outcome"], "reasons": d["reasons"]}
            for side, d in storage.opinions.decisions_of(tx.conn, row["opinion_id"]).items()
        ]
    return card


def topic_timeline(tx: Tx, q: TopicOf) -> dict[str, Any]:
    """议题时间线 / A topic's timeline.

    Return everything that happened to a topic, oldest first; persons as roles.

    Raises:
        NotFound: There is none.
    """
    row = storage.rows.find(tx.conn, storage.tables.topics, q.topic_id)
    if row is None or not _may_read(tx, row):
        raise NotFound(kind="topic", id=q.topic_id)
    rows = storage.topics.history_of(tx.conn, q.topic_id)
    inside = _inside(tx, row["area"])
    items = []
    for entry in rows:
        item = {
            "at": _iso(entry["at"]),
            "kind": entry["kind"],
            "ref": entry["ref"],
            "action": entry["action"],
            "state": entry["state"],
            "role": entry["role"],
        }
        if inside:
            item |= {"actor": entry["actor"], "detail": entry["detail"]}
        items.append(item)
    return {"id": q.topic_id, "items": items}


# --------------------------------------------------------------------------------------------------
# Sessions


def session(tx: Tx, q: SessionOf) -> dict[str, Any]:
    """协商会 / The session room.

    Return the session room: agenda, live quorum, who speaks for which grid, the calendar entry.

    Raises:
        NotFound: There is none.
    """
    row = storage.rows.find(tx.conn, storage.tables.sessions, q.session_id)
    if row is None:
        raise NotFound(kind="session", id=q.session_id)
    items = storage.sessions.agenda(tx.conn, q.session_id)
    invited = storage.sessions.invitations_of(tx.conn, q.session_id)
    if not _near(tx, row["area"]) and tx.actor.id not in {i["person_id"] for i in invited}:
        raise NotFound(kind="session", id=q.session_id)
    near = [code for item in items for code in rules.reach(item)]
    counted = rules.presence(invited, near)
    inside = _inside(tx, row["area"]) or tx.actor.id == row["host_id"]
    own = [i for i in invited if i["person_id"] == tx.actor.id]
    card = _session_card(row)
    if inside:
        card["host_id"] = row["host_id"]
    return card | {
        "community": row["area"],
        "agenda": [
            {
                "topic_id": item["topic_id"],
                "number": item["number"],
                "title": _title(tx, item),
                "state": item["state"],
                "version": item["version"],
                "ballots": storage.sessions.count_cast(tx.conn, q.session_id, item["topic_id"]),
                "tally": _tally_card(item),
            }
            for item in items
        ],
        "quorum": {
            "voting_invited": counted.voting_invited,
            "voting_present": counted.voting_present,
            "needed": counted.quorum,
            "resident_present": counted.resident_present,
            "residents_needed": counted.residents_needed,
            "holds": _holds(counted),
        },
        "capacities": _per_capacity(invited),
        "draw": {"seed": row["seed"], "pool": row["pool"]},
        "representation": _representation(tx, items, invited),
        "invitations": [_invitation_card(i) for i in (invited if inside else own)],
        "ical": rules.icalendar(
            session_id=q.session_id,
            start=row["start_at"],
            place=row["place"],
            titles=[_title(tx, item) for item in items],
            version=row["version"],
            stamp=row["notice_sent_at"],
            cancelled=row["state"] in {"ADJOURNED", "CANCELLED"},
        ),
    }


_SESSION_SHOWN = (
    *("session_id", "level", "area", "place", "start_at", "state", "notice_sent_at", "seed"),
    *("pool", "opened_at", "ended_at", "reason", "created_at", "version"),
)


def _session_card(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": row["session_id"], **{name: _iso(row[name]) for name in _SESSION_SHOWN}}


def session_list(tx: Tx, q: SessionsAsked) -> dict[str, Any]:
    """协商会列表 / Sessions of an area.

    Return the sessions of an area, newest first, with what they are about.

    Raises:
        RoleDenied: The area lies in another district.
    """
    scope = q.scope or tx.actor.scope
    if not _near(tx, scope):
        raise RoleDenied(role=tx.actor.role, scope=tx.actor.scope, area=scope)
    rows = storage.sessions.session_page(
        tx.conn, _page(q), scope=scope, state=q.state, topic_id=q.topic_id
    )
    about = storage.sessions.agendas(tx.conn, [row["session_id"] for row in rows])
    cards = [
        _session_card(row)
        | {
            "community": row["area"],
            "start": _iso(row["start_at"]),
            "topics": [
                {
                    "topic_id": a["topic_id"],
                    "number": a["number"],
                    "title": _title(tx, a),
                    "state": a["state"],
                }
                for a in about.get(row["session_id"], ())
            ],
        }
        for row in rows
    ]
    return _listed(rows, q, "session_id", cards)


def objections(tx: Tx, q: ObjectionsAsked) -> dict[str, Any]:
    """异议及处理结果 / Objections and what was decided.

    Return the caller's objections, or those to a topic of his area, with what was decided.
    They name nobody.

    Raises:
        NotFound: The topic is none of his area.
    """
    mine = q.mine or q.topic_id is None
    if not mine:
        row = storage.rows.find(tx.conn, storage.tables.topics, q.topic_id or "")
        if row is None or not _inside(tx, row["area"]):
            raise NotFound(kind="topic", id=q.topic_id)
    rows = storage.opinions.objection_page(
        tx.conn,
        _page(q),
        person_id=tx.actor.id if mine else None,
        topic_id=q.topic_id,
        state=q.state,
    )
    names = (
        *("objection_id", "topic_id", "opinion_id", "text", "directly_affected", "claimed"),
        *("state", "outcome", "reasons", "decided_at", "created_at"),
    )
    cards = [
        {"id": row["objection_id"]} | {name: _iso(row[name]) for name in names} for row in rows
    ]
    return _listed(rows, q, "objection_id", cards)


def _holds(counted: rules.Presence) -> bool:
    return (
        counted.voting_present > 0
        and counted.voting_present >= counted.quorum
        and counted.resident_present >= counted.residents_needed
    )


def _per_capacity(invited: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in invited:
        counts = found.setdefault(row["capacity"], {"invited": 0, "yes": 0, "attended": 0})
        counts["invited"] += 1
        counts["yes"] += row["answer"] == "YES"
        counts["attended"] += row["attended_at"] is not None
    return found


def _representation(
    tx: Tx, items: Sequence[Mapping[str, Any]], invited: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return, per affected grid, its adults and how many residents of it are invited and there."""
    scope = sorted({code for item in items for code in item["scope"]})
    grids = sorted({g for code in scope for g in _grids_of(tx, code)})
    adults = storage.heard.adults_per_grid(tx.conn, grids)
    side = [i for i in invited if i["capacity"] in rules.RESIDENT_SIDE]
    homes = storage.heard.residents_of(tx.conn, [i["person_id"] for i in side])
    shown = []
    for grid in grids:
        of_grid = [i for i in side if homes.get(i["person_id"], {"grid": None})["grid"] == grid]
        present = sum(i["attended_at"] is not None for i in of_grid)
        shown.append(
            {
                "grid": grid,
                "adults": adults.get(grid, 0),
                "invited": len(of_grid),
                "present": present,
                "warning": "GRID_NOT_PRESENT" if adults.get(grid) and not present else None,
            }
        )
    return shown


def _grids_of(tx: Tx, code: str) -> list[str]:
    return [code] if len(code) == 15 else storage.heard.areas_in(tx.conn, code, 15)


def _invitation_card(row: Mapping[str, Any]) -> dict[str, Any]:
    return _card(row, "invitation_id", "recorded_at", "source", "home")


def my_invitations(tx: Tx, q: PartOfList) -> dict[str, Any]:
    """我的邀请 / My invitations.

    Return the caller's invitations, newest first, with when and where.
    """
    rows = storage.sessions.invitation_page(tx.conn, _page(q), tx.actor.id)
    cards = []
    for row in rows:
        held = storage.rows.known(tx.conn, storage.tables.sessions, row["session_id"])
        cards.append(
            _invitation_card(row)
            | {
                "session_state": held["state"],
                "start": _iso(held["start_at"]),
                "place": held["place"],
                "topics": [
                    {"topic_id": a["topic_id"], "number": a["number"], "title": _title(tx, a)}
                    for a in storage.sessions.agenda(tx.conn, row["session_id"])
                ],
            }
        )
    return _listed(rows, q, "invitation_id", cards)


def my_messages(tx: Tx, q: PartOfList) -> dict[str, Any]:
    """我的消息 / My messages.

    Return what the caller was told, newest first.
    """
    rows = storage.messages.message_page(tx.conn, _page(q), tx.actor.id)
    named = storage.topics.topics_named(tx.conn, [row["topic_id"] for row in rows])
    cards = [
        {
            "id": row["message_id"],
            "code": row["code"],
            "topic_id": row["topic_id"] or None,
            "ref": row["ref"],
            "at": _iso(row["created_at"]),
            "text": _message(tx, row, named.get(row["topic_id"], "")),
        }
        for row in rows
    ]
    return _listed(rows, q, "message_id", cards)


def _message(tx: Tx, row: Mapping[str, Any], number: str) -> str:
    """Return a message in the language that the caller reads."""
    # What a release before has told says less: it named no task.
    places = dict.fromkeys(("title", "reason"), "—") | {"number": number} | (row["detail"] or {})
    return told("services.forum", MESSAGES[row["code"]], places, tx.lang)


# --------------------------------------------------------------------------------------------------
# Tasks


_TASK_SHOWN = (
    *("topic_id", "round", "title", "responsible_kind", "responsible_id", "due_at", "budget_fen"),
    *("funding", "area", "grid", "state", "overdue_level", "reworks", "supervisions_missed"),
    *("percent", "evidence", "work_id", "started_at", "delivered_at", "accepted_at", "replaces"),
    *("extensions", "created_at", "version"),
)


def _task_card(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task as everybody sees it: who accepted it is nobody's business, that it was is."""
    shown = {name: _iso(row[name]) for name in _TASK_SHOWN}
    return {
        "id": row["task_id"],
        "task_id": row["task_id"],
        **shown,
        "overdue": row["overdue_level"] > 0,
        "supervisor_accepted": row["supervisor_accepted"] is not None,
        "cadre_accepted": row["cadre_accepted"] is not None,
    }


def task(tx: Tx, q: TaskOf) -> dict[str, Any]:
    """任务 / A task and its supervision.

    Return a task with its supervisors and what they have seen.

    Raises:
        NotFound: There is none.
    """
    row = storage.rows.find(tx.conn, storage.tables.tasks, q.task_id)
    if row is None or not _near(tx, row["area"]):
        raise NotFound(kind="task", id=q.task_id)
    people = storage.tasks.supervisors_of(tx.conn, [q.task_id])
    records = storage.tasks.supervisions_of(tx.conn, [q.task_id])
    inside = _inside(tx, row["area"])
    own = tx.actor.id
    return _task_card(row) | {
        "supervisors": [
            {"person_id": s["person_id"], "appointed_at": _iso(s["appointed_at"])}
            for s in people
            if inside or s["person_id"] == own
        ],
        "supervisions": [
            {
                "id": r["record_id"],
                "kind": r["kind"],
                "at": _iso(r["created_at"]),
                "finding": r["finding"],
                "media": r["media"],
            }
            for r in records
        ],
        "end_reason": storage.tasks.why_ended(tx.conn, q.task_id)
        if row["state"] in _AWAY
        else None,
    }


_AWAY = ("CANCELLED", "FAILED")


def task_ledger(tx: Tx, q: TasksAsked) -> dict[str, Any]:
    """任务台账 / Tasks.

    Return tasks with their progress: the ledger of resolutions.
    """
    rows = storage.tasks.task_page(
        tx.conn,
        _page(q),
        near=_district(tx),
        scope=q.scope,
        topic_id=q.topic_id,
        responsible_id=q.responsible_id,
        state=q.state,
        overdue=q.overdue,
        supervisor=tx.actor.id if q.mine else None,
    )
    return _listed(rows, q, "task_id", [_task_card(row) for row in rows])


_ESCALATION_SHOWN = (
    *("escalation_id", "topic_id", "task_id", "deadline", "level", "tier", "official_id"),
    *("person_id", "acting", "area", "grid", "source", "ref", "number", "state", "outcome"),
    *("done", "done_at", "created_at", "version"),
)
_STATES = {"WAITING": storage.escalations.WAITING, "ALL": ()}
# Where the matter itself is found.
_PATHS = {
    "TOPIC": "/v1/forum/topics/",
    "TASK": "/v1/forum/tasks/",
    "REQUEST": "/v1/steward/requests/",
    "RECTIFICATION": "/v1/property/rectifications/",
    "OBJECTION": "/v1/credit/objections/",
    "REPAIR": "/v1/credit/repairs/",
    "REFUND": "/v1/partner/redemptions/",
    "DISPUTE": "/v1/partner/statements/",
    "STATEMENT": "/v1/partner/statements/",
}


def _escalation_card(row: Mapping[str, Any]) -> dict[str, Any]:
    card = {name: _iso(row[name]) for name in _ESCALATION_SHOWN}
    source = row["source"] or ("TASK" if row["task_id"] else "TOPIC")
    ref = row["ref"] or row["task_id"] or row["topic_id"]
    return {
        "id": row["escalation_id"],
        **card,
        "topic_id": row["topic_id"] or None,
        "source": source,
        "ref": ref,
        "path": _PATHS[source] + ref,
    }


def escalations(tx: Tx, q: EscalationsAsked) -> dict[str, Any]:
    """督办 / What was missed, and before whom it came.

    Return what was missed, newest first: of an area for who acts for it, or what came before
    the caller.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or he acts for none.
    """
    scope = None
    if not q.mine:
        scope = q.scope or tx.actor.scope
        tx.require_scope(scope)
        if tx.actor.role not in STAFF_ROLES:
            raise RoleDenied(role=tx.actor.role)
    rows = storage.escalations.escalation_page(
        tx.conn,
        _page(q),
        scope=scope,
        person_id=tx.actor.id if q.mine else None,
        tier=q.tier,
        level=q.level,
        source=q.source,
        states=_STATES.get(q.state, (q.state,)),
    )
    return _listed(rows, q, "escalation_id", [_escalation_card(row) for row in rows])


# --------------------------------------------------------------------------------------------------
# Public


def notices(tx: Tx, q: NoticesAsked) -> dict[str, Any]:
    """协商意见公示 / Published opinions.

    Return the published opinions of an area, newest first. They hold no person, and come down
    by themselves; staff of the area find them further on.
    """
    between = tx.calendar.month_bounds(q.period) if q.period else None
    rows = storage.opinions.notice_page(
        tx.conn,
        _page(q),
        scope=q.scope,
        between=between,
        since=tx.now - rules.PUBLIC,
        inside=tx.actor.scope if tx.actor.role in STAFF_ROLES else None,
    )
    return _listed(rows, q, "opinion_id", [_notice_card(tx, row) for row in rows])


def _notice_card(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    of = storage.rows.known(tx.conn, storage.tables.topics, row["topic_id"])
    return {
        "id": row["opinion_id"],
        "kind": "OPINION",
        "number": row["notice_number"],
        "scope": row["area"],
        "topic_id": row["topic_id"],
        "topic_number": of["number"],
        "title": rules.HIDDEN if of["hidden_at"] else of["title"],
        "text": row["text"],
        "decision": row["decision"],
        "dissent": row["dissent"],
        "warnings": row["warnings"],
        "owners_matter": of["owners_matter"],
        "tally": _tally_card(
            storage.sessions.tally_of(tx.conn, row["session_id"], row["topic_id"])
        ),
        "state": row["state"],
        "published_at": _iso(row["publicised_at"]),
        "ends_at": _iso(row["ends_at"]),
    }


def _is_up(tx: Tx, row: Mapping[str, Any]) -> bool:
    """Tell whether an opinion is on the public board."""
    if row["state"] != "EFFECTIVE":
        return bool(row["state"] == "PUBLICISED")
    of = storage.rows.known(tx.conn, storage.tables.topics, row["topic_id"])
    ends = max(row["ends_at"], of["resolved_at"] or row["ends_at"])
    return bool(tx.now < ends + rules.PUBLIC)


def notice(tx: Tx, q: NoticeOf) -> dict[str, Any]:
    """协商意见公示详情 / One published opinion.

    Raises:
        NotFound: There is none, or it is not on the board.
    """
    row = storage.rows.find(tx.conn, storage.tables.opinions, q.notice_id)
    if row is None or not (_is_up(tx, row) or _inside(tx, row["area"])):
        raise NotFound(kind="notice", id=q.notice_id)
    if row["state"] not in {"PUBLICISED", "EFFECTIVE"}:
        raise NotFound(kind="notice", id=q.notice_id)
    return _notice_card(tx, row)


def funnel(tx: Tx, q: FunnelOf) -> dict[str, Any]:
    """协商漏斗 / The deliberation funnel (M-15).

    Return M-15: how far the topics of some months came, and how long each step took.

    Adoption is of those collected in the months; closure of those adopted in them.

    Raises:
        Invalid: The last month lies before the first.
    """
    first = q.first or tx.calendar.period(tx.now)
    last = q.last or first
    if last < first:
        raise Invalid(
            field="last",
            reason=said("{last} 早于 {first} / {last} is before {first}", last=last, first=first),
        )
    start, _ = tx.calendar.month_bounds(first)
    _, end = tx.calendar.month_bounds(last)
    rows = storage.months.funnel_rows(tx.conn, q.scope, start, end)
    collected = [row for row in rows if start <= row["created_at"] < end]
    cohort = [row for row in rows if row["adopted_at"] and start <= row["adopted_at"] < end]
    ways = {
        way: sum(r["way"] == way for r in collected) for way in ("ONLINE", "DOORSTEP", "HOTLINE")
    }
    reached = {
        name: sum(row[at] is not None for row in cohort)
        for name, at in (
            ("deliberated", "voted_at"),
            ("publicised", "publicised_at"),
            ("resolved", "resolved_at"),
            ("implementing", "implementing_at"),
            ("closed", "closed_at"),
        )
    }
    spans = (
        ("screen", "created_at", "adopted_at"),
        ("session", "adopted_at", "voted_at"),
        ("opinion", "voted_at", "publicised_at"),
        ("effective", "publicised_at", "resolved_at"),
        ("close", "resolved_at", "closed_at"),
    )
    adopted = sum(row["adopted_at"] is not None for row in collected)
    return {
        "scope": q.scope,
        "first": first,
        "last": last,
        "collected": len(collected),
        "ways": ways,
        "adopted": len(cohort),
        **reached,
        "adoption_rate": rules.rate(adopted, len(collected)),
        "closure_rate": rules.rate(reached["closed"], len(cohort)),
        "median_hours": {name: _median_hours(cohort, a, b) for name, a, b in spans},
    }


def _median_hours(rows: Sequence[Mapping[str, Any]], a: str, b: str) -> float | None:
    spans = [(row[b] - row[a]).total_seconds() / 3600 for row in rows if row[a] and row[b]]
    return round(median(spans), 1) if spans else None
