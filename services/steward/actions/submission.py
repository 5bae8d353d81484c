"""Requests as they come: of residents, of intakes, of the forum, and of dangers that were found."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import SYSTEM, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid, Instant
from fivered.chassis.free_text import PUBLIC, Office
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, RoleDenied, said
from fivered.chassis.requests import Request
from fivered.chassis.text import fold
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions import (
    calls,
    details,
    incidents,
    kinship,
    reminders,
    standards,
    telling,
)
from fivered.services.steward.actions.calls import CallerPhone
from fivered.services.steward.actions.cases import (
    MAX_TEXT,
    Media,
    Reason,
    Text,
    change,
    locked,
    publish_corrected,
    reply,
    require_oversight,
    stamp,
    step,
)
from fivered.services.steward.actions.details import Details
from fivered.services.steward.actions.dispatch import choose, handed_to
from fivered.services.steward.actions.parties import (
    accused,
    duties_of,
    handlers_of,
    require_impartial,
    require_outside_chain,
)
from fivered.services.steward.actions.standing import require_active, require_serving
from fivered.services.steward.errors import (
    InChain,
    ProjectNotOfGrid,
    ReferenceTaken,
    ReporterKnown,
    UnknownPerson,
)
from fivered.services.steward.errors.desk import RatedAlready
from fivered.services.steward.fields import Category, Channel, Kind, PlaceCode, Priority
from fivered.services.steward.replies import Filed, RequestReply
from fivered.services.steward.rules.standards import Code
from fivered.services.steward.storage import tables

MAX_REFERENCE = 100
_CALLED_IN = calls.RecordCall(request_id="", direction="IN")


class NewRequest(Request, frozen=True):
    """A request, by whatever way it came."""

    channel: Channel | Literal["FORUM"]
    kind: Annotated[
        Kind,
        Meta(examples=["REPAIR"]),
    ]
    category: Annotated[Category, Meta(examples=["REPAIR_COMMON"])]
    text: Annotated[Text, Meta(examples=["3 号楼 2 单元楼道灯不亮"])]
    priority: (
        Annotated[
            Priority,
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
            Office("a person who sees the case; it is another system's number, and stays as it is"),
        ]
        | None
    ) = None
    occurred_at: Instant | None = None
    media: Media = field(default_factory=list)
    # One of both is said.
    grid: Grid = field(default_factory=str)
    place_code: (
        Annotated[
            PlaceCode,
            Meta(
                description="楼栋、单元或户的编号,网格、楼栋、项目由此得出 / a building, unit or "
                "dwelling: grid, building and project follow from it"
            ),
        ]
        | None
    ) = None
    subcategory: (
        Annotated[
            Code,
            Meta(description="细类,见诉求事项 / a part of the category: see the categories"),
        ]
        | None
    ) = None
    insist: Annotated[
        bool,
        Meta(
            description="虽有停供、施工、故障通告仍要提交 / file it although an outage, works or a "
            "fault is announced there"
        ),
    ] = False
    caller_phone: CallerPhone | None = None


class SubmitRequest(NewRequest, frozen=True):
    """提交诉求 / Submit a request."""

    # FORUM is the forum's own: nobody else says that a topic became a request.
    channel: Annotated[Channel, Meta(examples=["PHONE"], description="来源渠道 / channel")]
    details: Details | None = None


class Concern(Request, frozen=True):
    """走访中反映的诉求 / What somebody asked for on a visit; it is filed as a request."""

    category: Annotated[Category, Meta(examples=["ELDERLY_CARE"])]
    text: Annotated[Text, Meta(examples=["老人希望申请助餐"])]
    kind: Kind | None = None


class AttachReporter(Request, frozen=True):
    """登记诉求人 / Whose request it is."""

    request_id: str
    person_id: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Reason


def submit_request(tx: Tx, payload: SubmitRequest) -> Filed:
    """提交诉求 / Submit a request.

    Take a request, start its clocks and give it to the steward whom the routing names.

    有人当值时立即派单。Dispatched at once where somebody can take it.

    The same reference of the same caller with the same content answers the first request again.

    Raises:
        UnknownGrid: The place lies in no known grid.
        UnknownPlace: The named place is not registered, or has ended.
        Invalid: Neither a grid nor a place is named, or both and they do not agree.
        RoleDenied: The caller may not name this reporter, or not write this channel's references.
        UnknownPerson: The named reporter, or contact person, is not registered.
        ReferenceTaken: The reference stands for another content.
        ProjectNotOfGrid: The named project serves other grids.
        ClockSkew: It is said to have happened in the future.
        TooLongAgo: It is said to have happened more than 30 days ago.
        RoleDenied: A service account files outside its area.
        CategoryNotOffered: New requests do not name this category any more.
        NoSuchPart: The category has no such part.
        KnownIncident: An outage of that kind is announced there; another system is not asked.
        BadCallerPhone: The caller's number is none.
    """
    details.check(tx, payload.details)
    payload = _located(tx, payload)
    serving = storage.ground.place(tx.conn, payload.grid)
    if tx.actor.is_service_account:
        # A person may report from anywhere; another system files for the area that it was given.
        tx.require_scope(payload.grid)
    reporter = _reporter(tx, payload)
    own = _own_reference(tx, payload)
    first = _answered(tx, payload, reporter, own)
    if first is not None:
        return _filed(first)
    if payload.occurred_at is not None:
        rules.hours.check_moment(payload.occurred_at, tx.now)
    rules.requests.check_priority(payload.priority, payload.category, tx.actor.role)
    standard_id, standard = standards.for_new(tx, payload.category, payload.subcategory)
    if not payload.insist and not tx.actor.is_service_account:
        incidents.require_news(
            tx,
            kind=payload.kind,
            category=payload.category,
            grid=payload.grid,
            building=payload.building,
            priority=payload.priority
            or standard.known(payload.category, payload.subcategory).priority,
            indoor=payload.indoor,
        )
    row = file_new(tx, payload, reporter, own, serving, standard_id=standard_id)
    if row is not None and payload.caller_phone is not None:
        calls.keep(tx, row, _CALLED_IN, payload.caller_phone, field="caller_phone")
    if row is None:
        # Somebody else brought the same reference in this moment.
        first = _answered(tx, payload, reporter, own)
        assert first is not None, "its reference is taken"  # noqa: S101  or it had been filed
        return _filed(first)
    details.keep(tx, row, payload.details)
    return _filed(reply(row), duplicate=False, similar=_similar(tx, payload, row))


def _located(tx: Tx, payload: SubmitRequest) -> SubmitRequest:
    """Return a request with the grid, building and project of the place that it names."""
    there = storage.located.grid_of(tx.conn, payload.place_code, payload.grid)
    project = payload.project_id
    serving = storage.ground.serving(tx.conn, there.grid) if there.project_id else ()
    if project is None and there.project_id in storage.ground.of_building(serving):
        project = there.project_id
    return msgspec.structs.replace(
        payload,
        grid=there.grid,
        building=payload.building or there.building,
        project_id=project,
    )


def _filed(answer: RequestReply, **more: object) -> Filed:
    return Filed(**(msgspec.structs.asdict(answer) | more))


# Of so many open requests of the same grid and category the likest are told.
_LOOKED_AT, _TOLD = 20, 5


def _similar(tx: Tx, payload: SubmitRequest, row: Row) -> list[replies.desk.SimilarRequest]:
    """Return open requests that may be the same matter as one that was just filed: what helps to
    recognise it, for who files in the own community; the likest first."""
    if not payload.grid.startswith(tx.actor.scope[:12]) and not tx.actor.covers(payload.grid):
        return []
    since = tx.now - rules.requests.MERGE_WINDOW
    rows = storage.cases.similar(tx.conn, row.grid, row.category, since, _LOOKED_AT)
    vault = storage.vault(tx)
    found = [
        (one, rules.alike.likeness(payload.text, vault.open(one.text, f"{one.request_id}.text")))
        for one in rows
        if one.request_id != row.request_id
    ]
    found.sort(key=lambda pair: rules.alike.order(row.building, pair[0].building, pair[1]))
    return [
        replies.desk.SimilarRequest.of(one, id=one.request_id, likeness=percent)
        for one, percent in found[:_TOLD]
    ]


def topic_redirected(tx: Tx, topic: events.TopicRedirectedHeard) -> None:
    """File what the forum found to be a matter of one household; its proposer is the reporter.

    Where a cadre has named a request that it is already, nothing is filed, if that is so and
    somebody still has it in hand.

    Raises:
        LookupError: The community has no grid yet; the event waits until somebody retries it.
    """
    named = storage.people.kept(tx.conn, topic.proposer) if topic.proposer else None
    if (
        isinstance(topic, events.TopicRequestNamedHeard)
        and topic.request_id is not None
        and _in_hand_for(tx, topic.request_id, topic.community, named)
    ):
        return
    proposer = storage.people.person(tx.conn, named) if named else None
    home = proposer.grid if proposer is not None else None
    grid = topic.grid or (home if home and home.startswith(topic.community) else None)
    grid = grid or storage.ground.a_grid_of(tx.conn, topic.community)
    if grid is None:
        raise LookupError(f"{topic.community} has no grid")
    known = topic.category in rules.routing.CATEGORIES
    new = NewRequest(
        channel="FORUM",
        kind="HELP",
        category=topic.category if known else "POLICY",  # type: ignore[arg-type]
        grid=grid,
        text=f"{topic.title}\n{topic.text}".strip()[:MAX_TEXT] or topic.topic_id,
    )
    own = {
        "source": "forum",
        "channel": new.channel,
        "community": topic.community,
        "reference": topic.topic_id,
    }
    file_new(tx, new, named, own, storage.ground.serving(tx.conn, grid), topic_id=topic.topic_id)


def _in_hand_for(tx: Tx, request_id: str, community: str, person: str | None) -> bool:
    """Tell whether an open request of the community is of a person's household, or nobody's yet.

    One that was merged is as open as that which it follows.
    """
    row = storage.cases.request(tx.conn, request_id)
    if row is None or row.area[:9] != community[:9]:
        return False
    if storage.cases.root(tx.conn, row).state not in rules.requests.OPEN:
        return False
    if row.reporter_id is None or person is None:
        return row.found_by is None
    return row.reporter_id in kinship.own(tx, person)


def hazard_found(tx: Tx, hazard: Row) -> Row:
    """File a danger that somebody looked at and found to be one; who saw it is the reporter."""
    new = SubmitRequest(
        channel="APP",
        kind="HAZARD",
        category=hazard.category,
        grid=hazard.grid,
        text=hazard.place,
        media=hazard.media,
    )
    own = {
        "source": "hazard",
        "channel": new.channel,
        "community": hazard.area,
        "reference": hazard.hazard_id,
    }
    serving = storage.ground.serving(tx.conn, hazard.grid)
    row = file_new(tx, new, hazard.reporter_id, own, serving)
    assert row is not None, "a hazard is found once"  # noqa: S101  see its state
    return row


def visit_concern(  # noqa: PLR0917  what, of which visit, of whom
    tx: Tx, visit_id: str, grid: str, building: str | None, said: Concern, person: str | None
) -> Row:
    """File what somebody was told on a visit; the visit is its reference."""
    new = NewRequest(
        channel="DOORSTEP",
        kind=said.kind or rules.opened.kind_of(said.category),
        category=said.category,
        grid=grid,
        building=building,
        text=said.text,
    )
    own = {
        "source": "visit",
        "channel": new.channel,
        "community": grid[:12],
        "reference": visit_id,
    }
    row = file_new(tx, new, person, own, storage.ground.serving(tx.conn, grid))
    assert row is not None, "a visit is stored once"  # noqa: S101  see its number
    return row


def file_new(
    tx: Tx,
    payload: NewRequest,
    reporter: str | None,
    own: dict[str, str] | None,
    serving: Sequence[Row],
    *,
    topic_id: str | None = None,
    standard_id: str | None = None,
) -> Row | None:
    """Keep a request, say it and give it to somebody; None where its reference is taken.

    The handler is known before it is kept, so each table is written once. Who has asked for the
    standard that is in force names it.
    """
    request_id = tx.new_id("req")
    if own is not None and not storage.cases.claim_reference(
        tx.conn,
        **own,
        request_id=request_id,
        digest=_content(tx, payload, reporter, own["reference"]),
    ):
        return None
    project_id = project_of(tx, serving, payload.grid, payload.building, payload.project_id)
    new = _new(
        tx,
        payload,
        reporter,
        own,
        request_id=request_id,
        project_id=project_id,
        topic_id=topic_id,
        standard_id=standard_id,
    )
    kin = storage.people.kin(tx.conn, [reporter] if reporter is not None else ())
    barred = accused(tx, new).union(*kin.values())
    duties = duties_of(tx, new, served=bool(serving))
    chosen = choose(tx, new, duties, barred)
    # The number comes last: rivals wait for the counter of the community's day.
    number = storage.cases.next_number(tx.conn, tx.calendar.local_date(tx.now), new.area)
    given: dict[str, object] = {"state": "SUBMITTED", "version": 1}
    said = {"channel": new.channel, "number": number}
    steps = [step(tx, request_id, "submit", state="SUBMITTED", version=1, detail=said)]
    due = {"RESOLVE": new.due_resolve}
    if new.due_contact is not None:
        due["CONTACT"] = new.due_contact
    timers = {f"REQ_{which}": at for which, at in due.items()}
    accept = storage.standards.of(tx.conn, new).due_accept(tx.now, tx.calendar)
    if chosen is not None:
        due["ACCEPT"] = timers["REQ_ACCEPT"] = accept
        given = {"state": "DISPATCHED", "version": 2, **handed_to(chosen, accept, None)}
        told = {"handler": chosen.steward_id, "duty": chosen.duty}
        steps.append(
            step(tx, request_id, "dispatch", state="DISPATCHED", version=2, detail=told, by=SYSTEM)
        )
    elif accept < new.due_resolve:
        timers["REQ_NOBODY"] = accept
    row = storage.cases.file(tx.conn, new, {"number": number, **given}, steps, due)
    first = reminders.next_at(tx, row)
    timers |= {reminders.TIMER: first} if first is not None else {}
    files.attach(tx, payload.media, whose=reporter, request_id=request_id)
    for kind, at in timers.items():
        tx.arm(kind, request_id, at)
    tx.publish(
        fact_of(events.RequestSubmitted, row),
        subject=row.request_id,
        scope=row.area,
        sequence=1,
    )
    telling.of_filing(tx, row, chosen.duty if chosen is not None else None)
    return row


def file_joined(
    tx: Tx, payload: NewRequest, reporter: str | None, own: dict[str, str], case: Row
) -> Row | None:
    """Keep a request that is the same matter as an open case, and follows it from the beginning;
    None where its reference is taken."""
    request_id = tx.new_id("req")
    digest = _content(tx, payload, reporter, own["reference"])
    if not storage.cases.claim_reference(tx.conn, **own, request_id=request_id, digest=digest):
        return None
    new = _new(
        tx,
        payload,
        reporter,
        own,
        request_id=request_id,
        project_id=case.project_id,
        topic_id=None,
    )
    number = storage.cases.next_number(tx.conn, tx.calendar.local_date(tx.now), new.area)
    said = {"channel": new.channel, "number": number}
    into = {"into": case.request_id}
    steps = [
        step(tx, request_id, "submit", state="SUBMITTED", version=1, detail=said),
        step(tx, request_id, "merge", state="MERGED", version=2, detail=into),
    ]
    given = {"number": number, "state": "MERGED", "version": 2, "merged_into": case.request_id}
    row = storage.cases.file(tx.conn, new, given, steps, {})
    tx.publish(
        fact_of(events.RequestSubmitted, row),
        subject=row.request_id,
        scope=row.area,
        sequence=1,
    )
    telling.of_step(tx, row, "merge", into)
    return row


def _own_reference(tx: Tx, payload: NewRequest) -> dict[str, str] | None:
    """Return the key of the caller's own reference, or None where there is none.

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


