"""What the chapters of the story share: steps with fixed keys, the clock, the month that is closed.

Commands have fixed keys, so a story that was interrupted is told again from its start: what has
happened answers as it did, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api, Person, Refused, first
from fivered.clients.demo.district import PEOPLE
from fivered.clients.demo.screen import Screen

SHANGHAI = timezone(timedelta(hours=8))


def local(text: str) -> datetime:
    """Return an instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class TellingFailed(AssertionError):
    """The system did something else than the story says."""


@dataclass
class Teller:
    """What the chapters share.

    Attributes:
        before: Told the name of each step before it happens; tests break things there.
        known: What earlier steps have found out, by name.
    """

    api: Api
    screen: Screen
    before: Callable[[str], None] = lambda _step: None
    known: dict[str, Any] = field(default_factory=dict)

    def at(self, moment: str) -> None:
        """Move the clock to a local time."""
        self.api.move_clock(local(moment), PEOPLE["district"])
        self.known["now"] = moment

    def say(self, text: str, link: str = "") -> None:
        """Tell what happened."""
        when = self.known.get("now", "").replace("T", " ")
        self.screen.happened(text, at=when, link=f"{self.api.base}{link}" if link else "")

    def post(
        self, step: str, path: str, who: str, body: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        """Give a command as one step of the story."""
        self.before(step)
        return self.api.post(path, PEOPLE[who], body, key=f"story-{step}", **options)

    def advance(
        self,
        step: str,
        path: str,
        verb: str,
        who: str,
        body: dict[str, Any] | None = None,
        *,
        role: str | None = None,
        reader: Person | None = None,
    ) -> Any:
        """Change something that exists as one step of the story."""
        self.before(step)
        return self.api.advance(
            path, verb, PEOPLE[who], body, key=f"story-{step}", role=role, reader=reader
        )

    def refused(self, step: str, path: str, who: str, body: dict[str, Any], code: str) -> Refused:
        """Give a command that must be refused with a code or guard.

        Raises:
            TellingFailed: It was not.
        """
        self.before(step)
        try:
            self.api.post(path, PEOPLE[who], body, key=f"story-{step}")
        except Refused as refused:
            if code in {refused.problem.get("guard"), refused.problem.get("code")}:
                return refused
            raise
        raise TellingFailed(f"{step}: {path} was not refused")

    def check(self, held: bool, text: str) -> None:
        """Hold the system to the story.

        Raises:
            TellingFailed: It did something else.
        """
        if not held:
            raise TellingFailed(text)

    # --------------------------------------------------------------------------- what many ask for

    def points(self, who: str) -> dict[str, Any]:
        """Return a resident's card of score and points."""
        cards = self.api.get("/v1/credit/me", PEOPLE[who])["subjects"]
        card = first(cards, kind="RES")
        if card is None:
            raise TellingFailed(f"{who} has no account")
        return card

    def award(self, subject: str, period: str, rule: str) -> dict[str, Any] | None:
        """Return an award that counts in a month, or None when there is none yet."""
        path = f"/v1/credit/subjects/{subject}/explain"
        found = self.api.get(path, PEOPLE["secretary"], period=period)["awards"]
        return next((one for one in found if one["why"]["rule"] == rule), None)

    def close_month(self, period: str, dates: dict[str, str]) -> dict[str, Any]:
        """Close a month: markers, draft, review, confirm, publish; returns the settlement.

        Args:
            period: "YYYY-MM".
            dates: cutoff, publish: local times of the calendar.
        """
        self.at(dates["cutoff"])
        self.before(f"close-{period}")
        drafted = self.api.wait(
            f"draft of {period}",
            lambda: self._settlement(period, {"DRAFTED", "REVIEWED", "CONFIRMED", "PUBLISHED",
                                              "FINALISING", "SETTLED"}),
        )  # fmt: skip
        self.say(f"{period} 截止:四个来源的月度标记到齐,形成赋分草案 drafted", _link(drafted))
        path = f"/v1/credit/settlements/{drafted['id']}"
        self._decide(f"review-{period}", path, "review", "secretary")
        self._decide(f"confirm-{period}", path, "confirm", "street")
        self.say("社区复核、街道确认 reviewed and confirmed by people", _link(drafted))
        self.at(dates["publish"])
        published = self.api.wait(
            f"notice of {period}",
            lambda: self._settlement(period, {"PUBLISHED", "FINALISING", "SETTLED"}),
        )
        notice = f"/v1/credit/notices/{published['notice_id']}"
        self.say("公示 published as a public notice", notice)
        self.known[f"settlement-{period}"] = published
        return dict(published)

    def _decide(self, step: str, path: str, verb: str, who: str) -> None:
        """Review or confirm what was read; a draft that was made anew meanwhile is read again."""
        self.before(step)
        while True:
            whole = self.api.get(path, PEOPLE[who])
            body = {"hash": whole["hash"]}
            if verb == "review":
                body["checked"] = whole["to_check"]
            try:
                self.api.advance(path, verb, PEOPLE[who], body, key=f"story-{step}")
            except Refused as refused:
                if refused.problem.get("guard") != "HASH_CHANGED":
                    raise
            else:
                return

    def finish_month(self, period: str, moment: str) -> dict[str, Any]:
        """Let the notice of a month end; points become spendable."""
        self.at(moment)
        self.before(f"final-{period}")
        final = self.api.wait(
            f"{period} final", lambda: self._settlement(period, {"FINALISING", "SETTLED"})
        )
        self.say(f"公示期满,{period} 赋分生效,待发积分可用 final, points spendable", _link(final))
        return dict(final)

    def _settlement(self, period: str, states: set[str]) -> dict[str, Any] | None:
        rows = self.api.get(
            "/v1/credit/settlements", PEOPLE["street"], period=period, community=place.COMMUNITY
        )["items"]
        row = first(rows, community=place.COMMUNITY)
        ready = row is not None and row["complete"] and row["state"] in states
        return row if ready else None


def _link(settlement: dict[str, Any]) -> str:
    return f"/v1/credit/settlements/{settlement['id']}"
