"""What another system may do by each scope of its service account. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Scope(NamedTuple):
    """One scope.

    Attributes:
        role: As what the system acts there; "" where it opens what everybody may read only.
        doors: Verb and path of each door that it opens, beside the public ones.
        text: "中文 / English".
    """

    role: str
    doors: tuple[str, ...]
    text: str


# An office that takes requests in: it writes a hotline's references, and is shown nobody's name or
# phone.
_DESK = "R_STREET"
_REQUESTS = (
    "POST /v1/steward/requests",
    "GET /v1/steward/requests",
    "GET /v1/steward/requests/{request_id}",
    "GET /v1/steward/requests/{request_id}/timeline",
)
_INTAKE = (
    "POST /v1/steward/intake/wechat",
    "POST /v1/steward/intake/12345",
    "GET /v1/steward/intake",
    "GET /v1/steward/intake/{item_id}",
    "GET /v1/steward/intake-results",
)
# The addresses of the standard, at which the gateway translates.
_OPEN311 = tuple(
    f"{verb} /open311/v2/{path}.{form}"
    for form in ("json", "xml")
    for verb, path in (
        ("POST", "requests"),
        ("GET", "requests"),
        ("GET", "requests/{service_request_id}"),
        ("GET", "tokens/{token}"),
        ("GET", "servicerequestupdates"),
        ("POST", "servicerequestupdates"),
    )
)
SCOPES: dict[str, Scope] = {
    "hotline.intake": Scope(
        _DESK,
        (*_REQUESTS, *_INTAKE),
        "热线、群聊:提交并跟踪本区域诉求,读取回传结果 / A hotline or a chat: file and follow"
        " requests of an area, and read what became of them",
    ),
    "open311": Scope(
        _DESK,
        (*_REQUESTS, *_OPEN311),
        "Open311:提交并跟踪本区域诉求 / Open311: file and follow requests of an area",
    ),
    "events.read": Scope(
        "R_CONSUMER",
        ("GET /v1/events", "GET /v1/events/stream"),
        "读取本区域的公开事件 / Read the public events of an area",
    ),
    "public.read": Scope(
        "", (), "公开查询,单独计算频次 / What everybody may read, with a rate of its own"
    ),
}


def asked(held: Iterable[str], text: str | None) -> tuple[str, ...]:
    """Return which scopes a token is to have: those asked for (RFC 6749 3.3), or all.

    Raises:
        KeyError: One of them is not held.
    """
    known = tuple(held)
    if text is None or not text.split():
        return known
    wanted = tuple(dict.fromkeys(text.split()))
    for one in wanted:
        if one not in known:
            raise KeyError(one)
    return wanted


def told(names: Iterable[str], area: str) -> list[dict[str, object]]:
    """Return scopes as a token says them."""
    return [
        {
            "name": name,
            "doors": list(SCOPES[name].doors),
            "grant": {"role": SCOPES[name].role, "scope": area} if SCOPES[name].role else None,
        }
        for name in names
    ]
