"""Tables as people send them: CSV in the encodings of this country, and XLSX. Strict.

Whatever comes becomes lines of UTF-8 with numbers that the sender finds again in his file. Every
line is read, blank, or refused with its number; none is passed over. A quote that is not closed
refuses the line where it opens and not what follows it. A cell of a workbook in which nobody can
read what its sender sees carries a mark instead of a text (`FORMULA`, `MERGED`, `ERROR`).
"""

from __future__ import annotations

import codecs
import csv
import functools
import heapq
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, BinaryIO, Literal

from chassis.refusal import Refusal
from chassis.text import personal_number

LONGEST_LINE = 256 * 1024
LONGEST_RECORD_LINES = 50
MOST_COLUMNS = 200
_PART = 1024 * 1024
# A workbook unpacks to at most this; one that promises more is not opened.
MOST_UNPACKED = 200 * 1024 * 1024
MOST_PACKED_FILES = 2000
HIGHEST_EXPANSION = 200
MOST_CELLS = 5_000_000
MOST_MERGED = 100_000
# As many rows as a sheet can have.
_MOST_ROWS = 1_048_576
# In a narrower table a sentence with commas looks like a row.
_NARROW = 4
DELIMITERS = (",", ";", "\t")

# What of a workbook is unpacked to find its headings; what stands further in is the job's to read.
_HEAD = 2 * 1024 * 1024

_HIGH = re.compile("[\u0800-\U0010ffff]")
Form = Literal["csv", "xlsx"]

# What stands for a cell that holds no text: a formula without its result, one that is part of a
# merged cell, an error. No table of ours holds this character.
FORMULA, MERGED, ERROR = "\x1aFORMULA", "\x1aMERGED", "\x1aERROR"
MARKS = frozenset({FORMULA, MERGED, ERROR})
# How spreadsheets write an error, in files of text as well.
_ERRORS = re.compile(r"#(REF|VALUE|DIV/0|NULL|NUM|SPILL|CALC)!|#N/A|#NAME\?|Err:[0-9]{3}")


class FileUnreadable(Refusal):
    """The file is in no encoding that we know."""

    code = "FILE_UNREADABLE"
    text = "第 {line} 行既不是 UTF-8 也不是 GB18030 编码,请另存为“CSV UTF-8”"


class OldWorkbook(Refusal):
    """An .xls file of before 2007."""

    code = "OLD_WORKBOOK"
    text = "这是旧版 .xls 文件,请另存为 .xlsx 或“CSV UTF-8”"


class WorkbookBroken(Refusal):
    """It begins like a workbook and is none, or it is locked."""

    code = "WORKBOOK_BROKEN"
    text = "工作簿无法打开:文件损坏、带密码,或不是 .xlsx"


class WorkbookTooLarge(Refusal):
    """It would unpack to more than we take."""

    code = "WORKBOOK_TOO_LARGE"
    text = "工作簿解压后过大(上限 {limit}),请分成几个文件"


class LineTooLong(Refusal):
    """No row of ours is so long: a line end is missing."""

    code = "LINE_TOO_LONG"
    text = "本行超过 {limit} 字节"


class QuoteOpen(Refusal):
    """A quote opens a cell in this line and nothing closes it where it belongs."""

    code = "QUOTE_OPEN"
    text = "本行有引号未闭合,或引号内混入了整行数据"


class QuoteWrong(Refusal):
    """A quoted cell goes on behind its closing quote."""

    code = "QUOTE_WRONG"
    text = "本行引号使用不当:单元格内的引号须写两次"


class HeadTooFar(Exception):
    """The first rows of a workbook are not among its first bytes."""


class TooManyColumns(Refusal):
    """No table of ours is so wide."""

    code = "TOO_MANY_COLUMNS"
    text = "列数超过 {limit}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as lines of UTF-8.

    Attributes:
        file: The lines; their numbers are those of the sender's file or sheet.
        form: What was sent.
        encoding: In what it was written, for CSV.
        unread: Further sheets of the workbook that hold something; only the first one is a table.
    """

    file: BinaryIO
    form: Form
    encoding: str
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One row, or the line that is none.

    Attributes:
        line: Number of its first line, from 1.
        cells: What stands in it.
        refusal: Why it is none.
    """

    line: int
    cells: list[str]
    refusal: Refusal | None = None


# --------------------------------------------------------------------------------------------------
# From what was sent to lines of UTF-8


