"""The runbook's "Taking a service out, and in again": a district without partner, and with it."""

import json
import subprocess

import psycopg
import pytest

from clients.demo.api import Refused
from testkit.waiting import wait_until
from tests.deploy.house import COMMUNITY, DISTRICT, FIVERED, ROOT
from tests.deploy.test_rotation import replace, write

pytestmark = [pytest.mark.servers, pytest.mark.timeout(420)]

SERVICES = ("credit", "forum", "partner", "property", "steward")


def roll_out(house, *services):
    """Write the installation file for these services, and tell the gateway."""
    whole = json.loads((ROOT / "deploy/installation.json").read_text())
    whole["services"] = {name: whole["services"][name] for name in services}
    path = house.folder / "installation.json"
    path.write_text(json.dumps(whole))
    write(house, "gateway", f"FIVERED_SERVICES={','.join(services)}")
    return str(path)


def fivered(house, *command, unit, file):
    done = subprocess.run(
        [FIVERED, *command], env=house.environment(unit, FIVERED_INSTALLATION=file), cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # Doctor looks at every service whose package is here; this is the environment of one.
    assert done.returncode == (command == ("doctor",)), done.stdout + done.stderr
    return done.stdout


def start_gateway(house, file):
    house.end("gateway")
    port = {"FIVERED_GATEWAY_PORT": str(house.port), "FIVERED_INSTALLATION": file}
    house.spawn("gateway", unit="gateway", **port)
    house.wait_ready()


def queues(house):
    said = house.rabbit.ctl("-q", "list_queues", "-p", "fivered", "name", "messages")
    return dict(line.split() for line in said.splitlines()[1:])


def of_partner(house):
    return [name for name in queues(house) if name.removeprefix("dead.").startswith("partner.")]


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
    assert wait_until(lambda: any(queues(house)[name] != "0" for name in of_partner(house)), 30)
    with pytest.raises(Exception, match="SERVICE_UNAVAILABLE"):
        api.get("/v1/partner/offers", DISTRICT)

    file = roll_out(house, *(name for name in SERVICES if name != "partner"))
    replace(house, "work-steward", "work-credit", FIVERED_INSTALLATION=file)
    start_gateway(house, file)
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
    assert "partner" not in fivered(house, "doctor", unit="steward", file=file)

    file = roll_out(house, *SERVICES)
    fivered(house, "topology", "apply", unit="topology", file=file)
    fivered(house, "migrate", "partner", unit="partner", file=file)
    for source in ("steward", "credit"):
        again = ("events", "replay", source, "--only-to", "partner")
        fivered(house, *again, unit=source, file=file)
    area(api, "370811015913")
    for kind in ("work", "serve"):
        house.spawn(kind, "partner", unit="partner", FIVERED_INSTALLATION=file)
    replace(house, "work-steward", "work-credit", FIVERED_INSTALLATION=file)
    start_gateway(house, file)
    wanted = {COMMUNITY, "370811015912", "370811015913"}
    assert wait_until(lambda: wanted <= known_to_partner(house), 30), known_to_partner(house)
    assert api.get("/v1/partner/offers", DISTRICT)["items"] == []
    house.end("work-partner", "serve-partner")
