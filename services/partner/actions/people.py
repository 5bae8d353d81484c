"""Who is registered: operators and holders are looked up, not believed."""

from collections.abc import Sequence
from typing import Any

from fivered.chassis import records
from fivered.chassis.bus import Event, Tx
from fivered.services.partner import events
from fivered.services.partner.errors import (
    CallerDeceased,
    CallerGone,
    CallerMerged,
    Deceased,
    UnderAge,
    UnknownPerson,
)
from fivered.services.partner.storage import partners as store
from fivered.services.partner.storage.tables import people


def consume(tx: Tx, heard: Sequence[Event]) -> None:
    """Keep who is registered. A batch is folded first: one statement, whatever its length."""
    kept = store.people_of(tx.conn, [event.data.person_id for event in heard])
    for event in heard:
        row = kept.get(event.data.person_id) or {
            "person_id": event.data.person_id,
            "is_adult": False,
            "state": "ACTIVE",
            "merged_into": None,
            "household_id": None,
            "sequence": -1,
            "sequences": {},
        }
        kept[event.data.person_id] = records.newest(row, _said_of(event.data), event.sequence)
    # For whom somebody stands is said by `person_merged` alone.
    records.put(tx.conn, people, list(kept.values()), keep=("merged_into",))


def _said_of(data: Any) -> dict[str, object]:
    """Return what a fact says of a person."""
    if isinstance(data, events.ResidentDeactivatedHeard):
        return {"state": "DECEASED" if data.reason == "DECEASED" else "MOVED_OUT"}
    if isinstance(data, events.ResidentCameOfAgeHeard):
        return {"is_adult": True}
    if isinstance(data, events.ResidentMovedHeard):
        return {"household_id": data.household_id}
    said: dict[str, object] = {"is_adult": data.is_adult}
    if not isinstance(data, events.PersonRegisteredHeard):
        said["household_id"] = data.household_id
    return said | {"state": "ACTIVE"} if isinstance(data, _HERE) else said


_HERE = (
    events.PersonRegisteredHeard,
    events.ResidentRegisteredHeard,
    events.ResidentReturnedHeard,
)


def operators(tx: Tx, named: Sequence[str]) -> list[str]:
    """Return the adults who are meant by ids; one that was given up means the kept one.

    Raises:
        UnknownPerson: One is not registered, or the fact of it is still on its way.
        Deceased: One is dead.
        UnderAge: One is no adult, or the age is not known.
    """
    found = store.people_of(tx.conn, named)
    ids = [_kept(found.get(person_id), person_id) for person_id in named]
    found = store.people_of(tx.conn, ids)
    for number, person_id in enumerate(ids):
        one = found.get(person_id)
        field = f"operators[{number}]"
        if one is not None and one["state"] == "DECEASED":
            raise Deceased(field=field, person_id=person_id)
        if one is None or one["state"] != "ACTIVE":
            raise UnknownPerson(field=field, person_id=person_id)
        if not one["is_adult"]:
            raise UnderAge(field=field, person_id=person_id)
    return list(dict.fromkeys(ids))


def meant(tx: Tx, named: Sequence[str]) -> list[str]:
    """Return the persons who are meant by ids, each once, in their order."""
    found = store.people_of(tx.conn, named)
    return sorted({_kept(found.get(person_id), person_id) for person_id in named})


def _kept(one: dict[str, Any] | None, person_id: str) -> str:
    return (one or {}).get("merged_into") or person_id


def require_holder(tx: Tx) -> None:
    """Refuse a caller of whom it is known that nothing may be redeemed in that name.

    Of whom nothing is known here, credit says whether there is a wallet.

    Raises:
        CallerMerged: The caller's id was given up.
        CallerDeceased: The person is dead.
        CallerGone: The caller is no longer registered.
    """
    one = store.people_of(tx.conn, [tx.actor.id]).get(tx.actor.id)
    if one is None:
        return
    if one["merged_into"] is not None:
        raise CallerMerged
    if one["state"] == "DECEASED":
        raise CallerDeceased
    if one["state"] != "ACTIVE":
        raise CallerGone
