"""Describes the doors as one OpenAPI 3.1 document."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import NotRequired, TypedDict, cast

import msgspec

from fivered.chassis import LICENCE, OPERATOR, api
from fivered.chassis.api import Leaving, Schema, Schemas
from fivered.chassis.idempotency import KEEP_DAYS
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import ANY_ROLE, SELF
from fivered.chassis.refusal import PreconditionRequired, Problem
from fivered.chassis.shapes import Shape
from fivered.gateway import exports, oauth, webhooks
from fivered.gateway.context import Context
from fivered.gateway.doors import ANY_FILE, Door
from fivered.gateway.errors import MEDIA_TYPE, TITLES, ProblemDocument, document_of
from fivered.gateway.links import Link, Links

_SCHEMAS = "#/components/schemas/"
_PROBLEM = f"{_SCHEMAS}Problem"
GATEWAY_TAG = "gateway"

# What of OpenAPI 3.1 is written here.
Ref = TypedDict("Ref", {"$ref": str})


class Header(TypedDict):
    """A header of an answer."""

    description: str
    schema: Schema


class Media(TypedDict, total=False):
    """A body of one media type."""

    schema: Schema
    example: object


Parameter = TypedDict(
    "Parameter",
    {"$ref": str, "name": str, "in": str, "required": bool, "description": str, "schema": Schema,
     "example": object},
    total=False,
)  # fmt: skip
Answer = TypedDict(
    "Answer",
    {
        "$ref": str,
        "description": str,
        "headers": dict[str, Ref],
        "content": dict[str, Media],
        "links": dict[str, Ref],
    },
    total=False,
)


class Taken(TypedDict):
    """What an operation takes."""

    required: bool
    content: dict[str, Media]


Operation = TypedDict(
    "Operation",
    {"operationId": str, "tags": list[str], "summary": str, "description": str,
     "parameters": list[Parameter], "security": list[dict[str, list[str]]], "x-roles": list[str],
     "responses": dict[str, Answer], "requestBody": NotRequired[Taken],
     "deprecated": NotRequired[bool]},
)  # fmt: skip


class Components(TypedDict):
    """What operations refer to."""

    schemas: Schemas
    parameters: dict[str, Parameter]
    headers: dict[str, Header]
    responses: dict[str, Answer]
    links: dict[str, Link]
    securitySchemes: dict[str, dict[str, str]]


class OpenApi(TypedDict):
    """An OpenAPI document."""

    openapi: str
    jsonSchemaDialect: str
    info: dict[str, str | bool | dict[str, str]]
    servers: list[dict[str, str]]
    tags: list[dict[str, str]]
    paths: dict[str, dict[str, Operation]]
    webhooks: NotRequired[JsonObject]
    components: Components


# Status -> what it means here, and the code of its example.
_MEANINGS: dict[int, tuple[str, str]] = {
    400: ("请求无法读取 / The request cannot be read", "KEY_REQUIRED"),
    401: ("没有令牌、令牌无效或过期 / No token, or one that is not good", "TOKEN_REQUIRED"),
    403: ("角色或区域无权 / The role may not do this, or not here", "ROLE_DENIED"),
    404: ("未找到 / There is no such thing", "NOT_FOUND"),
    409: ("状态不允许,或同键请求正在处理 / Wrong state, or in flight", "STATE_CONFLICT"),
    410: ("已过保存期限 / It was kept for a time, and is gone", "GONE"),
    412: ("版本已变化 / The version has changed", "VERSION_CONFLICT"),
    422: ("内容有误或条件不满足 / Invalid, or a guard is not met", "GUARD_FAILED"),
    428: ("缺少 If-Match / If-Match is missing", "PRECONDITION_REQUIRED"),
    429: ("请求过多 / Too many requests", "TOO_MANY_REQUESTS"),
    503: ("服务不可用或结果未知 / Not available, or outcome unknown", "SERVICE_UNAVAILABLE"),
}

# A raw body OpenAPI 3.1 tells by a media type without a schema; a form holds it as a part.
_FORM_OF_A_FILE: Media = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    }
}

_HEADERS: dict[str, Header] = {
    "ETag": {
        "description": "版本,供 If-Match、If-None-Match;gzip 的以 -gzip 结尾,If-Match 两者都收 / "
        "for If-Match, If-None-Match; that of gzip ends in -gzip, and If-Match takes both",
        "schema": {"type": "string"},
    },
    "IdempotencyReplayed": {
        "description": "此键已用过,本次未执行 / the key was used before; nothing was done",
        "schema": {"const": "true"},
    },
    "Location": {"description": "新资源地址 / where it can be read", "schema": {"type": "string"}},
    "Link": {"description": '下一页 / rel="next"', "schema": {"type": "string"}},
    "RetryAfter": {"description": "秒 / seconds", "schema": {"type": "integer"}},
    "RateLimitPolicy": {
        "description": "w 秒内可请求 q 次 / q requests within w seconds, of whom is named",
        "schema": {"type": "string", "examples": ['"person";q=2000;w=7']},
    },
    "RateLimit": {
        "description": "还可请求 r 次,t 秒后增加 / r requests are left, and more in t seconds",
        "schema": {"type": "string", "examples": ['"person";r=1999;t=1']},
    },
    "Deprecation": {
        "description": "自何时起不再推荐 / since when it is on its way out (RFC 9745)",
        "schema": {"type": "string"},
    },
    "Sunset": {
        "description": "何时起可能停用 / from when on it may be gone (RFC 8594)",
        "schema": {"type": "string"},
    },
}


def _header_refs(*names: str) -> dict[str, Ref]:
    return {name: {"$ref": f"#/components/headers/{name.replace('-', '')}"} for name in names}


# Every answer tells them that is counted.
_LIMITS = _header_refs("RateLimit-Policy", "RateLimit")


def _header(
    name: str, about: str, example: str, *, required: bool, schema: Schema | None = None
) -> Parameter:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": about,
        "schema": {"type": "string", **(schema or {})},
        "example": example,
    }


_PARAMETERS: dict[str, Parameter] = {
    "IdempotencyKey": _header(
        "Idempotency-Key",
        f"每个命令一个新键;重试时用同一键,保证只生效一次;保留 {KEEP_DAYS} 天 / "
        f"a new key per command, the same key for a repetition; it is kept for {KEEP_DAYS} days",
        "01945c3e-7d1a-7c55-9d3f-0d6f1a2b3c4d",
        required=True,
        schema={"minLength": 1, "maxLength": 200},
    ),
    "IfMatch": _header("If-Match", "所见版本号 / the version that was seen", '"3"', required=True),
    "IfMatchWhereItExists": _header(
        "If-Match",
        "所见版本号,已存在时必填 / the version that was seen, where it exists already",
        '"3"',
        required=False,
    ),
    "ActingRole": _header(
        "X-Acting-Role",
        "拥有多个角色时必填 / required when several roles are granted",
        "R_CADRE;scope=370811015901",
        required=False,
        schema={"pattern": r"^R_[A-Z_]+(;\s*scope=[0-9]{6,15})?$"},
    ),
    "LastEventId": _header(
        "Last-Event-ID",
        "所见最后一个事件的 id,优先于 after / the `id` of the last event that was seen; goes "
        "before `after`",
        "MTIzNDU2Nzh7InN0ZXdhcmQiOjE3MzY5MDI4MDAwMDAwMDB9",
        required=False,
    ),
    "AcceptLanguage": _header(
        "Accept-Language", "zh(默认)或 en / zh (default) or en", "zh", required=False
    ),
}

_ABOUT = """* 命令必须带 `Idempotency-Key`;改变已有事物时带 `If-Match`。
  Commands carry `Idempotency-Key`; what changes something that exists carries `If-Match`.
