"""`docs/waiting.md`: what can wait for whom, and which act is expected, as the code says."""

from __future__ import annotations

from deploy.waiting_told import TOLD, WHY
from fivered.chassis.bus import Service, ways_of
from fivered.chassis.installed import service_class, service_names

_HEAD = """# 待办 / What waits for whom

由 `make generate` 按各服务的 `views/waiting.py` 写成。`GET /v1/me` 按此列出本人的身份、授权与待办;
全部待办(筛选、分页)见 `GET /v1/me/work`。每一类取自一个既有列表,只列本人可以办理的。
Written by `make generate` from `views/waiting.py` of each service. `GET /v1/me` tells who the
caller is, by which rights and why, and what of these waits. Each kind is read off a list; what the
caller may not do is left out. A service that does not answer within 1.5 s is named. All that waits,
filtered and in pages: `GET /v1/me/work`. The last column names the
[messages](messages.md) that say so when it begins to wait, or why there is none.

"""


def page() -> str:
    """Return the page."""
    lines = [_HEAD + "\n".join(f"* `{why}`: {text}" for why, text in WHY.items()) + "\n"]
    for name in service_names():
        cls: type[Service] = service_class(name)
        ways = ways_of(cls)
        lines += [
            f"## {cls.title}\n",
            "| | 待办 / what waits | 办理 / act | 角色 / roles | 列表 / list | 消息 / messages |",
            "|---|---|---|---|---|---|",
        ]
        for row in cls.waits:
            roles = "本人 / whom it concerns" if "*" in ways.roles(row) else ""
            told = roles or ", ".join(f"`{one}`" for one in ways.roles(row))
            verb, _, path = ways.doors[row.act][1].partition(" ")
            listed = ways.lists.get(row.view, "").partition(" ")[2]
            shown = f"`/v1/{name}{listed}`" if listed else ""
            how = TOLD[name][row.kind]
            said = ", ".join(f"`{one}`" for one in ([how] if isinstance(how, str) else how))
            act = f"`{verb} /v1/{name}{path}`"
            lines.append(f"| `{row.kind}` | {row.text} | {act} | {told} | {shown} | {said} |")
        lines.append("")
    return "\n".join(lines)
