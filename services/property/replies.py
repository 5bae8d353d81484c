"""What the property service answers: the types that a caller may rely on."""

from datetime import date
from typing import Annotated, Generic, Literal

from msgspec import UNSET, Meta, UnsetType, field

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

    due: Instant | UnsetType | None = UNSET


class Submitted(MadeDue, kw_only=True):
    """提交结果 / Whether it came in time."""

    late: bool


class Waived(Made, kw_only=True):
    """豁免结果 / Who has agreed so far that it need not be done."""

    agreed_by: list[str]


class Failed(Made, kw_only=True):
    """核验不合格 / How often it was tried, and up to which level the order has gone."""

    attempt: int
    level: int


class Withdrawal(Made, kw_only=True):
    """撤回 / Whether the withdrawal is proposed or decided."""

    withdrawal: Literal["PROPOSED", "DECIDED"]


class Validated(Made, kw_only=True):
    """认定结果 / Whether the complaint counts."""

    valid: str


class Approved(MadeDue, kw_only=True):
    """审批结果 / Which sides have approved so far."""

    approved_by: list[str]


class Filed(Made, kw_only=True):
    """备案结果 / For how many days nobody was in office."""

    gap_days: int


class Counted(Made, kw_only=True):
    """户数 / The households that are registered now."""

    households: int


class HistoryImported(Made, kw_only=True):
    """历史投诉数导入结果 / How many months came in, and how many were known."""

    imported: int
    known: int


class HistoryCorrected(Made, kw_only=True):
    """历史投诉数更正结果 / The frozen figure of a month, and what counts now."""

    period: str
    frozen: int
    revised: int


class Happened(Reply, kw_only=True):
    """一条历史 / One entry of a history; nothing is ever removed from it."""

    at: Instant
    what: str
    state: str | None = None
    role: str
    detail: dict[str, object]
    actor: str | UnsetType = UNSET


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

    history: list[Happened] | UnsetType = UNSET


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


class AppointmentLine(Reply, kw_only=True):
    """交叉任职一行 / One appointment of a list."""

    id: str
    project_id: str
    direction: str
    person_id: str
    target_post: str
    unpaid: bool
    conflict_topics: list[str]
    state: str
    proposed_by: str
    consent_at: Instant | None = None
    secretary_at: Instant | None = None
    company_at: Instant | None = None
    filed_at: Instant | None = None
    active_from: Instant | None = None
    ended_at: Instant | None = None
    secretary_by: str | None = None
    minutes_ref: str | None = None
    company_by: str | None = None
    letter_ref: str | None = None
    filed_by: str | None = None
    end_reason: str | None = None
    area: str
    due: Annotated[Instant, Meta(description="下一步办理期限 / until when it waits")] | None = None
    version: int
    created_at: Instant


class AppointmentCard(AppointmentLine, kw_only=True):
    """交叉任职 / An appointment with its history."""

    party_member: bool
    committee_basis: str | None = None
    history: list[Happened]


class AgreementLine(Reply, kw_only=True):
    """协议一行 / One agreement of a list; who signed it, to its two sides."""

    id: str
    project_id: str
    type: str
    valid_from: date
    valid_to: date
    text_sha256: str
    supersedes: str | None = None
    state: str
    signed_by_project: str | UnsetType | None = UNSET
    signed_by_community: str | UnsetType | None = UNSET
    signed_project_at: Instant | None = None
    signed_community_at: Instant | None = None
    active_from: Instant | None = None
    ended_at: Instant | None = None
    end_reason: str | None = None
    area: str
    version: int
    created_at: Instant


class AgreementItem(Reply, kw_only=True):
    """协议条款 / What an agreement promises."""

    item: int
    title: str
    responsible: str
    due_date: date | None = None
    recurrence: str
    evidence_kinds: list[str]


class Commitment(Reply, kw_only=True):
    """履约事项 / A dated commitment; who did what, to the two sides."""

    id: str
    agreement_id: str
    project_id: str
    item: int
    title: str
    responsible: str
    evidence_kinds: list[str]
    due_date: date
    due_at: Instant
    state: str
    evidence: list[str]
    submitted_at: Instant | None = None
    accepted_at: Instant | None = None
    overdue_at: Instant | None = None
    submitted_by: str | UnsetType | None = UNSET
    accepted_by: str | UnsetType | None = UNSET
    waived_by_project: str | UnsetType | None = UNSET
    waived_by_community: str | UnsetType | None = UNSET
    waived_by_street: str | UnsetType | None = UNSET
    waive_reason: str | None = None
    version: int


