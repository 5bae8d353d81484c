"""Awards from events: exactly once, in any order, under caps, with consent, by the right month."""

import itertools
import uuid

import pytest

from fivered.services.credit.actions import drafting
from fivered.services.credit.tests import stage

NOW = "2025-03-10T09:00"


def rated(bench, event_id=None, *, stars=5, handler="stw_1", rater="per_r", at=NOW, **more):
    request_id = more.pop("request_id", f"req_{uuid.uuid4().hex[:8]}")
    return bench.event(
        "steward",
        "request_rated.v1",
        {
            "request_id": request_id,
            "handler": handler,
            "handler_person": "per_s",
            "rater": rater,
            "stars": stars,
            "solved": True,
            "project_id": None,
        },
        subject=request_id,
        occurred_at=at,
        event_id=event_id,
        **more,
    )


def attended(bench, person_id, at, **more):
    session_id = more.pop("session_id", f"ses_{uuid.uuid4().hex[:8]}")
    return bench.event(
        "forum",
        "attendance_recorded.v1",
        {
            "session_id": session_id,
            "topic_id": "top_1",
            "person_id": person_id,
            "capacity": "RESIDENT",
        },
        subject=session_id,
        occurred_at=at,
        **more,
    )


def hours(
    bench,
    record_id,
    minutes,
    day,
    *,
    at=None,
    fact="confirmed",
    source="QR",
    previous=None,
    person_id="per_a",
    **more,
):
    data = {
        "record_id": record_id,
        "person_id": person_id,
        "minutes": minutes,
        "source": source,
        "date": day,
    }
    if fact == "corrected":
        data["previous_minutes"] = previous
    return bench.event(
        "steward",
        f"volunteer_hours_{fact}.v1",
        data,
        subject=record_id,
        occurred_at=at or f"{day}T18:00",
        **more,
    )


def awards_of(bench, subject_id, rule=None):
    rows = bench.rows(
        "SELECT rule_code, score, points, capped, late, period, state, effective, correction,"
        " to_period FROM awards WHERE subject_id = :s ORDER BY occurred_at, event_id, score DESC",
        s=subject_id,
    )
    return [row for row in rows if rule is None or row["rule_code"] == rule]


def credit_stage(bench):
    bench.at("2025-01-02T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


@pytest.mark.covers("C4", "F2-flow")
def test_five_stars_earn_the_steward_two_and_ten_and_say_why(credit):
    bench = credit.at(NOW)
    event = rated(bench, event_id="01961111-0000-7000-8000-000000000001", request_id="req_1")
    bench.deliver([event])
    bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)
    sheet = bench.ask("me")["subjects"][0]
    assert sheet["subject"] == "STW:stw_1"
    assert sheet["points"]["pending"] == 10
    award = sheet["awards"][0]
    assert (award["score"], award["points"], award["state"]) == (2, 10, "APPROVED")
    why = award["why"]
    assert why["rule"] == "R-STW-01"
    assert why["text"]
    assert why["article"] > 0
    assert why["event_type"] == "steward.request_rated.v1"
    assert why["event_id"] == "01961111-0000-7000-8000-000000000001"
    assert why["deed"] == "req_1"
    assert bench.ask("award", {"award_id": award["id"]})["why"]["instrument"]
    stage.trial_balance(bench)


@pytest.mark.covers("C5", "E12")
def test_the_same_event_delivered_twice_gives_one_award(credit):
    bench = credit.at(NOW)
    event = rated(bench)
    assert bench.deliver([event, event]) == 1
    assert bench.deliver([event]) == 0
    assert len(awards_of(bench, "STW:stw_1")) == 1


def test_an_award_may_name_a_subject_that_nobody_has_told_of_yet(credit):
    bench = credit.at(NOW)
    bench.deliver([rated(bench, handler="stw_9")])
    stage.steward(bench, "stw_9", "per_9")
    assert (
        bench.as_("R_STEWARD", person="per_9").ask("me")["subjects"][0]["points"]["pending"] == 10
    )


@pytest.mark.covers("C4")
def test_caps_of_score_and_points_cut_the_last_ratings(credit):
    bench = credit.at(NOW)
    bench.deliver([rated(bench, at=f"2025-03-0{n % 9 + 1}T10:{n:02d}") for n in range(12)])
    found = awards_of(bench, "STW:stw_1")
    assert len(found) == 12
    assert sum(a["score"] for a in found) == 20
    assert sum(a["points"] for a in found) == 100
    assert sum(1 for a in found if a["capped"]) == 2


