"""A request that names a registered place: its grid, building and project follow from it."""

import pytest

from fivered.chassis.refusal import Invalid
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import COMMUNITY, GRID, GRID_2, OTHER_CADRE, WANG
from fivered.services.steward.tests.test_parties import PROJECT
from fivered.services.steward.tests.test_places import (  # noqa: F401
    BUILDING,
    COMPOUND,
    DWELLING,
    UNIT,
    built,
)

BODY = {"channel": "APP", "kind": "REPAIR", "category": "REPAIR_COMMON", "text": "楼道灯不亮"}


def resident(bench):
    return bench.as_("R_RESIDENT", person=WANG, scope=COMMUNITY)


def card(bench, row):
    return resident(bench).ask("request", {"request_id": row["id"]})


@pytest.mark.covers("S1")
def test_a_request_lies_where_the_place_lies_that_it_names(built):  # noqa: F811
    bench = built
    for code in (BUILDING, UNIT, DWELLING):
        row = resident(bench).do("submit_request", BODY | {"place_code": code})
        shown = card(bench, row)
        assert (shown["grid"], shown["building"]) == (GRID, "3号楼")
    # The first one is found again before a second one is filed: by the place, too.
    asked = {"category": "REPAIR_COMMON", "place_code": DWELLING, "limit": 20}
    assert len(resident(bench).ask("similar_requests", asked)["items"]) == 3
    # What is said beside it stands, where it fits.
    both = BODY | {"place_code": UNIT, "grid": GRID, "building": "3号楼北侧"}
    assert card(bench, resident(bench).do("submit_request", both))["building"] == "3号楼北侧"


@pytest.mark.covers("S1")
def test_the_project_is_that_of_the_place_where_several_serve_the_grid(built):  # noqa: F811
    bench = built
    for one in ("prj_1", "prj_2"):
        bench.consume(
            "property", "project_registered.v1", PROJECT | {"project_id": one}, subject=one
        )
    there = BODY | {"place_code": DWELLING}
    assert card(bench, resident(bench).do("submit_request", there))["project_id"] is None
    order = {"place_code": COMPOUND, "project_id": "prj_2", "reason": "物业项目备案"}
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY).do("correct_place", order, version=1)
    assert card(bench, resident(bench).do("submit_request", there))["project_id"] == "prj_2"
    # A project that does not serve there is none of the request's.
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY).do(
        "correct_place", order | {"project_id": "prj_9"}, version=2
    )
    assert card(bench, resident(bench).do("submit_request", there))["project_id"] is None


@pytest.mark.parametrize(
    ("where", "error", "field"),
    [
        ({}, Invalid, "grid"),
        ({"place_code": BUILDING, "grid": GRID_2}, Invalid, "grid"),
        ({"place_code": COMPOUND}, Invalid, "place_code"),
        ({"place_code": f"{COMPOUND}-004"}, errors.UnknownPlace, "place_code"),
    ],
)
def test_a_place_that_says_no_grid_or_another_one_is_refused(built, where, error, field):  # noqa: F811
    for door, body in (
        ("submit_request", BODY | where),
        ("similar_requests", {"category": "NOISE"} | where),
    ):
        by = resident(built)
        with pytest.raises(error) as refused:
            (by.do if door == "submit_request" else by.ask)(door, body)
        assert refused.value.field == field
