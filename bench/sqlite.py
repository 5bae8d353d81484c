"""The same code on SQLite: events, one award, one hold, and a month of 100,000 subjects.

Nothing is demanded here; the figures say for which size the embedded mode is enough.
"""

from __future__ import annotations

import time
from typing import Any

from bench import awards, frame, growth
from bench.frame import Figure, progress
from fivered.chassis import inbox
from fivered.chassis.calendar import published
from fivered.chassis.messages import SYSTEM, partition_of
from fivered.chassis.runtime import Runtime
from fivered.services.credit.actions import drafting
from fivered.services.credit.storage import settlement as settlement_store
from testkit import servers

BATCH = 500
PERIOD = "2025-03"
A_COMMUNITY = 4410


def _fill(runtime: Runtime, subjects: int) -> int:
    """Make residents with consent, three awards each, and stewards with points to spend."""
    areas = max(1, subjects // A_COMMUNITY)
    series = "WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < :n - 1) "
    area = "'370811' || printf('%06d', n % :areas)"
    values: dict[str, Any] = {"n": subjects, "areas": areas}
    progress("sqlite: subjects, consents, points")
    frame.fill(
        runtime,
        "INSERT INTO subjects (subject_id, kind, ref, area, area_before, area_since, holder,"
        f" spendable, state, opened_at, version) {series}"
        f"SELECT 'RES:per_' || n, 'RES', 'per_' || n, {area}, {area}, '2025-01-01 00:00:00.000000',"
        " 'per_' || n, 1, 'ACTIVE', '2025-01-01 00:00:00.000000', 1 FROM g",
        **values,
    )
    for purpose in ("SCORING", "POINTS"):
        frame.fill(
            runtime,
            "INSERT INTO consent_spans (subject_id, purpose, since) SELECT subject_id, :p,"
            " opened_at FROM subjects",
            p=purpose,
        )
    frame.fill(
        runtime,
        "INSERT INTO pendings (subject_id, period, points) SELECT subject_id, '2025-03', 15"
        " FROM subjects",
    )
    for turn in range(3):
        progress("sqlite: awards of the month", turn, 3)
        frame.fill(
            runtime,
            "INSERT INTO awards (award_id, subject_id, kind, rule_set, rule_code, source, fact,"
            " event_id, deed, occurred_at, day, period, to_period, points_period, score_raw,"
            " points_raw, score, points, capped, late, correction, recount, deduction, effective,"
            " decides, state, area, proposed_at, decided_at, shard, version)"
            " SELECT lower(hex(randomblob(16))), subject_id, kind, 'RC-2025.1', 'R-RES-01',"
            " 'steward', 'volunteer_hours_confirmed.v1', lower(hex(randomblob(16))),"
            " 'rec_' || ref || :turn, '2025-03-05 01:00:00.000000', '2025-03-05', '2025-03',"
            " '2026-02', '2025-03', 1, 5, 1, 5, 0, 0, 0, 0, 0, 1, 'NOBODY', 'APPROVED', area,"
            " '2025-03-05 01:00:00.000000', '2025-03-05 01:00:00.000000', 0, 1 FROM subjects",
            turn=turn,
        )
    frame.fill(
        runtime,
        "INSERT INTO subjects (subject_id, kind, ref, area, area_before, area_since, holder,"
        f" spendable, state, opened_at, version) {series}"
        "SELECT 'STW:stw_' || n, 'STW', 'stw_' || n, '370811015901', '370811015901',"
        " '2025-01-01 00:00:00.000000', 'per_' || n, 1, 'ACTIVE', '2025-01-01 00:00:00.000000', 1"
        " FROM g",
        n=1000,
    )
    frame.fill(
        runtime,
        "INSERT INTO wallets (subject_id, available, held, receivable, clawback)"
        " SELECT subject_id, 100000, 0, 0, 0 FROM subjects WHERE kind = 'STW'",
    )
    frame.fill(
        runtime,
        'INSERT INTO lots (lot_id, subject_id, period, points, "left", expires_at, made_at)'
        " SELECT lower(hex(randomblob(16))), subject_id, '2025-01', 100000, 100000,"
        " '2026-12-31 00:00:00.000000', '2025-02-10 00:00:00.000000' FROM subjects"
        " WHERE kind = 'STW'",
    )
    return areas


def run(*, quick: bool = False, subjects: int = 100_000, events: int | None = None) -> list[Figure]:
    """Measure on one file in a temporary folder."""
    count = events or (3_000 if quick else 20_000)
    with servers.temporary_folder("bench-") as folder:
        runtime = frame.open_credit(f"sqlite:///{folder / 'credit.sqlite'}")
        areas = _fill(runtime, subjects)
        messages = awards.messages_of(count)
        begun = time.monotonic()
        for start in range(0, count, BATCH):
            progress("sqlite: award events", start, count)
            batch = messages[start : start + BATCH]
            deliveries = [inbox.Delivery(b, "steward", partition_of(of)) for _, of, b in batch]
            inbox.deliver(runtime, deliveries, pause=time.sleep)
        rate = count / (time.monotonic() - begun)
        singles = {
            kind: frame.median([1000 * growth.one(runtime, kind, n, 1000) for n in range(100)])
            for kind in ("award", "hold")
        }
        frame.forget_peak()
        progress("sqlite: the month", 0, areas)
        begun = time.monotonic()
        _, end = published().month_bounds(PERIOD)
        found = settlement_store.areas_of
        with runtime.snapshot(SYSTEM) as tx:
            codes = [code for code in found(tx.conn, end) if len(code) == 12]
        for number, code in enumerate(codes, 1):
            with runtime.transaction(SYSTEM) as tx:
                drafting.draft(tx, PERIOD, code)
            progress("sqlite: the month", number, len(codes))
        seconds = time.monotonic() - begun
        entries = frame.count(runtime, "entries")
        runtime.close()
    return [
        Figure("award events, batches of 500", rate, "/s"),
        Figure("award: p50, one transaction with fsync", singles["award"], "ms"),
        Figure("hold: p50, one transaction with fsync", singles["hold"], "ms"),
        Figure("month drafted: entries", entries, "rows"),
        Figure("month drafted: time", seconds, "s"),
        Figure("month drafted: peak memory of the process", frame.peak_mb(), "MB"),
    ]
