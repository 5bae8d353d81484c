"""What waits for a partner, a community or a street, until it is done."""

from fivered.services.partner.service import Partner
from fivered.services.partner.tests.conftest import (
    ANA,
    BARBER,
    CADRE,
    CLERK,
    COMMUNITY,
    OFFICER,
    STREET,
)
from testkit.waits import Waits

SHOP = (BARBER, "R_PARTNER", COMMUNITY)
OFFICIAL = (CADRE, "R_CADRE", COMMUNITY)
OFFICE = (OFFICER, "R_STREET", STREET)
ELSEWHERE = ("per_far", "R_CADRE", "370811015902")


def _of(who):
    person, *right = who
    return person, tuple(right)


def test_each_kind_waits_for_whom_may_act_and_is_gone_when_it_is_done(town):
    waits, bench = Waits(town.bench), town.bench

    made = town.as_partner().do("register_partner", town.application())
    shop = {"partner_id": made["id"]}
    made = waits.until(
        "PARTNER_TO_VET", made["id"], to=OFFICIAL, not_to=[SHOP, ELSEWHERE],
        act=lambda: town.as_cadre().do("vet_partner", shop, version=made["version"]),
    )  # fmt: skip
    waits.until(
        "PARTNER_TO_AGREE", made["id"], to=OFFICIAL, not_to=[SHOP, ELSEWHERE],
        act=lambda: town.as_cadre().do("agree_partner", shop, version=made["version"]),
    )  # fmt: skip
    offer = town.as_partner().do("draft_offer", town.draft(made["id"]))
    waits.until(
        "OFFER_TO_APPROVE", offer["id"], to=OFFICIAL, not_to=[SHOP, ELSEWHERE],
        act=lambda: town.as_cadre().do(
            "approve_offer", {"offer_id": offer["id"]}, version=offer["version"]
        ),
    )  # fmt: skip
    version = bench.rows("SELECT version FROM offers")[0]["version"]
    other = (CLERK, "R_PARTNER", STREET)
    waits.until(
        "OFFER_TO_PUBLISH", offer["id"], to=SHOP, not_to=[OFFICIAL, other],
        act=lambda: town.as_partner().do(
            "publish_offer", {"offer_id": offer["id"]}, version=version
        ),
    )  # fmt: skip

    # A voucher waits for its holder and for the shop, until it is used, cancelled or over.
    holder, neighbour = ((person, "R_RESIDENT", COMMUNITY) for person in (ANA, CADRE))
    back = town.reserve(offer["id"])
    assert back in waits.things("REDEMPTION_TO_VERIFY", *_of(SHOP))
    waits.until(
        "REDEMPTION_TO_USE", back, to=holder, not_to=[neighbour, SHOP],
        act=lambda: town.cancel(back),
    )  # fmt: skip
    assert waits.things("REDEMPTION_TO_VERIFY", *_of(SHOP)) == {}
    back = town.reserve(offer["id"])
    waits.until(
        "REDEMPTION_TO_VERIFY", back, to=SHOP, not_to=[holder, other, OFFICIAL],
        act=lambda: town.verify(back),
    )  # fmt: skip
    town.answer("points_captured", back)
    assert waits.things("REDEMPTION_TO_USE", *_of(holder)) == {}
    # Whose voucher it is, the list of the desk does not say.
    desk = town.as_partner().ask("redemptions", {"desk": True})["items"]
    assert [("holder" in one, "voucher" in one) for one in desk] == [(False, False)] * 2
    row = town.as_resident().do(
        "ask_refund", {"redemption_id": back, "reason": "店铺未提供服务"},
        version=town.card(back)["version"],
    )  # fmt: skip
    waits.until(
        "REFUND_TO_DECIDE", back, to=OFFICIAL, not_to=[SHOP, ELSEWHERE],
        act=lambda: town.as_cadre().do(
            "deny_refund", {"redemption_id": back, "reasons": "已提供服务,有记录"},
            version=row["version"],
        ),
    )  # fmt: skip

    # A statement is disputed, looked into, confirmed and paid.
    town.fund(1_000_000)
    bench.fire("2025-04-03T10:00")
    row = town.statement(made["id"])
    waits.until(
        "STATEMENT_TO_CONFIRM", row["id"], to=SHOP, not_to=[OFFICIAL, OFFICE],
        act=lambda: town.as_partner()
        and town.move("dispute_statement", row, reason="少计一笔兑换"),
    )  # fmt: skip
    row = town.statement(made["id"])
    row = waits.until(
        "STATEMENT_TO_REVIEW", row["id"], to=OFFICE, not_to=[SHOP, OFFICIAL],
        act=lambda: town.as_street()
        and town.move("review_statement", row, outcome="UPHELD", reasons="核对无误,原额应付"),
    )  # fmt: skip
    row = town.statement(made["id"])
    if row["state"] == "ISSUED":
        town.as_partner()
        town.move("confirm_statement", row)
    row = town.statement(made["id"])
    waits.until(
        "STATEMENT_TO_PAY", row["id"], to=OFFICE, not_to=[SHOP, OFFICIAL],
        act=lambda: town.as_street() and town.move("pay_statement", row),
    )  # fmt: skip
    assert waits.proved == {row.kind for row in Partner.waits}
