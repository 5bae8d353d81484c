"""The pages: the start page, the reference, the public boards. HTML made here, nothing from afar.

Chinese comes first, English beside it. Every page works without its script; the reference's script
adds the forms with which a call can be tried.
"""

from __future__ import annotations

import asyncio
import functools
import gzip
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis.calendar import Calendar
from fivered.chassis.decimals import yuan
from fivered.chassis.i18n import named
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.refusal import Sentence, sentences
from fivered.chassis.requests import Request as Asked
from fivered.chassis.rpc import CallFailed
from fivered.chassis.shapes import Shape
from fivered.chassis.text import AREA, GRID, PERIOD
from fivered.gateway.addressed import read_params
from fivered.gateway.catalogue import Catalogue
from fivered.gateway.columns import COLUMNS
from fivered.gateway.discovery import Discovery
from fivered.gateway.dispatch import Gate
from fivered.gateway.doors import PLACE, Doors
from fivered.gateway.errors import NoSuchPath, explain
from fivered.gateway.identity import ANONYMOUS
from fivered.gateway.kinds import FORMS, KINDS, LEVELS
from fivered.gateway.markup import BOARDS, CSP, both, escaped, filled, html_response
from fivered.gateway.openapi import Document
from fivered.gateway.reference import reference
from fivered.gateway.sparing import digest_of, spared

_INSTANT = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_ICON = "icon.svg"
_FILES = {
    "fivered.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    _ICON: "image/svg+xml",
}


# --------------------------------------------------------------------------------------------------
# Start page


def _cards(installed: Mapping[str, Doors], silent: Collection[str]) -> str:
    cards = [
        f"<h2>{both(doors.tag)}</h2><p>{both(doors.about)}</p>"
        f'<p><a href="/docs#{name}">接口 <span lang="en">interface</span></a></p>'
        for name, doors in installed.items()
    ]
    cards += [
        f'<h2>{escaped(name)}</h2><p><span class="absent">尚未应答'
        ' <span lang="en">has not answered yet</span></span></p>'
        for name in silent
    ]
    return "".join(f'<li class="card">{card}</li>' for card in cards)


# --------------------------------------------------------------------------------------------------
# Public boards: what services answer to anybody, as tables


class NoticeFilter(Asked, frozen=True):
    """公示筛选 / Which notices."""

    scope: str = ""
    period: str = ""
    cursor: str = ""


class BoardFilter(Asked, frozen=True):
    """哪个网格 / Which grid."""

    grid: str = ""


class VersionFilter(Asked, frozen=True):
    """哪一版本 / Which version."""

    edition: int = 0


