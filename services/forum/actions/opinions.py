"""Step 4 of 135: the opinion, its public notice, objections, and the owners' vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import free_text, records
from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.chassis.typed import converted
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.agenda import return_to_session
from fivered.services.forum.actions.plans import PlannedTask, check_plan
from fivered.services.forum.actions.record import (
    escalate,
    led_topic,
    move,
    numbered,
    tell,
    topic_locked,
)
from fivered.services.forum.actions.standing import require_residents
from fivered.services.forum.actions.topics import WhichTopic

Count = Annotated[int, Meta(ge=0)]


class DraftOpinion(Request, frozen=True):
    """协商意见 / What was decided, on which grounds, and who thought otherwise; no names."""

    topic_id: str
    text: Annotated[str, Meta(min_length=1, max_length=10_000), PUBLIC]
    decision: Annotated[str, Meta(min_length=1, max_length=2000), PUBLIC]
    dissent: Annotated[str, Meta(max_length=2000), PUBLIC] = ""
    tasks: Annotated[list[PlannedTask], Meta(max_length=50)] = field(default_factory=list)


class ObjectToOpinion(Request, frozen=True):
    """提出异议 / A reasoned objection."""

    topic_id: str
    text: Annotated[str, Meta(min_length=1, max_length=2000), PUBLIC]
    directly_affected: Annotated[
        bool,
        Meta(
            description="本人主张,以登记住址或社区确认为准 / a claim; the registry or staff confirm"
        ),
    ] = False


class ConfirmObjection(Request, frozen=True):
    """确认直接利害关系 / How it is known that the objector is directly affected."""

    objection_id: str
    reason: Annotated[
        str, Meta(min_length=1, max_length=500, examples=["其车库出口正对拟划车位"]), PUBLIC
    ]


class ResolveObjection(Request, frozen=True):
    """处理异议 / Takes effect when community and street decide alike."""

    topic_id: str
    outcome: Literal["SUSTAINED", "DISMISSED"]
    reasons: Annotated[str, Meta(max_length=2000), PUBLIC]


class AnswerObjection(Request, frozen=True):
    """答复异议 / What is answered to one who did not stop the resolution."""

    objection_id: str
    outcome: Literal["TAKEN_UP", "NOT_TAKEN_UP"]
    reasons: Annotated[str, Meta(max_length=2000, examples=["绿地面积不变,车位避开花坛。"]), PUBLIC]


class RecordOwnersVote(Request, frozen=True):
    """业主大会表决结果;面积单位为 0.01 平方米 / Result of the owners' assembly."""

    topic_id: str
    area_eligible: Count
    area_participating: Count
    area_assenting: Count
    heads_eligible: Count
    heads_participating: Count
    heads_assenting: Count
    special: Annotated[bool, Meta(description="筹资、改建、经营性使用 / three quarters needed")] = (
        False
    )


_LEAST_REASONS = 10


def _planned_rows(tasks: list[PlannedTask]) -> list[dict[str, object]]:
    return [
        {
            "title": task.title,
            "responsible_kind": task.responsible_kind,
            "responsible_id": task.responsible_id,
            "due_date": task.due_date.isoformat() if task.due_date else None,
            "supervisors": task.supervisors,
            "budget_fen": task.budget_fen,
            "funding": task.funding,
        }
        for task in tasks
    ]


def _unheard_grids(tx: Tx, topic: Row) -> list[dict[str, object]]:
    """Return the affected grids from which no resident sat in the session."""
    scope = topic.scope
    grids = sorted(
        {code for code in scope if len(code) == 15}
        | {g for code in scope if len(code) < 15 for g in storage.heard.areas_in(tx.conn, code, 15)}
    )
    adults = storage.heard.adults_per_grid(tx.conn, grids)
    came = [
        row.person_id
        for row in storage.invitations.invitations_of(tx.conn, topic.session_id)
        if row.attended_at is not None and row.capacity in rules.RESIDENT_SIDE
    ]
    heard = {row.grid for row in storage.heard.residents_of(tx.conn, came).values()}
    return [
        {"warning": "GRID_NOT_PRESENT", "grid": grid, "adults": adults[grid]}
        for grid in grids
        if adults.get(grid) and grid not in heard
    ]


