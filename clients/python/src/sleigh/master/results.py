"""The results of a batch, as an iterator with bounded input."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import SleighError, TaskError
from .batch import Batch
from .dispatcher import Dispatcher, part_for
from .outcomes import Outcome
from .pace import Pace


class Results(Iterator[Any]):
    """The results of ``each_elem``, one after another; ``list(results)`` gives all of them.

    Elements are read from the input at the pace at which results are taken, by a thread of its own. To end early,
    call ``cancel``, or leave a ``with`` block: the remaining elements are not called.

    Iteration raises TaskError of the first element that fails, unless errors are collected; what the input raised;
    SleighError if the job has ended.
    """

    def __init__(self, dispatcher: Dispatcher, batch: Batch, elements: Iterable[Any], collects: bool) -> None:
        self._dispatcher = dispatcher
        self._batch = batch
        self._collects = collects
        each = iter(elements)
        with dispatcher.changed:
            dispatcher.add(batch)
        threading.Thread(target=self._feed, args=(each,), name="sleigh input", daemon=True).start()

    def __iter__(self) -> Results:
        return self

    def __next__(self) -> Any:
        outcome = self._next()
        if outcome is None:
            raise StopIteration
        if not isinstance(outcome, TaskError):
            return outcome.value
        if self._collects:
            return outcome
        self.cancel()
        raise outcome

    def outcomes(self) -> Iterator[Outcome]:
        """As the iteration, with the index of each element and its worker. Errors of tasks are never raised."""
        while True:
            outcome = self._next()
            if outcome is None:
                return
            yield outcome

    def all(self) -> list[Any]:
        """All results, in the order of the iteration. Raises as that.

        ``list`` gives the same. Here an element that failed may be called again on the page of the server until all
        results have come, if errors are collected. Its last outcome counts (S24.6).
        """
        with self._dispatcher.changed:
            self._batch.outcomes.may_replace = True
        self.keep_all()
        results: list[Any] = []
        # Where the failed elements are, because these may have another outcome.
        places: dict[int, int] = {}
        for outcome in self.outcomes():
            place = places.get(outcome.index, len(results))
            if isinstance(outcome, TaskError):
                if not self._collects:
                    self.cancel()
                    raise outcome
                places[outcome.index] = place
            result = outcome if isinstance(outcome, TaskError) else outcome.value
            results[place : place + 1] = [result]
        return results

    def cancel(self) -> None:
        """Queued elements are not called, and running calls are ended (S23.3)."""
        changed = self._dispatcher.changed
        with changed:
            self._batch.cancel(SleighError("stopped", "the batch was cancelled"))
            changed.notify_all()

    def keep_all(self) -> Results:
        """From now on results that wait for an earlier one do not slow down the input."""
        with self._dispatcher.changed:
            self._batch.keeps_all = True
            self._dispatcher.changed.notify_all()
        return self

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def __length_hint__(self) -> int:
        # `list` asks for it, and keeps everything.
        self.keep_all()
        return 0

    def _next(self) -> Any:
        batch, changed = self._batch, self._dispatcher.changed
        with changed:
            while True:
                if batch.fault is not None:
                    raise batch.fault
                outcome = batch.next_outcome()
                if outcome is not None:
                    changed.notify_all()
                    return outcome
                if batch.is_over:
                    break
                changed.wait()
        if batch.input_error is not None:
            raise batch.input_error
        if batch.options.named is not None:
            # The program has all outcomes.
            batch.options.named.forget()
        return None

    def _feed(self, elements: Iterator[Any]) -> None:
        batch, changed = self._batch, self._dispatcher.changed
        rate = batch.options.per_second
        pace = None if rate is None else Pace(rate)
        try:
            while True:
                with changed:
                    changed.wait_for(lambda: batch.has_room or not batch.takes_input)
                    if not batch.takes_input:
                        break
                try:
                    element = next(elements)
                except StopIteration:
                    break
                part = part_for(element)
                wait = 0.0 if pace is None else pace.wait()
                with changed:
                    if wait > 0:
                        changed.wait_for(lambda: not batch.takes_input, wait)
                    if batch.takes_input:
                        batch.add(part)
                        changed.notify_all()
        except BaseException as error:
            batch.input_error = error
        close = getattr(elements, "close", None)
        if close is not None:
            close()
        with changed:
            batch.input_ended()
            changed.notify_all()
