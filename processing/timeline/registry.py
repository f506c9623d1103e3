"""Names and numbers: each line, asset, tag and series that a partition has seen has a small number of its own.

Numbers are given in the order of arrival; nothing that is emitted depends on them. What must not depend on the order of arrival
goes by *rank*: a series' place among all of them, sorted by asset and tag.
"""

from typing import Any

import numpy as np

from fieldline.frames import Readings
from fieldline.plant import Plant, Role
from processing.kernels import layout as at
from processing.kernels.order import map_series
from processing.operators.raw import is_wanted
from processing.timeline.calendar import day_starts
from processing.timeline.tables import Tables

_KEPT_TABLES = 256


class Registry:
    """The numbers of one partition, and the parameters of its series."""

    def __init__(self, tables: Tables, plant: Plant, horizon_ns: int, raw: tuple[str, ...], energy: bool) -> None:
        self._tables = tables
        self._plant = plant
        self._horizon_ns = horizon_ns
        self._raw = raw
        self._energy = energy
        self.lines: list[str] = []
        self.assets: list[str] = []
        self.tags: list[str] = []
        self.series: list[tuple[int, int]] = []
        self._line_numbers: dict[str, int] = {}
        self._asset_numbers: dict[str, int] = {}
        self._tag_numbers: dict[str, int] = {}
        self._series_numbers: dict[tuple[int, int], int] = {}
        self._zone_numbers: dict[str, int] = {}
        self._pair_tables: dict[tuple[tuple[str, ...], tuple[str, ...]], np.ndarray] = {}

    def map_rows(self, frame: Readings) -> np.ndarray:
        """The series of each row, int32[n]; series that are new get their numbers."""
        key = (tuple(frame.assets), tuple(frame.tags))
        table = self._pair_tables.get(key)
        if table is None:
            if len(self._pair_tables) >= _KEPT_TABLES:
                self._pair_tables.clear()
            table = self._pair_tables[key] = np.full(max(len(key[0]) * len(key[1]), 1), -1, np.int32)
        series = np.empty(len(frame.time), np.int32)
        width = len(frame.tags)
        if map_series(frame.asset, frame.tag, width, table, series):
            for pair in np.unique(-1 - series[series < 0]).tolist():
                table[pair] = self.series_of(frame.assets[pair // width], frame.tags[pair % width])
            self.settle()
            map_series(frame.asset, frame.tag, width, table, series)
        return series

    def line_of(self, asset: str) -> str:
        """The name of an asset's line. Safe in any thread."""
        return self._plant.line_of(asset)

    def series_of(self, asset: str, tag: str) -> int:
        """The number of a series; call `settle` after new ones."""
        a = self._number(asset, self.assets, self._asset_numbers)
        t = self._number(tag, self.tags, self._tag_numbers)
        found = self._series_numbers.get((a, t))
        if found is None:
            found = self._series_numbers[(a, t)] = len(self.series)
            self.series.append((a, t))
        return found

    @staticmethod
    def _number(name: str, names: list[str], numbers: dict[str, int]) -> int:
        found = numbers.get(name)
        if found is None:
            found = numbers[name] = len(names)
            names.append(name)
        return found

    def settle(self) -> None:
        """Give new series their parameters and places, and all series their ranks."""
        tables, old = self._tables, len(self._tables.series_info)
        fresh = self.series[old:]
        if not fresh:
            return
        info = np.zeros((len(fresh), at.S_COLUMNS), np.int64)
        scale = np.zeros((len(fresh), at.F_COLUMNS))
        for k, (a, t) in enumerate(fresh):
            info[k], scale[k] = self._parameters(old + k, a, t)
        tables.series_info = np.concatenate([tables.series_info, info])
        tables.series_scale = np.concatenate([tables.series_scale, scale])
        names = [(self.assets[a], self.tags[t]) for a, t in self.series]
        order = sorted(range(len(names)), key=names.__getitem__)
        tables.series_info[order, at.S_RANK] = np.arange(len(order))
        self._group_by_asset(order)

    def _parameters(self, series: int, a: int, t: int) -> tuple[Any, Any]:
        asset, tag = self.assets[a], self.tags[t]
        line = self._line(asset)
        known = self._plant.tag_info(asset, tag)
        scalar = not tag.startswith("@")
        role = known.role if scalar and self._energy else Role.NONE
        gap, register_gap = int(known.max_gap_s * 1e9), int(known.register_max_gap_s * 1e9)
        local = self._tables.add_series(line, series)
        reach = register_gap if role in _BY_REGISTER_GAP else gap
        lines = self._tables.lines
        lines[line, at.L_REACH] = max(lines[line, at.L_REACH], reach)
        raw = is_wanted(self._raw, asset, tag)
        info = (line, local, a, 0, int(role), int(raw), int(scalar), gap, register_gap, t)
        return info, (known.scale, known.modulus, known.max_delta)

    def _line(self, asset: str) -> int:
        name = self._plant.line_of(asset)
        if name not in self._line_numbers:
            self._line_numbers[name] = self._tables.add_line(self._horizon_ns, self._zone(self._plant.time_zone(name)))
            self.lines.append(name)
        return self._line_numbers[name]

    def _zone(self, name: str) -> int:
        if name not in self._zone_numbers:
            starts = day_starts(name)
            tables = self._tables
            self._zone_numbers[name] = len(tables.zone_at) - 1
            tables.days = np.concatenate([tables.days, starts])
            tables.zone_at = np.append(tables.zone_at, len(tables.days))
        return self._zone_numbers[name]

    def _group_by_asset(self, order: list[int]) -> None:
        """For each asset, its rows within a block, in rank order."""
        info = self._tables.series_info
        by_rank = np.array(order, np.int64)
        by_asset = by_rank[np.argsort(info[by_rank, at.S_ASSET], kind="stable")]
        counts = np.bincount(info[:, at.S_ASSET], minlength=len(self.assets))
        self._tables.asset_first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._tables.asset_rows = np.ascontiguousarray(info[by_asset, at.S_LOCAL])

    def names(self) -> dict[str, Any]:
        """What a checkpoint keeps of the names."""
        return {"assets": self.assets, "tags": self.tags, "series": self.series, "zones": list(self._zone_numbers)}

    def restore(self, names: dict[str, Any]) -> bool:
        """Give all numbers again, in the same order, into empty tables; False when the plant's time zones are others now."""
        for a, t in names["series"]:
            self.series_of(names["assets"][a], names["tags"][t])
        self.settle()
        return list(self._zone_numbers) == names["zones"]


_BY_REGISTER_GAP = frozenset(
    {
        Role.ACTIVE_REGISTER,
        Role.REACTIVE_REGISTER,
        Role.ACTIVE_INTERVAL,
        Role.REACTIVE_INTERVAL,
        Role.ACTIVE_PULSE,
    }
)
