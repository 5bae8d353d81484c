"""Step 3 of 135: sessions, invitations along the liaison chain, attendance and votes."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from chassis import records
from chassis.bus import Due, Tx
from chassis.fields import Id, PersonId
from chassis.free_text import PUBLIC
from chassis.records import Row
from chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, said
from services.forum import errors, events, replies, rules, storage
from services.forum.actions.record import (
    answering,
    aside,
    escalate,
    move,
    require_not_own,
    tell,
    topic_locked,
)
from services.forum.actions.standing import check_capacities, check_host, speaks_no_more

Capacity = Literal[
    "RESIDENT_REP",
    "OWNERS_COMMITTEE",
    "PROPERTY",
    "MERCHANT",
    "UNIT",
    "PARTY_MEMBER",
    "DEPUTY",
    "OFFICIAL",
    "EXPERT",
    "STATION_HOST",
]


@dataclass(frozen=True, slots=True)
class Invitee:
    """A person whom the host invites by name, and as what."""

    person_id: Annotated[PersonId, Meta(max_length=64, examples=["per_0003"])]
    capacity: Annotated[Capacity, Meta(examples=["RESIDENT_REP"])]


@dataclass(frozen=True, slots=True)
class ScheduleSession:
    """安排协商会 / Officials come through the liaison links and deputies by rotation in any case.

    With `auto` the property's managers, the proposer, cosigners and drawn residents are added.
    """

    topic_ids: Annotated[list[Id], Meta(min_length=1, max_length=3)]
    start: Annotated[datetime, Meta(tz=True, examples=["2025-05-12T19:00:00+08:00"])]
    place: Annotated[str, Meta(min_length=1, max_length=100, examples=["红帆驿站"]), PUBLIC]
    auto: bool = False
    invitees: Annotated[list[Invitee], Meta(max_length=1000)] = field(default_factory=list)
    resident_seats: Annotated[int, Meta(description="居民代表名额 / resident seats")] | None = None
    host_id: Annotated[str, Meta(description="受托主持人 / delegate who hosts")] | None = None


@dataclass(frozen=True, slots=True)
class WhichSession:
    """Which session is meant."""

    session_id: str


@dataclass(frozen=True, slots=True)
class MoveSession:
    """改期 / Another time or place; everyone answers anew."""

    session_id: str
    start: Annotated[datetime, Meta(tz=True, examples=["2025-05-13T19:00:00+08:00"])]
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["场地停电"]), PUBLIC]
    place: Annotated[str, Meta(min_length=1, max_length=100), PUBLIC] | None = None


@dataclass(frozen=True, slots=True)
class CancelSession:
    """原因 / Why."""

    session_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["场地停电"]), PUBLIC]


@dataclass(frozen=True, slots=True)
class WithdrawInvitation:
    """原因 / Why."""

    invitation_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["场地停电"]), PUBLIC]


@dataclass(frozen=True, slots=True)
class CorrectAttendance:
    """更正签到 / Whether somebody was there, against what was recorded."""

    session_id: str
    person_id: Annotated[PersonId, Meta(max_length=64, examples=["per_0003"])]
    attended: bool
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["误点,本人未到场"]), PUBLIC]


@dataclass(frozen=True, slots=True)
class AnswerInvitation:
    """答复邀请 / An official who cannot come names a delegate of his tier."""

    invitation_id: str
    answer: Annotated[Literal["YES", "NO", "DELEGATE"], Meta(examples=["YES"])]
    delegate_person_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordAttendance:
    """签到 / Who has come."""

    session_id: str
    person_ids: Annotated[list[PersonId], Meta(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class CastVote:
    """表决 / One's own vote; shown only in totals after the close."""

    session_id: str
    topic_id: str
    choice: Literal["FOR", "AGAINST", "ABSTAIN"]
    change: Annotated[
        bool,
        Meta(description="更改已投的票,限结束表决前 / replaces the vote cast, before the close"),
    ] = False


@dataclass(frozen=True, slots=True)
class Recount:
    """哪个议题 / Which topic."""

    session_id: str
    topic_id: str


@dataclass(frozen=True, slots=True)
class CloseVote:
    """哪个议题 / Which topic."""

    session_id: str
    topic_id: str


@dataclass(frozen=True, slots=True)
class Adjourn:
    """休会 / Why."""

    session_id: str
    reason: Literal["NO_QUORUM", "NEED_FACTS"] = "NO_QUORUM"


# --------------------------------------------------------------------------------------------------
# The list of those invited


@dataclass(slots=True)
class _Listed:
    """An invitation in the making; its attributes are columns of the table."""

    person_id: str
    capacity: str
    voting: bool
    via: str
    tier: str | None = None
    source: str | None = None
    home: str | None = None
    revoked_at: datetime | None = None
    attended_at: datetime | None = None


class _List:
    """A list of invitations in the making: one person, one capacity."""

    def __init__(self) -> None:
        self.rows: dict[str, _Listed] = {}

    def put(
        self,
        person_id: str,
        capacity: str,
        via: str,
        *,
        tier: str | None = None,
        source: str | None = None,
    ) -> None:
        """Add a person; who is on the list stays as he is."""
        voting = capacity in rules.VOTING
        one = _Listed(person_id, capacity, voting, via, tier=tier, source=source)
        self.rows.setdefault(person_id, one)

    def put_official(self, person_id: str, tier: str, source: str) -> None:
        """Add who comes by his office.

        Raises:
            PersonTwice: The host named him as something else; who comes by office has no vote.
        """
        row = self.rows.get(person_id)
        if row is not None and row.capacity != "OFFICIAL":
            raise errors.PersonTwice(person_id=person_id, field="invitees")
        self.rows.pop(person_id, None)
        self.put(person_id, "OFFICIAL", "LINK", tier=tier, source=source)

    def by_capacity(self) -> dict[str, list[str]]:
        """Return the persons of each capacity."""
        found: dict[str, list[str]] = {}
        for person_id, row in self.rows.items():
            found.setdefault(row.capacity, []).append(person_id)
        return found

    def capacities(self) -> list[str]:
        """Return the capacity of everyone on the list."""
        return [row.capacity for row in self.rows.values()]


