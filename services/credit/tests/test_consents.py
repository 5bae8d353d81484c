"""Consent of natural persons: free, of age, for purposes, and withdrawn without a reason."""

import uuid

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.credit.actions import ledger
from fivered.services.credit.errors import (
    ConflictOfInterest,
    DeadlinePassed,
    EvidenceRequired,
    HousemateWithdrew,
    NoticeOutdated,
    NotOfHousehold,
    PersonUnknown,
    PurposeMissing,
    PurposesLeftOut,
    SamePerson,
    UnderAge,
)
from fivered.services.credit.storage import registry
from fivered.services.credit.tests import stage


@pytest.mark.covers("REQ-L06")
def test_a_minor_is_refused(bench):
    stage.register(bench, "per_k", adult=False)
    with pytest.raises(UnderAge):
        stage.consent(bench, "per_k")


@pytest.mark.covers("REQ-L01")
def test_consent_needs_a_known_person_the_present_notice_and_known_purposes(bench):
    with pytest.raises(PersonUnknown):
        stage.consent(bench, "per_a")
    stage.register(bench, "per_a")
    with pytest.raises(NoticeOutdated):
        bench.as_("R_RESIDENT", person="per_a").do(
            "grant_consent", {"notice_version": "2019.1", "purposes": ["SCORING"]}
        )
    with pytest.raises(Invalid):
        stage.consent(bench, "per_a", ("SCORING", "ADVERTISING"))
    with pytest.raises(PurposeMissing):
        stage.consent(bench, "per_a", ("POINTS",))
    assert stage.consent(bench, "per_a")["state"] == "GRANTED"


@pytest.mark.covers("C17")
def test_the_choice_of_publicity_can_be_changed_at_any_time(bench):
    reply = stage.resident(bench, "per_a")
    again = stage.consent(bench, "per_a", ("SCORING", "POINTS", "PUBLIC_LIST"))
    assert (again["id"], again["version"]) == (reply["id"], 2)
    spans = bench.rows("SELECT purpose, until FROM consent_spans ORDER BY purpose")
    assert [(s["purpose"], s["until"]) for s in spans] == [
        ("POINTS", None),
        ("PUBLIC_LIST", None),
        ("SCORING", None),
    ]


@pytest.mark.covers("REQ-L01")
def test_withdrawal_stops_scoring_cancels_what_is_proposed_and_leaves_ninety_days(bench):
    stage.rules(bench)
    reply = stage.resident(bench, "per_a")
    stage.give(bench, "RES:per_a", "2025-02", 100, str(uuid.uuid4()))
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    bench.do(
        "propose_award",
        {
            "subject": "RES:per_a",
            "rule_code": "R-RES-11",
            "occurred_at": "2025-03-03T09:00:00+08:00",
            "evidence": ["TJ-2025-001"],
        },
    )
    with pytest.raises(NotFound):
        bench.as_("R_RESIDENT", person="per_b").do("withdraw_consent", {"consent_id": reply["id"]})
    done = bench.as_("R_RESIDENT", person="per_a").do(
        "withdraw_consent", {"consent_id": reply["id"]}
    )
    assert done["state"] == "WITHDRAWN"
    assert bench.rows("SELECT state, reason FROM awards") == [
        {"state": "REJECTED", "reason": "CONSENT_WITHDRAWN"}
    ]
    with pytest.raises(StateConflict):
        bench.do("withdraw_consent", {"consent_id": reply["id"]})
    ask = {"wallet": "RES:per_a", "points": 10}
    bench.at("2025-03-20T10:00").deliver(
        [stage.redemption(bench, "requested", "rdm_1", "2025-03-20T10:00", **ask)]
    )
    assert len(bench.published("points_held.v1")) == 1
    bench.at("2025-06-01T09:00").deliver(
        [stage.redemption(bench, "requested", "rdm_2", "2025-06-01T09:01", **ask)]
    )
    assert bench.published("hold_rejected.v1")[0]["data"]["reason"] == "CONSENT_WITHDRAWN"
    bench.fire("2025-06-02T01:00")
    assert stage.balances(bench, "RES:per_a") == (0, 10)
    assert stage.trial_balance(bench)["accounts"]["SYS:EXPIRED"] == 90


