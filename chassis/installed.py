"""What is installed here: units register by entry point, so that nothing names them in code."""

from __future__ import annotations

import functools
import tomllib
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivered.chassis.bus import Service

SERVICES = "fivered.services"
COMMANDS = "fivered.commands"
GATEWAY = "fivered.gateway"
DEMO = "fivered.demo"
ALL = "all"


class NotInstalled(LookupError):
    """No unit of that name is installed; the message lists those that are."""


@functools.cache
def points(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name, in the order of their names."""
    found = {point.name: point for point in entry_points(group=group)}
    return dict(sorted(found.items()))


def service_names() -> list[str]:
    """Return the names of the installed services."""
    return list(points(SERVICES))


def service_class(name: str) -> type[Service]:
    """Return the class of an installed service.

    Raises:
        NotInstalled: There is no such service here.
    """
    point = points(SERVICES).get(name)
    if point is None:
        known = ", ".join(service_names()) or "none"
        raise NotInstalled(f"no service {name!r} is installed here (installed: {known})")
    return cast("type[Service]", point.load())


def services_of(asked: Sequence[str]) -> list[str]:
    """Return the services that an operator names, each once; "all" among them means every one.

    Raises:
        NotInstalled: One of the others is not here; nothing was done for those before it.
    """
    for name in asked:
        if name != ALL:
            service_class(name)
    return service_names() if ALL in asked else list(dict.fromkeys(asked))


def release_of(service: str) -> str:
    """Return the version of an installed service; "0" where it is no package of its own.

    In a checkout it is what the service's pyproject.toml says now; what was installed may be older.
    """
    point = points(SERVICES).get(service)
    if point is None:
        return "0"
    try:
        found = find_spec(point.module)
    except ModuleNotFoundError:
        found = None  # it is registered, and its files are gone
    if found is not None and found.origin is not None:
        project = Path(found.origin).with_name("pyproject.toml")
        if project.exists():
            return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])
    return point.dist.version if point.dist is not None else "0"


def load(group: str, name: str | None = None) -> Callable[..., object] | None:
    """Return the function of an entry point, of the first one when no name is given, or None."""
    found = points(group)
    if name is None:
        name = next(iter(found), None)
    if name is None or name not in found:
        return None
    return cast("Callable[..., object]", found[name].load())
