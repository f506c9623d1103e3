"""`python -m tests.bits write FOLDER` and `python -m tests.bits compare FOLDER_A FOLDER_B`: that a rewrite changes no bit.

`write` plays fixed inputs through processing, on a SQLite log with a clock of its own, and writes of each the final rows
(`NAME.parquet`) and the audit's counters by line (`NAME.json`). It exits with 1 when a kind, window or field of the catalogue never
has a value. `compare` exits with 1 when a field of a row differs in one bit, or a counter; how often rows were revised (`rev`) is only told.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tests.bits import coverage
from tests.bits.arrivals import Input
from tests.bits.compare import compare
from tests.bits.inputs import demo, random_plants
from tests.bits.results import final_rows, identity_of
from tests.bits.worker import EVENTS, Worker

_MOST = 20


class Outcome(NamedTuple):
    """What came of an input: final rows, the audit's counters by line, and what befell the worker."""

    table: pl.DataFrame
    counters: dict[str, dict[str, int]]
    befell: dict[str, int]


def played(given: Input, folder: Path) -> Outcome:
    """Play an input on a log of its own in `folder`."""
    worker = Worker(given, folder)
    try:
        worker.play(given.steps)
        return Outcome(final_rows(worker.log), worker.counters(), worker.befell())
    finally:
        worker.close()


def write(inputs: Iterable[Input], folder: Path) -> int:
    """Play the inputs and write what came of them; the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: coverage.Counts = Counter()
    befell: Counter[str] = Counter()
    for given in inputs:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="fieldline-bits-") as place:
            outcome = played(given, Path(place))
        outcome.table.write_parquet(folder / f"{given.name}.parquet")
        text = json.dumps(outcome.counters, indent=1, sort_keys=True)
        (folder / f"{given.name}.json").write_text(text + "\n", "utf-8")
        counts += coverage.counted(outcome.table)
        befell.update(outcome.befell)
        for line in outcome.counters.values():
            befell.update(line)
        print(f"{given.name} in {time.monotonic() - began:.0f} s: {_listed(outcome.befell)}", flush=True)
        print(f"  {len(outcome.table)} rows: {_listed(dict(outcome.table['kind'].value_counts().sort('kind').rows()))}")
    print(f"{coverage.report(counts)}\nall inputs: {_listed(befell)}")
    faults = coverage.missing(counts) + [f"{name}: none" for name in (*coverage.COUNTERS, *EVENTS) if not befell[name]]
    for fault in faults:
        print(f"missing: {fault}")
    return 1 if faults else 0


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def compare_folders(a: Path, b: Path) -> int:
    """Compare every file of two folders; the exit code."""
    names = sorted({path.name for folder in (a, b) for path in folder.iterdir()})
    different = [name for name in names if not ((a / name).exists() and (b / name).exists())]
    for name in different:
        print(f"{name}: in one folder only")
    for name in names:
        if name not in different and not (_same_counters if name.endswith(".json") else _same_rows)(a / name, b / name):
            different.append(name)
    print(f"{len(names) - len(different)} of {len(names)} files are equal, field by field")
    return 1 if different or not names else 0


def _same_rows(a: Path, b: Path) -> bool:
    left, right = pl.read_parquet(a), pl.read_parquet(b)
    found = compare(left, right, _MOST)
    print(
        f"{a.name}: {len(left)} rows, {found.count} differences; rev differs in {found.revs} rows; "
        f"{found.retractions} retractions of rows that one side never had"
    )
    names = identity_of(sorted({*left.columns, *right.columns}))
    for one in found.differences:
        where = ", ".join(f"{name}={part}" for name, part in zip(names, one.identity, strict=True) if part != "")
        print(f"  {where}: {one.field}: {one.a} ≠ {one.b}")
    return not found.count


def _same_counters(a: Path, b: Path) -> bool:
    left, right = (dict(_flat(json.loads(path.read_text("utf-8")))) for path in (a, b))
    wrong = [key for key in sorted({*left, *right}) if left.get(key) != right.get(key)]
    print(f"{a.name}: {len(left)} counters, {len(wrong)} differences")
    for key in wrong[:_MOST]:
        print(f"  {key}: {left.get(key)} ≠ {right.get(key)}")
    return not wrong


def _flat(counters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for line, named in counters.items():
        yield from ((f"{line} {name}", number) for name, number in named.items())


def main(arguments: list[str] | None = None) -> int:
    """Run one of the two; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bits", description="Prove that a rewrite changes no bit.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    writing = verbs.add_parser("write", help="play the fixed inputs and write their results")
    writing.add_argument("folder", type=Path)
    writing.add_argument("--hours", type=float, default=3.0, help="of the demo's plant; default: 3")
    comparing = verbs.add_parser("compare", help="compare two folders that write has made")
    comparing.add_argument("a", type=Path)
    comparing.add_argument("b", type=Path)
    told = parser.parse_args(arguments)
    if told.verb == "compare":
        return compare_folders(told.a, told.b)
    return write((make for source in (random_plants(), [demo(told.hours)]) for make in source), told.folder)


if __name__ == "__main__":
    sys.exit(main())
