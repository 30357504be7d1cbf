"""A server for tests."""

from __future__ import annotations

import atexit
import functools
import json
import os
import socket
import subprocess
import threading
import unittest
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Optional

from sleigh import NetWorkSpace, ServerAddress

ROOT = Path(__file__).resolve().parents[3]
MAIN = ROOT / "dist" / "cli" / "main.js"
INDEX = ROOT / "dist" / "index.js"
SOURCES = ROOT / "clients" / "python" / "src"
# The environment of programs that use this client and these tests.
PATHS = {**os.environ, "PYTHONPATH": f"{SOURCES}:{SOURCES.parent}"}
CERTIFICATES = ROOT / "test" / "fixtures"


class Server:
    """``sleigh serve`` on a free port of this host."""

    def __init__(self, *flags: str, port: int = 0, web: bool = False) -> None:
        command = [
            "node",
            str(MAIN),
            "serve",
            "--port",
            str(port),
            *(["--web-port", "0"] if web else ["--no-web"]),
            "--json",
            "--log-level",
            "error",
            *flags,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment())
        assert self.process.stdout is not None
        listening = json.loads(self.process.stdout.readline())
        self.port: int = listening["port"]
        self.web: str = (listening.get("web") or {}).get("url", "")
        """The address of the page; empty if there is none."""
        self.address = ServerAddress(port=self.port)

    def kill(self) -> None:
        """As ``kill -9``."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@functools.cache
def shared_server() -> Server:
    """One server for all tests that need no special one, because to start one takes long."""
    server = Server()
    atexit.register(server.stop)
    return server


class ServerTestCase(unittest.TestCase):
    """Tests that share a server."""

    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = shared_server()

    def workspace(self, name: Optional[str] = None, **options: Any) -> NetWorkSpace:
        workspace = NetWorkSpace(name or self.id(), server=self.server.address, **options)
        self.addCleanup(workspace.close)
        return workspace


class Proxy:
    """Passes bytes on to a server, until its connections are cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self.connections = 0
        """The number of connections so far."""
        self.loses_replies = False
        """Whether nothing that the server sends arrives."""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections so far. New ones are possible."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # Only this ends the accept of the other thread.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                self.connections += 1
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            for piece in iter(lambda: source.recv(65_536), b""):
                if not (self.loses_replies and source.getpeername()[1] == self._target):
                    target.sendall(piece)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Background:
    """A call in another thread. It has begun to wait when ``is_waiting`` says so."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self.result = call()
        except BaseException as error:
            self.error = error

    def join(self) -> Any:
        self._thread.join(30)
        if self.error is not None:
            raise self.error
        return self.result


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Waits until something is so, and returns it."""
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not so within {seconds} seconds")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("NWS_", "SLEIGH_"))}
