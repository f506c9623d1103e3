"""The simulated plant's file declares what the simulator goes by."""

from pathlib import Path

from fieldline.plant import load_plant
from fieldline.shifts import Plan
from ingest.simulator.plant import SimulatedPlant
from ingest.simulator.plantfile import plant_file
from ingest.simulator.schedule import BREAKS_S, MICROSTOP_S, PRODUCTS, SHIFT_S, SHIFTS
from ingest.simulator.tariff import CO2_KG_PER_KWH, price_of_hours

EXAMPLE = Path(__file__).parents[3] / "examples" / "demo_plant.toml"
MIDNIGHT_NS = 1_768_003_200_000_000_000  # 2026-01-10 00:00 UTC
LINE = "plant/hall1/line1"


def test_the_example_is_the_simulators_own() -> None:
    assert EXAMPLE.read_text() == plant_file(SimulatedPlant(foreign=True))


def test_products_and_machines_are_declared() -> None:
    plant = load_plant(EXAMPLE)

    for product in PRODUCTS:
        assert plant.ideal_cycle_s(product.name, f"{LINE}/press2") == product.press_ideal_s < product.press_cycle_s
        assert plant.ideal_cycle_s(product.name, f"{LINE}/packer") == product.packer_ideal_s < product.packer_cycle_s
        chart = plant.tag_info(f"{LINE}/packer", "seal_temperature_c").spc
        assert chart is not None and chart.limits_for(product.name) is not None
    assert plant.asset_info(f"{LINE}/oven").microstop_s == MICROSTOP_S
    assert plant.line_entry("plant/hall1/line2").output == "plant/hall1/line2/packer"


def test_shifts_and_breaks_are_declared() -> None:
    calendar = load_plant(EXAMPLE).calendar(LINE)

    shifts = [
        (s.name, (s.start_ns - MIDNIGHT_NS) // 10**9)
        for s in calendar.shifts(MIDNIGHT_NS, MIDNIGHT_NS + 86_400 * 10**9)
    ]
    bounds, kinds = calendar.plan(MIDNIGHT_NS, MIDNIGHT_NS + 86_400 * 10**9)

    assert shifts == [("night", 79_200 - 86_400), *SHIFTS]
    assert SHIFT_S * len(SHIFTS) == 86_400
    stops = [(b - MIDNIGHT_NS) // 10**9 for b in bounds.tolist()]
    told = [(stops[k], stops[k + 1]) for k, kind in enumerate(kinds.tolist()) if kind == Plan.PLANNED_STOP]
    assert tuple(told) == BREAKS_S
    assert set(kinds.tolist()) == {Plan.SCHEDULED, Plan.PLANNED_STOP}


def test_prices_and_emissions_are_declared() -> None:
    table = load_plant(EXAMPLE).price_table(LINE)
    hours = [MIDNIGHT_NS + hour * 3_600_000_000_000 for hour in range(24)]

    prices = [table.price_at(hour, hour + 1)[1].tolist() for hour in hours]
    factors = [table.co2_at(hour, hour + 1)[1].tolist() for hour in hours]

    assert prices == [[price] for price in price_of_hours().tolist()]
    assert factors == [[factor] for factor in CO2_KG_PER_KWH]


def test_as_many_lines_are_declared_as_there_are(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(plant_file(SimulatedPlant(lines=12)))

    plant = load_plant(file)

    assert plant.line_entry("plant/hall2/line12").output == "plant/hall2/line12/packer"


def test_lines_with_presses_are_a_department() -> None:
    plant = load_plant(EXAMPLE)

    of_line, of_labeller = plant.above("plant/hall1/line2"), plant.above("plant/hall1/packaging")

    assert "department/pressing" in of_line and "department/pressing" not in of_labeller


def test_a_plant_without_lines_has_no_department(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(plant_file(SimulatedPlant(lines=0, foreign=True)))

    assert load_plant(file).groups == {}