def draft_opinion(tx: Tx, payload: DraftOpinion) -> replies.Drafted:
    """起草协商意见 / Draft the opinion.

    Draft the opinion of a session, or draft it anew while it is not published.

    The draft carries a warning for every affected grid that nobody spoke for.

    Raises:
        StepLocked: The vote has not been closed.
        StateConflict: The topic is not waiting for its opinion.
        DueOutOfRange, ResponsibleUnknown: A planned task could not be carried out.
        SupervisorRequired, NotRegistered: A planned supervisor is no resident of the place.
        SupervisorBound, OwnSupervisor: One serves who does the task, or is the caller's own.
    """
    topic = led_topic(tx, payload.topic_id)
    tally = storage.agenda.tally_of(tx.conn, topic.session_id, payload.topic_id)
    voted = tally is not None and tally.passed
    rules.check_artefacts(
        4, {1: True, 2: storage.topics.analysis_of(tx.conn, topic) is not None, 3: voted}
    )
    records.require_state(topic, "OPINION_DUE", "OPINION_DRAFTED")
    check_plan(tx, topic, payload.tasks)
    if topic.opinion_id and topic.state == "OPINION_DRAFTED":
        old = records.known(tx.conn, storage.tables.opinions, topic.opinion_id, lock=True)
        records.update(tx.conn, storage.tables.opinions, old, state="WITHDRAWN")
    opinion_id = tx.new_id("opn")
    records.add(
        tx.conn,
        storage.tables.opinions,
        **records.values_from(
            payload,
            storage.tables.opinions,
            opinion_id=opinion_id,
            session_id=topic.session_id,
            planned=_planned_rows(payload.tasks),
            warnings=_unheard_grids(tx, topic),
            state="DRAFTED",
            area=topic.area,
            drafted_by=tx.actor.id,
            created_at=tx.now,
            version=1,
        ),
    )
    tx.disarm("opinion_draft", payload.topic_id)
    tx.arm("opinion_publicise", payload.topic_id, tx.calendar.due(tx.now, rules.OPINION_WD))
    row = move(
        tx,
        topic,
        "OPINION_DRAFTED",
        "draft_opinion",
        detail={"opinion_id": opinion_id},
        opinion_id=opinion_id,
    )
    return replies.Drafted.of(row, id=row.topic_id, opinion_id=opinion_id)


def _opinion(tx: Tx, topic: Row) -> Row:
    return records.known(tx.conn, storage.tables.opinions, topic.opinion_id, lock=True)


def publicise_opinion(tx: Tx, payload: WhichTopic) -> replies.Publicised:
    """公示协商意见 / Put the opinion on the board.

    Put the opinion on the community's board for three working days.

    Raises:
        NumberOfAPerson: It holds a telephone or identity number.
        StateConflict: There is no draft.
        DueOutOfRange, ResponsibleUnknown: A planned task cannot be carried out any more.
        SupervisorRequired, NotRegistered: A planned supervisor is no resident of the place.
        SupervisorBound, OwnSupervisor: One serves who does the task, or is the caller's own.
    """
    topic = led_topic(tx, payload.topic_id, "OPINION_DRAFTED")
    opinion = _opinion(tx, topic)
    texts = {
        "title": topic.title,
        "text": opinion.text,
        "decision": opinion.decision,
        "dissent": opinion.dissent,
        "tasks": "\n".join(task["title"] for task in opinion.planned),
    }
    # What was written before texts were checked at the door may hold one.
    free_text.check_texts(texts)
    check_plan(tx, topic, converted(opinion.planned, list[PlannedTask]))
    ends_at = tx.calendar.due(tx.now, rules.NOTICE_WD)
    # Credit's notices are GS-X: no two official papers of the district have one number.
    number = numbered(tx, "GS-Y", topic.area)
    records.update(
        tx.conn,
        storage.tables.opinions,
        opinion,
        state="PUBLICISED",
        notice_number=number,
        publicised_at=tx.now,
        ends_at=ends_at,
    )
    row = move(
        tx,
        topic,
        "PUBLICISED",
        "publicise",
        detail={"notice": number},
        publicised_at=tx.now,
        objected=False,
    )
    tx.arm("opinion_notice", payload.topic_id, ends_at, {"opinion_id": opinion.opinion_id})
    return replies.Publicised.of(
        row, id=row.topic_id, ends_at=ends_at, notice_id=opinion.opinion_id, notice_number=number
    )


