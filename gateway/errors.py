"""Refusals of the gateway itself, and the one place where a failure becomes problem+json."""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from fivered.chassis.i18n import problem_of
from fivered.chassis.messages import new_uuid
from fivered.chassis.refusal import (
    Complaint,
    Faulted,
    Flawed,
    InFlight,
    NotFound,
    Problem,
    Refusal,
    RoleDenied,
)
from fivered.chassis.rpc import CallFaulted, CallRefused, OutcomeUnknown, ServiceUnavailable
from fivered.gateway.context import Context, context_of, template_of
from fivered.gateway.markup import both, html_response

log = logging.getLogger("fivered.gateway")

MEDIA_TYPE = "application/problem+json"
# Where a code can be looked up; relative, so that it holds at whatever address this answers.
TYPE = "/problems/"


class TokenRequired(Refusal):
    status = 401
    everyday = True
    text = (
        "请先登录:需要 Authorization: Bearer 令牌"
        " / Sign in first: an Authorization: Bearer token is needed"
    )


class TokenInvalid(Refusal):
    status = 401
    text = "令牌无效 / The token is not valid"


class TokenExpired(Refusal):
    status = 401
    everyday = True
    text = "令牌已过期,请重新登录 / The token has expired; sign in again"


class SessionEnded(TokenExpired):
    """Ended by the person elsewhere, by an administrator, or by a token that came twice."""

    code = "SESSION_ENDED"
    text = (
        "登录已结束(在别处退出、密码或账号有变动),请重新登录"
        " / The session was ended (signed out elsewhere, or a change of the account); sign in again"
    )


class TokenOutdated(Refusal):
    """A right has ended since the token was made; the next token knows the others."""

    status = 401
    everyday = True
    text = (
        "授权已变更,请刷新登录后重试 / Your rights have changed; refresh the session and try again"
    )


class ScopeLacking(Refusal):
    """A service account enters only what its scopes name."""

    status = 403
    text = (
        "此系统账号的范围({scopes})不含 {door}"
        " / The scopes of this service account ({scopes}) do not hold {door}"
    )


class NoRole(RoleDenied):
    text = (
        "您目前没有可用的角色;工作人员请先启用身份验证器"
        " / You act in no role now; staff turn on an authenticator first"
    )


class ActingRoleRequired(Refusal):
    status = 400
    text = (
        "您拥有多个角色({roles}),请在 X-Acting-Role 中说明以哪个角色办理"
        " / You hold several roles ({roles}); say in X-Acting-Role in which one you act"
    )


class ActingRoleUnreadable(Refusal):
    status = 400
    text = (
        "无法读取 X-Acting-Role,应为 R_CADRE 或 R_CADRE;scope=370811015901"
        " / X-Acting-Role cannot be read; it is R_CADRE or R_CADRE;scope=370811015901"
    )


class RoleNotGranted(RoleDenied):
    text = "您没有角色 {role} 的授权 / The role {role} is not granted to you, or not there"


class KeyUnreadable(Refusal):
    status = 400
    text = (
        "Idempotency-Key 应为 1 至 200 个可见 ASCII 字符"
        " / An Idempotency-Key is 1 to 200 visible ASCII characters"
    )


class IfMatchUnreadable(Refusal):
    status = 400
    text = (
        '无法读取 If-Match,应为版本号,例如 "3"'
        ' / If-Match cannot be read; it is a version, for example "3"'
    )


class BodyUnreadable(Refusal):
    status = 400
    text = "请求正文不是有效的 JSON 对象 / The body is no JSON object"


class BodyTooDeep(Refusal):
    status = 400
    text = "请求正文嵌套超过 {limit} 层 / The body is nested deeper than {limit} levels"


class RequestUnreadable(Refusal):
    status = 400
    text = "不是有效的 HTTP 请求 / This is no valid HTTP request"


class HeadTooLarge(Refusal):
    status = 431
    text = (
        "请求头超过 {limit} 字节或 {count} 项"
        " / The head of the request is longer than {limit} bytes or has more than {count} headers"
    )


class HeadTooSlow(Refusal):
    status = 408
    text = (
        "请求头未在 {seconds} 秒内到达 / The head of the request has not arrived within {seconds} s"
    )


class HostTwice(Refusal):
    status = 400
    text = "请求只能有一个 Host 头 / A request has one Host header"


class BodyTooMany(Refusal):
    status = 413
    text = "请求正文超过 {limit} 个值 / The body holds more than {limit} values"


class BodyTooLarge(Refusal):
    status = 413
    text = "请求正文超过 {limit} 字节 / The body is longer than {limit} bytes"


class BodyTooSlow(Refusal):
    status = 408
    text = "请求正文未在 {seconds} 秒内到达 / The body has not arrived within {seconds} seconds"


