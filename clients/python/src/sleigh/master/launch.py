"""Starts what a job needs on this host: a server of its own, and a sentinel with workers."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Optional

from ..address import ServerAddress
from ..errors import LaunchError
from ..sentinel.order import ORDER, SentinelOrder, encode_order

# The environment variable that names the server program: a command, or the path of dist/cli/main.js.
SLEIGH = "SLEIGH"
# Seconds that a sentinel has to end its workers, and that it has to end after SIGTERM.
_END_SECONDS = 5.0


class PrivateServer:
    """A server for one program only, on a free port of this host, with a token that only this program knows.

    Make ``deadman`` the first request, so that the server ends with the program for any reason (P3).

    :param command: the server program; by default ``SLEIGH`` of the environment, that of a checkout around this
        package, ``sleigh`` in the PATH, or ``npx sleigh``
    :raises LaunchError: if it does not start
    """

    def __init__(self, command: Optional[str] = None) -> None:
        token = secrets.token_urlsafe(32)
        arguments = [
            *server_command(command),
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--json",
            "--no-web",
        ]
        # Every user of this host can see arguments and, on some, the environment. Nobody can see this pipe.
        arguments += ["--token-file", "-", "--log-level", "silent"]
        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C in a terminal is for this program, which may still need the server.
                start_new_session=True,
                env=_without_settings(),
            )
        except OSError as error:
            raise LaunchError(
                f"the server cannot be started: {error}. Install Node and `npm i sleigh`."
            ) from error
        assert self._process.stdin and self._process.stdout and self._process.stderr
        with suppress(BrokenPipeError):
            # Otherwise it has ended already, and the code below says why.
            self._process.stdin.write(token.encode())
            self._process.stdin.close()
        line = self._process.stdout.readline()
        try:
            port = int(json.loads(line)["port"])
        except (ValueError, KeyError, TypeError):
            self._process.kill()
            with self._process.stdout, self._process.stderr as errors:
                said = (line + errors.read()).decode("utf-8", "replace").strip()
            self._process.wait()
            why = said or "it ended without a word"
            raise LaunchError(f"the server of this job cannot be started: {why}") from None
        self.address = ServerAddress(port=port, token=token)
        threading.Thread(target=_pass_on, args=(self._process.stderr, sys.stderr.write), daemon=True).start()

    def close(self) -> None:
        """Returns when it has ended."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


def server_command(command: Optional[str] = None) -> list[str]:
    """The program ``sleigh`` of the project, with its first arguments."""
    told = command or os.environ.get(SLEIGH)
    if told:
        return ["node", told] if told.endswith(".js") else shlex.split(told)
    checkout = Path(__file__).resolve().parents[5] / "dist" / "cli" / "main.js"
    if checkout.exists():
        return ["node", str(checkout)]
    installed = shutil.which("sleigh")
    return [installed] if installed is not None else ["npx", "--yes", "sleigh"]


class LocalWorkers:
    """A sentinel in a process of its own, so that it supervises its workers even if this program is busy.

    :param on_gone: called with the reason when no worker is left and none is coming
    :raises LaunchError: if it cannot start workers
    """

    def __init__(
        self,
        order: SentinelOrder,
        *,
        on_death: Callable[[int, str], None],
        on_output: Callable[[str], object],
        on_gone: Callable[[str], None],
    ) -> None:
        self._on_death = on_death
        self._on_gone = on_gone
        self._is_stopping = False
        self._reason: Optional[str] = None
        self._said: list[str] = []
        self._on_output = on_output
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sleigh", "worker", "--from-stdin", "--json", "--print-output"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**_without_settings(), "PYTHONPATH": python_path()},
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._process.stdin.write(f"{encode_order(order)}\n".encode())
        self._process.stdin.flush()
        # When this pipe is closed, by `stop` or with this program, the workers end.
        printing = threading.Thread(target=_pass_on, args=(self._process.stderr, self._print), daemon=True)
        printing.start()
        first = self._event()
        if first is None or first["event"] != "started":
            self._process.wait()
            printing.join(1)
            why = "".join(self._said).strip() or "their sentinel ended without a word"
            raise LaunchError(f"the workers cannot be started: {why}")
        self._is_started = True
        self._following = threading.Thread(target=self._follow, name="sleigh launch", daemon=True)
        self._following.start()

    def stop(self) -> None:
        """Ends the workers; returns when they have ended."""
        self._is_stopping = True
        assert self._process.stdin
        self._process.stdin.close()
        ends: tuple[Callable[[], None], ...] = (lambda: None, self._process.terminate, self._process.kill)
        for end in ends:
            end()
            try:
                self._process.wait(_END_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        self._following.join(_END_SECONDS)

    _is_started = False

    def _print(self, text: str) -> None:
        if not self._is_started:
            self._said.append(text)
        self._on_output(text)

    def _event(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def _follow(self) -> None:
        for event in iter(self._event, None):
            if event["event"] == "death":
                self._on_death(event["rank"], event["how"])
            elif event["event"] == "ended":
                self._reason = event["reason"]
        status = self._process.wait()
        if not self._is_stopping:
            assert self._process.stdin
            with suppress(OSError):
                self._process.stdin.close()
            self._on_gone(self._reason or f"their sentinel has ended: exit status {status}")


def python_path() -> str:
    """Workers find the modules that this program finds, and this package."""
    paths = [path or os.getcwd() for path in sys.path if not path.endswith(".zip")]
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(dict.fromkeys([*paths, here]))


def _pass_on(file: Any, write: Callable[[str], object]) -> None:
    with file:
        for line in file:
            write(line.decode("utf-8", "replace"))


def _without_settings() -> dict[str, str]:
    """Settings in the environment are for servers and commands that people start."""
    hidden = ("NWS_", "SLEIGH_")
    return {
        name: value for name, value in os.environ.items() if not name.startswith(hidden) and name != ORDER
    }
