"""Files come in through the one open port, and are taken as a job."""

import io
import time

import openpyxl
import pytest

from fivered.chassis.embedded import EmbeddedHost, JobRunner
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.tests.toy.importing import DIE_AFTER, WRITTEN, ImportingToy
from fivered.gateway import imports
from fivered.gateway.doors import Doors
from fivered.gateway.tests.conftest import DISTRICT, RESIDENT, Site, problem_of
from fivered.gateway.tests.toy_routes import DOORS as TOY
from testkit.bench import environment
from testkit.waiting import wait_until

pytestmark = pytest.mark.slow

CSV = {"Content-Type": "text/csv; charset=utf-8"}
PATH = "/v1/toy/imports/counters"


@pytest.fixture
def site(tmp_path):
    WRITTEN.clear()
    DIE_AFTER.clear()
    given = environment(FIVERED_BLOBS=str(tmp_path / "blobs"))
    runtime = Runtime.open(ImportingToy, f"sqlite:///{tmp_path}/toy.sqlite", environ=given)
    migrate_service(ImportingToy, runtime.engine)
    host = EmbeddedHost({"toy": runtime})
    host.start()
    doors = Doors("toy", tag=TOY.tag, imports=["counters"])
    for door in TOY:
        doors.adopt(door)
    blobs = str(tmp_path / "blobs")
    yield Site(host).build(extra=(doors,), blobs=blobs, import_bytes=3_000_000)
    host.stop()


def kept(tmp_path):
    folder = tmp_path / "blobs"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def gone(tmp_path):
    """Tell whether no file is kept; it goes after the job's end was written."""
    return wait_until(lambda: kept(tmp_path) == [], 10)


def finished(site, answer):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        card = site.ask("GET", answer.headers["location"]).json()
        if card["state"] not in {"QUEUED", "RUNNING"}:
            return card
    raise AssertionError(card)


def test_a_file_is_taken_as_a_job(site, tmp_path):
    rows = "".join(f"c{n},{n % 100}\n" for n in range(50))
    answer = site.ask("POST", PATH, content=b"counter_id,amount\n" + rows.encode(), headers=CSV)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/v1/toy/jobs/{job['id']}"
    assert (job["kind"], job["dry_run"]) == ("counters", False)
    card = finished(site, answer)
    assert card["state"] == "DONE"
    assert (card["result"]["created"], card["result"]["refused"]) == (50, 0)
    assert gone(tmp_path)


def test_a_file_that_only_the_job_sees_to_be_none_is_refused_in_words(site, tmp_path):
    """A refusal behind the first megabyte ended the job with a traceback."""
    body = b"counter_id,amount\n" + b"c1,1\n" * 300_000 + b"\xff\xff\n"
    answer = site.ask("POST", PATH, content=body, headers=CSV)
    assert answer.status_code == 202, answer.text
    card = finished(site, answer)
    assert card["state"] == "FAILED"
    problem = card["problem"]
    assert (problem["code"], problem["status"]) == ("FILE_UNREADABLE", 422)
    assert problem["where"] == {"line": 300_002, "byte": len(body) - 2}
    assert problem["message_zh"].startswith("第 300002 行")
    assert problem["message_en"].startswith("Line 300002 ")
    assert "Traceback" not in str(card)
    assert gone(tmp_path)


def test_a_dry_run_is_asked_for_in_the_address(site):
    body = b"counter_id,amount\nc1,1\n"
    answer = site.ask("POST", PATH + "?dry_run=true", content=body, headers=CSV)
    assert finished(site, answer)["result"]["dry_run"] is True
    assert site.ask("GET", "/v1/toy/counters/c1").json()["total"] == 0


def test_a_repeated_upload_with_the_same_key_is_one_job(site):
    body = b"counter_id,amount\nc1,1\n"
    first = site.ask("POST", PATH, content=body, headers=CSV, key="k1")
    assert finished(site, first)["state"] == "DONE"
    again = site.ask("POST", PATH, content=body, headers=CSV, key="k1")
    assert again.json() == first.json()
    other = site.ask("POST", PATH, content=body + b"c2,2\n", headers=CSV, key="k1")
    assert problem_of(other)["code"] == "IDEMPOTENCY_MISMATCH"


