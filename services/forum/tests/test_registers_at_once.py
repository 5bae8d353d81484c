"""Two who enter the same at the same moment: it stands once. Two real connections of PostgreSQL."""

import pytest

from fivered.chassis.bus import Call, new_uuid
from fivered.services.forum import errors
from fivered.services.forum.actions import liaison
from fivered.services.forum.service import Forum
from fivered.services.forum.tests.conftest import DEPUTY, GRID, STREET, Town
from testkit.bench import open_bench, postgres_server, postgres_url  # noqa: F401
from testkit.beside import while_open

pytestmark = pytest.mark.servers


@pytest.fixture
def town(postgres_url):  # noqa: F811
    bench = open_bench(Forum, postgres_url)
    town = Town(bench)
    town.ground()
    town.district()
    yield town
    bench.runtime.close()


def at_once(town, action, method, order):
    """Enter the same twice, the second time while the first is not committed yet. Returns what the
    second was refused with, or None."""
    bench, actor = town.bench, town.bench.actor
    body = {name: getattr(order, name) for name in order.__struct_fields__}
    given = {name: value for name, value in body.items() if value is not None}
    call = Call(method, given, actor, new_uuid(), None)
    return while_open(bench, lambda tx: action(tx, order), lambda: bench.runtime.call(call), actor)


def test_an_official_whom_two_register_at_once_stands_once(town):
    """H1-1: neither saw what the other had not committed yet."""
    order = liaison.RegisterOfficial(
        person_id="per_worker", tier="GRID_WORKER", post="专职网格员", area=GRID
    )
    assert at_once(town, liaison.register_official, "register_official", order) is None
    found = town.bench.rows("SELECT person_id, state FROM officials")
    assert found == [{"person_id": "per_worker", "state": "ACTIVE"}]


def test_a_deputy_whom_two_register_at_once_holds_one_mandate(town):
    order = liaison.RegisterDeputy(
        person_id=DEPUTY, kind="PARTY_DELEGATE", level="DISTRICT", streets=[STREET]
    )
    refused = at_once(town, liaison.register_deputy, "register_deputy", order)
    found = town.bench.rows("SELECT person_id, state FROM deputies")
    assert found == [{"person_id": DEPUTY, "state": "ACTIVE"}]
    assert isinstance(refused, errors.MandateHeld)
