"""The doors of a service, read from its contract: nothing about a service is written here.

`contracts/api.json` of an installed service says of each door its verb, path, roles, precondition,
request and reply. The types that the gateway checks with are made from its schemas.
"""

from __future__ import annotations

import functools
from datetime import date, datetime, time
from importlib import resources
from typing import Annotated, Any, Literal, TypeAlias, Union

from pydantic import BaseModel, BeforeValidator, Field, create_model

from chassis import api
from chassis.api import ApiContract, DoorContract, Schema, Schemas
from chassis.json_values import JsonObject
from chassis.table import places_of
from gateway.bodies import Moment, moments_of
from gateway.dispatch import PLACE
from gateway.doors import Body, Day, Door, Doors, Params, Refused, Reply

# A type that is made at run time, perhaps annotated; Python has no type for these.
Hint: TypeAlias = Any

_PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool}
_FORMATS = {"date-time": datetime, "date": date, "time": time}
_LIMITS = {
    "minLength": "min_length", "maxLength": "max_length", "pattern": "pattern",
    "minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of", "minItems": "min_length", "maxItems": "max_length",
}  # fmt: skip
_EMPTY = {"array": list, "object": dict}
_ABOUT = ("description", "examples")


@functools.cache
def contract_of(service: str) -> ApiContract | None:
    """Return the contract of an installed service; None where it has none."""
    try:
        folder = resources.files(f"services.{service}")
    except ModuleNotFoundError:
        return None
    file = folder.joinpath("contracts/api.json")
    return api.read_file(file.read_bytes()) if file.is_file() else None


def doors_of(contract: ApiContract) -> Doors:
    """Return the doors that a contract states."""
    types = _Types(contract.schemas)
    doors = Doors(contract.service, contract.title, contract.imports)
    known = contract.refusals or {}
    refused = {
        name: Refused(one.status, one.guard or one.code, one.text) for name, one in known.items()
    }
    for method, said in contract.doors.items():
        # A service of the release before does not say its refusals.
        named = tuple(refused[name] for name in said.refusals or ())
        doors.adopt(_door(doors, method, said, types, named))
    return doors


def _door(
    doors: Doors, method: str, said: DoorContract, types: _Types, refused: tuple[Refused, ...]
) -> Door:
    places = places_of(said.path)
    command = said.kind == "command"
    request = types.without(said.request, places, Body if command else Params)
    return Door(
        service=doors.service,
        tag=doors.tag,
        kind=said.kind,
        verb=said.verb,
        path=said.path,
        method=method,
        roles=tuple(said.roles),
        summary=said.summary,
        description=said.description,
        status=said.status,
        if_match=said.if_match,
        body=request if command else None,
        params=None if command else request,
        path_params=types.of_places(said.request, places),
        reply=types.of(said.reply, Reply),
        deadline_s=said.deadline_s,
        produces=said.produces,
        cost=said.cost,
        common=said.common,
        refusals=refused,
        moments=types.moments(said.request) if command else None,
    )


