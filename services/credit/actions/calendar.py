"""What a year's working days make later in credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis.deadlines import Counted, Move, consume
from fivered.services.credit.actions import commendation_notices, nominee_objections, telling
from fivered.services.credit.rules import settlement as rules
from fivered.services.credit.storage import notices as store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage import voices

if TYPE_CHECKING:
    from fivered.chassis.bus import Event, Tx

# Awards that wait for a person are looked at every day; they have no timers.
COUNTED = (
    Counted(
        "award",
        t.awards,
        key="award_id",
        since="proposed_at",
        column="due_at",
        days="due_days",
        still=sa.and_(t.awards.c.state == "PROPOSED", t.awards.c.due_at.is_not(None)),
    ),
)


def year_loaded(tx: Tx, said: list[Event]) -> None:
    """A year's working days are known: open deadlines are counted again."""
    consume(tx, said, COUNTED)


def deadline_moved(tx: Tx, move: Move) -> None:
    """Tell the people who objected, asked for a repair or stands in the notice of a commendation,
    and let a notice hang as much longer."""
    until = telling.last_day(move.after)
    for table, row in move.rows:
        if table in {t.objections.name, t.repairs.name}:
            told = {"ref": move.ref, "number": row["number"], "until": until}
            if not voices.speaks_for(tx.conn, row["subject_id"], row["person_id"], tx.now):
                # An office applied for it; whom it is about has a later date as well.
                telling.tell(tx, "DEADLINE_MOVED", subject_id=row["subject_id"], **told)
            telling.tell(tx, "DEADLINE_MOVED", person_id=row["person_id"], **told)
        elif table == t.vetoes.name:
            told = {"ref": move.ref, "number": row["document_no"], "until": until}
            telling.tell(tx, "DEADLINE_MOVED", person_id=row["imposed_by"], **told)
            telling.tell(tx, "DEADLINE_MOVED", subject_id=row["subject_id"], **told)
        elif table == t.nominee_objections.name:
            nominee_objections.tell_later(tx, row, until)
        elif table == t.commendations.name:
            commendation_notices.tell_longer(tx, move.ref, until)
        elif table == t.notices.name:
            store.change(tx.conn, row["notice_id"], down_at=rules.notice_down(move.after))
