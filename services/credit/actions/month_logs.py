"""The log of a published month: frozen when it is published, read and exported afterwards.

What a month was computed from goes on living: awards are reversed and repaired, consents end. The
log keeps it as it was, so that anybody who has it can compute the month again with nothing but the
rules (`rules/recompute.py`) and compare the digest with the one in the public notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.blobs import Blobs
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import amounts, companies
from fivered.services.credit.errors import LogGone
from fivered.services.credit.rules import month_log as log
from fivered.services.credit.rules import standing
from fivered.services.credit.rules.causes import MERGED
from fivered.services.credit.rules.settlement import AwardLine, EntryLine, entry_digest
from fivered.services.credit.storage import companies as company_store
from fivered.services.credit.storage import month_logs as store
from fivered.services.credit.storage import registry, tables
from fivered.services.credit.storage import rule_sets as rule_set_store
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.storage.published import gates

if TYPE_CHECKING:
    from fivered.chassis.bus import Job, Tx
    from fivered.chassis.records import Row
    from fivered.services.credit.rules.model import Document

# So many subjects are in memory at a time, and in one part of the log.
_SUBJECTS = 200


class ExportMonth(Request, frozen=True):
    """The published settlement whose log is wanted as a file."""

    settlement_id: str


class MonthLog(Request, frozen=True):
    """Which part of a log."""

    settlement_id: str
    part: Annotated[int, Meta(ge=0, description="分段序号,从 0 开始 / part, from 0")] = 0


# --------------------------------------------------------------------------------------------------
# Freezing


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a notice says so that its log can be told from any other.

    Attributes:
        digest: Of the entries.
        log: Of the log.
        rule_sets: Code -> digest of the content, of every rule set that the log cites.
    """

    digest: str
    log: str
    rule_sets: dict[str, str]


def freeze(tx: Tx, row: Row, number: str, *, key: str | None = None) -> Frozen:
    """Write down what a settlement is computed from, as it stands now.

    Args:
        tx: The transaction that publishes it.
        row: The settlement.
        number: That of the notice that publishes it.
        key: Under which the log is kept: that of a corrected notice under the notice's id.
    """
    subjects = store.subjects(tx.conn, row.settlement_id)
    groups = [subjects[i : i + _SUBJECTS] for i in range(0, len(subjects), _SUBJECTS)]
    # The manifest stands in front and states what only the end knows, so the subjects are gathered
    # twice: a log of any length is never in memory whole.
    cited, index = _cited(tx, row, groups)
    documents = {code: rule_set_store.body_of(tx.conn, code) for code in sorted(cited)}
    manifest = _manifest(row, number, index, documents)
    head: list[log.Head] = [manifest]
    head += [log.RuleSetLine(line="rule_set", code=code, body=it) for code, it in documents.items()]
    head += [
        log.IndexLine(line="index", subject=subject, digest=one)
        for subject, one in sorted(index.items())
    ]
    head += _projects(tx, row)
    seal = log.Seal()
    key = key or row.settlement_id
    part = _keep(tx, key, 0, head, seal)
    for group in groups:
        lines = [line for of_subject in _subjects(tx, row, group) for line in of_subject.lines]
        part = _keep(tx, key, part, lines, seal)
    last = seal.line()
    store.add_part(tx.conn, key, part, [log.encode(last)])
    stated = {code: one["digest"] for code, one in manifest["rule_sets"].items()}
    return Frozen(manifest["digest"], last["sha256"], stated)


def _cited(tx: Tx, row: Row, groups: Sequence[Sequence[str]]) -> tuple[set[str], dict[str, str]]:
    """Return the codes of the rule sets that a log cites, and subject -> digest of its entry."""
    in_force = rules_in_force(tx.conn)
    cited = set(row.rule_set.split("+")) if row.rule_set else set()
    index: dict[str, str] = {}
    for group in groups:
        for found in _subjects(tx, row, group):
            index[found.subject] = found.digest
            for one in found.lines:
                line = one["of"] if one["line"] == "origin" else one
                if line["line"] == "award":
                    cited.add(line["rule_set"])
                elif line["line"] == "hours":
                    # A running total is counted by the version of each record's day.
                    held = in_force.set_on(date.fromisoformat(line["day"]), line["rule"])
                    cited |= {held} if held is not None else set()
    return cited, index


