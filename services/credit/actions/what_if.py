"""What a draft would have changed: months replayed under it and under the rules in force.

The facts of the months are put to both rule sets and what each gives is worked out anew, caps and
running totals included, so that the difference is that of the rules alone. It runs as a job in many
small transactions: facts, measures and awards by hand become working rows of the job, then subjects
are summed up some hundred at a time; memory does not grow with them. No live table is written.

What persons decided stays decided: what was rejected or taken back counts on neither side. What a
person would have to approve under the draft, and nobody was asked about, counts as approved and is
reported as `assumed`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

import msgspec
from msgspec import Meta
from msgspec.structs import replace as replace_of

from fivered.chassis.calendar import Calendar
from fivered.chassis.facts import read_in
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import Request
from fivered.chassis.typed import decoded
from fivered.services.credit import events, replies
from fivered.services.credit.actions import awards
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import hours as hours_rules
from fivered.services.credit.rules import loader, standing
from fivered.services.credit.rules.causes import EXCLUDED
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.storage import facts, registry, retention
from fivered.services.credit.storage import rule_sets as sets
from fivered.services.credit.storage import what_if as store
from fivered.services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Job, Tx
    from fivered.chassis.records import Row

BEFORE, AFTER = "B", "A"
MOST_MONTHS = 24
PAGE = 2000
SUBJECTS = 400
LARGEST = 20
# Windows that reach back beyond the months that are replayed.
LONG = frozenset({"WEEK", "QUARTER", "HALF_YEAR", "YEAR", "EVER"})
UNDONE = frozenset({"REJECTED", "REVERSED"})
HEARD = frozenset(
    f"{reader.SOURCE}.{reader.FACT}" for reader in read_in(events, but=(events.CalendarYearHeard,))
)


class WhatIf(Request, frozen=True):
    """用草案重算最近几个月,不影响现有数据 / Replay the last months; live data stays as it is."""

    rule_set_id: str
    months: Annotated[
        int, Meta(ge=1, le=24, description="月数 / how many months", examples=[3])
    ] = 3


def what_if(tx: Tx, payload: WhatIf) -> replies.JobReply:
    """试算:谁得谁失 / Replay months: who gains, who loses.

    Queue a replay of the last months under a rule set.

    Raises:
        Invalid: No such number of months.
        NotFound: There is no such rule set in the caller's scope.
        RuleSetInvalid: And the other refusals of the loader.
    """
    if not 1 <= payload.months <= MOST_MONTHS:
        raise Invalid(
            field="months",
            reason=said(
                ("月数应在 1 到 {most_months} 之间 / months are 1 to {most_months}"),
                most_months=MOST_MONTHS,
            ),
        )
    row = sets.by_id(tx.conn, payload.rule_set_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="rule_set", id=payload.rule_set_id)
    loader.load(row.body)
    last = tx.calendar.previous_period(tx.calendar.period(tx.now))
    periods = [Calendar.next_period(last, -back) for back in range(payload.months - 1, -1, -1)]
    params = {
        "rule_set_id": row.rule_set_id,
        "code": row.code,
        "digest": row.digest,
        # The draft may be edited while the job runs: it replays what it was started with.
        "document": row.body,
        "periods": periods,
    }
    job_id = tx.start_job("what_if", params, area=row.area)
    return replies.JobReply.queued(job_id, periods=periods)


# --------------------------------------------------------------------------------------------------
# The job


@dataclass(frozen=True, slots=True)
class _Replay:
    """What a job replays.

    Attributes:
        since: The month from which facts are read, so that windows of a year, and running totals,
            begin where they begin.
        contested: Rules that exclude others or are excluded, on either side.
    """

    job_id: str
    code: str
    draft: rules.Compiled
    periods: tuple[str, ...]
    since: str
    contested: frozenset[str]

    @property
    def last(self) -> str:
        """The last month."""
        return self.periods[-1]

    def wants(self, rule: Rule, period: str) -> bool:
        """Tell whether a fact of a month matters for a rule."""
        if period in self.periods or rule.tiers is not None or rule.code in self.contested:
            return True
        return rule.cap is not None and rule.cap.per in LONG


def run(job: Job) -> replies.WhatIfFound:
    """Replay, and return what changes for whom."""
    params = job.params
    draft = rules.compile_rules(loader.load(params["document"]))
    periods = tuple(params["periods"])
    with job.step() as tx:
        in_force = rules_in_force(tx.conn)
        sides = [draft, *(span[3] for span in in_force.everything())]
        since = _since(sides, periods[0])
        replay = _Replay(
            job.job_id,
            params["code"],
            draft,
            periods,
            # Older facts may have been deleted (`retention`); the result says where it begins.
            since=max(since, retention.month_of_facts(tx.conn, "9999-99") or since),
            contested=draft.contested | in_force.contested(),
        )
        total = facts.count(tx.conn, replay.since, replay.last)
        total += store.count_measures(tx.conn, periods)
    place = _Place(**job.saved) if job.saved else _Place("facts", total=total)
    while place.phase != "sum":
        place = _step(job, replay, place)
    with job.step(done=place.done, total=place.total, note="sum") as tx:
        for earlier in store.earlier_jobs(tx.conn, params["rule_set_id"], job.job_id):
            store.drop_results(tx.conn, earlier)
        return _result(tx, replay, params["rule_set_id"], params["digest"])


def _since(sides: Iterable[rules.Compiled], first: str) -> str:
    rules_of_both = (rule for compiled in sides for rule in compiled.rule_set.rules)
    windows = {rule.cap.per for rule in rules_of_both if rule.cap is not None}
    if "EVER" in windows:
        return "0001-01"
    year = f"{first[:4]}-01"
    # A week may have begun in the month before.
    return min(year, Calendar.next_period(first, -1)) if "WEEK" in windows else year


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a job goes on.

    Attributes:
        phase: What is done there.
        after: Behind which row, by the columns that order the rows; None at the first.
        done: How much was done before it.
    """

    phase: str
    after: list[str] | None = None
    total: int = 0
    done: int = 0


