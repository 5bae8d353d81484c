"""Projects, companies, committees, and what waits."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.bodies import Seat
from fivered.services.property.replies.common import Both, Happened, Made


class Counted(Made, kw_only=True):
    """户数 / The households that are registered now."""

    households: int


class OnPaper(Reply, kw_only=True):
    """未履约项目 / A project that keeps its agreements only on paper, and why."""

    project_id: str
    company_id: str
    community: str
    agreements_active: int
    kinds_missing: list[str]
    commitments_due: int
    commitments_on_time: int
    commitments_overdue: int
    reasons: list[str]


class EndingAgreement(Reply, kw_only=True):
    """即将到期的协议 / An agreement that ends within 30 days."""

    agreement_id: str
    project_id: str
    valid_to: date
    days: int


class Noncompliance(Both[OnPaper], kw_only=True):
    """未履约清单,并列 30 日内到期的协议 / The list, and the agreements that end within 30 days."""

    expiring: Annotated[
        list[EndingAgreement], Meta(description="先到期的 200 份 / the 200 that end first")
    ]
    expiring_total: int


class Gap(Reply, kw_only=True):
    """交叉任职缺口 / A project that lacks a direction, since when and for how many days."""

    project_id: str
    community: str
    missing: list[str]
    since: dict[str, date | None]
    days: dict[str, int | None]


class HandedOver(Made, kw_only=True):
    """交接结果 / The new project, and how many orders were made anew."""

    predecessor: str
    orders: int


class EndedWith(Reply, kw_only=True):
    """随项目终止而终止的事项 / What ended with a project, and has to be made again."""

    kind: Literal["APPOINTMENT", "AGREEMENT", "DISCLOSURE"]
    id: str


class Reopened(Made, kw_only=True):
    """恢复结果 / Whether it is proposed or decided; what lives again, and what does not.

    Attributes:
        orders: How many orders were made anew, with fresh deadlines.
        works: Likewise of what meetings had decided.
        disclosures: How many that fall due later are on the list again.
        ended: What has to be made again.
    """

    reopening: Literal["PROPOSED", "DECIDED"]
    orders: int | UnsetType = UNSET
    works: int | UnsetType = UNSET
    disclosures: int | UnsetType = UNSET
    ended: list[EndedWith] | UnsetType = UNSET


class CompanyLine(Reply, kw_only=True):
    """企业一行 / One company of a list."""

    id: str
    name: str
    uscc: str
    version: int
    spoken_for: (
        Annotated[bool, Meta(description="有登记代表 / has representatives; staff")] | UnsetType
    ) = UNSET
    change_proposed: bool | UnsetType = UNSET


class CommitteeLine(Reply, kw_only=True):
    """业主委员会 / An owners' committee; its members, to staff and to themselves."""

    id: str
    project_id: str
    kind: str
    size: int
    term_from: date
    term_to: date
    state: str
    area: str
    version: int
    created_at: Instant
    members: list[str] | UnsetType = UNSET
    chair: str | UnsetType | None = UNSET


class CommitteeCard(CommitteeLine, kw_only=True):
    """业主委员会及历史 / The same with its history."""

    replaces: (
        Annotated[str, Meta(description="由其提前接任的上一届 / the one that it has replaced")]
        | None
    ) = None
    end_reason: str | None = None
    history: list[Happened] | UnsetType = UNSET
    seats: list[Seat] | UnsetType = UNSET


class Grade(Reply, kw_only=True):
    """信用等级 / The newest final grade; NR (not rated) before the first settlement."""

    grade: str
    score: int | None = None
    period: str | None = None
    gates_failed: list[str]


class CompanyCard(Reply, kw_only=True):
    """物业企业名片 / A company's card."""

    id: str
    name: str
    uscc: str
    uscc_valid: bool
    uscc_override_reason: str | None = None
    version: int
    credit: Grade
    projects: list[str]
    representatives: (
        Annotated[list[str], Meta(description="仅工作人员及代表可见 / staff only")] | UnsetType
    ) = UNSET
    representatives_proposed: list[str] | UnsetType | None = UNSET
    proposed_by: str | UnsetType | None = UNSET
    representatives_document: (
        Annotated[str, Meta(description="授权书:编号或文件 / letter of authority, number or file")]
        | UnsetType
        | None
    ) = UNSET
    history: list[Happened] | UnsetType = UNSET


