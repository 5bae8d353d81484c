"""Somebody is told: the one mechanism for it in every service.

An action leaves a message with `tell`; its row stands in the service's own database and commits
with what it tells of. Kinds and their texts are data (`Service.tells`, a room `messages.py` of the
service). A person reads the messages of all services as `GET /v1/me/messages`, which asks each
service for its part (`answer`), and marks them as read. `docs/messages.md` lists every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, cast

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import identities, records
from fivered.chassis import storage as store
from fivered.chassis.fields import Instant
from fivered.chassis.i18n import told as in_words
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.chassis.tells import GROUPS, Group, Tells
from fivered.chassis.transaction import Tx

_LONGEST_KEY = 100
# So many are counted and marked at once; nobody reads more.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Messages that a service keeps in a table of its own, from before this mechanism.

    Attributes:
        kinds: Their texts, for the list of all kinds.
        to, when, group: As in `Tells`, of all of them.
        of: Returns the query of a person's: `message_id`, `kind`, `about_kind`, `about_id`,
            `created_at`.
        texts: Returns what some of them say, by id, in Chinese and in English.
        out: Returns those of some ids as they leave the system (`going_out`).
    """

    kinds: Mapping[str, str]
    to: str
    when: str
    group: Group
    of: Callable[[Tx, str], store.Select]
    texts: Callable[[Tx, Sequence[str]], Mapping[str, tuple[str, str]]]
    out: Callable[[Tx, Sequence[str]], Iterable[Leaving]]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A message of such a table, as it leaves.

    Attributes:
        message_id: Its id.
        to: Who is told, as of now.
        kind: As in `kinds`.
        at: When it was told.
        texts: What it says, in Chinese and in English; see `going_out.plain`.
    """

    message_id: str
    to: Iterable[str]
    kind: str
    at: datetime
    texts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one person, as `tell` makes it.

    Attributes:
        kind: One of the service's `tells`.
        person_id: To whom; None is nobody.
        about: The kind and the id of the thing that it is about.
        detail: Fills the places of the text.
        once: What is said once; see `tell`.
        at: When it is said; the transaction's time by default.
    """

    kind: str
    person_id: str | None
    about: tuple[str, str] | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    once: str | None = None
    at: datetime | None = None


class Teller:
    """What a service class says of its messages (`bus.Service`)."""

    tells: Mapping[str, Tells]
    told_elsewhere: tuple[Elsewhere, ...]


def teller_of(tx: Tx) -> Teller:
    """Return what the service of a transaction says of its messages."""
    return cast("Teller", tx.runtime.service_cls)


# --------------------------------------------------------------------------------------------------
# An action tells


def tell(
    tx: Tx,
    kind: str,
    persons: str | Iterable[str | None] | None,
    *,
    about: tuple[str, str] | None = None,
    once: str | None = None,
    **detail: object,
) -> int:
    """Leave a message: each person is told if and only if this transaction commits.

    Args:
        tx: The transaction.
        kind: One of the service's `tells`.
        persons: Whom; nobody, or somebody twice, does no harm.
        about: The kind and the id of the thing that it is about.
        once: What is said once: a second message of this kind with it is left out. Without it each
            call counts, which is right where a row's state or the inbox says that it is the first.
        detail: Fills the places of the text: texts, numbers, codes. No personal data of others.

    Returns:
        How many are told.

    Raises:
        TypeError: The service has no such kind, or a place of its text stays empty.
    """
    wanted = {persons} if isinstance(persons, str) or persons is None else {*persons}
    told = sorted(one for one in wanted if one)
    return tell_all(tx, [Message(kind, one, about, detail, once) for one in told], checked=kind)


def tell_all(tx: Tx, messages: Iterable[Message], *, checked: str | None = None) -> int:
    """Leave several messages with one statement; see `tell`.

    Args:
        tx: The transaction.
        messages: Those to nobody are left out.
        checked: A kind that must be known also where there is nobody to be told.

    Raises:
        TypeError: The service has no such kind, or a place of its text stays empty.
    """
    if checked is not None:
        _known(tx, checked)
    rows = [_row(tx, message) for message in messages if message.person_id]
    if not rows:
        return 0
    new = [row for row in rows if row["once"] is None]
    if new:
        tx.conn.execute(sa.insert(tx.runtime.chassis.told), new)
    new += [row for row in rows if row["once"] is not None and _is_first(tx, row)]
    if new:
        # A service that sends messages out queues them here (rows of `told`).
        after = getattr(tx.runtime.service_cls, "after_told", None)
        if after is not None:
            after(tx, new)
    return len(new)


