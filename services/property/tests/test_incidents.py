"""Outages, works and faults: announced by who answers for them, read by all, told to followers."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.property import errors
from testkit.waits import Waits

OTHER_GRID = "370811015901002"
FAR = "370811015902001"
WATER = {
    "kind": "WATER",
    "nature": "OUTAGE",
    "title": "3、5 号楼停水",
    "text": "因泵房检修停水,请提前储水",
    "starts_at": "2025-03-03T09:00:00+08:00",
    "ends_at": "2025-03-03T18:00:00+08:00",
}


def at(bench, moment):
    bench.fire(moment)


def announce(town, **changes):
    return town.bench.do("announce_incident", WATER | changes)


def listed(town, **asked):
    return {one["number"] for one in town.bench.ask("incidents", asked)["items"]}


@pytest.fixture
def nine(bench, town):
    """A project of two buildings that are named, at nine in the morning."""
    bench.fire("2025-03-03T09:00:00")
    town.found(buildings=["1号楼", "3号楼", "5号楼"])
    return town


def test_an_outage_is_read_by_all_in_its_buildings_and_time_and_its_end_told_to_followers(nine):
    town, bench = nine, nine.bench
    town.manager()
    made = announce(town, project_id="prj_a", buildings=["3号楼", "5号楼"])
    which = {"incident_id": made["id"]}
    assert made["state"] == "RUNNING"
    said = bench.published("incident_announced.v1")[-1]["data"]
    assert (said["grids"], said["buildings"]) == ([town.grid], ["3号楼", "5号楼"])
    assert "text" not in said

    # Anybody reads it, by place, building and time.
    bench.as_("R_ANONYMOUS", person="", scope="")
    here, noon = {"scope": town.grid}, "2025-03-03T12:00:00+08:00"
    assert listed(town, **here, at=noon) == {made["number"]}
    assert listed(town, **here, building="3号楼2单元") == {made["number"]}
    assert listed(town, scope=town.street, kind="WATER", state="RUNNING") == {made["number"]}
    for asked in (
        here | {"building": "1号楼"},
        here | {"at": "2025-03-03T08:00:00+08:00"},
        here | {"at": "2025-03-03T18:00:00+08:00"},
        here | {"kind": "POWER"},
        {"scope": OTHER_GRID},
    ):
        assert listed(town, **asked) == set(), asked
    with pytest.raises(Invalid):
        listed(town, building="3号楼")
    shown = bench.ask("incident", which)
    assert "announced_by" not in shown
    assert "following" not in shown

    # Two follow it, one thinks better of it; news and the end are told to the other one.
    for person in ("per_a", "per_b"):
        bench.as_("R_RESIDENT", person=person, scope=town.grid).do("follow_incident", which)
    assert listed(town, followed=True) == {made["number"]}
    assert bench.do("unfollow_incident", which)["following"] is False
    assert listed(town, followed=True) == set()
    later = which | {"text": "水泵配件晚到", "ends_at": "2025-03-03T21:00:00+08:00"}
    town.manager().do("update_incident", later, version=1)
    over = which | {"text": "已恢复供水"}
    with pytest.raises(errors.EndedInFuture):
        bench.do("end_incident", over | {"ended_at": "2025-03-03T20:00:00+08:00"}, version=2)
    at(bench, "2025-03-03T20:30:00")
    ended = over | {"ended_at": "2025-03-03T20:00:00+08:00"}
    assert bench.do("end_incident", ended, version=2)["state"] == "ENDED"
    with pytest.raises(StateConflict):
        bench.do("end_incident", ended, version=3)
    bench.as_("R_RESIDENT", person="per_a", scope=town.grid)
    told = [one["text"] for one in bench.ask("my_messages")["items"]]
    assert len(told) == 2
    assert "已恢复供水" in told[0]
    assert "水泵配件晚到" in told[1]
    assert made["number"] in told[0]
    with pytest.raises(StateConflict):
        bench.do("follow_incident", which)
    bench.as_("R_RESIDENT", person="per_b", scope=town.grid)
    assert bench.ask("my_messages")["items"] == []
    assert bench.published("incident_ended.v1")[-1]["data"]["state"] == "ENDED"

    # What was planned stays beside what was so; what went on then is still found by its time.
    shown = bench.ask("incident", which)
    assert shown["starts_at"].startswith("2025-03-03T01:00")
    assert shown["ended_at"].startswith("2025-03-03T12:00")
    assert [one["text"] for one in shown["updates"]] == ["水泵配件晚到", "已恢复供水"]
    assert listed(town, **here, at="2025-03-03T19:00:00+08:00") == {made["number"]}
    assert listed(town, **here, at="2025-03-03T20:15:00+08:00") == set()


def test_who_may_announce_where_and_what_times_cannot_be(nine):
    town, bench = nine, nine.bench
    as_utility = lambda: bench.as_("R_STEWARD", person="per_u", scope=town.community)  # noqa: E731
    refused = [
        (lambda: town.manager("per_rival"), {"project_id": "prj_a"}, errors.NotTheManager),
        (town.manager, {"grids": [town.grid]}, errors.NotTheManager),
        (town.manager, {"project_id": "prj_a", "grids": [OTHER_GRID]}, errors.NotServing),
        (town.manager, {"project_id": "prj_a", "buildings": ["9号楼"]}, errors.NotYourBuildings),
        (town.cadre, {"grids": [FAR]}, RoleDenied),
        (town.cadre, {}, errors.GridsNeeded),
        (as_utility, {"grids": [FAR]}, RoleDenied),
        (town.cadre, {"project_id": "prj_none"}, NotFound),
        (
            lambda: bench.as_("R_RESIDENT", person="per_a", scope=town.grid),
            {"grids": [town.grid]},
            RoleDenied,
        ),
    ]
    times = [
        ({"ends_at": WATER["starts_at"]}, errors.EndsBeforeStart),
        ({"ends_at": "2026-03-03T18:00:00+08:00"}, errors.IncidentTooLong),
        ({"starts_at": "2025-02-20T09:00:00+08:00"}, errors.BeganTooLongAgo),
        (
            {
                "starts_at": "2025-03-02T09:00:00+08:00",
                "ends_at": "2025-03-03T08:59:00+08:00",
            },
            errors.EndIsPast,
        ),
    ]
    refused += [(town.cadre, {"grids": [town.grid], **more}, refusal) for more, refusal in times]
    for who, body, refusal in refused:
        who()
        with pytest.raises(refusal):
            announce(town, **body)
    assert bench.rows("SELECT 1 FROM incidents") == []
    # Where a project shares its grid, what it announces is for its own buildings.
    town.manager()
    own = announce(town, project_id="prj_a")
    assert bench.ask("incident", {"incident_id": own["id"]})["buildings"] == [
        "1号楼", "3号楼", "5号楼",
    ]  # fmt: skip
    # A utility answers for its own; the community for all of its area, but for no project's roof.
    as_utility()
    gas = announce(town, kind="GAS", grids=[town.grid, OTHER_GRID])
    which = {"incident_id": gas["id"], "text": "抢修中"}
    for who in (lambda: bench.as_("R_STEWARD", person="per_v", scope=town.community), town.manager):
        who()
        with pytest.raises(RoleDenied):
            bench.do("update_incident", which, version=1)
    with pytest.raises(RoleDenied):
        bench.as_("R_CADRE", person="per_far", scope=FAR[:12]).do("end_incident", which, version=1)
    wider = which | {"grids": [FAR]}
    with pytest.raises(RoleDenied):
        as_utility().do("update_incident", wider, version=1)
    assert town.street_clerk().do("update_incident", which | {"grids": [OTHER_GRID]}, version=1)
    assert listed(town, scope=town.grid) == {own["number"]}
    assert listed(town, scope=OTHER_GRID) == {gas["number"]}


def test_a_planned_one_begins_by_itself_is_put_off_or_cancelled_and_waits_when_it_is_not_over(nine):
    town, bench, waits = nine, nine.bench, Waits(nine.bench)
    manager = ("per_wu", "R_PM", town.community)
    planned = {
        "project_id": "prj_a",
        "starts_at": "2025-03-04T09:00:00+08:00",
        "ends_at": "2025-03-04T18:00:00+08:00",
    }
    town.manager()
    lift = announce(town, kind="LIFT", nature="WORKS", **planned)
    off = announce(town, kind="POWER", nature="OUTAGE", **planned)
    assert lift["state"] == "PLANNED"
    with pytest.raises(StateConflict):
        bench.do("end_incident", {"incident_id": lift["id"], "text": "已完成"}, version=1)
    # Put off by a day: it does not begin when it was to.
    later = {
        "incident_id": lift["id"],
        "text": "配件未到,顺延一日",
        "starts_at": "2025-03-05T09:00:00+08:00",
        "ends_at": "2025-03-05T18:00:00+08:00",
    }
    bench.do("update_incident", later, version=1)
    with pytest.raises(errors.ReasonRequired):
        bench.do("cancel_incident", {"incident_id": off["id"], "reason": "不"}, version=1)
    cancel = {"incident_id": off["id"], "reason": "供电公司改期"}
    bench.do("cancel_incident", cancel, version=1)
    at(bench, "2025-03-04T09:00:00")
    assert bench.ask("incident", {"incident_id": lift["id"]})["state"] == "PLANNED"
    assert listed(town, scope=town.grid, at="2025-03-04T10:00:00+08:00") == set()
    assert listed(town, state="CANCELLED") == {off["number"]}
    at(bench, "2025-03-05T09:00:00")
    shown = bench.ask("incident", {"incident_id": lift["id"]})
    assert (shown["state"], shown["started_at"]) == ("RUNNING", shown["starts_at"])
    assert waits.things("END_INCIDENT", *_right(manager)) == {}

    # Its time is over and nobody has said that it is: it waits for who answers for it.
    at(bench, "2025-03-05T18:00:00")
    assert listed(town, scope=town.grid, at="2025-03-05T18:00:00+08:00") == {lift["number"]}
    town.manager()
    waits.until(
        "END_INCIDENT",
        lift["id"],
        lambda: town.manager().do(
            "end_incident", {"incident_id": lift["id"], "text": "电梯恢复运行"}, version=3
        ),
        to=manager,
        not_to=[
            ("per_rival", "R_PM", town.community),
            ("per_li", "R_CADRE", town.community),
            ("per_u", "R_STEWARD", town.community),
        ],
    )
    with pytest.raises(NotFound):
        bench.do("follow_incident", {"incident_id": "inc_none"})


def _right(who):
    person, role, scope = who
    return person, (role, scope)


def test_who_follows_follows_under_the_kept_registration(nine):
    town, bench = nine, nine.bench
    town.settle("per_old", "per_kept")
    town.cadre()
    which = {"incident_id": announce(town, grids=[town.grid])["id"]}
    for person in ("per_old", "per_kept"):
        bench.as_("R_RESIDENT", person=person, scope=town.grid).do("follow_incident", which)
    bench.consume(
        "steward", "person_merged.v1", {"person_id": "per_old", "into": "per_kept"},
        subject="per_old", sequence=9,
    )  # fmt: skip
    assert bench.rows("SELECT person_id FROM incident_followers") == [{"person_id": "per_kept"}]


def test_a_community_reads_its_own_announcements_and_a_building_however_it_is_written(nine):
    town = nine
    town.cadre()
    made = announce(town, grids=[town.grid], buildings=["3号楼"])
    for asked in (
        {"scope": town.community},
        {"scope": town.community, "building": "3"},
        {"scope": town.grid, "building": "3栋2单元"},
        {"mine": True},
        {"scope": town.street},
    ):
        assert listed(town, **asked) == {made["number"]}, asked
    assert listed(town, scope=town.community, building="33") == set()
    assert listed(town, scope="370811015902") == set()


def test_the_same_is_announced_once_and_a_building_that_nobody_has_is_refused(nine):
    town = nine
    town.cadre()
    made = announce(town, grids=[town.grid], buildings=["3号楼"])
    with pytest.raises(errors.AnnouncedAlready) as refused:
        announce(town, grids=[town.grid], buildings=["3栋"])
    assert made["number"] in str(refused.value)
    assert announce(town, grids=[town.grid], buildings=["5号楼"])["id"]
    with pytest.raises(errors.UnknownBuilding):
        announce(town, grids=[town.grid], buildings=["99号楼"], kind="POWER")
    # Where a project has not named its buildings, nobody knows better.
    town.found("prj_b", manager="per_new", grid=OTHER_GRID)
    assert announce(town, grids=[OTHER_GRID], buildings=["99号楼"], kind="POWER")["id"]


def test_what_is_not_over_is_ended_by_the_company_that_has_taken_over(nine):
    nine.manager()
    made = announce(nine, project_id="prj_a")
    over = {"incident_id": made["id"], "text": "已恢复供水"}
    nine.hand_over()
    version = nine.version("incidents", "incident_id", made["id"])
    with pytest.raises(errors.NotTheManager):
        nine.manager().do("end_incident", over, version=version)
    nine.manager("per_new").do("end_incident", over, version=version)
    nine.bench.as_("R_ANONYMOUS", person="", scope="")
    shown = nine.bench.ask("incident", {"incident_id": made["id"]})
    assert (shown["project_id"], shown["state"]) == ("prj_b", "ENDED")
