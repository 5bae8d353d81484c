"""Fixtures of the tests that no unit owns."""

import pytest

from tests.systems import distributed, embedded, expected

__all__ = ["distributed", "embedded", "expected", "pytest_collection_modifyitems"]

# Where two run side by side, none of the long files is left alone at the end, and the two that
# start whole installations are not at it at the same time.
LONG_FIRST = (
    "tests/faults/test_distributed_kill.py",
    "services/credit/",
    "tests/faults/",
    "tests/journeys/",
    "tests/architecture/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        fits = (n for n, path in enumerate(LONG_FIRST) if item.nodeid.startswith(path))
        return next(fits, len(LONG_FIRST))

    items.sort(key=rank)
