"""How names, numbers and texts of people are stored: sealed, and comparable by digest."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = b"\x01"
_NONCE = 12


class Vault:
    """Seals and opens values, and gives keyed digests; one per key.

    The digest's key and the cipher's key are derived apart, so that neither tells the other.
    """

    __slots__ = ("_cipher", "_digest_key")

    def __init__(self, key: str) -> None:
        def derived(purpose: bytes) -> bytes:
            return hmac.new(key.encode(), b"fivered/steward/" + purpose, hashlib.sha256).digest()

        self._cipher = AESGCM(derived(b"seal"))
        self._digest_key = derived(b"digest")

    def seal(self, value: str, bound_to: str) -> bytes:
        """Encrypt a value; it opens only in the row and column that `bound_to` names."""
        nonce = os.urandom(_NONCE)
        return _FORM + nonce + self._cipher.encrypt(nonce, value.encode(), bound_to.encode())

    def seal_or_none(self, value: str | None, bound_to: str) -> bytes | None:
        """Encrypt a value that may be absent."""
        return None if value is None else self.seal(value, bound_to)

    def open(self, sealed: bytes, bound_to: str) -> str:
        """Decrypt a value that was sealed for the same row and column."""
        sealed = bytes(sealed)
        if sealed[:1] != _FORM:
            raise ValueError("a sealed value has an unknown form")
        plain = self._cipher.decrypt(
            sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], bound_to.encode()
        )
        return plain.decode()

    def open_or_none(self, sealed: bytes | None, bound_to: str) -> str | None:
        """Decrypt a value that may be absent."""
        return None if sealed is None else self.open(sealed, bound_to)

    def digest(self, kind: str, value: str) -> str:
        """Return the keyed digest by which two values are compared without being stored."""
        return hmac.new(self._digest_key, f"{kind}\n{value}".encode(), hashlib.sha256).hexdigest()


@functools.cache
def vault(key: str) -> Vault:
    """Return the vault of a key."""
    return Vault(key)
