"""A partition for tests: frames in a list as the log, an engine over them, and the metrics as they would stand in a database."""

from collections.abc import Iterable, Iterator

import numpy as np

from fieldline.frames import Readings
from fieldline.plant import Plant
from processing.operators import WINDOWS, energy, telemetry
from processing.timeline.engine import Engine, Timing

T0 = 1_700_000_040_000_000_000
SECOND = 1_000_000_000

Row = tuple[str, str, int, float]
"""asset, tag, time [ns], value"""

Table = dict[tuple[str, ...], dict[str, bytes]]


def frame_of(rows: list[Row], received: int | None = None, quality: int = 0) -> Readings:
    """Rows as one frame; received at the time of its newest row unless told."""
    assets, tags = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    time = np.array([row[2] for row in rows], np.int64)
    return Readings(
        time=time,
        received=np.full(len(rows), max(time) if received is None else received, np.int64),
        asset=np.array([assets.index(row[0]) for row in rows], np.int32),
        tag=np.array([tags.index(row[1]) for row in rows], np.int32),
        value=np.array([row[3] for row in rows], np.float64),
        quality=np.full(len(rows), quality, np.uint8),
        assets=assets,
        tags=tags,
    )


class Partition:
    """Feeds frames to an engine and keeps the last row of each identity."""

    def __init__(self, plant: Plant | None = None, windows: tuple[str, ...] = WINDOWS, row_cache: int = 1 << 21) -> None:
        self.log: list[Readings] = []
        self.fetched = 0
        self.now = 0
        self.table: Table = {}
        self.revisions: dict[tuple[str, ...], float] = {}
        self.engine = Engine(
            plant=plant or Plant(),
            operators=[telemetry.COMPONENT, energy.COMPONENT],
            windows=windows,
            timing=Timing(),
            row_cache=row_cache,
            fetch=self.fetch,
            load_page=self.load_page,
        )

    def fetch(self, first: int, last: int) -> Iterator[tuple[int, Readings]]:
        self.fetched += 1
        yield from ((k, self.log[k]) for k in range(first, last + 1))

    def load_page(self, position: int) -> np.ndarray:
        raise AssertionError(f"nothing was evicted, yet page {position} is wanted")

    def send(self, frames: Iterable[Readings], pause_s: float = 0.01) -> None:
        for frame in frames:
            self.log.append(frame)
            self.now += int(pause_s * SECOND)
            self.engine.step([(len(self.log) - 1, frame)], self.now)
            self.engine.tick(self.now, int(frame.received.max()))
            self.engine.emit()
            self.collect()

    def finish(self) -> None:
        """Fall silent until every window is over."""
        newest = int(self.engine.tables.lines[:, 0].max())
        for seconds in (0.2, 1, 5, 4000, 90_000):
            self.now += int(seconds * SECOND)
            self.engine.tick(self.now, newest + 200_000 * SECOND)
            self.engine.emit(everything=True)
            self.collect()
        assert not self.engine.unemitted

    def collect(self) -> None:
        names = self.engine.registry
        for rows in self.engine.take():
            for k in range(len(rows.time)):
                tag = "" if rows.tag is None else names.tags[rows.tag[k]]
                window = "" if rows.window is None else WINDOWS[rows.window[k]]
                key = (rows.kind, names.assets[rows.asset[k]], tag, window, str(rows.time[k]))
                self.table[key] = {
                    name: column[k : k + 1].tobytes() for name, column in rows.fields.items() if name != "rev"
                }
                if "rev" in rows.fields:
                    self.revisions[key] = float(rows.fields["rev"][k])
