"""What is answered of the details of a request."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from fivered.chassis.replies import Reply


class RequestDetails(Reply, kw_only=True):
    """诉求详情 / What was said of a request when it was filed; room and contact person for who
    filed it, the community, and its handler where they may be told."""

    place: str | None = None
    problem: str | None = None
    emergency: bool | None = None
    warranty: bool | None = None
    paid: bool | None = None
    tell_project: bool | None = None
    room_id: str | UnsetType | None = UNSET
    contact_id: str | UnsetType | None = UNSET
