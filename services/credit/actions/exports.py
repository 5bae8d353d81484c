"""Files for offices and for oneself: a settlement, one's own statement, the trial balance.

A file is made by a job, kept among the installation's files for a while, and given only to
the person who asked for it.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from fivered.chassis import spreadsheets
from fivered.chassis.blobs import Blob, Blobs
from fivered.chassis.calendar import SHANGHAI
from fivered.chassis.fields import AsOf
from fivered.chassis.i18n import named, word
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.errors import FormatUnknown
from fivered.services.credit.rules import ledger
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import statements as store
from fivered.services.credit.storage import voices
from fivered.services.credit.storage.published import gates

if TYPE_CHECKING:
    from fivered.chassis.bus import Job, Tx

FORMATS = {
    "SETTLEMENT": ("CSV", "XLSX"),
    "STATEMENT": ("CSV", "XLSX"),
    "TRIAL_BALANCE": ("CSV", "XLSX"),
}
STAFF = (
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
)
ACCOUNTANTS = ("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR")
# Shorter than the folder keeps what nobody has come for.
KEPT = timedelta(hours=20)
_COPY = 1024 * 1024
# So many rows are written at once.
_AT_ONCE = 1000

Row = Sequence[Any]


class StartExport(Request, frozen=True):
    """导出文件(后台生成) / Ask for a file, made in the background.

    Attributes:
        kind: SETTLEMENT, STATEMENT or TRIAL_BALANCE.
        settlement_id: Of a SETTLEMENT.
        subject: Of a STATEMENT, one of the caller's own; empty means the first of them.
    """

    kind: Annotated[
        Literal["SETTLEMENT", "STATEMENT", "TRIAL_BALANCE"], Meta(examples=["STATEMENT"])
    ]
    format: Annotated[Literal["CSV", "XLSX"], Meta(examples=["CSV"])]
    settlement_id: Annotated[str, Meta(max_length=64)] | None = None
    subject: Annotated[str, Meta(max_length=80)] | None = None
    at: AsOf | None = None


def start_export(tx: Tx, payload: StartExport) -> replies.ExportStarted:
    """导出文件 / Ask for a file.

    Raises:
        Invalid: An unknown kind, what it is about is missing, or something may still be being
            written of that time.
        FormatUnknown: It is not given in this form.
        NotFound: There is no such settlement or subject, or it is none of the caller's business.
        RoleDenied: The caller's role is not given this.
    """
    if payload.kind not in FORMATS:
        raise Invalid(
            field="kind",
            reason=said("kind 应为 {known} / kind is one of {known}", known="、".join(FORMATS)),
        )
    if payload.format not in FORMATS[payload.kind]:
        raise FormatUnknown(field="format", kind=payload.kind, format=payload.format)
    # Says at once when this installation keeps no files, and not in a job that fails.
    Blobs(tx.runtime.process.blobs)
    about = _about(tx, payload)
    past = ledger.past_of(payload.at, tx.now)
    export_id = tx.new_id("exp")
    params = {
        "export_id": export_id,
        "kind": payload.kind,
        "format": payload.format,
        "about": about,
        "at": past.isoformat() if past is not None else None,
    }
    day = tx.calendar.local_date(tx.now)
    store.add_export(
        tx.conn,
        {
            "export_id": export_id,
            "kind": payload.kind,
            "format": payload.format,
            "params": params,
            "requested_by": tx.actor.id,
            "requested_at": tx.now,
            "state": "QUEUED",
            "name": f"{payload.kind.lower()}-{day:%Y%m%d}.{payload.format.lower()}",
            "version": 1,
        },
    )
    job_id = tx.start_job("export", params, area=tx.actor.scope)
    return replies.ExportStarted(id=export_id, job_id=job_id, state="QUEUED", version=1)


def _about(tx: Tx, payload: StartExport) -> str | None:
    if payload.kind == "SETTLEMENT":
        if payload.settlement_id is None:
            raise Invalid(
                field="settlement_id",
                reason=said("须指定 settlement_id / settlement_id is missing"),
            )
        if tx.actor.role not in STAFF:
            raise RoleDenied(role=tx.actor.role)
        row = settlement_store.settlement(tx.conn, payload.settlement_id)
        if row is None or not tx.actor.covers(row.area):
            raise NotFound(kind="settlement", id=payload.settlement_id)
        return str(row.settlement_id)
    if payload.kind == "STATEMENT":
        return own_subject(tx, payload.subject)
    if tx.actor.role not in ACCOUNTANTS:
        raise RoleDenied(role=tx.actor.role)
    return None


def own_subject(tx: Tx, subject_id: str | None) -> str:
    """Return which of the caller's own subjects is meant.

    Raises:
        NotFound: The caller has none, or it is another's.
    """
    own = [row.subject_id for row in voices.subjects_of(tx.conn, tx.actor.id, tx.now)]
    preferred = f"RES:{tx.actor.id}"
    chosen = subject_id or (preferred if preferred in own else next(iter(own), ""))
    if chosen not in own:
        raise NotFound(kind="subject", id=subject_id or tx.actor.id)
    return str(chosen)


def run_export(job: Job) -> dict[str, object]:
    """Make a file and keep it."""
    params = job.params
    at = datetime.fromisoformat(params["at"]) if params["at"] else None
    blobs = Blobs(job.runtime.process.blobs)
    with job.step(note=params["kind"]) as tx:
        rows = _TABLES[params["kind"]](tx, params["about"], at)
        write = _csv if params["format"] == "CSV" else _xlsx
        blob, count = write(blobs, rows)
        store.change_export(
            tx.conn,
            params["export_id"],
            state="READY",
            sha256=blob.sha256,
            size=blob.size,
            expires_at=tx.now + KEPT,
        )
    return {"export_id": params["export_id"], "rows": count, "bytes": blob.size}


# --------------------------------------------------------------------------------------------------
# What stands in them


def _settlement(tx: Tx, settlement_id: str, _at: datetime | None) -> Iterator[Row]:
    row = settlement_store.known(tx.conn, settlement_id)
    yield (
        "月份",
        "地区",
        "主体",
        "类别",
        "加分",
        "扣分",
        "信用分",
        "等级",
        "未达条件",
        "待发积分",
        "已发积分",
        "状态",
    )
    for entry in entry_store.entries(tx.conn, settlement_id):
        yield (
            entry.period,
            row.area,
            entry.subject_id,
            _word(entry.kind),
            entry.good,
            entry.bad,
            entry.score,
            _word(entry.grade),
            "、".join(_word(gate) or gate for gate in gates(entry.gates_failed)),
            entry.points_pending,
            entry.released,
            _word(entry.state),
        )


def _statement(tx: Tx, subject_id: str, at: datetime | None) -> Iterator[Row]:
    yield "入账时间", "行为时间", "事项", "依据", "月份", "账户", "变动", "余额"
    balance: dict[str, int] = {}
    for line in store.lines_of(tx.conn, subject_id, since=None, until=at):
        balance[line.side] = balance.get(line.side, 0) + line.amount
        yield (
            _moment(line.posted_at),
            _moment(line.deed_at),
            _word("POSTING_" + line.kind),
            line.ref,
            line.period,
            _account(line.side),
            line.amount,
            balance[line.side],
        )


def _word(code: str | None) -> str:
    """Return what people call a code; nothing where there is none."""
    return "" if code is None else named(code, "zh", "fivered.services.credit")


def _account(code: str) -> str:
    # An account is called otherwise than a state of the same code.
    return word("fivered.services.credit", "ACCOUNT_" + code)


def _moment(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _trial_balance(tx: Tx, _about: object, at: datetime | None) -> Iterator[Row]:
    # Who compares it with the ledger reads the code, in a column of its own.
    yield "账户", "账户代码", "余额"
    accounts = store.trial_balance_at(tx.conn, at)
    yield from ((_account(code), code, balance) for code, balance in accounts.items())
    yield "合计", None, sum(accounts.values())


_TABLES = {
    "SETTLEMENT": _settlement,
    "STATEMENT": _statement,
    "TRIAL_BALANCE": _trial_balance,
}


# --------------------------------------------------------------------------------------------------
# Forms


def _csv(blobs: Blobs, rows: Iterable[Row]) -> tuple[Blob, int]:
    """Write CSV. Returns (file, rows)."""
    with blobs.receive() as receiving:
        receiving.write(spreadsheets.MARK)
        count, left = -1, iter(rows)
        while part := list(itertools.islice(left, _AT_ONCE)):
            receiving.write(spreadsheets.lines(part))
            count += len(part)
        return receiving.keep(), count


def _xlsx(blobs: Blobs, rows: Iterable[Row]) -> tuple[Blob, int]:
    """Write a workbook. Returns (file, rows)."""
    # The library leaves its own files behind where it finds no room: the folder goes with them.
    with tempfile.TemporaryDirectory() as folder, Path(folder, "book").open("w+b") as made:
        book = spreadsheets.Book(made, folder)
        try:
            for row in rows:
                book.add(row)
            book.close()
        finally:
            book.drop()
        made.seek(0)
        with blobs.receive() as receiving:
            while part := made.read(_COPY):
                receiving.write(part)
            return receiving.keep(), book.rows
