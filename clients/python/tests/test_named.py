"""Jobs and batches with names, which outlive their program (S29)."""

from __future__ import annotations

import socket
import subprocess
import sys
import unittest

from sleigh import LaunchError, NetWorkSpace, NwsError, Retry, Sleigh, SleighError, TaskError

from . import functions_for_jobs as functions
from .support import PATHS, ServerTestCase, until
from .test_durable import DurableTestCase

_PROGRAM = """
import sys
from sleigh import Sleigh
from tests.functions_for_jobs import note

server, file, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Sleigh(2, server=server, name="nightly") as sleigh:
    for result in sleigh.each_elem(note, [(file, n) for n in range(count)], name="frames"):
        print(result, flush=True)
"""


class AProgramThatIsStartedAgain(DurableTestCase):
    def start(self, count: int) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(self.server.address), str(self.calls), str(count)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=PATHS,
        )
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        return program

    def test_goes_on_where_it_was_also_if_its_server_was_killed(self) -> None:
        count = 120
        first = self.start(count)
        assert first.stdout is not None
        for number in range(40):
            self.assertEqual(first.stdout.readline(), f"{number}\n")
        first.kill()
        # Its sentinel reports the end of its workers when the server is back.
        self.restart(1.5)
        second = self.start(count)
        output, _ = second.communicate(timeout=60)
        self.assertEqual(output.split(), [str(number) for number in range(count)])
        calls = self.counted()
        self.assertEqual(sorted(set(calls)), list(range(count)))
        # Only what was under way on the two workers of the first program was called twice.
        self.assertLessEqual(len(calls), count + 2)
        # The job ends with the program that ends in order.
        names = [info.name for info in NetWorkSpace.list_workspaces(self.server.address)]
        self.assertNotIn("nightly", names)


