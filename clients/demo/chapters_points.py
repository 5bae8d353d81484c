"""Chapters 0 and a to d: hours, a request, a redemption, the month, the ledger."""

from __future__ import annotations

from typing import Any

from fivered.clients.demo import district as place
from fivered.clients.demo.api import first
from fivered.clients.demo.district import PEOPLE
from fivered.clients.demo.teller import Teller


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
    t.advance("contact", path, "contact", worker, {"note": "已电话联系"}, role="R_STEWARD")
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
