"""Lists of requests: whole, in both directions, and read from indexes."""

from datetime import timedelta
from typing import get_args

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import Invalid
from fivered.services.steward.storage.cases import _STATES
from fivered.services.steward.storage.tables import requests
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    OTHER_CADRE,
    STAFF,
    STW_STAFF,
    WANG,
)
from fivered.services.steward.views.cases import State

pytestmark = pytest.mark.slow

STATES = ("DISPATCHED", "ACCEPTED", "RETURNED", "RESOLVED", "CLOSED", "SUBMITTED")


@pytest.fixture
def filled(ground):
    """60 requests, a minute apart, in two grids and all states."""
    ground.staff()
    template = ground.submit()
    bench = ground.bench
    with bench.transaction() as tx:
        row = tx.conn.execute(sa.select(requests)).one()._asdict()
        tx.conn.execute(
            requests.insert(),
            [
                row
                | {
                    "request_id": f"req_{n:03d}",
                    "number": f"SR-{n}",
                    "grid": GRID if n % 3 else GRID_2,
                    "state": STATES[n % len(STATES)],
                    "handler": STW_STAFF,
                    "handler_person": STAFF,
                    "created_at": bench.now + timedelta(minutes=n // 2),
                    "due_accept": bench.now + timedelta(minutes=100 - n // 2),
                    "project_id": "prj_1",
                }
                for n in range(60)
            ],
        )
        tx.conn.execute(sa.delete(requests).where(requests.c.request_id == template["id"]))
    return ground


def walk(bench, method, body, *, cursor="next"):
    pages = [bench.ask(method, body)]
    while pages[-1][cursor] is not None:
        pages.append(bench.ask(method, body | {"cursor": pages[-1][cursor]}))
    return pages


def ids(pages):
    return [item["id"] for page in pages for item in page["items"]]


ASKED = [
    ("requests", {}),
    ("requests", {"order": "oldest"}),
    ("requests", {"sort": "due_resolve"}),
    ("queue", {"sort": "-due_resolve"}),
    ("requests", {"state": ["DISPATCHED", "CLOSED"]}),
    ("requests", {"open": True, "grid": GRID}),
    ("requests", {"project_id": "prj_1", "state": ["ACCEPTED"]}),
    ("queue", {}),
    ("workbench", {}),
]


@pytest.mark.parametrize(("method", "body"), ASKED)
def test_a_list_is_walked_to_its_end_and_back(filled, method, body):
    """SP-D13: the workbench showed 200 of 553 and no way on; no list had a way back."""
    bench = filled.by(STAFF, scope=COMMUNITY) if method == "workbench" else filled.cadre()
    everything = bench.ask(method, body | {"limit": 200})
    assert (everything["next"], everything["prev"]) == (None, None)
    assert everything["total"] == len(everything["items"]) > 7
    pages = walk(bench, method, body | {"limit": 7})
    assert ids(pages) == ids([everything])
    assert {page["total"] for page in pages} == {everything["total"]}
    back = walk(bench, method, body | {"limit": 7, "cursor": pages[-1]["prev"]}, cursor="prev")
    assert ids(reversed(back)) == ids(pages[:-1])


def test_the_list_of_areas_has_a_way_back(ground):
    """It went forward only; `prev` was null on every page."""
    bench = ground.cadre()
    codes = [item["code"] for item in bench.ask("areas", {"limit": 200})["items"]]
    pages = walk(bench, "areas", {"limit": 2})
    assert [item["code"] for page in pages for item in page["items"]] == codes
    back = walk(bench, "areas", {"limit": 2, "cursor": pages[-1]["prev"]}, cursor="prev")
    assert [item["code"] for page in reversed(back) for item in page["items"]] == codes[
        : 2 * len(pages) - 2
    ]


@pytest.mark.parametrize(("role", "scope"), [("R_DISTRICT", "370811"), ("R_STREET", "370811015")])
def test_the_total_of_a_whole_district_is_that_of_its_list(filled, role, scope):
    """It was 1: without a condition nothing named the table whose rows are counted."""
    seen = filled.by("per_lead", role, scope=scope).ask("requests", {"limit": 200})
    assert seen["total"] == len(seen["items"]) > 7


def test_the_newest_come_first_unless_the_oldest_are_asked_for(filled):
    bench = filled.cadre()
    newest = [item["created_at"] for item in bench.ask("requests", {"limit": 200})["items"]]
    assert newest == sorted(newest, reverse=True)
    oldest = bench.ask("requests", {"limit": 200, "order": "oldest"})["items"]
    assert [item["created_at"] for item in oldest] == newest[::-1]


def test_what_must_be_done_first_comes_first_where_that_is_asked_for(filled):
    with filled.bench.transaction() as tx:
        every = tx.conn.execute(sa.select(requests.c.request_id, requests.c.created_at)).all()
        for n, row in enumerate(every):
            # The later it came, the earlier it is due; every fourth at the same time.
            due = row.created_at + timedelta(days=9) - timedelta(hours=n - n % 4)
            which = requests.c.request_id == row.request_id
            tx.conn.execute(sa.update(requests).where(which).values(due_resolve=due))
        states = set(tx.conn.execute(sa.select(requests.c.state).distinct()).scalars())
    assert states < set(get_args(State))
    assert set(get_args(State)) == set(_STATES)
    bench = filled.cadre()
    first = bench.ask("requests", {"limit": 200, "sort": "due_resolve"})
    dues = [item["due_resolve"] for item in first["items"]]
    assert dues == sorted(dues)
    assert first["total"] == len(dues) == bench.ask("requests", {})["total"]
    last = bench.ask("requests", {"limit": 200, "sort": "-due_resolve"})["items"]
    assert last == first["items"][::-1]
    # It stands above `order`, which lists had before.
    oldest = bench.ask("requests", {"sort": "created_at", "order": "newest"})["items"]
    assert oldest[0]["created_at"] < oldest[-1]["created_at"]


def test_several_states_are_all_shown(filled):
    """SP-D30."""
    items = filled.cadre().ask("requests", {"state": ["DISPATCHED", "CLOSED"], "limit": 200})
    assert {item["state"] for item in items["items"]} == {"DISPATCHED", "CLOSED"}
    one = filled.cadre().ask("requests", {"state": ["CLOSED"], "limit": 200})
    assert {item["state"] for item in one["items"]} == {"CLOSED"}
    for cursor in ("~", "~nonsense", "nonsense"):
        with pytest.raises(Invalid):
            filled.cadre().ask("requests", {"cursor": cursor})


def test_what_a_steward_found_waits_in_the_queue_until_somebody_looks(filled):
    with filled.bench.transaction() as tx:
        tx.conn.execute(
            sa.update(requests)
            .where(requests.c.request_id == "req_004")
            .values(found_by=STW_STAFF, outcome="SOLVED")
        )
    before = filled.cadre().ask("queue", {"limit": 200})
    assert "req_004" in {item["id"] for item in before["items"]}
    alone = filled.cadre().ask("queue", {"check": "FOUND"})
    assert ([item["id"] for item in alone["items"]], alone["total"]) == (["req_004"], 1)
    card = next(item for item in before["items"] if item["id"] == "req_004")
    filled.step(
        "check_found", card, OTHER_CADRE, "R_CADRE", COMMUNITY, confirmed=False, reason="没有此事"
    )
    after = filled.cadre().ask("queue", {"limit": 200})
    assert after["total"] == before["total"] - 1


def plans_of(bench, ask):
    """Return how the database answers each statement about requests that a question takes.

    PostgreSQL reads a small table as a whole whatever indexes there are; without that way, what is
    still scanned has no index that serves it.
    """
    heard = []

    def note(_conn, _cursor, statement, parameters, *_rest):
        if "requests" in statement:
            heard.append((statement, parameters))

    engine = bench.runtime.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as conn:
        word = "EXPLAIN QUERY PLAN"
        if engine.dialect.name == "postgresql":
            word = "EXPLAIN"
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return [
            str(row[-1]).strip()
            for statement, parameters in heard
            for row in conn.exec_driver_sql(f"{word} {statement}", parameters)
        ]


def scanned(plans):
    """Return the steps that read every request."""
    return [
        plan
        for plan in plans
        if "Seq Scan on requests" in plan
        or (plan.startswith("SCAN requests") and "INDEX" not in plan)
    ]


def sought(plans):
    """Return the steps that look for requests in an index."""
    return [plan for plan in plans if plan.startswith(("SEARCH requests", "Index Cond:"))]


SEEN_BY = {
    "cadre": ("R_CADRE", OTHER_CADRE, COMMUNITY),
    "grid worker": ("R_GRID", GRID_WORKER, GRID),
    "street": ("R_STREET", OTHER_CADRE, "370811015"),
    "district": ("R_DISTRICT", OTHER_CADRE, "370811"),
    "resident": ("R_RESIDENT", WANG, COMMUNITY),
}


@pytest.mark.parametrize("who", SEEN_BY)
@pytest.mark.parametrize(
    "body",
    [
        {}, {"state": ["CLOSED"]}, {"open": True}, {"grid": GRID}, {"project_id": "prj_1"},
        {"order": "oldest"}, {"mine": True}, {"sort": "due_resolve", "open": True},
    ],
    ids=str,
)  # fmt: skip
def test_no_list_scans_the_requests(filled, who, body):
    """SP-D26."""
    bench = filled.bench
    role, person, scope = SEEN_BY[who]
    bench.as_(role, person=person, scope=scope)
    first = bench.ask("requests", body | {"limit": 5})
    again = body | {"limit": 5} | ({"cursor": first["next"]} if first["next"] else {})
    plans = plans_of(bench, lambda: bench.ask("requests", again))
    assert plans
    assert scanned(plans) == []
    # The page itself is sought, not walked to.
    assert sought(plans)


@pytest.mark.parametrize("method", ["queue", "workbench"])
def test_no_worklist_scans_the_requests(filled, method):
    """SP-D26."""
    bench = filled.cadre() if method == "queue" else filled.by(STAFF, scope=COMMUNITY)
    plans = plans_of(bench, lambda: bench.ask(method, {"limit": 5}))
    assert sought(plans)
    assert scanned(plans) == []