def _targets(tx: Tx, tier: str, scope: Sequence[str], area: str) -> list[list[str]]:
    """Return the groups of targets of a tier, in each of which somebody must be linked.

    An area that is named must have its own official. Where a whole community or street is
    named, one official among those of its parts speaks for it.
    """
    if tier in {rules.GRID_WORKER, rules.COMMUNITY_CADRE}:
        digits = 15
    else:
        digits = 12 if tier == rules.STREET_TEAM else 9
    groups: list[list[str]] = []
    for code in scope:
        if len(code) >= digits:
            groups.append([code[:digits]])
        else:
            groups.append(storage.heard.areas_in(tx.conn, code, digits))
    unique = {tuple(group): group for group in groups}
    return list(unique.values()) or [[area[:digits]]]


def _invite_officials(
    tx: Tx, listed: _List, level: str, scope: Sequence[str], area: str, *, gaps: bool = False
) -> None:
    """Add the officials who answer for the areas.

    Args:
        tx: The transaction.
        listed: To which they are added.
        level: Of the session.
        scope: The affected areas.
        area: The community.
        gaps: Whether an area for which nobody answers is passed over.

    Raises:
        LiaisonMissing: Nobody answers for an area.
        PersonTwice: The host named one as something else.
    """
    for tier in rules.official_tiers(level):
        for group in _targets(tx, tier, scope, area):
            found = storage.liaison.linked(tx.conn, tier, group)
            if not found and not gaps:
                target = group[0] if len(group) == 1 else ", ".join(scope)
                raise errors.LiaisonMissing(tier=tier, target=target)
            # One target, one official: the one who has answered for it longest.
            seen: set[str] = set()
            for row in found:
                if row.target not in seen:
                    seen.add(row.target)
                    listed.put_official(row.person_id, tier, row.official_id)


def _invite_deputies(tx: Tx, listed: _List, level: str, street: str) -> None:
    in_office = storage.liaison.deputies_covering(
        tx.conn, street, now=tx.now, since=tx.now - rules.DEPUTY_WINDOW
    )
    by_person = {row.person_id: row for row in in_office}
    named = []
    for person_id, row in listed.rows.items():
        if row.capacity == "DEPUTY" and person_id in by_person:
            row.source = by_person[person_id].deputy_id
            named.append(by_person[person_id].kind)
    free = [row for row in in_office if row.person_id not in listed.rows]
    chosen = rules.rotate(free, level=level, taken=named)
    for deputy in chosen:
        listed.put(deputy.person_id, "DEPUTY", "ROTATION", source=deputy.deputy_id)
    rules.check_deputies(level, named + [deputy.kind for deputy in chosen])


def _invite_property(tx: Tx, listed: _List, scope: Sequence[str], area: str) -> None:
    for project in storage.heard.projects_of(tx.conn, area):
        if rules.touches(project, scope, area) and project.manager:
            listed.put(project.manager, "PROPERTY", "PROJECT", source=project.project_id)


def _invite_residents(
    tx: Tx,
    listed: _List,
    *,
    topics: Sequence[Row],
    scope: Sequence[str],
    seats: int,
    seed: str,
) -> int:
    """Add proposers and cosigners, at most three, and draw the rest. Returns the pool's size."""
    proposers = [t.proposer for t in topics if t.proposer_kind == "RESIDENT"]
    signed = storage.topics.cosigners_of(tx.conn, [t.topic_id for t in topics])
    speakers = list(dict.fromkeys([*proposers, *(row.person_id for row in signed)]))
    known = storage.heard.residents_of(tx.conn, speakers)
    near = {code for topic in topics for code in rules.reach(topic)}
    adults = [
        p for p in speakers if p in known and known[p].is_adult and rules.lives_in(known[p], near)
    ]
    for person_id in adults[: rules.REPRESENTATIVES]:
        via = "PROPOSER" if person_id in proposers else "COSIGNER"
        listed.put(person_id, "RESIDENT_REP", via)
    pool = storage.liaison.draw_pool(tx.conn, scope, listed.rows)
    taken = listed.capacities().count("RESIDENT_REP")
    for person_id in rules.draw(seed, pool, seats - taken):
        listed.put(person_id, "RESIDENT_REP", "DRAW")
    return len(pool)


# --------------------------------------------------------------------------------------------------
# Commands


def _topics_to_schedule(tx: Tx, topic_ids: Sequence[str]) -> list[Row]:
    if len(set(topic_ids)) < len(topic_ids):
        raise Invalid(
            field="topic_ids", reason=said("同一议题只能列一次 / a topic is named once only")
        )
    locked = storage.topics.topics_locked(tx.conn, topic_ids)
    found = []
    for topic_id in topic_ids:
        topic = locked.get(topic_id)
        if topic is None:
            raise NotFound(kind="topic", id=topic_id)
        tx.require_scope(topic.area)
        rules.check_artefacts(
            3, {1: topic.number, 2: storage.topics.analysis_of(tx.conn, topic) is not None}
        )
        records.require_state(topic, "ADOPTED")
        found.append(topic)
    if len({t.area for t in found}) != 1:
        raise errors.ScopeMismatch(scope=", ".join(t.area for t in found), field="topic_ids")
    return found


def _terms(tx: Tx, topics: Sequence[Row]) -> datetime:
    """Return before when a session on the topics is held. Who is late already gets a fresh term
    from today; the missed one stays on record."""
    return min(
        t.session_due if tx.now < t.session_due else tx.calendar.due(tx.now, rules.SESSION_WD)
        for t in topics
    )


