"""One connection to a server, for one request at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Callable, Optional

from . import wire
from .address import ServerAddress, ServerLike, as_address
from .dictionary import number_in, read_dictionary
from .errors import ConnectionLostError, NwsError, WaitTimeoutError
from .handshake import shake_hands, shake_hands_as_of_old
from .listings import VariableInfo, WorkspaceInfo, variables_in, workspaces_in
from .names import LONG_VERBS, Key
from .stream import Stream
from .values import Encoded, decode, encode
from .wire import Argument, Metadata

_NONE: Metadata = {}
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


@dataclass(frozen=True)
class Found:
    """A value, and where it comes from."""

    value: Any
    metadata: dict[str, str]
    descriptor: int
    variable_id: str
    """20 characters; empty if the get had to wait for a job variable (V9)."""
    index: int
    """The number of the value in its variable (V10)."""
    size: int
    """Its size in bytes."""


class Connection:
    """A connection to a NetWorkSpaces server. Threads may share it: each request waits for the one before.

    Every method raises NwsError if the server refuses the request, and ConnectionLostError if there is no
    connection.

    :param handshake: ``new`` (P2.1), or ``old`` (P2.4): without metadata, options and reasons
    :param timeout: seconds for connecting and for the handshake
    :param pickles: whether pickles are decoded; they can run code, so say no where strangers may store
    """

    def __init__(
        self,
        server: ServerLike = ServerAddress(),
        *,
        handshake: str = "new",
        timeout: Optional[float] = 30.0,
        pickles: bool = True,
    ) -> None:
        self.server = as_address(server)
        self.pickles = pickles
        self._has_metadata = handshake == "new"
        self._lock = threading.RLock()
        self._is_lost = False
        if handshake not in ("new", "old"):
            raise ValueError(f"`handshake` must be 'new' or 'old', got {handshake!r}.")
        self._stream = Stream(self.server, timeout)
        try:
            if self._has_metadata:
                shake_hands(self._stream)
            else:
                shake_hands_as_of_old(self._stream)
            self._stream.set_timeout(None)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self._is_lost

    def close(self) -> None:
        """Ends the connection. A request that waits here, in another thread, fails as ``closed``."""
        self._is_lost = True
        self._stream.close()

    # --- requests ---

    def request(
        self, *arguments: Argument, metadata: Metadata = _NONE, timeout: Optional[float] = None
    ) -> Reply:
        """Makes a request, and waits for its reply.

        :param timeout: seconds to wait; for gets only
        :raises WaitTimeoutError: the connection is closed then (P5.3)
        """
        with self._lock:
            reply = self._exchange(arguments, metadata, timeout)
        if reply.status != "0000":
            raise _refusal(arguments[0], reply)
        return reply

    def request_all(
        self,
        requests: Sequence[tuple[Sequence[Argument], Metadata]],
        before_last: Callable[[], None] = lambda: None,
    ) -> list[Reply]:
        """Makes several requests at once, of which only the last may wait (P5.2). Refusals are returned.

        :param before_last: called when all replies but the last have arrived
        """
        with self._lock, _Uninterrupted(self):
            self._stream.write(b"".join(self._head(arguments, metadata) for arguments, metadata in requests))
            replies = [self._read_reply(arguments[0]) for arguments, _ in requests[:-1]]
            before_last()
            return [*replies, self._read_reply(requests[-1][0][0])]

    def open_workspace(
        self,
        name: str,
        *,
        label: str = "",
        persistent: bool = False,
        create: bool = True,
        metadata: Metadata = _NONE,
    ) -> None:
        """Opens a workspace, and becomes its owner if it has none (W2)."""
        self.request("open ws", name, label, _yes(persistent), _yes(create), metadata=metadata)

    def use_workspace(self, name: str, *, create: bool = False, metadata: Metadata = _NONE) -> None:
        """As ``open_workspace``, without becoming an owner (W3)."""
        self.request("use ws", name, "", "no", _yes(create), metadata=metadata)

    def mktemp(self, template: str = "__ws__%d", metadata: Metadata = _NONE) -> str:
        """Creates a workspace with a unique name (W8), and returns that."""
        return wire.to_text(self.request("mktemp ws", template, metadata=metadata).value)

    def delete_workspace(self, name: str) -> None:
        """Deletes a workspace (W7)."""
        self.request("delete ws", name)

    def list_workspaces(self) -> list[WorkspaceInfo]:
        """All workspaces of the server, sorted by name (W10)."""
        return workspaces_in(wire.to_text(self.request("list wss").value))

    def declare(self, workspace: str, variable: str, mode: str) -> None:
        """Sets the mode of a variable (V2)."""
        self.request("declare var", workspace, variable, mode)

    def delete_variable(self, workspace: str, variable: str) -> None:
        """Deletes a variable (V7)."""
        self.request("delete var", workspace, variable)

    def list_variables(self, workspace: str) -> list[VariableInfo]:
        """The variables of a workspace that are not hidden, sorted by name (V8)."""
        return variables_in(wire.to_text(self.request("list vars", workspace).value))

    def deadman(self) -> None:
        """From now on the server stops when this connection closes (P3)."""
        self.request("deadman")

    def store(self, workspace: str, variable: str, value: Any, metadata: Metadata = _NONE) -> dict[str, str]:
        """Stores a value (V3), encoded as in C1 to C7. Returns the metadata of the reply.

        :raises UnsendableError: if it cannot be sent
        """
        return self.store_encoded(workspace, variable, encode(value), metadata)

    def store_encoded(
        self, workspace: str, variable: str, encoded: Encoded, metadata: Metadata = _NONE
    ) -> dict[str, str]:
        """As ``store``, for an encoded value."""
        arguments, all_metadata = store_request(workspace, variable, encoded, metadata)
        return self.request(*arguments, metadata=all_metadata).metadata

    def store_file(
        self,
        workspace: str,
        variable: str,
        file: IO[bytes],
        size: int,
        *,
        descriptor: int,
        metadata: Metadata = _NONE,
    ) -> None:
        """Stores so many bytes of a file, which are never in memory as a whole (P11).

        :raises ValueError: if the file has fewer; then nothing is stored, and the connection is closed
        """
        with self._lock, _Uninterrupted(self):
            head = wire.encode_request_head(["store", workspace, variable, str(descriptor)], size)
            self._stream.write(self._dictionary(metadata) + head)
            left = size
            while left > 0:
                piece = file.read(min(left, _PIECE))
                if not piece:
                    raise ValueError(f"the file ended {left} bytes before the announced {size}")
                self._stream.write(piece)
                left -= len(piece)
            reply = self._read_reply("store")
        if reply.status != "0000":
            raise _refusal("store", reply)

    def get(
        self,
        verb: str,
        workspace: str,
        variable: str,
        *,
        after: Optional[Found] = None,
        metadata: Metadata = _NONE,
        timeout: Optional[float] = None,
        file: Optional[IO[bytes]] = None,
    ) -> Optional[Found]:
        """One of the eight gets (V4, V10). A Try form that finds nothing returns None.

        :param after: the position of an iteration
        :param file: where the bytes of the value are written; the result then has their number as its value
        :raises WaitTimeoutError: no value was removed, and the connection is closed (P5.3)
        """
        arguments = [verb, workspace, variable]
        if after is not None:
            arguments += [after.variable_id, str(after.index)]
        with self._lock:
            reply = self._exchange(arguments, metadata, timeout, file)
        return self.found(verb, reply, file)

    def found(self, verb: str, reply: Reply, file: Optional[IO[bytes]] = None) -> Optional[Found]:
        """The value in the reply to a get; None if a Try form found none.

        :raises NwsError: if it was refused
        """
        if reply.status != "0000":
            error = _refusal(verb, reply)
            # Without metadata there is no reason. The one usual reason of a Try form is that there is no value.
            is_empty = error.code == "no-value" or (not self._has_metadata and error.status == "0001")
            if verb.endswith("Try") and is_empty:
                return None
            raise error
        value = (
            reply.size
            if file is not None
            else decode(reply.descriptor, reply.value, reply.metadata, pickles=self.pickles)
        )
        return Found(value, reply.metadata, reply.descriptor, reply.variable_id, reply.index, reply.size)

    # --- bytes ---

    def _dictionary(self, metadata: Metadata) -> bytes:
        return wire.encode_dictionary(metadata) if self._has_metadata else b""

    def _head(self, arguments: Sequence[Argument], metadata: Metadata) -> bytes:
        return self._dictionary(metadata) + wire.encode_request_head(arguments)

    def _exchange(
        self,
        arguments: Sequence[Argument],
        metadata: Metadata,
        timeout: Optional[float],
        file: Optional[IO[bytes]] = None,
    ) -> Reply:
        verb = str(arguments[0])
        with _Uninterrupted(self):
            *head, last = arguments
            if len(last) > _PIECE:
                # A large value is not copied.
                data = wire.to_bytes(last)
                head_bytes = wire.encode_request_head(head, len(data))
                self._stream.write(self._dictionary(metadata) + head_bytes)
                self._stream.write(data)
            else:
                self._stream.write(self._head(arguments, metadata))
            if timeout is not None and not self._stream.wait(timeout):
                return self._withdraw(verb, str(arguments[1]), timeout, file)
            return self._read_reply(verb, file)

    def _withdraw(self, verb: str, workspace: str, timeout: float, file: Optional[IO[bytes]]) -> Reply:
        """Ends the wait of a get, without losing a value that is on its way (P5.3)."""
        self._stream.write(self._head(["list vars", workspace], _NONE))
        metadata = read_dictionary(self._stream) if self._has_metadata else {}
        status = self._read_status()
        # Without metadata the server says no reason, but only the withdrawn request gets this status now.
        if status == "0001" and metadata.get(Key.REASON, _OVERRAN) == _OVERRAN:
            self.close()
            raise WaitTimeoutError(f"no value came within {timeout} seconds")
        reply = self._read_value(status, metadata, file)
        self._read_reply("list vars")
        return reply

    def _read_reply(self, verb: Argument, file: Optional[IO[bytes]] = None) -> Reply:
        metadata = read_dictionary(self._stream) if self._has_metadata else {}
        status = self._read_status()
        if verb not in LONG_VERBS:
            return Reply(status, metadata)
        return self._read_value(status, metadata, file)

    def _read_status(self) -> str:
        status = self._stream.read(4)
        if not status.isdigit():
            raise ConnectionLostError("not-nws", f"{self.server} sent {status!r} in the place of a status")
        return status.decode("ascii")

    def _read_value(self, status: str, metadata: dict[str, str], file: Optional[IO[bytes]]) -> Reply:
        head = self._stream.read(80)
        descriptor, index, size = (number_in(self._stream, head[at : at + 20]) for at in (0, 40, 60))
        variable_id = head[20:40].decode("latin-1").rstrip()
        value = b""
        if file is None or status != "0000":
            value = self._stream.read(size)
        else:
            left = size
            while left > 0:
                piece = self._stream.read_some(min(left, _PIECE))
                file.write(piece)
                left -= len(piece)
        return Reply(status, metadata, descriptor, variable_id, index, size, value)


class _Uninterrupted:
    """An exchange that does not complete leaves the connection in an unknown state, so it is closed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        if self._connection.is_lost:
            raise ConnectionLostError("closed", f"{self._connection.server} was closed on this side")

    def __exit__(self, kind: Optional[type[BaseException]], *_: object) -> None:
        if kind is not None and not self._connection.is_lost:
            self._connection.close()


class Deadline:
    """The end of a wait that consists of several."""

    def __init__(self, seconds: Optional[float]) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> Optional[float]:
        """Seconds, at least 0; None for no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


def store_request(
    workspace: str, variable: str, encoded: Encoded, metadata: Metadata = _NONE
) -> tuple[list[Argument], dict[str, str]]:
    """The arguments and the metadata of a store."""
    arguments: list[Argument] = ["store", workspace, variable, str(encoded.descriptor), encoded.data]
    return arguments, {**metadata, Key.TYPE: encoded.type}


def _refusal(verb: Argument, reply: Reply) -> NwsError:
    return NwsError(str(verb), reply.status, reply.metadata.get(Key.REASON, ""))


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
