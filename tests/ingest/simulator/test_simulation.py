"""The simulated plant: a function of seed and time, whose truth is about what was sent."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fieldline.errors import SettingsError
from ingest.simulator import Faults, Message, Simulation

NOON_NS = 1_768_046_400_000_000_000  # 2026-01-10 12:00 UTC


def _rows(messages: list[Message]) -> list[tuple[str, dict[str, Any]]]:
    """Every object of every readable message, with its topic."""
    rows = []
    for message in messages:
        if message.tags:
            body = json.loads(message.payload)
            rows += [(message.topic, row) for row in (body if isinstance(body, list) else [body])]
    return rows


def _samples(messages: list[Message], tag: str) -> dict[str, dict[int, float]]:
    """asset → time [ms] → value of one tag."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for topic, row in _rows(messages):
        if tag in row and "event" not in row:
            found[topic][row["ts"]] = row[tag]
    return found


def test_the_same_seed_and_time_give_the_same_bytes() -> None:
    first = list(Simulation(NOON_NS, seed=3, faults=Faults(duplicates=0.1, shuffle_s=9)).messages(90))
    again = list(Simulation(NOON_NS, seed=3, faults=Faults(duplicates=0.1, shuffle_s=9)).messages(90))

    assert first == again
    assert first != list(Simulation(NOON_NS, seed=4, faults=Faults(duplicates=0.1, shuffle_s=9)).messages(90))


def test_how_much_is_generated_at_once_changes_nothing() -> None:
    small, large = Simulation(NOON_NS), Simulation(NOON_NS)

    one_by_one = list(small.messages(150, chunk_s=1))

    assert one_by_one == list(large.messages(150, chunk_s=60))
    assert small.truth() == large.truth()


def test_a_later_start_meets_the_same_samples() -> None:
    early = _samples(list(Simulation(NOON_NS).messages(180, chunk_s=60)), "energy_kwh")

    late = _samples(list(Simulation(NOON_NS + 120_000_000_000).messages(60, chunk_s=60)), "energy_kwh")

    for asset, samples in late.items():
        assert samples.items() <= early[asset].items()


def test_registers_go_on_over_midnight_and_add_up_the_power() -> None:
    # Given the last and first five minutes of two days.
    simulation = Simulation(NOON_NS + 43_200_000_000_000 - 300_000_000_000)

    messages = list(simulation.messages(600, chunk_s=60))

    power, register = _samples(messages, "power_kw"), _samples(messages, "energy_kwh")
    assert len(register) == 10
    for asset, samples in register.items():
        times = sorted(samples)
        kwh = np.array([samples[t] for t in times])
        kw = np.array([power[asset][t] for t in times])
        assert (np.diff(kwh) >= 0).all(), asset
        integral = float(np.sum((kw[1:] + kw[:-1]) / 2 * np.diff(times)) / 3.6e6)
        assert kwh[-1] - kwh[0] == pytest.approx(integral, abs=0.002), asset  # registers show whole Wh


def test_the_default_plant_has_some_sixty_series_at_a_second() -> None:
    simulation = Simulation(NOON_NS)

    assert 50 <= simulation.plant.readings_per_second() <= 70
    assert len(simulation.plant.devices) == 14


def test_a_higher_rate_gives_that_many_samples_on_the_same_curve() -> None:
    slow = _samples(list(Simulation(NOON_NS).messages(5)), "power_kw")["plant/hall1/line1/press1"]

    fast = _samples(list(Simulation(NOON_NS, rate_hz=10).messages(5)), "power_kw")["plant/hall1/line1/press1"]

    assert (len(slow), len(fast)) == (5, 50)
    assert slow.items() <= fast.items()


def test_packed_messages_hold_the_same_rows() -> None:
    single = _rows(list(Simulation(NOON_NS).messages(60)))

    packed = list(Simulation(NOON_NS, pack_s=20).messages(60))

    key = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
    assert sorted(map(key, _rows(packed))) == sorted(map(key, single))
    assert max(message.rows for message in packed) == 20


