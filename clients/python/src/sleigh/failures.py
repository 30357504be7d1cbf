"""How a task failed (C6), on both sides of the wire."""

from __future__ import annotations

import base64
import pickle
import re
import traceback
from collections.abc import Mapping
from typing import Any, Optional

from .connection import Found
from .errors import RemoteError, TaskError
from .names import Key
from .values import Encoded, ForeignValue, encode

# A larger exception is not sent, only its text.
_LARGEST_PICKLE = 65_536
# Texts of a failure are cut to this length.
_LONGEST_TEXT = 100_000


def failure_of(error: BaseException, code: str = "threw") -> dict[str, Any]:
    """The failure that is sent for an exception: JSON, which programs in other languages can read.

    ``pickle`` has the exception itself, for masters of this client.
    """
    name = type(error).__name__
    try:
        message = f"{name}: {error}" if str(error) else name
    except Exception:
        message = name
    frames = _user_frames(error)
    stack = "".join(traceback.format_exception(type(error), error, frames))
    failure: dict[str, Any] = {"code": code, "message": _cut(message), "stack": _cut(stack)}
    try:
        data = pickle.dumps(error, 5)
        pickle.loads(data)
    except Exception:
        return failure  # It has a text all the same.
    if len(data) <= _LARGEST_PICKLE:
        failure["pickle"] = base64.b64encode(data).decode("ascii")
    return failure


def failure(code: str, message: str) -> dict[str, Any]:
    """A failure that no exception caused."""
    return {"code": code, "message": message, "stack": message}


def encode_failure(told: Mapping[str, Any]) -> Encoded:
    """:returns: JSON, because all its parts are texts"""
    return encode(dict(told))


def task_error(
    index: int,
    told: Mapping[str, Any],
    *,
    worker: Optional[int] = None,
    how: str = "",
    last_words: str = "",
    attempt: int = 1,
) -> TaskError:
    """The error of an element for the failure that came for it."""
    status = re.fullmatch(r"exit status (\d+)", how)
    signal = re.fullmatch(r"signal (\S+)", how)
    error = TaskError(
        index,
        str(told.get("code", "threw")),
        str(told.get("message", "")),
        worker=worker,
        remote_traceback=str(told.get("stack", "")),
        exit_status=None if status is None else int(status[1]),
        signal=None if signal is None else signal[1],
        last_words=last_words or None,
        attempt=attempt,
    )
    error.__cause__ = _cause(told)
    return error


def failure_in(found: Found) -> Optional[Mapping[str, Any]]:
    """How a task failed as a whole; None if it did not."""
    value = found.value
    if isinstance(value, ForeignValue) and value.why is not None:
        return failure("unreadable", value.why)
    if found.metadata.get(Key.ERROR) != "1":
        return None
    return value if isinstance(value, Mapping) else failure("threw", str(value))


def _cause(told: Mapping[str, Any]) -> Optional[BaseException]:
    thrown = told.get("thrown")
    if isinstance(thrown, BaseException):
        return thrown
    data = told.get("pickle")
    if isinstance(data, str):
        try:
            cause = pickle.loads(base64.b64decode(data))
            return cause if isinstance(cause, BaseException) else None
        except Exception:
            pass  # Its class is not here; the text says what it is.
    if told.get("code") != "threw":
        return None
    name, _, message = str(told.get("message", "")).partition(": ")
    return RemoteError(name, message, str(told.get("stack", "")))


def _user_frames(error: BaseException) -> Any:
    """The traceback without the frames of this package, which come first."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").split(".")[0] == "sleigh":
        frames = frames.tb_next
    return frames or error.__traceback__


def _cut(text: str) -> str:
    # A lone surrogate has no UTF-8.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= _LONGEST_TEXT else f"{clean[:_LONGEST_TEXT]} …"
