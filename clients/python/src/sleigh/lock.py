"""Locks, of which one program at a time has one, and the election of leaders."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Optional, TypeVar

from .deadline import Deadline
from .errors import ConnectionLostError, LeaseEndedError, NwsError
from .lease import Lease, check_lease
from .names import Variable

if TYPE_CHECKING:
    from .workspace import NetWorkSpace

Result = TypeVar("Result")

# The default of `lease` in seconds.
LEASE_SECONDS = 10.0
# How often a lease is extended within its time.
_EXTENSIONS = 3


class Lock:
    """A lock that this program holds. It is released at the end of a ``with`` block."""

    def __init__(self, lease: Lease, seconds: float) -> None:
        self._lease = lease
        self._period = seconds / _EXTENSIONS
        self._released = threading.Event()
        threading.Thread(target=self._extend, name="sleigh lock", daemon=True).start()

    @property
    def lost(self) -> threading.Event:
        """Set when the lock is lost: this program was held up for too long, or its connection is lost."""
        return self._lease.lost

    def release(self) -> None:
        """Releases the lock. Nothing happens if it was released or lost before."""
        self._released.set()
        self._lease.__exit__()

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _extend(self) -> None:
        while not self._released.wait(self._period) and not self.lost.is_set():
            # If the lease has ended, its event says so.
            with suppress(LeaseEndedError, NwsError, ConnectionLostError):
                self._lease.extend()


def acquire(workspace: NetWorkSpace, name: str, lease: float, timeout: Optional[float]) -> Lock:
    """Waits for a lock.

    It is the first value that was ever stored into its variable, which is leased and never removed. Each program may
    store further ones. A program that takes one of those removes it, so programs need not agree on who was first.
    """
    check_lease(lease)
    variable = f"{Variable.LOCK}{name}"
    deadline = Deadline(timeout)
    workspace.declare(variable, "fifo")
    if workspace.get("findTry", variable) is None:
        workspace.store(variable, "")
    while True:
        taken = workspace.take(variable, lease, timeout=deadline.left)
        if taken.found.index == 0:
            return Lock(taken, lease)
        taken.done()


def lead(
    workspace: NetWorkSpace,
    name: str,
    leading: Callable[[threading.Event], Result],
    lease: float,
    timeout: Optional[float],
) -> Result:
    """Calls the function when this program has the lock, and again each time that it has lost it and got it back."""
    while True:
        with acquire(workspace, name, lease, timeout) as lock:
            try:
                result = leading(lock.lost)
                if not lock.lost.is_set():
                    return result
            except Exception:
                if not lock.lost.is_set():
                    raise
