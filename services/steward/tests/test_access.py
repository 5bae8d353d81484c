"""Who may see persons of an area: an allow list, at every door; and what is read is noted."""

import contextlib

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied
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
    STW_GRID,
    STW_STAFF,
    WANG,
    Ground,
    person_id,
)

pytestmark = pytest.mark.slow

ELSEWHERE = "370811015902"
FAR_GRID = "370811015902001"
FAR = person_id(41)
OUTSIDERS = (
    "R_PARTNER", "R_MERCHANT", "R_PM", "R_PCO", "R_OWNERS", "R_UTILITY", "R_DEPUTY", "R_STEWARD",
    "R_RESIDENT", "R_HOTLINE", "R_OF_TOMORROW",
)  # fmt: skip


def far_stage(bench):
    """A resident of another community."""
    ground = Ground(bench)
    bench = ground.bench.as_("R_DISTRICT")
    bench.do("define_area", {"code": ELSEWHERE, "name": "和韵社区", "kind": "COMMUNITY"})
    bench.do("define_area", {"code": FAR_GRID, "name": "第一网格", "kind": "GRID"})
    ground.person(FAR, "孙测丙", phone="12800000203", grid=FAR_GRID)


@pytest.fixture
def far(ground):
    return ground.staged(far_stage)


def reads(ground, **asked):
    bench = ground.bench.as_("R_AUDITOR", person="per_auditor")
    return bench.ask("person_reads", asked)["items"]


@pytest.mark.parametrize("role", OUTSIDERS)
@pytest.mark.parametrize("scope", ["370811", COMMUNITY, GRID])
def test_a_role_that_stands_in_no_list_sees_nothing_of_a_person(ground, role, scope):
    """SEC-M1: grid, household, status and hours of anybody, for all with a covering scope."""
    bench = ground.by(person_id(91), role, scope)
    for method, body in (("person", {"person_id": WANG}), ("volunteer_hours", {"person_id": WANG})):
        with pytest.raises(NotFound):
            bench.ask(method, body)


@pytest.mark.parametrize("role", ["R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"])
def test_those_who_keep_the_registry_see_the_standing_and_it_is_noted(ground, role):
    """SEC-H8: reads of personal data leave a record."""
    scope = {"R_GRID": GRID, "R_STREET": "370811015", "R_DISTRICT": "370811"}.get(role, COMMUNITY)
    viewer = person_id(91)
    assert ground.by(viewer, role, scope).ask("person", {"person_id": WANG})["grid"] == GRID
    noted = reads(ground, person_id=WANG)
    assert (noted[-1]["actor_id"], noted[-1]["role"], noted[-1]["scope"]) == (viewer, role, scope)
    assert {row["door"] for row in noted} <= {"person", "people_cards"}


def test_cards_that_show_a_name_are_noted_with_who_why_and_whom(ground):
    """SEC-H8: one row per person whom the viewer knew by name; masked cards are no read."""
    ground.cadre(CADRE).ask("people_cards", {"ids": [WANG, LI]})
    ground.by(LI, "R_RESIDENT", COMMUNITY).ask("people_cards", {"ids": [WANG]})
    noted = reads(ground)
    assert {(row["actor_id"], row["person_id"], row["why"]) for row in noted} == {
        (CADRE, WANG, "NEIGHBOUR"),
        (CADRE, LI, "NEIGHBOUR"),
    }
    assert [row["person_id"] for row in reads(ground, person_id=LI)] == [LI]
    with pytest.raises(RoleDenied):
        ground.cadre(CADRE).ask("person_reads", {})


