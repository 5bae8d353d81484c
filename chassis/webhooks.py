"""Webhooks: programs outside that are told what a service publishes, by HTTP.

Here stand the doors that every service has for them, and the log. What is told comes from the
history (`history`), in its order; `webhook_sender` sends it.
"""

from __future__ import annotations

import base64
import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta, field

from fivered.chassis import envelope as env
from fivered.chassis import history, records, webhook_wire
from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar
from fivered.chassis.fields import Area, Id, Instant, PartOfList
from fivered.chassis.free_text import PublicText
from fivered.chassis.messages import SYSTEM, new_uuid
from fivered.chassis.refusal import (
    Invalid,
    NotFound,
    StateConflict,
    TooManyWebhooks,
    WebhookExists,
    WebhooksOff,
    said,
)
from fivered.chassis.replies import Page, Reply
from fivered.chassis.requests import UNIQUE, Request
from fivered.chassis.settings import ProcessSettings
from fivered.chassis.transaction import Opened, Tx
from fivered.chassis.vault import KeyMissing, Keys, Vault

KEY = "FIVERED_WEBHOOK_KEY"
# They send what a whole service says to where they like: the district decides, and the auditor
# sees it.
DECIDERS = ("R_DISTRICT",)
READERS = ("R_DISTRICT", "R_AUDITOR")
MOST_WEBHOOKS, MOST_TYPES = 50, 50
# For so long a secret that was replaced goes on signing.
BOTH_SIGN = timedelta(hours=24)
KEEP_LOG = timedelta(days=30)
TEST_FACT = "webhook_test.v1"

ACTIVE, PAUSED, ENDED = "ACTIVE", "PAUSED", "ENDED"
# Why one is paused: a person did it, the receiver said 410, or no try succeeded for three days.
BY_HAND, GONE, GAVE_UP = "BY_HAND", "GONE", "GAVE_UP"
# Deliveries: one that somebody asked for waits for the sender; one that failed is tried again.
WAITING, RETRYING, DELIVERED, FAILED = "WAITING", "RETRYING", "DELIVERED", "FAILED"
EVENT, TEST, AGAIN = "EVENT", "TEST", "AGAIN"


# --------------------------------------------------------------------------------------------------
# What is asked


Url = Annotated[
    str,
    Meta(
        max_length=500,
        description="接收地址,https;主机须在运维的清单中 / where it goes, https; the operator "
        "lists the host",
        examples=["https://hooks.example.org/five-red"],
    ),
]
Types = Annotated[
    list[Annotated[str, Meta(max_length=120)]],
    UNIQUE,
    Meta(
        max_length=MOST_TYPES,
        description="只推送这些公开事件;不填为全部 / these public events only; none named: all",
    ),
]
Described = Annotated[PublicText, Meta(max_length=200, description="用途 / what it is for")]


class AddWebhook(Request, frozen=True):
    """新的推送地址 / A new receiver."""

    url: Url
    types: Types = field(default_factory=list)
    scope: (
        Annotated[Area, Meta(description="只推送此范围内的事件 / what concerns this area only")]
        | None
    ) = None
    description: Described = ""


class ChangeWebhook(Request, frozen=True):
    """改动;未填的不变 / What changes; what is left out stays."""

    webhook_id: Id
    url: Annotated[Url | None, Meta(examples=["https://hooks.example.org/five-red"])] = None
    types: Types | None = None
    scope: Area | None = None
    description: Described | None = None


class WhichWebhook(Request, frozen=True):
    """Which webhook is meant."""

    webhook_id: Id


class WebhooksQuery(PartOfList, frozen=True):
    """推送地址筛选 / Filter of webhooks."""

    state: Literal["ACTIVE", "PAUSED", "ENDED"] | None = None


class DeliveriesQuery(PartOfList, frozen=True, kw_only=True):
    """推送记录筛选 / Filter of the log."""

    webhook_id: Id
    state: Literal["WAITING", "RETRYING", "DELIVERED", "FAILED"] | None = None


class WhichDelivery(Request, frozen=True):
    """Which delivery is sent once more."""

    webhook_id: Id
    delivery_id: Id


class TellAgain(Request, frozen=True):
    """从何处重新推送,二者填一 / From where on everything is told again; one of both."""

    webhook_id: Id
    after: (
        Annotated[
            int,
            Meta(
                ge=0,
                description="此序号之后;比现在的位置更晚则跳过其间的事件 / after this place of the "
                "history; one that is later than its present place passes over what is between",
            ),
        ]
        | None
    ) = None
    since: Annotated[
        Annotated[Instant, Meta(description="此时间起记录的 / what was recorded since then")]
        | None,
        Meta(examples=["2025-01-15T09:00:00+08:00"]),
    ] = None


