"""Meters of a plant run through the engine, and what it emitted as a store would give it."""

from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import Any
from zoneinfo import ZoneInfo

from analysis.overview.asked import Asked
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from processing.operators import energy
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

LINE = "plant/hall/line1"
METER = f"{LINE}/meter"
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def ns(text: str, zone: str = "UTC") -> int:
    """A local time [ns UTC]."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def drawn(start: int, step: int, powers_kw: Sequence[float], asset: str = METER, base: float = 1000.0) -> list[Row]:
    """Readings of a register that counts each power for a step of time, one after the other [ns UTC, ns, kW]."""
    rows, total = [Row(asset, "energy_kwh", start, base)], base
    for k, power in enumerate(powers_kw, 1):
        total += power * step / HOUR
        rows.append(Row(asset, "energy_kwh", start + k * step, total))
    return rows


class Emitted:
    """The rows of `energy` of an engine's run, by the interface of `Results`."""

    def __init__(self, rig: EngineRig) -> None:
        self._rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for _, asset, _, window in sorted({key[:4] for key in rig.table if key[0] == "energy"}):
            rows = [
                {"asset": asset, "time": time} | {name: None if isnan(value) else value for name, value in row.items()}
                for time, row in sorted(rig.values("energy", asset, window).items())
            ]
            self._rows[asset, window] = rows

    def rows(
        self, kind: str, asset: str, window: str, start: int, stop: int, *, is_below: bool = False
    ) -> list[dict[str, Any]]:
        assert kind == "energy"
        mine = [rows for (path, name), rows in self._rows.items() if name == window and _is(path, asset, is_below)]
        return sorted(
            (row for rows in mine for row in rows if start <= row["time"] < stop), key=lambda row: int(row["time"])
        )


def _is(path: str, asset: str, is_below: bool) -> bool:
    return path.startswith(f"{asset}/") if is_below else path == asset


def metered(file: PlantFile, rows: Sequence[Row]) -> Asked:
    """What can be asked of a plant after rows of its meters: of its line, the newest window."""
    plant = Plant(file)
    rig = EngineRig(plant, operators=[energy.COMPONENT]).send(frames_of(sorted(rows, key=lambda row: row.time), 500))
    return Asked(plant, Emitted(rig.finish()), LINE)  # type: ignore[arg-type]
