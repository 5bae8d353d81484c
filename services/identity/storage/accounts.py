"""Accounts, their second factors, tries that failed, and codes on paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import identities, records, telling
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.identity.storage.tables import (
    accounts,
    chassis,
    enrolments,
    flows,
    grants,
    people,
    phone_codes,
    places,
    recovery_codes,
    service_accounts,
    service_secrets,
    ties,
    tries,
)

DECEASED, MERGED = "DECEASED", "MERGED"
# Whether a caller may act still: read with the key of each command.
standing = (
    sa.select(sa.case((people.c.merged_into.is_not(None), MERGED), else_=people.c.state))
    .where(people.c.person_id == sa.bindparam("actor"))
    .scalar_subquery()
)


def by_login(conn: sa.Connection, login: str) -> Row | None:
    """Return the account with this name and hold it, or None."""
    asked = sa.select(accounts).where(accounts.c.login == login.lower())
    return records.first(conn, asked.with_for_update(key_share=True))


def of_person(conn: sa.Connection, person_id: str, *, lock: bool = False) -> Row | None:
    """Return a person's account, or None."""
    asked = sa.select(accounts).where(accounts.c.person_id == person_id)
    return records.first(conn, asked.with_for_update(key_share=True) if lock else asked)


def of_persons(conn: sa.Connection, person_ids: Iterable[str]) -> list[Row]:
    """Return the accounts of some persons and hold them, always in the same order."""
    asked = sa.select(accounts).where(accounts.c.person_id.in_(sorted(set(person_ids))))
    return records.rows(conn, asked.order_by(accounts.c.account_id).with_for_update(key_share=True))


def person(conn: sa.Connection, person_id: str) -> Row | None:
    """Return what is known of a person's registration, or None."""
    return records.find(conn, people, person_id)


def is_here(row: Row | None) -> bool:
    """Tell whether somebody is registered, under this id, and has neither left nor died."""
    return row is not None and row.state == "ACTIVE" and row.merged_into is None


def is_gone(row: Row | None) -> bool:
    """Tell whether somebody has died, or has another registration."""
    return row is not None and (row.state == DECEASED or row.merged_into is not None)


def people_of(conn: sa.Connection, person_ids: Collection[str]) -> dict[str, dict[str, object]]:
    """Return what is known of some persons' registrations, by id."""
    asked = sa.select(people).where(people.c.person_id.in_(sorted(set(person_ids))))
    return {row.person_id: dict(records.values_of(row)) for row in records.rows(conn, asked)}


def kept_ids(conn: sa.Connection, person_ids: Collection[str]) -> dict[str, str]:
    """Return, of ids that were given up, the one that is kept."""
    return identities.kept(conn, people, person_ids)


# Where a person is named beside the account itself and what its registration is.
MOVED: tuple[store.Column, ...] = (
    chassis.jobs.c.requested_by,
    accounts.c.created_by,
    enrolments.c.person_id,
    enrolments.c.made_by,
    grants.c.person_id,
    grants.c.proposed_by,
    grants.c.decided_by,
    grants.c.end_proposed_by,
    people.c.merged_into,
    phone_codes.c.person_id,
    service_accounts.c.proposed_by,
    service_accounts.c.decided_by,
    service_secrets.c.made_by,
    ties.c.people,
)


def hand_over(conn: sa.Connection, given_up: str, kept: str) -> None:
    """Put the id that is kept where the one stands that was given up."""
    identities.hand_over(conn, MOVED, given_up, kept)
    telling.hand_over(conn, chassis, given_up, kept)


def stand_for(conn: sa.Connection, given_up: str, kept: str) -> None:
    """Note that an id was given up for another one, also where nothing else is known of it yet."""
    identities.give_up(conn, people, given_up, kept, state="ACTIVE", sequence=-1)


def administrators(conn: sa.Connection) -> int:
    """Return how many persons administer the district."""
    asked = sa.select(sa.func.count(grants.c.person_id.distinct())).where(
        grants.c.role == "R_DISTRICT", grants.c.state == "ACTIVE"
    )
    return int(conn.execute(asked).scalar_one())


def by_provider(conn: sa.Connection, issuer: str, subject: str) -> Row | None:
    """Return the account that is bound to an identity at a provider and hold it, or None."""
    asked = sa.select(accounts).where(
        accounts.c.provider_issuer == issuer, accounts.c.provider_subject == subject
    )
    return records.first(conn, asked.with_for_update(key_share=True))


def use_flow(conn: sa.Connection, digest: str, at: datetime) -> bool:
    """Note that a sign-in at the provider has come back. Tells whether it is the first time."""
    statement = store.insert(conn, flows).values(digest=digest, used_at=at)
    done = conn.execute(
        statement.on_conflict_do_nothing(index_elements=["digest"]).returning(flows.c.digest)
    )
    return done.first() is not None


def sweep_flows(conn: sa.Connection, before: datetime) -> None:
    """Forget sign-ins that began so long ago that they end by themselves."""
    conn.execute(sa.delete(flows).where(flows.c.used_at < before))


# --------------------------------------------------------------------------------------------------
# Recovery codes


