"""What can wait for somebody to act, each by the list in which it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.requests import Request
from fivered.chassis.typed import converted
from fivered.chassis.waiting import MOST, Waits, to
from fivered.services.forum import replies, storage
from fivered.services.forum.views import escalations, invitations, tasks, topics


def _topic(kind: str, text: str, state: str, act: str, due: str = "") -> Waits:
    def asked(tx: Tx) -> Request:
        return converted(
            {"scope": tx.actor.scope, "state": state, "limit": MOST}, topics.TopicsAsked
        )

    return Waits(
        kind, text, act=act, view=topics.topic_wall, asked=asked, since="created_at", due=due,
        shown="topic",
    )  # fmt: skip


def _tasks(state: str) -> Callable[[Tx], Request]:
    def asked(tx: Tx) -> Request:
        return converted({"scope": tx.actor.scope, "state": state, "limit": MOST}, tasks.TasksAsked)

    return asked


def _does(tx: Tx, item: replies.TaskCard) -> bool:
    """Tell whether the caller is of the responsible side, or of the place."""
    if item.responsible_kind == "PROJECT":
        return tx.actor.id in storage.heard.people_of_projects(tx.conn, [item.responsible_id])
    return tx.actor.covers(item.grid or item.area)


def _delivers(tx: Tx, item: replies.TaskCard) -> bool:
    # A project's work is delivered to property, which says so here.
    return item.responsible_kind != "PROJECT" and tx.actor.covers(item.grid or item.area)


def _judges_for_community(tx: Tx, item: replies.TaskCard) -> bool:
    return not item.cadre_accepted and tx.actor.covers(item.grid or item.area)


def _is_open(tx: Tx, session_id: str, topic_id: str) -> bool:
    row = storage.agenda.tally_of(tx.conn, session_id, topic_id)
    return row is not None and row.closed_at is None


def _votes(tx: Tx, item: replies.MyInvitation) -> bool:
    """Tell whether the caller sits in an open session and has not voted on all of it."""
    if item.session_state != "OPEN" or not item.voting or item.attended_at is None:
        return False
    return item.revoked_at is None and any(
        _is_open(tx, item.session_id, one.topic_id)
        and not storage.votes.has_voted(tx.conn, item.session_id, one.topic_id, tx.actor.id)
        for one in item.topics
    )


def _answers(_tx: Tx, item: replies.MyInvitation) -> bool:
    open_ = item.session_state == "SCHEDULED" and item.revoked_at is None
    return open_ and item.answer == "NONE"


WAITS = (
    _topic(
        "TOPIC_TO_SCREEN", "待研判的议题 / A topic to screen", "COLLECTED", "adopt_topic",
        "screen_due",
    ),
    replace(
        _topic(
            "APPEAL_TO_REVIEW", "待复核的不予采纳 / A rejection to review", "REJECTED",
            "review_topic",
        ),
        to=to(replies.TopicCard, lambda _tx, item: item.appeal == "ASKED"),
    ),
    _topic(
        "SESSION_TO_SCHEDULE", "待安排协商的议题 / A topic to deliberate in a session", "ADOPTED",
        "schedule_session", "session_due",
    ),
    _topic(
        "OPINION_TO_DRAFT", "待起草的协商意见 / An opinion to draft", "OPINION_DUE",
        "draft_opinion", "opinion_due",
    ),
    _topic(
        "OPINION_TO_PUBLICISE", "待公示的协商意见 / An opinion to publicise", "OPINION_DRAFTED",
        "publicise_opinion",
    ),
    _topic(
        "TASKS_TO_ASSIGN", "待分派任务的决议 / A resolution whose tasks are to be assigned",
        "RESOLVED", "assign_tasks", "tasks_due",
    ),
    _topic(
        "TOPIC_TO_CLOSE", "待销号的议题 / A topic whose work is verified, to close", "VERIFIED",
        "close_topic",
    ),
    Waits(
        "INVITATION_TO_ANSWER",
        "待答复的协商邀请 / An invitation to answer",
        act="answer_invitation", view=invitations.my_invitations, asked=PartOfList(limit=MOST),
        since="created_at", due="start", to=to(replies.MyInvitation, _answers),
    ),
    Waits(
        "VOTE_TO_CAST",
        "待投票的协商会 / A session in which to vote",
        act="vote", view=invitations.my_invitations, asked=PartOfList(limit=MOST),
        since="start", to=to(replies.MyInvitation, _votes), id="session_id",
    ),
    Waits(
        "TASK_TO_START",
        "待开始的任务 / A task to start",
        act="start_task", view=tasks.task_ledger, asked=_tasks("ASSIGNED"),
        since="created_at", due="due_at", to=to(replies.TaskCard, _does),
    ),
    Waits(
        "TASK_TO_DELIVER",
        "待交付的任务 / A task to deliver",
        act="deliver_task", view=tasks.task_ledger, asked=_tasks("DOING"),
        since="created_at", due="due_at", to=to(replies.TaskCard, _delivers),
    ),
    Waits(
        "TASK_TO_REWORK",
        "待返工的任务 / A task to do again",
        act="deliver_task", view=tasks.task_ledger, asked=_tasks("REWORK"),
        since="created_at", due="due_at", to=to(replies.TaskCard, _delivers),
    ),
    Waits(
        "TASK_TO_ACCEPT",
        "待社区验收的任务 / A task to accept for the community",
        act="accept_task", view=tasks.task_ledger, asked=_tasks("DELIVERED"),
        since="delivered_at", to=to(replies.TaskCard, _judges_for_community),
        roles=("R_CADRE", "R_SECRETARY"),
    ),
    Waits(
        "TASK_TO_JUDGE",
        "待监督员验收的任务 / A task that one watches, to accept",
        act="accept_task", view=tasks.task_ledger,
        asked=tasks.TasksAsked(state="DELIVERED", mine=True, limit=MOST),
        since="delivered_at",
        to=to(replies.TaskCard, lambda _tx, item: not item.supervisor_accepted),
        roles=("R_RESIDENT", "R_DEPUTY"),
    ),
    Waits(
        "ESCALATION_TO_ACKNOWLEDGE",
        "升级到本人、待签收的督办 / Something missed that came before one, to acknowledge",
        act="acknowledge_escalation", view=escalations.escalations,
        asked=escalations.EscalationsAsked(mine=True, state="OPEN", limit=MOST),
        since="created_at",
    ),
    Waits(
        "ESCALATION_TO_DECIDE",
        "升级到本人、待处理的督办 / Something missed that came before one, to decide",
        act="decide_escalation", view=escalations.escalations,
        asked=escalations.EscalationsAsked(mine=True, state="ACKNOWLEDGED", limit=MOST),
        since="created_at",
    ),
)  # fmt: skip
