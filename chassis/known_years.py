"""The working-day calendar as a service's database knows it."""

from __future__ import annotations

import functools
from datetime import date

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar, Year


class Known:
    """The calendar as the database knows it, kept until a year is loaded by whomever."""

    def __init__(self, shipped: Calendar, table: store.Table) -> None:
        self.shipped = shipped
        self._table = table
        self.stand = _stand(table)
        self._asked = sa.select(self.stand)
        self._kept: tuple[str, Calendar] = ("", shipped)

    def read(self, conn: sa.Connection, stand: str | None = None) -> Calendar:
        """Return the calendar that holds in this transaction.

        Args:
            conn: The transaction.
            stand: `stand`, where it was read already.
        """
        if stand is None:
            stand = str(conn.execute(self._asked).scalar())
        kept, calendar = self._kept
        if stand != kept:
            calendar = self.shipped.with_years(map(_year, store.rows(conn, sa.select(self._table))))
            self._kept = (stand, calendar)
        return calendar


@functools.cache
def _stand(years: store.Table) -> store.Scalar:
    """Return which years are loaded, in which version: to be read beside whatever else is read."""
    listed = sa.cast(years.c.year, sa.String) + ":" + sa.cast(years.c.version, sa.String)
    return sa.select(sa.func.coalesce(sa.func.aggregate_strings(listed, " "), "")).scalar_subquery()


def _year(row: store.Row) -> Year:
    return Year(
        row.year,
        tuple(map(date.fromisoformat, row.off)),
        tuple(map(date.fromisoformat, row.make_up)),
        row.source,
    )
