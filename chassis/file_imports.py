"""Importing CSV files: what a service takes, and the job that reads a file into it.

A service lists its `Importer`s and inherits `Imports`; the rest is here: the check of the header
when a file arrives, the job that takes it in batches, its progress, the errors by line and column,
the dry run, and going on after a crash. A file's rows carry ids chosen by its author, so that
the same file may be imported again: what is there already is counted as unchanged.

An error never repeats what stood in a cell: files hold names and numbers of people, and the results
of jobs are read by more eyes than the file.
"""

from __future__ import annotations

import itertools
import logging
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from typing import BinaryIO, ClassVar, NoReturn, TypedDict

from fivered.chassis import database_errors
from fivered.chassis.blobs import Blobs
from fivered.chassis.bus import Nothing, command, job, query
from fivered.chassis.cards import JobState
from fivered.chassis.cells import MOST_COLUMNS, HeadTooFar, plain, visible
from fivered.chassis.checks import check_role
from fivered.chassis.columns import Cell, Column
from fivered.chassis.files import Files
from fivered.chassis.i18n import texts
from fivered.chassis.importers import (
    ROLES,
    Importer,
    ImporterCard,
    Outcome,
    Row,
    given,
    known_by,
    one_by_one,
)
from fivered.chassis.jobs import UPLOAD, Cancelled, Job, Params
from fivered.chassis.messages import Actor
from fivered.chassis.migrate import package_of
from fivered.chassis.refusal import NotFound, Refusal, all_told
from fivered.chassis.requests import Request
from fivered.chassis.sheets import (
    DELIMITERS,
    Record,
    Rows,
    Sheet,
    TooManyColumns,
    open_sheet,
)
from fivered.chassis.text import (
    AREA,
    COMMUNITY,
    GRID,
    STREET_OR_COMMUNITY,
    fold,
    personal_number,
    tidy,
)
from fivered.chassis.transaction import Tx

log = logging.getLogger("fivered.imports")

JOB = "import"

_LEAST_REPEATED = 2
_KEPT_ERRORS = 1000
# Titles that people write above the headings.
_TITLE_LINES = 5
# Headings of columns in which people write to each other; nothing is read there.
_REMARKS = {"备注", "说明", "remark", "remarks", "note", "notes"}
# Codes of areas are no personal data: a refusal may repeat them.
_PLACES = {AREA, COMMUNITY, GRID, STREET_OR_COMMUNITY}
# How often a batch looks for facts of other services that are still on their way.
_PAUSE_S = 0.25

# --------------------------------------------------------------------------------------------------
# Refusals of files and rows


class HeaderUnreadable(Refusal):
    """There is no row of headings."""

    text = "文件开头没有可读的表头 / The file does not begin with a row of headings"


class HeaderWrong(Refusal):
    """Columns are missing, unknown or doubled."""

    text = (
        "表头不符:缺少 {missing};未知 {unknown};重复 {doubled};应为 {expected}"
        " / Wrong header: missing {missing}; unknown {unknown}; doubled {doubled}; expected "
        "{expected}"
    )


class CellCount(Refusal):
    """A row has more or fewer cells than the header."""

    text = (
        "本行有 {found} 列,表头有 {expected} 列"
        " / This row has {found} cells, the header has {expected}"
    )


class RowFault(Refusal):
    """The system failed at this row; the logs say why."""

    status = 500
    text = "系统处理本行时出错,已记入日志 / The system failed at this row; the logs say why"


# --------------------------------------------------------------------------------------------------
# Reading


# So many different cells of a column are kept.
_KEPT_CELLS = 4096


class _Cells:
    """Reads the cells of a file. They repeat: its grids, buildings and rooms, true and false."""

    def __init__(self) -> None:
        self._read: dict[str, dict[str, Cell]] = {}

    def read(self, column: Column, cell: str) -> Cell:
        """Read a cell.

        Raises:
            Refusal: It does not hold what is expected.
        """
        known = self._read.setdefault(column.name, {})
        if cell in known:
            return known[cell]
        value = column.read(cell)
        # A list would be the same one in many rows.
        if column.kind != "list":
            if len(known) >= _KEPT_CELLS:
                known.clear()
            known[cell] = value
        return value