def _manifest(
    row: Row, number: str, index: Mapping[str, str], documents: Mapping[str, Document]
) -> log.Manifest:
    return {
        "line": "manifest",
        "format": log.FORMAT,
        "formula": standing.FORMULA,
        "settlement": row.settlement_id,
        "period": row.period,
        "area": row.area,
        "rule_set": row.rule_set,
        "digest": log.standing_digest(row.period, row.area, row.rule_set or "", index.items()),
        "entries": len(index),
        "notice": number,
        "decided": decided(row),
        "rule_sets": {
            code: {
                "digest": log.document_digest(document),
                "rules": log.rule_digests(document),
            }
            for code, document in documents.items()
        },
    }


def decided(row: Row) -> str:
    """Return a digest of who reviewed and who confirmed a settlement, and when: a log that may be
    handed out names no person, and yet nobody can be put in another's place."""
    signed = (row.reviewed_by, row.reviewed_at, row.confirmed_by, row.confirmed_at)
    return log.document_digest([_plain(value) for value in signed])


def _keep(tx: Tx, settlement_id: str, part: int, lines: Sequence[object], seal: log.Seal) -> int:
    texts = [log.encode(line) for line in lines]
    for text in texts:
        seal.add(text)
    store.add_part(tx.conn, settlement_id, part, texts)
    return part + 1