_NOTICES, _BOARDS = Shape.of(NoticeFilter), Shape.of(BoardFilter)
_VERSIONS = Shape.of(VersionFilter)
_DUTY, _BOARD = "/grids/{grid}/duty", "/grids/{grid}/board"
_COLUMNS = COLUMNS | {
    "number": "公示号", "name": "姓名/名称 / Name", "duty": "岗位 / Post", "type": "类型 / Type",
    "work_phone": "工作电话 / Work phone", "place": "地点 / Place", "employer": "单位 / Employer",
    "service_hours": "服务时间 / Hours", "backup_name": "备岗 / Backup",
    "backup_phone": "备岗电话 / Backup's phone", "on_shift": "当班 / On shift",
    "until": "至 / Until", "backup": "代办 / Stands in",
    "adults": "成年居民 / Adults", "note": "说明 / Note", "form": "形式 / Form",
    "level": "级别 / Level", "issuer": "颁发单位 / Given by",
    "starts_at": "开始 / From", "ends_at": "截止 / Until", "due_date": "应公示日期 / Due",
    "readable": "可读 / Readable", "nature": "性质 / What", "side": "收支 / In or out",
    "item": "项目 / Item", "amount_fen": "金额 / Amount", "income_fen": "收入合计 / Income",
    "expense_fen": "支出合计 / Expenditure", "held_at": "时间 / Held",
    "two_sided": "两方 / Two sides", "text": "内容 / Text",
    "approval_doc_no": "批准文号 / Document", "granted_at": "颁发日期 / Given on",
    "revoked_at": "撤销日期 / Revoked on",
}  # fmt: skip
_OWN_ID = frozenset({"notice_id", "id"})
# Members that are of no use to a reader of a board.
_UNSHOWN = frozenset({"version", "area", "synthetic"})
# What a contact board shows, and nothing else: no id of a steward or a person.
POSTS = (
    "duty", "name", "work_phone", "employer", "type", "service_hours", "backup_name",
    "backup_phone", "note", "backup",
)  # fmt: skip
_FORMS_OF_BOARD = (
    ("html", "打印 A3 / To print"), ("pdf", "PDF"), ("vcf", "通讯录名片 / For an address book"),
)  # fmt: skip
_ON_DUTY = ("duty", "name", "work_phone", "on_shift", "place", "until")
# What the page of a compound shows, and that of a disclosure.
_GOING_ON = ("number", "kind", "nature", "title", "text", "starts_at", "ends_at")
_DISCLOSED = ("id", "kind", "title", "due_date", "state", "published_at", "readable")
_VOTED = (
    "title", "proposal", "state", "round", "opens_at", "closes_at", "counted_at",
    "objections_until", "final_at", "end_reason",
)  # fmt: skip
_MET = ("period", "held_at", "two_sided")
_SUMS = ("income_fen", "expense_fen")
# What a verified certificate shows, and whose it is.
_PROVEN = (
    "state", "number", "name", "person_id", "ref", "title", "form", "level", "issuer",
    "approval_doc_no", "granted_at", "revoked_at",
)  # fmt: skip
# Members that hold a person's id; the gateway asks steward for the names (nobody else keeps them).
# Who names organisations to everybody: kind, service, list, and the id in it.
_NAMED = (("PRJ", "property", "projects", "id"), ("PTN", "partner", "partners", "id"))
_PEOPLE = ("person_id", "handler_person", "proposer", "by")
# What somebody wrote, or how something is called: no code, though it may look like one.
_WRITTEN = frozenset(
    {
        "name",
        "title",
        "text",
        "note",
        "reason",
        "reasons",
        "employer",
        "place",
        "service_hours",
        "backup_name",
    }
)
# Whose words codes are told in: steward tells its own beside them (`x_zh`, `x_en`).
_WORDS_OF = "fivered.services.credit"
# An id of a person, or a subject that is one: no page for everybody shows it.
_PERSON = re.compile(r"^(?:[A-Z]{2,3}:)?per_")


class _Words(str):
    """A text in both languages, written as "中文 / English"."""

    __slots__ = ()


_UNNAMED = _Words("未公示姓名 / Not named")
# In the place of a number that `few` names.
_FEW = _Words("少于 5 人,不公布 / Too few to be told")
# What the codes of notices are called.
_CALLED: Mapping[str, Mapping[str, Sentence]] = {
    "kind": KINDS | sentences({
        "RES": "居民 / Resident", "HH": "家庭 / Household", "STW": "红色管家 / Red steward",
        "PRJ": "物业项目 / Property project", "PCO": "物业企业 / Property company",
        "MER": "商户 / Merchant", "PTN": "红色合伙人 / Red partner", "UNT": "单位 / Unit",
    }),
    "state": sentences({"PUBLISHED": "公示中 / Published", "WITHDRAWN": "已撤回 / Withdrawn"}),
    "form": FORMS,
    "level": LEVELS,
}  # fmt: skip


def _worded(row: Mapping[str, Json]) -> dict[str, Json]:
    """Return a row with words where a service tells what its codes are called (`x_zh`, `x_en`)."""
    found: dict[str, Json] = {}
    for name, value in row.items():
        stem, _, lang = name.rpartition("_")
        if lang == "zh" and stem:
            other = row.get(f"{stem}_en")
            words = _Words(f"{value} / {other}") if other else value
            found[stem] = words if value is not None else None
        elif not (lang == "en" and f"{stem}_zh" in row) and f"{name}_zh" not in row:
            found[name] = _called(name, value)
    hidden = row.get("few")
    if isinstance(hidden, list):
        found |= {str(name): _FEW for name in hidden}
    return found


