"""Importing CSV files: what a service takes, and the job that reads a file into it.

A service lists its `Importer`s and inherits `Imports`; the rest is here: the check of the header
when a file arrives, the job that takes it in batches, its progress, the errors by line and column,
the dry run, and going on after a crash. A file's rows carry ids chosen by whoever made it, so that
the same file may be imported again: what is there already is counted as unchanged.

An error never repeats what stood in a cell: files hold names and numbers of people, and the results
of jobs are read by more eyes than the file.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any, BinaryIO, ClassVar, Literal, NoReturn

from chassis import storage as store
from chassis.blobs import Blobs
from chassis.bus import Actor, Nothing, Tx, check_role, command, job, query
from chassis.calendar import SHANGHAI
from chassis.i18n import english
from chassis.jobs import Job
from chassis.refusal import NotFound, Refusal, fill

log = logging.getLogger("fivered.imports")

ROLES = ("R_DISTRICT", "R_STREET")
JOB = "import"

_BATCH = 500
_KEPT_ERRORS = 1000
_LONGEST_LINE = 256 * 1024
_ABANDONED_S = 24 * 3600
# How long a batch waits for facts of other services that are still on their way.
_PATIENCE_S = 20.0
_PAUSE_S = 0.25

Row = dict[str, Any]
Outcome = Literal["created", "unchanged"] | Refusal
Kind = Literal["text", "integer", "yes_no", "date", "instant", "list"]

_YES = {"true", "1", "yes", "y", "是"}
_NO = {"false", "0", "no", "n", "否"}


# --------------------------------------------------------------------------------------------------
# What a service takes


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes:
        name: As it stands in the header.
        meaning: "中文 / English", for the template's description.
        example: A value that is taken.
        kind: How a cell is read. A list is parted by "|".
        required: Whether the cell may be empty.
        pattern: What the whole text (each part of a list) must match.
        choices: The texts that are taken; any when empty.
        low: Least number.
        high: Greatest number.
        longest: Most characters of a text.
    """

    name: str
    meaning: str
    example: str
    kind: Kind = "text"
    required: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    longest: int = 200

    def expected(self) -> tuple[str, str]:
        """Return what the cell must hold, in Chinese and in English."""
        zh, en = {
            "text": (f"最多 {self.longest} 字的文本", f"text of at most {self.longest} characters"),
            "integer": ("整数", "a whole number"),
            "yes_no": ("true 或 false", "true or false"),
            "date": ("日期,如 2025-01-31", "a date such as 2025-01-31"),
            "instant": (
                "时间,如 2025-01-31T09:00:00+08:00",
                "a time such as 2025-01-31T09:00:00+08:00",
            ),
            "list": ("以 | 分隔的列表", "a list parted by |"),
        }[self.kind]
        if self.choices:
            zh, en = f"{' / '.join(self.choices)} 之一", f"one of {', '.join(self.choices)}"
        if self.kind == "integer" and (self.low is not None or self.high is not None):
            low = "" if self.low is None else f" ≥ {self.low}"
            high = "" if self.high is None else f" ≤ {self.high}"
            zh, en = f"整数{low}{high}", f"a whole number{low}{high}"
        if self.pattern:
            zh, en = f"符合 {self.pattern}", f"text that matches {self.pattern}"
        if self.example and (self.pattern or self.kind == "list"):
            zh, en = f"{zh},如 {self.example}", f"{en}, such as {self.example}"
        return zh, en

    def read(self, cell: str) -> Any:
        """Read a cell; an empty one is None.

        Raises:
            BadCell: It does not hold what is expected.
        """
        text = cell.strip()
        if not text:
            if self.required:
                raise CellMissing(field=self.name)
            return None
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise CellNotUtf8(field=self.name)
        if "\0" in text:
            # SQLite would keep it, PostgreSQL fault at it.
            raise BadCell(field=self.name)
        try:
            value = self._value(text)
        except ValueError:
            raise BadCell(field=self.name) from None
        parts = value if self.kind == "list" else [text]
        if self.choices and not set(parts) <= set(self.choices):
            raise BadCell(field=self.name)
        if self.pattern and not all(re.fullmatch(self.pattern, part) for part in parts):
            raise BadCell(field=self.name)
        return value

    def _value(self, text: str) -> Any:
        if self.kind == "integer":
            if not re.fullmatch(r"-?[0-9]{1,15}", text):
                raise ValueError
            number = int(text)
            if (self.low is not None and number < self.low) or (
                self.high is not None and number > self.high
            ):
                raise ValueError
            return number
        if self.kind == "yes_no":
            if text.lower() in _YES:
                return True
            if text.lower() in _NO:
                return False
            raise ValueError
        if self.kind == "date":
            return date.fromisoformat(text)
        if self.kind == "instant":
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
        if self.kind == "list":
            return [part.strip() for part in text.split("|") if part.strip()]
        if len(text) > self.longest:
            raise ValueError
        return text


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of file that a service takes.

    Attributes:
        kind: Its name in the address.
        title: "中文 / English".
        columns: What stands in it; their order in the file is free.
        take: Writes a batch and says what the commands would say; returns one outcome per row. A
            refused row has left nothing behind. The transaction acts as whoever sent the file.
        batch: Rows per transaction.
        awaits: Refusals that may be cured by facts which are still on their way from another
            service; a batch with such rows is tried again for a while.
        roles: Who may send such a file.
    """

    kind: str
    title: str
    columns: tuple[Column, ...]
    take: Callable[[Tx, Sequence[Row]], Sequence[Outcome]]
    batch: int = _BATCH
    awaits: tuple[type[Refusal], ...] = ()
    roles: tuple[str, ...] = ROLES

    def describe(self) -> dict[str, Any]:
        """Return what the file must hold, for people and programs."""
        columns = []
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
                    "example": column.example,
                }
            )
        return {
            "kind": self.kind,
            "title": self.title,
            "roles": list(self.roles),
            "columns": columns,
            "template": self.template(),
        }

    def template(self) -> str:
        """Return a file with the header and one example row."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([column.name for column in self.columns])
        writer.writerow([column.example for column in self.columns])
        return out.getvalue()


