"""Tables as files for office programs: CSV and XLSX, row by row, never held in memory.

A cell is a text or a whole number; no text is taken for a formula by the program that opens it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

# A cell that begins so would be read as a formula by the program that opens the file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# The mark by which office programs know UTF-8; it stands before the first row.
MARK = b"\xef\xbb\xbf"

Row = Sequence[object]


def cell(value: object) -> object:
    """Return a value as a cell that no program takes for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def lines(rows: Sequence[Row]) -> bytes:
    """Return rows as lines of CSV (RFC 4180, UTF-8); no value is an empty cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        writer.writerow(["" if value is None else cell(value) for value in row])
    return buffer.getvalue().encode()


class _Patient:
    """A file for a library that tells a full disk in an error of its own, and then writes on: it
    takes everything, and keeps the first error of the disk.

    Attributes:
        error: Why the file is not whole; None while it is.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.error: OSError | None = None
        self._file = file

    def _tried(self, act: Callable[[], int], otherwise: int) -> int:
        if self.error is None:
            try:
                return act()
            except OSError as error:
                self.error = error
        return otherwise

    def write(self, part: bytes) -> int:
        return self._tried(lambda: self._file.write(part), len(part))

    def seek(self, place: int, whence: int = 0) -> int:
        return self._tried(lambda: self._file.seek(place, whence), place)

    def tell(self) -> int:
        return self._tried(self._file.tell, 0)

    def flush(self) -> None:
        self._tried(lambda: self._file.flush() or 0, 0)


class Book:
    """A workbook of one sheet that is written row by row; the first row is its head.

    Args:
        file: Where it goes.
        folder: Where what is not yet in it stands meanwhile; who made the folder removes it.

    Attributes:
        rows: How many rows it has below its head.
    """

    def __init__(self, file: IO[bytes], folder: str) -> None:
        import xlsxwriter  # noqa: PLC0415  slow to import, seldom needed

        self._patient = _Patient(file)
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(self._patient, options | {"tmpdir": folder})
        self._sheet = self._book.add_worksheet("导出")
        self._sheet.freeze_panes(1, 0)
        self._head = self._book.add_format({"bold": True})
        self._failed: type[Exception] = xlsxwriter.exceptions.FileCreateError
        self.rows = -1

    def add(self, row: Row) -> None:
        """Write one row more."""
        self.rows += 1
        form = self._head if self.rows == 0 else None
        for column, value in enumerate(row):
            if isinstance(value, int):
                self._sheet.write_number(self.rows, column, value, form)
            elif value is not None:
                self._sheet.write_string(self.rows, column, str(value), form)

    def close(self) -> None:
        """Write what is left.

        Raises:
            OSError: There is no room for it.
        """
        try:
            self._book.close()
        except self._failed as error:
            # One of its own files found no room.
            self._patient.error = error.args[0]
        finally:
            self.drop()
        if self._patient.error is not None:
            raise self._patient.error

    def drop(self) -> None:
        """Let go of what stands in the folder."""
        with suppress(OSError):
            self._sheet.row_data_fh.close()
