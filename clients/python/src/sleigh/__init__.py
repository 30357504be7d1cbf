"""A client of the Sleigh coordination server, which speaks the NetWorkSpaces protocol.

The numbers in docstrings (P5, S13, C7 …) are clauses of docs/protocol.md.
"""

from __future__ import annotations

from .address import ServerAddress, TlsOptions
from .connection import Connection, Found
from .errors import (
    ConnectionLostError,
    LaunchError,
    NwsError,
    RemoteError,
    SleighError,
    TaskError,
    UnsendableError,
    WaitTimeoutError,
)
from .listings import VariableInfo, WorkspaceInfo
from .values import ForeignValue
from .workspace import Barrier, NetWorkSpace

__all__ = [
    "Barrier",
    "Connection",
    "ConnectionLostError",
    "ForeignValue",
    "Found",
    "LaunchError",
    "NetWorkSpace",
    "NwsError",
    "RemoteError",
    "ServerAddress",
    "SleighError",
    "TaskError",
    "TlsOptions",
    "UnsendableError",
    "VariableInfo",
    "WaitTimeoutError",
    "WorkspaceInfo",
]
