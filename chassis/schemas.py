"""JSON Schemas of types, as contracts state them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec

from fivered.chassis.api import Schema, Schemas
from fivered.chassis.requests import is_line


def schema_of(kind: type) -> Schema:
    """Return the JSON Schema (2020-12) of a type, its own definition at the top."""
    whole = cast("Schema", msgspec.json.schema(kind, schema_hook=_line))
    name = whole.pop("$ref", "").rpartition("/")[2]
    if not name:
        return whole
    definitions = whole.pop("$defs")
    top = definitions.pop(name)
    if definitions:
        top["$defs"] = definitions
    return top


def _anything(kind: type) -> dict[str, str]:
    """Return the schema of what a reply leaves open: `object`."""
    if kind is not object:
        raise NotImplementedError(kind)  # msgspec asks for it of what a hook does not know
    # An empty schema would be taken for none.
    return {"description": "内容不限 / anything"}


def _line(kind: type) -> dict[str, object]:
    """Return the schema of a line of a batch."""
    if not is_line(kind):
        raise NotImplementedError(kind)  # as above
    return {**schema_of(kind.of)}


def schemas_of(kinds: Sequence[type]) -> tuple[tuple[Schema, ...], Schemas]:
    """Return what refers to each type's schema, and the schemas by name (`#/schemas/<name>`)."""
    lines: list[type] = []

    def shown(kind: type) -> dict[str, object]:
        if not is_line(kind):
            return {**_anything(kind)}
        lines.append(kind.of)
        return {"$ref": f"#/schemas/{kind.of.__name__}", "x-alone": True}

    made = msgspec.json.schema_components(kinds, ref_template="#/schemas/{name}", schema_hook=shown)
    refs, schemas = cast("tuple[tuple[Schema, ...], Schemas]", made)
    if lines:
        schemas |= schemas_of(lines)[1]
    return refs, {name: described(schema) for name, schema in sorted(schemas.items())}


def described(schema: Schema) -> Schema:
    """Return a schema whose description ends where the docstring's sections begin."""
    about = schema.get("description", "")
    kept = re.split(r"\s*^\s*Attributes:$", about, maxsplit=1, flags=re.MULTILINE)[0]
    return {**schema, "description": kept} if about else schema
