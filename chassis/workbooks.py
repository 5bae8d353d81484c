"""Workbooks of .xlsx as lines of CSV. openpyxl is slow to load, and few files need it, so that
`sheets` loads this module with the first workbook."""

from __future__ import annotations

import csv
import heapq
import io
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date, datetime, time, timedelta
from typing import IO, BinaryIO, Literal, SupportsIndex, TypedDict, cast
from xml.etree.ElementTree import Element  # nosec B405  # a type; see test_sheets
from xml.parsers import expat

import openpyxl
from openpyxl import Workbook
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import range_boundaries
from openpyxl.worksheet import _reader as reader
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from fivered.chassis.cells import (
    A_TIME,
    ERROR,
    FORMULA,
    HIGHEST_EXPANSION,
    MERGED,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_MERGED,
    MOST_PACKED_FILES,
    MOST_UNPACKED,
    YES_OR_NO,
    HeadTooFar,
    WorkbookBroken,
    WorkbookTooLarge,
    visible,
)
from fivered.chassis.refusal import Refusal
from fivered.chassis.text import personal_number

_PART = 1024 * 1024
# What of a workbook is unpacked to find its headings; what stands further in is the job's to read.
_HEAD = 2 * 1024 * 1024
# As many rows as a sheet can have.
_MOST_ROWS = 1_048_576


def write_workbook(
    file: BinaryIO, lines: BinaryIO, most_lines: int | None
) -> tuple[str, tuple[str, ...]]:
    """Write the first sheet that is not hidden as CSV, one line per row, so that the numbers are
    the sheet's; return which one that is, and which others hold something.

    Raises:
        WorkbookBroken: It cannot be opened.
        WorkbookTooLarge: It holds more than we take.
    """
    _check_expansion(file)
    out = io.TextIOWrapper(lines, "utf-8", newline="", write_through=True)
    head = most_lines is not None
    number = 0
    place = 1
    unread: list[str] = []
    try:
        with closing(_open_workbook(file, head=head)) as book:
            sheets = dict(enumerate(book.worksheets, 1))
            place = min(sheets, key=lambda one: (sheets[one].sheet_state != "visible", one))
            table = sheets.pop(place)
            # Headings are found without knowing what is merged, which stands behind all rows.
            budget = _Budget(place)
            merged = _Merged([] if head else _merged_ranges(table), budget)
            for number in _write_rows(table, merged, budget, out):
                if most_lines is not None and number >= most_lines:
                    break
            for other, sheet in ({} if head else sheets).items():
                budget.sheet = other
                if any(any(map(str.strip, texts)) for _row, texts in _rows_of(sheet, budget)):
                    unread.append(_name_of(sheet, other))
            return _name_of(table, place), tuple(unread)
    except (Refusal, HeadTooFar):
        raise
    except Exception:  # noqa: BLE001  whatever a broken workbook does to its reader
        where = {"sheet": place, "row": number + 1} if number else {}
        raise WorkbookBroken(field="file", **where) from None
    finally:
        out.detach()


def _name_of(sheet: ReadOnlyWorksheet, place: int) -> str:
    """Return what a sheet is called, or [its place] where its name is a number of a person."""
    title: str = sheet.title
    return f"[{place}]" if personal_number(title) is not None else visible(title)


class _Budget:
    """How many cells of a workbook may still be looked at; `sheet` is the one that is."""

    def __init__(self, sheet: int) -> None:
        self.sheet = sheet
        self._left = MOST_CELLS

    def spend(self, cells: int, row: int) -> None:
        """Count cells.

        Raises:
            WorkbookTooLarge: It has more than we take.
        """
        self._left -= cells
        if self._left < 0:
            limit = f"{MOST_CELLS} cells"
            raise WorkbookTooLarge(field="file", limit=limit, sheet=self.sheet, row=row)


