"""What the gateway tells Prometheus, at a port of its own: the public one does not show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from starlette.types import Scope

from fivered.chassis import gauges, metrics
from fivered.chassis.health import Finding, HealthPage
from fivered.chassis.rpc import BusCaller, BusState
from fivered.gateway.context import template_of

_VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = metrics.Counters(
    "fivered_http_requests_total",
    "Requests that were answered, by verb, address (its template) and class of status",
    "method", "route", "status",
)  # fmt: skip
REQUEST_SECONDS = metrics.Durations(
    "fivered_http_request_duration_seconds",
    "From the head of a request to the end of its answer",
    "method", "route",
    bounds=metrics.ANSWERED,
)  # fmt: skip
PROBLEMS = metrics.Counters(
    "fivered_http_problems_total",
    "Requests that were answered by a problem, the gateway's own or a service's, by its code",
    "code",
)
FILES = metrics.Counters(
    "fivered_files_total",
    "Files that were sent, by kind and whether they were kept; a refusal is told by its code",
    "kind", "result",
)  # fmt: skip


def verb_of(scope: Scope) -> str:
    """Return the verb of a request, if it is one."""
    return scope["method"] if scope["method"] in _VERBS else "other"


def answered(scope: Scope, status: int, seconds: float) -> None:
    """Count one request.

    Args:
        scope: What came, after its door was found and served.
        status: Its answer's; 0 where the caller left before.
        seconds: How long it took.
    """
    # What strangers make up, an address or a verb, is one value.
    path, verb = template_of(scope), verb_of(scope)
    REQUESTS[verb, path, f"{status // 100}xx" if status else "none"].inc()
    if "fivered.streamed" not in scope:
        # A stream goes on as long as its reader likes.
        REQUEST_SECONDS[verb, path].add(seconds)
    if "fivered.refused" in scope:
        PROBLEMS[scope["fivered.refused"]].inc()


@contextmanager
def told(port: int, caller: BusCaller) -> Iterator[None]:
    """Serve /ready and /metrics of this process at a port of its own; 0 serves nothing.

    Raises:
        SettingsError: The port is taken.
    """

    def bus() -> Finding:
        return Finding(caller.found()["bus"] == "up", caller.found())

    page = HealthPage(port, None, {"bus": bus})
    ends = [metrics.tell_build("gateway", "gateway"), metrics.READ.add(lambda: _link(caller.found))]
    page.start()
    try:
        yield
    finally:
        for end in ends:
            end()
        page.stop()


def _link(found: Callable[[], BusState]) -> Iterable[metrics.Sample]:
    state = found()["bus"]
    yield gauges.LINK_UP, ("gateway", "calls"), float(state == "up")
    yield gauges.LINK_BLOCKED, ("gateway", "calls"), float(state == "blocked")
