"""What a release has promised, and what of it another one keeps. Pure.

A schema is read as its members by path (`items[].id`): what each may be, and whether it is always
there. A reader of what is published is served where it finds all that it found before; a caller is
served where all that it sent before is still taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict, cast

from chassis.api import Schema, Schemas, name_in
from chassis.facts import WORDS

# The smallest value of these is the tightest; of their counterparts the largest is.
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
EXACT = ("pattern", "format", "multipleOf")

_NEXT = "say a new version beside it (.v2)"


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


def published_breaks(before: Members, now: Members) -> Iterator[str]:
    """Yield what a reader of what was published trips over now: what, where, what to do."""
    for at, had in before.items():
        has = now.get(at)
        if has is None:
            yield f"{_named(at)} was released and is gone: go on saying it, or {_NEXT}"
            continue
        more = set(has["kinds"]) - set(had.get("kinds", has["kinds"]))
        if more:
            yield (
                f"{_named(at)} has another type ({' or '.join(sorted(more))}, which was "
                f"{' or '.join(had['kinds'])}): {_NEXT}"
            )
        if had.get("required") and not has.get("required"):
            yield f"{_named(at)} was always there and may be left out: say it always, or {_NEXT}"
        for word in sorted(set(had.get("words", ())) - set(has.get("words", had.get("words", ())))):
            yield f"{_named(at)} says {word} no more: go on listing it, or {_NEXT}"
        if had.get("words") and "words" not in has:
            yield f"{_named(at)} listed its words and does not: list them"
        was, holds = had.get("limits", {}), has.get("limits", {})
        for name, value in was.items():
            if holds.get(name) != value:
                yield (
                    f"{_named(at)}: {name} was {value} and is {holds.get(name, 'none')}: "
                    f"leave it, or {_NEXT}"
                )
    for at, has in now.items():
        if has.get("required") and at not in before and _holder(at) in before:
            yield (
                f"{_named(at)} is required now, and events of the release before lack it: "
                "a new member must be optional (give it a default)"
            )
        elif has.get("required") and at in before and not before[at].get("required"):
            yield f"{_named(at)} is required now and was not: a member stays optional"


def taken_breaks(before: Members, now: Members) -> Iterator[str]:
    """Yield what a caller who sends what was taken trips over now: what, where, what to do."""
    for at, had in before.items():
        has = now.get(at)
        if has is None:
            yield f"takes no {_named(at)} any more: go on taking it"
            continue
        gone = set(had.get("kinds", ())) - set(has["kinds"])
        if gone and not ("integer" in gone and "number" in has["kinds"]):
            yield (
                f"{_named(at)} takes no {' or '.join(sorted(gone))} any more: "
                "take both, or open a door beside this one"
            )
        if "words" in has:
            lost = set(had.get("words", ())) - set(has["words"])
            yield from (
                f"{_named(at)} takes the word {word} no more: go on taking it"
                for word in sorted(lost)
            )
            if "kinds" in had and "words" not in had and "string" in had["kinds"]:
                yield f"{_named(at)} took any text and takes listed words only: go on taking it"
        if "limits" in had or "kinds" in had:
            for why in _tighter(had.get("limits", {}), has.get("limits", {})):
                yield f"{_named(at)}: {why}: leave it as wide as it was"
    for at, has in now.items():
        if not has.get("required") or before.get(at, {}).get("required"):
            continue
        if at in before or _holder(at) in before:
            yield f"{_named(at)} is required now: callers do not send it: give it a default"


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
