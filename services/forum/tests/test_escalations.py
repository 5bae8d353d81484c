"""What was missed reaches somebody's list, no matter who missed it, and leaves it with what was done."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    CAI,
    COMMUNITY,
    GRID,
    LEADER,
    OTHER_COMMUNITY,
    PROJECT,
    SECRETARY,
    STREET,
    TEAM,
    WORKER,
)

pytestmark = pytest.mark.slow

REASONS = "多数居民同意,已另辟车位。"
REQUEST = "req_1"


def late_request(town, level=1, ref=REQUEST, grid=GRID, **more):
    town.bench.consume(
        "steward",
        "request_escalated.v1",
        {"request_id": ref, "level": level, "official_id": None, "grid": grid,
         "number": "SR-20250303-015901-00001"} | more,
        subject=ref,
        scope=grid[:12],
        sequence=level,
    )  # fmt: skip


def late_order(town, level=1, ref="rec_1"):
    town.bench.consume(
        "property",
        "rectification_escalated.v1",
        {"rectification_id": ref, "project_id": PROJECT, "severity": "S3", "level": level,
         "official_id": None},
        subject=ref,
        scope=COMMUNITY,
        sequence=level,
    )  # fmt: skip


def listed(actor, **asked):
    return actor.ask("escalations", asked)["items"]


def leader(town):
    return town.bench.as_("R_DISTRICT_LEAD", person=LEADER, scope="370811")


def lead(town, person=TEAM):
    return town.bench.as_("R_STREET_LEAD", person=person, scope=STREET)


def test_an_overdue_request_reaches_cadre_street_and_district_leader(town):
    """SP-D11: /v1/forum/escalations was empty for all of them."""
    for level in (1, 2, 3):
        late_request(town, level)
    late_request(town, 3)
    for enter, tier, person in (
        (town.cadre, "COMMUNITY_CADRE", CADRE),
        (town.street, "STREET_TEAM", TEAM),
        (lambda: lead(town), "STREET_TEAM", TEAM),
        (lambda: leader(town), "DISTRICT_LEADER", LEADER),
    ):
        items = listed(enter(), tier=tier)
        assert [(i["source"], i["ref"], i["person_id"]) for i in items] == [
            ("REQUEST", REQUEST, person)
        ]
        assert items[0]["path"] == f"/v1/steward/requests/{REQUEST}"
    assert [i["level"] for i in listed(town.street(), level=2)] == [2]
    assert len(listed(town.street())) == 3
    assert [i["level"] for i in listed(lead(town), mine=True)] == [2]
    told = lead(town).ask("my_messages")["items"][0]
    assert "SR-20250303-015901-00001" in told["text"]


def test_an_overdue_order_of_the_property_is_listed_too(town):
    """SP-D11: nobody but credit heard rectification_escalated."""
    late_order(town, 1)
    late_order(town, 2)
    (street,) = listed(lead(town), mine=True)
    assert (street["source"], street["tier"]) == ("RECTIFICATION", "STREET_TEAM")
    (district,) = listed(leader(town), mine=True)
    assert district["tier"] == "DISTRICT_LEADER"
    town.bench.consume(
        "property",
        "rectification_passed.v1",
        {"rectification_id": "rec_1", "project_id": PROJECT, "severity": "S3", "late": True},
        subject="rec_1",
        sequence=9,
    )
    assert listed(lead(town)) == []
    assert {i["outcome"] for i in listed(lead(town), state="DONE")} == {"ENDED"}


def test_an_order_that_ended_with_its_task_or_project_is_listed_no_longer(town):
    """K13: the orders of a closed project waited before the street for ever."""
    late_order(town, 1)
    ended = {"rectification_id": "rec_1", "project_id": PROJECT}
    town.bench.consume("property", "rectification_ended.v1", ended, subject="rec_1", sequence=9)
    assert listed(lead(town)) == []
    assert {i["outcome"] for i in listed(lead(town), state="DONE")} == {"ENDED"}


def test_an_overdue_objection_to_credit_is_listed_until_it_has_ended(town):
    """t2 B11: street and district had no list that showed it."""
    for level in (1, 2):
        town.bench.consume(
            "credit",
            "objection_escalated.v1",
            {"objection_id": "obj_1", "number": "YY-20250303-015901-00001", "level": level},
            subject="obj_1",
            scope=COMMUNITY,
            sequence=level,
        )
    (street,) = listed(lead(town), mine=True)
    assert (street["source"], street["tier"]) == ("OBJECTION", "STREET_TEAM")
    assert street["path"] == "/v1/credit/objections/obj_1"
    (district,) = listed(leader(town), mine=True, source="OBJECTION")
    assert district["tier"] == "DISTRICT_LEADER"
    assert "YY-20250303-015901-00001" in lead(town).ask("my_messages")["items"][0]["text"]
    town.bench.consume(
        "credit",
        "objection_ended.v1",
        {"objection_id": "obj_1", "number": "YY-20250303-015901-00001", "state": "LAPSED"},
        subject="obj_1",
        scope=COMMUNITY,
        sequence=9,
    )
    assert listed(lead(town)) == []


def of_another(town, service, fact, ref, **data):
    town.bench.consume(service, f"{fact}.v1", data, subject=ref, scope=COMMUNITY, sequence=9)


@pytest.mark.parametrize(
    ("source", "overdue", "ended", "ref", "path", "called"),
    [
        (
            "REPAIR",
            ("repair_escalated", {"repair_id": "rpr_1", "number": "XF-1"}),
            ("repair_ended", {"repair_id": "rpr_1", "number": "XF-1", "state": "REJECTED"}),
            "rpr_1",
            "/v1/credit/repairs/rpr_1",
            "XF-1",
        ),
        (
            "VETO",
            ("veto_escalated", {"veto_id": "vto_1", "number": "济任住建罚〔2025〕3号"}),
            ("veto_ended", {"veto_id": "vto_1", "state": "ACTIVE"}),
            "vto_1",
            "/v1/credit/vetoes/vto_1",
            "济任住建罚〔2025〕3号",
        ),
        (
            "NOMINEE",
            ("nominee_objection_escalated", {"objection_id": "nob_1", "number": "BZ-1"}),
            ("nominee_objection_ended", {"objection_id": "nob_1", "state": "UPHELD"}),
            "nob_1",
            "/v1/credit/nominee-objections/nob_1",
            "BZ-1",
        ),
        (
            "REFUND",
            ("refund_overdue", {"redemption_id": "rdm_1", "number": "DH-1", "partner_id": "ptn_1"}),
            ("refund_decided", {"redemption_id": "rdm_1", "outcome": "DENIED"}),
            "rdm_1",
            "/v1/partner/redemptions/rdm_1",
            "DH-1",
        ),
        (
            "DISPUTE",
            (
                "dispute_overdue",
                {"statement_id": "stm_1", "partner_id": "ptn_1", "period": "2025-02"},
            ),
            ("dispute_reviewed", {"statement_id": "stm_1", "outcome": "UPHELD"}),
            "stm_1",
            "/v1/partner/statements/stm_1",
            "2025-02",
        ),
        (
            "STATEMENT",
            (
                "statement_held",
                {
                    "statement_id": "stm_1",
                    "partner_id": "ptn_1",
                    "period": "2025-02",
                    "amount_fen": 600,
                },
            ),
            ("statement_funded", {"statement_id": "stm_1", "state": "CONFIRMED"}),
            "stm_1",
            "/v1/partner/statements/stm_1",
            "2025-02",
        ),
    ],
)
def test_what_is_overdue_elsewhere_is_listed_until_it_is_decided(  # noqa: PLR0917
    town, source, overdue, ended, ref, path, called
):
    """They were marked where they are, and reached nobody."""
    service = path.split("/")[2]
    fact, data = overdue
    of_another(town, service, fact, ref, **data, level=1)
    (street,) = listed(lead(town), mine=True)
    assert (street["source"], street["tier"]) == (source, "STREET_TEAM")
    assert street["path"] == path
    assert called in lead(town).ask("my_messages")["items"][0]["text"]
    of_another(town, service, fact, ref, **data, level=2)
    (district,) = listed(leader(town), mine=True, source=source)
    assert district["tier"] == "DISTRICT_LEADER"
    fact, data = ended
    of_another(town, service, fact, ref, **data)
    assert listed(lead(town)) == []


def test_who_acts_is_found_at_that_moment_and_never_nobody(town):
    """SP-D11: with the cadre's post ended the chain named the acting team, the list nobody."""
    late_request(town)
    town.district()
    town.bench.do("end_official", {"official_id": "off_cadre", "reason": "调任"}, version=1)
    (item,) = listed(lead(town), mine=True)
    assert (item["tier"], item["acting"]) == ("COMMUNITY_CADRE", True)
    late_request(town, ref="req_2")
    assert {i["ref"] for i in listed(lead(town), mine=True)} == {REQUEST, "req_2"}
    town.official("per_new", "COMMUNITY_CADRE", COMMUNITY, "off_new")
    town.link("off_new", "GRID", GRID)
    assert listed(lead(town), mine=True) == []
    assert {i["ref"] for i in listed(town.cadre("per_new"), mine=True)} == {REQUEST, "req_2"}


