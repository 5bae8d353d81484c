"""What kinds of files a service takes: their columns, and how a batch of rows is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, TypedDict

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.columns import BadCell, Column, Kind
from fivered.chassis.refusal import Refusal
from fivered.chassis.transaction import Tx

ROLES = ("R_DISTRICT", "R_STREET")
_BATCH = 500

# The cells of a row by their columns, each as its column reads it.
Row: TypeAlias = dict[str, Any]
Outcome = Literal["created", "unchanged"] | Refusal


class ColumnCard(TypedDict):
    """One column of a file."""

    name: str
    meaning: str
    required: bool
    kind: Kind
    expected_zh: str
    expected_en: str
    example: str


class ImporterCard(TypedDict):
    """One kind of file; `template` is a file with the header and one example row."""

    kind: str
    title: str
    roles: list[str]
    columns: list[ColumnCard]
    template: str


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of file that a service takes.

    Attributes:
        kind: Its name in the address.
        title: "中文 / English".
        columns: What stands in it; their order in the file is free.
        take: Writes a batch and says what the commands would say; returns one outcome per row. A
            refused row has left nothing behind. The transaction acts as the sender of the file.
        keys: By what a row may meet others of its file: each text of which a row that was created
            lets the next one be refused or unchanged, spelled as the service compares it. One that
            is too wide costs time; one that is missing lets a dry run say what the run does not.
        apart: The columns that are part of no key: two rows may say the same there, and neither
            minds. Every column is in a key or here; one in neither place, or in both, ends the
            start.
        batch: Rows per transaction.
        awaits: Refusals that may be cured by facts which are still on their way from another
            service; a batch with such rows is tried again for a while.
        roles: Who may send such a file.
        above: The keys of the rows that must be taken before a row, the farthest first; they may
            stand below it. A file is taken tier by tier, in one job.
    """

    kind: str
    title: str
    columns: tuple[Column, ...]
    take: Callable[[Tx, Sequence[Row]], Sequence[Outcome]]
    keys: Callable[[Row], Iterable[str | None]]
    apart: tuple[str, ...]
    batch: int = _BATCH
    awaits: tuple[type[Refusal], ...] = ()
    roles: tuple[str, ...] = ROLES
    above: Callable[[Row], Sequence[str]] = lambda _row: ()

    def __post_init__(self) -> None:
        """Check that somebody has thought of each column whether rows meet by it.

        Raises:
            TypeError: Of one nobody has, or an example is none.
        """
        names = {column.name for column in self.columns}
        undecided = names ^ self.key_columns() ^ set(self.apart)
        if undecided:
            raise TypeError(f"{self.kind}: in a key or apart? {', '.join(sorted(undecided))}")

    def key_columns(self) -> set[str]:
        """Return the columns on which the keys of the example row depend."""
        row: Row = {column.name: self._example_of(column) for column in self.columns}
        keys = list(self.keys(row))
        return {
            column.name
            for column in self.columns
            if list(self.keys(row | {column.name: column.other(row[column.name])})) != keys
        }

    def _example_of(self, column: Column) -> object:
        try:
            return column.read(column.example)
        except BadCell as error:
            raise TypeError(
                f"{self.kind}: {column.name} does not take its example {column.example!r}"
            ) from error

    def tier(self, row: Row) -> int:
        """Return how many rows of the file may have to be taken before this one."""
        return len(self.above(row))

    def describe(self, today: date) -> ImporterCard:
        """Return what the file must hold, for people and programs."""
        columns: list[ColumnCard] = []
        for column in self.columns:
            zh, en = column.expected()
            columns.append(
                {
                    "name": column.name,
                    "meaning": column.meaning,
                    "required": column.required,
                    "kind": column.kind,
                    "expected_zh": zh,
                    "expected_en": en,
                    "example": column.example_on(today),
                }
            )
        return {
            "kind": self.kind,
            "title": self.title,
            "roles": list(self.roles),
            "columns": columns,
            "template": self.template(today),
        }

    def template(self, today: date) -> str:
        """Return a file with the header and one example row, which its own dry run takes."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([column.name for column in self.columns])
        writer.writerow([column.example_on(today) for column in self.columns])
        return out.getvalue()


def known_by(table: sa.Table, key: str) -> Callable[[Tx, Sequence[Row]], set[str]]:
    """Return what tells which of the rows' ids, in the column `key`, the table has already."""

    def known(tx: Tx, rows: Sequence[Row]) -> set[str]:
        return records.present(tx.conn, table, [row[key] for row in rows])

    return known


def given(row: Row) -> Row:
    """Return a row without its empty cells, so that the command's own defaults stand there."""
    return {name: value for name, value in row.items() if value is not None}


def one_by_one(
    known: Callable[[Tx, Sequence[Row]], set[str]],
    key: str,
    act: Callable[[Tx, Row], object],
) -> Callable[[Tx, Sequence[Row]], list[Outcome]]:
    """Make a `take` of the service's own command: each row goes its way, with the same rules and
    the same events. For kinds of which a district has thousands, not hundreds of thousands.

    Args:
        known: Which of the rows' ids are there before the batch.
        key: The column of the id.
        act: Carries out one row; raises its refusal.
    """

    def take(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
        before = known(tx, rows)
        outcomes: list[Outcome] = []
        for row in rows:
            try:
                with tx.part():
                    act(tx, row)
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            outcomes.append("unchanged" if row[key] in before else "created")
            before.add(row[key])
        return outcomes

    return take
