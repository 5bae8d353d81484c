"""What the walk of rights tries besides what the story leaves behind: a thing for every door.

It is made over HTTP by the people of the story, after its end, and returned as the members with
which a door is tried: those of its path, which name the thing, and those of its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from fivered.chassis import audit_seals
from fivered.chassis.messages import SYSTEM, Actor, Call, new_uuid
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Person, Refused
from fivered.clients.demo.district import PEOPLE
from fivered.clients.demo.teller import local

# door -> members with which it is tried.
Members = Mapping[str, Mapping[str, Any]]

# What the processes of the system are started with.
ENVIRON = {
    "FIVERED_WEBHOOK_HOSTS": "127.0.0.1:9",
    "FIVERED_WEBHOOK_KEY": "ab" * 32,
    "FIVERED_PROPERTY_VOTE_NOTICE_DAYS": "1",
    # So that what the story closes is called about.
    "FIVERED_STEWARD_RETURN_VISIT_PERCENT": "100",
    "FIVERED_MAIL_SERVER": "smtp://127.0.0.1:9",
    "FIVERED_MAIL_FROM": "wuhong@example.cn",
}
# Nobody listens there.
URL = "https://127.0.0.1:9/five-red"
# A grid of the community that no project serves.
FREE_GRID = f"{place.COMMUNITY}003"
# Where another service has not heard yet.
_ON_ITS_WAY = {"UNKNOWN_PERSON", "NOT_REGISTERED", "IDENTITY_NOT_VERIFIED", "AREA_UNKNOWN"}
_REASONS = "经现场核查,情况属实,特此说明,请予以审核办理。"


class Hands:
    """The people of the story, who make things."""

    def __init__(self, site: Any) -> None:
        self.site, self.api = site, site.api

    def post(
        self, who: str | Person, path: str, body: Mapping[str, Any] | None = None, *,
        role: str | None = None, version: int | None = None,
    ) -> Any:  # fmt: skip
        """Give a command, also where a fact that it needs is still on its way."""
        person = _person(who)

        def given() -> Any:
            try:
                return [self.api.post(path, person, body, key=new_uuid(), role=role,
                                      version=version)]  # fmt: skip
            except Refused as refused:
                if refused.problem.get("guard") in _ON_ITS_WAY:
                    return None
                raise

        return self.api.wait(path, given)[0]

    def make(self, who: str | Person, path: str, body: Mapping[str, Any], **more: Any) -> str:
        """Make a thing; returns its id."""
        return str(self.post(who, path, body, **more)["id"])

    def next(
        self, who: str | Person, path: str, step: str, body: Mapping[str, Any] | None = None, *,
        role: str | None = None, reader: str | Person | None = None,
    ) -> Any:  # fmt: skip
        """Do the next step of a thing."""
        return self.api.advance(
            path, step, _person(who), body, key=new_uuid(), role=role,
            reader=_person(reader) if reader else None,
        )  # fmt: skip

    def get(self, who: str, path: str, **query: Any) -> Any:
        """Ask a question."""
        return self.api.get(path, PEOPLE[who], **query)

    def at(self, moment: str) -> None:
        """Move the clock to a local time."""
        self.api.move_clock(local(moment), PEOPLE["district"])


def _person(who: str | Person) -> Person:
    return PEOPLE[who] if isinstance(who, str) else who


def leave(site: Any) -> Members:
    """Make everything; returns door -> members with which it is tried."""
    hands = Hands(site)
    found: dict[str, Mapping[str, Any]] = {}
    for part in PARTS:
        found |= part(hands)
    return found


def _steward(h: Hands) -> Members:
    worker, resident = PEOPLE["grid_worker"], PEOPLE["resident"].person_id
    asked = {"channel": "APP", "kind": "HELP", "category": "NOISE", "grid": place.GRID}
    other, request = (
        h.make("resident", "/v1/steward/requests", asked | {"text": text})
        for text in ("楼上夜间施工", "楼上夜间噪声")
    )
    path = f"/v1/steward/requests/{request}"
    card = h.api.wait("handler", lambda: _with(h.get("cadre", path, role="R_CADRE"), "handler"))
    assert card["handler"] in {place.GRID_WORKER, place.CADRE}, card
    h.post("resident", "/v1/steward/hazards",
           {"category": "FIRE_LANE", "grid": place.GRID, "place": "3 号楼北侧"})  # fmt: skip
    begin_at = h.api.now() + timedelta(days=1)
    activity = h.make("cadre", "/v1/steward/activities", {
        "area": place.COMMUNITY, "title": "楼道清洁", "place": "红色驿站", "quota": 5,
        "start": begin_at.isoformat(), "end": (begin_at + timedelta(hours=2)).isoformat(),
    })  # fmt: skip
    h.post("resident", f"/v1/steward/activities/{activity}/sign-up", {})
    month = h.api.now().isoformat()[:7]
    h.post(worker, "/v1/steward/visit-plans", {
        "steward_id": place.GRID_WORKER, "period": month, "lines": [{"person_id": resident}],
    }, role="R_STEWARD")  # fmt: skip
    visit = {"client_id": "visit-1", "grid": place.GRID, "purpose": "ELDERLY_CARE"}
    visit |= {"occurred_at": h.api.now().isoformat()}
    h.post(worker, "/v1/steward/visits-batch", {"items": [visit]}, role="R_STEWARD")
    h.post("resident", "/v1/steward/corrections", {"name": "王小莉"})
    chat = Actor("svc_chat", "R_STREET", place.STREET)
    said = {"group_ref": "qun-1", "area": place.GRID, "text": "楼道灯不亮"}
    said |= {"sent_at": h.api.now().isoformat()}
    for number in ("m-1", "m-2", "m-3"):
        brought = Call("receive_chat", said | {"msg_id": number}, chat, key=new_uuid())
        item = h.site.host.runtimes["steward"].call(brought)
    template = {"area": place.COMMUNITY, "title": "已收悉", "text_zh": "您的诉求 {number} 已收悉。"}
    template = h.make("cadre", "/v1/steward/reply-templates", template, role="R_CADRE")
    refused = {"reason": "NOT_A_REQUEST", "note": "群内问好"}
    h.post("secretary", f"/v1/steward/intake/{item['id']}/refuse", refused, version=1)
    compound = {"place_code": f"{place.COMMUNITY}-001", "kind": "COMPOUND", "name": "春晖苑"}
    building = {"place_code": f"{place.COMMUNITY}-001-003", "kind": "BUILDING", "name": "3号楼"}
    h.post("cadre", "/v1/steward/places", compound)
    h.post("cadre", "/v1/steward/places", building | {"grid": place.GRID})
    ring = [[116.58, 35.40], [116.59, 35.40], [116.59, 35.41], [116.58, 35.40]]
    h.post("cadre", "/v1/steward/shapes", {
        "shape_code": place.GRID, "geometry": {"type": "Polygon", "coordinates": [ring]},
    })  # fmt: skip
    h.post("resident4", "/v1/steward/erasures", {})
    second = place.GRID_WORKER if card["handler"] == place.CADRE else place.CADRE
    h.post("secretary", f"{path}/co-handlers", {"steward_id": second, "reason": "请一同到场"},
           role="R_SECRETARY")  # fmt: skip
    _had_first(h, request, second)
    h.post("district2", "/v1/steward/service-standards", {
        "effective_from": "2099-01-01", "source": "示例", "hours": [{
            "code": "OFFICE", "name_zh": "工作日", "name_en": "Working days",
            "days": "WORKING_DAYS", "opens": "08:30", "closes": "17:30",
        }],
    })  # fmt: skip
    h.post("street", "/v1/steward/grid-changes", {
        "kind": "SPLIT", "grids": [place.GRID], "effective_on": "2025-12-01", "reason": "户数超过规定",
        "into": [{"code": place.GRID, "name": "第一网格"},
                 {"code": f"{place.COMMUNITY}088", "name": "新网格"}],
    })  # fmt: skip
    begin = h.api.now() + timedelta(days=2)
    shift = h.make("secretary", "/v1/steward/shifts", {
        "steward_id": place.GRID_WORKER, "grid": place.GRID, "start": begin.isoformat(),
        "end": (begin + timedelta(hours=8)).isoformat(), "place": "红色驿站",
    }, role="R_SECRETARY")  # fmt: skip
    swap = {"shift_id": shift, "to_steward": place.CADRE}
    h.post(worker, "/v1/steward/shift-swaps", swap, role="R_STEWARD")
    people = [
        h.make("district", "/v1/steward/people", {
            "name": name, "phone": f"128{number:08d}", "birth_year": 1940, "grid": place.GRID,
            "synthetic": True,
        })
        for number, name in enumerate(("田有福", "田友福", "方老太"), 801)
    ]  # fmt: skip
    anybody = Actor("", "R_ANONYMOUS", "", address="127.0.0.1")
    asks = Call("ask_phone_code", {"phone": "12800000801"}, anybody, key=new_uuid())
    h.site.host.runtimes["steward"].call(asks)
    twice, kept, dead = people
    home = {"household_id": "hh_more", "grid": place.GRID, "name": "何小平", "synthetic": True}
    h.make("district", "/v1/steward/people", home)
    person = h.get("district", f"/v1/steward/people/{twice}")
    h.post("cadre", f"/v1/steward/people/{twice}/merge",
           {"into": kept, "reason": "同一人登记两次"}, version=person["version"])  # fmt: skip
    person = h.get("district", f"/v1/steward/people/{dead}")
    h.post("cadre", f"/v1/steward/people/{dead}/deactivate", {"reason": "DECEASED"},
           version=person["version"])  # fmt: skip
    _undelivered(h)
    return {
        "steward.record_hours": {"person_id": PEOPLE["neighbour"].person_id},
        "steward.merge_request": {"request_id": request, "into": other},
        "steward.reveal_number": {"subject": resident},
        "steward.bind_wechat": {"code": None},
        "steward.similar_requests": {"category": "NOISE", "grid": place.GRID},
        "steward.submit_request": {"grid": place.GRID},
        "steward.known_incidents": {"grid": place.GRID},
        "steward.visits": {"steward_id": place.GRID_WORKER, "period": "2025-04"},
        "steward.decide_death": {"person_id": dead},
        "steward.plan_visits": {"steward_id": place.GRID_WORKER, "period": month},
        "steward.copy_visits": {
            "steward_id": place.GRID_WORKER,
            "from_period": month,
            "to_period": month,
        },
        "steward.steward_card": {"card_id": place.GRID_WORKER},
        "steward.contact_board_version": {"grid": place.GRID, "version": 1},
        "steward.place": {"place_code": building["place_code"]},
        "steward.household_stewards": {"household_id": "hh_more"},
        "steward.reply_by_template": {"template_id": template},
        "steward.steward_score": {"period": "2025-03"},
        "steward.locate": {"community": place.COMMUNITY, "building": "3"},
    }


def _undelivered(h: Hands) -> None:
    """Let a message to a resident be given up; that takes three days otherwise."""
    steward = h.site.host.runtimes["steward"]
    with steward.engine.begin() as conn:
        table = steward.service_cls.tables.tables["deliveries"]
        conn.execute(table.insert().values(
            delivery_id="dlv_more", message_id="msg_more", channel="SMS", state="DEAD",
            person_id=PEOPLE["resident"].person_id, attempts=8, status=503,
            created_at=datetime.now(UTC), ended_at=datetime.now(UTC), kind="REQ_LATE",
        ))  # fmt: skip


def _had_first(h: Hands, request: str, steward_id: str) -> None:
    """Let somebody have had a request first; in the story nobody hands one on."""
    steward = h.site.host.runtimes["steward"]
    requests = steward.service_cls.tables.tables["requests"]
    with steward.engine.begin() as conn:
        mine = requests.c.request_id == request
        conn.execute(sa.update(requests).where(mine).values(first_handler=steward_id))


def _with(card: dict[str, Any], name: str) -> dict[str, Any] | None:
    return card if card.get(name) else None


def _credit(h: Hands) -> Members:
    project = f"PRJ:{place.PROJECT}"
    praised, other = (f"RES:{PEOPLE[who].person_id}" for who in ("resident", "neighbour"))
    award = _award(h, project, "2025-03", "R-PRJ-12")
    h.post("manager", "/v1/credit/repairs",
           {"award_id": award, "text": _REASONS, "evidence": ["ZG-2025-001"]})  # fmt: skip
    veto = {
        "subject": project, "document_no": "济任住建罚〔2025〕3号", "hearing_ref": "TZ-2025-003",
        "from_period": "2025-06", "to_period": "2025-09", "reasons": _REASONS,
    }  # fmt: skip
    h.post("street", "/v1/credit/vetoes", veto)
    h.post("resident", "/v1/credit/exports", {"kind": "STATEMENT", "format": "CSV"})
    assisted = {
        "notice_version": "2025.1", "purposes": ["SCORING", "POINTS", "COMMENDATION"],
        "person_id": PEOPLE["resident5"].person_id, "channel": "PAPER", "evidence_ref": "SQ-001",
    }  # fmt: skip
    h.post("cadre", "/v1/credit/consents", assisted, role="R_CADRE")
    draft = h.make("district", "/v1/credit/rule-sets",
                   {"version": "2025.9", "based_on": "RC-2025.1"})  # fmt: skip
    job = h.post("district", f"/v1/credit/rule-sets/{draft}/what-if", {"months": 1})
    h.next("district", f"/v1/credit/rule-sets/{draft}", "consult")
    # Of a day that does not come: nobody consents under it.
    notice = {
        "notice_version": "2099.1", "effective_from": "2099-01-01",
        "texts": [{"purpose": purpose, "text": _REASONS, "text_en": "What is processed, and why."}
                  for purpose in ("SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION")],
    }  # fmt: skip
    h.post("district", "/v1/credit/consent-notices", notice)
    commendation = _commendation(h, praised, other)
    return {
        "credit.propose_consent_notice": notice,
        # What is told of an organisation is told to all.
        "credit.subject": {"subject_id": other},
        "credit.import_rule_set": {"code": "RC-2025.1"},
        "credit.comment_on_rule_set": {"rule_set_id": draft},
        "credit.what_if_result": {"job_id": job["job_id"]},
        "credit.file_objection": {"target_id": award},
        "credit.start_correction": {"target_id": award},
        "credit.apply_for_repair": {"award_id": award, "evidence": ["ZG-2025-001"]},
        "credit.impose_veto": veto,
        "credit.nominate": {"commendation_id": commendation, "subject": other},
        "credit.object_to_nominee": {
            "commendation_id": commendation, "subject": other, "text": "事迹与实际不符,请核查。",
        },
    }  # fmt: skip


def _award(h: Hands, subject: str, period: str, rule: str) -> str:
    found = h.get("secretary", f"/v1/credit/subjects/{subject}/explain", period=period)["awards"]
    return next(str(one["id"]) for one in found if one["why"]["rule"] == rule)


def _commendation(h: Hands, praised: str, other: str) -> str:
    """A commendation on notice, with an objection to the other one of its nominees."""
    _rated(h, [praised, other])
    given = {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS", "COMMENDATION"]}
    for who in ("neighbour", "resident"):
        h.post(who, "/v1/credit/consents", given)
    made = h.make("secretary", "/v1/credit/commendations", {
        "title": "一季度最美邻居", "form": "NOTICE", "level": "COMMUNITY", "kind": "RES",
        "criteria": "热心公益,邻里称赞。", "area": place.COMMUNITY, "quota": 3,
        "from_period": "2025-01", "to_period": "2025-03",
    })  # fmt: skip
    path = f"/v1/credit/commendations/{made}"
    for subject in (praised, other):
        nominee = {"subject": subject, "reason": "热心调解邻里纠纷。"}
        h.post("cadre", f"{path}/nominate", nominee, role="R_CADRE")
    h.next("secretary", path, "check")
    reviews = [
        {"support": True, "reasons": _REASONS} | {"subject": one} for one in (praised, other)
    ]
    h.next("secretary", path, "review", {"reviews": reviews})
    h.next("secretary", path, "publicise")
    h.post("resident6", f"{path}/object", {"subject": other, "text": "事迹与实际不符,请核查。"})
    return made


def _rated(h: Hands, subjects: list[str]) -> None:
    """Let people have been the best for three months; the story is too short for that."""
    credit = h.site.host.runtimes["credit"]
    entries = credit.service_cls.tables.tables["entries"]
    with credit.engine.begin() as conn:
        conn.execute(
            sa.update(entries)
            .where(entries.c.subject_id.in_(subjects))
            .values(grade="AAA", raw_grade="AAA", score=1200)
        )


def _honour(h: Hands) -> Members:
    """The notice of the commendation ends, and its nominee is honoured."""
    h.at("2025-04-24T09:00:00")
    (row,) = h.get("secretary", "/v1/credit/commendations")["items"]
    path = f"/v1/credit/commendations/{row['id']}"
    h.next("street", path, "approve")
    h.next("street", path, "grant")
    return {}


def _partner(h: Hands) -> Members:
    h.post("street", "/v1/partner/funds",
           {"area": place.COMMUNITY, "period": "2025-04", "budget_fen": 500_000})  # fmt: skip
    redeemed = h.make("resident", "/v1/partner/redemptions",
                      {"offer_id": place.HAIRCUT, "qty": 1, "wallet": "RES"})  # fmt: skip
    path = f"/v1/partner/redemptions/{redeemed}"
    card = h.api.wait("voucher", lambda: _with(h.get("resident", path), "voucher"))
    h.post("barber", f"{path}/verify", {"voucher": card["voucher"]})
    h.api.wait("captured", lambda: h.get("resident", path)["state"] == "REDEEMED")
    h.next("resident", path, "refund", {"reason": "理发中途停电,未完成"})
    operators = {"operators": [PEOPLE["neighbour"].person_id]}
    return {
        "partner.register_partner": operators,
        "partner.set_operators": operators,
        "partner.fund": {"area": place.COMMUNITY, "period": "2025-04"},
    }


def _property(h: Hands) -> Members:
    h.post("secretary", "/v1/property/disclosures", {
        "project_id": place.PROJECT, "kind": "FEES", "title": "一季度收支",
        "due_date": "2025-05-15",
    })  # fmt: skip
    h.post("district", "/v1/steward/areas", {
        "code": FREE_GRID, "name": "春晖三网格", "kind": "GRID", "households": 200, "persons": 400,
    })  # fmt: skip
    h.post("neighbour", "/v1/steward/requests", {
        "channel": "APP", "kind": "COMPLAINT", "category": "PROPERTY_SERVICE", "grid": FREE_GRID,
        "text": "小区门口垃圾两天未清",
    })  # fmt: skip
    h.api.wait(
        "undecided", lambda: h.get("secretary", "/v1/property/undecided-complaints")["items"]
    )
    h.post("district", f"/v1/property/projects/{place.PROJECT}/complaint-history/correct", {
        "period": "2023-05", "invalidated": 1, "reason": "复核为重复投诉",
    })  # fmt: skip
    times = {"starts_at": "2025-07-01T09:00:00+08:00", "ends_at": "2025-07-01T18:00:00+08:00"}
    h.post("manager", "/v1/property/incidents", times | {
        "kind": "GAS", "nature": "WORKS", "title": "燃气管道检修", "text": "检修期间停气。",
        "project_id": place.PROJECT,
    })  # fmt: skip
    now = h.api.now()
    h.post("manager", "/v1/property/incidents", {
        "kind": "WATER", "nature": "OUTAGE", "title": "停水", "text": "水泵检修。",
        "project_id": place.PROJECT, "starts_at": (now - timedelta(days=6)).isoformat(),
        "ends_at": (now + timedelta(days=29)).isoformat(),
    })  # fmt: skip
    h.api.wait("heard of by steward", lambda: h.get(
        "secretary", f"/v1/steward/known-incidents?grid={place.GRID}"
    )["items"])  # fmt: skip
    met = next(
        one["id"]
        for one in h.get("street", "/v1/property/rectifications", limit=200)["items"]
        if one["state"] in ("PASSED", "CLOSED")
    )
    again = {"kind": "RECTIFICATION", "thing_id": met}
    if not h.get("street", "/v1/property/quality-checks", state="WAITING")["items"]:
        h.post("street2", "/v1/property/quality-checks", again)
    neighbour = PEOPLE["neighbour"].person_id
    branch = {
        "kind": "PARTY_BRANCH", "name": "春晖苑党支部", "community": place.COMMUNITY,
        "term_from": "2025-01-01", "term_to": "2028-01-01", "document_ref": "备案〔2025〕2号",
        "members": [{"person_id": neighbour, "post": "SECRETARY"}],
    }  # fmt: skip
    h.post("street", "/v1/property/community-bodies", branch)
    room = {
        "project_id": place.PROJECT, "building": "3号楼", "number": "601", "area_m2": 89.52,
        "owners": [neighbour], "document_ref": "不动产权第0001号",
    }  # fmt: skip
    h.post("secretary", "/v1/property/rooms", room)
    called = {
        "project_id": place.PROJECT, "place": "红帆驿站", "agenda": ["充电桩选址"],
        "starts_at": (h.api.now() + timedelta(days=20)).isoformat(),
        "committee": [PEOPLE["secretary"].person_id],
    }  # fmt: skip
    h.post("secretary", "/v1/property/meeting-calls", called)
    met = h.get("secretary", "/v1/property/tripartite-meetings")["items"][0]
    minutes = {"text": "会议商定六月底前完成充电桩选址。"}
    h.post("secretary", f"/v1/property/tripartite-meetings/{met['id']}/minutes", minutes,
           version=met["version"])  # fmt: skip
    return {
        "property.announce_incident": times | {"project_id": place.PROJECT, "grids": []},
        "property.register_body": branch,
        "property.call_meeting": called,
        "property.register_room": room | {"number": "602"},
        "property.ask_quality_check": again,
        "property.statistics": {"since": "2025-03-01", "until": "2025-03-31"},
        "property.change_representatives": {"representatives": [neighbour]},
        "property.register_project": {
            "company_id": place.COMPANY, "manager_person_id": neighbour,
            "grids": [FREE_GRID], "name": "春晖三苑",
        },
    }  # fmt: skip


def _handed_over(h: Hands) -> Members:
    """A compound of its own goes from one company to another; the same people act for both."""
    both = {"representatives": [PEOPLE["company"].person_id]}
    other, grid = "pco_next", f"{place.COMMUNITY}004"
    h.post("district", "/v1/steward/areas", {
        "code": grid, "name": "春晖四网格", "kind": "GRID", "households": 90, "persons": 200,
    })  # fmt: skip
    h.post("district", "/v1/property/companies", both | {
        "company_id": other, "name": "信达物业", "uscc": "91370899MA0000003P",
    })  # fmt: skip
    manager = {"manager_person_id": PEOPLE["manager"].person_id}
    project = h.make("street", "/v1/property/projects", manager | {
        "company_id": place.COMPANY, "name": "春晖四苑", "community": place.COMMUNITY,
        "grids": [grid], "households": 90,
    })  # fmt: skip
    path = f"/v1/property/projects/{project}"
    h.next("street", path, "hand-over", manager | {"company_id": other})
    (row,) = h.get("street", "/v1/property/handovers")["items"]
    item = {"handover_id": row["id"], "kind": "KEYS", "title": "车库遥控器"}
    return {"property.add_handover_item": item}


def _owners(h: Hands) -> Members:
    """Two votes of the owners: one is open, with a paper, of the other the result is objected to.

    Their one room is the neighbour's, whom `_property` has registered.
    """
    opens = h.api.now() + timedelta(days=1, minutes=1)
    asked = {
        "project_id": place.PROJECT, "matter": "CHOOSE_MANAGER", "proposal": "同意续聘三年。",
        "opens_at": opens.isoformat(),
    }  # fmt: skip
    path = "/v1/property/owners-votes"
    long, short = (
        h.make(
            "secretary",
            path,
            asked
            | {"title": f"续聘物业,{lasts.days} 天", "closes_at": (opens + lasts).isoformat()},
        )
        for lasts in (timedelta(days=20), timedelta(hours=1))
    )

    def becomes(vote: str, state: str) -> None:
        h.api.wait(state, lambda: h.get("secretary", f"{path}/{vote}")["state"] == state)

    h.api.move_clock(opens + timedelta(minutes=1), PEOPLE["district"])
    becomes(long, "OPEN")
    (room,) = h.get("neighbour", "/v1/property/rooms")["items"]
    voice = {"vote_id": long, "room_id": room["id"]}
    paper = voice | {"choice": "FOR", "paper_ref": "选票1", "evidence": ["sha256:1"]}
    h.post("secretary", "/v1/property/vote-papers", paper)
    h.api.move_clock(opens + timedelta(hours=2), PEOPLE["district"])
    becomes(short, "COUNTING")
    h.next("secretary", f"{path}/{short}", "count")
    objection = {"vote_id": short, "text": "我交的纸质选票没有计入。"}
    h.post("neighbour", "/v1/property/vote-objections", objection)
    return {
        "property.call_vote": asked | {"closes_at": (opens + timedelta(days=9)).isoformat()},
        "property.enter_paper": paper | {"paper_ref": "选票2"},
        "property.object_to_vote": objection,
    }


def _forum(h: Hands) -> Members:
    """A second topic, as far as an objection to its opinion."""
    topic = h.make("neighbour", "/v1/forum/topics", {
        "title": "楼前照明", "description": "路灯昏暗,建议增设。", "way": "ONLINE",
        "category": "FACILITY", "level": "GRID", "scope": [place.GRID],
    })  # fmt: skip
    path = f"/v1/forum/topics/{topic}"
    for number in range(3, 9):
        h.post(f"resident{number}", f"{path}/cosign")
    h.next("secretary", path, "adopt", {"owners_matter": False, "finding": "属协商事项。"})
    room = h.make("secretary", "/v1/forum/sessions", {
        "topic_ids": [topic], "start": "2025-04-21T19:30:00+08:00", "place": "红帆驿站",
        "auto": True, "resident_seats": 7,
    })  # fmt: skip
    meeting = f"/v1/forum/sessions/{room}"
    h.at("2025-04-21T19:30:00")
    h.next("secretary", meeting, "open")
    invited = h.get("secretary", meeting)["invitations"]
    present = sorted({one["person_id"] for one in invited})
    h.post("secretary", f"{meeting}/attendance", {"person_ids": present})
    named = {person.person_id: person for person in PEOPLE.values()}
    for one in sorted({one["person_id"] for one in invited if one["voting"]}):
        h.post(named[one], f"{meeting}/vote", {"topic_id": topic, "choice": "FOR"})
    h.next("secretary", meeting, "close-vote", {"topic_id": topic})
    h.next("secretary", path, "opinion", {"text": "增设路灯两盏。", "decision": "同意增设路灯"})
    h.next("secretary", path, "publicise")
    h.post("resident9", f"{path}/object", {"text": "灯光正对卧室,请调整。"})
    return {"forum.schedule_session": {"topic_ids": [topic]}}


def _chassis(h: Hands) -> Members:
    """Of what every service has, where it is tried."""
    hook = h.post("district", "/v1/credit/webhooks", {"url": URL})
    sent = h.post("district", f"/v1/credit/webhooks/{hook['id']}/test")
    credit = h.site.host.runtimes["credit"]
    # The worker does it when the day is over.
    audit_seals.seal(credit, now=datetime.now(UTC) + timedelta(days=2))
    kind = credit.service_cls.importers[0].kind
    hooked = {"webhook_id": hook["id"]}
    return {
        "credit._importer": {"kind": kind},
        "credit._start_import": {"kind": kind, "sha256": "0" * 64},
        "credit._add_webhook": {"url": f"{URL}/other"},
        "credit._change_webhook": hooked | {"url": f"{URL}/other"},
        "credit._tell_again": hooked | {"after": 0},
        "credit._redeliver": hooked | {"delivery_id": sent["id"]},
    }


def _identity(h: Hands) -> Members:
    """An operator's token, as the command line notes it."""
    made = {
        "token_id": "tok_1", "person_id": "per_tool", "until": "2025-05-01T00:00:00+08:00",
        "grants": [{"role": "R_STREET", "scope": place.STREET}], "made_by": "operator@here",
    }  # fmt: skip
    h.site.host.runtimes["identity"].call(Call("_token_made", made, SYSTEM, key=new_uuid()))
    return {}


# In this order: time passes in some, and what is open is made last.
PARTS: tuple[Callable[[Hands], Members], ...] = (
    _credit, _property, _identity, _chassis, _forum, _honour, _partner, _steward,
    _handed_over, _owners,
)  # fmt: skip
