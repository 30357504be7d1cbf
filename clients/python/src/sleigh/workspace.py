"""Workspaces: named sets of variables that programs share."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import IO, Any, Callable, Optional, TypeVar, Union

from .address import DEFAULT_HOST, DEFAULT_PORT, ServerAddress, ServerLike, TlsOptions, as_address
from .barrier import Barrier
from .connection import Connection, Found, Grace
from .lease import Lease, check_lease
from .lines import Lines
from .listings import OldSleighInfo, VariableInfo, WorkspaceInfo
from .lock import LEASE_SECONDS, Lock, acquire
from .lock import lead as lead_as
from .names import Key
from .values import BYTES_DESCRIPTOR, TEXT_DESCRIPTOR, encode

Result = TypeVar("Result")

_NONE: Mapping[str, str] = {}
_MISSING = object()


class NetWorkSpace:
    """A workspace (W1). Threads may share it: each get that waits has a connection of its own (P5.3).

    >>> with NetWorkSpace("shop") as shop:
    ...     shop.store("orders", {"id": 1})
    ...     shop.fetch("orders")
    {'id': 1}

    The workspace is created if it does not exist. If it has no owner, this program becomes its owner, and the
    workspace is deleted when the program disconnects, unless it is persistent (W2, W6).

    It can be used like a dict: ``shop["price"] = 3`` declares the variable as a single and stores its value;
    ``shop["price"]`` finds it, or raises KeyError; ``del``, ``in``, ``len`` and iteration work on the variables.

    Every method raises NwsError if the server refuses the request, and ConnectionLostError if there is no
    connection.

    :param server: the address, instead of ``host`` and ``port``
    :param own: with false this program does not become an owner (W3)
    :param create: with false the workspace must exist (W4)
    :param metadata: the type of the workspace and its options (W9, W11, S1)
    :param handshake: ``new``, or ``old`` for a connection without metadata (P2.4)
    :param timeout: seconds for connecting
    :param pickles: whether pickles are decoded (C7). They can run code, so say no where strangers may store:
        then they are returned as ForeignValue
    :param reconnect_grace: seconds within which a lost connection may come back (P15). What this program owns and has
        opened is then still there, and a request whose reply was lost has its effect once. ``stored``: 60 on a server
        that keeps its data, and 0 on any other
    """

    def __init__(
        self,
        name: str = "__default",
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        *,
        server: Optional[ServerLike] = None,
        tls: Union[bool, TlsOptions] = False,
        token: Optional[str] = None,
        own: bool = True,
        create: bool = True,
        persistent: bool = False,
        label: str = "",
        metadata: Mapping[str, str] = _NONE,
        handshake: str = "new",
        timeout: Optional[float] = 30.0,
        pickles: bool = True,
        reconnect_grace: Grace = 0,
    ) -> None:
        self.name = name
        address = as_address(server) if server is not None else ServerAddress(host, port, tls, token)
        self._lines = Lines(
            address, handshake=handshake, timeout=timeout, pickles=pickles, reconnect_grace=reconnect_grace
        )
        self._singles: set[str] = set()
        try:
            if own:
                self._lines.main.open_workspace(
                    name, label=label, persistent=persistent, create=create, metadata=metadata
                )
            else:
                self._lines.main.use_workspace(name, create=create, metadata=metadata)
        except BaseException:
            self._lines.close()
            raise

    @classmethod
    def mktemp(
        cls,
        template: str = "__ws__%d",
        server: ServerLike = ServerAddress(),
        *,
        metadata: Mapping[str, str] = _NONE,
        **options: Any,
    ) -> NetWorkSpace:
        """Creates a workspace with a unique name (W8) and opens it.

        :param template: a printf format with one conversion for a number
        :param metadata: the type of the workspace and its options (W9, W11, S1)
        :param options: those of NetWorkSpace
        """
        with Connection(server) as connection:
            name = connection.mktemp(template, metadata)
        return cls(name, server=server, create=False, **options)

    @staticmethod
    def list_workspaces(server: ServerLike = ServerAddress()) -> list[WorkspaceInfo]:
        """All workspaces of a server, sorted by name (W10)."""
        with Connection(server) as connection:
            return connection.list_workspaces()

    @staticmethod
    def delete_workspace(name: str, server: ServerLike = ServerAddress()) -> None:
        """Deletes a workspace. Clients that wait in it get an error (W7)."""
        with Connection(server) as connection:
            connection.delete_workspace(name)

    @property
    def server(self) -> ServerAddress:
        """The server. Another program needs it and the name to use the workspace."""
        return self._lines.server

    # --- values ---

    def declare(self, variable: str, mode: str, capacity: Optional[int] = None) -> None:
        """Sets the mode of a variable: ``fifo``, ``lifo``, ``single``, ``__time`` or ``__barrier`` (V1, V2).

        :param capacity: how many values a fifo holds at most, with the leased ones (V14); by default as many as come
        :raises NwsError: if it has another mode or another capacity already
        """
        self._lines.main.declare(self.name, variable, mode, capacity)

    def store(
        self,
        variable: str,
        value: Any,
        metadata: Mapping[str, str] = _NONE,
        *,
        wait: bool = False,
        timeout: Optional[float] = None,
    ) -> None:
        """Stores a value (V3): text, JSON and bytes as such, anything else as a pickle (C7).

        :param wait: whether to wait while a fifo with a capacity is full (V14); otherwise a store is refused then
        :param timeout: seconds to wait; None for no limit
        :raises UnsendableError: if it cannot be sent
        :raises NwsError: ``full``, if there is no room
        :raises WaitTimeoutError: nothing was stored
        """
        if timeout is not None and not wait:
            raise ValueError("`timeout` needs `wait`: without it a store does not wait.")
        if not wait:
            self._lines.main.store(self.name, variable, value, metadata)
            return
        encoded = encode(value)
        with self._lines.lend(self.name) as connection:
            connection.store_wait(self.name, variable, encoded, metadata, timeout)

    def fetch(self, variable: str, timeout: Optional[float] = None) -> Any:
        """Takes a value, or waits for one (V4).

        :param timeout: seconds to wait; None for no limit
        :raises WaitTimeoutError: no value was removed
        """
        return self._wait("fetch", variable, timeout).value

    def find(self, variable: str, timeout: Optional[float] = None) -> Any:
        """Reads a value, or waits for one (V4). Otherwise as ``fetch``."""
        return self._wait("find", variable, timeout).value

    def fetch_try(self, variable: str, default: Any = None) -> Any:
        """Takes a value; returns the default if there is none (V4)."""
        found = self._lines.main.get("fetchTry", self.name, variable)
        return default if found is None else found.value

    def find_try(self, variable: str, default: Any = None) -> Any:
        """Reads a value; returns the default if there is none (V4)."""
        found = self._lines.main.get("findTry", self.name, variable)
        return default if found is None else found.value

    def take(self, variable: str, lease: float, timeout: Optional[float] = None) -> Lease:
        """Takes a value for a time, or waits for one (V13). A lease has a connection of its own.

        :param lease: seconds after which the value returns, unless the lease is extended
        :param timeout: seconds to wait for a value; None for no limit
        :raises NwsError: if the variable gives none: it is a barrier, a time or a variable of a job
        :raises WaitTimeoutError: no value was removed
        """
        taken = self._take("take", variable, lease, timeout)
        assert taken is not None, "only Try forms find nothing"
        return taken

    def take_try(self, variable: str, lease: float) -> Optional[Lease]:
        """As ``take``; returns None if there is no value (V13)."""
        return self._take("takeTry", variable, lease, None)

    def lock(self, name: str, *, lease: float = LEASE_SECONDS, timeout: Optional[float] = None) -> Lock:
        """Waits for a lock, which one program has at a time (V13), also among programs in other languages.

        It is released by ``release`` or the end of a ``with`` block, and when this program disconnects or does not
        answer any more. It is a value of the variable ``#lock NAME``, which is leased.

        >>> with shop.lock("the database") as lock:
        ...     migrate(until=lock.lost)

        :param lease: seconds after which another program may have the lock when this one has stopped to answer. The
            lock is extended three times in this period
        :param timeout: seconds to wait for the lock; None for no limit
        :raises WaitTimeoutError: if another program has it all the time
        """
        return acquire(self, name, lease, timeout)

    def elect(
        self,
        name: str,
        lead: Callable[[threading.Event], Result],
        *,
        lease: float = LEASE_SECONDS,
        timeout: Optional[float] = None,
    ) -> Result:
        """Elects a leader: calls the function when this program has the lock of that name.

        It is called again each time that this program has lost the lock and got it back.

        :param lead: called with an event. It is to end when that is set, because another program leads then
        :param lease, timeout: as of ``lock``
        :returns: what it returns while this program leads
        :raises Exception: what it raises while this program leads
        """
        return lead_as(self, name, lead, lease, timeout)

    def get(
        self,
        verb: str,
        variable: str,
        *,
        after: Optional[Found] = None,
        metadata: Mapping[str, str] = _NONE,
        timeout: Optional[float] = None,
    ) -> Optional[Found]:
        """Any of the eight gets (V4, V10), with the origin and the metadata of the value.

        :param verb: ``fetch``, ``findTry``, ``ifind`` …
        :param after: the position of an iteration
        :returns: None if a Try form finds none
        """
        options: dict[str, Any] = {"after": after, "metadata": metadata}
        if verb.endswith("Try"):
            return self._lines.main.get(verb, self.name, variable, **options)
        with self._lines.lend(self.name) as connection:
            return connection.get(verb, self.name, variable, timeout=timeout, **options)

    def ifetch(self, variable: str, timeout: Optional[float] = None) -> Iterator[Any]:
        """Takes one value after another, and waits for more (V10). Each is taken on demand.

        :param timeout: seconds to wait for each value; the iteration ends with WaitTimeoutError then
        """
        return self._each("ifetch", variable, timeout)

    def ifind(self, variable: str, timeout: Optional[float] = None) -> Iterator[Any]:
        """Reads each value once, and waits for more (V10). Otherwise as ``ifetch``."""
        return self._each("ifind", variable, timeout)

    def ifetch_try(self, variable: str) -> Iterator[Any]:
        """Takes the available values, one after another (V10)."""
        return self._each("ifetchTry", variable)

    def ifind_try(self, variable: str) -> Iterator[Any]:
        """Reads each of the available values (V10)."""
        return self._each("ifindTry", variable)

    def store_file(
        self,
        variable: str,
        file: IO[bytes],
        size: Optional[int] = None,
        *,
        text: bool = False,
        metadata: Mapping[str, str] = _NONE,
    ) -> None:
        """Stores the rest of a binary file, of any size; it is never in memory as a whole (P11).

        :param size: the number of bytes; without it, a file that cannot seek, such as a pipe, is written to a temporary
            file first, because a request begins with the size of its value (P5)
        :param text: whether the bytes are UTF-8 text
        :raises ValueError: if the file has fewer bytes; then nothing is stored
        """
        descriptor, kind = (TEXT_DESCRIPTOR, "text") if text else (BYTES_DESCRIPTOR, "bytes")
        with ExitStack() as stack:
            if size is None and not file.seekable():
                spool = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(file, spool)
                spool.seek(0)
                file = spool
            connection = stack.enter_context(self._lines.lend(self.name))
            connection.store_file(
                self.name,
                variable,
                file,
                _rest_of(file) if size is None else size,
                descriptor=descriptor,
                metadata={**metadata, Key.TYPE: kind},
            )

    def fetch_file(self, variable: str, file: IO[bytes], timeout: Optional[float] = None) -> int:
        """As ``fetch``, and writes the bytes of the value to a binary file. Returns their number."""
        return self._to_file("fetch", variable, file, timeout)

    def find_file(self, variable: str, file: IO[bytes], timeout: Optional[float] = None) -> int:
        """As ``find``, and writes the bytes of the value to a binary file. Returns their number."""
        return self._to_file("find", variable, file, timeout)

    def barrier(self, variable: str) -> Barrier:
        """A barrier: it lets programs wait for each other (V12)."""
        return Barrier(self._lines, self.name, variable)

    # --- variables ---

    def delete_variable(self, variable: str) -> None:
        """Deletes a variable. Clients that wait in it get an error (V7)."""
        self._singles.discard(variable)
        self._lines.main.delete_variable(self.name, variable)

    def list_variables(self) -> list[VariableInfo]:
        """Its variables that are not hidden, sorted by name (V8)."""
        return self._lines.main.list_variables(self.name)

    def __setitem__(self, variable: str, value: Any) -> None:
        if variable not in self._singles:
            self.declare(variable, "single")
            self._singles.add(variable)
        self.store(variable, value)

    def __getitem__(self, variable: str) -> Any:
        value = self.find_try(variable, _MISSING)
        if value is _MISSING:
            raise KeyError(variable)
        return value

    def __delitem__(self, variable: str) -> None:
        if variable not in self:
            raise KeyError(variable)
        self.delete_variable(variable)

    def __contains__(self, variable: object) -> bool:
        return any(info.name == variable and info.values > 0 for info in self.list_variables())

    def __iter__(self) -> Iterator[str]:
        return iter([info.name for info in self.list_variables() if info.values > 0])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def old_sleigh(self) -> Optional[OldSleighInfo]:
        """The state of the old-style job in this workspace (W12); None if there was none."""
        return self._lines.main.old_sleigh(self.name)

    # --- the workspace ---

    def delete(self) -> None:
        """Deletes the workspace (W7), and closes the connections."""
        try:
            self._lines.main.delete_workspace(self.name)
        finally:
            self.close()

    def close(self) -> None:
        """Closes the connections; gets that wait in other threads fail as ``closed``."""
        self._lines.close()

    def __enter__(self) -> NetWorkSpace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"NetWorkSpace({self.name!r}, server={str(self.server)!r})"

    def _wait(self, verb: str, variable: str, timeout: Optional[float], **more: Any) -> Found:
        with self._lines.lend(self.name) as connection:
            found = connection.get(verb, self.name, variable, timeout=timeout, **more)
        assert found is not None, "only Try forms find nothing"
        return found

    def _take(self, verb: str, variable: str, lease: float, timeout: Optional[float]) -> Optional[Lease]:
        check_lease(lease)
        with ExitStack() as stack:
            connection = stack.enter_context(self._lines.lend(self.name))
            found = connection.get(verb, self.name, variable, lease=lease, timeout=timeout)
            return None if found is None else Lease(found, connection, stack.pop_all(), lease)

    def _each(self, verb: str, variable: str, timeout: Optional[float] = None) -> Iterator[Any]:
        after: Optional[Found] = None
        while True:
            after = self.get(verb, variable, after=after, timeout=timeout)
            if after is None:
                return
            yield after.value

    def _to_file(self, verb: str, variable: str, file: IO[bytes], timeout: Optional[float]) -> int:
        return self._wait(verb, variable, timeout, file=file).size


def _rest_of(file: IO[bytes]) -> int:
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here
