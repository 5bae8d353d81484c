"""What an operator reads: what waits for the partner, and how it ended."""

import pytest

from fivered.chassis.messages import SELF
from fivered.chassis.refusal import NotFound
from fivered.services.partner.tests.conftest import ANA, BARBER, BEN, CADRE, CLERK, COMMUNITY


def told(town, person=BARBER, **asked):
    """Return (code, text) of what a person reads, oldest first."""
    items = town.as_partner(person).ask("partner_messages", asked)["items"]
    return [(one["code"], one["text"]) for one in reversed(items)]


def codes(town, person=BARBER, **asked):
    return [code for code, _text in told(town, person, **asked)]


def refund(town, step, redemption_id, **body):
    version = town.bench.rows(
        "SELECT version FROM redemptions WHERE redemption_id = :id", id=redemption_id
    )[0]["version"]
    return town.bench.do(step, {"redemption_id": redemption_id} | body, version=version)


ADMITTED = ["PARTNER_VETTED", "PARTNER_ACTIVE"]


def test_an_operator_reads_what_waits_at_the_desk_and_how_it_ended(town, haircut):
    """P21: a partner was told nothing; who did not look at the desk let the voucher expire."""
    first, second = town.reserve(haircut), town.reserve(haircut)
    town.cancel(first)
    town.answer("points_released", first)
    town.bench.fire("2025-03-06T09:00:00")
    items = town.as_partner().ask("partner_messages", {"limit": 4})["items"]
    assert [(one["code"], one["ref"]) for one in items] == [
        ("REDEMPTION_EXPIRED", second),
        ("REDEMPTION_CANCELLED", first),
        ("VOUCHER_WAITS", second),
        ("VOUCHER_WAITS", first),
    ]
    # The inbox of all services has the same.
    inbox = town.bench.as_(SELF, person=BARBER, scope="").ask("_messages", {"limit": 4})["items"]
    assert [(one["id"], one["text_zh"]) for one in inbox] == [
        (one["id"], one["text"]) for one in items
    ]
    assert town.bench.as_(SELF, person=BEN, scope="").ask("_messages")["items"] == []
    number = town.card(second)["number"]
    assert items[2]["text"] == f"兑换单 {number}“理发一次”×1 待核销,有效至 2025-03-06 09:00"
    assert codes(town)[:3] == [*ADMITTED, "OFFER_APPROVED"]
    # Nothing says who the holder is.
    assert ANA not in str(items)


def test_who_reads_english_is_told_in_english(town, haircut):
    town.reserve(haircut)
    newest = town.as_partner().ask("partner_messages", lang="en")["items"][0]
    assert newest["text"].endswith(
        "waits to be verified; its voucher is good until 2025-03-06 09:00"
    )


def test_a_hold_that_is_refused_or_never_answered_is_no_matter_of_the_desk(town, haircut):
    town.answer("hold_rejected", town.request(haircut), reason="BALANCE")
    town.request(haircut)
    town.bench.fire("2025-03-03T09:10:00")
    assert codes(town) == [*ADMITTED, "OFFER_APPROVED"]


def test_a_free_discount_waits_as_well(town, barber):
    free = town.offer(
        barber, kind="DISCOUNT", points_price=0, settle_fen_per_point=0, title="理发八折"
    )
    town.request(free)
    assert codes(town)[-1] == "VOUCHER_WAITS"


@pytest.mark.parametrize("decided", ["approve", "deny"])
def test_a_refund_is_told_when_it_is_asked_for_and_when_it_is_decided(town, haircut, decided):
    redemption = town.redeem(haircut)
    town.as_resident()
    refund(town, "ask_refund", redemption, reason="理发中途停电,未完成")
    town.as_cadre()
    refund(town, f"{decided}_refund", redemption, reasons="现场核实服务已完成")
    (ask, decision) = told(town)[-2:]
    assert ask[0] == "REFUND_ASKED" and "理发中途停电" in ask[1] and "2025-03-11 00:00" in ask[1]
    code, part = {
        "approve": ("REFUND_APPROVED", "60 分从应结积分中扣回"),
        "deny": ("REFUND_DENIED", "现场核实服务已完成"),
    }[decided]
    assert decision[0] == code and part in decision[1]


