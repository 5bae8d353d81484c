"""What is said of a request when it is filed, for the service whose matter it is: it is kept, shown
and passed on, and judged by that service's rules alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Id
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import events, storage
from fivered.services.steward.actions.standing import require_active
from fivered.services.steward.rules.standards import Code
from fivered.services.steward.storage.details import request_details


class Details(Request, frozen=True):
    """诉求详情 / Where and what, of which room, whom to call, how pressing; of a complaint about
    property the words of `GET /v1/property/complaint-kinds`."""

    place: Annotated[Code, Meta(description="部位 / where", examples=["LIFT"]), PUBLIC] | None = (
        None
    )
    problem: (
        Annotated[Code, Meta(description="问题 / what is wrong", examples=["LIFT_STOPPED"])] | None
    ) = None
    room_id: (
        Annotated[Id, Meta(description="业主名册中的房屋 / a room of the owners' register")] | None
    ) = None
    contact_id: (
        Annotated[Id, Meta(description="联系人,须已登记 / whom to call; registered")] | None
    ) = None
    emergency: Annotated[bool, Meta(description="紧急 / it cannot wait")] | None = None
    warranty: Annotated[bool, Meta(description="保修期内 / under warranty")] | None = None
    paid: Annotated[bool, Meta(description="有偿服务 / a service that is paid for")] | None = None
    tell_project: (
        Annotated[
            bool, Meta(description="房屋和联系人告知物业 / the project may read room and contact")
        ]
        | None
    ) = None


def check(tx: Tx, details: Details | None) -> None:
    """Refuse to name whom to call who is not registered.

    Raises:
        UnknownPerson: The contact person is not.
    """
    if details is not None and details.contact_id is not None:
        require_active(tx, details.contact_id, field="details.contact_id")


def keep(tx: Tx, row: Row, details: Details | None) -> None:
    """Keep what was said of a request that was just filed, and say it."""
    if details is None or details == Details():
        return
    said = records.values_from(details, request_details, request_id=row.request_id)
    records.add(tx.conn, request_details, **said)
    publish(tx, row, sequence=1)


def publish(tx: Tx, row: Row, *, sequence: int) -> None:
    """Say what was said of a request, if anything was: when it is filed, and when it may have come
    to another service by a correction."""
    details = storage.details.of(tx.conn, row.request_id)
    if details is not None:
        tx.publish(
            fact_of(events.RequestDescribed, details),
            subject=row.request_id,
            scope=row.area,
            sequence=sequence,
        )
