"""The draft of a month: made, looked at again by night, made anew where something has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fivered.chassis.calendar import Calendar
from fivered.services.credit import replies
from fivered.services.credit.actions import amounts, companies, measures, months
from fivered.services.credit.storage import deductions, digests, formula
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import settlement as store
from fivered.services.credit.storage.in_force import rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Job, Tx
    from fivered.chassis.records import Row

LOOKED_AT = timedelta(days=14)
# At least one in twenty awards by hand is looked at before a month is confirmed.
SAMPLE_ONE_IN = 20
# So many communities are some 40,000 people: seconds of work, so that nobody waits long for a
# settlement that is being drafted, and enough that a step is more than its overhead.
AREAS_A_STEP = 10


def run_draft(job: Job) -> replies.Drafted:
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
        (AREAS_A_STEP, [area for area in areas if not companies.is_district(area)]),
        (1, [area for area in areas if companies.is_district(area)]),
    ):
        job.parts(group, work, size=size, at_once=at_once, total=len(areas))
    return replies.Drafted(period=period, areas=len(areas))


def look_again(tx: Tx, due: Due) -> None:
    """Draft again by night what is not what would be drafted now: whatever has changed is seen,
    also what nobody has said. After some nights only a person's new draft begins it anew."""
    row = store.settlement(tx.conn, due.ref)
    if row is None or row.state not in (*store.OPEN, "CONFIRMED"):
        return
    if outdated(tx, row):
        months.start_draft(tx, row.period, row.area)
    _arm_look(tx, row.settlement_id, row.drafted_at or tx.now)


def _arm_look(tx: Tx, settlement_id: str, drafted_at: datetime) -> None:
    if tx.now < drafted_at + LOOKED_AT:
        midnight = Calendar.midnight(Calendar.local_date(tx.now) + timedelta(days=1))
        tx.arm("draft_check", settlement_id, midnight + timedelta(minutes=5))


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
        if companies.is_district(area) and store.unconfirmed_project_areas(tx.conn, period, area):
            # A company's score is the mean of its projects, which must be confirmed first.
            continue
        row = store.begin(tx.conn, tx.new_id("stl"), period, area, tx.now)
        if row.state == "CONFIRMED" and outdated(tx, row):
            row = reopen(tx, row)
        if row.state in store.OPEN:
            rows.append(row)
            measures.give(tx, period, area, end)
    if not rows:
        return made
    amounts.recount(tx, period, [row.area for row in rows], end)
    headers = _headers(tx, rows, end)
    missing = months.missing(tx, period)
    settled = {row.settlement_id: row.area for row in rows}
    formula.draft_entries(tx.conn, settled, period=period, end=end, gate_source=months.GATE_SOURCE)
    for row in rows:
        companies.add(tx.conn, row.settlement_id, period, row.area, end)
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
    row: Row,
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
        row,
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


def outdated(tx: Tx, row: Row) -> bool:
    """Tell whether a draft is not what would be drafted now: its awards are other ones, an older
    deduction counts for good meanwhile, a veto has come or gone, somebody has moved."""
    _, end = tx.calendar.month_bounds(row.period)
    if companies.is_district(row.area):
        stored = {
            entry.subject_id: companies.of_entry(entry)
            for entry in entry_store.entries(tx.conn, row.settlement_id, kinds=("PCO",))
        }
        if companies.computed(tx.conn, row.period, row.area, end) != stored:
            return True
    return formula.outdated(
        tx.conn, row.settlement_id, row.period, row.area, end=end, gate_source=months.GATE_SOURCE
    )


def reopen(tx: Tx, row: Row) -> Row:
    """A confirmed month is not what was confirmed any more: it is drafted, reviewed and confirmed
    again before it is published."""
    tx.disarm("publish", row.settlement_id)
    return store.change(
        tx.conn,
        # Who changes awards of the month waits from here on: it is confirmed no more.
        store.locked(tx.conn, row.settlement_id),
        state="DRAFTED",
        reviewed_by=None,
        reviewed_at=None,
        confirmed_by=None,
        confirmed_at=None,
    )


def _headers(tx: Tx, rows: Sequence[Row], end: datetime) -> dict[str, str]:
    """Return settlement -> the codes of the rules under which its area settles."""
    in_force, day = rules_in_force(tx.conn), measures.last_day(end)
    return {row.settlement_id: in_force.header(row.area, day) or "" for row in rows}


def _to_check(deductions: list[str], by_hand: list[str]) -> list[str]:
    """Return what a person must look at: every deduction, and one in twenty awards by hand.

    Which ones follows from their ids, so that a new draft of the same month asks for the same.
    """
    by_hand = sorted(by_hand, key=lambda award_id: hashlib.sha256(award_id.encode()).hexdigest())
    sample = by_hand[: -(-len(by_hand) // SAMPLE_ONE_IN)]
    return sorted(deductions + sample)