@contextmanager
def open_sheet(file: BinaryIO, *, most_lines: int | None = None) -> Iterator[Sheet]:
    """Open what was sent; a copy that this needs is gone afterwards.

    Args:
        file: CSV or XLSX.
        most_lines: Look at the beginning only: a header needs no more.

    Raises:
        Refusal: It is neither.
        HeadTooFar: With `most_lines`: it is a workbook whose beginning is long.
    """
    file.seek(0)
    begin = file.read(8)
    file.seek(0)
    if begin.startswith(b"\xd0\xcf\x11\xe0"):
        raise OldWorkbook
    if begin.startswith(b"PK\x03\x04"):
        with tempfile.TemporaryFile() as lines:
            unread = _write_workbook(file, lines, most_lines)
            lines.seek(0)
            yield Sheet(lines, "xlsx", "", unread)
        return
    encoding, name = _encoding_of(file, begin, whole=most_lines is None)
    if encoding == "utf-8" and not _only_cr(file):
        file.seek(0)
        yield Sheet(file, "csv", name)
        return
    with tempfile.TemporaryFile() as lines:
        _transcode(file, lines, encoding, whole=most_lines is None)
        lines.seek(0)
        yield Sheet(lines, "csv", name)


def _encoding_of(file: BinaryIO, begin: bytes, *, whole: bool) -> tuple[str, str]:
    """Return the codec of the whole file and its name; one cell never decides.

    Raises:
        FileUnreadable: It is in none.
    """
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "UTF-16"
    fault, pairs = _try_codec(file, "utf-8", whole=whole)
    if fault is None and begin.startswith(codecs.BOM_UTF8):
        return "utf-8", "UTF-8 BOM"
    if fault is None and not pairs:
        return "utf-8", "UTF-8"
    # Either it is no UTF-8, or all that is not ASCII in it are pairs of bytes: two characters of
    # GB18030 may look like letters of Greek or Armenian, and no file of ours is written in those.
    national, _pairs = _try_codec(file, "gb18030", whole=whole)
    if national is None:
        return "gb18030", "GB18030"
    if fault is None:
        return "utf-8", "UTF-8"
    line, byte = fault
    raise FileUnreadable(field="file", line=line, byte=byte)


