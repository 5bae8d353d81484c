"""Step 1 of 135: collecting topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import PersonId
from fivered.chassis.files import FileId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.forum import errors, replies, rules, storage
from fivered.services.forum.actions.record import (
    aside,
    judged_topic,
    numbered,
    tell,
    topic_locked,
)
from fivered.services.forum.actions.standing import check_capacities, require_residents
from fivered.services.forum.fields import Level, Way

AreaCode = Annotated[str, Meta(pattern=r"^[0-9]{9}([0-9]{3}){0,2}$")]


Category = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]


class SubmitTopic(Request, frozen=True):
    """提出议题 / A matter that people want to talk about."""

    title: Annotated[
        str, Meta(min_length=2, max_length=50, examples=["小院停车与消防通道"]), PUBLIC
    ]
    description: Annotated[
        str, Meta(min_length=1, max_length=2000, examples=["消防通道常被占用。"]), PUBLIC
    ]
    way: Annotated[Way, Meta(description="途径 / way")]
    category: Annotated[Category, Meta(examples=["PARKING"])]
    level: Annotated[Level, Meta(description="层级 / level", examples=["GRID"])]
    scope: Annotated[
        list[AreaCode],
        UNIQUE,
        Meta(
            min_length=1,
            max_length=50,
            description="涉及区域代码 / affected areas",
            examples=[["370811015901001"]],
        ),
    ]
    proposer_id: (
        Annotated[PersonId, Meta(description="代录时的提出人 / for whom it is entered")] | None
    ) = None
    cosigners: Annotated[
        list[PersonId],
        UNIQUE,
        Meta(
            max_length=200,
            description="纸质联署,仅代录人员可填 / signatures on paper, entered by intake roles",
        ),
    ] = field(default_factory=list)
    source_request: (
        Annotated[
            str,
            Meta(
                pattern=r"^req_[A-Za-z0-9_-]{1,60}$",
                description="来源诉求 / request that it came from",
            ),
        ]
        | None
    ) = None
    resubmits: (
        Annotated[str, Meta(description="未通过的原议题 / failed topic raised again")] | None
    ) = None
    new_facts: Annotated[str, Meta(max_length=2000, description="新事实 / new facts"), PUBLIC] = ""
    media: Annotated[
        list[FileId],
        UNIQUE,
        Meta(max_length=9, description="照片与附件 / photos and papers (POST /v1/files)"),
    ] = field(default_factory=list)


class WhichTopic(Request, frozen=True):
    """Which topic is meant."""

    topic_id: str


class EditTopic(Request, frozen=True):
    """修改议题 / What is left out stays."""

    topic_id: str
    title: Annotated[str, Meta(min_length=2, max_length=50), PUBLIC] | None = None
    description: Annotated[str, Meta(min_length=1, max_length=2000), PUBLIC] | None = None
    category: Category | None = None
    new_facts: Annotated[str, Meta(max_length=2000), PUBLIC] | None = None


class HideTopic(Request, frozen=True):
    """隐藏议题内容 / Hidden from all but staff and the proposer."""

    topic_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["含他人隐私"]), PUBLIC]
    hidden: Annotated[bool, Meta(description="false 为恢复显示 / false shows it again")] = True


def _proposer(tx: Tx, payload: SubmitTopic) -> tuple[str, str]:
    """Return who proposes, and as what."""
    if payload.proposer_id in {None, tx.actor.id}:
        return tx.actor.id, rules.KIND_OF_ROLE[tx.actor.role]
    if tx.actor.role not in rules.INTAKE_ROLES:
        raise NotFound(kind="resident", id=payload.proposer_id)
    return str(payload.proposer_id), "RESIDENT"


@dataclass(frozen=True, slots=True)
class _Raised:
    """Where a topic that is being raised has its residents."""

    level: str
    scope: Sequence[str]
    area: str


def _check_people(
    tx: Tx, payload: SubmitTopic, proposer: str, kind: str, signed: list[str]
) -> None:
    """Refuse a proposer or signers whom the registry or their office does not place here.

    Only adults raise and sign a matter: who raises it speaks for it in the session.
    """
    unit = payload.scope[0][: 9 if payload.level == rules.STREET else 12]
    near = list(payload.scope) if payload.level == rules.GRID else [unit]
    if kind == "RESIDENT":
        require_residents(tx, [proposer], near, field="proposer_id")
    elif kind == "OWNERS":
        topic = _Raised(payload.level, payload.scope, unit)
        check_capacities(tx, {"OWNERS_COMMITTEE": [proposer]}, topics=[topic])
    elif kind == "DEPUTY" and not storage.heard.deputies_of(tx.conn, [proposer], unit[:9], tx.now):
        raise errors.CapacityUnproved(person_id=proposer, capacity="DEPUTY")
    require_residents(tx, signed, near, field="cosigners")
    if tx.actor.role != "R_RESIDENT":
        for code in payload.scope:
            # A grid worker may bring in a matter of the community that the grid is part of.
            if not tx.actor.scope.startswith(code):
                tx.require_scope(code)


def _host_community(tx: Tx, payload: SubmitTopic, home: str | None) -> str:
    """Return the community that leads the procedure: that of the scope; for a matter of the
    street, the proposer's own, else the first of the scope or of the street."""
    first = payload.scope[0]
    if payload.level != rules.STREET:
        return first[:12]
    if home and home.startswith(first[:9]):
        return home
    named = next((code[:12] for code in payload.scope if len(code) >= 12), None)
    host = named or storage.heard.first_community(tx.conn, first[:9])
    if host is None:
        raise errors.ScopeMismatch(scope=first, field="scope")
    return host


