"""Objections after they are filed: withdrawn, extended, reviewed by a higher level; corrections that
staff start."""

import threading

import pytest

from fivered.chassis.bus import Actor, Call, new_uuid
from fivered.chassis.refusal import (
    Invalid,
    NotFound,
    RoleDenied,
    StateConflict,
    VersionConflict,
)
from fivered.services.credit.errors import (
    AlreadyExtended,
    AlreadyObjected,
    ConflictOfInterest,
    DeadlinePassed,
    InChain,
    LevelTooLow,
    NoHigherLevel,
    NotFiler,
    NothingToReview,
    ReasonsRequired,
    SelfApproval,
    TextRequired,
    TextTooShort,
    WorseThanDecided,
)
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_objections import (
    REASONS,
    accept,
    decide,
    deduction,
    file,
    published,  # noqa: F401
    uuid_text,
)
from fivered.services.credit.tests.test_settlement import (
    PERIOD,
    close_month,
    confirm,
    credit,  # noqa: F401
    entry_of,
    missed,
    review,
    rows,
    run_jobs,
    settlement_of,
)

pytestmark = pytest.mark.slow

DISTRICT, STREET = "370811", "370811015"
STEWARD = "STW:stw_1"
FACTS = "同一次超时被登记两次,签到台账只有一次。"


def card(bench, reply):
    actor = bench.actor
    found = bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT).ask(
        "objection", {"objection_id": reply["id"]}
    )
    bench.actor = actor
    return found


def on(bench, verb, reply, **more):
    """A command on an objection as it is now."""
    return bench.do(
        verb, {"objection_id": reply["id"], **more}, version=card(bench, reply)["version"]
    )


def filer(bench):
    return bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)


def withdraw(bench, reply):
    return on(filer(bench), "withdraw_objection", reply)


def extend(bench, reply, *, person="per_judge", reasons=REASONS):
    return on(
        bench.as_("R_STREET", person=person, scope=STREET),
        "extend_objection",
        reply,
        reasons=reasons,
    )


def ask_review(bench, reply, grounds="裁定没有核对排班表"):
    return on(filer(bench), "request_review", reply, grounds=grounds)


def look_again(
    bench, reply, outcome, *, role="R_DISTRICT", scope=DISTRICT, person="per_higher", **more
):
    bench.as_(role, person=person, scope=scope)
    return on(bench, "review_objection", reply, **({"outcome": outcome, "reasons": REASONS} | more))


def decided(bench, outcome="DISMISSED", **more):
    """An objection to the steward's deduction, decided by the street."""
    reply = file(bench)
    accept(bench, reply)
    decide(bench, reply, outcome, **more)
    return reply


def steward_entry(bench):
    return entry_of(settlement_of(bench), STEWARD)


def timers_of(bench, reply):
    found = bench.rows(
        "SELECT kind FROM timers WHERE ref = :r AND kind LIKE 'objection%'", r=reply["id"]
    )
    return [row["kind"] for row in found]


def award_state(bench):
    found = bench.rows(
        "SELECT state, effective, to_period FROM awards WHERE deduction AND subject_id = :s",
        s=STEWARD,
    )[0]
    return found["state"], bool(found["effective"])


# --------------------------------------------------------------------------------------------------
# Withdrawal


@pytest.mark.parametrize("taken_up", [False, True])
def test_an_objection_that_is_withdrawn_lets_its_entry_go_with_the_others(
    published,  # noqa: F811
    taken_up,
):
    bench = published
    reply = file(bench)
    if taken_up:
        accept(bench, reply)
    assert steward_entry(bench)["state"] == "HELD"
    assert withdraw(bench, reply)["state"] == "WITHDRAWN"
    assert timers_of(bench, reply) == []
    assert steward_entry(bench)["state"] == "PUBLISHED"
    assert card(bench, reply)["final"]
    bench.fire("2025-04-16T00:01")
    assert settlement_of(bench)["state"] == "SETTLED"
    entry = steward_entry(bench)
    assert (entry["state"], entry["score"]) == ("FINAL", 85)
    assert award_state(bench) == ("APPROVED", True)
    assert stage.balances(bench, STEWARD) == (65, 0)


