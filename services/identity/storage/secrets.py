"""Secrets: made, hashed, sealed and compared."""

from __future__ import annotations

import functools
import hmac
import secrets
from importlib import resources
from typing import cast

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type, hash_secret_raw
from argon2.profiles import RFC_9106_LOW_MEMORY
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from fivered.chassis.vault import Keys, Vault

# What people copy from paper: without signs that look like others.
GROUP = 4
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@functools.cache
def vault(keys: Keys) -> Vault:
    """Return the vault of this service's keys; it opens nothing that has the key of a person."""
    return Vault("identity", keys)


@functools.cache
def _hasher() -> PasswordHasher:
    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@functools.cache
def _nobody() -> str:
    # An account that is not there takes as long as one that is.
    return _hasher().hash(secrets.token_urlsafe(16))


@functools.cache
def common_passwords() -> frozenset[str]:
    """Return what people choose most, in small letters."""
    file = resources.files("fivered.services.identity").joinpath("data/common-passwords.txt")
    lines = file.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher().hash(password)


def is_password(stored: str | None, given: str) -> bool:
    """Tell whether this is the password; it takes as long where nothing is stored."""
    try:
        _hasher().verify(stored or _nobody(), given)
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


@functools.cache
def _coder() -> PasswordHasher:
    # Codes are drawn, not chosen, and ten are hashed at once: the least that OWASP asks for.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def new_salt() -> str:
    """Return a salt of 128 bits, in hex."""
    return secrets.token_hex(16)


def hashed_code(code: str, salt: str) -> str:
    """Return what is stored of a code that is looked for among several: Argon2id, in hex."""
    by = _coder()
    raw = hash_secret_raw(
        code.encode(), bytes.fromhex(salt), by.time_cost, by.memory_cost, by.parallelism, 32,
        Type.ID,
    )  # fmt: skip
    return raw.hex()


def hashed_whole(code: str) -> str:
    """Return what is stored of a code that is found by a part of it: Argon2id in its text form."""
    return _coder().hash(code)


def is_whole(stored: str, code: str) -> bool:
    """Tell whether this is the code of which `hashed_whole` was stored."""
    try:
        return _coder().verify(stored, code)
    except (Argon2Error, InvalidHashError):
        return False


def found_by(code: str) -> str:
    """Return the part of a code on paper by which it is found: its first group. It is no secret."""
    return code[:GROUP]


def needs_rehash(stored: str) -> bool:
    """Tell whether a password was hashed with weaker parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def written_code(groups: int) -> str:
    """Return a code that is written on paper, such as K7PD-W2QX-9HTM."""
    parts = ("".join(secrets.choice(_SIGNS) for _ in range(GROUP)) for _ in range(groups))
    return "-".join(parts)


def read_code(written: str) -> str:
    """Return a code of paper as it is compared: small or large letters, with or without dashes."""
    return "".join(written.split()).replace("-", "").upper()


def new_token() -> str:
    """Return a token of 256 bits."""
    return secrets.token_urlsafe(32)


def alike(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def new_signing_key() -> tuple[str, str]:
    """Return a new Ed25519 key: what signs (PEM), and what verifies (`x` of its JWK)."""
    key = Ed25519PrivateKey.generate()
    signs = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    told = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return signs, str(told["x"])


def signing_key(pem: str) -> Ed25519PrivateKey:
    """Return a key that signs, as `new_signing_key` has written it."""
    return cast("Ed25519PrivateKey", load_pem_private_key(pem.encode(), None))
