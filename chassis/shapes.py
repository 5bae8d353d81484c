"""What a door takes and answers: JSON Schema as contracts state it, and what of a value does not
fit it. All of it is found at once, and said in both languages.

A service's types stop at the first fault of a body; what they refuse is compared with its shape.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple, cast

from msgspec import Struct

from fivered.chassis import api, text
from fivered.chassis.api import Schema, Schemas
from fivered.chassis.forms import form_of
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.marks import Place
from fivered.chassis.refusal import Choices, Flawed, Invalid, Sentence, sentences
from fivered.chassis.schemas import schemas_of

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError


class Moment(NamedTuple):
    """Where days and times stand ("*" for each of a list or mapping), and their format.

    Attributes:
        alone: It stands in a line of a batch, which the service judges by itself.
    """

    place: tuple[str, ...]
    form: str
    alone: bool = False


_DEEPEST = 8
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?")
_DAY = re.compile(text.DAY)
# So many of the members that are wrong are named.
_MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at one place; each kind has its sentence, and `context` fills it."""

    place: Place
    kind: str
    context: Mapping[str, object] = field(default_factory=dict)


class Shape:
    """What travels one way through a door.

    Args:
        name: The schema's name; empty where it has none.
        schema: The schema itself; references are `#/schemas/<name>`.
        schemas: Those to which it may refer.
        words: The package that says what its codes are called; empty where that is who answers.

    Attributes:
        members: The schemas of its members by name, in order.
        required: The names of those that must be there.
    """

    def __init__(self, name: str, schema: Schema, schemas: Schemas, words: str = "") -> None:
        self.name = name
        self.words = words
        self.schema = schema
        self.schemas = schemas
        self.members: Schemas = schema.get("properties", {})
        self.required = frozenset(schema.get("required", ()))

    @classmethod
    @functools.cache
    def of(cls, kind: type[Struct]) -> Shape:
        """Return the shape of a type; it is made once."""
        (ref,), schemas = schemas_of([kind])
        return cls.at(ref, schemas)

    @classmethod
    def at(cls, schema: Schema, schemas: Schemas, words: str = "") -> Shape:
        """Return the shape of a schema or of the one to which it refers."""
        name = api.name_in(schema) if "$ref" in schema else ""
        return cls(name, api.resolved(schema, schemas), schemas, words)

    def of_members(self, members: Schemas, name: str = "") -> Shape | None:
        """Return the shape of some of its members; None where there are none."""
        if not members:
            return None
        required = [one for one in members if one in self.required]
        left = cast("Schema", {**self.schema, "properties": members, "required": required})
        return Shape(name, left, self.schemas, self.words)

    @functools.cached_property
    def parts(self) -> Schemas:
        """The schemas to which it refers, directly or through others."""
        found: Schemas = {}
        waiting = list(_names_in(self.schema))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self.schemas[name]
                waiting += _names_in(found[name])
        return found

    @functools.cached_property
    def moments(self) -> tuple[Moment, ...]:
        """Where days and times stand in it."""
        return tuple(_moments(self.schema, self.schemas, ()))

    @functools.cached_property
    def alone(self) -> tuple[tuple[str, ...], ...]:
        """Where lines stand of which the service judges each by itself."""
        return tuple(_alone(self.schema, self.schemas, ()))

    @functools.cached_property
    def _validator(self) -> Draft202012Validator:
        # Loaded with the first value that is compared: most processes of a service see none.
        from jsonschema_rs import Draft202012Validator  # noqa: PLC0415

        whole = {**self.schema, "schemas": self.parts}
        return Draft202012Validator(whole, validate_formats=True, formats=_FORMATS)

    def flaws(self, value: object) -> list[Flaw]:
        """Return what of a value does not fit, in the order of the members."""
        broken = dict.fromkeys(_fractions(value, self.schema, self.schemas))
        try:
            if not broken and self._validator.is_valid(value):
                return []
            found = [one for error in self._validator.iter_errors(value) for one in _told(error)]
        except UnicodeEncodeError:
            return []  # half a character, which is told by itself
        found = [one for one in found if one.place not in broken]
        found += [Flaw(at, "integer") for at in broken]
        found = [one for one in found if not self._judged_alone(one.place)]
        found = [replace(one, kind=self._meant(one)) for one in found]
        order = {name: number for number, name in enumerate(self.members)}
        return sorted(
            _told_once(found),
            key=lambda one: order.get(str(one.place[0]), len(order)) if one.place else -1,
        )

    def unreadable(self, given: object) -> Iterator[Flaw]:
        """Yield each text that nobody can read as it was meant, but in lines that the service
        judges by itself."""
        return (one for one in unreadable_in(given) if not self._judged_alone(one.place))

    def _judged_alone(self, place: Place) -> bool:
        """Tell whether a place lies in a line that the service judges by itself."""
        if not self.alone:
            return False
        told = tuple("*" if isinstance(one, int) else one for one in place)
        return any(told[: len(line)] == line for line in self.alone)

    def refused(self, flaws: Sequence[Flaw]) -> Flawed:
        """Return the refusal that names flaws of what was sent; fifty at most."""
        return Flawed([_Wrong(one) for one in flaws[:_MOST_TOLD]], self.words)

    def unsaid(self, place: Place) -> Flaw:
        """Return the flaw at a place where the schema knows none: a time without its zone, or what
        the types alone refuse."""
        return Flaw(place, self._moment_at(place) or "other")

    def _meant(self, flaw: Flaw) -> str:
        """Return the kind of a flaw; where a day or time should stand, what is no text is none."""
        return self._moment_at(flaw.place) or flaw.kind if flaw.kind == "string" else flaw.kind

    def _moment_at(self, place: Place) -> str:
        """Return the flaw of what is no day or time where one should stand; "" elsewhere."""
        told = tuple("*" if isinstance(one, int) else one for one in place)
        form = {one.place: one.form for one in self.moments}.get(told, "")
        return {"date-time": "time", "date": "day"}.get(form, "")

    def filled(self, value: JsonObject) -> JsonObject:
        """Return an object with the defaults of the members that it leaves out; null is none."""
        given = cast("JsonObject", self._filled(value, self.schema))
        return {name: one for name, one in given.items() if one is not None or name in value}

    def _filled(self, value: Json, schema: Schema) -> Json:
        schema = api.resolved(schema, self.schemas)
        if isinstance(value, list):
            return [self._filled(one, api.inner(schema.get("items"))) for one in value]
        members = told_of(schema, self.schemas).get("properties")
        if not isinstance(value, dict) or members is None:
            return value
        return {
            name: self._filled(value[name], one)
            if name in value
            else cast("Json", one.get("default"))
            for name, one in members.items()
        } | {name: one for name, one in value.items() if name not in members}