def _is_first(tx: Tx, row: Mapping[str, object]) -> bool:
    """Write a message that is said once; tells whether it was not said before."""
    return records.add_new(tx.conn, tx.runtime.chassis.told, **row) is not None


def _known(tx: Tx, kind: str) -> Tells:
    said = teller_of(tx).tells.get(kind)
    if said is None:
        raise TypeError(f"{tx.runtime.name} tells no {kind!r}")
    return said


def _key(kind: str, once: str) -> str:
    """Return what is said once, as its column holds it: a long one by its digest."""
    key = f"{kind}:{once}"
    return key if len(key) <= _LONGEST_KEY else f"{kind}:{sha256(once.encode()).hexdigest()[:48]}"


def _row(tx: Tx, message: Message) -> dict[str, object]:
    kind, detail = message.kind, message.detail
    if missing := _known(tx, kind).places - detail.keys():
        raise TypeError(f"{kind} lacks {', '.join(sorted(missing))}")
    about_kind, about_id = message.about or (None, None)
    return {
        "message_id": tx.new_id("msg"),
        "person_id": message.person_id,
        "kind": kind,
        "about_kind": about_kind,
        "about_id": about_id,
        "detail": {
            name: value if isinstance(value, int) and not isinstance(value, bool) else str(value)
            for name, value in detail.items()
        },
        "once": None if message.once is None else _key(kind, message.once),
        "created_at": message.at or tx.now,
    }


def hand_over(conn: sa.Connection, tables: store.ChassisTables, old: str, new: str) -> None:
    """Let the messages of an id that was given up be those of the kept one; what both were told
    once stays once."""
    identities.hand_over_once(conn, tables.told.c.person_id, old, new, within=("once",))
    identities.hand_over_once(conn, tables.told_read.c.person_id, old, new, within=("message_id",))


# --------------------------------------------------------------------------------------------------
# The question and its answer


class MessagesAsked(Request, frozen=True):
    """Which messages of the caller: of those before a place, the newest."""

    limit: Annotated[int, Meta(ge=0, le=200)] = 50
    unread: bool = False
    before_at: Instant | None = None
    before_id: Annotated[str, Meta(max_length=64)] = ""


class ToldMessage(Reply, kw_only=True):
    """消息 / What somebody was told."""

    id: str
    kind: Annotated[str, Meta(description="消息种类 / kind of message", examples=["REQ_RESOLVED"])]
    group: Annotated[
        str, Meta(description="消息分组(推送偏好按此选择) / group, by which channels are chosen")
    ]
    at: Instant
    read_at: Annotated[Instant | None, Meta(description="何时标为已读 / when it was read")]
    about_kind: Annotated[
        str | None, Meta(description="所述事项的种类 / kind of the thing", examples=["request"])
    ]
    about_id: Annotated[str | None, Meta(description="所述事项的编号 / id of the thing")]
    text_zh: str
    text_en: str


class Told(Reply, kw_only=True):
    """A part of what one service has told the caller."""

    unread: Annotated[int, Meta(description="未读条数,最多计到 1000 / unread, counted up to 1000")]
    items: list[ToldMessage]
    more: bool


class WhichMessage(Request, frozen=True):
    """Which message is meant."""

    message_id: Annotated[str, Meta(max_length=64)]


class UpTo(Request, frozen=True):
    """Up to when messages are marked as read."""

    up_to: Instant


class ReadMarks(Reply, kw_only=True):
    """已读 / What was marked as read."""

    marked: Annotated[int, Meta(description="新标为已读的条数 / how many are newly marked")]
    unread: Annotated[int, Meta(description="其余未读条数 / how many are still unread")]


def answer(tx: Tx, asked: MessagesAsked) -> Told:
    """Return the caller's messages, newest first, and how many are unread."""
    found = _all_of(tx)
    page = sa.select(found)
    if asked.unread:
        page = page.where(found.c.read_at.is_(None))
    if asked.before_at is not None:
        place = (found.c.created_at, found.c.message_id)
        page = page.where(sa.tuple_(*place) < (asked.before_at, asked.before_id))
    page = page.order_by(found.c.created_at.desc(), found.c.message_id.desc())
    rows = store.rows(tx.conn, page.limit(asked.limit + 1)) if asked.limit else []
    return Told(
        unread=_unread(tx, found),
        items=_shown(tx, rows[: asked.limit]),
        more=len(rows) > asked.limit,
    )


def read(tx: Tx, message_id: str) -> ReadMarks:
    """Mark a message of the caller as read; done again it changes nothing.

    Raises:
        NotFound: The caller was told nothing of this id.
    """
    found = _all_of(tx)
    row = store.first(tx.conn, sa.select(found).where(found.c.message_id == message_id))
    if row is None:
        raise NotFound(kind="message", id=message_id)
    marked = _mark(tx, [message_id]) if row.read_at is None else 0
    return ReadMarks(marked=marked, unread=_unread(tx, found))


