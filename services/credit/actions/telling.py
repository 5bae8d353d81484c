"""What credit tells people: rows that the gateway delivers.

A message goes to a person, or to a subject: then to the person who speaks for it when it is read,
so that an operator who comes tomorrow learns what is asked of the shop today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fivered.chassis import going_out
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.rules.award import Award
from fivered.services.credit.storage import messages as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

_MOMENT = timedelta(microseconds=1)


def tell(
    tx: Tx,
    code: str,
    *,
    person_id: str | None = None,
    subject_id: str | None = None,
    ref: str | None = None,
    **detail: object,
) -> None:
    """Leave a message for a person, or for the person who speaks for a subject.

    Args:
        tx: The transaction.
        code: Which text (`views.messages.TEXTS`).
        person_id: To whom.
        subject_id: Or to whom it concerns.
        ref: The award, objection, repair or consent that it is about.
        detail: What the text names.
    """
    row = {
        "message_id": tx.new_id("msg"),
        "person_id": person_id,
        "subject_id": subject_id,
        "code": code,
        "ref": ref,
        "detail": detail,
        "created_at": tx.now,
    }
    _keep(tx, [row])


def _keep(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    store.add(tx.conn, rows)
    going_out.later(tx, [str(row["message_id"]) for row in rows])


def last_day(until: datetime) -> str:
    """Return the last day of a time that ends at a midnight, as messages name it."""
    return f"{Calendar.local(until - _MOMENT):%Y-%m-%d}"


def end_of(until: datetime) -> str:
    """Return until when something lasts: its last day, or the minute where it ends within one."""
    at = Calendar.local(until)
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        return last_day(until)
    return Calendar.minute(until)


def deductions(tx: Tx, awards: Iterable[Award | Row]) -> None:
    """Tell whom they concern that deductions are proposed, MINOR ones too: they are not published,
    so nobody else would tell that person (DOMAIN 4.8)."""
    rows = [
        {
            "message_id": tx.new_id("msg"),
            "person_id": None,
            "subject_id": award.subject_id,
            "code": "DEDUCTION_PROPOSED",
            "ref": str(award.award_id),
            "detail": {
                "subject": award.subject_id,
                "rule": award.rule_code,
                "score": award.score,
                "period": award.period,
            },
            "created_at": tx.now,
        }
        for award in awards
        if award.deduction and award.state != "REVERSED"
    ]
    if rows:
        _keep(tx, rows)
