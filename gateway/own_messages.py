"""`GET /v1/me/messages`: what all services have told the caller, newest first; and its read marks.

Each service keeps its own messages (`fivered.chassis.telling`) and is asked for the newest before
one place; the gateway puts them in order. One that does not answer in a moment is named.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis.fields import Limit
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import SELF, Actor
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request as Asked
from fivered.chassis.rpc import CallFailed
from fivered.chassis.telling import ReadMarks, Told, ToldMessage, UpTo
from fivered.chassis.typed import converted
from fivered.gateway.addressed import read_params, read_places
from fivered.gateway.dispatch import Gate, read_key, read_members
from fivered.gateway.doors import Door, Doors, of_gateway
from fivered.gateway.own_work import WITHIN_S, in_time, missing_of, saved

Serve = Callable[[Request], Awaitable[Response]]

# Every service is asked.
COST = 5


class MessagesWanted(Asked, frozen=True):
    """哪些消息 / Which messages."""

    limit: Limit = 50
    cursor: (
        Annotated[str, Meta(max_length=120, description="上页的 next / `next` of the page before")]
        | None
    ) = None
    unread: Annotated[bool, Meta(description="只看未读 / the unread ones only")] = False
    service: (
        Annotated[str, Meta(max_length=40, description="只看某一服务 / of one service only")] | None
    ) = None


class OwnMessage(ToldMessage, kw_only=True):
    """消息 / One message to the caller."""

    service: str


class OwnMessages(Reply, kw_only=True):
    """我的消息 / What the caller was told."""

    complete: Annotated[bool, Meta(description="各服务是否都已答复 / whether all have answered")]
    missing: Annotated[
        list[str], Meta(description="未答复的服务 / services that have not", examples=[[]])
    ]
    unread: Annotated[int, Meta(description="未读条数 / how many are unread")]
    items: list[OwnMessage]
    next: Annotated[str, Meta(description="下一页的 cursor / cursor of the next page")] | None


class AllRead(Reply, kw_only=True):
    """已读 / What was marked as read in all services."""

    complete: Annotated[bool, Meta(description="各服务是否都已答复 / whether all have answered")]
    missing: Annotated[
        list[str], Meta(description="未答复的服务 / services that have not", examples=[[]])
    ]
    marked: int
    unread: int


class Messages:
    """Tells callers of one gateway what they were told."""

    def __init__(self, gate: Gate, installed: Mapping[str, Doors]) -> None:
        self._gate = gate
        self._installed = installed

    def doors(self) -> Iterator[tuple[Door, Serve]]:
        """Yield each door's declaration with what serves it."""
        declared = of_gateway()
        listed = declared.query(
            "GET",
            "/v1/me/messages",
            "my_messages",
            params=MessagesWanted,
            reply=OwnMessages,
            roles=(SELF,),
            summary="我的消息 / What I was told",
        )
        listed = replace(listed, cost=COST)
        yield listed, functools.partial(self._listed, listed)
        one = declared.command(
            "POST",
            "/v1/me/messages/{service}/{message_id}/read",
            "read_message",
            reply=ReadMarks,
            roles=(SELF,),
            summary="标为已读 / Mark a message as read",
        )
        yield one, functools.partial(self._read, one)
        every = declared.command(
            "POST",
            "/v1/me/messages/read",
            "read_messages",
            body=UpTo,
            reply=AllRead,
            roles=(SELF,),
            summary="此时以前的都标为已读 / Mark all up to a time as read",
        )
        every = replace(every, cost=COST)
        yield every, functools.partial(self._read_all, every)

    async def unread(self, request: Request, actor: Actor) -> tuple[int, list[str]]:
        """Return how many messages are unread, and which services have not answered."""
        told = await self._ask(request, actor, {"limit": 0})
        return _unread(told), missing_of(told)

    async def _listed(self, door: Door, request: Request) -> Response:
        actor = self._gate.admit(request, door.roles, door.cost)
        asked = converted(read_params(door.params, request), MessagesWanted)
        body: JsonObject = {"limit": asked.limit, "unread": asked.unread}
        if asked.cursor is not None:
            at, message_id = _place(asked.cursor)
            body |= {"before_at": at.isoformat(), "before_id": message_id}
        if asked.service is not None and asked.service not in self._installed:
            raise NotFound(kind="service", id=asked.service)
        told = await self._ask(request, actor, body, asked.service)
        every = [
            OwnMessage.of(message, service=name)
            for name, one in told.items()
            if one is not None
            for message in one.items
        ]
        every.sort(key=lambda one: (one.at, one.id), reverse=True)
        further = len(every) > asked.limit or any(
            one is not None and one.more for one in told.values()
        )
        shown = every[: asked.limit]
        missing = missing_of(told)
        return saved(
            OwnMessages(
                complete=not missing,
                missing=missing,
                unread=_unread(told),
                items=shown,
                next=_cursor(shown[-1]) if further and shown else None,
            )
        )

    async def _ask(
        self, request: Request, actor: Actor, body: JsonObject, service: str | None = None
    ) -> dict[str, Told | None]:
        names = [name for name in self._installed if service in {None, name}]
        told = await asyncio.gather(
            *(
                in_time(
                    self._gate.call(request, name, "_messages", dict(body), actor=actor),
                    Told,
                    WITHIN_S,
                )
                for name in names
            )
        )
        return dict(zip(names, told, strict=True))

    async def _read(self, door: Door, request: Request) -> Response:
        actor = self._gate.admit(request, door.roles, door.cost)
        key = read_key(request)
        places = read_places(door, request)
        service = str(places["service"])
        if service not in self._installed:
            raise NotFound(kind="service", id=service)
        body: JsonObject = {"message_id": places["message_id"]}
        reply = await self._gate.call(request, service, "_read_message", body, actor=actor, key=key)
        return saved(converted(reply, ReadMarks))

    async def _read_all(self, door: Door, request: Request) -> Response:
        actor = self._gate.admit(request, door.roles, door.cost)
        key = read_key(request)
        body = read_members(door, await self._gate.read_content(door, request))
        names = [*self._installed]
        marks = await asyncio.gather(
            *(self._marked(request, name, body, actor, key) for name in names)
        )
        missing = missing_of(dict(zip(names, marks, strict=True)))
        told = [one for one in marks if one is not None]
        return saved(
            AllRead(
                complete=not missing,
                missing=missing,
                marked=sum(one.marked for one in told),
                unread=sum(one.unread for one in told),
            )
        )

    async def _marked(
        self, request: Request, service: str, body: JsonObject, actor: Actor, key: str
    ) -> ReadMarks | None:
        try:
            reply = await self._gate.call(
                request, service, "_read_messages", dict(body), actor=actor, key=key
            )
        except CallFailed:
            return None
        return converted(reply, ReadMarks)


def _unread(told: Mapping[str, Told | None]) -> int:
    return sum(one.unread for one in told.values() if one is not None)


def _cursor(message: OwnMessage) -> str:
    at = message.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f"{at}|{message.id}"


def _place(cursor: str) -> tuple[datetime, str]:
    at, _, message_id = cursor.partition("|")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not message_id:
        raise Invalid(field="cursor", reason=said("游标已损坏 / the cursor is damaged"))
    return found, message_id
