"""After the story, and after much else that people do with personal data, none of it stands in clear:
not in rows, files as they lie on the disk, blobs, logs, answers kept for repetitions, or traces."""

import itertools
import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from deploy.local import up
from fivered.chassis import person_keys
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.settings import owner_variable
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api, token
from fivered.clients.demo.district import District
from testkit.clear import Values, in_files, in_rows
from testkit.collector import collecting
from testkit.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# What is written below, and nobody but its readers may see.
MINE = {
    "a name": "欧阳澄湖",
    "a corrected name": "欧阳澄江",
    "a name in a batch": "尉迟海棠",
    "a name in a file": "慕容望舒",
    "a name in a wrong line": "司徒玉簪",
    "a phone": "12855512301",
    "a corrected phone": "12855512302",
    "a phone in a file": "12855512303",
    "a phone that was looked for": "12855512304",
    "a phone that is none": "1285551230599",
    "a phone in an address": "12855512306",
    "an identity number": "370899198203120017",
    "an identity number that was looked for": "370899197511230029",
    "a reason of a correction": "户口本上写作澄江二字",
    "a name that a person proposed": "令狐清漪",
    "a phone that a person proposed": "12855512305",
    "why a proposal was refused": "令狐二字与户口本不符",
    "why an erasure was refused": "澄湖巷的信访事项尚未了结",
    "what a request says": "我家在七号楼三层西户,老人耳背请大声敲门",
    "a building": "澄湖小院7号楼西户",
    "what staff write for each other": "西户老人情绪激动,两人同去",
    "what a reporter adds": "敲门无人应请打邻居家电话",
    "a phone that was called": "12855512307",
    "what was said in a call": "邻居答应周三上午在家等候",
    "what a rating says": "孟师傅还替老人买了降压药",
    "why two registrations are one": "澄江与望舒系同一人改名前后",
    "why a number was read": "回电核实七号楼老人是否在家",
    "a note of a steward": "老人的女儿说周末她在家",
    "a password": "seven-reeds-by-the-lake-26",
}
# The story's own people: the names and phones that the district was loaded with.
# The story's own: names and phones of the people of the district, and what they ask for.
STORY = {
    **{f"the name of {one.name}": one.full_name for one in place.CAST.values()},
    **{f"the phone of {one.name}": f"128{one.number:08d}" for one in place.CAST.values()},
    **{f"the desk phone of {one}": f"0537-{place.CAST[one].number:07d}"
       for one in ("grid_worker", "property_staff", "cadre")},
    "what the first request says": "楼上夜间噪声,希望上门协调",
    "what the complaint says": "楼道垃圾两天未清,多次反映无果",
}  # fmt: skip
# What stood in PostgreSQL for a moment: the scan must find that.
PLANTED = "上官白鹭的地址是澄湖巷九号"
# What may stand in clear all the same: where, and why.
ALLOWED = {
    "a building": {
        "steward.requests.building": "PUBLIC: the office and the company find the place by it",
        "steward.outbox.body": "property hears in which building it is: whose compound that is",
        "data/steward.sqlite": "the same rows as they lie on the disk",
    },
    "a note of a steward": {
        "steward.request_timeline.detail": "PUBLIC: whoever sees the request reads it there;"
        " numbers of people are refused at the door",
        "data/steward.sqlite": "the same rows as they lie on the disk",
    },
}


class Office:
    """Speaks to the system as people of the story."""

    def __init__(self, running):
        self.key = running.token_key
        self.numbers = itertools.count()
        self.http = httpx.Client(base_url=running.address, timeout=30, trust_env=False)

    def ask(self, who, verb, path, *, role=None, version=None, status=None, **more):
        person = place.PEOPLE[who]
        headers = {
            "Authorization": f"Bearer {token(self.key, person)}",
            "X-Acting-Role": role or person.grants[0][0],
            "Idempotency-Key": f"clear-{next(self.numbers)}",
        } | more.pop("headers", {})
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = self.http.request(verb, f"/v1{path}", headers=headers, **more)
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer


