"""The pages: the start page, the reference, the public boards. HTML made here, nothing from afar.

Chinese comes first, English beside it. Every page works without its script; the reference's script
adds the forms with which a call can be tried.
"""

from __future__ import annotations

import asyncio
import functools
import gzip
import hashlib
import html
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from importlib import resources
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chassis.calendar import SHANGHAI
from chassis.rpc import CallFailed
from chassis.text import AREA, GRID, PERIOD
from gateway.dispatch import PLACE, Gate, read_params
from gateway.doors import Doors, Params
from gateway.errors import NoSuchPath, explain
from gateway.identity import ANONYMOUS
from gateway.kinds import FORMS, KINDS, LEVELS
from gateway.openapi import GATEWAY_TAG, Document

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_INSTANT = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_QUOTED = re.compile(r"`([^`<>]{1,80})`")
_FILES = {
    "fivered.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
# For the start page: (service, 中文, English, what it is, the same in English).
_MECHANISMS = (
    (
        "credit",
        "红色信用",
        "Red Credit",
        "自愿参与的信用积分：每月赋分、公示、异议与修复，只奖不罚个人。",
        "Voluntary credit: monthly scoring, public notice, objection and repair.",
    ),
    (
        "property",
        "红色物业",
        "Red Property",
        "社区与物业交叉任职、协议兑现、投诉与整改，成效公开。",
        "Cross-appointments, kept agreements, complaints and rectifications.",
    ),
    (
        "steward",
        "红色管家",
        "Red Steward",
        "网格里的管家接诉求、按时办、居民评；诉求全程留痕。",
        "Stewards of the grid take requests, keep deadlines, and are rated.",
    ),
    (
        "partner",
        "红色合伙人",
        "Red Partner",
        "商户与单位提供积分兑换的服务，预占、核销、结算清楚。",
        "Merchants and units offer services for points; held, verified, settled.",
    ),
    (
        "forum",
        "红色议站",
        "Red Station",
        "“135”议事：议题征集、邀约协商、表决、督办、销号。",
        "Deliberation: topics, invitations, votes, supervised tasks.",
    ),
)


def _e(text: Any) -> str:
    return html.escape(str(text), quote=True)


def _both(text: str) -> str:
    """Return "中文 / English" as HTML, the English marked as such."""
    zh, slash, en = text.partition(" / ")
    return f'{_e(zh)} <span class="en" lang="en">{_e(en)}</span>' if slash else _e(zh)


# --------------------------------------------------------------------------------------------------
# The frame of every page


def _page(title: str, body: str, *, demo: bool, script: bool = False) -> bytes:
    banner = (
        '<p class="demo" role="note"><strong>演示环境</strong>：虚构人员与数据，业务时钟可拨动。'
        ' <span lang="en">Demonstration: invented people and figures, the clock can be moved.'
        "</span></p>"
        if demo
        else ""
    )
    more = '<script src="/web/docs.js" defer></script>' if script else ""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_e(title)}</title>
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/web/fivered.css">
{more}
</head>
<body>
<a class="skip" href="#main">跳到正文 <span lang="en">Skip to content</span></a>
<header class="top">
<a class="brand" href="/"><span aria-hidden="true" class="mark"></span>五红社区治理</a>
<nav aria-label="主导航 / Main">
<a href="/">首页</a> <a href="/notices">公示</a> <a href="/board">联系牌</a>
<a href="/docs">接口文档</a>
</nav>
</header>
{banner}
{body}
</body>
</html>
""".encode()


def _html(content: bytes, status: int = 200) -> Response:
    return Response(
        content,
        status,
        {"Content-Security-Policy": _CSP, "Cache-Control": "no-cache"},
        "text/html; charset=utf-8",
    )


# --------------------------------------------------------------------------------------------------
# Start page


def _start(installed: Mapping[str, Doors], *, demo: bool) -> bytes:
    cards = []
    for name, zh, en, about_zh, about_en in _MECHANISMS:
        there = name in installed
        note = (
            f'<a href="/docs#{name}">接口 <span lang="en">interface</span></a>'
            if there
            else '<span class="absent">本系统未安装 <span lang="en">not installed</span></span>'
        )
        cards.append(
            f'<li class="card"><h2>{zh} <span class="en" lang="en">{en}</span></h2>'
            f'<p>{about_zh}</p><p class="en" lang="en">{about_en}</p><p>{note}</p></li>'
        )
    body = f"""<main id="main" class="narrow">
