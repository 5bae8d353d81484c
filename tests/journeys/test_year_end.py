"""The year ends and nobody has loaded the next one's holidays: work goes on."""

import json
import os
import subprocess
from typing import Any

import pytest

from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api, Refused
from fivered.clients.demo.district import PEOPLE, District
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.story import STEPS
from fivered.clients.demo.teller import Teller
from tests.systems import Embedded

# Month -> local times: cut-off passed, publication, end of the notice.
MONTHS = {
    "2026-11": ("2026-12-03T09:30:00", "2026-12-07T09:00:00", "2026-12-15T00:10:00"),
    "2026-12": ("2027-01-06T09:30:00", "2027-01-08T09:00:00", "2027-01-16T00:10:00"),
    "2027-01": ("2027-02-03T09:30:00", "2027-02-05T09:00:00", "2027-02-13T00:10:00"),
}

# Invented: no notice of the State Council. Tuesday the 5th is free.
YEAR = {
    "year": 2027,
    "off": ["01-01..01-03", "01-05", "05-01..05-03", "10-01..10-07"],
    "make_up": ["10-09"],
    "source": "年度安排(示例)",
}
UNTIL = "2027-12-31"


@pytest.mark.timeout(300)
def test_every_month_of_the_turn_of_the_year_is_drafted_published_and_final(embedded):
    """FP-D1, SP-D1, CR-D2, IN-A2, OP-B1: nothing is parked, nothing answers 500."""
    with_district(embedded, "2026-11-20T09:00:00", walk)
    assert embedded.stop() == 0


@pytest.mark.timeout(300)
def test_a_year_that_arrives_in_january_moves_what_waits_and_every_month_is_final(embedded):
    """K1: two people load it through the gateway; deadlines move later in all five services."""
    with_district(embedded, "2026-11-20T09:00:00", walk_and_load)
    assert embedded.stop() == 0


