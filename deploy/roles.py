"""The roles and the database of a service: who owns its tables, and who serves.

The role of `serve` and `work` has the name of the service; the owner is known to `migrate`,
`restore` and `audit --drop-before` alone (docs/bare-metal.md, 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg

_PLAIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"


def owner_of(service: str) -> str:
    """Return the name of the role that owns a service's tables."""
    return f"{service}_owner"


def settings_of(service: str) -> str:
    """Return the name of the owner's settings: a file, or a Secret behind `fivered-`."""
    return f"{service}-owner"


def script(owned: Mapping[str, bool]) -> str:
    """Return `init.sql`.

    Args:
        owned: Per service whether the owner of its tables is a role of its own.
    """
    lines = [
        "-- A database per service, a role that owns its tables and one that serves; none may look",
        "-- into another's.",
        "-- Generated (python -m deploy.generate); python -m deploy.fill_in adds the passwords.",
        "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;",
        "REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;",
    ]
    for name, own in owned.items():
        lines += ["", *statements(name, owned=own)]
    return "\n".join(lines) + "\n"


def statements(service: str, *, owned: bool = True) -> list[str]:
    """Return what a superuser runs, once, before the first `migrate` of a service.

    Args:
        service: Its name.
        owned: Whether the owner is a role of its own; in an installation of before it is not.
    """
    owner = owner_of(service) if owned else service
    made = {service: 80, owner: 20} if owned else {service: 80}
    return [
        *(f"CREATE ROLE {role} {_PLAIN} CONNECTION LIMIT {most};" for role, most in made.items()),
        f"CREATE DATABASE fivered_{service} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0;",
        f"REVOKE ALL ON DATABASE fivered_{service} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE fivered_{service} TO {', '.join(made)};",
    ]


def create(service: str, superuser: str) -> tuple[str, str]:
    """Make roles and database on a server of this machine that asks for no password.

    Args:
        service: Its name.
        superuser: The address (postgresql://…) by which it is done.

    Returns:
        The addresses of the service's role and of the owner.
    """
    with psycopg.connect(superuser, autocommit=True) as conn:
        for one in statements(service):
            conn.execute(one.encode())
    at = urlsplit(superuser)
    own, owner = (
        f"postgresql://{role}@{at.hostname}:{at.port}/fivered_{service}"
        for role in (service, owner_of(service))
    )
    return own, owner
