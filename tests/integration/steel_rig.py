"""The steel plant's file through the whole pipe: what is sent, what must come out, and where that is kept.

Every day's row of 00:00 stands after that day's 23:45, so that the file in its own order holds a late row a day.
"""

import io
import lzma
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tests.integration.pipe_rig import COMMAND, ROOT, Pipe, Process, environment, fieldline

FILE = ROOT / "tests" / "data" / "steel_energy" / "steel_industry_2018_jan_sep.csv.xz"
ROWS, DAYS, TAGS = 26_208, 273, 2
METERS = ("plant/gwangyang/mill1/meter", "plant/gwangyang/mill2/meter", "plant/gwangyang/mill3/meter")
"""Lines that murmur2 puts into three different partitions of three."""
LINES = tuple(meter.rpartition("/")[0] for meter in METERS)
ENERGY = ("active_energy_kwh", "reactive_energy_kvarh", "peak_demand_kw", "power_factor", "coverage")
TELEMETRY = ("count", "min", "max", "mean", "time_weighted_mean", "last", "coverage")
_KWH, _KVARH = "Usage_kWh", "Lagging_Current_Reactive.Power_kVarh"


class Results(NamedTuple):
    """All points in InfluxDB but for their revisions, as text."""

    energy: str
    telemetry: str


def send_arguments(meter: str, mqtt: str, *options: str) -> list[str]:
    """The verb that publishes the file as one meter."""
    tags = [f"{_KWH}=interval_energy_kwh", f"{_KVARH}=interval_reactive_energy_kvarh"]
    named = [part for tag in tags for part in ("--tag", tag)]
    return ["send", str(FILE), "--asset", meter, "--time", "date", *named, "--to", mqtt, *options]


def send_all(mqtt: str, *options: str, meters: Sequence[str] = METERS) -> None:
    """Publish the file as each meter, one after the other; all of it is acknowledged then."""
    for meter in meters:
        told = fieldline(*send_arguments(meter, mqtt, *options))
        assert f"{TAGS * ROWS} samples of {ROWS} rows" in told, told


def start_sending(mqtt: str, folder: Path, *options: str) -> list["subprocess.Popen[bytes]"]:
    """Publish the file as all meters at once, in the background."""
    started = []
    for meter in METERS:
        with (folder / f"send-{meter.replace('/', '-')}.log").open("ab") as output:
            command = [*COMMAND, *send_arguments(meter, mqtt, *options)]
            started.append(subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=environment()))
    return started


def start_stages(pipe: Pipe, horizon: str = "25h") -> None:
    """Topics with three partitions, ingest, two workers and delivery; returns when all work."""
    fieldline("topics", "apply", "--log", pipe.log, "--partitions", "3")
    pipe.ingest()
    for number in (1, 2):
        start_worker(pipe, number, horizon)
    pipe.deliver()
    for process in pipe.processes:
        process.until_ready()


def start_worker(pipe: Pipe, number: int, horizon: str = "25h") -> Process:
    """One more process stage."""
    return pipe.process(number, "--horizon", horizon, "--windows", "15m,1h,day")


def results(pipe: Pipe) -> Results:
    return Results(pipe.points("energy", ENERGY), pipe.points("telemetry", TELEMETRY))


def assert_same(pipe: Pipe, want: Results) -> None:
    """InfluxDB holds the same bits."""
    told = pipe.difference("energy", ENERGY, want.energy) + pipe.difference("telemetry", TELEMETRY, want.telemetry)
    assert told == "", told


def days_of_the_file() -> pl.DataFrame:
    """day, kwh, kvarh, power_factor, peak_kw by polars alone; peak: the largest quarter-hour's energy in an hour's time.

    A row's energy was drawn in the quarter-hour before it. Before the first row nobody knows since when: it counts at its own time, and
    that quarter-hour makes no peak.
    """
    table = pl.read_csv(io.BytesIO(lzma.decompress(FILE.read_bytes())), infer_schema_length=None)
    kwh, kvarh = pl.col(_KWH).cast(pl.Float64), pl.col(_KVARH).cast(pl.Float64)
    time = pl.col("date").str.to_datetime("%d-%m-%Y %H:%M", time_unit="ns")
    rows = table.select(time.alias("time"), kwh.alias("kwh"), kvarh.alias("kvarh")).sort("time").with_row_index()
    begun = pl.max_horizontal(pl.col("time").dt.offset_by("-15m"), pl.col("time").min())
    demand = pl.when(pl.col("index") > 1).then(4 * pl.col("kwh"))
    days = (
        rows.with_columns(begun.dt.truncate("1d").alias("day"), demand.alias("kw"))
        .group_by("day")
        .agg(pl.col("kwh").sum(), pl.col("kvarh").sum(), pl.col("kw").max().alias("peak_kw"))
        .sort("day")
    )
    factor = pl.col("kwh") / (pl.col("kwh") ** 2 + pl.col("kvarh") ** 2).sqrt()
    return days.with_columns(factor.alias("power_factor"))


def days_in_influxdb(pipe: Pipe, meter: str) -> pl.DataFrame:
    """The same of a meter's daily windows."""
    names = ", ".join(f'"{name}"' for name in ENERGY[:4])
    text = pipe.ask(f'SELECT {names} FROM "energy" WHERE "window" = \'day\' AND "asset" = \'{meter}\'')
    table = pl.read_csv(io.StringIO(text))
    return table.select(
        pl.col("time").cast(pl.Datetime("ns")).alias("day"),
        pl.col("active_energy_kwh").cast(pl.Float64).alias("kwh"),
        pl.col("reactive_energy_kvarh").cast(pl.Float64).alias("kvarh"),
        pl.col("peak_demand_kw").cast(pl.Float64).alias("peak_kw"),
        pl.col("power_factor").cast(pl.Float64),
    )


def assert_days(found: pl.DataFrame, want: pl.DataFrame, tolerance: float = 1e-9) -> None:
    """Every day's every figure within `tolerance` of its size."""
    assert found["day"].to_list() == want["day"].to_list()
    for name in ("kwh", "kvarh", "power_factor", "peak_kw"):
        pairs = zip(found["day"], found[name], want[name], strict=True)
        wrong = [row for row in pairs if not math.isclose(row[1], row[2], rel_tol=tolerance, abs_tol=tolerance)]
        assert wrong == [], (name, wrong[:3])
