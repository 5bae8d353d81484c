"""Cursors: where a list goes on, as a text that travels.

A cursor holds plain values, and a digest of them and of the list and filters for which it was made,
so that neither a cursor of another list nor a damaged one is followed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from fivered.chassis.json_values import Json
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.typed import decoded

PlaceT = TypeVar("PlaceT")


def _sum(of: bytes, plain: Sequence[object]) -> str:
    return hashlib.blake2b(of + msgspec.json.encode(plain), digest_size=9).hexdigest()


def written(of: bytes, plain: Sequence[object]) -> str:
    """Return the cursor of plain values in a list.

    Args:
        of: The list and its filters.
        plain: What JSON can say.
    """
    text = msgspec.json.encode([_sum(of, plain), *plain])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read(of: bytes, cursor: str, placed: Callable[[list[Json]], PlaceT]) -> PlaceT:
    """Return what a cursor says.

    Args:
        of: The list and its filters.
        cursor: See `written`.
        placed: Makes a place of the plain values, and raises a ValueError where they make none.

    Raises:
        Invalid: The cursor is damaged, or was made for another list or other filters.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        told, *plain = decoded(text, list)
        if told != _sum(of, plain):
            raise ValueError("made for another list")  # noqa: TRY301  one refusal for all
        return placed(plain)
    except (ValueError, TypeError, RecursionError, binascii.Error, msgspec.MsgspecError) as error:
        raise Invalid(
            field="cursor",
            reason=said(
                "游标已损坏,或属于别的列表或筛选条件"
                " / the cursor is damaged, or it belongs to another list or to other filters"
            ),
        ) from error


__all__ = ["read", "written"]