def schedule_session(tx: Tx, payload: ScheduleSession) -> replies.Scheduled:
    """安排协商会 / Schedule a session and invite.

    Schedule a session on one to three topics of a community and invite.

    Raises:
        StepLocked: A topic has no published analysis.
        StateConflict: A topic is not waiting for a session.
        Invalid: A topic is named twice.
        NoticeTooShort: Less than 72 hours are left.
        OverTenWorkingDays: It would be held too late.
        LiaisonMissing: A tier that must be invited has nobody.
        DeputyRequired: Too few deputies cover the street.
        ResidentMajority: Residents are not more than half of the voters.
        PersonTwice: A person is named twice, or as something else than his office.
        NotRegistered: A named resident is not in the registry.
        UnderAge: One is no adult.
        ScopeMismatch: One lives elsewhere.
        CapacityUnproved: Nothing shows that somebody is what he is named as.
        TakesPart: The host votes there, or a topic is his own or of his household.
    """
    topics = _topics_to_schedule(tx, payload.topic_ids)
    area = topics[0].area
    level = max((t.level for t in topics), key=rules.LEVELS.index)
    scope = sorted({code for t in topics for code in t.scope})
    session_due = _terms(tx, topics)
    rules.check_notice(
        tx.now, payload.start, session_due, f"{tx.calendar.local(session_due):%Y-%m-%d %H:%M}"
    )
    seats = tx.settings.resident_seats if payload.resident_seats is None else payload.resident_seats
    if not 3 <= seats <= 60:
        raise errors.SeatsOutOfRange(field="resident_seats")
    session_id = tx.new_id("ses")
    seed = rules.seed_of(session_id)
    host_id = payload.host_id or tx.actor.id
    check_host(tx, host_id, area)
    _require_apart(tx, topics, host_id)
    listed = _List()
    for invitee in payload.invitees:
        if invitee.person_id in listed.rows:
            raise errors.PersonTwice(person_id=invitee.person_id, field="invitees")
        listed.put(invitee.person_id, invitee.capacity, "NAMED")
    named = listed.by_capacity()
    _invite_officials(tx, listed, level, scope, area)
    check_capacities(tx, named, topics=topics, field="invitees")
    _invite_deputies(tx, listed, level, area[:9])
    pool = 0
    if payload.auto:
        _invite_property(tx, listed, scope, area)
        pool = _invite_residents(tx, listed, topics=topics, scope=scope, seats=seats, seed=seed)
    if host_id in listed.rows and listed.rows[host_id].voting:
        raise errors.TakesPart(field="host_id")
    _give_homes(tx, listed)
    for topic in topics:
        near = rules.reach(topic)
        rules.check_resident_majority(
            [row.capacity for row in listed.rows.values() if rules.votes_on(row, near)]
        )
    return _invite(
        tx, payload, topics, listed, session_id=session_id, seed=seed, pool=pool, level=level
    )


def _give_homes(tx: Tx, listed: _List) -> None:
    """Note where each resident representative lives: he votes on what concerns his home."""
    people = listed.by_capacity().get("RESIDENT_REP", [])
    for person_id, home in storage.heard.residents_of(tx.conn, people).items():
        listed.rows[person_id].home = home.grid or home.community


def _invite(
    tx: Tx,
    payload: ScheduleSession,
    topics: Sequence[Row],
    listed: _List,
    *,
    session_id: str,
    seed: str,
    pool: int,
    level: str,
) -> replies.Scheduled:
    area = topics[0].area
    made = records.create(
        tx,
        storage.tables.sessions,
        step="schedule",
        note={"invited": len(listed.rows), "pool": pool, "seed": seed},
        session_id=session_id,
        level=level,
        area=area,
        place=payload.place,
        start_at=payload.start,
        host_id=payload.host_id or tx.actor.id,
        state="SCHEDULED",
        notice_sent_at=tx.now,
        seed=seed,
        pool=pool,
        created_at=tx.now,
        version=1,
    )
    records.add_all(
        tx.conn,
        storage.tables.session_topics,
        [
            {"session_id": session_id, "topic_id": t.topic_id, "ordinal": n}
            for n, t in enumerate(topics, start=1)
        ],
    )
    _add_invitations(tx, session_id, area, listed.rows.values())
    for topic in topics:
        move(
            tx,
            topic,
            "SCHEDULED",
            "schedule",
            detail={"session_id": session_id},
            session_id=session_id,
        )
    tell(tx, "INVITED", topics[0].topic_id, listed.rows, ref=session_id)
    tx.arm("session_answers", session_id, payload.start - rules.ANSWERS_BEFORE)
    voting = sum(row.voting for row in listed.rows.values())
    return replies.Scheduled.of(
        made, id=session_id, start=payload.start, invited=len(listed.rows), voting=voting
    )


def _add_invitations(tx: Tx, session_id: str, area: str, rows: Iterable[_Listed]) -> None:
    records.add_all(
        tx.conn,
        storage.tables.invitations,
        [
            {
                **asdict(row),
                "invitation_id": tx.new_id("inv"),
                "session_id": session_id,
                "area": area,
                "answer": "NONE",
                "created_at": tx.now,
                "version": 1,
            }
            for row in rows
        ],
    )


def _agenda_locked(tx: Tx, session: Row) -> list[Row]:
    """Return the topics that wait for a session's vote, locked."""
    agenda = storage.sessions.agenda(tx.conn, session.session_id)
    ids = [item.topic_id for item in agenda if _is_open(item, session)]
    locked = storage.topics.topics_locked(tx.conn, ids)
    return [locked[topic_id] for topic_id in ids]


def _invited(tx: Tx, session_id: str) -> list[str]:
    rows = storage.sessions.invitations_of(tx.conn, session_id)
    return [row.person_id for row in rows if row.revoked_at is None]


def move_session(tx: Tx, payload: MoveSession) -> replies.Moved:
    """改期 / Hold a session at another time or place.

    Hold a session at another time or place, with the same notice; everyone answers anew.

    Raises:
        NoticeTooShort: Less than 72 hours are left.
        OverTenWorkingDays: It would be held too late.
        StateConflict: It is not scheduled any more.
    """
    session = _led_session(tx, payload.session_id, "SCHEDULED")
    topics = _agenda_locked(tx, session)
    session_due = _terms(tx, topics)
    text = f"{tx.calendar.local(session_due):%Y-%m-%d %H:%M}"
    rules.check_notice(tx.now, payload.start, session_due, text)
    row = records.update(
        tx.conn,
        storage.tables.sessions,
        session,
        start_at=payload.start,
        place=payload.place or session.place,
        notice_sent_at=tx.now,
    )
    storage.sessions.ask_again(tx.conn, payload.session_id)
    tx.arm("session_answers", payload.session_id, payload.start - rules.ANSWERS_BEFORE)
    records.note(
        tx,
        storage.tables.sessions,
        row,
        step="move",
        note={"start": payload.start.isoformat(), "place": row.place, "reason": payload.reason},
    )
    tell(
        tx,
        "SESSION_MOVED",
        topics[0].topic_id,
        _invited(tx, payload.session_id),
        ref=payload.session_id,
        start=f"{tx.calendar.local(payload.start):%Y-%m-%d %H:%M}",
        place=row.place,
    )
    return replies.Moved.of(row, id=row.session_id, start=payload.start)


