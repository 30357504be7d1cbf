"""Values that are taken for a time (V13)."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from typing import Any, Callable, Optional

from .connection import Connection, Found
from .deadline import milliseconds_of
from .errors import ConnectionLostError, LeaseEndedError, NwsError
from .names import Key

# The longest lease in seconds (V13).
LONGEST_LEASE = 604_800.0
# Seconds between two looks at the connection of a lease.
_LOOK_SECONDS = 0.5


class Lease:
    """A value that this program has taken for a time. Threads may share it.

    It returns to its variable, where it was, by ``back``, when the time has elapsed, and when this program
    disconnects. ``done`` removes it. At the end of a ``with`` block a lease that has not ended is given back.

    >>> with shop.take("orders", lease=30) as order:
    ...     deliver(order.value)
    ...     order.done()
    """

    def __init__(self, found: Found, connection: Connection, lent: ExitStack, seconds: float) -> None:
        self.found = found
        """The value with its metadata, descriptor and number."""
        self.lost = threading.Event()
        """Set when the value has returned against the will of this program: the time has elapsed, or the connection is
        lost. A function that works with the value is to end then."""
        self._connection = connection
        # Gives the connection back, which is reserved while the lease lasts.
        self._lent = lent
        self._seconds = seconds
        self._number = found.metadata.get(Key.LEASE, "")
        # Held for the requests of this lease, so that a look at its connection meets no reply.
        self._requesting = threading.Lock()
        # Guards the end, which comes once, and the time of the end.
        self._state = threading.Lock()
        self._over = threading.Event()
        self._why: Exception = LeaseEndedError("the lease has ended already, by `done` or `back`")
        self._end = time.monotonic() + seconds
        threading.Thread(target=self._watch, name="sleigh lease", daemon=True).start()

    @property
    def value(self) -> Any:
        """The value."""
        return self.found.value

    def done(self) -> None:
        """Removes the value, for good (V13.1).

        :raises LeaseEndedError: if the lease has ended here
        :raises NwsError: if it has ended on the server
        :raises ConnectionLostError: if there is no connection
        """
        self._finish("done")

    def back(self) -> None:
        """Gives the value back (V13.2). Raises as ``done``."""
        self._finish("back")

    def extend(self, seconds: Optional[float] = None) -> None:
        """Begins the time of the lease again (V13.3). Raises as ``done``.

        :param seconds: the new time, from 0.001 to 604,800; by default that of ``take``
        """
        seconds = self._seconds if seconds is None else check_lease(seconds)
        with self._requesting:
            # The server counts from when it receives the request, so this side never counts longer.
            with self._state:
                self._check_held()
                self._end = time.monotonic() + seconds
            try:
                self._connection.request("extend lease", self._number, milliseconds_of(seconds))
            except NwsError as error:
                # It has ended on the server, for example because the variable was deleted.
                self._lose(lambda: True, error)
                raise

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        # If the value has returned already, that is as well.
        with suppress(LeaseEndedError, NwsError, ConnectionLostError):
            self.back()

    def _finish(self, how: str) -> None:
        with self._requesting:
            with self._state:
                self._check_held()
                self._over.set()
            try:
                self._connection.request("end lease", self._number, how)
            finally:
                self._lent.close()

    def _check_held(self) -> None:
        if self._over.is_set():
            raise self._why

    def _watch(self) -> None:
        """Notices that the time has elapsed, or that the connection is lost."""
        while not self._over.wait(min(_LOOK_SECONDS, max(0.0, self._end - time.monotonic()))):
            if self._has_lost_connection():
                why = f"{self._connection.server} is not connected any more, and the value has returned"
                self._lose(lambda: True, ConnectionLostError("lost", why))
            self._lose(
                lambda: time.monotonic() >= self._end,
                LeaseEndedError("the lease has elapsed, and the value has returned"),
            )

    def _has_lost_connection(self) -> bool:
        # Who makes a request learns of the end of the connection.
        if not self._requesting.acquire(blocking=False):
            return self._connection.is_lost
        try:
            return not self._over.is_set() and self._connection.has_ended
        finally:
            self._requesting.release()

    def _lose(self, condition: Callable[[], bool], why: Exception) -> None:
        with self._state:
            if self._over.is_set() or not condition():
                return
            self._why = why
            self._over.set()
        self.lost.set()
        self._lent.close()


def check_lease(seconds: float) -> float:
    """:raises ValueError: if it is no time that a lease may have (V13)"""
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not 0.001 <= seconds <= LONGEST_LEASE:
        raise ValueError(f"`lease` must be a number of seconds from 0.001 to 604800, got {seconds!r}.")
    return seconds
