"""What a process counts and measures, in Prometheus' text format.

Counters and durations are written where the thing happens; a caller keeps the child of its labels
in the mapping, so that one count costs about a microsecond. Gauges are read when somebody asks. A
label has few values, and all of them are known beforehand: names of services, doors, facts, codes,
states; never a person, an id or a text that somebody sent.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import prometheus_client as prometheus
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = prometheus.CONTENT_TYPE_PLAIN_0_0_4
# When a series began is of no use to anybody here, and would be a third of the page.
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # it says no types
REGISTRY = prometheus.CollectorRegistry()
prometheus.ProcessCollector(registry=REGISTRY)
prometheus.PlatformCollector(registry=REGISTRY)

# Of an answer, and of an event on its way (s): the targets lie at 10 ms and 50 ms.
ANSWERED = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ARRIVED = (0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Described:
    """One family of metrics, as the runbook lists it.

    Attributes:
        name: As a query names it; of a histogram without `_bucket`, `_sum` or `_count`.
        kind: `counter`, `histogram` or `gauge`.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


DESCRIBED: dict[str, Described] = {}


def _describe(name: str, kind: str, labels: tuple[str, ...], text: str) -> Described:
    if name in DESCRIBED:
        raise ValueError(f"{name} is declared twice")
    described = DESCRIBED[name] = Described(name, kind, labels, text)
    return described


class Counters(dict[tuple[str, ...] | str, prometheus.Counter]):
    """A counter; `counters[label, ...]` is that of these labels, made when it is first asked for.

    Args:
        name: Ends with `_total`.
        text: What is counted.
        labels: Names of the labels.
    """

    def __init__(self, name: str, text: str, *labels: str) -> None:
        super().__init__()
        _describe(name, "counter", labels, text)
        self._counter = prometheus.Counter(name, text, labels, registry=REGISTRY)

    def __missing__(self, key: tuple[str, ...] | str) -> prometheus.Counter:
        """Return the counter of new labels."""
        values = (key,) if isinstance(key, str) else key
        child = self[key] = self._counter.labels(*values)
        return child


