"""Whether the ledger grows slow: an award and a hold beside 10,000 and 10,000,000 postings.

Two databases in one cluster, one small and one large; single events go through the inbox into each
of them in turns, a transaction each with its commit, so that whatever else the machine does hits
both alike. (The part is called `ledger` on the command line.)
"""

from __future__ import annotations

import time

import msgspec

from bench import frame
from bench.frame import Figure, progress
from fivered.chassis import inbox
from fivered.chassis.messages import new_uuid
from fivered.chassis.runtime import Runtime

AREA = "370811015901"
POSTINGS_A_SUBJECT = 50
FEW = 10_000


def fill_ledger(runtime: Runtime, count: int) -> int:
    """Fill the ledger with awards of stewards; returns the number of stewards."""
    subjects = max(200, count // POSTINGS_A_SUBJECT)
    values = {"subjects": subjects}
    frame.fill(
        runtime,
        "INSERT INTO subjects (subject_id, kind, ref, area, area_before, area_since, holder,"
        " spendable, state, opened_at, version) SELECT 'STW:stw_' || n, 'STW', 'stw_' || n, :area,"
        " :area, '2025-01-01', 'per_' || n, true, 'ACTIVE', '2025-01-01', 1"
        " FROM generate_series(0, :subjects - 1) n",
        area=AREA,
        **values,
    )
    frame.fill(
        runtime,
        "INSERT INTO wallets (subject_id, available, held, receivable, clawback)"
        " SELECT 'STW:stw_' || n, 100000, 0, 0, 0 FROM generate_series(0, :subjects - 1) n",
        **values,
    )
    frame.fill(
        runtime,
        'INSERT INTO lots (lot_id, subject_id, period, points, "left", expires_at, made_at)'
        " SELECT gen_random_uuid(), 'STW:stw_' || n, '2025-01', 100000, 100000, '2026-12-31',"
        " '2025-02-10' FROM generate_series(0, :subjects - 1) n",
        **values,
    )
    step = 500_000
    # Ids rise with time, as UUIDv7 do.
    identity = "('01950000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
    for begin in range(0, count, step):
        progress(f"ledger: filling {count:,} postings", begin, count)
        piece = {"begin": begin, "until": min(begin + step, count) - 1, **values}
        frame.fill(
            runtime,
            "INSERT INTO postings (posting_id, kind, ref, subject_id, period, posted_at)"
            f" SELECT {identity}, 'AWARD', 'award_' || n, 'STW:stw_' || n % :subjects, '2025-01',"
            " timestamptz '2025-01-01' + n * interval '0.2 second'"
            " FROM generate_series(CAST(:begin AS int), CAST(:until AS int)) n",
            **piece,
        )
        frame.fill(
            runtime,
            "INSERT INTO lines (posting_id, owner, side, amount)"
            f" SELECT {identity}, owner, side, amount"
            " FROM generate_series(CAST(:begin AS int), CAST(:until AS int)) n,"
            " LATERAL (VALUES ('STW:stw_' || n % :subjects, 'PENDING', 5),"
            " ('SYS:ISSUANCE:370811:' || n % 4, 'SYSTEM', -5)) AS l (owner, side, amount)",
            **piece,
        )
    progress(f"ledger: filling {count:,} postings", count, count)
    frame.analyze(runtime)
    return subjects


def event(kind: str, number: int, subjects: int) -> tuple[str, bytes]:
    """Return (source, CloudEvent) of an award or of a request to hold points."""
    ref = number * 7919 % subjects
    if kind == "award":
        source, fact, aggregate = "steward", "request_rated.v1", f"req_{number}"
        data = {
            "request_id": aggregate,
            "handler": f"stw_{ref}",
            "stars": 5,
            "solved": True,
            "handler_person": f"per_{ref}",
            "rater": "per_rater",
        }
    else:
        source, fact, aggregate = "partner", "redemption_requested.v1", f"red_{number}"
        data = {
            "redemption_id": aggregate,
            "wallet": f"STW:stw_{ref}",
            "holder": f"per_{ref}",
            "partner_id": "ptn_1",
            "offer_id": "off_1",
            "points": 10,
        }
    at = "2025-03-03T01:00:00Z"
    body = {
        "specversion": "1.0",
        "id": new_uuid(),
        "source": f"/fivered/{source}",
        "type": f"{source}.{fact}",
        "subject": aggregate,
        "time": at,
        "recordedat": at,
        "aggregatetype": "request",
        "sequence": "1",
        "scope": AREA,
        "period": "2025-03",
        "correlationid": new_uuid(),
        "datacontenttype": "application/json",
        "data": data,
    }
    return source, msgspec.json.encode(body)


def one(runtime: Runtime, kind: str, number: int, subjects: int) -> float:
    """Return the seconds in which one event takes effect."""
    source, body = event(kind, number, subjects)
    delivery = inbox.Delivery(body, source, 0)
    begun = time.perf_counter()
    done = inbox.deliver(runtime, [delivery], pause=time.sleep)
    seconds = time.perf_counter() - begun
    assert done == 1, f"{kind} {number} was parked"
    return seconds


def run(*, quick: bool = False, postings: int | None = None, rounds: int = 400) -> list[Figure]:
    """Measure both kinds on both databases in turns; the first tenth is warming up."""
    many = postings or (1_000_000 if quick else 10_000_000)
    rounds = 200 if quick else rounds
    with frame.private_postgres() as postgres:
        sizes = {FEW: "small", many: "large"}
        opened = {
            size: frame.open_credit(postgres.create_database(name)) for size, name in sizes.items()
        }
        subjects = {size: fill_ledger(runtime, size) for size, runtime in opened.items()}
        took: dict[tuple[str, int], list[float]] = {}
        for number in range(rounds):
            progress("ledger: awards and holds", number, rounds)
            for kind in ("award", "hold"):
                # Who is first changes, so that neither always finds the caches of the other.
                for size in (FEW, many) if number % 2 else (many, FEW):
                    seconds = one(opened[size], kind, number, subjects[size])
                    if number >= rounds // 10:
                        took.setdefault((kind, size), []).append(1000 * seconds)
        held = frame.count(opened[many], "holds", "state = 'HELD'")
        assert held == rounds, f"{held} of {rounds} holds are held"
        for runtime in opened.values():
            runtime.close()
    figures = []
    for kind in ("award", "hold"):
        few, lots = (frame.median(took[kind, size]) for size in (FEW, many))
        figures += [
            Figure(f"{kind}: p50 beside {FEW:,} postings", few, "ms"),
            Figure(f"{kind}: p50 beside {many:,} postings", lots, "ms"),
            Figure(f"{kind}: p50 many / few", lots / few, "x", most=1.2),
        ]
    return figures
