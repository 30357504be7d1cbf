"""The end of a wait."""

from __future__ import annotations

import time
from typing import Optional


class Deadline:
    """The end of a wait that consists of several.

    :param seconds: None for no limit
    """

    def __init__(self, seconds: Optional[float]) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> Optional[float]:
        """Seconds, at least 0; None for no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether nothing is left."""
        return self.left == 0.0


def milliseconds_of(seconds: float) -> str:
    """A duration as the wire has it: whole milliseconds."""
    return str(round(seconds * 1_000))
