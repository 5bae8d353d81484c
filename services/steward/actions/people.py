"""The person registry: registering, moving and deactivating people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from chassis.bus import Tx
from chassis.refusal import NotFound, Refusal, StateConflict
from services.steward import events, rules, storage
from services.steward.actions.ground import takes_synthetic
from services.steward.errors import (
    IdTaken,
    NotResident,
    PersonExists,
    PhoneTaken,
    StillSteward,
    UnknownGrid,
)


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    """A person; without a grid he is no resident (officials, staff of utilities)."""

    name: str
    synthetic: bool
    phone: str | None = None
    id_no: str | None = None
    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100)] | None = None
    grid: str | None = None
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterPeople:
    """Many persons at once; each is taken or refused by itself."""

    people: Annotated[list[RegisterPerson], msgspec.Meta(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class MovePerson:
    """A resident moves within the district."""

    person_id: str
    to_grid: str
    household_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


@dataclass(frozen=True, slots=True)
class DeactivatePerson:
    """A resident left the district or died."""

    person_id: str
    reason: Literal["MOVED_OUT", "DECEASED"]


def register_person(tx: Tx, order: RegisterPerson) -> dict[str, Any]:
    """Register a person, or answer the one that is registered so already.

    Raises:
        Refusal: Name, numbers, grid or id are not acceptable, or belong to somebody else.
    """
    result = admit(tx, [order])[0]
    if isinstance(result, Refusal):
        raise result
    return result


def register_people(tx: Tx, order: RegisterPeople) -> dict[str, Any]:
    """Register many persons; the answer has one line for each, in the order given."""
    items = []
    for position, result in enumerate(admit(tx, order.people)):
        if isinstance(result, Refusal):
            items.append(
                {
                    "line": position,
                    "result": result.guard or result.code,
                    "field": result.field,
                    "message_zh": result.describe(),
                }
            )
        else:
            items.append({"line": position, "result": "stored", "id": result["id"]})
    return {"id": None, "state": "STORED", "items": items}


def admit(tx: Tx, orders: Sequence[RegisterPerson]) -> list[dict[str, Any] | Refusal]:
    """Check and insert persons with a fixed number of statements, however many they are."""
    grids = storage.ground.known(tx.conn, {o.grid for o in orders if o.grid}, "GRID")
    results: list[dict[str, Any] | Refusal] = []
    rows: list[dict[str, Any]] = []
    for order in orders:
        try:
            row = _row(tx, order, grids)
        except Refusal as refusal:
            results.append(refusal)
            continue
        rows.append(row)
        results.append({"id": row["person_id"]})

    before = {
        row.person_id: row
        for row in storage.people.several(tx.conn, [row["person_id"] for row in rows])
    }
    ids, phones = storage.people.holders(
        tx.conn,
        {row["id_no_hmac"] for row in rows if row["id_no_hmac"]},
        {row["phone_hmac"] for row in rows if row["phone_hmac"]},
    )
    # One verdict per row, not per person: a batch may name the same person twice.
    verdicts: list[Refusal | None] = []
    fresh: dict[int, dict[str, Any]] = {}
    for row in rows:
        person_id = row["person_id"]
        known = before.get(person_id)
        if known is not None:
            same = known.digest == row["digest"]
            verdicts.append(None if same else IdTaken(id=person_id, field="person_id"))
        elif row["id_no_hmac"] in ids:
            verdicts.append(PersonExists(field="id_no"))
        elif row["phone_hmac"] in phones:
            verdicts.append(PhoneTaken(field="phone"))
        else:
            # Two lines of one batch may carry the same numbers; the second one is refused.
            ids.update({row["id_no_hmac"]} - {None})
            phones.update({row["phone_hmac"]} - {None})
            fresh[len(verdicts)] = row
            before[person_id] = _Known(row["digest"], 1)
            verdicts.append(None)
    inserted = storage.people.insert(tx.conn, list(fresh.values())) if fresh else set()
    for place, row in fresh.items():
        if row["person_id"] not in inserted:
            # Somebody registered the same person between our look and our insert.
            verdicts[place] = PersonExists(field="id_no")
        elif row["grid"]:
            _announce(tx, row)
    remaining = iter(verdicts)
    return [
        result if isinstance(result, Refusal) else _answer(result["id"], next(remaining), before)
        for result in results
    ]


@dataclass(frozen=True, slots=True)
class _Known:
    digest: str
    version: int
    status: str = "ACTIVE"


def _answer(
    person_id: str, verdict: Refusal | None, known: dict[str, Any]
) -> dict[str, Any] | Refusal:
    if verdict is not None:
        return verdict
    row = known[person_id]
    return {"id": person_id, "state": row.status, "version": row.version}


def _row(tx: Tx, order: RegisterPerson, grids: set[str]) -> dict[str, Any]:
    chosen = rules.identity.check_id(order.person_id, "per", field="person_id")
    name = rules.identity.check_name(order.name)
    today = tx.calendar.local_date(tx.now)
    number, born = None, None
    if order.id_no is not None:
        number, born = rules.identity.check_id_number(order.id_no, today)
    rules.identity.check_synthetic(number, synthetic=order.synthetic, allowed=takes_synthetic(tx))
    phone = None
    if order.phone is not None:
        phone = rules.identity.check_phone(order.phone, synthetic=order.synthetic)
    if order.grid is not None:
        if order.grid not in grids:
            raise UnknownGrid(grid=order.grid, field="grid")
        tx.require_scope(order.grid)
    person_id = chosen or tx.new_id("per")
    vault = storage.vault(tx.settings.pii_key)
    birth_year = born.year if born else order.birth_year
    content = [name, phone, number, birth_year, order.grid, order.household_id, order.synthetic]
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
        "is_adult": rules.identity.is_adult(born, birth_year, today),
        "area": order.grid[:12] if order.grid else (tx.actor.scope[:12] or rules.areas.DISTRICT),
        "grid": order.grid,
        "household_id": order.household_id,
        "status": "ACTIVE",
        "synthetic": order.synthetic,
        "digest": vault.digest("person", msgspec.json.encode(content).decode()),
        "version": 1,
        "created_at": tx.now,
    }


def _announce(tx: Tx, row: dict[str, Any]) -> None:
    tx.say(
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


def _locked_resident(tx: Tx, person_id: str) -> Any:
    row = storage.people.lock(tx.conn, person_id)
    if row is None:
        raise NotFound(kind="person", id=person_id)
    if row.grid is None:
        raise NotResident
    tx.require_scope(row.grid)
    if row.status != "ACTIVE":
        raise StateConflict(state=row.status)
    tx.check_version(row.version)
    return row


def move_person(tx: Tx, order: MovePerson) -> dict[str, Any]:
    """Move a resident to another grid; his open requests stay where they are (F18).

    Raises:
        NotFound: No such person.
        NotResident: He lives in no grid.
        UnknownGrid: There is no such grid.
        StateConflict: He is no longer here.
    """
    row = _locked_resident(tx, order.person_id)
    if not storage.ground.known(tx.conn, [order.to_grid], "GRID"):
        raise UnknownGrid(grid=order.to_grid, field="to_grid")
    version = row.version + 1
    storage.people.update(
        tx.conn,
        row.person_id,
        grid=order.to_grid,
        area=order.to_grid[:12],
        household_id=order.household_id,
        version=version,
    )
    tx.say(
        events.ResidentMoved(
            row.person_id, row.grid, order.to_grid, order.to_grid[:12], order.household_id
        ),
        subject=row.person_id,
        scope=order.to_grid[:12],
        sequence=version,
    )
    return {"id": row.person_id, "state": "ACTIVE", "version": version}


def deactivate_person(tx: Tx, order: DeactivatePerson) -> dict[str, Any]:
    """Deactivate a resident who left the district or died.

    Raises:
        NotFound: No such person.
        StillSteward: He holds a post; leaving it hands his requests over.
        StateConflict: He is no longer here.
    """
    row = _locked_resident(tx, order.person_id)
    posts = storage.posts.of_person(tx.conn, row.person_id)
    if posts:
        raise StillSteward(steward_id=posts[0].steward_id)
    version = row.version + 1
    storage.people.update(tx.conn, row.person_id, status=order.reason, version=version)
    tx.say(
        events.ResidentDeactivated(row.person_id, order.reason),
        subject=row.person_id,
        scope=row.area,
        sequence=version,
    )
    return {"id": row.person_id, "state": order.reason, "version": version}
