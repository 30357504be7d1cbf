"""Reads what sentinels on other hosts store of the output of their workers (S20)."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Callable

from ..errors import ConnectionLostError, NwsError
from ..lines import Lines
from ..names import Key, Variable


def follow_output(
    lines: Lines,
    workspace: str,
    on_output: Callable[[str], object],
    on_death: Callable[[int, str], None],
) -> None:
    """Passes on output and deaths, in threads of their own, until the job ends."""

    def follow(variable: str) -> None:
        after = None
        with suppress(NwsError, ConnectionLostError), lines.lend(workspace) as connection:
            while True:
                after = connection.get("ifind", workspace, variable, after=after)
                if after is None:
                    return
                # Who started these workers has passed it on already (S24.4).
                if after.metadata.get(Key.PASSED_ON) == "1":
                    continue
                how = after.metadata.get(Key.ENDED)
                if how is None:
                    on_output(f"{after.value}\n")
                else:
                    on_death(int(after.metadata.get(Key.RANK, "-1")), how)

    for variable in (Variable.LOG_DEBUG, Variable.LOG_ERROR):
        threading.Thread(target=follow, args=(variable,), name="sleigh output", daemon=True).start()