def test_consent_can_be_given_again_without_waiting(bench):
    reply = stage.resident(bench, "per_a")
    bench.as_("R_RESIDENT", person="per_a").do("withdraw_consent", {"consent_id": reply["id"]})
    again = stage.consent(bench, "per_a")
    assert (again["id"], again["state"]) == (reply["id"], "GRANTED")
    assert bench.ask("me")["subjects"][0]["spendable_until"] is None


@pytest.mark.covers("REQ-L15", "N21")
def test_who_assists_shows_a_paper_form_and_acts_in_his_area(bench):
    stage.register(bench, "per_a")
    body = {
        "person_id": "per_a",
        "notice_version": "2025.1",
        "purposes": ["SCORING"],
        "channel": "DOORSTEP",
    }
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(EvidenceRequired):
        bench.do("grant_consent", body)
    with pytest.raises(RoleDenied) as refused:
        bench.as_("R_CADRE", person="per_cadre", scope="370811016901").do(
            "grant_consent", body | {"evidence_ref": "sha256:abc"}
        )
    # Who serves elsewhere does not learn from a refusal where somebody lives.
    assert stage.GRID not in f"{refused.value} {refused.value.params}"
    with pytest.raises(RoleDenied):
        bench.as_("R_RESIDENT", person="per_b").do(
            "grant_consent", body | {"evidence_ref": "sha256:abc"}
        )
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    assert bench.do("grant_consent", body | {"evidence_ref": "sha256:abc"})["state"] == "GRANTED"


def test_a_household_needs_its_member_and_any_adult_of_it_can_withdraw(bench):
    stage.register(bench, "per_head", household="hh_1")
    stage.register(bench, "per_wife", household="hh_1")
    stage.register(bench, "per_other", household="hh_2")
    with pytest.raises(NotOfHousehold):
        stage.consent(bench, "per_other", household_id="hh_1")
    reply = stage.consent(bench, "per_head", household_id="hh_1")
    assert reply["subject"] == "HH:hh_1"
    with pytest.raises(NotFound):
        bench.as_("R_RESIDENT", person="per_other").do(
            "withdraw_consent", {"consent_id": reply["id"]}
        )
    done = bench.as_("R_RESIDENT", person="per_wife").do(
        "withdraw_consent", {"consent_id": reply["id"]}
    )
    assert done["state"] == "WITHDRAWN"


def test_what_an_adult_took_back_for_the_household_no_other_gives_again(bench):
    """DOMAIN 1.5: no objection from any adult; and all of them are told what one has said."""
    for person in ("per_a", "per_b"):
        stage.register(bench, person, household="hh_1")

    def told(person):
        bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
        items = bench.ask("messages")["items"]
        assert not any("hh_1" in one["text"] + one["text_en"] for one in items)
        return [(one["code"], one["detail"]) for one in items if "HOUSEHOLD" in one["code"]]

    given = stage.consent(bench, "per_a", household_id="hh_1")
    what = {"household": "hh_1", "purposes": "POINTS、SCORING"}
    assert told("per_b") == [("HOUSEHOLD_CONSENT_GIVEN", what)]
    bench.do("withdraw_consent", {"consent_id": given["id"]})
    assert told("per_a") == [("HOUSEHOLD_CONSENT_WITHDRAWN", what)]
    with pytest.raises(HousemateWithdrew):
        stage.consent(bench, "per_a", household_id="hh_1")
    # Nor do staff in the person's name.
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    order = {
        "notice_version": "2025.1",
        "purposes": ["SCORING"],
        "person_id": "per_a",
        "household_id": "hh_1",
        "evidence_ref": "HZ-1",
    }
    with pytest.raises(HousemateWithdrew):
        bench.do("grant_consent", order)
    stage.consent(bench, "per_b", ("SCORING",), household_id="hh_1")
    with pytest.raises(HousemateWithdrew):
        stage.consent(bench, "per_a", household_id="hh_1")
    stage.consent(bench, "per_a", ("SCORING", "PUBLIC_LIST"), household_id="hh_1")
    assert told("per_b")[0] == (
        "HOUSEHOLD_CONSENT_GIVEN",
        {"household": "hh_1", "purposes": "PUBLIC_LIST"},
    )


