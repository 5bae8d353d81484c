"""JSON Schemas of types, as contracts state them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec

from fivered.chassis.api import Schema, Schemas
from fivered.chassis.requests import is_line
from fivered.chassis.typed import decoded

_GENERIC = re.compile(r"([A-Za-z]+)_([A-Za-z]+)_")
_REF = re.compile(r'"\$ref":"#/schemas/([^"]*)"')


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
    refs, schemas = _renamed(refs, schemas)
    if lines:
        schemas |= schemas_of(lines)[1]
    return refs, {name: described(schema) for name, schema in sorted(schemas.items())}


def _renamed(refs: tuple[Schema, ...], schemas: Schemas) -> tuple[tuple[Schema, ...], Schemas]:
    """Name types without their modules: where others that are called alike differ, by the last
    part of it, so that `works.Cancel` is WorksCancel.

    Raises:
        TypeError: Two that differ would still be called alike.
    """
    alike: dict[str, list[str]] = {}
    for name in schemas:
        alike.setdefault(_bare(name), []).append(name)
    names: dict[str, str] = {}
    for kind, called in alike.items():
        one = all(schemas[name] == schemas[called[0]] for name in called)
        names |= {name: kind if one else _with_module(name) for name in called}
    renamed: Schemas = {}
    for name, schema in schemas.items():
        if renamed.setdefault(names[name], schema) != schema:
            raise TypeError(f"{name}: another type is called {names[name]} too")
    told = _REF.sub(
        # A line of a batch comes to the others later.
        lambda found: f'"$ref":"#/schemas/{names.get(found[1], found[1])}"',
        msgspec.json.encode([refs, renamed]).decode(),
    )
    return decoded(told, tuple[tuple[Schema, ...], Schemas])


def _with_module(name: str) -> str:
    module = name.rpartition(".")[0].rpartition(".")[2]
    return "".join(part.capitalize() for part in module.split("_")) + _bare(name)


def _bare(name: str) -> str:
    """Return the name of a type without its module; Page[Card], which msgspec calls Page_Card_, is
    CardPage."""
    return _GENERIC.sub(r"\2\1", name.rpartition(".")[2])


def described(schema: Schema) -> Schema:
    """Return a schema whose description ends where the docstring's sections begin."""
    about = schema.get("description", "")
    kept = re.split(r"\s*^\s*Attributes:$", about, maxsplit=1, flags=re.MULTILINE)[0]
    return {**schema, "description": kept} if about else schema
