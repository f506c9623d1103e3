"""The oracle cases: how a folder of them is read, and how near to what is expected is near enough."""

import importlib
import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "data" / "oracles"
"""The project's own copy of the cases."""

UPPER_BOUNDS = frozenset({"max_rank_error"})
"""Names of expected values that are limits, not results: what is found must not exceed them."""

Function = Callable[[dict[str, Any]], dict[str, Any]]


class CaseFileError(ValueError):
    """A folder or file does not hold oracle cases; the message says which and why."""


class CaseFile(NamedTuple):
    """One file of cases; topic names the adapter module."""

    path: Path
    topic: str
    cases: list[dict[str, Any]]


def read_folder(folder: Path) -> list[CaseFile]:
    """All `*.json` of a folder, by name. Raises CaseFileError when there is none or one holds no cases."""
    if not folder.is_dir():
        raise CaseFileError(f"{folder}: expected a folder of case files, there is none")
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise CaseFileError(f"{folder}: expected case files (*.json), the folder has none")
    return [read_file(path) for path in paths]


def read_file(path: Path) -> CaseFile:
    """The cases of one file. Raises CaseFileError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CaseFileError(f"{path}: expected a case file, could not read JSON: {error}") from error
    topic = content.get("topic") if isinstance(content, dict) else None
    found = content.get("cases") if isinstance(content, dict) else None
    if not isinstance(topic, str) or not isinstance(found, list):
        raise CaseFileError(f"{path}: expected an object with 'topic' (text) and 'cases' (list)")
    for k, case in enumerate(found):
        _check(case, f"{path}: cases[{k}]")
    return CaseFile(path, topic, found)


def _check(case: Any, where: str) -> None:
    wanted = {"id": str, "fn": str, "inputs": dict, "expected": dict, "rel_tol": int | float, "abs_tol": int | float}
    if not isinstance(case, dict):
        raise CaseFileError(f"{where}: expected an object, got {type(case).__name__}")
    for name, kind in wanted.items():
        if not isinstance(case.get(name), kind):
            raise CaseFileError(f"{where}: expected '{name}' of type {getattr(kind, '__name__', kind)}")


def functions_of(topic: str) -> dict[str, Function] | None:
    """The adapter of a topic, `tests/oracles/<topic>.py: FUNCTIONS`; None when there is no such module."""
    if not topic.isidentifier() or importlib.util.find_spec(f"tests.oracles.{topic}") is None:
        return None
    functions: dict[str, Function] | None = getattr(
        importlib.import_module(f"tests.oracles.{topic}"), "FUNCTIONS", None
    )
    return functions


def cases(topic: str, function: str | None = None) -> list[dict[str, Any]]:
    """The project's cases of a topic, of one function or all of them."""
    found = read_file(FOLDER / f"{topic}.json").cases
    return [case for case in found if function is None or case["fn"] == function]


def name_of(case: dict[str, Any]) -> str:
    return str(case["id"])


def assert_agrees(case: dict[str, Any], got: dict[str, Any]) -> None:
    """Each leaf of `got` equals what the case expects of that name, within its tolerance."""
    wanted = {name: case["expected"][name] for name in got}
    difference = first_difference(case | {"expected": wanted}, got)
    assert difference is None, difference


def first_difference(case: dict[str, Any], got: dict[str, Any]) -> str | None:
    """The first leaf that the case expects and `got` has not, in words; None when all agree. Names not expected are passed over."""
    return _differ(case, case["expected"], plain(got), "")


def plain(value: Any) -> Any:
    """A result as JSON has it: lists and numbers for arrays, None for what is undefined."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _differ(case: dict[str, Any], want: Any, got: Any, where: str) -> str | None:
    if isinstance(want, dict):
        return _differ_in_names(case, want, got, where)
    if isinstance(want, list):
        return _differ_in_places(case, want, got, where)
    if isinstance(want, bool | str | None):
        return None if type(want) is type(got) and want == got else f"{where}: expected {want!r}, got {got!r}"
    if isinstance(got, bool) or not isinstance(got, int | float):
        return f"{where}: expected {want!r}, got {got!r}"
    if isinstance(want, int) and isinstance(got, int):
        agrees, near = got == want, "exactly"
    else:
        tolerance = max(case["abs_tol"], case["rel_tol"] * abs(want))
        agrees, near = abs(got - want) <= tolerance, f"within {tolerance:.3g}"
    if where.split(".")[-1].split("[")[0] in UPPER_BOUNDS:
        agrees, near = got <= want, "at most"
    return None if agrees else f"{where}: expected {want!r} ({near}), got {got!r}"


def _differ_in_names(case: dict[str, Any], want: dict[str, Any], got: Any, where: str) -> str | None:
    if not isinstance(got, dict):
        return f"{where}: expected an object, got {got!r}"
    for name, one in want.items():
        place = f"{where}.{name}" if where else name
        if name not in got:
            return f"{place}: expected {one!r}, it is missing"
        difference = _differ(case, one, got[name], place)
        if difference:
            return difference
    return None


def _differ_in_places(case: dict[str, Any], want: list[Any], got: Any, where: str) -> str | None:
    if not isinstance(got, list) or len(got) != len(want):
        return f"{where}: expected a list of {len(want)}, got {got!r}"
    for k, (one, other) in enumerate(zip(want, got, strict=True)):
        difference = _differ(case, one, other, f"{where}[{k}]")
        if difference:
            return difference
    return None
