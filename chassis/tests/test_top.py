"""`fivered top`: two readings of a process's page are rates, and one that is away says so."""

import json
import subprocess

import pytest

from fivered.chassis import cli, health, metrics, top
from fivered.chassis.settings import CommandFailed

RUNS, LATER, TELLS = "credit=http://127.0.0.1:1", "http://127.0.0.1:2", "127.0.0.1:2"


@pytest.fixture
def page():
    """The page of this very process."""
    opened = health.HealthPage(None, None, {})
    ends = [
        metrics.tell_build("toy", "work"),
        metrics.READ.add(lambda: [(top_gauge("fivered_parked_deliveries"), ("toy", "FAILED"), 3)]),
        metrics.READ.add(lambda: [(top_gauge("fivered_outbox_unsent_events"), ("toy",), 7)]),
    ]
    opened.start()
    yield opened
    opened.stop()
    for end in ends:
        end()


def top_gauge(name):
    return metrics.DESCRIBED[name]


def test_what_was_counted_between_two_readings_is_a_rate(page):
    spread = metrics.CALL_SECONDS["toy_top", "add"]
    counted = metrics.CALLS["toy_top", "add", "ok"]
    counted.inc(1000)
    before = top.read_all({"toy": page.address})
    counted.inc(50)
    spread.add(*[0.001] * 99, 0.2)
    now = top.read_all({"toy": page.address})
    passed = now["toy"].at - before["toy"].at
    shown = top.shown(before, now)
    [unit] = shown.units
    assert unit.up
    assert unit.release
    assert unit.calls * passed == pytest.approx(50)
    assert unit.slow_ms == 5
    assert unit.memory_mb > 10
    [waiting] = shown.waiting
    assert (waiting.service, waiting.unsent, waiting.parked) == ("toy", 7, 3)


def test_a_process_that_was_started_again_counts_from_zero(page):
    metrics.CALLS["toy_top", "add", "ok"].inc()
    now = top.read(page.address)
    earlier = top.Page(now.at - 1, {"fivered_calls_total": {frozenset(): 10.0**9}})
    assert top.shown({"toy": earlier}, {"toy": now}).units[0].calls == 0


def test_one_that_is_away_says_why_and_ends_the_command_with_1(page, capsys):
    asked = ["top", "--once", "--every", "0.2", f"toy={page.address}", "gone=http://127.0.0.1:1"]
    assert cli.main(asked) == 1
    told = capsys.readouterr().out
    assert "AWAY" in told
    assert "refused" in told
    assert cli.main([*asked, "--json"]) == 1
    toy, gone = json.loads(capsys.readouterr().out)["units"]
    assert (toy["up"], gone["up"]) == (True, False)
    assert "refused" in gone["why"]
    assert cli.main(asked[:-1]) == 0


def test_pages_are_named_or_take_the_name_of_their_address(monkeypatch, tmp_path):
    assert top.pages([RUNS, LATER]) == {"credit": "http://127.0.0.1:1", TELLS: LATER}
    with pytest.raises(CommandFailed, match="no page"):
        top.pages(["credit"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandFailed, match="nothing runs here"):
        top.pages([])


def test_a_shell_completes_commands_and_installed_services(capsys):
    assert cli.main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    tried = "COMP_WORDS=(fivered {}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _shtab_fivered; echo ${{COMPREPLY[@]}}"

    def completed(line):
        command = ["bash", "-c", script + "\n" + tried.format(line)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert completed("parke") == ["parked"]
    assert completed('work ""') == cli.service_names()
    assert completed("backup v") == ["verify"]
    assert completed("backup al") == ["all"]
    assert completed("events show steward.request_sub") == ["steward.request_submitted.v1"]
    assert "--only-to" in completed("events --")
