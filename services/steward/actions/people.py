"""People who are registered: moving, leaving, returning, and what is put right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol, TypedDict

import msgspec
from msgspec import Meta, field

from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid
from fivered.chassis.free_text import Sealed
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions import dispatch, elsewhere, kinship, phones
from fivered.services.steward.actions.announcing import (
    await_birthdays,
    await_days,
    born_on,
    publish_registered,
)
from fivered.services.steward.actions.changes import Reason, note_change
from fivered.services.steward.actions.ground import takes_synthetic
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import (
    GridNeeded,
    HouseholdElsewhere,
    NotResident,
    NumberTellsBirth,
    PersonExists,
    PhoneTaken,
    RecorderConfirms,
    StillSteward,
)
from fivered.services.steward.fields import Departure
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.storage.people import NewPerson

_READERS = "officials of the community and who handles a case of the person"
Building = Annotated[
    str,
    Sealed(_READERS),
    Meta(min_length=1, max_length=20, description="楼栋 / building", examples=["3号楼"]),
]
Unit = Annotated[
    str,
    Sealed(_READERS),
    Meta(min_length=1, max_length=10, description="单元 / unit", examples=["2单元"]),
]
Room = Annotated[
    str,
    Sealed(_READERS),
    Meta(min_length=1, max_length=10, description="房号 / room", examples=["502"]),
]


class MovePerson(Request, frozen=True):
    """迁移 / Move within the district."""

    person_id: str
    to_grid: Annotated[Grid, Meta(examples=["370811015901002"])]
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    building: Building | None = None
    unit: Unit | None = None
    room: Room | None = None


class DeactivatePerson(Request, frozen=True):
    """注销 / Deactivate."""

    person_id: str
    reason: Departure


class DecideDeath(Request, frozen=True):
    """死亡登记结论 / Whether the person died, as was proposed."""

    person_id: str
    confirmed: bool


class CorrectPerson(Request, frozen=True):
    """更正 / What was wrong; what is left out stays."""

    person_id: str
    reason: Annotated[Reason, Meta(examples=["登记时姓名写错"])]
    name: (
        Annotated[
            str,
            Sealed("readers who may see this person, masked for the rest"),
            Meta(examples=["王小莉"]),
        ]
        | None
    ) = None
    phone: Annotated[str, Meta(max_length=40, examples=["12812345679"])] | None = None
    id_no: Annotated[str, Meta(max_length=40, description="须社区干部以上 / by a cadre")] | None = (
        None
    )
    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100)] | None = None
    household_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    building: Building | None = None
    unit: Unit | None = None
    room: Room | None = None
    clear: Annotated[
        list[Literal["phone", "household_id", "dwelling"]],
        UNIQUE,
        Meta(max_length=10, description="清空的项 / what is emptied"),
    ] = field(default_factory=list)


class ReturnPerson(Request, frozen=True):
    """回迁或更正误登 / The person lives here again, or was never gone."""

    person_id: str
    reason: Annotated[Reason, Meta(examples=["迁回原小区"])]
    grid: (
        Annotated[
            Grid,
            Meta(
                examples=["370811015901002"],
                description="居民必填 / needed of a person who lived in a grid",
            ),
        ]
        | None
    ) = None
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    building: Building | None = None
    unit: Unit | None = None
    room: Room | None = None


class _Dwells(Protocol):
    """A request that says where somebody lives; the three together are one address."""

    @property
    def building(self) -> str | None: ...

    @property
    def unit(self) -> str | None: ...

    @property
    def room(self) -> str | None: ...


def dwelling_given(payload: _Dwells, grid: str | None) -> Dwelling | None:
    """Return the dwelling that a request says.

    Raises:
        BuildingNeeded: A unit or room is given without its building.
        GridNeeded: A dwelling is given, and no grid in which it lies.
    """
    dwelling = rules.dwellings.check(payload.building, payload.unit, payload.room)
    if dwelling is not None and grid is None:
        raise GridNeeded(field="grid")
    return dwelling


class DwellingColumns(TypedDict):
    """Columns of a person's dwelling, and by what the person is found there."""

    dwelling: bytes | None
    found_by: frozenset[str]


