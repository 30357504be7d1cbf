"""The loop of a sentinel: events of its files, its timers and its other threads, one after another."""

from __future__ import annotations

import heapq
import itertools
import queue
import selectors
import socket
import threading
import time
import traceback
from contextlib import suppress
from typing import Any, Callable, Optional


class Timer:
    """A timer that has not elapsed."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Optional[Callable[[], None]] = call

    def stop(self) -> None:
        """It will not elapse."""
        self.call = None


class Loop:
    """Calls functions in the thread that runs it. ``post`` may be called from any thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, self._heed_bell)
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._is_over = False

    def post(self, call: Callable[[], None]) -> None:
        """Calls the function soon, in the thread of the loop."""
        self._posted.put(call)
        # If it is full, it rings already; if it is closed, the loop is over.
        with suppress(OSError):
            self._bell.send(b"!")

    def start_timer(self, milliseconds: float, call: Callable[[], None]) -> Timer:
        """Calls the function after that time."""
        timer = Timer(call)
        heapq.heappush(self._timers, (time.monotonic() + milliseconds / 1_000, next(self._numbers), timer))
        return timer

    def watch(self, file: Any, call: Callable[[], None]) -> None:
        """Calls the function whenever the file can be read."""
        self._selector.register(file, selectors.EVENT_READ, call)

    def unwatch(self, file: Any) -> None:
        """The inverse of ``watch``."""
        self._selector.unregister(file)

    def run(self) -> None:
        """Returns after ``stop``."""
        while not self._is_over:
            for key, _ in self._selector.select(self._time_left()):
                _run(key.data)
            while not self._posted.empty():
                _run(self._posted.get())
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                timer = heapq.heappop(self._timers)[2]
                call, timer.call = timer.call, None
                if call is not None:
                    _run(call)
        self._selector.close()
        self._bell.close()
        self._ear.close()

    def stop(self) -> None:
        """Ends the loop; called in its thread."""
        self._is_over = True

    def _time_left(self) -> Optional[float]:
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _heed_bell(self) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(4_096)


def _run(call: Callable[[], None]) -> None:
    """A fault in one handler must not end the supervision of the workers."""
    try:
        call()
    except Exception:
        traceback.print_exc()


class Talker:
    """A thread that makes requests to the server, one after another, so that the loop never waits for it."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._requests: queue.SimpleQueue[Optional[Callable[[], None]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sleigh talker", daemon=True)
        self._thread.start()

    def ask(self, request: Callable[[], Any], answered: Callable[[Any], None]) -> None:
        """Makes a request; the loop calls ``answered`` with its result, or with None if it failed."""

        def run() -> None:
            try:
                result = request()
            except Exception:
                result = None  # The job has ended, or the server cannot be reached.
            self._loop.post(lambda: answered(result))

        self._requests.put(run)

    def close(self, seconds: float) -> None:
        """Waits until all requests are made, but not longer than that."""
        self._requests.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        for request in iter(self._requests.get, None):
            request()
