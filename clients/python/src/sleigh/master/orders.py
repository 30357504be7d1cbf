"""Carries out the orders of the page (S24.5)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..errors import ConnectionLostError, NwsError
from ..lines import Lines
from ..names import Variable
from .dispatcher import Dispatcher


def follow_orders(lines: Lines, workspace: str, dispatcher: Dispatcher) -> None:
    """Follows them in a thread of its own, until the job ends."""
    threading.Thread(
        target=_follow, args=(lines, workspace, dispatcher), name="sleigh orders", daemon=True
    ).start()


def _follow(lines: Lines, workspace: str, dispatcher: Dispatcher) -> None:
    after = None
    with suppress(NwsError, ConnectionLostError), lines.lend(workspace) as connection:
        while True:
            after = connection.get("ifind", workspace, Variable.ORDERS, after=after)
            order = None if after is None else after.value
            # Any client may have written it.
            if not isinstance(order, Mapping):
                continue
            if order.get("order") == "cancel":
                dispatcher.cancel(str(order.get("batch")))
            elif order.get("order") == "retry":
                _refuse_retries(lines, workspace, dispatcher, order)


def _refuse_retries(lines: Lines, workspace: str, dispatcher: Dispatcher, order: Mapping[str, Any]) -> None:
    """This client gives each failure to its program at once, so it is too late for another call (S24.6)."""
    batch, indexes = order.get("batch"), order.get("indexes")
    if not isinstance(indexes, list) or not dispatcher.has_had(str(batch)):
        return
    for index in indexes:
        answer = {"batch": batch, "index": index, "retry": "too-late", "at": round(time.time() * 1_000)}
        lines.main.store(workspace, Variable.FAILURES, answer)
