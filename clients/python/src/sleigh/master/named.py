"""The results of a batch with a name, which stay on the server (S29)."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Optional

from ..connection import Connection, Found
from ..errors import ConnectionLostError, NwsError, SleighError
from ..lines import Lines
from ..names import Key

if TYPE_CHECKING:
    from .batch import Batch, Element

# Seconds until a lost connection is replaced.
_PAUSE_SECONDS = 0.2
# What the server says when the variable was deleted and made again (V10).
_IS_OTHER = "Variable id mismatch"


class NamedResults:
    """Reads the results of a batch from a variable of the job, without removing any.

    A program that was started again finds the results of before, and its tasks are not stored twice. Everything here
    but the thread runs under the lock of the dispatcher.

    :param changed: the lock, notified when a result has come
    :param note: called with each result
    """

    def __init__(
        self,
        lines: Lines,
        workspace: str,
        name: str,
        changed: threading.Condition,
        note: Callable[[Found], None],
    ) -> None:
        self.variable = f"#results {name}"
        """The variable with the results."""
        self._name = name
        # It says that the batch was cancelled on the page (S33.2).
        self._cancelled = f"#cancelled {name}"
        self._lines = lines
        self._workspace = workspace
        self._changed = changed
        self._note = note
        # Tasks without a result, and results of before whose elements have not been read from the input again.
        self._out: dict[str, tuple[Batch, list[Element]]] = {}
        self._early: dict[str, Found] = {}
        self._batch: Optional[Batch] = None
        # The last result that was read.
        self._after: Optional[Found] = None
        self._connection: Optional[Connection] = None
        self._is_closed = False

    def raise_if_cancelled(self) -> None:
        """Raises SleighError if the batch was cancelled on the page, in whatever run of its program (S33.2)."""
        if self._lines.main.get("findTry", self._workspace, self._cancelled) is not None:
            why = f"the batch {self._name!r} was cancelled on the page of the server"
            raise SleighError("stopped", f"{why}, as the variable {self._cancelled!r} of the job says")

    def cancelled_on_page(self) -> None:
        """It stays cancelled for a program that is started again (S33.2). Call it without the lock."""
        with suppress(NwsError, ConnectionLostError):
            self._lines.main.declare(self._workspace, self._cancelled, "single")
            self._lines.main.store(self._workspace, self._cancelled, {"at": round(time.time() * 1_000)})

    def start(self, batch: Batch) -> None:
        """Begins to read the results of the batch."""
        self._batch = batch
        threading.Thread(target=self._follow, name="sleigh results", daemon=True).start()

    def begin(self, batch: Batch, elements: list[Element]) -> Optional[dict[str, str]]:
        """A task is to be stored. Returns its metadata; None if it has its result already."""
        ((index, _),) = elements
        # The same in each run of a program with the same elements.
        key = _key_of(index, batch.attempt_of(index))
        early = self._early.pop(key, None)
        if early is not None:
            batch.received(elements, early)
            return None
        self._out[key] = (batch, elements)
        return {Key.KEEP_IN: self.variable, Key.KEEP_AS: key}

    def take_back(self, batch: Batch, elements: list[Element]) -> bool:
        """A task was not stored. False if it has its result all the same."""
        index = elements[0][0]
        return self._out.pop(_key_of(index, batch.attempt_of(index)), None) is not None

    def close(self) -> None:
        """Nothing more is awaited. The results stay."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()

    def forget(self) -> None:
        """The program has all outcomes, so the server may forget the results. Call it without the lock."""
        with suppress(NwsError, ConnectionLostError):
            self._lines.main.delete_variable(self._workspace, self.variable)

    def _follow(self) -> None:
        while True:
            try:
                with self._lines.lend(self._workspace) as connection:
                    self._follow_over(connection)
                return
            except ConnectionLostError:
                # When the server is lost, or the job has ended, the dispatcher ends the batch.
                if self._is_closed:
                    return
            except NwsError as error:
                if error.code == "purged" or _IS_OTHER in error.reason:
                    self._fail()
                return
            time.sleep(_PAUSE_SECONDS)

    def _follow_over(self, connection: Connection) -> None:
        """Returns when nothing more is awaited."""
        with self._changed:
            self._connection = connection
            if self._is_closed:
                return
        while True:
            found = connection.get("ifind", self._workspace, self.variable, after=self._after)
            if found is None:
                return
            self._after = found
            with self._changed:
                self._received(found)
                self._changed.notify_all()

    def _fail(self) -> None:
        """Another master has taken all results, so those that are missing here will not come."""
        why = f"another master has taken or cancelled the batch {self.variable.partition(' ')[2]!r}"
        with self._changed:
            if self._batch is not None:
                self._batch.cancel(SleighError("over", why))
            self._changed.notify_all()

    def _received(self, found: Found) -> None:
        self._note(found)
        key = found.metadata.get(Key.KEEP_AS, "")
        sent = self._out.pop(key, None)
        if sent is None:
            self._early[key] = found
            return
        batch, elements = sent
        batch.received(elements, found)


def _key_of(index: int, attempt: int) -> str:
    """The same in each run of a program with the same elements, also in another language."""
    return str(index) if attempt == 1 else f"{index}/{attempt}"
