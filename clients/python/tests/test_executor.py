"""The executor, as users of ``concurrent.futures`` and ``asyncio`` know it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import os
import subprocess
import sys
import unittest

from sleigh import Sleigh, SleighExecutor, TaskError

from . import functions_for_jobs as functions
from .support import SOURCES, ServerTestCase, until


class AnExecutor(ServerTestCase):
    executor: SleighExecutor

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.executor = SleighExecutor(2, server=cls.server.address, on_output=lambda _: None)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.executor.shutdown()

    def test_calls_functions_with_arguments(self) -> None:
        self.assertEqual(self.executor.submit(math.pow, 2, 3).result(60), 8)
        self.assertEqual(self.executor.submit(sorted, [1, 3, 2], reverse=True).result(60), [3, 2, 1])
        self.assertEqual(
            list(self.executor.map(functions.plus, range(100), range(100))), list(range(0, 200, 2))
        )

    def test_raises_what_a_call_raised(self) -> None:
        error = self.executor.submit(functions.refuse, 4).exception(60)
        self.assertIsInstance(error, functions.Refused)
        self.assertIn("functions_for_jobs.py", str(error and error.__cause__))
        ended = self.executor.submit(functions.die, 1).exception(60)
        self.assertIsInstance(ended, TaskError)

    def test_works_with_wait_and_as_completed(self) -> None:
        futures = [self.executor.submit(functions.square, n) for n in range(20)]
        done, rest = concurrent.futures.wait(futures, 60)
        self.assertEqual((len(done), len(rest)), (20, 0))
        results = [future.result() for future in concurrent.futures.as_completed(futures)]
        self.assertEqual(sorted(results), [n * n for n in range(20)])

    def test_serves_asyncio(self) -> None:
        async def run() -> int:
            return await asyncio.get_running_loop().run_in_executor(self.executor, functions.square, 12)

        self.assertEqual(asyncio.run(run()), 144)

    def test_completes_its_calls_before_the_program_ends(self) -> None:
        script = (
            "from sleigh import SleighExecutor; from tests.functions_for_jobs import sleep\n"
            f"executor = SleighExecutor(1, server='127.0.0.1:{self.server.port}')\n"
            "executor.submit(sleep, 0.2).add_done_callback(lambda future: print(future.result(), flush=True))"
        )
        path = f"{SOURCES}:{SOURCES.parent}"
        environment = {**os.environ, "PYTHONPATH": path}
        command = [sys.executable, "-c", script]
        ended = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False, timeout=60
        )
        self.assertEqual((ended.stdout, ended.stderr, ended.returncode), ("0.2\n", "", 0))

    def test_cancels_calls_that_are_not_sent_when_it_is_shut_down(self) -> None:
        # In a new job nothing is known of the cost of calls, so that each is sent alone.
        sleigh = Sleigh(1, server=self.server.address)
        self.addCleanup(sleigh.stop)
        executor = SleighExecutor(sleigh=sleigh)
        futures = [executor.submit(functions.sleep, 0.05) for _ in range(200)]
        until(futures[0].running)
        executor.shutdown(cancel_futures=True)
        self.assertTrue(all(future.done() for future in futures))
        self.assertGreater(sum(future.cancelled() for future in futures), 100)
        self.assertFalse(futures[0].cancelled())
        with self.assertRaisesRegex(RuntimeError, "after shutdown"):
            executor.submit(functions.square, 1)
        # It does not stop a Sleigh that it was given.
        self.assertEqual(list(sleigh.each_elem(functions.square, [3])), [9])


if __name__ == "__main__":
    unittest.main()