def object_to_opinion(tx: Tx, payload: ObjectToOpinion) -> replies.Objected:
    """提出异议 / Object.

    Object to a published opinion. It stops the resolution when the objector is directly
    affected (the person says so and lives in the affected area, or staff confirm it), or when five
    residents of the area have objected. No event tells who objected.

    Raises:
        StateConflict: The opinion is not on the board.
        NoticeOver: The notice has ended.
        NotRegistered: The registry does not know the objector.
        UnderAge: The caller is no adult.
        ScopeMismatch: The caller lives in another community (of a street's matter: another street).
        AlreadyObjected: The caller has objected.
    """
    topic = topic_locked(tx, payload.topic_id)
    records.require_state(topic, "PUBLICISED")
    opinion = _opinion(tx, topic)
    if tx.now >= opinion.ends_at:
        raise errors.NoticeOver(ends_at=tx.calendar.minute(opinion.ends_at))
    near = topic.area[:9] if topic.level == rules.STREET else topic.area
    home = require_residents(tx, [tx.actor.id], [near])[tx.actor.id]
    # What objectors say of themselves counts where the registry says it too; else staff confirm it.
    affected = payload.directly_affected and rules.lives_in(home, topic.scope)
    objection_id = tx.new_id("obj")
    fresh = storage.opinions.object_to(
        tx.conn,
        objection_id=objection_id,
        topic_id=payload.topic_id,
        opinion_id=opinion.opinion_id,
        person_id=tx.actor.id,
        text=payload.text,
        directly_affected=affected,
        claimed=payload.directly_affected,
        concerned=rules.lives_in(home, rules.reach(topic)),
        state="NOTED",
        created_at=tx.now,
    )
    if not fresh:
        raise errors.AlreadyObjected
    answer_due = tx.calendar.due(tx.now, rules.ANSWER_WD)
    tx.arm("objection_answer", objection_id, answer_due, {"level": 1})
    topic, stands, counted = _weigh_objections(tx, topic, opinion, objection_id, alone=affected)
    return replies.Objected(
        id=objection_id,
        state="OPEN" if stands else "NOTED",
        version=1,
        topic_id=payload.topic_id,
        topic_version=topic.version,
        objectors=counted,
        due=answer_due,
    )


def _weigh_objections(
    tx: Tx, topic: Row, opinion: Row, objection_id: str, *, alone: bool
) -> tuple[Row, bool, int]:
    """Stop the resolution when an objector is directly affected, or five of the area object.

    Returns:
        The topic, whether the objection stands, and how many objections count.
    """
    raised = [
        row
        for row in storage.opinions.objections_of(tx.conn, opinion.opinion_id)
        if row.state in storage.opinions.RAISED and row.concerned is not False
    ]
    if len(raised) >= rules.OBJECTORS:
        storage.opinions.set_objections(
            tx.conn, opinion.opinion_id, storage.opinions.RAISED, "OPEN"
        )
    elif not alone:
        return topic, False, len(raised)
    else:
        storage.opinions.set_objection(tx.conn, objection_id, state="OPEN")
    # What was decided before this objection did not know it.
    storage.opinions.clear_decisions(tx.conn, opinion.opinion_id)
    row = move(
        tx,
        topic,
        "PUBLICISED",
        "object",
        code="TOPIC_OBJECTED",
        detail={"objection_id": objection_id},
        objected=True,
    )
    return row, True, len(raised)


def _objection_of_another(tx: Tx, objection_id: str, *states: str) -> tuple[Row, Row]:
    """Return a topic and an objection to it that is not the caller's, both locked.

    Args:
        tx: The transaction.
        objection_id: Which objection.
        states: In which the topic may be; any by default.

    Raises:
        NotFound: There is none that the caller sees.
        StateConflict: The topic is in another state.
        SamePerson: It is the caller's own.
        OwnMatter: It is of the caller's household.
    """
    row = records.find(tx.conn, storage.tables.objections, objection_id)
    if row is None:
        raise NotFound(kind="objection", id=objection_id)
    # The topic is locked first, as in every action on its opinion.
    topic = topic_locked(tx, row.topic_id)
    tx.require_sight(topic.area, kind="objection", id=objection_id)
    if states:
        records.require_state(topic, *states)
    row = records.known(tx.conn, storage.tables.objections, objection_id, lock=True)
    _require_others(tx, [row])
    return topic, row


