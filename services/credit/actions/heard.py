"""What the other services tell: projections first, then the saga, then awards and markers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fivered.chassis import identities
from fivered.services.credit import events
from fivered.services.credit.actions import (
    awards,
    closed,
    consents,
    households,
    ledger,
    merging,
    months,
    reversals,
    running_out,
    telling,
)
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.closings import BY_HAND

if TYPE_CHECKING:
    from datetime import datetime

    from fivered.chassis.bus import Event, Tx

SAGA = (
    events.RedemptionRequestedHeard,
    events.RedemptionRedeemedHeard,
    events.RedemptionCancelledHeard,
    events.RedemptionExpiredHeard,
    events.RedemptionRefundedHeard,
    events.PartnerSettledHeard,
)


def steward(tx: Tx, heard: Sequence[Event]) -> None:
    """Areas, persons and stewards; ratings, deadlines, hours, hazards; the month."""
    _areas(tx, [event for event in heard if isinstance(event.data, events.AreaDefinedHeard)])
    _people(
        tx, [event for event in heard if isinstance(event.data, events.ResidentRegisteredHeard)]
    )
    _one_by_one(tx, heard, _STEWARD)
    awards.ingest(tx, [event for event in heard if type(event.data) not in _REGISTRY])


def property_(tx: Tx, heard: Sequence[Event]) -> None:
    """Companies, projects and posts; rectifications and disclosures; the month."""
    _one_by_one(tx, heard, _PROPERTY)
    _ingest(tx, [event for event in heard if type(event.data) not in _PROPERTY])


def partner(tx: Tx, heard: Sequence[Event]) -> None:
    """Partners; redemptions and statements; the month."""
    _one_by_one(tx, heard, _PARTNER)
    saga = [event for event in heard if isinstance(event.data, SAGA)]
    if saga:
        ledger.redemptions(tx, saga)
    for event in heard:
        if isinstance(event.data, events.RefundDeniedHeard):
            ledger.refund_denied(tx, event)
    awards.ingest(tx, [event for event in heard if type(event.data) not in _PARTNER])


def forum(tx: Tx, heard: Sequence[Event]) -> None:
    """Topics, attendance and supervision; the month. Facts about a session arrive in order."""
    _ingest(tx, heard)


def _ingest(tx: Tx, heard: Sequence[Event]) -> None:
    """Take facts into effect; what one takes back may be in the same batch, and goes first."""
    told: list[Event] = []
    for event in heard:
        take_back = _TAKES_BACK.get(type(event.data))
        if take_back is None:
            told.append(event)
            continue
        awards.ingest(tx, told)
        told = []
        take_back(tx, event)
    awards.ingest(tx, told)


def _one_by_one(
    tx: Tx, heard: Sequence[Event], known: dict[type[Any], Callable[[Tx, Event], None]]
) -> None:
    for event in heard:
        handle = known.get(type(event.data))
        if handle is None:
            continue
        if type(event.data) not in _AT_HOME:
            # A post is the kept id's, also where its fact names one that was given up since.
            told = identities.redirected([event], lambda ids: registry.merged(tx.conn, ids), own=())
            handle(tx, told[0])
            continue
        persons = [event.data.person_id, getattr(event.data, "into", event.data.person_id)]
        homes = households.homes_of(tx, persons)
        handle(tx, event)
        after = households.homes_of(tx, persons)
        households.settle(tx, homes | after, event.occurred_at)
        came = {(home, event.data.person_id) for home in after - homes}
        if came:
            households.tell(tx, came, event.occurred_at)


def _areas(tx: Tx, heard: Sequence[Event]) -> None:
    rows = [
        {
            "code": event.data.code,
            "name": event.data.name,
            "kind": event.data.kind,
            "parent": event.data.parent,
            "sequence": event.sequence,
        }
        for event in heard
    ]
    registry.put_rows(tx.conn, t.areas, "code", rows)


def _people(tx: Tx, heard: Sequence[Event]) -> None:
    facts = [(event.data.person_id, event.sequence, _registered(event)) for event in heard]
    registry.consume_people(tx.conn, facts)
    homes = [
        {
            "person_id": event.data.person_id,
            "since": event.occurred_at,
            "grid": event.data.grid,
            "household_id": event.data.household_id,
        }
        for event in heard
    ]
    registry.add_homes(tx.conn, homes)
    joined = {event.data.household_id for event in heard} - {None}
    if joined:
        households.settle(tx, joined, heard[-1].occurred_at)
        came = {(e.data.household_id, e.data.person_id) for e in heard if e.data.household_id}
        households.tell(tx, came, heard[-1].occurred_at)


def _registered(event: Event) -> dict[str, object]:
    """Return what is said of one who lives here, or is back."""
    told = event.data
    return {
        "area": told.community or event.scope[:12],
        "grid": told.grid,
        "is_adult": told.is_adult,
        "household_id": told.household_id,
        "state": "ACTIVE",
    }


def _moved(tx: Tx, event: Event) -> None:
    moved = event.data
    newest = registry.consume_person(
        tx.conn,
        moved.person_id,
        event.sequence,
        area=moved.community,
        grid=moved.to_grid,
        household_id=moved.household_id,
    )
    _at_home(tx, event, moved.to_grid, moved.household_id)
    if "area" in newest:
        _place_persons(tx, event, moved.community, moved.to_grid)


def _place_persons(tx: Tx, event: Event, area: str, grid: str | None) -> None:
    for subject in registry.subjects_held_by(tx.conn, event.data.person_id):
        if subject.kind in PERSONS and subject.kind != "HH":
            registry.place(tx.conn, subject, area=area, grid=grid, at=event.occurred_at)
            months.draft_around(tx, subject.subject_id, subject.area, event.occurred_at)


def _deactivated(tx: Tx, event: Event) -> None:
    died = event.data.reason == registry.DECEASED
    state = registry.DECEASED if died else registry.ENDED
    known = registry.person(tx.conn, event.data.person_id)
    if known is not None:
        # The last place stays known; the person is no member of a household any more.
        _at_home(tx, event, known.grid, None)
    registry.consume_person(tx.conn, event.data.person_id, event.sequence, state=state)
    consents.close_for(tx, event.data.person_id, event.occurred_at)


def _returned(tx: Tx, event: Event) -> None:
    """A resident lives here again. Consents ended with the departure; new ones may follow."""
    back = event.data
    newest = registry.consume_person(tx.conn, back.person_id, event.sequence, **_registered(event))
    _at_home(tx, event, back.grid, back.household_id)
    if "area" in newest:
        _place_persons(tx, event, back.community, back.grid)


def _at_home(tx: Tx, event: Event, grid: str | None, household_id: str | None) -> None:
    home = {
        "person_id": event.data.person_id,
        "since": event.occurred_at,
        "grid": grid,
        "household_id": household_id,
    }
    registry.add_homes(tx.conn, [home])


def _came_of_age(tx: Tx, event: Event) -> None:
    grown = event.data.person_id
    if registry.consume_person(tx.conn, grown, event.sequence, is_adult=True):
        telling.tell(tx, "CAME_OF_AGE", person_id=grown)


def _corrected(tx: Tx, event: Event) -> None:
    """A resident is of another age or household than was registered. A minor is not scored,
    whatever was consented to in the minor's name (REQ-L06)."""
    right = event.data
    known = registry.person(tx.conn, right.person_id)
    told = {"is_adult": right.is_adult}
    # A release before left out the household, which is then as it was.
    if right.household_id != "":
        told["household_id"] = right.household_id
    newest = registry.consume_person(tx.conn, right.person_id, event.sequence, **told)
    if not newest:
        return
    if "household_id" in newest and known and right.household_id != known.household_id:
        _at_home(tx, event, known.grid, right.household_id)
    if not right.is_adult:
        consents.close_for(tx, right.person_id, event.occurred_at)


