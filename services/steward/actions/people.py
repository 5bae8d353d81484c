"""The person registry: registering, moving and deactivating people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chassis.bus import Due, Tx
from chassis.fields import Grid
from chassis.free_text import PUBLIC, Sealed
from chassis.records import Row
from chassis.refusal import NotFound, Refusal, RoleDenied, StateConflict
from services.steward import events, replies, rules, storage
from services.steward.actions import changes, dispatch, kinship
from services.steward.actions.changes import note_change
from services.steward.actions.ground import takes_synthetic
from services.steward.errors import (
    GridNeeded,
    HouseholdElsewhere,
    IdTaken,
    NotResident,
    NumberTellsBirth,
    PersonExists,
    PersonGone,
    PersonMergedAway,
    PhoneTaken,
    SelfConfirm,
    StillSteward,
    UnknownGrid,
)

Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=300), PUBLIC]
# How many come of age in one transaction.
_PART = 500


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person; without a grid he is no resident (officials, staff of utilities)."""

    name: Annotated[
        str, Sealed("whoever may see this person, masked for the rest"), Meta(examples=["王小丽"])
    ]
    synthetic: Annotated[bool, Meta(examples=[True], description="合成数据 / invented person")]
    phone: Annotated[str, Meta(examples=["12812345678"])] | None = None
    id_no: Annotated[str, Meta(examples=["370899198001010012"])] | None = None
    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100, examples=[1980])] | None = None
    grid: Annotated[str, Meta(examples=["370811015901001"])] | None = None
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    person_id: (
        Annotated[str, Meta(description="可由调用方给定 / may be chosen by the caller")] | None
    ) = None