@dataclass(frozen=True, slots=True)
class Header:
    """Where the headings stand, and which column of ours each of them is.

    Attributes:
        names: By position: the column's name, or "" where nothing is read.
        width: Cells in the row of headings, empty ones at its end included.
        line: Number of its line.
        offset: Where the row behind it begins.
        delimiter: What parts the cells.
        ignored: Headings of remarks, which are not read.
        cells: Reads what stands below them.
    """

    names: list[str]
    width: int
    line: int
    offset: int
    delimiter: str
    ignored: list[str]
    cells: _Cells = field(default_factory=_Cells)


def read_header(file: BinaryIO, importer: Importer) -> Header:
    """Find the headings among the first lines: by name in any case, or by their Chinese words.

    Raises:
        HeaderUnreadable: There is none.
        HeaderWrong: Columns are missing, unknown or doubled.
        TooManyColumns: It has more than any table of ours.
    """
    best: tuple[int, Rows, list[str], str] | None = None
    known = _spellings(importer)
    for delimiter in DELIMITERS:
        rows = Rows(file, delimiter)
        for record in itertools.islice(rows, _TITLE_LINES):
            if len(record.cells) > MOST_COLUMNS:
                raise TooManyColumns(field="header", limit=MOST_COLUMNS)
            hits = sum(fold(cell) in known for cell in record.cells)
            if best is None or hits > best[0]:
                place = Rows(file, delimiter, offset=rows.offset, line=rows.line)
                best = hits, place, record.cells, delimiter
    if best is None:
        raise HeaderUnreadable(field="header")
    hits, place, cells, delimiter = best
    if not hits:
        place, cells, delimiter = _first_line(file)
    cells = [plain(cell) for cell in cells]
    width = len(cells)
    while cells and not tidy(cells[-1]):
        cells.pop()  # a spreadsheet's empty columns at the end
    names = [known.get(fold(cell), "") for cell in cells]
    unread = [cell for cell, name in zip(cells, names, strict=True) if not name]
    ignored = [visible(cell) for cell in unread if fold(cell) in _REMARKS]
    unknown = [visible(cell) for cell in unread if fold(cell) not in _REMARKS]
    counts = Counter(name for name in names if name)
    missing = [one.name for one in importer.columns if one.required and one.name not in counts]
    doubled = sorted(name for name, count in counts.items() if count > 1)
    if missing or unknown or doubled:
        raise HeaderWrong(
            field="header",
            missing=", ".join(missing) or "—",
            unknown=", ".join(unknown[:20]) or "—",
            doubled=", ".join(doubled) or "—",
            expected=",".join(column.name for column in importer.columns),
        )
    return Header(names, width, place.line, place.offset, delimiter, ignored)


def _first_line(file: BinaryIO) -> tuple[Rows, list[str], str]:
    rows = Rows(file)
    record = next(iter(rows), None)
    if record is None or record.refusal is not None:
        raise HeaderUnreadable(field="header")
    return rows, record.cells, ","


def _spellings(importer: Importer) -> dict[str, str]:
    """Return how each column may be called: by its name, or by the Chinese word of its meaning."""
    words = {column.name: fold(column.word) for column in importer.columns}
    times = Counter(words.values())
    found = {word: name for name, word in words.items() if word and times[word] == 1}
    return found | {fold(column.name): column.name for column in importer.columns}


@dataclass(slots=True)
class _Line:
    """One row on its way: the texts of its cells, and what is wrong with them."""

    number: int
    cells: list[str]
    start: int = 0
    row: Row = field(default_factory=dict)
    refusal: Refusal | None = None
    given: dict[str, str] = field(default_factory=dict)


def _read_line(record: Record, header: Header, importer: Importer) -> _Line:
    cells = [plain(cell) for cell in record.cells]
    found = _Line(record.line, cells, refusal=record.refusal)
    if found.refusal is not None:
        return found
    if len(cells) != header.width or any(cell.strip() for cell in cells[len(header.names) :]):
        found.refusal = CellCount(found=len(cells), expected=header.width)
        return found
    found.given = dict(zip(header.names, cells, strict=False))
    stood = dict(zip(header.names, record.cells, strict=False))
    wrong: list[Refusal] = []
    for column in importer.columns:
        try:
            found.row[column.name] = header.cells.read(column, stood.get(column.name, ""))
        except Refusal as refusal:
            wrong.append(refusal)
    if wrong:
        found.refusal = all_told(wrong)
    return found


# --------------------------------------------------------------------------------------------------
# The job


