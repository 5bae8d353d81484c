"""Questions about requests, for the person who may see them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, Literal, TypeVar, cast, get_args

import msgspec
from msgspec import UNSET, Meta

from fivered.chassis import person_keys, records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import SORT, Area, Cursor, Grid, Instant, Limit, Period, PersonId
from fivered.chassis.free_text import Office
from fivered.chassis.i18n import in_words, named
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said, sentences
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.text import code, without_numbers
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.fields import Category, Channel, Kind, PlaceCode, Priority
from fivered.services.steward.views import details, notes

State = Literal[
    "SUBMITTED", "DISPATCHED", "RETURNED", "ACCEPTED", "IN_PROGRESS", "RESOLVED", "RATED",
    "CLOSED", "CANCELLED", "REJECTED", "MERGED",
]  # fmt: skip

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
        "take": "已认领 / Taken up by a steward",
        "unmerge": "合并已撤销,单独办理 / Parted again: it goes its own way",
        "parted": "并入的诉求已分出 / A request that was merged into it was parted again",
        "merged": "有同一诉求并入 / Another report of it was merged",
        "urge": "诉求人催办 / Urged by the reporter",
        "go_on": (
            "原诉求人撤回,由本诉求继续办理 / The first reporter took theirs back; the case goes "
            "on here"
        ),
        "attach": "已登记诉求人 / Its reporter was noted",
        "check": "自行发现事项已核实 / Somebody else looked at what was found",
        "due_moved": "工作日历变更,期限顺延 / The working days have changed: the deadline is later",
        "correct": "诉求信息已更正 / What the request says was corrected",
        "note": "内部备注 / A note for the staff of the case",
        "reply": "答复诉求人 / An answer to the reporter",
        "inform": "诉求人补充 / The reporter added to it",
        "call": "通话记录 / A call was noted",
        "number_shown": "查看了来电号码 / The caller's number was shown",
        "pause_asked": "申请暂停计时 / A pause was asked for",
        "pause_refused": "暂停申请未获批准 / A pause was refused",
        "pause": "暂停计时 / The clock rests",
        "resume": "恢复计时 / The clock runs on",
        "return_visit": "已电话回访 / Its reporter was called about it once more",
        "co_asked": "请其他管家协办 / Another steward was asked to help",
        "co_accepted": "协办人已应允 / Another steward helps",
        "co_declined": "协办人谢绝 / The steward who was asked does not help",
        "co_ended": "协办结束 / The help of another steward has ended",
        "regrid": "网格调整,编号和时限不变 / Its grid was changed; number and clocks stay",
    }
)

# What the staff of a case write for each other.
INTERNAL = (
    "note", "call", "number_shown", "pause_asked", "pause_refused", "co_asked", "co_declined",
)  # fmt: skip
# What a person who was merged into a case learns of its steps.
TOLD = {
    "dispatch", "redispatch", "accept", "contact", "arrive", "transfer", "extend", "resolve",
    "resolve_missed", "escalate", "reopen", "close", "reject", "cancel", "pause", "resume",
    "take",
}  # fmt: skip


class WhichRequest(Request, frozen=True):
    """Which request is meant."""

    request_id: str


class RequestList(Request, frozen=True):
    """诉求筛选 / Which requests; residents get their own."""

    mine: bool = False
    scope: Area | None = None
    grid: Grid | None = None
    state: (
        Annotated[list[State], Meta(max_length=20, description="可给多个 / one or several")] | None
    ) = None
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
    kind: Kind | None = None
    category: Category | None = None
    priority: Priority | None = None
    channel: Channel | None = None
    level: (
        Annotated[Literal[0, 1, 2, 3], Meta(description="升级层级 / how high it has gone")] | None
    ) = None
    overdue: Annotated[
        bool, Meta(description="只列未办结且已过办结期限的 / only open ones whose time is over")
    ] = False
    handled: Annotated[
        bool,
        Meta(
            description="由我承办的,办结的也列,不论在何处 / those that I have in hand or had last, "
            "wherever they are"
        ),
    ] = False
    handler_person: Annotated[PersonId, Meta(description="承办人 / who has it in hand")] | None = (
        None
    )
    reporter_id: Annotated[PersonId, Meta(description="诉求人 / whose it is")] | None = None
    external_ref: (
        Annotated[
            str,
            Office("it is compared, and kept nowhere"),
            Meta(min_length=1, max_length=100, description="来源系统的编号 / number at its source"),
        ]
        | None
    ) = None
    created_from: Annotated[Instant, Meta(description="此时起提交的 / filed since then")] | None = (
        None
    )
    created_before: Annotated[Instant, Meta(description="此时以前提交的 / filed before")] | None = (
        None
    )
    check: (
        Annotated[
            Literal["FOUND", "RATING"],
            Meta(
                description="只列待核查的:FOUND 自行发现尚未核实的,RATING 差评待核查的 / only what "
                "is to be looked at: found by a steward and looked at by nobody, or badly rated"
            ),
        ]
        | None
    ) = None
    with_text: Annotated[bool, Meta(description="列出内容的开头 / show how the texts begin")] = (
        False
    )
    order: Literal["newest", "oldest"] = "newest"
    sort: (
        Annotated[Literal["created_at", "-created_at", "due_resolve", "-due_resolve"], SORT] | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


class PartOfWorkbench(Request, frozen=True):
    """条数 / How many."""

    limit: Limit = 50
    cursor: Cursor | None = None


class SimilarQuestion(Request, frozen=True):
    """同地点同类别 / The same place and category."""

    category: Category
    grid: Grid = msgspec.field(default_factory=str)
    place_code: Annotated[PlaceCode, Meta(description="地点 / instead of a grid")] | None = None
    building: Annotated[str, Meta(max_length=40, description="楼栋 / building")] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


# Of so many open requests those are chosen that are shown.
MOST_SIMILAR = 20


class RatesQuestion(Request, frozen=True):
    """区域与月份 / Area and month."""

    scope: Area
    period: Annotated[Period, msgspec.Meta(examples=["2025-03"])]


def _oversees(tx: Tx, row: Row) -> bool:
    return rules.access.may_see(tx.actor, "cases", row.grid)


def _sees(tx: Tx, row: Row) -> bool:
    """Tell whether a request is the viewer's business in full."""
    if not tx.actor.id:
        return False
    return (
        tx.actor.id in {row.handler_person, row.reporter_id}
        or _oversees(tx, row)
        or tx.actor.id in storage.cases.chain(tx.conn, row.request_id)
        or storage.co_handling.helps(tx.conn, row.request_id, tx.actor.id)
        or _calls_back(tx, row)
    )


