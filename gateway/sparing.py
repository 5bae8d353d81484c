"""What spares bytes of an answer: a tag by which the caller's copy is known, and compression."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

# Below it the head of the answer is longer than what would be spared.
_LEAST = 1024
_LEVEL = 4
_NEVER = re.compile(r"q\s*=\s*0(\.0*)?$")


# What `digest_of` returns.
_DIGITS = 16
DIGEST = f"[0-9a-f]{{{_DIGITS}}}"
# How the tag of an answer in gzip ends: it has other bytes than the plain one (RFC 9110, 8.8.3.3).
PACKED = "-gzip"


def digest_of(content: bytes) -> str:
    """Return a short name of a content."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def has(request: Request, tag: str) -> bool:
    """Tell whether If-None-Match names a tag, or any; compared weakly (RFC 9110, 13.1.2)."""
    named = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    return "*" in named or tag.removeprefix("W/") in {one.removeprefix("W/") for one in named}


def packed_tag(tag: str) -> str:
    """Return the tag of the same content in gzip; a weak one serves both."""
    return tag if tag.startswith("W/") else f'{tag[:-1]}{PACKED}"'


def takes_gzip(request: Request) -> bool:
    """Tell whether the caller reads gzip (RFC 9110, 12.5.3)."""
    said: dict[str, bool] = {}
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = one.partition(";")
        said[coding.strip()] = not _NEVER.match(weight.strip())
    return said.get("gzip", said.get("*", False))


def spared(
    request: Request,
    content: bytes,
    headers: Mapping[str, str],
    media_type: str,
    *,
    status: int = 200,
    packed: bytes | None = None,
) -> Response:
    """Return an answer: none where the caller has it, compressed where that is worth it.

    Args:
        request: What came.
        content: The answer.
        headers: Its headers; `ETag` among them where it can be known again, as it is of the plain
            content.
        media_type: What it is.
        status: HTTP status.
        packed: The content in gzip, where it is kept so.
    """
    said = dict(headers)
    packs = False
    if len(content) >= _LEAST:
        said["Vary"] = ", ".join(filter(None, (said.get("Vary"), "Accept-Encoding")))
        packs = takes_gzip(request)
        if packs and "ETag" in said:
            said["ETag"] = packed_tag(said["ETag"])
    if request.method in {"GET", "HEAD"} and "ETag" in said and has(request, said["ETag"]):
        return Response(None, 304, said)
    if packs:
        said["Content-Encoding"] = "gzip"
        content = packed or gzip.compress(content, _LEVEL, mtime=0)
    return Response(content, status, said, media_type)
