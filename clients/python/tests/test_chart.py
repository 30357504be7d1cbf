"""The charts that the worker and the pool run are those of the project (S22, S23)."""

from __future__ import annotations

import math
import unittest
from importlib import resources
from typing import Any

from sleigh.chart import Chart
from sleigh.sentinel.worker_process import WorkerCommands, WorkerEnd, WorkerProcess

from .support import ROOT


class ThePackage(unittest.TestCase):
    def test_has_the_charts_of_the_project(self) -> None:
        names = [
            entry.name for entry in resources.files("sleigh.charts").iterdir() if entry.name.endswith(".json")
        ]
        self.assertEqual(
            sorted(names),
            ["batch.json", "client-session.json", "pool.json", "retry.json", "worker-process.json"],
        )
        for name in names:
            with self.subTest(name=name):
                copy = resources.files("sleigh.charts").joinpath(name).read_bytes()
                self.assertEqual(copy, (ROOT / "docs" / "charts" / name).read_bytes(), "run `npm run charts`")


class Recorder(WorkerCommands):
    def __init__(self) -> None:
        self.commands: list[Any] = []

    def start_timer(self, milliseconds: float) -> None:
        self.commands.append(milliseconds)

    def stop_timer(self) -> None:
        self.commands.append("stop")

    def send(self, kind: str, **details: Any) -> None:
        self.commands.append(kind)

    def kill(self) -> None:
        self.commands.append("kill")

    def report_end(self, end: WorkerEnd, was_ready: bool, is_planned: bool) -> None:
        self.commands.append((end, was_ready, is_planned))


class AWorkerProcess(unittest.TestCase):
    def setUp(self) -> None:
        self.recorder = Recorder()
        self.worker = WorkerProcess(7, self.recorder)
        self.worker.start()

    def call(self, **details: Any) -> None:
        usual = {"call": 1, "batch": "b", "at": 2, "limit": math.inf, "isLoading": False, "cancelled": "no"}
        self.worker.send("call.lasts", **{**usual, **details})

    def took(self) -> list[Any]:
        commands, self.recorder.commands = self.recorder.commands, []
        return commands

    def test_that_does_not_register_is_killed(self) -> None:
        self.worker.send("timer.elapsed")
        self.assertEqual(self.took(), [120_000, "stop", "kill"])
        self.worker.send("child.ended", how="signal SIGKILL")
        self.assertEqual(self.took(), [(WorkerEnd(7, "signal SIGKILL"), False, False)])

    def test_that_exceeds_its_limit_is_condemned_and_killed(self) -> None:
        self.worker.send("worker.registered")
        self.call(limit=1_000)
        self.assertEqual(self.worker.actor.state, "busy.calling")
        self.worker.send("timer.elapsed")
        self.assertEqual(self.took(), [120_000, "stop", 1_750, "stop", "condemn", 1_000])
        self.worker.send("call.condemned", call=2)
        self.assertEqual(self.worker.actor.state, "condemning")
        self.worker.send("call.condemned", call=1)
        self.worker.send("child.ended", how="signal SIGKILL")
        end = WorkerEnd(7, "signal SIGKILL", "failed", "timed-out", "", 2)
        self.assertEqual(self.took(), ["stop", "kill", (end, True, True)])

    def test_whose_call_ends_before_it_is_condemned_goes_on(self) -> None:
        self.worker.send("worker.registered")
        self.call(cancelled="kill")
        self.worker.send("call.ended")
        self.assertEqual(self.worker.actor.state, "ready")
        self.worker.send("child.ended", how="exit status 1")
        self.assertEqual(self.took()[-1], (WorkerEnd(7, "exit status 1", at=2), True, False))

    def test_has_half_a_second_when_its_batch_is_cancelled(self) -> None:
        self.worker.send("worker.registered")
        self.call()
        self.worker.send("batch.cancelled", batch="other", how="ask")
        self.assertEqual(self.worker.actor.state, "busy.calling")
        self.took()
        self.worker.send("batch.cancelled", batch="b", how="ask")
        self.assertEqual(self.took(), ["stop", 500])
        self.assertEqual(self.worker.actor.state, "busy.heeding")
        self.worker.send("batch.cancelled", batch="b", how="kill")
        self.assertEqual(self.worker.actor.state, "condemning")

    def test_that_leaves_has_no_task(self) -> None:
        self.worker.send("worker.registered")
        self.worker.send("worker.leaving", why="not-loaded", words="no module x")
        self.worker.send("child.ended", how="exit status 0")
        end = WorkerEnd(7, "exit status 0", "declined", "not-loaded", "no module x")
        self.assertEqual(self.took()[-1], (end, True, False))

    def test_ignores_events_that_its_state_does_not_expect(self) -> None:
        self.took()
        # Its process had registered just before it was released.
        self.worker.send("release.asked")
        self.worker.send("worker.registered")
        self.assertEqual(self.worker.actor.state, "leaving")
        self.assertEqual(self.took(), ["stop", "release", 1_000])


class AChart(unittest.TestCase):
    def test_enters_the_innermost_state(self) -> None:
        self.assertEqual(Chart.load("worker-process").leaf("busy"), "busy.calling")
