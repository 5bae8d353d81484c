"""A person who may not see a thing gets from every door on it what its own door gives (SEC low 4).

After the story each door that names one thing is tried over HTTP by people whom the thing does not
concern: of the same place and of another one, with the version that stands and with a stale one.
Neither a state, a version nor a right tells them that the thing exists.
"""

import itertools
import re
import sqlite3

import httpx
import pytest
import sqlalchemy as sa

from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import ANY_ROLE, PUBLIC
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Person, token
from fivered.gateway.app import doors_of, with_jobs

# Who is tried at a door that every role may enter.
ANYBODY = ("R_RESIDENT", "R_STEWARD", "R_CADRE", "R_PM", "R_PARTNER", "R_MERCHANT", "R_AUDITOR")
AREAS = {"R_RESIDENT": 15, "R_STEWARD": 15, "R_GRID": 15, "R_CADRE": 12, "R_SECRETARY": 12}
ELSEWHERE = "370899001901001"
REASON = "陌生人不应当得知此事存在与否,特此说明"
OBJECTS_PER_DOOR = 2


def strangers(door):
    """Give (person, role) of those whom the door admits."""
    roles = ANYBODY if {ANY_ROLE, PUBLIC} & set(door.roles) else door.roles
    for role, area in itertools.product(roles, (ELSEWHERE, place.GRID)):
        if role == "R_SYSTEM" or (area == place.GRID and role not in ANYBODY):
            continue
        scope = area[: AREAS.get(role, 9 if "STREET" in role else 6 if "DISTRICT" in role else 12)]
        yield Person(f"{role}-{scope}", f"per_stranger_{role.lower()}_{scope}", ((role, scope),))


def things(folder):
    """Give the keys of what the story has made: (service, place of a path) -> ids."""
    found = {}
    for service in service_names():
        with sqlite3.connect(f"file:{folder}/{service}.sqlite?mode=ro", uri=True) as conn:
            for table in service_class(service).tables.sorted_tables:
                keys = list(table.primary_key.columns)
                if len(keys) != 1 or not isinstance(keys[0].type, sa.String | sa.Uuid):
                    continue
                rows = conn.execute(
                    f"SELECT DISTINCT {keys[0].name} FROM {table.name} LIMIT {OBJECTS_PER_DOOR}"
                ).fetchall()
                if rows:
                    found.setdefault((service, keys[0].name), [row[0] for row in rows])
    return found


def sample(schema, defs):
    """Build a value that the schema of a body takes."""
    if "$ref" in schema:
        return sample(defs[schema["$ref"].rpartition("/")[2]], defs)
    for many in ("anyOf", "allOf", "oneOf"):
        if many in schema and "type" not in schema:
            return sample(schema[many][0], defs)
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    kind = schema.get("type", "string")
    if kind == "object":
        members = schema.get("properties", {})
        return {name: sample(members[name], defs) for name in schema.get("required", ())}
    if kind == "array":
        return [sample(schema["items"], defs) for _ in range(schema.get("minItems", 0))]
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    pattern = schema.get("pattern", "")
    if schema.get("format") == "date-time":
        return "2025-06-03T10:00:00+08:00"
    if schema.get("format") == "date" or pattern.startswith("^[0-9]{4}-[0-9]{2}-"):
        return "2025-06-03"
    if "a-f" in pattern:
        return "0" * 64
    text = REASON * (schema.get("minLength", 2) // len(REASON) + 1)
    return text[: schema.get("maxLength", len(text))]


def sample_of(shape):
    """Build the least body, or the least query, that a door takes."""
    if shape is None:
        return {}
    return sample(shape.schema | {"examples": None}, shape.schemas)


def doors():
    for service in service_names():
        routes = with_jobs(doors_of(service))
        shown = {door.path: door for door in routes if door.verb == "GET"}
        for door in routes:
            if door.places:
                own = door.path[: door.path.index("}") + 1]
                yield door, shown.get(own)


class Site:
    """Asks, and says in few words what came back."""

    def __init__(self, running, http=None):
        self.key = running.token_key
        self.http = http or httpx.Client(base_url=running.address, timeout=30, trust_env=False)
        self.calls = itertools.count()
        self.tokens = {}

    def says(self, door, ids, who, version=None):
        role = who.grants[0][0]
        known = self.tokens.setdefault(who.name, token(self.key, who))
        headers = {"Authorization": f"Bearer {known}", "X-Acting-Role": role}
        if door.verb != "GET":
            headers["Idempotency-Key"] = f"stranger-{next(self.calls)}"
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = self.http.request(
            door.verb,
            re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "x_1"), door.full_path),
            headers=headers,
            json=sample_of(door.body) if door.verb != "GET" else None,
            params=sample_of(door.params),
        )
        if answer.is_success:
            return (answer.status_code, "", "")
        problem = answer.json()
        return (answer.status_code, problem.get("code"), problem.get("detail"))