def one_by_one(
    known: Callable[[Tx, Sequence[Row]], set[str]],
    key: str,
    act: Callable[[Tx, Row], Any],
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


# --------------------------------------------------------------------------------------------------
# Refusals of files and rows


class HeaderUnreadable(Refusal):
    """The file is no CSV in UTF-8."""

    code = "HEADER_UNREADABLE"
    text = "文件首行无法读取:应为 UTF-8 编码的 CSV(Excel 请另存为“CSV UTF-8”)"


class HeaderWrong(Refusal):
    """Columns are missing, unknown or doubled."""

    code = "HEADER_WRONG"
    text = "表头不符:缺少 {missing};未知 {unknown};重复 {doubled};应为 {expected}"


class BadCell(Refusal):
    """A cell does not hold what is expected."""

    code = "BAD_CELL"
    text = "内容不符合要求"


class CellMissing(BadCell):
    """A required cell is empty."""

    code = "CELL_MISSING"
    text = "必填项为空"


class CellNotUtf8(BadCell):
    """A cell holds bytes that are no text."""

    code = "CELL_NOT_UTF8"
    text = "不是有效的 UTF-8 文本"


class CellCount(Refusal):
    """A row has more or fewer cells than the header."""

    code = "CELL_COUNT"
    text = "本行有 {found} 列,表头有 {expected} 列"


class FileBroken(Refusal):
    """From here on the file cannot be read."""

    code = "FILE_BROKEN"
    text = "从本行起文件无法读取:行过长或引号未闭合"


class RowFault(Refusal):
    """The system failed at this row; the logs say why."""

    code = "ROW_FAULT"
    status = 500
    text = "系统处理本行时出错,已记入日志"


# --------------------------------------------------------------------------------------------------
# Reading


class CsvRows:
    """The rows of a file from a position on.

    Attributes:
        offset: Bytes read so far; it stands at the end of a row whenever a row was given out.
        line: Lines read so far.
    """

    def __init__(self, file: BinaryIO, offset: int = 0, line: int = 0) -> None:
        self._file = file
        self.offset = offset
        self.line = line
        self.broken = False
        file.seek(offset)
        self._reader = csv.reader(self._lines())

    def _lines(self) -> Iterator[str]:
        while raw := self._file.readline(_LONGEST_LINE):
            if len(raw) == _LONGEST_LINE:
                raise csv.Error("line too long")
            start = self.offset == 0
            self.offset += len(raw)
            self.line += 1
            # Bytes that are no text are found again in the cell where they stand.
            text = raw.decode("utf-8", "surrogateescape")
            yield text.removeprefix("\ufeff") if start else text

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Give out (number of the first line, cells); blank lines are left out."""
        while True:
            first = self.line + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                self.broken = True
                self.line = first
                return
            if any(cell.strip() for cell in cells):
                yield first, cells


def read_header(rows: CsvRows, importer: Importer) -> list[str]:
    """Return the names in the header, in the order of the file.

    Raises:
        HeaderUnreadable: There is none.
        HeaderWrong: Columns are missing, unknown or doubled.
    """
    _line, cells = next(iter(rows), (0, []))
    names = [cell.strip() for cell in cells]
    if not names or any("\ud800" <= sign <= "\udfff" for name in names for sign in name):
        raise HeaderUnreadable(field="header")
    wanted = {column.name: column for column in importer.columns}
    missing = [name for name, column in wanted.items() if column.required and name not in names]
    unknown = [name[:40] for name in names if name not in wanted]
    doubled = sorted({name for name in names if names.count(name) > 1 and name in wanted})
    if missing or unknown or doubled:
        raise HeaderWrong(
            field="header",
            missing=", ".join(missing) or "—",
            unknown=", ".join(unknown[:20]) or "—",
            doubled=", ".join(doubled) or "—",
            expected=",".join(wanted),
        )
    return names


@dataclass(slots=True)
class _Line:
    """One row on its way: its cells as they stood there, and what became of it."""

    number: int
    cells: list[str]
    row: Row = field(default_factory=dict)
    refusal: Refusal | None = None


def _read_line(number: int, cells: list[str], names: list[str], importer: Importer) -> _Line:
    found = _Line(number, cells)
    if len(cells) != len(names):
        found.refusal = CellCount(found=len(cells), expected=len(names))
        return found
    given = dict(zip(names, cells, strict=True))
    try:
        found.row = {
            column.name: column.read(given.get(column.name, "")) for column in importer.columns
        }
    except Refusal as refusal:
        found.refusal = refusal
    return found


# --------------------------------------------------------------------------------------------------
# The job


@dataclass(slots=True)
class Tally:
    """How far a file is; saved with each batch, so that a resumed job goes on from there."""

    offset: int = 0
    line: int = 0
    rows: int = 0
    created: int = 0
    unchanged: int = 0
    refused: int = 0
    total: int = 0
    patient: bool = True
    errors: list[dict[str, Any]] = field(default_factory=list)

    def count(self, line: _Line, outcome: Outcome, importer: Importer, package: str) -> None:
        """Count what became of a row."""
        if outcome == "created":
            self.created += 1
        elif outcome == "unchanged":
            self.unchanged += 1
        else:
            self.refused += 1
            if len(self.errors) < _KEPT_ERRORS:
                self.errors.append(error_of(line.number, line.cells, outcome, importer, package))

    def result(self, importer: Importer, *, dry_run: bool) -> dict[str, Any]:
        """Return what the job answers."""
        return {
            "kind": importer.kind,
            "dry_run": dry_run,
            "rows": self.rows,
            "created": self.created,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "errors": self.errors,
        }


def error_of(
    number: int, cells: Sequence[str], refusal: Refusal, importer: Importer, package: str
) -> dict[str, Any]:
    """Return a refused row as {line, column, code, what is wrong, what was expected}."""
    name = re.split(r"[.\[]", refusal.field)[0]
    column = next((one for one in importer.columns if one.name == name), None)
    expected_zh, expected_en = column.expected() if column is not None else ("", "")
    filling = {name: _without_cells(value, cells) for name, value in refusal.params.items()}
    return {
        "line": number,
        "column": name if column is not None else "",
        "code": refusal.guard or refusal.code,
        "message_zh": fill(refusal.text, filling),
        "message_en": fill(english(package, refusal.text), filling),
        "expected_zh": expected_zh,
        "expected_en": expected_en,
    }


def _without_cells(value: Any, cells: Sequence[str]) -> Any:
    """Return a value of a refusal, or "…" where it repeats what stood in the row."""
    text = str(value).strip()
    repeated = len(text) > 1 and any(
        text in cell or (len(cell.strip()) > 1 and cell.strip() in text) for cell in cells
    )
    return "…" if repeated and not isinstance(value, int) else value


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
        self.package = running.runtime.service_cls.__module__.rpartition(".")[0]
        self.tally = Tally(**running.saved) if running.saved else Tally()

    def run(self, file: BinaryIO) -> dict[str, Any]:
        names = read_header(header := CsvRows(file), self.importer)
        if not self.tally.offset:
            self.tally.total = _count_lines(file) - header.line
            self.tally.offset, self.tally.line = header.offset, header.line
        rows = CsvRows(file, self.tally.offset, self.tally.line)
        batch: list[_Line] = []
        for number, cells in rows:
            batch.append(_read_line(number, cells, names, self.importer))
            if len(batch) == self.importer.batch:
                self._store(batch, rows)
                batch = []
        if rows.broken:
            batch.append(_Line(rows.line, [], refusal=FileBroken()))
        self.tally.total = self.tally.rows + len(batch)
        self._store(batch, rows)
        return self.tally.result(self.importer, dry_run=self.dry_run)

    def _store(self, batch: list[_Line], rows: CsvRows) -> None:
        """Take a batch in one step; wait where facts of another service are still to come."""
        waited_since = time.monotonic()
        waiting = len(batch) + 1
        while True:
            try:
                self._step(batch, rows)
            except _NotYet as not_yet:
                if not_yet.waiting < waiting:
                    waiting, waited_since = not_yet.waiting, time.monotonic()
                elif time.monotonic() - waited_since > _PATIENCE_S:
                    # What has not come by now will not come for the rest of the file either.
                    self.tally.patient = False
                time.sleep(_PAUSE_S)
            else:
                return

    def _step(self, batch: list[_Line], rows: CsvRows) -> None:
        after = replace(self.tally, errors=list(self.tally.errors))
        after.offset, after.line = rows.offset, rows.line
        after.rows += len(batch)
        saved: dict[str, Any] = {}
        with self.running.step(done=after.rows, total=after.total, saved=saved) as tx:
            tx.actor = self.actor
            good = [line for line in batch if line.refusal is None]
            outcomes = iter(self._take(tx, [line.row for line in good]) if good else ())
            waiting = 0
            for line in batch:
                outcome: Outcome = line.refusal if line.refusal is not None else next(outcomes)
                waiting += isinstance(outcome, self.importer.awaits)
                after.count(line, outcome, self.importer, self.package)
            if waiting and self.tally.patient:
                raise _NotYet(waiting)
            saved.update(asdict(after))
        self.tally = after

    def _take(self, tx: Tx, rows: list[Row]) -> list[Outcome]:
        """Have a batch written. One row at which the system fails does not stop the others."""
        outcomes: list[Outcome] = []
        try:
            with tx.part():
                outcomes = list(self.importer.take(tx, rows))
                if self.dry_run:
                    _undo()
        except _Undone:
            return outcomes
        except Exception as error:
            if store.is_outage(error):
                raise
            if len(rows) == 1:
                log.exception("import_row_fault", extra={"job_id": self.running.job_id})
                return [RowFault()]
            half = len(rows) // 2
            return self._take(tx, rows[:half]) + self._take(tx, rows[half:])
        return outcomes


def _count_lines(file: BinaryIO) -> int:
    file.seek(0)
    lines, last = 0, b"\n"
    while part := file.read(1 << 20):
        lines += part.count(b"\n")
        last = part[-1:]
    return lines + (last != b"\n")


# --------------------------------------------------------------------------------------------------
# The doors


@dataclass(frozen=True, slots=True)
class StartImport:
    """A file that has been received.

    Attributes:
        kind: Which kind of file it is.
        sha256: Its digest, by which it lies among the installation's files.
        dry_run: Whether everything is only checked.
    """

    kind: str
    sha256: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class WhichImporter:
    """Which kind of file is meant."""

    kind: str


class Imports:
    """Gives a service the doors by which files come in.

    Attributes:
        importers: The kinds of files that it takes.
    """

    importers: ClassVar[tuple[Importer, ...]] = ()

    @query(roles=ROLES)
    def _importers(self, _tx: Tx, _body: Nothing) -> dict[str, Any]:
        """Answer which files are taken, and what stands in them."""
        return {"items": [one.describe() for one in self.importers], "next": None}

    @query(roles=ROLES)
    def _importer(self, _tx: Tx, body: WhichImporter) -> dict[str, Any]:
        """Answer what stands in one kind of file, with a template."""
        return importer_of(self, body.kind).describe()

    @command(roles=ROLES)
    def _start_import(self, tx: Tx, order: StartImport) -> dict[str, Any]:
        """Begin to import a received file, if its header is right."""
        importer = importer_of(self, order.kind)
        check_role(importer.roles, tx.actor)
        blobs = Blobs(tx.runtime.process.blobs)
        with blobs.open(order.sha256) as file:
            read_header(CsvRows(file), importer)
        blobs.sweep(_ABANDONED_S)
        params = {
            "kind": order.kind,
            "sha256": order.sha256,
            "dry_run": order.dry_run,
            "actor": asdict(tx.actor),
        }
        job_id = tx.start_job(JOB, params)
        return {"id": job_id, "state": "QUEUED", "kind": order.kind, "dry_run": order.dry_run}

    @job(JOB)
    def _run_import(self, running: Job) -> dict[str, Any]:
        """Import a file, batch by batch."""
        importer = importer_of(self, running.params["kind"])
        blobs = Blobs(running.runtime.process.blobs)
        with blobs.open(running.params["sha256"]) as file:
            result = _Import(running, importer).run(file)
        # It holds what people told us in confidence, and nobody needs it any more. Another job that
        # still wants the same file says so, and its sender sends it again.
        blobs.remove(running.params["sha256"])
        return result


def importer_of(service: Imports, kind: str) -> Importer:
    """Return a service's importer.

    Raises:
        NotFound: It takes no such files.
    """
    for one in service.importers:
        if one.kind == kind:
            return one
    raise NotFound(kind="import", id=kind[:40])


__all__ = ["ROLES", "Column", "Importer", "Imports", "Outcome", "Row", "one_by_one"]