def test_an_offer_that_comes_back_says_why(town, barber):
    doors = town.as_partner()
    made = doors.do("draft_offer", town.draft(barber))
    refused = {"offer_id": made["id"], "reason": "面值与价目表不符"}
    town.as_cadre().do("refuse_offer", refused, version=made["version"])
    offer = town.offer(barber, title="洗发一次")
    for step in ("approve", "refuse"):
        version = town.bench.rows("SELECT version FROM offers WHERE offer_id = :o", o=offer)[0][
            "version"
        ]
        prices = {"points_price": 70, "face_value_fen": 2800, "settle_fen_per_point": 10}
        made = town.as_partner().do("reprice_offer", {"offer_id": offer} | prices, version=version)
        why = {"reason": "涨幅过大"} if step == "refuse" else {}
        made = town.as_cadre().do(
            f"{step}_offer", {"offer_id": offer} | why, version=made["version"]
        )
    paused = town.as_partner().do("pause_offer", {"offer_id": offer}, version=made["version"])
    assert codes(town)[-1] == "PRICES_REFUSED"  # What it does itself it knows.
    here = {"offer_id": offer}
    made = town.bench.do("publish_offer", here, version=paused["version"])
    made = town.as_cadre().do("pause_offer", here, version=made["version"])
    town.bench.do("end_offer", here, version=made["version"])
    assert told(town)[2:] == [
        ("OFFER_REFUSED", "兑换项目“理发一次”未获批准:面值与价目表不符"),
        ("OFFER_APPROVED", "兑换项目“洗发一次”已批准,可以上架"),
        ("PRICES_APPROVED", "“洗发一次”的新价格已批准,现为 70 分"),
        ("PRICES_REFUSED", "“洗发一次”的新价格未获批准,原价格不变:涨幅过大"),
        ("OFFER_PAUSED", "工作人员已下架“洗发一次”"),
        ("OFFER_ENDED", "工作人员已终止“洗发一次”"),
    ]


def test_a_statement_is_told_from_its_issue_to_its_payment(town, barber, haircut):
    town.redeem(haircut)
    town.bench.fire("2025-04-03T10:00:00")
    issued = town.statement(barber)
    town.as_partner()
    made = town.move("dispute_statement", issued, reason="金额有误")
    town.as_street()
    reviewed = {"outcome": "UPHELD", "reasons": "已核对明细"}
    town.move("review_statement", issued | made, **reviewed)
    town.fund(100_000)
    town.as_street()
    town.move("pay_statement", town.statement(barber), payment_ref="银行回单 0412")
    assert told(town)[-5:] == [
        (
            "STATEMENT_ISSUED",
            "2025-03 结算单已出:60 分,6.00 元。请在 2025-04-12 00:00 前确认或提出异议,逾期视为确认",
        ),
        ("STATEMENT_REVIEWED", "2025-03 结算单的异议已复核,金额为 6.00 元。理由:已核对明细"),
        ("STATEMENT_HELD", "2025-03 结算单待付:基金余额不足 6.00 元"),
        ("STATEMENT_FUNDED", "2025-03 结算单的资金已落实:6.00 元"),
        ("STATEMENT_PAID", "2025-03 结算单已付:6.00 元,60 分已结清"),
    ]


def test_silence_is_told(town, barber, haircut):
    town.fund(100_000)
    town.redeem(haircut)
    town.bench.fire("2025-04-03T10:00:00")
    town.bench.fire("2025-04-15T09:00:00")
    assert codes(town)[-2:] == ["STATEMENT_ISSUED", "STATEMENT_SILENCE"]


