"""One worker of a sentinel, from its start to its end. The rules are the chart ``worker-process`` (S22)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from ..chart import Actor, Chart

# Milliseconds that a call has beyond its limit.
BEYOND_LIMIT_MS = 750

DIED = "died"
TIMED_OUT = "timed-out"
CANCELLED = "cancelled"
NOT_LOADED = "not-loaded"
TOLD_TO_GO = "told-to-go"
# Ends that are part of the work, and no sign of trouble with the workers (S22.8).
_PLANNED = frozenset({"max-tasks", "max-memory", TIMED_OUT, CANCELLED})
# A process of this client has one rank, so that nothing else runs in it at its end (S22.14).
_ALONE = "alone"

_CHART = Chart.load("worker-process")
Event = Mapping[str, Any]


@dataclass(frozen=True)
class WorkerEnd:
    """The end of a worker, as its sentinel reports it (S19)."""

    rank: int
    how: str = ""
    task: str = "tried"
    """``tried``, ``untried``, ``failed`` or ``declined``: what becomes of the task that it had."""
    why: str = DIED
    words: str = ""
    at: int = 0


class WorkerCommands:
    """What the chart commands. A pool implements it."""

    def start_timer(self, milliseconds: float) -> None:
        """Sends ``timer.elapsed`` after that time, instead of the timer before."""
        raise NotImplementedError

    def stop_timer(self) -> None:
        """The timer will not elapse."""
        raise NotImplementedError

    def send(self, kind: str, **details: Any) -> None:
        """Sends a message to the process."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kills the process."""
        raise NotImplementedError

    def report_end(self, end: WorkerEnd, was_ready: bool, is_planned: bool) -> None:
        """The process has ended."""
        raise NotImplementedError


class WorkerProcess:
    """The actor of one worker."""

    def __init__(self, rank: int, commands: WorkerCommands) -> None:
        self._commands = commands
        self._end = WorkerEnd(rank)
        self._call = 0
        self._batch = ""
        self._limit = math.inf
        self._was_ready = False
        self._actor = Actor(_CHART, self._guards(), self._actions())

    @property
    def actor(self) -> Actor:
        """Its chart in progress."""
        return self._actor

    def start(self) -> None:
        """The process has been started."""
        self._actor.start()

    def send(self, kind: str, **details: Any) -> None:
        """Handles an event of the chart."""
        self._actor.send(kind, **details)

    def _guards(self) -> dict[str, Callable[[Event, Optional[str]], bool]]:
        return {
            "isCancelled": lambda event, how: bool(event["cancelled"] == how),
            "isLoading": lambda event, _: bool(event["isLoading"]),
            "isItsBatch": lambda event, how: bool(event["batch"] == self._batch and event["how"] == how),
            "wasWaiting": lambda event, _: event.get("company", _ALONE) == "waiting",
            "wasLateTogether": lambda event, _: event.get("company", _ALONE) == "together",
            "isItsCall": lambda event, _: bool(event["call"] == self._call),
        }

    def _actions(self) -> dict[str, Callable[[Event, Optional[int]], None]]:
        commands = self._commands

        def note(**changes: Any) -> Callable[[Event, Optional[int]], None]:
            def run(_event: Event, _parameter: Optional[int]) -> None:
                self._end = replace(self._end, **changes)

            return run

        def note_ready(_event: Event, _parameter: Optional[int]) -> None:
            self._was_ready = True

        return {
            "noteReady": note_ready,
            "noteCall": self._note_call,
            "noteLoading": note(task="declined", why=NOT_LOADED),
            "noteCancelled": note(task="failed", why=CANCELLED),
            "noteLeaving": self._note_leaving,
            "noteReleased": note(task="untried", why=TOLD_TO_GO),
            "noteDeath": note(task="tried", why=DIED),
            "noteUntried": note(task="untried", why=DIED),
            "noteTried": note(task="tried"),
            "startTimer": lambda _, milliseconds: commands.start_timer(
                self._limit if milliseconds is None else milliseconds
            ),
            "stopTimer": lambda *_: commands.stop_timer(),
            "condemnCall": lambda *_: commands.send("condemn", call=self._call),
            "askToLeave": lambda *_: commands.send("leave"),
            "releaseProcess": lambda *_: commands.send("release"),
            "killProcess": lambda *_: commands.kill(),
            "reportEnd": self._report_end,
        }

    def _note_call(self, event: Event, _parameter: Optional[int]) -> None:
        self._call, self._batch = event["call"], event["batch"]
        self._limit = event["limit"] + BEYOND_LIMIT_MS
        self._end = replace(self._end, at=event["at"], task="failed", why=TIMED_OUT)

    def _note_leaving(self, event: Event, _parameter: Optional[int]) -> None:
        task = "declined" if event["why"] == NOT_LOADED else "untried"
        self._end = replace(self._end, task=task, why=event["why"], words=event["words"])

    def _report_end(self, event: Event, _parameter: Optional[int]) -> None:
        end = replace(self._end, how=event.get("how", ""))
        self._commands.report_end(end, self._was_ready, end.why in _PLANNED)