def cancel_session(tx: Tx, payload: CancelSession) -> replies.Done:
    """取消会议 / Call off a session.

    Call off a session that has not begun; its topics wait for another. That is no adjournment:
    nobody came in vain.

    Raises:
        StateConflict: It has begun or ended.
    """
    session = _led_session(tx, payload.session_id, "SCHEDULED")
    topics = _agenda_locked(tx, session)
    people = _invited(tx, payload.session_id)
    row = end_session(tx, session, "CANCELLED", "cancel", reason=payload.reason)
    for topic in topics:
        session_due = topic.session_due
        if tx.now >= session_due:
            session_due = tx.calendar.due(tx.now, rules.SESSION_WD)
            tx.arm("topic_session", topic.topic_id, session_due)
        move(
            tx,
            topic,
            "ADOPTED",
            "cancel_session",
            code="TOPIC_SESSION_CANCELLED",
            detail={"session_id": payload.session_id},
            session_id=None,
            session_due=session_due,
        )
    if topics:
        tell(
            tx,
            "SESSION_CANCELLED",
            topics[0].topic_id,
            people,
            ref=payload.session_id,
            reason=payload.reason,
        )
    return replies.Done.of(row, id=row.session_id)


def withdraw_invitation(tx: Tx, payload: WithdrawInvitation) -> replies.Done:
    """撤回邀请 / Uninvite somebody.

    Uninvite somebody before the session begins.

    Raises:
        NotFound: There is no such invitation.
        OfOffice: He comes by office or as a deputy.
        ResidentMajority: Residents would not be more than half of the voters any more.
        StateConflict: The session has begun, or it was withdrawn before.
    """
    row = records.find(tx.conn, storage.tables.invitations, payload.invitation_id)
    if row is None:
        raise NotFound(kind="invitation", id=payload.invitation_id)
    area = records.known(tx.conn, storage.tables.sessions, row.session_id).area
    tx.require_sight(area, kind="invitation", id=payload.invitation_id)
    session = _led_session(tx, row.session_id, "SCHEDULED", matched=False)
    row = records.known(tx.conn, storage.tables.invitations, payload.invitation_id, lock=True)
    tx.check_version(row.version)
    if row.revoked_at is not None:
        raise StateConflict(state="WITHDRAWN")
    if row.capacity in {"OFFICIAL", "DEPUTY"}:
        raise errors.OfOffice
    changed = records.update(tx.conn, storage.tables.invitations, row, revoked_at=tx.now)
    left = storage.sessions.invitations_of(tx.conn, row.session_id)
    topics = _agenda_locked(tx, session)
    for topic in topics:
        near = rules.reach(topic)
        rules.check_resident_majority([one.capacity for one in left if rules.votes_on(one, near)])
    aside(
        tx,
        storage.tables.sessions,
        row,
        "withdraw_invitation",
        person_id=row.person_id,
        reason=payload.reason,
    )
    tell(
        tx,
        "INVITATION_WITHDRAWN",
        topics[0].topic_id,
        [row.person_id],
        ref=row.session_id,
        reason=payload.reason,
    )
    return replies.Done.of(changed, id=changed.invitation_id, state="WITHDRAWN")


def answer_invitation(tx: Tx, payload: AnswerInvitation) -> replies.Answered:
    """答复邀请 / Answer an invitation.

    Answer one's own invitation; the last answer before the session counts.

    Raises:
        NotFound: There is none, or it is somebody else's.
        AnswerTooLate: The session has begun.
        NoDelegate: Who comes by no office sends somebody else.
        DelegateRequired: An official declines without naming a delegate.
        DelegateTier: The delegate is no official of the tier, or is invited himself.
    """
    row = records.find(tx.conn, storage.tables.invitations, payload.invitation_id, lock=True)
    if row is None or row.person_id != tx.actor.id:
        raise NotFound(kind="invitation", id=payload.invitation_id)
    session = records.known(tx.conn, storage.tables.sessions, row.session_id)
    if session.state != "SCHEDULED" or row.revoked_at is not None:
        raise errors.AnswerTooLate
    delegate = payload.delegate_person_id
    if row.capacity != "OFFICIAL" and (payload.answer == "DELEGATE" or delegate is not None):
        raise errors.NoDelegate(field="answer")
    if row.capacity == "OFFICIAL" and payload.answer != "YES" and delegate is None:
        raise errors.DelegateRequired(field="delegate_person_id")
    if payload.answer == "DELEGATE" and delegate is None:
        raise errors.DelegateRequired(field="delegate_person_id")
    if delegate is not None and payload.answer != "YES":
        _invite_delegate(tx, row, delegate)
    else:
        delegate = None
    changed = records.update(
        tx.conn,
        storage.tables.invitations,
        row,
        answer=payload.answer,
        answered_at=tx.now,
        delegate=delegate,
    )
    return replies.Answered.of(changed, id=changed.invitation_id, state=changed.answer)


def _invite_delegate(tx: Tx, row: Row, delegate: str) -> None:
    peer = storage.liaison.official_of(tx.conn, delegate, row.tier)
    near = storage.heard.officials_near(tx.conn, [delegate], row.area)
    if peer is None or not near:
        raise errors.DelegateTier(delegate=delegate, field="delegate_person_id")
    invited = storage.sessions.invitation_of(tx.conn, row.session_id, delegate)
    if invited is not None:
        if invited.via == "DELEGATE" and row.delegate == delegate:
            return
        raise errors.DelegateTier(delegate=delegate, field="delegate_person_id")
    records.add(
        tx.conn,
        storage.tables.invitations,
        invitation_id=tx.new_id("inv"),
        session_id=row.session_id,
        person_id=delegate,
        capacity="OFFICIAL",
        voting=False,
        via="DELEGATE",
        tier=row.tier,
        source=row.source,
        area=row.area,
        answer="YES",
        answered_at=tx.now,
        created_at=tx.now,
        version=1,
    )
    topic = storage.sessions.agenda(tx.conn, row.session_id)[0]
    tell(tx, "INVITED", topic.topic_id, [delegate], ref=row.session_id)


def remind_host(tx: Tx, due: Due) -> None:
    """A day before the session, ask the host to telephone those who have not answered."""
    session = records.find(tx.conn, storage.tables.sessions, due.ref)
    if session is None or session.state != "SCHEDULED":
        return
    silent = [
        row.person_id
        for row in storage.sessions.invitations_of(tx.conn, due.ref)
        if row.answer == "NONE" and row.revoked_at is None
    ]
    if silent:
        topic = storage.sessions.agenda(tx.conn, due.ref)[0]
        tell(tx, "ANSWERS_MISSING", topic.topic_id, [session.host_id], ref=due.ref)
        aside(tx, storage.tables.sessions, session, "answers_missing", people=silent)