def test_what_is_decided_about_the_partner_itself_is_told(town, barber, haircut):
    town.reserve(haircut)

    def decide(step, **body):
        version = town.bench.rows("SELECT version FROM partners")[0]["version"]
        town.as_cadre().do(step, {"partner_id": barber} | body, version=version)

    decide("suspend_partner", vouchers="HONOUR", reason="门店装修")
    decide("resume_partner")
    decide("suspend_partner", vouchers="CANCEL", reason="证照过期")
    decide("set_operators", operators=[BARBER, CLERK])
    decide("exit_partner", vouchers="CANCEL", reason="停业")
    assert told(town)[-5:] == [
        ("PARTNER_SUSPENDED", "“巧云理发店”已暂停,已发出的兑换券仍须兑现:门店装修"),
        ("PARTNER_RESUMED", "“巧云理发店”已恢复,原有项目请重新上架"),
        (
            "PARTNER_SUSPENDED_VOUCHERS_CANCELLED",
            "“巧云理发店”已暂停,已发出的兑换券均已取消:证照过期",
        ),
        ("OPERATORS_CHANGED", "“巧云理发店”的经办人已更换"),
        ("PARTNER_EXITED", "“巧云理发店”已退出,未结的结算单照常支付:停业"),
    ]


def test_an_application_that_is_refused_says_why(town):
    made = town.as_cadre().do("register_partner", town.application())
    body = {"partner_id": made["id"], "reason": "营业执照已过期"}
    town.bench.do("refuse_partner", body, version=made["version"])
    town.bench.as_("R_MERCHANT", person=BARBER, scope=COMMUNITY)
    (one,) = town.bench.ask("partner_messages")["items"]
    assert one["code"] == "PARTNER_REFUSED"
    assert one["text"] == "“巧云理发店”的申请不予受理,可重新申请:营业执照已过期"


def test_only_who_acts_for_a_partner_now_reads_what_it_was_told(town, barber, haircut):
    cinema = town.cinema()
    assert {
        one["partner_id"] for one in town.as_partner(CLERK).ask("partner_messages")["items"]
    } == {cinema}
    with pytest.raises(NotFound):
        town.as_partner(CLERK).ask("partner_messages", {"partner_id": barber})
    with pytest.raises(NotFound):
        town.as_partner().ask("partner_messages", {"partner_id": "ptn_none"})
    for stranger in (BEN, CADRE):
        assert codes(town, stranger) == []
    version = town.bench.rows("SELECT version FROM partners WHERE partner_id = :p", p=barber)[0][
        "version"
    ]
    change = {"partner_id": barber, "operators": [CLERK]}
    town.as_cadre().do("set_operators", change, version=version)
    # Who came later reads what waits; who has left reads nothing more of it.
    assert codes(town, CLERK, partner_id=barber)[:2] == ADMITTED
    assert codes(town) == []
    page = town.as_partner(CLERK).ask("partner_messages", {"partner_id": barber, "limit": 2})
    further = {"partner_id": barber, "limit": 2, "cursor": page["next"]}
    items = page["items"] + town.bench.ask("partner_messages", further)["items"]
    assert [one["code"] for one in items] == [
        "OPERATORS_CHANGED",
        "OFFER_APPROVED",
        *ADMITTED[::-1],
    ]


def test_a_refund_of_a_partner_that_has_left_says_who_bears_it(town, barber, haircut):
    town.bench.at("2025-03-31T09:00")
    one = town.redeem(haircut)
    town.fund(10_000)
    town.bench.fire("2025-04-03T10:00")
    row = town.statement(barber)
    town.as_partner()
    row |= town.move("confirm_statement", row)
    town.as_street()
    town.move("pay_statement", row)
    town.as_resident()
    refund(town, "ask_refund", one, reason="理发中途停电")
    version = town.bench.rows("SELECT version FROM partners")[0]["version"]
    leave = {"partner_id": barber, "vouchers": "HONOUR", "reason": "停业"}
    town.as_partner().do("exit_partner", leave, version=version)
    town.as_cadre()
    refund(town, "approve_refund", one)
    code, text = told(town)[-1]
    assert (code, text.endswith("60 分由区承担")) == ("REFUND_BORNE", True)
