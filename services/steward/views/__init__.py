"""Questions answered; reads only."""

from fivered.services.steward.views import calendar, cases, ground, people, posts, records

__all__ = ["calendar", "cases", "ground", "people", "posts", "records"]
