"""What a sentinel tells a server that has a page, and what it does for it (S24.3 to S24.5)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Callable, Optional

from ..connection import Connection, Found
from ..errors import ConnectionLostError, NwsError
from ..names import Variable
from .loop import Loop, Talker
from .pool import WorkerPool

# Milliseconds between two reports.
_PERIOD_MS = 2_000
# The number of characters of copied output that may be on their way to the server.
_MOST_COPIED_AT_ONCE = 256 << 10


class PageReports:
    """Stores what the workers do. Everything runs in the thread of the loop.

    :param talking: a connection for requests that do not wait, which the talker uses
    :param tell: stores lines of output as a copy
    """

    def __init__(
        self,
        loop: Loop,
        talker: Talker,
        talking: Connection,
        workspace: str,
        pool: WorkerPool,
        *,
        tell: Callable[[int, str, str], None],
    ) -> None:
        self._loop = loop
        self._talker = talker
        self._talking = talking
        self._workspace = workspace
        self._pool = pool
        self._tell = tell
        self._variable: Optional[str] = None
        self._copying = 0
        self._left_out = 0

    def begin(self) -> None:
        """Begins when a rank is known."""
        self._loop.start_timer(_PERIOD_MS, self._report if self._name() else self.begin)

    def copy(self, rank: int, variable: str, lines: str) -> None:
        """Stores a copy of lines that whoever started the workers has already (S24.4). It delays nothing."""
        if self._copying + len(lines) > _MOST_COPIED_AT_ONCE:
            self._left_out += 1
            return
        before = ""
        if self._left_out > 0:
            before = f"(output was left out here {self._left_out} times: it came too fast)\n"
            self._left_out = 0
        self._copying += len(lines)

        def copied(_: object) -> None:
            self._copying -= len(lines)

        self._talker.ask(lambda: self._tell(rank, variable, before + lines), copied)

    def _name(self) -> bool:
        if self._variable is None and self._pool.first_rank is not None:
            self._variable = f"{Variable.SENTINEL}{self._pool.first_rank}"
            variable = self._variable
            self._talker.ask(
                lambda: self._talking.declare(self._workspace, variable, "single"), lambda _: None
            )
        return self._variable is not None

    def _report(self) -> None:
        report = {"host": socket.gethostname(), "workers": self._pool.report()}
        variable = self._variable or ""

        def stored(_: object) -> None:
            self._loop.start_timer(_PERIOD_MS, self._report)

        self._talker.ask(lambda: self._talking.store(self._workspace, variable, report), stored)


def follow_stops(connection: Connection, workspace: str, stop: Callable[[int], None]) -> None:
    """Follows the orders of the page to stop workers (S24.5), in a thread of its own, until the job ends.

    :param connection: its own, because it waits
    """

    def follow() -> None:
        with suppress(NwsError, ConnectionLostError):
            after: Optional[Found] = None
            # Earlier orders were for others: a worker that was stopped has been replaced under its rank.
            while True:
                found = connection.get("ifindTry", workspace, Variable.ORDERS, after=after)
                if found is None:
                    break
                after = found
            while True:
                after = connection.get("ifind", workspace, Variable.ORDERS, after=after)
                order: Any = None if after is None else after.value
                # Any client may have written it.
                if isinstance(order, Mapping) and order.get("order") == "stop":
                    rank = order.get("rank")
                    if isinstance(rank, int):
                        stop(rank)

    threading.Thread(target=follow, name="sleigh orders", daemon=True).start()