def test_an_operator_loads_a_year_beside_the_running_system(embedded, tmp_path):
    """OP-B1: `fivered calendar load FILE`; every service hears of it, and the warning ends."""
    api = Api(*address(embedded.start(FIVERED_DEMO_START="2026-12-04T09:00:00")))
    try:
        assert {row["ends_soon"] for row in outlooks(api)} == {True}
        (tmp_path / "2027.json").write_text(json.dumps(YEAR, ensure_ascii=False), "utf-8")
        url = f"sqlite:///{embedded.folder / 'data' / 'steward.sqlite'}"
        keys = json.loads((embedded.folder / "data" / "keys.json").read_text())
        env = (
            os.environ
            | keys
            | {
                "FIVERED_STEWARD_DATABASE_URL": url,
                "FIVERED_BLOBS": str(embedded.folder / "data" / "blobs"),
                "FIVERED_DEMO_CLOCK": "1",
            }
        )
        command = [embedded.program[0], "calendar", "load", str(tmp_path / "2027.json")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "2027-12-31" in done.stdout
        api.wait("2027 everywhere", lambda: {row["until"] for row in outlooks(api)} == {UNTIL})
    finally:
        api.close()


@pytest.mark.parametrize("start", ["2026-12-04T09:00:00", "2031-05-01T09:00:00"])
def test_a_process_starts_on_any_day(embedded, start):
    """OP-B1: `fivered up` of 4 December 2026 ended with CalendarMissing."""
    api = Api(*address(embedded.start(FIVERED_DEMO_START=start)))
    try:
        assert {card["state"] for card in api.get("/v1/health")["services"].values()} == {"UP"}
        nothing_parked(api)
    finally:
        api.close()
    assert embedded.stop() == 0


def outlooks(api: Api) -> list[dict[str, Any]]:
    return [card["calendar"] for card in api.get("/v1/health")["services"].values()]


def with_district(system: Embedded, start: str, tell) -> None:
    api = Api(*address(system.start(FIVERED_DEMO_START=start)))
    try:
        District(api).load()
        tell(Teller(api, Screen(STEPS, quiet=True)))
    finally:
        api.close()


def address(running):
    return running.address, running.token_key


def walk(t: Teller) -> None:
    for number, (period, dates) in enumerate(MONTHS.items()):
        work(t, f"before-{period}")
        settle(t, period, dates)
        if number == 0:
            t.at("2026-12-29T10:00:00")
            made = work(t, "last-days")
            assert made["provisional"] == ["due_resolve"]
    ended(t)


def walk_and_load(t: Teller) -> None:
    settle(t, "2026-11", MONTHS["2026-11"])
    t.at("2027-01-04T10:00:00")
    request = f"/v1/steward/requests/{work(t, 'first-days')['id']}"
    waited = t.api.get(request, PEOPLE["cadre"], role="R_CADRE")["due_resolve"]
    proposed = t.post("year", "/v1/steward/calendar-years", "district", YEAR)
    loading = f"/v1/steward/calendar-years/{proposed['id']}"
    with pytest.raises(Refused) as refused:
        t.api.post(f"{loading}/approve", PEOPLE["district"], key="own", version=1)
    assert (refused.value.status, refused.value.problem["guard"]) == (422, "SAME_PERSON")
    t.post("load", f"{loading}/approve", "district2", version=1)
    t.api.wait("2027 everywhere", lambda: {row["until"] for row in outlooks(t.api)} == {UNTIL})
    card = t.api.get(request, PEOPLE["cadre"], role="R_CADRE")
    assert card["due_resolve"] > waited
    assert "provisional" not in card
    settle(t, "2026-12", ("2027-01-07T09:30:00", "2027-01-11T09:00:00", "2027-01-19T00:10:00"))
    settle(t, "2027-01", ("2027-02-03T09:30:00", "2027-02-05T09:00:00", "2027-02-13T00:10:00"))
    ended(t)


def settle(t: Teller, period: str, dates: tuple[str, str, str]) -> None:
    cutoff, publish, final = dates
    t.close_month(period, {"cutoff": cutoff, "publish": publish})
    t.finish_month(period, final)


def ended(t: Teller) -> None:
    t.at("2027-02-20T09:00:00")
    work(t, "after")
    nothing_parked(t.api)
    listed = t.api.get(
        "/v1/credit/settlements", PEOPLE["street"], community=place.COMMUNITY, limit=50
    )["items"]
    assert {row["period"]: row["state"] for row in listed} == dict.fromkeys(MONTHS, "SETTLED")


def work(t: Teller, step: str) -> dict[str, Any]:
    """What people do on any day: each of these counts working days. Returns the P3 request."""
    requests: dict[str, dict[str, Any]] = {}
    for priority in ("P1", "P2", "P3", "P4"):
        body = {
            "channel": "PHONE",
            "kind": "HELP",
            "category": "NEIGHBOUR_DISPUTE",
            "priority": priority,
            "grid": place.GRID,
            "text": "楼上夜间噪声,希望上门协调",
            "reporter_id": PEOPLE["resident"].person_id,
            "external_ref": f"{step}-{priority}",
        }
        made = t.post(f"{step}-{priority}", "/v1/steward/requests", "cadre", body, role="R_CADRE")
        assert made["number"]
        requests[priority] = made
    topic = {
        "title": f"小院停车 {step}",
        "description": "消防通道常被占用,建议划线停车、错时共享。",
        "way": "ONLINE",
        "category": "PARKING",
        "level": "GRID",
        "scope": [place.GRID],
    }
    made = t.post(f"{step}-topic", "/v1/forum/topics", "resident", topic)
    assert made["number"]
    for severity in ("S2", "S3"):
        order = {
            "project_id": place.PROJECT,
            "severity": severity,
            "facts": f"{step}:楼道堆物,{severity},须清理",
            "basis": "《物业服务合同》第 12 条",
        }
        t.post(f"{step}-{severity}", "/v1/property/rectifications", "street", order)
    return requests["P3"]


def nothing_parked(api: Api) -> None:
    for name, card in api.get("/v1/health")["services"].items():
        assert card["parked"] == 0, name
