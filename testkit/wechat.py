"""The part of WeChat's interface that official accounts are told by, on loopback.

As https://developers.weixin.qq.com/doc/offiaccount says it: `stable_token`, `template/send` and the
web sign-in's `access_token`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

APP, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"


@dataclass
class WeChat:
    """What was asked of it.

    Attributes:
        address: Where it listens.
        codes: openid by the code of a sign-in; each is good once.
        sent: Template messages that were taken.
        errors: errcodes that the next template messages are answered with.
        tokens: How many tokens were given; only the last one is good.
    """

    address: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    tokens: int = 0

    def answer(self, path: str, asked: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        """Return what WeChat says."""
        if path == "/cgi-bin/stable_token":
            if (body["appid"], body["secret"]) != (APP, SECRET):
                return {"errcode": 40125, "errmsg": "invalid appsecret"}
            self.tokens += 1
            return {"access_token": f"token-{self.tokens}", "expires_in": 7200}
        if path == "/sns/oauth2/access_token":
            openid = self.codes.pop(asked["code"], None)
            known = (asked["appid"], asked["secret"]) == (APP, SECRET)
            if openid is None or not known:
                return {"errcode": 40029, "errmsg": "invalid code"}
            return {"openid": openid, "access_token": "own", "expires_in": 7200}  # nosec B105  a word of the stub
        if path == "/cgi-bin/message/template/send":
            if asked["access_token"] != f"token-{self.tokens}":
                return {"errcode": 40001, "errmsg": "invalid credential"}
            if self.errors:
                return {"errcode": self.errors.pop(0), "errmsg": "refused"}
            self.sent.append(body)
            return {"errcode": 0, "errmsg": "ok", "msgid": len(self.sent)}
        return {"errcode": -1, "errmsg": "system busy"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a question."""
        self.do_POST()

    def do_POST(self) -> None:
        """Answer a command."""
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        wechat = cast("_Server", self.server).wechat
        said = json.dumps(wechat.answer(parts.path, asked, body)).encode()
        self.send_response(200)
        # In parts, as WeChat does.
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(said), said))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its base has it
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    wechat: WeChat


@contextmanager
def wechat_server() -> Iterator[WeChat]:
    """Serve on a free port of loopback."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.wechat = WeChat(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.wechat
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