def _calls_back(tx: Tx, row: Row) -> bool:
    """Tell whether the viewer has the case in hand into which a request was merged."""
    if row.merged_into is None:
        return False
    return bool(storage.cases.root(tx.conn, row).handler_person == tx.actor.id)


def staffs(tx: Tx, row: Row) -> bool:
    """Tell whether the viewer, who sees a request in full, is of its staff: reads what they write
    for each other. Neither a reporter and that household is, nor who is complained of."""
    if tx.actor.is_service_account:
        return False
    reporters = {row.reporter_id, storage.cases.root(tx.conn, row).reporter_id} - {None}
    reporters |= {one for _, one in storage.cases.reporters_below(tx.conn, [row.request_id])}
    refs = [row.against]
    if rules.routing.is_against_project(row.kind, row.category):
        refs.append(row.project_id)
    barred = storage.parties.of(tx.conn, list(filter(None, refs)))
    people = {one for one in (*reporters, row.against) if one and one.startswith("per_")}
    return tx.actor.id not in barred.union(*storage.people.kin(tx.conn, people).values())


def _own_part(tx: Tx, row: Row) -> Row | None:
    """Return the viewer's own request that was merged into this one, or None."""
    for follower in storage.cases.followers(tx.conn, row.request_id):
        if tx.actor.id and follower.reporter_id == tx.actor.id:
            return follower
    return None


