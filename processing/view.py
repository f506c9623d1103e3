"""What an operator sees of the windows that are to be read out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from fieldline.expressions import Label
from processing.each_once import each_once
from processing.kernels import layout as at
from processing.kernels.emission import Flags, dirty_rows
from processing.kernels.kept import Partials
from processing.kernels.layout import Plant
from processing.kernels.spc import Charted
from processing.metric_rows import WINDOW_OF, MetricRows, Named

_SORTS = np.zeros(at.LEVELS, np.int8)
_SORTS[[at.SHIFTS, at.ORDERS]] = 1, 2

DUE = np.dtype([("hz", "f8"), ("may_rest", "?")])
"""Of a series: how often samples are due (NaN: the plant file does not say it), and whether it may well tell one value for hours."""

_NO_TEXTS: dict[str, Named] = {}


class Names(Protocol):
    """Names that metric rows carry beside those of assets and tags."""

    @property
    def orders(self) -> list[str]:
        """Orders by number; 0 is none."""

    @property
    def products(self) -> list[str]:
        """Products by row of `Plant.ideal_cycle_s`; 0 is none."""

    def shift_name(self, line: int, start: int) -> str:
        """The shift of a line that begins at `start` [ns UTC]."""

    def crew_name(self, line: int, start: int) -> str:
        """Who works it; "" where nobody says."""


class ChartTable(Protocol):
    """The control charts of a partition."""

    @property
    def levels(self) -> list[int]:
        """The levels whose windows make points of charts, ascending."""

    def charted(self, level: int, lines: int, products: list[str]) -> Charted:
        """The charted rows whose cells are of a level, of the first `lines` lines, and the limits while each product is made."""


class ModelTable(Protocol):
    """Which versions of models score."""

    def in_force(
        self, model: str, role: str, line: np.ndarray, asset: np.ndarray, start: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The numbers and digests of the versions that score assets at times, float64[n] each; NaN: there is none."""


class DoneTable(Protocol):
    """When something was done to assets."""

    def newest(self, line: np.ndarray, asset: np.ndarray, start: np.ndarray) -> np.ndarray:
        """float64[n], when it was last done to assets at times [s since 1970]; 0: no event tells it."""


