"""The plant file that `discover` drafts of the demo's broker comes to the same results as the one written by hand, field by field.

What no broker tells is given to both: lines and their outputs, products, microstops, charts and their limits, shifts, tariffs, the limits of
the meters that are not always right, and where devices stand whose topics don't say it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from analysis.discovery.findings import findings
from analysis.discovery.plant_file import plant_file as draft_of
from analysis.discovery.survey import Survey
from fieldline.plant import Plant, load_plant
from fieldline.settings import IngestSettings
from ingest.capture import Captured
from ingest.columns import to_readings
from ingest.decoder import Decoder
from ingest.rows import Names, Rows
from ingest.simulator import Faults, Message, Simulation
from ingest.simulator.estate.declared import LINE as ESTATE
from ingest.simulator.plantfile import plant_file as by_hand
from tests.bits.__main__ import played
from tests.bits.arrivals import Input, Step
from tests.bits.compare import compare
from tests.bits.inputs import merged

START_NS = 1_768_023_000_000_000_000  # 2026-01-10 05:30 UTC
SECONDS = 2700.0
HEARD_NS = 20 * 60 * 10**9
_FRAME_NS = 60 * 10**9
_STAND = {"tasmota": "plant/hall1/utilities/{device}", "ttn": "farm/north/field1/{device}"}
_PROCESS = {
    "settle_s": 10.0,
    "operators": ("telemetry", "energy", "machine", "order", "spc", "vibration"),
    "windows": ("1m", "1h", "shift", "day", "order"),
}


def messages() -> tuple[Simulation, list[Message]]:
    """What the demo's broker hears in seventy minutes, doubled and shuffled as there."""
    faults = Faults(duplicates=0.01, shuffle_s=20, late=0.02, malformed=0.002)
    simulation = Simulation(START_NS, lines=1, pack_s=5, faults=faults, foreign=True)
    # What grows on a far farm no message tells, and its twelve days of backlog are twelve days to work through.
    return simulation, [one for one in simulation.messages(SECONDS, chunk_s=60) if not one.asset.startswith(ESTATE)]


def drafted(heard: list[Message]) -> str:
    """The draft of what a guest hears in twenty minutes."""
    survey = Survey(Plant(), IngestSettings())
    for message in heard:
        if message.due_ns < START_NS + HEARD_NS:
            size = len(message.payload)
            survey.take(Captured(message.topic.encode(), message.payload, message.due_ns, False, 0, size))
    survey.finish()
    return draft_of(findings(survey), survey, "the demo")


def told_nowhere(text: str) -> str:
    """Of the file by hand, what no message tells: all but its topics."""
    return re.sub(r"# ---- devices that speak otherwise.*?(?=# ---- )", "", text, flags=re.DOTALL)


def placed(draft: str) -> str:
    """The draft, with the lines filled in that ask where devices stand."""
    for preset, asset in _STAND.items():
        asked = rf'(preset = "{preset}"\n)# asset = .*\n'
        assert re.search(asked, draft), draft
        draft = re.sub(asked, rf'\1asset = "{asset}"\n', draft)
    return draft


def steps(plant: Plant, heard: list[Message]) -> Iterator[Step]:
    """The messages as ingest would put them on the log by a plant file."""
    decoder, names = Decoder(plant, IngestSettings()), (Names(), Names())
    begun, gathered = heard[0].due_ns, []
    for message in heard:
        if message.due_ns >= begun + _FRAME_NS and gathered:
            yield Step(merged(gathered))
            begun, gathered = message.due_ns, []
        rows = Rows(*names)
        decoder.decode(message.topic.encode(), message.payload, message.due_ns, rows)
        if len(rows):
            gathered.append(to_readings(rows))
    yield Step(merged(gathered))


def test_the_draft_of_the_demos_broker_comes_to_the_results_of_the_plant_file_by_hand(tmp_path: Path) -> None:
    simulation, heard = messages()
    hand = by_hand(simulation.plant)
    texts = {"hand": hand, "draft": f"{told_nowhere(hand)}\n{placed(drafted(heard))}"}

    tables = []
    for name, text in texts.items():
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        given = Input(name, text, _PROCESS, steps(load_plant(path), heard), is_slow=True)
        tables.append(played(given, tmp_path / name).table)

    found = compare(*tables, 20)
    assert [f"{one.identity}: {one.field}: {one.a} ≠ {one.b}" for one in found.differences] == []
    assert found.count == 0 and len(tables[0]) > 5_000
    assert {"energy", "oee", "losses", "quality", "production_order", "spc", "telemetry"} <= set(tables[0]["kind"])
    assets = set(tables[0]["asset"])
    assert {"plant/hall1/utilities/plug1", "farm/north/field1/soil3", "plant/hall1/packaging/labeller"} <= assets