@pytest.mark.covers("REQ-L01", "C5")
def test_without_consent_at_the_time_of_the_deed_nothing_is_stored(credit):
    bench = credit.at("2025-02-10T09:00")
    stage.register(bench, "per_a")
    bench.deliver([attended(bench, "per_a", "2025-02-09T20:00")])
    assert awards_of(bench, "RES:per_a") == []
    reply = stage.consent(bench, "per_a")
    bench.deliver([attended(bench, "per_a", "2025-02-09T20:00")])
    assert awards_of(bench, "RES:per_a") == []
    bench.at("2025-02-11T09:00").deliver([attended(bench, "per_a", "2025-02-10T20:00")])
    assert [a["score"] for a in awards_of(bench, "RES:per_a")] == [1]
    bench.as_("R_RESIDENT", person="per_a").do("withdraw_consent", {"consent_id": reply["id"]})
    bench.at("2025-02-13T09:00").deliver(
        [
            attended(bench, "per_a", "2025-02-12T20:00"),
            # It happened while the consent stood, and is told late.
            attended(bench, "per_a", "2025-02-10T21:00"),
        ]
    )
    assert len(awards_of(bench, "RES:per_a")) == 2


def test_without_consent_to_points_there_is_a_score_only(credit):
    bench = credit.at("2025-02-10T09:00")
    stage.resident(bench, "per_a", purposes=("SCORING",))
    bench.deliver([attended(bench, "per_a", "2025-02-10T20:00")])
    found = awards_of(bench, "RES:per_a")
    assert [(a["score"], a["points"]) for a in found] == [(1, 0)]


@pytest.mark.covers("REQ-L05")
def test_an_automatic_deduction_is_proposed_and_has_no_effect_yet(credit):
    bench = credit.at(NOW)
    bench.consume(
        "steward",
        "request_deadline_missed.v1",
        {
            "request_id": "req_1",
            "which": "ACCEPT",
            "handler": "stw_1",
            "handler_person": "per_s",
            "on_shift": True,
        },
        subject="req_1",
    )
    found = awards_of(bench, "STW:stw_1")
    assert [(a["score"], a["state"], bool(a["effective"])) for a in found] == [
        (-1, "PROPOSED", False)
    ]


@pytest.mark.covers("N22", "E12")
def test_what_lies_behind_the_marker_of_its_partition_is_late(credit):
    bench = credit.at("2025-04-02T10:00")
    before = rated(bench, at="2025-03-31T22:00", partition=1, request_id="req_1")
    behind = rated(bench, at="2025-03-31T22:30", partition=1, request_id="req_2")
    other = rated(bench, at="2025-03-31T22:45", partition=2, request_id="req_3")
    bench.deliver([before])
    stage.markers(bench, "2025-03", source="steward", partitions=2, of=4)
    bench.deliver([behind, other])
    assert [(a["period"], bool(a["late"])) for a in awards_of(bench, "STW:stw_1")] == [
        ("2025-03", False),
        ("2025-04", True),
        ("2025-03", False),
    ]


def test_a_month_that_is_over_stays_closed_in_a_partition_that_there_was_not_then(credit):
    bench = credit.at("2025-04-02T10:00")
    stage.markers(bench, "2025-03", source="steward", partitions=4)
    late = rated(bench, at="2025-03-31T22:00", partition=6, request_id="req_1")
    bench.deliver([late])
    assert [(a["period"], bool(a["late"])) for a in awards_of(bench, "STW:stw_1")] == [
        ("2025-04", True)
    ]


