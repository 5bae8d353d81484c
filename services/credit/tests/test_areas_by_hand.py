"""K14: an area that a person names is one of those that the registry has told of."""

import pytest

from fivered.services.credit.errors import UnknownArea
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_settlement import CUT_OFF, PERIOD

STREET, NOWHERE = "370811015", "370811015999"


@pytest.fixture
def credit(bench):
    bench.at("2025-03-03T10:00")
    stage.rules(bench)
    return bench


def street(bench, scope=STREET):
    return bench.as_("R_STREET", person="per_street", scope=scope)


def merchant(area):
    return {"kind": "MER", "ref": "mer_1", "area": area}


def test_a_merchant_or_unit_is_opened_in_an_area_that_there_is(credit):
    bench = credit
    for kind in ("MER", "UNT"):
        with pytest.raises(UnknownArea) as refused:
            street(bench).do("open_subject", merchant(NOWHERE) | {"kind": kind})
        assert (refused.value.field, refused.value.params["area"]) == ("area", NOWHERE)
    assert bench.rows("SELECT * FROM subjects") == []
    stage.areas(bench, NOWHERE)
    assert street(bench).do("open_subject", merchant(NOWHERE))["state"] == "ACTIVE"
    # A district is known by its parts.
    bench.as_("R_DISTRICT", person="per_d").do(
        "open_subject", {"kind": "UNT", "ref": "unt_1", "area": "370811"}
    )


def test_a_commendation_is_opened_in_an_area_that_there_is(credit):
    order = {
        "title": "二月信用之星",
        "form": "STAR",
        "level": "COMMUNITY",
        "kind": "RES",
        "criteria": "连续三个月信用等级AA以上。",
        "quota": 1,
        "area": NOWHERE,
        "from_period": "2024-12",
        "to_period": "2025-02",
    }
    bench = credit.as_("R_SECRETARY", person="per_secretary", scope=NOWHERE)
    with pytest.raises(UnknownArea):
        bench.do("open_commendation", order)


def test_a_month_is_drafted_for_an_area_that_there_is(credit):
    """It made a settlement of a community that is nowhere."""
    bench = credit
    with bench.transaction() as tx:
        tx.arm("cutoff", PERIOD, tx.calendar.cutoff(PERIOD))
    bench.fire(CUT_OFF)
    with pytest.raises(UnknownArea) as refused:
        street(bench).do("draft_settlement", {"period": PERIOD, "community": NOWHERE})
    assert refused.value.field == "community"