def _write_rows(
    sheet: ReadOnlyWorksheet, merged: _Merged, budget: _Budget, out: io.TextIOWrapper
) -> Iterator[int]:
    """Write the rows of a sheet, and give out the number of each that it has.

    Raises:
        WorkbookTooLarge: It has more cells than we take.
    """
    writer = csv.writer(out, lineterminator="\n")
    width = written = 0
    for number, texts in _rows_of(sheet, budget):
        while texts and not texts[-1].strip():
            texts.pop()
        if not texts:
            yield number
            continue
        width = max(width, len(texts))
        texts.extend([""] * (width - len(texts)))
        merged.mark(number, texts)
        # Only what a row stands below is written of those that hold nothing: a blank far down in a
        # sheet, which nobody sees, is no million lines.
        out.write("\n" * (number - written - 1))
        writer.writerow(texts)
        written = number
        yield number


def _rows_of(sheet: ReadOnlyWorksheet, budget: _Budget) -> Iterator[tuple[int, list[str]]]:
    """Give out (number, cells) of each row of a sheet that is written there, in their order.

    Raises:
        WorkbookTooLarge: It has more cells than we take.
        ValueError: Its rows are not in their order.
    """
    number = 0
    book = sheet.parent
    with sheet._get_source() as source:  # noqa: SLF001  what iter_rows does; it tells no formula
        cells = _Cells(
            source,
            sheet._shared_strings,  # noqa: SLF001
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        for found, row in cells.rows():
            if not number < found <= _MOST_ROWS:
                raise ValueError(found)
            number = found
            width = max((cell["column"] for cell in row), default=0)
            budget.spend(1 + max(width, len(row)), number)
            texts = [""] * width
            for cell in row:
                texts[cell["column"] - 1] = _cell_text(cell["value"])
            yield number, texts


class _Found(TypedDict):
    """A cell as openpyxl's parser gives it."""

    row: int
    column: int
    value: object
    data_type: str


class _Cells(reader.WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
    """openpyxl's parser of a sheet, made to tell what a cell without a value holds."""

    def rows(self) -> Iterator[tuple[int, list[_Found]]]:
        """Give out the rows; nothing behind them is read."""
        for _event, element in reader.iterparse(self.source):
            if element.tag == reader.ROW_TAG:
                yield self.parse_row(element)
                element.clear()
            elif element.tag == reader.DATA_TAG:
                return

    def parse_cell(self, element: Element) -> _Found:
        """Read a cell; one that holds no text is marked."""
        cell: _Found = super().parse_cell(element)
        if cell["value"] is None:
            # A result that is an empty text is a result.
            empty = element.get("t") == "str"
            if not empty and element.find(reader.FORMULA_TAG) is not None:
                cell["value"] = FORMULA
        elif cell["data_type"] == "e":
            cell["value"] = ERROR
        return cell


def _merged_ranges(sheet: ReadOnlyWorksheet) -> list[tuple[int, int, int, int]]:
    """Return (first row, last row, first column, last column) of the merged cells of a sheet.

    They stand behind its rows, so that the sheet is read once more, without its cells; where
    nothing is merged, which is most often, it is only searched.

    Raises:
        WorkbookTooLarge: There are more than we take.
    """
    found: list[tuple[int, int, int, int]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(" ")[2] != "mergeCell":
            return
        if len(found) == MOST_MERGED:
            raise WorkbookTooLarge(field="file", limit=f"{MOST_MERGED} merged cells")
        left, top, right, bottom = range_boundaries(attributes["ref"])
        found.append((top or 1, bottom or _MOST_ROWS, left or 1, right or MOST_COLUMNS))

    def no_declarations(*_given: object) -> None:
        raise ValueError("declares a document type")

    with sheet._get_source() as source:  # noqa: SLF001
        if not _holds(source, b"mergeCell"):
            return found
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = no_declarations
    with sheet._get_source() as source:  # noqa: SLF001
        while part := source.read(_PART):
            parser.Parse(part, False)
    return sorted(found)


def _holds(source: BinaryIO, word: bytes) -> bool:
    """Tell whether a word stands in a text; in one of wide characters it may."""
    before = b""
    while part := source.read(_PART):
        if word in before + part or b"\0" in part:
            return True
        before = part[-len(word) :]
    return False


class _Merged:
    """The merged cells of a sheet, row by row.

    Args:
        ranges: Sorted by their first row.
        budget: What looking for them costs.
    """

    def __init__(self, ranges: list[tuple[int, int, int, int]], budget: _Budget) -> None:
        self._coming = ranges[::-1]
        self._budget = budget
        # (last row, first row, first column, last column), by which ends first.
        self._open: list[tuple[int, int, int, int]] = []

    def mark(self, number: int, texts: list[str]) -> None:
        """Mark what of a row is part of a merged cell that says something.

        Its text stands in its first cell; nobody can tell for which of its rows or columns it is
        meant. A row that holds nothing else is blank: each of its cells may be part of the row
        above.
        """
        while self._coming and self._coming[-1][0] <= number:
            top, bottom, left, right = self._coming.pop()
            if top == number and texts[left - 1 : left] not in ([], [""]):
                heapq.heappush(self._open, (bottom, top, left, right))
        while self._open and self._open[0][0] < number:
            heapq.heappop(self._open)
        if not self._open or not any(texts):
            return
        for _bottom, top, left, right in self._open:
            first = left + 1 if top == number else left
            last = min(right, len(texts))
            self._budget.spend(1 + max(0, last - first + 1), number)
            for column in range(first, last + 1):
                texts[column - 1] = MERGED


def _open_workbook(file: BinaryIO, *, head: bool) -> Workbook:
    """Open a workbook; its head only, of which no more than some bytes are unpacked."""
    if not head:
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.archive = _Head(file)
    reader.read_strings = lambda: _read_first_strings(reader)
    reader.read()
    return reader.wb


class _Head(zipfile.ZipFile):
    """A packed file of which only the first bytes are unpacked, counted over all its members."""

    left = _HEAD

    def open(
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r", "w"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        member = super().open(name, mode, pwd, force_zip64=force_zip64)
        return cast("IO[bytes]", _Counted(member, self))


class _Counted(io.RawIOBase):
    def __init__(self, member: IO[bytes], head: _Head) -> None:
        super().__init__()
        self._member, self._head = member, head

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        asked = -1 if size is None else size
        most = self._head.left + 1
        part: bytes = self._member.read(most if asked < 0 else min(asked, most))
        self._head.left -= len(part)
        if self._head.left < 0:
            raise HeadTooFar
        return part

    def close(self) -> None:
        self._member.close()
        super().close()


class _FirstStrings(list[str]):
    """The first of the texts that the cells of a workbook share."""

    def __getitem__(self, place: SupportsIndex) -> str:  # type: ignore[override]  # no slices
        if place.__index__() >= len(self):
            raise HeadTooFar
        return super().__getitem__(place)


def _read_first_strings(reader: ExcelReader) -> None:
    part = reader.package.find(SHARED_STRINGS)
    if part is None:
        return
    found = _FirstStrings()
    head = _Head(reader.archive.fp)
    head.left = _HEAD // 2
    with suppress(HeadTooFar), head.open(part.PartName[1:]) as member:
        for _event, node in iterparse(member):
            if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                found.append(Text.from_tree(node).content.replace("x005F_", ""))
                node.clear()
    reader.shared_strings = found


def _check_expansion(file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as packed:
            files = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise WorkbookBroken(field="file") from None
    unpacked = sum(one.file_size for one in files)
    bombs = any(
        one.file_size > _PART and one.file_size > one.compress_size * HIGHEST_EXPANSION
        for one in files
    )
    if unpacked > MOST_UNPACKED or len(files) > MOST_PACKED_FILES or bombs:
        raise WorkbookTooLarge(field="file", limit=f"{MOST_UNPACKED // _PART} MB")
    file.seek(0)


def _cell_text(value: object) -> str:
    """Return a cell as its reader would write it; a number keeps no more digits than it has."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"{YES_OR_NO}{'true' if value else 'false'}"
    if isinstance(value, int):
        # Excel keeps fifteen digits: of a longer number the last ones are lost.
        return str(value) if abs(value) < 10**15 else f"{value:.14E}"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(value).replace("e", "E")
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return f"{A_TIME}{value.date().isoformat() if midnight else value.isoformat()}"
    if isinstance(value, date | time):
        return f"{A_TIME}{value.isoformat()}"
    if isinstance(value, timedelta):
        return f"{A_TIME}{value}"
    return " ".join(str(value).splitlines())
