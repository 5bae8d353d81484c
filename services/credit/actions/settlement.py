"""The month of an area: draft, review, confirm, publish, final, close."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from chassis.calendar import Calendar
from chassis.fields import DownToCommunity, Id, Period
from chassis.refusal import NotFound, RoleDenied, StateConflict
from services.credit import events
from services.credit.actions import (
    awards,
    ledger,
    manual,
    merging,
    month_logs,
    months,
    objection_news,
    publishing,
    telling,
)
from services.credit.errors import (
    EarlierMonthOpen,
    HashChanged,
    Incomplete,
    SameAsReviewer,
    SampleNotChecked,
)
from services.credit.rules import awards as award_rules
from services.credit.rules import settlement as rules
from services.credit.rules import standing
from services.credit.rules.award import Award, Decides
from services.credit.rules.model import Rule
from services.credit.storage import awards as award_store
from services.credit.storage import companies as company_store
from services.credit.storage import counting, deductions, digests, formula, registry, voices
from services.credit.storage import entries as entry_store
from services.credit.storage import months as month_store
from services.credit.storage import notices as notice_store
from services.credit.storage import objections as objection_store
from services.credit.storage import settlement as store
from services.credit.storage.in_force import rules_in_force
from services.credit.storage.published import ORGANISATIONS, RED_LIST, gates, items_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from chassis.bus import Due, Job, Tx

LOOKED_AT = timedelta(days=14)
TOLD = (*ORGANISATIONS, "STW")
# At least one in twenty awards by hand is looked at before a month is confirmed.
SAMPLE_ONE_IN = 20


@dataclass(frozen=True, slots=True)
class DraftSettlement:
    """重新生成草案 / Draft a month again."""

    period: Annotated[Period, Meta(examples=["2025-03"])]
    community: DownToCommunity | None = None


@dataclass(frozen=True, slots=True)
class ReviewSettlement:
    """社区核对 / The community has looked at its draft."""

    settlement_id: str
    hash: (
        Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="草案摘要 / digest")] | None
    ) = None
    checked: Annotated[
        list[Id],
        Meta(
            max_length=10_000,
            description="已核对的赋分编号,应包含 to_check 全部 / awards looked at, out of "
            "`to_check`",
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ConfirmSettlement:
    """街道确认 / The street confirms what it has seen."""

    settlement_id: str
    hash: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{64}$", description="草案摘要 / digest of the draft")
    ]


# --------------------------------------------------------------------------------------------------
# Draft


def draft_settlement(tx: Tx, payload: DraftSettlement) -> dict[str, Any]:
    """重新生成草案 / Draft again.

    Queue a new draft of a month, for example after a parked event was retried.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
        StateConflict: The month runs still, or the area's settlement is confirmed.
    """
    if payload.community is not None:
        tx.require_scope(payload.community)
    if not month_store.is_cut_off(tx.conn, payload.period):
        raise StateConflict(state="OPEN", period=payload.period)
    if payload.community is not None:
        known = store.of_month(tx.conn, payload.period, payload.community)
        if known is not None and known.state not in store.OPEN:
            raise StateConflict(state=known.state, period=payload.period)
    job_id = months.start_draft(tx, payload.period, payload.community)
    return {"id": job_id, "job_id": job_id, "state": "QUEUED", "version": 1}


def run_draft(job: Job) -> dict[str, Any]:
    """Draft a month, some areas per transaction; goes on where it stopped."""
    period, only = job.params["period"], job.params.get("area")
    with job.step() as tx:
        _, end = tx.calendar.month_bounds(period)
        areas = [only] if only else store.areas_of(tx.conn, end)
        at_once = tx.settings.draft_connections

    def work(tx: Tx, group: Sequence[str]) -> None:
        draft_areas(tx, period, group)

    # A district's companies are the mean of their projects, so it comes after its communities.
    for size, group in (
        (AREAS_A_STEP, [area for area in areas if len(area) > 6]),
        (1, [area for area in areas if len(area) == 6]),
    ):
        job.parts(group, work, size=size, at_once=at_once, total=len(areas))
    return {"period": period, "areas": len(areas)}


def look_again(tx: Tx, due: Due) -> None:
    """Draft again by night what is not what would be drafted now: whatever has changed is seen,
    also what nobody has said. After some nights only a person's new draft begins it anew."""
    row = store.settlement(tx.conn, due.ref)
    if row is None or row.state not in (*store.OPEN, "CONFIRMED"):
        return
    if _outdated(tx, row):
        months.start_draft(tx, row.period, row.area)
    _arm_look(tx, row.settlement_id, row.drafted_at or tx.now)


