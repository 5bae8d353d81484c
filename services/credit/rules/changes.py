"""What differs between two rule sets, rule by rule and field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

# What says when and by whom a set was made is no change of the rules.
_HEADER: Final = ("rules", "author", "publisher", "legal_review")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs between two documents that have been loaded.

    Returns:
        `header`, `added`, `removed` and `changed`; a changed rule lists its fields by their path
        with the value before and after (None: not there).
    """
    old = {rule["code"]: rule for rule in before["rules"]}
    new = {rule["code"]: rule for rule in after["rules"]}
    names = [name for name in (*before, *after) if name not in _HEADER]
    header = {name: (before.get(name), after.get(name)) for name in dict.fromkeys(names)}
    changed = []
    for code, rule in new.items():
        fields = list(_fields(old[code], rule)) if code in old else []
        if fields:
            changed.append({"code": code, "name": rule["name_zh"], "fields": fields})
    return {
        "header": [
            {"field": name, "before": one, "after": other}
            for name, (one, other) in header.items()
            if one != other
        ],
        "added": [_named(rule) for code, rule in new.items() if code not in old],
        "removed": [_named(rule) for code, rule in old.items() if code not in new],
        "changed": changed,
    }


def _named(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": rule["code"], "name": rule["name_zh"], "kind": rule["kind"]}


def _fields(before: Any, after: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield the innermost members that differ; lists are compared place by place."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else str(name)
            yield from _fields(before.get(name), after.get(name), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _fields(one, other, f"{path}[{place}]")
    elif before != after:
        yield {"field": path, "before": before, "after": after}
