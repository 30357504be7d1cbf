"""What a process has used so far."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional


@dataclass(frozen=True)
class ProcessUsage:
    """The resources of a process."""

    processor_ms: float
    """Milliseconds of processor time."""
    memory: int
    """Bytes of memory."""


def usage_of(process: int) -> Optional[ProcessUsage]:
    """None if the process has ended, or this is not Linux, where it would cost a process of its own."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        stat = Path(f"/proc/{process}/stat").read_text("latin-1")
        status = Path(f"/proc/{process}/status").read_text("latin-1")
    except OSError:
        return None
    # The name of the program is in parentheses, and may contain any character.
    fields = stat[stat.rindex(")") + 2 :].split(" ")
    kilobytes = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if kilobytes is None:
        return None
    ticks = int(fields[11]) + int(fields[12])
    return ProcessUsage(1_000 * ticks / os.sysconf("SC_CLK_TCK"), 1_024 * int(kilobytes[1]))
