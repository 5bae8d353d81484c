"""The redemption saga: what a person, a partner, credit or the clock does to it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta
from msgspec.structs import replace

from fivered.chassis import records
from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import Request
from fivered.services.partner import events
from fivered.services.partner.actions import notices, people
from fivered.services.partner.errors import (
    AlreadyRated,
    BadVoucher,
    LimitReached,
    NoSuchWallet,
    OfferClosed,
    OperatorIsHolder,
    OutOfStock,
    OwnShop,
    PartnerNotActive,
    ReasonNeeded,
    TooManyTries,
    VoucherExpired,
    WindowOver,
)
from fivered.services.partner.replies import RedemptionReply
from fivered.services.partner.rules import redemptions as rules
from fivered.services.partner.rules import vouchers
from fivered.services.partner.rules.offers import MOST_QUANTITY
from fivered.services.partner.storage import offers as offer_store
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage import redemptions as store
from fivered.services.partner.storage.tables import numbers, offers, partners, redemptions
from fivered.services.partner.storage.tables import steps as history

# Timers are never disarmed here: a firing timer holds its own row and then wants the redemption's,
# so a transaction that held the redemption and wanted the timer's row would lock with it. One that
# fires for nothing finds another state and does nothing.
HOLD_TIMER = "hold_retry"
EXPIRY_TIMER = "voucher_expire"


class RequestRedemption(Request, frozen=True):
    """申请兑换 / Take pieces of an offer, paid from one of the caller's wallets."""

    offer_id: str
    qty: Annotated[int, Meta(ge=1, le=20, examples=[1])] = 1
    wallet: Annotated[
        Literal["RES", "HH", "STW"],
        Meta(description="居民、家庭或管家积分账户 / wallet", examples=["RES"]),
    ] = "RES"


class VerifyRedemption(Request, frozen=True):
    """核销 / The 13 digits that the holder shows. Five wrong ones an hour are answered."""

    redemption_id: str
    voucher: Annotated[str, Meta(min_length=1, max_length=40, examples=["1234567890128"])]


class CancelRedemption(Request, frozen=True):
    """取消 / A partner must say OUT_OF_STOCK or CLOSED.

    Attributes:
        reason: A partner must say OUT_OF_STOCK or CLOSED; a holder need not say anything.
    """

    redemption_id: str
    reason: Annotated[PublicText, Meta(max_length=500, examples=["OUT_OF_STOCK"])] | None = None


class RateRedemption(Request, frozen=True):
    """评价 / 1 to 5, once, within 14 days."""

    redemption_id: str
    stars: Annotated[int, Meta(ge=1, le=5, examples=[5])]


def reply(row: Row, *, state: str, version: int) -> RedemptionReply:
    """Return what every command on a redemption answers."""
    return RedemptionReply(
        id=row.redemption_id,
        number=row.number,
        state=state,
        version=version,
        points=row.points,
        due=row.expires_at if state == "RESERVED" else None,
    )


# --------------------------------------------------------------------------------------------------
# Request


def request_redemption(tx: Tx, payload: RequestRedemption) -> RedemptionReply:
    """申请兑换 / Begin a redemption.

    Take the pieces out of stock and ask credit to hold the points.

    Raises:
        OfferClosed: It is not on the list, or not valid now.
        NotInScope: It is not valid where the holder lives.
        WrongAudience: It is not for this wallet.
        NoSuchWallet: It is, and the person has no such wallet.
        OwnShop: The holder acts for that partner.
        OutOfStock: There is not enough left.
        LimitReached: The person's share of this month is used up.
        Deceased, UnknownPerson, MergedAway: Nothing may be redeemed for the caller.
    """
    if not 1 <= payload.qty <= MOST_QUANTITY:
        raise Invalid(
            field="qty",
            reason=said(
                ("份数应在 1 至 {most_quantity} 之间 / the quantity is 1 to {most_quantity}"),
                most_quantity=MOST_QUANTITY,
            ),
        )
    people.require_holder(tx)
    offer = records.get(tx.conn, offers, payload.offer_id)
    if offer.state != "PUBLISHED" or not offer.valid_from <= tx.now < offer.valid_to:
        raise OfferClosed(field="offer_id")
    rules.require_place(offer.scope, tx.actor.scope)
    rules.require_audience(offer.audience, payload.wallet)
    wallet, community = _wallet(tx, payload.wallet)
    _require_strangers(tx, offer.partner_id, payload.wallet)
    # From here the offer's row is ours: the limit is counted after it, so that two requests of
    # one person cannot both find room. The price may have changed since the first look; the sold
    # one is the locked.
    sold = offer_store.take_stock(tx.conn, payload.offer_id, payload.qty)
    if sold is None:
        if records.get(tx.conn, offers, payload.offer_id).state != "PUBLISHED":
            raise OfferClosed(field="offer_id")
        raise OutOfStock(field="qty")
    month = tx.calendar.period(tx.now)
    if sold.per_person_month is not None:
        used = store.used_this_month(tx.conn, sold.offer_id, tx.actor.id, month)
        if used + payload.qty > sold.per_person_month:
            raise LimitReached(field="qty", limit=sold.per_person_month, used=used)
    row = _enter(tx, payload, sold, wallet=wallet, community=community, month=month)
    if row.points == 0:
        return _reserve_free(tx, row)
    _ask_for_hold(tx, row)
    tx.arm(HOLD_TIMER, row.redemption_id, tx.now + rules.HOLD_RETRY)
    return reply(row, state="REQUESTED", version=1)


