"""Hands messages to WeChat: template messages of an official account.

A token of the account is asked for once in two hours (`stable_token`, so that several processes do
not end each other's). A person is bound by the code that WeChat's own sign-in gives. A try is one
answer, as with webhooks, and names neither the person nor what was said.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import msgspec

from fivered.chassis import __version__
from fivered.chassis.json_values import JsonObject
from fivered.chassis.webhook_wire import Answer, Deadlines, Line, read_url

# From the first look for the address to the last byte, s.
PATIENCE_S = 5.0
# What a field of a template may be filled with.
PLACES = ("text", "group", "service", "at")
TEMPLATES = (
    re.compile(
        r"((MATTERS|DUTIES|MEETINGS|POINTS|ACCOUNT|\*)=[A-Za-z0-9_-]{8,64}"
        rf"(,[a-z_]{{1,20}}[0-9]{{0,3}}=({'|'.join(PLACES)})){{1,8}}(;|\Z))*\Z"
    ),
    "list of templates: GROUP=TEMPLATE_ID,field=text|group|service|at;… where GROUP may be *",
)
# A `thing` of WeChat takes so many signs.
_MOST_SAID = 20
_SAID = "thing"
# Of the account's token: it is no good (any more). Asked for anew once.
_TOKEN_OVER = {40001, 40014, 42001}
# Of the person: follows the account no more, or refuses it; or is none.
_NOBODY = {40003, 43004, 43101, 43019}
# Before its end a token is asked for anew, s.
_BEFORE_S = 300


@dataclass(frozen=True, slots=True)
class Account:
    """An official account of WeChat.

    Attributes:
        url: Where its interface is, `https://api.weixin.qq.com`.
        app: Its appid.
        secret: Its secret.
    """

    url: str
    app: str
    secret: str


@dataclass(frozen=True, slots=True)
class Template:
    """Which template says a message, and what fills its fields."""

    template_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What fills a template: see `PLACES`."""

    text: str
    group: str
    service: str
    at: str


def templates(setting: str) -> dict[str, Template]:
    """Return the templates of a setting by group of messages; "*" is every other one."""
    found = {}
    for one in filter(None, setting.split(";")):
        (group, template_id), *fields = (part.split("=", 1) for part in one.split(","))
        found[group] = Template(template_id, dict(fields))
    return found


def filled(template: Template, said: Said) -> dict[str, dict[str, str]]:
    """Return the fields of a template as WeChat takes them."""
    values = {
        "text": said.text, "group": said.group, "service": said.service,
        "at": said.at,
    }  # fmt: skip
    return {name: {"value": _cut(name, values[place])} for name, place in template.fields.items()}


def _cut(name: str, value: str) -> str:
    if not name.startswith(_SAID) or len(value) <= _MOST_SAID:
        return value
    return value[: _MOST_SAID - 1] + "…"


class _Tokens:
    """The tokens of accounts, each as long as it is good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Account, tuple[str, float]] = {}

    def get(self, account: Account) -> str | None:
        with self._lock:
            token, until = self._known.get(account, ("", 0.0))
        return token if until > time.monotonic() else None

    def keep(self, account: Account, token: str, good_s: float) -> None:
        with self._lock:
            self._known[account] = (token, time.monotonic() + good_s - _BEFORE_S)

    def drop(self, account: Account) -> None:
        with self._lock:
            self._known.pop(account, None)


_tokens = _Tokens()


def openid_of(account: Account, code: str) -> str | None:
    """Return by what the account knows the person who was given a code by WeChat's sign-in.

    Returns:
        None where WeChat does not know the code, or does not answer.
    """
    asked = {
        "appid": account.app, "secret": str(account.secret), "code": code,
        "grant_type": "authorization_code",
    }  # fmt: skip
    path = f"/sns/oauth2/access_token?{urlencode(asked)}"
    answer, told = _ask(account, path, None, PATIENCE_S)
    found = told.get("openid")
    return found if answer.taken and isinstance(found, str) and found else None


def send(
    account: Account, openid: str, template: Template, said: Said, *, patience_s: float = PATIENCE_S
) -> Answer:
    """Hand one message to WeChat, once.

    Returns:
        200 where WeChat has taken it, 410 where the person follows the account no more, otherwise
        None and WeChat's code.
    """
    body: JsonObject = {
        "touser": openid,
        "template_id": template.template_id,
        "data": msgspec.to_builtins(filled(template, said)),
    }
    answer = _sent(account, body, patience_s)
    if answer.status == _ANEW:
        _tokens.drop(account)
        answer = _sent(account, body, patience_s)
    return Answer(None, answer.why, answer.ms) if answer.status == _ANEW else answer


_ANEW = 401


def _sent(account: Account, body: JsonObject, patience_s: float) -> Answer:
    token = _tokens.get(account)
    if token is None:
        answer, token = _token(account, patience_s)
        if token is None:
            return answer
    path = f"/cgi-bin/message/template/send?{urlencode({'access_token': token})}"
    answer, told = _ask(account, path, body, patience_s)
    if not answer.taken:
        return answer
    code = told.get("errcode", -1)
    if code == 0:
        return answer
    why = f"errcode {code}"
    if code in _TOKEN_OVER:
        return Answer(_ANEW, why, answer.ms)
    return Answer(410 if code in _NOBODY else None, why, answer.ms)


def _token(account: Account, patience_s: float) -> tuple[Answer, str | None]:
    body: JsonObject = {
        "grant_type": "client_credential", "appid": account.app, "secret": str(account.secret),
    }  # fmt: skip
    answer, told = _ask(account, "/cgi-bin/stable_token", body, patience_s)
    token, good_s = told.get("access_token"), told.get("expires_in")
    if not answer.taken or not isinstance(token, str) or not isinstance(good_s, int):
        why = answer.why or f"no token: errcode {told.get('errcode')}"
        return Answer(None, why, answer.ms, answer.after_s), None
    _tokens.keep(account, token, good_s)
    return answer, token


def _ask(
    account: Account, path: str, body: JsonObject | None, patience_s: float
) -> tuple[Answer, JsonObject]:
    """Ask WeChat once; what it says is a JSON object, or nothing."""
    receiver = read_url(account.url.rstrip("/") + path)
    if receiver is None:
        return Answer(None, "the address is none", 0), {}
    headers = {"User-Agent": f"fivered/{__version__}", "Content-Type": "application/json"}
    deadlines = Deadlines()
    end = threading.Timer(patience_s, partial(deadlines.enforce, everything=True))
    end.daemon = True
    end.start()
    method = "GET" if body is None else "POST"
    line = Line(receiver, deadlines, most_s=patience_s, method=method, listens=True)
    try:
        answer = line.post(headers, b"" if body is None else msgspec.json.encode(body))
        told = msgspec.json.decode(line.said or b"{}")
    except msgspec.DecodeError:
        return Answer(None, "it says no JSON", 0), {}
    finally:
        end.cancel()
        line.close()
    return answer, told if isinstance(told, dict) else {}
