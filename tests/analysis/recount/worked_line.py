"""A line with everything that an operator may meet, at random, as rows for the engine and as a history for the recount."""

import json
import random
from collections import defaultdict
from math import isclose, isnan
from pathlib import Path

from analysis.recount.history import History
from fieldline.frames import payload_digest
from fieldline.plant import Plant, load_plant
from tests.processing.engine_rig import T0, Row, event

SECOND = 1_000_000_000
LINE = "plant/hall1/line1"
PLANT = """
[[line]]
path = "plant/hall1/line1"
output = "plant/hall1/line1/packer"

[[asset]]
path = "plant/hall1/line1/*"
microstop_s = 45
state_max_gap_s = "4m"
ideal_cycle_s = 3.0

[asset.tags.pulses]
kind = "pulse"
kwh_per_pulse = 0.01

[asset.tags.energy_kwh]
register_max_gap_s = "5m"
max_delta = 100
confirm_s = "2m"

[[asset]]
path = "plant/hall1/line1/filler"

[asset.tags.total_count]
modulus = 1000
max_delta = 50

[[product]]
name = "A"
ideal_cycle_s = 2.5

[[product]]
name = "B"
asset = "*/press"
ideal_cycle_s = 1.75

[[calendar]]
[[calendar.shift]]
name = "early"
start = "06:00"
end = "22:00"
breaks = [{start = "09:00", end = "09:15"}, {start = "21:30", end = "21:42"}]
[[calendar.shift]]
name = "night"
start = "22:30"
end = "23:30"
breaks = [{start = "22:50", end = "23:05"}, {start = "23:10", end = "23:20"}]

[[tariff]]
currency = "EUR"
price = 0.30
co2_kg_per_kwh = 0.35
[[tariff.period]]
from_hour = 22
to_hour = 23
price = 0.18
"""
STATES = ("producing", "producing", "idle", "down", "stopped", "changeover", "planned", "standby", "off", "dancing")


def plant_of(folder: Path, text: str = PLANT) -> Plant:
    """The plant of the text."""
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return load_plant(path)


def said(asset: str, kind: str, time: int, **attributes: object) -> Row:
    """The row of an event."""
    return event(asset, f"@{kind}", time, json.dumps(attributes, sort_keys=True).encode())


def rows_of_line(seed: int, seconds: int, start: int = T0) -> list[Row]:
    """Rows of two machines and a meter over some time, ascending [s]."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for name in ("press", "packer"):
        rows += _machine(rng, f"{LINE}/{name}", start, seconds)
    rows += _meters(rng, start, seconds)
    moment, order = start, 0
    while (moment := moment + rng.randrange(30, 900) * SECOND + rng.randrange(SECOND)) < start + seconds * SECOND:
        order += 1
        phase = rng.choice(("start", "start", "stop"))
        rows.append(said(LINE, "order", moment, order=f"o{order}", product=rng.choice("ABC"), phase=phase))
    return sorted(rows, key=lambda row: row.time)


def _machine(rng: random.Random, asset: str, start: int, seconds: int) -> list[Row]:
    rows, moment, good, scrap = [], start, 10.0, 0.0
    faults = random.Random(asset)
    while (
        moment := moment + rng.choice((2, 20, 40, 50, 300)) * SECOND // rng.randrange(1, 3)
    ) < start + seconds * SECOND:
        rows.append(said(asset, "state", moment, state=rng.choice(STATES)))
        if rng.random() < 0.05:
            until = (moment + 90 * SECOND) / SECOND
            rows.append(said(asset, "correction", moment - 7 * SECOND, state="changeover", until=until))
        if rng.random() < 0.05:
            rows.append(said(asset, "count", moment + 1, good=-1, scrap=1))
    for second in range(0, seconds, 10):
        good, scrap = good + rng.randrange(4), scrap + (rng.random() < 0.1)
        good = 0.0 if rng.random() < 0.01 else good
        shown = faults.choice((0.0, good / 3, good - 1, good + 500)) if faults.random() < 0.02 else good
        rows.append(Row(asset, "good_count", start + second * SECOND, shown))
        rows.append(Row(asset, "scrap_count", start + second * SECOND, scrap))
    return rows


def filler_rows(seed: int, seconds: int, start: int = T0) -> list[Row]:
    """A machine with a run/stop bit, PackML's numbers, a total counter that rolls over; scrap by events."""
    rng, asset, rows, total = random.Random(seed), f"{LINE}/filler", [], 900.0
    for second in range(0, seconds, 15):
        time = start + second * SECOND
        total = (total + rng.randrange(5)) % 1000
        rows.append(Row(asset, "total_count", time, total))
        if rng.random() < 0.3:
            rows.append(
                Row(asset, "running", time + SECOND, float(rng.random() < 0.8), quality=rng.choice((0, 0, 1, 2)))
            )
        if rng.random() < 0.2:
            rows.append(Row(asset, "packml_state", time + 2 * SECOND, float(rng.choice((2, 4, 6, 6, 9, 15, 99)))))
        if rng.random() < 0.1:
            rows.append(said(asset, "count", time + 3, scrap=1, rework=rng.choice((0, 1))))
        if rng.random() < 0.03:
            rows.append(said(asset, "correction", time + 5, state=rng.choice(("break", "idle", "fault"))))
    return rows


def _meters(rng: random.Random, start: int, seconds: int) -> list[Row]:
    """A press with power and a register that is reset, a packer with pulses and reactive power; samples are missing."""
    press, packer, rows, register = f"{LINE}/press", f"{LINE}/packer", [], 1000.0
    faults = random.Random(seconds)
    for second in range(0, seconds, 7):
        time = start + second * SECOND + rng.randrange(SECOND)
        register = 0.0 if rng.random() < 0.003 else register + rng.random() * 0.05
        shown = faults.choice((0.0, register / 3, register - 1, register + 500)) if faults.random() < 0.02 else register
        kinds = (
            (press, "power_kw", rng.uniform(5, 40)),
            (press, "reactive_power_kvar", rng.uniform(1, 9)),
            (press, "energy_kwh", shown),
            (packer, "pulses", float(rng.randrange(5))),
            (packer, "reactive_power_kvar", rng.uniform(1, 9)),
        )
        gone = second % 3000 > 2000
        rows += [
            Row(asset, tag, time, value)
            for asset, tag, value in kinds
            if rng.random() < 0.9 and not (gone and tag == "energy_kwh")
        ]
    return rows


def history_of(plant: Plant, rows: list[Row]) -> History:
    """What the rows say; of several for one series and time the smallest value counts."""
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for row in rows:
        if row.quality <= 1:
            about = json.loads(row.payload).get("tag", "") if row.tag == "@meter" and row.payload else ""
            times = found[row.asset, f"{row.tag}/{about}" if about else row.tag]
            times[row.time] = min(row.value, times.get(row.time, row.value))
    payloads = {payload_digest(row.payload): row.payload for row in rows if row.payload is not None}
    return History(plant, LINE, {key: sorted(times.items()) for key, times in found.items()}, payloads)


def differences(figures: dict[str, float], emitted: dict[str, float]) -> list[tuple[str, float, float]]:
    """Field, recount and what was emitted, where they differ."""
    return [
        (name, figures[name], value)
        for name, value in emitted.items()
        if not (isclose(figures[name], value, rel_tol=1e-9, abs_tol=1e-9) or isnan(figures[name]) and isnan(value))
    ]