def _require_strangers(tx: Tx, partner_id: str, wallet: str) -> None:
    """Refuse a redemption at the holder's own shop.

    A household's points are those of all its adults, so none of them may act for the partner; of
    somebody's own points, not the holder, and somebody else must be there to verify them.

    Raises:
        OwnShop: It is.
    """
    home = partner_store.household_of(tx.conn, tx.actor.id)
    acting = set(partner_store.operators_of(tx.conn, partner_id))
    barred = home if wallet == "HH" else {tx.actor.id}
    if not acting.isdisjoint(barred) or acting <= home:
        raise OwnShop(field="offer_id")


def _wallet(tx: Tx, kind: str) -> tuple[str, str | None]:
    """Return the wallet's subject and the holder's community, as far as it is known."""
    if kind == "STW":
        # Whether it may be spent is credit's to say (NOT_SPENDABLE); whether it exists is ours.
        steward = partner_store.steward_of(
            tx.conn, tx.actor.id, left_after=tx.now - rules.LEFT_WALLET
        )
        if steward is None:
            raise NoSuchWallet(field="wallet", wallet=kind)
        return f"STW:{steward.steward_id}", steward.community
    scope = tx.actor.scope
    community = scope[:12] if len(scope) >= 12 else None
    # Which household the holder's is, and who may spend for it, is credit's to say.
    return (kind if kind == "HH" else f"RES:{tx.actor.id}"), community


def _enter(
    tx: Tx,
    payload: RequestRedemption,
    offer: Row,
    *,
    wallet: str,
    community: str | None,
    month: str,
) -> Row:
    points = offer.points_price * payload.qty
    redemption_id = tx.new_id("rdm")
    return records.create(
        tx,
        redemptions,
        step="request",
        redemption_id=redemption_id,
        number=records.next_number(tx, numbers, "DH", offer.area),
        wallet=wallet,
        holder=tx.actor.id,
        household_id=partner_store.home_of(tx.conn, tx.actor.id) if wallet == "HH" else None,
        partner_id=offer.partner_id,
        offer_id=offer.offer_id,
        terms=offer.terms,
        kind=offer.kind,
        qty=payload.qty,
        points=points,
        face_value_fen=offer.face_value_fen * payload.qty,
        settle_fen=points * offer.settle_fen_per_point,
        ttl_h=offer.voucher_ttl_h,
        area=offer.area,
        community=community,
        month=month,
        state="REQUESTED",
        version=1,
        created_at=tx.now,
    )


def _ask_for_hold(tx: Tx, row: Row) -> None:
    tx.publish(
        fact_of(events.RedemptionRequested, row),
        subject=row.redemption_id,
        scope=row.area,
        sequence=row.version,
    )


def _reserve_free(tx: Tx, row: Row) -> RedemptionReply:
    """A discount that costs no points needs no hold."""
    expires_at = tx.now + timedelta(hours=row.ttl_h)
    version = records.change(
        tx,
        redemptions,
        row,
        step="reserve",
        state="RESERVED",
        held_at=tx.now,
        expires_at=expires_at,
    ).version
    tx.arm(EXPIRY_TIMER, row.redemption_id, expires_at)
    notices.of_redemption(tx, "VOUCHER_WAITS", row, until=tx.calendar.minute(expires_at))
    return replace(reply(row, state="RESERVED", version=version), due=expires_at)


