"""Complaints, their history and the rate."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened, Made


class Validated(Made, kw_only=True):
    """认定结果 / Whether the complaint counts."""

    valid: str


class HistoryImported(Made, kw_only=True):
    """历史投诉数导入结果 / How many months came in, and how many were known."""

    imported: int
    known: int


class HistoryCorrected(Made, kw_only=True):
    """历史投诉数更正结果 / The frozen figure of a month, and what counts now."""

    period: str
    frozen: int
    revised: int


class ComplaintCard(Reply, kw_only=True):
    """物业投诉 / A complaint; the project's side does not learn who complained."""

    id: str
    project_id: str
    grid: str | None = None
    category: str
    filed_at: Instant
    period: str
    valid: str
    reason: str | None = None
    decided_at: Instant | None = None
    closed_at: Instant | None = None
    reopen_count: int
    state: str
    outcome: str | None = None
    place: str | None = None
    problem: str | None = None
    emergency: bool | None = None
    warranty: bool | None = None
    paid: bool | None = None
    tell_project: bool | None = None
    area: str
    version: int
    # To who complained, and to the staff of its area; to the project where `tell_project` says so.
    room_id: str | UnsetType | None = UNSET
    contact_id: str | UnsetType | None = UNSET
    # To who complained, and to the staff of its area.
    request_id: str | UnsetType = UNSET
    number: str | UnsetType | None = UNSET
    # To staff.
    complainant_id: str | UnsetType | None = UNSET
    decided_by: str | UnsetType | None = UNSET
    created_at: Instant | UnsetType = UNSET


class ComplaintWithHistory(ComplaintCard, kw_only=True):
    """物业投诉及历史 / A complaint with its history."""

    history: list[Happened]


class UndecidedComplaint(Reply, kw_only=True):
    """待认定项目的投诉 / A complaint of which nobody could tell about which project it is."""

    id: str
    request_id: str
    number: str | None = None
    grid: str
    building: str | None = None
    category: str
    claimed_project_id: str | None = None
    filed_at: Instant
    reopen_count: int
    state: str
    late: Annotated[bool, Meta(description="逾期未认定 / two working days have passed")]
    reason: str | None = None
    decided_at: Instant | None = None
    complaint_id: str | None = None
    area: str
    version: int
    created_at: Instant
    # To staff.
    complainant_id: str | UnsetType | None = UNSET
    decided_by: str | UnsetType | None = UNSET
    candidates: (
        Annotated[list[str], Meta(description="服务该网格的项目 / projects there")] | UnsetType
    ) = UNSET


class Decided(Made, kw_only=True):
    """认定结果 / The complaint that was opened, where it is about a project."""

    complaint_id: str | None = None


class MonthOfWindow(Reply, kw_only=True):
    """窗口内一个月 / One month of a window."""

    period: str
    households: int
    complaints: int
    revised: int
    rate: str | None = None
    rate_revised: str | None = None
    frozen: bool
    sources: list[str]


class WindowFigures(Reply, kw_only=True, rename={"first": "from", "last": "to"}):
    """一个窗口的数字 / The figures of one window: frozen and revised."""

    first: date
    last: date
    complaints: int
    complaints_revised: int
    households_average: str | None = None
    rate: str | None = None
    rate_revised: str | None = None


class Window(WindowFigures, kw_only=True, rename={"first": "from", "last": "to"}):
    """一个窗口 / One window: frozen and revised."""

    months: list[MonthOfWindow]


class Category(Counts, kw_only=True):
    """一类投诉 / Complaints of one category: filed, and found invalid."""

    category: str
    filed: Annotated[int, PEOPLE]
    invalidated: Annotated[int, PEOPLE]


class Closures(Counts, kw_only=True):
    """办结情况 / What is closed, by what who complained says of it."""

    closed: Annotated[int, PEOPLE]
    confirmed: Annotated[
        int, PEOPLE, Meta(description="诉求人确认已解决 / who complained says that it is solved")
    ]
    not_solved: Annotated[
        int, PEOPLE, Meta(description="诉求人认为未解决 / who complained says that it is not")
    ]
    unconfirmed: Annotated[
        int, PEOPLE, Meta(description="办结而诉求人未表态 / closed, and nobody has confirmed it")
    ]


class Rate(Reply, kw_only=True):
    """百户投诉率及同比 / Complaints per 100 households and the change year on year."""

    scope: str
    project_id: str | None = None
    window: str
    basis: str
    projects: int
    left_out: list[str]
    current: Window
    previous: Window
    change_percent: str | None = None
    change_exact: str | None = None
    change_percent_revised: str | None = None
    restated: bool
    null_because: str | None = None
    categories: list[Category]
    closures: Closures


class RateLine(Reply, kw_only=True):
    """一项的投诉率 / The rate of one project, company, community or street."""

    ref: Annotated[
        str,
        Meta(description="项目、企业编号或区划代码 / id of the project or company, or code"),
    ]
    projects: int
    left_out: list[str]
    current: WindowFigures
    previous: WindowFigures
    change_percent: str | None = None
    change_percent_revised: str | None = None
    null_because: str | None = None


class Rates(Reply, kw_only=True):
    """分项投诉率 / Rates side by side, the highest first."""

    scope: str
    window: str
    by: str
    basis: str
    items: list[RateLine]


class Restatement(Reply, kw_only=True):
    """一次更正 / One figure of a month that was frozen, and what it became."""

    id: str
    project_id: str
    period: Annotated[str, Meta(description="被更正的月份 / the month that is restated")]
    at: Instant
    kind: Annotated[
        Literal["HISTORY_CORRECTED", "COMPLAINT_INVALIDATED", "COMPLAINT_COUNTED"],
        Meta(description="更正导入数,或结账后投诉改判 / loaded counts corrected, or a complaint"),
    ]
    before: Annotated[
        int | None, Meta(description="更正前计入数,旧记录无 / what counted before; not kept of old")
    ] = None
    after: Annotated[int | None, Meta(description="更正后计入数 / what counts now")] = None
    frozen: Annotated[
        int | None, Meta(description="已公布数,不变 / as it was published, and stays")
    ] = None
    reason: str | None = None
    role: str
    # To staff.
    restated_by: str | UnsetType | None = UNSET
    complaint_id: str | UnsetType = UNSET
