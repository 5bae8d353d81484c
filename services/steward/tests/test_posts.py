"""Stewards, shifts and boards."""

import threading

import pytest
import sqlalchemy as sa

from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors, storage
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    LI,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    person_id,
)
from testkit.waiting import wait_until


def test_a_steward_is_enrolled_and_said_once(ground):
    reply = ground.steward(STW_CADRE, CADRE, "COMMUNITY_CADRE", (GRID_2, GRID))
    assert reply == {"id": STW_CADRE, "state": "ACTIVE", "version": 1, "spendable": True}
    assert ground.steward(STW_CADRE, CADRE, "COMMUNITY_CADRE", (GRID, GRID_2)) == reply
    (event,) = ground.bench.published("steward_enrolled.v1")
    assert event["data"] == {
        "steward_id": STW_CADRE,
        "person_id": CADRE,
        "type": "FULL_TIME",
        "duty": "COMMUNITY_CADRE",
        "grids": [GRID, GRID_2],
        "community": COMMUNITY,
        "spendable": True,
    }


@pytest.mark.covers("REQ-L11")
@pytest.mark.parametrize(
    ("duty", "official", "spendable"),
    [
        ("POLICE", False, False),
        ("COMMUNITY_CADRE", True, False),
        ("COMMUNITY_CADRE", False, True),
        ("BUILDING_HEAD", False, True),
    ],
)
def test_police_and_state_officials_do_not_spend(ground, duty, official, spendable):
    reply = ground.steward(None, POLICE, duty, is_state_official=official)
    assert reply["spendable"] is spendable
    if not spendable:
        with pytest.raises(errors.NotSpendable):
            ground.steward(None, STAFF, duty, is_state_official=official, spendable=True)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"type": "PART_TIME"}, errors.TypeDutyMismatch),
        ({"grids": ["370811015901009"]}, errors.UnknownGrid),
        ({"person_id": CHEN}, errors.UnknownPerson),
        ({"steward_id": None}, errors.AlreadySteward),
        ({"steward_id": STW_GRID, "duty": "GRID_WORKER"}, None),
        ({"steward_id": STW_CADRE, "duty": "GRID_WORKER"}, errors.IdTaken),
        ({"work_phone": "nine"}, errors.BadPhone),
    ],
)
def test_who_cannot_be_enrolled(ground, body, refusal):
    ground.steward(STW_CADRE, CADRE, "COMMUNITY_CADRE")
    order = {
        "steward_id": STW_STAFF,
        "person_id": CADRE,
        "type": "FULL_TIME",
        "duty": "COMMUNITY_CADRE",
        "grids": [GRID],
    } | body
    if refusal is None:
        assert ground.bench.do("enrol_steward", order)["state"] == "ACTIVE"
    else:
        with pytest.raises(refusal):
            ground.bench.do("enrol_steward", order)


def test_a_shift_is_in_ones_own_grid_and_nowhere_twice(ground):
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    with pytest.raises(errors.ShiftOverlap):
        ground.shift(STW_STAFF, "2025-03-03T19:00", "2025-03-03T21:00")
    with pytest.raises(errors.NotMyGrid):
        ground.shift(STW_STAFF, "2025-03-04T08:00", "2025-03-04T20:00", grid=GRID_2)
    with pytest.raises(errors.BadSpan):
        ground.shift(STW_STAFF, "2025-03-04T08:00", "2025-03-05T09:00")


@pytest.mark.covers("REQ-L17")
def test_the_duty_board_shows_who_answers_now_and_nobody_s_free_time(ground):
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    bench = ground.bench.as_("R_ANONYMOUS", person="", scope="")
    board = bench.ask("duty_board", {"grid": GRID})
    assert board["covered"] is True
    assert [(i["steward_id"], i["on_shift"]) for i in board["items"]] == [
        (STW_STAFF, True),
        (STW_POLICE, False),
    ]
    assert board["items"][0]["name"] == "赵工"
    late = bench.at("2025-03-03T20:00").ask("duty_board", {"grid": GRID})
    assert late["covered"] is False


