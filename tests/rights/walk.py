"""Tries every door in every role from every distance, on what the story has left behind.

Each try is undone, so that none changes what the next one meets. What is told apart is only whether
the caller is let in: a refusal for who somebody is, or an answer that there is no such thing, is a
no; an answer or any other refusal (a state, a date, a wrong member) is a yes.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from fivered.chassis.messages import ANY_ROLE, PUBLIC, SELF, SYSTEM_ROLE, Actor, Call, new_uuid
from fivered.chassis.refusal import Invalid, Refusal
from fivered.clients.demo import district as place
from fivered.clients.demo.district import PEOPLE
from tests.journeys.test_unseen import sample_of
from tests.rights import elsewhere, more
from tests.rights.more import Members

# How far a role reaches, from a part in the thing itself to anywhere.
# `untried`: the role was only ever given empty lists.
REACHES = ("never", "own", "grid", "community", "street", "district", "anywhere")
# The grid of the story, another one of its community, of its street, of its district, and beyond.
_GRIDS = (
    place.GRID, place.SECOND_GRID, place.OTHER_GRID, "", "370899001901001",
)  # fmt: skip
# A grid of a street in which there is nothing, and the one in which there is all, with its people.
_EMPTY, _SECOND = "370811017901001", (elsewhere.GRID, elsewhere.HELD)
# Of how many digits the area is for which somebody holds a role.
_DIGITS = {"R_RESIDENT": 15, "R_STREET": 9, "R_STREET_LEAD": 9, "R_DEPUTY": 9} | dict.fromkeys(
    ("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR", "R_PCO"), 6
)
_OBJECTS = 3
# Refusals that say: you have no part in this.
_NO_PART = frozenset(
    {
        "CAPACITY_UNPROVED", "IDENTITY_NOT_VERIFIED", "NOT_FILER", "NOT_HANDLER", "NOT_HOST",
        "NOT_INVITED", "NOT_PARTICIPANT", "NOT_REGISTERED", "NOT_REPORTER", "NOT_SUBJECT",
        "NOT_SUPERVISOR", "NOT_YOURS", "NO_OPEN_CASE", "UNKNOWN_PERSON",
    }
)  # fmt: skip
# A want of the installation, told behind the rights.
_LET_IN = frozenset({"PROVIDER_MISSING"})


class _Undo(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Cell:
    """One try: who asked at which door, from where, about what, and what came."""

    door: str
    role: str
    reach: str
    thing: str
    of_area: bool
    said: str
    inside: bool


def roles_of(doors: Any) -> list[str]:
    """Return every role that some door names."""
    named = {role for door in doors for role in door.roles}
    return sorted(named - {ANY_ROLE, PUBLIC, SELF, SYSTEM_ROLE})


def callers(
    role: str, second: str = _EMPTY, held: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> Iterator[tuple[str, Actor]]:
    """Give people of a role who have no part in anything, from far to near, then those of the
    story, who have.

    Args:
        role: The role.
        second: A grid of another street.
        held: (role, area) -> who holds it there in earnest: they have a part in the like of
            everything, elsewhere.
    """
    digits = _DIGITS.get(role, 12)
    seen = set()
    for area in reversed(_GRIDS):
        scope = (area or second)[:digits]
        if scope in seen:
            continue
        seen.add(scope)
        person_id = held.get((role, scope), f"per_stranger_{role.lower()}_{scope}")
        # The narrowest reach at which somebody so far away gets in.
        yield _least(scope), Actor(person_id, role, scope)
    for person in PEOPLE.values():
        for granted, scope in person.grants:
            if granted == role:
                yield "own", Actor(person.person_id, role, scope)


def _least(scope: str, grid: str = place.GRID) -> str:
    """Return how a thing in a grid lies to who has this scope."""
    if grid.startswith(scope):
        return {15: "grid", 12: "community", 9: "street", 6: "district"}[len(scope)]
    for digits, reach in ((12, "community"), (9, "street"), (6, "district")):
        if scope[:digits] == grid[:digits]:
            return reach
    return "anywhere"


def things(
    runtimes: Mapping[str, Any], grid: str = place.GRID, *, within: int = 6
) -> dict[tuple[str, str], list[str]]:
    """Return (service, name of a key) -> some ids of what lies in the community of a grid, or in an
    area above it, of so many digits at least."""
    found: dict[tuple[str, str], list[str]] = {}
    for service, runtime in runtimes.items():
        with runtime.engine.connect() as conn:
            for table in runtime.service_cls.tables.sorted_tables:
                keys = list(table.primary_key.columns)
                if len(keys) != 1 or not isinstance(keys[0].type, sa.String | sa.Uuid):
                    continue
                asked = sa.select(keys[0])
                places = [table.c[n] for n in ("grid", "area", "scope") if n in table.c]
                if places:
                    where = sa.func.coalesce(*places, "")
                    near = [grid[:n] for n in (9, 6) if n >= within]
                    asked = asked.where(where.startswith(grid[:12]) | where.in_(near)).order_by(
                        (where == grid).desc(), sa.func.length(where).desc()
                    )
                elif within > 6:
                    continue
                ids = conn.execute(asked.limit(_OBJECTS)).scalars().all()
                # Two kinds of things may have keys of one name.
                found.setdefault((service, keys[0].name), []).extend(str(one) for one in ids)
    return {key: ids for key, ids in found.items() if ids}


def places(grid: str) -> dict[str, list[str]]:
    """Return with what those members of a path are filled that are no ids."""
    return {
        "period": ["2025-02"], "scope": [grid[:12]], "area": [grid[:12]], "grid": [grid],
        "code": [grid[:12]],
    }  # fmt: skip


# Members without which a door refuses the least body before it looks at who asks.
BODIES: Members = {
    "credit.create_rule_set": {"version": "2031.1", "based_on": "RC-2025.1"},
    "forum.submit_topic": {"way": "ONLINE"},
    "steward.propose_correction": {"name": "王小莉"},
}


def leave_more(site: Any) -> None:
    """Make one thing at each door that makes things and that lets somebody in with the least body:
    hazards, exports, proposals, what the story does not come by."""
    found = things(site.host.runtimes)
    for door in site.doors:
        if door.kind != "command" or door.places or door.service not in site.host.runtimes:
            continue
        for _of_area, _ids, body in _requests(door, found, BODIES):
            _make(site.host.runtimes[door.service], door, body)


def _make(runtime: Any, door: Any, body: Mapping[str, Any]) -> None:
    """Let the first who may do it make a thing, from near to far."""
    for role in roles_of([door]):
        for _reach, actor in reversed(list(callers(role))):
            with suppress(Refusal):
                runtime.call(Call(door.method, dict(body), actor, key=new_uuid()))
                return


def walk(site: Any) -> Iterator[Cell]:
    """Try everything."""
    left = BODIES | more.leave(site)
    leave_more(site)
    found = things(site.host.runtimes)
    elsewhere.settle(more.Hands(site))
    every = roles_of(site.doors)
    # At a list those of the second street would see what they have there: a third one is asked.
    people = {
        there: {role: list(callers(role, *(_SECOND if there else ()))) for role in every}
        for there in (True, False)
    }
    for door in site.doors:
        if door.service not in site.host.runtimes or not door.path:
            continue
        name = _name_of(door)
        for role in sorted({PUBLIC, SELF} & set(door.roles)):
            # What everybody may ask, and what is about the caller alone.
            reach = "anywhere" if role == PUBLIC else "own"
            yield Cell(name, role, reach, "", False, "declared", True)
        if set(door.roles) <= {PUBLIC, SELF}:
            continue
        # The audit holds what this walk was refused, everywhere.
        if SYSTEM_ROLE in door.roles or door.method == "_audit":
            continue
        runtime = site.host.runtimes[door.service]
        roles = every if ANY_ROLE in door.roles else sorted(set(door.roles) & set(every))
        requests = list(_requests(door, found, left))
        if not requests:
            yield from (Cell(name, one, "never", "", False, "no thing", False) for one in roles)
        known = dict.fromkeys(roles, 0)
        for (of_area, ids, body), role in itertools.product(requests, roles):
            # From far to near; who is nearer than one who got in need not be asked.
            for reach, actor in people[bool(ids)][role]:
                if REACHES.index(reach) <= known[role]:
                    break
                said, inside = attempt(runtime, door, body, actor)
                yield Cell(name, role, reach, "/".join(ids), of_area, said, inside)
                if inside:
                    known[role] = REACHES.index(reach)
                    break


# Members that name a person.
_NAMES_A_PERSON = frozenset(
    {"person_id", "reporter_id", "manager_person_id", "subject", "subject_id", "host_id", "chair"}
)
# Who registers somebody may choose the id; it is taken or it is not.
_CHOSEN = frozenset({("steward.register_person", "person_id")})
# Whom these name lives where they like.
_LIVE_ANYWHERE = frozenset({"forum.register_official", "forum.register_deputy"})


def _story() -> dict[str, Actor]:
    """Return one person of the story for each role."""
    found: dict[str, Actor] = {}
    for person in PEOPLE.values():
        for role, scope in person.grants:
            found.setdefault(role, Actor(person.person_id, role, scope))
    return found


def _farthest(reach: str) -> int:
    return REACHES.index(reach) if reach in REACHES else 0


def foreign(site: Any, allowed: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[bool, str]]:
    """Let the story's people try the things of the second street, and those that its bodies name.

    Args:
        site: The system, after `walk`.
        allowed: "service.door" -> role -> how far it reaches.

    Yields:
        Whether that is as it should be, and what was tried and came.
    """
    found = things(site.host.runtimes, elsewhere.GRID, within=9)
    for door in site.doors:
        reach = allowed.get(_name_of(door), {})
        if not door.path or {PUBLIC, SYSTEM_ROLE} & set(door.roles):
            continue
        for role, actor in _story().items():
            least = _least(actor.scope, elsewhere.GRID)
            if (
                _name_of(door) in _LIVE_ANYWHERE
                or role not in reach
                or least in REACHES[: _farthest(reach[role]) + 1]
            ):
                continue
            for of_area, ids, body in _requests(door, found, BODIES, elsewhere.GRID):
                named = {
                    one for (of, _), all_ in found.items() if of == door.service for one in all_
                }
                if of_area or not named & {one for one in body.values() if isinstance(one, str)}:
                    continue
                said, inside = attempt(site.host.runtimes[door.service], door, body, actor)
                yield not inside, f"{_name_of(door)} {role} {'/'.join(ids)}: {said}"
                break


def told_apart(site: Any) -> Iterator[str]:
    """Give where the story's people are answered otherwise about a person of the second street than
    about one whom there is not: a body or a filter that names somebody tells nothing either."""
    person = elsewhere.PEOPLE["R_RESIDENT"].person_id
    nobody = person[:-3] + "999"
    here = places(elsewhere.GRID)
    found = things(site.host.runtimes, elsewhere.GRID, within=9)
    for door in site.doors:
        shape = door.body if door.kind == "command" else door.params
        if not door.path or shape is None or SYSTEM_ROLE in door.roles:
            continue
        named = {m for m in set(shape.members) - set(door.places) if m in _NAMES_A_PERSON}
        path = {
            name: (here.get(name) or found.get((door.service, name)) or ["x_1"])[0]
            for name in door.places
        }
        least = sample_of(shape) | dict(BODIES.get(_name_of(door), {})) | path
        for member, (role, actor) in itertools.product(sorted(named), _story().items()):
            if not {role, ANY_ROLE, PUBLIC} & set(door.roles) or len(actor.scope) == 6:
                continue
            form = "RES:{}" if member.startswith("subject") else "{}"
            said = [
                attempt(
                    site.host.runtimes[door.service],
                    door,
                    least | {member: form.format(one)},
                    actor,
                )[0]
                for one in (person, nobody)
            ]
            if said[0] != said[1] and (_name_of(door), member) not in _CHOSEN:
                yield f"{_name_of(door)} {member} {role}: {said[0]}, and {said[1]} of nobody"


def commands_of(site: Any, person: Any, role: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Give (command, thing) and what is said to a person of the story who tries it."""
    found = things(site.host.runtimes)
    actor = Actor(person.person_id, role, dict(person.grants)[role])
    for door in site.doors:
        if door.kind != "command" or door.service not in site.host.runtimes or not door.path:
            continue
        if not {role, ANY_ROLE} & set(door.roles):
            continue
        for _of_area, ids, body in _requests(door, found, BODIES):
            said, _inside = attempt(site.host.runtimes[door.service], door, body, actor)
            yield (_name_of(door), "/".join(ids)), said


