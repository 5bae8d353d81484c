"""A household belongs to the adults who live in it now, whoever of them gave its consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from chassis.calendar import Calendar
from services.credit.actions import months, telling
from services.credit.actions.ledger import GRACE
from services.credit.storage import registry, voices
from services.credit.storage.voices import SUSPENDED

if TYPE_CHECKING:
    from datetime import datetime

    from chassis.bus import Tx

_SAME_DAY = timedelta(days=1)


def homes_of(tx: Tx, person_ids: Iterable[str]) -> set[str]:
    """Return the households in which some persons were last known to live."""
    rows = registry.people(tx.conn, person_ids).values()
    return {row.household_id for row in rows if row.household_id}


def tell(tx: Tx, newcomers: Iterable[tuple[str, str]], at: datetime) -> None:
    """Tell the adults of households that somebody was put into them: he holds their account too.

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

    The consent of a household stands for the other adults. Without any it is suspended: nothing
    is scored, and nobody is there to spend; it goes on when an adult is back who had lived there
    before. Strangers who are registered under its name consent anew. The household stays where it
    is as long as an adult of it lives there. Its points lapse 90 days after the last one has left.
    """
    for subject_id, subject in registry.subjects(tx.conn, [f"HH:{one}" for one in homes]).items():
        consent = registry.consent(tx.conn, subject_id=subject_id)
        if consent is None:
            continue
        adults = voices.adults_of(tx.conn, subject.ref)
        holder = subject.holder
        if holder not in {row.person_id for row in adults}:
            holder = adults[0].person_id if adults else None
            registry.change_subject(tx.conn, subject_id, holder=holder)
        if adults and (subject.area, subject.grid) not in {(row.area, row.grid) for row in adults}:
            # Who stays in the community says where it is, before who has left it.
            at_home = next((row for row in adults if row.area == subject.area), adults[0])
            registry.place(tx.conn, subject, area=at_home.area, grid=at_home.grid, at=at)
            months.draft_around(tx, subject_id, subject.area, at)
        if consent.state == "GRANTED" and not adults:
            registry.close_spans(tx.conn, subject_id, consent.purposes, at)
            registry.change_subject(tx.conn, subject_id, spendable_until=at + GRACE)
            state = SUSPENDED
        elif consent.state == SUSPENDED and registry.lived_in(
            tx.conn, [row.person_id for row in adults], subject.ref, at
        ):
            registry.open_spans(tx.conn, subject_id, consent.purposes, at)
            if "POINTS" in consent.purposes:
                registry.change_subject(tx.conn, subject_id, spendable_until=None)
            state = "GRANTED"
        else:
            continue
        registry.change_consent(
            tx.conn, consent.consent_id, state=state, version=consent.version + 1
        )
