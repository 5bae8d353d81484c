"""How a service declares its doors, and what its actions are given.

`@command`, `@query`, `@subscribe`, `@timer` and `@job` put ordinary nameko entrypoints on the
methods of an ordinary nameko service class. Three hosts read them: the nameko container
(`serve`), the worker (`work`) and the embedded process (`embedded`). A method is called by a host
with a `Call`, a batch, a timer or a job; the decorator opens the transaction around it.

A service imports what it needs of the bus from here: also the values (`messages`), its transaction
(`transaction`) and its jobs.
"""

from __future__ import annotations

import functools
import inspect
import typing
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TypeVar

from fivered.chassis import (
    audit_log,
    denials,
    history,
    jobs,
    own_data,
    telling,
    waiting,
    webhooks,
)
from fivered.chassis.api import Leaving
from fivered.chassis.calendar import Calendar
from fivered.chassis.cards import Clock, ClockSet, Health, History, JobCard, JobState, Steps
from fivered.chassis.facts import declared
from fivered.chassis.jobs import Job
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import (
    ANY_ROLE,
    PARTITIONS,
    PUBLIC,
    SELF,
    SYSTEM,
    SYSTEM_ROLE,
    Actor,
    Call,
    Due,
    Event,
    Projection,
    is_uuid,
    new_uuid,
    partition_of,
)
from fivered.chassis.own_data import MyData, MyDataAsked
from fivered.chassis.personal import DataMap
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request, is_request
from fivered.chassis.telling import MessagesAsked, ReadMarks, Told, UpTo, WhichMessage
from fivered.chassis.transaction import Declared, Opened, Tx
from fivered.chassis.waiting import Waiting, Waits, WaitsFor, Ways
from fivered.chassis.webhooks import (
    AddWebhook,
    ChangeWebhook,
    DeliveriesQuery,
    DeliveryCard,
    TellAgain,
    WebhookCard,
    WebhookSecret,
    WebhooksQuery,
    WhichDelivery,
    WhichWebhook,
)

with warnings.catch_warnings():
    # nameko stands on eventlet, which announces its retirement at every import (DECISIONS 3).
    warnings.simplefilter("ignore")
    from nameko.containers import WorkerContext
    from nameko.extensions import (
        ENTRYPOINT_EXTENSIONS_ATTR,
        DependencyProvider,
        Entrypoint,
        register_entrypoint,
    )

Act = Callable[..., object]
F = TypeVar("F", bound=Callable[..., object])


# --------------------------------------------------------------------------------------------------
# Entrypoints


class Calls(Protocol):
    """The consumer of a service's calls, in the nameko container (`serve.Calls`)."""

    def register(self, door: CallDoor) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class CallsContainer(Protocol):
    """A nameko container with one consumer for all calls."""

    calls: Calls


# What a call's door need not say.
USUAL: dict[str, object] = {
    "unkept": (), "before": None, "if_match": False, "status": 200, "produces": "", "cost": 1,
    "common": False, "deadline_s": None, "leaving": None, "oauth": False,
    "ahead": None, "quick": False,
}  # fmt: skip