# --------------------------------------------------------------------------------------------------
# Leaving RESERVED: verify, cancel and expire compete for the row


def count_try(tx: Tx, payload: VerifyRedemption) -> None:
    """Count a try before it is made, in a transaction of its own.

    A refusal rolls its transaction back, so a count inside the verification would be lost; and
    counted afterwards, many parallel guesses could all be made before the first one counts. The
    verification forgets the tries when the voucher is right.

    Raises:
        TooManyTries: Five were wrong within the hour.
    """
    code = vouchers.cleaned(payload.voucher)
    row = records.find(tx.conn, redemptions, payload.redemption_id)
    # Only what could be a guess counts, and only of somebody who may guess at all: a stranger
    # must not be able to lock a holder's voucher.
    if row is None or tx.actor.role != "R_PARTNER" or not vouchers.is_plausible(code):
        return
    if not partner_store.is_operator(tx.conn, row.partner_id, tx.actor.id):
        return
    row = records.locked(tx.conn, redemptions, payload.redemption_id)
    if row.state != "RESERVED":
        return
    since = tx.now - vouchers.TRY_WINDOW
    if store.tries_since(tx.conn, row.redemption_id, since) >= vouchers.TRIES_PER_HOUR:
        raise TooManyTries(field="voucher")
    store.add_try(tx.conn, row.redemption_id, tx.actor.id, tx.now)


def verify_redemption(tx: Tx, payload: VerifyRedemption) -> RedemptionReply:
    """核销 / Verify.

    Redeem a voucher at the partner's desk.

    Raises:
        NotFound: There is no such redemption at a partner for which the caller acts.
        OperatorIsHolder: It is the operator's own, or of somebody of the same household.
        StateConflict: It was verified, cancelled or expired before.
        BadVoucher: The code is another.
        VoucherExpired: Its time is over.
        PartnerNotActive: The partner has stopped and does not honour open vouchers.
    """
    row = records.locked(tx.conn, redemptions, payload.redemption_id)
    if not partner_store.is_operator(tx.conn, row.partner_id, tx.actor.id):
        raise NotFound(kind="redemption", id=payload.redemption_id)
    if row.holder in partner_store.household_of(tx.conn, tx.actor.id):
        raise OperatorIsHolder
    records.require_state(row, "RESERVED")
    code = vouchers.cleaned(payload.voucher)
    keys = (tx.settings.voucher_key, *tx.settings.voucher_key_before)
    if not vouchers.is_plausible(code) or not any(
        vouchers.matches(key, row.redemption_id, code) for key in keys
    ):
        raise BadVoucher(field="voucher")
    if tx.now >= row.expires_at:
        raise VoucherExpired(field="voucher")
    partner = records.get(tx.conn, partners, row.partner_id)
    if partner.state != "ACTIVE" and not partner.winding_down:
        raise PartnerNotActive(state=partner.state)
    state = "REDEEMING" if row.points else "REDEEMED"
    version = records.change(
        tx,
        redemptions,
        row,
        step="verify",
        state=state,
        redeemed_at=tx.now,
        verified_by=tx.actor.id,
        captured_at=None if row.points else tx.now,
    ).version
    store.forget_tries(tx.conn, row.redemption_id)
    if row.points:
        tx.publish(
            fact_of(events.RedemptionRedeemed, row),
            subject=row.redemption_id,
            scope=row.area,
            sequence=version,
        )
    return reply(row, state=state, version=version)


