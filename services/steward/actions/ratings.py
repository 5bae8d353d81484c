"""After the resolution: ratings and what is looked into, closing and reopening."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis.bus import SYSTEM, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import kinship
from fivered.services.steward.actions.cases import (
    HIS_WORDS,
    Reason,
    ReasonedRequest,
    Receipt,
    change,
    close,
    contact_anew,
    locked,
    publish,
    reply,
    require_oversight,
    require_own,
    speaker,
    spoken,
)
from fivered.services.steward.actions.dispatch import NOBODY, give, give_to, wait
from fivered.services.steward.actions.parties import (
    candidates_of,
    handlers_of,
    parties,
    require_impartial,
    require_outside_chain,
)
from fivered.services.steward.errors import (
    AlreadyRated,
    NoReview,
    NothingFound,
    ReasonRequired,
    ReviewAtStreet,
    ReviewPending,
    SelfRating,
    UnknownPerson,
)
from fivered.services.steward.replies import RequestReply


class ReopenRequest(Request, frozen=True):
    """要求重办 / Why it was not done."""

    request_id: str
    reason: Reason
    receipt: Receipt | None = None


class RateRequest(Request, frozen=True):
    """评价 / The reporter's word."""

    request_id: str
    stars: Annotated[int, msgspec.Meta(ge=1, le=5, examples=[5])]
    solved: Annotated[bool, Meta(examples=[True])]
    text: Annotated[str, msgspec.Meta(max_length=500), HIS_WORDS] | None = None
    receipt: Receipt | None = None


class CheckFound(Request, frozen=True):
    """核实自行发现事项 / Whether what a steward found and solved is so."""

    request_id: str
    confirmed: bool
    reason: Reason


class ReviewRequest(Request, frozen=True):
    """差评核查 / What came of looking into a bad rating."""

    request_id: str
    upheld: bool
    reason: Reason


def rate_request(tx: Tx, payload: RateRequest) -> RequestReply:
    """评价 / Rate, once.

    The reporter rates, once. A bad rating is looked into before it may cost anything.

    被合并诉求的评价记在该诉求上(状态不变),不计入三率。
    The rating of a request that was merged stands with that request, whose state stays, and is
    counted in no rate.

    Raises:
        NotReporter: Somebody else reported it.
        ReporterActs: Staff speak for nobody who has an account.
        ReceiptUnknown: Nor without the receipt of this request.
        SelfRating: Somebody of the reporter's household handled it.
        AlreadyRated: It was rated.
        RatingWindow: 30 days are over.
    """
    row = locked(tx, payload.request_id)
    own = speaker(tx, row, payload.receipt)
    if own.stars is not None:
        raise AlreadyRated
    _require_alive(tx, own.reporter_id)
    if own.state == "MERGED":
        return _rate_merged(tx, own, payload)
    rules.requests.check("rate", row.state)
    _check_rating(tx, row, own)
    was_closed = row.state == "CLOSED"
    bad = rules.requests.is_bad(payload.stars)
    row = _keep_rating(tx, row, "RATED", payload, review="PENDING" if bad else None)
    publish(
        tx,
        row,
        fact_of(
            events.RequestRated,
            row,
            rater=row.reporter_id or tx.actor.id,
            stars=payload.stars,
            solved=payload.solved,
        ),
    )
    if bad:
        tx.disarm("REQ_AUTOCLOSE", row.request_id)
        tx.arm("BAD_RATING_REVIEW", row.request_id, tx.calendar.due(tx.now, 3))
    elif was_closed and rules.requests.closes_itself(payload.stars, solved=payload.solved):
        row = close(tx, row, by=SYSTEM)
    return reply(row)


def _require_alive(tx: Tx, reporter: str | None) -> None:
    """Refuse to praise or blame in the name of a dead person; the matter goes its way.

    Raises:
        UnknownPerson: The person is dead.
    """
    row = storage.people.person(tx.conn, reporter) if reporter is not None else None
    if row is not None and row.status == "DECEASED":
        raise UnknownPerson(person_id=reporter)


