"""The body of a command on its way to its service: read here as JSON, and there by its types.

Here it is bounded, its texts are tidied and its times get a zone. What its members must be is the
service's to say. When the service refuses one, the whole body is compared with the door's contract,
so that the caller is told everything at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, cast

import msgspec
from pydantic import TypeAdapter, ValidationError

from chassis import text
from chassis.calendar import with_zone
from chassis.json_values import Json, JsonObject
from chassis.refusal import Invalid

if TYPE_CHECKING:
    from chassis.api import Schema, Schemas
    from chassis.rpc import CallRefused

# Where a member stands, from the outside in ("*" for each of a list or mapping), and its format.
Moment = tuple[tuple[str, ...], str]

Place = tuple[str | int, ...]

_TIMES = TypeAdapter(datetime)
_DEEPEST = 8


class Unfit(ValueError):
    """Something is to be named, or read more closely, before a body travels."""


def moments_of(schema: Schema, schemas: Schemas) -> tuple[Moment, ...]:
    """Return where days and times stand in a request."""
    return tuple(_moments(schema, schemas, ()))


def _moments(schema: Schema, schemas: Schemas, at: tuple[str, ...]) -> Iterator[Moment]:
    if len(at) > _DEEPEST:
        return
    if "$ref" in schema:
        yield from _moments(schemas[schema["$ref"].rpartition("/")[2]], schemas, at)
    for one in schema.get("anyOf", ()):
        yield from _moments(one, schemas, at)
    if schema.get("format") in {"date-time", "date"}:
        yield at, schema["format"]
    for inner in (schema.get("items", False), schema.get("additionalProperties", False)):
        if not isinstance(inner, bool):
            yield from _moments(inner, schemas, (*at, "*"))
    for name, one in schema.get("properties", {}).items():
        yield from _moments(one, schemas, (*at, name))


def travelling(content: bytes, moments: tuple[Moment, ...]) -> JsonObject:
    """Return a body as it travels to its service.

    Raises:
        Unfit: It is no JSON object, or holds a text or a time that the gateway has to name.
    """
    try:
        given = msgspec.json.decode(content or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unfit from None
    if not isinstance(given, dict):
        raise Unfit
    if any(flawed(given)):
        raise Unfit
    body = cast("Json", text.tidied(given))
    for at, form in moments:
        body = _placed(body, at, form)
    return cast("JsonObject", body)


def flawed(given: object) -> Iterator[tuple[Place, str, dict[str, str]]]:
    """Yield (place, kind, what fills its sentence) of each text that nobody can read as it was
    meant; `errors` has the sentences by kind."""
    for at, value in text.texts(given):
        if (found := text.unreadable(value)) is not None:
            yield at, "unreadable_character", {"character": f"U+{ord(found):04X}"}
        if text.PROSE.isdisjoint(at) and (position := text.broken(value)) is not None:
            yield at, "line_break", {"position": str(position)}


def _placed(value: Json, at: tuple[str, ...], form: str) -> Json:
    """Return a value in which a day or time, where it stands, is as it travels."""
    if not at:
        return _moment(value, form) if isinstance(value, str) else value
    head, *rest = at
    if head == "*" and isinstance(value, list):
        return [_placed(one, tuple(rest), form) for one in value]
    if head == "*" and isinstance(value, dict):
        return {name: _placed(one, tuple(rest), form) for name, one in value.items()}
    if isinstance(value, dict) and head in value:
        return {**value, head: _placed(value[head], tuple(rest), form)}
    return value


def _moment(written: str, form: str) -> str:
    """Return a day as it stands, a time with its zone; one without is local, as people write it.

    Raises:
        Unfit: There is none such, or no deadline can be counted from it.
    """
    if form == "date":
        if not text.is_day(written):
            raise Unfit
        return written
    try:
        found = _TIMES.validate_strings(written, strict=True)
    except ValidationError:
        raise Unfit from None
    if not text.in_reach(found):
        raise Unfit
    zoned: str = msgspec.to_builtins(with_zone(found))
    return zoned


def says_wrong(refused: CallRefused) -> bool:
    """Tell whether a service says that a member is wrong, and has not named all that are."""
    said = refused.payload
    return said.get("code") == Invalid.code and "errors" not in said and not said.get("guard")
