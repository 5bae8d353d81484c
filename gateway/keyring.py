"""Access tokens of people who have signed in: whose they are, and whether they count still.

The identity service signs them; the gateway asks it every few seconds for the keys that verify them
and for what has ended since: sessions, and rights of persons. A right that ends is in no token that
counts after that, and nothing has to be asked while a request waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import jwt
from msgspec import Struct

from fivered.chassis.messages import SYSTEM
from fivered.chassis.rpc import Caller, CallFailed, ServiceUnavailable
from fivered.chassis.typed import converted
from fivered.gateway.errors import SessionEnded, TokenExpired, TokenInvalid, TokenOutdated
from fivered.gateway.identity import (
    AUDIENCE,
    ISSUER,
    LEEWAY_S,
    Grant,
    Identity,
    Pass,
    Tokens,
    is_person,
    is_system,
    read_grant,
    read_pass,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

log = logging.getLogger("fivered.gateway")

SERVICE = "identity"
EVERY_S = 5.0
_ALGORITHM = "EdDSA"
_REMEMBERED = 10_000
# Endings are told for as long as a token of before may count; they are kept a little longer.
_KEPT_S = 2 * 3600.0


class _Key(Struct):
    kid: str
    kty: str
    crv: str
    x: str


class _Ended(Struct):
    kind: str
    ref: str
    generation: int


class _Standing(Struct):
    keys: list[_Key]
    endings: list[_Ended]


class _Read(Struct, frozen=True):
    identity: Identity
    ends: float
    generation: int


class Keyring:
    """Believes tokens of sessions, and those that an operator has made (`identity.Tokens`).

    Args:
        tokens: Reads the latter.
        signed_in: Whether this installation has sessions at all.
    """

    def __init__(self, tokens: Tokens, *, signed_in: bool) -> None:
        self._tokens = tokens
        self._signed_in = signed_in
        self._keys: dict[str, Ed25519PublicKey] = {}
        # When it was heard that a session has ended; below which number a person's tokens are of
        # before, and when that was heard.
        self._sessions: dict[str, float] = {}
        self._persons: dict[str, tuple[int, float]] = {}
        self._read: dict[str, _Read] = {}
        self._missed = asyncio.Event()

    def identify(self, credential: str) -> Identity:
        """See `IdentitySource.identify`.

        Raises:
            TokenInvalid: It is none of ours.
            TokenExpired: It has ended.
            SessionEnded: Its session was ended before.
            TokenOutdated: A right of the person has ended since it was made.
            ServiceUnavailable: The key is not known yet; it is being asked for.
        """
        if (operators := self._tokens.remembered(credential)) is not None:
            return operators
        known = self._read.get(credential)
        if known is None:
            try:
                head = jwt.get_unverified_header(credential)
            except jwt.PyJWTError:
                raise TokenInvalid from None
            if head.get("alg") != _ALGORITHM:
                return self._tokens.identify(credential)
            known = self._check(credential, str(head.get("kid", "")))
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[credential] = known
        if known.identity.session in self._sessions:
            raise SessionEnded
        if known.ends + LEEWAY_S < time.time():
            raise TokenExpired
        if known.generation < self._persons.get(known.identity.person_id, (0, 0.0))[0]:
            raise TokenOutdated
        return known.identity

    def _check(self, credential: str, kid: str) -> _Read:
        key = self._keys.get(kid)
        if key is None:
            # A key that was made just now is asked for; a forged one costs one question.
            self._missed.set()
            if self._signed_in and not self._keys:
                raise ServiceUnavailable(SERVICE, 1)
            raise TokenInvalid
        try:
            claims = jwt.decode(
                credential,
                key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": ["exp", "aud", "iss", "sub", "sid", "gen", "grants"]},
            )
            person, session, ends = claims["sub"], claims["sid"], float(claims["exp"])
            generation = int(claims["gen"])
            passes: tuple[Pass, ...] | None = None
            if "scopes" in claims:
                passes = tuple(map(read_pass, claims["scopes"]))
            known = is_person(person) if passes is None else is_system(person)
            if not known or not isinstance(session, str):
                raise TokenInvalid
            grants: tuple[Grant, ...] = tuple(map(read_grant, claims["grants"]))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise TokenInvalid from None
        return _Read(Identity(person, grants, session, passes), ends, generation)

    def take(self, told: object) -> None:
        """Take what the identity service says of keys and endings.

        Raises:
            msgspec.ValidationError: It says something else.
        """
        said, now = converted(told, _Standing), time.monotonic()
        self._keys = {one.kid: _key_of(one) for one in said.keys}
        for one in said.endings:
            if one.kind == "SESSION":
                self._sessions.setdefault(one.ref, now)
            elif one.kind == "PERSON":
                number = max(one.generation, self._persons.get(one.ref, (0, now))[0])
                self._persons[one.ref] = (number, now)
        self._tokens.ended = frozenset(one.ref for one in said.endings if one.kind == "TOKEN")
        self._sessions = {ref: at for ref, at in self._sessions.items() if at > now - _KEPT_S}
        self._persons = {
            ref: kept for ref, kept in self._persons.items() if kept[1] > now - _KEPT_S
        }

    async def follow(self, caller: Caller) -> None:
        """Ask every few seconds, and at once where a key is not known; what was heard last counts
        while the service is away."""
        while True:
            try:
                with suppress(CallFailed):
                    self.take(await caller.call(SERVICE, "_standing", {}, actor=SYSTEM))
            except Exception:
                log.exception("standing_unreadable")
            self._missed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._missed.wait()
                # Whoever sends forged keys makes nobody ask more than once a second.
                await asyncio.sleep(1.0)


def _key_of(one: _Key) -> Ed25519PublicKey:
    said = {"kty": one.kty, "crv": one.crv, "x": one.x}
    found: Ed25519PublicKey = jwt.PyJWK(said, algorithm=_ALGORITHM).key
    return found
