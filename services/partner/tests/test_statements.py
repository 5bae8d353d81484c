"""Refunds, month statements, the money fund, the service share."""

import pytest

from fivered.chassis.refusal import (
    Invalid,
    NotFound,
    PreconditionRequired,
    RoleDenied,
    StateConflict,
    VersionConflict,
)
from fivered.services.partner import errors
from testkit.bench import instant

pytestmark = pytest.mark.slow

COMMUNITY, STREET = "370811015901", "370811015"
ANA, BEN, BARBER, CLERK, CADRE = "per_ana", "per_ben", "per_barber", "per_clerk", "per_cadre"
ISSUED = "2025-04-03T10:00"


def step(town, method, redemption_id, **body):
    """Do something to a redemption as the person who acts now, at its present version."""
    version = town.bench.rows(
        "SELECT version FROM redemptions WHERE redemption_id = :id", id=redemption_id
    )[0]["version"]
    return town.bench.do(method, {"redemption_id": redemption_id} | body, version=version)


DENIED = "现场核实服务已完成"


def ask_refund(town, redemption_id, person=ANA):
    town.as_resident(person)
    return step(town, "ask_refund", redemption_id, reason="理发中途停电")


def paid(town, partner_id, period="2025-03"):
    row = town.statement(partner_id, period)
    town.as_partner()
    row |= town.move("confirm_statement", row)
    town.as_street()
    return town.move("pay_statement", row)


# --------------------------------------------------------------------------------------------------
# Refunds


@pytest.mark.covers("F5-flow")
def test_a_refund_is_decided_by_an_official_without_a_tie(town, barber, haircut):
    redemption_id = town.redeem(haircut)
    assert ask_refund(town, redemption_id)["state"] == "REFUND_REVIEW"
    town.as_cadre(BARBER)
    with pytest.raises(errors.ConflictOfInterest):
        step(town, "approve_refund", redemption_id)
    town.as_cadre(ANA)
    with pytest.raises(errors.ConflictOfInterest):
        step(town, "approve_refund", redemption_id)
    town.as_cadre(scope="370811015902")
    with pytest.raises(NotFound):
        step(town, "approve_refund", redemption_id)
    town.as_cadre()
    done = step(town, "approve_refund", redemption_id, reasons="情况属实")
    assert done["state"] == "REFUNDED"
    assert town.bench.published("redemption_refunded.v1")[0]["data"] == {
        "redemption_id": redemption_id,
        "wallet": f"RES:{ANA}",
        "partner_id": barber,
        "points": 60,
        "borne_by": None,
    }
    for _ in range(2):
        town.answer("points_refunded", redemption_id)
    back = town.bench.rows("SELECT points_back_at, state FROM redemptions")[0]
    assert back["points_back_at"] is not None
    assert back["state"] == "REFUNDED"
    town.bench.fire(ISSUED)
    assert town.statement(barber) is None


def test_a_refund_is_asked_for_within_seven_days_by_the_holder(town, haircut):
    redemption_id = town.redeem(haircut)
    with pytest.raises(NotFound):
        ask_refund(town, redemption_id, BEN)
    town.as_resident()
    with pytest.raises(Invalid):
        step(town, "ask_refund", redemption_id, reason=" ")
    town.bench.at("2025-03-10T09:00")
    with pytest.raises(errors.WindowOver, match="期限 2025-03-10 09:00"):
        ask_refund(town, redemption_id)


def test_a_denied_refund_leaves_everything_as_it_was(town, barber, haircut):
    redemption_id = town.redeem(haircut)
    ask_refund(town, redemption_id)
    town.as_cadre()
    assert step(town, "deny_refund", redemption_id, reasons=DENIED)["state"] == "REDEEMED"
    with pytest.raises(StateConflict):
        step(town, "deny_refund", redemption_id, reasons=DENIED)
    town.bench.fire(ISSUED)
    assert town.statement(barber)["points"] == 60


