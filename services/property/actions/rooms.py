"""The room and owner register of a compound: entered, put right with papers, transferred."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import FILE_OR_PAPER
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground, room_places
from fivered.services.property.storage import people, tables
from fivered.services.property.storage import rooms as stored
from fivered.services.property.storage.rows import Row, Values

PlaceCode = Annotated[
    str,
    Meta(
        min_length=16,
        max_length=40,
        description="社区登记的楼栋、单元或户的编号;给出后可不填楼栋、单元、房号 / steward's code "
        "of the building, unit or dwelling; building, unit and number follow from it",
        examples=["370811015901-001-003-01-0601"],
    ),
]
Use = Literal["RESIDENTIAL", "COMMERCIAL", "OFFICE", "PARKING", "STORAGE", "OTHER"]
Holding = Literal["SOLD", "UNSOLD"]
Building = Annotated[str, Meta(min_length=1, max_length=40), PUBLIC]
Part = Annotated[str, Meta(max_length=40), PUBLIC]
SquareMetres = Annotated[
    float,
    Meta(gt=0, le=1_000_000, description="专有部分面积,至多两位小数 / m2, two decimals at most"),
]
Owners = Annotated[
    list[ground.PersonId],
    UNIQUE,
    Meta(max_length=20, description="业主人员编号,共有的全部列出 / every co-owner"),
]
Organisation = Annotated[
    ground.Name, Meta(description="单位业主名称 / an organisation that owns it")
]
Document = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="产权依据,如不动产权证书号 / the title deed"),
    PUBLIC,
    FILE_OR_PAPER,
]


class RegisterRoom(Request, frozen=True):
    """登记房屋及业主 / Register a room and who owns it.

    Attributes:
        holding: UNSOLD is the developer's: not sold, or sold and not handed over.
    """

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    area_m2: Annotated[SquareMetres, Meta(examples=[89.52])]
    document_ref: Annotated[Document, Meta(examples=["鲁(2021)任城区不动产权第0001号"])]
    building: Annotated[Part, Meta(description="楼栋 / building", examples=["3号楼"])] = ""
    number: Annotated[Part, Meta(description="房号 / number of the room", examples=["601"])] = ""
    unit: Annotated[Part, Meta(description="单元 / unit", examples=["1单元"])] = ""
    use: Use = "RESIDENTIAL"
    holding: Annotated[
        Holding, Meta(description="已售或建设单位尚未售出、交付 / sold, or the developer's")
    ] = "SOLD"
    owners: Annotated[Owners, Meta(examples=[["per_owner"]])] = field(default_factory=list)
    organisation: Organisation | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    owned_since: Annotated[date, Meta(description="取得日期 / since when")] | None = None
    place_code: PlaceCode | None = None
    room_id: (
        Annotated[
            str,
            Meta(
                pattern=r"^rom_[A-Za-z0-9_-]{1,58}$",
                description="导入时自定编号 / id chosen by a loader",
            ),
        ]
        | None
    ) = None


def register_room(tx: Tx, payload: RegisterRoom) -> replies.Made:
    """登记房屋及业主 / Register a room.

    Register a room of a compound with its owners; the same room said again is unchanged.

    Raises:
        NotFound: There is no such project.
        RoleDenied: It lies outside the actor's scope.
        ConflictOfInterest: The registrar holds a post in the project.
        StateConflict: The project is closed.
        AreaTooFine: The area has more than two decimals.
        OwnersMissing: A room that is sold has no owner, or the developer's has one.
        NotRegistered, MergedAway: An owner is no registered person.
        UsccWrong: The check of the code fails.
        RoomTaken: The room is registered with other content.
        IdTaken: The chosen id stands for another room.
        DayToCome: It is owned since a day that has not come.
        Invalid: Neither a place nor building and number are said.
        UnknownPlace, PlaceElsewhere, PlaceNoDwelling, RoomNotThere, PlaceTaken: The place cannot be
            the room's.
    """
    project = ground.project_to_decide(tx, payload.project_id)
    ground.require_open(project)
    area = rules.hundredths(payload.area_m2)
    uscc = ground.checked_uscc(payload.uscc or None)
    _require_owners(tx, payload.holding, payload.owners, payload.organisation)
    since = payload.owned_since or ground.today(tx)
    if since > ground.today(tx):
        raise errors.DayToCome(field="owned_since", day=str(since))
    said = room_places.Called(payload.building, payload.unit, payload.number)
    there = payload.place_code and stored.room_of_place(tx.conn, payload.place_code)
    called = room_places.placed(
        tx,
        payload.place_code,
        said,
        use=payload.use,
        community=project.area,
        room_id=there.room_id if there and there.project_id == project.project_id else None,
    )
    key = rules.place_key(*called)
    wanted: Values = {
        "project_id": payload.project_id,
        **({"place_code": payload.place_code} if payload.place_code else {}),
        "area_m2_hundredths": area,
        "use": payload.use,
        "holding": payload.holding,
    }
    there = stored.room_at(tx.conn, payload.project_id, key)
    if there is not None:
        owners = _now(tx, there)
        same = ground.same(there, wanted) and owners == _told(payload.owners, payload.organisation)
        if not same or payload.room_id not in (None, there.room_id):
            raise errors.RoomTaken(field="number", room=there.room_id)
        return ground.reply(replies.Made, stored.rooms, there, state="REGISTERED")
    if payload.room_id and records.find(tx.conn, stored.rooms, payload.room_id):
        raise errors.IdTaken(field="room_id", id=payload.room_id)
    row = records.create(
        tx,
        stored.rooms,
        step="REGISTERED",
        note={"owners": sorted(payload.owners), "organisation": payload.organisation},
        **records.values_from(
            payload,
            stored.rooms,
            **called._asdict(),
            room_id=payload.room_id or tx.new_id("rom"),
            place_key=key,
            area_m2_hundredths=area,
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    _own(
        tx,
        row.room_id,
        owners=payload.owners,
        organisation=payload.organisation,
        uscc=uscc,
        since=since,
        document=payload.document_ref,
    )
    files.attach(tx, payload.document_ref, field="document_ref", room_id=row.room_id)
    return ground.reply(replies.Made, stored.rooms, row, state="REGISTERED")


def _require_owners(tx: Tx, holding: str, owners: list[str], organisation: str | None) -> None:
    """Refuse a room that is sold to nobody, owners of what is not sold, and whom nobody knows.

    An owner need not be of age, nor live there.
    """
    if (holding == "SOLD") != bool(owners or organisation):
        raise errors.OwnersMissing(field="owners")
    known = people.people_of(tx.conn, owners)
    for person in owners:
        one = known.get(person)
        if one is None:
            raise errors.NotHeardOf(field="owners", person=person)
        if one.merged_into is not None:
            raise errors.MergedAway(field="owners", person=person, into=one.merged_into)


def _told(owners: list[str], organisation: str | None) -> Values:
    return {"owners": sorted(owners), "organisation": organisation}


def _now(tx: Tx, room: Row) -> Values:
    there = stored.owners_of(tx.conn, [room.room_id]).get(room.room_id, [])
    return _told(
        [one.person_id for one in there if one.person_id],
        next((one.organisation for one in there if one.organisation), None),
    )


def _own(
    tx: Tx,
    room_id: str,
    *,
    owners: list[str],
    organisation: str | None,
    uscc: str | None,
    since: date,
    document: str,
) -> None:
    blank = {"room_id": room_id, "since": since, "until": None, "document_ref": document}
    who: list[Values] = [{"person_id": one, "organisation": None, "uscc": None} for one in owners]
    if organisation:
        who.append({"person_id": None, "organisation": organisation, "uscc": uscc})
    records.add_all(
        tx.conn, stored.room_owners, [blank | one | {"owning_id": tx.new_id("own")} for one in who]
    )


def _room(tx: Tx, room_id: str, reason: str) -> Row:
    """Return a room that the actor may change.

    Raises:
        NotFound, RoleDenied, ConflictOfInterest, VersionConflict: See `ground.meant`.
        SamePerson, OwnHousehold: It is the actor's own room, or of who lives there too.
        ReasonRequired: There is no reason.
        StateConflict: It was taken off the register.
    """
    row = ground.meant(tx, stored.rooms, room_id, may=ground.uninterested)
    if row.removed_at is not None:
        raise StateConflict(state="REMOVED")
    there = stored.owners_of(tx.conn, [room_id]).get(room_id, [])
    ground.require_others(tx, "room_id", [one.person_id for one in there if one.person_id])
    ground.require_reason(reason)
    return row


class CorrectRoom(Request, frozen=True):
    """更正房屋登记 / Put right what is registered of a room; the rest stays.

    Owners that are named here were the owners all along: another one from a day on is a transfer.
    """

    room_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["面积登记有误"])]
    document_ref: Annotated[Document, Meta(examples=["鲁(2021)任城区不动产权第0001号"])]
    building: Building | None = None
    unit: Part | None = None
    number: Annotated[Part, Meta(min_length=1)] | None = None
    place_code: PlaceCode | None = None
    area_m2: SquareMetres | None = None
    use: Use | None = None
    owners: Owners | None = None
    organisation: Organisation | None = None


def correct_room(tx: Tx, payload: CorrectRoom) -> replies.Made:
    """更正房屋登记 / Put a room right.

    Put a room or its present owners right with the paper that shows it; what stood there before
    stays in the history. A vote whose roll is frozen is not changed by it.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The registrar holds a post in the project.
        SamePerson, OwnHousehold: It is the registrar's own room, or of who lives there too.
        ReasonRequired: There is no reason.
        AreaTooFine, OwnersMissing, NotRegistered, MergedAway, RoomTaken: As when it is registered.
        NothingChanges: It stands so already.
        StateConflict: It was taken off the register.
        UnknownPlace, PlaceElsewhere, PlaceNoDwelling, RoomNotThere, PlaceTaken: As when it is
            registered.
    """
    row = _room(tx, payload.room_id, payload.reason)
    wanted: Values = {
        name: getattr(payload, name)
        for name in ("building", "unit", "number", "use", "place_code")
        if getattr(payload, name) is not None
    }
    if payload.area_m2 is not None:
        wanted["area_m2_hundredths"] = rules.hundredths(payload.area_m2)
    after = dict(records.values_of(row)) | wanted
    if after["place_code"] is not None:
        # A place that is named anew says what the room is called; what is written has to be so.
        of_old = row if payload.place_code is None else None
        called = room_places.placed(
            tx,
            after["place_code"],
            room_places.Called(
                *(
                    wanted.get(name, getattr(of_old, name, ""))
                    for name in room_places.Called._fields
                )
            ),
            use=after["use"],
            community=row.area,
            room_id=row.room_id,
        )
        wanted |= called._asdict()
        after |= wanted
    key = rules.place_key(after["building"], after["unit"], after["number"])
    if key != row.place_key:
        other = stored.room_at(tx.conn, row.project_id, key)
        if other is not None:
            raise errors.RoomTaken(field="number", room=other.room_id)
        wanted["place_key"] = key
    before, now = _now(tx, row), _now(tx, row)
    if payload.owners is not None or payload.organisation is not None:
        now = _told(payload.owners or [], payload.organisation)
    wanted = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not wanted and now == before:
        raise errors.NothingChanges
    if now != before:
        _require_owners(tx, row.holding, now["owners"], now["organisation"])
        ground.require_others(tx, "owners", now["owners"])
        there = stored.owners_of(tx.conn, [row.room_id]).get(row.room_id, [])
        since = min((one.since for one in there), default=ground.today(tx))
        stored.drop_ownings(tx.conn, [one.owning_id for one in there])
        _own(
            tx,
            row.room_id,
            owners=now["owners"],
            organisation=now["organisation"],
            uscc=None,
            since=since,
            document=payload.document_ref,
        )
    row = records.change(
        tx,
        stored.rooms,
        row,
        step="CORRECTED",
        note={
            "reason": payload.reason,
            "document": payload.document_ref,
            "before": {name: getattr(row, name) for name in wanted} | before,
            "now": wanted | now,
        },
        **wanted,
    )
    files.attach(tx, payload.document_ref, field="document_ref", room_id=row.room_id)
    return ground.reply(replies.Made, stored.rooms, row, state="CORRECTED")


class TransferRoom(Request, frozen=True):
    """房屋转让登记 / Who owns a room from a day on."""

    room_id: str
    since: Annotated[date, Meta(description="自何日起 / from this day", examples=["2025-03-01"])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["房屋买卖过户"])]
    document_ref: Annotated[Document, Meta(examples=["鲁(2025)任城区不动产权第0102号"])]
    owners: Annotated[Owners, Meta(examples=[["per_buyer"]])] = field(default_factory=list)
    organisation: Organisation | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None


def transfer_room(tx: Tx, payload: TransferRoom) -> replies.Made:
    """房屋转让登记 / Transfer a room.

    Enter who owns a room from a day on; who owned it before stays readable with the days. What the
    developer sells is sold from then on.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The registrar holds a post in the project.
        SamePerson, OwnHousehold: A registrar names their own person or household, or it is theirs.
        ReasonRequired: There is no reason.
        OwnersMissing, NotRegistered, MergedAway, UsccWrong: As when it is registered.
        DayToCome: The day has not come, or the present owners have it since a later one.
        NothingChanges: They own it already.
        StateConflict: It was taken off the register.
    """
    row = _room(tx, payload.room_id, payload.reason)
    _require_owners(tx, "SOLD", payload.owners, payload.organisation)
    ground.require_others(tx, "owners", payload.owners)
    uscc = ground.checked_uscc(payload.uscc or None)
    before, now = _now(tx, row), _told(payload.owners, payload.organisation)
    if now == before:
        raise errors.NothingChanges
    there = stored.owners_of(tx.conn, [row.room_id]).get(row.room_id, [])
    latest = max((one.since for one in there), default=payload.since)
    if payload.since > ground.today(tx) or payload.since < latest:
        raise errors.DayToCome(field="since", day=str(payload.since))
    stored.end_ownings(tx.conn, row.room_id, payload.since)
    _own(
        tx,
        row.room_id,
        owners=payload.owners,
        organisation=payload.organisation,
        uscc=uscc,
        since=payload.since,
        document=payload.document_ref,
    )
    row = records.change(
        tx,
        stored.rooms,
        row,
        step="TRANSFERRED",
        holding="SOLD",
        document_ref=payload.document_ref,
        note={
            "reason": payload.reason,
            "document": payload.document_ref,
            "since": str(payload.since),
            "before": before,
            "now": now,
        },
    )
    files.attach(tx, payload.document_ref, field="document_ref", room_id=row.room_id)
    return ground.reply(replies.Made, stored.rooms, row, state="TRANSFERRED")


class RemoveRoom(Request, frozen=True):
    """房屋撤销登记 / Why a room does not stand in the register."""

    room_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["与 rom_1 重复登记"])]


def remove_room(tx: Tx, payload: RemoveRoom) -> replies.Made:
    """房屋撤销登记 / Take a room off the register.

    Take off what was entered twice or by mistake: it counts nowhere any more, and its place is
    free. A vote whose roll is frozen is not changed by it; the room stays readable with the reason.

    Raises:
        NotFound: There is none.
        ConflictOfInterest: The registrar holds a post in the project.
        SamePerson, OwnHousehold: It is the registrar's own room, or of who lives there too.
        ReasonRequired: There is no reason.
        StateConflict: It was taken off already.
    """
    row = _room(tx, payload.room_id, payload.reason)
    row = records.change(
        tx,
        stored.rooms,
        row,
        step="REMOVED",
        removed_at=tx.now,
        removed_reason=payload.reason,
        place_key=stored.removed_key(row.room_id),
        note={"reason": payload.reason},
    )
    return ground.reply(replies.Made, stored.rooms, row, state="REMOVED")


def hand_over(tx: Tx, former: Row, new: Row) -> None:
    """The rooms and their owners stay the same under the project that takes a compound over."""
    count = stored.hand_over(tx.conn, former.project_id, new.project_id)
    if count:
        records.note(
            tx,
            tables.projects,
            new,
            step="ROOMS_TAKEN_OVER",
            note={"from": former.project_id, "rooms": count},
        )
