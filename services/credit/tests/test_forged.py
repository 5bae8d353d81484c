"""Ids and cursors that nobody gave out: not found, or refused by name; never a fault."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound
from fivered.services.credit.tests import stage

WHY = "已与双方当面核对,记录与实际情况不符,应予更正。"
FORGED = ("nothere", "%", "0" * 32, "{" + "a" * 36 + "}")


@pytest.fixture
def credit(bench):
    stage.rules(bench)
    stage.resident(bench, "per_a")
    return bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)


@pytest.mark.parametrize("forged", FORGED)
def test_an_id_that_nobody_gave_out_is_not_found(credit, forged):
    bench = credit
    with pytest.raises(NotFound):
        bench.ask("award", {"award_id": forged})
    for method, body in (
        ("approve_award", {"award_id": forged}),
        ("reject_award", {"award_id": forged, "note": WHY}),
        ("lift_veto", {"veto_id": forged, "reasons": WHY}),
    ):
        bench.as_("R_DISTRICT", person="per_district", scope="370811")
        with pytest.raises(NotFound):
            bench.do(method, body, version=1)
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    for method, body in (
        ("apply_for_repair", {"award_id": forged, "text": WHY, "evidence": ["ZG-1"]}),
        ("file_objection", {"target": "AWARD", "target_id": forged, "text": WHY}),
    ):
        with pytest.raises(NotFound):
            bench.do(method, body)


@pytest.mark.parametrize(
    "cursor",
    [
        "0001-01-01T00:00:00+14:00|x",
        "9999-12-31T23:59:59-12:00|x",
        "2025-03-03T00:00:00|x",
        "2025-03-03T00:00:00+08:00|",
        "x",
    ],
)
def test_a_cursor_that_nobody_gave_out_is_refused_by_name(credit, cursor):
    for method in ("awards", "settlements", "objections", "repairs", "notices"):
        with pytest.raises(Invalid) as refused:
            credit.ask(method, {"cursor": cursor})
        assert refused.value.field == "cursor"


def test_a_cursor_whose_id_is_no_id_gives_no_fault(credit):
    cursor = {"cursor": "2025-03-03T00:00:00+08:00|zz"}
    for method in ("awards", "settlements", "objections", "repairs"):
        with pytest.raises(Invalid) as refused:
            credit.ask(method, cursor)
        assert refused.value.field == "cursor"
