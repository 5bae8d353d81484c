"""Complaints and their rate: nothing is deleted, the frozen figure stays, the revised one shows."""

from fractions import Fraction

import pytest

from fivered.chassis.decimals import decimal
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.property import errors, rules


def validate(town, cpl, valid, version, reason="现场核实后认定"):
    return town.cadre().do(
        "validate_complaint",
        {"complaint_id": cpl, "valid": valid, "reason": reason},
        version=version,
    )


@pytest.mark.covers("REQ-L14", "F10-flow")
def test_a_complaint_is_decided_with_a_reason_and_never_deleted(bench, town):
    town.found()
    cpl = town.complain("req_1", at="2025-03-02T20:00:00")
    assert bench.published("complaint_accepted.v1")[0]["data"]["community"] == town.community
    with pytest.raises(errors.ReasonRequired):
        validate(town, cpl, False, 1, reason="不")
    validate(town, cpl, False, 1)
    with pytest.raises(StateConflict):
        validate(town, cpl, False, 2)
    assert bench.published("complaint_invalidated.v1")[0]["data"]["complaint_id"] == cpl
    listed = town.street_clerk().ask("complaints", {"valid": "NO"})
    assert listed["items"][0]["reason"] == "现场核实后认定"
    # A new decision is possible, and the old one stays in the history.
    validate(town, cpl, True, 2, reason="复核认定属实")
    shown = town.cadre().ask("complaint", {"complaint_id": cpl})
    assert [row["what"] for row in shown["history"]] == ["FILED", "VALID_NO", "VALID_YES"]
    assert len(bench.published("complaint_accepted.v1")) == 2
    done = {"complaint_id": cpl, "outcome": "已清运并加密保洁"}
    assert town.cadre().do("close_complaint", done, version=3)["state"] == "CLOSED"


@pytest.mark.covers("REQ-L14", "REQ-L11")
def test_the_projects_side_neither_decides_a_complaint_nor_learns_who_complained(bench, town):
    town.found()
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    cpl = town.complain("req_1", by="li")
    body = {"complaint_id": cpl, "valid": False, "reason": "与项目无关的理由"}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang").do("validate_complaint", body, version=1)
    with pytest.raises(RoleDenied):
        town.manager().do("validate_complaint", body, version=1)
    with pytest.raises(errors.SamePerson):
        town.cadre("per_li").do("validate_complaint", body, version=1)
    for shown in (
        town.manager().ask("complaint", {"complaint_id": cpl}),
        town.manager().ask("complaints")["items"][0],
    ):
        assert "complainant_id" not in shown
        assert "request_id" not in shown
    assert town.cadre().ask("complaint", {"complaint_id": cpl})["complainant_id"] == "per_li"
    with pytest.raises(NotFound):
        town.manager("per_rival").ask("complaint", {"complaint_id": cpl})
    assert town.manager("per_rival").ask("complaints")["items"] == []
    with pytest.raises(RoleDenied):
        bench.as_("R_CADRE", person="per_x", scope="370811002901").ask(
            "complaints", {"scope": town.community}
        )


@pytest.mark.covers("F10-flow", "C5")
def test_only_complaints_about_known_projects_count_and_each_request_once(bench, town):
    town.found()
    for _ in range(2):
        town.complain("req_1")
    town.complain("req_2", project="prj_unknown")
    assert [row["request_id"] for row in bench.rows("SELECT request_id FROM complaints")] == [
        "req_1"
    ]
    oldest = {"limit": 1, "order": "OLDEST"}
    pages = [town.street_clerk().ask("complaints", oldest)]
    town.complain("req_4")
    pages.append(town.street_clerk().ask("complaints", oldest))
    pages.append(bench.ask("complaints", oldest | {"cursor": pages[1]["next"]}))
    assert [page["items"][0]["request_id"] for page in pages] == ["req_1", "req_1", "req_4"]
    assert pages[2]["next"] is None


