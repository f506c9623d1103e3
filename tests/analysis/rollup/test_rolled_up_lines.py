"""Areas and sites of a plant that is run: their times are the sums of their lines', through late rows, corrections and late orders."""

from math import fsum
from pathlib import Path
from random import Random
from typing import Any

import pytest

from analysis.rollup.areas import Areas
from analysis.rollup.sink import DerivingSink
from delivery.rows import read_rows
from fieldline.across import WINDOWS
from fieldline.clock import SystemClock
from fieldline.frames import decode_batch
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.readable import metrics_in
from processing.operators import known
from tests.analysis.whole_pipe import frame_of_rows
from tests.processing.engine_rig import EngineRig, Row, frames_of
from tests.processing.machine_sets import LINE, PLANT, machine_rows

LINES = ("plant/hall1/line1", "plant/hall1/line2", "plant/hall2/line1")
LOSSES = (
    "calendar_time_s",
    "unqualified_time_s",
    "down_time_loss_s",
    "setup_loss_s",
    "delay_loss_s",
    "minor_stop_loss_s",
    "actual_production_time_s",
)


class Rolled(EngineRig):
    """An engine whose rows go into the roll-up as they are emitted; what stands of lines is kept beside."""

    def begin(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "plant.db")
        self.sink = DerivingSink(Areas(PLANT), folder / "plant.rollup.db", self.log, SystemClock())
        self.sink.open()
        self.sink.begin(1)
        self.lines: dict[tuple[Any, ...], dict[str, Any]] = {}

    def collect(self) -> None:
        for rows in self.engine.take():
            batch = decode_batch(frame_of_rows(rows, self.engine.registry))
            self.sink.write([read_rows(batch)])
            self.lines |= found(batch)

    def areas(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        for record in self.log.read(Stream.METRICS, 0, 0):
            rows |= found(metrics_in(record))
        return rows

    def close(self) -> None:
        self.sink.close()
        self.log.close()


def found(batch: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows of `losses` and `production_order` by kind, asset, window, start and shift."""
    kind = batch.schema.metadata[b"kind"].decode()
    if kind not in ("losses", "production_order"):
        return {}
    times = batch.column("time").cast("int64").to_pylist()
    rows = batch.drop_columns(["time"]).to_pylist()
    return {
        (kind, row["asset"], row["window"], time, row.get("shift") or ""): row
        for time, row in zip(times, rows, strict=True)
    }


def rows_of_lines(random: Random) -> list[Row]:
    """Rows of machines of all lines, with corrections and orders, in the order of time."""
    rows = []
    for line in LINES:
        for row in machine_rows(random, 120):
            rows.append(row._replace(asset=row.asset.replace(LINE, line)))
    return sorted(rows, key=lambda row: row.time)


@pytest.mark.parametrize("seed", range(4))
def test_times_and_pieces_of_areas_are_the_sums_of_their_lines(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    frames = frames_of(rows_of_lines(random), 25)
    late = [frame for frame in frames if random.random() < 0.3]
    rig = Rolled(
        PLANT, windows=("1m", *WINDOWS, "order"), operators=[known()[name] for name in ("machine", "order", "energy")]
    )
    rig.begin(tmp_path)

    rig.send([frame for frame in frames if not any(frame is one for one in late)])
    random.shuffle(late)
    rig.send(late).finish()

    standing = {key: row for key, row in rig.lines.items() if key[1] in LINES and row.get("retracted") != 1.0}
    areas = {key: row for key, row in rig.areas().items() if row.get("retracted") != 1.0}
    wanted: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for (kind, line, window, start, shift), row in standing.items():
        if window in WINDOWS:
            for path in ("plant", line.rsplit("/", 1)[0]):
                wanted.setdefault((kind, path, window, start, shift), []).append(row)
    assert areas.keys() == wanted.keys() and len(areas) > 20
    for key, rows in wanted.items():
        names = LOSSES if key[0] == "losses" else ("good_count", "total_count", "producing_time_s")
        for name in names:
            values = [row[name] for row in rows if row[name] is not None]
            assert areas[key][name] == (fsum(values) if values else None), (key, name)
    assert any(len(rows) == len(LINES) for rows in wanted.values())
    rig.close()
