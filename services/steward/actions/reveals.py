"""A phone number in the clear, for the person who has to call back (DOMAIN 1.6).

It is told in the answer and nowhere else: no event, no log and no stored reply holds it. Each time
is a row of `person_reads`, which the person reads with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions.parties import parties
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import (
    NoOpenCase,
    NothingToReveal,
    RevealLimit,
    RevealOver,
    RevealsOfOne,
)

log = logging.getLogger("fivered.steward")

# An answer that was lost on its way is given again for so long, under the same key.
REPEATED = timedelta(minutes=10)
PHONE: Literal["phone"] = "phone"


class RevealNumber(Request, frozen=True):
    """查看手机号码 / A phone in the clear, to call somebody back."""

    subject: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="人员编号 / whose number",
            examples=["per_00000000-0000-7000-8000-000000000001"],
        ),
    ]
    reason: Annotated[
        str,
        msgspec.Meta(min_length=10, max_length=300, examples=["回电核实楼道灯的具体位置"]),
        PUBLIC,
    ]
    field: Annotated[
        Literal["phone"],
        Meta(description="身份证号不存明文,不能查看 / identity numbers are not stored"),
    ] = PHONE
    case_ref: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=64,
                description="在办诉求的编号 / the open request that it is for, by id or number",
                examples=["SR-20250303-015901-00001"],
            ),
            PUBLIC,
        ]
        | None
    ) = None


def reveal_number(tx: Tx, payload: RevealNumber) -> replies.NumberShown:
    """查看手机号码(回电) / A phone number in the clear.

    Tell a person's phone to who has an open request of the person in hand, or keeps the community.

    限在办诉求的承办人和本人所在社区的工作人员;须说明理由,每次留痕,本人可查,按查看人和被查看人每日限次。
    For the handler of an open request and the officials of the person's community; with a reason,
    noted each time, told to the person, so many a day for each who asks and of each who is asked.

    身份证号码只存遮蔽形式和摘要,几人同意都不能查看;核对号码用 `POST /v1/steward/people/search`。
    Identity numbers are kept masked and as a keyed digest, so nobody can be shown one, however many
    agree; whether a number is a person's is asked by `POST /v1/steward/people/search`.

    The same key tells it again for ten minutes, as long as the caller may still know it; that is
    one and the same reveal.

    Raises:
        NoOpenCase: The caller has no open request of this person, and does not keep the community.
        NothingToReveal: The person has no phone.
        RevealOver: The reveal of this key is over.
        RevealLimit: The caller has seen the day's share of numbers.
        RevealsOfOne: This person's number was shown often enough today, to whomever.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    person, case, why = _entitled(tx, payload)
    vault = storage.vault(tx)
    phone = vault.open_or_none(person.phone, f"{person.person_id}.phone")
    if phone is None:
        raise NothingToReveal(field="subject")
    if tx.first is not None:
        return replies.NumberShown.of(tx.first, value=phone, at=shown_before(tx, tx.first))
    left = count(tx, person)
    request_id = case.request_id if case is not None else None
    note_reveal(tx, [person], why=why, request_id=request_id, reason=payload.reason)
    return replies.NumberShown(
        id=person.person_id,
        state="REVEALED",
        field=payload.field,
        value=phone,
        request_id=request_id,
        at=tx.now,
        left=left,
    )


