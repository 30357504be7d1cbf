"""Functions, and how they travel: by module and name (C4)."""

from __future__ import annotations

import importlib
import importlib.util
import os
import runpy
import sys
import types
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .values import pickled

PYTHON = "python"
JAVASCRIPT = "javascript"
# The name under which a worker runs the main file of its master, as multiprocessing does. So its
# `if __name__ == "__main__"` is not entered.
_MAIN_NAME = "__mp_main__"


@dataclass(frozen=True)
class Reference:
    """A function by the module that has it and its name (C4).

    ``module`` is the name of a Python module or the path of a Python file; for ``javascript`` the path of an
    ECMAScript module.
    """

    module: str
    name: str
    language: str = PYTHON


class FunctionError(Exception):
    """A function that this worker cannot have. The message says why."""


def javascript(module: str, name: str = "default") -> Reference:
    """A function that an ECMAScript module exports, for workers of the TypeScript client (C4, C8).

    >>> sleigh.each_elem(javascript("tasks.mjs", "square"), [1, 2, 3])
    """
    return Reference(os.path.abspath(module), name, JAVASCRIPT)


def python(reference: str) -> Reference:
    """A function by its name: ``package.module:function``, or ``path/to/file.py:function``."""
    module, colon, name = reference.rpartition(":")
    if not colon or not module or not name:
        raise ValueError(f"a function must be named as 'module:function', got {reference!r}")
    return Reference(os.path.abspath(module) if module.endswith(".py") else module, name)


def call_pickled(element: Any, function: Callable[..., Any], *fixed_args: Any) -> Any:
    """Calls a function that has no name and came as a pickle."""
    return function(element, *fixed_args)


def reference_to(function: Any, fixed_args: tuple[Any, ...]) -> tuple[Reference, tuple[Any, ...]]:
    """How to name a function for workers, and the fixed arguments of its calls.

    A function that can be imported is named. Any other is pickled, and is a fixed argument of ``call_pickled``.

    :raises UnsendableError: if that needs cloudpickle, and it is not installed
    :raises TypeError: if it is no function
    """
    if isinstance(function, Reference):
        return function, fixed_args
    if isinstance(function, str):
        return python(function), fixed_args
    if not callable(function):
        raise TypeError(f"`function` must be a function, python(…) or javascript(…), got {function!r}.")
    named = _named(function)
    if named is not None:
        return named, fixed_args
    # Says now what cannot be sent.
    pickled(function, "function")
    return Reference("sleigh.functions", "call_pickled"), (function, *fixed_args)


def load(reference: Reference) -> Callable[..., Any]:
    """Imports a function.

    :raises FunctionError: if it cannot be imported
    """
    module = load_module(reference.module)
    found: Any = module
    for part in reference.name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        names = ", ".join(name for name in vars(module) if callable(getattr(module, name)) and name[0] != "_")
        raise FunctionError(
            f"{reference.module} has no function {reference.name!r}. It has {names or 'none'}."
        )
    function: Callable[..., Any] = found
    return function


def load_main(path_or_module: str) -> None:
    """Makes the main module of the master that of this worker, so that pickles that refer to it can be read.

    :raises FunctionError: if it cannot be imported
    """
    if path_or_module not in _mains:
        load_module(path_or_module, is_main=True)


def main_of_this_program() -> Optional[str]:
    """The path or the name of the main module; None in an interactive session."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name)
    path = getattr(main, "__file__", None)
    return os.path.abspath(path) if path is not None and os.path.exists(path) else None


def _named(function: Any) -> Optional[Reference]:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or "<" in name:
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not function:
        return None
    if module not in ("__main__", _MAIN_NAME):
        return Reference(module, name)
    main = main_of_this_program()
    return None if main is None else Reference(main, name)


def load_module(name: str, is_main: bool = False) -> types.ModuleType:
    """Imports a module, or runs a file once.

    :raises FunctionError: if that fails
    """
    known = _mains.get(name)
    if known is not None:
        return known
    try:
        # The first file is taken for the main file of the master, whose functions have no other name.
        if is_main or (name.endswith(".py") and not _mains):
            return _run_as_main(name)
        return _import_file(name) if name.endswith(".py") else importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise FunctionError(f"cannot import {name}: {type(error).__name__}: {error}") from error


def _run_as_main(name: str) -> types.ModuleType:
    module = types.ModuleType(_MAIN_NAME)
    sys.modules[_MAIN_NAME] = module
    if name.endswith(".py"):
        sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
        content = runpy.run_path(name, run_name=_MAIN_NAME)
    else:
        content = runpy.run_module(name, run_name=_MAIN_NAME, alter_sys=True)
    module.__dict__.update(content)
    sys.modules[_MAIN_NAME] = sys.modules["__main__"] = _mains[name] = module
    return module


def _import_file(path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[: -len(".py")], path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _mains[path] = module
    return module


# The files that were run, by path.
_mains: dict[str, types.ModuleType] = {}
