"""What the registry corrects: people come of age, come back, change households, are one person."""

import uuid

import pytest
import sqlalchemy as sa

from fivered.services.credit.actions.verify import judge
from fivered.services.credit.errors import HolderDeceased, HolderGone, SameAsProposer, UnderAge
from fivered.services.credit.rules import loader
from fivered.services.credit.storage import month_logs
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    STREET,
    award,
    confirm_area,
    entry_of,
    final_month,
    publish_month,
    run_jobs,
)
from fivered.services.credit.tests.test_awards import attended

pytestmark = pytest.mark.slow


def told(bench, fact, person_id, *, sequence=9, at=None, **data):
    bench.consume(
        "steward",
        fact,
        {"person_id": person_id, **data},
        subject=person_id,
        scope=stage.GRID,
        sequence=sequence,
        occurred_at=at,
    )


def test_who_was_registered_as_a_minor_comes_of_age(bench):
    """CR-D3: every 17-year-old of a census was shut out for good."""
    stage.register(bench, "per_k", adult=False)
    with pytest.raises(UnderAge):
        stage.consent(bench, "per_k")
    place = {"community": stage.COMMUNITY, "grid": stage.GRID}
    told(bench, "resident_came_of_age.v1", "per_k", **place)
    assert stage.consent(bench, "per_k")["state"] == "GRANTED"
    bench.as_("R_RESIDENT", person="per_k", scope=stage.GRID)
    assert [one["code"] for one in bench.ask("messages")["items"]] == ["CAME_OF_AGE"]


def test_adults_are_told_who_is_put_into_their_household(bench):
    """B3: a stranger held the wallet of a household, and no adult of it was told."""
    bench.at("2025-01-10T09:00")
    for who, adult in (("per_a", True), ("per_b", True), ("per_c", False)):
        stage.register(bench, who, adult=adult, household="hh_1")
    stage.register(bench, "per_x")

    def messages(who):
        found = bench.as_("R_RESIDENT", person=who, scope=stage.GRID).ask("messages")["items"]
        return [one["text"] for one in found]

    # A household that is registered as one tells nobody of a newcomer.
    assert [messages(who) for who in ("per_a", "per_b", "per_c", "per_x")] == [[], [], [], []]
    bench.at("2025-02-10T09:00")
    told(bench, "resident_corrected.v1", "per_x", sequence=2, is_adult=True, household_id="hh_1")
    stage.register(bench, "per_y", household="hh_1")
    one = "您的户于 2025-02-10 新登记了一名成员;如不属实,请联系社区更正"
    assert messages("per_a") == messages("per_b") == [one, one]
    assert messages("per_c") == messages("per_x") == messages("per_y") == []
    # Who is corrected otherwise has not come.
    told(bench, "resident_corrected.v1", "per_x", sequence=3, is_adult=True, household_id="hh_1")
    assert len(messages("per_a")) == 2


def test_who_moved_out_comes_back_and_who_is_a_minor_after_all_is_not_scored(bench):
    """IN-A7, K7: a register with return and correction."""
    stage.resident(bench, "per_a")
    told(bench, "resident_deactivated.v1", "per_a", sequence=2, reason="MOVED_OUT")
    other = stage.COMMUNITY + "002"
    told(
        bench,
        "resident_returned.v1",
        "per_a",
        sequence=3,
        community=stage.COMMUNITY,
        grid=other,
        is_adult=True,
        household_id="hh_7",
    )
    bench.as_("R_RESIDENT", person="per_a", scope=other)
    card = bench.ask("me")["consents"][0]
    assert card["state"] == "CLOSED"
    assert stage.consent(bench, "per_a")["state"] == "GRANTED"
    row = bench.rows("SELECT grid, state FROM subjects WHERE subject_id = 'RES:per_a'")
    assert row == [{"grid": other, "state": "ACTIVE"}]
    told(bench, "resident_corrected.v1", "per_a", sequence=4, is_adult=False, household_id=None)
    bench.as_("R_RESIDENT", person="per_a", scope=other)
    assert bench.ask("me")["consents"][0]["state"] == "CLOSED"
    with pytest.raises(UnderAge):
        stage.consent(bench, "per_a")
    # A stale word changes nothing.
    told(bench, "resident_corrected.v1", "per_a", sequence=3, is_adult=True)
    with pytest.raises(UnderAge):
        stage.consent(bench, "per_a")


def verify(bench, period):
    with bench.transaction() as tx:
        (notice,) = month_logs.published(tx.conn, period, None)
        verdict, findings = judge(tx.conn, notice)
    assert verdict.sound, verdict
    assert findings == ()