def _merged(tx: Tx, event: Event) -> None:
    merging.merge(tx, event)


def _enrolled(tx: Tx, event: Event) -> None:
    enrolled = event.data
    row = {
        "steward_id": enrolled.steward_id,
        "person_id": enrolled.person_id,
        "type": enrolled.type,
        "duty": enrolled.duty,
        "area": enrolled.community,
        "left_at": None,
        "sequence": event.sequence,
    }
    registry.put_rows(tx.conn, t.stewards, "steward_id", [row])
    subject_id = f"STW:{enrolled.steward_id}"
    grid = enrolled.grids[0] if enrolled.grids else None
    _open(
        tx,
        event,
        subject_id,
        area=enrolled.community,
        grid=grid,
        holder=enrolled.person_id,
        spendable=enrolled.spendable,
    )


def _left(tx: Tx, event: Event) -> None:
    subject_id = f"STW:{event.data.steward_id}"
    registry.add_stubs(tx.conn, [subject_id], event.occurred_at)
    # The month in which somebody leaves still settles; the wallet lives 90 days more.
    end = _month_end(tx, event)
    running_out.begin_grace(tx, subject_id, event.occurred_at, closed_at=end)
    closed.void(tx, subject_id)


def _open(
    tx: Tx,
    event: Event,
    subject_id: str,
    *,
    area: str,
    grid: str | None = None,
    holder: str | None = None,
    spendable: bool = False,
    state: str = "ACTIVE",
) -> None:
    """Say where a subject belongs and who holds it; an award may have named it before."""
    registry.add_stubs(tx.conn, [subject_id], event.occurred_at)
    known = registry.known_subject(tx.conn, subject_id, lock=True)
    if known.area is None:
        registry.change_subject(
            tx.conn,
            subject_id,
            area=area,
            area_before=area,
            area_since=event.occurred_at,
            grid=grid,
        )
    else:
        registry.place(tx.conn, known, area=area, grid=grid, at=event.occurred_at)
    registry.put_state(
        tx.conn,
        known,
        state,
        event.occurred_at,
        holder=holder,
        spendable=spendable,
        opened_at=min(known.opened_at, event.occurred_at),
        closed_at=_month_end(tx, event) if state == "CLOSED" else None,
        spendable_until=None,
    )
    if state == "CLOSED":
        closed.void(tx, subject_id)
    months.draft_around(tx, subject_id, known.area, event.occurred_at)


