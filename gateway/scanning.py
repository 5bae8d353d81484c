"""Has a file looked at for viruses before it is kept: by clamd, or what speaks its INSTREAM."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from fivered.chassis.refusal import Refusal

_PART = 64 * 1024
_WAIT_S = 30.0
_CONNECT_S = 3.0
_MOST_ANSWER = 4096


class FileInfected(Refusal):
    """The scanner has found something in it."""

    status = 422
    text = "文件未通过病毒检查({found}),未被保存 / The virus scan found {found}; nothing was kept"


class ScanUnavailable(Refusal):
    """Nobody has looked at it, so it is not kept."""

    status = 503
    text = (
        "病毒检查暂时不可用,文件未被保存,请稍后重试"
        " / The virus scan is not available and nothing was kept; come again in a moment"
    )


def scan(path: Path, address: str) -> None:
    """Have a file looked at.

    Args:
        path: Where it lies.
        address: `tcp://host:port` or `unix:///path`; empty = nobody looks.

    Raises:
        FileInfected: Something was found.
        ScanUnavailable: The scanner is not reached, or does not say.
    """
    if not address:
        return
    try:
        with closing(_connect(address)) as conn:
            answer = _asked(conn, path)
    except OSError:
        raise ScanUnavailable from None
    said = answer.rstrip(b"\0\n").decode("utf-8", "replace")
    if said.endswith(" FOUND"):
        raise FileInfected(found=said.removesuffix(" FOUND").rpartition(": ")[2][:80])
    if said != "stream: OK":
        raise ScanUnavailable


def _connect(address: str) -> socket.socket:
    url = urlsplit(address)
    if url.scheme == "unix":
        conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        conn.settimeout(_CONNECT_S)
        try:
            conn.connect(url.path)
        except OSError:
            conn.close()
            raise
    else:
        conn = socket.create_connection((url.hostname or "", url.port or 3310), _CONNECT_S)
    conn.settimeout(_WAIT_S)
    return conn


def _asked(conn: socket.socket, path: Path) -> bytes:
    conn.sendall(b"zINSTREAM\0")
    with path.open("rb") as file:
        parts: Callable[[], bytes] = lambda: file.read(_PART)  # noqa: E731
        for part in iter(parts, b""):
            conn.sendall(struct.pack("!L", len(part)) + part)
    conn.sendall(struct.pack("!L", 0))
    answer = b""
    while len(answer) < _MOST_ANSWER and (more := conn.recv(_MOST_ANSWER)):
        answer += more
        if answer.endswith((b"\0", b"\n")):
            break
    return answer


__all__ = ["FileInfected", "ScanUnavailable", "scan"]
