"""Devices of other makers in the simulated plant: the decoder reads what they mean, and their truth is what others find in their messages."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fieldline.plant import Plant, load_plant
from fieldline.settings import IngestSettings
from ingest.decoder import Decoder
from ingest.rows import Names, Rows
from ingest.simulator import Faults, Message, Simulation
from ingest.simulator.foreign import FOREIGN_TOPICS, UTILITIES
from ingest.simulator.schedule import State
from tests.twins.registers import Reading, told_by

START_NS = 1_768_023_000_000_000_000  # 2026-01-10 05:30 UTC
HOUR_NS = 3_600_000_000_000
PLANT = load_plant(Path(__file__).parents[4] / "examples" / "demo_plant.toml")
LABELLER = "plant/hall1/packaging/labeller"


class Played:
    """Some hours of the plant without its lines: messages, what the decoder made of them, and the truth."""

    def __init__(self, hours: float, faults: Faults | None = None) -> None:
        simulation = Simulation(START_NS, lines=0, faults=faults, foreign=True)
        self.messages: list[Message] = list(simulation.messages(hours * 3600, chunk_s=600))
        self.truth = simulation.truth()
        self.found: Counter[tuple[str, str]] = Counter()
        self.rows: dict[tuple[str, str], list[Reading]] = {}
        self.letters = 0
        self._decode(Decoder(PLANT, IngestSettings()))

    def _decode(self, decoder: Decoder) -> None:
        assets_and_tags = Names(), Names()
        for message in self.messages:
            rows = Rows(*assets_and_tags)
            problem = decoder.decode(message.topic.encode(), message.payload, message.due_ns, rows)
            self.letters += problem is not None
            (assets,) = {rows.assets.texts[asset] for _, asset, _ in rows.runs} or {message.asset}
            assert (assets, len(rows)) == (message.asset, message.rows * len(message.tags)), message
            for at in range(len(rows)):
                key = message.asset, rows.tags.texts[rows.tag[at]]
                self.found[key] += 1
                self.rows.setdefault(key, []).append((rows.time[at], rows.value[at]))

    def register(self, asset: str) -> list[Reading]:
        return sorted(set(self.rows[asset, "energy_kwh"]))

    def figures(self, kind: str, asset: str, window: str = "1h") -> list[dict[str, Any]]:
        rows = self.truth["figures"]
        return [row for row in rows if (row["kind"], row["asset"], row["window"]) == (kind, asset, window)]


@cache
def played(hours: float = 9.0) -> Played:
    return Played(hours)


def test_every_reading_that_they_mean_is_read_and_counted_though_messages_are_doubled_shuffled_and_late() -> None:
    told = Played(1.5, Faults(duplicates=0.1, shuffle_s=30, late=0.2, malformed=0.02))

    series = told.truth["series"]
    assert told.found == {(a, t): s["readings"] + s["copies"] for a, tags in series.items() for t, s in tags.items()}
    assert told.letters == told.truth["messages"]["malformed"] > 10
    assert {message.topic.partition("/")[0] for message in told.messages} >= {
        t.partition("/")[0] for t in FOREIGN_TOPICS
    }


@pytest.mark.parametrize(("name", "event"), [("compressor", "rollover"), ("chiller", "reset")])
def test_a_dirty_meters_hours_are_what_a_reader_finds_who_believes_what_later_readings_agree_with(
    name: str, event: str
) -> None:
    asset = f"{UTILITIES}/{name}"
    told = told_by(played().register(asset), PLANT.tag_info(asset, "energy_kwh"))

    hours = played().figures("energy", asset)
    assert len(hours) == 8
    for row in hours:
        first, last = row["start_ns"], row["end_ns"]
        found = sum(settled.between(first, last) for settled in told.settled)
        assert found == pytest.approx(row["figures"]["active_energy_kwh"], rel=1e-9), row
        assert sum(first <= time < last for time in told.refused) == row["figures"]["rejected_readings"]
    assert sum(row["figures"]["rejected_readings"] for row in hours) > 100
    assert {len(settled.steps) for settled in told.settled} == {1, 3}, f"no {event} in nine hours"


def test_a_dirty_meter_glitches_spikes_and_is_read_by_a_gateway_that_is_behind() -> None:
    readings = played().register(f"{UTILITIES}/compressor")
    values = [value for _, value in readings]

    assert values.count(0.0) > 10
    assert sum(value > 50_000 for value in values) > 10
    assert sum(time % 10_000_000_000 == 4_000_000_000 for time, _ in readings) > 500


@pytest.mark.parametrize("asset", [f"{UTILITIES}/edge1/vacuum", f"{UTILITIES}/plug1"])
def test_a_clean_meters_hours_are_differences_of_its_register(asset: str) -> None:
    shown = dict(played().register(asset))

    for row in played().figures("energy", asset):
        drawn = shown[row["end_ns"]] - shown[row["start_ns"]]
        assert drawn == pytest.approx(row["figures"]["active_energy_kwh"], rel=1e-9) and drawn > 0


def test_the_labeller_tells_changes_only_and_they_add_up_to_its_times_and_pieces() -> None:
    states = sorted(played().rows[LABELLER, "StateCurrent"])
    counts = {tag: sorted(played().rows[LABELLER, tag]) for tag in ("total_count", "scrap_count")}

    assert all(a != b for (_, a), (_, b) in zip(states, states[1:], strict=False))
    for row in played().figures("oee", LABELLER):
        first, last = row["start_ns"], row["end_ns"]
        held = [(max(t, first), min(u, last), s) for (t, s), (u, _) in zip(states, states[1:], strict=False)]
        aborted_from = [t for (_, before), (t, s) in zip(states, states[1:], strict=False) if s == 9 and before != 9]
        producing_s = sum(u - t for t, u, s in held if s == 6 and t < u) / 1e9
        assert producing_s == row["figures"]["actual_production_time_s"]
        assert row["figures"]["stop_count"] <= sum(first <= t < last for t in aborted_from)
    for row in played().figures("quality", LABELLER):
        total, scrap = (
            max(v for t, v in told if t < row["end_ns"]) - max(v for t, v in told if t < row["start_ns"])
            for told in counts.values()
        )
        assert (total - scrap, scrap) == (row["figures"]["good_count"], row["figures"]["scrap_count"])


def test_an_uplink_that_two_gateways_heard_is_one_reading() -> None:
    probe = "farm/north/field1/soil3"
    (series, *_) = played().truth["series"][probe].values()

    assert series["readings"] == 9 * 12 and 5 < series["copies"] < 50
    assert len(set(played().rows[probe, "soil_moisture_pct"])) == 9 * 12
    assert [row["figures"]["count"] for row in played().figures("telemetry", probe)] == [12.0] * 8


def test_without_a_plant_file_the_meter_on_the_labellers_topic_is_all_that_its_machine_has() -> None:
    decoder, rows = Decoder(Plant(), IngestSettings()), Rows()

    for message in played().messages[:500]:
        decoder.decode(message.topic.encode(), message.payload, message.due_ns, rows)

    assert LABELLER in rows.assets.texts and f"{LABELLER}/Status" in rows.assets.texts


def test_the_labellers_states_are_those_of_its_schedule() -> None:
    (device,) = [d for d in Simulation(START_NS, foreign=True).plant.foreign if d.asset == LABELLER]
    states = dict(played().rows[LABELLER, "StateCurrent"])
    timeline = device.timeline(START_NS // (24 * HOUR_NS))  # type: ignore[attr-defined]

    known = {5: State.IDLE, 6: State.PRODUCING, 9: State.STOPPED, 15: State.CHANGEOVER}
    assert len(states) > 50
    for time, number in states.items():
        assert timeline.state[time // 10**9 % 86_400] == known[int(number)]
