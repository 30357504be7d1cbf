"""A worker process, as its sentinel sees it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Optional

from ..worker.activity import SIZE, ActivityReader, Call
from ..worker.link import messages_in
from .loop import Loop

# A longer line is passed on in parts.
_LONGEST_LINE = 65_536
# Milliseconds to wait for the last output of a worker that has ended, because other processes may keep it open.
_LAST_OUTPUT_MS = 200


class Output:
    """Whole lines of one stream of a worker. The next are read when the receiver has taken those before."""

    def __init__(self, loop: Loop, file: Any, take: Callable[[str, Callable[[], None]], None]) -> None:
        self._loop = loop
        self._file = file
        self._take = take
        self._rest = b""
        self._is_watched = True
        self.is_closed = False
        loop.watch(file, self._read)

    def _read(self) -> None:
        piece = os.read(self._file.fileno(), _LONGEST_LINE)
        data = self._rest + piece
        end = len(data) if not piece or len(data) > _LONGEST_LINE else data.rfind(b"\n") + 1
        lines, self._rest = data[:end], data[end:]
        if not piece:
            self.close()
        elif lines:
            self._loop.unwatch(self._file)
            self._is_watched = False
        if lines:
            text = lines.decode("utf-8", "replace")
            self._take(text[:-1] if text.endswith("\n") else text, self._go_on)

    def _go_on(self) -> None:
        if not self.is_closed and not self._is_watched:
            self._loop.watch(self._file, self._read)
            self._is_watched = True

    def close(self) -> None:
        """Reads no more."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._is_watched:
            self._loop.unwatch(self._file)
        self._file.close()


class Child:
    """Starts a worker process, the leader of a process group, so that what tasks start ends with it.

    :param names: shown in lists of processes
    :param hear: called with each message
    :param take: called with the name of a stream, whole lines, and a function to call when they are taken
    :param ended: called with how it ended, when all its messages and its output have arrived
    """

    def __init__(
        self,
        loop: Loop,
        names: list[str],
        hear: Callable[[dict[str, Any]], None],
        take: Callable[[str, str, Callable[[], None]], None],
        ended: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._hear = hear
        self._ended = ended
        self._how: Optional[str] = None
        self._is_over = False
        self._channel, theirs = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        with tempfile.TemporaryFile() as board:
            board.truncate(SIZE)
            self._activity = ActivityReader(board.fileno())
            descriptors = [theirs.fileno(), board.fileno(), lifeline]
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "sleigh.worker.program", *map(str, descriptors), *names],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=descriptors,
                    start_new_session=True,
                    env=_environment(),
                )
            finally:
                theirs.close()
                os.close(lifeline)
        self._received = bytearray()
        loop.watch(self._channel, self._receive)
        self._outputs = [
            Output(loop, file, lambda lines, taken, stream=stream: take(stream, lines, taken))  # type: ignore[misc]
            for stream, file in (("stdout", self._process.stdout), ("stderr", self._process.stderr))
        ]
        threading.Thread(target=self._wait, name="sleigh child", daemon=True).start()

    def send(self, kind: str, **details: Any) -> None:
        """Sends a message. The worker may have ended just now."""
        with suppress(OSError):
            self._channel.sendall(json.dumps({"type": kind, **details}).encode() + b"\n")

    @property
    def process_id(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def call(self) -> Optional[Call]:
        """The call that it is in now, if it is in one."""
        return None if self._is_over else self._activity.read()

    def kill(self) -> None:
        """Kills it, and all programs that it has started."""
        # No process of its group may be left.
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _receive(self) -> None:
        piece = b""
        with suppress(OSError):
            piece = self._channel.recv(65_536)
        if not piece:
            self._loop.unwatch(self._channel)
            self._channel.close()
            return
        self._received += piece
        for message in messages_in(self._received):
            self._hear(message)

    def _wait(self) -> None:
        """In a thread of its own."""
        status = self._process.wait()
        how = f"exit status {status}" if status >= 0 else f"signal {_name_of(-status)}"
        self.kill()
        self._loop.post(lambda: self._has_ended(how))

    def _has_ended(self, how: str) -> None:
        self._how = how
        self._loop.start_timer(_LAST_OUTPUT_MS, self._finish)
        self._look()

    def _look(self) -> None:
        """Finishes when all output has arrived."""
        if self._is_over:
            return
        if self._channel.fileno() < 0 and all(output.is_closed for output in self._outputs):
            self._finish()
        else:
            self._loop.start_timer(1, self._look)

    def _finish(self) -> None:
        if self._is_over or self._how is None:
            return
        self._is_over = True
        for output in self._outputs:
            output.close()
        if self._channel.fileno() >= 0:
            self._receive_rest()
        self._activity.close()
        os.close(self._lifeline)
        self._ended(self._how)

    def _receive_rest(self) -> None:
        self._channel.setblocking(False)
        while self._channel.fileno() >= 0:
            try:
                piece = self._channel.recv(65_536)
            except OSError:
                piece = b""
            if not piece:
                self._loop.unwatch(self._channel)
                self._channel.close()
                return
            self._received += piece
            for message in messages_in(self._received):
                self._hear(message)


def _environment() -> dict[str, str]:
    """A worker finds this package where its sentinel has found it."""
    here = str(Path(__file__).resolve().parents[2])
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if here not in paths:
        paths.append(here)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