<h1>五红社区治理 <span class="en" lang="en">Five Red</span></h1>
<p class="lead">信用、物业、管家、合伙人、议站五个机制，一个入口。
<span class="en" lang="en">Five mechanisms of community governance behind one door.</span></p>
<ul class="cards">{"".join(cards)}</ul>
<h2>公开信息 <span class="en" lang="en">Open to everybody</span></h2>
<ul class="links">
<li><a href="/notices">信用公示 <span lang="en">Public notices of credit</span></a></li>
<li><a href="/board">网格联系牌 <span lang="en">Contact board of a grid</span></a></li>
<li><a href="/docs">接口文档 <span lang="en">Reference of the interface</span></a>
 (<a href="/openapi.json">OpenAPI 3.1</a>)</li>
<li><a href="/v1/health">运行状况 <span lang="en">Health</span></a></li>
</ul>
</main>"""
    return _page("五红社区治理", body, demo=demo)


# --------------------------------------------------------------------------------------------------
# Public boards: what services answer to anybody, as tables


class NoticeFilter(Params):
    """公示筛选 / Which notices."""

    scope: str = ""
    period: str = ""
    cursor: str = ""


class BoardFilter(Params):
    """哪个网格 / Which grid."""

    grid: str = ""


_COLUMNS = {
    "notice_id": "编号",
    "id": "编号",
    "number": "公示号",
    "kind": "类别",
    "title": "标题",
    "scope": "范围",
    "community": "社区",
    "period": "月份",
    "state": "状态",
    "published_at": "公示开始",
    "starts_at": "公示开始",
    "ends_at": "公示截止",
    "objection_until": "异议截止",
    "steward_id": "管家",
    "name": "姓名/名称 / Name",
    "duty": "岗位 / Post",
    "type": "类型 / Type",
    "work_phone": "工作电话 / Work phone",
    "place": "地点 / Place",
    "start": "开始",
    "end": "结束",
    "grid": "网格",
    "person_id": "人员",
    "employer": "单位 / Employer",
    "on_shift": "当班 / On shift",
    "until": "至 / Until",
    "backup": "代办 / Stands in",
    "objections": "异议数",
    "digest": "摘要",
    "hash": "摘要",
    "subject": "主体",
    "ref": "单位编号",
    "score": "信用分",
    "grade": "等级",
    "reasons": "主要理由",
    "note": "说明 / Note",
    "organisations": "单位",
    "red_list": "红榜",
    "entries": "参评主体数",
    "rule_set": "规则集",
    "rule_sets": "规则集摘要",
    "log": "计算记录摘要",
    "settlement_id": "结算编号",
    "down_at": "撤下时间",
    "body": "公示内容",
}


_OWN_ID = frozenset({"notice_id", "id"})
# Members that are of no use to a reader of a board.
_UNSHOWN = frozenset({"version", "area", "synthetic"})
# What a contact board shows, and nothing else: no id of a steward or a person.
_POSTS = ("duty", "name", "work_phone", "employer", "type", "note", "backup")
_ON_DUTY = ("duty", "name", "work_phone", "on_shift", "place", "until")
# Members that hold a person's id; the gateway asks steward for the names (nobody else keeps them).
# Who names organisations to everybody: kind, service, list, and the id in it.
_NAMED = (("PRJ", "property", "projects", "id"), ("PTN", "partner", "partners", "id"))
_PEOPLE = ("person_id", "handler_person", "proposer", "by")
# An id of a person, or a subject that is one: no page for everybody shows it.
_PERSON = re.compile(r"^(?:[A-Z]{2,3}:)?per_")


class _Words(str):
    """A text in both languages, written as "中文 / English"."""

    __slots__ = ()


_UNNAMED = _Words("未公示姓名 / Not named")
# What the codes of notices are called.
_CALLED: Mapping[str, Mapping[str, str]] = {
    "kind": {
        "SETTLEMENT": f"{KINDS['SETTLEMENT']} / Credit of a month",
        "COMMENDATION": f"{KINDS['COMMENDATION']} / Commendation",
        "CONSULTATION": f"{KINDS['CONSULTATION']} / Consultation on rules",
        "RULES": f"{KINDS['RULES']} / Rules published",
        "RES": "居民 / Resident",
        "HH": "家庭 / Household",
        "STW": "红色管家 / Red steward",
        "PRJ": "物业项目 / Property project",
        "PCO": "物业企业 / Property company",
        "MER": "商户 / Merchant",
        "PTN": "红色合伙人 / Red partner",
        "UNT": "单位 / Unit",
    },
    "state": {"PUBLISHED": "公示中 / Published", "WITHDRAWN": "已撤回 / Withdrawn"},
    "form": {
        "NOTICE": f"{FORMS['NOTICE']} / Notice of praise",
        "STAR": f"{FORMS['STAR']} / Star",
        "FORMAL": f"{FORMS['FORMAL']} / Formal commendation",
    },
    "level": {
        "COMMUNITY": f"{LEVELS['COMMUNITY']} / Community",
        "STREET": f"{LEVELS['STREET']} / Street",
        "DISTRICT": f"{LEVELS['DISTRICT']} / District",
    },
}


def _worded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with words where a service tells what its codes are called (`x_zh`, `x_en`)."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        stem, _, lang = name.rpartition("_")
        if lang == "zh" and stem:
            other = row.get(f"{stem}_en")
            words = _Words(f"{value} / {other}") if other else value
            found[stem] = words if value is not None else None
        elif not (lang == "en" and f"{stem}_zh" in row) and f"{name}_zh" not in row:
            called = _CALLED.get(name, {}).get(value) if isinstance(value, str) else None
            found[name] = value if called is None else _Words(called)
    return found


def _cell(name: str, value: Any) -> str:
    """Return a value as people read it: times are local, yes and no are words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str) and _INSTANT.match(value):
        return datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if name.endswith("_fen") and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d} 元"
    return str(value)


