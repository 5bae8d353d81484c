"""What the gateway refuses for want of a right, for the audit.

The gateway keeps nothing: it sends what it has refused to the service whose door it was, some at a
time, under one key until the service has taken it. While a service is away they wait; what there is
no room for is counted, and sent as a number. The access log has each of them in any case.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jwt
from starlette.requests import Request

from fivered.chassis import audit, metrics
from fivered.chassis.denials import MOST_SENT, Shares
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SYSTEM, Actor, new_uuid
from fivered.chassis.refusal import Refusal
from fivered.chassis.rpc import Caller, CallFailed, CallRefused
from fivered.gateway.context import context_of
from fivered.gateway.errors import TokenInvalid
from fivered.gateway.identity import Grant, Identity, acting, acting_role, is_person
from fivered.gateway.limits import address_of

log = logging.getLogger("fivered.gateway")

EVERY_S = 2.0
_END_S = 2.0
_MOST_WAITING = 1_000
# Who keeps what was refused at a door that belongs to no service.
_KEEPER = "identity"


@dataclass(slots=True)
class _Waiting:
    """What one service is to be sent.

    Attributes:
        batch: What is being sent, under `key`, until it was taken.
        over: How many there was no room for.
    """

    rows: list[JsonObject] = field(default_factory=list)
    over: int = 0
    batch: JsonObject | None = None
    key: str = ""


class Denials:
    """Collects what the gateway refuses, and sends it.

    Args:
        services: Those of this installation.
    """

    def __init__(self, services: Collection[str]) -> None:
        self._services = services
        self._waiting: dict[str, _Waiting] = {}
        self._shares = Shares()

    def note(
        self,
        request: Request,
        refusal: Refusal,
        identity: Identity | None,
        service: str,
        action: str,
    ) -> None:
        """Take a refusal, if it is for want of a right and somebody is named.

        Args:
            request: What was refused.
            refusal: By what.
            identity: Who asked, where a token has proved it.
            service: Whose door it was; empty for the gateway's own.
            action: The door.
        """
        if not refusal.denies:
            return
        header = request.headers.get("x-acting-role")
        actor, target = Actor("", "", ""), None
        if identity is not None:
            actor = _actor_of(identity, header)
        elif isinstance(refusal, TokenInvalid):
            # Nothing proves it, so it is not said who acted.
            target = _claimed(request.headers.get("authorization", ""))
            if target is None:
                return
        keeper = self._keeper(service)
        if keeper is None:
            return
        waiting = self._waiting.setdefault(keeper, _Waiting())
        address = address_of(request.scope)
        kept = self._shares.take(actor.id or f"@{address}")
        if not kept or len(waiting.rows) >= _MOST_WAITING:
            waiting.over += 1
            metrics.DENIALS["gateway", "counted"].inc()
            return
        row: JsonObject = {
            "at": datetime.now(UTC).isoformat(),
            "action": action[:80],
            "actor": actor.id[:64],
            "role": actor.role[:30],
            "scope": actor.scope,
            "session": actor.session[:64],
            "address": address[:45],
            "refused": str(refusal.guard or refusal.code)[:60],
            "trace": context_of(request).traceparent[:64],
        }
        if target is not None:
            row["target"] = target
        waiting.rows.append(row)

    def _keeper(self, service: str) -> str | None:
        if service in self._services:
            return service
        if _KEEPER in self._services:
            return _KEEPER
        return min(self._services, default=None)

    async def follow(self, caller: Caller) -> None:
        """Send what was collected, every other second, and once more at the end."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                await self.send(caller)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await self.send(caller)

    async def send(self, caller: Caller) -> None:
        """Send what waits; what a service that is away should have had waits on."""
        for service, waiting in list(self._waiting.items()):
            while waiting.batch or waiting.rows or waiting.over:
                if waiting.batch is None:
                    sent, waiting.rows = waiting.rows[:MOST_SENT], waiting.rows[MOST_SENT:]
                    waiting.batch = {"denials": [*sent], "over": waiting.over}
                    waiting.key, waiting.over = new_uuid(), 0
                if not await self._send_batch(caller, service, waiting):
                    break

    async def _send_batch(self, caller: Caller, service: str, waiting: _Waiting) -> bool:
        batch = waiting.batch or {}
        denials = batch.get("denials")
        count = len(denials) if isinstance(denials, list) else 0
        outcome = "written"
        try:
            await caller.call(service, "_denied", batch, actor=SYSTEM, key=waiting.key)
        except CallRefused as refused:
            # A service of the release before does not take them.
            outcome = "lost"
            log.warning(
                "denials_not_taken",
                extra={"service": service, "count": count, "why": refused.payload.get("code")},
            )
        except CallFailed:
            return False
        waiting.batch = None
        metrics.DENIALS["gateway", outcome].inc(count)
        return True


def _actor_of(identity: Identity, header: str | None) -> Actor:
    """Return as whom somebody asked, as far as that can be told."""
    with suppress(Refusal):
        return acting(identity, header)
    held = identity.grants
    if identity.passes is not None:
        held = tuple(one.grant for one in identity.passes if one.grant is not None)
    widest = min(held, key=lambda grant: len(grant.scope), default=Grant("", ""))
    # Another system names no role: a scope of its account has one.
    role = widest.role if identity.passes is not None else acting_role(header)
    return Actor(identity.person_id, role, widest.scope, identity.session)


def _claimed(authorization: str) -> str | None:
    """Return whom a token names that proves nothing, or None."""
    with suppress(jwt.PyJWTError, ValueError):
        token = authorization.strip().partition(" ")[2]
        named = jwt.decode(token, options={"verify_signature": False}).get("sub")
        return audit.as_id(named) if is_person(named) else None
    return None
