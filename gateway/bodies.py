"""The body of a command on its way to its service: read here as JSON, and there by its types.

Here it is bounded, its texts are tidied and its times get a zone. What its members must be is the
service's to say; where the gateway has to name something, it compares the whole body with the
door's contract, so that the caller is told everything at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import cast

import msgspec

from fivered.chassis import text
from fivered.chassis.calendar import with_zone
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.marks import Place
from fivered.chassis.shapes import Flaw, Moment, Shape, time_in
from fivered.gateway.errors import BodyUnreadable

# What a command without a body may send: nothing, or an empty object.
NOTHING = Shape("", {"type": "object", "properties": {}, "additionalProperties": False}, {})


class Unfit(ValueError):
    """Something is to be named, or read more closely, before a body travels."""


def travelling(content: bytes, shape: Shape, moments: tuple[Moment, ...]) -> JsonObject:
    """Return a body as it travels to its service, which says whether it fits its shape.

    Raises:
        Unfit: It is no JSON object, or holds a text or a time that the gateway has to name.
    """
    try:
        given = msgspec.json.decode(content or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unfit from None
    if not isinstance(given, dict) or any(shape.unreadable(given)):
        raise Unfit
    return timed(cast("JsonObject", text.tidied(given)), moments)


def whole(shape: Shape, content: bytes) -> JsonObject:
    """Return a body that fits its shape as it travels, its defaults filled in.

    Raises:
        BodyUnreadable: It is no JSON, or no object.
        Flawed: A member is missing, unknown or wrong.
    """
    try:
        given = msgspec.json.decode(content or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = _with_numbers_out_of_range(content)
    if not isinstance(given, dict):
        raise BodyUnreadable
    return fitting(shape, given)


def fitting(
    shape: Shape, given: JsonObject, read: Callable[[JsonObject], JsonObject] = lambda one: one
) -> JsonObject:
    """Return what fits a shape as it travels: texts tidied, defaults filled in, times with a zone.

    A null that the caller wrote is sent; a null that stands for "not given" is not.

    Args:
        shape: What it has to fit.
        given: What was written.
        read: What makes of tidied texts what they say.

    Raises:
        Flawed: It does not fit.
    """
    tidied = read(cast("JsonObject", text.tidied(given)))
    flaws = [*shape.unreadable(given), *shape.flaws(tidied)]
    if flaws:
        raise shape.refused(flaws)
    return timed(shape.filled(tidied), shape.moments)


_WIDE = msgspec.json.Decoder(float_hook=float)


def _with_numbers_out_of_range(content: bytes) -> object:
    """Name the members whose number is too large for any field; other content is no JSON.

    Raises:
        BodyUnreadable: It is no JSON.
        Flawed: `1e400` and its like: valid JSON, and no number that can be kept.
    """
    try:
        given = _WIDE.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyUnreadable from None
    beyond = [Flaw(at, "out of range") for at in _infinite(given)]
    if not beyond:
        raise BodyUnreadable
    raise NOTHING.refused(beyond)


def _infinite(value: object, at: Place = ()) -> Iterator[Place]:
    """Yield the place of every number that is beyond what a number can be."""
    if isinstance(value, float) and not math.isfinite(value):
        yield at
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _infinite(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _infinite(inner, (*at, number))


def timed(body: JsonObject, moments: tuple[Moment, ...]) -> JsonObject:
    """Return an object in which days and times are as they travel.

    Raises:
        Unfit: One is none, or no deadline can be counted from it.
    """
    found: Json = body
    for moment in moments:
        found = _placed(found, moment.place, moment)
    return cast("JsonObject", found)


def _placed(value: Json, at: tuple[str, ...], moment: Moment) -> Json:
    """Return a value in which a day or time, where it stands, is as it travels."""
    if not at:
        return _told_time(value, moment) if isinstance(value, str) else value
    head, *rest = at
    if head == "*" and isinstance(value, list):
        return [_placed(one, tuple(rest), moment) for one in value]
    if head == "*" and isinstance(value, dict):
        return {name: _placed(one, tuple(rest), moment) for name, one in value.items()}
    if isinstance(value, dict) and head in value:
        return {**value, head: _placed(value[head], tuple(rest), moment)}
    return value


def _told_time(written: str, moment: Moment) -> str:
    try:
        return _moment(written, moment.form)
    except Unfit:
        if moment.alone:
            return written  # its service says so, of this line alone
        raise


def _moment(written: str, form: str) -> str:
    """Return a day as it stands, a time with its zone; one without is local, as people write it.

    Raises:
        Unfit: There is none such, or no deadline can be counted from it.
    """
    if form == "date":
        if not text.is_day(written):
            raise Unfit
        return written
    found = time_in(written)
    if found is None:
        raise Unfit
    zoned: str = msgspec.to_builtins(with_zone(found))
    return zoned