class RowError(TypedDict):
    """Why a row was refused: the column and what it should hold, where one is at fault."""

    line: int
    column: str
    code: str
    message_zh: str
    message_en: str
    expected_zh: str
    expected_en: str


class Imported(TypedDict):
    """What became of a file; its lines add up to those of the file."""

    kind: str
    dry_run: bool
    form: str
    encoding: str
    delimiter: str
    ignored: list[str]
    sheet: str
    unread_sheets: list[str]
    lines: int
    header_line: int
    blank_lines: int
    rows: int
    created: int
    unchanged: int
    refused: int
    errors: list[RowError]


@dataclass(slots=True)
class Tally:
    """How far a file is; saved with each batch, so that a resumed job goes on from there.

    A file whose rows refer to each other is read once per tier; `deeper` is the next one of which
    it has rows.
    """

    offset: int = 0
    line: int = 0
    blank: int = 0
    rows: int = 0
    created: int = 0
    unchanged: int = 0
    refused: int = 0
    total: int = 0
    patient: bool = True
    errors: list[RowError] = field(default_factory=list)
    tier: int = 0
    deeper: int = 0

    def saved(self) -> Params:
        """Return what is kept; tiers only where there are any: a release before knows none."""
        tiers = {"tier", "deeper"}
        found: Params = {one.name: getattr(self, one.name) for one in fields(self)}
        found["errors"] = list(self.errors)  # Each is written once and never changed.
        return {name: one for name, one in found.items() if one or name not in tiers}

    def is_due(self, line: _Line, importer: Importer) -> bool:
        """Tell whether a row is taken in this tier, and note the next tier."""
        tier = importer.tier(line.row) if line.refusal is None else 0
        if tier > self.tier:
            self.deeper = min(tier, self.deeper or tier)
        return tier == self.tier

    def count(self, line: _Line, outcome: Outcome, importer: Importer, package: str) -> None:
        """Count what became of a row."""
        if outcome == "created":
            self.created += 1
        elif outcome == "unchanged":
            self.unchanged += 1
        else:
            self.refused += 1
            for one in outcome.parts or (outcome,):
                if len(self.errors) < _KEPT_ERRORS:
                    self.errors.append(error_of(line, one, importer, package))

    def result(
        self, importer: Importer, sheet: Sheet, header: Header, *, dry_run: bool
    ) -> Imported:
        """Return what the job answers; its lines add up to those of the file."""
        return {
            "kind": importer.kind,
            "dry_run": dry_run,
            "form": sheet.form,
            "encoding": sheet.encoding,
            "delimiter": header.delimiter,
            "ignored": header.ignored,
            "sheet": sheet.name,
            "unread_sheets": list(sheet.unread),
            "lines": self.line,
            "header_line": header.line,
            "blank_lines": self.blank,
            "rows": self.rows,
            "created": self.created,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "errors": sorted(self.errors, key=lambda error: error["line"]),
        }


def error_of(line: _Line, refusal: Refusal, importer: Importer, package: str) -> RowError:
    """Return a refused row as {line, column, code, what is wrong, what was expected}."""
    name = re.split(r"[.\[]", refusal.field)[0]
    column = next((one for one in importer.columns if one.name == name), None)
    chinese, in_english = dict(refusal.params), {}
    for place, value in refusal.params.items():
        hidden = _column_of(value, line, importer)
        if hidden is not None:
            blank = " " * str(value).startswith(" ")
            chinese[place] = f"{blank}〔{hidden.word}〕"
            in_english[place] = f"{blank}[{hidden.name}]"
            if not refusal.field and hidden.name:
                # It names no field, and a cell: that one is meant.
                column = column or hidden
    expected_zh, expected_en = column.expected() if column is not None else ("", "")
    said = texts(refusal, package, chinese, in_english)
    return {
        "line": line.number,
        "column": column.name if column is not None else "",
        "code": refusal.guard or refusal.code,
        "message_zh": said["message_zh"],
        "message_en": said["message_en"],
        "expected_zh": expected_zh,
        "expected_en": expected_en,
    }


_DAYS = {"date", "instant"}
_A_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+([+-][0-9:]+|Z)?)?")
_A_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# A shorter cell of letters and digits stands by chance within a longer code.
_SHORT = 6


