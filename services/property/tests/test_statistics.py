"""Complaints and orders are counted by category, grid, project and day."""

import pytest

from fivered.services.property import errors
from fivered.services.property.tests.test_complaints import validate

MARCH = {"since": "2025-03-01", "until": "2025-03-31"}


@pytest.mark.covers("P15")
def test_complaints_and_orders_are_counted_and_few_of_them_are_told_to_the_office_alone(
    bench, town
):
    town.found("prj_a", buildings=["1号楼"])
    town.found("prj_b", buildings=["2号楼"])
    other = town.grid[:-1] + "2"
    for number in range(9):
        # Eight minutes before midnight of the second is the second, by the clock of the place.
        town.complain(
            f"req_{number}", at="2025-03-02T23:52:00" if number < 6 else "2025-03-03T08:00:00",
            category="CLEANING" if number < 7 else "LIFT", by=f"res{number}",
            building="1号楼" if number < 8 else "2号楼", project=None,
        )  # fmt: skip
    first = town.complaint_of("req_0")
    validate(town, first, False, 1)
    town.cadre().do("close_complaint", {"complaint_id": first, "outcome": "不成立"}, version=2)
    town.street_clerk()
    town.issue("S3")
    town.issue("S1")
    bench.fire("2025-03-05T00:00:00")

    def told(by, **more):
        found = bench.ask("statistics", MARCH | {"by": by, "scope": town.community} | more)
        return {one["key"]: one for one in [*found["items"], found["total"]]}

    def numbers(by, name="filed", **more):
        return {key: one[name] for key, one in told(by, **more).items()}

    town.cadre()
    assert numbers("CATEGORY") == {"CLEANING": 7, "LIFT": 2, "TOTAL": 9}
    assert numbers("PROJECT") == {"prj_a": 8, "prj_b": 1, "TOTAL": 9}
    assert numbers("DAY") == {"2025-03-02": 6, "2025-03-03": 3, "TOTAL": 9}
    assert numbers("GRID") == {town.grid: 9, "TOTAL": 9}
    assert numbers("CATEGORY", scope=other) == {"TOTAL": 0}
    assert numbers("DAY", since="2025-03-03") == {"2025-03-03": 3, "TOTAL": 3}
    whole = told("PROJECT")["prj_a"]
    assert (whole["not_valid"], whole["closed"]) == (1, 1)
    assert (whole["orders"], whole["orders_late"], whole["orders_met"]) == (2, 1, 0)
    assert told("CATEGORY")["CLEANING"]["orders"] is None

    # A neighbour learns no number that stands for one or two people, nor what is left of a sum.
    bench.as_("R_RESIDENT", person="per_res", scope=town.grid)
    for key, one in told("PROJECT").items():
        shown = {name for name in ("filed", "not_valid", "closed") if name not in one["few"]}
        assert shown == ({"filed"} if key == "TOTAL" else set()), (key, one)
    for bad in ({"until": "2025-02-28"}, {"until": "2026-06-01"}):
        with pytest.raises(errors.DaysNotAllowed):
            told("DAY", **bad)


def test_orders_are_listed_by_level(bench, town):
    town.found()
    town.link_officials()
    town.street_clerk()
    low, high = town.issue("S3")["id"], town.issue("S1")["id"]
    bench.fire("2025-03-05T00:00:00")
    town.street_clerk()

    def listed(sort):
        return [one["id"] for one in bench.ask("rectifications", {"sort": sort})["items"]]

    assert listed("-level") == [high, low]
    assert listed("level") == [low, high]