def test_gaps_longer_than_15_minutes_are_reported(ground):
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T16:00")
    ground.shift(STW_GRID, "2025-03-03T16:10", "2025-03-04T00:00")
    bench = ground.cadre()
    question = {
        "grid": GRID,
        "start": "2025-03-03T07:00:00+08:00",
        "end": "2025-03-04T01:00:00+08:00",
    }
    found = bench.ask("shift_gaps", question)
    assert len(found["gaps"]) == 2
    # IN-B15: one list, one zone.
    assert all(at.endswith("+00:00") for gap in found["gaps"] for at in gap.values())
    assert found["uncovered_minutes"] == 120


@pytest.mark.covers("M-20", "M-21")
def test_coverage_counts_duties_minutes_on_shift_households_and_boards_grid_by_grid(ground):
    ground.staff()
    # Two that overlap are on shift twelve hours, and one that nobody kept is none.
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T16:00")
    ground.shift(STW_STAFF_2, "2025-03-03T12:00", "2025-03-03T20:00")
    missed = ground.shift(STW_GRID, "2025-03-03T20:00", "2025-03-03T23:00")
    # A part-time steward is not full-time cover.
    ground.shift(STW_POLICE, "2025-03-03T20:00", "2025-03-03T22:00", GRID_2)
    ground.cadre().do("miss_shift", {"shift_id": missed["id"]}, version=1)
    bench = ground.bench.at("2025-03-04T00:00:00")

    def coverage(**asked):
        question = {"scope": COMMUNITY, "period": "2025-03"} | asked
        return ground.cadre().ask("coverage", question)

    found = coverage()
    first, second = found["items"]
    assert (first["grid"], second["grid"]) == (GRID, GRID_2)
    assert first["duties"] == {"part": 4, "whole": 10, "percent": "40.00"}
    # Of a month that runs three days are over.
    assert first["full_time_minutes"] == {"part": 720, "whole": 3 * 1440, "percent": "16.67"}
    assert second["full_time_minutes"]["part"] == 0
    assert (first["full_time_stewards"], first["households_per_full_time"]) == (4, "100.00")
    assert second["households_per_full_time"] == "400.00"
    assert found["M-20"]["duties"] == {"part": 6, "whole": 20, "percent": "30.00"}
    assert found["M-20"]["full_time_minutes"]["percent"] == "8.33"
    assert found["M-20"]["households_per_full_time"] == "160.00"
    assert found["M-21"] == {"part": 0, "whole": 2, "percent": "0.00"}

    # What a board names as not applicable is not required, and the board is fresh.
    ground.cadre().do(
        "publish_board", {"grid": GRID, "reasons": dict.fromkeys(DUTIES[4:], "由街道统一服务")}
    )
    found = coverage()
    assert found["items"][0]["duties"]["percent"] == "100.00"
    assert found["items"][0]["missing"] == []
    assert found["items"][1]["missing"] == [
        duty for duty in DUTIES if duty not in ("COMMUNITY_CADRE", "POLICE")
    ]
    assert found["M-20"]["duties"] == {"part": 6, "whole": 14, "percent": "42.86"}
    assert found["M-21"]["percent"] == "50.00"
    # A whole month later its own minutes count, and the next month has none.
    bench.at("2025-04-02T00:00:00")
    assert coverage()["items"][0]["full_time_minutes"]["whole"] == 31 * 1440
    assert coverage(period="2025-05")["M-20"]["full_time_minutes"]["percent"] is None
    with pytest.raises(RoleDenied):
        coverage(scope="370811016901")


def test_a_board_names_every_duty_or_says_why_not(ground):
    ground.staff()
    bench = ground.bench.as_("R_CADRE", scope=COMMUNITY)
    with pytest.raises(errors.DutyWithoutEntry):
        bench.do("publish_board", {"grid": GRID})
    vacant = dict.fromkeys(DUTIES[4:], "由街道统一服务")
    assert bench.do("publish_board", {"grid": GRID, "reasons": vacant})["version"] == 1
    board = bench.as_("R_ANONYMOUS", person="", scope="").ask("contact_board", {"grid": GRID})
    assert {entry["duty"] for entry in board["entries"]} == set(DUTIES[:4])
    assert board["fresh"] is True
    cards = bench.ask("contact_cards", {"grid": GRID})["vcard"]
    assert cards.count("BEGIN:VCARD\r\nVERSION:4.0\r\n") == 5
    assert "TEL;TYPE=work;VALUE=uri:tel:05370000001;phone-context=+86\r\n" in cards