def _require_others(tx: Tx, raised: Sequence[Row]) -> None:
    """Refuse who judges an objection of their own household.

    Raises:
        SamePerson: It is the caller's own.
        OwnMatter: It is of somebody who lives with the caller.
    """
    objectors = {row.person_id for row in raised}
    if tx.actor.id in objectors:
        raise errors.OwnObjection
    if storage.liaison.household_of(tx.conn, tx.actor.id) & objectors:
        raise errors.OwnMatter


def confirm_objection(tx: Tx, payload: ConfirmObjection) -> replies.Confirmed:
    """确认直接利害关系 / Confirm that the objector is directly affected.

    Confirm, as somebody who knows the place, that an objector is directly affected.

    Raises:
        NotFound: There is no such objection.
        SamePerson, OwnMatter: The caller confirms their own, or that of their household.
        StateConflict: It is decided, or the opinion is no longer on the board.
    """
    topic, row = _objection_of_another(tx, payload.objection_id, "PUBLICISED")
    if topic.opinion_id != row.opinion_id:
        raise StateConflict(state=row.state)
    records.require_state(row, "NOTED")
    storage.opinions.set_objection(tx.conn, payload.objection_id, directly_affected=True)
    opinion = _opinion(tx, topic)
    records.note(
        tx,
        storage.tables.topics,
        topic,
        step="confirm_affected",
        note={"objection_id": payload.objection_id, "reason": payload.reason},
    )
    topic, _stands, counted = _weigh_objections(
        tx, topic, opinion, payload.objection_id, alone=True
    )
    return replies.Confirmed.of(topic, id=payload.objection_id, state="OPEN", objectors=counted)


_SIDE_OF_ROLE = {"R_SECRETARY": "COMMUNITY", "R_STREET": "STREET", "R_STREET_LEAD": "STREET"}


def resolve_objection(tx: Tx, payload: ResolveObjection) -> replies.Resolved:
    """处理异议 / Decide on the objections.

    Decide on the objections as community or as street; two persons must decide alike.

    Sustained: the topic goes back for another session. Dismissed: the resolution stands when the
    notice has ended.

    Raises:
        NoOpenObjection: There is nothing to decide.
        ReasonsRequired: The reasons are too short.
        SamePerson: One person decides for both sides, or on their own objection.
        OwnMatter: Somebody of the caller's household has objected.
    """
    topic = led_topic(tx, payload.topic_id, "PUBLICISED")
    if not topic.objected:
        raise errors.NoOpenObjection
    _require_reasons(payload.reasons)
    opinion = _opinion(tx, topic)
    raised = storage.opinions.objections_of(tx.conn, opinion.opinion_id)
    _require_others(tx, raised)
    side = _SIDE_OF_ROLE[tx.actor.role]
    others = storage.opinions.decisions_of(tx.conn, opinion.opinion_id)
    if any(row.person_id == tx.actor.id for s, row in others.items() if s != side):
        raise errors.SamePerson
    decisions = storage.opinions.decide_objection(
        tx.conn,
        opinion.opinion_id,
        side=side,
        person_id=tx.actor.id,
        outcome=payload.outcome,
        reasons=payload.reasons,
        decided_at=tx.now,
    )
    detail = {"side": side, "outcome": payload.outcome, "reasons": payload.reasons}
    if {row.outcome for row in decisions.values()} != {payload.outcome} or len(decisions) < 2:
        row = records.change(tx, storage.tables.topics, topic, step="decide_objection", note=detail)
        return replies.Resolved.of(row, id=row.topic_id, objection="UNDECIDED")
    reasons = "；".join(dict.fromkeys(decisions[side].reasons for side in sorted(decisions)))
    storage.opinions.set_objections(
        tx.conn,
        opinion.opinion_id,
        storage.opinions.UNDECIDED,
        payload.outcome,
        outcome=payload.outcome,
        reasons=reasons,
        decided_at=tx.now,
    )
    _tell_objectors(
        tx,
        topic,
        [row for row in raised if row.state in storage.opinions.UNDECIDED],
        payload.outcome,
        reasons,
    )
    if payload.outcome == "SUSTAINED":
        records.update(tx.conn, storage.tables.opinions, opinion, state="WITHDRAWN")
        tx.disarm("opinion_notice", payload.topic_id)
        row = return_to_session(
            tx,
            topic,
            "objection_sustained",
            detail | {"reason": "OBJECTION"},
            opinion_id=None,
            objected=False,
        )
    else:
        row = records.change(
            tx,
            storage.tables.topics,
            topic,
            step="objection_dismissed",
            note=detail,
            objected=False,
        )
        if tx.now >= opinion.ends_at:
            row = _make_effective(tx, row, opinion)
    return replies.Resolved.of(row, id=row.topic_id, objection=payload.outcome)


