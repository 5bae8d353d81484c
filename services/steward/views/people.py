"""What a viewer may know of people (DOMAIN 1.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Id, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, said
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage


class PeopleCards(Request, frozen=True):
    """人员编号 / Whose cards."""

    ids: Annotated[list[Id], msgspec.Meta(max_length=200, description="ids=a,b / ids=a&ids=b")]


class WhichPerson(Request, frozen=True):
    """Which person is meant."""

    person_id: str


class PersonSearch(Request, frozen=True):
    """精确查找 / Exactly this phone or identity number; each search is noted."""

    phone: Annotated[str, msgspec.Meta(max_length=30, examples=["12812345678"])] | None = None
    id_no: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class History(Request, frozen=True):
    """分页 / Which part of a list."""

    person_id: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class MergeList(Request, frozen=True):
    """合并提议筛选 / Which proposals; those that wait when left out."""

    scope: Area | None = None
    state: Literal["PROPOSED", "CONFIRMED", "REJECTED"] | None = "PROPOSED"
    sort: Annotated[Literal["proposed_at", "-proposed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class DeathList(MergeList, frozen=True):
    """死亡登记提议筛选 / Which proposals; those that wait when left out."""


class ReadList(Request, frozen=True):
    """查阅记录筛选 / Which reads; without an area, all of the auditor's scope."""

    scope: Area | None = None
    person_id: Annotated[str, Meta(description="被查阅人 / whose data")] | None = None
    actor_id: Annotated[str, Meta(description="查阅人 / who read")] | None = None
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def people_cards(tx: Tx, payload: PeopleCards) -> replies.PeopleReply:
    """人员卡(按权限遮蔽) / People, masked for the viewer.

    Answer cards in the order asked; who is not registered is left out.

    Three statements, however many people: persons, their posts, and what the viewer handles.
    """
    asked = list(dict.fromkeys(payload.ids))
    return replies.PeopleReply(items=_cards(tx, asked, storage.people.several(tx.conn, asked)))


def _cards(
    tx: Tx, asked: Sequence[str], found: Iterable[Row], *, noted: bool = False
) -> list[replies.PersonCard]:
    """Return cards in the order asked.

    Args:
        tx: The snapshot.
        asked: Ids.
        found: Who is registered under them.
        noted: Whether it is noted already that the viewer reads of them.
    """
    rows = _followed(tx, {row.person_id: row for row in found})
    posts: dict[str, Row] = {}
    standing = [row.person_id for row in rows.values()]
    for post in storage.people.posts(tx.conn, standing):
        posts.setdefault(post.person_id, post)
    in_hand = (
        storage.people.reporters_in_hand(tx.conn, tx.actor.id, standing) if tx.actor.id else set()
    )
    items = []
    read: dict[str, list[Row]] = {}
    for person_id in asked:
        if person_id not in rows:
            continue
        row = rows[person_id]
        why = _why(tx, row, person_id, handled=row.person_id in in_hand)
        shown = card(tx, row, posts.get(row.person_id), why)
        if row.person_id != person_id:
            shown.person_id, shown.merged_into = person_id, row.person_id
        items.append(shown)
        if why in {"NEIGHBOUR", "HANDLER"} and not noted:
            read.setdefault(why, []).append(row)
    for why, seen in read.items():
        note_reads(tx, "people_cards", why, seen)
    return items


def _followed(tx: Tx, rows: dict[str, Row]) -> dict[str, Row]:
    """Return the rows with the person who stands for an id that was given up."""
    given_up = {row.merged_into for row in rows.values() if row.merged_into}
    if not given_up:
        return rows
    standing = {row.person_id: row for row in storage.people.several(tx.conn, given_up)}
    return {one: standing.get(row.merged_into or one, row) for one, row in rows.items()}


def _why(tx: Tx, row: Row, asked: str, *, handled: bool) -> str | None:
    """Return why the viewer knows a person by name, or None."""
    if tx.actor.id and tx.actor.id in {row.person_id, asked}:
        return "SELF"
    if row.grid is not None and rules.access.may_see(tx.actor, "name", row.grid):
        return "NEIGHBOUR"
    return "HANDLER" if handled else None


def note_reads(
    tx: Tx,
    door: str,
    why: str,
    rows: Sequence[Row],
    *,
    reason: str | None = None,
    found: int | None = None,
) -> None:
    """Note who read what of these persons; without a person, that nobody was found.

    Args:
        tx: The transaction, or the snapshot of a query.
        door: Through which door.
        why: What gives the right to read, or by what was searched.
        rows: The persons.
        reason: In the reader's words.
        found: Of a search, how many people it showed.
    """
    actor = tx.actor

    def write(writing: Tx) -> None:
        vault = storage.vault(writing)
        storage.people.write_reads(
            writing.conn,
            actor,
            rows,
            at=writing.now,
            door=door,
            why=why,
            found=found,
            reason=vault.seal_or_none(reason, "person_reads.reason"),
        )

    if tx.writes:
        write(tx)
    else:
        tx.afterwards(write)


