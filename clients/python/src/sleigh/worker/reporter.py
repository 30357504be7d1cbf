"""What calls say while they run, for masters that listen (S23.9)."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any, Optional

from ..address import ServerAddress
from ..connection import Connection
from ..errors import ConnectionLostError, NwsError
from ..names import Variable

# Seconds between two values of the progress of one call.
_PERIOD = 0.05


class CallReporter:
    """Sends every line, and the newest value of the progress, a few times a second. Threads of a call may share it.

    :param grace: seconds within which its connection, which it makes when it is needed, may come back
    """

    def __init__(self, server: ServerAddress, workspace: str, rank: int, grace: float) -> None:
        self._server = server
        self._workspace = workspace
        self._rank = rank
        self._grace = grace
        self._lock = threading.Lock()
        self._connection: Optional[Connection] = None
        self._about: dict[str, Any] = {}
        self._latest: Optional[tuple[Any]] = None
        self._sent = 0.0

    def begin(self, batch: str, index: int) -> None:
        """A call begins."""
        with self._lock:
            self._about = {"batch": batch, "index": index, "worker": self._rank}
            self._latest, self._sent = None, 0.0

    def progress(self, value: Any) -> None:
        """Sends the value, or keeps it for later."""
        with self._lock:
            self._latest = (value,)
            if time.monotonic() - self._sent >= _PERIOD:
                self._flush()

    def log(self, text: str) -> None:
        """Sends a line."""
        with self._lock:
            self._send("log", text)

    def end(self) -> None:
        """The call has ended."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if self._latest is not None:
            (value,) = self._latest
            self._latest, self._sent = None, time.monotonic()
            self._send("progress", value)

    def _send(self, kind: str, value: Any) -> None:
        # If the server cannot be reached, the call goes on.
        with suppress(NwsError, ConnectionLostError):
            if self._connection is None or self._connection.is_lost:
                self._connection = Connection(self._server, reconnect_grace=self._grace)
                self._connection.use_workspace(self._workspace)
            report = {**self._about, "type": kind, "value": value}
            self._connection.store(self._workspace, Variable.CALLS, report)
