"""The month's marker, a steward's month and the three rates."""

from datetime import timedelta

import pytest

from fivered.chassis.bus import partition_of
from fivered.chassis.refusal import RoleDenied
from fivered.services.steward import rules
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.storage.tables import request_clocks, requests
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    STAFF,
    STW_CADRE,
    STW_GRID,
    STW_STAFF,
    WANG,
    Ground,
)
from testkit.bench import instant

EMPTY = "370811015902"


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    ground.bench.consume(
        "property",
        "project_registered.v1",
        {
            "project_id": "prj_1",
            "company_id": "pco_1",
            "community": COMMUNITY,
            "grids": [GRID],
            "households": 1200,
            "status": "IN_SERVICE",
        },
        subject="prj_1",
    )
    ground.bench.as_("R_DISTRICT").do(
        "define_area", {"code": EMPTY, "name": "锦绣社区", "kind": "COMMUNITY"}
    )


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


@pytest.mark.covers("F7-flow")
def test_a_month_is_said_once_per_partition_with_zeros_and_everything_that_counts(staffed):
    bench = staffed.bench
    staffed.rate(staffed.resolved())
    staffed.submit()  # never accepted
    bench.at("2025-03-04T10:00:00")
    body = {
        "person_id": WANG,
        "minutes": 90,
        "source": "QR",
        "date": "2025-03-04",
        "activity": "清雪",
    }
    hours = staffed.cadre(CADRE).do("record_hours", body)
    staffed.cadre().do(
        "confirm_hours", {"record_id": hours["id"], "minutes": 90}, version=hours["version"]
    )
    staffed.by(GRID_WORKER).do(
        "record_visits",
        {
            "items": [
                {
                    "client_id": "a",
                    "grid": GRID,
                    "purpose": "ELDERLY_CARE",
                    "occurred_at": "2025-03-04T09:00:00+08:00",
                }
            ]
        },
    )
    bench.fire("2025-04-02T23:59:59.999")
    assert [e for e in bench.published("month_measured.v1") if e["period"] == "2025-03"] == []
    bench.fire("2025-04-03T00:00:00")
    markers = [e for e in bench.published("month_measured.v1") if e["period"] == "2025-03"]
    assert [m["data"]["partition"] for m in markers] == [0, 1, 2, 3]
    assert {m["time"] for m in markers} == {"2025-04-02T16:00:00Z"}
    for marker in markers:
        data = marker["data"]
        for rows in (data["communities"], data["stewards"], data["projects"]):
            for row in rows:
                assert partition_of(row["community"]) == data["partition"]
    rows = [row for m in markers for row in m["data"]["communities"]]
    assert sorted(rows, key=lambda row: row["community"]) == [
        {"community": COMMUNITY, "requests": 2, "rated": 1, "hours_minutes": 90},
        {"community": EMPTY, "requests": 0, "rated": 0, "hours_minutes": 0},
    ]
    projects = [row for m in markers for row in m["data"]["projects"]]
    assert projects == [
        {
            "project_id": "prj_1",
            "community": COMMUNITY,
            # The one that nobody accepted ended with the cadre (SP-D3).
            "requests": 1,
            "contacted_on_time": 1,
            "due_resolutions": 1,
            "resolved_on_time": 1,
            "rated": 1,
            "satisfied": 1,
        }
    ]
    stewards = {row["steward_id"]: row for m in markers for row in m["data"]["stewards"]}
    # He had both requests, and let one of them go by.
    assert (stewards[STW_STAFF]["orders"], stewards[STW_STAFF]["accepted_on_time"]) == (2, 1)
    assert (stewards[STW_GRID]["visits"], stewards[STW_GRID]["visit_quota"]) == (1, 60)
    assert stewards[STW_CADRE]["visit_quota"] == 30
    assert stewards[STW_STAFF]["on_roster"] is True
    assert stewards[STW_STAFF]["attendance_full"] is False


@pytest.mark.covers("F7-flow")
def test_what_is_said_after_the_marker_lies_behind_it_in_every_partition(staffed):
    bench = staffed.bench
    bench.fire("2025-04-03T00:00:00")
    staffed.submit()
    table = bench.runtime.chassis.outbox
    rows = bench.rows(f"select id, fact, partition from {table.name} order by id")
    markers = {r["partition"]: r["id"] for r in rows if r["fact"] == "month_measured.v1"}
    assert set(markers) == {0, 1, 2, 3}
    late = [r for r in rows if r["fact"] == "request_submitted.v1"][-1]
    assert late["id"] > markers[late["partition"]]