class Door(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """Base of our entrypoints. nameko clones an extension from its arguments, so all state that
    must survive stands in them."""

    kind: ClassVar[str] = ""

    # What a row or a decorator says of a door; each kind has some of it.
    roles: tuple[str, ...]
    if_match: bool
    unkept: tuple[str, ...]
    before: Callable[[Tx, object], object] | None
    http: str
    reply: type
    status: int
    produces: str
    cost: int
    common: bool
    deadline_s: float | None
    leaving: Leaving | None
    oauth: bool
    ahead: Callable[..., object] | None
    source: str
    readers: tuple[type, ...]
    timer_kind: str
    schedule: Callable[[datetime, Calendar], tuple[str, datetime]] | None
    together: timedelta | None
    job_kind: str
    quick: bool
    # nameko's: what serves the door of a class.
    container: CallsContainer
    method_name: str

    def __init__(self, **options: object) -> None:
        self.options = USUAL | options
        super().__init__()

    def __getattr__(self, name: str) -> object:
        options = self.__dict__.get("options", {})
        if name in options:
            return options[name]
        raise AttributeError(name)


class CallDoor(Door):
    """A door that is entered by calls. In the nameko container all of a service's share one
    consumer, which the container brings along (`serve.CallContainer`)."""

    def setup(self) -> None:
        """Tell the container's consumer which method this door leads to."""
        self.container.calls.register(self)

    def start(self) -> None:
        """Begin to take calls; the first door that is started does it for all."""
        self.container.calls.start()

    def stop(self) -> None:
        """Take no more calls; those under way are finished by the container."""
        self.container.calls.stop()

    def kill(self) -> None:
        """Let go of the broker at once."""
        self.container.calls.kill()


class Command(CallDoor):
    """Changes something: one transaction, one idempotency key."""

    kind = "command"


class Query(CallDoor):
    """Answers a question; reads only."""

    kind = "query"


class Subscription(Door):
    """Consumes facts of one source, in batches. Inert in the nameko container."""

    kind = "subscribe"


class Timer(Door):
    """Acts when a timer row comes due. Inert in the nameko container."""

    kind = "timer"


class JobDoor(Door):
    """Long work in many transactions. Inert in the nameko container."""

    kind = "job"


_RUN = {
    "command": "run_command",
    "query": "run_query",
    "subscribe": "run_batch",
    "timer": "run_timer",
    "job": "run_job",
}


def enter(door: Door, fn: F) -> F:
    """Return a method as the entrypoint that a host enters by `door`."""
    run = _RUN[door.kind]

    @functools.wraps(fn)
    def entered(self: Service, first: object, *rest: object) -> object:
        # A host calls with a Call (or a batch, a timer, a job); an action under test calls the
        # method itself with a transaction that it has opened.
        if isinstance(first, Tx):
            return fn(self, first, *rest)
        return getattr(self.runtime, run)(self, door, fn, first, *rest)

    register_entrypoint(entered, door)
    return typing.cast("F", entered)


def command(
    *,
    roles: Sequence[str],
    if_match: bool = False,
    unkept: Sequence[str] = (),
    http: str = "",
    status: int = 200,
) -> Callable[[F], F]:
    """Declare a command: `method(self, tx, body)`.

    Args:
        roles: Acting roles that may call it; `ANY_ROLE` for every signed-in role.
        if_match: True where the caller must state the version that was seen.
        unkept: Members of the reply that no database may hold. They are left out of what is kept
            under the key; where the key comes again, the method answers again (`Tx.first`).
        http: Verb and path of a door that every service has (`contracts.common_api`).
        status: As in `table.command`.
    """

    def decorate(fn: F) -> F:
        door = Command(
            roles=tuple(roles), if_match=if_match, unkept=tuple(unkept), http=http, status=status
        )
        return enter(door, fn)

    return decorate


def query(*, roles: Sequence[str], http: str = "") -> Callable[[F], F]:
    """Declare a query: `method(self, tx, body)`; `PUBLIC` admits callers without a token. `http`
    is as in `command`."""

    def decorate(fn: F) -> F:
        return enter(Query(roles=tuple(roles), if_match=False, http=http), fn)

    return decorate


def subscribe(source: str, *readers: type) -> Callable[[F], F]:
    """Declare what is heard of one source: `method(self, tx, heard)`.

    `heard` is a list of `Event` in the order of arrival (per aggregate, the order in which the
    source said them). The inbox, the commit and the acknowledgement are the chassis's.

    Args:
        source: Name of the service that publishes the facts.
        readers: One reader type per fact, with FACT and SOURCE.
    """
    door = subscription(source, readers)

    def decorate(fn: F) -> F:
        return enter(door, fn)

    return decorate


def subscription(source: str, readers: Sequence[type]) -> Subscription:
    """Return the entrypoint of what is heard of a source.

    Raises:
        TypeError: A reader reads another source.
    """
    for reader in readers:
        if source != (said := declared(reader).SOURCE):
            raise TypeError(f"{reader.__name__} reads {said}, not {source}")
    return Subscription(source=source, readers=tuple(readers))


def timer(
    kind: str,
    *,
    schedule: Callable[[datetime, Calendar], tuple[str, datetime]] | None = None,
    together: timedelta | None = None,
) -> Callable[[F], F]:
    """Declare a timer: `method(self, tx, due)`, with `tx.now == due.due_at`.

    Args:
        kind: Name under which actions arm it.
        schedule: For a recurring timer, (now, calendar) -> (ref, due_at) of the next one strictly
            after now; the chassis arms it.
        together: Where the method takes a list of timers, at each of which it acts (`Tx.at`): the
            span within which they fall. No such timer arms another one that is due sooner.
    """

    def decorate(fn: F) -> F:
        door = Timer(timer_kind=kind, schedule=schedule, together=together)
        return enter(door, fn)

    return decorate


def job(kind: str) -> Callable[[F], F]:
    """Declare long work: `method(self, job)`; it opens its own transactions through the job."""

    def decorate(fn: F) -> F:
        return enter(JobDoor(job_kind=kind), fn)

    return decorate


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a service's table.

    Attributes:
        name: The method on the bus.
        door: The nameko entrypoint; its options are what the row says.
        act: The function that the way leads to.
    """

    name: str
    door: Door
    act: Act

    def method(self) -> Act:
        """Return the entrypoint as a method of the service class."""
        act = self.act

        def entered(_service: object, first: object, *rest: object) -> object:
            return act(first, *rest)

        entered.__name__ = entered.__qualname__ = self.name
        entered.__doc__ = act.__doc__
        if self.door.kind in {"command", "query"}:
            entered.__annotations__ = {"rest": request_type(act)}
        return enter(self.door, entered)


def request_type(act: Act) -> type:
    """Return the type of the request that a function takes: that of its second argument.

    Raises:
        TypeError: It takes none, or another than a `Request`.
    """
    taken = list(inspect.signature(act).parameters.values())
    if len(taken) < 2 or taken[1].annotation is inspect.Parameter.empty:
        raise TypeError(f"{act.__module__}.{act.__name__} must take (tx, request) with a type")
    found = _named(act, taken[1].annotation)
    if not is_request(found):
        raise TypeError(f"{act.__module__}.{act.__name__}: {found} is no Request")
    return found


def reply_type(act: Act) -> type:
    """Return the type of what a function answers: that of its return value.

    Raises:
        TypeError: It does not say.
    """
    said = inspect.signature(act).return_annotation
    if said is inspect.Signature.empty:
        raise TypeError(f"{act.__module__}.{act.__name__} must say what it returns")
    return _named(act, said)


def _named(act: Act, said: type | str) -> type:
    # One by one: `Tx` is often known to the type checker alone.
    found: type = eval(said, act.__globals__) if isinstance(said, str) else said  # nosec B307  # noqa: S307
    return found


class Nothing(Request, frozen=True):
    """The body of a question that needs none."""


class SetClock(Request, frozen=True):
    """The instant to which the demonstration clock moves."""

    now: datetime


class JobQuestion(Request, frozen=True):
    """Which job is meant."""

    job_id: str


def shown(**by: str) -> Mapping[str, str]:
    """Write `Service.shown_by`: `shown(request_id="request")`; things of the chassis are in it."""
    return MappingProxyType({"webhook_id": "_webhook"} | by)


def ways_of(service_cls: type[Service]) -> Ways:
    """Return who may enter which door of a service, and where it is."""
    doors = {
        row.name: (row.door.roles, row.door.http)
        for row in service_cls.doors
        if row.door.kind in {"command", "query"}
    }
    lists: dict[object, str] = {
        row.act: row.door.http for row in service_cls.doors if row.door.kind == "query"
    }
    return Ways(service_cls.name, doors, lists, service_cls.shown_by)


class RuntimeProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Gives each service instance the runtime of its process."""

    def get_dependency(self, worker_ctx: WorkerContext) -> Opened:
        """Called by nameko for each worker; the host put the runtime on the container."""
        return typing.cast("Opened", worker_ctx.container.fivered_runtime)


class Service(Declared):
    """Base of the five services.

    Attributes:
        doors: Every way in, one row each (`table`).
        data_map: What its tables hold of people.
        waits: What can wait for somebody to act (`GET /v1/me`).
        tells: What people are told, by kind (`telling.tell`).
        told_elsewhere: Messages that tables of the service's own hold.
    """

    doors: ClassVar[tuple[Row, ...]] = ()
    data_map: ClassVar[DataMap] = ()
    waits: ClassVar[tuple[Waits, ...]] = ()
    tells: ClassVar[Mapping[str, telling.Tells]] = MappingProxyType({})
    told_elsewhere: ClassVar[tuple[telling.Elsewhere, ...]] = ()
    shown_by: ClassVar[Mapping[str, str]] = shown()
    runtime: Any = RuntimeProvider()

    def __init_subclass__(cls) -> None:
        """Make an entrypoint of each row of the table."""
        for row in cls.__dict__.get("doors", ()):
            if hasattr(cls, row.name):
                raise TypeError(f"{cls.__name__}: two ways in are called {row.name}")
            setattr(cls, row.name, row.method())

    @query(roles=(PUBLIC,))
    def _health(self, tx: Tx, _body: Nothing) -> Health:
        """Answer whether the database is reached and how much waits."""
        return tx.runtime.health(tx)

    @query(roles=(PUBLIC,))
    def _contract(self, tx: Tx, _body: Nothing) -> JsonObject:
        """Answer the doors of the release that runs here."""
        return tx.runtime.contract

    @query(roles=(PUBLIC,))
    def _events(self, tx: Tx, _body: Nothing) -> JsonObject:
        """Answer the public facts of the release that runs here, and which it consumes."""
        heard: JsonObject = {source: [*facts] for source, facts in consumed_by(type(self)).items()}
        return {"facts": [*tx.runtime.public_facts], "heard": heard}

    @query(roles=(SYSTEM_ROLE,))
    def _setup(self, tx: Tx, _body: Nothing) -> Steps:
        """Answer what a new installation needs of this service, and what of it is there."""
        return tx.runtime.first_steps(tx)

    @query(roles=(SYSTEM_ROLE,))
    def _waiting(self, tx: Tx, body: WaitsFor) -> Waiting:
        """Answer what waits for a person in the roles that the gateway has proved."""
        return waiting.answer(tx, body, self.waits, ways_of(type(self)), self.reads_as)

    @query(roles=(SELF,))
    def _messages(self, tx: Tx, body: MessagesAsked) -> Told:
        """Answer what the caller was told: `GET /v1/me/messages` asks every service."""
        return telling.answer(tx, body)

    @command(roles=(SELF,))
    def _read_message(self, tx: Tx, body: WhichMessage) -> ReadMarks:
        """Mark a message of the caller as read.

        Raises:
            NotFound: The caller was told nothing of this id.
        """
        return telling.read(tx, body.message_id)

    @command(roles=(SELF,))
    def _read_messages(self, tx: Tx, body: UpTo) -> ReadMarks:
        """Mark what the caller was told up to a time as read."""
        return telling.read_up_to(tx, body.up_to)

    @query(roles=history.READERS)
    def _history(self, tx: Tx, body: history.Asked) -> History:
        """Answer what this service has published for everybody, in order."""
        return history.answer(tx, body)

    @query(roles=(PUBLIC,))
    def _clock(self, tx: Tx, _body: Nothing) -> Clock:
        """Answer the domain time and whether it may be set."""
        return {"now": tx.now.isoformat(), "demo": tx.runtime.process.demo_clock}

    @command(roles=(PUBLIC,))
    def _set_clock(self, tx: Tx, body: SetClock) -> ClockSet:
        """Move the demonstration clock forward."""
        return tx.runtime.set_clock(tx, body.now)

    @query(roles=audit_log.READERS, http="GET /audit")
    def _audit(self, tx: Tx, body: audit_log.AuditQuery) -> Page[audit_log.AuditLine]:
        """审计记录 / The audit.

        本辖区的命令与被拒的调用,新的在前;查阅本身也留下一条记录。
        Commands and denied calls of the caller's area, newest first; reading it leaves a row, too.
        """
        return audit_log.rows(tx, body)

    @query(roles=audit_log.READERS, http="GET /audit/seals")
    def _audit_seals(self, tx: Tx, body: audit_log.SealsQuery) -> Page[audit_log.SealCard]:
        """审计的每日封存 / The daily seals of the audit.

        请另行保存各日的 hash,核对:`fivered verify audit --against`。
        Keep each day's hash elsewhere: `fivered verify audit --against` compares them.
        """
        return audit_log.seals(tx, body)

    @command(roles=(SYSTEM_ROLE,))
    def _denied(self, tx: Tx, body: denials.Denied) -> JsonObject:
        """Take what the gateway has refused at a door of this service into the audit."""
        return denials.take(tx, body)

    @command(roles=(SYSTEM_ROLE,))
    def _exported(self, tx: Tx, body: audit_log.Exported) -> JsonObject:
        """Note in the audit who takes a list of this service away as a file."""
        return audit_log.note_export(tx, body)

    @query(roles=(ANY_ROLE,), http="GET /jobs/{job_id}")
    def _job(self, tx: Tx, body: JobQuestion) -> JobCard:
        """查看后台任务进度 / Progress of long work."""
        return jobs.card(tx, body.job_id)

    @command(roles=(ANY_ROLE,), http="POST /jobs/{job_id}/cancel")
    def _cancel_job(self, tx: Tx, body: JobQuestion) -> JobState:
        """取消后台任务 / Ask long work to stop."""
        return jobs.cancel(tx, body.job_id)

    @query(roles=(SELF,))
    def _my_data(self, tx: Tx, body: MyDataAsked) -> MyData:
        """Answer what this service keeps about the caller: `GET /v1/me/data` asks every service.

        Table by table, own rows only, without other people's data. Each time is noted.

        Raises:
            Invalid: The cursor is damaged.
        """
        if body.cursor is None:
            tx.afterwards(self.note_own_data)
        return own_data.answer(tx, body)

    def note_own_data(self, tx: Tx) -> None:
        """Note that the caller is given the own data, and may refuse it: see `own_data.note`."""
        own_data.note(tx)

    def erase_again(self, tx: Tx, person_ids: Sequence[str]) -> None:
        """Carry erasures out again that a restored database has forgotten; done before, it changes
        nothing."""
        own_data.erase(tx, person_ids)

    @command(roles=webhooks.DECIDERS, http="POST /webhooks", status=201, unkept=("secret",))
    def _add_webhook(self, tx: Tx, body: AddWebhook) -> WebhookSecret:
        """登记推送地址 / Register a webhook.

        自此刻起发布的公开事件按发布顺序以签名的 HTTP POST 送达,至少一次;密钥只在此处显示。
        What is published from now on is sent there in its order, by signed HTTP POST, at least
        once. The secret is shown here only.

        Raises:
            Invalid: The address is none, or not listed; a type is no public event of the service.
            RoleDenied: The area lies outside the caller's.
            TooManyWebhooks: The service has as many as it may have.
            WebhookExists: The address is told the same events already.
            WebhooksOff: The operator has not listed where webhooks may go.
        """
        return webhooks.add(tx, body)

    @query(roles=webhooks.READERS, http="GET /webhooks")
    def _webhooks(self, tx: Tx, body: WebhooksQuery) -> Page[WebhookCard]:
        """推送地址列表 / Webhooks."""
        return webhooks.listed(tx, body)

    @query(roles=webhooks.READERS, http="GET /webhooks/{webhook_id}")
    def _webhook(self, tx: Tx, body: WhichWebhook) -> WebhookCard:
        """查看推送地址 / One webhook.

        Raises:
            NotFound: There is none in the caller's area.
        """
        return webhooks.one(tx, body)

    @command(roles=webhooks.DECIDERS, http="PATCH /webhooks/{webhook_id}", if_match=True)
    def _change_webhook(self, tx: Tx, body: ChangeWebhook) -> WebhookCard:
        """修改推送地址、事件或范围 / Change where a webhook goes or what it tells.

        Raises:
            Invalid: The address is none, or not listed; a type is no public event of the service;
                nothing is said that could change.
            NotFound: There is none in the caller's area.
            RoleDenied: The area lies outside the caller's.
            StateConflict: It has ended.
            WebhookExists: Another one tells the address the same events already.
            WebhooksOff: The operator has not listed where webhooks may go.
        """
        return webhooks.change(tx, body)

    @command(roles=webhooks.DECIDERS, http="POST /webhooks/{webhook_id}/pause", if_match=True)
    def _pause_webhook(self, tx: Tx, body: WhichWebhook) -> WebhookCard:
        """暂停推送 / Pause a webhook.

        Raises:
            NotFound: There is none in the caller's area.
            StateConflict: It is not active.
        """
        return webhooks.pause(tx, body)

    @command(roles=webhooks.DECIDERS, http="POST /webhooks/{webhook_id}/resume", if_match=True)
    def _resume_webhook(self, tx: Tx, body: WhichWebhook) -> WebhookCard:
        """恢复推送,从停下的事件继续 / Resume a webhook with the event at which it stopped.

        Raises:
            Invalid: Its address is not listed any more.
            NotFound: There is none in the caller's area.
            StateConflict: It is not paused.
            WebhooksOff: The operator has not listed where webhooks may go.
        """
        return webhooks.resume(tx, body)

    @command(roles=webhooks.DECIDERS, http="POST /webhooks/{webhook_id}/end", if_match=True)
    def _end_webhook(self, tx: Tx, body: WhichWebhook) -> WebhookCard:
        """终止推送 / End a webhook.

        Raises:
            NotFound: There is none in the caller's area.
            StateConflict: It has ended.
        """
        return webhooks.end(tx, body)

    @command(
        roles=webhooks.DECIDERS,
        http="POST /webhooks/{webhook_id}/rotate-secret",
        unkept=("secret",),
    )
    def _rotate_webhook_secret(self, tx: Tx, body: WhichWebhook) -> WebhookSecret:
        """更换签名密钥 / Give a webhook a new secret.

        旧密钥同时签名 24 小时。
        The secret before signs as well for 24 hours.

        Raises:
            NotFound: There is none in the caller's area.
            StateConflict: It has ended.
            WebhooksOff: The operator has not listed where webhooks may go.
        """
        return webhooks.rotate_secret(tx, body)

    @command(roles=webhooks.DECIDERS, http="POST /webhooks/{webhook_id}/test", status=202)
    def _test_webhook(self, tx: Tx, body: WhichWebhook) -> DeliveryCard:
        """发送测试事件 / Send a test event, once.

        Raises:
            NotFound: There is none in the caller's area.
            StateConflict: It has ended.
            WebhooksOff: The operator has not listed where webhooks may go.
        """
        return webhooks.test(tx, body)

    @query(roles=webhooks.READERS, http="GET /webhooks/{webhook_id}/deliveries")
    def _webhook_deliveries(self, tx: Tx, body: DeliveriesQuery) -> Page[DeliveryCard]:
        """推送记录(30 天) / The log of a webhook, for 30 days.

        Raises:
            NotFound: There is none in the caller's area.
        """
        return webhooks.deliveries(tx, body)

    @command(
        roles=webhooks.DECIDERS,
        http="POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
        status=202,
    )
    def _redeliver(self, tx: Tx, body: WhichDelivery) -> DeliveryCard:
        """重发一条 / Send one event once more, out of turn.

        Raises:
            NotFound: There is none in the caller's area, or the event was forgotten.
            StateConflict: The webhook has ended.
            WebhooksOff: The operator has not listed where webhooks may go.
        """
        return webhooks.redeliver(tx, body)

    @command(roles=webhooks.DECIDERS, http="POST /webhooks/{webhook_id}/tell-again", if_match=True)
    def _tell_again(self, tx: Tx, body: TellAgain) -> WebhookCard:
        """从某处起按顺序重新推送 / Tell everything again from a place or time on, in order.

        Raises:
            Invalid: Neither a place nor a time is named, or both; or one that is still to come.
            NotFound: There is none in the caller's area.
            StateConflict: It has ended.
        """
        return webhooks.tell_again(tx, body)


@dataclass(frozen=True, slots=True)
class Entry:
    """One door of a service class: the method, its options and the type of its body."""

    method: str
    kind: str
    door: Door
    body_type: type


def entries(cls: type[Service]) -> dict[str, Entry]:
    """Read the doors of a service class from nameko's own metadata."""
    # Reading the doors of a service takes some ms, and a class does not change.
    if cls not in _ENTRIES:
        _ENTRIES[cls] = _read_entries(cls)
    return dict(_ENTRIES[cls])


_ENTRIES: dict[type[Service], dict[str, Entry]] = {}


def _read_entries(cls: type[Service]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for name, member in inspect.getmembers(cls, inspect.isfunction):
        for door in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            body: type = Nothing
            if door.kind in {"command", "query"}:
                # The last argument; before it stand the service and the transaction.
                method = inspect.unwrap(member)
                *_, last = inspect.signature(method).parameters.values()
                body = _named(method, last.annotation)
            found[name] = Entry(name, door.kind, door, body)
    return found


def consumed_by(cls: type[Service]) -> dict[str, tuple[str, ...]]:
    """Return the facts that a service consumes, in order, by their source."""
    found: dict[str, list[str]] = {}
    for entry in entries(cls).values():
        if entry.kind == "subscribe":
            facts = found.setdefault(entry.door.source, [])
            facts.extend(declared(reader).FACT for reader in entry.door.readers)
    return {source: tuple(sorted(facts)) for source, facts in found.items()}


__all__ = [
    "ANY_ROLE",
    "PARTITIONS",
    "PUBLIC",
    "SELF",
    "SYSTEM",
    "SYSTEM_ROLE",
    "Actor",
    "Call",
    "Due",
    "Event",
    "Job",
    "NotFound",
    "Projection",
    "Service",
    "Tx",
    "command",
    "is_uuid",
    "job",
    "new_uuid",
    "partition_of",
    "query",
    "shown",
    "subscribe",
    "timer",
]