def _read(tx: Tx, person_id: str, door: str) -> tuple[Row, bool]:
    """Return somebody, and whether it is the viewer; that another one reads is noted.

    Raises:
        NotFound: Not registered, or none of the viewer's business.
    """
    row = storage.people.person(tx.conn, person_id)
    itself = row is not None and row.person_id == tx.actor.id
    if row is None or not (
        itself or rules.access.may_see(tx.actor, "standing", row.grid or row.area)
    ):
        raise NotFound(kind="person", id=person_id)
    if not itself:
        note_reads(tx, door, "STANDING", [row])
    return row, itself


def person(tx: Tx, payload: WhichPerson) -> replies.RegisteredPerson:
    """人员 / One person in the registry.

    Answer one person's card, with the standing in the registry for those who may see it.

    Raises:
        NotFound: Not registered, or none of the viewer's business.
    """
    row, itself = _read(tx, payload.person_id, "person")
    (found,) = _cards(tx, [payload.person_id], [row])
    return _with_standing(found, row, itself=itself)


def _with_standing(card: replies.PersonCard, row: Row, *, itself: bool) -> replies.RegisteredPerson:
    found = replies.RegisteredPerson(
        **msgspec.structs.asdict(card), status=row.status, version=row.version
    )
    if row.merged_into is not None:
        # Given up after a double registration; all else is told under the other id.
        found.merged_into = row.merged_into
        return found
    birth_year = row.birth_year if itself else None
    found.tell(row, replies.RegisteredPerson, birth_year=birth_year)
    return found


def people(tx: Tx, payload: PersonSearch) -> replies.PeopleFound:
    """按手机号或身份证号精确查找 / Find by exact phone or identity number.

    Answer who has exactly this phone or identity number, of those whom the caller registers.

    只查本辖区,每次查找均留痕。Within the caller's area only; each search is noted.

    Asked and found are noted alike: nobody tries numbers unseen.

    Raises:
        Invalid: Neither is given.
        BadPhone: It is no mobile number.
        BadIdNumber: It is no identity number.
    """
    if payload.phone is None and payload.id_no is None:
        raise Invalid(
            field="phone", reason=said("请给出手机号码或身份证号码 / give phone or id_no")
        )
    rows = with_numbers(tx, phone=payload.phone, id_no=payload.id_no)
    note_reads(tx, "people", "ID_NO" if payload.id_no else "PHONE", rows, found=len(rows))
    return replies.PeopleFound(items=registered(tx, rows))


def with_numbers(tx: Tx, *, phone: str | None = None, id_no: str | None = None) -> list[Row]:
    """Return who has exactly these numbers, of those whom the caller registers.

    Raises:
        BadPhone: It is no mobile number.
        BadIdNumber: It is no identity number.
    """
    vault = storage.vault(tx)
    digests: dict[str, str | None] = {"phone": None, "id_no": None}
    if phone is not None:
        digests["phone"] = vault.digest("phone", rules.identity.check_sought_phone(phone))
    if id_no is not None:
        number, _born = rules.identity.check_id_number(id_no, tx.calendar.local_date(tx.now))
        digests["id_no"] = vault.digest("id_no", number)
    found = storage.people.with_numbers(tx.conn, **digests)
    return [
        row for row in found if rules.access.may_see(tx.actor, "standing", row.grid or row.area)
    ]


def registered(tx: Tx, rows: Sequence[Row]) -> list[replies.RegisteredPerson]:
    """Return the cards of people whom a search found, with their standing, in the same order."""
    asked = [row.person_id for row in rows]
    cards = _cards(tx, asked, rows, noted=True) if rows else []
    return [
        _with_standing(found, row, itself=False) for row, found in zip(rows, cards, strict=True)
    ]


def person_history(tx: Tx, payload: History) -> Page[replies.Change]:
    """人员变更记录 / What was changed of a person.

    Answer what was changed of a person, newest first; old numbers are masked.

    Raises:
        NotFound: Not registered, or none of the viewer's business.
    """
    row, itself = _read(tx, payload.person_id, "person_history")
    by_name = itself or rules.access.may_see(tx.actor, "name", row.grid or row.area)
    return history(tx, payload.person_id, payload, by_name=by_name)


def history(tx: Tx, ref: str, part: records.PartOfList, *, by_name: bool) -> Page[replies.Change]:
    """Return what was changed under an id, newest first."""
    vault = storage.vault(tx)

    def shown(row: Row) -> replies.Change:
        before = storage.people.before(vault, row)
        name, phone = before.get("name"), before.get("phone")
        if name and not by_name:
            before["name"] = rules.identity.mask_name(name)
        if not by_name:
            before.pop("dwelling", None)
        if phone:
            before["phone"] = rules.identity.mask_phone(phone)
        reason = vault.open_or_none(row.reason, f"{ref}.reason")
        return replies.Change.of(row, role=row.actor_role, before=before, reason=reason)

    return storage.people.changes(tx.conn, ref, part).listed(shown)


