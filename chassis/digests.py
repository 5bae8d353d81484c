"""Digests of requests, by which a repeated key is compared and an audit row names its request.

They are keyed with a key that stands in no database: an unkeyed digest of a body in which one
phone number or one ballot is unknown is undone by trying them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from fivered.chassis.append_only import KEYED
from fivered.chassis.json_values import JsonObject
from fivered.chassis.settings import ProcessSettings
from fivered.chassis.storage import ChassisTables, Column

log = logging.getLogger("fivered.digests")

# Which form a stored digest has; what releases up to 0.1 stored is plain hexadecimal.
_FORM = KEYED
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of a request.

    Attributes:
        keyed: What is stored.
        plain: What an older release stored of the same request; compared only.
        before: What was stored with a key before; compared only.
    """

    keyed: str
    plain: str
    before: tuple[str, ...] = ()

    def names(self, stored: str) -> bool:
        """Tell whether a stored digest is of this request."""
        return stored in {self.keyed, self.plain, *self.before}


class Digests:
    """Makes the digests of one service."""

    __slots__ = ("_keys", "service")

    def __init__(self, process: ProcessSettings, service: str) -> None:
        self.service = service
        name = f"fivered/digest/{service}".encode()
        self._keys = [
            hmac.new(secret.encode(), name, hashlib.sha256).digest()
            for secret in process.digest_keys
        ]

    def of(self, method: str, body: JsonObject) -> Digest:
        """Return the digest of a request."""
        plain = hashlib.sha256(
            method.encode() + b"\n" + msgspec.json.encode(body, order="sorted")
        ).hexdigest()
        now, *before = (_keyed(key, plain) for key in self._keys)
        return Digest(now, plain, tuple(before))

    def keyed(self, plain: str) -> str:
        """Return the stored form of a plain digest."""
        return _keyed(self._keys[0], plain)


def of_code(token: str, code: str) -> str:
    """Return by what a service knows a code that another one has made: who does not have the token
    that went to its asker cannot try all codes."""
    return hmac.new(token.encode(), code.encode(), hashlib.sha256).hexdigest()


def _keyed(key: bytes, plain: str) -> str:
    made = hmac.new(key, plain.encode(), hashlib.sha256).digest()
    return _FORM + base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def rekey(
    engine: sa.Engine,
    tables: ChassisTables,
    digests: Digests,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Key the digests that an older release left unkeyed; a start does it once, in small steps.

    Repeated keys go on being answered while it runs, and an older release that still serves finds
    a mismatch at worst. Returns how many were keyed.
    """
    done = 0
    for table, key in (
        (tables.idempotency, (tables.idempotency.c.actor, tables.idempotency.c.key)),
        (tables.audit, (tables.audit.c.id,)),
    ):
        done += _rekey_table(engine, digests, table, key, stopped)
    if done:
        log.info("digests_keyed", extra={"service": digests.service, "rows": done})
    return done


def _rekey_table(
    engine: sa.Engine,
    digests: Digests,
    table: sa.Table,
    key: Sequence[Column],
    stopped: Callable[[], bool],
) -> int:
    done = 0
    after: tuple[object, ...] | None = None
    change = (
        sa.update(table)
        .where(*(column == sa.bindparam(f"b_{column.name}") for column in key))
        .values(digest=sa.bindparam("b_digest"))
    )
    while not stopped():
        asked = sa.select(*key, table.c.digest).order_by(*key).limit(_BATCH)
        asked = asked.where(table.c.digest.not_like(_FORM + "%"))
        if after is not None:
            asked = asked.where(sa.tuple_(*key) > after)
        with engine.connect() as conn:
            rows = conn.execute(asked).all()
        if not rows:
            break
        after = tuple(rows[-1][:-1])
        with engine.begin() as conn:
            conn.execute(
                change,
                [
                    {f"b_{column.name}": value for column, value in zip(key, row, strict=False)}
                    | {"b_digest": digests.keyed(row.digest)}
                    for row in rows
                ],
            )
        done += len(rows)
    return done