def _step(job: Job, replay: _Replay, place: _Place) -> _Place:
    """Do one transaction of a phase. Returns where the next one goes on."""
    now: dict[str, object] = {}
    # What is done commits with the next step: only this one knows how much it finds.
    with job.step(done=place.done, total=place.total, note=place.phase, saved=now) as tx:
        step = _PHASES[place.phase](tx, replay, place.after)
        following = _Place(
            place.phase if step.last is not None else step.following,
            after=step.last,
            total=place.total + step.more,
            done=place.done + step.done,
        )
        now |= asdict(following)
    return following


@dataclass(frozen=True, slots=True)
class _Step:
    """What a transaction of a phase has done.

    Attributes:
        last: The last row, by the columns that order the rows; None where no more were left.
        following: The phase behind this one.
        done: How many rows were taken.
        more: How many more there are to be done than was known.
    """

    last: list[str] | None
    following: str
    done: int = 0
    more: int = 0


def _facts(tx: Tx, replay: _Replay, after: list[str] | None) -> _Step:
    if after is None:
        store.clear(tx.conn, replay.job_id)
    mark = (after[0], after[1]) if after is not None else None
    found = facts.page(tx.conn, replay.since, replay.last, mark, PAGE)
    _replay_facts(tx, replay, found)
    last = [found[-1].period, str(found[-1].event_id)] if found else None
    return _Step(last, "measures", len(found))


def _measures(tx: Tx, replay: _Replay, after: list[str] | None) -> _Step:
    mark = (after[0], after[1], after[2]) if after is not None else None
    found = store.measures_page(tx.conn, replay.periods, mark, PAGE)
    _replay_measures(tx, replay, found)
    last = [found[-1].period, found[-1].subject_id, found[-1].source] if found else None
    return _Step(last, "by_hand", len(found))


