"""`fivered top`: what every process of an installation does now, read from its page of metrics.

Two readings make a rate. A process that does not answer stays in the list and says why.
"""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from fivered.chassis import here
from fivered.chassis.settings import CommandFailed

if TYPE_CHECKING:
    from rich.console import RenderableType

_PATIENCE_S = 4.0
_MB = 1024 * 1024
# Of what was measured: the time below which so much lay is told.
_MOST_OF = 0.95

Labels = frozenset[tuple[str, str]]
Samples = dict[str, dict[Labels, float]]


@dataclass(slots=True)
class Page:
    """One reading of one process.

    Attributes:
        at: When it was read (s, monotonic).
        samples: By name and labels.
        why: Why there is none; empty where there is.
    """

    at: float
    samples: Samples = field(default_factory=dict)
    why: str = ""


class Unit(msgspec.Struct, kw_only=True):
    """What one process does. Rates are per second, memory in MB, cpu in % of a core."""

    name: str
    up: bool
    why: str = ""
    release: str = ""
    memory_mb: float | None = None
    cpu: float | None = None
    requests: float | None = None
    calls: float | None = None
    refusals: float | None = None
    slow_ms: float | None = None
    bus: bool | None = None


class Waiting(msgspec.Struct, kw_only=True):
    """What waits in one service, of which its worker tells. Ages in seconds."""

    service: str
    sent: float | None
    unsent: int
    oldest_s: float
    heard: float | None
    queued: int | None
    effect_ms: float | None
    parked: int
    timers_late: int
    timers_oldest_s: float
    timers_fired: float | None
    jobs: int
    calendar_days: int


class Shown(msgspec.Struct, kw_only=True):
    """One look at an installation."""

    at: str
    units: list[Unit]
    waiting: list[Waiting]


def pages(given: Sequence[str]) -> dict[str, str]:
    """Return the addresses of the pages by the name of their process.

    Args:
        given: Addresses, as NAME=ADDRESS or ADDRESS; none = those of the system that runs here.

    Raises:
        CommandFailed: One is no address, or nothing runs here that has any.
    """
    if not given:
        found = here.pages()
        if not found:
            raise CommandFailed(
                f"{here.nothing_runs()}, or name the pages: fivered top NAME=http://host:8081 ..."
            )
        return found
    named: dict[str, str] = {}
    for one in given:
        name, _, address = one.rpartition("=") if "=" in one.partition("://")[0] else ("", "", one)
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise CommandFailed(f"{one!r} is no page: NAME=http://host:port or http://host:port")
        named[name or parts.netloc] = f"{parts.scheme}://{parts.netloc}"
    return named


def read(address: str) -> Page:
    """Read one page; one that cannot be read says why."""
    try:
        with urllib.request.urlopen(f"{address}/metrics", timeout=_PATIENCE_S) as answer:  # nosec B310  # noqa: S310  a page that the operator named
            text = answer.read().decode()
        samples: Samples = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = frozenset(sample.labels.items())
                samples.setdefault(sample.name, {})[labels] = sample.value
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return Page(time.monotonic(), why=str(reason) or type(reason).__name__)
    return Page(time.monotonic(), samples)


def read_all(addresses: Mapping[str, str]) -> dict[str, Page]:
    """Read every page, side by side."""
    with ThreadPoolExecutor(min(16, len(addresses))) as pool:
        return dict(zip(addresses, pool.map(read, addresses.values()), strict=True))


# --------------------------------------------------------------------------------------------------
# Figures


def total(page: Page, name: str, **labels: str) -> float | None:
    """Add up the samples of a name that have these labels; None where the page has none."""
    wanted = set(labels.items())
    found = [value for key, value in page.samples.get(name, {}).items() if wanted <= key]
    return sum(found) if found else None


def _rate(before: Page, now: Page, name: str, **labels: str) -> float | None:
    later = total(now, name, **labels)
    if later is None or before.why:
        return None
    # A process that was started again begins at zero.
    earlier = min(total(before, name, **labels) or 0.0, later)
    return (later - earlier) / max(now.at - before.at, 1e-6)


