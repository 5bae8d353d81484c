"""Step 2 of 135: topics are analysed, and adopted or turned down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.record import (
    aside,
    escalate,
    judged_topic,
    move,
    require_not_own,
    tell,
    topic_locked,
)
from fivered.services.forum.actions.topics import WhichTopic
from fivered.services.forum.fields import Level


class AdoptTopic(Request, frozen=True):
    """研判采纳 / The analysis, published with its finding."""

    topic_id: str
    owners_matter: Annotated[bool, Meta(description="是否业主共同决定事项 / Civil Code art. 278")]
    level: Annotated[Level, Meta(description="研判后的层级 / level after analysis")] | None = None
    urgency: Literal["NORMAL", "URGENT"] = "NORMAL"
    finding: Annotated[str, Meta(min_length=1, max_length=2000, description="研判意见"), PUBLIC] = (
        rules.DEFAULT_FINDING
    )


class RejectTopic(Request, frozen=True):
    """不予采纳 / Reject for a stated reason."""

    topic_id: str
    reason: Literal["ILLEGAL", "NOT_PUBLIC", "IN_LITIGATION", "ABUSIVE", "ALREADY_DECIDED"]
    note: Annotated[str, Meta(max_length=500), PUBLIC] = ""


class RedirectTopic(Request, frozen=True):
    """转红色管家 / A matter of one household."""

    topic_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["单户漏水"]), PUBLIC]
    request_id: (
        Annotated[str, Meta(description="在红色管家登记的诉求 / request opened there")] | None
    ) = None


class MergeTopic(Request, frozen=True):
    """合并同类议题 / Merge into another topic."""

    topic_id: str
    into: Annotated[str, Meta(description="并入的议题 / topic that stays")]


class ReviewRejection(Request, frozen=True):
    """街道复核 / The street decides on a rejection."""

    topic_id: str
    outcome: Literal["UPHELD", "OVERTURNED"]
    reasons: Annotated[str, Meta(min_length=1, max_length=2000), PUBLIC]


def adopt_topic(tx: Tx, payload: AdoptTopic) -> replies.TopicDue:
    """研判采纳 / Analyse and adopt.

    Adopt a topic: its analysis is published and a session must follow in 10 working days.

    By raising the level, the party committee of the community carries the matter itself.

    Raises:
        StateConflict: It is not waiting for analysis.
        OwnMatter: The caller, or somebody of the caller's household, has raised it.
        ScopeMismatch: The areas do not fit the level.
    """
    topic = judged_topic(tx, payload.topic_id, "COLLECTED")
    level = payload.level or topic.level
    scope = topic.scope
    if level != topic.level:
        # A matter that is raised concerns the whole unit; one that is lowered keeps its grids.
        raised = rules.LEVELS.index(level) > rules.LEVELS.index(topic.level)
        unit = topic.area[:9] if level == rules.STREET else topic.area
        scope = [unit] if raised else scope
        rules.check_scope(level, scope, records.present(tx.conn, storage.tables.areas, scope))
    session_due = tx.calendar.due(tx.now, rules.SESSION_WD)
    records.add(
        tx.conn,
        storage.tables.analyses,
        **records.values_from(
            payload,
            storage.tables.analyses,
            round=topic.round,
            level=level,
            decided_by=tx.actor.id,
            decided_at=tx.now,
        ),
    )
    first = topic.adopted_at is None
    row = move(
        tx,
        topic,
        "ADOPTED",
        "adopt",
        level=level,
        scope=scope,
        owners_matter=payload.owners_matter,
        adopted_at=tx.now if first else topic.adopted_at,
        session_due=session_due,
    )
    tx.disarm("topic_screen", payload.topic_id)
    tx.arm("topic_session", payload.topic_id, session_due)
    if first:
        tx.publish(
            events.TopicAdopted(
                topic_id=payload.topic_id,
                community=row.area,
                proposer=row.proposer,
                level=level,
                owners_matter=payload.owners_matter,
            ),
            subject=payload.topic_id,
            scope=row.area,
            sequence=row.version,
        )
    return replies.TopicDue.of(row, id=row.topic_id, due=session_due)


def reject_topic(tx: Tx, payload: RejectTopic) -> replies.TopicDone:
    """不予采纳 / Reject.

    Reject a topic for a stated reason; the proposer may ask the street once. What is abusive
    is hidden from all but staff and the proposer.

    Raises:
        StateConflict: It is not waiting for analysis.
        OwnMatter: The caller, or somebody of the caller's household, has raised it.
        StreetDecided: The street has found that this reason does not hold.
    """
    topic = judged_topic(tx, payload.topic_id, "COLLECTED")
    overturned = topic.appeal == "OVERTURNED"
    if overturned and topic.reason == payload.reason:
        raise errors.StreetDecided(field="reason")
    tx.disarm("topic_screen", payload.topic_id)
    abusive = payload.reason == "ABUSIVE"
    row = move(
        tx,
        topic,
        "REJECTED",
        "reject",
        detail={"reason": payload.reason},
        reason=payload.reason,
        note=payload.note,
        hidden_at=tx.now if abusive else topic.hidden_at,
        hidden_reason=payload.note if abusive else topic.hidden_reason,
        # Another reason is another decision: the street may be asked about it too.
        appeal=None if overturned else topic.appeal,
        appeal_reasons=None if overturned else topic.appeal_reasons,
    )
    return replies.TopicDone.of(row, id=row.topic_id)


def redirect_topic(tx: Tx, payload: RedirectTopic) -> replies.TopicDone:
    """转红色管家 / Redirect to the stewards.

    Send a matter of one household to the stewards, who register it in the proposer's name and
    tell its number; one that is registered already is named, and looked up there: where it is not
    the proposer's, they register one for the proposer.

    Raises:
        StateConflict: It is not waiting for analysis.
    """
    topic = judged_topic(tx, payload.topic_id, "COLLECTED")
    tx.disarm("topic_screen", payload.topic_id)
    known = payload.request_id is not None
    request = records.find(tx.conn, storage.tables.requests, payload.request_id or "")
    number = request.number if request is not None else None
    code = "TOPIC_REDIRECTED"
    if known:
        code = "TOPIC_REDIRECTED_KNOWN" if number else "TOPIC_REDIRECTED_OWN"
    row = move(
        tx,
        topic,
        "REDIRECTED",
        "redirect",
        # The number is the proposer's; who signed is not told of it.
        code=(code, "TOPIC_REDIRECTED_SIGNED"),
        told={"request": number} if number else None,
        detail={"request_id": payload.request_id},
        note=payload.reason,
        request_id=payload.request_id,
    )
    if not known:
        tx.arm("topic_redirect", payload.topic_id, tx.calendar.due(tx.now, rules.REDIRECT_WD))
    said = {
        "topic_id": payload.topic_id,
        "community": row.area,
        "grid": row.grid,
        "proposer": row.proposer,
        "title": row.title,
        "text": row.description,
        "category": row.category,
    }
    tx.publish(
        events.TopicRequestNamed(**said, request_id=payload.request_id)
        if known
        else events.TopicRedirected(**said),
        subject=payload.topic_id,
        scope=row.area,
        sequence=row.version,
    )
    return replies.TopicDone.of(row, id=row.topic_id)


def consume_request(tx: Tx, topic_id: str, request_id: str, number: str) -> None:
    """Tell the proposer of a redirected topic under which number the stewards keep it."""
    topic = records.find(tx.conn, storage.tables.topics, topic_id, lock=True)
    # One that a cadre named has no number yet; the stewards' word counts.
    if topic is None or topic.state != "REDIRECTED" or topic.request_number is not None:
        return
    row = records.change(
        tx,
        storage.tables.topics,
        topic,
        step="request_registered",
        note={"request_id": request_id},
        request_id=request_id,
        request_number=number,
    )
    tx.disarm("topic_redirect", topic_id)
    tell(tx, "TOPIC_REQUEST", row.topic_id, [row.proposer], ref=request_id, request=number)


def merge_topic(tx: Tx, payload: MergeTopic) -> replies.TopicDone:
    """合并议题 / Merge.

    Merge a topic into another on the same subject; its people sign the other one.

    Raises:
        MergeTarget: The other is the same, has ended or lies elsewhere.
        StateConflict: The topic is not waiting for analysis.
        OwnMatter: The caller, or somebody of the caller's household, has raised one of the two.
    """
    locked = storage.topics.topics_locked(tx.conn, {payload.topic_id, payload.into})
    into = locked.get(payload.into)
    topic = judged_topic(tx, payload.topic_id, "COLLECTED")
    if (
        into is None
        or payload.into == payload.topic_id
        or into.area != topic.area
        or into.state in rules.ENDED
    ):
        raise errors.MergeTarget(into=payload.into, field="into")
    require_not_own(tx, [into])
    carried = [row.person_id for row in storage.topics.cosigners_of(tx.conn, [payload.topic_id])]
    people = [p for p in [topic.proposer, *carried] if p != into.proposer]
    storage.topics.sign(tx.conn, payload.into, people, tx.now)
    aside(tx, storage.tables.topics, into, "absorb", merged=payload.topic_id)
    tx.disarm("topic_screen", payload.topic_id)
    row = move(
        tx, topic, "MERGED", "merge", detail={"into": payload.into}, merged_into=payload.into
    )
    return replies.TopicDone.of(row, id=row.topic_id)


def appeal_topic(tx: Tx, payload: WhichTopic) -> replies.Reviewed:
    """申请街道复核 / Ask the street to review a rejection.

    Raises:
        NotFound: There is none, or the caller did not propose it.
        StateConflict: It was not rejected.
        AppealUsed: The street was asked before.
    """
    topic = topic_locked(tx, payload.topic_id)
    if topic.proposer != tx.actor.id:
        raise NotFound(kind="topic", id=payload.topic_id)
    records.require_state(topic, "REJECTED")
    if topic.appeal is not None:
        raise errors.AppealUsed
    row = records.change(tx, storage.tables.topics, topic, step="appeal", appeal="ASKED")
    tx.arm("topic_appeal", payload.topic_id, tx.calendar.due(tx.now, rules.REVIEW_WD))
    return replies.Reviewed.of(row, id=row.topic_id, appeal="ASKED")


def review_topic(tx: Tx, payload: ReviewRejection) -> replies.Reviewed:
    """街道复核 / Decide on a rejection.

    Decide on a rejection as the street: it stands, or the topic is analysed again.

    Raises:
        StateConflict: Nobody has asked.
        OwnMatter: The caller, or somebody of the caller's household, has raised it.
        SamePerson: The caller rejected it, in another office.
    """
    topic = judged_topic(tx, payload.topic_id, "REJECTED")
    if topic.appeal != "ASKED":
        raise StateConflict(state=f"{topic.state}/{topic.appeal}")
    if tx.actor.id in storage.tasks.actors_of(tx.conn, payload.topic_id, "reject"):
        raise errors.SamePerson
    detail = {"outcome": payload.outcome, "reasons": payload.reasons}
    code = f"TOPIC_REVIEW_{payload.outcome}"
    told = {"reasons": payload.reasons}
    found = {"appeal": payload.outcome, "appeal_reasons": payload.reasons}
    if payload.outcome == "UPHELD":
        row = move(tx, topic, "REJECTED", "review", code=code, detail=detail, told=told, **found)
        return replies.Reviewed.of(row, id=row.topic_id, appeal="UPHELD")
    shown = {"hidden_at": None, "hidden_reason": None}
    row = open_screening(tx, topic, "review", code=code, detail=detail, told=told, **found, **shown)
    return replies.Reviewed.of(row, id=row.topic_id, appeal="OVERTURNED", due=row.screen_due)


def open_screening(
    tx: Tx,
    topic: Row,
    action: str,
    *,
    code: str,
    detail: Mapping[str, object],
    told: Mapping[str, str] | None = None,
    **values: object,
) -> Row:
    """Bring a topic back to its analysis, with a fresh term for it; the arguments are `move`'s."""
    due = tx.calendar.due(tx.now, rules.SCREEN_WD)
    tx.arm("topic_screen", topic.topic_id, due)
    return move(
        tx,
        topic,
        "COLLECTED",
        action,
        code=code,
        detail=detail,
        told=told,
        screen_due=due,
        **values,
    )


