"""The steel plant's nine months with their load types and two shifts: windows of products, shifts and months equal a computation over the file.

The file stamps the beginning of a quarter-hour, a device the end of what it tells of: each row is sent a quarter-hour later, after one of
nothing. The file's times are taken as the plant's clock without daylight saving (Gwangyang has none).
"""

import io
import lzma
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.frames import event_value
from fieldline.plant import Plant, load_plant
from processing.operators import energy
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of

FILE = Path(__file__).parents[1] / "data" / "steel_energy" / "steel_industry_2018_jan_sep.csv.xz"
END = 1_538_319_600 * SECOND
"""2018-10-01 in Gwangyang."""
METER, LINE = "plant/gwangyang/mill/meter", "plant/gwangyang/mill"
_PLANT = """
time_zone = "Asia/Seoul"

[[calendar]]

[[calendar.shift]]
name = "day"
start = "07:00"
end = "19:00"

[[calendar.shift]]
name = "night"
start = "19:00"
end = "07:00"
"""


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """The file in order of time: time [ns UTC], local time, kwh, kvarh, load."""
    table = pl.read_csv(io.BytesIO(lzma.decompress(FILE.read_bytes())), infer_schema_length=None)
    local = pl.col("date").str.to_datetime("%d-%m-%Y %H:%M", time_unit="ns").alias("local")
    utc = pl.col("local").dt.replace_time_zone("Asia/Seoul").dt.epoch("ns").alias("time")
    named = [
        pl.col("Usage_kWh").cast(pl.Float64).alias("kwh"),
        pl.col("Lagging_Current_Reactive.Power_kVarh").cast(pl.Float64).alias("kvarh"),
        pl.col("Load_Type").alias("load"),
    ]
    return table.select(local, *named).with_columns(utc).sort("time")


@pytest.fixture(scope="module")
def rig(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> EngineRig:
    file = tmp_path_factory.mktemp("plant") / "plant.toml"
    file.write_text(_PLANT)
    plant: Plant = load_plant(file)
    first, quarter = int(rows["time"][0]), 900 * SECOND
    sent = [Row(METER, tag, first, 0.0) for tag in ("interval_energy_kwh", "interval_reactive_energy_kvarh")]
    before = None
    for time, kwh, kvarh, load in rows.select("time", "kwh", "kvarh", "load").iter_rows():
        if load != before:
            payload = b'{"product":"%s"}' % load.encode()
            sent.append(Row(LINE, "@product", time, event_value(payload), 0, payload))
            before = load
        sent.append(Row(METER, "interval_energy_kwh", time + quarter, kwh))
        sent.append(Row(METER, "interval_reactive_energy_kvarh", time + quarter, kvarh))
    sent.sort(key=lambda row: row.time)
    windows = ("15m", "day", "month", "shift", "order")
    received = int(rows["time"].max()) + 86_400 * SECOND  # type: ignore[arg-type]
    return (
        EngineRig(plant, operators=[energy.COMPONENT], windows=windows).send(frames_of(sent, 2000, received)).finish()
    )


def found(rig: EngineRig, window: str, field: str, label: str = "") -> dict[tuple[int, str], float]:
    """A field of the meter's windows by start and label; what begins with the last row's end has nothing in it."""
    values = {}
    for key, fields in rig.table.items():
        if key[:4] == ("energy", METER, "", window) and int(key[4]) < END:
            told = dict(part.split("=", 1) for part in key[5:])
            values[int(key[4]), told.get(label, "")] = float(np.frombuffer(fields[field])[0])
    return values


def test_energy_by_load_type_is_that_of_the_file(rig: EngineRig, rows: pl.DataFrame) -> None:
    want = dict(rows.group_by("load").agg(pl.col("kwh").sum()).iter_rows())

    by_load: dict[str, float] = {}
    for (_, load), kwh in found(rig, "order", "active_energy_kwh", "product").items():
        by_load[load] = by_load.get(load, 0.0) + kwh

    assert by_load == pytest.approx(want, rel=1e-9)


def test_every_run_of_a_load_type_has_its_energy(rig: EngineRig, rows: pl.DataFrame) -> None:
    runs = rows.with_columns(run=(pl.col("load") != pl.col("load").shift()).fill_null(True).cum_sum())
    want = runs.group_by("run").agg(pl.col("time").first(), pl.col("load").first(), pl.col("kwh").sum())

    assert found(rig, "order", "active_energy_kwh", "product") == pytest.approx(
        {(time, load): kwh for _, time, load, kwh in want.iter_rows()}, rel=1e-9
    )


def test_shifts_of_day_and_night_belong_to_the_day_that_they_begin(rig: EngineRig, rows: pl.DataFrame) -> None:
    hour = pl.col("local").dt.hour()
    begun = (pl.col("local") - pl.duration(hours=7)).dt.date()
    named = pl.when((hour >= 7) & (hour < 19)).then(pl.lit("day")).otherwise(pl.lit("night"))
    shifts = rows.group_by(begun.alias("begun"), named.alias("shift")).agg(pl.col("kwh").sum())
    start = pl.col("begun").cast(pl.Datetime("ns")) + pl.when(pl.col("shift") == "day").then(
        pl.duration(hours=7)
    ).otherwise(pl.duration(hours=19))
    want = shifts.with_columns(start.dt.replace_time_zone("Asia/Seoul").dt.epoch("ns").alias("start"))

    assert found(rig, "shift", "active_energy_kwh", "shift") == pytest.approx(
        {(time, name): kwh for time, name, kwh in want.select("start", "shift", "kwh").iter_rows()}, rel=1e-9
    )


def test_months_have_their_energy_power_factor_and_demand(rig: EngineRig, rows: pl.DataFrame) -> None:
    month = pl.col("local").dt.truncate("1mo").dt.replace_time_zone("Asia/Seoul").dt.epoch("ns").alias("month")
    sums = rows.group_by(month).agg(pl.col("kwh").sum(), pl.col("kvarh").sum(), (pl.col("kwh").max() * 4.0).alias("kw"))
    want = {time: (kwh, kwh / (kwh**2 + kvarh**2) ** 0.5, kw) for time, kwh, kvarh, kw in sums.iter_rows()}

    fields = ("active_energy_kwh", "power_factor", "peak_demand_kw")
    got = [found(rig, "month", field) for field in fields]

    assert {time for time, _ in got[0]} == set(want)
    for time, figures in want.items():
        assert tuple(column[time, ""] for column in got) == pytest.approx(figures, rel=1e-9)
