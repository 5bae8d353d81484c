"""Tables to which rows are only added: the audit and its seals.

The service's own role may read and insert, and no more; a trigger refuses the rest to whoever is
above rights. The owner of a table can take both away: the chain of seals tells that something was
changed then (`audit_seals`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from fivered.chassis import storage as store

# Each with the condition that a row is there already.
_SAME = {
    "audit": "id = NEW.id",
    "audit_seals": "place = NEW.place OR day = NEW.day",
    "audit_marks": "place = NEW.place AND part = NEW.part",
}
TABLES = tuple(_SAME)
# How a keyed digest begins. One that a release up to 0.1 left unkeyed is keyed in place, once:
# `digests.rekey`.
KEYED = "k1:"

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION fivered_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit' THEN
    IF left(OLD.digest, 3) <> '{KEYED}' AND left(NEW.digest, 3) = '{KEYED}'
       AND to_jsonb(OLD) - 'digest' = to_jsonb(NEW) - 'digest' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION USING
    MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'insufficient_privilege';
END $$
"""


def hold(conn: sa.Connection) -> None:
    """Let rows of the tables only be added from here on; it may be so already."""
    if store.is_postgresql(conn):
        _run(conn, _FUNCTION)
    for table in _SAME:
        _let_go(conn, table)
        if store.is_postgresql(conn):
            _run(conn, *_on_postgresql(table))
        else:
            _run(conn, *_on_sqlite(conn, table))


def open_tables(conn: sa.Connection) -> list[str]:
    """Return the tables of which rows may be changed or removed: what holds them is away."""
    if not store.is_postgresql(conn):
        asked = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
        there = {str(name) for name in conn.exec_driver_sql(asked).scalars()}
        return [table for table in _SAME if not there.issuperset(_names_on_sqlite(table))]
    return [table for table in _SAME if not conn.execute(_HELD, {"name": table}).scalar()]


# Both triggers are on and refuse, and the own role may not change or remove; above rights it may.
_HELD = sa.text("""
SELECT count(*) = 2 AND (
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
  OR NOT has_table_privilege(CAST(:name AS text), 'DELETE, TRUNCATE')
)
FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE tgrelid = to_regclass(:name) AND tgenabled IN ('O', 'A')
  AND proname = 'fivered_append_only' AND prosrc LIKE '%RAISE EXCEPTION%'
""")


@contextmanager
def lifted(conn: sa.Connection, *tables: str) -> Iterator[None]:
    """Let the owner delete rows of some of the tables within one transaction: everything is in its
    place again before anybody else sees what it has done."""
    for table in tables:
        _let_go(conn, table)
        if store.is_postgresql(conn):
            _run(conn, f"GRANT DELETE ON {table} TO CURRENT_USER")
    yield
    hold(conn)


def _let_go(conn: sa.Connection, table: str) -> None:
    if store.is_postgresql(conn):
        names = [f"DROP TRIGGER IF EXISTS {table}_{what} ON {table}" for what in ("row", "whole")]
    else:
        names = [f"DROP TRIGGER IF EXISTS {name}" for name in _names_on_sqlite(table)]
    _run(conn, *names)


def _names_on_sqlite(table: str) -> list[str]:
    return [f"{table}_{what}" for what in ("update", "delete", "again")]


def _on_postgresql(table: str) -> list[str]:
    refuse = "EXECUTE FUNCTION fivered_append_only()"
    statements = [
        f"CREATE TRIGGER {table}_row BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER",
    ]
    if table == "audit":
        statements.append("GRANT UPDATE (digest) ON audit TO CURRENT_USER")
    return statements


def _on_sqlite(conn: sa.Connection, table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    unless = ""
    if table == "audit":
        others = [
            f"OLD.{row[1]} IS NEW.{row[1]}"
            for row in conn.exec_driver_sql("PRAGMA table_info(audit)")
            if row[1] != "digest"
        ]
        keyed = [
            f"substr(OLD.digest, 1, 3) <> '{KEYED}'",
            f"substr(NEW.digest, 1, 3) = '{KEYED}'",
        ]
        unless = f"WHEN NOT ({' AND '.join([*keyed, *others])}) "
    there = f"EXISTS (SELECT 1 FROM {table} WHERE {_SAME[table]})"
    return [
        f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {unless}{refuse}",
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE removes the row that is there, and tells no trigger of it.
        f"CREATE TRIGGER {table}_again BEFORE INSERT ON {table} WHEN {there} {refuse}",
    ]


def _run(conn: sa.Connection, *statements: str) -> None:
    for statement in statements:
        conn.exec_driver_sql(statement)
