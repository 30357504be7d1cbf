"""A session: requests and their replies over several connections, one after another (P15).

Its rules are the chart ``client-session``.
"""

from __future__ import annotations

import atexit
import os
import secrets
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Callable, Optional

from .channel import Channel, Reply, Request
from .chart import Actor, Chart
from .deadline import Deadline
from .errors import ConnectionLostError, NwsError, WaitTimeoutError
from .names import WAITING_VERBS, Key
from .reconnect import reconnect, watch

_CHART = Chart.load("client-session")
_FAREWELL = Request(["end session"])
# The grace, in seconds, on a server that keeps its data, unless a program chooses another one.
STORED_GRACE = 60.0


class Session:
    """Survives its connections: when one is lost it connects again, and repeats the requests without a reply.

    The server carries out a repeated request once. After the grace the session is lost like any connection.

    :param channel: the first connection
    :param open_channel: opens another one
    :param lock: held by whoever makes requests
    :param grace: seconds, as the server grants them
    """

    def __init__(
        self,
        channel: Channel,
        open_channel: Callable[[], Channel],
        lock: threading.Lock,
        secret: str,
        grace: float,
    ) -> None:
        self.grace = grace
        self.channel = channel
        """The current connection, or the last one."""
        self._open = open_channel
        self._lock = lock
        self._secret = secret
        self._closed = threading.Event()
        self._process = os.getpid()
        # The numbers of the last request, and of the last one that was answered (P15.1).
        self._last = 0
        self._answered = 0
        # Why there is no connection any more, or why the last one was lost.
        self._lost: Optional[ConnectionLostError] = None
        # Any thread may close it.
        self._events = threading.RLock()
        self._commanded: set[str] = set()
        commands = ("connectAgain", "repeat", "withdraw", "end", "reportUnexpected")
        self._actor = Actor(_CHART, {}, {name: self._noting(name) for name in commands})
        self._actor.start()
        _sessions.add(self)
        watch(self._look, self._closed)

    @staticmethod
    def begin(
        channel: Channel, seconds: float, open_channel: Callable[[], Channel], lock: threading.Lock
    ) -> Optional[Session]:
        """Begins a session; None if the server knows no sessions.

        :param seconds: the grace that is wanted
        """
        secret = secrets.token_urlsafe(24)
        reply = _ask(channel, Request(["open session", secret, f"{seconds:.15g}"]))
        if reply.status != "0000":
            return None
        return Session(channel, open_channel, lock, secret, float(reply.metadata.get(Key.GRACE, "0")))

    @property
    def actor(self) -> Actor:
        """Its chart in progress."""
        return self._actor

    @property
    def is_lost(self) -> bool:
        """Whether it has ended."""
        return self._actor.is_over

    def exchange(
        self, requests: Sequence[Request], deadline: Deadline, before_last: Callable[[], None]
    ) -> list[Reply]:
        """As ``Channel.exchange``, over as many connections as that takes. Call it with the lock.

        :raises ConnectionLostError: if the session has ended, or a file that cannot seek would have to be sent again
        """
        first = self._last + 1
        self._last += len(requests)
        replies: list[Reply] = []
        told = False

        def before_last_once() -> None:
            # The last request may be repeated on several connections.
            nonlocal told
            if not told:
                told = True
                before_last()

        while len(replies) < len(requests):
            if self.is_lost and self._lost is not None:
                raise self._lost
            had = len(replies)
            left = [self._numbered(request, first + had + at) for at, request in enumerate(requests[had:])]
            try:
                self.channel.exchange(left, replies, deadline, before_last_once, self._withdrawn)
            except WaitTimeoutError:
                # The server has closed the connection, and the session with it (P15.3).
                self._lose(ConnectionLostError("closed", f"{self.channel.server} has withdrawn a get"))
                self._send("connection.lost")
                raise
            except ConnectionLostError as lost:
                self._settle(requests, first, had, len(replies))
                may_wait = requests[-1].verb in WAITING_VERBS
                if self._come_back(lost, deadline if may_wait else Deadline(None)):
                    deadline = Deadline(0.0)
                if not all(request.rewind() for request in requests[len(replies) :]):
                    self._answered = self._last
                    raise
            else:
                self._settle(requests, first, had, len(replies))
        return replies

    def close(self) -> None:
        """Ends the session together with its connection (P15.4)."""
        self._lose(ConnectionLostError("closed", f"{self.channel.server} was closed on this side"))
        self._send("closed")

    def end_with(self, process: int) -> None:
        """The program ends. A process that was forked leaves the sessions of its parent alone."""
        if process == self._process:
            self.close()

    # --- its chart ---

    def _noting(self, name: str) -> Callable[[Mapping[str, Any], Optional[int]], None]:
        return lambda *_: self._commanded.add(name)

    def _send(self, kind: str) -> set[str]:
        """The commands of the chart for an event."""
        with self._events:
            self._commanded = set()
            self._actor.send(kind)
            commanded = self._commanded
        if "end" in commanded:
            self._end()
        return commanded

    def _lose(self, why: ConnectionLostError) -> None:
        with self._events:
            if not self.is_lost:
                self._lost = why

    def _end(self) -> None:
        self._closed.set()
        if self._lost is not None and self._lost.code == "closed":
            self.channel.say(_FAREWELL)
        self.channel.close()

    def _withdrawn(self) -> None:
        self._send("get.withdrawn")

    # --- requests ---

    def _numbered(self, request: Request, number: int) -> Request:
        numbers = {Key.REQUEST: str(number), Key.ANSWERED: str(self._answered)}
        return replace(request, metadata={**request.metadata, **numbers})

    def _settle(self, requests: Sequence[Request], first: int, had: int, have: int) -> None:
        """Some more replies have come, in the order of the requests."""
        self._answered = first + have - 1
        if any(request.verb in WAITING_VERBS for request in requests[had:have]):
            self._send("get.answered")

    # --- connections ---

    def _come_back(self, lost: ConnectionLostError, deadline: Deadline) -> bool:
        """Connects again. Returns whether the get that waits is to be withdrawn then, because its time is up.

        :raises ConnectionLostError: if there is no way back
        """
        self._lose(lost)
        self.channel.close()
        if "connectAgain" not in self._send("connection.lost" if lost.code == "lost" else "gave.up"):
            raise self._lost or lost
        try:
            channel = reconnect(self._resume, self.grace, self._closed)
        except (ConnectionLostError, NwsError) as error:
            self._send("gave.up")
            raise (self._lost or lost) from error
        if deadline.has_passed:
            self._send("get.withdrawn")
        self.channel = channel
        commanded = self._send("resumed")
        if self.is_lost:
            # It was closed meanwhile.
            channel.close()
            raise self._lost or lost
        return "withdraw" in commanded

    def _resume(self) -> Channel:
        """:raises NwsError: if the server does not know the session any more"""
        if self._closed.is_set():
            raise self._lost or ConnectionLostError(
                "closed", f"{self.channel.server} was closed on this side"
            )
        channel = self._open()
        try:
            reply = _ask(channel, Request(["resume session", self._secret]))
            if reply.status != "0000":
                raise NwsError("resume session", reply.status, reply.metadata.get(Key.REASON, ""))
        except BaseException:
            channel.close()
            raise
        return channel

    def _look(self) -> bool:
        """Notices the loss of a connection while no request is made."""
        if self._lock.acquire(blocking=False):
            try:
                if not self.is_lost and self.channel.has_ended():
                    why = f"{self.channel.server} is not connected any more (it has ended the connection)"
                    with suppress(ConnectionLostError):
                        self._come_back(ConnectionLostError("lost", why), Deadline(None))
            finally:
                self._lock.release()
        return not self.is_lost


def _ask(channel: Channel, request: Request) -> Reply:
    replies: list[Reply] = []
    channel.exchange([request], replies, Deadline(None), lambda: None)
    return replies[0]


_sessions: weakref.WeakSet[Session] = weakref.WeakSet()


def _end_all() -> None:
    for session in list(_sessions):
        session.end_with(os.getpid())


atexit.register(_end_all)