def _text(name: str, value: Any) -> str:
    return _both(value) if isinstance(value, _Words) else _e(_cell(name, value))


def _data(name: str, value: Any, linked: str) -> str:
    """Return a cell; the id of a row that has a page of its own leads there."""
    if value is None:
        return "<td></td>"
    text = _text(name, value)
    if linked and name in _OWN_ID:
        text = f'<a href="{linked}/{_e(quote(str(value), safe=""))}">{text}</a>'
    return f"<td>{text}</td>"


def _card(reply: Mapping[str, Any]) -> str:
    """Return a reply as a list of its plain members, and a table of each list in it."""
    plain = "".join(
        f"<dt>{_both(_COLUMNS.get(name, name))}</dt><dd>{_text(name, value)}</dd>"
        for name, value in _worded(reply).items()
        if isinstance(value, str | int | float) and value != "" and name not in _UNSHOWN
    )
    inner = [(name, value) for name, value in reply.items() if isinstance(value, Mapping)]
    folded = "".join(
        f"<h2>{_both(_COLUMNS.get(name, name))}</h2>{_card(value)}"
        for name, value in inner
        if value
    )
    tables = "".join(
        _table(value, _COLUMNS.get(name, name))
        for name, value in reply.items()
        if isinstance(value, list) and value and isinstance(value[0], Mapping)
    )
    return f"<dl>{plain}</dl>{folded}{tables}"