def _by_hand(tx: Tx, replay: _Replay, after: list[str] | None) -> _Step:
    mark = after[0] if after is not None else None
    found = store.by_hand_page(tx.conn, replay.since, replay.last, mark, PAGE)
    _replay_by_hand(tx, replay, found)
    if found:
        # Awards by hand are few, and are not counted beforehand.
        return _Step([str(found[-1].award_id)], "subjects")
    store.take_back(tx.conn, replay.job_id)
    return _Step(None, "subjects", more=store.count_subjects(tx.conn, replay.job_id))


def _subjects(tx: Tx, replay: _Replay, after: list[str] | None) -> _Step:
    found = store.subjects(tx.conn, replay.job_id, after[0] if after is not None else "", SUBJECTS)
    _sum_up(tx, replay, found)
    return _Step(found[-1:] or None, "sum", len(found))


_PHASES = {"facts": _facts, "measures": _measures, "by_hand": _by_hand, "subjects": _subjects}


# --------------------------------------------------------------------------------------------------
# Working rows


@dataclass(frozen=True, slots=True)
class _Fired:
    """What one side gives for a fact, a measured row or an award by hand, before caps.

    Attributes:
        void: It counts nothing itself, and others for its deed yield to it all the same.
        within: The street whose subjects alone it is for; empty: everybody's.
    """

    side: str
    rule_set: str
    one: rules.Fired
    period: str
    area: str
    measured: bool = False
    assumed: bool = False
    paid: bool = True
    void: bool = False
    within: str = ""


def _replay_facts(tx: Tx, replay: _Replay, found: Sequence[Row]) -> None:
    in_force = rules_in_force(tx.conn)
    fired: list[_Fired] = []
    backs: list[dict[str, object]] = []
    for row in found:
        event = rules.Event(
            id=str(row.event_id),
            type=f"{row.source}.{row.fact}",
            occurred_at=row.occurred_at,
            data=msgspec.json.decode(row.data),
        )
        day = Calendar.local_date(row.occurred_at)
        for side, code, compiled, within in _sides(replay, in_force, day):
            fired += [
                _Fired(side, code, one, row.period, row.area[:12], within=within)
                for one in compiled.fires(event)
                if replay.wants(one.rule, row.period)
            ]
            for deed, codes in compiled.reverses(event):
                backs += [_back(replay, side, deed, rule, event.id) for rule in sorted(codes)]
    store.add_parts(tx.conn, backs)
    _keep(tx, replay, fired)


def _sides(
    replay: _Replay, in_force: InForce, day: date
) -> Iterator[tuple[str, str, rules.Compiled, str]]:
    """Yield (side, code, compiled, street). A street's draft takes the place of what that street
    has added so far, and only its own subjects are looked at; the district's stays on both sides.
    A district's draft takes the place of the district's."""
    held, tried = in_force.on(day), replay.draft.rule_set
    added = in_force.streets_on(day)
    if tried.street:
        if held is not None:
            yield BEFORE, held[0], held[1], tried.scope
            yield AFTER, held[0], held[1], tried.scope
        for street, code, compiled in added:
            if street == tried.scope:
                yield BEFORE, code, compiled, street
        yield AFTER, replay.code, replay.draft, tried.scope
        return
    if held is not None:
        yield BEFORE, held[0], held[1], ""
    yield AFTER, replay.code, replay.draft, ""
    for street, code, compiled in added:
        yield BEFORE, code, compiled, street
        yield AFTER, code, compiled, street


def _back(replay: _Replay, side: str, deed: str, rule: str, event_id: str) -> dict[str, object]:
    return {
        "job_id": replay.job_id,
        "side": side,
        "award_id": rules.award_id(rule, deed, event_id),
        "subject_id": "",
        "rule_code": rule,
        "deed": deed[:64],
        "body": "{}",
    }


def _replay_measures(tx: Tx, replay: _Replay, found: Sequence[Row]) -> None:
    in_force = rules_in_force(tx.conn)
    fired: list[_Fired] = []
    for row in found:
        _, end = tx.calendar.month_bounds(row.period)
        event = rules.Event(
            id=str(row.event_id),
            type=f"{row.source}.{row.fact}",
            occurred_at=end - timedelta(milliseconds=1),
            data={"period": row.period, row.rows: [standing.row_as_settled(row.data)]},
            period=row.period,
        )
        day = Calendar.local_date(end - timedelta(seconds=1))
        fired += [
            _Fired(side, code, one, row.period, row.area or "", measured=True, within=within)
            for side, code, compiled, within in _sides(replay, in_force, day)
            for one in compiled.fires(event)
        ]
    _keep(tx, replay, fired)