def test_an_objection_that_is_withdrawn_after_the_notice_makes_its_entry_final_at_once(
    published,  # noqa: F811
):
    bench = published
    reply = file(bench)
    bench.fire("2025-04-16T00:01")
    assert settlement_of(bench)["state"] == "FINALISING"
    assert stage.balances(bench, STEWARD) == (0, 0)
    withdraw(bench, reply)
    assert steward_entry(bench)["state"] == "FINAL"
    assert settlement_of(bench)["state"] == "SETTLED"
    assert stage.balances(bench, STEWARD) == (65, 0)
    stage.trial_balance(bench)


@pytest.mark.covers("N2")
def test_an_entry_with_another_objection_stays_held_when_one_is_withdrawn(published):  # noqa: F811
    bench = published
    first = file(bench)
    second = file(
        bench, "ENTRY", f"{settlement_of(bench)['id']}/{STEWARD}", text="整条记录请一并复核"
    )
    withdraw(bench, first)
    assert steward_entry(bench)["state"] == "HELD"
    bench.fire("2025-04-16T00:01")
    assert steward_entry(bench)["state"] == "HELD"
    assert award_state(bench) == ("APPROVED", False)
    withdraw(bench, second)
    assert steward_entry(bench)["state"] == "FINAL"


@pytest.mark.parametrize("late", [False, True])
def test_an_objection_of_the_running_month_can_be_withdrawn_before_and_after_publication(
    credit,  # noqa: F811
    late,
):
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    reply = file(bench)
    if not late:
        withdraw(bench, reply)
    found = close_month(bench, given=rows())
    bench.at("2025-04-07T10:00")
    confirm(bench, found, review(bench, found)["version"])
    bench.fire("2025-04-16T00:10")
    if late:
        assert steward_entry(bench)["state"] == "HELD"
        withdraw(bench, reply)
    entry = steward_entry(bench)
    assert (entry["state"], entry["bad"]) == ("FINAL", 1)
    assert settlement_of(bench)["state"] == "SETTLED"


def test_only_who_filed_an_objection_withdraws_it_and_only_before_the_decision(
    published,  # noqa: F811
):
    bench = published
    reply = file(bench)
    for role, person, scope in (
        ("R_STREET", "per_street", STREET),
        ("R_RESIDENT", "per_a", stage.GRID),
    ):
        bench.as_(role, person=person, scope=scope)
        with pytest.raises(NotFiler if role == "R_STREET" else NotFound):
            on(bench, "withdraw_objection", reply)
    filer(bench)
    with pytest.raises(VersionConflict):
        bench.do("withdraw_objection", {"objection_id": reply["id"]}, version=7)
    with pytest.raises(NotFound):
        bench.do("withdraw_objection", {"objection_id": "obj_none"}, version=1)
    withdraw(bench, reply)
    with pytest.raises(StateConflict):
        withdraw(bench, reply)
    # What was withdrawn is not in the way of another objection.
    again = file(bench)
    accept(bench, again)
    decide(bench, again, "DISMISSED")
    with pytest.raises(StateConflict):
        withdraw(bench, again)


@pytest.mark.covers("N12")
def test_of_a_withdrawal_and_a_decision_at_once_exactly_one_counts(published):  # noqa: F811
    bench = published
    reply = file(bench)
    accept(bench, reply)
    barrier, came = threading.Barrier(2), []
    calls = (
        Call(
            "withdraw_objection",
            {"objection_id": reply["id"]},
            Actor("per_s", "R_STEWARD", stage.GRID),
            new_uuid(),
            2,
        ),
        Call(
            "decide_objection",
            {"objection_id": reply["id"], "outcome": "UPHELD", "reasons": REASONS},
            Actor("per_judge", "R_STREET", STREET),
            new_uuid(),
            2,
        ),
    )

    def run(call):
        barrier.wait()
        try:
            came.append(bench.runtime.call(call)["state"])
        except (StateConflict, VersionConflict):
            came.append("REFUSED")

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = card(bench, reply)["state"]
    assert sorted(came) == sorted(["REFUSED", state])
    assert award_state(bench)[0] == {"WITHDRAWN": "APPROVED", "DECIDED": "REVERSED"}[state]
    bench.fire("2025-04-16T00:01")
    assert steward_entry(bench)["state"] == "FINAL"


