"""Registering people, one by one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis import person_keys
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid
from fivered.chassis.free_text import Sealed
from fivered.chassis.reading import read_lines
from fivered.chassis.records import Row
from fivered.chassis.refusal import Refusal
from fivered.chassis.requests import Line, Request
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions import changes, dispatch, elsewhere, phones
from fivered.services.steward.actions.announcing import (
    await_birthdays,
    await_days,
    publish_registered,
)
from fivered.services.steward.actions.ground import takes_synthetic
from fivered.services.steward.actions.people import (
    Building,
    Room,
    Unit,
    bring_back,
    dwelling_columns,
    dwelling_given,
    name_of,
    named,
    other_household,
    reply,
)
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import (
    HouseholdElsewhere,
    IdTaken,
    NumbersElsewhere,
    PersonExists,
    PersonGone,
    PersonMergedAway,
    PhoneTaken,
)
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.storage.people import NewPerson


class PersonLine(Request, frozen=True):
    """A person; without a grid, no resident (officials, staff of utilities)."""

    name: Annotated[
        str,
        Sealed("readers who may see this person, masked for the rest"),
        Meta(examples=["王小丽"]),
    ]
    synthetic: Annotated[bool, Meta(examples=[True], description="合成数据 / invented person")]
    phone: Annotated[str, Meta(examples=["12812345678"])] | None = None
    id_no: Annotated[str, Meta(examples=["370899198001010012"])] | None = None
    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100, examples=[1980])] | None = None
    grid: Annotated[str, Meta(examples=["370811015901001"])] | None = None
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    building: Building | None = None
    unit: Unit | None = None
    room: Room | None = None
    person_id: (
        Annotated[str, Meta(description="可由调用方给定 / may be chosen by the caller")] | None
    ) = None


class RegisterPerson(PersonLine, frozen=True):
    """登记人员 / Register a person; synthetic people bear recognisable numbers."""

    name: Annotated[
        str,
        Sealed("readers who may see this person, masked for the rest"),
        Meta(min_length=2, max_length=20, examples=["王小丽"]),
    ]
    grid: Grid | None = None


class LineOfPeople(Line[PersonLine]):
    """A person who is judged alone."""

    of = PersonLine


class RegisterPeople(Request, frozen=True):
    """批量登记 / Register up to 500 people."""

    people: Annotated[list[LineOfPeople], msgspec.Meta(min_length=1, max_length=500)]


def register_person(tx: Tx, payload: RegisterPerson) -> replies.Changed:
    """登记人员 / Register a person.

    Register a person, or answer the one that is registered so already.

    One who had moved out and is registered again with the same identity number, or as before, is
    the same person, and back.

    Raises:
        Refusal: Name, numbers, grid or id are not acceptable, or belong to somebody else.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    result = admit(tx, [payload], returning=True)[0]
    if isinstance(result, Refusal):
        raise result
    return result


