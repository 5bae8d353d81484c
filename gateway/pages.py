"""The pages."""

from __future__ import annotations

from typing import Any


def add_to(app: Any, gate: Any, document: Any, installed: Any, missing: Any) -> None:
    """Add the pages."""
