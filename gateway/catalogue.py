"""What services publish for everybody: as pages, as JSON Schemas, as one AsyncAPI document."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from fivered.chassis import OPERATOR, __version__, asyncapi
from fivered.chassis.fact_schemas import READERS, EventContract, kind_in_words
from fivered.chassis.facts import MEANINGS, UNIT
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import PUBLIC
from fivered.chassis.rpc import CallFailed
from fivered.chassis.topology import event_exchange
from fivered.gateway.discovery import as_json, reads_html
from fivered.gateway.dispatch import Gate
from fivered.gateway.documents import public_url
from fivered.gateway.doors import Doors
from fivered.gateway.errors import NoSuchPath
from fivered.gateway.markup import both, escaped, filled, html_response

# How long what a service has said is shown before it is asked again.
_KEPT_S = 60.0


class Catalogue:
    """These pages of one gateway. A service that is away is shown as it spoke last.

    Args:
        gate: What every door shares.
        installed: The services of this installation.
    """

    def __init__(self, gate: Gate, installed: Mapping[str, Doors]) -> None:
        self._gate = gate
        self._installed = installed
        self._facts: dict[str, list[EventContract]] = {}
        self._heard: dict[str, dict[str, list[str]]] = {}
        self._ask_at: dict[str, float] = {}
        # Of the facts as they are known now; made when it is asked for.
        self._document: JsonObject | None = None

    async def _known(self, request: Request) -> dict[str, EventContract]:
        """Return every public fact by its type.

        Raises:
            Refusal: The caller asks too often.
        """
        actor = self._gate.admit(request, (PUBLIC,))

        async def ask(service: str) -> None:
            if time.monotonic() < self._ask_at.get(service, 0.0):
                return
            # A release without this answer, or one that is away: what it said last still stands.
            with suppress(CallFailed):
                told = await self._gate.call(request, service, "_events", {}, actor=actor)
                # A release before does not say what it consumes.
                heard = told.get("heard", {})
                if (told["facts"], heard) != (self._facts.get(service), self._heard.get(service)):
                    self._facts[service], self._heard[service] = told["facts"], heard
                    self._document = None
                self._ask_at[service] = time.monotonic() + _KEPT_S

        await asyncio.gather(*(ask(service) for service in self._installed))
        return {
            fact["type"]: fact
            for service in sorted(self._installed)
            for fact in self._facts.get(service, ())
        }

    async def events(self, request: Request) -> Response:
        """List the facts."""
        known = await self._known(request)
        if not reads_html(request):
            listed = [_told(fact) for fact in known.values()]
            return as_json(request, {"items": listed, "readers": READERS})
        shown = "".join(
            f"<h2>{both(self._installed[service].tag)}</h2>" + _listed(facts)
            for service in sorted(self._installed)
            if (facts := self._facts.get(service))
        ) or filled("nothing")
        return self._page("公开事件", filled("events", listed=shown, readers=both(READERS)))

    async def event(self, request: Request) -> Response:
        """Show a fact; its JSON Schema to who does not read pages.

        Raises:
            NoSuchPath: Nobody publishes it for everybody.
        """
        fact = (await self._known(request)).get(request.path_params["type"])
        if fact is None:
            raise NoSuchPath(path=request.url.path)
        schema = cast("JsonObject", fact["schema"])
        if not reads_html(request):
            named = f"{public_url(self._gate.settings)}{request.url.path}"
            return as_json(request, {"$id": named, **schema}, "application/schema+json")
        service, _, name = fact["type"].partition(".")
        example = json.dumps(fact["examples"][0], ensure_ascii=False, indent=2)
        hearers = [one for one in sorted(self._heard) if name in self._heard[one].get(service, ())]
        parts = {
            "title": both(fact["title"]),
            "type": escaped(fact["type"]),
            "exchange": escaped(event_exchange(service)),
            "key": escaped(f"{name}.*"),
            "about": both(str(schema.get("description", ""))),
            "rows": _rows(fact, hearers),
            "readers": both(READERS),
            "members": _members(schema),
            "example": escaped(example),
        }
        return self._page(fact["type"], filled("event", **parts))

    async def asyncapi(self, request: Request) -> Response:
        """Give the AsyncAPI document of what is published for everybody."""
        known = await self._known(request)
        if self._document is None:
            settings = self._gate.settings
            self._document = asyncapi.document(
                known.values(),
                title="五红 Five Red",
                version=__version__,
                heard=self._heard,
                broker=settings.events_url,
                catalogue=public_url(settings),
                contact=settings.contact or OPERATOR,
            )
        return as_json(request, self._document)

    def _page(self, title: str, body: str) -> Response:
        demo = self._gate.settings.demo_clock
        return html_response(title, body, demo=demo, installed=self._installed)


def _listed(facts: Iterable[EventContract]) -> str:
    """Return a service's facts as a list that leads to each."""
    rows = "".join(
        f'<li><a href="/events/{escaped(fact["type"])}">{both(fact["title"])}</a> '
        f"<code>{escaped(fact['type'])}</code> {escaped(fact.get('since', ''))}</li>"
        for fact in facts
    )
    return f'<ul class="links">{rows}</ul>'


