"""What a migrated database has otherwise than the tables of the code."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from chassis import storage as store
from chassis.migrate import CHASSIS
from chassis.transaction import Declared


def differences(service_cls: type[Declared], engine: sa.Engine) -> list[Any]:
    """Compare a migrated database with the service's tables; empty when they agree."""
    with engine.connect() as conn:
        opts = {
            "compare_type": _types_differ,
            "include_name": lambda name, kind, _of: kind != "table" or name != CHASSIS.table,
        }
        context = MigrationContext.configure(conn, opts=opts)
        return list(compare_metadata(context, service_cls.tables))


def _types_differ(
    _context: Any, _inspected: Any, _meta: Any, found: Any, wanted: Any
) -> bool | None:
    # SQLite knows affinities, not types: JSON and text, or the widths of integers, read back alike.
    if isinstance(found, sa.Uuid) or isinstance(wanted, (sa.Uuid, sa.JSON, store.UtcDateTime)):
        return False
    return None
