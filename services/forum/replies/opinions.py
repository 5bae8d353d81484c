"""Opinions, notices and objections."""

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.forum.replies.liaison import Done
from fivered.services.forum.replies.topics import Tally, TopicDone, TopicDue, Unheard


class Drafted(TopicDone, kw_only=True):
    """已起草 / The topic, and its opinion."""

    opinion_id: str


class Publicised(TopicDone, kw_only=True):
    """已公示 / The topic, its notice, and until when it is up."""

    ends_at: Instant
    notice_id: str
    notice_number: str


class Objected(Done, kw_only=True):
    """已提出异议 / The objection, the topic's version, and until when it is answered."""

    topic_id: str
    topic_version: int
    objectors: int
    due: Instant


class Confirmed(Done, kw_only=True):
    """已确认 / The objection; the version is the topic's."""

    topic_id: str
    objectors: int


class ObjectionAnswered(Done, kw_only=True):
    """已答复异议 / The objection and its topic."""

    topic_id: str


class Resolved(TopicDone, kw_only=True):
    """异议处理结果 / The topic, and what was decided; undecided until both sides agree."""

    objection: str


class OwnersVoted(TopicDue, kw_only=True):
    """业主大会表决 / Whether the owners adopted it."""

    passed: bool
    binding: bool


class ObjectionCard(Reply, kw_only=True):
    """异议 / An objection and what was decided; it names nobody."""

    id: str
    objection_id: str
    topic_id: str
    opinion_id: str
    text: str
    directly_affected: bool
    claimed: bool | None
    state: str
    outcome: str | None = None
    reasons: str | None = None
    decided_at: Instant | None
    created_at: Instant


class NoticeReply(Reply, kw_only=True):
    """协商意见公示 / A published opinion; it names nobody."""

    id: str
    kind: str = "OPINION"
    number: str
    scope: str
    topic_id: str
    topic_number: str
    title: str
    text: str
    decision: str
    dissent: str
    warnings: list[Unheard]
    owners_matter: bool
    tally: Tally | None
    state: str
    published_at: Instant
    ends_at: Instant
