"""A compound changes hands: what the one company hands over, and the other one finds there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.actions.ground import References
from fivered.services.property.storage import handovers as stored
from fivered.services.property.storage import rooms
from fivered.services.property.storage import works as works_stored
from fivered.services.property.storage.rows import Row

# What anybody of the two companies, or the community, may add; open work comes by itself.
ItemKind = Literal["KEYS", "DOCUMENTS", "FUNDS", "FACILITIES", "OTHER"]


def begin(
    tx: Tx,
    former: Row,
    new: Row,
    *,
    orders: Iterable[Row],
    works: Iterable[Row],
) -> None:
    """Write the list of what is to be handed over: what every compound has, and what is open.

    Args:
        tx: The transaction.
        former: The project of the company that goes.
        new: That of the company that comes.
        orders: The orders that the new company has instead of the former one's.
        works: The works of meetings that it takes over, likewise.
    """
    due_at = tx.calendar.due(tx.now, rules.HANDOVER_DAYS)
    row = records.create(
        tx,
        stored.handovers,
        step="BEGUN",
        handover_id=tx.new_id("hov"),
        project_id=former.project_id,
        new_project_id=new.project_id,
        state="OPEN",
        due_at=due_at,
        overdue=False,
        ended_at=None,
        area=new.area,
        version=1,
        created_at=tx.now,
    )
    tasks = stored.open_tasks(tx.conn, former.project_id)
    open_complaints = stored.open_complaints(tx.conn, former.project_id)
    lines: list[tuple[str, str, str | None]] = [
        *((kind, title, None) for kind, title in rules.STANDARD_ITEMS),
        *(("ORDER", f"整改单 {one.number}", one.rectification_id) for one in orders),
        *(("WORK", one.title, one.work_id) for one in (*works, *tasks)),
        # Neither number nor request: the company must not learn who complained.
        *(
            ("COMPLAINT", f"未办结投诉,{_day(tx, one.filed_at)}", one.complaint_id)
            for one in open_complaints
        ),
    ]  # fmt: skip
    for kind, title, concerns in lines:
        _add(tx, row, kind, title, concerns)
    tx.arm("handover_due", row.handover_id, due_at)
    _tell(tx, row, "HANDOVER_BEGUN", until=_day(tx, due_at))
    today = ground.today(tx)
    owners = (rooms.owners_in(tx.conn, one.project_id, today) for one in (former, new))
    tell(
        tx,
        "COMPANY_CHANGED",
        set[str]().union(*owners),
        about=("project", new.project_id),
        name=new.name,
        company=ground.company(tx, new.company_id).name,
        day=today.isoformat(),
    )


def _day(tx: Tx, at: datetime) -> str:
    return f"{tx.calendar.local(at):%Y-%m-%d}"


def _add(tx: Tx, row: Row, kind: str, title: str, concerns: str | None = None) -> Row:
    return records.create(
        tx,
        stored.items,
        step="LISTED",
        item_id=tx.new_id("hoi"),
        handover_id=row.handover_id,
        project_id=row.project_id,
        new_project_id=row.new_project_id,
        kind=kind,
        title=title[:200],
        concerns=concerns,
        state="PENDING",
        files=[],
        due_at=row.due_at,
        area=row.area,
        version=1,
        created_at=tx.now,
    )


def _people_of(tx: Tx, project_id: str) -> set[str]:
    """Return the manager of a project, and who speaks for its company."""
    project = ground.project(tx, project_id)
    company = ground.company(tx, project.company_id)
    return {project.manager_person_id or "", *company.representatives} - {""}


def _tell(tx: Tx, row: Row, kind: str, **detail: str) -> None:
    both = _people_of(tx, row.project_id) | _people_of(tx, row.new_project_id)
    name = ground.project(tx, row.new_project_id).name
    tell(tx, kind, both, about=("handover", row.handover_id), name=name, **detail)


class AddItem(Request, frozen=True):
    """移交清单补充 / What is to be handed over besides."""

    handover_id: str
    kind: Annotated[ItemKind, Meta(examples=["KEYS"])]
    title: Annotated[
        str, Meta(min_length=2, max_length=200, examples=["地下车库道闸遥控器"]), PUBLIC
    ]


def add_handover_item(tx: Tx, payload: AddItem) -> replies.Made:
    """补充移交事项 / Add what is to be handed over.

    Who takes over, or the community, adds what the list lacks.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
        NotTheManager, NotTheCompany: The caller is none of the company that takes over.
        StateConflict: The hand-over is done.
    """
    row = ground.found(tx, stored.handovers, payload.handover_id)
    if tx.actor.role in ("R_PM", "R_PCO"):
        _require_side(tx, row, row.new_project_id)
    else:
        tx.require_scope(row.area)
    if row.state != "OPEN":
        raise StateConflict(state=row.state, field="handover_id")
    made = _add(tx, row, payload.kind, payload.title)
    return ground.reply(replies.Made, stored.items, made)


def _require_side(tx: Tx, row: Row, project_id: str) -> None:
    """Refuse who does not act for a project's company.

    Raises:
        RoleDenied: It lies outside the actor's scope.
        NotTheManager, NotTheCompany: The caller is none of that company.
    """
    if tx.actor.role == "R_PM":
        ground.require_manager(tx, project_id)
    else:
        tx.require_scope(row.area)
        ground.require_company(tx, ground.project(tx, project_id).company_id)


def _item(tx: Tx, item_id: str, side: str) -> Row:
    """Return an item, locked, in the version that the caller has seen.

    Args:
        tx: The transaction.
        item_id: Which one.
        side: Which project's company acts: `project_id` or `new_project_id`.

    Raises:
        NotFound: There is none.
        RoleDenied, NotTheManager, NotTheCompany: See `_require_side`.
        VersionConflict: It has changed since.
    """
    row = ground.found(tx, stored.items, item_id)
    _require_side(tx, row, getattr(row, side))
    tx.check_version(row.version)
    return row


class HandItem(Request, frozen=True):
    """移交 / What is handed over, and the proof."""

    item_id: str
    quantity: Annotated[int, Meta(ge=0, le=100_000, description="数量 / how many")] | None = None
    remark: Annotated[str, Meta(max_length=500, examples=["钥匙 12 把,另附清单"]), PUBLIC] = ""
    files: References = field(default_factory=list)


def hand_item(tx: Tx, payload: HandItem) -> replies.Made:
    """移交一项 / Hand an item over.

    The company that goes hands something over, with its papers; the other one says whether it came.

    Raises:
        NotFound: There is none.
        NotTheManager, NotTheCompany: The caller is none of the company that goes.
        StateConflict: It is handed over, or settled.
    """
    row = _item(tx, payload.item_id, "project_id")
    records.require_state(row, "PENDING", "MISSING")
    files.attach(tx, payload.files, field="files", item_id=row.item_id)
    row = records.change(
        tx,
        stored.items,
        row,
        step="HANDED",
        state="HANDED",
        quantity=payload.quantity,
        remark=payload.remark or None,
        files=list(payload.files),
        handed_by=tx.actor.id,
        handed_at=tx.now,
        note={"quantity": payload.quantity},
    )
    return ground.reply(replies.Made, stored.items, row)


class ReceiveItem(Request, frozen=True):
    """接收 / Whether it came, and what is missing."""

    item_id: str
    complete: Annotated[bool, Meta(description="是否齐全 / is it complete", examples=[True])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["缺少设备房钥匙两把"])] = ""


def receive_item(tx: Tx, payload: ReceiveItem) -> replies.Made:
    """接收一项 / Say whether an item came.

    The company that comes says whether it has it; what is missing is the other one's again. With
    the last item the hand-over is done.

    Raises:
        NotFound: There is none.
        NotTheManager, NotTheCompany: The caller is none of the company that comes.
        ReasonRequired: It is missing, and what is missing is not said.
        StateConflict: It is not handed over.
    """
    row = _item(tx, payload.item_id, "new_project_id")
    records.require_state(row, "HANDED")
    if not payload.complete:
        ground.require_reason(payload.reason)
    state = "RECEIVED" if payload.complete else "MISSING"
    row = records.change(
        tx,
        stored.items,
        row,
        step=state,
        state=state,
        received_by=tx.actor.id,
        received_at=tx.now,
        reason=payload.reason or None,
    )
    if not payload.complete:
        people = _people_of(tx, row.project_id)
        about = ("handover_item", row.item_id)
        tell(tx, "HANDOVER_MISSING", people, about=about, title=row.title, reason=payload.reason)
    _finish(tx, row.handover_id)
    return ground.reply(replies.Made, stored.items, row)


class SettleItem(Request, frozen=True):
    """街道处理 / How the street settles what the two companies do not."""

    item_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["原企业失联,由街道组织换锁"])]


def settle_item(tx: Tx, payload: SettleItem) -> replies.Made:
    """街道处理一项 / Settle an item.

    The street settles what one of the companies does not do, or what there is not.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
        ConflictOfInterest: The official holds a post in the project.
        ReasonRequired: There is no reason.
        StateConflict: It is settled.
    """
    row = ground.found(tx, stored.items, payload.item_id)
    tx.require_scope(row.area)
    ground.require_no_interest(tx, ground.project(tx, row.new_project_id))
    tx.check_version(row.version)
    ground.require_reason(payload.reason)
    if row.state in stored.ENDED:
        raise StateConflict(state=row.state)
    row = records.change(
        tx,
        stored.items,
        row,
        step="SETTLED",
        state="SETTLED",
        settled_by=tx.actor.id,
        reason=payload.reason,
    )
    _finish(tx, row.handover_id)
    return ground.reply(replies.Made, stored.items, row)


def _finish(tx: Tx, handover_id: str) -> None:
    """With the last item the hand-over is done."""
    row = ground.found(tx, stored.handovers, handover_id)
    if row.state != "OPEN" or not stored.is_done(tx.conn, handover_id):
        return
    tx.disarm("handover_due", handover_id)
    row = records.change(tx, stored.handovers, row, step="DONE", state="DONE", ended_at=tx.now)
    _tell(tx, row, "HANDOVER_DONE")


def fall_due(tx: Tx, due: Due) -> None:
    """What is not handed over in time goes before the street."""
    row = records.find(tx.conn, stored.handovers, due.ref, lock=True)
    if row is None or row.state != "OPEN" or row.overdue:
        return
    row = records.change(tx, stored.handovers, row, step="OVERDUE", overdue=True)
    _tell(tx, row, "HANDOVER_LATE")
    link = works_stored.linked_person(tx.conn, "STREET_TEAM", row.area)
    name = ground.project(tx, row.new_project_id).name
    tell(tx, "HANDOVER_LATE", link, about=("handover", row.handover_id), name=name)
