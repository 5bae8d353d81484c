"""What property publishes of companies, projects, and who stands for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, words
from fivered.chassis.fields import (
    Community,
    CompanyId,
    Grid,
    PersonId,
    ProjectId,
)
from fivered.services.property.fields import (
    AppointmentId,
    CommitteeId,
    CommitteeState,
    DirectionOfPost,
    EndReason,
    Households,
    Members,
    PostHeld,
    Representatives,
)


@fact(
    "company_registered.v1",
    about="company",
    visibility="public",
    when="登记物业企业时;更正后再发一条 / when a property company is registered; again when it "
    "is put right",
    by=("register_company", "correct_company"),
)
class CompanyRegistered:
    """物业企业登记 / A property company is registered."""

    company_id: CompanyId
    uscc: Annotated[
        str, Meta(description="统一社会信用代码,18 位 / unified social credit code, 18 characters")
    ]
    representatives: Representatives | None = None


@fact(
    "company_representatives_changed.v1",
    about="company",
    when="授权代表更换、去世或迁出时 / when other persons speak for a company, or one dies or "
    "leaves",
    by=("change_representatives", "steward.resident_deactivated.v1"),
    after=("company_registered.v1",),
)
class CompanyRepresentativesChanged:
    """物业企业授权代表变更 / Other persons speak for a company from now on; nobody does where
    there are none."""

    company_id: CompanyId
    representatives: Representatives


@fact(
    "project_registered.v1",
    about="project",
    visibility="public",
    when="登记物业项目时;名称、范围、户数、状态变动后再发一条,以最新为准 / when a project is "
    "registered; again when its name, places, households or status change, and the newest holds",
    by=(
        "register_project",
        "correct_project",
        "change_project_status",
        "reopen_project",
        "hand_over_project",
        "count_households",
    ),
    after=(),
)
class ProjectRegistered:
    """物业项目登记 / A project is registered; said again when its name, places, households or
    status change."""

    project_id: ProjectId
    company_id: CompanyId
    community: Community
    grids: Annotated[
        list[Grid],
        Meta(description="服务的网格,15 位代码 / the grids that it serves, by their 15 digits"),
    ]
    households: Households
    status: Annotated[str, words("项目状态 / how it stands", "PREPARING", "IN_SERVICE", "CLOSED")]
    buildings: (
        Annotated[
            list[str],
            Meta(
                description="服务的楼栋;仅同一网格有多个项目时列出 / the buildings that it "
                "serves; only where they tell which project of a grid is meant"
            ),
        ]
        | None
    ) = None
    predecessor_id: (
        Annotated[
            ProjectId,
            Meta(description="接管前的项目 / the closed project whose compound it has taken over"),
        ]
        | None
    ) = None


@fact(
    "project_manager_changed.v1",
    about="project",
    when="项目经理上任时,含第一任与移交后 / when a project gets a manager: its first one, "
    "another one, or after a hand-over",
    by=("register_project", "change_manager", "reopen_project", "hand_over_project"),
    after=("project_registered.v1",),
)
class ProjectManagerChanged:
    """项目经理变更 / A project has a new manager; also said of its first one."""

    project_id: ProjectId
    person_id: PersonId


@fact(
    "project_manager_ended.v1",
    about="project",
    when="项目经理去世时,一次 / when a project's manager has died; once",
    by=("steward.resident_deactivated.v1",),
    after=("project_manager_changed.v1",),
)
class ProjectManagerEnded:
    """项目经理因故去职 / A project's manager has died; nobody manages it until another one is
    named."""

    project_id: ProjectId
    person_id: PersonId
    reason: Annotated[str, words("为何 / why", "DECEASED")]


@fact(
    "appointment_activated.v1",
    about="project",
    visibility="public",
    when="交叉任职报街道备案、生效时;每次任职一条 / when a cross-appointment is filed with the "
    "street and takes effect; once per appointment",
    by=("file_appointment",),
    after=("project_registered.v1",),
)
class AppointmentActivated:
    """交叉任职生效 / A cross-appointment is filed with the street and takes effect."""

    appointment_id: AppointmentId
    project_id: ProjectId
    direction: DirectionOfPost
    person_id: PersonId
    post: PostHeld


@fact(
    "appointment_ended.v1",
    about="project",
    visibility="public",
    when="交叉任职结束,或提名逾期失效时;每次任职一条 / when a cross-appointment ends or its "
    "nomination lapses; once per appointment",
    by=(
        "end_appointment",
        "change_manager",
        "change_project_status",
        "hand_over_project",
        "on_appt_consent",
        "steward.resident_deactivated.v1",
    ),
    after=("project_registered.v1",),
)
class AppointmentEnded:
    """交叉任职结束 / A cross-appointment ended, or its nomination lapsed."""

    appointment_id: AppointmentId
    project_id: ProjectId
    direction: DirectionOfPost
    person_id: PersonId
    post: PostHeld
    reason: Annotated[
        str,
        words(
            "结束原因 / why it ended",
            EndReason,
            "DECEASED",
            "LAPSED",
            MANAGER_CHANGED="项目负责人更换 / the project has another manager",
        ),
    ]


@fact(
    "owners_committee_changed.v1",
    about="committee",
    when="业委会备案、更正、届满、随项目移交,委员去世或迁出,以及升级后补报时 / when a "
    "committee is registered, corrected, past its term or handed over, or a member dies or "
    "leaves; once more after an upgrade",
    by=(
        "register_committee",
        "correct_committee",
        "on_committee_expire",
        "hand_over_project",
        "steward.resident_deactivated.v1",
        "on_tell_committees",
    ),
)
class OwnersCommitteeChanged:
    """业主委员会成员及任期变更 / Who sits for the owners of a project's compound, and whether
    their term runs."""

    committee_id: CommitteeId
    project_id: ProjectId
    members: Members
    state: CommitteeState


@dataclass(frozen=True, slots=True)
class ProjectRequests:
    """What steward counted of one project in a month."""

    project_id: str
    requests: int = 0
    contacted_on_time: int = 0
    due_resolutions: int = 0
    resolved_on_time: int = 0
    rated: int = 0
    satisfied: int = 0
