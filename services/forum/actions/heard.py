"""What the forum does when others speak, and what it says at the month's cut-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fivered.chassis import identities, records
from fivered.chassis.bus import Due, Event, Tx
from fivered.services.forum import events, rules, storage
from fivered.services.forum.actions import hosts, invitations, liaison, supervisions, tasks
from fivered.services.forum.actions.analyses import consume_request
from fivered.services.forum.actions.escalations import (
    consume_ended,
    consume_escalated,
    consume_reporter,
    follow_households,
)
from fivered.services.forum.actions.opinions import consume_owners_vote
from fivered.services.forum.actions.tasks import consume_delivery


def _place(data: object) -> dict[str, object]:
    if isinstance(data, events.ResidentMovedHeard):
        return {
            "grid": data.to_grid,
            "community": data.community or (data.to_grid or "")[:12],
            "household_id": data.household_id,
        }
    if isinstance(data, events.ResidentRegisteredHeard | events.ResidentReturnedHeard):
        return {
            "community": data.community,
            "grid": data.grid,
            "household_id": data.household_id,
            "is_adult": data.is_adult,
            "active": True,
            "ended": None,
        }
    if isinstance(data, events.ResidentCameOfAgeHeard):
        return {"is_adult": True}
    if isinstance(data, events.ResidentCorrectedHeard):
        return {"is_adult": data.is_adult, "household_id": data.household_id}
    if isinstance(data, events.ResidentDeactivatedHeard):
        return {"active": False, "ended": data.reason or None}
    raise TypeError(f"{type(data).__name__} says nothing of a resident")


def consume_steward(tx: Tx, heard: Sequence[Event]) -> None:
    """Keep areas and residents: one statement per kind of change, whatever the batch's length.

    A batch is first folded to what is true at its end, in whatever order its facts came.
    """
    merged = [
        storage.identities.merge_person(
            tx.conn, event.data.person_id, event.data.into, event.sequence
        )
        for event in heard
        if isinstance(event.data, events.PersonMergedHeard)
    ]
    heard = _redirected(tx, heard)
    areas: dict[str, dict[str, str]] = {}
    people: list[Event] = []
    ended: list[str] = []
    requests: dict[str, str | None] = {}
    left: list[str] = []
    for event in heard:
        data = event.data
        if isinstance(data, _OF_REQUEST):
            number = data.number if isinstance(data, _WITH_NUMBER) else None
            requests[data.request_id] = number or requests.get(data.request_id)  # nosec B113  # a dict
        if isinstance(data, events.AreaDefinedHeard):
            areas[data.code] = {"code": data.code, "kind": data.kind}
        elif isinstance(data, events.GridsChangedHeard):
            liaison.follow_grids(tx, data)
        elif isinstance(data, events.StewardLeftHeard):
            if data.duty == rules.GRID_WORKER:
                left.append(data.person_id)
        elif isinstance(data, _REQUEST_ENDED):
            ended.append(data.request_id)
        elif isinstance(data, events.RequestEscalatedHeard):
            _end(tx, ended)
            consume_escalated(tx, event)
        elif isinstance(data, events.RequestCorrectedHeard):
            consume_reporter(tx, data)
        elif isinstance(data, events.RequestSubmittedHeard):
            if data.topic_id is not None:
                consume_request(tx, data.topic_id, data.request_id, data.number)
        elif not isinstance(data, events.PersonMergedHeard):
            people.append(event)
    _end(tx, ended)
    _keep_requests(tx, requests)
    if areas:
        records.put(tx.conn, storage.tables.areas, list(areas.values()))
    homes = storage.heard.homes_of(tx.conn, [event.data.person_id for event in people])
    gone, elsewhere, dead = _keep(tx, people)
    if left:
        liaison.end_offices(tx, left, "LEFT", rules.GRID_WORKER)
    if dead:
        liaison.end_posts_of_dead(tx, dead)
        hosts.hand_on_from_dead(tx, dead)
    _follow(tx, gone, elsewhere)
    if people or merged:
        follow_households(tx, [*merged, *(event.data.person_id for event in people)])
    if people:
        liaison.follow_homes(tx, homes)


def _keep_requests(tx: Tx, heard: Mapping[str, str | None]) -> None:
    """Keep the requests that were heard of; a number that is known is not forgotten."""
    table = storage.tables.requests
    for known in (True, False):
        rows = [
            {"request_id": request_id, "number": number}
            for request_id, number in heard.items()
            if (number is not None) == known
        ]
        records.put(tx.conn, table, rows, keep=() if known else ("number",))


def _redirected(tx: Tx, heard: Sequence[Event]) -> list[Event]:
    """Return what is told of an id that was given up as told of the kept one."""
    return identities.redirected(
        heard, lambda ids: storage.identities.kept(tx.conn, ids), own=_OF_A_REGISTRATION
    )


# What the registry says of one registration stays that one's.
_OF_A_REGISTRATION = (
    events.ResidentRegisteredHeard,
    events.ResidentReturnedHeard,
    events.ResidentMovedHeard,
    events.ResidentCorrectedHeard,
    events.ResidentCameOfAgeHeard,
    events.ResidentDeactivatedHeard,
    events.PersonMergedHeard,
)
_REQUEST_ENDED = (
    events.RequestResolvedHeard,
    events.RequestClosedHeard,
    events.RequestMergedHeard,
)
_OF_REQUEST = (
    events.RequestSubmittedHeard,
    events.RequestEscalatedHeard,
    events.RequestCorrectedHeard,
    *_REQUEST_ENDED,
)
_WITH_NUMBER = (events.RequestSubmittedHeard, events.RequestEscalatedHeard)


def _end(tx: Tx, ended: list[str]) -> None:
    if ended:
        consume_ended(tx, ended)
        ended.clear()


# Of whom no place is known yet is nowhere's resident.
_UNKNOWN: dict[str, object] = {
    "community": "",
    "grid": None,
    "household_id": None,
    "is_adult": False,
    "active": False,
    "ended": None,
    "merged_into": None,
    "sequence": -1,
    "sequences": {},
}


def _keep(tx: Tx, heard: Sequence[Event]) -> tuple[list[str], list[str], list[str]]:
    """Keep what is said of residents. Returns who has left, who has left or may have moved, and who
    has died."""
    people = storage.heard.known_residents(tx.conn, [event.data.person_id for event in heard])
    known = {row.person_id: records.values_of(row) for row in people}
    told: dict[str, None] = {}
    deaths: dict[str, int] = {}
    for event in heard:
        person_id, said = event.data.person_id, _place(event.data)
        row = known.get(person_id) or _UNKNOWN | {"person_id": person_id}
        if row["merged_into"] is not None:
            continue
        known[person_id] = records.newest(row, said, event.sequence)
        if "active" in said or "community" in said:
            told[person_id] = None
        if said.get("active") is False and event.data.reason == "DECEASED":
            deaths[person_id] = event.sequence
    records.put(tx.conn, storage.tables.residents, list(known.values()))
    gone = [person for person in told if not known[person]["active"]]
    dead = [
        person
        for person, sequence in deaths.items()
        if known[person]["sequences"].get("active", sequence) == sequence
    ]
    return gone, list(told), dead


def _follow(tx: Tx, gone: Sequence[str], elsewhere: Sequence[str]) -> None:
    """Who has left or moved away is neither drawn there any more, nor votes there."""
    if gone:
        storage.heard.withdraw_from_draw(tx.conn, gone, tx.now)
    if elsewhere:
        invitations.follow_residents(tx, elsewhere)
        supervisions.follow_residents(tx, elsewhere)


_ORDER_ENDED = (
    events.RectificationPassedHeard,
    events.RectificationWithdrawnHeard,
    events.RectificationEndedHeard,
)


def consume_property(tx: Tx, heard: Sequence[Event]) -> None:
    """Keep projects, their managers and posts; take deliveries of our tasks."""
    for event in _redirected(tx, heard):
        data = event.data
        if isinstance(data, events.ProjectRegisteredHeard):
            storage.heard.upsert_project(
                tx.conn,
                project_id=data.project_id,
                company_id=data.company_id,
                community=data.community,
                grids=data.grids,
                households=data.households,
                status=data.status,
            )
            if data.status == storage.heard.CLOSED:
                tasks.follow_closed(tx, data.project_id)
            if data.predecessor_id is not None:
                tasks.follow_hand_over(tx, data.predecessor_id, data.project_id)
        elif isinstance(data, events.ProjectManagerChangedHeard):
            storage.heard.upsert_project(
                tx.conn, project_id=data.project_id, manager=data.person_id
            )
            supervisions.follow_bound(tx, [data.project_id])
        elif isinstance(data, events.ProjectManagerEndedHeard):
            storage.heard.upsert_project(tx.conn, project_id=data.project_id, manager=None)
        elif isinstance(data, events.WorkDeliveredHeard):
            consume_delivery(tx, event)
        elif isinstance(data, events.OwnersVoteClosedHeard):
            consume_owners_vote(tx, event)
        elif isinstance(data, events.RectificationEscalatedHeard):
            consume_escalated(tx, event)
        elif isinstance(data, _ORDER_ENDED):
            consume_ended(tx, [data.rectification_id])
        elif isinstance(data, events.OwnersCommitteeHeard):
            storage.heard.upsert_org(
                tx.conn,
                data.committee_id,
                kind="OWNERS",
                project_id=data.project_id,
                active=data.state == "IN_TERM",
            )
            _speak_for(tx, data.committee_id, data.members)
        elif isinstance(
            data, events.CompanyRegisteredHeard | events.CompanyRepresentativesChangedHeard
        ):
            storage.heard.upsert_org(tx.conn, data.company_id, kind="COMPANY")
            _speak_for(tx, data.company_id, data.representatives)
            supervisions.follow_bound(tx, storage.heard.projects_run_by(tx.conn, data.company_id))
        else:
            post = {
                "appointment_id": data.appointment_id,
                "project_id": data.project_id,
                "direction": data.direction,
                "person_id": data.person_id,
                "active": isinstance(data, events.AppointmentActivatedHeard),
            }
            records.put(
                tx.conn, storage.tables.project_posts, [post], keep=("project_id", "direction")
            )
            supervisions.follow_bound(tx, [data.project_id])


def _speak_for(tx: Tx, org_id: str, people: Sequence[str] | None) -> None:
    # An older producer does not say who; what is known stays.
    if people is not None:
        storage.heard.set_org_people(tx.conn, org_id, people)


_OF_PARTNERS_LISTED = (
    events.RefundOverdueHeard,
    events.DisputeOverdueHeard,
    events.StatementHeldHeard,
)


def consume_partner(tx: Tx, heard: Sequence[Event]) -> None:
    """Keep who speaks for shops and units; list what waits there for the street or the district."""
    for event in _redirected(tx, heard):
        data = event.data
        if isinstance(data, _OF_PARTNERS_LISTED):
            consume_escalated(tx, event)
            continue
        if isinstance(data, events.RefundDecidedHeard):
            consume_ended(tx, [data.redemption_id])
            continue
        if isinstance(data, events.DisputeReviewedHeard | events.StatementFundedHeard):
            consume_ended(tx, [data.statement_id])
            continue
        if isinstance(data, events.PartnerExitedHeard):
            storage.heard.upsert_org(tx.conn, data.partner_id, active=False)
            continue
        if isinstance(data, events.PartnerAdmittedHeard):
            storage.heard.upsert_org(
                tx.conn, data.partner_id, kind="PARTNER", area=data.area, active=True
            )
        else:
            storage.heard.upsert_org(tx.conn, data.partner_id, kind="PARTNER")
        _speak_for(tx, data.partner_id, data.operators)


def consume_credit(tx: Tx, heard: Sequence[Event]) -> None:
    """List overdue objections, repairs and vetoes before the level above, until they have ended."""
    for event in _redirected(tx, heard):
        if isinstance(
            event.data,
            events.ObjectionEscalatedHeard
            | events.RepairEscalatedHeard
            | events.VetoEscalatedHeard
            | events.NomineeObjectionEscalatedHeard,
        ):
            consume_escalated(tx, event)
        elif isinstance(event.data, events.RepairEndedHeard):
            consume_ended(tx, [event.data.repair_id])
        elif isinstance(event.data, events.VetoEndedHeard):
            consume_ended(tx, [event.data.veto_id])
        else:
            consume_ended(tx, [event.data.objection_id])


def measure_month(tx: Tx, due: Due) -> None:
    """Say the month once per partition; every known community stands in exactly one of them."""
    period = due.ref
    start, end = tx.calendar.month_bounds(period)
    counts = storage.months.month_counts(tx.conn, start, end)
    known = storage.heard.communities(tx.conn)
    for partition in range(tx.partitions):
        tx.publish(
            events.MonthMeasured(
                period=period,
                partition=partition,
                partitions=tx.partitions,
                communities=[
                    events.CommunityMonth(
                        community=community,
                        topics_adopted=counts.get(community, {}).get("topics_adopted", 0),
                        sessions=counts.get(community, {}).get("sessions", 0),
                        attendances=counts.get(community, {}).get("attendances", 0),
                    )
                    for community in known
                    if tx.partition_of(community) == partition
                ],
            ),
            subject=period,
            scope="370811",
            sequence=1,
            partition=partition,
            period=period,
        )
