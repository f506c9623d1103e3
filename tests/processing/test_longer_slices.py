"""Lines whose slices are a quarter-hour or an hour: the same bits whatever the order, cut and crash, and the figures of minutes."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import PeriodEntry, PlantFile
from fieldline.windows import DEFAULT, WINDOWS
from processing.operators import telemetry
from processing.place import operators_for
from tests.contracts.operator_inputs import EVENTS, LINE1, LINE2, OFFERS, PLANT, Subject, made_rows, said_row
from tests.processing.engine_rig import ONE, SECOND, EngineRig, Row, Table, differences, frames_of
from tests.processing.row_sets import arrivals

_ANY = settings(
    max_examples=int(os.environ.get("FIELDLINE_TEST_EXAMPLES", "10")),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NAMES = ("attribute_chart", "device", "distribution", "energy", "machine", "order", "spc", "telemetry")
SLICES = [("15m", "1h"), ("1h", "15m"), ("1h", "1m")]
"""Of the sites `works` and `annex`."""


def plant_with(works: str, annex: str) -> Plant:
    """The plant of the contract checks with longer slices: what began within an hour by the clock does so at one."""
    file = msgspec.json.decode(PLANT.document, type=PlantFile)
    change = msgspec.structs.replace
    told = {"works": works, "annex": annex}
    sites = tuple(change(site, slice=told[site.path]) for site in file.site)
    assets = []
    for asset in file.asset:
        tags = {name: change(tag, spc=tag.spc and change(tag.spc, every="1h")) for name, tag in asset.tags.items()}
        chart = asset.attribute_chart
        if chart is not None and chart.every == "15m":
            chart = change(chart, every="1h")
        assets.append(change(asset, tags=tags, attribute_chart=chart))
    metrics = tuple(
        change(
            metric,
            windows=tuple(window for window in metric.windows if window not in ("1m", "15m")),
            since=metric.since and datetime(2023, 11, 14, 23, tzinfo=UTC),
        )
        for metric in file.metric
    )
    calendar = tuple(
        change(
            entry,
            stop=(),
            shift=tuple(
                change(shift, start=_hour(shift.start), end=_hour(shift.end), breaks=()) for shift in entry.shift
            ),
        )
        for entry in file.calendar
    )
    night = PeriodEntry(start="09:00", end="10:00", price=0.18)
    tariffs = tuple(change(tariff, period=(night,) if tariff.period else ()) for tariff in file.tariff)
    return Plant(change(file, site=sites, asset=tuple(assets), metric=metrics, calendar=calendar, tariff=tariffs))


def _hour(clock: str) -> str:
    return f"{clock[:3]}00"


PLANTS = {pair: plant_with(*pair) for pair in [*SLICES, ("1m", "1m")]}


def rig_of(pair: tuple[str, str], windows: tuple[str, ...] = DEFAULT, **options: object) -> EngineRig:
    """Without seconds, unless they are asked for: those of readings that are withdrawn late are not retracted (docs/decisions.md)."""
    plant = PLANTS[pair]
    return EngineRig(plant, windows=windows, operators=operators_for(NAMES, plant), **options)  # type: ignore[arg-type]


def standing(rig: EngineRig) -> Table:
    """The rows that were not retracted."""
    return {
        key: {name: bits for name, bits in fields.items() if name != "retracted"}
        for key, fields in rig.table.items()
        if fields.get("retracted") != ONE
    }


def in_order(rows: list[Row], pair: tuple[str, str], windows: tuple[str, ...] = DEFAULT) -> Table:
    return standing(rig_of(pair, windows).send(frames_of(rows, 50)).finish())


def rows_of(seed: int, count: int, windows: tuple[str, ...] = DEFAULT) -> list[Row]:
    """Rows of every kind, with withdrawals where no seconds are wanted."""
    operators = tuple(operators_for(NAMES, PLANTS["1m", "1m"])) if "1s" in windows else ()
    subject = Subject(telemetry.COMPONENT, operators, tuple(OFFERS), EVENTS, ())
    return made_rows(subject, Random(seed), count)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


@pytest.mark.parametrize("pair", SLICES)
def test_any_order_cut_and_crash_gives_the_bits_of_rows_in_order(
    pair: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    @_ANY
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        windows = data.draw(st.sampled_from([DEFAULT, WINDOWS]))
        rows = rows_of(data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(1, 30)), windows)
        arrival = data.draw(arrivals(rows, crashes=True))
        log = SqliteLog(tmp_path_factory.mktemp("log") / "checkpoints.db")
        node_cache = data.draw(st.sampled_from([0, 1 << 30]))
        rig = rig_of(pair, windows, log=log, node_cache=node_cache, row_cache=1, slow=data.draw(st.integers(0, 2)))

        arrival.play(rig, steps_of=data.draw(st.integers(1, 4)))
        log.close()

        assert differences(in_order(rows, pair, windows), standing(rig))[:3] == []

    holds()


@pytest.mark.parametrize("pair", SLICES)
def test_late_orders_cut_the_slices_and_what_was_evicted_is_read_back(pair: tuple[str, str], log: SqliteLog) -> None:
    random, rows = Random(7), rows_of(7, 120, WINDOWS)
    begin = rows[-1].time // SECOND - 7000
    orders = [
        said_row(whose, "@order", (begin + second) * SECOND, order=order, phase=phase, product="A")
        for whose, second, order, phase in (
            (LINE1, 700, "1", "start"),
            (LINE1, 3000, "2", "start"),
            (LINE2, 4101, "3", "start"),
            (LINE1, 3000, "2", "void"),
            (LINE1, 6001, "1", "stop"),
        )
    ]
    late = sorted(rows, key=lambda row: row.time + (random.random() < 0.2) * random.random() * 5000e9)
    rig = rig_of(pair, WINDOWS, log=log, node_cache=0, row_cache=1)
    for number, frame in enumerate(frames_of(late, 15)):
        rig.send([frame]).wait(1.1)
        rig.checkpoint()
        if number % 3 == 2:
            rig.crash(2)
    for order in orders:
        rig.wait(200.0, turns=2)
        rig.send(frames_of([order], 1))
    rig.finish()

    assert rig.fetched > 0 and rig.counts["late"] == 0
    want = in_order(sorted([*rows, *orders], key=lambda row: (row.time, row.asset, row.tag)), pair, WINDOWS)
    assert differences(want, standing(rig))[:3] == []


@pytest.mark.parametrize("pair", SLICES)
def test_sums_are_those_of_minutes_and_no_window_is_shorter_than_a_slice(pair: tuple[str, str]) -> None:
    rows = [row for seed in range(3) for row in rows_of(seed, 80) if not row.tag.startswith(("@meter", "@reading"))]
    # Power has no rhythm of its own there, and of two registers of an asset one is chosen slice by slice.
    rows = [row for row in rows if "power" not in row.tag and row.tag != "energy_t1_kwh"]
    rows = sorted({(row.asset, row.tag, row.time): row for row in rows}.values(), key=lambda row: row.time)
    minutes, longer = in_order(rows, ("1m", "1m")), in_order(rows, pair)
    sites = dict(zip(("works", "annex"), pair, strict=True))
    shorter = {"1m": set[str](), "15m": {"1m"}, "1h": {"1m", "15m"}}
    kept = {key for key in minutes if key[3] not in shorter[sites[key[1].split("/")[0]]]}

    assert kept == longer.keys()
    for key in kept:
        for name in ("count", "active_energy_kwh", "good_count", "total_count", "actual_production_time_s", "mean"):
            if name in minutes[key] and key[0] in ("telemetry", "energy", "oee", "quality"):
                want, got = (float(np.frombuffer(table[key][name])[0]) for table in (minutes, longer))
                assert got == pytest.approx(want, rel=1e-9, abs=1e-9, nan_ok=True), (key, name)
