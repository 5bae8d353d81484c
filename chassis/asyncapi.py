"""The AsyncAPI 3 document of an installation: what may be heard, where, and in what shape."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from importlib import resources
from typing import cast
from urllib.parse import urlsplit

from fivered.chassis import LICENCE, OPERATOR
from fivered.chassis.fact_schemas import READERS, EventContract
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.messages import PARTITIONS
from fivered.chassis.topology import VHOST, event_exchange, vhost_of

_BINDING = "0.3.0"


def document(
    facts: Iterable[EventContract],
    *,
    title: str,
    version: str,
    heard: Mapping[str, Mapping[str, Collection[str]]],
    broker: str = "",
    catalogue: str = "",
    contact: str = OPERATOR,
) -> JsonObject:
    """Return the document: a channel per fact, in their order.

    The body is a CloudEvent in structured mode; AsyncAPI's binding is the one of AMQP 0-9-1.

    Args:
        facts: What is published.
        title: Of the document.
        version: Of the release.
        heard: Which facts of which services each service consumes.
        broker: Where outside consumers reach the broker, `amqps://host:port/vhost`; "" leaves the
            host open.
        catalogue: The address of the gateway, whose pages explain each fact; "" where none is.
        contact: Who answers for it.
    """
    server = _server(broker)
    channels: JsonObject = {}
    operations: JsonObject = {}
    messages: JsonObject = {}
    envelope = json.loads(
        resources.files("fivered.chassis").joinpath("contracts/envelope.v1.json").read_text("utf-8")
    )
    (enveloped,) = envelope["examples"]
    for contract in facts:
        service, _, fact = contract["type"].partition(".")
        name = contract["type"].replace(".", "_")
        channels[name] = _channel(service, fact, name)
        operations[f"say_{name}"] = {
            "action": "send",
            "summary": f"{service} publishes it",
            "tags": [{"name": service}],
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            "bindings": {
                "amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING}
            },
        }
        for hearer, sources in sorted(heard.items()):
            if fact in sources.get(service, ()):
                operations[f"{hearer}_hears_{name}"] = {
                    "action": "receive",
                    "summary": f"{hearer} consumes it",
                    "tags": [{"name": hearer}],
                    "channel": {"$ref": f"#/channels/{name}"},
                    "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
                    "bindings": {"amqp": {"ack": True, "bindingVersion": _BINDING}},
                }
        messages[name] = _message(contract, enveloped, catalogue)
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": READERS,
            "license": {"name": LICENCE["identifier"], "url": LICENCE["url"]},
            "contact": {"name": contact},
        },
        "servers": {"broker": server},
        "defaultContentType": envelope["content_type"],
        "channels": channels,
        "operations": operations,
        "components": {
            "securitySchemes": {
                "consumer": {
                    "type": "userPassword",
                    "description": "消费方自己的用户,由运维开通 / A user of the consumer's own: "
                    "`fivered consumer add NAME` lets it in.",
                }
            },
            "messages": messages,
            "schemas": {
                "envelope": {k: v for k, v in envelope["schema"].items() if k != "$schema"}
            },
        },
    }


def _server(broker: str) -> JsonObject:
    server: JsonObject = {
        "host": "{host}:5672",
        "pathname": f"/{VHOST}",
        "protocol": "amqp",
        "description": "RabbitMQ. `fivered consumer add NAME` lets an outside consumer in: "
        "a user of its own, its queues, what it may read.",
        "security": [{"$ref": "#/components/securitySchemes/consumer"}],
    }
    if not broker:
        return server | {
            "variables": {"host": {"default": "localhost", "description": "The broker"}}
        }
    place = urlsplit(broker)
    port = place.port or {"amqps": 5671}.get(place.scheme, 5672)
    return server | {
        "host": f"{place.hostname}:{port}",
        "pathname": f"/{vhost_of(broker)}",
        "protocol": place.scheme,
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


def _message(contract: EventContract, enveloped: JsonObject, catalogue: str) -> JsonObject:
    data = {name: value for name, value in contract["schema"].items() if name != "$schema"}
    # References of the contract file point into itself; here its definitions stand inline.
    inlined = _inlined(cast("JsonObject", data), cast("JsonObject", data.pop("$defs", {})))
    said: JsonObject = {
        "name": contract["type"],
        "title": contract["title"],
        "summary": contract.get("when", contract["title"]),
        "description": _described(contract),
        "contentType": "application/cloudevents+json",
        "tags": [{"name": contract["visibility"]}],
        # A release before said neither.
        "x-since": contract.get("since", ""),
        "x-about": contract.get("about", ""),
        "x-said-by": [*contract.get("by", ())],
        "x-after": [*contract.get("after", ())],
        "x-changes": {release: [*told] for release, told in contract.get("changes", {}).items()},
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
    if catalogue:
        said["externalDocs"] = {"url": f"{catalogue}/events/{contract['type']}"}
    return said


def _described(contract: EventContract) -> str:
    """Return what a fact means, when it is said, and after what."""
    parts = [contract["schema"].get("description", "")]
    if "when" in contract:
        parts += [f"何时 / When: {contract['when']}", f"由 / By: {', '.join(contract['by'])}"]
    if contract.get("after"):
        parts.append(f"先于它 / After: {', '.join(contract['after'])}")
    if "since" in contract:
        parts.append(f"始于 / Since: {contract['since']}")
    return "\n\n".join(part for part in parts if part)


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
