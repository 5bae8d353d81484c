"""Every list over HTTP, on what the story has left behind: in each order that it offers, forwards
and backwards, counted, and as a file."""

import csv
import io

import openpyxl
import pytest
import sqlalchemy as sa

from fivered.clients.demo.api import Person, token
from fivered.clients.demo.district import PEOPLE
from fivered.gateway import exports
from testkit.bench import KEY
from tests.refusals.telling import Site, tell
from tests.rights import more

# Of each list, so many who may read it are asked.
_EACH = 6
# The lists of several rows in which the story shows that an order is one.
SHOWN = {
    "credit.settlements", "credit.subjects", "forum.liaisons", "forum.officials", "forum.opt_ins",
    "forum.supervisions", "identity.grant_list", "partner.offers", "partner.partners",
    "property.agreements", "property.appointments", "steward.areas", "steward.requests",
}  # fmt: skip
# Nothing is sorted or counted: their pages are made of several sources, or are sums.
OWN_ORDER = {
    "credit.what_if_result": "the lines of a computation",
    "credit.sums": "sums of a month, by group",
    "credit.leaderboard": "ranks",
    "credit.candidates": "ranks",
    "credit.messages": "newest first, as every list of messages",
    "forum.my_messages": "as above",
    "property.my_messages": "as above",
    "forum.my_invitations": "the caller's own few",
    "partner.waiting_offers": "what waits; GET /v1/me/work has it by what is due",
    "partner.waiting_refunds": "as above",
    "property.todo": "as above",
    "property.agreement_noncompliance": "what is amiss on a day, by project",
    "steward.gaps_ahead": "one line for each grid that lacks somebody",
    "property.my_ballots": "the caller's own few, the first to close first",
    "property.vote_ballots": "the roll of a vote by its lines",
    "steward.workbench": "what is in hand, due soonest first",
    "steward.timeline": "a request's steps, oldest first",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    opened = Site(tmp_path_factory.mktemp("lists"), **more.ENVIRON)
    tell(opened, [], {}, lambda _witness: None)
    yield opened
    opened.close()


def choices(door, name):
    """Return what a parameter may say."""
    schema = (door.params.members if door.params else {}).get(name, {})
    return [one for part in (schema, *schema.get("anyOf", ())) for one in part.get("enum", ())]


def callers(door):
    """Yield headers of some who may enter a door."""
    found = 0
    for person in PEOPLE.values():
        for role, scope in person.grants:
            if role in door.roles or "*" in door.roles or "PUBLIC" in door.roles:
                one = Person(person.name, person.person_id, ((role, scope),))
                yield {"Authorization": f"Bearer {token(KEY, one)}"}
                found += 1
                if found == _EACH:
                    return


def lists(site):
    return [
        door
        for door in site.doors
        if door.kind == "query"
        and door.params
        and "cursor" in door.params.members
        and not door.produces
    ]


def test_a_list_says_in_which_orders_it_can_be_asked_for_and_is_counted(site):
    lacking = set()
    for door in lists(site):
        name = f"{door.service}.{door.method}"
        counted = "total" in door.params.members or "total" in door.reply.required
        orders = choices(door, "sort")
        assert {one.removeprefix("-") for one in orders} == {
            one for one in orders if not one.startswith("-")
        }
        if not (orders and counted) and not door.method.startswith("_"):
            lacking.add(name)
    assert lacking ^ set(OWN_ORDER) == set(), "see CONTRIBUTING, A list"


def test_every_list_runs_both_ways_in_every_order_with_its_number(site):
    proved = set()
    for door in lists(site):
        orders = [one for one in choices(door, "sort") if not one.startswith("-")]
        if not orders or door.places:
            continue
        for headers in callers(door):

            def ask(door=door, headers=headers, **params):
                answer = site.loop.request("GET", door.full_path, headers=headers, params=params)
                assert answer.status_code in {200, 403, 422}, (door.full_path, answer.text)
                return answer.json() if answer.status_code == 200 else None

            counted = {"total": True} if "total" in door.params.members else {}
            own = ask(limit=200, **counted)
            if own is None:
                continue
            assert own["total"] == len(own["items"]), door.full_path
            for order in orders:
                there = ask(limit=200, sort=order)["items"]
                back = ask(limit=200, sort=f"-{order}")["items"]
                assert there == back[::-1], (door.full_path, order)
                assert sorted(map(str, there)) == sorted(map(str, own["items"])), door.full_path
                shown = [one[order] for one in there if one.get(order) is not None]
                assert shown == sorted(shown), (door.full_path, order)
                if len(there) > 1:
                    proved.add(f"{door.service}.{door.method}")
                    # Page by page it is the same.
                    first = ask(limit=1, sort=f"-{order}")
                    second = ask(limit=1, sort=f"-{order}", cursor=first["next"])
                    assert first["items"] + second["items"] == back[:2]
                    wrong = {"limit": 1, "sort": order, "cursor": first["next"]}
                    assert ask(**wrong) is None
    assert proved >= SHOWN, SHOWN - proved


def test_every_list_is_a_file_of_its_rows_for_who_reads_it(site):
    """Columns are the members of the reply's type; who may not read the list gets no file."""
    filled, unnamed, every = set(), set(), set()
    for door in lists(site):
        name = f"{door.service}.{door.method}"
        columns = exports.columns_of(door)
        assert columns, name
        every |= {column.head for column in columns}
        unnamed |= {column.head for column in columns if " / " not in column.head}
        if door.places or door.params.required:
            continue
        for headers in list(callers(door))[:2]:
            there = site.loop.request("GET", door.full_path, headers=headers, params={"limit": 200})
            answer = site.loop.request(
                "GET", door.full_path, headers=headers, params={"format": "csv"}
            )
            assert answer.status_code == there.status_code, (name, answer.text)
            if there.status_code == 200:
                head, *rows = csv.reader(
                    io.StringIO(answer.content.decode("utf-8-sig"), newline="")
                )
                assert head == [column.head for column in columns]
                filled |= {name} if rows else set()
                if door.method == "_audit":
                    continue  # each reading of it is a row of it
                assert len(rows) == len(there.json()["items"]), name
                ids = [one.get("id") for one in there.json()["items"]]
                if "编号 / id" in head and None not in ids:
                    at = head.index("编号 / id")
                    assert [row[at] for row in rows] == ids, name
    assert filled > SHOWN - {"identity.grant_list"}
    # People read what a column is; some new ones may have no Chinese name yet.
    assert len(unnamed) < len(every) / 8, sorted(unnamed)
    answer = site.loop.request("GET", "/v1/steward/requests?format=csv")
    assert answer.status_code == 401
    # A workbook of one of them; the audit says who took it.
    door = next(one for one in lists(site) if one.full_path == "/v1/steward/requests")
    headers = next(callers(door))
    answer = site.loop.request("GET", f"{door.full_path}?format=xlsx&open=false", headers=headers)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    there = site.loop.request("GET", f"{door.full_path}?limit=200&open=false", headers=headers)
    assert sheet.max_row == 1 + there.json()["total"] > 1
    runtime = site.host.runtimes["steward"]
    with runtime.engine.connect() as conn:
        table = runtime.chassis.audit
        asked = sa.select(table.c.target).where(
            table.c.result == "EXPORTED", table.c.action == "requests"
        )
        assert f"xlsx {there.json()['total']}" in set(conn.execute(asked).scalars())


# Of each list, the member of its lines by which a filter narrows it.
FILTERED = [
    ("partner", "/partners", "q", "name"),
    ("partner", "/offers", "q", "title"),
    ("forum", "/topics", "q", "title"),
    ("forum", "/topics", "category", "category"),
    ("forum", "/topics", "way", "way"),
    ("steward", "/requests", "category", "category"),
    ("steward", "/requests", "channel", "channel"),
    ("steward", "/requests", "priority", "priority"),
]


def test_lists_are_searched_by_name_and_narrowed_by_what_their_lines_show(site):
    doors = {(door.service, door.path): door for door in lists(site)}
    for service, path, name, member in FILTERED:
        door, shown = doors[service, path], 0
        for headers in callers(door):

            def ask(door=door, headers=headers, **params):
                answer = site.loop.request(
                    "GET", door.full_path, headers=headers, params={"limit": 200} | params
                )
                assert answer.status_code == 200, answer.text
                return answer.json()["items"]

            every = ask()
            for value in {line[member] for line in every}:
                # A name is found by a part of it, in the other case; a code is itself.
                sought = value[1:5].swapcase() if name == "q" else value
                fits = [
                    line
                    for line in every
                    if (
                        sought.lower() in line[member].lower()
                        if name == "q"
                        else line[member] == sought
                    )
                ]
                assert ask(**{name: sought}) == fits, (path, name, sought)
                shown += 1
            if name == "q":
                # A sign that means anything in SQL is a sign.
                assert ask(q="%") == []
        assert shown, (path, name)


def test_an_unknown_order_is_refused_with_those_that_there_are(site):
    (door,) = [one for one in lists(site) if one.method == "requests"]
    for headers in callers(door):
        answer = site.loop.request(
            "GET", door.full_path, headers=headers, params={"sort": "number"}
        )
        assert answer.status_code == 422
        for order in choices(door, "sort"):
            assert order in answer.text
