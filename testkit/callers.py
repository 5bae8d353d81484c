"""Who may act no more: every command of a service is tried in the name of one person."""

from __future__ import annotations

from collections.abc import Callable

from fivered.chassis.bus import ANY_ROLE, PUBLIC, Service, entries
from fivered.chassis.refusal import Refusal
from testkit.bench import Bench
from testkit.bodies import a_body


def commands_of(service_cls: type[Service]) -> list[str]:
    """Return the names of a service's commands."""
    found = entries(service_cls).items()
    return sorted(name for name, entry in found if entry.kind == "command")


def admitted(
    bench: Bench,
    person: str,
    scope: str,
    refusal: type[Refusal],
    *,
    look: Callable[[Refusal], object] = lambda _refused: None,
    as_resident: bool = False,
) -> list[tuple[str, Exception | None]]:
    """Return the commands that do not refuse a person so, with what they raised instead.

    Each is called in a role that may: as a resident where that one may.

    Args:
        bench: The service.
        person: Who acts.
        scope: Where.
        refusal: What each command has to raise.
        look: Looks at each that was raised.
        as_resident: Whether only the commands of residents are tried.
    """
    service_cls = bench.runtime.service_cls
    found: list[tuple[str, Exception | None]] = []
    for method in commands_of(service_cls):
        entry = entries(service_cls)[method]
        roles = entry.door.roles
        resident = bool({ANY_ROLE, PUBLIC, "R_RESIDENT"} & set(roles))
        if as_resident and not resident:
            continue
        bench.as_("R_RESIDENT" if resident else roles[0], person=person, scope=scope)
        try:
            bench.do(method, a_body(entry.body_type, "-", ""), version=1)
        except refusal as refused:
            look(refused)
        except Exception as other:  # noqa: BLE001 (who asks looks at it)
            found.append((method, other))
        else:
            found.append((method, None))
    return found