def history(year, total, households=8000):
    each, rest = divmod(total, 12)
    return [
        {
            "period": f"{year}-{month:02d}",
            "complaints": each + (month <= rest),
            "households": households,
        }
        for month in range(1, 13)
    ]


@pytest.mark.covers("E10", "F10-flow")
def test_loaded_history_reproduces_the_seeds_figure_and_its_restatement(bench, town):
    town.found(households=8000)
    load = {
        "project_id": "prj_a",
        "origin": "火炬社区 2022-2023 年台账",
        "rows": history(2022, 1120) + history(2023, 1010),
    }
    assert town.district().do("import_complaint_history", load)["imported"] == 24
    assert bench.do("import_complaint_history", load)["known"] == 24
    with pytest.raises(errors.HistoryDiffers):
        bench.do("import_complaint_history", load | {"rows": history(2023, 1011)})
    with pytest.raises(errors.PeriodNotAllowed):
        bench.do("import_complaint_history", load | {"rows": history(2025, 12)})
    shown = bench.ask("complaint_rate", {"scope": town.community, "year": 2023})
    assert (shown["window"], shown["current"]["rate"], shown["previous"]["rate"]) == (
        "YEAR",
        "12.63",
        "14.00",
    )
    assert shown["current"]["households_average"] == "8000.00"
    assert (shown["change_percent"], shown["change_exact"]) == ("-9.8", str(Fraction(-275, 28)))
    assert shown["restated"] is False
    assert all(month["sources"] == ["IMPORTED"] for month in shown["current"]["months"])

    wrong = {"project_id": "prj_a", "period": "2023-06", "reason": "复核为重复投诉"}
    with pytest.raises(errors.PeriodNotAllowed):
        bench.do("correct_complaint_history", wrong | {"invalidated": 9999})
    bench.do("correct_complaint_history", wrong | {"invalidated": 12})
    shown = bench.ask("complaint_rate", {"scope": town.community, "year": 2023})
    assert (shown["change_percent"], shown["change_percent_revised"]) == ("-9.8", "-10.9")
    assert shown["current"]["complaints"] == 1010
    assert shown["current"]["complaints_revised"] == 998
    assert shown["current"]["rate_revised"] == decimal(Fraction(998, 80), 2) == "12.48"
    assert shown["restated"] is True


def test_one_month_twice_in_one_call_is_known_or_refused(bench, town):
    """It was a fault of ours (500)."""
    town.found()
    row = {"period": "2024-01", "complaints": 10, "households": 1200}
    load = {"project_id": "prj_a", "origin": "台账", "rows": [row, row]}
    with pytest.raises(errors.HistoryDiffers):
        town.district().do(
            "import_complaint_history", load | {"rows": [row, row | {"complaints": 11}]}
        )
    answer = town.district().do("import_complaint_history", load)
    assert (answer["imported"], answer["known"]) == (1, 1)


def test_a_trend_of_fewer_than_ten_complaints_is_null_and_says_why(bench, town):
    town.found()
    town.district().do(
        "import_complaint_history",
        {"project_id": "prj_a", "origin": "台账", "rows": history(2022, 9) + history(2023, 900)},
    )
    shown = bench.ask("complaint_rate", {"scope": town.community, "year": 2023})
    assert (shown["change_percent"], shown["null_because"]) == (None, "FEWER_THAN_10_COMPLAINTS")
    none = bench.ask("complaint_rate", {"scope": "370811002", "year": 2023})
    assert none["current"]["rate"] is None
    part = bench.ask(
        "complaint_rate",
        {"scope": town.community, "year": 2023, "window": "YTD", "until": "2023-06-15"},
    )
    assert part["null_because"] == "MONTHLY_HISTORY_CANNOT_BE_SPLIT"
    half = bench.ask(
        "complaint_rate",
        {"scope": town.community, "year": 2023, "window": "YTD", "until": "2023-06-30"},
    )
    assert (half["current"]["to"], half["previous"]["to"]) == ("2023-06-30", "2022-06-30")
    rolling = bench.ask(
        "complaint_rate",
        {"scope": town.community, "year": 2023, "window": "ROLLING", "until": "2023-09-30"},
    )
    assert (rolling["current"]["from"], rolling["previous"]["from"]) == ("2022-10-01", "2021-10-01")


