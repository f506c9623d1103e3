"""Estimated limits as lines of the plant file."""

import math
from typing import NamedTuple

from analysis.frozen_limits import Limits
from analysis.limits.study import Specification
from analysis.toml_words import key, quoted


class Drawn(NamedTuple):
    """What a chart is of, and how it is drawn."""

    asset: str | None
    tag: str
    chart: str
    every: str
    n: int | None
    product: str | None
    version: int


def plant_toml(drawn: Drawn, estimate: Limits, specification: Specification) -> str:
    """What to paste into the plant file: a product's own limits, or those of the tag, with its specification, where none is named."""
    path = f"asset.tags.{key(drawn.tag)}.spc"
    chart = [f'chart = "{drawn.chart}"', f'every = "{drawn.every}"', *([f"n = {drawn.n}"] if drawn.n else [])]
    numbers = [f"center = {estimate.center!r}", f"sigma = {estimate.sigma!r}"]
    place = f"# below [[asset]] path = {quoted(drawn.asset)}" if drawn.asset else "# below the asset's [[asset]]"
    if drawn.product is None:
        numbers += [f"{name} = {value!r}" for name, value in specification._asdict().items() if not math.isnan(value)]
        return "\n".join([place, f"[{path}]", *chart, *numbers, ""])
    product = [f"product = {quoted(drawn.product)}", f"version = {drawn.version}"]
    drawn_as = f"# the tag's chart has {', '.join(chart)}"
    return "\n".join([place, drawn_as, f"[[{path}.limits]]", *product, *numbers, ""])