def _column_of(value: object, line: _Line, importer: Importer) -> Column | None:
    """Return the column whose cell a value of a refusal repeats; None where it repeats none, or
    what may be repeated."""
    text = str(value).strip()
    if isinstance(value, int) or len(text) < _LEAST_REPEATED:
        return None
    found = None
    for column in importer.columns:
        cell = line.given.get(column.name, "").strip()
        if not (_stands_in(text, cell) or _stands_in(cell, text)):
            continue
        places = line.row.get(column.name) if column.pattern in _PLACES else None
        if text == places or (isinstance(places, list) and text in places):
            return None
        harmless = _A_CODE if column.repeated else _A_DAY if column.kind in _DAYS else None
        if harmless and harmless.fullmatch(text) and personal_number(text) is None:
            return None
        found = found or column
    if found is None and any(_stands_in(cell.strip(), text) for cell in line.cells):
        # What stands in a column that is not read.
        return Column("", "", "")
    return found


def _stands_in(part: str, whole: str) -> bool:
    """Tell whether a text repeats another one; `10` within a code of digits repeats nothing."""
    if len(part) < _LEAST_REPEATED or part not in whole:
        return False
    if len(part) >= _SHORT or not (part.isascii() and part.isalnum()):
        return True
    return re.search(rf"(?<![A-Za-z0-9]){part}(?![A-Za-z0-9])", whole) is not None


class _Undone(Exception):
    """A batch that was only tried is rolled back by this."""


def _undo() -> NoReturn:
    raise _Undone


