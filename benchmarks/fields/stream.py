"""Readings through the engine, in the order of their times, and the rows that come of them."""

import tomllib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from fieldline.errors import SettingsError
from fieldline.frames import Readings
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.formulas.division import Floats
from processing.operators import chosen
from processing.place import needed
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.timing import Timing

_FRAME = 5_000
_AT_LAST_S = (1.0, 5.0, 4_000.0, 90_000.0, 200_000.0)
"""How long nothing comes at the end, so that every window is over."""

OPERATORS = ("telemetry", "et0", "rain", "irrigation", "soil_water")
Found = dict[tuple[str, str], dict[float, dict[str, float]]]
"""By kind and asset, by start of the window [s since 1970], the fields."""


class Series(NamedTuple):
    """Readings of one tag: times [s since 1970 UTC] and values, float64[n]; NaN: none."""

    asset: str
    tag: str
    time_s: Floats
    value: Floats


def plant_of(text: str) -> Plant:
    """The plant that a plant file's text declares. Raises SettingsError."""
    wrong: list[str] = []
    file = to_struct(PlantFile, tomllib.loads(text), "$", wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Plant(file)


def run(plant: Plant, series: Iterable[Series], windows: tuple[str, ...]) -> Found:
    """The newest row of every window of every metric of `OPERATORS` but `telemetry`."""
    engine = Engine(
        plant=plant,
        operators=needed(chosen(OPERATORS), plant),
        windows=windows,
        timing=Timing(),
        row_cache=64 << 20,
        origin=Origin(lambda first, last: (), _no_page),
    )
    rows, now_ns, wall_ns = Found(), 0, 0
    for at, frame in enumerate(_frames([*series])):
        now_ns += 1_000_000_000
        wall_ns = int(frame.time.max())
        engine.step([(at, frame)], now_ns)
        engine.tick(now_ns, wall_ns)
        engine.emit()
        _keep(engine, rows)
    for pause_s in _AT_LAST_S:
        now_ns, wall_ns = now_ns + int(pause_s * 1e9), wall_ns + int(pause_s * 1e9)
        engine.tick(now_ns, wall_ns)
        engine.emit(everything=True)
        _keep(engine, rows)
    return rows


def _frames(series: list[Series]) -> Iterable[Readings]:
    assets, tags = sorted({one.asset for one in series}), sorted({one.tag for one in series})
    time = np.concatenate([np.round(one.time_s * 1e9).astype(np.int64) for one in series])
    value = np.concatenate([one.value for one in series])
    asset, tag = (
        np.concatenate(
            [np.full(len(one.value), names.index(name), np.int32) for one, name in zip(series, mine, strict=True)]
        )
        for names, mine in ((assets, [one.asset for one in series]), (tags, [one.tag for one in series]))
    )
    order = np.lexsort((tag, asset, time))
    order = order[~np.isnan(value[order])]
    for first in range(0, len(order), _FRAME):
        mine = order[first : first + _FRAME]
        yield Readings(
            time=time[mine],
            received=np.full(len(mine), time[mine].max(), np.int64),
            asset=asset[mine],
            tag=tag[mine],
            value=value[mine],
            quality=np.zeros(len(mine), np.uint8),
            assets=assets,
            tags=tags,
            payload=None,
        )


def _keep(engine: Engine, found: Found) -> None:
    for rows in engine.take():
        if rows.tag is not None:
            continue
        names = [engine.registry.assets[one] for one in rows.asset.tolist()]
        columns = {name: np.asarray(column, np.float64).tolist() for name, column in rows.fields.items()}
        for place, (name, start) in enumerate(zip(names, rows.time.tolist(), strict=True)):
            row = {field: values[place] for field, values in columns.items()}
            found.setdefault((rows.kind, name), {})[start / 1e9] = row


def _no_page(offset: int) -> np.ndarray:
    raise AssertionError(f"no checkpoint was written, yet page {offset} of one is asked for")


def column(found: Found, kind: str, asset: str, starts_s: Floats, field: str) -> Floats:
    """A field at windows' starts, float64[n]; NaN where there is no row, or no value."""
    rows = found.get((kind, asset), {})
    return np.array([rows.get(float(start), {}).get(field, np.nan) for start in starts_s])
