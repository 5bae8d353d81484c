"""What waits for a person: each service says in one place what can, by which of its lists.

A row names a list that is there already and what is asked of it, so that what is told to wait is
what the list shows, by the same rights; nothing is selected a second time. The gateway asks every
service the same question (`_waiting`) and tells all of it as `GET /v1/me`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, TypeVar, cast

from msgspec import UNSET, Meta

from fivered.chassis.fields import Instant
from fivered.chassis.messages import ANY_ROLE, SELF, Actor
from fivered.chassis.refusal import NotFound, RoleDenied, Sentence
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Tx

# So many rows of a list are looked at; where there are more, the count says "at least".
MOST = 200
_LAST = datetime(9999, 12, 31, tzinfo=UTC)

ItemT = TypeVar("ItemT")
ThingT = TypeVar("ThingT", bound="WaitingThing")


@dataclass(frozen=True, slots=True)
class Waits:
    """Something that waits until somebody acts.

    Attributes:
        kind: Its name, such as ERASURE_TO_DECIDE.
        text: What it is, "中文 / English".
        act: The door that is expected to be entered; who may enter it may be waited for.
        view: The list in which it stands, as `service.py` names it.
        asked: What is asked of the list; a function where that depends on who asks.
        since: The member of a line that says since when it waits.
        due: The one that says until when; empty where nothing is due.
        to: Whether a line of the list waits for the caller; without it every line does.
        id: The member that the address of `act` takes.
        shown: The query that shows one such thing, where the address of `act` does not say.
        roles: Who is asked, where that is fewer than may enter `act`.
    """

    kind: str
    text: str
    act: str
    view: object
    asked: Request | Callable[[Tx], Request]
    since: str
    due: str = ""
    to: Callable[[Tx, object], bool] | None = None
    id: str = "id"
    shown: str = ""
    roles: tuple[str, ...] = ()


def to(kind: type[ItemT], test: Callable[[Tx, ItemT], bool]) -> Callable[[Tx, object], bool]:
    """Return `Waits.to` of a list whose lines have this type."""

    def asked(tx: Tx, item: object) -> bool:
        return isinstance(item, kind) and test(tx, item)

    return asked


def by_another(*names: str) -> Callable[[Tx, object], bool]:
    """Return `Waits.to` of what somebody else decides than who stands in these members."""

    def asked(tx: Tx, item: object) -> bool:
        return tx.actor.id not in {getattr(item, name) for name in names}

    return asked


def not_mine(_tx: Tx, item: object) -> bool:
    """`Waits.to` of a list that marks the caller's own matters."""
    return getattr(item, "own_matter", None) is not True


# --------------------------------------------------------------------------------------------------
# The question and its answer


class Right(Request, frozen=True):
    """A role and its area."""

    role: Annotated[str, Meta(max_length=30)]
    scope: Annotated[str, Meta(max_length=15)]


class WaitsFor(Request, frozen=True):
    """For whom, in which roles, and of which kind; without one: of every kind."""

    person_id: Annotated[str, Meta(max_length=64)]
    rights: Annotated[list[Right], Meta(max_length=100)]
    kind: Annotated[str, Meta(max_length=40)] | None = None
    first: Annotated[int, Meta(ge=0, le=MOST)] = 5


class WaitingThing(Reply, kw_only=True):
    """One thing that waits."""

    id: str
    since: Instant
    due: Instant | None
    role: Annotated[str, Meta(description="以何角色办理 / in which role one acts")]
    scope: str
    href: Annotated[str, Meta(description="查看地址 / where it is shown")]
    version: Annotated[
        int | None,
        Meta(description="列表所示版本,用于 If-Match / as the list shows it, for If-Match"),
    ]
    act: Annotated[str, Meta(description="应办事项 / verb and path of the act that is expected")]


class WaitingKind(Reply, kw_only=True):
    """What waits of one kind."""

    kind: str
    what_zh: str
    what_en: str
    count: int
    more: Annotated[bool, Meta(description="可能更多 / whether there may be more than counted")]
    first: Annotated[list[WaitingThing], Meta(description="最早到期的几件 / the first by due date")]


