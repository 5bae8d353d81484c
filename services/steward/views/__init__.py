"""Questions answered; reads only."""

from services.steward.views import cases, ground, people, posts, records

__all__ = ["cases", "ground", "people", "posts", "records"]