def test_with_nobody_above_it_is_the_nearest_below(empty):
    empty.ground()
    empty.official(WORKER, "GRID_WORKER", GRID, "off_worker")
    late_request(empty, 3)
    (item,) = listed(empty.bench.as_("R_GRID", person=WORKER, scope=GRID), mine=True)
    assert (item["tier"], item["acting"]) == ("DISTRICT_LEADER", True)


def test_it_is_acknowledged_and_decided_and_leaves_the_list(town):
    """SP-D11: there was no command for R_STREET_LEAD."""
    late_request(town, 2)
    (item,) = listed(lead(town), mine=True)
    body = {"escalation_id": item["id"]}
    done = body | {"outcome": "URGED", "done": "已约谈网格,今日上门"}
    town.cadre()
    with pytest.raises(RoleDenied):
        town.bench.do("decide_escalation", done, version=1)
    town.bench.as_("R_STREET", person="per_x", scope="370811016")
    with pytest.raises(NotFound):
        town.bench.do("acknowledge_escalation", body, version=99)
    lead(town)
    answer = town.bench.do("acknowledge_escalation", body, version=1)
    assert answer["state"] == "ACKNOWLEDGED"
    assert [i["state"] for i in listed(town.street())] == ["ACKNOWLEDGED"]
    town.bench.do("decide_escalation", done, version=2)
    assert listed(town.street()) == []
    (kept,) = listed(town.street(), state="DONE")
    assert (kept["outcome"], kept["done"]) == ("URGED", "已约谈网格,今日上门")
    with pytest.raises(StateConflict):
        town.bench.do("decide_escalation", done, version=3)


