"""What a good unit took, by hand: machines, lines, orders and shifts."""

from math import isnan

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, CalendarEntry, PlantFile, TagEntry, TariffEntry
from fieldline.plantfile.assets import LineEntry
from fieldline.plantfile.calendars import ShiftEntry
from processing.metric_rows import WINDOWS
from processing.operators import energy, machine, order
from tests.processing.engine_rig import SECOND, EngineRig, Row, event, frame_of, frames_of

LINE = "plant/hall/line1"
PRESS, OVEN = f"{LINE}/press", f"{LINE}/oven"
HOUR = 1_700_002_800 * SECOND  # 2023-11-14 23:00 UTC
CODES = {"0": "down", "1": "producing", "2": "standby"}
OPERATORS = (energy.COMPONENT, machine.COMPONENT, order.COMPONENT)


class OrderRig(EngineRig):
    """Runs the three operators that an order's row comes from, and keeps why rows have no energy a unit."""

    def __init__(self, plant: Plant) -> None:
        self.reasons: dict[tuple[str, str, int], str] = {}
        super().__init__(plant, operators=OPERATORS)

    def collect(self) -> None:
        for rows in self.engine.outbox:
            reason = rows.texts.get("null_reason")
            if rows.kind == "production_order" and reason is not None and rows.window is not None:
                for k, code in enumerate(reason.codes):
                    name = self.engine.registry.assets[rows.asset[k]]
                    where = (name, WINDOWS[rows.window[k]], int(rows.time[k]))
                    self.reasons[where] = reason.names[code] if code >= 0 else ""
        super().collect()


def plant(line: LineEntry | None = None, hold_s: float = 90_000.0, **options: object) -> Plant:
    mode = TagEntry(kind="state", codes=CODES, max_gap_s=hold_s)
    every = AssetEntry(path=f"{LINE}/*", ideal_cycle_s=4.0, tags={"mode": mode})
    tariff = TariffEntry(currency="EUR", price=0.25, co2_kg_per_kwh=0.5)
    return Plant(PlantFile(asset=(every,), tariff=(tariff,), line=(line,) if line else (), **options))  # type: ignore[arg-type]


