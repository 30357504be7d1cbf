"""The loop of a worker: it fetches tasks and stores results (S7)."""

from __future__ import annotations

import socket
import sys
from typing import Any, Optional

from ..channel import Reply
from ..chunk import Part, encode_chunk
from ..connection import Connection, Found, store_request
from ..errors import ConnectionLostError, NwsError
from ..failures import encode_failure, failure
from ..names import Key, Variable
from ..values import decode
from .departure import Declined, Departure
from .runner import TaskResult, TaskRunner
from .session import WorkerSession

# A larger result is sent separately from the request for the next task.
_PIPELINED_BYTES = 4_096


class Work:
    """One worker's tasks, one after another."""

    def __init__(self, session: WorkerSession, departure: Departure) -> None:
        self._session = session
        self._departure = departure
        self._is_free = False
        self._has_left = False

    def leave(self, why: str, words: str = "") -> None:
        """Ends the loop when the worker has no task; may be called by another thread or a signal handler."""
        self._departure.request(why, words)
        if self._is_free:
            # A task that is on its way is returned as untried (S22.5).
            self._has_left = True
            self._session.leave()

    def find(self, variable: str) -> Optional[Found]:
        """A variable of the workspace; None if it has no value."""
        workspace = self._session.workspace
        return self._session.use(lambda connection: connection.get("findTry", workspace, variable))

    def run(self, runner: TaskRunner) -> None:
        """Returns when the worker is to leave, or the job has ended.

        :raises NotBackError: if it lost its connection and did not come back
        """
        session, result = self._session, None
        try:
            while True:
                task = session.use(lambda connection, done=result: self._next(connection, done))  # type: ignore[misc]
                self._is_free = False
                if self._has_left:
                    return
                result = runner.perform(task, _decoded)
                if self._departure.why is not None:
                    session.use(lambda connection, done=result: self._store(connection, done))  # type: ignore[misc]
                    return
        except (Declined, NwsError):
            return
        except ConnectionLostError:
            return
        finally:
            session.leave()

    def _next(self, connection: Connection, result: Optional[TaskResult]) -> Found:
        """Stores the result of the current task, if there is one, and fetches the next."""
        session = self._session
        requests: list[Any] = [(["fetch", session.workspace, Variable.TASK], {})]
        if result is not None and session.task is not None:
            if len(result.encoded.data) <= _PIPELINED_BYTES:
                # If the result is refused, the fetch says that the task has failed (S7.1).
                requests.insert(0, self._store_request(result))
            else:
                self._store(connection, result)
        *stored, reply = connection.request_all(requests, self._become_free)
        for each in stored:
            if each.status != "0000":
                _complain(each)
        session.task = None
        if reply.status != "0000":
            raise NwsError("fetch", reply.status, reply.metadata.get(Key.REASON, ""))
        session.task = Found(
            reply.value, reply.metadata, reply.descriptor, reply.variable_id, reply.index, reply.size
        )
        return session.task

    def _become_free(self) -> None:
        """From now on the worker has no task."""
        self._is_free = True
        if self._departure.why is not None:
            self.leave(self._departure.why)

    def _store(self, connection: Connection, result: Optional[TaskResult]) -> None:
        """Stores a result; if the server refuses it, one that says so, and keeps what is smaller."""
        while result is not None and self._session.task is not None:
            arguments, metadata = self._store_request(result)
            try:
                connection.request(*arguments, metadata=metadata)
            except NwsError as error:
                if error.code != "failed":
                    raise
                smaller = _without_largest(result, str(error))
                if smaller is None:
                    raise
                result = smaller
                continue
            self._session.task = None

    def _store_request(self, result: TaskResult) -> tuple[list[Any], dict[str, str]]:
        metadata = {**result.metadata, Key.HOST: socket.gethostname()}
        task = self._session.task
        attempt = None if task is None else task.metadata.get(Key.ATTEMPT)
        if attempt not in (None, "1"):
            # The server keeps the number of the first attempt with the task (S26).
            metadata[Key.ATTEMPT] = str(attempt)
        return store_request(self._session.workspace, Variable.RESULT, result.encoded, metadata)


def _decoded(task: Found) -> Any:
    return decode(task.descriptor, task.value, task.metadata)


def _without_largest(result: TaskResult, why: str) -> Optional[TaskResult]:
    """A result without its largest values, so that one that is too large fails alone."""
    if result.metadata.get(Key.ERROR) == "1":
        return None
    if result.parts is None:
        told = failure("threw", f"its result of {len(result.encoded.data)} bytes was not taken: {why}")
        return TaskResult(encode_failure(told), {Key.ERROR: "1"})
    limit = max(_size_of(part) for part in result.parts) / 2
    if limit == 0:
        return None
    parts = [part if _size_of(part) <= limit else _refused(part, why) for part in result.parts]
    return TaskResult(encode_chunk(parts), result.metadata, parts)


def _refused(part: Part, why: str) -> Part:
    told = failure("threw", f"its result of {len(part.encoded.data)} bytes was not taken: {why}")
    return Part(encode_failure(told), is_failure=True)


def _size_of(part: Part) -> int:
    return 0 if part.is_failure else len(part.encoded.data)


def _complain(reply: Reply) -> None:
    print(f"sleigh: a result was refused: {reply.metadata.get(Key.REASON, reply.status)}", file=sys.stderr)