@pytest.mark.covers("R13")
def test_a_refund_after_the_statement_takes_its_line_back_there(town, barber, haircut):
    town.bench.at("2025-03-31T09:00")
    one, _two = town.redeem(haircut), town.redeem(haircut)
    town.bench.fire(ISSUED)
    ask_refund(town, one)
    town.as_cadre()
    step(town, "approve_refund", one)
    row = town.statement(barber)
    assert (row["points"], row["amount_fen"], row["version"]) == (60, 600, 2)
    card = town.bench.ask("statement", {"statement_id": row["id"]})
    assert [(line["kind"], line["points"]) for line in card["lines"]] == [
        ("REDEEMED", 60),
        ("REDEEMED", 60),
        ("REFUND", -60),
    ]
    town.fund(10_000)
    assert paid(town, barber)["points"] == 60
    assert town.state(one) == "REFUNDED"


@pytest.mark.covers("R13")
def test_a_refund_after_payment_is_a_negative_line_of_the_next_statement(town, barber, haircut):
    bench = town.bench.at("2025-03-31T09:00")
    one = town.redeem(haircut)
    town.fund(10_000)
    town.fund(10_000, period="2025-04")
    bench.fire(ISSUED)
    paid(town, barber)
    assert town.state(one) == "SETTLED"
    ask_refund(town, one)
    town.as_cadre()
    # The ledger could not take from a receivable what is not there.
    with pytest.raises(errors.ReceivableShort):
        step(town, "approve_refund", one)
    more = [town.redeem(haircut)]
    ask_refund(town, more[0])
    town.as_cadre()
    step(town, "approve_refund", one)
    # Its points are used up now: the second refund would find nothing in the receivable.
    with pytest.raises(errors.ReceivableShort):
        step(town, "approve_refund", more[0])
    step(town, "deny_refund", more[0], reasons=DENIED)
    more.append(town.redeem(haircut))
    bench.fire("2025-05-12T10:00")
    row = town.statement(barber, "2025-04")
    assert (row["points"], row["amount_fen"]) == (60, 600)
    town.bench.fire("2025-05-20T10:00")
    town.as_street()
    town.move("pay_statement", town.statement(barber, "2025-04"))
    assert [town.state(one) for one in more] == ["SETTLED", "SETTLED"]
    settled = [event["data"]["points"] for event in bench.published("partner_settled.v1")]
    assert settled == [60, 60]
    town.as_partner()
    assert bench.ask("desk", {"partner_id": barber})["receivable_points"] == 0


def test_a_refund_denied_after_payment_is_settled(town, barber, haircut):
    town.bench.at("2025-03-31T09:00")
    one = town.redeem(haircut)
    town.fund(10_000)
    town.bench.fire(ISSUED)
    ask_refund(town, one)
    paid(town, barber)
    assert town.state(one) == "REFUND_REVIEW"
    town.as_cadre()
    assert step(town, "deny_refund", one, reasons=DENIED)["state"] == "SETTLED"


# --------------------------------------------------------------------------------------------------
# Statements


@pytest.mark.covers("R13")
def test_a_capture_that_is_answered_late_goes_onto_the_next_statement(town, barber, haircut):
    town.bench.at("2025-03-31T09:00")
    late = town.reserve(haircut)
    town.verify(late)
    town.bench.fire(ISSUED)
    assert town.statement(barber) is None
    town.answer("points_captured", late)
    town.bench.fire("2025-05-12T10:00")
    assert town.statement(barber, "2025-04")["points"] == 60


@pytest.mark.covers("R13")
def test_silence_for_five_working_days_confirms(town, barber, haircut):
    town.redeem(haircut)
    town.fund(10_000)
    bench = town.bench
    bench.fire(ISSUED)
    row = town.statement(barber)
    # Issued Thursday 04-03; 04-04 is Qingming: 04-07, 08, 09, 10, 11 -> midnight after 04-11.
    assert row["confirm_due"] == instant("2025-04-12T00:00").isoformat()
    bench.fire("2025-04-11T23:59:59")
    assert town.statement(barber)["state"] == "ISSUED"
    bench.fire("2025-04-12T00:00")
    row = town.statement(barber)
    assert (row["state"], row["confirmed_by"]) == ("CONFIRMED", "SILENCE")
    town.as_partner()
    with pytest.raises(StateConflict):
        town.move("dispute_statement", row, reason="晚了")


