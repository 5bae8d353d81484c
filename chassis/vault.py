"""How values that nobody may read in a database are stored: sealed, and comparable by digest.

A sealed value names the key that opens it, so a key may be replaced while values of the key before
are still there. What is about one person is sealed with a key of that person (`person_keys`), and
with that key it ends. Digests are made with a key of their own, which stays: of what is only known
by its digest no other digest can be made.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import sqlalchemy as sa

from fivered.chassis.refusal import Refusal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# Form 1 says nothing of its key; form 2 is followed by the key's id, form 3 by that of a person's.
_UNNAMED, _NAMED, OF_PERSON = b"\x01", b"\x02", b"\x03"
_ID = 4
HANDLE = 16
_NONCE = 12
# A match key that was derived already, so that the key of which it comes can be thrown away.
_DERIVED = "derived:"


class KeyMissing(Refusal):
    """A value was sealed with a key that this process was not given."""

    status = 503
    text = (
        "有资料以另一把密钥加密,本进程未配置该密钥(编号 {key}),请联系系统管理员"
        " / Data are encrypted with another key, which this process was not given (id {key}): "
        "tell the operator of the system"
    )


class Sealed(sa.LargeBinary):
    """The column of a sealed value. All such columns are sealed anew when the key is replaced.

    Attributes:
        bound: To what its values are bound: the text that `Vault.seal` was given, with the names
            of the row's columns in braces.
        parts: What the lines of its text are called, where these are parts of one thing.
    """

    cache_ok = True

    def __init__(self, bound: str, parts: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.bound = bound
        self.parts = parts

    def bound_to(self, row: Mapping[str, object]) -> str:
        """Return to what the value of a row is bound."""
        return self.bound.format_map(row)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one service.

    Attributes:
        setting: The variable of the present key; the others are called after it.
        present: Seals.
        before: Open only what was sealed before.
        match: Makes the digests; empty: derived of the present key.
        match_setting: The variable of the match key.
    """

    setting: str
    present: str
    before: tuple[str, ...] = ()
    match: str = ""
    match_setting: str = ""


class People(Protocol):
    """The keys of persons, as far as a transaction knows them."""

    def seals(self, person_id: str) -> tuple[bytes, AESGCM] | None:
        """Return the id of a person's key and its cipher; None where the service's key seals."""

    def opens(self, handle: bytes) -> AESGCM | None:
        """Return the cipher of a person's key; None where it was destroyed.

        Raises:
            KeyMissing: There is no such key here.
        """


