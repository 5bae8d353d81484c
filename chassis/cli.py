"""The `fivered` command: run, migrate, look into and mend what is installed.

Units add their own commands by the entry point group "fivered.commands"; the chassis names none.
"""

from __future__ import annotations

import argparse
import gc
import os
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from fivered.chassis import SELDOM, __version__, here, setting_files
from fivered.chassis.installed import (
    ALL,
    COMMANDS,
    NotInstalled,
    points,
    service_class,
    service_names,
)
from fivered.chassis.settings import MOST_PORT, CommandFailed, SettingsError

# What a command does: a function, or "module:function", which is loaded when the command is given.
# `fivered up` must answer within two seconds, and the list of commands at once.
Handler = Callable[[argparse.Namespace], int] | str
# A number of more digits is none that a database takes.
_MOST_DIGITS = 9
_LEAST_S, _MOST_S = 0.2, 3600.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if argv is not None:
        return _carry_out(list(argv))
    gc.set_threshold(*SELDOM)
    try:
        return _carry_out(sys.argv[1:])
    finally:
        # The process ends, and nobody need look for circles in all that it has loaded.
        gc.freeze()


def _carry_out(args: Sequence[str]) -> int:
    parser, handlers = _parser(args)
    given = parser.parse_args(args)
    handler = handlers.get(given.command)
    if handler is None:
        parser.print_help()
        return 2
    before = dict(os.environ)
    try:
        # `serve` reads them itself: what a process hands on is shown.
        if given.command != "serve":
            setting_files.take()
        with here.at(getattr(given, "data", None)):
            code = _loaded(handler)(given)
        sys.stdout.flush()
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
        why = _full(error) or _database_fault(error)
        if why is None:
            raise
        print(f"fivered: {why}", file=sys.stderr)
        return 2
    else:
        return code
    finally:
        # What an option put into the environment is for this command only.
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


# Name, what it does, where in this package it is done.
_OWN = (
    ("up", "run everything in this process, on SQLite, without a broker", "up:command"),
    ("serve", "answer the calls of one service", "cli:serve"),
    ("work", "relay, subscriptions, timers and jobs of one service", "work:command"),
    ("migrate", "bring the database of a service to the newest revision", "commands:run_migrate"),
    ("migration", "draft the migration that changed tables ask for", "commands:run_migration"),
    ("topology", "the broker's exchanges and queues", "commands:run_topology"),
    ("consumer", "outside consumers of public facts", "consumers:command"),
    ("events", "what a service has published", "commands:run_events"),
    ("parked", "events that a service could not take", "commands:run_parked"),
    (
        "partitions",
        "in how many partitions the events of a service go out; change it",
        "commands:run_partitions",
    ),
    ("workers", "who consumes the queues of a service", "commands:run_workers"),
    ("jobs", "the long work of a service", "commands:run_look"),
    ("timers", "what a service has set a clock for", "commands:run_look"),
    ("audit", "who did what in a service, and who was denied it", "commands:run_look"),
    ("rebuild", "clear a projection and read it again from its sources", "commands:run_rebuild"),
    ("backup", "one moment of a service's data as a folder; verify", "backup:command"),
    ("restore", "fill an empty database from a backup", "restore:command"),
    ("files", "move the kept files of the folder into the bucket", "kept:command"),
    ("keys", "replace a key under which data are stored", "commands:run_keys"),
    ("calendar", "the years whose working days are known", "commands:run_calendar"),
    ("contracts", "contract files beside the code", "commands:run_contracts"),
    ("doctor", "look at everything and say what is wrong", "commands:run_doctor"),
    ("completion", "what a shell reads so that Tab completes these commands", "cli:completion"),
    ("top", "what every process does now: rates, what waits, what is away", "top:command"),
)


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, as every other refusal of a command does, and takes the
    options of a command before, between and behind its other words."""

    _mixes = False

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")

    def parse_known_args(  # type: ignore[override]  # typeshed has overloads for other namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read what is known of some words."""
        if self._mixes or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        # It comes back here, once for the options and once for the other words.
        self._mixes = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixes = False


