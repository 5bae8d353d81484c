"""The indicators of Red Property: each beside its numerator and denominator."""

import pytest

from fivered.services.property.tests.test_agreements import meeting
from fivered.services.property.tests.test_complaints import history
from fivered.services.property.tests.test_rectifications import PAIR


def indicators(town, period):
    return town.street_clerk().ask("indicators", {"period": period})


@pytest.mark.covers("M-02")
def test_the_rate_is_compared_over_the_year_over_the_same_days_and_over_twelve_months(bench, town):
    town.found(households=1000)
    load = {"project_id": "prj_a", "origin": "台账"}
    rows = history(2021, 60, 1000) + history(2022, 120, 1000) + history(2023, 96, 2000)
    town.district().do("import_complaint_history", load | {"rows": rows})

    def change(**asked):
        found = bench.ask("complaint_rate", {"scope": town.community, "year": 2023} | asked)
        return found["change_percent"], found["current"]["rate"], found["previous"]["rate"]

    # 96 complaints of 2,000 households against 120 of 1,000: the rate falls more than the count.
    assert change() == ("-60.0", "4.80", "12.00")
    half = {"window": "YTD", "until": "2023-06-30"}
    assert change(**half) == ("-60.0", "2.40", "6.00")
    # October 2022 to September 2023: 30 + 72 complaints, (3 x 1,000 + 9 x 2,000) / 12 households;
    # the twelve months before: 15 + 90 complaints of 1,000 households.
    rolling = {"window": "ROLLING", "until": "2023-09-30"}
    assert change(**rolling) == ("-44.5", "5.83", "10.50")
    # One window with fewer than ten complaints, and there is no trend.
    january = {"window": "YTD", "until": "2023-01-31"}
    assert change(**january)[0] is None


@pytest.mark.covers("M-17")
def test_compliance_counts_what_fell_due_and_was_kept_in_time_on_each_side(bench, town):
    town.found()
    assert indicators(town, "2025-03")["M-17"]["PROJECT"] == {
        "part": 0,
        "whole": 0,
        "percent": None,
    }
    town.agree()
    bench.fire("2025-05-12T00:00:00")
    due = bench.rows("SELECT commitment_id, title FROM commitments WHERE state = 'DUE'")
    for item in due:
        keep = {"commitment_id": item["commitment_id"], "evidence": ["sha256:1"]}
        if item["title"] == "公共照明检修":
            town.manager().do("fulfil_commitment", keep, version=2)
            town.secretary().do(
                "accept_commitment", {"commitment_id": item["commitment_id"]}, version=3
            )
        if item["title"] == "协商议事场地":
            town.secretary().do("fulfil_commitment", keep, version=2)
            town.manager().do(
                "accept_commitment", {"commitment_id": item["commitment_id"]}, version=3
            )
    bench.fire("2025-05-22T00:00:00")
    shown = indicators(town, "2025-05")["M-17"]
    # Of the project's three one is of June and not due yet, one is kept and one forgotten.
    assert shown["PROJECT"] == {"part": 1, "whole": 2, "percent": "50.00"}
    assert shown["COMMUNITY"] == {"part": 1, "whole": 1, "percent": "100.00"}


@pytest.mark.covers("M-18")
def test_coverage_counts_projects_with_two_agreements_and_with_both_directions(bench, town):
    assert indicators(town, "2025-03")["M-18"]["agreements"]["percent"] is None
    town.found("prj_a")
    town.found("prj_b", manager="per_lu")
    town.enrol_cadre("per_wang")
    town.agree()
    town.agree("CREDIT_DELIBERATION", valid_to="2025-06-03")
    town.appoint("P2C", "per_wu", "PARTY_BRANCH_MEMBER")
    shown = indicators(town, "2025-03")["M-18"]
    assert shown["agreements"] == {"part": 1, "whole": 2, "percent": "50.00"}
    # One direction only is no cross-appointment.
    assert shown["cross_appointments"] == {"part": 0, "whole": 2, "percent": "0.00"}
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    shown = indicators(town, "2025-03")["M-18"]
    assert shown["cross_appointments"] == {"part": 1, "whole": 2, "percent": "50.00"}
    bench.fire("2025-06-03T00:00:00")
    assert indicators(town, "2025-06")["M-18"]["agreements"]["part"] == 0


