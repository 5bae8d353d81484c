"""The demonstration district: one street, two communities, everybody whom the story needs.

All people, companies and projects are invented; phones begin with 128, which no operator uses. The
ids are fixed, so that loading twice changes nothing and tokens can be made by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fivered.clients.demo.api import Api, Person, Refused, StillWaiting

DISTRICT = "370811"
STREET = "370811015"
COMMUNITY = "370811015901"
OTHER_COMMUNITY = "370811015902"
GRID = "370811015901001"
SECOND_GRID = "370811015901002"
OTHER_GRID = "370811015902001"


def identity(prefix: str, number: int) -> str:
    """Return a fixed id: the prefix and a UUIDv7 of 2025-01-01."""
    return f"{prefix}_01941f29-7c00-7000-8000-{number:012d}"


@dataclass(frozen=True, slots=True)
class Cast:
    """One person of the district.

    Attributes:
        name: How the demonstration calls the person.
        number: Makes the id.
        full_name: Invented.
        grants: (role, area) pairs.
        grid: Where the person lives, or None for one who is no resident here.
    """

    name: str
    number: int
    full_name: str
    grants: tuple[tuple[str, str], ...]
    grid: str | None = None

    @property
    def person(self) -> Person:
        """The person as the API client takes it."""
        return Person(self.name, identity("per", self.number), self.grants)


_CAST = (
    Cast("district", 1, "周启明", (("R_DISTRICT", DISTRICT),)),
    Cast("district2", 2, "秦海波", (("R_DISTRICT", DISTRICT),)),
    Cast("district_leader", 3, "高远山", (("R_DISTRICT_LEAD", DISTRICT),)),
    Cast("street", 4, "孟庆祥", (("R_STREET", STREET),)),
    Cast("street2", 5, "颜如松", (("R_STREET", STREET),)),
    Cast("street_lead", 6, "孔令文", (("R_STREET_LEAD", STREET),)),
    Cast("secretary", 7, "冯玉兰", (("R_SECRETARY", COMMUNITY),)),
    Cast("cadre", 8, "曹建民", (("R_CADRE", COMMUNITY), ("R_STEWARD", COMMUNITY))),
    Cast("cadre2", 9, "魏淑芳", (("R_CADRE", COMMUNITY),)),
    Cast("grid_worker", 10, "史小燕", (("R_STEWARD", COMMUNITY), ("R_GRID", COMMUNITY)), GRID),
    Cast("property_staff", 11, "任国强", (("R_STEWARD", COMMUNITY),)),
    Cast("manager", 12, "梁志远", (("R_PM", COMMUNITY),)),
    Cast("company", 13, "宋安平", (("R_PCO", DISTRICT),)),
    Cast("barber", 14, "何巧云", (("R_PARTNER", COMMUNITY),)),
    Cast("cinema", 15, "邵俊峰", (("R_PARTNER", STREET),)),
    Cast("owners", 16, "钱守业", (("R_OWNERS", COMMUNITY),), GRID),
    Cast("deputy", 17, "崔文静", (("R_DEPUTY", STREET),)),
    Cast("auditor", 18, "白一心", (("R_AUDITOR", DISTRICT),)),
    Cast("resident", 21, "王小丽", (("R_RESIDENT", GRID),), GRID),
    Cast("neighbour", 22, "李建国", (("R_RESIDENT", GRID),), GRID),
    *(
        Cast(f"resident{number - 20}", number, name, (("R_RESIDENT", GRID),), GRID)
        for number, name in enumerate(
            (
                *("张明德", "刘玉珍", "陈树人", "杨春梅", "赵铁柱"),
                *("黄秀英", "吴天成", "徐静怡", "孙长河", "朱晓燕"),
            ),
            start=23,
        )
    ),
)  # fmt: skip
CAST: Mapping[str, Cast] = {one.name: one for one in _CAST}
PEOPLE: Mapping[str, Person] = {one.name: one.person for one in _CAST}

GRID_WORKER = identity("stw", 10)
PROPERTY_STAFF = identity("stw", 11)
CADRE = identity("stw", 8)
COMPANY = identity("pco", 1)
PROJECT = identity("prj", 1)
BARBER = identity("ptn", 1)
CINEMA = identity("ptn", 2)
HAIRCUT = identity("off", 1)
FILM = identity("off", 2)
HAMPER = identity("off", 3)
OFFICIALS = {
    "district_leader": identity("ofc", 1),
    "street_lead": identity("ofc", 2),
    "cadre": identity("ofc", 3),
    "grid_worker": identity("ofc", 4),
}


class District:
    """Loads the district through the public interface."""

    def __init__(
        self, api: Api, tell: Callable[[int, int], None] = lambda _done, _all: None
    ) -> None:
        self.api = api
        self.tell = tell
        self._steps: list[Callable[[], Any]] = []

    def load(self) -> int:
        """Load everything; what is there already stays. Returns the number of commands."""
        self._areas()
        self._people()
        self._stewards()
        self._property()
        self._forum()
        self._partners()
        self._credit()
        for number, step in enumerate(self._steps):
            self.tell(number, len(self._steps))
            step()
        self.tell(len(self._steps), len(self._steps))
        return len(self._steps)

    def _post(
        self, path: str, who: str, body: Mapping[str, Any], *, key: str, role: str | None = None
    ) -> None:
        self._steps.append(
            lambda: self.api.post(path, PEOPLE[who], body, key=f"district-{key}", role=role)
        )

    def _areas(self) -> None:
        for code, name, kind in (
            (COMMUNITY, "春晖社区", "COMMUNITY"),
            (OTHER_COMMUNITY, "和韵社区", "COMMUNITY"),
            (GRID, "春晖一网格", "GRID"),
            (SECOND_GRID, "春晖二网格", "GRID"),
            (OTHER_GRID, "和韵一网格", "GRID"),
        ):
            size = {"households": 420, "persons": 980} if kind == "GRID" else {}
            self._post(
                "/v1/steward/areas",
                "district",
                {"code": code, "name": name, "kind": kind, **size},
                key=f"area-{code}",
            )

    def _people(self) -> None:
        for one in _CAST:
            body: dict[str, Any] = {
                "person_id": one.person.person_id,
                "name": one.full_name,
                "phone": f"128{one.number:08d}",
                "birth_year": 1955 + one.number,
                "synthetic": True,
            }
            if one.grid:
                body["grid"] = one.grid
            self._post("/v1/steward/people", "district", body, key=f"person-{one.number}")

    def _stewards(self) -> None:
        for steward_id, who, kind, duty in (
            (GRID_WORKER, "grid_worker", "FULL_TIME", "GRID_WORKER"),
            (PROPERTY_STAFF, "property_staff", "FULL_TIME", "PROPERTY_STAFF"),
            (CADRE, "cadre", "FULL_TIME", "COMMUNITY_CADRE"),
        ):
            self._post(
                "/v1/steward/stewards",
                "secretary",
                {
                    "steward_id": steward_id,
                    "person_id": PEOPLE[who].person_id,
                    "type": kind,
                    "duty": duty,
                    "grids": [GRID, SECOND_GRID],
                    "work_phone": f"0537-{CAST[who].number:07d}",
                    "board_consent": True,
                    "consent_ref": f"公示同意-2025-{CAST[who].number:03d}",
                },
                key=f"steward-{who}",
            )

    def _property(self) -> None:
        self._post(
            "/v1/property/companies",
            "district",
            {
                "company_id": COMPANY,
                "name": "任城区示例·澄湖物业有限公司",
                "uscc": "91370899MA0000000E",
                "representatives": [PEOPLE["company"].person_id],
            },
            key="company",
        )
        self._post(
            "/v1/property/projects",
            "street",
            {
                "project_id": PROJECT,
                "company_id": COMPANY,
                "name": "春晖苑",
                "community": COMMUNITY,
                "grids": [GRID, SECOND_GRID],
                "households": 1200,
                "manager_person_id": PEOPLE["manager"].person_id,
            },
            key="project",
        )

    def _forum(self) -> None:
        tiers = {
            "district_leader": ("DISTRICT_LEADER", "区级领导", DISTRICT, "STREET", STREET),
            "street_lead": ("STREET_TEAM", "街道班子成员", STREET, "COMMUNITY", COMMUNITY),
            "cadre": ("COMMUNITY_CADRE", "社区两委委员", COMMUNITY, "GRID", GRID),
            "grid_worker": ("GRID_WORKER", "专职网格员", GRID, None, None),
        }
        for who, (tier, post, area, target_kind, target) in tiers.items():
            self._post(
                "/v1/forum/officials",
                "district",
                {
                    "official_id": OFFICIALS[who],
                    "person_id": PEOPLE[who].person_id,
                    "tier": tier,
                    "post": post,
                    "area": area,
                },
                key=f"official-{who}",
            )
            if target is not None:
                self._post(
                    "/v1/forum/liaisons",
                    "district",
                    {
                        "official_id": OFFICIALS[who],
                        "target_kind": target_kind,
                        "target": target,
                    },
                    key=f"liaison-{who}",
                )

        self._post(
            "/v1/forum/deputies",
            "district",
            {
                "deputy_id": identity("dep", 1),
                "person_id": PEOPLE["deputy"].person_id,
                "kind": "PEOPLES_CONGRESS",
                "level": "TOWN",
                "streets": [STREET],
            },
            key="deputy",
        )

    def _partners(self) -> None:
        for partner_id, who, by, body in (
            (
                BARBER,
                "barber",
                "cadre",
                {
                    "org_name": "任城区示例·巧云理发店",
                    "uscc": "92370899MA0000000B",
                    "category": "BARBER",
                    "level": "COMMUNITY",
                    "area": COMMUNITY,
                },
            ),
            (
                CINEMA,
                "cinema",
                "street",
                {
                    "org_name": "任城区示例·澄湖影城",
                    "uscc": "91370899MA0000003P",
                    "category": "CINEMA",
                    "level": "STREET",
                    "area": STREET,
                },
            ),
        ):
            self._post(
                "/v1/partner/partners",
                by,
                {
                    "partner_id": partner_id,
                    **body,
                    "settle_mode": "FUND",
                    "operators": [PEOPLE[who].person_id],
                },
                key=f"partner-{who}",
                role=PEOPLE[by].grants[0][0],
            )
            for step in ("vet", "agree"):
                self._step(f"/v1/partner/partners/{partner_id}", step, by)
        barber = (BARBER, "barber", "cadre", COMMUNITY)
        cinema = (CINEMA, "cinema", "street", STREET)
        for offer_id, kind, title, price, value_fen, (partner_id, who, by, scope) in (
            (HAIRCUT, "SERVICE", "理发一次", 60, 2500, barber),
            (FILM, "SERVICE", "电影票一张", 80, 4000, cinema),
            (HAMPER, "GOODS", "亲子观影礼包", 190, 9900, cinema),
        ):
            self._post(
                "/v1/partner/offers",
                who,
                {
                    "offer_id": offer_id,
                    "partner_id": partner_id,
                    "kind": kind,
                    "title": title,
                    "points_price": price,
                    "face_value_fen": value_fen,
                    "scope": scope,
                    "settle_fen_per_point": 10,
                    "stock_total": 50,
                    "audience": "BOTH",
                    "valid_from": "2025-01-02T00:00:00+08:00",
                    "valid_to": "2026-12-31T00:00:00+08:00",
                },
                key=f"offer-{offer_id}",
            )
            self._step(f"/v1/partner/offers/{offer_id}", "approve", by)
            self._step(f"/v1/partner/offers/{offer_id}", "publish", who)

    def _credit(self) -> None:
        self._post("/v1/credit/rule-sets/import", "district", {"code": "RC-2025.1"}, key="rules")
        for who in ("resident", "neighbour", *(f"resident{n}" for n in range(3, 13))):
            purposes = ["SCORING", "POINTS"] + (["PUBLIC_LIST"] if who == "resident" else [])
            self._steps.append(partial(self._consent, who, purposes))

    def _consent(self, who: str, purposes: list[str]) -> None:
        """Credit learns of a resident by event; a consent that comes before it waits for that."""

        def granted() -> bool:
            try:
                self.api.post(
                    "/v1/credit/consents",
                    PEOPLE[who],
                    {"notice_version": "2025.1", "purposes": purposes},
                    key=f"district-consent-{who}",
                )
            except Refused as refused:
                if refused.problem.get("guard") in {"IDENTITY_NOT_VERIFIED", "UNKNOWN_PERSON"}:
                    return False
                raise
            return True

        self.api.wait(f"consent of {who}", granted)

    def _step(self, path: str, step: str, who: str) -> None:
        def go() -> None:
            self.api.advance(path, step, PEOPLE[who], key=f"district-{path}-{step}")

        self._steps.append(go)


def load_if_empty(base: str, key: str, say: Callable[[str], None]) -> None:
    """Load the district when it is not there, and say how to get a token for each role.

    Raises:
        StillWaiting: The system did not answer in time.
    """
    if os.environ.get("FIVERED_DEMO_DISTRICT") == "0":
        return
    api = Api(base, key)
    try:
        rules = api.get("/v1/credit/rules")
        if not rules.get("items"):
            count = District(api).load()
            say(f"示范区已装载 demonstration district loaded: {count} commands")
    finally:
        api.close()
    say(
        "令牌 tokens:  make token AS=resident   ("
        + ", ".join(n for n in PEOPLE if n[-1].isalpha())
        + ")"
    )
    say("讲故事 the story:  make demo    停止 stop: Ctrl-C")


__all__ = ["CAST", "PEOPLE", "District", "StillWaiting", "load_if_empty"]
