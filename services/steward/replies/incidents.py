"""What is announced to go on in a place."""

from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class KnownIncident(Reply, kw_only=True):
    """已通告的停供、施工或故障 / What is announced to go on in a place."""

    id: str
    number: str
    kind: str
    nature: str
    title: str
    buildings: Annotated[list[str], Meta(description="空为全部楼栋 / none means all")]
    starts_at: Instant
    ends_at: Annotated[Instant, Meta(description="预计恢复 / expected to end")]
    yours: Annotated[
        bool, Meta(description="所问楼栋在其中 / the building that is asked about is among them")
    ]
    late: Annotated[
        bool,
        Meta(description="已过预计恢复时间而未恢复 / it goes on beyond the end that was expected"),
    ]
    follow: Annotated[str, Meta(description="关注地址 / where to follow it")]


class KnownIncidents(Reply, kw_only=True):
    """已通告的停供、施工、故障 / What is announced to go on there now."""

    items: list[KnownIncident]
