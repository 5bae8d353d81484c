"""Whatever waits can be ended, and who waits can find it."""

import pytest

from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.partner import errors
from fivered.services.partner.tests.conftest import ANA, BARBER, CADRE, COMMUNITY

REASON = {"reason": "营业执照已过期"}


def test_an_application_can_be_refused_with_a_reason_and_made_again(town):
    """FP-D12"""
    bench = town.as_cadre()
    made = bench.do("register_partner", town.application())
    refused = bench.do("refuse_partner", {"partner_id": made["id"]} | REASON, version=1)
    assert refused["state"] == "REFUSED"
    card = town.as_partner().ask("partner", {"partner_id": made["id"]})
    assert (card["state"], card["history"][-1]["note"]) == ("REFUSED", REASON["reason"])
    with pytest.raises(StateConflict):
        town.as_cadre().do("vet_partner", {"partner_id": made["id"]}, version=2)
    again = bench.do("register_partner", town.application())
    assert again["id"] != made["id"]
    assert bench.published("partner_admitted.v1") == []


def test_an_application_is_taken_back_by_who_made_it_and_nobody_else(town):
    """FP-D12"""
    made = town.as_partner().do("register_partner", town.application())
    order = {"partner_id": made["id"], "reason": "暂不参加"}
    with pytest.raises(NotFound):
        town.as_partner("per_rival").do("withdraw_partner", order, version=1)
    assert town.as_partner().do("withdraw_partner", order, version=1)["state"] == "WITHDRAWN"


def test_nobody_decides_about_the_partner_for_which_he_acts(town):
    made = town.as_cadre().do("register_partner", town.application(operators=[BARBER, CADRE]))
    with pytest.raises(errors.ConflictOfInterest):
        town.as_cadre().do("refuse_partner", {"partner_id": made["id"]} | REASON, version=1)


def test_an_offer_is_found_by_who_must_approve_it_and_can_be_refused(town):
    """FP-D12: drafts stood on each partner's own desk only."""
    partner_id = town.partner()
    bench = town.as_partner()
    made = bench.do("draft_offer", town.draft(partner_id))
    waiting = town.as_cadre().ask("waiting_offers", {})["items"]
    assert [one["id"] for one in waiting] == [made["id"]]
    assert town.as_cadre(scope="370811015902").ask("waiting_offers", {})["items"] == []
    assert town.as_street().ask("waiting_offers", {})["items"] == []
    order = {"offer_id": made["id"], "reason": "价格与门店不符"}
    assert town.as_cadre().do("refuse_offer", order, version=1)["state"] == "REFUSED"
    assert town.as_cadre().ask("waiting_offers", {})["items"] == []
    card = town.as_partner().ask("offer", {"offer_id": made["id"]})
    assert card["history"][-1]["note"] == order["reason"]


def test_new_prices_that_are_refused_leave_the_old_ones_in_force_and_can_be_proposed_again(town):
    offer_id = town.offer(town.partner())
    before = town.as_partner().ask("offer", {"offer_id": offer_id})
    prices = {
        "offer_id": offer_id,
        "points_price": before["points_price"] + 10,
        "face_value_fen": 3000,
        "settle_fen_per_point": before["settle_fen_per_point"],
    }
    asked = town.as_partner().do("reprice_offer", prices, version=before["version"])
    refused = town.as_cadre().do(
        "refuse_offer", {"offer_id": offer_id, "reason": "涨价过快"}, version=asked["version"]
    )
    assert refused["state"] == "PUBLISHED"
    after = town.as_partner().ask("offer", {"offer_id": offer_id})
    assert after["points_price"] == before["points_price"]
    put_aside = after["prices"][-1]
    assert (put_aside["state"], put_aside["approved_at"]) == ("REFUSED", None)
    assert after["prices"][0]["approved_at"] is not None
    # It was kept as if the official had approved them, and only not shown.
    (kept,) = town.bench.rows(
        "SELECT approved_by, approved_at FROM offer_terms WHERE state = 'REFUSED'"
    )
    assert tuple(kept.values()) == (None, None)
    (told,) = town.bench.rows("SELECT actor FROM history WHERE step = 'refuse'")
    assert told["actor"] == CADRE
    again = town.as_partner().do("reprice_offer", prices, version=after["version"])
    town.as_cadre().do("approve_offer", {"offer_id": offer_id}, version=again["version"])
    assert town.as_partner().ask("offer", {"offer_id": offer_id})["points_price"] == (
        before["points_price"] + 10
    )


def test_who_applied_is_known_where_he_applied_and_to_himself(town):
    """SEC low 3: any cadre listed the applicants of other communities."""
    made = town.as_partner().do("register_partner", town.application())
    mine = {"state": "APPLIED"}
    assert [one["id"] for one in town.as_cadre().ask("partners", mine)["items"]] == [made["id"]]
    assert town.as_cadre(scope="370811015902").ask("partners", mine)["items"] == []
    assert [one["id"] for one in town.as_partner().ask("partners", mine)["items"]] == [made["id"]]
    # A filter is never ignored: strangers asked for applicants and were given active partners.
    assert town.as_resident().ask("partners", mine)["items"] == []


def test_what_a_person_has_follows_when_he_was_registered_twice(town):
    offer_id = town.offer(town.partner())
    redemption_id = town.request(offer_id)
    town.bench.consume(
        "steward", "person_merged.v1", {"person_id": ANA, "into": "per_kept", "community": COMMUNITY},
        subject=ANA,
    )  # fmt: skip
    mine = town.as_resident("per_kept").ask("redemptions", {})["items"]
    assert [one["id"] for one in mine] == [redemption_id]
    assert town.as_resident().ask("redemptions", {})["items"] == []


def waiting_offers(doors):
    return [one["id"] for one in doors.ask("waiting_offers", {})["items"]]


def test_an_offer_of_ones_household_is_approved_by_somebody_else_at_last_by_the_level_above(town):
    """K12: it stood on the list of the only cadre, who may not approve it, and on no other one."""
    partner_id = town.partner()
    for person in (CADRE, BARBER):
        town.person(person, "resident_registered", sequence=7, household_id="hh_1")
    made = town.as_partner().do("draft_offer", town.draft(partner_id))
    order = {"offer_id": made["id"]}
    assert waiting_offers(town.as_cadre()) == []
    assert waiting_offers(town.as_cadre("per_other")) == [made["id"]]
    assert waiting_offers(town.as_street()) == []
    with pytest.raises(errors.LevelDenied):
        town.bench.do("approve_offer", order, version=1)
    town.bench.at("2025-03-17T09:00")
    assert waiting_offers(town.as_street()) == [made["id"]]
    district = town.bench.as_("R_DISTRICT", person="per_district", scope=COMMUNITY[:6])
    assert waiting_offers(district) == []
    with pytest.raises(errors.LevelDenied):
        town.bench.do("approve_offer", order, version=1)
    assert town.as_street().do("approve_offer", order, version=1)["state"] == "APPROVED"


def test_lists_of_officials_mark_what_they_may_not_decide(town):
    partner_id = town.partner()
    town.person(CADRE, "resident_registered", sequence=7, household_id="hh_1")
    town.person(BARBER, "resident_registered", sequence=7, household_id="hh_1")

    def marks(doors):
        return [one.get("own_matter") for one in doors.ask("partners", {})["items"]]

    assert marks(town.as_cadre()) == [True]
    assert marks(town.as_cadre("per_other")) == [False]
    # To everybody else it says nothing.
    assert marks(town.as_partner()) == marks(town.as_resident()) == [None]
    assert partner_id
