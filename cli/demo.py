"""`fieldline demo`: a plant and a farm, a broker, all stages and a live view in one process, ending with the audit.

A plant's day passes before your eyes rather than being filled in from history: in two minutes at 270 × time nine hours go by,
from half an hour before the early shift to half an hour after it. That is the least that shows a whole shift, a dozen orders and
enough stops for a Pareto, and everything comes the way it would on a real day, late and doubled rows among it.
"""

import json
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.demo_plant import SimulatorStage
    from cli.demo_state import DemoState
    from cli.demo_truth import Comparison
    from cli.supervisor import Stage
    from fieldline.settings import Settings
    from ingest.simulator import Simulation

FAULTS = "duplicates=0.01,shuffle_s=20,late=0.02,late_s=900,malformed=0.002"


def demo(
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.05, max=1440, help="How long the plant runs, by your watch.")
    ] = 2.0,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, max=600, help="Seconds of the plant in one of yours.")
    ] = 270.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed is the same plant, day and faults.")] = 1,
    faults: Annotated[
        str, typer.Option("--faults", metavar="NAME=VALUE,…", help="What to spoil; as in simulate.")
    ] = FAULTS,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="FOLDER", help="Keep log, results and truth here. [default: a temporary folder]"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the view and the pictures after it as SVG.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live view, only the audit.")] = False,
) -> None:
    """Watch a simulated plant and farm go through the whole pipe, then see the audit."""
    from cli.wiring import limit_threads

    limit_threads()
    with _folder(folder) as where:
        code = _Demo(where, minutes * 60.0, speed, seed, faults, svg, quiet, folder is not None).run()
    if code:
        raise typer.Exit(code)


