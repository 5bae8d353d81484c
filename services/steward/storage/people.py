"""Persons, and who may know what about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
import sqlalchemy as sa

from fivered.chassis import identities, many_rows, records, telling
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules import requests as request_rules
from fivered.services.steward.storage import deliveries, finding
from fivered.services.steward.storage.co_handling import co_handlings
from fivered.services.steward.storage.desk import (
    request_calls,
    request_notes,
    request_pauses,
)
from fivered.services.steward.storage.details import request_details
from fivered.services.steward.storage.escalations import request_escalations
from fivered.services.steward.storage.grid_changes import grid_changes
from fivered.services.steward.storage.intake import intake_items
from fivered.services.steward.storage.tables import (
    activity_signups,
    calendar_proposals,
    chassis,
    corrections,
    erasures,
    hazards,
    liaisons,
    parties,
    person_deaths,
    person_merges,
    person_reads,
    persons,
    phone_codes,
    register_changes,
    request_references,
    request_timeline,
    requests,
    reveal_counts,
    service_standards,
    shifts,
    stewards,
    visit_plans,
    visits,
    volunteer_activities,
    volunteer_hours,
)

if TYPE_CHECKING:
    from fivered.chassis.bus import Actor
    from fivered.chassis.vault import Vault


# Whether a caller may act still: read with the key of each command.
standing = (
    sa.select(persons.c.status)
    .where(persons.c.person_id == sa.bindparam("actor"))
    .scalar_subquery()
)


def person(conn: sa.Connection, person_id: str) -> Row | None:
    """Return a person's row, or None."""
    return records.find(conn, persons, person_id)


def lock(conn: sa.Connection, person_id: str) -> Row | None:
    """Return a person's row locked, or None."""
    return records.find(conn, persons, person_id, lock=True)


def locked(conn: sa.Connection, person_id: str) -> Row:
    """Return the row of somebody who is registered, locked."""
    return records.known(conn, persons, person_id, lock=True)


def several(conn: sa.Connection, person_ids: Iterable[str]) -> list[Row]:
    """Return the rows of several persons."""
    asked = sa.select(persons).where(persons.c.person_id.in_(list(person_ids)))
    return records.rows(conn, asked)


def kept(conn: sa.Connection, person_id: str) -> str:
    """Return the registration that stays for one that was given up, or the same one."""
    found = person(conn, person_id)
    return str(found.merged_into) if found is not None and found.merged_into else person_id


def given_up_for(conn: sa.Connection, person_id: str) -> Sequence[str]:
    """Return the registrations that were given up for this one."""
    asked = sa.select(persons.c.person_id).where(persons.c.merged_into == person_id)
    return conn.execute(asked.order_by(persons.c.person_id)).scalars().all()


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person who is to be registered: columns of the row, of which the text is sealed."""

    person_id: str
    name: bytes
    phone: bytes | None
    phone_hmac: str | None
    id_no_mask: bytes | None
    id_no_hmac: str | None
    birth_year: int | None
    birthday: bytes | None
    is_adult: bool
    area: str
    grid: str | None
    household_id: str | None
    dwelling: bytes | None
    synthetic: bool
    digest: str
    created_at: datetime
    # By which names the person is found: no column, rows beside it.
    found_by: frozenset[str]
    status: str = "ACTIVE"
    merged_into: str | None = None
    version: int = 1


def insert(conn: sa.Connection, new: Sequence[NewPerson]) -> set[str]:
    """Insert persons; those whose id or numbers exist are left out. Returns the inserted ids."""
    columns = [one.name for one in fields(NewPerson) if one.name != "found_by"]
    rows = [{name: getattr(row, name) for name in columns} for row in new]
    inserted = set(many_rows.insert(conn, persons, rows, unless_taken=True, returning="person_id"))
    finding.add(conn, {row.person_id: row.found_by for row in new if row.person_id in inserted})
    return inserted


def holders(conn: sa.Connection, id_hmacs: Iterable[str], phone_hmacs: Iterable[str]) -> list[Row]:
    """Return who has one of the identity numbers, or has one of the phones and is registered."""
    return records.rows(
        conn,
        sa.select(persons).where(
            sa.or_(
                persons.c.id_no_hmac.in_(list(id_hmacs)),
                sa.and_(persons.c.phone_hmac.in_(list(phone_hmacs)), persons.c.status == "ACTIVE"),
            )
        ),
    )


def with_numbers(conn: sa.Connection, *, phone: str | None, id_no: str | None) -> list[Row]:
    """Return who has exactly these numbers, whether they still live here or not."""
    asked = sa.select(persons)
    if phone is not None:
        asked = asked.where(persons.c.phone_hmac == phone)
    if id_no is not None:
        asked = asked.where(persons.c.id_no_hmac == id_no)
    return records.rows(conn, asked.order_by(persons.c.person_id).limit(50))


@cache
def _kin() -> sa.Select[Any]:
    other = persons.alias("other")
    return (
        sa.select(persons.c.person_id, other.c.person_id.label("other"))
        .join(other, other.c.household_id == persons.c.household_id)
        .where(
            persons.c.person_id.in_(sa.bindparam("persons", expanding=True)),
            other.c.status == "ACTIVE",
        )
    )


def kin(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return each person with the members of the household: whose matter is one's own."""
    found = {person_id: {person_id} for person_id in person_ids}
    if found:
        for row in conn.execute(_kin(), {"persons": sorted(found)}):
            found[row.person_id].add(row.other)
    return found