def visible(tx: Tx, request_id: str) -> tuple[Row, Row | None]:
    """Return a request, and the viewer's own one where the viewer only follows it.

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


def _sees_rating(tx: Tx, row: Row) -> bool:
    # Until the case is closed its handler does not learn how it was rated (REQ-L14).
    case = storage.cases.root(tx.conn, row)
    if tx.actor.id in {row.handler_person, case.handler_person} and case.state != "CLOSED":
        return bool(row.reporter_id == tx.actor.id)
    return True


def reader(tx: Tx, row: Row) -> Callable[[str], str]:
    """Return how the viewer reads the reporter's own words.

    Where to call back, the reporter may write down (K15). Who calls people back reads it as
    it stands: the handler, and the community's own officials. Who looks on reads it without.
    """
    calls_back = (
        tx.actor.id in {row.handler_person, row.reporter_id}
        or rules.access.may_see(tx.actor, "phone", row.grid)
        or _calls_back(tx, row)
    )
    return str if calls_back else without_numbers


CardT = TypeVar("CardT", bound=replies.RequestCard)


def _case(tx: Tx, row: Row, kind: type[CardT]) -> CardT:
    """Return what everybody learns whose business a request is: what became of it."""
    overdue = row.state in rules.requests.OPEN and tx.now >= row.due_resolve
    found = kind.of(row, id=row.request_id, late=row.late or overdue, reopen_count=row.reopens)
    # The row keeps when it was closed first, for the figures of that month.
    if row.state != "CLOSED":
        found.closed_at = None
    elif row.reopens:
        found.closed_at = storage.cases.closed_last(tx.conn, row.request_id)
    if row.state not in rules.requests.DONE:
        found.resolved_at = None
    if rules.requests.is_emergency(row.clock):
        found.advice = rules.requests.EMERGENCY_ADVICE
    return found


def _whole(tx: Tx, row: Row, kind: type[CardT]) -> CardT:
    """Return what is told of a request to who sees it in full, but for what people wrote."""
    found = _case(tx, row, kind)
    sees_rating = _sees_rating(tx, row)
    found.tell(
        row,
        replies.RequestCard,
        external_ref=row.reference or row.external_ref,
        review=row.review if sees_rating else UNSET,
        summary=UNSET,
    )
    if sees_rating:
        found.stars = row.stars
        found.solved = row.solved
    return found


def card(tx: Tx, row: Row) -> replies.RequestCard:
    """Return a request as a list shows it."""
    return _whole(tx, row, replies.RequestCard)


def detail(tx: Tx, row: Row) -> replies.RequestDetail:
    """Return a request as the viewer may see it, with what was written."""
    found = _whole(tx, row, replies.RequestDetail)
    said, vault = reader(tx, row), storage.vault(tx)
    text = said(vault.open(row.text, f"{row.request_id}.text"))
    found.tell(row, replies.RequestDetail, text=text, followers=UNSET, case=UNSET, details=UNSET)
    found.details = details.of(tx, row)
    _tell_outcome(tx, found, row)
    if _sees_rating(tx, row):
        rating = vault.open_or_none(row.rating_text, f"{row.request_id}.rating")
        found.rating_text = said(rating) if rating is not None else None
    return found


def _tell_outcome(tx: Tx, found: replies.RequestDetail, row: Row) -> None:
    vault = storage.vault(tx)
    found.note = vault.open_or_none(row.note, f"{row.request_id}.note")
    found.evidence = row.evidence


def request(tx: Tx, payload: WhichRequest) -> replies.RequestDetail:
    """诉求卡 / A request.

    Answer a request's card.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row, own = visible(tx, payload.request_id)
    if own is not None:
        return followed(tx, row, own)
    found = detail(tx, row)
    if tx.actor.id == row.handler_person or _oversees(tx, row):
        # Whom the handler calls back beside the reporter.
        found.followers = [
            replies.Follower.of(one, id=one.request_id)
            for one in storage.cases.followers(tx.conn, row.request_id)
        ]
    if row.merged_into is not None:
        found.case = followed(tx, storage.cases.root(tx.conn, row), row)
    return found


def followed(tx: Tx, row: Row, own: Row) -> replies.RequestDetail:
    """Return a case as the person who was merged into it sees it, with that person's rating: what
    became of it, and nobody else's words."""
    found = _case(tx, row, replies.RequestDetail)
    _tell_outcome(tx, found, row)
    if own.reporter_id == tx.actor.id:
        vault = storage.vault(tx)
        found.stars = own.stars
        found.solved = own.solved
        found.rating_text = vault.open_or_none(own.rating_text, f"{own.request_id}.rating")
    return found