def _try_codec(file: BinaryIO, codec: str, *, whole: bool) -> tuple[tuple[int, int] | None, bool]:
    """Return (line and place, both from 1, of the first byte that is none; whether all beyond ASCII
    lies below U+0800)."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)("strict")
    line, low, high = 1, False, False
    while part := file.read(_PART):
        kept = len(decoder.getstate()[0])  # the beginning of a character, of the part before
        try:
            text = decoder.decode(part)
        except UnicodeDecodeError as error:
            within = max(error.start - kept, 0)
            byte = file.tell() - len(part) + error.start - kept + 1
            return (line + part.count(b"\n", 0, within), byte), low and not high
        line += text.count("\n")
        if not text.isascii():
            high = high or _HIGH.search(text) is not None
            low = True
        if not whole:
            return None, low and not high
    kept = len(decoder.getstate()[0])
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return (line, file.tell() - kept + 1), low and not high
    return None, low and not high


def _only_cr(file: BinaryIO) -> bool:
    """Tell whether the lines end in CR alone, as old spreadsheets of the Mac write them."""
    file.seek(0)
    begin = file.read(_PART)
    return b"\r" in begin and b"\n" not in begin


def _transcode(file: BinaryIO, lines: BinaryIO, codec: str, *, whole: bool) -> None:
    only_cr = codec != "utf-16" and _only_cr(file)
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)("strict")
    while part := file.read(_PART):
        text = decoder.decode(part)
        lines.write((text.replace("\r", "\n") if only_cr else text).encode())
        if not whole:
            return
    lines.write(decoder.decode(b"", final=True).encode())


def _write_workbook(file: BinaryIO, lines: BinaryIO, most_lines: int | None) -> tuple[str, ...]:
    """Write the first sheet as CSV, one line per row, so that the numbers are the sheet's; return
    which further ones hold something.

    Raises:
        WorkbookBroken: It cannot be opened.
        WorkbookTooLarge: It holds more than we take.
    """
    _check_expansion(file)
    out = io.TextIOWrapper(lines, "utf-8", newline="", write_through=True)
    head = most_lines is not None
    number = 0
    unread: list[str] = []
    try:
        with closing(_open_workbook(file, head=head)) as book:
            first, *further = book.worksheets
            # Headings are found without knowing what is merged, which stands behind all rows.
            budget = _Budget()
            merged = _Merged([] if head else _merged_ranges(first), budget)
            for number in _write_rows(first, merged, budget, out):
                if number == most_lines:
                    break
            for place, sheet in enumerate([] if head else further, 2):
                if any(any(texts) for _row, texts in _rows_of(sheet, budget)):
                    hidden = personal_number(sheet.title) is not None
                    unread.append(f"[{place}]" if hidden else visible(sheet.title))
    except (Refusal, HeadTooFar):
        raise
    except Exception:  # noqa: BLE001  whatever a broken workbook does to its reader
        where = {"sheet": 1, "row": number + 1} if number else {}
        raise WorkbookBroken(field="file", **where) from None
    finally:
        out.detach()
    return tuple(unread)


class _Budget:
    """How many cells of a workbook may still be looked at."""

    def __init__(self) -> None:
        self._left = MOST_CELLS

    def spend(self, cells: int, row: int) -> None:
        """Count cells.

        Raises:
            WorkbookTooLarge: It has more than we take.
        """
        self._left -= cells
        if self._left < 0:
            raise WorkbookTooLarge(field="file", limit=f"{MOST_CELLS} cells", sheet=1, row=row)


def _write_rows(
    sheet: Any, merged: _Merged, budget: _Budget, out: io.TextIOWrapper
) -> Iterator[int]:
    """Write the rows of a sheet, and give out the number of each that is written.

    Raises:
        WorkbookTooLarge: It has more cells than we take.
    """
    writer = csv.writer(out, lineterminator="\n")
    width = 0
    for number, texts in _rows_of(sheet, budget):
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            width = max(width, len(texts))
            texts.extend([""] * (width - len(texts)))
        merged.mark(number, texts)
        writer.writerow(texts)
        yield number


def _rows_of(sheet: Any, budget: _Budget) -> Iterator[tuple[int, list[str]]]:
    """Give out (number, cells) of each row of a sheet, those between that are not written too.

    Raises:
        WorkbookTooLarge: It has more cells than we take.
        ValueError: Its rows are not in their order.
    """
    number = 0
    book = sheet.parent
    with sheet._get_source() as source:  # noqa: SLF001  what iter_rows does; it tells no formula
        cells = _cells_class()(
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
            for missing in range(number + 1, found):
                yield missing, []
            number = found
            width = max((cell["column"] for cell in row), default=0)
            budget.spend(1 + max(width, len(row)), number)
            texts = [""] * width
            for cell in row:
                texts[cell["column"] - 1] = _cell_text(cell["value"])
            yield number, texts


@functools.cache
def _cells_class() -> Any:
    """Return openpyxl's parser of a sheet, made to tell what a cell without a value holds."""
    from openpyxl.worksheet import _reader as reader  # noqa: PLC0415  see _open_workbook

    class Cells(reader.WorkSheetParser):  # type: ignore[misc]
        def rows(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
            """Give out the rows; nothing behind them is read."""
            for _event, element in reader.iterparse(self.source):
                if element.tag == reader.ROW_TAG:
                    yield self.parse_row(element)
                    element.clear()
                elif element.tag == reader.DATA_TAG:
                    return

        def parse_cell(self, element: Any) -> Any:
            cell = super().parse_cell(element)
            if cell["value"] is None:
                # A result that is an empty text is a result.
                empty = element.get("t") == "str"
                if not empty and element.find(reader.FORMULA_TAG) is not None:
                    cell["value"] = FORMULA
            elif cell["data_type"] == "e":
                cell["value"] = ERROR
            return cell

    return Cells


def _merged_ranges(sheet: Any) -> list[tuple[int, int, int, int]]:
    """Return (first row, last row, first column, last column) of the merged cells of a sheet.

    They stand behind its rows, so that the sheet is read once more, without its cells; where
    nothing is merged, which is most often, it is only searched.

    Raises:
        WorkbookTooLarge: There are more than we take.
    """
    from xml.parsers import expat  # noqa: PLC0415  seldom needed

    from openpyxl.utils import range_boundaries  # noqa: PLC0415  see _open_workbook

    found: list[tuple[int, int, int, int]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(" ")[2] != "mergeCell":
            return
        if len(found) == MOST_MERGED:
            raise WorkbookTooLarge(field="file", limit=f"{MOST_MERGED} merged cells")
        left, top, right, bottom = range_boundaries(attributes["ref"])
        found.append((top or 1, bottom or _MOST_ROWS, left or 1, right or MOST_COLUMNS))

    def no_declarations(*_given: Any) -> None:
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


def _holds(source: Any, word: bytes) -> bool:
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


def _open_workbook(file: BinaryIO, *, head: bool) -> Any:
    """Open a workbook; its head only, of which no more than some bytes are unpacked."""
    import openpyxl  # noqa: PLC0415  slow to import, seldom needed

    if not head:
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415  see above

    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.archive = _Head(file)
    reader.read_strings = lambda: _read_first_strings(reader)
    reader.read()
    return reader.wb


class _Head(zipfile.ZipFile):
    """A packed file of which only the first bytes are unpacked, counted over all its members."""

    left = _HEAD

    def open(self, *args: Any, **named: Any) -> Any:
        return _Counted(super().open(*args, **named), self)


class _Counted(io.RawIOBase):
    def __init__(self, member: Any, head: _Head) -> None:
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

    def __getitem__(self, place: Any) -> Any:
        if place >= len(self):
            raise HeadTooFar
        return super().__getitem__(place)


def _read_first_strings(reader: Any) -> None:
    from openpyxl.cell.text import Text  # noqa: PLC0415  see _open_workbook
    from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS  # noqa: PLC0415
    from openpyxl.xml.functions import iterparse  # noqa: PLC0415

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


def _cell_text(value: Any) -> str:
    """Return a cell as its reader would write it; a number keeps no more digits than it has."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Excel keeps fifteen digits: of a longer number the last ones are lost.
        return str(value) if abs(value) < 10**15 else f"{value:.14E}"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(value).replace("e", "E")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return " ".join(str(value).splitlines())


# --------------------------------------------------------------------------------------------------
# From lines to rows


class Rows:
    """The rows of a sheet from a position on.

    Attributes:
        offset: Bytes read so far; it stands at the end of a row whenever a row was given out.
        line: Lines read so far; each was part of a row, blank, or refused.
        blank: How many of them were blank.
    """

    def __init__(
        self,
        file: BinaryIO,
        delimiter: str = ",",
        *,
        width: int = 0,
        offset: int = 0,
        line: int = 0,
        blank: int = 0,
    ) -> None:
        self._file = file
        self._delimiter = delimiter
        self._width = width
        self.offset, self.line, self.blank = offset, line, blank
        file.seek(offset)

    def __iter__(self) -> Iterator[Record]:
        """Give out what stands in each line or lines; blank ones are only counted."""
        while (text := self._next()) is not None:
            first = self.line
            if isinstance(text, Refusal):
                yield Record(first, [], text)
                continue
            record = self._record(first, text)
            if record.refusal is None and not any(cell.strip() for cell in record.cells):
                self.blank += self.line - first + 1
                continue
            yield record

    def _next(self) -> str | Refusal | None:
        raw = self._file.readline(LONGEST_LINE)
        if not raw:
            return None
        begins = self.offset == 0
        self.line += 1
        self.offset += len(raw)
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            while (more := self._file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                self.offset += len(more)
            self.offset += len(more)
            return LineTooLong(limit=LONGEST_LINE)
        text = raw.decode("utf-8", "replace")
        return text.lstrip("\ufeff") if begins else text

    def _record(self, first: int, text: str) -> Record:
        cells = self._cells([text])
        if isinstance(cells, list):
            return Record(first, cells)
        if isinstance(cells, Refusal):
            return Record(first, [], cells)
        # A quote is open: the cell may go on in the next lines.
        offset, line = self.offset, self.line
        lines = [text]
        while len(lines) < LONGEST_RECORD_LINES:
            more = self._next()
            if not isinstance(more, str):
                break
            lines.append(more)
            cells = self._cells(lines)
            if cells is None:
                continue
            if isinstance(cells, list) and not self._swallows(cells, lines):
                return Record(first, cells)
            break
        # Nothing that follows belongs to it: the next line is read as a line of its own.
        self.offset, self.line = offset, line
        self._file.seek(offset)
        return Record(first, [], QuoteOpen())

    def _swallows(self, cells: list[str], lines: Sequence[str]) -> bool:
        """Tell whether rows of the table stand within a cell."""
        if self._width and len(cells) != self._width:
            return True
        if self._width < _NARROW:
            return False
        # What of each further line lies within the quotes: the last one's up to the closing quote.
        inner = [*lines[1:-1], lines[-1].partition('"')[0]]
        return any(one.count(self._delimiter) >= self._width - 1 for one in inner)

    def _cells(self, lines: Sequence[str]) -> list[str] | Refusal | None:
        """Return the cells of a row, None while a quote is open, or what is wrong."""
        reader = csv.reader(iter(lines), delimiter=self._delimiter, strict=True)
        try:
            return next(reader)
        except StopIteration:
            return []
        except csv.Error as error:
            if "end of data" in str(error):
                return None
            too_long = "field larger" in str(error)
            return LineTooLong(limit=csv.field_size_limit()) if too_long else QuoteWrong()


def mark_of(cell: str) -> str | None:
    """Return the mark of a cell that holds nothing to be read; None when it holds a text."""
    if cell in MARKS:
        return cell
    return ERROR if _ERRORS.fullmatch(cell.strip()) else None


def visible(name: str) -> str:
    """Return a heading as a person can read it, with the numbers of characters nobody sees."""
    shown = "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in name.strip(" "))
    return shown[:40] or "<空>"


__all__ = [
    "DELIMITERS",
    "ERROR",
    "FORMULA",
    "MARKS",
    "MERGED",
    "MOST_COLUMNS",
    "HeadTooFar",
    "Record",
    "Rows",
    "Sheet",
    "TooManyColumns",
    "mark_of",
    "open_sheet",
    "visible",
]
