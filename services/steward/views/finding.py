"""Finding people: by number, name, initials or household, within the caller's own area."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from msgspec import UNSET, Meta

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import Office
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, Sentence, said
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.errors import CommunitySearches
from fivered.services.steward.errors.desk import NamesClosed
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.views import people

# So many are shown; who seeks somebody narrows it, and nobody reads a register in pages.
MOST = 20
# So many of one digest are opened. Names of one spelling in one area are fewer.
_OPENED = 500

_SOUGHT = "who is sought is compared by a keyed digest, and kept nowhere"


class FindPeople(Request, frozen=True):
    """查找人员 / Whom to find: exactly one of these."""

    name: (
        Annotated[
            str,
            Office(_SOUGHT),
            Meta(max_length=40, description="完整姓名 / the whole name", examples=["王小丽"]),
        ]
        | None
    ) = None
    initials: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="姓名的拼音首字母,多音字各读音均可 / initials of the name in pinyin, "
                "by any reading",
                examples=["wxl"],
            ),
        ]
        | None
    ) = None
    phone: Annotated[str, Meta(max_length=30, examples=["12812345678"])] | None = None
    id_no: Annotated[str, Meta(max_length=40, examples=["370899198001010012"])] | None = None
    household_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    building: (
        Annotated[
            str,
            Office(_SOUGHT),
            Meta(
                min_length=1,
                max_length=20,
                description="楼栋,可加单元、房号 / building; a unit and a room narrow it",
                examples=["3号楼"],
            ),
        ]
        | None
    ) = None
    unit: Annotated[str, Meta(min_length=1, max_length=10, examples=["2单元"])] | None = None
    room: Annotated[str, Meta(min_length=1, max_length=10, examples=["502"])] | None = None


def find_people(tx: Tx, payload: FindPeople) -> replies.PeopleSearched:
    """查找人员 / Find people by name, initials, number, household or dwelling.

    只查本辖区,最多显示 20 人,每次查找均留痕,被查到的人可查。首字母、住处由社区和网格工作人员查。
    Within the caller's area, at most 20 people; each search is noted, and who was found reads it.
    Initials and dwellings are for the officials of a community, who know their residents by name.

    What was asked stands in no address, log or stored reply. The same key searches once more.

    Raises:
        Invalid: Not exactly one of the members is given.
        BadName: It is no name.
        BadInitials: They are no initials.
        BuildingNeeded: A unit or room is given without its building.
        BadPhone: It is no mobile number.
        BadIdNumber: It is no identity number.
        CommunitySearches: Initials and dwellings are not for this role.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    place = rules.dwellings.check(payload.building, payload.unit, payload.room)
    given = [name for name in _WAYS if getattr(payload, name) is not None]
    if len(given) != 1:
        raise Invalid(
            field=given[1] if given else "name",
            reason=said(
                "请只给出姓名、首字母、手机号码、身份证号码、户编号、楼栋中的一项"
                " / give exactly one of name, initials, phone, id_no, household_id, building"
            ),
        )
    (by,) = given
    found = _at(tx, place) if place is not None else _SEEK[by](tx, getattr(payload, by))
    shown, more = found[:MOST], len(found) > MOST
    people.note_reads(tx, "find_people", by.upper(), shown, found=len(shown))
    return replies.PeopleSearched(
        state="DONE",
        items=people.registered(tx, shown),
        found=len(shown),
        more=more,
        more_zh=str(_MORE) if more else UNSET,
        more_en=_MORE.english if more else UNSET,
    )


_MORE = Sentence(
    f"符合条件的超过 {MOST} 人,请用完整姓名或号码查找 / More than {MOST} people fit: search by the "
    "whole name or a number"
)


def named(tx: Tx, given: str) -> list[Row]:
    """Return who bears a whole name, of those of the caller's area.

    Raises:
        BadName: It is no name.
        NamesClosed: Names are not for this role.
    """
    if not rules.access.may_see(tx.actor, "name", tx.actor.scope):
        raise NamesClosed(role=tx.actor.role, field="name")
    return _by_name(tx, given)[:MOST]


def _by_name(tx: Tx, given: str) -> list[Row]:
    name = rules.identity.check_name(given)
    vault = storage.vault(tx)
    return _opened(
        tx,
        [storage.finding.of_name(vault, area, name) for area in _areas(tx)],
        lambda one: one == name,
    )


def _by_initials(tx: Tx, given: str) -> list[Row]:
    if not rules.access.may_see(tx.actor, "name", tx.actor.scope):
        raise CommunitySearches(role=tx.actor.role, field="initials")
    letters = rules.pinyin.check_initials(given)
    vault = storage.vault(tx)
    return _opened(
        tx,
        [storage.finding.of_initials(vault, area, letters) for area in _areas(tx)],
        lambda one: rules.pinyin.stand_for(letters, one),
    )


def _areas(tx: Tx) -> list[str]:
    return storage.finding.registering_areas(tx.conn, tx.actor.scope)


def _opened(tx: Tx, digests: list[str], fits: Callable[[str], bool]) -> list[Row]:
    """Return who is found by one of the digests and bears a name that fits: a digest is kept of
    the first initials only, and one of the release before may be of a former name."""
    vault = storage.vault(tx)
    rows = storage.finding.by_digests(tx.conn, digests, tx.actor.scope, _OPENED)
    return [row for row in rows if fits(vault.open(row.name, f"{row.person_id}.name"))]


def _at(tx: Tx, place: Dwelling) -> list[Row]:
    if not rules.access.may_see(tx.actor, "name", tx.actor.scope):
        raise CommunitySearches(role=tx.actor.role, field="building")
    key = rules.dwellings.key(place)
    vault = storage.vault(tx)
    digest = storage.finding.of_dwelling(vault, tx.actor.scope[:12], key)
    rows = storage.finding.by_digests(tx.conn, [digest], tx.actor.scope, MOST + 1)
    # Only who lives here now: a former resident's address is nobody's business.
    return [row for row in rows if row.status == "ACTIVE"]


def _by_phone(tx: Tx, given: str) -> list[Row]:
    return people.with_numbers(tx, phone=given)


def _by_id_no(tx: Tx, given: str) -> list[Row]:
    return people.with_numbers(tx, id_no=given)


def _by_household(tx: Tx, given: str) -> list[Row]:
    return storage.finding.of_household(tx.conn, given, tx.actor.scope, MOST + 1)


_SEEK: dict[str, Callable[[Tx, str], list[Row]]] = {
    "name": _by_name,
    "initials": _by_initials,
    "phone": _by_phone,
    "id_no": _by_id_no,
    "household_id": _by_household,
}
_WAYS = (*_SEEK, "building")
