"""Who is invited to a session: along the liaison chain, by rotation, by name and by the draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import PersonId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.forum import errors, replies, rules, storage
from fivered.services.forum.actions.agenda import agenda_locked
from fivered.services.forum.actions.hosts import led_session
from fivered.services.forum.actions.record import (
    aside,
    tell,
)
from fivered.services.forum.actions.standing import speaks_no_more
from fivered.services.forum.fields import Capacity


class Invitee(Request, frozen=True):
    """A person whom the host invites by name, and as what."""

    person_id: Annotated[PersonId, Meta(max_length=64, examples=["per_0003"])]
    capacity: Annotated[Capacity, Meta(examples=["RESIDENT_REP"])]


class WithdrawInvitation(Request, frozen=True):
    """原因 / Why."""

    invitation_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["场地停电"]), PUBLIC]


class AnswerInvitation(Request, frozen=True):
    """答复邀请 / An official who cannot come names a delegate of the same tier."""

    invitation_id: str
    answer: Annotated[Literal["YES", "NO", "DELEGATE"], Meta(examples=["YES"])]
    delegate_person_id: str | None = None


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


class InvitationList:
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
        """Add a person; who is on the list already stays as it is."""
        voting = capacity in rules.VOTING
        one = _Listed(person_id, capacity, voting, via, tier=tier, source=source)
        self.rows.setdefault(person_id, one)

    def put_official(self, person_id: str, tier: str, source: str) -> None:
        """Add who comes by office.

        Raises:
            PersonTwice: The host named them as something else; who comes by office has no vote.
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