class AgreementCard(AgreementLine, kw_only=True):
    """党建联建协议 / An agreement with its dated commitments."""

    items: list[AgreementItem]
    commitments: list[Commitment]
    history: list[Happened]


class Held(Made, kw_only=True):
    """会议记录 / A meeting, and what its decisions opened."""

    period: str
    two_sided: bool | UnsetType = UNSET
    decisions: list[dict[str, object]] | UnsetType = UNSET


class MeetingCard(Reply, kw_only=True):
    """三方联席会议 / A three-party meeting."""

    id: str
    project_id: str
    period: str
    held_at: Instant
    chair: str
    attendees: dict[str, list[str]]
    owners_committee: bool
    minutes_sha256: str
    decisions: list[dict[str, object]]
    area: str
    version: int
    created_at: Instant
    annulled_at: Instant | None = None
    annul_reason: str | None = None


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
    area: str
    version: int
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


class Message(Reply, kw_only=True):
    """告知 / What a complainant is told."""

    id: str
    code: str
    complaint_id: str | None = None
    at: Instant
    text: str
    text_en: str


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


class Window(Reply, kw_only=True, rename={"first": "from", "last": "to"}):
    """一个窗口 / One window: frozen and revised."""

    first: date
    last: date
    complaints: int
    complaints_revised: int
    households_average: str | None = None
    rate: str | None = None
    rate_revised: str | None = None
    months: list[MonthOfWindow]


class Category(Reply, kw_only=True):
    """一类投诉 / Complaints of one category: filed, and found invalid."""

    category: str
    filed: int
    invalidated: int


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


class Issued(MadeDue, kw_only=True):
    """整改单 / An issued order."""

    number: str


class Order(Reply, kw_only=True):
    """整改单 / A rectification order."""

    id: str
    number: str
    project_id: str
    company_id: str
    severity: str
    facts: str
    basis: str
    media: list[str]
    source: str
    complaint_id: str | None = None
    task_id: str | None = None
    meeting_id: str | None = None
    work_id: str | None = None
    issued_by: str
    issued_role: str
    issued_at: Instant
    due: Instant
    due_at: Instant
    state: OrderState
    level: int
    attempt: int
    acknowledged_at: Instant | None = None
    submitted_at: Instant | None = None
    checked_at: Instant | None = None
    overdue_at: Instant | None = None
    passed_at: Instant | None = None
    closed_at: Instant | None = None
    withdrawn_at: Instant | None = None
    acknowledged_late: bool
    late: bool
    check_due_at: (
        Annotated[Instant, Meta(description="核验期限 / until when it is to be checked")] | None
    ) = None
    again_of: (
        Annotated[str, Meta(description="所接续的整改单 / the order that it follows")] | None
    ) = None
    submitted_by: str | None = None
    evidence: list[dict[str, str]]
    on_site: bool
    checked_by: str | None = None
    check_note: str | None = None
    level1_official: str | None = None
    level2_official: str | None = None
    withdraw_proposed_by: str | None = None
    withdraw_reason: str | None = None
    extended_from: Instant | None = None
    extended_by: str | None = None
    extension_reason: str | None = None
    area: str
    version: int
    created_at: Instant


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
    meeting_id: str | None = None
    title: str
    state: WorkState
    evidence: list[str]
    rework_count: int
    overdue: bool
    due_at: Instant | None = None
    started_at: Instant | None = None
    delivered_at: Instant | None = None
    closed_at: Instant | None = None
    delivered_by: str | UnsetType | None = UNSET
    extensions: int | None = None
    end_reason: (
        Annotated[str, Meta(description="为何取消或终止 / why it is not to be done")] | None
    ) = None
    area: str
    version: int
    created_at: Instant


class WorkWithHistory(WorkCard, kw_only=True):
    """工单及历史 / A work order with its history."""

    history: list[Happened]


class DisclosureCard(Disclosed, kw_only=True):
    """公示事项 / A disclosure."""

    area: str
    version: int
    created_at: Instant


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