def _check_rating(tx: Tx, case: Row, own: Row) -> None:
    rules.requests.check_rating(resolved_at=case.resolved_at, now=tx.now)
    handlers = handlers_of(tx, case)
    # No household praises itself: as it lives now, nor as it lived then.
    for rater in {tx.actor.id, own.reporter_id} - {None}:
        if kinship.tied(tx, rater, handlers, case.resolved_at):
            raise SelfRating


def _keep_rating(tx: Tx, row: Row, state: str, payload: RateRequest, **values: object) -> Row:
    vault = storage.vault(tx)
    return change(
        tx,
        row,
        "rate",
        state,
        {"stars": payload.stars, "solved": payload.solved} | spoken(payload.receipt),
        rated_at=tx.now,
        stars=payload.stars,
        solved=payload.solved,
        rating_text=vault.seal_or_none(payload.text, f"{row.request_id}.rating", row.reporter_id),
        **values,
    )


def _rate_merged(tx: Tx, own: Row, payload: RateRequest) -> RequestReply:
    """Keep the word of somebody whose request was merged: it counts for that person only."""
    case = storage.cases.root(tx.conn, own)
    rules.requests.check("rate_merged", case.state)
    _check_rating(tx, case, own)
    own = _keep_rating(tx, own, own.state, payload)
    return msgspec.structs.replace(reply(own), merged_into=case.request_id)


def check_found(tx: Tx, payload: CheckFound) -> RequestReply:
    """核实自行发现 / Look at what was found.

    Somebody else looks at what a steward found and solved; only then it earns anything.

    Raises:
        NothingFound: No steward found it, or somebody has looked already.
        InChain: The caller took part in handling it.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    require_impartial(tx, row, not_by="chain")
    tx.check_version(row.version)
    if row.found_by is None or row.checked_by is not None:
        raise NothingFound
    rules.requests.check("check", row.state)
    require_outside_chain(tx, row)
    found = row.found_by == row.handler and row.outcome == "SOLVED"
    left = {"checked_by": tx.actor.id} if payload.confirmed else {"found_by": None}
    detail = {"confirmed": payload.confirmed, "reason": payload.reason}
    row = change(tx, row, "check", row.state, detail, **left)
    if row.state == "RESOLVED":
        row = close(tx, row)
    if payload.confirmed and found:
        publish(
            tx,
            row,
            fact_of(events.RequestSelfFoundClosed, row),
        )
    return reply(row)


def close_request(tx: Tx, payload: ReasonedRequest) -> RequestReply:
    """结案 / Close a rated request.

    Raises:
        ReviewPending: The bad rating is being looked into; the review closes it.
        InChain: The caller took part in handling it.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    tx.check_version(row.version)
    rules.requests.check("close", row.state)
    if row.review in {"PENDING", "STREET"}:
        raise ReviewPending
    require_outside_chain(tx, row)
    require_impartial(tx, row, not_by="chain")
    return reply(close(tx, row, {"reason": payload.reason}))


