"""Calling back: a phone in the clear, for a reason, and told to its bearer.

SP-D16: handler and cadre saw `128****5678`, and there was no way to the number.
"""

import dataclasses
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from fivered.chassis.bus import Call
from fivered.chassis.refusal import IdempotencyMismatch, Invalid, RoleDenied
from fivered.services.steward import errors
from fivered.services.steward.service import Steward
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
    STW_GRID,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    Ground,
    person_id,
)

PHONE = "12812345678"
WHY = "回电核实楼道灯的具体位置"
SECRETARY = person_id(81)


def staffed_stage(bench):
    """The stewards of the grid; who takes repairs sits there."""
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def reveal(ground, who, role="R_STEWARD", scope=GRID, *, key=None, **more):
    body = {"subject": WANG, "reason": WHY} | more
    return ground.by(who, role, scope).do("reveal_number", body, key=key)


def own_reads(ground, who=WANG):
    return ground.by(who, "R_RESIDENT", COMMUNITY).ask("person_reads", {})["items"]


def shown(ground, who=WANG):
    return [row for row in own_reads(ground, who) if row["door"] == "reveal"]


def test_the_handler_of_an_open_case_gets_its_reporter_s_phone(staffed):
    """SP-D16."""
    case = staffed.submit()
    assert staffed.handler_of(case) == STAFF
    told = reveal(staffed, STAFF)
    assert (told["value"], told["field"], told["request_id"]) == (PHONE, "phone", case["id"])
    assert reveal(staffed, STAFF, case_ref=case["id"])["value"] == PHONE
    assert reveal(staffed, STAFF, case_ref=case["number"])["left"] == 17


def test_nobody_else_gets_it_and_nobody_learns_who_exists(staffed):
    """SP-D16: the case is another's, or the person is, or there is none at all."""
    staffed.submit()
    for who, more in (
        (STAFF_2, {}),
        (GRID_WORKER, {}),
        (STAFF, {"subject": LI}),
        (STAFF, {"subject": person_id(99)}),
        (STAFF, {"case_ref": "req_none"}),
    ):
        with pytest.raises(errors.NoOpenCase):
            reveal(staffed, who, **more)
    assert shown(staffed) == []


@pytest.mark.parametrize(
    "role", ["R_RESIDENT", "R_STREET", "R_DISTRICT", "R_AUDITOR", "R_PM", "R_PARTNER", "R_SYSTEM"]
)
def test_other_roles_do_not_enter(staffed, role):
    """SP-D16: a person who oversees needs no number."""
    staffed.submit()
    with pytest.raises(RoleDenied):
        reveal(staffed, STAFF, role, "370811")


def test_after_a_transfer_the_old_handler_gets_it_no_more(staffed):
    """SP-D16; the key that he used before does not help him."""
    case = staffed.submit()
    reveal(staffed, STAFF, key="first")
    staffed.shift(STW_STAFF_2, "2025-03-03T08:00", "2025-03-03T20:00")
    case = staffed.step("accept_request", case, STAFF)
    staffed.step(
        "transfer_request", case, OTHER_CADRE, "R_CADRE", COMMUNITY, handler=STW_STAFF_2,
        reason="由同事办理",
    )  # fmt: skip
    for key in ("first", "second"):
        with pytest.raises(errors.NoOpenCase):
            reveal(staffed, STAFF, key=key)
    assert reveal(staffed, STAFF_2)["value"] == PHONE


def test_for_a_closed_case_nobody_gets_it(staffed):
    """SP-D16."""
    case = staffed.resolved()
    for more in ({}, {"case_ref": case["id"]}):
        with pytest.raises(errors.NoOpenCase):
            reveal(staffed, STAFF, **more)
    with pytest.raises(errors.NoOpenCase):
        reveal(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY, case_ref=case["id"])
    body = {"request_id": case["id"], "reason": "又坏了"}
    staffed.by(WANG, "R_RESIDENT", COMMUNITY).do("reopen_request", body, version=case["version"])
    assert reveal(staffed, STAFF, case_ref=case["id"])["value"] == PHONE


def test_who_named_the_reporter_himself_learns_nothing_by_it(staffed):
    """SP-D16 with SEC-H3: a request in somebody's name, routed to oneself."""
    staffed.shift(STW_GRID, "2025-03-03T08:00", "2025-03-03T20:00")
    body = {
        "channel": "PHONE", "kind": "HELP", "category": "NOISE", "grid": GRID, "text": "噪音",
        "reporter_id": WANG,
    }  # fmt: skip
    case = staffed.by(GRID_WORKER).do("submit_request", body)
    assert staffed.handler_of(case) == GRID_WORKER
    with pytest.raises(errors.NoOpenCase):
        reveal(staffed, GRID_WORKER)


