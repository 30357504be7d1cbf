"""Runs a statechart of the project from its definition in JSON, so that this client has the same rules (S22)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Callable, Optional


@dataclass(frozen=True)
class Step:
    """One transition, as it was taken."""

    state: str
    """``''`` is the root; parts of a path are separated by dots."""
    event: str
    target: Optional[str]
    clause: str


@dataclass(frozen=True)
class Chart:
    """A statechart: nested states, with guarded transitions and actions by name."""

    root: Mapping[str, Any]

    @staticmethod
    def load(name: str) -> Chart:
        """A chart of ``docs/charts``, of which this package has a copy."""
        text = resources.files("sleigh.charts").joinpath(f"{name}.json").read_text("utf-8")
        return Chart(json.loads(text))

    def node(self, path: str) -> Mapping[str, Any]:
        """The definition of a state."""
        node = self.root
        for part in filter(None, path.split(".")):
            node = node["states"][part]
        return node

    def leaf(self, path: str) -> str:
        """The state that is entered with this one."""
        node = self.node(path)
        return self.leaf(_join(path, node["initial"])) if "initial" in node else path


@dataclass
class Actor:
    """A chart in progress.

    :param guards: each is called with the event and its constant parameter, if the chart gives one, and answers
        whether a transition is allowed
    :param actions: each is called with the event and its constant parameter, if the chart gives one. An action
        without an implementation does nothing
    """

    chart: Chart
    guards: Mapping[str, Callable[[Mapping[str, Any], Optional[str]], bool]]
    actions: Mapping[str, Callable[[Mapping[str, Any], Optional[int]], None]]
    state: str = ""
    is_over: bool = False
    steps: list[Step] = field(default_factory=list)
    """The last transition."""

    def start(self) -> None:
        """Enters the initial state."""
        event = {"type": "start"}
        self._run(self.chart.root.get("entry", []), event)
        self._enter("", self.chart.leaf(""), event)

    def send(self, kind: str, **details: Any) -> None:
        """Handles an event. An actor that is over ignores it.

        An event that the state does not expect, such as one that was on its way, runs the actions of ``*``.
        """
        if self.is_over:
            return
        event = {"type": kind, **details}
        for source in _with_ancestors(self.state):
            for transition in self.chart.node(source).get("on", {}).get(kind, []):
                if self._allows(transition.get("guard"), event):
                    self._take(source, transition, event)
                    return
        for transition in self.chart.root.get("on", {}).get("*", []):
            self._take("", transition, event)

    def _allows(self, guard: Optional[Mapping[str, str]], event: Mapping[str, Any]) -> bool:
        if guard is None:
            return True
        for term in guard["type"].split(" and "):
            is_negated = term.startswith("not ")
            name, parameter = _call_of(term[4:] if is_negated else term)
            if self.guards[name](event, parameter) == is_negated:
                return False
        return True

    def _take(self, source: str, transition: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        target = transition.get("target")
        path = None if target is None else target.partition(".")[2]
        self.steps = [Step(source, event["type"], path, transition.get("meta", {}).get("clause", ""))]
        if path is None:
            self._run(transition.get("actions", []), event)
            return
        # A transition to a state within its source does not leave the source.
        domain = source if _is_within(path, source) else _common_ancestor(source, path)
        for left in _with_ancestors(self.state):
            if _is_within(left, domain):
                self._run(self.chart.node(left).get("exit", []), event)
        self._run(transition.get("actions", []), event)
        self._enter(domain, self.chart.leaf(path), event)

    def _enter(self, domain: str, leaf: str, event: Mapping[str, Any]) -> None:
        self.state = leaf
        self.is_over = self.chart.node(leaf).get("type") == "final"
        entered = [path for path in _with_ancestors(leaf) if _is_within(path, domain)]
        for path in reversed(entered):
            self._run(self.chart.node(path).get("entry", []), event)

    def _run(self, actions: list[Mapping[str, str]], event: Mapping[str, Any]) -> None:
        for action in actions:
            name, parameter = _call_of(action["type"])
            run = self.actions.get(name)
            if run is not None:
                run(event, None if parameter is None else int(parameter))


def _call_of(text: str) -> tuple[str, Optional[str]]:
    """The name of a guard or an action, and its constant parameter, if it has one: ``startTimer(500)``."""
    name, _, parameter = text.rstrip(")").partition("(")
    return name, parameter or None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _with_ancestors(path: str) -> list[str]:
    """The state, and the states around it, up to the root."""
    parts = path.split(".") if path else []
    return [".".join(parts[:length]) for length in range(len(parts), -1, -1)]


def _is_within(path: str, ancestor: str) -> bool:
    return path != ancestor and (ancestor == "" or path.startswith(f"{ancestor}."))


def _common_ancestor(first: str, second: str) -> str:
    others = set(_with_ancestors(second)[1:])
    return next(path for path in _with_ancestors(first)[1:] if path in others) if first else ""