def dwelling_columns(
    tx: Tx, row: Row, area: str, dwelling: Dwelling | None, *, name: str | None = None
) -> DwellingColumns:
    """Return the columns of somebody who lives in a dwelling of an area from now on.

    Args:
        tx: The transaction.
        row: The person.
        area: The area.
        dwelling: The dwelling, where it is known.
        name: The person's name from now on, where that is another one.
    """
    vault = storage.vault(tx)
    text = rules.dwellings.as_text(dwelling)
    return {
        "dwelling": vault.seal_or_none(text, f"{row.person_id}.dwelling", row.person_id),
        "found_by": storage.finding.digests(vault, area, name or name_of(tx, row), dwelling),
    }


def other_household(
    holders: Iterable[Row | NewPerson], grid: str | None, household: str | None
) -> Row | NewPerson | None:
    """Return somebody of another household who is among the holders of a phone, or None."""
    # The same one each time: a file that is tried says what the import says.
    for holder in sorted(holders, key=lambda row: str(row.person_id)):
        if not household or (holder.household_id, holder.grid) != (household, grid):
            return holder
    return None


def named(tx: Tx, row: Row | NewPerson, *, kept: bool = False) -> dict[str, str]:
    """Return who it is, for an intake of the area only; to others the person stays unnamed.

    Args:
        tx: The transaction.
        row: The person, who may have been given up for another registration.
        kept: Whether the answer is stored, as that to a list or file is; then without the name.
    """
    if tx.actor.role not in rules.access.INTAKE or not rules.access.may_see(
        tx.actor, "standing", row.grid or row.area
    ):
        return {"who": ""}
    person_id = row.merged_into or row.person_id
    if kept:
        return {"who": f" ({person_id})", "person_id": person_id}
    found = storage.people.person(tx.conn, person_id) if row.merged_into else row
    name = rules.identity.mask_name(name_of(tx, found or row))
    return {"who": f" ({name}, {person_id})", "person_id": person_id, "name": name}


def name_of(tx: Tx, row: Row | NewPerson) -> str:
    """Return a person's name in the clear."""
    return storage.vault(tx).open(row.name, f"{row.person_id}.name")


def _locked(tx: Tx, person_id: str) -> Row:
    """Return an active person of the caller's area: that of residence, or else of the
    registration."""
    require_serving(tx)
    row = storage.people.lock(tx.conn, person_id)
    if row is None:
        raise NotFound(kind="person", id=person_id)
    tx.require_scope(row.grid or row.area)
    if row.status != "ACTIVE":
        raise StateConflict(state=row.status)
    tx.check_version(row.version)
    return row


def _here(tx: Tx, person_id: str) -> Row:
    """Return a person of the caller's area, gone or not; others are not told of."""
    require_serving(tx)
    row = storage.people.lock(tx.conn, person_id)
    if row is None or not tx.actor.covers(row.grid or row.area):
        raise NotFound(kind="person", id=person_id)
    tx.check_version(row.version)
    return row


def reply(row: Row | NewPerson) -> replies.Changed:
    """Return what every command on a person answers."""
    return replies.Changed(id=row.person_id, state=row.status, version=row.version)


def _place_of(row: Row) -> dict[str, object]:
    return {"grid": row.grid, "household_id": row.household_id}


def dwelling_of(tx: Tx, row: Row) -> Dwelling | None:
    """Return where somebody lives, in the clear."""
    return storage.finding.dwelling_of(storage.vault(tx), row)


def _check_household(tx: Tx, row: Row, household: str | None, grid: str | None) -> None:
    """Refuse to put a person into a household that others live in elsewhere, or that the caller
    does not answer for. A household may move one after the other.

    Raises:
        HouseholdElsewhere: The household lies in another community.
        RoleDenied: The caller's area does not hold the grid.
    """
    if not household or not grid:
        return
    if household == row.household_id and row.status == "ACTIVE":
        return
    areas = storage.people.home_areas(tx.conn, [household], row.person_id)[household]
    if not areas:
        return
    if grid[:12] not in areas:
        raise HouseholdElsewhere(field="household_id")
    tx.require_scope(grid)


def phone_sharer(tx: Tx, row: Row, household: str | None) -> Row | None:
    """Return who has a person's phone too and is of another household than this one, or None."""
    if row.phone_hmac is None:
        return None
    found = storage.people.holders(tx.conn, [], [row.phone_hmac])
    for holder in sorted(found, key=lambda one: str(one.person_id)):
        same = household is not None and holder.household_id == household
        if holder.person_id != row.person_id and not same:
            return holder
    return None