def test_the_same_file_of_another_command_takes_nothing_from_the_one_that_waits(site, tmp_path):
    """H1-10: what one command had uploaded went with the refusal, or the end, of another's."""
    body = b"counter_id,amount\nc1,1\n"
    for runner in site.host.job_runners["toy"]:
        runner.stop()
        runner.join(10)
    first = site.ask("POST", PATH, content=body, headers=CSV)
    second = site.ask("POST", PATH, content=body, headers=CSV)
    assert site.ask("POST", f"{PATH}s", content=body, headers=CSV).status_code == 404
    assert len(kept(tmp_path)) == 2
    again = JobRunner(site.host.runtimes["toy"])
    again.start()
    try:
        assert finished(site, first)["result"]["created"] == 1
        assert finished(site, second)["result"]["unchanged"] == 1
        assert gone(tmp_path)
    finally:
        again.stop()
        again.join(10)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"grants": None}, "TOKEN_REQUIRED"),
        ({"grants": (RESIDENT,)}, "ROLE_DENIED"),
        ({"key": False}, "KEY_REQUIRED"),
        ({"headers": {"Content-Type": "application/json"}}, "FILE_TYPE_UNKNOWN"),
        ({"headers": {"Content-Type": "multipart/form-data"}}, "FILE_TYPE_UNKNOWN"),
        (
            {"headers": {"Content-Type": "multipart/form-data; boundary=x"}, "content": b"--y\r\n"},
            "FORM_UNREADABLE",
        ),
        ({"content": b"amount\n1\n"}, "HEADER_WRONG"),
        ({"content": b""}, "HEADER_UNREADABLE"),
        ({"content": b"x" * 3_000_001}, "BODY_TOO_LARGE"),
    ],
)
def test_what_is_no_file_for_us_is_refused_and_not_kept(site, tmp_path, given, code):
    sent = {"content": b"counter_id\nc1\n", "headers": CSV, "grants": (DISTRICT,)} | given
    answer = site.ask("POST", PATH, **sent)
    assert problem_of(answer)["code"] == code
    assert gone(tmp_path)


@pytest.mark.parametrize(
    "kind",
    ["text/csv; charset=gbk", "text/csv;charset=utf-8;", "text/plain", "application/vnd.ms-excel"],
)
def test_a_table_may_be_announced_as_browsers_announce_it(site, kind):
    """IN-B1: each of these was 415."""
    body = "编号,数,注\nc1,1,梅园\n".encode("gbk")
    answer = site.ask("POST", PATH, content=body, headers={"Content-Type": kind})
    result = finished(site, answer)["result"]
    assert (result["encoding"], result["created"]) == ("GB18030", 1)


def test_a_form_and_a_workbook_are_taken(site):
    """IN-B1"""
    book = openpyxl.Workbook()
    book.active.append(["counter_id", "amount"])
    book.active.append(["c1", 3])
    out = io.BytesIO()
    book.save(out)
    files = {"note": (None, "x"), "file": ("计数.xlsx", out.getvalue(), imports.XLSX)}
    result = finished(site, site.ask("POST", PATH, files=files))["result"]
    assert (result["form"], result["created"]) == ("xlsx", 1)
    assert site.ask("GET", "/v1/toy/counters/c1").json()["total"] == 3


def test_a_form_without_a_file_or_with_two_is_refused(site, tmp_path):
    content = b"counter_id\nc1\n"
    two = [("a", ("a.csv", content)), ("b", ("b.csv", content))]
    for files in (two, {"note": (None, "x")}):
        answer = site.ask("POST", PATH, files=files)
        assert problem_of(answer)["code"] == "FORM_UNREADABLE"
    assert gone(tmp_path)


def test_an_unknown_kind_and_an_unknown_parameter_are_refused(site):
    body = b"counter_id\nc1\n"
    answer = site.ask("POST", "/v1/toy/imports/stars", content=body, headers=CSV)
    assert problem_of(answer)["status"] == 404
    answer = site.ask("POST", PATH + "?dry=1", content=body, headers=CSV)
    assert problem_of(answer)["status"] == 422


def test_a_chunked_body_is_counted_as_it_comes(site, tmp_path):
    async def parts():
        for _ in range(8):
            yield b"x" * 500_000

    answer = site.ask("POST", PATH, content=parts(), headers=CSV)
    assert problem_of(answer)["code"] == "BODY_TOO_LARGE"
    assert gone(tmp_path)


def test_columns_and_template_are_told(site):
    card = site.ask("GET", PATH).json()
    assert card["columns"][0]["name"] == "counter_id"
    assert card["template"].startswith("counter_id,amount,")
    assert site.ask("GET", "/v1/toy/imports").json()["items"][0]["kind"] == "counters"


def test_the_reference_shows_the_door(site):
    paths = site.ask("GET", "/openapi.json").json()["paths"]
    operation = paths["/v1/toy/imports/{kind}"]["post"]
    assert "text/csv" in operation["requestBody"]["content"]
    # C4: a generated client could send no workbook and no form.
    content = operation["requestBody"]["content"]
    assert {imports.XLSX, "multipart/form-data"} <= set(content)
    assert content["multipart/form-data"]["schema"]["required"] == ["file"]
    names = {one.get("name") for one in operation["parameters"]}
    assert {"kind", "dry_run"} <= names
