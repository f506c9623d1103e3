"""Soil moisture at a probe, a week ahead.

    fieldline train moisture --table probe.csv --set time=date --set moisture=E1_First_vwc_pct --set temperature=E1_First_temp_c

One row a day of one probe: moisture by volume and the soil's temperature. Foretold is the change in `ahead_days`, by how wet and how warm
the soil is: with little past nearly none, with more the return to what is usual at that temperature. It is judged in time order, each day
by a fit on what had been measured by then, beside persistence. Gaps are not filled. In frozen soil probes read low, so days at 1 °C or
colder (`frost_degc`) are left out at either end, and have no forecast; so have days of which nobody knows how cold the soil was.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.moisture.pictures import draw
from models.moisture.training import MoistureOptions, evaluate, train
from models.table import Table
from models.task import Task


def sample() -> Table:
    """A year of soil that is wetted by chance, dries, and is frozen in winter."""
    random = np.random.default_rng(14)
    degc = 10.0 - 14.0 * np.cos(np.arange(365) * 2 * np.pi / 365)
    moisture, now = np.empty(365), 25.0
    for day in range(365):
        rain = random.exponential(6.0) * (random.random() < 0.3)
        now = min(40.0, now + rain - 0.15 * (now - 12.0))
        moisture[day] = 7.0 if degc[day] <= 0 else now
    days = np.datetime64("2026-01-01") + np.arange(365)
    frame = pl.DataFrame({"time": days, "moisture_pct": moisture, "soil_temperature_c": degc})
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="moisture",
    sentence="how wet the soil at a probe is some days ahead, frost and gaps left out",
    options=MoistureOptions,
    columns=("time", "moisture", "temperature"),
    train=train,
    evaluate=evaluate,
    draw=draw,
    sample=sample,
    quick=MoistureOptions(),
)
