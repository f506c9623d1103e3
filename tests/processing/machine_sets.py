"""Sets of rows of machines: states told in all ways, counters that reset and jump, corrections and orders."""

import json
from datetime import UTC, datetime
from random import Random

from hypothesis import strategies as st

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import ProductEntry
from tests.processing.engine_rig import SECOND, T0, Row, event

LINE = "plant/hall1/line1"
PRESS, OVEN, PACKER = f"{LINE}/press", f"{LINE}/oven", f"{LINE}/packer"

FILE = PlantFile(
    asset=(
        AssetEntry(
            path=PRESS,
            ideal_cycle_s=0.7,
            microstop_s=90.0,
            state_max_gap_s=5000.0,
            tags={
                "mode": TagEntry(
                    kind="state", codes={"0": "off", "1": "idle", "2": "setup", "3": "producing", "4": "down"}
                ),
                "strokes": TagEntry(kind="total_count", modulus=1000.0, max_delta=100.0),
            },
        ),
        AssetEntry(path=OVEN, microstop_s=400.0, state_max_gap_s=4000.0),
        AssetEntry(
            path=PACKER, state_max_gap_s=1000.0, tags={"packed": TagEntry(kind="good_count", counts_by="interval")}
        ),
    ),
    product=(
        ProductEntry(name="A", asset=OVEN, ideal_cycle_s=1.5),
        ProductEntry(name="A", asset=PRESS, ideal_cycle_s=2.0),
        ProductEntry(name="B", asset=PRESS, ideal_cycle_s=0.3),
    ),
)
"""A press with a state tag, minor stops and a counter that rolls over; an oven that tells by events; a packer with a run bit."""

PLANT = Plant(FILE)


def json_event(asset: str, tag: str, time: int, **said: object) -> Row:
    return event(asset, tag, time, json.dumps(said, sort_keys=True, separators=(",", ":")).encode())


_WORDS = ["producing", "idle", "down", "setup", "starved", "planned_stop", "standby", "off", "no_such_word"]
_STEPS_S = [0.0, 0.001, 1.0, 7.0, 30.0, 59.999999998, 60.0, 89.0, 90.0, 91.0, 299.0, 301.0, 900.0, 3601.0]


def _state(random: Random, time: int) -> Row:
    word = random.choice(_WORDS)
    return json_event(OVEN, "@state", time, state=word)


def _correction(random: Random, time: int) -> Row:
    asset, word = random.choice([PRESS, OVEN]), random.choice(_WORDS[:6])
    if random.random() < 0.4:
        return json_event(asset, "@correction", time, state=word)
    seconds = (time + random.choice([1, 30, 200, 3000]) * SECOND) // SECOND
    return json_event(asset, "@correction", time, state=word, until=iso(seconds))


def iso(seconds: int) -> str:
    """An instant as events tell it [s since 1970]."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _count(random: Random, time: int) -> Row:
    return json_event(
        random.choice([OVEN, PACKER]), "@count", time, scrap=random.choice([1, 2, -7.5]), good=random.choice([0, 5])
    )


def _order(random: Random, time: int) -> Row:
    number = random.choice("12")
    return json_event(
        LINE,
        "@order",
        time,
        order=number,
        phase=random.choice(["start", "start", "stop"]),
        product="AB"[int(number) - 1],
    )


def row_at(random: Random, time: int) -> Row:
    """One row of any of the machines."""
    quality = random.choice([0, 0, 0, 0, 1, 2])
    choices = {
        "mode": lambda: Row(PRESS, "mode", time, float(random.choice([0, 1, 1, 2, 3, 3, 4, 5])), quality),
        "strokes": lambda: Row(PRESS, "strokes", time, random.choice([0.0, 5.0, 40.0, 95.0, 400.0, 990.0]), quality),
        "reject_count": lambda: Row(PRESS, "reject_count", time, random.choice([0.0, 1.0, 3.0, 10.0, -2.0]), quality),
        "running": lambda: Row(PACKER, "running", time, random.choice([0.0, 1.0, 1.0]), quality),
        "packed": lambda: Row(PACKER, "packed", time, random.choice([0.0, 2.0, 7.0, -1.0]), quality),
        "total_count": lambda: Row(OVEN, "total_count", time, random.choice([0.0, 10.0, 12.0, 100.0]), quality),
        "state": lambda: _state(random, time),
        "correction": lambda: _correction(random, time),
        "count": lambda: _count(random, time),
        "order": lambda: _order(random, time),
        "power": lambda: Row(PRESS, "power_kw", time, 3.0, quality),
    }
    weights = [5, 2, 1, 3, 1, 1, 4, 2, 1, 1, 1]
    return random.choices(list(choices.values()), weights)[0]()


def machine_rows(random: Random, count: int, start: int = T0) -> list[Row]:
    """Rows in time order, no two of a series and time."""
    rows: dict[tuple[str, str, int], Row] = {}
    time = start + random.choice([0, 2, 30 * SECOND, 59_999_999_998])
    for _ in range(count):
        time += round(random.choice(_STEPS_S) * SECOND)
        row = row_at(random, time)
        rows[(row.asset, row.tag, row.time)] = row
    return list(rows.values())


@st.composite
def machine_row_lists(draw: st.DrawFn, most: int = 40) -> list[Row]:
    """As `machine_rows`; shrinks to fewer."""
    return machine_rows(Random(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, most)))


def restless_rows(random: Random, count: int) -> list[Row]:
    """Rows of the press, of which tags and events tell changes, tags also by the clock, and whose other readings go on and stop."""
    rows: dict[tuple[str, str, int], Row] = {}
    time, mode = T0 + random.choice([0, 30 * SECOND]), 1.0
    for _ in range(count):
        time += random.choice([1, 20, 60, 60, 60, 100, 100, 200, 300, 301, 900, 2000]) * SECOND
        kind = random.choices(
            ["power_kw", "temp", "strokes", "mode", "running", "state", "correction"], [6, 3, 1, 4, 1, 2, 1]
        )[0]
        if kind == "state":
            row = json_event(PRESS, "@state", time, state=random.choice(_WORDS[:3]))
        elif kind == "correction":
            row = json_event(PRESS, "@correction", time, state="setup")
        else:
            mode = random.choice([mode, mode, 3.0, 3.0, 0.0, 4.0]) if kind == "mode" else mode
            value = {"mode": mode, "running": random.choice([0.0, 1.0])}.get(kind, 3.0)
            quality = random.choice([0, 0, 0, 2]) if kind in ("power_kw", "temp") else 0
            row = Row(PRESS, kind, time, value, quality)
        rows[(row.asset, row.tag, row.time)] = row
    return list(rows.values())
