"""`python -m benchmarks.models TASK --train FILE --test FILE [--rul FILE]`: figures of a task beside published ones.

`--all FOLDER` runs every bench on every data set of a folder, and prints one table. A task is a file of this folder that has
`run(files, say) -> Iterable[Line]`, `NEEDS`, the flags without which it can't run, and `sets(folder) -> Iterable[Files]`, what of its
data a folder holds. Exit code 0: every goal is met, 1: one is missed, 2: a bench could not be run.
"""

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import benchmarks.models
from benchmarks.models.line import Files, Line, shown, table
from fieldline.errors import FieldlineError, SettingsError

_FRAME = {"__main__", "line"}
NAMES = tuple(one.name for one in pkgutil.iter_modules(benchmarks.models.__path__) if one.name not in _FRAME)


def main(arguments: list[str] | None = None) -> int:
    """Run one bench; the exit code."""
    options = _parse(arguments)
    if options.list:
        for name in NAMES:
            print(f"{name:12} {(importlib.import_module(f'benchmarks.models.{name}').__doc__ or '').splitlines()[0]}")
        return 0
    named = Files(tuple(options.train), tuple(options.test), options.rul)
    work = list(_found(options.all)) if options.all else [(options.task, named)]
    lines: list[Line] = []
    is_whole = bool(work)
    for name, files in work:
        found, is_done = _run(name, files)
        lines += found
        is_whole &= is_done
    print(f"\n{table(lines)}")
    return int(any(line.is_met is False for line in lines)) if is_whole else 2


def _found(folder: Path) -> Iterator[tuple[str, Files]]:
    """Every bench with each of its data sets in a folder or below."""
    for name in NAMES:
        for files in importlib.import_module(f"benchmarks.models.{name}").sets(folder):
            yield name, files


def _run(name: str, files: Files) -> tuple[list[Line], bool]:
    """The lines of a bench, and whether they are all."""
    bench = importlib.import_module(f"benchmarks.models.{name}")
    began, lines = time.monotonic(), []
    try:
        if lacks := [flag for flag in bench.NEEDS if not getattr(files, flag)]:
            raise SettingsError(f"needs --{' and --'.join(lacks)}")
        for line in bench.run(files, _say):
            lines.append(line)
            print(shown(line), flush=True)
    except FieldlineError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return lines, False
    print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return lines, True


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description="Judge models on data sets.")
    parser.add_argument("task", nargs="?", choices=NAMES, metavar="TASK", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--train", type=Path, nargs="+", default=[], metavar="FILE", help="rows to learn from")
    parser.add_argument("--test", type=Path, nargs="+", default=[], metavar="FILE", help="rows to judge by")
    parser.add_argument("--rul", type=Path, metavar="FILE", help="true remaining lives of the test's units")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every bench on every data set that is found there")
    options = parser.parse_args(arguments)
    if (options.task is None) == (options.all is None) and not options.list:
        parser.error(f"expected a TASK, of {', '.join(NAMES)}, or --all FOLDER, or --list")
    return options


if __name__ == "__main__":
    sys.exit(main())
