"""What differs between two rule sets, rule by rule and field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from fivered.services.credit.rules.model import Document

# What says when and by whom a set was made is no change of the rules.
_HEADER: Final = ("rules", "author", "publisher", "legal_review")


class FieldChange(Struct, frozen=True):
    """A field by its path, with its value before and after; null where it was not there."""

    field: str
    before: object
    after: object


class NamedRule(Struct, frozen=True):
    """A rule that is only in one of the two."""

    code: str
    name: str
    kind: str


class RuleChange(Struct, frozen=True):
    """A rule that is in both, and differs."""

    code: str
    name: str
    fields: list[FieldChange]


class Changes(Struct, frozen=True):
    """What one rule set changes of another."""

    header: list[FieldChange]
    added: list[NamedRule]
    removed: list[NamedRule]
    changed: list[RuleChange]


def changes(before: Document, after: Document) -> Changes:
    """Return what differs between two documents that have been loaded."""
    old = {rule["code"]: rule for rule in before["rules"]}
    new = {rule["code"]: rule for rule in after["rules"]}
    names = [name for name in (*before, *after) if name not in _HEADER]
    header = {name: (before.get(name), after.get(name)) for name in dict.fromkeys(names)}
    changed = []
    for code, rule in new.items():
        fields = list(_fields(old[code], rule)) if code in old else []
        if fields:
            changed.append(RuleChange(code, rule["name_zh"], fields))
    return Changes(
        header=[
            FieldChange(name, one, other) for name, (one, other) in header.items() if one != other
        ],
        added=[_named(rule) for code, rule in new.items() if code not in old],
        removed=[_named(rule) for code, rule in old.items() if code not in new],
        changed=changed,
    )


def _named(rule: Document) -> NamedRule:
    return NamedRule(rule["code"], rule["name_zh"], rule["kind"])


def _fields(before: object, after: object, path: str = "") -> Iterator[FieldChange]:
    """Yield the innermost members that differ; lists are compared place by place."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else str(name)
            yield from _fields(before.get(name), after.get(name), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _fields(one, other, f"{path}[{place}]")
    elif before != after:
        yield FieldChange(path, before, after)