def handlers_in(conn: sa.Connection, households: Collection[str]) -> list[str]:
    """Return who of some households has requests in hand."""
    asked = (
        sa.select(persons.c.person_id)
        .join(requests, requests.c.handler_person == persons.c.person_id)
        .where(
            persons.c.household_id.in_(list(households)),
            persons.c.status == "ACTIVE",
            requests.c.state.in_(request_rules.IN_HAND),
        )
        .distinct()
    )
    return list(conn.execute(asked.order_by(persons.c.person_id)).scalars())


def minors(conn: sa.Connection, born_until: int) -> list[Row]:
    """Return the registered minors who were born in that year or before, locked."""
    asked = sa.select(persons).where(
        persons.c.is_adult.is_(False),
        persons.c.birth_year <= born_until,
        persons.c.status == "ACTIVE",
    )
    return records.rows(conn, store.lock(asked.order_by(persons.c.person_id), conn))


def registered_after(conn: sa.Connection, after: str, most: int) -> list[Row]:
    """Return who is registered, in the order of the ids, behind one of them."""
    asked = sa.select(persons).where(persons.c.status == "ACTIVE", persons.c.person_id > after)
    return records.rows(conn, asked.order_by(persons.c.person_id).limit(most))


def home_areas(
    conn: sa.Connection, households: Collection[str], but: str = ""
) -> dict[str, set[str]]:
    """Return the communities in which the residents of households live, one person left out."""
    asked = sa.select(persons.c.household_id, persons.c.area).where(
        persons.c.household_id.in_(list(households)),
        persons.c.status == "ACTIVE",
        persons.c.grid.is_not(None),
        persons.c.person_id != but,
    )
    found: dict[str, set[str]] = {household: set() for household in households}
    for row in conn.execute(asked.distinct()):
        found[row.household_id].add(row.area)
    return found


def grown(conn: sa.Connection, person_ids: Sequence[str]) -> list[Row]:
    """Note that minors have come of age, and return them as they stand now, by their ids."""
    changed = sa.update(persons).where(persons.c.person_id.in_(person_ids))
    changed = changed.values(is_adult=True, version=persons.c.version + 1)
    found = records.rows(conn, changed.returning(persons))
    return sorted(found, key=lambda row: str(row.person_id))