def people_and_their_data(office):
    """Do with personal data what can be done; returns secrets that were given out."""
    someone = {"synthetic": True, "grid": place.GRID}
    made = office.ask("secretary", "POST", "/steward/people", json={
        **someone, "name": MINE["a name"], "phone": MINE["a phone"], "birth_year": 1982,
        "id_no": MINE["an identity number"], "building": "9号楼",
    }).json()  # fmt: skip
    person = made["id"]
    office.ask("secretary", "POST", f"/steward/people/{person}/correct", version=1, json={
        "reason": MINE["a reason of a correction"], "name": MINE["a corrected name"],
        "phone": MINE["a corrected phone"],
    })  # fmt: skip
    office.ask("secretary", "POST", "/steward/people-batch", json={"people": [
        {**someone, "name": MINE["a name in a batch"]},
        {**someone, "name": MINE["a name in a wrong line"], "phone": MINE["a phone that is none"]},
    ]})  # fmt: skip
    # A body that is refused as a whole.
    office.ask("secretary", "POST", "/steward/people", status=422, json={
        **someone, "name": MINE["a name in a wrong line"], "phone": MINE["a phone that is none"],
    })  # fmt: skip
    for name in ("phone", "id_no"):
        looked = MINE[
            f"{'a phone' if name == 'phone' else 'an identity number'} that was looked for"
        ]
        before = office.ask("secretary", "GET", "/steward/people", params={name: looked})
        assert "Sunset" in before.headers
        assert before.headers["Link"] == '</v1/steward/people/search>; rel="successor-version"'
        office.ask("secretary", "POST", "/steward/people/search", json={name: looked})
    for path in ("/steward/people/{}", "/steward/peoples/{}", "/people?phone={}"):
        office.ask("secretary", "GET", path.format(MINE["a phone in an address"]), status=404)
    found = office.ask(
        "secretary", "POST", "/steward/people/search", json={"name": MINE["a corrected name"]}
    ).json()
    assert [one["person_id"] for one in found["items"]] == [person], found
    own_wishes(office)
    lines = [
        f"{place.identity('per', 501)},{MINE['a name in a file']},{MINE['a phone in a file']},,1976,{place.GRID},,true",
        f"{place.identity('per', 502)},{MINE['a name in a wrong line']},{MINE['a phone that is none']},,1976,{place.GRID},,true",
        f"{place.identity('per', 503)},{MINE['a name in a wrong line']},,,1976,1,,true",
    ]
    head = "person_id,name,phone,id_no,birth_year,grid,household_id,synthetic\n"
    job = office.ask(
        "district", "POST", "/steward/imports/people", content=(head + "\n".join(lines)).encode(),
        headers={"Content-Type": "text/csv"},
    ).json()["id"]  # fmt: skip

    def done():
        said = office.ask("district", "GET", f"/steward/jobs/{job}").json()
        return said["state"] not in {"QUEUED", "RUNNING"} and said

    assert wait_until(done, 30)
    assert done()["result"]["created"] == 1, done()
    office.ask(
        "secretary", "POST", f"/steward/people/{place.identity('per', 501)}/merge", version=1,
        json={"into": person, "reason": MINE["why two registrations are one"]},
    )  # fmt: skip
    on_duty(office)
    path = "/steward/requests"
    request = office.ask("resident", "POST", path, json={
        "channel": "APP", "kind": "HELP", "category": "ELDERLY_CARE", "grid": place.GRID,
        "text": MINE["what a request says"], "building": MINE["a building"],
    }).json()  # fmt: skip
    handled(office, request["id"])
    # Telephone numbers in what others read are refused, and not kept.
    office.ask("resident", "POST", "/forum/topics", status=422, json={
        "title": "联系电话", "description": f"请打{MINE['a phone']}", "category": "OTHER",
        "grid": place.GRID,
    })  # fmt: skip
    account = office.ask(
        "district", "POST", "/identity/accounts", json={"login": "chenghu", "area": place.STREET}
    ).json()
    signed = {
        "login": "chenghu",
        "password": account["password"],
        "new_password": MINE["a password"],
    }
    session = office.ask("resident", "POST", "/identity/sign-in", json=signed).json()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    # A gateway that has not heard yet who is signed out lets nobody in: it answers 503.
    keyed = bearer | {"Idempotency-Key": "factor"}
    told = []

    def begun():
        told.append(office.http.post("/v1/identity/second-factor", json={}, headers=keyed))
        return told[-1].status_code != 503

    assert wait_until(begun, 30)
    assert told[-1].is_success, told[-1].text
    code = office.ask(
        "grid_worker", "POST", "/identity/enrolments", json={"person_id": person}, role="R_GRID"
    ).json()["code"]
    return {
        "a password that was given": account["password"],
        "a code on paper": code,
        "the secret of an authenticator": told[-1].json()["secret"],
        "a refresh token": session["refresh_token"],
        "an access token": session["access_token"],
    }