def test_counters_count_the_parts_of_the_producing_state() -> None:
    simulation = Simulation(NOON_NS)
    messages = list(simulation.messages(3600, chunk_s=600))

    truth = simulation.truth()

    rejects = Counter(topic for topic, row in _rows(messages) if row.get("event") == "reject")
    assert sum(rejects.values()) > 20
    for asset, counts in truth["counts"].items():
        assert abs(rejects[asset] - counts["reject"]) <= 1  # one may fall before the second sample
        assert sum(truth["reject_reasons"].get(asset, {}).values()) == rejects[asset]
        cycle_s = (3600 if "packer" not in asset else 1800) / 4  # at the quickest
        assert 0 < counts["good"] + counts["reject"] <= cycle_s
    assert sum(truth["states_s"]["plant/hall1/line1/oven"].values()) == 3600


def test_states_and_orders_are_told_when_they_change_and_at_the_start() -> None:
    simulation = Simulation(NOON_NS)
    rows = _rows(list(simulation.messages(7200, chunk_s=600)))

    states = [
        (row["ts"], row["state"]) for topic, row in rows if row.get("event") == "state" and topic.endswith("line1/oven")
    ]

    assert states[0][0] == NOON_NS // 1_000_000
    seconds: Counter[str] = Counter()
    ends = [at for at, _ in states[1:]] + [NOON_NS // 1_000_000 + 7_200_000]
    for (at, state), end in zip(states, ends, strict=True):
        seconds[state] += (end - at) / 1000
    assert dict(seconds) == simulation.truth()["states_s"]["plant/hall1/line1/oven"]
    orders = [row for topic, row in rows if row.get("event") == "order" and topic == "plant/hall1/line1"]
    assert [row["phase"] for row in orders[:4]] == ["start", "stop", "start", "stop"]
    known = [order for order in simulation.truth()["orders"] if order["line"] == "plant/hall1/line1"]
    assert [order["order"] for order in known] == [row["order"] for row in orders if row["phase"] == "start"]


def test_waveforms_grow_with_wear() -> None:
    bearing = Simulation(NOON_NS).plant.machines["plant/hall1/line1"][0].bearing  # type: ignore[attr-defined]
    day_ns = 86_400_000_000_000

    blocks = [next(bearing.waveforms(NOON_NS + n * day_ns, NOON_NS + (n + 1) * day_ns)) for n in range(45)]

    young, old = min(blocks, key=lambda b: b.wear), max(blocks, key=lambda b: b.wear)
    rms = lambda block: float(np.sqrt(np.mean(block.samples.astype(float) ** 2)))  # noqa: E731
    assert old.wear - young.wear > 0.9
    assert rms(old) > 5 * rms(young)
    assert young.samples.dtype == np.float32 and len(young.samples) == 16_384


def test_truth_has_the_energy_of_each_hour() -> None:
    simulation = Simulation(NOON_NS)
    messages = list(simulation.messages(7200, chunk_s=600))

    hours = simulation.truth()["energy"]["plant/hall1/line1/press1"]

    samples = _samples(messages, "energy_kwh")["plant/hall1/line1/press1"]
    start = NOON_NS // 1_000_000
    assert hours[0]["hour"] == "2026-01-10T12:00:00+00:00"
    assert hours[0]["register_kwh"] == pytest.approx(samples[start + 3_600_000] - samples[start], abs=1e-9)
    assert hours[0]["power_observed_s"] == 3600.0
    assert hours[0]["power_kwh"] == pytest.approx(hours[0]["register_kwh"], abs=0.002)
    assert len(hours) == 2


def test_the_truth_can_be_written_and_read(tmp_path: Path) -> None:
    simulation = Simulation(NOON_NS, pack_s=60)
    list(simulation.messages(5400, chunk_s=600))  # an hour and an order lie inside

    simulation.write_truth(tmp_path / "truth.json")

    assert json.loads((tmp_path / "truth.json").read_text()) == simulation.truth()
    with pytest.raises(SettingsError, match="can't write the truth"):
        simulation.write_truth(tmp_path / "none" / "truth.json")


@pytest.mark.parametrize("wrong", [{"lines": -1}, {"rate_hz": 0.0}, {"pack_s": 0}])
def test_impossible_plants_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="simulate"):
        Simulation(NOON_NS, **wrong)


def test_a_year_before_the_plant_is_refused() -> None:
    with pytest.raises(SettingsError, match="2020 to 2099"):
        list(Simulation(0).messages(1))
