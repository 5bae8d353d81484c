"""Officials, liaison links, deputies and the opt-in to the draw."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Area, Instant, PersonId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.escalations import follow_chain
from fivered.services.forum.actions.hosts import follow_host
from fivered.services.forum.actions.invitations import follow_offices
from fivered.services.forum.actions.record import (
    tell,
)
from fivered.services.forum.fields import StreetCode, TargetKind, Tier

DeputyKind = Literal["PARTY_DELEGATE", "PEOPLES_CONGRESS", "CPPCC_MEMBER"]
DeputyLevel = Literal["NATIONAL", "PROVINCE", "CITY", "DISTRICT", "TOWN"]
ChosenId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,5}_[A-Za-z0-9_-]{1,56}$",
        description="导入时自定编号 / id chosen by a loader",
    ),
]


class RegisterOfficial(Request, frozen=True):
    """登记干部 / Register an official. A grid worker answers for the grid from then on."""

    person_id: Annotated[PersonId, Meta(max_length=64, examples=["per_0001"])]
    tier: Annotated[Tier, Meta(description="层级 / tier", examples=["COMMUNITY_CADRE"])]
    post: Annotated[str, Meta(min_length=1, max_length=100, examples=["社区党委副书记"]), PUBLIC]
    area: Annotated[
        Area,
        Meta(
            description="区 6、街道 9、社区 12、网格 15 位 / area of the tier's size",
            examples=["370811015901"],
        ),
    ]
    official_id: ChosenId | None = None


class EndOfficial(Request, frozen=True):
    """原因 / Why."""

    official_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["岗位调整"]), PUBLIC]


class AssignLiaison(Request, frozen=True):
    """建立包保联系 / Link an official to a target of the same tier."""

    official_id: Annotated[str, Meta(max_length=64, examples=["off_0001"])]
    target_kind: Annotated[TargetKind, Meta(examples=["GRID"])]
    target: Annotated[str, Meta(min_length=1, max_length=64, examples=["370811015901001"])]
    since: Annotated[Instant, Meta(description="起 / since, default now")] | None = None
    until: Annotated[Instant, Meta(description="止 / until")] | None = None
    link_id: ChosenId | None = None


class EndLiaison(Request, frozen=True):
    """原因 / Why."""

    link_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["岗位调整"]), PUBLIC]


class RegisterDeputy(Request, frozen=True):
    """登记“两代表一委员” / Register a deputy."""

    person_id: Annotated[PersonId, Meta(max_length=64, examples=["per_0002"])]
    kind: Annotated[DeputyKind, Meta(examples=["PARTY_DELEGATE"])]
    level: Annotated[DeputyLevel, Meta(examples=["DISTRICT"])]
    streets: Annotated[
        list[StreetCode], UNIQUE, Meta(min_length=1, max_length=50, examples=[["370811015"]])
    ]
    term_from: Instant | None = None
    term_to: Instant | None = None
    deputy_id: ChosenId | None = None


class EndDeputy(Request, frozen=True):
    """A deputy's term ends."""

    deputy_id: str


class OptIn(Request, frozen=True):
    """本人,或由干部代录 / Oneself, or a resident for whom a cadre enters it."""

    person_id: (
        Annotated[PersonId, Meta(description="代录对象 / whose choice staff enter")] | None
    ) = None
    receipt: (
        Annotated[
            str,
            Meta(
                min_length=2,
                max_length=200,
                description="本人签字材料,代录必填,第二人确认生效 "
                "/ signed paper; a second confirms",
            ),
            PUBLIC,
        ]
        | None
    ) = None


def _require_area(tx: Tx, code: str, field: str) -> None:
    """Refuse an area that nobody has defined; a street or a district is there with the first
    community in it.

    Raises:
        NotHeardOf: There is no such area.
    """
    if len(code) < 12:
        found = bool(storage.heard.areas_in(tx.conn, code, 12))
    else:
        found = code in records.present(tx.conn, storage.tables.areas, [code])
    if not found:
        raise errors.NotHeardOf(kind="area", id=code, field=field)


def _require_target(tx: Tx, kind: str, target: str, grid: str) -> None:
    """Refuse a target that is not there; a household has to be one of the worker's grid.

    Raises:
        NotHeardOf: There is no such area, or no such household in the grid.
    """
    if kind != "HOUSEHOLD":
        _require_area(tx, target, "target")
    elif storage.liaison.grid_of_household(tx.conn, target) != grid:
        raise errors.NotHeardOf(kind="household", id=target, field="target")


