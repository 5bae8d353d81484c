"""`GET /v1/me`: who the caller is, what the caller may do and why, and what waits for the caller.
`GET /v1/me/work`: all of what waits, in pages.

Every service is asked at once for what waits (`fivered.chassis.waiting`), and given a moment only:
one that does not answer is named, and the rest is told. Who somebody is says the identity service;
where it is away, the token.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis import cursors
from fivered.chassis.fields import Instant, PartOfList
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.messages import SELF, SYSTEM, Actor
from fivered.chassis.replies import Page, Reply, plain
from fivered.chassis.rpc import CallFailed
from fivered.chassis.typed import converted
from fivered.chassis.waiting import MOST_PAGES, Place, Waiting, WaitingThing, place_of
from fivered.gateway.addressed import read_params
from fivered.gateway.dispatch import Gate, next_page
from fivered.gateway.doors import Door, Doors, Refused, of_gateway
from fivered.gateway.errors import CapabilityMissing
from fivered.gateway.identity import Grant, who
from fivered.gateway.keyring import SERVICE
from fivered.gateway.own_data import SAVED

log = logging.getLogger("fivered.gateway")

# Every service is asked.
COST = 5
# So long a service may think about it (s): the page of a person who has just signed in waits.
WITHIN_S = 1.5
# And so long where all is asked for, of which many rows are read.
WORK_WITHIN_S = 8.0
_FIRST = 10
Serve = Callable[[Request], Awaitable[Response]]

# How many messages a caller has not read, and which services have not answered.
Unread = Callable[[Request, Actor], Awaitable[tuple[int, list[str]]]]
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


class WorkAsked(PartOfList, frozen=True):
    """要哪些待办 / What of what waits."""

    service: (
        Annotated[
            list[Annotated[str, Meta(max_length=40, examples=["steward"])]],
            Meta(max_length=20, description="服务,可给多个 / services, one or several"),
        ]
        | None
    ) = None
    kind: (
        Annotated[
            list[Annotated[str, Meta(max_length=40, examples=["REQUEST_TO_ACCEPT"])]],
            Meta(max_length=40, description="类别,可给多个 / kinds, one or several"),
        ]
        | None
    ) = None
    overdue: Annotated[bool, Meta(description="只列逾期的 / only what is overdue")] = False
    due_before: (
        Annotated[Instant, Meta(description="只列此时以前到期的 / only what is due before")] | None
    ) = None


class WorkPage(Page[OwnThing], kw_only=True):
    """All of what waits for the caller, in pages: what is due soonest first."""

    complete: Annotated[bool, Meta(description="各服务是否都已答复 / whether all have answered")]
    missing: Annotated[
        list[str],
        Meta(
            description="未答复的服务,其待办不在内 / services that have not; theirs is not in it",
            examples=[[]],
        ),
    ]
    counts: Annotated[
        list[KindCount],
        Meta(
            description="各类件数,不论在第几页;每个列表最多看 2000 行 / how many of each kind, on "
            "all pages; of a list at most 2,000 rows are looked at"
        ),
    ]


class OwnUnread(Reply, kw_only=True):
    """How many messages the caller has not read (`GET /v1/me/messages`)."""

    unread: int
    complete: Annotated[bool, Meta(description="各服务是否都已答复 / whether all have answered")]


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
    messages: OwnUnread


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

    def __init__(self, gate: Gate, installed: Mapping[str, Doors], unread: Unread) -> None:
        self._gate = gate
        self._installed = installed
        self._unread = unread

    def doors(self) -> Iterator[tuple[Door, Serve]]:
        """Yield the doors' declarations, with what serves each."""
        declared = of_gateway()
        card = declared.query(
            "GET",
            "/v1/me",
            "me",
            reply=OwnCard,
            roles=(SELF,),
            summary="我的身份、授权与待办 / Who I am, my rights and why, what waits for me",
        )
        work = declared.query(
            "GET",
            "/v1/me/work",
            "my_work",
            params=WorkAsked,
            reply=WorkPage,
            roles=(SELF,),
            summary="我的全部待办 / All that waits for me, soonest first",
        )
        missing = Refused(CapabilityMissing.status, CapabilityMissing.code, CapabilityMissing.text)
        for door, serve in ((card, self.serve), (replace(work, refusals=(missing,)), self.work)):
            costly = replace(door, cost=COST)
            yield costly, functools.partial(serve, costly)

    async def serve(self, door: Door, request: Request) -> Response:
        """Answer who the caller is and what waits.

        Raises:
            Refusal: Nobody is known, or asks too often.
        """
        actor = self._gate.admit(request, door.roles, door.cost)
        identity = who(request.headers, self._gate.identities)
        held = tuple(dict.fromkeys(identity.grants)) if identity is not None else ()
        names = tuple(self._installed)
        me, (unread, silent), told = await asyncio.gather(
            self._me(request, actor),
            self._unread(request, actor),
            self._all(request, names, actor, {"first": _FIRST}, WITHIN_S),
        )
        answer = OwnCard(
            person_id=actor.id,
            login=None if me is None else me.login,
            session_id=actor.session or None,
            second_factor=None if me is None else me.second_factor,
            complete=me is not None or SERVICE not in self._installed,
            grants=_rights(held, [] if me is None else me.grants),
            waiting=_work(told),
            messages=OwnUnread(unread=unread, complete=not silent),
        )
        return saved(answer)

    async def work(self, door: Door, request: Request) -> Response:
        """Answer a page of all that waits.

        Raises:
            Refusal: Nobody is known, asks too often, or names a service that is not installed; or
                the cursor is none of this list.
        """
        actor = self._gate.admit(request, door.roles, door.cost)
        asked = converted(read_params(door.params, request), WorkAsked, strict=False)
        after = _read(asked)
        names = tuple(dict.fromkeys(asked.service or self._installed))
        for name in names:
            if name not in self._installed:
                raise CapabilityMissing(service=name)
        body: JsonObject = {"first": asked.limit + 1, "pages": MOST_PAGES}
        if asked.kind is not None:
            body["kinds"] = [*dict.fromkeys(asked.kind)]
        if asked.overdue:
            body["overdue"] = True
        if asked.due_before is not None:
            body["due_before"] = asked.due_before.isoformat()
        if after is not None:
            body["after"] = plain(after)
        told = await self._all(request, names, actor, body, WORK_WITHIN_S)
        things = _things(told)
        shown = things[: asked.limit]
        missing = missing_of(told)
        page = WorkPage(
            items=shown,
            next=_written(asked, shown[-1]) if len(things) > len(shown) else None,
            complete=not missing,
            missing=missing,
            counts=_counts(told),
        )
        headers = {}
        if page.next is not None:
            way = next_page(request.url.path, request.query_params.multi_items(), page.next)
            headers["Link"] = f'<{way}>; rel="next"'
        return saved(page, **headers)

    async def _me(self, request: Request, actor: Actor) -> _Me | None:
        if SERVICE not in self._installed:
            return None
        called = self._gate.call(request, SERVICE, "me", {}, actor=actor)
        return await in_time(called, _Me, WITHIN_S)

    async def _all(
        self,
        request: Request,
        names: tuple[str, ...],
        actor: Actor,
        asked: JsonObject,
        within_s: float,
    ) -> _Told:
        """Return what each service says that waits; None of one that does not answer in time."""
        identity = who(request.headers, self._gate.identities)
        held = dict.fromkeys(identity.grants) if identity is not None else ()
        body: JsonObject = {
            "person_id": actor.id,
            "rights": [{"role": one.role, "scope": one.scope} for one in held],
            **asked,
        }
        # The roles are proved here; the service believes whoever signs for the system.
        called = (self._gate.call(request, name, "_waiting", body, actor=SYSTEM) for name in names)
        told = await asyncio.gather(*(in_time(one, Waiting, within_s) for one in called))
        return dict(zip(names, told, strict=True))


