"""红色物业: companies, projects, appointments, agreements, complaints, orders over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal

from pydantic import AwareDatetime, Field

from chassis.text import AREA
from chassis.text import COMMUNITY as COMMUNITY_CODE
from chassis.text import PERIOD as MONTH
from gateway.doors import ANY, PUBLIC, Body, Day, Doors, ItemT, ListParams, Page, Params, Reply

DOORS = Doors("property", tag="红色物业 / Red Property")

STAFF = (
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
)
STAFF_AND_COMPANY = (*STAFF, "R_PM", "R_PCO")
REGISTRARS = ("R_STREET", "R_DISTRICT")
COMMUNITY = ("R_CADRE", "R_SECRETARY", "R_STREET")
SIDES = ("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE")

SHA256 = r"^[0-9a-f]{64}$"
TEXT_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Direction = Literal["P2C", "C2P"]
Severity = Literal["S1", "S2", "S3"]
OrderState = Literal[
    "ISSUED", "ACKNOWLEDGED", "SUBMITTED", "OVERDUE", "PASSED", "CLOSED", "WITHDRAWN", "ENDED"
]  # fmt: skip
WorkState = Literal["ASSIGNED", "DOING", "DELIVERED", "CLOSED", "CANCELLED", "ENDED"]
DisclosureState = Literal["SCHEDULED", "OVERDUE", "PUBLISHED", "PUBLISHED_LATE", "CANCELLED"]


class Made(Reply):
    """办理结果 / What came of a command: where the thing stands now."""

    id: str
    state: str
    version: int


class MadeDue(Made):
    """办理结果及期限 / The same, with the instant that is the first one too late."""

    due: datetime | None = None


class Submitted(MadeDue):
    """提交结果 / Whether it came in time."""

    late: bool


class Happened(Reply):
    """一条历史 / One entry of a history; nothing is ever removed from it."""

    at: datetime
    what: str
    state: str | None = None
    role: str
    detail: dict[str, Any]


class InArea(Params):
    """区域 / An area; without one, all that the acting role covers."""

    scope: str | None = Field(None, pattern=AREA, description="区划代码前缀 / area code")


class Both(Page[ItemT], Generic[ItemT]):
    """双向分页 / A page that leads to both sides, and says how many there are in all."""

    previous: str | None = Field(None, description="上一页 / cursor of the page before")
    total: int = Field(description="总数 / how many there are in all")


class Listed(Reply):
    """清单 / A list that is not cut into pages."""

    items: list[dict[str, Any]]
    next: str | None = None


class Noncompliance(Listed):
    """未履约清单,并列 30 日内到期的协议 / The list, and the agreements that end within 30 days."""

    expiring: list[dict[str, Any]]


# --------------------------------------------------------------------------------------------------
# Companies and projects


class RegisterCompany(Body):
    """登记物业企业 / Register a property company.

    The unified social credit code is checked (GB 32100). A wrong one is refused unless
    `override_reason` says why; the reason is kept and shown.
    """

    company_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    name: str = Field(min_length=1, max_length=200, examples=["宏达物业服务有限公司"])
    uscc: str = Field(max_length=40, examples=["91370899MA0000000E"])
    override_reason: str = Field("", description="校验不通过仍登记的理由 / why all the same")
    representatives: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="授权代表,无登记则无人可代表 / who speaks for it; without them nobody",
    )


class ChangeRepresentatives(Body):
    """变更企业授权代表 / Change who speaks for a company.

    Two registrars do it: the first call proposes (PROPOSED), the same list from another person
    confirms it (CHANGED). Nobody names himself.
    """

    representatives: list[str] = Field(max_length=20, examples=[["per_company"]])
    document_ref: str = Field(min_length=1, max_length=200, examples=["宏达物业授权书〔2025〕1号"])


class CorrectCompany(Body):
    """更正物业企业登记 / Put right what is registered of a company; the rest stays."""

    name: str | None = Field(None, min_length=1, max_length=200, examples=["宏达物业有限公司"])
    uscc: str | None = Field(None, max_length=40)
    override_reason: str = Field("", description="校验不通过仍登记的理由 / why all the same")
    reason: str = Field(max_length=1000, examples=["营业执照更名"])


class RegisterProject(Body):
    """登记物业项目 / Register a project with its first manager."""

    project_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    company_id: str = Field(examples=["pco_hongda"])
    name: str = Field(min_length=1, max_length=200, examples=["宏河苑"])
    community: str = Field(pattern=COMMUNITY_CODE, examples=["370811015901"])
    grids: list[str] = Field(examples=[["370811015901001"]])
    households: int = Field(ge=0, examples=[1200])
    manager_person_id: str = Field(examples=["per_manager"])
    area_m2: float | None = Field(
        None, ge=0, le=100_000_000, description="建筑面积 / square metres"
    )
    buildings: list[str] = Field(
        default_factory=list,
        max_length=500,
        description="小区楼栋,一格多项目时据以认定 / decide where two projects serve a grid",
        examples=[["1号楼", "2号楼"]],
    )
    operation_mode: Literal["MARKET", "COMMUNITY_RUN", "SELF"] = "MARKET"
    status: Literal["PREPARING", "IN_SERVICE"] = "IN_SERVICE"


class CorrectProject(Body):
    """更正物业项目登记 / Put right what is registered of a project; the rest stays.

    Another company that takes over is a hand-over; the company is put right only of a project
    that has no record yet.
    """

    name: str | None = Field(None, min_length=1, max_length=200, examples=["宏河苑一期"])
    grids: list[str] | None = Field(None, min_length=1, max_length=200)
    buildings: list[str] | None = Field(None, max_length=500, examples=[["1号楼", "2号楼"]])
    area_m2: float | None = Field(None, ge=0, le=100_000_000)
    operation_mode: Literal["MARKET", "COMMUNITY_RUN", "SELF"] | None = None
    company_id: str | None = None
    reason: str = Field(max_length=1000, examples=["登记时遗漏网格"])


class ChangeManager(Body):
    """更换项目经理 / Change the manager; his appointment into the community ends with him."""

    person_id: str = Field(examples=["per_new_manager"])


class CountHouseholds(Body):
    """更新户数 / Set the households from a day on; the complaint rate averages them."""

    since: date = Field(examples=["2025-03-01"])
    households: int = Field(ge=0, examples=[1210])


class ChangeStatus(Body):
    """项目投入服务或终止 / Begin a prepared project's service, or close a project.

    Closing ends its appointments, agreements and open orders.
    """

    status: Literal["IN_SERVICE", "CLOSED"] = Field(examples=["IN_SERVICE"])
    reason: str = Field("", max_length=1000)


class HandOver(Body):
    """更换物业企业 / Another company takes over: a new project in the same compound.

    What is still wrong on the ground is ordered anew from it, with fresh deadlines.
    """

    company_id: str = Field(examples=["pco_xinda"])
    manager_person_id: str = Field(examples=["per_new_manager"])
    name: str | None = Field(None, min_length=1, max_length=200)
    new_project_id: str | None = None


class HandedOver(Made):
    """交接结果 / The new project, and how many orders were made anew."""

    predecessor: str
    orders: int


class RegisterCommittee(Body):
    """登记业主委员会 / Register an owners' committee (YWH) or management committee (WGH)."""

    project_id: str = Field(examples=["prj_honghe"])
    kind: Literal["YWH", "WGH"] = Field(examples=["YWH"])
    members: list[str] = Field(description="5 至 11 名单数 / an odd number of 5 to 11 persons")
    chair: str
    term_from: date = Field(examples=["2025-01-01"])
    term_to: date = Field(examples=["2028-01-01"])


