"""The AsyncAPI document: complete in itself, and clean for AsyncAPI's own parser."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fivered.chassis import asyncapi
from fivered.chassis.bus import consumed_by
from fivered.chassis.contracts import facts_of
from fivered.chassis.installed import service_class, service_names

NAMES = service_names()
FACTS = [one for name in NAMES for one in facts_of(service_class(name))]
HEARD = {name: consumed_by(service_class(name)) for name in NAMES}


def document(**more):
    return asyncapi.document(FACTS, title="五红", version="1.2.3", heard=HEARD, **more)


def references_in(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from references_in(one)


def test_every_reference_leads_somewhere():
    whole = document()
    for reference in set(references_in(whole)):
        found = whole
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_who_publishes_and_who_consumes_a_fact_is_said():
    told = document()["operations"]
    by_action = {action: {n for n, o in told.items() if o["action"] == action}
                 for action in ("send", "receive")}  # fmt: skip
    assert len(by_action["send"]) == len(FACTS)
    known = {one["type"] for one in FACTS}
    heard = {
        f"{hearer}_hears_{source}_{fact}".replace(".", "_")
        for hearer, sources in HEARD.items()
        for source, facts in sources.items()
        for fact in facts
        if f"{source}.{fact}" in known
    }
    assert by_action["receive"] == heard
    assert heard


def test_the_server_is_that_of_the_installation():
    server = document(broker="amqps://events.example/five")["servers"]["broker"]
    assert (server["host"], server["pathname"], server["protocol"]) == (
        "events.example:5671", "/five", "amqps",
    )  # fmt: skip
    assert "variables" not in server
    left_open = document()["servers"]["broker"]
    assert left_open["host"] == "{host}:5672"
    assert left_open["variables"]["host"]["default"]


def test_a_public_fact_says_when_after_what_and_since_when():
    whole = document(catalogue="https://five.example")
    for fact in FACTS:
        said = whole["components"]["messages"][fact["type"].replace(".", "_")]
        assert said["x-since"] == fact["since"]
        assert said["examples"]
        assert said["externalDocs"]["url"] == f"https://five.example/events/{fact['type']}"
        if fact["visibility"] == "public":
            assert fact["when"] in said["description"]
            assert said["x-after"] == fact["after"]


PARSER = """
const {Parser} = require('@asyncapi/parser');
const text = require('fs').readFileSync(0, 'utf8');
new Parser().parse(text).then(({document, diagnostics}) => {
  console.log(JSON.stringify({valid: Boolean(document), diagnostics}));
});
"""


@pytest.mark.slow
def test_the_official_parser_has_nothing_to_say():
    """`npm install --prefix FOLDER @asyncapi/parser`; NODE_PATH=FOLDER/node_modules."""
    node = shutil.which("node")
    places = [Path(one) for one in os.environ.get("NODE_PATH", "").split(os.pathsep) if one]
    if node is None or not any((one / "@asyncapi/parser").is_dir() for one in places):
        pytest.skip("needs Node and @asyncapi/parser in NODE_PATH: npm install @asyncapi/parser")
    done = subprocess.run(
        [node, "-e", PARSER], input=json.dumps(document()), capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told == {"valid": True, "diagnostics": []}
