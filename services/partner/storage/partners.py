"""Partners, their organisations and operators, and what is known of areas and stewards."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import identities, records, telling
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.partner.storage.tables import (
    areas,
    chassis,
    history,
    messages,
    offer_terms,
    offers,
    operators,
    organisations,
    partners,
    people,
    redemptions,
    statements,
    stewards,
    voucher_tries,
)

# How a caller stands who may act no more: dead, or of an id that was given up for another one.
DECEASED, MERGED = "DECEASED", "MERGED"
# Whether a caller may act still: read with the key of each command.
standing = (
    sa.select(sa.case((people.c.merged_into.is_not(None), MERGED), else_=people.c.state))
    .where(people.c.person_id == sa.bindparam("actor"))
    .scalar_subquery()
)
_ENDED = ("EXITED", "REFUSED", "WITHDRAWN")


def organisation_of(conn: sa.Connection, uscc: str) -> Row | None:
    """Return the organisation with this code, or None."""
    return records.first(conn, sa.select(organisations).where(organisations.c.uscc == uscc))


def add_organisation(conn: sa.Connection, uscc: str, **values: object) -> Row:
    """Add an organisation, or return the one that another transaction added first."""
    records.add_new(conn, organisations, uscc=uscc, **values)
    found = organisation_of(conn, uscc)
    if found is None:
        raise LookupError(f"the organisation {uscc} is gone")
    return found


def partner_of(conn: sa.Connection, org_id: str, area: str) -> Row | None:
    """Return the organisation's partner record in an area, if it has not left."""
    return records.first(
        conn,
        sa.select(partners).where(
            partners.c.org_id == org_id,
            partners.c.area == area,
            partners.c.state.not_in(_ENDED),
        ),
    )


def partner_anywhere(conn: sa.Connection, org_id: str) -> Row | None:
    """Return a partner record of the organisation that has not ended, or None."""
    return records.first(
        conn,
        sa.select(partners)
        .where(
            partners.c.org_id == org_id,
            partners.c.state.not_in(_ENDED),
        )
        .order_by(partners.c.partner_id)
        .limit(1),
    )


