"""What a receiver answers: when that counts as an answer, and when the next try is."""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from fivered.chassis import webhook_sender, webhook_wire
from fivered.chassis.tests.hooked import (  # noqa: F401
    add,
    card,
    log_of,
    quick,
    receiver_of_test,
    say,
    sender_of_test,
    told_of_test,
    webhook_row,
)
from testkit.bench import database_url  # noqa: F401
from testkit.waiting import wait_until


def test_a_slow_receiver_is_left_after_the_limit(told, receiver, sender, monkeypatch):
    monkeypatch.setattr(webhook_wire, "MOST_S", 0.4)

    def drip(number, handler):
        if number:
            return 200
        # A byte now and then: each read succeeds, and the answer never ends.
        with pytest.raises(OSError):
            for byte in b"HTTP/1.1 200 OK" * 10:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.1)
        return None

    receiver.answer = drip
    made = add(told, receiver)
    say(told, "slow")
    receiver.wait_for(2)
    assert receiver.arrived[0].id == receiver.arrived[1].id
    assert wait_until(lambda: log_of(told, made, state="DELIVERED"), 5)
    (line,) = log_of(told, made)
    assert line["attempts"] == 2


def send(handler, *parts, pause=0.0):
    """Answer with bytes as they are, and close."""
    handler.close_connection = True
    for part in parts:
        handler.wfile.write(part)
        handler.wfile.flush()
        time.sleep(pause)


def test_a_body_that_drips_ends_with_the_try(told, receiver, sender, monkeypatch):
    """The head says that the receiver has it; the thread is free after the limit."""
    monkeypatch.setattr(webhook_wire, "MOST_S", 0.5)

    def drip(number, handler):
        if number:
            return 200
        with pytest.raises(OSError):
            send(
                handler,
                b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                *[b"x"] * 999,
                pause=0.1,
            )
        return None

    receiver.answer = drip
    made = add(told, receiver)
    say(told, "first")
    say(told, "second")
    receiver.wait_for(2, 10)
    assert wait_until(lambda: len(log_of(told, made, state="DELIVERED")) == 2, 5)
    second, first = log_of(told, made)
    assert (first["attempts"], second["attempts"]) == (1, 1)
    assert first["duration_ms"] < 2000


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(webhook_wire, "MOST_S", 0.4)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Le"], "the connection was closed before the whole answer came"),
        ([b"HTTP/1.1 200 OK\r\nX-A: b\r\n"], "the connection was closed before the whole answer came"),
        ([b"HTTP/1.1 103 Hints\r\n\r\n"], "the connection was closed before the whole answer came"),
        ([], "the connection was closed before the whole answer came"),
        ([b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 100], "no answer within 0 s"),
        ([b"\x00\xffnot http\x1b[31m\r\n\r\n"], "the answer is no HTTP"),
        ([b"HTTP/1.1 200 OK\r\nno colon \x1b[31m\r\n\r\n"], "the answer is no HTTP"),
        ([b"HTTP/1.1 2000 OK\r\n\r\n"], "the answer is no HTTP"),
        ([b"HTTP/1.1 101 Other\r\n\r\n"], "the answer is no HTTP"),
        ([b"HTTP/1.1 200 OK\r\nX-A: ", b"b" * 100_000], "the answer is no HTTP"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("impatient")
def test_what_is_no_whole_answer_is_tried_again(told, receiver, sender, parts, why):
    """The log says why in our own words: what the receiver sent may hold what no text can."""

    def answer(_number, handler):
        with contextlib.suppress(OSError):
            send(handler, *parts, pause=0.1 if len(parts) > 2 else 0)

    receiver.answer = answer
    made = add(told, receiver)
    say(told, "first")
    assert wait_until(lambda: log_of(told, made, state="RETRYING"), 5)
    (line,) = log_of(told, made)
    assert (line["status"], line["error"]) == (None, why)
    assert card(told, made)["position"] < line["place"]
    receiver.answer = lambda _number, _handler: 200
    assert wait_until(lambda: log_of(told, made, state="DELIVERED"), 5)


def test_hints_before_the_answer_are_no_answer(told, receiver, sender):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    final = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    receiver.answer = lambda _number, handler: send(handler, early, final)
    made = add(told, receiver)
    say(told, "first")
    assert wait_until(lambda: log_of(told, made, state="DELIVERED"), 5)
    assert log_of(told, made)[0]["status"] == 202


def test_an_answer_sent_twice_counts_for_no_later_event(told, receiver, sender):
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2

    def answer(number, handler):
        if number:
            return 500
        handler.wfile.write(twice)
        return None

    receiver.answer = answer
    made = add(told, receiver)
    say(told, "first")
    say(told, "second")
    receiver.wait_for(2)
    assert wait_until(lambda: log_of(told, made, state="RETRYING"), 5)
    assert [one["state"] for one in log_of(told, made)] == ["RETRYING", "DELIVERED"]


@pytest.fixture
def patient(monkeypatch):
    monkeypatch.setattr(webhook_sender, "LONGEST_WAIT_S", 3600.0)


@pytest.mark.parametrize(
    ("asked", "within"),
    [
        (lambda: "7", (6, 7)),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True), (50, 60)),
        (lambda: "9" * 400, (3590, 3600)),
        (lambda: "Fri, 31 Dec 9999 23:59:59 GMT", (3590, 3600)),
        (lambda: "Sun, 06 Nov 1994 08:49:37 GMT", (0, 1)),
        (lambda: "\u00b2 weeks", (0, 1)),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("patient")
def test_a_receiver_says_when_it_may_be_tried_again(told, receiver, sender, asked, within):
    def answer(_number, handler):
        handler.send_response(503)
        handler.send_header("Retry-After", asked())
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.answer = answer
    made = add(told, receiver)
    say(told, "first")
    assert wait_until(lambda: log_of(told, made), 5)
    tried = datetime.fromisoformat(log_of(told, made)[0]["tried_at"])
    wait = (webhook_row(told).next_try_at - tried).total_seconds()
    least, most = within
    assert least <= wait <= most + 1
