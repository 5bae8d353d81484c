"""One webhook on the wire: who may be told, the signature, and one HTTP request.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com), so that a receiver
verifies them with a library that exists in its language. A receiver is an address that an operator
has listed; what is connected is the address that was looked up and looked at, and nothing is asked
of a proxy or of another place that an answer names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import h11

from fivered.chassis.refusal import Said, said

# From the first look for the address to the last byte of the answer that is read.
MOST_S = 10.0
_PREFIX = "whsec_"
_SECRET_BYTES = 32
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<target>/[!-\"$-~]*)?"
)
_PORTS = {"https": 443, "http": 80}
_MOST_PORT = 65535
# What the log says of a fault, so far; how long a body may be that is read; and how much is heard
# of an answer at all.
_MOST_SAID, _SHORT, _MOST_HEARD = 200, 4096, 65536


def new_secret() -> str:
    """Return a secret as a receiver is given it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message under one secret.

    Args:
        secret: `whsec_` and base64.
        message_id: The header `webhook-id`.
        timestamp: The header `webhook-timestamp`, s since 1970.
        body: What is sent.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


# --------------------------------------------------------------------------------------------------
# Who may be told


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a webhook goes.

    Attributes:
        host: As it is written, without the brackets of an IPv6 address.
        target: Path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine by its very name."""
        return self.host == "localhost" or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_url(url: str) -> Receiver | None:
    """Return where an address leads, or None where it is none that a webhook may have."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme = found["scheme"]
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port <= _MOST_PORT:
        return None
    return Receiver(scheme, found["host"].strip("[]"), port, found["target"] or "/")


def flaw_of(url: str, hosts: Sequence[str]) -> Said | None:
    """Return why an address may not be told anything, or None.

    Args:
        url: The address.
        hosts: What the operator lists: `host` for the scheme's own port, or `host:port`.
    """
    receiver = read_url(url)
    if receiver is None:
        return said(
            "地址形如 https://hooks.example.org/five-red,小写主机名,不含用户名、密码和 #"
            " / it reads like https://hooks.example.org/five-red: the host in lower case, no user,"
            " no password and no #"
        )
    if receiver.scheme == "http" and not receiver.loopback:
        return said("须使用 https,仅本机地址可用 http / https, or http to this very machine only")
    if not _is_listed(receiver, hosts):
        return said(
            "运维未允许向 {host} 推送(FIVERED_WEBHOOK_HOSTS)"
            " / the operator does not list {host} (FIVERED_WEBHOOK_HOSTS)",
            host=receiver.authority,
        )
    return None


def _is_listed(receiver: Receiver, hosts: Sequence[str]) -> bool:
    listed = {one.lower() for one in hosts}
    return receiver.authority in listed or (
        # Listed without brackets, or with the port that is the scheme's own.
        receiver.port == _PORTS[receiver.scheme]
        and bool({receiver.host, f"{receiver.host}:{receiver.port}"} & listed)
    )


class NotReached(Exception):
    """Nothing was sent, or no answer came; the message says why in some words."""


def address_of(receiver: Receiver) -> str:
    """Return the address to which a receiver's name leads now.

    A listed name is no way to this machine or to what only this machine's network card knows:
    whoever holds the name could let it lead there.

    Raises:
        NotReached: It leads nowhere, or there only.
    """
    try:
        found = socket.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached(f"no address of {receiver.host}: {error}") from error
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if receiver.loopback == _is_here(address):
            return address
    raise NotReached(f"{receiver.host} leads to {', '.join(addresses)[:80]}, which is not allowed")