def _table(
    rows: Iterable[Mapping[str, Any]],
    caption: str,
    *,
    linked: str = "",
    only: Collection[str] | None = None,
) -> str:
    """Return rows as a table.

    Args:
        rows: Rows of a reply; members that are no plain value are left out.
        caption: What the table is.
        linked: Address below which a row's id leads to its own page, or empty.
        only: The members that are shown, in their order; without, all that are plain.
    """
    listed = [_worded(row) for row in rows if isinstance(row, Mapping)]
    names = list(
        dict.fromkeys(
            name
            for row in listed
            for name, value in row.items()
            if isinstance(value, str | int | float) and value != "" and name not in _UNSHOWN
        )
    )
    if only is not None:
        names = [name for name in only if name in names]
    if not names:
        return '<p class="empty">暂无内容 <span lang="en">Nothing here yet</span></p>'
    head = "".join(f'<th scope="col">{_both(_COLUMNS.get(name, name))}</th>' for name in names)
    lines = "".join(
        f"<tr>{''.join(_data(name, row.get(name), linked) for name in names)}</tr>"
        for row in listed
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_e(caption)}"><table>'
        f"<caption>{_both(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _field(name: str, label: str, value: str, pattern: str, hint: str) -> str:
    return (
        f'<label for="f-{name}">{label}</label>'
        f'<input id="f-{name}" name="{name}" value="{_e(value)}" pattern="{pattern}" '
        f'inputmode="numeric" autocomplete="off" aria-describedby="h-{name}">'
        f'<span class="hint" id="h-{name}">{hint}</span>'
    )


async def _ask(
    gate: Gate, request: Request, service: str, method: str, body: dict[str, Any]
) -> tuple[Any, str, int]:
    """Return (reply, complaint, HTTP status) of a public question."""
    try:
        return await gate.call(request, service, method, body, actor=ANONYMOUS), "", 200
    except CallFailed as error:
        refused, _headers, _members = explain(error, request.url.path)
        zh, en = refused.get("message_zh") or refused["code"], refused.get("message_en") or ""
        complaint = f'<p class="complaint" role="alert">{_both(f"{zh} / {en}")}</p>'
        return None, complaint, refused["status"]


# --------------------------------------------------------------------------------------------------
# Reference


def reference(document: Mapping[str, Any], *, demo: bool) -> bytes:
    """Return the reference page of an OpenAPI document."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    titles = {tag["name"]: tag["description"] for tag in document["tags"]}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            entry = _operation(path, verb.upper(), operation, document["components"], schemas)
            groups[operation["tags"][0]].append(entry)
    # The gateway's own answers are plumbing; the mechanisms come first.
    order = [name for name in groups if name != GATEWAY_TAG] + [GATEWAY_TAG]
    sections = "".join(
        f'<section id="{_e(name)}" aria-labelledby="t-{_e(name)}">'
        f'<h2 id="t-{_e(name)}">{_both(titles[name])}</h2>{"".join(groups[name])}</section>'
        for name in order
        if groups.get(name)
    )
    links = "".join(
        f'<li><a href="#{_e(name)}">{_both(titles[name])}'
        f' <span class="count">{len(groups[name])}</span></a></li>'
        for name in order
        if groups.get(name)
    )
    body = f"""<div class="docs">