def test_after_the_window_a_partner_is_told_that_it_is_over(town, barber, haircut):
    town.redeem(haircut)
    town.bench.fire(ISSUED)
    row = town.statement(barber)
    town.bench.at("2025-04-12T00:00")
    town.as_partner()
    with pytest.raises(errors.WindowOver):
        town.move("confirm_statement", row)


@pytest.mark.covers("R13")
def test_a_disputed_line_is_reviewed_and_its_amount_put_right(town, barber, haircut):
    one, _two = town.redeem(haircut), town.redeem(haircut)
    town.fund(10_000)
    bench = town.bench
    bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner()
    with pytest.raises(errors.LineUnknown):
        town.move("dispute_statement", row, reason="金额", lines=["rdm_other"])
    disputed = town.move("dispute_statement", row, reason="金额应为 700 分", lines=[one])
    assert disputed["state"] == "DISPUTED"
    bench.fire("2025-04-13T00:00")
    row = town.statement(barber)
    assert row["state"] == "DISPUTED"
    town.as_street()
    with pytest.raises(errors.AdjustmentsWrong):
        town.move("review_statement", row, outcome="ADJUSTED", reasons="x")
    with pytest.raises(errors.LineUnknown):
        town.move(
            "review_statement",
            row,
            outcome="ADJUSTED",
            reasons="x",
            adjustments=[{"redemption_id": "rdm_other", "amount_fen": 1}],
        )
    town.as_street(person=BARBER)
    with pytest.raises(errors.ConflictOfInterest):
        town.move("review_statement", row, outcome="UPHELD", reasons="x")
    town.as_street()
    town.move(
        "review_statement",
        row,
        outcome="ADJUSTED",
        reasons="核对小票属实",
        adjustments=[{"redemption_id": one, "amount_fen": 700}],
    )
    row = town.statement(barber)
    assert (row["state"], row["points"], row["amount_fen"]) == ("CONFIRMED", 120, 1300)
    bench.fire("2025-04-20T00:00")
    assert town.statement(barber)["version"] == row["version"]


def test_a_dispute_that_nobody_reviews_is_never_paid_by_silence(town, barber, haircut):
    town.redeem(haircut)
    town.fund(10_000)
    bench = town.bench
    bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner()
    town.move("dispute_statement", row, reason="漏单")
    bench.fire("2025-04-14T00:00")
    row = town.statement(barber)
    assert (row["state"], row["review_late"]) == ("DISPUTED", True)
    history = bench.ask("statement", {"statement_id": row["id"]})["history"]
    assert [one["step"] for one in history] == ["issue", "dispute", "review_overdue"]
    with pytest.raises(StateConflict):
        town.move("pay_statement", row)


def test_a_dispute_that_is_overdue_goes_to_the_street_and_then_to_the_district(
    town, barber, haircut
):
    """It was written into the history, and reached nobody."""
    town.redeem(haircut)
    town.fund(10_000)
    bench = town.bench
    bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner()
    asked = town.move("dispute_statement", row, reason="漏单")
    assert town.statement(barber)["review_late"] is False
    bench.fire(asked["due"])
    (up,) = bench.published("dispute_overdue.v1")
    assert up["data"] == {
        "statement_id": row["id"],
        "partner_id": barber,
        "period": "2025-03",
        "level": 1,
        "concerned": [BARBER],
    }
    bench.fire("2025-05-01T00:00")
    assert [one["data"]["level"] for one in bench.published("dispute_overdue.v1")] == [1, 2]
    late = bench.as_("R_DISTRICT_LEAD", person="per_lead", scope=STREET[:6]).ask(
        "statement", {"statement_id": row["id"]}
    )
    assert (late["state"], late["review_late"]) == ("DISPUTED", True)
    assert bench.published("dispute_reviewed.v1") == []
    town.as_street()
    town.move("review_statement", late, outcome="UPHELD", reasons="核对无误")
    assert bench.published("dispute_reviewed.v1")[0]["data"] == {
        "statement_id": row["id"],
        "outcome": "UPHELD",
    }
    assert town.statement(barber)["review_late"] is False