def _require_reasons(reasons: str) -> None:
    if len(reasons.strip()) < _LEAST_REASONS:
        raise errors.ReasonsRequired(least=_LEAST_REASONS, field="reasons")


def _tell_objectors(tx: Tx, topic: Row, rows: Sequence[Row], outcome: str, reasons: str) -> None:
    """Tell each objector what became of the objection, and why; it waits before nobody now."""
    topic_id = topic.topic_id
    storage.escalations.settle_answered(
        tx.conn,
        tx.now,
        topic_id,
        [row.objection_id for row in rows],
        undecided=storage.opinions.has_undecided(tx.conn, topic_id),
    )
    for row in rows:
        tx.disarm("objection_answer", row.objection_id)
        tell(
            tx,
            f"OBJECTION_{outcome}",
            topic.topic_id,
            [row.person_id],
            ref=row.objection_id,
            reasons=reasons,
        )


def answer_objection(tx: Tx, payload: AnswerObjection) -> replies.ObjectionAnswered:
    """答复异议 / Answer one who objected.

    Answer somebody who objected without stopping the resolution, with reasons, whatever has
    become of the topic since.

    Raises:
        NotFound: There is no such objection.
        ReasonsRequired: The reasons are too short.
        SamePerson, OwnMatter: It is the caller's own, or of the caller's household.
        StateConflict: It is decided, or must be decided by community and street.
    """
    topic, row = _objection_of_another(tx, payload.objection_id)
    records.require_state(row, "NOTED")
    _require_reasons(payload.reasons)
    storage.opinions.set_objection(
        tx.conn,
        payload.objection_id,
        state="ANSWERED",
        outcome=payload.outcome,
        reasons=payload.reasons,
        decided_at=tx.now,
    )
    records.note(
        tx,
        storage.tables.topics,
        topic,
        step="answer_objection",
        note={"objection_id": payload.objection_id, "outcome": payload.outcome},
    )
    _tell_objectors(tx, topic, [row], "ANSWERED", payload.reasons)
    return replies.ObjectionAnswered.of(topic, id=payload.objection_id, state="ANSWERED", version=1)


def miss_answer(tx: Tx, due: Due) -> None:
    """Bring an objection that nobody answers before the street, then the district, and at the top
    again and again."""
    row = records.find(tx.conn, storage.tables.objections, due.ref)
    if row is None or row.state not in storage.opinions.UNDECIDED:
        return
    level = int(due.data.get("level", 1))
    topic = records.known(tx.conn, storage.tables.topics, row.topic_id)
    tier = rules.topic_tier(level - 1)
    escalate(tx, topic, deadline="objection_answer", tier=tier, level=level, objection=row)
    top = level >= len(rules.TOPIC_LADDER)
    wait = rules.REPEAT_WD if top else rules.ANSWER_WD
    following = {"level": level if top else level + 1}
    tx.arm("objection_answer", due.ref, tx.calendar.due(tx.now, wait), following)


def end_notice(tx: Tx, due: Due) -> None:
    """When the notice ends without an open objection, the resolution stands."""
    topic = records.find(tx.conn, storage.tables.topics, due.ref, lock=True)
    if (
        topic is None
        or topic.state != "PUBLICISED"
        or topic.opinion_id != due.data.get("opinion_id")
        or topic.objected
    ):
        return
    _make_effective(tx, topic, _opinion(tx, topic))


