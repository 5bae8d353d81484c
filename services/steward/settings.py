"""What the steward service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class StewardSettings:
    """Settings of the steward service."""

    pii_key: Secret = setting(  # noqa: RUF009  a dataclass field, as in dataclasses.field
        "FIVERED_STEWARD_PII_KEY",
        help="Key under which names and phones are encrypted and numbers are compared",
        min_bytes=32,
    )
    synthetic: bool = setting(
        "FIVERED_SYNTHETIC",
        help="1 admits synthetic people (phones 128..., identity numbers 370899...)",
        default=False,
    )
