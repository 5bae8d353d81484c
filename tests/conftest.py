"""Fixtures of the tests that no unit owns."""

from tests.systems import distributed, embedded, expected

__all__ = ["distributed", "embedded", "expected"]
