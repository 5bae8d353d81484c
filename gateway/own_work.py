"""`GET /v1/me`: who the caller is, what the caller may do and why, and what waits for the caller.

Every service is asked at once for what waits (`fivered.chassis.waiting`), and given a moment only:
one that does not answer is named, and the rest is told. Who somebody is says the identity service;
where it is away, the token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis.fields import Instant
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SELF, SYSTEM, Actor
from fivered.chassis.replies import Reply, plain
from fivered.chassis.rpc import CallFailed
from fivered.chassis.typed import converted
from fivered.chassis.waiting import Waiting, WaitingThing, soonest
from fivered.gateway.dispatch import Gate
from fivered.gateway.doors import Door, Doors, of_gateway
from fivered.gateway.identity import Grant, who
from fivered.gateway.keyring import SERVICE
from fivered.gateway.own_data import SAVED

log = logging.getLogger("fivered.gateway")

# Every service is asked.
COST = 5
# So long a service may think about it (s): the page of a person who has just signed in waits.
WITHIN_S = 1.5
_FIRST = 10

AnswerT = TypeVar("AnswerT")


class Source(Reply, kw_only=True):
    """What a right follows from."""

    id: str
    source: Annotated[str, Meta(description="来源 / what it follows from", examples=["OFFICE"])]
    ref: Annotated[str, Meta(description="来源的编号 / id of what it follows from")]
    from_at: Instant
    to_at: Instant | None


class OwnRight(Reply, kw_only=True):
    """A role in an area, and where it comes from."""

    role: str
    scope: str
    acts: Annotated[
        bool,
        Meta(description="本次登录可否以此办理 / whether the present session may act in it"),
    ]
    sources: Annotated[
        list[Source],
        Meta(description="来源;命令行令牌没有 / none for a token of the command line"),
    ]


class KindCount(Reply, kw_only=True):
    """How many things of a kind wait."""

    service: str
    kind: str
    what_zh: str
    what_en: str
    count: int
    more: Annotated[bool, Meta(description="可能更多 / whether there may be more than counted")]


class OwnThing(WaitingThing, kw_only=True):
    """One thing that waits for the caller."""

    service: str
    kind: str
    what_zh: str
    what_en: str


class OwnWork(Reply, kw_only=True):
    """What waits for the caller."""

    complete: Annotated[bool, Meta(description="各服务是否都已答复 / whether all have answered")]
    missing: Annotated[
        list[str], Meta(description="未答复的服务 / services that have not", examples=[[]])
    ]
    counts: list[KindCount]
    first: Annotated[list[OwnThing], Meta(description="最早到期的 / the first by due date")]


class OwnCard(Reply, kw_only=True):
    """Who the caller is."""

    person_id: str
    login: str | None
    session_id: str | None
    second_factor: Annotated[str, Meta(examples=["ON"])] | None
    complete: Annotated[
        bool,
        Meta(
            description="身份服务是否已答复;否则授权取自令牌,来源不详 / whether the identity "
            "service has answered; where it has not, rights are the token's and nobody says why"
        ),
    ]
    grants: list[OwnRight]
    waiting: OwnWork


class _Card(Struct):
    id: str
    role: str
    scope: str
    source: str
    ref: str
    from_at: datetime
    to_at: datetime | None


class _Me(Struct):
    login: str | None
    second_factor: str
    grants: list[_Card]


class Own:
    """Tells callers of one gateway who they are and what waits for them."""

    def __init__(self, gate: Gate, installed: Mapping[str, Doors]) -> None:
        self._gate = gate
        self._installed = installed

    def door(self) -> Door:
        """Return the door's declaration."""
        door = of_gateway().query(
            "GET",
            "/v1/me",
            "me",
            reply=OwnCard,
            roles=(SELF,),
            summary="我的身份、授权与待办 / Who I am, my rights and why, what waits for me",
        )
        return replace(door, cost=COST)

    async def serve(self, door: Door, request: Request) -> Response:
        """Answer who the caller is and what waits.

        Raises:
            Refusal: Nobody is known, or asks too often.
        """
        actor = self._gate.admit(request, door.roles, door.cost)
        identity = who(request.headers, self._gate.identities)
        held = tuple(dict.fromkeys(identity.grants)) if identity is not None else ()
        names = tuple(self._installed)
        me, told = await asyncio.gather(
            self._me(request, actor),
            asyncio.gather(*(self._waiting(request, name, actor, held) for name in names)),
        )
        waiting = dict(zip(names, told, strict=True))
        answer = OwnCard(
            person_id=actor.id,
            login=None if me is None else me.login,
            session_id=actor.session or None,
            second_factor=None if me is None else me.second_factor,
            complete=me is not None or SERVICE not in self._installed,
            grants=_rights(held, [] if me is None else me.grants),
            waiting=_work(waiting),
        )
        return Response(
            msgspec.json.encode(plain(answer)), media_type="application/json", headers=dict(SAVED)
        )

    async def _me(self, request: Request, actor: Actor) -> _Me | None:
        if SERVICE not in self._installed:
            return None
        return await _in_time(self._gate.call(request, SERVICE, "me", {}, actor=actor), _Me)

    async def _waiting(
        self, request: Request, service: str, actor: Actor, held: tuple[Grant, ...]
    ) -> Waiting | None:
        body: JsonObject = {
            "person_id": actor.id,
            "rights": [{"role": one.role, "scope": one.scope} for one in held],
            "first": _FIRST,
        }
        # The roles are proved here; the service believes whoever signs for the system.
        called = self._gate.call(request, service, "_waiting", body, actor=SYSTEM)
        return await _in_time(called, Waiting)


async def _in_time(called: Awaitable[object], kind: type[AnswerT]) -> AnswerT | None:
    """Return what a service answers, or None where it does not in time, or says what no reader of
    this release knows."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return converted(await called, kind)
    except (CallFailed, TimeoutError):
        return None
    except msgspec.ValidationError:
        log.exception("own_work_unreadable")
        return None


def _rights(held: tuple[Grant, ...], cards: list[_Card]) -> list[OwnRight]:
    names = [(one.role, one.scope) for one in held] + [(one.role, one.scope) for one in cards]
    acts = {(one.role, one.scope) for one in held}
    return [
        OwnRight(
            role=role,
            scope=scope,
            acts=(role, scope) in acts,
            sources=[Source.of(one) for one in cards if (one.role, one.scope) == (role, scope)],
        )
        for role, scope in dict.fromkeys(names)
    ]


def _work(told: Mapping[str, Waiting | None]) -> OwnWork:
    missing = sorted(name for name, one in told.items() if one is None)
    kinds = [(name, kind) for name, one in told.items() if one for kind in one.kinds]
    counts = [KindCount.of(kind, service=name) for name, kind in kinds]
    things = soonest(
        OwnThing.of(thing, service=name, kind=kind.kind, what_zh=kind.what_zh, what_en=kind.what_en)
        for name, kind in kinds
        for thing in kind.first
    )
    return OwnWork(complete=not missing, missing=missing, counts=counts, first=things[:_FIRST])
