"""Batches whose elements are retried, share values and take turns (S11, S17, S23, S26 to S28)."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from unittest import mock

from sleigh import NetWorkSpace, Retry, Sleigh, SleighError, TaskError, Value
from sleigh.errors import ConnectionLostError
from sleigh.lines import Lines
from sleigh.master.call_reports import CallListeners, CallReports
from sleigh.master.retries import RetriedElement, Timers

from . import functions_for_jobs as functions
from .support import Background, ServerTestCase, until

_SOON = 0.01


class BatchTestCase(ServerTestCase):
    sleigh: Sleigh

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sleigh = Sleigh(2, server=cls.server.address, on_output=lambda _: None)
        cls.addClassCleanup(cls.sleigh.stop)

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def variables(self, sleigh: Sleigh) -> list[str]:
        """The variables of a job with fixed arguments."""
        (info,) = (
            each
            for each in NetWorkSpace.list_workspaces(self.server.address)
            if each.name == sleigh.workspace
        )
        return [name for name in info.variables if name.startswith("#fixedArg")]


class ABatchWithRetries(BatchTestCase):
    def test_calls_elements_again_that_raised(self) -> None:
        retry = Retry(3, backoff=_SOON)
        for chunk_size in (1, 3):
            with self.subTest(chunk_size=chunk_size):
                results = self.sleigh.each_elem(
                    functions.flaky, [1, 2, 3], retry=retry, chunk_size=chunk_size
                )
                self.assertEqual(list(results), [1, 2, 3])

    def test_fails_an_element_that_has_no_attempt_left(self) -> None:
        results = self.sleigh.each_elem(
            functions.flaky, [3, 1], retry=Retry(2, backoff=_SOON), errors="collect"
        )
        failed, done = results
        self.assertEqual((failed.code, failed.attempt, done), ("threw", 2, 1))
        self.assertIn("not at attempt 2", failed.reason)
        with self.assertRaises(TaskError) as caught:
            list(self.sleigh.each_elem(functions.flaky, [2]))
        self.assertEqual(caught.exception.attempt, 1)

    def test_calls_elements_again_that_took_too_long(self) -> None:
        results = self.sleigh.each_elem(functions.slow_at_first, [60], timeout=0.5, retry=Retry(2, backoff=0))
        self.assertEqual(list(results), [2])

    def test_asks_the_program_and_its_error_which_failures_are_retried(self) -> None:
        asked: list[tuple[int, str]] = []

        def when(error: TaskError) -> bool:
            # It may use the job.
            self.sleigh.status()
            asked.append((error.attempt, error.code))
            return error.attempt < 2

        retry = Retry(9, backoff=lambda attempt, error: _SOON * attempt * error.attempt, when=when)
        (error,) = self.sleigh.each_elem(functions.flaky, [5], retry=retry, errors="collect")
        self.assertEqual(asked, [(1, "threw"), (2, "threw")])
        self.assertEqual(error.attempt, 2)
        (error,) = self.sleigh.each_elem(
            functions.refuse_for_good, [1], retry=Retry(9, backoff=_SOON), errors="collect"
        )
        self.assertEqual(error.attempt, 1)

    def test_is_cancelled_by_what_a_function_of_the_policy_raises(self) -> None:
        retry = Retry(3, when=lambda _: 1 // 0 > 0)
        with self.assertRaises(ZeroDivisionError):
            list(self.sleigh.each_elem(functions.flaky, [3], retry=retry))
        with self.assertRaisesRegex(ValueError, "`backoff` must be a number of seconds from 0, got -1"):
            list(self.sleigh.each_elem(functions.flaky, [3], retry=Retry(3, backoff=lambda *_: -1)))

    def test_goes_on_with_other_elements_while_some_wait(self) -> None:
        elements = [1, 3, 5, 7, 9, 11, 2, 4]
        results = self.sleigh.each_elem(
            functions.refuse_odd,
            elements,
            retry=Retry(2, backoff=600),
            load_factor=1,
            chunk_size=1,
            ordered=False,
        )
        self.assertEqual(sorted(next(results) for _ in range(2)), [2, 4])
        self.assertFalse(results._batch.is_over)
        results.cancel()
        until(lambda: results._batch.is_over)

    def test_that_is_cancelled_or_stopped_tries_nothing_again(self) -> None:
        retry = Retry(2, backoff=600)
        results = self.sleigh.each_elem(functions.refuse, [1], retry=retry)
        until(lambda: results._batch._retried)
        results.cancel()
        until(lambda: results._batch.is_over, 10)
        self.assertEqual((results._batch._retried, results._batch._delayed), ({}, {}))
        with Sleigh(1, server=self.server.address, on_output=lambda _: None) as sleigh:
            waiting = sleigh.each_elem(functions.refuse, [1], retry=retry)
            until(lambda: waiting._batch._retried)
        with self.assertRaises(SleighError):
            next(waiting)

    def test_checks_its_policy(self) -> None:
        for attempts in (0, 1.5, True, "3"):
            with self.assertRaisesRegex(ValueError, "`attempts` must be a whole number of at least 1"):
                Retry(attempts)  # type: ignore[arg-type]
        for backoff in (-1, float("nan"), "soon"):
            with self.assertRaisesRegex(ValueError, "`backoff` must be a number of seconds from 0"):
                Retry(2, backoff=backoff)  # type: ignore[arg-type]

    def test_waits_twice_as_long_each_time_by_default(self) -> None:
        error = TaskError(0, "threw", "x")
        waits = [Retry(99).wait_before(attempt, error) for attempt in (2, 3, 4, 50)]
        self.assertEqual(waits, [0.1, 0.2, 0.4, 10.0])


class ARetriedElement(BatchTestCase):
    def test_follows_its_chart(self) -> None:
        again: list[int] = []
        lock = threading.Condition()
        timers = Timers()
        self.addCleanup(timers.close)
        element = RetriedElement(Retry(3), timers, again.append, lock)
        with lock:
            self.assertTrue(element.failed(1, True, 0.05))
            self.assertEqual((element.actor.state, again), ("waiting", []))
        until(lambda: again == [2])
        with lock:
            self.assertEqual([step.clause for step in element.actor.steps], ["S27.2"])
            self.assertTrue(element.failed(2, True, 0.05))
            element.withdraw()
            self.assertEqual(element.actor.state, "givenUp")
        # Its timer elapses in vain.
        time.sleep(0.15)
        self.assertEqual(again, [2])
        for attempt, may_retry in ((3, True), (1, False)):
            last = RetriedElement(Retry(3), timers, again.append, lock)
            self.assertFalse(last.failed(attempt, may_retry, 0))


class ACall(BatchTestCase):
    def test_knows_its_attempt_also_when_a_worker_has_died(self) -> None:
        self.assertEqual(list(self.sleigh.each_elem(functions.flaky, [1])), [1])
        self.assertEqual(list(self.sleigh.each_elem(functions.die_at_first, [1])), [2])
        (error,) = self.sleigh.each_elem(functions.die_and_refuse, [1], errors="collect")
        self.assertEqual((error.code, error.attempt), ("threw", 2))

    def test_draws_numbers_that_depend_on_its_index_and_the_seed(self) -> None:
        def drawn(**options: Any) -> list[float]:
            return list(self.sleigh.each_elem(functions.draw, [0, 1, 2], **options))

        first = drawn(seed=7)
        self.assertEqual(len(set(first)), 3)
        self.assertEqual(first, drawn(seed=7, chunk_size=3))
        self.assertNotEqual(first, drawn(seed=8))
        # Each batch has numbers of its own.
        self.assertNotEqual(drawn(), drawn())
        again = self.sleigh.each_elem(
            functions.draw_flakily, [2, 1, 3], seed=7, retry=Retry(3, backoff=_SOON)
        )
        self.assertEqual(list(again), first)


class Turns(BatchTestCase):
    """Of batches of a job with one worker, which is busy while they are stored."""

    def order_of(self, *batches: tuple[str, int, int]) -> list[str]:
        """The order in which elements are called.

        :param batches: their letters, the numbers of their elements, and their priorities
        """
        with Sleigh(1, server=self.server.address, on_output=lambda _: None) as sleigh:
            gate = sleigh.each_elem(functions.wait_for_file, [self.path("gate")])
            until(lambda: sleigh.status().running == 1)
            calls, stored = self.path("calls"), 0
            running = []
            for letter, count, priority in batches:
                elements = [(calls, f"{letter}{n}") for n in range(count)]
                running.append(
                    sleigh.each_elem(
                        functions.write_down, elements, chunk_size=1, load_factor=20, priority=priority
                    )
                )
                stored += count
                until(lambda wanted=stored + 1: sleigh.status().pending == wanted)
            Path(self.path("gate")).touch()
            for each in (gate, *running):
                list(each)
        order = Path(calls).read_text().split()
        Path(self.path("gate")).unlink()
        Path(calls).unlink()
        return order

    def test_begin_with_a_new_batch_which_does_not_wait_behind_a_large_one(self) -> None:
        order = self.order_of(("a", 12, 0), ("b", 2, 0))
        self.assertEqual(order[:2], ["b0", "b1"])

    def test_are_first_of_batches_with_a_higher_priority(self) -> None:
        order = self.order_of(("a", 4, 5), ("b", 4, -5))
        self.assertEqual("".join(each[0] for each in order), "aaaabbbb")

    def test_say_on_which_host_their_elements_should_be_called(self) -> None:
        results = self.sleigh.each_elem(functions.square, [3], host="node7")
        self.assertEqual(results._batch.options.metadata["taskHost"], "node7")
        # Without a policy that reads it, it means nothing (S32.5).
        self.assertEqual(list(results), [9])
        for wrong in ("", 3):
            with self.assertRaisesRegex(ValueError, "`host` must be a text that is not empty"):
                self.sleigh.each_elem(functions.square, [1], host=wrong)  # type: ignore[arg-type]

    def test_need_a_priority_that_the_server_knows(self) -> None:
        for wrong in (1_001, 0.5, True):
            with self.assertRaisesRegex(ValueError, "`priority` must be a whole number from -1000"):
                self.sleigh.each_elem(functions.square, [1], priority=wrong)  # type: ignore[arg-type]

    def test_are_taken_at_a_limited_rate(self) -> None:
        began = time.monotonic()
        results = self.sleigh.each_elem(functions.square, range(7), per_second=20)
        self.assertEqual(list(results), [n * n for n in range(7)])
        self.assertGreaterEqual(time.monotonic() - began, 0.24)
        # Cancelling the batch ends the wait.
        slow = self.sleigh.each_elem(functions.square, range(7), per_second=0.001)
        next(slow)
        time.sleep(0.2)
        self.assertEqual(slow._batch.read, 1)
        slow.cancel()
        until(lambda: slow._batch.is_over, 10)
        with self.assertRaisesRegex(ValueError, "`per_second` must be a number over 0"):
            self.sleigh.each_elem(functions.square, [1], per_second=0)


class ScatteredValues(BatchTestCase):
    def test_are_sent_once_for_several_batches_and_freed_when_they_are_over(self) -> None:
        with self.sleigh.scatter(10, 20) as shared:
            for _ in range(2):
                self.assertEqual(
                    list(self.sleigh.each_elem(functions.plus, [1, 2], fixed_args=shared)), [31, 32]
                )
            self.assertEqual(self.sleigh.each_worker(functions.plus, 1, fixed_args=shared), [31, 31])
            self.assertEqual(self.variables(self.sleigh), [shared.variable])
            results = self.sleigh.each_elem(
                functions.wait_for_file_and_add, [self.path("x")], fixed_args=shared
            )
        self.assertEqual(self.variables(self.sleigh), [shared.variable])
        Path(self.path("x")).touch()
        self.assertEqual(list(results), [30])
        until(lambda: self.variables(self.sleigh) == [])
        with self.assertRaisesRegex(ValueError, "`fixed_args` were freed"):
            self.sleigh.each_elem(functions.plus, [1], fixed_args=shared)

    def test_arrive_as_they_were(self) -> None:
        for value in ([1, 2], (1, 2), {"a": 1}, "text", None):
            with self.subTest(value=value), self.sleigh.scatter(value) as shared:
                results = self.sleigh.each_elem(functions.value_of, [0], fixed_args=shared)
                self.assertEqual(list(results), [value])
        with self.assertRaises(ValueError):
            self.sleigh.scatter()

    def test_are_dropped_by_workers_when_nobody_needs_them_any_more(self) -> None:
        self.assertEqual(list(self.sleigh.each_elem(functions.plus, [1], fixed_args=(1,))), [2])
        until(lambda: self.variables(self.sleigh) == [])
        metadata = self.sleigh._dispatcher.fixed_arguments.metadata()
        with self.sleigh.scatter(1) as shared:
            kept = self.sleigh._dispatcher.fixed_arguments.metadata()
            self.assertTrue(shared.variable.endswith(kept["fixedArgsFrom"]))
            self.assertEqual(kept, metadata)
        self.assertGreater(
            int(self.sleigh._dispatcher.fixed_arguments.metadata()["fixedArgsFrom"]),
            int(kept["fixedArgsFrom"]),
        )


class ABatchThatIsCancelled(BatchTestCase):
    def test_says_whether_its_calls_have_time_to_end(self) -> None:
        dispatcher = self.sleigh._dispatcher
        for how in ("ask", "kill"):
            results = self.sleigh.each_elem(functions.sleep, [60], on_cancel=how)
            until(lambda: self.sleigh.status().running == 1)
            with dispatcher.changed:
                results._batch.cancel(SleighError("stopped", "enough"))
                self.assertEqual(dispatcher._marks, {results._batch.id: how})
                dispatcher.changed.notify_all()
            until(lambda each=results: each._batch.is_over)
            self.assertEqual(dispatcher._marks, {})
        with self.assertRaisesRegex(ValueError, "`on_cancel` must be 'ask' or 'kill'"):
            self.sleigh.each_elem(functions.square, [1], on_cancel="hope")


class ABatchThatCannotBegin(BatchTestCase):
    def test_leaves_nothing_behind(self) -> None:
        dispatcher = self.sleigh._dispatcher
        with self.assertRaises(TypeError):
            self.sleigh.each_elem(functions.plus, 5, fixed_args=(1,), on_log=print)  # type: ignore[arg-type]
        self.assertEqual((dispatcher._batches, dispatcher.call_reports._active), ({}, set()))
        list(self.sleigh.each_elem(functions.square, [1]))
        until(lambda: self.variables(self.sleigh) == [])
        ended = Sleigh(1, server=self.server.address, on_output=lambda _: None)
        ended.stop()
        with self.assertRaises((SleighError, ConnectionLostError)):
            ended.each_elem(functions.square, [1], on_log=print)
        self.assertEqual(ended._dispatcher.call_reports._active, set())


class Listeners(BatchTestCase):
    def test_hold_up_no_other_batch(self) -> None:
        gate = threading.Event()
        heard: list[str] = []

        def on_log(_index: int, text: str) -> None:
            gate.wait(30)
            heard.append(text)

        self.addCleanup(gate.set)
        talking = self.sleigh.each_elem(functions.talk, [1, 2, 3], on_log=on_log)
        self.assertEqual(list(talking), [0, 1, 2])
        other = Background(lambda: list(self.sleigh.each_elem(functions.square, [3])))
        self.assertEqual(other.join(), [9])
        gate.set()
        until(lambda: len(heard) == 3)

    def test_are_forgotten_at_the_end_of_the_job(self) -> None:
        with Sleigh(1, server=self.server.address, on_output=lambda _: None) as sleigh:
            results = sleigh.each_elem(functions.talk_and_wait, [1], on_log=lambda *_: None)
            reports = sleigh._dispatcher.call_reports
            until(lambda: reports._waker)
        self.assertEqual((reports._listeners, reports._active), ({}, set()))
        until(lambda: not reports._is_taking)
        with self.assertRaises(SleighError):
            next(results)

    def test_end_their_thread_when_nobody_listens(self) -> None:
        list(self.sleigh.each_elem(functions.talk, [1], on_log=lambda *_: None))
        until(lambda: not self.sleigh._dispatcher.call_reports._is_taking)

    def test_hear_what_was_said_although_their_batch_was_faster_than_their_thread(self) -> None:
        shop = self.workspace()
        lines = Lines(self.server.address)
        self.addCleanup(lines.close)
        reports = CallReports(lines, shop.name)
        heard: list[tuple[int, str]] = []
        with mock.patch("sleigh.master.call_reports.threading.Thread"):
            reports.add("1", CallListeners(None, lambda *said: heard.append(said), lambda _: None))
        shop.store("#calls", {"batch": "1", "index": 0, "type": "log", "value": "done"})
        reports.remove("1")
        reports._take()
        self.assertEqual(heard, [(0, "done")])
        self.assertFalse(reports._is_taking)

    def test_connect_again_only_after_a_pause(self) -> None:
        lines = Lines(self.server.address)
        self.addCleanup(lines.close)
        reports = CallReports(lines, self.id())
        tries: list[float] = []

        def lend(_workspace: str) -> Any:
            tries.append(time.monotonic())
            raise ConnectionLostError("unreachable", "a server that accepts no more connections")

        lines.lend = lend  # type: ignore[method-assign]
        reports.add("1", CallListeners(None, None, lambda _: None))
        time.sleep(0.7)
        reports.end()
        self.assertIn(len(tries), range(1, 7))


class AnElasticGroup(ServerTestCase):
    def test_has_more_elements_under_way_when_it_has_more_workers(self) -> None:
        with Sleigh(0, server=self.server.address, elastic=True, on_output=lambda _: None) as sleigh:
            results = sleigh.each_elem(functions.sleep, [0.01] * 400, load_factor=2, chunk_size=1)
            window = results._batch.options.window
            self.assertEqual(window(), 2)
            more = sleigh.launch(3)
            until(lambda: window() == 6)
            self.assertEqual(len(list(results)), 400)
            more.stop()

    def test_calls_workers_that_join_later(self) -> None:
        late: list[Any] = []
        with Sleigh(1, server=self.server.address, elastic=True, on_output=lambda _: None) as sleigh:
            until(lambda: sleigh.status().workers == 1)
            present = sleigh.each_worker(functions.plus, 1, fixed_args=(2,), on_late=late.append)
            self.assertEqual(present, [3])
            self.assertEqual(list(sleigh.each_elem(functions.square, [2])), [4])
            sleigh.launch(2)
            until(lambda: len(late) == 2)
        self.assertEqual([(type(each), each.value) for each in late], [(Value, 3)] * 2)
        self.assertEqual(sorted(each.index for each in late), [1, 2])
        with (
            Sleigh(1, server=self.server.address) as closed,
            self.assertRaisesRegex(ValueError, "`on_late` needs an elastic group"),
        ):
            closed.each_worker(functions.plus, 1, on_late=late.append)

    def test_forgets_workers_that_were_launched_and_have_ended(self) -> None:
        from sleigh import command

        with Sleigh(1, server=self.server.address, elastic=True, on_output=lambda _: None) as sleigh:
            self.assertEqual(len(sleigh._launched), 1)
            sleigh.launch(1).stop()
            self.assertEqual(len(sleigh._launched), 1)
            sleigh.launch(1, launch=command("exit 3"))
            until(lambda: len(sleigh._launched) == 1)
            until(lambda: "sleigh byes" not in [thread.name for thread in threading.enumerate()])
