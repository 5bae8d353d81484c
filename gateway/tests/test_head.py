"""The head of a request has its limits under the parser in use: bytes, headers, time, one Host."""

import json
import socket
import threading

import pytest

from fivered.gateway.app import create
from fivered.gateway.serving import listen, serve
from fivered.gateway.tests.conftest import settings
from fivered.gateway.tests.toy_routes import DOORS

pytestmark = pytest.mark.slow


@pytest.fixture
def address(host):
    """The toy's gateway on a real socket, with a short patience."""
    limits = settings(header_bytes=4096, header_count=20, header_wait_s=0.5)
    sock = listen("127.0.0.1", 0)
    place = sock.getsockname()
    ready, servers = threading.Event(), []

    def run():
        import fivered.gateway.serving as module

        class Kept(module.Server):
            def __init__(self, *given):
                super().__init__(*given)
                servers.append(self)

        before, module.Server = module.Server, Kept
        try:
            app = create(host, settings=limits, services=["toy"], extra=[DOORS])
            serve(app, limits, sock=sock, ready=ready.set)
        finally:
            module.Server = before

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    yield place
    servers[0].should_exit = True
    thread.join(20)


def talk(address, *parts, wait_for_end=True):
    """Send bytes and return all that comes back until the other side closes."""
    with socket.create_connection(address, 10) as conn:
        conn.settimeout(20)
        for part in parts:
            try:
                conn.sendall(part)
            except ConnectionError:
                break
        found = b""
        try:
            while got := conn.recv(65536):
                found += got
                if not wait_for_end and b"\r\n\r\n" in found:
                    break
        except ConnectionResetError:
            pass
    return found


def problem(found):
    head, _, body = found.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return json.loads(body)


HEAD = b"GET /live HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [HEAD, b"X-Long: " + b"a" * 5000 + b"\r\n\r\n"],
        [HEAD, *[b"X-Many: 1\r\n"] * 30, b"\r\n"],
        [b"GET /" + b"a" * 6000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [HEAD, *[b"X-Endless: " + b"a" * 1000] * 40],
    ],
    ids=["one long header", "many headers", "a long line", "a header that never ends"],
)
def test_a_head_that_is_too_large_is_refused_and_the_connection_closed(address, parts):
    """SEC-M8: 60 MB of header and 600,000 headers were taken."""
    found = talk(address, *parts)
    assert found.startswith(b"HTTP/1.1 431 ")
    assert problem(found)["code"] == "HEAD_TOO_LARGE"


@pytest.mark.parametrize("begun", [b"", b"GET /li", HEAD])
def test_a_head_that_does_not_come_is_not_waited_for(address, begun):
    """SEC-M8: 600 of 600 half-open requests were alive after 48 s."""
    found = talk(address, begun)
    assert found.startswith(b"HTTP/1.1 408 ")
    assert problem(found)["code"] == "HEAD_TOO_SLOW"


def test_two_hosts_are_refused(address):
    """SEC low 11"""
    found = talk(address, b"GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 400 ")
    assert problem(found)["code"] == "HOST_TWICE"


def test_what_is_no_http_is_answered_as_a_problem(address):
    assert problem(talk(address, b"\x16\x03\x01 nonsense\r\n\r\n"))["status"] == 400


def test_an_ordinary_connection_serves_several_requests(address):
    with socket.create_connection(address, 10) as conn:
        conn.settimeout(20)
        for _ in range(3):
            conn.sendall(HEAD + b"\r\n")
            assert conn.recv(65536).startswith(b"HTTP/1.1 200 ")
