"""The property service through its real doors, and a town to tell its stories in."""

import pytest

from fivered.services.property.service import Property
from testkit.bench import bench, database_url, files  # noqa: F401

COMMUNITY = "370811015901"
STREET = "370811015"
GRID = "370811015901001"
TEXT = "a" * 64


@pytest.fixture
def service_cls():
    return Property


# Who manages, speaks for a company or is appointed in the stories: known, and of no grid.
STAFF = (
    *("per_wu", "per_zheng", "per_wang", "per_new", "per_next", "per_n", "per_m", "per_x"),
    *("per_sun", "per_rival", "per_two", "x", "y"),
)


def registered(bench, person, *, is_adult=True, sequence=0):  # noqa: F811
    data = {"person_id": person, "is_adult": is_adult}
    bench.consume("steward", "person_registered.v1", data, subject=person, sequence=sequence)


class Town:
    """Huoju's twin: a community, one company, its projects and the people who act."""

    community, street, grid, text = COMMUNITY, STREET, GRID, TEXT

    def __init__(self, bench):  # noqa: F811  the fixture of that name
        self.bench = bench

    def begin(self):
        """Hear of the people who act."""
        for person in STAFF:
            registered(self.bench, person)
        return self

    # Who acts ------------------------------------------------------------------------------------

    def district(self):
        return self.bench.as_("R_DISTRICT", person="per_zhao")

    def street_clerk(self, person="per_qian"):
        return self.bench.as_("R_STREET", person=person, scope=STREET)

    def secretary(self):
        return self.bench.as_("R_SECRETARY", person="per_sun", scope=COMMUNITY)

    def cadre(self, person="per_li"):
        return self.bench.as_("R_CADRE", person=person, scope=COMMUNITY)

    def manager(self, person="per_wu"):
        return self.bench.as_("R_PM", person=person, scope=COMMUNITY)

    def company(self, person="per_zheng"):
        return self.bench.as_("R_PCO", person=person, scope=STREET)

    # What stands ---------------------------------------------------------------------------------

    def found(
        self,
        project="prj_a",
        *,
        company="pco_a",
        households=1200,
        manager="per_wu",
        representatives=("per_zheng",),
        community=COMMUNITY,
        grid=GRID,
        buildings=(),
    ):
        for person in (manager, *representatives):
            registered(self.bench, person)
        self.district()
        if not self.bench.rows("SELECT 1 FROM companies"):
            self.bench.do(
                "register_company",
                {
                    "company_id": company,
                    "name": "宏达物业",
                    "uscc": "91370899MA0000000E",
                    "representatives": list(representatives),
                },
            )
        self.bench.do(
            "register_project",
            {
                "project_id": project,
                "company_id": company,
                "name": "宏河苑",
                "community": community,
                "grids": [grid],
                "households": households,
                "manager_person_id": manager,
                "buildings": list(buildings),
            },
        )
        return project

    def enrol_cadre(self, person="per_wang"):
        self.bench.consume(
            "steward",
            "steward_enrolled.v1",
            {
                "steward_id": "stw_" + person,
                "person_id": person,
                "type": "FULL_TIME",
                "duty": "COMMUNITY_CADRE",
                "grids": [GRID],
                "community": COMMUNITY,
                "spendable": False,
            },
            subject="stw_" + person,
        )

    def enrol_staff(self, person, grids=(GRID,), steward=None):
        self.bench.consume(
            "steward",
            "steward_enrolled.v1",
            {
                "steward_id": steward or "stw_" + person,
                "person_id": person,
                "type": "FULL_TIME",
                "duty": "PROPERTY_STAFF",
                "grids": list(grids),
                "community": COMMUNITY,
                "spendable": False,
            },
            subject=steward or "stw_" + person,
        )

    def settle(self, *people, grid=GRID, is_adult=True):
        """Register people as residents of a grid."""
        for person in people:
            self.bench.consume(
                "steward",
                "resident_registered.v1",
                {
                    "person_id": person,
                    "community": grid[:12],
                    "grid": grid,
                    "is_adult": is_adult,
                    "household_id": None,
                    "synthetic": True,
                },
                subject=person,
            )

    def elect(self, members, **changes):
        return self.secretary().do(
            "register_committee",
            {
                "project_id": "prj_a",
                "kind": "YWH",
                "members": list(members),
                "chair": members[0],
                "term_from": "2025-01-01",
                "term_to": "2028-01-01",
            }
            | changes,
        )

    def link_officials(self):
        for link, tier, kind, target in (
            ("lnk_1", "STREET_TEAM", "COMMUNITY", COMMUNITY),
            ("lnk_2", "DISTRICT_LEADER", "STREET", STREET),
        ):
            self.bench.consume(
                "forum",
                "liaison_assigned.v1",
                {
                    "link_id": link,
                    "tier": tier,
                    "target_kind": kind,
                    "target": target,
                    "official_id": f"off_{tier.lower()}",
                    "person_id": "per_off_" + link,
                },
                subject=link,
            )

    def appoint(self, direction, person, post, project="prj_a"):
        """Take an appointment through all its steps; returns its id and version."""
        self.secretary()
        made = self.bench.do(
            "nominate",
            {
                "project_id": project,
                "direction": direction,
                "person_id": person,
                "target_post": post,
                "party_member": post == "PARTY_BRANCH_MEMBER",
            },
        )
        which = {"appointment_id": made["id"]}
        self.bench.as_("R_RESIDENT", person=person, scope=GRID).do("consent_appointment", which)
        self.secretary().do(
            "approve_appointment", which | {"document_ref": "纪要〔2025〕3号"}, version=2
        )
        self.company().do("approve_appointment", which | {"document_ref": "同意函"}, version=3)
        return self.street_clerk().do("file_appointment", which, version=4)

    def commitments(self, **changes):
        item = {
            "responsible": "PROJECT",
            "recurrence": "ONCE",
            "due_date": "2025-05-20",
            "evidence_kinds": ["PHOTO"],
        }
        return [
            item | {"title": "公共照明检修"} | changes,
            item | {"title": "电梯年检公示"},
            item | {"title": "协商议事场地", "responsible": "COMMUNITY"},
            item | {"title": "季度满意度回访", "recurrence": "QUARTERLY", "due_date": None},
        ]

    def dated(self, *days, least=4):
        """Items that fall due on these days, at least four."""
        return [
            {
                "title": f"事项{number}",
                "responsible": "PROJECT",
                "due_date": days[number % len(days)],
                "evidence_kinds": ["PHOTO"],
            }
            for number in range(max(least, len(days)))
        ]

    def agree(self, kind="JOINT_BUILDING", *, project="prj_a", valid_from="2025-03-03", **more):
        """Draft and sign an agreement by both sides; returns its id."""
        made = self.secretary().do(
            "draft_agreement",
            {
                "project_id": project,
                "type": kind,
                "valid_from": valid_from,
                "text_sha256": TEXT,
                "commitments": self.commitments(),
            }
            | more,
        )
        sign = {"agreement_id": made["id"], "text_sha256": TEXT}
        self.manager().do("sign_agreement", sign | {"side": "PROJECT"}, version=1)
        self.secretary().do("sign_agreement", sign | {"side": "COMMUNITY"}, version=2)
        return made["id"]

    def complain(
        self,
        request="req_1",
        *,
        project="prj_a",
        at=None,
        category="CLEANING",
        by="res",
        kind="COMPLAINT",
        **more,
    ):
        """A request comes in; returns the id of the complaint that it is, or None."""
        self.bench.consume(
            "steward",
            "request_submitted.v1",
            {
                "request_id": request,
                "number": "SR-20250303-015901-00001",
                "channel": "APP",
                "kind": kind,
                "category": category,
                "priority": "P3",
                "grid": GRID,
                "project_id": project,
                "reporter_id": "per_" + by,
                "due_contact": "2025-03-03T09:00:00+08:00",
                "due_resolve": "2025-03-06T00:00:00+08:00",
            }
            | more,
            subject=request,
            occurred_at=at,
        )
        return self.complaint_of(request)

    def complaint_of(self, request):
        asked = "SELECT complaint_id AS c FROM complaints WHERE request_id = :r"
        return next((row["c"] for row in self.bench.rows(asked, r=request)), None)

    def steward_markers(self, period, projects=(), partitions=range(4)):
        for partition in partitions:
            self.bench.consume(
                "steward",
                "month_measured.v1",
                {
                    "period": period,
                    "partition": partition,
                    "partitions": 4,
                    "communities": [],
                    "stewards": [],
                    "projects": list(projects) if partition == 0 else [],
                },
                subject=period,
                partition=partition,
                period=period,
            )

    def issue(self, severity="S2", project="prj_a"):
        self.issued = getattr(self, "issued", 0) + 1
        another = f",第 {self.issued} 处" if self.issued > 1 else ""
        return self.bench.do(
            "issue_rectification",
            {
                "project_id": project,
                "severity": severity,
                "facts": f"消防通道被占用{another}",
                "basis": "《物业服务合同》第 12 条",
                "media": ["sha256:1"],
            },
        )

    def hand_over(self, manager="per_new", *, to="prj_b", representatives=("per_rival",)):
        """Register another company, and hand prj_a over to it as a project of its own."""
        self.district().do(
            "register_company",
            {
                "company_id": "pco_b",
                "name": "信达",
                "uscc": "91370899MA0000003P",
                "representatives": list(representatives),
            },
        )
        return self.street_clerk().do(
            "hand_over_project",
            {
                "project_id": "prj_a",
                "company_id": "pco_b",
                "manager_person_id": manager,
                "new_project_id": to,
            },
            version=self.version("projects", "project_id", "prj_a"),
        )

    def version(self, table, key, value):
        return self.bench.rows(f"SELECT version FROM {table} WHERE {key} = :v", v=value)[0][
            "version"
        ]


def begun(bench):  # noqa: F811
    Town(bench).begin()


@pytest.fixture
def town(bench):  # noqa: F811
    return Town(bench.staged(begun))
