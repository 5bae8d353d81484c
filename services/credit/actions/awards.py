"""Awards from events: many at a time, in a handful of statements; each with its reason.

What an event gives follows from the rule set in force on the day of the deed. Caps are provisional
here: two workers may fill one window at the same time. The draft of the month computes such windows
again in the order (occurred_at, event id), and points stay PENDING until then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from chassis.bus import SYSTEM_ROLE, new_uuid
from chassis.calendar import Calendar
from services.credit import events
from services.credit.actions import ledger, months, repair_ends, telling
from services.credit.rules import awards as rules
from services.credit.rules import deciding, standing
from services.credit.rules.award import Award, Decides
from services.credit.rules.model import Rule
from services.credit.rules.producing import PRODUCERS
from services.credit.storage import awards as store
from services.credit.storage import facts, registry
from services.credit.storage import ledger as points
from services.credit.storage import settlement as settlement_store
from services.credit.storage.closings import closed_since, closings
from services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from chassis.bus import Event, Tx

PERSONS = ("RES", "HH")
NOTHING = rules.Taken()
# The reason of an award that yields to another of its deed; the rule that excludes it follows.
EXCLUDED_BY = "excluded:"
# The reason of an award whose subject was closed when it happened.
CLOSED = "SUBJECT_CLOSED"
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
        closed = known.setdefault(event.partition, set())
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


def _fact(item: _Scored) -> dict[str, Any]:
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
    fired: list[tuple[rules.Fired, _Scored, str]] = []
    local: list[tuple[str, tuple[rules.Fired, _Scored, str]]] = []
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
            _reverse_deed(tx, deed, by_set, event)
    _award(tx, fired + _of_streets(tx, local), in_force)


def _redirected(tx: Tx, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
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


def _of_streets(
    tx: Tx, local: Sequence[tuple[str, tuple[rules.Fired, _Scored, str]]]
) -> list[tuple[rules.Fired, _Scored, str]]:
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


def _award(tx: Tx, fired: list[tuple[rules.Fired, _Scored, str]], in_force: InForce) -> None:
    fired, spans = _consented(tx, fired)
    if not fired:
        return
    registry.add_stubs(tx.conn, {one.subject for one, _, _ in fired}, tx.now)
    running = [part for part in fired if part[0].rule.tiers is not None]
    plain = [part for part in fired if part[0].rule.tiers is None]
    # Two bindings of one rule may hear the same event; it is one award all the same.
    by_id = {found["award_id"]: found for found in (row(*part) for part in plain)}
    rows = list(by_id.values())
    due = tx.calendar.due(tx.now, deciding.WORKING_DAYS)
    for part, found in ((part, by_id[part[0].award_id]) for part in plain if part[0].human):
        found |= {"waits_for": deciding.first_level(part[0].rule.approve), "due_at": due}
    _yield_deeds(tx, rows, in_force)
    _void_closed(tx, rows)
    _cap(tx, rows, in_force)
    counted, changed = _count_hours(tx, running, spans, in_force)
    _store(tx, rows + counted, changed)


_NAMES: dict[type[Any], tuple[str, ...]] = {}


def _members(data: Any) -> dict[str, Any]:
    kind = type(data)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return {name: getattr(data, name) for name in names}


def _consented(
    tx: Tx, fired: list[tuple[rules.Fired, _Scored, str]]
) -> tuple[list[tuple[rules.Fired, _Scored, str]], registry.Spans]:
    """Leave out whoever had not consented when it happened; without the consent to points there
    is a score only (ruling 7). Returns the others, and the consents of all persons concerned."""
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


def row(one: rules.Fired, item: _Scored, code: str) -> dict[str, Any]:
    """Return the row of an award that an event fired, before caps."""
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
    ).row()


def post_points(tx: Tx, rows: Iterable[dict[str, Any]]) -> None:
    """Post the points of approved awards; they stay PENDING until their month is final."""
    points.earn(
        tx.conn,
        [
            points.Earned(
                posting_id=new_uuid(),
                award_id=found["award_id"],
                subject_id=found["subject_id"],
                period=found["points_period"],
                posted_at=tx.now,
                deed_at=found["occurred_at"],
                issuance=points.system_account(
                    "ISSUANCE", ledger.district_of(found["area"]), found["shard"]
                ),
                points=found["points"],
            )
            for found in rows
            if found["points"] > 0 and found["state"] == "APPROVED"
        ],
    )


def _cap(tx: Tx, rows: list[dict[str, Any]], in_force: InForce) -> None:
    """Cut the rows to what their windows have left. Rows of human rules wait for approval."""
    windows: dict[store.Window, list[dict[str, Any]]] = defaultdict(list)
    for found in rows:
        waits = found["decides"] == "PERSON" or found["state"] == "REVERSED"
        if found["cap_window"] is not None and not waits:
            key = (found["subject_id"], found["rule_code"], found["cap_window"])
            windows[key].append(found)
    if not windows:
        return
    spent = store.used(tx.conn, windows)
    for key, members in windows.items():
        caps = {m["event_id"]: _rule(in_force, m["rule_set"], key[1]).cap for m in members}
        used = spent.get(key)
        by_event = {found["event_id"]: found for found in members}
        counted = [
            rules.Counted(m["occurred_at"], m["event_id"], m["score"], m["points"]) for m in members
        ]
        for kept in rules.apply_caps(caps, counted, used.taken if used else NOTHING):
            found = by_event[kept.event_id]
            found["score"], found["points"] = kept.score, kept.points
            found["capped"] = bool(kept.flags)
        if used is None:
            continue
        full = used.capped or any(m["capped"] for m in members)
        earlier = min(m["occurred_at"] for m in members) <= used.last_at
        best = any(cap is not None and cap.per == "DEED" for cap in caps.values())
        if best or (full and earlier):
            # Somebody earlier in time, or better, came later: the draft decides who is cut.
            for found in members:
                found["recount"] = True


def amended(award: Any) -> bool:
    """Tell whether a decided objection has left only a part of an award: that part stays."""
    return bool(award.reason) and str(award.reason).startswith("objection:")


def _rule(in_force: InForce, rule_set: str, code: str) -> Rule:
    compiled = in_force.of_code(rule_set)
    rule = compiled.rule_set.rule(code) if compiled is not None else None
    assert rule is not None, (rule_set, code)  # noqa: S101  an award names what was in force
    return rule


# --------------------------------------------------------------------------------------------------
# Rules that exclude each other


def _yield_deeds(tx: Tx, rows: list[dict[str, Any]], in_force: InForce) -> None:
    """Let awards yield to the rule that excludes theirs at the same deed, new ones and stored ones.

    What yields is stored as it was taken back, with its reason: so an event that comes first leaves
    the same rows as one that comes last.
    """
    contested = in_force.contested()
    asked = [found for found in rows if found["deed"] and found["rule_code"] in contested]
    if not asked:
        return
    lost = give_way(
        tx,
        [
            (
                found["subject_id"],
                found["deed"],
                _rule(in_force, found["rule_set"], found["rule_code"]),
            )
            for found in asked
        ],
        in_force,
    )
    for found in asked:
        winner = lost.get((found["subject_id"], found["deed"], found["rule_code"]))
        if winner is not None:
            found |= {
                "to_period": Calendar.next_period(found["period"], -1),
                "effective": False,
                "state": "REVERSED",
                "reason": f"{EXCLUDED_BY}{winner}",
                "decided_at": tx.now,
            }


def _void_closed(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Let nothing count that a subject did while it was closed: it is stored as it was taken back,
    with its reason, so that anybody who asks reads why."""
    known = closings(tx.conn, tx.calendar, {found["subject_id"] for found in rows})
    for found in rows:
        if closed_since(known, found["subject_id"], found["occurred_at"]) is not None:
            found |= {
                "to_period": Calendar.next_period(found["period"], -1),
                "effective": False,
                "state": "REVERSED",
                "reason": CLOSED,
                "decided_at": tx.now,
            }


