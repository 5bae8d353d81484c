"""A plugin of pytest (`-p testkit.noted`): the names of the tests that failed, a line each, into
the file that FIVERED_FAILED names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write them, without the group that workers put behind a name."""
    stats = terminalreporter.stats
    reports = [*stats.get("failed", ()), *stats.get("error", ())]
    names = dict.fromkeys(report.nodeid.rpartition("@")[0] or report.nodeid for report in reports)
    Path(os.environ["FIVERED_FAILED"]).write_text("".join(f"{n}\n" for n in names), "utf-8")
