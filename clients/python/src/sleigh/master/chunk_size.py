"""How many elements travel in one task."""

from __future__ import annotations

# The target duration of a task in milliseconds: about ten times the cost of its transport.
_WORTH_MS = 2.0
# Milliseconds after which a worker returns the elements of a chunk that it has not begun.
CHUNK_BUDGET_MS = 5
# More elements save hardly anything.
_LARGEST_CHUNK = 100
# The largest size of a chunk in bytes, except for a single larger element.
MAX_BYTES = 65_536


class _Mean:
    """Rises at once and falls slowly, because small chunks cost a little, while large chunks delay others."""

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, total: float, count: int) -> None:
        one = total / count
        self.value = one if one > self.value else self.value + (one - self.value) / 4


class ChunkSize:
    """Chooses the number of elements of a chunk from the cost of earlier tasks."""

    def __init__(self) -> None:
        self._milliseconds = _Mean()
        self._bytes = _Mean()
        self._warm: set[int] = set()
        self._is_measured = False

    @property
    def value(self) -> int:
        """1 until the cost of an element is known."""
        if not self._is_measured:
            return 1
        by_time = _WORTH_MS / max(self._milliseconds.value, 1e-6)
        by_size = MAX_BYTES / max(self._bytes.value, 1.0)
        return max(1, int(min(_LARGEST_CHUNK, by_time, by_size)))

    def took(self, worker: int, milliseconds: float, count: int) -> None:
        """Some elements took so long. The first task of a worker loads the function and is not counted."""
        if worker not in self._warm:
            self._warm.add(worker)
        elif count > 0:
            self._milliseconds.add(milliseconds, count)
            self._is_measured = True

    def weighed(self, size: int, count: int) -> None:
        """Some elements have so many bytes."""
        self._bytes.add(size, count)
