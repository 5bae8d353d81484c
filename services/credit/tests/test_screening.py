"""The weekly screen of hours: flags for people to look at, never deductions."""

from datetime import date

import pytest

from fivered.chassis.bus import Actor
from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.credit.rules import screening as rules
from fivered.services.credit.rules.screening import Record
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import awards_of, hours


def record(number, minutes, *, day=3, by="per_x", subject="RES:per_a"):
    return Record(subject, f"rec_{number}", date(2025, 3, day), minutes, by, most=480)


@pytest.mark.covers("C4", "REQ-L01")
def test_more_than_counts_of_a_day_is_a_flag_and_exactly_as_much_is_none():
    full = [record(1, 240), record(2, 240)]
    assert rules.over_day(full) == []
    (flag,) = rules.over_day([*full, record(3, 1), record(4, 480, day=4)])
    assert (flag.what, flag.minutes, flag.of) == ("OVER_DAY", 481, 480)
    assert flag.records == ("rec_1", "rec_2", "rec_3")


@pytest.mark.covers("C4", "REQ-L01")
def test_one_confirmer_of_more_than_half_is_a_flag_from_four_records_on():
    half = [record(n, 60, by=f"per_{n % 2}", day=n) for n in range(1, 5)]
    assert rules.one_confirmer(half) == []
    (flag,) = rules.one_confirmer([*half, record(9, 1, by="per_1", day=9)])
    assert (flag.confirmed_by, flag.minutes, flag.of) == ("per_1", 121, 241)
    assert rules.one_confirmer([record(n, 60) for n in range(3)]) == []
    # What no person confirmed counts in the whole and flags nobody.
    assert rules.one_confirmer([record(n, 60, by=None) for n in range(5)]) == []


@pytest.fixture
def credit(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    for person in ("per_a", "per_b", "per_c"):
        stage.resident(bench, person)
    return bench


@pytest.mark.covers("C4", "REQ-L01")
def test_a_week_is_screened_from_what_was_heard_and_no_score_changes(credit):
    bench = credit.at("2025-03-09T21:00")
    grid = Actor("per_grid", "R_GRID", stage.GRID)

    def said(record_id, minutes, day, who="per_a", **more):
        bench.deliver([hours(bench, record_id, minutes, day, person_id=who, actor=grid, **more)])

    for number, minutes in enumerate((300, 300, 60, 60)):
        day = "2025-03-03" if number < 2 else f"2025-03-0{number + 2}"
        said(f"rec_a{number}", minutes, day)
    # Corrected since, so nothing is over the day; too few records to speak of one confirmer.
    said("rec_b1", 600, "2025-03-06", "per_b")
    said(
        "rec_b1",
        400,
        "2025-03-06",
        "per_b",
        at="2025-03-07T10:00",
        fact="corrected",
        previous=600,
    )
    # Another week.
    said("rec_c1", 600, "2025-02-26", "per_c")
    before = awards_of(bench, "RES:per_a")

    bench.at("2025-03-12T09:00").as_("R_SECRETARY", person="per_sec", scope=stage.COMMUNITY)
    found = bench.ask("screen")
    assert (found["from"], found["to"], found["helpers"]) == ("2025-03-03", "2025-03-09", 2)
    assert [(one["flag"], one["subject"], one["minutes"]) for one in found["items"]] == [
        ("OVER_DAY", "RES:per_a", 600),
        ("ONE_CONFIRMER", "RES:per_a", 720),
    ]
    assert found["items"][0]["records"] == ["rec_a0", "rec_a1"]
    assert found["items"][1]["confirmed_by"] == "per_grid"
    assert awards_of(bench, "RES:per_a") == before
    (flag,) = bench.ask("screen", {"week": "2025-03-01"})["items"]
    assert (flag["subject"], flag["of_minutes"], flag["day"]) == ("RES:per_c", 480, "2025-02-26")

    with pytest.raises(Invalid) as refused:
        bench.ask("screen", {"week": "Montag"})
    assert refused.value.field == "week"
    with pytest.raises(RoleDenied):
        bench.ask("screen", {"community": "370811016901"})
    bench.as_("R_STREET", person="per_st", scope="370811015")
    with pytest.raises(Invalid) as refused:
        bench.ask("screen")
    assert refused.value.field == "community"
    assert len(bench.ask("screen", {"community": stage.COMMUNITY})["items"]) == 2
