"""Soil moisture a week ahead beside persistence, in time order (folders like soil_moisture_drummondville).

Columns `PROBE_vwc_pct` and `PROBE_temp_c` of a file of days are a probe. The folder's files are one history; each forecast is by the task
`moisture` of `fieldline train`, fitted on what had been measured by its day.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks.fields.tables import found
from fieldline.errors import SettingsError
from models.card import Figure
from models.moisture.figures import Judged, figures_of, joined
from models.table import FILE, Table
from models.task import Trained, silent
from models.tasks import known

_MOISTURE, _TEMPERATURE = "_vwc_pct", "_temp_c"


class Forecasts(NamedTuple):
    """Of one probe, or of all: what is said of its days, how many were foretold, the figures, and the least gain that is wanted."""

    name: str
    days: str
    count: int
    figures: dict[str, Figure]

    @property
    def is_met(self) -> bool:
        """Whether persistence is beaten; of all probes, whether that is more than chance."""
        gain = self.figures["gain_on_persistence"]
        return (gain.value if self.days else gain.low or 0.0) > 0

    @property
    def text(self) -> str:
        """As it is printed."""
        of, gain = self.figures, self.figures["gain_on_persistence"]
        return (
            f"{'ok    ' if self.is_met else 'MISSED'} {self.name}: {self.count} forecasts, RMSE {of['rmse'].value:.2f} % by volume, "
            f"persistence {of['persistence_rmse'].value:.2f}; MAE {of['mae'].value:.2f}, {of['persistence_mae'].value:.2f}; "
            f"RMSE less by {_percent(gain.value)} (90 %: {_percent(gain.low)} to {_percent(gain.high)}){self.days}"
        )


def run(folder: Path) -> Iterator[Forecasts]:
    """Each probe, all of them, and all of them in each file where there are several."""
    task = known()["moisture"]
    table = task.read(*found(folder, "*.csv"))
    probes = [name.removesuffix(_MOISTURE) for name in table.frame.columns if name.endswith(_MOISTURE)]
    if not probes:
        raise SettingsError(f"{folder}: expected columns such as E1{_MOISTURE} and E1{_TEMPERATURE}, there is none")
    table = table._replace(frame=table.frame.with_columns(_dates(table)))  # once, not for each probe
    parts = []
    for probe in probes:
        columns = {"time": "date", "moisture": probe + _MOISTURE, "temperature": probe + _TEMPERATURE}
        model = task.trained(table, task.options_of(columns), silent)
        parts.append(_judged(model))
        figures = {one.name: one for one in model.card.figures}
        yield Forecasts(probe, f". {model.card.limits[0]}", len(parts[-1].came), figures)
    together = joined(parts)
    yield _all("all probes", together)
    for name, judged in _of_files(table, together):
        yield _all(f"all probes, {name}", judged)


def _dates(table: Table) -> pl.Series:
    table.require(["date"])
    return table.frame["date"].cast(pl.String).str.to_date("%Y-%m-%d", strict=False)


def _judged(model: Trained) -> Judged:
    return Judged(*(model.evidence[name] for name in Judged._fields))


def _of_files(table: Table, judged: Judged) -> Iterator[tuple[str, Judged]]:
    if FILE not in table.frame.columns:
        return
    file, time_h = table.words(FILE), table.moments("date")
    for name in np.unique(file):
        mine = np.isin(judged.time_h, time_h[file == name])
        if mine.any():
            yield str(name), judged.of(mine)


def _all(name: str, judged: Judged) -> Forecasts:
    return Forecasts(name, "", len(judged.came), {one.name: one for one in figures_of(judged, 7, name, seed=0)})


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{100.0 * share:.1f} %"