# --------------------------------------------------------------------------------------------------
# Extension


def test_the_time_of_a_decision_is_extended_once_by_five_working_days_with_reasons(
    published,  # noqa: F811
):
    bench = published
    reply = file(bench)
    bench.as_("R_STREET", person="per_judge", scope=STREET)
    with pytest.raises(StateConflict):
        extend(bench, reply)
    accept(bench, reply)
    # Accepted on Tuesday the 8th: five working days end with the 15th, five more with the 22nd.
    assert card(bench, reply)["decide_due"] == "2025-04-15T16:00:00+00:00"
    with pytest.raises(TextTooShort):
        extend(bench, reply, reasons="还要调查")
    with pytest.raises(NotFound):
        on(
            bench.as_("R_CADRE", person="per_x", scope="370811016901"),
            "extend_objection",
            reply,
            reasons=REASONS,
        )
    for person in ("per_street", "per_s"):
        with pytest.raises(InChain):
            extend(bench, reply, person=person)
    bench.fire("2025-04-15T23:59")
    said = extend(bench, reply)
    assert said["state"] == "ACCEPTED"
    assert said["due"] == "2025-04-22T16:00:00+00:00"
    assert card(bench, reply)["extension_reasons"] == REASONS
    with pytest.raises(AlreadyExtended):
        extend(bench, reply)
    bench.fire("2025-04-22T23:59")
    assert not card(bench, reply)["overdue"]
    bench.fire("2025-04-23T00:00")
    assert card(bench, reply)["overdue"]
    # Late is late, but it is still decided.
    decide(bench, reply, "UPHELD", version=card(bench, reply)["version"])
    assert steward_entry(bench)["score"] == 86


def test_what_is_overdue_is_not_extended(published):  # noqa: F811
    bench = published
    reply = file(bench)
    accept(bench, reply)
    bench.fire("2025-04-16T00:00")
    with pytest.raises(DeadlinePassed):
        extend(bench, reply)
    decide(bench, reply, "DISMISSED", version=card(bench, reply)["version"])
    with pytest.raises(StateConflict):
        extend(bench, reply)


# --------------------------------------------------------------------------------------------------
# Review


@pytest.mark.covers("C11", "N2")
def test_a_review_of_a_final_entry_takes_the_deduction_back_from_the_open_month(
    published,  # noqa: F811
):
    bench = published
    reply = decided(bench)
    assert card(bench, reply)["review_until"] == "2025-04-15T16:00:00+00:00"
    assert not card(bench, reply)["final"]
    asked = ask_review(bench, reply)
    assert (asked["state"], asked["due"]) == ("REVIEW_REQUESTED", "2025-04-22T16:00:00+00:00")
    # The decision stands meanwhile: the entry is not held again.
    assert steward_entry(bench)["state"] == "PUBLISHED"
    bench.fire("2025-04-16T00:01")
    assert settlement_of(bench)["state"] == "SETTLED"
    assert award_state(bench) == ("APPROVED", True)
    before = settlement_of(bench)
    found = look_again(bench, reply, "UPHELD")
    assert (found["state"], found["outcome"]) == ("REVIEWED", "UPHELD")
    assert timers_of(bench, reply) == []
    assert award_state(bench)[0] == "REVERSED"
    # The month that is final is not touched; the deduction does not count from the next one on.
    assert settlement_of(bench) == before
    assert bench.rows("SELECT to_period FROM awards WHERE deduction")[0]["to_period"] == PERIOD
    told = filer(bench).ask("objection", {"objection_id": reply["id"]})
    assert (told["outcome"], told["review_outcome"]) == ("DISMISSED", "UPHELD")
    assert told["review_reasons"] == REASONS
    assert told["final"]
    stage.trial_balance(bench)