def person_merges(tx: Tx, payload: MergeList) -> Page[replies.MergeCard]:
    """合并提议 / Proposals that two registrations are one human.

    Answer the proposals of an area that two registrations are one human, oldest first.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    vault = storage.vault(tx)
    return storage.people.merges(tx.conn, scope, payload.state, payload).listed(
        lambda row: replies.MergeCard.of(
            row,
            id=row.merge_id,
            reason=vault.open(row.reason, f"{row.merge_id}.reason"),
            proposed_at=row.created_at,
        ),
    )


def person_deaths(tx: Tx, payload: DeathList) -> Page[replies.DeathCard]:
    """死亡登记提议 / Proposals that somebody died.

    Answer the proposals of an area that somebody died, oldest first.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    return storage.people.deaths(tx.conn, scope, payload.state, payload).listed(
        lambda row: replies.DeathCard.of(row, id=row.death_id, proposed_at=row.created_at)
    )


# What is called otherwise as a reason to read than as something else.
_WHY = {
    "PHONE": "ASKED_BY_PHONE",
    "NAME": "ASKED_BY_NAME",
    "INITIALS": "ASKED_BY_INITIALS",
    "HOUSEHOLD_ID": "ASKED_BY_HOUSEHOLD",
    "BUILDING": "ASKED_BY_DWELLING",
}


def person_reads(tx: Tx, payload: ReadList) -> Page[replies.PersonRead]:
    """个人信息查阅记录 / Who read personal data of whom.

    Answer who read what of whom, newest first.

    居民查本人的;审计员查本辖区的。Residents read their own; an auditor the area's.

    The auditor reads those of the area. All read who saw what of them, and why: by role
    and office, not by name.

    Raises:
        RoleDenied: The area lies outside the auditor's scope, or it is somebody else's business.
    """
    auditing = rules.access.may_see(tx.actor, "reads", tx.actor.scope)
    asks_of_himself = payload.person_id or (tx.actor.id if tx.actor.role == "R_RESIDENT" else None)
    of = [payload.person_id] if payload.person_id is not None else None
    scope = payload.scope or tx.actor.scope
    if auditing:
        tx.require_scope(scope)
    elif not tx.actor.id or asks_of_himself != tx.actor.id or payload.actor_id is not None:
        raise RoleDenied(role=tx.actor.role)
    else:
        # Wherever the person lived meanwhile, and under the ids that were given up.
        scope = payload.scope or ""
        of = [tx.actor.id, *storage.people.given_up_for(tx.conn, tx.actor.id)]
    found = storage.people.reads(
        tx.conn,
        scope,
        person_ids=of,
        actor_id=payload.actor_id,
        part=payload,
    )
    vault = storage.vault(tx)
    offices: dict[str, str] = {}

    def shown(row: Row) -> replies.PersonRead:
        if row.scope not in offices:
            offices[row.scope] = "".join(storage.ground.names(tx.conn, row.scope))
        told = replies.PersonRead.of(
            row,
            role=row.actor_role,
            **in_words("fivered.services.steward", "role", row.actor_role),
            office=offices[row.scope] or None,
            **in_words("fivered.services.steward", "why", _WHY.get(row.why, row.why)),
            reason=vault.open_or_none(row.reason, "person_reads.reason"),
        )
        if auditing:
            told.actor_id = row.actor_id
        return told

    return found.listed(shown)


def card(tx: Tx, row: Row, post: Row | None, why: str | None) -> replies.PersonCard:
    """Return what the viewer may know of a person.

    Self: everything. Handler of the person's open case: name, masked phone. Officials of the own
    community: name, masked numbers. Everybody else: the masked name. A steward who stands on the
    contact board is known by name and work phone; private numbers are not.
    """
    vault = storage.vault(tx)
    name = vault.open(row.name, f"{row.person_id}.name")
    erased = row.status == rules.identity.ERASED
    by_name = why is not None or post is not None or erased
    found = replies.PersonCard(
        person_id=row.person_id,
        name=(name or rules.identity.NO_NAME) if by_name else rules.identity.mask_name(name),
        community=row.area,
        synthetic=row.synthetic,
    )
    if why is not None:
        phone = vault.open_or_none(row.phone, f"{row.person_id}.phone")
        if phone is not None and why != "SELF":
            phone = rules.identity.mask_phone(phone)
        found.phone = phone
        lives = storage.finding.dwelling_of(vault, row)
        found.dwelling = replies.Home(**lives._asdict()) if lives is not None else None
    if why in {"SELF", "NEIGHBOUR"}:
        found.id_no = vault.open_or_none(row.id_no_mask, f"{row.person_id}.id_no")
    if post is not None:
        work_phone = vault.open_or_none(post.work_phone, f"{post.steward_id}.work_phone")
        found.steward = replies.Post.of(post, work_phone=work_phone)
    return found
