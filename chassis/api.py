"""What a service says of its doors: the rows of `contracts/api.json`, which the gateway serves.

The service writes them (`contracts`), and the gateway reads them: of the installed package, and of
the release that runs.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Literal, TypedDict, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fivered.chassis.json_values import JsonObject
from fivered.chassis.typed import converted, decoded

# JSON Schema 2020-12, as far as contracts use it.
Schema = TypedDict(
    "Schema",
    {
        "$schema": str,
        "$ref": str,
        "$defs": dict[str, "Schema"],
        "title": str,
        "description": str,
        "examples": list[object],
        "default": object,
        "type": str,
        "format": str,
        "enum": list[str | int | None],
        "const": str | int | None,
        "anyOf": list["Schema"],
        "oneOf": list["Schema"],
        "items": "Schema | bool",
        "prefixItems": list["Schema"],
        "properties": dict[str, "Schema"],
        "required": list[str],
        "additionalProperties": "Schema | bool",
        "propertyNames": "Schema",
        "minLength": int,
        "maxLength": int,
        "pattern": str,
        "minimum": int | float,
        "maximum": int | float,
        "exclusiveMinimum": int | float,
        "exclusiveMaximum": int | float,
        "multipleOf": int | float,
        "minItems": int,
        "maxItems": int,
        "uniqueItems": bool,
        "minProperties": int,
        "maxProperties": int,
        "contentEncoding": str,
        "contentMediaType": str,
        "discriminator": dict[str, object],
        # A line of a batch: the service judges each by itself.
        "x-alone": bool,
        # It counts people (`few`).
        "x-hidden-below": int,
    },
    total=False,
)
Schemas = dict[str, Schema]


def inner(schema: Schema | bool | None) -> Schema:
    """Return the schema of a list's items or of an object's values; {} where any will do."""
    return schema if isinstance(schema, dict) else {}


def name_in(schema: Schema) -> str:
    """Return the name of the schema to which a schema refers."""
    return schema["$ref"].rpartition("/")[2]


def resolved(schema: Schema, schemas: Schemas) -> Schema:
    """Return a schema, or the one to which it refers."""
    return schemas[name_in(schema)] if "$ref" in schema else schema


class RefusalContract(Struct, omit_defaults=True):
    """A refusal that a door may answer; `text` is "中文 / English"."""

    status: int
    code: str
    guard: str = ""
    text: str = ""


class Leaving(Struct, omit_defaults=True, frozen=True):
    """A door that will be gone.

    Attributes:
        since: The day on which that was said.
        until: The day from which it may be gone.
        instead: What to call instead, as "GET /v1/…"; empty where nothing takes its place.
    """

    since: date
    until: date
    instead: str = ""

    def headers(self) -> dict[str, str]:
        """Return what an answer says of it (RFC 9745, RFC 8594)."""
        since, until = (datetime.combine(day, time(), UTC) for day in (self.since, self.until))
        said = {
            "Deprecation": f"@{int(since.timestamp())}",
            "Sunset": format_datetime(until, usegmt=True),
        }
        _, _, path = self.instead.partition(" ")
        if path and "{" not in path:
            said["Link"] = f'<{path}>; rel="successor-version"'
        return said


class DoorContract(Struct, omit_defaults=True, kw_only=True):
    """One door: a verb, a path, and what goes in and out.

    Attributes:
        path: Below `/v1/<service>`, with `{places}`.
        status: 200, 201 for a new thing, 202 for work that goes on.
        if_match: Whether the caller must say which version was seen.
        produces: Media type of the answer where that is no JSON.
        cost: What an answer takes, in ordinary answers; a caller's rate is counted in these.
        common: Whether it stands below `/v1` itself, at an address that names no service.
        deadline_s: Longest wait for the answer (s), where it is not the gateway's own.
        leaving: Since when and until when, where it will be gone.
        oauth: Whether it is asked by a form and refuses as OAuth 2.0 has it.
        summary: "中文 / English".
        request: The schema of what it takes: a reference into the contract's schemas.
        reply: The schema of what it answers.
        refusals: Names among the contract's refusals; a release before does not say them.
    """

    kind: Literal["command", "query"]
    verb: str
    path: str
    roles: list[str]
    status: int = 200
    if_match: bool = False
    produces: str = ""
    cost: int = 1
    common: bool = False
    deadline_s: float | None = None
    leaving: Leaving | None = None
    oauth: bool = False
    summary: str
    description: str = ""
    request: Schema
    reply: Schema
    refusals: list[str] | UnsetType = UNSET


class ApiContract(Struct, omit_defaults=True, kw_only=True):
    """The doors of one service.

    Attributes:
        title: Heading in the reference, "中文 / English".
        about: One sentence for the start page, "中文 / English".
        imports: The kinds of files that it takes.
        schemas: By name; references are `#/schemas/<name>`.
    """

    service: str
    version: str
    title: str
    about: str = ""
    imports: list[str]
    doors: dict[str, DoorContract]
    refusals: dict[str, RefusalContract] | UnsetType = UNSET
    schemas: Schemas


def written(contract: ApiContract) -> JsonObject:
    """Return a contract as it stands in its file and travels."""
    return cast("JsonObject", msgspec.to_builtins(contract))


def read(said: object) -> ApiContract:
    """Read a contract as it travels.

    Raises:
        ValueError: It is none.
    """
    if isinstance(said, ApiContract):
        return said
    try:
        return converted(said, ApiContract)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def read_file(content: bytes) -> ApiContract:
    """Read a contract file.

    Raises:
        ValueError: It is none.
    """
    try:
        return decoded(content, ApiContract)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