<nav class="side" aria-label="服务 / Services">
<label for="filter">查找 <span lang="en">Find</span></label>
<input id="filter" type="search" autocomplete="off" placeholder="路径、名称、角色">
<p id="found" role="status" class="hint"></p>
<ul>{links}</ul>
</nav>
<main id="main">
<h1>接口文档 <span class="en" lang="en">Reference</span></h1>
<p>版本 {_e(document["info"]["version"])} · <a href="/openapi.json">OpenAPI 3.1</a> ·
命令必须带 <code>Idempotency-Key</code>，改变已有事物时带 <code>If-Match</code>，
错误为 <code>application/problem+json</code>。
<span class="en" lang="en">Commands carry Idempotency-Key; changes of what exists carry If-Match;
failures are problem+json in both languages.</span></p>
<form class="who" id="who" autocomplete="off">
<div><label for="token">令牌 <span lang="en">Bearer token</span></label>
<input id="token" type="password" autocomplete="off" spellcheck="false">
<span class="hint">fivered token --person … --grant R_CADRE:370811015901</span></div>
<div><label for="role">办理角色 <span lang="en">X-Acting-Role</span></label>
<input id="role" list="roles" autocomplete="off" spellcheck="false" placeholder="R_CADRE">
<datalist id="roles">{_role_options(document)}</datalist></div>
<div><label for="lang">语言 <span lang="en">Language</span></label>
<select id="lang"><option value="zh">中文</option><option value="en">English</option></select></div>
</form>
<noscript><p class="complaint">启用脚本后可在此试用接口。
<span lang="en">With scripts the calls can be tried here.</span></p></noscript>
{sections}
</main>
</div>"""
    return _page("接口文档 · 五红社区治理", body, demo=demo, script=True)


def _role_options(document: Mapping[str, Any]) -> str:
    roles = {
        role
        for verbs in document["paths"].values()
        for operation in verbs.values()
        for role in operation["x-roles"]
        if role.startswith("R_")
    }
    return "".join(f'<option value="{_e(role)}"></option>' for role in sorted(roles))


def _operation(
    path: str,
    verb: str,
    operation: Mapping[str, Any],
    components: Mapping[str, Any],
    schemas: Mapping[str, Any],
) -> str:
    name = operation["operationId"]
    about, _, _roles = operation["description"].rpartition("\n\n")
    headers = [p["$ref"].rpartition("/")[2] for p in operation["parameters"] if "$ref" in p]
    chips = [_chip(role) for role in operation["x-roles"]]
    if "IfMatch" in headers:
        chips.append('<span class="chip need">If-Match</span>')
    parts = [f'<div class="about">{_paragraphs(about)}</div>' if about else ""]
    parts.append(_parameters(operation["parameters"]))
    if "requestBody" in operation:
        parts.append(_body(operation["requestBody"]["content"], schemas))
    parts.append(_answers(operation["responses"], components, schemas))
    return (
        f'<details class="op" id="{_e(name)}" data-verb="{verb}" data-path="{_e(path)}">'
        f'<summary><span class="verb {verb.lower()}">{verb}</span> <code>{_e(path)}</code>'
        f' <span class="said">{_both(operation["summary"])}</span></summary>'
        f'<p class="chips">{"".join(chips)}</p>{"".join(parts)}'
        '<div class="try"></div></details>'
    )


def _body(contents: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Return what a body is: its members and an example, or the type of a file."""
    content = contents.get("application/json")
    if content is None:
        kinds = ", ".join(f"<code>{_e(kind)}</code>" for kind in contents)
        return f"<h4>{_both('请求正文 / Body')}</h4><p>{kinds}</p>"
    example = msgspec.json.format(msgspec.json.encode(content["example"]), indent=2)
    return (
        _fields("请求正文 / Body", content["schema"], schemas)
        + f"<h4>{_both('示例 / Example')}</h4>"
        + f'<pre tabindex="0"><code>{_e(example.decode())}</code></pre>'
    )


def _chip(role: str) -> str:
    names = {"*": "任何已登录角色 / any role", "PUBLIC": "公开 / public"}
    return f'<span class="chip">{_both(names.get(role, role))}</span>'


def _paragraphs(text: str) -> str:
    said = "".join(f"<p>{_both(' '.join(part.split()))}</p>" for part in text.split("\n\n"))
    return _QUOTED.sub(r"<code>\1</code>", said)


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
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


