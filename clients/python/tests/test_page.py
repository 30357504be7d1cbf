"""What the page of a server shows of a job of this client (S24)."""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from sleigh import NetWorkSpace, Sleigh, SleighError

from . import functions_for_jobs as functions
from .support import Background, Server, until


class AJobOnAServerWithAPage(unittest.TestCase):
    server: Server
    sleigh: Sleigh
    workspace: NetWorkSpace
    output: list[str]
    deaths: list[tuple[int, str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(web=True)
        cls.addClassCleanup(cls.server.stop)
        cls.output, cls.deaths = [], []
        cls.sleigh = Sleigh(
            2,
            server=cls.server.address,
            elastic=True,
            on_output=cls.output.append,
            on_death=lambda rank, how: cls.deaths.append((rank, how)),
        )
        cls.addClassCleanup(cls.sleigh.stop)
        cls.workspace = NetWorkSpace(cls.sleigh.workspace, server=cls.server.address, own=False)
        cls.addClassCleanup(cls.workspace.close)

    def progress(self) -> Any:
        return self.workspace.find("#progress", 10)["batches"][-1]

    def page(self, part: str = "") -> Any:
        """The data of the page of this job."""
        name = urllib.parse.quote(self.sleigh.workspace, safe="")
        with urllib.request.urlopen(f"{self.server.web}api/sleighs/{name}{part}", timeout=10) as reply:
            return json.load(reply)

    def test_has_the_progress_and_the_failures_of_a_batch(self) -> None:
        outcomes = self.sleigh.each_elem(functions.refuse_odd, [0, 1, 2, 3], errors="collect")
        self.assertEqual(len(list(outcomes)), 4)
        ended = until(lambda: self.progress() if "ended" in self.progress() else None)
        name = ("tests.functions_for_jobs", "refuse_odd")
        self.assertEqual((ended["module"], ended["function"]), name)
        numbers = [ended[each] for each in ("total", "read", "done", "failed")]
        self.assertEqual(numbers, [4, 4, 4, 2])
        self.assertLessEqual(ended["began"], ended["ended"])
        failures = until(
            lambda: self.failures_of(ended["id"]) if len(self.failures_of(ended["id"])) == 2 else None
        )
        first = failures[0]
        self.assertEqual((first["index"], first["code"], first["element"]), (1, "threw", "1"))
        self.assertEqual(first["message"], "ValueError: 1 is odd")
        self.assertIn("functions_for_jobs.py", first["stack"])
        self.assertEqual(first["attempts"], 1)
        self.assertTrue(first["host"])
        self.assertIn(first["worker"], (0, 1))
        # The page has both.
        (shown,) = (each for each in self.page()["reported"] if each["id"] == ended["id"])
        self.assertEqual([shown[each] for each in ("function", "total", "failed")], ["refuse_odd", 4, 2])
        listed = [each for each in self.page("/failures")["items"] if each["batch"] == ended["id"]]
        self.assertEqual(sorted(each["element"] for each in listed), ["1", "3"])

    def failures_of(self, batch: str) -> list[Any]:
        return [each for each in self.workspace.ifind_try("#failures") if each["batch"] == batch]

    def test_has_what_its_workers_do_and_use(self) -> None:
        with self.sleigh.each_elem(functions.sleep, [30]):
            # A worker may still be in a call of an earlier batch.
            batch = until(lambda: self.progress() if "ended" not in self.progress() else None)["id"]
            busy = until(lambda: [call for call in self.calls() if call["batch"] == batch])
            self.assertEqual([call["place"] for call in busy], [0])
        report = self.workspace.find("#sentinel 0")
        self.assertEqual(sorted(each["rank"] for each in report["workers"]), [0, 1])
        # Elsewhere a sentinel does not know what its workers use.
        if sys.platform.startswith("linux"):
            used = until(self.memory_of_workers)
            self.assertEqual(sorted(used), [0, 1])
            self.assertTrue(all(each > 1_000_000 for each in used.values()), used)

    def memory_of_workers(self) -> dict[int, int]:
        report = self.workspace.find("#sentinel 0", 10)
        used = {each["rank"]: each["memory"] for each in report["workers"] if "memory" in each}
        return used if len(used) == len(report["workers"]) else {}

    def calls(self) -> list[Any]:
        report = self.workspace.find("#sentinel 0", 10)
        return [each["call"] for each in report["workers"] if "call" in each]

    def test_has_a_copy_of_the_output_which_its_master_passes_on_once(self) -> None:
        list(self.sleigh.each_elem(print, ["on the page"]))
        found = until(
            lambda: [each for each in self.workspace.ifind_try("logDebug") if "on the page" in each]
        )
        self.assertEqual(len(found), 1)
        self.assertIn("on the page", [line["text"] for line in self.page("/output")["lines"]])
        until(lambda: "on the page\n" in self.output)
        self.assertEqual(self.output.count("on the page\n"), 1)

    def test_cancels_a_batch_that_is_cancelled_on_the_page(self) -> None:
        results = self.sleigh.each_elem(functions.sleep, [30])
        batch = until(
            lambda: (
                self.progress()
                if self.progress()["function"] == "sleep" and "ended" not in self.progress()
                else None
            )
        )
        self.workspace.store("#orders", {"order": "cancel", "batch": batch["id"]})
        with self.assertRaisesRegex(SleighError, "cancelled on the page"):
            list(results)

    def test_kills_a_worker_that_is_stopped_on_the_page(self) -> None:
        until(lambda: self.sleigh.status().workers == 2)
        self.workspace.store("#orders", {"order": "stop", "rank": 1})
        until(lambda: (1, "signal SIGKILL") in self.deaths)
        until(lambda: self.sleigh.status().workers == 2)

    def retry(self, batch: str, *indexes: int) -> Any:
        """Asks for elements to be called again. Returns the answers."""
        before = len(self.answers_of(batch))
        self.workspace.store("#orders", {"order": "retry", "batch": batch, "indexes": list(indexes)})
        wanted = before + len(indexes)
        answers = until(lambda: self.answers_of(batch) if len(self.answers_of(batch)) >= wanted else None)
        return [(each["index"], each["retry"]) for each in answers[before:]]

    def answers_of(self, batch: str) -> list[Any]:
        return [each for each in self.failures_of(batch) if "retry" in each]

    def paths(self) -> tuple[Path, Path]:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name, "file"), Path(folder.name, "gate")

    def failing(self, file: Path, gate: Path) -> Any:
        """A batch whose first element fails without the file, and whose second one waits for the gate."""
        return self.sleigh.each_elem(
            functions.call_named,
            [("need_file", str(file)), ("wait_for_file", str(gate))],
            errors="collect",
            chunk_size=1,
        )

    def test_calls_an_element_again_while_all_results_are_awaited(self) -> None:
        file, gate = self.paths()
        results = self.failing(file, gate)
        batch = results._batch.id
        waiting = Background(results.all)
        until(lambda: len(self.failures_of(batch)) == 1 and results._batch.outcomes._taken)
        self.assertEqual(self.retry(batch, 0), [(0, "begun")])
        until(lambda: len([each for each in self.failures_of(batch) if "code" in each]) == 2)
        # It has failed again, at its second attempt.
        self.assertEqual(self.failures_of(batch)[-1]["attempts"], 2)
        file.touch()
        self.assertEqual(self.retry(batch, 0, 1, 7), [(0, "begun"), (1, "too-late"), (7, "too-late")])
        until(lambda: results._batch.done == 1 and results._batch.failed == 0)
        gate.touch()
        self.assertEqual(waiting.join(), [str(file), str(gate)])
        ended = until(lambda: self.progress() if "ended" in self.progress() else None)
        self.assertEqual([ended[each] for each in ("total", "done", "failed")], [2, 2, 0])

    def test_calls_an_element_again_until_an_iteration_has_returned_it(self) -> None:
        file, gate = self.paths()
        results = self.failing(file, gate)
        batch = results._batch.id
        until(lambda: len(self.failures_of(batch)) == 1)
        file.touch()
        self.assertEqual(self.retry(batch, 0), [(0, "begun")])
        self.assertEqual(next(results), str(file))
        self.assertEqual(self.retry(batch, 0), [(0, "too-late")])
        gate.touch()
        self.assertEqual(list(results), [str(gate)])

        file.unlink()
        gate.unlink()
        results = self.failing(file, gate)
        self.assertEqual(next(results).code, "threw")
        self.assertEqual(self.retry(results._batch.id, 0), [(0, "too-late")])
        gate.touch()
        self.assertEqual(list(results), [str(gate)])

    def test_answers_that_it_is_too_late_to_call_an_element_again(self) -> None:
        list(self.sleigh.each_elem(functions.refuse, [1], errors="collect"))
        batch = until(lambda: self.progress() if self.progress()["function"] == "refuse" else None)["id"]
        self.assertEqual(self.retry(batch, 0), [(0, "too-late")])
        # Orders that are none change nothing.
        for wrong in ("text", {"order": "dance"}, {"order": "stop", "rank": "x"}, {"order": "retry"}):
            self.workspace.store("#orders", wrong)
        self.assertEqual(list(self.sleigh.each_elem(functions.square, [2])), [4])

    def test_keeps_no_more_answers_than_failures(self) -> None:
        list(self.sleigh.each_elem(functions.refuse, [2], errors="collect"))
        batch = until(lambda: self.progress() if self.progress()["function"] == "refuse" else None)["id"]
        self.workspace.store("#orders", {"order": "retry", "batch": batch, "indexes": list(range(3_000))})
        until(lambda: [each for each in self.answers_of(batch) if each["index"] == 2_999])
        # Those of other orders are among them.
        (listed,) = (info for info in self.workspace.list_variables() if info.name == "#failures")
        self.assertLessEqual(listed.values, 1_000)


if __name__ == "__main__":
    unittest.main()
