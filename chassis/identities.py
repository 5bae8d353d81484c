"""One person under two ids: what is told of an id that was given up is told of the kept one.

Facts come in any order between aggregates: a post, a signature or a second merge may name an id
after its own merge was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis.messages import Event

# The members of facts that name persons, alone or in a list.
PERSONS = (
    "person_id",
    "reporter_id",
    "proposer",
    "operators",
    "representatives",
    "members",
    "barred",
    "concerned",
)

Kept = Callable[[Collection[str]], Mapping[str, str]]


def redirected(heard: Sequence[Event], kept: Kept, *, own: Collection[type]) -> list[Event]:
    """Return events that name the kept id wherever they named one that was given up.

    Args:
        heard: A batch.
        kept: Returns, for those of some ids that were given up, the id that is kept.
        own: Facts of the registry about one registration; it stays the one that they name.
    """
    found = [_named(event.data, own) for event in heard]
    wanted = {one for named in found for value in named.values() for one in _each(value)}
    instead = kept(wanted) if wanted else {}
    if not instead:
        return list(heard)
    return [_with(event, named, instead) for event, named in zip(heard, found, strict=True)]


def one_each(people: Sequence[str], instead: Mapping[str, str]) -> list[str]:
    """Return people under the ids that are kept, each once, in their order."""
    return list(dict.fromkeys(instead.get(one, one) for one in people))


def _named(data: Any, own: Collection[type]) -> dict[str, Any]:
    names = () if type(data) in own else PERSONS
    found = {name: getattr(data, name, None) for name in names}
    return {name: value for name, value in found.items() if value}


def _each(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _with(event: Event, named: Mapping[str, Any], instead: Mapping[str, str]) -> Event:
    changed = {
        name: instead[value] if isinstance(value, str) else one_each(value, instead)
        for name, value in named.items()
        if not instead.keys().isdisjoint(_each(value))
    }
    return replace(event, data=replace(event.data, **changed)) if changed else event
