"""Machines of a line that take orders each for itself, side by side (`[[line]] orders = "machine"`)."""

import numpy as np
import pytest

from analysis.recount.effectiveness import effectiveness, machines_of
from analysis.recount.history import History, is_stop
from analysis.recount.orders import order as order_of
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry, ProductEntry
from processing.operators import energy, machine
from processing.operators import order as order_operator
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, differences, frame_of, frames_of
from tests.processing.machine_sets import json_event

LINE = "plant/hall/filling"
ONE, TWO, PACKER = f"{LINE}/filler1", f"{LINE}/filler2", f"{LINE}/packer"
OPERATORS = (energy.COMPONENT, machine.COMPONENT, order_operator.COMPONENT)
MODES = TagEntry(kind="state", codes={"1": "producing", "0": "down"}, max_gap_s=90_000.0)


def plant(orders: str = "machine", depth: int = 3) -> Plant:
    return Plant(
        PlantFile(
            line_depth=depth,
            asset=(AssetEntry(path=f"{LINE}/*", tags={"mode": MODES}),),
            line=(LineEntry(path=LINE, orders=orders),) if depth == 3 else (),  # type: ignore[arg-type]
            product=(ProductEntry(name="A", ideal_cycle_s=2.0), ProductEntry(name="B", ideal_cycle_s=4.0)),
        )
    )


def at(second: float) -> int:
    return T0 + round(second * SECOND)


def told(asset: str, second: float, number: str, phase: str = "start", product: str = "") -> Row:
    said = {"product": product} if product else {}
    return json_event(asset, "@order", at(second), order=number, phase=phase, **said)


def made(asset: str, product: str, second: float) -> Row:
    return json_event(asset, "@product", at(second), product=product)


