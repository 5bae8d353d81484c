"""Categories, service times and hours are data: proposed, approved by another person, in force from
a day on; and a request keeps the version under which it was filed."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from fivered.chassis.calendar import instant, published
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.steward import rules
from fivered.services.steward.errors import standards as errors
from fivered.services.steward.rules.standards import Break, Closed, Hours, Terms, Times
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID_WORKER,
    OTHER_CADRE,
    STW_GRID,
    STW_STAFF,
    WANG,
    Ground,
)

CALENDAR = published()
ONE, TWO = "per_one", "per_two"
OFFICE = {
    "code": "OFFICE", "name_zh": "工作日两班", "name_en": "Working days, two shifts",
    "days": "WORKING_DAYS", "opens": "08:30", "closes": "17:30",
    "breaks": [{"start": "12:00", "end": "13:30"}],
}  # fmt: skip
NOISE = {
    "category": "NOISE", "name_zh": "噪声", "name_en": "Noise", "priority": "P3",
    "duties": ["GRID_WORKER", "POLICE"], "hours": "OFFICE",
    "times": [{"clock": "P3", "accept_minutes": 60, "contact_minutes": 480,
               "resolve_minutes": 900, "counting": "OPEN_HOURS"}],
}  # fmt: skip
TRAPPED = {
    "category": "LIFT_TRAPPED", "name_zh": "电梯困人", "name_en": "Trapped in a lift",
    "priority": "P1", "duties": ["PROPERTY_STAFF", "GRID_WORKER"], "parent": "LIFT",
}  # fmt: skip
NEW = {
    "effective_from": "2025-03-05",
    "source": "任城区办理规范(2025年修订)",
    "hours": [OFFICE],
    "categories": [NOISE, TRAPPED],
}


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    for day in ("03", "05", "06", "07"):
        for steward in (STW_STAFF, STW_GRID):
            ground.shift(steward, f"2025-03-{day}T08:00", f"2025-03-{day}T20:00")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def as_district(bench, person):
    return bench.as_("R_DISTRICT", person=person, scope="370811")


def approved(bench, **changed):
    made = as_district(bench, ONE).do("propose_standard", NEW | changed)
    return as_district(bench, TWO).do("approve_standard", {"standard_id": made["id"]}, version=1)


def card(ground, row):
    return ground.cadre().ask("request", {"request_id": row["id"]})


@pytest.mark.covers("S9")
def test_a_request_has_the_deadlines_of_the_version_in_force_when_it_was_filed(staffed):
    bench = staffed.bench
    before = staffed.submit(category="NOISE")
    assert card(staffed, before)["standard_id"] == "std_1"
    assert before["due_resolve"] == "2025-03-06T16:00:00+00:00"
    new = approved(bench)
    assert (new["number"], new["state"]) == (2, "APPROVED")
    # It is not in force before its day.
    with pytest.raises(errors.NoSuchPart) as none:
        staffed.submit(category="LIFT", subcategory="LIFT_TRAPPED")
    assert none.value.field == "subcategory"
    assert staffed.submit(category="NOISE")["due_resolve"] == before["due_resolve"]
    bench.fire("2025-03-05T11:00")
    # Wednesday 11:00: an hour until noon, an hour and a half of rest, and so on.
    after = staffed.submit(category="NOISE")
    assert after["due_accept"] == "2025-03-05T04:00:00+00:00"
    assert after["due_contact"] == "2025-03-06T03:30:00+00:00"
    assert after["due_resolve"] == "2025-03-07T03:00:00+00:00"
    trapped = staffed.submit(category="LIFT", subcategory="LIFT_TRAPPED")
    assert (trapped["due_accept"], card(staffed, trapped)["priority"]) == (
        "2025-03-05T03:05:00+00:00", "P1",
    )  # fmt: skip
    assert card(staffed, trapped)["standard_id"] == new["id"]
    # A correction of what was filed before is measured by the version of then.
    old = card(staffed, before)
    order = {"request_id": before["id"], "priority": "P4", "reason": "牵涉多方"}
    fixed = staffed.cadre().do("correct_request", order, version=old["version"])
    assert fixed["due_resolve"] == "2025-03-12T16:00:00+00:00"
    # To a category with its own times the clocks follow; its part does not stay.
    row = card(staffed, trapped)
    order = {"request_id": row["id"], "category": "NOISE", "priority": "P3", "reason": "实为噪声"}
    row = staffed.cadre().do("correct_request", order, version=row["version"])
    assert row["due_resolve"] == after["due_resolve"]
    assert card(staffed, row)["subcategory"] is None
    assert staffed.handler_of(row) == GRID_WORKER


@pytest.mark.covers("S9")
def test_what_is_counted_in_open_hours_rests_in_open_hours(staffed):
    """And a day of a pause is a day's hours, so that the cap is the same."""
    approved(staffed.bench)
    staffed.bench.fire("2025-03-05T11:00")
    row = staffed.submit(category="NOISE")
    who = staffed.handler_of(row)
    row = staffed.step("accept_request", row, who)
    row = staffed.step("contact_request", row, who, note="已联系", arrived=True)
    order = {"ground": "WEATHER", "days": 2, "reason": "大雨"}
    paused = staffed.step("pause_request", row, who, **order)
    assert paused["until"] == "2025-03-07T03:00:00+00:00"
    assert paused["due_resolve"] == "2025-03-11T03:00:00+00:00"


