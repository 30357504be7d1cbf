"""Tells the server how the batches of a master progress, for its page and for ``sleigh status`` (S24)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from ..chunk import Part
from ..errors import ConnectionLostError, NwsError, TaskError
from ..lines import Lines
from ..names import Key, Variable
from ..values import decode

if TYPE_CHECKING:
    from .batch import Batch

# Seconds between two stores.
_PERIOD = 1.0
# The number of batches in a report, and of failed elements that the server keeps.
_MAX_BATCHES = 100
_MAX_FAILURES = 1_000
# The number of characters of an element, of a message and of a traceback that are kept.
_ELEMENT_LENGTH = 500
_MESSAGE_LENGTH = 1_000
_STACK_LENGTH = 4_000
# A larger element is not decoded for people.
_LARGEST_SHOWN = 65_536


@dataclass
class _Progress:
    batch: Batch
    total: Optional[int]
    began: int
    ended: Optional[int] = None


class BatchReports:
    """Collects under the lock of the dispatcher, and stores in a thread of its own, at most once a second.

    :param hosts: the hosts of the workers by rank
    """

    def __init__(
        self,
        lines: Lines,
        workspace: str,
        lock: threading.Condition,
        hosts: Mapping[int, str],
    ) -> None:
        self._lines = lines
        self._workspace = workspace
        self._lock = lock
        self._hosts = hosts
        self._batches: dict[str, _Progress] = {}
        self._failures: deque[dict[str, Any]] = deque(maxlen=_MAX_FAILURES)
        # The elements of all batches with an outcome, and the failed ones among these.
        self._done = 0
        self._failed = 0
        self._stored_failures = 0
        self._changed = threading.Event()
        self._over = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Begins to store."""
        self._thread = threading.Thread(target=self._run, name="sleigh reports", daemon=True)
        self._thread.start()

    def begin(self, batch: Batch) -> None:
        """A batch begins. Call it under the lock."""
        self._batches[batch.id] = _Progress(batch, batch.options.total, _now())
        self._changed.set()

    def ended(self, batch: Batch) -> None:
        """Nothing more of a batch is under way. Call it under the lock."""
        progress = self._batches.get(batch.id)
        if progress is not None and progress.ended is None:
            progress.ended = _now()
            self._changed.set()

    def retried(self, batch_id: str, index: int) -> None:
        """A failed element is called again (S24.6). Call it under the lock."""
        self._done -= 1
        self._failed -= 1
        self._answer_retry(batch_id, index, "begun")

    def too_late(self, batch_id: str, index: int) -> None:
        """A failed element was to be called again, and it is too late for that (S24.6). Call it under the lock."""
        # Otherwise the order was meant for another master of this workspace.
        if batch_id in self._batches:
            self._answer_retry(batch_id, index, "too-late")

    def _answer_retry(self, batch_id: str, index: int, answer: str) -> None:
        self._failures.append({"batch": batch_id, "index": index, "retry": answer, "at": _now()})
        self._changed.set()

    def outcome(self, batch: Batch, error: Optional[TaskError], part: Optional[Part]) -> None:
        """An element has an outcome. Call it under the lock."""
        self._done += 1
        if error is not None:
            self._failed += 1
            self._failures.append(self._failure(batch, error, part))
        self._changed.set()

    def end(self, seconds: float) -> None:
        """Stores what has changed, and nothing more. Call it without the lock.

        :param seconds: how long a server that does not answer is awaited
        """
        self._over.set()
        self._changed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _run(self) -> None:
        with suppress(NwsError, ConnectionLostError):
            while True:
                self._changed.wait()
                is_last = self._over.is_set()
                with self._lock:
                    self._changed.clear()
                    report = self._report()
                    failures = list(self._failures)
                    self._failures.clear()
                for failure in failures:
                    self._store_failure(failure)
                self._lines.main.store(self._workspace, Variable.PROGRESS, report)
                if is_last:
                    return
                self._over.wait(_PERIOD)
                if self._over.is_set():
                    self._changed.set()

    def _store_failure(self, failure: dict[str, Any]) -> None:
        main = self._lines.main
        self._stored_failures += 1
        if self._stored_failures > _MAX_FAILURES:
            main.get("fetchTry", self._workspace, Variable.FAILURES)
        main.store(self._workspace, Variable.FAILURES, failure)

    def _report(self) -> dict[str, Any]:
        for batch_id in [key for key, progress in self._batches.items() if progress.ended is not None]:
            if len(self._batches) <= _MAX_BATCHES:
                break
            del self._batches[batch_id]
        newest = list(self._batches.values())[-_MAX_BATCHES:]
        return {"done": self._done, "failed": self._failed, "batches": [_entry(each) for each in newest]}

    def _failure(self, batch: Batch, error: TaskError, part: Optional[Part]) -> dict[str, Any]:
        host = None if error.worker is None else self._hosts.get(error.worker)
        told = {
            "batch": batch.id,
            "index": error.index,
            "code": error.code,
            "message": error.reason[:_MESSAGE_LENGTH],
            "stack": error.remote_traceback[:_STACK_LENGTH],
            "element": None if part is None else _shown(part),
            "worker": error.worker,
            "host": host,
            "attempts": batch.options.max_attempts if error.code == "worker-died" else error.attempt,
            "at": _now(),
        }
        return {name: value for name, value in told.items() if value is not None}


def _entry(progress: _Progress) -> dict[str, Any]:
    batch = progress.batch
    metadata = batch.options.metadata
    told = {
        "id": batch.id,
        "module": metadata.get(Key.MODULE, ""),
        "function": metadata.get(Key.FUNCTION, ""),
        "total": progress.total,
        "read": batch.read,
        "done": batch.done,
        "failed": batch.failed,
        "began": progress.began,
        "ended": progress.ended,
    }
    return {name: value for name, value in told.items() if value is not None}


def _shown(part: Part) -> str:
    """An element as a text for people, as far as it can be shown."""
    encoded = part.encoded
    size = len(encoded.data)
    if size <= _LARGEST_SHOWN and not part.is_failure:
        with suppress(Exception):
            value = decode(encoded.descriptor, bytes(encoded.data), {Key.TYPE: encoded.type})
            if not isinstance(value, (bytes, bytearray)):
                return (value if isinstance(value, str) else repr(value))[:_ELEMENT_LENGTH]
    return f"({size} bytes)"


def _now() -> int:
    """Milliseconds since 1970."""
    return round(time.time() * 1_000)
