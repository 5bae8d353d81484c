"""Replaying a month under a draft: the figures are worked out by hand, and nothing live changes."""

import copy
import csv
import io

import pytest
import sqlalchemy as sa

from fivered.chassis import jobs
from fivered.chassis.refusal import Invalid, NotFound, StateConflict
from fivered.services.credit.actions import what_if
from fivered.services.credit.rules.errors import RuleCaseFailed
from fivered.services.credit.storage import tables
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import attended, rated
from fivered.services.credit.tests.test_rule_sets import (
    SHIPPED,
    approve,
    author,
    consult,
    draft,
    publish,
    rule,
)
from fivered.services.credit.tests.test_settlement import PROJECT_ROW, rows, run_jobs

pytestmark = pytest.mark.slow

OWN = {"what_if_parts", "what_if_subjects", "what_if_sums"}
# What every call of a command leaves behind, whatever it does.
TRACES = {"jobs", "idempotency", "audit"}


def consume(bench, producer, fact, at, **data):
    bench.consume(producer, fact, data, subject=next(iter(data.values())), occurred_at=at)


def adopted(bench, topic, person, at):
    data = {"topic_id": topic, "community": stage.COMMUNITY, "proposer": person, "level": "GRID"}
    consume(bench, "forum", "topic_adopted.v1", at, **data)


def by_hand(bench, person, ref):
    order = {
        "subject": f"RES:{person}",
        "rule_code": "R-RES-11",
        "occurred_at": "2025-03-12T10:00:00+08:00",
        "evidence": [ref],
    }
    made = bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    return made.do("propose_award", order)


def decide(bench, method, made):
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    bench.do(method, {"award_id": made["id"], "note": "见材料"}, version=1)


