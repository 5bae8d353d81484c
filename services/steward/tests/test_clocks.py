"""What happens when a clock runs out, and what can never be washed off."""

import pytest

from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_WORKER,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_GRID,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    Ground,
)


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def link(bench, kind, target, official, link_id, *, fact="liaison_assigned.v1", **more):
    data = {
        "link_id": link_id,
        "tier": "COMMUNITY_CADRE",
        "target_kind": kind,
        "target": target,
        "official_id": official,
        "person_id": "per_" + official,
    }
    bench.consume("forum", fact, data | more, subject=link_id)


def missed(bench, which=None):
    found = [event["data"] for event in bench.published("request_deadline_missed.v1")]
    return [data for data in found if which is None or data["which"] == which]


@pytest.mark.covers("F2-flow")
def test_who_does_not_accept_in_time_loses_it_to_the_next(staffed):
    bench = staffed.bench
    reply = staffed.submit()
    assert reply["handler"] == STW_STAFF
    bench.fire("2025-03-03T11:00:00")
    assert missed(bench) == [
        {
            "request_id": reply["id"],
            "which": "ACCEPT",
            "handler": STW_STAFF,
            "handler_person": STAFF,
            "on_shift": True,
        }
    ]
    event = bench.published("request_deadline_missed.v1")[0]
    assert event["time"] == "2025-03-03T03:00:00Z"
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    assert (card["state"], card["handler"]) == ("DISPATCHED", STW_STAFF_2)
    assert card["due_contact"] == reply["due_contact"]
    # The next one is off shift: nothing is held against him.
    bench.fire("2025-03-03T13:00:00")
    assert [(m["handler"], m["on_shift"]) for m in missed(bench)] == [
        (STW_STAFF, True),
        (STW_STAFF_2, False),
    ]
    # Off to the grid worker, the cadre, and then nobody is left: it stays, and may be accepted late.
    bench.fire("2025-03-03T17:00:00")
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    assert card["handler"] == STW_CADRE
    assert len(missed(bench)) == 4
    late = staffed.step("accept_request", card, staffed.handler_of(reply), "R_CADRE", COMMUNITY)
    assert late["late"] is True


def test_an_accept_clock_that_somebody_missed_stays_missed_when_another_accepts(staffed):
    bench = staffed.bench
    reply = staffed.submit()
    bench.fire("2025-03-03T11:00:00")
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    staffed.step("accept_request", card, STAFF_2)
    clocks = bench.rows(
        "select handler, done_at from request_clocks where which = 'ACCEPT' order by id"
    )
    assert [(c["handler"], c["done_at"] is not None) for c in clocks] == [
        (STW_STAFF, False),
        (STW_STAFF_2, True),
    ]


def test_a_clock_that_is_met_does_not_fire(staffed):
    staffed.resolved()
    staffed.bench.fire("2025-03-20T09:00:00")
    assert missed(staffed.bench) == []
    assert staffed.bench.published("request_escalated.v1") == []


def test_a_moment_before_the_deadline_is_in_time_and_the_deadline_is_not(staffed):
    bench = staffed.bench
    first, second = staffed.submit(), staffed.submit()
    bench.at("2025-03-03T10:59:59.999")
    assert staffed.step("accept_request", first, STAFF)["late"] is False
    bench.at("2025-03-03T11:00:00")
    assert staffed.step("accept_request", second, staffed.handler_of(second))["late"] is True


