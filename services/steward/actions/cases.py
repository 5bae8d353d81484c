"""Requests of residents: one function per command (DOMAIN 2.3.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chassis.bus import Tx
from chassis.fields import Grid, Instant
from chassis.free_text import PUBLIC, Office, Sealed
from chassis.records import Row
from chassis.refusal import Invalid, NotFound, RoleDenied, said
from chassis.text import fold
from services.steward import events, rules, storage
from services.steward.actions import kinship
from services.steward.errors import (
    AlreadyRated,
    ConflictOfInterest,
    HandlerNotOnDuty,
    InChain,
    NobodyToDispatch,
    NoReview,
    NotHandler,
    NothingCorrected,
    NothingFound,
    NotReporter,
    OwnExtension,
    ProjectNotOfGrid,
    ReasonRequired,
    ReferenceTaken,
    ReporterKnown,
    ReturnLimit,
    ReviewAtStreet,
    ReviewPending,
    SelfRating,
    UnknownGrid,
    UnknownPerson,
    WrongDuty,
)
from services.steward.replies import RequestReply
from services.steward.rules.routing import Category, Duty

MAX_TEXT = 1000
# A resident may well say where to call him back: his words are sealed, and the case's own people
# open them.
_HIS_WORDS = Sealed("the reporter, who works on the case, and who oversees it there")
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT), _HIS_WORDS]
Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=500), PUBLIC]
Media = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]], msgspec.Meta(max_length=9)
]
MAX_REFERENCE = 100


Channel = Literal["APP", "WECHAT_GROUP", "PHONE", "DOORSTEP", "HOTLINE_12345", "STATION"]


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request, by whatever way it came."""

    channel: Channel | Literal["FORUM"]
    kind: Annotated[
        Literal["CONSULT", "HELP", "REPAIR", "COMPLAINT", "SUGGESTION", "HAZARD"],
        Meta(examples=["REPAIR"]),
    ]
    category: Annotated[Category, Meta(examples=["REPAIR_COMMON"])]
    grid: Grid
    text: Annotated[Text, Meta(examples=["3 号楼 2 单元楼道灯不亮"])]
    priority: (
        Annotated[
            Literal["P1", "P2", "P3", "P4"],
            Meta(
                description="不给则按类别;P1 限紧急类别 / by category when left out; "
                "P1 in emergencies"
            ),
        ]
        | None
    ) = None
    building: Annotated[str, msgspec.Meta(max_length=40), PUBLIC] | None = None
    indoor: Annotated[bool, Meta(description="户内故障 / behind the meter")] = False
    reporter_id: Annotated[str, Meta(description="代为提交时的诉求人 / on behalf of")] | None = None
    project_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    against: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=64,
                description="被反映的单位 / the organisation it is against",
            ),
        ]
        | None
    ) = None
    external_ref: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=MAX_REFERENCE,
                description="来源系统或本人的编号,同一社区、渠道内去重 / your own key, yours alone",
            ),
            Office("whoever sees the case; it is another system's number, and stays as it is"),
        ]
        | None
    ) = None
    occurred_at: Instant | None = None
    media: Media = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SubmitRequest(NewRequest):
    """提交诉求 / Submit a request."""

    # FORUM is the forum's own: nobody else says that a topic became a request.
    channel: Annotated[Channel, Meta(examples=["PHONE"], description="来源渠道 / channel")]


@dataclass(frozen=True, slots=True)
class WhichRequest:
    """Which request is meant."""

    request_id: str


@dataclass(frozen=True, slots=True)
class DispatchRequest:
    """派单 / Give it to a steward."""

    request_id: str
    handler: Annotated[str, Meta(description="不给则自动选派 / routing when left out")] | None = (
        None
    )


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """联系 / The reporter was contacted."""

    request_id: str
    arrived: Annotated[bool, Meta(description="已到现场(P1 以到场为准) / on site")] = False
    note: Annotated[str, msgspec.Meta(max_length=500), PUBLIC] | None = None


@dataclass(frozen=True, slots=True)
class ReasonedRequest:
    """理由 / A reason."""

    request_id: str
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]


# What shows that a reporter without an account said so: a call's record, a signed paper.
Receipt = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=200,
        description="代无账号的诉求人操作时的凭据 / what shows that the reporter said so",
        examples=["来电录音 0219-07"],
    ),
    PUBLIC,
]


@dataclass(frozen=True, slots=True)
class ReopenRequest:
    """要求重办 / Why it was not done."""

    request_id: str
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class UrgeRequest:
    """催办 / Urge; for somebody without an account with a receipt."""

    request_id: str
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class AttachReporter:
    """登记诉求人 / Whose request it is."""

    request_id: str
    person_id: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """转办 / Hand it to whoever is competent; the clocks run on."""

    request_id: str
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]
    handler: str | None = None
    duty: Duty | None = None


@dataclass(frozen=True, slots=True)
class ExtendRequest:
    """延期 / More time for a complex request."""

    request_id: str
    new_due: Annotated[Instant, Meta(examples=["2025-03-20T18:00:00+08:00"])]
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """办结 / What came of it."""

    request_id: str
    outcome: Annotated[Literal["SOLVED", "EXPLAINED", "UNSOLVABLE"], Meta(examples=["SOLVED"])]
    note: Annotated[str, msgspec.Meta(max_length=1000, examples=["已更换楼道灯"]), PUBLIC]
    media: Annotated[Media, Meta(description="佐证 / evidence")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RateRequest:
    """评价 / The reporter's word."""

    request_id: str
    stars: Annotated[int, msgspec.Meta(ge=1, le=5, examples=[5])]
    solved: Annotated[bool, Meta(examples=[True])]
    text: Annotated[str, msgspec.Meta(max_length=500), _HIS_WORDS] | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """不予受理 / Not ours."""

    request_id: str
    reason: Literal[
        "OUT_OF_SCOPE", "EMERGENCY_SERVICE", "IN_LITIGATION", "NO_SUBSTANCE", "STATE_SECRET_PRIVACY"
    ]
    note: Annotated[
        str,
        msgspec.Meta(min_length=2, max_length=500, description="告知诉求人 / told the reporter"),
        PUBLIC,
    ]


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """合并 / The same matter."""

    request_id: str
    into: Annotated[str, Meta(description="并入的诉求 / the open request that stays")]


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """撤回 / Take it back."""

    request_id: str
    reason: Annotated[str, msgspec.Meta(max_length=500), PUBLIC] | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class CorrectRequest:
    """更正诉求 / What is put right; what is left out stays, and the clocks follow."""

    request_id: str
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]
    kind: Literal["CONSULT", "HELP", "REPAIR", "COMPLAINT", "SUGGESTION", "HAZARD"] | None = None
    category: Category | None = None
    priority: Literal["P1", "P2", "P3", "P4"] | None = None
    grid: Grid | None = None
    building: Annotated[str, msgspec.Meta(min_length=1, max_length=40), PUBLIC] | None = None
    indoor: bool | None = None
    project_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    against: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


@dataclass(frozen=True, slots=True)
class CheckFound:
    """核实自行发现事项 / Whether what a steward found and solved himself is so."""

    request_id: str
    confirmed: bool
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """差评核查 / What came of looking into a bad rating."""

    request_id: str
    upheld: bool
    reason: Annotated[Reason, Meta(examples=["不属于物业责任范围"])]


# --------------------------------------------------------------------------------------------------
# What the commands share


def locked(tx: Tx, request_id: str) -> Row:
    """Return a request's row locked.

    Raises:
        NotFound: There is none.
    """
    row = storage.cases.lock(tx.conn, request_id)
    if row is None:
        raise NotFound(kind="request", id=request_id)
    return row


def change(
    tx: Tx,
    row: Row,
    action: str,
    state: str,
    detail: Mapping[str, object] | None = None,
    **values: object,
) -> Row:
    """Move a request to a state, write its timeline, and return the row as it stands now."""
    version = row.version + 1
    return storage.cases.change(
        tx.conn,
        row.request_id,
        {"state": state, "version": version, **values},
        _step(tx, row.request_id, action, state=state, version=version, detail=detail or {}),
    )


def _step(
    tx: Tx, request_id: str, action: str, *, state: str, version: int, detail: Mapping[str, object]
) -> dict[str, object]:
    """Return a line of a request's timeline."""
    return {
        "request_id": request_id,
        "at": tx.now,
        "action": action,
        "actor_id": tx.actor.id,
        "actor_role": tx.actor.role,
        "state": state,
        "version": version,
        "detail": detail,
    }


def publish(tx: Tx, row: Row, event: events.RequestFact) -> None:
    """Say a fact about a request."""
    tx.publish(event, subject=row.request_id, scope=row.area, sequence=row.version)


def reply(row: Row) -> RequestReply:
    """Answer a command with what the caller needs next."""
    answer = RequestReply.of(row, id=row.request_id, due=_next_due(row))
    if rules.requests.is_emergency(row.clock):
        answer.advice = rules.requests.EMERGENCY_ADVICE
    return answer