def test_what_was_done_elsewhere_leaves_the_list_by_itself(town):
    late_request(town)
    town.bench.consume(
        "steward", "request_closed.v1", {"request_id": REQUEST, "rated": False}, subject=REQUEST,
        sequence=9,
    )  # fmt: skip
    assert listed(town.cadre()) == []
    topic_id = town.submit()
    town.bench.fire("2025-03-08T00:00:00")
    assert [i["ref"] for i in listed(town.street())] == [topic_id]
    town.adopt(topic_id)
    assert listed(town.street()) == []


def test_an_overdue_task_leaves_the_list_when_it_is_delivered(town):
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    town.bench.fire("2025-04-30T00:00:00")
    assert task_id in [i["ref"] for i in listed(town.cadre())]
    town.delivered(task_id)
    assert listed(town.cadre(), source="TASK") == []


def test_each_sees_the_lists_of_his_own_area(town):
    late_request(town)
    elsewhere = town.bench.as_("R_CADRE", person="per_x", scope=OTHER_COMMUNITY)
    assert listed(elsewhere) == []
    with pytest.raises(RoleDenied):
        listed(elsewhere, scope=COMMUNITY)
    with pytest.raises(RoleDenied):
        listed(town.resident())
    assert listed(town.resident(), mine=True) == []


# --------------------------------------------------------------------------------------------------
# Whose matter it is


def refused(town, enter, ref=REQUEST):
    (row,) = town.bench.rows("SELECT escalation_id, version FROM escalations WHERE ref = :r", r=ref)
    which = {"escalation_id": row["escalation_id"]}
    for command, body in (
        ("acknowledge_escalation", {}),
        ("decide_escalation", {"outcome": "NO_ACTION", "done": "已核实"}),
    ):
        with pytest.raises(errors.OwnMatter):
            enter().do(command, which | body, version=row["version"])


def test_a_matter_of_ones_household_does_not_come_before_oneself(town):
    """K12: the cadre saw to what his wife had reported."""
    town.live(CADRE, household="hh_1")
    town.live("per_wife", household="hh_1")
    late_request(town, reporter_id="per_wife")
    (item,) = listed(lead(town))
    assert (item["person_id"], item["acting"]) == (TEAM, True)
    assert listed(town.cadre(), mine=True) == []
    refused(town, town.cadre)
    done = {"escalation_id": item["id"], "outcome": "URGED", "done": "已催办"}
    assert lead(town).do("decide_escalation", done, version=1)["state"] == "DONE"


