"""Points: holding, capturing, releasing and refunding for partner's redemptions; releasing,
reversing and expiring; the district's budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fivered.chassis.bus import new_uuid
from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import Refusal
from fivered.services.credit import errors, events
from fivered.services.credit.actions import telling
from fivered.services.credit.rules import ledger as rules
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import ledger as store
from fivered.services.credit.storage import registry, voices

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Event, Tx

# How partner names the wallet of the holder's household, whichever that is.
HOUSEHOLD = "HH"
# Why a step of a redemption is refused that does not fit the state of its hold. Partner asks for a
# hold and for its release again, each time as another event, until it is answered: such a question
# is answered as it stands. That points were captured or refunded it says once; another message that
# says so again is none of its retries, and is refused.
_NOT_TO_CAPTURE: dict[str, type[Refusal]] = {
    "CAPTURED": errors.CapturedTwice,
    "RELEASED": errors.AlreadyReleased,
    "REFUNDED": errors.AlreadyRefunded,
}
_NOT_TO_RELEASE: dict[str, type[Refusal]] = {
    "CAPTURED": errors.AlreadyCaptured,
    "REFUNDED": errors.AlreadyRefunded,
}
_NOT_TO_REFUND: dict[str, type[Refusal]] = {
    "HELD": errors.NotCaptured,
    "RELEASED": errors.AlreadyReleased,
    "REFUNDED": errors.RefundedTwice,
}
# The member of the question that is at fault, where it is not the redemption itself.
_FIELDS = {
    errors.InsufficientPoints.code: "points",
    errors.NotSpendable.code: "wallet",
    errors.NoWallet.code: "wallet",
    errors.NotAMember.code: "wallet",
    errors.ConsentWithdrawn.code: "wallet",
    errors.HolderDeceased.code: "holder",
}
NOTHING: Mapping[str, type[Refusal]] = MappingProxyType({})
_EXPIRY_BATCH = 500
DISTRICT_DEFAULT = "370811"


def district_of(area: str | None) -> str:
    """Return the district of an area; a subject whose place is not known yet counts in our own."""
    return (area or DISTRICT_DEFAULT)[:6]


def lines_of(
    posting: rules.Posting, *, period: str = "", shard: int = 0, enforced: bool = True
) -> tuple[store.Line, ...]:
    """Return a posting of the rules as lines of the database.

    Args:
        posting: Balanced.
        period: Month of its PENDING lines.
        shard: Part of the issuance account: one hot row per partition instead of one for all.
        enforced: False leaves out the budget's lines (they balance among themselves), where a
            district has never granted any.
    """
    found = []
    for account, points in posting.lines:
        head, _, tail = account.rpartition(":")
        if head.startswith("SYS:"):
            name = head[4:]
            if not enforced and name in (rules.BUDGET, rules.FUNDING):
                continue
            part = shard if name == rules.ISSUANCE else 0
            found.append(store.Line(store.system_account(name, tail, part), "SYSTEM", points))
        else:
            found.append(store.Line(head, tail, points, period if tail == rules.PENDING else ""))
    return tuple(found)


def posted(
    posting: rules.Posting,
    *,
    ref: str,
    subject_id: str,
    at: datetime,
    deed_at: datetime | None = None,
    period: str = "",
    shard: int = 0,
    enforced: bool = True,
) -> store.Posting:
    """Return a posting as it is stored.

    Args:
        posting: Of the rules.
        ref: What it is about.
        subject_id: Whom it is about.
        at: When it is posted.
        deed_at: When what it is about was done, in whose month it counts; default `at`.
        period: Month of its PENDING lines.
        shard: Part of the issuance account.
        enforced: See `lines_of`.
    """
    lines = lines_of(posting, period=period, shard=shard, enforced=enforced)
    month = Calendar.period(deed_at or at)
    return store.Posting(posting.kind, ref, subject_id, month, at, lines, deed_at)


# --------------------------------------------------------------------------------------------------
# The saga's side of credit: partner owns the redemption, credit answers


def redemptions(tx: Tx, heard: Sequence[Event]) -> None:
    """Answer what partner says about redemptions and statements, in order.

    The wallets of the whole batch are locked first and in one order, so that two batches that
    meet at the same wallets wait for each other and never in a circle.
    """
    asked = [event for event in heard if not isinstance(event.data, events.PartnerSettledHeard)]
    wallets = _wallets(tx, asked)
    wanted = {f"PTN:{event.data.partner_id}" for event in heard} | set(wallets.values())
    store.lock_wallets(tx.conn, wanted - {HOUSEHOLD})
    for told in heard:
        if isinstance(told.data, events.PartnerSettledHeard):
            _settle(tx, told)
            continue
        event = replace(told, data=replace(told.data, wallet=wallets[told.id]))
        known = store.hold(tx.conn, event.data.redemption_id)
        differs = _differs(event, known) if known is not None else None
        if differs is not None:
            # One id, two contents: nothing tells which one is meant, so nothing is done.
            _reject(tx, event, errors.HoldDiffers.code, known.version, differs)
            continue
        _ANSWERS[type(event.data)](tx, event, known)


def _wallets(tx: Tx, asked: Sequence[Event]) -> dict[str, str]:
    """Return the wallet that each question is about, by the question's id.

    Partner knows persons, not households: which household is meant follows, when points are to be
    held, from where the registry says that the holder lives; afterwards from the hold. A person
    who was registered twice has the wallet of the id that was kept.
    """
    persons = {_person(event) for event in asked} - {None}
    kept = registry.merged(tx.conn, [person for person in persons if person])
    held = {
        redemption_id: wallet
        for redemption_id, wallet in store.wallets_held(
            tx.conn, [event.data.redemption_id for event in asked]
        ).items()
        if wallet.startswith(HOUSEHOLD)
    }
    found: dict[str, str] = {}
    for event in asked:
        wallet, person = str(event.data.wallet), _person(event)
        if wallet == HOUSEHOLD:
            redemption_id = event.data.redemption_id
            if redemption_id not in held and person is not None:
                row = registry.person(tx.conn, kept.get(person, person))
                home = row.household_id if row is not None else None
                held[redemption_id] = f"{HOUSEHOLD}:{home}" if home else HOUSEHOLD
            wallet = held.get(redemption_id, HOUSEHOLD)
        elif person in kept and wallet == f"RES:{person}":
            wallet = f"RES:{kept[person]}"
        found[event.id] = wallet
    return found


def _person(event: Event) -> str | None:
    """Return whom a question names: the holder, or whose wallet it is."""
    kind, _, ref = event.data.wallet.partition(":")
    return ref if kind == "RES" else getattr(event.data, "holder", None)


def _differs(event: Event, known: Any) -> str | None:
    """Return the first member in which a question differs from its hold, or None."""
    asked = event.data
    for name, said, held in (
        ("wallet", asked.wallet, known.subject_id),
        ("partner_id", asked.partner_id, known.partner_id),
        ("points", asked.points, known.points),
    ):
        if said != held:
            return name
    return None


def _hold(tx: Tx, event: Event, known: Any) -> None:
    asked = event.data
    if known is not None:
        _say_again(tx, event, known)
        return
    subject = registry.subject(tx.conn, asked.wallet)
    reason = _why_not(tx, event, subject)
    split: rules.Split = ()
    if reason is None:
        lots = [
            rules.Lot(str(lot.lot_id), lot.period, lot.left, lot.expires_at)
            for lot in store.open_lots(tx.conn, asked.wallet)
            if lot.expires_at > event.occurred_at
        ]
        try:
            split = rules.choose_lots(lots, asked.points)
        except errors.InsufficientPoints as refused:
            # In a subscription a refusal is an outcome: it is told, and the batch commits.
            reason = refused.code
    store.add_hold(
        tx.conn,
        {
            "hold_id": asked.redemption_id,
            "subject_id": asked.wallet,
            "partner_id": asked.partner_id,
            "points": asked.points,
            "state": "REFUSED" if reason else "HELD",
            "reason": reason,
            "split": [list(part) for part in split],
            "held_at": event.occurred_at,
            "ended_at": event.occurred_at if reason else None,
            "version": 1,
        },
    )
    if reason is not None:
        _reject(tx, event, reason, 1)
        return
    store.take_from_lots(tx.conn, split)
    _post(tx, event, rules.hold(asked.wallet, asked.points))
    _answer(tx, event, events.PointsHeld, 1)


def _why_not(tx: Tx, event: Event, subject: Any) -> str | None:
    asked = event.data
    holder = registry.kept(tx.conn, asked.holder)
    if registry.has_died(tx.conn, holder):
        return errors.HolderDeceased.code
    household = asked.wallet.partition(":")[0] == HOUSEHOLD
    if household and not voices.speaks_for(tx.conn, asked.wallet, holder, tx.now):
        return errors.NotAMember.code
    if household and voices.is_suspended(tx.conn, asked.wallet):
        return errors.ConsentWithdrawn.code
    if subject is None and not household:
        return errors.NoWallet.code
    if asked.points < 1 or subject is None:
        return errors.InsufficientPoints.code
    if not subject.spendable or not (household or subject.holder == holder):
        return errors.NotSpendable.code
    until = subject.spendable_until
    if until is not None and event.occurred_at >= until:
        person = subject.kind in PERSONS
        return errors.ConsentWithdrawn.code if person else errors.NotSpendable.code
    return None


def _capture(tx: Tx, event: Event, known: Any) -> None:
    known = known or _never_held(tx, event)
    if known.state != "HELD":
        _say_again(tx, event, known, _NOT_TO_CAPTURE)
        return
    _end(tx, event, known, "CAPTURED")
    partner = f"PTN:{known.partner_id}"
    _post(tx, event, rules.capture(known.subject_id, partner, known.points))
    _answer(tx, event, events.PointsCaptured, known.version + 1)


def _release(tx: Tx, event: Event, known: Any) -> None:
    if known is None:
        # The request for the hold has not come yet, or never will: a tombstone refuses it.
        store.add_hold(tx.conn, _tombstone(event))
        _answer(tx, event, events.PointsReleased, 1)
        return
    if known.state != "HELD":
        _say_again(tx, event, known, _NOT_TO_RELEASE)
        return
    _end(tx, event, known, "RELEASED")
    _restore(tx, known, event.occurred_at)
    _post(tx, event, rules.release_hold(known.subject_id, known.points))
    _answer(tx, event, events.PointsReleased, known.version + 1)
    if event.data.by != "HOLDER":
        _tell(tx, "REDEMPTION_ENDED", known, reason=event.data.reason or "EXPIRED")


def _refund(tx: Tx, event: Event, known: Any) -> None:
    known = known or _never_held(tx, event)
    if known.state != "CAPTURED":
        _say_again(tx, event, known, _NOT_TO_REFUND)
        return
    posting = _refund_of(tx, event, known)
    if posting is None:
        # What the partner was paid for already cannot be taken out of its receivable again.
        _reject(tx, event, errors.InsufficientPoints.code, known.version)
        return
    _end(tx, event, known, "REFUNDED")
    _restore(tx, known, event.occurred_at)
    _post(tx, event, posting)
    _answer(tx, event, events.PointsRefunded, known.version + 1)
    _tell(tx, "REDEMPTION_REFUNDED", known)


def _refund_of(tx: Tx, event: Event, known: Any) -> rules.Posting | None:
    """Return the posting of a refund, or None where the partner has not enough open points."""
    if event.data.borne_by == "DISTRICT":
        return rules.refund_by_district(district_of(event.scope), known.subject_id, known.points)
    partner = f"PTN:{known.partner_id}"
    owed = store.lock_wallets(tx.conn, [partner])[partner].receivable
    return rules.refund(known.subject_id, partner, known.points) if owed >= known.points else None


def refund_denied(tx: Tx, event: Event) -> None:
    """Tell whose points they were that they do not come back."""
    known = store.hold(tx.conn, event.data.redemption_id)
    # A discount that cost no points was never held here.
    if known is not None:
        _tell(tx, "REFUND_DENIED", known, number=event.data.number)


def _tell(tx: Tx, code: str, known: Any, **detail: Any) -> None:
    """Tell whose points they are that they are back; it was done by others."""
    telling.tell(
        tx, code, subject_id=known.subject_id, ref=known.hold_id, points=known.points, **detail
    )


def _end(tx: Tx, event: Event, known: Any, state: str) -> None:
    store.end_hold(
        tx.conn,
        known.hold_id,
        state=state,
        version=known.version + 1,
        at=event.occurred_at,
        event_id=event.id,
    )


def _settle(tx: Tx, event: Event) -> None:
    paid = event.data
    if paid.points == 0 or store.is_posted(tx.conn, "SETTLE", paid.statement_id):
        return
    partner = f"PTN:{paid.partner_id}"
    posting = rules.settle(district_of(event.scope), partner, paid.points)
    store.post(
        tx.conn,
        [
            posted(
                posting,
                ref=paid.statement_id,
                subject_id=partner,
                at=tx.now,
                deed_at=event.occurred_at,
            )
        ],
    )


_ANSWERS = {
    events.RedemptionRequestedHeard: _hold,
    events.RedemptionRedeemedHeard: _capture,
    events.RedemptionCancelledHeard: _release,
    events.RedemptionExpiredHeard: _release,
    events.RedemptionRefundedHeard: _refund,
}


def _never_held(tx: Tx, event: Event) -> Any:
    """Leave a tombstone and return it: partner says nothing about a redemption before its request,
    so a hold that comes after this was never meant."""
    store.add_hold(tx.conn, _tombstone(event))
    return store.hold(tx.conn, event.data.redemption_id)


def _tombstone(event: Event) -> dict[str, Any]:
    asked = event.data
    return {
        "hold_id": asked.redemption_id,
        "subject_id": asked.wallet,
        "partner_id": asked.partner_id,
        "points": asked.points,
        "state": "TOMBSTONE",
        "reason": errors.HoldWithdrawn.code,
        "split": [],
        "held_at": event.occurred_at,
        "ended_at": event.occurred_at,
        "version": 1,
    }


def _restore(tx: Tx, known: Any, at: datetime) -> None:
    """Give a hold's points back to their lots; those near their end live 30 days more."""
    stored = store.lots_by_id(tx.conn, [lot_id for lot_id, _ in known.split])
    back, extended = [], []
    for lot_id, points in known.split:
        lot = stored[lot_id]
        expires_at = rules.restored_expiry(lot.expires_at, at)
        if expires_at == lot.expires_at:
            back.append((lot_id, points))
        else:
            extended.append(
                {
                    "lot_id": new_uuid(),
                    "subject_id": known.subject_id,
                    "period": lot.period,
                    "points": points,
                    "left": points,
                    "expires_at": expires_at,
                    "made_at": at,
                }
            )
    store.give_to_lots(tx.conn, back)
    store.add_lots(tx.conn, extended)