def _check_phone_stays(tx: Tx, row: Row, household: str | None) -> None:
    """Refuse to let two households have one phone.

    Raises:
        PhoneTaken: They would; one of them gives it up first (`/people/{person_id}/correct`).
    """
    if household != row.household_id:
        other = phone_sharer(tx, row, household)
        if other is not None:
            raise PhoneTaken(field="household_id", **named(tx, other))


def move_person(tx: Tx, payload: MovePerson) -> replies.Changed:
    """居民迁移 / Move a resident.

    Move a resident to another grid; open requests stay where they are (F18). Who lives there
    already stays as registered.

    与原住户共用手机号码的,先更正号码再迁出。Who shares a phone with the household that is left
    gives it up first, or the household does.

    Raises:
        PhoneTaken: The person's phone stays with the household that is left.
        NotFound: No such person.
        NotResident: The person lives in no grid.
        UnknownGrid: There is no such grid.
        StateConflict: The person is no longer here.
        SelfConfirm: It is somebody of the caller's household.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    row = _locked(tx, payload.person_id)
    kinship.require_not_own(tx, row.person_id)
    if row.grid is None:
        raise NotResident
    storage.ground.require_grid(tx.conn, payload.to_grid, field="to_grid")
    _check_household(tx, row, payload.household_id, payload.to_grid)
    dwelling, lived = dwelling_given(payload, payload.to_grid), dwelling_of(tx, row)
    same = (row.grid, row.household_id) == (payload.to_grid, payload.household_id)
    if same and dwelling in {None, lived}:
        return reply(row)
    _check_phone_stays(tx, row, payload.household_id)
    moved = storage.people.update(
        tx.conn,
        row,
        grid=payload.to_grid,
        area=payload.to_grid[:12],
        household_id=payload.household_id,
        **dwelling_columns(tx, row, payload.to_grid[:12], dwelling),
    )
    before = _place_of(row) | (
        {} if dwelling == lived else {"dwelling": rules.dwellings.as_members(lived)}
    )
    note_change(tx, "PERSON", row.person_id, moved.version, "move", before=before)
    dispatch.free_household(tx, row.person_id)
    tx.publish(
        events.ResidentMoved(
            row.person_id, row.grid, payload.to_grid, payload.to_grid[:12], payload.household_id
        ),
        subject=row.person_id,
        scope=payload.to_grid[:12],
        sequence=moved.version,
    )
    return reply(moved)


def deactivate_person(tx: Tx, payload: DeactivatePerson) -> replies.Deactivated:
    """人员注销 / Deactivate a person.

    Deactivate a person who left the district. A death is proposed by one official, and holds
    when another one confirms it (`/people/{person_id}/death`).

    死亡由一人提出、另一人确认后生效。

    无网格人员由登记其的社区、街道或区办理。A person who lives in no grid (staff, officials) is
    deactivated by the community or street of the registration, or by the district.

    Raises:
        NotFound: No such person.
        RoleDenied: The person lives, or was registered, elsewhere.
        StillSteward: The person holds a post; leaving it hands the requests over.
        StateConflict: The person is no longer here, or a death is proposed by somebody else.
        SelfConfirm: It is somebody of the caller's household.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    row = _locked(tx, payload.person_id)
    kinship.require_not_own(tx, row.person_id)
    require_no_post(tx, row)
    if payload.reason == "DECEASED":
        return _propose_death(tx, row)
    return replies.Deactivated.of(reply(leave(tx, row, payload.reason)))


def require_no_post(tx: Tx, row: Row) -> None:
    """Refuse to end the registration of somebody who holds a post.

    Raises:
        StillSteward: The person does.
    """
    posts = storage.posts.of_person(tx.conn, row.person_id)
    if posts:
        raise StillSteward(steward_id=posts[0].steward_id)


