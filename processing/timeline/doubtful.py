"""Rows that were emitted and may not come about again: those that no window makes are retracted.

Data add rows and take none away, but for two cases. A worker that was lost may have emitted a row of a reading whose successor reads it
together with the event that withdraws it, and so never makes the row. And a backfill that was taken to be over may go on with something
that ends what was taken to hold. Nothing notes which rows an operator gave; so those that may be gone are looked for among the rows that
the windows make now. That is right at any time: a row that is missed only because its readings were not run yet is emitted with them.
"""

from typing import Any

import numpy as np

from processing.metric_rows import WINDOWS, MetricRows, Named, level_of, levels_of
from processing.operator import Operator
from processing.timeline.registry import Registry
from processing.timeline.reprocessing import LeftBehind
from processing.timeline.residency import Residency
from processing.timeline.standing import Standing
from processing.timeline.tables import Tables
from processing.timeline.windows import Windows


class Doubtful:
    """The doubtful rows of one partition, until it is known whether they come about."""

    def __init__(
        self,
        tables: Tables,
        registry: Registry,
        residency: Residency,
        windows: Windows,
        standing: Standing,
        operators: list[Operator],
        names: tuple[str, ...],
    ) -> None:
        self._tables, self._registry, self._residency = tables, registry, residency
        self._windows, self._standing = windows, standing
        self._of_kind = {kind.name: operator for operator in operators for kind in operator.emits}
        self._names = frozenset(names)
        self._left: list[LeftBehind] = []

    @property
    def is_pending(self) -> bool:
        """Whether some wait for their line."""
        return bool(self._left)

    def look(self, left: list[LeftBehind], *, everything: bool = False) -> None:
        """Retract those that do not come about of lines that came that far again, or with `everything` of all; left : further ones."""
        if not left and not self._left:
            return
        watermark, waiting = self._tables.lines["watermark"], []
        for one in (*self._left, *left):
            if everything or watermark[one.line] >= one.until - 1:
                for rows in one.rows:
                    self.retract_missing(rows)
            else:
                waiting.append(one)
        self._left = waiting

    def retract_missing(self, rows: MetricRows) -> None:
        """Emit that those of the rows are none any more that no window makes. Raises Unavailable."""
        missing = self._missing(rows)
        if missing.any():
            self._windows.retract_rows(rows.only(missing))

    def _missing(self, rows: MetricRows) -> np.ndarray:
        """bool[n], which rows no window makes, though it would be emitted if one did."""
        operator = self._of_kind.get(rows.kind)
        missing = np.zeros(len(rows.time), bool)
        if operator is None or rows.window is None:
            return missing
        line, wanted = self._lines_of(rows), self._names & {*operator.windows}
        found = [np.empty(0, np.int64)]
        for window in np.unique(rows.window).tolist():
            if WINDOWS[window] not in wanted or level_of(WINDOWS[window]) < 0:
                continue
            levels = levels_of(WINDOWS[window])
            mine = (rows.window == window) & self._would_be_emitted(operator, max(levels), line, rows.time)
            missing |= mine
            for one, start in np.unique(np.stack([line[mine], rows.time[mine]]), axis=1).T.tolist():
                found += [self._residency.between(one, level, start, start + 1) for level in levels]
        ids = np.unique(np.concatenate(found))
        if missing.any() and len(ids):
            made = self._windows.given_by(ids, [operator])
            known = {identity for some in made if some.kind == rows.kind for identity in some.identities()}
            missing &= np.array([identity not in known for identity in rows.identities()], bool)
        return missing

    def _would_be_emitted(self, operator: Operator, level: int, line: np.ndarray, start: np.ndarray) -> np.ndarray:
        """bool[n], whether windows that an operator made rows of would be emitted: others are left to what stands."""
        is_held = (line >= 0) & (start >= self._tables.lines["kept_from"][line])
        since = self._standing.since((operator.name, *operator.needs), level)
        return is_held if since is None else is_held & (start >= since[line])

    def _lines_of(self, rows: MetricRows) -> np.ndarray:
        """int64[n], the line of each row's asset, -1 where nothing was heard of it."""
        known, place = np.unique(rows.asset, return_inverse=True)
        assets, number = self._registry.assets, self._registry.line_number
        return np.array([number(assets[asset]) for asset in known.tolist()], np.int64)[place]

    def names(self) -> list[tuple[int, int, list[dict[str, Any]]]]:
        """What a checkpoint keeps."""
        return [(one.line, one.until, [_packed(rows) for rows in one.rows]) for one in self._left]

    def restore(self, packed: list[tuple[int, int, list[dict[str, Any]]]]) -> None:
        """Take what `names` gave."""
        self._left = [LeftBehind(line, until, [_unpacked(rows) for rows in some]) for line, until, some in packed]


def _packed(rows: MetricRows) -> dict[str, Any]:
    """The identities of rows, and the names of what they say."""
    numbers = {
        "time": rows.time,
        "asset": rows.asset,
        "tag": rows.tag,
        "window": rows.window,
        "rev": rows.fields["rev"],
    }
    return {
        "kind": rows.kind,
        "numbers": {name: column.astype(np.int64).tobytes() for name, column in numbers.items() if column is not None},
        "labels": {name: (column.codes.tobytes(), column.names) for name, column in rows.labels.items()},
        "fields": list(rows.fields),
        "texts": list(rows.texts),
    }


def _unpacked(packed: dict[str, Any]) -> MetricRows:
    numbers = {name: np.frombuffer(column, np.int64) for name, column in packed["numbers"].items()}
    time, asset, rev = (numbers[name] for name in ("time", "asset", "rev"))
    labels = {name: Named(np.frombuffer(codes, np.int32), names) for name, (codes, names) in packed["labels"].items()}
    tag, window = (numbers[name].astype(np.int32) if name in numbers else None for name in ("tag", "window"))
    fields = dict.fromkeys(packed["fields"], np.full(len(time), np.nan)) | {"rev": rev.astype(np.float64)}
    texts = {name: Named(np.full(len(time), -1, np.int32), []) for name in packed["texts"]}
    return MetricRows(packed["kind"], time, asset, tag, window, fields, labels, texts)