class MediaTypeUnknown(Refusal):
    status = 415
    text = "请求正文必须是 application/json / The body must be application/json"


class FileTypeUnknown(Refusal):
    status = 415
    text = (
        "请上传 CSV(UTF-8 或 GB18030)或 .xlsx:text/csv、{xlsx},或含一个文件的表单"
        " / Send CSV (UTF-8 or GB18030) or .xlsx: text/csv, {xlsx}, or multipart/form-data with "
        "one file"
    )


class FormUnreadable(Refusal):
    status = 400
    text = (
        "表单无法读取:应含且只含一个文件 / The form cannot be read: it holds one file, and one only"
    )


class TooManyRequests(Refusal):
    """One person or address asks more than its share."""

    status = 429
    text = "请求过于频繁,请在 {seconds} 秒后重试 / Too many requests; come again in {seconds} s"


class Busy(Refusal):
    """More requests are being served than we can hold."""

    status = 503
    text = "系统繁忙,请稍后重试 / The system is busy; come again in a moment"


class StreamsTaken(Refusal):
    """Others listen to all streams that this gateway serves."""

    status = 503
    text = (
        "事件流已达上限({limit}),请稍后重试,或用 GET /v1/events"
        " / All {limit} streams are taken; come again in a moment, or use GET /v1/events"
    )


class ExportsTaken(Refusal):
    """Others have their files written in this gateway."""

    status = 503
    text = (
        "正在导出的文件已达上限({limit}),请稍后重试"
        " / {limit} files are being written already; come again in a moment"
    )


class ExportTooLarge(Refusal):
    """A file has so many rows at most; the list is narrowed by its filters."""

    text = (
        "列表超过 {limit} 行,请先筛选再导出"
        " / The list has more than {limit} rows; narrow it by its filters first"
    )


class Unavailable(Refusal):
    code = "SERVICE_UNAVAILABLE"
    status = 503
    text = (
        "服务 {service} 暂时不可用,请求未被执行,请稍后重试"
        " / The service {service} is not available; nothing has happened, come again in a moment"
    )


class Unknown(Refusal):
    code = "OUTCOME_UNKNOWN"
    status = 503
    text = (
        "服务 {service} 未在限时内答复,结果未知;请用同一 Idempotency-Key 重试"
        " / The service {service} has not answered in time and the outcome is unknown; repeat "
        "with the same Idempotency-Key"
    )


class NoSuchPath(NotFound):
    text = "没有这个地址:{path} / There is no such address: {path}"


class CapabilityMissing(NotFound):
    code = "CAPABILITY_MISSING"
    text = "本系统未安装服务 {service} / The service {service} is not part of this installation"


class MethodNotAllowed(Refusal):
    status = 405
    text = "此地址不支持 {method} / This address does not take {method}"


class HttpRefused(Refusal):
    """The framework refused for a reason that we do not know by name."""

    text = "请求被拒绝(HTTP {http_status}) / The request was refused (HTTP {http_status})"


TITLES: dict[int, tuple[str, str]] = {
    400: ("请求有误", "Bad request"),
    401: ("需要登录", "Not signed in"),
    403: ("无权办理", "Not permitted"),
    404: ("未找到", "Not found"),
    405: ("方法不支持", "Method not allowed"),
    408: ("请求超时", "Request timeout"),
    409: ("状态冲突", "Conflict"),
    410: ("已过保存期限", "Gone"),
    412: ("数据已变化", "Precondition failed"),
    413: ("请求过大", "Content too large"),
    415: ("格式不支持", "Unsupported media type"),
    422: ("条件不满足", "Refused by a rule"),
    428: ("缺少版本号", "Precondition required"),
    429: ("请求过多", "Too many requests"),
    500: ("内部错误", "Internal fault"),
    503: ("暂时不可用", "Temporarily unavailable"),
    507: ("存储空间不足", "Insufficient storage"),
}


class ProblemDocument(TypedDict):
    """RFC 9457;`code` 稳定不变,`detail` 按 Accept-Language / `code` is stable, `detail` follows
    Accept-Language."""

    type: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    title: str
    status: int
    detail: str
    instance: str
    code: str
    guard: str | None
    field: str | None
    params: dict[str, str]
    message_zh: str
    message_en: str
    trace_id: str
    errors: NotRequired[list[Complaint]]


