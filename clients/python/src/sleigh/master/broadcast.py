"""The answers of the workers to a broadcast (S8, S17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..connection import Found
from ..errors import TaskError
from ..failures import failure_in, task_error
from ..names import Key
from .batch import Outcome, Value, loss_of
from .dispatcher import Dispatcher


class Broadcast:
    """Waits until every worker that has a copy has a result or a null result."""

    def __init__(self, dispatcher: Dispatcher, broadcast_id: str, expected: int) -> None:
        self._dispatcher = dispatcher
        self._id = broadcast_id
        self._expected = expected
        self._outcomes: list[Outcome] = []
        self._fault: BaseException | None = None
        with dispatcher.changed:
            dispatcher.throw_if_ended()
            dispatcher.add_broadcast(broadcast_id, self, expected)

    def copies(self, metadata: Mapping[str, str]) -> None:
        """The server says how many copies there are (S17)."""
        with self._dispatcher.changed:
            self._expect(metadata)

    def outcomes(self) -> list[Outcome]:
        """The outcomes, in the order of the ranks, which are their indexes."""
        changed = self._dispatcher.changed
        with changed:
            try:
                changed.wait_for(lambda: self._fault is not None or len(self._outcomes) >= self._expected)
            finally:
                self._dispatcher.expect(-max(0, self._expected - len(self._outcomes)))
                self._dispatcher.remove_broadcast(self._id)
            if self._fault is not None:
                raise self._fault
            return sorted(self._outcomes, key=lambda outcome: outcome.index)

    def received(self, result: Found) -> None:
        metadata = result.metadata
        self._expect(metadata)
        rank = int(metadata.get(Key.WORKER_RANK, "-1"))
        told = failure_in(result)
        if metadata.get(Key.NULL) == "1":
            why, how = metadata.get(Key.NULL_WHY, "died"), metadata.get(Key.NULL_HOW, "")
            words = metadata.get(Key.NULL_LAST_WORDS, "").strip()
            loss = loss_of(why, how, words, 1)
            self._outcomes.append(task_error(rank, loss, worker=rank, how=how, last_words=words))
        elif told is not None:
            self._outcomes.append(task_error(rank, told, worker=rank))
        else:
            self._outcomes.append(Value(rank, rank, result.value))

    def no_workers(self, told: Mapping[str, Any]) -> None:
        answered = {outcome.index for outcome in self._outcomes}
        for rank in range(self._expected):
            if rank not in answered:
                error: TaskError = task_error(rank, told)
                self._outcomes.append(error)
                self._dispatcher.expect(-1)

    def end(self, reason: BaseException) -> None:
        self._fault = self._fault or reason

    def _expect(self, metadata: Mapping[str, str]) -> None:
        copies = metadata.get(Key.COPIES)
        if copies is not None:
            self._dispatcher.expect(int(copies) - self._expected)
            self._expected = int(copies)
