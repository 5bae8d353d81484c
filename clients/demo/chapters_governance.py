"""Chapters e to i: agreements, deliberation, a complaint that climbs, an objection, the rate."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from fivered.clients.demo import district as place
from fivered.clients.demo.api import first
from fivered.clients.demo.district import PEOPLE
from fivered.clients.demo.teller import Teller, TellingFailed

PROJECT = f"/v1/property/projects/{place.PROJECT}"
NEIGHBOURS = tuple(f"resident{number}" for number in range(3, 13))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --------------------------------------------------------------------------------------------------
# (g)


def together(t: Teller) -> None:
    """(g) Cross-appointments both ways and two agreements; the card shows them."""
    t.screen.chapter("g", "双向进入、两份党建联建协议  Cross-appointments, two agreements")
    t.at("2025-01-03T09:00:00")
    for direction, who, post, extra in (
        ("P2C", "manager", "PARTY_BRANCH_MEMBER", {"party_member": True}),
        ("C2P", "cadre", "PROJECT_DEPUTY_MANAGER", {}),
    ):
        _appoint(t, direction, who, post, extra)
    t.say("项目经理进支部,两委委员任项目副经理,街道备案生效 both directions active", PROJECT)
    for kind, title in (
        ("JOINT_BUILDING", "党建共建与服务提升协议"),
        ("CREDIT_DELIBERATION", "信用共治与议事协商协议"),
    ):
        _agree(t, kind, title)
    card = t.api.wait(
        "two agreements",
        lambda: _two_active(t.api.get(PROJECT, PEOPLE["secretary"])),
    )
    t.say(f"两份协议签署生效,各 4 项承诺 agreements active: {card['agreements_active']}", PROJECT)
    t.at("2025-01-15T15:00:00")
    t.post(
        "owners-committee",
        "/v1/property/owners-committees",
        "street",
        {
            "project_id": place.PROJECT,
            "kind": "YWH",
            "members": [PEOPLE[who].person_id for who in ("owners", *NEIGHBOURS[:4])],
            "chair": PEOPLE["owners"].person_id,
            "term_from": "2025-01-01",
            "term_to": "2028-01-01",
        },
    )
    t.post(
        "tripartite",
        "/v1/property/tripartite-meetings",
        "secretary",
        {
            "project_id": place.PROJECT,
            "held_at": "2025-01-15T14:00:00+08:00",
            "chair": PEOPLE["secretary"].person_id,
            "attendees": {
                "COMMITTEE": [PEOPLE["secretary"].person_id],
                "OWNERS": [PEOPLE["owners"].person_id],
                "PROPERTY": [PEOPLE["manager"].person_id],
            },
            "minutes_sha256": _digest("一月三方联席会议纪要"),
        },
    )
    t.say("居委会、业委会、物业三方联席会议 tripartite meeting held")


def _appoint(t: Teller, direction: str, who: str, post: str, extra: dict[str, Any]) -> None:
    made = t.post(
        f"nominate-{direction}",
        "/v1/property/appointments",
        "secretary",
        {
            "project_id": place.PROJECT,
            "direction": direction,
            "person_id": PEOPLE[who].person_id,
            "target_post": post,
            **extra,
        },
    )
    path = f"/v1/property/appointments/{made['id']}"
    reader = PEOPLE["street"]
    t.post(f"consent-{direction}", f"{path}/consent", who)
    t.advance(
        f"approve-{direction}", path, "approve", "secretary", {"document_ref": "纪要〔2025〕1号"}
    )
    t.advance(
        f"letter-{direction}",
        path,
        "approve",
        "company",
        {"document_ref": "澄湖物业函〔2025〕2号"},
        reader=reader,
    )
    t.advance(f"file-{direction}", path, "file", "street")


def _agree(t: Teller, kind: str, title: str) -> None:
    text = _digest(title)
    made = t.post(
        f"agreement-{kind}",
        "/v1/property/agreements",
        "secretary",
        {
            "project_id": place.PROJECT,
            "type": kind,
            "valid_from": "2025-01-03",
            "valid_to": "2026-01-03",
            "text_sha256": text,
            "commitments": [
                {
                    "title": f"{title}·{name}",
                    "responsible": responsible,
                    "due_date": due,
                    "evidence_kinds": ["PHOTO"],
                }
                for name, responsible, due in (
                    ("公开服务标准", "PROJECT", "2025-06-20"),
                    ("公开收支", "PROJECT", "2025-07-20"),
                    ("提供议事场地", "COMMUNITY", "2025-06-20"),
                    ("联合走访", "COMMUNITY", "2025-08-20"),
                )
            ],
        },
    )
    path = f"/v1/property/agreements/{made['id']}"
    body = {"text_sha256": text}
    t.advance(f"sign-project-{kind}", path, "sign", "manager", {"side": "PROJECT", **body})
    t.advance(f"sign-community-{kind}", path, "sign", "secretary", {"side": "COMMUNITY", **body})


def _two_active(card: dict[str, Any]) -> dict[str, Any] | None:
    return card if card["agreements_active"] >= 2 else None


# --------------------------------------------------------------------------------------------------
# (e) and (f), interleaved as March brought them


def march(t: Teller) -> None:
    """(e) A topic goes through the five steps; (f) a complaint becomes an order that climbs."""
    t.screen.chapter("e", "红色议站“135”五步  A topic through the five steps")
    _raise_topic(t)
    t.screen.chapter("f", "投诉、整改、逾期、升级  A complaint that climbs the chain")
    _complain(t)
    t.screen.chapter("e", "协商、表决、形成意见  Consult, vote, opinion")
    _deliberate(t)
    t.screen.chapter("f", "整改单逾期  The order goes overdue")
    _overdue(t)
    t.screen.chapter("e", "落实、监督、办结  Work, supervision, closed")
    _supervise(t)
    t.screen.chapter("f", "整改完成  The order is done")
    _mend(t)
    t.close_month("2025-03", {"cutoff": "2025-04-03T09:30:00", "publish": "2025-04-08T09:00:00"})


def _raise_topic(t: Teller) -> None:
    t.at("2025-03-17T09:00:00")
    for who in NEIGHBOURS:
        t.post(f"opt-in-{who}", "/v1/forum/opt-ins", who, {})
    made = t.post(
        "topic",
        "/v1/forum/topics",
        "resident",
        {
            "title": "小院停车与消防通道",
            "description": "消防通道常被占用,建议划线停车、错时共享。",
            "way": "ONLINE",
            "category": "PARKING",
            "level": "GRID",
            "scope": [place.GRID],
        },
    )
    path = f"/v1/forum/topics/{made['id']}"
    t.known["topic"] = path
    for who in ("neighbour", *NEIGHBOURS[:5]):
        t.post(f"cosign-{who}", f"{path}/cosign", who)
    t.say(f"收集议题:{made['number']},6 人联署 collected, cosigned", path)
    t.advance(
        "adopt",
        path,
        "adopt",
        "secretary",
        {"owners_matter": False, "level": "COMMUNITY", "finding": "涉及公共安全,属协商事项。"},
    )
    t.say("分析研判:采纳,升为社区层级 analysed and adopted", path)
    session = t.post(
        "session",
        "/v1/forum/sessions",
        "secretary",
        {
            "topic_ids": [made["id"]],
            "start": "2025-03-20T19:30:00+08:00",
            "place": "红帆驿站",
            "auto": True,
            # As many seats as residents who opted in: the draw then takes everybody, and the story
            # ends the same wherever it is told.
            "resident_seats": 2 + len(NEIGHBOURS),
            "invitees": [
                {"person_id": PEOPLE["manager"].person_id, "capacity": "PROPERTY"},
                {"person_id": PEOPLE["owners"].person_id, "capacity": "OWNERS_COMMITTEE"},
            ],
        },
    )
    t.known["session"] = f"/v1/forum/sessions/{session['id']}"
    room = t.api.get(t.known["session"], PEOPLE["secretary"])
    invited = [one["capacity"] for one in room["invitations"]]
    t.check("OFFICIAL" in invited and "DEPUTY" in invited, f"invited only {sorted(set(invited))}")
    t.say(
        f"组织协商:按包保链条邀请 {len(invited)} 人(干部、代表、居民抽选)invited along the chain",
        t.known["session"],
    )


def _complain(t: Teller) -> None:
    t.at("2025-03-17T11:00:00")
    made = t.post(
        "complaint",
        "/v1/steward/requests",
        "resident12",
        {
            "channel": "APP",
            "kind": "COMPLAINT",
            "category": "PROPERTY_SERVICE",
            "grid": place.GRID,
            "text": "楼道垃圾两天未清,多次反映无果",
            "project_id": place.PROJECT,
        },
    )
    path = f"/v1/steward/requests/{made['id']}"
    t.known["complaint-request"] = path
    _handle(t, path, "first", "2025-03-17T13:00:00")
    t.at("2025-03-17T15:00:00")
    t.advance("reopen", path, "reopen", "resident12", {"reason": "只清了一层,其余仍在"})
    t.say("居民投诉物业服务,办结后又要求重办 complained, reopened", path)
    complaint = t.api.wait(
        "complaint at property",
        lambda: first(
            t.api.get("/v1/property/complaints", PEOPLE["cadre2"], project_id=place.PROJECT)[
                "items"
            ],
            reopen_count=1,
        ),
    )
    where = f"/v1/property/complaints/{complaint['id']}"
    t.advance(
        "validate",
        where,
        "validate",
        "cadre2",
        {"valid": True, "reason": "现场核实,垃圾未按约清运"},
    )
    order = t.api.wait("order", lambda: first(_orders(t), severity="S3"))
    t.known["order"] = f"/v1/property/rectifications/{order['id']}"
    t.say(f"投诉属实,自动开出整改单 {order['number']} order issued", t.known["order"])
    t.advance("acknowledge", t.known["order"], "acknowledge", "manager", reader=PEOPLE["street"])
    _handle(t, path, "second", "2025-03-18T10:00:00")


def _handle(t: Teller, path: str, time: str, moment: str) -> None:
    """The committee member is the project's deputy manager and stands aside: the grid worker
    takes the complaint, never the project itself."""
    t.at(moment)
    role = "R_STEWARD"
    card = t.api.get(path, PEOPLE["grid_worker"], role=role)
    t.check(card["handler"] == place.GRID_WORKER, f"the complaint went to {card['handler']}")
    t.advance(f"accept-{time}", path, "accept", "grid_worker", role=role)
    t.advance(f"contact-{time}", path, "contact", "grid_worker", {"note": "已电话联系"}, role=role)
    t.advance(
        f"resolve-{time}",
        path,
        "resolve",
        "grid_worker",
        {"outcome": "SOLVED", "note": "已督促清运", "media": ["photo-2"]},
        role=role,
    )


def _orders(t: Teller) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = t.api.get(
        "/v1/property/rectifications", PEOPLE["street"], project_id=place.PROJECT
    )["items"]
    return rows


def _deliberate(t: Teller) -> None:
    path, room = t.known["topic"], t.known["session"]
    t.at("2025-03-20T19:30:00")
    t.advance("open", room, "open", "secretary")
    invitations = t.api.get(room, PEOPLE["secretary"])["invitations"]
    present = sorted({one["person_id"] for one in invitations})
    t.post("attendance", f"{room}/attendance", "secretary", {"person_ids": present})
    topic_id = path.rpartition("/")[2]
    named = {PEOPLE[name].person_id: name for name in PEOPLE}
    voters = sorted({one["person_id"] for one in invitations if one["voting"]})
    for number, person_id in enumerate(voters):
        choice = "AGAINST" if number == 0 else "FOR"
        t.post(
            f"vote-{named[person_id]}",
            f"{room}/vote",
            named[person_id],
            {"topic_id": topic_id, "choice": choice},
        )
    closed = t.advance("close-vote", room, "close-vote", "secretary", {"topic_id": topic_id})
    t.check(closed["passed"], "the vote did not pass")
    t.say(
        f"到会 {len(present)} 人,赞成 {closed['for']}、反对 {closed['against']},通过 passed", room
    )
    t.at("2025-03-21T10:00:00")
    t.advance(
        "opinion",
        path,
        "opinion",
        "secretary",
        {
            "text": "在小院北侧施划停车位,消防通道保持畅通,物业负责引导。",
            "decision": "同意施划车位六个,消防通道禁停",
            "dissent": "一人认为车位偏少",
            "tasks": [
                {
                    "title": "施划车位六个并设禁停标识",
                    "responsible_kind": "PROJECT",
                    "responsible_id": place.PROJECT,
                    "due_date": "2025-04-10",
                    "supervisors": [PEOPLE["neighbour"].person_id],
                }
            ],
        },
    )
    t.advance("publicise", path, "publicise", "secretary")
    t.say("形成意见:公示 3 个工作日 opinion on public notice", "/v1/forum/notices")


def _overdue(t: Teller) -> None:
    t.at("2025-03-27T00:10:00")
    order = t.api.wait(
        "overdue",
        lambda: _where(t.api.get(t.known["order"], PEOPLE["street"]), level=1),
    )
    t.say(
        f"到期未改:逾期,升级至包联街道班子成员(第 {order['level']} 级)overdue, escalated",
        t.known["order"],
    )
    t.api.wait("deduction", lambda: t.award(f"PRJ:{place.PROJECT}", "2025-03", "R-PRJ-12"))
    t.say("信用:拟扣分 R-PRJ-12、R-PRJ-13,尚未生效 deductions proposed, not effective yet")


def _supervise(t: Teller) -> None:
    path = t.known["topic"]
    t.api.wait(
        "resolution", lambda: _state(t.api.get(path, PEOPLE["secretary"]), "RESOLVED",
                                     "IMPLEMENTING", "VERIFIED", "CLOSED")
    )  # fmt: skip
    t.at("2025-03-27T09:00:00")
    t.advance("assign", path, "tasks", "secretary", {})
    task = t.api.get(path, PEOPLE["secretary"])["tasks"][0]
    task_path = f"/v1/forum/tasks/{task['id']}"
    work = f"/v1/property/works/wrk_{task['id'].removeprefix('tsk_')}"
    t.api.wait("work order", lambda: first(_works(t), task_id=task["id"]))
    t.say("落实监督:决议成为物业项目的工单 the outcome is a work order of the project", work)
    t.advance("work-start", work, "start", "manager")
    t.post(
        "supervision",
        "/v1/forum/supervisions",
        "neighbour",
        {"task_id": task["id"], "finding": "已开工,划线两处"},
    )
    t.at("2025-03-28T10:00:00")
    t.advance("work-deliver", work, "deliver", "manager", {"evidence": ["sha256:9f86d081"]})
    t.api.wait(
        "delivery", lambda: _state(t.api.get(task_path, PEOPLE["cadre2"]), "DELIVERED", "ACCEPTED")
    )
    finding = {"finding": "车位已施划,通道畅通,符合决议"}
    t.advance("accept-supervisor", task_path, "accept", "neighbour", finding)
    t.advance("accept-cadre", task_path, "accept", "cadre2", finding)
    t.api.wait(
        "verified", lambda: _state(t.api.get(path, PEOPLE["secretary"]), "VERIFIED", "CLOSED")
    )
    t.at("2025-03-28T15:00:00")
    t.advance("close-topic", path, "close", "secretary", {"result": "车位六个已施划并验收"})
    t.api.wait("work closed", lambda: first(_works(t), task_id=task["id"], state="CLOSED"))
    t.say("完工、居民监督员与社区验收、办结 done, verified, closed", path)
    for who, rule, what in (
        ("resident", "R-RES-02", "提出议题"),
        ("resident3", "R-RES-03", "参加协商"),
        ("neighbour", "R-RES-04", "监督落实"),
    ):
        subject = f"RES:{PEOPLE[who].person_id}"
        if rule == "R-RES-03":
            subject = f"RES:{_attendant(t)}"
        award = t.api.wait(rule, partial(t.award, subject, "2025-03", rule))
        t.say(f"{what} {rule}:+{award['score']} 分、{award['points']} 积分 credited")


def _attendant(t: Teller) -> str:
    invitations = t.api.get(t.known["session"], PEOPLE["secretary"])["invitations"]
    ours = {PEOPLE[name].person_id for name in ("resident", "neighbour", *NEIGHBOURS)}
    return min(str(one["person_id"]) for one in invitations if one["person_id"] in ours)


def _works(t: Teller) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = t.api.get(
        "/v1/property/works", PEOPLE["secretary"], project_id=place.PROJECT
    )["items"]
    return rows


def _mend(t: Teller) -> None:
    path = t.known["order"]
    t.at("2025-03-28T16:00:00")
    t.advance(
        "submit",
        path,
        "submit",
        "manager",
        {"evidence_pairs": [{"before": "sha256:9f86d081", "after": "sha256:60303ae2"}]},
        reader=PEOPLE["street"],
    )
    t.at("2025-03-31T10:00:00")
    t.advance("pass", path, "pass", "street", {"note": "楼道已清,建立日清制度"})
    t.say("整改提交、复查通过(逾期完成)submitted late, passed", path)


# --------------------------------------------------------------------------------------------------
# (h) and (i)


def objection(t: Teller) -> None:
    """(h) The project objects to its entry; somebody independent decides; it becomes final."""
    t.screen.chapter("h", "公示期异议  An objection during the notice")
    settlement = t.known["settlement-2025-03"]
    subject = f"PRJ:{place.PROJECT}"
    t.at("2025-04-09T09:00:00")
    made = t.post(
        "objection",
        "/v1/credit/objections",
        "manager",
        {
            "target": "AWARD",
            "target_id": _objected_award(t, subject),
            "text": "升级当日已电话报备,请核查通话记录后复核。",
        },
    )
    path = f"/v1/credit/objections/{made['id']}"
    t.say(f"项目对 R-PRJ-13 提出异议,该条公示暂缓 entry held: {made['number']}", path)
    t.advance("objection-accept", path, "accept", "street2")
    t.at("2025-04-10T09:00:00")
    t.advance(
        "objection-decide",
        path,
        "decide",
        "street2",
        {
            "outcome": "UPHELD",
            "reasons": "经核查通话记录,项目已在升级前报备处置方案,升级扣分依据不足,予以撤销。",
        },
    )
    t.say("由未参与的街道人员裁定:成立,撤销 2 分 decided independently: upheld", path)
    t.finish_month("2025-03", "2025-04-16T00:10:00")
    final = t.api.wait("entry final", lambda: _final(t, settlement["id"], subject))
    t.screen.found(
        f"项目 2025-03:得分 {final['score']},等级 {final['grade']}  final after due process"
    )
    card = t.api.wait(
        "card",
        lambda: _graded(t.api.get(PROJECT, PEOPLE["secretary"]), "2025-03"),
    )
    t.check(card["agreements_active"] == 2, "the card does not show both agreements")
    t.say("项目名片:双向进入、两份协议、等级与门槛 the card shows grade and gates", PROJECT)


def _objected_award(t: Teller, subject: str) -> str:
    """Return the award by R-PRJ-13; one that was taken back already stands in its objection."""
    filed = first(t.api.get("/v1/credit/objections", PEOPLE["street2"])["items"], subject=subject)
    if filed is not None:
        return str(filed["target_id"])
    award = t.award(subject, "2025-03", "R-PRJ-13")
    if award is None:
        raise TellingFailed("R-PRJ-13 was not proposed")
    return str(award["id"])


def _final(t: Teller, settlement_id: str, subject: str) -> dict[str, Any] | None:
    whole = t.api.get(f"/v1/credit/settlements/{settlement_id}", PEOPLE["street"])
    entry = first(whole["items"], subject=subject)
    return entry if entry is not None and entry["state"] == "FINAL" else None


def _graded(card: dict[str, Any], period: str) -> dict[str, Any] | None:
    return card if card["credit"].get("period") == period else None


def complaint_rate(t: Teller) -> None:
    """(i) The complaint rate year on year, from two years of counts: -9.8 %."""
    t.screen.chapter("i", "投诉率同比 -9.8%  The complaint rate, year on year")
    rows = [
        {"period": f"{year}-{month:02d}", "complaints": count, "households": 8000}
        for year, total in ((2022, 1120), (2023, 1010))
        for month, count in enumerate(_spread(total), start=1)
    ]
    t.post(
        "history",
        f"{PROJECT}/complaint-history",
        "district",
        {"origin": "2022-2023 年台账(示例数据)", "rows": rows},
    )
    rate = t.api.get(
        "/v1/property/complaint-rate", PEOPLE["district"], scope=place.COMMUNITY, year=2023
    )
    t.check(rate["change_percent"] == "-9.8", f"the rate changed by {rate['change_percent']} %")
    t.say(
        f"每百户 {rate['previous']['rate']} → {rate['current']['rate']},"
        f"同比 {rate['change_percent']}%",
        f"/v1/property/complaint-rate?scope={place.COMMUNITY}&year=2023",
    )


def _spread(total: int) -> list[int]:
    """Return twelve monthly counts that sum to a year's."""
    base, rest = divmod(total, 12)
    return [base + (1 if month < rest else 0) for month in range(12)]


def _where(card: dict[str, Any], **wanted: Any) -> dict[str, Any] | None:
    return card if all(card[name] >= value for name, value in wanted.items()) else None


def _state(card: dict[str, Any], *states: str) -> dict[str, Any] | None:
    return card if card["state"] in states else None
