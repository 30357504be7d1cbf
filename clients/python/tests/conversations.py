"""Records what this client asks, for the conformance suite of the project: ``python -m tests.conversations HOST:PORT``.

It prints cases in the form of test/conformance/README.md, without the replies; ``record.mjs`` adds those.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from typing import Any, Callable
from unittest import mock

from sleigh import (
    Connection,
    ConnectionLostError,
    Lease,
    LeaseEndedError,
    NetWorkSpace,
    NwsError,
    ServerAddress,
    Sleigh,
)
from sleigh.channel import Channel
from sleigh.master.batch import Batch, BatchOptions
from sleigh.master.dispatcher import part_for
from sleigh.names import WAITING_VERBS
from sleigh.worker.activity import SIZE, ActivityWriter
from sleigh.worker.context import TaskContext
from sleigh.worker.departure import Departure
from sleigh.worker.runner import TaskRunner
from sleigh.worker.session import WorkerSession
from sleigh.worker.work import Work

_LEASE_VERBS = ("end lease", "extend lease")


class Recorder(ExitStack):
    """Records the requests of all connections, one after another. Nothing in them differs from run to run."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.steps: list[dict[str, Any]] = []
        self._names: dict[int, str] = {}
        self._lost: set[str] = set()
        # Channels are told apart by their identity.
        self._channels: list[Channel] = []
        self._threads = threading.local()

    def __enter__(self) -> Recorder:
        super().__enter__()
        recorder = self
        connect, head, read = Channel.__init__, Channel._head, Channel._read_value
        ids: dict[str, str] = {}
        leases: dict[str, str] = {}
        numbers = itertools.count(1)

        def init(channel: Channel, server: Any, handshake: str, timeout: Any) -> None:
            name = f"c{len(recorder._names) + 1}"
            recorder._names[id(channel)] = name
            recorder._channels.append(channel)
            recorder.callback(channel.close)
            old = {} if handshake == "new" else {"handshake": "2222"}
            recorder.steps.append({"on": name, "do": "connect", **old})
            connect(channel, server, handshake, timeout)

        def record(channel: Channel, request: Any, *size: Any) -> bytes:
            names = leases if request.verb in _LEASE_VERBS else ids
            step: dict[str, Any] = {
                "on": recorder._names[id(channel)],
                "do": "send"
                if getattr(recorder._threads, "waits", False) and request.verb in WAITING_VERBS
                else "call",
                "args": [names.get(str(argument), _latin(argument)) for argument in request.arguments],
            }
            if channel.has_metadata:
                step["meta"] = {_latin(name): _latin(value) for name, value in request.metadata.items()}
            recorder.steps.append(step)
            return head(channel, request, *size)

        def received(channel: Channel, *arguments: Any) -> Any:
            reply = read(channel, *arguments)
            # Ids of variables and numbers of leases differ from run to run. They are numbered as they appear.
            if reply.variable_id:
                ids.setdefault(reply.variable_id, f"$vid{len(ids) + 1}")
            lease = reply.metadata.get("nwsLease")
            if lease is not None:
                leases.setdefault(lease, f"$lease{len(leases) + 1}")
            return reply

        for name, replacement in [("__init__", init), ("_head", record), ("_read_value", received)]:
            self.enter_context(mock.patch.object(Channel, name, replacement))
        for name, value in [
            ("secrets.token_urlsafe", lambda _size: f"secret-{next(numbers)}"),
            ("secrets.token_hex", lambda _size: "01234567"),
            ("socket.gethostname", lambda: "host"),
            ("os.getpid", lambda: 1),
            ("time.monotonic", lambda: 0.0),
            # It asks in threads of its own, at any time.
            ("sleigh.master.sleigh.follow_output", lambda *_: None),
        ]:
            self.enter_context(mock.patch(name, value))
        return self

    def waiting(self, call: Callable[[], Any]) -> Callable[[], None]:
        """Makes a request that waits, in another thread. Returns a function that awaits its reply."""

        def run() -> None:
            self._threads.waits = True
            # The recorded reply says so.
            with suppress(NwsError):
                call()

        thread = threading.Thread(target=run)
        thread.start()
        while self.steps[-1]["do"] != "send":
            pass
        name = self.steps[-1]["on"]

        def woken() -> None:
            thread.join()
            self.steps.append({"on": name, "do": "woken"})

        return woken

    def lose(self, channel: Channel) -> ConnectionLostError:
        """The connection is lost. Returns what its client learns of that."""
        name = self._names[id(channel)]
        self._lost.add(name)
        self.steps.append({"on": name, "do": "close"})
        return ConnectionLostError("lost", "a cut")

    def losing_a_reply(self, call: Callable[[], Any]) -> Any:
        """Makes a call, whose reply is lost with the connection."""
        receive = Channel.receive

        def lose(channel: Channel, request: Any) -> Any:
            # It is read, so that the server has carried out the request.
            receive(channel, request)
            losing.stop()
            raise self.lose(channel)

        losing = mock.patch.object(Channel, "receive", lose)
        losing.start()
        return call()

    def close_all(self) -> None:
        """The last steps: every client closes its connection."""
        self.steps += [{"on": name, "do": "close"} for name in self._names.values() if name not in self._lost]


def a_workspace(recorder: Recorder, server: ServerAddress) -> None:
    with NetWorkSpace("python client", server=server) as shop:
        for value in ["grüße", {"a": [1, 2.5, None]}, b"\x00\xff", (1, 2)]:
            shop.store("values", value, {"note": "täg"})
        shop.find("values")
        list(shop.ifind_try("values"))
        shop.fetch_try("values")
        shop.fetch("values")
        shop["price"] = 3
        shop["price"]
        shop.list_variables()
        woken = recorder.waiting(lambda: shop.fetch("later"))
        shop.store("later", 1)
        woken()
        del shop["price"]
        shop.delete()


