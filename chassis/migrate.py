"""Alembic migrations, run under a lock and with short lock timeouts.

A service's database has two histories: that of the chassis's tables, and the service's own.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis import database_errors
from fivered.chassis import storage as store
from fivered.chassis.reconnect import Backoff
from fivered.chassis.settings import CommandFailed
from fivered.chassis.transaction import Declared

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger("fivered.migrate")

_LOCK = 5_170_001
# Others read and write meanwhile. A migration that meets one of them gives way before the database
# looks for a deadlock (1 s), which would end the other one's call; then it begins again.
_LOCK_WAIT = "500ms"
# Its own lock was not to be had in time; a deadlock.
_IN_THE_WAY = {"55P03", "40P01"}
_PATIENCE_S = 120.0
_REVISION = re.compile(r"^revision(?:\s*:\s*str)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision(?:\s*:[^=]+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class History:
    """One line of migrations in a database.

    Attributes:
        package: The package whose folder `migrations` holds them.
        table: Where the database keeps its revision.
    """

    package: str
    table: str

    @property
    def folder(self) -> Path:
        """The folder of the migrations."""
        return migrations_of(self.package)

    def current(self, engine: sa.Engine) -> str | None:
        """Return the revision of a database, or None when it has none."""
        if not sa.inspect(engine).has_table(self.table):
            return None
        with store.reading(engine) as conn:
            return conn.execute(sa.text(f"SELECT version_num FROM {self.table}")).scalar()

    def is_behind(self, engine: sa.Engine) -> bool:
        """Tell whether a database still lacks migrations that this release needs.

        A revision that this release does not know was made by a newer one, which runs beside it
        during an upgrade; migrations only add, so that is no reason to stop.
        """
        current = self.current(engine)
        revisions, olders = _revisions(self.folder)
        return current is None or current in (revisions & olders)

    def knows(self, revision: str) -> bool:
        """Tell whether a revision is of this release, or of one before."""
        return revision in _revisions(self.folder)[0]

    def upgrade(self, engine: sa.Engine) -> bool:
        """Bring a database to the newest revision. Returns whether anything was done."""
        current = self.current(engine)
        if current == head_of(self.folder):
            return False
        from alembic import command  # noqa: PLC0415  slow to import, seldom needed
        from alembic.config import Config  # noqa: PLC0415  see above

        config = Config()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.attributes["engine"] = engine
        config.attributes["table"] = self.table
        # What it has locked it holds to its end: one by one, where somebody may use the tables.
        for target in self._after(current or "") or ["head"]:
            self._reach(config, target, command.upgrade)
        return True

    def _after(self, current: str) -> list[str]:
        """Return the revisions behind one, in their order."""
        following = {}
        for path in (self.folder / "versions").glob("*.py"):
            text = path.read_text("utf-8")
            for down in _DOWN.findall(text):
                following[down] = _REVISION.findall(text)[0]
        found = []
        while (current := following.get(current, "")) != "":
            found.append(current)
        return found

    def _reach(self, config: Config, target: str, upgrade: Callable[[Config, str], None]) -> None:
        backoff, end = Backoff(0.1, 2.0), time.monotonic() + _PATIENCE_S
        while True:
            try:
                upgrade(config, target)
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") not in _IN_THE_WAY or time.monotonic() > end:
                    raise
                log.warning(
                    "migration_waits", extra={"table": self.table, "why": str(error.orig)[:300]}
                )
                time.sleep(backoff.next())
            else:
                return


# The chassis's own tables change by themselves, in every service's database and before the
# service's: no service has to repeat their changes.
CHASSIS = History("fivered.chassis", "alembic_version_chassis")


def histories(package: str) -> tuple[History, ...]:
    """Return the histories of a service's database in the order in which they run."""
    return (CHASSIS, History(package, "alembic_version"))


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
    """Tell whether a service's database lacks migrations of the service or of the chassis."""
    return any(history.is_behind(engine) for history in histories(package))


def current_of(engine: sa.Engine, package: str) -> str:
    """Return what a service's database is at, as an operator reads it."""
    chassis, own = (history.current(engine) or "nothing" for history in histories(package))
    return f"{own} (chassis {chassis})"


def newest_of(package: str) -> str:
    """Return what a service's database is at when nothing is pending, in the same words."""
    chassis, own = (head_of(history.folder) for history in histories(package))
    return f"{own} (chassis {chassis})"


def package_of(service_cls: type[Declared]) -> str:
    """Return the package of a service."""
    return service_cls.__module__.rpartition(".")[0]


def migrate_service(service_cls: type[Declared], engine: sa.Engine) -> bool:
    """Bring a service's database to the newest revision. Returns whether anything was done."""
    done = [history.upgrade(engine) for history in histories(package_of(service_cls))]
    return any(done)


@contextmanager
def named(database: str) -> Iterator[None]:
    """Say which database it is that cannot be reached, read or written.

    Raises:
        CommandFailed: With the reason that the database gives.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not database_errors.is_of_database(error):
            raise
        raise CommandFailed(f"{database}: {database_errors.words_of(error)}") from error


def run_env(metadata: sa.MetaData) -> None:
    """The whole of a `migrations/env.py`."""
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
                conn.execute(sa.text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'"))
            context.configure(
                connection=conn,
                target_metadata=metadata,
                version_table=context.config.attributes["table"],
                render_as_batch=not postgresql,
                compare_type=True,
                transaction_per_migration=False,
            )
            context.run_migrations()
