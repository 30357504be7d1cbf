"""The workers of one sentinel, supervised. The rules are the charts ``pool`` and ``worker-process`` (S22)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from ..chart import Actor, Chart
from ..worker.activity import Call
from .child import Child
from .loop import Loop, Timer
from .order import RestartBudget, SentinelOrder
from .usage import ProcessUsage, usage_of
from .worker_process import WorkerCommands, WorkerEnd, WorkerProcess

# The number of failed starts in a row, for each wanted worker, after which the pool gives up (S22.10).
FAILED_STARTS_PER_WORKER = 3
# The delay of the first delayed replacement in milliseconds.
FIRST_DELAY_MS = 100
# Milliseconds between two looks at the calls of the workers (S22.2).
_LOOK_MS = 50
# The number of characters of standard error that are kept as the last words of a worker.
_LAST_WORDS = 2_048
# Milliseconds in which the server must accept the report of an end.
_REPORT_LIMIT_MS = 2_000

_CHART = Chart.load("pool")
Event = Mapping[str, Any]


@dataclass(frozen=True)
class PoolPorts:
    """What a pool needs of its sentinel. Each function returns at once, and answers in the thread of the loop."""

    ask_for_rank: Callable[[Optional[int], Callable[[Optional[int]], None]], None]
    """Asks for a rank, or again for that of the replaced worker; answers None if there is none."""
    report: Callable[[WorkerEnd, Callable[[], None]], None]
    """Reports an end to the server."""
    output: Callable[[int, str, str, Callable[[], None]], None]
    """Passes on whole lines of a stream of a worker."""
    stopped: Callable[[str], None]
    """The pool has no workers, and none is coming, for this reason."""


class WorkerPool:
    """The actor of the pool, and its workers."""

    def __init__(self, loop: Loop, order: SentinelOrder, ports: PoolPorts) -> None:
        self.started = 0
        """The number of workers that were started at first."""
        self.first_rank: Optional[int] = None
        """The first rank that it was given."""
        self._loop = loop
        self._order = order
        self._ports = ports
        self._budget = order.budget or RestartBudget(0, 0, 0)
        self._members: dict[int, _Member] = {}
        self._cancelled: dict[str, str] = {}
        self._replacements: set[Timer] = set()
        self._drain_timer: Optional[Timer] = None
        self._living, self._awaited = 0, order.workers
        self._restarts: list[float] = []
        self._delayed, self._failed_starts = 0, 0
        self._reason = ""
        self._actor = Actor(_CHART, self._guards(), self._actions())

    @property
    def actor(self) -> Actor:
        """Its chart in progress."""
        return self._actor

    def start(self) -> None:
        """Asks for ranks, and starts workers."""
        self._actor.start()
        self._look()

    def drain(self, milliseconds: float) -> None:
        """Lets the workers complete their calls within that time (S22.12)."""
        self._actor.send("drain.asked", milliseconds=milliseconds)

    def stop(self) -> None:
        """Ends the workers (S22.13)."""
        self._actor.send("stop.asked")

    def set_cancelled(self, batches: dict[str, str]) -> None:
        """Replaces the list of cancelled batches (S22.3)."""
        before, self._cancelled = self._cancelled, batches
        for member in list(self._members.values()):
            member.child.send("cancelled", batches=batches)
            for batch, how in batches.items():
                if before.get(batch) != how:
                    member.look()
                    member.process.send("batch.cancelled", batch=batch, how=how)

    def kill(self, rank: int) -> None:
        """Kills the worker of a rank, if it is here: someone has stopped it on the page (S24.5)."""
        member = self._members.get(rank)
        if member is not None:
            member.kill()

    def report(self) -> list[dict[str, Any]]:
        """What each worker does, and what its process uses (S24.3)."""
        return [member.report() for member in self._members.values()]

    def cancellation_of(self, batch: str) -> str:
        """``no``, ``ask`` or ``kill``."""
        return self._cancelled.get(batch, "no")

    def worker_ready(self) -> None:
        """A worker has registered."""
        self._actor.send("worker.ready")

    def worker_ended(self, end: WorkerEnd, was_ready: bool, is_planned: bool) -> None:
        """A worker has ended. It is replaced when that is reported."""
        member = self._members.pop(end.rank)
        told = end if end.words else replace(end, words=member.last_words.strip())
        done = False

        def reported() -> None:
            nonlocal done
            if not done:
                done = True
                now = time.monotonic() * 1_000
                event = {"end": told, "wasReady": was_ready, "isPlanned": is_planned, "now": now}
                self._actor.send("worker.ended", **event)

        self._ports.report(told, reported)
        # A server that does not answer delays no replacement for long.
        self._loop.start_timer(_REPORT_LIMIT_MS, reported)

    def output(self, rank: int, stream: str, lines: str, taken: Callable[[], None]) -> None:
        """Lines of a worker."""
        self._ports.output(rank, stream, lines, taken)

    def _guards(self) -> dict[str, Callable[[Event, Optional[str]], bool]]:
        return {
            "replacesNobody": lambda *_: self._order.budget is None,
            "isLastOne": lambda *_: self._living == 1 and self._awaited == 0,
            "isLastToLive": lambda *_: self._living == 1,
            "isLastHope": lambda *_: self._living == 0 and self._awaited == 1,
            "nobodyLives": lambda *_: self._living == 0,
            "wasReady": lambda event, _: bool(event["wasReady"]),
            "startsInVain": lambda *_: (
                self._failed_starts + 1 >= FAILED_STARTS_PER_WORKER * self._order.workers
            ),
            "isPlanned": lambda event, _: bool(event["isPlanned"]),
            "isWithinBudget": lambda event, _: len(self._recent(event["now"])) < self._budget.restarts,
        }

    def _actions(self) -> dict[str, Callable[[Event, Optional[int]], None]]:
        return {
            "countStart": lambda *_: self._count(living=1, awaited=-1),
            "countRefusal": lambda *_: self._count(awaited=-1),
            "countOut": lambda *_: self._count(living=-1),
            "countReplacement": lambda *_: self._count(living=-1, awaited=1),
            "countRestart": self._count_restart,
            "countDelay": lambda *_: self._count(delayed=1),
            "countFailedStart": lambda *_: self._count(failed_starts=1),
            "countSuccess": lambda *_: self._count(failed_starts=-self._failed_starts),
            "awaitNobody": lambda *_: self._count(awaited=-self._awaited),
            "noteEnded": lambda event, _: self._note(
                f"every worker has ended; the last one: {_describe(event['end'])}"
            ),
            "noteGivenUp": lambda event, _: self._note(
                f"{self._failed_starts + 1} workers in a row ended before they were ready; "
                f"the last one: {_describe(event['end'])}"
            ),
            "noteRefused": lambda *_: self._note("the job accepts no more workers"),
            "noteStopped": lambda *_: self._note("the workers were told to go"),
            "askForRanks": lambda *_: self._ask_for_ranks(),
            "askForReplacement": lambda event, _: self._ask(
                event["end"].rank if "end" in event else event["rank"]
            ),
            "startWorker": lambda event, _: self._start_worker(event["rank"]),
            "startReplacementTimer": lambda event, _: self._start_replacement_timer(event),
            "stopReplacementTimers": lambda *_: self._stop_replacement_timers(),
            "askWorkersToLeave": lambda *_: self._send_all("leave.asked"),
            "startDrainTimer": lambda event, _: self._start_drain_timer(event["milliseconds"]),
            "stopDrainTimer": lambda *_: self._stop_drain_timer(),
            "releaseWorkers": lambda *_: self._send_all("release.asked"),
            "notifyStopped": lambda *_: self._ports.stopped(self._reason),
        }

    def _count(self, living: int = 0, awaited: int = 0, delayed: int = 0, failed_starts: int = 0) -> None:
        self._living += living
        self._awaited += awaited
        self._delayed += delayed
        self._failed_starts += failed_starts

    def _count_restart(self, event: Event, _parameter: Optional[int]) -> None:
        self._restarts = [*self._recent(event["now"]), event["now"]]
        self._delayed = 0

    def _recent(self, now: float) -> list[float]:
        return [moment for moment in self._restarts if now - moment < self._budget.within]

    def _note(self, reason: str) -> None:
        self._reason = reason

    def _ask_for_ranks(self) -> None:
        for _ in range(self._order.workers):
            self._ask(None, is_first=True)

    def _ask(self, replaces: Optional[int], is_first: bool = False) -> None:
        def answered(rank: Optional[int]) -> None:
            if rank is None:
                self._actor.send("rank.refused")
                return
            self.started += is_first
            if self.first_rank is None:
                self.first_rank = rank
            self._actor.send("rank.given", rank=rank)

        self._ports.ask_for_rank(replaces, answered)

    def _start_worker(self, rank: int) -> None:
        try:
            member = _Member(self, self._loop, self._order, rank)
        except OSError as error:
            # There may be no memory or no process for it now.
            end = WorkerEnd(rank, str(error), "untried")
            details = {"end": end, "wasReady": False, "isPlanned": False, "now": time.monotonic() * 1_000}
            self._actor.send("worker.ended", **details)
            return
        self._members[rank] = member
        member.start(self._cancelled)

    def _start_replacement_timer(self, event: Event) -> None:
        times = self._delayed if event["wasReady"] else self._failed_starts // self._order.workers
        delay = min(FIRST_DELAY_MS * 2**times, self._budget.max_delay)
        rank = event["end"].rank

        def due() -> None:
            self._replacements.discard(timer)
            self._actor.send("replacement.due", rank=rank)

        timer = self._loop.start_timer(delay, due)
        self._replacements.add(timer)

    def _stop_replacement_timers(self) -> None:
        for timer in self._replacements:
            timer.stop()
        self._replacements.clear()

    def _start_drain_timer(self, milliseconds: float) -> None:
        self._drain_timer = self._loop.start_timer(milliseconds, lambda: self._actor.send("drain.elapsed"))

    def _stop_drain_timer(self) -> None:
        if self._drain_timer is not None:
            self._drain_timer.stop()

    def _send_all(self, kind: str) -> None:
        for member in list(self._members.values()):
            member.process.send(kind)

    def _look(self) -> None:
        """Looks at the calls of all workers, again and again."""
        for member in list(self._members.values()):
            member.look()
        if not self._actor.is_over:
            self._loop.start_timer(_LOOK_MS, self._look)


class _Member(WorkerCommands):
    """A worker of a pool: its process and its actor."""

    def __init__(self, pool: WorkerPool, loop: Loop, order: SentinelOrder, rank: int) -> None:
        self.last_words = ""
        self.process = WorkerProcess(rank, self)
        self._pool = pool
        self._loop = loop
        self._order = order
        self._rank = rank
        self._timer: Optional[Timer] = None
        self._last: Optional[Call] = None
        self._told = 0
        # Milliseconds since 1970.
        self._since = 0
        self._usage: Optional[tuple[float, ProcessUsage]] = None
        server = order.server
        names = [server.host, str(server.port), order.workspace, str(rank)]
        self.child = Child(
            loop, names, self._hear, self._take, lambda how: self.process.send("child.ended", how=how)
        )

    def start(self, cancelled: dict[str, str]) -> None:
        order = self._order
        self.process.start()
        self.child.send(
            "order",
            server=order.server.to_json(),
            workspace=order.workspace,
            rank=self._rank,
            preload=order.preload,
            maxTasks=order.max_tasks,
            maxMemory=order.max_memory,
            reconnectGrace=order.reconnect_grace,
            cancelled=cancelled,
        )

    def look(self) -> None:
        """Reports a call that runs at two looks, and its end. One of a cancelled batch is reported at once."""
        call = self.child.call
        number = 0 if call is None else call.call
        if self._told not in (0, number):
            self._told = 0
            self.process.send("call.ended")
        if call is not None and number != self._told:
            cancelled = self._pool.cancellation_of(call.batch)
            if call == self._last or cancelled != "no":
                self._tell(call, cancelled)
        self._last = call

    def _tell(self, call: Call, cancelled: str) -> None:
        # Only a worker that is ready is in a call, and its actor may learn of the end of a call before.
        if self.process.actor.state != "ready":
            return
        self._told = call.call
        self._since = round(time.time() * 1_000)
        self.process.send(
            "call.lasts",
            call=call.call,
            batch=call.batch,
            at=call.at,
            limit=call.limit,
            isLoading=call.is_loading,
            cancelled=cancelled,
        )

    def report(self) -> dict[str, Any]:
        """Its entry in the report of the sentinel."""
        told: dict[str, Any] = {"rank": self._rank}
        used, now = usage_of(self.child.process_id), time.monotonic() * 1_000
        before, self._usage = self._usage, None if used is None else (now, used)
        if used is not None:
            told["memory"] = used.memory
            if before is not None and now > before[0]:
                told["processors"] = round(
                    (used.processor_ms - before[1].processor_ms) / (now - before[0]), 2
                )
        call = self._last
        if call is not None and call.call == self._told:
            told["call"] = {
                "batch": call.batch,
                "place": call.at,
                "isLoading": call.is_loading,
                "since": self._since,
            }
        return told

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "ready":
            self.process.send("worker.registered")
            self._pool.worker_ready()
        elif kind == "condemned":
            self.process.send("call.condemned", call=message["call"])
        elif kind == "leaving":
            self.process.send("worker.leaving", why=message["why"], words=message["words"])

    def _take(self, stream: str, lines: str, taken: Callable[[], None]) -> None:
        if stream == "stderr":
            self.last_words = f"{self.last_words}{lines}\n"[-_LAST_WORDS:]
        self._pool.output(self._rank, stream, lines, taken)

    # --- what its chart commands ---

    def start_timer(self, milliseconds: float) -> None:
        self.stop_timer()
        if milliseconds != math.inf:
            self._timer = self._loop.start_timer(milliseconds, lambda: self.process.send("timer.elapsed"))

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()

    def send(self, kind: str, **details: Any) -> None:
        self.child.send(kind, **details)

    def kill(self) -> None:
        self.child.kill()

    def report_end(self, end: WorkerEnd, was_ready: bool, is_planned: bool) -> None:
        self._pool.worker_ended(end, was_ready, is_planned)


def _describe(end: WorkerEnd) -> str:
    return f"{end.how}: {end.words}" if end.words else end.how
