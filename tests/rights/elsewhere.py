"""A second street with all that the story's has: each is foreign to the other, in both directions.

Its people try the things of the story (they stand among the callers of `walk`), and the story's people
try its things here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fivered.clients.demo import district as place
from fivered.clients.demo.api import Person

if TYPE_CHECKING:
    from tests.rights.more import Hands

STREET = "370811016"
COMMUNITY = f"{STREET}901"
GRID = f"{COMMUNITY}001"
COMPANY, PROJECT, PARTNER, OFFER = (
    place.identity(kind, 71) for kind in ("pco", "prj", "ptn", "off")
)
STEWARD, OFFICIAL, DEPUTY = (place.identity(kind, 71) for kind in ("stw", "ofc", "dep"))

# Role -> where each holds it; who registers the others is of the district.
_ROLES = {
    "R_STREET": STREET, "R_STREET_LEAD": STREET, "R_DEPUTY": STREET, "R_SECRETARY": COMMUNITY,
    "R_CADRE": COMMUNITY, "R_GRID": COMMUNITY, "R_STEWARD": COMMUNITY, "R_PM": COMMUNITY,
    "R_OWNERS": COMMUNITY, "R_PARTNER": COMMUNITY, "R_MERCHANT": COMMUNITY,
    "R_PCO": place.DISTRICT, "R_RESIDENT": GRID,
}  # fmt: skip
PEOPLE = {
    role: Person(role, place.identity("per", 700 + number), ((role, scope),))
    for number, (role, scope) in enumerate(_ROLES.items(), 1)
}
# The grid worker is the steward as well.
PEOPLE["R_GRID"] = Person("R_GRID", PEOPLE["R_STEWARD"].person_id, (("R_GRID", COMMUNITY),))
# (role, area) -> who holds it there.
HELD = {(role, _ROLES[role]): person.person_id for role, person in PEOPLE.items()}


def settle(h: Hands) -> None:
    """Make the second street: its people, and a thing of each kind."""
    for code, name, kind in ((COMMUNITY, "南苑社区", "COMMUNITY"), (GRID, "南苑一网格", "GRID")):
        size = {"households": 300, "persons": 700} if kind == "GRID" else {}
        area = {"code": code, "name": name, "kind": kind}
        h.post("district", "/v1/steward/areas", area | size)
    for number, (role, person) in enumerate(PEOPLE.items()):
        if role != "R_GRID":
            h.post("district", "/v1/steward/people", {
                "person_id": person.person_id, "name": f"于{'一二三四五六七八九十甲乙丙'[number]}",
                "phone": f"128{900 + number:08d}", "birth_year": 1970, "grid": GRID,
                "synthetic": True,
            })  # fmt: skip
    for part in (_ground, _property, _partner, _forum, _credit):
        part(h)


def _id(role: str) -> str:
    return PEOPLE[role].person_id


def _ground(h: Hands) -> None:
    now = h.api.now()
    h.post(PEOPLE["R_SECRETARY"], "/v1/steward/stewards", {
        "steward_id": STEWARD, "person_id": _id("R_STEWARD"), "type": "FULL_TIME",
        "duty": "GRID_WORKER", "grids": [GRID], "work_phone": "0537-7000001",
        "board_consent": True, "consent_ref": "公示同意-071",
    })  # fmt: skip
    h.post(PEOPLE["R_SECRETARY"], "/v1/steward/shifts", {
        "steward_id": STEWARD, "grid": GRID, "place": "红帆驿站",
        "start": (now + timedelta(days=1)).isoformat(),
        "end": (now + timedelta(days=1, hours=8)).isoformat(),
    })  # fmt: skip
    asked = {"channel": "APP", "kind": "HELP", "category": "NOISE", "grid": GRID}
    h.post(PEOPLE["R_RESIDENT"], "/v1/steward/requests", asked | {"text": "楼上夜间噪声"})
    h.post(PEOPLE["R_RESIDENT"], "/v1/steward/hazards",
           {"category": "FIRE_LANE", "grid": GRID, "place": "7 号楼北侧"})  # fmt: skip
    h.post(PEOPLE["R_RESIDENT"], "/v1/steward/corrections", {"name": "于小丁"})
    h.post(PEOPLE["R_RESIDENT"], "/v1/steward/erasures", {})
    h.post(PEOPLE["R_GRID"], "/v1/steward/volunteer-hours", {
        "person_id": _id("R_RESIDENT"), "minutes": 60, "source": "QR", "activity": "清洁日",
        "date": (now - timedelta(days=2)).date().isoformat(),
    })  # fmt: skip


def _property(h: Hands) -> None:
    h.post("district", "/v1/property/companies", {
        "company_id": COMPANY, "name": "南苑物业有限公司", "uscc": "91370899MA0000011J",
        "representatives": [_id("R_PCO")],
    })  # fmt: skip
    h.post(PEOPLE["R_STREET"], "/v1/property/projects", {
        "project_id": PROJECT, "company_id": COMPANY, "name": "南苑", "community": COMMUNITY,
        "grids": [GRID], "households": 300, "manager_person_id": _id("R_PM"),
    })  # fmt: skip
    mine = {"project_id": PROJECT}
    h.post(PEOPLE["R_STREET"], "/v1/property/rectifications", mine | {
        "severity": "S2", "facts": "消防通道被占用", "basis": "《物业服务合同》第 12 条",
    })  # fmt: skip
    h.post(PEOPLE["R_SECRETARY"], "/v1/property/disclosures", mine | {
        "kind": "FEES", "title": "一季度收支", "due_date": "2025-05-15",
    })  # fmt: skip
    h.post(PEOPLE["R_SECRETARY"], "/v1/property/appointments", mine | {
        "direction": "P2C", "person_id": _id("R_PM"), "target_post": "PARTY_BRANCH_MEMBER",
        "party_member": True,
    })  # fmt: skip
    commitment = {"title": "公开收支", "due_date": "2025-07-20", "evidence_kinds": ["PHOTO"]}
    h.post(PEOPLE["R_SECRETARY"], "/v1/property/agreements", mine | {
        "type": "JOINT_BUILDING", "valid_from": "2025-05-01", "valid_to": "2026-05-01",
        "text_sha256": "ab" * 32,
        "commitments": [
            commitment | {"responsible": side, "title": f"{side} {number}"}
            for side in ("PROJECT", "COMMUNITY") for number in (1, 2)
        ],
    })  # fmt: skip
    h.post(PEOPLE["R_RESIDENT"], "/v1/steward/requests", mine | {
        "channel": "APP", "kind": "COMPLAINT", "category": "PROPERTY_SERVICE", "grid": GRID,
        "text": "楼道垃圾两天未清",
    })  # fmt: skip


def _partner(h: Hands) -> None:
    path = f"/v1/partner/partners/{PARTNER}"
    h.post(PEOPLE["R_CADRE"], "/v1/partner/partners", {
        "partner_id": PARTNER, "org_name": "南苑理发店", "uscc": "92370899MA0000012J",
        "category": "BARBER", "level": "COMMUNITY", "area": COMMUNITY, "settle_mode": "FUND",
        "operators": [_id("R_PARTNER")],
    })  # fmt: skip
    for step in ("vet", "agree"):
        h.next(PEOPLE["R_CADRE"], path, step)
    h.post(PEOPLE["R_PARTNER"], "/v1/partner/offers", {
        "offer_id": OFFER, "partner_id": PARTNER, "kind": "SERVICE", "title": "理发一次",
        "points_price": 60, "face_value_fen": 2500, "settle_fen_per_point": 10,
        "stock_total": 50, "audience": "BOTH", "scope": COMMUNITY, "valid_from": "2025-01-02",
        "valid_to": "2026-12-31",
    })  # fmt: skip
    offer = f"/v1/partner/offers/{OFFER}"
    h.next(PEOPLE["R_CADRE"], offer, "approve", reader=PEOPLE["R_PARTNER"])
    h.next(PEOPLE["R_PARTNER"], offer, "publish")


def _forum(h: Hands) -> None:
    h.post(PEOPLE["R_STREET"], "/v1/forum/officials", {
        "official_id": OFFICIAL, "person_id": _id("R_STREET_LEAD"), "tier": "STREET_TEAM",
        "post": "街道班子成员", "area": STREET,
    })  # fmt: skip
    h.post(PEOPLE["R_STREET"], "/v1/forum/liaisons",
           {"official_id": OFFICIAL, "target_kind": "COMMUNITY", "target": COMMUNITY})  # fmt: skip
    h.post("district", "/v1/forum/deputies", {
        "deputy_id": DEPUTY, "person_id": _id("R_DEPUTY"), "kind": "PEOPLES_CONGRESS",
        "level": "TOWN", "streets": [STREET],
    })  # fmt: skip
    h.post(PEOPLE["R_RESIDENT"], "/v1/forum/topics", {
        "title": "楼前照明", "description": "路灯昏暗,建议增设。", "way": "ONLINE",
        "category": "FACILITY", "level": "GRID", "scope": [GRID],
    })  # fmt: skip


def _credit(h: Hands) -> None:
    h.post(PEOPLE["R_RESIDENT"], "/v1/credit/consents",
           {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]})  # fmt: skip
    h.post(PEOPLE["R_RESIDENT"], "/v1/credit/exports", {"kind": "STATEMENT", "format": "CSV"})
    h.post(PEOPLE["R_SECRETARY"], "/v1/credit/commendations", {
        "title": "一季度最美邻居", "form": "NOTICE", "level": "COMMUNITY", "kind": "RES",
        "criteria": "热心公益,邻里称赞。", "area": COMMUNITY, "quota": 3,
        "from_period": "2025-01", "to_period": "2025-03",
    })  # fmt: skip
    h.post(PEOPLE["R_RESIDENT"], "/v1/partner/redemptions",
           {"offer_id": OFFER, "qty": 1, "wallet": "RES"})  # fmt: skip