def operated_by(person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition for the partners that a person acts for."""
    return partners.c.partner_id.in_(partners_of(person_id))


# Where a person is named. Who entered, confirmed or verified what is the same person, too.
MOVED: tuple[store.Column, ...] = (
    chassis.jobs.c.requested_by,
    stewards.c.person_id,
    organisations.c.override_by,
    partners.c.created_by,
    offers.c.created_by,
    offer_terms.c.proposed_by,
    offer_terms.c.approved_by,
    redemptions.c.holder,
    redemptions.c.verified_by,
    redemptions.c.refund_decided_by,
    voucher_tries.c.person_id,
    statements.c.confirmed_by,
    statements.c.paid_by,
    people.c.merged_into,
)


def person_merged(conn: sa.Connection, given_up: str, kept: str) -> None:
    """Move what belongs to a person's id that was given up to the one that was kept.

    A second merge of the same person may be heard before the first one.
    """
    kept = kept_ids(conn, [kept]).get(kept, kept)
    if kept == given_up:
        return
    identities.hand_over(conn, MOVED, given_up, kept)
    telling.hand_over(conn, chassis, given_up, kept)
    identities.hand_over_once(conn, operators.c.person_id, given_up, kept, within=("partner_id",))
    conn.execute(
        sa.update(redemptions)
        .where(redemptions.c.wallet == f"RES:{given_up}")
        .values(wallet=f"RES:{kept}")
    )
    identities.give_up(conn, people, given_up, kept, is_adult=False, state="ACTIVE", sequence=-1)


def card(conn: sa.Connection, partner_id: str) -> Row | None:
    """Return a partner with its organisation's name and code, or None."""
    return records.first(conn, cards().where(partners.c.partner_id == partner_id))


def cards() -> sa.Select[Any]:
    """Return the query for partners with their organisations."""
    return sa.select(
        partners, organisations.c.name, organisations.c.uscc, organisations.c.uscc_override
    ).join(organisations, organisations.c.org_id == partners.c.org_id)


def lock_many(conn: sa.Connection, partner_ids: Iterable[str]) -> list[str]:
    """Hold partners, in the order of their ids, and return these."""
    asked = (
        sa.select(partners)
        .where(partners.c.partner_id.in_(sorted(partner_ids)))
        .order_by(partners.c.partner_id)
    )
    return [row.partner_id for row in records.rows(conn, store.lock(asked, conn, weak=True))]


def set_operators(conn: sa.Connection, partner_id: str, person_ids: Sequence[str]) -> None:
    """Replace the operators of a partner."""
    conn.execute(sa.delete(operators).where(operators.c.partner_id == partner_id))
    rows = [{"partner_id": partner_id, "person_id": p} for p in dict.fromkeys(person_ids)]
    records.add_all(conn, operators, rows)


def operators_of(conn: sa.Connection, partner_id: str) -> list[str]:
    """Return the persons who act for a partner."""
    asked = (
        sa.select(operators.c.person_id)
        .where(operators.c.partner_id == partner_id)
        .order_by(operators.c.person_id)
    )
    return list(conn.execute(asked).scalars())


def admitted_after(conn: sa.Connection, after: str, most: int) -> list[Row]:
    """Return the partners that were admitted and have not left, in the order of the ids, behind one
    of them."""
    asked = sa.select(partners).where(
        partners.c.state.in_(("ACTIVE", "SUSPENDED")), partners.c.partner_id > after
    )
    return records.rows(conn, asked.order_by(partners.c.partner_id).limit(most))


def is_operator(conn: sa.Connection, partner_id: str, person_id: str) -> bool:
    """Tell whether a person acts for a partner."""
    asked = sa.select(operators.c.person_id).where(
        operators.c.partner_id == partner_id, operators.c.person_id == person_id
    )
    return conn.execute(asked).first() is not None


def has_stake(conn: sa.Connection, partner_id: str, person_id: str, *others: str) -> bool:
    """Tell whether somebody of a person's household acts for a partner or is one of others."""
    return not household_of(conn, person_id).isdisjoint([*operators_of(conn, partner_id), *others])


def home_of(conn: sa.Connection, person_id: str) -> str | None:
    """Return the household in which a person lives, or None."""
    asked = sa.select(people.c.household_id).where(
        people.c.person_id == person_id, people.c.state == "ACTIVE"
    )
    return conn.execute(asked).scalar()


def tied_partners(conn: sa.Connection, person_id: str) -> sa.Select[Any]:
    """Return the query for the ids of the partners in which a person has a stake, and
    about which that person decides nothing."""
    return _operated(household_of(conn, person_id))


def household_of(conn: sa.Connection, person_id: str) -> set[str]:
    """Return a person with all of the household."""
    home = (
        sa.select(people.c.household_id)
        .where(people.c.person_id == person_id, people.c.state == "ACTIVE")
        .scalar_subquery()
    )
    asked = sa.select(people.c.person_id).where(
        people.c.household_id == home, people.c.state == "ACTIVE"
    )
    return {person_id, *conn.execute(asked).scalars()}


def partners_of(person_id: str) -> sa.Select[Any]:
    """Return the query for the ids of the partners for which a person acts."""
    return _operated([person_id])


def _operated(person_ids: Iterable[str]) -> sa.Select[Any]:
    return sa.select(operators.c.partner_id).where(
        operators.c.person_id.in_(sorted(set(person_ids)))
    )


def messages_to(person_id: str, partner_id: str | None) -> sa.Select[Any]:
    """Return the query for what the partners were told for which a person acts, or one of them."""
    asked = sa.select(messages).where(messages.c.partner_id.in_(partners_of(person_id)))
    return asked if partner_id is None else asked.where(messages.c.partner_id == partner_id)


def save_grades(conn: sa.Connection, period: str, rows: Sequence[dict[str, object]]) -> None:
    """Put a month's final results onto the partners' cards; an older month changes nothing.

    Args:
        conn: The transaction.
        period: The month of the results.
        rows: `b_partner_id`, `b_grade`, `b_score`, `b_gates` each.
    """
    if not rows:
        return
    newer = sa.or_(partners.c.graded_period.is_(None), partners.c.graded_period <= period)
    conn.execute(
        sa.update(partners)
        .where(partners.c.partner_id == sa.bindparam("b_partner_id"), newer)
        .values(
            grade=sa.bindparam("b_grade"),
            score=sa.bindparam("b_score"),
            gates_failed=sa.bindparam("b_gates", type_=store.Json),
            graded_period=period,
            version=partners.c.version + 1,
        ),
        list(rows),
    )


def admitted_by(conn: sa.Connection, end: datetime, begin: datetime) -> list[Row]:
    """Return the partners that were admitted before `end` and had not left before `begin`."""
    asked = (
        sa.select(partners)
        .where(
            partners.c.admitted_at < end,
            sa.or_(partners.c.exited_at.is_(None), partners.c.exited_at >= begin),
        )
        .order_by(partners.c.partner_id)
    )
    return records.rows(conn, asked)


def states_at(conn: sa.Connection, end: datetime) -> dict[str, str]:
    """Return the state of every partner as it was just before `end`."""
    newest = (
        sa.select(sa.func.max(history.c.id))
        .where(history.c.kind == "partner", history.c.at < end)
        .group_by(history.c.subject)
    )
    rows = conn.execute(
        sa.select(history.c.subject, history.c.state).where(history.c.id.in_(newest))
    )
    return {row.subject: row.state for row in rows}


# --------------------------------------------------------------------------------------------------
# What is heard of steward


def people_of(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, dict[str, object]]:
    """Return what is known of these persons, by id."""
    asked = sa.select(people).where(people.c.person_id.in_(sorted(set(person_ids))))
    return {row["person_id"]: dict(row) for row in conn.execute(asked).mappings()}


def kept_ids(conn: sa.Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Return, for those of some ids that were given up, the id that is kept."""
    return identities.kept(conn, people, person_ids)


def operated_now(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the partners for which a person acts, in the order of their ids."""
    return sorted(conn.execute(partners_of(person_id)).scalars())


def drop_operator(conn: sa.Connection, partner_id: str, person_id: str) -> None:
    """Let a person no longer act for a partner."""
    conn.execute(
        sa.delete(operators).where(
            operators.c.partner_id == partner_id, operators.c.person_id == person_id
        )
    )


def rename_organisation(conn: sa.Connection, org_id: str, name: str) -> None:
    """Put an organisation's name right."""
    conn.execute(sa.update(organisations).where(organisations.c.org_id == org_id).values(name=name))


def has_area(conn: sa.Connection, code: str) -> bool:
    """Tell whether the registry has told of an area, or of one within a district."""
    named = areas.c.code.startswith(code) if len(code) == 6 else areas.c.code == code
    return conn.execute(sa.select(areas.c.code).where(named).limit(1)).first() is not None


def communities(conn: sa.Connection) -> list[str]:
    """Return the codes of all communities that are known."""
    known = sa.select(areas.c.code).where(sa.func.length(areas.c.code) == 12)
    ours = sa.select(partners.c.area).where(sa.func.length(partners.c.area) == 12)
    return sorted(conn.execute(known.union(ours)).scalars())


def save_stewards(conn: sa.Connection, rows: Sequence[dict[str, object]]) -> None:
    """Add or change stewards; what is older than the stored sequence is dropped."""
    if not rows:
        return
    latest = list({row["steward_id"]: row for row in rows}.values())
    statement = store.insert(conn, stewards).values(latest)
    columns = ("person_id", "community", "spendable", "left_at", "sequence")
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["steward_id"],
            set_={name: getattr(statement.excluded, name) for name in columns},
            where=stewards.c.sequence <= statement.excluded.sequence,
        )
    )


def steward_left(conn: sa.Connection, steward_id: str, at: datetime, sequence: int) -> None:
    """Note that a steward has left."""
    conn.execute(
        sa.update(stewards)
        .where(stewards.c.steward_id == steward_id, stewards.c.sequence <= sequence)
        .values(left_at=at, sequence=sequence)
    )


def steward_of(conn: sa.Connection, person_id: str, *, left_after: datetime) -> Row | None:
    """Return the steward record whose wallet a person may spend now, or None."""
    asked = (
        sa.select(stewards)
        .where(
            stewards.c.person_id == person_id,
            sa.or_(stewards.c.left_at.is_(None), stewards.c.left_at > left_after),
        )
        # One who serves stands before one who has left.
        .order_by(stewards.c.left_at.is_not(None), stewards.c.steward_id)
        .limit(1)
    )
    return records.first(conn, asked)
