"""Jobs whose server is killed with -9 and started again with the same data (P15, S18, D8)."""

from __future__ import annotations

import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from sleigh import Sleigh, javascript
from sleigh.master.batch import Value

from . import functions_for_jobs as functions
from .support import MAIN, Server, until

_NOTE = """
import { appendFileSync } from 'node:fs';
export const note = async ([file, number]) => {
  appendFileSync(file, `${number}\\n`);
  await new Promise((resolve) => setTimeout(resolve, (number % 7) * 5));
  return number;
};
"""


class DurableTestCase(unittest.TestCase):
    """Tests with a server of their own that keeps its data."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.calls = self.folder / "calls"
        self.calls.touch()
        self.server = Server("--data", str(self.folder / "data"))
        self.addCleanup(self.stop)

    def stop(self) -> None:
        self.server.stop()

    def restart(self, seconds: float = 0.0) -> None:
        """:param seconds: how long there is no server, besides the time of its start"""
        self.server.kill()
        time.sleep(seconds)
        self.server = Server("--data", str(self.folder / "data"), port=self.server.port)

    def counted(self) -> list[int]:
        """The elements that were called, in order, as often as they were called."""
        return sorted(int(line) for line in self.calls.read_text().split())


class AJobWhoseServerIsKilledThreeTimes(DurableTestCase):
    def take(self, sleigh: Sleigh, function: Any, count: int = 300) -> None:
        elements = ([str(self.calls), number] for number in range(count))
        answers: list[int] = []
        kills = [count // 5, 2 * count // 5, 3 * count // 5]
        for outcome in sleigh.each_elem(function, elements, ordered=False).outcomes():
            assert isinstance(outcome, Value), outcome
            answers.append(outcome.value)
            if len(answers) in kills:
                self.restart()
        self.assertEqual(sorted(answers), list(range(count)))
        # A second attempt would be a second call.
        self.assertEqual(self.counted(), list(range(count)))

    def test_loses_and_repeats_no_element(self) -> None:
        deaths: list[Any] = []
        # A second attempt would be a second call.
        with Sleigh(
            3, server=self.server.address, max_attempts=1, on_death=lambda *death: deaths.append(death)
        ) as sleigh:
            self.take(sleigh, functions.note)
            self.assertEqual(sleigh.status().workers, 3)
            self.assertEqual(sleigh.each_worker(functions.rank_of), [0, 1, 2])
        self.assertEqual(deaths, [])

    def test_nor_with_workers_in_javascript(self) -> None:
        module = self.folder / "note.mjs"
        module.write_text(_NOTE)
        with Sleigh(0, server=self.server.address, elastic=True, max_attempts=1) as sleigh:
            program = subprocess.Popen(
                [
                    "node",
                    str(MAIN),
                    "worker",
                    sleigh.workspace,
                    "--workers",
                    "2",
                    "--server",
                    str(self.server.address),
                ],
                stderr=subprocess.DEVNULL,
            )
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
            self.take(sleigh, javascript(str(module), "note"))

    def test_whose_workers_compute_all_the_time_calls_them_once(self) -> None:
        with Sleigh(2, server=self.server.address, max_attempts=1) as sleigh:
            results = sleigh.each_elem(functions.sleep, [2.5, 2.5])
            until(lambda: sleigh.status().running == 2)
            self.restart()
            self.assertEqual(list(results), [2.5, 2.5])
