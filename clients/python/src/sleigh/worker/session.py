"""The registration of a worker (S3), which may span several connections (S18)."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
from typing import Callable, Optional, TypeVar

from ..address import ServerAddress
from ..connection import Connection, Found
from ..errors import ConnectionLostError, NwsError
from ..names import Key, Variable

Result = TypeVar("Result")

# Seconds between two attempts to come back: at first, and at most.
_SHORTEST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
# Seconds beyond the grace, because the server may have noticed the loss later than the worker.
_OUT_OF_BOUNDS = 2.0


class NotBackError(Exception):
    """A worker lost its connection and could not come back. The message says why."""


class WorkerSession:
    """A worker's place in a job. If the job lets lost workers come back, it survives its connections.

    :raises NwsError: if the registration is refused
    """

    def __init__(self, server: ServerAddress, workspace: str, rank: int) -> None:
        self.workspace = workspace
        self.task: Optional[Found] = None
        """The current task, or the one whose result was sent without a reply so far."""
        self._server = server
        self._rank = rank
        self._session = secrets.token_urlsafe(24)
        self._grace = 0.0
        try:
            self._connection = self._register()
        except ConnectionLostError as error:
            # The reply may be lost. If the server does not allow to repeat it, it says so.
            if error.code != "lost":
                raise
            self._connection = self._register()

    def use(self, request: Callable[[Connection], Result]) -> Result:
        """Makes requests, and repeats them on the next connection if one is lost meanwhile.

        :raises ConnectionLostError: if the job lets no worker come back
        :raises NotBackError: if it may come back, and that failed
        """
        while True:
            try:
                return request(self._connection)
            except ConnectionLostError as lost:
                self._connection = self._come_back(lost)

    def leave(self) -> None:
        """Ends the registration."""
        self._connection.close()

    def _register(self) -> Connection:
        connection = Connection(self._server)
        try:
            connection.use_workspace(self.workspace)
            metadata = {
                Key.HOST: socket.gethostname(),
                Key.PID: str(os.getpid()),
                Key.LANGUAGE: "python",
                Key.SESSION: self._session,
            }
            number = None if self.task is None else self.task.metadata.get(Key.TASK_NUMBER)
            if number is not None:
                metadata[Key.DOING] = number
            told = connection.store(self.workspace, Variable.WORKER_IDS, str(self._rank), metadata)
        except BaseException:
            connection.close()
            raise
        self._grace = float(told.get(Key.GRACE, "0"))
        # Its result has been received, or it has failed.
        if told.get(Key.BUSY) == "0":
            self.task = None
        return connection

    def _come_back(self, lost: ConnectionLostError) -> Connection:
        # If this side has ended the connection, it would end the next one in the same way.
        if self._grace == 0 or lost.code != "lost":
            raise lost
        end = time.monotonic() + self._grace + _OUT_OF_BOUNDS
        pause = _SHORTEST_PAUSE
        while True:
            # The random delay prevents all workers from coming back at the same moment.
            time.sleep(pause * (0.5 + random.random()))
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                return self._register()
            except NwsError as error:
                if error.code != "failed":
                    raise
                why = f"it lost its connection, and may not come back: {error}"
                raise NotBackError(why) from error
            except ConnectionLostError as error:
                if time.monotonic() > end:
                    why = f"it lost its connection, and could not come back within {self._grace} seconds: {error}"
                    raise NotBackError(why) from error