def cancel_redemption(tx: Tx, payload: CancelRedemption) -> RedemptionReply:
    """取消 / Cancel.

    Give a reserved redemption up.

    Raises:
        NotFound: The caller neither holds it nor acts for its partner.
        ReasonNeeded: A partner gave no reason, or another than the two.
        StateConflict: It was verified, cancelled or expired before.
    """
    row = records.locked(tx.conn, redemptions, payload.redemption_id)
    if store.is_owner(tx.conn, row.redemption_id, tx.actor.id):
        by, reason = "HOLDER", "HOLDER"
    elif tx.actor.role == "R_PARTNER" and partner_store.is_operator(
        tx.conn, row.partner_id, tx.actor.id
    ):
        if payload.reason not in {"OUT_OF_STOCK", "CLOSED"}:
            raise ReasonNeeded(field="reason")
        by, reason = "PARTNER", payload.reason
    else:
        raise NotFound(kind="redemption", id=payload.redemption_id)
    # The state comes before the version: who lost the race is told that somebody was first.
    records.require_state(row, "RESERVED")
    tx.check_version(row.version)
    note = (payload.reason or "")[:500] if by == "HOLDER" else None
    return _give_up(tx, row, by=by, reason=reason, note=note)


def cancel_open(
    tx: Tx, *, by: str, reason: str, partner_id: str | None = None, holder: str | None = None
) -> int:
    """Give up every open redemption of a partner or a holder. Returns how many."""
    found = store.lock_open_of(tx.conn, partner_id=partner_id, holder=holder)
    for row in found:
        _give_up(tx, row, by=by, reason=reason)
    return len(found)


def _give_up(tx: Tx, row: Row, *, by: str, reason: str, note: str | None = None) -> RedemptionReply:
    """Begin the end of a locked redemption; without points it is the end."""
    state = "CANCELLING" if row.points else "CANCELLED"
    ended_at = None if row.points else tx.now
    version = records.change(
        tx,
        redemptions,
        row,
        step="cancel",
        state=state,
        note=note or reason,
        ended_by=by,
        reason=reason,
        ended_at=ended_at,
    ).version
    # Of one that was not reserved yet the partner knows nothing, and what it cancels it knows.
    if row.state == "RESERVED" and by != "PARTNER":
        notices.of_redemption(tx, "REDEMPTION_CANCELLED", row)
    if not row.points:
        offer_store.return_stock(tx.conn, [(row.offer_id, row.qty)])
    # That a partner could not deliver is a fact of its own, also where no points were held.
    if row.points or reason == "OUT_OF_STOCK":
        _publish_cancelled(tx, row, version, by=by, reason=reason)
    return reply(row, state=state, version=version)


def _publish_cancelled(
    tx: Tx, row: Row, version: int, *, by: str, reason: str, cause: Event | None = None
) -> None:
    tx.publish(
        fact_of(events.RedemptionCancelled, row, by=by, reason=reason),
        subject=row.redemption_id,
        scope=row.area,
        sequence=version,
        cause=cause,
    )


def expire(tx: Tx, due: Due) -> None:
    """End a voucher whose time is over; a timer that comes late or twice finds another state."""
    row = records.locked(tx.conn, redemptions, due.ref)
    if row.state != "RESERVED" or tx.now < row.expires_at:
        return
    state = "EXPIRING" if row.points else "EXPIRED"
    ended_at = None if row.points else tx.now
    version = records.change(
        tx,
        redemptions,
        row,
        step="expire",
        state=state,
        ended_by="SYSTEM",
        reason="EXPIRED",
        ended_at=ended_at,
    ).version
    notices.of_redemption(tx, "REDEMPTION_EXPIRED", row)
    if not row.points:
        offer_store.return_stock(tx.conn, [(row.offer_id, row.qty)])
        return
    tx.publish(
        fact_of(events.RedemptionExpired, row, by="SYSTEM", reason="EXPIRED"),
        subject=row.redemption_id,
        scope=row.area,
        sequence=version,
    )


def retry_hold(tx: Tx, due: Due) -> None:
    """Ask for the hold again, and give up after ten minutes.

    The same redemption id makes the hold idempotent; the event is a new one, because the inbox of
    credit would drop a repeated id unseen.
    """
    row = records.locked(tx.conn, redemptions, due.ref)
    if row.state != "REQUESTED":
        return
    if tx.now >= row.created_at + rules.HOLD_GIVE_UP:
        _give_up(tx, row, by="SYSTEM", reason="HOLD_TIMEOUT")
        return
    _ask_for_hold(tx, row)
    tx.arm(HOLD_TIMER, row.redemption_id, tx.now + rules.HOLD_RETRY)


# --------------------------------------------------------------------------------------------------
# What credit answers