def document_of(context: Context, path: str, refused: Problem) -> ProblemDocument:
    """Return a refusal, perhaps from over the wire, as the caller reads it.

    Args:
        context: Language and trace of the request.
        path: The request's path.
        refused: What `fivered.chassis.i18n.problem_of` gives.
    """
    code = str(refused.get("code") or "REFUSED")
    given = refused.get("status")
    status = given if isinstance(given, int) and 400 <= given <= 599 else 422
    zh = str(refused.get("message_zh") or refused.get("message_en") or code)
    en = str(refused.get("message_en") or zh)
    title = TITLES.get(status) or (http.HTTPStatus(status).phrase,) * 2
    document: ProblemDocument = {
        "type": TYPE + (refused.get("guard") or code),
        "title": title[context.lang == "en"],
        "status": status,
        "detail": en if context.lang == "en" else zh,
        "instance": path,
        "code": code,
        "guard": refused.get("guard"),
        "field": refused.get("field") or None,
        "params": refused.get("params") or {},
        "message_zh": zh,
        "message_en": en,
        "trace_id": context.trace_id,
    }
    if "errors" in refused:
        document["errors"] = refused["errors"]
    return document


def problem(
    context: Context, path: str, refused: Problem, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a refusal as problem+json; see `document_of`."""
    document = document_of(context, path, refused)
    return Response(
        msgspec.json.encode(document),
        document["status"],
        {
            "Content-Language": "en" if context.lang == "en" else "zh-CN",
            "Vary": "Accept-Language",
            **(headers or {}),
        },
        MEDIA_TYPE,
    )


def explain(error: Exception, scope: Scope) -> tuple[Problem, dict[str, str]]:
    """Return (refusal, headers) of any failure of a request; the one table of them all.

    The text of an exception that is not a refusal never reaches the caller.
    """
    headers: dict[str, str] = {}
    refused: Problem
    match error:
        case CallRefused():
            refused = error.payload
            seconds = (refused.get("params") or {}).get("seconds")
            if refused.get("code") == InFlight.code:
                headers["Retry-After"] = "1"
            elif refused.get("status") == 429 and seconds is not None:
                headers["Retry-After"] = str(seconds)
        case ServiceUnavailable():
            headers["Retry-After"] = str(error.retry_after_s)
            refused = _payload(Unavailable(service=error.service))
        case OutcomeUnknown():
            headers["Retry-After"] = "1"
            refused = _payload(Unknown(service=error.service))
        case CallFaulted():
            refused = _payload(Faulted(fault_id=error.fault_id))
        case Refusal():
            headers |= _headers_of(error)
            refused = _payload(error)
        case HTTPException(status_code=404):
            refused = _payload(NoSuchPath(path=scope["path"]))
        case HTTPException(status_code=405):
            headers |= error.headers or {}
            refused = _payload(MethodNotAllowed(method=""))
        case HTTPException():
            refused = _payload(HttpRefused(http_status=error.status_code))
            refused["status"] = error.status_code
        case _:
            fault_id = new_uuid()
            said = {"fault_id": fault_id, "path": template_of(scope)}
            log.error("gateway_fault", exc_info=error, extra=said)
            refused = _payload(Faulted(fault_id=fault_id))
    return refused, headers


def _payload(refusal: Refusal) -> Problem:
    words = refusal.words if isinstance(refusal, Flawed) else ""
    return problem_of(refusal, words or "fivered.gateway")


def _headers_of(refusal: Refusal) -> dict[str, str]:
    if refusal.status == 401:
        said = "" if isinstance(refusal, TokenRequired) else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="fivered"{said}'}
    if isinstance(refusal, ScopeLacking):
        # RFC 6750 3.1
        return {"WWW-Authenticate": 'Bearer realm="fivered", error="insufficient_scope"'}
    if isinstance(refusal, TooManyRequests):
        return {"Retry-After": str(refusal.params["seconds"])}
    if isinstance(refusal, Busy):
        return {"Retry-After": "1"}
    if isinstance(refusal, ExportsTaken | StreamsTaken):
        return {"Retry-After": "10"}
    return {}


def _methods_of(request: Request) -> set[str]:
    """Return every method of a path; the router names those of the first route only."""
    return {
        method
        for route in request.app.routes
        if route.matches({**request.scope, "method": ""})[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }


def _looks_at_pages(request: Request) -> bool:
    """Tell whether somebody who reads asks for a page: the doors answer programs."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get(
        "accept", ""
    )


def answer_error(request: Request, error: Exception) -> Response:
    """Answer any failure."""
    path = request.url.path
    refused, headers = explain(error, request.scope)
    if isinstance(error, HTTPException) and error.status_code == 405:
        refused = _payload(MethodNotAllowed(method=f"HTTP {request.method}"))
        headers["Allow"] = ", ".join(sorted(_methods_of(request)))
    request.scope["fivered.refused"] = refused["code"]
    if refused["status"] == 404 and _looks_at_pages(request):
        demo = request.app.state.gate.settings.demo_clock
        said = f"{refused['message_zh']} / {refused['message_en']}"
        body = f'<main id="main"><h1>404</h1><p>{both(said)}</p></main>'
        answer = html_response("404", body, demo=demo, installed=(), status=404)
        answer.headers["Vary"] = "Accept"
        return answer
    return problem(context_of(request), path, refused, headers=headers)
