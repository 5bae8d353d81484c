"""What an operator sees of a service's own tables, and what the commands print."""

import json

import pytest

from fivered.chassis import cli, inbox, looking, telemetry
from fivered.chassis.folder import keys_of
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import Call
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import database_variable
from fivered.chassis.tests.test_calendar import OFF
from testkit.bench import environment

pytestmark = pytest.mark.slow

ALL = looking.Narrowed(50)


def test_the_commands_that_took_effect_are_found_by_trace_person_and_door(bench):
    trace = telemetry.new()
    first = bench.actor
    body = {"counter_id": "c", "amount": 1, "note": ""}
    bench.runtime.call(Call("add", body, first, key="k1", traceparent=trace.header()))
    bench.as_("R_DISTRICT", person="per_2").do("add", body)
    rows = looking.audit(bench.runtime, ALL)
    assert [row["actor"] for row in rows] == ["per_2", first.id]
    assert {row["action"] for row in rows} == {"add"}
    for named in (trace.trace_id, trace.header()):
        [found] = looking.audit(bench.runtime, looking.Narrowed(50, trace=named))
        assert found["actor"] == first.id
    [mine] = looking.audit(bench.runtime, looking.Narrowed(50, by="per_2"))
    assert mine["result"]
    assert looking.audit(bench.runtime, looking.Narrowed(50, door="reset")) == []
    assert len(looking.audit(bench.runtime, looking.Narrowed(1))) == 1


def test_timers_say_which_of_them_are_late(bench):
    before = looking.timers(bench.runtime, ALL)
    assert before
    assert not [row for row in before if row["late"]]
    assert looking.timers(bench.runtime, looking.Narrowed(50, state="LATE")) == []
    bench.at("2026-03-03T09:00:00")
    late = looking.timers(bench.runtime, looking.Narrowed(50, state="LATE"))
    assert late
    assert all(row["late"] for row in late)


def test_a_job_is_seen_in_its_state(bench):
    card = bench.do("count_up", {"counter_id": "c", "amount": 3})
    [row] = looking.jobs(bench.runtime, ALL)
    assert (row["job_id"], row["state"]) == (card["id"], "QUEUED")
    assert looking.jobs(bench.runtime, looking.Narrowed(50, state="DONE")) == []


def test_lines_are_columns_for_people_and_objects_for_programs():
    rows = [
        {"id": 1, "at": "2025-03-03T01:00:00+00:00", "late": True, "error": None},
        {"id": 22, "at": "2025-03-03T02:00:00+00:00", "late": False, "error": "a\nb: c"},
    ]
    shown = list(looking.lines(rows, as_json=False))
    assert shown == [
        "id  at                   late  error",
        "1   2025-03-03 09:00:00  yes   -",
        "22  2025-03-03 10:00:00  no    b: c",
    ]
    assert [json.loads(line) for line in looking.lines(rows, as_json=True)] == rows
    assert list(looking.lines([], as_json=False)) == []


@pytest.fixture
def credit(tmp_path, monkeypatch):
    """A real service's database, as the environment of an operator names it."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(database_variable("credit"), f"sqlite:///{tmp_path}/credit.sqlite")
    assert cli.main(["migrate", "credit"]) == 0
    runtime = Runtime.open(service_class("credit"), f"sqlite:///{tmp_path}/credit.sqlite")
    runtime.prepare()
    yield runtime
    runtime.close()


def test_the_commands_print_them(credit, capsys):
    capsys.readouterr()
    assert cli.main(["timers", "credit", "--json", "--limit", "2"]) == 0
    timers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(timers) == 2
    assert all(one["due_at"] and one["kind"] for one in timers)
    assert cli.main(["timers", "credit", "--kind", timers[0]["kind"]]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["kind", "ref", "due_at"]
    assert rows
    for empty in (["jobs", "credit"], ["audit", "credit", "--by", "per_nobody"]):
        assert cli.main(empty) == 0
        told = capsys.readouterr()
        assert (told.out, told.err) == ("", "none in credit\n")
    assert cli.main(["audit", "nothing"]) == 2
    assert cli.main(["doctor", "--json"]) in {0, 1}
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"what", "state", "text"} == set(found[0])
    assert any(one["what"] == "credit" and one["state"] == "ok" for one in found)


def test_what_is_parked_is_told_to_programs_too(credit, capsys):
    capsys.readouterr()
    inbox.deliver(credit, [inbox.Delivery(b"{", "credit", 0)], pause=lambda _s: None)
    assert cli.main(["parked", "list", "credit", "--json"]) == 0
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["reason"], row["source"], row["body"]) == ("UNREADABLE", "credit", "{")


@pytest.mark.parametrize("number", ["٣", "3x", "-1", "9" * 30])
def test_a_row_is_named_by_digits_of_ours(credit, capsys, number):
    with pytest.raises(SystemExit) as ended:
        cli.main(["parked", "show", "credit", "--", number])
    assert ended.value.code == 2
    assert "is no number of a row" in capsys.readouterr().err


def test_status_of_keys_takes_no_key(capsys):
    assert cli.main(["keys", "status", "FIVERED_ACTOR_KEY"]) == 2
    assert "takes no FIVERED_ACTOR_KEY" in capsys.readouterr().err


def test_what_is_read_of_keys_years_and_projections_is_an_object_too(tmp_path, monkeypatch, capsys):
    for name, value in keys_of(tmp_path).items():
        monkeypatch.setenv(name, value)
    [owner] = [name for name in service_names() if service_class(name).loads_calendar]
    monkeypatch.setenv(database_variable(owner), f"sqlite:///{tmp_path}/{owner}.sqlite")
    assert cli.main(["migrate", owner]) == 0
    capsys.readouterr()
    assert cli.main(["keys", "status", "--json"]) == 0
    [status] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (status["service"], status["before"], status["safe"]) == (owner, [], True)
    assert cli.main(["keys", "rotate", "--json"]) == 2
    assert cli.main(["calendar", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["days_left"]
    year = {"year": 2027, "off": OFF, "make_up": [], "source": "国办"}
    (tmp_path / "year.json").write_text(json.dumps(year), "utf-8")
    assert cli.main(["calendar", "check", str(tmp_path / "year.json"), "--json"]) == 0
    assert "2027-10-07" in json.loads(capsys.readouterr().out)["off"]
    [rebuilt] = [name for name in service_names() if service_class(name).projections]
    assert cli.main(["rebuild", rebuilt, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["source"]


def test_a_word_that_means_nothing_is_refused_with_those_that_do(bench):
    """H11-29: "none", exit 0, for whatever was mistyped."""
    for table, member in (("jobs", "kind"), ("timers", "kind"), ("audit", "door")):
        why = looking.unknown(bench.runtime, table, {member: "resett"})
        assert "has no" in why
        assert "'resett'" in why
    assert "reset" in looking.unknown(bench.runtime, "audit", {"door": "resett"})
    assert "reminder" in looking.unknown(bench.runtime, "timers", {"kind": "x"})
    assert looking.unknown(bench.runtime, "timers", {"kind": "reminder"}) == ""
    assert looking.unknown(bench.runtime, "audit", {"by": "per_9", "door": None}) == ""
