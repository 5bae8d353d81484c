"""Which doors take an id that an answer gives: the links of OpenAPI, made from the doors.

Three rules make all of them:

* what makes a thing (201, 202) gives its `id`: to every door below the address where it was made;
* a list gives the `id` of each item, here of its first: to every door below the list's address;
* another id (`request_id`) is that of the place of the same name: to the door of the same service
  that shows what it names.

A door is linked where that id is all that its address lacks. Where the answer says the version of
the thing, and the door asks for it, the answer's ETag is its If-Match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict

from fivered.chassis import api
from fivered.gateway.doors import Door


class Link(TypedDict):
    """A link as OpenAPI has it: a door, and where in the answer stands what it takes."""

    operationId: str
    parameters: dict[str, str]


class Linked(NamedTuple):
    """A link and its name among the components."""

    name: str
    link: Link


class Links:
    """The links between doors.

    Args:
        doors: Each with the name of its operation.
    """

    def __init__(self, doors: Iterable[tuple[Door, str]]) -> None:
        # By the address up to the one place that it has, and by the door that shows it.
        self._below: dict[str, list[tuple[Door, str]]] = {}
        self._shown: dict[tuple[str, str], list[tuple[Door, str]]] = {}
        for door, name in doors:
            if len(door.places) != 1:
                continue
            folder = door.full_path[: door.full_path.index("{") - 1]
            self._below.setdefault(folder, []).append((door, name))
            if door.verb == "GET" and door.full_path.endswith("}"):
                self._shown.setdefault((door.service, door.places[0]), []).append((door, name))

    def of(self, door: Door) -> Iterator[Linked]:
        """Yield the links of a door's good answer, by name, each once."""
        if door.produces:
            return
        versioned = "version" in door.reply.members
        if "id" in door.reply.members and door.status in {201, 202}:
            for target, name in self._below.get(door.full_path, ()):
                yield _link(target, name, "id", "/id", versioned=versioned)
        if _lists_things(door):
            for target, name in self._below.get(door.full_path, ()):
                yield _link(target, name, "items", "/items/0/id", versioned=False)
        for member in door.reply.members:
            if member.endswith("_id") and member not in door.places:
                for target, name in self._shown.get((door.service, member), ()):
                    yield _link(target, name, member, f"/{member}", versioned=False)


def _lists_things(door: Door) -> bool:
    """Tell whether a door answers a list of things that have an `id`."""
    items = door.reply.members.get("items")
    if door.kind != "query" or door.places or items is None:
        return False
    one = api.resolved(api.inner(items.get("items")), door.reply.schemas)
    return "id" in one.get("properties", {})


def _link(target: Door, name: str, by: str, pointer: str, *, versioned: bool) -> Linked:
    parameters = {target.places[0]: f"$response.body#{pointer}"}
    if versioned and target.if_match:
        parameters["If-Match"] = "$response.header.ETag"
        by += "_and_version"
    return Linked(f"{name}_by_{by}", {"operationId": name, "parameters": parameters})