def test_staff_take_nothing_away_by_registering_less(bench):
    """K15: one cadre took POINTS by "registering" SCORING, and the person read of a consent."""
    stage.register(bench, "per_a", household="hh_1")
    stage.register(bench, "per_kin", household="hh_1")
    given = stage.consent(bench, "per_a")
    order = {"notice_version": "2025.1", "person_id": "per_a", "evidence_ref": "HZ-10"}
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(PurposesLeftOut, match="POINTS"):
        bench.do("grant_consent", order | {"purposes": ["SCORING"]})
    asked = {"consent_id": given["id"], "purposes": ["POINTS"], "receipt_no": "HZ-10"}
    bench.as_("R_CADRE", person="per_kin", scope=stage.COMMUNITY)
    with pytest.raises(ConflictOfInterest):
        bench.do("withdraw_consent", asked)
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    assert bench.do("withdraw_consent", asked)["purposes"] == ["SCORING"]
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    told = bench.ask("messages")["items"][0]
    assert (told["code"], told["detail"]["purposes"]) == ("CONSENT_WITHDRAWN", "POINTS")
    assert "撤回了信用授权(积分)" in told["text"]
    assert "per_" not in told["text"] + told["text_en"]


@pytest.mark.covers("F18-flow")
def test_who_moves_settles_the_month_where_he_lived_at_its_end(bench):
    stage.resident(bench, "per_a")
    bench.at("2025-04-01T08:00").consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": "per_a",
            "from_grid": stage.GRID,
            "to_grid": "370811016901001",
            "community": "370811016901",
        },
        subject="per_a",
        sequence=2,
    )
    row = bench.rows("SELECT area, area_before FROM subjects WHERE subject_id = 'RES:per_a'")[0]
    assert row == {"area": "370811016901", "area_before": stage.COMMUNITY}


def test_who_is_no_resident_any_more_is_scored_no_more(bench):
    stage.resident(bench, "per_a")
    bench.consume(
        "steward",
        "resident_deactivated.v1",
        {"person_id": "per_a", "reason": "MOVED_OUT"},
        subject="per_a",
        sequence=2,
    )
    assert bench.rows("SELECT state FROM consents") == [{"state": "CLOSED"}]
    with pytest.raises(StateConflict):
        stage.consent(bench, "per_a")


@pytest.mark.covers("C2", "REQ-L15")
def test_who_gives_up_points_only_loses_what_is_left_after_90_days_and_is_scored_on(bench):
    bench.at("2025-02-20T09:00")
    reply = stage.resident(bench, "per_a")
    stage.give(bench, "RES:per_a", "2025-01", 50, "019618ef-0000-7000-8000-000000000001")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    bench.do("withdraw_consent", {"consent_id": reply["id"], "purposes": ["POINTS"]})
    bench.at("2025-05-22T00:30")
    for _night in range(2):
        with bench.transaction() as tx:
            ledger.expire_points(tx, None)
            assert registry.grace_over(tx.conn, tx.now) == []
    assert stage.balances(bench, "RES:per_a") == (0, 0)
    assert bench.rows("SELECT state, closed_at FROM subjects") == [
        {"state": "ACTIVE", "closed_at": None}
    ]
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    bench.do("withdraw_consent", {"consent_id": reply["id"]})
    bench.at("2025-08-22T00:30")
    with bench.transaction() as tx:
        ledger.expire_points(tx, None)
    assert bench.rows("SELECT state FROM subjects") == [{"state": "CLOSED"}]
    stage.trial_balance(bench)


@pytest.mark.covers("C2", "REQ-L15")
def test_a_consent_that_is_changed_to_be_without_points_ends_them_in_90_days_too(bench):
    def until():
        return bench.rows("SELECT spendable_until FROM subjects")[0]["spendable_until"]

    bench.at("2025-02-20T09:00")
    stage.resident(bench, "per_a")
    stage.consent(bench, "per_a", ("SCORING",))
    end = until()
    assert end is not None
    bench.at("2025-02-25T09:00")
    # Said again, it changes nothing: the end stays what it was.
    stage.consent(bench, "per_a", ("SCORING", "PUBLIC_LIST"))
    assert until() == end
    stage.consent(bench, "per_a")
    assert until() is None


