"""`docs/changes.md`: what each release changed of every public fact and of every door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fivered.chassis import contracts, releases
from fivered.chassis.installed import service_class, service_names

_HEAD = (
    "# 变更 / Changes of events and calls\n\n"
    "Written by `make generate` from the contracts and from what the last release froze. What is "
    "not named here is as it was:\na released event or call only gains (`fivered contracts check`)."
    " `fivered events changes [TYPE]` shows the events alone,\n`/events/TYPE` of the gateway one "
    "of them. What a release breaks on purpose stands in it with its reason.\n"
)


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_facts(), *_doors()]) + "\n"


def _facts() -> Iterator[str]:
    yield "## 公开事件 / Public events\n"
    for name in service_names():
        for fact in contracts.facts_of(service_class(name)):
            if fact["visibility"] == "public":
                yield from _history(fact["type"], fact["since"], fact.get("changes", {}))
    yield ""


def _history(name: str, since: str, changes: dict[str, list[str]]) -> Iterator[str]:
    yield f"- `{name}`: {since}"
    for release, told in sorted(changes.items()):
        yield f"  - {release}: {_listed(told)}"


def _doors() -> Iterator[str]:
    yield "## 接口 / Calls\n"
    for name in service_names():
        cls = service_class(name)
        api = contracts.api_of(cls)
        told = releases.door_changes(contracts.folder_of(cls), api)
        first = {door["since"] for door in releases.doors_in(contracts.folder_of(cls)).values()}
        yield f"### {api.title}\n"
        yield (
            f"Calls that are not named are of {', '.join(sorted(first))}, as they were.\n"
            if (first)
            else "No call has been released.\n"
        )
        for key, changes in told.items():
            for release, lines in sorted(changes.items()):
                yield f"- `{key}`: {release}: {_listed(lines)}"
        yield ""


def _listed(told: Iterable[str]) -> str:
    return "; ".join(told)
