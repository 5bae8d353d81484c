"""One function per command, timer or heard event: one transaction each."""

from services.steward.actions import cases, clocks, ground, heard, months, people, posts, records

__all__ = ["cases", "clocks", "ground", "heard", "months", "people", "posts", "records"]
