"""Why somebody is visited. No health, income or belief is kept of anybody, so none is a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

Care = Literal["ELDERLY", "NEWCOMER", "FAMILY", "ARRANGED"]
# Who was born so many years ago is visited as an elderly person.
ELDERLY_YEARS = 70
# Somebody is new for so long.
NEW = timedelta(days=90)
# A plan is made at most so many months ahead.
AHEAD = 12
