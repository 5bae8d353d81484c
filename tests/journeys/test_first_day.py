"""The first day of a district without any demonstration data, as docs/first-day.md walks it: from the
operator's command to a resident's request, the first month and the first redemption, everybody
signed in, and to the end of a right."""

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
# No demonstration; only time passes faster, so that the month ends.
CLOCK = {"FIVERED_DEMO_CLOCK": "1", "FIVERED_DEMO_START": "2026-06-01T09:00:00"}
# The operator has named who sends messages (docs/first-day.md); nobody listens there.
SENDER = {
    "FIVERED_SENDER_URL": "https://127.0.0.1:9/send",
    "FIVERED_SENDER_SECRET": "whsec_" + "QUJD" * 11,
}
# What another service has been told of and this one has not yet heard: try again in a moment.
ON_ITS_WAY = {"UNKNOWN_PERSON", "NOT_REGISTERED", "IDENTITY_NOT_VERIFIED", "UNKNOWN_AREA"}


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
        if not answer.is_success and answer.json().get("guard") in ON_ITS_WAY:
            answers = [answer]

            def known():
                answers.append(self.send(path, body, **more))
                return answers[-1].is_success

            wait_until(known, 20)
            answer = answers[-1]
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
    running = embedded.start(FIVERED_SYNTHETIC="1", **CLOCK, **SENDER)
    data = ("--data", str(embedded.folder / "data"))
    return running.address, data, os.environ | CLOCK


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


def at(who, moment):
    """Let time pass until a local time."""
    who.done("/clock", {"now": f"{moment}+08:00"}, role="R_DISTRICT")


def became(who, path, *states, role=None):
    """Wait for a state of something, and return it."""

    def seen():
        found = who.get(path, role=role).json()
        return found if found.get("state") in states else None

    assert wait_until(seen, 20), f"{path}: {who.get(path, role=role).text}"
    return seen()


def forward(who, path, step, body=None, *, role=None):
    """Do the next step of something that exists."""
    version = who.get(path, role=role).json()["version"]
    return who.done(f"{path}/{step}", body, role=role, version=version)


def registered(registrar, names, number, **more):
    """Register people; returns name -> id."""
    people = {}
    for phone, name in enumerate(names, number):
        body = {"name": name, "phone": f"128{phone:08d}", "birth_year": 1980, "synthetic": True}
        people[name] = registrar.done("/steward/people", body | more)["id"]
    return people


def set_up_property(zhou, meng):
    """Register a company, a project with its manager, and an official."""
    people = registered(zhou, ("宋安平", "梁志远", "孔令文"), 81)
    company = {"name": "澄湖物业有限公司", "uscc": "91370899MA0000000E"}
    company |= {"representatives": [people["宋安平"]]}
    company_id = zhou.done("/property/companies", company)["id"]
    project = {"company_id": company_id, "name": "新春苑", "community": COMMUNITY}
    project |= {"grids": [GRID], "households": 300, "manager_person_id": people["梁志远"]}
    meng.done("/property/projects", project)
    official = {"person_id": people["孔令文"], "tier": "STREET_TEAM", "post": "街道班子成员"}
    meng.done("/forum/officials", official | {"area": STREET})


def admit_shop(address, zhou, meng, feng, cao):
    """A shop applies, is admitted and has an offer; returns who acts for it, and the offer."""
    shop = Somebody(address)
    person = registered(feng, ("何巧云",), 91)["何巧云"]
    account = {"login": "qiaoyun", "area": COMMUNITY, "person_id": person}
    made = feng.done("/identity/accounts", account)
    granted(meng, zhou, "R_MERCHANT", COMMUNITY, person)
    shop.first_time("qiaoyun", made["password"], "barber of the corner 4")
    application = {
        "org_name": "巧云理发店", "uscc": "92370899MA0000000B", "category": "BARBER",
        "level": "COMMUNITY", "area": COMMUNITY, "settle_mode": "FUND", "operators": [person],
    }  # fmt: skip
    partner = shop.done("/partner/partners", application)["id"]
    assert shop.get("/partner/messages").is_success
    forward(feng, f"/partner/partners/{partner}", "vet")
    forward(meng, f"/partner/partners/{partner}", "agree", {"agreement_ref": "2026-共建-001"})
    assert wait_until(lambda: "R_PARTNER" in shop.refresh(), 20)
    offer = {
        "partner_id": partner, "kind": "SERVICE", "title": "理发一次", "points_price": 60,
        "face_value_fen": 2500, "settle_fen_per_point": 10, "stock_total": 50, "audience": "BOTH",
        "scope": COMMUNITY, "valid_from": "2026-06-01", "valid_to": "2026-12-31",
    }  # fmt: skip
    made = shop.done("/partner/offers", offer, role="R_PARTNER")
    path = f"/partner/offers/{made['id']}"
    # What a community offers is approved by its committee.
    wrong = meng.send(f"{path}/approve", version=made["version"])
    assert wrong.json()["guard"] == "WRONG_LEVEL"
    approved = cao.done(f"{path}/approve", version=made["version"])
    shop.done(f"{path}/publish", role="R_PARTNER", version=approved["version"])
    return shop, made["id"]


def settle_june(zhou, meng, feng):
    """The month is drafted, reviewed, confirmed, published and final."""
    at(zhou, "2026-07-03T09:30:00")

    def settlement(*states):
        rows = meng.get(f"/credit/settlements?period=2026-06&community={COMMUNITY}").json()
        (row,) = rows["items"] or [{}]
        return row if row.get("state") in states and row["complete"] else None

    assert wait_until(lambda: settlement("DRAFTED"), 30)
    path = f"/credit/settlements/{settlement('DRAFTED')['id']}"
    for who, step in ((feng, "review"), (meng, "confirm")):
        whole = who.get(path).json()
        body = {"hash": whole["hash"]}
        if step == "review":
            body["checked"] = whole["to_check"]
        who.done(f"{path}/{step}", body, version=whole["version"])
    at(zhou, "2026-07-07T09:00:00")
    assert wait_until(lambda: settlement("PUBLISHED"), 30)
    at(zhou, "2026-07-15T00:10:00")
    assert wait_until(lambda: settlement("SETTLED"), 30)