def requests(tx: Tx, payload: RequestList) -> replies.RequestPage:
    """诉求列表 / Requests.

    Answer requests: a resident's own, or those of the viewer's area.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    states = states_of(payload)
    own = payload.mine or payload.handled
    mine = payload.mine or (not own and tx.actor.role not in rules.access.OVERSIGHT)
    scope = ""
    if not (mine or own):
        scope = payload.scope or tx.actor.scope
        tx.require_scope(scope)
    wanted = narrowed(
        tx, payload, scope=scope, reporter=tx.actor.id if mine else None, states=states
    )
    return _listed(tx, payload, wanted, "requests")


def narrowed(
    tx: Tx,
    payload: RequestList,
    *,
    scope: str,
    states: Sequence[str] | None,
    reporter: str | None = None,
    unchecked: bool = False,
    reporters: Sequence[str] | None = None,
    whose: tuple[Sequence[str], Sequence[str]] | None = None,
) -> storage.cases.Wanted:
    """Return which requests a question asks for, in an area or of somebody."""
    if payload.sort is not None and payload.order == "oldest":
        raise Invalid(
            field="order",
            reason=said("与 sort 只能用其一 / it cannot stand beside sort"),
        )
    asked = None if payload.reporter_id is None else [payload.reporter_id]
    number, part_of_number = _number(payload)
    return storage.cases.Wanted(
        scope=scope,
        grid=payload.grid,
        reporter=reporter,
        reporters=asked if reporters is None else reporters,
        handler_person=tx.actor.id if payload.handled else payload.handler_person,
        project_id=payload.project_id,
        whose=whose,
        number=number,
        part_of_number=part_of_number,
        external_ref=code(payload.external_ref) if payload.external_ref is not None else None,
        kind=payload.kind,
        category=payload.category,
        priority=payload.priority,
        channel=payload.channel,
        level=payload.level,
        created_from=payload.created_from,
        created_before=payload.created_before,
        overdue_at=tx.now if payload.overdue else None,
        states=states,
        unchecked=unchecked,
        found=True if payload.check == "FOUND" else None,
        badly_rated=True if payload.check == "RATING" else None,
    )


# SR-20250303-015901-00001
_WHOLE_NUMBER = re.compile("SR-[0-9]{8}-[0-9]{6}-[0-9]{5,}")


def _number(payload: RequestList) -> tuple[str | None, str | None]:
    """Return the number that is asked for, or else the part of one."""
    if payload.number is None:
        return None, None
    said = code(payload.number).upper()
    if not said.startswith("SR-") and _WHOLE_NUMBER.fullmatch(f"SR-{said}"):
        said = f"SR-{said}"
    # What no number holds stands for nothing here, either.
    part = re.fullmatch("[A-Z0-9-]+", said) and not _WHOLE_NUMBER.fullmatch(said)
    return (None, said) if part else (said, None)


def states_of(payload: RequestList, among: Sequence[str] | None = None) -> Sequence[str] | None:
    """Return which states are asked for, and are open or not as asked; None for all.

    Args:
        payload: The question.
        among: What is shown where no state is named; all where left out.
    """
    named = list(dict.fromkeys(payload.state)) if payload.state else among
    if payload.open is None:
        return named
    found = get_args(State) if named is None else named
    return [state for state in found if (state in rules.requests.OPEN) == payload.open]


def _listed(
    tx: Tx, payload: RequestList, wanted: storage.cases.Wanted, of: str
) -> replies.RequestPage:
    found = storage.cases.page(
        tx.conn, wanted, payload, newest_first=payload.order == "newest", of=of
    )
    page = _page(tx, found, found.total or 0)
    if payload.with_text:
        summarise(tx, found.rows, page.items)
    return page


# So many characters of a text tell at a desk what it is about.
_SUMMARY = 80


def texts(tx: Tx, rows: Sequence[Row]) -> dict[str, str]:
    """Return what the reporters of requests wrote, as the viewer may read it, by id."""
    person_keys.look_up(tx, {row.reporter_id for row in rows if row.reporter_id is not None})
    vault = storage.vault(tx)
    sealed = storage.cases.texts_of(tx.conn, [row.request_id for row in rows])
    return {
        row.request_id: reader(tx, row)(
            vault.open(sealed[row.request_id], f"{row.request_id}.text")
        )
        for row in rows
    }


def summarise(tx: Tx, rows: Sequence[Row], items: Sequence[replies.RequestCard]) -> None:
    """Let lines of a list say how the texts of their requests begin."""
    told = texts(tx, rows)
    for item in items:
        text = " ".join(told[item.id].split())
        item.summary = text if len(text) <= _SUMMARY else f"{text[:_SUMMARY]}…"


def summarised(tx: Tx, rows: Sequence[Row]) -> list[replies.RequestCard]:
    """Return lines of a list with how the texts of their requests begin."""
    items = [card(tx, row) for row in rows]
    summarise(tx, rows, items)
    return items


def _page(tx: Tx, found: records.Page, total: int) -> replies.RequestPage:
    return replies.RequestPage(
        items=[card(tx, row) for row in found.rows],
        next=found.next,
        prev=found.prev,
        total=total,
    )


def workbench(tx: Tx, payload: PartOfWorkbench) -> replies.RequestPage:
    """管家工作台 / What I have in hand, due soonest first.

    Answer what the caller has in hand, what is due soonest first.
    """
    found = storage.cases.workbench(tx.conn, tx.actor.id, payload)
    return _page(tx, found, storage.cases.in_hand_count(tx.conn, tx.actor.id))


_QUEUED = ("SUBMITTED", "RETURNED", "RATED")


def queue(tx: Tx, payload: RequestList) -> replies.RequestPage:
    """社区待办 / What waits for the community.

    Answer what waits for the community's cadre: not dispatched, returned, to be closed, badly rated
    and reopened before that was looked into, or found by a steward and looked at by nobody.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    wanted = narrowed(
        tx,
        payload,
        scope=scope,
        states=states_of(payload, _QUEUED if payload.check is None else None),
        unchecked=payload.check is None and not payload.state and payload.open is None,
    )
    return _listed(tx, payload, wanted, "queue")