def give_way(
    tx: Tx, fired: Sequence[tuple[str, str, Rule]], in_force: InForce
) -> dict[tuple[str, str, str], str]:
    """Reverse the stored awards that yield to rules that are awarded now.

    Args:
        tx: The transaction.
        fired: (subject, deed, rule) of what is awarded now.
        in_force: The rule sets.

    Returns:
        (subject, deed, rule code) of what yields -> the rule to which it yields.
    """
    # Two workers may hear the two events of one deed: the second one waits, and sees the first.
    registry.lock_subjects(tx.conn, {subject_id for subject_id, _, _ in fired})
    deeds: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for subject_id, deed, rule in fired:
        deeds[subject_id, deed].append(rule)
    contested = in_force.contested()
    stored = [
        known
        for known in store.by_deeds(tx.conn, {deed for _, deed in deeds}, store.STATES)
        if known.rule_code in contested and (known.subject_id, known.deed) in deeds
    ]
    for known in stored:
        if rules.takes_deed(known.state, by_event=known.event_id is not None):
            rule = _rule(in_force, known.rule_set, known.rule_code)
            deeds[known.subject_id, known.deed].append(rule)
    lost = {
        (subject_id, deed, code): winner
        for (subject_id, deed), awarded in deeds.items()
        for code, winner in rules.excluded(awarded).items()
    }
    for known in stored:
        winner = lost.get((known.subject_id, known.deed, known.rule_code))
        if winner is not None and known.state in store.STANDING:
            reverse(tx, known, reason=f"{EXCLUDED_BY}{winner}", by=None)
    return lost


