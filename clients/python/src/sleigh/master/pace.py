"""How many elements of a batch are sent in a second."""

from __future__ import annotations

import time

# Seconds that a pace may make up for when it was late, because timers are not exact.
_MADE_UP_SECONDS = 0.05


class Pace:
    """Lets a limited number of elements pass in a second, at equal distances."""

    def __init__(self, per_second: float) -> None:
        self._distance = 1 / per_second
        self._next = time.monotonic()

    def wait(self) -> float:
        """Seconds until the next element may pass; 0 for now."""
        now = time.monotonic()
        due = max(self._next, now - _MADE_UP_SECONDS)
        self._next = due + self._distance
        return max(0.0, due - now)