* 时间为 ISO 8601;不带时区时按北京时间。 Times are ISO 8601; without a zone they are local (+08:00).
* 列表按 `cursor` 翻页,`Link: rel="next"` 给出下一页。 Lists are read by `cursor`.
* 错误一律为 `application/problem+json`,中英文都有。 Failures are problem+json in both languages.
"""


def _mechanisms(tags: Mapping[str, str]) -> str:
    """Return the first lines of the description: what this installation has."""
    named = [tag.partition(" / ") for name, tag in tags.items() if name != GATEWAY_TAG]
    if not named:
        return ""
    zh, en = "、".join(one[0] for one in named), ", ".join(one[2] or one[0] for one in named)
    return f"本系统的机制:{zh}。\nIn this installation: {en}.\n\n"


class Document:
    """The OpenAPI document of one gateway; made when it is first asked for.

    Args:
        title: Name of the interface.
        version: Version of the gateway.
        doors: Every door, the gateway's own ones (without a service) included.
        demo: Whether this is a demonstration.
        contact: Who answers for it: an address of the web, or of mail, or a name.
    """

    def __init__(
        self, *, title: str, version: str, doors: Sequence[Door], demo: bool, contact: str = ""
    ) -> None:
        self._title = title
        self._version = version
        self._doors = doors
        self._demo = demo
        self._contact = contact
        self._built: OpenApi | None = None
        self._lock = threading.Lock()

    def build(self) -> OpenApi:
        """Return the document."""
        with self._lock:
            if self._built is None:
                self._built = self._build()
            return self._built

    def _build(self) -> OpenApi:
        components = _Components(self._doors)
        named = list(zip(self._doors, _names(self._doors), strict=True))
        between = Links(named)
        links: dict[str, Link] = {}
        paths: dict[str, dict[str, Operation]] = {}
        for door, name in named:
            operation = _operation(door, name, components)
            given: dict[str, Ref] = {}
            for one in between.of(door):
                links[one.name] = one.link
                given[one.link["operationId"]] = {"$ref": f"#/components/links/{one.name}"}
            if given:
                operation["responses"][str(door.status)]["links"] = given
            paths.setdefault(door.full_path, {})[door.verb.lower()] = operation
        tags: dict[str, str] = {}
        for door in self._doors:
            tags.setdefault(door.service or GATEWAY_TAG, door.tag)
        document: OpenApi = {
            "openapi": "3.1.0",
            "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
            "info": {
                "title": self._title,
                "version": self._version,
                "summary": "社区治理“五红”系统接口 / Interface of the Five Red system",
                "description": _mechanisms(tags) + _ABOUT,
                "license": {"name": "Apache License 2.0", "identifier": LICENCE["identifier"]},
                "contact": _contact(self._contact),
                **({"x-demonstration": True} if self._demo else {}),
            },
            "servers": [{"url": "/"}],
            "tags": [{"name": name, "description": tag} for name, tag in tags.items()],
            "paths": paths,
            "components": {
                "schemas": {**components.schemas, **_problems()},
                "parameters": _PARAMETERS,
                "headers": _HEADERS,
                "links": links,
                "responses": {
                    **{f"Problem{status}": _response(status) for status in _MEANINGS},
                    "Problem": {
                        "description": "其他失败 / any other failure"
                        " (405, 408, 413, 415, 500, 507)",
                        "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}},
                    },
                },
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "JWT",
                        "description": "fivered token --person … --grant R_CADRE:370811015901",
                    },
                    "client": {
                        "type": "http",
                        "scheme": "basic",
                        "description": "系统账号的 client_id 与密钥(RFC 6749 2.3.1)/ client_id and "
                        "secret of a service account",
                    },
                },
            },
        }
        if any(door.method == webhooks.REGISTERS for door in self._doors):
            document["webhooks"] = webhooks.told()
            document["components"]["schemas"][webhooks.EVENT] = webhooks.event()
        _drop_unused(document)
        return document


def _names(doors: Sequence[Door]) -> Iterator[str]:
    """Yield the name of each door's operation; one that stands already gets a number."""
    met: dict[str, int] = {}
    for door in doors:
        name = f"{door.service or GATEWAY_TAG}_{door.method.lstrip('_')}"
        met[name] = met.get(name, 0) + 1
        yield name if met[name] == 1 else f"{name}_{met[name]}"


