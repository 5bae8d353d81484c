"""HTTP as the demonstration speaks it: every command has a key of its own, so it may be repeated.

A gateway that restarts, a service that is down and an answer that got lost all look the same from
here: wait, and send the same request with the same key again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt

PATIENCE_S = 180.0


class Refused(Exception):
    """The system said no.

    Attributes:
        problem: The problem+json document.
        status: The HTTP status.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        name = problem.get("guard") or problem.get("code") or status
        super().__init__(f"{name}: {problem.get('message_zh') or problem.get('detail')}")


class StillWaiting(Exception):
    """What the story waits for has not come about in time."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demonstration.

    Attributes:
        name: How the demonstration calls the person, e.g. "secretary".
        person_id: The platform's id.
        grants: (role, area) pairs; the first one is used unless a step names another.
    """

    name: str
    person_id: str
    grants: tuple[tuple[str, str], ...]


def token(key: str, person: Person, hours: float = 12) -> str:
    """Return a bearer token, in the form that the gateway's card describes."""
    now = datetime.now(UTC)
    claims = {
        "iss": "fivered",
        "aud": "fivered.gateway",
        "sub": person.person_id,
        "iat": now,
        "exp": now + timedelta(hours=hours),
        "grants": [{"role": role, "scope": scope} for role, scope in person.grants],
    }
    return jwt.encode(claims, key, algorithm="HS256")


@dataclass
class Api:
    """A client of one gateway.

    Attributes:
        base: The gateway's address.
        key: The key that signs tokens; a real client would be given a token instead.
        patience_s: How long a request is repeated while the system is away.
        on_wait: Told once in a while what is waited for.
    """

    base: str
    key: str
    patience_s: float = PATIENCE_S
    on_wait: Callable[[str], None] = lambda _text: None
    _client: httpx.Client = field(init=False)
    _tokens: dict[str, str] = field(init=False, default_factory=dict)
    _clock_at: datetime | None = field(init=False, default=None)
    _clock_by: Person | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.base, timeout=15, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _headers(self, person: Person | None, role: str | None) -> dict[str, str]:
        if person is None:
            return {}
        if person.name not in self._tokens:
            self._tokens[person.name] = token(self.key, person)
        return {
            "Authorization": f"Bearer {self._tokens[person.name]}",
            "X-Acting-Role": role or person.grants[0][0],
        }

    def get(
        self,
        path: str,
        person: Person | None = None,
        *,
        role: str | None = None,
        **query: Any,
    ) -> Any:
        """Ask a question.

        Raises:
            Refused: The system said no.
        """
        params = {name: value for name, value in query.items() if value is not None}
        # `params=` of httpx takes the place of a query that stands in the address.
        asked = str(httpx.URL(path).copy_merge_params(params))
        return self._send("GET", asked, headers=self._headers(person, role))

    def post(
        self,
        path: str,
        person: Person | None,
        body: Mapping[str, Any] | None = None,
        *,
        key: str,
        role: str | None = None,
        version: int | None = None,
    ) -> Any:
        """Give a command; the same key with the same body never takes effect twice.

        Raises:
            Refused: The system said no.
        """
        headers = self._headers(person, role) | {"Idempotency-Key": key}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self._send("POST", path, headers=headers, json=dict(body or {}))

    def advance(
        self,
        path: str,
        step: str,
        person: Person,
        body: Mapping[str, Any] | None = None,
        *,
        key: str,
        role: str | None = None,
        reader: Person | None = None,
    ) -> Any:
        """Change something that exists: read its version, then POST `path/step` with If-Match.

        Args:
            reader: Who reads the version when that is not the one who acts.

        Raises:
            Refused: The system said no.
        """
        while True:
            version = self.get(path, reader or person, role=None if reader else role)["version"]
            try:
                return self.post(
                    f"{path}/{step}", person, body, key=key, role=role, version=version
                )
            except Refused as refused:
                # Somebody (a timer, an event) changed it between the two calls: look again.
                if refused.problem.get("code") != "VERSION_CONFLICT":
                    raise

    def _send(self, method: str, path: str, **options: Any) -> Any:
        end = time.monotonic() + self.patience_s
        while True:
            try:
                answer = self._client.request(method, path, **options)
            except httpx.TransportError as error:
                why, wait = f"{type(error).__name__}", 0.5
            else:
                if answer.status_code not in {429, 502, 503}:
                    return self._read(answer)
                why = str(answer.json().get("code", answer.status_code))
                wait = min(float(answer.headers.get("Retry-After", "0.5")), 2.0)
                if why == "OUTCOME_UNKNOWN":
                    wait = 0.2
            if time.monotonic() > end:
                raise StillWaiting(f"{method} {path}: {why} for {self.patience_s:.0f} s")
            self.on_wait(f"{path}: {why}")
            time.sleep(wait)

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            problem = answer.json()
        except ValueError:
            problem = {"detail": answer.text[:300]}
        raise Refused(answer.status_code, problem)

    def wait(self, text: str, ask: Callable[[], Any], *, seconds: float | None = None) -> Any:
        """Ask until the answer is true, and return it.

        Raises:
            StillWaiting: It did not become true in time.
        """
        end = time.monotonic() + (seconds or self.patience_s)
        pause = 0.02
        while True:
            found = ask()
            if found:
                return found
            if time.monotonic() > end:
                raise StillWaiting(text)
            self.on_wait(text)
            time.sleep(pause)
            if pause >= 0.5:
                self._set_clocks()
            pause = min(pause * 1.5, 0.5)

    # ------------------------------------------------------------------------------------ the clock

    def now(self) -> datetime:
        """Return the domain time (the latest of the services)."""
        return max(self._clocks().values())

    def _clocks(self) -> dict[str, datetime]:
        cards = self.get("/v1/clock")["services"]
        return {
            name: datetime.fromisoformat(card["now"])
            for name, card in cards.items()
            if "now" in card
        }

    def move_clock(self, to: datetime, person: Person) -> None:
        """Move the demonstration clock to `to`; a service that is past it already stays.

        A service that is down now is set later, while the story waits for it.
        """
        self._clock_at, self._clock_by = to, person
        self.wait(f"clock at {to.isoformat()}", self._set_clocks)

    def _set_clocks(self) -> bool:
        """Set the clocks that are behind. Returns whether every service that answers is there."""
        if self._clock_at is None or self._clock_by is None:
            return True
        behind = [name for name, now in self._clocks().items() if now < self._clock_at]
        if behind:
            stamp = self._clock_at.isoformat()
            try:
                self.post("/v1/clock", self._clock_by, {"now": stamp}, key=f"clock-{stamp}")
            except Refused as refused:
                # Those that are past it say so; those that were behind are looked at again.
                if refused.problem.get("code") != "CLOCK_BACKWARDS":
                    raise
        return not behind


def first(rows: Sequence[Mapping[str, Any]], **wanted: Any) -> dict[str, Any] | None:
    """Return the first row whose fields have the wanted values."""
    for row in rows:
        if all(row.get(name) == value for name, value in wanted.items()):
            return dict(row)
    return None
