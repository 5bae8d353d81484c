"""Facts: what a service publishes, and what it reads of the facts of others. Pure.

A fact and a reader are frozen dataclasses; a decorator says which fact it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import (
    TYPE_CHECKING,
    ClassVar,
    Literal,
    Protocol,
    TypeVar,
    cast,
    dataclass_transform,
    get_args,
)

from msgspec import Meta

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

# Lists of words are open: a later release may say another one, and who reads it says nothing of
# an error. JSON Schema's `enum` is closed.
WORDS, MEANINGS, UNIT = "x-extensible-enum", "x-words", "x-unit"


def words(meaning: str, *codes: object, **explained: str) -> Meta:
    """Return what a member says that holds one of these words; what each means, `words.po` says.

    Args:
        meaning: "中文 / English".
        codes: Words, or a `Literal` of them.
        explained: Words that mean here what `words.po` does not say: "中文 / English".
    """
    listed = [word for code in codes for word in (get_args(code) or (code,))]
    told: dict[str, object] = {WORDS: [*listed, *explained]}
    if explained:
        told[MEANINGS] = explained
    return Meta(description=meaning, extra_json_schema=told)


def measure(meaning: str, unit: str) -> Meta:
    """Return what a member says that holds a number; both texts are "中文 / English"."""
    return Meta(description=meaning, extra_json_schema={UNIT: unit})


def moment(meaning: str) -> Meta:
    """Return what a member says that holds a time; the text is "中文 / English"."""
    return Meta(description=meaning, extra_json_schema={"format": "date-time"})


class Declared(Protocol):
    """What the decorators below write on a class."""

    FACT: ClassVar[str]
    AGGREGATE: ClassVar[str]
    VISIBILITY: ClassVar[str]
    WHEN: ClassVar[str]
    BY: ClassVar[tuple[str, ...]]
    AFTER: ClassVar[tuple[str, ...]]
    SOURCE: ClassVar[str]


def declared(kind: type) -> type[Declared]:
    """Return a fact, or a reader of one, as what its decorator has made of it."""
    return cast("type[Declared]", kind)


def all_declared(kinds: Iterable[type]) -> Iterator[type[Declared]]:
    """Return facts, or readers of them, as `declared` does."""
    return map(declared, kinds)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def fact(
    name: str,
    *,
    about: str,
    visibility: Literal["internal", "public"] = "internal",
    when: str = "",
    by: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
) -> Callable[[type[T]], type[T]]:
    """Declare what a service publishes. A fact says when, by what and after what.

    Args:
        name: The fact and its version, such as "request_rated.v1".
        about: Kind of thing whose facts stay in order, such as "request".
        visibility: Who else may read it; "public" facts leave the installation.
        when: "中文 / English": what has happened, and whether it is said once or again.
        by: The doors, timers and subscriptions that say it, by their names in the service.
        after: The facts about the same subject of which one comes before it.
    """
    return _declared(
        FACT=name, AGGREGATE=about, VISIBILITY=visibility, WHEN=when, BY=by, AFTER=after
    )


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def reads(source: str, name: str) -> Callable[[type[T]], type[T]]:
    """Declare what a service reads of a fact; it names only the members that it uses.

    Args:
        source: The service that publishes it.
        name: The fact and its version.
    """
    return _declared(SOURCE=source, FACT=name)


def _declared(**said: object) -> Callable[[type[T]], type[T]]:
    def declare(cls: type[T]) -> type[T]:
        for name, value in said.items():
            setattr(cls, name, value)
        return dataclass(frozen=True, slots=True)(cls)

    return declare


def fact_of(kind: type[T], row: object, /, **more: object) -> T:
    """Return the fact about a row: its columns by the names of the members, and `more`.

    Raises:
        AttributeError: The row has no such column, and `more` does not say it.
    """
    members = cast("type[DataclassInstance]", kind).__dataclass_fields__
    told = {name: getattr(row, name) for name in members if name not in more}
    return kind(**told, **more)


def published_in(events: ModuleType) -> tuple[type[Declared], ...]:
    """Return every fact that a service's `events` declares."""
    return tuple(kind for kind in _kinds_in(events) if hasattr(kind, "AGGREGATE"))


def read_in(
    events: ModuleType, *sources: str, but: Collection[type] = ()
) -> tuple[type[Declared], ...]:
    """Return every reader that a service's `events` declares.

    Args:
        events: The module.
        sources: Whose facts; all when none is named.
        but: Readers that have a row of their own.
    """
    readers = (kind for kind in _kinds_in(events) if hasattr(kind, "SOURCE") and kind not in but)
    return tuple(kind for kind in readers if not sources or kind.SOURCE in sources)


def is_of(kind: type, room: str) -> bool:
    """Tell whether a type is declared in a service's `events`, a module or a folder of them."""
    return kind.__module__ == room or kind.__module__.startswith(f"{room}.")


def _kinds_in(module: ModuleType) -> Iterator[type[Declared]]:
    for kind in vars(module).values():
        if isinstance(kind, type) and is_of(kind, module.__name__):
            yield cast("type[Declared]", kind)