@pytest.mark.covers("S9")
def test_versions_are_listed_read_and_compared_by_everybody(staffed):
    bench = staffed.bench
    new = approved(bench)
    bench.at("2025-03-05T09:00")
    reader = bench.as_("R_RESIDENT", person=WANG, scope=COMMUNITY)
    listed = reader.ask("service_standards", {"total": True})
    assert [(one["number"], one["in_force"]) for one in listed["items"]] == [(2, True), (1, False)]
    then = reader.ask("service_standards", {"at": "2025-03-04T23:59:00+08:00"})["items"]
    assert [one["in_force"] for one in then] == [False, True]
    first = reader.ask("service_standard", {"standard_id": "std_1"})
    assert len(first["categories"]) == 27
    whole = reader.ask("service_standard", {"standard_id": new["id"]})
    assert len(whole["categories"]) == 28
    assert whole["hours"][1]["breaks"] == OFFICE["breaks"]
    changes = reader.ask("service_standard_diff", {"standard_id": new["id"]})
    assert (changes["since"], changes["number"]) == (1, 2)
    told = {(one["what"], one["code"], one["member"]) for one in changes["items"]}
    assert ("CATEGORY", "NOISE", "hours") in told
    assert ("HOURS", "OFFICE", "") in told
    assert ("CATEGORY", "NOISE", "name_zh") in told
    back = reader.ask("service_standard_diff", {"standard_id": "std_1", "since": new["id"]})
    (gone,) = [one for one in back["items"] if one["code"] == "LIFT_TRAPPED"]
    assert gone["after"] is None
    with pytest.raises(NotFound):
        reader.ask("service_standard", {"standard_id": "std_none"})
    with pytest.raises(NotFound):
        reader.ask("service_standard_diff", {"standard_id": new["id"], "since": "std_none"})
    # What may be filed is told with it.
    shown = {one["category"]: one for one in reader.ask("request_categories", {})["items"]}
    assert shown["NOISE"]["name_zh"] == "噪声"
    (part,) = shown["LIFT"]["subcategories"]
    assert (part["category"], part["priority"]) == ("LIFT_TRAPPED", "P1")


@pytest.mark.covers("S9")
def test_two_people_decide_and_what_is_taken_back_is_told(bench):
    made = as_district(bench, ONE).do("propose_standard", NEW)
    which = {"standard_id": made["id"]}
    with pytest.raises(errors.StandardSamePerson):
        bench.do("approve_standard", which, version=1)
    with pytest.raises(errors.StandardProposed):
        as_district(bench, TWO).do("propose_standard", NEW)
    refused = bench.do("reject_standard", which | {"reason": "时限太长"}, version=1)
    assert refused["state"] == "REJECTED"
    with pytest.raises(StateConflict):
        bench.do("approve_standard", which, version=2)
    told = bench.rows("select kind, person_id from told")
    assert [(one["kind"], one["person_id"]) for one in told] == [("STANDARD_REJECTED", ONE)]
    # Of the next one nothing counts before its day, which has to lie ahead when it is approved.
    late = as_district(bench, ONE).do("propose_standard", NEW)
    assert late["number"] == 3
    bench.at("2025-03-05T00:00")
    with pytest.raises(errors.StandardTooEarly):
        as_district(bench, TWO).do("approve_standard", {"standard_id": late["id"]}, version=1)
    own = {"standard_id": late["id"], "reason": "重拟"}
    assert as_district(bench, ONE).do("reject_standard", own, version=1)["state"] == "REJECTED"
    with pytest.raises(RoleDenied):
        bench.as_("R_DISTRICT", person=ONE, scope=COMMUNITY).do("propose_standard", NEW)
    with pytest.raises(RoleDenied):
        bench.as_("R_CADRE", person=OTHER_CADRE, scope="370811").do("propose_standard", NEW)


