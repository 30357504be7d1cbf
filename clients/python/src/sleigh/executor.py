"""An executor of ``concurrent.futures`` whose workers may be on many machines."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Any, Callable, Optional

from .errors import SleighError, TaskError
from .functions import Reference
from .master.sleigh import Sleigh

_CALL = Reference("sleigh.executor", "_call")
_Item = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class SleighExecutor(Executor):
    """Runs calls on the workers of a Sleigh, as a ``ProcessPoolExecutor`` does on processes.

    >>> with SleighExecutor(max_workers=4) as executor:
    ...     list(executor.map(math.factorial, range(5)))
    [1, 1, 2, 6, 24]

    A call whose worker dies is tried again on another worker, at most three times. An exception of a call is raised
    as it is, with the traceback of the worker in its ``__cause__``; a call that ended its worker raises TaskError.

    :param max_workers: the number of worker processes on this host; by default one for each processor
    :param sleigh: a Sleigh to use, which the executor does not stop
    :param options: those of Sleigh: ``server``, ``elastic``, ``preload`` …
    """

    def __init__(
        self, max_workers: Optional[int] = None, *, sleigh: Optional[Sleigh] = None, **options: Any
    ) -> None:
        self._owns_sleigh = sleigh is None
        self._sleigh = Sleigh(max_workers, **options) if sleigh is None else sleigh
        self._queue: queue.SimpleQueue[Optional[_Item]] = queue.SimpleQueue()
        self._futures: dict[int, Future[Any]] = {}
        self._sent = 0
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._cancels = False
        self._results = self._sleigh.each_elem(_CALL, self._calls(), ordered=False, errors="collect")
        self._thread = threading.Thread(target=self._settle, name="sleigh executor", daemon=True)
        self._thread.start()
        # As other executors do, it completes its calls before the program ends.
        atexit.register(self.shutdown)

    @property
    def sleigh(self) -> Sleigh:
        """The job of this executor."""
        return self._sleigh

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Calls ``fn(*args, **kwargs)`` on a worker.

        :raises RuntimeError: after ``shutdown``
        """
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            future: Future[Any] = Future()
            self._queue.put((future, fn, args, kwargs))
            return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No further calls are accepted. The workers end when all calls have ended.

        :param wait: whether this returns only then
        :param cancel_futures: whether calls that have not been sent are cancelled
        """
        with self._lock:
            if not self._is_shut_down:
                self._is_shut_down = True
                self._queue.put(None)
            self._cancels = self._cancels or cancel_futures
        if wait:
            self._thread.join()

    def _calls(self) -> Iterator[Any]:
        """The input of the batch: one element for each call that was not cancelled."""
        for item in iter(self._queue.get, None):
            future, fn, args, kwargs = item
            if self._cancels:
                future.cancel()
            if future.set_running_or_notify_cancel():
                self._futures[self._sent] = future
                self._sent += 1
                yield (fn, args, kwargs)

    def _settle(self) -> None:
        try:
            for outcome in self._results.outcomes():
                future = self._futures.pop(outcome.index)
                if isinstance(outcome, TaskError):
                    future.set_exception(_raised(outcome))
                else:
                    future.set_result(outcome.value)
        except SleighError as error:
            self._fail_all(error)
        finally:
            with self._lock:
                self._is_shut_down = True
            if self._owns_sleigh:
                self._sleigh.stop()
            atexit.unregister(self.shutdown)

    def _fail_all(self, error: SleighError) -> None:
        with self._lock:
            self._is_shut_down = True
            self._queue.put(None)
        for future in list(self._futures.values()):
            future.set_exception(error)
        self._futures.clear()
        for item in iter(self._queue.get, None):
            if item[0].set_running_or_notify_cancel():
                item[0].set_exception(error)


class RemoteTraceback(Exception):
    """The traceback in the worker, as text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def _call(call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]) -> Any:
    """Runs on a worker."""
    fn, args, kwargs = call
    return fn(*args, **kwargs)


def _raised(error: TaskError) -> BaseException:
    """What the call raised, as callers of an executor expect."""
    raised = error.__cause__
    if error.code != "threw" or raised is None:
        return error
    raised.__cause__ = RemoteTraceback(error.remote_traceback)
    return raised