# --------------------------------------------------------------------------------------------------
# Running totals


_Changed = tuple[Any, int, int, bool]


def _count_hours(
    tx: Tx,
    fired: Sequence[tuple[rules.Fired, _Scored, str]],
    spans: registry.Spans,
    in_force: InForce,
) -> tuple[list[dict[str, Any]], list[_Changed]]:
    """Return the rows that are new, and what differs: (stored row, score, points, capped)."""
    new: list[dict[str, Any]] = []
    changed: list[_Changed] = []
    by_rule: dict[str, list[tuple[rules.Fired, _Scored, str]]] = defaultdict(list)
    for part in fired:
        by_rule[part[0].rule.code].append(part)
    for code, parts in sorted(by_rule.items()):
        found = _count_rule(tx, code, parts, spans, in_force)
        new += found[0]
        changed += found[1]
    return new, changed


def _count_rule(
    tx: Tx,
    code: str,
    parts: list[tuple[rules.Fired, _Scored, str]],
    spans: registry.Spans,
    in_force: InForce,
) -> tuple[list[dict[str, Any]], list[_Changed]]:
    """Compute the running totals of the subjects concerned anew; return what is new or differs.

    One transaction at a time does so for a subject, and all its records of the year are taken in
    one order, so that the order of arrival changes nothing. Each is counted by the version of the
    rule that was in force on its day: what a month has given stays when the rule is amended.
    """
    subject_ids = {one.subject for one, _, _ in parts}
    registry.lock_subjects(tx.conn, subject_ids)
    store.add_hours(
        tx.conn,
        [
            {
                "event_id": one.event_id,
                "rule_code": code,
                "subject_id": one.subject,
                "record_id": one.deed or one.event_id,
                "day": one.on,
                "minutes": max(0, int(one.facts.get("minutes") or 0)),
                "source": str(one.facts.get("source") or ""),
                "period": item.period,
                "occurred_at": one.occurred_at,
                "confirmed_by": item.event.actor_id if _by_person(item.event) else None,
            }
            for one, item, _ in parts
        ],
    )
    since = date(min(one.on.year for one, _, _ in parts), 1, 1)
    until = date(max(one.on.year for one, _, _ in parts) + 1, 1, 1)
    records: dict[str, list[rules.Hours]] = defaultdict(list)
    for hour in store.hours_of(tx.conn, code, subject_ids, since, until):
        records[hour.subject_id].append(
            rules.Hours(
                event_id=str(hour.event_id),
                record_id=hour.record_id,
                occurred_at=hour.occurred_at,
                on=hour.day,
                minutes=hour.minutes,
                source=hour.source,
                period=hour.period,
                paid=registry.consents_at(spans, hour.subject_id, "POINTS", hour.occurred_at),
            )
        )
    stored = store.awards_of_rule(tx.conn, code, subject_ids, since, until)
    newest = parts[0][0].rule

    def rule_of(day: date) -> Rule:
        return in_force.rule_on(day, code) or newest

    templates = _Templates(in_force, stored, parts)
    new: list[dict[str, Any]] = []
    changed: list[tuple[Any, int, int, bool]] = []
    kept = set()
    for subject_id, told in sorted(records.items()):
        for found in rules.hours_awards(rule_of, subject_id, told):
            known = stored.get(found.award_id)
            if known is not None and not found.slices and (amended(known) or _same(known, found)):
                # As nearly all of a year's records are: what they gave stands, and so does what a
                # decided objection has left of one.
                kept.add(found.award_id)
                continue
            for wanted in _parts_of(found, stored, templates, new):
                kept.add(wanted["award_id"])
                known = stored.get(wanted["award_id"])
                if known is None:
                    new.append(wanted)
                elif (known.score, known.points) != (wanted["score"], wanted["points"]):
                    changed.append((known, wanted["score"], wanted["points"], wanted["capped"]))
    # An earlier deed that is told later may have moved elsewhere what a correction takes.
    changed += [
        (known, 0, 0, False)
        for award_id, known in stored.items()
        if award_id not in kept and (known.score or known.points)
    ]
    return new, changed


