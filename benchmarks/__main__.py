"""`python -m benchmarks [NAME …]`: measure, print each row as it comes, then the table; see `--help`."""

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

from benchmarks.report import Row, line, machine, table, worst
from benchmarks.stand import Stand

NAMES = ("start", "process", "line", "kernels", "peers", "ingest", "pipe", "late_day", "latency", "memory", "restart")
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
    rows, failed = _measure(options.bench or NAMES, size)
    text = _page(facts, rows, size, options.bench)
    print(f"\n{text}")
    if options.write:
        _write(options.write, text)
    return 2 if failed else worst(rows)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _measure(names: Sequence[str], size: Size) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    failed: list[str] = []
    for name in names:
        began = time.monotonic()
        bench = importlib.import_module(f"benchmarks.{name}")
        try:
            with Stand() as stand:
                for row in bench.run(stand, size.value):
                    rows.append(row)
                    print(line(row), flush=True)
        except Exception as error:  # one bench that can't run must not take the others' figures away
            failed.append(name)
            print(f"{name}: could not be measured: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return rows, failed


def _page(facts: list[tuple[str, str]], rows: list[Row], size: Size, names: list[str]) -> str:
    words = ["python -m benchmarks", *names, *(["--quick"] if size is Size.QUICK else [])]
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    told = "\n".join(f"- {name}: {fact}" for name, fact in facts)
    return f"`{' '.join(words)}`, {today}\n\n{told}\n\n{table(rows)}"


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
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
