"""Running totals: what records of volunteer hours give, one subject at a time."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from fivered.chassis.records import Row, values_of
from fivered.services.credit.actions import amounts, reversals
from fivered.services.credit.actions.amounts import Change
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import hours as totals
from fivered.services.credit.rules import standing
from fivered.services.credit.rules.award import Award
from fivered.services.credit.rules.causes import CORRECTED, Cause
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage import registry
from fivered.services.credit.storage.in_force import InForce

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx


class Told(NamedTuple):
    """A record of hours that was told now.

    Attributes:
        award: How an award of it begins.
        confirmed_by: Who confirmed it; None where it was no person.
    """

    fired: rules.Fired
    award: Award
    confirmed_by: str | None


def count(
    tx: Tx, told: Sequence[Told], spans: registry.Spans, in_force: InForce
) -> tuple[list[Award], list[Change]]:
    """Store records of hours, and return the awards that are new and those that change."""
    by_rule: dict[str, list[Told]] = defaultdict(list)
    for part in told:
        by_rule[part.award.rule_code].append(part)
    new: list[Award] = []
    changed: list[Change] = []
    for code, parts in sorted(by_rule.items()):
        found = _count_rule(tx, code, parts, spans, in_force)
        new += found[0]
        changed += found[1]
    return new, changed


def _count_rule(
    tx: Tx, code: str, parts: Sequence[Told], spans: registry.Spans, in_force: InForce
) -> tuple[list[Award], list[Change]]:
    """Count what was told by one rule.

    One transaction at a time does so for a subject, and all its records of the year are taken in
    one order, so that the order of arrival changes nothing. Each is counted by the version of the
    rule that was in force on its day: what a month has given stays when the rule is amended.
    """
    subject_ids = {part.fired.subject for part in parts}
    registry.lock_subjects(tx.conn, subject_ids)
    merged = registry.kept_of_merged(tx.conn, subject_ids)
    for part in parts:
        if part.fired.subject in merged:
            _leave_to_kept(tx, part)
    store.add_hours(tx.conn, [_stored(code, part) for part in parts])
    years = {part.fired.on.year for part in parts}
    since, until = date(min(years), 1, 1), date(max(years) + 1, 1, 1)
    newest = parts[0].fired.rule
    versions: dict[date, Rule] = {}

    def rule_of(day: date) -> Rule:
        version = versions.get(day)
        if version is None:
            version = versions[day] = in_force.rule_on(day, code) or newest
        return version

    records = _records(tx, code, subject_ids, (since, until), spans)
    templates = {part.award.event_id or "": part.award for part in parts}
    # Who was registered twice has awards and consents of another id: all is looked at again.
    again: dict[str, list[totals.Hours]] = {}
    new: list[Award] = []
    for subject_id, facts in sorted(records.items()):
        later = None
        if subject_id not in merged:
            later = totals.later_awards(rule_of, subject_id, facts, templates.keys())
        if later is None:
            again[subject_id] = facts
            continue
        new += [_gained(templates[found.event_id], found) for found in later]
    if not again:
        return new, []
    stored = {
        award_id: known
        for award_id, known in store.awards_of_rule(tx.conn, code, again, since, until).items()
        # The records of what came over from an id that was given up stay with that id.
        if not rules.is_carried(award_id, code, known.subject_id, known.corrects)
    }
    counted = {
        subject_id: totals.hours_awards(rule_of, subject_id, facts)
        for subject_id, facts in again.items()
    }
    more, changed = _differing(counted, stored, _Templates(in_force, stored, templates))
    return new + more, changed


def _leave_to_kept(tx: Tx, part: Told) -> None:
    """Take back what a record brought to an id that was given up, and what came over of it: what is
    told of the record now, as a rule its correction, is counted for the kept id."""
    subject_id, told = part.fired.subject, part.award
    given_up = registry.given_up_for(tx.conn, [subject_id.partition(":")[2]])
    theirs = {f"RES:{person}" for person in given_up}
    gone: set[str] = set()
    for known in store.by_deeds(tx.conn, [part.fired.deed or part.fired.event_id]):
        came_over = rules.is_carried(
            str(known.award_id), known.rule_code, known.subject_id, str(known.corrects or "")
        )
        if known.rule_code != told.rule_code or not (
            known.subject_id in theirs or (known.subject_id == subject_id and came_over)
        ):
            continue
        if str(known.award_id) in gone:
            # It went with another one that is the same award.
            continue
        gone |= reversals.reverse(
            tx, known, cause=Cause(CORRECTED, f"{told.source}.{told.fact}"), by=None
        )
        if known.points < 0:
            gain = amounts.gain_of(known, -known.points, period=told.period)
            amounts.post_points(tx, [dataclasses.replace(gain, subject_id=subject_id)])


def _stored(code: str, part: Told) -> dict[str, object]:
    one = part.fired
    return {
        "event_id": one.event_id,
        "rule_code": code,
        "subject_id": one.subject,
        "record_id": one.deed or one.event_id,
        "day": one.on,
        "minutes": max(0, int(one.facts.get("minutes") or 0)),
        "source": str(one.facts.get("source") or ""),
        "period": part.award.period,
        "occurred_at": one.occurred_at,
        "confirmed_by": part.confirmed_by,
    }


def _records(
    tx: Tx,
    code: str,
    subject_ids: Iterable[str],
    days: tuple[date, date],
    spans: registry.Spans,
) -> dict[str, list[totals.Hours]]:
    """Return the records of subjects for deeds in [days[0], days[1])."""
    found: dict[str, list[totals.Hours]] = defaultdict(list)
    for subject_id, event_id, record_id, at, day, minutes, source, period in store.hours_of(
        tx.conn, code, subject_ids, *days
    ):
        paid = registry.consents_at(spans, subject_id, "POINTS", at)
        found[subject_id].append(
            totals.Hours(str(event_id), record_id, at, day, minutes, source, period, paid)
        )
    return found


def _gained(award: Award, found: totals.HoursAward) -> Award:
    """Let an award have what a record gives."""
    award.award_id = found.award_id
    award.score = award.score_raw = found.score
    award.points = found.points
    award.points_raw = max(0, found.raw_points)
    award.capped = rules.CAPPED in found.flags
    return award


# --------------------------------------------------------------------------------------------------
# All records of a subject, counted again


def _differing(
    counted: Mapping[str, Sequence[totals.HoursAward]],
    stored: Mapping[str, Row],
    templates: _Templates,
) -> tuple[list[Award], list[Change]]:
    """Return the awards that are new, and how others differ from what is stored."""
    new: list[Award] = []
    changed: list[Change] = []
    kept = set()
    for of_subject in counted.values():
        for found in of_subject:
            known = stored.get(found.award_id)
            if (
                known is not None
                and not found.slices
                and (amounts.amended(known) or _same(known, found))
            ):
                # As nearly all of a year's records are: what they gave stands, and so does what a
                # decided objection has left of one.
                kept.add(found.award_id)
                continue
            for wanted in _parts_of(found, stored, templates, new):
                kept.add(wanted.award_id)
                known = stored.get(wanted.award_id)
                if known is None:
                    new.append(wanted)
                elif (known.score, known.points) != (wanted.score, wanted.points):
                    changed.append(Change(known, wanted.score, wanted.points, wanted.capped))
    # An earlier deed that is told later may have moved elsewhere what a correction takes.
    changed += [
        Change(known, 0, 0, False)
        for award_id, known in stored.items()
        if award_id not in kept and (known.score or known.points)
    ]
    return new, changed


def _same(known: Row, found: totals.HoursAward) -> bool:
    return bool((known.score, known.points) == (found.score, found.points))


class _Templates(dict[str, Award]):
    """Event -> how an award of it begins; also of an event heard earlier: another record may give
    it an award now that it did not have before. Such a one is made when asked."""

    def __init__(
        self, in_force: InForce, stored: Mapping[str, Row], told: Mapping[str, Award]
    ) -> None:
        super().__init__(told)
        self._in_force = in_force
        self._stored = stored
        self._by_event: dict[str, Row] = {}

    def __missing__(self, event_id: str) -> Award:
        if not self._by_event:
            self._by_event = {str(known.event_id): known for known in self._stored.values()}
        known = self._by_event[event_id]
        rule = self._in_force.rule_in(known.rule_set, known.rule_code)
        made = self[event_id] = Award.like(
            values_of(known),
            event_id=event_id,
            to_period=standing.last_period(known.period, rule.valid_periods),
            points_period=known.period,
            capped=False,
            correction=False,
            recount=False,
            state="APPROVED",
            reason=None,
            cause=None,
            cause_ref=None,
            objection_no=None,
            decided_by=None,
            decided_at=known.occurred_at,
            corrects=None,
            version=1,
        )
        return made


def _parts_of(
    found: totals.HoursAward,
    stored: Mapping[str, Row],
    templates: _Templates,
    new: Sequence[Award],
) -> list[Award]:
    """Return the awards that one record gives: its gain, and what it takes from earlier ones."""
    template = templates[found.event_id]
    parts: list[Award] = []
    if not found.slices or found.score or found.points:
        parts.append(_gained(msgspec.structs.replace(template), found))
    for part in found.slices:
        corrected = stored.get(part.award_id) or next(
            (award for award in new if award.award_id == part.award_id), template
        )
        parts.append(
            msgspec.structs.replace(
                template,
                award_id=rules.award_id("CORRECTION", part.award_id, found.event_id),
                score=part.score,
                points=part.points,
                capped=False,
                score_raw=part.score,
                points_raw=part.points,
                to_period=part.last_period,
                points_period=corrected.points_period,
                correction=True,
                deduction=False,
                corrects=part.award_id,
            )
        )
    return parts
