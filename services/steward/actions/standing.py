"""Who may act: a token outlives its bearer's registration, the bearer's voice does not."""

from __future__ import annotations

from dataclasses import replace

from fivered.chassis.bus import Tx
from fivered.chassis.messages import Actor
from fivered.chassis.records import Row
from fivered.services.steward import rules, storage
from fivered.services.steward.errors import CallerNotServing, UnknownPerson

# In whose roles somebody acts who holds a post as a steward; a grid worker's is one of them.
_STEWARDS = ("R_STEWARD", "R_GRID")


def require_serving(tx: Tx) -> None:
    """Refuse who acts as a steward or grid worker, and is suspended or has left.

    A token outlives its post.

    Raises:
        CallerNotServing: The person holds no post that is active, and held one.
    """
    if not _serves(tx):
        raise CallerNotServing


def serving(tx: Tx, _payload: object) -> None:
    """Refuse, before a search begins, a caller whose post is suspended or over.

    Raises:
        CallerNotServing: It is.
    """
    require_serving(tx)


def _serves(tx: Tx) -> bool:
    """Tell whether the caller acts by no post as a steward, or by one that is active."""
    if tx.actor.role not in _STEWARDS:
        return True
    states = storage.posts.states_of(tx.conn, tx.actor.id)
    return not states or "ACTIVE" in states


# An area code of no place: who reads as from there sees what is their own alone.
_NOWHERE = "0" * 15


def reader(tx: Tx) -> Actor:
    """Return as whom the caller reads: who acts as a steward or grid worker, and is suspended or
    has left, oversees no area any more, whatever the token names."""
    return tx.actor if _serves(tx) else replace(tx.actor, scope=_NOWHERE)


def require_active(tx: Tx, person_id: str, *, field: str) -> Row:
    """Return somebody; refuse a person who is not registered, or no longer stands there.

    Of people who may be seen the caller is told what became of them: a clerk who reads "not
    registered" registers them once more.

    Args:
        tx: The transaction.
        person_id: Who is named.
        field: Where the person is named.

    Raises:
        UnknownPerson: The person is not.
    """
    person = storage.people.person(tx.conn, person_id)
    if person is not None and person.status == "ACTIVE":
        return person
    more = {}
    if person is not None and rules.access.may_see(
        tx.actor, "standing", person.grid or person.area
    ):
        merged = person.merged_into is not None
        more = {"into": person.merged_into} if merged else {"state": person.status}
    raise UnknownPerson(person_id=person_id, field=field, **more)
