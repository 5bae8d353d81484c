"""Award events into effect: one worker of credit beside stock nameko and a consumer by hand.

The same events (two ratings for one record of volunteer hours) wait in RabbitMQ; each consumer
turns them into facts, awards under their caps and running totals, postings and balances, on its own
fresh database. A rate is measured from the first effect to the last. At the end the three databases
must say the same: so many awards, so much score, so many points, and all accounts sum to zero.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import sqlalchemy as sa

from bench import frame
from bench.awards_worker import installation
from bench.frame import Figure, progress
from bench.subscribe import publish
from fivered.chassis import broker, topology
from fivered.chassis import envelope as env
from fivered.chassis.calendar import Calendar
from fivered.chassis.messages import new_uuid, partition_of
from testkit import servers

AREA = "370811015901"
RATINGS_A_STEWARD = 12
RECORDS_A_PERSON = 6
BEGIN = datetime(2025, 3, 1, 1, tzinfo=UTC)


def messages_of(count: int) -> list[tuple[str, str, bytes]]:
    """Return (fact, aggregate, CloudEvent) of each event, in the order in which they happened."""
    chance = random.Random(frame.SEED)
    stewards = max(1, count * 2 // 3 // RATINGS_A_STEWARD)
    people = max(1, count // 3 // RECORDS_A_PERSON)
    apart = timedelta(days=27) / count
    found = []
    for number in range(count):
        at = (BEGIN + number * apart).replace(microsecond=0)
        if number % 3:
            fact, aggregate = "request_rated.v1", f"req_{number}"
            handler = chance.randrange(stewards)
            data = {
                "request_id": aggregate,
                "handler": f"stw_{handler}",
                "stars": chance.choice((4, 5, 5)),
                "solved": True,
                "handler_person": f"per_s{handler}",
                "rater": f"per_r{number}",
                "project_id": None,
            }
        else:
            fact, aggregate = "volunteer_hours_confirmed.v1", f"rec_{number}"
            data = {
                "record_id": aggregate,
                "person_id": f"per_{chance.randrange(people)}",
                "minutes": chance.choice((30, 60, 90, 120)),
                "source": "QR",
                "date": Calendar.local_date(at).isoformat(),
            }
        body = {
            "specversion": "1.0",
            "id": new_uuid(),
            "source": "/fivered/steward",
            "type": f"steward.{fact}",
            "subject": aggregate,
            "time": at.isoformat().replace("+00:00", "Z"),
            "recordedat": at.isoformat().replace("+00:00", "Z"),
            "aggregatetype": "request" if number % 3 else "record",
            "sequence": f"{number:020d}",
            "scope": AREA,
            "period": "2025-03",
            "correlationid": new_uuid(),
            "datacontenttype": "application/json",
            "data": data,
        }
        found.append((fact, aggregate, msgspec.json.encode(body)))
    return found


def fresh_database(postgres: servers.Postgres, name: str, count: int) -> str:
    """Make a database of credit in which everybody who will have done hours has consented."""
    url = postgres.create_database(name)
    runtime = frame.open_credit(url)
    people = max(1, count // 3 // RECORDS_A_PERSON)
    frame.fill(
        runtime,
        "INSERT INTO subjects (subject_id, kind, ref, area, area_before, area_since, holder,"
        " spendable, state, opened_at, version) SELECT 'RES:per_' || n, 'RES', 'per_' || n,"
        " :area, :area, '2025-01-01', 'per_' || n, true, 'ACTIVE', '2025-01-01', 1"
        " FROM generate_series(0, :people - 1) n",
        area=AREA,
        people=people,
    )
    frame.fill(
        runtime,
        "INSERT INTO consent_spans (subject_id, purpose, since) SELECT 'RES:per_' || n, p,"
        " '2025-01-01' FROM generate_series(0, :people - 1) n,"
        " unnest(ARRAY['SCORING', 'POINTS']) p",
        people=people,
    )
    frame.analyze(runtime)
    runtime.close()
    return url


def prepare_stock(url: str, messages: list[tuple[str, str, bytes]]) -> None:
    """Queue the events as nameko's own dispatcher would have."""
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.exchange_declare("steward.events", "topic", durable=True, auto_delete=False)
    for method, fact in (
        ("on_rated", "request_rated.v1"),
        ("on_hours", "volunteer_hours_confirmed.v1"),
    ):
        queue = f"evt-steward-{fact}--stock.{method}"
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "steward.events", fact)
    connection.close()
    publish(url, "steward.events", [(f, body) for f, _, body in messages], "application/json")