def _by_person(event: Event) -> bool:
    return event.actor_role != SYSTEM_ROLE


def _same(known: Any, found: rules.HoursAward) -> bool:
    return bool((known.score, known.points) == (found.score, found.points))


class _Templates(dict[str, dict[str, Any]]):
    """Event -> the row with which an award of it begins; also of an event heard earlier: another
    record may give it an award now that it did not have before. Such a row is made when asked."""

    def __init__(
        self,
        in_force: InForce,
        stored: dict[str, Any],
        parts: Sequence[tuple[rules.Fired, _Scored, str]],
    ) -> None:
        super().__init__((one.event_id, row(one, item, code)) for one, item, code in parts)
        self._in_force = in_force
        self._stored = stored
        self._by_event: dict[str, Any] = {}

    def __missing__(self, event_id: str) -> dict[str, Any]:
        if not self._by_event:
            self._by_event = {str(known.event_id): known for known in self._stored.values()}
        known = self._by_event[event_id]
        rule = _rule(self._in_force, known.rule_set, known.rule_code)
        made: dict[str, Any] = known._asdict() | {
            "event_id": event_id,
            "to_period": standing.last_period(known.period, rule.valid_periods),
            "points_period": known.period,
            "capped": False,
            "correction": False,
            "recount": False,
            "state": "APPROVED",
            "reason": None,
            "decided_by": None,
            "decided_at": known.occurred_at,
            "corrects": None,
            "version": 1,
        }
        self[event_id] = made
        return made