def test_full_attendance_is_a_shift_on_every_working_day_of_a_whole_month(ground):
    bench = ground.bench.at("2025-01-31T09:00:00")
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    day = bench.runtime.calendar.nth_working_day("2025-02", 1)
    while day.month == 2:
        if bench.runtime.calendar.is_working_day(day):
            ground.shift(STW_STAFF, f"{day}T08:00", f"{day}T18:00")
            if day.day != 28:
                ground.shift(STW_GRID, f"{day}T08:00", f"{day}T18:00")
        day += timedelta(days=1)
    question = {"steward_id": STW_STAFF, "period": "2025-02"}
    assert ground.by(STAFF).ask("steward_month", question)["attendance_full"] is True
    question["steward_id"] = STW_GRID
    assert ground.cadre().ask("steward_month", question)["attendance_full"] is False
    with pytest.raises(RoleDenied):
        ground.by(STAFF).ask("steward_month", question)
    # Where nobody sat, it was no attendance.
    question["steward_id"] = STW_STAFF
    shift = bench.rows("select shift_id from shifts where steward_id = :s limit 1", s=STW_STAFF)
    ground.cadre().do("miss_shift", {"shift_id": shift[0]["shift_id"]}, version=1)
    assert ground.cadre().ask("steward_month", question)["attendance_full"] is False


def test_who_left_in_the_month_stands_in_it_but_not_on_the_roster(staffed):
    bench = staffed.bench
    bench.as_("R_CADRE", scope=COMMUNITY).do(
        "leave_steward", {"steward_id": STW_STAFF, "reason": "调离岗位"}, version=1
    )
    bench.fire("2025-05-08T00:00:00")
    found = {}
    for marker in bench.published("month_measured.v1"):
        for row in marker["data"]["stewards"]:
            found[marker["period"], row["steward_id"]] = row["on_roster"]
    assert found["2025-03", STW_STAFF] is False
    assert ("2025-04", STW_STAFF) not in found
    assert found["2025-04", STW_GRID] is True


@pytest.mark.covers("E15", "M-03", "M-04", "M-06", "M-07")
def test_the_three_rates_are_counted_from_the_tables(staffed):
    template = staffed.submit()
    bench = staffed.bench
    with bench.transaction() as tx:
        row = tx.conn.execute(
            requests.select().where(requests.c.request_id == template["id"])
        ).first()
        clock = tx.conn.execute(
            request_clocks.select().where(request_clocks.c.which == "CONTACT")
        ).first()
        tx.conn.execute(request_clocks.delete())
        due = clock.due_at
        tx.conn.execute(
            request_clocks.insert(),
            [
                {k: v for k, v in clock._asdict().items() if k != "id"}
                | {"request_id": f"req_{n}", "done_at": due - timedelta(hours=1 if n < 158 else -1)}
                for n in range(160)
            ],
        )
        tx.conn.execute(
            requests.insert(),
            [
                row._asdict()
                | {
                    "request_id": f"req_{n}",
                    "number": f"SR-{n}",
                    "state": "CLOSED",
                    "rated_at": bench.now if n < 80 else None,
                    "closed_at": bench.now,
                    "stars": (5 if n < 74 else 3) if n < 80 else None,
                    "solved": n < 70 if n < 80 else None,
                }
                for n in range(160)
            ],
        )
    found = staffed.cadre().ask("three_rates", {"scope": COMMUNITY, "period": "2025-03"})
    shown = {name: rate["percent"] for name, rate in found["rates"].items()}
    assert shown["M-03"] == "98.75"
    assert shown["M-04"] == "87.50"
    assert shown["M-06"] == "92.50"
    assert shown["M-07"] == "91.75"
    assert shown["coverage"] == "50.00"
    # As they were counted, never reduced (SP-D20).
    parts = found["rates"]["M-03"]
    assert (parts["numerator"], parts["denominator"]) == (158, 160)
    empty = staffed.cadre(CADRE).ask("three_rates", {"scope": COMMUNITY, "period": "2025-01"})
    assert {rate["percent"] for rate in empty["rates"].values()} == {None}


def figures(ground, period="2025-03"):
    return ground.cadre().ask("three_rates", {"scope": COMMUNITY, "period": period})


@pytest.mark.covers("M-05")
def test_on_time_closure_counts_the_clocks_that_ended_in_the_month(staffed):
    bench = staffed.bench
    assert figures(staffed)["rates"]["M-05"]["percent"] is None
    staffed.resolved()
    forgotten = staffed.submit()
    staffed.submit(category="FACILITY_RENEWAL")  # due in seven working days
    bench.fire("2025-03-07T00:00:00")
    found = figures(staffed)
    # What is not due yet is neither met nor missed (SP-D19).
    assert (found["counts"]["resolutions_due"], found["counts"]["resolved_on_time"]) == (2, 1)
    card = staffed.cadre().ask("request", {"request_id": forgotten["id"]})
    # What is done too late stays too late.
    staffed.resolved(card)
    found = figures(staffed)["rates"]["M-05"]
    assert (found["percent"], found["numerator"], found["denominator"]) == ("50.00", 1, 2)
    bench.fire("2025-03-13T00:00:00")
    found = figures(staffed)["rates"]["M-05"]
    assert (found["percent"], found["numerator"], found["denominator"]) == ("33.33", 1, 3)
    assert figures(staffed, "2025-04")["rates"]["M-05"]["percent"] is None