class _NotYet(Exception):
    """A batch waits for facts of other services; nothing of it has happened."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        super().__init__(f"{waiting} rows wait")


class _Import:
    """One file being imported."""

    def __init__(self, running: Job, importer: Importer) -> None:
        self.running = running
        self.importer = importer
        self.actor = Actor(**running.params["actor"])
        self.dry_run = bool(running.params["dry_run"])
        self.patience_s = running.runtime.process.import_patience_s
        self.package = package_of(running.runtime.service_cls)
        # A dry run that was stopped begins anew: what it had tried is not kept.
        going_on = running.saved if not self.dry_run else None
        self.tally = Tally(**going_on) if going_on else Tally()
        self.tried: _Tried | None = None

    def run(self, file: BinaryIO) -> Imported:
        with open_sheet(file) as sheet:
            return self._run(sheet)

    def _run(self, sheet: Sheet) -> Imported:
        header = read_header(sheet.file, self.importer)
        if not self.tally.offset:
            self.tally.total = _count_lines(sheet.file) - header.line
            self.tally.offset, self.tally.line = header.offset, header.line
        tried: AbstractContextManager[_Tried | None] = nullcontext()
        if self.dry_run:
            tried = closing(_Tried(sheet.file, header, self.importer))
        try:
            with tried as self.tried:
                self._take_tier(sheet.file, header)
                while self.tally.deeper:
                    self.tally.offset, self.tally.line = header.offset, header.line
                    self.tally.blank = 0
                    self.tally.tier, self.tally.deeper = self.tally.deeper, 0
                    self._take_tier(sheet.file, header)
        except Cancelled as cancelled:
            # What was taken stays taken; the person who stopped it is told how far it came.
            cancelled.result = self._result(sheet, header)
            raise
        return self._result(sheet, header)

    def _result(self, sheet: Sheet, header: Header) -> Imported:
        return self.tally.result(self.importer, sheet, header, dry_run=self.dry_run)

    def _take_tier(self, file: BinaryIO, header: Header) -> None:
        """Read the rest of the file, and take what is due."""
        rows = Rows(
            file,
            header.delimiter,
            width=header.width,
            offset=self.tally.offset,
            line=self.tally.line,
            blank=self.tally.blank,
        )
        batch: list[_Line] = []
        start = rows.offset
        for record in rows:
            line = _read_line(record, header, self.importer)
            # Blank lines may stand between start and the row; they are passed over again.
            line.start, start = start, rows.offset
            if not self.tally.is_due(line, self.importer):
                continue
            batch.append(line)
            if len(batch) == self.importer.batch:
                self._store(batch, rows)
                batch = []
        if not self.tally.deeper:
            self.tally.total = self.tally.rows + len(batch)
        self._store(batch, rows)

    def _store(self, batch: list[_Line], rows: Rows) -> None:
        """Take a batch in one step; wait where facts of another service are still to come."""
        waited_since = time.monotonic()
        waiting = len(batch) + 1
        while True:
            try:
                self._step(batch, rows)
            except _NotYet as not_yet:
                if not_yet.waiting < waiting:
                    waiting, waited_since = not_yet.waiting, time.monotonic()
                elif time.monotonic() - waited_since > self.patience_s:
                    # What has not come by now will not come for the rest of the file either.
                    self.tally.patient = False
                time.sleep(_PAUSE_S)
            else:
                return

    def _step(self, batch: list[_Line], rows: Rows) -> None:
        after = replace(self.tally, errors=list(self.tally.errors))
        after.offset, after.line, after.blank = rows.offset, rows.line, rows.blank
        after.rows += len(batch)
        saved: Params = {}
        created: list[_Line] = []
        with self.running.step(done=after.rows, total=after.total, saved=saved) as tx:
            tx.actor = replace(self.actor, id=self.running.requested_by)
            good = [line for line in batch if line.refusal is None]
            outcomes = iter(self._take(tx, [line.row for line in good]) if good else ())
            waiting = 0
            for line in batch:
                outcome: Outcome = line.refusal if line.refusal is not None else next(outcomes)
                waiting += isinstance(outcome, self.importer.awaits)
                after.count(line, outcome, self.importer, self.package)
                if outcome == "created":
                    created.append(line)
            if waiting and self.tally.patient:
                raise _NotYet(waiting)
            saved.update(after.saved())
        self.tally = after
        if self.tried is not None:
            self.tried.add(created)

    def _take(self, tx: Tx, rows: list[Row]) -> list[Outcome]:
        """Have a batch written; in a dry run behind the rows that it meets, and undone."""
        if self.tried is None:
            return self._write(tx, rows)
        outcomes: list[Outcome] = []
        with suppress(_Undone), tx.part():
            for before in self.tried.before(rows):
                self._write(tx, before)
            outcomes = self._write(tx, rows)
            _undo()
        return outcomes

    def _write(self, tx: Tx, rows: list[Row]) -> list[Outcome]:
        """Have rows written. One row at which the system fails does not stop the others."""
        try:
            with tx.part():
                return list(self.importer.take(tx, rows))
        except Exception as error:
            if database_errors.is_outage(error):
                raise
            if len(rows) == 1:
                log.exception("import_row_fault", extra={"job_id": self.running.job_id})
                return [RowFault()]
            half = len(rows) // 2
            return self._write(tx, rows[:half]) + self._write(tx, rows[half:])


class _Tried:
    """Where the rows stand that a dry run would have created, by their keys.

    A dry run undoes every batch. It has each one told by the same `take` as the run, behind those
    rows of earlier batches whose keys it shares, so that both say the same of every row.

    Only digests of the keys are kept, in a file without a name that ends with the job: some 20
    bytes per key and no cell. Two keys with one digest cost a row that is tried in vain. What is
    tried once more is not bounded but by how many created rows share a key; and a row that was
    unchanged is taken to have changed nothing by which another one is judged.
    """

    def __init__(self, file: BinaryIO, header: Header, importer: Importer) -> None:
        self._file, self._header, self._importer = file, header, importer
        self._places = sqlite3.connect("")
        self._places.execute("PRAGMA journal_mode = OFF")
        self._places.execute(
            "CREATE TABLE places (key INTEGER, start INTEGER, PRIMARY KEY (key, start))"
            " WITHOUT ROWID"
        )

    def close(self) -> None:
        self._places.close()

    def add(self, lines: Iterable[_Line]) -> None:
        """Keep where rows stand that were created."""
        self._places.executemany(
            "INSERT OR IGNORE INTO places VALUES (?, ?)",
            (
                (hash(key), line.start)
                for line in lines
                for key in self._importer.keys(line.row)
                if key
            ),
        )

    def before(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Give out the created rows that these meet, in the order in which they are taken."""
        take = self._importer
        met = {key for row in rows for key in (*take.keys(row), *take.above(row)) if key}
        asked = "SELECT start FROM places WHERE key = ?"
        starts = {start for key in met for (start,) in self._places.execute(asked, (hash(key),))}
        place = self._file.tell()
        try:
            found = sorted(map(self._at, sorted(starts)), key=take.tier)
        finally:
            self._file.seek(place)
        for first in range(0, len(found), take.batch):
            yield found[first : first + take.batch]

    def _at(self, start: int) -> Row:
        header = self._header
        rows = Rows(self._file, header.delimiter, width=header.width, offset=start)
        return _read_line(next(iter(rows)), header, self._importer).row