def credit_stage(bench):
    """March 2025, small enough for paper and pencil, drafted."""
    bench.at("2025-02-20T09:00:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    stage.project(bench)
    for person in "abcd":
        stage.resident(bench, f"per_{person}")
    stage.resident(bench, "per_e", ("SCORING",))
    stage.register(bench, "per_n")
    bench.at("2025-03-20T21:00:00")
    # per_a: three topics, of which two count: 6 / 60. per_e has a score and no points: 3 / 0.
    for number, day in enumerate((3, 4, 5)):
        adopted(bench, f"tpc_a{number}", "per_a", f"2025-03-0{day}T10:00:00")
    adopted(bench, "tpc_e", "per_e", "2025-03-06T10:00:00")
    # per_b attends twice: 2 / 20. per_n has not consented.
    bench.deliver([attended(bench, "per_b", f"2025-03-{day}T20:00") for day in (10, 12)])
    bench.deliver([attended(bench, "per_n", "2025-03-10T20:00")])
    # per_c: supervision 2 / 20; hours 120 and 60 minutes, of which the 60 were wrong: 2 / 20.
    data = {"topic_id": "tpc_9", "person_id": "per_c", "records": 3}
    consume(bench, "forum", "supervision_fulfilled.v1", "2025-03-14T10:00:00", **data)
    for record, minutes, day in (("vol_1", 120, "2025-03-10"), ("vol_2", 60, "2025-03-11")):
        data = {"record_id": record, "person_id": "per_c", "minutes": minutes, "source": "QR"}
        at = f"{day}T18:00:00"
        consume(bench, "steward", "volunteer_hours_confirmed.v1", at, **data, date=day)
    data = {"record_id": "vol_2", "person_id": "per_c", "minutes": 0, "source": "QR"}
    at = "2025-03-13T18:00:00"
    consume(bench, "steward", "volunteer_hours_corrected.v1", at, **data, date="2025-03-11")
    # per_d by hand: one approved 3 / 30, one rejected, one nobody has decided.
    decide(bench, "approve_award", by_hand(bench, "per_d", "TJ-1"))
    decide(bench, "reject_award", by_hand(bench, "per_d", "TJ-2"))
    by_hand(bench, "per_d", "TJ-3")
    # stw_1: five stars and four stars. prj_1: two orders overdue, -6; a third was an error.
    bench.deliver(
        [rated(bench, at="2025-03-10T10:00"), rated(bench, at="2025-03-11T10:00", stars=4)]
    )
    for number in (1, 2, 3):
        data = {"rectification_id": f"rct_{number}", "project_id": "prj_1", "severity": "S2"}
        consume(bench, "property", "rectification_overdue.v1", "2025-03-17T00:00:00", **data)
    data = {"rectification_id": "rct_3", "project_id": "prj_1"}
    consume(bench, "property", "rectification_withdrawn.v1", "2025-03-18T00:00:00", **data)
    bench.at("2025-04-02T20:00:00")
    stage.markers(bench, "2025-03", rows=rows(project=PROJECT_ROW))
    bench.fire("2025-04-03T10:00:00")
    run_jobs(bench)


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def changed(bench):
    """A draft with points doubled, a rule removed, a threshold moved, a rule raised, one added."""
    made = draft(bench, "2025.2")
    bands = copy.deepcopy(rule("R-PRJ-01")["bands"])
    assert (bands[0]["ge"], bands[1]["lt"]) == (98, 98)
    bands[0]["ge"] = bands[1]["lt"] = 99
    extra = rule("R-RES-04", code="R-RES-16", source="AUTO_REVIEW", approve=["R_CADRE"])
    extra["article"] = extra["article"] | {"number": 99}
    order = {
        "rule_set_id": made["id"],
        "put": [
            rule("R-RES-02", points=60),
            rule("R-PRJ-01", bands=bands),
            rule("R-RES-11", score=5),
            extra,
        ],
        "drop": ["R-RES-03"],
    }
    return author(bench).do("edit_rule_set", order, version=1)


def replay(bench, made, **more):
    started = author(bench).do("what_if", {"rule_set_id": made["id"], "months": 1, **more})
    run_jobs(bench)
    card = bench.ask("_job", {"job_id": started["id"]})
    assert card["state"] == "DONE", card
    assert card["done"] == card["total"]
    return card


def live(bench):
    """Everything in the database that is not the replay's own."""
    found = {}
    with bench.runtime.engine.connect() as conn:
        for table in tables.metadata.sorted_tables:
            if table.name not in OWN | TRACES:
                every = sa.select(table).order_by(*table.primary_key.columns)
                found[table.name] = [tuple(row) for row in conn.execute(every)]
    return found


def figures(row):
    return (row["score_before"], row["score_after"], row["points_before"], row["points_after"])


@pytest.mark.covers("C3", "C8", "REQ-L02")
def test_who_gains_and_who_loses_is_what_paper_and_pencil_say(credit):
    bench = credit
    made = changed(bench)
    before = live(bench)
    result = replay(bench, made)["result"]
    assert live(bench) == before
    assert (result["code"], result["compared_with"]) == ("RC-2025.2", ["RC-2025.1"])
    assert result["periods"] == ["2025-03"]
    kinds = {row["kind"]: row for row in result["by_kind"]}
    residents = kinds["RES"]
    assert (residents["subjects"], residents["gaining"], residents["losing"]) == (5, 3, 1)
    # a 6/60 -> 6/120, b 2/20 -> 0/0, c 4/40 -> 6/60, d 3/30 -> 5/30, e 3/0 -> 3/0
    assert figures(residents) == (18, 20, 150, 210)
    assert residents["assumed"] == 1
    # 2 2 1 0 0 2 2 1 1 of R-PRJ-01..09 and -6 of two orders; R-PRJ-01 gives one less.
    assert figures(kinds["PRJ"]) == (5, 4, 0, 0)
    assert (kinds["PRJ"]["gaining"], kinds["PRJ"]["losing"]) == (0, 1)
    assert (kinds["STW"]["gaining"], kinds["STW"]["losing"]) == (0, 0)
    assert result["totals"]["unchanged"] == 2
    by_rule = {row["name"]: row for row in result["by_rule"]}
    assert figures(by_rule["R-RES-02"]) == (9, 9, 60, 120)
    assert figures(by_rule["R-RES-03"]) == (2, 0, 20, 0)
    assert (by_rule["R-RES-03"]["awards_before"], by_rule["R-RES-03"]["awards_after"]) == (2, 0)
    assert figures(by_rule["R-RES-16"]) == (0, 2, 0, 20)
    assert figures(by_rule["R-RES-11"]) == (3, 5, 30, 30)
    assert figures(by_rule["R-RES-01"]) == (2, 2, 20, 20)
    assert figures(by_rule["R-PRJ-12"]) == (-6, -6, 0, 0)
    gains = [(row["subject"], figures(row)) for row in result["largest_gains"]]
    assert gains == [
        ("RES:per_c", (4, 6, 40, 60)),
        ("RES:per_d", (3, 5, 30, 30)),
        ("RES:per_a", (6, 6, 60, 120)),
    ]
    losses = [(row["subject"], figures(row)) for row in result["largest_losses"]]
    assert losses == [("RES:per_b", (2, 0, 20, 0)), ("PRJ:prj_1", (5, 4, 0, 0))]
    # 75 + 11 - 6 = 80 is AA; 79 is A.
    assert result["grade_changes"] == [{"kind": "PRJ", "before": "AA", "after": "A", "n": 1}]
    assert result["never_heard"] == []
    assert bench.rows("SELECT * FROM what_if_parts") == []


@pytest.mark.covers("C8")
def test_the_side_of_the_rules_in_force_is_what_credit_itself_gave(credit):
    bench = credit
    result = replay(bench, draft(bench))["result"]
    given = bench.rows(
        "SELECT kind, sum(score) AS score, sum(points) AS points FROM awards"
        " WHERE period = '2025-03' AND (state = 'APPROVED'"
        " OR (state = 'PROPOSED' AND decides = 'SETTLEMENT')) GROUP BY kind"
    )
    expected = {row["kind"]: (int(row["score"]), int(row["points"])) for row in given}
    kinds = {row["kind"]: row for row in result["by_kind"]}
    assert {k: (v["score_before"], v["points_before"]) for k, v in kinds.items()} == expected
    assert set(expected) == {"RES", "PRJ", "STW"}
    # A copy changes nothing for anybody.
    assert (result["totals"]["gaining"], result["totals"]["losing"]) == (0, 0)
    assert all(row["score_before"] == row["score_after"] for row in result["by_rule"])
    assert bench.rows("SELECT * FROM what_if_subjects") == []


@pytest.mark.covers("C3")
def test_the_result_is_taken_along_as_json_and_csv_by_group_rule_and_subject(credit):
    bench = credit
    made = changed(bench)
    card = replay(bench, made)

    def ask(**more):
        return bench.ask("what_if_result", {"job_id": card["id"], **more})

    groups = {(g["area"], g["kind"], g["dimension"]): g for g in ask()["items"]}
    everything = groups[stage.COMMUNITY, "RES", "ALL"]
    assert figures(everything) == (18, 20, 150, 210)
    # Attendance, topics, supervision and mediation are governance; hours are service.
    governance = groups[stage.COMMUNITY, "RES", "GOVERNANCE"]
    assert figures(governance) == (16, 18, 130, 190)
    assert (governance["gaining"], governance["losing"]) == (3, 1)
    assert figures(groups[stage.COMMUNITY, "RES", "SERVICE"]) == (2, 2, 20, 20)
    first = ask(part="subjects", limit=3)
    rest = ask(part="subjects", limit=3, cursor=first["next"])
    shown = [row["subject"] for row in first["items"] + rest["items"]]
    assert shown == ["PRJ:prj_1", "RES:per_a", "RES:per_b", "RES:per_c", "RES:per_d"]
    assert rest["next"] is None
    text = ask(part="subjects", form="csv")["csv"]
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["subject"] for row in table] == shown
    assert (table[1]["points_before"], table[1]["points_after"]) == ("60", "120")
    assert ask(part="rules", form="csv")["csv"].startswith("kind,name,subjects,gaining,losing")
    for wrong in ({"part": "x"}, {"form": "xml"}, {"limit": 0}):
        with pytest.raises(Invalid):
            ask(**wrong)
    with pytest.raises(NotFound):
        bench.as_("R_DISTRICT", person="per_far", scope="370830")
        ask()