def test_the_rates_of_a_grid_are_those_of_its_requests(staffed):
    """A grid's were of nothing: requests were looked for by their community alone."""
    staffed.rate(staffed.resolved())
    staffed.bench.fire("2025-03-10T10:00:00")

    def of(scope):
        found = staffed.cadre().ask("three_rates", {"scope": scope, "period": "2025-03"})
        return {"counts": found["counts"], "rates": found["rates"]}

    assert of(GRID) == of(COMMUNITY)
    assert of(GRID)["counts"]["closed"] == of(GRID)["counts"]["contacted_on_time"] == 1
    assert set(of(GRID_2)["counts"].values()) == {0}


@pytest.mark.covers("M-08")
def test_a_first_time_fix_is_closed_and_was_never_reopened(staffed):
    bench = staffed.bench
    assert figures(staffed)["rates"]["M-08"]["percent"] is None
    staffed.rate(staffed.resolved())
    again = staffed.resolved()
    again = staffed.step("reopen_request", again, WANG, "R_RESIDENT", COMMUNITY, reason="又坏了")
    staffed.resolved(again)
    bench.fire("2025-03-10T10:00:00")
    found = figures(staffed)
    assert found["rates"]["M-08"]["percent"] == "50.00"
    assert (found["counts"]["closed_at_once"], found["counts"]["closed"]) == (1, 2)


@pytest.mark.covers("M-09")
def test_the_share_that_climbed_to_the_street_counts_each_request_once_and_for_good(staffed):
    bench = staffed.bench
    assert figures(staffed)["rates"]["M-09"]["percent"] is None
    staffed.rate(staffed.resolved())
    late = staffed.step("accept_request", staffed.submit(), STAFF)
    climbed = staffed.step("accept_request", staffed.submit(), STAFF)
    bench.fire("2025-03-10T10:00:00")

    def solved(reply):
        card = staffed.cadre().ask("request", {"request_id": reply["id"]})
        card = staffed.step("contact_request", card, STAFF, note="已电话联系")
        body = {"outcome": "SOLVED", "note": "已更换", "media": ["sha256:1"]}
        return staffed.step("resolve_request", card, STAFF, **body)

    def levels():
        return {row["level"] for row in bench.rows("select level from requests")}

    # Late, and ended at level 1: the street never had it.
    assert levels() == {0, 1}
    solved(late)
    bench.fire("2025-03-12T00:00:00")
    assert levels() == {0, 1, 2}
    found = figures(staffed)
    assert (found["counts"]["submitted"], found["counts"]["escalated_to_level_2"]) == (3, 1)
    assert found["rates"]["M-09"]["percent"] == "33.33"
    done = solved(climbed)
    staffed.step("reopen_request", done, WANG, "R_RESIDENT", COMMUNITY, reason="又坏了")
    # The ladder begins anew; that it was climbed stays counted.
    assert levels() == {0, 1}
    assert figures(staffed)["counts"]["escalated_to_level_2"] == 1


@pytest.mark.covers("M-10")
def test_times_to_resolve_are_told_by_priority_in_all_hours_and_in_those_of_working_days(staffed):
    bench = staffed.bench
    assert figures(staffed)["times_to_resolve"] == []
    # Friday 7 March 2025, 18:00, to Monday 18:00: three days, of which a quarter and three
    # quarters of a day are working days.
    bench.at("2025-03-07T18:00:00")
    over_the_weekend = staffed.submit()
    bench.at("2025-03-10T18:00:00")
    staffed.resolved(over_the_weekend)
    for minutes in range(1, 10):
        bench.at("2025-03-11T09:00:00")
        reply = staffed.submit()
        bench.at(f"2025-03-11T09:{minutes:02d}:00")
        staffed.resolved(reply)
    urgent = staffed.submit(category="WATER")
    staffed.resolved(urgent)
    found = figures(staffed)["times_to_resolve"]
    assert [(one["priority"], one["requests"]) for one in found] == [("P2", 1), ("P3", 10)]
    assert found[0]["elapsed_minutes"] == {"median": 0, "p90": 0}
    # 1 to 9 minutes, and three days: the fifth and the ninth of ten.
    assert found[1]["elapsed_minutes"] == {"median": 5, "p90": 9}
    assert found[1]["working_minutes"] == {"median": 5, "p90": 9}
    alone = rules.rates.spans_by_priority(
        [("P3", instant("2025-03-07T18:00:00"), instant("2025-03-10T18:00:00"))],
        bench.runtime.calendar,
    )
    assert alone[0].elapsed_minutes.p90 == 3 * 24 * 60
    assert alone[0].working_minutes.p90 == 24 * 60


