"""What a function can know of the worker that calls it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Optional

from ..address import ServerAddress


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
