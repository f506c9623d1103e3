"""The simulated plant through the whole pipe, with messages doubled, shuffled and late: its figures are the plant's own.

Devices of other makers are among its devices.

Then a person corrects a breakdown to a planned stop, and the shift's OEE is what a calculation by hand says.
"""

import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from rich.console import Console

from analysis.causes import causes_of
from analysis.logs import existing
from analysis.results import Results
from cli.demo.report import newest_window, pictures
from cli.demo.truth import Comparison, compare_figures, compare_line_causes
from delivery.query import query
from ingest.simulator.machines import Machine
from ingest.simulator.plant import SimulatedPlant
from ingest.simulator.plantfile import plant_file
from ingest.simulator.schedule import DAY_S, State
from tests.integration.pipe_rig import Process, fieldline, until

START = "2026-01-10T05:40:00Z"
DURATION = "8h25m"  # the early shift with some minutes on both sides
MIDNIGHT_S = 1_768_003_200
SHIFT_NS = (MIDNIGHT_S + 6 * 3600) * 10**9
FAULTS = "duplicates=0.03,shuffle_s=90,late=0.05,late_s=1200"
LINE = "plant/hall1/line1"
PACKER = f"{LINE}/packer"
MACHINES = ("press1", "press2", "oven", "packer")
SETTINGS = """
log = "sqlite:plant.db"
plant = "plant.toml"
[ingest]
subscribe = ["plant/#", "spBv1.0/#", "tele/#"]
[process]
settle_s = "5s"
operators = ["telemetry", "energy", "machine", "order", "spc", "vibration"]
windows = ["1m", "15m", "1h", "shift", "day", "order"]
[deliver]
store = "results.db"
"""


class Run(NamedTuple):
    """A pipe that goes on, the plant's truth, and where its broker listens."""

    folder: Path
    truth: dict[str, Any]
    broker: str

    @property
    def store(self) -> Path:
        return self.folder / "results.db"

    def row(self, kind: str, asset: str) -> dict[str, Any]:
        """The early shift's row."""
        (row,) = query(kind, asset, "shift", SHIFT_NS, SHIFT_NS + 1, source=str(self.store)).to_dicts()
        return row

    def drain(self) -> None:
        fieldline("status", "--config", "fieldline.toml", "--wait", "60s", folder=self.folder, timeout_s=90)


@pytest.fixture(scope="module")
def run(_warm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "plant.toml").write_text(plant_file(SimulatedPlant(lines=1, foreign=True)))
    (folder / "fieldline.toml").write_text(SETTINGS)
    process = Process("run", folder, "run", "--config", "fieldline.toml", "--broker-port", "0").start()
    try:
        process.until_ready()
        broker = re.search(r"embedded broker listens on (mqtt://\S+)", process.last_words())
        assert broker is not None, process.last_words()
        plant = (
            "--lines",
            "1",
            "--foreign",
            "--start",
            START,
            "--duration",
            DURATION,
            "--pack",
            "60",
            "--faults",
            FAULTS,
        )
        fieldline("simulate", "--to", broker[1], "--fastest", *plant, "--truth", "truth.json", folder=folder)
        found = Run(folder, json.loads((folder / "truth.json").read_text()), broker[1])
        lines = [sent for line, sent in found.truth["lines"].items() if line.startswith("plant/")]
        expected = sum(sent["readings"] + sent["copies"] for sent in lines)
        until(lambda: _received(found) >= expected, 120.0, process.last_words)
        found.drain()
        yield found
        process.stop()
    finally:
        process.abandon()


def _received(run: Run) -> int:
    """Readings of all lines that have come to the results, by the account of the process stage."""
    run.drain()
    account = json.loads(fieldline("audit", "--config", "fieldline.toml", "--json", folder=run.folder, code=None))
    assert account["balanced"] and account["unprocessed"] == 0, account
    return sum(source["received"] for source in account["sources"])


def _plain(comparisons: list[Comparison]) -> list[str]:
    return [f"{each.what}: the plant {each.truth}, found {each.ours}" for each in comparisons if not each.agrees]


def test_every_figure_of_whole_hours_shifts_and_orders_is_the_plants(run: Run) -> None:
    of_plant = [row for row in run.truth["figures"] if not row["asset"].startswith("farm/")]
    found = compare_figures(run.store, run.truth | {"figures": of_plant})

    windows = {(row["window"], row["asset"]) for row in run.truth["figures"]}
    assert {("shift", LINE), ("order", LINE), ("1h", LINE), ("shift", PACKER), ("1m", PACKER)} <= windows
    assert len(found) > 4000
    assert _plain(found) == []


