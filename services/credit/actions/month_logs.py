"""The log of a published month: frozen when it is published, read and exported afterwards.

What a month was computed from goes on living: awards are reversed and repaired, consents end. The
log keeps it as it was, so that anybody who has it can compute the month again with nothing but the
rules (`rules/recompute.py`) and compare the digest with the one in the public notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from chassis.blobs import Blobs
from chassis.refusal import NotFound, StateConflict
from services.credit.actions import awards
from services.credit.errors import LogGone
from services.credit.rules import recompute as rules
from services.credit.rules import standing
from services.credit.rules.settlement import AwardLine, EntryLine, entry_digest
from services.credit.storage import companies as company_store
from services.credit.storage import month_logs as store
from services.credit.storage import rule_sets as rule_set_store
from services.credit.storage import settlement as settlement_store
from services.credit.storage.in_force import rules_in_force

if TYPE_CHECKING:
    from chassis.bus import Job, Tx

# So many subjects are in memory at a time, and in one part of the log.
_SUBJECTS = 200


@dataclass(frozen=True, slots=True)
class ExportMonth:
    """The published settlement whose log is wanted as a file."""

    settlement_id: str


@dataclass(frozen=True, slots=True)
class MonthLog:
    """Which part of a log."""

    settlement_id: str
    part: Annotated[int, Meta(ge=0, description="分段序号,从 0 开始 / part, from 0")] = 0


# --------------------------------------------------------------------------------------------------
# Freezing


def freeze(tx: Tx, row: Any, number: str, *, key: str | None = None) -> dict[str, Any]:
    """Write down what a settlement is computed from, as it stands now.

    Args:
        tx: The transaction that publishes it.
        row: The settlement.
        number: That of the notice that publishes it.
        key: Under which the log is kept: that of a corrected notice under the notice's id.

    Returns:
        What the notice says so that the log can be told from any other: the digest of the
        entries, that of the log, and that of the content of every rule set that they cite.
    """
    subjects = store.subjects(tx.conn, row.settlement_id)
    groups = [subjects[i : i + _SUBJECTS] for i in range(0, len(subjects), _SUBJECTS)]
    in_force = rules_in_force(tx.conn)
    index: dict[str, str] = {}
    cited = set(row.rule_set.split("+")) if row.rule_set else set()
    seal = rules.Seal()
    # The manifest stands in front and states what only the end knows, so the subjects are gathered
    # twice: a log of any length is never in memory whole.
    for group in groups:
        for line in _lines(tx, row, group):
            if line["line"] == "award":
                cited.add(line["rule_set"])
            elif line["line"] == "hours":
                # A running total is counted by the version of each record's day.
                found = in_force.set_on(date.fromisoformat(line["day"]), line["rule"])
                cited |= {found} if found is not None else set()
            elif line["line"] == "entry":
                index[line["subject"]] = line.pop("digest")
    documents = {code: rule_set_store.body_of(tx.conn, code) for code in sorted(cited)}
    digest = rules.standing_digest(row.period, row.area, row.rule_set or "", index.items())
    manifest = {
        "line": "manifest",
        "format": rules.FORMAT,
        "formula": standing.FORMULA,
        "settlement": row.settlement_id,
        "period": row.period,
        "area": row.area,
        "rule_set": row.rule_set,
        "digest": digest,
        "entries": len(index),
        "notice": number,
        "decided": decided(row),
        "rule_sets": {
            code: {
                "digest": rules.document_digest(document),
                "rules": rules.rule_digests(document),
            }
            for code, document in documents.items()
        },
    }
    head = [
        manifest,
        *({"line": "rule_set", "code": code, "body": body} for code, body in documents.items()),
        *(
            {"line": "index", "subject": subject, "digest": one}
            for subject, one in sorted(index.items())
        ),
        *_projects(tx, row),
    ]
    key = key or row.settlement_id
    part = _keep(tx, key, 0, head, seal)
    for group in groups:
        lines = [_without_digest(line) for line in _lines(tx, row, group)]
        part = _keep(tx, key, part, lines, seal)
    last = seal.line()
    store.add_part(tx.conn, key, part, [rules.encode(last)])
    return {
        "digest": digest,
        "log": last["sha256"],
        "rule_sets": {code: found["digest"] for code, found in manifest["rule_sets"].items()},
    }


def decided(row: Any) -> str:
    """Return a digest of who reviewed and who confirmed a settlement, and when: a log that may be
    handed out names no person, and yet nobody can be put in another's place."""
    signed = (row.reviewed_by, row.reviewed_at, row.confirmed_by, row.confirmed_at)
    return rules.document_digest([_plain(value) for value in signed])


