"""Sets of rows for properties: what arrives, in which order and cut, and what befalls the worker meanwhile."""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, SiteEntry, TagEntry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, event, frame_of

PLANT = Plant(
    PlantFile(
        site=(SiteEntry(path="berlin", time_zone="Europe/Berlin"),),
        asset=(
            AssetEntry(
                path="plant/hall/line3/*",
                tags={
                    "energy_kwh": TagEntry(kind="register", unit="kWh", modulus=1000.0, max_delta=100.0),
                    "pulses": TagEntry(kind="pulse", kwh_per_pulse=0.25),
                    "power_kw": TagEntry(kind="power", unit="kW", max_gap_s=30.0),
                },
            ),
        ),
    )
)
"""One line as names alone tell it, one in Berlin, one with a short gap, a rollover and pulses."""

SERIES = [
    ("plant/hall/line1/press", "power_kw"),
    ("plant/hall/line1/press", "reactive_power_kvar"),
    ("plant/hall/line1/press", "energy_kwh"),
    ("plant/hall/line1/oven", "power_kw"),
    ("plant/hall/line1/oven", "interval_energy_kwh"),
    ("plant/hall/line1/oven", "@state"),
    ("plant/hall/line1", "@order"),
    ("berlin/hall/line2/saw", "power_kw"),
    ("berlin/hall/line2/saw", "reactive_energy_kvarh"),
    ("plant/hall/line3/mill", "energy_kwh"),
    ("plant/hall/line3/mill", "power_kw"),
    ("plant/hall/line3/mill", "pulses"),
]

_STEPS_S = [0.0, 0.001, 0.25, 1.0, 7.0, 20.0, 59.999999999, 60.0, 100.0, 299.0, 300.0, 301.0, 900.0, 3600.0, 3601.0]
_ORDERS = [
    b'{"order":"1","phase":"start","product":"A"}',
    b'{"order":"2","phase":"start","product":"B"}',
    b'{"order":"1","phase":"stop"}',
    b'{"order":"2","phase":"void"}',
]
_VALUES = [-0.0, 0.0, 1.5, -2.25, 3.0, 10.0, 80.0, 990.0, 1e6, 0.1]


@dataclass(frozen=True)
class Arrival:
    """Rows in the order of their arrival, cut into frames, with what happens after each frame."""

    rows: list[Row]
    sizes: list[int]
    events: list[str]
    backfill: bool

    def play(self, rig: EngineRig, steps_of: int = 1) -> EngineRig:
        """Send the frames; `events` come round and round: next, pause, silence, checkpoint, crash."""
        at = turn = 0
        received = T0 + 10 * 86_400 * SECOND if self.backfill else None
        while at < len(self.rows):
            size, what = self.sizes[turn % len(self.sizes)], self.events[turn % len(self.events)]
            rig.send([frame_of(self.rows[at : at + size], received)], 0.4 if what == "pause" else 0.01)
            at, turn = at + size, turn + 1
            if what == "silence":
                rig.wait(130.0, turns=3)
            elif what == "checkpoint":
                rig.checkpoint()
            elif what == "crash":
                rig.crash(steps_of)
        return rig.finish()


@st.composite
def row_lists(draw: st.DrawFn, most: int = 40) -> list[Row]:
    """Rows of several series in time order, some bad, some sparse, some at the same time; no two of a series and time."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, len(SERIES) - 1),
                st.sampled_from(_STEPS_S),
                st.sampled_from(_VALUES),
                st.sampled_from([0, 0, 0, 0, 1, 2]),
            ),
            min_size=1,
            max_size=most,
        )
    )
    rows: dict[tuple[int, int], Row] = {}
    time = T0 + draw(st.sampled_from([0, 1, 30 * SECOND, 59_999_999_999]))
    for number, step_s, value, quality in drawn:
        time += round(step_s * SECOND)
        asset, tag = SERIES[number]
        if tag == "@order":
            row = event(asset, tag, time, _ORDERS[_VALUES.index(value) % len(_ORDERS)])
        elif tag.startswith("@"):
            row = event(asset, tag, time, b"%g" % value)
        else:
            row = Row(asset, tag, time, value, quality)
        rows[(number, time)] = row
    return list(rows.values())


@st.composite
def arrivals(draw: st.DrawFn, rows: list[Row], crashes: bool = False) -> Arrival:
    """The rows in any order, some twice, in frames of any size, live or as a backfill."""
    order = draw(st.permutations(rows)) if draw(st.booleans()) else list(rows)
    again = draw(st.lists(st.tuples(st.sampled_from(rows), st.integers(0, len(rows))), max_size=8))
    for row, place in again:
        order.insert(place, row)
    events = ["next", "pause", "silence"] + (["checkpoint", "crash"] if crashes else [])
    return Arrival(
        rows=order,
        sizes=draw(st.lists(st.integers(1, 12), min_size=1, max_size=5)),
        events=draw(st.lists(st.sampled_from(events), min_size=1, max_size=12)),
        backfill=draw(st.booleans()),
    )


def plant_rows(
    seed: int, minutes: float, assets: int = 4, lines: int = 2, start: int = T0, site: str = "p"
) -> list[Row]:
    """A seeded plant in time order: powers, registers with resets, intervals, temperatures; some sparse, with gaps."""
    random, rows = Random(seed), []
    for number in range(assets):
        asset = f"{site}/hall/line{number % lines}/machine{number}"
        step_s = random.choice([0.5, 1.0, 7.0, 40.0, 200.0])
        t, register = random.random() * 3, 0.0
        while t < minutes * 60:
            time = start + int(t * SECOND)
            register = 0.0 if random.random() < 0.01 else register + random.random()
            offers = {
                "power_kw": (0.9, random.uniform(-1, 10)),
                "reactive_power_kvar": (0.4, random.uniform(-2, 5)),
                "energy_kwh": (0.3 if number % 2 else 0.0, register),
                "interval_energy_kwh": (0.2 if number % 3 == 2 else 0.0, random.random()),
                "temp_c": (0.5, random.gauss(20, 3)),
            }
            for tag, (chance, value) in offers.items():
                if random.random() < chance:
                    rows.append(Row(asset, tag, time, value, 2 if random.random() < 0.03 else 0))
            t += step_s * (0.5 + random.random())
            if random.random() < 0.01:
                t += random.choice([310, 1000, 4000])
    return sorted(rows, key=lambda row: row.time)
