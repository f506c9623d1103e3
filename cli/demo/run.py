"""One run of the demo.

A plant's day passes before your eyes rather than being filled in from history: in two minutes at 270 × time nine hours go by,
from half an hour before the early shift to half an hour after it. That is the least that shows a whole shift, a dozen orders and
enough stops for a Pareto, and everything comes the way it would on a real day, late and doubled rows among it.
"""

import json
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

from analysis.audit import balance
from analysis.causes import causes_of
from analysis.logs import opened, results_path, rollup_path
from analysis.results import Results
from cli import wiring
from cli.answers.audit import account, exit_code
from cli.demo.asked import DemoAsked
from cli.demo.farm import drawn as fields_drawn
from cli.demo.plant import Ending, SimulatorStage, first_moment
from cli.demo.report import ailing, newest_window, pictures, shaken
from cli.demo.state import DemoState
from cli.demo.truth import Comparison, compare_counts, compare_energy, compare_figures, compare_line_causes, shown
from cli.demo.view import picture
from cli.embedded import embedded_broker
from cli.exits import Exit
from cli.report import Note, Report, Verbatim, tell
from cli.stages.deliver import deliver_parts
from cli.stages.ingest import ingest_part
from cli.stages.process import process_part
from cli.supervisor import Supervisor, stop_on_signals
from cli.terminal import say
from cli.warm import warm_kernels
from delivery.query import Source
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.health import configure_logging
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings, load_settings
from ingest.broker.listener import Broker
from ingest.simulator import Simulation, pack_for, parse_faults
from ingest.simulator.plantfile import DEPARTMENT, plant_file

SETTINGS = "fieldline.toml"
_SETTINGS = """\
# What `fieldline demo` ran with: other verbs take it as --config.
log = {log}
plant = "plant.toml"

[ingest]
subscribe = {topics}

[process]
settle_s = {settle_s}
horizon_s = "15d"     # the estate's gateway keeps what it measured for twelve days
operators = ["telemetry", "energy", "machine", "order", "spc", "vibration", "et0", "rain", "irrigation", "soil_water"]
windows = ["1m", "15m", "1h", "shift", "day", "month", "order"]

[deliver]
store = {store}
rollup = {rollup}
"""
_RETENTION_S = 16 * 86_400  # the horizon and a day: what is late by less can be read again
_WRONG_SHOWN = 20


@contextmanager
def folder_of(asked: DemoAsked) -> Iterator[Path]:
    """The folder that was asked for, or one for the time of the block. Raises SettingsError when a demo is in it already."""
    folder = asked.folder
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="fieldline-demo-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    if (folder / "demo.db").exists():
        raise SettingsError(f"demo: {folder / 'demo.db'} is there already; name another --dir, or delete it")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