class AssetTable(Protocol):
    """The assets and tags of a partition, by their numbers, which grow as names are heard of."""

    def matching(self, pattern: str) -> np.ndarray:
        """bool[assets], those whose path is `pattern` or matches it as a glob."""

    def across(self, kind: str) -> np.ndarray:
        """bool[assets], those whose metric of the plant's own is made of windows of several lines, so that the timeline has none of it."""

    def number(self, path: str) -> int:
        """The number of an asset, -1 of one that nothing was heard of."""

    def tag_number(self, tag: str) -> int:
        """The number of a tag, -1 of one that nothing was heard of."""

    def values(self, name: str) -> np.ndarray:
        """float64[assets], what the plant file says of each under a name (`Plant.value_of`); NaN where it says nothing."""

    def told(self, path: str, name: str) -> tuple[int, float]:
        """The line of an asset, -1 where nothing was heard of that, and what the plant file says of the asset under a name."""

    def tied(self, name: str) -> np.ndarray:
        """int64[assets], what each is tied to by a name, -1 where that is nothing, or on another line, or nothing was heard of it."""

    def values_of_tied(self, tie: str, name: str) -> np.ndarray:
        """float64[assets], what the plant file says under a name of what each is tied to, heard of or not; NaN as `tied` has -1."""

    def of_calendar(self, one: Label, line: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """float64[n], what the calendars of lines say of windows; see `window_labels.told`. line : numbers; start, end [ns UTC]."""

    def scales(self, by: str, name: str, asset: np.ndarray, tag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float64[n] each, what makes values of series canonical: value · factor + offset; NaN where one is not of the quantity or role.

        by : `quantity` or `role`, and its name; asset, tag : numbers of series.
        """


class Changed(NamedTuple):
    """Rows to be emitted, int64[n] each: row of the pool, window and series; rows of slices come first, `slices` of them."""

    row: np.ndarray
    window: np.ndarray
    series: np.ndarray
    slices: int


@dataclass(frozen=True, kw_only=True)
class View:
    """Windows `ids`, int64[n] by level, and all that their figures are made of; to be read only.

    windows, labels : WINDOW and LABEL of every window, by id; dirty : flags of both pools.
    line_output, line_pacemaker : by line, the asset whose good count is the line's, and the machine whose times are, -1: not declared;
    line_meter : by asset, 1 where its energy may be its line's; fed_by : by asset, the one whose meter measures it, too, -1: none.
    line_voids : by line, whether pieces between orders make OEE unknown. has_order_machines : whether machines of any line take orders each
    for itself. due : DUE of every series. partials : by operator.
    """

    ids: np.ndarray
    windows: np.ndarray
    labels: np.ndarray
    plant: Plant
    dirty: Flags
    line_output: np.ndarray
    line_pacemaker: np.ndarray
    line_voids: np.ndarray
    has_order_machines: bool
    line_meter: np.ndarray
    fed_by: np.ndarray
    due: np.ndarray
    names: Names
    assets: AssetTable
    charts: ChartTable
    models: ModelTable
    done: Mapping[str, DoneTable]
    partials: Mapping[str, Partials]

    def of_level(self, level: int) -> "View":
        """The windows of one level."""
        return replace(self, ids=self.ids[self.windows["level"][self.ids] == level])

    @cached_property
    def room(self) -> int:
        """How many rows the windows' blocks have in all."""
        return int((1 << self.windows["shift"][self.ids]).sum())

    @cached_property
    def changed(self) -> Changed:
        """The rows that are to be emitted."""
        row, window, series = np.empty((3, self.room), np.int64)
        n = dirty_rows(self.ids, self.windows, self.plant, self.dirty, row, window, series)
        slices = int(np.count_nonzero(self.windows["level"][window[:n]] == at.SLICES))
        return Changed(row[:n], window[:n], series[:n], slices)

    def series_of(self, window: np.ndarray, asset: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All series of assets in windows, int64[n] each, in rank order: which of the pairs, row of the pool and series each is."""
        plant = self.plant
        known = np.minimum(asset, len(plant.asset_first) - 2)
        counts = np.where(known == asset, plant.asset_first[known + 1] - plant.asset_first[known], 0)
        pair = np.repeat(np.arange(len(window)), counts)
        place = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts) + plant.asset_first[known][pair]
        local, base = plant.asset_rows[place], plant.lines["base"][self.windows["line"][window]]
        return pair, self.windows["block"][window][pair] + local, plant.row_series[base[pair] + local]

    @contextmanager
    def asking(self, ids: np.ndarray, window: np.ndarray, row: np.ndarray) -> Iterator["View"]:
        """A view of the windows `ids` in which rows of the pools, of windows int64[n] each, are to be emitted too.

        For what is made of other operators' rows.
        """
        is_slice = self.windows["level"][window] == at.SLICES
        flagged = []
        for flags, rows in ((self.dirty.slices, row[is_slice]), (self.dirty.windows, row[~is_slice])):
            flagged.append((flags, rows, flags[rows]))
            flags[rows] |= at.EMIT
        ids = each_once(ids)
        try:
            yield replace(self, ids=ids[self.windows["level"][ids].argsort(kind="stable")])
        finally:
            for flags, rows, before in flagged:
                flags[rows] = before

    def records_of(self, operator: str, changed: Changed) -> np.ndarray:
        """The partial aggregates of an operator in rows that changed; those of longer windows are to be of the slices' type."""
        partials, slices = self.partials[operator], changed.slices
        # `take` copies records as they lie; an index copies them field by field, at twenty times the price.
        of_slices, of_longer = partials.slices.take(changed.row[:slices]), partials.windows.take(changed.row[slices:])
        return (
            np.concatenate([of_slices, of_longer]) if slices and len(of_longer) else of_slices if slices else of_longer
        )

    def rows_of_series(
        self,
        kind: str,
        window: np.ndarray,
        series: np.ndarray,
        fields: dict[str, np.ndarray],
        texts: dict[str, Named] = _NO_TEXTS,
    ) -> list[MetricRows]:
        """Rows of series in windows, int64[n] each, by number and id, with what the windows say of themselves.

        That is time, window and revision, of shifts the name, of orders their name and product, and that they were not retracted.
        """
        known = self.plant.series  # a column at a time: records of series are wide
        return self._rows(kind, window, known["asset"][series], known["tag"][series], fields, texts)

    def rows_of_assets(
        self,
        kind: str,
        window: np.ndarray,
        asset: np.ndarray,
        fields: dict[str, np.ndarray],
        texts: dict[str, Named] = _NO_TEXTS,
    ) -> list[MetricRows]:
        """Rows of assets in windows, int64[n] each; else as `rows_of_series`."""
        return self._rows(kind, window, asset, None, fields, texts)

    def _rows(
        self,
        kind: str,
        window: np.ndarray,
        asset: np.ndarray,
        tag: np.ndarray | None,
        fields: dict[str, np.ndarray],
        texts: dict[str, Named],
    ) -> list[MetricRows]:
        known = self.windows
        fields["rev"] = known["rev"][window].astype(np.float64)
        number = WINDOW_OF[known["level"][window]]
        rows = MetricRows(kind, known["start"][window], asset, tag, number, fields, {}, texts, window)
        return self._labelled(rows, window)

    def _labelled(self, rows: MetricRows, window: np.ndarray) -> list[MetricRows]:
        """Rows, those of shifts and of orders by themselves, since only they have labels."""
        sort = _SORTS[self.windows["level"][window]]
        if not sort.any():
            return [rows]
        found = []
        for which, labelled in enumerate((_as_they_are, self._of_shifts, self._of_orders)):
            mine = np.flatnonzero(sort == which)
            if len(mine):
                found.append(labelled(rows.only(mine), window[mine]))
        return found

    @cached_property
    def _shifts(self) -> tuple[np.ndarray, dict[str, Named]]:
        """The windows of shifts, ascending by id, and the name and, where there is one, the crew of each."""
        ids = np.sort(self.ids[self.windows["level"][self.ids] == at.SHIFTS])
        line, start = self.windows["line"], self.windows["start"]
        shifts = Named.by_number(ids, lambda number: self.names.shift_name(int(line[number]), int(start[number])))
        crews = Named.by_number(ids, lambda number: self.names.crew_name(int(line[number]), int(start[number])))
        return ids, {"shift": shifts} | ({"crew": crews} if crews.names else {})

    def _of_shifts(self, rows: MetricRows, window: np.ndarray) -> MetricRows:
        ids, names = self._shifts
        place = ids.searchsorted(window)
        return rows._replace(labels={label: column.only(place) for label, column in names.items()})

    def _of_orders(self, rows: MetricRows, window: np.ndarray) -> MetricRows:
        """An order that was retracted may come again, so that each row says whether it was."""
        label = self.labels.take(window)
        fields = rows.fields | {"retracted": np.zeros(len(window))}
        labels = {"product": _numbered(label["product"], self.names.products)}
        texts = {"order_id": _numbered(label["order"], self.names.orders)} | rows.texts
        return rows._replace(fields=fields, labels=labels, texts=texts)


def _numbered(numbers: np.ndarray, names: list[str]) -> Named:
    """Names by their place in a list whose first is none."""
    return Named(np.where(numbers > 0, numbers, -1).astype(np.int32), names)


def _as_they_are(rows: MetricRows, _: np.ndarray) -> MetricRows:
    return rows
