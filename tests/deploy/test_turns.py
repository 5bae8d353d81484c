"""Tests of whole installations take turns: each has one, and the commit says whose it is."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import turns

ROOT = Path(__file__).resolve().parents[2]
EVERY = [one for turn in turns.TURNS for one in turn]


def test_every_file_that_takes_turns_is_there_and_has_one_turn():
    assert [one for one, times in Counter(EVERY).items() if times > 1] == []
    assert [one for one in EVERY if not (ROOT / one).is_file()] == []


def test_all_turns_together_run_everything(monkeypatch):
    run = []
    for number in range(1, len(turns.TURNS) + 1):
        monkeypatch.setenv(turns.VARIABLE, str(number))
        late = turns.waiting([*EVERY, "gateway/tests/test_pages.py"])
        run += [one for one in EVERY if one not in late]
        assert "gateway/tests/test_pages.py" not in late
    assert sorted(run) == sorted(EVERY)
    monkeypatch.setenv(turns.VARIABLE, turns.ALL)
    assert turns.waiting(EVERY) == set()


@pytest.mark.parametrize("turn", ["0", "5", "two"])
def test_a_turn_that_there_is_not_is_told(monkeypatch, turn):
    monkeypatch.setenv(turns.VARIABLE, turn)
    with pytest.raises(ValueError, match=turn):
        turns.waiting(EVERY)


def test_consecutive_commits_differ_and_without_a_commit_everything_runs(tmp_path):
    assert turns.of_commit(tmp_path) == turns.ALL
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    found = set()
    for number in range(24):
        subprocess.run(
            [*git, "commit", "-q", "--allow-empty", "-m", str(number)],
            check=True,
            env=os.environ
            | {"GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
            | {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z"},
        )
        found.add(turns.of_commit(tmp_path))
    assert found == {str(number) for number in range(1, len(turns.TURNS) + 1)}


def test_pytest_leaves_out_what_waits_and_by_itself_runs_what_it_is_told():
    # What decides stands in tests/conftest.py.
    first, second = (
        next(one for one in turn if one.startswith("tests/")) for turn in turns.TURNS[:2]
    )

    def collected(turn):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", first, second],
            cwd=ROOT,
            env=os.environ | {turns.VARIABLE: turn},
            capture_output=True,
            text=True,
            check=True,
        )
        return {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}

    assert collected("1") == {first}
    assert collected("") == {first, second}
