"""A job and its master."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable, Optional, Union

from ..address import ServerAddress, ServerLike, as_address
from ..connection import Found, Grace, check_grace, store_request
from ..errors import ConnectionLostError, NwsError, SleighError, TaskError
from ..functions import JAVASCRIPT, Reference, reference_to
from ..lines import Lines
from ..names import Key, Variable
from ..sentinel.order import RestartBudget, SentinelOrder
from ..values import encode
from .batch import Batch, BatchOptions
from .broadcast import Broadcast
from .call_reports import CallListeners
from .chunk_size import ChunkSize
from .dispatcher import Dispatcher, main_metadata
from .fixed_arguments import Scattered, value_for
from .follow import follow_output
from .launch import PrivateServer
from .launchers import Launched, Launcher, LaunchOrder, processes, ssh
from .orders import follow_orders
from .outcomes import Outcome
from .results import Results
from .retries import Retry

Task = Union[Callable[..., Any], Reference, str]

_LOAD_FACTOR = 8
# Seconds to wait, when the job is stopped, for a server that does not answer.
_STOP_SECONDS = 2.0
# The number of functions whose cost is remembered.
_MAX_SIZES = 64


@dataclass(frozen=True)
class SleighStatus:
    """The state of a job (S10, S12)."""

    workers: int
    """Workers that are registered and alive."""
    pending: int
    """Tasks that are queued or running."""
    running: int
    replacements: int
    """How many workers have replaced others."""


class Sleigh:
    """A job: workers that call functions for elements, in parallel.

    >>> with Sleigh(workers=4) as sleigh:
    ...     list(sleigh.each_elem(math.factorial, range(5)))
    [1, 1, 2, 6, 24]

    Functions are sent by name where they can be imported (C4). A function of the main program is found by its file,
    which workers run under another name, as ``multiprocessing`` does: guard what only the master should do by
    ``if __name__ == "__main__"``. Others, such as lambdas, need the package cloudpickle. Everything ends with this
    program, however it ends.

    :param workers: the number of worker processes on this host; by default one for each processor. With 0, workers
        only join from elsewhere: ``python -m sleigh worker JOB``
    :param server: the server; by default one is started for this job only
    :param server_command: the program for that; see PrivateServer
    :param name: the name of the job, which then outlives this program: a program that is started again with the same
        name goes on with it, and others can ``attach``. Such a job is elastic, and ``stop`` deletes it
    :param elastic: whether workers may join and leave while the job runs (S17)
    :param on_dead_worker: ``requeue``: another worker tries the task again, up to ``max_attempts`` times; ``null``: it
        fails at once; ``shutdown``: the job ends (S13)
    :param reconnect_grace: seconds within which workers (S18), sentinels and this master (P15) may come back when they
        have lost the server; by default 60 on a server that keeps its data, and 0 on any other
    :param respawn: how workers that end are replaced; false for not at all (S22.8)
    :param preload: a module, or the path of a file, that each worker imports before it joins
    :param hosts: the hosts of the workers, which are divided evenly; they are started by ssh
    :param launch: how workers are started: ``processes()``, ``ssh(…)`` or ``command(…)``
    :param on_death: called for each worker that ends unexpectedly, with its rank and how it ended
    :param on_output: called with what workers print, on other hosts as well; by default it goes to standard error
    :raises LaunchError, ConnectionLostError, NwsError: then nothing is left running
    """

    def __init__(
        self,
        workers: Optional[int] = None,
        *,
        server: Optional[ServerLike] = None,
        server_command: Optional[str] = None,
        label: str = "sleigh",
        name: Optional[str] = None,
        elastic: bool = False,
        on_dead_worker: str = "requeue",
        max_attempts: int = 3,
        reconnect_grace: Optional[float] = None,
        respawn: Union[bool, RestartBudget] = True,
        preload: Optional[str] = None,
        cwd: Optional[str] = None,
        env: Mapping[str, str] = {},
        max_tasks_per_worker: Optional[int] = None,
        max_memory: Optional[int] = None,
        on_death: Callable[[int, str], None] = lambda _rank, _how: None,
        on_output: Optional[Callable[[str], object]] = None,
        hosts: Sequence[str] = (),
        launch: Optional[Launcher] = None,
        _is_guest: bool = False,
    ) -> None:
        _check_name(name)
        elastic = elastic or name is not None
        if "__mp_main__" in sys.modules and sys.modules["__main__"] is not sys.modules["__mp_main__"]:
            raise RuntimeError(
                'guard the main program by `if __name__ == "__main__"`: a worker has just run it'
            )
        count = _processors() if workers is None else workers
        if count < 0 or (count == 0 and not elastic):
            raise ValueError(
                f"`workers` must be a whole number of at least {0 if elastic else 1}, got {count}."
            )
        # Pickles of workers name the main module as `multiprocessing` does.
        sys.modules.setdefault("__mp_main__", sys.modules["__main__"])
        # The workspace belongs to this program, so its name must be unique, unless the program names it.
        program = secrets.token_hex(4)
        self.workspace = name or f"{label} {socket.gethostname()} {os.getpid()} {program}"
        """The workspace of the job, in which master and workers may share variables."""
        self.workers = count
        self._is_elastic = elastic
        self._is_named = name is not None
        self._is_guest = _is_guest
        self._keeps_job = _is_guest
        # Other masters use a job with a name, or have used it.
        self._batch_prefix = "" if name is None else f"{program} "
        self._may_repeat = on_dead_worker == "requeue"
        self._max_attempts = 1 if on_dead_worker == "null" else max_attempts
        self._sizes: dict[Any, ChunkSize] = {}
        self._made = 0
        self._stopping = threading.Lock()
        self._is_stopped = False
        self._launched: set[_LaunchedWorkers] = set()
        self._hosts = tuple(hosts)
        self._launcher = launch
        self._on_death = on_death
        self._on_output = on_output or sys.stderr.write
        self._connect(server, server_command, reconnect_grace)
        mailbox = "master" if name is None else f"master {program}"
        self._dispatcher = Dispatcher(self._lines, self.workspace, mailbox, count, follows_crew=elastic)
        try:
            granted = self._lines.main.grace
            self._open(label, on_dead_worker, granted if reconnect_grace is None else reconnect_grace)
            if self._lines.main.server_has_page:
                follow_orders(self._lines, self.workspace, self._dispatcher)
            # The output of other workers is at the server.
            if elastic or hosts or launch is not None:
                follow_output(self._lines, self.workspace, self._on_output, on_death)
            self._order = SentinelOrder(
                server=self._address,
                workspace=self.workspace,
                workers=count,
                budget=_budget(respawn, count),
                preload=preload,
                max_tasks=max_tasks_per_worker,
                max_memory=max_memory,
                reconnect_grace=granted,
                cwd=cwd,
                env=dict(env),
            )
            if count > 0:
                self._start_workers(self._order, self._hosts, launch)
        except BaseException:
            # A job with a name may be that of an earlier run, whose results stay.
            self._keeps_job = self._keeps_job or self._is_named
            self.stop()
            raise

    @classmethod
    def attach(cls, name: str, server: ServerLike, **options: Any) -> Sleigh:
        """Takes part as another master in a job that was started with a name. ``stop`` ends only this part.

        :param options: ``reconnect_grace``, ``on_output`` and ``on_death``
        :raises NwsError: ``no-workspace``, if there is no such job
        """
        return cls(0, server=server, name=name, _is_guest=True, **options)

    @property
    def server(self) -> ServerAddress:
        """The server of the job."""
        return self._address

    @property
    def hosts(self) -> Mapping[int, str]:
        """The host of each worker that has sent a result, by rank."""
        return self._dispatcher.hosts

    def each_elem(
        self,
        function: Task,
        elements: Iterable[Any],
        *,
        fixed_args: Union[tuple[Any, ...], Scattered] = (),
        timeout: Optional[float] = None,
        errors: str = "raise",
        ordered: bool = True,
        load_factor: float = _LOAD_FACTOR,
        chunk_size: Union[int, str] = "auto",
        name: Optional[str] = None,
        retry: Optional[Retry] = None,
        priority: int = 0,
        per_second: Optional[float] = None,
        host: Optional[str] = None,
        seed: Union[int, str, None] = None,
        on_cancel: str = "ask",
        on_element_progress: Optional[Callable[[int, Any], object]] = None,
        on_log: Optional[Callable[[int, str], object]] = None,
    ) -> Results:
        """Calls a function for each element, on the workers: ``function(element, *fixed_args)``.

        It starts at once, and continues at the pace at which results are taken; ``elements`` may be endless.

        :param function: a function, its name (``"module:function"``), or ``javascript(…)``
        :param fixed_args: further arguments of each call, or what ``scatter`` has returned; they are sent to each
            worker once (S11)
        :param timeout: seconds of one call. Beyond it the call is ended with its worker, which is replaced
        :param errors: ``raise`` the TaskError of the first element that fails, or ``collect``: it is the result
        :param ordered: with false, results are given as they arrive
        :param load_factor: the number of tasks under way for each worker, which bounds the memory
        :param chunk_size: the number of elements in one task; ``auto`` for as many as take about 2 ms
        :param name: the name of the batch, in an elastic group. Its results stay on the server until this program has
            taken all of them, or cancels the batch. If the program is started again, elements that are done are not
            called again, and their results are given again (S29). The elements must be the same, in the same order
        :param retry: how elements that raised, or took longer than ``timeout``, are called again (S27)
        :param priority: from -1000 to 1000: elements are sent before all of a lower one (S28)
        :param per_second: the number of elements that are sent in a second at most
        :param host: the host on which the elements should be called, as ``socket.gethostname()`` gives it there. It has
            an effect if the server has a policy for it (S32)
        :param seed: what the random numbers of ``current_task().random`` depend on, besides the index of the element;
            by default the number of the batch (S23.7)
        :param on_cancel: ``ask``: running calls of a batch that is cancelled have half a second to end; ``kill``: they
            are ended at once with their workers (S22.3)
        :param on_element_progress: called, in another thread, with the index of an element and the newest value that
            its call says by ``current_task().progress`` (S23.9). What it raises cancels the batch
        :param on_log: the same, with each line of ``current_task().log``
        :raises UnsendableError: if the function or the fixed arguments cannot be sent
        :raises SleighError: if the job has ended
        """
        if errors not in ("raise", "collect"):
            raise ValueError(f"`errors` must be 'raise' or 'collect', got {errors!r}.")
        if chunk_size != "auto" and (not isinstance(chunk_size, int) or chunk_size < 1):
            raise ValueError(f"`chunk_size` must be 'auto' or at least 1, got {chunk_size!r}.")
        _check_name(name)
        if name is not None and not self._is_elastic:
            raise ValueError(
                "a batch with a `name` needs an elastic group: start the sleigh with a name, or with elastic=True"
            )
        if on_cancel not in ("ask", "kill"):
            raise ValueError(f"`on_cancel` must be 'ask' or 'kill', got {on_cancel!r}.")
        _check_priority(priority)
        _check_rate(per_second)
        _check_host(host)
        metadata = self._task_metadata(function, fixed_args, timeout, priority, host)
        if seed is not None:
            metadata[Key.SEED] = str(seed)
        is_heard = on_element_progress is not None or on_log is not None
        if is_heard:
            self._dispatcher.call_reports.prepare()
            metadata[Key.LISTENS] = "1"
        is_auto = chunk_size == "auto"
        # Each has a key of its own.
        if name is not None:
            is_auto, chunk_size = False, 1
        # If a task has only one attempt, elements do not share tasks, so that none is blamed for another.
        if is_auto and not self._may_repeat:
            is_auto, chunk_size = False, 1
        size = self._size_for(metadata) if is_auto else None
        named = None if name is None else self._dispatcher.named_results(name)
        if named is not None:
            named.raise_if_cancelled()
        options = BatchOptions(
            metadata=metadata,
            window=lambda: max(1, round(load_factor * max(1, self._dispatcher.workers))),
            size=size,
            chunk_size=1 if size is not None else int(chunk_size),
            is_ordered=ordered,
            max_attempts=self._max_attempts,
            may_repeat=self._may_repeat,
            mark=self._dispatcher.mark,
            total=len(elements) if isinstance(elements, Sized) else None,
            reports=self._dispatcher.reports,
            named=named,
            on_cancel=on_cancel,
            retry=retry,
            timers=self._dispatcher.timers,
            changed=self._dispatcher.changed,
            per_second=per_second,
        )
        batch = Batch(self._next_id(), options)
        if is_heard:
            cancel = partial(self._dispatcher.cancel_for, batch)
            self._dispatcher.call_reports.add(batch.id, CallListeners(on_element_progress, on_log, cancel))
        try:
            return Results(self._dispatcher, batch, elements, errors == "collect")
        except BaseException:
            # It has not begun.
            self._dispatcher.call_reports.remove(batch.id)
            with self._dispatcher.changed:
                self._dispatcher.forget_fixed_args(metadata)
            raise

    def scatter(self, *values: Any) -> Scattered:
        """Sends values to the server once, for the ``fixed_args`` of any number of batches (S11).

        Each worker gets them once, when it first needs them. A single value can also be given to functions in
        JavaScript.

        >>> with sleigh.scatter(table) as shared:
        ...     list(sleigh.each_elem(look_up, keys, fixed_args=shared))

        :raises UnsendableError: if they cannot be sent
        """
        if not values:
            raise ValueError("`scatter` needs at least one value.")
        return self._dispatcher.fixed_arguments.scatter(values)

    def each_worker(
        self,
        function: Task,
        argument: Any = None,
        *,
        fixed_args: Union[tuple[Any, ...], Scattered] = (),
        timeout: Optional[float] = None,
        errors: str = "raise",
        on_late: Optional[Callable[[Outcome], object]] = None,
    ) -> list[Any]:
        """Calls a function once on every worker (S8): ``function(argument, *fixed_args)``.

        :param on_late: in an elastic group, workers that join later call the function as well, before they do anything
            else. This is called, in another thread, with the outcome of each (S17)
        :returns: the results in the order of the ranks
        :raises TaskError: of the first worker that fails, whose ``index`` is the rank; with ``collect`` the error is
            the result
        """
        if on_late is not None and not self._is_elastic:
            raise ValueError("`on_late` needs an elastic group: start the sleigh with elastic=True")
        encoded = encode(argument, "argument")
        metadata = self._task_metadata(function, fixed_args, timeout)
        if on_late is not None:
            metadata[Key.REACH] = "all"
        # Reading this variable fixes the number of answers (S4, S13). An elastic group says the number itself.
        expected = int(self._get("find", Variable.WORKER_COUNT).value)
        broadcast_id = self._next_id()
        broadcast = Broadcast(self._dispatcher, broadcast_id, expected, on_late)
        all_metadata = {
            **metadata,
            **self._dispatcher.metadata(),
            **main_metadata(metadata, encoded),
            Key.BATCH_ID: broadcast_id,
            Key.EVERYONE: "1",
        }
        try:
            arguments, stored = store_request(self.workspace, Variable.BROADCAST, encoded, all_metadata)
            broadcast.copies(self._lines.main.request(*arguments, metadata=stored).metadata)
        except BaseException as error:
            broadcast.end(error)
        try:
            outcomes = broadcast.outcomes()
        finally:
            # Workers that join later need them.
            if on_late is None:
                with self._dispatcher.changed:
                    self._dispatcher.forget_fixed_args(metadata)
        if errors == "raise":
            for outcome in outcomes:
                if isinstance(outcome, TaskError):
                    raise outcome
        return [outcome if isinstance(outcome, TaskError) else outcome.value for outcome in outcomes]

    def launch(
        self, workers: int, *, hosts: Optional[Sequence[str]] = None, launch: Optional[Launcher] = None
    ) -> Launched:
        """Starts more workers for an elastic group, by default with the launcher and on the hosts of the start.

        ``stop`` of the result releases these workers; other workers try their tasks again.

        :raises LaunchError: then none of them is left
        """
        if not self._is_elastic:
            raise ValueError("a group that closes takes no more workers: start the sleigh with elastic=True")
        if not isinstance(workers, int) or workers < 1:
            raise ValueError(f"`workers` must be a whole number of at least 1, got {workers!r}.")
        self._dispatcher.throw_if_ended()
        # Another launcher has other hosts.
        usual = self._hosts if launch is None else ()
        order = replace(self._order, workers=workers)
        return self._start_workers(order, usual if hosts is None else tuple(hosts), launch or self._launcher)

    def join(self, seconds: float) -> int:
        """Waits for workers that are starting, at most so long (S5). Returns the number that have joined."""
        with self._lines.lend(self.workspace) as connection:
            metadata = {Key.DELAY: str(seconds)}
            found = connection.get("fetch", self.workspace, Variable.STATUS, metadata=metadata)
        assert found is not None
        return int(found.value)

    def status(self) -> SleighStatus:
        """The numbers of workers and tasks."""
        job = self._get("find", Variable.JOB_STATUS, {Key.ALL: "1"}).metadata
        workers = int(self._get("find", Variable.RANK_COUNT).value)
        numbers = (int(job.get(key, "0")) for key in (Key.PENDING, Key.RUNNING, Key.REPLACEMENTS))
        return SleighStatus(workers, *numbers)

    def stop(self) -> None:
        """Ends the job and its workers. Running batches end with a SleighError. Returns when nothing is left."""
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
            self._dispatcher.end(SleighError("stopped", "the job was stopped"))
            # A server that is gone is not awaited for long.
            limit = threading.Timer(_STOP_SECONDS, self._lines.close)
            limit.daemon = True
            _start(limit)
            self._dispatcher.reports.end(_STOP_SECONDS)
            # Notifies workers and sentinels on other hosts, if the server can be reached.
            if not self._keeps_job:
                with suppress(NwsError, ConnectionLostError):
                    self._lines.main.store(self.workspace, Variable.RIDE_OVER, "1")
            limit.cancel()
            stopping = [threading.Thread(target=launched.stop) for launched in list(self._launched)]
            started = [each for each in stopping if _start(each)]
            for each in stopping:
                if each in started:
                    each.join()
                else:
                    each.run()
            if self._is_named and not self._keeps_job:
                with suppress(NwsError, ConnectionLostError):
                    self._lines.main.delete_workspace(self.workspace)
            self._lines.close()
            if self._server is not None:
                self._server.close()

    def __enter__(self) -> Sleigh:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _open(self, label: str, on_dead_worker: str, reconnect_grace: float) -> None:
        main = self._lines.main
        if self._server is not None:
            main.deadman()
        metadata = {
            Key.WS_TYPE: "sleigh",
            Key.ON_DEAD_WORKER: on_dead_worker,
            Key.MAX_ATTEMPTS: str(self._max_attempts),
        }
        if self._is_elastic:
            metadata[Key.JOIN] = "elastic"
        if reconnect_grace > 0:
            metadata[Key.RECONNECT_GRACE] = f"{reconnect_grace:.15g}"
        if self._is_guest:
            main.use_workspace(self.workspace)
        else:
            main.open_workspace(self.workspace, label=label, persistent=self._is_named, metadata=metadata)
        if not self._is_elastic:
            main.store(self.workspace, Variable.WORKER_COUNT, str(self.workers))
        for variable in (Variable.CANCELLED, Variable.PROGRESS):
            main.declare(self.workspace, variable, "single")

    def _start_workers(
        self, sentinel: SentinelOrder, hosts: tuple[str, ...], launcher: Optional[Launcher]
    ) -> Launched:
        workers = _LaunchedWorkers(self._launched.discard)

        def gone(why: str) -> None:
            workers.are_gone = True
            self._launched.discard(workers)
            self._no_workers(why)

        order = LaunchOrder(sentinel, hosts, self._lines, self._on_death, self._on_output, gone)
        workers.launched = (launcher or (ssh() if hosts else processes())).start(order)
        self._launched.add(workers)
        # They may have ended before they were added.
        if workers.are_gone:
            self._launched.discard(workers)
        return workers

    def _connect(
        self, server: Optional[ServerLike], command: Optional[str], reconnect_grace: Optional[float]
    ) -> None:
        if reconnect_grace is not None:
            check_grace(reconnect_grace)
        self._server = PrivateServer(command) if server is None else None
        try:
            if self._server is not None:
                self._address = self._server.address
            elif server is not None:
                self._address = as_address(server)
            # A private server ends with this program.
            grace: Grace = 0
            if self._server is None:
                grace = "stored" if reconnect_grace is None else reconnect_grace
            self._lines = Lines(self._address, reconnect_grace=grace)
        except BaseException:
            if self._server is not None:
                self._server.close()
            raise

    def _task_metadata(
        self,
        function: Task,
        fixed_args: Union[tuple[Any, ...], Scattered],
        timeout: Optional[float],
        priority: int = 0,
        host: Optional[str] = None,
    ) -> dict[str, str]:
        scattered = fixed_args if isinstance(fixed_args, Scattered) else None
        given = () if isinstance(fixed_args, Scattered) else tuple(fixed_args)
        reference, arguments = reference_to(function, given)
        metadata = {Key.MODULE: reference.module, Key.FUNCTION: reference.name}
        if reference.language != JAVASCRIPT:
            metadata[Key.LANGUAGE] = reference.language
        if timeout is not None:
            metadata[Key.TIMEOUT] = str(round(timeout * 1_000))
        if priority != 0:
            metadata[Key.PRIORITY] = str(priority)
        if host is not None:
            metadata[Key.TASK_HOST] = host
        if scattered is not None:
            if arguments:
                raise ValueError("a function that cannot be imported cannot have scattered values")
            if reference.language == JAVASCRIPT and scattered.count > 1:
                raise ValueError("a function in JavaScript has one fixed argument: scatter a single value")
            metadata.update(main_metadata(metadata, scattered.encoded))
            metadata[Key.FIXED_ARGS] = self._dispatcher.fixed_arguments.use(scattered)
        elif arguments:
            encoded = encode(value_for(reference.language, arguments), "fixed_args")
            metadata.update(main_metadata(metadata, encoded))
            metadata[Key.FIXED_ARGS] = self._dispatcher.fixed_arguments.store(encoded)
        return metadata

    def _size_for(self, metadata: Mapping[str, str]) -> ChunkSize:
        """Batches that call the same function share what is known of its cost."""
        key = (metadata[Key.MODULE], metadata[Key.FUNCTION])
        size = self._sizes.pop(key, None) or ChunkSize()
        self._sizes[key] = size
        if len(self._sizes) > _MAX_SIZES:
            del self._sizes[next(iter(self._sizes))]
        return size

    def _next_id(self) -> str:
        self._made += 1
        return f"{self._batch_prefix}{self._made}"

    def _get(self, verb: str, variable: str, metadata: Mapping[str, str] = {}) -> Found:
        found = self._lines.main.get(verb, self.workspace, variable, metadata=metadata)
        assert found is not None, "only Try forms find nothing"
        return found

    def _no_workers(self, why: str) -> None:
        # In an elastic group other workers may be present, or join.
        if not self._is_elastic:
            self._dispatcher.no_workers(SleighError("no-workers", f"no worker can be had any more: {why}"))


class _LaunchedWorkers:
    """Workers that ``stop`` of the job ends, unless they have ended before.

    :param forget: called when they have ended
    """

    def __init__(self, forget: Callable[[_LaunchedWorkers], object]) -> None:
        self.launched: Optional[Launched] = None
        self.are_gone = False
        self._forget = forget

    def stop(self) -> None:
        if self.launched is not None:
            self.launched.stop()
        self._forget(self)


def _start(thread: threading.Thread) -> bool:
    """Starts a thread. False while the program ends under some versions of Python 3.12, which start none then."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def _budget(respawn: Union[bool, RestartBudget], workers: int) -> Optional[RestartBudget]:
    """None if workers are not replaced."""
    if isinstance(respawn, RestartBudget):
        return respawn
    return RestartBudget.usual(workers) if respawn else None


def _check_name(name: Optional[str]) -> None:
    if name is not None and (not isinstance(name, str) or name == ""):
        raise ValueError(f"`name` must be a text that is not empty, got {name!r}.")


def _check_host(host: Any) -> None:
    if host is not None and (not isinstance(host, str) or host == ""):
        raise ValueError(f"`host` must be a text that is not empty, got {host!r}.")


def _check_priority(priority: int) -> None:
    is_whole = isinstance(priority, int) and not isinstance(priority, bool)
    if not is_whole or not -1_000 <= priority <= 1_000:
        raise ValueError(f"`priority` must be a whole number from -1000 to 1000, got {priority!r}.")


def _check_rate(per_second: Optional[float]) -> None:
    is_number = isinstance(per_second, (int, float)) and not isinstance(per_second, bool)
    if per_second is not None and not (is_number and 0 < per_second < float("inf")):
        raise ValueError(f"`per_second` must be a number over 0, got {per_second!r}.")


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