def update(
    conn: sa.Connection, row: Row, *, found_by: Collection[str] | None = None, **values: object
) -> Row:
    """Change a locked person, and return the row as it stands now.

    Args:
        conn: The transaction.
        row: The person.
        found_by: By which digests the person is found from now on. Who gives another name, area
            or dwelling gives these, too.
        values: Other columns.
    """
    if found_by is not None:
        finding.write(conn, {row.person_id: found_by})
    elif values.keys() & {"name", "area", "dwelling"}:
        raise TypeError("a name or place was changed, and not by what the person is found")
    return records.update(conn, persons, row, **values)


def learn_birthday(conn: sa.Connection, person_id: str, sealed: bytes) -> None:
    """Keep a day of birth that was not kept before: nothing that others know changes."""
    born = sa.update(persons).where(persons.c.person_id == person_id)
    conn.execute(born.values(birthday=sealed))


def learn_dwelling(
    conn: sa.Connection, person_id: str, *, dwelling: bytes | None, found_by: Collection[str]
) -> None:
    """Keep a dwelling that was not known before: nothing that others know changes."""
    lives = sa.update(persons).where(persons.c.person_id == person_id)
    conn.execute(lives.values(dwelling=dwelling))
    finding.write(conn, {person_id: found_by})


def write_change(conn: sa.Connection, **values: object) -> None:
    """Keep what was changed in a register."""
    conn.execute(register_changes.insert().values(**values))


def changes(conn: sa.Connection, ref: str, part: records.PartOfList) -> records.Page:
    """Return what was changed of a person, area, steward or volunteer record, newest first."""
    asked = sa.select(register_changes).where(register_changes.c.ref == ref)
    return records.page(conn, asked, part, (register_changes.c.id,), newest_first=True)


class Before(TypedDict, total=False):
    """What a register said before a change: each column that was changed, as it was."""

    # Of a person.
    name: str
    phone: str | None
    id_no: str | None
    birth_year: int | None
    is_adult: bool
    area: str
    grid: str | None
    household_id: str | None
    dwelling: dict[str, str | None] | None
    status: str
    merged_into: str | None
    # Of an area, which has a name as well.
    households: int | None
    persons: int | None
    # Of a steward.
    type: str
    duty: str
    employer: str | None
    grids: list[str]
    is_state_official: bool
    spendable: bool
    work_phone: str | None
    # Of a volunteer record.
    minutes: int
    state: str


def before(vault: Vault, change: Row) -> Before:
    """Return what a register said before a change."""
    sealed = vault.open_or_none(change.before, f"{change.ref}.before")
    found: Before = msgspec.json.decode(sealed or "{}")
    return found


def steward_changes_since(conn: sa.Connection, at: datetime) -> list[Row]:
    """Return what was changed of stewards since an instant, newest first."""
    asked = sa.select(register_changes).where(
        register_changes.c.kind == "STEWARD", register_changes.c.at > at
    )
    return records.rows(conn, asked.order_by(register_changes.c.id.desc()))


def changes_since(conn: sa.Connection, ref: str, at: datetime) -> list[Row]:
    """Return what was changed of a person, area or steward since an instant, newest first."""
    asked = sa.select(register_changes).where(
        register_changes.c.ref == ref, register_changes.c.at > at
    )
    return records.rows(conn, asked.order_by(register_changes.c.id.desc()))


def insert_merge(conn: sa.Connection, **values: object) -> Row:
    """Insert a proposal that two registrations are one human, and return it."""
    return records.add(conn, person_merges, **values)


def merge(conn: sa.Connection, merge_id: str) -> Row | None:
    """Return a proposal's row locked, or None."""
    return records.find(conn, person_merges, merge_id, lock=True)