def register_people(tx: Tx, payload: RegisterPeople) -> replies.PeopleStored:
    """批量登记人员 / Register many people.

    Register many persons; the answer has one line for each, in the order given.

    每条单独受理或拒绝。Each line is taken or refused by itself.

    Raises:
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    items = []
    read = read_lines(payload.people)
    admitted = iter(admit(tx, [one for one in read if isinstance(one, PersonLine)]))
    for position, one in enumerate(read):
        result = one if isinstance(one, Refusal) else next(admitted)
        if isinstance(result, Refusal):
            line = replies.PersonOutcome(line=position, **changes.refused(result))
            if "person_id" in result.params:
                line.person_id = str(result.params["person_id"])
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
    checked: list[_Checked] = []
    for order in orders:
        try:
            checked.append(_check(tx, order, grids))
        except Refusal as refusal:
            results.append(refusal)
            continue
        results.append(None)
    person_keys.know(tx, (one.person_id for one in checked))
    rows = [_row(tx, one) for one in checked]
    known = _Known(tx, rows)
    # One verdict per row, not per person: a batch may name the same person twice.
    verdicts: list[replies.Changed | Refusal] = []
    fresh: dict[int, NewPerson] = {}
    share = elsewhere.Share(tx)
    for row in rows:
        if row.id_no_hmac or row.phone_hmac:
            try:
                share.require()
            except NumbersElsewhere as refusal:
                verdicts.append(refusal)
                continue
        before = known.same(row)
        if before is not None:
            verdicts.append(_again(tx, row, before, share, returning=returning))
            continue
        if known.lives_elsewhere(row):
            verdicts.append(HouseholdElsewhere(field="household_id"))
            continue
        other = known.phone_conflict(row)
        if other is not None and elsewhere.is_outside(tx, other):
            verdicts.append(share.taken(other, phone=True))
            continue
        if other is not None:
            verdicts.append(PhoneTaken(field="phone", **named(tx, other, kept=not returning)))
            continue
        known.add(row)
        fresh[len(verdicts)] = row
        verdicts.append(replies.Changed(id=row.person_id, state="ACTIVE", version=1))
    inserted = storage.people.insert(tx.conn, list(fresh.values())) if fresh else set()
    for place, row in fresh.items():
        if row.person_id not in inserted:
            # Somebody registered the same person between our look and our insert.
            verdicts[place] = PersonExists(field="id_no", who="")
        elif row.grid:
            _announce(tx, row, row.grid)
        else:
            publish_registered(tx, row)
    taken = [row for row in fresh.values() if row.person_id in inserted]
    for row in taken:
        if known.shares_phone(row):
            phones.tell(tx, None, row)
    await_birthdays(tx, taken)
    homes = {row.household_id for row in taken if row.household_id}
    for handler in storage.people.handlers_in(tx.conn, homes) if homes else ():
        dispatch.free_of(tx, handler)
    remaining = iter(verdicts)
    return [next(remaining) if refused is None else refused for refused in results]


class _Known:
    """Who is registered under the ids and numbers of a batch, and where its households live, the
    batch's own lines included."""

    def __init__(self, tx: Tx, rows: Sequence[NewPerson]) -> None:
        self._ids: dict[str, Row | NewPerson] = {}
        self._numbers: dict[str, Row | NewPerson] = {}
        self._phones: dict[str, list[Row | NewPerson]] = {}
        found = [
            *storage.people.several(tx.conn, [row.person_id for row in rows]),
            *storage.people.holders(
                tx.conn,
                {row.id_no_hmac for row in rows if row.id_no_hmac},
                {row.phone_hmac for row in rows if row.phone_hmac},
            ),
        ]
        for row in {row.person_id: row for row in found}.values():
            self._keep(row)
        homes = {row.household_id for row in rows if row.household_id}
        self._homes = storage.people.home_areas(tx.conn, homes) if homes else {}

    def _keep(self, row: Row | NewPerson) -> None:
        self._ids[row.person_id] = row
        if row.id_no_hmac:
            self._numbers[row.id_no_hmac] = row
        if row.phone_hmac and row.status == "ACTIVE":
            self._phones.setdefault(row.phone_hmac, []).append(row)

    def add(self, row: NewPerson) -> None:
        """Keep a line that will be inserted."""
        self._keep(row)
        if row.household_id and row.grid:
            self._homes[row.household_id].add(row.area)

    def lives_elsewhere(self, row: NewPerson) -> bool:
        """Tell whether the row's household lives in other communities only."""
        homes = self._homes.get(row.household_id or "", set())
        return bool(homes) and row.grid is not None and row.area not in homes

    def same(self, row: NewPerson) -> Row | NewPerson | None:
        """Return who has the row's id, or its identity number."""
        return self._ids.get(row.person_id) or self._numbers.get(row.id_no_hmac or "")

    def phone_conflict(self, row: NewPerson) -> Row | NewPerson | None:
        """Return somebody of another household who has the row's phone, or None."""
        return other_household(
            self._phones.get(row.phone_hmac or "", []), row.grid, row.household_id
        )

    def shares_phone(self, row: NewPerson) -> bool:
        """Tell whether somebody was registered with the row's phone before this batch."""
        holders = self._phones.get(row.phone_hmac or "", [])
        return any(not isinstance(one, NewPerson) for one in holders)


def _again(
    tx: Tx, row: NewPerson, known: Row | NewPerson, share: elsewhere.Share, *, returning: bool
) -> replies.Changed | Refusal:
    """Return what becomes of a row whose id or identity number is registered."""
    # A list's answer is stored: the name stays out of it.
    who = named(tx, known, kept=not returning)
    same_id = known.person_id == row.person_id
    by_number = row.id_no_hmac is not None and known.id_no_hmac == row.id_no_hmac
    outside = elsewhere.is_outside(tx, known)
    if known.status == "MERGED":
        if outside:
            return _outside(row, known, share, by_number=by_number)
        return PersonMergedAway(id=known.person_id, field="person_id", **who)
    same = same_id and (known.digest == row.digest or _same_content(tx, row, known))
    # Another line of the list is nobody who was gone.
    gone = None if isinstance(known, NewPerson) or known.status == "ACTIVE" else known
    if gone is not None and (same or by_number):
        alike = same or name_of(tx, gone) == name_of(tx, row)
        if gone.status == "MOVED_OUT" and returning and alike:
            gone = storage.people.locked(tx.conn, gone.person_id)
            try:
                return bring_back(
                    tx,
                    gone,
                    row.grid,
                    row.household_id,
                    phone=_plain_phone(tx, row),
                    dwelling=_dwelling_of(tx, row),
                )
            except Refusal as refusal:
                return refusal
        if outside:
            return _outside(row, known, share, by_number=by_number)
        return PersonGone(state=gone.status, field="person_id", **who)
    if same:
        _learn_birthday(tx, row, known)
        _learn_dwelling(tx, row, known)
        return reply(known)
    if same_id:
        return IdTaken(id=known.person_id, field="person_id")
    if outside:
        return _outside(row, known, share, by_number=True)
    return PersonExists(field="id_no", **who)


def _outside(
    row: NewPerson, known: Row | NewPerson, share: elsewhere.Share, *, by_number: bool
) -> Refusal:
    """Return what an intake of another area is told: not even whether somebody has left or died."""
    if by_number:
        return share.taken(known, phone=False)
    return IdTaken(id=row.person_id, field="person_id")