def review_request(tx: Tx, payload: ReviewRequest) -> RequestReply:
    """差评核查 / Review a bad rating.

    Somebody outside the handling chain finds whether a bad rating is right, and closes.

    Raises:
        NoReview: No bad rating waits.
        InChain: The caller took part in handling it.
        ReviewAtStreet: The community's time is over.
        ReasonRequired: There are no reasons.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    tx.check_version(row.version)
    if row.review not in {"PENDING", "STREET"}:
        raise NoReview
    if row.review == "STREET" and tx.actor.role not in rules.requests.STREET:
        raise ReviewAtStreet
    require_outside_chain(tx, row)
    require_impartial(tx, row, not_by="chain")
    if not payload.reason.strip():
        raise ReasonRequired(field="reason")
    verdict = "UPHELD" if payload.upheld else "NOT_UPHELD"
    tx.disarm("BAD_RATING_REVIEW", row.request_id)
    detail = {"verdict": verdict, "reason": payload.reason}
    row = change(tx, row, "review", row.state, detail, review=verdict, reviewed_by=tx.actor.id)
    if payload.upheld:
        _publish_upheld(tx, row)
    # Reopened meanwhile: the rating is judged, the request goes its way.
    if row.state == "RATED":
        row = close(tx, row)
    return msgspec.structs.replace(reply(row), verdict=verdict)


def _publish_upheld(tx: Tx, row: Row) -> None:
    # The rating was given to the person who resolved it then; a reopened request may be with
    # another.
    steward_id, person_id = _rated_handler(tx, row)
    publish(tx, row, events.BadRatingUpheld(row.request_id, steward_id, person_id))


def _rated_handler(tx: Tx, row: Row) -> tuple[str, str]:
    handler = row.handler
    for entry in storage.cases.timeline(tx.conn, row.request_id):
        if entry.action in {"dispatch", "transfer", "redispatch", "reopen", "go_on", "take"}:
            handler = entry.detail.get("handler") or handler
        if entry.action == "rate":
            break
    steward = storage.posts.known(tx.conn, handler)
    return steward.steward_id, steward.person_id


def reopen_request(tx: Tx, payload: ReopenRequest) -> RequestReply:
    """要求重办 / Reopen.

    The reporter says that it was not done: half the time, at least a day, at most twice.

    One that was merged goes its own way again, and takes nothing from the case that it followed.

    Raises:
        NotReporter: Somebody else reported it.
        ReporterActs: Staff speak for nobody who has an account.
        ReceiptUnknown: Nor without the receipt of this request.
        ReopenLimit: It was reopened twice.
        ReopenWindow: 7 days are over.
    """
    row = locked(tx, payload.request_id)
    require_own(tx, row, payload.receipt)
    tx.check_version(row.version)
    case = storage.cases.root(tx.conn, row)
    return again(tx, row, case, {"reason": payload.reason} | spoken(payload.receipt))


def again(tx: Tx, row: Row, case: Row, said: Mapping[str, object]) -> RequestReply:
    """Have a request done again: half the time, at least a day, at most twice.

    Args:
        tx: The transaction.
        row: The request, locked.
        case: What it follows, or itself.
        said: Why, for the timeline.

    Raises:
        ReopenLimit: It was reopened twice.
        ReopenWindow: 7 days are over.
    """
    rules.requests.check("reopen", case.state)
    rules.requests.check_reopening(reopens=row.reopens, resolved_at=case.resolved_at, now=tx.now)
    due = rules.requests.due_reopened(timedelta(seconds=row.span_s), tx.now)
    tx.disarm("REQ_AUTOCLOSE", row.request_id)
    storage.cases.start_clock(tx.conn, row, "RESOLVE", due_at=due, now=tx.now, handler=case.handler)
    tx.arm("REQ_RESOLVE", row.request_id, due)
    values: dict[str, object] = {"due_resolve": due, "reopens": row.reopens + 1}
    values |= {"level": 0, "tried": []}
    if row.state == "MERGED":
        # What was said of the case that was followed was about that case.
        values |= dict.fromkeys(("merged_into", "rated_at", "stars", "solved", "rating_text"))
        values |= contact_anew(tx, row)
    detail = {**said, "reopen_count": row.reopens + 1}
    # It goes back to the person who said that it was done, while in office; else to the next.
    duties = rules.routing.DUTIES
    found = candidates_of(tx, row, duties, parties(tx, row))
    back = [c for c in found if c.steward_id == case.handler]
    if back:
        given: Row | None = give_to(tx, row, back[0], action="reopen", detail=detail, values=values)
    else:
        given = give(tx, row, action="reopen", detail=detail, values=values, by=tx.actor)
    if given is None:
        given = wait(tx, change(tx, row, "reopen", "SUBMITTED", detail, **NOBODY, **values))
    publish(
        tx,
        given,
        events.RequestReopened(given.request_id, given.reopens, given.project_id),
    )
    return reply(given)