def _slow(before: Page, now: Page, name: str, **labels: str) -> float | None:
    """Return below which time (ms) most lay between two readings; None where nothing was measured.
    It is the bound of its bucket, and None beyond the last."""
    wanted = set(labels.items())
    buckets: dict[float, float] = {}
    for key, value in now.samples.get(f"{name}_bucket", {}).items():
        if not wanted <= key:
            continue
        bound = float(dict(key)["le"])
        earlier = before.samples.get(f"{name}_bucket", {}).get(key, 0.0)
        buckets[bound] = buckets.get(bound, 0.0) + max(0.0, value - earlier)
    total = buckets.get(float("inf"), 0.0)
    if not total or before.why:
        return None
    reached = next(bound for bound in sorted(buckets) if buckets[bound] >= _MOST_OF * total)
    return None if reached == float("inf") else reached * 1000


def _unit(name: str, before: Page, now: Page) -> Unit:
    if now.why:
        return Unit(name=name, up=False, why=now.why)
    release = next(
        (dict(key).get("version", "") for key in now.samples.get("fivered_build_info", {})), ""
    )
    memory = total(now, "process_resident_memory_bytes")
    cpu = _rate(before, now, "process_cpu_seconds_total")
    links = now.samples.get("fivered_bus_connected", {})
    http = "fivered_http_request_duration_seconds"
    called = "fivered_call_duration_seconds"
    return Unit(
        name=name,
        up=True,
        release=release,
        memory_mb=None if memory is None else memory / _MB,
        cpu=None if cpu is None else cpu * 100,
        requests=_rate(before, now, "fivered_http_requests_total"),
        calls=_rate(before, now, "fivered_calls_total"),
        refusals=_rate(before, now, "fivered_refusals_total"),
        slow_ms=_slow(before, now, http) or _slow(before, now, called),
        bus=all(value == 1.0 for value in links.values()) if links else None,
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _waiting(before: Page, now: Page) -> Iterator[Waiting]:
    told = now.samples.get("fivered_outbox_unsent_events", {})
    for service in sorted(dict(key)["service"] for key in told):

        def much(name: str, of: str = service) -> float:
            return total(now, name, service=of) or 0.0

        def rate(name: str, of: str = service, **labels: str) -> float | None:
            return _rate(before, now, name, service=of, **labels)

        yield Waiting(
            service=service,
            sent=rate("fivered_relay_confirms_total", result="confirmed"),
            unsent=int(much("fivered_outbox_unsent_events")),
            oldest_s=much("fivered_outbox_oldest_age_seconds"),
            heard=rate("fivered_inbox_events_total", result="effect"),
            queued=_whole(total(now, "fivered_queue_waiting_events", service=service)),
            effect_ms=_slow(before, now, "fivered_event_effect_delay_seconds", service=service),
            parked=int(much("fivered_parked_deliveries")),
            timers_late=int(much("fivered_timers_late")),
            timers_oldest_s=much("fivered_timers_oldest_late_seconds"),
            timers_fired=rate("fivered_timers_fired_total"),
            jobs=int(much("fivered_jobs")),
            calendar_days=int(much("fivered_calendar_remaining_days")),
        )


_OWN = ("sent", "heard", "queued", "timers_fired")


def _together(first: Waiting | None, second: Waiting) -> Waiting:
    if first is None:
        return second
    sums = {}
    for name in _OWN:
        one, other = getattr(first, name), getattr(second, name)
        sums[name] = one if other is None else other if one is None else one + other
    slowest = max((one for one in (first.effect_ms, second.effect_ms) if one), default=None)
    return msgspec.structs.replace(first, **sums, effect_ms=slowest)


def shown(before: Mapping[str, Page], now: Mapping[str, Page]) -> Shown:
    """Return what two readings say."""
    waiting = [one for name in now for one in _waiting(before[name], now[name])]
    # Of several workers of a service each tells what waits in its database: the same rows. What it
    # sent and heard, and its queues, are its own.
    by_service: dict[str, Waiting] = {}
    for one in waiting:
        by_service[one.service] = _together(by_service.get(one.service), one)
    return Shown(
        at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        units=[_unit(name, before[name], now[name]) for name in now],
        waiting=[by_service[name] for name in sorted(by_service)],
    )


# --------------------------------------------------------------------------------------------------
# Telling


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _state(one: Unit) -> str:
    if not one.up:
        return f"AWAY: {one.why}"
    return "broker away" if one.bus is False else "up"


_UNITS: tuple[tuple[str, Callable[[Unit], str]], ...] = (
    ("process", lambda one: one.name),
    ("release", lambda one: one.release),
    ("MB", lambda one: _figure(one.memory_mb)),
    ("cpu %", lambda one: _figure(one.cpu)),
    ("http/s", lambda one: _figure(one.requests)),
    ("calls/s", lambda one: _figure(one.calls)),
    ("refused/s", lambda one: _figure(one.refusals)),
    ("p95 ms", lambda one: _figure(one.slow_ms)),
    ("state", _state),
)
_WAITING: tuple[tuple[str, Callable[[Waiting], str]], ...] = (
    ("service", lambda one: one.service),
    ("sent/s", lambda one: _figure(one.sent)),
    ("unsent", lambda one: str(one.unsent)),
    ("oldest s", lambda one: _figure(one.oldest_s)),
    ("heard/s", lambda one: _figure(one.heard)),
    ("queued", lambda one: _figure(one.queued)),
    ("effect p95 ms", lambda one: _figure(one.effect_ms)),
    ("parked", lambda one: str(one.parked)),
    ("timers late", lambda one: str(one.timers_late)),
    ("oldest s", lambda one: _figure(one.timers_oldest_s)),
    ("fired/s", lambda one: _figure(one.timers_fired)),
    ("jobs", lambda one: str(one.jobs)),
    ("calendar days", lambda one: str(one.calendar_days)),
)


def _worries(one: Waiting) -> bool:
    return bool(one.parked or one.timers_late)


def show(look: Shown, out: IO[str]) -> None:
    """Print one look as two tables."""
    # Rich is slow to import, and no other command draws.
    from rich.console import Console  # noqa: PLC0415

    Console(file=out, width=None if out.isatty() else 140).print(_tables(look))


def _tables(look: Shown) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    title = f"五红 Five Red  {look.at}"
    units, waiting = Table(title=title, title_justify="left"), Table()
    for at, (head, _) in enumerate(_UNITS):
        units.add_column(head, justify="left" if at in {0, 1, len(_UNITS) - 1} else "right")
    for at, (head, _) in enumerate(_WAITING):
        waiting.add_column(head, justify="right" if at else "left")
    for unit in look.units:
        style = "" if unit.up and unit.bus is not False else "bold red"
        units.add_row(*(Text(tell(unit)) for _, tell in _UNITS), style=style)
    for one in look.waiting:
        style = "bold red" if _worries(one) else ""
        waiting.add_row(*(Text(tell(one)) for _, tell in _WAITING), style=style)
    return Group(units, waiting) if look.waiting else units


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered top`: until Ctrl-C, or once."""
    addresses = pages(given.page)
    before = read_all(addresses)
    with _screen(as_json=given.json, once=given.once) as draw:
        while True:
            time.sleep(given.every)
            now = read_all(addresses)
            look = shown(before, now)
            draw(look)
            if given.once:
                return 0 if all(one.up for one in look.units) else 1
            before = now


@contextmanager
def _screen(*, as_json: bool, once: bool) -> Iterator[Callable[[Shown], None]]:
    """Give what draws a look: as an object per line, one below the other, or in place."""
    if as_json:
        yield lambda look: print(msgspec.json.encode(look).decode(), flush=True)
    elif once or not sys.stdout.isatty():
        yield lambda look: show(look, sys.stdout)
    else:
        from rich.live import Live  # noqa: PLC0415

        with Live(screen=True, auto_refresh=False) as live:
            yield lambda look: live.update(_tables(look), refresh=True)
