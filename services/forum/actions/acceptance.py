"""Work that is accepted, or sent back."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.analyses import open_screening
from fivered.services.forum.actions.endings import publish_rework, settle, take_away
from fivered.services.forum.actions.judges import OFFICES, require_judge, topic_of
from fivered.services.forum.actions.record import (
    escalate,
    tell,
    topic_locked,
)
from fivered.services.forum.actions.supervisions import add_record
from fivered.services.forum.actions.tasks import (
    UNENDED,
    Finding,
    Media,
    acted,
    doers,
    require_responsible,
    task_locked,
)


class AcceptTask(Request, frozen=True):
    """验收 / One of the two acceptances."""

    task_id: str
    finding: Annotated[Finding, Meta(examples=["车位已施划,符合决议"])]
    media: Media = field(default_factory=list)


class ReworkTask(Request, frozen=True):
    """返工 / The reason stays here; the code travels to the responsible side."""

    task_id: str
    reason: Finding
    code: Literal["INCOMPLETE", "DEFECT", "NOT_AS_RESOLVED", "EVIDENCE_WEAK"] = "DEFECT"


def accept_task(tx: Tx, payload: AcceptTask) -> replies.Accepted:
    """验收 / Accept (supervisor and cadre, two calls).

    Accept delivered work as supervisor or as cadre; it is accepted when both have.

    Raises:
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: The caller holds a post in the responsible project.
        EvidenceRequired: Neither the delivery nor the acceptance shows anything.
        AlreadyAccepted: The caller's side has accepted.
        SamePerson: One person would accept for both sides.
    """
    topic_id = topic_of(tx, payload.task_id)
    # The topic is locked first, as everywhere: two last acceptances must not miss each other.
    topic = topic_locked(tx, topic_id)
    task = task_locked(tx, payload.task_id, require_judge, "DELIVERED")
    side = "CADRE" if tx.actor.role in OFFICES else "SUPERVISOR"
    if not task.evidence and not payload.media:
        raise errors.EvidenceRequired(field="media")
    mine, other = (
        ("supervisor_accepted", "cadre_accepted")
        if side == "SUPERVISOR"
        else ("cadre_accepted", "supervisor_accepted")
    )
    if getattr(task, mine) is not None:
        raise errors.AlreadyAccepted
    if getattr(task, other) == tx.actor.id:
        raise errors.SamePerson
    add_record(tx, task, "ACCEPT", payload.finding, payload.media)
    if getattr(task, other) is None:
        row = records.change(
            tx,
            storage.tables.tasks,
            task,
            step="accept",
            note={"side": side},
            **{mine: tx.actor.id},
        )
        return replies.Accepted.of(
            row, id=row.task_id, waiting_for="CADRE" if side == "SUPERVISOR" else "SUPERVISOR"
        )
    row = records.update(
        tx.conn,
        storage.tables.tasks,
        task,
        state="ACCEPTED",
        accepted_at=tx.now,
        **{mine: tx.actor.id},
    )
    tx.disarm("task_accept", payload.task_id)
    acted(tx, row)
    records.note(tx, storage.tables.tasks, row, step="accept", note={"side": side})
    tx.publish(
        fact_of(events.TaskAccepted, row),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )
    topic = settle(tx, topic)
    return replies.Accepted.of(row, id=row.task_id, topic_state=topic.state)


def rework_task(tx: Tx, payload: ReworkTask) -> replies.Reworked:
    """退回返工 / Send back.

    Send delivered work back. At the third time supervision has failed: the task is taken away
    and the topic returns to its analysis.

    Raises:
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: The caller holds a post in the responsible project.
        StateConflict: It is not delivered.
    """
    topic = topic_locked(tx, topic_of(tx, payload.task_id))
    task = task_locked(tx, payload.task_id, require_judge, "DELIVERED")
    add_record(tx, task, "REWORK", payload.reason, [])
    reworks = task.reworks + 1
    final = reworks >= rules.REWORKS and topic.state == "IMPLEMENTING"
    row = records.change(
        tx,
        storage.tables.tasks,
        task,
        step="rework",
        note={"reason": payload.reason, "code": payload.code},
        state="FAILED" if final else "REWORK",
        reworks=reworks,
        supervisor_accepted=None,
        cadre_accepted=None,
    )
    publish_rework(tx, row, payload.code, final=final)
    tx.disarm("task_accept", payload.task_id)
    acted(tx, row)
    if final:
        _return_to_analysis(tx, topic, row)
    else:
        tell(
            tx, "TASK_TO_REDO", row.topic_id, doers(tx, row), ref=row.task_id, title=row.title,
        )  # fmt: skip
        tx.arm("supervision_gap", payload.task_id, tx.now + rules.SUPERVISION_EVERY)
        level = max(row.overdue_level + 1, 1)
        at = rules.next_overdue(tx.calendar, row.due_at, level - 1)
        if at is not None:
            # Work that comes back after its term is overdue at once; the timer acts at its time.
            tx.arm("task_due", payload.task_id, max(at, tx.now), {"level": level})
        else:
            # It stood before the top already, and is brought up there again.
            again = {"level": row.overdue_level, "again": True}
            tx.arm("task_due", payload.task_id, tx.calendar.due(tx.now, rules.REPEAT_WD), again)
        require_responsible(tx, row)
    return replies.Reworked.of(row, id=row.task_id, reworks=reworks)


def _return_to_analysis(tx: Tx, topic: Row, failed: Row) -> None:
    """Take away what is still open of this round and analyse the topic again."""
    for task in storage.tasks.tasks_of(tx.conn, topic.topic_id, round_=topic.round):
        if task.task_id != failed.task_id and task.state in UNENDED:
            take_away(tx, task, "FAILED", "taken_away", "TOPIC_RETURNED")
    open_screening(
        tx,
        topic,
        "supervision_failed",
        code="TOPIC_RETURNED",
        detail={"task_id": failed.task_id},
        round=topic.round + 1,
        session_id=None,
        opinion_id=None,
        binding=None,
        adjournments=0,
    )


def miss_acceptance(tx: Tx, due: Due) -> None:
    """Bring delivered work that nobody accepts or sends back before the next tier, and at the top
    again and again."""
    task = records.find(tx.conn, storage.tables.tasks, due.ref, lock=True)
    if task is None or task.state != "DELIVERED":
        return
    level = int(due.data.get("level", 1))
    topic = records.known(tx.conn, storage.tables.topics, task.topic_id)
    tier = rules.TASK_LADDER[level - 1]
    escalate(tx, topic, deadline="task_accept", tier=tier, level=level, task=task)
    top = level >= len(rules.TASK_LADDER)
    wait = rules.REPEAT_WD if top else rules.ACCEPT_WD
    following = {"level": level if top else level + 1}
    tx.arm("task_accept", due.ref, tx.calendar.due(tx.now, wait), following)