def test_live_rates_count_nothing_that_is_not_due(staffed):
    """SP-D19: six of eight contacted, none due before tomorrow, and M-03 said 75 %; of one closed
    request two were rated."""
    for _ in range(2):
        staffed.rate(staffed.resolved())
    waiting = [staffed.submit() for _ in range(2)]
    found = figures(staffed)
    assert found["rates"]["M-03"]["percent"] == "100.00"
    assert found["counts"]["contacts_due"] == 2
    assert found["rates"]["coverage"]["percent"] is None
    month = staffed.by(STAFF).ask("steward_month", {"steward_id": STW_STAFF, "period": "2025-03"})
    assert (month["orders"], month["accepted_on_time"]) == (2, 2)
    staffed.bench.fire("2025-03-06T09:00:00")
    staffed.resolved(staffed.cadre().ask("request", {"request_id": waiting[0]["id"]}))
    found = figures(staffed)
    assert found["rates"]["M-03"] == {"percent": "50.00", "numerator": 2, "denominator": 4}
    assert found["rates"]["coverage"] == {"percent": "100.00", "numerator": 2, "denominator": 2}


def test_a_past_month_s_figures_are_that_month_s(staffed):
    """SP-D21: what happened in April changed what March had been."""
    bench = staffed.bench
    bench.at("2025-03-28T09:00:00")
    done = staffed.resolved()
    late = staffed.submit()
    staffed.step("accept_request", late, staffed.handler_of(late))
    bench.fire("2025-04-01T00:00:00")
    before = figures(staffed)
    assert before["counts"]["closed_at_once"] == before["counts"]["closed"] == 1
    bench.at("2025-04-02T10:00:00")
    card = staffed.cadre().ask("request", {"request_id": done["id"]})
    again = staffed.step("reopen_request", card, WANG, "R_RESIDENT", COMMUNITY, reason="又坏了")
    staffed.resolved(again)
    bench.fire("2025-04-20T00:00:00")
    assert bench.rows("select level from requests where request_id = :id", id=late["id"]) == [
        {"level": 3}
    ]
    assert figures(staffed) == before


@pytest.mark.covers("F7-flow")
def test_a_project_answers_for_what_its_own_people_had_in_hand_in_the_end(staffed):
    """SP-D3: every request of a grid counted for the project that serves it."""
    staffed.rate(staffed.resolved())
    for category in ("NOISE", "POLICY", "FRAUD", "PROPERTY_SERVICE"):
        reply = staffed.submit(category=category)
        staffed.rate(staffed.resolved(reply), stars=3)
    handed = staffed.submit()
    handed = staffed.step("accept_request", handed, STAFF)
    handed = staffed.step(
        "transfer_request", handed, STAFF, reason="须社区协调", duty="COMMUNITY_CADRE"
    )
    staffed.step("accept_request", handed, CADRE, "R_CADRE", COMMUNITY)
    staffed.bench.fire("2025-04-03T00:00:00")
    markers = [e for e in staffed.bench.published("month_measured.v1") if e["period"] == "2025-03"]
    projects = [row for m in markers for row in m["data"]["projects"]]
    assert projects == [
        {
            "project_id": "prj_1",
            "community": COMMUNITY,
            "requests": 1,
            "contacted_on_time": 1,
            "due_resolutions": 1,
            "resolved_on_time": 1,
            "rated": 1,
            "satisfied": 1,
        }
    ]


def test_who_left_in_april_served_in_march(ground):
    """SP-D21: a month's coverage changed when a steward left later: February's 13 of 30 duties became 12 when a steward left in March."""
    bench = ground.bench.at("2025-03-10T09:00:00")
    ground.staff()
    ground.cadre().do("publish_board", {"grid": GRID, "reasons": dict.fromkeys(DUTIES, "暂缺")})
    question = {"scope": COMMUNITY, "period": "2025-03"}
    bench.at("2025-04-01T00:00:00")
    before = ground.cadre().ask("coverage", question)
    assert before["M-20"]["duties"]["part"] > 0
    bench.at("2025-04-12T09:00:00")
    version = bench.rows("select version from stewards where steward_id = :s", s=STW_GRID)
    ground.cadre().do(
        "leave_steward",
        {"steward_id": STW_GRID, "reason": "调离岗位"},
        version=version[0]["version"],
    )
    bench.as_("R_DISTRICT").do(
        "define_area", {"code": f"{COMMUNITY}009", "name": "新网格", "kind": "GRID"}
    )
    assert ground.cadre().ask("coverage", question) == before
    now = ground.cadre().ask("coverage", question | {"period": "2025-04"})
    assert now["M-20"]["duties"]["part"] == before["M-20"]["duties"]["part"] - 1
