"""Tables as people send them: CSV in the encodings of this country, and XLSX. Strict.

Whatever comes becomes lines of UTF-8 with numbers that the sender finds again in the file. Every
line is read, blank, or refused with its number; none is passed over. A quote that is not closed
refuses the line where it opens and not what follows it. A cell of a workbook in which nobody can
read what its sender sees carries a mark instead of a text (`FORMULA`, `MERGED`, `ERROR`).
"""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal

from fivered.chassis.cells import ERROR, MARKS
from fivered.chassis.refusal import Refusal

LONGEST_LINE = 256 * 1024
LONGEST_RECORD_LINES = 50
_PART = 1024 * 1024
# In a narrower table a sentence with commas looks like a row.
_NARROW = 4
DELIMITERS = (",", ";", "\t")

_HIGH = re.compile("[\u0800-\U0010ffff]")
Form = Literal["csv", "xlsx"]

# How spreadsheets write an error, in files of text as well.
_ERRORS = re.compile(r"#(REF|VALUE|DIV/0|NULL|NUM|SPILL|CALC)!|#N/A|#NAME\?|Err:[0-9]{3}")


class FileUnreadable(Refusal):
    """The file is in no encoding that we know."""

    text = (
        "第 {line} 行既不是 UTF-8 也不是 GB18030 编码,请另存为“CSV UTF-8”"
        " / Line {line} is neither UTF-8 nor GB18030; save the file as CSV UTF-8"
    )


class OldWorkbook(Refusal):
    """An .xls file of before 2007."""

    text = (
        "这是旧版 .xls 文件,请另存为 .xlsx 或“CSV UTF-8”"
        " / This is an old .xls file; save it as .xlsx or as CSV UTF-8"
    )


class LineTooLong(Refusal):
    """No row of ours is so long: a line end is missing."""

    text = "本行超过 {limit} 字节 / This line is longer than {limit} bytes"


class QuoteOpen(Refusal):
    """A quote opens a cell in this line and nothing closes it where it belongs."""

    text = (
        "本行有引号未闭合,或引号内混入了整行数据"
        " / A quote in this line is not closed, or whole rows stand within it"
    )


class QuoteWrong(Refusal):
    """A quoted cell goes on behind its closing quote."""

    text = (
        "本行引号使用不当:单元格内的引号须写两次"
        " / Quotes in this line are wrong: a quote within a cell is written twice"
    )


class BreakInLine(Refusal):
    """A line of a file whose lines end otherwise holds a carriage return outside quotes."""

    text = (
        "本行中间有单独的回车符,文件的换行方式不统一,请另存后重新上传"
        " / A carriage return stands within this line: the file's lines end in more than one way;"
        " save it anew"
    )


class TooManyColumns(Refusal):
    """No table of ours is so wide."""

    text = "列数超过 {limit} / There are more than {limit} columns"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as lines of UTF-8.

    Attributes:
        file: The lines; their numbers are those of the sender's file or sheet.
        form: What was sent.
        encoding: In what it was written, for CSV.
        name: Of a workbook, the sheet that is read: the first that is not hidden.
        unread: Its other sheets that hold something.
    """

    file: BinaryIO
    form: Form
    encoding: str
    name: str = ""
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
            from fivered.chassis.workbooks import write_workbook  # noqa: PLC0415  see there

            name, unread = write_workbook(file, lines, most_lines)
            lines.seek(0)
            yield Sheet(lines, "xlsx", "", name, unread)
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
        # Of a line of these nothing need be parsed; files have a million of them at their ends.
        self._empty = f" \t\r\n{delimiter}"
        self.offset, self.line, self.blank = offset, line, blank
        file.seek(offset)

    def __iter__(self) -> Iterator[Record]:
        """Give out what stands in each line or lines; blank ones are only counted."""
        while (text := self._next()) is not None:
            first = self.line
            if isinstance(text, Refusal):
                yield Record(first, [], text)
                continue
            if not text.strip(self._empty):
                self.blank += 1
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
            if "field larger" in str(error):
                return LineTooLong(limit=csv.field_size_limit())
            return BreakInLine() if "new-line character" in str(error) else QuoteWrong()


def mark_of(cell: str) -> str | None:
    """Return the mark of a cell that holds nothing to be read; None when it holds a text."""
    if cell in MARKS:
        return cell
    return ERROR if _ERRORS.fullmatch(cell.strip()) else None
