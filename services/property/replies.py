"""What the property service answers: the types that a caller may rely on."""

from datetime import date
from typing import Annotated, Any, Generic, Literal

from msgspec import Meta, field

from chassis.fields import Instant
from chassis.replies import ItemT, Page, Reply

OrderState = Literal[
    "ISSUED", "ACKNOWLEDGED", "SUBMITTED", "OVERDUE", "PASSED", "CLOSED", "WITHDRAWN", "ENDED"
]
WorkState = Literal["ASSIGNED", "DOING", "DELIVERED", "CLOSED", "CANCELLED", "ENDED"]
DisclosureState = Literal["SCHEDULED", "OVERDUE", "PUBLISHED", "PUBLISHED_LATE", "CANCELLED"]


class Made(Reply, kw_only=True):
    """办理结果 / What came of a command: where the thing stands now."""

    id: str
    state: str
    version: int


class MadeDue(Made, kw_only=True):
    """办理结果及期限 / The same, with the instant that is the first one too late."""

    due: Instant | None = None


class Submitted(MadeDue, kw_only=True):
    """提交结果 / Whether it came in time."""

    late: bool


class Happened(Reply, kw_only=True):
    """一条历史 / One entry of a history; nothing is ever removed from it."""

    at: Instant
    what: str
    state: str | None = None
    role: str
    detail: dict[str, Any]


class Both(Page[ItemT], Generic[ItemT], kw_only=True):
    """双向分页 / A page that leads to both sides, and says how many there are in all."""

    previous: Annotated[str, Meta(description="上一页 / cursor of the page before")] | None = None
    total: Annotated[int, Meta(description="总数 / how many there are in all")]


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


class Noncompliance(Both[OnPaper], kw_only=True):
    """未履约清单,并列 30 日内到期的协议 / The list, and the agreements that end within 30 days."""

    expiring: Annotated[
        list[dict[str, Any]], Meta(description="先到期的 200 份 / the 200 that end first")
    ]
    expiring_total: int


class Gap(Reply, kw_only=True):
    """交叉任职缺口 / A project that lacks a direction, and since when."""

    project_id: str
    community: str
    missing: list[str]
    since: dict[str, str | None]
    days: dict[str, int | None]


class HandedOver(Made, kw_only=True):
    """交接结果 / The new project, and how many orders were made anew."""

    predecessor: str
    orders: int


class CompanyLine(Reply, kw_only=True):
    """企业一行 / One company of a list."""

    id: str
    name: str
    uscc: str
    version: int
    spoken_for: (
        Annotated[bool, Meta(description="有登记代表 / has representatives; staff")] | None
    ) = None
    change_proposed: bool | None = None


class CommitteeLine(Reply, kw_only=True):
    """业主委员会 / An owners' committee; its members, to staff and to themselves."""

    id: str
    project_id: str
    kind: str
    size: int
    term_from: date
    term_to: date
    state: str
    version: int
    members: list[str] | None = None
    chair: str | None = None


class CommitteeCard(CommitteeLine, kw_only=True):
    """业主委员会及历史 / The same with its history."""

    history: list[Happened] | None = None


class CompanyCard(Reply, kw_only=True):
    """物业企业名片 / A company's card."""

    id: str
    name: str
    uscc: str
    uscc_valid: bool
    uscc_override_reason: str | None = None
    version: int
    credit: dict[str, Any]
    projects: list[str]
    representatives: (
        Annotated[list[str], Meta(description="仅工作人员及代表可见 / staff only")] | None
    ) = None
    representatives_proposed: list[str] | None = None
    history: list[Happened] | None = None


class ProjectCard(Reply, kw_only=True):
    """项目名片 / A project's card: manager, both appointments, agreements, grade, open orders."""

    id: str
    name: str
    company_id: str
    community: str
    grids: list[str]
    buildings: list[str] = field(default_factory=list)
    households: int
    state: str
    version: int
    manager_person_id: str | None = None
    owners_committee: dict[str, Any] | None = None
    appointments: dict[str, Any]
    agreements: list[dict[str, Any]]
    agreements_active: int
    commitments: dict[str, Any]
    credit: dict[str, Any]
    company_credit: dict[str, Any]
    open_rectifications: list[dict[str, Any]]
    last_month: dict[str, Any] | None = None


class ProjectLine(Reply, kw_only=True):
    """项目一行 / One project of a list."""

    id: str
    name: str
    company_id: str
    community: str
    households: int
    state: str
    version: int


class Board(Reply, kw_only=True):
    """小区公示栏 / A compound's public board: disclosures and minutes."""

    id: str
    name: str
    disclosures: list[dict[str, Any]]
    meetings: list[dict[str, Any]]


class AppointmentLine(Reply, kw_only=True):
    """交叉任职一行 / One appointment of a list."""

    id: str
    project_id: str
    direction: str
    person_id: str
    target_post: str
    state: str
    due_at: Annotated[Instant, Meta(description="下一步办理期限 / until when it waits")] | None = (
        None
    )
    version: int


class AppointmentCard(Reply, kw_only=True):
    """交叉任职 / An appointment with its history."""

    id: str
    project_id: str
    direction: str
    person_id: str
    target_post: str
    state: str
    due_at: Instant | None = None
    version: int
    unpaid: bool
    history: list[Happened]