@pytest.mark.covers("F2-flow", "F11-flow")
def test_an_overdue_request_climbs_the_liaison_chain_by_working_days(staffed):
    bench = staffed.bench
    link(bench, "GRID", GRID, "ofc_grid", "lnk_1")
    link(bench, "COMMUNITY", COMMUNITY, "ofc_old", "lnk_2")
    link(bench, "COMMUNITY", COMMUNITY, "ofc_street", "lnk_3")
    link(bench, "COMMUNITY", COMMUNITY, "ofc_old", "lnk_2", fact="liaison_ended.v1")
    reply = staffed.step("accept_request", staffed.submit(), STAFF)
    bench.fire("2025-03-04T09:00:00")
    assert [m["which"] for m in missed(bench)] == ["CONTACT"]
    bench.fire("2025-03-06T23:59:59")
    assert bench.published("request_escalated.v1") == []
    bench.fire("2025-03-07T00:00:00")
    bench.fire("2025-03-12T00:00:00")
    bench.fire("2025-03-19T00:00:00")
    escalated = bench.published("request_escalated.v1")
    assert [(e["data"]["level"], e["data"]["official_id"]) for e in escalated] == [
        (1, "ofc_grid"),
        (2, "ofc_street"),
        (3, None),
    ]
    assert [e["time"] for e in escalated] == [
        "2025-03-06T16:00:00Z",
        "2025-03-11T16:00:00Z",
        "2025-03-18T16:00:00Z",
    ]
    bench.fire("2025-04-30T00:00:00")
    assert len(bench.published("request_escalated.v1")) == 3
    steps = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("timeline", {"request_id": reply["id"]})[
        "items"
    ]
    assert [s["detail"]["level"] for s in steps if s["action"] == "escalate"] == [1, 2, 3]


def test_a_worker_that_was_down_changes_nothing(staffed):
    bench = staffed.bench
    staffed.step("accept_request", staffed.submit(), STAFF)
    bench.fire("2025-03-19T12:00:00")
    times = [e["time"] for e in bench.published("request_escalated.v1")]
    assert times == ["2025-03-06T16:00:00Z", "2025-03-11T16:00:00Z", "2025-03-18T16:00:00Z"]


@pytest.mark.covers("P11")
def test_late_once_is_late_for_good(staffed):
    bench = staffed.bench
    reply = staffed.step("accept_request", staffed.submit(), STAFF)
    bench.fire("2025-03-07T00:00:00")
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    assert (card["late"], card["level"]) == (True, 1)
    card = staffed.step("contact_request", card, STAFF, note="已电话联系")
    done = staffed.step(
        "resolve_request", card, STAFF, outcome="SOLVED", note="已更换", media=["sha256:1"]
    )
    assert done["on_time"] is False
    again = staffed.step("reopen_request", done, WANG, "R_RESIDENT", COMMUNITY, reason="灯又坏了")
    staffed.resolved(again)
    card = staffed.cadre().ask("request", {"request_id": reply["id"]})
    assert card["late"] is True
    clocks = bench.rows(
        "select done_at < due_at as met from request_clocks where which = 'RESOLVE' order by id"
    )
    assert [bool(c["met"]) for c in clocks] == [False, True]


def test_an_extension_moves_the_clock_and_the_old_timer_is_harmless(staffed):
    bench = staffed.bench
    reply = staffed.submit(category="FACILITY_RENEWAL")
    cadre = staffed.handler_of(reply)
    reply = staffed.step("accept_request", reply, cadre, "R_CADRE", COMMUNITY)
    reply = staffed.step("contact_request", reply, cadre, "R_CADRE", COMMUNITY, note="已电话联系")
    staffed.step(
        "extend_request", reply, GRID_WORKER, "R_CADRE", COMMUNITY,
        reason="需筹集资金", new_due="2025-03-20T18:00:00+08:00",
    )  # fmt: skip
    bench.fire("2025-03-20T17:59:59")
    assert missed(bench) == []
    bench.fire("2025-03-20T18:00:00")
    assert [m["which"] for m in missed(bench)] == ["RESOLVE"]


def test_a_request_that_nobody_has_misses_its_clocks_too(ground):
    reply = ground.submit()
    ground.bench.fire("2025-03-07T00:00:00")
    assert [(m["which"], m["handler"]) for m in missed(ground.bench)] == [
        ("CONTACT", None),
        ("RESOLVE", None),
    ]
    assert ground.bench.published("request_escalated.v1")[0]["data"]["request_id"] == reply["id"]


