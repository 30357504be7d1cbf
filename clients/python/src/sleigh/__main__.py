"""The command line: ``python -m sleigh worker JOB``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, Optional

from .address import ServerAddress, TlsOptions
from .errors import ConnectionLostError, LaunchError, NwsError
from .sentinel.order import ORDER, RestartBudget, SentinelOrder, decode_order

# Less than the time that batch systems and containers allow between SIGTERM and SIGKILL.
_DRAIN_SECONDS = 20.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_EPILOG = f"""
The workers join the job and run its tasks until the job ends, the server stops, or this command ends. A worker that
ends is replaced. SIGTERM, SIGINT and SIGHUP stop this command: each worker finishes its call, within --drain seconds.
A second signal ends all at once. The exit status is 0 when the job has ended, and 1 when the workers could not start or
none is left. A launcher gives the order in the variable {ORDER}, or with --from-stdin as a line of standard input.
"""


def main(arguments: Optional[list[str]] = None) -> None:
    """Runs a command, and exits with its status."""
    parser = argparse.ArgumentParser(prog="python -m sleigh", description="Run Python functions for a job.")
    commands = parser.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("worker", help="start workers for a job on this host", epilog=_EPILOG)
    worker.add_argument("workspace", nargs="?", help="the name of the job")
    usual = os.environ.get("SLEIGH_SERVER", "127.0.0.1:8765")
    worker.add_argument(
        "--server", default=usual, metavar="HOST:PORT", help="the server (default: %(default)s)"
    )
    worker.add_argument("--tls", action="store_true", help="connect to the server with TLS")
    worker.add_argument("--tls-ca", metavar="FILE", help="connect with TLS, and trust this authority as well")
    worker.add_argument("--token-file", metavar="FILE", help="give the server the token in this file")
    worker.add_argument(
        "--workers", type=_at_least_one, help="the number of workers (default: of processors)"
    )
    worker.add_argument("--preload", metavar="MODULE", help="import this in each worker before it joins")
    worker.add_argument("--max-tasks-per-worker", type=_at_least_one, help="replace a worker after that")
    worker.add_argument(
        "--max-memory", type=_at_least_one, metavar="BYTES", help="replace a worker above that"
    )
    worker.add_argument("--no-respawn", action="store_true", help="do not replace workers that end")
    worker.add_argument("--drain", type=float, default=_DRAIN_SECONDS, metavar="SECONDS", help="see below")
    worker.add_argument("--from-stdin", action="store_true", help="read the order from standard input")
    worker.add_argument(
        "--print-output", action="store_true", help="print what workers print to standard error"
    )
    worker.add_argument("--json", action="store_true", help="print events as lines of JSON")
    sys.exit(_worker(parser.parse_args(arguments)))


def _worker(flags: argparse.Namespace) -> int:
    stop = _Stop()
    order = _order_for(flags, stop)
    is_by_hand = flags.workspace is not None

    def tell(event: dict[str, Any], text: str = "") -> None:
        if flags.json:
            print(json.dumps(event), flush=True)
        elif is_by_hand and text:
            print(f"sleigh: {text}", file=sys.stderr)

    def on_death(rank: int, how: str) -> None:
        tell({"event": "death", "rank": rank, "how": how}, f"worker {rank} has ended: {how}")

    from .sentinel.sentinel import Sentinel

    try:
        os.environ.update(order.env)
        if order.cwd is not None:
            os.chdir(order.cwd)
        on_output = sys.stderr.write if flags.print_output else None
        sentinel = Sentinel(order, on_death=on_death, on_output=on_output)
    except (NwsError, ConnectionLostError, LaunchError, OSError) as error:
        _fail(str(error))
    started = f"{sentinel.started} workers started for {order.workspace}"
    tell({"event": "started", "workers": sentinel.started}, started)
    while not stop.asked.is_set() and not sentinel.wait(0.1):
        pass
    if stop.signal is not None:
        tell({"event": "draining"}, "workers end what they are doing; once more ends them at once")
        sentinel.drain(flags.drain)
        while not sentinel.wait(0.1):
            if stop.is_urgent:
                sentinel.end()
    elif stop.asked.is_set():
        sentinel.end()
    tell({"event": "ended", "workers": sentinel.started, "reason": sentinel.reason})
    if stop.signal is not None:
        return 128 + stop.signal
    return 0 if sentinel.is_over or stop.asked.is_set() else 1


class _Stop:
    """Signals, and the end of standard input, that stop this command."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.signal: Optional[int] = None
        self.is_urgent = False
        for number in _SIGNALS:
            signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: object) -> None:
        self.is_urgent = self.signal is not None
        self.signal = number
        self.asked.set()

    def with_standard_input(self) -> None:
        """Asks to stop when standard input ends."""

        def read() -> None:
            while sys.stdin.readline():
                pass
            self.asked.set()

        threading.Thread(target=read, daemon=True).start()


def _order_for(flags: argparse.Namespace, stop: _Stop) -> SentinelOrder:
    if flags.workspace is not None:
        workers = flags.workers or _processors()
        try:
            server = ServerAddress.parse(flags.server, tls=_tls(flags), token=_token(flags))
        except (ValueError, OSError) as error:
            _fail(str(error))
        order = SentinelOrder(server, flags.workspace, workers, RestartBudget.usual(workers))
    else:
        text = sys.stdin.readline() if flags.from_stdin else os.environ.get(ORDER)
        if not text:
            _fail(f"name a job, or give an order in {ORDER} or with --from-stdin")
        try:
            order = decode_order(text)
        except ValueError as error:
            _fail(str(error))
        if flags.from_stdin:
            stop.with_standard_input()
    changes = {
        "workers": flags.workers,
        "preload": flags.preload,
        "max_tasks": flags.max_tasks_per_worker,
        "max_memory": flags.max_memory,
    }
    order = replace(order, **{name: value for name, value in changes.items() if value is not None})
    return replace(order, budget=None) if flags.no_respawn else order


def _tls(flags: argparse.Namespace) -> Any:
    return flags.tls if flags.tls_ca is None else TlsOptions(ca=Path(flags.tls_ca).read_text())


def _token(flags: argparse.Namespace) -> Optional[str]:
    return None if flags.token_file is None else Path(flags.token_file).read_text("latin-1").strip()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text}")
    return number


def _fail(why: str) -> NoReturn:
    print(f"sleigh: {why}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
