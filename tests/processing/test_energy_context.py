"""Energy by state, shift, order and price: equal to its twin, and parts that add up however they are cut."""

import json
from datetime import UTC, datetime
from math import fsum, isclose, isnan
from random import Random

import numpy as np
import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, CalendarEntry, PlantFile, TagEntry, TariffEntry
from fieldline.plantfile.calendars import ShiftEntry
from fieldline.plantfile.tariffs import PeriodEntry
from fieldline.states import State, state_of
from processing.operators import energy
from tests.processing.engine_rig import SECOND, EngineRig, Row, Table, event, frames_of
from tests.twins.energy_context import Told, energy_in_context
from tests.twins.machine import stretches
from tests.twins.samples import samples_by_series

LINE = "plant/hall/line1"
PRESS, METER, OVEN = f"{LINE}/press", f"{LINE}/meter", f"{LINE}/oven"
START = 1_699_999_200 * SECOND  # 2023-11-14 22:00 UTC, 23:00 in Berlin: within the night shift
MINUTE = 60 * SECOND
CODES = {"1": "running", "2": "idle", "3": "standby", "4": "off", "5": "down"}
IN_STATE = ("producing_energy_kwh", "idle_energy_kwh", "standby_energy_kwh", "off_energy_kwh")
ADDED = ("active_energy_kwh", *IN_STATE, "energy_cost", "co2_kg")

PLANT = Plant(
    PlantFile(
        time_zone="Europe/Berlin",
        asset=(
            AssetEntry(path=PRESS, state_max_gap_s=7200.0, tags={"mode": TagEntry(kind="state", codes=CODES)}),
            AssetEntry(path=METER, state_of=PRESS, tags={"pulses": TagEntry(kind="pulse", kwh_per_pulse=0.25)}),
        ),
        tariff=(
            TariffEntry(
                currency="EUR",
                price=0.25,
                period=(PeriodEntry(from_hour=0, to_hour=6, price=0.125),),
                co2_kg_per_kwh=tuple(0.25 + hour / 64 for hour in range(24)),
            ),
        ),
        calendar=(
            CalendarEntry(
                shift=(
                    ShiftEntry(name="early", start="06:00", end="14:00"),
                    ShiftEntry(name="late", start="14:00", end="22:00"),
                    ShiftEntry(name="night", start="22:00", end="06:00"),
                )
            ),
        ),
    )
)
_STATES = ["running", "idle", "standby", "off", "down", "setup", "nothing anyone heard of"]
_SERIES = [
    (PRESS, "power_kw"),
    (PRESS, "mode"),
    (PRESS, "@state"),
    (PRESS, "@correction"),
    (METER, "energy_kwh"),
    (METER, "interval_energy_kwh"),
    (METER, "pulses"),
    (OVEN, "energy_kwh"),
    (OVEN, "@state"),
    (LINE, "@order"),
]
_VALUES = [0.0, 1.0, 2.0, 3.0, 4.0, 7.0, 40.0]


def said(time: int, tag: str, asset: str, **attributes: object) -> Row:
    return event(asset, tag, time, json.dumps(attributes, sort_keys=True).encode())


