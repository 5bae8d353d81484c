"""Hears the public facts of a Five Red installation: `connect`, `subscribe`, `run`."""

from .consumer import Client, ConsumerError, connect
from .event import Event, Unreadable, decode
from .patterns import Pattern, PatternError
from .seen import FileSeen, MemorySeen, Seen

__all__ = [
    "Client",
    "ConsumerError",
    "Event",
    "FileSeen",
    "MemorySeen",
    "Pattern",
    "PatternError",
    "Seen",
    "Unreadable",
    "connect",
    "decode",
]
