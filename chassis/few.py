"""Counts of people on doors that everybody may ask: one to four are not told.

Where fewer than five stand behind a number, a neighbour knows who they are. A member that counts
people is marked in its reply's type (`Annotated[int, PEOPLE]`), the type is a `Counts`, and the
view calls `hide` for callers who do not act for the place. What is hidden is left out where the
type allows that, else null; a number that a release has promised says 0. In each case `few` names
it: a 0 that it does not name means nobody.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from types import UnionType
from typing import Annotated, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.replies import Reply

# Fewer than that many people can be recognised.
LEAST = 5
# What the contract says of such a member: below this, it is hidden from the public.
HIDDEN_BELOW = "x-hidden-below"
PEOPLE = Meta(extra_json_schema={HIDDEN_BELOW: LEAST})


class Counts(Reply, kw_only=True):
    """Base of replies that count people."""

    few: (
        Annotated[
            list[str],
            Meta(
                description="所列数字涉及不足五人或可由其推算,不公布 / these numbers stand for "
                "fewer than five people, or would tell such a number: they are not told"
            ),
        ]
        | UnsetType
    ) = UNSET


CountsT = TypeVar("CountsT", bound=Counts)


def is_few(count: object) -> bool:
    """Tell whether a number of people is too small to be told; 0 is nobody."""
    return isinstance(count, int) and 0 < count < LEAST


def hide(
    reply: CountsT,
    *,
    parts: Mapping[str, str] | None = None,
    together: Mapping[str, str] | None = None,
) -> CountsT:
    """Hide what counts fewer than five people, and what would tell such a number; returns `reply`.

    Args:
        reply: Its marked members are looked at, and changed.
        parts: Members that are a part of another one: the rest may be too small as well.
        together: Members that are told only where another one is, such as a sum over these people.
    """
    counts = {name: getattr(reply, name) for name in _counting(type(reply))}
    hidden = _hidden(counts, parts or {})
    hidden |= {name for name, of in (together or {}).items() if of in hidden}
    return leave_out(reply, hidden)


def hide_in(
    told: Mapping[str, object], counting: Collection[str], parts: Mapping[str, str]
) -> dict[str, object]:
    """Return an object whose members no type of ours declares, with nulls as `hide` would hide.

    Args:
        told: The object.
        counting: Its members that count people.
        parts: As of `hide`.
    """
    hidden = _hidden({name: told.get(name) for name in counting}, parts)
    named: dict[str, object] = {"few": sorted(hidden)} if hidden else {}
    return {**told, **dict.fromkeys(hidden), **named}


def _hidden(counts: Mapping[str, object], parts: Mapping[str, str]) -> set[str]:
    hidden = {name for name, count in counts.items() if is_few(count)}
    for part, whole in parts.items():
        of, count = counts[whole], counts[part]
        rest = of - count if isinstance(of, int) and isinstance(count, int) else 0
        if whole in hidden or is_few(rest):
            hidden.add(part)
    return hidden


def leave_out(reply: CountsT, names: set[str]) -> CountsT:
    """Hide members of a reply, and name them in `few`; returns `reply`."""
    if names:
        for name in names:
            setattr(reply, name, _in_place_of(type(reply))[name])
        reply.few = sorted({*names, *(reply.few or ())})
    return reply


def hidden_parts(counts: Mapping[str, int]) -> set[str]:
    """Return which parts of a total that is told are hidden.

    The small ones, and so many of the next larger ones that the total without the others tells no
    number below five, and of no single part.
    """
    found = {name for name, count in counts.items() if is_few(count)}
    if not found:
        return found
    others = sorted((count, name) for name, count in counts.items() if count >= LEAST)
    for _, name in others:
        if len(found) > 1 and sum(counts[one] for one in found) >= LEAST:
            break
        found.add(name)
    return found


@functools.cache
def _counting(kind: type[Counts]) -> tuple[str, ...]:
    """Return the marked members of a type of replies."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name, hint in hints.items() if _is_marked(hint))


def _is_marked(hint: object) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return any(map(_is_marked, get_args(hint)))
    marks = getattr(hint, "__metadata__", ())
    said = [one.extra_json_schema or {} for one in marks if isinstance(one, Meta)]
    return any(HIDDEN_BELOW in one for one in said)


@functools.cache
def _in_place_of(kind: type[Counts]) -> Mapping[str, object]:
    """Return what each member says that is hidden."""
    found: dict[str, object] = {}
    for name, hint in get_type_hints(kind).items():
        may = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        found[name] = UNSET if UnsetType in may else None if type(None) in may else 0
    return found
