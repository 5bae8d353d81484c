"""What waits for a person: each service says in one place what can, by which of its lists.

A row names a list that is there already and what is asked of it, so that what is told to wait is
what the list shows, by the same rights; nothing is selected a second time. The gateway asks every
service the same question (`_waiting`) and tells all of it as `GET /v1/me`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, TypeVar, cast

from msgspec import UNSET, Meta
from msgspec.structs import replace

from fivered.chassis.fields import Instant
from fivered.chassis.messages import ANY_ROLE, SELF, Actor
from fivered.chassis.refusal import NotFound, RoleDenied, Sentence
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Tx

# So many rows of a list stand on a page of it, and so many of its pages are looked at where all is
# asked for; where there are more, the count says "at least".
MOST, MOST_PAGES = 200, 10
_EVER, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

ItemT = TypeVar("ItemT")


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
        in_order: The list tells how many lines it has, all of them wait, and what is due first
            stands first: no more of it is read than is told.
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
    in_order: bool = False


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


class Place(Request, frozen=True):
    """Where a thing stands among all that waits in all services."""

    due: Instant | None
    since: Instant
    service: Annotated[str, Meta(max_length=40)]
    kind: Annotated[str, Meta(max_length=40)]
    id: Annotated[str, Meta(max_length=120)]

    def key(self) -> tuple[datetime, datetime, str, str, str]:
        """Return by what things are ordered: what is due first, then what waits longest."""
        return self.due or _LAST, self.since, self.service, self.kind, self.id


class WaitsFor(Request, frozen=True):
    """For whom, in which roles, and what; without kinds: of every kind.

    Attributes:
        first: So many things of each kind are told; all are counted.
        overdue: Only what is due already, by the service's own time.
        due_before: Only what is due before.
        after: Things are told from behind this place on.
        pages: So many pages of a list are looked at.
    """

    person_id: Annotated[str, Meta(max_length=64)]
    rights: Annotated[list[Right], Meta(max_length=100)]
    kinds: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=40)] | None = None
    first: Annotated[int, Meta(ge=0, le=MOST + 1)] = 5
    overdue: bool = False
    due_before: Instant | None = None
    after: Place | None = None
    pages: Annotated[int, Meta(ge=1, le=MOST_PAGES)] = 1


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
    """What was found of a kind; `count` where the list has said how many there are."""

    things: dict[str, WaitingThing]
    more: bool = False
    count: int | None = None


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
    wanted = [row for row in rows if body.kinds is None or row.kind in body.kinds]
    found = {row.kind: _Found({}) for row in wanted}
    rights = [(one.role, one.scope) for one in body.rights] or [(SELF, "")]
    bound = min(filter(None, (body.due_before, tx.now if body.overdue else None)), default=None)
    try:
        for role, scope in rights:
            tx.actor = Actor(body.person_id, role, scope)
            tx.actor = reads_as(tx)
            read = dict[str, list[object]]()
            for row in wanted:
                if not _may(role, ways.roles(row)):
                    continue
                # Lists of two rights may show the same thing: then all of both are read.
                alone = sum(_may(other, ways.roles(row)) for other, _scope in rights) == 1
                if row.in_order and alone and bound is None:
                    _collect_first(tx, row, ways, found[row.kind], body)
                else:
                    _collect(tx, row, ways, found[row.kind], _pages(tx, row, body.pages, read))
    finally:
        tx.actor = asker
    told = [_told(ways.service, row, found[row.kind], body, bound) for row in wanted]
    return Waiting(kinds=[one for one in told if one.count])


def _may(role: str, roles: tuple[str, ...]) -> bool:
    return role in roles or (ANY_ROLE in roles and role != SELF)


def _pages(tx: Tx, row: Waits, most: int, read: dict[str, list[object]]) -> list[object]:
    """Return what a list answers, page by page; rows that ask the same of it look at one answer."""
    asked = row.asked if isinstance(row.asked, Request) else row.asked(tx)
    key = f"{id(row.view)} {asked!r}"
    if key not in read:
        read[key] = [*_read(tx, row, asked, most)]
    return read[key]


def _read(tx: Tx, row: Waits, asked: Request, most: int) -> Iterator[object]:
    view = cast("Callable[[Tx, Request], object]", row.view)
    # The list may not be open to the role there: nothing of it waits for it.
    with suppress(RoleDenied, NotFound):
        page = view(tx, asked)
        yield page
        for _ in range(1, most):
            if (further := _next(page)) is None:
                return
            page = view(tx, replace(asked, cursor=further))
            yield page


def _next(page: object) -> str | None:
    return cast("str | None", getattr(page, "next", None))


def _collect_first(tx: Tx, row: Waits, ways: Ways, found: _Found, body: WaitsFor) -> None:
    """Read a list that stands in order until all is there that is told of it."""
    asked = row.asked if isinstance(row.asked, Request) else row.asked(tx)
    after = body.after.key() if body.after is not None else None
    if after is None:
        asked = replace(asked, limit=min(body.first + 1, MOST))
    pages = []
    for page in _read(tx, row, asked, MOST_PAGES):
        pages.append(page)
        _collect(tx, row, ways, found, pages[-1:])
        keys = sorted(place_of(one, ways.service, row.kind).key() for one in found.things.values())
        further = [one for one in keys if after is None or one > after]
        # What is due at one instant stands there in another order: all of it has to be read.
        if body.first == 0 or (
            len(further) >= body.first and keys[-1][0] > further[body.first - 1][0]
        ):
            break
    if pages:
        found.more = False
        found.count = cast("int", getattr(pages[0], "total"))  # noqa: B009  a list of any type


def _collect(tx: Tx, row: Waits, ways: Ways, found: _Found, pages: Sequence[object]) -> None:
    for page in pages[-1:]:
        # A list of several kinds names those of which it has more.
        further = _next(page) is not None or row.kind in getattr(page, "more", ())
        found.more = found.more or further
    items = (cast("Iterable[object]", getattr(one, "items")) for one in pages)  # noqa: B009  a list of any type
    for item in itertools.chain.from_iterable(items):
        if row.to is not None and not row.to(tx, item):
            continue
        of = str(getattr(item, row.id))
        due = _moment(getattr(item, row.due)) if row.due else None
        version = getattr(item, "version", None) if row.id == "id" else None
        thing = WaitingThing(
            id=of, since=_moment(getattr(item, row.since)) or due or _EVER, due=due,
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


def place_of(thing: WaitingThing, service: str, kind: str) -> Place:
    """Return where a thing stands among all that waits."""
    return Place(thing.due, thing.since, service, kind, thing.id)


def _told(
    service: str, row: Waits, found: _Found, body: WaitsFor, bound: datetime | None
) -> WaitingKind:
    text = Sentence(row.text)
    places = {
        place_of(one, service, row.kind).key(): one
        for one in found.things.values()
        if bound is None or (one.due is not None and one.due < bound)
    }
    after = body.after.key() if body.after is not None else None
    further = (places[one] for one in sorted(places) if after is None or one > after)
    return WaitingKind(
        kind=row.kind,
        what_zh=str(text),
        what_en=text.english,
        count=len(places) if found.count is None else found.count,
        more=found.more,
        first=list(itertools.islice(further, body.first)),
    )
