"""Jobs: masters, workers and sentinels (S)."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from sleigh import (
    Connection,
    LaunchError,
    NetWorkSpace,
    ServerAddress,
    Sleigh,
    SleighError,
    TaskError,
    UnsendableError,
)
from sleigh.sentinel.order import ORDER, RestartBudget, SentinelOrder, decode_order, encode_order
from sleigh.values import encode
from sleigh.worker.activity import SIZE
from sleigh.worker.departure import Departure
from sleigh.worker.runner import TaskResult
from sleigh.worker.session import WorkerSession
from sleigh.worker.work import Work

from . import functions_for_jobs as functions
from .support import SOURCES, Background, Proxy, ServerTestCase, until


class AJob(ServerTestCase):
    """One job with two workers, in which each test runs a batch."""

    sleigh: Sleigh

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.deaths: list[tuple[int, str]] = []
        cls.output: list[str] = []
        cls.sleigh = Sleigh(
            2,
            server=cls.server.address,
            on_death=lambda rank, how: cls.deaths.append((rank, how)),
            on_output=cls.output.append,
        )

    @classmethod
    def tearDownClass(cls) -> None:
        cls.sleigh.stop()

    def is_complete(self) -> bool:
        """Whether no worker is being replaced."""
        return self.sleigh.status().workers == 2

    def test_gives_results_in_order(self) -> None:
        results = self.sleigh.each_elem(functions.square, range(1_000))
        self.assertEqual(list(results), [n * n for n in range(1_000)])

    def test_gives_results_as_they_arrive_each_once(self) -> None:
        results = self.sleigh.each_elem(
            "tests.functions_for_jobs:square", range(500), ordered=False, chunk_size=7
        )
        self.assertEqual(sorted(results), [n * n for n in range(500)])

    def test_reads_its_input_at_the_pace_of_its_results(self) -> None:
        read: list[int] = []

        def endless() -> Iterator[int]:
            for number in itertools.count():
                read.append(number)
                yield number

        with self.sleigh.each_elem(functions.square, endless(), load_factor=2, chunk_size=3) as results:
            self.assertEqual([next(results) for _ in range(10)], [n * n for n in range(10)])
            # Two tasks of three elements for each of two workers, one more that is gathered, and what was taken.
            self.assertLessEqual(len(read), 10 + 2 * 2 * 3 + 2 * 3)

    def test_passes_fixed_arguments(self) -> None:
        self.assertEqual(
            list(self.sleigh.each_elem(functions.plus, [1, 2], fixed_args=(10, 100))), [111, 112]
        )

    def test_deletes_the_fixed_arguments_of_a_batch_that_is_over(self) -> None:
        workspace = self.workspace(self.sleigh.workspace, own=False)

        def kept() -> list[str]:
            (info,) = [
                each
                for each in NetWorkSpace.list_workspaces(self.server.address)
                if each.name == workspace.name
            ]
            return [name for name in info.variables if name.startswith("#fixedArg")]

        # Not all elements are read until results are taken, so the batch is not over before.
        results = self.sleigh.each_elem(functions.plus, range(200), fixed_args=(1,))
        self.assertEqual(len(kept()), 1)
        self.assertEqual(list(results), list(range(1, 201)))
        until(lambda: kept() == [])

    def test_raises_what_failed_with_the_traceback_of_the_worker(self) -> None:
        with self.assertRaises(TaskError) as caught:
            list(self.sleigh.each_elem(functions.refuse, [5]))
        error = caught.exception
        self.assertEqual((error.code, error.index, error.reason), ("threw", 0, "Refused: 5"))
        self.assertIsInstance(error.__cause__, functions.Refused)
        self.assertEqual(getattr(error.__cause__, "number", None), 5)
        self.assertIn("functions_for_jobs.py", error.remote_traceback)
        self.assertNotIn("runner.py", error.remote_traceback)

    def test_collects_errors(self) -> None:
        results = list(self.sleigh.each_elem(functions.refuse_odd, range(50), errors="collect"))
        self.assertEqual([n for n in results if isinstance(n, int)], list(range(0, 50, 2)))
        self.assertEqual([e.index for e in results if isinstance(e, TaskError)], list(range(1, 50, 2)))

    def test_raises_what_its_input_raised_after_the_results_before(self) -> None:
        def failing() -> Iterator[int]:
            yield 3
            raise KeyError("no more")

        results = self.sleigh.each_elem(functions.square, failing())
        self.assertEqual(next(results), 9)
        with self.assertRaises(KeyError):
            next(results)

    def test_calls_every_element_once_when_workers_are_killed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            elements = [(folder, n) for n in range(30)]
            self.assertEqual(list(self.sleigh.each_elem(functions.die_once, elements)), list(range(30)))
        until(lambda: (0, "signal SIGKILL") in self.deaths or (1, "signal SIGKILL") in self.deaths)

    def test_gives_up_an_element_that_kills_its_workers(self) -> None:
        (error,) = self.sleigh.each_elem(functions.die, [1], errors="collect")
        self.assertEqual((error.code, error.exit_status), ("worker-died", 3))
        self.assertEqual(error.last_words, "these are my last words")
        until(lambda: "these are my last words\n" in self.output)

    def test_ends_a_call_that_takes_longer_than_its_timeout(self) -> None:
        results = self.sleigh.each_elem(functions.sleep, [60, 0], timeout=0.2, errors="collect")
        late, in_time = list(results)
        self.assertEqual((late.code, late.signal, in_time), ("timed-out", "SIGKILL", 0))

    def test_ends_a_call_of_c_code_that_takes_longer_than_its_timeout(self) -> None:
        (late,) = self.sleigh.each_elem(functions.burn, [1], timeout=0.2, errors="collect")
        self.assertEqual(late.code, "timed-out")

    def test_asks_a_call_to_end_when_its_batch_is_cancelled(self) -> None:
        workspace = self.workspace(self.sleigh.workspace, own=False)
        until(self.is_complete)
        before = sorted(self.sleigh.each_worker(functions.process_of))
        with self.sleigh.each_elem(functions.until_cancelled, ["asked"]):
            self.assertEqual(workspace.fetch("asked", 30), "begun")
        self.assertEqual(workspace.fetch("asked", 30), "cancelled")
        # A call that ends when it is asked to keeps its worker.
        self.assertEqual(sorted(self.sleigh.each_worker(functions.process_of)), before)

    def test_passes_on_what_calls_say(self) -> None:
        progress: dict[int, Any] = {}
        lines: list[tuple[int, str]] = []
        results = self.sleigh.each_elem(
            functions.talk,
            range(10, 16),
            chunk_size=2,
            on_element_progress=progress.__setitem__,
            on_log=lambda index, text: lines.append((index, text)),
        )
        self.assertEqual([next(results) for _ in range(6)], list(range(6)))
        until(lambda: len(lines) == 6 and list(progress.values()).count("done") == 6)
        self.assertEqual(sorted(lines), [(n, f"element {10 + n} {n}") for n in range(6)])
        self.assertEqual(sorted(progress), list(range(6)))
        self.assertEqual(list(results), [])
        # Without a listener a line is output of the worker.
        self.assertEqual(list(self.sleigh.each_elem(functions.talk, [7])), [0])
        until(lambda: "element 0: element 7 0\n" in self.output)

    def test_is_cancelled_by_what_a_listener_raises(self) -> None:
        def refuse(_index: int, text: str) -> None:
            raise RuntimeError(text)

        results = self.sleigh.each_elem(functions.talk_and_wait, [1], on_log=refuse)
        with self.assertRaisesRegex(RuntimeError, "begun"):
            list(results)

    def test_refuses_progress_that_cannot_be_sent(self) -> None:
        (error,) = self.sleigh.each_elem(functions.say_a_lock, [1], errors="collect")
        self.assertIn("progress", error.reason)

    def test_calls_every_worker(self) -> None:
        until(self.is_complete)
        self.assertEqual(self.sleigh.each_worker(functions.rank_of), [0, 1])
        with self.assertRaises(TaskError) as caught:
            self.sleigh.each_worker(functions.refuse, 3)
        self.assertEqual(caught.exception.code, "threw")

    def test_says_that_a_function_cannot_be_imported(self) -> None:
        with self.assertRaises(TaskError) as caught:
            list(self.sleigh.each_elem("tests.functions_for_jobs:cube", [1]))
        self.assertEqual(caught.exception.code, "not-loaded")
        self.assertIn("has no function 'cube'. It has", caught.exception.reason)

    def test_refuses_functions_that_cannot_be_sent(self) -> None:
        with mock.patch.dict("sys.modules", {"cloudpickle": None}), self.assertRaises(UnsendableError):
            self.sleigh.each_elem(lambda n: n, [1])

    def test_sends_lambdas_if_cloudpickle_is_installed(self) -> None:
        try:
            import cloudpickle  # type: ignore[import-untyped,unused-ignore] # noqa: F401
        except ImportError:
            self.skipTest("cloudpickle is not installed")
        offset = 5
        self.assertEqual(list(self.sleigh.each_elem(lambda n: n + offset, [1, 2])), [6, 7])

    def test_fails_elements_that_cannot_be_sent_alone(self) -> None:
        with mock.patch.dict("sys.modules", {"cloudpickle": None}):
            first, second = self.sleigh.each_elem(functions.square, [2, (lambda: 1)], errors="collect")
        self.assertEqual((first, second.code), (4, "not-sent"))

    def test_has_a_status(self) -> None:
        self.sleigh.join(60)
        until(self.is_complete)
        self.assertEqual(self.sleigh.status().pending, 0)

    def test_checks_its_options(self) -> None:
        with self.assertRaisesRegex(ValueError, "`errors` must be"):
            self.sleigh.each_elem(functions.square, [], errors="ignore")
        with self.assertRaisesRegex(ValueError, "`chunk_size` must be"):
            self.sleigh.each_elem(functions.square, [], chunk_size=0)
        with self.assertRaisesRegex(TypeError, "`function` must be"):
            self.sleigh.each_elem(3, [])  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "`workers` must be"):
            Sleigh(0)


class AJobWithOptions(ServerTestCase):
    def test_replaces_workers_after_a_number_of_elements(self) -> None:
        with Sleigh(1, server=self.server.address, max_tasks_per_worker=2) as sleigh:
            processes = list(sleigh.each_elem(functions.process_of, range(6), chunk_size=1))
        self.assertEqual([processes.count(each) for each in dict.fromkeys(processes)], [2, 2, 2])

    def test_replaces_workers_that_take_too_much_memory(self) -> None:
        with Sleigh(1, server=self.server.address, max_memory=1) as sleigh:
            first, second = sleigh.each_elem(functions.process_of, range(2), chunk_size=1)
        self.assertNotEqual(first, second)

    def test_imports_a_module_before_workers_join(self) -> None:
        with Sleigh(1, server=self.server.address, preload="tests.functions_for_jobs") as sleigh:
            self.assertEqual(list(sleigh.each_elem(functions.square, [2])), [4])
        output: list[str] = []
        once = RestartBudget(0, 0, 1)
        with Sleigh(
            1, server=self.server.address, preload="no.such", on_output=output.append, respawn=once
        ) as sleigh:
            (error,) = sleigh.each_elem(functions.square, [2], errors="collect")
        self.assertEqual(error.code, "no-workers")
        self.assertIn("3 workers in a row ended before they were ready", error.reason)
        self.assertIn("cannot import no.such: ModuleNotFoundError", error.reason)

    def test_with_shutdown_ends_when_a_worker_dies(self) -> None:
        options = {"on_dead_worker": "shutdown", "on_output": lambda _: None}
        with (
            Sleigh(2, server=self.server.address, **options) as sleigh,
            self.assertRaises(SleighError) as caught,
        ):
            list(sleigh.each_elem(functions.die, [1]))
        self.assertEqual(caught.exception.code, "over")

    def test_passes_environment_and_folder_to_workers(self) -> None:
        with Sleigh(1, server=self.server.address, env={"GREETING": "hello"}, cwd="/") as sleigh:
            self.assertEqual(list(sleigh.each_elem(os.getenv, ["GREETING"])), ["hello"])
            self.assertEqual(list(sleigh.each_elem(os.path.abspath, ["x"])), ["/x"])


class AJobThatEnds(ServerTestCase):
    def test_fails_its_batches(self) -> None:
        sleigh = Sleigh(1, server=self.server.address)
        results = sleigh.each_elem(functions.sleep, [60])
        sleigh.stop()
        with self.assertRaises(SleighError) as caught:
            list(results)
        self.assertEqual(caught.exception.code, "stopped")
        with self.assertRaises(SleighError):
            sleigh.each_elem(functions.square, [1])

    def test_because_no_worker_can_be_had_fails_each_element(self) -> None:
        with Sleigh(1, server=self.server.address, respawn=False, on_output=lambda _: None) as sleigh:
            (error,) = sleigh.each_elem(functions.die, [1], errors="collect")
            self.assertIn(error.code, ("no-workers", "worker-died"))
            until(lambda: sleigh._dispatcher._end)
            with self.assertRaises(SleighError) as caught:
                sleigh.each_elem(functions.square, [1])
            self.assertEqual(caught.exception.code, "no-workers")

    def test_fails_a_batch_that_begins_while_it_is_found_out_that_no_worker_is_left(self) -> None:
        with Sleigh(1, server=self.server.address, respawn=False, on_output=lambda _: None) as sleigh:
            dispatcher = sleigh._dispatcher
            looked, is_still = threading.Event(), threading.Event()

            def look() -> bool:
                looked.set()
                return is_still.is_set()

            with mock.patch.object(dispatcher, "_is_still", look):
                reason = SleighError("no-workers", "nobody")
                finding = Background(lambda: dispatcher.no_workers(reason))
                looked.wait()
                results = sleigh.each_elem(functions.square, [1], errors="collect")
                is_still.set()
                self.assertEqual([error.code for error in results], ["no-workers"])
                finding.join()

    def test_ends_its_workers_when_its_program_is_killed(self) -> None:
        script = (
            "import sys, time; from sleigh import Sleigh; from tests.functions_for_jobs import process_of\n"
            f"sleigh = Sleigh(2, server='127.0.0.1:{self.server.port}')\n"
            "print(*sleigh.each_worker(process_of), flush=True); time.sleep(60)"
        )
        program = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{SOURCES}:{SOURCES.parent}"},
        )
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        assert program.stdout is not None
        with program.stdout:
            workers = [int(text) for text in program.stdout.readline().split()]
        self.assertEqual(len(workers), 2)
        program.kill()
        program.wait()
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


class AWorker(ServerTestCase):
    def test_comes_back_with_its_task_when_its_connection_is_cut(self) -> None:
        sleigh = Sleigh(0, server=self.server.address, elastic=True, reconnect_grace=30)
        self.addCleanup(sleigh.stop)
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        session = WorkerSession(ServerAddress(port=proxy.port), sleigh.workspace, self.rank_in(sleigh))
        called: list[int] = []

        def perform(task: Any, _decode: Any) -> TaskResult:
            called.append(1)
            proxy.cut()
            return TaskResult(encode("done"), {})

        runner = mock.Mock(perform=perform)
        work = Work(session, Departure())
        working = Background(lambda: work.run(runner))
        self.assertEqual(list(sleigh.each_elem(functions.square, [1])), ["done"])
        # The result was sent on the next connection, and the function was called once.
        self.assertEqual(called, [1])
        self.assertEqual(sleigh.status().workers, 1)
        work.leave("told-to-go")
        working.join()

    def test_comes_back_during_a_call(self) -> None:
        sleigh = Sleigh(0, server=self.server.address, elastic=True, reconnect_grace=30)
        self.addCleanup(sleigh.stop)
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        session = WorkerSession(ServerAddress(port=proxy.port), sleigh.workspace, self.rank_in(sleigh))
        workspace = self.workspace(sleigh.workspace, own=False)

        def perform(task: Any, _decode: Any) -> TaskResult:
            proxy.cut()
            until(lambda: "Lost workers" in workspace.find("agentStatus"), 10)
            until(lambda: "Lost workers" not in workspace.find("agentStatus"), 10)
            return TaskResult(encode("done"), {})

        work = Work(session, Departure())
        working = Background(lambda: work.run(mock.Mock(perform=perform)))
        self.assertEqual(list(sleigh.each_elem(functions.square, [1])), ["done"])
        work.leave("told-to-go")
        working.join()

    @unittest.skipUnless(
        sys.platform.startswith("linux"), "elsewhere its listener ends it, between two bytecodes"
    )
    def test_is_killed_by_the_kernel_with_its_sentinel_even_in_c_code(self) -> None:
        with tempfile.TemporaryFile() as board:
            board.truncate(SIZE)
            lifeline, ours = os.pipe()
            channel, theirs = socket.socketpair()
            script = (
                "import sys; from sleigh.worker.link import Link; from tests.functions_for_jobs import burn\n"
                "link = Link(int(sys.argv[1]), int(sys.argv[2])); link.send('ready'); burn(1)"
            )
            program = subprocess.Popen(
                [sys.executable, "-c", script, str(theirs.fileno()), str(lifeline)],
                pass_fds=[theirs.fileno(), lifeline],
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": f"{SOURCES}:{SOURCES.parent}"},
            )
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
            theirs.close()
            os.close(lifeline)
            self.assertIn(b"ready", channel.recv(100))
            # What the kernel does when the sentinel ends.
            os.close(ours)
            channel.close()
            self.assertEqual(program.wait(30), -signal.SIGKILL)

    def rank_in(self, sleigh: Sleigh) -> int:
        connection = Connection(self.server.address)
        self.addCleanup(connection.close)
        connection.use_workspace(sleigh.workspace)
        found = connection.get("fetch", sleigh.workspace, "worker_ids")
        assert found is not None
        return int(found.value)


class AJobWithAPrivateServer(unittest.TestCase):
    def test_needs_nothing_else(self) -> None:
        with Sleigh(1) as sleigh:
            self.assertEqual(list(sleigh.each_elem(functions.square, [3])), [9])
            server = sleigh.server
            self.assertIsNotNone(server.token)
        with self.assertRaises(ConnectionError):
            NetWorkSpace("x", server=server)

    def test_says_why_its_server_does_not_start(self) -> None:
        with self.assertRaisesRegex(LaunchError, "the server cannot be started"):
            Sleigh(1, server_command="no-such-program")
        with self.assertRaisesRegex(LaunchError, "cannot be started: it ended without a word"):
            Sleigh(1, server_command="true")


class TheCommandLine(ServerTestCase):
    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(
            [sys.executable, "-m", "sleigh", "worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{SOURCES}:{SOURCES.parent}", **environment},
        )

        def end() -> None:
            program.kill()
            program.communicate()

        self.addCleanup(end)
        return program

    def job(self, **options: Any) -> Sleigh:
        sleigh = Sleigh(0, server=self.server.address, elastic=True, **options)
        self.addCleanup(sleigh.stop)
        return sleigh

    def event(self, program: subprocess.Popen[bytes]) -> Any:
        assert program.stdout is not None
        return json.loads(program.stdout.readline())

    def test_starts_workers_for_a_job_and_ends_with_it(self) -> None:
        sleigh = self.job()
        server = f"127.0.0.1:{self.server.port}"
        program = self.start(sleigh.workspace, "--server", server, "--workers", "2", "--json")
        self.assertEqual(self.event(program), {"event": "started", "workers": 2})
        self.assertEqual(list(sleigh.each_elem(functions.square, [1, 2, 3])), [1, 4, 9])
        sleigh.stop()
        self.assertEqual(program.wait(30), 0)

    def test_takes_the_order_of_a_launcher(self) -> None:
        sleigh = self.job()
        order = SentinelOrder(
            self.server.address, sleigh.workspace, 1, RestartBudget.usual(1), station="here 0"
        )
        program = self.start("--json", **{ORDER: encode_order(order)})
        self.assertEqual(self.event(program)["event"], "started")
        workspace = self.workspace(sleigh.workspace, own=False)
        waiting = Background(lambda: list(sleigh.each_elem(functions.fetch_a_word, ["word"])))
        workspace.fetch("begun", 30)
        program.send_signal(signal.SIGTERM)
        self.assertEqual(self.event(program)["event"], "draining")
        # The running call may end.
        workspace.store("word", "hello")
        self.assertEqual(waiting.join(), ["hello"])
        self.assertEqual(program.wait(30), 128 + signal.SIGTERM)
        found = workspace.get("fetch", "bye", timeout=10)
        assert found is not None
        self.assertEqual((found.metadata["station"], found.metadata["workers"]), ("here 0", "1"))

    def test_ends_when_standard_input_does(self) -> None:
        sleigh = self.job()
        program = self.start("--from-stdin", "--json")
        order = SentinelOrder(self.server.address, sleigh.workspace, 1)
        assert program.stdin is not None
        program.stdin.write(encode_order(order).encode() + b"\n")
        program.stdin.flush()
        self.assertEqual(self.event(program)["event"], "started")
        program.stdin.close()
        program.stdin = None
        self.assertEqual(program.wait(30), 0)

    def test_sends_the_output_of_workers_to_the_job_and_its_master_shows_it(self) -> None:
        shown: list[str] = []
        sleigh = self.job(on_output=shown.append)
        order = SentinelOrder(self.server.address, sleigh.workspace, 1)
        self.start("--json", **{ORDER: encode_order(order)})
        list(sleigh.each_elem(print, ["hello"]))
        workspace = self.workspace(sleigh.workspace, own=False)
        found = workspace.get("fetch", "logDebug", timeout=30)
        assert found is not None
        self.assertEqual((found.value, found.metadata["rank"]), ("hello", "0"))
        until(lambda: "hello\n" in shown)

    def test_says_what_is_wrong(self) -> None:
        for arguments, words in [
            (["none", "--server", f"127.0.0.1:{self.server.port}"], "was refused"),
            (["x", "--server", "ada:x"], "must be HOST:PORT"),
            ([], "name a job"),
        ]:
            with self.subTest(arguments=arguments):
                program = self.start(*arguments)
                _, said = program.communicate(timeout=30)
                self.assertEqual(program.returncode, 1)
                self.assertIn(words, said.decode())


class AnOrder(unittest.TestCase):
    def test_travels_as_in_the_typescript_client(self) -> None:
        order = SentinelOrder(
            ServerAddress("h", 1, token="t"), "job", 2, RestartBudget(1, 2, 3), "m", 4, 5, "s", "/", {}
        )
        self.assertEqual(decode_order(encode_order(order)), order)
        with self.assertRaisesRegex(ValueError, "not a valid launch order"):
            decode_order("e30")
