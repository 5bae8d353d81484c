"""Points that run out: told when their end is set, 30 and 7 days before, and when they are gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fivered.services.credit.actions import telling
from fivered.services.credit.storage import ledger as store
from fivered.services.credit.storage import registry, voices

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx
    from fivered.chassis.calendar import Calendar
    from fivered.chassis.records import Row

# So long points stay spendable after a consent was withdrawn, or somebody has left.
GRACE = timedelta(days=90)
REMIND_BEFORE = timedelta(days=30)
# And once more, if any are left.
AGAIN_BEFORE, AGAIN = timedelta(days=7), "points_remind_again"
_BATCH = 500


def begin_grace(tx: Tx, subject_id: str, at: datetime, **more: object) -> None:
    """Let a subject's points end after the time of grace, and say until when they are spent."""
    until = at + GRACE
    registry.change_subject(tx.conn, subject_id, spendable_until=until, **more)
    telling.tell(
        tx, "POINTS_GRACE", subject_id=subject_id, subject=subject_id, end=telling.end_of(until)
    )


def begin_keeping(tx: Tx, consent: Row, at: datetime) -> None:
    """Keep the points of a household that its last adult has left, and tell that person until
    when: nobody lives there who would read it."""
    until = at + GRACE
    registry.change_subject(tx.conn, consent.subject_id, spendable_until=until)
    _tell_last(tx, consent.subject_id, consent.person_id, until)


def _tell_last(tx: Tx, subject_id: str, person_id: str, until: datetime) -> None:
    telling.tell(
        tx,
        "HOUSEHOLD_EMPTY",
        person_id=person_id,
        household=subject_id.partition(":")[2],
        end=telling.end_of(until),
    )


def remind(tx: Tx, due: Due) -> None:
    """Tell whose points run out within 30 days, once for each end; some of them at a time."""
    until = tx.now + REMIND_BEFORE
    leaving = registry.remind_of_grace(tx.conn, tx.now, until, _BATCH)
    last = voices.last_adults(tx.conn, leaving)
    for subject_id, end in sorted(leaving.items()):
        if subject_id in last:
            _tell_last(tx, subject_id, last[subject_id], end)
            continue
        points = sum(lot.left for lot in store.open_lots(tx.conn, subject_id))
        _tell(tx, subject_id, points, end)
    found = store.running_out(tx.conn, tx.now, until, _BATCH)
    store.lock_wallets(tx.conn, found)
    lots = store.remind_of_lots(tx.conn, found, tx.now, until)
    for (subject_id, end), points in sorted(lots.items()):
        _tell(tx, subject_id, points, end)
    if _BATCH in (len(found), len(leaving)):
        tx.arm("points_remind", due.ref, due.due_at)


def remind_again(tx: Tx, due: Due) -> None:
    """Tell whose points run out within 7 days, if some of them are still there."""
    subject_id, end = str(due.data["subject"]), datetime.fromisoformat(str(due.data["end"]))
    known = registry.subject(tx.conn, subject_id)
    grace = known is not None and known.spendable_until == end
    lots = store.open_lots(tx.conn, subject_id)
    points = sum(lot.left for lot in lots if grace or lot.expires_at == end)
    if points:
        _tell(tx, subject_id, points, end)


def _tell(tx: Tx, subject_id: str, points: int, end: datetime) -> None:
    again = tx.calendar.at(tx.calendar.local_date(end - AGAIN_BEFORE), 8, 30)
    if again > tx.now:
        told = {"subject": subject_id, "end": end.isoformat()}
        tx.arm(AGAIN, f"{subject_id}@{end:%Y%m%d%H%M}", again, told)
    telling.tell(
        tx,
        "POINTS_REMIND",
        subject_id=subject_id,
        subject=subject_id,
        points=points,
        end=telling.end_of(end),
    )


def next_run(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (ref, instant) of the next daily run: 08:30 local."""
    today = calendar.at(calendar.local_date(now), 8, 30)
    at = today if today > now else today + timedelta(days=1)
    return calendar.local_date(at).isoformat(), at
