"""Fixtures of the tests that no unit owns, and what is run where."""

from collections.abc import Generator

import pytest

from tests.alone import LEFT_OUT, files_alone, runs_alone
from tests.kept import asked, let_go
from tests.systems import embedded, expected, installation

__all__ = [
    "embedded",
    "expected",
    "installation",
    "pytest_collection_modifyitems",
    "pytest_runtest_teardown",
    "pytest_terminal_summary",
]

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


ALONE = "tests/architecture/test_independence.py"


def group(item: pytest.Item) -> str:
    """Return what has to run in one process, in its order: a file, files that share what takes long
    to start, or one service alone."""
    path = item.nodeid.partition("::")[0]
    shared = asked(item)
    if shared:
        return " ".join(sorted(shared))
    alone = getattr(item, "callspec", None) if path == ALONE else None
    return f"{path} {alone.id}" if alone is not None else path


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    # Where workers share a run, the names get the group behind them.
    names = {item: item.nodeid for item in items}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    yield
    files = files_alone(items)
    elsewhere = [one for one in items if runs_alone(one, files)]
    config.stash[LEFT_OUT] = {names[one] for one in elsewhere}
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [one for one in items if names[one] not in config.stash[LEFT_OUT]]

    def rank(item: pytest.Item) -> int:
        fits = (n for n, path in enumerate(LONG_FIRST) if item.nodeid.startswith(path))
        return next(fits, len(LONG_FIRST))

    items.sort(key=rank)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, None, None]:
    yield
    let_go(nextitem)


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
