"""The whole installation of the demonstration under the same faults: five services and the gateway.

Residents record hours (steward tells credit), move (steward tells four services, in order), redeem
and give back (partner asks credit, credit answers partner). Afterwards each fact has one row in the inbox of each service that consumes it,
nothing is parked, no redemption is stuck, the ledger sums to 0.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import psycopg

from deploy.local import up
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
from tests.systems import ROOT, Distributed

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
        self._deeds = (self._hours, lambda api: scene.redeem(api, "neighbour"), self._moves)
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

    def _moves(self, api):
        """Move somebody to and fro: several facts about one subject on their way at a time."""
        path = f"/v1/steward/people/{PEOPLE['resident10'].person_id}"
        for grid in (place.SECOND_GRID, place.GRID, place.SECOND_GRID, place.GRID):
            api.advance(
                path, "move", PEOPLE["grid_worker"], {"to_grid": grid}, key=new_uuid(),
                role="R_GRID",
            )  # fmt: skip

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

    # Whether events were said again since the last look.
    _unordered = False

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
        # The last row of each inbox that was looked at, and the last event of each subject there.
        self._entered = dict.fromkeys(service_names(), 0)
        self._last = {}
        for name in service_names():
            with psycopg.connect(self._urls[name]) as conn:
                conn.execute(_NUMBERED)
        self._wallets = self._rows("credit", _WALLETS)
        self._folder = folder
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

    def restore(self, pause_s):
        """Back credit's database up, go on for a while, and bring the backup back as the runbook
        says. Returns when that was over (monotonic)."""
        found = up.running(self._folder / "up")
        env = os.environ | found["environment"]
        kept = self._folder / f"backup-{new_uuid()}"
        self._command(env, "backup", "credit", "--to", kept)
        time.sleep(pause_s)
        units = ("serve-credit", "work-credit")
        for unit in units:
            self._installation.control("stop", unit)
        ends = time.monotonic() + PATIENCE_S
        while self._rows("credit", _OTHERS)[0][0]:
            if time.monotonic() > ends:
                raise Broken("credit's processes do not let go of its database")
            time.sleep(0.05)
        # It empties what is ours; what numbers the inbox is not, and comes back with the backup.
        with psycopg.connect(self._urls["credit"]) as conn:
            conn.execute("DROP FUNCTION chaos_entered CASCADE")
        told = self._command(env, "restore", "credit", "--from", kept, "--replace", "credit")
        (newest,) = self._rows("credit", _NEWEST)[0]
        self._seen["credit"] = newest
        said = [shlex.split(line.partition("#")[0])[1:] for line in told.splitlines()
                if line.strip().startswith("fivered events replay")]  # fmt: skip
        if not said:
            raise Broken(f"restore names no source to hear again: {told}")
        for command in said:
            self._command(env, *command)
        for unit in units:
            self._installation.control("start", unit)
        # What is said again comes behind what waits already, as the runbook says.
        self._unordered = True
        return time.monotonic()

    @staticmethod
    def _command(env, *words):
        done = subprocess.run(
            [_FIVERED, *map(str, words)], env=env, cwd=ROOT, capture_output=True, text=True,
            check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        if done.returncode:
            raise Broken(f"fivered {words}: {done.stdout}{done.stderr}")
        return done.stdout

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

    def _mixed(self):
        """Tell what has entered an inbox before an earlier event of its subject, or nothing."""
        for name, reads in self._consumed.items():
            rows = self._rows(name, _SINCE, self._entered[name])
            ids = [event_id for _n, _handler, event_id in rows]
            known = {}
            for source in reads:
                asked = "SELECT event_id::text, id, subject FROM outbox WHERE event_id = ANY(%s::uuid[])"
                known |= {
                    event_id: (source, number, subject)
                    for event_id, number, subject in self._rows(source, asked, ids)
                }
            for n, handler, event_id in rows:
                self._entered[name] = n
                if event_id not in known:
                    continue  # credit has said it before it was restored
                source, number, subject = known[event_id]
                of = (name, handler, source, subject)
                before, self._last[of] = self._last.get(of, 0), number
                if number <= before and not self._unordered:
                    return f"{name} has heard event {number} of {source}, {subject}, after {before}"
        if self._unordered:
            self._unordered = False
            self._last.clear()
        return ""

    def check(self):
        """Look at what must hold whenever everything has arrived."""
        if mixed := self._mixed():
            raise Broken(mixed)
        for name in service_names():
            parked = self._rows(name, "SELECT source, fact, error FROM parked LIMIT 3")
            if parked:
                raise Broken(f"{name} has parked {parked}")
            (newest,) = self._rows(name, _NEWEST)[0]
            self._seen[name] = newest
        sheet = self._main.get("/v1/credit/trial-balance", PEOPLE["auditor"])
        if not sheet["balanced"] or sheet["sum"]:
            raise Broken(f"the ledger does not balance: {sheet}")
        held = self._rows("credit", "SELECT coalesce(sum(held), 0) FROM wallets")[0][0]
        if held:
            raise Broken(f"{held} points are held for nothing")
        wallets = self._rows("credit", _WALLETS)
        if wallets != self._wallets:
            raise Broken(f"wallets are {wallets}, and were {self._wallets}")


# Numbers what enters an inbox: its rows have a time, and a batch has one time for all.
_NUMBERED = """
CREATE TABLE chaos_entered (n bigserial PRIMARY KEY, handler text, event_id uuid);
CREATE FUNCTION chaos_entered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO public.chaos_entered (handler, event_id) VALUES (NEW.handler, NEW.event_id);
    RETURN NEW;
END $$;
CREATE TRIGGER chaos_entered AFTER INSERT ON inbox
    FOR EACH ROW EXECUTE FUNCTION chaos_entered();
"""
_SINCE = "SELECT n, handler, event_id::text FROM chaos_entered WHERE n > %s ORDER BY n"
_NEWEST = "SELECT coalesce(max(id), 0) FROM outbox"
_WALLETS = (
    "SELECT * FROM wallets WHERE (available, held, receivable, clawback) <> (0, 0, 0, 0) ORDER BY 1"
)
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_FIVERED = Path(sys.executable).with_name("fivered")


def _environ(name):
    return environment(ProcessSettings, service_class(name).settings_type)
