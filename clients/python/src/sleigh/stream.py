"""A socket with a buffer for reading."""

from __future__ import annotations

import select
import socket
import ssl
from contextlib import suppress
from typing import Optional

from .address import ServerAddress, TlsOptions
from .deadline import Waker
from .errors import ConnectionLostError

_PIECE = 65_536
# Seconds of silence after which keep-alive probes the other side, as on the server (P1).
_KEEP_ALIVE_SECONDS = 60


class Stream:
    """Bytes from and to a server. Every method raises ConnectionLostError if there is no connection."""

    def __init__(self, server: ServerAddress, connect_timeout: Optional[float]) -> None:
        self.server = server
        self._buffer = b""
        self._at = 0
        self._is_closed = False
        self._is_secure = False
        try:
            self._socket = socket.create_connection((server.host, server.port), connect_timeout)
        except OSError as error:
            raise ConnectionLostError("unreachable", f"{server} cannot be reached ({error})") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_SECONDS)

    def set_timeout(self, seconds: Optional[float]) -> None:
        """Limits each further read and write; None for no limit."""
        self._socket.settimeout(seconds)

    def secure(self, options: TlsOptions) -> None:
        """Starts TLS on the same socket (P2.3)."""
        name = options.servername or self.server.host
        try:
            self._socket = options.context().wrap_socket(self._socket, server_hostname=name)
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionLostError("not-secure", f"{self.server} cannot be trusted ({error})") from error
        self._is_secure = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends all of it."""
        try:
            self._socket.sendall(data)
        except (OSError, ValueError) as error:
            raise self._lost(error) from error

    def read(self, size: int) -> bytes:
        """The next bytes; waits until there are as many."""
        end = self._at + size
        if end <= len(self._buffer):
            piece = self._buffer[self._at : end]
            self._at = end
            return piece
        pieces = [self._buffer[self._at :]]
        missing = size - len(pieces[0])
        self._buffer, self._at = b"", 0
        while missing > 0:
            piece = self._receive(max(_PIECE, min(missing, 16 * _PIECE)))
            if len(piece) > missing:
                self._buffer, self._at = piece, missing
                piece = piece[:missing]
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def read_some(self, size: int) -> bytes:
        """At least one byte, and at most so many."""
        if self._at == len(self._buffer):
            self._buffer, self._at = self._receive(16 * _PIECE), 0
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def wait(self, seconds: Optional[float], waker: Optional[Waker] = None) -> bool:
        """Whether bytes are available within that time, and before the waker ends the wait."""
        if self._at < len(self._buffer):
            return True
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0:
            return True
        try:
            here = self._socket.fileno()
            files = [here] if waker is None else [here, waker.fileno()]
            ready, _, _ = select.select(files, [], [], None if seconds is None else max(0.0, seconds))
        except (OSError, ValueError) as error:
            raise self._lost(error) from error
        return here in ready

    def close(self) -> None:
        """Ends the connection; another thread that reads here is woken."""
        if self._is_closed:
            return
        self._is_closed = True
        # It may have ended already.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _receive(self, most: int) -> bytes:
        try:
            piece = self._socket.recv(most)
        except (OSError, ValueError) as error:
            raise self._lost(error) from error
        if not piece:
            raise self._lost("the connection was closed by the server")
        return piece

    def _lost(self, why: object) -> ConnectionLostError:
        if self._is_closed:
            return ConnectionLostError("closed", f"{self.server} was closed on this side")
        return ConnectionLostError("lost", f"{self.server} is not connected any more ({why})")
