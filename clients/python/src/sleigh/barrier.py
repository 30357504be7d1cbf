"""Lets programs wait for each other."""

from __future__ import annotations

from typing import Any, Optional

from .connection import Connection
from .deadline import Deadline
from .lines import Lines


class Barrier:
    """Lets programs wait for each other (V12). It has a connection of its own while it is joined."""

    def __init__(self, lines: Lines, workspace: str, name: str) -> None:
        self.name = name
        self._lines = lines
        self._workspace = workspace
        self._lent: Any = None
        self._connection: Optional[Connection] = None

    def join(self) -> None:
        """Makes this program a member, if it is not one. From now on the other members wait for it."""
        self._join()

    def wait(self, timeout: Optional[float] = None) -> int:
        """Joins if necessary, and waits until all members wait. Returns their number.

        :raises WaitTimeoutError: then it has left the barrier
        """
        deadline = Deadline(timeout)
        connection = self._join()
        try:
            found = connection.get("find", self._workspace, self.name, timeout=deadline.left)
        except BaseException:
            if connection.is_lost:
                self._forget()
            raise
        assert found is not None, "a find waits"
        return int(found.value)

    def leave(self) -> None:
        """Ends the membership, so that the others do not wait for this program."""
        if self._connection is None:
            return
        try:
            self._connection.get("fetch", self._workspace, self.name)
        finally:
            self._forget()

    def __enter__(self) -> Barrier:
        self.join()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def _join(self) -> Connection:
        if self._connection is not None:
            return self._connection
        self._lent = self._lines.lend(self._workspace)
        connection: Connection = self._lent.__enter__()
        self._connection = connection
        try:
            connection.declare(self._workspace, self.name, "__barrier")
            connection.store(self._workspace, self.name, "")
        except BaseException:
            self._forget()
            raise
        return connection

    def _forget(self) -> None:
        lent, self._lent, self._connection = self._lent, None, None
        if lent is not None:
            lent.__exit__(None, None, None)