@pytest.mark.covers("E12")
def test_a_link_said_twice_is_kept_once(ground):
    bench = ground.bench
    delivery = bench.event(
        "forum",
        "liaison_assigned.v1",
        {
            "link_id": "lnk_1",
            "tier": "COMMUNITY_CADRE",
            "target_kind": "GRID",
            "target": GRID,
            "official_id": "ofc_grid",
            "person_id": None,
            "unknown_field": 1,
        },
        subject="lnk_1",
    )
    assert bench.deliver([delivery, delivery]) == 1
    chain = bench.ask("area", {"code": GRID})["liaison_chain"]
    assert chain[0] == {"target_kind": "GRID", "target": GRID, "official_id": "ofc_grid"}
    assert chain[2]["official_id"] is None


def test_the_grid_worker_s_noise_case_is_his(staffed):
    assert staffed.submit(category="NOISE")["handler"] == STW_GRID


def test_what_nobody_has_is_looked_for_again_and_told_upwards(ground):
    """K13: without a steward on the day of its arrival a request waited for ever, and nobody knew."""
    bench = ground.bench
    link(bench, "COMMUNITY", COMMUNITY, "off_team", "lnk_1")
    reply = ground.submit()
    assert reply["state"] == "SUBMITTED"
    bench.fire("2025-03-03T11:00:00")
    told = [event["data"] for event in bench.published("request_escalated.v1")]
    assert [(one["request_id"], one["level"], one["official_id"]) for one in told] == [
        (reply["id"], 1, "off_team")
    ]
    bench.fire("2025-03-03T15:30:00")
    assert len(bench.published("request_escalated.v1")) == 1
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    bench.fire("2025-03-03T17:00:00")
    card = ground.cadre().ask("request", {"request_id": reply["id"]})
    assert (card["state"], card["handler"]) == ("DISPATCHED", STW_STAFF)
    assert card["due_resolve"] == reply["due_resolve"]


def test_an_emergency_does_not_disappear_in_a_lesser_case(ground):
    """K5: one call of a cadre took the clocks of the most urgent case away."""
    ground.staff()
    slow = ground.submit(category="LIFT", priority="P3")
    urgent = ground.submit(who=None, category="LIFT", priority="P1")
    with pytest.raises(errors.MoreUrgent):
        ground.step("merge_request", urgent, CADRE, "R_CADRE", COMMUNITY, into=slow["id"])
    merged = ground.step("merge_request", slow, CADRE, "R_CADRE", COMMUNITY, into=urgent["id"])
    assert merged["state"] == "MERGED"


def test_the_accept_clock_follows_an_urgency_and_no_second_dispatch(ground):
    """Corrected to an emergency it stayed at two hours; dispatched again to its handler it began anew."""
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    made = ground.submit(category="LIFT", priority="P3")

    def row():
        asked = "SELECT * FROM requests WHERE request_id = :r"
        return ground.bench.rows(asked, r=made["id"])[0]

    due, handler = row()["due_accept"], row()["handler"]
    ground.bench.at("2025-03-03T10:00:00")
    for named in ({}, {"handler": handler}):
        again = ground.cadre().do(
            "dispatch_request", {"request_id": made["id"]} | named, version=row()["version"]
        )
        assert (again["handler"], row()["due_accept"]) == (handler, due)
    ground.cadre().do(
        "correct_request",
        {"request_id": made["id"], "reason": "有人被困", "priority": "P1"},
        version=row()["version"],
    )
    assert row()["due_accept"] < due
    said = ground.bench.rows(
        "SELECT due_at FROM request_clocks WHERE request_id = :r AND which = 'ACCEPT' AND NOT voided "
        "ORDER BY due_at", r=made["id"],
    )  # fmt: skip
    assert said[0]["due_at"] == row()["due_accept"]