def test_a_window_that_ends_in_another_year_is_refused(town):
    """It was read as the first of January."""
    town.found()
    for window in ("YTD", "ROLLING"):
        asked = {"scope": town.community, "year": 2025, "window": window, "until": "2024-04-11"}
        with pytest.raises(errors.UntilOutsideYear) as refused:
            town.district().ask("complaint_rate", asked)
        assert refused.value.field == "until"


@pytest.mark.covers("F10-flow")
def test_a_project_that_enters_in_mid_year_is_left_out_of_the_same_basis_and_named(bench, town):
    town.found("prj_a", households=1000)
    town.found("prj_b", households=500)
    load = {"origin": "台账"}
    town.district().do(
        "import_complaint_history",
        load | {"project_id": "prj_a", "rows": history(2022, 120, 1000) + history(2023, 108, 1000)},
    )
    bench.do(
        "import_complaint_history",
        load | {"project_id": "prj_b", "rows": history(2023, 240, 500)[6:]},
    )
    same = bench.ask("complaint_rate", {"scope": town.street, "year": 2023})
    assert (same["change_percent"], same["left_out"]) == ("-10.0", ["prj_b"])
    everything = bench.ask("complaint_rate", {"scope": town.street, "year": 2023, "basis": "ALL"})
    # 108 + 120 complaints on (6 x 1000 + 6 x 1500) / 12 = 1250 households.
    assert everything["current"]["rate"] == "18.24"
    assert everything["change_percent"] == "52.0"


@pytest.mark.covers("F10-flow")
def test_live_complaints_are_frozen_with_the_month_and_later_decisions_show_as_revised(bench, town):
    bench.at("2025-01-02T09:00:00")
    town.found(households=1000)
    for number in range(12):
        town.complain(f"req_{number}", at=f"2025-03-{number + 3:02d}T10:00:00")
    town.district()
    bench.at("2025-03-20T09:00:00")
    bench.do(
        "count_households",
        {"project_id": "prj_a", "since": "2025-03-16", "households": 1200},
        version=2,
    )
    with pytest.raises(errors.PeriodNotAllowed):
        bench.do(
            "count_households",
            {"project_id": "prj_a", "since": "2025-05-16", "households": 1300},
            version=3,
        )
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    with pytest.raises(errors.PeriodNotAllowed):
        bench.do(
            "count_households",
            {"project_id": "prj_a", "since": "2025-03-16", "households": 1300},
            version=3,
        )
    validate(town, town.complaint_of("req_3"), False, 1)
    town.complain("req_late", at="2025-03-31T23:00:00")
    town.complain("req_other", at="2025-04-01T10:00:00", category="LIFT")
    shown = town.district().ask("complaint_rate", {"scope": town.community, "year": 2025})
    assert shown["window"] == "YTD"
    march = shown["current"]["months"][2]
    assert (march["complaints"], march["revised"], march["frozen"]) == (12, 12, True)
    assert march["households"] == 1200
    validate(town, town.complaint_of("req_4"), False, 1)
    shown = town.district().ask("complaint_rate", {"scope": town.community, "year": 2025})
    assert shown["current"]["months"][2]["revised"] == 11
    assert shown["current"]["households_average"] == "1100.00"
    assert {row["category"]: row["invalidated"] for row in shown["categories"]} == {
        "CLEANING": 2,
        "LIFT": 0,
    }
    # The one who complained about the lift is known to the neighbours.
    neighbour = bench.as_("R_RESIDENT", person="per_n", scope=town.community)
    seen = neighbour.ask("complaint_rate", {"scope": town.community, "year": 2025})
    assert seen["current"] == shown["current"]
    by_category = {row.pop("category"): row for row in seen["categories"]}
    hidden = {"filed": 0, "invalidated": 0, "few": ["filed", "invalidated"]}
    # Of the whole, the other part would tell it.
    assert by_category == {"CLEANING": hidden, "LIFT": hidden}
    frozen = bench.rows("SELECT complaints, households, sha256 FROM project_months")[0]
    assert frozen["sha256"] == rules.frozen_hash("prj_a", "2025-03", 12, 1200)