@pytest.mark.covers("R13")
def test_without_money_a_statement_is_held_until_the_budget_is_raised(town, barber, haircut):
    town.redeem(haircut)
    bench = town.bench
    bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner()
    held = town.move("confirm_statement", row)
    assert held["state"] == "HELD"
    # DOMAIN 2.4: and the street is alerted.
    assert [one["data"]["amount_fen"] for one in bench.published("statement_held.v1")] == [600]
    town.as_street()
    with pytest.raises(errors.FundShort) as caught:
        town.move("pay_statement", held)
    assert caught.value.params["amount"] == 600
    assert town.fund(599)["confirmed"] == []
    position = bench.ask("fund", {"area": COMMUNITY, "period": "2025-03"})
    assert (position["budget_fen"], position["held_fen"], position["free_fen"]) == (599, 600, 599)
    assert bench.published("statement_funded.v1") == []
    assert town.fund(600)["confirmed"] == [row["id"]]
    assert bench.published("statement_funded.v1")[0]["data"]["state"] == "CONFIRMED"
    position = bench.ask("fund", {"area": COMMUNITY, "period": "2025-03"})
    assert (position["committed_fen"], position["paid_fen"], position["free_fen"]) == (600, 0, 0)
    with pytest.raises(errors.FundBelowCommitted):
        town.fund(599)
    town.move("pay_statement", town.statement(barber), payment_ref="回单 0412")
    position = bench.ask("fund", {"area": COMMUNITY, "period": "2025-03"})
    assert (position["committed_fen"], position["paid_fen"]) == (0, 600)
    assert position["burn_percent"] == "100.00"


def test_money_is_paid_by_a_paper_that_is_named(town, barber, haircut):
    """H3-17: 600 fen were PAID, and nothing said by which payment."""
    town.redeem(haircut)
    town.fund(10_000)
    town.bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner()
    row |= town.move("confirm_statement", row)
    town.as_street()
    for none in ({"payment_ref": None}, {"payment_ref": " "}):
        with pytest.raises(errors.PaymentRefNeeded) as refused:
            town.move("pay_statement", row, **none)
        assert (refused.value.field, refused.value.params["amount"]) == ("payment_ref", 600)
    assert town.statement(barber)["state"] == "CONFIRMED"
    assert town.move("pay_statement", row, payment_ref="回单 0412")["state"] == "PAID"


def test_a_fund_is_set_for_a_place_and_a_month_that_there_are(town):
    """H3-14: a fund for a community that does not exist, for a past year, for 2099."""
    town.fund(700)
    town.as_street()
    for wrong, refusal, field in (
        ({"area": "370811015999"}, errors.UnknownArea, "area"),
        ({"period": "2024-01"}, errors.FundMonth, "period"),
        ({"period": "2099-12"}, errors.FundMonth, "period"),
    ):
        order = {"area": COMMUNITY, "period": "2025-04", "budget_fen": 1} | wrong
        with pytest.raises(refusal) as refused:
            town.bench.do("set_fund", order)
        assert refused.value.field == field
    assert town.fund(1, period="2026-03")["state"] == "SET"
    assert town.fund(1, period="2024-12")["state"] == "SET"


def test_a_community_without_a_fund_of_its_own_is_paid_by_its_streets(town, barber, haircut):
    town.redeem(haircut)
    town.fund(10_000, area=STREET)
    town.bench.fire(ISSUED)
    assert paid(town, barber)["state"] == "PAID"
    position = town.bench.ask("fund", {"area": STREET, "period": "2025-03"})
    assert position["paid_fen"] == 600


