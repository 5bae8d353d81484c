"""What stands in an address, its places and its query, is text: read as what a door asks for."""

from __future__ import annotations

import re

from starlette.requests import Request

from fivered.chassis import api, text
from fivered.chassis.api import Schema
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.shapes import Shape, told_of
from fivered.gateway.bodies import NOTHING, fitting
from fivered.gateway.doors import Door

_DAY = re.compile(text.DAY)
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
# How people and programs write yes and no in an address.
_YES_OR_NO = {
    **dict.fromkeys(("true", "1", "yes", "on", "y", "t"), True),
    **dict.fromkeys(("false", "0", "no", "off", "n", "f"), False),
}


def read_places(door: Door, request: Request) -> JsonObject:
    """Return the path's places.

    Raises:
        Flawed: One is not as the door describes it.
    """
    given = {name: request.path_params[name] for name in door.places}
    return _addressed(door.path_params or NOTHING, given)


def read_params(shape: Shape | None, request: Request) -> JsonObject:
    """Return the query parameters; one that is given twice is a list.

    Raises:
        Flawed: One is unknown or wrong.
    """
    if shape is None and not request.scope["query_string"]:
        return {}
    asked = shape or NOTHING
    given: JsonObject = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if takes_many(asked.members.get(name, {})):
            # Both ways of writing a list are in use: ids=a&ids=b and ids=a,b.
            given[name] = [part for value in values for part in value.split(",") if part]
        else:
            given[name] = values[0] if len(values) == 1 else list(values)
    return _addressed(asked, given)


def _addressed(shape: Shape, given: JsonObject) -> JsonObject:
    """Return what stands in an address as the members that the shape asks for.

    Raises:
        Flawed: Something does not fit.
    """

    def read(written: JsonObject) -> JsonObject:
        known = shape.members
        return {name: from_text(one, known.get(name, {})) for name, one in written.items()}

    return fitting(shape, given, read)


def takes_many(schema: Schema) -> bool:
    """Tell whether a member is a list."""
    return told_of(schema, {}).get("type") == "array"


def from_text(written: Json, schema: Schema) -> Json:
    """Return what a text of an address says where a member of the schema is asked for; a text that
    does not say such a thing stays as it is, and does not fit."""
    schema = told_of(schema, {})
    if isinstance(written, list):
        inner = api.inner(schema.get("items")) if schema.get("type") == "array" else {}
        return [from_text(one, inner) for one in written]
    if not isinstance(written, str):
        return written
    kind = schema.get("type")
    if schema.get("format") == "date-time" and _DAY.fullmatch(written):
        return f"{written}T00:00:00"  # who asks since a day means its beginning
    if kind == "boolean":
        return _YES_OR_NO.get(written.lower(), written)
    numbers = any(isinstance(one, int) for one in schema.get("enum", ()))
    if (kind == "integer" or numbers) and _WHOLE.fullmatch(written):
        return int(written)
    if kind == "number" and _NUMBER.fullmatch(written):
        return float(written)
    return written