def _replay_by_hand(tx: Tx, replay: _Replay, found: Sequence[Row]) -> None:
    in_force = rules_in_force(tx.conn)
    fired: list[_Fired] = []
    for row in found:
        before = (row.rule_set, in_force.of_code(row.rule_set))
        # What the other level has given, district or street, stays as it is.
        tried = replay.draft.rule_set.street
        other = before[1] is not None and before[1].rule_set.street != tried
        after = before if other else (replay.code, replay.draft)
        within = replay.draft.rule_set.scope if tried else ""
        for side, (code, compiled) in ((BEFORE, before), (AFTER, after)):
            rule = compiled.rule_set.rule(row.rule_code) if compiled is not None else None
            level = rule.level(row.level) if rule is not None and row.level is not None else None
            if rule is None or bool(rule.levels) != (level is not None):
                continue
            if not replay.wants(rule, row.period):
                continue
            one = rules.Fired(
                rule=rule,
                subject=row.subject_id,
                event_id=str(row.award_id),
                award_id=str(row.award_id),
                occurred_at=row.occurred_at,
                on=row.day,
                score=level.score if level is not None else rule.score,
                points=level.points if level is not None else rule.points,
                deed=row.deed or "",
                valid_periods=rule.valid(row.level),
            )
            fired.append(_Fired(side, code, one, row.period, row.area or "", within=within))
    _keep(tx, replay, fired)


def _inside(tx: Tx, fired: Sequence[_Fired]) -> Iterator[_Fired]:
    """Leave out what is for the subjects of a street, and fell on others."""
    known = registry.subjects(tx.conn, {part.one.subject for part in fired if part.within})
    for part in fired:
        row = known.get(part.one.subject)
        if not part.within or (
            row is not None and registry.settles_in(tx.conn, row, part.one.occurred_at, part.within)
        ):
            yield part


def _keep(tx: Tx, replay: _Replay, fired: Sequence[_Fired]) -> None:
    """Store what counts: with the consent of that time, and as persons decided."""
    decided = store.states(tx.conn, (part.one.award_id for part in fired))
    people = {part.one.subject for part in fired if part.one.rule.kind in standing.PERSONS}
    spans = registry.spans(tx.conn, people) if people else {}
    rows = []
    for part in _inside(tx, fired):
        kept = _decided(part, decided.get(part.one.award_id))
        if kept is None and part.one.deed and part.one.rule.code in replay.contested:
            # As at ingest, what an event fired makes others yield, whatever was decided about it.
            kept = replace(part, void=True)
        if kept is not None and kept.one.rule.kind in standing.PERSONS:
            kept = _consented(kept, spans)
        if kept is not None:
            rows.append(_row(replay, kept))
    store.add_parts(tx.conn, rows)


def _decided(part: _Fired, known: tuple[str, str | None] | None) -> _Fired | None:
    state, cause = known or (None, None)
    # What yielded to another rule was decided by nobody: each side excludes by its own rules.
    yielded = state == "REVERSED" and cause == EXCLUDED
    if state in UNDONE and not yielded:
        return None
    if not part.one.human or state in ("APPROVED", "REPAIRED"):
        return part
    if (state is None or yielded) and part.side == AFTER:
        return replace(part, assumed=True)
    return None


def _consented(part: _Fired, spans: registry.Spans) -> _Fired | None:
    subject, at = part.one.subject, part.one.occurred_at
    if not registry.consents_at(spans, subject, "SCORING", at):
        return None
    if registry.consents_at(spans, subject, "POINTS", at):
        return part
    return replace(part, one=replace(part.one, points=0), paid=False)