def _post(tx: Tx, event: Event, posting: rules.Posting) -> None:
    store.post(
        tx.conn,
        [
            posted(
                posting,
                ref=event.data.redemption_id,
                subject_id=event.data.wallet,
                at=tx.now,
                deed_at=event.occurred_at,
            )
        ],
    )


def _say_again(
    tx: Tx, event: Event, known: Any, refusals: Mapping[str, type[Refusal]] = NOTHING
) -> None:
    """Answer a repeated question as it stands: the first answer may have been lost. Refuse what
    does not fit.

    Args:
        tx: The transaction.
        event: The question.
        known: The hold.
        refusals: State of the hold -> why the question does not fit it.
    """
    if known.state in ("REFUSED", "TOMBSTONE"):
        _reject(tx, event, known.reason or errors.HoldWithdrawn.code, known.version)
        return
    refused = refusals.get(known.state)
    if refused is not None and str(known.ended_event) != str(event.id):
        _reject(tx, event, refused.code, known.version)
        return
    fact = {
        "HELD": events.PointsHeld,
        "CAPTURED": events.PointsCaptured,
        "RELEASED": events.PointsReleased,
        "REFUNDED": events.PointsRefunded,
    }[known.state]
    _answer(tx, event, fact, known.version)


def _answer(tx: Tx, event: Event, fact: Any, version: int) -> None:
    asked = event.data
    tx.publish(
        fact(asked.redemption_id, asked.wallet, asked.points),
        subject=asked.redemption_id,
        scope=event.scope,
        sequence=version,
        occurred_at=event.occurred_at,
        cause=event,
    )