def put_recovery_codes(
    conn: sa.Connection, account_id: str, digests: Iterable[str], salt: str | None = None
) -> None:
    """Replace an account's recovery codes."""
    conn.execute(sa.delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    rows = [{"account_id": account_id, "digest": one, "salt": salt} for one in digests]
    records.add_all(conn, recovery_codes, rows)


def salts_of(conn: sa.Connection, account_id: str) -> list[str | None]:
    """Return with what an account's codes were hashed: one salt, or None for those of before."""
    asked = sa.select(recovery_codes.c.salt).where(recovery_codes.c.account_id == account_id)
    return list(conn.execute(asked.distinct()).scalars())


def take_recovery_code(conn: sa.Connection, account_id: str, digest: str, at: datetime) -> bool:
    """Use a recovery code up. Tells whether it was one."""
    done = conn.execute(
        sa.update(recovery_codes)
        .where(
            recovery_codes.c.account_id == account_id,
            recovery_codes.c.digest == digest,
            recovery_codes.c.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(recovery_codes.c.digest)
    ).first()
    return done is not None


def recovery_codes_left(conn: sa.Connection, account_id: str) -> int:
    """Return how many recovery codes an account has left."""
    asked = sa.select(sa.func.count()).where(
        recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None)
    )
    return int(conn.execute(asked).scalar_one())


# --------------------------------------------------------------------------------------------------
# Codes sent to phones


def keep_phone_code(conn: sa.Connection, **row: object) -> None:
    """Keep what steward has said of a code; said twice, it is one."""
    records.add_missing(conn, phone_codes, [{"tries": 0, **row}])


def void_phone_codes(
    conn: sa.Connection, person_id: str, code_ids: Iterable[str], at: datetime
) -> None:
    """Let codes count no more, also those that are heard of later: no digest is theirs."""
    void = {"person_id": person_id, "digest": "", "until": at, "tries": 0}
    rows = [{"code_id": one, **void} for one in code_ids]
    records.put(conn, phone_codes, rows, keep=("person_id", "tries"))


def phone_code(conn: sa.Connection, code_id: str, *, lock: bool = False) -> Row | None:
    """Return a code, or None: none was made, or it was not heard of yet."""
    return records.find(conn, phone_codes, code_id, lock=lock)


def count_code_try(conn: sa.Connection, code_id: str) -> None:
    """Count a try of a code, before it is looked at."""
    mine = phone_codes.c.code_id == code_id
    conn.execute(sa.update(phone_codes).where(mine).values(tries=phone_codes.c.tries + 1))


def use_phone_code(conn: sa.Connection, code_id: str, session_id: str) -> None:
    """Use a code up."""
    mine = phone_codes.c.code_id == code_id
    conn.execute(sa.update(phone_codes).where(mine).values(session_id=session_id))


# --------------------------------------------------------------------------------------------------
# Tries


def tried(conn: sa.Connection, subjects: Collection[str]) -> dict[str, Row]:
    """Return how often has failed what some subjects have tried."""
    asked = sa.select(tries).where(tries.c.subject.in_(sorted(subjects)))
    return {row.subject: row for row in records.rows(conn, asked)}


def count_try(conn: sa.Connection, subject: str, at: datetime, forget: datetime) -> None:
    """Count a try as failed; what lies long back is forgotten."""
    statement = store.insert(conn, tries).values(subject=subject, failed=1, last_at=at)
    more = sa.case((tries.c.last_at < forget, 1), else_=tries.c.failed + 1)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["subject"], set_={"failed": more, "last_at": at}
        )
    )


def forget_try(conn: sa.Connection, subject: str, *, wholly: bool) -> None:
    """Take a try back that has succeeded, or all of the subject."""
    if wholly:
        conn.execute(sa.delete(tries).where(tries.c.subject == subject))
        return
    conn.execute(
        sa.update(tries)
        .where(tries.c.subject == subject, tries.c.failed > 0)
        .values(failed=tries.c.failed - 1)
    )


def sweep_tries(conn: sa.Connection, before: datetime) -> None:
    """Forget tries of long ago."""
    conn.execute(sa.delete(tries).where(tries.c.last_at < before))


def was_here(conn: sa.Connection, account_id: str, digest: str, since: datetime) -> bool:
    """Tell whether an account was signed in from an address since then."""
    asked = sa.select(places.c.digest).where(
        places.c.account_id == account_id, places.c.digest == digest, places.c.last_at >= since
    )
    return conn.execute(asked).first() is not None


def is_here_now(conn: sa.Connection, account_id: str, digest: str, at: datetime) -> None:
    """Note that an account is signed in from an address."""
    statement = store.insert(conn, places).values(account_id=account_id, digest=digest, last_at=at)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "digest"], set_={"last_at": at}
        )
    )


def sweep_places(conn: sa.Connection, before: datetime) -> None:
    """Forget where accounts were signed in long ago."""
    conn.execute(sa.delete(places).where(places.c.last_at < before))


# --------------------------------------------------------------------------------------------------
# Codes on paper


def enrolment_by(conn: sa.Connection, digests: Collection[str]) -> list[Row]:
    """Return the codes on paper that are found by one of these, used ones too."""
    asked = sa.select(enrolments).where(enrolments.c.digest.in_(sorted(digests)))
    return records.rows(conn, asked.order_by(enrolments.c.enrolment_id))


def void_enrolments(conn: sa.Connection, person_id: str, at: datetime) -> None:
    """Let no code on paper count that a person was given before."""
    conn.execute(
        sa.update(enrolments)
        .where(enrolments.c.person_id == person_id, enrolments.c.used_at.is_(None))
        .values(used_at=at)
    )


def take_enrolment(conn: sa.Connection, digest: str, at: datetime) -> Row | None:
    """Use a code on paper up, and return it; None where it does not count any more."""
    taken = (
        sa.update(enrolments)
        .where(
            enrolments.c.digest == digest,
            enrolments.c.used_at.is_(None),
            enrolments.c.until > at,
        )
        .values(used_at=at)
        .returning(*enrolments.c)
    )
    return records.first(conn, taken)
