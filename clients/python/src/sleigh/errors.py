"""The errors of this package."""

from __future__ import annotations

from typing import Final, Optional

_CODE_OF_STATUS: Final = {
    "0100": "no-workspace",
    "2000": "internal",
    "2001": "not-opened",
    "5001": "shutting-down",
}
_CODE_OF_REASON: Final = {
    "no value available": "no-value",
    "Variable purged": "purged",
    "Store failed: the fifo holds as many values as its capacity": "full",
    "ifind* not supported on LIFO": "not-iterable",
    "ifetch* not supported on LIFO": "not-iterable",
    "ifetch* only supported at beginning of FIFO": "not-iterable",
    "sleigh is dead": "sleigh-dead",
    "worker is dead": "worker-dead",
}


class NwsError(Exception):
    """The server refused a request (P8, P9). The request has changed nothing, and the connection stays open.

    ``code`` is one of ``failed``, ``no-workspace``, ``internal``, ``not-opened``, ``shutting-down``,
    ``no-value``, ``purged``, ``full``, ``not-iterable``, ``sleigh-dead`` and ``worker-dead``. ``reason`` is the
    text of the server; it is empty if the connection has no metadata.
    """

    def __init__(self, verb: str, status: str, reason: str) -> None:
        super().__init__(f"{verb} was refused: {reason or 'status ' + status}")
        self.verb = verb
        self.status = status
        self.reason = reason
        self.code = _CODE_OF_STATUS.get(status) or _CODE_OF_REASON.get(reason.rstrip("."), "failed")


class ConnectionLostError(ConnectionError):
    """There is no connection, and pending requests will not be answered.

    ``code`` is ``unreachable`` (no connection could be made), ``not-nws`` (the other side does not speak the
    protocol correctly), ``not-secure`` (TLS was requested, and the server does not offer it or has the wrong
    certificate), ``refused`` (the server does not admit this client), ``lost`` (the server or the network ended
    the connection) or ``closed`` (this program did).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WaitTimeoutError(TimeoutError):
    """A wait did not end within its ``timeout``. No value was removed."""


class LeaseEndedError(Exception):
    """A lease has ended: its time has elapsed, or this program has ended it."""


class UnsendableError(TypeError):
    """A value cannot be sent. The message names it and says why."""


class SleighError(Exception):
    """The job has ended, and a batch of it has not. ``code`` is ``no-workers``, ``over`` or ``stopped``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LaunchError(Exception):
    """The workers, or the server of a job, could not be started. The message says why."""


class UnrecoverableError(Exception):
    """A function raises it when another attempt would fail as well: its element is not retried (S27)."""


class RemoteError(Exception):
    """An error that a worker or a program in another language raised, as far as it can be represented here."""

    def __init__(self, name: str, message: str, stack: str = "") -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.message = message
        self.stack = stack


class TaskError(Exception):
    """One element failed (C6). Its ``__cause__`` is what the function raised, if that could be sent.

    ``code`` is one of

    - ``threw``: the function raised, or its result could not be sent;
    - ``timed-out``: it took longer than its timeout;
    - ``cancelled``: its batch was cancelled;
    - ``not-sent``: the element could not be sent, or the server refused it;
    - ``unreadable``: the element or its result cannot be decoded;
    - ``not-loaded``: no worker can load its function;
    - ``worker-died``: its workers died, and it has no attempts left (S13);
    - ``no-workers``: no worker can be had any more.

    ``index`` is the index of the element, or the rank for ``each_worker``. ``remote_traceback`` is the traceback
    in the worker. ``attempt`` is the number of the call that failed, from 1. ``exit_status``, ``signal`` and
    ``last_words`` say how its worker ended, if the call ended it.
    """

    def __init__(
        self,
        index: int,
        code: str,
        message: str,
        *,
        worker: Optional[int] = None,
        remote_traceback: str = "",
        exit_status: Optional[int] = None,
        signal: Optional[str] = None,
        last_words: Optional[str] = None,
        attempt: int = 1,
    ) -> None:
        detail = f"\n\n{remote_traceback.rstrip()}" if remote_traceback not in ("", message) else ""
        super().__init__(f"element {index}: {message}{detail}")
        self.index = index
        self.code = code
        self.reason = message
        self.worker = worker
        self.remote_traceback = remote_traceback
        self.exit_status = exit_status
        self.signal = signal
        self.last_words = last_words
        self.attempt = attempt
