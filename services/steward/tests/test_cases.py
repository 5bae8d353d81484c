"""Requests from submission to closing, through the real doors."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import CacheStats

from fivered.chassis import records
from fivered.chassis.refusal import (
    Invalid,
    NotFound,
    PreconditionRequired,
    RoleDenied,
    StateConflict,
    VersionConflict,
)
from fivered.services.steward import errors, storage
from fivered.services.steward.actions import submission
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    Ground,
)

pytestmark = pytest.mark.slow

PROJECT = {
    "project_id": "prj_1",
    "company_id": "pco_1",
    "community": COMMUNITY,
    "grids": [GRID],
    "households": 1200,
    "status": "IN_SERVICE",
}


def staffed_stage(bench):
    """The usual stewards; the first property worker sits on shift all Monday."""
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


# A value for each member of the command; a new one gets its value here.
WHOLE = {
    "channel": "PHONE",
    "kind": "COMPLAINT",
    "category": "PROPERTY_SERVICE",
    "grid": GRID,
    "text": "保洁三天没来",
    "priority": "P2",
    "building": "3",
    "indoor": True,
    "reporter_id": WANG,
    "project_id": PROJECT["project_id"],
    "against": "pco_1",
    "external_ref": "GATE-1",
    "occurred_at": "2025-03-03T08:30:00+08:00",
    "media": ["sha256:1"],
    "caller_phone": "12800000055",
    "insist": True,
}
# Those stand or fall with a register or a standard of their own: test_located, test_standards.
ELSEWHERE = {"place_code", "subcategory", "details"}
# What the card calls otherwise, or does not show.
NOT_ON_THE_CARD = {"indoor", "caller_phone", "insist"}


def test_each_field_of_a_request_is_kept_shown_and_told(staffed):
    """What a request says stands on its card, and in its event where that has the field."""
    bench = staffed.bench
    assert set(WHOLE) | ELSEWHERE == set(submission.SubmitRequest.__struct_fields__)
    said = staffed.cadre(OTHER_CADRE).do("submit_request", WHOLE)
    card = staffed.cadre(OTHER_CADRE).ask("request", {"request_id": said["id"]})
    (told,) = [event["data"] for event in bench.published("request_submitted.v1")]
    wanted = WHOLE | {"occurred_at": "2025-03-03T00:30:00+00:00"}
    for name in set(WHOLE) - NOT_ON_THE_CARD:
        assert card[name] == wanted[name], name
    for name in set(WHOLE) & set(told):
        assert told[name] == WHOLE[name], name


@pytest.mark.covers("F2-flow")
def test_a_request_by_phone_is_routed_done_rated_and_closed(staffed):
    bench = staffed.bench
    reply = staffed.cadre(CADRE).do(
        "submit_request",
        {
            "channel": "PHONE",
            "kind": "REPAIR",
            "category": "REPAIR_COMMON",
            "grid": GRID,
            "text": "楼道灯不亮",
            "reporter_id": WANG,
        },
    )
    assert reply["number"] == "SR-20250303-015901-00001"
    assert (reply["state"], reply["handler"], reply["version"]) == ("DISPATCHED", STW_STAFF, 2)
    assert reply["due"] == reply["due_accept"] == "2025-03-03T03:00:00+00:00"
    assert reply["due_resolve"] == "2025-03-06T16:00:00+00:00"
    submitted = bench.published("request_submitted.v1")[0]
    assert submitted["data"]["reporter_id"] == WANG
    assert submitted["data"]["due_contact"] == "2025-03-04T01:00:00Z"

    reply = staffed.step("accept_request", reply, STAFF)
    assert (reply["state"], reply["late"]) == ("ACCEPTED", False)
    reply = staffed.step("contact_request", reply, STAFF, note="已电话联系")
    assert reply["state"] == "IN_PROGRESS"
    reply = staffed.step(
        "resolve_request", reply, STAFF, outcome="SOLVED", note="已更换", media=["sha256:1"]
    )
    assert (reply["state"], reply["on_time"]) == ("RESOLVED", True)
    assert bench.published("request_resolved.v1")[0]["data"] == {
        "request_id": reply["id"],
        "handler": STW_STAFF,
        "outcome": "SOLVED",
        "on_time": True,
        "project_id": None,
    }
    reply = staffed.rate(reply, stars=5)
    assert reply["state"] == "RATED"
    assert bench.published("request_rated.v1")[0]["data"] == {
        "request_id": reply["id"],
        "handler": STW_STAFF,
        "handler_person": STAFF,
        "rater": WANG,
        "stars": 5,
        "solved": True,
        "project_id": None,
    }
    bench.fire("2025-03-06T09:00:00")
    assert bench.published("request_closed.v1")[0]["data"] == {
        "request_id": reply["id"],
        "rated": True,
    }

    timeline = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask(
        "timeline", {"request_id": reply["id"]}
    )
    assert [item["action"] for item in timeline["items"]] == [
        "submit", "dispatch", "accept", "contact", "resolve", "rate", "close",
    ]  # fmt: skip
    assert timeline["items"][2]["what_en"] == "Accepted by the handler"
    # S28: it came whole, 860 KB of it.
    asked = {"request_id": reply["id"], "limit": 4}
    first = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("timeline", asked)
    rest = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask(
        "timeline", asked | {"cursor": first["next"]}
    )
    assert first["items"] + rest["items"] == timeline["items"]
    assert (len(first["items"]), rest["next"]) == (4, None)
    sequences = [int(e["sequence"]) for e in bench.published() if e["subject"] == reply["id"]]
    assert sequences == sorted(set(sequences))


def test_a_row_that_was_written_is_as_its_table_has_it(staffed, monkeypatch):
    """`file` and `change` answer a row without asking for it."""
    seen = []

    def compared(write):
        def written(conn, *given):
            row = write(conn, *given)
            kept = storage.cases.request(conn, row.request_id)
            assert {name: repr(one) for name, one in records.values_of(row).items()} == {
                name: repr(one) for name, one in records.values_of(kept).items()
            }
            seen.append(write.__name__)
            return row

        return written

    for write in (storage.cases.file, storage.cases.change):
        monkeypatch.setattr(storage.cases, write.__name__, compared(write))
    staffed.cadre(OTHER_CADRE).do("submit_request", WHOLE)
    staffed.rate(staffed.resolved(), stars=1, solved=False)
    staffed.bench.fire("2025-03-20T09:00:00")
    assert {"file", "change"} == set(seen)
    assert len(seen) >= 8


def test_numbers_count_per_community_and_day(staffed):
    staffed.submit()
    assert staffed.submit()["number"] == "SR-20250303-015901-00002"
    staffed.bench.at("2025-03-04T00:00:00")
    assert staffed.submit()["number"] == "SR-20250304-015901-00001"


@pytest.mark.covers("F20-flow")
def test_the_same_external_reference_answers_the_first_request(staffed):
    first = staffed.submit(who=None, channel="HOTLINE_12345", external_ref="H-1")
    again = staffed.submit(who=None, channel="HOTLINE_12345", external_ref="H-1")
    assert (again["id"], again["duplicate"]) == (first["id"], True)
    other = staffed.submit(who=None, channel="WECHAT_GROUP", external_ref="H-1")
    assert other["id"] != first["id"]
    assert len(staffed.bench.published("request_submitted.v1")) == 2


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"grid": "370811015901009"}, errors.UnknownGrid),
        ({"reporter_id": LI}, RoleDenied),
        ({"text": ""}, Invalid),
        ({"text": "长" * 1001}, Invalid),
        ({"category": "WEATHER"}, Invalid),
        ({"media": ["m"] * 10}, Invalid),
        ({"occurred_at": "2025-03-03T09:10:00+08:00"}, errors.ClockSkew),
        ({"occurred_at": "2025-01-03T09:10:00+08:00"}, errors.TooOld),
    ],
)
def test_a_request_that_cannot_be_taken(staffed, more, refusal):
    with pytest.raises(refusal):
        staffed.submit(**more)
    assert staffed.bench.published("request_submitted.v1") == []


def test_an_unknown_reporter_is_refused(staffed):
    with pytest.raises(errors.UnknownPerson):
        staffed.submit(who=None, reporter_id="per_unknown")


@pytest.mark.covers("S18")
def test_the_project_of_a_grid_is_heard_and_named(staffed):
    bench = staffed.bench
    bench.consume("property", "project_registered.v1", PROJECT, subject="prj_1", sequence=2)
    staffed.submit(kind="COMPLAINT", category="PROPERTY_SERVICE")
    data = bench.published("request_submitted.v1")[0]["data"]
    assert data["project_id"] == "prj_1"
    # A complaint about the property never goes to the property itself.
    assert bench.rows("select handler from requests")[0]["handler"] == STW_CADRE
    with pytest.raises(errors.ProjectNotOfGrid):
        staffed.submit(grid=GRID_2, project_id="prj_1")
    assert staffed.submit(grid=GRID_2, project_id="prj_unheard")["state"] == "DISPATCHED"
    # A stale word about the project changes nothing.
    bench.consume(
        "property", "project_registered.v1", PROJECT | {"grids": [GRID_2]},
        subject="prj_1", sequence=1,
    )  # fmt: skip
    staffed.submit()
    assert bench.published("request_submitted.v1")[-1]["data"]["project_id"] == "prj_1"


@pytest.mark.parametrize(
    ("more", "handler"),
    [
        ({}, STW_STAFF),
        ({"category": "NOISE"}, STW_GRID),
        ({"category": "POLICY", "kind": "CONSULT"}, STW_CADRE),
        ({"category": "FRAUD"}, STW_POLICE),
        ({"category": "WATER"}, STW_STAFF),  # there is no water steward
        ({"grid": GRID_2}, STW_GRID),  # no property there: a grid worker
        ({"category": "FIRE_LANE", "grid": GRID_2}, STW_GRID),  # of the same community
    ],
)
def test_who_gets_what(staffed, more, handler):
    assert staffed.submit(**more)["handler"] == handler


def test_load_is_shared_between_equals(ground):
    ground.staff()
    handlers = [ground.submit()["handler"] for _ in range(4)]
    assert sorted(handlers) == sorted([STW_STAFF, STW_STAFF_2] * 2)


def test_without_anybody_a_request_waits_and_a_cadre_gives_it(ground):
    reply = ground.submit()
    assert (reply["state"], reply["handler"]) == ("SUBMITTED", None)
    with pytest.raises(errors.NobodyToDispatch):
        ground.cadre().do("dispatch_request", {"request_id": reply["id"]}, version=reply["version"])
    ground.staff()
    ground.shift(STW_STAFF_2, "2025-03-03T08:00", "2025-03-03T22:00")
    cadre = ground.cadre()
    body = {"request_id": reply["id"]}
    with pytest.raises(errors.WrongDuty):
        cadre.do("dispatch_request", body | {"handler": STW_POLICE}, version=1)
    with pytest.raises(errors.HandlerNotOnDuty):
        cadre.do("dispatch_request", body | {"handler": STW_STAFF}, version=1)
    given = cadre.do("dispatch_request", body | {"handler": STW_STAFF_2}, version=1)
    assert (given["state"], given["handler"]) == ("DISPATCHED", STW_STAFF_2)


@pytest.mark.covers("REQ-L09")
def test_what_one_may_not_see_is_a_denial_and_what_is_not_there_is_none(staffed):
    """Both are answered alike; the audit knows the difference."""
    reply = staffed.submit()
    for request_id in (reply["id"], reply["id"][:-4] + "0000"):
        with pytest.raises(NotFound):
            step = {"request_id": request_id}
            staffed.by(STAFF_2, scope=GRID_2).do("accept_request", step, version=2)
        with pytest.raises(NotFound):
            staffed.by(STAFF_2, scope=GRID_2).ask("request", step)
    asked = "select actor, action, target, refused from audit where result = 'DENIED'"
    assert staffed.bench.rows(f"{asked} order by id") == [
        {"actor": STAFF_2, "action": door, "target": reply["id"], "refused": "NOT_FOUND"}
        for door in ("accept_request", "request")
    ]


@pytest.mark.covers("P9", "REQ-L14")
def test_only_the_handler_takes_steps_and_only_in_the_version_that_he_saw(staffed):
    reply = staffed.submit()
    body = {"request_id": reply["id"]}
    # Who may not read it is not told whose it is; the grid's own cadre may.
    with pytest.raises(NotFound):
        staffed.by(STAFF_2).do("accept_request", body, version=2)
    with pytest.raises(errors.NotHandler):
        staffed.by(CADRE, "R_CADRE", scope=COMMUNITY).do("accept_request", body, version=2)
    with pytest.raises(NotFound):
        staffed.by(STAFF_2, scope=GRID_2).do("accept_request", body, version=2)
    with pytest.raises(RoleDenied):
        staffed.by(WANG, "R_RESIDENT").do("accept_request", body, version=2)
    with pytest.raises(PreconditionRequired):
        staffed.by(STAFF).do("accept_request", body)
    with pytest.raises(VersionConflict):
        staffed.by(STAFF).do("accept_request", body, version=1)
    with pytest.raises(StateConflict):
        staffed.by(STAFF).do("contact_request", body, version=2)
    assert staffed.by(STAFF).do("accept_request", body, version=2)["state"] == "ACCEPTED"


def test_a_return_goes_to_the_next_and_twice_is_enough(staffed):
    reply = staffed.submit()
    first_due = reply["due_resolve"], reply["due_contact"]
    reply = staffed.step("return_request", reply, STAFF, reason="不在责任区")
    assert (reply["state"], reply["handler"]) == ("DISPATCHED", STW_STAFF_2)
    reply = staffed.step("return_request", reply, STAFF_2, reason="不在责任区")
    # Returned twice: now only a cadre may hold it.
    assert reply["handler"] == STW_CADRE
    assert (reply["due_resolve"], reply["due_contact"]) == first_due
    with pytest.raises(errors.ReturnLimit):
        staffed.step("return_request", reply, CADRE, role="R_CADRE", reason="不在责任区")
    body = {"request_id": reply["id"], "handler": STW_STAFF}
    with pytest.raises(errors.ReturnLimit):
        staffed.cadre().do("dispatch_request", body, version=reply["version"])
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    assert (card["returns"], card["first_handler"]) == (2, STW_STAFF)


def test_a_transfer_never_moves_a_clock_of_the_request(staffed):
    reply = staffed.submit(category="NOISE")
    reply = staffed.step("accept_request", reply, GRID_WORKER)
    staffed.bench.at("2025-03-03T21:30:00")
    moved = staffed.step("transfer_request", reply, GRID_WORKER, reason="涉及治安", duty="POLICE")
    assert (moved["state"], moved["handler"]) == ("DISPATCHED", STW_POLICE)
    assert moved["due_resolve"] == reply["due_resolve"]
    assert moved["due_contact"] == reply["due_contact"]
    # The new handler's own accept clock begins, and keeps out of the night.
    assert moved["due_accept"] == "2025-03-04T00:00:00+00:00"


def test_a_complaint_about_the_property_is_not_transferred_to_it(staffed):
    reply = staffed.submit(kind="COMPLAINT", category="PROPERTY_SERVICE")
    reply = staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    with pytest.raises(errors.WrongDuty):
        staffed.step(
            "transfer_request", reply, CADRE, "R_CADRE", COMMUNITY,
            reason="请物业办理", duty="PROPERTY_STAFF",
        )  # fmt: skip
    with pytest.raises(errors.WrongDuty):
        staffed.step(
            "transfer_request", reply, CADRE, "R_CADRE", COMMUNITY,
            reason="请物业办理", handler=STW_STAFF,
        )  # fmt: skip


def test_resolving_needs_contact_and_evidence(staffed):
    reply = staffed.step("accept_request", staffed.submit(), STAFF)
    done = {"outcome": "SOLVED", "note": "已更换", "media": ["sha256:1"]}
    with pytest.raises(errors.NotContacted):
        staffed.step("resolve_request", reply, STAFF, **done)
    reply = staffed.step("contact_request", reply, STAFF, note="已电话联系")
    with pytest.raises(errors.EvidenceRequired):
        staffed.step("resolve_request", reply, STAFF, **done | {"media": []})
    with pytest.raises(errors.EvidenceRequired):
        staffed.step("resolve_request", reply, STAFF, **done | {"note": " "})
    told = {"outcome": "EXPLAINED", "note": "属业主专有部分", "media": []}
    assert staffed.step("resolve_request", reply, STAFF, **told)["state"] == "RESOLVED"


def test_a_question_is_answered_without_a_contact_clock(staffed):
    reply = staffed.submit(kind="CONSULT", category="POLICY")
    assert reply["due_contact"] is None
    assert reply["due_resolve"] == "2025-03-04T16:00:00+00:00"
    reply = staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    told = {"outcome": "EXPLAINED", "note": "请携带户口本办理", "media": []}
    done = staffed.step("resolve_request", reply, CADRE, "R_CADRE", COMMUNITY, **told)
    assert done["state"] == "RESOLVED"


@pytest.mark.covers("REQ-L21")
def test_an_emergency_is_met_on_site_and_the_caller_is_told_whom_to_call(staffed):
    reply = staffed.submit(category="LIFT", priority="P1", text="电梯困人")
    assert "119" in reply["advice"]
    assert "call 119, 110 or 120" in reply["advice"]
    reply = staffed.step("accept_request", reply, STAFF)
    reply = staffed.step("contact_request", reply, STAFF, note="已电话联系")
    assert staffed.bench.published("emergency_arrival.v1") == []
    staffed.bench.at("2025-03-03T09:14:59")
    reply = staffed.step("contact_request", reply, STAFF, arrived=True)
    assert staffed.bench.published("emergency_arrival.v1")[0]["data"] == {
        "request_id": reply["id"],
        "handler": STW_STAFF,
        "handler_person": STAFF,
        "minutes": 14,
    }


def test_who_arrives_late_has_no_arrival(staffed):
    reply = staffed.step("accept_request", staffed.submit(category="LIFT", priority="P1"), STAFF)
    staffed.bench.at("2025-03-03T09:15:00")
    late = staffed.step("contact_request", reply, STAFF, arrived=True)
    assert late["late"] is True
    assert staffed.bench.published("emergency_arrival.v1") == []


def test_a_complex_request_is_extended_once_before_its_end(staffed):
    ordinary = staffed.submit()
    body = {"reason": "等待配件", "new_due": "2025-03-20T18:00:00+08:00"}
    ordinary = staffed.step("accept_request", ordinary, STAFF)
    with pytest.raises(errors.NotP4):
        staffed.step("extend_request", ordinary, OTHER_CADRE, "R_CADRE", COMMUNITY, **body)
    reply = staffed.submit(category="OLD_COMPOUND")
    assert reply["due_resolve"] == "2025-03-12T16:00:00+00:00"
    reply = staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    for new_due in ("2025-03-25T00:00:01+08:00", "2025-03-13T00:00:00+08:00"):
        with pytest.raises(errors.Over15WorkingDays):
            staffed.step(
                "extend_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY,
                **body | {"new_due": new_due},
            )  # fmt: skip
    reply = staffed.step("extend_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, **body)
    assert reply["due_resolve"] == "2025-03-20T10:00:00+00:00"
    with pytest.raises(errors.AlreadyExtended):
        staffed.step("extend_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, **body)


def test_what_is_overdue_is_not_extended(staffed):
    reply = staffed.submit(category="OLD_COMPOUND")
    reply = staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    staffed.bench.at("2025-03-13T00:00:00")
    with pytest.raises(errors.AfterDue):
        staffed.step(
            "extend_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY,
            reason="等待配件", new_due="2025-03-20T18:00:00+08:00",
        )  # fmt: skip


@pytest.mark.covers("P12")
def test_only_the_reporter_rates_once_and_within_30_days(staffed):
    reply = staffed.resolved()
    body = {"request_id": reply["id"], "stars": 5, "solved": True}
    with pytest.raises(NotFound):
        staffed.by(LI, "R_RESIDENT", COMMUNITY).do("rate_request", body)
    with pytest.raises(errors.NotReporter):
        staffed.by(STAFF).do("rate_request", body)
    with pytest.raises(Invalid):
        staffed.rate(reply, stars=6)
    staffed.rate(reply)
    with pytest.raises(errors.AlreadyRated):
        staffed.rate(reply, stars=1)
    late = staffed.resolved(staffed.submit())
    staffed.bench.fire("2025-04-02T09:00:00")
    with pytest.raises(errors.RatingWindow):
        staffed.rate(late)
    assert len(staffed.bench.published("request_rated.v1")) == 1


def test_who_is_not_rated_within_72_hours_is_closed_unrated_and_may_be_rated_later(staffed):
    reply = staffed.resolved()
    staffed.bench.fire("2025-03-06T08:59:59")
    assert staffed.bench.published("request_closed.v1") == []
    staffed.bench.fire("2025-03-06T09:00:00")
    assert staffed.bench.published("request_closed.v1")[0]["data"]["rated"] is False
    assert staffed.rate(reply)["state"] == "CLOSED"
    assert staffed.bench.published("request_closed.v1")[1]["data"]["rated"] is True


@pytest.mark.covers("F2-flow", "REQ-L14")
def test_a_bad_rating_costs_nothing_before_somebody_outside_the_chain_upholds_it(staffed):
    reply = staffed.rate(staffed.resolved(), stars=2, solved=False)
    bench = staffed.bench
    assert bench.published("bad_rating_upheld.v1") == []
    # Its handler does not see how it was rated while the case is open.
    assert "stars" not in staffed.by(STAFF).ask("request", {"request_id": reply["id"]})
    steps = staffed.by(STAFF).ask("timeline", {"request_id": reply["id"]})["items"]
    assert "rate" not in {step["action"] for step in steps}
    with pytest.raises(errors.ReviewPending):
        staffed.step("close_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, reason="结案")
    with pytest.raises(errors.InChain):
        staffed.step(
            "review_request", reply, STAFF, "R_CADRE", COMMUNITY, upheld=False, reason="没有问题"
        )
    done = staffed.step(
        "review_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, upheld=True, reason="情况属实"
    )
    assert (done["state"], done["verdict"]) == ("CLOSED", "UPHELD")
    assert bench.published("bad_rating_upheld.v1")[0]["data"] == {
        "request_id": reply["id"],
        "handler": STW_STAFF,
        "handler_person": STAFF,
    }
    assert staffed.by(STAFF).ask("request", {"request_id": reply["id"]})["stars"] == 2


def test_a_bad_rating_that_is_not_upheld_stays_in_the_statistics_only(staffed):
    reply = staffed.rate(staffed.resolved(), stars=1, solved=False)
    done = staffed.step(
        "review_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, upheld=False, reason="已尽责"
    )
    assert done["verdict"] == "NOT_UPHELD"
    assert staffed.bench.published("bad_rating_upheld.v1") == []
    with pytest.raises(errors.NoReview):
        staffed.step(
            "review_request", done, OTHER_CADRE, "R_CADRE", COMMUNITY, upheld=True, reason="再查"
        )


def test_a_review_that_the_community_forgets_goes_to_the_street(staffed):
    reply = staffed.rate(staffed.resolved(), stars=1, solved=False)
    staffed.bench.fire("2025-03-07T00:00:00")
    reply = reply | {"version": reply["version"] + 1}
    body = {"request_id": reply["id"], "upheld": True, "reason": "情况属实"}
    with pytest.raises(errors.ReviewAtStreet):
        staffed.cadre().do("review_request", body, version=reply["version"])
    street = staffed.by(OTHER_CADRE, "R_STREET", "370811015")
    assert street.do("review_request", body, version=reply["version"])["state"] == "CLOSED"


def test_rated_well_but_not_solved_waits_for_a_cadre(staffed):
    reply = staffed.rate(staffed.resolved(), stars=4, solved=False)
    staffed.bench.fire("2025-03-10T09:00:00")
    assert staffed.bench.published("request_closed.v1") == []
    with pytest.raises(errors.InChain):
        staffed.step("close_request", reply, STAFF, "R_CADRE", COMMUNITY, reason="已说明")
    done = staffed.step("close_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, reason="已说明")
    assert done["state"] == "CLOSED"


def test_what_follows_by_itself_is_told_as_the_systems_doing(staffed):
    """The reporter read that they had given their request to a steward themselves."""

    def told(reply):
        asked = {"request_id": reply["id"]}
        items = staffed.cadre().ask("timeline", asked)["items"]
        return [(item["action"], item["by_role"]) for item in items]

    reply = staffed.submit()
    assert told(reply) == [("submit", "R_RESIDENT"), ("dispatch", "R_SYSTEM")]
    named = {"request_id": reply["id"]}
    item = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("timeline", named)["items"][1]
    assert item["by_role_zh"] == "系统"
    done = staffed.resolved()
    staffed.bench.fire("2025-03-06T09:00:00")
    card = staffed.cadre().ask("request", {"request_id": done["id"]})
    staffed.rate(card, stars=5)
    assert told(done)[-2:] == [("rate", "R_RESIDENT"), ("close", "R_SYSTEM")]


def test_a_request_that_is_reopened_is_neither_closed_nor_resolved(staffed):
    """It bore the time of its first closing for good."""
    bench = staffed.bench

    def times():
        card = staffed.cadre().ask("request", {"request_id": reply["id"]})
        return card["state"], card["resolved_at"], card["closed_at"]

    reply = staffed.resolved()
    bench.fire("2025-03-06T09:00:00")
    assert times()[2] == "2025-03-06T01:00:00+00:00"
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    reply = staffed.step("reopen_request", card, WANG, "R_RESIDENT", COMMUNITY, reason="又坏了")
    assert times() == ("DISPATCHED", None, None)
    reply = staffed.resolved(reply)
    assert times() == ("RESOLVED", "2025-03-06T01:00:00+00:00", None)
    bench.fire("2025-03-09T09:00:00")
    assert times()[2] == "2025-03-09T01:00:00+00:00"


@pytest.mark.covers("P11", "P12")
def test_a_request_is_reopened_with_half_the_time_and_at_most_twice(staffed):
    bench = staffed.bench
    reply = staffed.resolved()
    again = {"reason": "灯又坏了"}
    with pytest.raises(NotFound):
        staffed.step("reopen_request", reply, LI, "R_RESIDENT", COMMUNITY, **again)
    bench.at("2025-03-04T09:00:00")
    reply = staffed.step("reopen_request", reply, WANG, "R_RESIDENT", COMMUNITY, **again)
    # Submitted Monday 09:00, due at the end of Thursday: 87 hours; half are 43.5.
    assert (reply["state"], reply["handler"]) == ("DISPATCHED", STW_STAFF)
    assert reply["due_resolve"] == "2025-03-05T20:30:00+00:00"
    assert bench.published("request_reopened.v1")[0]["data"]["reopen_count"] == 1
    reply = staffed.resolved(reply)
    reply = staffed.step("reopen_request", reply, WANG, "R_RESIDENT", COMMUNITY, **again)
    reply = staffed.resolved(reply)
    with pytest.raises(errors.ReopenLimit):
        staffed.step("reopen_request", reply, WANG, "R_RESIDENT", COMMUNITY, **again)
    late = staffed.resolved(staffed.submit())
    bench.fire("2025-03-11T09:00:00")
    card = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("request", {"request_id": late["id"]})
    with pytest.raises(errors.ReopenWindow):
        staffed.step("reopen_request", card, WANG, "R_RESIDENT", COMMUNITY, **again)


def test_rejected_cancelled_and_merged_are_told_apart_and_start_no_clock(staffed):
    bench = staffed.bench
    rejected = staffed.step(
        "reject_request", staffed.submit(), OTHER_CADRE, "R_CADRE", COMMUNITY,
        reason="IN_LITIGATION", note="法院正在审理",
    )  # fmt: skip
    assert rejected["state"] == "REJECTED"
    cancelled = staffed.step("cancel_request", staffed.submit(), WANG, "R_RESIDENT", COMMUNITY)
    assert cancelled["state"] == "CANCELLED"
    stays = staffed.submit()
    other = staffed.submit(who=LI)
    merged = staffed.step(
        "merge_request", other, OTHER_CADRE, "R_CADRE", COMMUNITY, into=stays["id"]
    )
    assert (merged["state"], merged["merged_into"]) == ("MERGED", stays["id"])
    assert [event["data"] for event in bench.published("request_merged.v1")] == [
        {
            "request_id": other["id"],
            "into": stays["id"],
            "into_kind": "REPAIR",
            "into_category": "REPAIR_COMMON",
            "into_project_id": None,
        }
    ]
    left = bench.rows("select distinct ref from timers where kind like 'REQ_%'")
    assert [row["ref"] for row in left] == [stays["id"]]
    steps = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask(
        "timeline", {"request_id": rejected["id"]}
    )["items"]
    assert steps[-1]["detail"]["note"] == "法院正在审理"


def test_who_reported_what_was_merged_follows_and_may_rate(staffed):
    stays = staffed.submit()
    found = staffed.by(LI, "R_RESIDENT", COMMUNITY).ask(
        "similar_requests", {"grid": GRID, "category": "REPAIR_COMMON"}
    )["items"]
    assert [item["id"] for item in found] == [stays["id"]]
    assert "text" not in found[0]
    other = staffed.submit(who=LI)
    staffed.step("merge_request", other, OTHER_CADRE, "R_CADRE", COMMUNITY, into=stays["id"])
    card = staffed.by(LI, "R_RESIDENT", COMMUNITY).ask("request", {"request_id": stays["id"]})
    reply = staffed.resolved({"id": stays["id"], "version": card["version"]})
    assert staffed.rate(reply, who=LI)["state"] == "MERGED"


def test_what_is_not_the_same_matter_is_not_merged(staffed):
    first = staffed.submit(building="3")
    for other in (
        staffed.submit(category="LIFT"),
        staffed.submit(grid=GRID_2),
        staffed.submit(building="4"),
        first,
    ):
        with pytest.raises(errors.NotMergeable):
            staffed.step(
                "merge_request", other, OTHER_CADRE, "R_CADRE", COMMUNITY, into=first["id"]
            )
    staffed.bench.at("2025-03-06T09:00:01")
    with pytest.raises(errors.NotMergeable):
        staffed.step(
            "merge_request", staffed.submit(), OTHER_CADRE, "R_CADRE", COMMUNITY, into=first["id"]
        )


def test_the_reporter_urges_and_nobody_else(staffed):
    reply = staffed.submit()
    body = {"request_id": reply["id"]}
    staffed.by(WANG, "R_RESIDENT", COMMUNITY).do("urge_request", body)
    assert staffed.by(STAFF).ask("workbench", {})["items"][0]["urged"] == 1
    with pytest.raises(NotFound):
        staffed.by(LI, "R_RESIDENT", COMMUNITY).do("urge_request", body)


@pytest.mark.covers("F2-flow")
def test_what_a_steward_finds_himself_earns_nothing_before_somebody_else_looks(staffed):
    """SP-D23: three words and a made-up picture closed by themselves and gave a point."""
    staffed.by(STAFF)
    reply = staffed.bench.do(
        "submit_request",
        {
            "channel": "APP",
            "kind": "HAZARD",
            "category": "REPAIR_COMMON",
            "grid": GRID,
            "text": "巡查发现扶手松动",
        },
    )
    assert reply["handler"] == STW_STAFF
    staffed.resolved(reply)
    with pytest.raises(errors.NotReporter):
        staffed.rate(reply, who=STAFF)
    staffed.bench.fire("2025-03-06T09:00:00")
    assert staffed.bench.published("request_self_found_closed.v1") == []
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    look = {"confirmed": True, "reason": "现场已看"}
    with pytest.raises(errors.InChain):
        staffed.step("check_found", card, STAFF, "R_CADRE", COMMUNITY, **look)
    done = staffed.step("check_found", card, OTHER_CADRE, "R_CADRE", COMMUNITY, **look)
    with pytest.raises(errors.NothingFound):
        staffed.step("check_found", done, OTHER_CADRE, "R_CADRE", COMMUNITY, **look)
    month = staffed.by(STAFF).ask("steward_month", {"steward_id": STW_STAFF, "period": "2025-03"})
    assert month["proactive_closed"] == 1
    assert staffed.bench.published("request_self_found_closed.v1")[0]["data"] == {
        "request_id": reply["id"],
        "handler": STW_STAFF,
        "handler_person": STAFF,
    }


def test_who_reports_it_never_has_it_in_hand(staffed):
    reply = staffed.bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY).do(
        "submit_request",
        {
            "channel": "PHONE",
            "kind": "REPAIR",
            "category": "REPAIR_COMMON",
            "grid": GRID,
            "text": "楼道灯不亮",
            "reporter_id": STAFF,
        },
    )
    # The routing would have given it to him; it is his own matter.
    assert staffed.handler_of(reply) != STAFF
    staffed.resolved(reply)
    assert staffed.rate(reply, who=STAFF)["state"] == "RATED"


@pytest.mark.covers("REQ-L15")
def test_every_channel_has_the_same_clocks(staffed):
    replies = [
        staffed.submit(channel=channel)
        for channel in ("APP", "WECHAT_GROUP", "PHONE", "DOORSTEP", "HOTLINE_12345", "STATION")
    ]
    assert len({(r["due_contact"], r["due_resolve"]) for r in replies}) == 1


def test_a_resident_sees_his_own_requests_a_cadre_his_community_s(staffed):
    mine = staffed.submit()
    other = staffed.submit(who=LI, grid=GRID_2)
    bench = staffed.by(WANG, "R_RESIDENT", COMMUNITY)
    assert [item["id"] for item in bench.ask("requests", {})["items"]] == [mine["id"]]
    with pytest.raises(NotFound):
        bench.ask("request", {"request_id": other["id"]})
    bench = staffed.cadre()
    page = bench.ask("requests", {"limit": 1})
    rest = bench.ask("requests", {"limit": 1, "cursor": page["next"]})
    # The newest first (K16).
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [other["id"], mine["id"]]
    assert rest["next"] is None
    grid = staffed.by(GRID_WORKER, "R_GRID", GRID).ask("requests", {})["items"]
    assert [item["id"] for item in grid] == [mine["id"]]
    with pytest.raises(RoleDenied):
        bench.ask("requests", {"scope": "370811015902"})
    with pytest.raises(Invalid):
        bench.ask("requests", {"cursor": "nonsense"})


def test_the_workbench_shows_what_is_due_soonest_first(ground):
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    slow = ground.submit()
    fast = ground.submit(priority="P2")
    items = ground.by(STAFF).ask("workbench", {})["items"]
    assert [item["id"] for item in items] == [fast["id"], slow["id"]]


@pytest.mark.covers("REQ-L09")
def test_what_people_wrote_is_sealed(staffed):
    reply = staffed.resolved()
    staffed.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "rate_request",
        {"request_id": reply["id"], "stars": 5, "solved": True, "text": "感谢张师傅"},
    )
    row = staffed.bench.rows("select * from requests")[0]
    joined = b"".join(bytes(v) for v in row.values() if isinstance(v, bytes | memoryview))
    for words in ("楼道灯不亮", "已更换灯泡", "感谢张师傅"):
        assert words.encode() not in joined
    card = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("request", {"request_id": reply["id"]})
    assert (card["text"], card["note"]) == ("楼道灯不亮", "已更换灯泡")
    assert card["rating_text"] == "感谢张师傅"


@pytest.mark.parametrize(
    ("more", "member"),
    [
        ({"channel": "HOTLINE_12345", "external_ref": "12345-1"}, "channel"),
        ({"channel": "APP", "reporter_id": LI}, "reporter_id"),
    ],
)
def test_what_a_resident_may_not_fill_in_is_named(staffed, more, member):
    """He may file requests; that the role may not do this at all was untrue."""
    body = {"kind": "REPAIR", "category": "LIFT", "grid": GRID, "text": "电梯停运"} | more
    with pytest.raises(RoleDenied, match=f"不能这样填写 {member}") as refused:
        staffed.by(WANG, "R_RESIDENT").do("submit_request", body)
    assert refused.value.field == member


def test_no_statement_of_a_command_is_compiled_anew(staffed):
    def commands():
        request = staffed.submit()
        staffed.bench.as_("R_RESIDENT", person=WANG, scope=COMMUNITY)
        staffed.bench.do("urge_request", {"request_id": request["id"]})

    commands()
    anew = []

    @sa.event.listens_for(staffed.bench.runtime.engine, "before_cursor_execute")
    def _sent(_conn, _cursor, statement, _values, context, _many):
        if context.compiled is not None and context.cache_hit is not CacheStats.CACHE_HIT:
            anew.append(statement)

    commands()
    assert anew == []
