"""Fixed arguments of batches: values that each worker gets once (S11)."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from typing import Any

from ..errors import ConnectionLostError, NwsError
from ..functions import JAVASCRIPT
from ..lines import Lines
from ..names import Key, Variable
from ..values import Encoded, encode


class Scattered:
    """Values that ``scatter`` has sent to the server.

    Give it as ``fixed_args`` of any number of batches: each worker gets them once, when it first needs them. At the end
    of a ``with`` block they are freed.
    """

    def __init__(self, owner: FixedArguments, variable: str, encoded: Encoded, count: int) -> None:
        self._owner = owner
        self.variable = variable
        """The variable of the job that has them."""
        self.encoded = encoded
        self.count = count
        """How many there are."""

    def free(self) -> None:
        """Deletes the values, when the batches that use them are over. They cannot be given to further ones."""
        self._owner.free(self)

    def __enter__(self) -> Scattered:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()


class FixedArguments:
    """Each is stored once, in a variable of its own, until its batch is over. Threads may share it."""

    def __init__(self, lines: Lines, workspace: str) -> None:
        self._lines = lines
        self._workspace = workspace
        self._lock = threading.Lock()
        # How many batches that are not over use a scattered value, by variable.
        self._uses: dict[str, int] = {}
        self._freed: set[str] = set()
        # The numbers of the existing variables, and the highest one so far.
        self._kept: set[int] = set()
        self._latest = 0

    def store(self, encoded: Encoded) -> str:
        """Stores the arguments of one batch. Returns their variable."""
        found = self._lines.main.get("find", self._workspace, Variable.FIXED_ARG_ID)
        assert found is not None, "only Try forms find nothing"
        variable = str(found.value)
        number = _number_of(variable)
        with self._lock:
            self._kept.add(number)
            self._latest = max(self._latest, number)
        try:
            self._lines.main.store_encoded(self._workspace, variable, encoded)
        except BaseException:
            self.deleted(variable)
            raise
        return variable

    def scatter(self, values: tuple[Any, ...]) -> Scattered:
        """Stores values for any number of batches."""
        # A worker takes what is no tuple for one value, and so can one in another language.
        is_one = len(values) == 1 and not isinstance(values[0], tuple)
        encoded = encode(values[0] if is_one else values, "values")
        variable = self.store(encoded)
        with self._lock:
            self._uses[variable] = 0
        return Scattered(self, variable, encoded, len(values))

    def use(self, scattered: Scattered) -> str:
        """Another batch uses the values.

        :raises ValueError: if they were freed, or are of another job
        """
        with self._lock:
            if scattered.variable in self._freed or scattered.variable not in self._uses:
                raise ValueError("`fixed_args` were freed, or scattered by another job")
            self._uses[scattered.variable] += 1
        return scattered.variable

    def release(self, variable: str) -> bool:
        """A batch that used them is over. Returns whether the variable is to be deleted."""
        with self._lock:
            if variable in self._uses:
                self._uses[variable] -= 1
                if self._uses[variable] > 0 or variable not in self._freed:
                    return False
        self.deleted(variable)
        return True

    def free(self, scattered: Scattered) -> None:
        """No further batch may use the values."""
        with self._lock:
            if scattered.variable not in self._uses or scattered.variable in self._freed:
                return
            self._freed.add(scattered.variable)
            if self._uses[scattered.variable] > 0:
                return
        self.deleted(scattered.variable)
        with suppress(NwsError, ConnectionLostError):
            self._lines.main.delete_variable(self._workspace, scattered.variable)

    def deleted(self, variable: str) -> None:
        """The variable is not used any more."""
        with self._lock:
            self._uses.pop(variable, None)
            self._freed.discard(variable)
            self._kept.discard(_number_of(variable))

    def metadata(self) -> dict[str, str]:
        """Metadata of every task and broadcast: which fixed arguments workers may drop."""
        with self._lock:
            if self._latest == 0:
                return {}
            return {Key.FIXED_ARGS_FROM: str(min(self._kept, default=self._latest + 1))}


def value_for(language: str, arguments: tuple[Any, ...]) -> Any:
    """What is stored for these arguments: a function in another language has one value."""
    if language != JAVASCRIPT:
        return arguments
    return arguments[0] if len(arguments) == 1 else list(arguments)


def _number_of(variable: str) -> int:
    number = re.search(r"\d+$", variable)
    return 0 if number is None else int(number[0])
