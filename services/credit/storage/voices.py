"""Who speaks for a subject: looked up in what the owners of the registers told, never believed.

* its holder: the resident, the head of a household, the steward, whom staff named for a merchant
  or a unit (`posts`, HOLDER);
* every adult who lives in a household;
* a person who holds a post in a project, operates a partner or represents a company (`posts`); the
  representatives of a company speak for its projects too.

A person who speaks for a subject sees all of it, is told, objects, repairs and takes its files;
for the same reason that person, and the household of that person, decides nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk, registry
from fivered.services.credit.storage import tables as t

# Names of posts that no id of an appointment takes.
HOLDER = "HOLDER"
MANAGER = "MANAGER"
OPERATOR = "OPERATOR"
REPRESENTATIVE = "REPRESENTATIVE"

# The state of a household's consent while no adult of its own lives in it.
SUSPENDED = "SUSPENDED"


def _held_posts(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    post = t.posts.c
    return post.since <= at, sa.or_(post.until.is_(None), post.until > at)


def _bodies(conn: sa.Connection, subject_id: str) -> list[str]:
    """Return the subject, and of a project its company: a post in either is a voice."""
    kind, _, ref = subject_id.partition(":")
    if kind != "PRJ":
        return [subject_id]
    project = t.projects.c
    asked = sa.select(project.company_id).where(project.project_id == ref)
    return [subject_id, *(f"PCO:{row.company_id}" for row in conn.execute(asked))]


def _speakers_among(
    conn: sa.Connection, subject_id: str, person_ids: Sequence[str], at: datetime
) -> set[str]:
    """Return which of some persons speak for a subject."""
    wanted = sorted({person for person in person_ids if person})
    if not wanted:
        return set()
    post, subject, person = t.posts.c, t.subjects.c, t.people.c
    among = bulk.members(post.person_id, wanted, conn)
    posts = sa.select(post.person_id).where(
        post.subject_id.in_(_bodies(conn, subject_id)), among, *_held_posts(at)
    )
    holders = sa.select(subject.holder).where(
        subject.subject_id == subject_id, bulk.members(subject.holder, wanted, conn)
    )
    found = {row[0] for row in conn.execute(sa.union(posts, holders))}
    kind, _, ref = subject_id.partition(":")
    if kind == "HH":
        asked = sa.select(person.person_id).where(
            person.household_id == ref,
            person.is_adult,
            person.state == "ACTIVE",
            bulk.members(person.person_id, wanted, conn),
        )
        found |= set(conn.execute(asked).scalars())
    return found


def speaks_for(conn: sa.Connection, subject_id: str, person_id: str, at: datetime) -> bool:
    """Tell whether a person speaks for a subject at a time."""
    return bool(_speakers_among(conn, subject_id, [person_id], at))


def ties(conn: sa.Connection, person_id: str, at: datetime) -> set[str]:
    """Return the subjects for which a person, or one of the same household, speaks: about these
    the person decides nothing."""
    found = {f"HH:{home}" for home in _homes(conn, person_id)}
    for one in (person_id, *_household(conn, person_id)):
        found |= {row.subject_id for row in subjects_of(conn, one, at)}
    return found


def kin_accounts(conn: sa.Connection, person_id: str) -> set[str]:
    """Return the accounts, there or not yet, of those who live with a person."""
    return {f"RES:{one}" for one in _household(conn, person_id)}


def _homes(conn: sa.Connection, person_id: str) -> list[str]:
    person = t.people.c
    asked = sa.select(person.household_id).where(
        person.person_id == person_id, person.household_id.is_not(None)
    )
    return list(conn.execute(asked).scalars())


def _household(conn: sa.Connection, person_id: str) -> list[str]:
    homes = _homes(conn, person_id)
    if not homes:
        return []
    person = t.people.c
    asked = sa.select(person.person_id).where(
        person.household_id.in_(homes), person.person_id != person_id, person.state == "ACTIVE"
    )
    return list(conn.execute(asked).scalars())


def is_suspended(conn: sa.Connection, subject_id: str) -> bool:
    """Tell whether nobody of a household's own lives in it now."""
    return registry.consent_state(conn, subject_id) == SUSPENDED