def _name_of(door: Any) -> str:
    return f"{door.service}.{door.method}"


def _requests(
    door: Any, found: Mapping[tuple[str, str], list[str]], left: Members, grid: str = place.GRID
) -> Iterator[tuple[bool, tuple[str, ...], dict[str, Any]]]:
    """Give what a door is tried with: whether it names an area, the ids in its path, and all of its
    members. Nothing, where there is no such thing."""
    meant, here = left.get(_name_of(door), {}), places(grid)
    named = [
        [meant[name]] if name in meant
        else here.get(name) or found.get((door.service, name), [])
        for name in door.places
    ]  # fmt: skip
    known = {
        member: ids[0]
        for (of, member), ids in found.items()
        if of == door.service and member.endswith("_id")
    }
    for (of_area, body), ids in itertools.product(_bodies(door), itertools.product(*named)):
        there = {member: known[member] for member in body.keys() & known.keys()}
        path = dict(zip(door.places, ids, strict=True))
        yield of_area, ids, body | there | dict(meant) | path


def _bodies(door: Any) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Give the least that a door takes, and where a list may be asked for an area, that too."""
    shape = door.body if door.kind == "command" else door.params
    least = sample_of(shape)
    yield False, least
    if shape is not None and door.kind == "query" and not door.places:
        for member in sorted({"scope", "community", "area"} & set(shape.members)):
            yield True, least | {member: place.COMMUNITY}


def attempt(runtime: Any, door: Any, body: Mapping[str, Any], actor: Actor) -> tuple[str, bool]:
    """Call a door and undo what it did. Returns what was said, and whether the caller was let in."""
    key = new_uuid() if door.kind == "command" else None
    call = Call(door.method, dict(body), actor, key=key, version="*" if door.if_match else None)
    try:
        with runtime.together():
            reply = runtime.call(call)
            raise _Undo
    except _Undo:
        # Everybody may ask for a list; what is in it is the right.
        empty = door.kind == "query" and isinstance(reply, dict) and reply.get("items") == []
        return ("nothing", False) if empty and not door.places else ("done", True)
    except Invalid as refusal:
        # It is not known yet whether the caller would have been let in.
        return f"{refusal.code} {refusal.field}", False
    except Refusal as refusal:
        said = refusal.guard or refusal.code
        inside = said in _LET_IN or (refusal.status not in {403, 404} and said not in _NO_PART)
        return said, inside


def reaches(cells: Iterable[Cell]) -> dict[str, dict[str, str]]:
    """Return door -> role -> how far it reaches."""
    widest: dict[tuple[str, str], int] = defaultdict(int)
    cells = list(cells)
    # A list of an area that is empty for one, and denied to another of the same role from farther
    # away, was given to the first.
    denied = [cell for cell in cells if cell.of_area and cell.said == "AREA_DENIED"]
    checked = {(cell.door, cell.role) for cell in denied}
    tried = set()
    for cell in cells:
        at = cell.door, cell.role
        inside = cell.inside or (cell.said == "nothing" and cell.of_area and at in checked)
        widest[at] = max(widest[at], REACHES.index(cell.reach) if inside else 0)
        if inside and cell.said != "declared":
            tried.add(cell.door)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    # Who was only ever given empty lists may still have something to see there.
    came = defaultdict(set)
    for cell in cells:
        came[cell.door, cell.role].add(cell.said)
    for (door, role), reach in sorted(widest.items()):
        known = role in {PUBLIC, SELF} or (
            door in tried and (reach or came[door, role] != {"nothing"})
        )
        found[door][role] = REACHES[reach] if known else "untried"
    return found