def follow_residents(tx: Tx, people: Sequence[str]) -> None:
    """Who has moved away or died no longer represents the residents of a session to come; who has
    moved within its area speaks for his new home."""
    homes = storage.heard.residents_of(tx.conn, people)
    for row in storage.heard.coming_invitations(tx.conn, people):
        home = homes.get(row.person_id)
        agenda = storage.sessions.agenda(tx.conn, row.session_id)
        near = [code for item in agenda for code in rules.reach(item)]
        if home is not None and rules.lives_in(home, near):
            place = home.grid or home.community
            records.update(tx.conn, storage.tables.invitations, row, home=place)
            continue
        _lapse(tx, row, agenda)


def follow_offices(tx: Tx, area: str) -> None:
    """After who answers for an area has changed, who is in office now comes to its sessions."""
    for session in storage.sessions.coming_near(tx.conn, area):
        _renew_officials(tx, session)


def follow_host(tx: Tx, person_id: str) -> None:
    """Who has left his offices leads no session of the places where he held them."""
    for row in storage.heard.sessions_hosted_by(tx.conn, [person_id], ("SCHEDULED", "OPEN")):
        if not storage.heard.officials_near(tx.conn, [person_id], row.area):
            _hand_on(tx, row, "HOST_LEFT")


def _renew_officials(tx: Tx, session: Row) -> None:
    """Let the invitations of who has left his office lapse, and invite who has come after him."""
    agenda = storage.sessions.agenda(tx.conn, session.session_id)
    scope = sorted({code for topic in agenda for code in topic.scope})
    listed = _List()
    _invite_officials(tx, listed, session.level, scope, session.area, gaps=True)
    invited = storage.sessions.invitations_of(tx.conn, session.session_id)
    by_office = [
        row.person_id for row in invited if row.capacity == "OFFICIAL" and row.revoked_at is None
    ]
    serving = storage.heard.officials_near(tx.conn, by_office, session.area)
    for row in invited:
        if row.person_id in by_office and row.person_id not in serving:
            _lapse(tx, row, agenda)
    known = {row.person_id for row in invited}
    new = [row for person_id, row in listed.rows.items() if person_id not in known]
    _add_invitations(tx, session.session_id, session.area, new)
    tell(tx, "INVITED", agenda[0].topic_id, [row.person_id for row in new], ref=session.session_id)


def _lapse(tx: Tx, row: Row, agenda: Sequence[Row]) -> None:
    """Who is no longer what he was invited as does not come as that, and is told."""
    records.update(tx.conn, storage.tables.invitations, row, revoked_at=tx.now)
    aside(tx, storage.tables.sessions, row, "invitation_lapsed", person_id=row.person_id)
    tell(tx, "INVITATION_LAPSED", agenda[0].topic_id, [row.person_id], ref=row.session_id)


def _renew_speakers(tx: Tx, session_id: str) -> None:
    """Who no longer speaks for a company, the owners or a partner neither votes nor counts."""
    people: dict[str, list[str]] = {}
    invited = storage.sessions.invitations_of(tx.conn, session_id)
    for row in invited:
        if row.revoked_at is None:
            people.setdefault(row.capacity, []).append(row.person_id)
    agenda = storage.sessions.agenda(tx.conn, session_id)
    gone = speaks_no_more(tx, people, topics=agenda)
    for row in invited:
        if row.person_id in gone:
            _lapse(tx, row, agenda)


def hand_on_from_dead(tx: Tx, people: Sequence[str]) -> None:
    """A session whose host has died is led by another cadre of its community."""
    for row in storage.heard.sessions_hosted_by(tx.conn, people, ("SCHEDULED", "OPEN")):
        _hand_on(tx, row, "HOST_DIED")


def _hand_on(tx: Tx, row: Row, why: str) -> None:
    """Let another cadre of the community lead a session; he is told.

    Where there is none whoever answers for the community is told instead; its secretary leads any
    session.
    """
    cadre = storage.heard.cadre_of(tx.conn, row.area)
    host = told = cadre
    if cadre is None:
        host = row.host_id
        told = answering(tx, row.area, rules.COMMUNITY_CADRE).person_id
    records.note(
        tx,
        storage.tables.sessions,
        row,
        step=why.lower(),
        note={"former": row.host_id, "host_id": host},
    )
    if host != row.host_id:
        records.update(tx.conn, storage.tables.sessions, row, host_id=host)
    if told is not None:
        topic = storage.sessions.agenda(tx.conn, row.session_id)[0]
        tell(tx, why, topic.topic_id, [told], ref=row.session_id)


def _require_apart(tx: Tx, topics: Sequence[Row], person_id: str) -> None:
    """Refuse to let somebody lead the talk about what he, or who lives with him, has raised.

    Raises:
        TakesPart: A topic is his own, or of his household.
    """
    try:
        require_not_own(tx, topics, person_id)
    except errors.OwnMatter:
        raise errors.TakesPart from None


def _led_session(
    tx: Tx, session_id: str, *states: str, matched: bool = True, helpers: bool = False
) -> Row:
    """Return a session that the caller hosts, locked.

    Args:
        tx: The transaction.
        session_id: Which session.
        states: In which it may be.
        matched: Whether the caller must have seen its version.
        helpers: Whether any cadre of the community may do it, and the street above it.

    Raises:
        NotFound: There is none.
        NotHost: The caller is neither the host, in office, nor the community's secretary.
        TakesPart: He votes there, or a topic is his own or of his household.
    """
    row = records.locked(tx.conn, storage.tables.sessions, session_id)
    tx.require_scope(row.area)
    if not helpers:
        if tx.actor.role != "R_SECRETARY":
            serving = storage.heard.officials_near(tx.conn, [tx.actor.id], row.area)
            if tx.actor.id != row.host_id or not serving:
                raise errors.NotHost
        _require_apart(tx, storage.sessions.agenda(tx.conn, session_id), tx.actor.id)
        invited = storage.sessions.invitation_of(tx.conn, session_id, tx.actor.id)
        if invited is not None and invited.voting and invited.revoked_at is None:
            raise errors.TakesPart
    if matched:
        tx.check_version(row.version)
    records.require_state(row, *states)
    return row


