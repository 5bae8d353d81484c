"""Postings of the points ledger: lines that sum to zero; lots, holds and what they expire to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import Invalid, said
from fivered.services.credit.errors import InsufficientPoints

PENDING: Final = "PENDING"
AVAILABLE: Final = "AVAILABLE"
HELD: Final = "HELD"
CLAWBACK: Final = "CLAWBACK"
RECEIVABLE: Final = "RECEIVABLE"
ISSUANCE: Final = "ISSUANCE"
EXPIRED: Final = "EXPIRED"
SETTLED: Final = "SETTLED"
BUDGET: Final = "BUDGET"
FUNDING: Final = "FUNDING"

RESTORED_LOT_LIFE: Final = timedelta(days=30)
CLAWBACK_PERIODS: Final = 12

Line = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Posting:
    """An immutable set of signed lines (account, points) that sum to zero."""

    kind: str
    lines: tuple[Line, ...]


def account(subject: str, name: str) -> str:
    """Return the account of a subject, e.g. "RES:per_1:AVAILABLE"."""
    return f"{subject}:{name}"


def system(name: str, district: str) -> str:
    """Return an account of the system, e.g. "SYS:ISSUANCE:370811"."""
    return f"SYS:{name}:{district}"


def posting(kind: str, *lines: Line) -> Posting:
    """Return a posting of the lines that are not 0.

    Raises:
        ValueError: The lines do not sum to zero, or fewer than two are left: an error of ours.
    """
    kept = tuple(line for line in lines if line[1])
    if len(kept) < 2 or sum(points for _, points in kept) != 0:
        raise ValueError(f"{kind} does not balance: {lines}")
    return Posting(kind, kept)


def fund(district: str, points: int) -> Posting:
    """The district grants money for points (ruling 8)."""
    return posting("FUND", (system(FUNDING, district), -points), (system(BUDGET, district), points))


def award(district: str, subject: str, points: int) -> Posting:
    """Points of an award; they stay PENDING until their month is final."""
    return posting(
        "AWARD", (system(ISSUANCE, district), -points), (account(subject, PENDING), points)
    )


@dataclass(frozen=True, slots=True)
class Release:
    """What a release does: the posting, what repays a claw-back, and what the new lot holds."""

    posting: Posting
    repaid: int
    lot: int


def release(district: str, subject: str, points: int, owed: int) -> Release:
    """Points of a final month become spendable.

    At most half of them, rounded down, repays what is owed. Only what becomes spendable draws on
    the budget: what is repaid was paid for when it was spent.

    Args:
        district: The district that funds.
        subject: Whose points.
        points: All PENDING points of the month, at least 1.
        owed: What the subject owes, a positive number or 0.
    """
    repaid = min(owed, points // 2)
    lot = points - repaid
    return Release(
        posting(
            "RELEASE",
            (account(subject, PENDING), -points),
            (account(subject, AVAILABLE), lot),
            (account(subject, CLAWBACK), repaid),
            (system(BUDGET, district), -lot),
            (system(FUNDING, district), lot),
        ),
        repaid,
        lot,
    )


def funded(budget: int, points: int, owed: int) -> bool:
    """Tell whether the budget covers a release; if not, the points stay PENDING (ruling 8)."""
    return points - min(owed, points // 2) <= budget


def hold(subject: str, points: int) -> Posting:
    """Points are set aside for a redemption."""
    return posting("HOLD", (account(subject, AVAILABLE), -points), (account(subject, HELD), points))


def capture(subject: str, partner: str, points: int) -> Posting:
    """Held points go to the partner who served."""
    return posting(
        "CAPTURE", (account(subject, HELD), -points), (account(partner, RECEIVABLE), points)
    )


def release_hold(subject: str, points: int) -> Posting:
    """Held points return to their owner."""
    return posting(
        "RELEASE_HOLD", (account(subject, HELD), -points), (account(subject, AVAILABLE), points)
    )


def refund(subject: str, partner: str, points: int) -> Posting:
    """Captured points return from the partner to their owner."""
    return posting(
        "REFUND", (account(partner, RECEIVABLE), -points), (account(subject, AVAILABLE), points)
    )


def refund_by_district(district: str, subject: str, points: int) -> Posting:
    """Points that were burnt return to their owner: the partner has left."""
    return posting(
        "REFUND", (system(SETTLED, district), -points), (account(subject, AVAILABLE), points)
    )


def settle(district: str, partner: str, points: int) -> Posting:
    """A statement is paid: the partner's points are burnt."""
    return posting(
        "SETTLE", (account(partner, RECEIVABLE), -points), (system(SETTLED, district), points)
    )


