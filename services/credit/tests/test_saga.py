"""The saga's side of credit: E7 with its exact postings, and what duplicates and disorder do."""

import uuid

import pytest
import sqlalchemy as sa

from fivered.chassis.i18n import english, named
from fivered.chassis.refusal import (
    IdempotencyMismatch,
    Invalid,
    NotFound,
    RoleDenied,
    StateConflict,
)
from fivered.services.credit import errors
from fivered.services.credit.errors import SameAsProposer
from fivered.services.credit.tests import stage

pytestmark = pytest.mark.slow

C = "RES:per_c"


@pytest.fixture
def wallet(bench):
    """Resident C has lots of 40 (2024-11) and 100 (2025-02)."""
    bench.at("2025-03-03T09:00")
    stage.wallet_of(bench, C)
    stage.give(bench, C, "2024-11", 40, str(uuid.uuid4()))
    stage.give(bench, C, "2025-02", 100, str(uuid.uuid4()))
    return bench


def say(bench, what, redemption_id, at, **more):
    bench.at(at)
    return bench.deliver([stage.redemption(bench, what, redemption_id, at, **more)])


def answers(bench):
    facts = (
        "points_held.v1",
        "hold_rejected.v1",
        "points_captured.v1",
        "points_released.v1",
        "points_refunded.v1",
    )
    return [
        (event["type"].split(".")[1], event["data"]["redemption_id"])
        for event in bench.published()
        if event["type"].partition(".")[2] in facts
    ]


@pytest.mark.covers("E7", "F4-flow", "F5-flow", "R3", "C14")
def test_the_worked_example_of_a_redemption_has_its_eleven_postings(wallet):
    bench = wallet
    lots = bench.rows("SELECT period, expires_at FROM lots ORDER BY period")
    assert [lot["period"] for lot in lots] == ["2024-11", "2025-02"]
    seen = [(*stage.balances(bench), stage.receivable(bench))]

    say(bench, "requested", "rdm_1", "2025-03-05T10:00", points=60)
    assert bench.rows('SELECT period, "left" AS n FROM lots ORDER BY period') == [
        {"period": "2024-11", "n": 0},
        {"period": "2025-02", "n": 80},
    ]
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    captured = stage.redemption(bench, "redeemed", "rdm_1", "2025-03-06T10:00", points=60)
    bench.at("2025-03-06T10:00").deliver([captured])
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    say(bench, "requested", "rdm_2", "2025-03-07T10:00", points=80, partner_id="ptn_cinema")
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    say(bench, "cancelled", "rdm_2", "2025-03-08T10:00", points=80, partner_id="ptn_cinema")
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    say(bench, "requested", "rdm_3", "2025-03-10T10:00", points=90, partner_id="ptn_market")
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    say(bench, "requested", "rdm_4", "2025-03-12T09:00", points=50, partner_id="ptn_books")
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    say(bench, "expired", "rdm_4", "2025-03-15T09:00", points=50, partner_id="ptn_books")
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    assert bench.deliver([captured]) == 0
    seen.append((*stage.balances(bench), stage.receivable(bench)))
    bench.at("2025-04-08T10:00").consume(
        "partner",
        "partner_settled.v1",
        {
            "statement_id": "stm_1",
            "partner_id": "ptn_h",
            "period": "2025-03",
            "points": 60,
            "amount_fen": 600,
        },
        subject="stm_1",
    )
    seen.append((*stage.balances(bench), stage.receivable(bench)))

    assert seen == [
        (140, 0, 0),
        (80, 60, 0),
        (80, 0, 60),
        (0, 80, 60),
        (80, 0, 60),
        (80, 0, 60),
        (30, 50, 60),
        (80, 0, 60),
        (80, 0, 60),
        (80, 0, 0),
    ]
    kinds = [row["kind"] for row in bench.rows("SELECT kind FROM postings ORDER BY posting_id")]
    assert sorted(kinds) == sorted(
        [
            "AWARD",
            "RELEASE",
            "AWARD",
            "RELEASE",
            "HOLD",
            "CAPTURE",
            "HOLD",
            "RELEASE_HOLD",
            "HOLD",
            "RELEASE_HOLD",
            "SETTLE",
        ]
    )
    found = stage.trial_balance(bench)
    assert found["postings"] == 11
    assert found["accounts"]["SYS:SETTLED"] == 60
    assert found["accounts"]["SYS:ISSUANCE"] == -140
    assert found["sum"] == 0
    assert answers(bench) == [
        ("points_held", "rdm_1"),
        ("points_captured", "rdm_1"),
        ("points_held", "rdm_2"),
        ("points_released", "rdm_2"),
        ("hold_rejected", "rdm_3"),
        ("points_held", "rdm_4"),
        ("points_released", "rdm_4"),
    ]
    rejected = bench.published("hold_rejected.v1")[0]["data"]
    assert rejected["reason"] == "INSUFFICIENT_POINTS"