@pytest.mark.covers("C11")
def test_a_review_before_the_entry_is_final_changes_the_entry_itself(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    look_again(bench, reply, "UPHELD")
    entry = steward_entry(bench)
    assert (entry["state"], entry["bad"], entry["score"]) == ("PUBLISHED", 0, 86)
    bench.fire("2025-04-16T00:01")
    assert (steward_entry(bench)["state"], steward_entry(bench)["score"]) == ("FINAL", 86)


@pytest.mark.covers("C11", "N2")
def test_a_review_changes_an_entry_that_another_objection_holds_and_leaves_it_held(
    published,  # noqa: F811
):
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    other = file(
        bench, "ENTRY", f"{settlement_of(bench)['id']}/{STEWARD}", text="整条记录请一并复核"
    )
    bench.fire("2025-04-16T00:01")
    look_again(bench, reply, "UPHELD")
    entry = steward_entry(bench)
    assert (entry["state"], entry["bad"]) == ("HELD", 0)
    assert stage.balances(bench, STEWARD) == (0, 0)
    withdraw(bench, other)
    assert steward_entry(bench)["state"] == "FINAL"
    assert stage.balances(bench, STEWARD) == (65, 0)


@pytest.mark.covers("C18")
def test_a_review_is_made_on_a_higher_level_by_nobody_who_had_a_part(published):  # noqa: F811
    bench = published
    reply = file(bench)
    accept(bench, reply)
    bench.as_("R_CADRE", person="per_clerk", scope=stage.COMMUNITY)
    on(bench, "decide_objection", reply, outcome="DISMISSED", reasons=REASONS)
    with pytest.raises(StateConflict):
        look_again(bench, reply, "UPHELD")
    ask_review(bench, reply)
    with pytest.raises(RoleDenied):
        look_again(bench, reply, "UPHELD", role="R_CADRE", scope=stage.COMMUNITY)
    with pytest.raises(NotFound):
        look_again(bench, reply, "UPHELD", role="R_STREET", scope="370811016")
    # The decider in another office, who confirmed the month, and the subject.
    for person in ("per_clerk", "per_street", "per_s"):
        with pytest.raises(InChain):
            look_again(bench, reply, "UPHELD", role="R_STREET", scope=STREET, person=person)
    with pytest.raises(ReasonsRequired):
        look_again(bench, reply, "UPHELD", reasons="支持")
    with pytest.raises(Invalid):
        look_again(bench, reply, "PERHAPS")
    look_again(bench, reply, "DISMISSED", role="R_STREET_LEAD", scope=STREET)
    assert award_state(bench)[0] == "APPROVED"
    with pytest.raises(StateConflict):
        look_again(bench, reply, "UPHELD")


@pytest.mark.covers("C18")
def test_the_level_that_decided_does_not_review(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    for role in ("R_STREET", "R_STREET_LEAD"):
        with pytest.raises(LevelTooLow):
            look_again(bench, reply, "UPHELD", role=role, scope=STREET)
    look_again(bench, reply, "UPHELD")


def test_a_decision_is_reviewed_once(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    with pytest.raises(StateConflict):
        ask_review(bench, reply)
    look_again(bench, reply, "DISMISSED")
    with pytest.raises(StateConflict):
        ask_review(bench, reply)


@pytest.mark.covers("N2")
def test_a_review_never_makes_it_worse_for_who_asked(published):  # noqa: F811
    bench = published
    reply = decided(bench, "PARTLY", score=0)
    ask_review(bench, reply)
    with pytest.raises(WorseThanDecided):
        look_again(bench, reply, "DISMISSED")
    with pytest.raises(Invalid):
        look_again(bench, reply, "PARTLY", score=-1)
    assert look_again(bench, reply, "PARTLY")["outcome"] == "PARTLY"
    bench.fire("2025-04-16T00:01")
    assert (steward_entry(bench)["bad"], award_state(bench)[0]) == (0, "APPROVED")


@pytest.mark.covers("C11")
def test_what_was_upheld_in_part_can_be_upheld_by_a_review(published):  # noqa: F811
    bench = published
    reply = decided(bench, "PARTLY", score=0)
    ask_review(bench, reply)
    look_again(bench, reply, "UPHELD")
    assert award_state(bench)[0] == "REVERSED"


@pytest.mark.covers("C11")
def test_a_dismissed_objection_can_be_upheld_in_part_by_a_review(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    with pytest.raises(Invalid):
        look_again(bench, reply, "PARTLY")
    with pytest.raises(Invalid):
        # H1-9: all of it would be left.
        look_again(bench, reply, "PARTLY", score=-1)
    look_again(bench, reply, "PARTLY", score=0)
    entry = steward_entry(bench)
    assert (entry["state"], entry["bad"]) == ("PUBLISHED", 0)


def test_a_decision_that_dismisses_again_changes_nothing_whatever_else_the_order_says(
    published,  # noqa: F811
):
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    look_again(bench, reply, "DISMISSED", score=0)
    assert award_state(bench)[0] == "APPROVED"
    assert steward_entry(bench)["bad"] == 1


def test_a_review_is_asked_for_by_who_filed_within_five_working_days_with_grounds(
    published,  # noqa: F811
):
    bench = published
    reply = file(bench)
    accept(bench, reply)
    with pytest.raises(StateConflict):
        ask_review(bench, reply)
    decide(bench, reply, "DISMISSED")
    with pytest.raises(TextTooShort):
        ask_review(bench, reply, grounds=" ")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    with pytest.raises(NotFound):
        on(bench, "request_review", reply, grounds="我也不同意这个裁定")
    bench.fire("2025-04-15T23:59:59")
    assert not card(bench, reply)["final"]
    bench.fire("2025-04-16T00:00")
    with pytest.raises(DeadlinePassed):
        ask_review(bench, reply)
    assert card(bench, reply)["final"]


def test_the_last_second_of_the_fifth_working_day_is_in_time(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    bench.fire("2025-04-15T23:59:59")
    assert ask_review(bench, reply)["state"] == "REVIEW_REQUESTED"


def test_what_was_upheld_needs_no_review_and_is_final(published):  # noqa: F811
    bench = published
    reply = decided(bench, "UPHELD")
    assert card(bench, reply)["final"]
    with pytest.raises(NothingToReview):
        ask_review(bench, reply)


def test_nobody_reviews_the_district(published):  # noqa: F811
    bench = published
    reply = file(bench)
    accept(bench, reply)
    bench.as_("R_DISTRICT", person="per_d", scope=DISTRICT)
    on(bench, "decide_objection", reply, outcome="DISMISSED", reasons=REASONS)
    assert card(bench, reply)["final"]
    with pytest.raises(NoHigherLevel):
        ask_review(bench, reply)


def test_a_review_that_nobody_makes_in_ten_working_days_is_marked_and_can_still_be_made(
    published,  # noqa: F811
):
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    bench.fire("2025-04-22T23:59")
    assert not card(bench, reply)["review_overdue"]
    bench.fire("2025-04-23T00:00")
    found = card(bench, reply)
    assert (found["state"], found["review_overdue"], found["overdue"], found["final"]) == (
        "REVIEW_REQUESTED",
        True,
        False,
        False,
    )
    # The decision stands meanwhile.
    assert award_state(bench) == ("APPROVED", True)
    look_again(bench, reply, "UPHELD")
    assert award_state(bench)[0] == "REVERSED"


def test_while_a_review_goes_on_the_same_thing_is_not_objected_to_again(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    with pytest.raises(AlreadyObjected):
        file(bench)
    listed = bench.as_("R_STREET", person="per_x", scope=STREET).ask(
        "objections", {"state": "REVIEW_REQUESTED"}
    )
    assert [one["id"] for one in listed["items"]] == [reply["id"]]
    look_again(bench, reply, "DISMISSED")
    file(bench)


@pytest.mark.covers("C11")
def test_what_another_decision_has_taken_back_is_not_taken_back_twice(published):  # noqa: F811
    bench = published
    first = file(bench)
    second = file(
        bench, "ENTRY", f"{settlement_of(bench)['id']}/{STEWARD}", text="整条记录请一并复核"
    )
    accept(bench, first)
    accept(bench, second)
    decide(bench, second, "UPHELD", award_ids=[uuid_text(deduction(bench))])
    before = bench.rows("SELECT state, reason, version FROM awards WHERE deduction")
    with pytest.raises(StateConflict):
        decide(bench, first, "PARTLY", score=0, person="per_other")
    decide(bench, first, "UPHELD", person="per_other")
    assert bench.rows("SELECT state, reason, version FROM awards WHERE deduction") == before


@pytest.mark.covers("C14")
def test_between_confirmation_and_publication_an_objection_is_not_upheld(credit):  # noqa: F811
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    reply = file(bench)
    found = close_month(bench, given=rows())
    bench.at("2025-04-07T10:00")
    confirm(bench, found, review(bench, found)["version"])
    # What was confirmed by its digest is published as it is; the day after it can be changed.
    with pytest.raises(StateConflict):
        decide(bench, reply, "UPHELD", version=card(bench, reply)["version"])
    bench.fire("2025-04-08T10:00")
    assert steward_entry(bench)["state"] == "HELD"
    decide(bench, reply, "UPHELD", version=card(bench, reply)["version"])
    assert (steward_entry(bench)["state"], steward_entry(bench)["bad"]) == ("PUBLISHED", 0)


@pytest.mark.covers("C11")
def test_a_review_in_the_running_month_works_in_that_month(credit):  # noqa: F811
    bench = credit
    bench.at("2025-03-12T10:00").deliver([missed(bench, at="2025-03-12T10:00")])
    reply = decided(bench)
    ask_review(bench, reply)
    look_again(bench, reply, "UPHELD")
    assert award_state(bench)[0] == "REVERSED"
    assert entry_of(close_month(bench), STEWARD)["bad"] == 0


@pytest.mark.covers("C11")
def test_a_partial_decision_on_a_month_that_is_drafted_drafts_it_again(credit):  # noqa: F811
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    reply = file(bench)
    accept(bench, reply)
    assert entry_of(close_month(bench), STEWARD)["bad"] == 1
    decide(bench, reply, "PARTLY", score=0, version=card(bench, reply)["version"])
    run_jobs(bench)
    assert steward_entry(bench)["bad"] == 0


@pytest.mark.covers("M-23", "REQ-L20")
def test_indicators_count_neither_what_is_withdrawn_nor_what_lapsed_as_decided(
    published,  # noqa: F811
):
    bench = published
    withdraw(bench, file(bench))
    file(bench)

    def counted():
        return bench.as_("R_DISTRICT", person="per_d").ask("indicators", {"period": PERIOD})["M-23"]

    assert (counted()["filed"], counted()["upheld"]["whole"], counted()["in_time"]["whole"]) == (
        2,
        0,
        0,
    )
    bench.fire("2025-05-09T00:00")
    assert counted()["upheld"]["whole"] == 0
    assert (counted()["in_time"]["part"], counted()["in_time"]["whole"]) == (0, 1)


@pytest.mark.covers("M-23", "C11")
def test_indicators_count_the_outcome_of_the_review(published):  # noqa: F811
    bench = published
    reply = decided(bench)
    ask_review(bench, reply)
    look_again(bench, reply, "UPHELD")
    found = bench.as_("R_DISTRICT", person="per_d").ask("indicators", {"period": PERIOD})["M-23"]
    assert (found["upheld"]["part"], found["upheld"]["whole"]) == (1, 1)
    assert found["rule_review"]


# --------------------------------------------------------------------------------------------------
# Until it is decided


@pytest.mark.covers("N2", "REQ-L05")
def test_a_person_who_objects_keeps_the_better_of_the_two_values_until_it_is_decided(
    published,  # noqa: F811
):
    bench = published

    def own_score():
        sheet = filer(bench).ask("me")["subjects"]
        return next(one for one in sheet if one["subject"] == STEWARD)["standing"]

    assert own_score()["grade"] == "NR"
    reply = file(bench)
    assert steward_entry(bench)["score"] == 85
    assert (own_score()["period"], own_score()["score"], own_score()["grade"]) == (
        PERIOD,
        86,
        "AAA",
    )
    bench.fire("2025-04-16T00:01")
    assert own_score()["score"] == 86
    decide(bench, reply, "DISMISSED", version=card(bench, reply)["version"])
    assert own_score()["score"] == 85


@pytest.mark.covers("N19")
def test_who_holds_a_post_learns_that_somebody_objects_but_not_who_nor_what(
    published,  # noqa: F811
):
    bench = published
    bench.consume(
        "property",
        "appointment_activated.v1",
        {
            "appointment_id": "apt_1",
            "project_id": "prj_1",
            "direction": "C2P",
            "person_id": "per_dual",
            "post": "DEPUTY_MANAGER",
        },
        subject="prj_1",
        scope=stage.COMMUNITY,
    )
    reply = file(
        bench,
        "ENTRY",
        f"{settlement_of(bench)['id']}/PRJ:prj_1",
        person="per_b",
        role="R_RESIDENT",
        text="公示的按时办结率与小区实际不符,附楼栋台账。",
    )
    # A cadre with a post in the project, in the list and on the card; and in what concerns that cadre.
    bench.as_("R_CADRE", person="per_dual", scope=stage.COMMUNITY)
    seen = [
        bench.ask("objections", {})["items"][0],
        bench.ask("objection", {"objection_id": reply["id"]}),
        bench.ask("me")["objections"][0],
    ]
    for one in seen:
        assert one["id"] == reply["id"]
        assert {"person_id", "text", "evidence", "review_grounds"}.isdisjoint(one)
    other = bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    assert other.ask("objection", {"objection_id": reply["id"]})["person_id"] == "per_b"


# --------------------------------------------------------------------------------------------------
# Corrections


def correct(bench, *, person="per_cadre", scope=stage.COMMUNITY, role="R_CADRE", **more):
    order = {
        "target": "AWARD",
        "target_id": uuid_text(deduction(bench)),
        "text": FACTS,
        "reasons": REASONS,
    }
    return bench.as_(role, person=person, scope=scope).do("start_correction", order | more)


@pytest.mark.covers("C11", "C18")
def test_a_correction_goes_the_way_of_an_objection_and_its_subject_is_told(
    published,  # noqa: F811
):
    bench = published
    reply = correct(bench)
    assert reply["holds_entry"]
    assert steward_entry(bench)["state"] == "HELD"
    told = filer(bench).ask("me")["objections"]
    assert [(one["kind"], one["text"], one["grounds"]) for one in told] == [
        ("CORRECTION", FACTS, REASONS)
    ]
    assert "person_id" not in told[0]
    listed = bench.as_("R_STREET", person="per_x", scope=STREET).ask(
        "objections", {"kind": "CORRECTION"}
    )
    assert [one["id"] for one in listed["items"]] == [reply["id"]]
    assert bench.ask("objections", {"kind": "OBJECTION"})["items"] == []
    bench.as_("R_CADRE", person="per_second", scope=stage.COMMUNITY)
    on(bench, "accept_objection", reply)
    # Two persons: neither who started it nor who had a hand in the month decides.
    for person in ("per_cadre", "per_street", "per_s"):
        with pytest.raises(InChain):
            decide(bench, reply, "UPHELD", person=person)
    decide(bench, reply, "UPHELD")
    entry = steward_entry(bench)
    assert (entry["state"], entry["score"]) == ("PUBLISHED", 86)
    told = filer(bench).ask("me")["objections"][0]
    assert (told["state"], told["outcome"], told["reasons"]) == ("DECIDED", "UPHELD", REASONS)


def test_a_correction_keeps_nobody_from_objecting_himself(published):  # noqa: F811
    bench = published
    correction = correct(bench)
    with pytest.raises(AlreadyObjected):
        correct(bench, person="per_other")
    own = file(bench)
    on(bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY), "withdraw_objection",
       correction)  # fmt: skip
    assert steward_entry(bench)["state"] == "HELD"
    withdraw(bench, own)
    assert steward_entry(bench)["state"] == "PUBLISHED"


@pytest.mark.covers("C18", "N6")
def test_a_correction_needs_facts_reasons_a_cadre_of_the_place_and_nobody_concerned(
    published,  # noqa: F811
):
    bench = published
    with pytest.raises(TextRequired):
        correct(bench, text="错")
    with pytest.raises(ReasonsRequired):
        correct(bench, reasons="登记有误")
    with pytest.raises(Invalid):
        correct(bench, target="SCORE")
    with pytest.raises(NotFound):
        correct(bench, target_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(RoleDenied):
        correct(bench, scope="370811016901")
    with pytest.raises(RoleDenied):
        correct(bench, role="R_RESIDENT")
    with pytest.raises(SelfApproval):
        correct(bench, person="per_s")
    bench.consume(
        "property",
        "project_manager_changed.v1",
        {"project_id": "prj_1", "person_id": "per_m"},
        subject="prj_1",
        scope=stage.COMMUNITY,
    )
    entry = f"{settlement_of(bench)['id']}/PRJ:prj_1"
    with pytest.raises(ConflictOfInterest):
        correct(bench, target="ENTRY", target_id=entry, person="per_m")
    # An omission is somebody else's: it is named with its subject.
    with pytest.raises(NotFound):
        correct(bench, target="OMISSION", target_id=settlement_of(bench)["id"])
    assert correct(bench, target="OMISSION", target_id=entry)["state"] == "FILED"


@pytest.mark.covers("C11")
def test_a_correction_of_a_final_month_takes_a_gain_back_from_the_open_month(
    published,  # noqa: F811
):
    bench = published
    bench.fire("2025-04-16T00:01")
    bench.at("2025-04-20T10:00")
    gain = bench.rows(
        "SELECT award_id, points FROM awards WHERE subject_id = 'RES:per_a' AND points > 0"
    )[0]
    reply = correct(bench, target_id=uuid_text(str(gain["award_id"])))
    assert not reply["holds_entry"]
    on(bench.as_("R_CADRE", person="per_two", scope=stage.COMMUNITY), "accept_objection", reply)
    # Until it is decided nothing is taken.
    assert stage.balances(bench, "RES:per_a") == (30, 0)
    decide(bench, reply, "UPHELD")
    assert stage.balances(bench, "RES:per_a") == (30 - gain["points"], 0)
    entry = entry_of(settlement_of(bench), "RES:per_a")
    assert (entry["state"], entry["score"]) == ("FINAL", 1003)
    stage.trial_balance(bench)


@pytest.mark.covers("C11")
def test_a_correction_before_the_entry_is_final_takes_a_gain_out_of_the_entry(
    published,  # noqa: F811
):
    bench = published
    gain = bench.rows(
        "SELECT award_id, points FROM awards WHERE subject_id = 'RES:per_a' AND points > 0"
    )[0]
    reply = correct(bench, target_id=uuid_text(str(gain["award_id"])))
    on(bench.as_("R_CADRE", person="per_two", scope=stage.COMMUNITY), "accept_objection", reply)
    decide(bench, reply, "UPHELD")
    bench.fire("2025-04-16T00:01")
    entry = entry_of(settlement_of(bench), "RES:per_a")
    assert (entry["state"], entry["score"]) == ("FINAL", 1002)
    assert stage.balances(bench, "RES:per_a") == (30 - gain["points"], 0)
    stage.trial_balance(bench)
