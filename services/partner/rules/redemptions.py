"""The redemption as a state machine (DOMAIN 2.4.3).

RESERVED is left exactly once: verify, cancel and expire compete for the row, and the losers find
another state. What credit answers may come twice, late, or in another order than expected; for
every (state, answer) there is one defined step.
"""

from dataclasses import dataclass
from datetime import timedelta

from fivered.services.partner.errors import NotInScope, WrongAudience

HOLD_RETRY = timedelta(seconds=60)
HOLD_GIVE_UP = timedelta(minutes=10)
RATING_WINDOW = timedelta(days=14)
REFUND_WINDOW = timedelta(days=7)
REFUND_WORKING_DAYS = 5
MOST_REFUND_ASKS = 2
# Who decides about a refund that was denied once; of the first officials nobody.
REFUSED_REFUNDS = ("R_STREET", "R_DISTRICT")
LEFT_WALLET = timedelta(days=90)

# What counts against a person's monthly limit: everything that has not come back.
COUNTED = ("REQUESTED", "RESERVED", "REDEEMING", "REDEEMED", "REFUND_REVIEW", "SETTLED")
# What counts as redeemed in a month.
REDEEMED = ("REDEEMING", "REDEEMED", "REFUND_REVIEW", "SETTLED")


def audience_of(wallet: str) -> tuple[str, str]:
    """Return the audiences to which a kind of wallet ("RES", "HH", "STW") belongs."""
    return ("STEWARD" if wallet == "STW" else "RESIDENT", "BOTH")


def require_audience(audience: str, wallet: str) -> None:
    """Refuse a wallet for which the offer is not meant.

    Raises:
        WrongAudience: The other kind of wallet is meant.
    """
    if audience not in audience_of(wallet):
        raise WrongAudience(field="wallet", wallet=wallet)


def require_place(offer_scope: str, holder_scope: str) -> None:
    """Refuse a holder who lives elsewhere.

    A holder's scope may be the community or wider, when the grant is wider: then it is enough that
    the two overlap.

    Raises:
        NotInScope: The two areas have nothing in common.
    """
    if not (holder_scope.startswith(offer_scope) or offer_scope.startswith(holder_scope)):
        raise NotInScope(field="offer_id", scope=offer_scope)


@dataclass(frozen=True, slots=True)
class Step:
    """What an answer of credit leads to.

    Attributes:
        state: State afterwards.
        stock_back: Whether the pieces go back into stock.
        release: Whether credit must be told (again) to release what it holds.
        ended: Whether this is the end of the redemption.
    """

    state: str
    stock_back: bool = False
    release: bool = False
    ended: bool = False


def after_held(state: str, *, held_before: bool) -> Step | None:
    """Return the step when credit says that the points are held; None when nothing changes.

    An answer that comes after the redemption was given up must not leave the points held. It is
    released once: when a hold was known before, its release is under way already.
    """
    if state == "REQUESTED":
        return Step("RESERVED")
    if not held_before and state in {"CANCELLING", "CANCELLED", "REJECTED"}:
        return Step(state, release=True)
    return None


def after_rejected(state: str, *, held_before: bool) -> Step | None:
    """Return the step when credit refuses to hold; None when nothing changes."""
    if state == "REQUESTED":
        return Step("REJECTED", stock_back=True, ended=True)
    if state == "CANCELLING" and not held_before:
        # Given up and refused: nothing is held, so there is no release to wait for.
        return Step("CANCELLED", stock_back=True, ended=True)
    return None


def after_captured(state: str) -> Step | None:
    """Return the step when credit has captured; None when nothing changes."""
    return Step("REDEEMED") if state == "REDEEMING" else None


def after_released(state: str) -> Step | None:
    """Return the step when credit has released; None when nothing changes."""
    if state == "CANCELLING":
        return Step("CANCELLED", stock_back=True, ended=True)
    if state == "EXPIRING":
        return Step("EXPIRED", stock_back=True, ended=True)
    return None


def after_refunded(state: str, *, back_before: bool) -> Step | None:
    """Return the step when credit has given points back; None when nothing changes."""
    return Step("REFUNDED") if state == "REFUNDED" and not back_before else None