SETTINGS = "fieldline.toml"
_SETTINGS = """\
# What `fieldline demo` ran with: other verbs take it as --config.
log = {log}
plant = "plant.toml"

[ingest]
subscribe = ["plant/#", "farm/#"]

[process]
settle_s = {settle_s}
operators = ["telemetry", "energy", "machine", "order", "spc"]
windows = ["1m", "1h", "shift", "day", "order"]

[deliver]
store = {store}
"""
_WRONG_SHOWN = 20


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    from fieldline.errors import SettingsError

    if folder is None:
        with tempfile.TemporaryDirectory(prefix="fieldline-demo-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    if (folder / "demo.db").exists():
        raise SettingsError(f"demo: {folder / 'demo.db'} is there already; name another --dir, or delete it")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


class _Demo:
    """One run of the demo."""

    def __init__(
        self,
        folder: Path,
        wall_s: float,
        speed: float,
        seed: int,
        faults: str,
        svg: Path | None,
        quiet: bool,
        is_kept: bool,
    ) -> None:
        from cli.demo_plant import first_moment
        from fieldline.clock import SystemClock
        from ingest.simulator import Simulation, pack_for, parse_faults

        self._clock = SystemClock()
        self._causes: list[Comparison] = []
        self._album: list[RenderableType] = []
        self._faults, self._is_kept = faults, is_kept
        self._folder, self._wall_s, self._speed, self._svg, self._quiet = folder, wall_s, speed, svg, quiet
        pack_s = pack_for(speed)
        start_ns = first_moment(self._clock.now_ns(), round(wall_s * speed * 1e9))
        self._simulation = Simulation(start_ns, seed=seed, pack_s=pack_s, faults=parse_faults(faults))
        self._settings = _settings(folder, pack_s, self._simulation)

    def run(self) -> Exit:
        """Run it to its end, or until Ctrl-C, and judge it."""
        from cli import wiring
        from cli.demo_plant import SimulatorStage
        from cli.embedded import embedded_broker
        from cli.logs import opened
        from cli.output import say
        from cli.warm import warm_kernels
        from fieldline.health import configure_logging

        configure_logging(level="error")
        say("making ready; the first time kernels are compiled, which takes a minute or so")
        warm_kernels()
        plant = wiring.plant_of(self._settings)
        with ExitStack() as stack:
            settings, watch = stack.enter_context(embedded_broker(self._settings, "127.0.0.1", 0))
            log = stack.enter_context(opened(settings.log))
            span_s = self._wall_s * self._speed
            simulator = SimulatorStage(self._simulation, settings.ingest.mqtt, span_s, self._speed, self._clock)
            self._watch(settings, plant, log, simulator, watch)
            self._simulation.write_truth(self._folder / "truth.json")
            return self._judge(log, plant)

    def _watch(self, settings: "Settings", plant: Any, log: Any, simulator: "SimulatorStage", watch: "Stage") -> None:
        import threading

        from cli import wiring
        from cli.demo_plant import Ending
        from cli.demo_state import DemoState
        from cli.supervisor import Supervisor, stop_on_signals

        parts = [
            wiring.ingest_part(settings, plant, log, self._clock),
            wiring.process_part(settings, plant, log, self._clock),
            *wiring.deliver_parts(settings, plant, log, self._clock),
        ]
        state = DemoState(log, plant.line_of, [part.health for part in parts], self._clock)
        ending = Ending(simulator, parts[0].health, state, self._clock)
        # Ctrl-C ends the plant, not the stages: what it sent until then still gets its account.
        with self._shown(state) as refresh, stop_on_signals(simulator.enough, notice=""):
            supervisor = Supervisor(threading.Event(), refresh)
            supervisor.add("simulator", simulator)
            for part in parts:
                supervisor.add(part.name, part.stage)
            supervisor.add("broker", watch)
            supervisor.run(ending.is_reached)

    @contextmanager
    def _shown(self, state: "DemoState") -> Iterator[Any]:
        """The function that refreshes state and view."""
        if self._quiet:
            yield state.refresh
            return
        from rich.console import Console
        from rich.live import Live

        from cli.demo_view import picture

        console = Console()
        headline = f"{self._speed:g} × time, seed {self._simulation.plant.seed}"
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

    def _judge(self, log: Any, plant: Any) -> Exit:
        from cli import audit, balance
        from cli.demo_truth import compare_counts, compare_energy, compare_figures

        truth, store = self._simulation.truth(), Path(self._settings.deliver.store or "")
        if store.exists():
            self._show_report(log, store, truth)
        self._save_pictures()
        result = balance.audit(log, plant.line_of)
        code = audit.report(result, json=False)
        found = compare_counts(result, truth)
        if store.exists():
            found += compare_energy(store, truth) + compare_figures(store, truth) + self._causes
        _print_truth(found, truth, self._faults)
        if self._is_kept:
            _print_next(self._folder / SETTINGS, self._simulation.plant.lines[0])
        return code or (Exit.OK if all(each.agrees for each in found) else Exit.FAILED)

    def _show_report(self, log: Any, store: Path, truth: dict[str, Any]) -> None:
        """The pictures of the first line, and its causes beside the truth."""
        from rich.console import Console

        from cli.causes import causes_of
        from cli.demo_report import newest_window, pictures
        from cli.demo_truth import compare_line_causes

        line = self._simulation.plant.lines[0]
        window = newest_window(truth, line)
        if window is None:
            typer.echo("no whole hour of the plant went by; a longer run shows OEE, energy per unit and causes")
            return
        causes = causes_of(log, line, window.start_ns, window.end_ns)
        self._causes = compare_line_causes(causes, truth, window.window, window.start_ns)
        console = Console(file=None if not self._quiet else StringIO())
        for picture in pictures(store, line, window, causes):
            console.print()
            console.print(picture)
            self._album.append(picture)
        console.print()

    def _save_pictures(self) -> None:
        """Write what was shown as SVG, if that was asked for."""
        from rich.console import Console

        if self._svg is None:
            return
        recorder = Console(record=True, width=100, file=StringIO())
        for picture in self._album:
            recorder.print(picture)
            recorder.print()
        recorder.save_svg(str(self._svg), title="fieldline demo")


def _settings(folder: Path, pack_s: int, simulation: "Simulation") -> "Settings":
    """Everything in the folder. Devices send `pack_s` seconds at once, so rows wait for their neighbours as long."""
    from fieldline.settings import load_settings
    from ingest.simulator.plantfile import plant_file

    (folder / "plant.toml").write_text(plant_file(simulation.plant), encoding="utf-8")
    file, where = folder / SETTINGS, folder.resolve()
    log, store = (json.dumps(text) for text in (f"sqlite:{where / 'demo.db'}", str(where / "demo.results.db")))
    file.write_text(_SETTINGS.format(log=log, store=store, settle_s=max(0.5, 2.0 * pack_s)), encoding="utf-8")
    return load_settings(file)


def _print_next(settings: Path, line: str) -> None:
    """What can be done with what was kept."""
    typer.echo(
        f"kept: try fieldline explain oee --config {settings} --asset {line}/packer --window shift; or run it on with "
        f"fieldline run --config {settings}, tell a correction (fieldline correct state …), and see rev grow in fieldline query oee"
    )


def _print_truth(found: "list[Comparison]", truth: dict[str, Any], faults: str) -> None:
    from cli.demo_truth import shown

    wrong = [each for each in found if not each.agrees]
    energy = sum(each.truth or 0.0 for each in found if each.what.endswith("kWh"))
    typer.echo(f"against the simulator's truth: {len(found) - len(wrong)} of {len(found)} figures agree to 1e-9")
    typer.echo(
        f"  readings, duplicates and malformed payloads of each line; {energy:.3f} kWh; stops and rejects by reason"
    )
    typer.echo(
        f"  {len(truth['figures'])} rows of OEE, losses, pieces, energy, energy per unit and control chart, of whole windows"
    )
    typer.echo(f"  injected on the way: {faults or 'nothing'}")
    if truth["not_told"]:
        typer.echo(f"  rows are not compared, for what the plant did was not all sent: {', '.join(truth['not_told'])}")
    for each in wrong[:_WRONG_SHOWN]:
        typer.echo(f"  {each.what}: the plant {shown(each.truth)}, found {shown(each.ours)}")
    if len(wrong) > _WRONG_SHOWN:
        typer.echo(f"  and {len(wrong) - _WRONG_SHOWN} more")