@pytest.mark.parametrize(
    ("changed", "error", "field"),
    [
        ({"effective_from": "2025-03-03"}, errors.StandardTooEarly, "effective_from"),
        ({"hours": [], "categories": []}, errors.StandardUnchanged, "categories"),
        ({"hours": [OFFICE, OFFICE]}, Invalid, "hours"),
        ({"hours": [OFFICE | {"closes": "08:30"}]}, Invalid, "hours[0].closes"),
        ({"hours": []}, Invalid, "categories[0].hours"),
        (
            {"hours": [OFFICE | {"closed_weekdays": [1, 2, 3, 4, 5]}]},
            Invalid,
            "hours[0].closed_weekdays",
        ),
        (
            {"hours": [OFFICE | {"closed": [{"first": "2025-04-02", "last": "2025-04-01"}]}]},
            Invalid,
            "hours[0].closed[0].last",
        ),
        ({"categories": [TRAPPED | {"parent": None}]}, Invalid, "categories[0].parent"),
        ({"categories": [NOISE | {"parent": "LIFT"}]}, Invalid, "categories[0].parent"),
        ({"categories": [TRAPPED | {"duties": ["POLICE"] * 2}]}, Invalid, "categories[0].duties"),
        (
            {"categories": [TRAPPED | {"parent": "PROPERTY_SERVICE"}]},
            Invalid,
            "categories[0].duties",
        ),
        (
            {"times": [{"clock": "P3", "accept_minutes": 60, "counting": "ALWAYS"}]},
            Invalid,
            "times[0].resolve_minutes",
        ),
        (
            {"times": [NOISE["times"][0] | {"clock": "P1"}]},
            Invalid,
            "times[0].counting",
        ),
        (
            {"times": [NOISE["times"][0] | {"contact_minutes": 30}]},
            Invalid,
            "times[0].contact_minutes",
        ),
    ],
)
def test_what_nobody_could_be_measured_by_is_refused(bench, changed, error, field):
    with pytest.raises(error) as refused:
        as_district(bench, ONE).do("propose_standard", NEW | changed)
    assert refused.value.field == field


@pytest.mark.covers("S9")
def test_a_category_that_is_offered_no_more_takes_no_new_requests(staffed):
    approved(staffed.bench, categories=[NOISE | {"offered": False}])
    before = staffed.submit(category="NOISE")
    staffed.bench.fire("2025-03-05T11:00")
    with pytest.raises(errors.CategoryNotOffered):
        staffed.submit(category="NOISE")
    assert "NOISE" not in {
        one["category"] for one in staffed.cadre().ask("request_categories", {})["items"]
    }
    assert card(staffed, before)["state"] == "DISPATCHED"


def terms(counting, weekdays=(), closed=(), **times):
    days = Times(clock="P3", accept_minutes=60, counting=counting, **times)
    pause = [Break(start="12:00", end="13:30")]
    hours = Hours(
        "OFFICE", "上班", "Office", "WORKING_DAYS", "08:30", "17:30", pause, [*weekdays], [*closed]
    )
    return Terms(days, hours)


