"""The truth about OEE, pieces and energy: what the published messages say when they are walked one by one."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from fieldline.states import STATES as MEANINGS
from fieldline.states import TimeElement, state_of
from ingest.simulator import Message, Simulation
from ingest.simulator.amounts import amounts_of
from ingest.simulator.plant import SimulatedPlant
from ingest.simulator.schedule import MICROSTOP_S, PRODUCTS, STOP_REASONS, State
from ingest.simulator.spans import whole_spans

START_NS = 1_768_044_600_000_000_000  # 2026-01-10 11:30 UTC
NOON_S = 1_768_046_400  # the hour that begins then has a planned break of 15 minutes
PRESS = "plant/hall1/line1/press1"
LINE = "plant/hall1/line1"
SECONDS = 9000


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, dict[str, Any]]]:
    messages: list[Message] = list(Simulation(START_NS, pack_s=60).messages(SECONDS, chunk_s=600))
    found = []
    for message in messages:
        body = json.loads(message.payload)
        found += [(message.topic, row) for row in (body if isinstance(body, list) else [body])]
    return found


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return Simulation(START_NS).plant.known(START_NS, START_NS + SECONDS * 1_000_000_000)


def _figures(known: dict[str, Any], kind: str, asset: str, window: str) -> list[dict[str, Any]]:
    return [row for row in known["figures"] if (row["kind"], row["asset"], row["window"]) == (kind, asset, window)]


def _states(rows: list[tuple[str, dict[str, Any]]], asset: str) -> list[str]:
    """What the asset's last event said, second by second."""
    told = {row["ts"] // 1000: row["state"] for topic, row in rows if topic == asset and row.get("event") == "state"}
    found, now = [], ""
    for second in range(START_NS // 10**9, START_NS // 10**9 + SECONDS):
        now = told.get(second, now)
        found.append(now)
    return found


def _walked(states: list[str], first: int, last: int) -> Counter[str]:
    """Seconds by element within an hour with a break from its start on; stops are followed one by one."""
    minor: set[int] = set()
    run: list[int] = []
    for at, state in enumerate([*states, "producing"]):
        if state in ("idle", "stopped", "standby"):
            run.append(at)
            continue
        if 0 < len(run) < MICROSTOP_S:
            minor.update(run)
        run = []
    names = {"producing": "APT", "changeover": "AUST", "idle": "ADET", "standby": "ADET", "stopped": "ADOT"}
    seconds: Counter[str] = Counter()
    for at in range(first, last):
        in_break = at - first < 900
        if states[at] == "planned" or (in_break and states[at] != "producing"):
            seconds["planned"] += 1
        else:
            seconds["minor" if at in minor else names[states[at]]] += 1
    return seconds


@pytest.mark.parametrize("machine", ["press1", "press2", "oven", "packer"])
def test_an_hours_times_are_those_that_the_events_tell(
    rows: list[tuple[str, dict[str, Any]]], known: dict[str, Any], machine: str
) -> None:
    first = NOON_S - START_NS // 10**9
    states = _states(rows, f"{LINE}/{machine}")

    (hour,) = [r for r in _figures(known, "oee", f"{LINE}/{machine}", "1h") if r["start_ns"] == NOON_S * 10**9]

    seconds, figures = _walked(states, first, first + 3600), hour["figures"]
    assert figures["actual_production_time_s"] == seconds["APT"] > 0
    assert figures["actual_unit_setup_time_s"] == seconds["AUST"]
    assert figures["actual_unit_delay_time_s"] == seconds["ADET"]
    assert figures["actual_unit_down_time_s"] == seconds["ADOT"]
    assert figures["minor_stop_time_s"] == seconds["minor"]
    assert figures["planned_stop_time_s"] == seconds["planned"] >= 900


def test_an_hours_pieces_and_energy_are_steps_of_counter_and_register(
    rows: list[tuple[str, dict[str, Any]]], known: dict[str, Any]
) -> None:
    samples = {row["ts"] // 1000: row for topic, row in rows if topic == PRESS and "power_kw" in row}
    before, last, after = samples[NOON_S - 1], samples[NOON_S + 3599], samples[NOON_S + 3600]

    (made,) = [r for r in _figures(known, "quality", PRESS, "1h") if r["start_ns"] == NOON_S * 10**9]
    (used,) = [r for r in _figures(known, "energy", PRESS, "1h") if r["start_ns"] == NOON_S * 10**9]

    assert made["figures"]["good_count"] == last["good_count"] - before["good_count"] > 0
    assert made["figures"]["scrap_count"] == last["reject_count"] - before["reject_count"]
    kwh = used["figures"]["active_energy_kwh"]
    assert kwh == pytest.approx(after["energy_kwh"] - samples[NOON_S]["energy_kwh"], rel=1e-9)
    assert kwh == pytest.approx(
        sum(used["figures"][f"{s}_energy_kwh"] for s in ("producing", "idle", "standby", "off"))
    )
    assert used["figures"]["energy_cost"] == pytest.approx(kwh * 0.28, rel=1e-12)
    assert used["figures"]["co2_kg"] == pytest.approx(kwh * 0.28, rel=1e-12)  # noon's factor is 0.28, too


def test_an_orders_pieces_have_its_products_ideal_cycle(known: dict[str, Any]) -> None:
    cycles = {product.name: product.press_ideal_s for product in PRODUCTS}
    orders = {row["order"]: row for row in _figures(known, "oee", PRESS, "order")}

    made = {row["order"]: row["figures"]["total_count"] for row in _figures(known, "quality", PRESS, "order")}

    assert len(made) >= 2
    for order, count in made.items():
        figures = orders[order]["figures"]
        ideal_s = count * cycles[orders[order]["product"]]
        run_s = figures["actual_production_time_s"] + figures["minor_stop_time_s"]
        assert figures["performance"] == pytest.approx(ideal_s / run_s, rel=1e-12)


def test_losses_add_up_to_calendar_time(known: dict[str, Any]) -> None:
    rows = [row["figures"] for row in known["figures"] if row["kind"] == "losses"]

    for figures in rows:
        parts = [figures[name] for name in figures if name != "calendar_time_s"]
        assert sum(parts) == pytest.approx(figures["calendar_time_s"], abs=1e-9)
    assert len(rows) > 10


def test_a_lines_energy_is_its_machines_and_its_output_the_packers(known: dict[str, Any]) -> None:
    machines = [f"{LINE}/{name}" for name in ("press1", "press2", "oven", "packer")]

    for line in _figures(known, "production_order", LINE, "order"):
        used = [
            row["figures"]["active_energy_kwh"]
            for asset in machines
            for row in _figures(known, "energy", asset, "order")
            if row["start_ns"] == line["start_ns"]
        ]
        packer = next(r for r in _figures(known, "quality", machines[-1], "order") if r["start_ns"] == line["start_ns"])
        assert line["figures"]["good_count"] == packer["figures"]["good_count"]
        energy = line["figures"]["energy_per_good_unit_kwh"] * line["figures"]["good_count"]
        assert energy == pytest.approx(sum(used), rel=1e-12)


def test_only_windows_that_lie_wholly_inside_have_a_truth(known: dict[str, Any]) -> None:
    end_ns = START_NS + SECONDS * 10**9  # 14:00: the hour before it has not passed by a microstop's length

    assert {row["window"] for row in known["figures"] if row["kind"] != "spc"} == {"1h", "15m", "order"}
    assert {row["start_ns"] for row in known["figures"] if row["window"] == "1h"} == {NOON_S * 10**9}
    assert all(START_NS < row["start_ns"] < row["end_ns"] < end_ns for row in known["figures"])
    midnight = NOON_S - 43_200
    spans = whole_spans(1, LINE, (midnight - 1) * 10**9, (midnight + 86_400 + 60) * 10**9)
    assert [span.shift for span in spans if span.window == "shift"] == ["early", "late"]  # the night's has two days
    assert [span.start_s for span in spans if span.window == "day"] == [midnight]


def test_a_long_run_has_figures_of_its_last_week() -> None:
    plant, end_ns = SimulatedPlant(lines=1), START_NS + 9 * 86_400 * 10**9

    shifts = [row["start_ns"] for row in plant.known(START_NS, end_ns)["figures"] if row["window"] == "shift"]

    assert min(shifts) > end_ns - 7 * 86_400 * 10**9
    assert len(set(shifts)) == 20  # the first and the last of the week lie in it only in part


def test_causes_are_those_of_the_events(rows: list[tuple[str, dict[str, Any]]], known: dict[str, Any]) -> None:
    told = Counter(
        row["reason"]
        for topic, row in rows
        if topic == PRESS and row.get("event") == "reject" and NOON_S <= row["ts"] // 1000 < NOON_S + 3600
    )

    (press,) = [c for c in known["causes"] if (c["asset"], c["window"]) == (PRESS, "1h")]

    assert press["rejects"] == dict(told)
    stops = [row["reason"] for _, row in rows if row.get("state") == "stopped"]
    assert set(stops) <= set(STOP_REASONS) and stops


def test_no_stop_crosses_midnight() -> None:
    machines = Simulation(START_NS).plant.machines[LINE]

    for machine in machines:
        for day in range(20_463, 20_470):
            state = machine.timeline(day).state
            assert state[0] == state[-1] == State.CHANGEOVER


def test_a_stop_counts_from_when_somebody_listened() -> None:
    machine = Simulation(START_NS).plant.machines[LINE][0]
    down = amounts_of(machine, 20_463)["actual_unit_down_time_s"]
    begin = int(np.flatnonzero(down)[0])
    end = begin + int(np.flatnonzero(down[begin:] == 0)[0])

    heard = amounts_of(machine, 20_463, end - MICROSTOP_S + 1)

    assert down[begin:end].sum() > MICROSTOP_S
    assert heard["actual_unit_down_time_s"][:end].sum() == 0.0
    assert heard["minor_stop_time_s"][:end].sum() == MICROSTOP_S - 1


def test_states_mean_what_the_truth_takes_them_for() -> None:
    elements = {State(s).name.lower(): MEANINGS[state_of(State(s).name.lower()) or 0].element for s in State}

    assert elements == {
        "idle": TimeElement.ADET,
        "producing": TimeElement.APT,
        "stopped": TimeElement.ADOT,
        "changeover": TimeElement.AUST,
        "planned": TimeElement.PLANNED_STOP,
        "standby": TimeElement.ADET,
    }


def test_a_point_of_the_chart_is_the_first_five_samples_of_its_minute(
    rows: list[tuple[str, dict[str, Any]]], known: dict[str, Any]
) -> None:
    packer = f"{LINE}/packer"
    shown = {row["ts"] // 1000: row for topic, row in rows if topic == packer and "power_kw" in row}

    points = _figures(known, "spc", packer, "1m")

    for point in points:
        start = point["start_ns"] // 10**9
        samples = [shown[second]["seal_temperature_c"] for second in range(start, start + 5)]
        assert point["figures"]["mean"] == pytest.approx(sum(samples) / 5, rel=1e-12)
        assert point["figures"]["ucl"] - point["figures"]["lcl"] == pytest.approx(6 * 0.8 / 5**0.5)
    assert len(points) > 60


def test_the_sealing_temperature_varies_about_its_products_set_point() -> None:
    packer = Simulation(START_NS).plant.machines[LINE][-1]
    setpoints = {product.name: product.seal_setpoint_c for product in PRODUCTS}
    orders = [span for span in whole_spans(1, LINE, START_NS, START_NS + 4 * 3600 * 10**9) if span.window == "order"]

    for order in orders:
        seconds = np.arange(order.start_s, order.end_s, dtype=np.int64) * 10**9
        off = packer.columns(seconds)["seal_temperature_c"] - setpoints[order.product]
        assert abs(float(np.median(off))) < 0.8
        assert 0.7 < float(off.std()) < 1.2  # 0.8, and more when the heater fades
    assert len(orders) >= 3
