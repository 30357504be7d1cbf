"""The end of a wait."""

from __future__ import annotations

import socket
import time
from typing import Optional


class Waker:
    """Ends the waits of another thread, from now on."""

    def __init__(self) -> None:
        self._bell, self._ear = socket.socketpair()

    def fileno(self) -> int:
        """Can be read when the waits are to end."""
        return self._ear.fileno()

    def wake(self) -> None:
        """Ends the waits. Call it once, before ``close``."""
        self._bell.send(b"!")

    def close(self) -> None:
        """Nobody waits any more."""
        self._bell.close()
        self._ear.close()


class Deadline:
    """The end of a wait that consists of several.

    :param seconds: None for no limit
    :param waker: ends the wait earlier
    """

    def __init__(self, seconds: Optional[float], waker: Optional[Waker] = None) -> None:
        self.seconds = seconds
        self.waker = waker
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
