"""Failed elements that are tried again (S27). The rules are the chart ``retry``."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from ..chart import Actor, Chart
from ..errors import TaskError, UnrecoverableError

_CHART = Chart.load("retry")
# Seconds before the second attempt, doubled for each further one, and at most.
_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 10.0


@dataclass(frozen=True)
class Retry:
    """How elements that raised, or took longer than their timeout, are tried again (S27).

    >>> sleigh.each_elem(load, urls, retry=Retry(3, when=lambda error: error.code == "timed-out"))

    :raises ValueError: if an option is invalid
    """

    attempts: int
    """How often an element is called in all, at least 1."""
    backoff: Union[float, Callable[[int, TaskError], float], None] = None
    """Seconds before another attempt, or a function of its number, from 2, and of the error of the one before; by
    default 0.1, doubled for each further attempt, at most 10."""
    when: Optional[Callable[[TaskError], bool]] = None
    """Whether that failure is retried; by default each whose code is ``threw`` or ``timed-out``. Other failures are
    never retried, and neither is an UnrecoverableError."""

    def __post_init__(self) -> None:
        if not isinstance(self.attempts, int) or isinstance(self.attempts, bool) or self.attempts < 1:
            raise ValueError(f"`attempts` must be a whole number of at least 1, got {self.attempts!r}.")
        if self.backoff is not None and not callable(self.backoff):
            _check_wait(self.backoff)

    def allows(self, error: TaskError) -> bool:
        """Whether another call may succeed."""
        may_succeed = error.code == "timed-out" or (
            error.code == "threw" and not _is_unrecoverable(error.__cause__)
        )
        return may_succeed and (self.when is None or bool(self.when(error)))

    def wait_before(self, attempt: int, error: TaskError) -> float:
        """Seconds before that attempt.

        :raises ValueError: if the function of the policy gives no duration
        """
        if self.backoff is None:
            return min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempt - 2, 20))
        return _check_wait(self.backoff(attempt, error) if callable(self.backoff) else self.backoff)


def _check_wait(seconds: Any) -> float:
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds < float("inf"):
        raise ValueError(f"`backoff` must be a number of seconds from 0, got {seconds!r}.")
    return float(seconds)


def _is_unrecoverable(cause: Optional[BaseException]) -> bool:
    # An error of a TypeScript worker has only its name here.
    name = UnrecoverableError.__name__
    return isinstance(cause, UnrecoverableError) or getattr(cause, "name", None) == name


class Timers:
    """Calls functions later, in a thread of its own, one after another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._is_started = False
        self._is_closed = False

    def start(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls the function after that time, unless ``close`` comes before."""
        with self._changed:
            heapq.heappush(self._calls, (time.monotonic() + seconds, next(self._numbers), call))
            if not self._is_started and not self._is_closed:
                self._is_started = True
                threading.Thread(target=self._run, name="sleigh timers", daemon=True).start()
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more is called."""
        with self._changed:
            self._is_closed = True
            self._calls.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._calls or self._calls[0][0] > time.monotonic():
                    if self._is_closed:
                        return
                    self._changed.wait(self._calls[0][0] - time.monotonic() if self._calls else None)
                call = heapq.heappop(self._calls)[2]
            call()


class RetriedElement:
    """One failed element, while it waits for another attempt or has one under way.

    :param again: called with the number of the next attempt, when it is due
    """

    def __init__(self, policy: Retry, timers: Timers, again: Callable[[int], None], lock: Any) -> None:
        self._policy = policy
        self._timers = timers
        self._again = again
        self._lock = lock
        self._attempt = 1
        # A timer that was stopped elapses all the same, and is ignored.
        self._timer = 0
        actions: dict[str, Callable[[Mapping[str, Any], Optional[int]], None]] = {
            "countAttempt": self._count_attempt,
            "startTimer": self._start_timer,
            "stopTimer": self._stop_timer,
            "tryAgain": lambda *_: self._again(self._attempt),
        }
        self.actor = Actor(_CHART, {"mayTryAgain": self._may_try_again}, actions)
        """Its chart in progress."""
        self.actor.start()

    def failed(self, attempt: int, may_retry: bool, seconds: float) -> bool:
        """A call has failed. Returns whether there will be another one."""
        self.actor.send("attempt.failed", attempt=attempt, mayRetry=may_retry, seconds=seconds)
        return not self.actor.is_over

    def withdraw(self) -> None:
        """The element has an outcome, or its batch does not want it any more (S27.3)."""
        self.actor.send("withdrawn")

    def _may_try_again(self, event: Mapping[str, Any], _parameter: Optional[str]) -> bool:
        return bool(event["mayRetry"]) and int(event["attempt"]) < self._policy.attempts

    def _count_attempt(self, event: Mapping[str, Any], _parameter: Optional[int]) -> None:
        self._attempt = int(event["attempt"]) + 1

    def _start_timer(self, event: Mapping[str, Any], _parameter: Optional[int]) -> None:
        number = self._timer

        def elapsed() -> None:
            with self._lock:
                if self._timer == number:
                    self.actor.send("timer.elapsed")

        self._timers.start(event["seconds"], elapsed)

    def _stop_timer(self, _event: Mapping[str, Any], _parameter: Optional[int]) -> None:
        self._timer += 1