def _called(name: str, value: Json) -> Json:
    """Return what a code is called, and anything else as it is."""
    if not isinstance(value, str) or isinstance(value, _Words) or name in _WRITTEN:
        return value
    if called := _CALLED.get(name, {}).get(value):
        return _Words(f"{called} / {called.english}")
    zh, en = named(value, "zh", _WORDS_OF), named(value, "en", _WORDS_OF)
    return value if zh == value else _Words(f"{zh} / {en}")


def _cell(name: str, value: Json) -> str:
    """Return a value as people read it: times are local, yes and no are words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str) and _INSTANT.match(value):
        return Calendar.minute(datetime.fromisoformat(value))
    if name.endswith("_fen") and isinstance(value, int):
        return f"{yuan(value)} 元"
    return str(value)


def _text(name: str, value: Json) -> str:
    return both(value) if isinstance(value, _Words) else escaped(_cell(name, value))


def _data(name: str, value: Json, linked: str) -> str:
    """Return a cell; the id of a row that has a page of its own leads there."""
    if value is None:
        return "<td></td>"
    text = _text(name, value)
    if linked and name in _OWN_ID:
        text = f'<a href="{linked}/{escaped(quote(str(value), safe=""))}">{text}</a>'
    return f"<td>{text}</td>"


def _card(reply: Mapping[str, Json]) -> str:
    """Return a reply as a list of its plain members, and a table of each list in it."""
    plain = "".join(
        f"<dt>{both(_COLUMNS.get(name, name))}</dt><dd>{_text(name, value)}</dd>"
        for name, value in _worded(reply).items()
        if isinstance(value, str | int | float) and value != "" and name not in _UNSHOWN
    )
    inner = [(name, value) for name, value in reply.items() if isinstance(value, Mapping)]
    folded = "".join(
        f"<h2>{both(_COLUMNS.get(name, name))}</h2>{_card(value)}" for name, value in inner if value
    )
    tables = "".join(
        _table(rows, _COLUMNS.get(name, name))
        for name, value in reply.items()
        if isinstance(value, list) and (rows := _items(value))
    )
    return f"<dl>{plain}</dl>{folded}{tables}"


def _table(
    rows: Iterable[JsonObject],
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
    listed = [_worded(row) for row in rows]
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
    head = "".join(f'<th scope="col">{both(_COLUMNS.get(name, name))}</th>' for name in names)
    lines = "".join(
        f"<tr>{''.join(_data(name, row.get(name), linked) for name in names)}</tr>"
        for row in listed
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{both(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _field(name: str, label: str, value: str, pattern: str, hint: str) -> str:
    return (
        f'<label for="f-{name}">{label}</label>'
        f'<input id="f-{name}" name="{name}" value="{escaped(value)}" pattern="{pattern}" '
        f'inputmode="numeric" autocomplete="off" aria-describedby="h-{name}">'
        f'<span class="hint" id="h-{name}">{hint}</span>'
    )


async def _ask(
    gate: Gate, request: Request, service: str, method: str, body: JsonObject
) -> tuple[Json, str, int]:
    """Return (reply, complaint, HTTP status) of a public question."""
    try:
        return await gate.call(request, service, method, body, actor=ANONYMOUS), "", 200
    except CallFailed as error:
        refused, _headers = explain(error, request.scope)
        zh, en = refused.get("message_zh") or refused["code"], refused.get("message_en") or ""
        complaint = f'<p class="complaint" role="alert">{both(f"{zh} / {en}")}</p>'
        return None, complaint, refused["status"]


# --------------------------------------------------------------------------------------------------
# Serving them


@functools.cache
def _placed(request: Request, name: str) -> str:
    """Return what a page's address names.

    Raises:
        NoSuchPath: Nothing has such a name.
    """
    place = str(request.path_params[name])
    if not PLACE.match(place):
        raise NoSuchPath(path=request.url.path)
    return place


def _file(name: str) -> Large:
    return Large(resources.files("fivered.gateway").joinpath("web", name).read_bytes())


class Large:
    """Content that stays the same, perhaps of some hundred KiB: kept compressed too, and tagged."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._packed = gzip.compress(content, 6, mtime=0)
        self._tag = f'W/"{digest_of(content)}"'

    def answer(self, request: Request, media_type: str, headers: Mapping[str, str]) -> Response:
        """Answer with the content, or that the caller has it."""
        said = {"ETag": self._tag, "Cache-Control": "no-cache", **headers}
        return spared(request, self._content, said, media_type, packed=self._packed)


