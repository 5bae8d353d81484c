"""`make test` tries a few tests that failed once more, alone, and says which."""

import os
from pathlib import Path

import pytest

from deploy.local import test as command

ROOT = Path(__file__).resolve().parents[2]
FAILS_ONCE = """
from pathlib import Path

def test_beside_others():
    been = Path("been")
    first = not been.exists()
    been.touch()
    assert not first
"""


@pytest.fixture
def tried(tmp_path, capfd):
    """Run a file of tests beside others, and once more; tell the exit code and what was said."""

    def run(text):
        (tmp_path / "test_toy.py").write_text(text, "utf-8")
        paths = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
        env = {**os.environ, "PYTHONPATH": paths}
        code = command.steady(["-n", "2", "--dist", "loadgroup"], env, tmp_path)
        return code, capfd.readouterr().out

    return run


def test_what_passes_alone_is_told_and_holds_nothing_up(tried):
    code, said = tried(FAILS_ONCE)
    assert code == 0
    assert "UNSTEADY: failed beside others, passed alone: test_toy.py::test_beside_others" in said
    assert "assert not first" in said or "assert not True" in said, "what it said the first time"


def test_what_fails_alone_too_fails(tried):
    code, said = tried(FAILS_ONCE + "\ndef test_broken():\n    assert False\n")
    assert code == 1
    assert "once more, alone: test_toy.py" in said
    assert "UNSTEADY" not in said


def test_many_that_fail_are_not_tried_again(tried):
    many = "".join(
        FAILS_ONCE.replace("beside_others", f"n{n}").replace('"been"', f'"been{n}"')
        for n in range(command.SECOND_TRIES + 1)
    )
    code, said = tried(many)
    assert code == 1
    assert "once more" not in said


def test_without_failures_there_is_no_second_run(tried):
    code, said = tried("def test_sound():\n    pass\n")
    assert (code, "once more" in said) == (0, False)


@pytest.mark.servers
def test_what_is_chosen_is_all_that_runs_beside_others(tmp_path, monkeypatch, capfd):
    """`make test-next` chooses what talks to servers: once it ran all there is instead."""
    for name in ("chosen", "other"):
        (tmp_path / f"test_{name}.py").write_text(f"def test_{name}():\n    pass\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKERS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))))
    code = command.run(tmp_path / "compiled", ["test_chosen.py"], together=True)
    assert code == 0
    assert "1 passed" in capfd.readouterr().out