def _parser(args: Sequence[str]) -> tuple[argparse.ArgumentParser, dict[str, Handler]]:
    parser = _Parser(prog="fivered", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--version", action="version", version=f"fivered {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    handlers: dict[str, Handler] = {}

    def add(name: str, text: str, handler: Handler) -> argparse.ArgumentParser:
        handlers[name] = handler
        return commands.add_parser(name, help=text, description=text)

    parsers = {name: add(name, text, f"{__package__}.{where}") for name, text, where in _OWN}
    _declare_hosts(parsers)
    _declare_care(parsers)
    _declare_consumer(parsers["consumer"])
    for name in _LOOKING:
        parsers[name].add_argument(
            "--data",
            metavar="FOLDER",
            help="that of fivered up; none: what runs here",
        )
    # A unit's own command is loaded only when it is asked for, or for the list of all.
    asked = args[0] if args else ""
    if [*args[:2]] == ["verify", "audit"]:
        # A unit may verify what it keeps under the same name.
        text = "is the audit of services what was sealed, row by row"
        _declare_verify(add("verify", text, f"{__package__}.verifying:command"))
    for name, point in points(COMMANDS).items():
        if asked in handlers:
            continue
        if asked == name or not asked or asked in {"-h", "--help"}:
            declare, handler = point.load()
            added = add(name, (declare.__doc__ or "").partition("\n")[0], handler)
            declare(added)
            if name == "verify":
                added.epilog = "the audit of services: fivered verify audit --help"
    return parser, handlers


def _declare_hosts(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    """Say what the commands take that run or prepare something."""
    up = parsers["up"]
    up.add_argument("--data", default=".fivered/data", help="folder of the databases")
    up.add_argument("--host", default="127.0.0.1")
    up.add_argument("--port", type=_port, default=8000)
    up.add_argument(
        "--keys", default="", help="file or folder of the keys (FIVERED_KEYS); none: --data"
    )
    up.add_argument("--demo", action="store_true", help="demonstration: clock command, district")

    serve = parsers["serve"]
    serve.add_argument("service")
    work = parsers["work"]
    work.add_argument("service")

    migrate = parsers["migrate"]
    migrate.add_argument("service", nargs="+", help="service names, or: all")

    migration = parsers["migration"]
    migration.add_argument("action", choices=("draft",))
    migration.add_argument("service", nargs="?", help="none: each whose tables have changed")
    migration.add_argument("name", help="what it does, e.g. refunds_have_a_day")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {MOST_PORT}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not _LEAST_S <= found <= _MOST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: 0.2 to 3600")
    return found


def _number(of: str) -> Callable[[str], int]:
    """Return what reads an argument as a number: ASCII digits, no more than a database takes."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise argparse.ArgumentTypeError(f"{text!r} is no number of {of}")
        return int(text)

    return read


_count, _row, _partitions = _number("events"), _number("a row"), _number("partitions")


def _declare_consumer(consumer: argparse.ArgumentParser) -> None:
    """Say what the command takes that lets outside consumers in."""
    actions = ("list", "show", "add", "change", "password", "remove")
    consumer.add_argument("action", choices=actions)
    consumer.add_argument("name", nargs="?", help="the consumer; list takes none")
    facts = "add, change: SERVICE:FACT.vN with commas between; SERVICE alone: all it has public"
    consumer.add_argument("--events", metavar="FACTS", help=facts)
    would = "add, change: do it; without, what would be done is printed"
    consumer.add_argument("--apply", action="store_true", help=would)
    where = "add, password: where the consumer finds the broker, if not where we do"
    consumer.add_argument("--address", metavar="HOST:PORT", help=where)
    into = "add, password: the URL with the password goes there (mode 600) and is not shown"
    consumer.add_argument("--credentials", metavar="FILE", help=into)
    consumer.add_argument("--yes", action="store_true", help="remove: do not ask")
    consumer.add_argument("--json", action="store_true", help="list, show: an object per line")


# What looks at an installation, or acts on what lies in its databases.
_LOOKING = (
    "topology", "consumer", "events", "parked", "partitions", "workers", "jobs", "timers", "audit",
    "rebuild", "calendar", "doctor", "top",
)  # fmt: skip
_LOOKED = {
    "jobs": {"kind": "of this kind only", "state": "QUEUED, RUNNING, DONE, FAILED or CANCELLED"},
    "timers": {"kind": "of this kind only"},
    "audit": {
        "door": "of this command only, e.g. submit_request",
        "by": "of this person only",
        "trace": "of this trace only: the trace_id of a log's line",
    },
}


def _declare_care(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    """Say what the commands take that look into something and mend it."""
    parsers["files"].add_argument("action", choices=("move",))
    topology = parsers["topology"]
    topology.add_argument("action", choices=("apply", "show", "permissions", "policies"))
    topology.add_argument("name", nargs="?", help=argparse.SUPPRESS)
    topology.add_argument(
        "--streams",
        action="store_true",
        help="apply: also a stream of each service's public facts (FIVERED_STREAMS=1)",
    )

    events = parsers["events"]
    events.add_argument("action", choices=("list", "show", "changes", "tail", "replay"))
    events.add_argument(
        "service", nargs="?", help="list: none = every installed service; show, changes: a fact"
    )
    at = "outbox id, or time of recording (2026-11-28T09:30, local)"
    events.add_argument("--after", metavar="PLACE", help=f"beyond this {at}")
    events.add_argument("--from", dest="first", metavar="PLACE", help="from it on")
    events.add_argument("--to", dest="last", metavar="PLACE", help="up to and with it")
    events.add_argument("--fact", help="only this fact, e.g. request_rated.v1")
    events.add_argument("--limit", type=_count, help="tail: the newest N (100)")
    events.add_argument("--follow", action="store_true", help="tail: go on until Ctrl-C")
    events.add_argument("--json", action="store_true", help="list, show, changes: as JSON")
    events.add_argument("--unsent", action="store_true", help="tail: what has not left yet")
    events.add_argument("--dry-run", action="store_true", help="replay: only count")
    events.add_argument("--only-to", metavar="CONSUMER", help="replay: to this service only")
    events.add_argument(
        "--first-time",
        action="store_true",
        help="replay: it has never run, or was rebuilt: also what is older than services remember",
    )

    parked = parsers["parked"]
    parked.add_argument("action", choices=("list", "show", "retry", "drop"))
    parked.add_argument("service")
    parked.add_argument("ids", nargs="*", type=_row, help="row ids; none = all (list, retry)")
    parked.add_argument("--by", default="", help="who decides, for the record; drop needs it")

    parked.add_argument("--json", action="store_true", help="list, show: an object per line")

    parsers["partitions"].add_argument("service")
    parsers["partitions"].add_argument("number", nargs="?", type=_partitions, help="none: show it")
    parsers["partitions"].add_argument("--json", action="store_true", help="shown as an object")
    parsers["workers"].add_argument("service")
    parsers["workers"].add_argument("--json", action="store_true", help="an object per line")

    for name, options in _LOOKED.items():
        parsers[name].add_argument("service")
        for option, text in options.items():
            parsers[name].add_argument(f"--{option}", default=None, help=text)
        parsers[name].add_argument("--limit", type=_count, default=50, help="at most N (50)")
        parsers[name].add_argument("--json", action="store_true", help="an object per line")
    drop = "DAY: drop the rows of sealed days before it, and keep the seals; needs --decided-by"
    parsers["audit"].add_argument("--drop-before", metavar="DAY", help=drop)
    parsers["audit"].add_argument("--decided-by", metavar="WHO", help="who decides, for the record")
    parsers["timers"].add_argument(
        "--late",
        action="store_const",
        const="LATE",
        dest="state",
        help="only what should have fired",
    )
    _declare_doctor(parsers["doctor"])
    parsers["doctor"].add_argument("--json", action="store_true", help="an object per finding")

    top = parsers["top"]
    top.add_argument(
        "page",
        nargs="*",
        help="NAME=http://host:port of a process's FIVERED_HEALTH_PORT; none: what runs here",
    )
    top.add_argument("--every", type=_seconds, default=2.0, help="seconds between readings (2)")
    top.add_argument("--once", action="store_true", help="one look, then end; 1 if one is away")
    top.add_argument("--json", action="store_true", help="an object per look")

    completion_ = parsers["completion"]
    completion_.add_argument("shell", choices=("bash", "zsh", "tcsh"))

    rebuild = parsers["rebuild"]
    rebuild.add_argument("service")
    rebuild.add_argument("projection", nargs="?", help="none: list them")
    rebuild.add_argument("--json", action="store_true", help="of the list: an object per line")

    keys = parsers["keys"]
    keys.add_argument("action", choices=("status", "rotate", "drop", "pair", "persons"))
    keys.add_argument(
        "key", nargs="?", default="", help="its variable; none: that of people's data"
    )
    keys.add_argument("--data", metavar="FOLDER", help="of the databases (.fivered/data)")
    keys.add_argument("--keys", default="", help="file or folder of the keys; none: --data")

    keys.add_argument("--json", action="store_true", help="status: an object per service")
    keys.add_argument(
        "--begin",
        action="store_true",
        help="persons: from now on a key of its person seals what is about a person; no process of"
        " 0.2 runs any more, and none can start again",
    )
    _declare_backups(parsers["backup"], parsers["restore"])

    calendar = parsers["calendar"]
    calendar.add_argument("action", choices=("load", "check", "show"))
    calendar.add_argument(
        "file", nargs="?", help="load, check: JSON with year, off, make_up, source"
    )

    calendar.add_argument("--json", action="store_true", help="show, check: an object")

    contracts = parsers["contracts"]
    contracts.add_argument("action", choices=("write", "check", "release"))
    contracts.add_argument("service", nargs="*", help="none: every installed service")


def _declare_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("audit",))
    parser.add_argument("service", nargs="+", help="service names, or: all")
    kept = "seals as they were kept elsewhere: GET /v1/SERVICE/audit/seals, or lines of a log"
    parser.add_argument("--against", metavar="FILE", help=kept)
    parser.add_argument("--data", metavar="FOLDER", help="that of fivered up; none: what runs here")
    parser.add_argument("--all", action="store_true", help="name every finding, not the first only")
    parser.add_argument("--json", action="store_true", help="an object per service, all findings")


def _declare_doctor(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("action", nargs="?", choices=("reconcile", "heard"))
    doctor.add_argument(
        "service", nargs="*", help="reconcile: who was restored; heard: who has heard, and whom"
    )
    doctor.add_argument("--from", dest="first", metavar="TIME", help="of events since (a week)")
    doctor.add_argument(
        "--heard", action="append", default=[], metavar="FILE",
        help="reconcile: what doctor heard has printed elsewhere",
    )  # fmt: skip


def _declare_backups(backup: argparse.ArgumentParser, restore: argparse.ArgumentParser) -> None:
    data = "all databases of this folder of fivered up, of one moment"
    sealed_by = "file with what seals the keys (FIVERED_BACKUP_PASSPHRASE); none: no keys"
    backup.add_argument(
        "service", nargs="*", help="service names, or: all; or: verify, then folders of backups"
    )
    backup.add_argument("--data", help=data)
    backup.add_argument("--to", metavar="FOLDER", help="where the backups lie")
    backup.add_argument("--keep", type=_some, metavar="N", help="delete all but the newest N")
    backup.add_argument("--passphrase-file", metavar="FILE", help=sealed_by)

    backup.add_argument("--json", action="store_true", help="verify: an object per backup")

    restore.add_argument("service", nargs="?")
    restore.add_argument("--data", help=data)
    restore.add_argument(
        "--from", dest="source", required=True, metavar="FOLDER",
        help="a backup, or the folder of several: the newest",
    )  # fmt: skip
    restore.add_argument(
        "--replace", metavar="NAME", help="the service (or the folder) whose data are replaced"
    )
    restore.add_argument(
        "--person-keys", metavar="FOLDER",
        help="newer keys of persons than those beside the backup (a folder of backups)",
    )  # fmt: skip
    restore.add_argument("--keys-to", metavar="FILE", help="write the sealed keys there")
    restore.add_argument("--passphrase-file", metavar="FILE", help=sealed_by)


def _some(text: str) -> int:
    if not _number("backups")(text):
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def serve(given: argparse.Namespace) -> int:
    """Carry out `fivered serve`: this process is replaced before it has imported the service, since
    eventlet patches the standard library before anything else is imported."""
    sys.stdout.flush()
    arguments = [sys.executable, "-m", "fivered.chassis.serve", given.service]
    os.execv(sys.executable, arguments)  # nosec B606  # noqa: S606  replaces this process by itself


def completion(given: argparse.Namespace) -> int:
    """Carry out `fivered completion`: print what the shell reads, with what is installed here."""
    # No other command draws up scripts.
    import shtab  # noqa: PLC0415

    parser, _ = _parser([])
    for name, declared in _commands_of(parser).items():
        for action in declared._actions:  # noqa: SLF001  argparse tells its arguments no other way
            if action.dest == "service" and action.choices is None:
                action.choices = _completed(name, several=action.nargs == "+")
    print(shtab.complete(parser, given.shell))
    return 0


def _completed(command: str, *, several: bool) -> list[str]:
    """Return what a shell offers where a command takes a service, or what it takes beside."""
    found = service_names()
    if command == "backup":
        return [*found, ALL, "verify"]
    if command == "events":
        # No other command of this module reads contracts.
        from fivered.chassis.contracts import facts_of  # noqa: PLC0415

        published = (one for name in found for one in facts_of(service_class(name)))
        return [*found, *(one["type"] for one in published)]
    return [*found, ALL] if several else found


def _commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001  as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  as above
            return action.choices
    return {}


def _loaded(handler: Handler) -> Callable[[argparse.Namespace], int]:
    if not isinstance(handler, str):
        return handler
    found: Callable[[argparse.Namespace], int] = pkgutil.resolve_name(handler)
    return found


def _full(error: BaseException) -> str | None:
    """Say in one line that there was no room for what a command writes; None for other faults."""
    # With what it needs it takes longer to import than most commands to run.
    from fivered.chassis.reconnect import DISK_FULL  # noqa: PLC0415

    if not isinstance(error, OSError) or error.errno not in DISK_FULL:
        return None
    # What is left in it would be tried once more at the end, and told with a trace.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return f"{error.filename or 'standard output'}: {error.strerror}"


def _database_fault(error: BaseException) -> str | None:
    """Say in one line what is wrong with a database (server, name, password); None for others."""
    database_errors = sys.modules.get("fivered.chassis.database_errors")
    if database_errors is None or not database_errors.is_of_database(error):
        return None
    return f"the database: {database_errors.words_of(error)}"


if __name__ == "__main__":
    sys.exit(main())
