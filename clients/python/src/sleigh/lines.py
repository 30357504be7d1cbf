"""The connections of one program to one server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from .address import ServerAddress
from .connection import Connection, Grace
from .errors import ConnectionLostError
from .reconnect import reconnect

# The number of idle connections that are kept.
_MAX_IDLE = 8


class Lines:
    """``main`` for requests that are answered at once, and one connection for each request that waits (P5.3).

    Threads may share it.
    """

    def __init__(
        self,
        server: ServerAddress,
        *,
        handshake: str = "new",
        timeout: Optional[float] = 30.0,
        pickles: bool = True,
        reconnect_grace: Grace = 0,
    ) -> None:
        self.server = server
        self._grace = reconnect_grace
        self._handshake = handshake
        self._timeout = timeout
        self._pickles = pickles
        self._lock = threading.Lock()
        self._idle: list[tuple[Connection, set[str]]] = []
        self._busy: set[Connection] = set()
        self._closed = threading.Event()
        self.main = self._connect()

    @contextmanager
    def lend(self, workspace: str) -> Iterator[Connection]:
        """A connection that has opened the workspace, for the time of the block."""
        with self._lock:
            connection, used = self._idle.pop() if self._idle else (None, set[str]())
        if connection is None:
            connection = self._connect_within_grace()
        with self._lock:
            self._busy.add(connection)
        try:
            if self._closed.is_set():
                raise ConnectionLostError("closed", f"{self.server} was closed on this side")
            if workspace not in used:
                connection.use_workspace(workspace)
                used.add(workspace)
            yield connection
        finally:
            with self._lock:
                self._busy.discard(connection)
                is_kept = not self._closed.is_set() and len(self._idle) < _MAX_IDLE and not connection.is_lost
                if is_kept:
                    self._idle.append((connection, used))
            if not is_kept:
                connection.close()

    def close(self) -> None:
        """Closes all connections. Requests that wait fail as ``closed``."""
        with self._lock:
            self._closed.set()
            # The workspace may belong to the main connection. It is last, so that the others are not refused as purged.
            connections = [*self._busy, *(connection for connection, _ in self._idle), self.main]
            self._idle.clear()
        for connection in connections:
            connection.close()

    def _connect(self) -> Connection:
        return Connection(
            self.server,
            handshake=self._handshake,
            timeout=self._timeout,
            pickles=self._pickles,
            reconnect_grace=self._grace,
        )

    def _connect_within_grace(self) -> Connection:
        """The server may come back within the grace of the program, so its first refusal is not the last word."""
        try:
            return self._connect()
        except ConnectionLostError:
            if self.main.grace == 0:
                raise
            return reconnect(self._connect, self.main.grace, self._closed)