@pytest.mark.covers("F5-flow")
def test_a_release_that_comes_before_its_hold_leaves_a_tombstone_that_refuses_it(wallet):
    bench = wallet
    say(bench, "cancelled", "rdm_9", "2025-03-05T10:00")
    say(bench, "requested", "rdm_9", "2025-03-05T10:01")
    assert stage.balances(bench) == (140, 0)
    assert answers(bench) == [("points_released", "rdm_9"), ("hold_rejected", "rdm_9")]
    assert bench.published("hold_rejected.v1")[0]["data"]["reason"] == "TOMBSTONE"


@pytest.mark.covers("R6")
def test_a_question_asked_again_gets_the_same_answer_and_no_second_posting(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    say(bench, "requested", "rdm_1", "2025-03-05T10:05")
    assert stage.balances(bench) == (80, 60)
    say(bench, "cancelled", "rdm_1", "2025-03-05T11:00")
    say(bench, "cancelled", "rdm_1", "2025-03-05T11:01")
    assert stage.balances(bench) == (140, 0)
    assert [name for name, _ in answers(bench)] == ["points_held"] * 2 + ["points_released"] * 2


@pytest.mark.covers("R3", "R6", "N12")
@pytest.mark.parametrize("fact", ["redeemed", "refunded"])
def test_the_same_message_again_is_answered_as_before_and_another_one_is_refused(wallet, fact):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    if fact == "refunded":
        say(bench, "redeemed", "rdm_1", "2025-03-05T10:30")
    event = stage.redemption(bench, fact, "rdm_1", "2025-03-05T11:00")
    bench.at("2025-03-05T11:00").deliver([event, event])
    assert bench.deliver([event]) == 0
    before = stage.trial_balance(bench)
    told = {"redeemed": "points_captured", "refunded": "points_refunded"}[fact]
    assert [name for name, _ in answers(bench)].count(told) == 1

    # Long after, when the inbox has forgotten it: the hold itself knows the message.
    with bench.transaction() as tx:
        tx.conn.execute(sa.text("DELETE FROM inbox"))
    assert bench.deliver([event]) == 1
    assert answers(bench)[-1] == (told, "rdm_1")
    say(bench, fact, "rdm_1", "2025-03-05T11:05")
    refused = bench.published("hold_rejected.v1")[-1]["data"]
    assert (refused["reason"], refused["field"]) == (
        {"redeemed": "CAPTURED_TWICE", "refunded": "REFUNDED_TWICE"}[fact],
        "redemption_id",
    )
    now = stage.trial_balance(bench)
    assert (now["accounts"], now["postings"]) == (before["accounts"], before["postings"])


@pytest.mark.covers("R6")
def test_a_capture_after_a_release_changes_nothing_and_is_refused(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    say(bench, "expired", "rdm_1", "2025-03-08T10:00")
    say(bench, "redeemed", "rdm_1", "2025-03-08T10:00")
    assert stage.balances(bench) == (140, 0)
    assert stage.receivable(bench) == 0
    assert answers(bench)[-1] == ("hold_rejected", "rdm_1")
    assert bench.published("hold_rejected.v1")[-1]["data"]["reason"] == "ALREADY_RELEASED"


@pytest.mark.covers("R4", "R6")
def test_each_wrong_step_of_a_redemption_has_a_refusal_of_its_own(wallet):
    bench = wallet
    reasons = []

    def refused(*said, **more):
        before = (stage.balances(bench), stage.receivable(bench), stage.trial_balance(bench))
        say(bench, *said, **more)
        after = (stage.balances(bench), stage.receivable(bench), stage.trial_balance(bench))
        assert after[0:2] == before[0:2]
        assert after[2]["accounts"] == before[2]["accounts"]
        told = bench.published("hold_rejected.v1")[-1]["data"]
        reasons.append((told["reason"], told["field"]))

    refused("requested", "rdm_over", "2025-03-05T09:00", points=141)
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    refused("requested", "rdm_1", "2025-03-05T10:01", points=61)
    refused("redeemed", "rdm_1", "2025-03-05T10:02", points=1)
    refused("redeemed", "rdm_1", "2025-03-05T10:03", partner_id="ptn_other")
    refused("cancelled", "rdm_1", "2025-03-05T10:04", wallet="RES:per_x")
    say(bench, "redeemed", "rdm_1", "2025-03-05T10:05")
    refused("redeemed", "rdm_1", "2025-03-05T10:06")
    refused("redeemed", "rdm_1", "2025-03-05T10:07", points=120)
    refused("expired", "rdm_1", "2025-03-05T10:08")
    say(bench, "refunded", "rdm_1", "2025-03-05T11:00")
    refused("redeemed", "rdm_1", "2025-03-05T11:01")
    refused("cancelled", "rdm_1", "2025-03-05T11:02")
    refused("refunded", "rdm_1", "2025-03-05T11:03")
    say(bench, "requested", "rdm_2", "2025-03-06T10:00", points=10)
    refused("refunded", "rdm_2", "2025-03-06T10:01", points=10)
    say(bench, "expired", "rdm_2", "2025-03-07T10:00", points=10)
    refused("redeemed", "rdm_2", "2025-03-07T10:01", points=10)
    refused("refunded", "rdm_2", "2025-03-07T10:02", points=10)
    refused("redeemed", "rdm_never", "2025-03-07T10:03", points=10)
    refused("requested", "rdm_other", "2025-03-07T10:04", points=10, holder="per_x")
    assert reasons == [
        ("INSUFFICIENT_POINTS", "points"),
        ("HOLD_DIFFERS", "points"),
        ("HOLD_DIFFERS", "points"),
        ("HOLD_DIFFERS", "partner_id"),
        ("HOLD_DIFFERS", "wallet"),
        ("CAPTURED_TWICE", "redemption_id"),
        ("HOLD_DIFFERS", "points"),
        ("ALREADY_CAPTURED", "redemption_id"),
        ("ALREADY_REFUNDED", "redemption_id"),
        ("ALREADY_REFUNDED", "redemption_id"),
        ("REFUNDED_TWICE", "redemption_id"),
        ("NOT_CAPTURED", "redemption_id"),
        ("ALREADY_RELEASED", "redemption_id"),
        ("ALREADY_RELEASED", "redemption_id"),
        ("TOMBSTONE", "redemption_id"),
        ("NOT_SPENDABLE", "wallet"),
    ]
    known = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type)}
    for reason, _ in reasons:
        assert english("fivered.services.credit", known[reason].text) != known[reason].text
        assert named(reason) != reason != named(reason, "en")


