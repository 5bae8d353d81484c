"""What the last release promised, kept beside a service's contracts and compared with them.

`released.json` holds the facts as they stood, `released_doors.json` the doors, `changes.json` what
each release since the first changed. `meant.json` is written by hand: what breaks a caller of a
door on purpose, and why; a fact breaks nobody, it has a new version beside the old one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict, cast

import msgspec

from fivered.chassis import promises
from fivered.chassis.api import ApiContract, DoorContract, Schema, Schemas
from fivered.chassis.fact_schemas import EventContract
from fivered.chassis.messages import ANY_ROLE, PUBLIC
from fivered.chassis.promises import Break, Members

FACTS, DOORS, CHANGES, MEANT = (
    "released.json", "released_doors.json", "changes.json", "meant.json",
)  # fmt: skip


class Released(TypedDict, total=False):
    """A fact as it stood at the last release; of its examples the digests.

    Attributes:
        about: The kind of its subject; what 0.1.0 said of it is not known.
    """

    since: str
    visibility: str
    about: str
    schema: Schema
    examples: list[str]


class ReleasedDoor(TypedDict, total=False):
    """A door as it stood at the last release.

    Attributes:
        gives: What it answered; where `partial`, only what was always there.
    """

    since: str
    status: int
    roles: list[str]
    if_match: bool
    produces: str
    takes: Members
    gives: Members
    partial: bool


# By fact or door, by release.
Changes = dict[str, dict[str, list[str]]]


def _read(path: Path) -> dict[str, object]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def facts_in(folder: Path) -> dict[str, Released]:
    """Return the facts of the last release."""
    return cast("dict[str, Released]", _read(folder / FACTS))


def doors_in(folder: Path) -> dict[str, ReleasedDoor]:
    """Return the doors of the last release, by verb and path."""
    return cast("dict[str, ReleasedDoor]", _read(folder / DOORS))


def frozen(contract: EventContract) -> Released:
    """Return a fact as a release keeps it."""
    return {
        "since": contract["since"],
        "visibility": contract["visibility"],
        "about": contract["about"],
        "schema": contract["schema"],
        "examples": [_digest(example) for example in contract["examples"]],
    }


def _digest(example: object) -> str:
    return hashlib.sha256(msgspec.json.encode(example, order="sorted")).hexdigest()[:16]


def door_key(service: str, door: DoorContract) -> str:
    """Return the name under which a door is called: its verb and whole path."""
    return f"{door.verb} /v1{'' if door.common else f'/{service}'}{door.path}"


def frozen_doors(api: ApiContract, before: Mapping[str, ReleasedDoor]) -> dict[str, ReleasedDoor]:
    """Return the doors of a service as a release keeps them.

    Args:
        api: The doors now.
        before: Those of the release before: in which release each came.
    """
    return {
        key: {
            "since": before[key]["since"] if key in before else api.version,
            "status": door.status,
            "roles": door.roles,
            "if_match": door.if_match,
            "produces": door.produces,
            "takes": _whole(door.request, api.schemas),
            # Who reads an answer does not rely on how long a text in it may be.
            "gives": _unlimited(_whole(door.reply, api.schemas)),
        }
        for door in api.doors.values()
        for key in [door_key(api.service, door)]
    }


def _whole(schema: Schema, schemas: Schemas) -> Members:
    return promises.members_of(schema, schemas)


def _unlimited(members: Members) -> Members:
    for one in members.values():
        one.pop("limits", None)
    return members


def fact_breaks(old: Released, now: EventContract) -> Iterator[Break]:
    """Yield what a reader of a released fact trips over now."""
    if (old.get("visibility"), now["visibility"]) == ("public", "internal"):
        yield Break("was public and is internal", "leave it public")
    if old.get("about", now["about"]) != now["about"]:
        yield Break(
            f"is about {now['about']!r} and was about {old['about']!r}: its order is another one",
            "say a new version beside it (.v2)",
        )
    yield from promises.published_breaks(
        promises.members_of(old["schema"]), promises.members_of(now["schema"])
    )
    kept = {_digest(example) for example in now["examples"]}
    for digest in old["examples"]:
        if digest not in kept:
            yield Break(f"released example {digest} is gone or changed", "put it back")


def door_breaks(old: ReleasedDoor, now: ReleasedDoor) -> Iterator[Break]:
    """Yield what a caller of a released door trips over now."""
    if old["status"] != now["status"]:
        yield Break(f"answers {now['status']}, not {old['status']}", "leave the status")
    for role in sorted(_closed_to(set(old["roles"]), set(now["roles"]))):
        yield Break(f"is closed to {role}", "leave the role in `roles`")
    if now["if_match"] and not old.get("if_match", True):
        yield Break("wants If-Match now", "callers of before send none: take it without")
    if old.get("produces", now["produces"]) != now["produces"]:
        yield Break(
            f"answers as {now['produces'] or 'JSON'}, not {old['produces'] or 'JSON'}",
            "open a door beside this one",
        )
    for one in promises.taken_breaks(old["takes"], now["takes"]):
        yield Break(f"takes: {one.what}", one.remedy)
    for one in promises.answered_breaks(old["gives"], now["gives"]):
        yield Break(f"answers: {one.what}", one.remedy)


def _closed_to(before: set[str], now: set[str]) -> set[str]:
    """Return the roles that may enter no more. Who has no token at all enters what is public."""
    if PUBLIC in now:
        return set()
    return before & {PUBLIC} if ANY_ROLE in now else before - now


def broken(folder: Path, facts: Mapping[str, EventContract], api: ApiContract) -> Iterator[str]:
    """Yield what the service does not keep of its last release: where, what, what to do.

    Args:
        folder: Its contracts.
        facts: What it publishes now, by the name of the fact.
        api: Its doors now.
    """
    for fact, old in facts_in(folder).items():
        path = folder / "events" / f"{fact}.json"
        if fact not in facts:
            yield f"{path}: {fact} was released and is gone; publish it until nobody consumes it"
            continue
        yield from (f"{path}: {one}" for one in fact_breaks(old, facts[fact]))
    meant, found = _read(folder / MEANT), set()
    for key, one in _doors_broken(doors_in(folder), frozen_doors(api, {})):
        place = f"{key} {one.what}"
        found.add(place)
        if place not in meant:
            yield (
                f"{folder / 'api.json'}: {key} {one}; where it is meant, say why in {MEANT} "
                f"under {place!r}"
            )
    for place in sorted(meant.keys() - found):
        yield f"{folder / MEANT}: {place!r} is no longer so: take it out"


def _doors_broken(
    before: Mapping[str, ReleasedDoor], now: Mapping[str, ReleasedDoor]
) -> Iterator[tuple[str, Break]]:
    for key, old in before.items():
        if key not in now:
            yield key, Break("was released and is gone", "open it until nobody calls it")
            continue
        for one in door_breaks(old, now[key]):
            yield key, one


# --------------------------------------------------------------------------------------------------
# What has changed


def fact_changes(folder: Path, contract: EventContract, version: str) -> dict[str, list[str]]:
    """Return what each release has changed of a fact, that which is being made among them.

    Args:
        folder: The service's contracts.
        contract: The fact now.
        version: The release that is being made.
    """
    name = contract["type"].partition(".")[2]
    told = dict(_changes(folder, "facts").get(name, {}))
    old = facts_in(folder).get(name)
    if old is not None:
        now = promises.members_of(contract["schema"])
        gained = [*promises.gains(promises.members_of(old["schema"]), now)]
        if gained:
            told[version] = gained
    return told


def door_changes(folder: Path, api: ApiContract) -> Changes:
    """Return what each release has changed of each door, that which is being made among them."""
    found = {key: dict(told) for key, told in _changes(folder, "doors").items()}
    before, meant = doors_in(folder), _read(folder / MEANT)
    now = frozen_doors(api, before)
    for key, door in now.items():
        old = before.get(key)
        told = ["新接口 / a new door"] if old is None else [*_door_gains(old, door)]
        told += [f"{what} ({meant[what]})" for what in sorted(meant) if what.startswith(f"{key} ")]
        if told and before:
            found.setdefault(key, {})[api.version] = told
    for what, why in meant.items():
        gone = next((one for one in before if one not in now and what.startswith(f"{one} ")), None)
        if gone is not None:
            found.setdefault(gone, {})[api.version] = [f"{what} ({why})"]
    return dict(sorted(found.items(), key=lambda one: one[0].split(" ")[::-1]))


def _door_gains(old: ReleasedDoor, now: ReleasedDoor) -> Iterator[str]:
    for role in sorted(set(now["roles"]) - set(old["roles"])):
        yield f"角色 {role} 可用 / open to {role}"
    yield from (f"请求 / request: {one}" for one in promises.gains(old["takes"], now["takes"]))
    if not old.get("partial"):
        yield from (f"答复 / answer: {one}" for one in promises.gains(old["gives"], now["gives"]))


def _changes(folder: Path, what: str) -> Changes:
    return cast("Mapping[str, Changes]", _read(folder / CHANGES)).get(what, {})


def text_of(path: Path, value: object) -> str:
    """Return a file of a release as it is written: of doors a line each, for they are many."""
    if path.name != DOORS or not value:
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    doors = cast("Mapping[str, ReleasedDoor]", value)
    lines = (
        f"{json.dumps(key)}: {json.dumps(door, ensure_ascii=False)}" for key, door in doors.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def freeze(
    folder: Path, facts: Mapping[str, EventContract], api: ApiContract
) -> dict[Path, object]:
    """Return the files of a release: from now on facts and doors keep what they promise.

    Args:
        folder: The service's contracts.
        facts: What it publishes, by the name of the fact.
        api: Its doors.
    """
    told = {name: fact_changes(folder, one, api.version) for name, one in facts.items()}
    return {
        folder / CHANGES: {
            "facts": {name: changes for name, changes in told.items() if changes},
            "doors": door_changes(folder, api),
        },
        folder / FACTS: {
            **facts_in(folder),
            **{name: frozen(one) for name, one in facts.items()},
        },
        folder / DOORS: frozen_doors(api, doors_in(folder)),
        folder / MEANT: {},
    }
