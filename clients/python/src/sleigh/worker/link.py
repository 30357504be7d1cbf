"""The channel between a worker process and its sentinel: lines of JSON.

To the worker: ``order``, ``cancelled`` (the batches), ``leave`` (after the current call), ``release`` (at once) and
``condemn`` (a call). From the worker: ``ready``, ``condemned`` (a call) and ``leaving`` (why, and words).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Callable


class Link:
    """The worker's end. A thread of its own listens, even while the worker computes."""

    def __init__(self, channel: int, lifeline: int) -> None:
        self._socket = socket.socket(fileno=channel)
        self._reader = self._socket.makefile("rb")
        self._lock = threading.Lock()
        _end_with(lifeline)

    def receive(self) -> dict[str, Any]:
        """The next message. If the sentinel is gone, this process ends with all that it has started."""
        try:
            line = self._reader.readline()
        except OSError:
            line = b""
        if not line:
            os.killpg(0, signal.SIGKILL)
        message: dict[str, Any] = json.loads(line)
        return message

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Calls a function with each further message, in another thread."""

        def run() -> None:
            while True:
                hear(self.receive())

        threading.Thread(target=run, name="sleigh link", daemon=True).start()

    def send(self, kind: str, **details: Any) -> None:
        """The message is sent when this returns, whatever the worker does next."""
        line = json.dumps({"type": kind, **details}).encode() + b"\n"
        # If the sentinel is gone, the listener ends this process.
        with self._lock, suppress(OSError):
            self._socket.sendall(line)


def messages_in(data: bytearray) -> Iterator[dict[str, Any]]:
    """Takes the complete messages out of what has arrived."""
    while True:
        line, newline, rest = data.partition(b"\n")
        if not newline:
            return
        data[:] = rest
        yield json.loads(line)


def _end_with(lifeline: int) -> None:
    """The other end of this pipe closes when the sentinel ends, for whatever reason.

    On Linux the kernel then kills this process group, even if a call never lets the listener run. Elsewhere the
    listener does that, between two bytecodes.
    """
    if not sys.platform.startswith("linux"):
        return
    import fcntl

    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