def _propose_death(tx: Tx, row: Row) -> replies.Deactivated:
    waiting = storage.people.open_death(tx.conn, row.person_id)
    if waiting is None:
        waiting = storage.people.insert_death(
            tx.conn,
            death_id=tx.new_id("dth"),
            person_id=row.person_id,
            area=row.area,
            state="PROPOSED",
            proposed_by=tx.actor.id,
            created_at=tx.now,
            version=1,
        )
    elif waiting.proposed_by != tx.actor.id:
        # A person who is answered another's proposal would confirm it as a second person.
        raise StateConflict(state=waiting.state)
    return replies.Deactivated(
        id=row.person_id, state=row.status, version=row.version, death_id=waiting.death_id
    )


def leave(tx: Tx, row: Row, status: str) -> Row:
    """Let a person be here no longer, and say so."""
    gone = storage.people.update(tx.conn, row, status=status)
    note_change(
        tx,
        "PERSON",
        row.person_id,
        gone.version,
        "deactivate",
        before={"status": row.status},
        reason=status,
    )
    tx.publish(
        events.ResidentDeactivated(row.person_id, status),
        subject=row.person_id,
        scope=row.area,
        sequence=gone.version,
    )
    return gone


def decide_death(tx: Tx, payload: DecideDeath) -> replies.Changed:
    """确认或否决死亡登记 / Confirm or reject that a person died.

    Confirm that a person died, as somebody else has proposed, or that it is not so.

    Raises:
        NotFound: No such person here, or nobody has proposed it.
        StillSteward: The person has got a post since then.
        StateConflict: The person is no longer here.
        SelfConfirm: It is somebody of the caller's household.
        RecorderConfirms: Neither who proposed it confirms it, nor that household.
    """
    row = _here(tx, payload.person_id)
    waiting = storage.people.open_death(tx.conn, row.person_id)
    if waiting is None:
        raise NotFound(kind="person_death", id=payload.person_id)
    kinship.require_not_own(tx, row.person_id)
    after = row
    if payload.confirmed:
        if kinship.is_own(tx, waiting.proposed_by):
            raise RecorderConfirms
        if row.status != "ACTIVE":
            raise StateConflict(state=row.status)
        require_no_post(tx, row)
        after = leave(tx, row, "DECEASED")
    storage.people.update_death(
        tx.conn,
        waiting,
        state="CONFIRMED" if payload.confirmed else "REJECTED",
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    return reply(after)


def correct_person(tx: Tx, payload: CorrectPerson) -> replies.Changed:
    """更正人员信息 / Correct what was registered of a person.

    Correct what was registered; what stood there before stays readable in the history.

    Raises:
        NotFound: No such person here.
        RoleDenied: Whom an identity number names is changed by a cadre or above.
        StateConflict: The person is no longer here, and it is not the phone alone that goes.
        PersonExists: The identity number is somebody else's.
        PhoneTaken: The phone is another household's.
        NumberElsewhere, PhoneElsewhere: It is that of somebody registered in another area.
        NumbersElsewhere: There were enough of these today.
        SelfConfirm: It is somebody of the caller's household.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    row = _here(tx, payload.person_id)
    kinship.require_not_own(tx, row.person_id)
    if payload.phone is not None or payload.id_no is not None:
        elsewhere.Share(tx).require()
    return apply_correction(tx, row, payload)


def apply_correction(tx: Tx, row: Row, payload: CorrectPerson) -> replies.Changed:
    """Put right what is registered of a person whose row is locked; see `correct_person`."""
    away = row.status in {"MOVED_OUT", "DECEASED"}
    if row.status != "ACTIVE" and not (away and _gives_up_phone(payload)):
        raise StateConflict(state=row.status)
    if tx.actor.role not in rules.access.SENIORS and (
        payload.id_no is not None or payload.birth_year is not None
    ):
        field = "id_no" if payload.id_no is not None else "birth_year"
        raise RoleDenied(role=tx.actor.role, field=field)
    values, before = corrected(tx, row, payload)
    if not before:
        return reply(row)
    # What it was registered with no longer says who it is; what stands in the row does.
    values["digest"] = f"corrected {row.version + 1}"
    after = storage.people.update(tx.conn, row, **values)
    note_change(
        tx, "PERSON", row.person_id, after.version, "correct", before=before, reason=payload.reason
    )
    phones.tell(tx, row, after)
    if away:
        # The others know that the person is not here.
        return reply(after)
    if "household_id" in before:
        dispatch.free_household(tx, row.person_id)
    if not after.is_adult:
        await_birthdays(tx, [after])
    if after.grid is not None:
        tx.publish(
            fact_of(events.ResidentCorrected, after),
            subject=after.person_id,
            scope=after.area,
            sequence=after.version,
        )
    else:
        publish_registered(tx, after)
    return reply(after)


def _gives_up_phone(payload: CorrectPerson) -> bool:
    """Tell whether all that a correction does is to take the phone away.

    A number that is another household's by now keeps its former holder from coming back.
    """
    new = (
        payload.name,
        payload.phone,
        payload.id_no,
        payload.birth_year,
        payload.household_id,
        payload.building,
        payload.unit,
        payload.room,
    )
    return list(payload.clear) == ["phone"] and all(one is None for one in new)


def corrected(tx: Tx, row: Row, payload: CorrectPerson) -> tuple[dict[str, Any], dict[str, object]]:
    """Return the new columns, and what the changed ones said before; nothing is written.

    Raises:
        BirthAhead: The year of birth lies in the future.
        NumberTellsBirth: The year of birth follows from the identity number.
        PhoneTaken: The phone is another household's.
    """
    vault = storage.vault(tx)
    ref = row.person_id
    values: dict[str, Any] = {}
    before: dict[str, object] = {}
    name = None
    if payload.name is not None:
        name, old = rules.identity.check_name(payload.name), name_of(tx, row)
        if name != old:
            values["name"] = vault.seal(name, f"{ref}.name", ref)
            before["name"] = old
    dwelling = lived = dwelling_of(tx, row)
    given = dwelling_given(payload, row.grid)
    if given is not None or "dwelling" in payload.clear:
        dwelling = given
    if dwelling != lived:
        before["dwelling"] = rules.dwellings.as_members(lived)
    if before:
        values |= dwelling_columns(tx, row, row.area, dwelling, name=name)
    household = row.household_id
    if payload.household_id is not None or "household_id" in payload.clear:
        household = payload.household_id
        if household != row.household_id:
            _check_household(tx, row, household, row.grid)
            values["household_id"] = household
            before["household_id"] = row.household_id
    if payload.phone is not None or "phone" in payload.clear:
        columns = _phone_columns(tx, row, payload.phone, household, row.grid)
        if columns["phone_hmac"] != row.phone_hmac:
            values |= columns
            before["phone"] = vault.open_or_none(row.phone, f"{ref}.phone")
    else:
        _check_phone_stays(tx, row, household)
    if payload.id_no is not None:
        _correct_number(tx, row, payload, values, before)
    elif payload.birth_year is not None and payload.birth_year != row.birth_year:
        if row.id_no_hmac is not None:
            raise NumberTellsBirth(field="birth_year")
        today = tx.calendar.local_date(tx.now)
        rules.identity.check_birth_year(payload.birth_year, None, today)
        values["birth_year"] = payload.birth_year
        values["is_adult"] = rules.identity.is_adult(None, payload.birth_year, today)
        before["birth_year"] = row.birth_year
    return values, before


def _phone_columns(
    tx: Tx, row: Row, phone: str | None, household: str | None, grid: str | None
) -> dict[str, object]:
    """Return the columns of a person's phone, which no other household has."""
    vault = storage.vault(tx)
    if phone is None:
        return {"phone": None, "phone_hmac": None}
    digits = rules.identity.check_phone(phone, synthetic=row.synthetic)
    digest = vault.digest("phone", digits)
    holders = [
        holder
        for holder in storage.people.holders(tx.conn, [], [digest])
        if holder.person_id != row.person_id
    ]
    other = other_household(holders, grid, household)
    if other is not None:
        if elsewhere.is_outside(tx, other):
            raise elsewhere.Share(tx).taken(other, phone=True)
        raise PhoneTaken(field="phone", **named(tx, other))
    return {
        "phone": vault.seal(digits, f"{row.person_id}.phone", row.person_id),
        "phone_hmac": digest,
    }


def _correct_number(
    tx: Tx, row: Row, payload: CorrectPerson, values: dict[str, object], before: dict[str, object]
) -> None:
    vault = storage.vault(tx)
    today = tx.calendar.local_date(tx.now)
    number, born = rules.identity.check_id_number(payload.id_no or "", today)
    rules.identity.check_birth_year(payload.birth_year, born, today)
    rules.identity.check_synthetic(number, synthetic=row.synthetic, allowed=takes_synthetic(tx))
    digest = vault.digest("id_no", number)
    if digest == row.id_no_hmac and row.birthday is not None:
        return
    for other in storage.people.holders(tx.conn, [digest], []):
        if other.person_id != row.person_id:
            if elsewhere.is_outside(tx, other):
                raise elsewhere.Share(tx).taken(other, phone=False)
            raise PersonExists(field="id_no", **named(tx, other))
    values |= {
        "id_no_mask": vault.seal(
            rules.identity.mask_id_number(number), f"{row.person_id}.id_no", row.person_id
        ),
        "id_no_hmac": digest,
        "birth_year": born.year,
        "birthday": vault.seal(born.isoformat(), f"{row.person_id}.birthday", row.person_id),
        "is_adult": rules.identity.is_adult(born, None, today),
    }
    before["id_no"] = vault.open_or_none(row.id_no_mask, f"{row.person_id}.id_no")
    before["birth_year"] = row.birth_year


def return_person(tx: Tx, payload: ReturnPerson) -> replies.Changed:
    """居民回迁 / A person lives here again.

    Say that a person who had moved out, was recorded as dead by mistake, or was registered without
    a grid, lives here.

    误登死亡的由社区干部以上更正。A cadre or above corrects a mistaken death.

    Raises:
        NotFound: No such person here.
        RoleDenied: That somebody is alive is said by a cadre or above.
        UnknownGrid: There is no such grid.
        GridNeeded: The person lived in a grid, and none is named.
        StateConflict: The person is here.
        SelfConfirm: It is somebody of the caller's household.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    row = _here(tx, payload.person_id)
    comes = row.status == "ACTIVE" and row.grid is None and payload.grid is not None
    if row.status not in {"MOVED_OUT", "DECEASED"} and not comes:
        raise StateConflict(state=row.status)
    if row.status == "DECEASED" and tx.actor.role not in rules.access.SENIORS:
        raise RoleDenied(role=tx.actor.role)
    if payload.grid is None:
        if row.grid is not None:
            raise GridNeeded(field="grid")
    else:
        storage.ground.require_grid(tx.conn, payload.grid)
        tx.require_scope(payload.grid)
    kinship.require_not_own(tx, row.person_id)
    return bring_back(
        tx,
        row,
        payload.grid,
        payload.household_id,
        phone=payload.phone,
        dwelling=dwelling_given(payload, payload.grid),
        reason=payload.reason,
    )


def bring_back(
    tx: Tx,
    row: Row,
    grid: str | None,
    household: str | None,
    *,
    phone: str | None,
    dwelling: Dwelling | None,
    reason: str | None = None,
) -> replies.Changed:
    """Let somebody live here again.

    Raises:
        HouseholdElsewhere: The household lies in another community.
        PhoneTaken: The phone is another household's.
    """
    _check_household(tx, row, household, grid)
    vault = storage.vault(tx)
    today = tx.calendar.local_date(tx.now)
    values: dict[str, Any] = {}
    if phone is not None or row.phone_hmac is not None:
        old = vault.open_or_none(row.phone, f"{row.person_id}.phone")
        values |= _phone_columns(tx, row, phone or old, household, grid)
    born = born_on(tx, row)
    adult = rules.identity.is_adult(born, row.birth_year, today)
    area = grid[:12] if grid else row.area
    back = storage.people.update(
        tx.conn,
        row,
        **values,
        status="ACTIVE",
        grid=grid,
        area=area,
        household_id=household,
        is_adult=adult,
        **dwelling_columns(tx, row, area, dwelling),
    )
    before = {"status": row.status} | _place_of(row)
    lived = dwelling_of(tx, row)
    if dwelling != lived:
        before["dwelling"] = rules.dwellings.as_members(lived)
    note_change(tx, "PERSON", row.person_id, back.version, "return", before=before, reason=reason)
    phones.tell(tx, row, back)
    dispatch.free_household(tx, row.person_id)
    if not adult:
        await_days(tx, {rules.identity.eighteenth(born, row.birth_year)})
    if grid is not None:
        tx.publish(
            events.ResidentReturned(row.person_id, area, grid, adult, household),
            subject=row.person_id,
            scope=area,
            sequence=back.version,
        )
    else:
        publish_registered(tx, back)
    return reply(back)
