"""The worked example of a property project's month, played through HTTP from the first call on."""

import hashlib
from typing import Any

import pytest

from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE, District
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.story import STEPS
from fivered.clients.demo.teller import Teller

RESIDENTS = ("resident", "neighbour", *(f"resident{number}" for number in range(3, 13)))
REQUESTS = "/v1/steward/requests"
STAFF = "property_staff"


@pytest.mark.timeout(400)
@pytest.mark.covers("E3")
def test_the_project_of_may_has_83_although_others_handled_its_complaints(embedded):
    """SP-D3: played so, the project was measured with the cadre's cases and had 80."""
    running = embedded.start(FIVERED_DEMO_START="2025-04-28T09:00:00")
    api = Api(running.address, running.token_key)
    try:
        District(api).load()
        t = Teller(api, Screen(STEPS, quiet=True))
        _found(t)
        _work(t)
        settlement = t.close_month(
            "2025-05", {"cutoff": "2025-06-05T09:30:00", "publish": "2025-06-09T09:00:00"}
        )
        entry = api.get(
            f"/v1/credit/settlements/{settlement['id']}/entries/PRJ:{place.PROJECT}",
            PEOPLE["secretary"],
        )
        assert (entry["good"], entry["bad"], entry["score"], entry["grade"]) == (13, 5, 83, "AA")
    finally:
        api.close()
    assert embedded.stop() == 0


def _found(t: Teller) -> None:
    """Both appointments and two agreements, with ten commitments due on 20 May."""
    for direction, who, post in (
        ("P2C", "manager", "COMMITTEE_PART_TIME_MEMBER"),
        ("C2P", "cadre", "PROJECT_DEPUTY_MANAGER"),
    ):
        made = t.post(
            f"nominate-{direction}",
            "/v1/property/appointments",
            "secretary",
            {
                "project_id": place.PROJECT,
                "direction": direction,
                "person_id": PEOPLE[who].person_id,
                "target_post": post,
            },
        )
        path = f"/v1/property/appointments/{made['id']}"
        street = PEOPLE["street"]
        t.post(f"consent-{direction}", f"{path}/consent", who)
        document = {"document_ref": "纪要〔2025〕3号"}
        t.advance(f"approve-{direction}", path, "approve", "secretary", document)
        t.advance(f"letter-{direction}", path, "approve", "company", document, reader=street)
        t.advance(f"file-{direction}", path, "file", "street")
    for kind in ("JOINT_BUILDING", "CREDIT_DELIBERATION"):
        text = {"text_sha256": hashlib.sha256(kind.encode()).hexdigest()}
        made = t.post(
            f"agreement-{kind}",
            "/v1/property/agreements",
            "secretary",
            {
                "project_id": place.PROJECT,
                "type": kind,
                "valid_from": "2025-04-28",
                "valid_to": "2026-04-28",
                "commitments": [
                    {
                        "title": f"事项{number}",
                        "responsible": "PROJECT",
                        "due_date": "2025-05-20",
                        "evidence_kinds": ["PHOTO"],
                    }
                    for number in range(5)
                ],
            }
            | text,
        )
        path = f"/v1/property/agreements/{made['id']}"
        t.known[kind] = path
        t.advance(f"sign-p-{kind}", path, "sign", "manager", {"side": "PROJECT", **text})
        t.advance(f"sign-c-{kind}", path, "sign", "secretary", {"side": "COMMUNITY", **text})


def _work(t: Teller) -> None:
    t.at("2025-05-06T09:00:00")
    orders = [_order(t, number) for number in (1, 2)]
    t.at("2025-05-07T09:00:00")
    for number, path in enumerate(orders):
        pair = {"evidence_pairs": [{"before": "sha256:b", "after": "sha256:a"}]}
        t.advance(f"submit-{number}", path, "submit", "manager", pair, reader=PEOPLE["street"])
        t.advance(f"pass-{number}", path, "pass", "street", {"note": "已整改"})
    t.at("2025-05-08T10:00:00")
    _complain(t)
    t.at("2025-05-10T16:00:00")
    t.post(
        "meeting",
        "/v1/property/tripartite-meetings",
        "secretary",
        {
            "project_id": place.PROJECT,
            "held_at": "2025-05-10T15:00:00+08:00",
            "chair": PEOPLE["secretary"].person_id,
            "attendees": {
                "COMMITTEE": [PEOPLE["secretary"].person_id],
                "OWNERS": [PEOPLE["owners"].person_id],
                "PROPERTY": [PEOPLE["manager"].person_id],
            },
            "minutes_sha256": "c" * 64,
        },
    )
    t.at("2025-05-12T09:00:00")
    _keep_commitments(t)
    for number in range(150):
        stars = None if number >= 80 else 5 if number < 74 else 3
        _request(t, f"done-{number}", number, solved=True, stars=stars)
    for number in range(6):
        _request(t, f"late-{number}", number, contacted=number < 4)
    t.at("2025-05-16T09:00:00")
    _order(t, 3)
    t.at("2025-05-29T09:00:00")
    for number in range(4):
        _request(t, f"june-{number}", number, solved=True)


