"""What other services said, as far as it is needed here."""

from __future__ import annotations

from fivered.chassis.bus import Event, Tx
from fivered.services.steward import events, storage
from fivered.services.steward.actions import dispatch, incidents, submission


def property_said(tx: Tx, heard: list[Event]) -> None:
    """Keep which project serves which grids, and who is a party of which project or company."""
    projects = [e for e in heard if isinstance(e.data, events.ProjectRegisteredHeard)]
    if projects:
        projects_registered(tx, projects)
    incidents.consume(tx, heard)
    for event in heard:
        data = event.data
        if isinstance(data, events.AppointmentActivatedHeard):
            person_id = storage.people.kept(tx.conn, data.person_id)
            storage.parties.keep(
                tx.conn, data.project_id, data.appointment_id, person_id, ended=False
            )
            dispatch.free_of(tx, person_id)
        elif isinstance(data, events.AppointmentEndedHeard):
            person_id = storage.people.kept(tx.conn, data.person_id)
            storage.parties.keep(
                tx.conn, data.project_id, data.appointment_id, person_id, ended=True
            )
        elif isinstance(data, events.ProjectManagerChangedHeard):
            _holders(tx, data.project_id, "MANAGER", [data.person_id])
        elif isinstance(data, events.ProjectManagerEndedHeard):
            _holders(tx, data.project_id, "MANAGER", [])
        elif isinstance(
            data, events.CompanyRegisteredHeard | events.CompanyRepresentativesChangedHeard
        ):
            _holders(tx, data.company_id, "REPRESENTATIVE", data.representatives)


def partners_said(tx: Tx, heard: list[Event]) -> None:
    """Keep who acts for which partner, under its own number and its organisation's."""
    for event in heard:
        if isinstance(event.data, events.PartnerExitedHeard):
            _holders(tx, event.data.partner_id, "OPERATOR", [])
            continue
        for ref in {event.data.partner_id, event.data.org_id}:
            _holders(tx, ref, "OPERATOR", event.data.operators)


def _holders(tx: Tx, ref: str, post: str, people: list[str] | None) -> None:
    if people is None:
        return  # said by a release that does not tell them
    # What was said before somebody was found to be registered twice comes after it.
    kept = {storage.people.kept(tx.conn, person_id) for person_id in people}
    storage.parties.replace(tx.conn, ref, post, kept)
    for person_id in sorted(kept):
        dispatch.free_of(tx, person_id)


def projects_registered(tx: Tx, heard: list[Event]) -> None:
    """Keep which project serves which grids: complaints and repairs are routed by it."""
    newest = {event.data.project_id: event for event in heard}
    rows = []
    grids: list[dict[str, str]] = []
    for event in newest.values():
        data: events.ProjectRegisteredHeard = event.data
        rows.append(
            {
                "project_id": data.project_id,
                "area": data.community,
                "households": data.households,
                "status": data.status,
                "sequence": event.sequence,
                "company_id": data.company_id,
                "buildings": data.buildings,
            }
        )
        grids.extend({"project_id": data.project_id, "grid": grid} for grid in data.grids)
    storage.ground.keep_projects(tx.conn, rows, grids)


def forum_said(tx: Tx, heard: list[Event]) -> None:
    """Keep the liaison chain, and file the topics that are matters of one household."""
    topics = [e for e in heard if isinstance(e.data, events.TopicRedirectedHeard)]
    links = [e for e in heard if not isinstance(e.data, events.TopicRedirectedHeard)]
    if links:
        liaisons_changed(tx, links)
    for event in topics:
        submission.topic_redirected(tx, event.data)


def liaisons_changed(tx: Tx, heard: list[Event]) -> None:
    """Keep who is responsible for a grid, community or street: escalation follows it."""
    assigned = {}
    ended = []
    for event in heard:
        if isinstance(event.data, events.LiaisonAssignedHeard):
            data = event.data
            assigned[data.link_id] = {
                "link_id": data.link_id,
                "target_kind": data.target_kind,
                "target": data.target,
                "official_id": data.official_id,
                "person_id": data.person_id and storage.people.kept(tx.conn, data.person_id),
                "since": event.occurred_at,
                "ended": False,
            }
        else:
            ended.append(event.data.link_id)
    if assigned:
        storage.ground.keep_links(tx.conn, list(assigned.values()))
    if ended:
        storage.ground.end_links(tx.conn, ended)


def settlements_finalised(tx: Tx, heard: list[Event]) -> None:
    """Keep the final grades of stewards: their cards show them."""
    rows = {
        (entry.ref, event.data.period): {
            "steward_id": entry.ref,
            "period": event.data.period,
            "settlement_id": event.data.settlement_id,
            "score": entry.score,
            "grade": entry.grade,
        }
        for event in heard
        for entry in event.data.entries
        if entry.kind == "STW"
    }
    if rows:
        storage.ground.keep_grades(tx.conn, list(rows.values()))
