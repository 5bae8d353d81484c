"""The reference: every call of the installed services on one page, made of the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

from fivered.chassis import api
from fivered.chassis.api import Schema, Schemas
from fivered.gateway.markup import both, escaped, filled, page
from fivered.gateway.openapi import (
    GATEWAY_TAG,
    Answer,
    Components,
    Media,
    OpenApi,
    Operation,
    Parameter,
)

_QUOTED = re.compile(r"`([^`<>]{1,80})`")


def reference(document: OpenApi, installed: Collection[str], *, demo: bool) -> bytes:
    """Return the reference page of an OpenAPI document."""
    components = document["components"]
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    titles = {tag["name"]: tag["description"] for tag in document["tags"]}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            entry = _operation(path, verb.upper(), operation, components)
            groups[operation["tags"][0]].append(entry)
    # The gateway's own answers are plumbing; the mechanisms come first.
    order = [name for name in groups if name != GATEWAY_TAG] + [GATEWAY_TAG]
    shown = [
        (escaped(name), both(titles[name]), groups[name]) for name in order if groups.get(name)
    ]
    sections = "".join(
        f'<section id="{name}" aria-labelledby="t-{name}"><h2 id="t-{name}">{title}</h2>'
        f"{''.join(calls)}</section>"
        for name, title, calls in shown
    )
    links = "".join(
        f'<li><a href="#{name}">{title} <span class="count">{len(calls)}</span></a></li>'
        for name, title, calls in shown
    )
    body = filled(
        "docs",
        links=links,
        version=escaped(document["info"]["version"]),
        roles=_role_options(document),
        sections=sections,
    )
    return page("接口文档 · 五红社区治理", body, demo=demo, installed=installed, script=True)


def _role_options(document: OpenApi) -> str:
    roles = {
        role
        for verbs in document["paths"].values()
        for operation in verbs.values()
        for role in operation["x-roles"]
        if role.startswith("R_")
    }
    return "".join(f'<option value="{escaped(role)}"></option>' for role in sorted(roles))


def _operation(path: str, verb: str, operation: Operation, components: Components) -> str:
    name = operation["operationId"]
    about, _, _roles = operation["description"].rpartition("\n\n")
    headers = [p["$ref"].rpartition("/")[2] for p in operation["parameters"] if "$ref" in p]
    chips = [_chip(role) for role in operation["x-roles"]]
    if "IfMatch" in headers:
        chips.append('<span class="chip need">If-Match</span>')
    parts = [f'<div class="about">{_paragraphs(about)}</div>' if about else ""]
    parts.append(_parameters(operation["parameters"]))
    if "requestBody" in operation:
        parts.append(_body(operation["requestBody"]["content"], components["schemas"]))
    parts.append(_answers(operation["responses"], components))
    return (
        f'<details class="op" id="{escaped(name)}" data-verb="{verb}" data-path="{escaped(path)}">'
        f'<summary><span class="verb {verb.lower()}">{verb}</span> <code>{escaped(path)}</code>'
        f' <span class="said">{both(operation["summary"])}</span></summary>'
        f'<p class="chips">{"".join(chips)}</p>{"".join(parts)}'
        '<div class="try"></div></details>'
    )


def _body(contents: Mapping[str, Media], schemas: Schemas) -> str:
    """Return what a body is: its members and an example, or the type of a file."""
    content = contents.get("application/json")
    if content is None:
        kinds = ", ".join(f"<code>{escaped(kind)}</code>" for kind in contents)
        return f"<h4>{both('请求正文 / Body')}</h4><p>{kinds}</p>"
    example = msgspec.json.format(msgspec.json.encode(content["example"]), indent=2)
    return (
        _fields("请求正文 / Body", content["schema"], schemas)
        + f"<h4>{both('示例 / Example')}</h4>"
        + f'<pre tabindex="0"><code>{escaped(example.decode())}</code></pre>'
    )


def _chip(role: str) -> str:
    names = {"*": "任何已登录角色 / any role", "PUBLIC": "公开 / public"}
    return f'<span class="chip">{both(names.get(role, role))}</span>'


def _paragraphs(text: str) -> str:
    said = "".join(f"<p>{both(' '.join(part.split()))}</p>" for part in text.split("\n\n"))
    return _QUOTED.sub(r"<code>\1</code>", said)


def _parameters(parameters: Iterable[Parameter]) -> str:
    rows = []
    for parameter in parameters:
        if "$ref" in parameter:
            continue
        where = {"path": "路径", "query": "查询"}[parameter["in"]]
        rows.append(
            _row(
                parameter["name"],
                f"{where} · {type_of(parameter['schema'])}",
                parameter.get("description") or parameter["schema"].get("description", ""),
                required=parameter["required"],
            )
        )
    return _listing("参数 / Parameters", rows)


def _fields(title: str, schema: Schema, schemas: Schemas) -> str:
    return _listing(title, list(_rows(schema, schemas, "", 0)))


def _rows(schema: Schema, schemas: Schemas, prefix: str, depth: int) -> Iterable[str]:
    found = api.resolved(schema, schemas)
    required = found.get("required", [])
    for name, member in found.get("properties", {}).items():
        about = member.get("description", "")
        inner, many = _inner(member, schemas)
        kind = type_of(member)
        yield _row(f"{prefix}{name}", kind, about, required=name in required)
        if inner is not None and depth < 2:
            yield from _rows(inner, schemas, f"{prefix}{name}{'[]' if many else ''}.", depth + 1)


def _inner(schema: Schema, schemas: Schemas) -> tuple[Schema | None, bool]:
    """Return (object schema inside of a member, whether it is a list of them)."""
    for choice in (schema, *schema.get("anyOf", ())):
        if choice.get("type") == "array":
            inner, _many = _inner(api.inner(choice.get("items")), schemas)
            return inner, True
        found = api.resolved(choice, schemas)
        if "properties" in found:
            return found, False
    return None, False


_LIMITS = {
    "pattern": "", "minimum": "≥ ", "maximum": "≤ ", "minLength": "长 ≥ ", "maxLength": "长 ≤ ",
}  # fmt: skip


def type_of(schema: Schema) -> str:
    """Return a schema's type in a few words."""
    if "$ref" in schema:
        return api.name_in(schema)
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(type_of(choice) for choice in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"[{type_of(api.inner(schema.get('items')))}]"
    said = [str(schema.get("format", kind))]
    given = dict(schema)
    return " ".join(
        [*said, *(f"{word}{given[key]}" for key, word in _LIMITS.items() if key in given)]
    )


def _row(name: str, kind: str, about: str, *, required: bool) -> str:
    need = '<abbr title="必填 required" class="need">*</abbr>' if required else ""
    return (
        f"<tr><td><code>{escaped(name)}</code>{need}</td>"
        f'<td class="kind">{escaped(kind)}</td><td>{both(about)}</td></tr>'
    )


def _listing(title: str, rows: list[str]) -> str:
    if not rows:
        return ""
    return (
        f'<h4>{both(title)}</h4><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escaped(title)}"><table><thead><tr>'
        '<th scope="col">名称</th><th scope="col">类型</th><th scope="col">说明</th>'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _answers(responses: Mapping[str, Answer], components: Components) -> str:
    lines = []
    listing = ""
    for status, answer in responses.items():
        if "$ref" in answer:
            said = components["responses"][answer["$ref"].rpartition("/")[2]]["description"]
        else:
            said = answer["description"]
            # A feed, a certificate or a file has no fields to list.
            told = answer.get("content", {}).get("application/json")
            if told is not None:
                listing = _fields("答复 / Reply", told["schema"], components["schemas"])
        meaning, _, reasons = said.partition("\n\n")
        lines.append(f"<li><code>{escaped(status)}</code> {both(meaning)}{_reasons(reasons)}</li>")
    return (
        f"{listing}<h4>状态码 <span class='en' lang='en'>Status</span></h4>"
        f'<ul class="statuses">{"".join(lines)}</ul>'
    )


def _reasons(listed: str) -> str:
    """Return the refusals of a status, one "* `CODE`: 中文 / English" each, as a list."""
    found = []
    for line in listed.splitlines():
        code, _, sentence = line.removeprefix("* `").partition("`: ")
        found.append(f"<li><code>{escaped(code)}</code> {both(sentence)}</li>")
    return f"<ul>{''.join(found)}</ul>" if found else ""
