"""Calls that were refused for want of a right are written into the audit, too: who tried what, and
from where.

A refusal rolls its transaction back, so its row is written by one of its own, behind it; a command
that is accepted costs nothing more. Nobody fills the disk with refusals: each caller, and all
together, have a share that comes back with time. What lies beyond is counted, and the next row that
is written is followed by one that says how many are not; the gateway's access log has each of them.

The gateway refuses before a service is called. It has no database, and sends what it has refused to
the service whose door it was, some at a time (`Service._denied`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import audit, metrics
from fivered.chassis import storage as store
from fivered.chassis.digests import Digests
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SYSTEM, Actor, Call
from fivered.chassis.refusal import Refusal
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Opened, Tx

log = logging.getLogger("fivered.audit")

# So many of one caller at once, and then one in so many seconds; so many of all.
_BURST, _EVERY_S = 20, 30.0
_BURST_OF_ALL, _EVERY_S_OF_ALL = 300, 1.0
_REMEMBERED = 10_000
MOST_SENT = 100


class Shares:
    """How many denials are kept: of each caller, and of all together."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()
        # How many were not kept since that was told.
        self.over = 0

    def take(self, caller: str, *, now: float | None = None) -> bool:
        """Tell whether one more of a caller is kept; counts it where not."""
        at = time.monotonic() if now is None else now
        with self._lock:
            own = self._level(caller, at, _BURST, _EVERY_S)
            every = self._level("", at, _BURST_OF_ALL, _EVERY_S_OF_ALL)
            kept = own >= 1 and every >= 1
            self._levels[caller] = (own - kept, at)
            self._levels[""] = (every - kept, at)
            self.over += not kept
            if len(self._levels) > _REMEMBERED:
                self._levels.popitem(last=False)
        return kept

    def _level(self, name: str, at: float, burst: int, every_s: float) -> float:
        level, seen = self._levels.pop(name, (float(burst), at))
        return min(burst, level + (at - seen) / every_s)

    def told(self) -> int:
        """Return how many were not kept, and begin anew."""
        with self._lock:
            over, self.over = self.over, 0
        return over


class Denials:
    """Writes the denials of one service."""

    def __init__(self, runtime: Opened) -> None:
        self._runtime = runtime
        self._digests = Digests(runtime.process, runtime.name)
        self.shares = Shares()

    def note(self, call: Call, body: JsonObject, refusal: Refusal) -> None:
        """Write that a call was refused, if that is for want of a right.

        A database that cannot be written to does not change the answer; it is logged and counted.

        Args:
            call: As it came.
            body: What was asked for, without secrets.
            refusal: What it was refused by.
        """
        if not refusal.denies:
            return
        service, actor = self._runtime.name, call.actor
        if not self.shares.take(caller_of(actor)):
            metrics.DENIALS[service, "counted"].inc()
            return
        row = audit.row(
            actor,
            call.method,
            self._digests.of(call.method, body).keyed,
            result=audit.DENIED,
            target=refusal.concerns or named(body),
            refused=refusal.guard or refusal.code,
            trace=call.traceparent,
        )
        rows = [row, *self._not_kept()]
        try:
            with self._runtime.transaction(SYSTEM) as tx:
                write(tx, rows)
        except sa.exc.SQLAlchemyError as error:
            metrics.DENIALS[service, "lost"].inc()
            log.warning("denial_not_written", extra={"service": service, "why": str(error)[:200]})
        else:
            metrics.DENIALS[service, "written"].inc()

    def _not_kept(self) -> list[store.Values]:
        over = self.shares.told()
        return [not_kept(over, self._digests.keyed(""))] if over else []


def write(tx: Tx, rows: Sequence[store.Values]) -> None:
    """Write rows of the audit."""
    tx.conn.execute(sa.insert(tx.runtime.chassis.audit), [dict(row) for row in rows])


def not_kept(count: int, digest: str) -> Mapping[str, object]:
    """Return the row that says how many denials have no row of their own."""
    return audit.row(
        SYSTEM,
        "_denied",
        digest,
        result=audit.DENIED,
        target=f"+{count}",
        refused="NOT_WRITTEN_SINGLY",
    )


def caller_of(actor: Actor) -> str:
    """Return whose share a denial takes: that of the person, else of the address."""
    return actor.id or f"@{actor.address}"


def named(body: JsonObject) -> str | None:
    """Return the id of the thing that a request names first, or None."""
    return audit.as_id(next(iter(body.values()), None))


# --------------------------------------------------------------------------------------------------
# What the gateway has refused


class Denial(Request, frozen=True, kw_only=True):
    """One call that the gateway refused."""

    at: Annotated[datetime, Meta(tz=True)]
    action: Annotated[str, Meta(max_length=80)]
    actor: Annotated[str, Meta(max_length=64)] = ""
    role: Annotated[str, Meta(max_length=30)] = ""
    scope: Annotated[str, Meta(pattern="^[0-9]{0,15}$")] = ""
    session: Annotated[str, Meta(max_length=64)] = ""
    address: Annotated[str, Meta(max_length=45)] = ""
    target: Annotated[str, Meta(max_length=120)] | None = None
    refused: Annotated[str, Meta(max_length=60)]
    trace: Annotated[str, Meta(max_length=64)] = ""


class Denied(Request, frozen=True, kw_only=True):
    """网关拒绝的调用 / Calls that the gateway refused.

    Attributes:
        over: How many more there were that are not sent.
    """

    denials: Annotated[list[Denial], Meta(max_length=MOST_SENT)]
    over: Annotated[int, Meta(ge=0)] = 0


def take(tx: Tx, told: Denied) -> JsonObject:
    """Write what the gateway has refused."""
    digest = Digests(tx.runtime.process, tx.runtime.name).keyed("")
    rows = [
        audit.row(
            Actor(one.actor, one.role, one.scope, one.session, one.address),
            one.action,
            digest,
            result=audit.DENIED,
            target=one.target,
            refused=one.refused,
            trace=one.trace,
            at=one.at,
        )
        for one in told.denials
    ]
    if told.over:
        rows.append(not_kept(told.over, digest))
    if rows:
        write(tx, rows)
    # What it says are these rows.
    tx.audited = False
    return {"written": len(rows)}