def unreadable_in(given: object) -> Iterator[Flaw]:
    """Yield each text that nobody can read as it was meant."""
    for at, value in text.texts(given):
        if (found := text.unreadable(value)) is not None:
            yield Flaw(at, "unreadable", {"character": f"U+{ord(found):04X}"})
        if text.PROSE.isdisjoint(at) and (position := text.broken(value)) is not None:
            yield Flaw(at, "line break", {"position": position})


def _fractions(value: object, schema: Schema, schemas: Schemas, at: Place = ()) -> Iterator[Place]:
    """Yield the places of numbers written with a point or an exponent where a whole number is asked
    for: JSON Schema takes 5.0 for 5, and no service does."""
    schema = told_of(schema, schemas)
    if isinstance(value, float) and schema.get("type") == "integer":
        yield at
    elif isinstance(value, dict):
        rest = api.inner(schema.get("additionalProperties"))
        for name, one in value.items():
            inner = schema.get("properties", {}).get(name, rest)
            yield from _fractions(one, inner, schemas, (*at, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _fractions(one, api.inner(schema.get("items")), schemas, (*at, number))


def _names_in(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(ref := schema.get("$ref"), str):
            yield ref.rpartition("/")[2]
        for inner in schema.values():
            yield from _names_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _names_in(inner)


def told_of(schema: Schema, schemas: Schemas) -> Schema:
    """Return what a schema says of a value that is not null."""
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return api.resolved(one, schemas)
    return api.resolved(schema, schemas)


def _moments(schema: Schema, schemas: Schemas, at: tuple[str, ...]) -> Iterator[Moment]:
    if len(at) > _DEEPEST:
        return
    if "$ref" in schema:
        yield from _moments(api.resolved(schema, schemas), schemas, at)
    for one in schema.get("anyOf", ()):
        yield from _moments(one, schemas, at)
    if schema.get("format") in {"date-time", "date"}:
        yield Moment(at, schema["format"])
    for inner in (schema.get("items", False), schema.get("additionalProperties", False)):
        if not isinstance(inner, bool):
            alone = inner.get("x-alone", False)
            for found in _moments(inner, schemas, (*at, "*")):
                yield found._replace(alone=alone or found.alone)
    for name, one in schema.get("properties", {}).items():
        yield from _moments(one, schemas, (*at, name))


def _alone(schema: Schema, schemas: Schemas, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if schema.get("x-alone"):
        yield at
    elif len(at) <= _DEEPEST:
        schema = told_of(schema, schemas)
        if isinstance(items := schema.get("items"), dict):
            yield from _alone(items, schemas, (*at, "*"))
        for name, one in schema.get("properties", {}).items():
            yield from _alone(one, schemas, (*at, name))


# --------------------------------------------------------------------------------------------------
# What does not fit


def _told_once(flaws: Sequence[Flaw]) -> list[Flaw]:
    """Return the flaws without those that say nothing new: a day that stays text has a form beside
    its format, and of a list that is too long nobody needs to know what stands in it."""
    formless = {one.place for one in flaws if one.kind == "pattern"}
    long = {one.place for one in flaws if one.kind == "maxItems"}
    return [
        one
        for one in flaws
        if not (one.kind == "day" and one.place in formless)
        and not any(one.place[:end] in long for end in range(len(one.place)))
    ]


def _told(error: ValidationError) -> Iterator[Flaw]:
    """Yield the flaws that one error of the validator tells."""
    place, kind = tuple(error.instance_path), error.kind.name
    said = error.kind.as_dict()
    match kind:
        case "required":
            (name,) = said.values()
            yield Flaw((*place, name), "missing")
        case "additionalProperties":
            for name in said["unexpected"]:
                yield Flaw((*place, name), "unknown")
        case "type":
            yield Flaw(place, said["types"][0])
        case "anyOf":
            # Null, or the one thing that it may be otherwise.
            for branch in said["context"]:
                found = [one for inner in branch for one in _told(inner)]
                if found != [Flaw(place, "null")]:
                    yield from found
                    return
        case "enum":
            yield Flaw(place, kind, {"known": said["options"]})
        case "const":
            yield Flaw(place, "enum", {"known": [said["expected_value"]]})
        case "format":
            yield Flaw(place, _ill_timed(said["format"], str(error.instance)))
        case "pattern":
            yield Flaw(place, kind, {"pattern": said["pattern"]})
        case _:
            yield Flaw(place, kind, {"limit": said.get("limit", said.get("multiple_of"))})


def _ill_timed(form: str, written: str) -> str:
    """Return the flaw of a text that is no day or time, or none from which can be counted."""
    if form == "date-time":
        if _time(written) is not None:
            return "year"
        if _DAY.fullmatch(written):
            return "day as time"
        moment, _, zone = written.rpartition(" ")
        return "time" if _time(f"{moment}+{zone}") is None else "blank for plus"
    if form == "date":
        return "year" if _DAY.fullmatch(written) and _exists(written) else "day"
    return "clock"


def _exists(day: str) -> bool:
    try:
        datetime.fromisoformat(day)
    except ValueError:
        return False
    return True


def _time(written: str) -> datetime | None:
    if not _TIME.fullmatch(written):
        return None
    try:
        return datetime.fromisoformat(written.upper())
    except ValueError:
        return None


def time_in(written: str) -> datetime | None:
    """Return the time that a text says (ISO 8601, perhaps without a zone), where it is one from
    which deadlines can be counted."""
    found = _time(written)
    return found if found is not None and text.in_reach(found) else None


def _is_clock(written: str) -> bool:
    if not _CLOCK.fullmatch(written):
        return False
    try:
        time.fromisoformat(written)
    except ValueError:
        return False
    return True


_FORMATS = {
    "date-time": lambda written: time_in(written) is not None,
    "date": lambda written: _DAY.fullmatch(written) is not None and text.is_day(written),
    "time": _is_clock,
}


# --------------------------------------------------------------------------------------------------
# What does not fit, in both languages

# Kind of flaw -> its sentence, filled from the flaw's context.
_FLAWS = sentences(
    {
        "missing": "缺少此项 / is missing",
        "unknown": "未知字段 / is unknown",
        "string": "应为文本 / must be text",
        "integer": "应为整数 / must be a whole number",
        "number": "应为数字 / must be a number",
        "boolean": "应为 true 或 false / must be true or false",
        "array": "应为列表 / must be a list",
        "object": "应为对象 / must be an object",
        "null": "应为 null / must be null",
        "minLength": "至少 {limit} 个字符 / must have {limit} or more characters",
        "maxLength": "至多 {limit} 个字符 / must have at most {limit} characters",
        "pattern": "格式不符:应为 {pattern} / does not have the form: must be {pattern}",
        "minItems": "至少 {limit} 项 / must have {limit} or more items",
        "maxItems": "至多 {limit} 项 / must have at most {limit} items",
        "uniqueItems": "不能有重复的项 / must not have the same item twice",
        "twice": "{value} 重复 / {value} stands there twice",
        "exclusiveMinimum": "应大于 {limit} / must be greater than {limit}",
        "minimum": "应不小于 {limit} / must be at least {limit}",
        "exclusiveMaximum": "应小于 {limit} / must be less than {limit}",
        "maximum": "应不大于 {limit} / must be at most {limit}",
        "multipleOf": "应为 {limit} 的倍数 / must be a multiple of {limit}",
        "enum": "应为以下之一:{known} / must be one of {known}",
        "time": "应为日期时间(ISO 8601) / must be a date and time (ISO 8601)",
        "day as time": (
            "应为带时刻和时区的日期时间,如 2025-01-31T09:00:00+08:00"
            " / must be a time with hours and a zone, such as 2025-01-31T09:00:00+08:00"
        ),
        "blank for plus": (
            "应为日期时间(ISO 8601);时区前应是 + 而不是空格,网址中的 + 要写成 %2B"
            " / must be a date and time (ISO 8601): before the zone stands a blank, not a +; in an "
            "address a + is written %2B"
        ),
        "day": "应为日期(YYYY-MM-DD) / must be a date (YYYY-MM-DD)",
        "clock": "应为时间 / must be a time of day",
        "year": "年份应在 1900 至 2099 之间 / must have a year from 1900 to 2099",
        "out of range": "数值超出范围 / the number is out of range",
        "unreadable": (
            "含有不可见的控制字符 {character} / has the invisible control character {character}"
        ),
        "line break": (
            "应为一行文字,第 {position} 个字符处有换行或制表符"
            " / must be one line of text: character {position} is a line break or a tab"
        ),
    }
)
_OTHER = Sentence("内容不符合要求 / is not as required")


class _Wrong(Invalid):
    """What is wrong with one member."""

    def __init__(self, flaw: Flaw) -> None:
        self.text = _FLAWS.get(flaw.kind, _OTHER)  # type: ignore[misc]
        super().__init__(field=".".join(map(str, flaw.place)), **_values(flaw.context))


def _values(context: Mapping[str, object]) -> dict[str, object]:
    """Return what fills a sentence: of a choice the texts that may be sent, of a pattern its
    words."""
    values = dict(context)
    if isinstance(known := values.get("known"), list):
        values["known"] = Choices(*(str(one) for one in known if one is not None))
    if form := form_of(str(values.get("pattern", ""))):
        values["pattern"] = form
    return values
