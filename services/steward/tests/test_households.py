"""The matter of a household is the matter of each member, whenever he came into it."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    Ground,
    person_id,
    steward_id,
)

TWIN = person_id(51)
STREET = COMMUNITY[:9]
ELSEWHERE = STREET + "999"


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    for steward in (STW_STAFF, STW_STAFF_2):
        ground.shift(steward, "2025-03-03T08:00", "2025-03-03T22:00")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def version_of(ground, who):
    (row,) = ground.bench.rows("SELECT version FROM persons WHERE person_id = :p", p=who)
    return row["version"]


def household(ground, name, *persons):
    """Let people be of one household, or of none."""
    for who in persons:
        what = {"household_id": name} if name else {"clear": ["household_id"]}
        ground.bench.as_("R_DISTRICT").do(
            "correct_person",
            {"person_id": who, "reason": "同户"} | what,
            version=version_of(ground, who),
        )


def card(ground, reply):
    return ground.cadre().ask("request", {"request_id": reply["id"]})


def merge(ground, reply, into, who=OTHER_CADRE):
    found = card(ground, reply)
    return ground.step("merge_request", found, who, "R_CADRE", COMMUNITY, into=into["id"])


# --------------------------------------------------------------------------------------------------
# Who has it in hand, and who judges it


def test_who_lives_with_a_merged_reporter_neither_handles_nor_decides(staffed):
    """K12: only the first reporter's household stood back."""
    stays, other = staffed.submit(who=WANG), staffed.submit(who=LI)
    merge(staffed, other, stays)
    household(staffed, "hh_li", LI, CADRE)
    found = card(staffed, stays)
    for method, body in (
        ("dispatch_request", {}),
        ("correct_request", {"reason": "不是报修", "kind": "HELP"}),
        ("reject_request", {"reason": "NO_SUBSTANCE", "note": "不属实"}),
    ):
        with pytest.raises(errors.ConflictOfInterest):
            staffed.step(method, found, CADRE, "R_CADRE", COMMUNITY, **body)
    household(staffed, "hh_li", STAFF, STAFF_2)
    found = card(staffed, stays)
    assert staffed.handler_of(stays) not in {STAFF, STAFF_2, CADRE}


def test_merging_takes_a_case_from_who_lives_with_the_second_reporter(staffed):
    stays, other = staffed.submit(who=WANG), staffed.submit(who=LI)
    handler = staffed.handler_of(stays)
    household(staffed, "hh_li", LI, handler)
    assert staffed.handler_of(stays) == handler
    merge(staffed, other, stays)
    assert staffed.handler_of(stays) != handler
    lines = staffed.cadre().ask("timeline", {"request_id": stays["id"]})["items"]
    assert lines[-1]["detail"]["reason"] == "CONFLICT_OF_INTEREST"


@pytest.mark.parametrize("way", ["correct", "move", "register", "import of many"])
def test_who_comes_to_live_with_the_handler_takes_the_case_from_him(staffed, way):
    reply = staffed.submit(who=WANG)
    handler = staffed.handler_of(reply)
    household(staffed, "hh_new", handler)
    if way == "correct":
        household(staffed, "hh_new", WANG)
    elif way == "move":
        order = {"person_id": WANG, "to_grid": GRID_2, "household_id": "hh_new"}
        staffed.bench.as_("R_DISTRICT").do("move_person", order, version=1)
    else:
        # A newcomer brings nothing: the reporter already lives there.
        household(staffed, "hh_new", WANG)
    assert staffed.handler_of(reply) != handler


def test_who_joins_the_handler_s_household_after_the_resolution_does_not_rate_him(staffed):
    """K12: the wife of tomorrow gave five stars and two points."""
    done = staffed.resolved(staffed.written_for())
    paper = staffed.receipt(done)
    handler = staffed.handler_of(done)
    household(staffed, "hh_new", WANG, handler)
    with pytest.raises(errors.SelfRating):
        staffed.rate(done)
    with pytest.raises(errors.SelfRating):
        staffed.by(GRID_WORKER, "R_GRID", GRID).do(
            "rate_request",
            {"request_id": done["id"], "stars": 5, "solved": True} | paper,
        )
    household(staffed, None, WANG)
    assert staffed.rate(done)["state"] == "RATED"


