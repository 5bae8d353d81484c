"""What is published, and the live rows, against the log of a month: member by member, both ways.

What was published never changes: a notice says what its log says, under the digest of its text.
The live rows go on changing, but only as commands change them: an objection is decided, a deduction
counts for good, an item is repaired. Whatever differs otherwise was changed by a hand.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from fivered.chassis.calendar import Calendar
from fivered.chassis.replies import plain
from fivered.services.credit.actions import companies, finalising, month_logs
from fivered.services.credit.rules import findings as results
from fivered.services.credit.rules import month_log as log
from fivered.services.credit.rules import published
from fivered.services.credit.rules import settlement as timeline
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import month_logs as store
from fivered.services.credit.storage import notices as notice_store
from fivered.services.credit.storage import objections as objection_store
from fivered.services.credit.storage import rule_sets
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import verifying as rows
from fivered.services.credit.storage.in_force import digest_of as digest_of_rules
from fivered.services.credit.storage.published import RED_LIST

if TYPE_CHECKING:
    import sqlalchemy as sa

    from fivered.chassis.records import Row
    from fivered.services.credit.rules.model import Document, RuleSet

# An item of a notice as it is stored: members by name.
Told: TypeAlias = dict[str, object]


@dataclass(slots=True)
class _Log:
    """What a log says, as a notice and the live rows are compared with it."""

    manifest: log.Manifest
    index: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Document] = field(default_factory=dict)
    entries: dict[str, log.EntryLine] = field(default_factory=dict)
    awards: dict[str, log.AwardLine] = field(default_factory=dict)
    reasons: dict[str, list[published.Reason]] = field(default_factory=lambda: defaultdict(list))

    @property
    def period(self) -> str:
        return str(self.manifest["period"])


def _read(conn: sa.Connection, key: str) -> _Log | None:
    """Return what the log says; None where it has no manifest."""
    told = None
    sets: dict[str, RuleSet | None] = {}
    for text in store.lines(conn, key):
        line: log.Head | log.OfSubject = json.loads(text)
        if line["line"] == "manifest":
            told = _Log(line)
        elif told is None:
            continue
        elif line["line"] == "index":
            told.index[line["subject"]] = line["digest"]
        elif line["line"] == "rule_set":
            told.bodies[line["code"]] = line["body"]
            sets[line["code"]] = log.loaded(line["body"])
        elif line["line"] == "entry":
            told.entries[line["subject"]] = line
        elif line["line"] == "award":
            told.awards[line["award"]] = line
            if line["period"] == told.period and log.counts(line, told.period):
                held = sets.get(line["rule_set"])
                reason = published.reason_of(
                    held.rule(line["rule"]) if held is not None else None,
                    line["score"],
                    deduction=line["deduction"],
                )
                if reason is not None:
                    told.reasons[line["subject"]].append(reason)
    return told


def findings(
    conn: sa.Connection, notice: Row, key: str, settlement_id: str
) -> list[results.Finding]:
    """Compare a notice, and the live rows that stand behind it, with the log of the notice.

    Args:
        conn: A transaction that reads.
        notice: The row of the notice.
        key: Under which its log is kept.
        settlement_id: Its settlement.
    """
    told = _read(conn, key)
    if told is None:
        return []
    row = settlement_store.settlement(conn, settlement_id)
    found = [*_body(notice, told), *_columns(conn, notice, row, told)]
    if row is None:
        return [*found, _of_notice("settlement_id", notice.settlement_id, "-")]
    if row.notice_id == notice.notice_id:
        found += _rule_sets(conn, told)
        found += _settlement(row, notice, told, original=key == row.settlement_id)
        found += _awards(conn, row, told)
        found += _postings(conn, row, told)
        found += _entries(conn, row, told, original=key == row.settlement_id)
    return found


def _of_notice(member: str, said: object, found: object, subject: str = "") -> results.Finding:
    return results.Finding(
        results.NOTICE, subject=subject, member=member, said=str(said), found=str(found)
    )


# --------------------------------------------------------------------------------------------------
# The notice


def _body(notice: Row, told: _Log) -> Iterable[results.Finding]:
    """What a notice says is what its log says, member by member."""
    body, manifest = notice.body, told.manifest
    stated = {code: found["digest"] for code, found in manifest["rule_sets"].items()}
    for member, wanted in (
        ("period", manifest["period"]),
        ("area", manifest["area"]),
        ("rule_set", manifest["rule_set"]),
        ("rule_sets", stated),
        ("entries", len(told.entries)),
    ):
        if body.get(member) != wanted:
            yield _of_notice(member, body.get(member), wanted)
    said = {str(item.get("subject")): item for item in body.get("organisations", ())}
    wanted_items = {
        subject: _item(line, told)
        for subject, line in told.entries.items()
        if line["kind"] in published.ORGANISATIONS
    }
    for item in body.get("red_list", ()):
        subject = str(item.get("subject"))
        line = told.entries.get(subject)
        said[subject] = item
        # Who is on it follows from a consent that the log does not hold; what it says does not.
        if line is not None and line["grade"] in RED_LIST:
            wanted_items[subject] = _item(line, told)
    for subject in sorted(said.keys() | wanted_items.keys()):
        one, other = said.get(subject, {}), wanted_items.get(subject, {})
        for member in sorted(one.keys() | other.keys()):
            if _unordered(one.get(member)) != _unordered(other.get(member)):
                yield _of_notice(member, one.get(member), other.get(member), subject)
    unknown = sorted(body.keys() - _BODY)
    for member in unknown:
        yield _of_notice(member, body[member], "-")


_BODY = frozenset(
    {"period", "area", "rule_set", "rule_sets", "entries", "digest", "log", "organisations",
     "red_list"}
)  # fmt: skip


def _item(line: log.EntryLine, told: _Log) -> Told:
    found = published.item_of(
        line["kind"],
        line["subject"],
        score=line["score"],
        grade=line["grade"],
        gates_failed=line["gates_failed"],
        reasons=told.reasons.get(line["subject"], []),
    )
    return dict(plain(found))


def _unordered(value: object) -> object:
    return sorted(map(log.encode, value)) if isinstance(value, list) else value


def _columns(
    conn: sa.Connection, notice: Row, row: Row | None, told: _Log
) -> Iterable[results.Finding]:
    """What stands beside the text of a notice follows from it, from its log and from other rows."""
    number = f"{Calendar.local_date(notice.published_at):%Y%m%d}-{notice.area[-6:]}-"
    checks: list[tuple[str, object, object]] = [
        ("digest", notice.digest, log.document_digest(notice.body)),
        ("area", notice.area, notice.body.get("area")),
        ("period", notice.period, notice.body.get("period")),
        ("kind", notice.kind, "SETTLEMENT"),
        ("number", number in notice.number, True),
        # Logs of before 0.2.0 do not say it.
        ("number", notice.number, told.manifest.get("notice", notice.number)),
        ("down_at", notice.down_at, timeline.notice_down(notice.ends_at)),
        ("withdrawn_at", notice.withdrawn_at is not None, notice.state == "WITHDRAWN"),
        ("commendation_id", notice.commendation_id, None),
    ]
    for member, back in (("corrects", "corrected_by"), ("corrected_by", "corrects")):
        named = getattr(notice, member)
        other = notice_store.notice(conn, named) if named else None
        if named:
            checks.append((member, getattr(other, back, None), notice.notice_id))
    if row is not None:
        stands = row.notice_id == notice.notice_id
        ended = row.state in ("FINALISING", "SETTLED")
        if notice.corrects is None:
            checks.append(("published_at", notice.published_at, row.published_at))
        if stands and (notice.corrects is None or not ended):
            checks.append(("ends_at", notice.ends_at, row.objection_until))
        if stands and notice.state != "WITHDRAWN" and notice.corrects is None:
            checks.append(("state", notice.state, "ENDED" if ended else "PUBLISHED"))
        checks.append(("settlement_id", notice.settlement_id, row.settlement_id))
    for member, said, wanted in checks:
        if said != wanted:
            yield _of_notice(member, said, wanted)


def _rule_sets(conn: sa.Connection, told: _Log) -> Iterable[results.Finding]:
    for code, body in sorted(told.bodies.items()):
        live = rule_sets.by_code(conn, code)
        found = log.document_digest(body)
        now = log.document_digest(live.body) if live is not None else "-"
        if live is None or now != found:
            yield results.Finding(results.RULE, rule=code, member="set", said=now, found=found)
        elif live.digest != digest_of_rules(live.body):
            yield results.Finding(
                results.RULE,
                rule=code,
                member="digest",
                said=live.digest,
                found=digest_of_rules(live.body),
            )


def _settlement(row: Row, notice: Row, told: _Log, *, original: bool) -> Iterable[results.Finding]:
    manifest = told.manifest
    decided = month_logs.decided(row)
    for member, said, wanted in (
        ("settlement.area", row.area, manifest["area"]),
        ("settlement.period", row.period, manifest["period"]),
        ("settlement.rule_set", row.rule_set, manifest["rule_set"]),
        ("settlement.entries", row.entries, len(told.entries)),
        ("settlement.digest", row.digest, manifest["digest"] if original else row.digest),
        ("settlement.settlement_id", notice.settlement_id, manifest["settlement"]),
        ("settlement.decided", decided, manifest.get("decided", decided)),
    ):
        if said != wanted:
            yield _of_notice(member, said, wanted)


# --------------------------------------------------------------------------------------------------
# Awards


# What no command ever changes of an award.
_FIXED = (
    "subject", "award", "rule_set", "rule", "type", "event", "deed", "level", "occurred_at", "day",
    "score_raw", "correction", "corrects", "deduction", "decides", "document_no",
)  # fmt: skip
# State in the log -> the states into which commands take an award from there.
_NEXT = {
    "PROPOSED": ("PROPOSED", "APPROVED", "REJECTED", "REVERSED", "REPAIRED"),
    "APPROVED": ("APPROVED", "REVERSED", "REPAIRED", "REJECTED"),
}


def _award_finding(
    line: log.AwardLine, member: str, said: object, found: object
) -> results.Finding:
    return results.Finding(
        results.AWARD_AMOUNT,
        str(line["subject"]),
        str(line["award"]),
        str(line["rule"]),
        member=member,
        said=str(said),
        found=str(found),
    )


def _awards(conn: sa.Connection, row: Row, told: _Log) -> Iterable[results.Finding]:
    subjects = sorted(told.entries)
    live = rows.awards(conn, sorted(told.awards))
    final = row.state in ("FINALISING", "SETTLED")
    decided = rows.objection_numbers(conn, subjects)
    for award_id, line in sorted(told.awards.items()):
        known = live.get(award_id)
        if known is None:
            waited = line["state"] == "PROPOSED" and line["decides"] == "PERSON"
            if waited and rows.is_merged(conn, str(line["subject"])):
                # It waits under the id that this person has kept.
                continue
            yield results.Finding(
                results.AWARD_MISSING, str(line["subject"]), award_id, str(line["rule"])
            )
            continue
        yield from _award(known, line, decided, final=final)
    for known in rows.awards_of_month(conn, row.period, subjects):
        if str(known.award_id) not in told.awards:
            line = month_logs.award_line(known)
            yield _award_finding(line, "award", line["award"], "-")


def _postings(conn: sa.Connection, row: Row, told: _Log) -> Iterable[results.Finding]:
    """What an award has brought is posted for its deed, not before it, and, where the month
    counts it, before the month was published."""
    posted = rows.postings_of(conn, sorted(told.awards))
    for award_id, found in sorted(posted.items()):
        line = told.awards[award_id]
        deed = datetime.fromisoformat(line["occurred_at"])
        for one in found:
            if one.deed_at is None:
                # Posted before 0.2.0, dated with the deed.
                continue
            if one.deed_at != deed:
                yield _award_finding(line, "deed_at", one.deed_at, deed)
            # A record of a day is dated with its end.
            if Calendar.local_date(one.posted_at) < Calendar.local_date(one.deed_at):
                yield _award_finding(line, "posted_at", one.posted_at, f">= {deed}")
        # What was carried over from another id came by a transfer.
        counted = line["state"] == "APPROVED" and line["points"] > 0 and not line["corrects"]
        if counted and found[0].posted_at > row.published_at:
            yield _award_finding(line, "posted_at", found[0].posted_at, f"<= {row.published_at}")


def _award(
    known: Row, line: log.AwardLine, decided: frozenset[str], *, final: bool
) -> Iterable[results.Finding]:
    now = month_logs.award_line(known)
    there: log.Line = {**now}
    said: log.Line = {**line}
    if known.version == line["version"]:
        for member in sorted(said):
            if there.get(member) != said[member]:
                yield _award_finding(line, member, there.get(member), said[member])
        return
    differing = {name for name in said if there[name] != said[name]} - {"version", "other"}
    lawful = _lawful(known, now, line, decided, final=final)
    if known.version < line["version"] or (not differing and now["other"] == line.get("other")):
        yield _award_finding(line, "version", known.version, line["version"])
    for member in sorted(differing - lawful):
        yield _award_finding(line, member, there[member], said[member])


def _lawful(
    known: Row, now: log.AwardLine, line: log.AwardLine, decided: frozenset[str], *, final: bool
) -> set[str]:
    """Return the members that a command may have changed since the log was written."""
    lawful: set[str] = set()
    if now["state"] in _NEXT.get(str(line["state"]), (line["state"],)):
        lawful.add("state")
    taken_back = now["state"] in ("REVERSED", "REPAIRED") and known.reason
    if taken_back and now["to_period"] <= line["to_period"]:
        # Why it was taken back is its last word, and no longer that it had been lessened.
        lawful |= {"to_period", "amended"}
    if line["deduction"] and now["effective"] and (final or line["period"] < now["to_period"]):
        lawful.add("effective")
    if known.objection_no in decided:
        lawful.add("amended")
        if abs(now["score"]) <= abs(line["score"]) and now["points"] <= line["points"]:
            lawful |= {"score", "points"}
    if line["state"] == "PROPOSED" and line["decides"] == "PERSON" and not line["effective"]:
        # It was no part of the month yet: a person who approved it later put it where it counts.
        lawful |= {"period", "to_period", "window", "late", "score", "points", "points_raw",
                   "effective"}  # fmt: skip
    return lawful - set(_FIXED)


# --------------------------------------------------------------------------------------------------
# Entries


def _entry_finding(subject: str, member: str, said: object, found: object) -> results.Finding:
    return results.Finding(
        results.ENTRY, subject=subject, member=member, said=str(said), found=str(found)
    )


def _entries(
    conn: sa.Connection, row: Row, told: _Log, *, original: bool
) -> Iterable[results.Finding]:
    live = {entry.subject_id: entry for entry in entry_store.entries(conn, row.settlement_id)}
    objections = rows.objections(conn, row.period, sorted(live))
    released = rows.released(conn, row.settlement_id)
    for subject in sorted(live.keys() | told.entries.keys()):
        entry, line = live.get(subject), told.entries.get(subject)
        if entry is None or line is None:
            yield results.Finding(
                results.ENTRY_MISSING,
                subject=subject,
                member="entry",
                said="-" if entry is None else subject,
                found=subject if entry is None else "-",
            )
            continue
        held = objections.get(subject, frozenset())
        yield from _entry(conn, row, entry, line)
        checks = [
            ("kind", entry.kind, line["kind"]),
            ("period", entry.period, row.period),
            ("released", entry.released, released.get(subject, 0)),
            ("state", entry.state, _state(row.state, entry.state, held)),
        ]
        if original and entry.hash is not None:
            checks.append(("hash", entry.hash.hex(), told.index.get(subject)))
        if "pending" in line:
            checks.append(("points_pending", entry.points_pending, line["pending"]))
        for member, said, wanted in checks:
            if said != wanted:
                yield _entry_finding(subject, member, said, wanted)


def _entry(
    conn: sa.Connection, row: Row, entry: Row, line: log.EntryLine
) -> Iterable[results.Finding]:
    """The values are those of the log, or what follows from the awards as they are now: those of
    an objection that was decided, and of a deduction that was taken back before it counted."""
    said = companies.of_entry(entry)
    wanted = companies.Computed(
        good=line["gain"],
        bad=line["loss"],
        score=line["score"],
        raw_grade=line["raw_grade"],
        grade=line["grade"],
        gates_failed=",".join(line["gates_failed"]),
    )
    if said == wanted:
        return
    if rows.changed_since(conn, row.period, entry.subject_id):
        wanted = finalising.computed(conn, row, entry.subject_id) or wanted
    stands, follows = said.columns(), wanted.columns()
    for member in sorted(stands):
        if stands[member] != follows[member]:
            yield _entry_finding(entry.subject_id, member, stands[member], follows[member])


def _state(month: str, said: str, objections: frozenset[str]) -> str:
    """Return the state that an entry has in a month, by the objections that hold or held it."""
    undecided = bool(objections & set(objection_store.UNDECIDED))
    if undecided and month in ("PUBLISHED", "FINALISING"):
        return "HELD"
    if month == "PUBLISHED":
        return "PUBLISHED"
    # Whatever was undecided at the close has lapsed, and its entry is provisional.
    return "PROVISIONAL" if "LAPSED" in objections and said == "PROVISIONAL" else "FINAL"
