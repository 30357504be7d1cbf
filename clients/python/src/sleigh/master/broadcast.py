"""The answers of the workers to a broadcast (S8, S17)."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ..connection import Found
from ..failures import failure_in, task_error
from ..names import Key
from .batch import loss_of
from .dispatcher import Dispatcher
from .outcomes import Outcome, Value


class Broadcast:
    """Waits until every worker that has a copy has a result or a null result.

    :param on_late: called, in another thread, with the outcomes of workers that join later, until the job ends; None if
        those get no copy
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        broadcast_id: str,
        expected: int,
        on_late: Optional[Callable[[Outcome], object]] = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._id = broadcast_id
        self._expected = expected
        self._on_late = on_late
        self._outcomes: list[Outcome] = []
        # The number of ranks whose process has called it for another of its ranks (S22.16).
        self._uncalled = 0
        # Whether all present workers have answered, so that further answers are from workers that joined later.
        self._is_complete = False
        self._late: deque[Outcome] = deque()
        self._received = 0
        self._is_over = False
        self._fault: BaseException | None = None
        with dispatcher.changed:
            dispatcher.throw_if_ended()
            # A broadcast that lasts always expects one more.
            dispatcher.add_broadcast(broadcast_id, self, expected + (0 if on_late is None else 1))

    def copies(self, metadata: Mapping[str, str]) -> None:
        """The server says how many copies there are (S17)."""
        with self._dispatcher.changed:
            self._expect(metadata)
            self._look()
            self._dispatcher.changed.notify_all()

    def outcomes(self) -> list[Outcome]:
        """The outcomes of the workers that are present, in the order of the ranks, which are their indexes."""
        changed = self._dispatcher.changed
        with changed:
            try:
                changed.wait_for(lambda: self._fault is not None or self._is_complete)
                present = sorted(self._outcomes, key=lambda outcome: outcome.index)
            finally:
                if self._on_late is None or not self._is_complete:
                    self._finish()
            if self._fault is not None:
                raise self._fault
        if self._on_late is not None:
            threading.Thread(
                target=self._tell_late, args=(self._on_late,), name="sleigh late", daemon=True
            ).start()
        return present

    def received(self, result: Found) -> None:
        metadata = result.metadata
        self._received += 1
        self._expect(metadata)
        rank = int(metadata.get(Key.WORKER_RANK, "-1"))
        told = failure_in(result)
        if metadata.get(Key.BESIDE) == "1":
            self._uncalled += 0 if self._is_complete else 1
            self._look()
        elif metadata.get(Key.NULL) == "1":
            why, how = metadata.get(Key.NULL_WHY, "died"), metadata.get(Key.NULL_HOW, "")
            words = metadata.get(Key.NULL_LAST_WORDS, "").strip()
            loss = loss_of(why, how, words, 1)
            self._answer(task_error(rank, loss, worker=rank, how=how, last_words=words))
        elif told is not None:
            self._answer(task_error(rank, told, worker=rank))
        else:
            self._answer(Value(rank, rank, result.value))

    def no_workers(self, told: Mapping[str, Any]) -> None:
        answered = {outcome.index for outcome in self._outcomes}
        for rank in range(self._expected):
            if rank not in answered:
                self._received += 1
                self._dispatcher.expect(-1)
                self._answer(task_error(rank, told))

    def end(self, reason: BaseException) -> None:
        self._fault = self._fault or reason

    def _answer(self, outcome: Outcome) -> None:
        if self._is_complete:
            self._late.append(outcome)
        else:
            self._outcomes.append(outcome)
            self._look()

    def _look(self) -> None:
        self._is_complete = self._is_complete or len(self._outcomes) + self._uncalled >= self._expected

    def _finish(self) -> None:
        """Does not wait for results that nobody wants."""
        if not self._is_over:
            self._is_over = True
            lasting = 0 if self._on_late is None else 1
            self._dispatcher.expect(-max(0, self._expected - self._received) - lasting)
            self._dispatcher.remove_broadcast(self._id)

    def _tell_late(self, tell: Callable[[Outcome], object]) -> None:
        changed = self._dispatcher.changed
        while True:
            with changed:
                changed.wait_for(lambda: self._late or self._fault is not None)
                if not self._late:
                    return
                outcome = self._late.popleft()
            try:
                tell(outcome)
            except Exception:
                # There is nobody to raise it to.
                traceback.print_exc()

    def _expect(self, metadata: Mapping[str, str]) -> None:
        copies = metadata.get(Key.COPIES)
        if copies is not None:
            self._dispatcher.expect(int(copies) - self._expected)
            self._expected = int(copies)
