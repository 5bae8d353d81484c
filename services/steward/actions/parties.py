"""Whose matter a request is: nobody has their own in hand, or decides about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.steward import rules, storage
from fivered.services.steward.actions import kinship
from fivered.services.steward.errors import (
    ConflictOfInterest,
    InChain,
    OwnExtension,
)


def parties(tx: Tx, row: Row) -> set[str]:
    """Return the persons who are a party of a request: of what it is against, its reporters, and
    their households."""
    return accused(tx, row) | complainants(tx, [row])[row.request_id]


def complainants(tx: Tx, rows: Sequence[Row]) -> dict[str, set[str]]:
    """Return the reporter of each request, and of all that was merged into it, with their
    households."""
    found = {row.request_id: {row.reporter_id} - {None} for row in rows}
    for request_id, reporter in storage.cases.reporters_below(tx.conn, found):
        found[request_id].add(reporter)
    kin = storage.people.kin(tx.conn, set().union(*found.values()))
    return {
        request_id: set().union(*(kin[one] for one in reporters))
        for request_id, reporters in found.items()
    }


def accused(tx: Tx, row: Row) -> set[str]:
    """Return the persons whom a request is against, with their households, or who hold a post in
    what it is against."""
    refs = [row.against]
    if rules.routing.is_against_project(row.kind, row.category):
        refs.append(row.project_id)
    found = storage.parties.of(tx.conn, list(filter(None, refs)))
    against_it = row.project_id is not None and row.project_id == row.against
    if row.category == "PROPERTY_SERVICE" or against_it:
        # Who works for the project is as little its judge as who manages it.
        staff = storage.posts.candidates(
            tx.conn, row.grid, (rules.routing.PROPERTY_STAFF,), tx.now, ()
        )
        found |= {one.person_id for one in staff if one.same_grid}
    if row.against is not None and row.against.startswith("per_"):
        found |= storage.people.kin(tx.conn, [row.against])[row.against]
    return found


def candidates_of(
    tx: Tx,
    row: Row,
    duties: Sequence[str],
    barred: Collection[str],
    without: Iterable[str] = (),
) -> list[rules.routing.Candidate]:
    """Return who may have a request in hand: nobody who is a party of it (`barred`)."""
    found = storage.posts.candidates(tx.conn, row.grid, duties, tx.now, without)
    return [candidate for candidate in found if candidate.person_id not in barred]


def require_impartial(
    tx: Tx,
    row: Row,
    person_id: str | None = None,
    *,
    field: str = "",
    handles: bool = False,
    reporter: str | None = None,
    not_by: Literal["handler", "chain"] | None = None,
    other: Row | None = None,
) -> None:
    """Refuse a party of the matter, and name who may act instead.

    Args:
        tx: The transaction.
        row: The request.
        person_id: Who would have it in hand; the caller where left out.
        field: Where the person was named.
        handles: The caller acts as its handler, or else decides about it.
        reporter: Whose it is to become: nobody of that household says so.
        not_by: Who of those who took part may not do it either, and so is not named.
        other: Another request about which is decided in the same act.

    Raises:
        ConflictOfInterest: The person holds a post in what is complained of, or the matter is of
            the person's household.
    """
    barred = parties(tx, row)
    if other is not None:
        barred |= parties(tx, other)
    if (person_id or tx.actor.id) not in barred:
        return
    if handles or person_id is not None:
        duties: Sequence[str] = duties_of(tx, row)
        chosen = _stand_in(tx, row, duties, barred, row.tried) or _stand_in(
            tx, row, rules.routing.SUBSTITUTES, barred, row.tried
        )
    else:
        # A cadre decides, best one who had no part in it; of what is done, nobody else may.
        part = _with_kin(tx, _part(tx, row))
        barred |= kinship.own(tx, reporter) if reporter else set()
        chosen = _stand_in(tx, row, rules.routing.DECIDERS, barred | part)
        if chosen is None and not_by != "chain" and row.state in rules.requests.OPEN:
            if not_by == "handler":
                barred |= _with_kin(tx, {row.handler_person} - {None})
            chosen = _stand_in(tx, row, rules.routing.DECIDERS, barred)
    if chosen is not None:
        raise ConflictOfInterest(field=field, substitute=chosen.steward_id, role=chosen.duty)
    # Nobody of the place is free of it: the office of its street.
    raise ConflictOfInterest(field=field, substitute=row.area[:9], role="R_STREET")


def handlers_of(tx: Tx, row: Row) -> set[str]:
    """Return who has, or ever had, a request in hand, or one that it carries on."""
    found = {row.handler_person} - {None}
    requests = [row.request_id]
    for one in requests:
        found |= storage.cases.chain(tx.conn, one)
        found |= storage.co_handling.helpers(tx.conn, one)
        requests += storage.cases.carried_on(tx.conn, one)
    return found


def _part(tx: Tx, row: Row) -> set[str]:
    """Return who has had the case in hand, or rated it for its reporter."""
    # The steps name who took them under the id of then.
    return handlers_of(tx, row) | {
        storage.people.kept(tx.conn, entry.actor_id)
        for entry in storage.cases.timeline(tx.conn, row.request_id)
        if entry.action == "rate"
    }


def _with_kin(tx: Tx, persons: Iterable[str]) -> set[str]:
    return set().union(*storage.people.kin(tx.conn, persons).values())


def _stand_in(
    tx: Tx, row: Row, duties: Sequence[str], barred: Collection[str], without: Iterable[str] = ()
) -> rules.routing.Candidate | None:
    return rules.routing.choose(candidates_of(tx, row, duties, barred, without), duties)


def duties_of(tx: Tx, row: Row, *, served: bool | None = None) -> Sequence[str]:
    """Return who takes a request; `served` where it is known that projects serve its grid."""
    if served is None and row.project_id is None:
        served = bool(storage.ground.serving(tx.conn, row.grid))
    return rules.routing.duties_for(
        row.category,
        storage.standards.duties(tx.conn, row),
        has_project=row.project_id is not None or bool(served),
        indoor=row.indoor,
        cadre_only=row.returns >= rules.requests.MAX_RETURNS,
    )


def require_not_own(tx: Tx, row: Row) -> None:
    """Refuse who has it in hand, or lives with who has.

    Raises:
        OwnExtension: The caller does.
    """
    if row.handler_person is not None and kinship.is_own(tx, row.handler_person):
        raise OwnExtension


def require_outside_chain(tx: Tx, row: Row) -> None:
    """Refuse a person who has had the case in hand, raised it, or rated it for its reporter, and
    who lives with one of them: nobody is two of those who check each other.

    Raises:
        InChain: The caller is one of them.
    """
    if tx.actor.id == row.reporter_id or kinship.is_own(tx, *_part(tx, row)):
        raise InChain
