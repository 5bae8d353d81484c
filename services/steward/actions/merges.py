"""Double registrations: one person says that two are one human, another one confirms."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.services.steward import events, replies, storage
from fivered.services.steward.actions import dispatch, kinship, phones
from fivered.services.steward.actions.announcing import publish_registered
from fivered.services.steward.actions.changes import Reason, note_change
from fivered.services.steward.actions.people import dwelling_columns, dwelling_of, phone_sharer
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import RecorderConfirms, TwoNumbers, TwoPosts


class ProposeMerge(Request, frozen=True):
    """重复登记 / This registration and `into` are one human; `into` stays."""

    person_id: str
    into: Annotated[str, Meta(description="保留的人员编号 / the id that stays")]
    reason: Annotated[Reason, Meta(examples=["同一人登记两次"])]


class DecideMerge(Request, frozen=True):
    """合并结论 / Whether they are one human."""

    merge_id: str
    confirmed: bool


def propose_merge(tx: Tx, payload: ProposeMerge) -> replies.MergeReply:
    """提议合并重复登记 / Propose that two registrations are one human.

    Propose that two registrations are one human; nothing changes until somebody else confirms.

    由另一人确认后生效。It takes effect when somebody else confirms.

    Raises:
        NotFound: One of the two is not registered here.
        SelfConfirm: The caller is one of the two, or lives with one.
        StateConflict: One of the two is given up already, or another proposal waits, or another
            person's.
        TwoNumbers: They have different identity numbers.
        TwoPosts: They hold the same duty.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    if payload.person_id == payload.into:
        raise Invalid(
            field="into", reason=said("不能并入本人 / a person is not merged into the same person")
        )
    row, into = _pair(tx, payload.person_id, payload.into)
    kinship.require_not_own(tx, row.person_id, into.person_id)
    tx.check_version(row.version)
    for waiting in storage.people.open_merges(tx.conn, row.person_id):
        if (waiting.into, waiting.proposed_by) != (into.person_id, tx.actor.id):
            # A person who is answered another's proposal would decide it as a second person.
            raise StateConflict(state=waiting.state)
        return _reply(waiting)
    merge_id = tx.new_id("mrg")
    proposal = storage.people.insert_merge(
        tx.conn,
        merge_id=merge_id,
        person_id=row.person_id,
        into=into.person_id,
        area=row.area,
        state="PROPOSED",
        reason=storage.vault(tx).seal(payload.reason, f"{merge_id}.reason", row.person_id),
        proposed_by=tx.actor.id,
        created_at=tx.now,
        version=1,
    )
    return _reply(proposal)


