"""Tasks, supervisions and ratings."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.forum.replies.liaison import Card, Done
from fivered.services.forum.replies.topics import (
    Analysis,
    Opinion,
    OwnersDecision,
    Poll,
    Step,
    Tally,
    TopicCard,
    TopicDone,
)
from fivered.services.forum.rules import TaskState


class NewTask(Done, kw_only=True):
    """新任务 / A task that was assigned, and its term."""

    due: Instant


class TasksAssigned(TopicDone, kw_only=True):
    """已下达 / The topic and its tasks."""

    tasks: list[NewTask]


class Progress(Done, kw_only=True):
    """进展 / How far the work is."""

    percent: int


class Accepted(Done, kw_only=True):
    """验收 / Which side has still to accept, or where the topic stands after the last."""

    waiting_for: str | UnsetType = UNSET
    topic_state: str | UnsetType = UNSET


class Reworked(Done, kw_only=True):
    """返工 / How often it was sent back."""

    reworks: int


class Extended(Done, kw_only=True):
    """已延期 / The new term."""

    due: Instant


class TaskEnded(Done, kw_only=True):
    """任务结束 / The task, and where its topic stands."""

    topic_state: str


class Reassigned(Done, kw_only=True):
    """已改派 / The task that ended, and the one in its place."""

    new_task: NewTask


class Reopened(Reassigned, kw_only=True):
    """重新办理 / The accepted task, the one in its place, and where the topic stands."""

    topic_state: str


class Supervised(Done, kw_only=True):
    """监督记录 / The record, and of which task."""

    task_id: str


class TopicClosed(TopicDone, kw_only=True):
    """已办结 / How many days it took, and how many tasks were accepted."""

    days: int
    tasks: int


class SupervisionCard(Card, kw_only=True):
    """监督记录 / What a supervisor found."""

    record_id: str
    task_id: str
    topic_id: str
    person_id: str
    kind: str
    finding: str
    media: list[object]
    created_at: Instant


class TaskCard(Reply, kw_only=True):
    """任务 / A task."""

    id: str
    task_id: str
    topic_id: str
    round: int
    title: str
    responsible_kind: str
    responsible_id: str
    due_at: Instant
    budget_fen: int | None
    funding: str | None
    area: str
    grid: str | None
    state: TaskState
    overdue_level: int
    reworks: int
    supervisions_missed: int
    percent: int
    evidence: list[object]
    work_id: str | None
    started_at: Instant | None
    delivered_at: Instant | None
    accepted_at: Instant | None
    replaces: str | None
    extensions: int | None
    created_at: Instant
    version: int
    overdue: bool
    supervisor_accepted: bool
    cadre_accepted: bool


class Supervisor(Reply, kw_only=True):
    """监督员 / Who watches a task."""

    person_id: str
    appointed_at: Instant


class Supervision(Reply, kw_only=True):
    """监督记录 / What was seen; it names nobody."""

    id: str
    kind: str
    at: Instant
    finding: str
    media: list[object]


class TaskReply(TaskCard, kw_only=True):
    """任务详情 / A task with its supervision."""

    supervisors: list[Supervisor]
    supervisions: list[Supervision]
    end_reason: (
        Annotated[str, Meta(description="取消、改派的原因 / why it is not to be done")] | None
    ) = None


class TopicReply(TopicCard, kw_only=True):
    """议题详情 / A topic with the five steps and the artefact of each."""

    cosigner_ids: (
        Annotated[list[str], Meta(description="仅本区域工作人员可见 / for staff of the area")]
        | UnsetType
    ) = UNSET
    steps: list[Step]
    analysis: Analysis | None = None
    tally: Tally | None = None
    opinion: Opinion | None = None
    tasks: list[TaskCard]
    files: Annotated[
        list[str], Meta(description="照片与附件的文件编号 / ids of its photos and papers")
    ]
    owners_decisions: Annotated[
        list[OwnersDecision],
        Meta(description="业主共同决定的结果,依次 / what the owners came to, in order"),
    ]
    poll: Poll
