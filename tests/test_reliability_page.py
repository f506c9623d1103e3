"""docs/reliability.md tells of every fault once, of every rule of what stands, and of no test that does not exist."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
FAULTS, RULES = 60, 9


def rows_that(begin: str) -> list[list[str]]:
    """The cells of all rows of tables that begin so."""
    lines = [line for line in PAGE.splitlines() if re.match(rf"\| {begin}", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


ROWS = rows_that(r"F\d")
STANDING = rows_that(r"[1-9] \|")
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


def test_every_rule_of_what_stands_has_rows_in_order() -> None:
    rules = [int(row[0]) for row in STANDING]

    assert rules == sorted(rules) and set(rules) == set(range(1, RULES + 1))
    assert {len(row) for row in STANDING} == {5}


@pytest.mark.parametrize("row", STANDING, ids=[row[1][:40] for row in STANDING])
def test_what_went_wrong_once_is_kept_from_coming_back(row: list[str]) -> None:
    _, wrong, holds, proof, before = row

    assert wrong and holds and "`tests/" in proof
    assert before.startswith(("failed", "not run there", "not shown: "))


def test_the_page_counts_what_failed_on_the_code_before() -> None:
    failed = sum(row[4].startswith("failed") for row in STANDING)

    assert f"{failed} of {len(STANDING)} were run there and failed" in PAGE


def test_every_place_of_a_test_is_written_so_that_it_is_found() -> None:
    assert PAGE.count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", PAGE))