class Pages:
    """The pages of one gateway."""

    def __init__(
        self,
        gate: Gate,
        document: Document,
        installed: Mapping[str, Doors],
        silent: Collection[str],
    ) -> None:
        self._gate = gate
        self._document = document
        self._installed = installed
        self._silent = silent
        self._demo = gate.settings.demo_clock
        self._reference: Large | None = None
        self._openapi: Large | None = None

    async def start(self, _request: Request) -> Response:
        """Show the start page."""
        boards = "".join(
            f'<li><a href="{address}">{both(text)}</a></li>\n'
            for name, address, _, text in BOARDS
            if name in self._installed
        )
        parts = {"listed": _cards(self._installed, self._silent), "boards": boards}
        return self._page("start", "五红社区治理", 200, parts)

    async def docs(self, request: Request) -> Response:
        """Show the reference; made in a thread when it is first asked for."""
        if self._reference is None:
            self._reference = await asyncio.to_thread(
                lambda: Large(reference(self._document.build(), self._installed, demo=self._demo))
            )
        headers = {"Content-Security-Policy": CSP}
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
        return _file(name).answer(request, _FILES[name], {})

    async def icon(self, request: Request) -> Response:
        """Give the icon where a browser looks for it unasked."""
        return _file(_ICON).answer(request, _FILES[_ICON], {})

    async def notices(self, request: Request) -> Response:
        """Show the public notices of credit."""
        given = read_params(_NOTICES, request)
        asked: JsonObject = {name: value for name, value in given.items() if value}
        shown, complaint, status = await self._public("credit", "/notices", request, asked)
        more = ""
        if isinstance(shown, Mapping) and isinstance(shown.get("next"), str):
            kept = {**asked, "cursor": shown["next"]}
            more = (
                f'<p><a rel="next" href="/notices?{escaped(urlencode(kept))}">下一页 Next</a></p>'
            )
        scope = _field("scope", "范围", str(given["scope"]), AREA, "行政区划代码 · area code")
        period = _field("period", "月份", str(given["period"]), PERIOD, "例如 2025-01")
        listed = complaint or _table(_items(shown), "信用公示", linked="/notices")
        parts = {"scope": scope, "period": period, "listed": listed, "more": more}
        return self._page("notices", "信用公示", status, parts)

    async def notice(self, request: Request) -> Response:
        """Show one public notice."""
        notice_id = _placed(request, "notice_id")
        path = "/notices/{notice_id}"
        asked: JsonObject = {"notice_id": notice_id}
        shown, complaint, status = await self._public("credit", path, request, asked)
        await self._name_listed(request, shown)
        answer = complaint or (_card(shown) if isinstance(shown, Mapping) else "")
        return self._page("notice", "信用公示", status, {"answer": answer})

    async def project(self, request: Request) -> Response:
        """Show what a project has published, and what is cut off or worked on there now."""
        project_id = _placed(request, "project_id")
        asked: JsonObject = {"project_id": project_id}
        shown, answer, status = await self._public(
            "property", "/projects/{project_id}/board", request, asked
        )
        if isinstance(shown, Mapping) and not answer:
            running: JsonObject = {**asked, "state": "RUNNING", "limit": 50}
            now, _, _ = await self._public("property", "/incidents", request, running)
            answer = (
                f"<h2>{escaped(shown.get('name', ''))}</h2>"
                + _table(_items(now), "停供、施工、故障 / Outages and works", only=_GOING_ON)
                + _table(
                    _items(shown.get("disclosures")),
                    "公示 / Disclosures",
                    only=_DISCLOSED,
                    linked="/disclosures",
                )
                + _table(_items(shown.get("meetings")), "三方会议 / Meetings", only=_MET)
            )
        return self._page("project", "小区公示栏", status, {"answer": answer})

    async def disclosure(self, request: Request) -> Response:
        """Show what a disclosure says, or said in an earlier version."""
        disclosure_id = _placed(request, "disclosure_id")
        asked: JsonObject = {"disclosure_id": disclosure_id, **read_params(_VERSIONS, request)}
        asked = {name: value for name, value in asked.items() if value}
        shown, answer, status = await self._public(
            "property", "/disclosures/{disclosure_id}", request, asked
        )
        if isinstance(shown, Mapping) and not answer:
            answer = _disclosure(shown)
        return self._page("disclosure", "公示内容", status, {"answer": answer})

    async def owners_vote(self, request: Request) -> Response:
        """Show an owners' vote and, once it is counted, the paper of its result, to be printed."""
        vote_id = _placed(request, "vote_id")
        shown, answer, status = await self._public(
            "property", "/owners-votes/{vote_id}", request, {"vote_id": vote_id}
        )
        if isinstance(shown, Mapping) and not answer:
            answer = _owners_vote(shown)
        return self._page("owners_vote", "业主共同决定", status, {"answer": answer})

    async def certificate(self, request: Request) -> Response:
        """Show whether a certificate holds: where its QR code leads."""
        code = _placed(request, "code")
        shown, complaint, status = await self._public(
            "credit", "/certificates/{code}", request, {"code": code}
        )
        if isinstance(shown, Mapping) and not complaint:
            told = {name: shown[name] for name in _PROVEN if shown.get(name) is not None}
            paper = escaped(f"/v1/credit/certificates/{quote(code)}/document")
            complaint = _card(told) + f'<p><a href="{paper}">{both("证书 PDF / The paper")}</a></p>'
        return self._page("certificate", "证书核验", status, {"answer": complaint})

    async def board(self, request: Request) -> Response:
        """Show a grid's contact board, and who answers there now."""
        given = read_params(_BOARDS, request)
        answer, status = "", 200
        if given["grid"]:
            shown, answer, status = await self._public("steward", _DUTY, request, given)
            if not answer:
                answer = _on_duty(shown) + await self._posts(request, given)
        grid = _field("grid", "网格编码", str(given["grid"]), GRID, "15 位 · fifteen digits")
        return self._page("board", "网格联系牌", status, {"grid": grid, "answer": answer})

    def _page(self, name: str, title: str, status: int, parts: Mapping[str, str]) -> Response:
        body = filled(name, **parts)
        shown = self._installed
        return html_response(title, body, demo=self._demo, installed=shown, status=status)

    async def _posts(self, request: Request, given: JsonObject) -> str:
        """Return the published board: a row per post, with the reason where it has no name."""
        shown, complaint, status = await self._public("steward", _BOARD, request, given)
        if status == 404:
            return filled("unpublished")
        if complaint or not isinstance(shown, Mapping):
            return complaint
        grid = quote(str(given["grid"]), safe="")
        forms = "".join(
            f' <a href="/v1/steward/grids/{grid}/board.{ending}">{both(text)}</a>'
            for ending, text in _FORMS_OF_BOARD
        )
        return f"{posts_table(shown)}<p>{forms}</p>"

    async def _public(
        self, service: str, path: str, request: Request, body: JsonObject
    ) -> tuple[Json, str, int]:
        """Ask a public door, when this installation has it and it is public."""
        for door in self._installed.get(service, ()):
            if door.verb == "GET" and door.path == path and door.public:
                shown, complaint, status = await _ask(
                    self._gate, request, service, door.method, body
                )
                await self._name_people(request, _every_row(shown))
                return shown, complaint, status
        # The page is there, it only has nothing to show.
        return None, filled("nothing"), 200

    async def _name_people(self, request: Request, listed: Sequence[JsonObject]) -> None:
        """Put names beside person ids, as far as anybody may see them.

        Services keep ids, never other people's names. Whom steward does not name, or with steward
        away, has no name here, and no id either.
        """
        for row in listed:
            for key in ("ref", "subject"):
                if _PERSON.match(str(row.get(key))):
                    person_id = str(row.pop(key)).rpartition(":")[2]
                    row["person_id"] = row.get("person_id") or person_id
        found = [
            (row, key, value)
            for row in listed
            for key, value in row.items()
            if isinstance(value, str) and _PERSON.match(value)
        ]
        ids = {value for row, key, value in found if key in _PEOPLE and not row.get("name")}
        names: dict[str, Json] = {}
        if ids and "steward" in self._installed:
            body: JsonObject = {"ids": [*sorted(ids)[:200]]}
            cards, _, _ = await _ask(self._gate, request, "steward", "people_cards", body)
            names = _names_of(cards, "person_id")
        for row, key, value in found:
            shown = key in _PEOPLE and not row.get("name")
            row[key] = (names.get(value) or _UNNAMED) if shown else None

    async def _name_listed(self, request: Request, notice: Json) -> None:
        """Put names and reasons, as words, into what a notice of a month lists.

        A notice keeps ids. Names of persons are masked by steward; an organisation's id stands
        where no service names its kind to everybody, or that service is away.
        """
        body = notice.get("body") if isinstance(notice, Mapping) else None
        if not isinstance(body, dict):
            return
        listed = _items(body.get("organisations"))
        for row in [*listed, *_items(body.get("red_list"))]:
            reasons = row.pop("reasons", [])
            row["reasons"] = "、".join(
                f"{one['reason']} {one['score']:+}" if isinstance(one, Mapping) else str(one)
                for one in (reasons if isinstance(reasons, list) else ())
            )
        for kind, service, method, key in _NAMED:
            wanted = [row for row in listed if row.get("kind") == kind]
            if wanted and service in self._installed:
                asked: JsonObject = {"scope": body.get("area"), "limit": 200}
                found, _, _ = await _ask(self._gate, request, service, method, asked)
                names = _names_of(found, key)
                for row in wanted:
                    row["name"] = names.get(str(row.get("ref")))
                    if row["name"]:
                        row.pop("ref")
                        row.pop("subject", None)