class AgreementLine(Reply, kw_only=True):
    """协议一行 / One agreement of a list."""

    id: str
    project_id: str
    type: str
    state: str
    version: int
    valid_from: date
    valid_to: date


class AgreementCard(Reply, kw_only=True):
    """党建联建协议 / An agreement with its dated commitments."""

    id: str
    project_id: str
    type: str
    state: str
    version: int
    valid_from: date
    valid_to: date
    text_sha256: str
    commitments: list[dict[str, Any]]
    history: list[Happened]


class Held(Made, kw_only=True):
    """会议记录 / A meeting, and what its decisions opened."""

    period: str
    two_sided: bool | None = None
    decisions: list[dict[str, Any]] = field(default_factory=list)


class MeetingCard(Reply, kw_only=True):
    """三方联席会议 / A three-party meeting."""

    id: str
    project_id: str
    period: str
    held_at: Instant
    chair: str
    attendees: dict[str, list[str]]
    minutes_sha256: str
    decisions: list[dict[str, Any]]
    version: int


class Waiting(Reply, kw_only=True):
    """待办一项 / One thing that waits for the caller: what he has to do, and by when."""

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
    """待办 / What waits for the caller in his acting role, and how much of each kind."""

    items: list[Waiting]
    counts: dict[str, int]
    more: Annotated[
        list[str], Meta(description="未全部列出的事项,按 deed 翻页 / kinds with more than is shown")
    ]
    next: str | None = None
    previous: str | None = None


class ComplaintCard(Reply, kw_only=True):
    """物业投诉 / A complaint; the project's side does not learn who complained."""

    id: str
    project_id: str
    category: str
    filed_at: Instant
    valid: str
    reason: str | None = None
    reopen_count: int
    state: str
    version: int


class ComplaintWithHistory(ComplaintCard, kw_only=True):
    """物业投诉及历史 / A complaint with its history."""

    history: list[Happened]


class UndecidedComplaint(Reply, kw_only=True):
    """待认定项目的投诉 / A complaint of which nobody could tell about which project it is."""

    id: str
    category: str
    grid: str
    building: str | None = None
    filed_at: Instant
    state: str
    late: Annotated[bool, Meta(description="逾期未认定 / two working days have passed")]
    candidates: (
        Annotated[list[str], Meta(description="服务该网格的项目 / projects there")] | None
    ) = None
    version: int


class Decided(Made, kw_only=True):
    """认定结果 / The complaint that was opened, where it is about a project."""

    complaint_id: str | None = None


class Message(Reply, kw_only=True):
    """告知 / What a complainant is told."""

    id: str
    code: str
    complaint_id: str | None = None
    at: Instant
    text: str
    text_en: str


class Window(Reply, kw_only=True):
    """一个窗口 / One window: frozen and revised."""

    complaints: int
    complaints_revised: int
    households_average: str | None = None
    rate: str | None = None
    rate_revised: str | None = None
    months: list[dict[str, Any]]


class Rate(Reply, kw_only=True):
    """百户投诉率及同比 / Complaints per 100 households and the change year on year."""

    scope: str
    window: str
    basis: str
    projects: int
    left_out: list[str]
    current: Window
    previous: Window
    change_percent: str | None = None
    change_percent_revised: str | None = None
    restated: bool
    null_because: str | None = None


class Issued(MadeDue, kw_only=True):
    """整改单 / An issued order."""

    number: str


class Order(Reply, kw_only=True):
    """整改单 / A rectification order."""

    id: str
    number: str
    project_id: str
    severity: str
    state: OrderState
    level: int
    attempt: int
    late: bool
    due: Instant
    check_due_at: (
        Annotated[Instant, Meta(description="核验期限 / until when it is to be checked")] | None
    ) = None
    again_of: (
        Annotated[str, Meta(description="所接续的整改单 / the order that it follows")] | None
    ) = None
    version: int


class OrderWithHistory(Order, kw_only=True):
    """整改单及历史 / An order with its history."""

    history: list[Happened]


class WorkCard(Reply, kw_only=True):
    """工单 / A work order out of a resolution (TASK) or a three-party meeting (MEETING)."""

    id: str
    project_id: str
    source: str
    task_id: str | None = None
    topic_id: str | None = None
    state: WorkState
    evidence: list[str]
    overdue: bool
    end_reason: (
        Annotated[str, Meta(description="为何取消或终止 / why it is not to be done")] | None
    ) = None
    version: int


class WorkWithHistory(WorkCard, kw_only=True):
    """工单及历史 / A work order with its history."""

    history: list[Happened]


class DisclosureCard(Reply, kw_only=True):
    """公示事项 / A disclosure."""

    id: str
    project_id: str
    kind: str
    title: str
    due_date: date
    state: DisclosureState
    version: int
    doc_sha256: str | None = None
    former: (
        Annotated[
            list[dict[str, Any]],
            Meta(
                description="更正前公布的文件及更正理由 / what stood there before, and why not now"
            ),
        ]
        | None
    ) = None


class Indicators(Reply, kw_only=True):
    """指标 / M-17, M-18, M-25, M-27, each with numerator and denominator."""

    period: str
    scope: str
