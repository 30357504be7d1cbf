"""Launchers: workers by commands (docs/launchers.md). Those by ssh are in test/clients/python-launchers.test.ts."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from sleigh import LaunchError, Sleigh, SleighError, TlsOptions, command, javascript, ssh
from sleigh.address import ServerAddress
from sleigh.master.launchers import _tunnelled, shares

from . import functions_for_jobs as functions
from .support import MAIN, PATHS, Proxy, ServerTestCase, until

_WORKER = f'"{sys.executable}" -m sleigh worker'
_ENV = {"PYTHONPATH": PATHS["PYTHONPATH"]}


class WorkersByACommand(ServerTestCase):
    def test_do_a_job_and_end_with_it(self) -> None:
        output: list[str] = []
        launch = command(f"export PYTHONPATH='{PATHS['PYTHONPATH']}'; exec {_WORKER}")
        with Sleigh(2, server=self.server.address, launch=launch, on_output=output.append) as sleigh:
            self.assertEqual(list(sleigh.each_elem(functions.square, range(20))), [n * n for n in range(20)])
            list(sleigh.each_elem(print, ["hello"]))
            # It comes by the server.
            until(lambda: "hello\n" in output)
            workers = sleigh.each_worker(functions.process_of)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))

    def test_run_once_for_each_host_with_its_share(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            launch = command(
                f"""echo "$SLEIGH_WORKERS" > "{folder}/$SLEIGH_HOST"; """
                f"export PYTHONPATH='{PATHS['PYTHONPATH']}'; exec {_WORKER} --from-stdin"
            )
            with Sleigh(3, server=self.server.address, hosts=["ada", "grace"], launch=launch) as sleigh:
                self.assertEqual(sorted(sleigh.each_worker(functions.rank_of)), [0, 1, 2])
            told = {path.name: path.read_text().strip() for path in Path(folder).iterdir()}
            self.assertEqual(told, {"ada": "2", "grace": "1"})

    def test_may_speak_another_language(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            module = Path(folder, "tasks.mjs")
            module.write_text("export const square = (n) => n * n;")
            launch = command(f'exec node "{MAIN}" worker')
            with Sleigh(1, server=self.server.address, launch=launch, on_output=lambda _: None) as sleigh:
                self.assertEqual(
                    list(sleigh.each_elem(javascript(str(module), "square"), [1, 2, 3])), [1, 4, 9]
                )

    def test_may_be_more_later_in_an_elastic_group(self) -> None:
        launch = command(f"export PYTHONPATH='{PATHS['PYTHONPATH']}'; exec {_WORKER}")
        with Sleigh(1, server=self.server.address, elastic=True) as sleigh:
            more = sleigh.launch(1, launch=launch)
            until(lambda: sleigh.status().workers == 2)
            more.stop()
            until(lambda: sleigh.status().workers == 1)
            self.assertEqual(list(sleigh.each_elem(functions.square, [3])), [9])
            sleigh.launch(1)
            until(lambda: sleigh.status().workers == 2)

    def test_whose_command_fails_fail_the_elements_with_the_reason(self) -> None:
        output: list[str] = []
        launch = command("echo no such queue >&2; exit 3")
        with Sleigh(1, server=self.server.address, launch=launch, on_output=output.append) as sleigh:
            (error,) = sleigh.each_elem(functions.square, [1], errors="collect")
        self.assertEqual(error.code, "no-workers")
        self.assertIn("have ended: exit status 3", error.reason)
        self.assertIn("no such queue\n", output)

    def test_that_do_not_end_are_awaited_together(self) -> None:
        output: list[str] = []
        stubborn = command("trap '' TERM; echo trapped; while :; do sleep 1; done")
        hosts = [f"host {n}" for n in range(8)]
        with mock.patch("sleigh.master.launchers._END_SECONDS", 0.5):
            sleigh = Sleigh(
                8, server=self.server.address, hosts=hosts, launch=stubborn, on_output=output.append
            )
            until(lambda: output.count("trapped\n") == len(hosts))
            began = time.monotonic()
            sleigh.stop()
        # One after another would take 4 seconds.
        self.assertLess(time.monotonic() - began, 3)

    def test_that_returns_at_once_may_have_submitted_a_job(self) -> None:
        launch = command(
            f"export PYTHONPATH='{PATHS['PYTHONPATH']}'; {_WORKER} </dev/null >/dev/null 2>&1 & exit 0"
        )
        with Sleigh(1, server=self.server.address, launch=launch) as sleigh:
            self.assertEqual(list(sleigh.each_elem(functions.square, [4])), [16])
            (worker,) = sleigh.each_worker(functions.process_of)
        until(lambda: not Path(f"/proc/{worker}").exists())


class WorkersBySsh(ServerTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def fake(self, script: str) -> None:
        """Puts a program with the name of ssh in the PATH, which runs the remote command here."""
        program = self.folder / "ssh"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        patch = mock.patch.dict(os.environ, {"PATH": path, "PYTHONPATH": PATHS["PYTHONPATH"]})
        patch.start()
        self.addCleanup(patch.stop)

    def test_reach_the_server_through_a_tunnel(self) -> None:
        # The order is for the port that ssh has chosen.
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        arguments = self.folder / "arguments"
        self.fake(
            f"""echo "$@" >> '{arguments}'; for command; do :; done\n"""
            f"echo 'Allocated port {proxy.port} for remote forward to 127.0.0.1:1' >&2\n"
            'exec sh -c "$command"'
        )
        launch = ssh(options=["Port=2222"], remote_command=f'"{sys.executable}" -m sleigh')
        with Sleigh(2, server=self.server.address, hosts=["ada", "grace"], launch=launch) as sleigh:
            self.assertEqual(list(sleigh.each_elem(functions.square, range(9))), [n * n for n in range(9)])
            self.assertGreater(proxy.connections, 0)
        lines = arguments.read_text().splitlines()
        self.assertEqual(sorted(line.split(" -- ")[1].split()[0] for line in lines), ["ada", "grace"])
        for line in lines:
            self.assertIn(f"-R 0:127.0.0.1:{self.server.port}", line)
            self.assertIn("-o Port=2222 -o BatchMode=yes", line)
            self.assertNotIn(sleigh.workspace, line)

    def test_make_their_tunnels_at_the_same_time(self) -> None:
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        # Each tunnel waits until the other one is being made.
        self.fake(
            f"""for command; do :; done; mkdir '{self.folder}'/tunnel-$$; tries=0\n"""
            f"""until [ "$(ls -d '{self.folder}'/tunnel-* | wc -l)" = 2 ]; do\n"""
            "  tries=$((tries + 1)); [ $tries = 100 ] && exit 9; sleep 0.1\ndone\n"
            f"echo 'Allocated port {proxy.port} for remote forward to 127.0.0.1:1' >&2\n"
            'exec sh -c "$command"'
        )
        launch = ssh(remote_command=f'"{sys.executable}" -m sleigh')
        with Sleigh(2, server=self.server.address, hosts=["ada", "grace"], launch=launch) as sleigh:
            self.assertEqual(sorted(sleigh.each_worker(functions.rank_of)), [0, 1])

    def test_that_cannot_connect_fail_the_elements(self) -> None:
        self.fake("echo 'ssh: Could not resolve hostname' >&2; exit 255")
        output: list[str] = []
        with Sleigh(1, server=self.server.address, hosts=["nowhere"], on_output=output.append) as sleigh:
            try:
                (error,) = sleigh.each_elem(functions.square, [1], errors="collect")
                reason = error.reason
            except SleighError as ended:
                # They had ended before the element was submitted.
                reason = str(ended)
        self.assertIn("the workers of nowhere have ended: exit status 255", reason)
        self.assertIn("ssh: Could not resolve hostname\n", output)


class ALauncher(ServerTestCase):
    def test_refuses_what_it_cannot_start(self) -> None:
        for launch, hosts, words in [
            (ssh(), [], "ssh\\(\\) needs `hosts`"),
            (ssh(), ["-oProxyCommand=x"], "'-oProxyCommand=x' is not the name of a host"),
        ]:
            with self.subTest(words=words), self.assertRaisesRegex(LaunchError, words):
                Sleigh(1, server=self.server.address, launch=launch, hosts=hosts)
        with Sleigh(1, server=self.server.address) as sleigh, self.assertRaisesRegex(ValueError, "closes"):
            sleigh.launch(1)

    def test_divides_workers_evenly(self) -> None:
        self.assertEqual(shares(5, ["a", "b", "c"]), [("a", 2), ("b", 2), ("c", 1)])
        self.assertEqual(shares(1, ["a", "b"]), [("a", 1)])

    def test_keeps_the_name_of_the_server_for_tls_through_a_tunnel(self) -> None:
        through = _tunnelled(ServerAddress("head", 1, tls=True, token="t"), 5)
        self.assertEqual(through, ServerAddress("127.0.0.1", 5, TlsOptions(servername="head"), "t"))
        self.assertEqual(_tunnelled(ServerAddress("head", 1), 5), ServerAddress("127.0.0.1", 5))


if __name__ == "__main__":
    unittest.main()
