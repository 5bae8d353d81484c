"""Who there is: projections of the registry, subjects of credit, and their consent."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.bulk import constant

# Before anything that was ever told; and the least step of a clock.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)

# States of a person who is no resident any more: dead, or gone.
DECEASED = "DECEASED"
ENDED = "ENDED"
# Of an id that was given up for another one of the same person.
MERGED = "MERGED"

# --------------------------------------------------------------------------------------------------
# Subjects


def subject(conn: sa.Connection, subject_id: str, *, lock: bool = False) -> Row | None:
    """Return a subject, or None."""
    return records.find(conn, t.subjects, subject_id, lock=lock)


def known_subject(conn: sa.Connection, subject_id: str, *, lock: bool = False) -> Row:
    """Return a subject that another row names.

    Raises:
        LookupError: It is gone, which no action can bring about.
    """
    return records.known(conn, t.subjects, subject_id, lock=lock)


def subjects(conn: sa.Connection, subject_ids: Iterable[str]) -> dict[str, Row]:
    """Return subjects by id."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return {}
    asked = sa.select(t.subjects).where(bulk.members(t.subjects.c.subject_id, wanted, conn))
    return {row.subject_id: row for row in records.rows(conn, asked)}


def area_before(conn: sa.Connection, row: Row | None, end: datetime) -> str | None:
    """Return the area to which a stored subject belonged just before `end`, or None."""
    if row is None:
        return None
    own: str | None = row.area
    if row.area_since is None or row.area_since < end:
        return own
    place = t.places.c
    asked = sa.select(place.area).where(
        place.subject_id == row.subject_id, place.since < end, place.until >= end
    )
    found: str | None = conn.execute(asked).scalar() or row.area_before
    return found


def settles_in(conn: sa.Connection, row: Row | None, at: datetime, area: str) -> bool:
    """Tell whether a stored subject belonged to an area, or to one inside it, at a time."""
    return (area_before(conn, row, at + _INSTANT) or "").startswith(area)


