"""The metadata that all tables of the service share, and the types of their columns."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)

Subject = sa.String(80)
Code = sa.String(40)
State = sa.String(16)


def never_negative(*columns: str) -> list[sa.CheckConstraint]:
    """Return for each column the check that it is not below zero."""
    return [sa.CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative") for name in columns]
