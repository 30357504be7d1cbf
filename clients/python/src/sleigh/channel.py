"""One connection of TCP: the bytes of requests out, and those of replies in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Callable, Optional

from . import wire
from .address import ServerAddress
from .deadline import Deadline
from .dictionary import number_in, read_dictionary
from .errors import ConnectionLostError, WaitTimeoutError
from .handshake import shake_hands, shake_hands_as_of_old
from .names import LONG_VERBS, Key
from .stream import Stream
from .wire import Argument, Metadata

# The reason with which a server withdraws a blocked request (P5.3).
_OVERRAN = "A request came while an earlier one was blocked."
_PIECE = 1 << 20


@dataclass(frozen=True)
class Reply:
    """A reply (P6, P7). A short one has no value."""

    status: str
    metadata: dict[str, str]
    descriptor: int = 0
    variable_id: str = ""
    index: int = 0
    size: int = 0
    value: bytes = b""


class FilePart:
    """The bytes of a binary file from where it stands: the last argument of a request, or the value of a reply."""

    def __init__(self, file: IO[bytes], size: int = 0) -> None:
        self.file = file
        self.size = size
        """The number of bytes that are sent."""
        self._start: Optional[int] = None
        with suppress(OSError, AttributeError):
            if file.seekable():
                self._start = file.tell()

    def rewind(self) -> bool:
        """Starts again. False if the file cannot seek."""
        if self._start is None:
            return False
        self.file.seek(self._start)
        return True


@dataclass(frozen=True)
class Request:
    """A request (P5)."""

    arguments: Sequence[Argument]
    metadata: Metadata = field(default_factory=dict)
    body: Optional[FilePart] = None
    """One more argument, which is never in memory as a whole (P11)."""
    target: Optional[FilePart] = None
    """Where the bytes of the value are written; the reply then has none."""

    @property
    def verb(self) -> str:
        """Its verb."""
        return str(self.arguments[0])

    def rewind(self) -> bool:
        """Whether it can be sent again."""
        return all(part is None or part.rewind() for part in (self.body, self.target))


class Channel:
    """Requests and their replies over one socket. One thread uses it at a time, except for ``close``.

    Every method raises ConnectionLostError if there is no connection.

    :param handshake: ``new`` (P2.1) or ``old`` (P2.4)
    :param timeout: seconds for connecting and for the handshake
    """

    def __init__(self, server: ServerAddress, handshake: str, timeout: Optional[float]) -> None:
        self.server = server
        self.has_metadata = handshake == "new"
        self.is_stored = False
        """Whether the server keeps its data when it ends (D7)."""
        self.has_page = False
        """Whether the server has a page (P2.1)."""
        self.is_lost = False
        self._sending = threading.Lock()
        self._stream = Stream(server, timeout)
        try:
            if self.has_metadata:
                offer = shake_hands(self._stream)
                self.is_stored = wire.OPTION_DURABILITY in offer
                self.has_page = wire.OPTION_WEB_PORT in offer
            else:
                shake_hands_as_of_old(self._stream)
            self._stream.set_timeout(None)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection. A request that waits here, in another thread, fails as ``closed``."""
        self.is_lost = True
        self._stream.close()

    def exchange(
        self,
        requests: Sequence[Request],
        replies: list[Reply],
        deadline: Deadline,
        before_last: Callable[[], None],
        on_withdrawal: Callable[[], None] = lambda: None,
    ) -> None:
        """Makes requests, of which only the last may wait (P5.2), and adds their replies to the list as they come.

        :param before_last: called when all replies but the last have arrived
        :param on_withdrawal: called when the last request is withdrawn (P5.3)
        :raises WaitTimeoutError: the last request was withdrawn, and the server closes the connection
        """
        self.send(requests)
        for request in requests[:-1]:
            replies.append(self.receive(request))
        before_last()
        last = requests[-1]
        has_end = deadline.seconds is not None or deadline.waker is not None
        if has_end and not self._stream.wait(deadline.left, deadline.waker):
            on_withdrawal()
            replies.append(self.withdraw(last))
        else:
            replies.append(self.receive(last))

    def send(self, requests: Sequence[Request]) -> None:
        """Sends requests. Large arguments are not copied."""
        with self._sending:
            pieces: list[bytes] = []
            for request in requests:
                last = request.arguments[-1]
                body = request.body
                if body is None and len(last) <= _PIECE:
                    pieces.append(self._head(request))
                    continue
                size = len(wire.to_bytes(last)) if body is None else body.size
                pieces.append(self._head(request, size))
                self._stream.write(b"".join(pieces))
                pieces.clear()
                if body is None:
                    self._stream.write(wire.to_bytes(last))
                else:
                    self._send_body(body)
            if pieces:
                self._stream.write(b"".join(pieces))

    def say(self, request: Request) -> None:
        """Sends a request whose reply nobody reads, unless another one is being sent."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            with suppress(ConnectionLostError):
                self._stream.write(self._head(request))
        finally:
            self._sending.release()

    def receive(self, request: Request) -> Reply:
        """The reply to the next request without one."""
        metadata = read_dictionary(self._stream) if self.has_metadata else {}
        status = self._read_status()
        if request.verb not in LONG_VERBS:
            return Reply(status, metadata)
        return self._read_value(status, metadata, request.target)

    def withdraw(self, request: Request) -> Reply:
        """Ends the wait of a get, without losing a value that is on its way (P5.3).

        :returns: the reply, if it came before
        :raises WaitTimeoutError: the get was withdrawn, and the server closes the connection
        """
        probe = Request(["list vars", request.arguments[1]])
        self.send([probe])
        metadata = read_dictionary(self._stream) if self.has_metadata else {}
        status = self._read_status()
        # Without metadata the server says no reason, but only the withdrawn request gets this status now.
        if status == "0001" and metadata.get(Key.REASON, _OVERRAN) == _OVERRAN:
            raise WaitTimeoutError("no value came in time")
        reply = self._read_value(status, metadata, request.target)
        self.receive(probe)
        return reply

    def has_ended(self) -> bool:
        """Whether the server has ended a connection on which no request is under way."""
        try:
            # Nothing can arrive but the end.
            return self._stream.wait(0)
        except ConnectionLostError:
            return True

    def _head(self, request: Request, size_of_last: Optional[int] = None) -> bytes:
        """The request, or with a size what comes before the bytes of its last argument."""
        dictionary = wire.encode_dictionary(request.metadata) if self.has_metadata else b""
        arguments = request.arguments
        if size_of_last is not None and request.body is None:
            arguments = arguments[:-1]
        return dictionary + wire.encode_request_head(arguments, size_of_last)

    def _send_body(self, body: FilePart) -> None:
        left = body.size
        while left > 0:
            piece = body.file.read(min(left, _PIECE))
            if not piece:
                raise ValueError(f"the file ended {left} bytes before the announced {body.size}")
            self._stream.write(piece)
            left -= len(piece)

    def _read_status(self) -> str:
        status = self._stream.read(4)
        if not status.isdigit():
            raise ConnectionLostError("not-nws", f"{self.server} sent {status!r} in the place of a status")
        return status.decode("ascii")

    def _read_value(self, status: str, metadata: dict[str, str], target: Optional[FilePart]) -> Reply:
        head = self._stream.read(80)
        descriptor, index, size = (number_in(self._stream, head[at : at + 20]) for at in (0, 40, 60))
        variable_id = head[20:40].decode("latin-1").rstrip()
        value = b""
        if target is None or status != "0000":
            value = self._stream.read(size)
        else:
            left = size
            while left > 0:
                piece = self._stream.read_some(min(left, _PIECE))
                target.file.write(piece)
                left -= len(piece)
        return Reply(status, metadata, descriptor, variable_id, index, size, value)