def redeem(ana, shop, offer):
    """The resident has points, and spends some; the shop confirms with the voucher."""

    def points():
        (mine,) = ana.get("/credit/me").json()["subjects"]
        return mine["points"]

    assert wait_until(lambda: points()["available"] == 160, 20), points()
    made = ana.done("/partner/redemptions", {"offer_id": offer, "qty": 1, "wallet": "RES"})
    path = f"/partner/redemptions/{made['id']}"
    voucher = became(ana, path, "RESERVED")["voucher"]
    assert shop.send(f"{path}/verify", {"voucher": "0" * 13}, role="R_PARTNER").status_code == 422
    shop.done(f"{path}/verify", {"voucher": voucher}, role="R_PARTNER")
    became(ana, path, "REDEEMED")
    assert became(shop, path, "REDEEMED", role="R_PARTNER").get("voucher") is None
    assert (points()["available"], points()["held"]) == (100, 0)


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
    zhou, qin, meng, feng, cao, shi, ana = (Somebody(address) for _ in range(7))
    zhou.first_time("zhou", once_of(begun.stdout, "zhou"), "一个很长的口令 2026")
    qin.first_time("qin", once_of(begun.stdout, "qin"), "another long one 2026")

    assert left(zhou) == {
        "OFFICES", "AREAS", "PEOPLE", "GRID_WORKERS", "RULES", "RULES_ADOPTED"
    }  # fmt: skip

    # The ground first: nobody is granted an office in an area that is not there.
    zhou.done("/steward/areas", {"code": COMMUNITY, "name": "新春社区", "kind": "COMMUNITY"})
    size = {"households": 300, "persons": 700}
    zhou.done("/steward/areas", {"code": GRID, "name": "新春一网格", "kind": "GRID", **size})

    # The street's officer, then the secretary and a member of the committee, whom the street
    # proposes.
    made = zhou.done("/identity/accounts", {"login": "meng", "area": STREET})
    granted(zhou, qin, "R_STREET", STREET, made["person_id"])
    meng.first_time("meng", made["password"], "street office one 9")
    for who, login, role in ((feng, "feng", "R_SECRETARY"), (cao, "cao", "R_CADRE")):
        made = meng.done("/identity/accounts", {"login": login, "area": COMMUNITY})
        granted(meng, zhou, role, COMMUNITY, made["person_id"])
        who.first_time(login, made["password"], "a common place 77")

    # Its people.
    people = registered(feng, ("史小燕", "王小丽"), 71, grid=GRID)

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
    own = zhou.done("/credit/rule-sets", {"version": "2026.1", "based_on": "RC-2025.1"})
    own = f"/credit/rule-sets/{own['id']}"
    assert zhou.get(own).json()["sample"] is False
    forward(zhou, own, "consult")

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

    set_up_property(zhou, meng)
    shop, offer = admit_shop(address, zhou, meng, feng, cao)

    # The first month: facts, and points that follow from them.
    consent = {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]}
    ana.done("/credit/consents", consent)
    for day in ("2026-06-06", "2026-06-13"):
        at(zhou, f"{day}T18:00:00")
        hours = {"person_id": people["王小丽"], "minutes": 480, "source": "QR", "date": day}
        hours = shi.done("/steward/volunteer-hours", hours | {"activity": "清洁日"}, role="R_GRID")
        path = f"/steward/volunteer-hours/{hours['id']}"
        feng.done(f"{path}/confirm", {"minutes": 480}, version=hours["version"])

    # The rules of the district's own, after the public was heard, by another person.
    ana.done(f"{own}/comments", {"text": "建议提高志愿服务加分"})
    at(zhou, "2026-06-17T09:00:00")
    forward(qin, own, "approve", {"legal_review_ref": "任司审〔2026〕1号"})
    forward(qin, own, "publish", {"effective_from": "2026-07-01"})
    assert left(zhou, needed=False) == set()
    settle_june(zhou, meng, feng)
    redeem(ana, shop, offer)

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
    # It is listed and ended by the command line too, and refused within half a minute.
    tool = Somebody(address, {"access_token": made.stdout.strip()})
    assert tool.get("/identity/me").is_success

    def kept(*words):
        return subprocess.run(
            [FIVERED, "token", *data, *words], env=environ, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    assert f"{seen['id']}  per_tool  R_STREET:{STREET}" in kept("--list").stdout
    assert kept("--end", "tok_nobody").returncode == 2
    assert kept("--end", seen["id"]).returncode == 0
    assert wait_until(lambda: tool.get("/identity/me").status_code == 401, 30)
    assert tool.get("/identity/me").json()["code"] == "SESSION_ENDED"
    assert "ended 20" in kept("--list").stdout
    assert kept("--hours", "1").returncode == 2
    tool.close()

    # Nobody could grant anything any more: the operator is told.
    ended = init(data, environ, "--district", DISTRICT, "--end", "zhou")
    assert (ended.returncode, NOBODY_LEFT in ended.stderr) == (0, True)

    # Whoever signs out everywhere is out everywhere.
    ana.done("/identity/sign-out-everywhere")
    assert wait_until(lambda: ana.get("/identity/me").status_code == 401, 30)
    for one in (zhou, qin, meng, feng, cao, shi, ana, shop):
        one.close()