def merge(bench, at=None):
    told(
        bench,
        "person_merged.v1",
        "per_twin",
        into="per_a",
        community=stage.COMMUNITY,
        at=at,
    )


def points(bench, person="per_a"):
    bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
    sheets = bench.ask("me")["subjects"]
    return next(one["points"] for one in sheets if one["subject"] == f"RES:{person}")


def twins_stage(bench):
    """One person, registered twice, with points of two final months and a running one."""
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    for person in ("per_a", "per_twin"):
        stage.resident(bench, person)
    bench.at("2025-03-03T09:00")
    award(bench, "RES:per_a", "R-RES-13", level="STREET", deed="BZ-1")
    award(bench, "RES:per_twin", "R-RES-13", level="DISTRICT", deed="BZ-2")
    bench.march = final_month(bench, "2025-03")
    bench.at("2025-05-06T09:00")
    award(bench, "RES:per_twin", "R-RES-06", level="DISTRICT", deed="JY-1")


@pytest.fixture
def twins(bench):
    return bench.staged(twins_stage)


def test_points_of_the_given_up_id_are_the_kept_ones_and_every_sum_stays(twins):
    """K7: wallet, lots, holds and pending points move by a posting; final months stay."""
    bench = twins
    held = stage.redemption(
        bench, "requested", "rdm_1", bench.now, points=20, wallet="RES:per_twin"
    )
    bench.deliver([held])
    before = stage.trial_balance(bench)["accounts"]
    mine, others = points(bench), points(bench, "per_twin")
    merge(bench)
    assert stage.trial_balance(bench)["accounts"] == before
    now = points(bench)
    for side in ("available", "held", "pending"):
        assert now[side] == mine[side] + others[side], side
    assert now["held"] == 20
    assert now["pending"] == others["pending"] == 200
    bench.deliver(
        [stage.redemption(bench, "redeemed", "rdm_1", bench.now, points=20, wallet="RES:per_twin")]
    )
    assert points(bench)["held"] == 0
    merge(bench)
    assert points(bench)["available"] == now["available"]
    # The final month is what it was; in the open one both deeds count for the kept id.
    march = [entry_of(bench.march, f"RES:{one}")["score"] for one in ("per_a", "per_twin")]
    assert march == [1003, 1005]
    may = final_month(bench, "2025-05")
    assert entry_of(may, "RES:per_a")["score"] == 1003 + 5 + 20
    assert "RES:per_twin" not in [item["subject"] for item in may["items"]]
    assert points(bench)["pending"] == 0
    assert points(bench)["available"] == now["available"] + 200
    # Both months are still what was published.
    verify(bench, "2025-03")
    verify(bench, "2025-05")
    stage.trial_balance(bench)


def test_a_month_that_was_drafted_long_ago_is_drafted_again_when_two_ids_become_one(twins):
    """Nobody could confirm it: what was reviewed was not what would be drafted, and nothing made a
    new draft."""
    bench = twins
    bench.at("2025-06-01T20:00")
    stage.markers(bench, "2025-05")
    for day in ("2025-06-06", "2025-07-07"):
        bench.fire(f"{day}T09:00")
        run_jobs(bench)
    merge(bench)
    run_jobs(bench)
    may = confirm_area(bench, "2025-05")
    assert may["state"] == "PUBLISHED"
    assert entry_of(may, "RES:per_a")["score"] == 1003 + 5 + 20


def test_what_both_registrations_had_of_a_month_stands_under_one_cap_and_is_verified(twins):
    """K7, K8: six helps counted where four do, and the honest month was said to be forged."""
    bench = twins
    for person in ("per_a", "per_twin"):
        for number in range(3):
            proof = {"propose": "R_GRID", "approve": "R_CADRE", "deed": f"HZ-{person}-{number}"}
            award(bench, f"RES:{person}", "R-RES-09", area=stage.GRID, **proof)
        hours = {"record_id": f"vol_{person}", "person_id": person, "date": "2025-05-05"}
        hours |= {"minutes": 120, "source": "PLATFORM"}
        bench.consume("steward", "volunteer_hours_confirmed.v1", hours, subject=person)
    merge(bench)
    may = final_month(bench, "2025-05")
    rows = bench.rows(
        "SELECT score, points FROM awards WHERE rule_code = 'R-RES-09' AND state = 'APPROVED'"
        " AND subject_id = 'RES:per_a'"
    )
    assert (sum(row["score"] for row in rows), sum(row["points"] for row in rows)) == (4, 40)
    assert entry_of(may, "RES:per_a")["good"] > 0
    verify(bench, "2025-05")
    stage.trial_balance(bench)


