"""The command line: one line says what is wrong, and errors of rows are shown where they are."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fivered.chassis.cli import main
from fivered.clients.load.commands import _bars, _report
from fivered.clients.load.files import Written
from fivered.clients.load.sending import Outcome


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


class Gateway(BaseHTTPRequestHandler):
    """Takes every file but an empty one, as the gateway does."""

    def do_POST(self):
        length = self.headers.get("Content-Length")
        content = self.rfile.read(int(length)) if length else self.chunks()
        if not content:
            return self.answer(
                422,
                code="HEADER_UNREADABLE",
                message_zh="文件开头没有可读的表头",
                message_en="The file does not begin with a row of headings",
            )
        return self.answer(202, id="job_1", state="QUEUED")

    def do_GET(self):
        result = {"rows": 1, "created": 1, "unchanged": 0, "refused": 0, "errors": []}
        self.answer(200, id="job_1", state="DONE", done=1, total=1, result=result, error=None)

    def chunks(self):
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def answer(self, status, **members):
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given):
        pass


@pytest.fixture
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_at_which_the_import_stops_is_named_in_both_languages(
    tmp_path, capsys, monkeypatch, address
):
    """S32: no file name, no English, and the advice to run it again, which stops again."""
    monkeypatch.setenv("FIVERED_TOKEN", "x")
    (tmp_path / "areas.csv").touch()
    (tmp_path / "people.csv").write_text("person_id\nper_1\n")
    assert run("import", str(tmp_path), "--address", address) == 2
    said = capsys.readouterr().err
    assert "stops at areas.csv: HEADER_UNREADABLE: 文件开头没有可读的表头 / The file does" in said
    assert "take the file away" in said


def test_tables_under_other_names_are_named_and_not_all_is_in(
    tmp_path, capsys, monkeypatch, address
):
    """S32: they were passed over without a word, and the command ended as if all were in."""
    monkeypatch.setenv("FIVERED_TOKEN", "x")
    for name in ("people.csv", "people (1).csv", "others.xlsx", "notes.txt"):
        (tmp_path / name).write_text("person_id\nper_1\n")
    assert run("import", str(tmp_path), "--address", address) == 1
    said = capsys.readouterr().out
    assert "not sent: others.xlsx;" in said
    assert "not sent: people (1).csv;" in said
    assert "notes.txt" not in said
    assert run("import", str(tmp_path), "--only", "people", "--address", address) == 0
