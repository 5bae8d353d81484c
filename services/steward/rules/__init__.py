"""The rules: pure; no clock, chance, database or broker."""

from services.steward.rules import areas, hours, identity, rates, requests, routing

__all__ = ["areas", "hours", "identity", "rates", "requests", "routing"]