def open_session(tx: Tx, payload: WhichSession) -> replies.Done:
    """开会 / Open the session.

    Open a session, at the earliest 15 minutes before its start.

    Raises:
        TooEarly: It is too early.
        DayOver: It was announced for a day that is over; it is moved, with a new notice.
        StateConflict: It is not scheduled.
    """
    session = _led_session(tx, payload.session_id, "SCHEDULED")
    earliest = session.start_at - rules.OPEN_BEFORE
    if tx.now < earliest:
        raise errors.TooEarly(earliest=f"{tx.calendar.local(earliest):%Y-%m-%d %H:%M}")
    day = tx.calendar.local_date(session.start_at)
    if tx.calendar.local_date(tx.now) > day:
        raise errors.DayOver(day=str(day))
    for item in storage.sessions.agenda(tx.conn, payload.session_id):
        topic = topic_locked(tx, item.topic_id)
        if topic.state == "SCHEDULED" and topic.session_id == payload.session_id:
            move(tx, topic, "DELIBERATING", "open", detail={"session_id": payload.session_id})
            tx.disarm("topic_session", item.topic_id)
            tx.arm("session_held", item.topic_id, tx.calendar.due(tx.now, rules.HELD_WD))
    tx.disarm("session_answers", payload.session_id)
    _renew_speakers(tx, payload.session_id)
    row = records.change(
        tx, storage.tables.sessions, session, step="open", state="OPEN", opened_at=tx.now
    )
    return replies.Done.of(row, id=row.session_id)


def record_attendance(tx: Tx, payload: RecordAttendance) -> replies.Present:
    """签到 / Record attendance.

    Record who has come. Repeating it is harmless, so several helpers may do it at the door: the
    cadres of the community.

    Raises:
        NotInvited: Somebody is not on the list; nobody is recorded.
        NotRegistered: A resident has left since he was invited.
        CapacityUnproved: Somebody no longer speaks for whom he was invited.
        StateConflict: The session is not open.
        SamePerson: The caller records himself.
    """
    session = _led_session(tx, payload.session_id, "OPEN", matched=False, helpers=True)
    listed = storage.sessions.invitations_of(tx.conn, payload.session_id)
    invited = {row.person_id: row.capacity for row in listed if row.revoked_at is None}
    lapsed = {row.person_id for row in listed} - invited.keys()
    coming: dict[str, list[str]] = {}
    for person_id in payload.person_ids:
        if person_id in lapsed:
            raise errors.InvitationOver(person_id=person_id, field="person_ids")
        if person_id not in invited:
            raise errors.NotInvited(person_id=person_id, field="person_ids")
        if person_id == tx.actor.id:
            raise errors.OwnAttendance(field="person_ids")
        if invited[person_id] in rules.VOTING:
            coming.setdefault(invited[person_id], []).append(person_id)
    agenda = storage.sessions.agenda(tx.conn, payload.session_id)
    check_capacities(tx, coming, topics=agenda, field="person_ids")
    storage.sessions.mark_attended(tx.conn, payload.session_id, payload.person_ids, tx.now)
    near = [code for item in agenda for code in rules.reach(item)]
    counted = rules.presence(storage.sessions.invitations_of(tx.conn, payload.session_id), near)
    return replies.Present.of(
        session,
        id=session.session_id,
        voting_present=counted.voting_present,
        resident_present=counted.resident_present,
        quorum=counted.quorum,
    )


_CORRECTING = frozenset({"R_SECRETARY", "R_STREET", "R_STREET_LEAD"})


def correct_attendance(tx: Tx, payload: CorrectAttendance) -> replies.Corrected:
    """更正签到 / Correct who was there.

    Correct who was there: at the door by any helper, after a vote has closed by the secretary
    or the street, and never by the person himself.

    A vote whose outcome could be another without those who were not there is void while its
    opinion is not in force; later the street is asked.

    Raises:
        NotInvited: The person is not on the list.
        SamePerson: The caller corrects himself.
        RoleDenied: A vote has closed, and the caller is neither secretary nor street.
        StateConflict: It stands as it is said, or the session was never held to its end.
    """
    session = _led_session(tx, payload.session_id, "OPEN", "ENDED", matched=False, helpers=True)
    agenda = storage.sessions.agenda(tx.conn, payload.session_id)
    closed = [item for item in agenda if item.closed_at is not None]
    if closed and tx.actor.role not in _CORRECTING:
        raise RoleDenied(role=tx.actor.role)
    if payload.person_id == tx.actor.id:
        raise errors.OwnAttendance
    row = storage.sessions.invitation_of(tx.conn, payload.session_id, payload.person_id)
    if row is None or row.revoked_at is not None:
        raise errors.NotInvited(person_id=payload.person_id, field="person_id")
    if (row.attended_at is not None) == payload.attended:
        raise StateConflict(state="PRESENT" if payload.attended else "ABSENT")
    locked = storage.topics.topics_locked(tx.conn, [item.topic_id for item in agenda])
    if payload.attended:
        at = tx.now if session.ended_at is None else session.ended_at
        storage.sessions.mark_attended(tx.conn, payload.session_id, [payload.person_id], at)
    else:
        storage.sessions.unmark_attended(tx.conn, row)
        for item in agenda:
            storage.sessions.drop_vote(
                tx.conn, payload.session_id, item.topic_id, payload.person_id
            )
    records.note(
        tx,
        storage.tables.sessions,
        session,
        step="correct_attendance",
        note={
            "person_id": payload.person_id,
            "attended": payload.attended,
            "reason": payload.reason,
        },
    )
    tell(
        tx,
        "ATTENDANCE_ADDED" if payload.attended else "ATTENDANCE_REMOVED",
        agenda[0].topic_id,
        [payload.person_id],
        ref=payload.session_id,
        reason=payload.reason,
    )
    session = records.update(tx.conn, storage.tables.sessions, session)
    if closed and payload.attended:
        _say_attendance(tx, session, closed[-1].topic_id)
    elif row.recorded_at is not None:
        _say_corrected(tx, session, row)
    void = [
        item.topic_id for item in closed if not _recounted(tx, session, item, locked[item.topic_id])
    ]
    counted = rules.presence(
        storage.sessions.invitations_of(tx.conn, payload.session_id),
        [code for item in agenda for code in rules.reach(item)],
    )
    return replies.Corrected.of(
        session,
        id=session.session_id,
        voting_present=counted.voting_present,
        resident_present=counted.resident_present,
        quorum=counted.quorum,
        void=void,
    )


def _say_corrected(tx: Tx, session: Row, row: Row) -> None:
    tx.publish(
        events.AttendanceCorrected(
            session_id=session.session_id,
            person_id=row.person_id,
            capacity=row.capacity,
            attended=False,
        ),
        subject=session.session_id,
        scope=session.area,
        sequence=session.version,
    )