# Things that have no door of their own, and who reads them in a list.
READ_BY_ALL = {
    "negatives": "what weighs on an organisation is public",
    "end_official": "the officials of every area are listed to everybody",
    "end_liaison": "so are their links",
    "end_deputy": "so are the deputies",
    "fulfil_commitment": "agreements are public, and their commitments with them",
    "accept_commitment": "agreements are public, and their commitments with them",
    "waive_commitment": "agreements are public, and their commitments with them",
    "withdraw_consent": "a cadre of the place lists the consents of its people",
    "cancel_disclosure": "what a project has to disclose is listed to everybody",
    "publish_disclosure": "what a project has to disclose is listed to everybody",
    "correct_disclosure": "what a project has to disclose is listed to everybody",
}
# Who may do this does not read the thing; the command itself hides it from all others.
MORE_THAN_READERS = {
    "nominate": "who serves a part of the area",
    "object_to_nominee": "everybody in it",
}
# What the story does not make: `test_strangers` tries what is made behind it.
NOT_IN_THE_STORY = {
    "account_id", "session_id", "committee_id", "commendation_id", "disclosure_id", "erasure_id", "correction_id", "export_id", "grant_id", "hazard_id", "job_id",
    "merge_id", "objection_id", "proposal_id", "repair_id", "service_account_id", "undecided_id", "veto_id", "webhook_id",
    "body_id", "call_id", "household_id", "incident_id", "paper_id", "place_code", "room_id", "shape_code", "swap_id", "vote_id",
    "activity_id", "change_id", "check_id", "co_handling_id", "delivery_id", "item_id", "plan_id", "template_id",
}  # fmt: skip


def hidden(site, door, own, thing, who):
    """Tell what the thing's own door says to whom it hides the thing; None where it shows it, or
    where his role never reads such things. Without such a door: what is said of a thing that there
    is not."""
    if own is None:
        # A person who has an office in the place reads them in its lists.
        far = ELSEWHERE.startswith(who.grants[0][1])
        return site.says(door, {}, who, 1) if far and door.method not in READ_BY_ALL else None
    shown = site.says(own, {own.places[0]: thing}, who)
    reads = ANY_ROLE in own.roles or PUBLIC in own.roles or who.grants[0][0] in own.roles
    return shown if reads and shown[0] != 200 else None


def test_each_service_knows_which_query_shows_what_its_doors_name():
    """The table that the chassis asks is the one of the routes."""
    for door, own in doors():
        shown_by = service_class(door.service).shown_by
        known = shown_by.get(door.method, shown_by.get(door.places[0]))
        if own is not None and own.public and known is None:
            continue  # what everybody reads
        if door.method in MORE_THAN_READERS or door.places == ("job_id",):
            continue
        if own is not None and own is not door:
            assert known == own.method, f"{door.service}.{door.method}"


def _ids(found, door):
    return found.get((door.service, door.places[0]), [])


def leaks(site, found, places=None):
    """Give (door, who, version, what was said, what the thing's own door says) where they differ.

    Args:
        site: Who asks; a `Site`.
        found: (service, place of a path) -> ids.
        places: Which places are tried; default all.
    """
    for door, own in doors():
        if own is door or (places is not None and door.places[0] not in places):
            continue
        if places is not None and door.method in MORE_THAN_READERS:
            continue
        for thing, who in itertools.product(_ids(found, door), strangers(door)):
            known = hidden(site, door, own, thing, who)
            if known is None:
                continue
            for version in (1, 999) if door.if_match else (None,):
                said = site.says(door, {door.places[0]: thing}, who, version)
                if own is None:
                    said = (*said[:2], str(said[2]).replace(thing, "x_1"))
                if said != known:
                    yield door.method, who.name, version, said, known


@pytest.mark.timeout(900)
def test_strangers_learn_from_no_door_what_the_thing_s_own_door_hides(after_story):
    """Note 3 (urge of a merchant: 422 NOT_REPORTER), SEC low 4 (412 before the rights)."""
    running = after_story.start(FIVERED_PERSON_RATE="0", FIVERED_ADDRESS_RATE="0")
    found, site = things(after_story.folder / "data"), Site(running)
    without = {door.places[0] for door, own in doors() if own is not door and not _ids(found, door)}
    told = list(leaks(site, found))
    site.http.close()
    assert not told, "\n".join(map(str, told[:50]))
    # What everybody reads is hidden from nobody: notices, too.
    assert without - {"grid", "code", "scope", "consent_notice_id"} <= NOT_IN_THE_STORY