@pytest.mark.covers("E1", "C11")
def test_the_worked_example_of_volunteer_hours_has_its_figures(credit):
    bench = credit
    stage.resident(bench, "per_a")
    for record_id, minutes, day in (
        ("rec_1", 480, "2025-01-11"),
        ("rec_2", 480, "2025-01-18"),
        ("rec_3", 540, "2025-01-25"),
        ("rec_4", 150, "2025-02-15"),
    ):
        if day == "2025-02-15":
            bench.at("2025-02-07T10:00")
            stage.markers(bench, "2025-01")
        bench.at(f"{day}T18:00").deliver([hours(bench, record_id, minutes, day)])
    found = awards_of(bench, "RES:per_a")
    assert [(a["score"], a["points"]) for a in found] == [(8, 80), (8, 80), (6, 40), (1, 25)]
    bench.at("2025-03-05T10:00")
    stage.markers(bench, "2025-02")
    bench.at("2025-03-10T10:00").deliver(
        [
            hours(
                bench,
                "rec_4",
                90,
                "2025-02-15",
                at="2025-03-10T10:00",
                fact="corrected",
                previous=150,
            )
        ]
    )
    correction = awards_of(bench, "RES:per_a")[-1]
    assert (correction["score"], correction["points"]) == (-1, -10)
    assert (correction["period"], correction["to_period"]) == ("2025-03", "2026-01")
    reverse = bench.rows("SELECT kind FROM postings WHERE kind = 'REVERSE'")
    assert len(reverse) == 1
    balance = stage.trial_balance(bench)["accounts"]
    assert balance["PENDING"] == 215
    assert balance["SYS:ISSUANCE"] == -215
    explained = bench.as_("R_RESIDENT", person="per_a").ask(
        "explain", {"subject_id": "RES:per_a", "period": "2025-02"}
    )
    assert sum(award["score"] for award in explained["awards"]) == 23
    bench.at("2025-04-03T10:00")
    stage.markers(bench, "2025-03")
    standing = []
    for period in ("2025-01", "2025-02", "2025-03"):
        with bench.transaction() as tx:
            drafting.draft(tx, period, stage.COMMUNITY)
        found = bench.rows(
            "SELECT score, grade FROM entries WHERE subject_id = 'RES:per_a' AND period = :p",
            p=period,
        )
        standing.append((found[0]["score"], found[0]["grade"]))
    assert standing == [(1022, "A"), (1023, "A"), (1022, "A")]


@pytest.mark.covers("C5", "C8")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:4])
def test_hours_give_the_same_in_any_order_of_arrival(credit, order):
    bench = credit.at("2025-01-28T10:00")
    stage.register(bench, "per_a", at="2025-01-02T09:00")
    bench.at("2025-01-02T09:30")
    stage.consent(bench, "per_a")
    bench.at("2025-01-28T10:00")
    records = [
        hours(bench, "rec_1", 480, "2025-01-11"),
        hours(bench, "rec_2", 480, "2025-01-18"),
        hours(bench, "rec_3", 540, "2025-01-25"),
    ]
    for number in order:
        bench.deliver([records[number]])
    found = awards_of(bench, "RES:per_a")
    assert [(a["score"], a["points"]) for a in found] == [(8, 80), (8, 80), (6, 40)]
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 200


@pytest.mark.covers("C4")
def test_backfilled_hours_give_score_and_no_points(credit):
    bench = credit.at("2025-01-12T10:00")
    stage.register(bench, "per_a")
    bench.at("2025-01-10T10:00")
    stage.consent(bench, "per_a")
    bench.at("2025-01-12T10:00").deliver(
        [hours(bench, "rec_1", 120, "2025-01-11", source="BACKFILL")]
    )
    assert [(a["score"], a["points"]) for a in awards_of(bench, "RES:per_a")] == [(2, 0)]


def test_an_order_issued_in_error_takes_its_deductions_back(credit):
    bench = credit.at(NOW)
    stage.project(bench)
    data = {"rectification_id": "rec_9", "project_id": "prj_1", "severity": "S3"}
    bench.consume("property", "rectification_overdue.v1", data, subject="rec_9")
    bench.consume(
        "property",
        "rectification_withdrawn.v1",
        {"rectification_id": "rec_9", "project_id": "prj_1"},
        subject="rec_9",
    )
    found = awards_of(bench, "PRJ:prj_1")
    assert [(a["rule_code"], a["score"], a["state"]) for a in found] == [
        ("R-PRJ-12", -3, "REVERSED")
    ]
    assert found[0]["to_period"] < found[0]["period"]


def test_what_was_given_for_a_fix_that_was_none_is_taken_back_and_the_deduction_stays(credit):
    """A second look found the passage blocked again, and the project kept its point."""
    bench = credit.at(NOW)
    stage.project(bench)
    for name, late in (("rec_1", False), ("rec_2", False)):
        data = {"rectification_id": name, "project_id": "prj_1", "severity": "S3", "late": late}
        bench.consume("property", "rectification_passed.v1", data, subject=name)
    data = {"rectification_id": "rec_1", "project_id": "prj_1", "severity": "S3"}
    bench.consume("property", "rectification_overdue.v1", data, subject="rec_1", sequence=2)
    bench.consume(
        "property",
        "rectification_refuted.v1",
        {"rectification_id": "rec_1", "project_id": "prj_1"},
        subject="rec_1",
        sequence=3,
    )
    found = bench.rows("SELECT deed, rule_code, state FROM awards WHERE subject_id = 'PRJ:prj_1'")
    assert {(row["deed"], row["rule_code"]): row["state"] for row in found} == {
        ("rec_1", "R-PRJ-11"): "REVERSED",
        ("rec_1", "R-PRJ-12"): "PROPOSED",
        ("rec_2", "R-PRJ-11"): "APPROVED",
    }


