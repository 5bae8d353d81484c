"""Hears the public facts of a Five Red installation: `connect`, `subscribe`, `run`."""

from .aio import AsyncClient, aconnect
from .consumer import Client, connect
from .declaring import ConsumerError
from .event import Event, Unreadable, decode
from .patterns import Pattern, PatternError
from .seen import FileSeen, MemorySeen, Seen

__all__ = [
    "AsyncClient",
    "Client",
    "ConsumerError",
    "Event",
    "FileSeen",
    "MemorySeen",
    "Pattern",
    "PatternError",
    "Seen",
    "Unreadable",
    "aconnect",
    "connect",
    "decode",
]
