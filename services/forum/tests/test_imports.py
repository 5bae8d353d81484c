"""Officials, liaison links and deputies that come as files."""

import pytest

from fivered.chassis.refusal import NotFound
from fivered.services.forum import errors as refusals
from fivered.services.forum.tests.conftest import (
    COMMUNITY,
    GRID,
    NEXT_GRID,
    OTHER_COMMUNITY,
    OTHER_GRID,
    STREET,
    Town,
)
from testkit.bench import open_bench

pytestmark = pytest.mark.slow

OFFICIALS = "official_id,person_id,tier,post,area\n"
LEADER = "off_leader,per_leader,DISTRICT_LEADER,副区长,370811\n"
TEAM = f"off_team,per_team,STREET_TEAM,包保干部,{STREET}\n"
CADRE = f"off_cadre,per_cadre,COMMUNITY_CADRE,社区党委副书记,{COMMUNITY}\n"
WORKER = f"off_worker,per_worker,GRID_WORKER,专职网格员,{GRID}\n"
LINKS = "link_id,official_id,target_kind,target,since,until\n"
GRID_LINK = f"lnk_cadre,off_cadre,GRID,{GRID},2025-03-01,2026-03-01\n"
DEPUTIES = "deputy_id,person_id,kind,level,streets,term_from,term_to\n"
DEPUTY = f"dep_1,per_deputy,PARTY_DELEGATE,DISTRICT,{STREET}|370811016,2022-01-01,2027-01-01\n"


@pytest.fixture
def town(service_cls, database_url, tmp_path):
    # Nothing is on its way here from another service: a batch waits for nothing.
    folder = str(tmp_path / "blobs")
    bench = open_bench(
        service_cls, database_url, FIVERED_BLOBS=folder, FIVERED_IMPORT_PATIENCE_S="0"
    )
    town = Town(bench)
    town.ground()
    town.area("370811016901", "COMMUNITY")
    town.district()
    yield town
    bench.runtime.close()


def counts(result):
    return result["created"], result["unchanged"], result["refused"]


def errors(result):
    return [(one["line"], one["column"], one["code"]) for one in result["errors"]]


def test_a_district_begins_with_three_files_and_they_may_come_again(town):
    """OP 1.7: each official, link and deputy was typed in through the interface."""
    bench = town.bench
    tiers = OFFICIALS + LEADER + TEAM + CADRE + WORKER
    links = LINKS + (
        f"lnk_leader,off_leader,STREET,{STREET},,\n"
        f"lnk_team,off_team,COMMUNITY,{COMMUNITY},,\n" + GRID_LINK
    )
    for kind, file in (("officials", tiers), ("liaisons", links), ("deputies", DEPUTIES + DEPUTY)):
        rows = file.count("\n") - 1
        assert bench.load(kind, file, dry_run=True)["errors"] == []
        assert bench.rows(f"SELECT * FROM {kind}") == []
        assert counts(bench.load(kind, file)) == (rows, 0, 0)
        assert counts(bench.load(kind, file)) == (0, rows, 0)
    assert len(bench.published("liaison_assigned.v1")) == 3
    chain = town.resident().ask("chain", {"target": GRID})
    assert [[one["person_id"] for one in rung["officials"]] for rung in chain["rungs"]] == [
        ["per_worker"],
        ["per_cadre"],
        ["per_team"],
        ["per_leader"],
    ]
    town.district()
    (deputy,) = bench.ask("deputies", {"street": STREET})["items"]
    assert deputy["streets"] == [STREET, "370811016"]
    town.bench.fire("2026-03-01T00:00:00")
    (ended,) = bench.published("liaison_ended.v1")
    assert ended["subject"] == "lnk_cadre"
    # What has ended since is still what the file said.
    assert counts(bench.load("liaisons", LINKS + GRID_LINK)) == (0, 1, 0)


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_a_dry_run_of_officials_says_what_the_run_says(town, batch):
    file = OFFICIALS + "".join(
        (
            CADRE,
            WORKER,
            CADRE,
            CADRE.replace("副书记", "书记"),
            CADRE.replace("off_cadre", "off_2"),
            CADRE.replace("off_cadre", "off_3").replace("副书记", "书记"),
            WORKER.replace("off_worker", "off_4").replace(GRID, COMMUNITY),
            WORKER.replace("off_worker", "off_5").replace(GRID, "370811015901997"),
            "7" + WORKER.removeprefix("off_worker"),
            WORKER.replace("off_worker", "off_6").replace("per_worker", "prj_1"),
            WORKER.replace("off_worker", "off_7").replace("专职网格员", "网格员 12801234567"),
        )
    )
    result = town.bench.load_twice("officials", file, batch=batch)
    assert counts(result) == (3, 1, 7)
    assert errors(result) == [
        (5, "official_id", "ID_TAKEN"),
        (6, "official_id", "STANDS_AS"),
        (8, "area", "AREA_MISMATCH"),
        (9, "area", "NOT_FOUND"),
        (10, "official_id", "BAD_CELL"),
        (11, "person_id", "BAD_CELL"),
        (12, "post", "PII_FOUND"),
    ]


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_a_dry_run_of_links_says_what_the_run_says(town, batch):
    bench = town.bench
    town.live("per_dan", household="hh_1")
    town.live("per_eve", grid=NEXT_GRID, household="hh_2")
    town.district()
    bench.load("officials", OFFICIALS + CADRE + WORKER)
    file = LINKS + "".join(
        (
            GRID_LINK,
            "lnk_home,off_worker,HOUSEHOLD,hh_1,,\n",
            GRID_LINK,
            GRID_LINK.replace("2026", "2027"),
            GRID_LINK.replace("lnk_cadre", "lnk_2"),
            GRID_LINK.replace("lnk_cadre", "lnk_3").replace("off_cadre", "off_9"),
            f"lnk_4,off_cadre,COMMUNITY,{COMMUNITY},,\n",
            f"lnk_5,off_cadre,GRID,{OTHER_GRID},,\n",
            "lnk_6,off_cadre,GRID,370811015901997,,\n",
            f"lnk_7,off_cadre,GRID,{NEXT_GRID},2025-06-01,\n",
            f"lnk_8,off_cadre,GRID,{NEXT_GRID},,2025-03-02\n",
            "lnk_9,off_worker,HOUSEHOLD,hh_2,,\n",
            "lnk_10,off_worker,HOUSEHOLD,hh_9,,\n",
        )
    )
    result = bench.load_twice("liaisons", file, batch=batch)
    assert counts(result) == (2, 1, 10)
    assert errors(result) == [
        (5, "link_id", "ID_TAKEN"),
        (6, "link_id", "STANDS_AS"),
        (7, "official_id", "NOT_FOUND"),
        (8, "target_kind", "TIER_RULE"),
        (9, "target", "AREA_MISMATCH"),
        (10, "target", "NOT_FOUND"),
        (11, "since", "TERM_OVER"),
        (12, "until", "TERM_OVER"),
        (13, "target", "NOT_FOUND"),
        (14, "target", "NOT_FOUND"),
    ]


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_a_dry_run_of_deputies_says_what_the_run_says(town, batch):
    file = DEPUTIES + "".join(
        (
            DEPUTY,
            DEPUTY.replace(f"{STREET}|370811016", f"370811016|{STREET}"),
            DEPUTY.replace("|370811016", ""),
            DEPUTY.replace("2027", "2028"),
            DEPUTY.replace("dep_1", "dep_2"),
            DEPUTY.replace("dep_1", "dep_3").replace("PARTY_DELEGATE", "CPPCC_MEMBER"),
            DEPUTY.replace("dep_1", "dep_4").replace("_deputy", "_2").replace("016", "999"),
            DEPUTY.replace("dep_1", "dep_5").replace("_deputy", "_3").replace("2027", "2021"),
        )
    )
    result = town.bench.load_twice("deputies", file, batch=batch)
    assert counts(result) == (2, 1, 5)
    assert errors(result) == [
        (4, "deputy_id", "ID_TAKEN"),
        (5, "deputy_id", "ID_TAKEN"),
        (6, "person_id", "MANDATE_HELD"),
        (8, "streets", "NOT_FOUND"),
        (9, "term_to", "TERM_OVER"),
    ]


