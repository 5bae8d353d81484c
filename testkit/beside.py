"""Two transactions of a service side by side on PostgreSQL, of which one waits for the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chassis.bus import SYSTEM, Actor, Tx
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
