"""Rows on a log, run through the real engine, with its metrics in a local store: what `explain` and `show` look at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from delivery.rows import read_rows
from delivery.store import LocalStore
from fieldline.frames import decode_batch, encode_metrics, encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import load_plant
from processing.derived.of_plant import operators_of
from processing.derived.scored import NO_MODELS, Models
from processing.metric_rows import WINDOWS, MetricRows
from processing.operators import known
from tests.processing.engine_rig import EngineRig, Row, frames_of


class _Stored(EngineRig):
    """Writes what the engine emits into a store."""

    store: LocalStore

    def collect(self) -> None:
        names = self.engine.registry
        for rows in self.engine.take():
            self.store.write([read_rows(decode_batch(frame_of_rows(rows, names)))])


def frame_of_rows(rows: MetricRows, names: Any) -> bytes:
    """A frame of rows that an engine emitted; names : its registry."""
    labels, texts = (
        {name: (one.codes, one.names) for name, one in named.items()} for named in (rows.labels, rows.texts)
    )
    tag = None if rows.tag is None else (rows.tag.astype(np.int32), names.tags)
    window = None if rows.window is None else (rows.window, list(WINDOWS))
    asset = rows.asset.astype(np.int32), names.assets
    return encode_metrics(rows.kind, rows.time, asset, tag, window, rows.fields, labels, texts)


class Pipe:
    """A folder with a plant file, a log of readings and a local store of what became of them."""

    def __init__(
        self, folder: Path, plant: str, rows: Sequence[Row], size: int = 200, models: Models = NO_MODELS
    ) -> None:
        self.folder, self.log, self.store = folder, f"sqlite:{folder / 'plant.db'}", str(folder / "results.db")
        self.plant = str(folder / "plant.toml")
        Path(self.plant).write_text(plant, encoding="utf-8")
        frames = frames_of(sorted(rows, key=lambda row: row.time), size)
        log = SqliteLog(folder / "plant.db")
        for frame in frames:
            log.append(Stream.READINGS, 0, b"", encode_readings(frame)).result(10)
        log.close()
        of, there = load_plant(Path(self.plant)), list(known().values())
        rig = _Stored(of, windows=WINDOWS, operators=[*there, *operators_of(of, there, models=models)])
        rig.store = LocalStore(Path(self.store))
        rig.send(frames).finish()
        rig.store.close()

    def arguments(self, *arguments: object) -> list[str]:
        """A verb's arguments with log, plant and store."""
        return [str(one) for one in (*arguments, "--log", self.log, "--plant", self.plant, "--store", self.store)]