class Waiting(Reply, kw_only=True):
    """What waits in one service."""

    kinds: list[WaitingKind]


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the doors of a service are: (roles, verb and path) by name, verb and path of lists."""

    service: str
    doors: Mapping[str, tuple[tuple[str, ...], str]]
    lists: Mapping[object, str]
    shown_by: Mapping[str, str]

    def roles(self, row: Waits) -> tuple[str, ...]:
        """Return for whom something can wait."""
        return row.roles or self.doors[row.act][0]

    def act(self, row: Waits, of: str) -> str:
        """Return verb and path of the act on a thing."""
        verb, _, path = self.doors[row.act][1].partition(" ")
        return f"{verb} {self._at(path, of)}"

    def href(self, row: Waits, of: str) -> str:
        """Return where a thing is shown: its own address, or that of the list it stands in."""
        _verb, _, path = self.doors[row.act][1].partition(" ")
        place = path.partition("{")[2].partition("}")[0]
        shown = self.doors.get(row.shown or self.shown_by.get(place, ""))
        way = self.lists[row.view] if shown is None else shown[1]
        return self._at(way.partition(" ")[2], of)

    def _at(self, path: str, of: str) -> str:
        head, _, tail = path.partition("{")
        return f"/v1/{self.service}{head}{of if tail else ''}{tail.partition('}')[2]}"


@dataclass(slots=True)
class _Found:
    things: dict[str, WaitingThing]
    more: bool = False


def answer(
    tx: Tx, body: WaitsFor, rows: Sequence[Waits], ways: Ways, reads_as: Callable[[Tx], Actor]
) -> Waiting:
    """Return what waits in a service for a person.

    Args:
        tx: A transaction of the system; it reads as the person, in each of the roles.
        body: The question.
        rows: What can wait.
        ways: Where the service's doors are.
        reads_as: `Service.reads_as`.
    """
    asker = tx.actor
    wanted = [row for row in rows if body.kind in {None, row.kind}]
    found = {row.kind: _Found({}) for row in wanted}
    rights = [(one.role, one.scope) for one in body.rights]
    try:
        for role, scope in rights or [(SELF, "")]:
            tx.actor = Actor(body.person_id, role, scope)
            tx.actor = reads_as(tx)
            pages = dict[str, object]()
            for row in wanted:
                if _may(role, ways.roles(row)):
                    _collect(tx, row, ways, found[row.kind], pages)
    finally:
        tx.actor = asker
    told = [_told(row, found[row.kind], body.first) for row in wanted if found[row.kind].things]
    return Waiting(kinds=told)


def _may(role: str, roles: tuple[str, ...]) -> bool:
    return role in roles or (ANY_ROLE in roles and role != SELF)


def _page(tx: Tx, row: Waits, pages: dict[str, object]) -> object:
    """Return what a list answers; rows that ask the same of it look at one answer."""
    asked = row.asked if isinstance(row.asked, Request) else row.asked(tx)
    key = f"{id(row.view)} {asked!r}"
    if key not in pages:
        try:
            pages[key] = cast("Callable[[Tx, Request], object]", row.view)(tx, asked)
        except (RoleDenied, NotFound):
            # The list is not open to the role there: nothing of it waits for it.
            pages[key] = None
    return pages[key]


def _collect(tx: Tx, row: Waits, ways: Ways, found: _Found, pages: dict[str, object]) -> None:
    page = _page(tx, row, pages)
    if page is None:
        return
    # A list of several kinds names those of which it has more.
    further = getattr(page, "next", None) is not None or row.kind in getattr(page, "more", ())
    found.more = found.more or further
    for item in cast("Iterable[object]", getattr(page, "items")):  # noqa: B009  a list of any type
        if row.to is not None and not row.to(tx, item):
            continue
        of = str(getattr(item, row.id))
        due = _moment(getattr(item, row.due)) if row.due else None
        version = getattr(item, "version", None) if row.id == "id" else None
        thing = WaitingThing(
            id=of, since=_moment(getattr(item, row.since)) or tx.now, due=due,
            version=version if isinstance(version, int) else None,
            role=tx.actor.role, scope=tx.actor.scope, href=ways.href(row, of),
            act=ways.act(row, of),
        )  # fmt: skip
        found.things.setdefault(of, thing)


def _moment(value: object) -> datetime | None:
    if value is UNSET or value is None:
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise TypeError(f"{value!r} is no moment")


def soonest(things: Iterable[ThingT]) -> list[ThingT]:
    """Return things in the order in which they are due, then of since when they wait."""
    return sorted(things, key=lambda one: (one.due or _LAST, one.since, one.id))


def _told(row: Waits, found: _Found, first: int) -> WaitingKind:
    text = Sentence(row.text)
    things = soonest(found.things.values())
    return WaitingKind(
        kind=row.kind,
        what_zh=str(text),
        what_en=text.english,
        count=len(things),
        more=found.more,
        first=things[:first],
    )
