"""The community of the forum's tests: Huoju, with two grids, its officials, deputies and people."""

import pytest

from fivered.services.forum.service import Forum
from testkit.bench import bench, database_url  # noqa: F401

STREET = "370811015"
COMMUNITY = "370811015901"
GRID = "370811015901001"
NEXT_GRID = "370811015901002"
OTHER_COMMUNITY = "370811015902"
OTHER_GRID = "370811015902001"
ANA, BEN, CAI = "per_ana", "per_ben", "per_cai"
SECRETARY, CADRE, TEAM, LEADER, WORKER = (
    "per_secretary",
    "per_cadre",
    "per_team",
    "per_leader",
    "per_worker",
)
MANAGER, DEPUTY = "per_manager", "per_deputy"
PROJECT = "prj_huoju"
NEIGHBOURS = [f"per_n{n:02d}" for n in range(1, 13)]


class Town:
    """Huoju entered through the real doors; each method is one sentence of a story."""

    def __init__(self, bench):  # noqa: F811
        self.bench = bench

    # who acts

    def resident(self, person=ANA):
        return self.bench.as_("R_RESIDENT", person=person, scope=COMMUNITY)

    def secretary(self, person=SECRETARY):
        return self.bench.as_("R_SECRETARY", person=person, scope=COMMUNITY)

    def cadre(self, person=CADRE):
        return self.bench.as_("R_CADRE", person=person, scope=COMMUNITY)

    def street(self, person="per_street"):
        return self.bench.as_("R_STREET", person=person, scope=STREET)

    def district(self):
        return self.bench.as_("R_DISTRICT", person="per_district", scope="370811")

    # the ground

    def area(self, code, kind):
        self.bench.consume("steward", "area_defined.v1", {"code": code, "kind": kind}, subject=code)

    def live(self, person, grid=GRID, *, adult=True, household=None, sequence=1):
        self.bench.consume(
            "steward",
            "resident_registered.v1",
            {
                "person_id": person,
                "community": grid[:12],
                "grid": grid,
                "is_adult": adult,
                "household_id": household,
                "synthetic": True,
            },
            subject=person,
            sequence=sequence,
        )

    def ground(self):
        self.area(STREET, "STREET")
        for code in (COMMUNITY, OTHER_COMMUNITY):
            self.area(code, "COMMUNITY")
        for code in (GRID, NEXT_GRID, OTHER_GRID):
            self.area(code, "GRID")
        for person in (ANA, BEN, CAI, *NEIGHBOURS):
            self.live(person)

    def official(self, person, tier, area, official_id):
        self.district()
        return self.bench.do(
            "register_official",
            {
                "official_id": official_id,
                "person_id": person,
                "tier": tier,
                "post": "包保干部",
                "area": area,
            },
        )

    def link(self, official_id, kind, target):
        self.district()
        return self.bench.do(
            "assign_liaison",
            {"official_id": official_id, "target_kind": kind, "target": target},
        )

    def officials(self):
        self.official(LEADER, "DISTRICT_LEADER", "370811", "off_leader")
        self.official(TEAM, "STREET_TEAM", STREET, "off_team")
        self.official(CADRE, "COMMUNITY_CADRE", COMMUNITY, "off_cadre")
        self.official(WORKER, "GRID_WORKER", GRID, "off_worker")
        self.link("off_leader", "STREET", STREET)
        self.link("off_team", "COMMUNITY", COMMUNITY)
        self.link("off_cadre", "GRID", GRID)

    def deputy(self, person=DEPUTY, kind="PARTY_DELEGATE", deputy_id="dep_1"):
        self.district()
        return self.bench.do(
            "register_deputy",
            {
                "deputy_id": deputy_id,
                "person_id": person,
                "kind": kind,
                "level": "DISTRICT",
                "streets": [STREET],
            },
        )

    def project(self, manager=MANAGER):
        self.bench.consume(
            "property",
            "project_registered.v1",
            {
                "project_id": PROJECT,
                "company_id": "pco_1",
                "community": COMMUNITY,
                "grids": [GRID],
                "households": 400,
                "status": "IN_SERVICE",
            },
            subject=PROJECT,
        )
        self.bench.consume(
            "property",
            "project_manager_changed.v1",
            {"project_id": PROJECT, "person_id": manager},
            subject=PROJECT,
            sequence=2,
        )

    def project_is(self, project, status, *, former=None, sequence=1):
        """A project is registered anew: it closes, or takes over from another one."""
        told = {
            "project_id": project,
            "company_id": "pco_2",
            "community": COMMUNITY,
            "grids": [GRID],
            "households": 400,
            "status": status,
            "predecessor_id": former,
        }
        self.bench.consume(
            "property", "project_registered.v1", told, subject=project, sequence=sequence
        )

    def company(self, *representatives, company="pco_1", sequence=1):
        self.bench.consume(
            "property",
            "company_registered.v1",
            {"company_id": company, "uscc": "x", "representatives": list(representatives)},
            subject=company,
            sequence=sequence,
        )

    def partner(self, partner, *operators, area=COMMUNITY, sequence=1):
        self.bench.consume(
            "partner",
            "partner_admitted.v1",
            {
                "partner_id": partner,
                "org_id": f"org_{partner}",
                "level": "COMMUNITY",
                "area": area,
                "operators": list(operators),
            },
            subject=partner,
            sequence=sequence,
        )

    def whole(self):
        self.ground()
        self.officials()
        self.deputy()
        self.project()
        self.company("per_property")
        self.partner("ptn_shops", *(f"per_m{n}" for n in range(3)))
        self.partner("ptn_units", *(f"per_u{n}" for n in range(3)))
        return self

    # topics

    def version(self, topic_id):
        return self.row("topics", "topic_id", topic_id)["version"]

    def row(self, table, key, value):
        return self.bench.rows(f"SELECT * FROM {table} WHERE {key} = :v", v=value)[0]

    def state(self, topic_id):
        return self.row("topics", "topic_id", topic_id)["state"]

    def draft(self, **changes):
        return {
            "title": "小院停车",
            "description": "小院车位不够，消防通道常被占用。",
            "way": "ONLINE",
            "category": "PARKING",
            "level": "GRID",
            "scope": [GRID],
        } | changes

    def submit(self, person=ANA, **changes):
        return self.resident(person).do("submit_topic", self.draft(**changes))["id"]

    def adopt(self, topic_id, **changes):
        self.secretary()
        body = {"topic_id": topic_id, "owners_matter": False} | changes
        return self.bench.do("adopt_topic", body, version=self.version(topic_id))

    def adopted(self, person=ANA, **changes):
        topic_id = self.submit(person, **changes)
        self.adopt(topic_id)
        return topic_id

    def on_topic(self, command, topic_id, **body):
        return self.bench.do(command, {"topic_id": topic_id} | body, version=self.version(topic_id))

    # sessions

    def named(self, residents=8, others=()):
        people = [ANA, BEN, *NEIGHBOURS][:residents]
        invitees = [{"person_id": p, "capacity": "RESIDENT_REP"} for p in people]
        return invitees + [{"person_id": p, "capacity": c} for p, c in others]

    def schedule(self, topic_id, start, **changes):
        self.secretary()
        body = {
            "topic_ids": [topic_id],
            "start": start,
            "place": "红帆驿站",
            "invitees": self.named(),
        }
        return self.bench.do("schedule_session", body | changes)["id"]

    def session_version(self, session_id):
        return self.row("sessions", "session_id", session_id)["version"]

    def on_session(self, command, session_id, **body):
        return self.bench.do(
            command,
            {"session_id": session_id} | body,
            version=self.session_version(session_id),
        )

    def open(self, session_id, *present):
        self.secretary()
        self.on_session("open_session", session_id)
        if present:
            self.bench.do(
                "record_attendance", {"session_id": session_id, "person_ids": list(present)}
            )

    def vote(self, session_id, topic_id, person, choice):
        return self.resident(person).do(
            "vote", {"session_id": session_id, "topic_id": topic_id, "choice": choice}
        )

    def voted(self, person=ANA, *, start="2025-03-07T19:00:00+08:00", adopt=None, **changes):
        """Bring a topic to where its opinion is due; returns (topic, session)."""
        topic_id = self.submit(person, **changes)
        self.adopt(topic_id, **(adopt or {}))
        session_id = self.schedule(topic_id, start)
        self.bench.at(start)
        present = [ANA, BEN, *NEIGHBOURS][:8]
        self.open(session_id, *present)
        for who in present:
            self.vote(session_id, topic_id, who, "FOR")
        self.secretary()
        self.on_session("close_vote", session_id, topic_id=topic_id)
        return topic_id, session_id

    def opinion(self, topic_id, **changes):
        self.cadre()
        body = {"text": "增设车位六个。", "decision": "同意施划车位。", "dissent": "两人担心噪声。"}
        return self.on_topic("draft_opinion", topic_id, **(body | changes))

    def publicised(self, **changes):
        topic_id, _session = self.voted(**changes)
        self.opinion(topic_id)
        self.secretary()
        self.on_topic("publicise_opinion", topic_id)
        return topic_id

    def resolved(self, **changes):
        topic_id = self.publicised(**changes)
        self.bench.fire("2025-03-13T00:00:00")
        return topic_id

    def task(self, **changes):
        return {
            "title": "施划车位",
            "responsible_kind": "PROJECT",
            "responsible_id": PROJECT,
            "supervisors": [BEN],
        } | changes

    def implementing(self, *tasks, **changes):
        """Bring a topic to where its tasks are assigned; returns (topic, [tasks])."""
        topic_id = self.resolved(**changes)
        self.secretary()
        answer = self.on_topic("assign_tasks", topic_id, tasks=list(tasks) or [self.task()])
        return topic_id, [task["id"] for task in answer["tasks"]]

    # tasks

    def on_task(self, command, task_id, **body):
        version = self.row("tasks", "task_id", task_id)["version"]
        return self.bench.do(command, {"task_id": task_id} | body, version=version)

    def delivered(self, task_id, *, work="wrk_1", evidence=("sha256:aa",), occurred_at=None):
        return self.bench.consume(
            "property",
            "work_delivered.v1",
            {
                "work_id": work,
                "task_id": task_id,
                "topic_id": "ignored",
                "project_id": PROJECT,
                "evidence": list(evidence),
            },
            subject=work,
            occurred_at=occurred_at,
        )

    def watch(self, task_id, person=BEN, finding="进度正常"):
        return self.resident(person).do(
            "record_supervision", {"task_id": task_id, "finding": finding}
        )

    def accept(self, task_id, supervisor=BEN, cadre=CADRE):
        self.resident(supervisor)
        self.on_task("accept_task", task_id, finding="合格")
        self.cadre(cadre)
        return self.on_task("accept_task", task_id, finding="合格")


@pytest.fixture
def service_cls():
    return Forum


def whole(bench):  # noqa: F811
    Town(bench).whole()


@pytest.fixture
def town(bench):  # noqa: F811
    return Town(bench.staged(whole))


@pytest.fixture
def empty(bench):  # noqa: F811
    return Town(bench)
