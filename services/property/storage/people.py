"""Persons: who they are, where they live, and every place that names one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from fivered.chassis import identities, records, telling
from fivered.chassis import storage as store
from fivered.services.property.storage import bodies, calls, handovers, rooms, votes
from fivered.services.property.storage import tables as t

Row = records.Row
# How a caller stands who may act no more: dead, or of an id that was given up for another one.
DECEASED, MERGED = "DECEASED", "MERGED"
# Whether a caller may act still: read with the key of each command.
standing = (
    sa.select(
        sa.case(
            (t.people.c.merged_into.is_not(None), MERGED),
            (t.people.c.died, DECEASED),
        )
    )
    .where(t.people.c.person_id == sa.bindparam("actor"))
    .scalar_subquery()
)


def people_of(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, Row]:
    """Return what is known of these persons, by id."""
    asked = sa.select(t.people).where(t.people.c.person_id.in_(sorted(set(person_ids))))
    return {row.person_id: row for row in records.rows(conn, asked)}


def registered(conn: sa.Connection, person_ids: Iterable[str], grids: Iterable[str]) -> set[str]:
    """Return who of these is a registered adult who lives in one of the grids."""
    table = t.people
    asked = sa.select(table.c.person_id).where(
        table.c.person_id.in_(sorted(set(person_ids))),
        table.c.active,
        table.c.is_adult,
        table.c.grid.in_(sorted(set(grids))),
    )
    return set(conn.execute(asked).scalars())


def housemates(conn: sa.Connection, persons: Collection[str]) -> set[str]:
    """Return who lives in one household with any of these persons, without them."""
    table = t.people
    homes = sa.select(table.c.household_id).where(
        table.c.person_id.in_(sorted(persons)), table.c.active, table.c.household_id.is_not(None)
    )
    asked = sa.select(table.c.person_id).where(table.c.household_id.in_(homes), table.c.active)
    return set(conn.execute(asked).scalars()) - set(persons)


def same_household(conn: sa.Connection, one: str, other: str) -> bool:
    """Tell whether two persons live in one household."""
    return other in housemates(conn, {one})


# Where a person is named, alone or in a list.
MOVED: tuple[store.Column, ...] = (
    t.chassis.jobs.c.requested_by,
    t.companies.c.uscc_override_by,
    t.companies.c.representatives_proposed_by,
    t.companies.c.representatives,
    t.companies.c.representatives_proposed,
    t.projects.c.manager_person_id,
    t.projects.c.reopening_proposed_by,
    t.project_managers.c.person_id,
    t.owners_committees.c.chair,
    t.owners_committees.c.members,
    bodies.seats.c.person_id,
    rooms.room_owners.c.person_id,
    votes.votes.c.called_by,
    calls.calls.c.called_by,
    calls.invited.c.person_id,
    calls.present.c.person_id,
    calls.minutes.c.drafted_by,
    calls.minutes.c.committee_by,
    calls.minutes.c.owners_by,
    calls.minutes.c.property_by,
    votes.lines.c.cast_by,
    votes.voters.c.person_id,
    votes.papers.c.entered_by,
    votes.papers.c.decided_by,
    votes.objections.c.person_id,
    votes.objections.c.decided_by,
    t.appointments.c.person_id,
    t.appointments.c.proposed_by,
    t.appointments.c.secretary_by,
    t.appointments.c.company_by,
    t.appointments.c.filed_by,
    t.agreements.c.signed_by_project,
    t.agreements.c.signed_by_community,
    t.commitments.c.submitted_by,
    t.commitments.c.accepted_by,
    t.commitments.c.waived_by_project,
    t.commitments.c.waived_by_community,
    t.commitments.c.waived_by_street,
    t.meetings.c.chair,
    t.meetings.c.attendees,
    t.meetings.c.observers,
    t.complaints.c.complainant_id,
    t.complaints.c.decided_by,
    t.complaints.c.contact_id,
    t.undecided.c.complainant_id,
    t.undecided.c.decided_by,
    t.undecided.c.contact_id,
    t.messages.c.person_id,
    t.rectifications.c.issued_by,
    t.rectifications.c.submitted_by,
    t.rectifications.c.checked_by,
    t.rectifications.c.withdraw_proposed_by,
    t.rectifications.c.extended_by,
    t.works.c.delivered_by,
    t.incidents.c.announced_by,
    handovers.items.c.handed_by,
    handovers.items.c.received_by,
    handovers.items.c.settled_by,
    t.restatements.c.restated_by,
    t.quality_checks.c.found_good_by,
    t.quality_checks.c.looked_by,
    t.disclosures.c.published_by,
    t.disclosure_versions.c.published_by,
    t.cadres.c.person_id,
    t.property_staff.c.person_id,
    t.liaisons.c.person_id,
    t.people.c.merged_into,
)
# What no view shows to the person who is none of the matter's people.
PERSON_COLUMNS = frozenset(column.name for column in MOVED)


def replace_person(conn: sa.Connection, former: str, now: str) -> None:
    """Let every reference to a person mean another one. The history stays as it was written.

    A second merge of the same person may be heard before the first one.
    """
    now = the_one(conn, [now]).get(now, now)
    if now == former:
        return
    identities.hand_over(conn, MOVED, former, now)
    telling.hand_over(conn, t.chassis, former, now)
    followers = t.incident_followers.c.person_id
    identities.hand_over_once(conn, followers, former, now, within=("incident_id",))
    records.put(
        conn,
        t.people,
        [
            {
                "person_id": former,
                "grid": None,
                "household_id": None,
                "is_adult": True,
                "active": False,
                "died": False,
                "merged_into": now,
                "sequence": 0,
                "sequences": None,
            }
        ],
        keep=("grid", "household_id", "is_adult", "died", "sequence", "sequences"),
    )


def the_one(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Return whom an id means that was given up; one that was not is left out."""
    return identities.kept(conn, t.people, person_ids)
