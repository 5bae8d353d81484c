"""`docs/messages.md`: what people are told, by whom, when and in which words, as the code says."""

from __future__ import annotations

from collections.abc import Iterator

from fivered.chassis.bus import Service
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.refusal import Sentence
from fivered.chassis.telling import GROUPS

_HEAD = """# 消息 / What people are told

由 `make generate` 按各服务的 `messages.py` 写成。`GET /v1/me/messages` 列出各服务告知本人的消息,
`GET /v1/me` 给出未读条数;`POST /v1/me/messages/{service}/{message_id}/read` 标为已读。
Written by `make generate` from `messages.py` of each service. `GET /v1/me/messages` lists what all
services have told the caller, `GET /v1/me` counts the unread ones. Each message is a row of the
service of origin and commits with what it tells of. Its group says for what people choose channels;
"urgent" goes out in quiet hours, too.
"""


def page() -> str:
    """Return the page."""
    lines = [_HEAD]
    lines += [f"* `{name}`: {_both(text)}" for name, text in GROUPS.items()]
    lines.append("")
    for name in service_names():
        cls: type[Service] = service_class(name)
        if cls.tells or cls.told_elsewhere:
            lines += [f"## {cls.title}\n", *_kinds(cls), ""]
    return "\n".join(lines)


def _kinds(cls: type[Service]) -> Iterator[str]:
    yield "| | 告知谁 / to whom | 何时 / when | 正文 / text | 分组 / group |"
    yield "|---|---|---|---|---|"
    for kind, said in sorted(cls.tells.items()):
        group = f"`{said.group}`" + (", 紧急 / urgent" if said.urgent else "")
        yield f"| `{kind}` | {_both(said.to)} | {_both(said.when)} | {_both(said.text)} | {group} |"
    for elsewhere in cls.told_elsewhere:
        for kind, text in sorted(elsewhere.kinds.items()):
            yield (
                f"| `{kind}` | {elsewhere.to} | {elsewhere.when} | {_both(text)}"
                f" | `{elsewhere.group}` |"
            )


def _both(text: str) -> str:
    said = Sentence(text)
    return f"{said} / {said.english}".replace("|", "\\|")
