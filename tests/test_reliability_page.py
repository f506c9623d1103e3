"""docs/reliability.md tells of every fault once, and of no test that does not exist."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
FAULTS = 60
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if re.match(r"\| F\d", line)
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def functions_of(path: str) -> set[str]:
    """The names of a file's test functions."""
    file = ROOT / path
    if not file.is_file():
        return set()
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_page_names_exists(path: str, name: str) -> None:
    assert name in functions_of(path), f"docs/reliability.md names {path}::{name}"


def test_every_fault_has_its_row_in_order() -> None:
    assert [row[0] for row in ROWS] == [f"F{number}" for number in range(1, FAULTS + 1)]
    assert {len(row) for row in ROWS} == {5}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_fault_is_proven_or_says_why_not(row: list[str]) -> None:
    _, fault, holds, done, proof = row

    assert fault
    assert holds in ("yes", "in part", "no")
    assert ("not covered: " in proof) is (holds != "yes")
    if holds != "no":
        assert done and "`tests/" in proof


def test_the_page_counts_its_rows() -> None:
    count = Counter(row[2] for row in ROWS)

    assert f"{count['yes']} of {FAULTS} faults hold, {count['in part']} in part, {count['no']} do not." in PAGE


def test_every_place_of_a_test_is_written_so_that_it_is_found() -> None:
    assert PAGE.count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", PAGE))
