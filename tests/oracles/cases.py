"""The oracle cases of `tests/data/oracles`, and how near is near enough."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[1] / "data" / "oracles"


def cases(topic: str, function: str | None = None) -> list[dict[str, Any]]:
    """The cases of a topic, of one function or all of them."""
    found = json.loads((_FOLDER / f"{topic}.json").read_text())["cases"]
    return [case for case in found if function is None or case["fn"] == function]


def name_of(case: dict[str, Any]) -> str:
    return str(case["id"])


def assert_agrees(case: dict[str, Any], got: dict[str, Any]) -> None:
    """Each leaf of `got` equals what the case expects of that name, within its tolerance."""
    for name, value in got.items():
        _agree(case, case["expected"][name], value, name)


def _agree(case: dict[str, Any], want: Any, got: Any, where: str) -> None:
    if isinstance(want, dict):
        assert want.keys() == got.keys(), where
        for name in want:
            _agree(case, want[name], got[name], f"{where}.{name}")
    elif isinstance(want, list):
        assert len(want) == len(got), where
        for k, (one, other) in enumerate(zip(want, got, strict=True)):
            _agree(case, one, other, f"{where}[{k}]")
    elif isinstance(want, int | float) and not isinstance(want, bool):
        assert abs(got - want) <= max(case["abs_tol"], case["rel_tol"] * abs(want)), (where, want, got)
    else:
        assert want == got, where