class Post(Reply, kw_only=True):
    """任职 / An appointment on a project's card; who is only on the way may be unnamed."""

    id: str
    person_id: str | None = None
    post: str
    state: str
    version: int
    unpaid: bool
    abstains_in: list[str]
    since: Instant | None = None


class Direction(Reply, kw_only=True):
    """一个方向的任职 / One direction of the cross-appointment."""

    active: Post | None = None
    pending: list[Post]
    gap_since: date | None = None
    gap_days: int


class NextCommitment(Reply, kw_only=True):
    """下一履约事项 / A commitment that falls due next."""

    id: str
    title: str
    responsible: str
    due_date: date
    state: str
    version: int


class ProjectAgreement(Reply, kw_only=True):
    """项目的协议 / An agreement on a project's card."""

    id: str
    type: str
    state: str
    version: int
    valid_from: date
    valid_to: date
    text_sha256: str
    next_commitments: list[NextCommitment]


class Kept(Reply, kw_only=True):
    """履约 / How many commitments fell due, and how many were kept in time."""

    due: int
    on_time: int


class OpenOrder(Reply, kw_only=True):
    """未结整改单 / An open order on a project's card."""

    id: str
    number: str
    severity: str
    state: str
    level: int
    due: Instant


class CommitteeInTerm(Reply, kw_only=True):
    """任期内的业主委员会 / The owners' committee in its term."""

    id: str
    kind: str
    members: int
    term_to: date


class ProjectCard(Reply, kw_only=True):
    """项目名片 / A project's card: manager, both appointments, agreements, grade, open orders."""

    id: str
    name: str
    company_id: str
    community: str
    grids: list[str]
    buildings: list[str] = field(default_factory=list)
    households: int
    operation_mode: str
    state: str
    version: int
    manager_person_id: str | None = None
    owners_committee: CommitteeInTerm | None = None
    appointments: dict[str, Direction]
    agreements: list[ProjectAgreement]
    agreements_active: int
    agreement_kinds_missing: list[str]
    commitments: dict[str, Kept]
    credit: Grade
    company_credit: Grade
    open_rectifications: list[OpenOrder]
    last_month: dict[str, object] | None = None
    history: list[Happened] | UnsetType = UNSET


class ProjectLine(Reply, kw_only=True):
    """项目一行 / One project of a list."""

    id: str
    name: str
    company_id: str
    community: str
    households: int
    state: str
    version: int


class Waiting(Reply, kw_only=True):
    """待办一项 / One thing that waits for the caller: what is to be done, and by when."""

    deed: Annotated[
        str, Meta(description="待办事项 / what is to be done", examples=["FILE_APPOINTMENT"])
    ]
    id: str
    project_id: str | None = None
    title: str | None = None
    about: Annotated[str, Meta(description="类别 / type, post, severity or category")] | None = None
    state: str | None = None
    since: Instant
    due: Instant | None = None
    version: int


class Todo(Reply, kw_only=True):
    """待办 / What waits for the caller in the acting role, and how much of each kind."""

    items: list[Waiting]
    counts: dict[str, int]
    more: Annotated[
        list[str], Meta(description="未全部列出的事项,按 deed 翻页 / kinds with more than is shown")
    ]
    next: str | None = None
    previous: str | None = None


class Part(Reply, kw_only=True):
    """占比 / A share: part, whole and per cent; null where the whole is 0."""

    part: int
    whole: int
    percent: str | None = None


class Coverage(Reply, kw_only=True):
    """M-18 / Agreements and cross-appointments."""

    agreements: Part
    cross_appointments: Part


class Rectified(Reply, kw_only=True):
    """M-25 / Orders that passed in time, those that are overdue, and days on average."""

    on_time: Part
    open_overdue: dict[str, int]
    average_days: float | None = None


class Indicators(
    Reply,
    kw_only=True,
    rename={"compliance": "M-17", "coverage": "M-18", "rectification": "M-25", "met": "M-27"},
):
    """指标 / M-17, M-18, M-25, M-27, each with numerator and denominator."""

    period: str
    scope: str
    compliance: dict[str, Part]
    coverage: Coverage
    rectification: Rectified
    met: Part