def test_a_matter_against_oneself_does_not_come_before_oneself(town):
    late_request(town, barred=[CADRE])
    assert [item["person_id"] for item in listed(town.street())] == [TEAM]
    refused(town, town.cadre)
    # Another cadre for the same grid changes nothing for the first.
    town.official("per_heir", "COMMUNITY_CADRE", COMMUNITY, "off_heir")
    town.link("off_heir", "GRID", GRID)
    assert [item["person_id"] for item in listed(town.street())] == ["per_heir"]


def test_whose_it_is_may_become_known_or_near_later(town):
    """The reporter of a phone call is named, or moves in with the official, after it came up."""
    town.live(CADRE, household="hh_1")
    town.live("per_wife", household="hh_1")
    late_request(town)
    assert [item["person_id"] for item in listed(town.street())] == [CADRE]
    corrected = {
        "request_id": REQUEST, "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
        "reporter_id": "per_wife",
    }  # fmt: skip
    town.bench.consume("steward", "request_corrected.v1", corrected, subject=REQUEST, sequence=5)
    assert [item["person_id"] for item in listed(town.street())] == [TEAM]
    refused(town, town.cadre)
    late_request(town, ref="req_2", reporter_id="per_friend")
    town.live("per_friend", household="hh_1")
    refused(town, town.cadre, "req_2")
    # It does not stay before one who may not see to it.
    found = {item["ref"]: item["person_id"] for item in listed(town.street())}
    assert found == {REQUEST: TEAM, "req_2": TEAM}


@pytest.mark.parametrize(
    ("fact", "data"),
    [
        ("resident_moved", {"from_grid": GRID, "to_grid": GRID, "community": COMMUNITY}),
        ("resident_corrected", {"is_adult": True}),
    ],
)
def test_who_comes_into_a_household_or_leaves_it_is_known(town, fact, data):
    """K12: who had moved in with the official was a stranger here, who had moved out was kin."""
    town.live(CADRE, household="hh_1")
    for number, (person, home) in enumerate((("per_in", "hh_1"), ("per_out", None))):
        town.live(person, household="hh_1" if home is None else "hh_2")
        told = data | {"person_id": person, "household_id": home}
        town.bench.consume("steward", f"{fact}.v1", told, subject=person, sequence=5 + number)
        late_request(town, ref=f"req_{person}", reporter_id=person)
    found = {item["ref"]: item["person_id"] for item in listed(town.street())}
    assert found == {"req_per_in": TEAM, "req_per_out": CADRE}
    assert town.bench.parked() == []


# --------------------------------------------------------------------------------------------------
# Only what was answered leaves the list


def objected(town, *people):
    """Return a topic on the board, and the objections of these people to it."""
    topic_id = town.publicised()
    body = {"topic_id": topic_id, "text": "影响绿地"}
    return topic_id, [town.resident(p).do("object_to_opinion", body)["id"] for p in people]


def answer(town, objection_id, enter=None):
    body = {"outcome": "TAKEN_UP", "reasons": "绿地面积不变,车位避开花坛"}
    return (enter or town.secretary)().do("answer_objection", body | {"objection_id": objection_id})


def unanswered(actor, **asked):
    return [i for i in listed(actor, **asked) if i["deadline"] == "objection_answer"]


def test_answering_one_objector_leaves_the_others_on_the_list(town):
    """K13: the first answer took the objections of everybody else from the street's list."""
    _topic_id, (anas, bens) = objected(town, ANA, BEN)
    town.bench.fire("2025-03-18T00:00:00")
    assert {i["objection_id"] for i in unanswered(lead(town), mine=True)} == {anas, bens}
    answer(town, anas)
    assert [item["objection_id"] for item in unanswered(lead(town), mine=True)] == [bens]
    answer(town, bens)
    assert unanswered(lead(town), mine=True) == []