def test_a_disclosure_that_was_not_owed_takes_its_deduction_back(credit):
    """K13: the street took it off property's list, and credit's -3 stayed."""
    bench = credit.at(NOW)
    stage.project(bench)
    for name in ("dsc_1", "dsc_2"):
        data = {"disclosure_id": name, "project_id": "prj_1", "kind": "FEES"}
        bench.consume("property", "disclosure_overdue.v1", data, subject=name)
    bench.consume(
        "property",
        "disclosure_withdrawn.v1",
        {"disclosure_id": "dsc_1", "project_id": "prj_1"},
        subject="dsc_1",
    )
    found = bench.rows("SELECT deed, score, state FROM awards WHERE subject_id = 'PRJ:prj_1'")
    assert {row["deed"]: (row["score"], row["state"]) for row in found} == {
        "dsc_1": (-3, "REVERSED"),
        "dsc_2": (-3, "PROPOSED"),
    }


@pytest.mark.covers("F15-flow", "R11")
def test_points_taken_back_after_they_were_spent_become_a_debt_repaid_by_half(credit):
    from fivered.services.credit.actions import ledger

    bench = credit.at(NOW)
    stage.give(bench, "STW:stw_1", "2025-02", 100, str(uuid.uuid4()))
    bench.deliver(
        [
            stage.redemption(
                bench, "requested", "rdm_1", NOW, points=70, wallet="STW:stw_1", holder="per_s"
            )
        ]
    )
    with bench.transaction() as tx:
        ledger.reverse_points(
            tx,
            subject_id="STW:stw_1",
            area=stage.COMMUNITY,
            award_id=str(uuid.uuid4()),
            points=50,
            points_period="2025-02",
        )
    assert stage.balances(bench, "STW:stw_1") == (0, 70)
    assert bench.rows("SELECT clawback FROM wallets WHERE subject_id = 'STW:stw_1'") == [
        {"clawback": -20}
    ]
    done = stage.give(bench, "STW:stw_1", "2025-03", 30, str(uuid.uuid4()))
    assert done.points == {"STW:stw_1": 30}
    assert bench.rows("SELECT available, clawback FROM wallets WHERE subject_id = 'STW:stw_1'") == [
        {"available": 15, "clawback": -5}
    ]
    assert bench.rows('SELECT "left" AS n FROM debts') == [{"n": 5}]
    stage.trial_balance(bench)


@pytest.mark.parametrize(
    ("capacity", "points"), [("DEPUTY", 0), ("OFFICIAL", 0), ("RESIDENT_REP", 10)]
)
def test_who_attends_ex_officio_earns_nothing(bench, capacity, points):
    """CR-D8, F12: deputies and officials were given points for doing their duty."""
    stage.rules(bench)
    stage.resident(bench, "per_a")
    bench.consume(
        "forum",
        "attendance_recorded.v1",
        {"session_id": "ses_1", "topic_id": "top_1", "person_id": "per_a", "capacity": capacity},
        subject="ses_1",
        occurred_at=NOW,
    )
    found = bench.rows("SELECT coalesce(sum(points), 0) AS n FROM awards")
    assert found == [{"n": points}]


def test_who_was_not_there_after_all_gives_back_what_he_was_given(bench):
    """FP-D11: attendance that was taken back stayed credited. Others who were there keep theirs."""
    stage.rules(bench)
    for person in ("per_a", "per_b"):
        stage.resident(bench, person)
    corrected = bench.event(
        "forum",
        "attendance_corrected.v1",
        {
            "session_id": "ses_1",
            "person_id": "per_a",
            "capacity": "RESIDENT_REP",
            "attended": False,
        },
        subject="ses_1",
        occurred_at=NOW,
    )
    there = [attended(bench, person, NOW, session_id="ses_1") for person in ("per_a", "per_b")]
    bench.deliver([*there, corrected])
    states = bench.rows("SELECT subject_id, state FROM awards ORDER BY subject_id")
    assert [(row["subject_id"], row["state"]) for row in states] == [
        ("RES:per_a", "REVERSED"),
        ("RES:per_b", "APPROVED"),
    ]
    stage.trial_balance(bench)
    # The resident was there after all, as is found later: that is another fact, and counts.
    bench.deliver([attended(bench, "per_a", NOW, session_id="ses_1")])
    states = bench.rows("SELECT state FROM awards WHERE subject_id = 'RES:per_a' ORDER BY state")
    assert [row["state"] for row in states] == ["APPROVED", "REVERSED"]
    stage.trial_balance(bench)