_REF = re.compile(rb'"#/components/(schemas|responses|headers|parameters)/([^"]+)"')


def _drop_unused(document: OpenApi) -> None:
    """Drop the components to which nothing refers: a generator would make types of them."""
    components = cast("dict[str, dict[str, object]]", document["components"])
    used: set[tuple[str, str]] = set()
    left: list[object] = [document["paths"], document.get("webhooks", {})]
    while left:
        for kind, name in _REF.findall(msgspec.json.encode(left.pop())):
            one = (kind.decode(), name.decode())
            if one not in used:
                used.add(one)
                left.append(components[one[0]][one[1]])
    for kind in ("schemas", "responses", "headers", "parameters"):
        components[kind] = {
            name: one for name, one in components[kind].items() if (kind, name) in used
        }


def _contact(said: str) -> dict[str, str]:
    """Return the contact that an installation names, in OpenAPI's members."""
    if said.startswith("https://"):
        return {"name": OPERATOR, "url": said}
    if "@" in said:
        return {"name": OPERATOR, "email": said.removeprefix("mailto:")}
    return {"name": said or OPERATOR}


def _problems() -> Schemas:
    """Return the schemas of failures, and of what is in them."""
    _refs, found = msgspec.json.schema_components(
        [ProblemDocument, oauth.OAuthProblem], ref_template=_SCHEMAS + "{name}"
    )
    schemas = cast("Schemas", found)
    return {**schemas, "Problem": {**schemas.pop("ProblemDocument"), "title": "Problem"}}


