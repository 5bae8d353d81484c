"""What of an OpenAPI document its callers rely on, small enough to be kept and compared.

python -m tests.contracts.openapi FILE    writes the reduced document of this checkout
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Document = Mapping[str, Any]
LIMITS = (
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "format",
)  # fmt: skip
# The smallest value of these is the tightest; of their counterparts the largest is.
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems")


def reduced(document: Document) -> dict[str, Any]:
    """Return "VERB path" -> {status, roles, takes, gives}; `takes` has limits of each member."""
    return {
        f"{verb.upper()} {path}": _operation(document, said)
        for path, verbs in sorted(document["paths"].items())
        if path.startswith("/v1/")
        for verb, said in sorted(verbs.items())
    }


def _operation(document: Document, said: Document) -> dict[str, Any]:
    takes: dict[str, Any] = {}
    for given in said.get("parameters", ()):
        parameter = _resolved(document, given)
        if parameter["in"] in {"query", "path"}:
            at = f"{parameter['in']} {parameter['name']}"
            takes |= dict(_members(document, parameter["schema"], at))
            takes[at]["required"] = parameter["required"]
    sent = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    takes |= dict(_members(document, sent.get("schema", {}), "body"))
    status = min(said["responses"])
    gives: list[str] = []
    for content in said["responses"][status].get("content", {}).values():
        schema = content.get("schema", {})
        gives += [at for at, one in _members(document, schema, "") if one.get("required")]
    roles = sorted(said["x-roles"])
    return {"status": status, "roles": roles, "takes": takes, "gives": sorted(set(gives))}


def _resolved(document: Document, schema: Document) -> dict[str, Any]:
    found = dict(schema)
    while "$ref" in found:
        inner: Any = document
        for part in found.pop("$ref")[2:].split("/"):
            inner = inner[part]
        found = {**inner, **found}
    return found


def _members(
    document: Document, schema: Document, at: str, inside: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    if schema.get("$ref") in inside:
        return
    inside = (*inside, schema.get("$ref", ""))
    found = _resolved(document, schema)
    parts = [one for one in found.get("anyOf", ()) if one.get("type") != "null"]
    if len(parts) == 1:
        yield from _members(document, {**parts[0], **_without(found)}, at, inside)
        return
    limits = {name: found[name] for name in LIMITS if name in found}
    if "enum" in found or "const" in found:
        limits["enum"] = sorted(map(str, found.get("enum", [found.get("const")])))
    yield at, limits
    for name, one in found.get("properties", {}).items():
        below = dict(_members(document, one, f"{at}.{name}".strip("."), inside))
        mine = below[f"{at}.{name}".strip(".")]
        if name in found.get("required", ()):
            mine["required"] = True
        yield from below.items()
    if isinstance(found.get("items"), dict):
        yield from _members(document, found["items"], f"{at}[]", inside)


def _without(schema: Document) -> dict[str, Any]:
    return {name: one for name, one in schema.items() if name not in {"anyOf", "description"}}


def broken(before: Document, now: Document) -> Iterator[str]:
    """Yield what a caller of the old interface would trip over in the new one, and what limits were
    lost."""
    for door, old in before.items():
        new = now.get(door)
        if new is None:
            yield f"{door} is gone"
            continue
        if old["status"] != new["status"]:
            yield f"{door} answers {new['status']}, not {old['status']}"
        if not {"*", "PUBLIC"} & set(new["roles"]):
            lost = set(old["roles"]) - set(new["roles"])
            yield from (f"{door} is closed to {one}" for one in sorted(lost))
        yield from (f"{door} gives no {one}" for one in old["gives"] if one not in new["gives"])
        for at, had in old["takes"].items():
            has = new["takes"].get(at)
            if has is None:
                yield f"{door} takes no {at}"
                continue
            yield from (f"{door} {at}: {why}" for why in _looser(had, has))
        for at, has in new["takes"].items():
            if has.get("required") and not old["takes"].get(at, {}).get("required"):
                holder = at.rpartition(".")[0]
                if holder in old["takes"] or at.startswith(("query", "path")):
                    yield f"{door} {at} is required now"


def _looser(had: Document, has: Document) -> Iterator[str]:
    if "enum" in has and "enum" not in had:
        return  # a closed set is tighter than any limit
    for name in UPPER:
        if name in had and has.get(name, float("inf")) > had[name]:
            yield f"{name} was {had[name]} and is {has.get(name)}"
    for name in LOWER:
        if name in had and has.get(name, float("-inf")) < had[name]:
            yield f"{name} was {had[name]} and is {has.get(name)}"
    if "pattern" in had and not {"pattern", "enum", "format"} & set(has):
        yield "its form was said and is not"
    if "format" in had and not {"format", "pattern"} & set(has):
        yield f"it was a {had['format']} and is any text"
    if "enum" in had:
        gone = set(had["enum"]) - set(has.get("enum", had["enum"]))
        yield from (f"{word} is taken no more" for word in sorted(gone))


def main() -> None:
    """Write the reduced document of this checkout."""
    from fivered.chassis.settings import Secret
    from fivered.gateway.app import create, routed
    from fivered.gateway.settings import GatewaySettings

    settings = GatewaySettings(token_key=Secret("k" * 40), demo_clock=True)
    app = create(None, settings=settings, services=routed())  # type: ignore[arg-type]
    text = json.dumps(reduced(app.state.document.build()), ensure_ascii=False, sort_keys=True)
    Path(sys.argv[1]).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