@pytest.mark.covers("R6")
def test_a_key_used_again_for_another_body_is_refused(bench):
    bench.as_("R_DISTRICT", person="per_d")
    key = str(uuid.uuid4())
    order = {"points": 50, "basis": "济任财预〔2025〕1号"}
    first = bench.do("grant_budget", order, key=key)
    assert bench.do("grant_budget", order, key=key) == first
    with pytest.raises(IdempotencyMismatch):
        bench.do("grant_budget", order | {"points": 51}, key=key)
    # Nothing is granted by one person alone.
    assert stage.trial_balance(bench)["budget"]["left"] == 0


def test_a_refund_gives_the_points_back_to_their_lots(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    say(bench, "redeemed", "rdm_1", "2025-03-06T10:00")
    say(bench, "refunded", "rdm_1", "2025-03-07T10:00")
    assert stage.balances(bench) == (140, 0)
    assert stage.receivable(bench) == 0
    stage.trial_balance(bench)


def test_points_given_back_near_their_end_live_thirty_days_more(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-12-20T10:00", points=50)
    say(bench, "cancelled", "rdm_1", "2025-12-30T10:00", points=50)
    rows = bench.rows(
        'SELECT "left" AS n, expires_at FROM lots WHERE "left" > 0 ORDER BY expires_at'
    )
    assert [row["n"] for row in rows] == [40, 100]
    assert str(rows[0]["expires_at"]).startswith("2026-01-29")
    assert stage.balances(bench) == (140, 0)
    stage.trial_balance(bench)


def test_expired_lots_are_swept_daily_and_held_points_do_not_expire(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-12-31T10:00", points=30)
    bench.fire("2026-01-01T12:00")
    assert stage.balances(bench) == (100, 30)
    found = stage.trial_balance(bench)
    assert found["accounts"]["SYS:EXPIRED"] == 10
    say(bench, "requested", "rdm_2", "2026-01-02T10:00", points=101)
    assert bench.published("hold_rejected.v1")[-1]["data"]["redemption_id"] == "rdm_2"


def test_a_lot_whose_time_is_over_is_not_spent_even_before_the_sweep(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2026-01-01T00:10", points=120)
    assert bench.published("hold_rejected.v1")[-1]["data"]["reason"] == "INSUFFICIENT_POINTS"


@pytest.mark.covers("F13-flow")
def test_a_policeman_has_points_of_honour_only(bench):
    stage.steward(bench, "stw_p", "per_p", duty="POLICE", spendable=False)
    stage.give(bench, "STW:stw_p", "2025-02", 100, str(uuid.uuid4()))
    say(
        bench,
        "requested",
        "rdm_1",
        "2025-03-05T10:00",
        points=50,
        wallet="STW:stw_p",
        holder="per_p",
    )
    assert bench.published("hold_rejected.v1")[0]["data"]["reason"] == "NOT_SPENDABLE"


@pytest.mark.covers("F13-flow")
def test_a_steward_spends_his_own_wallet_and_nobody_else_does(bench):
    stage.steward(bench, "stw_1", "per_1")
    stage.give(bench, "STW:stw_1", "2025-02", 100, str(uuid.uuid4()))
    for redemption_id, holder in (("rdm_1", "per_2"), ("rdm_2", "per_1")):
        say(
            bench,
            "requested",
            redemption_id,
            "2025-03-05T10:00",
            points=50,
            wallet="STW:stw_1",
            holder=holder,
        )
    assert answers(bench) == [("hold_rejected", "rdm_1"), ("points_held", "rdm_2")]
    assert stage.balances(bench, "STW:stw_1") == (50, 50)


@pytest.mark.covers("REQ-L10")
def test_a_grant_begins_the_budget_and_short_funds_leave_points_pending(wallet):
    bench = wallet
    bench.at("2025-03-10T09:00")
    assert stage.grant(bench, 50, "济任财预〔2025〕1号")["budget"] == 50
    done = stage.give(bench, C, "2025-03", 60, str(uuid.uuid4()))
    assert (done.points, done.unfunded) == ({}, 60)
    assert stage.balances(bench) == (140, 0)
    done = stage.give(bench, C, "2025-04", 30, str(uuid.uuid4()))
    assert done.points == {C: 30}
    found = stage.trial_balance(bench)
    assert found["budget"]["left"] == 20
    assert found["accounts"]["PENDING"] == 60


def test_a_statement_burns_points_once(wallet):
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    say(bench, "redeemed", "rdm_1", "2025-03-06T10:00")
    data = {
        "statement_id": "stm_1",
        "partner_id": "ptn_h",
        "period": "2025-03",
        "points": 60,
        "amount_fen": 600,
    }
    for _ in range(2):
        bench.consume("partner", "partner_settled.v1", data, subject="stm_1")
    assert stage.receivable(bench) == 0
    assert stage.trial_balance(bench)["accounts"]["SYS:SETTLED"] == 60


def test_a_refund_that_the_district_bears_takes_nothing_from_the_partner(wallet):
    """K20: a shop that had left had nothing open, and a just refund could only be denied."""
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    say(bench, "redeemed", "rdm_1", "2025-03-06T10:00")
    data = {"statement_id": "stm_1", "partner_id": "ptn_h", "period": "2025-03", "points": 60}
    bench.consume("partner", "partner_settled.v1", data, subject="stm_1")
    for _ in range(2):
        say(bench, "refunded", "rdm_1", "2025-03-09T10:00", borne_by="DISTRICT")
    assert stage.receivable(bench) == 0
    assert stage.trial_balance(bench)["accounts"].get("SYS:SETTLED", 0) == 0
    left = bench.rows("SELECT available FROM wallets WHERE subject_id = :s", s=C)
    assert left == [{"available": 140}]


def test_a_refund_that_is_denied_is_told(wallet):
    """K13: there is one more try, and the buyer learnt of it only on opening the redemption."""
    bench = wallet
    say(bench, "requested", "rdm_1", "2025-03-05T10:00")
    say(bench, "redeemed", "rdm_1", "2025-03-06T10:00")
    told = {"redemption_id": "rdm_1", "number": "DH-20250305-015901-00001"}
    bench.consume("partner", "refund_denied.v1", told, subject="rdm_1")
    unknown = told | {"redemption_id": "rdm_free"}
    bench.consume("partner", "refund_denied.v1", unknown, subject="rdm_free")
    (one,) = bench.as_("R_RESIDENT", person="per_c", scope=stage.GRID).ask("messages")["items"]
    assert (one["code"], one["ref"]) == ("REFUND_DENIED", "rdm_1")
    assert "DH-20250305-015901-00001" in one["text"]
    assert "60" in one["text"]


def test_a_budget_is_granted_by_two_people_of_the_whole_district(bench):
    """SEC-M4: one person of the district granted any number of points, also for a community."""
    order = {"points": 50, "basis": "济任财预〔2025〕1号"}
    bench.as_("R_DISTRICT", person="per_d", scope=stage.COMMUNITY)
    with pytest.raises(RoleDenied):
        bench.do("grant_budget", order)
    made = bench.as_("R_DISTRICT", person="per_d").do("grant_budget", order)
    assert made["state"] == "PROPOSED"
    with pytest.raises(SameAsProposer):
        bench.do("approve_budget", {"grant_id": made["id"]}, version=1)
    bench.as_("R_DISTRICT", person="per_d2", scope=stage.COMMUNITY)
    with pytest.raises(RoleDenied):
        bench.do("approve_budget", {"grant_id": made["id"]}, version=1)
    bench.as_("R_DISTRICT", person="per_far", scope="370812")
    with pytest.raises(NotFound):
        bench.do("approve_budget", {"grant_id": made["id"]}, version=1)
    bench.as_("R_DISTRICT_LEAD", person="per_lead")
    assert [item["id"] for item in bench.ask("budget_grants", {"state": "PROPOSED"})["items"]] == [
        made["id"]
    ]
    done = bench.do("approve_budget", {"grant_id": made["id"]}, version=1)
    assert (done["state"], done["budget"]) == ("GRANTED", 50)
    with pytest.raises(StateConflict):
        bench.do("approve_budget", {"grant_id": made["id"]}, version=2)
    other = bench.as_("R_DISTRICT", person="per_d").do("grant_budget", order)
    bench.as_("R_DISTRICT_LEAD", person="per_lead")
    with pytest.raises(Invalid):
        bench.do("reject_budget", {"grant_id": other["id"], "reason": " "}, version=1)
    reason = {"grant_id": other["id"], "reason": "重复提出,依据同一文件"}
    assert bench.do("reject_budget", reason, version=1)["state"] == "REJECTED"
    assert stage.trial_balance(bench)["budget"]["left"] == 50


@pytest.mark.parametrize("points", [0, -1, 10**8 + 1, 10**12 + 1])
def test_a_grant_that_no_district_could_pay_is_refused(bench, points):
    bench.as_("R_DISTRICT", person="per_district", scope="370811")
    with pytest.raises(Invalid) as refused:
        bench.do("grant_budget", {"points": points, "basis": "测试拨付"})
    assert refused.value.field == "points"


def test_who_is_not_known_is_refused_as_such_and_holds_nothing_until_he_is(bench):
    """The buyer was told that the points do not suffice."""
    bench.at("2025-03-05T10:00")
    say(bench, "requested", "rdm_1", "2025-03-05T10:00", wallet="RES:per_new", holder="per_new")
    (refused,) = [one["data"] for one in bench.published("hold_rejected.v1")]
    assert (refused["reason"], refused["field"]) == ("NO_WALLET", "wallet")
    assert named("NO_WALLET") != "NO_WALLET" != named("NO_WALLET", "en")
    assert bench.rows("SELECT state FROM holds") == [{"state": "REFUSED"}]
    stage.register(bench, "per_new")
    stage.consent(bench, "per_new")
    stage.give(bench, "RES:per_new", "2025-02", 100, str(uuid.uuid4()))
    say(bench, "requested", "rdm_2", "2025-03-05T11:00", wallet="RES:per_new", holder="per_new")
    assert bench.published("points_held.v1")[-1]["data"]["redemption_id"] == "rdm_2"
    stage.trial_balance(bench)


def test_whose_points_came_back_without_his_doing_is_told(wallet):
    """Nobody heard that a voucher had run out, that the shop cancelled, or of a refund."""
    bench = wallet
    for number, (end, by) in enumerate(
        (("expired", "SYSTEM"), ("cancelled", "PARTNER"), ("cancelled", "HOLDER"))
    ):
        say(bench, "requested", f"rdm_{number}", "2025-03-05T10:00", points=10)
        reason = {"expired": "EXPIRED", "cancelled": "OUT_OF_STOCK"}[end]
        say(bench, end, f"rdm_{number}", "2025-03-06T10:00", points=10, by=by, reason=reason)
    say(bench, "requested", "rdm_9", "2025-03-07T10:00", points=20)
    say(bench, "redeemed", "rdm_9", "2025-03-07T11:00", points=20)
    say(bench, "refunded", "rdm_9", "2025-03-08T10:00", points=20)
    items = bench.as_("R_RESIDENT", person="per_c", scope=stage.GRID).ask("messages")["items"]
    assert {(one["code"], one["ref"]) for one in items} == {
        ("REDEMPTION_ENDED", "rdm_0"),
        ("REDEMPTION_ENDED", "rdm_1"),
        ("REDEMPTION_REFUNDED", "rdm_9"),
    }
    texts = {one["ref"]: one["text"] for one in items}
    assert "已过期" in texts["rdm_0"]
    assert "缺货" in texts["rdm_1"]
    assert "20" in texts["rdm_9"]


@pytest.fixture
def household(bench):
    """Three live together; the head consented for all of them."""
    bench.at("2025-03-03T09:00")
    for person, adult in (("per_head", True), ("per_wife", True), ("per_kid", False)):
        stage.register(bench, person, adult=adult, household="hh_1")
    stage.register(bench, "per_other", household="hh_2")
    stage.register(bench, "per_alone")
    stage.consent(bench, "per_head", household_id="hh_1")
    stage.give(bench, "HH:hh_1", "2025-02", 100, str(uuid.uuid4()))
    return bench


def test_an_adult_of_a_household_spends_its_points_and_nobody_else_does(household):
    """CR-D7, FP-D10: seven rules give points to households, and no wallet could be spent."""
    bench = household
    for number, who in enumerate(("per_kid", "per_alone", "per_unknown")):
        say(bench, "requested", f"rdm_x{number}", "2025-03-05T10:00", wallet="HH", holder=who)
    say(bench, "requested", "rdm_y", "2025-03-05T10:00", wallet="HH:hh_1", holder="per_other")
    refused = [event["data"] for event in bench.published("hold_rejected.v1")]
    assert {(one["reason"], one["field"]) for one in refused} == {("NOT_A_MEMBER", "wallet")}
    assert len(refused) == 4
    say(bench, "requested", "rdm_z", "2025-03-05T11:00", wallet="HH", holder="per_other")
    assert bench.published("hold_rejected.v1")[-1]["data"]["reason"] == "INSUFFICIENT_POINTS"

    say(bench, "requested", "rdm_1", "2025-03-05T12:00", wallet="HH", holder="per_wife")
    assert stage.balances(bench, "HH:hh_1") == (40, 60)
    # Asked for again, and moved out meanwhile: the hold stays the one that it is.
    say(bench, "requested", "rdm_1", "2025-03-05T12:01", wallet="HH", holder="per_wife")
    bench.consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": "per_wife",
            "community": stage.COMMUNITY,
            "to_grid": stage.GRID,
            "household_id": "hh_2",
        },
        subject="per_wife",
        scope=stage.GRID,
        sequence=5,
    )
    say(bench, "redeemed", "rdm_1", "2025-03-06T10:00", wallet="HH")
    say(bench, "refunded", "rdm_1", "2025-03-07T10:00", wallet="HH")
    assert stage.balances(bench, "HH:hh_1") == (100, 0)
    say(bench, "requested", "rdm_2", "2025-03-08T10:00", wallet="HH", holder="per_wife")
    assert stage.balances(bench, "HH:hh_1") == (100, 0)
    # That it is taken back before it was asked for leaves a tombstone, as for every wallet.
    say(bench, "cancelled", "rdm_3", "2025-03-08T11:00", wallet="HH")
    say(bench, "requested", "rdm_3", "2025-03-08T12:00", wallet="HH", holder="per_head")
    assert bench.published("hold_rejected.v1")[-1]["data"]["reason"] == "TOMBSTONE"
    assert answers(bench)[-6:] == [
        ("points_held", "rdm_1"),
        ("points_captured", "rdm_1"),
        ("points_refunded", "rdm_1"),
        ("hold_rejected", "rdm_2"),
        ("points_released", "rdm_3"),
        ("hold_rejected", "rdm_3"),
    ]
    stage.trial_balance(bench)


def test_a_stranger_under_an_empty_household_s_name_spends_nothing(household):
    """K10: the wallet stayed open when the last adult had left."""
    bench = household.at("2025-03-05T09:00")
    for person in ("per_head", "per_wife"):
        bench.consume(
            "steward",
            "resident_corrected.v1",
            {"person_id": person, "is_adult": True, "household_id": None},
            subject=person,
            sequence=5,
        )
    bench.at("2025-03-06T09:00")
    stage.register(bench, "per_stranger", household="hh_1")
    say(bench, "requested", "rdm_s", "2025-03-06T10:00", wallet="HH", holder="per_stranger")
    assert bench.published("hold_rejected.v1")[-1]["data"]["reason"] == "CONSENT_WITHDRAWN"
    assert stage.balances(bench, "HH:hh_1") == (100, 0)
    # Who had lived there comes back, and it is that person's household again.
    bench.at("2025-03-07T09:00")
    bench.consume(
        "steward",
        "resident_corrected.v1",
        {"person_id": "per_wife", "is_adult": True, "household_id": "hh_1"},
        subject="per_wife",
        sequence=6,
    )
    say(bench, "requested", "rdm_w", "2025-03-07T10:00", wallet="HH", holder="per_wife")
    assert stage.balances(bench, "HH:hh_1") == (40, 60)