def open_merges(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the proposals about a registration that nobody has decided."""
    asked = sa.select(person_merges).where(
        person_merges.c.person_id == person_id, person_merges.c.state == "PROPOSED"
    )
    return records.rows(conn, asked)


def _about_people_of(table: sa.Table, scope: str) -> sa.ColumnElement[bool]:
    """Return the condition that a row is about a person of an area; of a grid it is who lives
    there, since the rows name the community only."""
    here = store.within(table.c.area, scope[:12])
    if len(scope) < 15:
        return here
    lives_there = sa.select(persons.c.person_id).where(persons.c.grid == scope)
    return sa.and_(here, table.c.person_id.in_(lives_there))


def merges(
    conn: sa.Connection,
    scope: str,
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return the proposals of an area, oldest first."""
    asked = sa.select(person_merges).where(_about_people_of(person_merges, scope))
    if state is not None:
        asked = asked.where(person_merges.c.state == state)
    return records.page(conn, asked, part, (person_merges.c.created_at, person_merges.c.merge_id))


def update_merge(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked proposal, and return it as it is now."""
    return records.update(conn, person_merges, row, **values)


def open_death(conn: sa.Connection, person_id: str) -> Row | None:
    """Return the proposal that a person died which nobody has decided, or None. The person's own
    row is locked by who asks."""
    asked = sa.select(person_deaths).where(
        person_deaths.c.person_id == person_id, person_deaths.c.state == "PROPOSED"
    )
    return records.first(conn, asked)


def insert_death(conn: sa.Connection, **values: object) -> Row:
    """Insert a proposal that a person died, and return it."""
    return records.add(conn, person_deaths, **values)


def update_death(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Decide a proposal that a person died, and return it as it is now."""
    return records.update(conn, person_deaths, row, **values)


def deaths(
    conn: sa.Connection, scope: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the proposals of an area that somebody died, oldest first."""
    asked = sa.select(person_deaths).where(_about_people_of(person_deaths, scope))
    if state is not None:
        asked = asked.where(person_deaths.c.state == state)
    return records.page(conn, asked, part, (person_deaths.c.created_at, person_deaths.c.death_id))


# Every column that names a person who acts, lives or serves here. What was done stays with the id
# under which it was done (timeline, audit, boards).
MOVED: tuple[store.Column, ...] = (
    stewards.c.person_id,
    requests.c.reporter_id,
    request_details.c.contact_id,
    intake_items.c.reporter_id,
    requests.c.handler_person,
    requests.c.recorded_by,
    requests.c.against,
    requests.c.reviewed_by,
    requests.c.checked_by,
    volunteer_hours.c.person_id,
    volunteer_hours.c.recorded_by,
    volunteer_hours.c.confirmed_by,
    hazards.c.reporter_id,
    visits.c.person_id,
    visit_plans.c.person_id,
    volunteer_activities.c.organiser,
    activity_signups.c.person_id,
    activity_signups.c.signed_by,
    visit_plans.c.planned_by,
    hazards.c.reported_by,
    hazards.c.verified_by,
    hazards.c.mended_by,
    liaisons.c.person_id,
    persons.c.merged_into,
    # Nobody confirms under one id what was proposed under another one of theirs.
    person_merges.c.proposed_by,
    person_deaths.c.proposed_by,
    erasures.c.asked_by,
    corrections.c.person_id,
    phone_codes.c.person_id,
    calendar_proposals.c.proposed_by,
    service_standards.c.proposed_by,
    grid_changes.c.proposed_by,
    stewards.c.consent_by,
    shifts.c.planned_by,
    shifts.c.attended_by,
    request_notes.c.author_id,
    request_calls.c.by_id,
    request_pauses.c.asked_by,
    request_pauses.c.decided_by,
    request_escalations.c.person_id,
    co_handlings.c.person_id,
    co_handlings.c.asked_by,
    chassis.jobs.c.requested_by,
)


def hand_references(conn: sa.Connection, person_id: str, into: str) -> None:
    """Give everything that belongs to one registration to another one; nobody finds it by name."""
    finding.forget(conn, [person_id])
    identities.hand_over(conn, MOVED, person_id, into)
    telling.hand_over(conn, chassis, person_id, into)
    deliveries.hand_over(conn, person_id, into)
    identities.hand_over_once(
        conn,
        request_references.c.source,
        person_id,
        into,
        within=("channel", "community", "reference"),
    )
    # A party may be one under both ids; who is one still under either, is one.
    same = parties.alias()
    still = sa.exists().where(
        same.c.person_id == person_id,
        same.c.ref == parties.c.ref,
        same.c.post == parties.c.post,
        same.c.ended.is_(False),
    )
    conn.execute(sa.update(parties).where(parties.c.person_id == into, still).values(ended=False))
    identities.hand_over_once(conn, parties.c.person_id, person_id, into, within=("ref", "post"))
    _hand_over_proposals(conn, person_id, into)


def _hand_over_proposals(conn: sa.Connection, person_id: str, into: str) -> None:
    """Let what waits for a decision be about the registration that stays, where it can be."""
    merge, death = person_merges.c, person_deaths.c
    conn.execute(
        sa.update(person_merges)
        .where(merge.state == "PROPOSED", merge.into == person_id, merge.person_id != into)
        .values(into=into)
    )
    asked = erasures.alias()
    twice = sa.exists().where(asked.c.state == "ASKED", asked.c.person_id == into)
    mine = sa.and_(erasures.c.state == "ASKED", erasures.c.person_id == person_id)
    conn.execute(sa.update(erasures).where(mine, twice).values(state="WITHDRAWN"))
    conn.execute(sa.update(erasures).where(mine).values(person_id=into))
    other = person_deaths.alias()
    waits = sa.exists().where(other.c.state == "PROPOSED", other.c.person_id == into)
    conn.execute(
        sa.update(person_deaths)
        .where(death.state == "PROPOSED", death.person_id == person_id, ~waits)
        .values(person_id=into)
    )


def reporters_in_hand(
    conn: sa.Connection, handler_person: str, person_ids: Iterable[str]
) -> set[str]:
    """Return which of the persons reported an open request that `handler_person` handles."""
    return {row.reporter_id for row in cases_in_hand(conn, handler_person, person_ids)}


def cases_in_hand(conn: sa.Connection, handler_person: str, person_ids: Iterable[str]) -> list[Row]:
    """Return the open requests of these reporters that tell their handler who they are; what was
    merged into one that the handler has in hand does so, too.

    One that the handler wrote tells nothing new: who the person is was known. One that somebody
    else filed in the name of a person of another community tells nothing either, unless an intake
    above both took it, or the person has moved since then: nobody is unmasked by being named.
    """
    twin = persons.alias()
    given_up = sa.select(twin.c.person_id).where(twin.c.merged_into == requests.c.reporter_id)
    filed = (
        sa.select(request_timeline.c.id)
        .where(
            request_timeline.c.request_id == requests.c.request_id,
            request_timeline.c.action == "submit",
            sa.or_(
                request_timeline.c.actor_id == requests.c.reporter_id,
                request_timeline.c.actor_id.in_(given_up),
                request_timeline.c.actor_role.in_(("R_STREET", "R_DISTRICT", "R_SYSTEM")),
            ),
        )
        .exists()
    )
    moved = (
        sa.select(register_changes.c.id)
        .where(
            register_changes.c.ref == requests.c.reporter_id,
            register_changes.c.action == "move",
            register_changes.c.at >= requests.c.created_at,
        )
        .exists()
    )
    held = sa.and_(
        requests.c.handler_person == handler_person, requests.c.state.in_(request_rules.OPEN)
    )
    in_hand = sa.select(requests.c.request_id).where(held)
    below = (
        sa.select(requests.c.request_id)
        .where(requests.c.merged_into.in_(in_hand))
        .cte("below", recursive=True)
    )
    below = below.union(
        sa.select(requests.c.request_id).where(requests.c.merged_into == below.c.request_id)
    )
    asked = (
        sa.select(requests)
        .join(persons, persons.c.person_id == requests.c.reporter_id)
        .where(
            sa.or_(held, requests.c.request_id.in_(sa.select(below.c.request_id))),
            requests.c.reporter_id.in_(list(person_ids)),
            sa.or_(requests.c.recorded_by.is_(None), requests.c.recorded_by != handler_person),
            sa.or_(persons.c.area == requests.c.area, filed, moved),
        )
    )
    return records.rows(conn, asked.order_by(requests.c.created_at, requests.c.request_id))


def open_cases(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the open requests of a person, and those that were merged into another one."""
    return records.rows(
        conn,
        sa.select(requests).where(
            requests.c.reporter_id == person_id,
            requests.c.state.in_((*request_rules.OPEN, "MERGED")),
        ),
    )


def write_reads(conn: sa.Connection, reader: Actor, rows: Sequence[Row], **values: object) -> None:
    """Keep who read what of whom; without a person, that nobody was found."""
    seen: list[tuple[str | None, str]] = [(row.person_id, row.area) for row in rows]
    seen = seen or [(None, reader.scope[:12])]
    conn.execute(
        person_reads.insert(),
        [
            {
                "actor_id": reader.id,
                "actor_role": reader.role,
                "scope": reader.scope,
                "person_id": person_id,
                "area": area,
                **values,
            }
            for person_id, area in seen
        ],
    )


def count_reveal(conn: sa.Connection, actor_id: str, day: date) -> int:
    """Count one more number that somebody looks at on a day. Returns how many it is."""
    statement = store.insert(conn, reveal_counts).values(actor_id=actor_id, day=day, seen=1)
    found: int = conn.execute(
        statement.on_conflict_do_update(
            index_elements=["actor_id", "day"], set_={"seen": reveal_counts.c.seen + 1}
        ).returning(reveal_counts.c.seen)
    ).scalar_one()
    return found


def reveals_of(conn: sa.Connection, person_ids: Sequence[str], since: datetime) -> int:
    """Return how many times the number of a person was shown since an instant."""
    shown = sa.select(sa.func.count()).where(
        person_reads.c.person_id.in_(person_ids),
        person_reads.c.door == "reveal",
        person_reads.c.at >= since,
    )
    found: int = conn.execute(shown).scalar_one()
    return found


def reveals_of_request(conn: sa.Connection, request_id: str, since: datetime) -> int:
    """Return how many times the number of a request's caller was shown since an instant."""
    shown = sa.select(sa.func.count()).where(
        person_reads.c.request_id == request_id,
        person_reads.c.door == "reveal",
        person_reads.c.at >= since,
    )
    found: int = conn.execute(shown).scalar_one()
    return found


def met_since(conn: sa.Connection, actor_id: str, door: str, since: datetime) -> set[str]:
    """Return which persons somebody has met at a door since an instant."""
    asked = sa.select(person_reads.c.person_id).where(
        person_reads.c.actor_id == actor_id,
        person_reads.c.door == door,
        person_reads.c.at >= since,
        person_reads.c.person_id.is_not(None),
    )
    return set(conn.execute(asked.distinct()).scalars())


def reads_since(conn: sa.Connection, actor_id: str, door: str, since: datetime) -> int:
    """Return how often somebody has come through a door since an instant, one person a time."""
    asked = sa.select(sa.func.count()).where(
        person_reads.c.actor_id == actor_id,
        person_reads.c.door == door,
        person_reads.c.at >= since,
    )
    return int(conn.execute(asked).scalar_one())


def reads(
    conn: sa.Connection,
    scope: str,
    *,
    person_ids: Sequence[str] | None,
    actor_id: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return who read what of the persons of an area, newest first."""
    asked = sa.select(person_reads).where(_about_people_of(person_reads, scope))
    if person_ids is not None:
        asked = asked.where(person_reads.c.person_id.in_(person_ids))
    if actor_id is not None:
        asked = asked.where(person_reads.c.actor_id == actor_id)
    return records.page(conn, asked, part, (person_reads.c.id,), newest_first=True)


def posts(conn: sa.Connection, person_ids: Iterable[str]) -> list[Row]:
    """Return the stewards among the persons who agreed to stand on the board."""
    asked = (
        sa.select(stewards)
        .where(
            stewards.c.person_id.in_(list(person_ids)),
            stewards.c.status == "ACTIVE",
            stewards.c.board_consent.is_(True),
        )
        .order_by(stewards.c.created_at, stewards.c.steward_id)
    )
    return records.rows(conn, asked)
