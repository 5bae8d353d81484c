"""A file is taken while whatever takes it is killed: no line is lost or doubled."""

import itertools
import uuid
from contextlib import closing

import pytest

from fivered.clients.demo.api import Api
from fivered.clients.demo.district import GRID, PEOPLE, District

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

# Carried out by hand with 20,000 as well.
ROWS = 3000
HEAD = "person_id,name,phone,id_no,birth_year,grid,household_id,synthetic\n"
# What is killed when this part of the rows is in.
KILLED = {0.1: "work-steward", 0.3: "gateway", 0.5: "postgresql"}
SAID = "SELECT event_id, subject FROM outbox WHERE fact = 'resident_registered.v1' AND subject = ANY(%s)"


def test_whatever_is_killed_during_an_import_each_line_counts_once(installation):
    people = [f"per_{uuid.uuid4()}" for _ in range(ROWS)]
    text = HEAD + "".join(f"{one},王小丽,,,1976,{GRID},,true\n" for one in people)
    running = installation.running
    with closing(Api(running.address, running.token_key)) as api:
        District(api).load()
        headers = api._headers(PEOPLE["district"], None)
        headers |= {"Idempotency-Key": people[0], "Content-Type": "text/csv"}

        def send():
            path = "/v1/steward/imports/people"
            return api._send("POST", path, headers=headers, content=text.encode())["id"]

        job, kills, done = send(), dict(KILLED), []
        while True:
            card = api.get(f"/v1/steward/jobs/{job}", PEOPLE["district"])
            done.append(card["done"])
            if card["state"] not in {"QUEUED", "RUNNING"}:
                break
            part = next(iter(kills), 2)
            if card["done"] >= part * ROWS:
                installation.control("kill", kills.pop(part))
        assert (card["state"], kills) == ("DONE", {})
        found = card["result"]
        assert (found["rows"], found["created"], found["refused"]) == (ROWS, ROWS, 0)
        assert all(one <= after <= ROWS for one, after in itertools.pairwise(done))
        # Who did not see the answer sends it again.
        assert send() == job
    said = dict(installation.rows("steward", SAID, people))
    assert sorted(said.values()) == sorted(people)
    installation.control("kill", "rabbitmq")
    with closing(Api(running.address, running.token_key)) as api:
        for service in ("credit", "forum", "partner", "property"):
            heard = "SELECT count(DISTINCT event_id) FROM inbox WHERE event_id = ANY(%s)"

            def all_heard(service=service, heard=heard):
                return installation.rows(service, heard, list(said)) == [(ROWS,)]

            api.wait(f"{service} hears of everybody", all_heard)

        def answering():
            told = api.get("/v1/health")["services"]
            return told if all("parked" in card for card in told.values()) else None

        cards = api.wait("every service answers again", answering)
        assert {name: card["parked"] for name, card in cards.items() if card["parked"]} == {}
