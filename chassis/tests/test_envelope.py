"""The outer shape of every event is a promise of its own."""

import json
from importlib import resources

import jsonschema
import pytest

from fivered.chassis import envelope as env

CONTRACT = json.loads(
    resources.files("fivered.chassis").joinpath("contracts/envelope.v1.json").read_text("utf-8")
)


def test_what_a_service_says_has_the_promised_shape(bench):
    bench.do("add", {"counter_id": "c", "amount": 5})
    for event in bench.published():
        jsonschema.validate(event, CONTRACT["schema"])
        assert set(event) <= set(CONTRACT["schema"]["properties"])


@pytest.mark.parametrize("example", CONTRACT["examples"])
def test_every_published_example_is_still_read(example):
    read = env.decode(json.dumps(example | {"anextension": "of tomorrow"}).encode())
    assert (read.id, read.fact, read.service) == (example["id"], "added.v1", "toy")
    assert json.loads(env.encode(read)) == example


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"time": "yesterday"}, "time"),
        ({"subject": 5}, "subject"),
    ],
)
def test_a_wrong_attribute_is_named(change, where):
    with pytest.raises(env.Unreadable, match=where):
        env.decode(json.dumps(CONTRACT["examples"][0] | change).encode())


def test_a_missing_attribute_is_named():
    example = {name: value for name, value in CONTRACT["examples"][0].items() if name != "period"}
    with pytest.raises(env.Unreadable, match="period"):
        env.decode(json.dumps(example).encode())
