"""Launchers: how the workers of a job are started, here and on other hosts (docs/launchers.md)."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import IO, Callable, Optional, Protocol

from ..address import ServerAddress, TlsOptions
from ..connection import Connection
from ..deadline import Deadline
from ..errors import ConnectionLostError, LaunchError, NwsError
from ..lines import Lines
from ..names import Key, Variable
from ..sentinel.order import ORDER, SentinelOrder, encode_order
from .launch import LocalWorkers, python_path

# Environment variables in addition to the order: the host that a command is for, and the number of its workers.
_HOST = "SLEIGH_HOST"
_COUNT = "SLEIGH_WORKERS"
# Seconds that remote sentinels have to end their workers, and that the local programs have to end after that.
_END_SECONDS = 5.0
# A tunnel, and its connection, belongs to one job. ssh prints its port. For ssh the first value of an option counts.
_TUNNEL_OPTIONS = ("ExitOnForwardFailure=yes", "ControlMaster=no", "ControlPath=none", "LogLevel=INFO")
# ssh must not prompt, and must notice when the other host is gone. Options of the user have priority.
_OPTIONS = ("BatchMode=yes", "ServerAliveInterval=15", "ServerAliveCountMax=3")
# The line that ssh prints when the other side has chosen the port.
_ALLOCATED = re.compile(r"^Allocated port (\d+) for remote forward to ")
# Seconds within which ssh must have connected and made its tunnel.
_TUNNEL_SECONDS = 60.0


@dataclass(frozen=True)
class LaunchOrder:
    """The workers to start."""

    sentinel: SentinelOrder
    """The order of one sentinel for all of them."""
    hosts: tuple[str, ...]
    """The hosts; empty if the launcher decides."""
    lines: Lines
    """Connections to the server of the job."""
    on_death: Callable[[int, str], None]
    on_output: Callable[[str], object]
    on_gone: Callable[[str], None]
    """Called with the reason when no worker is left and none is coming."""


class Launched(Protocol):
    """Workers that were started. They also end when the job does, or when this program or its host fails."""

    def stop(self) -> None:
        """Ends them; returns when they have ended."""


class Launcher(Protocol):
    """Starts workers, with a sentinel on each host that supervises them (S2, S9)."""

    def start(self, order: LaunchOrder) -> Launched:
        """:raises LaunchError: if they cannot be started; then none is left running"""


class _Processes:
    def start(self, order: LaunchOrder) -> Launched:
        if order.hosts:
            raise LaunchError(
                "workers on hosts need a launcher that reaches them, such as ssh() or command(…)"
            )
        sentinel = order.sentinel
        return LocalWorkers(
            replace(sentinel, env={"PYTHONPATH": python_path(), **sentinel.env}),
            on_death=order.on_death,
            on_output=order.on_output,
            on_gone=order.on_gone,
        )


def processes() -> Launcher:
    """Workers as processes of this host."""
    return _Processes()


@dataclass(frozen=True)
class _Ssh:
    tunnel: Optional[bool]
    options: tuple[str, ...]
    remote_command: str

    def start(self, order: LaunchOrder) -> Launched:
        if not order.hosts:
            raise LaunchError("ssh() needs `hosts`")
        for host in order.hosts:
            # ssh would take such a host for an option, and some options run programs.
            if host.startswith("-") or not host.strip():
                raise LaunchError(f"{host!r} is not the name of a host")
        server = order.sentinel.server
        has_tunnel = _is_loopback(server.host) if self.tunnel is None else self.tunnel
        options = [*(_TUNNEL_OPTIONS if has_tunnel else ()), *self.options, *_OPTIONS]
        before = [part for option in options for part in ("-o", option)]
        # The other side chooses a free port.
        forward = ["-R", f"0:{server}"] if has_tunnel else []
        command = f"{self.remote_command} worker --from-stdin"
        return RemoteWorkers(
            order,
            [
                _Plan(
                    host,
                    workers,
                    ["ssh", "-T", *before, *forward, "--", host, command],
                    has_tunnel=has_tunnel,
                )
                for host, workers in shares(order.sentinel.workers, order.hosts)
            ],
        )


def ssh(
    *,
    tunnel: Optional[bool] = None,
    options: Sequence[str] = (),
    remote_command: str = "python3 -m sleigh",
) -> Launcher:
    """Workers on other hosts, divided evenly. When the connection of ssh ends for any reason, the workers end.

    :param tunnel: whether workers reach the server through the connection of ssh, so that no port must be open for
        them; by default, if the server listens on a loopback address
    :param options: for ``ssh -o``: ``Port=2222``, ``IdentityFile=…``. ~/.ssh/config applies as well
    :param remote_command: the command for this package, or for ``sleigh``, on the other host, for its shell
    """
    return _Ssh(tunnel, tuple(options), remote_command)


@dataclass(frozen=True)
class _Command:
    text: str

    def start(self, order: LaunchOrder) -> Launched:
        return RemoteWorkers(
            order,
            [
                _Plan(
                    host or self.text,
                    workers,
                    ["sh", "-c", self.text],
                    env={_HOST: host, _COUNT: str(workers)},
                    has_order_in_environment=True,
                )
                for host, workers in shares(order.sentinel.workers, order.hosts or ("",))
            ],
        )


def command(text: str) -> Launcher:
    """Workers that a command starts: a batch system, a container …

    >>> Sleigh(64, server="head:8765", launch=command('srun --ntasks=1 python3 -m sleigh worker'))

    :param text: a command for ``sh``, which runs once for each host, or once if none is named. It must run
        ``python3 -m sleigh worker``, here or elsewhere, with SLEIGH_ORDER in its environment. It may return with status
        0 at once, after it has submitted a job
    """
    return _Command(text)


def shares(workers: int, hosts: Sequence[str]) -> list[tuple[str, int]]:
    """Each host with its number of workers, divided evenly; hosts without workers are omitted."""
    count = len(hosts)
    each = [(host, (workers + count - 1 - at) // count) for at, host in enumerate(hosts)]
    return [(host, number) for host, number in each if number > 0]


@dataclass(frozen=True)
class _Plan:
    """A program of this host that represents a sentinel elsewhere."""

    name: str
    """For people, such as the host."""
    workers: int
    arguments: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    has_order_in_environment: bool = False
    has_tunnel: bool = False


class RemoteWorkers:
    """The programs of some plans: all of them are started, or none."""

    def __init__(self, order: LaunchOrder, plans: Sequence[_Plan]) -> None:
        self._order = order
        self._plans = plans
        self._stations: list[_Station] = []
        # The prefix of the names of its stations, because a job may be launched several times.
        self._id = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._ends: dict[str, int] = {}
        self._byes: dict[str, int] = {}
        self._reason = ""
        self._connection: Optional[Connection] = None
        self._is_stopping = False
        self._is_done = False
        self.gone = threading.Event()
        """Set when no worker is left and none is coming."""
        threading.Thread(target=self._follow_byes, name="sleigh byes", daemon=True).start()
        try:
            for at, plan in enumerate(plans):
                self._stations.append(_Station(self, f"{self._id} {at}", plan, order))
            # All of them connect at the same time.
            tunnels = Deadline(_TUNNEL_SECONDS)
            for station in self._stations:
                station.begin(tunnels)
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise LaunchError(f"the workers cannot be started: {error}") from error
            raise

    def stop(self) -> None:
        """Ends them; returns when they have ended."""
        self._is_stopping = True
        for station in self._stations:
            station.release()
        if len(self._stations) == len(self._plans):
            self.gone.wait(_END_SECONDS)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for station in self._stations:
                station.kill(number)
            # They end at the same time, however many there are.
            end = Deadline(_END_SECONDS)
            for station in self._stations:
                station.wait(end)
        self._end_following()

    def ended(self, station: str, plan: _Plan, status: int) -> None:
        """The program of a station has ended."""
        how = f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"
        if status != 0:
            self._reason = f"the workers of {plan.name} have ended: {how}"
            if not self._is_stopping:
                self._order.on_output(f"sleigh: {self._reason}\n")
        with self._lock:
            self._ends[station] = status
        self._look()

    def _follow_byes(self) -> None:
        after = None
        workspace = self._order.sentinel.workspace
        with suppress(NwsError, ConnectionLostError), self._order.lines.lend(workspace) as connection:
            with self._lock:
                self._connection = connection
                if self._is_done:
                    return
            while True:
                after = connection.get("ifind", workspace, Variable.BYE, after=after)
                if after is None:
                    return
                station = after.metadata.get(Key.STATION, "")
                if station.startswith(self._id):
                    with self._lock:
                        count = int(after.metadata.get(Key.WORKERS, "0"))
                        self._byes[station] = self._byes.get(station, 0) + count
                        self._reason = after.metadata.get(Key.BYE_REASON, "")
                    self._look()

    def _end_following(self) -> None:
        """No station says anything more."""
        with self._lock:
            self._is_done = True
            connection = self._connection
        if connection is not None:
            connection.close()

    def _look(self) -> None:
        """A program that has ended with status 0 may have submitted a job elsewhere."""

        def is_gone(at: int, plan: _Plan) -> bool:
            station = f"{self._id} {at}"
            status = self._ends.get(station)
            return self._byes.get(station, 0) >= plan.workers if status == 0 else status is not None

        with self._lock:
            if self.gone.is_set() or not all(is_gone(at, plan) for at, plan in enumerate(self._plans)):
                return
            self.gone.set()
        self._end_following()
        if not self._is_stopping:
            self._order.on_gone(self._reason)


class _Station:
    """A program that was started, and with it a sentinel and its workers elsewhere."""

    def __init__(self, workers: RemoteWorkers, name: str, plan: _Plan, order: LaunchOrder) -> None:
        self._workers = workers
        self._name = name
        self._plan = plan
        self._on_output = order.on_output
        self._port: Optional[int] = None
        self._has_port = threading.Event()
        sentinel = replace(order.sentinel, workers=plan.workers, station=name)
        env = {**os.environ, **plan.env}
        if plan.has_order_in_environment:
            env[ORDER] = encode_order(sentinel)
        self._process = subprocess.Popen(
            plan.arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C in a terminal is for this program, which ends that one itself.
            start_new_session=True,
            env=env,
        )
        pipes = [self._process.stdout, self._process.stderr]
        self._readers = [threading.Thread(target=self._pass_on, args=(each,), daemon=True) for each in pipes]
        for reader in self._readers:
            reader.start()
        threading.Thread(target=self._wait, name="sleigh station", daemon=True).start()
        self._sentinel = sentinel

    def begin(self, tunnels: Deadline) -> None:
        """Sends the order, when there is a tunnel if the workers need one.

        :param tunnels: the end of the wait for that
        """
        sentinel = self._sentinel
        if self._plan.has_tunnel:
            self._has_port.wait(tunnels.left)
            if self._port is None:
                # The output has said why, and the end of the program is reported.
                self.kill(signal.SIGTERM)
                return
            sentinel = replace(sentinel, server=_tunnelled(sentinel.server, self._port))
        assert self._process.stdin
        # It may not read its standard input, or may have ended.
        with suppress(OSError):
            self._process.stdin.write(f"{encode_order(sentinel)}\n".encode())
            self._process.stdin.flush()

    def release(self) -> None:
        """Its workers are not wanted any more."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()

    def kill(self, number: int) -> None:
        """Ends the program, and everything in its process group."""
        if self._process.poll() is None:
            with suppress(OSError):
                os.killpg(self._process.pid, number)

    def wait(self, end: Deadline) -> None:
        """Waits for its end, not longer than that."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(end.left)

    def _pass_on(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                text = line.decode("utf-8", "replace")
                match = _ALLOCATED.match(text)
                if match is not None and self._plan.has_tunnel and self._port is None:
                    self._port = int(match[1])
                    self._has_port.set()
                else:
                    self._on_output(text)

    def _wait(self) -> None:
        status = self._process.wait()
        # Waits for its last output, but not long, because programs that it has started may keep its output open.
        for reader in self._readers:
            reader.join(0.2)
        self._has_port.set()
        self._workers.ended(self._name, self._plan, status)


def _tunnelled(server: ServerAddress, port: int) -> ServerAddress:
    """The server as seen from the other end of the tunnel. Its certificate has the original name."""
    tls = server.tls
    if tls is not False:
        options = TlsOptions() if tls is True else tls
        tls = options if options.servername is not None else replace(options, servername=server.host)
    return replace(server, host="127.0.0.1", port=port, tls=tls)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
