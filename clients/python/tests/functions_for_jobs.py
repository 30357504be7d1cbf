"""Functions that workers call in tests."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sleigh import NetWorkSpace, UnrecoverableError, current_task


class Refused(Exception):
    """An error of a task, which has a field."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def square(number: int) -> int:
    return number * number


def refuse(number: int) -> int:
    raise Refused(number)


def refuse_odd(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def plus(number: int, *more: int) -> int:
    return number + sum(more)


def rank_of(_: Any) -> int:
    return current_task().rank


def process_of(_: Any) -> int:
    return os.getpid()


def die(_: Any) -> None:
    print("these are my last words", file=sys.stderr)
    os._exit(3)


def die_once(argument: tuple[str, int]) -> int:
    """Kills its worker at the first attempt, and counts attempts in files."""
    folder, number = argument
    path = Path(folder, str(number))
    with path.open("a") as file:
        file.write("x")
    if number % 10 == 3 and path.read_text() == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def burn(_: Any) -> None:
    """Computes for ever without letting another thread run: one call of C code."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def until_cancelled(name: str) -> str:
    """Says that it has begun, and waits until its batch is cancelled."""
    context = current_task()
    with NetWorkSpace(context.workspace, server=context.server, own=False) as workspace:
        workspace.store(name, "begun")
        is_cancelled = context.cancelled.wait(60)
        workspace.store(name, "cancelled" if is_cancelled else "late")
    return "done"


def fetch_a_word(name: str) -> Any:
    """Waits for a value of the job's workspace."""
    context = current_task()
    with NetWorkSpace(context.workspace, server=context.server, own=False) as workspace:
        workspace.store("begun", current_task().rank)
        return workspace.fetch(name)


def large(size: int) -> bytes:
    return b"x" * size


def talk(number: int) -> int:
    """Says how far it is, and writes a line."""
    context = current_task()
    context.progress({"at": number})
    context.log("element", number, context.index)
    context.progress("done")
    return context.index


def talk_and_wait(_: Any) -> None:
    current_task().log("begun")
    current_task().cancelled.wait(30)


def say_a_lock(_: Any) -> None:
    current_task().progress(threading.Lock())


def note(argument: tuple[str, int]) -> int:
    """Notes each call in a file, and takes a moment."""
    file, number = argument
    with open(file, "a", encoding="ascii") as calls:
        calls.write(f"{number}\n")
    time.sleep(number % 7 / 200)
    return number


def flaky(needed: int) -> int:
    """Succeeds at that attempt."""
    attempt = current_task().attempt
    if attempt < needed:
        raise ValueError(f"not at attempt {attempt}")
    return attempt


def slow_at_first(seconds: float) -> int:
    attempt = current_task().attempt
    if attempt == 1:
        time.sleep(seconds)
    return attempt


def die_at_first(_: Any) -> int:
    attempt = current_task().attempt
    if attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return attempt


def die_and_refuse(number: int) -> None:
    raise Refused(die_at_first(number))


def refuse_for_good(number: int) -> None:
    raise UnrecoverableError(f"{number} will never do")


def draw(_: Any) -> float:
    return current_task().random.random()


def draw_flakily(needed: int) -> float:
    number = current_task().random.random()
    flaky(needed)
    return number


def wait_for_file(path: str) -> str:
    while not Path(path).exists():
        time.sleep(0.01)
    return path


def need_file(path: str) -> str:
    """Fails as long as there is no such file."""
    Path(path).stat()
    return path


def wait_for_file_and_add(path: str, *numbers: int) -> int:
    wait_for_file(path)
    return sum(numbers)


def value_of(_: Any, value: Any) -> Any:
    return value


def write_down(argument: tuple[str, str]) -> None:
    path, word = argument
    with open(path, "a", encoding="ascii") as calls:
        calls.write(f"{word}\n")


def call_named(argument: tuple[str, str]) -> Any:
    """Calls another function of this module, by its name."""
    name, path = argument
    return globals()[name](path)
