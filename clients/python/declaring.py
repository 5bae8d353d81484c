"""Which queues, exchanges and bindings a consumer has, as steps for either kind of client.

A client carries out each step and throws in what the broker says against it. What a queue is bound
to nobody is told over AMQP, so bindings do not lead to it but to an exchange of the same name,
which hands everything on: a consumer that starts replaces that exchange, and what it no longer
wants is bound no more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pika.exceptions import ChannelClosedByBroker as Refusal

from .patterns import Pattern

log = logging.getLogger("fivered_client")

_DAY_MS = 86_400_000
# RabbitMQ 4 drops an event at its 21st delivery unless a queue says otherwise.
_DELIVERIES = 1_000_000_000
_NEW_ARGUMENTS = ("x-delivery-limit", "x-dead-letter-exchange")
_NOT_PERMITTED, _LOCKED, _OTHER_ARGUMENTS = 403, 405, 406
_LOCK_S, _LOCK_TRIES = 0.1, 100


class ConsumerError(Exception):
    """The broker refuses what the consumer needs; trying again would not help."""


@dataclass(frozen=True, slots=True)
class Step:
    """A method of a channel, to be called with these arguments."""

    method: str
    given: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """To be waited for."""

    seconds: float


Steps = Generator[Step | Pause, None, None]
T = TypeVar("T")


def advance(steps: Generator[T, None, None], failed: Exception | None) -> T | None:
    """Return what is to be done next, after the last thing has failed or not; None at the end."""
    try:
        return next(steps) if failed is None else steps.throw(failed)
    except StopIteration:
        return None


@dataclass(frozen=True, slots=True)
class Names:
    """What a consumer's queues are called, and how they are declared.

    Attributes:
        name: The consumer's.
        most: How many facts may wait in a queue.
        keep_days: How long a queue is kept while nobody consumes it.
    """

    name: str
    most: int = 100_000
    keep_days: int = 7
    _limits: dict[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        limits = {"x-max-length": self.most, "x-expires": self.keep_days * _DAY_MS}
        object.__setattr__(self, "_limits", limits)

    def of(self, service: str) -> str:
        """Return the name of the queue for a service."""
        return f"ext.{self.name}.{service}"

    @property
    def dead(self) -> str:
        """The queue of events that were delivered too often, and its exchange."""
        return f"ext.{self.name}.dead"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of a queue."""
        return self._limits | {
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-overflow": "drop-head",
            "x-delivery-limit": _DELIVERIES,
            "x-dead-letter-exchange": self.dead,
        }

    def dead_arguments(self) -> dict[str, Any]:
        """Return the arguments of the dead queue: of the classic kind, which counts no deliveries;
        it holds as much and as long as the others."""
        return self._limits | {"x-single-active-consumer": True}


def queues_of(names: Names, patterns: Collection[Pattern]) -> list[str]:
    """Return the queues to hear."""
    services = sorted({pattern.service for pattern in patterns})
    return [names.dead, *(names.of(service) for service in services)]


def declaring(names: Names, patterns: Collection[Pattern], *, anew: bool) -> Steps:
    """Say how everything is declared and bound.

    Args:
        names: The consumer's.
        patterns: What it wants.
        anew: Whether what is bound beyond that is unbound.

    Raises:
        ConsumerError: The broker refuses for good.
    """
    yield from _refusable(names.dead, _dead(names))
    if anew:
        yield from _alone(f"ext.{names.name}.start")
    for service in sorted({pattern.service for pattern in patterns}):
        queue = names.of(service)
        wanted = [pattern for pattern in patterns if pattern.service == service]
        yield from _queue(names, queue)
        if anew:
            # Everything comes by way of the second exchange while the first is replaced. The
            # broker puts an event into a queue once, however many ways lead there.
            yield from _refusable(queue, _bound(queue, f"{queue}.next", wanted))
            yield Step("exchange_delete", {"exchange": queue})
        yield from _refusable(queue, _bound(queue, queue, wanted))
        if anew:
            yield Step("exchange_delete", {"exchange": f"{queue}.next"})
            for one in wanted:
                # As releases before 0.2 have bound it.
                given = {"queue": queue, "exchange": one.exchange, "routing_key": one.key}
                yield Step("queue_unbind", given)
    if anew:
        yield Step("queue_delete", {"queue": f"ext.{names.name}.start"})


def _bound(queue: str, exchange: str, wanted: Collection[Pattern]) -> Steps:
    # It goes with its queue: an exchange that leads nowhere any more deletes itself.
    kind = {"exchange_type": "fanout", "durable": True, "auto_delete": True}
    yield Step("exchange_declare", {"exchange": exchange, **kind})
    yield Step("queue_bind", {"queue": queue, "exchange": exchange, "routing_key": ""})
    for one in wanted:
        given = {"destination": exchange, "source": one.exchange, "routing_key": one.key}
        yield Step("exchange_bind", given)


def _dead(names: Names) -> Steps:
    given = {"exchange": names.dead, "exchange_type": "headers", "durable": True}
    yield Step("exchange_declare", given)
    arguments = names.dead_arguments()
    yield Step("queue_declare", {"queue": names.dead, "durable": True, "arguments": arguments})
    # What fell off the head of a full queue is not kept.
    kept = {"x-match": "any-with-x", "x-first-death-reason": "delivery_limit"}
    given = {"queue": names.dead, "exchange": names.dead, "routing_key": "", "arguments": kept}
    yield Step("queue_bind", given)


def _queue(names: Names, queue: str) -> Steps:
    arguments = names.arguments()
    try:
        yield Step("queue_declare", {"queue": queue, "durable": True, "arguments": arguments})
    except Refusal as error:
        if error.reply_code != _OTHER_ARGUMENTS:
            raise refused(queue, error) from error
        # An earlier release of this package made it; it goes on with what it has.
        older = {k: v for k, v in arguments.items() if k not in _NEW_ARGUMENTS}
        step = Step("queue_declare", {"queue": queue, "durable": True, "arguments": older})
        yield from _refusable(queue, (one for one in (step,)))
        log.warning(
            "%s was made by an earlier release and has no place for events that are delivered"
            " too often; delete it when it is empty, and it is made anew",
            queue,
        )


def _alone(lock: str) -> Steps:
    """Have two processes of one consumer not replace the exchanges at the same time: a queue that
    is exclusive is one process's, and goes with its connection."""
    for _ in range(_LOCK_TRIES):
        try:
            yield Step("queue_declare", {"queue": lock, "exclusive": True})
        except Refusal as error:
            if error.reply_code != _LOCKED:
                raise refused(lock, error) from error
        else:
            return
        yield Pause(_LOCK_S)


def _refusable(queue: str, steps: Steps | Generator[Step, None, None]) -> Steps:
    try:
        yield from steps
    except Refusal as error:
        raise refused(queue, error) from error


def refused(queue: str, error: Refusal) -> Exception:
    """Return what a refusal means: a ConsumerError, or itself where it may pass."""
    final = error.reply_code in {_NOT_PERMITTED, _OTHER_ARGUMENTS}
    # A broker that is just starting may not find a queue that it has; that passes.
    lacking = "no exchange" in error.reply_text and "'ext." not in error.reply_text
    return ConsumerError(f"{queue}: {error.reply_text}") if final or lacking else error