def _arm_look(tx: Tx, settlement_id: str, drafted_at: datetime) -> None:
    if tx.now < drafted_at + LOOKED_AT:
        midnight = Calendar.midnight(Calendar.local_date(tx.now) + timedelta(days=1))
        tx.arm("draft_check", settlement_id, midnight + timedelta(minutes=5))


# So many communities are some 40,000 people: seconds of work, so that nobody waits long for a
# settlement that is being drafted, and enough that a step is more than its overhead.
AREAS_A_STEP = 10


def draft(tx: Tx, period: str, area: str) -> str | None:
    """Compute the settlement of a month and area. Running it again gives the same digest.

    Returns:
        The digest, or None where the settlement is confirmed already or must still wait.
    """
    return draft_areas(tx, period, [area])[area]


def draft_areas(tx: Tx, period: str, areas: Sequence[str]) -> dict[str, str | None]:
    """Compute the settlements of a month in several areas; see `draft`."""
    _, end = tx.calendar.month_bounds(period)
    made: dict[str, str | None] = dict.fromkeys(areas)
    rows = []
    for area in areas:
        if len(area) == 6 and store.unconfirmed_project_areas(tx.conn, period, area):
            # A company's score is the mean of its projects, which must be confirmed first.
            continue
        row = store.begin(tx.conn, tx.new_id("stl"), period, area, tx.now)
        if row.state == "CONFIRMED" and _outdated(tx, row):
            row = _reopen(tx, row)
        if row.state in store.OPEN:
            rows.append(row)
            _measured(tx, period, area, end)
    if not rows:
        return made
    awards.recount(tx, period, [row.area for row in rows], end)
    headers = _headers(tx, rows, end)
    missing = months.missing(tx, period)
    settled = {row.settlement_id: row.area for row in rows}
    formula.draft_entries(tx.conn, settled, period=period, end=end, gate_source=months.GATE_SOURCE)
    for row in rows:
        _companies(tx, row.settlement_id, period, row.area, end)
    found: dict[str, tuple[int, str]] = {}
    for header in sorted(set(headers.values())):
        same = {stl: area for stl, area in settled.items() if headers[stl] == header}
        found |= digests.drafted(tx.conn, same, period=period, rule_set=header)
    seen = deductions.to_look_at(tx.conn, list(settled), period)
    for row in rows:
        count, digest = found[row.settlement_id]
        to_check = _to_check(*seen[row.settlement_id])
        rule_set = headers[row.settlement_id] or None
        _drafted(tx, row, count, digest, to_check=to_check, missing=missing, rule_set=rule_set)
        made[row.area] = digest
    return made


def _drafted(
    tx: Tx,
    row: Any,
    count: int,
    digest: str,
    *,
    to_check: list[str],
    missing: list[str],
    rule_set: str | None,
) -> None:
    same = (row.digest, row.missing, row.to_check) == (digest, missing, to_check)
    if same and row.state != "OPEN":
        return
    store.change(
        tx.conn,
        row.settlement_id,
        state="DRAFTED",
        complete=not missing,
        missing=missing,
        digest=digest,
        rule_set=rule_set,
        entries=count,
        to_check=to_check,
        checked=[],
        drafted_at=tx.now,
        reviewed_by=None,
        reviewed_at=None,
    )
    _arm_look(tx, row.settlement_id, tx.now)
    if row.digest is not None:
        # What counts in this month counts in later ones too, which may be drafted already.
        months.draft_later(tx, row.area, tx.calendar.next_period(row.period))


def _outdated(tx: Tx, row: Any) -> bool:
    """Tell whether a draft is not what would be drafted now: its awards are other ones, an older
    deduction counts for good meanwhile, a veto has come or gone, somebody has moved."""
    _, end = tx.calendar.month_bounds(row.period)
    if len(row.area) == 6:
        fresh = {
            (found["subject_id"], *(found[name] for name in _COMPUTED))
            for found in _company_rows(tx, row.settlement_id, row.period, row.area, end)
        }
        stored = {
            (entry.subject_id, *(getattr(entry, name) for name in _COMPUTED))
            for entry in entry_store.entries(tx.conn, row.settlement_id, kinds=("PCO",))
        }
        if fresh != stored:
            return True
    return formula.outdated(
        tx.conn, row.settlement_id, row.period, row.area, end=end, gate_source=months.GATE_SOURCE
    )


