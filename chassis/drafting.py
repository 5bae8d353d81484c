"""`fivered migration draft NAME`: the migration that changed tables ask for, as a first draft.

It is what Alembic finds between a database of today's migrations and the tables of the code. What
would break the release before, which still serves while this one starts, is refused.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops

from fivered.chassis import column_types
from fivered.chassis import storage as store
from fivered.chassis.migrate import CHASSIS, head_of, migrate_service, migrations_of, package_of
from fivered.chassis.settings import CommandFailed
from fivered.chassis.transaction import Declared
from fivered.chassis.vault import Sealed

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

_FILE = '''"""{words}."""

{first}from alembic import op
{more}
revision = "{revision}"
down_revision = {before}


def upgrade():
    {body}
'''

_ENV = """from fivered.chassis.migrate import run_env
from {package}.storage import metadata

run_env(metadata)
"""


class NothingToDo(CommandFailed):
    """The tables are what the migrations make."""

    def __init__(self) -> None:
        super().__init__("the tables are what the migrations make; there is nothing to do")


def write_drafts(services: Iterable[type[Declared]], name: str) -> list[Path]:
    """Write the next migration of each service whose tables ask for one, and return the files.

    Raises:
        CommandFailed: As `write_draft`; nothing has changed in any of them.
    """
    found = []
    for service_cls in services:
        try:
            found.append(write_draft(service_cls, name))
        except NothingToDo:
            continue
    if not found:
        raise NothingToDo
    return found


def write_draft(service_cls: type[Declared], name: str) -> Path:
    """Write the next migration of a service and return its file; a new service's first one too.

    Args:
        service_cls: The service whose tables were changed.
        name: What the migration does, in words with underscores: `refunds_have_a_day`.

    Raises:
        CommandFailed: The name is none, or the change does not only add.
        NothingToDo: Nothing has changed.
    """
    if not _NAME.fullmatch(name):
        raise CommandFailed(f"{name!r} is no name of a migration: words, such as add_a_due_day")
    package = package_of(service_cls)
    folder = migrations_of(package)
    begun = any((folder / "versions").glob("*.py"))
    with tempfile.TemporaryDirectory(prefix="fivered-draft-") as scratch:
        engine = store.open_engine(f"sqlite:///{scratch}/draft.sqlite")
        try:
            if begun:
                migrate_service(service_cls, engine)
            else:
                CHASSIS.upgrade(engine)
            body = upgrade_code(service_cls, engine)
        finally:
            engine.dispose()
    if begun:
        revision, before = f"{int(head_of(folder)) + 1:04d}", f'"{head_of(folder)}"'
    else:
        revision, before = "0001", "None"
        (folder / "versions").mkdir(parents=True, exist_ok=True)
        (folder / "env.py").write_text(_ENV.format(package=package), "utf-8")
    words = name.replace("_", " ").capitalize()
    path = folder / "versions" / f"{revision}_{name}.py"
    more = "\nfrom fivered.chassis import storage as store\n" if "store." in body else ""
    first = "import sqlalchemy as sa\n" if "sa." in body else ""
    text = _FILE.format(
        words=words, first=first, more=more, revision=revision, before=before, body=body
    )
    path.write_text(text, "utf-8")
    _format(path)
    return path


def _format(path: Path) -> None:
    """Let the checkout's formatter write a file; an installation has none, and needs none."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is not None:
        subprocess.run([ruff, "format", "--quiet", str(path)], check=True)  # noqa: S603  ours


def upgrade_code(service_cls: type[Declared], engine: sa.Engine) -> str:
    """Return the body of `upgrade()` that brings a migrated database to the tables of the code.

    Raises:
        CommandFailed: The change does not only add.
        NothingToDo: Nothing has changed.
    """
    with engine.connect() as conn:
        context = comparison(conn)
        found = produce_migrations(context, service_cls.tables).upgrade_ops
        if found is None or found.is_empty():
            raise NothingToDo
        wrong = [problem for one in _steps(found.ops) if (problem := _does_not_add(one))]
        if wrong:
            raise CommandFailed("a migration only adds: " + "; ".join(wrong))
        code: str = render_python_code(found, migration_context=context, render_item=_rendered)
    return "\n".join(line for line in code.splitlines() if "# ###" not in line).strip()


def comparison(conn: sa.Connection) -> MigrationContext:
    """Return how Alembic compares a migrated database with tables."""
    return MigrationContext.configure(
        conn,
        opts={
            "compare_type": _types_differ,
            "include_name": lambda name, kind, _of: kind != "table" or name != CHASSIS.table,
        },
    )


def _types_differ(
    _context: object, _inspected: object, _meta: object, found: object, wanted: object
) -> bool | None:
    # SQLite knows affinities, not types: JSON and text, or the widths of integers, read back alike.
    if isinstance(found, sa.Uuid) or isinstance(wanted, (sa.Uuid, sa.JSON, store.UtcDateTime)):
        return False
    return None


def _steps(found: list[ops.MigrateOperation]) -> Iterator[ops.MigrateOperation]:
    for one in found:
        if isinstance(one, ops.ModifyTableOps):
            yield from _steps(one.ops)
        else:
            yield one


def _does_not_add(step: ops.MigrateOperation) -> str:
    """Return why the release before could not go on after a step, or nothing."""
    if isinstance(step, ops.AddColumnOp):
        column = step.column
        if column.nullable or column.server_default is not None:
            return ""
        return f"{step.table_name}.{column.name} must be nullable or have a server default"
    if isinstance(step, ops.CreateTableOp | ops.CreateIndexOp):
        return ""
    place = ".".join(
        str(part)
        for part in (getattr(step, "table_name", ""), getattr(step, "column_name", ""))
        if part
    )
    return f"{type(step).__name__.removesuffix('Op')} of {place}"


def _rendered(kind: str, item: object, _context: object) -> str | Literal[False]:
    # The chassis's own types by the names that a migration imports.
    if kind != "type":
        return False
    for name in ("Json", "BigId"):
        if item is getattr(store, name):
            return f"store.{name}"
    if isinstance(item, Sealed):
        # To what a value is bound is the table's matter; the database keeps bytes.
        return "sa.LargeBinary()"
    if type(item).__module__ == column_types.__name__:
        return f"store.{item!r}"
    return False


__all__ = ["NothingToDo", "comparison", "upgrade_code", "write_draft", "write_drafts"]