def merged(town, request, into, *, project="prj_a"):
    town.bench.consume(
        "steward",
        "request_merged.v1",
        {
            "request_id": request,
            "into": into,
            "into_kind": "COMPLAINT",
            "into_category": "CLEANING",
            "into_project_id": project,
        },
        subject=request,
        sequence=2,
    )


@pytest.mark.covers("M-01")
def test_the_rate_counts_valid_complaints_by_the_day_they_were_filed_and_one_matter_once(
    bench, town
):
    bench.at("2025-01-02T09:00:00")
    town.found(households=1000)
    bench.at("2025-03-20T09:00:00")
    for number in range(6):
        town.complain(f"req_{number}", at="2025-03-05T10:00:00")
    # Filed in February and told of in March: February's.
    town.complain("req_early", at="2025-02-28T23:00:00")
    town.complain("req_elsewhere", project="prj_unknown", at="2025-03-05T10:00:00")
    validate(town, town.complaint_of("req_1"), False, 1)
    # Pending and valid ones count, and of what is one matter the one that stays.
    validate(town, town.complaint_of("req_2"), True, 1)
    for _ in range(2):
        merged(town, "req_3", "req_4")
    # Merged into a request of another project, it is still a complaint about this one.
    merged(town, "req_5", "req_9", project="prj_other")
    town.district()
    bench.do(
        "count_households",
        {"project_id": "prj_a", "since": "2025-03-16", "households": 2000},
        version=2,
    )
    bench.fire("2025-04-01T00:00:00")
    shown = town.district().ask("complaint_rate", {"scope": town.community, "year": 2025})
    months = {month["period"]: month for month in shown["current"]["months"]}
    assert (months["2025-02"]["complaints"], months["2025-02"]["rate"]) == (1, "0.10")
    # Four of March's six: 1 is not valid, 3 is the same matter as 4.
    assert (months["2025-03"]["complaints"], months["2025-03"]["households"]) == (4, 2000)
    assert months["2025-03"]["rate"] == "0.20"
    # Per hundred households of the mean of the months' ends, January to March.
    whole = shown["current"]
    assert whole["complaints"] == 5
    assert whole["households_average"] == "1333.33"
    assert whole["rate"] == "0.38"
    card = town.cadre().ask("complaint", {"complaint_id": town.complaint_of("req_3")})
    assert (card["valid"], card["reason"]) == ("NO", "同一事项已合并")
    assert [row["what"] for row in card["history"]] == ["FILED", "MERGED"]
    said = [event["data"]["complaint_id"] for event in bench.published("complaint_invalidated.v1")]
    assert said == [town.complaint_of("req_1"), town.complaint_of("req_3")]
    # A person may look at it again.
    validate(town, town.complaint_of("req_3"), True, 2, reason="复核认为不是同一事项")