def test_hours_after_a_merge_leave_what_the_other_id_had(twins):
    """The next record took back what the hours of the given-up id had brought."""
    bench = twins

    def serve(record, person, day):
        told = {"record_id": record, "person_id": person, "date": day, "minutes": 120}
        told |= {"source": "PLATFORM"}
        bench.consume("steward", "volunteer_hours_confirmed.v1", told, subject=person)

    def gained():
        return bench.rows(
            "SELECT corrects, score, points FROM awards WHERE subject_id = 'RES:per_a'"
            " AND state = 'APPROVED' AND event_id IS NOT NULL ORDER BY award_id"
        )

    serve("vol_1", "per_twin", "2025-05-05")
    merge(bench)
    came_over = [row for row in gained() if row["score"]]
    assert len(came_over) == 1
    serve("vol_2", "per_a", "2025-05-06")
    assert came_over[0] in gained()
    assert len([row for row in gained() if row["score"]]) == 2
    final_month(bench, "2025-05")
    verify(bench, "2025-05")
    stage.trial_balance(bench)


def came_over_everywhere(bench):
    """Awards that come over in every way: of a final month, of an open one, under a cap in whose
    window both ids have some, told against the order of time, hours, and over two merges."""
    stage.resident(bench, "per_first")
    for person, days in (("per_twin", (4, 3, 2, 1)), ("per_a", (5,)), ("per_first", (6,))):
        for day in days:
            bench.deliver([attended(bench, person, f"2025-05-{day:02d}T20:00")])
    more = attended(bench, "per_twin", "2025-04-30T20:00")
    bench.deliver([more])
    for person, day, minutes in (("per_twin", 2, 150), ("per_twin", 3, 90), ("per_first", 4, 60)):
        record = f"v_{person}_{day}"
        served(bench, "confirmed", record, minutes, f"2025-05-{day:02d}", person=person)
    told(bench, "person_merged.v1", "per_first", into="per_twin", community=stage.COMMUNITY)
    merge(bench)


def test_what_came_over_is_computed_again_exactly(twins):
    bench = twins
    came_over_everywhere(bench)
    for period in ("2025-04", "2025-05"):
        final_month(bench, period)
        verify(bench, period)
    rows = bench.rows(
        "SELECT sum(score) AS score, sum(points) AS points FROM awards"
        " WHERE rule_code = 'R-RES-03' AND state = 'APPROVED' AND subject_id = 'RES:per_a'"
    )
    # Four of May, one of April.
    assert rows == [{"score": 5, "points": 50}]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("R-RES-06", "score = score - 1, score_raw = score_raw - 1"),
        ("R-RES-13", "score = score - 1, score_raw = score_raw - 1"),
        ("R-RES-06", "points = points - 10, points_raw = points_raw - 10"),
        ("R-RES-01", "score = score + 1, score_raw = score_raw + 1"),
        ("R-RES-01", "to_period = '2027-01'"),
        ("R-RES-06", "to_period = '2035-01'"),
    ],
)
def test_what_came_over_and_is_altered_before_its_month_is_published_is_found(twins, rule, change):
    """Less than the other id had, or more hours than it served, was within the bounds."""
    bench = twins
    came_over_everywhere(bench)
    with bench.transaction() as tx:
        changed = tx.conn.execute(
            sa.text(
                f"UPDATE awards SET {change} WHERE subject_id = 'RES:per_a'"
                " AND corrects IS NOT NULL AND rule_code = :rule AND score > 1"
            ),
            {"rule": rule},
        )
        assert changed.rowcount > 0
    found = set()
    for period in ("2025-04", "2025-05"):
        final_month(bench, period)
        with bench.transaction() as tx:
            (notice,) = month_logs.published(tx.conn, period, None)
            verdict, _ = judge(tx.conn, notice)
        found |= {finding.rule for finding in verdict.findings}
    assert found == {rule}


def test_points_that_a_confirmed_month_releases_later_follow(twins):
    """K7: the month of the deed is published when the two ids become one."""
    bench = twins
    publish_month(bench, "2025-05")
    waiting = points(bench, "per_twin")["pending"]
    merge(bench)
    assert points(bench)["pending"] == 0
    before = points(bench)["available"]
    bench.fire("2025-06-28T10:00")
    assert points(bench)["available"] == before + waiting
    assert waiting == 200
    # What counts in June for the kept id brings no points again, and June is what was published.
    final_month(bench, "2025-06")
    carried = bench.rows(
        "SELECT points_raw, points FROM awards WHERE correction AND subject_id = 'RES:per_a'"
    )
    assert carried
    assert {(row["points_raw"], row["points"]) for row in carried} == {(0, 0)}
    verify(bench, "2025-06")
    stage.trial_balance(bench)