# States in which each deadline of a topic is missed, and the working days until it is asked again.
_WAITING = {
    "topic_screen": (("COLLECTED",), rules.SCREEN_WD),
    "topic_session": (("ADOPTED", "SCHEDULED"), rules.SESSION_WD),
    "topic_appeal": (("REJECTED",), rules.REVIEW_WD),
    "topic_redirect": (("REDIRECTED",), rules.REDIRECT_WD),
    "session_held": (("DELIBERATING",), rules.HELD_WD),
    "opinion_draft": (("OPINION_DUE",), rules.OPINION_WD),
    "opinion_publicise": (("OPINION_DRAFTED",), rules.OPINION_WD),
    "task_assign": (("RESOLVED",), rules.TASKS_WD),
    "owners_vote": (("RESOLVED",), rules.OWNERS_WD),
    "topic_close": (("VERIFIED",), rules.CLOSE_WD),
}


def _answered(topic: Row, kind: str) -> bool:
    """Tell whether what a timer waited for has come though the state is the same."""
    if kind == "topic_appeal":
        return bool(topic.appeal != "ASKED")
    if kind == "topic_redirect":
        return topic.request_id is not None
    return kind == "owners_vote" and bool(topic.binding)


def miss_deadline(tx: Tx, due: Due) -> None:
    """Bring a topic whose deadline has passed before the next tier of the liaison chain.

    The state and the deadline stay: what was late remains late. While nobody acts, the matter
    climbs again after a term of the same length, and is brought up again and again at the top.
    """
    topic = records.find(tx.conn, storage.tables.topics, due.ref, lock=True)
    states, days = _WAITING[due.kind]
    if topic is None or topic.state not in states or _answered(topic, due.kind):
        return
    times = int(due.data.get("times", 0)) + 1
    escalate(
        tx,
        topic,
        deadline=due.kind,
        tier=rules.topic_tier(topic.escalated),
        level=min(topic.escalated + 1, len(rules.TOPIC_LADDER)),
    )
    records.update(tx.conn, storage.tables.topics, topic, escalated=topic.escalated + 1)
    wait = days if times < len(rules.TOPIC_LADDER) else max(days, rules.REPEAT_WD)
    tx.arm(due.kind, due.ref, tx.calendar.due(tx.now, wait), {"times": times})