@pytest.mark.covers("C8")
def test_a_replay_that_is_interrupted_at_every_step_gives_the_same_result(credit, monkeypatch):
    bench = credit
    made = changed(bench)
    whole = replay(bench, made)["result"]
    monkeypatch.setattr(what_if, "PAGE", 3)
    monkeypatch.setattr(what_if, "SUBJECTS", 2)
    started = author(bench).do("what_if", {"rule_set_id": made["id"], "months": 1})
    stops = 0
    while bench.ask("_job", {"job_id": started["id"]})["state"] != "DONE":
        asked = iter([False, False, True])
        jobs.run_next(bench.runtime, stopping=lambda asked=asked: next(asked, True))
        stops += 1
        assert stops < 60
    assert stops > 10
    assert bench.ask("_job", {"job_id": started["id"]})["result"] == whole
    # The result of the replay before it is gone: a draft has one.
    assert {row["job_id"] for row in bench.rows("SELECT job_id FROM what_if_sums")} == {
        started["id"]
    }


@pytest.mark.covers("C3", "REQ-L02")
def test_a_replay_is_refused_where_it_makes_no_sense_and_can_be_cancelled(credit):
    bench = credit
    made = changed(bench)
    for months in (0, 25):
        with pytest.raises(Invalid):
            author(bench).do("what_if", {"rule_set_id": made["id"], "months": months})
    with pytest.raises(NotFound):
        bench.do("what_if", {"rule_set_id": "rls_none"})
    with pytest.raises(NotFound):
        bench.as_("R_DISTRICT", person="per_far", scope="370830").do(
            "what_if", {"rule_set_id": made["id"]}
        )
    started = author(bench).do("what_if", {"rule_set_id": made["id"], "months": 2})
    assert started["periods"] == ["2025-02", "2025-03"]
    with pytest.raises(StateConflict):
        bench.ask("what_if_result", {"job_id": started["id"]})
    bench.do("_cancel_job", {"job_id": started["id"]})
    jobs.run_next(bench.runtime)
    assert bench.ask("_job", {"job_id": started["id"]})["state"] == "CANCELLED"
    # A draft that is edited while its replay waits is replayed as it was.
    again = author(bench).do("what_if", {"rule_set_id": made["id"], "months": 1})
    edit = {"rule_set_id": made["id"], "drop": ["R-RES-02"]}
    bench.do("edit_rule_set", edit, version=made["version"])
    run_jobs(bench)
    by_rule = bench.ask("_job", {"job_id": again["id"]})["result"]["by_rule"]
    assert {row["name"]: row["points_after"] for row in by_rule}["R-RES-02"] == 120


