"""The command line: one line says what is wrong, and errors of rows are shown where they are."""

import json

import pytest

from chassis.cli import main
from clients.load.commands import _bars, _report
from clients.load.files import Written
from clients.load.sending import Outcome


def run(*args):
    return main(["load", *args])


def test_generate_says_what_it_wrote_and_what_comes_next(tmp_path, capsys):
    out = tmp_path / "d"
    assert run("generate", "--residents", "300", "--seed", "3", "--out", str(out)) == 0
    said = capsys.readouterr().out
    assert f"fivered load import {out}" in said
    assert json.loads((out / "manifest.json").read_text())["seed"] == 3


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("generate", "--residents", "0", "--out", "{out}"), "residents must be 1 to"),
        (("generate", "--residents", "9000000", "--out", "{out}"), "residents must be 1 to"),
        (("generate", "--residents", "5", "--out", "/proc/nowhere"), "cannot write in"),
        (("import", "{out}/none"), "holds none of areas.csv"),
        (("import", "{out}", "--only", "stars"), "there is no stars here (known: areas, people"),
        (("import", "{out}", "--data", "{out}"), "nothing runs here"),
        (("import", "{out}", "--address", "http://127.0.0.1:9"), "FIVERED_TOKEN is not set"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path, capsys, monkeypatch, args, says):
    monkeypatch.delenv("FIVERED_TOKEN", raising=False)
    out = str(tmp_path / "d")
    run("generate", "--residents", "50", "--out", out)
    capsys.readouterr()
    assert run(*(arg.replace("{out}", out) for arg in args)) == 2
    said = capsys.readouterr().err.strip()
    assert says in said
    assert len(said.splitlines()) == 1


def test_errors_of_rows_are_shown_by_file_line_and_column(tmp_path, capsys):
    error = {
        "line": 17,
        "column": "phone",
        "code": "BAD_PHONE",
        "message_zh": "手机号有误",
        "message_en": "Not a [mobile] number",
        "expected_zh": "",
        "expected_en": "text of at most 20 characters",
    }
    result = {"rows": 40, "created": 10, "unchanged": 0, "refused": 30, "errors": [error] * 30}
    file = Written("steward", "people", tmp_path / "people.csv", 40, "0" * 64)
    _report(_bars("").console, file, Outcome("DONE", result), dry_run=True, waits=set())
    said = capsys.readouterr().out
    assert "would be created 10" in said
    assert said.count("people.csv:17 [phone] BAD_PHONE") == 20
    assert "Not a [mobile] number; expected: text of at most 20 characters" in said
    assert "10 more" in said


def test_only_a_file_that_is_wholly_in_counts_as_clean():
    assert Outcome("DONE", {"refused": 0}).clean
    assert Outcome("SKIPPED", {"refused": 0}).clean
    assert not Outcome("DONE", {"refused": 1}).clean
    assert not Outcome("FAILED").clean