def row_of(number: int, time: int, value: float, quality: int) -> Row:
    """A row of the series `number`; events say what `value` stands for."""
    asset, tag = _SERIES[number]
    k = _VALUES.index(value)
    if tag == "@state":
        return said(time, tag, asset, state=_STATES[k])
    if tag == "@correction":
        until = {"until": (time // SECOND) + 200 * k} if k else {}
        return said(time, tag, asset, state=_STATES[(k + 2) % 6], **until)
    if tag == "@order":
        return said(time, tag, asset, order=str(k % 3), phase="stop" if k > 4 else "start", product="AB"[k % 2])
    return Row(asset, tag, time, value, quality)


def rig_of(**options: object) -> EngineRig:
    return EngineRig(PLANT, operators=[energy.COMPONENT], **options)  # type: ignore[arg-type]


def standing(table: Table) -> Table:
    """The rows that were not taken back."""
    return {key: fields for key, fields in table.items() if fields.get("retracted", bytes(8)) == bytes(8)}


def price(time: int) -> float:
    return 0.125 if local_hour(time) < 6 else 0.25


def factor(time: int) -> float:
    return 0.25 + local_hour(time) / 64


def local_hour(time: int) -> int:
    return (time // (3600 * SECOND) + 1) % 24  # Berlin in winter


def told_of(rows: list[Row], asset: str) -> list[Told]:
    """The states of an asset, of the twin that follows machines."""
    found = stretches([dated(row) for row in rows], asset, PLANT)
    return [Told(one.start, int(one.state), one.end - one.start) for one in found]


def dated(row: Row) -> Row:
    """A row as that twin reads it: the end of a correction as text, a state by the plant model's name for it."""
    if row.payload is None or row.tag not in ("@state", "@correction"):
        return row
    said = json.loads(row.payload)
    if "until" in said:
        said["until"] = datetime.fromtimestamp(said["until"], UTC).isoformat()
    said["state"] = (state_of(said["state"]) or State.UNKNOWN).name
    return row._replace(payload=json.dumps(said).encode())


def random_rows(seed: int) -> list[Row]:
    """A few hours of all series, in time order."""
    random, rows = Random(seed), {}
    time = START + random.choice([0, 30 * SECOND])
    for _ in range(240):
        time += round(random.choice([0.25, 1, 7, 20, 45, 60, 61.5, 130, 290]) * SECOND)
        number = random.choice([0, 0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9])
        rows[number, time] = row_of(number, time, random.choice(_VALUES), random.choice([0, 0, 0, 0, 0, 2]))
    return list(rows.values())


@pytest.mark.parametrize("seed", range(6))
def test_every_window_equals_the_twin(seed: int) -> None:
    rows = random_rows(seed)
    samples, cuts = samples_by_series(rows), [row.time for row in rows if row.tag == "@order"]

    rig = rig_of().send(frames_of(rows, 33)).finish()

    compared = 0
    for key, fields in standing(rig.table).items():
        _, asset, _, window, start = key[:5]
        if window not in _LENGTHS and window != "order":
            continue
        end = int(start) + _LENGTHS.get(window, 0)
        if window == "order":
            end = next((cut for cut in cuts if cut > int(start) and changes(rows, cut)), 2**62)
        series = [
            (PLANT.tag_info(asset, tag), mine)
            for (owner, tag), mine in samples.items()
            if owner == asset and PLANT.tag_info(asset, tag).role in range(1, 8)
        ]
        told = told_of(rows, PRESS if asset == METER else asset)
        want = energy_in_context(series, told, cuts, price, factor, int(start), end)
        for name, value in want.items():
            got = np.frombuffer(fields[name])[0]
            same = isnan(value) and isnan(got) or isclose(value, got, rel_tol=1e-9, abs_tol=1e-12)
            assert same, (key, name, value, got)
            compared += 1
    assert compared > 1000


_LENGTHS = {"1m": MINUTE, "15m": 15 * MINUTE, "1h": 60 * MINUTE}


def orders_at(rows: list[Row]) -> list[tuple[int, str, str]]:
    """From when on which order and product held."""
    order = product = ""
    found: list[tuple[int, str, str]] = []
    for row in sorted((row for row in rows if row.tag == "@order"), key=lambda row: row.time):
        attributes = json.loads(row.payload or b"{}")
        if attributes["phase"] == "start":
            order, product = attributes["order"], attributes["product"]
        elif attributes["order"] == order:
            order = product = ""
        if not found or found[-1][1:] != (order, product):
            found.append((row.time, order, product))
    return found


def changes(rows: list[Row], cut: int) -> bool:
    """Whether an order begins or ends at a cut."""
    return any(time == cut for time, _, _ in orders_at(rows))


def one_source(seed: int) -> list[Row]:
    """Five hours of a register that steps evenly, of power that does not, and of states."""
    random = Random(seed)
    rows = [Row(PRESS, "power_kw", START + k * 40 * SECOND, random.choice(_VALUES)) for k in range(450)]
    rows += [Row(METER, "energy_kwh", START + k * 97 * SECOND, 3.0 * k) for k in range(186)]
    for k in range(40):
        time = START + round(random.uniform(0, 18_000) * SECOND)
        rows.append(row_of(2 if k % 4 else 3, time, random.choice(_VALUES), 0))
    return sorted(rows, key=lambda row: row.time)


def sums(rig: EngineRig, asset: str, window: str) -> dict[str, float]:
    rows = rig.values("energy", asset, window).values()
    return {name: fsum(0.0 if isnan(row[name]) else row[name] for row in rows) for name in ADDED}


@pytest.mark.parametrize("seed", range(4))
def test_parts_add_up_to_the_window_however_orders_cut_it(seed: int) -> None:
    random, rows = Random(seed), one_source(seed)
    times = sorted(START + round(random.uniform(1, 18_000) * SECOND) for _ in range(30))
    events = [said(START, "@order", LINE, order="0", phase="start")]
    events += [said(time, "@order", LINE, order=str(k + 1), phase="start") for k, time in enumerate(times)]

    whole = rig_of().send(frames_of(rows, 50)).finish()
    cut = rig_of().send(frames_of(sorted(rows + events, key=lambda row: row.time), 50)).finish()

    for asset in (PRESS, METER):
        day = sums(cut, asset, "month")
        for window in ("1m", "15m", "1h", "day", "shift", "week", "order"):
            assert sums(cut, asset, window) == pytest.approx(day, rel=1e-9)
        uncut = sums(whole, asset, "month")
        # A ramp of power is shared among states by time: only where a slice ends does its slope tell.
        same = ADDED if asset == METER else ("active_energy_kwh", "energy_cost", "co2_kg")
        assert {name: day[name] for name in same} == pytest.approx({name: uncut[name] for name in same}, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_states_are_never_more_than_the_whole(seed: int) -> None:
    rig = rig_of().send(frames_of(one_source(seed), 50)).finish()

    for row in rig.values("energy", METER, "1m").values():
        parts = fsum(row[name] for name in IN_STATE)
        assert isnan(parts) or 0.0 <= parts <= row["active_energy_kwh"] * (1 + 1e-12)


def test_a_price_that_is_not_declared_leaves_cost_empty_and_co2_as_it_is() -> None:
    tariff = TariffEntry(co2_kg_per_kwh=0.5)
    rows = [Row(OVEN, "energy_kwh", START + k * MINUTE, 2.0 * k) for k in range(11)]

    rig = EngineRig(Plant(PlantFile(tariff=(tariff,))), operators=[energy.COMPONENT]).send(frames_of(rows, 5)).finish()

    hour = rig.values("energy", OVEN, "1h")[START]
    assert isnan(hour["energy_cost"])
    assert hour["co2_kg"] == pytest.approx(10.0)
