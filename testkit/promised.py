"""What a test publishes is what its fact promises: types, forms and words."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fivered.chassis.calendar import DeadlineMoved
from fivered.chassis.promises import members_of
from fivered.chassis.schemas import schema_of
from fivered.chassis.transaction import Tx


@functools.cache
def _words(kind: type) -> dict[str, frozenset[str]]:
    """Return the words of each member of a fact that lists them, by its path."""
    members = members_of(schema_of(kind))
    return {at: frozenset(one["words"]) for at, one in members.items() if "words" in one}


def _values(found: Any, path: list[str]) -> Iterator[Any]:
    """Yield what stands at a path such as `entries`, `[]`, `kind`."""
    if found is None:
        return
    if not path:
        yield found
    elif path[0] == "[]":
        for one in found:
            yield from _values(one, path[1:])
    else:
        yield from _values(found.get(path[0]), path[1:])


def check(event: object) -> None:
    """Compare a fact with its own type.

    Raises:
        AssertionError: A member is of another form, or says a word that is not listed.
    """
    kind: Any = type(event)
    said: Mapping[str, Any] = msgspec.to_builtins(event)
    try:
        msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise AssertionError(f"{kind.__name__} is not what it promises: {error}") from error
    for at, words in _words(kind).items():
        for value in _values(said, re.findall(r"\[\]|[^.\[\]]+", at)):
            if value not in words:
                raise AssertionError(
                    f"{kind.__name__} says {at} = {value!r}, which its type does not list"
                )


def hold() -> None:
    """From now on compare every fact that a transaction of this process publishes."""
    publish = Tx.publish

    @functools.wraps(publish)
    def compared(tx: Tx, event: object, **rest: Any) -> str:
        check(event)
        named = tx.runtime.service_cls.deadline_words
        if isinstance(event, DeadlineMoved) and named and event.what not in named:
            raise AssertionError(f"{tx.runtime.name} has no deadline_words for {event.what!r}")
        return publish(tx, event, **rest)

    Tx.publish = compared  # type: ignore[assignment,method-assign]  # in tests only
