"""`python -m tests.oracles [DIR]`: every case of a folder through the project's own functions, as a table and the ids that fail.

Exits with 0 when all cases of the topics that have an adapter pass, with 1 when one fails or its function is not mapped, and
with 2 when the folder or a file of it holds no cases.
"""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.oracles.cases import FOLDER, CaseFile, CaseFileError, Function, first_difference, functions_of, read_folder


@dataclass
class Outcome:
    """What became of the cases of one file; has_adapter is false where the project has no function for the topic."""

    label: str
    count: int
    has_adapter: bool = True
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.failed and not self.unmapped


def run_case(case: dict[str, Any], function: Function) -> str | None:
    """Why the case fails, in words, or None when it passes. Whatever an adapter raises is a failure, not the end of the run."""
    try:
        return first_difference(case, function(case["inputs"]))
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"


def run_file(file: CaseFile) -> Outcome:
    """All cases of one file."""
    outcome = Outcome(
        file.topic if file.path.stem == file.topic else f"{file.topic} ({file.path.name})", len(file.cases)
    )
    try:
        functions = functions_of(file.topic)
    except Exception as error:
        outcome.failed = [f"{case['id']}: adapter raised {type(error).__name__}: {error}" for case in file.cases]
        return outcome
    if functions is None:
        outcome.has_adapter = False
        return outcome
    for case in file.cases:
        if case["fn"] not in functions:
            outcome.unmapped.append(f"{case['id']}: no function for '{case['fn']}'")
            continue
        difference = run_case(case, functions[case["fn"]])
        if difference is None:
            outcome.passed += 1
        else:
            outcome.failed.append(f"{case['id']}: {difference}")
    return outcome


def table(outcomes: list[Outcome]) -> str:
    """Counts per topic, in columns."""
    rows = [("topic", "cases", "passed", "failed", "unmapped", "")]
    for outcome in outcomes:
        counts = (outcome.passed, len(outcome.failed), len(outcome.unmapped))
        shown = tuple(str(count) for count in counts) if outcome.has_adapter else ("-", "-", "-")
        rows.append((outcome.label, str(outcome.count), *shown, "" if outcome.has_adapter else "no adapter"))
    widths = [max(len(row[k]) for row in rows) for k in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) if k in (0, 5) else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the folder and print what came of it; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.oracles", description="Run oracle cases through the project."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, metavar="DIR", help="default: tests/data/oracles"
    )
    folder = parser.parse_args(arguments).folder
    try:
        files = read_folder(folder)
    except CaseFileError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    outcomes = [run_file(file) for file in files]
    print(table(outcomes))
    for outcome in outcomes:
        for title, lines in (("failed", outcome.failed), ("unmapped", outcome.unmapped)):
            for line in lines:
                print(f"{title}: {outcome.label}/{line}")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
