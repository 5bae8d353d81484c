"""Open311 GeoReport v2 over the doors of steward: a translation, and no rule of its own.

Programs that speak Open311 name formats in the address, send forms, and expect lists and that
standard's errors. What is filed, and what everybody may read, says steward.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, cast
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET  # nosec B405  # writes only, reads nothing

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis.calendar import with_zone
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.messages import PUBLIC, Actor, new_uuid
from fivered.chassis.refusal import Refusal
from fivered.chassis.rpc import CallFailed, CallRefused, ServiceUnavailable
from fivered.gateway.context import context_of
from fivered.gateway.dispatch import Gate
from fivered.gateway.documents import public_url, rows_of
from fivered.gateway.doors import Doors
from fivered.gateway.errors import TokenRequired, explain
from fivered.gateway.limits import read_body

BASE: Final = "/open311/v2"
SERVICE: Final = "steward"
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
# As whom a service account files; the scope `open311` grants it.
_FILERS = ("R_STREET",)
_FORMS: Final = {"json": "application/json", "xml": "text/xml"}
_FORM_TYPES = ("application/x-www-form-urlencoded", "")
# The standard: 1,000 requests, or the last 90 days, whichever is fewer.
_MOST = 1000
_PAGE = 200
_MOST_FIELDS = 60
_GRID = re.compile(r"[0-9]{15}")
_ATTRIBUTE = re.compile(r"attribute\[([a-z_]{1,40})\]")
_AREA = re.compile(r"[0-9]{6,15}")
_LINK = re.compile(r"https?://[A-Za-z0-9.:-]{1,200}(/[!-~]{0,300})?")
# How long a key's token is used again, well within its ten minutes.
_KEPT_S = 300.0
_MOST_KEYS = 200
# So often, and after so long (s), a key is tried again whose token nobody can check yet.
_TRIES = 20
_PAUSE_S = 0.1
_UPDATES = uuid.UUID("7b1f0d7e-3c55-4c0e-9d0a-6f5b1d3c9a11")
_NOT_FOUND = 404
Rows = list[JsonObject]
Told = Callable[[Request], Awaitable[tuple[str, str, Rows]]]


class NotGiven(Refusal):
    """A member that the standard asks for is missing, or cannot be read."""

    code = "INVALID"
    status = 400
    text = "缺少或无法读取:{name} / Missing, or not readable: {name}"


class NotFoundHere(Refusal):
    """No such jurisdiction, service, request or token."""

    code = "NOT_FOUND"
    status = 404
    text = "没有此 {name} / There is no such {name}"


class NowhereHere(Refusal):
    """What is named lies in no place that is registered or drawn."""

    code = "INVALID"
    status = 400
    text = "{name} 不在已登记的范围内 / {name} lies in no place that is registered here"


class KeyRefused(Refusal):
    """The key is missing, or none of ours."""

    code = "KEY_REFUSED"
    status = 403
    text = (
        "api_key 缺失或无效,应为系统账号编号、冒号、密钥"
        " / The api_key is missing or wrong; it is the service account's id, a colon, its secret"
    )


class Open311:
    """What serves the addresses of the standard.

    Args:
        gate: The bus, the limits, and who people are.
        installed: The doors of each service that is here.
    """

    def __init__(self, gate: Gate, installed: Mapping[str, Doors]) -> None:
        self._gate = gate
        self._installed = installed
        # By the digest of a key: its token, and until when it is used.
        self._tokens: dict[str, tuple[str, float]] = {}

    def addresses(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Response]]]]:
        """Return (verb, address, what serves it); none where steward is not installed."""
        if SERVICE not in self._installed:
            return []
        told: tuple[tuple[str, str, Told], ...] = (
            ("GET", "/discovery", self.discovery),
            ("GET", "/services", self.services),
            ("GET", "/services/{service_code}", self.service),
            ("GET", "/requests", self.requests),
            ("POST", "/requests", self.file),
            ("GET", "/requests/{service_request_id}", self.request),
            ("GET", "/tokens/{token}", self.token),
            ("GET", "/servicerequestupdates", self.updates),
            ("POST", "/servicerequestupdates", self.update),
        )
        return [
            (verb, f"{BASE}{path}.{form}", _serving(tell, form))
            for form in _FORMS
            for verb, path, tell in told
        ]

    # ----------------------------------------------------------------------------------------------
    # Who asks

    def _public(self, request: Request) -> Actor:
        return self._gate.admit(request, (PUBLIC,), service=SERVICE)

    async def _keyed(self, request: Request, key: str | None) -> Actor | None:
        """Return as whom the holder of a key acts; None where there is none.

        Raises:
            KeyRefused: It is none of ours, or has no right here.
        """
        if key is not None:
            token = await self._token_of(request, key)
            headers = [h for h in request.scope["headers"] if h[0] != b"authorization"]
            request.scope["headers"] = [*headers, (b"authorization", f"Bearer {token}".encode())]
            request.__dict__.pop("_headers", None)
        if "authorization" not in request.headers:
            return None
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._gate.admit(request, _FILERS, service=SERVICE)
            except ServiceUnavailable:
                # What a token is signed with is heard of soon after the first one was made.
                if not tries_left:
                    raise
                await asyncio.sleep(_PAUSE_S)
            except Refusal as refusal:
                if refusal.status in {401, 403}:
                    raise KeyRefused from None
                raise
        return None

    async def _token_of(self, request: Request, key: str) -> str:
        digest = hashlib.sha256(key.encode()).hexdigest()
        kept = self._tokens.get(digest)
        now = time.monotonic()
        if kept is not None and kept[1] > now:
            return kept[0]
        client, _, secret = key.partition(":")
        if not client or not secret or "identity" not in self._installed:
            raise KeyRefused
        asked: JsonObject = {
            "grant_type": "client_credentials", "client_id": client, "client_secret": secret,
        }  # fmt: skip
        try:
            given = await self._gate.call(
                request, "identity", "issue_token", asked,
                actor=self._gate.stranger(request), key=new_uuid(),
            )  # fmt: skip
        except CallRefused as refused:
            if refused.payload.get("code") == "RATE_LIMIT":
                raise
            raise KeyRefused from None
        if len(self._tokens) >= _MOST_KEYS:
            self._tokens.clear()
        token = str(given["access_token"])
        self._tokens[digest] = (token, now + _KEPT_S)
        return token

    async def _reader(self, request: Request) -> Actor:
        """Return who reads: another system by its key, or anybody."""
        key = request.query_params.get("api_key") or request.headers.get("x-api-key")
        return await self._keyed(request, key) or self._public(request)

    async def _ask(
        self, request: Request, method: str, body: JsonObject, actor: Actor, key: str | None = None
    ) -> JsonObject:
        told = await self._gate.call(request, SERVICE, method, body, actor=actor, key=key)
        return cast("JsonObject", told)

    async def _scope(self, request: Request, asked: str | None, actor: Actor) -> JsonObject:
        """Return the area that a jurisdiction names, as a filter; none names all.

        Raises:
            NotFoundHere: There is no such area.
        """
        if not asked:
            return {}
        try:
            if _AREA.fullmatch(asked) is None:
                raise NotFoundHere(name="jurisdiction_id")
            await self._ask(request, "area", {"code": asked}, actor)
        except CallRefused:
            raise NotFoundHere(name="jurisdiction_id") from None
        return {"scope": asked}

    # ----------------------------------------------------------------------------------------------
    # What is told

    async def discovery(self, request: Request) -> tuple[str, str, Rows]:
        """Say where this stands, and how to get a key."""
        self._public(request)
        at = public_url(self._gate.settings)
        endpoint: JsonObject = {
            "specification": SPECIFICATION,
            "url": f"{at}{BASE}",
            "changeset": "2026-12-01T00:00:00+08:00",
            "type": "production" if not self._gate.settings.demo_clock else "test",
            "formats": list(_FORMS.values()),
        }
        told: JsonObject = {
            "changeset": "2026-12-01T00:00:00+08:00",
            "contact": self._gate.settings.contact or at,
            "key_service": f"{at}/docs#identity",
            "endpoints": [endpoint],
        }
        return "discovery", "endpoint", [told]

    async def services(self, request: Request) -> tuple[str, str, Rows]:
        """List the categories of requests."""
        actor = self._public(request)
        await self._scope(request, request.query_params.get("jurisdiction_id"), actor)
        english = context_of(request).lang == "en"
        return "services", "service", [_service(one, english) for one in await self._all(request)]

    async def _all(self, request: Request) -> Rows:
        return rows_of(await self._ask(request, "request_categories", {}, self._public(request)))

    async def _category(self, request: Request, code: str) -> JsonObject:
        for one in await self._all(request):
            if one["category"] == code:
                return one
        raise NotFoundHere(name="service_code")

    async def service(self, request: Request) -> tuple[str, str, Rows]:
        """Say what may be told beside the members of the standard."""
        code = request.path_params["service_code"]
        await self._category(request, code)
        attributes: list[Json] = [
            _attribute(1, "building", "string", "楼栋 / Building, as the grid calls it"),
            _attribute(2, "indoor", "singlevaluelist", "是否户内 / Whether it is inside a home",
                       (("true", "户内 / indoors"), ("false", "公共部位 / common part"))),
            _attribute(3, "external_id", "string", "来源系统编号,用于去重 / Your own number"),
        ]  # fmt: skip
        told: JsonObject = {"service_code": code, "attributes": attributes}
        return "service_definition", "", [told]

    async def requests(self, request: Request) -> tuple[str, str, Rows]:
        """List how requests go, newest first."""
        actor = await self._reader(request)
        asked = request.query_params
        body = await self._scope(request, asked.get("jurisdiction_id"), actor)
        body |= _listed(asked, "number", "service_request_id")
        body |= _listed(asked, "category", "service_code")
        body |= _times(asked)
        status = set((asked.get("status") or "open,closed").split(","))
        if not status <= {"open", "closed"}:
            raise NotGiven(name="status")
        if len(status) == 1:
            body["open"] = status == {"open"}
        rows = await self._paged(request, "open_requests", body, actor)
        return "requests", "request", [await self._request(request, one) for one in rows]

    async def _paged(self, request: Request, method: str, body: JsonObject, actor: Actor) -> Rows:
        found: Rows = []
        cursor: Json = None
        while len(found) < _MOST:
            part: JsonObject = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            told = await self._ask(request, method, body | part, actor)
            found += rows_of(told)
            cursor = told.get("next")
            if not cursor:
                break
        return found[:_MOST]

    async def _request(self, request: Request, one: JsonObject) -> JsonObject:
        english = context_of(request).lang == "en"
        category = await self._named(request, str(one["category"]))
        return {
            "service_request_id": one["number"],
            "status": "open" if one["open"] else "closed",
            "status_notes": one["state_en" if english else "state_zh"],
            "service_name": category["name_en" if english else "name_zh"],
            "service_code": one["category"],
            "description": None,
            "agency_responsible": one["place"],
            "service_notice": None,
            "requested_datetime": one["filed_at"],
            "updated_datetime": one["updated_at"],
            "expected_datetime": one["due"],
            "address": one["place"],
            "address_id": one["grid"],
            "zipcode": None,
            "lat": one.get("lat"),
            "long": one.get("lon"),
            "media_url": None,
        }

    async def _named(self, request: Request, code: str) -> JsonObject:
        """Return a category by its code, asked for once in a request."""
        known = request.scope.get("fivered.categories")
        if known is None:
            known = {str(one["category"]): one for one in await self._all(request)}
            request.scope["fivered.categories"] = known
        return cast("JsonObject", known[code])

    async def request(self, request: Request) -> tuple[str, str, Rows]:
        """Say how one request goes."""
        actor = await self._reader(request)
        number = request.path_params["service_request_id"]
        told = await self._ask(request, "open_requests", {"number": [number]}, actor)
        rows = rows_of(told)
        if not rows:
            raise NotFoundHere(name="service_request_id")
        return "requests", "request", [await self._request(request, rows[0])]

    async def token(self, request: Request) -> tuple[str, str, Rows]:
        """Say which request a token stands for: numbers are given at once, so it is the number."""
        _, _, rows = await self.request(_as(request, "token"))
        number = rows[0]["service_request_id"]
        return "service_requests", "request", [{"service_request_id": number, "token": number}]

    async def updates(self, request: Request) -> tuple[str, str, Rows]:
        """List what was done about requests, oldest first."""
        actor = await self._reader(request)
        asked = request.query_params
        english = context_of(request).lang == "en"
        body = await self._scope(request, asked.get("jurisdiction_id"), actor)
        body |= _listed(asked, "number", "service_request_id") | _times(asked)
        rows = await self._paged(request, "open_request_steps", body, actor)
        told: Rows = [
            {
                "update_id": one["id"],
                "service_request_id": one["number"],
                "status": "open" if one["open"] else "closed",
                "updated_datetime": one["at"],
                "description": one["text_en" if english else "text_zh"],
                "media_url": None,
            }
            for one in rows
        ]
        return "service_request_updates", "request_update", told

    # ----------------------------------------------------------------------------------------------
    # Filing

    async def file(self, request: Request) -> tuple[str, str, Rows]:
        """File a request as the service account whose key comes with it."""
        form = await self._form(request)
        actor = await self._keyed(request, form.get("api_key") or request.headers.get("x-api-key"))
        if actor is None:
            raise KeyRefused
        await self._scope(request, form.get("jurisdiction_id"), actor)
        code = form.get("service_code")
        if not code:
            raise NotGiven(name="service_code")
        category = await self._category(request, code)
        body: JsonObject = {"channel": "APP", "kind": category["kind"], "category": code}
        body |= await self._where(request, form, actor)
        building = form.get("attribute[building]")
        if building:
            body["building"] = building
        if form.get("attribute[indoor]") == "true":
            body["indoor"] = True
        external = form.get("attribute[external_id]")
        if external:
            body["external_ref"] = external
        body["text"] = _text_of(form, str(category["name_zh"]))
        reply = await self._ask(request, "submit_request", body, actor, key=new_uuid())
        advice = reply.get("advice")
        told: JsonObject = {
            "service_request_id": reply["number"],
            "service_notice": advice,
            "account_id": None,
        }
        return "service_requests", "request", [told]

    async def update(self, request: Request) -> tuple[str, str, Rows]:
        """Add to a request as the service account that has filed it; the same `update_id` is the
        same update."""
        form = await self._form(request)
        actor = await self._keyed(request, form.get("api_key") or request.headers.get("x-api-key"))
        if actor is None:
            raise KeyRefused
        await self._scope(request, form.get("jurisdiction_id"), actor)
        number, said = form.get("service_request_id"), form.get("description")
        if not number or not said:
            raise NotGiven(name="description" if number else "service_request_id")
        found = rows_of(await self._ask(request, "requests", {"number": number}, actor))
        if [one["number"] for one in found] != [number]:
            raise NotFoundHere(name="service_request_id")
        # That it is done says who handles it; what the other system thinks of it is told.
        status = form.get("status", "open")
        more = [f"来源系统状态:{status}"] if status.lower() != "open" else []
        more += [f"图片(外部链接):{link}"] if (link := _link(form)) else []
        known = form.get("update_id")
        key = str(uuid.uuid5(_UPDATES, f"{actor.id} {number} {known}")) if known else new_uuid()
        body: JsonObject = {"request_id": found[0]["id"], "text": "\n".join([said, *more])}
        try:
            reply = await self._ask(request, "add_note", body, actor, key=key)
        except CallRefused as refused:
            if refused.payload.get("status") == _NOT_FOUND:
                raise NotFoundHere(name="service_request_id") from None
            raise
        told: JsonObject = {"update_id": reply["id"], "service_request_id": number}
        return "service_request_updates", "request_update", [told]

    async def _form(self, request: Request) -> dict[str, str]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _FORM_TYPES:
            raise NotGiven(name="Content-Type: application/x-www-form-urlencoded")
        content = await read_body(request, self._gate.settings)
        try:
            pairs = parse_qsl(content.decode(), errors="strict", max_num_fields=_MOST_FIELDS)
        except (UnicodeDecodeError, ValueError):
            raise NotGiven(name="application/x-www-form-urlencoded") from None
        # Members of the standard that are not kept here (account_id, device_id) are no mistake.
        return {name: one.strip() for name, one in pairs if one.strip()}

    async def _where(self, request: Request, form: Mapping[str, str], actor: Actor) -> JsonObject:
        """Return grid and building of what is filed.

        Raises:
            NotGiven: It names no place.
            NowhereHere: It lies nowhere that is known here.
        """
        at = form.get("address_id")
        if at is not None and _GRID.fullmatch(at):
            return {"grid": at}
        if at is not None:
            try:
                place = await self._ask(request, "place", {"place_code": at}, actor)
            except CallRefused:
                raise NowhereHere(name="address_id") from None
            if place.get("grid"):
                return {"grid": place["grid"], "building": place["name"]}
            raise NowhereHere(name="address_id")
        try:
            lat, lon = float(form["lat"]), float(form["long"])
        except (KeyError, ValueError):
            raise NotGiven(name="lat, long | address_id") from None
        spots = rows_of(await self._ask(request, "locate", {"lat": lat, "lon": lon}, actor))
        if not spots or not spots[0].get("grid"):
            raise NowhereHere(name="lat, long")
        spot = spots[0]
        named = {"building": spot["building_name"]} if spot.get("building_name") else {}
        return {"grid": spot["grid"], **named}


def _as(request: Request, name: str) -> Request:
    request.path_params["service_request_id"] = request.path_params[name]
    return request


def _link(form: Mapping[str, str]) -> str | None:
    """Return where a picture lies with the other system; who reads it is told that it is outside.

    Raises:
        NotGiven: It is no address of the web.
    """
    link = form.get("media_url")
    if link is not None and _LINK.fullmatch(link) is None:
        raise NotGiven(name="media_url")
    return link


def _text_of(form: Mapping[str, str], otherwise: str) -> str:
    """Return what is written down: the description, the address, and where to call back; who reads
    that says steward."""
    said = form.get("description", otherwise)
    name = form.get("last_name", "") + form.get("first_name", "")
    more = [
        f"{word}:{text}"
        for word, text in (
            ("地址", form.get("address_string")), ("联系人", name), ("电话", form.get("phone")),
            ("邮箱", form.get("email")), ("图片(外部链接)", _link(form)),
        )
        if text
    ]  # fmt: skip
    return "\n".join([said, *more])


def _listed(asked: Mapping[str, str], ours: str, theirs: str) -> JsonObject:
    given = asked.get(theirs)
    if not given:
        return {}
    return {ours: [one.strip() for one in given.split(",") if one.strip()]}


def _times(asked: Mapping[str, str]) -> JsonObject:
    """Return the span that is asked for.

    Raises:
        NotGiven: A time is none.
    """
    found: JsonObject = {}
    for ours, theirs in (("start", "start_date"), ("end", "end_date")):
        if asked.get(theirs):
            try:
                # A plus sign that nobody escaped arrives as a blank.
                at = datetime.fromisoformat(asked[theirs].replace(" ", "+"))
            except ValueError:
                raise NotGiven(name=theirs) from None
            found[ours] = with_zone(at).isoformat()
    return found


def _service(one: JsonObject, english: bool) -> JsonObject:
    name = str(one["name_en" if english else "name_zh"])
    return {
        "service_code": one["category"],
        "service_name": name,
        "description": name,
        "metadata": True,
        "type": "realtime",
        "keywords": "",
        "group": one["kind"],
    }


def _attribute(
    order: int, code: str, datatype: str, description: str,
    values: tuple[tuple[str, str], ...] = (),
) -> JsonObject:  # fmt: skip
    told: JsonObject = {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": False,
        "datatype_description": None,
        "order": order,
        "description": description,
    }
    if values:
        told["values"] = [{"key": key, "name": name} for key, name in values]
    return told


# --------------------------------------------------------------------------------------------------
# How it is told


def _serving(tell: Told, form: str) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            root, item, rows = await tell(request)
        except (Refusal, CallFailed) as error:
            return _refused(request, error, form)
        return _written(root, item, rows, form)

    return serve


def _refused(request: Request, error: Exception, form: str) -> Response:
    """Answer in the standard's form of errors; a key that is missing or wrong is its 403."""
    problem, headers = explain(error, request.scope)
    status = problem["status"]
    if isinstance(error, TokenRequired) or status == 401:
        status = 403
    elif status in {409, 422}:
        status = 400
    english = context_of(request).lang == "en"
    told = str(problem["message_en" if english else "message_zh"])
    where = problem.get("field")
    row: JsonObject = {"code": status, "description": f"{where}: {told}" if where else told}
    kept = {name: one for name, one in headers.items() if name.lower() == "retry-after"}
    answer = _written("errors", "error", [row], form, status)
    answer.headers.update(kept)
    return answer


def _written(root: str, item: str, rows: Rows, form: str, status: int = 200) -> Response:
    """Return rows as the standard writes them: a list, or in discovery and definitions the one."""
    alone = root in {"discovery", "service_definition"}
    headers = {"Vary": "Authorization, Accept-Language"}
    if form == "json":
        content = msgspec.json.encode(rows[0] if alone else rows)
        return Response(content, status, headers, _FORMS[form])
    top = ET.Element(root)
    for row in rows:
        _fill(top if alone else ET.SubElement(top, item), row)
    content = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return Response(content, status, headers, _FORMS[form])


# What the members of a list are called in XML.
_ONE = {"endpoints": "endpoint", "formats": "format", "attributes": "attribute", "values": "value"}


def _fill(into: ET.Element, told: JsonObject) -> None:
    for name, value in told.items():
        inner = ET.SubElement(into, name)
        if isinstance(value, list):
            for one in value:
                part = ET.SubElement(inner, _ONE.get(name, "item"))
                if isinstance(one, dict):
                    _fill(part, one)
                else:
                    part.text = _plain(one)
        elif isinstance(value, dict):
            _fill(inner, value)
        elif value is not None:
            inner.text = _plain(value)


# What no XML document may hold.
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _CONTROL.sub("", str(value))