def test_a_party_of_what_is_complained_of_gets_no_number(staffed):
    """SP-D16 with SP-D6: the cadre is deputy manager of the project that WANG complains of."""
    complaint = {"kind": "COMPLAINT", "category": "PROPERTY_SERVICE", "text": "乱收费"}
    project = {
        "project_id": "prj_1", "company_id": "pco_1", "community": COMMUNITY, "grids": [GRID],
        "households": 1200, "status": "IN_SERVICE",
    }  # fmt: skip
    post = {
        "appointment_id": "apt_1", "project_id": "prj_1", "direction": "C2P", "person_id": CADRE,
        "post": "PROJECT_DEPUTY_MANAGER",
    }  # fmt: skip
    staffed.bench.consume("property", "project_registered.v1", project, subject="prj_1")
    cadre = (CADRE, "R_CADRE", COMMUNITY)
    case = staffed.submit(**complaint)
    assert reveal(staffed, *cadre)["value"] == PHONE
    staffed.bench.consume("property", "appointment_activated.v1", post, subject="apt_1")
    for more in ({}, {"case_ref": case["id"]}):
        with pytest.raises(errors.NoOpenCase):
            reveal(staffed, *cadre, **more)
    assert reveal(staffed, *cadre, subject=LI)["value"] == "12800000002"
    assert reveal(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY)["value"] == PHONE


@pytest.mark.parametrize(
    ("role", "scope"), [("R_GRID", GRID), ("R_CADRE", COMMUNITY), ("R_SECRETARY", COMMUNITY)]
)
def test_the_officials_of_his_own_community_call_a_resident(ground, role, scope):
    """SP-D16: without a case too; the neighbouring grid, community and the district do not."""
    assert reveal(ground, SECRETARY, role, scope)["value"] == PHONE
    for elsewhere in (GRID_2, "370811015902", "370811015", "370811"):
        if not elsewhere.startswith(scope) or elsewhere == GRID_2:
            with pytest.raises(errors.NoOpenCase):
                reveal(ground, SECRETARY, role, elsewhere)


def test_who_has_moved_away_is_nobody_s_resident(ground):
    """SP-D16."""
    gone = {"person_id": WANG, "reason": "MOVED_OUT"}
    ground.cadre().do("deactivate_person", gone, version=1)
    with pytest.raises(errors.NoOpenCase):
        reveal(ground, OTHER_CADRE, "R_CADRE", COMMUNITY)


def test_without_a_phone_there_is_nothing_to_show(ground):
    """SP-D16."""
    ground.person(CHEN, "陈静", grid=GRID)
    with pytest.raises(errors.NothingToReveal):
        reveal(ground, OTHER_CADRE, "R_CADRE", COMMUNITY, subject=CHEN)
    assert shown(ground, CHEN) == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reason": "回电"}, "reason"),
        ({"reason": "长" * 301}, "reason"),
        ({"field": "id_no"}, "field"),
        ({"case_ref": ""}, "case_ref"),
    ],
)
def test_a_reason_is_owed_and_identity_numbers_are_not_shown(ground, more, field):
    """SP-D16: what is not stored in the clear cannot be shown."""
    with pytest.raises(Invalid) as refused:
        reveal(ground, OTHER_CADRE, "R_CADRE", COMMUNITY, **more)
    assert refused.value.field == field


def test_the_number_stands_in_no_table_event_or_log(staffed, caplog):
    """SP-D16, K15: the reply is kept under its key for 30 days, and the number is not in it."""
    caplog.set_level(logging.DEBUG)
    staffed.submit()
    first = reveal(staffed, STAFF, key="k1")
    assert reveal(staffed, STAFF, key="k1") == first
    assert len(shown(staffed)) == 1
    kept = staffed.bench.rows("select key, reply from idempotency where key = 'k1'")
    assert "REVEALED" in str(kept)
    for table in Steward.tables.tables:
        rows = staffed.bench.rows(f"select * from {table}")
        raw = [bytes(v) if isinstance(v, memoryview) else v for row in rows for v in row.values()]
        assert PHONE not in str(raw), table
        assert PHONE.encode() not in b"".join(v for v in raw if isinstance(v, bytes)), table
    assert PHONE not in caplog.text
    assert WHY not in caplog.text


def test_a_key_that_comes_again_is_the_same_reveal_for_ten_minutes(staffed):
    """SP-D16: told once; an answer that was lost on its way is no second one."""
    staffed.submit()
    first = reveal(staffed, STAFF, key="k1")
    staffed.bench.at("2025-03-03T09:09:59")
    assert reveal(staffed, STAFF, key="k1") == first
    with pytest.raises(IdempotencyMismatch):
        reveal(staffed, STAFF, key="k1", reason="另一个同样长的查看理由")
    staffed.bench.at("2025-03-03T09:10:00")
    with pytest.raises(errors.RevealOver):
        reveal(staffed, STAFF, key="k1")
    assert [row["left"] for row in (first, reveal(staffed, STAFF, key="k2"))] == [19, 18]


