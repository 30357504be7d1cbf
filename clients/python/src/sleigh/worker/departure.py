"""Whether and why a worker leaves (S22.5)."""

from __future__ import annotations

from typing import Optional


class Departure:
    """A worker leaves between two elements, when it has no task. The first reason counts.

    The reasons are ``told-to-go``, ``max-tasks``, ``max-memory``, ``not-loaded`` and ``cut-off``.
    """

    def __init__(self) -> None:
        self.why: Optional[str] = None
        """None if it stays."""
        self.words = ""

    def request(self, why: str, words: str = "") -> None:
        """Asks it to leave."""
        if self.why is None:
            self.words = words
            self.why = why


class Declined(Exception):
    """A task that this worker cannot do and does not answer, because another worker may be able to (S19)."""