@pytest.mark.covers("M-25")
def test_rectification_tells_the_share_in_time_the_open_overdue_and_the_average_days(bench, town):
    bench.at("2025-09-01T10:00:00")
    town.found()
    town.street_clerk()
    assert indicators(town, "2025-09")["M-25"]["average_days"] is None
    for severity, days in (("S3", 2), ("S2", 10)):
        town.street_clerk()
        rec = {"rectification_id": town.issue(severity)["id"]}
        issued = bench.now.day
        bench.fire(f"2025-09-{issued + days:02d}T10:00:00")
        version = town.cadre().ask("rectification", rec)["version"]
        town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=version)
        town.cadre().do("pass_rectification", rec, version=version + 1)
    town.street_clerk()
    town.issue("S2")
    bench.fire("2025-09-30T10:00:00")
    assert indicators(town, "2025-09")["M-25"] == {
        "on_time": {"part": 1, "whole": 2, "percent": "50.00"},
        "open_overdue": {"S2": 1},
        "average_days": 6.0,
    }
    # Passed in September: nothing of it is October's.
    assert indicators(town, "2025-10")["M-25"]["on_time"]["whole"] == 0


@pytest.mark.covers("M-27")
def test_compounds_with_a_meeting_in_the_month_are_counted_once(bench, town):
    town.found("prj_a")
    town.found("prj_b", manager="per_lu")
    for day in (2, 3):
        held = meeting(town, held_at=f"2025-03-{day:02d}T08:00:00+08:00")
        town.secretary().do("hold_meeting", held)
    assert indicators(town, "2025-03")["M-27"] == {"part": 1, "whole": 2, "percent": "50.00"}
    assert indicators(town, "2025-04")["M-27"]["part"] == 0


NOTHING = {"part": 0, "whole": 0, "percent": None}


def test_a_month_before_anything_existed_and_one_that_is_to_come_are_empty(bench, town):
    """SP-D21: 2024-06 answered today's coverage and today's overdue orders."""
    town.found()
    town.enrol_cadre("per_wang")
    town.agree()
    town.agree("CREDIT_DELIBERATION")
    town.appoint("P2C", "per_wu", "PARTY_BRANCH_MEMBER")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    town.street_clerk()
    town.issue("S1")
    bench.fire("2025-03-10T09:00:00")
    now = indicators(town, "2025-03")
    assert now["M-18"]["agreements"] == {"part": 1, "whole": 1, "percent": "100.00"}
    assert now["M-25"]["open_overdue"] == {"S1": 1}
    for period in ("2024-06", "2025-02", "2025-04", "2026-01"):
        shown = indicators(town, period)
        assert shown["M-17"] == {"PROJECT": NOTHING, "COMMUNITY": NOTHING}, period
        assert shown["M-18"] == {"agreements": NOTHING, "cross_appointments": NOTHING}, period
        assert (shown["M-25"]["open_overdue"], shown["M-27"]) == ({}, NOTHING), period


def test_a_figure_of_a_past_month_stays_that_months(bench, town):
    """SP-D21: what ended or was put right later changed the month behind it."""
    bench.at("2025-03-01T09:00:00")
    town.found()
    town.enrol_cadre("per_wang")
    town.agree(valid_from="2025-03-01")
    town.agree("CREDIT_DELIBERATION", valid_from="2025-03-01", valid_to="2025-06-03")
    town.appoint("P2C", "per_wu", "PARTY_BRANCH_MEMBER")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    town.street_clerk()
    order = {"rectification_id": town.issue("S1")["id"]}
    bench.fire("2025-04-01T00:00:00")
    march = indicators(town, "2025-03")
    assert march["M-18"]["cross_appointments"]["part"] == 1
    assert march["M-25"]["open_overdue"] == {"S1": 1}
    version = town.cadre().ask("rectification", order)["version"]
    town.manager().do("submit_rectification", order | {"evidence_pairs": PAIR}, version=version)
    town.district().do(
        "change_manager",
        {"project_id": "prj_a", "person_id": "per_new"},
        version=town.version("projects", "project_id", "prj_a"),
    )
    bench.fire("2025-06-03T00:00:00")
    assert indicators(town, "2025-03") == march
    june = indicators(town, "2025-06")
    assert (june["M-18"]["agreements"]["part"], june["M-18"]["cross_appointments"]["part"]) == (
        0,
        0,
    )
    assert june["M-25"]["open_overdue"] == {}
    # What fell due in May is May's, and not every later month's again.
    assert indicators(town, "2025-05")["M-17"]["PROJECT"]["whole"] == 6
    assert june["M-17"]["PROJECT"]["whole"] == 0


def test_a_compound_that_is_handed_over_keeps_the_months_in_which_it_met(bench, town):
    """SP-D21: after a hand-over a month with three meetings read 0 of 2."""
    town.found("prj_a")
    town.found("prj_b", manager="per_lu")
    town.secretary().do("hold_meeting", meeting(town))
    bench.at("2025-03-20T09:00:00")
    town.hand_over("per_next", to="prj_c")
    for until in ("2025-03-21T09:00:00", "2025-05-01T00:00:00"):
        bench.fire(until)
        assert indicators(town, "2025-03")["M-27"] == {"part": 1, "whole": 2, "percent": "50.00"}