def _same_content(tx: Tx, row: NewPerson, known: Row | NewPerson) -> bool:
    fields = ("id_no_hmac", "phone_hmac", "birth_year", "grid", "household_id", "synthetic")
    if any(getattr(row, name) != getattr(known, name) for name in fields):
        return False
    # A dwelling that was not known before, or that a list does not know, contradicts nothing.
    lives, lived = _dwelling_of(tx, row), _dwelling_of(tx, known)
    return name_of(tx, known) == name_of(tx, row) and (None in {lives, lived} or lives == lived)


def _dwelling_of(tx: Tx, row: Row | NewPerson) -> Dwelling | None:
    return storage.finding.dwelling_of(storage.vault(tx), row)


def _learn_dwelling(tx: Tx, row: NewPerson, known: Row | NewPerson) -> None:
    """Keep the dwelling of one who was registered without: nothing that others know changes."""
    dwelling = _dwelling_of(tx, row)
    if dwelling is not None and known.dwelling is None and not isinstance(known, NewPerson):
        storage.people.learn_dwelling(
            tx.conn, known.person_id, **dwelling_columns(tx, known, known.area, dwelling)
        )


def _plain_phone(tx: Tx, row: NewPerson) -> str | None:
    vault = storage.vault(tx)
    return vault.open_or_none(row.phone, f"{row.person_id}.phone")


def _learn_birthday(tx: Tx, row: NewPerson, known: Row | NewPerson) -> None:
    """Keep the day of birth of one who was registered before it was kept."""
    if row.birthday is None or known.birthday is not None:
        return
    vault = storage.vault(tx)
    born = vault.open(row.birthday, f"{row.person_id}.birthday")
    sealed = vault.seal(born, f"{known.person_id}.birthday", known.person_id)
    storage.people.learn_birthday(tx.conn, known.person_id, sealed)
    if not known.is_adult:
        await_days(tx, {rules.identity.eighteenth(date.fromisoformat(born), None)})


@dataclass(frozen=True, slots=True)
class _Checked:
    """What an acceptable line says, in the clear."""

    person_id: str
    name: str
    phone: str | None
    number: str | None
    born: date | None
    birth_year: int | None
    grid: str | None
    household_id: str | None
    dwelling: Dwelling | None
    synthetic: bool


def _check(tx: Tx, payload: PersonLine, grids: set[str]) -> _Checked:
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
            raise storage.ground.no_grid(tx.conn, payload.grid)
        tx.require_scope(payload.grid)
    return _Checked(
        person_id=chosen or tx.new_id("per"),
        name=name,
        phone=phone,
        number=number,
        born=born,
        birth_year=rules.identity.check_birth_year(payload.birth_year, born, today),
        grid=payload.grid,
        household_id=payload.household_id,
        dwelling=dwelling_given(payload, payload.grid),
        synthetic=payload.synthetic,
    )


def _row(tx: Tx, one: _Checked) -> NewPerson:
    """Return the row of a person, whose key is at hand."""
    vault, person_id = storage.vault(tx), one.person_id
    today = tx.calendar.local_date(tx.now)
    area = one.grid[:12] if one.grid else (tx.actor.scope[:12] or rules.areas.DISTRICT)
    content = [
        one.name,
        one.phone,
        one.number,
        one.birth_year,
        one.grid,
        one.household_id,
        one.synthetic,
        # Content without a dwelling has the digest that the release before gave it.
        *(one.dwelling or ()),
    ]
    return NewPerson(
        person_id=person_id,
        name=vault.seal(one.name, f"{person_id}.name", person_id),
        phone=vault.seal_or_none(one.phone, f"{person_id}.phone", person_id),
        phone_hmac=vault.digest("phone", one.phone) if one.phone else None,
        id_no_mask=vault.seal_or_none(
            rules.identity.mask_id_number(one.number) if one.number else None,
            f"{person_id}.id_no",
            person_id,
        ),
        id_no_hmac=vault.digest("id_no", one.number) if one.number else None,
        birth_year=one.birth_year,
        birthday=vault.seal_or_none(
            one.born.isoformat() if one.born else None, f"{person_id}.birthday", person_id
        ),
        is_adult=rules.identity.is_adult(one.born, one.birth_year, today),
        area=area,
        grid=one.grid,
        household_id=one.household_id,
        dwelling=vault.seal_or_none(
            rules.dwellings.as_text(one.dwelling), f"{person_id}.dwelling", person_id
        ),
        status="ACTIVE",
        synthetic=one.synthetic,
        digest=vault.digest("person", msgspec.json.encode(content).decode()),
        version=1,
        created_at=tx.now,
        found_by=storage.finding.digests(vault, area, one.name, one.dwelling),
    )


def _announce(tx: Tx, row: NewPerson, grid: str) -> None:
    tx.publish(
        fact_of(events.ResidentRegistered, row, community=row.area, grid=grid),
        subject=row.person_id,
        scope=row.area,
        sequence=1,
    )
