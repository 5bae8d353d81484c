"""Second looks at what was found good."""

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Made

CheckState = Literal["WAITING", "GOOD", "WRONG"]


class Checked(Made, kw_only=True):
    """复核结果 / What came of a second look, and what it has opened again."""

    opened: str | None = None


class QualityCheck(Reply, kw_only=True):
    """抽查复核 / A second look at an order or a complaint."""

    id: str
    kind: str
    ref: Annotated[str, Meta(description="整改单或投诉编号 / id of the order or complaint")]
    project_id: str
    state: CheckState
    found_good_by: Annotated[
        str | None, Meta(description="原核验、办结人 / who had found it good")
    ] = None
    looked_by: str | None = None
    looked_at: Instant | None = None
    finding: str | None = None
    visited: bool
    satisfied: bool | None = None
    media: Annotated[list[str], Meta(description="复核照片、材料 / files and papers of the look")]
    opened: Annotated[
        str | None, Meta(description="因此重新整改的整改单或投诉 / what it has opened again")
    ] = None
    area: str
    version: int
    created_at: Instant
