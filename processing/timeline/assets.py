"""What derived metrics ask of a partition's assets: which match a glob, and what the plant file says of each. See `AssetTable`."""

from math import nan

import numpy as np

from fieldline.across import is_across
from fieldline.expressions import Label
from fieldline.expressions.tree import TARIFF_NUMBERS
from fieldline.plant import Plant
from fieldline.plantfile.globs import matches
from fieldline.scales import scale_of
from fieldline.shifts import ShiftCalendar
from fieldline.window_labels import cheapest, told
from processing.timeline.registry import Registry

_LABELS_KEPT = 100_000


class Assets:
    """Answers are kept, and grow as assets are heard of."""

    def __init__(self, registry: Registry, plant: Plant) -> None:
        self._registry, self._plant = registry, plant
        self._matching: dict[str, list[bool]] = {}
        self._across: dict[str, list[bool]] = {}
        self._values: dict[str, list[float]] = {}
        self._tied: dict[str, tuple[int, np.ndarray]] = {}
        self._paths: dict[str, list[str]] = {}
        self._values_of_tied: dict[tuple[str, str], list[float]] = {}
        self._scales: dict[tuple[str, str, int, int], tuple[float, float]] = {}
        self._calendars: list[ShiftCalendar] = []
        self._labels: dict[tuple[int, Label, int, int], float] = {}

    def matching(self, pattern: str) -> np.ndarray:
        """See `AssetTable`."""
        known, names = self._matching.setdefault(pattern, []), self._registry.assets
        known += [matches(pattern, name) for name in names[len(known) :]]
        return np.array(known, bool)

    def across(self, kind: str) -> np.ndarray:
        """See `AssetTable`."""
        known, names = self._across.setdefault(kind, []), self._registry.assets
        known += [is_across(self._plant, kind, name) for name in names[len(known) :]]
        return np.array(known, bool)

    def number(self, path: str) -> int:
        """See `AssetTable`."""
        return self._registry.asset_number(path)

    def tag_number(self, tag: str) -> int:
        """See `AssetTable`."""
        return self._registry.tag_number(tag)

    def values(self, name: str) -> np.ndarray:
        """See `AssetTable`."""
        known, names = self._values.setdefault(name, []), self._registry.assets
        known += [self._plant.value_of(asset, name) for asset in names[len(known) :]]
        return np.array(known, np.float64)

    def told(self, path: str, name: str) -> tuple[int, float]:
        """See `AssetTable`."""
        return self._registry.line_number(path), self._plant.value_of(path, name)

    def tied(self, name: str) -> np.ndarray:
        """See `AssetTable`."""
        count = len(self._registry.assets)
        known = self._tied.get(name)
        if known is None or known[0] < count:  # what an asset is tied to may have been heard of since
            numbers = [self.number(path) if path else -1 for path in self._paths_tied(name)]
            known = self._tied[name] = count, np.array(numbers, np.int64)
        return known[1]

    def values_of_tied(self, tie: str, name: str) -> np.ndarray:
        """See `AssetTable`."""
        known, paths = self._values_of_tied.setdefault((tie, name), []), self._paths_tied(tie)
        known += [self._plant.value_of(path, name) if path else nan for path in paths[len(known) :]]
        return np.array(known, np.float64)

    def _paths_tied(self, name: str) -> list[str]:
        """By asset the path of what it is tied to on its own line, or ""."""
        known, names, plant = self._paths.setdefault(name, []), self._registry.assets, self._plant
        for asset in names[len(known) :]:
            path = plant.tie(asset, name)
            known.append(path if path and plant.line_of(path) == plant.line_of(asset) else "")
        return known

    def of_calendar(self, one: Label, line: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """See `AssetTable`."""
        names = self._registry.lines
        self._calendars += [self._plant.calendar(name) for name in names[len(self._calendars) :]]
        found = np.empty(len(line))
        for place, window in enumerate(zip(line.tolist(), start.tolist(), end.tolist(), strict=True)):
            found[place] = self._label(one, *window)
        return found

    def _label(self, one: Label, line: int, start: int, end: int) -> float:
        calendar = self._calendars[line]
        is_price = one.name in TARIFF_NUMBERS
        key = line if is_price else id(calendar), one, start, end  # lines that share a calendar share what it says
        value = self._labels.get(key)
        if value is None:
            if len(self._labels) >= _LABELS_KEPT:
                self._labels.clear()
            if is_price:
                name = self._registry.lines[line]
                value = cheapest(self._plant.price_table(name), calendar.zone, one, end)
            else:
                value = told(calendar, one, start, end)
            self._labels[key] = value
        return value

    def scales(self, by: str, name: str, asset: np.ndarray, tag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `AssetTable`."""
        pairs = zip(asset.tolist(), tag.tolist(), strict=True)
        found = np.array([self._scale(by, name, a, t) for a, t in pairs], np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def _scale(self, by: str, name: str, asset: int, tag: int) -> tuple[float, float]:
        key = by, name, asset, tag
        if key not in self._scales:
            self._scales[key] = scale_of(self._plant, by, name, self._registry.assets[asset], self._registry.tags[tag])
        return self._scales[key]
