"""`python -m benchmarks [NAME …]`: measure, print each row as it comes, then the table; see `--help`.

`--against` measures another tree of the project beside this one: before, after, before, after, so that both meet the same machine.
"""

import argparse
import datetime
import importlib
import signal
import sys
import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import FrameType

from benchmarks import compared, report
from benchmarks.report import Row, line, machine
from benchmarks.stand import ROOT, BenchFailed, Stand
from benchmarks.trees import prepare, told, tree_of

NAMES = (
    "start", "compile", "rest", "process", "line", "kernels", "peers", "theodolite", "ingest", "pipe", "late_day", "latency",
    "memory", "restart", "formats", "absence", "own_metrics", "scoring", "waveforms",
)  # fmt: skip
_OF_ONE_TREE = ("kernels", "peers", "theodolite", "formats", "own_metrics", "scoring", "waveforms")
"""Those that measure within their own process, or others' programs."""
_ROUNDS = 3
_BEGIN, _END = "<!-- figures: python -m benchmarks --write -->", "<!-- end of figures -->"


class Size(Enum):
    """How much to measure: share of the default amount."""

    FULL = 1.0
    QUICK = 0.2


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: all measured, 1: a target was missed, 2: a bench could not be run."""
    options = _parse(arguments)
    if options.list:
        for name in NAMES:
            print(f"{name:10} {_first_sentence(name)}")
        return 0
    # A signal is to end servers and stages too; in the background of a shell even Ctrl-C would be ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    size = Size.QUICK if options.quick else Size.FULL
    facts = machine()
    for name, fact in facts:
        print(f"{name}: {fact}")
    print(flush=True)
    try:
        text, code = _compare(options, size) if options.against else _measure(options, size)
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 2
    text = _page(facts, text, sys.argv[1:] if arguments is None else arguments)
    print(f"\n{text}")
    if options.write:
        _write(options.write, text)
    return code


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _measure(options: argparse.Namespace, size: Size) -> tuple[str, int]:
    """The table of this tree's figures, and the exit code."""
    results = [_run(name, size, ROOT) for name in options.bench or NAMES]
    rows = [row for found, _ in results for row in found]
    return report.table(rows), 2 if not all(is_whole for _, is_whole in results) else report.worst(rows)


def _compare(options: argparse.Namespace, size: Size) -> tuple[str, int]:
    """The table of another tree's and this one's figures, and the exit code. Raises BenchFailed."""
    before = tree_of(options.against)
    sides = f"before: {told(before)}; after: {told(ROOT)}; both in this one's environment"
    print(sides, flush=True)
    for tree in (before, ROOT):
        prepare(tree)
    rows, is_whole = [], True
    for name in options.bench or [name for name in NAMES if name not in _OF_ONE_TREE]:
        found: dict[Path, list[list[Row]]] = {before: [], ROOT: []}
        for turn in range(options.rounds or (1 if size is Size.QUICK else _ROUNDS)):
            for tree, word in ((before, "before"), (ROOT, "after")):
                print(f"{name}, round {turn + 1}, {word}:", flush=True)
                figures, is_done = _run(name, size, tree)
                found[tree].append(figures)
                is_whole &= is_done
        rows += compared.compared(found[before], found[ROOT])
    return f"{sides}\n\n{compared.table(rows)}", compared.worst(rows) if is_whole else 2


def _run(name: str, size: Size, tree: Path) -> tuple[list[Row], bool]:
    """The rows of a bench with a tree's `fieldline`, and whether they are all."""
    rows: list[Row] = []
    is_whole = True
    began = time.monotonic()
    bench = importlib.import_module(f"benchmarks.{name}")
    try:
        with Stand(tree) as stand:
            for row in bench.run(stand, size.value):
                rows.append(row)
                print(line(row), flush=True)
    except Exception as error:  # one bench that can't run must not take the others' figures away
        is_whole = False
        print(f"{name}: could not be measured: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return rows, is_whole


def _page(facts: list[tuple[str, str]], text: str, arguments: Sequence[str]) -> str:
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    listed = "\n".join(f"- {name}: {fact}" for name, fact in facts)
    return f"`{' '.join(['python -m benchmarks', *arguments])}`, {today}\n\n{listed}\n\n{text}"


def _write(path: Path, text: str) -> None:
    """Put the figures between the page's two marks, or make the page of them."""
    page = path.read_text("utf-8") if path.exists() else f"# Performance\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    path.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}", "utf-8")


def _first_sentence(name: str) -> str:
    return (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip().splitlines()[0]


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Fieldline on this machine.")
    parser.add_argument("bench", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--quick", action="store_true", help="a fifth of the default amount: noisier")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="put the table into a page such as docs/performance.md"
    )
    parser.add_argument(
        "--against", metavar="REV|FOLDER", help="another commit or checkout, measured in turn with this tree"
    )
    parser.add_argument(
        "--rounds", type=int, metavar="N", help=f"with --against, of each tree; default {_ROUNDS}, 1 with --quick"
    )
    options = parser.parse_args(arguments)
    if options.against and (own := [name for name in options.bench if name in _OF_ONE_TREE]):
        parser.error(f"{', '.join(own)}: measures this tree only, not --against another")
    return options


if __name__ == "__main__":
    sys.exit(main())
