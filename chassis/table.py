"""A service as one table: each row is a way in, who may enter, and the function that it leads to.

    doors = (
        command("POST /requests", cases.submit_request, roles=(ANY_ROLE,), status=201),
        query("GET /requests/{request_id}", case_views.request, roles=(ANY_ROLE,)),
        subscribe("shop", events.CustomerAdded, then=projections.customers_added),
        timer("REQ_ACCEPT", clocks.accept_passed),
    )

A row says all that the world may know of a door. The function's name is the door's name on the bus,
the type of its second argument is the request's schema, the type that it returns the reply's; the
first line of its docstring ("中文 / English.") is the summary, and `Raises:` names the refusals.
`contracts/api.json` is written from these rows, and the gateway reads that file: nothing about a
door is written a second time. Each row becomes an ordinary nameko entrypoint (`bus`), so all three
hosts serve it.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from fivered.chassis import bus, refusal
from fivered.chassis.api import Leaving
from fivered.chassis.bus import Act, Row, reply_type, request_type
from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import Refusal
from fivered.chassis.requests import members_of
from fivered.chassis.text import HAN

VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
PATH = re.compile(r"^(/([a-z0-9-]+(\.[a-z]+)?|\{[a-z][a-z0-9_]*\}))+$")
_CHINESE = re.compile(f"[{HAN}]")
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def _call(kind: type[bus.CallDoor], http: str, act: Act, name: str, **options: object) -> Row:
    verb, _, path = http.partition(" ")
    if verb not in VERBS or not PATH.match(path):
        raise TypeError(f"{http!r} is no verb and path")
    if (verb == "GET") != (kind is bus.Query):
        raise TypeError(f"{http}: a question is asked by GET, and nothing else is")
    if not options["roles"]:
        raise TypeError(f"{http} does not say who may enter")
    options["reply"] = reply_type(act)
    for place in set(places_of(http)) - set(members_of(request_type(act))):
        raise TypeError(f"{http}: {place} stands in the path and not in the request")
    return Row(name or act.__name__, kind(http=http, **options), act)


def command(
    http: str,
    act: Act,
    *,
    roles: Sequence[str],
    if_match: bool = False,
    status: int = 200,
    unkept: Sequence[str] = (),
    before: Act | None = None,
    common: bool = False,
    leaving: Leaving | None = None,
    oauth: bool = False,
    ahead: Act | None = None,
    name: str = "",
) -> Row:
    """A way to change something: `act(tx, request)`.

    Args:
        http: Verb and path below `/v1/<service>`. Its `{places}` are members of the request.
        act: Runs in one transaction, under one idempotency key.
        roles: Acting roles that may call it; `ANY_ROLE` for every signed-in role.
        if_match: Whether the caller must state the version that was seen.
        status: 200, 201 for a new thing, 202 for work that goes on.
        unkept: See `bus.command`.
        before: `before(tx, request)` runs in a transaction of its own; what it writes stays when
            the command is refused.
        common: Whether the path stands below `/v1` itself.
        leaving: Since when and until when, where it will be gone: answers and the document say so.
        oauth: Whether it is asked and refuses as OAuth 2.0 has it (RFC 6749): a form, HTTP Basic,
            no key; see `fivered.gateway.oauth`.
        ahead: `ahead(settings, request)` runs in no transaction, after `before`: what is asked of
            other machines. The action finds what it returns in `tx.ahead`.
        name: Name on the bus, where it is not the function's.
    """
    if status not in {200, 201, 202}:
        raise TypeError(f"{http}: a command answers 200, 201 or 202, not {status}")
    return _call(
        bus.Command, http, act, name, roles=tuple(roles), if_match=if_match,
        status=status, unkept=tuple(unkept), before=before, common=common,
        leaving=leaving, oauth=oauth, ahead=ahead,
    )  # fmt: skip


def query(
    http: str,
    act: Act,
    *,
    roles: Sequence[str],
    produces: str = "",
    cost: int = 1,
    deadline_s: float | None = None,
    leaving: Leaving | None = None,
    ahead: Act | None = None,
    name: str = "",
) -> Row:
    """A question: `act(tx, request)` reads only.

    Args:
        http: As in `command`, with GET.
        act: Runs in a snapshot.
        roles: As in `command`; `PUBLIC` admits callers without a token.
        produces: Media type of the answer where that is no JSON.
        cost: What an answer takes, in ordinary answers; a caller's rate is counted in these.
        deadline_s: Longest wait for the answer (s), where it is not the gateway's own.
        leaving: As in `command`.
        ahead: As in `command`.
        name: As in `command`.
    """
    return _call(
        bus.Query, http, act, name, roles=tuple(roles), if_match=False,
        produces=produces, cost=cost, deadline_s=deadline_s, leaving=leaving, ahead=ahead,
    )  # fmt: skip


def subscribe(source: str, *readers: type, then: Act, name: str = "") -> Row:
    """What is consumed of one source: `then(tx, events)`, in batches.

    Args:
        source: Name of the service that publishes the facts.
        readers: One reader type per fact, with FACT and SOURCE.
        then: Takes a list of `Event` in the order of arrival.
        name: Default `on_<source>`. The inbox keeps it: an event is consumed once under a name.
    """
    return Row(name or f"on_{source}", bus.subscription(source, readers), then)


def timer(
    kind: str,
    then: Act,
    *,
    schedule: Callable[[datetime, Calendar], tuple[str, datetime]] | None = None,
    together: timedelta | None = None,
) -> Row:
    """What happens when a timer comes due: `then(tx, due)`; the arguments are those of
    `bus.timer`."""
    door = bus.Timer(timer_kind=kind, schedule=schedule, together=together)
    return Row(f"on_{kind.lower()}", door, then)


def job(kind: str, act: Act, *, quick: bool = False) -> Row:
    """Long work: `act(job)` opens its own transactions through the job.

    Args:
        kind: Its name.
        act: Does it.
        quick: It takes seconds, and somebody waits: it does not queue behind what takes minutes.
    """
    return Row(f"run_{kind}", bus.JobDoor(job_kind=kind, quick=quick), act)


@functools.cache
def refusals_of(act: Act) -> tuple[type[Refusal], ...]:
    """Return the refusals that a function's docstring names under `Raises:`.

    Raises:
        TypeError: One of the names is no exception that the function's service knows.
    """
    section = re.search(r"^ *Raises:\n((?: +.*\n|\n)+?)(?=\Z| *\w+:\n)", _doc(act), re.MULTILINE)
    found: list[type[Refusal]] = []
    for names in re.findall(r"^ {4,}((?:\w+, )*\w+):", section[1] if section else "", re.MULTILINE):
        for name in names.split(", "):
            kind = _exception(act, name)
            if issubclass(kind, Refusal) and kind not in found:
                found.append(kind)
    return tuple(found)


def _doc(act: Act) -> str:
    return inspect.cleandoc(act.__doc__ or "") + "\n"


def _exception(act: Act, name: str) -> type[BaseException]:
    """Return an exception by its name: the function may leave it to another room of its service
    to raise it."""
    for room in _rooms(act):
        kind = room.get(name)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return kind
    raise TypeError(f"{act.__module__}.{act.__name__}: there is no exception {name}")


def _rooms(act: Act) -> Iterator[Mapping[str, object]]:
    """Give out where a name of a function's docstring may stand, the nearest first."""
    yield act.__globals__
    yield vars(refusal)
    yield vars(builtins)
    service = ".".join(act.__module__.split(".")[:3])
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{service}."):
            yield vars(module)


@functools.cache
def places_of(http: str) -> tuple[str, ...]:
    """Return the names of a path's places, in order."""
    return tuple(_PLACE.findall(http))


def summary_of(act: Act) -> str:
    """Return the first line of a function's docstring, without its full stop."""
    return next(iter((act.__doc__ or "").strip().splitlines()), "").removesuffix(".")


def description_of(act: Act) -> str:
    """Return the paragraphs of a function's docstring, behind the first, that speak Chinese: they
    are written for callers. The others are for who reads the code."""
    _first, *more = inspect.cleandoc(act.__doc__ or "").split("\n\n")
    return "\n\n".join(one for one in more if _CHINESE.search(one))


__all__ = ["Row", "command", "job", "query", "subscribe", "timer"]
