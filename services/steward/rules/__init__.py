"""The rules: pure; no clock, chance, database or broker."""

from services.steward.rules import access, areas, hours, identity, rates, requests, routing, words

__all__ = ["access", "areas", "hours", "identity", "rates", "requests", "routing", "words"]
