"""The AsyncAPI 3 document of an installation: what may be heard, where, and in what shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from typing import cast

from chassis import LICENCE, OPERATOR
from chassis.contracts import EventContract
from chassis.json_values import Json, JsonObject
from chassis.messages import PARTITIONS
from chassis.topology import VHOST, event_exchange

_BINDING = "0.3.0"


def document(facts: Iterable[EventContract], *, title: str, version: str) -> JsonObject:
    """Return the document: a channel per fact, in their order.

    The body is a CloudEvent in structured mode; AsyncAPI's binding is the one of AMQP 0-9-1.
    """
    channels: JsonObject = {}
    operations: JsonObject = {}
    messages: JsonObject = {}
    envelope = json.loads(
        resources.files("chassis").joinpath("contracts/envelope.v1.json").read_text("utf-8")
    )
    (enveloped,) = envelope["examples"]
    for contract in facts:
        service, _, fact = contract["type"].partition(".")
        name = contract["type"].replace(".", "_")
        channels[name] = _channel(service, fact, name)
        operations[f"say_{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            "bindings": {
                "amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING}
            },
        }
        messages[name] = _message(contract, enveloped)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": title,
            "version": version,
            "license": {"name": LICENCE["identifier"], "url": LICENCE["url"]},
            "contact": {"name": OPERATOR},
        },
        "servers": {
            "broker": {
                "host": "{host}:5672",
                "pathname": f"/{VHOST}",
                "protocol": "amqp",
                "description": "RabbitMQ. `fivered topology consumer NAME` prints what lets an "
                "outside consumer in: a user of its own, its queues, what it may read.",
                "variables": {"host": {"default": "localhost", "description": "The broker"}},
                "security": [{"type": "userPassword"}],
            }
        },
        "defaultContentType": envelope["content_type"],
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": {
                "envelope": {k: v for k, v in envelope["schema"].items() if k != "$schema"}
            },
        },
    }


def _channel(service: str, fact: str, name: str) -> JsonObject:
    return {
        "address": f"{fact}.{{partition}}",
        "parameters": {
            "partition": {
                "description": "By subject: facts about one subject stay in order",
                "enum": [str(number) for number in range(PARTITIONS)],
            }
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": event_exchange(service),
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                    "vhost": VHOST,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _message(contract: EventContract, enveloped: JsonObject) -> JsonObject:
    data = {name: value for name, value in contract["schema"].items() if name != "$schema"}
    # References of the contract file point into itself; here its definitions stand inline.
    inlined = _inlined(cast("JsonObject", data), cast("JsonObject", data.pop("$defs", {})))
    return {
        "name": contract["type"],
        "title": contract["title"],
        "contentType": "application/cloudevents+json",
        "tags": [{"name": contract["visibility"]}],
        "examples": [
            {"payload": event_of(contract, one, enveloped)} for one in contract["examples"]
        ],
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "properties": {"type": {"const": contract["type"]}, "data": inlined},
                },
            ]
        },
    }


def event_of(contract: EventContract, data: JsonObject, enveloped: JsonObject) -> JsonObject:
    """Return an example of a fact as it is published: its data in the envelope of an example."""
    service = contract["type"].partition(".")[0]
    given: JsonObject = {"source": f"/fivered/{service}", "type": contract["type"], "data": data}
    return enveloped | given


def _inlined(schema: Json, definitions: JsonObject) -> Json:
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[str(schema["$ref"]).rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items()}
