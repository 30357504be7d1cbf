"""Calls the functions that tasks name (C4, C5, C8)."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ..chunk import Chunk, Part, encode_chunk, part_of
from ..connection import Found
from ..errors import UnsendableError
from ..failures import encode_failure, failure, failure_of
from ..functions import PYTHON, FunctionError, Reference, load, load_main
from ..names import Key
from ..values import Encoded, ForeignValue, encode
from .activity import ActivityWriter
from .context import TaskContext
from .departure import Declined, Departure
from .reporter import CallReporter

# Fixed arguments that are kept: those of the latest batches.
_MAX_KEPT = 16
# Milliseconds that the import of a function may take (S22.2).
_LOAD_LIMIT = 60_000


@dataclass(frozen=True)
class TaskResult:
    """What is stored for a task."""

    encoded: Encoded
    metadata: dict[str, str]
    parts: Optional[list[Part]] = None
    """The parts of a chunk."""


@dataclass
class _Call:
    """What all elements of a task have in common."""

    function: Callable[..., Any]
    fixed_args: tuple[Any, ...]
    timeout: float
    is_heard: bool
    """Whether the master listens to what the call says."""
    attempt: int
    """The number of this call of its elements, from 1 (S26)."""
    seed: Optional[str]
    """What the random numbers depend on; None for the number of the batch (S23.7)."""


@dataclass(frozen=True)
class _Element:
    """An element of a task."""

    batch: str
    index: int


class TaskRunner:
    """Turns tasks into results.

    :param find: gets a variable of the workspace of the job; None if it has no value
    :param on_element: called after each element
    """

    def __init__(
        self,
        context: TaskContext,
        activity: ActivityWriter,
        departure: Departure,
        find: Callable[[str], Optional[Found]],
        on_element: Callable[[], None],
    ) -> None:
        self._context = context
        self._activity = activity
        self._departure = departure
        self._find = find
        self._on_element = on_element
        self._fixed: dict[str, tuple[Any, ...]] = {}
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._cancelled: dict[str, str] = {}
        self._batch = ""
        self._reporter: Optional[CallReporter] = None

    def set_cancelled(self, batches: dict[str, str]) -> None:
        """The batches that are cancelled now (S22.3). Called by another thread."""
        self._cancelled = batches
        if self._batch in batches:
            self._context.cancelled.set()

    def perform(self, task: Found, decode: Callable[[Found], Any]) -> TaskResult:
        """The result of a task, or its failure.

        :param decode: decodes the value of the task, when its main module is loaded
        :raises Declined: if this worker cannot have the function
        """
        begun = time.monotonic()
        metadata: dict[str, str] = {}
        parts: Optional[list[Part]] = None
        try:
            if task.metadata.get(Key.CHUNK) == "1":
                parts = self._perform_chunk(task, decode)
                encoded = encode_chunk(parts)
            else:
                element = self._elements_of(task)(0)
                call = self._prepare(task, element.batch)
                variable = task.metadata.get(Key.ELEMENT_IN)
                value = _readable(decode(task)) if variable is None else self._element_in(variable)
                encoded = encode(self._call(call, value, 0, element), "result")
        except Declined:
            raise
        except _Failed as error:
            return TaskResult(encode_failure(error.failure), {Key.ERROR: "1"})
        except UnsendableError as error:
            return TaskResult(encode_failure(failure("threw", str(error))), {Key.ERROR: "1"})
        if Key.BUDGET in task.metadata:
            metadata[Key.TOOK] = f"{(time.monotonic() - begun) * 1_000:.3f}"
        return TaskResult(encoded, metadata, parts)

    def _perform_chunk(self, task: Found, decode: Callable[[Found], Any]) -> list[Part]:
        element_of = self._elements_of(task)
        call = self._prepare(task, element_of(0).batch)
        chunk = _readable(decode(task))
        if not isinstance(chunk, Chunk):
            raise _Failed(failure("unreadable", "its value is no chunk"))
        budget = task.metadata.get(Key.BUDGET)
        end = math.inf if budget is None else time.monotonic() + float(budget) / 1_000
        parts: list[Part] = []
        for at, element in enumerate(chunk):
            parts.append(self._part(call, element.value, element.failure, at, element_of(at)))
            # What was not begun is returned, so that other workers can run it.
            if time.monotonic() > end or (budget is not None and self._departure.why is not None):
                break
        return parts

    def _part(
        self, call: _Call, value: Any, failed: Optional[dict[str, Any]], at: int, element: _Element
    ) -> Part:
        try:
            if failed is not None:
                raise _Failed(failed)
            return part_of(self._call(call, value, at, element), "result")
        except _Failed as error:
            return Part(encode_failure(error.failure), is_failure=True)
        except UnsendableError as error:
            return Part(encode_failure(failure("threw", str(error))), is_failure=True)

    def _prepare(self, task: Found, batch: str) -> _Call:
        metadata = task.metadata
        self._drop_fixed_args(int(metadata.get(Key.FIXED_ARGS_FROM, "0")))
        self._activity.begin(batch, 0, _LOAD_LIMIT, is_loading=True)
        try:
            main = metadata.get(Key.MAIN)
            if main is not None:
                load_main(main)
            return _Call(
                self._function(metadata),
                self._fixed_args(metadata.get(Key.FIXED_ARGS)),
                float(metadata.get(Key.TIMEOUT, "inf")),
                metadata.get(Key.LISTENS) == "1",
                int(metadata.get(Key.ATTEMPT, "1")),
                metadata.get(Key.SEED),
            )
        except FunctionError as error:
            # Another worker, or the replacement of this one, may be able to have it.
            self._departure.request("not-loaded", str(error))
            if metadata.get(Key.EVERYONE) == "1":
                raise _Failed(failure("not-loaded", str(error))) from error
            raise Declined(str(error)) from error
        finally:
            self._activity.end()

    def _function(self, metadata: dict[str, str]) -> Callable[..., Any]:
        module, name = metadata.get(Key.MODULE), metadata.get(Key.FUNCTION, "")
        if module is None:
            raise _Failed(failure("threw", "the task names no module (C4)"))
        # The TypeScript client, which names no language, is the only one that names modules besides this one (C8).
        language = metadata.get(Key.LANGUAGE, "javascript")
        if language != PYTHON:
            raise FunctionError(f"{module} is a module of {language}, and this worker runs Python (C8)")
        key = (module, name)
        if key not in self._functions:
            self._functions[key] = load(Reference(module, name))
        return self._functions[key]

    def _fixed_args(self, variable: Optional[str]) -> tuple[Any, ...]:
        if variable is None:
            return ()
        if variable not in self._fixed:
            found = self._find(variable)
            # They are deleted when their batch has ended.
            if found is None:
                raise _Failed(failure("cancelled", "the batch was cancelled"))
            value = _readable(found.value)
            # A master in another language has one value.
            self._fixed[variable] = value if isinstance(value, tuple) else (value,)
            while len(self._fixed) > _MAX_KEPT:
                del self._fixed[next(iter(self._fixed))]
        return self._fixed[variable]

    def _element_in(self, variable: str) -> Any:
        """The element of a task that another task has left at the server (S34.2)."""
        found = self._find(variable)
        if found is None:
            message = f'its element is not at the server any more, in the variable "{variable}"'
            raise _Failed(failure("unreadable", message))
        return _readable(found.value)

    def _drop_fixed_args(self, first: int) -> None:
        """Drops the fixed arguments before that number, whose batches have ended."""
        for variable in list(self._fixed):
            number = re.search(r"\d+$", variable)
            if number is not None and int(number[0]) < first:
                del self._fixed[variable]

    def _call(self, call: _Call, value: Any, at: int, element: _Element) -> Any:
        batch = element.batch
        self._batch = batch
        seed = call.seed if call.seed is not None else _number_of(batch)
        self._context.begin(element.index, call.attempt, seed)
        reporter = self._reporter_for(call, element)
        self._context.cancelled.clear()
        if batch in self._cancelled:
            raise _Failed(failure("cancelled", "the batch was cancelled"))
        self._activity.begin(batch, at, call.timeout)
        try:
            result = call.function(value, *call.fixed_args)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise _Failed(self._failure_of(error, batch)) from error
        finally:
            if reporter is not None:
                reporter.end()
            self._activity.end()
            self._on_element()
        if batch in self._cancelled:
            raise _Failed(failure("cancelled", "the batch was cancelled"))
        return result

    def _reporter_for(self, call: _Call, element: _Element) -> Optional[CallReporter]:
        context = self._context
        context.reporter = None
        if call.is_heard:
            if self._reporter is None:
                self._reporter = CallReporter(context.server, context.workspace, context.rank, context.grace)
            context.reporter = self._reporter
            self._reporter.begin(element.batch, element.index)
        return context.reporter

    def _elements_of(self, task: Found) -> Callable[[int], _Element]:
        """From the place in a task to the element, because a chunk may have elements of several batches (S23.7)."""
        metadata = task.metadata
        ids = metadata.get(Key.BATCH_ID, "")
        if metadata.get(Key.EVERYONE) == "1":
            return lambda _at: _Element(ids, self._context.rank)
        firsts = [int(text) for text in metadata.get(Key.INDEX, "0").split(",")]
        shares = metadata.get(Key.SHARES)
        if shares is None:
            return lambda at: _Element(ids, firsts[0] + at)
        elements = [
            _Element(batch, first + number)
            for batch, first, count in zip(ids.split(","), firsts, map(int, shares.split(",")))
            for number in range(count)
        ]
        return lambda at: elements[at] if at < len(elements) else _Element("", at)

    def _failure_of(self, error: BaseException, batch: str) -> dict[str, Any]:
        if batch in self._cancelled:
            return failure("cancelled", "the batch was cancelled")
        return failure_of(error)


def _number_of(batch: str) -> str:
    """The number with which the id of a batch ends (S23.7); a call of ``submit`` has a dot behind it (S23.8)."""
    number = re.search(r"\d+$", batch.partition(".")[0])
    return "0" if number is None else number[0]


class _Failed(Exception):
    """An element failed, or a task."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["message"])
        self.failure = told


def _readable(value: Any) -> Any:
    if isinstance(value, ForeignValue) and value.why is not None:
        raise _Failed(failure("unreadable", value.why))
    return value
