"""What the simulator publishes, read by the pipeline's own decoder, is what its truth says."""

import base64
from collections import Counter

import numpy as np

from fieldline.plant import Plant, Role
from fieldline.settings import IngestSettings
from ingest.decoder import Decoder, decode_message
from ingest.rows import Rows
from ingest.simulator import Faults, Simulation
from ingest.simulator.faults import malformed_payload

NOON_NS = 1_768_046_400_000_000_000  # 2026-01-10 12:00 UTC


def test_every_reading_is_decoded_and_every_malformed_payload_is_one_dead_letter() -> None:
    simulation = Simulation(NOON_NS, pack_s=5, faults=Faults(duplicates=0.05, shuffle_s=30, gaps=0.3, malformed=0.02))
    decoder = Decoder(Plant(), IngestSettings())
    found: Counter[tuple[str, str]] = Counter()
    letters = 0

    for message in simulation.messages(600, chunk_s=60):
        rows = Rows()
        problem = decoder.decode(message.topic.encode(), message.payload, NOON_NS + 600_000_000_000, rows)
        assert (problem is None) == bool(message.tags), (message.payload, problem)
        letters += problem is not None
        decoder.forget()
        assert len(rows) == message.rows * len(message.tags)
        found.update({(message.topic, tag): message.rows for tag in message.tags})

    truth = simulation.truth()
    sent = {(a, t): s["readings"] + s["copies"] for a, tags in truth["series"].items() for t, s in tags.items()}
    assert found == sent
    assert letters == truth["messages"]["malformed"] > 10


def test_names_units_and_kinds_are_those_that_the_pipeline_reads() -> None:
    simulation, plant = Simulation(NOON_NS), Plant()
    roles: dict[str, set[Role]] = {}

    for message in simulation.messages(60, chunk_s=60):
        readings, problem = decode_message(message.topic, message.payload, NOON_NS + 60_000_000_000)

        assert problem is None
        assert readings.assets == [message.topic]
        assert set(readings.tags) == set(message.tags)
        for tag in readings.tags:
            roles.setdefault(message.topic, set()).add(plant.tag_info(message.topic, tag).role)

    assert {Role.ACTIVE_POWER, Role.REACTIVE_POWER, Role.ACTIVE_REGISTER} <= roles["plant/hall1/line1/oven"]
    assert {Role.ACTIVE_POWER, Role.ACTIVE_REGISTER} <= roles["farm/north/field1/pump"]
    assert roles["farm/north/field1/weather"] == {Role.NONE}


def test_a_waveform_arrives_bit_for_bit() -> None:
    simulation = Simulation(NOON_NS)
    bearing = simulation.plant.machines["plant/hall1/line1"][0].bearing  # type: ignore[attr-defined]
    (wave,) = bearing.waveforms(NOON_NS, NOON_NS + 1)
    (message,) = [
        m for m in simulation.messages(1) if m.tags == ("@waveform",) and m.topic == "plant/hall1/line1/press1"
    ]

    readings, _ = decode_message(message.topic, message.payload, NOON_NS)

    assert readings.payload is not None and readings.payload[0] is not None
    assert readings.payload[0] == np.float64(12_800.0).tobytes() + wave.samples.tobytes()
    assert base64.b64encode(wave.samples.tobytes()) in message.payload


def test_each_kind_of_malformed_payload_is_refused_whole() -> None:
    for number in range(12):
        readings, problem = decode_message("plant/hall1/line1/press1", malformed_payload(number), NOON_NS)

        assert problem is not None, malformed_payload(number)
        assert len(readings.time) == 0
