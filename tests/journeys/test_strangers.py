"""What strangers read at the end of the story: of no person more than stands in this list (K15).

Every question that the system answers is asked, about everything that the story has left behind, by
people who have no part in it; each person's id in an answer must be one that a public post names.
"""

import itertools
import re
from collections import defaultdict

import pytest
import sqlalchemy as sa

from deploy import rights as table
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Person, token
from fivered.clients.demo.district import PEOPLE
from testkit.bench import KEY
from tests.journeys import test_unseen
from tests.refusals.telling import Site, tell
from tests.rights import more, walk
from tests.systems import Running

ELSEWHERE = "370802001001001"
STRANGERS = {
    name: Person(name, place.identity("per", number), ((role, scope),))
    for number, (name, role, scope) in enumerate(
        (
            ("a neighbour", "R_RESIDENT", place.GRID),
            ("a resident of another district", "R_RESIDENT", ELSEWHERE),
            ("a cadre of another district", "R_CADRE", ELSEWHERE[:12]),
            ("another project's manager", "R_PM", place.COMMUNITY),
            ("another company", "R_PCO", place.COMMUNITY[:6]),
            ("a partner", "R_PARTNER", place.COMMUNITY),
            ("a deputy", "R_DEPUTY", place.STREET),
        ),
        start=901,
    )
}
FAR = {"a resident of another district", "a cadre of another district"}
# Public posts: who holds them is told to people of the district, or to all who sign in.
TOLD_HERE = {
    ("/v1/forum/officials", "items.person_id"),
    ("/v1/forum/liaisons", "items.person_id"),
    ("/v1/forum/deputies", "items.person_id"),
}
TOLD = {
    ("/v1/property/projects/{project_id}", "manager_person_id"),
    ("/v1/property/projects/{project_id}", "appointments.C2P.active.person_id"),
    ("/v1/property/projects/{project_id}", "appointments.P2C.active.person_id"),
}
_PERSON = re.compile(r"per_[0-9a-f-]{36}")
_NUMBER = re.compile(r"(?<![0-9a-f-])1[2-9][0-9]{9}(?![0-9a-f-])")
_EACH = 3


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    opened = Site(tmp_path_factory.mktemp("strangers"), **more.ENVIRON)
    tell(opened, [], {}, lambda _witness: None)
    yield opened
    opened.close()


def left_behind(site):
    """Return, by service and name, some ids of what the story has left behind."""
    found = defaultdict(list)
    for service, runtime in site.host.runtimes.items():
        with runtime.engine.connect() as conn:
            for table in runtime.service_cls.tables.sorted_tables:
                for column in table.columns:
                    if column.name.endswith("_id"):
                        values = conn.execute(sa.select(column).distinct().limit(_EACH)).scalars()
                        found[service, column.name] += [v for v in values if isinstance(v, str)]
    return found


def addresses(door, known):
    places = {"period": ["2025-01", "2025-02"], "scope": [place.COMMUNITY], "area": [place.GRID]}
    places |= {"grid": [place.GRID], "code": [place.GRID, place.COMMUNITY]}
    choices = [places.get(name) or known[door.service, name][:9] for name in door.places]
    for chosen in itertools.product(*choices):
        path = door.full_path
        for name, value in zip(door.places, chosen, strict=True):
            path = path.replace(f"{{{name}}}", value)
        yield path
        if not door.places:
            yield f"{path}?scope={place.COMMUNITY}"


def texts_of(value, at=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield at, name
            yield from texts_of(inner, (*at, name))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner, at)
    elif isinstance(value, str):
        yield ".".join(at), value


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", [None, *STRANGERS])
def test_strangers_read_of_persons_what_public_posts_tell(site, who):
    """SEC low 2, SEC-M1 to M6, K15: the kind, not the cases."""
    known = left_behind(site)
    headers = {}
    if who is not None:
        person = STRANGERS[who]
        headers = {"Authorization": f"Bearer {token(KEY, person)}"}
    allowed = TOLD if who is None or who in FAR else TOLD | TOLD_HERE
    told, answered = set(), 0
    for door in site.doors:
        if door.kind != "query":
            continue
        for path in addresses(door, known):
            answer = site.loop.request("GET", path, headers=headers)
            assert answer.status_code < 500, path
            if answer.status_code != 200:
                continue
            answered += 1
            json = answer.headers["content-type"].startswith("application/json")
            for at, text in texts_of(answer.json() if json else {"": answer.text}):
                own = who is not None and person.person_id in text
                if (_PERSON.search(text) and not own) or _NUMBER.search(text):
                    told.add((door.full_path, at))
    assert answered > 30
    assert told - allowed == set()
    # The search finds what is there; without a token there is nothing.
    assert (("/v1/property/projects/{project_id}", "manager_person_id") in told) is bool(who)


@pytest.mark.timeout(900)
def test_every_role_reaches_at_every_door_as_far_as_the_table_of_rights_says(site):
    """Issue 12.8: door x role x distance, on what the story has left behind; each try is undone."""
    cells = list(walk.walk(site))
    assert len(cells) > 10_000
    found, said = table.by_unit(walk.reaches(cells)), table.read()
    wrong = [
        f"{unit}.{door} {role}: {reach}, the table says {said[unit].get(door, {}).get(role)}"
        for unit, doors in found.items()
        for door, roles in doors.items()
        for role, reach in roles.items()
        if said[unit].get(door, {}).get(role) != reach
    ]
    assert not wrong, "\n".join(wrong)

    # The other direction: the story's people try what a second street has.
    whole = {
        f"{table.SHOWN_AT if unit == table.COMMON else unit}.{door}": roles
        for unit, doors in said.items()
        for door, roles in doors.items()
    }
    tried = list(walk.foreign(site, whole))
    assert len(tried) > 600
    assert not (leaks := [what for right, what in tried if not right]), "\n".join(leaks)
    # Nor does a refusal tell who is registered there, or that what the story has not made exists.
    assert not (told := list(walk.told_apart(site))), "\n".join(told)
    found = {
        (service, name): ids[-1:]
        for (service, name), ids in walk.things(site.host.runtimes).items()
    }
    asks = test_unseen.Site(Running("", KEY), http=site.loop)
    told = list(test_unseen.leaks(asks, found, test_unseen.NOT_IN_THE_STORY))
    assert not told, "\n".join(map(str, told))


@pytest.mark.timeout(900)
def test_every_command_ends_alike_for_who_is_not_rated_and_for_the_best(site):
    """REQ-L01: a grade opens and closes no door."""
    credit, person = site.host.runtimes["credit"], PEOPLE["resident"]
    entries = credit.service_cls.tables.tables["entries"]
    subject = f"RES:{person.person_id}"
    came = {}
    for grade, score in (("NR", None), ("A", 1000), ("AAA", 1200)):
        with credit.engine.begin() as conn:
            done = conn.execute(
                sa.update(entries)
                .where(entries.c.subject_id == subject)
                .values(grade=grade, raw_grade=grade, score=score)
            )
        assert done.rowcount > 0
        came[grade] = dict(walk.commands_of(site, person, "R_RESIDENT"))
    assert len(came["A"]) > 50
    assert came["NR"] == came["A"] == came["AAA"]