class AJobWithAName(ServerTestCase):
    def job(self) -> Sleigh:
        sleigh = Sleigh(1, server=self.server.address, name=self.id(), on_output=lambda _: None)
        self.addCleanup(sleigh.stop)
        return sleigh

    def variables(self) -> tuple[str, ...]:
        (info,) = (
            each for each in NetWorkSpace.list_workspaces(self.server.address) if each.name == self.id()
        )
        return info.variables

    def test_stays_when_another_start_with_its_name_fails(self) -> None:
        sleigh = self.job()
        with self.assertRaises(LaunchError):
            Sleigh(1, server=self.server.address, name=self.id(), hosts=["-x"])
        self.assertEqual(list(sleigh.each_elem(functions.square, [3])), [9])

    def test_has_several_masters(self) -> None:
        sleigh = self.job()
        with Sleigh.attach(self.id(), self.server.address) as other:
            both = [each.each_elem(functions.square, range(50)) for each in (sleigh, other)]
            for results in both:
                self.assertEqual(list(results), [n * n for n in range(50)])
            self.assertEqual(other.each_worker(functions.rank_of), [0])
        # The other one has ended only its part.
        self.assertEqual(list(sleigh.each_elem(functions.square, [3])), [9])

    def test_keeps_the_results_of_a_batch_until_all_are_taken(self) -> None:
        sleigh = self.job()
        results = sleigh.each_elem(functions.refuse_odd, range(6), name="odd", errors="collect")
        outcomes = [next(results) for _ in range(6)]
        self.assertEqual([isinstance(each, TaskError) for each in outcomes], [False, True] * 3)
        self.assertIn("#results odd", self.variables())
        # Another master of the batch has all of them without a call.
        with Sleigh.attach(self.id(), self.server.address) as other:
            again = other.each_elem(functions.refuse_odd, range(6), name="odd", errors="collect")
            self.assertEqual([str(next(again)) for _ in range(6)], [str(each) for each in outcomes])
        self.assertEqual(list(results), [])
        self.assertNotIn("#results odd", self.variables())

    def test_forgets_the_results_of_a_batch_that_was_cancelled(self) -> None:
        sleigh = self.job()
        with sleigh.each_elem(functions.square, range(6), name="all") as results:
            next(results)
            self.assertIn("#results all", self.variables())
        until(lambda: "#results all" not in self.variables())

    def test_says_that_a_batch_was_cancelled_on_the_page_when_it_is_started_again(self) -> None:
        sleigh = self.job()
        results = sleigh.each_elem(functions.sleep, [60], name="long")
        until(lambda: sleigh.status().running == 1)
        sleigh._dispatcher.cancel(results._batch.id)
        with self.assertRaisesRegex(SleighError, "cancelled on the page"):
            next(results)
        # Its call has ended, and its result is forgotten.
        until(lambda: "#results long" not in self.variables())
        with Sleigh.attach(self.id(), self.server.address) as other, NetWorkSpace(
            self.id(), server=self.server.address, own=False
        ) as workspace:
            with self.assertRaisesRegex(SleighError, "as the variable '#cancelled long' of the job says"):
                other.each_elem(functions.sleep, [0], name="long")
            self.assertEqual(list(other.each_elem(functions.square, [3], name="other")), [9])
            workspace.fetch("#cancelled long")
            self.assertEqual(list(other.each_elem(functions.sleep, [0], name="long")), [0])

    def test_retries_elements_whose_failures_stay_on_the_server(self) -> None:
        sleigh = self.job()
        retry = Retry(3, backoff=0)
        results = sleigh.each_elem(functions.flaky, [1, 2, 3], name="flaky", retry=retry)
        self.assertEqual([next(results) for _ in range(3)], [1, 2, 3])
        # Another master has the same attempts without a call.
        with Sleigh.attach(self.id(), self.server.address) as other:
            again = other.each_elem(functions.flaky, [1, 2, 3], name="flaky", retry=retry)
            self.assertEqual([next(again) for _ in range(3)], [1, 2, 3])
        self.assertEqual(list(results), [])

    def test_reads_its_results_again_when_only_that_connection_is_lost(self) -> None:
        sleigh = self.job()
        results = sleigh.each_elem(functions.sleep, [0.01, 1.0, 0.02], name="slow")
        self.assertEqual(next(results), 0.01)
        named = results._batch.options.named
        assert named is not None and named._connection is not None
        named._connection._channel._stream._socket.shutdown(socket.SHUT_RDWR)
        self.assertEqual(list(results), [1.0, 0.02])

    def test_ends_a_batch_whose_results_another_program_has_deleted(self) -> None:
        sleigh = self.job()
        results = sleigh.each_elem(functions.sleep, [60], name="long")
        until(lambda: "#results long" in self.variables() and sleigh.status().running == 1)
        with NetWorkSpace(self.id(), server=self.server.address, own=False) as workspace:
            until(lambda: [info for info in workspace.list_variables() if info.finders == 1])
            workspace.delete_variable("#results long")
        with self.assertRaisesRegex(SleighError, "another master has taken or cancelled the batch 'long'"):
            next(results)

    def test_ends_its_named_batches_when_it_is_stopped(self) -> None:
        sleigh = self.job()
        results = sleigh.each_elem(functions.sleep, [60], name="long")
        sleigh.stop()
        with self.assertRaises(SleighError):
            next(results)

    def test_must_exist_if_another_master_attaches_to_it(self) -> None:
        with self.assertRaises(NwsError) as caught:
            Sleigh.attach("no such job", self.server.address)
        self.assertEqual(caught.exception.code, "no-workspace")

    def test_checks_its_names(self) -> None:
        for wrong in ("", 3):
            with self.assertRaisesRegex(ValueError, "`name` must be a text that is not empty"):
                Sleigh(1, server=self.server.address, name=wrong)  # type: ignore[arg-type]
        with Sleigh(1, server=self.server.address) as sleigh:
            with self.assertRaisesRegex(ValueError, "a batch with a `name` needs an elastic group"):
                sleigh.each_elem(functions.square, [1], name="x")
            with self.assertRaisesRegex(ValueError, "`name` must be a text that is not empty"):
                sleigh.each_elem(functions.square, [1], name="")


if __name__ == "__main__":
    unittest.main()