def test_an_extension_is_dialled_and_a_public_text_has_an_end(ground):
    """S35: tel:4008111222转5 is no number (RFC 3966), and a reason had 3,000 characters."""
    ground.staff()
    ground.steward(None, LI, "GRID_WORKER", work_phone="4008111222转5")
    bench = ground.bench.as_("R_CADRE", scope=COMMUNITY)
    with pytest.raises(Invalid):
        bench.do("publish_board", {"grid": GRID, "reasons": dict.fromkeys(DUTIES[4:], "无" * 201)})
    bench.do("publish_board", {"grid": GRID, "reasons": dict.fromkeys(DUTIES[4:], "无")})
    cards = bench.ask("contact_cards", {"grid": GRID})["vcard"]
    assert "TEL;TYPE=work;VALUE=uri:tel:4008111222;ext=5;phone-context=+86\r\n" in cards


def test_without_a_board_there_is_nothing_to_show(ground):
    with pytest.raises(NotFound):
        ground.bench.ask("contact_board", {"grid": GRID})


@pytest.mark.covers("F17-flow", "REQ-L17")
def test_who_leaves_hands_over_and_vanishes_from_the_board_in_one_step(ground):
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    ground.shift(STW_STAFF, "2025-03-04T08:00", "2025-03-04T20:00")
    request = ground.submit()
    assert request["handler"] == STW_STAFF
    vacant = dict.fromkeys(DUTIES[4:], "由街道统一服务")
    bench = ground.bench.as_("R_CADRE", scope=COMMUNITY)
    bench.do("publish_board", {"grid": GRID, "reasons": vacant})
    left = bench.do("leave_steward", {"steward_id": STW_STAFF, "reason": "调离岗位"}, version=1)
    assert (left["state"], left["handed_over"]) == ("LEFT", 1)
    card = bench.ask("request", {"request_id": request["id"]})
    assert (card["state"], card["handler"]) == ("DISPATCHED", STW_STAFF_2)
    assert card["due_resolve"] == request["due_resolve"]
    board = bench.ask("contact_board", {"grid": GRID})
    assert board["version"] == 2
    assert STW_STAFF not in {entry["steward_id"] for entry in board["entries"]}
    assert bench.ask("duty_board", {"grid": GRID})["covered"] is False
    assert bench.published("steward_left.v1")[0]["data"] == {
        "steward_id": STW_STAFF,
        "person_id": STAFF,
        "duty": "PROPERTY_STAFF",
    }
    with pytest.raises(StateConflict):
        bench.do("leave_steward", {"steward_id": STW_STAFF, "reason": "调离岗位"}, version=2)


@pytest.mark.covers("F17-flow")
def test_what_nobody_can_take_over_waits_in_the_community_s_queue(ground):
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    request = ground.submit()
    ground.bench.as_("R_CADRE", scope=COMMUNITY).do(
        "leave_steward", {"steward_id": STW_STAFF, "reason": "调离岗位"}, version=1
    )
    queue = ground.cadre().ask("queue", {})["items"]
    assert [(item["id"], item["state"]) for item in queue] == [(request["id"], "SUBMITTED")]


def test_a_suspended_steward_gets_nothing_until_he_resumes(ground):
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.steward(STW_STAFF_2, STAFF_2, "PROPERTY_STAFF")
    bench = ground.bench.as_("R_CADRE", scope=COMMUNITY)
    bench.do("suspend_steward", {"steward_id": STW_STAFF, "reason": "待核查"}, version=1)
    assert ground.submit()["handler"] == STW_STAFF_2
    bench.as_("R_CADRE", scope=COMMUNITY).do("resume_steward", {"steward_id": STW_STAFF}, version=2)
    assert ground.submit(who=WANG)["handler"] == STW_STAFF


