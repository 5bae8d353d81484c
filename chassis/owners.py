"""Who owns the tables of a service: on PostgreSQL a role of its own, where the operator says so.

The owner of a table may disable its triggers and give itself every right. Where
`FIVERED_{SERVICE}_OWNER_URL` is set, `migrate`, `restore` and `audit --drop-before` connect as that
owner, and the role of `serve` and `work` gets the rights that it needs: rows of the audit it may
read and add, and whoever has its password can do no more.
"""

from __future__ import annotations

import os

import sqlalchemy as sa

from fivered.chassis import append_only, here
from fivered.chassis import storage as store
from fivered.chassis.settings import CommandFailed, owner_variable


def database_of(service: str) -> str:
    """Return the address by which the tables of a service are made: the owner's, where it is set.

    Raises:
        CommandFailed: There is no address.
    """
    # First, because it may take both from the system that runs here.
    own = here.database_of(service)
    return os.environ.get(owner_variable(service), "") or own


def role_of(service: str) -> str:
    """Return the role of `serve` and `work`, where another one owns the tables; else nothing.

    Raises:
        CommandFailed: Both addresses name one role.
    """
    own = here.database_of(service)
    owner = os.environ.get(owner_variable(service), "")
    if not owner:
        return ""
    role = sa.make_url(own).username or ""
    if role == sa.make_url(owner).username:
        raise CommandFailed(f"{owner_variable(service)} names the service's own role: {role}")
    return role


def check(service: str, conn: sa.Connection) -> None:
    """Refuse to go on as an owner to whom the tables do not belong yet.

    Raises:
        CommandFailed: Says by which statement they are handed over.
    """
    role = role_of(service)
    if not role or not store.is_postgresql(conn):
        return
    asked = sa.text(
        "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'"
        " AND tableowner <> current_user ORDER BY tablename LIMIT 1"
    )
    other = conn.execute(asked).scalar()
    if other is not None:
        owner = conn.execute(sa.text("SELECT current_user")).scalar_one()
        raise CommandFailed(
            f"tables of {service} belong to {other}: as a superuser, in its database:"
            f" REASSIGN OWNED BY {other} TO {owner}"
        )


def give(service: str, conn: sa.Connection) -> None:
    """Give the service's role what it needs of what the owner has made; nothing, where they are
    one."""
    role = role_of(service)
    if not role or not store.is_postgresql(conn):
        return
    to = conn.dialect.identifier_preparer.quote(role)
    audit = ", ".join(append_only.TABLES)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {to}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {to}",
        f"GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO {to}",
        f"REVOKE ALL ON {audit} FROM {to}",
        f"GRANT SELECT, INSERT ON {audit} TO {to}",
        # The trigger takes it once, for a digest that a release up to 0.1 left unkeyed.
        f"GRANT UPDATE (digest) ON audit TO {to}",
    ):
        conn.exec_driver_sql(statement)


def owner_of_audit(conn: sa.Connection) -> str | None:
    """Return who owns the audit, where that is another role than the one connected; None where it
    is the same, or may act as it, or the database is a file."""
    if not store.is_postgresql(conn):
        return None
    asked = sa.text(
        "SELECT CASE WHEN NOT pg_has_role(current_user, relowner, 'MEMBER')"
        " THEN pg_get_userbyid(relowner) END FROM pg_class WHERE oid = to_regclass('audit')"
    )
    found: str | None = conn.execute(asked).scalar()
    return found


__all__ = ["check", "database_of", "give", "owner_of_audit", "role_of"]