@pytest.mark.parametrize("role", OUTSIDERS)
def test_visits_are_for_those_who_look_after_the_grid(ground, role):
    """SEC-H4: the barber read who is demented and lives alone, at which door."""
    ground.staff()
    visit = {
        "client_id": "1",
        "grid": GRID,
        "purpose": "ELDERLY_CARE",
        "occurred_at": "2025-03-03T08:00:00+08:00",
        "building": "3号楼2单元501",
        "findings": ["DEMENTIA", "LIVES_ALONE"],
    }
    ground.by(GRID_WORKER).do("record_visits", {"items": [visit]})
    asked = {"steward_id": STW_GRID, "period": "2025-03"}
    for scope in ("370811", COMMUNITY, GRID):
        with pytest.raises(NotFound):
            ground.by(person_id(91), role, scope).ask("visits", asked)
    assert len(ground.cadre().ask("visits", asked)["items"]) == 1
    assert len(ground.by(CADRE, "R_GRID", GRID).ask("visits", asked)["items"]) == 1
    with pytest.raises(NotFound):
        ground.by(CADRE, "R_GRID", GRID_2).ask("visits", asked)
    with pytest.raises(NotFound):
        ground.bench.as_("R_DISTRICT").ask("visits", asked)
    assert reads(ground, actor_id=OTHER_CADRE)[0]["reason"] == f"{STW_GRID} 2025-03"


