"""What can wait for somebody to act, each by the list in which it stands."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.waiting import MOST, Waits, by_another, to
from fivered.services.identity import replies
from fivered.services.identity.rules import grants as rules
from fivered.services.identity.views import accounts, systems


def _approved_by_caller(tx: Tx, item: replies.GrantCard) -> bool:
    mine = tx.actor.id in {item.proposed_by, item.person_id}
    return not mine and rules.may_grant(tx.actor.role, item.role)


def _ended_by_caller(tx: Tx, item: replies.GrantCard) -> bool:
    """Tell whether the caller may agree: another peer, or who holds the right."""
    by_two = rules.ends_by_two(
        item.role, item.scope, acting=tx.actor.role, acting_scope=tx.actor.scope
    )
    return by_two and item.end_proposed_by != tx.actor.id


WAITS = (
    Waits(
        "GRANT_TO_APPROVE",
        "待批准的授权 / A right that another person has proposed",
        act="approve_grant", view=accounts.grant_list,
        asked=accounts.GrantList(state="PROPOSED", limit=MOST),
        since="from_at", to=to(replies.GrantCard, _approved_by_caller),
    ),
    Waits(
        "GRANT_END_TO_AGREE",
        "待同意终止的管理员授权 / An administrator's right that another person wants to end",
        act="end_grant", view=accounts.grant_list,
        asked=accounts.GrantList(end_proposed=True, limit=MOST),
        since="from_at", to=to(replies.GrantCard, _ended_by_caller),
    ),
    Waits(
        "SYSTEM_TO_APPROVE",
        "待批准的系统账号 / A service account that another person has proposed",
        act="approve_service_account", view=systems.service_account_list,
        asked=systems.SystemList(state="PROPOSED", limit=MOST),
        since="created_at", to=by_another("proposed_by"),
    ),
)  # fmt: skip