def stamp(at: datetime | None) -> str | None:
    """Return an instant as text, for what is kept as JSON."""
    return at.isoformat() if at is not None else None


def _next_due(row: Row) -> datetime | None:
    if row.state == "DISPATCHED":
        due: datetime | None = row.due_accept
    elif row.state == "ACCEPTED" and row.due_contact is not None:
        due = row.due_contact
    elif row.state in rules.requests.OPEN:
        due = row.due_resolve
    else:
        due = None
    return due


def _require_handler(tx: Tx, row: Row) -> None:
    if row.handler_person != tx.actor.id:
        # Whoever neither handles nor oversees it is not told that it exists.
        if row.handler is None or not tx.actor.covers(row.grid):
            raise NotFound(kind="request", id=row.request_id)
        raise NotHandler


def _speaker(tx: Tx, row: Row, receipt: str | None) -> Row:
    """Return the request whose reporter speaks: this one, or one that was merged into it.

    The voice is the reporter's. Staff of the place who took no part in the case may lend him
    theirs, against a receipt.

    Raises:
        NotReporter: Somebody else reported it.
        InChain: Who takes part in the case does not speak for its reporter.
        ConflictOfInterest: Nor does who holds a post in what is complained of.
    """
    if row.reporter_id is not None and row.reporter_id == tx.actor.id:
        return row
    for follower in storage.cases.followers(tx.conn, row.request_id):
        if follower.reporter_id == tx.actor.id:
            return follower
    staff = tx.actor.role in rules.requests.SPEAKERS and tx.actor.covers(row.grid)
    if staff and receipt is not None and row.found_by is None:
        case = storage.cases.root(tx.conn, row)
        _require_outside_chain(tx, case)
        _require_impartial(tx, case, not_by="CHAIN")
        return row
    if row.handler_person == tx.actor.id or (
        tx.actor.role != "R_RESIDENT" and tx.actor.covers(row.grid)
    ):
        raise NotReporter
    raise NotFound(kind="request", id=row.request_id)


def _require_own(tx: Tx, row: Row, receipt: str | None) -> None:
    """Refuse whoever speaks for another request than this: he follows it, and it is not his.

    Raises:
        NotReporter: Somebody else reported it.
    """
    if _speaker(tx, row, receipt).request_id != row.request_id:
        raise NotReporter


def _spoken(receipt: str | None) -> dict[str, object]:
    return {"receipt": receipt} if receipt is not None else {}


def _require_oversight(tx: Tx, row: Row) -> None:
    if not tx.actor.covers(row.grid):
        raise NotFound(kind="request", id=row.request_id)


def parties(tx: Tx, row: Row) -> set[str]:
    """Return the persons who are a party of a request: of what it is against, its reporters, and
    their households."""
    return accused(tx, row) | complainants(tx, [row])[row.request_id]


def complainants(tx: Tx, rows: Sequence[Row]) -> dict[str, set[str]]:
    """Return the reporter of each request, and of all that was merged into it, with their
    households."""
    found = {row.request_id: {row.reporter_id} - {None} for row in rows}
    for request_id, reporter in storage.cases.reporters_below(tx.conn, found):
        found[request_id].add(reporter)
    kin = storage.people.kin(tx.conn, set().union(*found.values()))
    return {
        request_id: set().union(*(kin[one] for one in reporters))
        for request_id, reporters in found.items()
    }


def accused(tx: Tx, row: Row | NewCase) -> set[str]:
    """Return the persons whom a request is against, with their households, or who hold a post in
    what it is against."""
    refs = [row.against]
    if rules.routing.is_against_project(row.kind, row.category):
        refs.append(row.project_id)
    found = storage.parties.of(tx.conn, list(filter(None, refs)))
    against_it = row.project_id is not None and row.project_id == row.against
    if row.category == "PROPERTY_SERVICE" or against_it:
        # Who works for the project is as little its judge as who manages it.
        staff = storage.posts.candidates(
            tx.conn, row.grid, (rules.routing.PROPERTY_STAFF,), tx.now, ()
        )
        found |= {one.person_id for one in staff if one.same_grid}
    if row.against is not None and row.against.startswith("per_"):
        found |= storage.people.kin(tx.conn, [row.against])[row.against]
    return found


def _candidates(
    tx: Tx,
    row: Row | NewCase,
    duties: Sequence[str],
    barred: Collection[str],
    without: Iterable[str] = (),
) -> list[rules.routing.Candidate]:
    """Return who may have a request in hand: nobody who is a party of it (`barred`)."""
    found = storage.posts.candidates(tx.conn, row.grid, duties, tx.now, without)
    return [candidate for candidate in found if candidate.person_id not in barred]


def _require_impartial(
    tx: Tx,
    row: Row,
    person_id: str | None = None,
    *,
    field: str = "",
    handles: bool = False,
    reporter: str | None = None,
    not_by: Literal["HANDLER", "CHAIN"] | None = None,
    other: Row | None = None,
) -> None:
    """Refuse a party of the matter, and name who may act instead.

    Args:
        tx: The transaction.
        row: The request.
        person_id: Who would have it in hand; the caller where left out.
        field: Where he was named.
        handles: The caller acts as its handler; else he decides about it.
        reporter: Whose it is to become: nobody of his household says so.
        not_by: Who of those who took part may not do it either, so that he is not named.
        other: Another request about which is decided in the same act.

    Raises:
        ConflictOfInterest: He holds a post in what is complained of, or the matter is his own or
            his household's.
    """
    barred = parties(tx, row)
    if other is not None:
        barred |= parties(tx, other)
    if (person_id or tx.actor.id) not in barred:
        return
    if handles or person_id is not None:
        duties: Sequence[str] = _duties(tx, row)
        chosen = _stand_in(tx, row, duties, barred, row.tried) or _stand_in(
            tx, row, rules.routing.SUBSTITUTES, barred, row.tried
        )
    else:
        # A cadre decides, best one who had no part in it; of what is done, nobody else may.
        part = _with_kin(tx, _part(tx, row))
        barred |= kinship.own(tx, reporter) if reporter else set()
        chosen = _stand_in(tx, row, rules.routing.DECIDERS, barred | part)
        if chosen is None and not_by != "CHAIN" and row.state in rules.requests.OPEN:
            if not_by == "HANDLER":
                barred |= _with_kin(tx, {row.handler_person})
            chosen = _stand_in(tx, row, rules.routing.DECIDERS, barred)
    if chosen is not None:
        raise ConflictOfInterest(field=field, substitute=chosen.steward_id, role=chosen.duty)
    # Nobody of the place is free of it: the office of its street.
    raise ConflictOfInterest(field=field, substitute=row.area[:9], role="R_STREET")


def _part(tx: Tx, row: Row) -> set[str | None]:
    """Return who has had the case in hand, or rated it for its reporter."""
    part = storage.cases.chain(tx.conn, row.request_id) | {row.handler_person}
    return part | {
        entry.actor_id
        for entry in storage.cases.timeline(tx.conn, row.request_id)
        if entry.action == "rate"
    }


def _with_kin(tx: Tx, persons: set[str | None]) -> set[str]:
    return set().union(*storage.people.kin(tx.conn, filter(None, persons)).values())


def _stand_in(
    tx: Tx, row: Row, duties: Sequence[str], barred: Collection[str], without: Iterable[str] = ()
) -> rules.routing.Candidate | None:
    return rules.routing.choose(_candidates(tx, row, duties, barred, without), duties)


def _disarm_all(tx: Tx, request_id: str) -> None:
    for kind in (
        "REQ_ACCEPT",
        "REQ_CONTACT",
        "REQ_RESOLVE",
        "REQ_L2",
        "REQ_L3",
        "REQ_NOBODY",
    ):
        tx.disarm(kind, request_id)


def _end_clocks(tx: Tx, row: Row) -> None:
    _disarm_all(tx, row.request_id)
    for which in ("ACCEPT", "CONTACT", "RESOLVE"):
        storage.cases.void_clock(tx.conn, row.request_id, which, tx.now)


# --------------------------------------------------------------------------------------------------
# Submission and dispatch


def submit_request(tx: Tx, payload: SubmitRequest) -> RequestReply:
    """提交诉求 / Submit a request.

    Take a request, start its clocks and give it to the steward whom the routing names.

    有人当值时立即派单。Dispatched at once where somebody can take it.

    The same reference of the same caller with the same content answers the first request again.

    Raises:
        UnknownGrid: The place lies in no known grid.
        RoleDenied: The caller may not name this reporter, or not write this channel's references.
        UnknownPerson: The named reporter is not registered.
        ReferenceTaken: The reference stands for another content.
        ProjectNotOfGrid: The named project serves other grids.
        ClockSkew: It is said to have happened in the future.
        TooLongAgo: It is said to have happened more than 30 days ago.
    """
    if not storage.ground.known(tx.conn, [payload.grid], "GRID"):
        raise UnknownGrid(grid=payload.grid, field="grid")
    reporter = _reporter(tx, payload)
    own = _own_reference(tx, payload)
    first = _answered(tx, payload, reporter, own)
    if first is not None:
        return first
    if payload.occurred_at is not None:
        rules.hours.check_moment(payload.occurred_at, tx.now)
    rules.requests.check_priority(payload.priority, payload.category, tx.actor.role)
    row = _file(tx, payload, reporter, own)
    if row is None:
        # Somebody else brought the same reference in this moment.
        first = _answered(tx, payload, reporter, own)
        assert first is not None, "its reference is taken"  # noqa: S101  or it had been filed
        return first
    return msgspec.structs.replace(reply(row), duplicate=False)


