"""The history of public facts over HTTP: a page of what all services have published, and the
cursor after which the next page begins.

A cursor holds a place for each service, and the mark of the event that stands there: after a
restored backup, and in another installation, another one does, and the caller is told. It is
checked, not signed: a place is no right, and what a caller may see is decided anew by each service.
The place of a service that is away stays, so that its events come when it is back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import heapq
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, cast

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis import history
from fivered.chassis.cards import History as Told
from fivered.chassis.cards import PublishedEvent
from fivered.chassis.fields import Area, Instant
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import Actor
from fivered.chassis.refusal import Invalid, Refusal, RoleDenied, Sentence, Written, said
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request as Asked
from fivered.chassis.rpc import CallFailed
from fivered.chassis.typed import converted, decoded
from fivered.gateway.addressed import read_params
from fivered.gateway.dispatch import Gate
from fivered.gateway.doors import Door, Refused
from fivered.gateway.errors import CapabilityMissing
from fivered.gateway.sparing import digest_of, spared

# What a page costs, in ordinary answers: every service is asked.
COST = 5
# Where a cursor may stand: a parameter, and the header with which a stream is taken up again.
AFTER, LAST_EVENT_ID = "after", "Last-Event-ID"
_EXAMPLE: JsonObject = {
    "specversion": "1.0",
    "id": "01945c3e-7d1a-7c55-9d3f-0d6f1a2b3c4d",
    "source": "/fivered/steward",
    "type": "steward.request_closed.v1",
    "subject": "req_01945c3e-7d1a-7c55-9d3f-0d6f1a2b3c4d",
    "time": "2025-01-15T01:00:00Z",
    "recordedat": "2025-01-15T01:00:00Z",
    "sequence": "00000000000000000007",
    "scope": "370811015901001",
    "data": {"request_id": "req_01945c3e-7d1a-7c55-9d3f-0d6f1a2b3c4d", "rated": True},
}


class EventsForgotten(Refusal):
    """What stood behind the cursor is no longer kept, or was undone by a restored backup, or the
    cursor is of another installation."""

    status = 410
    text = (
        "此游标接不上({services}):其后的事件已过保存期限,或数据由备份恢复,或游标来自另一系统;"
        "请不带 after(或 Last-Event-ID)从头读,或用 since"
        " / Nothing follows this cursor ({services}): what stood behind it was kept for a time, or "
        "a backup was restored, or it is of another installation. Begin anew without `after` (or "
        "`Last-Event-ID`), or with `since`"
    )


class Narrowed(Asked, frozen=True):
    """要哪些事件 / Which events."""

    type: Annotated[
        list[
            Annotated[
                str,
                Meta(
                    pattern=r"^[a-z_]+\.[a-z0-9_]+\.v[0-9]+$",
                    max_length=120,
                    examples=["steward.request_closed.v1"],
                ),
            ]
        ],
        Meta(max_length=100, description="事件类型,可给多个 / types, one or several"),
    ] = msgspec.field(default_factory=list)
    service: Annotated[
        list[Annotated[str, Meta(max_length=40, examples=["steward"])]],
        Meta(max_length=20, description="服务,可给多个 / services, one or several"),
    ] = msgspec.field(default_factory=list)
    subject: (
        Annotated[str, Meta(max_length=64, description="事件的主体 / what it is about")] | None
    ) = None
    scope: (
        Annotated[Area, Meta(description="区域及其以内 / this area and what lies in it")] | None
    ) = None
    since: (
        Annotated[
            Instant, Meta(description="此时起记录的(真实时间)/ recorded since then (real time)")
        ]
        | None
    ) = None
    after: (
        Annotated[
            str,
            Meta(
                max_length=4000,
                description="上一页的 next,或事件流的 id / `next` of the page before, or an "
                "`id` of the stream",
            ),
        ]
        | None
    ) = None


class EventsAsked(Narrowed, frozen=True):
    """要哪些事件、多少条 / Which events, and how many."""

    limit: Annotated[int, Meta(ge=1, le=history.MOST, description="最多条数 / most events")] = 100


class EventPage(Reply):
    """A part of what was published, of each service in the order in which it published it."""

    items: Annotated[
        list[dict[str, object]],
        Meta(
            description="CloudEvents 1.0,字段见 /events / their members: /events",
            examples=[[_EXAMPLE]],
        ),
    ]
    next: Annotated[
        str,
        Meta(
            description="下一次的 after;总是给出 / `after` of the next time; always there",
            examples=["eyJwIjp7InN0ZXdhcmQiOjE3MzY5MDI4MDAwMDAwMDB9LCJzIjoxfQ"],
        ),
    ]
    more: Annotated[
        bool,
        Meta(
            description="后面可能已有(本页可以为空)/ more may stand there already; this page may "
            "be empty all the same"
        ),
    ]
    complete: Annotated[
        bool, Meta(description="各服务是否都已答复 / whether every service has answered")
    ]
    away: Annotated[
        list[str],
        Meta(
            description="未答复的服务,其位置不变,以后补上 / services that have not; their place "
            "stays, and their events come later",
            examples=[[]],
        ),
    ]


Places = dict[str, int]
# The year 3000 in microseconds: no place is higher, no time later.
_MOST_PLACE = 32_503_680_000_000_000


@dataclass(slots=True)
class Cursor:
    """To where each service was read.

    Attributes:
        places: A place of each service, or a time as a negative number (microseconds).
        marks: By which event a place is known again (`history.mark_of`), where that is known.
    """

    places: Places = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)

    def put(self, service: str, place: int, mark: int | None) -> None:
        """Note to where a service was read."""
        self.places[service] = place
        self.marks.pop(service, None)
        if mark is not None:
            self.marks[service] = mark

    def copy(self) -> Cursor:
        """Return another one that stands where this one does."""
        return Cursor(dict(self.places), dict(self.marks))


def written(cursor: Cursor) -> str:
    """Return a cursor as a text.

    A mark has its place in its name: the gateway of a release before, which moves the place and
    keeps what it does not know, leaves a mark of no place.
    """
    members = dict(cursor.places)
    for name, mark in cursor.marks.items():
        members[f"{name}@{cursor.places[name]}"] = mark
    told = msgspec.json.encode(dict(sorted(members.items())))
    return base64.urlsafe_b64encode(b"%08x" % zlib.crc32(told) + told).decode().rstrip("=")


def read(cursor: str, field: str = AFTER) -> Cursor:
    """Read a cursor.

    Args:
        cursor: See `written`.
        field: Where it stood.

    Raises:
        Invalid: It is none of ours.
    """
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        if plain[:8] != b"%08x" % zlib.crc32(plain[8:]):
            raise ValueError("damaged")  # noqa: TRY301  one refusal for all
        members = decoded(plain[8:], Places)
        if any(not -_MOST_PLACE <= number <= _MOST_PLACE for number in members.values()):
            raise ValueError("no place")  # noqa: TRY301  as above
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid(
            field=field, reason=said("游标已损坏 / the cursor is damaged, or none of ours")
        ) from error
    places = {name: place for name, place in members.items() if "@" not in name}
    named = {name: members.get(f"{name}@{place}") for name, place in places.items()}
    return Cursor(places, {name: mark for name, mark in named.items() if mark is not None})


def since_of(at: datetime) -> int:
    """Return a time as it stands in a cursor, for a service of which no place is known."""
    return -int(at.timestamp() * 1_000_000)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a caller wants to see, and may.

    Attributes:
        scope: The area: what was asked for, within what was granted.
    """

    actor: Actor
    types: frozenset[str]
    services: tuple[str, ...]
    subject: str
    asked_scope: str
    scope: str
    since: datetime | None

    @classmethod
    def of(cls, asked: Narrowed, actor: Actor, installed: Collection[str]) -> Filter:
        """Return the filter of a question.

        Raises:
            CapabilityMissing: It names a service that is not installed.
            RoleDenied: The area lies outside of what the caller may see.
        """
        types = frozenset(asked.type)
        speaking = {one.partition(".")[0] for one in types}
        for member, names in (("service", asked.service), ("type", speaking)):
            for name in sorted(names):
                if name not in installed:
                    raise CapabilityMissing(field=member, service=Written(name))
        services = sorted(asked.service or installed)
        if types:
            services = [name for name in services if name in speaking]
        scope = asked.scope or ""
        within = history.narrower(actor.scope, scope)
        if within is None:
            raise RoleDenied(field="scope", role=actor.role, scope=actor.scope, area=scope)
        return cls(
            actor=actor,
            types=types,
            services=tuple(services),
            subject=asked.subject or "",
            asked_scope=scope,
            scope=within,
            since=asked.since,
        )

    def takes(self, told: PublishedEvent) -> bool:
        """Tell whether an event is wanted."""
        event = told["event"]
        if self.since is not None and datetime.fromisoformat(told["recorded_at"]) < self.since:
            return False
        return (
            (not self.types or event["type"] in self.types)
            and (not self.subject or event["subject"] == self.subject)
            and str(event["scope"]).startswith(self.scope)
        )

    def of_service(self, service: str) -> JsonObject:
        """Return the members of the question that a service is asked."""
        asked: JsonObject = {"subject": self.subject}
        if self.asked_scope:
            asked["scope"] = self.asked_scope
        if self.types:
            asked["types"] = [one for one in sorted(self.types) if one.startswith(f"{service}.")]
        return asked


