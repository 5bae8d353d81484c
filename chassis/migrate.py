"""Alembic migrations, one history per service, run under a lock and with short lock timeouts."""

from __future__ import annotations

import logging
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from chassis import storage as store

if TYPE_CHECKING:
    from chassis.bus import Service

log = logging.getLogger("fivered.migrate")

_LOCK = 5_170_001
_REVISION = re.compile(r"^revision(?:\s*:\s*str)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision(?:\s*:[^=]+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def migrations_of(package: str) -> Path:
    """Return the folder of a package's migrations."""
    return Path(str(resources.files(package).joinpath("migrations")))


def head_of(folder: Path) -> str:
    """Return the newest revision without importing alembic, which would slow every start.

    Raises:
        RuntimeError: There is none, or more than one.
    """
    revisions, olders = _revisions(folder)
    heads = revisions - olders
    if len(heads) != 1:
        raise RuntimeError(f"{folder} has {len(heads)} heads")
    return heads.pop()


def _revisions(folder: Path) -> tuple[set[str], set[str]]:
    revisions: set[str] = set()
    olders: set[str] = set()
    for path in (folder / "versions").glob("*.py"):
        text = path.read_text("utf-8")
        revisions.update(_REVISION.findall(text))
        olders.update(_DOWN.findall(text))
    return revisions, olders


def is_behind(engine: sa.Engine, package: str) -> bool:
    """Tell whether a database still lacks migrations that this release needs.

    A revision that this release does not know was made by a newer one, which runs beside it during
    an upgrade; migrations only add, so that is no reason to stop.
    """
    current = current_of(engine)
    revisions, olders = _revisions(migrations_of(package))
    return current is None or current in (revisions & olders)


def current_of(engine: sa.Engine) -> str | None:
    """Return the revision of a database, or None when it is empty."""
    if not sa.inspect(engine).has_table("alembic_version"):
        return None
    with store.reading(engine) as conn:
        return conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def migrate(engine: sa.Engine, package: str) -> bool:
    """Bring a database to the newest revision. Returns whether anything was done."""
    folder = migrations_of(package)
    if current_of(engine) == head_of(folder):
        return False
    from alembic import command  # noqa: PLC0415  slow to import, seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")
    return True


def migrate_service(service_cls: type[Service], engine: sa.Engine) -> bool:
    """Bring a service's database to the newest revision. Returns whether anything was done."""
    return migrate(engine, service_cls.__module__.rpartition(".")[0])


def run_env(metadata: sa.MetaData, _name: str) -> None:
    """The whole of a service's `migrations/env.py`."""
    from alembic import context  # noqa: PLC0415  only inside alembic

    engine: sa.Engine = context.config.attributes["engine"]
    with engine.connect() as conn:
        postgresql = conn.dialect.name == "postgresql"
        with conn.begin():
            if postgresql:
                # Two processes that start together must not both create the tables, and a
                # migration must not queue behind a long reader while everybody queues behind it.
                conn.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
                conn.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
            context.configure(
                connection=conn,
                target_metadata=metadata,
                render_as_batch=not postgresql,
                compare_type=True,
                transaction_per_migration=False,
            )
            context.run_migrations()


def create_chassis_tables(op: Any, version: int) -> None:
    """Create the chassis's tables of a schema version, from within a service's own migration.

    Args:
        op: alembic's operations.
        version: 1 is the only one so far; a change of a table is a new number and a new step.
    """
    if version != 1:
        raise ValueError(f"the chassis has no schema version {version}")
    metadata = store.new_metadata()
    store.chassis_tables(metadata)
    metadata.create_all(op.get_bind())


def differences(service_cls: type[Service], engine: sa.Engine) -> list[Any]:
    """Compare a migrated database with the service's tables; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415  slow, tests only
    from alembic.migration import MigrationContext  # noqa: PLC0415

    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": _types_differ})
        return list(compare_metadata(context, service_cls.tables))


def _types_differ(
    _context: Any, _inspected: Any, _meta: Any, found: Any, wanted: Any
) -> bool | None:
    # SQLite knows affinities, not types: JSON and text, or the widths of integers, read back alike.
    if isinstance(found, sa.Uuid) or isinstance(wanted, (sa.Uuid, sa.JSON, store.UtcDateTime)):
        return False
    return None