# --------------------------------------------------------------------------------------------------
# What is answered


class WebhookCard(Reply):
    """推送地址 / A webhook.

    Attributes:
        position: The place of the history up to which the receiver was told.
        lost: Whether events that it was to be told were forgotten meanwhile (90 days).
    """

    id: str
    url: str
    types: list[str]
    scope: str
    description: str
    state: Literal["ACTIVE", "PAUSED", "ENDED"]
    why: Annotated[
        Literal["BY_HAND", "GONE", "GAVE_UP"] | None,
        Meta(
            description="暂停原因:人工、对方答 410、三天未成功 / why it is paused: by hand, the "
            "receiver said 410, no success for three days"
        ),
    ]
    attempts: Annotated[
        int, Meta(description="当前事件已失败的次数 / tries of the present event that failed")
    ]
    failing_since: str | None
    next_try_at: str | None
    position: int
    lost: Annotated[
        bool,
        Meta(description="有事件未推送即已过保存期 / events were forgotten before they were sent"),
    ]
    created_at: str
    version: int


class WebhookSecret(WebhookCard):
    """推送地址与密钥(只显示一次) / A webhook with its secret, which is shown this once."""

    secret: Annotated[
        str,
        Meta(
            description="签名密钥,请立即保存 / the secret of its signatures: keep it now",
            examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
    ]
    both_sign_until: Annotated[
        str | None,
        Meta(
            description="旧密钥同时签名至此时;其间再更换,更早的即失效 / until then the secret "
            "before signs as well; one more replacement until then ends the oldest at once"
        ),
    ]


class DeliveryCard(Reply):
    """一次推送 / A delivery.

    Attributes:
        kind: EVENT, in the order of the history; AGAIN, which somebody asked for; TEST.
        status: What the receiver answered last.
        next_try_at: Of one that failed and is tried again.
    """

    id: str
    kind: Literal["EVENT", "AGAIN", "TEST"]
    event_id: str
    type: str
    place: int | None
    state: Literal["WAITING", "RETRYING", "DELIVERED", "FAILED"]
    attempts: int
    status: Annotated[int, Meta(description="HTTP 状态 / of HTTP")] | None
    duration_ms: int | None
    error: str | None
    created_at: str
    tried_at: str | None
    next_try_at: str | None


# --------------------------------------------------------------------------------------------------
# Commands


def add(tx: Tx, payload: AddWebhook) -> WebhookSecret:
    """Register a receiver; it is told what is published from now on."""
    if tx.first is not None:
        return _with_secret(tx, _known(tx, str(tx.first["id"])))
    process = tx.runtime.process
    _require_on(process)
    _require_url(process, payload.url)
    scope = _scope_of(tx, payload.scope)
    facts = _facts_of(tx, payload.types)
    table = tx.runtime.chassis.webhooks
    # Two at a time must not both be the fiftieth.
    store.hold(tx.conn, "webhooks")
    count = sa.select(sa.func.count()).where(table.c.state != ENDED).select_from(table)
    if tx.conn.execute(count).scalar_one() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(limit=MOST_WEBHOOKS)
    _require_first(tx, url=payload.url, facts=facts, scope=scope)
    webhook_id, at = tx.new_id("hook"), datetime.now(UTC)
    row = records.add(
        tx.conn,
        table,
        webhook_id=webhook_id,
        url=payload.url,
        facts=facts,
        scope=scope,
        description=payload.description,
        state=ACTIVE,
        position=history.newest(tx.conn, tx.runtime.chassis),
        secret=_seal(tx.runtime, webhook_id, webhook_wire.new_secret()),
        attempts=0,
        version=1,
        created_by=tx.actor.id,
        created_at=at,
        changed_at=at,
    )
    _wake(tx)
    return _with_secret(tx, row)


def change(tx: Tx, payload: ChangeWebhook) -> WebhookCard:
    """Change where a webhook goes, or what it tells. What it does already changes nothing."""
    row = _held(tx, payload.webhook_id, ACTIVE, PAUSED)
    values: dict[str, object] = {}
    if payload.url is not None:
        _require_on(tx.runtime.process)
        _require_url(tx.runtime.process, payload.url)
        values["url"] = payload.url
    if payload.types is not None:
        values["facts"] = _facts_of(tx, payload.types)
    if payload.scope is not None:
        values["scope"] = _scope_of(tx, payload.scope)
    if payload.description is not None:
        values["description"] = payload.description
    if not values:
        raise Invalid(
            field="url",
            reason=said(
                "url、types、scope、description 至少填一项"
                " / say at least one of url, types, scope, description"
            ),
        )
    values = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not values:
        return _card(tx, row)
    if values.keys() & {"url", "facts", "scope"}:
        store.hold(tx.conn, "webhooks")
        then = {name: values.get(name, getattr(row, name)) for name in ("url", "facts", "scope")}
        _require_first(tx, **then, but=row.webhook_id)
    if "url" in values:
        values["next_try_at"] = None
    return _changed(tx, row, **values)


def pause(tx: Tx, payload: WhichWebhook) -> WebhookCard:
    """Tell a receiver nothing for a while; where it goes on is kept."""
    row = _held(tx, payload.webhook_id, ACTIVE)
    return _changed(tx, row, state=PAUSED, why=BY_HAND)


def resume(tx: Tx, payload: WhichWebhook) -> WebhookCard:
    """Go on with the event at which a webhook was paused."""
    row = _held(tx, payload.webhook_id, PAUSED)
    _require_on(tx.runtime.process)
    _require_url(tx.runtime.process, row.url)
    return _changed(
        tx, row, state=ACTIVE, why=None, attempts=0, failing_since=None, next_try_at=None
    )


def end(tx: Tx, payload: WhichWebhook) -> WebhookCard:
    """End a webhook: its secrets are forgotten, its log is kept for a while."""
    row = _held(tx, payload.webhook_id, ACTIVE, PAUSED)
    _give_up(tx, row, WAITING, RETRYING)
    return _changed(
        tx, row, state=ENDED, why=None, secret=None, secret_before=None, before_until=None,
        next_try_at=None, failing_since=None,
    )  # fmt: skip


def rotate_secret(tx: Tx, payload: WhichWebhook) -> WebhookSecret:
    """Give a webhook a new secret; the one before signs as well for a day."""
    if tx.first is not None:
        return _with_secret(tx, _known(tx, payload.webhook_id))
    row = _held(tx, payload.webhook_id, ACTIVE, PAUSED)
    # Also while nothing is sent: a secret that leaked is replaced before it is.
    _require_key(tx.runtime.process)
    secret = _seal(tx.runtime, row.webhook_id, webhook_wire.new_secret())
    changed = records.update(
        tx.conn, tx.runtime.chassis.webhooks, row, secret=secret, secret_before=row.secret,
        before_until=datetime.now(UTC) + BOTH_SIGN, changed_at=datetime.now(UTC),
    )  # fmt: skip
    return _with_secret(tx, changed)


def test(tx: Tx, payload: WhichWebhook) -> DeliveryCard:
    """Send an event that means nothing, once and at once."""
    row = _held(tx, payload.webhook_id, ACTIVE, PAUSED)
    _require_on(tx.runtime.process)
    return _ask_for(tx, row, TEST, new_uuid(), fact=TEST_FACT)


def redeliver(tx: Tx, payload: WhichDelivery) -> DeliveryCard:
    """Send an event of the log once more, out of turn."""
    row = _held(tx, payload.webhook_id, ACTIVE, PAUSED)
    _require_on(tx.runtime.process)
    table = tx.runtime.chassis.webhook_deliveries
    asked = sa.select(table).where(
        table.c.webhook_id == row.webhook_id, table.c.delivery_id == payload.delivery_id
    )
    found = store.first(tx.conn, asked)
    if found is None:
        raise NotFound(kind="delivery", id=payload.delivery_id)
    if found.kind != TEST and body_of(tx.conn, tx.runtime, found.event_id, found.fact) is None:
        raise NotFound(kind="event", id=str(found.event_id))
    kind = TEST if found.kind == TEST else AGAIN
    return _ask_for(tx, row, kind, str(found.event_id), fact=found.fact, place=found.place)


def tell_again(tx: Tx, payload: TellAgain) -> WebhookCard:
    """Go on from an earlier, or later, place of the history."""
    row = _held(tx, payload.webhook_id, ACTIVE, PAUSED)
    if (payload.after is None) == (payload.since is None):
        raise Invalid(
            field="after",
            reason=said("after 与 since 填且只填一个 / say `after` or `since`, and not both"),
        )
    tables = tx.runtime.chassis
    if payload.since is not None:
        if payload.since > datetime.now(UTC):
            raise Invalid(
                field="since",
                reason=said("此时间尚未到来 / that time is still to come"),
            )
        position = history.before(tx.conn, tables, payload.since)
    else:
        position, newest = payload.after or 0, history.newest(tx.conn, tables)
        if position > newest:
            raise Invalid(
                field="after",
                reason=said(
                    "最新的序号是 {newest} / the newest place is {newest}", newest=str(newest)
                ),
            )
    position = max(position, history.forgotten(tx.conn, tables))
    _give_up(tx, row, RETRYING)
    return _changed(
        tx, row, position=position, delivery_id=None, attempts=0, failing_since=None,
        next_try_at=None,
    )  # fmt: skip


def _give_up(tx: Tx, row: store.Row, *states: str) -> None:
    """Note in the log what is not tried any more."""
    table = tx.runtime.chassis.webhook_deliveries
    left = sa.and_(table.c.webhook_id == row.webhook_id, table.c.state.in_(states))
    tx.conn.execute(sa.update(table).where(left).values(state=FAILED))


def _changed(tx: Tx, row: store.Row, **values: object) -> WebhookCard:
    values["changed_at"] = datetime.now(UTC)
    changed = records.update(tx.conn, tx.runtime.chassis.webhooks, row, **values)
    _wake(tx)
    return _card(tx, changed)


def _ask_for(
    tx: Tx, row: store.Row, kind: str, event_id: str, *, fact: str, place: int | None = None
) -> DeliveryCard:
    made = records.add(
        tx.conn,
        tx.runtime.chassis.webhook_deliveries,
        delivery_id=tx.new_id("whd"),
        webhook_id=row.webhook_id,
        kind=kind,
        event_id=event_id,
        fact=fact,
        place=place,
        state=WAITING,
        attempts=0,
        created_at=datetime.now(UTC),
    )
    _wake(tx)
    return _delivery_card(tx.runtime.name, made, row)


def _wake(tx: Tx) -> None:
    """Let the sender look at once, here or in the worker."""
    tx.wakes = True


# --------------------------------------------------------------------------------------------------
# Questions


def listed(tx: Tx, part: WebhooksQuery) -> Page[WebhookCard]:
    """Return a service's webhooks in the caller's area."""
    table = tx.runtime.chassis.webhooks
    asked = sa.select(table).where(store.within(table.c.scope, tx.actor.scope))
    if part.state is not None:
        asked = asked.where(table.c.state == part.state)
    page = records.page(tx.conn, asked, part, [table.c.webhook_id])
    forgotten = history.forgotten(tx.conn, tx.runtime.chassis)
    return page.listed(lambda row: _card(tx, row, forgotten))


def one(tx: Tx, asked: WhichWebhook) -> WebhookCard:
    """Return one webhook."""
    return _card(tx, _known(tx, asked.webhook_id))


def deliveries(tx: Tx, part: DeliveriesQuery) -> Page[DeliveryCard]:
    """Return a webhook's log, newest first."""
    row = _known(tx, part.webhook_id)
    table = tx.runtime.chassis.webhook_deliveries
    asked = sa.select(table).where(table.c.webhook_id == row.webhook_id)
    if part.state is not None:
        asked = asked.where(table.c.state == part.state)
    page = records.page(tx.conn, asked, part, [table.c.delivery_id], newest_first=True)
    return page.listed(lambda found: _delivery_card(tx.runtime.name, found, row))


def _card(tx: Tx, row: store.Row, forgotten: int | None = None) -> WebhookCard:
    return WebhookCard.of(row, **_told(tx, row, forgotten))


def _told(tx: Tx, row: store.Row, forgotten: int | None = None) -> dict[str, object]:
    if forgotten is None:
        forgotten = history.forgotten(tx.conn, tx.runtime.chassis)
    return {
        "id": row.webhook_id,
        "types": [f"{tx.runtime.name}.{fact}" for fact in row.facts],
        "failing_since": _iso(row.failing_since),
        "next_try_at": _iso(row.next_try_at),
        "created_at": row.created_at.isoformat(),
        "lost": row.state != ENDED and row.position < forgotten,
    }


def _with_secret(tx: Tx, row: store.Row) -> WebhookSecret:
    return WebhookSecret.of(
        row,
        **_told(tx, row),
        secret=secrets_of(tx.runtime, row, row.created_at)[0],
        both_sign_until=_iso(row.before_until),
    )


def _delivery_card(service: str, row: store.Row, of: store.Row) -> DeliveryCard:
    tried_again = row.delivery_id == of.delivery_id and row.state == RETRYING
    return DeliveryCard.of(
        row,
        id=row.delivery_id,
        event_id=str(row.event_id),
        type=f"{service}.{row.fact}",
        created_at=row.created_at.isoformat(),
        tried_at=_iso(row.tried_at),
        next_try_at=_iso(of.next_try_at) if tried_again else None,
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


# --------------------------------------------------------------------------------------------------
# What the doors look at


def _known(tx: Tx, webhook_id: str, *, lock: bool = False) -> store.Row:
    row = records.find(tx.conn, tx.runtime.chassis.webhooks, webhook_id, lock=lock)
    if row is None or not tx.actor.covers(row.scope):
        raise NotFound(kind="webhook", id=webhook_id)
    return row


def _held(tx: Tx, webhook_id: str, *states: str) -> store.Row:
    row = _known(tx, webhook_id, lock=True)
    tx.check_version(row.version)
    if row.state not in states:
        raise StateConflict(state=row.state)
    return row


def _require_on(process: ProcessSettings) -> None:
    if not process.webhook_hosts:
        raise WebhooksOff(setting="FIVERED_WEBHOOK_HOSTS")
    _require_key(process)


def _require_key(process: ProcessSettings) -> None:
    if not process.webhook_key:
        raise WebhooksOff(setting=KEY)


def is_on(process: ProcessSettings) -> bool:
    """Tell whether webhooks are sent at all in this installation."""
    return bool(process.webhook_hosts and process.webhook_key)


def _require_url(process: ProcessSettings, url: str) -> None:
    flaw = webhook_wire.flaw_of(url, process.webhook_hosts)
    if flaw is not None:
        raise Invalid(field="url", reason=flaw)


def _require_first(tx: Tx, *, url: object, facts: object, scope: object, but: str = "") -> None:
    """Refuse a second webhook that tells one receiver the same events once more.

    Raises:
        WebhookExists: There is such a one, and it has not ended.
    """
    table = tx.runtime.chassis.webhooks
    alike = sa.select(table).where(
        table.c.url == url, table.c.scope == scope, table.c.state != ENDED,
        table.c.webhook_id != but,
    )  # fmt: skip
    for row in store.rows(tx.conn, alike):
        if row.facts == facts:
            raise WebhookExists(id=row.webhook_id)


def _scope_of(tx: Tx, scope: str | None) -> str:
    if scope is None:
        return tx.actor.scope
    tx.require_scope(scope)
    return scope


def public_facts(runtime: Opened) -> set[str]:
    """Return the facts that a service publishes for everybody, without its name."""
    return {str(said["type"]).partition(".")[2] for said in runtime.public_facts}


def _facts_of(tx: Tx, types: Sequence[str]) -> list[str]:
    public = public_facts(tx.runtime)
    for number, one in enumerate(types):
        service, _, fact = one.partition(".")
        if service != tx.runtime.name or fact not in public:
            raise Invalid(
                field=f"types.{number}",
                reason=said(
                    "{type} 不是本服务的公开事件 / {type} is no public event of this service",
                    type=one,
                ),
            )
    return sorted(one.partition(".")[2] for one in types)


# --------------------------------------------------------------------------------------------------
# Secrets


def vault_of(runtime: Opened) -> Vault:
    """Return what seals the secrets of a service's webhooks."""
    process = runtime.process
    return _vault(runtime.name, Keys(KEY, process.webhook_key, process.webhook_key_before))


@functools.cache
def _vault(service: str, keys: Keys) -> Vault:
    return Vault(service, keys)


def _bound(webhook_id: str) -> str:
    # Both columns alike, so that a secret moves from one into the other as it is.
    return f"{webhook_id}.secret"


def _seal(runtime: Opened, webhook_id: str, secret: str) -> str:
    return base64.b64encode(vault_of(runtime).seal(secret, _bound(webhook_id))).decode()


def secrets_of(runtime: Opened, row: store.Row, at: datetime) -> list[str]:
    """Return the secrets that sign for a webhook at a time, the present one first.

    Raises:
        KeyMissing: The key that sealed one was not given.
    """
    vault, bound = vault_of(runtime), _bound(row.webhook_id)
    found = [vault.open(base64.b64decode(row.secret), bound)]
    if row.secret_before is not None and row.before_until > at:
        found.append(vault.open(base64.b64decode(row.secret_before), bound))
    return found


def _sealed(tx: Tx) -> Iterator[tuple[str, store.Column, str]]:
    """Give out each secret as it is stored, with its webhook and its column."""
    table = tx.runtime.chassis.webhooks
    for row in store.rows(tx.conn, sa.select(table).where(table.c.secret.is_not(None))):
        for column in (table.c.secret, table.c.secret_before):
            if (kept := getattr(row, column.name)) is not None:
                yield row.webhook_id, column, kept


def reseal(tx: Tx) -> int:
    """Seal with the present key what another one has sealed. Returns how many secrets were."""
    process = tx.runtime.process
    if not process.webhook_key_before or not process.webhook_key:
        return 0
    vault, table, done = vault_of(tx.runtime), tx.runtime.chassis.webhooks, 0
    for webhook_id, column, kept in _sealed(tx):
        sealed = base64.b64decode(kept)
        if sealed.startswith(vault.head):
            continue
        try:
            secret = vault.open(sealed, _bound(webhook_id))
        except KeyMissing:
            continue
        anew = _seal(tx.runtime, webhook_id, secret)
        changed = sa.update(table).where(table.c.webhook_id == webhook_id, column == kept)
        done += tx.conn.execute(changed.values({column.name: anew})).rowcount
    return done


def look_again(runtime: Opened) -> None:
    """Seal anew what another process has sealed with a key before meanwhile."""
    if runtime.process.webhook_key_before:
        with runtime.transaction(SYSTEM) as tx:
            reseal(tx)


def sealed_by(tx: Tx) -> Counter[str]:
    """Return how many secrets each key has sealed, by its id; "?" for a key that is not given."""
    counts: Counter[str] = Counter()
    for webhook_id, _column, kept in _sealed(tx):
        try:
            counts[vault_of(tx.runtime).key_of(base64.b64decode(kept), _bound(webhook_id))] += 1
        except KeyMissing:
            counts["?"] += 1
    return counts


# --------------------------------------------------------------------------------------------------
# What is told


def body_of(conn: sa.Connection, runtime: Opened, event_id: str, fact: str) -> bytes | None:
    """Return an event as it was published, or None when it was forgotten."""
    outbox = runtime.chassis.outbox
    asked = sa.select(outbox.c.body).where(
        outbox.c.event_id == str(event_id), outbox.c.fact == fact
    )
    found = conn.execute(asked).scalar()
    return None if found is None else bytes(found)


def test_body(runtime: Opened, row: store.Row, event_id: str) -> bytes:
    """Return the event that means nothing but that the way is open."""
    at = datetime.now(UTC)
    return env.encode(
        env.Envelope(
            id=event_id,
            source=f"/fivered/{runtime.name}",
            type=f"{runtime.name}.{TEST_FACT}",
            subject=row.webhook_id,
            time=at,
            recordedat=at,
            aggregatetype="webhook",
            sequence=f"{row.version:020d}",
            scope=row.scope,
            period=Calendar.period(at),
            correlationid=event_id,
            actorid=SYSTEM.id,
            data=env.raw({"webhook_id": row.webhook_id}),
        )
    )


def sweep(conn: sa.Connection, tables: store.ChassisTables) -> int:
    """Forget old lines of the log, and webhooks that have ended long ago. Returns how many lines
    went."""
    log, hooks, before = tables.webhook_deliveries, tables.webhooks, datetime.now(UTC) - KEEP_LOG
    open_ = sa.select(hooks.c.delivery_id).where(hooks.c.delivery_id.is_not(None))
    old = sa.delete(log).where(log.c.created_at < before, log.c.delivery_id.not_in(open_))
    gone = conn.execute(old).rowcount
    conn.execute(sa.delete(hooks).where(hooks.c.state == ENDED, hooks.c.changed_at < before))
    return gone


def paused(tx: Tx) -> list[store.Row]:
    """Return the webhooks that the sender has paused, for people who look at what is wrong."""
    table = tx.runtime.chassis.webhooks
    asked = sa.select(table).where(table.c.state == PAUSED, table.c.why != BY_HAND)
    return store.rows(tx.conn, asked.order_by(table.c.webhook_id))


def active(tx: Tx) -> bool:
    """Tell whether any webhook is to be told what is published."""
    table = tx.runtime.chassis.webhooks
    asked = sa.select(table.c.webhook_id).where(table.c.state == ACTIVE).limit(1)
    return tx.conn.execute(asked).first() is not None
