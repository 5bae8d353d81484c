"""Who acts in a call: the gateway signs it for this call, the service checks it.

The gateway has two private keys, one for people's calls and one for the system's own; services know
the public ones. So a service believes a gateway, and no service can sign for another. An
installation of before 0.3 has one key that everybody shares (`FIVERED_ACTOR_KEY`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fivered.chassis.messages import SYSTEM_ROLE, Actor, Seen
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.settings import ProcessSettings
from fivered.chassis.typed import decoded

LIFE_S = 60
# The gateway's variables, and those of the services that belong to them.
PAIRS = {
    "FIVERED_ACTOR_PRIVATE": "FIVERED_ACTOR_PUBLIC",
    "FIVERED_SYSTEM_PRIVATE": "FIVERED_SYSTEM_PUBLIC",
}
# What a key looks like in an environment file: 32 bytes in base64url.
_KEY_BYTES = 32


class _Claims(msgspec.Struct):
    sub: str
    role: str
    scope: str
    aud: str
    exp: int
    content: str | None = None
    sid: str = ""
    addr: str = ""


def _text64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _bytes64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def key_bytes(text: str) -> bytes:
    """Return a key of an environment file.

    Raises:
        ValueError: It is no 32 bytes in base64url.
    """
    try:
        found = _bytes64(text)
    except (ValueError, TypeError):
        found = b""
    if len(found) != _KEY_BYTES or _text64(found) != text.rstrip("="):
        raise ValueError("is no 32 bytes in base64url")
    return found


def new_pair() -> tuple[str, str]:
    """Return a new private key, and the public one that belongs to it."""
    key = Ed25519PrivateKey.generate()
    return _text64(key.private_bytes_raw()), _text64(key.public_key().public_bytes_raw())


def public_of(private: str) -> str:
    """Return the public key that belongs to a private one."""
    key = Ed25519PrivateKey.from_private_bytes(key_bytes(private))
    return _text64(key.public_key().public_bytes_raw())


# --------------------------------------------------------------------------------------------------
# JSON Web Tokens (RFC 7515) of two kinds. Both sides of every call make one, so they are made by
# hand: a general reader asks first which of its many kinds it is, and here the head decides.


_SHARED_HEAD = _text64(b'{"alg":"HS256","typ":"JWT"}')


def _head_of(public: Ed25519PublicKey) -> str:
    kid = hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]
    return _text64(msgspec.json.encode({"alg": "EdDSA", "kid": kid, "typ": "JWT"}))


def _hmac(said: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), said.encode(), "sha256")


class _Pair:
    __slots__ = ("_head", "_key")

    def __init__(self, private: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key_bytes(private))
        self._head = _head_of(self._key.public_key())

    def signed(self, claims: str) -> str:
        said = f"{self._head}.{claims}"
        return f"{said}.{_text64(self._key.sign(said.encode()))}"


@dataclass(frozen=True, slots=True)
class _Shared:
    secret: str

    def signed(self, claims: str) -> str:
        said = f"{_SHARED_HEAD}.{claims}"
        return f"{said}.{_text64(_hmac(said, self.secret))}"


class Signer:
    """Signs who acts, for the gateway."""

    __slots__ = ("_people", "_system")

    def __init__(self, *, people: str = "", system: str = "", shared: str = "") -> None:
        """Take the private keys.

        Args:
            people: For people's calls.
            system: For the system's own calls.
            shared: Without these two: the key that the services have as well.
        """
        self._people = _Pair(people) if people else _Shared(shared)
        self._system = _Pair(system) if people else _Shared(shared)

    def sign(self, actor: Actor, service: str, method: str, content: str | None = None) -> str:
        """Return the signed actor of one call, good for a minute, this method and this content."""
        claims = {
            "sub": actor.id,
            "role": actor.role,
            "scope": actor.scope,
            "aud": f"{service}.{method}",
            "exp": int(time.time()) + LIFE_S,
        }
        if content is not None:
            claims["content"] = content
        # Left out where they say nothing: services of the release before do not know them.
        if actor.session:
            claims["sid"] = actor.session
        if actor.address:
            claims["addr"] = actor.address
        key = self._system if actor.role == SYSTEM_ROLE else self._people
        return key.signed(_text64(msgspec.json.encode(claims)))


class Believed:
    """Whose signatures a service believes."""

    __slots__ = ("_public", "_shared")

    def __init__(
        self,
        *,
        people: Iterable[str] = (),
        system: Iterable[str] = (),
        shared: Iterable[str] = (),
    ) -> None:
        """Take the keys.

        Args:
            people: Public keys of who signs people's calls; several while one is replaced.
            system: Public keys of who signs the system's calls.
            shared: Keys that sign either, as before 0.3; the present one first.
        """
        self._shared = tuple(shared)
        self._public: dict[str, list[tuple[Ed25519PublicKey, bool]]] = {}
        for texts, of_system in ((people, False), (system, True)):
            for text in texts:
                key = Ed25519PublicKey.from_public_bytes(key_bytes(text))
                self._public.setdefault(_head_of(key), []).append((key, of_system))

    def read(self, token: str, service: str, method: str, content: str | None = None) -> Actor:
        """Check and read a signed actor; one of the keys has signed it.

        A gateway of an earlier release signs no content; what is signed must be right.

        Raises:
            RoleDenied: The signature is not believed, it is too old, made for another method or
                content, or by a key that signs for others than this actor.
        """
        said, _, signature = token.rpartition(".")
        head, _, body = said.partition(".")
        signs_for = self._signs_for(head, said, signature)
        if not signs_for:
            raise RoleDenied(role="?")
        try:
            claims = decoded(_bytes64(body), _Claims)
        except (ValueError, msgspec.MsgspecError) as error:
            raise RoleDenied(role="?") from error
        meant = claims.aud == f"{service}.{method}" and claims.content in {None, content}
        if not meant or claims.exp <= time.time():
            raise RoleDenied(role="?")
        if (claims.role == SYSTEM_ROLE) not in signs_for:
            raise RoleDenied(role=claims.role)
        return Actor(claims.sub, claims.role, claims.scope, claims.sid, claims.addr)

    def _signs_for(self, head: str, said: str, signature: str) -> set[bool]:
        """Return for whom what was said is signed: people (False), the system (True)."""
        try:
            given = _bytes64(signature)
        except ValueError:
            return set()
        if head == _SHARED_HEAD:
            right = any(hmac.compare_digest(_hmac(said, one), given) for one in self._shared)
            return {False, True} if right else set()
        found = set()
        for key, of_system in self._public.get(head, ()):
            try:
                key.verify(given, said.encode())
            except InvalidSignature:
                continue
            found.add(of_system)
        return found


def believed_by(process: ProcessSettings) -> Believed:
    """Return whose signatures a service with these settings believes."""
    return Believed(
        people=process.actor_public, system=process.system_public, shared=process.actor_keys
    )


def content_of(body: bytes, key: str | None, version: Seen | None) -> str:
    """Return the digest of what one call asks for; it is signed with the actor."""
    parts = (body, (key or "").encode(), str("" if version is None else version).encode())
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()