def topic_redirected(tx: Tx, topic: events.TopicRedirectedHeard) -> None:
    """File what the forum found to be a matter of one household; its proposer is the reporter.

    Where a cadre has named a request that it is already, nothing is filed, if that is so.

    Raises:
        LookupError: The community has no grid yet; the event waits until somebody retries it.
    """
    named = storage.people.kept(tx.conn, topic.proposer) if topic.proposer else None
    if (
        isinstance(topic, events.TopicRequestNamedHeard)
        and topic.request_id is not None
        and _is_his(tx, topic.request_id, topic.community, named)
    ):
        return
    proposer = storage.people.person(tx.conn, named) if named else None
    home = proposer.grid if proposer is not None else None
    grid = topic.grid or (home if home and home.startswith(topic.community) else None)
    grid = grid or storage.ground.a_grid_of(tx.conn, topic.community)
    if grid is None:
        raise LookupError(f"{topic.community} has no grid")
    known = topic.category in rules.routing.CATEGORIES
    order = NewRequest(
        channel="FORUM",
        kind="HELP",
        category=topic.category if known else "POLICY",  # type: ignore[arg-type]
        grid=grid,
        text=f"{topic.title}\n{topic.text}".strip()[:MAX_TEXT] or topic.topic_id,
    )
    own = {
        "source": "forum",
        "channel": order.channel,
        "community": topic.community,
        "reference": topic.topic_id,
    }
    _file(tx, order, named, own, topic_id=topic.topic_id)


def _is_his(tx: Tx, request_id: str, community: str, person: str | None) -> bool:
    """Tell whether a request of the community is a person's, his household's, or nobody's yet."""
    row = storage.cases.request(tx.conn, request_id)
    if row is None or row.area[:9] != community[:9]:
        return False
    if row.reporter_id is None or person is None:
        return row.found_by is None
    return row.reporter_id in kinship.own(tx, person)


def hazard_found(tx: Tx, hazard: Row) -> Row:
    """File a danger that somebody looked at and found to be one; who saw it is the reporter."""
    order = SubmitRequest(
        channel="APP",
        kind="HAZARD",
        category=hazard.category,
        grid=hazard.grid,
        text=hazard.place,
        media=hazard.media,
    )
    own = {
        "source": "hazard",
        "channel": order.channel,
        "community": hazard.area,
        "reference": hazard.hazard_id,
    }
    row = _file(tx, order, hazard.reporter_id, own)
    assert row is not None, "a hazard is found once"  # noqa: S101  see its state
    return row


def _file(
    tx: Tx,
    payload: NewRequest,
    reporter: str | None,
    own: dict[str, str] | None,
    *,
    topic_id: str | None = None,
) -> Row | None:
    """Keep a request, say it and give it to somebody; None where its reference is taken.

    Whoever gets it is known before it is kept, so each table is written once.
    """
    request_id = tx.new_id("req")
    if own is not None and not storage.cases.claim_reference(
        tx.conn,
        **own,
        request_id=request_id,
        digest=_content(tx, payload, reporter, own["reference"]),
    ):
        return None
    serving = storage.ground.serving(tx.conn, payload.grid)
    project_id = _project(tx, serving, payload.grid, payload.building, payload.project_id)
    new = _new(
        tx,
        payload,
        reporter,
        own,
        request_id=request_id,
        project_id=project_id,
        topic_id=topic_id,
    )
    kin = storage.people.kin(tx.conn, [reporter] if reporter is not None else ())
    barred = accused(tx, new).union(*kin.values())
    duties = _duties(tx, new, served=bool(serving))
    chosen = _choose(tx, new, duties, barred)
    # The number comes last: rivals wait for the counter of the community's day.
    number = storage.cases.next_number(tx.conn, tx.calendar.local_date(tx.now), new.area)
    given: dict[str, object] = {"state": "SUBMITTED", "version": 1}
    said = {"channel": new.channel, "number": number}
    steps = [_step(tx, request_id, "submit", state="SUBMITTED", version=1, detail=said)]
    due = {"RESOLVE": new.due_resolve}
    if new.due_contact is not None:
        due["CONTACT"] = new.due_contact
    timers = {f"REQ_{which}": at for which, at in due.items()}
    accept = rules.requests.due_accept(new.clock, tx.now, tx.calendar)
    if chosen is not None:
        due["ACCEPT"] = timers["REQ_ACCEPT"] = accept
        given = {"state": "DISPATCHED", "version": 2, **_handed(chosen, accept, None)}
        told = {"handler": chosen.steward_id, "duty": chosen.duty}
        steps.append(_step(tx, request_id, "dispatch", state="DISPATCHED", version=2, detail=told))
    elif accept < new.due_resolve:
        timers["REQ_NOBODY"] = accept
    row = storage.cases.file(tx.conn, {"number": number, **given, **new.columns()}, steps, due)
    tx.arm_each(request_id, timers)
    tx.publish(
        events.RequestSubmitted(
            request_id=row.request_id,
            number=row.number,
            channel=row.channel,
            kind=row.kind,
            category=row.category,
            priority=row.priority,
            grid=row.grid,
            project_id=row.project_id,
            reporter_id=row.reporter_id,
            due_contact=row.due_contact,
            due_resolve=row.due_resolve,
            building=row.building,
            topic_id=row.topic_id,
        ),
        subject=row.request_id,
        scope=row.area,
        sequence=1,
    )
    return row


def _own_reference(tx: Tx, payload: NewRequest) -> dict[str, str] | None:
    """Return the key of the caller's own reference, or None where he gave none.

    `GATE-1` and `gate-1` are one reference; it is shown as it was sent first.
    """
    if payload.external_ref is None:
        return None
    return {
        "source": rules.requests.source_of(
            payload.channel, tx.actor.role, tx.actor.id, here=tx.actor.covers(payload.grid)
        ),
        "channel": payload.channel,
        "community": payload.grid[:12],
        "reference": key_of(payload.external_ref, "external_ref", MAX_REFERENCE),
    }


def key_of(reference: str, field: str, longest: int) -> str:
    """Return what a caller's own reference is compared by: neither case, width nor blanks.

    Raises:
        Invalid: It says nothing, or is too long.
    """
    key = fold(reference)
    if not 1 <= len(key) <= longest:
        raise Invalid(
            field=field,
            reason=said(
                ("编号应为 1–{longest} 个字符 / a reference has 1 to {longest} characters"),
                longest=longest,
            ),
        )
    return key


def _shown(order: NewRequest, own: dict[str, str] | None) -> str | None:
    if order.external_ref is not None:
        return order.external_ref.strip()
    return own["reference"] if own is not None else None


def _content(tx: Tx, payload: NewRequest, reporter: str | None, reference: str) -> str:
    said = asdict(payload) | {"reporter_id": reporter, "external_ref": reference}
    said["occurred_at"] = stamp(payload.occurred_at and payload.occurred_at.astimezone(UTC))
    vault = storage.vault(tx.settings.keys)
    return vault.digest("request", msgspec.json.encode(said, order="sorted").decode())


def _answered(
    tx: Tx, payload: NewRequest, reporter: str | None, own: dict[str, str] | None
) -> RequestReply | None:
    """Answer the request that stands under the caller's reference, if there is one.

    Raises:
        ReferenceTaken: It is about something else.
    """
    if own is None:
        return None
    reference = own["reference"]
    found = storage.cases.by_reference(tx.conn, **own)
    if found is not None:
        first, digest = found
        same = digest == _content(tx, payload, reporter, reference)
    else:
        before = storage.cases.by_old_reference(
            tx.conn, payload.channel, own["community"], payload.external_ref or ""
        )
        if before is None or (
            own["source"] != rules.requests.DESK and before.reporter_id != tx.actor.id
        ):
            return None
        first = before
        vault = storage.vault(tx.settings.keys)
        same = vault.open(first.text, f"{first.request_id}.text") == payload.text
    if same:
        return msgspec.structs.replace(reply(first), duplicate=True)
    known = first.reporter_id == tx.actor.id or tx.actor.covers(first.grid)
    raise ReferenceTaken(
        field="external_ref",
        reference=first.reference or first.external_ref if known else payload.external_ref,
        number=first.number if known else None,
    )


def _reporter(tx: Tx, payload: NewRequest) -> str | None:
    """Return whose request it is.

    Everybody speaks for himself. Whoever takes requests in may write for a person of his area, at
    a place of his area; so nobody's name is learned, and nobody is made to complain, from afar.
    """
    named = payload.reporter_id
    if tx.actor.role not in rules.requests.NAMERS:
        if named not in {None, tx.actor.id}:
            raise RoleDenied(role=tx.actor.role)
        return tx.actor.id
    if named is not None and named != tx.actor.id:
        require_reporter(tx, named, payload.grid)
    return named


