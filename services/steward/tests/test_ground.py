"""Areas: the shipped tree, and what may be added to it."""

import pytest

from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.steward import errors
from fivered.services.steward.service import Steward
from testkit.bench import assert_no_drift


def test_the_migrated_database_agrees_with_the_tables(bench):
    assert_no_drift(Steward, bench.runtime.engine)


def test_the_district_and_its_15_units_are_shipped_and_said_once(bench):
    shipped = bench.ask("areas", {"limit": 200})["items"]
    assert len(shipped) == 16
    assert shipped[0]["code"] == "370811"
    names = {row["code"]: row["name"] for row in shipped}
    assert names["370811015"] == "观音阁街道"
    assert "370811002" not in names
    assert {row["kind"] for row in shipped} == {"DISTRICT", "STREET", "TOWN"}
    bench.fire("2025-03-03T09:01:00")
    said = bench.published("area_defined.v1")
    assert sorted(event["subject"] for event in said) == sorted(names)


def test_a_community_and_a_grid_stand_below_what_exists(bench):
    body = {"code": "370811015901", "name": "春晖社区", "kind": "COMMUNITY"}
    grid = {"code": "370811015901001", "name": "第一网格", "kind": "GRID", "households": 900}
    with pytest.raises(errors.UnknownParent):
        bench.do("define_area", grid)
    assert bench.do("define_area", body)["state"] == "DEFINED"
    assert bench.do("define_area", grid)["warnings"] == ["GRID_SIZE_WARN"]
    assert bench.do("define_area", grid)["version"] == 1
    assert [event["data"]["kind"] for event in bench.published("area_defined.v1")] == [
        "COMMUNITY",
        "GRID",
    ]
    with pytest.raises(errors.AreaDiffers):
        bench.do("define_area", body | {"name": "锦绣社区"})


@pytest.mark.parametrize(
    ("code", "kind", "refusal"),
    [
        ("370811015000", "COMMUNITY", errors.BadAreaCode),  # padded
        ("370811015001", "COMMUNITY", errors.BadAreaCode),  # a real community's number
        ("370811015901", "GRID", errors.BadAreaCode),
        ("370811002901", "COMMUNITY", errors.NotAdministered),
        ("370811098901", "COMMUNITY", errors.UnknownParent),
        ("37081101590a", "COMMUNITY", Invalid),
    ],
)
@pytest.mark.covers("E14")
def test_a_code_that_does_not_fit_is_refused(bench, code, kind, refusal):
    with pytest.raises(refusal):
        bench.do("define_area", {"code": code, "name": "某处", "kind": kind})
    assert bench.published("area_defined.v1") == []


def test_a_street_defines_only_within_itself(bench):
    bench.as_("R_STREET", scope="370811014")
    with pytest.raises(RoleDenied):
        bench.do("define_area", {"code": "370811015901", "name": "某处", "kind": "COMMUNITY"})


def test_how_few_live_in_an_area_is_for_who_acts_there(bench):
    """Nor is it told by the numbers of the areas beside it."""
    community = {"code": "370811015901", "name": "春晖社区", "kind": "COMMUNITY", "persons": 1803}
    bench.do("define_area", community)
    live = {"370811015901001": 3, "370811015901002": 800, "370811015901003": 1000}
    for code, persons in live.items():
        grid = {"code": code, "name": code[-3:], "kind": "GRID", "persons": persons}
        bench.do("define_area", grid | {"households": 300})

    def persons(**asked):
        asked = {"root": "370811015901"} | asked
        return {row["code"]: row["persons"] for row in bench.ask("areas", asked)["items"]}

    bench.as_("PUBLIC", person="", scope="")
    hidden = {"370811015901001": None, "370811015901002": None}
    assert persons(kind="GRID") == live | hidden
    # On pages of one, too.
    assert persons(root="370811015901002") == {"370811015901002": None}
    alone = bench.ask("area", {"code": "370811015901001"})
    assert (alone["persons"], alone["few"], alone["households"]) == (None, ["persons"], 300)
    assert bench.ask("area", {"code": "370811015901"})["persons"] == 1803
    bench.as_("R_RESIDENT", scope="370811015901")
    assert persons(kind="GRID") == live | hidden
    bench.as_("R_CADRE", scope="370811015902")
    assert persons(kind="GRID") == live | hidden
    bench.as_("R_CADRE", scope="370811015901")
    assert persons(kind="GRID") == live