def subjects_held_by(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the subjects whose wallet a person holds, the person's own first."""
    asked = (
        sa.select(t.subjects)
        .where(t.subjects.c.holder == person_id)
        .order_by(t.subjects.c.kind, t.subjects.c.subject_id)
    )
    return records.rows(conn, asked)


def lock_subjects(conn: sa.Connection, subject_ids: Iterable[str]) -> None:
    """Lock subjects in the order of their ids: running totals of one subject are computed by one
    transaction at a time, and a closing and a deed of one subject do not miss each other."""
    wanted = sorted(set(subject_ids))
    if not wanted or not store.is_postgresql(conn):
        return
    asked = (
        sa.select(t.subjects.c.subject_id)
        .where(bulk.members(t.subjects.c.subject_id, wanted, conn))
        .order_by(t.subjects.c.subject_id)
    )
    conn.execute(store.lock(asked, conn)).all()


def stub(subject_id: str, at: datetime) -> dict[str, object]:
    """Return the row of a subject of which only the id is known as yet."""
    kind, _, ref = subject_id.partition(":")
    return {
        "subject_id": subject_id,
        "kind": kind,
        "ref": ref,
        "area": None,
        "grid": None,
        "area_before": None,
        "area_since": None,
        "holder": ref if kind == "RES" else None,
        "spendable": kind in PERSONS,
        "state": "ACTIVE",
        "opened_at": at,
        "closed_at": None,
        "spendable_until": None,
        "version": 1,
    }


def add_stubs(conn: sa.Connection, subject_ids: Iterable[str], at: datetime) -> None:
    """Make sure that the subjects exist; a person who knows more about them adds it later."""
    wanted = set(subject_ids)
    if not wanted:
        return
    # Nearly all of them are there, and to look is cheaper than to write in vain.
    known = sa.select(t.subjects.c.subject_id).where(
        bulk.members(t.subjects.c.subject_id, sorted(wanted), conn)
    )
    wanted.difference_update(conn.execute(known).scalars())
    bulk.insert(conn, t.subjects, [stub(new, at) for new in sorted(wanted)], ignore=True)


def put_subject(conn: sa.Connection, row: bulk.Values) -> None:
    """Store or replace what is known about a subject; what it was opened at stays."""
    statement = store.insert(conn, t.subjects).values(**row)
    kept = {"subject_id", "kind", "ref", "opened_at", "version"}
    changes: dict[str, store.Expression] = {
        name: statement.excluded[name] for name in row if name not in kept
    }
    changes["version"] = t.subjects.c.version + 1
    conn.execute(statement.on_conflict_do_update(index_elements=["subject_id"], set_=changes))


def change_subject(conn: sa.Connection, subject_id: str, **values: object) -> None:
    """Change columns of a subject."""
    conn.execute(
        sa.update(t.subjects)
        .where(t.subjects.c.subject_id == subject_id)
        .values(**values, version=t.subjects.c.version + 1)
    )


def place(conn: sa.Connection, known: Row, *, area: str, grid: str | None, at: datetime) -> None:
    """Say where a subject belongs from `at` on; months before settle where it was, however often
    it has moved since."""
    subject_id = known.subject_id
    if known.area == area:
        change_subject(conn, subject_id, grid=grid)
        return
    since, before = known.area_since, known.area_before
    if since is None or at <= since:
        # Told of a time at which it was not there yet: that is where it begins.
        change_subject(conn, subject_id, area=area, grid=grid, area_before=before or area)
        return
    first = sa.select(sa.func.count()).where(t.places.c.subject_id == subject_id)
    rows = [{"since": since, "until": at, "area": known.area}]
    if conn.execute(first).scalar() == 0 and before:
        rows.insert(0, {"since": _BEGINNING, "until": since, "area": before})
    bulk.insert(conn, t.places, [{"subject_id": subject_id, **row} for row in rows], ignore=True)
    same_month = Calendar.period(since) == Calendar.period(at)
    kept = before if same_month else known.area
    change_subject(conn, subject_id, area=area, grid=grid, area_before=kept or area, area_since=at)


def put_state(conn: sa.Connection, known: Row, state: str, at: datetime, **more: object) -> None:
    """Say in which state a subject is from `at` on; months before settle by what it was then."""
    if known.state != state:
        last = sa.select(sa.func.max(t.states.c.until)).where(
            t.states.c.subject_id == known.subject_id
        )
        since = conn.execute(last).scalar() or _BEGINNING
        row = {"subject_id": known.subject_id, "since": since, "until": at, "state": known.state}
        if since < at:
            bulk.insert(conn, t.states, [row], ignore=True)
    change_subject(conn, known.subject_id, state=state, **more)


# --------------------------------------------------------------------------------------------------
# Projections


def put_rows(conn: sa.Connection, table: sa.Table, key: str, rows: bulk.Rows) -> None:
    """Store what was heard; a stale row (lower sequence) changes nothing."""
    latest: dict[str, bulk.Values] = {}
    for row in rows:
        known = latest.get(row[key])
        if known is None or row["sequence"] >= known["sequence"]:
            latest[row[key]] = row
    put = [name for name in (rows[0] if rows else {}) if name != key]
    bulk.upsert(conn, table, list(latest.values()), keys=(key,), put=put, newer="sequence")


def has_area(conn: sa.Connection, code: str) -> bool:
    """Tell whether the registry has told of an area, or of one within a district."""
    area = t.areas.c.code
    named = area.startswith(code) if len(code) == 6 else area == code
    return conn.execute(sa.select(area).where(named).limit(1)).first() is not None


def full_name(conn: sa.Connection, code: str) -> str:
    """Return the names of a place, from the district's down to its own; of those that are known."""
    area = t.areas.c
    codes = [code[:length] for length in (6, 9, 12, 15) if length <= len(code)]
    asked = sa.select(area.name).where(area.code.in_(codes)).order_by(area.code)
    return "".join(conn.execute(asked).scalars())


def person(conn: sa.Connection, person_id: str) -> Row | None:
    """Return what is known of a person, or None."""
    return records.find(conn, t.people, person_id)


def _standing() -> store.Scalar:
    actor: sa.BindParameter[str] = sa.bindparam("actor")
    given_up = sa.select(sa.literal(MERGED)).where(t.merged_people.c.person_id == actor)
    state = sa.select(t.people.c.state).where(t.people.c.person_id == actor)
    found = sa.func.coalesce(given_up.scalar_subquery(), state.scalar_subquery())
    return sa.select(found).scalar_subquery()


# Whether a caller may act still: read with the key of each command.
standing = _standing()


def has_died(conn: sa.Connection, person_id: str) -> bool:
    """Tell whether a person has died, as far as the registry has told."""
    known = person(conn, person_id)
    return known is not None and known.state == DECEASED


def any_merged(conn: sa.Connection) -> bool:
    """Tell whether anybody was ever registered twice."""
    return conn.execute(sa.select(t.merged_people.c.person_id).limit(1)).first() is not None


def merged(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Return, for those of some persons who were registered twice and whose id was given up, the
    id that was kept."""
    wanted = sorted(set(person_ids))
    if not wanted:
        return {}
    row = t.merged_people.c
    asked = sa.select(row.person_id, row.into_id).where(bulk.members(row.person_id, wanted, conn))
    return {found.person_id: found.into_id for found in conn.execute(asked)}


def kept_of_merged(conn: sa.Connection, subject_ids: Iterable[str]) -> set[str]:
    """Return which of some subjects are persons for whose id another one was given up."""
    ids = [one.removeprefix("RES:") for one in subject_ids if one.startswith("RES:")]
    if not ids:
        return set()
    into = t.merged_people.c.into_id
    asked = sa.select(into).where(bulk.members(into, sorted(ids), conn))
    return {f"RES:{person_id}" for person_id in conn.execute(asked).scalars()}


def account_of(conn: sa.Connection, subject_id: str) -> str:
    """Return the subject that a subject is now: of a person registered twice, that of the kept
    id."""
    kind, _, ref = subject_id.partition(":")
    return f"RES:{kept(conn, ref)}" if kind == "RES" else subject_id


def accounts_given_up_for(conn: sa.Connection, subject_ids: Iterable[str]) -> dict[str, str]:
    """Return the accounts of ids that were given up for those of some subjects -> whose they are
    now."""
    ids = [one.removeprefix("RES:") for one in subject_ids if one.startswith("RES:")]
    if not ids:
        return {}
    row = t.merged_people.c
    asked = sa.select(row.person_id, row.into_id).where(
        bulk.members(row.into_id, sorted(ids), conn)
    )
    return {f"RES:{found.person_id}": f"RES:{found.into_id}" for found in conn.execute(asked)}


def accounts_of(conn: sa.Connection, subject_ids: Iterable[str]) -> dict[str, str]:
    """Return, for those of some subjects whose id was given up, the subjects that they are now."""
    ids = [one.removeprefix("RES:") for one in subject_ids if one.startswith("RES:")]
    return {f"RES:{old}": f"RES:{new}" for old, new in merged(conn, ids).items()}


def given_up_for(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, datetime]:
    """Return the ids that were given up for those of some persons, and when."""
    wanted = sorted(set(person_ids))
    if not wanted:
        return {}
    row = t.merged_people.c
    asked = sa.select(row.person_id, row.at).where(bulk.members(row.into_id, wanted, conn))
    return {found.person_id: found.at for found in conn.execute(asked)}


def kept(conn: sa.Connection, person_id: str) -> str:
    """Return the id under which a person is kept."""
    return merged(conn, [person_id]).get(person_id, person_id)


def people(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, Row]:
    """Return people by id."""
    wanted = sorted(set(person_ids))
    if not wanted:
        return {}
    asked = sa.select(t.people).where(bulk.members(t.people.c.person_id, wanted, conn))
    return {row.person_id: row for row in records.rows(conn, asked)}


def consume_people(
    conn: sa.Connection, facts: Sequence[tuple[str, int, Mapping[str, object]]]
) -> dict[str, set[str]]:
    """Keep what facts say of people, in whatever order they come.

    Args:
        conn: The connection.
        facts: The person, the fact's sequence, and the columns that it says, of each.

    Returns:
        Person -> the columns in which one of the facts is the newest word.
    """
    rows = {
        person_id: dict(records.values_of(row))
        for person_id, row in people(conn, (person_id for person_id, _, _ in facts)).items()
    }
    for person_id, sequence, told in facts:
        # Of whom no registration was told yet is nowhere's resident.
        row = rows.get(person_id) or {
            "person_id": person_id,
            "area": "",
            "grid": None,
            "is_adult": False,
            "household_id": None,
            "state": ENDED,
            "sequence": -1,
            "sequences": {},
        }
        rows[person_id] = records.newest(row, told, sequence)
    put = [column.name for column in t.people.c if column.name != "person_id"]
    bulk.upsert(conn, t.people, list(rows.values()), keys=("person_id",), put=put)
    newest: dict[str, set[str]] = {}
    for person_id, sequence, told in facts:
        known = rows[person_id]["sequences"]
        newest.setdefault(person_id, set()).update(
            name for name in told if known.get(name) == sequence
        )
    return newest


def consume_person(conn: sa.Connection, person_id: str, sequence: int, **told: object) -> set[str]:
    """Keep what a fact says of a person; return in which columns it is the newest word."""
    return consume_people(conn, [(person_id, sequence, told)])[person_id]


def lived_in(
    conn: sa.Connection, person_ids: Iterable[str], household_id: str, before: datetime
) -> bool:
    """Tell whether one of some persons lived in a household already before an instant, under this
    id or one that was given up for it."""
    ids = set(person_ids)
    home = t.homes.c
    asked = sa.select(sa.literal(1)).where(
        home.person_id.in_(sorted(ids | given_up_for(conn, ids).keys())),
        home.household_id == household_id,
        home.since < before,
    )
    return conn.execute(asked.limit(1)).first() is not None


def last_departure(conn: sa.Connection, household_id: str) -> datetime | None:
    """Return when somebody has last left a household, or moved with it to another community; None
    if nobody ever has. Persons are told of in any order, so it need not be who is told of last."""
    home = t.homes.c
    ever = sa.select(home.person_id).where(home.household_id == household_id)
    asked = (
        sa.select(home.person_id, home.since, home.grid, home.household_id)
        .where(home.person_id.in_(ever))
        .order_by(home.person_id, home.since)
    )
    left = []
    for before, after in itertools.pairwise(conn.execute(asked).all()):
        if before.person_id != after.person_id or before.household_id != household_id:
            continue
        stays = after.household_id == household_id
        if not stays or (before.grid or "")[:12] != (after.grid or "")[:12]:
            left.append(after.since)
    return max(left, default=None)


def adults_since(
    conn: sa.Connection, households: Iterable[str], before: datetime
) -> dict[str, set[str]]:
    """Return the adults of households who lived in them already before an instant."""
    person, home = t.people.c, t.homes.c
    asked = (
        sa.select(person.household_id, person.person_id)
        .join(
            t.homes,
            sa.and_(home.person_id == person.person_id, home.household_id == person.household_id),
        )
        .where(
            bulk.members(person.household_id, sorted(households), conn),
            person.is_adult,
            person.state == "ACTIVE",
            home.since < before,
        )
    )
    found: dict[str, set[str]] = {}
    for row in conn.execute(asked.distinct()):
        found.setdefault(row.household_id, set()).add(row.person_id)
    return found


def add_homes(conn: sa.Connection, rows: bulk.Rows) -> None:
    """Say where persons live from a time on; what was told before stays readable."""
    bulk.insert(conn, t.homes, list(rows), ignore=True)


def project_areas(conn: sa.Connection, company_id: str) -> list[str]:
    """Return where a company has projects that are not closed."""
    project = t.projects.c
    asked = (
        sa.select(project.area)
        .where(project.company_id == company_id, project.status != "CLOSED")
        .distinct()
        .order_by(project.area)
    )
    return list(conn.execute(asked).scalars())


def serve_grids(conn: sa.Connection, project_id: str, grids: Sequence[str], at: datetime) -> None:
    """Say which grids a project serves from `at` on."""
    compound = t.compounds.c
    open_now = sa.and_(compound.project_id == project_id, compound.until.is_(None))
    served = set(conn.execute(sa.select(compound.grid).where(open_now)).scalars())
    conn.execute(
        sa.update(t.compounds).where(open_now, compound.grid.not_in(grids)).values(until=at)
    )
    fresh = [
        {"project_id": project_id, "grid": grid, "since": at, "until": None}
        for grid in sorted(set(grids) - served)
    ]
    bulk.insert(conn, t.compounds, fresh, ignore=True)


def open_post(
    conn: sa.Connection, subject_id: str, person_id: str, ref: str, since: datetime
) -> None:
    """Say that a person holds a post in a subject's matters."""
    statement = store.insert(conn, t.posts).values(
        subject_id=subject_id, person_id=person_id, post_ref=ref, since=since, until=None
    )
    # Who comes back to a post holds it anew; who holds it goes on.
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["subject_id", "person_id", "post_ref"],
            set_={"since": statement.excluded.since, "until": None},
            where=t.posts.c.until.is_not(None),
        )
    )