def require_reporter(tx: Tx, person_id: str, grid: str, *, field: str = "reporter_id") -> None:
    """Refuse to write for somebody who is not registered, or whom the caller does not serve.

    Raises:
        UnknownPerson: He is not registered.
        RoleDenied: He, or the place, lies outside the caller's scope.
    """
    person = storage.people.person(tx.conn, person_id)
    if person is None or person.status != "ACTIVE":
        raise UnknownPerson(person_id=person_id, field=field)
    # Who lives in no grid (a cadre, a policeman) is nobody's resident.
    if not tx.actor.covers(grid) or not tx.actor.covers(person.grid or grid):
        raise RoleDenied(role=tx.actor.role)


def _found_by(tx: Tx, payload: NewRequest, reporter: str | None) -> str | None:
    """Return the steward who found the matter himself: he reports it, and nobody asked him to."""
    if tx.actor.role not in rules.requests.HANDLERS or reporter not in {None, tx.actor.id}:
        return None
    if payload.channel not in {"APP", "STATION"}:
        return None
    for post in storage.posts.of_person(tx.conn, tx.actor.id):
        if post.status == "ACTIVE" and payload.grid in storage.posts.grids_of(
            tx.conn, post.steward_id
        ):
            return str(post.steward_id)
    return None


def _project(
    tx: Tx, serving: Sequence[Row], grid: str, building: str | None, named: str | None
) -> str | None:
    if named is None:
        found = storage.ground.of_building(serving, building)
        return found[0] if len(found) == 1 else None
    # One of which we have not heard is taken on trust: property may be behind.
    if named not in storage.ground.of_building(serving) and storage.ground.project_is_known(
        tx.conn, named
    ):
        raise ProjectNotOfGrid(project_id=named, grid=grid, field="project_id")
    return named


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a new request is, before anybody has it: columns of its row."""

    request_id: str
    channel: str
    reference: str | None
    recorded_by: str
    against: str | None
    kind: str
    category: str
    priority: str
    clock: str
    area: str
    grid: str
    building: str | None
    indoor: bool
    project_id: str | None
    topic_id: str | None
    reporter_id: str | None
    found_by: str | None
    text: bytes
    media: list[str]
    span_s: int
    occurred_at: datetime
    created_at: datetime
    due_contact: datetime | None
    due_resolve: datetime
    tried: list[str] = field(default_factory=list)
    returns: int = 0
    reopens: int = 0
    urged: int = 0
    level: int = 0
    extended: bool = False
    late: bool = False

    def columns(self) -> dict[str, object]:
        """Return all of it by the names of the columns."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def _new(
    tx: Tx,
    payload: NewRequest,
    reporter: str | None,
    own: dict[str, str] | None,
    *,
    request_id: str,
    project_id: str | None,
    topic_id: str | None,
) -> NewCase:
    """Return what a new request is, before anybody has it."""
    priority = payload.priority or rules.requests.default_priority(payload.category)
    clock = rules.requests.clock_of(payload.kind, priority)
    resolve = rules.requests.due_resolve(clock, tx.now, tx.calendar)
    return NewCase(
        request_id=request_id,
        channel=payload.channel,
        reference=_shown(payload, own),
        recorded_by=tx.actor.id,
        against=payload.against,
        kind=payload.kind,
        category=payload.category,
        priority=priority,
        clock=clock,
        area=payload.grid[:12],
        grid=payload.grid,
        building=payload.building,
        indoor=payload.indoor,
        project_id=project_id,
        topic_id=topic_id,
        reporter_id=reporter,
        found_by=_found_by(tx, payload, reporter),
        text=storage.vault(tx.settings.keys).seal(payload.text, f"{request_id}.text"),
        media=payload.media,
        span_s=int((resolve - tx.now).total_seconds()),
        occurred_at=payload.occurred_at or tx.now,
        created_at=tx.now,
        due_contact=rules.requests.due_contact(clock, tx.now, tx.calendar),
        due_resolve=resolve,
    )


def _duties(tx: Tx, row: Row | NewCase, *, served: bool | None = None) -> Sequence[str]:
    """Return who takes a request; `served` where it is known that projects serve its grid."""
    if served is None and row.project_id is None:
        served = bool(storage.ground.serving(tx.conn, row.grid))
    return rules.routing.duties_for(
        row.category,
        has_project=row.project_id is not None or bool(served),
        indoor=row.indoor,
        cadre_only=row.returns >= rules.requests.MAX_RETURNS,
    )


def give(
    tx: Tx,
    row: Row,
    *,
    action: str = "dispatch",
    detail: Mapping[str, object] | None = None,
    values: Mapping[str, object] | None = None,
) -> Row | None:
    """Give a request to whom the routing chooses; None when there is nobody."""
    chosen = _choose(tx, row, _duties(tx, row), parties(tx, row))
    if chosen is None:
        return None
    return _hand(tx, row, chosen, action, {**(detail or {})}, {**(values or {})})


def give_to(
    tx: Tx,
    row: Row,
    chosen: rules.routing.Candidate,
    *,
    action: str = "dispatch",
    detail: Mapping[str, object] | None = None,
    values: Mapping[str, object] | None = None,
) -> Row:
    """Give a request to a steward who is named.

    Raises:
        HandlerNotOnDuty: He left in this moment.
    """
    if not storage.posts.take(tx.conn, chosen.steward_id, tx.now):
        raise HandlerNotOnDuty(steward_id=chosen.steward_id, field="handler")
    return _hand(tx, row, chosen, action, {**(detail or {})}, {**(values or {})})


def _hand(  # noqa: PLR0917  what, to whom, as which step
    tx: Tx,
    row: Row,
    chosen: rules.routing.Candidate,
    action: str,
    detail: dict[str, object],
    values: dict[str, object],
) -> Row:
    """Let a steward have a request.

    The new handler gets an accept clock of his own. The clocks of contact and resolution belong to
    the request: they run on, whoever has it.
    """
    due = rules.requests.due_accept(row.clock, tx.now, tx.calendar)
    storage.cases.void_clock(tx.conn, row.request_id, "ACCEPT", tx.now)
    storage.cases.start_clock(
        tx.conn, row, "ACCEPT", due_at=due, now=tx.now, handler=chosen.steward_id
    )
    storage.cases.hand_clock(tx.conn, row.request_id, chosen.steward_id)
    tx.arm("REQ_ACCEPT", row.request_id, due)
    handed = _handed(chosen, due, row.first_handler)
    said = {"handler": chosen.steward_id, "duty": chosen.duty}
    return change(tx, row, action, "DISPATCHED", said | detail, **handed, **values)


def _handed(
    chosen: rules.routing.Candidate, due: datetime, first_handler: str | None
) -> dict[str, object]:
    return {
        "handler": chosen.steward_id,
        "handler_person": chosen.person_id,
        "first_handler": first_handler or chosen.steward_id,
        "due_accept": due,
        "accepted_at": None,
    }


def _choose(
    tx: Tx, row: Row | NewCase, duties: Sequence[str], barred: Collection[str]
) -> rules.routing.Candidate | None:
    """Choose by the routing, and again where the chosen one left in the meantime."""
    without = list(row.tried)
    while True:
        chosen = rules.routing.choose(_candidates(tx, row, duties, barred, without), duties)
        if chosen is None and duties != rules.routing.SUBSTITUTES and _stood_back(tx, row, barred):
            # Whoever should have it is a party of it: somebody else of the community stands in.
            duties = rules.routing.SUBSTITUTES
            continue
        if chosen is None or storage.posts.take(tx.conn, chosen.steward_id, tx.now):
            return chosen
        without.append(chosen.steward_id)


def _stood_back(tx: Tx, row: Row | NewCase, barred: Collection[str]) -> bool:
    """Tell whether somebody who might have had a request is a party of it."""
    if accused(tx, row):
        return True
    duties = _duties(tx, row)
    found = storage.posts.candidates(tx.conn, row.grid, duties, tx.now, ())
    return rules.routing.stood_back(found, duties, barred)


def _named(tx: Tx, row: Row, steward_id: str) -> rules.routing.Candidate:
    steward = storage.posts.steward(tx.conn, steward_id)
    if steward is None or not steward.area.startswith(row.area[:9]):
        raise NotFound(kind="steward", id=steward_id)
    duties = _duties(tx, row)
    if row.returns >= rules.requests.MAX_RETURNS and steward.duty not in duties:
        raise ReturnLimit(field="handler")
    if steward.duty not in duties:
        raise WrongDuty(duty=steward.duty, category=row.category, field="handler")
    _require_impartial(tx, row, steward.person_id, field="handler")
    found = _candidates(tx, row, duties, parties(tx, row))
    fitting = [c for c in found if c.steward_id == steward_id and rules.routing.fits(c, duties)]
    if not fitting or not fitting[0].available:
        raise HandlerNotOnDuty(steward_id=steward_id, field="handler")
    return fitting[0]


