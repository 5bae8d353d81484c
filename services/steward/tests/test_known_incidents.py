"""What property has announced is shown to who reports it again; who insists is taken."""

import pytest

from fivered.services.steward import errors
from fivered.services.steward.tests.ground import GRID, WANG

OTHER_BUILDING, HERE = "1号楼", "3号楼"
SAID = {
    "incident_id": "inc_1",
    "number": "TG-20250303-015901-0001",
    "kind": "WATER",
    "nature": "OUTAGE",
    "grids": [GRID],
    "buildings": [HERE],
    "title": "3 号楼停水检修",
    "starts_at": "2025-03-03T08:00:00+08:00",
    "ends_at": "2025-03-03T18:00:00+08:00",
}


def said(bench, fact="incident_announced.v1", sequence=1, **changes):
    data = SAID | changes
    if fact == "incident_ended.v1":
        data = {"incident_id": "inc_1", "state": "ENDED", "ended_at": SAID["ends_at"]}
    bench.consume("property", fact, data, subject="inc_1", sequence=sequence)


def files(bench, **changes):
    bench.as_("R_RESIDENT", person=WANG, scope=GRID)
    body = {
        "channel": "APP", "kind": "REPAIR", "category": "WATER", "grid": GRID, "building": HERE,
        "text": "家里没水了",
    }  # fmt: skip
    return bench.do("submit_request", body | changes)


def shown(bench, **asked):
    return bench.ask("known_incidents", {"grid": GRID} | asked)["items"]


def test_what_is_announced_there_is_followed_instead_unless_somebody_insists(ground):
    bench = ground.bench
    bench.fire("2025-03-03T09:00:00")
    assert files(bench)["state"] in ("SUBMITTED", "DISPATCHED")
    said(bench)
    with pytest.raises(errors.KnownIncident) as refused:
        files(bench)
    assert refused.value.params["follow"] == "/v1/property/incidents/inc_1/follow"
    assert SAID["number"] in str(refused.value)
    (known,) = shown(bench, category="WATER", building=HERE + "2单元")
    assert (known["id"], known["yours"]) == ("inc_1", True)
    assert [one["yours"] for one in shown(bench, building=OTHER_BUILDING)] == [False]
    assert shown(bench, category="POWER") == []
    with pytest.raises(errors.UnknownGrid):
        shown(bench, grid="370811015901999")

    # What it does not explain is taken: another building or kind, behind the meter, an emergency,
    # a complaint, a place that nobody says; and whoever insists.
    taken = [
        {"building": OTHER_BUILDING},
        {"building": "13号楼"},
        {"category": "POWER"},
        {"indoor": True},
        {"kind": "COMPLAINT"},
        {"building": None},
        {"insist": True},
    ]
    for changes in taken:
        assert files(bench, **changes)["id"], changes
    cadre = {"channel": "PHONE", "priority": "P1", "grid": GRID, "building": HERE}
    bench.as_("R_CADRE", person="per_cadre", scope=GRID[:12])
    urgent = {"kind": "REPAIR", "category": "WATER", "text": "水管爆裂,水漫楼道"} | cadre
    assert bench.do("submit_request", urgent)["id"]

    # All buildings now, and longer; what came late says nothing new.
    said(bench, "incident_updated.v1", 3, buildings=[], ends_at="2025-03-03T20:00:00+08:00")
    said(bench, "incident_updated.v1", 2, buildings=[HERE])
    with pytest.raises(errors.KnownIncident):
        files(bench, building=None)
    assert [one["late"] for one in shown(bench)] == [False]
    # It runs until it is said to be over: both lists say so, also after the announced end.
    bench.fire("2025-03-03T20:00:00")
    with pytest.raises(errors.KnownIncident):
        files(bench)
    assert [one["late"] for one in shown(bench)] == [True]
    said(bench, "incident_updated.v1", 4, ends_at="2025-03-03T23:00:00+08:00")
    with pytest.raises(errors.KnownIncident):
        files(bench)
    said(bench, "incident_ended.v1", 5)
    said(bench, "incident_updated.v1", 4)
    assert files(bench)["id"]
    assert shown(bench) == []


def test_a_building_is_the_same_however_it_is_written(ground):
    """3栋 was another building than 3号楼: nobody was asked to follow, and every one was filed."""
    bench = ground.bench
    bench.fire("2025-03-03T09:00:00")
    said(bench)
    for building in ("3", "3栋", "３号楼", "3幢2单元", "3-2-101", "3号楼2单元101室"):
        assert [one["yours"] for one in shown(bench, building=building)] == [True], building
        with pytest.raises(errors.KnownIncident):
            files(bench, building=building)
    for building in ("13栋", "31号楼", "3A栋", "2"):
        assert [one["yours"] for one in shown(bench, building=building)] == [False], building
        assert files(bench, building=building)["id"]
    said(bench, "incident_updated.v1", 2, buildings=["3"])
    assert [one["yours"] for one in shown(bench, building="3号楼")] == [True]