def _row(replay: _Replay, part: _Fired) -> dict[str, object]:
    one = part.one
    tiered = one.rule.tiers is not None
    body = _Part(
        set=part.rule_set,
        event=one.event_id,
        at=one.occurred_at,
        on=one.on,
        period=part.period,
        to=standing.last_period(part.period, one.valid_periods),
        score=one.score,
        points=one.points,
        window=None if part.measured else awards.window_of(one.rule, one.on, one.deed),
        area=part.area,
        assumed=part.assumed,
        paid=part.paid,
        void=part.void,
        minutes=max(0, int(one.facts.get("minutes") or 0)) if tiered else 0,
        source=str(one.facts.get("source") or "") if tiered else "",
        record=one.deed or one.event_id if tiered else "",
    )
    return {
        "job_id": replay.job_id,
        "side": part.side,
        "award_id": one.award_id,
        "subject_id": one.subject,
        "rule_code": one.rule.code,
        "deed": one.deed[:64] or None,
        "body": msgspec.json.encode(body).decode(),
    }


# --------------------------------------------------------------------------------------------------
# Summing up


class _Part(msgspec.Struct, frozen=True):
    """A working row: what one side gives, before caps.

    Attributes:
        set: The rule set that gives it.
        event: What it is given for.
        to: The last month in which it counts.
        deed: Stands in a column of its own.
        minutes: Of a record of hours, as `source` and `record`.
    """

    set: str
    event: str
    at: datetime
    on: date
    period: str
    to: str
    score: int
    points: int
    window: str | None
    area: str
    assumed: bool
    paid: bool
    void: bool
    minutes: int = 0
    source: str = ""
    record: str = ""
    deed: str | None = None


_ByRule: TypeAlias = dict[str, list[_Part]]


@dataclass(frozen=True, slots=True)
class _Given:
    """What is left of a working row after caps and running totals."""

    rule: Rule
    period: str
    to_period: str
    score: int
    points: int
    correction: bool = False
    assumed: bool = False


def _sum_up(tx: Tx, replay: _Replay, subject_ids: Sequence[str]) -> None:
    """Work out what both sides give to some subjects, and add it to the sums."""
    if not subject_ids:
        return
    first, last = subject_ids[0], subject_ids[-1]
    in_force = rules_in_force(tx.conn)
    members: dict[str, dict[str, _ByRule]] = {}
    areas: dict[str, str] = {}
    for row in store.parts(tx.conn, replay.job_id, first, last):
        part = replace_of(decoded(row.body, _Part), deed=row.deed)
        sides = members.setdefault(row.subject_id, {BEFORE: {}, AFTER: {}})
        sides[row.side].setdefault(row.rule_code, []).append(part)
        areas.setdefault(row.subject_id, part.area)
    known = registry.subjects(tx.conn, members)
    carried = store.carried(tx.conn, sorted(members), replay.periods[0], replay.last)
    sums: dict[tuple[str, str, str, str], dict[str, int]] = {}
    changed = []
    for subject_id, sides in sorted(members.items()):
        subject = known.get(subject_id)
        area = (subject.area if subject is not None else None) or areas[subject_id]
        given = {
            BEFORE: list(_given(replay, in_force, subject_id, sides[BEFORE], BEFORE)),
            AFTER: list(_given(replay, in_force, subject_id, sides[AFTER], AFTER)),
        }
        _add(sums, subject_id.partition(":")[0], area, given)
        line = _line(replay, subject_id, area, given, carried.get(subject_id, (0, 0)))
        if line is not None:
            changed.append(line)
    store.put_subjects(tx.conn, changed)
    store.add_sums(
        tx.conn,
        [
            {
                "job_id": replay.job_id,
                "what": what,
                "area": area,
                "kind": kind,
                "name": name,
                **amounts,
            }
            for (what, area, kind, name), amounts in sums.items()
        ],
    )
    store.drop_parts(tx.conn, replay.job_id, first, last)


