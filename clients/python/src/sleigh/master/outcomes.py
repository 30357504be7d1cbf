"""The outcomes of a batch that its caller has not taken yet, and the failed elements that can be called again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Optional, Union

from ..chunk import Part
from ..errors import TaskError

# The failed elements of a batch that can be called again: the newest, so many and so many bytes (S24.6).
_MAX_FAILURES = 1_000
_MAX_FAILURE_BYTES = 16 << 20


@dataclass(frozen=True)
class Value:
    """The result of an element."""

    index: int
    worker: int
    """The rank of its worker."""
    value: Any


Outcome = Union[Value, TaskError]


@dataclass(frozen=True)
class FailedPart:
    """A failed element that can be called again."""

    part: Part
    attempt: int
    """The number of the call that failed, from 1."""


class Outcomes:
    """An outcome that was given to an iteration is final. A caller that keeps all outcomes may get a second one for an
    element, which replaces the first (S24.6). Everything here runs under the lock of the dispatcher."""

    def __init__(self, is_ordered: bool) -> None:
        self.may_replace = False
        """Whether the caller keeps all outcomes, and replaces them."""
        self._is_ordered = is_ordered
        self._ready: dict[int, Outcome] = {}
        self._replacing: deque[Outcome] = deque()
        # By index, oldest first.
        self._failures: dict[int, FailedPart] = {}
        self._failure_bytes = 0
        # Failed elements whose outcomes were taken: another outcome replaces the one before.
        self._taken: set[int] = set()
        # The number of elements whose outcomes were taken, each counted once.
        self._given = 0

    @property
    def waiting(self) -> int:
        """The number of outcomes that wait for their caller."""
        return len(self._ready)

    def add(self, index: int, outcome: Outcome, part: Part) -> None:
        """An element has an outcome."""
        if isinstance(outcome, TaskError) and not part.is_failure:
            self._keep(index, FailedPart(part, outcome.attempt))
        if index in self._taken:
            self._replacing.append(outcome)
        else:
            self._ready[index] = outcome

    def next(self) -> Optional[Outcome]:
        """Takes the outcome whose turn it is; None if there is none."""
        if self._replacing:
            return self._replacing.popleft()
        if not self._ready:
            return None
        index = self._given if self._is_ordered else next(iter(self._ready))
        outcome = self._ready.pop(index, None)
        if outcome is None:
            return None
        self._given += 1
        if index in self._failures:
            if self.may_replace:
                self._taken.add(index)
            else:
                self._drop(index)
        return outcome

    def withdraw(self, index: int) -> Optional[FailedPart]:
        """Takes the outcome of a failed element back, because it is called again.

        :returns: None if its caller has the outcome for good, or the element is not kept
        """
        failed = self._failures.get(index)
        if failed is None:
            return None
        self._drop(index)
        if self._ready.pop(index, None) is None:
            self._replacing = deque(each for each in self._replacing if each.index != index)
        return failed

    def clear(self) -> None:
        """Forgets all."""
        self._ready.clear()
        self._replacing.clear()
        self.close()

    def close(self) -> None:
        """No failed element can be called again from now on."""
        self._failures.clear()
        self._failure_bytes = 0

    def _keep(self, index: int, failed: FailedPart) -> None:
        self._failures[index] = failed
        self._failure_bytes += _size_of(failed)
        while len(self._failures) > _MAX_FAILURES or self._failure_bytes > _MAX_FAILURE_BYTES:
            self._drop(next(iter(self._failures)))

    def _drop(self, index: int) -> None:
        self._failure_bytes -= _size_of(self._failures.pop(index))


def _size_of(failed: FailedPart) -> int:
    return len(failed.part.encoded.data)