def _parts_of(
    found: rules.HoursAward,
    stored: dict[str, Any],
    templates: _Templates,
    new: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the rows that one record gives: its gain, and what it takes from earlier awards."""
    template = templates[found.event_id]
    capped = rules.CAPPED in found.flags
    parts: list[dict[str, Any]] = []
    gain = {
        "award_id": found.award_id,
        "score": found.score,
        "points": found.points,
        "capped": capped,
    }
    if not found.slices or found.score or found.points:
        raw = {"score_raw": found.score, "points_raw": max(0, found.raw_points)}
        parts.append(template | gain | raw)
    for part in found.slices:
        identity = rules.award_id("CORRECTION", part.award_id, found.event_id)
        taken = {
            "award_id": identity,
            "score": part.score,
            "points": part.points,
            "capped": False,
        }
        corrected = stored.get(part.award_id)
        month = (
            corrected.points_period
            if corrected is not None
            else next(
                (r["points_period"] for r in new if r["award_id"] == part.award_id),
                template["points_period"],
            )
        )
        parts.append(
            template
            | taken
            | {
                "score_raw": part.score,
                "points_raw": part.points,
                "to_period": part.last_period,
                "points_period": month,
                "correction": True,
                "deduction": False,
                "corrects": part.award_id,
            }
        )
    return parts


def _store(tx: Tx, new: list[dict[str, Any]], changed: list[_Changed]) -> None:
    """Store awards, other amounts of those that are stored, and post the points of both."""
    added = store.add(tx.conn, new)
    fresh = [found for found in new if found["award_id"] in added]
    telling.deductions(tx, fresh)
    # Gains come first here too, new ones and others, so that PENDING covers what is taken.
    post_points(tx, fresh)
    adjust_read(tx, [part for part in changed if part[2] >= part[0].points])
    for found in fresh:
        if found["points"] < 0:
            ledger.reverse_points(
                tx,
                subject_id=found["subject_id"],
                area=found["area"],
                award_id=found["award_id"],
                points=-found["points"],
                points_period=found["points_period"],
                shard=found["shard"],
            )
    adjust_read(tx, [part for part in changed if part[2] < part[0].points])


def adjust_read(tx: Tx, changed: Sequence[_Changed]) -> None:
    """Adjust awards that were read without a lock. One that somebody has taken back or decided
    meanwhile is left as he left it: its points are posted already, and he asks for a new draft."""
    still = store.unchanged(tx.conn, [known for known, _, _, _ in changed])
    adjust(tx, [part for part in changed if str(part[0].award_id) in still])


def adjust(tx: Tx, changed: Sequence[_Changed]) -> None:
    """Store other amounts for awards, and post the differences of their points.

    Args:
        tx: The transaction.
        changed: (stored row, score, points, capped).
    """
    if not changed:
        return
    store.put_amounts(
        tx.conn,
        [
            {
                "award_id": str(known.award_id),
                "score": score,
                "points": amount,
                "capped": capped,
                "recount": False,
            }
            for known, score, amount, capped in changed
        ],
    )
    # What one award of a subject loses, another of the same month may gain: gains come first, so
    # that nothing falls below zero on the way.
    for known, _, amount, _ in sorted(changed, key=lambda part: part[0].points - part[2]):
        difference = amount - known.points
        if known.state != "APPROVED" or difference == 0:
            continue
        if difference < 0:
            ledger.reverse_points(
                tx,
                subject_id=known.subject_id,
                area=known.area,
                award_id=str(known.award_id),
                points=-difference,
                points_period=known.points_period,
                shard=known.shard,
            )
        else:
            post_points(
                tx,
                [
                    {
                        "award_id": str(known.award_id),
                        "subject_id": known.subject_id,
                        "points_period": known.points_period,
                        "occurred_at": known.occurred_at,
                        "points": difference,
                        "state": "APPROVED",
                        "area": known.area,
                        "shard": known.shard,
                    }
                ],
            )


# --------------------------------------------------------------------------------------------------
# Caps of a month, computed again


def recount(tx: Tx, period: str, areas: Sequence[str], end: datetime) -> int:
    """Compute the cap windows of a month again where the order of arrival could matter.

    Awards of earlier months keep what they have: their month is closed.

    Returns:
        Number of awards whose amounts changed.
    """
    in_force = rules_in_force(tx.conn)
    limits: dict[str, tuple[Any, Any, Any]] = {}
    for _, _, _, compiled in in_force.everything():
        for rule in compiled.rule_set.rules:
            if rule.cap is not None and rule.tiers is None and rule.metric is None:
                # Of a deed one award is left uncut.
                count = 1 if rule.cap.per == "DEED" else rule.cap.count
                limit = (count, rule.cap.score, rule.cap.points)
                known = limits.get(rule.code, limit)
                # Of several versions the narrowest: whether it applies is looked at in each window.
                limits[rule.code] = (
                    _least(known[0], limit[0]),
                    _least(known[1], limit[1]),
                    _least(known[2], limit[2]),
                )
    changed = 0
    for window in store.windows_to_recount(tx.conn, period, areas, end, limits):
        changed += _recount_window(tx, in_force, window, period)
    return changed


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _recount_window(tx: Tx, in_force: InForce, window: store.Window, period: str) -> int:
    members = store.in_window(tx.conn, window)
    # A month may be drafted after later ones of the same window: what is confirmed stays too.
    area = months.settles_in(tx, window[0], period)
    done = settlement_store.confirmed_periods(tx.conn, area, period) if area else set()
    before = [m for m in members if m.period < period or m.period in done]
    taken = rules.Taken(
        len(before), sum(abs(m.score) for m in before), sum(m.points for m in before)
    )
    open_ones = {
        str(m.event_id or m.award_id): m
        for m in members
        if m.period >= period and m.period not in done
    }
    caps = {key: _rule(in_force, m.rule_set, window[1]).cap for key, m in open_ones.items()}
    counted = [
        rules.Counted(
            m.occurred_at,
            key,
            m.score if amended(m) else m.score_raw,
            m.points if amended(m) else m.points_raw,
            period=m.period,
        )
        for key, m in open_ones.items()
    ]
    changed = []
    for kept in rules.apply_caps(caps, counted, taken):
        known = open_ones[kept.event_id]
        if (known.score, known.points) != (kept.score, kept.points) or known.recount:
            changed.append((known, kept.score, kept.points, bool(kept.flags)))
    adjust_read(tx, changed)
    return len(changed)


# --------------------------------------------------------------------------------------------------
# Reversal


def _forget_repeat(tx: Tx, known: Any) -> None:
    """End the vetoes for repetition that stand no more without an award that is taken back."""
    rule = _rule(rules_in_force(tx.conn), known.rule_set, known.rule_code)
    if rule.repeat_veto is None:
        return
    periods = store.negatives_of_rule(tx.conn, known.subject_id, rule.code)
    for veto in store.vetoes_of_rule(tx.conn, known.subject_id, rule.code):
        if rules.repeat_veto(rule, periods, veto.period) is None:
            store.end_veto(tx.conn, str(veto.award_id))


def _reverse_deed(tx: Tx, deed: str, by_set: dict[str, frozenset[str]], event: Event) -> None:
    for known in store.by_deeds(tx.conn, [deed]):
        if known.rule_code in by_set.get(known.rule_set, ()):
            reverse(tx, known, reason=f"{event.source}.{event.fact}", by=event.actor_id)


def take_back(tx: Tx, event: Event, *, deed: str, person_id: str | None = None) -> None:
    """Take back what was given for a deed; of one that others did as well, one person's part."""
    of = None if person_id is None else f"RES:{registry.kept(tx.conn, person_id)}"
    for known in store.by_deeds(tx.conn, [deed]):
        if of is None or known.subject_id == of:
            reverse(tx, known, reason=f"{event.source}.{event.fact}", by=event.actor_id)


def reverse(tx: Tx, known: Any, *, reason: str, by: str | None, opened: str | None = None) -> None:
    """Take an award back. In months that are final it keeps counting; from the open month on it
    does not (finalised months are never reopened).

    Args:
        tx: The transaction; it holds the award's row.
        known: The award.
        reason: Why.
        by: Who.
        opened: The month from which it does not count; default the subject's open month.
    """
    if opened is None:
        opened = months.open_period(tx, known.subject_id, known.period)
    end = min(known.to_period, Calendar.next_period(opened, -1))
    store.change(
        tx.conn,
        str(known.award_id),
        state="REVERSED",
        to_period=end,
        reason=reason[:400],
        decided_by=by,
        decided_at=tx.now,
    )
    store.end_veto(tx.conn, str(known.award_id))
    if known.deduction and known.effective:
        _forget_repeat(tx, known)
        repair_ends.item_gone(tx, known, by=by)
    if known.cap_window is not None:
        # It has left room in its window; the draft decides who has it.
        store.recount_window(tx.conn, (known.subject_id, known.rule_code, known.cap_window), opened)
    if known.points > 0 and known.state == "APPROVED":
        ledger.reverse_points(
            tx,
            subject_id=known.subject_id,
            area=known.area,
            award_id=str(known.award_id),
            points=known.points,
            points_period=known.points_period,
            shard=known.shard,
        )
    months.draft_again(tx, known.subject_id, opened)