def _reopen(tx: Tx, row: Any) -> Any:
    """A confirmed month is not what was confirmed any more: it is drafted, reviewed and confirmed
    again before it is published."""
    tx.disarm("publish", row.settlement_id)
    store.change(
        tx.conn,
        row.settlement_id,
        state="DRAFTED",
        reviewed_by=None,
        reviewed_at=None,
        confirmed_by=None,
        confirmed_at=None,
    )
    return store.settlement(tx.conn, row.settlement_id, lock=True)


def _headers(tx: Tx, rows: Sequence[Any], end: datetime) -> dict[str, str]:
    """Return settlement -> the codes of the rules under which its area settles."""
    in_force, day = rules_in_force(tx.conn), _last_day(end)
    return {row.settlement_id: in_force.header(row.area, day) or "" for row in rows}


def _last_day(end: datetime) -> date:
    return Calendar.local_date(end - timedelta(seconds=1))


def _measured(tx: Tx, period: str, area: str, end: datetime) -> None:
    """Give what the month's measures give, or change what an earlier draft gave."""
    found = rules_in_force(tx.conn).on(_last_day(end))
    rows = month_store.measures_of(tx.conn, period, area, end)
    if found is None or not rows:
        return
    code, compiled = found
    groups: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.source, row.fact, str(row.event_id)].append(row)
    wanted: list[dict[str, Any]] = []
    for (source, fact, event_id), members in sorted(groups.items()):
        data: dict[str, Any] = {"period": period}
        for member in members:
            data.setdefault(member.rows, []).append(member.data)
        event = award_rules.Event(
            id=event_id,
            type=f"{source}.{fact}",
            # The last millisecond of the month: a band belongs to the month that it measures.
            occurred_at=end - timedelta(milliseconds=1),
            data=data,
            period=period,
        )
        known = {member.subject_id: member for member in members}
        wanted += [
            _measured_row(
                fired,
                code=code,
                source=source,
                fact=fact,
                period=period,
                area=area,
                data=known[fired.subject].data,
            )
            for fired in compiled.fires(event)
            if fired.subject in known
        ]
    facts = sorted({row.fact for row in rows})
    stored = award_store.measured_of(tx.conn, period, [row.subject_id for row in rows], facts)
    new = [row for row in wanted if row["award_id"] not in stored]
    awards.post_points(tx, _added(tx, new))
    changed = []
    ids = {row["award_id"]: row for row in wanted}
    for award_id, known_award in stored.items():
        now = ids.get(award_id, {"score": 0, "points": 0})
        if awards.amended(known_award):
            continue
        if (known_award.score, known_award.points) != (now["score"], now["points"]):
            changed.append((known_award, now["score"], now["points"], False))
    awards.adjust_read(tx, changed)