def test_awards_consents_objections_and_posts_move_and_roles_stay_apart(twins):
    """K7, K12: what waits is decided for the kept id, by nobody who proposed it under the other."""
    bench = twins
    bench.as_("R_CADRE", person="per_twin", scope=stage.COMMUNITY)
    stage.resident(bench, "per_z")
    made = bench.as_("R_CADRE", person="per_twin", scope=stage.COMMUNITY).do(
        "propose_award",
        {
            "subject": "RES:per_z",
            "rule_code": "R-RES-07",
            "occurred_at": bench.now.isoformat(),
            "evidence": ["XX-1"],
        },
    )
    waits = bench.as_("R_CADRE", person="per_c", scope=stage.COMMUNITY).do(
        "propose_award",
        {
            "subject": "RES:per_twin",
            "rule_code": "R-RES-11",
            "occurred_at": bench.now.isoformat(),
            "evidence": ["TJ-9"],
        },
    )
    open_award = bench.rows(
        "SELECT award_id FROM awards WHERE rule_code = 'R-RES-06' AND state = 'APPROVED'"
    )[0]["award_id"]
    filed = bench.as_("R_RESIDENT", person="per_twin", scope=stage.GRID).do(
        "file_objection",
        {"target": "AWARD", "target_id": str(uuid.UUID(str(open_award))), "text": "分值有误请核查"},
    )
    stage.project(bench)
    bench.consume(
        "property",
        "project_manager_changed.v1",
        {"project_id": "prj_1", "person_id": "per_twin"},
        subject="prj_1",
        scope=stage.COMMUNITY,
        sequence=3,
    )
    merge(bench)
    bench.at("2025-05-07T09:00")
    bench.as_("R_SECRETARY", person="per_a", scope=stage.COMMUNITY)
    with pytest.raises(SameAsProposer):
        bench.do("approve_award", {"award_id": made["id"]}, version=1)
    bench.as_("R_SECRETARY", person="per_sec", scope=stage.COMMUNITY)
    card = next(
        one
        for one in bench.ask("awards", {"state": "PROPOSED"})["items"]
        if one["why"]["rule"] == "R-RES-11"
    )
    assert (card["subject"], card["id"] != waits["id"]) == ("RES:per_a", True)
    done = bench.do("approve_award", {"award_id": card["id"]}, version=card["version"])
    assert done["points"] == 30
    own = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("me")
    assert "PRJ:prj_1" in [one["subject"] for one in own["subjects"]]
    assert filed["id"] in [one["id"] for one in own["objections"]]
    seen = bench.ask("objection", {"objection_id": filed["id"]})
    assert (seen["subject"], seen["person_id"]) == ("RES:per_a", "per_a")
    assert "PERSON_MERGED" in [one["code"] for one in bench.ask("messages")["items"]]
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    bench.do("accept_objection", {"objection_id": filed["id"]}, version=seen["version"])
    # What a straggler still tells of the other id is the kept one's.
    before = points(bench)["pending"]
    bench.consume(
        "forum",
        "topic_adopted.v1",
        {"topic_id": "top_1", "community": stage.COMMUNITY, "proposer": "per_twin"},
        subject="top_1",
        scope=stage.COMMUNITY,
    )
    assert points(bench)["pending"] == before + 30
    bench.as_("R_STREET", person="per_judge", scope=STREET)
    bench.do(
        "decide_objection",
        {
            "objection_id": filed["id"],
            "outcome": "UPHELD",
            "award_ids": [seen["target_id"]],
            "reasons": "经核查该项登记有误,应予撤销并重新登记。",
        },
        version=seen["version"] + 1,
    )
    assert points(bench)["pending"] == before + 30 - 200
    stage.trial_balance(bench)


def test_a_consent_that_only_the_given_up_id_gave_goes_on_and_a_withdrawal_stands(bench):
    stage.register(bench, "per_a")
    stage.resident(bench, "per_twin")
    merge(bench)
    own = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("me")["consents"]
    assert [(one["subject"], one["state"]) for one in own] == [("RES:per_a", "GRANTED")]
    stage.resident(bench, "per_b")
    stage.resident(bench, "per_c")
    mine = bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID).ask("consents")["items"][0]
    bench.do("withdraw_consent", {"consent_id": mine["id"]})
    told(bench, "person_merged.v1", "per_c", into="per_b", community=stage.COMMUNITY)
    own = bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID).ask("me")["consents"]
    assert {(one["subject"], one["state"]) for one in own} == {
        ("RES:per_b", "WITHDRAWN"),
        ("RES:per_c", "CLOSED"),
    }


