"""The pages of docs/roles as something that can be carried out.

A block of a page that begins with ```http is one call: who (`as=`), the request as it is sent, and
after an arrow the status and what the answer has at least. In the answer `"<name>"` takes a value
for later blocks and `"…"` stands for anything; a list of one means that such an element is in it.
`until` repeats the question until the answer fits. What others do meanwhile stands in comments, in
the same form, so that a page needs no other page.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from fivered.clients.demo.api import token
from fivered.clients.demo.district import PEOPLE
from testkit.waiting import wait_until

_BLOCK = re.compile(r"^(?:```|<!-- )http([^\n]*)\n(.*?)^(?:```|-->)", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"<([a-z_0-9]+)>")
_PATIENCE_S = 30


@dataclass(frozen=True)
class Call:
    """One call of a page."""

    page: str
    who: str
    until: bool
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: Any


def calls_of(path: Path) -> list[Call]:
    """Read the calls of a page, in order."""
    return [
        _read(path.name, words, text) for words, text in _BLOCK.findall(path.read_text("utf-8"))
    ]


def _read(page: str, words: str, text: str) -> Call:
    request, arrow, answer = text.partition("→ ")
    assert arrow, f"{page}: no answer in\n{text}"
    head, _, body = request.partition("\n\n")
    first, *headers = head.splitlines()
    method, _, path = first.partition(" ")
    status, _, pattern = answer.partition("\n")
    marks = dict(word.partition("=")[::2] for word in words.split())
    return Call(
        page,
        marks.get("as", ""),
        "until" in marks,
        method,
        path.strip(),
        dict(line.split(": ", 1) for line in headers if line.strip()),
        body.strip(),
        int(status.split()[0]),
        json.loads(pattern) if pattern.strip() else None,
    )


class Reader:
    """Carries out pages against a system; what it has learnt stays from page to page."""

    def __init__(self, address: str, key: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=20, trust_env=False)
        self._key = key
        self.known: dict[str, Any] = {}

    def close(self) -> None:
        self._client.close()

    def do(self, call: Call) -> None:
        """Make a call, and compare what comes back with what the page says."""
        said = ""

        def fits() -> bool:
            nonlocal said
            answer = self._send(call)
            got = answer.json() if answer.content and "json" in answer.headers.get(
                "content-type", ""
            ) else answer.text  # fmt: skip
            said = f"{answer.status_code} {json.dumps(got, ensure_ascii=False, indent=1)}"
            return answer.status_code == call.status and (
                call.answer is None or self._same(call.answer, got)
            )

        done = wait_until(fits, _PATIENCE_S, every=0.05) if call.until else fits()
        assert done, f"{call.page}: {call.method} {call.path}\n{call.body}\nanswers {said}"

    def _send(self, call: Call) -> httpx.Response:
        headers = {name: self._filled(value) for name, value in call.headers.items()}
        headers.pop("Authorization", None)
        if call.who:
            headers["Authorization"] = f"Bearer {token(self._key, PEOPLE[call.who])}"
        body = self._filled(call.body)
        if body:
            headers["Content-Type"] = "application/json"
        encoded = {name: value.encode() for name, value in headers.items()}
        return self._client.request(
            call.method, self._filled(call.path), headers=encoded, content=body.encode()
        )

    def _filled(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            known = self.known[found[1]]
            return known if isinstance(known, str) else json.dumps(known, ensure_ascii=False)

        return _NAME.sub(value, text)

    def _same(self, pattern: Any, got: Any) -> bool:
        if isinstance(pattern, str):
            if pattern == "…":
                return True
            taken = _NAME.fullmatch(pattern)
            if taken:
                self.known[taken[1]] = got
                return got is not None
            return got == self._filled(pattern)
        if isinstance(pattern, dict):
            return isinstance(got, dict) and all(
                name == "…" or (name in got and self._same(wanted, got[name]))
                for name, wanted in pattern.items()
            )
        if isinstance(pattern, list):
            return isinstance(got, list) and all(
                any(self._same(wanted, one) for one in got) for wanted in pattern
            )
        return got == pattern and type(got) is type(pattern)
