"""Metrics across lines of a plant that is run: equal to what the readings give, through late ones; and each row is made in one place."""

from pathlib import Path
from random import Random
from typing import Any

from analysis.across.making import Across
from analysis.rollup.sink import DerivingSink
from delivery.rows import read_rows
from fieldline.clock import SystemClock
from fieldline.frames import decode_batch
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.readable import metrics_in
from processing.place import operators_for
from tests.analysis.whole_pipe import frame_of_rows
from tests.processing.derived.test_plant_metrics import HOUR0, MINUTE, plant
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

METER, NEAR, FAR = "plant/hall/line1/meter", "plant/hall/line1/press", "plant/hall/line2/press"
SHARES = f"""
[[metric]]
kind = "share"
asset = "plant/*/press"
windows = ["1m", "15m"]
assets.meter = "{METER}"
field.of_meter = {{ value = "mean(power_kw) / mean(meter.power_kw)", unit = "1" }}

[[metric]]
kind = "hall"
asset = "plant/hall"
windows = ["15m"]
assets.meter = "{METER}"
field.kw_each = {{ value = "mean(meter.power_kw) / asset.presses", unit = "kW" }}
field.at = {{ value = "window.hour + 100 * window.weekday + 1000 * window.working_share" }}
field.late = {{ value = "window.shift != 'early'" }}

[[asset]]
path = "plant/hall"
values = {{ presses = 2 }}

[[calendar]]
[[calendar.shift]]
name = "early"
start = "00:15"
end = "23:15"
"""


class Made(EngineRig):
    """An engine whose rows go to what makes metrics across lines; `rows` is what stands of those, by kind, asset, window and minute."""

    def begin(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "plant.db")
        self.sink = DerivingSink(Across(plant(SHARES)), folder / "plant.rollup.across.db", self.log, SystemClock())
        self.sink.open()
        self.sink.begin(1)
        self.of_timeline: set[tuple[str, str, str]] = set()

    def collect(self) -> None:
        for rows in self.engine.take():
            batch = decode_batch(frame_of_rows(rows, self.engine.registry))
            if rows.kind == "share":
                told = batch.to_pydict()
                self.of_timeline |= {("share", *pair) for pair in zip(told["asset"], told["window"], strict=True)}
            self.sink.write([read_rows(batch)])

    def rows(self) -> dict[tuple[str, str, str, int], dict[str, Any]]:
        found = {}
        for record in self.log.read(Stream.METRICS, 0, 0):
            kind = record.headers["kind"].decode()
            for row in metrics_in(record).to_pylist():
                minute = int(row["time"].timestamp() - HOUR0 // 10**9) // 60
                found[kind, row["asset"], row["window"], minute] = row
        return found


def test_figures_are_those_of_the_readings_on_both_lines(tmp_path: Path) -> None:
    random = Random(7)
    rows = [
        Row(asset, "power_kw", HOUR0 + k * 10 * SECOND, float(random.randrange(1, 50)))
        for k in range(180)
        for asset in (METER, NEAR, FAR)
    ]
    late = [row for row in rows if random.random() < 0.2]
    rig = Made(plant(SHARES), operators=operators_for(None, plant(SHARES)))
    rig.begin(tmp_path)

    rig.send(frames_of([row for row in rows if row not in late], 40))
    random.shuffle(late)
    rig.send(frames_of(late, 10)).finish()

    def mean(asset: str, quarter: int) -> float:
        start = HOUR0 + quarter * 15 * MINUTE
        values = [row.value for row in rows if row.asset == asset and start <= row.time < start + 15 * MINUTE]
        return sum(values) / len(values)

    made = rig.rows()
    assert made.keys() == {(kind, asset, "15m", 15 * k) for kind, asset in (("share", FAR), ("hall", "plant/hall")) for k in range(2)}  # fmt: skip
    for quarter in range(2):
        share, hall = made["share", FAR, "15m", 15 * quarter], made["hall", "plant/hall", "15m", 15 * quarter]
        assert abs(share["of_meter"] - mean(FAR, quarter) / mean(METER, quarter)) < 1e-12
        assert abs(hall["kw_each"] - mean(METER, quarter) / 2) < 1e-12 and share["coverage"] > 0.9
        # HOUR0 is eleven in the evening of a Tuesday, a quarter of an hour before the shift ends
        assert (hall["at"], hall["late"]) == ((1223.0, 0.0) if quarter == 0 else (223.0, 1.0))
    assert rig.of_timeline == {("share", NEAR, "1m"), ("share", NEAR, "15m")}
    rig.sink.close()
    rig.log.close()


def test_the_page_s_example_is_accepted() -> None:
    page = Path("docs/own-metrics.md").read_text(encoding="utf-8")
    example = next(block for block in page.split("```toml")[1:] if "brewery" in block).partition("```")[0]

    assert [entry.kind for entry in Across(plant(example))._needs.entries] == ["water"]
    assert operators_for(None, plant(example))
