"""What the catalogue says of facts is what a whole story publishes: form, words, subject, order."""

import json
import sqlite3
from collections import defaultdict
from contextlib import closing

import jsonschema
import pytest

from fivered.chassis.contracts import facts_of
from fivered.chassis.facts import WORDS
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.outgoing import MessagesTold


def published(folder, service):
    """Return the events of a service, in order."""
    with closing(sqlite3.connect(folder / "data" / f"{service}.sqlite")) as conn:
        rows = conn.execute("SELECT body FROM outbox ORDER BY id").fetchall()
    return [json.loads(body) for (body,) in rows]


# In the story nobody signs in: what identity tells goes out in test_account_told.
PUBLISHING = [name for name in service_names() if {*service_class(name).publishes} - {MessagesTold}]


@pytest.mark.parametrize("service", PUBLISHING)
def test_every_event_of_the_story_is_what_its_contract_says(undisturbed, service):
    contracts = {one["type"]: one for one in facts_of(service_class(service))}
    checks = {
        name: jsonschema.Draft202012Validator(one["schema"]) for name, one in contracts.items()
    }
    events = published(undisturbed, service)
    assert events
    said = defaultdict(set)
    for event in events:
        contract = contracts[event["type"]]
        checks[event["type"]].validate(event["data"])
        for name, member in contract["schema"]["properties"].items():
            value = event["data"].get(name)
            assert value is None or value in member.get(WORDS, (value,)), (event["type"], name)
        assert event["aggregatetype"] == contract["about"]
        before = said[event["aggregatetype"], event["subject"]]
        assert not contract.get("after") or before & set(contract["after"]), event
        before.add(event["type"])
