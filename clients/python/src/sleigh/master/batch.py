"""One batch of a master: elements that are sent as tasks, and their outcomes (S23).

Its rules are the chart ``batch``. Everything here runs under the lock of the dispatcher.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from ..chart import Actor, Chart
from ..chunk import Answer, Chunk, Part
from ..connection import Found
from ..errors import TaskError
from ..failures import failure, failure_in, task_error
from ..names import Key
from .chunk_size import ChunkSize
from .named import NamedResults
from .outcomes import Outcome, Outcomes, Value
from .reports import BatchReports
from .retries import RetriedElement, Retry, Timers

_CHART = Chart.load("batch")

Element = tuple[int, Part]


@dataclass(frozen=True)
class BatchOptions:
    """What all elements of a batch have in common."""

    metadata: Mapping[str, str]
    window: Callable[[], int] = field(compare=False)
    """The number of tasks that may be under way now."""
    size: Optional[ChunkSize]
    """None if the number of elements in a task is fixed."""
    chunk_size: int
    is_ordered: bool
    max_attempts: int
    may_repeat: bool
    """Whether elements that a dead worker left undone may be called again (S23.6)."""
    mark: Callable[[str, Optional[str]], None] = field(compare=False)
    """Marks for sentinels how the calls of the batch are ended, or that it is not cancelled any more (S23.3)."""
    on_cancel: str = "ask"
    """``ask`` or ``kill`` (S22.3)."""
    total: Optional[int] = None
    """The number of elements, if it is known."""
    reports: Optional[BatchReports] = field(default=None, compare=False)
    """Learns of each outcome."""
    named: Optional[NamedResults] = field(default=None, compare=False)
    """The results that stay on the server, if the batch has a name (S29). Its tasks have one element each."""
    retry: Optional[Retry] = None
    """How failed elements are tried again (S27)."""
    timers: Optional[Timers] = field(default=None, compare=False)
    """Where they wait."""
    changed: Optional[threading.Condition] = field(default=None, compare=False)
    """The lock of the dispatcher."""
    per_second: Optional[float] = None
    """The number of elements that may be sent in a second."""


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
        self.outcomes = Outcomes(options.is_ordered)
        """Those that the caller has not taken."""
        self._unsettled: set[int] = set()
        # The number of the current or next call of an element, where it is not the first one.
        self._attempts: dict[int, int] = {}
        # Failed elements that wait for another attempt, or for the decision about one; and those that had one.
        self._delayed: dict[int, Part] = {}
        self._retried: dict[int, RetriedElement] = {}
        self._refusal: Optional[Mapping[str, Any]] = None
        self._actor = Actor(
            _CHART,
            {},
            {
                "mark": lambda *_: options.mark(self.id, options.on_cancel) if self._unsettled else None,
                "unmark": lambda *_: options.mark(self.id, None),
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
        if self.out_tasks >= self.options.window():
            return False
        return bool(self.again) or (bool(self.gathered) and self._is_within_window)

    @property
    def _is_within_window(self) -> bool:
        waiting = 0 if self.keeps_all else self.outcomes.waiting
        # Elements that wait for another attempt hold up no others.
        under_way = len(self._unsettled) - len(self.gathered) - len(self._delayed) + waiting
        window = self.options.window()
        return self.out_tasks < window and under_way < window * self.chunk_size

    def attempt_of(self, index: int) -> int:
        """The number of the current or next call of an element, from 1 (S26)."""
        return self._attempts.get(index, 1)

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

    def retry(self, index: int) -> bool:
        """Calls a failed element again, and withholds its outcome until then (S24.6).

        :returns: False if it is too late: the caller has the outcome for good, or the batch is over
        """
        failed = self.outcomes.withdraw(index) if self._has("hands-out") else None
        if failed is None:
            return False
        self._unsettled.add(index)
        self.done -= 1
        self.failed -= 1
        self._attempts[index] = failed.attempt + 1
        self.again.append((index, failed.part))
        return True

    def fail(self, elements: list[Element], told: Mapping[str, Any], worker: Optional[int] = None) -> None:
        """All elements of a task fail in the same way."""
        self.out_tasks -= 1
        for index, part in elements:
            error = task_error(index, told, worker=worker, attempt=self.attempt_of(index))
            self._settle(index, error, part, looks=False)
        self._look()

    def received(self, elements: list[Element], result: Found) -> None:
        """The result of a task, or why it has none."""
        metadata = result.metadata
        worker = int(metadata.get(Key.WORKER_RANK, "-1"))
        attempt = metadata.get(Key.ATTEMPT)
        if attempt is not None and len(elements) == 1:
            # The server counts the attempts of a task (S26).
            self._attempts[elements[0][0]] = int(attempt)
        if metadata.get(Key.NULL) == "1":
            self._lost(elements, metadata, worker)
            return
        told = failure_in(result)
        # The failure of a whole chunk says nothing about its elements, so each is tried alone.
        if told is not None and len(elements) > 1 and self.options.may_repeat:
            for index, _ in elements:
                self._attempts[index] = self.attempt_of(index) + 1
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
                error = task_error(index, told, worker=worker, attempt=self.attempt_of(index))
                self._settle(index, error, part, looks=False)
            else:
                self._settle(index, Value(index, worker, answers[at].value), part, looks=False)
        self._look()

    def next_outcome(self) -> Optional[Outcome]:
        """The next outcome that may be given to the caller; None if it has to wait."""
        return self.outcomes.next()

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
                attempt = self.attempt_of(index)
                error = task_error(index, told, worker=worker, how=how, last_words=words, attempt=attempt)
                self._settle(index, error, part, looks=False)
            else:
                self._attempts[index] = self.attempt_of(index) + 1
                self._again_or_drop(index, part)
        self._look()

    def _again_or_drop(self, index: int, part: Part) -> None:
        if self._has("hands-out"):
            self.again.append((index, part))
        else:
            told = self._refusal or failure("cancelled", "the batch was cancelled")
            self._settle(index, task_error(index, told), part, looks=False)

    def _settle(self, index: int, outcome: Outcome, part: Part, looks: bool = True) -> None:
        if isinstance(outcome, TaskError) and self._waits_for_decision(index, outcome, part):
            return
        self._keep(index, outcome, part)
        if looks:
            self._look()

    def _keep(self, index: int, outcome: Outcome, part: Part) -> None:
        self._unsettled.discard(index)
        self._attempts.pop(index, None)
        retried = self._retried.pop(index, None)
        if retried is not None:
            retried.withdraw()
        if self._has("keeps-outcomes"):
            if self._refusal is not None and isinstance(outcome, TaskError) and outcome.code == "cancelled":
                outcome = task_error(index, self._refusal)
            self.outcomes.add(index, outcome, part)
            error = outcome if isinstance(outcome, TaskError) else None
            self.done += 1
            self.failed += error is not None
            if self.options.reports is not None:
                self.options.reports.outcome(self, error, part)

    # --- other attempts (S27) ---

    def _waits_for_decision(self, index: int, error: TaskError, part: Part) -> bool:
        """Whether the policy of the program is asked about the failure. Its functions are called without the lock."""
        options = self.options
        timers, changed, policy = options.timers, options.changed, options.retry
        if (
            policy is None
            or timers is None
            or changed is None
            or part.is_failure
            or not self._has("hands-out")
        ):
            return False
        self._delayed[index] = part

        def decide() -> None:
            fault: Optional[BaseException] = None
            may_retry, seconds = False, 0.0
            try:
                may_retry = policy.allows(error)
                seconds = policy.wait_before(error.attempt + 1, error) if may_retry else 0.0
            except Exception as raised:
                fault = raised
            with changed:
                if fault is None:
                    self._decided(index, error, may_retry, seconds)
                else:
                    self.cancel(fault)
                changed.notify_all()

        timers.start(0, decide)
        return True

    def _decided(self, index: int, error: TaskError, may_retry: bool, seconds: float) -> None:
        part = self._delayed.get(index)
        policy, timers, changed = self.options.retry, self.options.timers, self.options.changed
        # The batch may not want it any more.
        if part is None or policy is None or timers is None or changed is None:
            return
        if index not in self._retried:
            self._retried[index] = RetriedElement(
                policy, timers, lambda attempt: self._try_again(index, attempt), changed
            )
        if not self._retried[index].failed(error.attempt, may_retry, seconds):
            del self._delayed[index]
            self._keep(index, error, part)
            self._look()

    def _try_again(self, index: int, attempt: int) -> None:
        """The wait of a failed element is over (S27.2)."""
        part = self._delayed.pop(index, None)
        if part is not None and self.options.changed is not None:
            self._attempts[index] = attempt
            self.again.append((index, part))
            self.options.changed.notify_all()

    def _take_unsent(self) -> list[Element]:
        """Elements that are not under way, those that wait for another attempt (S27.3) among them."""
        unsent = [*self.gathered, *self.again, *self._delayed.items()]
        for index in self._delayed:
            retried = self._retried.pop(index, None)
            if retried is not None:
                retried.withdraw()
        self._delayed.clear()
        self.gathered.clear()
        self.again.clear()
        return unsent

    # --- its chart ---

    def _look(self) -> None:
        if not self._unsettled:
            self._send("emptied")

    def _drop_unsent(self) -> None:
        for index, _ in self._take_unsent():
            self._unsettled.discard(index)

    def _refuse_unsent(self) -> None:
        for index, part in self._take_unsent():
            self._settle(index, task_error(index, self._refusal or {}), part, looks=False)

    def _stop(self, reason: BaseException) -> None:
        self.fault = self.fault or reason
        self.outcomes.clear()

    def _send(self, kind: str) -> None:
        if self._actor.is_over:
            return
        self._actor.send(kind)
        if kind != "emptied" and not self._unsettled and not self._actor.is_over:
            self._actor.send("emptied")
        if self.is_over:
            self.outcomes.close()
            self._retried.clear()
            self._delayed.clear()

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
