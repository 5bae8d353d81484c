"""One month of a district: the draft job beside one bare INSERT ... SELECT of the same rows.

The tables are filled by set-based SQL: communities with residents who have consented, stewards and
projects, awards of the month and PENDING points. Then the job of the worker drafts the month, area
by area, with all that a draft is: caps that may have to be counted again, entries, the digest, the
sample to check. Beside it the same entries are made by the one statement that computes them for
one area, run over all areas of the district at once into a table of the same shape. Both are run
`rounds` times, in turns.

The peak of this process's memory is measured over the job: entries and awards stay in the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bench import frame
from bench.frame import Figure, progress
from fivered.chassis import jobs
from fivered.chassis.calendar import published
from fivered.chassis.messages import SYSTEM
from fivered.chassis.runtime import Runtime
from fivered.services.credit.actions import months
from fivered.services.credit.service import Credit
from fivered.services.credit.storage import formula
from fivered.services.credit.storage import tables as t

PERIOD = "2025-03"
PEOPLE_A_COMMUNITY = 4410
MOST_MB = 300
# A prime that divides no number of subjects here: its multiples meet every subject in turn.
SPREAD = 104_729
KIND = "(CASE WHEN {0} % 1000 = 0 THEN 'PRJ' WHEN {0} % 1000 < 10 THEN 'STW' ELSE 'RES' END)"


def end_of_month() -> datetime:
    return published().month_bounds(PERIOD)[1]


def fill_month(runtime: Runtime, subjects: int, awards: int) -> int:
    """Fill the tables for a month; returns the number of communities.

    Of 1,000 subjects 990 are residents, 9 stewards and 1 a project. They lie community by
    community, as a roll is imported; awards lie in the order of time, each of another subject than
    the one before it, and are spread evenly. One in 200 of a steward or project is a deduction that
    the settlement lists.
    """
    areas = max(1, subjects // PEOPLE_A_COMMUNITY)
    values = {"n": subjects, "areas": areas, "awards": awards}
    area = "'370811' || lpad((s.n * :areas / :n)::text, 6, '0')"
    progress("settlement: subjects")
    frame.fill(
        runtime,
        "INSERT INTO subjects (subject_id, kind, ref, area, area_before, area_since, holder,"
        " spendable, state, opened_at, version)"
        f" SELECT kind || ':' || ref, kind, ref, {area}, {area}, '2025-01-01', ref, true,"
        "  'ACTIVE', '2025-01-01', 1"
        " FROM generate_series(CAST(0 AS bigint), :n - 1) AS g(n), LATERAL (SELECT g.n, "
        f"  {KIND.format('g.n')} AS kind, lpad(g.n::text, 8, '0') AS ref) AS s",
        **values,
    )
    progress("settlement: consents, projects, measures, points")
    frame.fill(
        runtime,
        "INSERT INTO consent_spans (subject_id, purpose, since) SELECT subject_id, p, opened_at"
        " FROM subjects, unnest(ARRAY['SCORING', 'POINTS']) p WHERE kind = 'RES'",
    )
    frame.fill(
        runtime,
        "INSERT INTO projects (project_id, company_id, area, households, status, sequence)"
        " SELECT ref, 'pco_' || (hashtext(ref) & 255), area, 800, 'IN_SERVICE', 1 FROM subjects"
        " WHERE kind = 'PRJ'",
    )
    frame.fill(
        runtime,
        "INSERT INTO pendings (subject_id, period, points) SELECT subject_id, :p, 40"
        " FROM subjects WHERE kind <> 'PRJ'",
        p=PERIOD,
    )
    step = 1_000_000
    rule = "CASE kind WHEN 'RES' THEN 'R-RES-01' WHEN 'STW' THEN 'R-STW-01' ELSE 'R-PRJ-10' END"
    for begin in range(0, awards, step):
        progress("settlement: awards", begin, awards)
        frame.fill(
            runtime,
            "INSERT INTO awards (award_id, subject_id, kind, rule_set, rule_code, source, fact,"
            " event_id, deed, occurred_at, day, period, to_period, points_period, cap_window,"
            " score_raw, points_raw, score, points, capped, late, correction, recount, deduction,"
            " effective, decides, state, area, proposed_at, decided_at, shard, version)"
            " SELECT gen_random_uuid(), subject_id, kind, 'RC-2025.1', rule, 'steward',"
            "  'request_rated.v1', gen_random_uuid(), 'req_' || n, at, at::date, '2025-03',"
            "  '2025-03', '2025-03', CASE WHEN kind = 'STW' THEN '2025-03' END, abs(score), points,"
            "  score, points, false, false,"
            "  false, false, score < 0, score > 0,"
            "  CASE WHEN score < 0 THEN 'SETTLEMENT' ELSE 'NOBODY' END,"
            "  CASE WHEN score < 0 THEN 'PROPOSED' ELSE 'APPROVED' END, area, at,"
            "  CASE WHEN score > 0 THEN at END, n % 4, 1"
            " FROM generate_series(CAST(:begin AS bigint), CAST(:until AS bigint)) AS g(n),"
            f" LATERAL (SELECT g.n * {SPREAD} % :n AS m) AS y"
            f" JOIN subjects s ON s.subject_id = {KIND.format('m')} || ':'"
            "  || lpad(m::text, 8, '0'),"
            " LATERAL (SELECT timestamptz '2025-03-01 08:00+08' + n % 2592000 * interval '1 second'"
            f"  AS at, {rule} AS rule,"
            "  CASE WHEN kind <> 'RES' AND n % 200 = 7 THEN -2 ELSE 1 + n % 2 END AS score,"
            "  CASE WHEN kind = 'PRJ' OR n % 200 = 7 THEN 0 ELSE 5 END AS points) AS x",
            begin=begin,
            until=min(begin + step, awards) - 1,
            n=subjects,
        )
    with runtime.transaction(SYSTEM) as tx:
        for source in tx.settings.required_sources:
            tx.conn.execute(
                t.markers.insert(),
                [
                    {
                        "source": source,
                        "partition": partition,
                        "period": PERIOD,
                        "partitions": 4,
                        "event_id": f"00000000-0000-7000-8000-{partition:012d}",
                        "heard_at": tx.now,
                    }
                    for partition in range(4)
                ],
            )
    progress("settlement: statistics")
    frame.analyze(runtime)
    return areas


def bare(runtime: Runtime) -> tuple[float, int]:
    """Run the one statement over all areas at once; returns (seconds, rows)."""
    with runtime.engine.begin() as conn:
        conn.execute(sa.text("DROP TABLE IF EXISTS bare"))
        conn.execute(sa.text("CREATE TABLE bare (LIKE entries INCLUDING ALL)"))
    table = sa.Table("bare", sa.MetaData(), *(c.copy() for c in t.entries.columns))
    begun = time.monotonic()
    with runtime.engine.begin() as conn:
        asked = formula.entries_sql(
            "bare",
            PERIOD,
            None,
            where_the_rows_are=True,
            end=end_of_month(),
            gate_source=months.GATE_SOURCE,
        )
        conn.execute(table.insert().from_select(formula.ENTRY, asked))
    seconds = time.monotonic() - begun
    with runtime.engine.connect() as conn:
        rows = conn.execute(sa.text("SELECT count(*) FROM bare")).scalar()
    return seconds, int(rows or 0)


def draft(runtime: Runtime) -> tuple[float, int]:
    """Run the draft job as the worker does; returns (seconds, entries)."""
    with runtime.transaction(SYSTEM) as tx:
        tx.conn.execute(sa.delete(t.entries))
        tx.conn.execute(sa.delete(t.settlements))
    frame.analyze(runtime)
    with runtime.transaction(SYSTEM) as tx:
        job_id = tx.start_job("draft", {"period": PERIOD, "area": None})
    begun = time.monotonic()
    _run_job(runtime)
    seconds = time.monotonic() - begun
    with runtime.engine.connect() as conn:
        table = t.chassis.jobs
        job = conn.execute(sa.select(table).where(table.c.job_id == job_id)).one()
        assert job.state == "DONE", (job.state, job.error)
        rows = conn.execute(sa.select(sa.func.count()).select_from(t.entries)).scalar()
    return seconds, int(rows or 0)


def _run_job(runtime: Runtime) -> None:
    """Run the next job, and show how far it is: from another thread, as somebody who asks would."""
    import threading

    over = threading.Event()

    def watch() -> None:
        table = t.chassis.jobs
        while not over.wait(1):
            with runtime.engine.connect() as conn:
                job = conn.execute(
                    sa.select(table.c.done, table.c.total).where(table.c.state == "RUNNING")
                ).first()
            if job is not None and job.total:
                progress("settlement: draft, areas", job.done, job.total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        assert jobs.run_next(runtime)
    finally:
        over.set()
        watcher.join()


def measure(runtime: Runtime, label: str, rounds: int) -> list[Figure]:
    frame.forget_peak()
    environ = frame.ENVIRON | {"FIVERED_CREDIT_DRAFT_CONNECTIONS": "1"}
    single = Runtime.open(Credit, runtime.engine.url, environ=environ)
    sides: dict[str, Callable[[], tuple[float, int]]] = {
        "bare statement": lambda: bare(runtime),
        "draft job": lambda: draft(runtime),
        "draft job on one connection": lambda: draft(single),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    rows: set[int] = set()
    for _ in range(rounds):
        for name, side in sides.items():
            seconds, count = side()
            taken[name].append(seconds)
            rows.add(count)
            progress(f"settlement {label}: {name} {seconds:.1f} s")
            if side is not sides["bare statement"]:
                _same_rows(runtime)
    single.close()
    assert len(rows) == 1, f"not the same rows: {rows}"

    def ratio(name: str) -> float:
        pairs = zip(taken[name], taken["bare statement"], strict=True)
        return frame.median([a / b for a, b in pairs])

    return [
        Figure(f"{label}: entries", rows.pop(), "rows"),
        Figure(f"{label}: bare INSERT ... SELECT", frame.median(taken["bare statement"]), "s"),
        Figure(f"{label}: draft job", frame.median(taken["draft job"]), "s"),
        Figure(f"{label}: draft / bare", ratio("draft job"), "x", most=1.5),
        Figure(f"{label}: on one connection / bare", ratio("draft job on one connection"), "x"),
        Figure(f"{label}: peak memory of the process", frame.peak_mb(), "MB", most=MOST_MB),
    ]


def _same_rows(runtime: Runtime) -> None:
    names = [c.name for c in t.entries.columns if c.name not in ("settlement_id", "state")]
    columns = ", ".join(names)
    asked = (
        f"SELECT count(*) FROM (SELECT {columns} FROM entries EXCEPT SELECT {columns} FROM bare) d"
    )
    with runtime.engine.connect() as conn:
        assert conn.execute(sa.text(asked)).scalar() == 0, "other rows than the bare statement's"


def run(
    *, quick: bool = False, full: bool = False, subjects: int | None = None, rounds: int = 3
) -> list[Figure]:
    """Measure the district's month, and with `full` the large one once."""
    sizes: list[tuple[str, int, int, int]] = []
    if full:
        sizes.append(("1,200,000", 1_200_000, 12_000_000, 1))
    else:
        count = subjects or (44_100 if quick else 441_000)
        sizes.append((f"{count:,}", count, count * 3, 1 if quick else rounds))
    figures: list[Figure] = []
    for label, count, awards, times in sizes:
        with frame.private_postgres() as postgres:
            runtime = frame.open_credit(postgres.create_database("settlement"))
            fill_month(runtime, count, awards)
            figures += measure(runtime, label, times)
            runtime.close()
    return figures


__all__: list[Any] = ["run"]
