"""Offices that no fact makes: one person proposes the right, another one approves it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Instant, PersonId
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, said
from fivered.chassis.requests import Request
from fivered.chassis.roles import exclude
from fivered.services.identity import replies
from fivered.services.identity.actions import rights, telling
from fivered.services.identity.errors import (
    DistrictBegun,
    GrantExists,
    GrantOfFact,
    OwnGrant,
    RolesExclude,
    ScopeForRole,
    SecondPerson,
    UnknownArea,
    UnknownPerson,
)
from fivered.services.identity.fields import Office, Scope
from fivered.services.identity.rules import grants as rules
from fivered.services.identity.storage import accounts as account_store
from fivered.services.identity.storage import grants as store
from fivered.services.identity.storage.tables import grants

LONGEST = timedelta(days=366 * 5)
# So many administrators the operator names; they grant the rest among themselves.
FIRST = 2


class ProposeGrant(Request, frozen=True):
    """提出授权 / Propose a right."""

    person_id: PersonId
    role: Annotated[Office, Meta(description="职务角色 / the office", examples=["R_STREET"])]
    scope: Scope
    reason: Annotated[PublicText, Meta(min_length=2, max_length=500, examples=["岗位调整"])]
    to_at: (
        Annotated[Instant, Meta(description="到期时间;不填为长期 / until when; without it: open")]
        | None
    ) = None


class WhichGrant(Request, frozen=True):
    """Which right is meant."""

    grant_id: str


class EndGrant(Request, frozen=True):
    """终止或驳回授权 / End or refuse a right."""

    grant_id: str
    reason: Annotated[PublicText, Meta(min_length=2, max_length=500, examples=["离任"])]


def propose_grant(tx: Tx, payload: ProposeGrant) -> replies.GrantCard:
    """提出授权,由另一人批准后生效 / Propose a right; it holds once another person has approved it.

    Raises:
        RoleDenied: The caller grants no such office, or not there.
        OwnGrant: It is for the caller.
        ScopeForRole: The office has another kind of area.
        UnknownArea: There is no such area.
        UnknownPerson: Nobody has this id.
        RolesExclude: The person holds, or is proposed for, an office that this one excludes.
        GrantExists: It is proposed, or holds, already.
        Invalid: It would end in the past, or after more than five years.
    """
    _require(tx, payload.role, payload.scope)
    if payload.person_id == tx.actor.id:
        raise OwnGrant(field="person_id")
    digits = rules.OFFICES[payload.role]
    if len(payload.scope) not in digits:
        raise ScopeForRole(
            field="scope", role=payload.role, digits=", ".join(str(one) for one in digits)
        )
    require_area(tx, payload.scope, "scope")
    _require_known(tx, payload.person_id)
    _require_alone(tx, payload.person_id, payload.role, "role")
    if payload.to_at is not None and not tx.now < payload.to_at <= tx.now + LONGEST:
        raise Invalid(
            field="to_at",
            reason=said("到期时间应在今后五年之内 / it ends in the future, and within five years"),
        )
    if there := store.same(tx.conn, payload.person_id, payload.role, payload.scope):
        raise GrantExists(id=there.grant_id)
    values = records.values_from(
        payload, grants, grant_id=(grant_id := tx.new_id("grt")), source="OFFICE", ref=grant_id,
        state="PROPOSED", from_at=tx.now, proposed_by=tx.actor.id, created_at=tx.now, version=1,
    )  # fmt: skip
    made = records.create(tx, grants, step="proposed", **values)
    telling.of_grant(tx, "GRANT_ASKED", made, *telling.deciders(tx, made))
    return replies.grant_card(made)


def _require(tx: Tx, role: str, scope: str) -> None:
    tx.require_scope(scope)
    if not rules.may_grant(tx.actor.role, role):
        raise RoleDenied(role=tx.actor.role, member="role", field="role")


def require_area(tx: Tx, area: str, field: str, *, among: int = 6) -> None:
    """Refuse an area that steward has not entered. Where nothing of the district is known, because
    there is no steward or it has told nothing yet, nothing is refused.

    Args:
        tx: The transaction.
        area: Its code.
        field: The member of the request that names it.
        among: By how many digits it is asked whether something is known; 0: whether anything is.

    Raises:
        UnknownArea: There is no such area.
    """
    if not store.is_area(tx.conn, area) and store.knows_areas(tx.conn, area[:among]):
        raise UnknownArea(field=field, area=area)


def _require_alone(tx: Tx, person_id: str, role: str, field: str = "") -> None:
    """Refuse an office for who has one that excludes it, or is proposed for one.

    Raises:
        RolesExclude: The person has.
    """
    for row in store.of_person(tx.conn, person_id):
        if exclude(row.role, role):
            raise RolesExclude(field=field, role=role, held=row.role, scope=row.scope)


def _require_known(tx: Tx, person_id: str) -> None:
    """Refuse an id that neither an account nor a registration bears.

    Raises:
        UnknownPerson: Nobody has it any more, or not yet.
    """
    person = account_store.person(tx.conn, person_id)
    account = account_store.of_person(tx.conn, person_id)
    if account_store.is_gone(person) or (person is None and account is None):
        raise UnknownPerson(field="person_id", person_id=person_id)


def _mine(tx: Tx, grant_id: str, *, own: bool = False) -> Row:
    """Return a right that the caller may decide about, held.

    Raises:
        NotFound: There is none in the caller's area.
        RoleDenied: The caller grants no such office.
        OwnGrant: It is the caller's own.
    """
    row = records.locked(tx.conn, grants, grant_id)
    tx.require_sight(row.scope, kind="grant", id=grant_id)
    if row.source in rules.GRANTED:
        _require(tx, row.role, row.scope)
    tx.check_version(row.version)
    if row.person_id == tx.actor.id and not (own and _ends_by_two(tx, row)):
        raise OwnGrant
    return row


def _ends_by_two(tx: Tx, row: Row) -> bool:
    return rules.ends_by_two(row.role, row.scope, acting=tx.actor.role, acting_scope=tx.actor.scope)


def approve_grant(tx: Tx, payload: WhichGrant) -> replies.GrantCard:
    """批准授权,即时生效 / Approve a right; it holds at once.

    Raises:
        NotFound: There is none in the caller's area.
        RoleDenied: The caller grants no such office.
        OwnGrant: It is the caller's own.
        SecondPerson: The caller has proposed it.
        UnknownPerson: The person is gone meanwhile.
        RolesExclude: The person has an office meanwhile that this one excludes.
        StateConflict: It is not proposed.
    """
    row = _mine(tx, payload.grant_id)
    records.require_state(row, "PROPOSED")
    if row.proposed_by == tx.actor.id:
        raise SecondPerson
    _require_known(tx, row.person_id)
    _require_alone(tx, row.person_id, row.role)
    row = records.change(
        tx, grants, row, step="approved", state="ACTIVE", from_at=tx.now,
        decided_by=tx.actor.id, decided_at=tx.now,
    )  # fmt: skip
    telling.of_grant(tx, "RIGHT_GIVEN", row, row.person_id)
    telling.of_grant(tx, "GRANT_APPROVED", row, row.proposed_by)
    return replies.grant_card(row)


def refuse_grant(tx: Tx, payload: EndGrant) -> replies.GrantCard:
    """驳回或撤回授权、终止的提议 / Refuse a proposal, of a right or of its end, or take it back.

    Raises:
        NotFound: There is none in the caller's area.
        RoleDenied: The caller grants no such office.
        OwnGrant: It is the caller's own.
        StateConflict: Neither it nor its end is proposed.
    """
    row = _mine(tx, payload.grant_id)
    if row.state == "ACTIVE" and row.end_proposed_by is not None:
        telling.of_grant(tx, "GRANT_END_REFUSED", row, row.end_proposed_by, reason=payload.reason)
        return replies.grant_card(
            records.change(
                tx, grants, row, step="end_refused", note=payload.reason, end_proposed_by=None,
                end_reason=None,
            )
        )  # fmt: skip
    records.require_state(row, "PROPOSED")
    telling.of_grant(tx, "GRANT_REFUSED", row, row.proposed_by, reason=payload.reason)
    return replies.grant_card(
        records.change(
            tx, grants, row, step="refused", state="REFUSED", note=payload.reason,
            decided_by=tx.actor.id, decided_at=tx.now,
        )
    )  # fmt: skip


def end_grant(tx: Tx, payload: EndGrant) -> replies.GrantCard:
    """终止授权,30 秒内失效 / End a right; within 30 s no token bears it any more.

    同级管理员的授权须两人终止:一人提出,另一人(或本人)再提交一次。
    Of a peer's right the first call proposes the end, that of another person, or of who holds it,
    carries it out.

    Raises:
        NotFound: There is none in the caller's area.
        RoleDenied: The caller grants no such office.
        OwnGrant: It is the caller's own.
        SecondPerson: The caller has proposed the end.
        GrantOfFact: It follows from a fact, and ends with it.
        StateConflict: It does not hold.
    """
    row = _mine(tx, payload.grant_id, own=True)
    records.require_state(row, "ACTIVE")
    if row.source not in rules.GRANTED:
        raise GrantOfFact(source=row.source)
    if _ends_by_two(tx, row):
        if row.end_proposed_by is None:
            telling.of_grant(tx, "GRANT_END_ASKED", row, *telling.peers(tx, row))
            return replies.grant_card(
                records.change(
                    tx, grants, row, step="end_proposed", note=payload.reason,
                    end_proposed_by=tx.actor.id, end_reason=payload.reason,
                )
            )  # fmt: skip
        if row.end_proposed_by == tx.actor.id:
            raise SecondPerson
    (ended,) = rights.end(tx, [row], "ended", note=payload.reason)
    telling.of_grant(tx, "GRANT_END_AGREED", ended, ended.end_proposed_by)
    telling.of_grant(tx, "RIGHT_ENDED", ended, ended.person_id, reason=payload.reason)
    return replies.grant_card(ended)


def end_first(tx: Tx, person_id: str, district: str) -> None:
    """End somebody's right to administer the district, from the command line: of two, one is gone.

    Raises:
        NotFound: The person has none.
    """
    held = [
        row
        for row in store.of_person(tx.conn, person_id)
        if row.state == "ACTIVE"
        and (row.role, row.scope) == ("R_DISTRICT", district)
        and row.source in rules.GRANTED
    ]
    if not held:
        raise NotFound(kind="grant", id=person_id)
    rights.end(tx, held, "ended", note="fivered init")


def first(tx: Tx, person_id: str, district: str) -> None:
    """Make somebody an administrator of the district at the first day, from the command line.

    Raises:
        DistrictBegun: There are enough; they grant the rest among themselves.
    """
    if (count := account_store.administrators(tx.conn)) >= FIRST:
        raise DistrictBegun(count=count)
    records.create(
        tx, grants, step="begun", grant_id=(grant_id := tx.new_id("grt")), person_id=person_id,
        role="R_DISTRICT", scope=district, source="FIRST_DAY", ref=grant_id, state="ACTIVE",
        from_at=tx.now, proposed_by=tx.actor.id, created_at=tx.now, version=1,
    )  # fmt: skip