def last_adults(conn: sa.Connection, subject_ids: Iterable[str]) -> dict[str, str]:
    """Return the last adult of each household among some subjects in which none lives now: the
    consent stands in the name of that person."""
    wanted = sorted(one for one in subject_ids if one.startswith("HH:"))
    if not wanted:
        return {}
    consent = t.consents.c
    asked = sa.select(consent.subject_id, consent.person_id).where(
        bulk.members(consent.subject_id, wanted, conn), consent.state == SUSPENDED
    )
    return {row.subject_id: row.person_id for row in conn.execute(asked)}


def adults_of(conn: sa.Connection, household_id: str) -> list[Row]:
    """Return the adults who live in a household now."""
    person = t.people.c
    asked = (
        sa.select(t.people)
        .where(person.household_id == household_id, person.is_adult, person.state == "ACTIVE")
        .order_by(person.person_id)
    )
    return records.rows(conn, asked)


def subjects_of(conn: sa.Connection, person_id: str, at: datetime) -> list[Row]:
    """Return the subjects for which a person speaks, the person's own first."""
    if not person_id:
        return []
    post, project, subject, person = t.posts.c, t.projects.c, t.subjects.c, t.people.c
    posts = sa.select(post.subject_id).where(post.person_id == person_id, *_held_posts(at))
    ids = set(conn.execute(posts).scalars())
    companies = sorted(one.partition(":")[2] for one in ids if one.startswith("PCO:"))
    if companies:
        asked = sa.select(project.project_id).where(
            bulk.members(project.company_id, companies, conn)
        )
        ids |= {f"PRJ:{row}" for row in conn.execute(asked).scalars()}
    own = conn.execute(
        sa.select(person.household_id).where(
            person.person_id == person_id,
            person.is_adult,
            person.state == "ACTIVE",
            person.household_id.is_not(None),
        )
    ).scalar()
    if own:
        ids.add(f"HH:{own}")
    asked_subjects = (
        sa.select(t.subjects)
        .where(
            sa.or_(subject.holder == person_id, bulk.members(subject.subject_id, sorted(ids), conn))
        )
        .order_by(subject.kind, subject.subject_id)
    )
    found = records.rows(conn, asked_subjects)
    # A natural person's own accounts come before those of others.
    return sorted(found, key=lambda row: (row.holder != person_id, row.kind, row.subject_id))


def speakers_of(conn: sa.Connection, subject_id: str, at: datetime) -> set[str]:
    """Return everybody who speaks for a subject at a time."""
    subject = registry.subject(conn, subject_id)
    found = {row.person_id for row in posts_of(conn, subject_id, at)}
    if subject is not None and subject.holder:
        found.add(subject.holder)
    kind, _, ref = subject_id.partition(":")
    return found | {row.person_id for row in adults_of(conn, ref)} if kind == "HH" else found


def posts_of(conn: sa.Connection, subject_id: str, at: datetime) -> list[Row]:
    """Return who holds which post in a subject's matters at a time."""
    post = t.posts.c
    asked = (
        sa.select(t.posts)
        .where(post.subject_id.in_(_bodies(conn, subject_id)), *_held_posts(at))
        .order_by(post.since, post.person_id, post.post_ref)
    )
    return records.rows(conn, asked)


def holders(conn: sa.Connection, subject_id: str, at: datetime) -> list[str]:
    """Return whom staff have named for a subject."""
    return [row.person_id for row in posts_of(conn, subject_id, at) if row.post_ref == HOLDER]


def replace(
    conn: sa.Connection, subject_id: str, post_ref: str, person_ids: Iterable[str], at: datetime
) -> None:
    """Say that these persons, and nobody else, hold a post from `at` on."""
    wanted = set(person_ids)
    post = t.posts.c
    open_now = (post.subject_id == subject_id, post.post_ref == post_ref, post.until.is_(None))
    conn.execute(
        sa.update(t.posts).where(*open_now, post.person_id.not_in(sorted(wanted))).values(until=at)
    )
    for person_id in sorted(wanted):
        registry.open_post(conn, subject_id, person_id, post_ref, at)
