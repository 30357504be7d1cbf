"""Carries out the orders of the page (S24.5, S24.6)."""

from __future__ import annotations

import threading
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
                indexes = order.get("indexes")
                if isinstance(indexes, list):
                    dispatcher.retry(str(order.get("batch")), _counts_in(indexes))


def _counts_in(values: list[Any]) -> list[int]:
    return [each for each in values if isinstance(each, int) and not isinstance(each, bool) and each >= 0]