def prepare_partitions(url: str, name: str, messages: list[tuple[str, str, bytes]]) -> None:
    members = dict(installation().members)
    members[name] = topology.Member(name, {}, members.pop("credit").consumes)
    broker.apply(url, topology.Installation(members))
    keyed = [(f"{fact}.{partition_of(of)}", body) for fact, of, body in messages]
    publish(url, "steward.events", keyed, env.CONTENT_TYPE)


# A worker, its PostgreSQL process and the broker are busy at the same time: two pairs and a broker.
CORES_FOR_TWO = 5
# What a worker may take where the machine has less: then two do not take it from each other.
SHARE_OF_A_CORE = 0.25
CONSUMERS = {
    "stock": [("bench.awards_stock",)],
    "hand": [("bench.awards_hand",)],
    "one": [("bench.awards_worker", "0", "1", "2", "3")],
    "two": [("bench.awards_worker", "0", "1"), ("bench.awards_worker", "2", "3")],
}


@contextmanager
def limited(pids: list[int], cores: float) -> Iterator[None]:
    """Let each process have so much of a core and no more, while the block runs.

    Raises:
        OSError: The kernel's control groups cannot be written here.
    """
    period = 20_000
    groups = [Path(f"/sys/fs/cgroup/cpu/fivered-bench-{pid}") for pid in pids]
    first, quota = Path("/sys/fs/cgroup/cgroup.controllers"), int(cores * period)
    if first.exists():
        groups = [first.parent / group.name for group in groups]
    try:
        for group, pid in zip(groups, pids, strict=True):
            group.mkdir()
            if first.exists():
                (group / "cpu.max").write_text(f"{quota} {period}", "ascii")
            else:
                (group / "cpu.cfs_period_us").write_text(str(period), "ascii")
                (group / "cpu.cfs_quota_us").write_text(str(quota), "ascii")
            (group / "cgroup.procs").write_text(str(pid), "ascii")
        yield
    finally:
        for group in groups:
            if group.exists():
                for pid in (group / "cgroup.procs").read_text("ascii").split():
                    (group.parent / "cgroup.procs").write_text(pid, "ascii")
                group.rmdir()


def measure(name: str, url: str, database: str, count: int, *, cores: float | None = None) -> float:
    """Run a consumer until all is done and return events per second.

    Args:
        name: Which consumer.
        url: The broker.
        database: Where it has its effect.
        count: How many events wait.
        cores: What each of its processes may take of the machine; default all.
    """
    processes = [
        servers.spawn(
            [sys.executable, "-m", *command],
            cwd=Path(__file__).resolve().parents[1],
            env=os.environ | {"FIVERED_LEDGER_DATABASE_URL": database, "FIVERED_BROKER_URL": url},
        )
        for command in CONSUMERS[name]
    ]
    held = limited([p.pid for p in processes], cores) if cores else nullcontext()
    try:
        with held:
            return _rate(name, database, count, processes)
    finally:
        frame.end(*processes)


def _rate(name: str, database: str, count: int, processes: list[subprocess.Popen[bytes]]) -> float:
    with psycopg.connect(database, autocommit=True) as conn:
        first, began = 0, 0.0
        while True:
            done = conn.execute("SELECT count(*) FROM inbox").fetchone()[0]
            now = time.monotonic()
            if done and not first:
                first, began = done, now
            progress(f"awards: {name}", done, count)
            if done >= count:
                return (count - first) / max(now - began, 1e-9)
            for process in processes:
                if process.poll() is not None:
                    raise SystemExit(f"{process.args} ended with {process.returncode}")
            time.sleep(0.02)


