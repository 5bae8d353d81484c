"""What the commands of `fivered` do; `cli` says what they are called and what they take."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import msgspec

from fivered.chassis import (
    append_only,
    audit_seals,
    broker,
    contracts,
    doctor,
    event_log,
    here,
    inbox,
    keys,
    leases,
    looking,
    owners,
    projections,
    reconcile,
    repartition,
    topology,
    years,
)
from fivered.chassis.calendar import Year, read_year_file
from fivered.chassis.cards import Outlook
from fivered.chassis.fact_schemas import EventContract
from fivered.chassis.here import KEYS
from fivered.chassis.installed import ALL, service_class, service_names, services_of
from fivered.chassis.messages import SYSTEM
from fivered.chassis.migrate import current_of, migrate_service, named, package_of
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import CommandFailed, database_variable, read


def open_runtime(service: str, *, cooperative: bool = False) -> Runtime:
    """Open an installed service on the database that the environment names.

    Raises:
        CommandFailed: The variable is not set, or names no database of ours.
        SettingsError: Lists every missing or wrong variable.
    """
    cls = service_class(service)
    return Runtime.open(cls, here.database_of(service), cooperative=cooperative)


def open_as_owner(service: str) -> Runtime:
    """Open an installed service as who owns its tables.

    Raises:
        CommandFailed: No address is set, or it names no database of ours.
        SettingsError: Lists every missing or wrong variable.
    """
    return Runtime.open(service_class(service), owners.database_of(service))


def run_migrate(given: argparse.Namespace) -> int:
    """Bring the databases of services to the newest revision."""
    for name in services_of(given.service):
        runtime = open_as_owner(name)
        try:
            _migrate(name, runtime)
        finally:
            runtime.close()
    return 0


def _migrate(name: str, runtime: Runtime) -> None:
    with named(database_variable(name)):
        with runtime.engine.connect() as conn:
            owners.check(name, conn)
        done = migrate_service(runtime.service_cls, runtime.engine)
        current = current_of(runtime.engine, package_of(runtime.service_cls))
        with runtime.engine.begin() as conn:
            away = append_only.open_tables(conn)
            if away:
                append_only.hold(conn)
            owners.give(name, conn)
    print(f"{name}: {'migrated to' if done else 'is at'} {current}")
    if away:
        print(f"{name}: rows of {', '.join(away)} are only added again; verify them")


def run_migration(given: argparse.Namespace) -> int:
    """Write the migrations that changed tables ask for, to be read and completed by hand."""
    # Alembic is slow to import, and no other command writes code.
    from fivered.chassis.drafting import write_drafts  # noqa: PLC0415

    names = [given.service] if given.service else service_names()
    for path in write_drafts(map(service_class, names), given.name):
        print(path)
    return 0


def run_topology(given: argparse.Namespace) -> int:
    """Make or show what the broker needs."""
    try:
        installation = topology.looked_at()
        if given.name is not None:
            raise CommandFailed(f"topology {given.action} takes no name: {given.name!r}")
        if given.streams and given.action != "apply":
            raise CommandFailed(f"topology {given.action} takes no --streams")
        if given.action == "show":
            print(installation.to_json(), end="")
            return 0
        vhost = topology.vhost_of(here.broker_url())
        if given.action == "policies":
            print("\n".join(topology.policy_commands(vhost)))
            return 0
        if given.action == "permissions":
            for permission in topology.permissions(installation):
                print("\n".join(topology.commands(permission, vhost)))
            return 0
        url = here.needed_broker_url("that applies the topology")
        streams = read(broker.StreamSettings)
        kept = streams.most_bytes if streams.wanted or given.streams else None
        applied = broker.apply(url, installation, stream_bytes=kept)
    except topology.TopologyError as error:
        raise CommandFailed(str(error)) from error
    print(f"{len(applied.queues)} queues for {', '.join(sorted(installation.members))}")
    if applied.older:
        print(
            f"{len(applied.older)} of them were made by an earlier release and keep its arguments;"
            " what these lack is said by policy. On the broker, once"
            " (or load deploy/rabbitmq/definitions.json):"
        )
        print("\n".join(topology.policy_commands(topology.vhost_of(url))))
    return 0


def run_events(given: argparse.Namespace) -> int:
    """Show, or publish again, what a service has published; or what it publishes at all."""
    _only_of_its_action(given)
    if given.action == "list":
        return _list_facts(given)
    if given.action == "show":
        return _show_fact(given)
    if given.action == "changes":
        return _changes_of_facts(given)
    if given.service is None:
        raise CommandFailed(f"events {given.action} needs a service: whose events")
    try:
        after, first, last = (
            None if text is None else event_log.place(text)
            for text in (given.after, given.first, given.last)
        )
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    facts = (given.fact,) if given.fact else ()
    unsent = given.action == "tail" and given.unsent
    part = event_log.Part(after, first, last, facts, unsent=unsent)
    runtime = open_runtime(given.service)
    try:
        _is_published(given, runtime)
        if given.action == "tail":
            _tail(given, runtime, part)
        else:
            _replay(given, runtime, part)
    except event_log.NotReplayed as error:
        raise CommandFailed(str(error)) from error
    finally:
        runtime.close()
    return 0


def _is_published(given: argparse.Namespace, runtime: Runtime) -> None:
    """Refuse a fact that the service publishes neither now nor did before.

    Raises:
        CommandFailed: It does not.
    """
    published = {one["type"].partition(".")[2] for one in contracts.facts_of(runtime.service_cls)}
    if given.fact is None or given.fact in published:
        return
    if not event_log.extent(runtime, event_log.Part(facts=(given.fact,))).count:
        raise CommandFailed(
            f"{given.service} publishes no {given.fact}: fivered events list {given.service} says"
            " what it does"
        )


def _only_of_its_action(given: argparse.Namespace) -> None:
    """Refuse an option that the action does not know: what it narrows would be said all the same.

    Raises:
        CommandFailed: One is there, or names nobody.
    """
    replay, tail = ("dry_run", "only_to", "first_time"), ("limit", "follow", "unsent")
    others = {
        "tail": (*replay, "json"),
        "replay": (*tail, "json"),
        "list": (*replay, *tail, "after", "first", "last"),
        "show": (*replay, *tail, "after", "first", "last", "fact"),
        "changes": (*replay, *tail, "after", "first", "last", "fact"),
    }
    for name in others[given.action]:
        value = getattr(given, name)
        if value is not None and value is not False:
            called = {"first": "from", "last": "to"}.get(name, name.replace("_", "-"))
            raise CommandFailed(f"events {given.action} takes no --{called}")
    if given.only_to == "":
        raise CommandFailed("--only-to needs the name of a consumer")
    if given.first_time and given.only_to is None:
        raise CommandFailed("--first-time needs --only-to: who has never run")


def _list_facts(given: argparse.Namespace) -> int:
    """Show what services publish: the fact, who may hear it, what it means."""
    names = [given.service] if given.service else service_names()
    found = [one for name in names for one in contracts.facts_of(service_class(name))]
    found = [one for one in found if given.fact in {None, one["type"].partition(".")[2]}]
    if not found:
        raise CommandFailed(f"nothing that is published is called {given.fact}")
    for fact in found:
        if given.json:
            print(json.dumps(fact, ensure_ascii=False))
        else:
            print(f"{fact['type']:44} {fact['visibility']:9} {fact['title']}")
    return 0


def _fact(given: argparse.Namespace) -> EventContract:
    """Return the fact that is named.

    Raises:
        CommandFailed: None is, or nobody publishes it.
    """
    service, _, name = (given.service or "").partition(".")
    if not name or service not in service_names():
        raise CommandFailed(
            f"events {given.action} needs a fact: SERVICE.FACT.vN, as `fivered events list` says"
        )
    for fact in contracts.facts_of(service_class(service)):
        if fact["type"] == given.service:
            return fact
    raise CommandFailed(
        f"{service} publishes no {name}: fivered events list {service} says what it does"
    )


def _changes_of_facts(given: argparse.Namespace) -> int:
    """Show since when facts are published, and what each release has changed of them."""
    if "." in (given.service or ""):
        facts = [_fact(given)]
    else:
        names = [given.service] if given.service else service_names()
        facts = [one for name in names for one in contracts.facts_of(service_class(name))]
    for fact in facts:
        told = {"type": fact["type"], "since": fact["since"], "changes": fact.get("changes", {})}
        if given.json:
            print(json.dumps(told, ensure_ascii=False))
            continue
        print(f"{fact['since']:11} {fact['type']}  {fact['title']}")
        print("".join(f"  {line}\n" for line in contracts.history_of(fact)), end="")
    return 0


def _show_fact(given: argparse.Namespace) -> int:
    """Show all that is said of one fact."""
    fact = _fact(given)
    print(
        json.dumps(fact, ensure_ascii=False) if given.json else "\n".join(contracts.in_words(fact))
    )
    return 0


def _tail(given: argparse.Namespace, runtime: Runtime, part: event_log.Part) -> None:
    if part.unsent and _is_embedded(runtime):
        print("in one process nothing is sent: consumers read what is published", file=sys.stderr)
        return
    shown = event_log.newest(runtime, part, 100 if given.limit is None else given.limit)
    whole = event_log.extent(runtime, part)
    if len(shown) < whole.count:
        print(f"the newest {len(shown)} of {whole.count} ({whole})", file=sys.stderr)
    while True:
        for event in shown:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        if not given.follow:
            return
        if shown:
            part = replace(part, after=int(str(shown[-1]["outbox_id"])))
        time.sleep(1.0)
        shown = event_log.newest(runtime, part, 1_000_000)


def _replay(given: argparse.Namespace, runtime: Runtime, part: event_log.Part) -> None:
    name, consumer = given.service, given.only_to
    embedded = _is_embedded(runtime)
    if embedded and not consumer:
        raise CommandFailed("in one process nothing is sent: who reads again is --only-to CONSUMER")
    if consumer:
        try:
            part = event_log.consumed_by(part, name, consumer, topology.looked_at())
        except topology.TopologyError as error:
            raise CommandFailed(str(error)) from error
    found = event_log.extent(runtime, part)
    to = f" to {consumer} only" if consumer else ""
    if given.dry_run:
        print(f"{found.count} events of {name} would go out again{to}: {found}")
        return
    if not (consumer and given.first_time):
        event_log.only_remembered(found)
    if embedded and consumer:
        other = open_runtime(consumer)
        event_log.set_back(runtime, part, other)
        other.close()
        print(f"{consumer} reads {name} again, at once where it runs: {found}")
        return
    if consumer:
        url = here.needed_broker_url(f"of {name}: it goes out by way of the broker")
        installation = topology.looked_at()
        repeated = event_log.again_to(runtime, part, consumer, installation, url)
        print(f"{repeated.count} events of {name} went out again{to}: {found}")
        return
    event_log.again(runtime, part)
    print(f"{found.count} events of {name} go out again: {found}")


def _is_embedded(runtime: Runtime) -> bool:
    return runtime.engine.dialect.name == "sqlite"


def run_parked(given: argparse.Namespace) -> int:
    """Look at what a service could not take, and decide on it."""
    runtime = open_runtime(given.service)
    rows = inbox.parked_rows(runtime)
    if given.ids:
        there = {row["id"] for row in rows}
        if lacking := [str(one) for one in given.ids if one not in there]:
            raise CommandFailed(f"nothing of {given.service} is parked as {', '.join(lacking)}")
        rows = [row for row in rows if row["id"] in given.ids]
    if given.action in {"retry", "drop"}:
        if given.action == "drop" and not given.ids:
            raise CommandFailed("drop needs the ids of the rows")
        if given.action == "drop" and not given.by.strip():
            raise CommandFailed("drop needs --by: who gives these up, for the record")
        state = "RETRY" if given.action == "retry" else "DROPPED"
        marked = inbox.mark_parked(
            runtime, [row["id"] for row in rows], state, given.by or "operator"
        )
        print(f"{marked} of {given.service} marked {state}")
    else:
        for row in rows:
            if given.json:
                body = bytes(row["body"]).decode("utf-8", "replace")
                print(json.dumps({**row, "body": body}, ensure_ascii=False, default=str))
            else:
                _print_parked(row, whole=given.action == "show")
        if not rows and not given.json:
            print(f"nothing of {given.service} is parked")
    runtime.close()
    return 0


def _print_parked(row: inbox.Parked, *, whole: bool) -> None:
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


def run_look(given: argparse.Namespace) -> int:
    """Show jobs, timers or the commands that took effect."""
    if getattr(given, "drop_before", None):
        return _drop_audit(given)
    look = {"jobs": looking.jobs, "timers": looking.timers, "audit": looking.audit}[given.command]
    if given.command == "jobs" and given.state not in {None, *looking.JOB_STATES}:
        known = ", ".join(looking.JOB_STATES)
        raise CommandFailed(f"no job is {given.state}: a job is {known}")
    options = {
        name: value
        for name, value in vars(given).items()
        if name in {"kind", "state", "door", "by", "trace"}
    }
    runtime = open_runtime(given.service)
    try:
        rows = look(runtime, looking.Narrowed(given.limit, **options))
        # What the release before called otherwise is found all the same.
        if not rows and (why := looking.unknown(runtime, given.command, options)):
            raise CommandFailed(why)
    finally:
        runtime.close()
    for line in looking.lines(rows, as_json=given.json):
        print(line)
    if not rows:
        print(f"none in {given.service}", file=sys.stderr)
    return 0


def _drop_audit(given: argparse.Namespace) -> int:
    if not given.decided_by:
        raise CommandFailed("audit --drop-before needs --decided-by: who decides, for the record")
    try:
        before = date.fromisoformat(given.drop_before)
    except ValueError as error:
        raise CommandFailed(f"{given.drop_before!r} is no day: 2026-11-30") from error
    runtime = open_as_owner(given.service)
    try:
        digest = runtime.digests.of("_drop_audit", {"before": before.isoformat()}).keyed
        days, rows = audit_seals.drop(runtime, before, given.decided_by, digest)
    finally:
        runtime.close()
    print(f"{rows} rows of {days} days of {given.service} were dropped; their seals stay")
    return 0


def run_partitions(given: argparse.Namespace) -> int:
    """Show or change in how many partitions the events of a service go out."""
    runtime = open_runtime(given.service)
    try:
        if given.number is None:
            print(repartition.show(runtime, as_json=given.json))
        else:
            repartition.change(runtime, given.number, lambda text: print(text, flush=True))
    finally:
        runtime.close()
    return 0


def run_workers(given: argparse.Namespace) -> int:
    """Show the workers of a service, and which queues each consumes."""
    runtime = open_runtime(given.service)
    try:
        rows = leases.listed(runtime)
        embedded = _is_embedded(runtime)
    finally:
        runtime.close()
    for line in looking.lines(rows, as_json=given.json):
        print(line)
    if embedded:
        print("everything runs in one process: there are no workers", file=sys.stderr)
    elif not rows:
        print(f"none of {given.service} (fivered work {given.service})", file=sys.stderr)
    return 0


def run_keys(given: argparse.Namespace) -> int:
    """Replace a key under which data are stored."""
    if given.keys:
        os.environ[KEYS] = given.keys
    data = given.data or here.PLACES[0]
    if given.begin and given.action != "persons":
        raise CommandFailed("--begin is for keys persons")
    if given.action == "status":
        if given.key:
            raise CommandFailed(f"keys status looks at every key, and takes no {given.key}")
        return keys.status(data, print, as_json=given.json)
    if given.json:
        raise CommandFailed(f"keys {given.action} takes no --json: it tells steps to people")
    if given.action == "persons":
        return keys.persons(data, print, begin=given.begin)
    if given.action == "pair":
        return keys.pair(print)
    change = keys.rotate if given.action == "rotate" else keys.drop
    return change(data, given.key, print)


def run_calendar(given: argparse.Namespace) -> int:
    """Load, check or show the years whose working days are known."""
    year = None
    if given.action == "show" and given.file is not None:
        raise CommandFailed(f"calendar show takes no file: calendar check {given.file} looks at it")
    if given.action != "show":
        if not given.file:
            raise CommandFailed(f"calendar {given.action} needs a file")
        year = _read_year(given.file)
        if given.action == "check":
            shown = f"{given.file}: {_shown(year)}"
            print(msgspec.json.encode(year).decode() if given.json else shown)
            return 0
        if given.json:
            raise CommandFailed("calendar load takes no --json: calendar show --json afterwards")
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
        print(json.dumps(card) if given.json else _reach(card))
    finally:
        runtime.close()
    return 0


def _read_year(file: str) -> Year:
    try:
        return read_year_file(Path(file).read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{file}: {error}") from error


def _reach(card: Outlook) -> str:
    """Say how far the working days are known; beyond the data, that they ended."""
    until, days = card["until"], card["days_left"]
    if days >= 0:
        return f"working days are known until {until} ({days} days)"
    return (
        f"working days were known until {until}, {-days} days ago; all later ones are provisional"
        " (fivered calendar load FILE)"
    )


def _shown(year: Year) -> str:
    return (
        f"{year.year}: {len(year.off)} days off, {len(year.make_up)} make-up days ({year.source})"
    )


def run_rebuild(given: argparse.Namespace) -> int:
    """Clear a projection and read it again."""
    known = {one.name: one for one in service_class(given.service).projections}
    if given.projection is None:
        for projection in known.values():
            if given.json:
                print(json.dumps(asdict(projection)))
                continue
            print(f"{projection.name}: {', '.join(projection.tables)}, from {projection.source}")
        if not known and not given.json:
            others = [
                f"{name} {one.name}"
                for name in service_names()
                for one in service_class(name).projections
            ]
            there = ", ".join(others) or "none anywhere"
            print(f"{given.service} has no projection that can be rebuilt; there are: {there}")
        return 0
    if given.json:
        raise CommandFailed("rebuild PROJECTION takes no --json")
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


def run_contracts(given: argparse.Namespace) -> int:
    """Write, check or release the contract files."""
    work = {"write": contracts.write, "check": contracts.check, "release": contracts.release}
    failed = False
    for name in services_of(given.service or [ALL]):
        report = work[given.action](service_class(name))
        for path in report.written:
            print(f"{name}: wrote {path}")
        for problem in report.problems:
            print(f"{name}: {problem}", file=sys.stderr)
        failed |= bool(report.problems)
    return 1 if failed else 0


def run_doctor(given: argparse.Namespace) -> int:
    """Look at everything and say what is wrong; or at what others know of a restored service."""
    needed = {None: 0, "reconcile": 1, "heard": 2}[given.action]
    if len(given.service) != needed or (given.action != "reconcile" and given.heard):
        raise CommandFailed("doctor; doctor reconcile SERVICE; doctor heard CONSUMER SERVICE")
    if given.action == "heard":
        consumer, source = given.service
        return reconcile.tell_heard(consumer, source, reconcile.since_of(given.first), print)
    if given.action == "reconcile":
        since = reconcile.since_of(given.first)
        found = reconcile.reconcile(given.service[0], given.heard, since)
        return reconcile.tell(found, print, as_json=given.json)
    if given.first:
        raise CommandFailed("doctor takes no --from")
    return doctor.run(print, as_json=given.json)
