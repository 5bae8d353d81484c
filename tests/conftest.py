"""Fixtures of the tests that no unit owns, and what is run where."""

import os
from collections.abc import Generator

import pytest

from tests.systems import distributed, embedded, expected

__all__ = ["distributed", "embedded", "expected", "pytest_collection_modifyitems"]

# Where two run side by side, none of the long files is left alone at the end, and the two that
# start whole installations are not at it at the same time.
LONG_FIRST = (
    "tests/architecture/test_independence.py",
    "tests/faults/test_distributed_kill.py",
    "services/credit/",
    "tests/faults/",
    "tests/journeys/",
    "tests/architecture/",
)


# The run of everything gives each service's tests both databases: PostgreSQL here, SQLite in the
# service's own checkout, which test_independence.py makes. What asks for no PostgreSQL runs there
# as it would run here. Nothing is run twice.
ALONE = "tests/architecture/test_independence.py"


def runs_alone(item: pytest.Item) -> bool:
    """Tell whether test_independence.py runs a test of a service just as it would run here."""
    if not item.nodeid.startswith("services/") or item.get_closest_marker("servers"):
        return False
    given = getattr(item, "callspec", None)
    return given is None or "postgresql" not in given.params.values()


def group(item: pytest.Item) -> str:
    """Return what has to run in one process, in its order: a file, or one service alone."""
    path = item.nodeid.partition("::")[0]
    alone = getattr(item, "callspec", None) if path == ALONE else None
    return f"{path} {alone.id}" if alone is not None else path


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    yield
    whole = os.environ.get("FIVERED_TEST_PG") and any(one.nodeid.startswith(ALONE) for one in items)
    if whole:
        elsewhere = [one for one in items if runs_alone(one)]
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [one for one in items if not runs_alone(one)]

    def rank(item: pytest.Item) -> int:
        fits = (n for n, path in enumerate(LONG_FIRST) if item.nodeid.startswith(path))
        return next(fits, len(LONG_FIRST))

    items.sort(key=rank)
