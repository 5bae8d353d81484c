"""How many timers fire in one transaction, so that nobody waits long behind them."""

from __future__ import annotations

# Most timers of one transaction, and how much work one may be: a command that comes meanwhile waits
# for it. It is the thread's own time: on a busy machine small sets would only be more work.
SET = 200
LONGEST_S = 0.06


class Pace:
    """How many timers a set may have here, so that nobody waits long behind one.

    A set costs something however small it is, so it grows while it is quick and shrinks when it was
    slow; what one timer costs in a small set says nothing of a large one.
    """

    def __init__(self) -> None:
        self.size = 8

    def took(self, count: int, seconds: float) -> None:
        """Learn from a set."""
        if seconds > LONGEST_S:
            self.size = max(1, count // 2)
        elif seconds < LONGEST_S * 0.7 and count >= self.size:
            self.size = min(SET, self.size * 2)