def test_a_street_loads_its_own_officials_only(town):
    town.street()
    other = CADRE.replace("off_cadre", "off_2").replace(COMMUNITY, "370811016901")
    result = town.bench.load("officials", OFFICIALS + CADRE + other)
    assert counts(result) == (1, 0, 1)
    assert result["errors"][0]["code"] == "AREA_DENIED"
    assert OTHER_COMMUNITY not in str(result)


def test_what_stands_is_not_registered_a_second_time_through_any_door(town):
    """One person stood twice in the chain, was invited twice, and ended only once."""
    bench = town.bench
    official = {"person_id": "per_cadre", "tier": "COMMUNITY_CADRE", "post": "委员"}
    first = bench.do("register_official", official | {"area": COMMUNITY})
    assert bench.do("register_official", official | {"area": COMMUNITY}) == first
    bench.do("end_official", {"official_id": first["id"], "reason": "调任"}, version=1)
    assert bench.do("register_official", official | {"area": COMMUNITY})["id"] != first["id"]
    deputy = {"person_id": "per_d", "kind": "CPPCC_MEMBER", "level": "CITY", "streets": [STREET]}
    held = bench.do("register_deputy", deputy)
    with pytest.raises(refusals.MandateHeld) as refused:
        bench.do("register_deputy", deputy | {"streets": ["370811016"]})
    assert refused.value.params["id"] == held["id"]
    bench.do("end_deputy", {"deputy_id": held["id"]}, version=1)
    assert bench.do("register_deputy", deputy)["id"] != held["id"]


def test_a_household_is_linked_to_the_worker_of_its_own_grid_only(town):
    """K14: any text was taken for a household, and its matters went to a stranger."""
    town.live("per_eve", grid=NEXT_GRID, household="hh_2")
    town.official("per_worker", "GRID_WORKER", GRID, "off_worker")
    for target in ("hh_2", "hh_9", GRID):
        with pytest.raises(NotFound) as refused:
            town.link("off_worker", "HOUSEHOLD", target)
        assert refused.value.field == "target"
    town.official("per_worker", "GRID_WORKER", NEXT_GRID, "off_next")
    assert town.link("off_next", "HOUSEHOLD", "hh_2")["version"] == 1