def test_a_change_of_company_changes_no_rate(bench, town):
    """K11: the homes of a handed-over compound counted twice, or its later complaints nowhere."""
    bench.at("2025-01-02T09:00:00")
    town.found(households=1200)
    for number in range(4):
        town.complain(f"req_{number}", at="2025-02-05T10:00:00")
    bench.at("2025-04-12T09:00:00")
    town.hand_over()
    for number in range(2):
        town.complain(f"req_b{number}", project="prj_b", at="2025-05-05T10:00:00")
    bench.fire("2025-07-08T00:00:00")
    for period in ("2025-02", "2025-03", "2025-04", "2025-05"):
        town.steward_markers(period)
    for basis in ("ALL", "SAME_PROJECTS"):
        shown = town.district().ask(
            "complaint_rate",
            {"scope": town.community, "year": 2025, "window": "YTD", "until": "2025-06-30",
             "basis": basis},
        )  # fmt: skip
        now = shown["current"]
        assert (now["complaints"], now["households_average"], now["rate"]) == (6, "1200.00", "0.50")
        assert (shown["projects"], shown["left_out"]) == (1, [])
        assert {month["households"] for month in now["months"]} == {1200}
    ahead = town.district().ask("complaint_rate", {"scope": town.community, "year": 2027})
    assert ahead["current"]["rate"] is None


def test_a_window_of_which_a_part_is_not_known_is_not_compared(bench, town):
    """K11: three months of data were compared with twelve, and the rate had risen by 200 %."""
    town.found(households=1200)
    load = {"project_id": "prj_a", "origin": "台账", "rows": history(2024, 120)}
    town.district().do("import_complaint_history", load)
    asked = {"scope": town.community, "year": 2025, "window": "ROLLING", "until": "2025-02-28"}
    shown = bench.ask("complaint_rate", asked)
    assert (shown["change_percent"], shown["null_because"]) == (None, "WINDOW_NOT_KNOWN")


def test_a_complaint_that_goes_on_stands_open_and_counts_in_the_place_of_the_first(bench, town):
    """H4-11: both stood closed while the second request ran on, and its reopening told nobody."""
    town.found()
    first = town.complain("req_1", by="gao")
    town.complain("req_3", by="wu")
    validate(town, first, True, 1)
    second = town.complain("req_2", by="wang")
    for request in ("req_3", "req_2"):
        merged(town, request, "req_1")
    taken_back = {"request_id": "req_1", "carried_on_by": "req_2"}
    bench.consume("steward", "request_cancelled.v1", taken_back, subject="req_1", sequence=9)

    def card(complaint):
        return town.cadre().ask("complaint", {"complaint_id": complaint})

    shown = card(second)
    assert (shown["state"], shown["valid"], shown["reason"]) == ("OPEN", "YES", "现场核实后认定")
    assert [row["what"] for row in shown["history"]] == ["FILED", "MERGED", "GOES_ON"]
    gone = card(first)
    assert (gone["state"], gone["valid"], gone["outcome"]) == (
        "CLOSED",
        "NO",
        "投诉人已撤回诉求",
    )
    # One matter counts once.
    bench.fire("2025-03-04T09:00:00")
    rate = town.district().ask("complaint_rate", {"scope": town.community, "year": 2025})
    assert rate["current"]["complaints"] == 1
    back = {"request_id": "req_2", "reopen_count": 1}
    bench.consume("steward", "request_reopened.v1", back, subject="req_2", sequence=12)
    (order,) = bench.published("rectification_issued.v1")
    assert order["data"]["severity"] == "S3"


def test_one_that_waited_for_its_project_waits_again_when_the_first_is_taken_back(bench, town):
    town.found()
    elsewhere = {"project": "prj_unknown", "category": "PROPERTY_SERVICE"}
    for request in ("req_1", "req_2"):
        assert town.complain(request, by="x", **elsewhere) is None
    merged(town, "req_2", "req_1", project="prj_unknown")
    taken_back = {"request_id": "req_1", "carried_on_by": "req_2"}
    bench.consume("steward", "request_cancelled.v1", taken_back, subject="req_1", sequence=9)
    states = bench.rows("SELECT request_id, state FROM undecided_complaints ORDER BY request_id")
    assert [row["state"] for row in states] == ["DISMISSED", "WAITING"]


