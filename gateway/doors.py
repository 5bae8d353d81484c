"""Declares which HTTP call leads to which command or query of a service, and who may make it.

The doors of services are made from their contracts (`contract`), the gateway's own are declared
here; how a door is served stands in `dispatch`, how it is described in `openapi`. Deny by default:
a door that does not say who may enter cannot be declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Required, TypedDict, Unpack, cast, get_origin

from msgspec import Struct

from fivered.chassis.api import Leaving, Schema
from fivered.chassis.i18n import vocabulary
from fivered.chassis.messages import ANONYMOUS_ROLE, ANY_ROLE, SELF
from fivered.chassis.messages import PUBLIC as PUBLIC_ROLE
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.chassis.shapes import Moment, Shape
from fivered.chassis.table import PATH, VERBS, places_of
from fivered.chassis.text import GRID

# A role is known by its word: `R_…` in chassis/locale/words.po. A visitor acts in none.
ROLES: frozenset[str] = frozenset(
    word for word in vocabulary("fivered.chassis") if word.startswith("R_")
) - {ANONYMOUS_ROLE}
Kind = Literal["command", "query"]
# What a door produces whose reply says the media type of its file.
ANY_FILE = "application/octet-stream"
ANY: tuple[str, ...] = (ANY_ROLE,)
PUBLIC: tuple[str, ...] = (PUBLIC_ROLE,)


PLACE = re.compile(r"^[A-Za-z0-9_.:~-]{1,120}$")
# A place whose form no contract says.
_ID: Schema = {"type": "string", "pattern": PLACE.pattern}
_GRID: Schema = {"type": "string", "pattern": GRID, "examples": ["370811015901001"]}


class Refused(NamedTuple):
    """A refusal that a door may answer: its guard or code, and "中文 / English"."""

    status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Door:
    """One HTTP call and the method of the service that it leads to.

    Attributes:
        path: Below `/v1/<service>`, with `{places}`.
        roles: Who may enter; the service checks the same again.
        body: Shape of the JSON body, or None when the command needs none.
        params: Shape of the query parameters, or None when there are none.
        path_params: Shape of the path's places, or None when there are none.
        if_match: Whether the caller must say which version was seen.
        deadline_s: Longest wait for the answer; None takes the setting.
        leaving: Since when and until when, where it will be gone.
        content: Media types of the body where that is no JSON.
        produces: Media type of the answer where that is no JSON; `documents` writes it out of the
            service's reply.
        or_produces: Media types of the other forms in which a caller may ask for the answer.
        cost: What an answer takes, in ordinary answers; a caller's rate is counted in these.
        oauth: Whether it is asked by a form, and refuses as OAuth 2.0 has it; see `oauth`.
        common: Whether it stands below `/v1` itself, at an address that names no service.
        refusals: What its service says it may answer, beside what every door may.
        moments: Where days and times stand in the body, which the service checks; None where the
            gateway checks it itself.
    """

    service: str
    tag: str
    kind: Kind
    verb: str
    path: str
    method: str
    roles: tuple[str, ...]
    summary: str
    reply: Shape
    description: str = ""
    status: int = 200
    if_match: bool = False
    body: Shape | None = None
    params: Shape | None = None
    path_params: Shape | None = None
    deadline_s: float | None = None
    leaving: Leaving | None = None
    content: tuple[str, ...] = ()
    produces: str = ""
    or_produces: tuple[str, ...] = ()
    cost: int = 1
    oauth: bool = False
    common: bool = False
    refusals: tuple[Refused, ...] = ()
    moments: tuple[Moment, ...] | None = None

    @property
    def full_path(self) -> str:
        """The path as the caller writes it; the gateway's own doors have no service."""
        if self.common:
            return f"/v1{self.path}"
        return f"/v1/{self.service}{self.path}" if self.service else self.path

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the path's places, in order."""
        return places_of(self.path)

    @property
    def public(self) -> bool:
        """Whether a caller without a token may enter."""
        return PUBLIC_ROLE in self.roles


class Said(TypedDict, total=False):
    """What a declaration says of a door, beside where it stands."""

    roles: Required[tuple[str, ...]]
    reply: Required[type[Reply]]
    summary: Required[str]
    status: int
    if_match: bool
    produces: str
    body: type[Request]
    params: type[Request]
    path_params: type[Request]


