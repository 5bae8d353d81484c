"""Disclosures and the public board."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

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
    readable: (
        Annotated[
            bool,
            Meta(description="有内容可读 / there is text, figures or files, not a digest alone"),
        ]
        | UnsetType
    ) = UNSET


class DisclosureCard(Disclosed, kw_only=True):
    """公示事项 / A disclosure."""

    area: str
    version: int
    created_at: Instant


class FigureLine(Reply, kw_only=True):
    """一行收支 / One line of income and expenditure."""

    side: Annotated[str, Meta(description="收入、支出、结余 / in, out, balance")]
    item: str
    amount_fen: int


class DisclosureVersion(Reply, kw_only=True):
    """一个版本 / One version: when, and why it was published anew."""

    edition: int
    published_at: Instant | None = None
    doc_sha256: str
    files: Annotated[list[str], Meta(description="该版本的附件编号 / ids of its files")]
    note: str | None = None
    added: Annotated[
        list[str], Meta(description="较上一版新增的行 / lines that the one before had not")
    ]
    removed: Annotated[
        list[str], Meta(description="较上一版删除的行 / lines that only the one before had")
    ]


class DisclosureContent(DisclosureCard, kw_only=True):
    """公示及其内容 / A disclosure with what it says, and its versions."""

    edition: Annotated[int | None, Meta(description="所示版本 / the version that is shown")] = None
    text: str
    figures: list[FigureLine]
    income_fen: Annotated[int, Meta(description="收入合计,分 / income in all, in fen")]
    expense_fen: Annotated[int, Meta(description="支出合计,分 / expenditure in all, in fen")]
    files: Annotated[list[str], Meta(description="附件编号 / ids of its files")]
    versions: list[DisclosureVersion]


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