def _month_end(tx: Tx, event: Event) -> datetime:
    """The month in which something ends still settles."""
    _, end = tx.calendar.month_bounds(tx.calendar.period(event.occurred_at))
    return end


def _company(tx: Tx, event: Event) -> None:
    _open(tx, event, f"PCO:{event.data.company_id}", area=event.scope[:6])
    _represented(tx, event)


def _represented(tx: Tx, event: Event) -> None:
    if event.data.representatives is None:
        return
    voices.replace(
        tx.conn,
        f"PCO:{event.data.company_id}",
        voices.REPRESENTATIVE,
        event.data.representatives,
        event.occurred_at,
    )


def _project(tx: Tx, event: Event) -> None:
    project = event.data
    row = {
        "project_id": project.project_id,
        "company_id": project.company_id,
        "area": project.community,
        "households": project.households,
        "status": project.status,
        "sequence": event.sequence,
    }
    registry.put_rows(tx.conn, t.projects, "project_id", [row])
    # A company's score is the mean of its projects by their households.
    for period in settlement_store.open_months(tx.conn, project.community[:6]):
        months.start_draft(tx, period, project.community[:6])
    state = "CLOSED" if project.status == "CLOSED" else "ACTIVE"
    grids = [] if state == "CLOSED" else project.grids
    registry.serve_grids(tx.conn, project.project_id, grids, event.occurred_at)
    _open(tx, event, f"PRJ:{project.project_id}", area=project.community, state=state)


def _manager(tx: Tx, event: Event) -> None:
    subject_id, person_id = f"PRJ:{event.data.project_id}", event.data.person_id
    persons = [person_id] if person_id else []
    voices.replace(tx.conn, subject_id, voices.MANAGER, persons, event.occurred_at)


def _unmanaged(tx: Tx, event: Event) -> None:
    subject_id = f"PRJ:{event.data.project_id}"
    voices.replace(tx.conn, subject_id, voices.MANAGER, [], event.occurred_at)


def _appointed(tx: Tx, event: Event) -> None:
    made = event.data
    registry.open_post(
        tx.conn,
        f"PRJ:{made.project_id}",
        made.person_id,
        made.appointment_id,
        event.occurred_at,
    )


def _appointment_ended(tx: Tx, event: Event) -> None:
    ended = event.data
    registry.close_posts(
        tx.conn, f"PRJ:{ended.project_id}", ended.appointment_id, event.occurred_at
    )


