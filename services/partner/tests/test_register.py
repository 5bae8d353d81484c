"""The register of partners and their offers."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.partner import errors

COMMUNITY, STREET = "370811015901", "370811015"
ANA, BARBER, CLERK, CADRE = "per_ana", "per_barber", "per_clerk", "per_cadre"
BARBER_USCC = "92370899MA0000000B"


@pytest.mark.covers("R1")
def test_a_partner_is_vetted_and_agreed_before_it_is_active(town):
    bench = town.as_cadre()
    made = bench.do("register_partner", town.application())
    assert (made["state"], made["version"]) == ("APPLIED", 1)
    with pytest.raises(StateConflict):
        bench.do("agree_partner", {"partner_id": made["id"]}, version=1)
    vetted = bench.do("vet_partner", {"partner_id": made["id"]}, version=1)
    agreed = bench.do(
        "agree_partner",
        {"partner_id": made["id"], "agreement_ref": "2025-014"},
        version=vetted["version"],
    )
    assert agreed["state"] == "ACTIVE"
    said = bench.published("partner_admitted.v1")
    assert [event["data"] for event in said] == [
        {
            "partner_id": made["id"],
            "org_id": made["org_id"],
            "level": "COMMUNITY",
            "area": COMMUNITY,
        }
    ]
    card = bench.ask("partner", {"partner_id": made["id"]})
    assert [step["state"] for step in card["history"]] == ["APPLIED", "VETTED", "AGREED", "ACTIVE"]


@pytest.mark.covers("E14")
def test_a_wrong_check_character_needs_an_officials_recorded_reason(town):
    wrong = town.application(uscc="91370899MA00000251")
    bench = town.as_cadre()
    with pytest.raises(errors.UsccCheckFailed):
        bench.do("register_partner", wrong)
    reason = {"uscc_override": "营业执照原件即为此号,已与登记机关核对"}
    town.as_partner()
    with pytest.raises(errors.UsccCheckFailed):
        bench.do("register_partner", wrong | reason)
    town.as_cadre()
    made = bench.do("register_partner", wrong | reason)
    card = bench.ask("partner", {"partner_id": made["id"]})
    assert card["uscc_override"] == reason["uscc_override"]
    assert bench.rows("SELECT override_by FROM organisations")[0]["override_by"] == CADRE
    with pytest.raises(errors.UsccMalformed):
        bench.do("register_partner", town.application(uscc="91370899MI0000000E") | reason)


@pytest.mark.covers("R1")
def test_the_level_and_the_area_must_fit(town):
    town.as_street()
    with pytest.raises(errors.LevelAreaMismatch):
        town.bench.do("register_partner", town.application(level="STREET"))
    with pytest.raises(errors.LevelAreaMismatch):
        town.bench.do("register_partner", town.application(area=STREET))


def test_an_official_elsewhere_cannot_register_or_vet(town, barber):
    town.as_cadre(scope="370811015902")
    with pytest.raises(RoleDenied):
        town.bench.do("register_partner", town.application())
    with pytest.raises(RoleDenied):
        town.bench.do(
            "suspend_partner",
            {"partner_id": barber, "vouchers": "HONOUR", "reason": "x"},
            version=3,
        )


def test_a_loader_may_repeat_itself_but_not_contradict_itself(town):
    order = town.application(partner_id="ptn_barber")
    bench = town.as_cadre()
    first = bench.do("register_partner", order)
    assert bench.do("register_partner", order) == first
    with pytest.raises(errors.PartnerExists):
        bench.do("register_partner", order | {"settle_mode": "SPONSOR"})
    with pytest.raises(Invalid):
        bench.do("register_partner", order | {"partner_id": "no id!"})


def test_one_organisation_is_one_partner_per_area(town, barber):
    town.as_cadre()
    with pytest.raises(errors.PartnerExists):
        town.bench.do("register_partner", town.application())
    town.as_cadre(scope="370811015902")
    other = town.bench.do("register_partner", town.application(area="370811015902"))
    assert len(town.bench.rows("SELECT * FROM organisations")) == 1
    assert other["id"] != barber


def test_an_official_does_not_vet_his_own_shop(town):
    made = town.as_cadre().do("register_partner", town.application(operators=[CADRE]))
    with pytest.raises(errors.ConflictOfInterest):
        town.bench.do("vet_partner", {"partner_id": made["id"]}, version=1)


def test_a_stale_version_is_told_so(town):
    made = town.as_cadre().do("register_partner", town.application())
    with pytest.raises(VersionConflict):
        town.bench.do("vet_partner", {"partner_id": made["id"]}, version=7)


def test_operators_and_overrides_are_not_for_everybody(town, barber):
    town.as_resident()
    card = town.bench.ask("partner", {"partner_id": barber})
    assert card["name"] == "巧云理发店"
    assert card["uscc"] == BARBER_USCC
    assert not {"operators", "history", "uscc_override"} & set(card)
    town.as_partner("per_stranger")
    with pytest.raises(NotFound):
        town.bench.ask("desk", {"partner_id": barber})


def test_operators_are_replaced(town, barber, haircut):
    version = town.as_cadre().ask("partner", {"partner_id": barber})["version"]
    town.bench.do("set_operators", {"partner_id": barber, "operators": [CLERK]}, version=version)
    town.as_partner(BARBER)
    with pytest.raises(NotFound):
        town.bench.ask("desk", {"partner_id": barber})
    assert town.as_partner(CLERK).ask("desk", {"partner_id": barber})["offers"][0]["id"] == haircut
    town.as_cadre()
    with pytest.raises(Invalid):
        town.bench.do("set_operators", {"partner_id": barber, "operators": []}, version=4)
    # K14: an offer became an operator, and with it the partner's voice in credit.
    with pytest.raises(Invalid) as refused:
        town.bench.do(
            "set_operators", {"partner_id": barber, "operators": [CLERK, "off_1"]}, version=4
        )
    assert refused.value.field == "operators[1]"


# --------------------------------------------------------------------------------------------------
# Offers


def test_an_offer_is_drafted_approved_and_published_and_the_fact_is_said_once(town, barber):
    offer_id = town.offer(barber)
    said = town.bench.published("offer_published.v1")
    assert [event["data"]["points_price"] for event in said] == [60]
    row = town.as_partner().ask("offer", {"offer_id": offer_id})
    paused = town.bench.do("pause_offer", {"offer_id": offer_id}, version=row["version"])
    assert town.bench.ask("offers", {"scope": COMMUNITY})["items"] == []
    town.bench.do("publish_offer", {"offer_id": offer_id}, version=paused["version"])
    assert len(town.bench.published("offer_published.v1")) == 1
    assert len(town.bench.ask("offers", {"scope": COMMUNITY})["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"title": "白酒两瓶"}, errors.CategoryForbidden),
        ({"scope": "370811015"}, errors.ScopeTooWide),
        ({"scope": "370811015902"}, errors.ScopeTooWide),
        ({"points_price": 0}, errors.PriceRange),
        ({"points_price": 2001}, errors.PriceRange),
        ({"settle_fen_per_point": 11}, errors.PriceRange),
        ({"valid_to": "2024-12-31"}, errors.ValidityWrong),
        ({"valid_from": "2024-01-01", "valid_to": "2024-02-01"}, errors.ValidityWrong),
        ({"stock_total": -1}, Invalid),
        ({"title": "  "}, Invalid),
        ({"title": "理发 预约 138-1234-5678"}, Invalid),  # K15, FP-D6
        ({"scope": "37081"}, Invalid),
        ({"voucher_ttl_h": 0}, Invalid),
        ({"per_person_month": 0}, Invalid),
        ({"kind": "CASH"}, Invalid),
        ({"unknown": 1}, Invalid),
    ],
)
def test_a_wrong_draft_is_refused_and_leaves_nothing(town, barber, changes, refusal):
    town.as_partner()
    with pytest.raises(refusal):
        town.bench.do("draft_offer", town.draft(barber, **changes))
    assert town.bench.rows("SELECT * FROM offers") == []


def test_a_sponsor_is_not_paid(town):
    sponsor = town.partner(settle_mode="SPONSOR")
    town.as_partner()
    with pytest.raises(errors.SettleMode):
        town.bench.do("draft_offer", town.draft(sponsor))
    town.bench.do("draft_offer", town.draft(sponsor, settle_fen_per_point=0))


@pytest.mark.covers("R1")
def test_each_level_approves_its_own_offers_and_nobody_his_own(town, barber):
    cinema = town.cinema()
    film = town.as_partner(CLERK).do("draft_offer", town.draft(cinema, scope=STREET))
    cut = town.as_partner(BARBER).do("draft_offer", town.draft(barber))
    town.as_cadre(scope="370811")
    with pytest.raises(errors.LevelDenied):
        town.bench.do("approve_offer", {"offer_id": film["id"]}, version=1)
    town.as_street()
    with pytest.raises(errors.LevelDenied):
        town.bench.do("approve_offer", {"offer_id": cut["id"]}, version=1)
    town.as_cadre(person=BARBER)
    with pytest.raises(errors.ConflictOfInterest):
        town.bench.do("approve_offer", {"offer_id": cut["id"]}, version=1)
    own = town.as_cadre().do("draft_offer", town.draft(barber, title="洗头"))
    with pytest.raises(errors.ConflictOfInterest):
        town.bench.do("approve_offer", {"offer_id": own["id"]}, version=1)


def test_a_new_price_waits_for_approval_and_open_redemptions_keep_theirs(town, barber, haircut):
    before = town.reserve(haircut)
    row = town.as_partner().ask("offer", {"offer_id": haircut})
    prices = {"points_price": 80, "face_value_fen": 3000, "settle_fen_per_point": 10}
    made = town.bench.do("reprice_offer", {"offer_id": haircut} | prices, version=row["version"])
    between = town.request(haircut)
    assert town.card(between)["points"] == 60
    town.as_cadre().do("approve_offer", {"offer_id": haircut}, version=made["version"])
    after = town.request(haircut)
    assert town.card(after)["points"] == 80
    assert town.card(before)["points"] == 60
    assert (town.card(before)["terms"], town.card(after)["terms"]) == (1, 2)
    shown = town.as_cadre().ask("offer", {"offer_id": haircut})
    assert [one["state"] for one in shown["prices"]] == ["SUPERSEDED", "IN_FORCE"]
    with pytest.raises(StateConflict):
        town.bench.do("approve_offer", {"offer_id": haircut}, version=shown["version"])


def test_stock_cannot_fall_below_what_is_taken(town, haircut):
    town.request(haircut, qty=3)
    row = town.as_partner().ask("offer", {"offer_id": haircut})
    with pytest.raises(errors.OutOfStock):
        town.bench.do(
            "restock_offer", {"offer_id": haircut, "stock_total": 2}, version=row["version"]
        )
    more = town.bench.do(
        "restock_offer", {"offer_id": haircut, "stock_total": 3}, version=row["version"]
    )
    assert more["stock_left"] == 0


def test_a_stranger_neither_sees_nor_changes_a_draft(town, barber):
    made = town.as_partner().do("draft_offer", town.draft(barber))
    town.as_resident()
    with pytest.raises(NotFound):
        town.bench.ask("offer", {"offer_id": made["id"]})
    town.as_partner(CLERK)
    with pytest.raises(NotFound):
        town.bench.do("publish_offer", {"offer_id": made["id"]}, version=1)


def test_offers_are_found_by_place_kind_wallet_and_price_page_by_page(town, barber):
    cinema = town.cinema()
    for number in range(3):
        town.offer(barber, title=f"理发 {number}", points_price=60 + number)
    film = town.offer(cinema, operator=CLERK, street=True, scope=STREET, kind="GOODS")
    town.offer(barber, title="仅管家", audience="STEWARD")
    bench = town.as_resident()
    everything, cursor = [], None
    while True:
        page = bench.ask("offers", {"scope": COMMUNITY, "limit": 2, "cursor": cursor})
        everything += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(everything) == 5
    assert len({one["id"] for one in everything}) == 5

    def found(**asked):
        return [one["id"] for one in bench.ask("offers", asked)["items"]]

    assert found(kind="GOODS") == [film]
    assert found(scope="370811015902") == [film]
    assert len(found(scope=COMMUNITY, wallet="RES")) == 4
    assert len(found(scope=COMMUNITY, max_points=60, wallet="RES")) == 2
    first = bench.ask("offers", {"scope": COMMUNITY, "limit": 2})
    second = bench.ask("offers", {"scope": COMMUNITY, "limit": 2, "cursor": first["next"]})
    back = bench.ask("offers", {"scope": COMMUNITY, "limit": 2, "cursor": second["prev"]})
    assert (back["items"], back["prev"]) == (first["items"], None)
    for cursor, more in (("nonsense", {}), (first["next"], {"kind": "GOODS"})):
        with pytest.raises(Invalid) as refused:
            bench.ask("offers", {"scope": COMMUNITY, "cursor": cursor, **more})
        assert refused.value.field == "cursor"
    with pytest.raises(Invalid):
        bench.ask("partners", {"scope": COMMUNITY, "cursor": first["next"]})
    with pytest.raises(Invalid):
        bench.ask("offers", {"limit": 201})


# --------------------------------------------------------------------------------------------------
# Stopping


def stop(town, step, partner_id, vouchers):
    version = town.as_cadre().ask("partner", {"partner_id": partner_id})["version"]
    return town.bench.do(
        step, {"partner_id": partner_id, "vouchers": vouchers, "reason": "装修"}, version=version
    )


@pytest.mark.covers("F5-flow")
def test_a_suspended_partner_may_honour_its_open_vouchers(town, barber, haircut):
    redemption_id = town.reserve(haircut)
    stop(town, "suspend_partner", barber, "HONOUR")
    with pytest.raises(errors.OfferClosed):
        town.request(haircut)
    assert town.verify(redemption_id)["state"] == "REDEEMING"
    version = town.as_cadre().ask("partner", {"partner_id": barber})["version"]
    town.bench.do("resume_partner", {"partner_id": barber}, version=version)
    assert len(town.bench.published("partner_admitted.v1")) == 2
    assert len(town.bench.published("partner_suspended.v1")) == 1


@pytest.mark.covers("F5-flow")
def test_or_cancel_them_all_and_every_point_goes_back(town, barber, haircut):
    held = [town.reserve(haircut, person=ANA), town.reserve(haircut, person="per_ben")]
    asked = town.request(haircut, person="per_cai")
    stop(town, "exit_partner", barber, "CANCEL")
    assert {town.state(one) for one in [*held, asked]} == {"CANCELLING"}
    said = town.bench.published("redemption_cancelled.v1")
    assert {(e["data"]["by"], e["data"]["reason"]) for e in said} == {("PARTNER", "CLOSED")}
    town.answer("points_released", held[0])
    town.answer("points_held", asked)
    town.answer("points_released", asked)
    town.answer("points_released", held[1])
    assert {town.state(one) for one in [*held, asked]} == {"CANCELLED"}
    assert town.stock(haircut) == 5
    assert len(town.bench.published("partner_exited.v1")) == 1


def test_a_partner_that_has_left_without_honouring_verifies_nothing(town, barber, haircut):
    late = town.request(haircut)
    stop(town, "suspend_partner", barber, "CANCEL")
    town.answer("points_held", late)
    assert town.state(late) == "CANCELLING"


def test_a_partner_leaves_by_its_own_operator(town, barber):
    town.as_partner(CLERK)
    order = {"partner_id": barber, "vouchers": "HONOUR", "reason": "歇业"}
    with pytest.raises(NotFound):
        town.bench.do("exit_partner", order, version=3)
    assert town.as_partner().do("exit_partner", order, version=3)["state"] == "EXITED"
    town.as_partner()
    with pytest.raises(errors.PartnerNotActive):
        town.bench.do("draft_offer", town.draft(barber))
