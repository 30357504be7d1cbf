"""Stores the tasks of all batches of a master, and gives each result to its batch (S21)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Callable, Optional, Protocol

from ..chunk import Part, encode_chunk
from ..connection import Connection, Found, store_request
from ..errors import ConnectionLostError, NwsError, SleighError
from ..failures import failure
from ..lines import Lines
from ..names import Key, Variable
from ..values import Encoded
from .batch import Batch, Element
from .call_reports import CallReports
from .chunk_size import CHUNK_BUDGET_MS, MAX_BYTES
from .fixed_arguments import FixedArguments
from .named import NamedResults
from .reports import BatchReports
from .retries import Timers

# Seconds between two counts of the workers of an elastic group.
_COUNT_SECONDS = 0.25
# Seconds between two looks at the state of a job that can get no more workers.
_LOOK_SECONDS = 0.05


class BroadcastReceiver(Protocol):
    """Receives the results of a broadcast, under the lock of the dispatcher."""

    def received(self, result: Found) -> None:
        """A result, or a null result."""

    def no_workers(self, told: Mapping[str, Any]) -> None:
        """No worker can be had any more."""

    def end(self, reason: BaseException) -> None:
        """No further results will arrive."""


class Dispatcher:
    """Two threads: one stores tasks, the other takes results. ``changed`` guards all batches.

    :param mailbox: where results arrive (S21), which no other master of the job uses
    :param workers: the number of workers at first
    :param follows_crew: whether workers may join and leave, so that they are counted while batches run
    """

    def __init__(
        self,
        lines: Lines,
        workspace: str,
        mailbox: str = "master",
        workers: int = 1,
        *,
        follows_crew: bool = False,
    ) -> None:
        self.workers = workers
        """The number of workers."""
        self._follows_crew = follows_crew
        self.changed = threading.Condition(threading.Lock())
        """Notified whenever a batch has changed."""
        self.hosts: dict[int, str] = {}
        """The hosts of the workers by rank, from their results."""
        self.reports = BatchReports(lines, workspace, self.changed, self.hosts)
        """Tells the server how the batches progress."""
        self.call_reports = CallReports(lines, workspace)
        """Takes what calls say while they run."""
        self.timers = Timers()
        """Where failed elements wait for another attempt."""
        self.fixed_arguments = FixedArguments(lines, workspace)
        """The fixed arguments of all batches."""
        self._lines = lines
        self._workspace = workspace
        self._mailbox = mailbox
        self._batches: dict[str, Batch] = {}
        self._broadcasts: dict[str, BroadcastReceiver] = {}
        self._out: dict[int, tuple[Batch, list[Element]]] = {}
        self._made = 0
        self._expected = 0
        self._marks: dict[str, str] = {}
        self._marks_changed = False
        self._unneeded: list[str] = []
        # Batches that are over, and whose calls say nothing any more.
        self._silent: list[str] = []
        self._end: Optional[BaseException] = None
        # Why no worker can be had any more, while what the last ones have sent is awaited.
        self._gone: Optional[Mapping[str, Any]] = None
        self._is_started = False

    def throw_if_ended(self) -> None:
        """:raises SleighError: if the job has ended"""
        if self._end is not None:
            raise self._end

    def add(self, batch: Batch) -> None:
        """A batch begins. Call it under the lock."""
        self.throw_if_ended()
        self._batches[batch.id] = batch
        self.reports.begin(batch)
        if self._gone is not None:
            batch.no_workers(self._gone)
        if batch.options.named is not None:
            # Nothing arrives in the mailbox, but whoever waits there learns of the end of the job.
            self._expected += 1
            batch.options.named.start(batch)
        self._start()
        self.changed.notify_all()

    def add_broadcast(self, broadcast_id: str, receiver: BroadcastReceiver, expected: int) -> None:
        """Results of a broadcast are expected. Call it under the lock."""
        self._broadcasts[broadcast_id] = receiver
        self._expected += expected
        self._start()
        self.changed.notify_all()

    def expect(self, change: int) -> None:
        """More or fewer results of broadcasts are expected. Call it under the lock."""
        self._expected += change
        self.changed.notify_all()

    def remove_broadcast(self, broadcast_id: str) -> None:
        """Its results are not awaited any more. Call it under the lock."""
        self._broadcasts.pop(broadcast_id, None)

    def mark(self, batch_id: str, how: Optional[str]) -> None:
        """Tells sentinels which batches are cancelled, and how their calls are ended (S23.3). Called under the lock."""
        if how is not None:
            self._marks[batch_id] = how
        elif self._marks.pop(batch_id, None) is None:
            return
        self._marks_changed = True
        self.changed.notify_all()

    def cancel(self, batch_id: str) -> None:
        """Someone has cancelled a batch on the page of the server (S24.5)."""
        with self.changed:
            batch = self._batches.get(batch_id)
        if batch is None:
            return
        if batch.options.named is not None:
            batch.options.named.cancelled_on_page()
        with self.changed:
            batch.cancel(SleighError("stopped", "the batch was cancelled on the page of the server"))
            self.changed.notify_all()

    def cancel_for(self, batch: Batch, reason: BaseException) -> None:
        """Cancels a batch; iterating its results raises the reason."""
        with self.changed:
            batch.cancel(reason)
            self.changed.notify_all()

    def retry(self, batch_id: str, indexes: Iterable[int]) -> None:
        """Someone wants failed elements to be called again, on the page of the server (S24.6)."""
        with self.changed:
            batch = self._batches.get(batch_id)
            for index in indexes:
                if batch is not None and batch.retry(index):
                    self.reports.retried(batch_id, index)
                else:
                    self.reports.too_late(batch_id, index)
            self.changed.notify_all()

    def forget_fixed_args(self, metadata: Mapping[str, str]) -> None:
        """The fixed arguments of a batch that is over are deleted (S11). Call it under the lock."""
        variable = metadata.get(Key.FIXED_ARGS)
        if variable is not None and self.fixed_arguments.release(variable):
            self._unneeded.append(variable)
            self.changed.notify_all()

    def no_workers(self, reason: SleighError) -> None:
        """Waits until what the last workers have sent is here, then fails what is under way (S23.4)."""
        told = failure("no-workers", str(reason))
        with self.changed:
            self._gone = told
            for batch in self._batches.values():
                batch.no_workers(told)
        with suppress(NwsError, ConnectionLostError):
            while not self._is_still():
                time.sleep(_LOOK_SECONDS)
        with self.changed:
            out = list(self._out.values())
            self._out.clear()
            self._expected -= len(out)
            for batch, elements in out:
                batch.fail(elements, told)
            for receiver in list(self._broadcasts.values()):
                receiver.no_workers(told)
            self._end = self._end or reason
            self.changed.notify_all()

    def end(self, reason: BaseException) -> None:
        """No further results will arrive (S23.5)."""
        with self.changed:
            self._end = self._end or reason
            self._out.clear()
            self._expected = 0
            for batch in list(self._batches.values()):
                batch.end(self._end)
                self.reports.ended(batch)
                if batch.options.named is not None:
                    batch.options.named.close()
            for receiver in list(self._broadcasts.values()):
                receiver.end(self._end)
            self._batches.clear()
            self.changed.notify_all()
        self.call_reports.end()
        self.timers.close()

    def metadata(self) -> dict[str, str]:
        """The metadata of all tasks and broadcasts whose results come to the mailbox."""
        return {Key.MAILBOX: self._mailbox, **self.fixed_arguments.metadata()}

    def named_results(self, name: str) -> NamedResults:
        """The results of a batch with that name."""
        return NamedResults(self._lines, self._workspace, name, self.changed, self.note_host)

    def note_host(self, result: Found) -> None:
        """A result says on which host its worker is."""
        host = result.metadata.get(Key.HOST)
        if host is not None:
            self.hosts[int(result.metadata.get(Key.WORKER_RANK, "-1"))] = host

    # --- threads ---

    def _start(self) -> None:
        if self._is_started:
            return
        self._is_started = True
        self.reports.start()
        runs = [("sender", self._send), ("receiver", self._receive)]
        if self._follows_crew:
            runs.append(("crew", self._count_workers))
        for name, run in runs:
            threading.Thread(target=self._guarded(run), name=f"sleigh {name}", daemon=True).start()

    def _guarded(self, run: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                run()
            except (NwsError, ConnectionLostError) as error:
                over = SleighError("over", f"no worker is left, or someone has ended the job ({error})")
                over.__cause__ = error
                self.end(over)

        return guarded

    def _send(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(self._has_work)
                if self._end is not None:
                    return
                marks = dict(self._marks) if self._marks_changed else None
                unneeded, self._unneeded = self._unneeded, []
                silent, self._silent = self._silent, []
                self._marks_changed = False
                batch = next((each for each in self._batches.values() if each.can_send), None)
                elements = [] if batch is None else batch.take()
                number = self._made
                place = None if batch is None else self._begin(batch, number, elements)
                # The receiver waits, and the input may go on.
                self.changed.notify_all()
            if marks is not None:
                with suppress(NwsError):
                    self._lines.main.store(self._workspace, Variable.CANCELLED, marks)
            for batch_id in silent:
                self.call_reports.remove(batch_id)
            for variable in unneeded:
                with suppress(NwsError):
                    self._lines.main.delete_variable(self._workspace, variable)
            if batch is not None and place is not None:
                self._store(batch, number, elements, place)

    def _begin(self, batch: Batch, number: int, elements: list[Element]) -> Optional[dict[str, str]]:
        """The metadata that say where the result of a task goes; None if it is there already."""
        if batch.options.named is not None:
            place = batch.options.named.begin(batch, elements)
            return None if place is None else {**place, **self.fixed_arguments.metadata()}
        self._made += 1
        self._out[number] = (batch, elements)
        self._expected += 1
        return {**self.metadata(), Key.TASK: str(number)}

    def _has_work(self) -> bool:
        for batch in [each for each in self._batches.values() if each.is_over]:
            del self._batches[batch.id]
            self.reports.ended(batch)
            if Key.LISTENS in batch.options.metadata:
                self._silent.append(batch.id)
            named = batch.options.named
            if named is not None:
                self._expected -= 1
                named.close()
                # What was cancelled is not delivered again.
                if batch.is_cancelled:
                    self._unneeded.append(named.variable)
            self.forget_fixed_args(batch.options.metadata)
        if self._end is not None or self._marks_changed or self._unneeded or self._silent:
            return True
        return any(batch.can_send for batch in self._batches.values())

    def _store(self, batch: Batch, number: int, elements: list[Element], place: Mapping[str, str]) -> None:
        options = batch.options
        is_chunk = len(elements) > 1 or (options.size is None and options.chunk_size > 1)
        parts = [part for _, part in elements]
        encoded = encode_chunk(parts) if is_chunk else parts[0].encoded
        size = len(encoded.data)
        metadata = {
            **options.metadata,
            **place,
            Key.BATCH_ID: batch.id,
            Key.INDEX: str(elements[0][0]),
            Key.SHARE: batch.id,
            **main_metadata(options.metadata, encoded),
        }
        if len(elements) == 1:
            # The server counts its attempts from there (S26). Those of several elements are not repeated as they are.
            metadata[Key.ATTEMPT] = str(batch.attempt_of(elements[0][0]))
        if is_chunk:
            metadata[Key.CHUNK] = "1"
        if len(elements) > 1 and options.may_repeat:
            metadata[Key.MAX_ATTEMPTS] = "1"
        if options.size is not None:
            options.size.weighed(size, len(elements))
            metadata[Key.BUDGET] = str(CHUNK_BUDGET_MS)
            if len(elements) > 1 and size > MAX_BYTES:
                self._take_back(number, lambda: batch.put_back(elements))
                return
        arguments, all_metadata = store_request(self._workspace, Variable.TASK, encoded, metadata)
        try:
            self._lines.main.request(*arguments, metadata=all_metadata)
        except NwsError as error:
            if error.code != "failed":
                raise
            # Some of these elements are refused; others may not be.
            told = failure("not-sent", str(error))
            if len(elements) > 1:
                self._take_back(number, lambda: batch.put_back(elements))
            elif batch.options.named is None:
                self._take_back(number, lambda: batch.fail(elements, told))
            else:
                with self.changed:
                    if batch.options.named.take_back(batch, elements):
                        batch.fail(elements, told)
                        self.changed.notify_all()

    def _take_back(self, number: int, use: Callable[[], None]) -> None:
        with self.changed:
            if self._out.pop(number, None) is not None:
                self._expected -= 1
                use()
                self.changed.notify_all()

    def _receive(self) -> None:
        """Takes the available results and waits for one more, with one request for each (P5.2)."""
        hoped = 0
        with self._lines.lend(self._workspace) as connection:
            while True:
                with self.changed:
                    self.changed.wait_for(lambda: self._expected > 0 or self._end is not None)
                    if self._end is not None:
                        return
                    tries = min(hoped, self._expected - 1)
                found = self._take(connection, tries)
                # A result that was available at once has the id of its variable (V9). Then there may be more.
                had_to_wait = found[-1].variable_id == ""
                hoped = len(found) - 1 if had_to_wait else 2 * len(found)
                with self.changed:
                    for result in found:
                        self._received(result)
                    self.changed.notify_all()

    def _take(self, connection: Connection, tries: int) -> list[Found]:
        mailbox = {Key.MAILBOX: self._mailbox}
        requests: list[Any] = [(["fetchTry", self._workspace, Variable.RESULT], mailbox)] * tries
        requests.append((["fetch", self._workspace, Variable.RESULT], mailbox))
        replies = connection.request_all(requests)
        found = [
            connection.found(verb, reply) for verb, reply in zip(["fetchTry"] * tries + ["fetch"], replies)
        ]
        return [result for result in found if result is not None]

    def _received(self, result: Found) -> None:
        metadata = result.metadata
        self.note_host(result)
        number = metadata.get(Key.TASK)
        if number is None:
            receiver = self._broadcasts.get(metadata.get(Key.BATCH_ID, ""))
            if receiver is not None:
                self._expected -= 1
                receiver.received(result)
            return
        sent = self._out.pop(int(number), None)
        if sent is not None:
            self._expected -= 1
            batch, elements = sent
            batch.received(elements, result)

    def _count_workers(self) -> None:
        """The windows of the batches follow the number of workers, who join and leave at any time (S17)."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self._batches or self._end is not None)
                if self._end is not None:
                    return
            found = self._lines.main.get("find", self._workspace, Variable.RANK_COUNT)
            assert found is not None, "only Try forms find nothing"
            with self.changed:
                if int(found.value) != self.workers:
                    self.workers = int(found.value)
                    self.changed.notify_all()
            time.sleep(_COUNT_SECONDS)

    def _is_still(self) -> bool:
        """Whether no worker is left that could answer, and all results have arrived."""
        main, workspace = self._lines.main, self._workspace
        workers = main.get("find", workspace, Variable.RANK_COUNT)
        status = main.get("find", workspace, Variable.JOB_STATUS, metadata={Key.ALL: "1"})
        assert workers is not None and status is not None
        queued = int(status.metadata[Key.PENDING]) - int(status.metadata[Key.RUNNING])
        with self.changed:
            return int(workers.value) == 0 and len(self._out) <= queued


def part_for(value: Any) -> Part:
    """An element, encoded at once, because the program may change it afterwards; or why it cannot be sent."""
    from ..chunk import part_of
    from ..errors import UnsendableError
    from ..failures import encode_failure

    try:
        part = part_of(value, "element")
    except UnsendableError as error:
        return Part(encode_failure(failure("not-sent", str(error))), is_failure=True)
    if isinstance(part.encoded.data, (bytearray, memoryview)):
        encoded = part.encoded
        return Part(Encoded(encoded.descriptor, bytes(encoded.data), encoded.type))
    return part


def main_metadata(metadata: Mapping[str, str], encoded: Encoded) -> dict[str, str]:
    """Names the main module of this program if a pickle refers to it (C8)."""
    from ..functions import main_of_this_program

    if Key.MAIN in metadata or b"__main__" not in bytes(encoded.data):
        return {}
    main = main_of_this_program()
    return {} if main is None else {Key.MAIN: main}
