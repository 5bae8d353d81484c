"""The whole installation of the demonstration under the same faults: five services and the gateway.

Residents record hours (steward tells credit) and redeem and give back (partner asks credit, credit
answers partner). Afterwards each fact has one row in the inbox of each service that consumes it,
nothing is parked, no redemption is stuck, the ledger sums to 0.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import httpx
import psycopg

from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import new_uuid
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings, database_variable
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Api, Refused
from fivered.clients.demo.district import PEOPLE, District
from fivered.services.credit.tests import stage
from testkit.bench import Bench, environment
from testkit.proxy import Proxy
from tests.chaos.scene import PATIENCE_S, Broken, Calling
from tests.systems import Distributed

NAMES = tuple(f"{kind}-{name}" for name in service_names() for kind in ("serve", "work"))
_DAY = "2024-12-20"


class Patient(Api):
    """Repeats at once what got no answer."""

    def _send(self, method, path, **options):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self._client.request(method, path, **options)
                if answer.status_code not in {429, 502, 503} and not _in_flight(answer):
                    return self._read(answer)
                why = answer.text[:200]
            except httpx.TransportError as error:
                why = repr(error)
            if time.monotonic() > end:
                raise Broken(f"{method} {path}: {why}")
            time.sleep(0.05)


def _in_flight(answer):
    return answer.status_code == 409 and answer.json().get("code") == "IN_FLIGHT"


class Load(Calling):
    """Residents who record hours, and one who redeems and gives back."""

    patience_s = PATIENCE_S + 30

    def __init__(self, scene):
        self._scene = scene
        self._deeds = (self._hours, lambda api: scene.redeem(api, "neighbour"))
        super().__init__(len(self._deeds))

    def _call(self, n):
        api = self._scene.api()
        while self._may(n):
            try:
                self._deeds[n](api)
                self.answered[f"kind {n}"] += 1
            except Exception as error:
                self._failed(n, repr(error))
                return
            time.sleep(0.05)
        api.close()

    def _hours(self, api):
        number = self.answered["kind 0"]
        record = f"vol_{new_uuid()}"
        made = api.post(
            "/v1/steward/volunteer-hours",
            PEOPLE["grid_worker"],
            {"record_id": record, "person_id": PEOPLE["resident"].person_id, "minutes": 1,
             "source": "QR", "date": _DAY, "activity": f"清洁第 {number} 次"},
            key=f"{record}-1", role="R_GRID",
        )  # fmt: skip
        api.post(
            f"/v1/steward/volunteer-hours/{record}/confirm", PEOPLE["cadre"], {"minutes": 1},
            key=f"{record}-2", role="R_CADRE", version=made["version"],
        )  # fmt: skip


class DistrictScene:
    """The installation behind two proxies."""

    def __init__(self, stack, on, folder):
        self.on = on
        self.broker, self.database = Proxy(on.rabbit.port), Proxy(on.postgres.port)
        self._urls = {
            name: on.postgres.create_database(f"fivered_{name}") for name in service_names()
        }
        through = {
            database_variable(name): url.replace(f":{on.postgres.port}/", f":{self.database.port}/")
            for name, url in self._urls.items()
        }
        through["FIVERED_BROKER_URL"] = on.rabbit.url().replace(
            f":{on.rabbit.port}/", f":{self.broker.port}/"
        )
        through["FIVERED_DEMO_DISTRICT"] = "0"
        self._installation = Distributed(folder / "up")
        os.environ.update(through)
        try:
            self._running = self._installation.start()
        finally:
            for name in through:
                del os.environ[name]
        stack.callback(self.broker.close)
        stack.callback(self.database.close)
        stack.callback(self._installation.stop)
        self._main = self.api()
        stack.callback(self._main.close)
        District(self._main).load()
        self._give_points()
        self._consumed = {
            name: {
                source: set(facts)
                for source, facts in Runtime.open(
                    service_class(name), self._urls[name], environ=_environ(name)
                ).reads_of.items()
            }
            for name in service_names()
        }
        self._seen = dict.fromkeys(service_names(), 0)
        self.processes = {
            name: SimpleNamespace(log=folder / "up" / "logs" / f"{name}.log") for name in NAMES
        }
        self.load = Load(self)
        stack.callback(self.load.end)

    def api(self):
        """Return a client of the gateway."""
        return Patient(self._running.address, self._running.token_key)

    def _give_points(self):
        runtime = Runtime.open(
            service_class("credit"), self._urls["credit"], environ=_environ("credit")
        )
        for number, who in enumerate(("resident", "neighbour")):
            subject = f"RES:{PEOPLE[who].person_id}"
            award = f"00000000-0000-4000-8000-{number:012d}"
            bench = Bench(runtime)
            bench.at("2025-02-10T09:00:00")
            stage.give(bench, subject, "2025-01", 100_000, award)
        runtime.close()

    # --------------------------------------------------------------------------------- what is done

    def kill(self, name):
        """Kill a process; its supervisor starts it again."""
        self._installation.control("kill", name)

    def set_clock(self, seconds):
        """Let the clock jump, by an hour at most: a day of a whole district takes its time."""
        later = self._main.now() + timedelta(seconds=min(seconds, 3600))
        self._main.move_clock(later, PEOPLE["district"])

    def redeem(self, api, who):
        """Redeem, wait until the points are held, and give the voucher back."""
        key = new_uuid()
        body = {"offer_id": place.HAIRCUT, "qty": 1, "wallet": "RES"}
        made = api.post("/v1/partner/redemptions", PEOPLE[who], body, key=key)
        path = f"/v1/partner/redemptions/{made['id']}"
        end = time.monotonic() + PATIENCE_S
        while (card := api.get(path, PEOPLE[who]))["state"] == "REQUESTED":
            if time.monotonic() > end:
                raise Broken(f"{path} waits for its points")
            time.sleep(0.02)
        held_at = time.monotonic()
        if card["state"] == "RESERVED":
            with suppress(Refused):
                # A repeat that finds it cancelled already is refused.
                api.post(f"{path}/cancel", PEOPLE[who], {}, key=f"{key}-2", version=card["version"])
        return held_at

    # -------------------------------------------------------------------------------- what is asked

    def recovered(self, since):
        """Redeem: partner asks credit, and credit answers. Returns how long that took (s)."""
        return self.redeem(self._main, "resident") - since

    def settle(self):
        """Let people rest, and what is on its way arrive."""
        self.load.pause()
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                open_ = self._open()
            except psycopg.Error as error:
                open_ = repr(error)
            if not open_:
                return
            if time.monotonic() > end:
                raise Broken(f"not at rest after {PATIENCE_S} s: {open_}")
            time.sleep(0.1)

    def _rows(self, service, statement, *values):
        with psycopg.connect(self._urls[service]) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def _open(self):
        """Tell what is still on its way, or nothing."""
        for name in service_names():
            if unsent := self._rows(name, "SELECT count(*) FROM outbox WHERE sent_at IS NULL")[0][
                0
            ]:
                return f"{name} has not sent {unsent}"
        if lacking := self._lacking():
            return lacking
        asked = "SELECT count(*) FROM redemptions WHERE state NOT IN ('CANCELLED', 'REJECTED')"
        if waiting := self._rows("partner", asked)[0][0]:
            return f"{waiting} redemptions have not ended"
        return ""

    def _lacking(self):
        asked = "SELECT id, event_id::text, fact FROM outbox WHERE id > %s"
        for source in service_names():
            said = self._rows(source, asked, self._seen[source])
            for name, reads in self._consumed.items():
                wanted = [row[1] for row in said if row[2] in reads.get(source, ())]
                found = "SELECT event_id::text FROM inbox WHERE event_id = ANY(%s::uuid[])"
                counted = Counter(row[0] for row in self._rows(name, found, wanted))
                wrong = [one for one in wanted if counted[one] != 1]
                if wrong:
                    return f"{name} of {source}: no effect, or two, of {wrong[:5]}"
        return ""

    def check(self):
        """Look at what must hold whenever everything has arrived."""
        for name in service_names():
            parked = self._rows(name, "SELECT source, fact, error FROM parked LIMIT 3")
            if parked:
                raise Broken(f"{name} has parked {parked}")
            (newest,) = self._rows(name, "SELECT coalesce(max(id), 0) FROM outbox")[0]
            self._seen[name] = newest
        sheet = self._main.get("/v1/credit/trial-balance", PEOPLE["auditor"])
        if not sheet["balanced"] or sheet["sum"]:
            raise Broken(f"the ledger does not balance: {sheet}")
        held = self._rows("credit", "SELECT coalesce(sum(held), 0) FROM wallets")[0][0]
        if held:
            raise Broken(f"{held} points are held for nothing")


def _environ(name):
    return environment(ProcessSettings, service_class(name).settings_type)
