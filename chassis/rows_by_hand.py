"""Rows that nobody has read from a table: not in it yet, or just written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from fivered.chassis import storage as store


class _Unsaved(SimpleNamespace):
    """Values that are read like a row: `row.state`, `values_of(row)`."""

    @property
    def _mapping(self) -> dict[str, object]:
        return vars(self)


def unsaved(values: Mapping[str, object]) -> store.Row:
    """Return a row that is not in its table yet; it knows the columns of `values` only."""
    return cast("store.Row", _Unsaved(**values))


def written(table: store.Table, *values: Mapping[str, object]) -> store.Row:
    """Return a row as it stands in its table once these values are written, without asking for it:
    the values of a later mapping stand over those of an earlier one.

    Raises:
        TypeError: A column that the database fills by itself is not among them.
    """
    told = {name: one for mapping in values for name, one in mapping.items()}
    for column in table.c:
        if column.name not in told:
            if column.server_default is not None:
                raise TypeError(f"{table.name}.{column.name} is the database's to say")
            told[column.name] = None
    # As every row has its instants.
    return unsaved(
        {
            name: one.astimezone(UTC) if isinstance(one, datetime) else one
            for name, one in told.items()
        }
    )