def posts_table(shown: Mapping[str, Json]) -> str:
    """Return a published board as a table, with its version and the day of its publication."""
    since = escaped(_cell("published_at", shown.get("published_at", "")))
    version = escaped(shown.get("version", ""))
    return (
        _table(_items(shown.get("posts")), "公示牌 / Contact board", only=POSTS)
        + f'<p class="hint">{both(f"第 {version} 版,发布于 {since} / version, published")}</p>'
    )


def _on_duty(shown: Json) -> str:
    """Return who answers in a grid now, under the grid's name; or that nobody sits there."""
    told = _worded(shown) if isinstance(shown, Mapping) else {}
    named = f"<h2>{escaped(told['grid_name'])}</h2>" if told.get("grid_name") else ""
    note = f'<p class="complaint">{both(str(told["note"]))}</p>' if told.get("note") else ""
    return named + note + _table(_items(shown), "值班管家 / On duty now", only=_ON_DUTY)


def _owners_vote(shown: Mapping[str, Json]) -> str:
    """Return what a vote is about, and the paper of its result with the digest of its text."""
    paper = shown.get("document")
    vote = quote(str(shown["id"]), safe="")
    back = quote(str(shown.get("project_id")), safe="")
    return (
        f'<p><a href="/projects/{back}">{both("小区公示栏 / The board of the compound")}</a></p>'
        + _card({name: shown[name] for name in _VOTED if shown.get(name) is not None})
        + (
            f"<h2>{both('结果文书 / The paper of the result')}</h2><pre>{escaped(paper)}</pre>"
            f"<p>{both('文书摘要 SHA-256 / SHA-256 of this text')}: "
            f"<code>{escaped(shown.get('document_sha256') or '')}</code></p>"
            f'<p><a href="/v1/property/owners-votes/{vote}/paper.pdf">PDF</a></p>'
            if paper
            else f"<p>{both('尚未计票 / Not counted yet')}</p>"
        )
    )


