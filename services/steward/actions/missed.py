"""Nobody accepted in time: the next steward gets it, if there is one. After a night or an outage
thousands run out at once, so a set of them is read, decided and written together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.records import Row
from fivered.chassis.telling import Message, tell_all
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import cases, dispatch, parties, reminders, telling
from fivered.services.steward.rules.routing import Candidate

# The shortest accept time: within it no request of a set can run out again.
SPAN = timedelta(minutes=5)


@dataclass
class _Community:
    """The stewards of a community, as they stand while a set is decided."""

    candidates: dict[str, Candidate]
    grids: dict[str, set[str]]


@dataclass
class _Set:
    """What a set has read, and what it will write."""

    tx: Tx
    start: datetime
    end: datetime
    communities: dict[str, _Community] = field(default_factory=dict)
    shifts: dict[str, list[Row]] = field(default_factory=dict)
    projects: dict[str, bool] = field(default_factory=dict)
    parties: dict[tuple[str | None, ...], set[str]] = field(default_factory=dict)
    complainants: dict[str, set[str]] = field(default_factory=dict)
    given: list[dict[str, object]] = field(default_factory=list)
    kept: list[dict[str, object]] = field(default_factory=list)
    lines: list[dict[str, object]] = field(default_factory=list)
    clocks: list[storage.cases.Clock] = field(default_factory=list)
    taken: dict[str, datetime] = field(default_factory=dict)
    reminded: list[tuple[str, datetime]] = field(default_factory=list)
    told: list[Message] = field(default_factory=list)

    def community(self, code: str) -> _Community:
        """Return the roster of a community; it is read once."""
        if code not in self.communities:
            rows, grids = storage.missed.roster(self.tx.conn, code)
            in_hand = storage.missed.in_hand(self.tx.conn, [row.steward_id for row in rows])
            self.read_shifts([row.steward_id for row in rows])
            self.communities[code] = _Community(
                {
                    row.steward_id: Candidate(
                        steward_id=row.steward_id,
                        person_id=row.person_id,
                        duty=row.duty,
                        on_shift=False,
                        same_grid=False,
                        open_requests=in_hand.get(row.steward_id, 0),
                        dispatched_at=row.dispatched_at,
                    )
                    for row in rows
                },
                grids,
            )
        return self.communities[code]

    def read_shifts(self, steward_ids: Iterable[str]) -> None:
        """Read the shifts of stewards that were not read yet."""
        unread = [one for one in steward_ids if one not in self.shifts]
        self.shifts |= {one: [] for one in unread}
        for shift in storage.missed.shifts_between(self.tx.conn, unread, self.start, self.end):
            self.shifts[shift.steward_id].append(shift)

    def on_shift(self, steward_id: str, area: str | None = None) -> bool:
        """Tell whether a steward sits on shift at the present timer's time."""
        now = self.tx.now
        return any(
            shift.start_at <= now < shift.end_at and area in {None, shift.area}
            for shift in self.shifts[steward_id]
        )

    def candidates(self, row: Row, without: Iterable[str]) -> list[Candidate]:
        """Return who may have a request in hand now."""
        code = row.grid[:12]
        known, left_out, barred = self.community(code), set(without), self.barred(row)
        return [
            replace(
                one,
                on_shift=self.on_shift(one.steward_id, code),
                same_grid=row.grid in known.grids[one.steward_id],
            )
            for one in known.candidates.values()
            if one.steward_id not in left_out and one.person_id not in barred
        ]

    def barred(self, row: Row) -> set[str]:
        """Return the parties of a request."""
        return self.accused(row) | self.complainants[row.request_id]

    def accused(self, row: Row) -> set[str]:
        """Return the parties of what a request is against."""
        key = (row.against, row.project_id, row.kind, row.category, row.grid)
        if key not in self.parties:
            self.parties[key] = parties.accused(self.tx, row)
        return self.parties[key]

    def duties(self, row: Row) -> Sequence[str]:
        """Return the duties that take a request."""
        if row.grid not in self.projects:
            self.projects[row.grid] = bool(storage.ground.serving(self.tx.conn, row.grid))
        return parties.duties_of(self.tx, row, served=self.projects[row.grid])

    def choose(self, row: Row, without: Iterable[str]) -> Candidate | None:
        """Choose as a dispatch does."""
        duties, found = self.duties(row), self.candidates(row, without)
        chosen = rules.routing.choose(found, duties)
        known = self.community(row.grid[:12]).candidates.values()
        if chosen is None and (
            self.accused(row) or rules.routing.stood_back(known, duties, self.barred(row))
        ):
            chosen = rules.routing.choose(found, rules.routing.SUBSTITUTES)
        return chosen

    def hand_over(self, row: Row, chosen: Candidate) -> None:
        """Count the request for the person who has it now."""
        known = self.community(row.grid[:12]).candidates
        for steward_id, more in ((row.handler, -1), (chosen.steward_id, 1)):
            if steward_id in known:
                one = known[steward_id]
                known[steward_id] = replace(one, open_requests=one.open_requests + more)
        known[chosen.steward_id] = replace(known[chosen.steward_id], dispatched_at=self.tx.now)
        self.taken[chosen.steward_id] = self.tx.now

    def line(self, row: Row, action: str, version: int, detail: Mapping[str, object]) -> None:
        """Note a line of a request's timeline."""
        self.lines.append(
            cases.step(
                self.tx,
                row.request_id,
                action,
                state="DISPATCHED",
                version=version,
                detail=detail,
            )
        )

    def write(self) -> None:
        """Write what was decided."""
        conn = self.tx.conn
        storage.missed.write(conn, self.kept)
        storage.missed.write(conn, self.given)
        storage.cases.write_timeline(conn, self.lines)
        storage.missed.give(conn, self.clocks, self.taken)
        tell_all(self.tx, self.told)
        self.tx.arm_all(reminders.TIMER, self.reminded)
        self.tx.arm_all(
            "REQ_ACCEPT", [(clock["request_id"], clock["due_at"]) for clock in self.clocks]
        )