def _admitted(tx: Tx, event: Event) -> None:
    _open(tx, event, f"PTN:{event.data.partner_id}", area=event.data.area)
    _operated(tx, event)


def _operated(tx: Tx, event: Event) -> None:
    """Say who acts for a partner, and so for the shop or unit that it is."""
    told = event.data
    if told.operators is None:
        return
    at = event.occurred_at
    voices.replace(tx.conn, f"PTN:{told.partner_id}", voices.OPERATOR, told.operators, at)
    if told.org_id is not None:
        # One organisation may be a partner in several places, each with operators of its own.
        for kind in BY_HAND:
            subject_id = f"{kind}:{told.org_id}"
            voices.replace(tx.conn, subject_id, told.partner_id, told.operators, at)


def _suspended(tx: Tx, event: Event) -> None:
    subject_id = f"PTN:{event.data.partner_id}"
    registry.add_stubs(tx.conn, [subject_id], event.occurred_at)
    known = registry.known_subject(tx.conn, subject_id, lock=True)
    registry.put_state(tx.conn, known, "SUSPENDED", event.occurred_at)
    months.draft_around(tx, subject_id, known.area, event.occurred_at)


def _exited(tx: Tx, event: Event) -> None:
    subject_id = f"PTN:{event.data.partner_id}"
    registry.add_stubs(tx.conn, [subject_id], event.occurred_at)
    known = registry.known_subject(tx.conn, subject_id, lock=True)
    registry.put_state(tx.conn, known, "CLOSED", event.occurred_at, closed_at=_month_end(tx, event))
    closed.void(tx, subject_id)
    months.draft_around(tx, subject_id, known.area, event.occurred_at)


def _not_there(tx: Tx, event: Event) -> None:
    reversals.take_back(tx, event, deed=event.data.session_id, person_id=event.data.person_id)


def _not_owed(tx: Tx, event: Event) -> None:
    reversals.take_back(tx, event, deed=event.data.disclosure_id)


def _not_fixed(tx: Tx, event: Event) -> None:
    reversals.take_back(tx, event, deed=event.data.rectification_id, given_only=True)


_TAKES_BACK: dict[type[Any], Callable[[Any, Any], None]] = {
    events.AttendanceCorrectedHeard: _not_there,
    events.DisclosureWithdrawnHeard: _not_owed,
    events.RectificationRefutedHeard: _not_fixed,
}
_STEWARD: dict[type[Any], Callable[[Any, Any], None]] = {
    events.ResidentMovedHeard: _moved,
    events.ResidentDeactivatedHeard: _deactivated,
    events.ResidentReturnedHeard: _returned,
    events.ResidentCameOfAgeHeard: _came_of_age,
    events.ResidentCorrectedHeard: _corrected,
    events.PersonMergedHeard: _merged,
    events.StewardEnrolledHeard: _enrolled,
    events.StewardLeftHeard: _left,
}
# After these somebody may have come into a household, left it or grown up in it.
_AT_HOME = {
    events.ResidentMovedHeard,
    events.ResidentDeactivatedHeard,
    events.ResidentReturnedHeard,
    events.ResidentCameOfAgeHeard,
    events.ResidentCorrectedHeard,
    events.PersonMergedHeard,
}
_REGISTRY = {*_STEWARD, events.AreaDefinedHeard, events.ResidentRegisteredHeard}
_PROPERTY: dict[type[Any], Callable[[Any, Any], None]] = {
    events.CompanyRegisteredHeard: _company,
    events.CompanyRepresentativesHeard: _represented,
    events.ProjectRegisteredHeard: _project,
    events.ProjectManagerChangedHeard: _manager,
    events.ProjectManagerEndedHeard: _unmanaged,
    events.AppointmentActivatedHeard: _appointed,
    events.AppointmentEndedHeard: _appointment_ended,
}
_PARTNER: dict[type[Any], Callable[[Any, Any], None]] = {
    events.PartnerAdmittedHeard: _admitted,
    events.PartnerOperatorsHeard: _operated,
    events.PartnerSuspendedHeard: _suspended,
    events.PartnerExitedHeard: _exited,
}
