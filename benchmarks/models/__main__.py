"""`python -m benchmarks.models [TASK] --train FILE --test FILE [--rul FILE]`: figures of a task beside published ones.

A task is a file of this folder that has `run(files, say) -> Iterable[Line]` and `NEEDS`, the flags without which it can't run.
Exit code 0: every goal is met, 1: one is missed, 2: the bench could not be run.
"""

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import benchmarks.models
from benchmarks.models.line import Files, Line, shown, table
from fieldline.errors import FieldlineError

_FRAME = {"__main__", "line"}
NAMES = tuple(one.name for one in pkgutil.iter_modules(benchmarks.models.__path__) if one.name not in _FRAME)


def main(arguments: list[str] | None = None) -> int:
    """Run one bench; the exit code."""
    options = _parse(arguments)
    if options.list:
        for name in NAMES:
            print(f"{name:12} {(importlib.import_module(f'benchmarks.models.{name}').__doc__ or '').splitlines()[0]}")
        return 0
    bench = importlib.import_module(f"benchmarks.models.{options.task}")
    files = Files(tuple(options.train), tuple(options.test), options.rul)
    lacks = [name for name in bench.NEEDS if not getattr(files, name)]
    if lacks:
        print(f"{options.task}: needs --{' and --'.join(lacks)}", file=sys.stderr)
        return 2
    try:
        lines = _run(bench.run(files, _say))
    except FieldlineError as error:
        print(f"{options.task}: {error}", file=sys.stderr)
        return 2
    print(f"\n{table(lines)}")
    return int(any(line.is_met is False for line in lines))


def _run(found: Iterable[Line]) -> list[Line]:
    began, lines = time.monotonic(), []
    for line in found:
        lines.append(line)
        print(shown(line), flush=True)
    print(f"({time.monotonic() - began:.0f} s)")
    return lines


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description="Judge models on data sets.")
    parser.add_argument("task", nargs="?", choices=NAMES, metavar="TASK", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--train", type=Path, nargs="+", default=[], metavar="FILE", help="rows to learn from")
    parser.add_argument("--test", type=Path, nargs="+", default=[], metavar="FILE", help="rows to judge by")
    parser.add_argument("--rul", type=Path, metavar="FILE", help="true remaining lives of the test's units")
    options = parser.parse_args(arguments)
    if options.task is None and not options.list:
        parser.error(f"expected a TASK, of {', '.join(NAMES)}, or --list")
    return options


if __name__ == "__main__":
    sys.exit(main())