def _check_resubmission(tx: Tx, payload: SubmitTopic) -> None:
    if payload.resubmits is None:
        return
    before = records.find(tx.conn, storage.tables.topics, payload.resubmits)
    if before is None:
        raise NotFound(kind="topic", id=payload.resubmits)
    records.require_state(before, "FAILED")
    after = before.failed_at + rules.REST
    if tx.now < after and not payload.new_facts.strip():
        raise errors.ResubmitTooSoon(after=f"{tx.calendar.local(after):%Y-%m-%d}")


def _check_source(tx: Tx, request_id: str | None) -> None:
    if request_id and not records.present(tx.conn, storage.tables.requests, [request_id]):
        raise errors.NotHeardOf(kind="request", id=request_id, field="source_request")


def _check_way(tx: Tx, payload: SubmitTopic) -> None:
    """Refuse a way by which the topic did not come: who takes it in says how it came."""
    if payload.way != "ONLINE" and tx.actor.role not in rules.INTAKE_ROLES:
        raise Invalid(
            field="way",
            reason=said(
                "本人提出的途径为 ONLINE,上门和热线由受理人员代录时填写"
                " / what one raises oneself comes ONLINE; DOORSTEP and HOTLINE are said by the "
                "official who enters it for another"
            ),
        )


def submit_topic(tx: Tx, payload: SubmitTopic) -> replies.TopicDue:
    """提出议题 / Raise a topic.

    Collect a topic; the community has three working days to analyse it.

    Raises:
        ScopeMismatch: The areas do not fit the level, are unknown, or are not the proposer's.
        CosignersNeeded: Too few carry a matter above the grid.
        NotRegistered: The registry does not know the proposer or a signer.
        UnderAge: The proposer or a signer is no adult.
        CapacityUnproved: A deputy, or an owners' committee, is not in office here.
        ResubmitTooSoon: It failed less than 90 days ago and there are no new facts.
        NotFound: A resident speaks for somebody else, or the earlier topic, or the request that it
            came from, does not exist.
        Invalid: A resident names others who would sign, or another way than ONLINE.
    """
    _check_way(tx, payload)
    proposer, kind = _proposer(tx, payload)
    rules.check_scope(
        payload.level, payload.scope, records.present(tx.conn, storage.tables.areas, payload.scope)
    )
    named = [person for person in dict.fromkeys(payload.cosigners) if person != proposer]
    # Nobody signs for another, but a signature on paper may be entered by who has seen it.
    signed = named if tx.actor.role in rules.INTAKE_ROLES else []
    rules.check_cosigners(payload.level, kind, len(signed))
    if named != signed:
        raise Invalid(
            field="cosigners",
            reason=said(
                "联署由本人办理,或由受理人员凭签名录入"
                " / people sign for themselves, or an official who has seen their signature enters "
                "it"
            ),
        )
    _check_people(tx, payload, proposer, kind, signed)
    home = storage.heard.residents_of(tx.conn, [proposer]).get(proposer)
    _check_resubmission(tx, payload)
    _check_source(tx, payload.source_request)
    area = _host_community(tx, payload, home.community if home else None)
    number = numbered(tx, "YT", area)
    topic_id = tx.new_id("yt")
    screen_due = tx.calendar.due(tx.now, rules.SCREEN_WD)
    made = records.create(
        tx,
        storage.tables.topics,
        step="submit",
        note={"way": payload.way, "level": payload.level},
        **records.values_from(
            payload,
            storage.tables.topics,
            topic_id=topic_id,
            number=number,
            proposer=proposer,
            proposer_kind=kind,
            entered_by=tx.actor.id,
            scope=list(dict.fromkeys(payload.scope)),
            area=area,
            grid=next((code for code in payload.scope if len(code) == 15), None),
            state="COLLECTED",
            round=1,
            owners_matter=False,
            escalated=0,
            adjournments=0,
            objected=False,
            created_at=tx.now,
            screen_due=screen_due,
            version=1,
        ),
    )
    files.attach(tx, payload.media, whose=proposer, topic_id=topic_id)
    storage.topics.sign(tx.conn, topic_id, signed, tx.now)
    tx.arm("topic_screen", topic_id, screen_due)
    tell(tx, "TOPIC_COLLECTED", topic_id, [proposer, *signed])
    return replies.TopicDue.of(made, id=topic_id, due=screen_due)