def test_a_post_that_is_told_after_a_merge_is_the_kept_ids(bench):
    """Its fact and that of the merge come from two partitions, in any order."""
    bench.at("2025-03-03T09:00")
    stage.resident(bench, "per_a")
    stage.register(bench, "per_twin")
    merge(bench)
    stage.project(bench)
    stage.steward(bench, "stw_1", "per_twin")
    managed = {"project_id": "prj_1", "person_id": "per_twin"}
    bench.consume("property", "project_manager_changed.v1", managed, subject="prj_1", sequence=3)
    own = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("me")["subjects"]
    assert {one["subject"] for one in own} == {"RES:per_a", "STW:stw_1", "PRJ:prj_1"}


def test_who_proposed_a_budget_under_another_id_does_not_grant_it(bench):
    order = {"points": 1000, "basis": "任财预〔2025〕1 号"}
    made = bench.as_("R_DISTRICT", person="per_twin").do("grant_budget", order)
    merge(bench)
    with pytest.raises(SameAsProposer):
        bench.as_("R_DISTRICT", person="per_a").do(
            "approve_budget", {"grant_id": made["id"]}, version=made["version"]
        )


@pytest.mark.parametrize("wallet", ["RES:per_a", "HH", "STW:stw_1"])
def test_who_has_died_spends_nothing_any_more(bench, wallet):
    """t1 B2: a reservation in the name of a dead person was held from the wallet."""
    bench.at("2025-03-03T09:00")
    stage.resident(bench, "per_a")
    stage.steward(bench, "stw_1", "per_a")
    stage.register(bench, "per_b", household="hh_1")
    told(bench, "resident_corrected.v1", "per_a", sequence=2, is_adult=True, household_id="hh_1")
    stage.consent(bench, "per_b", household_id="hh_1")
    stage.partner(bench, "ptn_h")
    for subject in ("RES:per_a", "HH:hh_1", "STW:stw_1"):
        stage.give(bench, subject, "2025-02", 50, f"a-{subject}")
    ask = {"points": 10, "wallet": wallet, "holder": "per_a"}
    alive = stage.redemption(bench, "requested", "rdm_1", "2025-03-03T10:00", **ask)
    bench.at("2025-03-03T10:00").deliver([alive])
    assert [one["subject"] for one in bench.published("points_held.v1")] == ["rdm_1"]
    told(bench, "resident_deactivated.v1", "per_a", sequence=3, reason="DECEASED")
    bench.at("2025-03-04T10:00").deliver(
        [stage.redemption(bench, "requested", "rdm_2", "2025-03-04T10:00", **ask)]
    )
    (refused,) = bench.published("hold_rejected.v1")
    assert (refused["subject"], refused["data"]["reason"], refused["data"]["field"]) == (
        "rdm_2",
        "HOLDER_DECEASED",
        "holder",
    )
    stage.trial_balance(bench)


def test_what_an_id_that_was_given_up_asks_is_answered_for_the_kept_one(bench):
    """t1 B2: the dead man's second id is no way around the death."""
    bench.at("2025-03-03T09:00")
    stage.resident(bench, "per_a")
    stage.resident(bench, "per_twice")
    stage.partner(bench, "ptn_h")
    stage.give(bench, "RES:per_a", "2025-02", 50, "a-1")
    told(
        bench, "person_merged.v1", "per_twice", sequence=2, into="per_a", community=stage.COMMUNITY
    )
    told(bench, "resident_deactivated.v1", "per_a", sequence=3, reason="DECEASED")
    bench.at("2025-03-04T10:00").deliver(
        [
            stage.redemption(
                bench, "requested", "rdm_1", "2025-03-04T10:00", points=10, wallet="RES:per_twice"
            )
        ]
    )
    assert bench.published("hold_rejected.v1")[0]["data"]["reason"] == "HOLDER_DECEASED"