def own_wishes(office):
    """Let a resident propose a correction that waits and one that is refused, and ask for an
    erasure that is refused; a repeated key tells it again."""
    wish = {"name": MINE["a name that a person proposed"]}
    phone = {"phone": MINE["a phone that a person proposed"]}
    office.ask("resident", "POST", "/steward/corrections", status=201, json=wish | phone)
    for path, body, why in (
        ("/steward/corrections", wish, MINE["why a proposal was refused"]),
        ("/steward/erasures", {}, MINE["why an erasure was refused"]),
    ):
        asked = office.ask("resident", "POST", path, status=201, json=body).json()["id"]
        for _ in range(2):
            told = office.ask(
                "secretary", "POST", f"{path}/{asked}/decide", version=1,
                json={"approved": False, "reason": why}, headers={"Idempotency-Key": asked},
            ).json()  # fmt: skip
            assert told["reason"] == why


def on_duty(office):
    """Let the grid worker serve the grid from now on."""
    now = datetime.fromisoformat(office.ask("secretary", "GET", "/clock").json()["now"])
    now = now.astimezone(ZoneInfo("Asia/Shanghai"))
    office.ask("secretary", "POST", "/steward/shifts", json={
        "steward_id": place.GRID_WORKER, "grid": place.GRID, "place": "红帆驿站",
        "start": now.isoformat(), "end": (now + timedelta(hours=10)).isoformat(),
    })  # fmt: skip


def handled(office, request):
    """Take a request to its rating; whoever has it in hand calls the reporter."""
    path = f"/steward/requests/{request}"

    def step(act, body, who="grid_worker", role="R_STEWARD"):
        version = office.ask(who, "GET", path, role=role).json()["version"]
        office.ask(who, "POST", f"{path}/{act}", role=role, version=version, json=body)

    card = office.ask("cadre", "GET", path, role="R_CADRE").json()
    if card["handler"] != place.GRID_WORKER:
        step("dispatch", {"handler": place.GRID_WORKER}, "cadre", "R_CADRE")
    step("accept", {})
    office.ask("grid_worker", "POST", "/pii/reveal", role="R_STEWARD", json={
        "subject": place.PEOPLE["resident"].person_id, "field": "phone",
        "reason": MINE["why a number was read"], "case_ref": request,
    })  # fmt: skip
    step("contact", {"note": MINE["a note of a steward"]})
    write = {"role": "R_STEWARD", "json": {
        "text": MINE["what staff write for each other"], "visibility": "INTERNAL",
    }}  # fmt: skip
    office.ask("grid_worker", "POST", f"{path}/notes", **write)
    added = {"text": MINE["what a reporter adds"]}
    office.ask("resident", "POST", f"{path}/notes", json=added)
    office.ask("grid_worker", "POST", f"{path}/calls", role="R_STEWARD", json={
        "direction": "OUT", "phone": MINE["a phone that was called"],
        "note": MINE["what was said in a call"],
    })  # fmt: skip
    step(
        "resolve", {"outcome": "SOLVED", "note": MINE["a note of a steward"], "media": ["photo-1"]}
    )
    step("rate", {"stars": 5, "solved": True, "text": MINE["what a rating says"]}, "resident", None)


def hits(folder, values):
    """Return what is found in a system's folder: data, blobs and log."""
    data = folder / "data"
    found = [
        hit for path in sorted(data.glob("*.sqlite")) for hit in in_rows(values, path.stem, path)
    ]
    return found + list(in_files(values, folder))


# Whose these are stands in the request that they belong to, not in their rows.
OF_CASES = {
    "steward.request_notes.text", "steward.intake_items.phone", "steward.intake_items.text", "steward.return_visits.note", "steward.request_notes.internal",
    "steward.request_calls.phone", "steward.request_calls.note",
}  # fmt: skip


