"""Compares executors, in turns on the same machine: ``python bench/compare.py [ROUNDS]``.

It measures no-op calls a second, and the time until the call of a killed worker runs elsewhere. Dask is measured if
``distributed`` is installed.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Callable

from sleigh import SleighExecutor

WORKERS = 2
CALLS = 2_000


def nothing(value: int) -> int:
    return value


def die_once(path: str) -> float:
    """Kills its worker at the first attempt, and returns the seconds until the second."""
    file = Path(path)
    if not file.exists():
        file.write_text(str(time.time()))
        os.kill(os.getpid(), signal.SIGKILL)
    return time.time() - float(file.read_text())


def submit_each(executor: Any) -> None:
    for future in [executor.submit(nothing, n) for n in range(CALLS)]:
        future.result()


def map_all(executor: Executor) -> None:
    for _ in executor.map(nothing, range(CALLS)):
        pass


def map_in_hundreds(executor: Executor) -> None:
    for _ in executor.map(nothing, range(CALLS), chunksize=100):
        pass


def rate(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return CALLS / (time.perf_counter() - begun)


def recovery(submit: Callable[[str], Future[float]]) -> float:
    """Milliseconds, or infinity if the call is not tried again."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return 1_000 * submit(os.path.join(folder, "attempt")).result(60)
        except Exception:
            return float("inf")


def contenders() -> dict[str, tuple[Callable[[], Any], dict[str, Callable[[Any], None]]]]:
    made: dict[str, Any] = {
        "ProcessPoolExecutor": (
            lambda: ProcessPoolExecutor(WORKERS),
            {"submit": submit_each, "map": map_all, "map, chunksize=100": map_in_hundreds},
        ),
        "SleighExecutor": (lambda: SleighExecutor(WORKERS), {"submit": submit_each, "map": map_all}),
    }
    try:
        from distributed import Client
    except ImportError:
        print("dask.distributed is not installed")
        return made

    def gather(client: Any) -> None:
        client.gather(client.map(nothing, range(CALLS), pure=False))

    def start() -> Any:
        return Client(n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None)

    made["dask.distributed"] = (start, {"submit": submit_each, "map": gather})
    return made


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seen: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, (start, forms) in contenders().items():
            with start() as executor:
                list(as_completed([executor.submit(nothing, 1)])) if name != "dask.distributed" else None
                for form, run in forms.items():
                    run_form = lambda run=run, executor=executor: run(executor)  # noqa: E731
                    seen.setdefault((name, f"calls a second, {form}"), []).append(rate(run_form))
                milliseconds = recovery(lambda path, executor=executor: executor.submit(die_once, path))
                seen.setdefault((name, "ms until a killed call runs again"), []).append(milliseconds)
            report(seen)


def report(seen: dict[tuple[str, str], list[float]]) -> None:
    """All medians so far, with the least and the most."""
    print("\x1b[2J" if sys.stdout.isatty() else "", flush=True)
    for (name, what), values in seen.items():
        print(f"{name:22} {what:36} {statistics.median(values):10.0f} ({min(values):.0f}-{max(values):.0f})")


if __name__ == "__main__":
    main()