@pytest.mark.parametrize(
    ("reason", "expected"), [("DECEASED", HolderDeceased), ("MOVED_OUT", HolderGone)]
)
def test_why_somebody_is_no_holder_is_said_in_words(bench, reason, expected):
    """t1 C3: it said "当前状态为 ENDED" of a dead person."""
    stage.areas(bench)
    stage.register(bench, "per_a")
    told(bench, "resident_deactivated.v1", "per_a", sequence=2, reason=reason)
    bench.as_("R_STREET", person="per_street", scope=STREET)
    shop = {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY}
    with pytest.raises(expected) as refused:
        bench.do("open_subject", {**shop, "holder": "per_a"})
    assert refused.value.field == "holder"
    assert "ENDED" not in str(refused.value)
    with pytest.raises(expected):
        stage.consent(bench, "per_a")


def objected_to(bench, award_id, *, by="per_a", **decision):
    """An objection to an award, decided for who filed it."""
    bench.as_("R_RESIDENT", person=by, scope=stage.GRID)
    order = {"target": "AWARD", "target_id": award_id, "text": "分值有误请核查"}
    filed = bench.do("file_objection", order)
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    taken = bench.do("accept_objection", {"objection_id": filed["id"]}, version=filed["version"])
    bench.as_("R_STREET", person="per_judge", scope=STREET)
    order = {"objection_id": filed["id"], "reasons": "经核查该项登记有误,应予撤销并重新登记。"}
    bench.do("decide_objection", order | decision, version=taken["version"])


def commended(bench):
    """(subject, state, score) of what both ids have been commended for."""
    return {
        (row["subject_id"], row["state"], row["score"])
        for row in bench.rows(
            "SELECT subject_id, state, score FROM awards WHERE rule_code = 'R-RES-13'"
            " AND deed = 'bz-2'"
        )
    }


@pytest.mark.parametrize(
    ("of", "partly"), [("per_twin", False), ("per_a", False), ("per_twin", True)]
)
def test_what_is_decided_of_an_award_holds_for_what_came_over_of_it(twins, of, partly):
    """The copy counted on for years, and the points were owed by a wallet that nobody has."""
    bench = twins
    merge(bench)
    assert commended(bench) == {
        ("RES:per_twin", "APPROVED", 5),
        ("RES:per_a", "APPROVED", 5),
    }
    for period in ("2025-04", "2025-05"):
        final_month(bench, period)
    before = points(bench)["available"]
    (row,) = bench.rows(
        "SELECT award_id FROM awards WHERE deed = 'bz-2' AND subject_id = :s", s=f"RES:{of}"
    )
    award_id = str(uuid.UUID(str(row["award_id"])))
    decision = {"outcome": "PARTLY", "score": 2} if partly else {"outcome": "UPHELD"}
    objected_to(bench, award_id, award_ids=[award_id], **decision)
    state, score, lost = ("APPROVED", 2, 30) if partly else ("REVERSED", 5, 50)
    assert commended(bench) == {("RES:per_twin", state, score), ("RES:per_a", state, score)}
    assert points(bench)["available"] == before - lost
    june = final_month(bench, "2025-06")
    assert entry_of(june, "RES:per_a")["good"] == 3 + 20 + (2 if partly else 0)
    for period in ("2025-03", "2025-04", "2025-05", "2025-06"):
        verify(bench, period)
    stage.trial_balance(bench)


@pytest.mark.parametrize("registered", [2, 3])
def test_what_an_event_takes_back_after_merges_is_taken_back_once(bench, monkeypatch, registered):
    """Where what came over was found first, its points were taken from the wallet twice."""
    whole = loader.shipped("RC-2025.1")
    (first,) = whole["reversals"]
    changed = whole | {"reversals": [first | {"rules": [*first["rules"], "R-RES-13"]}]}
    monkeypatch.setattr(loader, "shipped", lambda _code: changed)
    bench.at("2025-03-03T09:00")
    stage.rules(bench)
    first_id = "per_twin" if registered == 2 else "per_first"
    for person in {"per_a", "per_twin", first_id}:
        stage.resident(bench, person)
    deeds = [f"bz-{number}" for number in range(6)]
    for deed in deeds:
        award(bench, f"RES:{first_id}", "R-RES-13", level="DISTRICT", deed=deed)
    final_month(bench, "2025-03")
    if first_id != "per_twin":
        told(bench, "person_merged.v1", first_id, into="per_twin", community=stage.COMMUNITY)
    final_month(bench, "2025-04")
    bench.at("2025-06-06T09:00")
    merge(bench)
    standing = bench.rows("SELECT count(*) AS n FROM awards WHERE state = 'APPROVED'")
    assert standing == [{"n": registered * len(deeds)}]
    left = [points(bench)["available"]]
    for deed in deeds:
        withdrawn = {"rectification_id": deed, "project_id": "prj_1"}
        bench.consume("property", "rectification_withdrawn.v1", withdrawn, subject=deed)
        left.append(points(bench)["available"])
    assert left == [300, 250, 200, 150, 100, 50, 0]
    assert bench.rows("SELECT state FROM awards WHERE state <> 'REVERSED'") == []
    stage.trial_balance(bench)


