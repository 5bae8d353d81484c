"""Sends the files of a folder and follows the jobs that take them.

What was sent is remembered beside the files (`.sent.json`): when this is run again it goes on with
the job that is under way, leaves out what is in already, and sends the rest.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt

from fivered.clients.load.files import Written

MEMORY = ".sent.json"
DISTRICT = "370811"
PERSON = "per_01941f29-7c00-7000-8000-ffffffffffff"
_PART = 1024 * 1024
_PATIENCE_S = 180.0
_OPEN = {"QUEUED", "RUNNING"}


class Refused(Exception):
    """The system said no; the message says why."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code") or status)
        said = [problem[name] for name in ("message_zh", "message_en") if problem.get(name)]
        super().__init__(f"{self.code}: {' / '.join(said) or problem.get('detail')}")


class Unreachable(Exception):
    """The system did not answer in time."""


def token(key: str, hours: float = 12) -> str:
    """Return a token of a district official, for a system whose key we were given."""
    now = datetime.now(UTC)
    claims = {
        "iss": "fivered",
        "aud": "fivered.gateway",
        "sub": PERSON,
        "iat": now,
        "exp": now + timedelta(hours=hours),
        "grants": [{"role": "R_DISTRICT", "scope": DISTRICT}],
    }
    return jwt.encode(claims, key, algorithm="HS256")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file.

    Attributes:
        state: DONE, FAILED, CANCELLED, or SKIPPED when it was in already.
        result: What the job answered.
        error: Why it failed.
    """

    state: str
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def clean(self) -> bool:
        """Whether every row is in."""
        return self.state in {"DONE", "SKIPPED"} and not self.result.get("refused")

    def waits_only(self, waits: set[int]) -> bool:
        """Whether every refusal that was told is of a line that waits for an earlier file."""
        told = {error["line"] for error in self.result.get("errors", ())}
        return self.state == "DONE" and bool(told) and told <= waits


class Sender:
    """A connection to one system.

    Args:
        address: Where its gateway is.
        bearer: A token of R_DISTRICT (or of R_STREET, for the rows of that street).
        folder: Where the files are.
        dry_run: Whether everything is only checked.
        again: Whether files that are in already are sent again.
        on_wait: Told what is waited for.
    """

    def __init__(
        self,
        address: str,
        bearer: str,
        folder: Path,
        *,
        dry_run: bool = False,
        again: bool = False,
        on_wait: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._client = httpx.Client(
            base_url=address,
            timeout=30,
            trust_env=False,
            headers={"Authorization": f"Bearer {bearer}"},
        )
        self._memory = folder / MEMORY
        self._dry_run = dry_run
        self._again = again
        self._on_wait = on_wait

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def take(self, file: Written, tell: Callable[[int, int | None], None]) -> Outcome:
        """Have a file taken, and wait for the end of it.

        Args:
            file: Which one.
            tell: Told (rows done, rows in all) as the job goes on.

        Raises:
            Refused: The system does not take the file.
            Unreachable: It did not answer for some minutes.
        """
        card = self._underway(file)
        if card is not None and card["state"] == "DONE" and not self._again:
            result = card["result"] or {}
            if not result.get("refused"):
                return Outcome("SKIPPED", result)
        if card is None or card["state"] not in _OPEN:
            job_id = self._send(file)
            self._remember(file, job_id)
        else:
            job_id = card["id"]
        return self._follow(file, job_id, tell)

    def _follow(
        self, file: Written, job_id: str, tell: Callable[[int, int | None], None]
    ) -> Outcome:
        pause = 0.05
        while True:
            card = self._get(f"/v1/{file.service}/jobs/{job_id}")
            tell(card["done"], card["total"])
            if card["state"] not in _OPEN:
                error = (card["error"] or "").strip().splitlines()
                return Outcome(card["state"], card["result"] or {}, error[-1] if error else "")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    # ------------------------------------------------------------------------------- what was sent

    def _recalled(self) -> dict[str, Any]:
        try:
            found = json.loads(self._memory.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _place(self, file: Written) -> str:
        how = "dry" if self._dry_run else "real"
        return f"{self._client.base_url} {file.kind} {file.sha256} {how}"

    def _remember(self, file: Written, job_id: str) -> None:
        self._memory.write_text(
            json.dumps(self._recalled() | {self._place(file): job_id}, indent=2) + "\n", "utf-8"
        )

    def _underway(self, file: Written) -> dict[str, Any] | None:
        job_id = self._recalled().get(self._place(file))
        if job_id is None:
            return None
        # Another database behind the same address knows nothing of the job.
        with suppress(Refused):
            return self._get(f"/v1/{file.service}/jobs/{job_id}")
        return None

    # ---------------------------------------------------------------------------------------- wire

    def _send(self, file: Written) -> str:
        headers = {"Content-Type": "text/csv; charset=utf-8", "Idempotency-Key": uuid.uuid4().hex}

        def parts() -> Iterator[bytes]:
            with file.path.open("rb") as source:
                while part := source.read(_PART):
                    yield part

        def once() -> httpx.Response:
            return self._client.post(
                f"/v1/{file.service}/imports/{file.kind}",
                params={"dry_run": "true"} if self._dry_run else {},
                content=parts(),
                headers=headers,
                timeout=httpx.Timeout(120, connect=10),
            )

        return str(self._asked(f"{file.kind}.csv", once)["id"])

    def _get(self, path: str) -> dict[str, Any]:
        return self._asked(path, lambda: self._client.get(path))

    def _asked(self, what: str, ask: Callable[[], httpx.Response]) -> dict[str, Any]:
        """Ask until there is an answer; the same key makes repeating safe.

        Raises:
            Refused: The system said no.
            Unreachable: There was no answer.
        """
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                answer = ask()
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.is_success:
                    found: dict[str, Any] = answer.json()
                    return found
                problem = _problem(answer)
                if answer.status_code not in {429, 502, 503} or problem.get("code") == "NO_BLOBS":
                    raise Refused(answer.status_code, problem)
                why = str(problem.get("code", answer.status_code))
            if time.monotonic() > end:
                raise Unreachable(f"{what}: {why} for {_PATIENCE_S:.0f} s")
            self._on_wait(f"{what}: {why}")
            time.sleep(0.5)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {"detail": answer.text[:300]}
    return found if isinstance(found, dict) else {"detail": str(found)[:300]}


__all__ = ["Outcome", "Refused", "Sender", "Unreachable", "token"]
