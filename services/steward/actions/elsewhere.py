"""What an intake is told of a number that somebody has who is registered outside of the own area:
that it is taken, so often a day, and nothing else. Each time is noted, and that person reads it."""

from __future__ import annotations

from datetime import datetime, timedelta

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.refusal import Refusal
from fivered.services.steward import rules, storage
from fivered.services.steward.errors import NumberElsewhere, NumbersElsewhere, PhoneElsewhere
from fivered.services.steward.storage.people import NewPerson

# Digits of the code of an area in which everybody is.
_DISTRICT = 6
DOOR, WHY = "register", "REGISTERED_ELSEWHERE"


def is_outside(tx: Tx, row: Row | NewPerson) -> bool:
    """Tell whether the caller is an intake and the person is none of its area."""
    actor = tx.actor
    return actor.role in rules.access.INTAKE and not rules.access.may_see(
        actor, "standing", row.grid or row.area
    )


class Share:
    """How many people registered elsewhere the caller may still meet today by their numbers."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._met: set[str] | None = None

    def require(self) -> None:
        """Refuse every number where the share is used up: a refusal of taken ones alone would tell
        which they are.

        Raises:
            NumbersElsewhere: It is.
        """
        tx = self._tx
        if len(tx.actor.scope) <= _DISTRICT or len(self._known()) < self._most:
            return
        again = tx.calendar.midnight(tx.calendar.local_date(tx.now) + timedelta(days=1))
        raise NumbersElsewhere(
            limit=self._most,
            again=tx.calendar.minute(again),
            seconds=int((again - tx.now).total_seconds()),
        )

    def taken(self, holder: Row | NewPerson, *, phone: bool) -> Refusal:
        """Return what the caller is told of a number, and note that."""
        self._known().add(holder.person_id)
        if not isinstance(holder, NewPerson):
            _note(self._tx, holder)
        return (
            PhoneElsewhere(field="phone", who="")
            if phone
            else NumberElsewhere(field="id_no", who="")
        )

    @property
    def _most(self) -> int:
        return int(self._tx.settings.elsewhere_per_day)

    def _known(self) -> set[str]:
        if self._met is None:
            tx = self._tx
            since: datetime = tx.calendar.midnight(tx.calendar.local_date(tx.now))
            self._met = storage.people.met_since(tx.conn, tx.actor.id, DOOR, since)
        return self._met


def _note(tx: Tx, holder: Row) -> None:
    actor = tx.actor

    def write(writing: Tx) -> None:
        storage.people.write_reads(
            writing.conn, actor, [holder], at=writing.now, door=DOOR, why=WHY
        )

    # The line of a list stands with the rest of it; of a command that is refused this alone stays.
    write(tx)
    tx.afterwards(write)