def _order(t: Teller, number: int) -> str:
    made = t.post(
        f"order-{number}",
        "/v1/property/rectifications",
        "street",
        {
            "project_id": place.PROJECT,
            "severity": "S3",
            "facts": f"{number}号楼楼道堆物",
            "basis": "《物业服务合同》第 12 条",
        },
    )
    path = f"/v1/property/rectifications/{made['id']}"
    t.advance(f"ack-{number}", path, "acknowledge", "manager", reader=PEOPLE["street"])
    return path


def _complain(t: Teller) -> None:
    """Nine complaints, all of them right; no project handles what is said against it."""
    for number in range(9):
        made = t.post(
            f"complaint-{number}",
            REQUESTS,
            RESIDENTS[number],
            {
                "channel": "APP",
                "kind": "COMPLAINT",
                "category": "PROPERTY_SERVICE",
                "grid": place.GRID,
                "text": "楼道垃圾两天未清",
            },
        )
        assert made["handler"] == place.GRID_WORKER
    complaints = t.api.wait("nine complaints", lambda: _complaints(t))
    for number, complaint in enumerate(complaints):
        t.advance(
            f"validate-{number}",
            f"/v1/property/complaints/{complaint['id']}",
            "validate",
            "cadre2",
            {"valid": True, "reason": "现场核实,情况属实"},
        )


def _complaints(t: Teller) -> list[dict[str, str]] | None:
    path = "/v1/property/complaints"
    rows = t.api.get(path, PEOPLE["cadre2"], project_id=place.PROJECT, limit=50)["items"]
    return rows if len(rows) == 9 else None


def _open_commitments(t: Teller) -> list[dict[str, Any]] | None:
    """A commitment opens by a timer some days before it is due."""
    found = [
        one
        for kind in ("JOINT_BUILDING", "CREDIT_DELIBERATION")
        for one in t.api.get(t.known[kind], PEOPLE["manager"])["commitments"]
    ]
    return found if [one["state"] for one in found] == ["DUE"] * 10 else None


def _keep_commitments(t: Teller) -> None:
    """Nine of ten are kept in time."""
    due = t.api.wait("ten commitments that are open", lambda: _open_commitments(t))
    for number, one in enumerate(due[:9]):
        t.post(
            f"fulfil-{number}",
            f"/v1/property/commitments/{one['id']}/fulfil",
            "manager",
            {"evidence": ["sha256:1"]},
            version=one["version"],
        )


def _request(t: Teller, name: str, number: int, *, contacted=True, solved=False, stars=None):
    """A repair that the project's own people have in hand."""
    who = RESIDENTS[number % len(RESIDENTS)]
    card = t.post(
        f"{name}-submit",
        REQUESTS,
        who,
        {
            "channel": "APP",
            "kind": "REPAIR",
            "category": "REPAIR_COMMON",
            "grid": place.GRID,
            "text": "楼道灯不亮",
        },
    )
    assert card["handler"] == place.PROPERTY_STAFF
    path = f"{REQUESTS}/{card['id']}"

    def step(verb, body):
        return t.post(
            f"{name}-{verb}",
            f"{path}/{verb}",
            STAFF,
            body,
            version=card["version"],
            role="R_STEWARD",
        )

    card = step("accept", {})
    if contacted:
        card = step("contact", {"note": "已电话联系"})
    if solved:
        card = step("resolve", {"outcome": "SOLVED", "note": "已更换", "media": ["sha256:1"]})
    if stars is not None:
        t.post(f"{name}-rate", f"{path}/rate", who, {"stars": stars, "solved": True})
