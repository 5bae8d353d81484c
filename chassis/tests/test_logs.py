"""Lines of the log: nothing that is handed to one takes the place of what it says of itself."""

import ast
import json
import logging
from pathlib import Path

import pytest

from fivered.chassis import logs, reconnect, rpc, telemetry
from fivered.chassis.logs import _OWN, _STANDARD, JsonFormatter
from fivered.chassis.messages import Call

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("chassis", "gateway", "services", "deploy")


def line_of(record):
    return json.loads(JsonFormatter("unit").format(record))


@pytest.mark.parametrize("name", sorted(_OWN))
def test_a_field_never_overwrites_the_lines_own(name):
    """OP-M5: the name of a thread stood where the time belongs."""
    record = logging.makeLogRecord({"msg": "storage_outage", "levelname": "WARNING", name: "mine"})
    plain = line_of(logging.makeLogRecord({"msg": "storage_outage", "levelname": "WARNING"}))
    line = line_of(record)
    assert line["event"] == "storage_outage"
    assert line["level"] == "warning"
    assert line["unit"] == "unit"
    assert line["at"].startswith("20")
    assert set(plain) <= set(line)
    assert line[f"extra_{name}"] == "mine"


def test_seals_of_the_audit_are_logged_whatever_the_level(monkeypatch, capsys):
    """In one process warnings are written, and the lines that are to be kept were not there."""
    monkeypatch.delenv("FIVERED_LOG_LEVEL", raising=False)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure("up", "WARNING")
        logging.getLogger("fivered.rpc").info("command")
        logging.getLogger("fivered.audit").info("audit_sealed", extra={"hash": "x"})
    finally:
        root.handlers[:], root.level = before
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in told] == ["audit_sealed"]


def test_nothing_is_logged_under_a_name_that_python_refuses():
    """A KeyError in place of a line would end whatever was about to be told."""
    wrong = []
    for unit in UNITS:
        for path in (ROOT / unit).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "extra":
                    if not isinstance(node.value, ast.Dict):
                        continue
                    keys = {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
                    wrong += [f"{path}: {key}" for key in keys & (_STANDARD | _OWN)]
    assert not wrong


def test_what_is_logged_for_a_call_carries_its_trace(bench, caplog):
    """OP 2.6: the gateway's line and the traceback were tied by nothing."""
    trace = telemetry.new()
    call = Call(
        "add",
        {"counter_id": "c", "amount": 1, "note": "fault"},
        bench.actor,
        key="k",
        traceparent=trace.header(),
    )
    handler = logging.Handler()
    lines = []
    handler.emit = lambda record: lines.append(line_of(record))
    caplog.set_level("ERROR", "fivered.rpc")
    logging.getLogger("fivered.rpc").addHandler(handler)
    try:
        bench.runtime.run_command = None  # Whatever breaks in a service.
        assert "fault" in rpc.answer(bench.runtime, call)
    finally:
        logging.getLogger("fivered.rpc").removeHandler(handler)
    (line,) = [line for line in lines if line["event"] == "call_fault"]
    assert line["trace_id"] == trace.trace_id
    assert telemetry.current.get() is None


def test_what_fails_again_and_again_is_one_line_a_minute_with_its_beginning(monkeypatch, caplog):
    now = [1000.0]
    monkeypatch.setattr("fivered.chassis.reconnect.time.monotonic", lambda: now[0])
    log = logging.getLogger("t")

    def fails(times, tell):
        for number in range(times):
            try:
                raise ValueError(f"position {number}")
            except ValueError as error:
                tell(log, "it_fails", error, service=tell.__name__)

    for tell in (reconnect.tell_fault, reconnect.tell_outage):
        caplog.clear()
        fails(50, tell)
        [first] = caplog.records
        assert not hasattr(first, "still_failing_since")
        # A fault of ours comes with its trace, once.
        assert bool(first.exc_info) == (tell is reconnect.tell_fault)
        now[0] += 61
        fails(20, tell)
        [_, again] = caplog.records
        assert again.times == 50
        assert again.still_failing_since
        assert not again.exc_info
        # Another reason is another line, and what has rested is new.
        tell(log, "it_fails", ValueError("another"), service=tell.__name__)
        now[0] += 301
        fails(1, tell)
        assert len(caplog.records) == 4
        assert not hasattr(caplog.records[-1], "still_failing_since")