def _recounted(tx: Tx, session: Row, item: Row, topic: Row) -> bool:
    """Count again who was there for a closed vote. Returns whether its outcome stands."""
    invited = storage.sessions.invitations_of(tx.conn, session.session_id)
    there = rules.presence(invited, rules.reach(item))
    came = {row.person_id for row in invited if row.attended_at is not None}
    voters = storage.sessions.voters_of(tx.conn, session.session_id, item.topic_id)
    storage.sessions.close_tally(
        tx.conn,
        session.session_id,
        item.topic_id,
        voting_present=there.voting_present,
        resident_present=there.resident_present,
        not_cast=max(there.voting_present - len(voters & came), 0),
    )
    stands = rules.outcome_stands(
        won=bool(item.passed),
        there=there,
        in_favour=item.in_favour,
        absent_voters=len(voters - came),
    )
    if stands or topic.state in _LATER:
        if not stands:
            escalate(tx, topic, deadline="vote_doubt", tier=rules.topic_tier(0), level=1)
        return stands
    if topic.state not in _VOIDABLE or topic.session_id != session.session_id:
        return True
    if topic.opinion_id:
        opinion = records.known(tx.conn, storage.tables.opinions, topic.opinion_id, lock=True)
        records.update(tx.conn, storage.tables.opinions, opinion, state="WITHDRAWN")
    return_to_session(
        tx,
        topic,
        "vote_void",
        {"session_id": session.session_id},
        code="TOPIC_VOTE_VOID",
        opinion_id=None,
        objected=False,
        failed_at=None,
    )
    return False


_VOIDABLE = frozenset({"OPINION_DUE", "OPINION_DRAFTED", "PUBLICISED", "FAILED"})
_LATER = frozenset({"RESOLVED", "IMPLEMENTING", "VERIFIED", "CLOSED"})


def vote(tx: Tx, payload: CastVote) -> replies.Done:
    """表决 / Vote.

    Cast one's vote on a topic, or change it before the close. The answer does not repeat it, and
    no event tells of it.

    Raises:
        NotFound: There is no such session, or the topic is not on its agenda.
        StateConflict: The vote on the topic is not open.
        NotPresent: The caller was not invited or has not come.
        NotVoting: His capacity has no vote.
        NotRegistered: He has moved out since.
        ScopeMismatch: He lives where the topic concerns nobody.
        CapacityUnproved: He no longer speaks for whom he was invited.
        AlreadyVoted: He has voted and does not say that he changes it.
    """
    # Votes wait for each other and for the close, so that none slips in behind the count.
    topic = topic_locked(tx, payload.topic_id)
    session = records.find(tx.conn, storage.tables.sessions, payload.session_id)
    if session is None or topic.session_id != payload.session_id:
        raise NotFound(kind="session", id=payload.session_id)
    records.require_state(session, "OPEN")
    records.require_state(topic, "DELIBERATING")
    row = storage.sessions.invitation_of(tx.conn, payload.session_id, tx.actor.id)
    if row is not None and not row.voting:
        raise errors.NotVoting(capacity=row.capacity)
    if row is None or row.attended_at is None or row.revoked_at is not None:
        raise errors.NotPresent
    if not rules.votes_on(row, rules.reach(topic)):
        raise errors.ScopeMismatch(scope=", ".join(topic.scope))
    check_capacities(tx, {row.capacity: [tx.actor.id]}, topics=[topic])
    if not payload.change and storage.sessions.has_voted(
        tx.conn, payload.session_id, payload.topic_id, tx.actor.id
    ):
        raise errors.AlreadyVoted
    place = f"{payload.session_id}/{payload.topic_id}"
    sealed = rules.seal_vote(_vote_keys(tx)[0], place, secrets.token_bytes(16), payload.choice)
    storage.sessions.cast_vote(tx.conn, payload.session_id, payload.topic_id, tx.actor.id, sealed)
    return replies.Done.of(session, id=session.session_id, state="CAST")


def _vote_keys(tx: Tx) -> list[bytes]:
    """Return the keys of open votes, the present one first: like those of the digests, they stand
    in no database."""
    return [key.encode() for key in tx.runtime.process.digest_keys]


def _count(tx: Tx, session_id: str, topic_id: str, voters: Collection[str]) -> dict[str, int]:
    """Open the votes, count them, and part who voted from what was voted for ever.

    Only those who are still there and have a vote count: who has died or moved away since he voted
    is left out of both, as he is of the quorum.

    Raises:
        VotesUnreadable: Some were sealed with another key.
    """
    sealed, plain = (
        {person: vote for person, vote in cast.items() if person in voters}
        for cast in storage.sessions.open_votes(tx.conn, session_id, topic_id)
    )
    keys, place = _vote_keys(tx), f"{session_id}/{topic_id}"
    opened = [
        next(filter(None, (rules.open_vote(key, place, vote) for key in keys)), None)
        for vote in sealed.values()
    ]
    if None in opened:
        raise errors.VotesUnreadable(votes=opened.count(None))
    choices = [str(choice) for choice in opened] + list(plain.values())
    marked = [(secrets.token_hex(16), choice) for choice in choices]
    storage.sessions.part_votes(tx.conn, session_id, topic_id, {*sealed, *plain}, marked)
    return {choice: choices.count(choice) for choice in rules.CHOICES}


def close_vote(tx: Tx, payload: CloseVote) -> replies.VoteClosed:
    """结束表决 / Close the vote.

    Close the vote on a topic: passed by strictly more than half of the voters present.

    A topic that has been adjourned twice ends here even without quorum, as failed: otherwise it
    could neither be voted on nor adjourned.

    Raises:
        NotFound: The topic is not on the agenda.
        NoQuorum: Too few voters are present; the host may adjourn.
        ResidentShare: Too few of them are residents; the host may adjourn.
        VotesUnreadable: The key has changed since some voted; they vote again.
        StateConflict: The vote is not open.
    """
    session = _led_session(tx, payload.session_id, "OPEN")
    topic = topic_locked(tx, payload.topic_id)
    if topic.session_id != payload.session_id:
        raise NotFound(kind="topic", id=payload.topic_id)
    records.require_state(topic, "DELIBERATING")
    _renew_speakers(tx, payload.session_id)
    invited = storage.sessions.invitations_of(tx.conn, payload.session_id)
    counted = rules.presence(invited, rules.reach(topic))
    quorum = True
    try:
        rules.check_quorum(counted)
    except (errors.NoQuorum, errors.ResidentShare):
        if topic.adjournments < rules.ADJOURNMENTS:
            raise
        quorum = False
    voters = {row.person_id for row in rules.voters_present(invited, rules.reach(topic))}
    ballots = _count(tx, payload.session_id, payload.topic_id, voters)
    in_favour = ballots["FOR"]
    won = quorum and rules.passed(in_favour, counted.voting_present)
    result = {
        "in_favour": in_favour,
        "against": ballots["AGAINST"],
        "abstain": ballots["ABSTAIN"],
        "not_cast": counted.voting_present - sum(ballots.values()),
        "voting_invited": counted.voting_invited,
        "voting_present": counted.voting_present,
        "resident_present": counted.resident_present,
        "passed": won,
    }
    storage.sessions.close_tally(
        tx.conn, payload.session_id, payload.topic_id, closed_at=tx.now, **result
    )
    if won:
        opinion_due = tx.calendar.due(tx.now, rules.OPINION_WD)
        move(
            tx,
            topic,
            "OPINION_DUE",
            "close_vote",
            detail=result,
            voted_at=tx.now,
            opinion_due=opinion_due,
        )
        tx.arm("opinion_draft", payload.topic_id, opinion_due)
    else:
        move(
            tx,
            topic,
            "FAILED",
            "close_vote",
            detail=result | {"quorum": quorum},
            voted_at=tx.now,
            failed_at=tx.now,
        )
    session = _end_if_done(tx, session)
    _say_attendance(tx, session, payload.topic_id)
    return replies.VoteClosed.of(
        result,
        id=session.session_id,
        state="VOTED",
        version=session.version,
        topic_id=payload.topic_id,
        topic_state="OPINION_DUE" if won else "FAILED",
        session_state=session.state,
    )