@pytest.mark.covers("M-01")
def test_a_complaint_that_was_merged_by_mistake_counts_again_when_it_is_parted(bench, town):
    """What a decision found to be a duplicate stays one."""
    town.found()
    for request in ("req_1", "req_2", "req_3"):
        town.complain(request, by=request)
    merged(town, "req_2", "req_1")
    validate(town, town.complaint_of("req_3"), False, 1)

    def states():
        found = bench.rows("SELECT request_id, valid, reason_code FROM complaints")
        return {row["request_id"]: (row["valid"], row["reason_code"]) for row in found}

    assert states()["req_2"] == ("NO", "DUPLICATE")
    before = states()["req_3"]
    for request, more in (("req_2", {"parted_from": "req_1"}), ("req_3", {})):
        told = {
            "request_id": request, "kind": "COMPLAINT", "category": "CLEANING",
            "grid": "370811015901001", "project_id": "prj_a",
        }  # fmt: skip
        bench.consume("steward", "request_corrected.v1", told | more, subject=request, sequence=3)
    assert states()["req_2"] == ("PENDING", None)
    assert states()["req_3"] == before


@pytest.mark.covers("P15")
def test_the_rate_of_a_month_a_quarter_a_company_and_side_by_side(bench, town):
    town.found("prj_a", households=1000)
    town.found("prj_b", households=500)
    load = {"origin": "台账"}
    for project, now, homes in (("prj_a", 108, 1000), ("prj_b", 240, 500)):
        rows_ = history(2022, 120, homes) + history(2023, now, homes)
        town.district().do(
            "import_complaint_history", load | {"project_id": project, "rows": rows_}
        )
    asked = {"scope": town.community, "year": 2023}

    def rate(**more):
        found = bench.ask("complaint_rate", asked | more)
        return found["current"]["complaints"], found["change_percent"], found["window"]

    # (9 + 20) against (10 + 10) of the same month; three of each in a quarter.
    assert rate(window="MONTH", month=3) == (29, "45.0", "MONTH")
    assert rate(window="QUARTER", quarter=2) == (87, "45.0", "QUARTER")
    spring = bench.ask("complaint_rate", asked | {"window": "QUARTER", "quarter": 2})
    assert (spring["current"]["from"], spring["current"]["to"]) == ("2023-04-01", "2023-06-30")
    assert (spring["previous"]["from"], spring["previous"]["to"]) == ("2022-04-01", "2022-06-30")
    for more, refusal in (
        ({"window": "MONTH"}, errors.WindowIncomplete),
        ({"window": "QUARTER"}, errors.WindowIncomplete),
        ({"window": "MONTH", "month": 3, "until": "2023-04-01"}, errors.UntilOutsideWindow),
    ):
        with pytest.raises(refusal):
            rate(**more)
    # A part of a loaded month cannot be told.
    part = bench.ask(
        "complaint_rate", asked | {"window": "MONTH", "month": 3, "until": "2023-03-10"}
    )
    assert part["null_because"] == "MONTHLY_HISTORY_CANNOT_BE_SPLIT"

    def lines(**more):
        found = bench.ask("complaint_rates", asked | more)["items"]
        return [(one["ref"], one["current"]["rate"], one["change_percent"]) for one in found]

    # 240 of 500 before 108 of 1,000; each line is what the single question says of it.
    assert lines() == [("prj_b", "48.00", "100.0"), ("prj_a", "10.80", "-10.0")]
    for ref, shown, change in lines():
        one = bench.ask("complaint_rate", asked | {"project_id": ref})
        assert (one["current"]["rate"], one["change_percent"]) == (shown, change)
    assert lines(by="COMMUNITY") == [(town.community, "23.20", "45.0")]
    assert lines(by="STREET", window="MONTH", month=3) == [(town.street, "1.93", "45.0")]
    # Handed over, a compound is one, and stands with who has it now.
    town.hand_over(to="prj_new")
    assert lines(by="COMPANY") == [("pco_a", "48.00", "100.0"), ("pco_b", "10.80", "-10.0")]
    assert rate(company_id="pco_b") == (108, "-10.0", "YEAR")
    assert rate(company_id="pco_none") == (0, None, "YEAR")