def dispatch_request(tx: Tx, payload: DispatchRequest) -> RequestReply:
    """派单 / Give it to a steward.

    Give a request to a steward: the one who is named, or whom the routing chooses. Whoever has it
    already keeps it, with his time to accept it.

    Raises:
        HandlerNotOnDuty: The named steward does not serve the place now.
        WrongDuty: His duty does not take the category.
        ReturnLimit: It was returned twice; only a cadre may hold it.
        NobodyToDispatch: The routing finds nobody.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    _require_impartial(tx, row)
    tx.check_version(row.version)
    rules.requests.check("dispatch", row.state)
    has_it = row.handler if row.state == "DISPATCHED" else None
    if has_it is not None and payload.handler == has_it:
        return reply(row)
    if payload.handler is not None:
        return reply(give_to(tx, row, _named(tx, row, payload.handler)))
    duties = _duties(tx, row)
    best = rules.routing.choose(_candidates(tx, row, duties, parties(tx, row)), duties)
    if best is not None and best.steward_id == has_it:
        return reply(row)
    given = give(tx, row)
    if given is None:
        raise NobodyToDispatch
    return reply(given)


def accept_request(tx: Tx, payload: WhichRequest) -> RequestReply:
    """接单 / Accept.

    The handler takes the request; late is possible, and is flagged.

    Raises:
        NotHandler: Somebody else has it.
        ConflictOfInterest: He holds a post in what is complained of.
        StateConflict: It does not wait for acceptance.
    """
    row = locked(tx, payload.request_id)
    _require_handler(tx, row)
    _require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("accept", row.state)
    late = tx.now >= row.due_accept
    # Only his own: the clock that somebody before him missed stays missed.
    storage.cases.stop_clock(tx.conn, row.request_id, "ACCEPT", tx.now, handler=row.handler)
    tx.disarm("REQ_ACCEPT", row.request_id)
    row = change(tx, row, "accept", "ACCEPTED", {"late": late}, accepted_at=tx.now)
    return msgspec.structs.replace(reply(row), late=late)


def return_request(tx: Tx, payload: ReasonedRequest) -> RequestReply:
    """退回 / Give it back.

    The handler gives the request back; it goes to the next one at once, if there is one.

    Raises:
        NotHandler: Somebody else has it.
        ReturnLimit: It was returned twice already.
    """
    row = locked(tx, payload.request_id)
    _require_handler(tx, row)
    tx.check_version(row.version)
    rules.requests.check("return", row.state)
    rules.requests.check_return(row.returns)
    storage.cases.void_clock(tx.conn, row.request_id, "ACCEPT", tx.now)
    tx.disarm("REQ_ACCEPT", row.request_id)
    row = change(
        tx,
        row,
        "return",
        "RETURNED",
        {"reason": payload.reason, "handler": row.handler},
        returns=row.returns + 1,
        tried=[*row.tried, row.handler],
        handler=None,
        handler_person=None,
        due_accept=None,
    )
    return reply(give(tx, row) or _wait(tx, row))


def transfer_request(tx: Tx, payload: TransferRequest) -> RequestReply:
    """转办 / Transfer; clocks run on.

    Hand an accepted request to whoever is competent; its clocks run on.

    The handler may name a duty, and the routing chooses; a cadre may name the steward.

    Raises:
        NotHandler: The caller neither has it nor oversees it.
        NobodyToDispatch: There is nobody else.
        HandlerNotOnDuty: The named steward does not serve the place now.
    """
    row = locked(tx, payload.request_id)
    handles = row.handler_person == tx.actor.id
    oversees = tx.actor.role in rules.requests.SCREENERS and tx.actor.covers(row.grid)
    if not oversees:
        _require_handler(tx, row)
    tx.check_version(row.version)
    rules.requests.check("transfer", row.state)
    if handles:
        # A cadre, too, who has it in hand himself.
        rules.requests.check_transfer(row.transfers)
    if not handles or payload.handler is not None:
        _require_impartial(tx, row)
    detail = {"reason": payload.reason, "from": row.handler}
    values: dict[str, object] = {
        "transfers": row.transfers + handles,
        # It does not come back to who said that it is not his.
        "tried": [*row.tried, row.handler] if handles else row.tried,
    }
    if payload.duty is not None and payload.duty not in rules.routing.DUTIES:
        raise WrongDuty(duty=payload.duty, category=row.category, field="duty")
    if payload.handler is not None:
        if not oversees:
            raise RoleDenied(role=tx.actor.role)
        chosen = _any_duty(tx, row, payload.handler)
    else:
        duties = (payload.duty,) if payload.duty is not None else _duties(tx, row)
        _check_impartial(row, duties[0], field="duty")
        found = _candidates(tx, row, duties, parties(tx, row), [*row.tried, row.handler])
        first = rules.routing.choose(found, duties)
        if first is None:
            raise NobodyToDispatch(field="duty")
        chosen = first
    return reply(give_to(tx, row, chosen, action="transfer", detail=detail, values=values))


def _check_impartial(row: Row, duty: str, *, field: str) -> None:
    """Keep a complaint about the property out of the property's own hands."""
    if row.category == "PROPERTY_SERVICE" and duty == "PROPERTY_STAFF":
        raise WrongDuty(duty=duty, category=row.category, field=field)


def _any_duty(tx: Tx, row: Row, steward_id: str) -> rules.routing.Candidate:
    """Return a steward of the place, whatever his duty: the cadre has judged who is competent."""
    for candidate in storage.posts.candidates(tx.conn, row.grid, rules.routing.DUTIES, tx.now, ()):
        if candidate.steward_id == steward_id and candidate.available:
            _check_impartial(row, candidate.duty, field="handler")
            _require_impartial(tx, row, candidate.person_id, field="handler")
            return candidate
    raise HandlerNotOnDuty(steward_id=steward_id, field="handler")


