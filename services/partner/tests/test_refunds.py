"""A refund has a day, a list, reasons, and one more try at the street."""

import pytest

from fivered.chassis.refusal import Invalid
from fivered.services.partner import errors
from fivered.services.partner.tests.conftest import (
    ANA,
    BARBER,
    CADRE,
    CLERK,
    COMMUNITY,
    OFFICER,
    STREET,
)
from fivered.services.partner.tests.test_register import stop
from fivered.services.partner.tests.test_statements import DENIED, ask_refund, paid, step

AGAIN = "店员已书面承认未完成"


def waiting(bench):
    return bench.ask("waiting_refunds", {})["items"]


def test_a_refund_is_found_over_the_area_by_who_may_decide_it(town, haircut):
    """t2 B12: it stood on each partner's own desk only."""
    redemption_id = town.redeem(haircut)
    asked = ask_refund(town, redemption_id)
    (line,) = waiting(town.as_cadre())
    assert (line["id"], line["refund_due"]) == (redemption_id, asked["due"])
    assert line["refund_text"]
    assert "holder" not in line
    assert [one["id"] for one in waiting(town.as_street())] == [redemption_id]
    assert waiting(town.as_cadre(scope="370811015902")) == []
    assert waiting(town.as_cadre(BARBER)) == []
    assert waiting(town.as_cadre(ANA)) == []
    town.as_cadre()
    assert step(town, "approve_refund", redemption_id)["state"] == "REFUNDED"
    assert waiting(town.as_cadre()) == []


def test_who_comes_from_elsewhere_is_on_the_list_of_his_own_community(town):
    cinema = town.cinema()
    film = town.offer(cinema, operator=CLERK, street=True, scope=STREET)
    redemption_id = town.redeem(film, operator=CLERK, scope=COMMUNITY)
    ask_refund(town, redemption_id)
    assert [one["id"] for one in waiting(town.as_cadre())] == [redemption_id]


def test_a_refund_that_nobody_decides_in_time_is_marked(town, haircut):
    """t2 B12: due null, six weeks, nothing anywhere."""
    redemption_id = town.redeem(haircut)
    due = ask_refund(town, redemption_id)["due"]
    town.bench.fire(due)
    (line,) = waiting(town.as_street())
    assert line["refund_late"] is True
    steps = [one["step"] for one in town.card(redemption_id)["history"]]
    assert steps[-1] == "refund_overdue"
    town.as_cadre()
    assert step(town, "deny_refund", redemption_id, reasons=DENIED)["state"] == "REDEEMED"
    assert town.card(redemption_id)["refund_late"] is False


def test_one_that_was_decided_in_time_is_not_marked(town, haircut):
    redemption_id = town.redeem(haircut)
    due = ask_refund(town, redemption_id)["due"]
    town.as_cadre()
    step(town, "deny_refund", redemption_id, reasons=DENIED)
    town.bench.fire(due)
    card = town.card(redemption_id)
    assert card["refund_late"] is False
    assert "refund_overdue" not in [one["step"] for one in card["history"]]


def test_a_refund_is_denied_with_reasons_that_its_holder_reads(town, haircut):
    """t2 C9: reasons "" -> 200"""
    redemption_id = town.redeem(haircut)
    ask_refund(town, redemption_id)
    town.as_cadre()
    for reasons in ("", " "):
        with pytest.raises(Invalid):
            step(town, "deny_refund", redemption_id, reasons=reasons)
    step(town, "deny_refund", redemption_id, reasons=DENIED)
    assert town.card(redemption_id)["refund_denied"] == DENIED


def test_a_denied_refund_is_asked_for_once_more_and_the_street_decides(town, haircut):
    """t2 C9: asked again at once, and another official of the same level decided otherwise."""
    redemption_id = town.redeem(haircut)
    ask_refund(town, redemption_id)
    town.as_cadre()
    step(town, "deny_refund", redemption_id, reasons=DENIED)
    with pytest.raises(errors.RefundDecided):
        ask_refund(town, redemption_id)
    town.as_resident()
    step(town, "ask_refund", redemption_id, reason=AGAIN)
    for cadre in (CADRE, "per_other"):
        assert waiting(town.as_cadre(cadre)) == []
        with pytest.raises(errors.StreetDecides):
            step(town, "approve_refund", redemption_id)
    assert waiting(town.as_street(CADRE)) == []
    with pytest.raises(errors.StreetDecides):
        step(town, "deny_refund", redemption_id, reasons=DENIED)
    assert [one["id"] for one in waiting(town.as_street())] == [redemption_id]
    step(town, "deny_refund", redemption_id, reasons=DENIED)
    town.as_resident()
    with pytest.raises(errors.RefundDecided):
        step(town, "ask_refund", redemption_id, reason="又一个理由")


def test_more_stock_than_an_offer_may_have_is_told_as_a_limit(town, haircut):
    """t2 C9: OUT_OF_STOCK, which means too little."""
    row = town.as_partner().ask("offer", {"offer_id": haircut})
    order = {"offer_id": haircut, "stock_total": 1_000_000_000}
    with pytest.raises(Invalid) as refused:
        town.bench.do("restock_offer", order, version=row["version"])
    assert "1000000" in refused.value.describe()


def levels(bench, fact):
    return [one["data"]["level"] for one in bench.published(fact)]


