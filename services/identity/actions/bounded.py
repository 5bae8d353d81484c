"""HTTP that ends in time, however slowly a server answers; loaded where a provider is asked."""

from __future__ import annotations

import time
from typing import Any

from requests import PreparedRequest, ReadTimeout, Response
from requests.adapters import HTTPAdapter

_PART = 16 * 1024
_LEAST_S = 0.01


class Bounded(HTTPAdapter):  # type: ignore[misc]  # requests has no types
    """All that is asked through one adapter takes so long and so much together.

    Args:
        most_s: From now on, with all connections and answers.
        most_bytes: Of one answer.
    """

    def __init__(self, *, most_s: float, most_bytes: int) -> None:
        self._ends = time.monotonic() + most_s
        self._most = most_bytes
        super().__init__()

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        """Send a request and read its answer whole.

        Raises:
            ReadTimeout: The time is over, or the answer does not end.
        """
        left = self._left()
        answer = super().send(request, **options | {"stream": True, "timeout": (left, left)})
        read = bytearray()
        for part in answer.iter_content(_PART):
            read += part
            if len(read) > self._most:
                answer.close()
                raise ReadTimeout("the answer is too long")
            self._left()
        # What `stream` leaves open is read now.
        answer._content = bytes(read)  # noqa: SLF001  it has no other way
        return answer

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left < _LEAST_S:
            raise ReadTimeout("it takes too long")
        return left