@pytest.mark.covers("P15")
def test_each_restated_figure_says_who_when_from_what_to_what_and_why(bench, town):
    town.found(households=8000)
    load = {"project_id": "prj_a", "origin": "台账", "rows": history(2024, 24)}
    town.district().do("import_complaint_history", load)
    wrong = {"project_id": "prj_a", "period": "2024-06", "reason": "复核为重复投诉"}
    bench.do("correct_complaint_history", wrong | {"invalidated": 1})
    # Nothing is restated while its month is open.
    cpl = town.complain("req_1", at="2025-03-02T20:00:00")
    validate(town, cpl, False, 1)
    asked = {"scope": town.community}
    assert len(town.cadre().ask("complaint_restatements", asked)["items"]) == 1
    town.steward_markers("2025-03")
    bench.fire("2025-04-10T00:00:00")
    validate(town, cpl, True, 2, reason="复核认定属实")
    validate(town, cpl, False, 3, reason="再次复核,不属实")
    newest, middle, first = town.cadre().ask("complaint_restatements", asked)["items"]

    def told(one):
        return one["period"], one["kind"], one["before"], one["after"], one["frozen"]

    assert told(first) == ("2024-06", "HISTORY_CORRECTED", 2, 1, 2)
    assert told(middle) == ("2025-03", "COMPLAINT_COUNTED", 0, 1, 0)
    assert told(newest) == ("2025-03", "COMPLAINT_INVALIDATED", 1, 0, 0)
    assert (newest["reason"], newest["restated_by"]) == ("再次复核,不属实", "per_li")
    assert (newest["complaint_id"], first["restated_by"]) == (cpl, "per_zhao")
    # Others read the figures; who, and of which complaint, they do not.
    bench.as_("R_RESIDENT", person="per_res", scope=town.grid)
    newest, _, first = bench.ask("complaint_restatements", asked | {"project_id": "prj_a"})["items"]
    assert told(newest)[2:] == (1, 0, 0)
    assert newest["reason"] is None
    assert not {"restated_by", "complaint_id"} & set(newest)
    assert first["reason"] == wrong["reason"]


@pytest.mark.covers("P15")
def test_closures_that_nobody_confirmed_count_apart(bench, town):
    town.found()
    for number in range(12):
        cpl = town.complain(f"req_{number}")
        validate(town, cpl, True, 1)
        done = {"complaint_id": cpl, "outcome": "已清运"}
        town.cadre().do("close_complaint", done, version=2)
        if number < 7:
            rated = {
                "request_id": f"req_{number}", "handler": "stw_1", "handler_person": "per_x",
                "rater": "per_res", "stars": 5, "solved": number > 0, "project_id": "prj_a",
            }  # fmt: skip
            bench.consume("steward", "request_rated.v1", rated, subject=f"req_{number}", sequence=4)

    bench.fire("2025-03-20T00:00:00")

    def closures():
        asked = {"scope": town.community, "year": 2025, "window": "MONTH", "month": 3}
        return bench.ask("complaint_rate", asked)["closures"]

    town.cadre()
    whole = {"closed": 12, "confirmed": 6, "not_solved": 1, "unconfirmed": 5}
    assert closures() == whole
    bench.as_("R_RESIDENT", person="per_res", scope=town.grid)
    told = closures()
    # One who is not content could be known, also from the rest.
    assert told["closed"] == 12
    assert "not_solved" in told["few"]
    assert len(told["few"]) > 1
    # Opened again, it is neither closed nor confirmed.
    bench.consume(
        "steward", "request_reopened.v1", {"request_id": "req_5", "reopen_count": 1},
        subject="req_5", sequence=5,
    )  # fmt: skip
    town.cadre()
    assert closures() == whole | {"closed": 11, "confirmed": 5}
