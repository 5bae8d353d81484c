"""A grid is split, and what came of it merged, through HTTP, in a district of all services."""

from typing import Any

import pytest

from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE, District
from fivered.clients.demo.screen import Screen
from fivered.clients.demo.story import STEPS
from fivered.clients.demo.teller import Teller

CHANGES = "/v1/steward/grid-changes"
REQUESTS = "/v1/steward/requests"
NEW = f"{place.COMMUNITY}077"
SPLIT = {
    "kind": "SPLIT", "grids": [place.GRID], "effective_on": "2025-04-10", "reason": "户数超过规定",
    "rest": NEW,
    "into": [{"code": place.GRID, "name": "第一网格"}, {"code": NEW, "name": "第七十七网格"}],
}  # fmt: skip
MERGE = {
    "kind": "MERGE", "grids": [place.GRID, NEW], "effective_on": "2025-04-20", "reason": "户数不足",
    "into": [{"code": NEW, "name": "东区网格"}],
}  # fmt: skip
LAMP = {
    "channel": "APP", "kind": "REPAIR", "category": "REPAIR_COMMON", "text": "楼道灯不亮",
}  # fmt: skip


def changed(t: Teller, body: dict[str, Any]) -> dict[str, Any]:
    """Propose a change and approve it; returns the dry look."""
    looked = t.post(f"look-{body['kind']}", CHANGES, "street", body | {"preview": True})
    made = t.post(f"propose-{body['kind']}", CHANGES, "street", body)
    waits = t.api.get("/v1/me/work", PEOPLE["street2"])["items"]
    assert "GRID_CHANGE_TO_APPROVE" in {one["kind"] for one in waits}
    t.advance(f"approve-{body['kind']}", f"{CHANGES}/{made['id']}", "approve", "street2")
    return {part["code"]: part for part in looked["parts"]}


@pytest.mark.timeout(300)
def test_what_lies_in_a_grid_follows_it_in_every_service(embedded):
    running = embedded.start(FIVERED_DEMO_START="2025-04-01T09:00:00")
    api = Api(running.address, running.token_key)
    t = Teller(api, Screen(STEPS, quiet=True))
    resident, cadre, street = (PEOPLE[one] for one in ("resident", "cadre", "street"))

    def grids_of_project():
        project = api.get(f"/v1/property/projects/{place.PROJECT}", cadre)
        return {*project["grids"]}

    def answered_for(grid):
        chain = api.get(f"/v1/forum/liaisons/chain?target={grid}", cadre)
        return [bool(rung["officials"]) for rung in chain["rungs"]]

    try:
        District(api).load()
        before = answered_for(place.GRID)
        case = t.post("file", REQUESTS, "resident", LAMP | {"grid": place.GRID})
        looked = changed(t, SPLIT)
        assert looked[place.GRID]["persons"] == 0 < looked[NEW]["persons"]
        t.at("2025-04-10T08:00:00")
        api.wait("the split", lambda: grids_of_project() == {place.GRID, place.SECOND_GRID, NEW})
        moved = api.get(f"{REQUESTS}/{case['id']}", resident)
        assert (moved["grid"], moved["number"]) == (NEW, case["number"])
        card = api.get(f"/v1/steward/people/{resident.person_id}", cadre)
        assert card["grid"] == NEW
        # The worker of the old grid stays there; all above answer for both.
        api.wait("the chain", lambda: answered_for(NEW)[1:] == before[1:])
        assert answered_for(place.GRID) == before

        changed(t, MERGE)
        t.at("2025-04-20T08:00:00")
        api.wait("the merge", lambda: grids_of_project() == {place.SECOND_GRID, NEW})
        api.wait("the chain", lambda: answered_for(NEW) == before)
        grids = api.get(f"/v1/steward/areas?root={place.COMMUNITY}&kind=GRID", street)["items"]
        assert {NEW} <= {one["code"] for one in grids}
        assert place.GRID not in {one["code"] for one in grids}
        said = t.refused(
            "file-there", REQUESTS, "resident", LAMP | {"grid": place.GRID}, "GRID_ENDED"
        )
        assert NEW in said.problem["message_zh"]
        again = t.post("file-here", REQUESTS, "resident", LAMP | {"grid": NEW})
        assert again["state"] == "DISPATCHED"
        kinds = {one["kind"] for one in api.get("/v1/me/messages", cadre)["items"]}
        assert {"GRID_CHANGE_COMES", "GRID_CHANGE_EFFECTIVE"} <= kinds
    finally:
        api.close()
    assert embedded.stop() == 0
