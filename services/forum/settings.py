"""What the forum reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from fivered.chassis.settings import setting


@dataclass(frozen=True, slots=True)
class ForumSettings:
    """Numbers that a district may set; the procedure itself is not a setting."""

    resident_seats: int = setting(
        "FIVERED_FORUM_RESIDENT_SEATS",
        help="Resident representatives of a session when the caller names no number",
        default=9,
    )
    task_days: int = setting(
        "FIVERED_FORUM_TASK_DAYS",
        help="Default and longest time for a task that follows from a resolution, in days",
        default=60,
    )
