"""Where the gateway and a service say different limits of the same field.

    python -m tests.contracts.limits [service ...]

Prints each door's fields whose limits differ, and how many those are. The service's own type should
say all of them: the gateway owns no rule.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chassis.bus import entries
from chassis.installed import service_class, service_names
from gateway.app import doors_of

LIMITS = (
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "format",
)  # fmt: skip

Schema = Mapping[str, Any]


def limits_of(schema: Schema) -> dict[str, dict[str, Any]]:
    """Return the limits of each field, by its place; "*" is a list's item, "{}" a member of any
    name."""
    found: dict[str, dict[str, Any]] = {}
    for at, limits in _walk(schema, schema.get("$defs", {}), "", ()):
        if at:
            found.setdefault(at, {}).update(limits)
    return found


def _walk(
    schema: Schema, defs: Schema, at: str, inside: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in inside:
            return
        inside = (*inside, name)
        schema = {**defs[name], **{key: one for key, one in schema.items() if key != "$ref"}}
    parts = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if parts:
        for one in parts:
            yield from _walk(one, defs, at, inside)
        return
    limits = {name: schema[name] for name in LIMITS if name in schema}
    words = [schema["const"]] if "const" in schema else schema.get("enum")
    if words is not None:
        limits["enum"] = sorted(str(word) for word in words if word is not None)
    yield at, limits
    for name, one in schema.get("properties", {}).items():
        yield from _walk(one, defs, f"{at}.{name}" if at else name, inside)
    for key, mark in (("items", "*"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), dict):
            yield from _walk(schema[key], defs, f"{at}.{mark}", inside)


def differences(name: str) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield (command or query, field, the gateway's limits, the service's) where both differ."""
    known = entries(service_class(name))
    for door in doors_of(name) or ():
        own = limits_of(msgspec.json.schema(known[door.method].body_type))
        said: dict[str, dict[str, Any]] = {}
        for model in (door.body, door.params, door.path_params):
            said |= limits_of(model.model_json_schema()) if model is not None else {}
        for at, limits in sorted(said.items()):
            if own.get(at) != limits:
                yield door.method, at, limits, own.get(at)


def main() -> None:
    """Print what differs."""
    count: Counter[str] = Counter()
    for name in sys.argv[1:] or service_names():
        for method, at, said, own in differences(name):
            count[name] += 1
            print(f"{name}.{method} {at}")
            print(f"    gateway {json.dumps(said, ensure_ascii=False)}")
            print(f"    service {json.dumps(own, ensure_ascii=False)}")
    print(dict(count) or "the gateway owns no limit")


if __name__ == "__main__":
    main()
