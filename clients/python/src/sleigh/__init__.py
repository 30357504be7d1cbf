"""A client of the Sleigh coordination server, which speaks the NetWorkSpaces protocol.

The numbers in docstrings (P5, S13, C7 …) are clauses of docs/protocol.md.
"""

from __future__ import annotations

from .address import ServerAddress, TlsOptions
from .barrier import Barrier
from .connection import Connection, Found
from .errors import (
    ConnectionLostError,
    LaunchError,
    LeaseEndedError,
    NwsError,
    RemoteError,
    SleighError,
    TaskError,
    UnrecoverableError,
    UnsendableError,
    WaitTimeoutError,
)
from .executor import SleighExecutor
from .functions import Reference, javascript, python
from .lease import Lease
from .listings import OldSleighInfo, VariableInfo, WorkspaceInfo
from .lock import Lock
from .master.fixed_arguments import Scattered
from .master.launchers import Launched, Launcher, command, processes, ssh
from .master.outcomes import Value
from .master.results import Results
from .master.retries import Retry
from .master.sleigh import Sleigh, SleighStatus
from .sentinel.order import RestartBudget
from .values import ForeignValue
from .worker.context import TaskContext, current_task
from .workspace import NetWorkSpace

__all__ = [
    "Barrier",
    "Connection",
    "ConnectionLostError",
    "ForeignValue",
    "Found",
    "LaunchError",
    "Launched",
    "Launcher",
    "Lease",
    "LeaseEndedError",
    "Lock",
    "NetWorkSpace",
    "NwsError",
    "OldSleighInfo",
    "Reference",
    "RemoteError",
    "RestartBudget",
    "Results",
    "Retry",
    "Scattered",
    "ServerAddress",
    "Sleigh",
    "SleighError",
    "SleighExecutor",
    "SleighStatus",
    "TaskContext",
    "TaskError",
    "TlsOptions",
    "UnrecoverableError",
    "UnsendableError",
    "Value",
    "VariableInfo",
    "WaitTimeoutError",
    "WorkspaceInfo",
    "command",
    "current_task",
    "javascript",
    "processes",
    "python",
    "ssh",
]