def _response(status: int) -> Answer:
    meaning, code = _MEANINGS[status]
    zh, en = TITLES[status]
    refused: Problem = {
        "code": code,
        "status": status,
        "guard": None,
        "field": "",
        "message_zh": zh,
        "message_en": en,
        "params": {},
    }
    example = document_of(Context("zh", "4bf92f3577b34da6a3ce929d0e0e4736", ""), "/v1/…", refused)
    found: Answer = {
        "description": meaning,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}, "example": example}},
    }
    if status in {429, 503}:
        found["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    if status == 429:
        found["headers"] |= _LIMITS
    return found


class _Components:
    """The schemas of all doors, each at one name; two services may have different ones of a name.

    Attributes:
        schemas: By the name in the document.
    """

    def __init__(self, doors: Sequence[Door]) -> None:
        # Of each name: what it means (its schema and all in it), and whose it was where it was met.
        meant: dict[str, dict[bytes, str]] = {}
        self._names: dict[tuple[bytes, str], str] = {}
        # By the schema, which the doors hold: most are met in many of them.
        self._meanings: dict[int, bytes] = {}
        parts: dict[int, Shape] = {}
        for door in doors:
            for part in (part for shape in _shapes(door) for part in _parts(shape)):
                parts.setdefault(id(part.schema), part)
                meant.setdefault(part.name, {}).setdefault(self._meaning(part), door.service)
        for name, variants in meant.items():
            taken: set[str] = set()
            for meaning, service in variants.items():
                chosen = name if len(variants) == 1 else f"{service.capitalize()}{name}"
                while chosen in taken:
                    chosen += "_"
                taken.add(chosen)
                self._names[meaning, name] = chosen
        self.schemas: Schemas = {}
        for part in parts.values():
            name = self._names[self._meaning(part), part.name]
            # Generators name their types by the title: two of one title would be one type.
            self.schemas[name] = {**self._written(part.schema, part), "title": name}

    def ref(self, shape: Shape) -> Schema:
        """Return a shape as it stands in the document: a reference where it has a name."""
        if not shape.name:
            return self._written(shape.schema, shape)
        return {"$ref": _SCHEMAS + self._names[self._meaning(shape), shape.name]}

    def members(self, shape: Shape | None) -> Schemas:
        """Return the members of a shape as they stand in the document."""
        if shape is None:
            return {}
        return {name: self._written(one, shape) for name, one in shape.members.items()}

    def _meaning(self, shape: Shape) -> bytes:
        if (known := self._meanings.get(id(shape.schema))) is None:
            known = msgspec.json.encode([shape.schema, dict(sorted(shape.parts.items()))])
            self._meanings[id(shape.schema)] = known
        return known

    def _written(self, schema: Schema, of: Shape) -> Schema:
        def written(value: object) -> object:
            if isinstance(value, list):
                return [written(one) for one in value]
            if not isinstance(value, dict):
                return value
            if isinstance(value.get("$ref"), str):
                return {**value, **self.ref(Shape.at(cast("Schema", value), of.schemas))}
            return {name: written(one) for name, one in _plainer(value).items()}

        return cast("Schema", written(schema))


def _plainer(schema: Mapping[str, object]) -> Mapping[str, object]:
    """Return a schema in the form that generators of code read best: a closed set has a type and no
    null in it, a list says that anything may be in it, and null is no default: a member that may
    be left out is left out."""
    if "default" in schema and schema["default"] is None:
        schema = {name: one for name, one in schema.items() if name != "default"}
    known = schema.get("enum")
    if isinstance(known, list) and "type" not in schema:
        words = [one for one in known if one is not None]
        kind = "integer" if any(isinstance(one, int) for one in words) else "string"
        closed = {"enum": words, "type": kind}
        if words == known:
            return {**schema, **closed}
        rest = {name: one for name, one in schema.items() if name != "enum"}
        return {"anyOf": [closed, {"type": "null"}], **rest}
    if schema.get("type") == "array" and "items" not in schema:
        return {**schema, "items": {}}
    return schema


def _shapes(door: Door) -> list[Shape]:
    return [
        one for one in (door.body, door.params, door.path_params, door.reply) if one is not None
    ]


def _parts(shape: Shape) -> list[Shape]:
    """Return what of a shape has a name: itself, and those to which it refers."""
    inner = [Shape(name, one, shape.schemas) for name, one in shape.parts.items()]
    return [shape, *inner] if shape.name else inner


# What is said of doors that ask for no role of their own.
_ADMITTED: dict[tuple[str, ...], str] = {
    (ANY_ROLE,): "任何已登录角色 / any role",
    (SELF,): "任何已登录人员,不论角色 / whoever is signed in, in any role or none",
}


def _operation(door: Door, name: str, components: _Components) -> Operation:
    asked = door.body or door.params
    written = asked.schema.get("description", "") if asked is not None else ""
    about = door.description or (written if written != door.summary else "")
    roles = _ADMITTED.get(door.roles, ", ".join(door.roles))
    said = f"角色 / roles: {'公开 / public' if door.public else roles}"
    operation: Operation = {
        "operationId": name,
        "tags": [door.service or GATEWAY_TAG],
        "summary": door.summary,
        "description": f"{about}\n\n{said}".strip(),
        "parameters": _parameters(door, components),
        "security": _security(door),
        "x-roles": list(door.roles),
        "responses": _responses(door, components),
    }
    if door.leaving is not None:
        operation["deprecated"] = True
        operation["description"] = f"{_farewell(door.leaving)}\n\n{operation['description']}"
    if door.body is not None:
        ref = components.ref(door.body)
        example = example_of(ref, components.schemas)
        operation["requestBody"] = {
            "required": True,
            "content": {
                oauth.FORM if door.oauth else "application/json": {
                    "schema": ref, "example": example,
                }
            },
        }  # fmt: skip
    elif door.content:
        operation["requestBody"] = {
            "required": True,
            "content": {
                kind: _FORM_OF_A_FILE if "multipart" in kind else {} for kind in door.content
            },
        }
    return operation


def _security(door: Door) -> list[dict[str, list[str]]]:
    if door.oauth:
        return [{}, {"client": []}]
    return [{}, {"bearer": []}] if door.public else [{"bearer": []}]


def _farewell(leaving: Leaving) -> str:
    said = f"将于 {leaving.until} 停用 / may be gone from {leaving.until} on"
    return f"{said};请改用 / use instead: `{leaving.instead}`" if leaving.instead else said


# What goes on while it is read: it has no version, and no next page.
_STREAMED = "text/event-stream"
# What a parameter says beside its schema.
_BESIDE = ("title", "description")


def _parameters(door: Door, components: _Components) -> list[Parameter]:
    found: list[Parameter] = []
    for name, schema in components.members(door.path_params).items():
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    for name, schema in components.members(door.params).items():
        required = door.params is not None and name in door.params.required
        parameter: Parameter = {
            "name": name,
            "in": "query",
            "required": required,
            "schema": cast("Schema", {k: v for k, v in schema.items() if k not in _BESIDE}),
        }
        if "description" in schema:
            parameter["description"] = schema["description"]
        if required:
            parameter["example"] = example_of(schema, components.schemas, name=name)
        found.append(parameter)
    if exports.columns_of(door):
        found.append(
            {
                "name": exports.FORMAT,
                "in": "query",
                "required": False,
                "schema": exports.PARAMETER,
                "description": exports.ABOUT,
            }
        )
    shared = ["ActingRole", "AcceptLanguage"]
    if door.kind == "command" and not door.oauth:
        shared.insert(0, "IdempotencyKey")
    if door.produces == _STREAMED:
        shared.insert(0, "LastEventId")
    if door.if_match:
        shared.insert(1, "IfMatch")
    elif any(one.code == PreconditionRequired.code for one in door.refusals):
        shared.insert(1, "IfMatchWhereItExists")
    found.extend({"$ref": f"#/components/parameters/{name}"} for name in shared)
    return found


def _responses(door: Door, components: _Components) -> dict[str, Answer]:
    streamed = door.produces == _STREAMED
    headers: dict[str, Ref] = {}
    if not streamed:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if door.status in {201, 202}:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    if door.kind == "command":
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/IdempotencyReplayed"}
    elif not streamed:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    headers |= _LIMITS
    if door.leaving is not None:
        headers |= _header_refs("Deprecation", "Sunset")
    meanings = {200: "成功 / done", 201: "已创建 / created", 202: "已受理 / accepted, goes on"}
    found: dict[str, Answer] = {
        str(door.status): {
            "description": meanings[door.status],
            "headers": headers,
            "content": _forms(door, components),
        }
    }
    if door.oauth:
        said = {str(status): _refused_by_oauth(_MEANINGS[status][0]) for status in oauth.STATUSES}
        return found | said | {"default": _refused_by_oauth("其他失败 / any other failure")}
    # A public door, too, refuses a token that is not good, and a role that it does not bear.
    statuses = {400, 401, 403, 404, 422, 429, 503} | {one.status for one in door.refusals}
    if door.kind == "command":
        statuses |= {409}
    if door.if_match:
        statuses |= {412, 428}
    for status in sorted(statuses):
        found[str(status)] = _refused(door, status)
    found["default"] = {"$ref": "#/components/responses/Problem"}
    return found


def _forms(door: Door, components: _Components) -> dict[str, Media]:
    """Return the good answer of a door in each media type in which it comes."""
    if door.produces:
        return {"*/*" if door.produces == ANY_FILE else door.produces: {}}
    found: dict[str, Media] = {"application/json": {"schema": components.ref(door.reply)}}
    found |= {kind: {} for kind in door.or_produces}
    if exports.columns_of(door):
        found |= {kind: {} for kind in exports.FORMS.values()}
    return found


def _refused_by_oauth(meaning: str) -> Answer:
    """Return a refusal of a door of OAuth 2.0."""
    schema: Schema = {"$ref": f"{_SCHEMAS}{oauth.OAuthProblem.__name__}"}
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}


