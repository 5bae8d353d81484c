"""What several hosts do alike: open a service, wait for its database, try again what is parked."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import sqlalchemy as sa

from fivered.chassis import (
    database_errors,
    inbox,
    metrics,
    migrate,
    setting_files,
    timers,
    topology,
)
from fivered.chassis import storage as store
from fivered.chassis.installed import NotInstalled
from fivered.chassis.reconnect import Backoff, tell_outage
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import (
    ProcessSettings,
    SettingsError,
    address_fault,
    database_variable,
    read_all,
)

log = logging.getLogger("fivered.process")

_LONGEST_WAIT_S = 5.0


def main(run: Callable[[str], int], service: str) -> int:
    """Run a host as a program of its own: what is wrong with its settings is a line each."""
    try:
        setting_files.take()
        return run(service)
    except SettingsError as error:
        for problem in error.problems:
            print(f"fivered: {problem}", file=sys.stderr)
        return 2
    except NotInstalled as error:
        print(f"fivered: {error}", file=sys.stderr)
        return 2


def open_runtime(
    name: str, *, cooperative: bool = False, consumes: bool = True
) -> tuple[Runtime, topology.Installation]:
    """Open the service of this process from its environment.

    Args:
        name: An installed service, or "module:Class".
        cooperative: True under eventlet.
        consumes: False for a process that needs to know nothing of the other services; the
            installation then has no member but its own.

    Raises:
        NotInstalled: There is no such service here.
        SettingsError: Lists every missing or wrong variable.
    """
    cls = topology.find_service(name)
    variable = database_variable(cls.name)
    url = os.environ.get(variable, "")
    problems = []
    if not url:
        problems.append(f"{variable} is not set: postgresql://user:password@host/database")
    elif why := address_fault(url, "postgresql"):
        problems.append(f"{variable} {why}")
    if not os.environ.get("FIVERED_BROKER_URL"):
        problems.append("FIVERED_BROKER_URL is not set: amqp(s)://user:password@host:port/vhost")
    try:
        read_all([ProcessSettings, cls.settings_type])
    except SettingsError as error:
        problems.extend(error.problems)
    try:
        installation = (
            topology.current_installation(cls) if consumes else topology.installation_of([cls])
        )
    except topology.TopologyError as error:
        problems.append(f"FIVERED_INSTALLATION: {error}")
    if problems:
        raise SettingsError(sorted(problems))
    return Runtime.open(cls, url, cooperative=cooperative), installation


def wait_for_database(runtime: Runtime, stopping: Callable[[float], bool]) -> bool:
    """Wait until the database answers, is migrated and has its first rows.

    Args:
        runtime: The service.
        stopping: Waits some seconds; returns True when the process is to end.

    Returns:
        False when the process was asked to end meanwhile.

    Raises:
        SettingsError: A pooler stands before it that does not keep sessions apart.
    """
    backoff = Backoff(0.2, _LONGEST_WAIT_S)
    package = migrate.package_of(runtime.service_cls)
    while True:
        try:
            if not migrate.is_behind(runtime.engine, package):
                if store.shares_sessions(runtime.engine):
                    variable = database_variable(runtime.name)
                    raise SettingsError([f"{variable}: {store.SHARED_SESSIONS}"])
                runtime.prepare()
                return True
            log.error(
                "migrations_pending",
                extra={"service": runtime.name, "remedy": f"fivered migrate {runtime.name}"},
            )
        except sa.exc.SQLAlchemyError as error:
            if not database_errors.is_outage(error):
                raise
            tell_outage(log, "storage_outage", error, service=runtime.name)
        if stopping(backoff.next()):
            return False


def retry_parked(runtime: Runtime) -> None:
    """Try again what an operator marked RETRY: events of each source, and timers."""
    table = runtime.chassis.parked
    asked = sa.select(table.c.source).where(table.c.state == "RETRY").distinct()
    with store.reading(runtime.engine) as conn:
        marked = conn.execute(asked).scalars().all()
    for source in marked:
        if source == "timer":
            timers.retry_parked_timers(runtime)
        else:
            inbox.retry_parked(runtime, source)


def take_up_parked(runtime: Runtime) -> int:
    """Mark RETRY what the release before had to park, because it did not know it.

    In a rolling upgrade a worker of the release before is given facts and timers that are new to
    it, and so is one that was put back. Each release tries them once. Returns how many.
    """
    who = f"release {metrics.release_of(runtime.name)}"
    if taken := inbox.take_up(runtime, who) + timers.take_up(runtime, who):
        log.info("parked_taken_up", extra={"service": runtime.name, "count": taken})
    return taken
