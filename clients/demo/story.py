"""The story of the five mechanisms, told through HTTP: every step is a command or a question.

Commands have fixed keys, so a story that was interrupted is told again from its start: what has
happened answers as it did, and the rest goes on. Each chapter is a function of a `Teller`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from clients.demo import district as place
from clients.demo.api import Api, Person, Refused, first
from clients.demo.district import PEOPLE
from clients.demo.screen import Screen

SHANGHAI = timezone(timedelta(hours=8))
STEPS = 60


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


# --------------------------------------------------------------------------------------------------
# Chapters


def january(t: Teller) -> None:
    """The resident earns points: volunteer hours in January, settled and published in February."""
    t.screen.chapter("0", "一月:志愿服务与首次月度赋分  January: volunteering, first settlement")
    hours = (("2025-01-11", 480), ("2025-01-18", 480), ("2025-01-25", 540))
    for number, (day, minutes) in enumerate(hours, start=1):
        t.at(f"{day}T18:00:00")
        record = place.identity("vol", number)
        made = t.post(
            f"hours-{number}",
            "/v1/steward/volunteer-hours",
            "grid_worker",
            {
                "record_id": record,
                "person_id": PEOPLE["resident"].person_id,
                "minutes": minutes,
                "source": "QR",
                "date": day,
                "activity": "社区清洁日",
            },
            role="R_GRID",
        )
        t.post(
            f"hours-confirm-{number}",
            f"/v1/steward/volunteer-hours/{record}/confirm",
            "cadre",
            {"minutes": minutes},
            role="R_CADRE",
            version=made["version"],
        )
        t.say(f"居民王小丽志愿服务 {minutes} 分钟,经确认 volunteer hours confirmed")
    t.close_month("2025-01", {"cutoff": "2025-02-07T09:30:00", "publish": "2025-02-10T09:00:00"})
    t.finish_month("2025-01", "2025-02-18T00:10:00")
    t.api.wait("200 points", lambda: _released(t.points("resident"), "2025-01") == 200)
    t.screen.found("王小丽可用积分 200 (E1 的三条记录,月上限 200)  200 points spendable")


def request(t: Teller) -> None:
    """(a) A request arrives by phone and is rated five stars; the steward earns."""
    t.screen.chapter("a", "居民来电,管家上门,五星评价  A request by phone, rated five stars")
    t.at("2025-02-19T07:30:00")
    for who, steward_id in (("grid_worker", place.GRID_WORKER), ("cadre", place.CADRE)):
        t.post(
            f"shift-{who}",
            "/v1/steward/shifts",
            "secretary",
            {
                "steward_id": steward_id,
                "grid": place.GRID,
                "start": "2025-02-19T08:00:00+08:00",
                "end": "2025-02-19T20:00:00+08:00",
                "place": "红帆驿站",
            },
        )
    t.at("2025-02-19T10:00:00")
    made = t.post(
        "request",
        "/v1/steward/requests",
        "cadre",
        {
            "channel": "PHONE",
            "kind": "HELP",
            "category": "NEIGHBOUR_DISPUTE",
            "grid": place.GRID,
            "text": "楼上夜间噪声,希望上门协调",
            "reporter_id": PEOPLE["resident"].person_id,
            "external_ref": "call-20250219-0007",
        },
        role="R_CADRE",
    )
    path = f"/v1/steward/requests/{made['id']}"
    t.known["request"] = made["id"]
    card = t.api.wait(
        "dispatch", lambda: _having(t.api.get(path, PEOPLE["cadre"], role="R_CADRE"), "handler")
    )
    t.check(card["handler"] == place.GRID_WORKER, f"routed to {card['handler']}")
    t.say(f"来电 {made['number']} 自动派给当班网格员 routed to the steward on duty", path)
    worker = "grid_worker"
    t.at("2025-02-19T10:05:00")
    t.advance("accept", path, "accept", worker, role="R_STEWARD")
    t.at("2025-02-19T10:30:00")
    t.advance("contact", path, "contact", worker, role="R_STEWARD")
    t.at("2025-02-19T15:00:00")
    t.advance(
        "resolve",
        path,
        "resolve",
        worker,
        {"outcome": "SOLVED", "note": "双方约定 22:00 后保持安静", "media": ["photo-1"]},
        role="R_STEWARD",
    )
    t.say("接单、联系、办结 accepted, contacted, resolved", f"{path}/timeline")
    t.at("2025-02-19T20:00:00")
    t.post("rate", f"{path}/rate", "resident", {"stars": 5, "solved": True, "text": "谢谢"})
    t.say("居民评价五星 rated five stars", path)
    t.before("credited")
    t.api.wait("R-STW-01", lambda: t.award(f"STW:{place.GRID_WORKER}", "2025-02", "R-STW-01"))
    t.screen.found("管家按 R-STW-01 得 2 分、10 积分(待发)  +2 score, 10 points pending")


def redemption(t: Teller) -> None:
    """(b) A haircut is held, verified and captured; a second expires; a third is refused."""
    t.screen.chapter("b", "积分兑换:核销、过期、余额不足  Redemption: captured, expired, refused")
    t.at("2025-02-20T09:00:00")
    path = _redeem(t, "haircut", place.HAIRCUT)
    card = t.api.wait(
        "hold",
        lambda: _in(t.api.get(path, PEOPLE["resident"]), "RESERVED", "REDEEMING", "REDEEMED"),
    )
    voucher = card.get("voucher") or t.known.get("voucher-haircut", "")
    t.say(f"兑换理发:60 积分已冻结,券码 {voucher or '(已核销)'} held, voucher shown", path)
    t.at("2025-02-20T15:00:00")
    if voucher:
        t.post("verify", f"{path}/verify", "barber", {"voucher": voucher})
    t.api.wait("capture", lambda: _in(t.api.get(path, PEOPLE["resident"]), "REDEEMED", "SETTLED"))
    t.say("理发店核销,积分划转 verified by the partner, captured", path)

    t.at("2025-02-21T09:00:00")
    film = _redeem(t, "film", place.FILM)
    t.api.wait(
        "hold", lambda: _in(t.api.get(film, PEOPLE["resident"]), "RESERVED", "EXPIRING", "EXPIRED")
    )
    t.say("兑换电影票:80 积分已冻结 held", film)
    t.at("2025-02-24T09:30:00")
    t.api.wait("expiry", lambda: _in(t.api.get(film, PEOPLE["resident"]), "EXPIRED"))
    t.api.wait("release", lambda: t.points("resident")["points"]["held"] == 0)
    t.say("72 小时未用,自动退回 expired and released", film)

    t.at("2025-02-24T10:00:00")
    hamper = _redeem(t, "hamper", place.HAMPER)
    card = t.api.wait("refusal", lambda: _in(t.api.get(hamper, PEOPLE["resident"]), "REJECTED"))
    t.check(card["reason"] == "INSUFFICIENT_POINTS", f"rejected for {card['reason']}")
    t.say("兑换 190 积分礼包:余额不足,未扣分 refused for lack of points", hamper)
    t.screen.found("可用 140,冻结 0,理发店应收 60  140 available, 0 held, 60 receivable")


def february(t: Teller) -> None:
    """(c) The month is closed, published and final; the steward's points become spendable."""
    t.screen.chapter("c", "二月赋分:标记、草案、确认、公示、生效  Closing February")
    t.close_month("2025-02", {"cutoff": "2025-03-05T09:30:00", "publish": "2025-03-07T09:00:00"})
    t.finish_month("2025-02", "2025-03-15T00:10:00")
    subject = f"/v1/credit/subjects/STW:{place.GRID_WORKER}"
    t.api.wait(
        "steward's points",
        lambda: _released(t.api.get(subject, PEOPLE["secretary"]), "2025-02") == 10,
    )
    t.screen.found("网格员 10 积分可用  the steward's 10 points are spendable")


