"""Takes what calls say while they run, and passes it to the batches that listen (S23.9)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ..deadline import Waker
from ..errors import ConnectionLostError, NwsError, WaitTimeoutError
from ..lines import Lines
from ..names import Variable

# Seconds until the thread connects again.
_PAUSE_SECONDS = 0.2
# The number of batches that have ended whose last reports may still be on their way.
_MAX_ENDED = 64


@dataclass(frozen=True)
class CallListeners:
    """What a program wants to hear of the calls of a batch."""

    on_progress: Optional[Callable[[int, Any], object]]
    """Called with the index of an element and what its call says by ``progress``."""
    on_log: Optional[Callable[[int, str], object]]
    """Called with the index of an element and a line that its call says by ``log``."""
    cancel: Callable[[BaseException], None]
    """Called with what one of them raises."""


class CallReports:
    """One thread takes the reports while any batch listens. They are for one master of a job."""

    def __init__(self, lines: Lines, workspace: str) -> None:
        self._lines = lines
        self._workspace = workspace
        self._lock = threading.Lock()
        # Those of batches that have ended are kept for a while.
        self._listeners: dict[str, CallListeners] = {}
        self._active: set[str] = set()
        # Ends the wait of the thread.
        self._waker: Optional[Waker] = None
        self._is_taking = False
        self._is_declared = False
        self._is_ended = False

    def prepare(self) -> None:
        """Makes the variable for the reports. Call it before the first task."""
        if not self._is_declared:
            self._lines.main.declare(self._workspace, Variable.CALLS, "fifo")
            self._is_declared = True

    def add(self, batch: str, listeners: CallListeners) -> None:
        """Passes on the reports of a batch, until ``remove``."""
        with self._lock:
            self._listeners[batch] = listeners
            self._active.add(batch)
            if not self._is_taking:
                self._is_taking = True
                threading.Thread(target=self._take, name="sleigh calls", daemon=True).start()

    def remove(self, batch: str) -> None:
        """The calls of that batch have ended. What they have said until then is passed on by the thread."""
        with self._lock:
            self._active.discard(batch)
            # The thread may have a report in its hands.
            while len(self._listeners) > len(self._active) + _MAX_ENDED:
                oldest = next(each for each in self._listeners if each not in self._active)
                del self._listeners[oldest]
            self._wake_if_idle()

    def end(self) -> None:
        """The job has ended, and nobody listens any more."""
        with self._lock:
            self._is_ended = True
            self._active.clear()
            self._listeners.clear()
            self._wake_if_idle()

    def _wake_if_idle(self) -> None:
        """Ends the wait of the thread when nobody listens. Call it with the lock."""
        if not self._active and self._waker is not None:
            self._waker.wake()
            self._waker = None

    def _take(self) -> None:
        while True:
            waker = Waker()
            with self._lock:
                is_wanted = bool(self._active)
                self._waker = waker if is_wanted else None
            with suppress(ConnectionLostError, NwsError, WaitTimeoutError):
                if is_wanted:
                    self._take_until(waker)
                self._take_rest()
            with self._lock:
                self._waker = None
                # A batch may have begun to listen meanwhile.
                is_over = self._is_ended or not self._active or self._lines.main.is_lost
                self._is_taking = not is_over
            waker.close()
            if is_over:
                return
            # The connection was lost, or the job has ended, which the dispatcher is about to learn.
            time.sleep(_PAUSE_SECONDS)

    def _take_until(self, waker: Waker) -> None:
        """Passes on reports until nobody listens."""
        with suppress(WaitTimeoutError), self._lines.lend(self._workspace) as connection:
            while True:
                found = connection.get("fetch", self._workspace, Variable.CALLS, waker=waker)
                if found is not None:
                    self._pass_on(found.value)

    def _take_rest(self) -> None:
        """Passes on what was said before the last batch ended."""
        with self._lock:
            if self._is_ended:
                return
        with self._lines.lend(self._workspace) as connection:
            while True:
                found = connection.get("fetchTry", self._workspace, Variable.CALLS)
                if found is None:
                    return
                self._pass_on(found.value)

    def _pass_on(self, report: Any) -> None:
        # Any client may have stored it.
        if not isinstance(report, Mapping):
            return
        with self._lock:
            listeners = self._listeners.get(str(report.get("batch")))
        index, value = report.get("index"), report.get("value")
        if listeners is None or not isinstance(index, int):
            return
        try:
            if report.get("type") == "progress" and listeners.on_progress is not None:
                listeners.on_progress(index, value)
            elif report.get("type") == "log" and listeners.on_log is not None:
                listeners.on_log(index, str(value))
        except Exception as error:
            listeners.cancel(error)