def test_what_a_person_withdrew_is_given_back_by_himself_or_by_two_with_his_receipt(bench):
    """SEC-H7: one grid worker gave back all four purposes with any text as evidence."""
    stage.resident(bench, "per_a", ("SCORING", "POINTS"))
    given = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("consents")["items"][0]
    bench.do("withdraw_consent", {"consent_id": given["id"]})
    order = {
        "notice_version": "2025.1",
        "purposes": ["SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION"],
        "person_id": "per_a",
        "evidence_ref": "HZ-1",
        "channel": "WINDOW",
    }
    bench.as_("R_GRID", person="per_grid", scope=stage.GRID)
    proposed = bench.do("grant_consent", order)
    assert proposed["state"] == "PROPOSED"
    with pytest.raises(StateConflict):
        bench.do("grant_consent", order)
    with pytest.raises(RoleDenied):
        bench.do("confirm_consent", {"proposal_id": proposed["id"]}, version=1)
    own = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("me")
    assert own["consents"][0]["state"] == "WITHDRAWN"
    assert own["consent_proposals"][0]["proposed_by"] == "per_grid"
    assert bench.ask("messages")["items"][0]["code"] == "CONSENT_PROPOSED"
    bench.as_("R_CADRE", person="per_grid", scope=stage.COMMUNITY)
    with pytest.raises(SamePerson):
        bench.do("confirm_consent", {"proposal_id": proposed["id"]}, version=1)
    bench.as_("R_CADRE", person="per_far", scope="370811015902")
    with pytest.raises(NotFound):
        bench.do("confirm_consent", {"proposal_id": proposed["id"]}, version=1)
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    assert [one["id"] for one in bench.ask("consent_proposals")["items"]] == [proposed["id"]]
    bench.do("confirm_consent", {"proposal_id": proposed["id"]}, version=1)
    card = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("me")["consents"][0]
    assert (card["state"], card["proposed_by"], card["granted_by"], card["evidence_ref"]) == (
        "GRANTED",
        "per_grid",
        "per_cadre",
        "HZ-1",
    )
    assert "CONSENT_GIVEN" in [one["code"] for one in bench.ask("messages")["items"]]


def test_who_is_named_in_his_absence_may_refuse_it_and_a_withdrawal_answers_it(bench):
    """SEC-H7: and a proposal that nobody confirms in five working days is over."""
    stage.register(bench, "per_b")
    order = {"notice_version": "2025.1", "person_id": "per_b", "evidence_ref": "HZ-2"}
    grid = {"person": "per_grid", "scope": stage.GRID}
    bench.as_("R_GRID", **grid)
    # A first consent on paper to be scored is not given back to anybody; to be named is more.
    first = bench.do("grant_consent", order | {"purposes": ["SCORING"]})
    assert first["state"] == "GRANTED"
    named = bench.do("grant_consent", order | {"purposes": ["SCORING", "PUBLIC_LIST"]})
    assert named["state"] == "PROPOSED"
    bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID)
    bench.do("refuse_consent", {"proposal_id": named["id"]}, version=1)
    bench.as_("R_GRID", **grid)
    again = bench.do("grant_consent", order | {"purposes": ["SCORING", "PUBLIC_LIST"]})
    # For who has no account staff withdraw by a receipt.
    with pytest.raises(EvidenceRequired):
        bench.do("withdraw_consent", {"consent_id": first["id"]})
    bench.do("withdraw_consent", {"consent_id": first["id"], "receipt_no": "HZ-3"})
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(StateConflict):
        bench.do("confirm_consent", {"proposal_id": again["id"]}, version=2)
    bench.as_("R_GRID", **grid)
    late = bench.do("grant_consent", order | {"purposes": ["SCORING"]})
    bench.at("2025-03-20T09:00")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(DeadlinePassed):
        bench.do("confirm_consent", {"proposal_id": late["id"]}, version=1)