def _require_grown_up(tx: Tx, person_id: str) -> None:
    """Refuse a child; of who lives in no grid here nothing is known.

    Raises:
        UnderAge: The registry says that the person is no adult.
    """
    known = storage.heard.residents_of(tx.conn, [person_id]).get(person_id)
    if known is not None and not known.is_adult:
        raise errors.UnderAge(field="person_id")


def _chain_changed(tx: Tx, area: str) -> None:
    """What waits before the chain, and sessions to come, are for who is in office now."""
    follow_chain(tx, area)
    follow_offices(tx, area)


def _same(row: Row, **given: object) -> bool:
    return all(getattr(row, name) == value for name, value in given.items())


def _same_term(row: Row, begin: str, end: str, *, given: tuple[datetime | None, ...]) -> bool:
    """Tell whether a term is the one that was given: it may begin with the day of the entry, and
    one that was ended says when."""
    since, until = given
    if since is not None and getattr(row, begin) != since:
        return False
    return row.state != "ACTIVE" or bool(getattr(row, end) == until)


def register_official(tx: Tx, payload: RegisterOfficial) -> replies.Done:
    """登记干部 / Register an official.

    The same official again answers the one who is in office.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
        AreaMismatch: The area is not of the tier's size.
        NotFound: There is no such area.
        UnderAge: The registry says that the person is no adult.
        IdTaken: The chosen id stands for another official.
    """
    tx.require_scope(payload.area)
    rules.check_official_area(payload.tier, payload.area)
    _require_grown_up(tx, payload.person_id)
    _require_area(tx, payload.area, "area")
    given = {
        "person_id": payload.person_id,
        "tier": payload.tier,
        "post": payload.post,
        "area": payload.area,
    }
    storage.liaison.hold_person(tx.conn, payload.person_id)
    if payload.official_id:
        row = records.find(tx.conn, storage.tables.officials, payload.official_id)
        if row is not None:
            if not _same(row, **given):
                raise errors.IdTaken(id=payload.official_id, field="official_id")
            return replies.Done.of(row, id=row.official_id)
    row = storage.liaison.active_office(tx.conn, **given)
    if row is not None:
        return replies.Done.of(row, id=row.official_id)
    official_id = payload.official_id or tx.new_id("off")
    made = records.create(
        tx,
        storage.tables.officials,
        step="register",
        note=given,
        official_id=official_id,
        state="ACTIVE",
        created_at=tx.now,
        version=1,
        **given,
    )
    if payload.tier == rules.GRID_WORKER:
        _chain_changed(tx, payload.area)
    return replies.Done.of(made, id=official_id)