def test_visits_are_answered_a_page_at_a_time(ground):
    """OP-M2: more than one page of visits could not be read at all."""
    ground.staff()
    items = [
        {
            "client_id": str(number),
            "grid": GRID,
            "purpose": "ELDERLY_CARE",
            "occurred_at": f"2025-03-03T08:{number:02d}:00+08:00",
        }
        for number in range(5)
    ]
    ground.by(GRID_WORKER).do("record_visits", {"items": items})
    asked, seen = {"steward_id": STW_GRID, "period": "2025-03", "limit": 2}, []
    while True:
        page = ground.by(GRID_WORKER).ask("visits", asked)
        seen += [item["client_id"] for item in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert seen == ["0", "1", "2", "3", "4"]


def test_naming_somebody_from_elsewhere_as_reporter_unmasks_nobody(far):
    """SEC-H3 (a): a request in his name, routed to oneself, showed his name and phone."""
    far.staff()
    far.shift(STW_GRID, "2025-03-03T08:00", "2025-03-03T20:00")
    body = {
        "channel": "PHONE", "kind": "HELP", "category": "NOISE", "grid": GRID, "text": "噪音",
        "reporter_id": FAR,
    }  # fmt: skip
    # Whether the request itself is taken is another question.
    with contextlib.suppress(errors.UnknownPerson):
        far.by(GRID_WORKER, "R_GRID", GRID).do("submit_request", body)
    card = far.by(GRID_WORKER, "R_STEWARD", GRID).ask("people_cards", {"ids": [FAR]})["items"][0]
    assert card["name"] == "孙*丙"
    assert "phone" not in card


def test_who_files_for_himself_elsewhere_is_known_to_his_handler(far):
    """SEC-H3 (a), the other side: a person who asks for help is called back."""
    far.staff()
    far.shift(STW_GRID, "2025-03-03T08:00", "2025-03-03T20:00")
    far.submit(FAR, category="NOISE", kind="HELP")
    card = far.by(GRID_WORKER, "R_STEWARD", GRID).ask("people_cards", {"ids": [FAR]})["items"][0]
    assert (card["name"], card["phone"]) == ("孙测丙", "128****0203")


def test_a_post_for_somebody_elsewhere_puts_no_name_on_a_board(far):
    """SEC-H3 (b): board_consent was true by itself, and the whole internet saw the name."""
    order = {"person_id": FAR, "type": "PART_TIME", "duty": "BUILDING_HEAD", "grids": [GRID]}
    cadre = far.cadre(CADRE)
    with pytest.raises(errors.BoardConsentNeeded):
        cadre.do("enrol_steward", order | {"board_consent": True})
    with pytest.raises(errors.BoardConsentNeeded):
        cadre.do("enrol_steward", order | {"board_consent": True, "consent_ref": "公示-1"})
    post = cadre.do("enrol_steward", order)

    def shown():
        anonymous = far.bench.as_("R_ANONYMOUS", person="", scope="")
        card = anonymous.ask("people_cards", {"ids": [FAR]})["items"][0]
        return card["name"], len(anonymous.ask("duty_board", {"grid": GRID})["items"])

    assert shown() == ("孙*丙", 0)
    agreed = {"steward_id": post["id"], "agrees": True}
    with pytest.raises(NotFound):
        far.cadre(CADRE).do("agree_to_board", agreed, version=1)
    done = far.by(FAR, "R_RESIDENT", ELSEWHERE).do("agree_to_board", agreed, version=1)
    assert shown() == ("孙测丙", 1)
    own = far.by(FAR, "R_RESIDENT", ELSEWHERE)
    own.do("agree_to_board", agreed | {"agrees": False}, version=done["version"])
    assert shown() == ("孙*丙", 0)


def test_who_sits_covers_the_grid_though_his_name_is_not_shown(ground):
    """SEC-H3 (b): consent is about the name, not about whether somebody is there."""
    ground.staff()
    ground.person(CHEN, "陈静")
    ground.steward(STW_STAFF[:-1] + "9", CHEN, "GRID_WORKER", board_consent=False)
    ground.shift(STW_STAFF[:-1] + "9", "2025-03-03T08:00", "2025-03-03T20:00")
    board = ground.bench.as_("R_ANONYMOUS", person="", scope="").ask("duty_board", {"grid": GRID})
    assert board["covered"] is True
    assert "陈静" not in {item["name"] for item in board["items"]}


@pytest.mark.parametrize(
    ("role", "scope"), [("R_MERCHANT", COMMUNITY), ("R_PARTNER", "370811"), ("R_CADRE", COMMUNITY)]
)
def test_nobody_reports_a_hazard_in_the_name_of_somebody_elsewhere(far, role, scope):
    """SEC-H9: any role but the resident's could name any reporter."""
    body = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼东侧", "reporter_id": FAR}
    with pytest.raises(RoleDenied):
        far.by(CADRE, role, scope).do("report_hazard", body)
    with pytest.raises(RoleDenied):
        far.by(CADRE, role, scope).do("report_hazard", body | {"reporter_id": person_id(404)})


@pytest.mark.parametrize(
    ("role", "scope", "whole"),
    [
        ("R_GRID", GRID, True),
        ("R_CADRE", COMMUNITY, True),
        ("R_SECRETARY", COMMUNITY, True),
        ("R_STREET", COMMUNITY[:9], False),
        ("R_DISTRICT_LEAD", "370811", False),
        ("R_AUDITOR", "370811", False),
    ],
)
def test_where_to_call_a_reporter_back_is_read_by_who_does(ground, role, scope, whole):
    """K15: he may write his own number down, and everybody who oversaw the case read it."""
    said = "楼道灯不亮,请打128 1234 5678,3号楼2单元501"
    ground.staff()
    made = ground.submit(text=said)
    handler = ground.handler_of(made)
    card = ground.by("per_overseer", role, scope).ask("request", {"request_id": made["id"]})
    assert card["text"] == (said if whole else "楼道灯不亮,请打***,3号楼2单元501")
    for who in (WANG, handler):
        own = ground.by(who).ask("request", {"request_id": made["id"]})
        assert own["text"] == said
    done = ground.resolved(made)
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "rate_request",
        {"request_id": made["id"], "stars": 5, "solved": True, "text": said},
        version=done["version"],
    )
    card = ground.by("per_overseer", role, scope).ask("request", {"request_id": made["id"]})
    assert ("128" in card["rating_text"]) is whole


def test_a_steward_is_shown_to_the_people_of_the_district(ground):
    """K15: a token of any district told whose post it was."""
    ground.staff()
    which = {"steward_id": STW_GRID}
    assert ground.by(WANG, "R_RESIDENT").ask("steward", which)["duty"] == "GRID_WORKER"
    with pytest.raises(NotFound):
        ground.by("per_x", "R_RESIDENT", "370802001001001").ask("steward", which)
