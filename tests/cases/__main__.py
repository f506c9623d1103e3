"""`python -m tests.cases [FILE]`: every case of a file through the product, as a table; the code is 1 where a figure differs.

    python -m tests.cases                      stream.json: messages through the broker, figures by `query`
    python -m tests.cases FILE                 any file of that format
    python -m tests.cases numbers              numbers.json, by the adapters of tests/cases/figures.py
    python -m tests.cases payloads             what each payload of payloads.json becomes, and whether it should
    python -m tests.cases timestamps           what each form of time becomes, and whether it should

Exits with 0 when all is right, with 1 when something differs, and with 2 when the file is not of its format.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cases.became import became
from tests.cases.cases import FOLDER, CaseFileError, read_file
from tests.cases.figures import NOT_ASKED, messages_of, read_numbers, worked_out
from tests.cases.pipe import run_cases
from tests.cases.verdict import Outcome, table


def outcomes_of(asked: str) -> tuple[list[Outcome], list[str]]:
    """The outcomes of a file or a name, and notes on cases that were not asked. Raises CaseFileError."""
    if asked in ("payloads", "timestamps"):
        return became(asked), []
    if asked == "numbers" or Path(asked).name == "numbers.json":
        raw = read_numbers(FOLDER / "numbers.json" if asked == "numbers" else Path(asked))
        return numbers_of(raw)
    return run_cases(read_file(FOLDER / "stream.json" if asked == "stream" else Path(asked))), []


def numbers_of(raw: Sequence[Mapping[str, Any]]) -> tuple[list[Outcome], list[str]]:
    """The outcomes of cases of numbers.json's format, those of messages through one pipe; and what was not asked, and why."""
    cases = [case for one in raw if (case := messages_of(one)) is not None]
    outcomes = run_cases(cases) if cases else []
    asked = {case.id for case in cases}
    notes = []
    for one in raw:
        if one["id"] not in asked:
            found = worked_out(one)
            outcomes += found or []
            if found is None:
                notes.append(f"not asked: {one['id']}: {NOT_ASKED.get(one['id'], 'no adapter for its shape')}")
    return outcomes, notes


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for and print what came of it; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.cases", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", nargs="?", default="stream", help="a file, or stream, numbers, payloads or timestamps")
    asked = parser.parse_args(arguments).file
    try:
        outcomes, notes = outcomes_of(asked)
    except CaseFileError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(outcomes))
    for note in notes:
        print(note)
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
