"""The order of a sentinel, as launchers write it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Optional

from ..address import ServerAddress

# The environment variable that contains an order.
ORDER = "SLEIGH_ORDER"


@dataclass(frozen=True)
class RestartBudget:
    """How workers that end are replaced (S22.9)."""

    restarts: int
    """This many ends are followed by a replacement at once …"""
    within: float
    """… within this many milliseconds."""
    max_delay: float
    """The maximum delay of a replacement in milliseconds."""

    @staticmethod
    def usual(workers: int) -> RestartBudget:
        """10 ends for each worker, in 10 seconds."""
        return RestartBudget(10 * workers, 10_000, 5_000)


@dataclass(frozen=True)
class SentinelOrder:
    """What a sentinel is to do."""

    server: ServerAddress
    workspace: str
    workers: int
    budget: Optional[RestartBudget] = None
    """None if workers are not replaced."""
    preload: Optional[str] = None
    """The module, or the path of a file, that each worker loads before it registers."""
    max_tasks: Optional[int] = None
    """The number of elements after which a worker is replaced."""
    max_memory: Optional[int] = None
    """Bytes of memory above which a worker is replaced."""
    reconnect_grace: Optional[float] = None
    """Seconds within which the sentinel may come back when it has lost the server (P15); None for 60 on a server that
    keeps its data, and 0 on any other."""
    station: str = ""
    """The name that its launcher uses for it."""
    cwd: Optional[str] = None
    env: dict[str, str] = field(default_factory=dict)


class NoConcurrency(ValueError):
    """The order is for workers with several calls at a time."""

    def __init__(self) -> None:
        super().__init__(
            "workers in Python have one call under way; start more workers instead of `concurrency`"
        )


def encode_order(order: SentinelOrder) -> str:
    """Letters, digits, ``-`` and ``_`` only; the same form as in the TypeScript client."""
    budget = order.budget
    told: dict[str, Any] = {
        "server": order.server.to_json(),
        "workspace": order.workspace,
        "workers": order.workers,
        "respawn": False
        if budget is None
        else {"restarts": budget.restarts, "within": budget.within, "maxDelay": budget.max_delay},
        "preload": order.preload,
        "maxTasksPerWorker": order.max_tasks,
        "maxMemory": order.max_memory,
        "reconnectGrace": order.reconnect_grace,
        "station": order.station,
        "place": {"env": order.env} if order.cwd is None else {"cwd": order.cwd, "env": order.env},
    }
    data = json.dumps({key: value for key, value in told.items() if value is not None}).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_order(text: str) -> SentinelOrder:
    """The order that a launcher of this client or of the TypeScript client has written.

    :raises ValueError: if it is invalid
    """
    try:
        data = text.strip().encode("ascii")
        told = json.loads(base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4)))
        place = told.get("place") or {}
        respawn = told.get("respawn")
        workers = int(told["workers"])
        if told.get("concurrency", 1) != 1:
            raise NoConcurrency
        if workers < 1 or not isinstance(told["workspace"], str):
            raise ValueError
        return SentinelOrder(
            server=ServerAddress.from_json(told["server"]),
            workspace=told["workspace"],
            workers=workers,
            budget=_budget(respawn, workers),
            preload=told.get("preload"),
            max_tasks=told.get("maxTasksPerWorker"),
            max_memory=told.get("maxMemory"),
            reconnect_grace=told.get("reconnectGrace"),
            station=told.get("station", ""),
            cwd=place.get("cwd"),
            env=dict(place.get("env") or {}),
        )
    except NoConcurrency:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a valid launch order; pass it on as it is") from error


def _budget(respawn: Any, workers: int) -> Optional[RestartBudget]:
    if respawn is False:
        return None
    if respawn is None or respawn is True:
        return RestartBudget.usual(workers)
    return RestartBudget(respawn["restarts"], respawn["within"], respawn["maxDelay"])