class Doors:
    """The doors of one service, in the order of their declaration.

    Args:
        service: The service's name on the wire.
        tag: Heading in the reference, "中文 / English".
        imports: The kinds of files that it takes.
        about: One sentence for the start page, "中文 / English".
    """

    def __init__(
        self, service: str, tag: str, imports: Sequence[str] = (), about: str = ""
    ) -> None:
        self.service = service
        self.tag = tag
        self.imports = tuple(imports)
        self.about = about
        self._doors: dict[tuple[str, str], Door] = {}

    def __iter__(self) -> Iterator[Door]:
        return iter(self._doors.values())

    def __len__(self) -> int:
        return len(self._doors)

    def adopt(self, door: Door) -> None:
        """Take a door, whoever has declared it.

        Raises:
            TypeError: It contradicts itself, says nobody who may enter, or its place is taken.
        """
        _check(door)
        if (door.verb, door.path) in self._doors:
            raise TypeError(f"{door.verb} {door.full_path} is declared twice")
        self._doors[door.verb, door.path] = door

    def command(self, verb: str, path: str, method: str, **said: Unpack[Said]) -> Door:
        """Declare a command. Path places and body members become the body of the call.

        Args:
            verb: POST, PUT, PATCH or DELETE.
            path: Below `/v1/<service>`; `{places}` are named as the service names them.
            method: The command's method on the service.
            said: The rest, as `Door` describes it; roles, reply and summary must be there.

        Raises:
            TypeError: The declaration is incomplete or contradicts itself.
        """
        return self._add("command", verb, path, method, said)

    def query(self, verb: str, path: str, method: str, **said: Unpack[Said]) -> Door:
        """Declare a question. Path places and query parameters become the body of the call; the
        arguments are as in `command`, with GET.

        Raises:
            TypeError: The declaration is incomplete or contradicts itself.
        """
        return self._add("query", verb, path, method, said)

    def _add(self, kind: Kind, verb: str, path: str, method: str, said: Said) -> Door:
        where = f"{verb} /v1/{self.service}{path}"
        if strange := said.keys() - Said.__annotations__.keys():
            raise TypeError(f"{where} says {', '.join(sorted(strange))}")
        roles = tuple(dict.fromkeys(said.get("roles") or ()))
        if unknown := set(roles) - ROLES - {ANY_ROLE, PUBLIC_ROLE, SELF}:
            raise TypeError(f"{where} names unknown roles: {', '.join(sorted(unknown))}")
        places = places_of(path)
        named: Schema = {
            "type": "object",
            "properties": {name: _GRID if name == "grid" else _ID for name in places},
            "required": list(places),
        }
        door = Door(
            service=self.service,
            tag=self.tag,
            kind=kind,
            verb=verb,
            path=path,
            method=method,
            roles=roles,
            summary=said["summary"],
            status=said.get("status", 200),
            if_match=said.get("if_match", False),
            produces=said.get("produces", ""),
            reply=_shape(said["reply"], Reply, where),
            body=_shape(said["body"], Request, where) if "body" in said else None,
            params=_shape(said["params"], Request, where) if "params" in said else None,
            path_params=_shape(said["path_params"], Request, where)
            if "path_params" in said
            else Shape("", named, {}).of_members(named["properties"]),
        )
        self.adopt(door)
        return door


def of_gateway() -> Doors:
    """Return doors of the gateway itself, none as yet."""
    return Doors("", "网关 / Gateway")


def _shape(kind: object, base: type[Struct], where: str) -> Shape:
    """Return the shape of a declared type.

    Raises:
        TypeError: It is no such type.
    """
    found = get_origin(kind) or kind
    if not (isinstance(found, type) and issubclass(found, base)):
        raise TypeError(f"{where}: {kind!r} must extend {base.__name__}")
    return Shape.of(cast("type[Struct]", kind))


def _check(door: Door) -> None:
    """Refuse what could not be served, or served to anybody.

    Raises:
        TypeError: Nobody may enter, or the door contradicts itself.
    """
    where = f"{door.verb} {door.full_path}"
    if not door.roles:
        raise TypeError(f"{where} does not say who may enter")
    if door.verb not in VERBS or (door.kind == "query") != (door.verb == "GET"):
        raise TypeError(f"{where}: a query is GET, a command POST, PUT, PATCH or DELETE")
    if door.status not in {200, 201, 202}:
        raise TypeError(f"{where} answers 200, 201 or 202, not {door.status}")
    if not PATH.match(door.path):
        raise TypeError(f"{where} is no path")
    if not door.summary:
        raise TypeError(f"{where} has no summary")
    places = set(door.places)
    if len(places) != len(door.places):
        raise TypeError(f"{where} has a place twice")
    for shape in (door.body, door.params):
        if twice := places & set(shape.members if shape is not None else ()):
            raise TypeError(f"{where}: {', '.join(sorted(twice))} stands in the path already")
    if door.path_params is not None and set(door.path_params.members) != places:
        raise TypeError(f"{where}: path_params must name the path's places")