class CorrectCommittee(Body):
    """更正或补选业主委员会 / Put a committee in its term right, or name who was elected later."""

    kind: Literal["YWH", "WGH"] | None = None
    members: list[str] | None = None
    chair: str | None = None
    term_from: date | None = None
    term_to: date | None = None
    reason: str = Field(max_length=1000, examples=["补选一名委员"])


class CompanyLine(Reply):
    """企业一行 / One company of a list."""

    id: str
    name: str
    uscc: str
    version: int
    spoken_for: bool | None = Field(None, description="有登记代表 / has representatives; staff")
    change_proposed: bool | None = None


class CompanyFilter(InArea):
    """企业筛选 / Filter of companies; with an area, those that run a project there."""

    uscc: str | None = Field(None, max_length=40)
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class CommitteeLine(Reply):
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


class CommitteeCard(CommitteeLine):
    """业主委员会及历史 / The same with its history."""

    history: list[Happened] | None = None


class CommitteeFilter(InArea):
    """业主委员会筛选 / Filter of owners' committees."""

    project_id: str | None = None
    state: Literal["IN_TERM", "EXPIRED"] | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class CompanyCard(Reply):
    """物业企业名片 / A company's card."""

    id: str
    name: str
    uscc: str
    uscc_valid: bool
    uscc_override_reason: str | None = None
    version: int
    credit: dict[str, Any]
    projects: list[str]
    representatives: list[str] | None = Field(None, description="仅工作人员及代表可见 / staff only")
    representatives_proposed: list[str] | None = None
    history: list[Happened] | None = None


class ProjectCard(Reply):
    """项目名片 / A project's card: manager, both appointments, agreements, grade, open orders."""

    id: str
    name: str
    company_id: str
    community: str
    grids: list[str]
    buildings: list[str] = Field(default_factory=list)
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


class ProjectLine(Reply):
    """项目一行 / One project of a list."""

    id: str
    name: str
    company_id: str
    community: str
    households: int
    state: str
    version: int


class ProjectFilter(InArea):
    """项目筛选 / Filter of projects."""

    company_id: str | None = None
    manager_person_id: str | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class Board(Reply):
    """小区公示栏 / A compound's public board: disclosures and minutes."""

    id: str
    name: str
    disclosures: list[dict[str, Any]]
    meetings: list[dict[str, Any]]


