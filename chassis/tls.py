"""TLS to the broker: whom we believe and who we are, and what is wrong in words.

The files are read for each connection. A certificate that was renewed holds from the next one on,
and a process that waits for the broker comes back when a wrong file is mended.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator

CA, CERTIFICATE = "FIVERED_BROKER_CA", "FIVERED_BROKER_CERTIFICATE"
# No name of a variable ends in _KEY but that of a secret: this is the path of a file.
KEY = "FIVERED_BROKER_KEY_PEM"
_DEEPEST = 6


class Unusable(OSError):
    """A file of TLS cannot be used; says which variable names it, and why."""


def context() -> ssl.SSLContext:
    """Return how the next connection to the broker is secured: TLS 1.2 or later, the broker's name
    and certificate are verified, and ours is shown where there is one.

    Raises:
        Unusable: A file is missing, or is not what its variable says.
    """
    ca, certificate, key = _files()
    try:
        made = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise Unusable(f"{CA}, {ca}: {why(error)}") from error
    if certificate:
        try:
            made.load_cert_chain(certificate, key)
        except OSError as error:
            named = f"{CERTIFICATE} {certificate}, {KEY} {key or 'not set'}"
            raise Unusable(f"{named}: {why(error)}") from error
    return made


def options(host: str) -> dict[str, object]:
    """Return the same as py-amqp takes it.

    Raises:
        Unusable: See `context`.
    """
    context()
    ca, certificate, key = _files()
    return {
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": host,
        "ca_certs": ca,
        "certfile": certificate,
        "keyfile": key,
    }


def _files() -> tuple[str | None, str | None, str | None]:
    ca, certificate, key = (os.environ.get(name) or None for name in (CA, CERTIFICATE, KEY))
    return ca, certificate, key


def why(error: OSError) -> str:
    """Return in some words why a file of TLS cannot be used."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return error.strerror or str(error)


def words(error: BaseException) -> str:
    """Return in one sentence what is wrong with TLS to the broker; nothing, where that is not what
    is wrong."""
    for one in _chain(error):
        if isinstance(one, Unusable):
            return str(one)
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"TLS: {_UNTRUSTED.get(one.verify_code, one.verify_message.strip())}"
        if isinstance(one, ssl.SSLEOFError):
            return _CLOSED
        if isinstance(one, ssl.SSLError):
            return f"TLS: {_refused(one.reason or str(one))}"
    # A refusal that comes behind the handshake (TLS 1.3) is a text to pika. Where the broker has
    # closed before we have read it, only that is known.
    if "SSLEOFError" in str(error):
        return _CLOSED
    told = _IN_TEXT.search(str(error))
    return f"TLS: {_refused(told[1])}" if told else ""


_IN_TEXT = re.compile(r"\[SSL: ([A-Z0-9_]+)\]")


_CLOSED = (
    "TLS: the broker closed the connection without a word, as it does with a certificate that it"
    f" refuses: {CERTIFICATE}, or its log"
)
# OpenSSL's codes. A host's name (62) and whatever else there is, it tells well enough itself.
_UNTRUSTED = {
    9: "the broker's certificate is not valid yet",
    10: "the broker's certificate has expired",
    **dict.fromkeys((18, 19, 20, 21), f"the broker's certificate is of nobody whom {CA} names"),
}


def _refused(reason: str) -> str:
    if "WRONG_VERSION" in reason or "RECORD_LAYER" in reason:
        return "the broker does not speak TLS at this port"
    if "ALERT" in reason:
        said = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
        return f"the broker refuses our certificate ({said}): {CERTIFICATE}"
    return reason.replace("_", " ").lower()


def _chain(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """Yield an error and what has led to it; pika keeps that in several places."""
    yield error
    if depth == _DEEPEST:
        return
    inner = [error.__cause__, error.__context__, getattr(error, "exception", None), *error.args]
    inner += getattr(error, "exceptions", [])
    for one in inner:
        if isinstance(one, BaseException):
            yield from _chain(one, depth + 1)
