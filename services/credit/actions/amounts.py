"""What an award gives: its points are posted, and other amounts are stored for it later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from fivered.chassis.bus import new_uuid
from fivered.chassis.records import Row
from fivered.services.credit.actions import ledger, months
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules.award import Award
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage import ledger as points
from fivered.services.credit.storage import settlement as month_settlements
from fivered.services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx


@dataclass(frozen=True, slots=True)
class Gain:
    """Points that an award brings.

    Attributes:
        period: The month whose settlement releases them.
        deed_at: When the deed was done.
        area: The subject's; its district issues them.
        shard: Part of the issuance account.
    """

    award_id: str
    subject_id: str
    period: str
    deed_at: datetime
    points: int
    area: str | None
    shard: int = 0


class Change(NamedTuple):
    """Other amounts for a stored award."""

    award: Row
    score: int
    points: int
    capped: bool


def post_points(tx: Tx, gains: Iterable[Gain]) -> None:
    """Post what awards bring; it stays PENDING until its month is final."""
    points.earn(
        tx.conn,
        [
            points.Earned(
                posting_id=new_uuid(),
                award_id=gain.award_id,
                subject_id=gain.subject_id,
                period=gain.period,
                posted_at=tx.now,
                deed_at=gain.deed_at,
                issuance=points.system_account(
                    "ISSUANCE", ledger.district_of(gain.area), gain.shard
                ),
                points=gain.points,
            )
            for gain in gains
            if gain.points > 0
        ],
    )


def post_new(tx: Tx, fresh: Iterable[Award]) -> None:
    """Post the points of new awards that are approved."""
    post_points(
        tx,
        [
            Gain(
                award.award_id,
                award.subject_id,
                award.points_period,
                award.occurred_at,
                award.points,
                award.area,
                award.shard,
            )
            for award in fresh
            if award.points > 0 and award.state == "APPROVED"
        ],
    )


def gain_of(award: Row, amount: int, *, period: str | None = None) -> Gain:
    """Return points that a stored award brings, in its own month or in another."""
    return Gain(
        str(award.award_id),
        award.subject_id,
        period or award.points_period,
        award.occurred_at,
        amount,
        award.area,
        award.shard,
    )


def take_points(tx: Tx, award: Row | Award, amount: int) -> None:
    """Take points of an award back."""
    ledger.reverse_points(
        tx,
        subject_id=award.subject_id,
        area=award.area,
        award_id=str(award.award_id),
        points=amount,
        points_period=award.points_period,
        shard=award.shard,
    )


def amended(award: Row) -> bool:
    """Tell whether a decided objection has left only a part of an award: that part stays."""
    return award.objection_no is not None


def adjust_read(tx: Tx, changed: Sequence[Change]) -> None:
    """Adjust awards that were read without a lock. One that somebody has taken back or decided
    meanwhile is left so: its points are posted already, and a new draft was asked for."""
    still = store.unchanged(tx.conn, [change.award for change in changed])
    adjust(tx, [change for change in changed if str(change.award.award_id) in still])


def adjust(tx: Tx, changed: Sequence[Change]) -> None:
    """Store other amounts for awards, and post the differences of their points."""
    if not changed:
        return
    store.put_amounts(
        tx.conn,
        [
            {
                "award_id": str(change.award.award_id),
                "score": change.score,
                "points": change.points,
                "capped": change.capped,
                "recount": False,
            }
            for change in changed
        ],
    )
    # What one award of a subject loses, another of the same month may gain: gains come first, so
    # that nothing falls below zero on the way.
    for change in sorted(changed, key=lambda change: change.award.points - change.points):
        known, difference = change.award, change.points - change.award.points
        if known.state != "APPROVED":
            continue
        if difference < 0:
            take_points(tx, known, -difference)
        elif difference > 0:
            post_points(tx, [gain_of(known, difference)])


# --------------------------------------------------------------------------------------------------
# Caps of a month, computed again


def recount(tx: Tx, period: str, areas: Sequence[str], end: datetime) -> int:
    """Compute the cap windows of a month again where the order of arrival could matter.

    Awards of earlier months keep what they have: their month is closed.

    Returns:
        Number of awards whose amounts changed.
    """
    in_force = rules_in_force(tx.conn)
    limits: dict[str, store.Limit] = {}
    for _, _, _, compiled in in_force.everything():
        for rule in compiled.rule_set.rules:
            if rule.cap is not None and rule.tiers is None and rule.metric is None:
                # Of a deed one award is left uncut.
                count = 1 if rule.cap.per == "DEED" else rule.cap.count
                limit = (count, rule.cap.score, rule.cap.points)
                known = limits.get(rule.code, limit)
                # Of several versions the narrowest: whether it applies is looked at in each window.
                limits[rule.code] = (
                    _least(known[0], limit[0]),
                    _least(known[1], limit[1]),
                    _least(known[2], limit[2]),
                )
    changed = 0
    for window in store.windows_to_recount(tx.conn, period, areas, end, limits):
        changed += _recount_window(tx, in_force, window, period)
    return changed


def recount_windows(tx: Tx, subject_id: str) -> None:
    """Compute the cap windows of a subject again where the order of arrival could matter, in all of
    its open months: what each award has is what it keeps."""
    in_force = rules_in_force(tx.conn)
    for window, period in store.windows_in_doubt(tx.conn, subject_id):
        _recount_window(tx, in_force, window, period)


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _recount_window(tx: Tx, in_force: InForce, window: store.Window, period: str) -> int:
    members = store.in_window(tx.conn, window)
    # A month may be drafted after later ones of the same window: what is confirmed stays too.
    area = months.settles_in(tx, window[0], period)
    done = month_settlements.confirmed_periods(tx.conn, area, period) if area else set()
    before = [m for m in members if m.period < period or m.period in done]
    taken = rules.Taken(
        len(before), sum(abs(m.score) for m in before), sum(m.points for m in before)
    )
    open_ones = {
        str(m.event_id or m.award_id): m
        for m in members
        if m.period >= period and m.period not in done
    }
    caps = {key: in_force.rule_in(m.rule_set, window[1]).cap for key, m in open_ones.items()}
    counted = [
        rules.Counted(
            m.occurred_at,
            key,
            m.score if amended(m) else m.score_raw,
            m.points if amended(m) else m.points_raw,
            period=m.period,
        )
        for key, m in open_ones.items()
    ]
    changed: list[Change] = []
    for kept in rules.apply_caps(caps, counted, taken):
        known = open_ones[kept.event_id]
        if (known.score, known.points) != (kept.score, kept.points) or known.recount:
            changed.append(Change(known, kept.score, kept.points, bool(kept.flags)))
    adjust_read(tx, changed)
    return len(changed)