class Spread:
    """How long things took, by the upper bounds of a histogram."""

    __slots__ = ("_bounds", "_counts", "_lock", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def add(self, *seconds: float) -> None:
        """Count some durations (s): a batch of events costs little more than one of them."""
        bounds, counts = self._bounds, self._counts
        with self._lock:
            for one in seconds:
                counts[bisect_left(bounds, one)] += 1
                self._sum += one

    def read(self) -> tuple[list[int], float]:
        """Return the counts per bound, the last one for what took longer, and the sum (s)."""
        with self._lock:
            return list(self._counts), self._sum


class Durations(Collector):
    """A histogram of seconds; `durations[label, ...]` is that of these labels.

    The library's own takes one value at a time; ours arrive in batches of hundreds.

    Args:
        name: Ends with `_seconds`.
        text: What is measured.
        labels: Names of the labels.
        bounds: Upper bounds of the buckets (s), rising.
    """

    def __init__(self, name: str, text: str, *labels: str, bounds: Sequence[float]) -> None:
        self._described = _describe(name, "histogram", labels, text)
        self._spreads: dict[tuple[str, ...] | str, Spread] = {}
        self._bounds = bounds
        REGISTRY.register(self)

    def __getitem__(self, key: tuple[str, ...] | str) -> Spread:
        """Return the durations of these labels, made when they are first asked for."""
        spread = self._spreads.get(key)
        if spread is None:
            spread = self._spreads.setdefault(key, Spread(self._bounds))
        return spread

    def describe(self) -> Iterator[Metric]:
        """Return the empty family, for the registry."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Return what was measured, as the library writes it."""
        family = self._family()
        for key, spread in list(self._spreads.items()):
            counts, total = spread.read()
            buckets, before = [], 0
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                before += count
                buckets.append((bound, float(before)))
            family.add_metric((key,) if isinstance(key, str) else key, buckets, total)
        yield family

    def _family(self) -> HistogramMetricFamily:
        described = self._described
        return HistogramMetricFamily(described.name, described.text, labels=described.labels)


# One value of a gauge: which, the values of its labels, how much.
Sample = tuple[Described, tuple[str, ...], float]
Source = Callable[[], Iterable[Sample]]


def gauge(name: str, text: str, *labels: str) -> Described:
    """Declare a gauge, whose values a `Source` reads when somebody asks."""
    return _describe(name, "gauge", labels, text)


class Read(Collector):
    """Every gauge of the process, read at the time of asking."""

    def __init__(self) -> None:
        self._sources: list[Source] = []
        REGISTRY.register(self)

    def add(self, source: Source) -> Callable[[], None]:
        """Read a source from now on. Returns what ends that."""
        self._sources.append(source)
        return lambda: self._sources.remove(source)

    def describe(self) -> Iterator[Metric]:
        """Return nothing: which gauges there are is known when they are read."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Return what the sources say now; what several say of one gauge is one family."""
        families: dict[str, GaugeMetricFamily] = {}
        for source in tuple(self._sources):
            for described, labels, value in source():
                family = families.get(described.name)
                if family is None:
                    family = families[described.name] = GaugeMetricFamily(
                        described.name, described.text, labels=described.labels
                    )
                family.add_metric(labels, value)
        yield from families.values()


READ = Read()


def text() -> bytes:
    """Return the page that Prometheus reads."""
    return prometheus.generate_latest(REGISTRY)


# --------------------------------------------------------------------------------------------------
# What every process may tell

BUILD = gauge("fivered_build_info", "Always 1; which release runs", "version", "unit", "process")

CALLS = Counters(
    "fivered_calls_total",
    "Calls that a service answered: ok, refusal, outage, fault (a bug), expired, unreadable",
    "service", "door", "outcome",
)  # fmt: skip
CALL_SECONDS = Durations(
    "fivered_call_duration_seconds",
    "From the arrival of a call in its service to its answer",
    "service", "door",
    bounds=ANSWERED,
)  # fmt: skip
REFUSALS = Counters(
    "fivered_refusals_total", "Calls that a rule refused, by its code", "service", "code"
)
DENIALS = Counters(
    "fivered_audit_denials_total",
    "Calls refused for want of a right, by what the audit keeps: a row (written), their number"
    " (counted), nothing (lost: the access log has them)",
    "service", "kept",
)  # fmt: skip
OUTAGES = Counters(
    "fivered_storage_outages_total",
    "Tries that met a database that is away or full, or a folder of files without room",
    "service",
)

CONFIRMS = Counters(
    "fivered_relay_confirms_total",
    "Events that the relay sent, by the broker's answer: confirmed, returned (no queue), refused",
    "service", "result",
)  # fmt: skip
CONFIRM_SECONDS = Durations(
    "fivered_relay_confirm_duration_seconds",
    "From the sending of an event to the broker's answer",
    "service",
    bounds=ANSWERED,
)

HEARD = Counters(
    "fivered_inbox_events_total",
    "Events that arrived: effect (the first time), duplicate (dropped), parked",
    "service", "source", "result",
)  # fmt: skip
EFFECT_SECONDS = Durations(
    "fivered_event_effect_delay_seconds",
    "From the recording of an event at its source to the commit of its effect here",
    "service", "source",
    bounds=ARRIVED,
)  # fmt: skip

FIRED = Counters("fivered_timers_fired_total", "Timers that fired", "service")
TIMER_FAILURES = Counters("fivered_timer_failures_total", "Tries of a timer that failed", "service")
JOBS_ENDED = Counters(
    "fivered_jobs_ended_total", "Jobs that ended, by their last state", "service", "state"
)

WEBHOOK_DELIVERIES = Counters(
    "fivered_webhook_deliveries_total",
    "Tries of webhooks: delivered, retried, gone (410), given_up, failed (asked for by hand)",
    "service", "outcome",
)  # fmt: skip

HEARD_RESULTS = ("effect", "duplicate", "parked")
CONFIRM_RESULTS = ("confirmed", "returned", "refused")
WEBHOOK_OUTCOMES = ("delivered", "retried", "gone", "given_up", "failed")
JOB_ENDS = ("DONE", "FAILED", "CANCELLED")


def called(service: str, door: str, reply: Mapping[str, object], seconds: float) -> None:
    """Count one call that was answered.

    Args:
        service: Who answered.
        door: Its door; "unknown" where it has none of that name.
        reply: What it said, as it travels: its first member is the outcome.
        seconds: From its arrival to its answer.
    """
    outcome = next(iter(reply))
    CALLS[service, door, outcome].inc()
    CALL_SECONDS[service, door].add(seconds)
    if outcome == "refusal":
        refused = reply["refusal"]
        if isinstance(refused, Mapping):
            REFUSALS[service, str(refused["code"])].inc()


def release_of(unit: str) -> str:
    """Return the version of a unit that is installed here; of one that is not, the chassis's."""
    for package in (f"fivered-{unit}", "fivered-chassis"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""


def tell_build(unit: str, process: str) -> Callable[[], None]:
    """Say of which release this process is. Returns what ends that.

    Args:
        unit: A service, `gateway`, or `fivered` for all in one process.
        process: `serve`, `work`, `gateway` or `up`.
    """
    sample: Sample = (BUILD, (release_of(unit), unit, process), 1.0)
    return READ.add(lambda: (sample,))