def close_post(conn: sa.Connection, held: Row, until: datetime) -> None:
    """Say that one person's post has ended."""
    post = t.posts.c
    conn.execute(
        sa.update(t.posts)
        .where(
            post.subject_id == held.subject_id,
            post.person_id == held.person_id,
            post.post_ref == held.post_ref,
        )
        .values(until=until)
    )


def close_posts(conn: sa.Connection, subject_id: str, ref: str, until: datetime) -> None:
    """Say that a post has ended."""
    post = t.posts.c
    where = (post.subject_id == subject_id, post.post_ref == ref, post.until.is_(None))
    conn.execute(sa.update(t.posts).where(*where).values(until=until))


# --------------------------------------------------------------------------------------------------
# Consent


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that is given: every column of it."""

    consent_id: str
    subject_id: str
    person_id: str
    state: str
    notice_version: str
    purposes: list[str]
    channel: str
    evidence_ref: str | None
    granted_by: str
    granted_at: datetime
    withdrawn_at: datetime | None = None
    area: str
    version: int
    proposed_by: str | None = None


def consent(conn: sa.Connection, *, consent_id: str = "", subject_id: str = "") -> Row | None:
    """Return and lock a consent by its id or its subject, or None."""
    column = t.consents.c.consent_id if consent_id else t.consents.c.subject_id
    asked = sa.select(t.consents).where(column == (consent_id or subject_id))
    return records.first(conn, store.lock(asked, conn))


def place_of_consent(conn: sa.Connection, known: Row) -> str:
    """Return where a consent belongs: where the person lives, or where the household is. A person
    who gave it for a household may live elsewhere by now."""
    lives = (
        subject(conn, known.subject_id)
        if known.subject_id.startswith("HH:")
        else person(conn, known.person_id)
    )
    return str((lives.grid or lives.area or known.area) if lives is not None else known.area)


def consent_state(conn: sa.Connection, subject_id: str) -> str | None:
    """Return the state of a subject's consent, without a lock."""
    asked = sa.select(t.consents.c.state).where(t.consents.c.subject_id == subject_id)
    return conn.execute(asked).scalar()


