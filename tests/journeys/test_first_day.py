"""The first day of a district without any demonstration data: from the operator's command to a
resident's request, everybody signed in, and to the end of a right."""

import os
import re
import subprocess
import time

import httpx
import pyotp
import pytest

from fivered.chassis.messages import new_uuid
from testkit.waiting import wait_until
from tests.journeys.test_tools_beside_a_run import FIVERED

DISTRICT, STREET, COMMUNITY = "370811", "370811015", "370811015907"
GRID = f"{COMMUNITY}001"
NOBODY_LEFT = "no administrator of the district is left"


class Somebody:
    """A person with an account, as a client sees it: tokens, and their renewal."""

    def __init__(self, address, tokens=None):
        self._http = httpx.Client(base_url=f"{address}/v1", timeout=20)
        self.tokens = tokens or {}
        self.person = self.tokens.get("person_id", "")

    def close(self):
        self._http.close()

    def send(self, path, body=None, *, role=None, version=None, tokens=True):
        """POST as this person. Returns the answer."""
        headers = {"Idempotency-Key": new_uuid()}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self._call("POST", path, headers, role, tokens, json=body or {})

    def get(self, path, *, role=None):
        return self._call("GET", path, {}, role, True)

    def _call(self, verb, path, headers, role, tokens, **more):
        if tokens and self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        if role is not None:
            headers["X-Acting-Role"] = role
        while True:
            answer = self._http.request(verb, path, headers=headers, **more)
            if answer.status_code != 503:
                return answer
            time.sleep(0.2)

    def done(self, path, body=None, **more):
        answer = self.send(path, body, **more)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()

    def sign_in(self, login, password, **more):
        body = {"login": login, "password": password} | more
        self.tokens = self.done("/identity/sign-in", body, tokens=False)
        self.person = self.tokens["person_id"]
        return self

    def refresh(self):
        body = {"refresh_token": self.tokens["refresh_token"]}
        self.tokens = self.done("/identity/refresh", body, tokens=False)
        return {one["role"] for one in self.tokens["rights"]}

    def first_time(self, login, once, password):
        """Do all that staff do at their first sign-in."""
        self.sign_in(login, once, new_password=password)
        otp = pyotp.TOTP(self.done("/identity/second-factor")["secret"])
        self.done("/identity/second-factor/confirm", {"code": otp.now()})
        self.refresh()
        return self


@pytest.fixture
def empty(embedded):
    """A system that is no demonstration, and the command line beside it."""
    embedded.mode = ()
    running = embedded.start(FIVERED_SYNTHETIC="1")
    data = ("--data", str(embedded.folder / "data"))
    return running.address, data, dict(os.environ)