def _without_digest(line: dict[str, Any]) -> dict[str, Any]:
    line.pop("digest", None)
    return line


def _keep(
    tx: Tx, settlement_id: str, part: int, lines: Sequence[Mapping[str, Any]], seal: rules.Seal
) -> int:
    texts = [rules.encode(line) for line in lines]
    for text in texts:
        seal.add(text)
    store.add_part(tx.conn, settlement_id, part, texts)
    return part + 1


def _projects(tx: Tx, row: Any) -> Iterator[dict[str, Any]]:
    """The projects of companies, whose scores theirs are the mean of."""
    if len(row.area) != 6:
        return
    for company, projects in sorted(
        company_store.company_projects(tx.conn, row.period, row.area).items()
    ):
        for score, households, grade in projects:
            yield {
                "line": "project",
                "company": company,
                "score": score,
                "households": households,
                "grade": grade,
            }


def _lines(tx: Tx, row: Any, group: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines of some subjects, in the order of the subjects."""
    period = row.period
    _, end = tx.calendar.month_bounds(period)
    since = date(int(period[:4]) - 1, 1, 1)
    heads = store.heads(tx.conn, end, group)
    consents = store.consents(tx.conn, group)
    vetoes = store.vetoes(tx.conn, period, group)
    measures = store.measures(tx.conn, period, group)
    hours = store.hours(tx.conn, period, since, group)
    listed = store.awards(tx.conn, period, group)
    entries = store.entries(tx.conn, row.settlement_id, group)
    for subject in group:
        head = heads[subject]
        yield {"line": "subject", "subject": subject, "kind": head.kind, "state": head.state}
        for span in consents.get(subject, ()):
            yield {
                "line": "consent",
                "subject": subject,
                "purpose": span.purpose,
                "since": _at(span.since),
                "until": _at(span.until),
            }
        for veto in vetoes.get(subject, ()):
            yield {
                "line": "veto",
                "subject": subject,
                "rule": veto.rule_code,
                "from": veto.from_period,
                "to": veto.to_period,
            }
        for measure in measures.get(subject, ()):
            yield {
                "line": "measure",
                "subject": subject,
                "source": measure.source,
                "type": f"{measure.source}.{measure.fact}",
                "event": str(measure.event_id),
                "rows": measure.rows,
                "occurred_at": _at(end - timedelta(milliseconds=1)),
                "data": measure.data,
            }
        for hour in hours.get(subject, ()):
            yield {
                "line": "hours",
                "subject": subject,
                "rule": hour.rule_code,
                "event": str(hour.event_id),
                "record": hour.record_id,
                "occurred_at": _at(hour.occurred_at),
                "day": hour.day.isoformat(),
                "minutes": hour.minutes,
                "source": hour.source,
                "period": hour.period,
            }
        for award in listed.get(subject, ()):
            yield award_line(award)
        yield _entry_line(entries[subject], listed.get(subject, ()), period)


def _at(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None


def award_line(award: Any) -> dict[str, Any]:
    """Return an award as the log says it: everything that its amounts follow from, and why."""
    return {
        "line": "award",
        "subject": award.subject_id,
        "award": str(award.award_id),
        "rule_set": award.rule_set,
        "rule": award.rule_code,
        "type": f"{award.source}.{award.fact}" if award.fact else award.source,
        "event": str(award.event_id) if award.event_id else None,
        "deed": award.deed,
        "level": award.level,
        "occurred_at": _at(award.occurred_at),
        "day": award.day.isoformat(),
        "period": award.period,
        "to_period": award.to_period,
        "window": award.cap_window,
        "score_raw": award.score_raw,
        "points_raw": award.points_raw,
        "score": award.score,
        "points": award.points,
        "late": bool(award.late),
        "correction": bool(award.correction),
        "corrects": str(award.corrects) if award.corrects else None,
        "deduction": bool(award.deduction),
        "effective": bool(award.effective),
        "decides": award.decides,
        "state": award.state,
        "amended": awards.amended(award),
        "document_no": award.document_no,
        "version": award.version,
        "other": rules.document_digest(
            [
                *(_plain(getattr(award, name)) for name in _OTHER),
                # Releases before kept it in `reason` alone; their logs hold as they are.
                *([award.proposal] if award.proposal is not None else []),
            ]
        ),
    }


# What does not enter into the amounts stands in the log as one digest: who proposed and decided it,
# upon which evidence, and when.
_OTHER = (
    "kind", "points_period", "actor_id", "inputs", "evidence", "reason", "area", "proposed_by",
    "proposed_at", "decided_by", "decided_at", "shard", "capped",
)  # fmt: skip


def _plain(value: Any) -> Any:
    return _at(value) if isinstance(value, datetime) else value


def _entry_line(entry: Any, listed: Sequence[Any], period: str) -> dict[str, Any]:
    gates = entry.gates_failed.split(",") if entry.gates_failed else []
    line = EntryLine(
        subject=entry.subject_id,
        gain=entry.good,
        loss=entry.bad,
        score=entry.score,
        grade=entry.grade,
        gates_failed=tuple(gates),
        awards=tuple(
            AwardLine(award.rule_code, award.day.isoformat(), award.score, award.points)
            for award in listed
            if award.period == period and rules.counts(award_line(award), period)
        ),
    )
    return {
        "line": "entry",
        "subject": entry.subject_id,
        "kind": entry.kind,
        "gain": entry.good,
        "loss": entry.bad,
        "score": entry.score,
        "raw_grade": entry.raw_grade,
        "grade": entry.grade,
        "gates_failed": gates,
        "pending": entry.points_pending,
        "digest": entry_digest(line),
    }


# --------------------------------------------------------------------------------------------------
# Reading and exporting


def _published(tx: Tx, settlement_id: str) -> Any:
    row = settlement_store.settlement(tx.conn, settlement_id)
    if row is None:
        raise NotFound(kind="settlement", id=settlement_id)
    tx.require_scope(row.area)
    if row.notice_id is None:
        raise StateConflict(state=row.state)
    if not store.parts(tx.conn, settlement_id):
        raise LogGone(period=row.period)
    return row


def month_log(tx: Tx, payload: MonthLog) -> dict[str, Any]:
    """月度日志 / The log of a published month.

    Return one part of the log of a published month; `next` names the next one.

    Raises:
        NotFound: There is no such settlement.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not published.
        LogGone: Its time is over.
    """
    row = _published(tx, payload.settlement_id)
    key = store.key_of(tx.conn, row.notice_id, row.settlement_id)
    parts = store.parts(tx.conn, key)
    part = max(0, payload.part)
    return {
        "settlement_id": row.settlement_id,
        "period": row.period,
        "community": row.area,
        "part": part,
        "parts": parts,
        "lines": store.part_lines(tx.conn, key, part),
        "next": part + 1 if part + 1 < parts else None,
    }


def export_month(tx: Tx, payload: ExportMonth) -> dict[str, Any]:
    """导出月度日志 / Export the log of a published month.

    Queue the export of the log of a published month as one file.

    Raises:
        NotFound: There is no such settlement.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not published.
        LogGone: Its time is over.
    """
    row = _published(tx, payload.settlement_id)
    job_id = tx.start_job("export_month", {"settlement_id": row.settlement_id}, area=row.area)
    return {"id": job_id, "job_id": job_id, "state": "QUEUED", "version": 1}


def run_export(job: Job) -> dict[str, Any]:
    """Write the file; its name among the installation's files is its SHA-256."""
    settlement_id = job.params["settlement_id"]
    count = 0
    with job.step() as tx:
        row = settlement_store.settlement(tx.conn, settlement_id)
        key = store.key_of(tx.conn, row.notice_id, settlement_id)
        parts = store.parts(tx.conn, key)
    with Blobs(job.runtime.process.blobs).receive() as receiving:
        for part in range(parts):
            with job.step(done=part + 1, total=parts) as tx:
                lines = store.part_lines(tx.conn, key, part)
            receiving.write("".join(f"{line}\n" for line in lines).encode())
            count += len(lines)
        blob = receiving.keep()
    return {
        "settlement_id": settlement_id,
        "period": row.period,
        "community": row.area,
        "sha256": blob.sha256,
        "size": blob.size,
        "lines": count,
    }
