"""The doors of a service, read from its contract: nothing about a service is written here.

`contracts/api.json` of an installed service says of each door its verb, path, roles, precondition,
request and reply. The types that the gateway checks with are made from its schemas.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from importlib import resources
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, Field, create_model

from chassis.table import places_of
from gateway.dispatch import PLACE
from gateway.doors import Body, Day, Door, Doors, Params, Refused, Reply

Schema = Mapping[str, Any]

_PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool}
_FORMATS = {"date-time": datetime, "date": date, "time": time}
_LIMITS = {
    "minLength": "min_length", "maxLength": "max_length", "pattern": "pattern",
    "minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of", "minItems": "min_length", "maxItems": "max_length",
}  # fmt: skip
_EMPTY: dict[str, Any] = {"array": list, "object": dict}
_ABOUT = ("description", "examples")


@functools.cache
def contract_of(service: str) -> Mapping[str, Any] | None:
    """Return the contract of an installed service; None where it has none."""
    try:
        folder = resources.files(f"services.{service}")
    except ModuleNotFoundError:
        return None
    file = folder.joinpath("contracts/api.json")
    if not file.is_file():
        return None
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def doors_of(contract: Mapping[str, Any]) -> Doors:
    """Return the doors that a contract states."""
    types = _Types(contract["schemas"])
    doors = Doors(contract["service"], contract["title"], contract["imports"])
    for method, said in contract["doors"].items():
        # A service of the release before does not say them.
        named = [contract.get("refusals", {})[name] for name in said.get("refusals", ())]
        doors.adopt(_door(doors, method, said, types, named))
    return doors


def _door(
    doors: Doors,
    method: str,
    said: Mapping[str, Any],
    types: _Types,
    refused: Sequence[Mapping[str, Any]],
) -> Door:
    places = places_of(said["path"])
    command = said["kind"] == "command"
    request = types.without(said["request"], places, Body if command else Params)
    return Door(
        service=doors.service,
        tag=doors.tag,
        kind=said["kind"],
        verb=said["verb"],
        path=said["path"],
        method=method,
        roles=tuple(said["roles"]),
        summary=said["summary"],
        description=said.get("description", ""),
        status=said.get("status", 200),
        if_match=said.get("if_match", False),
        body=request if command else None,
        params=None if command else request,
        path_params=types.of_places(said["request"], places),
        reply=types.of(said["reply"], Reply),
        deadline_s=said.get("deadline_s"),
        produces=said.get("produces", ""),
        cost=said.get("cost", 1),
        common=said.get("common", False),
        refusals=tuple(
            Refused(one["status"], one.get("guard", one["code"]), one["text"]) for one in refused
        ),
    )


class _Types:
    """Makes pydantic types of a contract's schemas, each once.

    Args:
        schemas: The contract's schemas by name.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._made: dict[tuple[str, type[BaseModel]], Any] = {}

    def without(self, ref: Schema, places: tuple[str, ...], base: type[BaseModel]) -> Any:
        """Return the type of a request without what stands in the path; None where nothing is
        left."""
        name, schema = self._named(ref)
        left = {key: one for key, one in schema.get("properties", {}).items() if key not in places}
        if not left:
            return None
        if not places:
            return self.of(ref, base)
        return self._model(name, {**schema, "properties": left}, base)

    def of_places(self, ref: Schema, places: tuple[str, ...]) -> Any:
        """Return the type of the path's places; None where each is the id of a thing."""
        _name, schema = self._named(ref)
        found = {name: schema["properties"][name] for name in places}
        if not any("pattern" in one or "enum" in one for one in found.values()):
            return None
        typed = {
            name: one if "pattern" in one or "enum" in one else {**one, "pattern": PLACE.pattern}
            for name, one in found.items()
        }
        return self._model("Places", {"properties": typed, "required": list(typed)}, Params)

    def of(self, schema: Schema, base: type[BaseModel]) -> Any:
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
            words: Any = Literal[tuple(schema.get("enum", [schema.get("const")]))]
            # What stands in an address is text; the words of a closed set may be numbers.
            return Annotated[words, BeforeValidator(_number)] if base is Params else words
        if schema.get("type") == "null":
            return None
        if schema.get("format") == "date" and base is Params:
            # pydantic would read a number as seconds since 1970.
            return Day
        return _limited(self._plain(schema, base), schema)

    def _plain(self, schema: Schema, base: type[BaseModel]) -> Any:
        kind = schema.get("type", "")
        if kind == "array":
            inner = schema.get("items", {})
            items: Any = self.of(inner, base)
            if (about := _about(inner)) and "$ref" not in inner:
                items = Annotated[items, Field(**about)]
            return list[items]
        if kind == "object":
            values: Any = self.of(schema.get("additionalProperties") or {}, base)
            return dict[str, values]
        # A day that stays text on its way has a pattern beside its format.
        as_text = kind == "string" and "pattern" in schema
        form = "" if as_text else schema.get("format", "")
        return _FORMATS.get(form) or _PLAIN.get(kind, Any)

    def _model(self, name: str, schema: Schema, base: type[BaseModel]) -> Any:
        required = set(schema.get("required", ()))
        members: dict[str, Any] = {}
        for member, one in schema["properties"].items():
            about = _about(one)
            if member in required:
                default: Any = Field(**about)
            elif one.get("type") in _EMPTY and not one.get("default"):
                # A schema does not say that a default is made anew each time.
                default = Field(default_factory=_EMPTY[one["type"]], **about)
            elif "default" in one or base is not Reply:
                default = Field(one.get("default"), **about)
            else:
                # Left out for some callers or in some states; where it is there it is not null.
                default = Field(None, **about, json_schema_extra=_without_default)
            members[member] = (self.of(one, base), default)
        made: Any = create_model
        return made(name, __base__=base, __doc__=schema.get("description"), **members)

    def _named(self, ref: Schema) -> tuple[str, Schema]:
        name = ref["$ref"].rpartition("/")[2]
        return name, self._schemas[name]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _number(given: Any) -> Any:
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given


def _about(schema: Schema) -> dict[str, Any]:
    """Return what is said of a member; a type that may be null says it within."""
    parts = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    said = parts[0] if len(parts) == 1 else {}
    return {key: {**said, **schema}[key] for key in _ABOUT if key in {**said, **schema}}


def _limited(kind: Any, schema: Schema) -> Any:
    limits = {_LIMITS[name]: value for name, value in schema.items() if name in _LIMITS}
    if schema.get("format") == "date" and kind is str:
        return Day
    return Annotated[kind, Field(**limits)] if limits else kind