class TimelineOf(Request, frozen=True):
    """办理过程 / Which request, and which part of what happened to it."""

    request_id: str
    limit: Limit = 50
    cursor: Cursor | None = None


def timeline(tx: Tx, payload: TimelineOf) -> replies.Timeline:
    """办理过程 / Everything that happened to it.

    Answer what happened to a request, oldest first, for its reporter as for its handler.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row, own = visible(tx, payload.request_id)
    steps = storage.cases.steps_of
    case = storage.cases.root(tx.conn, row)
    staff = own is None and staffs(tx, row)
    if own is not None:
        wanted = [steps(row.request_id, told=TOLD)]
    else:
        hidden = [] if _sees_rating(tx, row) else ["rate", "review", "review_to_street"]
        hidden += [] if staff else INTERNAL
        wanted = [steps(row.request_id, hidden=hidden)]
        if row.merged_into is not None:
            # From there on, what happened to the case is what happened to it.
            merged = storage.cases.merged_at(tx.conn, row.request_id)
            wanted.append(steps(case.request_id, told=TOLD, since=merged))
    page = storage.cases.timeline_page(tx.conn, wanted, payload)
    shown_here = [
        entry for entry in page.rows if own is None and entry.request_id == row.request_id
    ]
    written = notes.with_texts(tx, shown_here, reader(tx, row))

    def shown(entry: Row) -> replies.TimelineEntry:
        if own is None and entry.request_id == row.request_id:
            said = written.get(str(entry.detail.get("note_id")), {})
            return _step(entry, _told(entry.detail, staff=staff) | said)
        # The steps of a case that is followed, without anybody's words.
        number = (row if own is not None else case).number
        return msgspec.structs.replace(_step(entry, {}), number=number)

    return replies.Timeline(
        id=row.request_id,
        number=row.number,
        items=[shown(entry) for entry in page.rows],
        next=page.next,
        prev=page.prev,
    )


def _told(detail: dict[str, object], *, staff: bool) -> dict[str, object]:
    """Return what is told of a step: whose it was thought to be before, to its staff alone."""
    if staff or "before" not in detail:
        return dict(detail)
    before = cast("dict[str, object]", detail["before"])
    kept = {name: value for name, value in before.items() if name != "reporter_id"}
    return {**detail, "before": kept}


def request_notes(tx: Tx, payload: notes.NotesOf) -> Page[replies.desk.NoteCard]:
    """备注与答复 / What was written to a request.

    Answer what its staff and its reporter wrote, oldest first; internal notes to its staff alone.

    Raises:
        NotFound: No such request, or the viewer only follows it.
    """
    row, own = visible(tx, payload.request_id)
    if own is not None:
        raise NotFound(kind="request", id=payload.request_id)
    staff, said = staffs(tx, row), reader(tx, row)
    found = storage.desk.notes(tx.conn, row.request_id, payload, internal=staff)
    return found.listed(lambda note: notes.card(tx, note, said, staff=staff))


def _step(entry: Row, detail: dict[str, object]) -> replies.TimelineEntry:
    what = WHAT[entry.action]
    words = in_words("fivered.services.steward", "by_role", entry.actor_role)
    words |= in_words("fivered.services.steward", "state", entry.state)
    for name in ("reason", "outcome", "verdict", "ground"):
        # What somebody wrote has no word of ours.
        said = str(detail.get(name, ""))
        if named(said, "zh", "fivered.services.steward") != said:
            words |= in_words("fivered.services.steward", name, said)
    return replies.TimelineEntry.of(
        entry,
        what_zh=str(what),
        what_en=what.english,
        by_role=entry.actor_role,
        detail=detail,
        **words,
    )


def similar_requests(tx: Tx, payload: SimilarQuestion) -> replies.desk.SimilarReply:
    """查重 / Open requests that may be the same.

    Answer open requests of the same place and category, before another one is filed.

    Only what helps to recognise the matter: no text, no reporter.

    Raises:
        UnknownGrid: No such grid.
        UnknownPlace: No such place.
        Invalid: Neither a grid nor a place is named, or both and they do not agree.
        RoleDenied: It lies in another community than the caller's.
    """
    there = storage.located.grid_of(tx.conn, payload.place_code, payload.grid)
    storage.ground.require_grid(tx.conn, there.grid)
    if not there.grid.startswith(tx.actor.scope[:12]):
        tx.require_scope(there.grid)
    since = tx.now - timedelta(hours=72)
    rows = storage.cases.similar(tx.conn, there.grid, payload.category, since, MOST_SIMILAR)
    building = payload.building or there.building
    rows.sort(key=lambda row: rules.alike.order(building, row.building, 0))
    return replies.desk.SimilarReply(
        items=[
            replies.desk.SimilarRequest.of(row, id=row.request_id) for row in rows[: payload.limit]
        ]
    )


def three_rates(tx: Tx, payload: RatesQuestion) -> replies.Rates:
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
    rates = {
        name: replies.Rate(
            percent=percent(ratio(part, whole)),
            numerator=part,
            denominator=whole,
        )
        for name, (part, whole) in parts.items()
    }
    # A sum with weights has no parts of its own.
    rates["M-07"] = replies.Rate(percent=percent(composite))
    return replies.Rates(
        scope=payload.scope,
        period=payload.period,
        rates=dict(sorted(rates.items())),
        counts={
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
        endings=[
            replies.desk.Ending.of(
                one,
                **{
                    name: value
                    for name in ("confirmed", "disputed", "unrated")
                    if (value := getattr(one, name)) is not None
                },
                **in_words("fivered.services.steward", "ending", one.ending),
            )
            for one in storage.desk.endings_in(tx.conn, payload.scope, start, end)
        ],
        # What reporters said when they were called about closed cases: beside the classes.
        return_visits=dict(storage.return_visits.endings_in(tx.conn, payload.scope, start, end)),
        # M-10: how long it took, also in the hours of working days alone.
        times_to_resolve=[
            replies.TimesToResolve.of(
                one,
                elapsed_minutes=replies.MiddleAndMost.of(one.elapsed_minutes),
                working_minutes=replies.MiddleAndMost.of(one.working_minutes),
            )
            for one in rules.rates.spans_by_priority(
                storage.months.resolved_in(tx.conn, payload.scope, start, end), tx.calendar
            )
        ],
    )