def read_up_to(tx: Tx, up_to: datetime) -> ReadMarks:
    """Mark what the caller was told up to a time as read, newest first, 1000 at most."""
    found = _all_of(tx)
    asked = (
        sa.select(found.c.message_id)
        .where(found.c.read_at.is_(None), found.c.created_at <= up_to)
        .order_by(found.c.created_at.desc(), found.c.message_id.desc())
        .limit(MOST)
    )
    marked = _mark(tx, tx.conn.execute(asked).scalars().all())
    return ReadMarks(marked=marked, unread=_unread(tx, found))


def _mark(tx: Tx, message_ids: Sequence[str]) -> int:
    if not message_ids:
        return 0
    rows = [{"person_id": tx.actor.id, "message_id": one, "read_at": tx.now} for one in message_ids]
    marks = tx.runtime.chassis.told_read
    tx.conn.execute(store.insert(tx.conn, marks).on_conflict_do_nothing(), rows)
    return len(rows)


def _unread(tx: Tx, found: store.FromClause) -> int:
    some = sa.select(sa.literal(1)).select_from(found).where(found.c.read_at.is_(None)).limit(MOST)
    return int(
        tx.conn.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one()
    )


def _all_of(tx: Tx) -> store.FromClause:
    """Return the caller's messages: those of the mechanism and those of the service's own table."""
    told, marks, person_id = tx.runtime.chassis.told, tx.runtime.chassis.told_read, tx.actor.id
    own = sa.select(
        told.c.message_id, told.c.kind, told.c.about_kind, told.c.about_id, told.c.created_at,
        sa.literal(-1).label("place"),
    ).where(told.c.person_id == person_id)  # fmt: skip
    parts = [own]
    for place, elsewhere in enumerate(teller_of(tx).told_elsewhere):
        parts.append(elsewhere.of(tx, person_id).add_columns(sa.literal(place).label("place")))
    every = sa.union_all(*parts).subquery("every") if len(parts) > 1 else own.subquery("every")
    marked = sa.and_(marks.c.person_id == person_id, marks.c.message_id == every.c.message_id)
    return (
        sa.select(every, marks.c.read_at)
        .select_from(every.outerjoin(marks, marked))
        .subquery("messages")
    )


def _shown(tx: Tx, rows: Sequence[store.Row]) -> list[ToldMessage]:
    teller = teller_of(tx)
    texts = _texts(tx, [row.message_id for row in rows if row.place < 0])
    for place, elsewhere in enumerate(teller.told_elsewhere):
        if ids := [row.message_id for row in rows if row.place == place]:
            texts |= elsewhere.texts(tx, ids)
    shown = []
    for row in rows:
        known = teller.tells.get(row.kind)
        group = teller.told_elsewhere[row.place].group if row.place >= 0 else "MATTERS"
        zh, en = texts[row.message_id]
        shown.append(
            ToldMessage(
                id=row.message_id,
                kind=row.kind,
                group=known.group if known is not None else group,
                at=row.created_at,
                read_at=row.read_at,
                about_kind=row.about_kind,
                about_id=row.about_id,
                text_zh=zh,
                text_en=en,
            )
        )
    return shown


def _texts(tx: Tx, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    if not message_ids:
        return {}
    told = tx.runtime.chassis.told
    asked = sa.select(told.c.message_id, told.c.kind, told.c.detail)
    return {
        row.message_id: text_of(tx, row.kind, row.detail)
        for row in store.rows(tx.conn, asked.where(told.c.message_id.in_(message_ids)))
    }


def text_of(tx: Tx, kind: str, detail: Mapping[str, object]) -> tuple[str, str]:
    """Return what a message says, in Chinese and in English; a kind that a later release told, and
    this one does not know, is called by its name."""
    said = teller_of(tx).tells.get(kind)
    if said is None:
        return kind, kind
    package = f"fivered.services.{tx.runtime.name}"
    filled = dict.fromkeys(said.places, "—") | dict(detail)
    zh, en = (in_words(package, said.text, filled, language) for language in ("zh", "en"))
    return zh, en[:1].upper() + en[1:]


__all__ = [
    "GROUPS",
    "Elsewhere",
    "Group",
    "Leaving",
    "Message",
    "MessagesAsked",
    "ReadMarks",
    "Tells",
    "Told",
    "ToldMessage",
    "UpTo",
    "WhichMessage",
    "answer",
    "hand_over",
    "read",
    "read_up_to",
    "tell",
    "tell_all",
    "teller_of",
    "text_of",
]
