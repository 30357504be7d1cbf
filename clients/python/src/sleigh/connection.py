"""One connection to a server, for one request at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Callable, Optional, Union

from . import wire
from .address import ServerAddress, ServerLike, as_address
from .channel import Channel, FilePart, Reply, Request
from .deadline import Deadline, Waker, milliseconds_of
from .errors import ConnectionLostError, NwsError, WaitTimeoutError
from .listings import OldSleighInfo, VariableInfo, WorkspaceInfo, old_sleigh_in, variables_in, workspaces_in
from .names import Key
from .session import STORED_GRACE, Session
from .values import Encoded, decode, encode
from .wire import Argument, Metadata

_NONE: Metadata = {}
Grace = Union[float, str]


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
    :param reconnect_grace: seconds within which it may come back when it is lost (P15): its requests are then repeated,
        and each has its effect once. ``stored``: 60 on a server that keeps its data, and 0 on any other
    """

    def __init__(
        self,
        server: ServerLike = ServerAddress(),
        *,
        handshake: str = "new",
        timeout: Optional[float] = 30.0,
        pickles: bool = True,
        reconnect_grace: Grace = 0,
    ) -> None:
        self.server = as_address(server)
        self.pickles = pickles
        if handshake not in ("new", "old"):
            raise ValueError(f"`handshake` must be 'new' or 'old', got {handshake!r}.")
        check_grace(reconnect_grace)
        self._handshake = handshake
        self._timeout = timeout
        self._lock = threading.Lock()
        self._channel = self._open()
        self._session: Optional[Session] = None
        if isinstance(reconnect_grace, str):
            reconnect_grace = STORED_GRACE if self._channel.is_stored else 0
        if reconnect_grace > 0:
            try:
                self._session = Session.begin(self._channel, reconnect_grace, self._open, self._lock)
            except BaseException:
                self._channel.close()
                raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended for good."""
        return self._channel.is_lost if self._session is None else self._session.is_lost

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, although no request under way could have noticed that."""
        return self.is_lost or (self._session is None and self._channel.has_ended())

    @property
    def grace(self) -> float:
        """Seconds within which it may come back; 0 without a session."""
        return 0.0 if self._session is None else self._session.grace

    @property
    def server_has_page(self) -> bool:
        """Whether the server has a page (P2.1)."""
        return self._channel.has_page

    def close(self) -> None:
        """Ends the connection. A request that waits here, in another thread, fails as ``closed``."""
        if self._session is None:
            self._channel.close()
        else:
            self._session.close()

    # --- requests ---

    def request(
        self, *arguments: Argument, metadata: Metadata = _NONE, timeout: Optional[float] = None
    ) -> Reply:
        """Makes a request, and waits for its reply.

        :param timeout: seconds to wait; for gets and ``storeWait`` only
        :raises WaitTimeoutError: the connection is closed then (P5.3)
        """
        return self._ask(Request(arguments, metadata), timeout)

    def request_all(
        self,
        requests: Sequence[tuple[Sequence[Argument], Metadata]],
        before_last: Callable[[], None] = lambda: None,
    ) -> list[Reply]:
        """Makes several requests at once, of which only the last may wait (P5.2). Refusals are returned.

        :param before_last: called when all replies but the last have arrived
        """
        made = [Request(arguments, metadata) for arguments, metadata in requests]
        return self._exchange(made, Deadline(None), before_last)

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

    def declare(self, workspace: str, variable: str, mode: str, capacity: Optional[int] = None) -> None:
        """Sets the mode of a variable (V2), and how many values a fifo holds at most (V14)."""
        metadata = {}
        if capacity is not None:
            self._check_metadata("a capacity")
            metadata[Key.CAPACITY] = str(capacity)
        self.request("declare var", workspace, variable, mode, metadata=metadata)

    def delete_variable(self, workspace: str, variable: str) -> None:
        """Deletes a variable (V7)."""
        self.request("delete var", workspace, variable)

    def list_variables(self, workspace: str) -> list[VariableInfo]:
        """The variables of a workspace that are not hidden, sorted by name (V8)."""
        return variables_in(wire.to_text(self.request("list vars", workspace).value))

    def old_sleigh(self, workspace: str) -> Optional[OldSleighInfo]:
        """The state of the old-style job in a workspace (W12); None if there was none."""
        return old_sleigh_in(self.request("list vars", workspace, metadata={Key.JOB: "1"}).metadata)

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

    def store_wait(
        self,
        workspace: str,
        variable: str,
        encoded: Encoded,
        metadata: Metadata = _NONE,
        timeout: Optional[float] = None,
    ) -> None:
        """As ``store_encoded``, and waits while a fifo with a capacity is full (V14.2).

        :param timeout: seconds to wait; None for no limit
        :raises WaitTimeoutError: nothing was stored, and the connection is closed (P5.3)
        """
        arguments, all_metadata = store_request(workspace, variable, encoded, metadata, "storeWait")
        self.request(*arguments, metadata=all_metadata, timeout=timeout)

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
        arguments = ["store", workspace, variable, str(descriptor)]
        self._ask(Request(arguments, metadata, body=FilePart(file, size)))

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
        lease: Optional[float] = None,
        waker: Optional[Waker] = None,
    ) -> Optional[Found]:
        """One of the eight gets (V4, V10), ``take`` or ``takeTry`` (V13). A Try form that finds nothing returns None.

        :param after: the position of an iteration
        :param waker: ends the wait as a timeout does
        :param lease: seconds, for ``take`` and ``takeTry``; the number of the lease is in the metadata
        :param file: where the bytes of the value are written; the result then has their number as its value
        :raises WaitTimeoutError: no value was removed, and the connection is closed (P5.3)
        """
        arguments = [verb, workspace, variable]
        if after is not None:
            arguments += [after.variable_id, str(after.index)]
        if lease is not None:
            self._check_metadata("a lease")
            arguments.append(milliseconds_of(lease))
        target = None if file is None else FilePart(file)
        (reply,) = self._exchange([Request(arguments, metadata, target=target)], Deadline(timeout, waker))
        return self.found(verb, reply, file)

    def found(self, verb: str, reply: Reply, file: Optional[IO[bytes]] = None) -> Optional[Found]:
        """The value in the reply to a get; None if a Try form found none.

        :raises NwsError: if it was refused
        """
        if reply.status != "0000":
            error = _refusal(verb, reply)
            # Without metadata there is no reason. The one usual reason of a Try form is that there is no value.
            is_empty = error.code == "no-value" or (not self._channel.has_metadata and error.status == "0001")
            if verb.endswith("Try") and is_empty:
                return None
            raise error
        value = (
            reply.size
            if file is not None
            else decode(reply.descriptor, reply.value, reply.metadata, pickles=self.pickles)
        )
        return Found(value, reply.metadata, reply.descriptor, reply.variable_id, reply.index, reply.size)

    def _check_metadata(self, what: str) -> None:
        """:raises ValueError: on a connection whose requests and replies have no metadata (P2.4)"""
        if not self._channel.has_metadata:
            raise ValueError(f"{what} needs metadata, which a connection with the old handshake has not")

    # --- bytes ---

    def _open(self) -> Channel:
        return Channel(self.server, self._handshake, self._timeout)

    def _ask(self, request: Request, timeout: Optional[float] = None) -> Reply:
        (reply,) = self._exchange([request], Deadline(timeout))
        if reply.status != "0000":
            raise _refusal(request.verb, reply)
        return reply

    def _exchange(
        self, requests: Sequence[Request], deadline: Deadline, before_last: Callable[[], None] = lambda: None
    ) -> list[Reply]:
        with self._lock:
            if self.is_lost:
                raise ConnectionLostError("closed", f"{self.server} was closed on this side")
            replies: list[Reply] = []
            try:
                if self._session is not None:
                    return self._session.exchange(requests, deadline, before_last)
                self._channel.exchange(requests, replies, deadline, before_last)
            except WaitTimeoutError:
                self.close()
                what = "there was no room" if requests[-1].verb == "storeWait" else "no value came"
                raise WaitTimeoutError(f"{what} within {deadline.seconds} seconds") from None
            except BaseException:
                # An exchange that does not complete leaves the connection in an unknown state.
                self.close()
                raise
            return replies


def check_grace(grace: Grace) -> None:
    """:raises ValueError: if it is neither a number of seconds nor ``stored``"""
    is_number = isinstance(grace, (int, float)) and not isinstance(grace, bool)
    if grace != "stored" and not (is_number and 0 <= float(grace) < float("inf")):
        raise ValueError(f"`reconnect_grace` must be a number of seconds from 0, or 'stored', got {grace!r}.")


def store_request(
    workspace: str, variable: str, encoded: Encoded, metadata: Metadata = _NONE, verb: str = "store"
) -> tuple[list[Argument], dict[str, str]]:
    """The arguments and the metadata of a store."""
    arguments: list[Argument] = [verb, workspace, variable, str(encoded.descriptor), encoded.data]
    return arguments, {**metadata, Key.TYPE: encoded.type}


def _refusal(verb: Argument, reply: Reply) -> NwsError:
    return NwsError(str(verb), reply.status, reply.metadata.get(Key.REASON, ""))


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