def test_who_lived_with_the_handler_when_it_was_resolved_does_not_rate_him(staffed):
    """A request without a name is attached to the wife, once she has moved out."""
    reply = staffed.submit(who=None)
    handler = staffed.handler_of(reply)
    household(staffed, "hh_old", WANG, handler)
    done = staffed.resolved(reply)
    staffed.bench.at("2025-03-03T10:00:00")
    household(staffed, None, WANG)
    attached = staffed.cadre().do(
        "attach_reporter",
        {"request_id": done["id"], "person_id": WANG, "reason": "来电补登"},
        version=done["version"],
    )
    with pytest.raises(errors.SelfRating):
        staffed.rate(attached)
    assert staffed.bench.published("request_rated.v1") == []


def test_the_handler_s_household_neither_judges_nor_extends_nor_speaks(staffed):
    """K12: one household in two roles of one check."""
    done = staffed.resolved()
    household(staffed, "hh_new", staffed.handler_of(done), OTHER_CADRE)
    body = {"request_id": done["id"], "stars": 1, "solved": False}
    with pytest.raises(errors.InChain):
        staffed.cadre().do("rate_request", body | {"receipt": "来电录音 2"})
    rated = staffed.by(WANG, "R_RESIDENT", COMMUNITY).do("rate_request", body)
    verdict = {"upheld": False, "reason": "情况不实"}
    with pytest.raises(errors.InChain):
        staffed.step("review_request", rated, OTHER_CADRE, "R_CADRE", COMMUNITY, **verdict)
    long = staffed.submit(category="REPAIR_COMMON", priority="P4")
    handler = staffed.handler_of(long)
    long = staffed.step("accept_request", long, handler)
    household(staffed, "hh_new", handler)
    with pytest.raises(errors.OwnExtension):
        staffed.step(
            "extend_request", long, OTHER_CADRE, "R_CADRE", COMMUNITY,
            reason="等待配件", new_due="2025-03-20T18:00:00+08:00",
        )  # fmt: skip