def accept_passed(tx: Tx, dues: Sequence[Due]) -> None:
    """Note that each was missed, and give it to the next one as of its own time.

    With nobody left it stays with who has it: that may still be accepted, late.
    """
    rows = storage.missed.lock(tx.conn, [due.ref for due in dues])
    late = [
        (due, row)
        for due in dues
        if (row := rows.get(due.ref)) is not None
        and row.state == "DISPATCHED"
        and row.due_accept == due.due_at
    ]
    if not late:
        return
    work = _Set(tx, start=late[0][0].due_at, end=late[-1][0].due_at)
    work.read_shifts({row.handler for _, row in late})
    work.complainants = parties.complainants(tx, [row for _, row in late])
    for due, row in late:
        tx.at(due.due_at)
        _one(work, row)
    work.write()


def _one(work: _Set, row: Row) -> None:
    tx = work.tx
    tried, version = [*row.tried, row.handler], row.version + 1
    work.line(row, "accept_missed", version, {"handler": row.handler})
    tx.publish(
        fact_of(
            events.RequestDeadlineMissed, row, which="ACCEPT", on_shift=work.on_shift(row.handler)
        ),
        subject=row.request_id,
        scope=row.area,
        sequence=version,
    )
    chosen = work.choose(row, tried)
    if chosen is None:
        work.told.append(telling.not_accepted(tx, row))
        work.kept.append({"request_id": row.request_id, "tried": tried, "version": version})
        return
    due = storage.standards.of(tx.conn, row).due_accept(tx.now, tx.calendar)
    detail = {"handler": chosen.steward_id, "duty": chosen.duty, "from": row.handler}
    work.line(row, "redispatch", version + 1, detail)
    given = {
        "request_id": row.request_id,
        "tried": tried,
        "version": version + 1,
        **dispatch.handed_to(chosen, due, row.first_handler),
    }
    work.given.append(given)
    first = reminders.next_at(tx, storage.missed.given(row, given))
    if first is not None:
        work.reminded.append((row.request_id, first))
    work.clocks.append(
        storage.cases.clock(row, "ACCEPT", due_at=due, now=tx.now, handler=chosen.steward_id)
    )
    work.hand_over(row, chosen)
    work.told += telling.taken(tx, row, chosen, due)
