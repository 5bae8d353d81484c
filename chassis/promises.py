"""What a release has promised, and what of it another one keeps. Pure.

A schema is read as its members by path (`items[].id`): what each may be, and whether it is always
there. A reader of what is published is served where it finds all that it found before; a caller is
served where all that it sent before is still taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypedDict, cast

from fivered.chassis.api import Schema, Schemas, name_in
from fivered.chassis.facts import WORDS

# The smallest value of these is the tightest; of their counterparts the largest is.
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
EXACT = ("pattern", "format", "multipleOf")

_NEXT = "say a new version beside it (.v2)"


class Break(NamedTuple):
    """What somebody trips over who relied on what was released, and what to do instead."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


class Member(TypedDict, total=False):
    """A member of a schema. What is not known of an old release is left out.

    Attributes:
        kinds: JSON types that it may have.
        required: Whether it is always there.
        words: What it may say, where words are listed.
        limits: Bounds and forms by their names in JSON Schema.
    """

    kinds: list[str]
    required: bool
    words: list[str]
    limits: dict[str, object]


Members = dict[str, Member]


def members_of(schema: Schema, schemas: Schemas | None = None) -> Members:
    """Return the members of a schema by their paths; "" is the whole.

    Args:
        schema: The schema; references lead to its own `$defs`, or into `schemas`.
        schemas: Schemas by name.
    """
    found: Members = {}
    _read(schema, {**(schemas or {}), **schema.get("$defs", {})}, "", found, ())
    return found


def _read(
    schema: Schema, schemas: Schemas, at: str, found: Members, inside: tuple[str, ...]
) -> None:
    if "$ref" in schema:
        name = name_in(schema)
        if name in inside:
            return
        inside = (*inside, name)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = cast("Schema", {**schemas[name], **beside})
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    known = found.setdefault(at, {"kinds": []})
    for branch in branches:
        _read(branch, schemas, at, found, inside)
    if "type" in schema:
        known["kinds"] = sorted({*known["kinds"], schema["type"]})
    listed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    open_list = cast("Mapping[str, list[str]]", schema).get(WORDS, listed)
    if open_list is not None:
        known["words"] = sorted({*known.get("words", ()), *(str(one) for one in open_list)})
        if not known["kinds"]:
            kinds = {"integer" if isinstance(one, int) else "string" for one in open_list}
            known["kinds"] = sorted(kinds)
    said = cast("Mapping[str, object]", schema)
    limits = {name: said[name] for name in (*UPPER, *LOWER, *EXACT) if name in said}
    if limits:
        known["limits"] = {**known.get("limits", {}), **limits}
    for name, one in schema.get("properties", {}).items():
        below = f"{at}.{name}" if at else name
        _read(one, schemas, below, found, inside)
        if name in schema.get("required", ()):
            found[below]["required"] = True
    for place, inner in (("[]", schema.get("items")), ("{}", schema.get("additionalProperties"))):
        if isinstance(inner, dict):
            _read(inner, schemas, f"{at}{place}", found, inside)


def _named(at: str) -> str:
    return f"field {at!r}" if at else "the whole"


def published_breaks(before: Members, now: Members) -> Iterator[Break]:
    """Yield what a reader of what was published trips over now."""
    for at, had in before.items():
        has = now.get(at)
        if has is None:
            yield Break(f"{_named(at)} was released and is gone", f"go on saying it, or {_NEXT}")
            continue
        more = set(has["kinds"]) - set(had.get("kinds", has["kinds"]))
        if more:
            yield Break(
                f"{_named(at)} has another type ({_or(more)}, and was {_or(had['kinds'])})", _NEXT
            )
        if had.get("required") and not has.get("required"):
            yield Break(
                f"{_named(at)} was always there and may be left out", f"say it always, or {_NEXT}"
            )
        if had.get("words") and "words" not in has:
            yield Break(f"{_named(at)} listed its words and does not", "list them")
        for word in sorted(set(had.get("words", ())) - set(has.get("words", had.get("words", ())))):
            yield Break(f"{_named(at)} says {word} no more", f"go on listing it, or {_NEXT}")
        holds = has.get("limits", {})
        for name, value in had.get("limits", {}).items():
            if holds.get(name) != value:
                yield Break(
                    f"{_named(at)}: {name} was {value} and is {holds.get(name, 'none')}",
                    f"leave it, or {_NEXT}",
                )
    for at, has in now.items():
        if not has.get("required"):
            continue
        if at in before and not before[at].get("required"):
            yield Break(f"{_named(at)} is required now and was not", "a field stays optional")
        elif at not in before and _holder(at) in before:
            yield Break(
                f"{_named(at)} is required now, and what was said before lacks it",
                "a new field is optional: give it a default",
            )


def answered_breaks(before: Members, now: Members) -> Iterator[Break]:
    """Yield what a reader of a door's answers trips over now. Answers are made anew each time, so
    that a new field may always be there, and an optional one from now on."""
    for one in published_breaks(before, now):
        if "is required now" not in one.what:
            yield one


def taken_breaks(before: Members, now: Members) -> Iterator[Break]:
    """Yield what a caller who sends what was taken trips over now."""
    for at, had in before.items():
        has = now.get(at)
        if has is None:
            yield Break(f"{_named(at)} is taken no more", "go on taking it")
            continue
        gone = set(had.get("kinds", ())) - set(has["kinds"])
        if gone and not (gone == {"integer"} and "number" in has["kinds"]):
            yield Break(
                f"{_named(at)} takes no {_or(gone)} any more",
                "take both, or open a door beside this one",
            )
        if "words" in has:
            for word in sorted(set(had.get("words", ())) - set(has["words"])):
                yield Break(f"{_named(at)} takes the word {word} no more", "go on taking it")
            if "words" not in had and "string" in had.get("kinds", ()):
                yield Break(f"{_named(at)} took any text and takes listed words only", "take any")
        if "kinds" in had:
            for why in _tighter(had.get("limits", {}), has.get("limits", {})):
                yield Break(f"{_named(at)}: {why}", "leave it as wide as it was")
    for at, has in now.items():
        if not has.get("required") or before.get(at, {}).get("required"):
            continue
        if at in before or _holder(at) in before:
            yield Break(
                f"{_named(at)} is required now, and callers of before do not send it",
                "give it a default",
            )


def gains(before: Members, now: Members) -> Iterator[str]:
    """Yield what is new and breaks nothing: "中文 / English"."""
    for at, has in now.items():
        if at not in before:
            if at and not at.endswith(("[]", "{}")):
                yield f"新增成员 `{at}` / gained `{at}`"
            continue
        new = sorted(set(has.get("words", ())) - set(before[at].get("words", ())))
        if new and "words" in before[at]:
            listed = ", ".join(new)
            yield f"`{at}` 新增词 {listed} / `{at}` gained the words {listed}"
        elif new and before[at].get("kinds"):
            yield f"`{at}` 列出用词 / `{at}` lists its words"
        if before[at].get("required") and not has.get("required"):
            yield f"`{at}` 可以不填 / `{at}` may be left out"


def _or(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))


def _holder(at: str) -> str:
    return at.rpartition(".")[0]


def _tighter(was: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for name, value in now.items():
        old = was.get(name)
        if old == value:
            continue
        if name in UPPER and isinstance(old, int | float) and old < cast("float", value):
            continue
        if name in LOWER and isinstance(old, int | float) and old > cast("float", value):
            continue
        yield f"{name} was {'none' if old is None else old} and is {value}"
