"""The runbook's "Taking a service out, and in again": a district without partner, and with it."""

import json

import psycopg
import pytest

from fivered.clients.demo.api import Refused
from testkit.waiting import wait_until
from tests.deploy.house import COMMUNITY, DISTRICT, ROOT, House

pytestmark = [pytest.mark.servers, pytest.mark.timeout(420)]

SERVICES = ("credit", "forum", "partner", "property", "steward")


@pytest.fixture
def house(tmp_path):
    """A house of its own: in one that others share partner has heard before."""
    own = House(tmp_path)
    try:
        own.start()
        yield own.running()
    finally:
        own.stop()


def roll_out(house, *services):
    """Write the installation file for these services, and tell the gateway. Returns the variable
    that names the file."""
    whole = json.loads((ROOT / "deploy/installation.json").read_text())
    whole["services"] = {name: whole["services"][name] for name in services}
    path = house.folder / "installation.json"
    path.write_text(json.dumps(whole))
    house.write("gateway", f"FIVERED_SERVICES={','.join(services)}")
    return {"FIVERED_INSTALLATION": str(path)}


def start_gateway(house, given):
    house.end("gateway")
    house.spawn_gateway(**given)
    house.wait_ready()


def of_partner(house):
    return [name for name in house.queues() if name.removeprefix("dead.").startswith("partner.")]


def refusal(api):
    with pytest.raises(Refused) as refused:
        api.get("/v1/partner/offers", DISTRICT)
    return refused.value.status, refused.value.problem["code"]


def area(api, code, kind="COMMUNITY"):
    body = {"code": code, "name": "春晖", "kind": kind}
    return api.post("/v1/steward/areas", DISTRICT, body, key=code)


def known_to_partner(house):
    with psycopg.connect(house.postgres.url("fivered_partner")) as conn:
        return {code for (code,) in conn.execute("SELECT code FROM areas")}


def test_a_service_is_taken_out_and_in_again(house):
    api = house.api()
    api.patience_s = 0
    area(api, COMMUNITY)
    # Installed and stopped: what is said waits for it, and a caller is told to come again.
    assert wait_until(lambda: any(house.queues()[name] for name in of_partner(house)), 30)
    with pytest.raises(Exception, match="SERVICE_UNAVAILABLE"):
        api.get("/v1/partner/offers", DISTRICT)

    given = roll_out(house, *(name for name in SERVICES if name != "partner"))
    house.replace("work-steward", "work-credit", **given)
    start_gateway(house, given)
    house.shell(
        "".join(f"rabbitmqctl delete_queue -p fivered {name}\n" for name in of_partner(house))
    )
    assert refusal(api) == (404, "CAPABILITY_MISSING")
    area(api, "370811015912")
    house.wait_ready()
    assert not of_partner(house)
    # Nobody waits for it: neither the relay nor who looks.
    with psycopg.connect(house.postgres.url("fivered_steward")) as conn:
        unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
        assert wait_until(lambda: conn.execute(unsent).fetchone() == (0,), 20)
    # It looks at every service whose package is here; this is the environment of one.
    assert "partner" not in house.run("doctor", unit="steward", code=1, **given)

    given = roll_out(house, *SERVICES)
    house.run("topology", "apply", unit="topology", **given)
    house.run("migrate", "partner", unit="partner", **given)
    # All of this was in the year before. Who ran then has forgotten that it knows it.
    given["FIVERED_KEEP_EVENTS_DAYS"] = "3650"
    ago = "recorded_at = recorded_at {0} interval '400 days', sent_at = sent_at {0} interval '400 days'"
    with psycopg.connect(house.postgres.url("fivered_steward")) as conn:
        conn.execute(f"UPDATE outbox SET {ago.format('-')}")
    replay = ("events", "replay", "steward", "--only-to", "partner")
    house.run(*replay, unit="steward", code=2, **given)
    for source in ("steward", "credit"):
        again = ("events", "replay", source, "--only-to", "partner", "--first-time")
        house.run(*again, unit=source, **given)
    area(api, "370811015913")
    for kind in ("work", "serve"):
        house.spawn(kind, "partner", unit="partner", **given)
    house.replace("work-steward", "work-credit", **given)
    start_gateway(house, given)
    wanted = {COMMUNITY, "370811015912", "370811015913"}
    assert wait_until(lambda: wanted <= known_to_partner(house), 30), known_to_partner(house)
    assert api.get("/v1/partner/offers", DISTRICT)["items"] == []
    house.end("work-partner", "serve-partner")
    # The house is left as another test can use it.
    with psycopg.connect(house.postgres.url("fivered_steward")) as conn:
        long_ago = "recorded_at < now() - interval '200 days'"
        conn.execute(f"UPDATE outbox SET {ago.format('+')} WHERE {long_ago}")