def decide_merge(tx: Tx, payload: DecideMerge) -> replies.MergeReply:
    """确认或否决合并 / Confirm or reject a merge.

    Confirm that two registrations are one human, or that they are not.

    两个登记对同一时段重复记录的志愿服务列于 `hours_twice`,由组织者更正。Volunteer service that both
    recorded is named in `hours_twice`, for the organiser to correct.

    Raises:
        NotFound: No such proposal here.
        StateConflict: Somebody has decided already.
        SelfConfirm: The caller is one of the two, or lives with one.
        RecorderConfirms: Neither who proposed it confirms it, nor that household.
        TwoNumbers: They have different identity numbers.
        TwoPosts: They hold the same duty.
    """
    proposal = storage.people.merge(tx.conn, payload.merge_id)
    if proposal is None or not tx.actor.covers(proposal.area):
        raise NotFound(kind="person_merge", id=payload.merge_id)
    tx.check_version(proposal.version)
    if proposal.state != "PROPOSED":
        raise StateConflict(state=proposal.state)
    kinship.require_not_own(tx, proposal.person_id, proposal.into)
    if payload.confirmed and kinship.is_own(tx, proposal.proposed_by):
        raise RecorderConfirms
    twice: list[str] = []
    if payload.confirmed:
        row, into = _pair(tx, proposal.person_id, proposal.into)
        twice = storage.records.told_twice(tx.conn, row.person_id, into.person_id)
        _merge(tx, row, into, proposal)
    decided = storage.people.update_merge(
        tx.conn,
        proposal,
        state="CONFIRMED" if payload.confirmed else "REJECTED",
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    return msgspec.structs.replace(_reply(decided), hours_twice=twice or UNSET)


def _reply(row: Row) -> replies.MergeReply:
    return replies.MergeReply.of(row, id=row.merge_id)


def _pair(tx: Tx, person_id: str, into_id: str) -> tuple[Row, Row]:
    """Return both rows locked (in one order, so that two merges never wait for each other)."""
    locked = {one: storage.people.lock(tx.conn, one) for one in sorted({person_id, into_id})}
    found: dict[str, Row] = {}
    for one, person in locked.items():
        if person is None or not tx.actor.covers(person.grid or person.area):
            raise NotFound(kind="person", id=one)
        found[one] = person
    row, into = found[person_id], found[into_id]
    if row.status == "MERGED" or into.status != "ACTIVE":
        raise StateConflict(state=row.status if row.status == "MERGED" else into.status)
    if row.id_no_hmac and into.id_no_hmac:
        raise TwoNumbers(field="into")
    duties = {post.duty for post in storage.posts.of_person(tx.conn, into_id)}
    for post in storage.posts.of_person(tx.conn, person_id):
        if post.duty in duties:
            raise TwoPosts(steward_id=post.steward_id, field="into")
    return row, into


def _merge(tx: Tx, row: Row, into: Row, proposal: Row) -> None:
    given_up = storage.people.update(
        tx.conn,
        row,
        status="MERGED",
        merged_into=into.person_id,
        phone=None,
        phone_hmac=None,
        id_no_mask=None,
        id_no_hmac=None,
        birthday=None,
    )
    gained, stays = _gained(tx, row, into), into
    note_change(
        tx,
        "PERSON",
        row.person_id,
        given_up.version,
        "merge",
        before={"status": row.status, "merged_into": None},
        reason=proposal.merge_id,
    )
    if gained:
        stays = storage.people.update(tx.conn, into, **gained)
        note_change(
            tx,
            "PERSON",
            into.person_id,
            stays.version,
            "merge",
            before={name: getattr(into, name) for name in gained if name in _PLAIN},
            reason=proposal.merge_id,
        )
    phones.tell(tx, row, given_up)
    phones.tell(tx, into, stays)
    storage.people.hand_references(tx.conn, row.person_id, into.person_id)
    tx.publish(
        events.PersonMerged(row.person_id, into.person_id, stays.area),
        subject=row.person_id,
        scope=row.area,
        sequence=given_up.version,
    )
    if gained:
        _publish_gained(tx, stays, returned="grid" in gained)
    # What the one had in hand, the other may have reported.
    dispatch.free_household(tx, into.person_id)


_PLAIN = ("grid", "area", "household_id", "birth_year", "is_adult")


def _gained(tx: Tx, row: Row, into: Row) -> dict[str, Any]:
    """Return what the registration that stays did not know and the other one did."""
    vault = storage.vault(tx)
    gained: dict[str, Any] = {}

    def seal_again(column: str, suffix: str) -> None:
        plain = vault.open_or_none(getattr(row, column), f"{row.person_id}.{suffix}")
        gained[column] = vault.seal_or_none(plain, f"{into.person_id}.{suffix}", into.person_id)

    if into.id_no_hmac is None and row.id_no_hmac is not None:
        seal_again("id_no_mask", "id_no")
        seal_again("birthday", "birthday")
        gained |= {"id_no_hmac": row.id_no_hmac, "birth_year": row.birth_year}
        gained["is_adult"] = row.is_adult
    elif into.birth_year is None and row.birth_year is not None:
        gained |= {"birth_year": row.birth_year, "is_adult": row.is_adult}
    home = into.household_id
    if into.grid is None and row.grid is not None and row.status == "ACTIVE":
        home = row.household_id
        gained |= {"grid": row.grid, "area": row.area, "household_id": home}
        gained |= dwelling_columns(tx, into, row.area, dwelling_of(tx, row))
    elif home is None and (row.grid, row.status) == (into.grid, "ACTIVE") and row.household_id:
        # The other registration knew with whom the person lives at this place.
        gained["household_id"] = home = row.household_id
    here = (row.grid, row.status) == (into.grid, "ACTIVE")
    if here and into.dwelling is None and row.dwelling is not None:
        gained |= dwelling_columns(tx, into, into.area, dwelling_of(tx, row))
    if into.phone_hmac is None and row.phone_hmac is not None and not phone_sharer(tx, row, home):
        # One that was shared with another household stays with that one.
        seal_again("phone", "phone")
        gained["phone_hmac"] = row.phone_hmac
    return gained


def _publish_gained(tx: Tx, now: Row, *, returned: bool) -> None:
    if now.grid is None:
        publish_registered(tx, now)
        return
    event: events.ResidentCorrected | events.ResidentReturned
    event = fact_of(events.ResidentCorrected, now)
    if returned:
        # Under the id that stays the person lived in no grid; from now on in one.
        event = fact_of(events.ResidentReturned, now, community=now.area)
    tx.publish(event, subject=now.person_id, scope=now.area, sequence=now.version)
