"""Disclosures and the public board."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply

DisclosureState = Literal["SCHEDULED", "OVERDUE", "PUBLISHED", "PUBLISHED_LATE", "CANCELLED"]


class Disclosed(Reply, kw_only=True):
    """公示 / What everybody reads of a disclosure."""

    id: str
    project_id: str
    kind: str
    title: str
    due_date: date
    due_at: Instant
    state: DisclosureState
    published_at: Instant | None = None
    overdue_at: Instant | None = None
    doc_sha256: str | None = None
    former: (
        Annotated[
            list[dict[str, object]],
            Meta(
                description="更正前公布的文件及更正理由 / what stood there before, and why not now"
            ),
        ]
        | None
    ) = None
    cancel_reason: str | None = None


class BoardDisclosure(Disclosed, kw_only=True):
    """公示栏上的公示 / A disclosure on the board."""

    id: str = field(name="disclosure_id")
    version: int


class Minutes(Reply, kw_only=True):
    """会议纪要 / A meeting on the board: how many of each side, and what it decided."""

    id: str
    period: str
    held_at: Instant
    present: dict[str, int]
    two_sided: bool
    minutes_sha256: str
    decisions: list[dict[str, object]]


class Board(Reply, kw_only=True):
    """小区公示栏 / A compound's public board: disclosures and minutes."""

    id: str
    name: str
    disclosures: list[BoardDisclosure]
    meetings: list[Minutes]


class DisclosureCard(Disclosed, kw_only=True):
    """公示事项 / A disclosure."""

    area: str
    version: int
    created_at: Instant


class DisclosureWithFile(DisclosureCard, kw_only=True):
    """公示事项及其文件 / A disclosure, with the files that it published, newest last."""

    files: list[str]
