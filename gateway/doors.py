"""Declares which HTTP call leads to which command or query of a service, and who may make it.

The doors of services are made from their contracts (`contract`), the gateway's own are declared
here; how a door is served stands in `dispatch`, how it is described in `openapi`. Deny by default:
a door that does not say who may enter cannot be declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import (
    Annotated,
    Generic,
    Literal,
    NamedTuple,
    Required,
    TypedDict,
    TypeVar,
    Unpack,
)

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from chassis.i18n import vocabulary
from chassis.messages import ANONYMOUS_ROLE, ANY_ROLE
from chassis.messages import PUBLIC as PUBLIC_ROLE
from chassis.table import PATH, VERBS, places_of
from chassis.text import DAY, is_day
from gateway.bodies import Moment

# A role is known by its word: `R_…` in chassis/locale/words.po. A visitor acts in none.
ROLES: frozenset[str] = frozenset(
    word for word in vocabulary("chassis") if word.startswith("R_")
) - {ANONYMOUS_ROLE}
Kind = Literal["command", "query"]
ANY: tuple[str, ...] = (ANY_ROLE,)
PUBLIC: tuple[str, ...] = (PUBLIC_ROLE,)


def _existing_day(day: str) -> str:
    if not is_day(day):
        raise PydanticCustomError("date_parsing", "Input should be a valid date")
    return day


# A day that stays text on its way: it exists, and deadlines can be counted from it.
Day = Annotated[
    str,
    Field(pattern=DAY, json_schema_extra={"format": "date"}),
    AfterValidator(_existing_day),
]


class Body(BaseModel):
    """Base of request bodies: unknown members and values of another type are refused.

    Bodies are read as JSON, so a strict `datetime` takes an ISO 8601 string.
    """

    # Building a validator takes longer than declaring the class; it waits for the first request,
    # so that a process with hundreds of models answers soon after its start.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Params(BaseModel):
    """Base of query parameters: unknown ones are refused; values are read from text."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Reply(BaseModel):
    """Base of replies: what a caller may rely on. A service may say more than is promised."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    provisional: list[str] | None = Field(
        None,
        description="所列期限按暂定工作日历计算,可能顺延"
        " / these deadlines rest on a year whose holidays are not announced; they may move later",
    )


ItemT = TypeVar("ItemT")


class Page(Reply, Generic[ItemT]):
    """One page of a list; `next` is the cursor of the following one, or null on the last."""

    items: list[ItemT]
    next: str | None = None


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
        body: Type of the JSON body, or None when the command needs none.
        params: Type of the query parameters, or None when there are none.
        path_params: Type of the path's places when they are not plain text.
        if_match: Whether the caller must say which version he has seen.
        deadline_s: Longest wait for the answer; None takes the setting.
        content: Media types of the body where that is no JSON.
        produces: Media type of the answer where that is no JSON; `documents` writes it out of the
            service's reply.
        cost: What an answer takes, in ordinary answers; a caller's rate is counted in these.
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
    reply: type[BaseModel]
    description: str = ""
    status: int = 200
    if_match: bool = False
    body: type[Body] | None = None
    params: type[Params] | None = None
    path_params: type[Params] | None = None
    deadline_s: float | None = None
    content: tuple[str, ...] = ()
    produces: str = ""
    cost: int = 1
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
    reply: Required[type[BaseModel]]
    summary: Required[str]
    description: str
    status: int
    if_match: bool
    body: type[Body] | None
    params: type[Params] | None
    path_params: type[Params] | None
    deadline_s: float | None
    common: bool


def _roles_of(roles: object, where: str) -> tuple[str, ...]:
    """Return the roles as a flat tuple.

    Raises:
        TypeError: There are none, or one is unknown.
    """
    if isinstance(roles, str):
        roles = [roles] if roles else []
    flat: list[str] = []
    for role in roles if isinstance(roles, Iterable) else ():
        flat.extend([role] if isinstance(role, str) else role)
    if not flat:
        raise TypeError(f"{where} does not say who may enter")
    unknown = set(flat) - ROLES - {ANY_ROLE, PUBLIC_ROLE}
    if unknown:
        raise TypeError(f"{where} names unknown roles: {', '.join(sorted(unknown))}")
    return tuple(dict.fromkeys(flat))


class Doors:
    """The doors of one service, in the order of their declaration.

    Args:
        service: The service's name on the wire.
        tag: Heading in the reference, "中文 / English".
        imports: The kinds of files that it takes.
    """

    def __init__(self, service: str, tag: str, imports: Sequence[str] = ()) -> None:
        self.service = service
        self.tag = tag
        self.imports = tuple(imports)
        self._doors: dict[tuple[str, str], Door] = {}

    def __iter__(self) -> Iterator[Door]:
        return iter(self._doors.values())

    def __len__(self) -> int:
        return len(self._doors)

    def adopt(self, door: Door) -> None:
        """Take a door that was declared elsewhere.

        Raises:
            TypeError: There is one at its place already.
        """
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
        if verb not in VERBS or verb == "GET":
            raise TypeError(f"{method}: a command is POST, PUT, PATCH or DELETE, not {verb}")
        if said.get("status", 200) not in {200, 201, 202}:
            raise TypeError(f"{method}: a command answers 200, 201 or 202, not {said['status']}")
        return self._add("command", verb, path, method, said)

    def query(self, verb: str, path: str, method: str, **said: Unpack[Said]) -> Door:
        """Declare a question. Path places and query parameters become the body of the call; the
        arguments are as in `command`, with GET.

        Raises:
            TypeError: The declaration is incomplete or contradicts itself.
        """
        if verb != "GET":
            raise TypeError(f"{method}: a query is GET, not {verb}")
        return self._add("query", verb, path, method, said)

    def _add(self, kind: Kind, verb: str, path: str, method: str, said: Said) -> Door:
        where = f"{verb} /v1/{self.service}{path}"
        said["roles"] = _roles_of(said.get("roles"), where)
        if not PATH.match(path):
            raise TypeError(f"{where} is no path")
        if not said["summary"]:
            raise TypeError(f"{where} has no summary")
        door = Door(self.service, self.tag, kind, verb, path, method, **said)
        _check_names(door, where)
        self.adopt(door)
        return door


def _check_names(door: Door, where: str) -> None:
    """Refuse a place that is also a member of the body, and bodies that are not ours.

    Raises:
        TypeError: A name has two meanings, or a type has the wrong base.
    """
    places = set(door.places)
    if len(places) != len(door.places):
        raise TypeError(f"{where} has a place twice")
    for model, base in ((door.body, Body), (door.params, Params), (door.path_params, Params)):
        if model is not None and not (isinstance(model, type) and issubclass(model, base)):
            raise TypeError(f"{where}: {model!r} must extend {base.__name__}")
    if not (isinstance(door.reply, type) and issubclass(door.reply, BaseModel)):
        raise TypeError(f"{where}: {door.reply!r} must extend Reply")
    for model in (door.body, door.params):
        twice = places & set(model.model_fields) if model is not None else set()
        if twice:
            raise TypeError(f"{where}: {', '.join(sorted(twice))} stands in the path already")
    if door.path_params is not None and set(door.path_params.model_fields) != places:
        raise TypeError(f"{where}: path_params must name the path's places")