def init(data, environ, *words):
    return subprocess.run(
        [FIVERED, "init", *data, *words], env=environ, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


def once_of(said, login):
    return re.search(rf"^{login} .*: (\S+)", said, re.MULTILINE)[1]


def left(who, *, needed=True):
    """Return what the installation still needs, as its administrator reads it."""
    found = who.get("/setup", role="R_DISTRICT").json()
    assert found["missed"] == {}
    wanted = [one for one in found["steps"] if one["needed"] or not needed]
    assert found["done"] == all(one["done"] for one in found["steps"] if one["needed"])
    return {one["code"] for one in wanted if not one["done"]}


def granted(proposer, approver, role, scope, person):
    body = {"person_id": person, "role": role, "scope": scope, "reason": "任命"}
    grant = proposer.done("/identity/grants", body)
    approver.done(f"/identity/grants/{grant['id']}/approve", version=grant["version"])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_district_begins_with_nothing_and_a_right_ends_with_its_fact(empty):
    address, data, environ = empty
    begun = init(data, environ, "--district", DISTRICT, "--admin", "zhou", "--admin", "qin")
    assert begun.returncode == 0, begun.stderr
    # What is left to do is told in the same words here, by the doctor and by HTTP.
    for code in ("ADMINISTRATORS", "OFFICES", "AREAS", "PEOPLE", "GRID_WORKERS", "RULES"):
        assert f"left to do, {code}: " in begun.stdout
    third = init(data, environ, "--district", DISTRICT, "--admin", "third")
    assert third.returncode == 2
    assert "2 administrators" in third.stderr
    zhou, qin, meng, feng, shi, ana = (Somebody(address) for _ in range(6))
    zhou.first_time("zhou", once_of(begun.stdout, "zhou"), "一个很长的口令 2026")
    qin.first_time("qin", once_of(begun.stdout, "qin"), "another long one 2026")

    assert left(zhou) == {
        "OFFICES", "AREAS", "PEOPLE", "GRID_WORKERS", "RULES", "RULES_ADOPTED"
    }  # fmt: skip

    # The ground first: nobody is granted an office in an area that is not there.
    zhou.done("/steward/areas", {"code": COMMUNITY, "name": "新春社区", "kind": "COMMUNITY"})
    size = {"households": 300, "persons": 700}
    zhou.done("/steward/areas", {"code": GRID, "name": "新春一网格", "kind": "GRID", **size})

    # The street's officer, and the secretary whom the street proposes.
    made = zhou.done("/identity/accounts", {"login": "meng", "area": STREET})
    granted(zhou, qin, "R_STREET", STREET, made["person_id"])
    meng.first_time("meng", made["password"], "street office one 9")
    body, answers = {"login": "feng", "area": COMMUNITY}, []

    def is_known():
        answers.append(meng.send("/identity/accounts", body))
        return answers[-1].status_code != 422 or answers[-1].json()["guard"] != "UNKNOWN_AREA"

    assert wait_until(is_known, 20)
    made = answers[-1].json()
    granted(meng, zhou, "R_SECRETARY", COMMUNITY, made["person_id"])
    feng.first_time("feng", made["password"], "community party 77")

    # Its people.
    people = {}
    for number, name in enumerate(("史小燕", "王小丽"), 71):
        body = {"name": name, "phone": f"128{number:08d}", "birth_year": 1980, "grid": GRID}
        people[name] = feng.done("/steward/people", body | {"synthetic": True})["id"]

    # The grid worker's right follows from the post.
    post = {"person_id": people["史小燕"], "type": "FULL_TIME", "duty": "GRID_WORKER"}
    post |= {"grids": [GRID], "work_phone": "0537-2345678", "board_consent": True}
    post = feng.done("/steward/stewards", post | {"consent_ref": "公示同意-001"})
    account = {"login": "shi", "area": COMMUNITY, "person_id": people["史小燕"]}
    made = feng.done("/identity/accounts", account)
    shi.first_time("shi", made["password"], "grid number one 5")
    assert wait_until(lambda: "R_GRID" in shi.refresh(), 20)

    assert left(qin) == {"RULES", "RULES_ADOPTED"}
    assert left(qin, needed=False) >= {"PARTNERS", "OFFERS", "PROJECTS", "OFFICIALS"}
    assert shi.get("/setup", role="R_GRID").status_code == 403
    rules = zhou.done("/credit/rule-sets/import", {"code": "RC-2025.1"})
    assert zhou.get(f"/credit/rule-sets/{rules['id']}").json()["sample"] is True
    assert left(qin) == {"RULES_ADOPTED"}
    own = zhou.done("/credit/rule-sets", {"version": "2027.1", "based_on": "RC-2025.1"})
    assert zhou.get(f"/credit/rule-sets/{own['id']}").json()["sample"] is False

    # A resident comes in with a code on paper, and is heard.
    paper = shi.done("/identity/enrolments", {"person_id": people["王小丽"]}, role="R_GRID")
    body = {"code": paper["code"], "login": "xiaoli", "password": "my own password 3"}
    ana.tokens = ana.done("/identity/activate", body)
    request = {
        "channel": "APP", "kind": "HELP", "category": "LIFT", "grid": GRID, "text": "电梯停运",
    }  # fmt: skip
    request = ana.done("/steward/requests", request)
    assert ana.get(f"/steward/requests/{request['id']}").json()["state"] == "DISPATCHED"
    mine = ana.get("/identity/me").json()
    assert [(one["role"], one["source"]) for one in mine["grants"]] == [("R_RESIDENT", "RESIDENT")]
    assert ana.get("/identity/accounts").status_code == 403

    # The post ends, and within half a minute what it gave the right to.
    assert shi.get(f"/steward/requests/{request['id']}", role="R_GRID").is_success
    steward = feng.get(f"/steward/stewards/{post['id']}").json()
    feng.done(
        f"/steward/stewards/{post['id']}/leave", {"reason": "本人申请调离"},
        version=steward["version"],
    )  # fmt: skip

    def has_ended():
        answer = shi.get(f"/steward/requests/{request['id']}", role="R_GRID")
        return answer.status_code == 401 and answer.json()["code"] == "TOKEN_OUTDATED"

    assert wait_until(has_ended, 30)
    assert shi.refresh() == {"R_RESIDENT"}

    # Of two administrators one is gone: the operator makes place for another one.
    ended = init(data, environ, "--district", DISTRICT, "--end", "qin", "--admin", "third")
    assert ended.returncode == 0, ended.stderr
    assert once_of(ended.stdout, "third")
    assert NOBODY_LEFT not in ended.stderr
    assert init(data, environ, "--district", DISTRICT).returncode == 2
    ended = init(data, environ, "--district", DISTRICT, "--end", "third")
    assert (ended.returncode, NOBODY_LEFT in ended.stderr) == (0, False)

    # A token that the operator makes is seen by those who answer for the district.
    words = ("--person", "per_tool", "--grant", f"R_STREET:{STREET}", "--hours", "1")
    made = subprocess.run(
        [FIVERED, "token", *data, *words], env=environ, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert made.stderr == ""
    (seen,) = zhou.get("/identity/operator-tokens").json()["items"]
    assert (seen["person_id"], seen["grants"], "@" in seen["made_by"]) == (
        "per_tool", [{"role": "R_STREET", "scope": STREET}], True,
    )  # fmt: skip
    assert meng.get("/identity/operator-tokens").status_code == 403

    # Nobody could grant anything any more: the operator is told.
    ended = init(data, environ, "--district", DISTRICT, "--end", "zhou")
    assert (ended.returncode, NOBODY_LEFT in ended.stderr) == (0, True)

    # Whoever signs out everywhere is out everywhere.
    ana.done("/identity/sign-out-everywhere")
    assert wait_until(lambda: ana.get("/identity/me").status_code == 401, 30)
    for one in (zhou, qin, meng, feng, shi, ana):
        one.close()
