"""Awards from events: many at a time, in a handful of statements; each with its reason.

What an event gives follows from the rule set in force on the day of the deed. Caps are provisional
here: two workers may fill one window at the same time. The draft of the month computes such windows
again in the order (occurred_at, event id), and points stay PENDING until then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from fivered.chassis.bus import SYSTEM_ROLE
from fivered.chassis.calendar import Calendar
from fivered.services.credit import events
from fivered.services.credit.actions import amounts, hours, months, reversals, telling
from fivered.services.credit.actions.amounts import Change
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import deciding, standing
from fivered.services.credit.rules.award import Award, Decides
from fivered.services.credit.rules.causes import EXCLUDED, SUBJECT_CLOSED, Cause
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.rules.predicates import Data
from fivered.services.credit.rules.producing import PRODUCERS
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage import facts, registry
from fivered.services.credit.storage.closings import closed_since, closings
from fivered.services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from fivered.chassis.bus import Event, Tx

NOTHING = rules.Taken()
MEASURED = (
    events.StewardMonthHeard,
    events.PropertyMonthHeard,
    events.PartnerMonthHeard,
    events.ForumMonthHeard,
)


@dataclass(frozen=True, slots=True)
class _Scored:
    """An event that may fire rules, and the month in which it counts."""

    event: Event
    period: str
    late: bool


_Part = tuple[rules.Fired, _Scored, str]


def ingest(tx: Tx, heard: Sequence[Event]) -> None:
    """Take what a source said into effect: markers, awards, reversals.

    What lies before a marker in its partition counts in the month, what lies behind is LATE.
    """
    if not heard:
        return
    source = heard[0].source
    known = months.closed(tx, source)
    measured: list[Event] = []
    scored: list[_Scored] = []
    for event in heard:
        closed = known[event.partition]
        if isinstance(event.data, MEASURED):
            closed.add(event.data.period)
            measured.append(event)
            continue
        period = happened = Calendar.period(event.occurred_at)
        while period in closed:
            period = Calendar.next_period(period)
        scored.append(_Scored(event, period, period != happened))
    facts.add(tx.conn, [_fact(item) for item in scored if _type(item.event) in PRODUCERS])
    in_force = rules_in_force(tx.conn)
    award_all(tx, scored, in_force)
    months.record(tx, measured)


def _type(event: Event) -> str:
    return f"{event.source}.{event.fact}"


def _fact(item: _Scored) -> dict[str, object]:
    """Return an event as it is kept, so that its month can be computed again."""
    event = item.event
    return {
        "period": item.period,
        "event_id": event.id,
        "source": event.source,
        "fact": event.fact,
        "subject": event.subject[:80],
        "occurred_at": event.occurred_at,
        "late": item.late,
        "area": event.scope[:15],
        "data": msgspec.json.encode(event.data).decode(),
    }


def award_all(tx: Tx, scored: Sequence[_Scored], in_force: InForce) -> None:
    """Give what events fire, and take back what they reverse."""
    fired: list[_Part] = []
    local: list[tuple[str, _Part]] = []
    told = _redirected(tx, [_members(item.event.data) for item in scored])
    for item, data in zip(scored, told, strict=True):
        event = item.event
        read = rules.Event(
            id=event.id,
            type=f"{event.source}.{event.fact}",
            occurred_at=event.occurred_at,
            data=data,
        )
        fired += [(one, item, code) for code, one in in_force.fires(read)]
        if in_force.streets:
            day = Calendar.local_date(event.occurred_at)
            local += [
                (street, (one, item, added))
                for street, added, more in in_force.streets_on(day)
                for one in more.fires(read)
            ]
        reversed_deeds = in_force.reverses(read)
        if reversed_deeds:
            # What it takes back may have come in the same batch, and must be there first.
            _award(tx, fired, in_force)
            fired = []
        for deed, by_set in reversed_deeds:
            reversals.reverse_deed(tx, deed, by_set, event)
    _award(tx, fired + _of_streets(tx, local), in_force)


def _redirected(tx: Tx, told: list[Data]) -> list[Data]:
    """Read what is told of an id that was given up as told of the id that was kept."""
    if not told or not registry.any_merged(tx.conn):
        return told
    named = {
        value
        for data in told
        for value in data.values()
        if isinstance(value, str) and value.startswith("per_")
    }
    kept = registry.merged(tx.conn, named)
    if not kept:
        return told
    return [
        {
            name: kept.get(value, value) if isinstance(value, str) else value
            for name, value in data.items()
        }
        for data in told
    ]


def _of_streets(tx: Tx, local: Sequence[tuple[str, _Part]]) -> list[_Part]:
    """Keep what a street's rules give to its own subjects, wherever the deed was done; one that
    the registry has not told of yet is taken to be where it was done."""
    known = registry.subjects(tx.conn, {part[0].subject for _, part in local})
    kept = []
    for street, part in local:
        row = known.get(part[0].subject)
        if row is None or row.area is None:
            inside = part[1].event.scope.startswith(street)
        else:
            inside = registry.settles_in(tx.conn, row, part[0].occurred_at, street)
        if inside:
            kept.append(part)
    return kept


def _award(tx: Tx, fired: list[_Part], in_force: InForce) -> None:
    fired, spans = _consented(tx, fired)
    if not fired:
        return
    subjects = {one.subject for one, _, _ in fired}
    registry.add_stubs(tx.conn, subjects, tx.now)
    hold_open(tx, subjects)
    due = tx.calendar.due(tx.now, deciding.WORKING_DAYS)
    # Two bindings of one rule may hear the same event; it is one award all the same.
    plain: dict[str, Award] = {}
    told: list[hours.Told] = []
    for one, item, code in fired:
        award = _begun(one, item, code)
        if one.rule.tiers is not None:
            told.append(hours.Told(one, award, _confirmed_by(item.event)))
            continue
        plain[award.award_id] = award
        if one.human:
            award.waits_for, award.due_at = deciding.first_level(one.rule.approve), due
    new = list(plain.values())
    _yield_deeds(tx, new, in_force)
    _void_closed(tx, new)
    _cap(tx, new, in_force)
    counted, changed = hours.count(tx, told, spans, in_force)
    _store(tx, new + counted, changed)


def _confirmed_by(event: Event) -> str | None:
    return event.actor_id if event.actor_role != SYSTEM_ROLE else None


_NAMES: dict[type, tuple[str, ...]] = {}


def _members(data: DataclassInstance) -> Data:
    kind = type(data)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return {name: getattr(data, name) for name in names}


def _consented(tx: Tx, fired: list[_Part]) -> tuple[list[_Part], registry.Spans]:
    """Leave out a person who had not consented when it happened; without the consent to points
    there is a score only (ruling 7). Returns the others, and the consents of all persons
    concerned."""
    people = {one.subject for one, _, _ in fired if one.rule.kind in PERSONS}
    if not people:
        return fired, {}
    known = registry.spans(tx.conn, people)
    kept = []
    for one, item, code in fired:
        found = one
        if found.rule.kind in PERSONS:
            at = found.occurred_at
            if not registry.consents_at(known, found.subject, "SCORING", at):
                continue
            if not registry.consents_at(known, found.subject, "POINTS", at):
                found = replace(found, points=0)
        kept.append((found, item, code))
    return kept, known


def window_of(rule: Rule, on: date, deed: str, late_in: str = "") -> str | None:
    """Return the cap window of an award, or None where the rule has no cap.

    Args:
        rule: The rule.
        on: Local date of the deed.
        deed: What it is for.
        late_in: The month in which it counts where that is not the month of the deed: it takes
            room there, because the earlier month is closed.
    """
    cap = rule.cap
    if cap is None or rule.tiers is not None:
        return None
    return rules.window(cap.per, on, deed, late_in)[:80]


def _begun(one: rules.Fired, item: _Scored, code: str) -> Award:
    """Return an award that an event fired, before caps."""
    rule, event = one.rule, item.event
    deduction = one.score < 0
    decides: Decides = "PERSON" if rule.human else "SETTLEMENT" if deduction else "NOBODY"
    return Award(
        award_id=one.award_id,
        subject_id=one.subject,
        kind=rule.kind,
        rule_set=code,
        rule_code=rule.code,
        source=event.source,
        fact=event.fact,
        event_id=event.id,
        deed=one.deed or None,
        actor_id=event.actor_id,
        level=one.level,
        occurred_at=one.occurred_at,
        day=one.on,
        period=item.period,
        to_period=standing.last_period(item.period, one.valid_periods),
        cap_window=window_of(rule, one.on, one.deed, item.period if item.late else ""),
        score=one.score,
        points=one.points,
        late=item.late,
        deduction=deduction,
        decides=decides,
        area=event.scope[:12],
        proposed_at=event.recorded_at,
        decided_at=event.occurred_at if decides == "NOBODY" else None,
        shard=event.partition,
    )


def _cap(tx: Tx, new: Sequence[Award], in_force: InForce) -> None:
    """Cut awards to what their windows have left. Those of human rules wait for approval."""
    windows: dict[store.Window, list[Award]] = defaultdict(list)
    for award in new:
        waits = award.decides == "PERSON" or award.state == "REVERSED"
        if award.cap_window is not None and not waits:
            windows[award.subject_id, award.rule_code, award.cap_window].append(award)
    if not windows:
        return
    spent = store.used(tx.conn, windows)
    for key, members in windows.items():
        # Each comes of an event, which has one award of a rule and subject.
        by_event = {award.event_id or "": award for award in members}
        caps = {
            event_id: in_force.rule_in(award.rule_set, key[1]).cap
            for event_id, award in by_event.items()
        }
        used = spent.get(key)
        counted = [
            rules.Counted(award.occurred_at, event_id, award.score, award.points)
            for event_id, award in by_event.items()
        ]
        for kept in rules.apply_caps(caps, counted, used.taken if used else NOTHING):
            award = by_event[kept.event_id]
            award.score, award.points = kept.score, kept.points
            award.capped = bool(kept.flags)
        if used is None:
            continue
        full = used.capped or any(award.capped for award in members)
        earlier = min(award.occurred_at for award in members) <= used.last_at
        best = any(cap is not None and cap.per == "DEED" for cap in caps.values())
        if best or (full and earlier):
            # Somebody earlier in time, or better, came later: the draft decides who is cut.
            for award in members:
                award.recount = True


# --------------------------------------------------------------------------------------------------
# Rules that exclude each other


def _yield_deeds(tx: Tx, new: Sequence[Award], in_force: InForce) -> None:
    """Let awards yield to the rule that excludes theirs at the same deed, new ones and stored ones.

    What yields is stored as it was taken back, with its reason: so an event that comes first leaves
    the same rows as one that comes last.
    """
    contested = in_force.contested()
    asked = [
        (award, award.deed)
        for award in new
        if award.deed is not None and award.rule_code in contested
    ]
    if not asked:
        return
    lost = reversals.give_way(
        tx,
        [
            (award.subject_id, deed, in_force.rule_in(award.rule_set, award.rule_code))
            for award, deed in asked
        ],
        in_force,
    )
    for award, deed in asked:
        winner = lost.get((award.subject_id, deed, award.rule_code))
        if winner is not None:
            _void(tx, award, Cause(EXCLUDED, winner))


def hold_open(tx: Tx, subject_ids: Iterable[str]) -> None:
    """Have what other transactions say of the closing of subjects wait, or wait for it."""
    closable = [one for one in subject_ids if one.partition(":")[0] not in PERSONS]
    registry.lock_subjects(tx.conn, closable)


def _void_closed(tx: Tx, new: Sequence[Award]) -> None:
    """Let nothing count that a subject did while it was closed: it is stored as it was taken back,
    with its reason, so that anybody who asks reads why."""
    known = closings(tx.conn, tx.calendar, {award.subject_id for award in new})
    for award in new:
        if closed_since(known, award.subject_id, award.occurred_at) is not None:
            _void(tx, award, Cause(SUBJECT_CLOSED))


def _void(tx: Tx, award: Award, cause: Cause) -> None:
    award.to_period = Calendar.next_period(award.period, -1)
    award.effective, award.state = False, "REVERSED"
    award.reason, award.cause, award.cause_ref = cause.text, cause.code, cause.ref
    award.decided_at = tx.now


def _store(tx: Tx, new: Sequence[Award], changed: Sequence[Change]) -> None:
    """Store awards, other amounts of those that are stored, and post the points of both."""
    added = store.add(tx.conn, new)
    fresh = [award for award in new if award.award_id in added]
    telling.deductions(tx, fresh)
    # Gains come first here too, new ones and others, so that PENDING covers what is taken.
    amounts.post_new(tx, fresh)
    amounts.adjust_read(tx, [one for one in changed if one.points >= one.award.points])
    for award in fresh:
        if award.points < 0:
            amounts.take_points(tx, award, -award.points)
    amounts.adjust_read(tx, [one for one in changed if one.points < one.award.points])