def test_so_many_a_day_and_then_it_is_said_when_again(ground, caplog):
    """SP-D16: 20 numbers a day and person; over it somebody is told."""
    cadre = (OTHER_CADRE, "R_CADRE", COMMUNITY)
    asked = [WANG] * 9 + [LI] * 10 + [WANG]
    assert [reveal(ground, *cadre, subject=who)["left"] for who in asked] == [*range(19, -1, -1)]
    ground.person(CHEN, "陈静", phone="12800000077", grid=GRID)
    with pytest.raises(errors.RevealLimit) as refused:
        reveal(ground, *cadre, subject=CHEN)
    assert (refused.value.status, refused.value.code) == (429, "RATE_LIMIT")
    assert refused.value.params["again"] == "2025-03-04 00:00"
    assert refused.value.params["seconds"] == 15 * 3600
    assert "reveal_limit" in caplog.text
    assert (len(shown(ground)), len(shown(ground, LI)), shown(ground, CHEN)) == (10, 10, [])
    # Others have their own day, and tomorrow is another one.
    assert reveal(ground, SECRETARY, "R_SECRETARY", COMMUNITY, subject=CHEN)["left"] == 19
    ground.bench.at("2025-03-04T00:00:00")
    assert reveal(ground, *cadre)["left"] == 19


def test_rivals_do_not_exceed_the_day_s_limit(ground):
    """SP-D16: many at once, by one person; the counter's row orders them."""
    ground.person(CHEN, "陈静", phone="12800000077", grid=GRID)
    people = (WANG, LI, CHEN)
    call = Call("reveal_number", {"subject": WANG, "reason": WHY}, ground.cadre().actor)

    def one(number):
        body = call.body | {"subject": people[number % 3]}
        try:
            ground.bench.runtime.call(dataclasses.replace(call, key=f"rival-{number}", body=body))
        except errors.RevealLimit:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(one, range(26))) == 20
    assert sum(len(shown(ground, who)) for who in people) == 20


def test_the_person_reads_who_saw_his_number_when_and_why(staffed):
    """SP-D16: the office, not the name; and nobody else's."""
    case = staffed.submit()
    reveal(staffed, STAFF)
    staffed.bench.at("2025-03-03T10:00:00")
    reveal(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY)
    newest, before = shown(staffed)
    assert (newest["role_zh"], newest["role_en"]) == ("社区两委", "Community committee")
    assert (newest["office"], newest["why"], newest["request_id"]) == (
        "春晖社区",
        "NEIGHBOUR",
        None,
    )
    assert newest["at"] == "2025-03-03T02:00:00+00:00"
    assert (before["role"], before["office"]) == ("R_STEWARD", "春晖社区第一网格")
    assert (before["field"], before["reason"], before["why"]) == ("phone", WHY, "HANDLER")
    assert before["request_id"] == case["id"]
    assert all("actor_id" not in row for row in own_reads(staffed))
    assert own_reads(staffed, LI) == []
    for who, role, asked in (
        (LI, "R_RESIDENT", {"person_id": WANG}),
        (OTHER_CADRE, "R_CADRE", {"person_id": WANG}),
        (OTHER_CADRE, "R_CADRE", {}),
        (WANG, "R_RESIDENT", {"actor_id": OTHER_CADRE}),
    ):
        with pytest.raises(RoleDenied):
            staffed.by(who, role, COMMUNITY).ask("person_reads", asked)
    audited = staffed.bench.as_("R_AUDITOR", person="per_auditor").ask("person_reads", {})["items"]
    assert {row["actor_id"] for row in audited if row["door"] == "reveal"} == {OTHER_CADRE, STAFF}


def test_what_was_read_under_an_id_that_was_given_up_stays_his(ground):
    """SP-D16 with IN-A7: after a double registration he reads both; the old id leads to him."""
    ground.person(CHEN, "王小丽", phone="12800000077", grid=GRID)
    cadre = (OTHER_CADRE, "R_CADRE", COMMUNITY)
    assert reveal(ground, *cadre, subject=CHEN)["value"] == "12800000077"
    merge = ground.cadre(CADRE).do(
        "propose_merge", {"person_id": CHEN, "into": WANG, "reason": "同一人"}, version=1
    )
    ground.cadre(OTHER_CADRE).do(
        "decide_merge", {"merge_id": merge["id"], "confirmed": True}, version=merge["version"]
    )
    told = reveal(ground, *cadre, subject=CHEN)
    assert (told["id"], told["value"]) == (WANG, PHONE)
    assert [row["person_id"] for row in shown(ground)] == [WANG, CHEN]
