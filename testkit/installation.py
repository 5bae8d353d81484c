"""What is installed, as a test wants it."""

from __future__ import annotations

import pytest

from fivered.chassis import installed


def installed_alone(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """Let one service be all that is installed here, as where it is deployed alone."""
    points = installed.points
    only = {installed.SERVICES: {service: points(installed.SERVICES)[service]}}
    monkeypatch.setattr(installed, "points", lambda group: only.get(group) or points(group))