def outcome(database: str) -> tuple[int, ...]:
    """Return what the events have led to, and check that all accounts sum to zero."""
    engine = sa.create_engine(sa.make_url(database).set(drivername="postgresql+psycopg"))
    with engine.connect() as conn:

        def one(statement: str) -> tuple[int, ...]:
            return tuple(int(value or 0) for value in conn.execute(sa.text(statement)).one())

        awards = one("SELECT count(*), sum(score), sum(points) FROM awards")
        facts = one("SELECT count(*) FROM facts")
        pending = one("SELECT sum(points) FROM pendings")
        issued = one("SELECT -sum(balance) FROM system_accounts")
        lines = one("SELECT sum(amount), sum(amount) FILTER (WHERE side = 'PENDING') FROM lines")
    engine.dispose()
    assert pending == issued == lines[1:], "the balances are not what the lines say"
    assert awards[2] == pending[0], "the points of the awards are not what is pending"
    assert lines[0] == 0, "the lines do not sum to zero"
    return (*awards, *facts)


def _same(ends: dict[str, tuple[int, ...]]) -> None:
    """Two workers may fill one cap at the same time; the draft of the month takes that back."""
    two = ends.pop("two")
    assert len(set(ends.values())) == 1, f"not the same work: {ends}"
    one = ends["one"]
    assert (two[0], two[3]) == (one[0], one[3]), f"not the same work: {two}, {one}"


def run(*, quick: bool = False, events: int | None = None, rounds: int = 3) -> list[Figure]:
    """Measure all of them `rounds` times; a ratio is that of one round, and the median counts."""
    count = events or (9_000 if quick else 30_000)
    rounds = 1 if quick else rounds
    rates: dict[str, list[float]] = {name: [] for name in CONSUMERS}
    held: dict[str, list[float]] = {"one": [], "two": []}
    with frame.private_postgres() as postgres:
        rabbit = servers.Rabbit()
        try:
            rabbit.start()
            for turn in range(rounds):
                ends = {}
                for name in CONSUMERS:
                    rate, ends[name] = _turn(postgres, rabbit, name, count, turn=turn)
                    rates[name].append(rate)
                _same(ends)
                if _enough_cores():
                    continue
                for name, found in held.items():
                    rate, _ = _turn(
                        postgres, rabbit, name, count // 3, turn=turn, cores=SHARE_OF_A_CORE
                    )
                    found.append(rate)
        finally:
            rabbit.stop()

    def ratio(measured: dict[str, list[float]], one: str, other: str) -> float:
        pairs = zip(measured[one], measured[other], strict=True)
        return frame.median([a / b for a, b in pairs])

    figures = [
        Figure("stock nameko @event_handler", frame.median(rates["stock"]), "/s"),
        Figure("pika + psycopg by hand", frame.median(rates["hand"]), "/s"),
        Figure("one worker of credit", frame.median(rates["one"]), "/s"),
        Figure("two workers, two partitions each", frame.median(rates["two"]), "/s"),
        Figure("one worker / stock", ratio(rates, "one", "stock"), "x", least=8),
        Figure("one worker / by hand", ratio(rates, "one", "hand"), "x", least=0.6),
    ]
    two = ratio(rates, "two", "one")
    if _enough_cores():
        return [*figures, Figure("two workers / one", two, "x", least=1.7)]
    share = f"{SHARE_OF_A_CORE:g} core each"
    return [
        *figures,
        Figure(f"two workers / one, on {os.cpu_count()} cores", two, "x"),
        Figure(f"one worker, {share}", frame.median(held["one"]), "/s"),
        Figure(f"two workers, {share}", frame.median(held["two"]), "/s"),
        Figure(f"two workers / one, {share}", ratio(held, "two", "one"), "x", least=1.7),
    ]


def _enough_cores() -> bool:
    return (os.cpu_count() or 1) >= CORES_FOR_TWO


def _turn(
    postgres: servers.Postgres,
    rabbit: servers.Rabbit,
    name: str,
    count: int,
    *,
    turn: int,
    cores: float | None = None,
) -> tuple[float, tuple[int, ...]]:
    """Let one consumer do all on a database of its own; returns (events per second, outcome)."""
    messages = messages_of(count)
    url = rabbit.new_vhost()
    if name == "stock":
        prepare_stock(url, messages)
    else:
        prepare_partitions(url, "hand" if name == "hand" else "credit", messages)
    database = fresh_database(postgres, f"{name}_{turn}", count)
    rate = measure(name, url, database, count, cores=cores)
    end = outcome(database)
    rabbit.delete_vhost(url)
    with psycopg.connect(postgres.url(), autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name}_{turn} WITH (FORCE)")
    return rate, end
