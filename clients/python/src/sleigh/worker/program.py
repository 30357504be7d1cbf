"""A worker process, started by a sentinel: ``python -m sleigh.worker.program CHANNEL BOARD LIFELINE …``.

The first three arguments are file descriptors. The others are for lists of processes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Optional

from ..address import ServerAddress
from ..errors import ConnectionLostError, NwsError
from ..functions import FunctionError, load_module
from .activity import ActivityWriter
from .context import TaskContext, set_context
from .departure import Departure
from .link import Link
from .runner import TaskRunner
from .session import NotBackError, WorkerSession
from .work import Work

# Seconds after which the sentinel would have told a worker that the job has ended.
_HEARING_SECONDS = 1.0
# Seconds between two checks of the memory.
_MEMORY_LOOK_SECONDS = 0.1


class WorkerProgram:
    """One worker, from its order to its end."""

    def __init__(self, link: Link, activity: ActivityWriter) -> None:
        self._link = link
        self._activity = activity
        self._departure = Departure()
        self._work: Optional[Work] = None
        self._runner: Optional[TaskRunner] = None
        self._order = link.receive()
        self._cancelled: dict[str, str] = self._order["cancelled"]
        self._done = 0
        self._memory_seen = 0.0

    def run(self) -> int:
        """Returns the exit status."""
        rank = self._order["rank"]
        # In a thread of its own, because a handler may interrupt whoever holds a lock.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self._leave, daemon=True).start())
        # Ctrl-C is for the program in the foreground, which ends this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._link.listen(self._hear)
        try:
            preload = self._order.get("preload")
            if preload is not None:
                load_module(preload)
            self._work_through(rank)
        except NotBackError as error:
            # Its task is returned, because losing the network is not the fault of the task (S22.5).
            _complain(rank, error)
            self._departure.request("cut-off", str(error))
        except (FunctionError, NwsError, ConnectionLostError) as error:
            # If the job has ended, this is not an error, and the sentinel ends this worker first.
            if not isinstance(error, FunctionError):
                time.sleep(_HEARING_SECONDS)
            _complain(rank, error)
            return 1
        why = self._departure.why or "cut-off"
        self._link.send("leaving", why=why, words=self._departure.words)
        return 0

    def _work_through(self, rank: int) -> None:
        order = self._order
        grace = order.get("reconnectGrace") or 0.0
        server = ServerAddress.from_json(order["server"])
        context = TaskContext(rank, order["workspace"], server, grace=grace)
        set_context(context)
        session = WorkerSession(context.server, context.workspace, rank, grace)
        work = Work(session, self._departure)
        self._work = work
        runner = TaskRunner(context, self._activity, self._departure, work.find, self._look)
        self._runner = runner
        runner.set_cancelled(self._cancelled)
        self._link.send("ready")
        work.run(runner)

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "cancelled":
            self._cancelled = message["batches"]
            if self._runner is not None:
                self._runner.set_cancelled(self._cancelled)
        elif kind == "condemn":
            if self._activity.condemn(message["call"]):
                self._link.send("condemned", call=message["call"])
        elif kind == "leave":
            self._leave()
        elif kind == "release":
            _flush()
            os._exit(0)

    def _leave(self) -> None:
        if self._work is None:
            self._departure.request("told-to-go")
        else:
            self._work.leave("told-to-go")

    def _look(self) -> None:
        """Checks between two elements whether the worker must leave."""
        self._done += 1
        most = self._order.get("maxTasks")
        if most is not None and self._done >= most:
            self._departure.request("max-tasks")
        limit = self._order.get("maxMemory")
        if limit is None or time.monotonic() - self._memory_seen < _MEMORY_LOOK_SECONDS:
            return
        self._memory_seen = time.monotonic()
        used = _memory_of_this_process()
        if used > limit:
            self._departure.request("max-memory", f"it took {used} bytes")


def main() -> None:
    """The program."""
    channel, board, lifeline = (int(text) for text in sys.argv[1:4])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    status = WorkerProgram(Link(channel, lifeline), ActivityWriter(board)).run()
    _flush()
    # Tasks may have left threads that never end.
    if threading.active_count() > 2:
        os._exit(status)
    sys.exit(status)


def _memory_of_this_process() -> int:
    """Its resident memory, in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        # The highest so far, which macOS counts in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _flush() -> None:
    # A task may have closed them.
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _complain(rank: int, error: BaseException) -> None:
    with suppress(Exception):
        print(f"sleigh: worker {rank}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