def cosign_topic(tx: Tx, payload: WhichTopic) -> replies.Cosigned:
    """联署 / Sign a topic.

    Sign a topic. The topic's version stays: a signature must not make a decision stale.

    Raises:
        NotFound: There is no such topic.
        StateConflict: It has been analysed already.
        NotRegistered: The registry does not know the signer.
        UnderAge: The caller is no adult.
        ScopeMismatch: The caller lives elsewhere.
        AlreadySigned: The caller signed or proposed it.
    """
    topic = topic_locked(tx, payload.topic_id)
    records.require_state(topic, "COLLECTED")
    require_residents(tx, [tx.actor.id], rules.reach(topic))
    if topic.proposer == tx.actor.id:
        raise errors.AlreadySigned
    if not storage.topics.sign(tx.conn, payload.topic_id, [tx.actor.id], tx.now):
        raise errors.AlreadySigned
    aside(tx, storage.tables.topics, topic, "cosign")
    count = len(storage.topics.cosigners_of(tx.conn, [payload.topic_id]))
    return replies.Cosigned.of(topic, id=topic.topic_id, cosigners=count)


def own_topic(tx: Tx, topic_id: str, *states: str) -> Row:
    """Return a topic that the caller proposed or entered, locked, in one of the states.

    Raises:
        NotFound: There is none, or it is not the caller's.
        VersionConflict: It has changed since the caller read it.
        StateConflict: It is in another state.
    """
    topic = topic_locked(tx, topic_id)
    if tx.actor.id not in {topic.proposer, topic.entered_by}:
        raise NotFound(kind="topic", id=topic_id)
    tx.check_version(topic.version)
    records.require_state(topic, *states)
    return topic


def edit_topic(tx: Tx, payload: EditTopic) -> replies.TopicDone:
    """修改议题 / Edit a topic before anybody signs it.

    Change what a topic says, as the proposer, before anybody signs or analyses it. The words
    of before are kept nowhere.

    Raises:
        NotFound: There is none, or it is not the caller's.
        SignedByOthers: Others have signed it.
        StateConflict: It has been analysed.
    """
    topic = own_topic(tx, payload.topic_id, "COLLECTED")
    signed = len(storage.topics.cosigners_of(tx.conn, [payload.topic_id]))
    if signed:
        raise errors.SignedByOthers(cosigners=signed)
    given = {
        name: getattr(payload, name)
        for name in ("title", "description", "category", "new_facts")
        if getattr(payload, name) is not None
    }
    row = records.change(
        tx, storage.tables.topics, topic, step="edit", note={"changed": sorted(given)}, **given
    )
    return replies.TopicDone.of(row, id=row.topic_id)


def hide_topic(tx: Tx, payload: HideTopic) -> replies.TopicDone:
    """隐藏议题内容 / Hide a topic's words.

    Hide a topic's words from all but staff and the proposer, or show them again.

    Raises:
        NotFound: There is none.
        StateConflict: It was withdrawn: only the proposer may say it again.
        OwnMatter: The caller, or somebody of the caller's household, has raised it.
    """
    topic = judged_topic(tx, payload.topic_id)
    if topic.state == "WITHDRAWN":
        raise StateConflict(state=topic.state)
    row = records.change(
        tx,
        storage.tables.topics,
        topic,
        step="hide" if payload.hidden else "show",
        note={"reason": payload.reason},
        hidden_at=tx.now if payload.hidden else None,
        hidden_reason=payload.reason if payload.hidden else None,
    )
    code = "TOPIC_HIDDEN" if payload.hidden else "TOPIC_SHOWN"
    tell(tx, code, row.topic_id, [row.proposer], reason=payload.reason)
    return replies.TopicDone.of(row, id=row.topic_id)