def consume_points(tx: Tx, heard: Sequence[Event]) -> None:
    """Take credit's answers into effect, in the order in which they came.

    Args:
        tx: The transaction of the batch.
        heard: Facts about points; answers about redemptions that are not known are of no concern.
    """
    found = store.lock_many(tx.conn, [event.data.redemption_id for event in heard])
    changed: dict[str, dict[str, Any]] = {}
    steps: list[dict[str, Any]] = []
    stock: list[tuple[str, int]] = []
    for event in heard:
        row = found.get(event.data.redemption_id)
        if row is None:
            continue
        step = _take(tx, row, event)
        if step is None:
            continue
        row["version"] += 1
        row["state"] = step.state
        if step.stock_back:
            stock.append((row["offer_id"], row["qty"]))
        if step.ended:
            row["ended_at"] = tx.now
        if step.release:
            late = records.unsaved(row)
            _publish_cancelled(
                tx, late, late.version, by="SYSTEM", reason="HELD_TOO_LATE", cause=event
            )
        changed[row["redemption_id"]] = row
        name = event.fact.partition(".")[0]
        steps.append(history.entry(tx, redemptions, row, name))
    reserved = [
        (row, {"until": tx.calendar.minute(row["expires_at"])})
        for row in changed.values()
        if row["state"] == "RESERVED"
    ]
    notices.of_redemptions(tx, "VOUCHER_WAITS", reserved)
    store.save_steps(tx.conn, list(changed.values()))
    offer_store.return_stock(tx.conn, stock)
    records.note_all(tx, redemptions, steps)


def _take(tx: Tx, row: dict[str, Any], event: Event) -> rules.Step | None:
    """Return the step of one answer, and set what goes with it on the row in memory."""
    data, held_before = event.data, row["held_at"] is not None
    step: rules.Step | None = None
    if isinstance(data, events.PointsHeldHeard):
        step = rules.after_held(row["state"], held_before=held_before)
        if step is not None:
            row["held_at"] = tx.now
        if step is not None and step.state == "RESERVED":
            row["expires_at"] = tx.now + timedelta(hours=row["ttl_h"])
            tx.arm(EXPIRY_TIMER, row["redemption_id"], row["expires_at"])
    elif isinstance(data, events.HoldRejectedHeard):
        step = rules.after_rejected(row["state"], held_before=held_before)
        if step is not None and step.state == "REJECTED":
            row["ended_by"], row["reason"] = "CREDIT", data.reason[:60]
    elif isinstance(data, events.PointsCapturedHeard):
        step = rules.after_captured(row["state"])
        if step is not None:
            row["captured_at"] = tx.now
    elif isinstance(data, events.PointsReleasedHeard):
        step = rules.after_released(row["state"])
    elif isinstance(data, events.PointsRefundedHeard):
        step = rules.after_refunded(row["state"], back_before=row["points_back_at"] is not None)
        if step is not None:
            row["points_back_at"] = tx.now
    return step


# --------------------------------------------------------------------------------------------------
# Afterwards


def rate_redemption(tx: Tx, payload: RateRedemption) -> RedemptionReply:
    """评价 / Rate.

    Rate what was redeemed: once, within 14 days.

    Raises:
        NotFound: The caller does not hold it.
        StateConflict: It is not redeemed.
        AlreadyRated: It has a rating.
        OwnShop: Somebody of the holder's household acts for the partner.
        WindowOver: More than 14 days have passed.
    """
    if not 1 <= payload.stars <= 5:
        raise Invalid(field="stars", reason=said("评分应为 1 至 5 / a rating is 1 to 5"))
    row = records.locked(tx.conn, redemptions, payload.redemption_id)
    if row.holder != tx.actor.id:
        raise NotFound(kind="redemption", id=payload.redemption_id)
    records.require_state(row, "REDEEMING", "REDEEMED", "SETTLED")
    if row.stars is not None:
        raise AlreadyRated(field="stars")
    if partner_store.has_stake(tx.conn, row.partner_id, tx.actor.id):
        raise OwnShop(field="stars")
    until = row.redeemed_at + rules.RATING_WINDOW
    if tx.now >= until:
        raise WindowOver(until=tx.calendar.minute(until))
    version = records.change(
        tx,
        redemptions,
        row,
        step="rate",
        note=str(payload.stars),
        stars=payload.stars,
        rated_at=tx.now,
    ).version
    return reply(row, state=row.state, version=version)
