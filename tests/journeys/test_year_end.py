"""The year ends and nobody has loaded the next one's holidays: work goes on."""

import pytest

from clients.demo import district as place
from clients.demo.api import Api
from clients.demo.district import PEOPLE, District
from clients.demo.screen import Screen
from clients.demo.story import STEPS
from clients.demo.teller import Teller
from tests.systems import Embedded

# Month -> local times: cut-off passed, publication, end of the notice.
MONTHS = {
    "2026-11": ("2026-12-03T09:30:00", "2026-12-07T09:00:00", "2026-12-15T00:10:00"),
    "2026-12": ("2027-01-06T09:30:00", "2027-01-08T09:00:00", "2027-01-16T00:10:00"),
    "2027-01": ("2027-02-03T09:30:00", "2027-02-05T09:00:00", "2027-02-13T00:10:00"),
}


@pytest.mark.timeout(300)
def test_every_month_of_the_turn_of_the_year_is_drafted_published_and_final(embedded):
    """FP-D1, SP-D1, CR-D2, IN-A2, OP-B1: nothing is parked, nothing answers 500."""
    with_district(embedded, "2026-11-20T09:00:00", walk)
    assert embedded.stop() == 0


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
    for number, (period, (cutoff, publish, final)) in enumerate(MONTHS.items()):
        work(t, f"before-{period}")
        t.close_month(period, {"cutoff": cutoff, "publish": publish})
        t.finish_month(period, final)
        if number == 0:
            t.at("2026-12-29T10:00:00")
            work(t, "last-days")
    t.at("2027-02-20T09:00:00")
    work(t, "after")
    nothing_parked(t.api)
    listed = t.api.get(
        "/v1/credit/settlements", PEOPLE["street"], community=place.COMMUNITY, limit=50
    )["items"]
    assert {row["period"]: row["state"] for row in listed} == dict.fromkeys(MONTHS, "SETTLED")


def work(t: Teller, step: str) -> None:
    """What people do on any day: each of these counts working days."""
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
            "facts": "楼道堆物,须清理",
            "basis": "《物业服务合同》第 12 条",
        }
        t.post(f"{step}-{severity}", "/v1/property/rectifications", "street", order)


def nothing_parked(api: Api) -> None:
    for name, card in api.get("/v1/health")["services"].items():
        assert card["parked"] == 0, name
