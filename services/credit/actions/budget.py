"""The points that a district pays for: proposed by one person, granted by another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis.calendar import Calendar
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import by_two, finalising, ledger
from fivered.services.credit.rules import ledger as rules
from fivered.services.credit.storage import budget as store
from fivered.services.credit.storage import ledger as points
from fivered.services.credit.storage import settlement as settlements

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx

# Ten million yuan at ten fen a point: more than that is a slip of the pen.
MOST_GRANTED = 10**8
GRANTERS = ("R_DISTRICT", "R_DISTRICT_LEAD")


class GrantBudget(Request, frozen=True):
    """拨付积分预算 / Grant points that the district pays for."""

    points: Annotated[int, Meta(ge=1, le=10**8, examples=[100000])]
    basis: Annotated[
        PublicText, Meta(min_length=1, max_length=200, examples=["济任财预〔2025〕1号"])
    ]


class WhichGrant(Request, frozen=True):
    """Which proposed grant is meant."""

    grant_id: str


class RejectGrant(Request, frozen=True):
    """不予拨付的理由 / Why it is not granted."""

    grant_id: str
    reason: Annotated[
        PublicText, Meta(min_length=5, max_length=400, examples=["依据文件未附预算科目"])
    ]


def grant_budget(tx: Tx, payload: GrantBudget) -> replies.BudgetGrantCard:
    """提出积分预算拨付,由另一人批准 / Propose a budget; another person grants it.

    Raises:
        RoleDenied: The caller acts for a part of the district.
        Invalid: Not a positive number, more than any district pays at once, or no basis.
    """
    district = by_two.district_of(tx)
    if not 1 <= payload.points <= MOST_GRANTED:
        raise Invalid(
            field="points",
            reason=said(
                (
                    "拨付积分应为 1 至 {most_granted}"
                    " / the points of a grant are 1 to {most_granted}"
                ),
                most_granted=MOST_GRANTED,
            ),
        )
    if not payload.basis.strip():
        raise Invalid(field="basis", reason=said("必须注明拨付依据 / a grant names its basis"))
    return _card(
        store.add(
            tx.conn,
            grant_id=tx.new_id("grt"),
            area=district,
            points=payload.points,
            basis=payload.basis.strip(),
            state="PROPOSED",
            proposed_by=tx.actor.id,
            proposed_at=tx.now,
        )
    )


def _card(row: Row) -> replies.BudgetGrantCard:
    return replies.BudgetGrantCard.of(row, id=row.grant_id)


def _proposed(tx: Tx, grant_id: str) -> Row:
    return by_two.proposed(tx, "budget_grant", grant_id, store.locked(tx.conn, grant_id))


def approve_budget(tx: Tx, payload: WhichGrant) -> replies.BudgetReply:
    """批准积分预算拨付 / Grant a proposed budget.

    Grant proposed points, and release what waited for them. From its first grant on, a district
    releases no more points than it has granted.

    Raises:
        RoleDenied: The caller acts for a part of the district.
        NotFound: There is no such grant in the caller's district.
        StateConflict: It is decided.
        SameAsProposer: The caller proposed it.
    """
    row = _proposed(tx, payload.grant_id)
    owner = points.system_account(rules.BUDGET, row.area)
    funds = rules.fund(row.area, row.points)
    points.post(tx.conn, [ledger.posted(funds, ref=row.grant_id, subject_id=owner, at=tx.now)])
    granted = store.change(tx.conn, row, **by_two.decision(tx, "GRANTED"))
    waiting = finalising.release_waiting(tx, row.area)
    left = points.budget(tx.conn, owner, lock=False)
    return replies.BudgetReply.of(
        granted, id=granted.grant_id, budget=left, unfunded_points=waiting
    )


def release_freed(tx: Tx, due: Due) -> None:  # noqa: ARG001  every night looks at all of it
    """Release what waits for funds and is covered by now: what is taken back frees budget."""
    for district in settlements.districts_that_wait(tx.conn):
        finalising.release_waiting(tx, district)


def next_release(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (ref, instant) of the next daily run: 01:30 local."""
    today = calendar.at(calendar.local_date(now), 1, 30)
    at = today if today > now else today + timedelta(days=1)
    return calendar.local_date(at).isoformat(), at


def reject_budget(tx: Tx, payload: RejectGrant) -> replies.BudgetGrantCard:
    """不予拨付 / Do not grant a proposed budget.

    Raises:
        TextTooShort: No reason.
        RoleDenied: And the other refusals of `approve`.
    """
    decided = by_two.decision(tx, "REJECTED", payload.reason)
    return _card(store.change(tx.conn, _proposed(tx, payload.grant_id), **decided))