@dataclass(slots=True)
class Merged:
    """What several services have answered, and how far each was read.

    Attributes:
        items: (service, event with its place), as they were recorded; of each service in its order.
        cursor: How far.
        read: Who was read to the end.
        away: Who has not answered.
    """

    items: list[tuple[str, PublishedEvent]] = field(default_factory=list)
    cursor: Cursor = field(default_factory=Cursor)
    read: set[str] = field(default_factory=set)
    more: bool = False
    away: list[str] = field(default_factory=list)


class Reader:
    """Reads the history of the services of one gateway.

    Args:
        gate: The bus, and who people are.
        installed: The services of this installation.
    """

    def __init__(self, gate: Gate, installed: Collection[str]) -> None:
        self._gate = gate
        self.installed = installed

    async def ask(self, service: str, place: int | None, limit: int, wanted: Filter) -> Told:
        """Ask one service for what follows a place.

        Args:
            service: Whom.
            place: See `written`; None from the oldest that is kept on.
            limit: Most events.
            wanted: Which.

        Raises:
            CallFailed: It is away, or of a release without this question.
        """
        body: JsonObject = {**wanted.of_service(service), "limit": limit}
        if place is not None and place >= 0:
            body["after"] = place
        times = [wanted.since] if wanted.since is not None else []
        if place is not None and place < 0:
            times.append(datetime.fromtimestamp(-place / 1_000_000, UTC))
        if times:
            body["since"] = max(times).isoformat()
        told = await self._gate.caller.call(
            service, "_history", body, actor=wanted.actor, deadline_s=self._gate.settings.deadline_s
        )
        return cast("Told", told)

    async def places(self, wanted: Filter, cursor: Cursor) -> dict[str, Told]:
        """Ask every service where its history begins and ends, and what it knows of a cursor's
        place; who is away is missing."""

        async def one(name: str) -> Told | None:
            try:
                return await self.ask(name, cursor.places.get(name), 0, wanted)
            except CallFailed:
                return None

        answers = await asyncio.gather(*map(one, wanted.services))
        told = zip(wanted.services, answers, strict=True)
        return {name: answer for name, answer in told if answer is not None}

    async def page(self, wanted: Filter, cursor: Cursor, limit: int) -> Merged:
        """Ask every service at the same time, and merge what they answer.

        Raises:
            CallFailed: None of them answers.
            EventsForgotten: What stood at or behind a place is gone.
            Invalid: A type is no public event.
        """
        asked = wanted.services
        told = await asyncio.gather(
            *(self.ask(name, cursor.places.get(name), limit, wanted) for name in asked),
            return_exceptions=True,
        )
        merged, answers, failure = Merged(cursor=cursor.copy()), dict[str, Told](), None
        for name, answer in zip(asked, told, strict=True):
            if isinstance(answer, CallFailed):
                merged.away.append(name)
                failure = answer
                if name not in cursor.places and wanted.since is not None:
                    merged.cursor.put(name, since_of(wanted.since), None)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                answers[name] = answer
        if failure is not None and not answers:
            raise failure
        check_known(answers)
        check_kept(cursor, answers)
        _merge(merged, answers, limit)
        return merged


