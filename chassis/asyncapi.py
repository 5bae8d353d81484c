"""The AsyncAPI 3 document of an installation: what may be heard, where, and in what shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from typing import cast

from chassis import LICENCE, OPERATOR
from chassis.bus import Service
from chassis.contracts import EventContract, folder_of
from chassis.facts import all_declared
from chassis.json_values import Json, JsonObject
from chassis.messages import PARTITIONS
from chassis.topology import event_exchange

_BINDING = "0.3.0"


def document(classes: Iterable[type[Service]], *, title: str, version: str) -> JsonObject:
    """Return the document: a channel per fact, public ones first in each service.

    The body is a CloudEvent in structured mode; AsyncAPI's binding is the one of AMQP 0-9-1.
    """
    channels: JsonObject = {}
    operations: JsonObject = {}
    messages: JsonObject = {}
    envelope = json.loads(
        resources.files("chassis").joinpath("contracts/envelope.v1.json").read_text("utf-8")
    )
    for cls in classes:
        for kind in sorted(
            all_declared(cls.publishes), key=lambda kind: (kind.VISIBILITY != "public", kind.FACT)
        ):
            path = folder_of(cls) / "events" / f"{kind.FACT}.json"
            contract: EventContract = json.loads(path.read_text("utf-8"))
            name = f"{cls.name}_{kind.FACT.replace('.', '_')}"
            channels[name] = _channel(cls.name, kind.FACT, name)
            operations[f"say_{name}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
                "bindings": {
                    "amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING}
                },
            }
            messages[name] = _message(contract)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": title,
            "version": version,
            "license": {"name": LICENCE["identifier"], "url": LICENCE["url"]},
            "contact": {"name": OPERATOR},
        },
        "servers": {"broker": {"host": "localhost:5672", "protocol": "amqp"}},
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
                    "vhost": "/",
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _message(contract: EventContract) -> JsonObject:
    data = {name: value for name, value in contract["schema"].items() if name != "$schema"}
    # References of the contract file point into itself; here its definitions stand inline.
    inlined = _inlined(cast("JsonObject", data), cast("JsonObject", data.pop("$defs", {})))
    return {
        "name": contract["type"],
        "title": contract["title"],
        "contentType": "application/cloudevents+json",
        "tags": [{"name": contract["visibility"]}],
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


def _inlined(schema: Json, definitions: JsonObject) -> Json:
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[str(schema["$ref"]).rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items()}
