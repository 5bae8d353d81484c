"""What a run of everything leaves out, because the same is proven elsewhere in it.

test_independence.py runs the tests of each service over there, as they would run here on SQLite. A
run that takes both leaves out here what runs there, so that nothing runs twice, and notes it: what
it has left out must have passed over there.
"""

import os

import pytest

LEFT_OUT = pytest.StashKey[set[str]]()


def files_alone(items: list[pytest.Item]) -> set[str]:
    """Return the files of services whose tests a chosen test runs in a checkout of their own."""
    marks = (item.get_closest_marker("runs_alone") for item in items)
    return {file for mark in marks if mark is not None for file in mark.args}


def runs_alone(item: pytest.Item, files: set[str]) -> bool:
    """Tell whether a test of some files runs over there just as it would run here."""
    if item.nodeid.partition("::")[0] not in files or item.get_closest_marker("servers"):
        return False
    given = getattr(item, "callspec", None)
    return given is None or "postgresql" not in given.params.values()


def other_cases(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return what of the services' tests need not run on PostgreSQL as well.

    The cases of a test differ in values, seldom in SQL: all of them run on SQLite, and the first on
    PostgreSQL. With FIVERED_TEST_CASES=all every one runs on both.
    """
    if os.environ.get("FIVERED_TEST_CASES") == "all":
        return []
    seen: set[str] = set()
    found = []
    for item in items:
        given = getattr(item, "callspec", None)
        if not item.nodeid.startswith("services/") or given is None:
            continue
        if given.params.get("database_url") != "postgresql":
            continue
        test = item.nodeid.partition("[")[0]
        if test in seen:
            found.append(item)
        seen.add(test)
    return found
