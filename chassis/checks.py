"""Checks that every host makes the same way before it enters a door."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis.messages import ANONYMOUS_ROLE, ANY_ROLE, PUBLIC, SELF, Actor, Seen
from fivered.chassis.refusal import PreconditionRequired, RoleDenied


def check_role(roles: Sequence[str], actor: Actor) -> None:
    """Refuse an actor whose role is not declared.

    Raises:
        RoleDenied: The role may not enter this door.
    """
    if PUBLIC in roles:
        return
    if ANY_ROLE in roles and actor.role not in {ANONYMOUS_ROLE, SELF, ""}:
        return
    if actor.role in roles:
        return
    raise RoleDenied(role=actor.role, roles=", ".join(roles))


def check_precondition(if_match: bool, version: Seen | None) -> None:
    """Refuse a change of something that exists when the caller does not say which version was seen.

    Raises:
        PreconditionRequired: There is no If-Match.
    """
    if if_match and version is None:
        raise PreconditionRequired