def _given(
    replay: _Replay,
    in_force: InForce,
    subject_id: str,
    by_rule: _ByRule,
    side: str,
) -> Iterator[_Given]:
    yields = _yielding(replay, in_force, by_rule, side)
    for code, fired in sorted(by_rule.items()):
        rule = _rule_of(replay, in_force, side, code, fired[0])
        parts = [part for part in fired if not part.void and (part.deed, code) not in yields]
        if rule is None or not parts:
            continue
        versions = [_rule_of(replay, in_force, side, code, part) or rule for part in parts]
        found = (_hours if rule.tiers else _capped)(versions, subject_id, parts)
        yield from (one for one in found if one.period in replay.periods)


def _rule_of(replay: _Replay, in_force: InForce, side: str, code: str, part: _Part) -> Rule | None:
    tried = side == AFTER and part.set == replay.code
    compiled = replay.draft if tried else in_force.of_code(part.set)
    return compiled.rule_set.rule(code) if compiled is not None else None


def _yielding(
    replay: _Replay,
    in_force: InForce,
    by_rule: _ByRule,
    side: str,
) -> set[tuple[str, str]]:
    """Return (deed, rule code) of what yields to another rule at its deed."""
    deeds: dict[str, list[Rule]] = defaultdict(list)
    for code in by_rule.keys() & replay.contested:
        for part in by_rule[code]:
            rule = _rule_of(replay, in_force, side, code, part)
            if rule is not None and part.deed:
                deeds[part.deed].append(rule)
    return {(deed, code) for deed, found in deeds.items() for code in rules.excluded(found)}


def _hours(versions: Sequence[Rule], subject_id: str, parts: Sequence[_Part]) -> Iterator[_Given]:
    facts_ = [
        hours_rules.Hours(
            event_id=part.event,
            record_id=part.record,
            occurred_at=part.at,
            on=part.on,
            minutes=part.minutes,
            source=part.source,
            period=part.period,
            paid=part.paid,
        )
        for part in parts
    ]
    rule = versions[0]
    # What is told first of a day is the record; what corrects it later is counted as it was.
    told = sorted(zip(facts_, versions, strict=True), key=lambda part: part[0].occurred_at)
    by_day = {fact.on: version for fact, version in reversed(told)}
    for found in hours_rules.hours_awards(by_day.__getitem__, subject_id, facts_):
        yield _Given(rule, found.period, found.last_period, found.score, found.points)
        for taken in found.slices:
            yield _Given(
                rule, found.period, taken.last_period, taken.score, taken.points, correction=True
            )


def _capped(versions: Sequence[Rule], _subject_id: str, parts: Sequence[_Part]) -> Iterator[_Given]:
    rule_of = {part.event: rule for part, rule in zip(parts, versions, strict=True)}
    windows: dict[str | None, list[_Part]] = defaultdict(list)
    for part in parts:
        windows[part.window].append(part)
    for window, members in windows.items():
        by_event = {part.event: part for part in members}
        counted = [
            rules.Counted(part.at, part.event, part.score, part.points, period=part.period)
            for part in members
        ]
        caps = {event: rule_of[event].cap if window is not None else None for event in by_event}
        for left in rules.apply_caps(caps, counted):
            part = by_event[left.event_id]
            yield _Given(
                rule_of[left.event_id],
                part.period,
                part.to,
                left.score,
                left.points,
                assumed=part.assumed,
            )


def _totals(given: Iterable[_Given]) -> tuple[int, int, int]:
    """Return (awards that give something, score, points)."""
    number = score = points = 0
    for one in given:
        number += bool(one.score or one.points) and not one.correction
        score += one.score
        points += one.points
    return number, score, points


def _compared(before: Sequence[_Given], after: Sequence[_Given]) -> dict[str, int]:
    old, new = _totals(before), _totals(after)
    change = (new[1] - old[1], new[2] - old[2])
    names = ("awards", "score", "points")
    return {
        "subjects": 1,
        # Score decides; where it stays the same, points do.
        "gaining": int(change > (0, 0)),
        "losing": int(change < (0, 0)),
        **{f"{name}_before": amount for name, amount in zip(names, old, strict=True)},
        **{f"{name}_after": amount for name, amount in zip(names, new, strict=True)},
        "assumed": sum(one.assumed for one in after),
    }


