"""The part `webhooks` of the OpenAPI document: what a receiver is sent, and what it answers."""

from __future__ import annotations

import json
from importlib import resources
from typing import cast

from fivered.chassis.api import Schema
from fivered.chassis.json_values import JsonObject

# The door where an address is registered.
REGISTERS = "_add_webhook"
# The component that holds the schema of what is sent.
EVENT = "CloudEvent"
_MEDIA_TYPE = "application/cloudevents+json"


def _envelope() -> JsonObject:
    path = resources.files("fivered.chassis").joinpath("contracts/envelope.v1.json")
    return cast("JsonObject", json.loads(path.read_text("utf-8")))


def event() -> Schema:
    """Return the JSON Schema of an event as it is sent."""
    schema = cast("JsonObject", _envelope()["schema"])
    said = "公开事件,成员 data 见 /events/类型 / A public event; its `data` by type: /events/TYPE"
    told = {k: v for k, v in schema.items() if k != "$schema"}
    return cast("Schema", {"title": EVENT, "description": said, **told})


def _header(name: str, about: str, example: str) -> JsonObject:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": about,
        "schema": {"type": "string"},
        "example": example,
    }


def told() -> JsonObject:
    """Return the member `webhooks`: one request, whatever the type of the event."""
    (example,) = cast("list[JsonObject]", _envelope()["examples"])
    return {
        "publicEvent": {
            "post": {
                "operationId": "receivePublicEvent",
                "summary": "推送一条公开事件 / A public event is sent",
                "description": "登记的地址收到的请求(`POST /v1/{service}/webhooks`);按顺序、"
                "至少一次,按 webhook-id 去重。签名为 Standard Webhooks 的 v1:以密钥对 "
                "`webhook-id.webhook-timestamp.正文` 作 HMAC-SHA256 / What a registered address is "
                "sent, in order and at least once: drop what you know by webhook-id. The signature "
                "is v1 of Standard Webhooks: HMAC-SHA256 of `webhook-id.webhook-timestamp.body` "
                "under the secret.",
                "security": [],
                "parameters": [
                    _header(
                        "webhook-id",
                        "事件编号,重发时相同 / id of the event, the same when it comes again",
                        str(example["id"]),
                    ),
                    _header(
                        "webhook-timestamp",
                        "发送时间,Unix 秒;与当前相差过久即拒绝 / when it was sent, Unix "
                        "seconds; refuse what is too old",
                        "1764482400",
                    ),
                    _header(
                        "webhook-signature",
                        "v1,Base64;换密钥的 24 小时内有两个,以空格分开 / v1,Base64; two with "
                        "a space between for 24 h after the secret was replaced",
                        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
                    ),
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        _MEDIA_TYPE: {
                            "schema": {"$ref": f"#/components/schemas/{EVENT}"},
                            "example": example,
                        }
                    },
                },
                "responses": {
                    "2XX": {
                        "description": "已收到,须在 10 秒内答复 / you have it; answer within 10 s"
                    },
                    "410": {
                        "description": "不再要:推送立即停止 / not wanted any more: it is paused"
                    },
                    "default": {
                        "description": "未收到:稍后重试,三天不成即暂停 / you do not have it: it "
                        "comes again, and is paused after three days"
                    },
                },
            }
        }
    }