def _reject(tx: Tx, event: Event, reason: str, version: int, at: str = "redemption_id") -> None:
    asked = event.data
    member = _FIELDS.get(reason, at)
    tx.publish(
        events.HoldRejected(asked.redemption_id, asked.wallet, asked.points, reason, member),
        subject=asked.redemption_id,
        scope=event.scope,
        sequence=version,
        occurred_at=event.occurred_at,
        cause=event,
    )


# --------------------------------------------------------------------------------------------------
# Releasing and reversing


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did: points per subject, and what stayed PENDING for lack of funds."""

    points: dict[str, int]
    unfunded: int


def release_month(
    tx: Tx, *, period: str, district: str, subject_ids: Sequence[str], ref: str
) -> Released:
    """Make the PENDING points of a month spendable for subjects whose entry is final.

    Where the district has granted a budget, a subject whose points it does not cover keeps them
    PENDING; the score is not touched (ruling 8). Subjects are served in the order of their ids.
    """
    due = store.pendings_for(tx.conn, period, sorted(set(subject_ids)))
    if not due:
        return Released({}, 0)
    store.lock_wallets(tx.conn, due)
    debts = store.open_debts(tx.conn, list(due))
    account = store.system_account(rules.BUDGET, district)
    left = store.budget(tx.conn, account)
    released: dict[str, int] = {}
    unfunded = 0
    postings, lots, repaid = [], [], []
    expires_at = rules.lot_expiry(period)
    for subject_id, points in due.items():
        owed = sum(debt.left for debt in debts.get(subject_id, ()))
        if left is not None and not rules.funded(left, points, owed):
            unfunded += points
            continue
        done = rules.release(district, subject_id, points, owed)
        left = None if left is None else left - done.lot
        repaid += _oldest_first(debts.get(subject_id, ()), done.repaid)
        lots.append(
            {
                "lot_id": new_uuid(),
                "subject_id": subject_id,
                "period": period,
                "points": done.lot,
                "left": done.lot,
                "expires_at": expires_at,
                "made_at": tx.now,
            }
        )
        postings.append(
            posted(
                done.posting,
                ref=ref,
                subject_id=subject_id,
                at=tx.now,
                period=period,
                enforced=left is not None,
            )
        )
        released[subject_id] = points
    store.add_lots(tx.conn, lots)
    store.repay(tx.conn, repaid)
    store.post(tx.conn, postings)
    return Released(released, unfunded)


def _oldest_first(debts: Sequence[Any], points: int) -> list[tuple[str, int]]:
    parts = []
    for debt in debts:
        part = min(debt.left, points)
        if part:
            parts.append((str(debt.debt_id), part))
            points -= part
    return parts


def reverse_points(
    tx: Tx,
    *,
    subject_id: str,
    area: str | None,
    award_id: str,
    points: int,
    points_period: str,
    shard: int = 0,
) -> None:
    """Take back points of an award: PENDING of its month, then what is spendable, then a debt.

    Points of an id that was given up are the kept one's, as soon as their month has released them.
    """
    if points == 0:
        return
    # Months before wallets, as everywhere: a release locks them in that order too.
    pending = store.pending_of(tx.conn, subject_id).get(points_period, 0)
    if pending < points and (kept := registry.account_of(tx.conn, subject_id)) != subject_id:
        subject_id, pending = kept, 0
    store.lock_wallets(tx.conn, [subject_id])
    stored = store.open_lots(tx.conn, subject_id)
    lots = [rules.Lot(str(lot.lot_id), lot.period, lot.left, lot.expires_at) for lot in stored]
    own = next((lot.lot_id for lot in lots if lot.period == points_period), None)
    district = district_of(area)
    taken = rules.reverse(district, subject_id, points, pending=pending, lots=lots, own_lot=own)
    enforced = store.budget(tx.conn, store.system_account(rules.BUDGET, district)) is not None
    store.take_from_lots(tx.conn, taken.lots)
    if taken.owed:
        store.add_debt(tx.conn, subject_id, tx.calendar.period(tx.now), taken.owed)
    store.post(
        tx.conn,
        [
            posted(
                taken.posting,
                ref=award_id,
                subject_id=subject_id,
                at=tx.now,
                period=points_period,
                shard=shard,
                enforced=enforced,
            )
        ],
    )


# --------------------------------------------------------------------------------------------------
# Expiry


def expire_points(tx: Tx, due: Due) -> None:
    """Expire lots whose time is over, and what a withdrawn consent left behind for 90 days.

    All lots of a month end at the same instant: they are taken some at a time, each in a
    transaction of its own, so that no holder waits for those of a whole district.
    """
    _expire_wallets_of_leavers(tx)
    lots = store.expiring(tx.conn, tx.now, _EXPIRY_BATCH)
    expire_lots(tx, lots)
    if len(lots) == _EXPIRY_BATCH:
        tx.arm("expire_points", due.ref, due.due_at)
        return
    _write_off(tx)


def _expire_wallets_of_leavers(tx: Tx) -> None:
    for found in registry.grace_over(tx.conn, tx.now):
        # A person who has consented again meanwhile keeps the points.
        subject = registry.known_subject(tx.conn, found.subject_id, lock=True)
        if subject.spendable_until is None or subject.spendable_until > tx.now:
            continue
        store.lock_wallets(tx.conn, [subject.subject_id])
        expire_lots(tx, store.open_lots(tx.conn, subject.subject_id))
        # Who has given up POINTS only is scored on.
        if not registry.consented(tx.conn, [subject.subject_id], "SCORING"):
            registry.change_subject(tx.conn, subject.subject_id, state="CLOSED", closed_at=tx.now)


def expire_lots(tx: Tx, lots: Sequence[Any]) -> None:
    """Post EXPIRE for what is left of lots.

    The wallets are locked before the lots are read again: a hold may have taken from them.
    """
    if not lots:
        return
    owners = {lot.subject_id for lot in lots}
    store.lock_wallets(tx.conn, owners)
    areas = registry.subjects(tx.conn, owners)
    fresh = store.lots_by_id(tx.conn, [str(lot.lot_id) for lot in lots])
    left = [lot for lot in fresh.values() if lot.left > 0]
    store.take_from_lots(tx.conn, [(str(lot.lot_id), lot.left) for lot in left])
    store.post(
        tx.conn,
        [
            posted(
                rules.expire(
                    district_of(getattr(areas.get(lot.subject_id), "area", None)),
                    lot.subject_id,
                    lot.left,
                ),
                ref=str(lot.lot_id),
                subject_id=lot.subject_id,
                at=tx.now,
            )
            for lot in left
        ],
    )
    gone: Counter[str] = Counter()
    for lot in left:
        gone[lot.subject_id] += lot.left
    last = voices.last_adults(tx.conn, gone)
    for subject_id, points in sorted(gone.items()):
        whom = {"person_id": last[subject_id]} if subject_id in last else {"subject_id": subject_id}
        telling.tell(tx, "POINTS_EXPIRED", subject=subject_id, points=points, **whom)


def _write_off(tx: Tx) -> None:
    limit = rules.forgiven_until(tx.calendar.period(tx.now))
    debts = store.old_debts(tx.conn, limit)
    if not debts:
        return
    owners = {debt.subject_id for debt in debts}
    store.lock_wallets(tx.conn, owners)
    # A release may have repaid some of them before the lock was ours.
    debts = [debt for debt in store.old_debts(tx.conn, limit) if debt.subject_id in owners]
    areas = registry.subjects(tx.conn, owners)
    store.repay(tx.conn, [(str(debt.debt_id), debt.left) for debt in debts])
    store.post(
        tx.conn,
        [
            posted(
                rules.write_off(
                    district_of(getattr(areas.get(debt.subject_id), "area", None)),
                    debt.subject_id,
                    debt.left,
                ),
                ref=str(debt.debt_id),
                subject_id=debt.subject_id,
                at=tx.now,
            )
            for debt in debts
        ],
    )


def next_expiry_run(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (ref, instant) of the next daily run: 00:30 local."""
    today = calendar.at(calendar.local_date(now), 0, 30)
    at = today if today > now else today + timedelta(days=1)
    return calendar.local_date(at).isoformat(), at