def _fields(title: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    return _listing(title, list(_rows(schema, schemas, "", 0)))


def _rows(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], prefix: str, depth: int
) -> Iterable[str]:
    found = _resolved(schema, schemas)
    required = found.get("required", [])
    for name, member in found.get("properties", {}).items():
        about = member.get("description", "")
        inner, many = _inner(member, schemas)
        kind = type_of(member)
        yield _row(f"{prefix}{name}", kind, about, required=name in required)
        if inner is not None and depth < 2:
            yield from _rows(inner, schemas, f"{prefix}{name}{'[]' if many else ''}.", depth + 1)


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = schemas[schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _inner(
    schema: Mapping[str, Any], schemas: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, bool]:
    """Return (object schema inside of a member, whether it is a list of them)."""
    for choice in (schema, *schema.get("anyOf", ())):
        if choice.get("type") == "array":
            inner, _many = _inner(choice.get("items", {}), schemas)
            return inner, True
        found = _resolved(choice, schemas)
        if "properties" in found:
            return found, False
    return None, False


def type_of(schema: Mapping[str, Any]) -> str:
    """Return a schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(type_of(choice) for choice in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"[{type_of(schema.get('items', {}))}]"
    said = [str(schema.get("format", kind))]
    for key, word in (
        ("pattern", ""),
        ("minimum", "≥ "),
        ("maximum", "≤ "),
        ("minLength", "长 ≥ "),
        ("maxLength", "长 ≤ "),
    ):
        if key in schema:
            said.append(f"{word}{schema[key]}")
    return " ".join(said)


def _row(name: str, kind: str, about: str, *, required: bool) -> str:
    need = '<abbr title="必填 required" class="need">*</abbr>' if required else ""
    return (
        f"<tr><td><code>{_e(name)}</code>{need}</td>"
        f'<td class="kind">{_e(kind)}</td><td>{_both(about)}</td></tr>'
    )


def _listing(title: str, rows: list[str]) -> str:
    if not rows:
        return ""
    return (
        f'<h4>{_both(title)}</h4><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{_e(title)}"><table><thead><tr>'
        '<th scope="col">名称</th><th scope="col">类型</th><th scope="col">说明</th>'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _answers(
    responses: Mapping[str, Any], components: Mapping[str, Any], schemas: Mapping[str, Any]
) -> str:
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
                listing = _fields("答复 / Reply", told["schema"], schemas)
        lines.append(f"<li><code>{_e(status)}</code> {_both(said)}</li>")
    return (
        f"{listing}<h4>状态码 <span class='en' lang='en'>Status</span></h4>"
        f'<ul class="statuses">{"".join(lines)}</ul>'
    )


# --------------------------------------------------------------------------------------------------
# Serving them


@functools.cache
def _file(name: str) -> tuple[bytes, str]:
    content = resources.files("gateway").joinpath("web", name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def _static(request: Request, name: str) -> Response:
    content, tag = _file(name)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, headers)
    return Response(content, 200, headers, _FILES[name])


class Large:
    """Content of some hundred KiB that stays the same: kept compressed too, and tagged."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._packed = gzip.compress(content, 6, mtime=0)
        self._tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'

    def answer(self, request: Request, media_type: str, headers: Mapping[str, str]) -> Response:
        """Answer with the content, or that the caller has it."""
        said = {
            "ETag": self._tag,
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
            **headers,
        }
        if request.headers.get("if-none-match") == self._tag:
            return Response(None, 304, said)
        if "gzip" in request.headers.get("accept-encoding", ""):
            said["Content-Encoding"] = "gzip"
            return Response(self._packed, 200, said, media_type)
        return Response(self._content, 200, said, media_type)


class Pages:
    """The pages of one gateway."""

    def __init__(self, gate: Gate, document: Document, installed: Mapping[str, Doors]) -> None:
        self._gate = gate
        self._document = document
        self._installed = installed
        self._demo = gate.settings.demo_clock
        self._reference: Large | None = None
        self._openapi: Large | None = None

    async def start(self, _request: Request) -> Response:
        """Show the start page."""
        return _html(_start(self._installed, demo=self._demo))

    async def docs(self, request: Request) -> Response:
        """Show the reference; made in a thread when it is first asked for."""
        if self._reference is None:
            self._reference = await asyncio.to_thread(
                lambda: Large(reference(self._document.build(), demo=self._demo))
            )
        headers = {"Content-Security-Policy": _CSP}
        return self._reference.answer(request, "text/html; charset=utf-8", headers)

    async def openapi(self, request: Request) -> Response:
        """Give the OpenAPI document."""
        if self._openapi is None:
            self._openapi = await asyncio.to_thread(
                lambda: Large(msgspec.json.encode(self._document.build()))
            )
        return self._openapi.answer(request, "application/json", {})

    async def file(self, request: Request) -> Response:
        """Give a file of the pages."""
        name = request.path_params["name"]
        if name not in _FILES:
            raise NoSuchPath(path=request.url.path)
        return _static(request, name)

    async def notices(self, request: Request) -> Response:
        """Show the public notices of credit."""
        given = read_params(NoticeFilter, request)
        asked = {name: value for name, value in given.items() if value}
        shown, complaint, status = await self._public("credit", "/notices", request, asked)
        more = ""
        if isinstance(shown, Mapping) and isinstance(shown.get("next"), str):
            kept = {**asked, "cursor": shown["next"]}
            more = f'<p><a rel="next" href="/notices?{_e(urlencode(kept))}">下一页 Next</a></p>'
        scope = _field("scope", "范围", given["scope"], AREA, "行政区划代码 · area code")
        period = _field("period", "月份", given["period"], PERIOD, "例如 2025-01")
        body = f"""<main id="main" class="narrow">
<h1>信用公示 <span class="en" lang="en">Public notices</span></h1>
<p>公示只列单位与有授权的红榜；个人不设黑榜。
<span class="en" lang="en">Organisations, and people who agreed to be praised.</span></p>
<form method="get" action="/notices" class="ask">{scope}{period}<button>查看 Show</button></form>
{complaint or _table(_items(shown), "信用公示", linked="/notices")}{more}</main>"""
        return _html(_page("信用公示", body, demo=self._demo), status)

    async def notice(self, request: Request) -> Response:
        """Show one public notice."""
        notice_id = request.path_params["notice_id"]
        if not PLACE.match(notice_id):
            raise NoSuchPath(path=request.url.path)
        asked = {"notice_id": notice_id}
        path = "/notices/{notice_id}"
        shown, complaint, status = await self._public("credit", path, request, asked)
        await self._name_listed(request, shown)
        answer = complaint or (_card(shown) if isinstance(shown, Mapping) else "")
        body = f"""<main id="main" class="narrow">
<h1>信用公示 <span class="en" lang="en">Public notice</span></h1>
<p><a href="/notices">返回公示列表 <span lang="en">All notices</span></a></p>
{answer}</main>"""
        return _html(_page("信用公示", body, demo=self._demo), status)

    async def board(self, request: Request) -> Response:
        """Show a grid's contact board, and who answers there now."""
        given = read_params(BoardFilter, request)
        answer, status = "", 200
        if given["grid"]:
            path = "/grids/{grid}/duty"
            shown, answer, status = await self._public("steward", path, request, given)
            if not answer:
                answer = _on_duty(shown) + await self._posts(request, given)
        grid = _field("grid", "网格编码", given["grid"], GRID, "15 位 · fifteen digits")
        body = f"""<main id="main" class="narrow">
<h1>网格联系牌 <span class="en" lang="en">Contact board</span></h1>
<p>只显示本人同意公开的工作电话；遇紧急情况请拨 110 / 119 / 120。
<span class="en" lang="en">Work numbers only. In an emergency call 110, 119 or 120.</span></p>
<form method="get" action="/board" class="ask">{grid}<button>查看 Show</button></form>
{answer}</main>"""
        return _html(_page("网格联系牌", body, demo=self._demo), status)

    async def _posts(self, request: Request, given: dict[str, Any]) -> str:
        """Return the published board: a row per post, with the reason where it has no name."""
        path = "/grids/{grid}/board"
        shown, complaint, status = await self._public("steward", path, request, given)
        if status == 404:
            return (
                '<p class="empty">本网格尚未发布公示牌。'
                ' <span lang="en">No contact board was published in this grid yet.</span></p>'
            )
        if complaint or not isinstance(shown, Mapping):
            return complaint
        listed = shown.get("posts", ())
        since = _e(_cell("published_at", shown.get("published_at", "")))
        return (
            _table(listed, "公示牌 / Contact board", only=_POSTS)
            + f'<p class="hint">{_both(f"发布于 {since} / published")}</p>'
        )

    async def _public(
        self, service: str, path: str, request: Request, body: dict[str, Any]
    ) -> tuple[Any, str, int]:
        """Ask a public door, when this installation has it and it is public."""
        for door in self._installed.get(service, ()):
            if door.verb == "GET" and door.path == path and door.public:
                shown, complaint, status = await _ask(
                    self._gate, request, service, door.method, body
                )
                await self._name_people(request, _every_row(shown))
                return shown, complaint, status
        # The page is there, it only has nothing to show.
        nothing = (
            '<p class="empty">本系统没有公开此项内容。'
            ' <span lang="en">This installation does not publish this.</span></p>'
        )
        return None, nothing, 200

    async def _name_people(self, request: Request, rows: Iterable[Any]) -> None:
        """Put names beside person ids, as far as anybody may see them.

        Services keep ids, never other people's names. Whom steward does not name, or with steward
        away, has no name here, and no id either.
        """
        listed = [row for row in rows if isinstance(row, dict)]
        for row in listed:
            for key in ("ref", "subject"):
                if _PERSON.match(str(row.get(key))):
                    person_id = row.pop(key).rpartition(":")[2]
                    row["person_id"] = row.get("person_id") or person_id
        found = [
            (row, key)
            for row in listed
            for key, value in row.items()
            if isinstance(value, str) and _PERSON.match(value)
        ]
        ids = {row[key] for row, key in found if key in _PEOPLE and not row.get("name")}
        names: dict[str, str] = {}
        if ids and "steward" in self._installed:
            body = {"ids": sorted(ids)[:200]}
            cards, _, _ = await _ask(self._gate, request, "steward", "people_cards", body)
            names = {
                card["person_id"]: card["name"]
                for card in _items(cards)
                if isinstance(card, Mapping) and card.get("person_id") and card.get("name")
            }
        for row, key in found:
            shown = key in _PEOPLE and not row.get("name")
            row[key] = names.get(row[key], _UNNAMED) if shown else None

    async def _name_listed(self, request: Request, notice: Any) -> None:
        """Put names and reasons, as words, into what a notice of a month lists.

        A notice keeps ids. Names of persons are masked by steward; an organisation's id stands
        where no service names its kind to everybody, or that service is away.
        """
        body = notice.get("body") if isinstance(notice, Mapping) else None
        if not isinstance(body, dict):
            return
        listed, praised = body.get("organisations") or [], body.get("red_list") or []
        for row in [*listed, *praised]:
            reasons = row.pop("reasons", [])
            row["reasons"] = "、".join(
                f"{one['reason']} {one['score']:+d}" if isinstance(one, Mapping) else str(one)
                for one in reasons
            )
        for kind, service, method, key in _NAMED:
            wanted = [row for row in listed if row.get("kind") == kind]
            if wanted and service in self._installed:
                asked = {"scope": body.get("area"), "limit": 200}
                found, _, _ = await _ask(self._gate, request, service, method, asked)
                names = {one.get(key): one.get("name") for one in _items(found)}
                for row in wanted:
                    row["name"] = names.get(row.get("ref"))
                    if row["name"]:
                        row.pop("ref")
                        row.pop("subject", None)


def _on_duty(shown: Any) -> str:
    """Return who answers in a grid now, under the grid's name; or that nobody sits there."""
    told = _worded(shown) if isinstance(shown, Mapping) else {}
    named = f"<h2>{_e(told['grid_name'])}</h2>" if told.get("grid_name") else ""
    note = f'<p class="complaint">{_both(told["note"])}</p>' if told.get("note") else ""
    return named + note + _table(_items(shown), "值班管家 / On duty now", only=_ON_DUTY)


def _every_row(reply: Any) -> list[Any]:
    """Return every object of a reply, whatever list it stands in."""
    if isinstance(reply, list):
        return [row for part in reply for row in _every_row(part)]
    if isinstance(reply, Mapping):
        return [reply, *(row for value in reply.values() for row in _every_row(value))]
    return []


def _items(reply: Any) -> list[Any]:
    """Return the rows of a reply: its items, its first list, or itself."""
    if isinstance(reply, list):
        return reply
    if isinstance(reply, Mapping):
        for value in (reply.get("items"), *reply.values()):
            if isinstance(value, list):
                return value
        return [reply]
    return []


def addresses(
    gate: Gate, document: Document, installed: Mapping[str, Doors]
) -> tuple[tuple[str, Callable[[Request], Awaitable[Response]]], ...]:
    """Return the pages, each with its address."""
    shown = Pages(gate, document, installed)
    return (
        ("/", shown.start),
        ("/docs", shown.docs),
        ("/openapi.json", shown.openapi),
        ("/notices", shown.notices),
        ("/notices/{notice_id}", shown.notice),
        ("/board", shown.board),
        ("/web/{name}", shown.file),
    )


__all__ = ["addresses", "reference", "type_of"]