def busy(asset: str, kw: float, every_s: float, until: int = 3600) -> list[Row]:
    """A machine that draws `kw` and makes a good piece every so many seconds."""
    seconds = range(0, until + 1, 10)
    return [
        *(Row(asset, "power_kw", at(second), kw) for second in seconds),
        *(Row(asset, "good_count", at(second), float(second // every_s)) for second in seconds),
        *(Row(asset, "scrap_count", at(second), 0.0) for second in seconds),
        *(Row(asset, "mode", at(second), 1.0) for second in (0, until)),
    ]


BUSY = [*busy(ONE, 36.0, 2), *busy(TWO, 18.0, 5), *busy(PACKER, 3.6, 4)]
"""An hour: 0.01 kWh a second, half of that, a tenth of it."""


def run(rows: list[Row], of: Plant | None = None, **options: object) -> EngineRig:
    rig = EngineRig(of or plant(), operators=OPERATORS, **options)  # type: ignore[arg-type]
    return rig.send(frames_of(sorted(rows, key=lambda row: row.time), 97)).finish()


def standing(table: Table) -> Table:
    """What stands when rows that were retracted are left out."""
    return {key: row for key, row in table.items() if np.frombuffer(row.get("retracted", bytes(8)))[0] == 0.0}


def orders_of(rig: EngineRig, asset: str, field: str = "active_energy_kwh") -> dict[tuple[float, str], float]:
    """Of each order of a machine when it began in s after T0, its product, and a figure of it."""
    found = {}
    for (kind, one, _, window, start, *labels), fields in standing(rig.table).items():
        if (kind, one, window) == ("production_order", asset, "order"):
            product = labels[0].partition("=")[2] if labels else ""
            found[(int(start) - T0) / SECOND, product] = float(np.frombuffer(fields[field])[0])
    return found


def test_two_machines_of_a_line_each_make_an_order_of_their_own() -> None:
    rows = [
        *BUSY,
        told(ONE, 600, "1", product="A"),
        told(TWO, 900.5, "2", product="B"),
        told(ONE, 1800, "3", product="B"),
    ]
    rows += [told(ONE, 3000, "3", "stop"), told(TWO, 3300, "2", "stop")]

    rig = run(rows)

    assert orders_of(rig, ONE) == pytest.approx({(600, "A"): 12.0, (1800, "B"): 12.0})
    assert orders_of(rig, ONE, "good_count") == {(600, "A"): 600, (1800, "B"): 600}
    assert orders_of(rig, TWO) == pytest.approx({(900.5, "B"): (3300 - 900.5) * 0.005})
    assert orders_of(rig, TWO, "good_count") == {(900.5, "B"): 478}
    assert orders_of(rig, PACKER) == {} and orders_of(rig, LINE) == {}


def test_what_is_told_of_the_line_holds_for_machines_that_have_no_order_of_their_own() -> None:
    rows = [*BUSY, told(LINE, 300, "9", product="A"), told(ONE, 1200, "1", product="B"), told(ONE, 1800, "1", "stop")]

    rig = run([*rows, told(LINE, 3000, "9", "stop")])

    assert orders_of(rig, ONE) == pytest.approx({(300, "A"): 9.0, (1200, "B"): 6.0, (1800, "A"): 12.0})
    assert orders_of(rig, TWO) == pytest.approx({(300, "A"): 13.5})
    assert orders_of(rig, PACKER) == pytest.approx({(300, "A"): 2.7})


@pytest.mark.parametrize(
    ("events", "products"),
    [
        pytest.param([made(LINE, "A", 0), told(ONE, 600, "1")], {0: "A", 600: "A"}, id="the line's without an order"),
        pytest.param(
            [made(LINE, "A", 0), made(ONE, "B", 60), told(ONE, 600, "1")], {0: "A", 60: "B", 600: "B"}, id="its own"
        ),
        pytest.param(
            [told(LINE, 0, "9", product="A"), told(ONE, 600, "1")], {0: "A", 600: ""}, id="not another order's"
        ),
        pytest.param(
            [told(LINE, 0, "9", product="A"), made(ONE, "B", 600)], {0: "A", 600: "B"}, id="its own of the line's order"
        ),
        pytest.param([told(TWO, 0, "9", product="A"), told(ONE, 600, "1")], {600: ""}, id="not its neighbour's"),
    ],
)
def test_an_order_without_a_product_has_the_nearest_that_is_told_without_an_order(
    events: list[Row], products: dict[int, str]
) -> None:
    rig = run([*BUSY, *events])

    assert dict(orders_of(rig, ONE)) == {
        (start, product): pytest.approx(36.0 / 3600 * length, rel=1e-3)
        for (start, product), length in zip(products.items(), _lengths(list(products)), strict=True)
    }


def _lengths(starts: list[int]) -> list[int]:
    return [after - before for before, after in zip(starts, [*starts[1:], 3600], strict=True)]


@pytest.mark.parametrize("window", ["1m", "15m", "1h", "day"])
def test_a_machine_s_windows_go_by_the_ideal_cycle_of_its_own_product(window: str) -> None:
    rows = [*BUSY, told(ONE, 0, "1", product="A"), told(TWO, 0, "2", product="B")]

    rig = run(rows)

    for asset, cycle in ((ONE, 2.0), (TWO, 4.0)):
        pieces, ideal = rig.values("quality", asset, window), rig.values("losses", asset, window)
        assert pieces and sum(values["good_count"] for values in pieces.values()) > 500
        for start, values in pieces.items():
            assert ideal[start]["fully_productive_time_s"] == values["good_count"] * cycle
        assert all(values["between_orders_count"] == 0 for values in rig.values("oee", asset, window).values())
    assert any(values["between_orders_count"] > 0 for values in rig.values("oee", PACKER, window).values())


_OF_LINES = ("machine_count", "rolled_throughput_yield")


def test_every_machine_s_figures_are_those_that_it_has_as_a_line_of_its_own() -> None:
    rows = [
        *BUSY,
        told(ONE, 600.25, "1", product="A"),
        told(TWO, 900.5, "2", product="B"),
        told(ONE, 1800, "1", "pause"),
    ]
    rows += [told(ONE, 2400.125, "1", "resume"), told(PACKER, 10, "4", product="A"), told(TWO, 2000, "2", "void")]

    together, alone = run(rows), run(rows, plant(depth=4))

    assert orders_of(together, ONE)
    for asset in (ONE, TWO, PACKER):
        for kind in ("energy", "oee", "losses", "quality", "production_order"):
            for window in ("1m", "15m", "1h", "day", "order"):
                got, want = together.values(kind, asset, window), alone.values(kind, asset, window)
                assert got.keys() == want.keys(), (kind, asset, window)
                for start in [
                    start for start in want if start < at(3600)
                ]:  # of what has no energy yet a line has no coverage
                    values = {name: value for name, value in want[start].items() if name not in _OF_LINES}
                    found = {name: got[start][name] for name in values}
                    assert found == pytest.approx(values, rel=1e-9, abs=1e-9, nan_ok=True), (kind, asset, window, start)


def test_an_order_told_late_and_moved_retracts_what_stood_for_its_machine_alone() -> None:
    rows = [*BUSY, told(ONE, 600, "1", product="A"), told(TWO, 600, "2", product="A")]
    late = [told(ONE, 450.5, "1", product="A"), told(LINE, 300, "9", product="A"), told(TWO, 900, "2", "stop")]
    rig = run(rows)
    before = rig.table["production_order", ONE, "", "order", str(at(600)), "product=A"]

    for row in late:
        rig.send([frame_of([row])]).finish()

    after = rig.table["production_order", ONE, "", "order", str(at(600)), "product=A"]
    assert [np.frombuffer(row["retracted"])[0] for row in (before, after)] == [0.0, 1.0]
    assert orders_of(rig, ONE).keys() == {(300, "A"), (450.5, "A")}
    assert orders_of(rig, TWO).keys() == {(300, "A"), (600, "A"), (900, "A")}
    assert differences(standing(run([*rows, *late]).table), standing(rig.table)) == []


def test_a_machine_s_orders_hold_for_what_lies_below_it_and_may_be_told_of_it() -> None:
    motor, panel = f"{ONE}/motor", f"{ONE}/panel"
    rows = [*BUSY, *(row._replace(asset=motor) for row in busy(ONE, 7.2, 2)), told(panel, 600, "1", product="A")]

    rig = run([*rows, told(panel, 1600, "1", "stop")])

    assert orders_of(rig, ONE) == pytest.approx({(600, "A"): 10.0})
    assert orders_of(rig, motor) == pytest.approx({(600, "A"): 2.0})
    assert orders_of(rig, TWO) == {}


def test_a_line_s_own_row_of_an_order_is_what_the_line_itself_reports() -> None:
    rows = [*BUSY, *busy(LINE, 72.0, 1), told(LINE, 600, "9", product="A"), told(LINE, 1600, "9", "stop")]

    rig = run(rows)

    assert orders_of(rig, LINE) == pytest.approx({(600, "A"): 20.0})
    assert orders_of(rig, LINE, "good_count") == {(600, "A"): 1000}


def test_losses_of_a_machine_s_orders_add_up_to_their_time_to_the_last_bit() -> None:
    rows = [
        *BUSY,
        told(ONE, 600.25, "1", product="A"),
        told(TWO, 601, "2", product="B"),
        told(ONE, 1800.5, "3", product="B"),
    ]

    rig = run([*rows, told(ONE, 3000.125, "3", "stop")])

    found = rig.values("losses", ONE, "order")
    assert [found[at(second)]["calendar_time_s"] for second in (600.25, 1800.5)] == [1200.25, 1199.625]
    for values in found.values():
        parts = {
            k: v
            for k, v in values.items()
            if k not in ("calendar_time_s", "actual_production_time_s", "rev", "retracted")
        }
        assert sum(parts.values()) == values["calendar_time_s"]


def test_without_the_switch_an_order_told_of_a_machine_concerns_its_line() -> None:
    rig = run([*BUSY, told(ONE, 600, "1", product="A"), told(TWO, 900, "2", product="B")], plant("line"))

    for asset in (ONE, TWO, PACKER, LINE):
        assert orders_of(rig, asset).keys() == {(600, "A"), (900, "B")}


def test_the_recount_of_a_machine_s_windows_agrees() -> None:
    rows = [*BUSY, *busy(LINE, 72.0, 1), told(LINE, 300, "9", product="A"), told(ONE, 600.25, "1", product="B")]
    rows += [told(ONE, 1200, "1", "pause"), told(ONE, 1800, "1", "resume"), told(ONE, 2000, "1", "stop")]
    rows += [made(TWO, "B", 900.5), told(TWO, 2400, "2"), told(TWO, 3000, "2", "stop"), told(LINE, 3300, "9", "stop")]
    rig = run(rows)
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in rows:
        is_end = row.tag == "@order" and is_stop(row.payload or b"")
        found.setdefault((row.asset, "@order/stop" if is_end else row.tag), {})[row.time] = row.value
    payloads = {row.value: row.payload for row in rows if row.payload is not None}
    history = History(plant(), LINE, {key: sorted(of.items()) for key, of in found.items()}, payloads)

    compared = 0
    for asset in (ONE, TWO, PACKER, LINE):
        for window, length_s in (("15m", 900), ("1h", 3600), ("order", 0)):
            for start, values in rig.values("production_order", asset, window).items():
                of = history.itself() if window == "order" and asset == LINE else history
                run_of = next((one for one in of.runs(asset) if one.start == start), None)
                end = start + length_s * SECOND if length_s else run_of.end if run_of else start
                if end > at(3600) or start < at(0):
                    continue
                machines = machines_of(of, asset, start, end)
                again = order_of(of, asset, machines, start, end)
                again |= effectiveness(machines, start, end)
                again["coverage"] = values["coverage"]
                emitted = rig.values("oee", asset, window).get(start, {}) | values
                emitted = {name: value for name, value in emitted.items() if name not in ("rev", "retracted")}
                assert {name: again[name] for name in emitted} == pytest.approx(
                    emitted, rel=1e-9, abs=1e-9, nan_ok=True
                )
                compared += 1
    assert compared > 20


@pytest.mark.parametrize(("teller", "pieces"), [(ONE, 110), (LINE, 110), (TWO, 10)])
def test_a_counter_that_starts_over_with_the_order_does_so_with_its_machine_s_and_its_line_s(
    teller: str, pieces: float
) -> None:
    counter = TagEntry(kind="good_count", starts_over="order")
    entry = AssetEntry(path=ONE, tags={"good": counter})
    of = Plant(PlantFile(asset=(entry,), line=(LineEntry(path=LINE, orders="machine"),)))
    shown = ((0, 0.0), (100, 100.0), (200, 60.0), (300, 110.0))
    rows = [Row(ONE, "good", at(second), value) for second, value in shown] + [told(teller, 150, "1")]

    rig = run([*rows, Row(TWO, "power_kw", at(400), 1.0)], of)

    day = rig.values("quality", ONE, "day")
    assert sum(values["good_count"] for values in day.values()) == pieces + 100
