"""A process that ends with another one, whatever ends that (on Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Looked up here: between a fork and the program that follows nothing is loaded any more.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def tie_to(parent: int, ending: int = signal.SIGTERM) -> bool:
    """Let the kernel signal this process when its parent has ended.

    Args:
        parent: The process that is taken for the parent.
        ending: The signal.

    Returns:
        Whether it is the parent still; otherwise it ended before the kernel was told.
    """
    if _PRCTL is None:
        return True
    _PRCTL(_PR_SET_PDEATHSIG, ending)
    return os.getppid() == parent
