"""What operators are told leaves for their phones: codes, numbers and days, and no written words."""

from fivered.services.partner.tests.conftest import BARBER


def test_what_a_partner_is_told_leaves_for_who_acts_for_it_now(town, haircut):
    town.bench.fire(town.bench.now)
    seen = len(town.bench.published("messages_told.v1"))
    redemption = town.reserve(haircut)
    number = town.card(redemption)["number"]
    town.bench.fire(town.bench.now)
    (event,) = town.bench.published("messages_told.v1")[seen:]
    (message,) = event["data"]["messages"]
    assert (message["to"], message["kind"], message["group"]) == (
        [BARBER], "VOUCHER_WAITS", "POINTS",
    )  # fmt: skip
    assert message["text_zh"] == (
        f"兑换单 {number}“…”×1 待核销,有效至 2025-03-06 09:00。详情见站内消息"
    )
    assert message["text_en"].endswith("until 2025-03-06 09:00; the inbox has the whole")
    # Said once.
    town.bench.fire(town.bench.now)
    assert len(town.bench.published("messages_told.v1")) == seen + 1
