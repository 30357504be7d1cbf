"""The current call of a worker, in memory that its sentinel reads while the worker computes (S22.2, S22.4)."""

from __future__ import annotations

import math
import mmap
import struct
import threading
import time
from dataclasses import dataclass
from typing import Optional

SIZE = 4_096
# The number of the call, its place in the chunk, whether it is still loading its function, its limit in
# milliseconds, and the length of the batch, which follows.
_HEAD = struct.Struct("=IIId I")
_CALL = struct.Struct("=I")
_BATCH_BYTES = SIZE - _HEAD.size


@dataclass(frozen=True)
class Call:
    """A call as its sentinel sees it."""

    call: int
    """Increases with each call of the worker."""
    batch: str
    at: int
    limit: float
    """Milliseconds; infinite if there is none."""
    is_loading: bool


class ActivityWriter:
    """The worker's side. A call costs a few microseconds."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)
        self._lock = threading.Lock()
        self._calls = 0
        self._current = 0
        self._is_condemned = False

    def begin(self, batch: str, at: int, limit: float = math.inf, is_loading: bool = False) -> None:
        """A call begins."""
        data = batch.encode("utf-8", "surrogateescape")[:_BATCH_BYTES]
        self._calls = self._calls % 0x7FFFFFFF + 1
        _HEAD.pack_into(self._memory, 0, 0, at, is_loading, limit, len(data))
        self._memory[_HEAD.size : _HEAD.size + len(data)] = data
        self._current = self._calls
        # Written last, so that the reader sees all of it or nothing.
        _CALL.pack_into(self._memory, 0, self._calls)

    def end(self) -> None:
        """The call has ended. If it was condemned, this waits for the end of the process."""
        with self._lock:
            if not self._is_condemned:
                self._current = 0
                _CALL.pack_into(self._memory, 0, 0)
                return
        while True:
            time.sleep(3_600)

    def condemn(self, call: int) -> bool:
        """From now on the worker cannot complete this call. False if it has ended already."""
        with self._lock:
            self._is_condemned = self._is_condemned or self._current == call
            return self._is_condemned


class ActivityReader:
    """The sentinel's side."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)

    def read(self) -> Optional[Call]:
        """The running call, if there is one."""
        call, at, is_loading, limit, size = _HEAD.unpack_from(self._memory, 0)
        batch = self._memory[_HEAD.size : _HEAD.size + size]
        if call == 0 or _CALL.unpack_from(self._memory, 0)[0] != call:
            return None
        return Call(call, batch.decode("utf-8", "surrogateescape"), at, limit, bool(is_loading))

    def close(self) -> None:
        """Releases the memory."""
        self._memory.close()