def test_a_final_month_does_not_depend_on_a_better_level_of_the_next_one(bench):
    """February gave nothing for a deed of which March had more, and was said to be forged."""
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a")
    award(bench, "RES:per_a", "R-RES-13", level="STREET", deed="BZ-1")
    bench.at("2025-03-02T09:00")
    award(bench, "RES:per_a", "R-RES-13", level="DISTRICT", deed="BZ-1")
    for period, score, pending in (("2025-02", 1003, 30), ("2025-03", 1005, 50)):
        card = final_month(bench, period)
        assert entry_of(card, "RES:per_a")["score"] == score
        assert points(bench)["available"] == pending
        verify(bench, period)
    stage.trial_balance(bench)


def served(bench, fact, record, minutes, day, *, person="per_twin", **more):
    told = {"record_id": record, "person_id": person, "date": day, "minutes": minutes}
    told |= {"source": "PLATFORM", **more}
    bench.consume("steward", f"volunteer_hours_{fact}.v1", told, subject=record)


def of_hours(bench):
    """(score, points) of what counts of hours for the kept id."""
    (row,) = bench.rows(
        "SELECT coalesce(sum(score), 0) AS score, coalesce(sum(points), 0) AS points FROM awards"
        " WHERE rule_code = 'R-RES-01' AND state = 'APPROVED' AND subject_id = 'RES:per_a'"
    )
    return int(row["score"]), int(row["points"])


@pytest.mark.parametrize("corrected_before", [False, True])
def test_hours_that_are_corrected_after_a_merge_are_counted_once(twins, corrected_before):
    """Two hours that came over and were corrected to one counted as three."""
    bench = twins
    served(bench, "confirmed", "vol_1", 180 if corrected_before else 120, "2025-05-05")
    if corrected_before:
        served(bench, "corrected", "vol_1", 120, "2025-05-05", previous_minutes=180)
    served(bench, "confirmed", "vol_2", 60, "2025-05-05")
    waited = points(bench)["pending"]
    merge(bench)
    assert of_hours(bench) == (3, 30)
    assert points(bench)["pending"] == waited + 200 + 30
    served(bench, "corrected", "vol_1", 60, "2025-05-05", previous_minutes=120)
    assert of_hours(bench) == (2, 20)
    assert points(bench)["pending"] == waited + 200 + 20
    served(bench, "corrected", "vol_1", 90, "2025-05-05", previous_minutes=60)
    assert of_hours(bench) == (2, 25)
    final_month(bench, "2025-05")
    verify(bench, "2025-05")
    stage.trial_balance(bench)


def test_hours_of_a_final_month_that_are_corrected_after_a_merge_are_counted_once(bench):
    """Their points are released: the difference is taken from the kept one's wallet."""
    bench.at("2025-03-03T09:00")
    stage.rules(bench)
    for person in ("per_a", "per_twin"):
        stage.resident(bench, person)
    bench.at("2025-03-06T09:00")
    served(bench, "confirmed", "vol_1", 120, "2025-03-05")
    final_month(bench, "2025-03")
    bench.at("2025-05-06T09:00")
    merge(bench)
    assert (of_hours(bench), points(bench)["available"]) == ((2, 0), 20)
    served(bench, "corrected", "vol_1", 60, "2025-03-05", previous_minutes=120)
    assert of_hours(bench) == (1, 10)
    assert (points(bench)["available"], points(bench)["pending"]) == (0, 10)
    for period in ("2025-04", "2025-05"):
        card = final_month(bench, period)
    assert (entry_of(card, "RES:per_a")["good"], points(bench)["available"]) == (1, 10)
    for period in ("2025-03", "2025-04", "2025-05"):
        verify(bench, period)
    stage.trial_balance(bench)


def test_a_merge_gives_no_consent_to_what_the_kept_id_did_without_it(bench):
    """Hours of a final month were given points as if the kept id had consented to them, and its
    honest month was said to be forged."""
    bench.at("2025-03-03T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a", ("SCORING",))
    stage.resident(bench, "per_twin")
    bench.at("2025-03-06T09:00")
    for person in ("per_a", "per_twin"):
        served(bench, "confirmed", f"vol_{person}", 120, "2025-03-05", person=person)
    final_month(bench, "2025-03")
    bench.at("2025-05-06T09:00")
    merge(bench)
    served(bench, "confirmed", "vol_2", 60, "2025-05-06", person="per_a")
    # Two hours of its own, one more, two that came over; the points of these are in the wallet.
    assert of_hours(bench) == (5, 0)
    assert (points(bench)["available"], points(bench)["pending"]) == (20, 0)
    for period in ("2025-04", "2025-05"):
        final_month(bench, period)
    for period in ("2025-03", "2025-04", "2025-05"):
        verify(bench, period)
    stage.trial_balance(bench)