def _refused(door: Door, status: int) -> Answer:
    """Return a status that refuses, with the reasons that the door's service names."""
    own = sorted({f"* `{one.code}`: {one.text}" for one in door.refusals if one.status == status})
    if not own:
        return {"$ref": f"#/components/responses/Problem{status}"}
    said = _response(status)
    return {**said, "description": "\n".join([said["description"], "", *own])}


def example_of(schema: Schema, schemas: Schemas, *, name: str = "", depth: int = 0) -> object:
    """Return an example that fits a schema: the written ones first, then the least that does.

    Args:
        schema: What the example must fit.
        schemas: The component schemas.
        name: The member's name; codes of areas and months are known by it.
        depth: How deep inside of the first schema this one stands.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    for fixed in (schema.get("const"), schema.get("default"), *schema.get("enum", ())):
        if fixed is not None:
            return fixed
    if "$ref" in schema and depth < 8:
        return example_of(api.resolved(schema, schemas), schemas, name=name, depth=depth + 1)
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return example_of(choice, schemas, name=name, depth=depth + 1)
    return _of_type(schema, schemas, name, depth)


def _of_type(schema: Schema, schemas: Schemas, name: str, depth: int) -> object:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        required = schema.get("required", [])
        return {
            member: example_of(inner, schemas, name=member, depth=depth + 1)
            for member, inner in schema.get("properties", {}).items()
            if member in required or inner.get("examples")
        }
    if kind == "array":
        if not schema.get("minItems") and depth > 3:
            return []
        # The items of `grids` are known as `grid`.
        items = api.inner(schema.get("items"))
        return [example_of(items, schemas, name=name[:-1], depth=depth + 1)]
    if kind == "integer":
        return max(1, int(schema.get("minimum", schema.get("exclusiveMinimum", 0))))
    if kind == "string":
        return _of_text(schema, name)
    return {"number": 1.0, "boolean": True}.get(kind or "")


_KNOWN = (
    "370811015901001", "370811015901", "2025-01", "370811", "a" * 64, "13800000000", "12800000000",
)  # fmt: skip


def _of_text(schema: Schema, name: str) -> str:
    formats = {"date-time": "2025-01-15T09:00:00+08:00", "date": "2025-01-15", "time": "09:00:00"}
    if schema.get("format") in formats:
        return formats[str(schema["format"])]
    if "pattern" in schema:
        for text in (*_KNOWN, f"{name.removesuffix('_id')[:3]}_1"):
            if re.search(schema["pattern"], text):
                return text
    return "示例文本".ljust(schema.get("minLength", 0), "本")[: schema.get("maxLength", 1000)]
