"""Messages of a service leave for the phone or the mailbox: said to the one service that sends.

Who knows phones, addresses and what people have chosen sends messages out; every other service
tells it what it has told. A message arms a timer in the transaction that tells; the timer says all
that came since in one fact. Only codes, numbers and days fill the places of a text that leaves its
service: what people have written stays there, and the message says to look into the inbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from fivered.chassis import records
from fivered.chassis.messages import Due
from fivered.chassis.outgoing import MessagesTold, Outgoing
from fivered.chassis.telling import teller_of, text_of
from fivered.chassis.text import without_numbers

if TYPE_CHECKING:
    from fivered.chassis.transaction import Tx

TIMER = "TOLD"
# Timers of that span are said together.
SPAN = timedelta(minutes=10)
# Messages in one event, and named by one timer.
MOST = 200
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,59}")
_NUMBERED = re.compile(r"(?=.*[0-9])[A-Za-z0-9_.:/%+-]{1,60}( [0-9]{2}:[0-9]{2})?")
_LEFT_OUT = "…"
_INBOX = ("。详情见站内消息", "; the inbox has the whole")


def later(tx: Tx, message_ids: Iterable[str]) -> None:
    """Have messages said once this transaction has committed.

    Args:
        tx: The transaction that tells.
        message_ids: Their ids.
    """
    for some in _parts(message_ids):
        tx.arm(TIMER, some[0], tx.now, {"messages": some, "scope": tx.actor.scope})


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    every = list(ids)
    for first in range(0, len(every), MOST):
        yield every[first : first + MOST]


def after_told(tx: Tx, told: Sequence[Mapping[str, object]]) -> None:
    """Have messages of the mechanism said; a service that does not send names it `after_told`."""
    later(tx, [str(row["message_id"]) for row in told])


def say(tx: Tx, dues: list[Due]) -> None:
    """Say what was told."""
    scope = next((str(due.data["scope"]) for due in dues if due.data.get("scope")), "")
    ids = [str(one) for due in dues for one in due.data["messages"]]
    for some in _parts(ids):
        found = [one for one in _found(tx, some) if one.to]
        if found:
            tx.publish(MessagesTold(found), subject=found[0].message_id, scope=scope, sequence=1)


def _found(tx: Tx, ids: Sequence[str]) -> Iterable[Outgoing]:
    tells, told = teller_of(tx), tx.runtime.chassis.told
    for row in records.rows(tx.conn, told.select().where(told.c.message_id.in_(ids))):
        kind, detail = tells.tells.get(row.kind), plain(row.detail)
        if kind is not None:
            texts = text_of(tx, row.kind, detail)
            yield Outgoing(
                row.message_id, [row.person_id], row.kind, kind.group, kind.urgent,
                row.created_at, *whole(texts),
            )  # fmt: skip
    for elsewhere in tells.told_elsewhere:
        for message in elsewhere.out(tx, ids):
            yield Outgoing(
                message.message_id, sorted(set(message.to)), message.kind, elsewhere.group,
                False, message.at, *whole(message.texts),
            )  # fmt: skip


def plain(detail: Mapping[str, object]) -> dict[str, object]:
    """Return what fills the places of a text that leaves: numbers, codes, days and ids; of
    anything else nothing but that something stands there."""
    return {name: value if _is_plain(value) else _LEFT_OUT for name, value in detail.items()}


def _is_plain(value: object) -> bool:
    if isinstance(value, int):
        return True
    said = str(value)
    known = _CODE.fullmatch(said) or _NUMBERED.fullmatch(said)
    return known is not None and without_numbers(said) == said


def whole(texts: tuple[str, str]) -> tuple[str, str]:
    """Return texts that say where the rest stands, if something was left out."""
    if _LEFT_OUT not in texts[0] + texts[1]:
        return texts
    return texts[0].rstrip("。") + _INBOX[0], texts[1].rstrip(".") + _INBOX[1]


__all__ = ["MOST", "SPAN", "TIMER", "MessagesTold"]
