"""Calculated tags, worked out once more from the raw rows of their inputs, apart from `processing/timeline/calculated.py`."""

from bisect import bisect_right
from collections.abc import Mapping
from math import inf, isfinite

from analysis.recount.arithmetic import evaluated, with_numbers
from fieldline.expressions import Own, Term
from fieldline.plant import Formula, Plant

Samples = list[tuple[int, float]]
Series = tuple[str, str]


def with_calculated(plant: Plant, rows: Mapping[Series, Samples]) -> dict[Series, Samples]:
    """The rows of all series, those of calculated tags made of their inputs in place of what a device sent."""
    if not plant.has_formulas:
        return dict(rows)
    found = dict(rows)
    for asset in sorted({asset for asset, _ in rows}):
        for tag, formula in plant.formulas(asset).items():
            found.pop((asset, tag), None)
            if made := _made(plant, asset, tag, formula, rows):
                found[asset, tag] = made
    return found


def _made(plant: Plant, asset: str, tag: str, formula: Formula, rows: Mapping[Series, Samples]) -> Samples:
    """One at each reading of an input, of the newest of each that still holds."""
    text = plant.tag_info(asset, tag).formula
    said: dict[Term, float] = {one: plant.value_of(asset, one.name) for one in formula.parameters}
    inputs = {name: [row for row in rows.get((asset, name), ()) if isfinite(row[1])] for name in formula.inputs}
    found = []
    for time in sorted({time for told in inputs.values() for time, _ in told}):
        newest = {name: told[bisect_right(told, (time, inf)) - 1] for name, told in inputs.items() if told}
        holds: dict[Term, float] = {
            Own(name): value
            for name, (since, value) in newest.items()
            if 0 <= time - since <= int(plant.tag_info(asset, name).max_gap_s * 1e9)
        }
        if len(holds) == len(inputs) and isfinite(value := evaluated(with_numbers(text, said | holds))):
            found.append((time, value))
    return found
