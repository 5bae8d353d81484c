"""JSON as it is read and written, where no type of ours describes it."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "JsonObject | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, Json]"