def contact_request(tx: Tx, payload: ContactRequest) -> RequestReply:
    """联系或到场 / Contact or arrive.

    The reporter was contacted. In an emergency only standing on site stops the clock.

    Whoever has a case in hand calls back those too whose requests were merged into it.

    Raises:
        NotHandler: Somebody else has it.
        ConflictOfInterest: He holds a post in what is complained of.
        StateConflict: It is not accepted, or is done.
    """
    row = locked(tx, payload.request_id)
    if row.state == "MERGED":
        return _contact_merged(tx, row, payload)
    _require_handler(tx, row)
    _require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("contact", row.state)
    emergency = rules.requests.is_emergency(row.clock)
    counts = row.contacted_at is None and (payload.arrived or not emergency)
    late = bool(counts and row.due_contact is not None and tx.now >= row.due_contact)
    values: dict[str, object] = {}
    if counts:
        values["contacted_at"] = tx.now
        storage.cases.stop_clock(tx.conn, row.request_id, "CONTACT", tx.now)
        tx.disarm("REQ_CONTACT", row.request_id)
    row = change(
        tx,
        row,
        "arrive" if payload.arrived else "contact",
        "IN_PROGRESS",
        {"late": late} | ({"note": payload.note} if payload.note else {}),
        **values,
    )
    # Who called it an emergency himself is not praised for having come in time.
    if counts and emergency and not late and row.recorded_by != row.handler_person:
        minutes = int((tx.now - row.created_at).total_seconds() // 60)
        publish(
            tx,
            row,
            events.EmergencyArrival(row.request_id, row.handler, row.handler_person, minutes),
        )
    return msgspec.structs.replace(reply(row), late=late)


def _contact_merged(tx: Tx, own: Row, payload: ContactRequest) -> RequestReply:
    case = storage.cases.root(tx.conn, own)
    _require_handler(tx, case)
    _require_impartial(tx, case, handles=True)
    tx.check_version(own.version)
    rules.requests.check("contact", case.state)
    own = change(
        tx,
        own,
        "arrive" if payload.arrived else "contact",
        own.state,
        {"note": payload.note} if payload.note else {},
        contacted_at=own.contacted_at or tx.now,
    )
    return msgspec.structs.replace(reply(own), merged_into=case.request_id)


def extend_request(tx: Tx, payload: ExtendRequest) -> RequestReply:
    """延期(P4) / Extend (P4).

    Give a complex request more time, once, before its end.

    Raises:
        OwnExtension: The caller has it in hand himself.
        NotP4: It is not complex.
        AlreadyExtended: It was extended before.
        AfterDue: It is overdue.
        Over15WorkingDays: The new end is not later, or too late.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    _require_impartial(tx, row, not_by="HANDLER")
    tx.check_version(row.version)
    rules.requests.check("extend", row.state)
    _require_not_own(tx, row)
    rules.requests.check_extension(
        clock=row.clock,
        extended=row.extended,
        due=row.due_resolve,
        new_due=payload.new_due,
        latest=rules.requests.latest_extension(row.created_at, tx.calendar),
        now=tx.now,
    )
    storage.cases.move_clock(tx.conn, row.request_id, "RESOLVE", payload.new_due)
    tx.arm("REQ_RESOLVE", row.request_id, payload.new_due)
    row = change(
        tx,
        row,
        "extend",
        row.state,
        {"reason": payload.reason, "new_due": stamp(payload.new_due)},
        due_resolve=payload.new_due,
        extended=True,
    )
    return reply(row)


def resolve_request(tx: Tx, payload: ResolveRequest) -> RequestReply:
    """办结 / Resolve.

    The handler says that the request is done, and shows it.

    Raises:
        NotHandler: Somebody else has it.
        ConflictOfInterest: He holds a post in what is complained of.
        NotContacted: The reporter was not contacted.
        EvidenceRequired: Nothing shows it.
    """
    row = locked(tx, payload.request_id)
    _require_handler(tx, row)
    _require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("resolve", row.state)
    rules.requests.check_resolution(
        state=row.state,
        clock=row.clock,
        kind=row.kind,
        outcome=payload.outcome,
        note=payload.note,
        media=payload.media,
    )
    on_time = tx.now < row.due_resolve
    _disarm_all(tx, row.request_id)
    storage.cases.stop_clock(tx.conn, row.request_id, "RESOLVE", tx.now)
    tx.arm("REQ_AUTOCLOSE", row.request_id, tx.now + rules.requests.AUTOCLOSE)
    vault = storage.vault(tx.settings.keys)
    row = change(
        tx,
        row,
        "resolve",
        "RESOLVED",
        {"outcome": payload.outcome, "on_time": on_time},
        resolved_at=tx.now,
        outcome=payload.outcome,
        note=vault.seal(payload.note, f"{row.request_id}.note"),
        evidence=payload.media,
        # Late once is late for good; a reopening does not wash it off.
        late=row.late or not on_time,
    )
    publish(
        tx,
        row,
        events.RequestResolved(
            row.request_id, row.handler, payload.outcome, on_time, row.project_id
        ),
    )
    return msgspec.structs.replace(reply(row), on_time=on_time)


# --------------------------------------------------------------------------------------------------
# After the resolution


def rate_request(tx: Tx, payload: RateRequest) -> RequestReply:
    """评价 / Rate, once.

    The reporter rates, once. A bad rating is looked into before it may cost anything.

    Raises:
        NotReporter: Somebody else reported it.
        SelfRating: The reporter, or somebody of his household, handled it.
        AlreadyRated: It was rated.
        RatingWindow: 30 days are over.
    """
    row = locked(tx, payload.request_id)
    own = _speaker(tx, row, payload.receipt)
    if own.stars is not None:
        raise AlreadyRated
    _require_alive(tx, own.reporter_id)
    if own.state == "MERGED":
        return _rate_merged(tx, own, payload)
    rules.requests.check("rate", row.state)
    _check_rating(tx, row, own)
    was_closed = row.state == "CLOSED"
    bad = rules.requests.is_bad(payload.stars)
    vault = storage.vault(tx.settings.keys)
    row = change(
        tx,
        row,
        "rate",
        "RATED",
        {"stars": payload.stars, "solved": payload.solved} | _spoken(payload.receipt),
        rated_at=tx.now,
        stars=payload.stars,
        solved=payload.solved,
        rating_text=vault.seal_or_none(payload.text, f"{row.request_id}.rating"),
        review="PENDING" if bad else None,
    )
    publish(
        tx,
        row,
        events.RequestRated(
            request_id=row.request_id,
            handler=row.handler,
            handler_person=row.handler_person,
            rater=row.reporter_id or tx.actor.id,
            stars=payload.stars,
            solved=payload.solved,
            project_id=row.project_id,
        ),
    )
    if bad:
        tx.disarm("REQ_AUTOCLOSE", row.request_id)
        tx.arm("BAD_RATING_REVIEW", row.request_id, tx.calendar.due(tx.now, 3))
    elif was_closed and rules.requests.closes_itself(payload.stars, solved=payload.solved):
        row = close(tx, row)
    return reply(row)


def _require_alive(tx: Tx, reporter: str | None) -> None:
    """Refuse to praise or blame in the name of a dead person; his matter goes its way.

    Raises:
        UnknownPerson: He is dead.
    """
    row = storage.people.person(tx.conn, reporter) if reporter is not None else None
    if row is not None and row.status == "DECEASED":
        raise UnknownPerson(person_id=reporter)


def _check_rating(tx: Tx, case: Row, own: Row) -> None:
    rules.requests.check_rating(rated=False, resolved_at=case.resolved_at, now=tx.now)
    handlers = storage.cases.chain(tx.conn, case.request_id) | {case.handler_person}
    # Neither himself nor a household praises itself: as it lives now, nor as it lived then.
    for rater in {tx.actor.id, own.reporter_id} - {None}:
        if kinship.tied(tx, rater, handlers - {None}, case.resolved_at):
            raise SelfRating


def _rate_merged(tx: Tx, own: Row, payload: RateRequest) -> RequestReply:
    """Keep the word of somebody whose request was merged: it is his, and counts for him only."""
    case = storage.cases.root(tx.conn, own)
    rules.requests.check("rate_merged", case.state)
    _check_rating(tx, case, own)
    vault = storage.vault(tx.settings.keys)
    own = change(
        tx,
        own,
        "rate",
        own.state,
        {"stars": payload.stars, "solved": payload.solved} | _spoken(payload.receipt),
        rated_at=tx.now,
        stars=payload.stars,
        solved=payload.solved,
        rating_text=vault.seal_or_none(payload.text, f"{own.request_id}.rating"),
    )
    return msgspec.structs.replace(reply(own), state="RATED", merged_into=case.request_id)


def close(tx: Tx, row: Row, detail: Mapping[str, object] | None = None) -> Row:
    """Close a request and say so."""
    row = change(tx, row, "close", "CLOSED", detail, closed_at=row.closed_at or tx.now)
    tx.disarm("REQ_AUTOCLOSE", row.request_id)
    publish(tx, row, events.RequestClosed(row.request_id, rated=row.stars is not None))
    return row


def check_found(tx: Tx, payload: CheckFound) -> RequestReply:
    """核实自行发现 / Look at what was found.

    Somebody else looks at what a steward found himself and solved; only then it earns anything.

    Raises:
        NothingFound: Nobody found it himself, or somebody has looked already.
        InChain: The caller took part in handling it.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    _require_impartial(tx, row, not_by="CHAIN")
    tx.check_version(row.version)
    if row.found_by is None or row.checked_by is not None:
        raise NothingFound
    rules.requests.check("check", row.state)
    _require_outside_chain(tx, row)
    found = row.found_by == row.handler and row.outcome == "SOLVED"
    left = {"checked_by": tx.actor.id} if payload.confirmed else {"found_by": None}
    detail = {"confirmed": payload.confirmed, "reason": payload.reason}
    row = change(tx, row, "check", row.state, detail, **left)
    if row.state == "RESOLVED":
        row = close(tx, row)
    if payload.confirmed and found:
        publish(
            tx,
            row,
            events.RequestSelfFoundClosed(row.request_id, row.handler, row.handler_person),
        )
    return reply(row)


def close_request(tx: Tx, payload: ReasonedRequest) -> RequestReply:
    """结案 / Close a rated request.

    Raises:
        ReviewPending: The bad rating is being looked into; the review closes it.
        InChain: The caller took part in handling it.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    tx.check_version(row.version)
    rules.requests.check("close", row.state)
    if row.review in {"PENDING", "STREET"}:
        raise ReviewPending
    _require_outside_chain(tx, row)
    _require_impartial(tx, row, not_by="CHAIN")
    return reply(close(tx, row, {"reason": payload.reason}))


def _require_not_own(tx: Tx, row: Row) -> None:
    if row.handler_person is not None and kinship.is_own(tx, row.handler_person):
        raise OwnExtension


def _require_outside_chain(tx: Tx, row: Row) -> None:
    """Refuse whoever has had the case in hand, raised it, or rated it for its reporter, and who
    lives with one of them: nobody is two of those who check each other.

    Raises:
        InChain: He is one of them.
    """
    if tx.actor.id == row.reporter_id or kinship.is_own(tx, *_part(tx, row)):
        raise InChain


def review_request(tx: Tx, payload: ReviewRequest) -> RequestReply:
    """差评核查 / Review a bad rating.

    Somebody outside the handling chain finds whether a bad rating is right, and closes.

    Raises:
        NoReview: No bad rating waits.
        InChain: The caller took part in handling it.
        ReviewAtStreet: The community's time is over.
        ReasonRequired: There are no reasons.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    tx.check_version(row.version)
    if row.review not in {"PENDING", "STREET"}:
        raise NoReview
    if row.review == "STREET" and tx.actor.role not in rules.requests.STREET:
        raise ReviewAtStreet
    _require_outside_chain(tx, row)
    _require_impartial(tx, row, not_by="CHAIN")
    if not payload.reason.strip():
        raise ReasonRequired(field="reason")
    verdict = "UPHELD" if payload.upheld else "NOT_UPHELD"
    tx.disarm("BAD_RATING_REVIEW", row.request_id)
    detail = {"verdict": verdict, "reason": payload.reason}
    if row.state == "RATED":
        row = change(tx, row, "review", "RATED", detail, review=verdict, reviewed_by=tx.actor.id)
        if payload.upheld:
            _say_upheld(tx, row)
        row = close(tx, row)
    else:
        # Reopened meanwhile: the rating is judged, the request goes its way.
        row = change(tx, row, "review", row.state, detail, review=verdict, reviewed_by=tx.actor.id)
        if payload.upheld:
            _say_upheld(tx, row)
    return msgspec.structs.replace(reply(row), verdict=verdict)


def _say_upheld(tx: Tx, row: Row) -> None:
    # The rating was given to whoever resolved it then; a reopened request may be with another.
    steward_id, person_id = _rated_handler(tx, row)
    publish(tx, row, events.BadRatingUpheld(row.request_id, steward_id, person_id))


def _rated_handler(tx: Tx, row: Row) -> tuple[str, str]:
    handler = row.handler
    for entry in storage.cases.timeline(tx.conn, row.request_id):
        if entry.action in {"dispatch", "transfer", "redispatch", "reopen"}:
            handler = entry.detail.get("handler", handler)
        if entry.action == "rate":
            break
    steward = storage.posts.known(tx.conn, handler)
    return steward.steward_id, steward.person_id


def reopen_request(tx: Tx, payload: ReopenRequest) -> RequestReply:
    """要求重办 / Reopen.

    The reporter says that it was not done: half the time, at least a day, at most twice.

    One that was merged goes its own way again, and takes nothing from the case that it followed.

    Raises:
        NotReporter: Somebody else reported it.
        ReopenLimit: It was reopened twice.
        ReopenWindow: 7 days are over.
    """
    row = locked(tx, payload.request_id)
    _require_own(tx, row, payload.receipt)
    tx.check_version(row.version)
    case = storage.cases.root(tx.conn, row)
    rules.requests.check("reopen", case.state)
    rules.requests.check_reopening(reopens=row.reopens, resolved_at=case.resolved_at, now=tx.now)
    due = rules.requests.due_reopened(timedelta(seconds=row.span_s), tx.now)
    tx.disarm("REQ_AUTOCLOSE", row.request_id)
    storage.cases.start_clock(tx.conn, row, "RESOLVE", due_at=due, now=tx.now, handler=case.handler)
    tx.arm("REQ_RESOLVE", row.request_id, due)
    values: dict[str, object] = {"due_resolve": due, "reopens": row.reopens + 1}
    values |= {"level": 0, "tried": []}
    if row.state == "MERGED":
        # What he said of the case that he followed was about that case.
        values |= dict.fromkeys(("merged_into", "rated_at", "stars", "solved", "rating_text"))
    detail = {"reason": payload.reason, "reopen_count": row.reopens + 1} | _spoken(payload.receipt)
    # It goes back to whoever said that it was done, while he is here; else to the next.
    duties = rules.routing.DUTIES
    found = _candidates(tx, row, duties, parties(tx, row))
    back = [c for c in found if c.steward_id == case.handler]
    if back:
        given: Row | None = give_to(tx, row, back[0], action="reopen", detail=detail, values=values)
    else:
        given = give(tx, row, action="reopen", detail=detail, values=values)
    if given is None:
        given = change(
            tx, row, "reopen", "SUBMITTED", detail, handler=None, handler_person=None,
            due_accept=None, **values,
        )  # fmt: skip
    publish(
        tx,
        given,
        events.RequestReopened(given.request_id, given.reopens, given.project_id),
    )
    return reply(given)


# --------------------------------------------------------------------------------------------------
# Ends without a resolution


def cancel_request(tx: Tx, payload: CancelRequest) -> RequestReply:
    """撤回 / Take it back.

    The reporter takes the request back.

    Raises:
        NotReporter: Somebody else reported it.
        StateConflict: It is done already.
    """
    row = locked(tx, payload.request_id)
    _require_own(tx, row, payload.receipt)
    tx.check_version(row.version)
    rules.requests.check("cancel", row.state)
    _end_clocks(tx, row)
    _hand_on(tx, row)
    detail = {"reason": payload.reason} if payload.reason else {}
    row = change(tx, row, "cancel", "CANCELLED", detail | _spoken(payload.receipt))
    publish(tx, row, events.RequestCancelled(row.request_id))
    return reply(row)


# What a case carries on when the first of those who were merged into it becomes its reporter.
_CARRIED = (
    "priority", "clock", "handler", "handler_person", "first_handler", "tried", "returns",
    "transfers", "level", "late", "extended", "span_s", "due_accept", "due_contact", "due_resolve",
    "accepted_at", "contacted_at",
)  # fmt: skip


def _hand_on(tx: Tx, row: Row) -> None:
    """Whoever takes his request back takes nothing from those who were merged into it.

    The earliest of them carries the case on, with its handler and its deadlines.
    """
    heir = storage.cases.heir(tx.conn, row.request_id)
    if heir is None:
        return
    storage.cases.follow(tx.conn, row.request_id, heir.request_id)
    heir = change(
        tx,
        heir,
        "go_on",
        row.state,
        {"from": row.number},
        merged_into=None,
        **{name: getattr(row, name) for name in _CARRIED},
    )
    running = {"RESOLVE": heir.due_resolve}
    if heir.state == "DISPATCHED":
        running["ACCEPT"] = heir.due_accept
    if heir.due_contact is not None and heir.contacted_at is None:
        running["CONTACT"] = heir.due_contact
    for which, due in running.items():
        # One that was missed stands with the request that missed it.
        if due > tx.now:
            storage.cases.start_clock(
                tx.conn, heir, which, due_at=due, now=tx.now, handler=heir.handler
            )
            tx.arm(f"REQ_{which}", heir.request_id, due)
    if 1 <= heir.level < rules.requests.LAST_LEVEL:
        level = heir.level + 1
        due = rules.requests.due_level(heir.due_resolve, level, tx.calendar)
        tx.arm(f"REQ_L{level}", heir.request_id, due)


def reject_request(tx: Tx, payload: RejectRequest) -> RequestReply:
    """不予受理 / Reject.

    A cadre says that the matter is not ours, and the reporter reads why.

    Raises:
        StateConflict: Somebody has accepted it.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    _require_impartial(tx, row)
    tx.check_version(row.version)
    rules.requests.check("reject", row.state)
    _end_clocks(tx, row)
    detail = {"reason": payload.reason, "note": payload.note}
    row = change(tx, row, "reject", "REJECTED", detail)
    publish(tx, row, events.RequestRejected(row.request_id, payload.reason))
    return reply(row)


def merge_request(tx: Tx, payload: MergeRequest) -> RequestReply:
    """合并 / Merge.

    A cadre confirms that two requests are one matter; the reporter follows the other one.

    Raises:
        NotMergeable: Place, category, state or time do not fit.
        MoreUrgent: It is more urgent than the one that would go on.
        NotFound: One of them does not exist here.
    """
    # Locking in the order of ids: two merges in opposite directions wait instead of deadlocking.
    rows = {name: locked(tx, name) for name in sorted({payload.request_id, payload.into})}
    row, target = rows[payload.request_id], rows[payload.into]
    _require_oversight(tx, row)
    _require_oversight(tx, target)
    _require_impartial(tx, row, other=target)
    tx.check_version(row.version)
    rules.requests.check("merge", row.state)
    buildings = {row.building, target.building} - {None}
    rules.requests.check_merge(
        same_place=row.grid == target.grid and len(buildings) <= 1,
        same_category=row.category == target.category,
        target_state=target.state,
        apart=row.created_at - target.created_at,
        same=row.request_id == target.request_id,
        priority=row.priority,
        target_priority=target.priority,
    )
    _end_clocks(tx, row)
    row = change(
        tx, row, "merge", "MERGED", {"into": target.request_id}, merged_into=target.request_id
    )
    target = change(tx, target, "merged", target.state, {"from": row.number})
    if target.handler_person in parties(tx, target):
        # The handler's own household reported what was merged into it.
        detail = {"from": target.handler, "reason": "CONFLICT_OF_INTEREST"}
        target = hand_over(tx, target, detail)
    publish(
        tx,
        row,
        events.RequestMerged(
            row.request_id, target.request_id, target.kind, target.category, target.project_id
        ),
    )
    return msgspec.structs.replace(reply(row), merged_into=target.request_id)


def urge_request(tx: Tx, payload: UrgeRequest) -> RequestReply:
    """催办 / Urge.

    The reporter urges; it stands in the timeline and on the handler's bench.

    Raises:
        NotReporter: Somebody else reported it.
        StateConflict: It is done already.
        UrgedJustNow: He did so within the hour.
    """
    row = locked(tx, payload.request_id)
    own = _speaker(tx, row, payload.receipt)
    case = storage.cases.root(tx.conn, own)
    rules.requests.check("urge", case.state)
    rules.requests.check_urging(own.urged_at, tx.now)
    if own.state == "MERGED":
        case = locked(tx, case.request_id)
        change(tx, case, "urge", case.state, {}, urged=case.urged + 1)
        return reply(change(tx, own, "urge", own.state, _spoken(payload.receipt), urged_at=tx.now))
    return reply(
        change(
            tx,
            row,
            "urge",
            row.state,
            _spoken(payload.receipt),
            urged=row.urged + 1,
            urged_at=tx.now,
        )
    )


def _wait(tx: Tx, row: Row) -> Row:
    """Look again for somebody when the accept time is over, for nobody has it."""
    due = rules.requests.due_accept(row.clock, tx.now, tx.calendar)
    if due < row.due_resolve:
        tx.arm("REQ_NOBODY", row.request_id, due)
    return row


def look_again(tx: Tx, row: Row) -> Row | None:
    """Give a request that nobody has to somebody, or wait on. Returns None where nobody came."""
    given = give(tx, row)
    if given is None:
        _wait(tx, row)
    return given


def hand_over(tx: Tx, row: Row, detail: Mapping[str, object]) -> Row:
    """Take a request from who has it; what nobody else can take waits in the community's queue."""
    given = give(tx, row, action="redispatch", detail=detail)
    if given is not None:
        return given
    storage.cases.void_clock(tx.conn, row.request_id, "ACCEPT", tx.now)
    storage.cases.hand_clock(tx.conn, row.request_id, None)
    tx.disarm("REQ_ACCEPT", row.request_id)
    row = change(
        tx,
        row,
        "redispatch",
        "SUBMITTED",
        detail,
        handler=None,
        handler_person=None,
        due_accept=None,
    )
    return _wait(tx, row)


def free_of(tx: Tx, person_id: str) -> None:
    """Take from a person what he may have in hand no longer: he holds a post in what it is
    against, or lives with who reported it."""
    for row in storage.cases.in_hand_of_person(tx.conn, person_id):
        if person_id in parties(tx, row):
            hand_over(tx, row, {"from": row.handler, "reason": "CONFLICT_OF_INTEREST"})


def free_household(tx: Tx, person_id: str) -> None:
    """Take from a person, and from those with whom he lives, what one of them reported."""
    for one in sorted(kinship.own(tx, person_id)):
        free_of(tx, one)


def correct_request(tx: Tx, payload: CorrectRequest) -> RequestReply:
    """更正 / Put it right.

    Put right what a request is about, how urgent it is, and where; its clocks follow.

    Raises:
        StateConflict: It is done, and place or urgency would change; or it has ended otherwise.
        OwnExtension: The caller has it in hand and would change its urgency.
        UnknownGrid: There is no such grid.
        ProjectNotOfGrid: The named project serves other grids.
        NothingCorrected: All of it stands there already.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    urgency = payload.priority is not None
    _require_impartial(tx, row, not_by="HANDLER" if urgency else None)
    tx.check_version(row.version)
    rules.requests.check("correct", row.state)
    values = _corrected(tx, row, payload)
    if not values:
        raise NothingCorrected
    if values.keys() & {"priority", "clock", "grid", "indoor"}:
        rules.requests.check("correct_place", row.state)
    if values.keys() & {"priority", "clock"}:
        _require_not_own(tx, row)
        clock = _clock_of(row, payload)
        # A question has the same time whether it is of the third or of the fourth priority.
        values |= _new_clocks(tx, row, clock) if clock != row.clock else {}
    told = ("kind", "category", "priority", "grid", "building", "project_id", "against")
    detail = {name: values[name] for name in told if name in values}
    row = change(tx, row, "correct", row.state, {"reason": payload.reason, **detail}, **values)
    storage.cases.place_clocks(tx.conn, row.request_id, area=row.area, project_id=row.project_id)
    _say_corrected(tx, row)
    return reply(_routed_again(tx, row, values.keys()))


def _corrected(tx: Tx, row: Row, payload: CorrectRequest) -> dict[str, object]:
    """Return what changes."""
    grid = payload.grid or row.grid
    if grid != row.grid:
        if not storage.ground.known(tx.conn, [grid], "GRID"):
            raise UnknownGrid(grid=grid, field="grid")
        tx.require_scope(grid)
    building = payload.building or row.building
    wanted: dict[str, object] = {
        "kind": payload.kind or row.kind,
        "category": payload.category or row.category,
        "priority": payload.priority or row.priority,
        "grid": grid,
        "area": grid[:12],
        "building": building,
        "indoor": row.indoor if payload.indoor is None else payload.indoor,
        "against": payload.against or row.against,
    }
    wanted["clock"] = _clock_of(row, payload)
    moved = grid != row.grid or building != row.building
    if payload.project_id is not None or moved or row.project_id is None:
        serving = storage.ground.serving(tx.conn, grid)
        wanted["project_id"] = _project(tx, serving, grid, building, payload.project_id)
    return {name: value for name, value in wanted.items() if value != getattr(row, name)}


def _clock_of(row: Row, payload: CorrectRequest) -> str:
    return rules.requests.clock_of(payload.kind or row.kind, payload.priority or row.priority)


def _new_clocks(tx: Tx, row: Row, clock: str) -> dict[str, object]:
    """Let the clocks that run be those of another urgency, counted from the submission; what would
    have run out already runs from now. What was missed stays missed."""
    contact = rules.requests.due_contact(clock, row.created_at, tx.calendar)
    if contact is not None and contact <= tx.now:
        contact = rules.requests.due_contact(clock, tx.now, tx.calendar)
    resolve = rules.requests.due_resolve(clock, row.created_at, tx.calendar)
    if resolve <= tx.now:
        resolve = rules.requests.due_resolve(clock, tx.now, tx.calendar)
    values: dict[str, object] = {"span_s": int((resolve - row.created_at).total_seconds())}
    if row.due_resolve > tx.now:
        storage.cases.move_clock(tx.conn, row.request_id, "RESOLVE", resolve)
        tx.arm("REQ_RESOLVE", row.request_id, resolve)
        values["due_resolve"] = resolve
    if row.state == "DISPATCHED" and row.due_accept > tx.now:
        accept = rules.requests.due_accept(clock, tx.now, tx.calendar)
        if accept < row.due_accept:
            storage.cases.move_clock(tx.conn, row.request_id, "ACCEPT", accept)
            tx.arm("REQ_ACCEPT", row.request_id, accept)
            values["due_accept"] = accept
    running = row.due_contact is None or row.due_contact > tx.now
    if row.contacted_at is None and running:
        storage.cases.void_clock(tx.conn, row.request_id, "CONTACT", tx.now)
        tx.disarm("REQ_CONTACT", row.request_id)
        if contact is not None:
            storage.cases.start_clock(
                tx.conn, row, "CONTACT", due_at=contact, now=tx.now, handler=row.handler
            )
            tx.arm("REQ_CONTACT", row.request_id, contact)
        values["due_contact"] = contact
    return values


def _routed_again(tx: Tx, row: Row, changed: Iterable[str]) -> Row:
    """Give a corrected request to whoever takes it now: always while nobody has accepted it, and
    from whoever may not have it in hand."""
    if row.state not in rules.requests.OPEN or not {"category", "grid", "kind"} & set(changed):
        return row
    waiting = row.state in {"SUBMITTED", "RETURNED", "DISPATCHED"}
    barred = row.handler_person in parties(tx, row)
    if row.handler is not None and not barred:
        duty = storage.posts.known(tx.conn, row.handler).duty
        barred = row.category == "PROPERTY_SERVICE" and duty == rules.routing.PROPERTY_STAFF
    if barred:
        return hand_over(tx, row, {"from": row.handler, "reason": "CONFLICT_OF_INTEREST"})
    if waiting:
        return give(tx, row, action="redispatch", detail={"from": row.handler}) or row
    return row


def attach_reporter(tx: Tx, payload: AttachReporter) -> RequestReply:
    """登记诉求人 / Say whose it is.

    Say whose request it is that came without a name; from then on it is his.

    Raises:
        ReporterKnown: It has a reporter, or a steward found it himself.
        UnknownPerson: He is not registered.
        RoleDenied: He lives elsewhere.
        InChain: He, or the caller, takes part in the case.
    """
    row = locked(tx, payload.request_id)
    _require_oversight(tx, row)
    _require_impartial(tx, row, reporter=payload.person_id, not_by="CHAIN")
    tx.check_version(row.version)
    if row.reporter_id is not None or row.found_by is not None:
        raise ReporterKnown
    require_reporter(tx, payload.person_id, row.grid, field="person_id")
    _require_outside_chain(tx, row)
    case = storage.cases.root(tx.conn, row)
    own = kinship.own(tx, payload.person_id)
    if tx.actor.id in own:
        raise InChain(field="person_id")
    for one in {row.request_id: row, case.request_id: case}.values():
        if own & (storage.cases.chain(tx.conn, one.request_id) | {one.handler_person}):
            raise InChain(field="person_id")
    detail = {"reason": payload.reason}
    row = change(tx, row, "attach", row.state, detail, reporter_id=payload.person_id)
    _say_corrected(tx, row)
    return reply(row)


def _say_corrected(tx: Tx, row: Row) -> None:
    publish(
        tx,
        row,
        events.RequestCorrected(
            request_id=row.request_id,
            kind=row.kind,
            category=row.category,
            grid=row.grid,
            project_id=row.project_id,
            building=row.building,
            reporter_id=row.reporter_id,
        ),
    )