def test_the_substitute_may_do_what_is_refused(staffed):
    """The one who was named could not: a grid worker dispatches nothing."""
    household(staffed, "hh_li", WANG, CADRE, OTHER_CADRE)
    reply = staffed.submit(who=WANG)
    with pytest.raises(errors.ConflictOfInterest) as refused:
        staffed.step("dispatch_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY)
    # No cadre of the community is free of it: the office of the street, which does it.
    assert refused.value.params == {"substitute": STREET, "role": "R_STREET"}
    assert staffed.step("dispatch_request", reply, person_id(88), "R_STREET", STREET)["handler"]
    third = steward_id(16)
    staffed.person(person_id(89), "马六")
    staffed.steward(third, person_id(89), "COMMUNITY_CADRE", (GRID,))
    with pytest.raises(errors.ConflictOfInterest) as refused:
        staffed.step("dispatch_request", card(staffed, reply), CADRE, "R_CADRE", COMMUNITY)
    assert refused.value.params == {"substitute": third, "role": "COMMUNITY_CADRE"}
    assert STW_CADRE not in refused.value.describe()
    staffed.step("dispatch_request", card(staffed, reply), person_id(89), "R_CADRE", COMMUNITY)


# --------------------------------------------------------------------------------------------------
# Double registrations


@pytest.fixture
def twin(ground):
    ground.person(TWIN, "王小丽", phone="12800000051", grid=GRID_2)
    return {"person_id": TWIN, "into": WANG, "reason": "同一人登记两次"}


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("whose", [TWIN, WANG])
def test_a_household_decides_nothing_about_its_own_double_registration(
    ground, twin, whose, confirmed
):
    """C1: only the person himself was refused."""
    proposed = ground.cadre(CADRE).do("propose_merge", twin, version=1)
    household(ground, "hh_w", whose, OTHER_CADRE)
    decide = {"merge_id": proposed["id"], "confirmed": confirmed}
    for who in (whose, OTHER_CADRE):
        with pytest.raises(errors.SelfConfirm):
            ground.cadre(who).do("decide_merge", decide, version=1)
    household(ground, None, OTHER_CADRE)
    household(ground, "hh_c", OTHER_CADRE, CADRE)
    if confirmed:
        # Husband and wife are not two who check each other.
        with pytest.raises(errors.RecorderConfirms):
            ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    assert ground.cadre(GRID_WORKER).do("decide_merge", decide, version=1)["state"] != "PROPOSED"


def test_nobody_proposes_his_own(ground, twin):
    """C1: X proposed a merge into himself, and nobody minded."""
    household(ground, "hh_w", WANG, OTHER_CADRE)
    for who in (WANG, TWIN, OTHER_CADRE):
        with pytest.raises(errors.SelfConfirm):
            ground.cadre(who).do("propose_merge", twin, version=1)


def test_a_second_proposer_is_told_that_one_waits(ground, twin):
    """C1: he got the first one's id, and decided it."""
    first = ground.cadre(CADRE).do("propose_merge", twin, version=1)
    with pytest.raises(StateConflict):
        ground.cadre(OTHER_CADRE).do("propose_merge", twin, version=1)
    assert ground.cadre(CADRE).do("propose_merge", twin, version=1) == first


def test_nobody_confirms_what_his_household_wrote_down(ground):
    hours = ground.cadre(CADRE).do(
        "record_hours",
        {
            "person_id": WANG,
            "minutes": 60,
            "source": "QR",
            "date": "2025-03-01",
            "activity": "清雪",
        },
    )
    household(ground, "hh_c", CADRE, OTHER_CADRE)
    order = {"record_id": hours["id"], "minutes": 60}
    with pytest.raises(errors.RecorderConfirms):
        ground.cadre(OTHER_CADRE).do("confirm_hours", order, version=1)
    assert ground.cadre(GRID_WORKER).do("confirm_hours", order, version=1)["state"] == "CONFIRMED"


def test_a_household_counts_no_shift_and_ends_no_suspension_of_its_own(staffed):
    """K12: attendance earns points; the wife planned yesterday's shift and marked today's."""
    household(staffed, "hh_c", CADRE, OTHER_CADRE)
    wife = staffed.cadre(OTHER_CADRE)
    shift = {"steward_id": STW_CADRE, "grid": GRID, "place": "红色驿站"}
    past = {"start": "2025-02-28T08:00:00+08:00", "end": "2025-02-28T18:00:00+08:00"}
    today = {"start": "2025-03-03T08:00:00+08:00", "end": "2025-03-03T18:00:00+08:00"}
    with pytest.raises(errors.PastShift):
        wife.do("plan_shift", shift | past)
    made = wife.do("plan_shift", shift | today)
    assert staffed.cadre().ask("shift", {"shift_id": made["id"]})["self_planned"] is True
    with pytest.raises(errors.SelfConfirm):
        staffed.cadre(OTHER_CADRE).do("attend_shift", {"shift_id": made["id"]}, version=1)
    assert staffed.by(CADRE).do("attend_shift", {"shift_id": made["id"]}, version=1)["version"] == 2
    street = staffed.bench.as_("R_STREET", scope=STREET)
    order = {"steward_id": STW_CADRE, "reason": "待核查"}
    version = street.do("suspend_steward", order, version=1)["version"]
    for who in (CADRE, OTHER_CADRE):
        with pytest.raises(errors.SelfConfirm):
            staffed.cadre(who).do("resume_steward", {"steward_id": STW_CADRE}, version=version)
    resumed = {"steward_id": STW_CADRE}
    assert staffed.cadre(GRID_WORKER).do("resume_steward", resumed, version=version)["state"]


def test_nobody_makes_himself_or_his_household_the_reporter(staffed):
    reply = staffed.submit(who=None)
    household(staffed, "hh_w", WANG, OTHER_CADRE)
    for who in (OTHER_CADRE, WANG):
        order = {"request_id": reply["id"], "person_id": WANG, "reason": "来电补登"}
        with pytest.raises(errors.InChain):
            staffed.cadre(who).do("attach_reporter", order, version=reply["version"])


def test_what_is_said_of_a_registration_that_was_given_up_is_said_of_who_stays(ground, twin):
    """A post or a topic is told after the merge, under the old id."""
    proposed = ground.cadre(CADRE).do("propose_merge", twin, version=1)
    decide = {"merge_id": proposed["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    topic = {
        "topic_id": "top_1", "community": COMMUNITY, "proposer": TWIN, "title": "我家门口的灯",
        "text": "夜里不亮", "category": "REPAIR_COMMON",
    }  # fmt: skip
    ground.bench.consume("forum", "topic_redirected.v1", topic, subject="top_1")
    (said,) = ground.bench.published("request_submitted.v1")
    assert said["data"]["reporter_id"] == WANG
    partner = {"partner_id": "ptn_1", "org_id": "org_1", "operators": [TWIN, CADRE]}
    ground.bench.consume("partner", "partner_operators_changed.v1", partner, subject="ptn_1")
    rows = ground.bench.rows("select distinct person_id from parties order by person_id")
    assert [row["person_id"] for row in rows] == [WANG, CADRE]


# --------------------------------------------------------------------------------------------------
# Where a household lives


def two_places_stage(bench):
    """A household of the community, and another community of its street."""
    ground = Ground(bench)
    bench = ground.bench.as_("R_STREET", scope=STREET)
    bench.do("define_area", {"code": ELSEWHERE, "name": "他社区", "kind": "COMMUNITY"})
    bench.do("define_area", {"code": ELSEWHERE + "001", "name": "他网格", "kind": "GRID"})
    ground.person(CHEN, "陈静", grid=GRID, household_id="hh_t2")


@pytest.fixture
def two_places(ground):
    return ground.staged(two_places_stage)


def newcomer(number, grid=ELSEWHERE + "001", household_id="hh_t2", **more):
    return {
        "person_id": person_id(number), "name": "何平", "synthetic": True, "grid": grid,
        "household_id": household_id,
    } | more  # fmt: skip


def test_every_door_refuses_a_household_of_another_community(two_places):
    """B3: cadre's registration and files asked nobody where the household lives."""
    bench = two_places.bench.as_("R_STREET", scope=STREET)
    with pytest.raises(errors.HouseholdElsewhere) as refused:
        bench.do("register_person", newcomer(61))
    assert (refused.value.guard, refused.value.status) == ("HOUSEHOLD_ELSEWHERE", 422)
    many = [newcomer(61), newcomer(62, GRID), newcomer(63, household_id="hh_n"),
            newcomer(64, GRID, "hh_n")]  # fmt: skip
    lines = bench.do("register_people", {"people": many})["items"]
    assert [line["result"] for line in lines] == [
        "HOUSEHOLD_ELSEWHERE", "stored", "stored", "HOUSEHOLD_ELSEWHERE",
    ]  # fmt: skip
    move = {"person_id": WANG, "to_grid": ELSEWHERE + "001", "household_id": "hh_t2"}
    with pytest.raises(errors.HouseholdElsewhere):
        bench.do("move_person", move, version=1)
    correct = {"person_id": person_id(63), "household_id": "hh_t2", "reason": "同户"}
    with pytest.raises(errors.HouseholdElsewhere):
        bench.do("correct_person", correct, version=1)
    bench.do("deactivate_person", {"person_id": WANG, "reason": "MOVED_OUT"}, version=1)
    back = {"person_id": WANG, "grid": ELSEWHERE + "001", "household_id": "hh_t2", "reason": "回迁"}
    with pytest.raises(errors.HouseholdElsewhere):
        bench.do("return_person", back, version=2)
    again = newcomer(1, id_no="370899198001010012", phone="12812345678", name="王小丽")
    with pytest.raises(errors.HouseholdElsewhere):
        bench.do("register_person", again)
    assert bench.do("return_person", back | {"grid": GRID_2}, version=2)["state"] == "ACTIVE"


def test_a_household_moves_one_after_the_other(two_places):
    bench = two_places.bench.as_("R_STREET", scope=STREET)
    bench.do("register_person", newcomer(62, GRID))
    for who, version in ((person_id(62), 1), (CHEN, 1)):
        order = {"person_id": who, "to_grid": ELSEWHERE + "001", "household_id": "hh_t2"}
        assert bench.do("move_person", order, version=version)["version"] == 2
    assert bench.do("register_person", newcomer(65))["state"] == "ACTIVE"


def test_nobody_changes_what_is_registered_of_himself_or_his_household(staffed):
    """K12: a cadre made himself an adult, moved himself, and recorded his wife's death."""
    household(staffed, "hh_c", OTHER_CADRE, WANG)

    def version(who):
        return staffed.bench.rows("SELECT version AS v FROM persons WHERE person_id = :p", p=who)[
            0
        ]["v"]

    for who in (OTHER_CADRE, WANG):
        for method, body in (
            ("correct_person", {"birth_year": 1930, "reason": "登记有误"}),
            ("deactivate_person", {"reason": "DECEASED"}),
        ):
            with pytest.raises(errors.SelfConfirm):
                staffed.bench.as_("R_DISTRICT", person=OTHER_CADRE).do(
                    method, {"person_id": who} | body, version=version(who)
                )
    with pytest.raises(errors.SelfConfirm):
        staffed.cadre().do(
            "move_person", {"person_id": WANG, "to_grid": GRID_2}, version=version(WANG)
        )
    staffed.dies(WANG, version(WANG), by=CADRE)