class Vault:
    """Seals and opens values, and gives keyed digests.

    The digests' key and the ciphers' keys are derived apart, so that neither tells the other.

    Attributes:
        id: Of the present key, in hexadecimal.
        ids: Of all keys, the present one first.
        match_id: Of the key of the digests.
        people: The keys of persons, inside a transaction.
    """

    __slots__ = ("_cipher", "_ciphers", "_digest_key", "_head", "id", "ids", "match_id", "people")

    def __init__(self, service: str, keys: Keys) -> None:
        # Importing it takes a while, and most services seal nothing.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  installed where a service seals

        self._ciphers = {
            _id_of(service, key): AESGCM(_derived(service, key, b"seal"))
            for key in (keys.present, *keys.before)
        }
        present = _id_of(service, keys.present)
        self._cipher = self._ciphers[present]
        self.id, self.ids = present.hex(), [key.hex() for key in self._ciphers]
        self._digest_key = _match_key(service, keys.match or keys.present)
        self.match_id = match_id(service, keys.match or keys.present)
        # Until a key is replaced for the first time, the release before can read what is written.
        first = not keys.before and self.match_id == match_id(service, keys.present)
        self._head = _UNNAMED if first else _NAMED + present
        self.people: People | None = None

    def within(self, people: People) -> Self:
        """Return this vault with the keys of persons that a transaction knows."""
        found = copy.copy(self)
        found.people = people
        return found

    @property
    def head(self) -> bytes:
        """How values begin that are sealed now."""
        return self._head

    def seal(self, value: str, bound_to: str, of: str | None = None) -> bytes:
        """Encrypt a value; it opens only in the row and column that `bound_to` names.

        Args:
            value: The value.
            bound_to: The row and the column.
            of: The person whom it is about: that person's key seals it.
        """
        head, cipher = self._head, self._cipher
        if of is not None and self.people is not None and (own := self.people.seals(of)):
            head, cipher = OF_PERSON + own[0], own[1]
        nonce = os.urandom(_NONCE)
        return head + nonce + cipher.encrypt(nonce, value.encode(), bound_to.encode())

    def seal_or_none(self, value: str | None, bound_to: str, of: str | None = None) -> bytes | None:
        """Encrypt a value that may be absent."""
        return None if value is None else self.seal(value, bound_to, of)

    def open(self, sealed: bytes, bound_to: str) -> str:
        """Decrypt a value that was sealed for the same row and column; empty, where the key of its
        person was destroyed.

        Raises:
            KeyMissing: It was sealed with none of our keys.
        """
        return self.open_or_none(sealed, bound_to) or ""

    def open_or_none(self, sealed: bytes | None, bound_to: str) -> str | None:
        """Decrypt a value that may be absent, as one is whose person's key was destroyed."""
        return None if sealed is None else self._opened(bytes(sealed), bound_to)[0]

    def key_of(self, sealed: bytes, bound_to: str) -> str:
        """Return the id of the key with which a value was sealed.

        Raises:
            KeyMissing: It was sealed with none of our keys.
        """
        return self._opened(bytes(sealed), bound_to)[1]

    def _opened(self, sealed: bytes, bound_to: str) -> tuple[str | None, str]:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  see above

        if sealed[:1] == OF_PERSON:
            handle = sealed[1 : 1 + HANDLE]
            if self.people is None:
                raise KeyMissing(key=handle.hex())
            cipher = self.people.opens(handle)
            rest = sealed[1 + HANDLE :]
            told = _decrypt(cipher, rest, bound_to) if cipher is not None else None
            return told, handle.hex()
        if sealed[:1] == _NAMED:
            name = sealed[1 : 1 + _ID]
            if name not in self._ciphers:
                raise KeyMissing(key=name.hex())
            return _decrypt(self._ciphers[name], sealed[1 + _ID :], bound_to), name.hex()
        if sealed[:1] != _UNNAMED:
            raise ValueError("a sealed value has an unknown form")
        for name, cipher in self._ciphers.items():
            try:
                return _decrypt(cipher, sealed[1:], bound_to), name.hex()
            except InvalidTag:
                continue
        raise KeyMissing(key="?")

    def digest(self, kind: str, value: str) -> str:
        """Return the keyed digest by which two values are compared without being stored."""
        return hmac.digest(self._digest_key, f"{kind}\n{value}".encode(), "sha256").hex()


def named(head: bytes) -> str | None:
    """Return the key's id in the beginning of a sealed value; None where it holds none."""
    return bytes(head[1 : 1 + _ID]).hex() if bytes(head[:1]) == _NAMED else None


HEAD = 1 + _ID


def match_id(service: str, key: str) -> str:
    """Return the id of the key of digests that a match key, or a first key, stands for."""
    return hmac.new(_match_key(service, key), b"id", hashlib.sha256).digest()[:_ID].hex()


def key_id(service: str, key: str) -> str:
    """Return the id of a key that seals."""
    return _id_of(service, key).hex()


def match_key_of(service: str, key: str) -> str:
    """Return the match key under which digests stay that were made of a first key.

    It does not tell that key.
    """
    return _DERIVED + _match_key(service, key).hex()


def _match_key(service: str, key: str) -> bytes:
    if key.startswith(_DERIVED):
        return bytes.fromhex(key.removeprefix(_DERIVED))
    return _derived(service, key, b"digest")


def _derived(service: str, key: str, purpose: bytes) -> bytes:
    name = f"fivered/{service}/".encode() + purpose
    return hmac.new(key.encode(), name, hashlib.sha256).digest()


def _id_of(service: str, key: str) -> bytes:
    return _derived(service, key, b"id")[:_ID]


def _decrypt(cipher: AESGCM, rest: bytes, bound_to: str) -> str:
    return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], bound_to.encode()).decode()
