"""Named places and people of the tests; all of them are invented."""

import sqlalchemy as sa

from fivered.services.steward.storage.tables import requests

COMMUNITY = "370811015901"
GRID = "370811015901001"
GRID_2 = "370811015901002"
STREET_SCOPE = "370811015"

# Identity numbers and phones are drawn from ranges that nobody has (DOMAIN 9.4-9.5).
IDS = {
    "WANG": "370899198001010012",
    "LI": "370899195512319990",
}


def person_id(number):
    return f"per_00000000-0000-7000-8000-{number:012d}"


def steward_id(number):
    return f"stw_00000000-0000-7000-8000-{number:012d}"


WANG = person_id(1)
LI = person_id(2)
CADRE = person_id(11)
GRID_WORKER = person_id(12)
STAFF = person_id(13)
STAFF_2 = person_id(14)
POLICE = person_id(15)
OTHER_CADRE = person_id(16)
CHEN = person_id(17)
# Another official, who confirms what one has proposed.
SECOND = person_id(18)

STW_CADRE = steward_id(11)
STW_GRID = steward_id(12)
STW_STAFF = steward_id(13)
STW_STAFF_2 = steward_id(14)
STW_POLICE = steward_id(15)


def died(bench, who, version, *, by, role="R_CADRE", scope=COMMUNITY):
    order = {"person_id": who, "reason": "DECEASED"}
    bench.as_(role, person=by, scope=scope).do("deactivate_person", order, version=version)
    second = bench.as_(role, person=SECOND, scope=scope)
    return second.do("decide_death", {"person_id": who, "confirmed": True}, version=version)


class Ground:
    """The ground of the tests, and what is done on it most often."""

    def __init__(self, bench):
        self.bench = bench

    def begin(self):
        """Define the areas and register the people."""
        bench = self.bench.as_("R_DISTRICT")
        bench.do("define_area", {"code": COMMUNITY, "name": "春晖社区", "kind": "COMMUNITY"})
        for code, name in ((GRID, "第一网格"), (GRID_2, "第二网格")):
            bench.do(
                "define_area",
                {"code": code, "name": name, "kind": "GRID", "households": 400, "persons": 1100},
            )
        self.person(WANG, "王小丽", id_no=IDS["WANG"], phone="12812345678", grid=GRID)
        self.person(LI, "李明", id_no=IDS["LI"], phone="12800000002", grid=GRID_2)
        for who, name in (
            (CADRE, "张和"),
            (GRID_WORKER, "欧阳明德"),
            (STAFF, "赵工"),
            (STAFF_2, "钱工"),
            (POLICE, "孙警"),
            (OTHER_CADRE, "周正"),
        ):
            self.person(who, name)
        return self

    def staged(self, build):
        """Go on to the stage that `build(bench)` leads to; see `Bench.staged`."""
        self.bench.staged(build)
        return self

    def person(self, who, name, **more):
        body = {"person_id": who, "name": name, "synthetic": True} | more
        return self.bench.as_("R_DISTRICT").do("register_person", body)

    def steward(self, steward, person, duty, grids=(GRID,), **more):
        kind = (
            "FULL_TIME"
            if duty in {"COMMUNITY_CADRE", "GRID_WORKER", "PROPERTY_STAFF"}
            else "PART_TIME"
        )
        body = {
            "steward_id": steward,
            "person_id": person,
            "type": kind,
            "duty": duty,
            "grids": list(grids),
            "work_phone": "05370000001",
            "board_consent": True,
            "consent_ref": "公示同意-2025-001",
        } | more
        return self.bench.as_("R_DISTRICT").do("enrol_steward", body)

    def staff(self):
        """Enrol the usual stewards of the first grid."""
        self.steward(STW_CADRE, CADRE, "COMMUNITY_CADRE", (GRID, GRID_2))
        self.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
        self.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
        self.steward(STW_STAFF_2, STAFF_2, "PROPERTY_STAFF")
        self.steward(STW_POLICE, POLICE, "POLICE", (GRID, GRID_2))
        return self

    def shift(self, steward, start, end, grid=GRID):
        return self.bench.as_("R_DISTRICT").do(
            "plan_shift",
            {
                "steward_id": steward,
                "grid": grid,
                "start": f"{start}:00+08:00",
                "end": f"{end}:00+08:00",
                "place": "红色驿站",
            },
        )

    def submit(self, who=WANG, **more):
        body = {
            "channel": "PHONE",
            "kind": "REPAIR",
            "category": "REPAIR_COMMON",
            "grid": GRID,
            "text": "楼道灯不亮",
        } | more
        role, scope = ("R_RESIDENT", COMMUNITY) if who else ("R_CADRE", COMMUNITY)
        return self.bench.as_(role, person=who or OTHER_CADRE, scope=scope).do(
            "submit_request", body
        )

    def written_for(self, who=WANG, **more):
        """File for somebody without an account, at the desk."""
        return self.submit(None, reporter_id=who, **more)

    def receipt(self, reply):
        """Return the number on the printed receipt of a request, as who speaks by it sends it."""
        given = self.cadre().ask("receipt", {"request_id": reply["id"]})
        return {"receipt": given["receipt_no"]}

    def by(self, who, role="R_STEWARD", scope=GRID):
        return self.bench.as_(role, person=who, scope=scope)

    def dies(self, who, version=1, *, by=None, role="R_CADRE", scope=COMMUNITY):
        """One official says that a person died, and another one confirms it."""
        return died(self.bench, who, version, by=by or OTHER_CADRE, role=role, scope=scope)

    def cadre(self, who=OTHER_CADRE, role="R_CADRE"):
        return self.bench.as_(role, person=who, scope=COMMUNITY)

    def step(self, method, reply, who, role="R_STEWARD", scope=GRID, **more):
        """Take one step on a request in the version that the last reply named."""
        return self.by(who, role, scope).do(
            method, {"request_id": reply["id"], **more}, version=reply["version"]
        )

    def handler_of(self, reply):
        return self.bench.rows(
            "select handler_person from requests where request_id = :id", id=reply["id"]
        )[0]["handler_person"]

    def write(self, reply, **values):
        """Write into a request's row what no door would."""
        mine = requests.c.request_id == reply["id"]
        with self.bench.transaction() as tx:
            tx.conn.execute(sa.update(requests).where(mine).values(values))

    def resolved(self, reply=None, **more):
        """Bring a request to RESOLVED by its handler."""
        reply = reply or self.submit()
        who = self.handler_of(reply)
        reply = self.step("accept_request", reply, who)
        reply = self.step("contact_request", reply, who, note="已电话联系")
        body = {"outcome": "SOLVED", "note": "已更换灯泡", "media": ["sha256:1"]} | more
        return self.step("resolve_request", reply, who, **body)

    def rate(self, reply, stars=5, solved=True, who=WANG):
        return self.by(who, "R_RESIDENT", COMMUNITY).do(
            "rate_request", {"request_id": reply["id"], "stars": stars, "solved": solved}
        )
