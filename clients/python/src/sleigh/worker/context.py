"""What a function can know of the worker that calls it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from random import Random
from typing import Any, Optional

from ..address import ServerAddress
from ..values import encode
from .reporter import CallReporter


@dataclass
class TaskContext:
    """The worker of the current call."""

    rank: int
    """The number of this worker: 0, 1, 2 … (S2)."""
    workspace: str
    """The workspace of the job, for ``NetWorkSpace(context.workspace, server=context.server, own=False)``."""
    server: ServerAddress
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when the batch of the call is cancelled. A call that does not end soon is ended with its worker."""
    index: int = 0
    """The index of the element of the current call; for ``each_worker`` the rank."""
    grace: float = 0.0
    """Seconds within which connections of this worker may come back."""
    reporter: Optional[CallReporter] = None
    """Where the current call reports to; None if no master listens."""
    attempt: int = 1
    """The number of this call of the element, from 1 (S26)."""
    seed: str = ""
    """What the random numbers of the current call depend on, besides the index."""
    _random: Optional[tuple[str, int, Random]] = field(default=None, repr=False, compare=False)

    @property
    def random(self) -> Random:
        """Random numbers for the current call, which are the same in every attempt and however elements travel.

        They depend on the index of the element and the ``seed`` of the batch alone (S23.7).
        """
        known = self._random
        if known is None or known[:2] != (self.seed, self.index):
            known = self._random = (self.seed, self.index, Random(json.dumps([self.seed, self.index])))
        return known[2]

    def begin(self, index: int, attempt: int, seed: str) -> None:
        """A call begins."""
        self.index, self.attempt, self.seed = index, attempt, seed
        self._random = None

    def progress(self, value: Any) -> None:
        """Says how far the call is: any value. Its master receives the newest one, a few times a second.

        :raises UnsendableError: if the value cannot be sent
        """
        encode(value, "progress")
        if self.reporter is not None:
            self.reporter.progress(value)

    def log(self, *parts: object) -> None:
        """Says a line to the master of the call, as ``print`` does; without a listener, to the output of the worker."""
        text = " ".join(str(part) for part in parts)
        if self.reporter is None:
            print(f"element {self.index}: {text}")
        else:
            self.reporter.log(text)


_current: Optional[TaskContext] = None


def current_task() -> TaskContext:
    """The context of the call that runs in this process.

    :raises RuntimeError: in a program that is no worker
    """
    if _current is None:
        raise RuntimeError("this program is not a worker")
    return _current


def set_context(context: TaskContext) -> None:
    """Called once, when the worker starts."""
    global _current
    _current = context
