"""What a migrated database has otherwise than the tables of the code."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata

from fivered.chassis.drafting import comparison
from fivered.chassis.transaction import Declared


def differences(service_cls: type[Declared], engine: sa.Engine) -> list[Any]:
    """Compare a migrated database with the service's tables; empty when they agree."""
    with engine.connect() as conn:
        return list(compare_metadata(comparison(conn), service_cls.tables))