def consents_of(
    conn: sa.Connection, subject_ids: Iterable[str], consent_ids: Iterable[str]
) -> list[Row]:
    """Return the consents of some subjects, and those that have one of the ids."""
    by_subject = bulk.members(t.consents.c.subject_id, sorted(set(subject_ids)), conn)
    by_id = bulk.members(t.consents.c.consent_id, sorted(set(consent_ids)), conn)
    return records.rows(conn, sa.select(t.consents).where(sa.or_(by_subject, by_id)))


def add_consents(conn: sa.Connection, given: Sequence[Consent]) -> set[str]:
    """Store first consents with their intervals; returns the ids of those that were new."""
    rows = [msgspec.structs.asdict(one) for one in given]
    new = set(bulk.insert(conn, t.consents, rows, ignore=True, returning="consent_id"))
    spans = [
        {
            "subject_id": one.subject_id,
            "purpose": purpose,
            "since": one.granted_at,
            "until": None,
        }
        for one in given
        if one.consent_id in new
        for purpose in one.purposes
    ]
    bulk.insert(conn, t.consent_spans, spans)
    return new


def add_subjects(conn: sa.Connection, rows: bulk.Rows) -> None:
    """Store subjects of which nothing was known."""
    bulk.insert(conn, t.subjects, rows, ignore=True)