def steady(kw: float, asset: str = PRESS, seconds: int = 3600) -> list[Row]:
    return [Row(asset, "power_kw", HOUR + k * 60 * SECOND, kw) for k in range(seconds // 60 + 1)]


def readings(tag: str, *samples: tuple[float, float], asset: str = PRESS) -> list[Row]:
    return [Row(asset, tag, HOUR + round(second * SECOND), value) for second, value in samples]


def begins(second: float, name: str, product: str = "A") -> Row:
    payload = f'{{"order":"{name}","phase":"start","product":"{product}"}}'
    return event(LINE, "@order", HOUR + round(second * SECOND), payload.encode())


PIECES = [
    *readings("good_count", (0, 0), (1800, 300), (3599, 570)),
    *readings("scrap_count", (0, 0), (3599, 30)),
    *readings("mode", (0, 1), (3000, 2)),
]
"""An hour with 50 min of production, 10 min of standby, 570 good pieces and 30 of scrap."""


def run(rows: list[Row], of: Plant | None = None) -> OrderRig:
    rig = OrderRig(of or plant())
    rig.send(frames_of(sorted(rows, key=lambda row: row.time), 20)).finish()
    return rig


def hour(rig: EngineRig, asset: str = PRESS) -> dict[str, float]:
    return rig.values("production_order", asset, "1h")[HOUR]


def test_a_machine_s_hour_by_hand() -> None:
    made = hour(run(steady(60.0) + PIECES))

    assert (made["good_count"], made["scrap_count"], made["total_count"]) == (570.0, 30.0, 600.0)
    assert made["active_energy_kwh"] == pytest.approx(60.0)
    assert made["energy_per_good_unit_kwh"] == pytest.approx(60.0 / 570)
    assert made["energy_cost_per_good_unit"] == pytest.approx(60.0 * 0.25 / 570)
    assert made["co2_per_good_unit_kg"] == pytest.approx(60.0 * 0.5 / 570)
    assert made["standby_energy_kwh"] == pytest.approx(10.0)
    assert (made["producing_time_s"], made["duration_s"]) == (3000.0, 3600.0)
    assert made["oee"] == pytest.approx(570 * 4 / 3600)
    assert made["coverage"] == pytest.approx(1.0)


def test_a_line_s_unit_takes_the_energy_of_all_its_meters() -> None:
    rig = run(steady(60.0) + steady(30.0, OVEN) + PIECES)

    line = hour(rig, LINE)
    assert line["good_count"] == 570.0
    assert line["active_energy_kwh"] == pytest.approx(90.0)
    assert line["energy_per_good_unit_kwh"] == pytest.approx(90.0 / 570)
    assert line["energy_cost_per_good_unit"] == pytest.approx(90.0 * 0.25 / 570)
    assert line["standby_energy_kwh"] == pytest.approx(10.0)  # the oven told of no state
    assert (LINE, "1h", HOUR) in rig.reasons
    assert not rig.values("production_order", OVEN, "1h")  # it neither counts nor tells of states


MAIN, HEATER = f"{LINE}/main_meter", f"{LINE}/heater"


def feeding(*feeds: tuple[str, tuple[str, ...]]) -> Plant:
    """A plant in which assets' meters measure others."""
    every = AssetEntry(path=f"{LINE}/*", tags={"mode": TagEntry(kind="state", codes=CODES)})
    return Plant(PlantFile(asset=(every, *(AssetEntry(path=path, feeds=fed) for path, fed in feeds))))


@pytest.mark.parametrize(
    ("names", "feeds", "kwh"),
    [
        pytest.param((MAIN, PRESS, OVEN), (), 12.0, id="a main meter by its name"),
        pytest.param((HEATER, PRESS, OVEN), (), 24.0, id="no main meter that anybody could know of"),
        pytest.param((HEATER, PRESS, OVEN), ((HEATER, (PRESS, OVEN)),), 12.0, id="a main meter that is declared"),
        pytest.param((HEATER, PRESS, OVEN), ((HEATER, (PRESS,)),), 16.8, id="a meter that measures one of them"),
        pytest.param(
            (MAIN, PRESS, OVEN), ((MAIN, (HEATER,)), (HEATER, (PRESS, OVEN))), 12.0, id="over a meter that is silent"
        ),
        pytest.param((OVEN, PRESS), ((MAIN, (PRESS, OVEN)),), 19.2, id="a main meter that never spoke"),
    ],
)
def test_a_line_s_energy_is_that_of_its_main_meter_or_of_those_below_it_never_of_both(
    names: tuple[str, ...], feeds: tuple[tuple[str, tuple[str, ...]], ...], kwh: float
) -> None:
    rows = [row for asset, kw in zip(names, (12.0, 7.2, 4.8), strict=False) for row in steady(kw, asset)]
    rig = run(rows + PIECES, feeding(*feeds))
    rig_reversed = OrderRig(feeding(*feeds))
    rig_reversed.send(frames_of(sorted(rows + PIECES, key=lambda row: (-row.time, row.asset)), 20)).finish()

    assert hour(rig, LINE)["active_energy_kwh"] == pytest.approx(kwh)
    assert rig.table == rig_reversed.table


def test_where_the_main_meter_was_away_those_below_it_count() -> None:
    rows = steady(12.0, MAIN, 1800) + steady(7.2) + steady(4.8, OVEN)

    assert hour(run(rows + PIECES), LINE)["active_energy_kwh"] == pytest.approx(12.0)
    quarters = run(rows + PIECES).values("production_order", LINE, "15m")
    assert [row["active_energy_kwh"] for _, row in sorted(quarters.items())][:4] == pytest.approx([3.0] * 4)


def test_meters_and_output_that_the_plant_file_names_are_the_line_s() -> None:
    line = LineEntry(path=LINE, output=OVEN, meters=(OVEN,))
    rows = steady(60.0) + steady(30.0, OVEN) + PIECES + readings("good_count", (0, 0), (3599, 400), asset=OVEN)

    found = hour(run(rows, plant(line)), LINE)

    assert found["good_count"] == 400.0
    assert found["active_energy_kwh"] == pytest.approx(30.0)


def test_without_a_good_piece_or_an_output_or_a_meter_there_is_no_energy_a_unit_and_the_row_says_why() -> None:
    still = readings("good_count", (0, 5), (3599, 5))
    two = readings("good_count", (0, 0), (3599, 400), asset=OVEN)
    cases = {
        "no good pieces": (steady(60.0) + still, PRESS),
        "no energy": (PIECES, PRESS),
        "no count": (steady(60.0) + readings("mode", (0, 1)), PRESS),
        "no output declared": (steady(60.0) + PIECES + two, LINE),
        "": (steady(60.0) + PIECES, LINE),
    }

    for reason, (rows, asset) in cases.items():
        rig = run(rows)

        assert rig.reasons[asset, "1h", HOUR] == reason
        assert isnan(hour(rig, asset)["energy_per_good_unit_kwh"]) == bool(reason)


def test_orders_share_the_hour_to_the_sample() -> None:
    rows = steady(60.0) + PIECES + [begins(0, "1"), begins(1830, "2", "B")]

    rig = run(rows)

    first, second = (fields for _, fields in sorted(rig.values("production_order", LINE, "order").items()))
    assert (first["good_count"], second["good_count"]) == (300.0, 270.0)
    assert first["active_energy_kwh"] == pytest.approx(30.5, rel=1e-12)
    assert second["active_energy_kwh"] == pytest.approx(29.5, rel=1e-12)
    assert first["duration_s"] == 1830.0
    assert second["duration_s"] >= 1770.0  # it goes on
    assert {key[5] for key in rig.table if key[:2] == ("production_order", LINE) and key[3] == "order"} == {
        "product=A",
        "product=B",
    }


def test_an_order_whose_energy_comes_late_is_told_again() -> None:
    reads = readings("energy_kwh", (0, 0.0), (3600, 60.0))
    rig = OrderRig(plant()).send(frames_of(sorted(PIECES, key=lambda row: row.time), 20))
    rig.wait(200_000, turns=3)
    assert isnan(hour(rig)["energy_per_good_unit_kwh"])

    rig.send([frame_of(reads)]).finish()

    assert hour(rig)["energy_per_good_unit_kwh"] == pytest.approx(60.0 / 570)
    assert rig.revisions["production_order", PRESS, "", "1h", str(HOUR)] > 0


def test_a_shift_s_row_has_its_name_and_all_its_pieces() -> None:
    shift = ShiftEntry(name="night", start="22:00", end="06:00")

    rig = run(steady(60.0) + PIECES, plant(calendar=(CalendarEntry(shift=(shift,)),)))

    start = HOUR - 3600 * SECOND
    key = ("production_order", LINE, "", "shift", str(start), "shift=night")
    assert key in rig.table
    row = rig.values("production_order", LINE, "shift")[start]
    assert (row["good_count"], row["duration_s"]) == (570.0, 8 * 3600.0)
