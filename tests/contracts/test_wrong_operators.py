"""Operators that are wrong as a newcomer's would be: each one breaks a promise that a contract check holds it to."""

from pathlib import Path

import pytest

from processing.kernels import jit
from processing.operators import known
from tests.contracts import operator_checks
from tests.contracts.distributions import importable, install

RIGHT = (Path(__file__).parent / "travel.py").read_text("utf-8")
_SAVED = "                kept.before[chunk.block + j] = kept.state[chunk.state + j]\n"
_FOUND = "            part, value = kept.slices[row], rows.value[i]\n"
_FIELDS = '    fields = {"travel": parts["travel"][some]}\n'

WRONG = {
    "the state before a slice is not kept": ("check_each_row_late", _SAVED, "                pass\n"),
    "the state is forgotten between steps": (
        "check_cut_anywhere",
        "        for i in range(chunk.lo, chunk.hi):\n",
        "        kept.state['time'][chunk.state : chunk.state + chunk.series] = NONE\n"
        "        for i in range(chunk.lo, chunk.hi):\n",
    ),
    "the state is kept in the partial aggregate of the slice before": (
        "check_read_back",
        _FOUND,
        _FOUND + "            older = windows[chunk.window].older\n"
        "            if older >= 0 and windows[older].block >= 0:\n"
        "                part.travel += kept.slices[windows[older].block + series.local].count\n",
    ),
    "a later row sets a field that `later` does not name": (
        "check_each_row_late",
        _FOUND,
        _FOUND + "            older = windows[chunk.window].older\n"
        "            if older >= 0 and windows[older].block >= 0:\n"
        "                kept.slices[windows[older].block + series.local].travel += value\n",
    ),
    "a longer window is folded on and on": (
        "check_each_row_late",
        "            part.count = part.travel = 0.0\n",
        "",
    ),
    "a longer window is folded by the numbers of the windows, not by time": (
        "check_read_back",
        "range(tree.first[k], tree.first[k + 1]):",
        "tree.first[k] + np.argsort(tree.children[tree.first[k] : tree.first[k + 1]]):",
    ),
    "the first sample counts by its place in the order of arrival": (
        "check_any_arrival",
        "part.count += 1.0\n",
        "part.count += 1.0\n            part.travel += rows.series[i]\n",
    ),
    "the largest number of samples wins": ("check_each_row_late", "part.count += below.count", "part.count += plant.lines[0].stored"),
    "bad samples count": ("check_bad_quality", "rows.quality[i] > UNCERTAIN or ", ""),
    "longer windows are not told": ("check_any_arrival", "|= EMIT | SPREAD", "|= EMIT"),
    "a slice that was run is not to be emitted": ("check_each_row_late", "|= EMIT | SPREAD", "|= SPREAD"),
    "a field that is not catalogued": ("check_catalogue", _FIELDS, _FIELDS + '    fields["moves"] = parts["count"][some]\n'),
    "a catalogued field that is not emitted": ("check_catalogue", _FIELDS, "    fields = {}\n"),
    "a field without a unit": ("check_catalogue", '"tag\'s"', '""'),
    "a field without a source": ("check_catalogue", '"Σ |xᵢ − xᵢ₋₁|", OWN', '"Σ |xᵢ − xᵢ₋₁|", ""'),
    "windows of orders that cannot be retracted": ("check_catalogue", '"1h", "day"', '"1h", "order"'),
    "seconds that nobody makes": ("check_declaration", '"1h", "day"', '"1h", "1s"'),
    "a field of `later` that is none": ("check_declaration", "    kept=KEPT,\n", '    kept=KEPT,\n    later=("moves",),\n'),
    "a clock": ("check_purity", _FIELDS, _FIELDS + '    fields["travel"] += __import__("time").time_ns()\n'),
    "a memory of its own": (
        "check_purity",
        _FIELDS,
        _FIELDS + '    fields["travel"] += globals().setdefault("m", []).append(1) or len(globals()["m"])\n',
    ),
    "coverage that is no share": (
        "check_bounds",
        _FIELDS,
        _FIELDS + '    fields["coverage"] = parts["count"][some] * 1.0\n',
    ),
    "rows that say of themselves that they are retracted": (
        "check_windows",
        _FIELDS,
        _FIELDS + '    fields["retracted"] = np.ones(int(some.sum()))\n',
    ),
}  # fmt: skip


def broken(wrong: str, folder: Path) -> None:
    """Install the operator with this mistake."""
    _, right, mistake = WRONG[wrong]
    assert RIGHT.count(right) == 1, "travel.py has changed: change this table with it"
    install(
        folder,
        "acme-fieldline",
        {"fieldline.operators": {"travel": "acme_travel:COMPONENT"}},
        {"acme_travel": RIGHT.replace(right, mistake)},
    )


@pytest.mark.usefixtures("first_failure")
@pytest.mark.parametrize("wrong", WRONG)
def test_an_operator_that_breaks_a_promise_is_caught(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jit, "_IS_COMPILED", False)  # the example's kernels alone: compiling each takes seconds
    broken(wrong, tmp_path)

    with importable(tmp_path), pytest.raises(AssertionError):
        getattr(operator_checks, WRONG[wrong][0])(known()["travel"])
