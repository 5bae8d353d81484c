"""What every action stands on: the row that is meant, and who may touch it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import going_out, records
from fivered.chassis.bus import Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.fields import FILE_OR_PAPER
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors, rules
from fivered.services.property.errors.again import ThereAlready
from fivered.services.property.replies import Made
from fivered.services.property.storage import people, rows, tables
from fivered.services.property.storage.rows import Row, Values

Name = Annotated[str, Meta(min_length=1, max_length=200), PUBLIC]
PersonId = Annotated[str, Meta(min_length=1, max_length=64)]
# A photograph or a document, by reference.
Reference = Annotated[str, Meta(min_length=1, max_length=300), PUBLIC, FILE_OR_PAPER]
References = Annotated[list[Reference], Meta(max_length=50, examples=[["sha256:9f86d081"]])]


def found(tx: Tx, table: sa.Table, key: str) -> Row:
    """Return a row, locked, whose area the actor's scope need not cover.

    Raises:
        NotFound: There is none.
    """
    return records.locked(tx.conn, table, key)


def meant(
    tx: Tx, table: sa.Table, key: str, *, may: Callable[[Tx, Row], None] | None = None
) -> Row:
    """Return the row that a command is about, locked, in the version that the caller has seen.

    Rights come before the version: who may not touch a thing does not learn that it has changed.

    Args:
        tx: The transaction.
        table: Where the row is.
        key: Its id.
        may: What else must hold of the actor; raises its refusal.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
        NotTheManager, NotTheCompany: The caller acts for a project or company of others.
        VersionConflict: It has changed since.
    """
    row = found(tx, table, key)
    require_standing(tx, row)
    if may is not None:
        may(tx, row)
    tx.check_version(row.version)
    return row


def meant_still(tx: Tx, table: sa.Table, key: str, reason: str, *states: str) -> Row:
    """Return a row of an official's area that is to be changed with a reason, locked, in one of
    some states.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
        VersionConflict: It has changed since.
        ReasonRequired: There is no reason.
        StateConflict: It is in none of the states.
    """
    row = records.locked(tx.conn, table, key)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    require_reason(reason)
    records.require_state(row, *states)
    return row


def require_standing(tx: Tx, row: Row) -> None:
    """Refuse a person who has no part in the project that a row is about.

    A manager is known by the person, wherever the token says; a company by its
    registered representatives; everybody else by the area that the role covers.

    Raises:
        RoleDenied: The row lies outside the actor's scope.
        NotTheManager, NotTheCompany: The caller acts for a project or company of others.
    """
    if tx.actor.role == "R_PM":
        require_manager(tx, row.project_id)
        return
    tx.require_scope(row.area)
    if tx.actor.role == "R_PCO":
        require_company(tx, project(tx, row.project_id).company_id)


def uninterested(tx: Tx, row: Row) -> None:
    """Refuse a person who holds a post in the project that a row is about; see `meant`."""
    require_no_interest(tx, project(tx, row.project_id))


def checked_uscc(uscc: str | None) -> str | None:
    """Return a social credit code as it is kept, or None where there is none.

    Raises:
        UsccWrong: The check fails.
    """
    if uscc is None:
        return None
    code = rules.normalise_uscc(uscc)
    if not rules.uscc_valid(code):
        raise errors.UsccWrong(field="uscc", uscc=uscc)
    return code


def project(tx: Tx, project_id: str) -> Row:
    """Return a project.

    Raises:
        NotFound: There is none.
    """
    return records.get(tx.conn, tables.projects, project_id)


def company(tx: Tx, company_id: str) -> Row:
    """Return a company.

    Raises:
        NotFound: There is none.
    """
    return records.get(tx.conn, tables.companies, company_id)


def project_to_decide(tx: Tx, project_id: str) -> Row:
    """Return a project of the actor's area in whose matters the actor may decide.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
        ConflictOfInterest, KinOfThePost: See `require_no_interest`.
    """
    row = project(tx, project_id)
    tx.require_scope(row.area)
    require_no_interest(tx, row)
    return row


def require_open(row: Row) -> None:
    """Refuse to begin anything with a project that is closed; nobody could end it.

    Raises:
        StateConflict: It is closed.
    """
    if row.status == "CLOSED":
        raise StateConflict(state="CLOSED", field="project_id")


def require_manager(tx: Tx, project_id: str) -> None:
    """Refuse anybody but the present manager where a project acts.

    Raises:
        NotTheManager: The actor does not manage the project.
    """
    if project(tx, project_id).manager_person_id != tx.actor.id:
        raise errors.NotTheManager(project=project_id)


def require_company(tx: Tx, company_id: str) -> None:
    """Refuse a company role that is not of this company.

    A company without registered representatives is spoken for by nobody.

    Raises:
        NotTheCompany: The actor is not among the company's representatives.

    Source:
        FAULTS K14, SEC-H1; ARCHITECTURE ruling 15.
    """
    if tx.actor.id not in company(tx, company_id).representatives:
        raise errors.NotTheCompany(company=company_id)


def require_no_interest(tx: Tx, row: Row, *, kin_of: str | None = None) -> None:
    """Refuse to decide a project's matters to who holds a post in it, or lives with one who does.

    Args:
        tx: The transaction.
        row: The project.
        kin_of: Whose matter it is besides; who is named instead does not live there.

    Raises:
        ConflictOfInterest: Names the post, and who may decide instead.
        KinOfThePost: Likewise; the post is held by somebody of the same household.

    Source:
        DOMAIN 1.7 (a beneficiary may not approve their own matter), 2.2.2; REQ-L11, L14.
    """
    why = rows.interest_of(tx.conn, row, tx.actor.id)
    if why is not None:
        refusal = errors.KinOfThePost if why.kin else errors.ConflictOfInterest
        raise refusal(project=row.project_id, post=why.post, **_substitute(tx, row, kin_of))


def _substitute(tx: Tx, row: Row, kin_of: str | None) -> dict[str, str]:
    """Return who may do the present command instead of the caller."""
    person, role = rows.substitute_for(
        tx.conn, row, without=tx.actor.id, kin_of=kin_of, roles=tx.roles
    )
    return {"substitute": person or role, "substitute_role": role}


def require_one_side(tx: Tx, row: Row, side: str, field: str, persons: Iterable[str]) -> None:
    """Refuse to name for one side of a project who stands for another: nobody is two of the three
    who meet, sign and check.

    Args:
        tx: The transaction.
        row: The project.
        side: For which side they are named.
        field: Where they are named.
        persons: Who is named.

    Raises:
        OneSideOnly: Names the other side, and the post there.

    Source:
        DOMAIN 1.7, 2.2.2, 2.2.4; FAULTS K12.
    """
    for person in persons:
        for other, post in rows.sides_of(tx.conn, row, person):
            if other != side:
                raise errors.OneSideOnly(field=field, person=person, side=other, post=post)


def require_others(tx: Tx, field: str, persons: Iterable[str]) -> None:
    """Refuse an official who names their own person, or somebody of the same household.

    Raises:
        SamePerson: It is the official.
        OwnHousehold: It is somebody who lives with the official.

    Source:
        FAULTS K12, K14.
    """
    named = set(persons)
    if tx.actor.id in named:
        raise errors.SamePerson(field=field)
    for person in sorted(named & people.housemates(tx.conn, {tx.actor.id})):
        raise errors.OwnHousehold(field=field, person=person)


def require_adults(tx: Tx, field: str, persons: Iterable[str]) -> None:
    """Refuse to name anybody for a post, a company or a committee who is no registered adult.

    Raises:
        MergedAway: The id was given up; the kept one is told.
        Deceased: The person is dead.
        NotRegistered: The person has left.
        NotHeardOf: The person is not registered, or the fact of it is still on its way.
        UnderAge: The person is no adult, or the age is not known.

    Source:
        FAULTS K14.
    """
    named = list(persons)
    known = people.people_of(tx.conn, named)
    for person in named:
        one = known.get(person)
        if one is not None and one.merged_into is not None:
            raise errors.MergedAway(field=field, person=person, into=one.merged_into)
        if one is not None and one.died:
            raise errors.Deceased(field=field, person=person)
        if one is None:
            raise errors.NotHeardOf(field=field, person=person)
        if not one.active:
            raise errors.NotRegistered(field=field, person=person)
        if not one.is_adult:
            raise errors.UnderAge(field=field, person=person)


def is_adult_here(tx: Tx, person: str) -> bool:
    """Tell whether a person may be named for a post now (`require_adults`)."""
    one = people.people_of(tx.conn, [person]).get(person)
    return one is not None and one.merged_into is None and one.active and one.is_adult


def require_not_kin(tx: Tx, person: str | None, row: Row) -> None:
    """Refuse a person who would decide about a complaint of their own household.

    Raises:
        OwnComplaint: It is the caller's own; names who may decide instead.
        SameHousehold: It is of the caller's household; likewise.
    """
    if person == tx.actor.id:
        raise errors.OwnComplaint(**_substitute(tx, row, person))
    if person is not None and people.same_household(tx.conn, tx.actor.id, person):
        raise errors.SameHousehold(**_substitute(tx, row, person))


def tell(
    tx: Tx,
    person_id: str | None,
    code: str,
    *,
    number: str | None = None,
    said: str | None = None,
    said_code: str | None = None,
    complaint_id: str | None = None,
) -> None:
    """Leave a message for a person; its texts stand in `rules.MESSAGES`.

    `said_code` names what is said where it stands in `rules.OWN_REASONS`: it has an English text.

    None is nobody: the manager of a project that has none.
    """
    if person_id is None:
        return
    message_id = tx.new_id("msg")
    records.add(
        tx.conn,
        tables.messages,
        message_id=message_id,
        person_id=person_id,
        code=code,
        complaint_id=complaint_id,
        number=number,
        said=said,
        said_code=said_code,
        created_at=tx.now,
    )
    going_out.later(tx, [message_id])


MadeT = TypeVar("MadeT", bound=Made)


def reply(kind: type[MadeT], table: sa.Table, row: Row, **more: Any) -> MadeT:
    """Return the answer of a command: id, state, version, and what the command adds."""
    told = records.values_of(row)
    given = {
        "id": told[records.key_of(table).name],
        "state": told.get("state") or told.get("status"),
        "version": told["version"],
    }
    return kind(**given | more)


def require_new(tx: Tx, table: sa.Table, states: Iterable[str], field: str, **said: object) -> None:
    """Refuse to make the same thing twice while the first is not done with.

    Args:
        tx: The transaction.
        table: Of the things.
        states: In which they are not done with.
        field: Where the request says it.
        said: By which columns one is the same as another.

    Raises:
        ThereAlready: It is there.
    """
    row = rows.same_open(tx.conn, table, states, **said)
    if row is not None:
        its_id = getattr(row, records.key_of(table).name)
        raise ThereAlready(number=getattr(row, "number", None) or its_id, id=its_id, field=field)


def correct(tx: Tx, table: sa.Table, row: Row, *, wanted: Values, reason: str) -> Row:
    """Put a register right: a new version, with what stood there before in the history.

    Raises:
        NothingChanges: It stands so already.
    """
    before = {
        name: getattr(row, name) for name, value in wanted.items() if getattr(row, name) != value
    }
    if not before:
        raise errors.NothingChanges
    now = {name: wanted[name] for name in before}
    told = {"reason": reason, "before": _plain(before), "now": _plain(now)}
    return records.change(tx, table, row, step="CORRECTED", note=told, **now)


def _plain(values: Values) -> Values:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }


def today(tx: Tx) -> date:
    """Return the local date of the transaction."""
    return Calendar.local_date(tx.now)


def later(tx: Tx, due_at: datetime | None, day: date, *, most: timedelta) -> datetime:
    """Return the instant that ends a new last day.

    Args:
        tx: The transaction.
        due_at: What ends the present one.
        day: The new last day.
        most: How far it may lie behind the present one, or behind today where that is over.

    Raises:
        DueInPast: It has passed, is not later than the present one, or is too far.
    """
    new = tx.calendar.midnight(day + timedelta(days=1))
    if new <= tx.now:
        raise errors.DueInPast(field="due_date", due=str(day))
    if due_at is not None and new <= due_at:
        present = last_day(due_at)
        raise errors.DueNotLater(field="due_date", due=str(day), present=str(present))
    latest = max(due_at or tx.now, tx.now) + most
    if new > latest:
        raise errors.DueTooFar(field="due_date", due=str(day), latest=str(last_day(latest)))
    return new


def last_day(due_at: datetime) -> date:
    """Return the last day on which something is in time that is due at an instant."""
    return Calendar.local_date(due_at - timedelta(microseconds=1))


def require_reason(text: str, least: int = 5) -> None:
    """Refuse a decision without a reason that says something.

    Raises:
        ReasonRequired: It is shorter than `least` characters.
    """
    if len(text.strip()) < least:
        raise errors.ReasonRequired(field="reason", least=least)


def differing(row: Row | Values, told: Values) -> str | None:
    """Return the first column of which a repeated import says something else than is stored; what
    is empty says nothing. None where there is none."""
    there = records.values_of(row)
    return next((name for name, value in told.items() if value and there[name] != value), None)


def same(row: Row | Values, wanted: Values) -> bool:
    """Tell whether an existing row says the same as a repeated import."""
    there = records.values_of(row)
    return all(there[name] == value for name, value in wanted.items())