def _count_lines(file: BinaryIO) -> int:
    file.seek(0)
    lines, last = 0, b"\n"
    while part := file.read(1 << 20):
        lines += part.count(b"\n")
        last = part[-1:]
    return lines + (last != b"\n")


# --------------------------------------------------------------------------------------------------
# The doors


class StartImport(Request, frozen=True):
    """A file that has been received.

    Attributes:
        kind: Which kind of file it is.
        sha256: Its name among the installation's files (`blobs`): its digest, and whose it is.
        dry_run: Whether everything is only checked.
    """

    kind: str
    sha256: str
    dry_run: bool = False


class WhichImporter(Request, frozen=True):
    """Which kind of file is meant."""

    kind: str


class ImporterCards(TypedDict):
    """Which files are taken."""

    items: list[ImporterCard]
    next: str | None


class ImportStarted(JobState):
    """The job that takes the file; GET /v1/<service>/jobs/{id} shows how far it is.

    Its result is {form, encoding, delimiter, lines, header_line, blank_lines, ignored, sheet,
    unread_sheets, rows, created, unchanged, refused, errors: [{line, column, code, message_zh,
    message_en, expected_zh, expected_en}]}; every line of the file is the header or above it,
    blank, or part of a row. Of a workbook the first sheet that is not hidden is read, which `sheet`
    names; `unread_sheets` names the others that hold something.
    """

    kind: str
    dry_run: bool


class Imports(Files):
    """Gives a service the doors by which tables come in, and those of the files of its things.

    Attributes:
        importers: The kinds of files that it takes.
    """

    importers: ClassVar[tuple[Importer, ...]] = ()

    @query(roles=ROLES, http="GET /imports")
    def _importers(self, tx: Tx, _body: Nothing) -> ImporterCards:
        """可导入的文件种类与各列 / Files that are taken, and their columns."""
        today = tx.calendar.local_date(tx.now)
        return {"items": [one.describe(today) for one in self.importers], "next": None}

    @query(roles=ROLES, http="GET /imports/{kind}")
    def _importer(self, tx: Tx, body: WhichImporter) -> ImporterCard:
        """一种导入文件的各列与模板 / Columns and template of one kind of file."""
        return importer_of(self, body.kind).describe(tx.calendar.local_date(tx.now))

    @command(roles=ROLES, http="POST /imports/{kind}", status=202)
    def _start_import(self, tx: Tx, order: StartImport) -> ImportStarted:
        """导入 CSV 或 .xlsx 文件(后台任务)/ Import a CSV or .xlsx file, as a job.

        正文为 CSV(UTF-8 或 GB18030)或 .xlsx,亦可用表单上传;行可重复导入,内容相同计为 unchanged。
        The body is CSV in UTF-8 or GB18030, .xlsx, or a form with one file; rows may be imported
        again, the same content counts as unchanged.
        """
        importer = importer_of(self, order.kind)
        check_role(importer.roles, tx.actor)
        blobs = Blobs(tx.runtime.process.blobs)
        # What would take long to read is the job's: it refuses in the same words.
        with (
            suppress(HeadTooFar),
            blobs.open(order.sha256) as file,
            open_sheet(file, most_lines=_TITLE_LINES) as beginning,
        ):
            read_header(beginning.file, importer)
        params = {
            "kind": order.kind,
            UPLOAD: order.sha256,
            "dry_run": order.dry_run,
            # The address stands in the audit, and is kept nowhere else.
            "actor": asdict(replace(tx.actor, address="")),
        }
        job_id = tx.start_job(JOB, params)
        return {"id": job_id, "state": "QUEUED", "kind": order.kind, "dry_run": order.dry_run}

    @job(JOB)
    def _run_import(self, running: Job) -> Imported:
        """Import a file, batch by batch."""
        importer = importer_of(self, running.params["kind"])
        with Blobs(running.runtime.process.blobs).open(running.params[UPLOAD]) as file:
            return _Import(running, importer).run(file)


def importer_of(service: Imports, kind: str) -> Importer:
    """Return a service's importer.

    Raises:
        NotFound: It takes no such files.
    """
    for one in service.importers:
        if one.kind == kind:
            return one
    raise NotFound(kind="import", id=kind[:40])


__all__ = ["ROLES", "Importer", "Imports", "Outcome", "Row", "given", "known_by", "one_by_one"]