def _is_here(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified


# --------------------------------------------------------------------------------------------------
# One request


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try.

    Attributes:
        status: Of HTTP; None where no answer came.
        why: Why it is no success, in some words; empty for a success.
        ms: How long it took.
        after_s: How long the receiver asks to be left alone (`Retry-After`), s.
    """

    status: int | None
    why: str
    ms: int
    after_s: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants to be told nothing any more."""
        return self.status == 410


class Deadlines:
    """Ends requests that take too long. A socket's own limit is for each read, and a receiver that
    sends a byte now and then would never meet it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[int, tuple[float, socket.socket]] = {}

    def watch(self, sock: socket.socket, until: float) -> None:
        """End what this socket does at a time (monotonic)."""
        with self._lock:
            self._until[id(sock)] = (until, sock)

    def forget(self, sock: socket.socket) -> None:
        """Let a socket be."""
        with self._lock:
            self._until.pop(id(sock), None)

    def enforce(self, *, everything: bool = False) -> None:
        """End what is over its time, or everything; the owner calls it once a second or so."""
        now = time.monotonic()
        with self._lock:
            over = [key for key, (until, _) in self._until.items() if everything or until <= now]
            ended = [self._until.pop(key)[1] for key in over]
        for sock in ended:
            try:
                # The plain one, below TLS: it wakes the reader and asks nobody.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                continue


@dataclass(frozen=True, slots=True)
class _Open:
    """A connection, and what is to come on it by HTTP."""

    sock: socket.socket
    http: h11.Connection


class Line:
    """A connection to one receiver, kept while one event follows the other.

    Not for several threads at once.

    Args:
        receiver: Where it leads.
        deadlines: Ends what takes too long.
        most_s: How long one request may take, s.
        method: Of HTTP.
        listens: Whether the body of an answer is kept in `said`, up to 64 KiB.
    """

    def __init__(
        self,
        receiver: Receiver,
        deadlines: Deadlines,
        *,
        most_s: float | None = None,
        method: str = "POST",
        listens: bool = False,
    ) -> None:
        self.receiver = receiver
        self._method, self._listens = method, listens
        # What the last answer said, where that is listened to.
        self.said = b""
        self._most_s = MOST_S if most_s is None else most_s
        self._deadlines = deadlines
        self._open: _Open | None = None
        # How many bytes of the present answer have come.
        self._heard = 0

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one message. Whatever happens is an answer."""
        began = time.monotonic()
        until = began + self._most_s
        try:
            head = self._post(headers, body, until)
        except (NotReached, OSError, h11.RemoteProtocolError) as error:
            self.close()
            late = time.monotonic() >= until - 0.05
            why = f"no answer within {self._most_s:.0f} s" if late else _words(error)
            return Answer(None, _printable(why)[:_MOST_SAID], _ms(began))
        self._finish(head, until)
        status = head.status_code
        why = "" if 200 <= status < 300 else f"HTTP {status}"
        return Answer(status, why, _ms(began), _seconds(_value(head, b"retry-after")))

    def _post(self, headers: Mapping[str, str], body: bytes, until: float) -> h11.Response:
        kept = self._open is not None
        try:
            return self._ask(headers, body, until)
        except (NotReached, OSError):
            # The receiver may have closed what was kept open since the event before.
            if not kept or self._heard or time.monotonic() >= until:
                raise
            self.close()
            return self._ask(headers, body, until)

    def _ask(self, headers: Mapping[str, str], body: bytes, until: float) -> h11.Response:
        """Send, and return the whole head of the answer."""
        self._heard, self.said = 0, b""
        way = self._open or self._connect(until)
        self._deadlines.watch(way.sock, until)
        request = h11.Request(
            method=self._method,
            target=self.receiver.target,
            headers=[
                ("Host", self.receiver.authority),
                ("Content-Length", str(len(body))),
                *headers.items(),
            ],
        )
        parts = (request, h11.Data(data=body), h11.EndOfMessage())
        way.sock.settimeout(_left(until))
        way.sock.sendall(b"".join(way.http.send(part) or b"" for part in parts))
        while not isinstance(head := self._hear(way, until), h11.Response):
            continue  # 1xx: the answer is still to come
        return head

    def _hear(self, way: _Open, until: float) -> object:
        """Return what comes next of an answer: a whole head, a part of its body, or its end."""
        while (event := way.http.next_event()) is h11.NEED_DATA:
            # For each read anew: what is left of the time of the whole try.
            way.sock.settimeout(_left(until))
            came = way.sock.recv(_SHORT)
            if not came:
                raise NotReached("the connection was closed before the whole answer came")
            self._heard += len(came)
            if self._heard > _MOST_HEARD:
                raise NotReached("the answer is too long")
            way.http.receive_data(came)
        return event

    def _finish(self, head: h11.Response, until: float) -> None:
        """Read a short body, so that the connection may stay. What it says is nothing to us, and
        that it breaks off changes nothing: the head says whether the receiver has the event."""
        way = self._open
        if way is None:
            return
        length = _value(head, b"content-length")
        short = head.status_code == 204 or (length.isdecimal() and int(length) <= _SHORT)
        short = short or self._listens
        try:
            while short and not isinstance(event := self._hear(way, until), h11.EndOfMessage):
                if self._listens and isinstance(event, h11.Data):
                    self.said += event.data
        except (NotReached, OSError, h11.RemoteProtocolError):
            short = False
        self._deadlines.forget(way.sock)
        # A byte too many would count as the beginning of the next answer.
        over = way.http.our_state is h11.DONE and way.http.their_state is h11.DONE
        if short and over and not way.http.trailing_data[0]:
            way.http.start_next_cycle()
        else:
            self.close()

    def _connect(self, until: float) -> _Open:
        receiver = self.receiver
        address = address_of(receiver)
        if time.monotonic() >= until:
            raise NotReached(f"no address of {receiver.host} within {self._most_s:.0f} s")
        sock = socket.create_connection((address, receiver.port), timeout=_left(until))
        # The end of a message must not wait until its beginning is acknowledged.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receiver.scheme == "https":
            sock = self._secured(sock, until)
        self._open = _Open(sock, h11.Connection(h11.CLIENT))
        return self._open

    def _secured(self, plain: socket.socket, until: float) -> ssl.SSLSocket:
        sock = ssl.create_default_context().wrap_socket(
            plain, server_hostname=self.receiver.host, do_handshake_on_connect=False
        )
        self._deadlines.watch(sock, until)
        try:
            sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        finally:
            self._deadlines.forget(sock)
        return sock

    def close(self) -> None:
        """End the connection."""
        way, self._open = self._open, None
        if way is not None:
            self._deadlines.forget(way.sock)
            way.sock.close()


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _left(until: float) -> float:
    """Return what is left of the time of a try, s.

    Raises:
        TimeoutError: Nothing is.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _value(head: h11.Response, name: bytes) -> str:
    """Return the value of a header of an answer; empty where there is none."""
    return next((value.decode("latin-1") for key, value in head.headers if key == name), "")


def _seconds(text: str) -> float:
    """Return for how long `Retry-After` asks, which is a number of seconds or a date (s)."""
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _words(error: BaseException) -> str:
    """Return why a request failed, as the log of deliveries says it: never in words that the
    receiver has sent."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}"
    if isinstance(error, h11.RemoteProtocolError):
        # Its own text quotes what came.
        return "the answer is no HTTP"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)