def invite_officials(
    tx: Tx,
    listed: InvitationList,
    level: str,
    scope: Sequence[str],
    area: str,
    *,
    gaps: bool = False,
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


def invite_deputies(tx: Tx, listed: InvitationList, level: str, street: str) -> None:
    """Add deputies by rotation to those whom the host named.

    Raises:
        DeputyRequired: Too few deputies cover the street.
    """
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


def invite_property(tx: Tx, listed: InvitationList, scope: Sequence[str], area: str) -> None:
    """Add the managers of the projects that serve the areas."""
    for project in storage.heard.projects_of(tx.conn, area):
        if rules.touches(project, scope, area) and project.manager:
            listed.put(project.manager, "PROPERTY", "PROJECT", source=project.project_id)


def invite_residents(
    tx: Tx,
    listed: InvitationList,
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


def give_homes(tx: Tx, listed: InvitationList) -> None:
    """Note where each resident representative lives: each votes on what concerns their home."""
    people = listed.by_capacity().get("RESIDENT_REP", [])
    for person_id, home in storage.heard.residents_of(tx.conn, people).items():
        listed.rows[person_id].home = home.grid or home.community


def add_invitations(tx: Tx, session_id: str, area: str, rows: Iterable[_Listed]) -> None:
    """Store invitations; nobody has answered them yet."""
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


def people_invited(tx: Tx, session_id: str) -> list[str]:
    """Return whose invitations to a session stand."""
    rows = storage.invitations.invitations_of(tx.conn, session_id)
    return [row.person_id for row in rows if row.revoked_at is None]


def withdraw_invitation(tx: Tx, payload: WithdrawInvitation) -> replies.Done:
    """撤回邀请 / Uninvite somebody.

    Uninvite somebody before the session begins.

    Raises:
        NotFound: There is no such invitation.
        OfOffice: The person comes by office or as a deputy.
        ResidentMajority: Residents would not be more than half of the voters any more.
        StateConflict: The session has begun, or it was withdrawn before.
    """
    row = records.find(tx.conn, storage.tables.invitations, payload.invitation_id)
    if row is None:
        raise NotFound(kind="invitation", id=payload.invitation_id)
    area = records.known(tx.conn, storage.tables.sessions, row.session_id).area
    tx.require_sight(area, kind="invitation", id=payload.invitation_id)
    session = led_session(tx, row.session_id, "SCHEDULED", matched=False)
    row = records.known(tx.conn, storage.tables.invitations, payload.invitation_id, lock=True)
    tx.check_version(row.version)
    if row.revoked_at is not None:
        raise StateConflict(state="WITHDRAWN")
    if row.capacity in {"OFFICIAL", "DEPUTY"}:
        raise errors.OfOffice
    changed = records.update(tx.conn, storage.tables.invitations, row, revoked_at=tx.now)
    left = storage.invitations.invitations_of(tx.conn, row.session_id)
    topics = agenda_locked(tx, session)
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
        DelegateTier: The delegate is no official of the tier, or is invited too.
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
    if payload.answer == "YES":
        delegate = None
    if delegate is not None:
        _invite_delegate(tx, row, delegate)
    if row.delegate not in {None, delegate}:
        _dismiss_delegate(tx, row)
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
    invited = storage.invitations.invitation_of(tx.conn, row.session_id, delegate)
    stands = invited is not None and invited.revoked_at is None
    if invited is not None and invited.via == "DELEGATE" and stands and row.delegate == delegate:
        return
    if invited is not None and (stands or invited.via != "DELEGATE"):
        raise errors.DelegateTier(delegate=delegate, field="delegate_person_id")
    comes = {
        "tier": row.tier,
        "source": row.source,
        "answer": "YES",
        "answered_at": tx.now,
    }
    if invited is not None:
        # Who came for another before, and was not needed any more, comes again.
        records.update(tx.conn, storage.tables.invitations, invited, revoked_at=None, **comes)
    else:
        records.add(
            tx.conn,
            storage.tables.invitations,
            invitation_id=tx.new_id("inv"),
            session_id=row.session_id,
            person_id=delegate,
            capacity="OFFICIAL",
            voting=False,
            via="DELEGATE",
            area=row.area,
            created_at=tx.now,
            version=1,
            **comes,
        )
    topic = storage.agenda.agenda(tx.conn, row.session_id)[0]
    tell(tx, "INVITED", topic.topic_id, [delegate], ref=row.session_id)


def _delegate_of(tx: Tx, row: Row) -> Row | None:
    """Return the invitation of who would come for somebody, as far as it stands, or None."""
    if row.delegate is None:
        return None
    found = storage.invitations.invitation_of(tx.conn, row.session_id, row.delegate)
    if found is None or found.via != "DELEGATE" or found.revoked_at is not None:
        return None
    return found


def _dismiss_delegate(tx: Tx, row: Row) -> None:
    """Who would have come for an official does not, since that one comes, or sends another."""
    found = _delegate_of(tx, row)
    if found is None:
        return
    records.update(tx.conn, storage.tables.invitations, found, revoked_at=tx.now)
    aside(tx, storage.tables.sessions, found, "delegate_dismissed", person_id=found.person_id)
    topic = storage.agenda.agenda(tx.conn, row.session_id)[0]
    tell(tx, "DELEGATE_DISMISSED", topic.topic_id, [found.person_id], ref=row.session_id)


def remind_host(tx: Tx, due: Due) -> None:
    """A day before the session, ask the host to telephone those who have not answered."""
    session = records.find(tx.conn, storage.tables.sessions, due.ref)
    if session is None or session.state != "SCHEDULED":
        return
    silent = [
        row.person_id
        for row in storage.invitations.invitations_of(tx.conn, due.ref)
        if row.answer == "NONE" and row.revoked_at is None
    ]
    if silent:
        topic = storage.agenda.agenda(tx.conn, due.ref)[0]
        tell(tx, "ANSWERS_MISSING", topic.topic_id, [session.host_id], ref=due.ref)
        aside(tx, storage.tables.sessions, session, "answers_missing", people=silent)


def follow_residents(tx: Tx, people: Sequence[str]) -> None:
    """Who has moved away or died no longer represents the residents of a session to come; who has
    moved within its area speaks for the new home."""
    homes = storage.heard.residents_of(tx.conn, people)
    for row in storage.heard.coming_invitations(tx.conn, people):
        home = homes.get(row.person_id)
        agenda = storage.agenda.agenda(tx.conn, row.session_id)
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


def _renew_officials(tx: Tx, session: Row) -> None:
    """Let the invitations of who has left office lapse, and invite who has come next."""
    agenda = storage.agenda.agenda(tx.conn, session.session_id)
    scope = sorted({code for topic in agenda for code in topic.scope})
    listed = InvitationList()
    invite_officials(tx, listed, session.level, scope, session.area, gaps=True)
    invited = storage.invitations.invitations_of(tx.conn, session.session_id)
    by_office = [
        row.person_id for row in invited if row.capacity == "OFFICIAL" and row.revoked_at is None
    ]
    serving = storage.heard.officials_near(tx.conn, by_office, session.area)
    for row in invited:
        if row.person_id in by_office and row.person_id not in serving:
            _lapse(tx, row, agenda)
    known = {row.person_id for row in invited}
    new = [row for person_id, row in listed.rows.items() if person_id not in known]
    add_invitations(tx, session.session_id, session.area, new)
    tell(tx, "INVITED", agenda[0].topic_id, [row.person_id for row in new], ref=session.session_id)


def _lapse(tx: Tx, row: Row, agenda: Sequence[Row]) -> None:
    """Who is no longer what the invitation says does not come as that, and is told; nor does who
    would have come instead."""
    _dismiss_delegate(tx, row)
    records.update(tx.conn, storage.tables.invitations, row, revoked_at=tx.now)
    aside(tx, storage.tables.sessions, row, "invitation_lapsed", person_id=row.person_id)
    tell(tx, "INVITATION_LAPSED", agenda[0].topic_id, [row.person_id], ref=row.session_id)


def renew_speakers(tx: Tx, session_id: str) -> None:
    """Who no longer speaks for a company, the owners or a partner neither votes nor counts."""
    people: dict[str, list[str]] = {}
    invited = storage.invitations.invitations_of(tx.conn, session_id)
    for row in invited:
        if row.revoked_at is None:
            people.setdefault(row.capacity, []).append(row.person_id)
    agenda = storage.agenda.agenda(tx.conn, session_id)
    gone = speaks_no_more(tx, people, topics=agenda)
    for row in invited:
        if row.person_id in gone:
            _lapse(tx, row, agenda)