def test_an_escalation_of_before_waits_until_nobody_waits_for_an_answer(town):
    """Rows of an older release do not say which objection they stand for."""
    _topic_id, (anas, bens) = objected(town, ANA, BEN)
    town.bench.fire("2025-03-18T00:00:00")
    with town.bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE escalations SET objection_id = NULL")
    answer(town, bens)
    assert len(unanswered(lead(town), mine=True)) == 2
    answer(town, anas)
    assert unanswered(lead(town), mine=True) == []


def test_an_objection_is_neither_laid_before_nor_judged_by_the_objectors_household(town):
    """K12: the secretary answered her husband, and the street's leader saw to his wife's."""
    for person, household in ((TEAM, "hh_1"), (ANA, "hh_1"), (SECRETARY, "hh_2"), (BEN, "hh_2")):
        town.live(person, household=household, sequence=2)
    topic_id, (anas, bens) = objected(town, ANA, BEN)
    town.bench.fire("2025-03-12T12:00:00")
    for command, body in (
        ("answer_objection", {"outcome": "TAKEN_UP", "reasons": "绿地面积不变,车位避开花坛"}),
        ("confirm_objection", {"reason": "其车库出口正对拟划车位"}),
    ):
        with pytest.raises(errors.OwnMatter):
            town.secretary().do(command, {"objection_id": bens} | body)
    town.cadre().do("confirm_objection", {"objection_id": bens, "reason": "其车库出口正对车位"})
    town.secretary()
    with pytest.raises(errors.OwnMatter):
        town.on_topic("resolve_objection", topic_id, outcome="DISMISSED", reasons=REASONS)
    town.bench.fire("2025-03-18T00:00:00")
    found = {i["objection_id"]: i["person_id"] for i in unanswered(town.street())}
    assert found == {anas: LEADER, bens: TEAM}


def test_that_nobody_watches_a_task_is_not_settled_by_its_delivery(town):
    """K13: the delivery took the missing supervisor from the list."""
    _topic, (task_id,) = town.implementing()
    town.resident(BEN).do("step_down", {"task_id": task_id})
    assert [i["deadline"] for i in listed(town.cadre(), source="TASK")] == ["supervisor_needed"]
    town.delivered(task_id)
    assert [i["deadline"] for i in listed(town.cadre(), source="TASK")] == ["supervisor_needed"]
    town.secretary()
    town.on_task("change_supervisors", task_id, supervisors=[CAI], reason="原监督员退出")
    assert listed(town.cadre(), source="TASK") == []


REFUND = {"redemption_id": "rdm_1", "number": "DH-1", "partner_id": "ptn_1"}


@pytest.mark.parametrize(
    ("fact", "data", "ref"),
    [
        (("partner", "refund_overdue"), REFUND, "rdm_1"),
        (
            ("partner", "dispute_overdue"),
            {"statement_id": "stm_1", "partner_id": "ptn_1", "period": "2025-02"},
            "stm_1",
        ),
        (
            ("partner", "statement_held"),
            {"statement_id": "stm_1", "partner_id": "ptn_1", "period": "2025-02", "amount_fen": 1},
            "stm_1",
        ),
        (("credit", "repair_escalated"), {"repair_id": "rpr_1", "number": "XF-1"}, "rpr_1"),
        (("credit", "objection_escalated"), {"objection_id": "obj_1", "number": "YY-1"}, "obj_1"),
        (
            ("credit", "nominee_objection_escalated"),
            {"objection_id": "nob_1", "number": "BZ-1"},
            "nob_1",
        ),
    ],
)
@pytest.mark.parametrize("voice", ["himself", "his wife"])
def test_what_an_official_has_a_stake_in_elsewhere_does_not_come_before_him(
    town, fact, data, ref, voice
):
    """K12: the refund of a shop came before the official who operates it, who decided it."""
    person = TEAM if voice == "himself" else "per_wife"
    town.live(TEAM, household="hh_1")
    town.live("per_wife", household="hh_1")
    level = {} if fact[1] == "statement_held" else {"level": 1}
    of_another(town, *fact, ref, **data, **level, concerned=["per_other", person])
    (item,) = listed(town.street())
    assert (item["person_id"], item["acting"]) == (LEADER, True)
    assert listed(lead(town), mine=True) == []
    which = {"escalation_id": item["id"]}
    for command, body in (
        ("acknowledge_escalation", {}),
        ("decide_escalation", {"outcome": "URGED", "done": "已催办"}),
    ):
        with pytest.raises(errors.OwnMatter):
            lead(town).do(command, which | body, version=item["version"])
    assert "concerned" not in item