def expire(district: str, subject: str, points: int) -> Posting:
    """What is left of a lot expires."""
    return posting(
        "EXPIRE", (account(subject, AVAILABLE), -points), (system(EXPIRED, district), points)
    )


def write_off(district: str, subject: str, points: int) -> Posting:
    """A claw-back that is 12 periods old is forgiven."""
    return posting(
        "WRITE_OFF", (account(subject, CLAWBACK), points), (system(ISSUANCE, district), -points)
    )


# --------------------------------------------------------------------------------------------------
# Lots


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one release that expire together."""

    lot_id: str
    period: str
    left: int
    expires_at: datetime


Split = tuple[tuple[str, int], ...]


def lot_expiry(period: str) -> datetime:
    """Return when a lot of a period expires: points of year Y live until Y+2 begins (local)."""
    return Calendar.midnight(date(int(period[:4]) + 2, 1, 1))


def restored_expiry(original: datetime, released_at: datetime) -> datetime:
    """Return when points expire that a hold or a refund gives back: never sooner than 30 days."""
    return max(original, released_at + RESTORED_LOT_LIFE)


def choose_lots(lots: Iterable[Lot], points: int) -> Split:
    """Return (lot, points) that pay `points`: earliest expiry first, then the earliest lot.

    Args:
        lots: Open lots of the payer, locked by the caller.
        points: At least 1.

    Raises:
        InsufficientPoints: The lots hold less. Nothing has changed.
    """
    ordered = sorted(lots, key=lambda lot: (lot.expires_at, lot.period, lot.lot_id))
    split, missing = [], points
    for lot in ordered:
        taken = min(lot.left, missing)
        if taken > 0:
            split.append((lot.lot_id, taken))
            missing -= taken
    if missing:
        raise InsufficientPoints(available=points - missing, needed=points, field="points")
    return tuple(split)


@dataclass(frozen=True, slots=True)
class Reversal:
    """What a reversal does: the posting, what leaves which lot, and what is owed now."""

    posting: Posting
    pending: int
    lots: Split
    owed: int


def reverse(
    district: str,
    subject: str,
    points: int,
    *,
    pending: int,
    lots: Sequence[Lot],
    own_lot: str | None = None,
) -> Reversal:
    """Take back points of an award: its own PENDING first, then AVAILABLE, the rest is owed.

    Held points are not touched: a redemption under way is never broken.

    Args:
        district: The district that issued them.
        subject: Whose points.
        points: At least 1.
        pending: What of this award is still PENDING.
        lots: Open lots of the subject, locked by the caller.
        own_lot: The lot into which the award was released; it is drawn on first, then newest lots.

    Returns:
        The posting; what leaves the lots was paid from the budget and returns to it.
    """
    from_pending = min(points, pending)
    missing = points - from_pending
    newest = sorted(lots, key=lambda lot: (lot.period, lot.lot_id), reverse=True)
    newest.sort(key=lambda lot: lot.lot_id != own_lot)
    split = []
    for lot in newest:
        taken = min(lot.left, missing)
        if taken > 0:
            split.append((lot.lot_id, taken))
            missing -= taken
    from_lots = sum(taken for _, taken in split)
    return Reversal(
        posting(
            "REVERSE",
            (account(subject, PENDING), -from_pending),
            (account(subject, AVAILABLE), -from_lots),
            (account(subject, CLAWBACK), -missing),
            (system(ISSUANCE, district), points),
            (system(BUDGET, district), from_lots),
            (system(FUNDING, district), -from_lots),
        ),
        from_pending,
        tuple(split),
        missing,
    )


def forgiven_until(period: str) -> str:
    """Return the last period of whose claw-backs the rest is forgiven in another: 12 before it."""
    return Calendar.next_period(period, -CLAWBACK_PERIODS)


# A posting bears the time at which its transaction began; no transaction is open for longer.
SETTLES = timedelta(minutes=1)


def past_of(at: datetime | None, now: datetime) -> datetime | None:
    """Return the past time as of which the lines are asked for; None for as they are now.

    Raises:
        Invalid: It is so near that what began before it may still be being written: the same
            question would be answered otherwise a moment later.
    """
    if at is None or at >= now:
        return None
    if at > now - SETTLES:
        raise Invalid(
            field="at",
            reason=said(
                "请取至少一分钟以前的时间,或不填(现在) / take a time a minute ago or earlier, or "
                "leave it out (now)"
            ),
        )
    return at