def test_the_month_of_an_id_that_was_given_up_since_is_computed_again(twins):
    """It has what came over from a third one, of which only the kept id was said to be kept."""
    bench = twins
    stage.resident(bench, "per_first")
    bench.at("2025-05-07T09:00")
    bench.deliver([attended(bench, "per_first", "2025-05-06T20:00")])
    told(bench, "person_merged.v1", "per_first", into="per_twin", community=stage.COMMUNITY)
    bench.at("2025-06-02T09:00")
    merge(bench)
    may = final_month(bench, "2025-05")
    assert entry_of(may, "RES:per_twin")["good"] > 0
    verify(bench, "2025-05")


def test_what_came_over_and_is_given_for_one_deed_twice_is_told_from_an_open_month(bench):
    """It was taken back by the second merge, and was taken for an award of an open month then."""
    bench.at("2025-03-03T09:00")
    stage.rules(bench)
    for person in ("per_a", "per_first", "per_twin"):
        stage.resident(bench, person)
    award(bench, "RES:per_twin", "R-RES-13", level="DISTRICT", deed="BZ-2")
    final_month(bench, "2025-03")
    bench.at("2025-04-28T11:00")
    told(bench, "person_merged.v1", "per_twin", into="per_first", community=stage.COMMUNITY)
    award(bench, "RES:per_a", "R-RES-13", level="STREET", deed="BZ-2")
    bench.at("2025-05-05T09:00")
    told(bench, "person_merged.v1", "per_first", into="per_a", community=stage.COMMUNITY)
    assert commended(bench) == {
        ("RES:per_twin", "REVERSED", 5),
        ("RES:per_first", "REVERSED", 5),
        ("RES:per_a", "APPROVED", 3),
    }
    for period in ("2025-04", "2025-05"):
        final_month(bench, period)
    for period in ("2025-03", "2025-04", "2025-05"):
        verify(bench, period)
    stage.trial_balance(bench)


def lessened(bench, made):
    """An objection leaves 2 of an award."""
    objected_to(bench, made, by="per_twin", outcome="PARTLY", award_ids=[made], score=2)


def one_award(bench):
    bench.at("2025-05-06T09:00")
    stage.rules(bench)
    for person in ("per_a", "per_twin"):
        stage.resident(bench, person)
    return award(bench, "RES:per_twin", "R-RES-13", level="DISTRICT", deed="BZ-2")


@pytest.mark.parametrize("final", [False, True])
def test_what_was_lessened_before_a_merge_is_told_from_what_a_cap_has_cut(bench, final):
    """With the id the decision was forgotten, and the honest month was said to be forged."""
    made = one_award(bench)
    if final:
        final_month(bench, "2025-05")
    lessened(bench, made)
    merge(bench)
    period = "2025-06" if final else "2025-05"
    card = final_month(bench, period)
    assert entry_of(card, "RES:per_a")["good"] == 2
    verify(bench, period)
    verify(bench, "2025-05")
    stage.trial_balance(bench)


def test_what_was_lessened_and_is_taken_back_after_its_month_is_no_forgery(bench):
    made = one_award(bench)
    award(bench, "RES:per_a", "R-RES-13", level="STREET", deed="BZ-2")
    lessened(bench, made)
    final_month(bench, "2025-05")
    merge(bench)
    assert commended(bench) == {("RES:per_twin", "REVERSED", 2), ("RES:per_a", "APPROVED", 3)}
    verify(bench, "2025-05")


def test_what_the_given_up_account_was_told_the_kept_person_reads(bench):
    bench.at("2025-03-03T09:00")
    stage.resident(bench, "per_a")
    stage.resident(bench, "per_twin")
    bench.as_("R_RESIDENT", person="per_twin", scope=stage.GRID)
    mine = bench.ask("consents")["items"][0]
    bench.do("withdraw_consent", {"consent_id": mine["id"]})
    before = {one["id"] for one in bench.ask("messages")["items"]}
    merge(bench)
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    assert before
    assert before <= {one["id"] for one in bench.ask("messages")["items"]}
