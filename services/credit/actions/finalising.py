"""The end of a month: its notice ends, its entries become final, its points spendable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fivered.chassis.calendar import Calendar
from fivered.services.credit import events
from fivered.services.credit.actions import (
    companies,
    ledger,
    merging,
    months,
    objection_news,
    telling,
)
from fivered.services.credit.rules import awards as award_rules
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import deductions, formula, registry
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import notices as notice_store
from fivered.services.credit.storage import objections as objection_store
from fivered.services.credit.storage import settlement as store
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.storage.published import ORGANISATIONS, gates

if TYPE_CHECKING:
    import sqlalchemy as sa

    from fivered.chassis.bus import Due, Tx
    from fivered.chassis.records import Row

TOLD = (*ORGANISATIONS, "STW")


def on_notice_end(tx: Tx, due: Due) -> None:
    """The notice has ended: what nobody objects to is final."""
    row = store.settlement(tx.conn, due.ref, lock=True)
    if row is None or row.state != "PUBLISHED":
        return
    if row.notice_id and notice_store.known(tx.conn, row.notice_id).state == "WITHDRAWN":
        # Nobody could read it: the month waits for another notice.
        return
    held = objection_store.objected_subjects(tx.conn, row.settlement_id, row.period)
    for subject_id in sorted(held):
        entry_store.change_entry(tx.conn, row.settlement_id, subject_id, state="HELD")
    _drop_taken_back(tx, row)
    if row.notice_id:
        notice_store.change(tx.conn, row.notice_id, state="ENDED")
    row = store.change(tx.conn, row, state="FINALISING", finalised_at=tx.now)
    _finalise(tx, row, entry_store.entries(tx.conn, row.settlement_id, states=("PUBLISHED",)))


def _drop_taken_back(tx: Tx, row: Row) -> None:
    """What was taken back while the notice ran, or since the confirmation, never takes effect."""
    before = tx.calendar.next_period(row.period, -1)
    for subject_id in deductions.drop_taken_back(tx.conn, row.settlement_id, row.period, before):
        recompute_entry(tx, row, subject_id)


def _finalise(tx: Tx, row: Row, entries: Sequence[Row], to: str = "FINAL") -> None:
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
    row = _release(tx, row, subject_ids)
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
        sequence=row.version,
        period=row.period,
    )
    left = entry_store.entries(tx.conn, row.settlement_id, states=("PUBLISHED", "HELD"))
    if not left and row.state == "FINALISING":
        tx.disarm("settlement_close", row.settlement_id)
        store.change(tx.conn, row, state="SETTLED", settled_at=tx.now)


def _veto(tx: Tx, period: str, effective: Sequence[Row]) -> None:
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


def _repeated(tx: Tx, award: Row, rule: Rule, period: str) -> tuple[str, str] | None:
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


def _release(tx: Tx, row: Row, subject_ids: Sequence[str]) -> Row:
    """Make the month's points spendable. A person who has withdrawn has no entry, and keeps what
    was earned: those points are released without publication. Returns the settlement afterwards."""
    done = ledger.release_month(
        tx,
        period=row.period,
        district=ledger.district_of(row.area),
        subject_ids=[*subject_ids, *_unsettled(tx, row)],
        ref=row.settlement_id,
    )
    entry_store.add_released(tx.conn, row.settlement_id, done.points)
    merging.follow(tx, list(done.points))
    if not done.unfunded:
        return row
    return store.change(tx.conn, row, unfunded_points=row.unfunded_points + done.unfunded)


def _unsettled(tx: Tx, row: Row) -> list[str]:
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
        store.change(tx.conn, row, unfunded_points=done.unfunded)
        waiting += done.unfunded
    return waiting


def recompute_entry(tx: Tx, row: Row, subject_id: str) -> Row | None:
    """Compute one entry anew after an award of it was changed. Returns the stored entry."""
    values = computed(tx.conn, row, subject_id)
    if values is not None:
        entry_store.change_entry(tx.conn, row.settlement_id, subject_id, **values.columns())
    return entry_store.entry(tx.conn, row.settlement_id, subject_id)


def computed(conn: sa.Connection, row: Row, subject_id: str) -> companies.Computed | None:
    """Return what follows for an entry from the awards as they are, or None without any entry."""
    if subject_id.startswith("PCO:"):
        return companies.computed_of(conn, row.period, row.area, subject_id)
    drafted = formula.draft_entry(
        conn,
        row.settlement_id,
        subject_id,
        period=row.period,
        area=row.area,
        end=Calendar.midnight(Calendar.first_day(Calendar.next_period(row.period))),
        gate_source=months.GATE_SOURCE,
    )
    return companies.of_entry(drafted) if drafted is not None else None


def finalise_held(tx: Tx, row: Row, subject_id: str) -> None:
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
