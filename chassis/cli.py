"""The `fivered` command: run, migrate, look into and mend what is installed.

Units add their own commands by the entry point group "fivered.commands"; the chassis names none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chassis.settings import CommandFailed, SettingsError, database_variable

if TYPE_CHECKING:
    from chassis.runtime import Runtime

Handler = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    parser, handlers = _parser(args)
    given = parser.parse_args(args)
    handler = handlers.get(given.command)
    if handler is None:
        parser.print_help()
        return 2
    from chassis.installed import NotInstalled  # noqa: PLC0415  see _parser

    try:
        return handler(given)
    except SettingsError as error:
        for problem in error.problems:
            print(f"fivered: {problem}", file=sys.stderr)
        return 2
    except (CommandFailed, NotInstalled) as error:
        print(f"fivered: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        why = _database_fault(error)
        if why is None:
            raise
        print(f"fivered: {why}", file=sys.stderr)
        return 2


def _parser(args: Sequence[str]) -> tuple[argparse.ArgumentParser, dict[str, Handler]]:
    # Imports stand where they are used: `fivered up` must answer within two seconds.
    parser = argparse.ArgumentParser(prog="fivered", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    handlers: dict[str, Handler] = {}

    def add(name: str, text: str, handler: Handler) -> argparse.ArgumentParser:
        handlers[name] = handler
        return commands.add_parser(name, help=text, description=text)

    up = add("up", "run everything in this process, on SQLite, without a broker", _up)
    up.add_argument("--data", default=".fivered/data", help="folder of the databases")
    up.add_argument("--host", default="127.0.0.1")
    up.add_argument("--port", type=int, default=8000)
    up.add_argument(
        "--keys", default="", help="file or folder of the keys (FIVERED_KEYS); none: --data"
    )
    up.add_argument("--demo", action="store_true", help="demonstration: clock command, district")

    serve = add("serve", "answer the calls of one service", _serve)
    serve.add_argument("service")
    work = add("work", "relay, subscriptions, timers and jobs of one service", _work)
    work.add_argument("service")

    migrate = add("migrate", "bring the database of a service to the newest revision", _migrate)
    migrate.add_argument("service", nargs="+", help="service names, or: all")

    topology = add("topology", "the broker's exchanges and queues", _topology)
    topology.add_argument(
        "action", choices=("apply", "show", "permissions", "policies", "consumer")
    )
    topology.add_argument("user", nargs="?", help="consumer: the outside user's name")
    topology.add_argument("sources", nargs="*", help="consumer: whose public facts; none = all")

    events = add("events", "what a service has said", _events)
    events.add_argument("action", choices=("tail", "replay"))
    events.add_argument("service")
    at = "outbox id, or time of recording (2026-11-28T09:30, local)"
    events.add_argument("--after", metavar="PLACE", help=f"beyond this {at}")
    events.add_argument("--from", dest="first", metavar="PLACE", help="from it on")
    events.add_argument("--to", dest="last", metavar="PLACE", help="up to and with it")
    events.add_argument("--fact", help="only this fact, e.g. request_rated.v1")
    events.add_argument("--limit", type=int, default=100, help="tail: the newest N (100)")
    events.add_argument("--follow", action="store_true", help="tail: go on until Ctrl-C")
    events.add_argument("--unsent", action="store_true", help="tail: what has not left yet")
    events.add_argument("--dry-run", action="store_true", help="replay: only count")
    events.add_argument("--only-to", metavar="HEARER", help="replay: to this service only")

    parked = add("parked", "events that a service could not take", _parked)
    parked.add_argument("action", choices=("list", "show", "retry", "drop"))
    parked.add_argument("service")
    parked.add_argument("ids", nargs="*", type=int, help="row ids; none = all (list, retry)")
    parked.add_argument("--by", default="operator", help="who decides, for the record")

    rebuild = add("rebuild", "clear a projection and read it again from its sources", _rebuild)
    rebuild.add_argument("service")
    rebuild.add_argument("projection", nargs="?", help="none: list them")

    keys = add("keys", "replace a key under which data are stored", _keys)
    keys.add_argument("action", choices=("status", "rotate", "drop"))
    keys.add_argument(
        "key", nargs="?", default="", help="its variable; none: that of people's data"
    )
    keys.add_argument("--data", default=".fivered/data", help="folder of the databases")
    keys.add_argument("--keys", default="", help="file or folder of the keys; none: --data")

    calendar = add("calendar", "the years whose working days are known", _calendar)
    calendar.add_argument("action", choices=("load", "check", "show"))
    calendar.add_argument(
        "file", nargs="?", help="load, check: JSON with year, off, make_up, source"
    )

    contracts = add("contracts", "contract files beside the code", _contracts)
    contracts.add_argument("action", choices=("write", "check", "release"))
    contracts.add_argument("service", nargs="*", help="none: every installed service")

    add("doctor", "look at everything and say what is wrong", _doctor)

    # A unit's own command is loaded only when it is asked for, or for the list of all.
    from chassis.installed import COMMANDS, points  # noqa: PLC0415  see above

    asked = args[0] if args else ""
    for name, point in points(COMMANDS).items():
        if asked in handlers and asked != name:
            continue
        if asked == name or not asked or asked in {"-h", "--help"}:
            declare, handler = point.load()
            declare(add(name, (declare.__doc__ or "").partition("\n")[0], handler))
    return parser, handlers


def open_runtime(service: str, *, cooperative: bool = False) -> Runtime:
    """Open an installed service on the database that the environment names.

    Raises:
        CommandFailed: The variable is not set.
        SettingsError: Lists every missing or wrong variable.
    """
    import os  # noqa: PLC0415  see _parser

    from chassis import here  # noqa: PLC0415  see _parser
    from chassis.installed import service_class  # noqa: PLC0415  see _parser
    from chassis.runtime import Runtime  # noqa: PLC0415  see _parser

    cls = service_class(service)
    if not os.environ.get(database_variable(service)):
        here.adopt()
    url = os.environ.get(database_variable(service))
    if not url:
        raise CommandFailed(f"{database_variable(service)} is not set: the database of {service}")
    return Runtime.open(cls, url, cooperative=cooperative)


def _up(given: argparse.Namespace) -> int:
    from chassis import up  # noqa: PLC0415  see _parser

    return up.run(given.data, given.host, given.port, demo=given.demo, keys_at=given.keys)


def _serve(given: argparse.Namespace) -> int:
    from chassis import serve  # noqa: PLC0415  patches the process; must come first

    return int(serve.run(given.service))


def _work(given: argparse.Namespace) -> int:
    from chassis import work  # noqa: PLC0415  see _parser

    return int(work.run(given.service))


def _migrate(given: argparse.Namespace) -> int:
    from chassis.installed import service_names  # noqa: PLC0415  see _parser
    from chassis.migrate import current_of, migrate_service, package_of  # noqa: PLC0415  see _parser

    for name in service_names() if given.service == ["all"] else given.service:
        runtime = open_runtime(name)
        done = migrate_service(runtime.service_cls, runtime.engine)
        current = current_of(runtime.engine, package_of(runtime.service_cls))
        print(f"{name}: {'migrated to' if done else 'is at'} {current}")
        runtime.close()
    return 0


def _database_fault(error: BaseException) -> str | None:
    """Say in one line what is wrong with a database (server, name, password); None for others."""
    if "sqlalchemy" not in sys.modules:
        return None
    import sqlalchemy as sa  # noqa: PLC0415  see _parser

    if not isinstance(error, sa.exc.OperationalError):
        return None
    return "the database: " + " ".join(str(error.orig).split())


def _topology(given: argparse.Namespace) -> int:
    import os  # noqa: PLC0415  see _parser
    import shlex  # noqa: PLC0415  see _parser

    from chassis import here, topology  # noqa: PLC0415  see _parser

    try:
        installation = topology.current_installation()
        if given.action == "show":
            print(installation.to_json(), end="")
            return 0
        if not os.environ.get("FIVERED_BROKER_URL"):
            here.adopt()
        vhost = _vhost_of(os.environ.get("FIVERED_BROKER_URL") or "amqp://host/fivered")
        if given.action == "policies":
            print("\n".join(topology.policy_commands(vhost)))
            return 0
        if given.action == "permissions":
            for permission in topology.permissions(installation):
                print("\n".join(topology.commands(permission, vhost)))
            return 0
        if given.action == "consumer":
            if not given.user:
                raise CommandFailed("consumer needs the outside user's name")
            unknown = sorted(set(given.sources) - set(installation.members))
            if unknown:
                raise CommandFailed(f"not installed: {', '.join(unknown)}")
            sources = given.sources or sorted(installation.members)
            granted = topology.consumer(installation, given.user, sources)
            print(f'rabbitmqctl add_user {shlex.quote(granted.user)} "${{PASSWORD:?}}" </dev/null')
            print("\n".join(topology.commands(granted, vhost)))
            return 0
        url = os.environ.get("FIVERED_BROKER_URL")
        if not url:
            raise CommandFailed(
                "FIVERED_BROKER_URL is not set: amqp(s)://user:password@host:port/vhost"
            )
        applied = topology.apply(url, installation)
    except topology.TopologyError as error:
        raise CommandFailed(str(error)) from error
    print(f"{len(applied.queues)} queues for {', '.join(sorted(installation.members))}")
    if applied.older:
        print(
            f"{len(applied.older)} of them were made by an earlier release and keep its arguments;"
            " what these lack is said by policy. On the broker, once"
            " (or load deploy/rabbitmq/definitions.json):"
        )
        print("\n".join(topology.policy_commands(_vhost_of(url))))
    return 0


def _vhost_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415  see _parser

    return unquote(urlsplit(url).path.removeprefix("/")) or "/"


def _events(given: argparse.Namespace) -> int:
    from chassis import said  # noqa: PLC0415  see _parser

    try:
        after, first, last = (
            None if text is None else said.place(text)
            for text in (given.after, given.first, given.last)
        )
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    facts = (given.fact,) if given.fact else ()
    unsent = given.action == "tail" and given.unsent
    part = said.Part(after, first, last, facts, unsent=unsent)
    runtime = open_runtime(given.service)
    try:
        if given.action == "tail":
            _tail(given, runtime, part)
        else:
            _replay(given, runtime, part)
    except said.NotReplayed as error:
        raise CommandFailed(str(error)) from error
    finally:
        runtime.close()
    return 0


def _tail(given: argparse.Namespace, runtime: Runtime, part: Any) -> None:
    import time  # noqa: PLC0415  see _parser
    from dataclasses import replace  # noqa: PLC0415  see _parser

    from chassis import said  # noqa: PLC0415  see _parser

    shown = said.newest(runtime, part, given.limit)
    whole = said.extent(runtime, part)
    if len(shown) < whole.count:
        print(f"the newest {len(shown)} of {whole.count} ({whole})", file=sys.stderr)
    while True:
        for event in shown:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        if not given.follow:
            return
        if shown:
            part = replace(part, after=shown[-1]["outbox_id"])
        time.sleep(1.0)
        shown = said.newest(runtime, part, 1_000_000)


def _replay(given: argparse.Namespace, runtime: Runtime, part: Any) -> None:
    import os  # noqa: PLC0415  see _parser

    from chassis import said, topology  # noqa: PLC0415  see _parser

    name, hearer = given.service, given.only_to
    if hearer:
        try:
            part = said.heard_by(part, name, hearer, topology.current_installation())
        except topology.TopologyError as error:
            raise CommandFailed(str(error)) from error
    found = said.extent(runtime, part)
    to = f" to {hearer} only" if hearer else ""
    if given.dry_run:
        print(f"{found.count} events of {name} would go out again{to}: {found}")
        return
    embedded = runtime.engine.dialect.name == "sqlite"
    if embedded and hearer:
        other = open_runtime(hearer)
        said.set_back(runtime, part, other)
        other.close()
        print(f"{hearer} reads {name} again when it is started next: {found}")
        return
    if hearer:
        url = os.environ.get("FIVERED_BROKER_URL")
        if not url:
            raise CommandFailed("FIVERED_BROKER_URL is not set: it is said by way of the broker")
        installation = topology.current_installation()
        repeated = said.again_to(runtime, part, hearer, installation, url)
        print(f"{repeated.count} events of {name} went out again{to}: {found}")
        return
    said.again(runtime, part)
    print(f"{found.count} events of {name} go out again: {found}")
    if embedded:
        print("in the embedded mode nobody sends: --only-to HEARER, while it is stopped")


def _parked(given: argparse.Namespace) -> int:
    from chassis import inbox  # noqa: PLC0415  see _parser

    runtime = open_runtime(given.service)
    rows = inbox.parked_rows(runtime)
    if given.ids:
        rows = [row for row in rows if row["id"] in given.ids]
    if given.action in {"retry", "drop"}:
        if given.action == "drop" and not given.ids:
            raise CommandFailed("drop needs the ids of the rows")
        state = "RETRY" if given.action == "retry" else "DROPPED"
        marked = inbox.mark_parked(runtime, [row["id"] for row in rows], state, given.by)
        print(f"{marked} of {given.service} marked {state}")
    else:
        for row in rows:
            _print_parked(row, whole=given.action == "show")
        if not rows:
            print(f"nothing of {given.service} is parked")
    runtime.close()
    return 0


def _print_parked(row: dict[str, Any], *, whole: bool) -> None:
    print(
        f"{row['id']:>6}  {row['parked_at']:%Y-%m-%d %H:%M:%S}  {row['reason']:<12}"
        f" {row['source']}.{row['fact'] or '?'}  {row['subject'] or ''}"
        f"  attempts {row['attempts']}  {row['state']}"
    )
    last = row["error"].strip().splitlines()[-1] if row["error"].strip() else ""
    if not whole:
        print(f"        {last[:160]}")
        return
    print(row["error"])
    print(bytes(row["body"]).decode("utf-8", "replace"))


def _keys(given: argparse.Namespace) -> int:
    import os  # noqa: PLC0415  see _parser

    from chassis import keys  # noqa: PLC0415  see _parser
    from chassis.here import KEYS  # noqa: PLC0415  see _parser

    if given.keys:
        os.environ[KEYS] = given.keys
    if given.action == "status":
        return keys.status(given.data, print)
    change = keys.rotate if given.action == "rotate" else keys.drop
    return change(given.data, given.key, print)


def _calendar(given: argparse.Namespace) -> int:
    from chassis import years  # noqa: PLC0415  see _parser
    from chassis.installed import service_class, service_names  # noqa: PLC0415  see _parser
    from chassis.messages import SYSTEM  # noqa: PLC0415  see _parser

    year = None
    if given.action != "show":
        if not given.file:
            raise CommandFailed(f"calendar {given.action} needs a file")
        year = _read_year(given.file)
    if given.action == "check":
        print(f"{given.file}: {_shown(year)}")
        return 0
    owners = [name for name in service_names() if service_class(name).loads_calendar]
    if not owners:
        raise CommandFailed("no installed service loads calendars")
    runtime = open_runtime(owners[0])
    try:
        if year is not None:
            with runtime.transaction(SYSTEM) as tx:
                moved = runtime.instance().load_year(tx, year)
            print(f"loaded {_shown(year)}; {moved} deadlines of {runtime.name} are later")
        with runtime.snapshot(SYSTEM) as tx:
            card = years.outlook(tx.calendar, tx.now)
        print(f"working days are known until {card['until']} ({card['days_left']} days)")
    finally:
        runtime.close()
    return 0


def _read_year(file: str) -> Any:
    from chassis.calendar import read_year_file  # noqa: PLC0415  see _parser

    try:
        return read_year_file(Path(file).read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{file}: {error}") from error


def _shown(year: Any) -> str:
    return (
        f"{year.year}: {len(year.off)} days off, {len(year.make_up)} make-up days ({year.source})"
    )


def _rebuild(given: argparse.Namespace) -> int:
    from chassis import projections  # noqa: PLC0415  see _parser
    from chassis.installed import service_class, service_names  # noqa: PLC0415  see _parser

    known = {one.name: one for one in service_class(given.service).projections}
    if given.projection is None:
        for projection in known.values():
            print(f"{projection.name}: {', '.join(projection.tables)}, from {projection.source}")
        if not known:
            others = [
                f"{name} {one.name}"
                for name in service_names()
                for one in service_class(name).projections
            ]
            there = ", ".join(others) or "none anywhere"
            print(f"{given.service} has no projection that can be rebuilt; there are: {there}")
        return 0
    if given.projection not in known:
        raise CommandFailed(
            f"{given.service} has no projection {given.projection!r}"
            f" (known: {', '.join(known) or 'none'})"
        )
    runtime = open_runtime(given.service)
    forgotten = projections.clear(runtime, known[given.projection])
    print(f"cleared; {forgotten} events will be heard again")
    source = known[given.projection].source
    if runtime.engine.dialect.name != "sqlite":
        print(f"now: fivered events replay {source} --only-to {given.service}")
    runtime.close()
    return 0


def _contracts(given: argparse.Namespace) -> int:
    from chassis import contracts  # noqa: PLC0415  see _parser
    from chassis.installed import service_class, service_names  # noqa: PLC0415  see _parser

    work = {"write": contracts.write, "check": contracts.check, "release": contracts.release}
    failed = False
    for name in given.service or service_names():
        report = work[given.action](service_class(name))
        for path in report.written:
            print(f"{name}: wrote {path}")
        for problem in report.problems:
            print(f"{name}: {problem}", file=sys.stderr)
        failed |= bool(report.problems)
    return 1 if failed else 0


def _doctor(_given: argparse.Namespace) -> int:
    from chassis import doctor  # noqa: PLC0415  see _parser

    return int(doctor.run(print))


if __name__ == "__main__":
    # Commands raise the `CommandFailed` of this module's own name, not that of `__main__`.
    from chassis.cli import main as run

    sys.exit(run())
