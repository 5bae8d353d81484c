"""What each service says can wait for somebody: doors, lists and members that are there."""

import typing

import pytest
import sqlalchemy as sa

from fivered.chassis.bus import reply_type, ways_of
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.refusal import Sentence
from fivered.chassis.requests import members_of
from testkit.bench import bench, fresh_database  # noqa: F401
from testkit.waits import Waits

SERVICES = [service_class(name) for name in sorted(service_names())]
ROWS = [(cls, row) for cls in SERVICES for row in cls.waits]


def line_of(view):
    """Return the type of the lines of a list: of its own `items`, or of the page that it is of."""
    reply = reply_type(view)
    pages = [reply, *getattr(reply, "__orig_bases__", ())]
    for kind in (one for page in pages for one in typing.get_args(page)):
        if isinstance(kind, type):
            return kind
    return typing.get_args(typing.get_type_hints(reply)["items"])[0]


def test_every_service_says_what_can_wait():
    assert [cls.name for cls in SERVICES if not cls.waits] == []


@pytest.mark.parametrize(("cls", "row"), ROWS, ids=lambda one: getattr(one, "kind", None))
def test_a_kind_names_a_door_a_list_and_members_of_its_lines(cls, row):
    ways, line = ways_of(cls), line_of(row.view)
    Sentence(row.text)
    roles, http = ways.doors[row.act]
    assert not http.startswith("GET "), row.act
    # What no door lists is found here, and shown one by one.
    assert row.view in ways.lists or row.kind == "VETO_TO_CONFIRM"
    assert {row.since, row.id, *filter(None, (row.due,))} <= set(members_of(line))
    assert set(row.roles) <= set(roles) or "*" in roles
    kinds = [one.kind for one in cls.waits]
    assert kinds.count(row.kind) == 1
    assert "{" not in ways.act(row, "x") + ways.href(row, "x")


@pytest.fixture(params=sorted(set(service_names())))
def service_cls(request):
    return service_class(request.param)


@pytest.fixture
def database_url(tmp_path):
    """Of SQLite, whose plan does not depend on how many rows there are."""
    yield from fresh_database("sqlite", tmp_path)


# What a district has few of, and keeps few of.
SMALL = {
    "budget_grants", "calendar_years", "consent_notices", "owners_committees", "projects", "rule_sets",
    "service_standards", "vetoes",
}  # fmt: skip
EVERYWHERE = [
    ("R_RESIDENT", "370811015901001"), ("R_GRID", "370811015901"), ("R_STEWARD", "370811015901"),
    ("R_CADRE", "370811015901"), ("R_SECRETARY", "370811015901"), ("R_STREET", "370811015"),
    ("R_STREET_LEAD", "370811015"), ("R_DISTRICT", "370811"), ("R_DISTRICT_LEAD", "370811"),
    ("R_PM", "370811015901"), ("R_PCO", "370811"), ("R_PARTNER", "370811015901"),
    ("R_DEPUTY", "370811015"),
]  # fmt: skip


def test_what_waits_is_read_by_indexes(bench):  # noqa: F811
    """`GET /v1/me` asks every list at once: none of them reads a whole table."""
    heard, engine = [], bench.runtime.engine

    def note(_conn, _cursor, statement, parameters, *_rest):
        heard.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        for right in EVERYWHERE:
            Waits(bench).of("per_me", right)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    scans = set()
    with engine.connect() as conn:
        for statement, parameters in {str(one): one for one in heard}.values():
            if statement.lstrip().upper().startswith("SELECT"):
                for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    step = str(row[-1])
                    if step.startswith("SCAN ") and "USING" not in step:
                        scans.add(step.split()[1])
    tables = {table.name for table in bench.runtime.service_cls.tables.sorted_tables}
    assert scans & tables <= SMALL