def _make_effective(tx: Tx, topic: Row, opinion: Row) -> Row:
    records.update(tx.conn, storage.tables.opinions, opinion, state="EFFECTIVE")
    binding = not topic.owners_matter
    tasks_due = tx.calendar.due(tx.now, rules.TASKS_WD) if binding else None
    row = move(
        tx,
        topic,
        "RESOLVED",
        "effective",
        detail={"binding": binding},
        binding=binding,
        resolved_at=tx.now,
        tasks_due=tasks_due,
    )
    if tasks_due is not None:
        tx.arm("task_assign", row.topic_id, tasks_due)
    else:
        tx.arm("owners_vote", row.topic_id, tx.calendar.due(tx.now, rules.OWNERS_WD))
    _publish_effective(tx, row)
    return row


def _publish_effective(tx: Tx, row: Row) -> None:
    tx.publish(
        events.ResolutionEffective(topic_id=row.topic_id, community=row.area, binding=row.binding),
        subject=row.topic_id,
        scope=row.area,
        sequence=row.version,
    )


def record_owners_vote(tx: Tx, payload: RecordOwnersVote) -> replies.OwnersVoted:
    """登记业主大会表决 / Record the owners' vote.

    Record what the owners' assembly decided on a recommendation (Civil Code art. 278).

    Raises:
        NoOwnersVote: The topic is no owners' matter, or the counts contradict each other.
        StateConflict: There is no recommendation waiting.
    """
    topic = led_topic(tx, payload.topic_id, "RESOLVED")
    if not topic.owners_matter:
        raise errors.NoOwnersVote(
            reason=said(
                "不属于业主共同决定的事项 / it is no matter for the owners to decide together"
            )
        )
    if topic.binding:
        raise StateConflict(state="RESOLVED/binding")
    area = rules.OwnersCount(
        payload.area_eligible, payload.area_participating, payload.area_assenting
    )
    heads = rules.OwnersCount(
        payload.heads_eligible, payload.heads_participating, payload.heads_assenting
    )
    won = rules.owners_passed(area, heads, special=payload.special)
    records.add(
        tx.conn,
        storage.tables.owners_votes,
        topic_id=payload.topic_id,
        round=topic.round,
        special=payload.special,
        counts={
            "area": [area.eligible, area.participating, area.assenting],
            "heads": [heads.eligible, heads.participating, heads.assenting],
        },
        passed=won,
        recorded_by=tx.actor.id,
        recorded_at=tx.now,
    )
    if not won:
        row = move(tx, topic, "FAILED", "owners_vote", detail={"passed": False}, failed_at=tx.now)
        return replies.OwnersVoted.of(row, id=row.topic_id, passed=False, binding=False)
    row = _bind(tx, topic)
    return replies.OwnersVoted.of(
        row, id=row.topic_id, passed=True, binding=True, due=row.tasks_due
    )


def _bind(tx: Tx, topic: Row, *, vote: str | None = None) -> Row:
    """Let a recommendation that the owners have agreed to bind."""
    tasks_due = tx.calendar.due(tx.now, rules.TASKS_WD)
    row = move(
        tx,
        topic,
        "RESOLVED",
        "owners_vote",
        detail={"passed": True} | ({"vote": vote} if vote else {}),
        binding=True,
        tasks_due=tasks_due,
    )
    tx.arm("task_assign", topic.topic_id, tasks_due)
    _publish_effective(tx, row)
    return row


def consume_owners_vote(tx: Tx, event: Event) -> None:
    """Take the result of the owners' vote that names a topic which waits for it; its figures are
    property's.

    One that failed may be repeated, so the topic goes on to wait; its deadline runs on.
    """
    data: events.OwnersVoteClosedHeard = event.data
    topic = None
    if data.topic_id is not None:
        topic = records.find(tx.conn, storage.tables.topics, data.topic_id, lock=True)
    if topic is None or topic.state != "RESOLVED" or not topic.owners_matter or topic.binding:
        return
    if data.passed:
        _bind(tx, topic, vote=event.subject)
    else:
        detail = {"passed": False, "vote": event.subject}
        move(tx, topic, "RESOLVED", "owners_vote", detail=detail)