def _disclosure(shown: Mapping[str, Json]) -> str:
    """Return what a disclosure says: its text, figures with their sums, files and versions."""
    here = quote(str(shown["id"]), safe="")
    text = "".join(
        f"<p>{escaped(line)}</p>" for line in str(shown.get("text") or "").splitlines() if line
    )
    files = shown.get("files")
    kept = "/v1/property/files"
    papers = "".join(
        f'<li><a href="{kept}/{escaped(quote(str(one), safe=""))}">{escaped(one)}</a></li>'
        for one in (files if isinstance(files, list) else ())
    )
    versions = "".join(
        f'<li><a href="/disclosures/{here}?edition={one["edition"]}">{escaped(one["edition"])}</a>'
        f" {escaped(_cell('published_at', one.get('published_at') or ''))}"
        f" {escaped(one.get('note') or '')}"
        + "".join(f"<br>+ {escaped(line)}" for line in _texts(one.get("added")))
        + "".join(f"<br>− {escaped(line)}" for line in _texts(one.get("removed")))
        + "</li>"
        for one in _items(shown.get("versions"))
    )
    figures = _items(shown.get("figures"))
    back = quote(str(shown.get("project_id")), safe="")
    return (
        f'<p><a href="/projects/{back}">{both("小区公示栏 / The board of the compound")}</a></p>'
        + _card({name: shown[name] for name in _DISCLOSED if shown.get(name) is not None})
        + text
        + (_table(figures, "收支明细 / Figures") if figures else "")
        + (_card({name: shown[name] for name in _SUMS}) if figures else "")
        + (f"<h2>{both('附件 / Files')}</h2><ul>{papers}</ul>" if papers else "")
        + (f"<h2>{both('版本 / Versions')}</h2><ol>{versions}</ol>" if versions else "")
    )


