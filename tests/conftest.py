"""Fixtures of the tests that no unit owns, and what is run where."""

from collections.abc import Generator

import pytest

from tests.alone import LEFT_OUT, files_alone, other_cases, runs_alone
from tests.kept import asked, let_go
from tests.systems import after_story, embedded, expected, installation, undisturbed
from tests.turns import waiting

__all__ = [
    "after_story",
    "embedded",
    "expected",
    "installation",
    "pytest_collection_modifyitems",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "undisturbed",
]

ALONE = "tests/architecture/test_independence.py"

# What takes long comes first: none of it is left alone at the end, where several run side by side.
LONG_FIRST = (
    ALONE,
    "tests/faults/test_distributed_kill.py",
    "tests/faults/",
    "tests/chaos/",
    "tests/simulation/",
    "services/credit/",
    "tests/deploy/",
    "tests/journeys/",
    "tests/",
)
# These start processes and wait for them; the others compute.
WAIT = (
    "tests/chaos/",
    "tests/faults/",
    "tests/deploy/",
    "tests/journeys/",
    "tests/upgrade/",
    "chassis/",
    "gateway/",
)


def path_of(item: pytest.Item) -> str:
    """Return the file of a test, from the top of the checkout."""
    return item.nodeid.partition("::")[0]


def group(item: pytest.Item) -> str:
    """Return what has to run in one process, in its order: a file, files that share what takes long
    to start, or one service alone."""
    path = path_of(item)
    shared = asked(item)
    if shared:
        return " ".join(sorted(shared))
    alone = getattr(item, "callspec", None) if path == ALONE else None
    return f"{path} {alone.id}" if alone is not None else path


def rank(item: pytest.Item) -> int:
    """Return how early a test comes among those of its kind; the least is first."""
    fits = (n for n, path in enumerate(LONG_FIRST) if item.nodeid.startswith(path))
    return next(fits, len(LONG_FIRST))


def mixed(groups: list[list[pytest.Item]]) -> list[list[pytest.Item]]:
    """Return groups in an order in which those that wait are spread evenly among the others.

    Two that run side by side are then seldom both waiting, or both starting whole installations.
    """
    at: list[tuple[float, list[pytest.Item]]] = []
    for kind in (True, False):
        found = [members for members in groups if members[0].nodeid.startswith(WAIT) is kind]
        at += [((n + 0.5) / len(found), members) for n, members in enumerate(found)]
    return [members for _, members in sorted(at, key=lambda one: one[0])]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    # Where workers share a run, the names get the group behind them.
    late = waiting(path_of(item) for item in items)
    if late:
        config.hook.pytest_deselected(items=[one for one in items if path_of(one) in late])
        items[:] = [item for item in items if path_of(item) not in late]
    # An item is found by its name, which changes.
    names = {id(item): item.nodeid for item in items}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    yield
    files = files_alone(items)
    elsewhere = [one for one in items if runs_alone(one, files)]
    config.stash[LEFT_OUT] = {names[id(one)] for one in elsewhere}
    # Only a run that has all of them on SQLite too.
    left = [*elsewhere, *(other_cases(items) if elsewhere else ())]
    if left:
        config.hook.pytest_deselected(items=left)
        gone = {names[id(one)] for one in left}
        items[:] = [one for one in items if names[id(one)] not in gone]

    groups: dict[str, list[pytest.Item]] = {}
    for item in sorted(items, key=rank):
        groups.setdefault(group(item), []).append(item)
    items[:] = [item for members in mixed(list(groups.values())) for item in members]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, None, None]:
    yield
    let_go(nextitem)


def pytest_sessionfinish() -> None:
    """Stop what is still kept where a run ends before its last test."""
    let_go(None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran in a checkout of their own: the count of pytest holds them as one."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    said = sorted(
        value
        for report in reports
        for name, value in report.user_properties
        if name == "alone" and report.when == "call"
    )
    if said:
        terminalreporter.section("services alone, on SQLite")
        for line in said:
            terminalreporter.write_line(line)