@pytest.mark.covers("E7", "R13")
def test_a_sponsors_statement_is_free_and_still_burns_the_points(town):
    sponsor = town.partner(settle_mode="SPONSOR")
    offer_id = town.offer(sponsor, settle_fen_per_point=0)
    town.redeem(offer_id)
    town.bench.fire(ISSUED)
    assert paid(town, sponsor)["amount_fen"] == 0
    said = town.bench.published("partner_settled.v1")[0]["data"]
    assert (said["points"], said["amount_fen"]) == (60, 0)


def test_only_the_street_pays_and_nobody_pays_himself(town, barber, haircut):
    town.redeem(haircut)
    town.fund(10_000)
    town.bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner(CLERK)
    with pytest.raises(NotFound):
        town.move("confirm_statement", row)
    town.as_partner()
    row |= town.move("confirm_statement", row)
    town.as_cadre()
    with pytest.raises(RoleDenied):
        town.move("pay_statement", row)
    town.as_street(person=BARBER)
    with pytest.raises(errors.ConflictOfInterest):
        town.move("pay_statement", row)
    town.as_street(scope="370811016")
    with pytest.raises(NotFound):
        town.move("pay_statement", row)


def test_statements_are_seen_by_their_partner_and_their_officials_only(town, barber, haircut):
    town.redeem(haircut)
    bench = town.bench
    bench.fire(ISSUED)
    row = town.statement(barber)
    assert [one["id"] for one in town.as_partner().ask("statements")["items"]] == [row["id"]]
    assert town.as_partner(CLERK).ask("statements")["items"] == []
    assert town.as_cadre(scope="370811015902").ask("statements")["items"] == []
    with pytest.raises(NotFound):
        bench.ask("statement", {"statement_id": row["id"]})
    town.as_resident()
    with pytest.raises(RoleDenied):
        bench.ask("statements")
    town.as_street()
    with pytest.raises(NotFound):
        bench.ask("fund", {"area": STREET, "period": "2025-03"})
    for wrong in ({"period": "2025-13"}, {"area": "37081"}, {"budget_fen": -1}):
        with pytest.raises(Invalid):
            bench.do("set_fund", {"area": STREET, "period": "2025-03", "budget_fen": 1} | wrong)


# --------------------------------------------------------------------------------------------------
# Months


@pytest.mark.covers("F7-flow", "C8")
def test_the_marker_names_every_community_once_zeros_included(town, barber, haircut):
    bench = town.bench
    other = "370811015902"
    for code, kind in ((COMMUNITY, "COMMUNITY"), (other, "COMMUNITY"), (STREET, "STREET")):
        bench.consume(
            "steward",
            "area_defined.v1",
            {"code": code, "name": "x", "kind": kind, "parent": code[:-3]},
            subject=code,
        )
    cinema = town.cinema()
    bench.at("2025-03-20T09:00")
    first, _second = town.redeem(haircut), town.redeem(haircut)
    refunded = town.redeem(haircut)
    ask_refund(town, refunded)
    town.as_cadre()
    step(town, "approve_refund", refunded)
    town.as_resident()
    bench.do("rate_redemption", {"redemption_id": first, "stars": 5})
    version = town.as_cadre().ask("partner", {"partner_id": barber})["version"]
    # After the month, before its cut-off: neither the suspension nor this haircut are March's.
    bench.at("2025-04-01T09:00")
    town.redeem(haircut)
    town.as_cadre()
    bench.do(
        "suspend_partner",
        {"partner_id": barber, "vouchers": "HONOUR", "reason": "装修"},
        version=version,
    )
    bench.fire("2025-04-03T00:00")
    said = [e for e in bench.published("month_measured.v1") if e["data"]["period"] == "2025-03"]
    assert [event["data"]["partition"] for event in said] == [0, 1, 2, 3]
    assert {event["time"] for event in said} == {"2025-04-02T16:00:00Z"}
    counts = [
        (one["community"], one["redemptions"])
        for event in said
        for one in event["data"]["communities"]
    ]
    assert sorted(counts) == [(COMMUNITY, 2), (other, 0)]
    partners = {one["partner_id"]: one for event in said for one in event["data"]["partners"]}
    assert partners[barber] == {
        "partner_id": barber,
        "area": COMMUNITY,
        "level": "COMMUNITY",
        "active": True,
        "points_redeemed": 120,
        "redeemed": 2,
        "new_service_offers": 1,
        "rated": 1,
        "satisfied": 1,
        "sponsor_fen": 2 * (2500 - 600),
    }
    assert partners[cinema]["redeemed"] == 0
    bench.fire("2025-05-08T00:00")
    april = [e for e in bench.published("month_measured.v1") if e["data"]["period"] == "2025-04"]
    measured = {one["partner_id"]: one for e in april for one in e["data"]["partners"]}
    assert (measured[barber]["active"], measured[barber]["redeemed"]) == (False, 1)