def _added(tx: Tx, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    added = award_store.add(tx.conn, rows)
    return [row for row in rows if row["award_id"] in added]


def _measured_row(
    fired: award_rules.Fired,
    *,
    code: str,
    source: str,
    fact: str,
    period: str,
    area: str,
    data: Any,
) -> dict[str, Any]:
    deduction = fired.score < 0
    decides: Decides = "SETTLEMENT" if deduction else "NOBODY"
    return Award(
        award_id=fired.award_id,
        subject_id=fired.subject,
        kind=fired.rule.kind,
        rule_set=code,
        rule_code=fired.rule.code,
        source=source,
        fact=fact,
        event_id=fired.event_id,
        occurred_at=fired.occurred_at,
        day=fired.on,
        period=period,
        to_period=standing.last_period(period, fired.valid_periods),
        score=fired.score,
        points=fired.points,
        deduction=deduction,
        decides=decides,
        inputs={
            "value": str(fired.value) if fired.value is not None else None,
            "measured": data,
        },
        area=area,
        proposed_at=fired.occurred_at,
        decided_at=None if deduction else fired.occurred_at,
    ).row()


def _companies(tx: Tx, settlement_id: str, period: str, area: str, end: datetime) -> None:
    """Add the entries of companies, whose score is the mean of their projects."""
    if len(area) != 6:
        return
    entry_store.put_entries(tx.conn, _company_rows(tx, settlement_id, period, area, end))
    digests.hash_entries(tx.conn, settlement_id, period)


def _company_rows(
    tx: Tx, settlement_id: str, period: str, area: str, end: datetime
) -> list[dict[str, Any]]:
    refs = company_store.companies(tx.conn, area, end)
    subjects = [f"PCO:{ref}" for ref in refs]
    projects = company_store.company_projects(tx.conn, period, area)
    own = counting.valid_sums(tx.conn, period, subjects)
    vetoed = counting.vetoed(tx.conn, period, subjects)
    return [
        _company_row(
            settlement_id,
            period,
            ref,
            projects=projects.get(ref, []),
            own=own.get(f"PCO:{ref}", (0, 0)),
            vetoed=f"PCO:{ref}" in vetoed,
        )
        for ref in refs
    ]


def _company_row(
    settlement_id: str,
    period: str,
    ref: str,
    *,
    projects: Sequence[tuple[int | None, int, str]],
    own: tuple[int, int],
    vetoed: bool,
) -> dict[str, Any]:
    rated = [(score, households) for score, households, _ in projects if score is not None]
    below = sum(1 for _, _, grade in projects if grade in ("C", "D"))
    score = standing.company_score(rated, own[0] - own[1])
    measures = standing.Measures(active=score is not None, projects_below_b=below, vetoed=vetoed)
    found = standing.standing_of_score("PCO", score or 0, measures)
    return {
        "settlement_id": settlement_id,
        "subject_id": f"PCO:{ref}",
        "period": period,
        "kind": "PCO",
        "good": own[0],
        "bad": own[1],
        "score": found.score,
        "raw_grade": found.raw_grade,
        "grade": found.grade,
        "gates_failed": ",".join(found.gates_failed),
        "points_pending": 0,
        "released": 0,
        "state": "DRAFT",
    }


def _to_check(deductions: list[str], by_hand: list[str]) -> list[str]:
    """Return what a person must look at: every deduction, and one in twenty awards by hand.

    Which ones follows from their ids, so that a new draft of the same month asks for the same.
    """
    by_hand = sorted(by_hand, key=lambda award_id: hashlib.sha256(award_id.encode()).hexdigest())
    sample = by_hand[: -(-len(by_hand) // SAMPLE_ONE_IN)]
    return sorted(deductions + sample)


# --------------------------------------------------------------------------------------------------
# Review and confirm

_REVIEWERS: dict[int, tuple[str, ...]] = {
    12: ("R_SECRETARY",),
    9: ("R_STREET",),
    6: ("R_DISTRICT",),
}
_CONFIRMERS: dict[int, tuple[str, ...]] = {
    12: ("R_STREET",),
    9: ("R_DISTRICT",),
    6: ("R_DISTRICT", "R_DISTRICT_LEAD"),
}


def _locked(tx: Tx, settlement_id: str) -> Any:
    row = store.settlement(tx.conn, settlement_id, lock=True)
    if row is None:
        raise NotFound(kind="settlement", id=settlement_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    return row


def _require_role(tx: Tx, row: Any, roles: dict[int, tuple[str, ...]]) -> None:
    allowed = roles.get(len(row.area), ())
    if tx.actor.role not in allowed:
        raise RoleDenied(role=tx.actor.role, area=row.area)


def _reply(row: Any, state: str, **more: Any) -> dict[str, Any]:
    return {"id": row.settlement_id, "state": state, "version": row.version + 1, **more}


def review_settlement(tx: Tx, payload: ReviewSettlement) -> dict[str, Any]:
    """核对草案 / Review a draft.

    The community has looked at its draft. What was looked at is kept; the draft is reviewed when
    that is all that has to be, and when no source of the month is missing.

    Raises:
        NotFound: No such settlement.
        RoleDenied: Another role reviews an area of this level, or another area.
        StateConflict: It is not drafted.
        HashChanged: The draft is not the one that was seen.
    """
    row = _locked(tx, payload.settlement_id)
    _require_role(tx, row, _REVIEWERS)
    if row.state not in ("DRAFTED", "REVIEWED"):
        raise StateConflict(state=row.state)
    if payload.hash is not None and payload.hash != row.digest:
        raise HashChanged(field="hash")
    checked = sorted(set(row.checked) | (set(payload.checked) & set(row.to_check)))
    unchecked = len(set(row.to_check) - set(checked))
    missing = _missing(tx, row)
    state = "DRAFTED" if unchecked or missing or not row.complete else "REVIEWED"
    store.change(
        tx.conn,
        row.settlement_id,
        state=state,
        checked=checked,
        reviewed_by=tx.actor.id,
        reviewed_at=tx.now,
    )
    return _reply(row, state, hash=row.digest, unchecked=unchecked, missing=missing)


def _missing(tx: Tx, row: Any) -> list[str]:
    """Return what keeps a draft from being confirmed: sources, and areas of projects."""
    sources = set(row.missing) | set(months.missing(tx, row.period))
    return sorted(sources | set(_unconfirmed_projects(tx, row)))


def confirm_settlement(tx: Tx, payload: ConfirmSettlement) -> dict[str, Any]:
    """确认赋分 / Confirm a settlement.

    The street stands for what will be published; automatic deductions are decided by it.

    Raises:
        NotFound: No such settlement.
        RoleDenied: Another role confirms an area of this level, or another area.
        StateConflict: It is not reviewed.
        HashChanged: The draft is not the one that was seen.
        Incomplete: A required source has not told all of its month, or has parked events.
        SampleNotChecked: Deductions or the sample were not looked at.
        EarlierMonthOpen: An earlier month, not published, has a deduction that counts here too.
        SameAsReviewer: The same person reviewed it.
        ConflictOfInterest: It would decide a deduction of whom the caller, or one who lives with
            him, speaks for.
    """
    row = _locked(tx, payload.settlement_id)
    _require_role(tx, row, _CONFIRMERS)
    if row.state not in ("DRAFTED", "REVIEWED"):
        raise StateConflict(state=row.state)
    if payload.hash != row.digest:
        raise HashChanged(field="hash")
    missing = _missing(tx, row)
    if missing or not row.complete:
        raise Incomplete(missing="、".join(missing))
    unchecked = set(row.to_check) - set(row.checked)
    if unchecked:
        raise SampleNotChecked(missing=len(unchecked))
    if row.state != "REVIEWED":
        raise StateConflict(state=row.state)
    if row.reviewed_by == tx.actor.id:
        raise SameAsReviewer
    if _outdated(tx, row):
        # Something has changed since, and the new draft has not run yet.
        raise HashChanged(field="hash")
    earlier = store.waited_for(tx.conn, row.settlement_id, row.period)
    for other in earlier:
        if other.state != "PUBLISHED":
            raise EarlierMonthOpen(period=other.period)
    ties = voices.ties(tx.conn, tx.actor.id, tx.now)
    for subject_id in deductions.to_decide(tx.conn, row.settlement_id, row.period):
        manual.refuse_tied(tx, subject_id, ties)
    deductions.confirm_deductions(tx.conn, row.settlement_id, row.period, tx.actor.id, tx.now)
    store.change(
        tx.conn,
        row.settlement_id,
        state="CONFIRMED",
        confirmed_by=tx.actor.id,
        confirmed_at=tx.now,
    )
    _begin_district(tx, row)
    planned = rules.timeline(tx.calendar, row.period).publish
    at = _not_before(tx, earlier, rules.publish_at(tx.calendar, planned, tx.now))
    if at > tx.now:
        tx.arm("publish", row.settlement_id, at)
        return _reply(row, "CONFIRMED", due=at.isoformat())
    publish(tx, row.settlement_id)
    done = store.settlement(tx.conn, row.settlement_id)
    return {
        "id": row.settlement_id,
        "state": done.state,
        "version": done.version,
        "due": done.objection_until.isoformat(),
        "notice_id": done.notice_id,
    }


def _unconfirmed_projects(tx: Tx, row: Any) -> list[str]:
    """Return the areas that companies still wait for: one that was confirmed may be open again."""
    if len(row.area) != 6:
        return []
    return store.unconfirmed_project_areas(tx.conn, row.period, row.area)


def _begin_district(tx: Tx, row: Any) -> None:
    """Let the companies be drafted when the last area with projects is confirmed."""
    district = row.area[:6]
    if len(row.area) == 6:
        return
    if not store.unconfirmed_project_areas(tx.conn, row.period, district):
        months.start_draft(tx, row.period, district)


# --------------------------------------------------------------------------------------------------
# Publish


def _not_before(tx: Tx, earlier: Sequence[Any], at: datetime) -> datetime:
    """Return when a month is published: after the notices of earlier ones with deductions that
    count in it too, since they count for good only then."""
    return max(
        [at, *(rules.publish_at(tx.calendar, at, other.objection_until) for other in earlier)]
    )


def on_publish(tx: Tx, due: Due) -> None:
    """09:00 of working day 5, or of a later one after a late confirmation: publish."""
    publish(tx, due.ref)


def publish(tx: Tx, settlement_id: str) -> None:
    """Publish a confirmed settlement: an immutable snapshot that holds ids only."""
    row = store.settlement(tx.conn, settlement_id, lock=True)
    if row is None or row.state != "CONFIRMED":
        return
    if _unconfirmed_projects(tx, row) or _outdated(tx, row):
        # What was confirmed is not what holds: publication slips until it is confirmed anew.
        months.start_draft(tx, row.period, _reopen(tx, row).area)
        return
    earlier = store.waited_for(tx.conn, row.settlement_id, row.period)
    if earlier:
        # One was drafted late, or its notice hangs longer than it seemed.
        if any(other.state != "PUBLISHED" for other in earlier):
            _reopen(tx, row)
        else:
            tomorrow = tx.calendar.next_working_day(Calendar.local_date(tx.now))
            at = _not_before(tx, earlier, tx.calendar.at(tomorrow, 9))
            tx.arm("publish", settlement_id, at)
        return
    until = rules.notice_ends(tx.calendar, tx.now)
    number = publishing.next_number(tx, row.area)
    frozen = month_logs.freeze(tx, row, number)
    if frozen["digest"] != row.digest:
        # Somebody has changed it since the line above; the timer tries again.
        raise RuntimeError(f"{settlement_id} has changed while it was published")
    notice_id = publishing.put_up(
        tx,
        kind="SETTLEMENT",
        area=row.area,
        period=row.period,
        body=snapshot(tx, row) | frozen,
        until=until,
        settlement_id=settlement_id,
        number=number,
    )
    tx.disarm("draft_check", settlement_id)
    entry_store.change_entries(tx.conn, settlement_id, of=("DRAFT",), to="PUBLISHED")
    for subject_id in objection_store.objected_subjects(tx.conn, settlement_id, row.period):
        entry_store.change_entry(tx.conn, settlement_id, subject_id, state="HELD")
    store.change(
        tx.conn,
        settlement_id,
        state="PUBLISHED",
        notice_id=notice_id,
        published_at=tx.now,
        objection_until=until,
    )
    # What is measured may change with each draft: now it stands, and may be objected to.
    telling.deductions(tx, deductions.untold_deductions(tx.conn, settlement_id, row.period))
    tx.arm("notice_end", settlement_id, until)
    tx.arm("settlement_close", settlement_id, rules.closes(tx.calendar, tx.now))
    tx.publish(
        events.SettlementPublished(
            settlement_id, row.period, row.area, notice_id, until.isoformat()
        ),
        subject=settlement_id,
        scope=row.area,
        sequence=row.version + 1,
        period=row.period,
    )
    publishing.tell(tx, notice_id, kind="SETTLEMENT", area=row.area, until=until, period=row.period)


def snapshot(tx: Tx, row: Any) -> dict[str, Any]:
    """Return what is published of a settlement.

    Organisations with score, grade and reasons (deductions only of severity GENERAL or SERIOUS);
    persons only on the red list, by their consent, with their grade and no number.
    """
    entries = entry_store.entries(tx.conn, row.settlement_id)
    persons = [e.subject_id for e in entries if e.kind == "RES" and e.grade in RED_LIST]
    listed = registry.consented(tx.conn, persons, "PUBLIC_LIST")
    items = items_of(tx, row, [e for e in entries if e.kind in ORGANISATIONS], None)
    named = items_of(tx, row, [e for e in entries if e.subject_id in listed], listed)
    return {
        "period": row.period,
        "area": row.area,
        "rule_set": row.rule_set,
        "digest": row.digest,
        "entries": len(entries),
        "organisations": items,
        "red_list": named,
    }


# --------------------------------------------------------------------------------------------------
# Final and close


def on_notice_end(tx: Tx, due: Due) -> None:
    """The notice has ended: what nobody objects to is final."""
    row = store.settlement(tx.conn, due.ref, lock=True)
    if row is None or row.state != "PUBLISHED":
        return
    if row.notice_id and notice_store.notice(tx.conn, row.notice_id).state == "WITHDRAWN":
        # Nobody could read it: the month waits for another notice.
        return
    held = objection_store.objected_subjects(tx.conn, row.settlement_id, row.period)
    for subject_id in sorted(held):
        entry_store.change_entry(tx.conn, row.settlement_id, subject_id, state="HELD")
    _drop_taken_back(tx, row)
    if row.notice_id:
        notice_store.change(tx.conn, row.notice_id, state="ENDED")
    store.change(tx.conn, row.settlement_id, state="FINALISING", finalised_at=tx.now)
    _finalise(tx, row, entry_store.entries(tx.conn, row.settlement_id, states=("PUBLISHED",)))


def _drop_taken_back(tx: Tx, row: Any) -> None:
    """What was taken back while the notice ran, or since the confirmation, never takes effect."""
    before = tx.calendar.next_period(row.period, -1)
    for subject_id in deductions.drop_taken_back(tx.conn, row.settlement_id, row.period, before):
        recompute_entry(tx, row, subject_id)


def _finalise(tx: Tx, row: Any, entries: Sequence[Any], to: str = "FINAL") -> None:
    """Make entries final: deductions count, PENDING becomes spendable, others are told."""
    subject_ids = [entry.subject_id for entry in entries]
    for entry in entries:
        if entry.state != "PUBLISHED":
            entry_store.change_entry(tx.conn, row.settlement_id, entry.subject_id, state=to)
    entry_store.change_entries(tx.conn, row.settlement_id, of=("PUBLISHED",), to=to)
    effective = deductions.make_effective(tx.conn, row.period, subject_ids)
    _veto(tx, row.period, effective)
    # Later months may be drafted already: they list these deductions as well.
    months.draft_again(
        tx, {award.subject_id for award in effective}, tx.calendar.next_period(row.period)
    )
    _release(tx, row, subject_ids)
    current = store.settlement(tx.conn, row.settlement_id)
    told = [
        events.FinalEntry(
            subject=entry.subject_id,
            kind=entry.kind,
            ref=entry.subject_id.partition(":")[2],
            score=entry.score,
            grade=entry.grade,
            gates_failed=gates(entry.gates_failed),
        )
        for entry in entries
        if entry.kind in TOLD
    ]
    tx.publish(
        events.SettlementFinalised(row.settlement_id, row.period, row.area, told),
        subject=row.settlement_id,
        scope=row.area,
        sequence=current.version,
        period=row.period,
    )
    left = entry_store.entries(tx.conn, row.settlement_id, states=("PUBLISHED", "HELD"))
    if not left and current.state == "FINALISING":
        tx.disarm("settlement_close", row.settlement_id)
        store.change(tx.conn, row.settlement_id, state="SETTLED", settled_at=tx.now)


def _veto(tx: Tx, period: str, effective: Sequence[Any]) -> None:
    """Bring the vetoes that follow from deductions that count for good now."""
    in_force = rules_in_force(tx.conn)
    for award in effective:
        rule = in_force.rule_of(award)
        if rule is None:
            continue
        if rule.type == "VETO":
            span: tuple[str, str] | None = (tx.calendar.next_period(period), award.to_period)
        else:
            span = _repeated(tx, award, rule, period)
        if span is not None:
            award_store.add_veto(
                tx.conn,
                {
                    "veto_id": award.award_id,
                    "subject_id": award.subject_id,
                    "rule_code": rule.code,
                    "award_id": award.award_id,
                    "from_period": span[0],
                    "to_period": span[1],
                    "state": "ACTIVE",
                },
            )
            telling.tell(
                tx,
                "VETO_IMPOSED",
                subject_id=award.subject_id,
                ref=str(award.award_id),
                subject=award.subject_id,
                rule=rule.code,
                from_period=span[0],
                to_period=span[1],
            )


def _repeated(tx: Tx, award: Any, rule: Rule, period: str) -> tuple[str, str] | None:
    """Return (first, last) month of the veto that an award brings by repetition, or None.

    A month that was held may be final after a later one, whose award is the second one then.
    """
    if rule.repeat_veto is None:
        return None
    periods = award_store.negatives_of_rule(tx.conn, award.subject_id, rule.code)
    for last in sorted({found for found in periods if found >= period}):
        found = award_rules.repeat_veto(rule, periods, last)
        if found is not None:
            # Months that are confirmed already stay as they are: the veto begins with the next.
            first = months.open_period(tx, award.subject_id, tx.calendar.next_period(found[0]))
            return first, tx.calendar.next_period(first, rule.repeat_veto.veto_periods - 1)
    return None


def _release(tx: Tx, row: Any, subject_ids: Sequence[str]) -> None:
    """Make the month's points spendable. Whoever has withdrawn has no entry, and keeps what he
    had earned: his points are released without publication."""
    done = ledger.release_month(
        tx,
        period=row.period,
        district=ledger.district_of(row.area),
        subject_ids=[*subject_ids, *_unsettled(tx, row)],
        ref=row.settlement_id,
    )
    entry_store.add_released(tx.conn, row.settlement_id, done.points)
    merging.follow(tx, list(done.points))
    if done.unfunded:
        known = store.settlement(tx.conn, row.settlement_id)
        store.change(
            tx.conn,
            row.settlement_id,
            unfunded_points=known.unfunded_points + done.unfunded,
        )


def _unsettled(tx: Tx, row: Any) -> list[str]:
    _, end = tx.calendar.month_bounds(row.period)
    return registry.unsettled(tx.conn, row.settlement_id, row.period, row.area, end)


def release_waiting(tx: Tx, district: str) -> int:
    """Release what waited for funds, oldest month first. Returns the points that still wait."""
    waiting = 0
    for row in store.waiting_for_funds(tx.conn, district):
        final = entry_store.entries(tx.conn, row.settlement_id, states=entry_store.FINAL)
        done = ledger.release_month(
            tx,
            period=row.period,
            district=district,
            subject_ids=[
                *(entry.subject_id for entry in final),
                *_unsettled(tx, row),
            ],
            ref=row.settlement_id,
        )
        entry_store.add_released(tx.conn, row.settlement_id, done.points)
        merging.follow(tx, list(done.points))
        store.change(tx.conn, row.settlement_id, unfunded_points=done.unfunded)
        waiting += done.unfunded
    return waiting


def recompute_entry(tx: Tx, row: Any, subject_id: str) -> Any:
    """Compute one entry anew after an award of it was changed. Returns the stored entry."""
    values = computed(tx.conn, row, subject_id)
    if values is not None:
        entry_store.change_entry(tx.conn, row.settlement_id, subject_id, **values)
    return entry_store.entry(tx.conn, row.settlement_id, subject_id)


def computed(conn: sa.Connection, row: Any, subject_id: str) -> dict[str, Any] | None:
    """Return what follows for an entry from the awards as they are, or None without any entry."""
    end = Calendar.midnight(Calendar.first_day(Calendar.next_period(row.period)))
    if subject_id.startswith("PCO:"):
        own = counting.valid_sums(conn, row.period, [subject_id]).get(subject_id, (0, 0))
        ref = subject_id.partition(":")[2]
        projects = company_store.company_projects(conn, row.period, row.area)
        vetoed = bool(counting.vetoed(conn, row.period, [subject_id]))
        found = _company_row(
            row.settlement_id,
            row.period,
            ref,
            projects=projects.get(ref, []),
            own=own,
            vetoed=vetoed,
        )
        return {name: found[name] for name in _COMPUTED}
    drafted = formula.draft_entry(
        conn,
        row.settlement_id,
        subject_id,
        period=row.period,
        area=row.area,
        end=end,
        gate_source=months.GATE_SOURCE,
    )
    if drafted is None:
        return None
    return dict(zip(_COMPUTED, drafted[4:10], strict=True))


_COMPUTED = ("good", "bad", "score", "raw_grade", "grade", "gates_failed")


def finalise_held(tx: Tx, row: Any, subject_id: str) -> None:
    """An objection is decided: the entry that it held becomes final when the notice has ended.

    Another objection may still hold it; what that one is about must not take effect with this.
    """
    if row.state in ("PUBLISHED", "FINALISING"):
        _drop_taken_back(tx, row)
    entry = recompute_entry(tx, row, subject_id)
    if entry is None or objection_store.undecided(tx.conn, row.period, [subject_id]):
        return
    if row.state == "PUBLISHED":
        entry_store.change_entry(tx.conn, row.settlement_id, subject_id, state="PUBLISHED")
    elif row.state == "FINALISING":
        _finalise(tx, row, [entry])


def on_close(tx: Tx, due: Due) -> None:
    """20 working days after publication: what is still undecided never takes effect."""
    row = store.settlement(tx.conn, due.ref, lock=True)
    if row is None or row.state != "FINALISING":
        return
    held = [
        entry.subject_id
        for entry in entry_store.entries(tx.conn, row.settlement_id, states=("HELD",))
    ]
    for objection in objection_store.undecided(tx.conn, row.period, held):
        # Against an award: that one never counts. Against the whole entry: no deduction does.
        deductions.drop_undecided(
            tx.conn, row.period, objection.subject_id, tx.now, award_id=objection.award_id
        )
    objection_news.lapse(tx, row, held)
    _drop_taken_back(tx, row)
    entries = [recompute_entry(tx, row, subject_id) for subject_id in held]
    _finalise(tx, row, [entry for entry in entries if entry is not None], to="PROVISIONAL")