def test_the_rows_came_late_and_twice_indeed(run: Run) -> None:
    account = json.loads(fieldline("audit", "--config", "fieldline.toml", "--json", folder=run.folder))
    revised = query("oee", "*", "1h", source=str(run.store))["rev"].to_list()

    (source,) = (each for each in account["sources"] if each["source"] == LINE)
    assert source["duplicate"] == run.truth["lines"][LINE]["copies"] > 10_000
    assert source["late"] == 0  # none so late that it could not count any more
    assert max(revised) > 0


def test_figures_of_devices_of_other_makers_are_among_them(run: Run) -> None:
    foreign = {row["asset"] for row in run.truth["figures"]} - {LINE, *(f"{LINE}/{name}" for name in MACHINES)}
    meters = ("plant/hall1/utilities/compressor", "plant/hall1/utilities/chiller")

    assert {*meters, "plant/hall1/packaging/labeller", "plant/hall1/utilities/edge1/vacuum"} <= foreign
    assert "plant/hall1/utilities/plug1" in foreign
    assert all(run.row("energy", meter)["rejected_readings"] > 100 for meter in meters)
    assert "reset" in run.row("energy", meters[1])["meter_events"]


def test_causes_and_pictures_are_of_the_same_shift(run: Run) -> None:
    window = newest_window(run.truth, LINE)
    assert window == ("shift", "early", SHIFT_NS, SHIFT_NS + 8 * 3600 * 10**9)
    with existing(f"sqlite:{run.folder / 'plant.db'}") as log:
        causes = causes_of(log, LINE, window.start_ns, window.end_ns)

    sheet = StringIO()
    for picture in pictures(Results(str(run.store)), LINE, window, causes):
        Console(file=sheet, width=100).print(picture)

    found = compare_line_causes(causes, run.truth, window.window, window.start_ns)
    assert len(found) > 20 and _plain(found) == []
    down = sum(cause.amount for cause in causes.stops_s)
    assert down == run.row("oee", LINE)["actual_unit_down_time_s"]
    for part in ("fully productive", "by order", "by shift", "stops by cause", "rejects by cause", "against a rule"):
        assert part in sheet.getvalue()


def test_a_breakdown_that_was_planned_after_all_changes_the_shifts_oee_and_its_revision(run: Run) -> None:
    packer = SimulatedPlant(lines=1).machines[LINE][-1]
    begin, end = _breakdown(packer)
    revisions = {asset: run.row("oee", asset)["rev"] for asset in (PACKER, LINE)}

    moments = ("--from", str(MIDNIGHT_S + begin), "--until", str(MIDNIGHT_S + end))
    told = ("--state", "planned_stop", "--reason", "cleaning that was agreed on")
    fieldline("correct", "state", "--asset", PACKER, *moments, *told, "--to", run.broker, folder=run.folder)
    until(lambda: run.row("oee", PACKER)["rev"] > revisions[PACKER], 60.0, lambda: str(run.row("oee", PACKER)))
    run.drain()

    for asset in (PACKER, LINE):
        plant, after, seconds = _of_plant(run, asset), run.row("oee", asset), end - begin
        run_s = plant["actual_production_time_s"] + plant["minor_stop_time_s"]
        busy_s = plant["planned_busy_time_s"] - seconds
        assert after["planned_busy_time_s"] == pytest.approx(busy_s, rel=1e-9)
        assert after["actual_unit_down_time_s"] == plant["actual_unit_down_time_s"] - seconds
        assert after["planned_stop_time_s"] == plant["planned_stop_time_s"] + seconds
        assert after["stop_count"] == plant["stop_count"] - 1
        assert after["availability"] == pytest.approx(run_s / busy_s, rel=1e-9)
        assert after["performance"] == pytest.approx(plant["performance"], rel=1e-9)
        assert after["oee"] == pytest.approx(plant["fully_productive_time_s"] / busy_s, rel=1e-9)
        assert after["oee"] > plant["oee"] and after["rev"] > revisions[asset]


def _of_plant(run: Run, asset: str) -> dict[str, Any]:
    """The plant's own times, ratios and losses of the shift."""
    rows = [row for row in run.truth["figures"] if (row["asset"], row["start_ns"]) == (asset, SHIFT_NS)]
    shift = [row["figures"] for row in rows if row["window"] == "shift" and row["kind"] in ("oee", "losses")]
    return {name: value for figures in shift for name, value in figures.items()}


def _breakdown(machine: Machine) -> tuple[int, int]:
    """The first breakdown of the shift between two stretches of production: its first second and the one after it."""
    state = machine.timeline(MIDNIGHT_S // DAY_S).state
    falls = np.flatnonzero((state[:-1] == State.PRODUCING) & (state[1:] == State.STOPPED)) + 1
    for begin in falls[(falls > 7 * 3600) & (falls < 13 * 3600)].tolist():
        end = begin + int(np.flatnonzero(state[begin:] != State.STOPPED)[0])
        if state[end] == State.PRODUCING:
            return begin, end
    raise AssertionError("the shift has no breakdown between two stretches of production")
