"""Finds verbs by name in `cli/verbs/` and imports one when it is called, so that `fieldline --help` answers at once."""

import os
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

_FOLDER = Path(__file__).parent / "verbs"
_ORDER = (
    "demo", "run", "ingest", "process", "deliver", "topics", "status", "discover", "capture", "simulate", "send", "correct", "command",
    "tap", "query", "show", "explain", "catalogue", "metrics", "audit", "dlq", "baseline", "limits", "productivity",
    "train", "models", "maintenance", "waveforms", "check", "doctor", "warmup", "version",
)  # fmt: skip
"""The order in which people read them; others follow by name."""
_LONG_RUNNING = frozenset({"demo", "run", "ingest", "process", "deliver"})
_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")


class Verbs(MutableMapping[str, Any]):
    """Name → command, imported when it is asked for."""

    def __init__(self) -> None:
        names = {path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__"}
        self._names = sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            if name not in self._names:
                raise KeyError(name)
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def sentence(self, name: str) -> str:
        """What a verb does: the first line of its file, which is not imported for it."""
        with (_FOLDER / f"{name}.py").open(encoding="utf-8") as file:
            return file.readline().strip().strip('"')


def _load(name: str) -> Any:
    if name in _LONG_RUNNING:
        # Libraries start a thread for each core when they are imported; stages keep to those of their own.
        for variable in _ONE_THREAD:
            os.environ.setdefault(variable, "1")
    module = import_module(f"cli.verbs.{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name, help=cleandoc(module.__doc__ or ""))(getattr(module, name))
    else:
        app.info.help = cleandoc(module.__doc__ or "")
    command = get_command(app)
    command.name = name
    return command