def test_the_marker_lies_in_the_partition_of_its_communities(town, barber):
    from fivered.chassis.bus import partition_of

    town.bench.fire("2025-04-03T00:00")
    rows = town.bench.rows(
        "SELECT partition FROM outbox WHERE fact = 'month_measured.v1' ORDER BY id"
    )
    assert [row["partition"] for row in rows] == [0, 1, 2, 3] * (len(rows) // 4)
    for event in town.bench.published("month_measured.v1"):
        for one in event["data"]["communities"]:
            assert partition_of(one["community"]) == event["data"]["partition"]


@pytest.mark.covers("F7-flow")
def test_final_grades_go_onto_the_partners_card_and_an_older_month_does_not(town, barber):
    def finalised(period, score, grade):
        town.bench.consume(
            "credit",
            "settlement_finalised.v1",
            {
                "settlement_id": "set_1",
                "period": period,
                "community": COMMUNITY,
                "entries": [
                    {
                        "subject": f"PTN:{barber}",
                        "kind": "PTN",
                        "ref": barber,
                        "score": score,
                        "grade": grade,
                        "gates_failed": ["REDEEMED_10"],
                    },
                    {
                        "subject": "STW:stw_1",
                        "kind": "STW",
                        "ref": "stw_1",
                        "score": 1,
                        "grade": "B",
                    },
                ],
            },
            subject=f"set_{period}",
        )

    finalised("2025-03", 83, "AA")
    finalised("2025-02", 70, "A")
    card = town.as_resident().ask("partner", {"partner_id": barber})
    assert (card["grade"], card["score"], card["graded_period"]) == ("AA", 83, "2025-03")
    assert card["gates_failed"] == ["REDEEMED_10"]


@pytest.mark.covers("M-13")
def test_the_share_of_services_and_discounts_is_told_month_by_month(town, barber, haircut):
    goods = town.offer(barber, kind="GOODS", points_price=40, title="洗发水")
    cheaper = town.offer(barber, kind="DISCOUNT", points_price=20, title="染发八折")
    given_back = town.reserve(haircut)
    town.cancel(given_back)
    town.redeem(haircut)
    town.redeem(cheaper)
    town.redeem(goods)
    town.bench.at("2025-04-10T09:00")
    town.redeem(goods)
    asked = {"scope": STREET, "period_from": "2025-02", "period_to": "2025-04"}
    items = town.as_resident().ask("service_share", asked)["items"]
    assert [(one["period"], one["share_percent"]) for one in items] == [
        ("2025-02", None),
        ("2025-03", "66.67"),
        ("2025-04", "0.00"),
    ]
    assert (items[1]["points_services"], items[1]["points_goods"]) == (80, 40)
    for wrong in ({"period_to": "2025-01"}, {"period_to": "2030-01"}, {"period_from": "March"}):
        with pytest.raises(Invalid):
            town.bench.ask("service_share", asked | wrong)


def test_funds_are_listed_to_those_who_look_after_their_area(town):
    """OP-M2: a fund could be set, and was found only by who knew its area and month."""
    for period in ("2025-03", "2025-04"):
        town.fund(10_000, period=period)
    town.as_street().do("set_fund", {"area": STREET, "period": "2025-03", "budget_fen": 500})
    first = town.as_street().ask("funds", {"limit": 2})
    rest = town.as_street().ask("funds", {"limit": 2, "cursor": first["next"]})
    told = first["items"] + rest["items"]
    assert sorted((one["level"], one["period"], one["budget_fen"]) for one in told) == [
        ("COMMUNITY", "2025-03", 10_000),
        ("COMMUNITY", "2025-04", 10_000),
        ("STREET", "2025-03", 500),
    ]
    assert rest["next"] is None
    (april,) = town.as_cadre().ask("funds", {"period": "2025-04"})["items"]
    assert (april["area"], april["version"]) == (COMMUNITY, 1)
    town.as_cadre(scope="370811015902")
    assert town.bench.ask("funds")["items"] == []
    with pytest.raises(RoleDenied):
        town.bench.ask("funds", {"scope": COMMUNITY})


FITS = {
    "confirm_statement": {"ISSUED"},
    "dispute_statement": {"ISSUED"},
    "review_statement": {"DISPUTED", "HELD"},
    "pay_statement": {"CONFIRMED", "HELD"},
}
MORE = {
    "dispute_statement": {"reason": "漏单"},
    "review_statement": {"outcome": "UPHELD", "reasons": "核对无误"},
}


@pytest.mark.parametrize("state", ["ISSUED", "DISPUTED", "CONFIRMED", "HELD", "PAID"])
def test_in_every_state_a_command_that_does_not_fit_says_in_which_state_it_is(
    town, barber, haircut, state
):
    """K13: a 409 with the state; of a statement whose time is over, that it is over."""
    town.redeem(haircut)
    if state != "HELD":
        town.fund(10_000)
    town.bench.fire(ISSUED)

    def take(step):
        row = town.statement(barber)
        (
            town.as_partner
            if step in {"confirm_statement", "dispute_statement"}
            else town.as_street
        )()
        return town.move(step, row, **MORE.get(step, {}))

    ways = {
        "ISSUED": (),
        "DISPUTED": ("dispute_statement",),
        "PAID": ("confirm_statement", "pay_statement"),
    }
    for step in ways.get(state, ("confirm_statement",)):
        take(step)
    assert town.statement(barber)["state"] == state
    for step, fitting in FITS.items():
        if state in fitting:
            continue
        with pytest.raises(StateConflict) as refused:
            take(step)
        assert refused.value.params["state"] == state


def test_the_month_of_a_redemption_is_that_of_its_counter_to_the_second(town, barber, haircut):
    """K8: half-open at midnight, no matter when credit answers and who asks for what afterwards."""
    bench = town.bench
    bench.at("2025-03-31T23:59:59")
    last = town.redeem(haircut)
    bench.at("2025-04-01T00:00:00")
    first = town.redeem(haircut)
    bench.fire(ISSUED)

    def billed(period):
        row = town.statement(barber, period)
        card = bench.ask("statement", {"statement_id": row["id"]})
        return [line["redemption_id"] for line in card["lines"]]

    assert billed("2025-03") == [last]
    # Asked for after the month's end, and decided before it is paid: taken back on that statement.
    ask_refund(town, last)
    town.as_cadre()
    step(town, "approve_refund", last)
    assert town.statement(barber)["points"] == 0
    bench.fire("2025-05-08T10:00")
    assert billed("2025-04") == [first]
    assert town.statement(barber)["points"] == 0


# --------------------------------------------------------------------------------------------------
# What cannot be paid has a way out


def held(town, partner_id, *, amount_fen=None, one=None):
    """Bring a statement to HELD, with another amount of one line where that is given."""
    town.bench.fire(ISSUED)
    row = town.statement(partner_id)
    town.as_partner()
    if amount_fen is None:
        town.move("confirm_statement", row)
    else:
        town.move("dispute_statement", row, reason="金额", lines=[one])
        row = town.statement(partner_id)
        adjust(town, row, one, amount_fen)
    row = town.statement(partner_id)
    assert row["state"] == "HELD"
    return row


def adjust(town, row, one, amount_fen):
    town.as_street()
    return town.move(
        "review_statement",
        row,
        outcome="ADJUSTED",
        reasons="核对小票属实",
        adjustments=[{"redemption_id": one, "amount_fen": amount_fen}],
    )


def test_no_line_is_adjusted_above_what_it_is_worth_in_the_shop(town, barber, haircut):
    """K13: 10**15 fen made a statement that nobody could ever pay."""
    one = town.redeem(haircut)
    town.bench.fire(ISSUED)
    row = town.statement(barber)
    town.as_partner()
    town.move("dispute_statement", row, reason="金额", lines=[one])
    row = town.statement(barber)
    with pytest.raises(errors.AdjustmentTooHigh) as refused:
        adjust(town, row, one, 2501)
    assert refused.value.params["most"] == 2500
    assert refused.value.field == "adjustments[0].amount_fen"


def test_a_statement_that_waits_for_money_is_looked_at_again(town, barber, haircut):
    one = town.redeem(haircut)
    town.fund(1000)
    row = held(town, barber, one=one, amount_fen=2500)
    town.as_street(person=BARBER)
    with pytest.raises(errors.ConflictOfInterest):
        town.move("review_statement", row, outcome="UPHELD", reasons="核对无误")
    assert adjust(town, row, one, 600)["state"] == "CONFIRMED"
    assert town.bench.published("statement_funded.v1")[-1]["data"]["state"] == "CONFIRMED"
    row = town.statement(barber)
    assert (row["state"], row["amount_fen"]) == ("CONFIRMED", 600)


def test_a_look_that_changes_nothing_leaves_it_waiting(town, barber, haircut):
    town.redeem(haircut)
    row = held(town, barber)
    town.as_street()
    answer = town.move("review_statement", row, outcome="UPHELD", reasons="核对无误")
    assert answer["state"] == "HELD"


def test_a_statement_of_nothing_waits_for_no_money(town, barber, haircut):
    """K13: its only line was given back, and it was held until somebody raised the budget."""
    town.bench.at("2025-03-31T09:00")
    one = town.redeem(haircut)
    held(town, barber)
    ask_refund(town, one)
    town.as_cadre()
    step(town, "approve_refund", one)
    row = town.statement(barber)
    assert (row["state"], row["points"], row["amount_fen"]) == ("CONFIRMED", 0, 0)


def test_what_is_given_back_frees_the_money_that_others_wait_for(town, barber, haircut):
    town.bench.at("2025-03-31T09:00")
    one = town.redeem(haircut)
    cinema = town.cinema()
    ticket = town.offer(cinema, operator=CLERK, street=True)
    town.redeem(ticket, operator=CLERK)
    town.fund(700, area=STREET)
    town.bench.fire(ISSUED)
    shops = [(town.statement(barber), BARBER), (town.statement(cinema), CLERK)]
    for row, operator in shops:
        town.as_partner(operator, row["area"])
        town.move("confirm_statement", row)
    assert town.statement(cinema)["state"] == "HELD"
    ask_refund(town, one)
    town.as_cadre()
    step(town, "approve_refund", one)
    assert town.statement(cinema)["state"] == "CONFIRMED"


def test_a_budget_is_changed_by_who_has_seen_it(town, barber):
    """K14: the last of two callers won, and nobody was told."""
    first = town.fund(700)
    body = {"area": COMMUNITY, "period": "2025-03", "budget_fen": 900}
    town.as_street()
    with pytest.raises(PreconditionRequired):
        town.bench.do("set_fund", body)
    town.bench.do("set_fund", body, version=first["version"])
    with pytest.raises(VersionConflict):
        town.bench.do("set_fund", body | {"budget_fen": 800}, version=first["version"])
    with pytest.raises(Invalid) as refused:
        town.bench.do("set_fund", body | {"budget_fen": 10**18}, version=2)
    assert str(10**12) in str(refused.value.params)
