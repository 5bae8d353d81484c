"""Transactions of a service side by side on PostgreSQL: one that waits for another, or some that
begin at the same instant."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fivered.chassis.bus import SYSTEM, Actor, Tx
from fivered.chassis.refusal import Refusal
from testkit.bench import Bench

WAITS = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def beside(
    bench: Bench, other: Callable[[], object]
) -> tuple[Callable[[], None], Callable[[], Exception | None]]:
    """Return what runs `other` on a connection of its own until it waits for another transaction,
    or has ended without waiting; and what lets it end, and returns what it raised, or None."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            other()
        except Exception as error:  # noqa: BLE001 (the caller of `end` looks at it)
            raised.append(error)

    thread = threading.Thread(target=run)

    def start() -> None:
        thread.start()
        while thread.is_alive() and not bench.rows(WAITS):
            thread.join(0.01)

    def end() -> Exception | None:
        thread.join()
        return raised[0] if raised else None

    return start, end


def while_open(
    bench: Bench,
    begin: Callable[[Tx], object],
    other: Callable[[], object],
    actor: Actor = SYSTEM,
) -> Exception | None:
    """Run `other` on a connection of its own while the transaction of `begin` is still open, and
    let that one commit when the other waits for it, or has ended without waiting.

    Returns:
        What `other` raised, or None.
    """
    start, end = beside(bench, other)
    with bench.runtime.transaction(actor) as tx:
        begin(tx)
        start()
    return end()


def at_once(*works: Callable[[], object], expected: type[Exception] = Refusal) -> list[object]:
    """Start every work at the same instant on a thread of its own; return what each has answered,
    or what it raised of the expected kind."""
    gate = threading.Barrier(max(1, len(works)))
    results: list[object] = [None] * len(works)

    def run(number: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[number] = work()
        except expected as raised:
            results[number] = raised

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "two of them wait for each other"
    return results