_Told = Mapping[str, Waiting | None]


def saved(answer: Reply, **headers: str) -> Response:
    """Return an answer that is one caller's alone."""
    return Response(
        msgspec.json.encode(plain(answer)),
        media_type="application/json",
        headers=SAVED | headers,
    )


async def in_time(
    called: Awaitable[object], kind: type[AnswerT], within_s: float
) -> AnswerT | None:
    """Return what a service answers, or None where it does not in time, or says what no reader of
    this release knows."""
    try:
        async with asyncio.timeout(within_s):
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


def _work(told: _Told) -> OwnWork:
    missing = missing_of(told)
    first = _things(told)[:_FIRST]
    return OwnWork(complete=not missing, missing=missing, counts=_counts(told), first=first)


def missing_of(told: Mapping[str, object | None]) -> list[str]:
    """Return which services have not answered."""
    return sorted(name for name, one in told.items() if one is None)


def _counts(told: _Told) -> list[KindCount]:
    return [
        KindCount.of(kind, service=name)
        for name, one in told.items()
        if one is not None
        for kind in one.kinds
    ]


def _things(told: _Told) -> list[OwnThing]:
    """Return what was told of all services, what is due soonest first."""
    things = [
        OwnThing.of(thing, service=name, kind=kind.kind, what_zh=kind.what_zh, what_en=kind.what_en)
        for name, one in told.items()
        if one is not None
        for kind in one.kinds
        for thing in kind.first
    ]
    return sorted(things, key=lambda one: place_of(one, one.service, one.kind).key())


# A cursor names the last thing that was shown.


def _list_of(asked: WorkAsked) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(asked, cursor=None, limit=1))


def _written(asked: WorkAsked, last: OwnThing) -> str:
    return cursors.written(_list_of(asked), [place_of(last, last.service, last.kind)])


def _read(asked: WorkAsked) -> Place | None:
    if asked.cursor is None:
        return None
    return cursors.read(_list_of(asked), asked.cursor, _placed)


def _placed(plain: list[Json]) -> Place:
    (place,) = plain
    return converted(place, Place)
