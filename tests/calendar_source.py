"""Compare the shipped working days with a second source: python -m tests.calendar_source.

Needs `pip install chinesecalendar`, which nothing else here does. Prints each day on which the two
differ; the status is 1 when there is one.
"""

from __future__ import annotations

import importlib
import sys
from datetime import date, timedelta

from fivered.chassis.calendar import published


def main() -> int:
    """Compare every day of the shipped years that the other source knows."""
    try:
        other = importlib.import_module("chinese_calendar")
    except ImportError:
        print("pip install chinesecalendar", file=sys.stderr)
        return 2
    ours, differing = published(), 0
    for year in sorted(ours.years):
        day = date(year, 1, 1)
        while day.year == year:
            if other.is_workday(day) != ours.is_working_day(day):
                differing += 1
                print(f"{day}: worked here: {ours.is_working_day(day)}")
            day += timedelta(days=1)
    print(f"{sorted(ours.years)}: {differing} differences")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