def balance(t: Teller) -> None:
    """(d) The ledger's balances sum to zero."""
    t.screen.chapter("d", "账本平衡  The ledger balances")
    t.before("trial-balance")
    sheet = t.api.get("/v1/credit/trial-balance", PEOPLE["auditor"])
    t.check(sheet["balanced"] and sheet["sum"] == 0, f"the ledger sums to {sheet['sum']}")
    t.say("全部账户余额之和为 0  all accounts sum to zero", "/v1/credit/trial-balance")


def _redeem(t: Teller, name: str, offer: str) -> str:
    made = t.post(
        f"redeem-{name}",
        "/v1/partner/redemptions",
        "resident",
        {"offer_id": offer, "qty": 1, "wallet": "RES"},
    )
    return f"/v1/partner/redemptions/{made['id']}"


def _having(card: dict[str, Any], name: str) -> dict[str, Any] | None:
    return card if card.get(name) else None


def _in(card: dict[str, Any], *states: str) -> dict[str, Any] | None:
    return card if card["state"] in states else None


def _released(card: dict[str, Any], period: str) -> int:
    """Return how many points of a month have become spendable."""
    entry = first(card["entries"], period=period)
    return int(entry["points_released"]) if entry else 0


CHAPTERS: tuple[Callable[[Teller], None], ...] = (january, request, redemption, february, balance)


def tell(
    api: Api, screen: Screen, *, before: Callable[[str], None] = lambda _step: None
) -> dict[str, Any]:
    """Tell the whole story; returns the end state, without anything made at run time.

    Raises:
        TellingFailed: The system did something else.
        Refused: A command of the story was refused.
        StillWaiting: The system did not answer in time.
    """
    teller = Teller(api, screen, before)
    for chapter in CHAPTERS:
        chapter(teller)
    return end_state(teller)


def end_state(t: Teller) -> dict[str, Any]:
    """Return what both run modes must agree on: no ids and no times made at run time."""
    resident = t.points("resident")
    settlements = t.api.get("/v1/credit/settlements", PEOPLE["street"])["items"]
    request_card = t.api.get(
        f"/v1/steward/requests/{t.known['request']}", PEOPLE["cadre"], role="R_CADRE"
    )
    redemptions = t.api.get("/v1/partner/redemptions", PEOPLE["resident"])["items"]
    sheet = t.api.get("/v1/credit/trial-balance", PEOPLE["auditor"])
    return {
        "points": {
            name: resident["points"][name] for name in ("pending", "available", "held", "clawback")
        },
        "standing": resident["standing"],
        "request": request_card["state"],
        "redemptions": sorted((row["offer_id"], row["state"]) for row in redemptions),
        "settlements": sorted(
            (row["period"], row["community"], row["state"], row["hash"]) for row in settlements
        ),
        "accounts": sheet["accounts"],
        "sum": sheet["sum"],
        "postings": sheet["postings"],
    }


__all__ = ["STEPS", "Teller", "TellingFailed", "end_state", "local", "tell"]

_ = UTC