def end_official(tx: Tx, payload: EndOfficial) -> replies.Done:
    """干部离任 / End an official's term and links.

    Raises:
        NotFound: There is none.
        StateConflict: It has ended already.
    """
    row = records.locked(tx.conn, storage.tables.officials, payload.official_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    records.require_state(row, "ACTIVE")
    left = _leave_office(tx, row, payload.reason)
    return replies.Done.of(left, id=left.official_id)


def _leave_office(tx: Tx, row: Row, reason: str) -> Row:
    for link in storage.liaison.links_of_official(tx.conn, row.official_id):
        _end_link(tx, link, reason)
    row = records.change(
        tx,
        storage.tables.officials,
        row,
        step="end",
        note={"reason": reason},
        state="ENDED",
        ended_at=tx.now,
    )
    _chain_changed(tx, row.area)
    if reason != DECEASED:
        follow_host(tx, row.person_id)
    return row


# Who has died is spoken of as that.
DECEASED = "DECEASED"
# The household of a link has moved to another grid.
MOVED = "MOVED_OUT"
# The grid was split up or merged; another link goes on in its place.
REGRID = "GRID_CHANGED"


def end_posts_of_dead(tx: Tx, people: Sequence[str]) -> None:
    """Who has died answers for nothing any more: offices, links and mandates end."""
    end_offices(tx, people, DECEASED, *rules.TIERS)
    for row in storage.liaison.mandates_of(tx.conn, people):
        _leave_mandate(tx, row)


def end_offices(tx: Tx, people: Sequence[str], reason: str, *tiers: str) -> None:
    """End the offices, of some tiers, of people who hold them no more."""
    for row in storage.liaison.offices_of(tx.conn, people):
        if row.tier in tiers:
            _leave_office(tx, row, reason)


def assign_liaison(tx: Tx, payload: AssignLiaison) -> replies.Done:
    """建立包保联系 / Link an official to a target.

    Link an official to a target; the same link again answers the one that exists.

    Raises:
        NotFound: There is no such official, no such area, or no such household in the grid.
        StateConflict: The official's term has ended.
        TierRule: The tier answers for another kind of target.
        AreaMismatch: The target lies outside the official's area.
        TermOver: The period ends before it begins, or begins in the future.
        IdTaken: The chosen id stands for another link.
    """
    official = records.locked(tx.conn, storage.tables.officials, payload.official_id)
    tx.require_scope(official.area)
    given = {
        "official_id": payload.official_id,
        "target_kind": payload.target_kind,
        "target": payload.target,
    }
    if payload.link_id:
        row = records.find(tx.conn, storage.tables.liaisons, payload.link_id)
        if row is not None:
            term = (payload.since, payload.until)
            if not _same(row, **given) or not _same_term(row, "since", "until", given=term):
                raise errors.IdTaken(id=payload.link_id, field="link_id")
            return replies.Done.of(row, id=row.link_id)
    records.require_state(official, "ACTIVE")
    rules.check_link(official.tier, official.area, payload.target_kind, payload.target)
    _require_target(tx, payload.target_kind, payload.target, official.area)
    since = payload.since or tx.now
    if since > tx.now or (payload.until is not None and payload.until <= tx.now):
        raise errors.TermOver(field="until" if since <= tx.now else "since")
    row = storage.liaison.active_link(
        tx.conn, payload.official_id, payload.target_kind, payload.target
    )
    if row is not None:
        return replies.Done.of(row, id=row.link_id)
    # A household lies in the grid of its worker; a code is its own area.
    area = official.area if payload.target_kind == "HOUSEHOLD" else payload.target
    made = _assign(
        tx, official, given, area=area, since=since, until=payload.until, link_id=payload.link_id
    )
    return replies.Done.of(made, id=made.link_id)


def _assign(
    tx: Tx,
    official: Row,
    given: dict[str, str],
    *,
    area: str,
    since: datetime,
    until: datetime | None,
    link_id: str | None = None,
) -> Row:
    """Link an official to a target, and say so."""
    link_id = link_id or tx.new_id("lnk")
    made = records.create(
        tx,
        storage.tables.liaisons,
        step="assign",
        note=given,
        link_id=link_id,
        person_id=official.person_id,
        tier=official.tier,
        area=area,
        since=since,
        until=until,
        state="ACTIVE",
        created_at=tx.now,
        version=1,
        **given,
    )
    if until is not None:
        tx.arm("liaison_until", link_id, until)
    tx.publish(
        events.LiaisonAssigned(
            link_id=link_id,
            tier=official.tier,
            person_id=official.person_id,
            **given,
        ),
        subject=link_id,
        scope=area,
        sequence=1,
    )
    _chain_changed(tx, area)
    return made


def _end_link(tx: Tx, link: Row, reason: str) -> Row:
    row = records.change(
        tx,
        storage.tables.liaisons,
        link,
        step="end",
        note={"reason": reason},
        state="ENDED",
        until=tx.now,
        reason=reason,
    )
    tx.disarm("liaison_until", row.link_id)
    tx.publish(
        fact_of(events.LiaisonEnded, row),
        subject=row.link_id,
        scope=row.area,
        sequence=row.version,
    )
    _chain_changed(tx, row.area)
    return row


def end_liaison(tx: Tx, payload: EndLiaison) -> replies.Done:
    """解除包保联系 / End a link.

    Raises:
        NotFound: There is none.
        StateConflict: It has ended already.
    """
    row = records.locked(tx.conn, storage.tables.liaisons, payload.link_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    records.require_state(row, "ACTIVE")
    ended = _end_link(tx, row, payload.reason)
    return replies.Done.of(ended, id=ended.link_id)


def follow_homes(tx: Tx, households: Collection[str]) -> None:
    """End the links to households that live in another grid by now; its workers answer there."""
    if not households:
        return
    for link in storage.liaison.household_links(tx.conn, households):
        if storage.liaison.grid_of_household(tx.conn, link.target) != link.area:
            _end_link(tx, link, MOVED)


def follow_grids(tx: Tx, change: events.GridsChangedHeard) -> None:
    """Let who answers for a grid that was changed answer for all that it became, so that no part
    is a gap; who is in office in a grid that has ended is so in the one that took its place. Terms
    go on, under links of their own."""
    for grid in change.grids:
        if grid in change.ended:
            for official in storage.liaison.officials_in(tx.conn, grid):
                records.change(
                    tx,
                    storage.tables.officials,
                    official,
                    step="regrid",
                    note={"before": grid},
                    area=change.rest,
                )
        for link in storage.liaison.links_to(tx.conn, grid):
            official = records.locked(tx.conn, storage.tables.officials, link.official_id)
            # Who is in office in one grid answers for that one.
            heirs = [official.area] if official.tier == rules.GRID_WORKER else change.into
            if grid in change.ended:
                _end_link(tx, link, REGRID)
            for heir in heirs:
                given = {
                    "official_id": link.official_id,
                    "target_kind": link.target_kind,
                    "target": heir,
                }
                if storage.liaison.active_link(tx.conn, **given) is None:
                    _assign(tx, official, given, area=heir, since=link.since, until=link.until)


def end_at_term(tx: Tx, due: Due) -> None:
    """End a link whose time is over."""
    row = records.find(tx.conn, storage.tables.liaisons, due.ref, lock=True)
    if row is not None and row.state == "ACTIVE":
        _end_link(tx, row, "TERM")


def register_deputy(tx: Tx, payload: RegisterDeputy) -> replies.Done:
    """登记两代表一委员 / Register a deputy.

    Register a deputy with the streets of the constituency.

    Raises:
        RoleDenied: A street lies outside the caller's scope.
        NotFound: There is no such street.
        TermOver: The term ends before it begins.
        UnderAge: The registry says that the person is no adult.
        MandateHeld: The person is such a deputy already.
        IdTaken: The chosen id stands for another deputy.
    """
    _require_grown_up(tx, payload.person_id)
    streets = sorted(set(payload.streets))
    for street in streets:
        tx.require_scope(street)
        _require_area(tx, street, f"streets.{payload.streets.index(street)}")
    term_from = payload.term_from or tx.now
    if payload.term_to is not None and payload.term_to <= term_from:
        raise errors.TermOver(field="term_to")
    given = {"person_id": payload.person_id, "kind": payload.kind, "level": payload.level}
    storage.liaison.hold_person(tx.conn, payload.person_id)
    if payload.deputy_id:
        row = records.find(tx.conn, storage.tables.deputies, payload.deputy_id)
        if row is not None:
            same = (
                storage.liaison.streets_of(tx.conn, [payload.deputy_id]).get(payload.deputy_id)
                == streets
            )
            term = (payload.term_from, payload.term_to)
            same = same and _same_term(row, "term_from", "term_to", given=term)
            if not same or not _same(row, **given):
                raise errors.IdTaken(id=payload.deputy_id, field="deputy_id")
            return replies.Done.of(row, id=row.deputy_id)
    row = storage.liaison.active_mandate(tx.conn, **given)
    if row is not None:
        raise errors.MandateHeld(id=row.deputy_id, field="person_id")
    deputy_id = payload.deputy_id or tx.new_id("dep")
    made = records.create(
        tx,
        storage.tables.deputies,
        step="register",
        note=given,
        deputy_id=deputy_id,
        term_from=term_from,
        term_to=payload.term_to,
        area=streets[0] if len(streets) == 1 else streets[0][:6],
        state="ACTIVE",
        created_at=tx.now,
        version=1,
        **given,
    )
    records.add_all(
        tx.conn,
        storage.tables.deputy_streets,
        [{"deputy_id": deputy_id, "street": street} for street in streets],
    )
    if payload.term_to is not None:
        tx.arm("deputy_until", deputy_id, payload.term_to)
    if term_from > tx.now:
        tx.arm("deputy_from", deputy_id, term_from)
    else:
        _say_begun(tx, made)
    return replies.Done.of(made, id=deputy_id)


def _say_begun(tx: Tx, row: Row) -> None:
    streets = storage.liaison.streets_of(tx.conn, [row.deputy_id])[row.deputy_id]
    tx.publish(
        events.DeputyBegan(
            deputy_id=row.deputy_id, person_id=row.person_id, streets=sorted(streets)
        ),
        subject=row.deputy_id,
        scope=row.area,
        sequence=1,
    )


def begin_term(tx: Tx, due: Due) -> None:
    """Say that a deputy's term has begun."""
    row = records.find(tx.conn, storage.tables.deputies, due.ref, lock=True)
    if row is not None and row.state == "ACTIVE":
        _say_begun(tx, row)


def end_term(tx: Tx, due: Due) -> None:
    """End a mandate whose term is over."""
    row = records.find(tx.conn, storage.tables.deputies, due.ref, lock=True)
    if row is not None and row.state == "ACTIVE":
        _leave_mandate(tx, row)


def end_deputy(tx: Tx, payload: EndDeputy) -> replies.Done:
    """代表离任 / End a deputy's term.

    Raises:
        NotFound: There is none.
        StateConflict: It has ended already.
    """
    row = records.locked(tx.conn, storage.tables.deputies, payload.deputy_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    records.require_state(row, "ACTIVE")
    left = _leave_mandate(tx, row)
    return replies.Done.of(left, id=left.deputy_id)


def _leave_mandate(tx: Tx, row: Row) -> Row:
    left = records.change(
        tx, storage.tables.deputies, row, step="end", state="ENDED", term_to=tx.now
    )
    for kind in ("deputy_from", "deputy_until"):
        tx.disarm(kind, left.deputy_id)
    tx.publish(
        fact_of(events.DeputyEnded, left),
        subject=left.deputy_id,
        scope=left.area,
        sequence=left.version,
    )
    return left


def _opting_person(tx: Tx, person_id: str | None) -> str:
    """Return whose choice it is: the caller's own, or of a resident in a cadre's scope."""
    if tx.actor.role == "R_RESIDENT" or person_id is None:
        if person_id not in {None, tx.actor.id}:
            raise NotFound(kind="resident", id=person_id)
        return tx.actor.id
    known = storage.heard.residents_of(tx.conn, [person_id]).get(person_id)
    if known is None:
        raise NotFound(kind="resident", id=person_id)
    # Where somebody lives is not told to who serves elsewhere.
    tx.require_sight(known.grid or known.community, kind="resident", id=person_id)
    return person_id


def opt_in(tx: Tx, payload: OptIn) -> replies.Done:
    """同意参加随机抽选 / Opt in to the draw of resident representatives.

    Let a resident be drawn as a representative from now on. What staff enter for somebody counts
    when a second of them, or that person, confirms it; the person is told at once.

    Raises:
        NotRegistered: The registry does not know the person.
        UnderAge: The registry says that the person is no adult.
        ReceiptRequired: Staff enter it without saying where the person's signature is.
        LeftHimself: Who has left the draw in person comes back only in person.
        NotFound: The person is not the caller, nor a resident in the caller's scope.
    """
    person_id = _opting_person(tx, payload.person_id)
    known = storage.heard.residents_of(tx.conn, [person_id]).get(person_id)
    if known is None:
        raise errors.NotRegistered(person_id=person_id, field="person_id")
    if not known.is_adult:
        raise errors.UnderAge
    own = person_id == tx.actor.id
    if not own and payload.receipt is None:
        raise errors.ReceiptRequired(field="receipt")
    row = records.find(tx.conn, storage.tables.opt_ins, person_id, lock=True)
    given = {"entered_by": tx.actor.id, "receipt": payload.receipt, "pending": not own}
    if row is None:
        row = records.add(
            tx.conn,
            storage.tables.opt_ins,
            person_id=person_id,
            opted_at=tx.now,
            version=1,
            **given,
        )
    elif row.withdrawn_at is not None:
        if not own and row.withdrawn_by == person_id:
            raise errors.LeftHimself
        row = records.update(
            tx.conn, storage.tables.opt_ins, row, opted_at=tx.now, withdrawn_at=None, **given
        )
    elif row.pending and (own or row.entered_by != tx.actor.id):
        row = records.update(tx.conn, storage.tables.opt_ins, row, pending=False)
        given["pending"] = False
    else:
        given["pending"] = False
    if given["pending"]:
        tell(tx, "DRAW_ENTERED", "", [person_id])
    state = storage.liaison.state_of_opt_in(row)
    return replies.Done.of(row, id=person_id, state=state)


def opt_out(tx: Tx, payload: OptIn) -> replies.Done:
    """退出随机抽选 / Leave the draw.

    Take a resident out of the draw; always allowed, no reason asked. Staff do it on a paper that
    the person has signed, and the person is told at once.

    Raises:
        NotFound: The person is not the caller nor in the caller's scope, or has never opted in.
        ReceiptRequired: Staff do it without saying where the person's signature is.
    """
    person_id = _opting_person(tx, payload.person_id)
    own = person_id == tx.actor.id
    if not own and payload.receipt is None:
        raise errors.ReceiptRequired(field="receipt")
    row = records.locked(tx.conn, storage.tables.opt_ins, person_id)
    if row.withdrawn_at is None:
        row = records.update(
            tx.conn,
            storage.tables.opt_ins,
            row,
            withdrawn_at=tx.now,
            withdrawn_by=tx.actor.id,
            receipt=row.receipt if own else payload.receipt,
        )
        if not own:
            tell(tx, "DRAW_LEFT", "", [person_id])
    return replies.Done.of(row, id=person_id, state="OPTED_OUT")