def check_known(answers: Mapping[str, Told]) -> None:
    """Check that the types that were asked for exist. Each service knows its own: of one that is
    away nothing is unknown.

    Raises:
        Invalid: One is no public event.
    """
    unknown = {one for told in answers.values() for one in told.get("unknown", ())}
    if unknown:
        raise Invalid(
            field="type",
            reason=said(
                "没有公开事件 {types},公开事件见 /events"
                " / there is no public event {types}; /events lists those that there are",
                types=", ".join(sorted(unknown)),
            ),
        )


def check_kept(cursor: Cursor, answers: Mapping[str, Told], field: str = AFTER) -> None:
    """Check that each place is one of the history that is there, and what stands behind it is kept.

    Args:
        cursor: What the caller has.
        answers: What the services say, asked for what stands after its places.
        field: Where the cursor stood.

    Raises:
        EventsForgotten: It is not: it is older than what is kept, a backup was restored, or the
            cursor is of another installation.
    """
    gone = [name for name, told in sorted(answers.items()) if is_gone(cursor, name, told)]
    if gone:
        raise EventsForgotten(field=field, services=", ".join(gone))


def is_gone(cursor: Cursor, service: str, told: Told) -> bool:
    """Tell whether a service's place is none of its history, or what stood behind it is forgotten.

    Args:
        cursor: What the caller has.
        service: Whose place.
        told: What the service says, asked for what stands after that place.
    """
    place = cursor.places.get(service, -1)
    if place < 0:
        return False
    if not told["first"] <= place <= max(told["first"], told["last"]):
        return True
    mark = cursor.marks.get(service)
    return mark is not None and told.get("marks", {}).get("after", mark) != mark


