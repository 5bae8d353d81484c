"""A year of a district: 730,000 requests in PostgreSQL, 100,000 of them open.

The stock is one request through the real door, copied by SQL. Then one client asks over HTTP what a
desk asks all day: its lists, a case by its number, a caller's cases by phone, what waits for me.
The rate at which timers are looked through is measured on the database itself.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bench import commands, frame
from bench.commands import DISTRICT, KEYS, STEWARDS, Ask, Ours
from bench.frame import Figure, progress
from fivered.chassis import person_keys, timers
from fivered.chassis.messages import SYSTEM
from fivered.chassis.runtime import Runtime
from fivered.services.steward.storage.tables import requests
from testkit import servers

PHONE = "12812345678"
CALLER = "per_00000000-0000-7000-8000-000000000002"
# All communities that an installation of synthetic people may have in one street.
COMMUNITIES = tuple(f"{DISTRICT}015{number}" for number in range(901, 1000))
MOST_MS = 50
ROUNDS = 60
# A request every 43 seconds; of each reporter a dozen.
GAP_S = 43
REPORTERS = 60_000
OF_CALLER = 12
_DAY = "SR-20240101-"
TIMERS = ("REQ_RESOLVE", "REQ_L2", "REQ_L3")


def _fill(runtime: Runtime, count: int, waiting: int) -> None:
    """Copy the one request: the newest are open, and each of those has its timers."""
    communities = "ARRAY['" + "','".join(COMMUNITIES) + "']"
    area = f"({communities})[1 + g.n % {len(COMMUNITIES)}]"
    tail = f"'00000000-0000-7000-8000-' || lpad((g.n % {len(COMMUNITIES)})::text, 6, '0')"
    tail += f" || lpad((100 + g.n / {len(COMMUNITIES)} % {STEWARDS})::text, 6, '0')"
    at = f"now() - g.n * interval '{GAP_S} second'"
    state = "CASE WHEN g.n > :open THEN 'CLOSED' ELSE (ARRAY['ACCEPTED', 'DISPATCHED', 'ACCEPTED',"
    state += " 'SUBMITTED'])[1 + g.n / 64 % 4] END"
    changed = {
        "request_id": "'req_' || lpad(g.n::text, 9, '0')",
        "number": f"'{_DAY}' || substr({area}, 7) || '-' || lpad(g.n::text, 6, '0')",
        "area": area,
        "grid": f"{area} || '001'",
        "reporter_id": f"CASE WHEN g.n % {count // OF_CALLER} = 7 THEN '{CALLER}'"
        f" ELSE 'per_' || g.n % {REPORTERS} END",
        "state": state,
        "handler": f"'stw_' || {tail}",
        "handler_person": f"'per_' || {tail}",
        "created_at": at,
        "occurred_at": at,
        "due_resolve": f"{at} + interval '5 day'",
        "closed_at": f"CASE WHEN g.n > :open THEN {at} + interval '2 day' END",
        "due_accept": "NULL",
        "due_contact": "NULL",
    }
    names = [column.name for column in requests.c]
    chosen = ", ".join(changed.get(name, f't."{name}"') for name in names)
    step = 50_000
    for begin in range(1, count + 1, step):
        progress("year: requests", begin, count)
        frame.fill(
            runtime,
            f"INSERT INTO requests ({', '.join(names)}) SELECT {chosen}"
            f" FROM (SELECT * FROM requests WHERE number NOT LIKE '{_DAY}%' LIMIT 1) t,"
            " generate_series(CAST(:begin AS int), CAST(:until AS int)) AS g(n)",
            begin=begin,
            until=min(begin + step - 1, count),
            open=waiting,
        )
    for kind in TIMERS:
        frame.fill(
            runtime,
            "INSERT INTO timers (kind, ref, due_at, data, attempts)"
            f" SELECT '{kind}', 'req_' || lpad(g.n::text, 9, '0'),"
            "  now() + interval '1 day' + g.n * interval '1 second', '{}', 0"
            " FROM generate_series(1, CAST(:open AS int)) AS g(n)",
            open=waiting,
        )
    # A text opens in its own row only, and those of a caller are shown to whoever looks for them.
    with runtime.transaction(SYSTEM) as tx:
        vault, column = person_keys.vault_of(tx), requests.c.text
        for one in tx.conn.execute(sa.select(requests).where(requests.c.reporter_id == CALLER)):
            text = vault.seal("楼道灯不亮", column.type.bound_to(one._asdict()))
            own = requests.c.request_id == one.request_id
            tx.conn.execute(sa.update(requests).where(own).values(text=text))
    progress("year: statistics")
    frame.analyze(runtime)


def _scan(runtime: Runtime) -> float:
    """Return the seconds in which the due ones are found among all timers."""
    wall = datetime.now(UTC)
    begun = time.perf_counter()
    timers.due_until(runtime, wall)
    return time.perf_counter() - begun


def _nth(n: int, count: int) -> int:
    """Return which request is asked for by its clerk: spread over the whole year."""
    apart = count // len(COMMUNITIES) // (ROUNDS + 1)
    return n % 8 + len(COMMUNITIES) * apart * (n + 1)


def _asks(ours: Ours, count: int) -> dict[str, list[Ask]]:
    """Return what a desk asks, each question in many forms."""
    key = KEYS["FIVERED_TOKEN_KEY"]
    places = COMMUNITIES[:8]
    clerks = [commands.token("per_clerk", "R_CADRE", one, key) for one in places]
    stewards = [
        commands.token(
            f"per_00000000-0000-7000-8000-{place:06d}{100:06d}", "R_STEWARD", f"{one}001", key
        )
        for place, one in enumerate(places)
    ]

    def number(n: int) -> str:
        community = COMMUNITIES[n % len(COMMUNITIES)]
        return f"{_DAY}{community[6:]}-{n:06d}"

    def get(path: str, who: dict[str, str]) -> Ask:
        return "GET", path, who, None

    every = range(ROUNDS)
    return {
        "desk: what is open": [
            get("/v1/steward/requests?open=true&limit=50", clerks[n % 8]) for n in every
        ],
        "desk: the district's, newest first": [
            get("/v1/steward/requests?limit=50", ours.district) for n in every
        ],
        "desk: overdue": [
            get("/v1/steward/requests?open=true&sort=due_resolve&limit=50", clerks[n % 8])
            for n in every
        ],
        "queue": [get("/v1/steward/queue?limit=50", clerks[n % 8]) for n in every],
        "workbench": [get("/v1/steward/workbench?limit=50", stewards[n % 8]) for n in every],
        "by number": [
            get(f"/v1/steward/requests?number={number(1 + n * 11_113 % count)}", ours.district)
            for n in every
        ],
        "by the end of a number": [
            get(f"/v1/steward/requests?number={number(_nth(n, count))[-6:]}", clerks[n % 8])
            for n in every
        ],
        "by phone": [
            ours.command("/requests/search", {"phone": PHONE, "limit": 50}) for n in every
        ],
        "my work, of a clerk": [get("/v1/me/work", clerks[n % 8]) for n in every],
        "my work, of a steward": [get("/v1/me/work", stewards[n % 8]) for n in every],
    }


def run(*, quick: bool = False, count: int | None = None) -> list[Figure]:
    """Fill a year, and ask."""
    many = count or (73_000 if quick else 730_000)
    waiting = many * 100 // 730
    with ExitStack() as stack:
        processes = commands.Processes(stack)
        postgres = stack.enter_context(frame.private_postgres())
        rabbit = servers.Rabbit()
        stack.callback(rabbit.stop)
        rabbit.start()
        url = postgres.create_database("year")
        ours = commands.started(
            processes, broker=rabbit.new_vhost(), database=url, communities=COMMUNITIES
        )
        caller = {"person_id": CALLER, "name": "某人", "phone": PHONE, "synthetic": True}
        ours.take([ours.command("/people", caller | {"grid": f"{COMMUNITIES[0]}001"})], 1)
        ours.take([ours.submit(f"{COMMUNITIES[0]}001")], 1)
        runtime = commands.opened(url)
        stack.callback(runtime.close)
        _fill(runtime, many, waiting)
        figures = []
        for name, asks in _asks(ours, many).items():
            progress(f"year: {name}")
            ours.take(asks[:8], 1)
            took = ours.take(asks, 1)
            _check(name, took.answers)
            figures.append(Figure(f"{name}, p95", took.p95 * 1000, "ms", most=MOST_MS))
        scans = [_scan(runtime) for _ in range(9)]
        figures.append(
            Figure(f"due among timers of {waiting:,} open", frame.median(scans), "s", most=1)
        )
    return figures


def _check(name: str, answers: list[Any]) -> None:
    """Stop where an answer holds nothing: that would be quick and no figure."""
    if any(not answer["items"] for answer in answers):
        raise SystemExit(f"year: {name} answered an empty list")
