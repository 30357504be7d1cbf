"""Coming back to a server after the loss of a connection."""

from __future__ import annotations

import random
import threading
import time
import weakref
from typing import Callable, TypeVar

from .errors import ConnectionLostError

Result = TypeVar("Result")

# Seconds between two attempts to come back: at first, and at most.
_SHORTEST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
# Seconds beyond the grace, because the server may have noticed the loss later than the client.
_BEYOND_GRACE = 2.0
# Seconds between two looks at a connection that nobody uses.
_LOOK_SECONDS = 0.5


def reconnect(attempt: Callable[[], Result], grace: float, closed: threading.Event) -> Result:
    """Tries to come back, again and again.

    :param grace: seconds within which the client may come back
    :param closed: set when nobody wants the connection any more
    :raises ConnectionLostError: of the last attempt, when the grace has passed; anything else that an attempt raises
    """
    end = time.monotonic() + grace + _BEYOND_GRACE
    pause = _SHORTEST_PAUSE
    while True:
        # The random delay prevents all clients from coming back at the same moment.
        closed.wait(pause * (0.5 + random.random()))
        pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            return attempt()
        except ConnectionLostError as error:
            # If this side closes connections, it would close the next one in the same way.
            if error.code == "closed" or time.monotonic() >= end or closed.is_set():
                raise


def watch(look: Callable[[], bool], closed: threading.Event) -> None:
    """Calls a method every now and then, in a thread of its own, until it returns false.

    A lost connection is thus noticed even if no request is made. The thread does not keep the object alive.
    """
    reference = weakref.WeakMethod(look)

    def run() -> None:
        while not closed.wait(_LOOK_SECONDS):
            method = reference()
            if method is None or not method():
                return
            del method

    threading.Thread(target=run, name="sleigh watch", daemon=True).start()