def _merge(merged: Merged, answers: Mapping[str, Told], limit: int) -> None:
    """Take the first of what several services have answered, in the order of its recording."""

    def parts(name: str) -> list[tuple[str, PublishedEvent]]:
        return [(name, one) for one in answers[name]["items"]]

    every = in_order(parts(name) for name in answers)
    merged.items, left = every[:limit], {name for name, _ in every[limit:]}
    for name, told in answers.items():
        own = [one for who, one in merged.items if who == name]
        if name not in left:
            merged.cursor.put(name, told["next"], told.get("marks", {}).get("next"))
            if not told["more"]:
                merged.read.add(name)
        elif own:
            merged.cursor.put(name, own[-1]["place"], mark_of(own[-1]))
        elif merged.cursor.places.get(name, -1) < 0:
            # No event is known that stands there; where one is, the place stays.
            merged.cursor.put(name, told["items"][0]["place"] - 1, None)
    merged.more = merged.read != answers.keys()


def mark_of(told: PublishedEvent) -> int:
    """Return the mark of an event that a service has told."""
    return history.mark_of(str(told["event"]["id"]))


def in_order(parts: Iterable[list[tuple[str, PublishedEvent]]]) -> list[tuple[str, PublishedEvent]]:
    """Merge what services have published as it was recorded; of each it stays in its order."""
    return list(heapq.merge(*parts, key=lambda one: one[1]["recorded_at"]))


def refusing(door: Door, *kinds: type[Refusal]) -> Door:
    """Return a door of the history with what it costs and refuses."""
    told: tuple[type[Refusal], ...] = (EventsForgotten, CapabilityMissing, *kinds)
    return replace(
        door, cost=COST, refusals=tuple(Refused(one.status, one.code, _both(one)) for one in told)
    )


class History:
    """`GET /v1/events` of one gateway."""

    def __init__(self, gate: Gate, reader: Reader) -> None:
        self._gate = gate
        self._reader = reader

    async def events(self, door: Door, request: Request) -> Response:
        """Answer a part of what was published.

        Raises:
            Refusal: The caller may not, asks too often, or names a cursor that leads nowhere.
            CallFailed: No service answers.
        """
        actor = self._gate.admit(request, door.roles, door.cost)
        asked = converted(read_params(door.params, request), EventsAsked)
        wanted = Filter.of(asked, actor, self._reader.installed)
        cursor = read(asked.after) if asked.after else Cursor()
        found = await self._reader.page(wanted, cursor, asked.limit)
        content = msgspec.json.encode(
            {
                "items": [one["event"] for _, one in found.items],
                "next": written(found.cursor),
                "more": found.more,
                "complete": not found.away,
                "away": found.away,
            }
        )
        headers = {"Vary": "Authorization, X-Acting-Role", "ETag": f'"{digest_of(content)}"'}
        return spared(request, content, headers, "application/json")


def _both(kind: type[Refusal]) -> str:
    text = Sentence(kind.text)
    return f"{text} / {text.english}"