@pytest.mark.covers("N4", "C3")
def test_rules_are_text_and_code_from_a_forum_s_resolution_to_force_with_a_replay_in_between(
    credit,
):
    bench = credit
    made = draft(bench, "2025.2", topic_id="tpc_9", resolution_no="协议〔2025〕第3号")
    # Text, basis, parameters and worked cases stand in one rule; they are changed together.
    shipped = next(one for one in SHIPPED["rules"] if one["code"] == "R-RES-02")
    assert shipped["article"]["text"]
    assert shipped["article"]["basis"]
    assert shipped["cases"][0]["points"] == 60
    raised = copy.deepcopy(shipped) | {"points": 60}
    order = {"rule_set_id": made["id"], "put": [raised]}
    with pytest.raises(RuleCaseFailed) as refused:
        author(bench).do("edit_rule_set", order, version=1)
    assert refused.value.params == {
        "rule": "R-RES-02",
        "case": shipped["cases"][0]["text"],
        "expected": "6/60",
        "found": "6/120",
    }
    raised["cases"][0]["points"] = 120
    made = author(bench).do("edit_rule_set", order, version=1)
    # Who gains and who loses, by group, without touching anything live.
    before = live(bench)
    result = replay(bench, made)["result"]
    assert live(bench) == before
    residents = next(row for row in result["by_kind"] if row["kind"] == "RES")
    assert (residents["gaining"], residents["losing"]) == (1, 0)
    assert figures(residents) == (18, 18, 150, 210)
    # Draft, consultation, force: notice and card name the resolution that asked for it.
    made = consult(bench, made)
    asked = {"topic_id": "tpc_9", "resolution_no": "协议〔2025〕第3号"}
    notice = bench.ask("notice", {"notice_id": made["notice_id"]})
    assert notice["body"]["asked_by"] == asked
    changed_rules = notice["body"]["changes"]["changed"]
    assert [one["code"] for one in changed_rules] == ["R-RES-02"]
    bench.fire(made["due"])
    made = publish(bench, approve(bench, made), effective_from="2025-05-01")
    assert bench.ask("notice", {"notice_id": made["notice_id"]})["body"]["asked_by"] == asked
    card = bench.as_("R_ANONYMOUS", person="", scope="").ask(
        "rule_set", {"rule_set_id": made["id"]}
    )
    assert {name: card[name] for name in asked} == asked
    shown = next(one for one in card["items"] if one["code"] == "R-RES-02")
    assert shown["cases"] == [{"text": shipped["cases"][0]["text"], "score": 6, "points": 120}]