def _add(
    sums: dict[tuple[str, str, str, str], dict[str, int]],
    kind: str,
    area: str,
    given: dict[str, list[_Given]],
) -> None:
    """Add a subject to the sums of its group (each dimension, and all) and of its rules."""
    groups: dict[tuple[str, str, str, str], tuple[list[_Given], list[_Given]]] = {
        ("GROUP", area, kind, store.ALL): (given[BEFORE], given[AFTER])
    }
    for place, side in enumerate((BEFORE, AFTER)):
        for one in given[side]:
            for key in (
                ("GROUP", area, kind, one.rule.dimension),
                ("RULE", "", kind, one.rule.code),
            ):
                groups.setdefault(key, ([], []))[place].append(one)
    for key, (before, after) in groups.items():
        found = _compared(before, after)
        known = sums.get(key)
        sums[key] = found if known is None else {name: known[name] + found[name] for name in found}


def _line(
    replay: _Replay,
    subject_id: str,
    area: str,
    given: dict[str, list[_Given]],
    carried: tuple[int, int],
) -> dict[str, object] | None:
    """Return what changes for a subject, or None where nothing does."""
    kind = subject_id.partition(":")[0]
    compared = _compared(given[BEFORE], given[AFTER])
    grades = [_grade(kind, given[side], carried, replay.last) for side in (BEFORE, AFTER)]
    if not compared["gaining"] and not compared["losing"] and grades[0] == grades[1]:
        return None
    return {
        "job_id": replay.job_id,
        "subject_id": subject_id,
        "kind": kind,
        "area": area,
        **{name: compared[name] for name in store.BOTH},
        "grade_before": grades[0],
        "grade_after": grades[1],
        "change": compared["score_after"] - compared["score_before"],
    }


def _grade(kind: str, given: Iterable[_Given], carried: tuple[int, int], period: str) -> str | None:
    """Return the grade in the last month before gates and vetoes, which no rule set changes. A
    company's score is that of its projects, so it has none here."""
    if kind == "PCO":
        return None
    gain, loss = standing.sums(
        (one.score, one.correction) for one in given if one.to_period >= period
    )
    score = standing.score_of(kind, gain + carried[0], loss + carried[1])
    return standing.grade_of(kind, score)


# --------------------------------------------------------------------------------------------------
# The result


def _result(tx: Tx, replay: _Replay, rule_set_id: str, digest: str) -> replies.WhatIfFound:
    conn, job_id = tx.conn, replay.job_id
    totals = store.sums(conn, job_id, "GROUP", name=store.ALL)[0]
    return replies.WhatIfFound(
        rule_set_id=rule_set_id,
        code=replay.code,
        digest=digest,
        compared_with=[
            code
            for begins, ends, code, _ in rules_in_force(conn).everything()
            if begins.isoformat()[:7] <= replay.last
            and (ends is None or ends.isoformat() > f"{replay.periods[0]}-01")
        ],
        periods=list(replay.periods),
        facts_since=replay.since,
        totals=replies.AllTotals.of(
            totals, unchanged=totals.subjects - totals.gaining - totals.losing
        ),
        by_kind=[
            replies.KindTotals.of(row)
            for row in store.sums(conn, job_id, "GROUP", "kind", name=store.ALL)
        ],
        by_dimension=[
            replies.DimensionTotals.of(row)
            for row in store.sums(conn, job_id, "GROUP", "kind", "name")
        ],
        by_rule=[replies.RuleTotals.of(row) for row in store.sums(conn, job_id, "RULE", "name")],
        grade_changes=[
            replies.GradeChange.of(row, before=row.grade_before, after=row.grade_after)
            for row in store.grade_changes(conn, job_id)
        ],
        largest_gains=_lines(store.largest(conn, job_id, LARGEST, losing=False)),
        largest_losses=_lines(store.largest(conn, job_id, LARGEST, losing=True)),
        # Events that the draft waits for and that credit does not hear: such rules never fire.
        never_heard=sorted(replay.draft.events - HEARD),
    )


def _lines(found: Iterable[Row]) -> list[replies.WhatIfItem]:
    return [replies.WhatIfItem.of({}, **store.line(row)) for row in found]