def recount(tx: Tx, payload: Recount) -> replies.RecountReply:
    """重新计票 / Count the ballots of a closed vote again.

    Count the ballots of a closed vote again, and compare with what was announced.

    Raises:
        NotFound: There is no such closed vote.
        RoleDenied: It lies outside the caller's scope.
    """
    tally = storage.sessions.tally_of(tx.conn, payload.session_id, payload.topic_id)
    if tally is None or tally.closed_at is None:
        raise NotFound(kind="vote", id=payload.topic_id)
    session = records.known(tx.conn, storage.tables.sessions, payload.session_id)
    tx.require_scope(session.area)
    counted = storage.sessions.count_ballots(tx.conn, payload.session_id, payload.topic_id)
    found = {choice: counted.get(choice, 0) for choice in rules.CHOICES}
    announced = [tally.in_favour, tally.against, tally.abstain]
    voters = len(storage.sessions.voters_of(tx.conn, payload.session_id, payload.topic_id))
    return replies.RecountReply(
        id=payload.session_id,
        topic_id=payload.topic_id,
        in_favour=found["FOR"],
        against=found["AGAINST"],
        abstain=found["ABSTAIN"],
        voters=voters,
        agrees=list(found.values()) == announced and voters == sum(announced),
    )


def _end_if_done(tx: Tx, session: Row) -> Row:
    """End a session when every topic has been voted on; its version goes up in any case."""
    agenda = storage.sessions.agenda(tx.conn, session.session_id)
    if any(_is_open(item, session) for item in agenda):
        return records.update(tx.conn, storage.tables.sessions, session)
    return end_session(tx, session, "ENDED", "end")


def _say_attendance(tx: Tx, session: Row, topic_id: str) -> None:
    """Say once per person and session that he was present when a vote closed."""
    for row in storage.sessions.take_unrecorded(tx.conn, session.session_id, tx.now):
        tx.publish(
            events.AttendanceRecorded(
                session_id=session.session_id,
                topic_id=topic_id,
                person_id=row.person_id,
                capacity=row.capacity,
            ),
            subject=session.session_id,
            scope=session.area,
            sequence=session.version,
            # Who is found to have been there is credited in the month of the session.
            occurred_at=min(tx.now, session.ended_at or tx.now),
        )


def adjourn_session(tx: Tx, payload: Adjourn) -> replies.Done:
    """休会 / Adjourn.

    End a session without a vote on the topics still open; each needs a new session.

    Raises:
        AdjournLimit: A topic has been adjourned twice; its vote must be closed.
        StateConflict: The session is not open.
    """
    session = _led_session(tx, payload.session_id, "OPEN")
    for item in storage.sessions.agenda(tx.conn, payload.session_id):
        if not _is_open(item, session):
            continue
        topic = topic_locked(tx, item.topic_id)
        if topic.adjournments >= rules.ADJOURNMENTS:
            raise errors.AdjournLimit(times=topic.adjournments)
        return_to_session(
            tx,
            topic,
            "adjourn",
            {"session_id": payload.session_id, "reason": payload.reason},
            adjournments=topic.adjournments + 1,
        )
    row = end_session(tx, session, "ADJOURNED", "adjourn", reason=payload.reason)
    return replies.Done.of(row, id=row.session_id)


def leave_session(tx: Tx, topic: Row) -> None:
    """Take a topic that ends off the agenda of its session; a session without topics is off."""
    if topic.state not in {"SCHEDULED", "DELIBERATING"}:
        return
    session = records.known(tx.conn, storage.tables.sessions, topic.session_id, lock=True)
    others = [
        item
        for item in storage.sessions.agenda(tx.conn, session.session_id)
        if item.topic_id != topic.topic_id and _is_open(item, session)
    ]
    if not others:
        end_session(tx, session, "CANCELLED", "cancel", reason="NO_TOPIC")


def _is_open(item: Row, session: Row) -> bool:
    """Tell whether a topic of an agenda still waits for this session's vote."""
    waits = item.state in {"SCHEDULED", "DELIBERATING"}
    return waits and item.at_session == session.session_id and item.closed_at is None


def end_session(tx: Tx, session: Row, state: str, action: str, **values: object) -> Row:
    """End a session in a state; votes that were not counted are forgotten."""
    storage.sessions.drop_votes(tx.conn, session.session_id)
    tx.disarm("session_answers", session.session_id)
    records.note(tx, storage.tables.sessions, session, step=action, state=state, note=values)
    return records.update(
        tx.conn, storage.tables.sessions, session, state=state, ended_at=tx.now, **values
    )


def return_to_session(
    tx: Tx,
    topic: Row,
    action: str,
    detail: Mapping[str, object],
    *,
    code: str = "TOPIC_ADJOURNED",
    **values: object,
) -> Row:
    """Bring a topic back to where it waits for a session, with a fresh term for one."""
    session_due = tx.calendar.due(tx.now, rules.SESSION_WD)
    tx.arm("topic_session", topic.topic_id, session_due)
    return move(
        tx,
        topic,
        "ADOPTED",
        action,
        code=code,
        detail=detail,
        told=None,
        session_due=session_due,
        session_id=None,
        **values,
    )