def without_key_of_person(data):
    """Return the columns of all services that hold values of persons without the keys of these, and
    those that hold no value at all, so that nothing is known of them."""
    without, empty = set(), set()
    for name in service_names():
        for column, owner in person_keys.owners(service_class(name)).items():
            told = f"{name}.{column.table.name}.{column.name}"
            asked = (
                f"SELECT count(*), coalesce(sum(hex(substr(\"{column.name}\", 1, 1)) <> '03'), 0)"
                f' FROM {column.table.name} WHERE "{column.name}" IS NOT NULL'
                f" AND {owner.name} LIKE 'per~_%' ESCAPE '~'"
            )
            with closing(sqlite3.connect(data / f"{name}.sqlite")) as conn:
                values, service_key = conn.execute(asked).fetchone()
            if service_key:
                without.add(told)
            if not values:
                empty.add(told)
    return without, empty


def test_no_personal_value_stands_in_clear_anywhere(after_story):
    with collecting() as collector:
        running = after_story.start(
            **collector.environment(), FIVERED_LOG_LEVEL="DEBUG", FIVERED_PERSON_RATE="0",
            FIVERED_ADDRESS_RATE="0",
        )  # fmt: skip
        office = Office(running)
        secrets = people_and_their_data(office)
        office.http.close()
        assert wait_until(lambda: len(collector.spans) > 100, 20)
        assert after_story.stop() == 0
        without, empty = without_key_of_person(after_story.folder / "data")
        assert (without, empty) == (set(), OF_CASES)
        spans = json.dumps([[one.name, one.attributes] for one in collector.spans]).encode()
    values = Values(MINE | STORY | secrets)
    found = hits(after_story.folder, values) + list(values.within("traces", spans))
    assert [hit for hit in found if hit.where not in ALLOWED.get(hit.value, ())] == []
    # The scanner sees what is there: planted in a row, in a file, and in a log.
    with sqlite3.connect(after_story.folder / "data" / "forum.sqlite") as conn:
        conn.execute("UPDATE topics SET note = ?", (json.dumps({"of": MINE["a name"]}),))
    conn.close()
    twice = json.dumps(json.dumps({"wanted": MINE["a name that a person proposed"]}))
    with (after_story.folder / "log").open("a") as log:
        log.write(f"GET /v1/x?phone={MINE['a phone']}\n{twice.replace('a', 'A')}\n")
    assert {tuple(hit) for hit in hits(after_story.folder, values)} >= {
        ("forum.topics.note", "a name"), ("data/forum.sqlite", "a name"), ("log", "a phone"), ("log", "a name that a person proposed"),
    }  # fmt: skip


def folders_of(installation):
    """Return where an installation's processes and servers write: logs (that of PostgreSQL has what
    it refused), queues, and the write-ahead log, in which every change of a row stands."""
    environment = up.running(installation.state)["environment"]
    management = environment["FIVERED_BROKER_MANAGEMENT_URL"]
    (node,) = httpx.get(f"{management}/api/nodes", trust_env=False, timeout=30).json()
    data = Path(installation.rows("steward", "SHOW data_directory")[0][0])
    logs = {Path(one).parent for one in node["log_files"] if one.startswith("/")}
    found = [installation.state / "logs", data / "pg_wal", Path(node["db_dir"]), *logs]
    return [*found, *(one for one in data.parent.iterdir() if one.is_file())]


@pytest.mark.servers
def test_nor_does_any_on_the_disks_of_the_servers(installation):
    running = installation.running
    with closing(Api(running.address, running.token_key)) as api:
        District(api).load()
    office = Office(running)
    secrets = people_and_their_data(office)
    office.http.close()
    stores = up.running(installation.state)["environment"]
    with psycopg.connect(stores[owner_variable("steward")], autocommit=True) as conn:
        conn.execute("CREATE TABLE planted AS SELECT %s::text AS said", (PLANTED,))
        conn.execute("DROP TABLE planted")
    mine = {name: value for name, value in MINE.items() if name not in ALLOWED}
    values = Values(mine | secrets | {"planted": PLANTED})
    found = {hit for one in folders_of(installation) for hit in in_files(values, one)}
    assert {hit.value for hit in found} == {"planted"}, found
