"""A sentinel: the workers of this host, from its order to their end (S2, S9, S19)."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from ..connection import Connection
from ..errors import ConnectionLostError, LaunchError, NwsError
from ..names import Key, Variable
from .loop import Loop, Talker
from .order import SentinelOrder
from .page import PageReports, follow_stops
from .pool import PoolPorts, WorkerPool
from .worker_process import DIED, NOT_LOADED, TIMED_OUT, WorkerEnd

# Seconds to wait at the end for a server that does not answer, and for one that is being started again: without the
# reports of this sentinel it would await the workers for the whole grace.
_BYE_SECONDS = 1.0
_BYE_SECONDS_WITH_SESSION = 10.0
# The longest time between the death of a worker and its notification, in seconds.
_WORD_OF_DEATH_SECONDS = 0.05
# The ends that are reported to whoever started the workers.
_DEATHS = frozenset({DIED, TIMED_OUT, NOT_LOADED})


class Sentinel:
    """Starts workers, supervises and replaces them, and ends them with the job.

    :param on_death: called for each worker that ends unexpectedly, with its rank and how it ended
    :param on_output: called with the output of workers; by default it goes to ``logDebug`` and ``logError``
    :raises NwsError, ConnectionLostError, LaunchError: if there are no ranks; then no worker is left
    """

    def __init__(
        self,
        order: SentinelOrder,
        *,
        on_death: Callable[[int, str], None] = lambda _rank, _how: None,
        on_output: Optional[Callable[[str], object]] = None,
    ) -> None:
        self.is_over = False
        """Whether the job has ended, or the server cannot be reached."""
        self.reason = ""
        """Why it has no workers any more."""
        self._order = order
        self._on_death = on_death
        self._on_output = on_output
        self._session = secrets.token_urlsafe(24)
        self._rank_error: Optional[Exception] = None
        self._gone = threading.Event()
        self._begun = threading.Event()
        self._answers = 0
        # A connection that waits answers no other request (P5.2).
        self._connections: list[Connection] = []
        try:
            grace = "stored" if order.reconnect_grace is None else order.reconnect_grace
            for _ in range(3):
                connection = Connection(order.server, reconnect_grace=grace)
                self._connections.append(connection)
                connection.use_workspace(order.workspace)
        except BaseException:
            self._close()
            raise
        self._watching, self._listening, self._talking = self._connections
        # Its workers await the server as long as it does.
        order = replace(order, reconnect_grace=self._watching.grace)
        self._loop = Loop()
        self._talker = Talker(self._loop)
        ports = PoolPorts(self._ask_for_rank, self._report, self._output, self._stopped)
        self._pool = WorkerPool(self._loop, order, ports)
        self._page: Optional[PageReports] = None
        if self._talking.server_has_page:
            self._page = PageReports(
                self._loop, self._talker, self._talking, order.workspace, self._pool, tell=self._tell_copy
            )
            self._loop.post(self._page.begin)
        self._loop.post(self._pool.start)
        threading.Thread(target=self._loop.run, name="sleigh sentinel", daemon=True).start()
        self._begun.wait()
        if self.started == 0:
            self._gone.wait()
            raise self._rank_error or LaunchError(f"{order.workspace} accepts no more workers")
        for run in (self._watch, self._follow_cancelled):
            threading.Thread(target=run, name="sleigh sentinel", daemon=True).start()
        if self._page is not None:
            self._follow_stops()

    @property
    def started(self) -> int:
        """The number of workers at first, which is lower than wanted if the job accepts no more."""
        return self._pool.started

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until the last worker has ended and that is reported. False if the time is up before."""
        return self._gone.wait(timeout)

    def drain(self, seconds: float) -> None:
        """Lets the workers complete their calls within that time; returns at once."""
        self._loop.post(lambda: self._pool.drain(seconds * 1_000))

    def end(self) -> None:
        """Ends the workers; returns when the last one has ended."""
        self._loop.post(self._pool.stop)
        self._gone.wait()

    def _watch(self) -> None:
        """Waits in ``sentinel_alive`` (S9) until the job has ended, or the server cannot be reached."""
        workspace = self._order.workspace
        try:
            while self._fetch(self._watching, workspace, Variable.SENTINEL_ALIVE) == "0":
                pass
            self.is_over = True
            # If the death of a worker has ended the job, this process may learn of it a little later.
            time.sleep(_WORD_OF_DEATH_SECONDS)
        except (NwsError, ConnectionLostError):
            self.is_over = not self._gone.is_set()
        self._loop.post(self._pool.stop)

    def _follow_cancelled(self) -> None:
        """Passes on the list of cancelled batches (S22.3)."""
        after = None
        with suppress(NwsError, ConnectionLostError):
            while True:
                after = self._listening.get("ifind", self._order.workspace, Variable.CANCELLED, after=after)
                batches = after.value if after is not None and isinstance(after.value, dict) else {}
                self._loop.post(lambda marked=batches: self._pool.set_cancelled(marked))  # type: ignore[misc]

    def _fetch(self, connection: Connection, workspace: str, variable: str, **metadata: str) -> Any:
        found = connection.get("fetch", workspace, variable, metadata=metadata)
        return None if found is None else found.value

    # --- what its pool needs ---

    def _ask_for_rank(self, replaces: Optional[int], answered: Callable[[Optional[int]], None]) -> None:
        metadata = {Key.SESSION: self._session}
        # The connection that asks first becomes the sentinel (S2). Later it is blocked in sentinel_alive.
        connection = self._watching if replaces is None else self._talking
        if replaces is not None:
            metadata[Key.REPLACES] = str(replaces)

        def ask() -> Optional[int]:
            try:
                rank = int(self._fetch(connection, self._order.workspace, Variable.WORKER_IDS, **metadata))
            except (NwsError, ConnectionLostError) as error:
                self._rank_error = error
                return None
            return rank if rank >= 0 else None

        def answer(rank: Optional[int]) -> None:
            answered(rank)
            if replaces is None:
                self._answers += 1
                if self._answers == self._order.workers:
                    self._begun.set()

        self._talker.ask(ask, answer)

    def _report(self, end: WorkerEnd, reported: Callable[[], None]) -> None:
        details = {
            Key.SESSION: self._session,
            Key.HOW: end.how,
            Key.TASK: end.task,
            Key.WHY: end.why,
            Key.LAST_WORDS: end.words,
        }
        if end.task == "failed":
            details[Key.AT] = str(end.at)
        self._talker.ask(
            lambda: self._tell(Variable.WORKER_DEAD, str(end.rank), details), lambda _: reported()
        )
        if end.why not in _DEATHS:
            return
        self._on_death(end.rank, end.how)
        if self._on_output is None:
            death = {Key.RANK: str(end.rank), Key.ENDED: end.how}
            words = f"worker {end.rank} has ended: {end.how}"
            self._talker.ask(lambda: self._tell(Variable.LOG_ERROR, words, death), lambda _: None)

    def _output(self, rank: int, stream: str, lines: str, taken: Callable[[], None]) -> None:
        variable = Variable.LOG_DEBUG if stream == "stdout" else Variable.LOG_ERROR
        if self._on_output is not None:
            self._on_output(f"{lines}\n")
            taken()
            if self._page is not None:
                self._page.copy(rank, variable, lines)
            return
        self._talker.ask(lambda: self._tell(variable, lines, {Key.RANK: str(rank)}), lambda _: taken())

    def _stopped(self, reason: str) -> None:
        self.reason = reason
        threading.Thread(target=self._leave, name="sleigh sentinel", daemon=True).start()

    def _leave(self) -> None:
        details = {
            Key.WORKERS: str(self.started),
            Key.STATION: self._order.station,
            Key.BYE_REASON: self.reason,
        }
        words = f"the sentinel of {self.started} workers has ended"
        self._talker.ask(lambda: self._tell(Variable.BYE, words, details), lambda _: None)
        self._talker.close(_BYE_SECONDS if self._talking.grace == 0 else _BYE_SECONDS_WITH_SESSION)
        self._loop.post(self._loop.stop)
        self._begun.set()
        self._gone.set()
        self._close()

    def _tell_copy(self, rank: int, variable: str, lines: str) -> None:
        self._tell(variable, lines, {Key.RANK: str(rank), Key.PASSED_ON: "1"})

    def _follow_stops(self) -> None:
        with suppress(NwsError, ConnectionLostError):
            connection = Connection(self._order.server, reconnect_grace=self._talking.grace)
            self._connections.append(connection)
            connection.use_workspace(self._order.workspace)
            kill = self._pool.kill
            follow_stops(connection, self._order.workspace, lambda rank: self._loop.post(lambda: kill(rank)))

    def _tell(self, variable: str, text: str, details: dict[str, str]) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        metadata = {Key.TIME: now, Key.HOST: socket.gethostname(), **details}
        self._talking.store(self._order.workspace, variable, text, metadata)

    def _close(self) -> None:
        for connection in self._connections:
            connection.close()
