"""Masters of this client with workers of the TypeScript client (C8), and what the server has recorded of a job."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from sleigh import Retry, Sleigh, TaskError, WaitTimeoutError, javascript

from . import functions_for_jobs as functions
from .support import INDEX, MAIN, Server, ServerTestCase, until

_TASKS = """
export const square = (n) => n * n;
export const same = (value) => value;
export const plus = (n, { fixedArgs }) => n + fixedArgs;
export const talk = (n, { progress, log, index }) => { progress({ at: n }); log('line', n); return index; };
export const flaky = (n, { attempt }) => {
  if (attempt < n) throw Object.assign(new Error('not yet'), n > 9 ? { name: 'UnrecoverableError' } : {});
  return attempt;
};
export const refuse = (n) => { throw new TypeError(`not ${n}`); };
"""


class AJobWithWorkersInJavaScript(ServerTestCase):
    sleigh: Sleigh
    module: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.module = str(Path(folder.name, "tasks.mjs"))
        Path(cls.module).write_text(_TASKS)
        cls.sleigh = Sleigh(0, server=cls.server.address, elastic=True)
        cls.addClassCleanup(cls.sleigh.stop)
        server = f"127.0.0.1:{cls.server.port}"
        program = subprocess.Popen(
            [
                *("node", str(MAIN), "worker", cls.sleigh.workspace, "--server", server),
                *("--workers", "1", "--concurrency", "2"),
            ],
            stderr=subprocess.DEVNULL,
        )

        def end() -> None:
            program.terminate()
            program.wait()

        cls.addClassCleanup(end)

    def test_calls_their_functions(self) -> None:
        results = self.sleigh.each_elem(javascript(self.module, "square"), range(200))
        self.assertEqual(list(results), [n * n for n in range(200)])
        values = ["grüße", {"a": [1, None, True]}, [0.5], b"\x00\xff"]
        self.assertEqual(list(self.sleigh.each_elem(javascript(self.module, "same"), values)), values)
        self.assertEqual(
            list(self.sleigh.each_elem(javascript(self.module, "plus"), [1], fixed_args=(5,))), [6]
        )

    def test_hears_what_their_calls_say(self) -> None:
        progress: dict[int, object] = {}
        lines: list[tuple[int, str]] = []
        results = self.sleigh.each_elem(
            javascript(self.module, "talk"),
            [5, 6, 7],
            on_element_progress=progress.__setitem__,
            on_log=lambda index, text: lines.append((index, text)),
        )
        self.assertEqual(list(results), [0, 1, 2])
        until(lambda: len(lines) == 3 and len(progress) == 3)
        self.assertEqual(progress, {0: {"at": 5}, 1: {"at": 6}, 2: {"at": 7}})
        self.assertEqual(sorted(lines), [(0, "line 5"), (1, "line 6"), (2, "line 7")])

    def test_shares_values_with_them_and_calls_them_again(self) -> None:
        with self.sleigh.scatter(10) as shared:
            plus = javascript(self.module, "plus")
            for _ in range(2):
                self.assertEqual(list(self.sleigh.each_elem(plus, [1, 2], fixed_args=shared)), [11, 12])
        with self.sleigh.scatter(1, 2) as several, self.assertRaisesRegex(ValueError, "a single value"):
            self.sleigh.each_elem(plus, [1], fixed_args=several)
        flaky, retry = javascript(self.module, "flaky"), Retry(3, backoff=0)
        self.assertEqual(list(self.sleigh.each_elem(flaky, [1, 2, 3], retry=retry)), [1, 2, 3])
        (error,) = self.sleigh.each_elem(flaky, [99], retry=retry, errors="collect")
        self.assertEqual(error.attempt, 1)

    def test_calls_a_broadcast_once_in_each_process(self) -> None:
        until(lambda: self.sleigh.status().workers == 2)
        # Both ranks are of the same process, which calls it once (S22.16).
        self.assertEqual(self.sleigh.each_worker(javascript(self.module, "same"), "once"), ["once"])

    def test_raises_what_they_threw(self) -> None:
        with self.assertRaises(TaskError) as caught:
            list(self.sleigh.each_elem(javascript(self.module, "refuse"), [7]))
        error = caught.exception
        self.assertEqual((error.code, error.reason), ("threw", "TypeError: not 7"))
        self.assertIn("tasks.mjs", error.remote_traceback)
        self.assertEqual(str(error.__cause__), "TypeError: not 7")


_LOCK = f"""
import {{ NetWorkSpace }} from {json.dumps(INDEX.as_uri())};
const shop = await NetWorkSpace.use(process.argv[2], {{ port: Number(process.argv[3]) }});
const lock = await shop.lock('door');
console.log('locked');
const order = await shop.variable('orders').take({{ lease: 60_000 }});
console.log(order.value);
process.stdin.once('data', async () => {{
  await order.back();
  await lock.release();
  const again = await shop.lock('door');
  console.log('again');
  await again.release();
  shop.close();
  process.stdin.destroy();
}});
"""


class AProgramInJavaScript(ServerTestCase):
    def test_has_the_same_locks_and_leases(self) -> None:
        shop = self.workspace()
        shop.store("orders", {"id": 1})
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lock.mjs")
            file.write_text(_LOCK)
            program = subprocess.Popen(
                ["node", str(file), shop.name, str(self.server.port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self.addCleanup(program.communicate)
            self.addCleanup(program.kill)
            assert program.stdout is not None and program.stdin is not None
            self.assertEqual(program.stdout.readline(), "locked\n")
            self.assertEqual(program.stdout.readline(), "{ id: 1 }\n")
            self.assertIsNone(shop.take_try("orders", 1))
            with self.assertRaises(WaitTimeoutError):
                shop.lock("door", timeout=0.2)
            program.stdin.write("go on\n")
            program.stdin.flush()
            self.assertEqual(shop.take("orders", 60, timeout=30).value, {"id": 1})
            self.assertEqual(program.stdout.readline(), "again\n")
            with shop.lock("door", timeout=30) as lock:
                self.assertFalse(lock.lost.is_set())


class AWorkerInPython(ServerTestCase):
    def test_declines_tasks_of_another_language(self) -> None:
        with Sleigh(1, server=self.server.address, on_output=lambda _: None) as sleigh:
            (error,) = sleigh.each_elem(javascript("/tasks.mjs", "square"), [1], errors="collect")
        self.assertEqual(error.code, "not-loaded")
        self.assertEqual(
            error.reason, "/tasks.mjs is a module of javascript, and this worker runs Python (C8)"
        )


class TheTraceOfAJobWithPythonWorkers(unittest.TestCase):
    def test_follows_the_statecharts(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace.jsonl")
            server = Server("--trace", trace)
            try:
                with Sleigh(2, server=server.address, on_output=lambda _: None) as sleigh:
                    elements = [(folder, n) for n in range(20)]
                    results = list(sleigh.each_elem(functions.die_once, elements))
                    self.assertEqual(results, list(range(20)))
                    until(lambda: sleigh.status().workers == 2)
                    self.assertEqual(sleigh.each_worker(functions.rank_of), [0, 1])
                    with sleigh.each_elem(functions.sleep, [30]):
                        until(lambda: sleigh.status().running == 1)
            finally:
                server.stop()
            command = ["node", str(MAIN), "verify", trace]
            verified = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((verified.returncode, verified.stderr), (0, ""), verified.stdout)
            self.assertIn("steps, all of them allowed", verified.stdout)


if __name__ == "__main__":
    unittest.main()