@dataclass(frozen=True, slots=True)
class RegisterPerson(PersonLine):
    """登记人员 / Register a person; synthetic people bear recognisable numbers."""

    name: Annotated[
        str,
        Sealed("whoever may see this person, masked for the rest"),
        Meta(min_length=2, max_length=20, examples=["王小丽"]),
    ]
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class RegisterPeople:
    """批量登记 / Register up to 500 people."""

    people: Annotated[list[PersonLine], msgspec.Meta(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class MovePerson:
    """迁移 / Move within the district."""

    person_id: str
    to_grid: Annotated[Grid, Meta(examples=["370811015901002"])]
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


@dataclass(frozen=True, slots=True)
class DeactivatePerson:
    """注销 / Deactivate."""

    person_id: str
    reason: Literal["MOVED_OUT", "DECEASED"]


@dataclass(frozen=True, slots=True)
class CorrectPerson:
    """更正 / What was wrong; what is left out stays."""

    person_id: str
    reason: Annotated[Reason, Meta(examples=["登记时姓名写错"])]
    name: (
        Annotated[
            str,
            Sealed("whoever may see this person, masked for the rest"),
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
    clear: Annotated[
        list[Literal["phone", "household_id"]],
        Meta(max_length=10, description="清空的项 / what is emptied"),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReturnPerson:
    """回迁或更正误登 / He lives here again, or was never gone."""

    person_id: str
    reason: Annotated[Reason, Meta(examples=["迁回原小区"])]
    grid: (
        Annotated[
            Grid,
            Meta(
                examples=["370811015901002"],
                description="居民必填 / needed of whoever lived in a grid",
            ),
        ]
        | None
    ) = None
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None


# Who may say that somebody is alive, or change whom an identity number names.
SENIORS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT", "R_SYSTEM")


def register_person(tx: Tx, payload: RegisterPerson) -> replies.Changed:
    """登记人员 / Register a person.

    Register a person, or answer the one that is registered so already.

    One who had moved out and is registered again with his identity number, or as he was, is the
    same person, and back.

    Raises:
        Refusal: Name, numbers, grid or id are not acceptable, or belong to somebody else.
    """
    result = admit(tx, [payload], returning=True)[0]
    if isinstance(result, Refusal):
        raise result
    return result


def register_people(tx: Tx, payload: RegisterPeople) -> replies.PeopleStored:
    """批量登记人员 / Register many people.

    Register many persons; the answer has one line for each, in the order given.

    每条单独受理或拒绝。Each line is taken or refused by itself.
    """
    items = []
    for position, result in enumerate(admit(tx, payload.people)):
        if isinstance(result, Refusal):
            line = replies.PersonOutcome(line=position, **changes.refused(result))
            if "person_id" in result.params:
                line.person_id = result.params["person_id"]
        else:
            line = replies.PersonOutcome(line=position, result="stored", id=result.id)
        items.append(line)
    return replies.PeopleStored(state="STORED", items=items)


def admit(
    tx: Tx, orders: Sequence[PersonLine], *, returning: bool = False
) -> list[replies.Changed | Refusal]:
    """Check and insert persons with a fixed number of statements, however many they are.

    Args:
        tx: The transaction.
        orders: Whom to register.
        returning: Whether one who had moved out is back; a list of many may be of last year.
    """
    grids = storage.ground.known(tx.conn, {o.grid for o in orders if o.grid}, "GRID")
    results: list[Refusal | None] = []
    rows: list[dict[str, Any]] = []
    for order in orders:
        try:
            row = _row(tx, order, grids)
        except Refusal as refusal:
            results.append(refusal)
            continue
        rows.append(row)
        results.append(None)
    known = _Known(tx, rows)
    # One verdict per row, not per person: a batch may name the same person twice.
    verdicts: list[replies.Changed | Refusal] = []
    fresh: dict[int, dict[str, Any]] = {}
    for row in rows:
        before = known.same(row)
        if before is not None:
            verdicts.append(_again(tx, row, before, returning=returning))
            continue
        if known.lives_elsewhere(row):
            verdicts.append(HouseholdElsewhere(field="household_id"))
            continue
        other = known.phone_conflict(row)
        if other is not None:
            verdicts.append(PhoneTaken(field="phone", **_named(tx, other)))
            continue
        known.add(row)
        fresh[len(verdicts)] = row
        verdicts.append(replies.Changed(id=row["person_id"], state="ACTIVE", version=1))
    inserted = storage.people.insert(tx.conn, list(fresh.values())) if fresh else set()
    for place, row in fresh.items():
        if row["person_id"] not in inserted:
            # Somebody registered the same person between our look and our insert.
            verdicts[place] = PersonExists(field="id_no", who="")
        elif row["grid"]:
            _announce(tx, row)
        else:
            publish_registered(tx, SimpleNamespace(**row))
    taken = [row for row in fresh.values() if row["person_id"] in inserted]
    _await_birthdays(tx, (SimpleNamespace(**row) for row in taken))
    homes = {row["household_id"] for row in taken} - {None}
    for handler in storage.people.handlers_in(tx.conn, homes) if homes else ():
        dispatch.free_of(tx, handler)
    remaining = iter(verdicts)
    return [next(remaining) if refused is None else refused for refused in results]


class _Known:
    """Who is registered under the ids and numbers of a batch, and where its households live, the
    batch's own lines included."""

    def __init__(self, tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
        self._ids: dict[str, Any] = {}
        self._numbers: dict[str, Any] = {}
        self._phones: dict[str, list[Any]] = {}
        found = [
            *storage.people.several(tx.conn, [row["person_id"] for row in rows]),
            *storage.people.holders(
                tx.conn,
                {row["id_no_hmac"] for row in rows if row["id_no_hmac"]},
                {row["phone_hmac"] for row in rows if row["phone_hmac"]},
            ),
        ]
        for row in {row.person_id: row for row in found}.values():
            self._keep(row)
        homes = {row["household_id"] for row in rows} - {None}
        self._homes = storage.people.home_areas(tx.conn, homes) if homes else {}

    def _keep(self, row: Any) -> None:
        self._ids[row.person_id] = row
        if row.id_no_hmac:
            self._numbers[row.id_no_hmac] = row
        if row.phone_hmac and row.status == "ACTIVE":
            self._phones.setdefault(row.phone_hmac, []).append(row)

    def add(self, row: dict[str, Any]) -> None:
        """Keep a line that will be inserted."""
        self._keep(SimpleNamespace(merged_into=None, **row))
        if row["household_id"] and row["grid"]:
            self._homes[row["household_id"]].add(row["area"])

    def lives_elsewhere(self, row: dict[str, Any]) -> bool:
        """Tell whether the row's household lives in other communities only."""
        homes = self._homes.get(row["household_id"] or "", set())
        return bool(homes) and row["grid"] is not None and row["area"] not in homes

    def same(self, row: dict[str, Any]) -> Any:
        """Return who has the row's id, or its identity number."""
        return self._ids.get(row["person_id"]) or self._numbers.get(row["id_no_hmac"] or "")

    def phone_conflict(self, row: dict[str, Any]) -> Any:
        """Return somebody of another household who has the row's phone, or None."""
        return _other_household(
            self._phones.get(row["phone_hmac"] or "", []), row["grid"], row["household_id"]
        )


def _other_household(holders: Sequence[Any], grid: str | None, household: str | None) -> Any:
    # The same one each time: a file that is tried says what the import says.
    for holder in sorted(holders, key=lambda row: str(row.person_id)):
        if not household or (holder.household_id, holder.grid) != (household, grid):
            return holder
    return None


def _named(tx: Tx, row: Any) -> dict[str, str]:
    """Return who it is, for an intake of his area only; to others he stays unnamed."""
    if tx.actor.role in rules.access.INTAKE and rules.access.may_see(
        tx.actor, "STANDING", row.grid or row.area
    ):
        person_id = row.merged_into or row.person_id
        return {"who": f" ({person_id})", "person_id": person_id}
    return {"who": ""}


def _again(
    tx: Tx, row: dict[str, Any], known: Any, *, returning: bool
) -> replies.Changed | Refusal:
    """Return what becomes of a row whose id or identity number is registered."""
    if known.status == "MERGED":
        return PersonMergedAway(id=known.person_id, field="person_id", **_named(tx, known))
    same_id = known.person_id == row["person_id"]
    same = same_id and (known.digest == row["digest"] or _same_content(tx, row, known))
    by_number = row["id_no_hmac"] is not None and known.id_no_hmac == row["id_no_hmac"]
    if known.status != "ACTIVE" and (same or by_number):
        alike = same or _name_of(tx, known) == _plain_name(tx, row)
        if known.status == "MOVED_OUT" and returning and alike:
            try:
                return _bring_back(
                    tx, known, row["grid"], row["household_id"], phone=_plain_phone(tx, row)
                )
            except Refusal as refusal:
                return refusal
        return PersonGone(state=known.status, field="person_id", **_named(tx, known))
    if same:
        _learn_birthday(tx, row, known)
        return _reply(known)
    if same_id:
        return IdTaken(id=known.person_id, field="person_id")
    return PersonExists(field="id_no", **_named(tx, known))


def _same_content(tx: Tx, row: dict[str, Any], known: Any) -> bool:
    fields = ("id_no_hmac", "phone_hmac", "birth_year", "grid", "household_id", "synthetic")
    return all(row[name] == getattr(known, name) for name in fields) and _name_of(
        tx, known
    ) == _plain_name(tx, row)


def _name_of(tx: Tx, row: Any) -> str:
    return storage.vault(tx.settings.keys).open(row.name, f"{row.person_id}.name")


def _plain_name(tx: Tx, row: dict[str, Any]) -> str:
    return storage.vault(tx.settings.keys).open(row["name"], f"{row['person_id']}.name")


def _plain_phone(tx: Tx, row: dict[str, Any]) -> str | None:
    vault = storage.vault(tx.settings.keys)
    return vault.open_or_none(row["phone"], f"{row['person_id']}.phone")


def _learn_birthday(tx: Tx, row: dict[str, Any], known: Any) -> None:
    """Keep the day of birth of one who was registered before it was kept."""
    if row["birthday"] is None or getattr(known, "birthday", None) is not None:
        return
    vault = storage.vault(tx.settings.keys)
    born = vault.open(row["birthday"], f"{row['person_id']}.birthday")
    sealed = vault.seal(born, f"{known.person_id}.birthday")
    storage.people.update(tx.conn, known.person_id, birthday=sealed)
    if not known.is_adult:
        _await(tx, {rules.identity.eighteenth(date.fromisoformat(born), None)})


# --------------------------------------------------------------------------------------------------
# Coming of age


def _born(tx: Tx, row: Any) -> date | None:
    vault = storage.vault(tx.settings.keys)
    born = vault.open_or_none(row.birthday, f"{row.person_id}.birthday")
    return date.fromisoformat(born) if born else None


def _await_birthdays(tx: Tx, rows: Iterable[Any]) -> None:
    _await(
        tx,
        {
            rules.identity.eighteenth(_born(tx, row), row.birth_year)
            for row in rows
            if not row.is_adult
        },
    )


def _await(tx: Tx, days: Iterable[date | None]) -> None:
    """Arm a timer for each day: it tells that somebody comes of age then, and not who."""
    for day in sorted({day for day in days if day is not None}):
        tx.arm("COMING_OF_AGE", day.isoformat(), tx.calendar.midnight(day))


def come_of_age(tx: Tx, due: Due) -> None:
    """Say who is 18 from this day on; a large day is told in parts."""
    today = tx.calendar.local_date(tx.now)
    grown = [
        row
        for row in storage.people.minors(tx.conn, today.year - 18)
        if rules.identity.is_adult(_born(tx, row), row.birth_year, today)
    ]
    if len(grown) > _PART:
        tx.arm(due.kind, due.ref, due.due_at)
        grown = grown[:_PART]
    if not grown:
        return
    storage.people.grown(tx.conn, [row.person_id for row in grown])
    for row in grown:
        if row.grid is not None:
            tx.publish(
                events.ResidentCameOfAge(row.person_id, row.area, row.grid),
                subject=row.person_id,
                scope=row.area,
                sequence=row.version + 1,
            )
        else:
            publish_registered(tx, storage.people.person(tx.conn, row.person_id))


# --------------------------------------------------------------------------------------------------
# The row


def _row(tx: Tx, payload: PersonLine, grids: set[str]) -> dict[str, Any]:
    chosen = rules.identity.check_id(payload.person_id, "per", field="person_id")
    name = rules.identity.check_name(payload.name)
    today = tx.calendar.local_date(tx.now)
    number, born = None, None
    if payload.id_no is not None:
        number, born = rules.identity.check_id_number(payload.id_no, today)
    rules.identity.check_synthetic(number, synthetic=payload.synthetic, allowed=takes_synthetic(tx))
    phone = None
    if payload.phone is not None:
        phone = rules.identity.check_phone(payload.phone, synthetic=payload.synthetic)
    if payload.grid is not None:
        if payload.grid not in grids:
            raise UnknownGrid(grid=payload.grid, field="grid")
        tx.require_scope(payload.grid)
    person_id = chosen or tx.new_id("per")
    vault = storage.vault(tx.settings.keys)
    birth_year = born.year if born else payload.birth_year
    content = [
        name,
        phone,
        number,
        birth_year,
        payload.grid,
        payload.household_id,
        payload.synthetic,
    ]
    return {
        "person_id": person_id,
        "name": vault.seal(name, f"{person_id}.name"),
        "phone": vault.seal_or_none(phone, f"{person_id}.phone"),
        "phone_hmac": vault.digest("phone", phone) if phone else None,
        "id_no_mask": vault.seal_or_none(
            rules.identity.mask_id_number(number) if number else None, f"{person_id}.id_no"
        ),
        "id_no_hmac": vault.digest("id_no", number) if number else None,
        "birth_year": birth_year,
        "birthday": vault.seal_or_none(born.isoformat() if born else None, f"{person_id}.birthday"),
        "is_adult": rules.identity.is_adult(born, birth_year, today),
        "area": payload.grid[:12]
        if payload.grid
        else (tx.actor.scope[:12] or rules.areas.DISTRICT),
        "grid": payload.grid,
        "household_id": payload.household_id,
        "status": "ACTIVE",
        "synthetic": payload.synthetic,
        "digest": vault.digest("person", msgspec.json.encode(content).decode()),
        "version": 1,
        "created_at": tx.now,
    }


def _announce(tx: Tx, row: dict[str, Any]) -> None:
    tx.publish(
        events.ResidentRegistered(
            person_id=row["person_id"],
            community=row["area"],
            grid=row["grid"],
            is_adult=row["is_adult"],
            household_id=row["household_id"],
            synthetic=row["synthetic"],
        ),
        subject=row["person_id"],
        scope=row["area"],
        sequence=1,
    )


def publish_registered(tx: Tx, row: Any) -> None:
    """Say that somebody is registered, wherever he lives: others name him, and look him up."""
    tx.publish(
        events.PersonRegistered(row.person_id, row.is_adult),
        subject=row.person_id,
        scope=row.area,
        sequence=row.version,
    )


def tell_registered(tx: Tx, due: Due) -> None:
    """Say everybody who was registered before it was said; a large register is told in parts."""
    after = "" if due.ref == "ALL" else due.ref
    told = storage.people.registered_after(tx.conn, after, _PART)
    for row in told:
        publish_registered(tx, row)
    if len(told) == _PART:
        tx.arm(due.kind, told[-1].person_id, tx.now)


def _locked(tx: Tx, person_id: str) -> Any:
    """Return an active person of the caller's area: where he lives, or else where he was
    registered."""
    row = storage.people.lock(tx.conn, person_id)
    if row is None:
        raise NotFound(kind="person", id=person_id)
    tx.require_scope(row.grid or row.area)
    if row.status != "ACTIVE":
        raise StateConflict(state=row.status)
    tx.check_version(row.version)
    return row


def _reply(row: Row) -> replies.Changed:
    return replies.Changed(id=row.person_id, state=row.status, version=row.version)


def _place_of(row: Any) -> dict[str, Any]:
    return {"grid": row.grid, "household_id": row.household_id}


def _check_household(tx: Tx, row: Any, household: str | None, grid: str | None) -> None:
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


def _require_another(tx: Tx, row: Row) -> None:
    """Refuse whoever changes what is registered of himself, or of his household.

    Raises:
        SelfConfirm: He does.
    """
    if kinship.is_own(tx, row.person_id):
        raise SelfConfirm


def move_person(tx: Tx, payload: MovePerson) -> replies.Changed:
    """居民迁移 / Move a resident.

    Move a resident to another grid; his open requests stay where they are (F18).

    Raises:
        NotFound: No such person.
        NotResident: He lives in no grid.
        UnknownGrid: There is no such grid.
        StateConflict: He is no longer here.
        SelfConfirm: It is the caller himself, or somebody of his household.
    """
    row = _locked(tx, payload.person_id)
    _require_another(tx, row)
    if row.grid is None:
        raise NotResident
    if not storage.ground.known(tx.conn, [payload.to_grid], "GRID"):
        raise UnknownGrid(grid=payload.to_grid, field="to_grid")
    _check_household(tx, row, payload.household_id, payload.to_grid)
    version = row.version + 1
    moved = storage.people.update(
        tx.conn,
        row.person_id,
        grid=payload.to_grid,
        area=payload.to_grid[:12],
        household_id=payload.household_id,
        version=version,
    )
    note_change(tx, "PERSON", row.person_id, version, "move", before=_place_of(row))
    dispatch.free_household(tx, row.person_id)
    tx.publish(
        events.ResidentMoved(
            row.person_id, row.grid, payload.to_grid, payload.to_grid[:12], payload.household_id
        ),
        subject=row.person_id,
        scope=payload.to_grid[:12],
        sequence=version,
    )
    return _reply(moved)


def deactivate_person(tx: Tx, payload: DeactivatePerson) -> replies.Changed:
    """人员注销 / Deactivate a person.

    Deactivate a person who left the district or died.

    无网格人员由登记其的社区、街道或区办理。Whoever lives in no grid (staff, officials) is
    deactivated by the community or street that registered him, or by the district.

    Raises:
        NotFound: No such person.
        RoleDenied: He lives elsewhere, or was registered elsewhere.
        StillSteward: He holds a post; leaving it hands his requests over.
        StateConflict: He is no longer here.
        SelfConfirm: It is the caller himself, or somebody of his household.
    """
    row = _locked(tx, payload.person_id)
    _require_another(tx, row)
    posts = storage.posts.of_person(tx.conn, row.person_id)
    if posts:
        raise StillSteward(steward_id=posts[0].steward_id)
    version = row.version + 1
    gone = storage.people.update(tx.conn, row.person_id, status=payload.reason, version=version)
    note_change(
        tx,
        "PERSON",
        row.person_id,
        version,
        "deactivate",
        before={"status": row.status},
        reason=payload.reason,
    )
    tx.publish(
        events.ResidentDeactivated(row.person_id, payload.reason),
        subject=row.person_id,
        scope=row.area,
        sequence=version,
    )
    return _reply(gone)


# --------------------------------------------------------------------------------------------------
# Corrections and returns


def correct_person(tx: Tx, payload: CorrectPerson) -> replies.Changed:
    """更正人员信息 / Correct what was registered of a person.

    Correct what was registered; what stood there before stays readable in the history.

    Raises:
        NotFound: No such person here.
        RoleDenied: Whom an identity number names is changed by a cadre or above.
        StateConflict: He is no longer here.
        PersonExists: The identity number is somebody else's.
        PhoneTaken: The phone is another household's.
        SelfConfirm: It is the caller himself, or somebody of his household.
    """
    row = storage.people.lock(tx.conn, payload.person_id)
    if row is None or not tx.actor.covers(row.grid or row.area):
        raise NotFound(kind="person", id=payload.person_id)
    tx.check_version(row.version)
    if row.status != "ACTIVE":
        raise StateConflict(state=row.status)
    if tx.actor.role not in SENIORS and (
        payload.id_no is not None or payload.birth_year is not None
    ):
        raise RoleDenied(role=tx.actor.role)
    _require_another(tx, row)
    values, before = _corrected(tx, row, payload)
    if not before:
        return _reply(row)
    version = row.version + 1
    # What it was registered with no longer says what he is; what stands in the row does.
    after = storage.people.update(
        tx.conn, row.person_id, **values, digest=f"corrected {version}", version=version
    )
    note_change(
        tx, "PERSON", row.person_id, version, "correct", before=before, reason=payload.reason
    )
    if "household_id" in before:
        dispatch.free_household(tx, row.person_id)
    if not after.is_adult:
        _await_birthdays(tx, [after])
    if after.grid is not None:
        tx.publish(
            events.ResidentCorrected(after.person_id, after.is_adult, after.household_id),
            subject=after.person_id,
            scope=after.area,
            sequence=version,
        )
    else:
        publish_registered(tx, after)
    return _reply(after)


def _corrected(tx: Tx, row: Any, payload: CorrectPerson) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the new columns, and what the changed ones said before."""
    vault = storage.vault(tx.settings.keys)
    ref = row.person_id
    values: dict[str, Any] = {}
    before: dict[str, Any] = {}
    if payload.name is not None:
        name, old = rules.identity.check_name(payload.name), _name_of(tx, row)
        if name != old:
            values["name"] = vault.seal(name, f"{ref}.name")
            before["name"] = old
    if payload.household_id is not None or "household_id" in payload.clear:
        household = payload.household_id
        if household != row.household_id:
            _check_household(tx, row, household, row.grid)
            values["household_id"] = household
            before["household_id"] = row.household_id
    if payload.phone is not None or "phone" in payload.clear:
        _correct_phone(tx, row, payload.phone, values, before)
    if payload.id_no is not None:
        _correct_number(tx, row, payload.id_no, values, before)
    elif payload.birth_year is not None and payload.birth_year != row.birth_year:
        if row.id_no_hmac is not None:
            raise NumberTellsBirth(field="birth_year")
        today = tx.calendar.local_date(tx.now)
        values["birth_year"] = payload.birth_year
        values["is_adult"] = rules.identity.is_adult(None, payload.birth_year, today)
        before["birth_year"] = row.birth_year
    return values, before


def _correct_phone(
    tx: Tx, row: Any, phone: str | None, values: dict[str, Any], before: dict[str, Any]
) -> None:
    columns = _phone_columns(tx, row, phone, values.get("household_id", row.household_id), row.grid)
    if columns["phone_hmac"] != row.phone_hmac:
        vault = storage.vault(tx.settings.keys)
        values |= columns
        before["phone"] = vault.open_or_none(row.phone, f"{row.person_id}.phone")


def _phone_columns(
    tx: Tx, row: Any, phone: str | None, household: str | None, grid: str | None
) -> dict[str, Any]:
    """Return the columns of a person's phone, which no other household has."""
    vault = storage.vault(tx.settings.keys)
    if phone is None:
        return {"phone": None, "phone_hmac": None}
    digits = rules.identity.check_phone(phone, synthetic=row.synthetic)
    digest = vault.digest("phone", digits)
    holders = [
        holder
        for holder in storage.people.holders(tx.conn, [], [digest])
        if holder.person_id != row.person_id
    ]
    other = _other_household(holders, grid, household)
    if other is not None:
        raise PhoneTaken(field="phone", **_named(tx, other))
    return {"phone": vault.seal(digits, f"{row.person_id}.phone"), "phone_hmac": digest}


def _correct_number(
    tx: Tx, row: Any, id_no: str, values: dict[str, Any], before: dict[str, Any]
) -> None:
    vault = storage.vault(tx.settings.keys)
    today = tx.calendar.local_date(tx.now)
    number, born = rules.identity.check_id_number(id_no, today)
    rules.identity.check_synthetic(number, synthetic=row.synthetic, allowed=takes_synthetic(tx))
    digest = vault.digest("id_no", number)
    if digest == row.id_no_hmac and row.birthday is not None:
        return
    for other in storage.people.holders(tx.conn, [digest], []):
        if other.person_id != row.person_id:
            raise PersonExists(field="id_no", **_named(tx, other))
    values |= {
        "id_no_mask": vault.seal(rules.identity.mask_id_number(number), f"{row.person_id}.id_no"),
        "id_no_hmac": digest,
        "birth_year": born.year,
        "birthday": vault.seal(born.isoformat(), f"{row.person_id}.birthday"),
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
        GridNeeded: He lived in a grid, and none is named.
        StateConflict: He is here.
        SelfConfirm: It is the caller himself, or somebody of his household.
    """
    row = storage.people.lock(tx.conn, payload.person_id)
    if row is None or not tx.actor.covers(row.grid or row.area):
        raise NotFound(kind="person", id=payload.person_id)
    tx.check_version(row.version)
    comes = row.status == "ACTIVE" and row.grid is None and payload.grid is not None
    if row.status not in {"MOVED_OUT", "DECEASED"} and not comes:
        raise StateConflict(state=row.status)
    if row.status == "DECEASED" and tx.actor.role not in SENIORS:
        raise RoleDenied(role=tx.actor.role)
    if payload.grid is None:
        if row.grid is not None:
            raise GridNeeded(field="grid")
    else:
        if not storage.ground.known(tx.conn, [payload.grid], "GRID"):
            raise UnknownGrid(grid=payload.grid, field="grid")
        tx.require_scope(payload.grid)
    _require_another(tx, row)
    return _bring_back(
        tx, row, payload.grid, payload.household_id, phone=payload.phone, reason=payload.reason
    )


def _bring_back(
    tx: Tx,
    row: Any,
    grid: str | None,
    household: str | None,
    *,
    phone: str | None,
    reason: str | None = None,
) -> replies.Changed:
    _check_household(tx, row, household, grid)
    vault = storage.vault(tx.settings.keys)
    today = tx.calendar.local_date(tx.now)
    values: dict[str, Any] = {}
    if phone is not None or row.phone_hmac is not None:
        old = vault.open_or_none(row.phone, f"{row.person_id}.phone")
        values |= _phone_columns(tx, row, phone or old, household, grid)
    born = _born(tx, row)
    adult = rules.identity.is_adult(born, row.birth_year, today)
    version = row.version + 1
    area = grid[:12] if grid else row.area
    back = storage.people.update(
        tx.conn,
        row.person_id,
        **values,
        status="ACTIVE",
        grid=grid,
        area=area,
        household_id=household,
        is_adult=adult,
        version=version,
    )
    before = {"status": row.status} | _place_of(row)
    note_change(tx, "PERSON", row.person_id, version, "return", before=before, reason=reason)
    dispatch.free_household(tx, row.person_id)
    if not adult:
        _await(tx, {rules.identity.eighteenth(born, row.birth_year)})
    if grid is not None:
        tx.publish(
            events.ResidentReturned(row.person_id, area, grid, adult, household),
            subject=row.person_id,
            scope=area,
            sequence=version,
        )
    else:
        publish_registered(tx, back)
    return _reply(back)