DOORS.command(
    "POST", "/companies", "register_company", body=RegisterCompany, reply=Made,
    roles=REGISTRARS, status=201, summary="登记物业企业 / Register a company",
)  # fmt: skip
DOORS.query(
    "GET", "/companies/{company_id}", "company", reply=CompanyCard, roles=ANY,
    summary="物业企业名片 / A company's card",
)  # fmt: skip
DOORS.query(
    "GET", "/companies", "companies", params=CompanyFilter, reply=Both[CompanyLine], roles=ANY,
    summary="物业企业列表 / Companies",
)  # fmt: skip
DOORS.command(
    "POST", "/companies/{company_id}/correct", "correct_company", body=CorrectCompany, reply=Made,
    roles=REGISTRARS, if_match=True, summary="更正企业登记 / Put a company's registration right",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/correct", "correct_project", body=CorrectProject, reply=Made,
    roles=REGISTRARS, if_match=True, summary="更正项目登记 / Put a project's registration right",
)  # fmt: skip
DOORS.query(
    "GET", "/owners-committees", "committees", params=CommitteeFilter, reply=Both[CommitteeLine],
    roles=ANY, summary="业主委员会列表 / Owners' committees",
)  # fmt: skip
DOORS.query(
    "GET", "/owners-committees/{committee_id}", "committee", reply=CommitteeCard, roles=ANY,
    summary="业主委员会 / An owners' committee",
)  # fmt: skip
DOORS.command(
    "POST", "/owners-committees/{committee_id}/correct", "correct_committee",
    body=CorrectCommittee, reply=Made, roles=COMMUNITY, if_match=True,
    summary="更正或补选业主委员会 / Put an owners' committee right",
)  # fmt: skip
DOORS.command(
    "POST", "/companies/{company_id}/representatives", "change_representatives",
    body=ChangeRepresentatives, reply=Made, roles=REGISTRARS, if_match=True,
    summary="变更企业授权代表(两人办理) / Change who speaks for a company",
)  # fmt: skip
DOORS.command(
    "POST", "/projects", "register_project", body=RegisterProject, reply=Made,
    roles=REGISTRARS, status=201, summary="登记物业项目 / Register a project",
)  # fmt: skip
DOORS.query(
    "GET", "/projects", "projects", params=ProjectFilter, reply=Page[ProjectLine], roles=PUBLIC,
    summary="项目列表 / Projects",
)  # fmt: skip
DOORS.query(
    "GET", "/projects/{project_id}", "project", reply=ProjectCard, roles=ANY,
    summary="项目名片 / A project's card",
)  # fmt: skip
DOORS.query(
    "GET", "/projects/{project_id}/board", "board", reply=Board, roles=PUBLIC,
    summary="小区公示栏 / A compound's public board",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/manager", "change_manager", body=ChangeManager, reply=Made,
    roles=("R_PCO", "R_STREET", "R_DISTRICT"), if_match=True,
    summary="更换项目经理 / Change a project's manager",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/households", "count_households", body=CountHouseholds,
    reply=Made, roles=("R_CADRE", "R_STREET", "R_DISTRICT"), if_match=True,
    summary="更新项目户数 / Set a project's households",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/status", "change_project_status", body=ChangeStatus,
    reply=Made, roles=REGISTRARS, if_match=True,
    summary="项目投入服务或终止 / Begin or close a project",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/hand-over", "hand_over_project", body=HandOver,
    reply=HandedOver, roles=REGISTRARS, if_match=True,
    summary="更换物业企业 / Hand a project over to another company",
)  # fmt: skip
DOORS.command(
    "POST", "/owners-committees", "register_committee", body=RegisterCommittee, reply=Made,
    roles=COMMUNITY, status=201, summary="登记业主委员会 / Register an owners' committee",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Cross-appointments


class Nominate(Body):
    """提名交叉任职 / Nominate: P2C company to community, C2P community to company.

    A member of the two committees is known from his enrolment as COMMUNITY_CADRE or from the
    liaison chain; elsewhere `committee_basis` names the document that shows it.
    """

    project_id: str = Field(examples=["prj_honghe"])
    direction: Direction = Field(examples=["P2C"])
    person_id: str = Field(examples=["per_manager"])
    target_post: Literal[
        "PARTY_BRANCH_MEMBER", "COMMITTEE_PART_TIME_MEMBER", "PROJECT_DEPUTY_MANAGER"
    ] = Field(examples=["PARTY_BRANCH_MEMBER"])
    party_member: bool = Field(False, description="是否中共党员 / for the party branch")
    committee_basis: str = Field("", description="两委任职依据 / document of the election")


class ApproveAppointment(Body):
    """批准 / One side approves: the secretary with minutes, the company with its letter."""

    document_ref: str = Field("", examples=["社区党委会议纪要〔2025〕3号"])


class EndAppointment(Body):
    """终止任职 / End an appointment."""

    reason: Literal["RESIGNATION", "TRANSFER", "CONTRACT_END", "QUALIFICATION_LOST"] = Field(
        examples=["TRANSFER"]
    )


class AppointmentLine(Reply):
    """交叉任职一行 / One appointment of a list."""

    id: str
    project_id: str
    direction: str
    person_id: str
    target_post: str
    state: str
    version: int


class AppointmentFilter(InArea):
    """交叉任职筛选 / Filter of appointments; `waits_for=STREET` lists what is to be filed."""

    project_id: str | None = None
    person_id: str | None = None
    direction: Direction | None = None
    state: Literal["NOMINATED", "CONSENTED", "APPROVED", "ACTIVE", "ENDED", "LAPSED"] | None = None
    waits_for: Literal["NOMINEE", "SECRETARY", "COMPANY", "STREET"] | None = Field(
        None, description="待谁办理 / whose turn it is"
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class AppointmentCard(Reply):
    """交叉任职 / An appointment with its history."""

    id: str
    project_id: str
    direction: str
    person_id: str
    target_post: str
    state: str
    version: int
    unpaid: bool
    history: list[Happened]


DOORS.command(
    "POST", "/appointments", "nominate", body=Nominate, reply=MadeDue, roles=("R_SECRETARY",),
    status=201, summary="提名交叉任职 / Nominate for a cross-appointment",
)  # fmt: skip
DOORS.query(
    "GET", "/appointments", "appointments", params=AppointmentFilter,
    reply=Both[AppointmentLine], roles=ANY, summary="交叉任职列表 / Appointments",
)  # fmt: skip
DOORS.query(
    "GET", "/appointments/{appointment_id}", "appointment", reply=AppointmentCard, roles=ANY,
    summary="交叉任职 / An appointment",
)  # fmt: skip
DOORS.command(
    "POST", "/appointments/{appointment_id}/consent", "consent_appointment", reply=Made,
    roles=ANY, summary="本人同意 / The nominee consents",
)  # fmt: skip
DOORS.command(
    "POST", "/appointments/{appointment_id}/approve", "approve_appointment",
    body=ApproveAppointment, reply=MadeDue, roles=("R_SECRETARY", "R_PCO"), if_match=True,
    summary="双方批准 / Each side approves",
)  # fmt: skip
DOORS.command(
    "POST", "/appointments/{appointment_id}/file", "file_appointment", reply=Made,
    roles=("R_STREET",), if_match=True, summary="街道备案生效 / The street files; it is active",
)  # fmt: skip
DOORS.command(
    "POST", "/appointments/{appointment_id}/end", "end_appointment", body=EndAppointment,
    reply=Made, roles=("R_SECRETARY",), if_match=True, summary="终止任职 / End an appointment",
)  # fmt: skip
DOORS.query(
    "GET", "/coverage-gaps", "coverage_gaps", params=InArea, reply=Listed, roles=STAFF,
    summary="交叉任职缺口 / Projects that lack a direction",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Agreements


class Commitment(Body):
    """履约事项 / A commitment: who, by when or how often, and what shows it."""

    title: str = Field(min_length=1, max_length=200, examples=["每季度公开收支"])
    responsible: Literal["PROJECT", "COMMUNITY"] = Field(examples=["PROJECT"])
    due_date: date | None = Field(None, examples=["2025-05-20"])
    recurrence: Literal["ONCE", "MONTHLY", "QUARTERLY"] = "ONCE"
    evidence_kinds: list[str] = Field(default_factory=list, examples=[["PHOTO"]])


class DraftAgreement(Body):
    """起草党建联建协议 / Draft a joint agreement; the two kinds make the pair."""

    project_id: str = Field(examples=["prj_honghe"])
    type: Literal["JOINT_BUILDING", "CREDIT_DELIBERATION"] = Field(examples=["JOINT_BUILDING"])
    valid_from: date = Field(examples=["2025-01-10"])
    valid_to: date | None = Field(
        None, description="届满日(不含),默认 12 个月 / first day on which it no longer holds"
    )
    text_sha256: str = Field(pattern=SHA256, examples=[TEXT_HASH])
    commitments: list[Commitment] = Field(default_factory=list, description="签署时至少 4 项")
    supersedes: str | None = Field(None, description="被修订的协议 / the one that it amends")


class SignAgreement(Body):
    """签署 / One side signs the text with this digest: the project first, then the community."""

    side: Literal["PROJECT", "COMMUNITY"] = Field(examples=["PROJECT"])
    text_sha256: str = Field(pattern=SHA256, examples=[TEXT_HASH])


class Because(Body):
    """理由 / A reason that others can read."""

    reason: str = Field(max_length=1000, examples=["双方协商一致"])


class Evidence(Body):
    """佐证材料 / Evidence, by reference."""

    evidence: list[str] = Field(default_factory=list, examples=[["sha256:9f86d081"]])


class AcceptCommitment(Body):
    """对方确认 / The other side counter-signs, or refuses with a reason."""

    accepted: bool = True
    reason: str = Field("", max_length=1000)


class AgreementLine(Reply):
    """协议一行 / One agreement of a list."""

    id: str
    project_id: str
    type: str
    state: str
    version: int
    valid_from: date
    valid_to: date


class AgreementFilter(InArea):
    """协议筛选 / Filter of agreements; `waits_for=COMMUNITY` lists what it has to sign."""

    project_id: str | None = None
    type: Literal["JOINT_BUILDING", "CREDIT_DELIBERATION"] | None = None
    state: Literal["DRAFT", "PROPOSED", "SIGNED", "ACTIVE", "EXPIRED", "TERMINATED"] | None = None
    waits_for: Literal["PROJECT", "COMMUNITY"] | None = Field(
        None, description="待谁签署 / whose signature is missing"
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class AgreementCard(Reply):
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


DOORS.command(
    "POST", "/agreements", "draft_agreement", body=DraftAgreement, reply=Made,
    roles=("R_SECRETARY", "R_CADRE", "R_PM"), status=201,
    summary="起草协议 / Draft a joint agreement",
)  # fmt: skip
DOORS.query(
    "GET", "/agreements", "agreements", params=AgreementFilter, reply=Both[AgreementLine],
    roles=ANY, summary="协议列表 / Agreements",
)  # fmt: skip
DOORS.query(
    "GET", "/agreements/{agreement_id}", "agreement", reply=AgreementCard, roles=ANY,
    summary="协议及履约事项 / An agreement",
)  # fmt: skip
DOORS.command(
    "POST", "/agreements/{agreement_id}/sign", "sign_agreement", body=SignAgreement, reply=Made,
    roles=("R_PM", "R_PCO", "R_SECRETARY"), if_match=True, summary="签署协议 / Sign",
)  # fmt: skip
DOORS.command(
    "POST", "/agreements/{agreement_id}/terminate", "terminate_agreement", body=Because,
    reply=Made, roles=("R_SECRETARY", "R_STREET"), if_match=True,
    summary="终止协议 / End an agreement",
)  # fmt: skip
DOORS.query(
    "GET", "/agreement-noncompliance", "agreement_noncompliance", params=InArea,
    reply=Noncompliance, roles=STAFF, summary="协议未履约清单 / Agreements that stay on paper",
)  # fmt: skip
DOORS.command(
    "POST", "/commitments/{commitment_id}/fulfil", "fulfil_commitment", body=Evidence,
    reply=Submitted, roles=SIDES, if_match=True, summary="提交履约佐证 / Show that it was done",
)  # fmt: skip
DOORS.command(
    "POST", "/commitments/{commitment_id}/accept", "accept_commitment", body=AcceptCommitment,
    reply=Submitted, roles=SIDES, if_match=True, summary="对方确认 / Counter-sign",
)  # fmt: skip
DOORS.command(
    "POST", "/commitments/{commitment_id}/waive", "waive_commitment", body=Because, reply=Made,
    roles=(*SIDES, "R_STREET"), if_match=True, summary="三方同意豁免 / Agree to waive",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Three-party meetings


class Attendees(Body):
    """到会人员 / Persons present, by side; OWNERS may be empty where there is no committee."""

    COMMITTEE: list[str] = Field(default_factory=list, examples=[["per_secretary"]])
    OWNERS: list[str] = Field(default_factory=list, examples=[["per_owner"]])
    PROPERTY: list[str] = Field(default_factory=list, examples=[["per_manager"]])


class Decision(Body):
    """决定事项 / RECORD, WORK (a work order with a date) or RECTIFICATION (an S3 order)."""

    text: str = Field(min_length=1, max_length=1000, examples=["六月底前完成充电桩选址"])
    kind: Literal["RECORD", "WORK", "RECTIFICATION"] = "RECORD"
    due_date: date | None = None
    basis: str = ""


class HoldMeeting(Body):
    """三方联席会议 / Record a three-party meeting under the community party committee."""

    meeting_id: str | None = None
    project_id: str = Field(examples=["prj_honghe"])
    held_at: AwareDatetime = Field(examples=["2025-01-15T15:00:00+08:00"])
    chair: str = Field(examples=["per_secretary"])
    attendees: Attendees
    minutes_sha256: str = Field(pattern=SHA256, examples=[TEXT_HASH])
    decisions: list[Decision] = Field(default_factory=list)


class Held(Made):
    """会议记录 / A meeting, and what its decisions opened."""

    period: str
    two_sided: bool | None = None
    decisions: list[dict[str, Any]] = Field(default_factory=list)


class MeetingCard(Reply):
    """三方联席会议 / A three-party meeting."""

    id: str
    project_id: str
    period: str
    held_at: datetime
    chair: str
    attendees: dict[str, list[str]]
    minutes_sha256: str
    decisions: list[dict[str, Any]]
    version: int


class MeetingFilter(InArea):
    """会议筛选 / Filter of meetings."""

    project_id: str | None = None
    period: str | None = Field(None, pattern=MONTH)
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class Waiting(Reply):
    """待办一项 / One thing that waits for the caller: what he has to do, and by when."""

    deed: str = Field(description="待办事项 / what is to be done", examples=["FILE_APPOINTMENT"])
    id: str
    project_id: str | None = None
    title: str | None = None
    state: str | None = None
    since: datetime
    due: datetime | None = None
    version: int


class Todo(Reply):
    """待办 / What waits for the caller in his acting role; at most 50 of a kind."""

    items: list[Waiting]
    counts: dict[str, int]


DOORS.query(
    "GET", "/tripartite-meetings", "meetings", params=MeetingFilter, reply=Both[MeetingCard],
    roles=STAFF_AND_COMPANY, summary="三方联席会议列表 / Three-party meetings",
)  # fmt: skip
DOORS.query(
    "GET", "/tripartite-meetings/{meeting_id}", "meeting", reply=MeetingCard,
    roles=STAFF_AND_COMPANY, summary="三方联席会议 / A three-party meeting",
)  # fmt: skip
DOORS.query(
    "GET", "/todo", "todo", reply=Todo, roles=ANY, summary="我的待办 / What waits for me",
)  # fmt: skip
DOORS.command(
    "POST", "/tripartite-meetings/{meeting_id}/annul", "annul_meeting", body=Because, reply=Made,
    roles=COMMUNITY, if_match=True, summary="撤销误录会议 / Take back a meeting",
)  # fmt: skip
DOORS.command(
    "POST", "/tripartite-meetings", "hold_meeting", body=HoldMeeting, reply=Held,
    roles=("R_SECRETARY", "R_CADRE"), status=201,
    summary="记录三方联席会议 / Record a three-party meeting",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Complaints and their rate


class ComplaintCard(Reply):
    """物业投诉 / A complaint; the project's side does not learn who complained."""

    id: str
    project_id: str
    category: str
    filed_at: datetime
    valid: str
    reason: str | None = None
    reopen_count: int
    state: str
    version: int


class ComplaintWithHistory(ComplaintCard):
    """物业投诉及历史 / A complaint with its history."""

    history: list[Happened]


class ComplaintFilter(InArea):
    """投诉筛选 / Filter of complaints."""

    project_id: str | None = None
    request_id: str | None = Field(None, description="诉求编号 / the request; not for the project")
    order: Literal["NEWEST", "OLDEST"] = "NEWEST"
    valid: Literal["PENDING", "YES", "NO"] | None = None
    state: Literal["OPEN", "CLOSED"] | None = None
    period: str | None = Field(None, pattern=MONTH)
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class UndecidedComplaint(Reply):
    """待认定项目的投诉 / A complaint of which nobody could tell about which project it is."""

    id: str
    category: str
    grid: str
    building: str | None = None
    filed_at: datetime
    state: str
    late: bool = Field(description="逾期未认定 / two working days have passed")
    candidates: list[str] | None = Field(None, description="服务该网格的项目 / projects there")
    version: int


class UndecidedFilter(InArea):
    """筛选 / Filter of complaints that wait for their project."""

    state: Literal["WAITING", "ASSIGNED", "DISMISSED", "MERGED"] | None = "WAITING"
    late: bool | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class DecideProject(Body):
    """认定所涉项目 / Which project it is about; without one, about none, and why."""

    project_id: str | None = Field(None, examples=["prj_honghe"])
    reason: str = Field("", max_length=1000)


class Decided(Made):
    """认定结果 / The complaint that was opened, where it is about a project."""

    complaint_id: str | None = None


class Message(Reply):
    """告知 / What a complainant is told."""

    id: str
    code: str
    complaint_id: str | None = None
    at: datetime
    text: str
    text_en: str


class ValidateComplaint(Body):
    """认定投诉是否成立 / Decide on validity; an invalid complaint stays visible."""

    valid: bool = Field(examples=[True])
    reason: str = Field(max_length=1000, examples=["现场核实,垃圾未按约清运"])


class CloseComplaint(Body):
    """办结投诉 / Close a decided complaint."""

    outcome: str = Field(min_length=1, max_length=1000, examples=["已清运并加密保洁"])


class HistoryRow(Body):
    """一个月的历史数据 / One month from before this system."""

    period: str = Field(pattern=MONTH, examples=["2023-06"])
    complaints: int = Field(ge=0, examples=[84])
    households: int = Field(ge=1, examples=[8000])


class ImportHistory(Body):
    """导入历史投诉数 / Load monthly counts of valid complaints; they are marked IMPORTED."""

    origin: str = Field(min_length=1, max_length=200, examples=["社区 2022-2023 年台账"])
    rows: list[HistoryRow] = Field(min_length=1, max_length=120)


class CorrectHistory(Body):
    """更正历史投诉数 / Restate a loaded month; its frozen figure stays."""

    period: str = Field(pattern=MONTH, examples=["2023-06"])
    invalidated: int = Field(ge=0, description="该月累计认定不成立数 / in all", examples=[12])
    reason: str = Field(max_length=1000, examples=["复核为重复投诉"])


class RateFilter(Params):
    """投诉率口径 / Where, when, and on which basis."""

    year: int = Field(ge=2000, le=2100, examples=[2023])
    scope: str = Field("370811", pattern=AREA)
    window: Literal["YEAR", "YTD", "ROLLING"] = "YEAR"
    until: Day | None = Field(None, description="窗口最后一日 / last day of the window")
    basis: Literal["SAME_PROJECTS", "ALL"] = "SAME_PROJECTS"
    project_id: str | None = None


class Window(Reply):
    """一个窗口 / One window: frozen and revised."""

    complaints: int
    complaints_revised: int
    households_average: str | None = None
    rate: str | None = None
    rate_revised: str | None = None
    months: list[dict[str, Any]]


class Rate(Reply):
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


DOORS.query(
    "GET", "/complaints", "complaints", params=ComplaintFilter, reply=Both[ComplaintCard],
    roles=ANY, summary="投诉列表(居民为本人投诉) / Complaints; a resident's own",
)  # fmt: skip
DOORS.query(
    "GET", "/complaints/{complaint_id}", "complaint", reply=ComplaintWithHistory,
    roles=ANY, summary="投诉(本人可见) / One complaint; also for who complained",
)  # fmt: skip
DOORS.query(
    "GET", "/undecided-complaints", "undecided_complaints", params=UndecidedFilter,
    reply=Both[UndecidedComplaint], roles=ANY,
    summary="待认定项目的投诉 / Complaints that wait for their project",
)  # fmt: skip
DOORS.command(
    "POST", "/undecided-complaints/{undecided_id}/decide", "decide_complaint_project",
    body=DecideProject, reply=Decided, roles=COMMUNITY, if_match=True,
    summary="认定投诉所涉项目 / Say which project a complaint is about",
)  # fmt: skip
DOORS.query(
    "GET", "/messages", "my_messages", params=ListParams, reply=Both[Message], roles=ANY,
    summary="我的消息 / What I was told of my complaints",
)  # fmt: skip
DOORS.command(
    "POST", "/complaints/{complaint_id}/validate", "validate_complaint", body=ValidateComplaint,
    reply=Made, roles=COMMUNITY, if_match=True, summary="认定投诉 / Decide whether it is valid",
)  # fmt: skip
DOORS.command(
    "POST", "/complaints/{complaint_id}/close", "close_complaint", body=CloseComplaint,
    reply=Made, roles=COMMUNITY, if_match=True, summary="办结投诉 / Close a complaint",
)  # fmt: skip
DOORS.query(
    "GET", "/complaint-rate", "complaint_rate", params=RateFilter, reply=Rate, roles=ANY,
    summary="投诉率及同比 / Complaint rate, year on year",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/complaint-history", "import_complaint_history",
    body=ImportHistory, reply=Made, roles=("R_DISTRICT",),
    summary="导入历史投诉数 / Load counts from before this system",
)  # fmt: skip
DOORS.command(
    "POST", "/projects/{project_id}/complaint-history/correct", "correct_complaint_history",
    body=CorrectHistory, reply=Made, roles=("R_DISTRICT",),
    summary="更正历史投诉数 / Restate a loaded month",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Rectification orders


class IssueRectification(Body):
    """签发整改单 / Issue an order: S1 24 hours, S2 three, S3 seven working days."""

    project_id: str = Field(examples=["prj_honghe"])
    severity: Severity = Field(examples=["S2"])
    facts: str = Field(max_length=2000, examples=["3 号楼消防通道被占用"])
    basis: str = Field(max_length=1000, examples=["《物业服务合同》第 12 条"])
    media: list[str] = Field(default_factory=list, examples=[["sha256:9f86d081"]])


class EvidencePair(Body):
    """整改前后对比 / How it looked before and how it looks now."""

    before: str = Field(min_length=1, max_length=300, examples=["sha256:9f86d081"])
    after: str = Field(min_length=1, max_length=300, examples=["sha256:60303ae2"])
    note: str = ""


class SubmitRectification(Body):
    """提交整改 / Submit the fix; before the due instant it is in time, however late the check."""

    evidence_pairs: list[EvidencePair] = Field(default_factory=list)


class PassRectification(Body):
    """核验通过 / The fix is good; S1 needs a look on the site."""

    on_site: bool = False
    note: str = ""


class Issued(MadeDue):
    """整改单 / An issued order."""

    number: str


class Order(Reply):
    """整改单 / A rectification order."""

    id: str
    number: str
    project_id: str
    severity: str
    state: OrderState
    level: int
    attempt: int
    late: bool
    due: datetime
    version: int


class OrderWithHistory(Order):
    """整改单及历史 / An order with its history."""

    history: list[Happened]


class OrderFilter(InArea):
    """整改单筛选 / Filter of orders."""

    project_id: str | None = None
    state: OrderState | None = None
    severity: Severity | None = None
    level: int | None = Field(None, ge=0, le=2, description="升级层级 / level of the ladder")
    order: Literal["NEWEST", "OLDEST"] = "NEWEST"
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class OverdueFilter(OrderFilter):
    """逾期整改单筛选 / Filter of overdue orders: in no other state."""

    state: Literal["OVERDUE"] = "OVERDUE"


DOORS.command(
    "POST", "/rectifications", "issue_rectification", body=IssueRectification, reply=Issued,
    roles=COMMUNITY, status=201, summary="签发整改单 / Issue an order",
)  # fmt: skip
DOORS.query(
    "GET", "/rectifications", "rectifications", params=OrderFilter, reply=Both[Order],
    roles=STAFF_AND_COMPANY, summary="整改单列表 / Orders",
)  # fmt: skip
DOORS.query(
    "GET", "/overdue-rectifications", "overdue_rectifications", params=OverdueFilter,
    reply=Both[Order], roles=STAFF, summary="逾期整改单 / Overdue orders of an area",
)  # fmt: skip
DOORS.query(
    "GET", "/rectifications/{rectification_id}", "rectification", reply=OrderWithHistory,
    roles=STAFF_AND_COMPANY, summary="整改单 / One order",
)  # fmt: skip
DOORS.command(
    "POST", "/rectifications/{rectification_id}/acknowledge", "acknowledge_rectification",
    reply=Submitted, roles=("R_PM",), if_match=True, summary="签收 / Take note",
)  # fmt: skip
DOORS.command(
    "POST", "/rectifications/{rectification_id}/submit", "submit_rectification",
    body=SubmitRectification, reply=Submitted, roles=("R_PM",), if_match=True,
    summary="提交整改 / Submit the fix",
)  # fmt: skip
DOORS.command(
    "POST", "/rectifications/{rectification_id}/pass", "pass_rectification",
    body=PassRectification, reply=Submitted, roles=COMMUNITY, if_match=True,
    summary="核验通过 / The fix is good",
)  # fmt: skip
DOORS.command(
    "POST", "/rectifications/{rectification_id}/fail", "fail_rectification", body=Because,
    reply=Made, roles=COMMUNITY, if_match=True, summary="核验不通过 / The fix is not good",
)  # fmt: skip
DOORS.command(
    "POST", "/rectifications/{rectification_id}/withdraw", "withdraw_rectification",
    body=Because, reply=Made, roles=("R_STREET", "R_STREET_LEAD"), if_match=True,
    summary="撤回(两人办理) / Withdraw; the first proposes, the second decides",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Works, disclosures, indicators


class WorkCard(Reply):
    """工单 / A work order out of a resolution (TASK) or a three-party meeting (MEETING)."""

    id: str
    project_id: str
    source: str
    task_id: str | None = None
    topic_id: str | None = None
    state: WorkState
    evidence: list[str]
    overdue: bool
    end_reason: str | None = Field(None, description="为何取消或终止 / why it is not to be done")
    version: int


class WorkWithHistory(WorkCard):
    """工单及历史 / A work order with its history."""

    history: list[Happened]


class WorkFilter(InArea):
    """工单筛选 / Filter of work orders."""

    project_id: str | None = None
    task_id: str | None = None
    topic_id: str | None = None
    state: WorkState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class CheckWork(Body):
    """社区验收 / The community's finding on a meeting's work order."""

    accepted: bool = Field(examples=[True])
    reason: str = Field("", max_length=1000)


class Later(Body):
    """延期 / The new last day, and why."""

    due_date: date = Field(examples=["2025-04-20"])
    reason: str = Field(max_length=1000, examples=["需等待材料到货"])


class Reassign(Body):
    """改派 / Which project of the community does it instead, and why."""

    project_id: str = Field(examples=["prj_honghe"])
    reason: str = Field(max_length=1000, examples=["该地块由另一项目服务"])


class ScheduleDisclosure(Body):
    """安排公示 / What a project must publish by the end of a day."""

    project_id: str = Field(examples=["prj_honghe"])
    kind: Literal["FEES", "COMMON_INCOME", "SERVICE_STANDARD", "MAINTENANCE_FUND"] = Field(
        examples=["FEES"]
    )
    title: str = Field(min_length=1, max_length=200, examples=["2025 年一季度收支"])
    due_date: date = Field(examples=["2025-04-15"])


class PublishDisclosure(Body):
    """发布公示 / The document that is published, by its digest."""

    doc_sha256: str = Field(pattern=SHA256, examples=[TEXT_HASH])


class DisclosureCard(Reply):
    """公示事项 / A disclosure."""

    id: str
    project_id: str
    kind: str
    title: str
    due_date: date
    state: DisclosureState
    version: int
    doc_sha256: str | None = None


class DisclosureFilter(InArea):
    """公示筛选 / Filter of disclosures."""

    project_id: str | None = None
    state: DisclosureState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class MonthInArea(InArea):
    """月份与区域 / A month and an area."""

    period: str = Field(pattern=MONTH, examples=["2025-03"])


class Indicators(Reply):
    """指标 / M-17, M-18, M-25, M-27, each with numerator and denominator."""

    period: str
    scope: str


DOORS.query(
    "GET", "/works", "works", params=WorkFilter, reply=Page[WorkCard], roles=ANY,
    summary="工单列表 / Work orders",
)  # fmt: skip
DOORS.query(
    "GET", "/works/{work_id}", "work", reply=WorkWithHistory, roles=ANY,
    summary="工单 / One work order",
)  # fmt: skip
DOORS.command(
    "POST", "/works/{work_id}/start", "start_work", reply=Made, roles=("R_PM",), if_match=True,
    summary="开工 / Start",
)  # fmt: skip
DOORS.command(
    "POST", "/works/{work_id}/deliver", "deliver_work", body=Evidence, reply=Made,
    roles=("R_PM",), if_match=True, summary="交付 / Deliver with evidence",
)  # fmt: skip
DOORS.command(
    "POST", "/works/{work_id}/check", "check_work", body=CheckWork, reply=Made,
    roles=("R_CADRE", "R_SECRETARY"), if_match=True,
    summary="验收会议工单 / Check the work of a meeting's decision",
)  # fmt: skip
DOORS.command(
    "POST", "/works/{work_id}/cancel", "cancel_work", body=Because, reply=Made, roles=COMMUNITY,
    if_match=True, summary="取消会议工单 / Cancel the work of a meeting's decision",
)  # fmt: skip
DOORS.command(
    "POST", "/works/{work_id}/extend", "extend_work", body=Later, reply=MadeDue, roles=COMMUNITY,
    if_match=True, summary="会议工单延期 / Give the work of a meeting's decision more time",
)  # fmt: skip
DOORS.command(
    "POST", "/works/{work_id}/reassign", "reassign_work", body=Reassign, reply=Made,
    roles=COMMUNITY, if_match=True, summary="会议工单改派 / Another project does the work",
)  # fmt: skip
DOORS.command(
    "POST", "/rectifications/{rectification_id}/extend", "extend_rectification", body=Later,
    reply=MadeDue, roles=("R_STREET", "R_STREET_LEAD"), if_match=True,
    summary="整改延期(一次) / Give an order more time, once",
)  # fmt: skip
DOORS.command(
    "POST", "/disclosures/{disclosure_id}/cancel", "cancel_disclosure", body=Because, reply=Made,
    roles=COMMUNITY, if_match=True, summary="取消公示安排 / Take a disclosure off the list",
)  # fmt: skip
DOORS.command(
    "POST", "/disclosures", "schedule_disclosure", body=ScheduleDisclosure, reply=MadeDue,
    roles=COMMUNITY, status=201, summary="安排公示 / Schedule a disclosure",
)  # fmt: skip
DOORS.query(
    "GET", "/disclosures", "disclosures", params=DisclosureFilter, reply=Page[DisclosureCard],
    roles=PUBLIC, summary="公示列表 / Disclosures",
)  # fmt: skip
DOORS.command(
    "POST", "/disclosures/{disclosure_id}/publish", "publish_disclosure", body=PublishDisclosure,
    reply=Submitted, roles=("R_PM",), if_match=True, summary="发布公示 / Publish",
)  # fmt: skip
DOORS.query(
    "GET", "/indicators", "indicators", params=MonthInArea, reply=Indicators, roles=STAFF,
    summary="红色物业指标 / Indicators of Red Property",
)  # fmt: skip
