"""A household belongs to the adults who live in it now, no matter which of them consented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from fivered.chassis.bus import Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.actions import months, running_out, telling
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage.voices import SUSPENDED

_SAME_DAY = timedelta(days=1)


def homes_of(tx: Tx, person_ids: Iterable[str]) -> set[str]:
    """Return the households in which some persons were last known to live."""
    rows = registry.people(tx.conn, person_ids).values()
    return {row.household_id for row in rows if row.household_id}


def tell(tx: Tx, newcomers: Iterable[tuple[str, str]], at: datetime) -> None:
    """Tell the adults of households that somebody was put into them, who holds their account too.

    Those who came on the same day are a household that is being registered.

    Args:
        tx: The transaction.
        newcomers: (household, person) of each.
        at: When they came.
    """
    came = sorted(newcomers)
    lived = registry.adults_since(tx.conn, {home for home, _ in came}, at - _SAME_DAY)
    day = Calendar.local_date(at).isoformat()
    for home, newcomer in came:
        for adult in sorted(lived.get(home, set()) - {newcomer}):
            telling.tell(tx, "HOUSEHOLD_JOINED", person_id=adult, household=home, day=day)


def settle(tx: Tx, homes: Iterable[str], at: datetime) -> None:
    """Say who holds the accounts of households in which somebody has come, gone or grown up.

    The consent of a household stands for the other adults, in the name of one of them. Without any
    it is suspended: nothing is scored, and nobody is there to spend; it goes on when an adult is
    back who had lived there before. Strangers who are registered under its name consent anew. The
    household stays where it is as long as an adult of it lives there. Its points lapse 90 days
    after the last one has left.
    """
    for subject_id, subject in registry.subjects(tx.conn, [f"HH:{one}" for one in homes]).items():
        consent = registry.consent(tx.conn, subject_id=subject_id)
        if consent is None:
            continue
        adults = voices.adults_of(tx.conn, subject.ref)
        living = [row.person_id for row in adults]
        # Who is told of last is not always who has left last.
        left_at = max(at, registry.last_departure(tx.conn, subject.ref) or at)
        holder = subject.holder
        state = _of_consent(tx, consent, subject, living, left_at if not living else at)
        now = {"state": state} if state is not None else {}
        if holder not in living:
            holder = living[0] if living else None
            registry.change_subject(tx.conn, subject_id, holder=holder)
        if adults and (subject.area, subject.grid) not in {(row.area, row.grid) for row in adults}:
            # Who stays in the community says where it is, before who has left it.
            at_home = next((row for row in adults if row.area == subject.area), adults[0])
            registry.place(tx.conn, subject, area=at_home.area, grid=at_home.grid, at=left_at)
            months.draft_around(tx, subject_id, subject.area, left_at)
            now["area"] = at_home.area
        if consent.person_id not in living and holder is not None:
            now["person_id"] = holder
        changes = {name: new for name, new in now.items() if getattr(consent, name) != new}
        if changes:
            registry.change_consent(tx.conn, consent, **changes)


def _of_consent(
    tx: Tx, consent: Row, subject: Row, living: Sequence[str], at: datetime
) -> str | None:
    """Suspend a consent for which no adult is left, or let it go on; return its new state."""
    subject_id = subject.subject_id
    if consent.state == "GRANTED" and not living:
        registry.close_spans(tx.conn, subject_id, consent.purposes, at)
        running_out.begin_keeping(tx, consent, at)
        return SUSPENDED
    if consent.state == SUSPENDED and registry.lived_in(tx.conn, living, subject.ref, at):
        registry.open_spans(tx.conn, subject_id, consent.purposes, at)
        if "POINTS" in consent.purposes:
            registry.change_subject(tx.conn, subject_id, spendable_until=None)
        return "GRANTED"
    return None