@pytest.mark.parametrize(
    ("counting", "at", "due"),
    [
        ("ALWAYS", "2025-03-07T17:00", "2025-03-07T18:00"),
        # Friday evening: the office opens on Monday.
        ("SHIFTED", "2025-03-07T17:00", "2025-03-10T08:30"),
        ("SHIFTED", "2025-03-07T11:20", "2025-03-07T13:30"),
        ("OPEN_HOURS", "2025-03-07T17:00", "2025-03-10T09:00"),
        ("OPEN_HOURS", "2025-03-07T11:20", "2025-03-07T13:50"),
        ("OPEN_HOURS", "2025-03-08T11:20", "2025-03-10T09:30"),
    ],
)
def test_an_end_lies_within_the_hours(counting, at, due):
    own = terms(counting, resolve_minutes=600)
    found = own.due_accept(instant(f"{at}:00+08:00"), CALENDAR)
    assert found == instant(f"{due}:00+08:00")


TUESDAY = Closed(date(2025, 3, 11), date(2025, 3, 11))


@pytest.mark.covers("S9")
@pytest.mark.parametrize(
    ("own", "due"),
    [
        # Friday 17:00; closed on Mondays, and on the Tuesday, too.
        (terms("OPEN_HOURS", [1], resolve_minutes=60), "2025-03-11T09:00"),
        (terms("OPEN_HOURS", [1], [TUESDAY], resolve_minutes=60), "2025-03-12T09:00"),
        (terms("SHIFTED", [1], resolve_minutes=60), "2025-03-11T08:30"),
        (terms("ALWAYS", [1], resolve_minutes=60), "2025-03-07T18:00"),
        (terms("SHIFTED", [1], [TUESDAY], resolve_working_days=2), "2025-03-14T00:00"),
        (terms("SHIFTED", resolve_working_days=2), "2025-03-12T00:00"),
    ],
)
def test_a_closed_day_of_the_category_counts_for_nothing(own, due):
    start = instant("2025-03-07T17:00:00+08:00")
    assert own.due_resolve(start, CALENDAR) == instant(f"{due}:00+08:00")
    # A day of a pause is a day's hours, also where Mondays have none.
    assert own.day() == terms(own.times.counting, resolve_minutes=60).day() or (
        own.times.resolve_minutes is None and own.day() == timedelta(days=1)
    )


@pytest.mark.covers("S9")
def test_a_request_has_its_categorys_closed_days_by_the_version_of_its_day(staffed):
    thursday = {"first": "2025-03-06", "last": "2025-03-06"}
    approved(staffed.bench, hours=[OFFICE | {"closed_weekdays": [5], "closed": [thursday]}])
    staffed.bench.fire("2025-03-05T11:00")
    made = staffed.submit(category="NOISE")
    # Wednesday has five hours left of fifteen; Thursday and Friday are closed: Monday, Tuesday.
    assert made["due_contact"] == "2025-03-10T03:30:00+00:00"
    assert made["due_resolve"] == "2025-03-11T03:00:00+00:00"


MINUTES = st.integers(0, 60 * 24 * 20)


@settings(max_examples=100, deadline=None)
@given(
    own=st.sampled_from(
        [
            terms("OPEN_HOURS", resolve_minutes=600),
            terms("ALWAYS", resolve_minutes=600),
            terms("SHIFTED", resolve_working_days=3),
        ]
    ),
    weekdays=st.lists(st.integers(1, 5), max_size=4),
    spans=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=3),
    cuts=st.lists(MINUTES, min_size=3, max_size=3).map(sorted),
)
def test_the_time_of_a_clock_adds_up_and_is_monotone(own, weekdays, spans, cuts):
    first_day = date(2025, 4, 20)
    closed = [
        Closed(first_day + timedelta(days=one), first_day + timedelta(days=one + more))
        for one, more in spans
    ]
    own = Terms(own.times, structs.replace(own.hours, closed_weekdays=weekdays, closed=closed))
    begin = instant("2025-04-25T00:00:00+08:00")
    first, second, third = (begin + timedelta(minutes=one) for one in cuts)
    whole = own.between(first, third, CALENDAR)
    parts = own.between(first, second, CALENDAR), own.between(second, third, CALENDAR)
    assert whole == sum(parts, timedelta())
    assert own.between(first, own.later(first, parts[0], CALENDAR), CALENDAR) == parts[0]
    assert own.due_accept(first, CALENDAR) <= own.due_accept(second, CALENDAR)
    assert own.due_resolve(first, CALENDAR) <= own.due_resolve(third, CALENDAR)
    assert rules.pauses.moved(own, second, [(first, first)], CALENDAR) == second