def test_a_refund_that_is_overdue_goes_to_the_street_and_then_to_the_district(town, haircut):
    """It was marked and logged, and reached nobody."""
    redemption_id = town.redeem(haircut)
    due = ask_refund(town, redemption_id)["due"]
    town.bench.fire(due)
    (up,) = town.bench.published("refund_overdue.v1")
    assert up["data"] == {
        "redemption_id": redemption_id,
        "number": town.card(redemption_id)["number"],
        "partner_id": town.card(redemption_id)["partner_id"],
        "level": 1,
        # Before none of these, nor who lives with one, forum lays it (K12).
        "concerned": sorted([ANA, BARBER]),
    }
    town.bench.fire("2025-03-31T00:00")
    assert levels(town.bench, "refund_overdue.v1") == [1, 2]
    for role in ("R_STREET_LEAD", "R_DISTRICT_LEAD"):
        above = town.bench.as_(role, person="per_above", scope=STREET[:6])
        seen = above.ask("redemption", {"redemption_id": redemption_id})
        assert seen["refund_late"] is True
    town.as_cadre()
    step(town, "deny_refund", redemption_id, reasons=DENIED)
    (ended,) = town.bench.published("refund_decided.v1")
    assert ended["data"] == {"redemption_id": redemption_id, "outcome": "DENIED"}
    town.bench.fire("2025-06-01T00:00")
    assert levels(town.bench, "refund_overdue.v1") == [1, 2]


def test_what_nobody_decides_of_a_streets_partner_goes_to_the_district_at_once(town):
    cinema = town.cinema()
    film = town.offer(cinema, operator=CLERK, street=True, scope=STREET)
    redemption_id = town.redeem(film, operator=CLERK, scope=COMMUNITY)
    ask_refund(town, redemption_id)
    town.bench.fire("2025-06-01T00:00")
    assert levels(town.bench, "refund_overdue.v1") == [2]
    town.as_street()
    step(town, "approve_refund", redemption_id)
    assert town.bench.published("refund_decided.v1")[0]["data"]["outcome"] == "REFUNDED"


def test_a_refund_that_is_decided_in_time_is_before_nobody(town, haircut):
    redemption_id = town.redeem(haircut)
    ask_refund(town, redemption_id)
    town.as_cadre()
    step(town, "approve_refund", redemption_id)
    town.bench.fire("2025-06-01T00:00")
    assert town.bench.published("refund_overdue.v1") == []
    assert town.bench.published("refund_decided.v1") == []


def home(town, *people):
    for person in people:
        town.person(person, "resident_registered", sequence=7, household_id="hh_1")


def test_what_ones_household_has_a_stake_in_waits_for_somebody_else(town, haircut):
    """K12: the cadre's list showed what his wife's shop had to give back; he was refused then."""
    redemption_id = town.redeem(haircut)
    ask_refund(town, redemption_id)
    for kin in (BARBER, ANA):
        home(town, CADRE, kin)
        assert waiting(town.as_cadre()) == []
        with pytest.raises(errors.ConflictOfInterest):
            step(town, "approve_refund", redemption_id)
        # The street sees it, also where nobody else is below.
        assert [one["id"] for one in waiting(town.as_street())] == [redemption_id]
        town.person(kin, "resident_registered", sequence=8, household_id="hh_own")


def test_where_the_streets_only_official_has_a_stake_the_district_decides(town, haircut):
    redemption_id = town.redeem(haircut)
    due = ask_refund(town, redemption_id)["due"]
    home(town, OFFICER, BARBER)
    assert waiting(town.as_street()) == []
    district = town.bench.as_("R_DISTRICT", person="per_district", scope=STREET[:6])
    assert waiting(district) == []
    town.bench.fire(due)
    town.bench.as_("R_DISTRICT", person="per_district", scope=STREET[:6])
    assert [one["id"] for one in waiting(town.bench)] == [redemption_id]
    assert step(town, "approve_refund", redemption_id)["state"] == "REFUNDED"


def test_a_refund_by_a_partner_that_has_left_is_borne_by_the_district(town, barber, haircut):
    """K13, K20: with nothing open a just refund could only be denied, for ever."""
    town.bench.at("2025-03-31T09:00")
    one = town.redeem(haircut)
    town.fund(10_000)
    town.bench.fire("2025-04-03T10:00")
    paid(town, barber)
    ask_refund(town, one)
    town.as_cadre()
    with pytest.raises(errors.ReceivableShort):
        step(town, "approve_refund", one)
    stop(town, "exit_partner", barber, "HONOUR")
    town.as_cadre()
    assert step(town, "approve_refund", one)["state"] == "REFUNDED"
    (told,) = town.bench.published("redemption_refunded.v1")
    assert told["data"]["borne_by"] == "DISTRICT"
    desk = town.as_street().ask("desk", {"partner_id": barber})
    assert desk["receivable_points"] == 0


def test_a_denied_refund_is_said(town, haircut):
    one = town.redeem(haircut)
    ask_refund(town, one)
    town.as_cadre()
    step(town, "deny_refund", one, reasons=DENIED)
    (told,) = town.bench.published("refund_denied.v1")
    assert told["data"] == {"redemption_id": one, "number": town.card(one)["number"]}
