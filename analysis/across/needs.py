"""What metrics across lines are made of: which rows of the stream, and whose rows change with one of them."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from analysis.rollup.together import KINDS
from fieldline.across import entries_across, is_across
from fieldline.expressions import Input, Statistic
from fieldline.expressions.tree import LINE, OWN
from fieldline.plant import Plant
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.globs import is_glob, matches
from fieldline.scales import scale_of
from processing.derived.entries import inputs_in
from processing.derived.inputs import TELEMETRY, is_of_window, kind_read


class Need(NamedTuple):
    """An input of an entry that is read out of windows; `one` is None where rows only tell that an asset was heard."""

    entry: MetricEntry
    scope: str
    kind: str
    one: Input | None


def needs_of(entry: MetricEntry) -> list[Need]:
    """What an entry reads out of windows. One that reads nothing of its own asset has a row where that had a sample."""
    found = [
        Need(entry, getattr(one, "scope", OWN), kind_read(one), one) for one in inputs_in(entry) if is_of_window(one)
    ]
    if not any(need.scope == OWN for need in found) and is_glob(entry.asset):
        found.append(Need(entry, OWN, TELEMETRY, None))
    return found


def path_of(plant: Plant, entry: MetricEntry, scope: str, asset: str) -> str:
    """The path that a scope means in a metric of an asset; "" where it is tied to nothing by that name."""
    if scope in (OWN, LINE):
        return asset if scope == OWN else plant.line_of(asset)
    return entry.assets.get(scope) or plant.tie(asset, scope)


def is_tag(plant: Plant, one: Input | None, asset: str, tag: str) -> bool:
    """Whether an input is a statistic of this tag, or of its quantity or role."""
    if not isinstance(one, Statistic):
        return True
    if not one.by:
        return one.tag == tag
    factor, _ = scale_of(plant, one.by, one.tag, asset, tag)
    return factor == factor


class Needs:
    """What the metrics of a plant that are across lines read. Used by one thread; answers are kept."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.entries = plant, entries_across(plant)
        self.all = [need for entry in self.entries for need in needs_of(entry)]
        self.kinds = frozenset(need.kind for need in self.all)
        self.wants = cache(self._wants)
        self.is_mine = cache(lambda kind, asset: is_across(plant, kind, asset))

    def _wants(self, kind: str, asset: str, tag: str) -> bool:
        """Whether a row is kept: a metric is made of it."""
        return any(True for _ in self._concerned(kind, asset, tag))

    def touched(self, kind: str, asset: str) -> Iterator[tuple[str, str | None]]:
        """Whose metrics are made of an asset's rows of a kind: kinds with the asset, None: all assets that have it."""
        for need in self._concerned(kind, asset, None):
            if need.scope != OWN:
                yield need.entry.kind, None
            elif not is_glob(need.entry.asset) and self.plant.is_above_lines(need.entry.asset):
                yield need.entry.kind, need.entry.asset
            else:
                yield need.entry.kind, asset

    def _concerned(self, kind: str, asset: str, tag: str | None) -> Iterator[Need]:
        for need in self.all:
            if need.kind == kind and (not tag or is_tag(self.plant, need.one, asset, tag)) and self._is_of(need, asset):
                yield need

    def _is_of(self, need: Need, asset: str) -> bool:
        entry, plant = need.entry, self.plant
        if need.scope == LINE and is_glob(entry.asset):
            return asset == plant.line_of(asset)
        path = path_of(plant, entry, need.scope, entry.asset)
        if need.kind in KINDS and path in plant.above(asset):
            return True
        return asset == path or (need.scope == OWN and matches(entry.asset, asset) and self.is_mine(entry.kind, asset))