def the_old_handshake(recorder: Recorder, server: ServerAddress) -> None:
    with NetWorkSpace("python client of old", server=server, handshake="old") as shop:
        shop.store("x", "text")
        shop.fetch("x")
        shop.fetch_try("x")
        shop.delete()


def leases(recorder: Recorder, server: ServerAddress) -> None:
    with NetWorkSpace("python client with leases", server=server) as shop:
        for value in range(3):
            shop.store("orders", value)
        first, second = shop.take("orders", 60), shop.take_try("orders", 60)
        assert second is not None
        first.extend(120)
        first.back()
        second.done()
        with suppress(LeaseEndedError):
            second.back()
        list(shop.ifetch_try("orders"))
        shop.take_try("orders", 60)
        taken: list[Lease] = []
        woken = recorder.waiting(lambda: taken.append(shop.take("orders", 60)))
        shop.store("orders", 3)
        woken()
        taken[0].done()
        with shop.lock("door", lease=60):
            pass
        shop.delete()


def a_capacity(recorder: Recorder, server: ServerAddress) -> None:
    with NetWorkSpace("python client with a capacity", server=server) as shop:
        shop.declare("frames", "fifo", 1)
        shop.store("frames", 1)
        with suppress(NwsError):
            shop.store("frames", 2)
        woken = recorder.waiting(lambda: shop.store("frames", 3, wait=True))
        shop.fetch_try("frames")
        woken()
        shop.list_variables()
        shop.delete()


def a_session(recorder: Recorder, server: ServerAddress) -> None:
    shop = NetWorkSpace("python client with a session", server=server, reconnect_grace=20)
    recorder.losing_a_reply(lambda: shop.store("values", 1))
    shop.store("values", 2)
    recorder.losing_a_reply(lambda: shop.fetch_try("values"))
    shop.store("values", 3)
    shop.find("values")
    # It has a connection for gets that may wait now.
    recorder.losing_a_reply(lambda: shop.fetch("values"))
    shop.fetch("values")
    shop.list_variables()
    shop.close()


def a_job(recorder: Recorder, server: ServerAddress) -> None:
    """A master, a sentinel and a worker, of whom one at a time asks."""
    sleigh = Sleigh(0, server=server, elastic=True)
    name = sleigh.workspace
    sentinel = Connection(server)
    sentinel.use_workspace(name)
    sentinel.get("fetch", name, "worker_ids", metadata={"session": "secret of the sentinel"})

    departure = Departure()
    session = WorkerSession(server, name, 0)
    work = Work(session, departure)
    with tempfile.TemporaryFile() as board:
        board.truncate(SIZE)
        activity = ActivityWriter(board.fileno())
    runner = TaskRunner(TaskContext(0, name, server), activity, departure, work.find, lambda: None)

    dispatcher = sleigh._dispatcher
    # The threads of the dispatcher ask at any time; here it is told when.
    dispatcher._is_started = True
    metadata = sleigh._task_metadata(math.pow, (2,), 60)
    options = BatchOptions(metadata, lambda: 8, None, 2, True, 3, True, dispatcher.mark)
    batch = Batch("1", options)
    with dispatcher.changed:
        dispatcher.add(batch)
        batch.add(part_for(3))
        batch.add(part_for(4))
        elements = batch.take()
        place = dispatcher._begin(batch, 0, elements)
        assert place is not None
    dispatcher._store(batch, 0, elements, place)

    result = runner.perform(work._next(session._connection, None), _decoded)
    woken = recorder.waiting(lambda: work._next(session._connection, result))
    with sleigh._lines.lend(name) as connection:
        (found,) = dispatcher._take(connection, 0)
    with dispatcher.changed:
        batch.received(elements, found)
        assert [getattr(batch.next_outcome(), "value", None) for _ in range(2)] == [9.0, 16.0]
    sleigh.status()
    report = {
        "session": "secret of the sentinel",
        "how": "signal SIGKILL",
        "task": "tried",
        "why": "died",
        "lastWords": "",
    }
    sentinel.store(name, "worker_dead", "0", report)
    woken()
    sentinel.store(name, "Sleigh ride over", "1")


def _decoded(task: Any) -> Any:
    from sleigh.values import decode

    return decode(task.descriptor, task.value, task.metadata)


def _latin(argument: Any) -> str:
    data = argument.encode("utf-8") if isinstance(argument, str) else bytes(argument)
    return data.decode("latin-1")


CASES: dict[str, Callable[[Recorder, ServerAddress], None]] = {
    "a workspace of the client for Python": a_workspace,
    "the old handshake of the client for Python": the_old_handshake,
    "values for a time and a lock of the client for Python": leases,
    "a fifo with a capacity of the client for Python": a_capacity,
    "a session of the client for Python, which loses replies": a_session,
    "a job of the client for Python: master, sentinel and worker": a_job,
}


def record(server: ServerAddress) -> list[dict[str, Any]]:
    """All conversations, without replies."""
    cases = []
    for name, run in CASES.items():
        with Recorder(name) as recorder:
            run(recorder, server)
            recorder.close_all()
        cases.append({"name": name, "steps": recorder.steps})
    return cases


if __name__ == "__main__":
    json.dump(record(ServerAddress.parse(sys.argv[1])), sys.stdout)
    sys.stdout.flush()
    os._exit(0)
