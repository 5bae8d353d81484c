"""What a viewer may know of people (DOMAIN 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from chassis.bus import Tx
from chassis.refusal import NotFound
from services.steward import rules, storage

# The community's own officials know their residents by name; everybody above does not need to.
NEIGHBOURS = ("R_CADRE", "R_SECRETARY", "R_GRID")


@dataclass(frozen=True, slots=True)
class PeopleCards:
    """Cards of many people for the viewer who asks; the viewer is the actor."""

    ids: Annotated[list[str], msgspec.Meta(max_length=200)]


@dataclass(frozen=True, slots=True)
class WhichPerson:
    """Which person is meant."""

    person_id: str


def people_cards(tx: Tx, q: PeopleCards) -> dict[str, Any]:
    """Answer cards in the order asked; who is not registered is left out.

    Three statements, however many people: persons, their posts, and what the viewer handles.
    """
    asked = list(dict.fromkeys(q.ids))
    rows = {row.person_id: row for row in storage.people.several(tx.conn, asked)}
    posts: dict[str, Any] = {}
    for post in storage.people.posts(tx.conn, asked):
        posts.setdefault(post.person_id, post)
    in_hand = (
        storage.people.reporters_in_hand(tx.conn, tx.actor.id, asked) if tx.actor.id else set()
    )
    return {
        "items": [
            card(tx, rows[person_id], posts.get(person_id), handled=person_id in in_hand)
            for person_id in asked
            if person_id in rows
        ]
    }


def person(tx: Tx, q: WhichPerson) -> dict[str, Any]:
    """Answer one person's card, with his standing in the registry for those who may see it.

    Raises:
        NotFound: Not registered, or none of the viewer's business.
    """
    row = storage.people.person(tx.conn, q.person_id)
    itself = row is not None and row.person_id == tx.actor.id
    if row is None or not (itself or tx.actor.covers(row.grid or row.area)):
        raise NotFound(kind="person", id=q.person_id)
    if tx.actor.role in {"R_RESIDENT", "R_STEWARD"} and not itself:
        raise NotFound(kind="person", id=q.person_id)
    found: dict[str, Any] = people_cards(tx, PeopleCards([q.person_id]))["items"][0]
    return found | {
        "status": row.status,
        "grid": row.grid,
        "household_id": row.household_id,
        "is_adult": row.is_adult,
        "birth_year": row.birth_year if itself else None,
        "version": row.version,
    }


def card(tx: Tx, row: Any, post: Any, *, handled: bool) -> dict[str, Any]:
    """Return what the viewer may know of a person.

    Self: everything. Handler of the person's open case: name, masked phone. Officials of the own
    community: name, masked numbers. Everybody else: the masked name. A steward who stands on the
    contact board is known by name and work phone; his private numbers are not.
    """
    vault = storage.vault(tx.settings.pii_key)
    name = vault.open(row.name, f"{row.person_id}.name")
    itself = bool(tx.actor.id) and row.person_id == tx.actor.id
    neighbour = (
        tx.actor.role in NEIGHBOURS
        and len(tx.actor.scope) >= 12
        and row.grid is not None
        and tx.actor.covers(row.grid)
    )
    by_name = itself or neighbour or handled or post is not None
    found: dict[str, Any] = {
        "person_id": row.person_id,
        "name": name if by_name else rules.identity.mask_name(name),
        "community": row.area,
        "synthetic": row.synthetic,
    }
    if itself or neighbour or handled:
        phone = vault.open_or_none(row.phone, f"{row.person_id}.phone")
        if phone is not None and not itself:
            phone = rules.identity.mask_phone(phone)
        found["phone"] = phone
    if itself or neighbour:
        found["id_no"] = vault.open_or_none(row.id_no_mask, f"{row.person_id}.id_no")
    if post is not None:
        found["steward"] = {
            "steward_id": post.steward_id,
            "duty": post.duty,
            "work_phone": vault.open_or_none(post.work_phone, f"{post.steward_id}.work_phone"),
        }
    return found