def _shown(payload: NewRequest, own: dict[str, str] | None) -> str | None:
    if payload.external_ref is not None:
        return payload.external_ref.strip()
    return own["reference"] if own is not None else None


# By what the content under a reference is compared, said or not. A member that came later counts
# only where it is said: what was filed before it came is still the same content.
_COMPARED = {
    "channel", "kind", "category", "grid", "text", "priority", "building", "indoor", "reporter_id",
    "project_id", "against", "external_ref", "occurred_at", "media",
}  # fmt: skip


def _content(tx: Tx, payload: NewRequest, reporter: str | None, reference: str) -> str:
    said = {
        name: value
        for name, left_out in _left_out(type(payload)).items()
        if (value := getattr(payload, name)) != left_out or name in _COMPARED
    }
    said |= {"reporter_id": reporter, "external_ref": reference}
    said["occurred_at"] = stamp(payload.occurred_at and payload.occurred_at.astimezone(UTC))
    vault = storage.vault(tx)
    return vault.digest("request", msgspec.json.encode(said, order="sorted").decode())


@functools.cache
def _left_out(kind: type[NewRequest]) -> dict[str, object]:
    """Return what each member of a request is where the caller leaves it out."""
    # Kept, since msgspec reads the annotations of all members each time that it is asked.
    return {
        one.name: one.default if one.default_factory is msgspec.NODEFAULT else one.default_factory()
        for one in msgspec.structs.fields(kind)
    }


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
        whose = [reporter]
        if reporter is not None:
            whose += storage.people.given_up_for(tx.conn, reporter)
        same = digest in {_content(tx, payload, one, reference) for one in whose}
    else:
        before = storage.cases.by_old_reference(
            tx.conn, payload.channel, own["community"], payload.external_ref or ""
        )
        if before is None or (
            own["source"] != rules.requests.DESK and before.reporter_id != tx.actor.id
        ):
            return None
        first = before
        vault = storage.vault(tx)
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

    All speak for themselves. A person who takes requests in may write for a person of the own
    area, at a place of that area; so nobody's name is learned, and nobody is made to complain, from
    afar.
    """
    named = payload.reporter_id
    if tx.actor.role not in rules.requests.NAMERS:
        if named not in {None, tx.actor.id}:
            raise RoleDenied(role=tx.actor.role, field="reporter_id")
        return tx.actor.id
    if named is not None and named != tx.actor.id:
        require_serving(tx)
        require_reporter(tx, named, payload.grid)
    return named


def require_reporter(tx: Tx, person_id: str, grid: str, *, field: str = "reporter_id") -> None:
    """Refuse to write for somebody who is not registered, or whom the caller does not serve.

    Raises:
        UnknownPerson: The person is not registered, or lives outside the caller's scope.
        RoleDenied: The place is outside the caller's scope.
    """
    tx.require_scope(grid)
    person = require_active(tx, person_id, field=field)
    # Who lives in no grid (a cadre, a policeman) is nobody's resident. Whether somebody is
    # registered elsewhere is not told to who serves here.
    if not tx.actor.covers(person.grid or grid):
        raise UnknownPerson(field=field, person_id=person_id)


def _found_by(tx: Tx, payload: NewRequest, reporter: str | None) -> str | None:
    """Return the steward who found the matter: who reports it unasked."""
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


def project_of(
    tx: Tx, serving: Sequence[Row], grid: str, building: str | None, named: str | None
) -> str | None:
    """Return whose project a request is about: the named one, or that of its place.

    Raises:
        ProjectNotOfGrid: The named one serves other grids.
    """
    if named is None:
        found = storage.ground.of_building(serving, building)
        return found[0] if len(found) == 1 else None
    # One of which we have not heard is taken on trust: property may be behind.
    if named not in storage.ground.of_building(serving) and storage.ground.project_is_known(
        tx.conn, named
    ):
        raise ProjectNotOfGrid(project_id=named, grid=grid, field="project_id")
    return named


def _new(
    tx: Tx,
    payload: NewRequest,
    reporter: str | None,
    own: dict[str, str] | None,
    *,
    request_id: str,
    project_id: str | None,
    topic_id: str | None,
    standard_id: str | None = None,
) -> Row:
    """Return what a new request is, before anybody has it."""
    standard_id = standard_id or storage.standards.in_force(tx.conn, tx.now)
    standard = storage.standards.standard(tx.conn, standard_id)
    part = payload.subcategory
    priority = payload.priority or standard.known(payload.category, part).priority
    clock = rules.requests.clock_of(payload.kind, priority)
    terms = standard.terms(payload.category, clock, part)
    resolve = terms.due_resolve(tx.now, tx.calendar)
    return records.unsaved(
        records.values_from(
            payload,
            tables.requests,
            request_id=request_id,
            # Where the release before kept it; now it is `reference`.
            external_ref=None,
            reference=_shown(payload, own),
            recorded_by=tx.actor.id,
            priority=priority,
            clock=clock,
            area=payload.grid[:12],
            project_id=project_id,
            topic_id=topic_id,
            reporter_id=reporter,
            found_by=_found_by(tx, payload, reporter),
            text=storage.vault(tx).seal(payload.text, f"{request_id}.text", reporter),
            span_s=int((resolve - tx.now).total_seconds()),
            occurred_at=payload.occurred_at or tx.now,
            created_at=tx.now,
            standard_id=standard_id,
            due_contact=terms.due_contact(tx.now, tx.calendar),
            due_resolve=resolve,
            tried=[],
            returns=0,
            reopens=0,
            transfers=0,
            urged=0,
            level=0,
            extended=False,
            late=False,
        )
    )


def require_new_reporter(tx: Tx, row: Row, person_id: str) -> None:
    """Refuse to say of a request that it is somebody else's, where that may not be.

    Raises:
        RatedAlready: It was rated in the name of who was thought to have reported it.
        ReporterKnown: A steward found it.
        UnknownPerson: The person is not registered, or lives elsewhere.
        InChain: The person, or the caller, takes part in the case.
        ConflictOfInterest: The caller is of that person's household.
    """
    if row.stars is not None:
        raise RatedAlready(field="reporter_id")
    if row.found_by is not None:
        raise ReporterKnown
    require_impartial(tx, row, reporter=person_id, not_by="chain")
    require_reporter(tx, person_id, row.grid)
    require_outside_chain(tx, row)
    _require_no_part(tx, row, person_id, field="reporter_id")


def _require_no_part(tx: Tx, row: Row, person_id: str, *, field: str) -> None:
    """Refuse to name as its reporter who takes part in a case, or is of the caller's household.

    Raises:
        InChain: The person does, or is.
    """
    case = storage.cases.root(tx.conn, row)
    own = kinship.own(tx, person_id)
    if tx.actor.id in own:
        raise InChain(field=field)
    for one in {row.request_id: row, case.request_id: case}.values():
        if own & handlers_of(tx, one):
            raise InChain(field=field)


def attach_reporter(tx: Tx, payload: AttachReporter) -> RequestReply:
    """登记诉求人 / Say whose it is.

    Say whose request it is that came without a name; from then on it is that person's.

    Raises:
        ReporterKnown: It has a reporter, or a steward found it.
        UnknownPerson: The person is not registered.
        RoleDenied: The person lives elsewhere.
        InChain: The person, or the caller, takes part in the case.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    require_impartial(tx, row, reporter=payload.person_id, not_by="chain")
    tx.check_version(row.version)
    if row.reporter_id is not None or row.found_by is not None:
        raise ReporterKnown
    require_reporter(tx, payload.person_id, row.grid, field="person_id")
    require_outside_chain(tx, row)
    _require_no_part(tx, row, payload.person_id, field="person_id")
    detail = {"reason": payload.reason}
    row = change(tx, row, "attach", row.state, detail, reporter_id=payload.person_id)
    publish_corrected(tx, row)
    return reply(row)