def _texts(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _every_row(reply: Json) -> list[JsonObject]:
    """Return every object of a reply, whatever list it stands in."""
    if isinstance(reply, list):
        return [row for part in reply for row in _every_row(part)]
    if isinstance(reply, dict):
        return [reply, *(row for value in reply.values() for row in _every_row(value))]
    return []


def _items(reply: Json) -> list[JsonObject]:
    """Return the rows of a reply: its items, its first list, or itself."""
    if isinstance(reply, dict):
        lists = [one for one in (reply.get("items"), *reply.values()) if isinstance(one, list)]
        reply = lists[0] if lists else [reply]
    return [row for row in reply if isinstance(row, dict)] if isinstance(reply, list) else []


def _names_of(reply: Json, key: str) -> dict[str, Json]:
    """Return the names that a list tells, by the ids of its rows."""
    return {str(one.get(key)): one["name"] for one in _items(reply) if one.get("name")}


def addresses(
    gate: Gate, document: Document, installed: Mapping[str, Doors], silent: Collection[str]
) -> tuple[tuple[str, Callable[[Request], Awaitable[Response]]], ...]:
    """Return the pages, each with its address.

    Args:
        gate: What the gateway knows of itself.
        document: The OpenAPI document.
        installed: The doors of each service; of another one no page tells.
        silent: Services of this installation that have not told their doors yet.
    """
    shown = Pages(gate, document, installed, silent)
    published = Catalogue(gate, installed)
    every = (door for doors in installed.values() for door in doors)
    found = Discovery(every, gate.settings, installed)
    return (
        ("/", shown.start),
        ("/docs", shown.docs),
        ("/openapi.json", shown.openapi),
        ("/notices", shown.notices),
        ("/notices/{notice_id}", shown.notice),
        ("/board", shown.board),
        ("/projects/{project_id}", shown.project),
        ("/disclosures/{disclosure_id}", shown.disclosure),
        ("/owners-votes/{vote_id}", shown.owners_vote),
        ("/certificates/{code}", shown.certificate),
        ("/web/{name}", shown.file),
        ("/favicon.ico", shown.icon),
        ("/events", published.events),
        ("/events/{type}", published.event),
        ("/asyncapi.json", published.asyncapi),
        ("/problems", found.problems),
        ("/problems/{code}", found.problem),
        ("/robots.txt", found.robots),
        ("/.well-known/security.txt", found.security),
    )
