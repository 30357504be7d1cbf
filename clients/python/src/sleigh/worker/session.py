"""The registration of a worker (S3), which may span several connections (S18)."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from typing import Callable, Optional, TypeVar

from ..address import ServerAddress
from ..connection import Connection, Found
from ..errors import ConnectionLostError, NwsError
from ..names import Key, Variable
from ..reconnect import reconnect, watch

Result = TypeVar("Result")


class NotBackError(Exception):
    """A worker lost its connection and could not come back. The message says why."""


class WorkerSession:
    """A worker's place in a job. If the job lets lost workers come back, it survives its connections.

    It comes back as soon as its connection is lost, even during a call.

    :param grace: seconds within which the server is awaited at the start; later the job says how long (S18)
    :raises NwsError: if the registration is refused
    """

    def __init__(self, server: ServerAddress, workspace: str, rank: int, grace: float = 0.0) -> None:
        self.workspace = workspace
        self.task: Optional[Found] = None
        """The current task, or the one whose result was sent without a reply so far."""
        self._server = server
        self._rank = rank
        self._session = secrets.token_urlsafe(24)
        self._grace = grace
        # Held while requests are made. The worker's other threads and signal handlers only close the connection.
        self._lock = threading.Lock()
        self._left = threading.Event()
        self._end: Optional[Exception] = None
        try:
            self._connection = self._register()
        except ConnectionLostError as error:
            # The reply may be lost. If the server does not allow to repeat it, it says so.
            if self._grace > 0:
                self._connection = self._try_again()
            elif error.code == "lost":
                self._connection = self._register()
            else:
                raise
        watch(self._look, self._left)

    def use(self, request: Callable[[Connection], Result]) -> Result:
        """Makes requests, and repeats them on the next connection if one is lost meanwhile.

        :raises ConnectionLostError: if the job lets no worker come back
        :raises NotBackError: if it may come back, and that failed
        """
        with self._lock:
            while True:
                if self._end is not None:
                    raise self._end
                try:
                    return request(self._connection)
                except ConnectionLostError as lost:
                    self._come_back(lost)

    def leave(self) -> None:
        """Ends the registration."""
        self._left.set()
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

    def _come_back(self, lost: ConnectionLostError) -> None:
        # If this side has ended the connection, it would end the next one in the same way.
        if self._grace == 0 or lost.code != "lost" or self._left.is_set():
            raise lost
        try:
            self._connection = self._try_again()
        except Exception as error:
            self._end = error
            raise
        if self._left.is_set():
            self._connection.close()

    def _try_again(self) -> Connection:
        try:
            return reconnect(self._register, self._grace, self._left)
        except NwsError as error:
            if error.code != "failed":
                raise
            why = f"it lost its connection, and may not come back: {error}"
            raise NotBackError(why) from error
        except ConnectionLostError as error:
            why = f"it lost its connection, and could not come back within {self._grace:g} seconds: {error}"
            raise NotBackError(why) from error

    def _look(self) -> bool:
        """Notices the loss of the connection during a call."""
        if self._lock.acquire(blocking=False):
            try:
                if self._end is None and self._connection.has_ended:
                    self._come_back(ConnectionLostError("lost", f"{self._server} has ended the connection"))
            except (ConnectionLostError, NwsError, NotBackError) as error:
                self._end = error
            finally:
                self._lock.release()
        return self._end is None