def _projects(tx: Tx, row: Row) -> Iterator[log.ProjectLine]:
    """The projects of companies, whose scores theirs are the mean of."""
    if not companies.is_district(row.area):
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


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a subject, and the digest of its entry, which stands in the index alone."""

    subject: str
    lines: list[log.OfSubject]
    digest: str


def _subjects(tx: Tx, row: Row, group: Sequence[str]) -> Iterator[_Lines]:
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
        awards_of = [award_line(award) for award in listed.get(subject, ())]
        lines: list[log.OfSubject] = [
            {"line": "subject", "subject": subject, "kind": head.kind, "state": head.state}
        ]
        lines += map(_consent_line, consents.get(subject, ()))
        lines += map(_veto_line, vetoes.get(subject, ()))
        lines += [_measure_line(one, end) for one in measures.get(subject, ())]
        lines += map(_hours_line, hours.get(subject, ()))
        lines += awards_of
        lines += _origins(tx, period, since, subject, awards_of)
        lines.append(_entry_line(entries[subject]))
        yield _Lines(subject, lines, _digest(entries[subject], awards_of, period))


def _origins(
    tx: Tx, period: str, since: date, subject: str, own: Sequence[log.AwardLine]
) -> Iterator[log.OriginLine]:
    """Yield what the awards follow from that came over in this month from ids that were given up:
    they themselves, what stood with them under one cap, the consents and hours of those ids."""
    came = [line for line in own if line["period"] == period and log.came_over(line)]
    if not came:
        return
    # Since then the id may have been given up itself: its month still settles.
    kept = registry.kept(tx.conn, subject.partition(":")[2])
    given_up = registry.given_up_for(tx.conn, [kept])
    ids = {f"RES:{person}": at for person, at in given_up.items() if f"RES:{person}" != subject}
    known = {str(award.award_id): award for award in store.awards_of(tx.conn, sorted(ids))}
    lines = {award_id: award_line(award) for award_id, award in known.items()}
    # An award -> the subject to which it came over.
    found: dict[str, str] = {}
    while came:
        line = came.pop()
        award_id = str(line.get("corrects"))
        found[award_id] = line["subject"]
        if award_id in lines and log.came_over(lines[award_id]):
            came.append(lines[award_id])
    found = {award_id: into for award_id, into in found.items() if award_id in lines}
    windows = {_window(lines[one]) for one in found if lines[one]["window"]}
    rule_codes = {lines[one]["rule"] for one in found}
    holders = sorted({lines[one]["subject"] for one in found})
    consents = store.consents(tx.conn, holders)
    hours = store.hours(tx.conn, period, since, holders)
    of_them: list[log.ConsentLine | log.HoursLine] = []
    for holder in holders:
        for span in consents.get(holder, ()):
            given = _consent_line(span)
            # With its id a consent ended; until then it ran.
            of_them.append({**given, "until": None} if span.until == ids[holder] else given)
        served = hours.get(holder, ())
        of_them += [_hours_line(one) for one in served if one.rule_code in rule_codes]
    for one in of_them:
        yield {"line": "origin", "subject": subject, "merged": False, "of": one}
    for award_id, award in known.items():
        of = lines[award_id]
        if award_id in found or _window(of) in windows:
            # One of a confirmed month may have been taken back by a later merge.
            went = found.get(award_id, award.cause_ref)
            by_merge = (award.cause, award.cause_ref) == (MERGED, went)
            merged = award.state == "REVERSED" and by_merge
            yield {"line": "origin", "subject": subject, "merged": merged, "of": of}


def _window(line: log.AwardLine) -> tuple[str, str, str | None]:
    return line["subject"], line["rule"], line["window"]


def _consent_line(span: Row) -> log.ConsentLine:
    return {
        "line": "consent",
        "subject": span.subject_id,
        "purpose": span.purpose,
        "since": _time(span.since),
        "until": _at(span.until),
    }


def _veto_line(veto: Row) -> log.VetoLine:
    return {
        "line": "veto",
        "subject": veto.subject_id,
        "rule": veto.rule_code,
        "from": veto.from_period,
        "to": veto.to_period,
    }


def _measure_line(measure: Row, end: datetime) -> log.MeasureLine:
    return {
        "line": "measure",
        "subject": measure.subject_id,
        "source": measure.source,
        "type": f"{measure.source}.{measure.fact}",
        "event": str(measure.event_id),
        "rows": measure.rows,
        "occurred_at": _time(end - timedelta(milliseconds=1)),
        "data": measure.data,
    }


def _hours_line(hour: Row) -> log.HoursLine:
    return {
        "line": "hours",
        "subject": hour.subject_id,
        "rule": hour.rule_code,
        "event": str(hour.event_id),
        "record": hour.record_id,
        "occurred_at": _time(hour.occurred_at),
        "day": hour.day.isoformat(),
        "minutes": hour.minutes,
        "source": hour.source,
        "period": hour.period,
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _at(at: datetime | None) -> str | None:
    return _time(at) if at is not None else None


def award_line(award: Row) -> log.AwardLine:
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
        "occurred_at": _time(award.occurred_at),
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
        "amended": amounts.amended(award),
        "document_no": award.document_no,
        "version": award.version,
        "other": log.document_digest(
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


def _plain(value: object) -> object:
    return _at(value) if isinstance(value, datetime) else value


def _digest(entry: Row, listed: Sequence[log.AwardLine], period: str) -> str:
    """Return the digest of an entry, from the awards that its month lists."""
    return entry_digest(
        EntryLine(
            subject=entry.subject_id,
            gain=entry.good,
            loss=entry.bad,
            score=entry.score,
            grade=entry.grade,
            gates_failed=tuple(gates(entry.gates_failed)),
            awards=tuple(
                AwardLine(line["rule"], line["day"], line["score"], line["points"])
                for line in listed
                if line["period"] == period and log.counts(line, period)
            ),
        )
    )


def _entry_line(entry: Row) -> log.EntryLine:
    return {
        "line": "entry",
        "subject": entry.subject_id,
        "kind": entry.kind,
        "gain": entry.good,
        "loss": entry.bad,
        "score": entry.score,
        "raw_grade": entry.raw_grade,
        "grade": entry.grade,
        "gates_failed": gates(entry.gates_failed),
        "pending": entry.points_pending,
    }


# --------------------------------------------------------------------------------------------------
# Reading and exporting


def _published(tx: Tx, settlement_id: str) -> Row:
    row = records.get(tx.conn, tables.settlements, settlement_id)
    tx.require_scope(row.area)
    if row.notice_id is None:
        raise StateConflict(state=row.state)
    if not store.parts(tx.conn, settlement_id):
        raise LogGone(period=row.period)
    return row


def month_log(tx: Tx, payload: MonthLog) -> replies.MonthLogReply:
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
    return replies.MonthLogReply(
        settlement_id=row.settlement_id,
        period=row.period,
        community=row.area,
        part=part,
        parts=parts,
        lines=store.part_lines(tx.conn, key, part),
        next=part + 1 if part + 1 < parts else None,
    )


def export_month(tx: Tx, payload: ExportMonth) -> replies.JobStarted:
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
    return replies.JobStarted.queued(job_id)


def run_export(job: Job) -> replies.MonthExported:
    """Write the file; its name among the installation's files is its SHA-256."""
    settlement_id = job.params["settlement_id"]
    count = 0
    with job.step() as tx:
        row = records.get(tx.conn, tables.settlements, settlement_id)
        key = store.key_of(tx.conn, row.notice_id, settlement_id)
        parts = store.parts(tx.conn, key)
    with Blobs(job.runtime.process.blobs).receive() as receiving:
        for part in range(parts):
            with job.step(done=part + 1, total=parts) as tx:
                lines = store.part_lines(tx.conn, key, part)
            receiving.write("".join(f"{line}\n" for line in lines).encode())
            count += len(lines)
        blob = receiving.keep()
    return replies.MonthExported(
        settlement_id=settlement_id,
        period=row.period,
        community=row.area,
        sha256=blob.sha256,
        size=blob.size,
        lines=count,
    )
