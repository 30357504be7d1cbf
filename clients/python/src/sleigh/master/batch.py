"""One batch of a master: elements that are sent as tasks, and their outcomes (S23).

Its rules are the chart ``batch``. Everything here runs under the lock of the dispatcher.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Union

from ..chart import Actor, Chart
from ..chunk import Answer, Chunk, Part
from ..connection import Found
from ..errors import TaskError
from ..failures import failure, failure_in, task_error
from ..names import Key
from .chunk_size import ChunkSize
from .named import NamedResults
from .reports import BatchReports

_CHART = Chart.load("batch")

Element = tuple[int, Part]


@dataclass(frozen=True)
class Value:
    """The result of an element."""

    index: int
    worker: int
    """The rank of its worker."""
    value: Any


Outcome = Union[Value, TaskError]


@dataclass(frozen=True)
class BatchOptions:
    """What all elements of a batch have in common."""

    metadata: Mapping[str, str]
    window: int
    """The number of tasks under way."""
    size: Optional[ChunkSize]
    """None if the number of elements in a task is fixed."""
    chunk_size: int
    is_ordered: bool
    max_attempts: int
    may_repeat: bool
    """Whether elements that a dead worker left undone may be called again (S23.6)."""
    mark: Callable[[str, bool], None] = field(compare=False)
    """Marks the batch as cancelled for sentinels, or not any more (S23.3)."""
    total: Optional[int] = None
    """The number of elements, if it is known."""
    reports: Optional[BatchReports] = field(default=None, compare=False)
    """Learns of each outcome."""
    named: Optional[NamedResults] = field(default=None, compare=False)
    """The results that stay on the server, if the batch has a name (S29). Its tasks have one element each."""


class Batch:
    """Counts what is read, sent and answered, and keeps outcomes until they are taken."""

    def __init__(self, batch_id: str, options: BatchOptions) -> None:
        self.id = batch_id
        self.options = options
        self.gathered: deque[Element] = deque()
        """Elements that are not sent yet."""
        self.again: deque[Element] = deque()
        """Elements that came back undone, to be sent one at a time."""
        self.out_tasks = 0
        self.read = 0
        self.done = 0
        """The number of elements with an outcome."""
        self.failed = 0
        """The number of failed elements among these."""
        self.fault: Optional[BaseException] = None
        """What ended the batch early."""
        self.input_error: Optional[BaseException] = None
        """What the input raised. It is raised again when all earlier elements have outcomes."""
        self.is_cancelled = False
        """Whether the program has cancelled it."""
        self.keeps_all = False
        """Whether the caller keeps all outcomes, so that waiting ones do not count against the window."""
        self._unsettled: set[int] = set()
        self._ready: dict[int, Outcome] = {}
        self._given = 0
        self._refusal: Optional[Mapping[str, Any]] = None
        self._actor = Actor(
            _CHART,
            {},
            {
                "mark": lambda *_: options.mark(self.id, True) if self._unsettled else None,
                "unmark": lambda *_: options.mark(self.id, False),
                "dropUnsent": lambda *_: self._drop_unsent(),
                "refuseUnsent": lambda *_: self._refuse_unsent(),
            },
        )
        self._actor.start()

    @property
    def chunk_size(self) -> int:
        """The number of elements of the next task."""
        size = self.options.size
        return self.options.chunk_size if size is None else size.value

    @property
    def takes_input(self) -> bool:
        """Whether elements are still wanted of the input."""
        return self._has("takes-input")

    @property
    def is_over(self) -> bool:
        """Whether every element has an outcome or needs none."""
        return self._has("over")

    @property
    def has_room(self) -> bool:
        """Whether one more element may be read: at most one chunk is gathered beyond the window."""
        is_gathering = len(self.gathered) < self.chunk_size
        return is_gathering or (self._is_within_window and len(self.gathered) < 2 * self.chunk_size)

    @property
    def can_send(self) -> bool:
        """Whether a task may be sent."""
        if self.out_tasks >= self.options.window:
            return False
        return bool(self.again) or (bool(self.gathered) and self._is_within_window)

    @property
    def _is_within_window(self) -> bool:
        waiting = 0 if self.keeps_all else len(self._ready)
        under_way = len(self._unsettled) - len(self.gathered) + waiting
        return self.out_tasks < self.options.window and under_way < self.options.window * self.chunk_size

    def add(self, part: Part) -> None:
        """An element was read from the input."""
        index = self.read
        self.read += 1
        self._unsettled.add(index)
        if part.is_failure:
            self._settle(index, task_error(index, _told(part)), part)
        elif self._refusal is not None:
            self._settle(index, task_error(index, self._refusal), part)
        else:
            self.gathered.append((index, part))

    def input_ended(self) -> None:
        """The input has no more elements, or has failed (S23.2)."""
        self._send("input.ended")

    def cancel(self, reason: BaseException) -> None:
        """Queued elements are not called, running calls are ended, and results are discarded (S23.3)."""
        if not self.is_over:
            self.is_cancelled = True
            self._stop(reason)
            self._send("cancelled")

    def end(self, reason: BaseException) -> None:
        """No further results will arrive (S23.5)."""
        if not self.is_over:
            self._stop(reason)
            self._unsettled.clear()
            self._send("job.ended")

    def no_workers(self, told: Mapping[str, Any]) -> None:
        """No worker can be had any more; what is under way is failed by the dispatcher (S23.4)."""
        if not self.is_over:
            self._refusal = self._refusal or told
            self._send("workers.gone")

    def take(self) -> list[Element]:
        """The elements of the next task."""
        self.out_tasks += 1
        if self.again:
            return [self.again.popleft()]
        taken = [self.gathered.popleft()]
        # Their indexes are successive, so that the first says all of them (S23.7).
        while self.gathered and len(taken) < self.chunk_size and self.gathered[0][0] == taken[-1][0] + 1:
            taken.append(self.gathered.popleft())
        return taken

    def put_back(self, elements: list[Element]) -> None:
        """A task was not sent. Each of its elements is sent alone."""
        self.out_tasks -= 1
        for index, part in elements:
            self._again_or_drop(index, part)
        self._look()

    def fail(self, elements: list[Element], told: Mapping[str, Any], worker: Optional[int] = None) -> None:
        """All elements of a task fail in the same way."""
        self.out_tasks -= 1
        for index, part in elements:
            self._settle(index, task_error(index, told, worker=worker), part, looks=False)
        self._look()

    def received(self, elements: list[Element], result: Found) -> None:
        """The result of a task, or why it has none."""
        metadata = result.metadata
        worker = int(metadata.get(Key.WORKER_RANK, "-1"))
        if metadata.get(Key.NULL) == "1":
            self._lost(elements, metadata, worker)
            return
        told = failure_in(result)
        # The failure of a whole chunk says nothing about its elements, so each is tried alone.
        if told is not None and len(elements) > 1 and self.options.may_repeat:
            self.put_back(elements)
            return
        if told is not None:
            self.fail(elements, told, worker)
            return
        answers = list(result.value) if isinstance(result.value, Chunk) else [Answer(result.value)]
        took = metadata.get(Key.TOOK)
        if took is not None and self.options.size is not None:
            self.options.size.took(worker, float(took), len(answers))
        self.out_tasks -= 1
        for at, (index, part) in enumerate(elements):
            if at >= len(answers):
                self._again_or_drop(index, part)
            elif answers[at].failure is not None:
                told = answers[at].failure or {}
                self._settle(index, task_error(index, told, worker=worker), part, looks=False)
            else:
                self._settle(index, Value(index, worker, answers[at].value), part, looks=False)
        self._look()

    def next_outcome(self) -> Optional[Outcome]:
        """The next outcome that may be given to the caller; None if it has to wait."""
        if not self._ready:
            return None
        index = self._given if self.options.is_ordered else next(iter(self._ready))
        outcome = self._ready.pop(index, None)
        if outcome is not None:
            self._given += 1
        return outcome

    def _lost(self, elements: list[Element], metadata: Mapping[str, str], worker: int) -> None:
        """A task whose worker ended, or that no worker could do (S13, S19, S23.6)."""
        why = metadata.get(Key.NULL_WHY, "died")
        how, words = metadata.get(Key.NULL_HOW, ""), metadata.get(Key.NULL_LAST_WORDS, "").strip()
        at = metadata.get(Key.NULL_AT)
        told = loss_of(why, how, words, self.options.max_attempts)
        is_for_all = len(elements) == 1 or not self.options.may_repeat or why == "not-loaded"
        if why == "not-loaded":
            self._refusal = self._refusal or told
            self._send("module.unloadable")
        self.out_tasks -= 1
        for place, (index, part) in enumerate(elements):
            if is_for_all or (why == "timed-out" and at is not None and int(at) == place):
                error = task_error(index, told, worker=worker, how=how, last_words=words)
                self._settle(index, error, part, looks=False)
            else:
                self._again_or_drop(index, part)
        self._look()

    def _again_or_drop(self, index: int, part: Part) -> None:
        if self._has("hands-out"):
            self.again.append((index, part))
        else:
            told = self._refusal or failure("cancelled", "the batch was cancelled")
            self._settle(index, task_error(index, told), part, looks=False)

    def _settle(self, index: int, outcome: Outcome, part: Part, looks: bool = True) -> None:
        self._unsettled.discard(index)
        if self._has("keeps-outcomes"):
            if self._refusal is not None and isinstance(outcome, TaskError) and outcome.code == "cancelled":
                outcome = task_error(index, self._refusal)
            self._ready[index] = outcome
            error = outcome if isinstance(outcome, TaskError) else None
            self.done += 1
            self.failed += error is not None
            if self.options.reports is not None:
                self.options.reports.outcome(self, error, part)
        if looks:
            self._look()

    def _look(self) -> None:
        if not self._unsettled:
            self._send("emptied")

    def _drop_unsent(self) -> None:
        for index, _ in (*self.gathered, *self.again):
            self._unsettled.discard(index)
        self.gathered.clear()
        self.again.clear()

    def _refuse_unsent(self) -> None:
        unsent = [*self.gathered, *self.again]
        self.gathered.clear()
        self.again.clear()
        for index, part in unsent:
            self._settle(index, task_error(index, self._refusal or {}), part, looks=False)

    def _stop(self, reason: BaseException) -> None:
        self.fault = self.fault or reason
        self._ready.clear()

    def _send(self, kind: str) -> None:
        if self._actor.is_over:
            return
        self._actor.send(kind)
        if kind != "emptied" and not self._unsettled and not self._actor.is_over:
            self._actor.send("emptied")

    def _has(self, tag: str) -> bool:
        path = self._actor.state.split(".")
        nodes = [_CHART.node(".".join(path[: depth + 1])) for depth in range(len(path))]
        return any(tag in node.get("tags", []) for node in nodes)


def _told(part: Part) -> Mapping[str, Any]:
    from ..values import decode

    value = decode(part.encoded.descriptor, bytes(part.encoded.data), {Key.TYPE: part.encoded.type})
    return value if isinstance(value, Mapping) else {}


def loss_of(why: str, how: str, words: str, attempts: int) -> dict[str, Any]:
    """How an element fails whose task was lost for that reason, after that many attempts."""
    if why == "timed-out":
        return failure("timed-out", "it took longer than its timeout, and its worker was ended")
    if why == "cancelled":
        return failure("cancelled", "the batch was cancelled, and its worker was ended")
    if why == "not-loaded":
        return failure("not-loaded", words or "no worker can load its function")
    tries = "its one attempt" if attempts == 1 else f"{attempts} attempts"
    last_line = words.rsplit("\n", maxsplit=1)[-1]
    end = "; ".join(part for part in (how, last_line) if part)
    return failure("worker-died", f"given up after {tries}: its worker ended{f' ({end})' if end else ''}")