def put_consent(conn: sa.Connection, given: Consent) -> None:
    """Store a consent or its change."""
    row = msgspec.structs.asdict(given)
    statement = store.insert(conn, t.consents).values(**row)
    changes = {name: statement.excluded[name] for name in row if name != "consent_id"}
    conn.execute(statement.on_conflict_do_update(index_elements=["consent_id"], set_=changes))


def change_consent(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked consent, and return it as it is now."""
    return records.update(conn, t.consents, row, **values)


def open_proposal(conn: sa.Connection, subject_id: str) -> Row | None:
    """Return and lock what is proposed in a subject's name and not decided, or None."""
    row = t.consent_proposals.c
    asked = sa.select(t.consent_proposals).where(
        row.subject_id == subject_id, row.state == "PROPOSED"
    )
    return records.first(conn, store.lock(asked, conn))


def proposal(conn: sa.Connection, proposal_id: str) -> Row | None:
    """Return and lock a proposed consent, or None."""
    return records.find(conn, t.consent_proposals, proposal_id, lock=True)


def add_proposal(conn: sa.Connection, **values: object) -> Row:
    """Store a consent that is proposed in somebody's name, and return it."""
    return records.add(conn, t.consent_proposals, **values)


def end_proposal(
    conn: sa.Connection, subject_id: str, *, state: str, by: str | None, at: datetime
) -> None:
    """End what is proposed in a subject's name, if anything is."""
    row = t.consent_proposals.c
    conn.execute(
        sa.update(t.consent_proposals)
        .where(row.subject_id == subject_id, row.state == "PROPOSED")
        .values(state=state, decided_by=by, decided_at=at, version=row.version + 1)
    )


def proposals_of(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return what staff have proposed in a person's name, newest first."""
    row = t.consent_proposals.c
    asked = (
        sa.select(t.consent_proposals)
        .where(row.person_id == person_id)
        .order_by(row.proposed_at.desc(), row.proposal_id)
    )
    return records.rows(conn, asked)


def open_spans(
    conn: sa.Connection, subject_id: str, purposes: Iterable[str], since: datetime
) -> None:
    """Begin an interval for each purpose."""
    rows = [
        {"subject_id": subject_id, "purpose": purpose, "since": since, "until": None}
        for purpose in sorted(purposes)
    ]
    # A purpose given again within the same millisecond in which it ended goes on as if it had not.
    bulk.upsert(
        conn, t.consent_spans, rows, keys=("subject_id", "purpose", "since"), put=("until",)
    )


def close_spans(
    conn: sa.Connection,
    subject_id: str,
    purposes: Iterable[str],
    until: datetime,
    *,
    by: str | None = None,
) -> None:
    """End the running interval of each purpose; `by` says who of the subject's own did it."""
    span = t.consent_spans.c
    conn.execute(
        sa.update(t.consent_spans)
        .where(
            span.subject_id == subject_id, span.purpose.in_(list(purposes)), span.until.is_(None)
        )
        .values(until=until, ended_by=by)
    )


def ended_by(conn: sa.Connection, subject_id: str, purposes: Iterable[str]) -> set[str]:
    """Return who took back purposes that have not been given again since."""
    span = t.consent_spans.c
    asked = (
        sa.select(span.purpose, span.until, span.ended_by)
        .where(span.subject_id == subject_id, span.purpose.in_(list(purposes)))
        .order_by(span.since)
    )
    newest = {row.purpose: row for row in conn.execute(asked)}
    return {row.ended_by for row in newest.values() if row.until and row.ended_by}


Spans = dict[tuple[str, str], list[tuple[datetime, datetime | None]]]


def spans(conn: sa.Connection, subject_ids: Iterable[str]) -> Spans:
    """Return the intervals per (subject, purpose)."""
    wanted = sorted(set(subject_ids))
    found: Spans = defaultdict(list)
    if not wanted:
        return found
    span = t.consent_spans.c
    asked = sa.select(span.subject_id, span.purpose, span.since, span.until).where(
        bulk.members(span.subject_id, wanted, conn)
    )
    for subject_id, purpose, since, until in conn.execute(asked).all():
        found[subject_id, purpose].append((since, until))
    return found


def consents_at(known: Spans, subject_id: str, purpose: str, at: datetime) -> bool:
    """Tell whether a purpose was consented to at a time."""
    return any(
        since <= at and (until is None or at < until)
        for since, until in known.get((subject_id, purpose), ())
    )


def consented(conn: sa.Connection, subject_ids: Iterable[str], purpose: str) -> set[str]:
    """Return which of the subjects consent to a purpose now."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return set()
    span = t.consent_spans.c
    asked = sa.select(span.subject_id).where(
        bulk.members(span.subject_id, wanted, conn), span.purpose == purpose, span.until.is_(None)
    )
    return {row.subject_id for row in conn.execute(asked)}


def remind_of_grace(
    conn: sa.Connection, at: datetime, until: datetime, limit: int
) -> dict[str, datetime]:
    """Return subject -> end of those whose points end in a time of grace, and note that they are
    told of it."""
    named = {"at": at, "until": until, "most": limit}
    found = {one.subject_id: one.spendable_until for one in conn.execute(_GRACE_TO_REMIND, named)}
    if not found:
        return {}
    row = t.subjects.c
    conn.execute(
        sa.update(t.subjects)
        .where(bulk.members(row.subject_id, list(found), conn))
        .values(reminded_of=row.spendable_until)
    )
    return found


def grace_over(conn: sa.Connection, at: datetime) -> list[Row]:
    """Return the subjects whose points were spendable until a time that has passed: who is still
    scored only while there are any."""
    return records.rows(conn, _GRACE_OVER, {"at": at})


# What every day asks is written once: on a day on which nothing ends, writing the statement costs
# more than to run it.

_HAS_POINTS = sa.exists().where(
    t.lots.c.subject_id == t.subjects.c.subject_id, t.lots.c.left > constant(0)
)
_SCORED = sa.exists().where(
    t.consent_spans.c.subject_id == t.subjects.c.subject_id,
    t.consent_spans.c.purpose == constant("SCORING"),
    t.consent_spans.c.until.is_(None),
)
_GRACE_TO_REMIND = (
    sa.select(t.subjects.c.subject_id, t.subjects.c.spendable_until)
    .where(
        t.subjects.c.spendable_until > sa.bindparam("at"),
        t.subjects.c.spendable_until <= sa.bindparam("until"),
        sa.or_(
            t.subjects.c.reminded_of.is_(None),
            t.subjects.c.reminded_of != t.subjects.c.spendable_until,
        ),
        _HAS_POINTS,
    )
    .order_by(t.subjects.c.subject_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update()
)
_GRACE_OVER = (
    sa.select(t.subjects)
    .where(
        t.subjects.c.spendable_until <= sa.bindparam("at"),
        t.subjects.c.state != constant("CLOSED"),
        sa.or_(sa.not_(_SCORED), _HAS_POINTS),
    )
    .order_by(t.subjects.c.subject_id)
    .limit(1000)
)


def unsettled(
    conn: sa.Connection, settlement_id: str, period: str, area: str, end: datetime
) -> list[str]:
    """Return the subjects of an area whose points of a month wait, and which have no entry in its
    settlement: they have withdrawn or left since, and nothing else would ever release them."""
    here, pending = t.belonging(end), t.pendings.c
    entered = sa.exists().where(
        t.entries.c.settlement_id == settlement_id,
        t.entries.c.subject_id == pending.subject_id,
    )
    asked = (
        sa.select(pending.subject_id)
        .select_from(t.pendings.join(here, here.c.subject_id == pending.subject_id))
        .where(here.c.area == area, pending.period == period, pending.points > 0, sa.not_(entered))
        .order_by(pending.subject_id)
    )
    return [row.subject_id for row in conn.execute(asked)]
