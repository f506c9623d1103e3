"""A plant whose tags are charted, and rows of it with orders."""

from random import Random

from fieldline.plant import Plant
from fieldline.plantfile import RULES, AssetEntry, PlantFile, SiteEntry, SpcEntry, SpcLimits, TagEntry
from processing.operators import energy, spc, telemetry
from tests.processing.engine_rig import SECOND, T0, Row, event

PRESS, LINE = "plant/hall/line1/press", "plant/hall/line1"

OPERATORS = (telemetry.COMPONENT, energy.COMPONENT, spc.COMPONENT)
BY_PRODUCT = (
    SpcLimits(product="A", version=1, center=2.0, sigma=1.5),
    SpcLimits(product="A", version=2, center=3.0, sigma=2.0),
)
CHARTED = Plant(
    PlantFile(
        site=(SiteEntry(path="berlin", time_zone="Europe/Berlin"),),
        asset=(
            AssetEntry(
                path="plant/hall/line1/press",
                tags={
                    "power_kw": TagEntry(
                        max_gap_s=300.0,
                        spc=SpcEntry(center=5.0, sigma=4.0, lsl=-10.0, usl=20.0, limits=BY_PRODUCT, rules=RULES),
                    ),
                    "reactive_power_kvar": TagEntry(
                        max_gap_s=300.0, spc=SpcEntry(chart="xbar_s", n=2, limits=BY_PRODUCT)
                    ),
                },
            ),
            AssetEntry(
                path="plant/hall/line1/oven",
                tags={
                    "power_kw": TagEntry(
                        max_gap_s=300.0, spc=SpcEntry(chart="xbar_r", every="15m", n=3, center=2.0, sigma=1.0)
                    )
                },
            ),
            AssetEntry(
                path="berlin/hall/line2/saw",
                tags={"power_kw": TagEntry(spc=SpcEntry(every="1h", n=2, limits=BY_PRODUCT))},
            ),
            AssetEntry(
                path="plant/hall/line3/mill",
                tags={
                    "power_kw": TagEntry(spc=SpcEntry(every="1h", center=0.0, sigma=10.0)),
                    "energy_kwh": TagEntry(spc=SpcEntry()),
                },
            ),
        ),
    )
)
"""Charts of every kind and cell, with and without limits, some by product; gaps are declared on line1, so that its windows are soon over."""


def order(second: float, payload: str) -> Row:
    return event(LINE, "@order", T0 + round(second * SECOND), payload.encode())


def start(product: str) -> str:
    return f'{{"order":"{product}7","phase":"start","product":"{product}"}}'


def plant_rows(seed: int, minutes: float) -> list[Row]:
    """A line's charted tags with silences, and orders that begin within minutes, some void."""
    random, rows, second = Random(seed), {}, 0.0
    tags = [(PRESS, "power_kw"), (PRESS, "reactive_power_kvar"), ("plant/hall/line1/oven", "power_kw")]
    while second < minutes * 60:
        second += random.choice([0.5, 3, 11, 24, 70, 0.25]) if random.random() > 0.01 else random.choice([900, 4000])
        asset, tag = random.choice(tags)
        row = Row(asset, tag, T0 + round(second * SECOND), random.gauss(3, 2), 2 if random.random() < 0.02 else 0)
        if random.random() < 0.03:
            row = order(second, random.choice([start("A"), start("B"), '{"order":"A7","phase":"stop"}']))
        rows[row.asset, row.tag, row.time] = row
    return list(rows.values())