def _entitled(tx: Tx, payload: RevealNumber) -> tuple[Row, Row | None, str]:
    """Return the person, the request of the call, and why the caller may know.

    Who asks without a right learns nothing: not even whether there is such a person.

    Raises:
        NoOpenCase: The caller may not know.
        CallerNotServing: Nor by a post that is suspended or over.
    """
    person = storage.people.person(tx.conn, payload.subject)
    if person is not None and person.merged_into is not None:
        person = storage.people.person(tx.conn, person.merged_into)
    if person is None:
        raise NoOpenCase(field="subject")
    # What was merged into another request is as open as that one.
    tops = {
        case.request_id: (case, storage.cases.root(tx.conn, case))
        for case in storage.people.open_cases(tx.conn, person.person_id)
    }
    cases = [case for case, top in tops.values() if top.state in rules.requests.OPEN]
    # A party of what is complained of learns no number of the person who complains.
    if any(tx.actor.id in parties(tx, one) for case in cases for one in tops[case.request_id]):
        raise NoOpenCase(field="subject")
    case = None
    if payload.case_ref is not None:
        named = [one for one in cases if payload.case_ref in {one.request_id, one.number}]
        if not named:
            raise NoOpenCase(field="case_ref")
        case = named[0]
    if tx.actor.role in rules.requests.HANDLERS:
        for held in storage.people.cases_in_hand(tx.conn, tx.actor.id, [person.person_id]):
            if case is None or case.request_id == held.request_id:
                return person, held, "HANDLER"
    lives_here = person.status == "ACTIVE" and person.grid is not None
    keeps_him = lives_here and rules.access.may_see(tx.actor, "phone", person.grid)
    if keeps_him and (case is None or tx.actor.covers(case.grid)):
        require_serving(tx)
        return person, case, "NEIGHBOUR"
    raise NoOpenCase(field="subject" if case is None else "case_ref")


def count(tx: Tx, person: Row) -> int:
    """Count this reveal. Returns how many are left of the caller's day.

    Raises:
        RevealLimit: The caller had enough today.
        RevealsOfOne: There were enough of this person.
    """
    today = tx.calendar.local_date(tx.now)
    # The row orders rivals; what was shown under an id that was given up counts as well.
    storage.people.locked(tx.conn, person.person_id)
    ids = [person.person_id, *storage.people.given_up_for(tx.conn, person.person_id)]
    of_one = storage.people.reveals_of(tx.conn, ids, tx.calendar.midnight(today))
    if of_one >= tx.settings.reveals_of_one_per_day:
        raise too_many(tx, RevealsOfOne, tx.settings.reveals_of_one_per_day)
    return count_of_day(tx)


def count_of_request(tx: Tx, request_id: str) -> int:
    """Count that the number of a caller who is not registered is shown.

    Returns how many are left of the reader's day.

    Raises:
        RevealLimit: The reader had enough today.
        RevealsOfOne: There were enough of this request.
    """
    since = tx.calendar.midnight(tx.calendar.local_date(tx.now))
    # Its row is locked: rivals wait for it.
    if storage.people.reveals_of_request(tx.conn, request_id, since) >= (
        tx.settings.reveals_of_one_per_day
    ):
        raise too_many(tx, RevealsOfOne, tx.settings.reveals_of_one_per_day)
    return count_of_day(tx)


def count_of_day(tx: Tx) -> int:
    """Count a number that the caller is shown. Returns how many are left of the caller's day.

    Raises:
        RevealLimit: The caller had enough today.
    """
    limit = tx.settings.reveals_per_day
    today = tx.calendar.local_date(tx.now)
    seen = storage.people.count_reveal(tx.conn, tx.actor.id, today)
    if seen > limit:
        raise too_many(tx, RevealLimit, limit)
    return int(limit - seen)


def shown_before(tx: Tx, first: Mapping[str, Any]) -> datetime:
    """Return when a number was shown under the same key, of which the same reply is given again.

    Raises:
        RevealOver: It is too long ago.
    """
    at = datetime.fromisoformat(first["at"])
    if tx.now >= at + REPEATED:
        raise RevealOver(field="Idempotency-Key")
    return at


def note_reveal(
    tx: Tx, persons: Sequence[Row], *, why: str, request_id: str | None, reason: str
) -> None:
    """Write down that the caller is shown a number, and why."""
    storage.people.write_reads(
        tx.conn,
        tx.actor,
        persons,
        at=tx.now,
        door="reveal",
        why=why,
        field=PHONE,
        request_id=request_id,
        reason=storage.vault(tx).seal(reason, "person_reads.reason"),
    )


def too_many(tx: Tx, refusal: type[RevealLimit], limit: int) -> RevealLimit:
    """Return the refusal of one who has seen enough numbers today, and write it to the log."""
    again = tx.calendar.midnight(tx.calendar.local_date(tx.now) + timedelta(days=1))
    log.warning(
        "reveal_limit",
        extra={"service": "steward", "actor": tx.actor.id, "role": tx.actor.role, "limit": limit},
    )
    return refusal(
        limit=limit,
        again=tx.calendar.minute(again),
        seconds=int((again - tx.now).total_seconds()),
    )