class Demo:
    """A demo in a folder; run it once."""

    def __init__(self, folder: Path, asked: DemoAsked) -> None:
        self._clock = SystemClock()
        self._causes: list[Comparison] = []
        self._album: list[RenderableType] = []
        self._folder, self._asked = folder, asked
        pack_s = pack_for(asked.speed)
        start_ns = first_moment(self._clock.now_ns(), round(asked.span_s * 1e9))
        self._simulation = Simulation(
            start_ns, seed=asked.seed, pack_s=pack_s, faults=parse_faults(asked.faults), foreign=True
        )
        self._settings = _settings(folder, pack_s, self._simulation)

    def run(self) -> Exit:
        """Run it to its end, or until Ctrl-C, and judge it."""
        configure_logging(level="error")
        say("making ready; the first time kernels are compiled, which takes a minute or so")
        warm_kernels()
        plant = wiring.plant_of(self._settings)
        with ExitStack() as stack:
            settings, broker = stack.enter_context(embedded_broker(self._settings, "127.0.0.1", 0))
            log = stack.enter_context(opened(settings.log))
            span_s = self._asked.span_s
            simulator = SimulatorStage(self._simulation, settings.ingest.mqtt, span_s, self._asked.speed, self._clock)
            self._watch(settings, plant, log, simulator, broker)
            self._simulation.write_truth(self._folder / "truth.json")
            return self._judge(log, plant)

    def _watch(self, settings: Settings, plant: Plant, log: Log, simulator: SimulatorStage, broker: Broker) -> None:

        parts = [
            ingest_part(settings, plant, log, self._clock, broker),
            process_part(settings, plant, log, self._clock),
            *deliver_parts(settings, plant, log, self._clock),
        ]
        state = DemoState(log, plant.line_of, [part.health for part in parts], self._clock)
        ending = Ending(simulator, parts[0].health, state, self._clock)
        # Ctrl-C ends the plant, not the stages: what it sent until then still gets its account.
        with self._shown(state) as refresh, stop_on_signals(simulator.enough, notice=""):
            supervisor = Supervisor(threading.Event(), refresh)
            supervisor.add("simulator", simulator)
            for part in parts:
                supervisor.add(part.name, part.stage)
            supervisor.run(ending.is_reached)

    @contextmanager
    def _shown(self, state: DemoState) -> Iterator[Callable[[], None]]:
        """The function that refreshes state and view."""
        if self._asked.is_quiet:
            yield state.refresh
            return

        console = Console()
        headline = f"{self._asked.speed:g} × time, seed {self._simulation.plant.seed}"
        with Live(picture(state, headline), console=console, auto_refresh=False) as live:

            def refresh() -> None:
                state.refresh()
                live.update(picture(state, headline), refresh=True)
                if state.totals.get("received", 0) and state.rates.get("received", 0) > 1:
                    busy.append(picture(state, headline))

            busy: deque[RenderableType] = deque(maxlen=10)  # the oldest of them shows the plant at work, not its end
            yield refresh
            refresh()
        self._album += list(busy)[:1]

    def _judge(self, log: Log, plant: Plant) -> Exit:

        truth, store = self._simulation.truth(), Path(self._settings.deliver.store or "")
        if store.exists():
            self._show_report(log, plant, store, truth)
        self._save_pictures()
        result = balance.audit(log, plant.line_of)
        code = exit_code(result)
        tell(account(result))
        found = compare_counts(result, truth)
        if store.exists():
            found += compare_energy(store, truth) + compare_figures(store, truth) + self._causes
        tell(_truth(found, truth, self._asked.faults))
        if self._asked.folder is not None:
            tell(_next(self._folder / SETTINGS, self._simulation.plant.lines[0]))
        return code or (Exit.OK if all(each.agrees for each in found) else Exit.FAILED)

    def _show_report(self, log: Log, plant: Plant, store: Path, truth: dict[str, Any]) -> None:
        """The pictures of the first line, and its causes beside the truth."""
        line = self._simulation.plant.lines[0]
        window = newest_window(truth, line)
        if window is None:
            text = "no whole hour of the plant went by; a longer run shows OEE, energy per unit and causes"
            tell(Report([Note(text)]))
            return
        causes = causes_of(log, line, window.start_ns, window.end_ns)
        self._causes = compare_line_causes(causes, truth, window.window, window.start_ns)
        results = Results(Source(str(store)))
        drawn = [
            *pictures(results, line, window, causes),
            *ailing(plant, results),
            *shaken(log, plant, results, window),
            *fields_drawn(results, plant, truth["end_ns"]),
        ]
        self._album += drawn
        if not self._asked.is_quiet:
            console = Console()
            for one in drawn:
                console.print()
                console.print(one)
            console.print()

    def _save_pictures(self) -> None:
        """Write what was shown as SVG, if that was asked for."""
        if self._asked.svg is None:
            return
        recorder = Console(record=True, width=100, file=StringIO())
        for one in self._album:
            recorder.print(one)
            recorder.print()
        recorder.save_svg(str(self._asked.svg), title="fieldline demo")


def _settings(folder: Path, pack_s: int, simulation: Simulation) -> Settings:
    """Everything in the folder. Devices send `pack_s` seconds at once, so rows wait for their neighbours as long."""
    (folder / "plant.toml").write_text(plant_file(simulation.plant), encoding="utf-8")
    file, where = folder / SETTINGS, folder.resolve()
    log = f"sqlite:{where / 'demo.db'}"
    files = {"log": f"{log}?retention_s={_RETENTION_S}", "store": results_path(log), "rollup": rollup_path(log)}
    said = {name: json.dumps(text) for name, text in files.items()} | {"topics": json.dumps(simulation.plant.topics)}
    file.write_text(_SETTINGS.format(**said, settle_s=max(0.5, 2.0 * pack_s)), encoding="utf-8")
    return load_settings(file)


def _next(settings: Path, line: str) -> Report:
    """What can be done with what was kept."""
    return Report(
        [
            Note(
                "kept; look at it, or run it on, report a correction (fieldline correct state …) and see rev grow in query:"
            ),
            *(
                Verbatim(f"  fieldline {verb} --config {settings}{rest}")
                for verb, rest in (
                    ("explain oee", f" --asset {line}/packer --window shift --at …"),
                    ("run", ""),
                    ("query oee", f" --asset {line} --window shift"),
                    ("query oee", f" --asset {DEPARTMENT} --window shift"),
                )
            ),
        ]
    )


def _truth(found: list[Comparison], truth: dict[str, Any], faults: str) -> Report:
    wrong = [each for each in found if not each.agrees]
    energy = sum(each.truth or 0.0 for each in found if each.what.endswith("kWh"))
    lines = [
        f"against the simulator's truth: {len(found) - len(wrong)} of {len(found)} figures agree to 1e-9",
        f"  readings, duplicates and malformed payloads of each line; {energy:.3f} kWh; stops and rejects by reason",
        f"  {len(truth['figures'])} rows of OEE, losses, pieces, energy, energy per unit, control chart and vibration, weather and soil "
        "water, of whole windows",
        f"  injected on the way: {faults or 'nothing'}",
    ]
    if truth["not_told"]:
        lines.append(
            f"  rows are not compared, for what the plant did was not all sent: {', '.join(truth['not_told'])}"
        )
    lines += [
        f"  {each.what}: the plant {shown(each.truth)}, found {shown(each.ours)}" for each in wrong[:_WRONG_SHOWN]
    ]
    if len(wrong) > _WRONG_SHOWN:
        lines.append(f"  and {len(wrong) - _WRONG_SHOWN} more")
    return Report(list(map(Note, lines)))