class _Types:
    """Makes pydantic types of a contract's schemas, each once.

    Args:
        schemas: The contract's schemas by name.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._made: dict[tuple[str, type[BaseModel]], Hint] = {}

    def without(self, ref: Schema, places: tuple[str, ...], base: type[BaseModel]) -> Hint:
        """Return the type of a request without what stands in the path; None where nothing is
        left."""
        name, schema = self._named(ref)
        left = {key: one for key, one in schema.get("properties", {}).items() if key not in places}
        if not left:
            return None
        if not places:
            return self.of(ref, base)
        return self._model(name, {**schema, "properties": left}, base)

    def moments(self, ref: Schema) -> tuple[Moment, ...]:
        """Return where days and times stand in a request."""
        return moments_of(ref, self._schemas)

    def of_places(self, ref: Schema, places: tuple[str, ...]) -> Hint:
        """Return the type of the path's places; None where each is the id of a thing."""
        _name, schema = self._named(ref)
        found = {name: schema["properties"][name] for name in places}
        if not any("pattern" in one or "enum" in one for one in found.values()):
            return None
        typed: Schemas = {
            name: one if "pattern" in one or "enum" in one else {**one, "pattern": PLACE.pattern}
            for name, one in found.items()
        }
        return self._model("Places", {"properties": typed, "required": list(typed)}, Params)

    def of(self, schema: Schema, base: type[BaseModel]) -> Hint:
        """Return the type of a schema; objects in it have `base`."""
        if "$ref" in schema:
            name, referred = self._named(schema)
            if referred.get("type") != "object" or "properties" not in referred:
                return self.of(referred, base)
            if (name, base) not in self._made:
                self._made[name, base] = self._model(name, referred, base)
            return self._made[name, base]
        if "anyOf" in schema:
            kinds = [self.of(one, base) for one in schema["anyOf"]]
            return functools.reduce(lambda one, other: Union[one, other], kinds)  # noqa: UP007  at run time
        if "enum" in schema or "const" in schema:
            words: Hint = Literal[tuple(schema.get("enum", [schema.get("const")]))]
            # What stands in an address is text; the words of a closed set may be numbers.
            return Annotated[words, BeforeValidator(_number)] if base is Params else words
        if schema.get("type") == "null":
            return None
        if schema.get("format") == "date" and base is Params:
            # pydantic would read a number as seconds since 1970.
            return Day
        return _limited(self._plain(schema, base), schema)

    def _plain(self, schema: Schema, base: type[BaseModel]) -> Hint:
        kind = schema.get("type", "")
        if kind == "array":
            inner = api.inner(schema.get("items"))
            items: Hint = self.of(inner, base)
            if (about := _about(inner)) and "$ref" not in inner:
                items = Annotated[items, Field(**about)]
            return list[items]
        if kind == "object":
            values: Hint = self.of(api.inner(schema.get("additionalProperties")), base)
            return dict[str, values]
        # A day that stays text on its way has a pattern beside its format.
        as_text = kind == "string" and "pattern" in schema
        form = "" if as_text else schema.get("format", "")
        return _FORMATS.get(form) or _PLAIN.get(kind, Hint)

    def _model(self, name: str, schema: Schema, base: type[BaseModel]) -> Hint:
        required = set(schema.get("required", ()))
        members: dict[str, Hint] = {}
        for member, one in schema["properties"].items():
            about = _about(one)
            if member in required:
                default: Hint = Field(**about)
            elif one.get("type") in _EMPTY and not one.get("default"):
                # A schema does not say that a default is made anew each time.
                default = Field(default_factory=_EMPTY[one["type"]], **about)
            elif "default" in one or base is not Reply:
                default = Field(one.get("default"), **about)
            else:
                # Left out for some callers or in some states; where it is there it is not null.
                default = Field(None, **about, json_schema_extra=_without_default)
            members[member] = (self.of(one, base), default)
        made: Hint = create_model
        return made(name, __base__=base, __doc__=schema.get("description"), **members)

    def _named(self, ref: Schema) -> tuple[str, Schema]:
        name = api.name_in(ref)
        return name, self._schemas[name]


def _without_default(schema: JsonObject) -> None:
    schema.pop("default", None)


def _number(given: object) -> object:
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given


def _about(schema: Schema) -> dict[str, Hint]:
    """Return what is said of a member; a type that may be null says it within."""
    parts = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    said = parts[0] if len(parts) == 1 else {}
    return {key: {**said, **schema}[key] for key in _ABOUT if key in {**said, **schema}}


def _limited(kind: Hint, schema: Schema) -> Hint:
    limits: dict[str, Hint] = {
        _LIMITS[name]: value for name, value in schema.items() if name in _LIMITS
    }
    if schema.get("format") == "date" and kind is str:
        return Day
    return Annotated[kind, Field(**limits)] if limits else kind
