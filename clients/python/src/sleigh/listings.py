"""Listings of the server, as objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from .names import Key


@dataclass(frozen=True)
class VariableInfo:
    """One line of ``list vars`` (V8)."""

    name: str
    values: int
    fetchers: int
    """The number of clients that wait in a fetch."""
    finders: int
    mode: str


@dataclass(frozen=True)
class OldSleighInfo:
    """An old-style job in a workspace (W12)."""

    running: int
    """The number of tasks without a result that were taken by connected clients."""
    lost: int
    """The number of tasks that were taken by clients that left without a result."""


@dataclass(frozen=True)
class WorkspaceInfo:
    """One line of ``list wss`` (W10)."""

    name: str
    is_owned: bool
    """Whether the connection that listed it owns it."""
    owner: str
    """``HOST:PORT (LABEL)``"""
    is_persistent: bool
    variables: tuple[str, ...]
    """The sorted names of its variables, including hidden ones."""


def variables_in(listing: str) -> list[VariableInfo]:
    """Parses ``list vars``. Only the name may contain tabs."""
    infos = []
    for line in listing.split("\n"):
        if not line:
            continue
        name, values, fetchers, finders, mode = line.rsplit("\t", 4)
        infos.append(VariableInfo(name, int(values), int(fetchers), int(finders), mode))
    return infos


def old_sleigh_in(metadata: Mapping[str, str]) -> Optional[OldSleighInfo]:
    """The job in the metadata of a reply to ``list vars``; None if there is none."""
    running, lost = metadata.get(Key.RUNNING), metadata.get(Key.LOST)
    return None if running is None or lost is None else OldSleighInfo(int(running), int(lost))


def workspaces_in(listing: str) -> list[WorkspaceInfo]:
    """Parses ``list wss``. Only the name may contain tabs."""
    infos = []
    for line in listing.split("\n"):
        if not line:
            continue
        name, owner, persistent, _, names = line[1:].rsplit("\t", 4)
        variables = tuple(names.split(",")) if names else ()
        infos.append(WorkspaceInfo(name, line.startswith(">"), owner, persistent == "True", variables))
    return infos
