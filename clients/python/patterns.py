"""Patterns: which facts of which service are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SERVICE = re.compile(r"^[a-z][a-z0-9_-]*$")
_FACT = re.compile(r"^[a-z][a-z0-9_]*$")
_VERSION = re.compile(r"^v[1-9][0-9]*$")
_PARTITION = re.compile(r"^([0-9]+|\*)$")


class PatternError(ValueError):
    """A pattern cannot be read; the message says how one looks."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A wish: one fact of a service.

    Attributes:
        service: The service's name.
        key: Binding key `<fact>.v<n>.<partition>`; the partition may be `*`.
    """

    service: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read `<service>:<fact>.v<n>[.<partition>]`.

        Raises:
            PatternError: It is none.
        """
        service, colon, rest = text.partition(":")
        words = rest.split(".")
        if len(words) == 2:
            words.append("*")
        shaped = (
            bool(colon)
            and len(words) == 3
            and bool(_SERVICE.match(service))
            and bool(_FACT.match(words[0]))
            and bool(_VERSION.match(words[1]))
            and bool(_PARTITION.match(words[2]))
        )
        if not shaped:
            wild = "; * stands for no fact and no version, name each" if "*" in rest else ""
            raise PatternError(
                f"{text!r} is no pattern: write <service>:<fact>.v<n>, for instance"
                f" steward:request_resolved.v1{wild}"
            )
        return cls(service, ".".join(words))

    @property
    def exchange(self) -> str:
        """The exchange on which the service says its facts."""
        return f"{self.service}.events"

    def matches(self, exchange: str, routing_key: str) -> bool:
        """Tell whether a delivery is meant, as the broker would."""
        words = routing_key.split(".")
        wanted = self.key.split(".")
        return (
            exchange == self.exchange
            and len(words) == len(wanted)
            and all(want in {"*", word} for want, word in zip(wanted, words, strict=True))
        )
