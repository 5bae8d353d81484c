"""What a process tells systemd, where that has started it (`Type=notify`)."""

from __future__ import annotations

import os
import socket

_ADDRESS = "NOTIFY_SOCKET"


def tell_started() -> None:
    """Say that this process does its work now; without systemd, or a second time, nothing
    happens. Where nobody listens any more it goes on all the same."""
    address = os.environ.pop(_ADDRESS, "")
    if not address:
        return
    # A name that begins with @ stands in no folder.
    place = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        try:
            told.sendto(b"READY=1", place)
        except OSError:
            return