def _told(fact: EventContract) -> JsonObject:
    whole = cast("JsonObject", fact)
    said = {name: value for name, value in whole.items() if name in _LISTED}
    return {**said, "schema": f"/events/{fact['type']}"}


_LISTED = ("type", "title", "since", "about", "when", "by", "words", "after", "changes")


def _rows(fact: EventContract, hearers: Collection[str]) -> str:
    """Return what is said of a fact beside its members, as rows of a list of terms."""
    words = fact.get("words", {})
    codes = {
        "由何发布 / Said by": fact.get("by", ()),
        "先于它的事件 / After": [
            f'<a href="/events/{escaped(one)}"><code>{escaped(one)}</code></a>'
            for one in fact.get("after", ())
        ],
        "内部消费方 / Consumed here by": hearers,
    }
    rows = {
        "何时 / When": both(fact.get("when", "")),
        "始于版本 / Since": escaped(fact.get("since", "")),
        "subject 是何种编号 / What `subject` names": _coded(fact.get("about", "")),
        **{
            head: ", ".join(
                one if one.startswith("<a ") else _coded(one, words.get(one, "")) for one in listed
            )
            for head, listed in codes.items()
        },
    }
    for release, told in fact.get("changes", {}).items():
        rows[f"{release} 版变更 / Changed in {release}"] = "<br>".join(both(one) for one in told)
    return "".join(
        f"<dt>{both(head)}</dt><dd>{value}</dd>" for head, value in rows.items() if value
    )


def _coded(code: str, meaning: str = "") -> str:
    """Return a code as HTML, with what it means; nothing for none."""
    told = f" ({both(meaning)})" if meaning else ""
    return f"<code>{escaped(code)}</code>{told}" if code else ""


def _members(schema: JsonObject) -> str:
    """Return the members of a schema as a table."""
    properties = cast("dict[str, JsonObject]", schema.get("properties", {}))
    required = cast("Collection[str]", schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escaped(name)}</code></td><td>{escaped(kind_in_words(one))}</td>"
        f"<td>{'是' if name in required else '否'}</td>"
        f"<td>{_meaning(one)}</td></tr>"
        for name, one in properties.items()
    )
    heads = ("成员 / Member", "类型 / Kind", "必有 / Always", "含义 / Meaning")
    head = "".join(f'<th scope="col">{both(one)}</th>' for one in heads)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _meaning(member: JsonObject) -> str:
    """Return what a member says, its unit, and its words with what each means."""
    text = both(str(member.get("description", "")))
    if isinstance(unit := member.get(UNIT), str):
        text += f"<br>单位 / Unit: {both(unit)}"
    if isinstance(meanings := member.get(MEANINGS), dict):
        listed = "".join(
            f"<li><code>{escaped(word)}</code> {both(str(told))}</li>"
            for word, told in meanings.items()
        )
        text += f"<ul>{listed}</ul>"
    return text