@pytest.mark.covers("S15")
def test_a_steward_s_card_shows_his_final_grades_to_him_and_his_overseers(ground):
    ground.staff()
    bench = ground.bench
    entry = {"subject": f"STW:{STW_STAFF}", "kind": "STW", "ref": STW_STAFF, "gates_failed": []}
    for settlement, grade in (("stl_1", "A"), ("stl_2", "AA")):
        bench.consume(
            "credit",
            "settlement_finalised.v1",
            {
                "settlement_id": settlement,
                "period": "2025-02",
                "community": COMMUNITY,
                "entries": [entry | {"score": 82, "grade": grade}, {"kind": "PRJ", "ref": "p"}],
            },
            subject=settlement,
        )
    card = ground.by(STAFF).ask("steward", {"steward_id": STW_STAFF})
    assert card["grades"] == [{"period": "2025-02", "score": 82, "grade": "AA"}]
    assert "grades" not in ground.by(STAFF_2).ask("steward", {"steward_id": STW_STAFF})


@pytest.mark.parametrize(
    ("role", "scope", "read"),
    [
        ("R_CADRE", COMMUNITY, True),
        ("R_GRID", COMMUNITY, True),
        ("R_AUDITOR", COMMUNITY[:6], True),
        ("R_CADRE", "370811015902", False),
        ("R_GRID", "370811015902", False),
        ("R_PARTNER", COMMUNITY, False),
        ("R_RESIDENT", GRID, False),
    ],
)
def test_who_a_steward_is_is_read_by_those_who_oversee_his_community(ground, role, scope, read):
    """K15, SEC-M1, SEC-H3: any role of any area read his person id, whatever the boards hid."""
    ground.staff()
    card = ground.by(person_id(91), role, scope).ask("steward", {"steward_id": STW_STAFF})
    assert (card["duty"], card.get("person_id") == STAFF, STAFF in str(card)) == (
        "PROPERTY_STAFF", read, read,
    )  # fmt: skip
    own = ground.by(STAFF, "R_STEWARD", COMMUNITY).ask("steward", {"steward_id": STW_STAFF})
    assert own["person_id"] == STAFF


def test_the_roster_comes_in_pages(ground):
    ground.staff()
    bench = ground.cadre()
    first = bench.ask("stewards", {"scope": COMMUNITY, "limit": 3})
    second = bench.ask("stewards", {"scope": COMMUNITY, "limit": 3, "cursor": first["next"]})
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == [STW_CADRE, STW_GRID, STW_STAFF, STW_STAFF_2, STW_POLICE]
    assert second["next"] is None


@pytest.mark.covers("F17-flow")
def test_nothing_is_given_to_somebody_who_is_leaving_in_this_moment(ground):
    """Two transactions on PostgreSQL: the submission waits for the leaving, and looks again."""
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.steward(STW_STAFF_2, STAFF_2, "PROPERTY_STAFF")
    runtime = ground.bench.runtime
    if runtime.engine.dialect.name != "postgresql":
        # One writer at a time: there is no such moment on SQLite.
        with ground.bench.transaction() as tx:
            row = storage.posts.known(tx.conn, STW_STAFF)
            storage.posts.update(tx.conn, row, status="LEFT")
            assert storage.posts.take(tx.conn, STW_STAFF, tx.now) is False
            assert storage.posts.take(tx.conn, STW_STAFF_2, tx.now) is True
        return
    replies = []
    with ground.bench.transaction() as leaving:
        row = storage.posts.lock(leaving.conn, STW_STAFF)
        storage.posts.update(leaving.conn, row, status="LEFT")
        submission = threading.Thread(target=lambda: replies.append(ground.submit()))
        submission.start()
        waiting = sa.text("select count(*) from pg_locks where not granted")
        assert wait_until(lambda: leaving.conn.execute(waiting).scalar() > 0, 10)
    submission.join(10)
    assert replies[0]["handler"] == STW_STAFF_2


def test_a_minor_is_no_steward(ground):
    """K10: a child of fifteen had a steward's account and could spend from it."""
    young = "per_00000000-0000-7000-8000-000000000051"
    ground.person(young, "小明", grid=GRID, birth_year=2010)
    with pytest.raises(errors.UnderAge) as refused:
        ground.steward("stw_00000000-0000-7000-8000-000000000051", young, "BUILDING_HEAD")
    assert refused.value.field == "person_id"


def standing(staffed, who, **more):
    """Correct the cadre's post as somebody."""
    version = staffed.bench.rows("SELECT version FROM stewards WHERE steward_id = :s", s=STW_CADRE)[
        0
    ]["version"]
    body = {"steward_id": STW_CADRE, "reason": "更正身份"} | more
    return staffed.bench.as_("R_CADRE", person=who, scope=COMMUNITY).do(
        "correct_steward", body, version=version
    )


def test_what_followed_from_a_mistaken_mark_is_put_right_with_it(ground):
    """K7: once marked as a state official, a steward never spent again."""
    ground.staff()

    def spendable():
        card = ground.cadre().ask("steward", {"steward_id": STW_CADRE})
        return card["spendable"], ground.bench.published("steward_enrolled.v1")[-1]["data"][
            "spendable"
        ]

    for official in (True, False):
        standing(ground, OTHER_CADRE, is_state_official=official)
        assert spendable() == (not official, not official)


def test_nobody_gives_himself_a_post_or_a_wallet(ground):
    """K12: who appoints made himself a steward, and took the mark of an official off himself."""
    ground.staff()
    with pytest.raises(errors.SelfConfirm):
        standing(ground, CADRE, is_state_official=False)
    with pytest.raises(errors.SelfConfirm):
        standing(ground, CADRE, duty="GRID_WORKER")
    assert standing(ground, CADRE, work_phone="05370000009")["version"] == 2
    post = {
        "person_id": OTHER_CADRE, "type": "FULL_TIME", "duty": "COMMUNITY_CADRE", "grids": [GRID],
        "board_consent": False,
    }  # fmt: skip
    with pytest.raises(errors.SelfConfirm):
        ground.cadre(OTHER_CADRE).do("enrol_steward", post)
    assert ground.cadre(CADRE).do("enrol_steward", post)["state"] == "ACTIVE"


def test_a_shift_that_has_not_begun_is_taken_back_and_nobody_has_missed_it(ground):
    """H2-13: the shift of tomorrow was told as missed."""
    ground.staff()
    which = {"shift_id": ground.shift(STW_STAFF, "2025-03-03T10:00", "2025-03-03T20:00")["id"]}
    assert ground.cadre().do("miss_shift", which, version=1)["state"] == "CANCELLED"
    ground.bench.at("2025-03-03T10:00:00")
    for who in (ground.by(STAFF), ground.cadre()):
        with pytest.raises(StateConflict) as refused:
            who.do("attend_shift", which, version=2)
    with pytest.raises(StateConflict):
        ground.cadre().do("miss_shift", which, version=2)
    assert "已撤回" in problem_of(refused.value, "fivered.services.steward")["message_zh"]
    # Nobody sits there, and another shift may stand in its place.
    order = {"grid": GRID, "start": "2025-03-03T10:00:00+08:00", "end": "2025-03-03T20:00:00+08:00"}
    assert ground.cadre().ask("shift_gaps", order)["uncovered_minutes"] == 600
    ground.shift(STW_STAFF, "2025-03-03T10:00", "2025-03-03T20:00")
    assert ground.cadre().ask("shift_gaps", order)["uncovered_minutes"] == 0


def test_a_shift_that_was_marked_as_missed_by_mistake_is_put_right(ground):
    """K13: a slip cost the steward his month's attendance, and nothing took it back."""
    ground.staff()
    shift = ground.shift(STW_STAFF, "2025-03-05T08:00", "2025-03-05T20:00")
    which = {"shift_id": shift["id"]}
    ground.bench.at("2025-03-05T09:00:00")
    assert ground.cadre().do("miss_shift", which, version=1)["state"] == "MISSED"
    with pytest.raises(StateConflict):
        ground.by(STAFF).do("attend_shift", which, version=2)
    assert ground.cadre().do("attend_shift", which, version=2)["state"] == "ATTENDED"
