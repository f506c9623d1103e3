"""Which stages a process runs, made from its settings and put under a supervisor."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from cli.logs import results_path
from cli.output import say
from cli.supervisor import Stage, Supervisor, stop_on_signals
from fieldline.clock import Clock, SystemClock
from fieldline.errors import SettingsError
from fieldline.health import READY, Health, HealthServer, serve
from fieldline.log import Log
from fieldline.plant import Plant, load_plant
from fieldline.settings import Settings

_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")


class Part(NamedTuple):
    """One stage with its name and health."""

    name: str
    stage: Stage
    health: Health


def limit_threads() -> None:
    """Keep libraries from starting a thread for each core. Call before numpy, polars and pyarrow are imported."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")


def plant_of(settings: Settings) -> Plant:
    """The plant of the settings' file. Raises SettingsError."""
    return load_plant(Path(settings.plant) if settings.plant else None)


def ingest_part(settings: Settings, plant: Plant, log: Log, clock: Clock) -> Part:
    """MQTT to the log."""
    from ingest.stage import IngestStage

    health = Health("ingest")
    return Part(
        "ingest", IngestStage(settings=settings.ingest, plant=plant, log=log, health=health, clock=clock), health
    )


def process_part(settings: Settings, plant: Plant, log: Log, clock: Clock) -> Part:
    """Readings to metrics."""
    from processing.stage import ProcessStage

    health = Health("process")
    return Part(
        "process", ProcessStage(settings=settings.process, plant=plant, log=log, health=health, clock=clock), health
    )


def deliver_parts(settings: Settings, plant: Plant, log: Log, clock: Clock) -> list[Part]:
    """Metrics to every sink that the settings ask for. Raises SettingsError when they ask for none."""
    from delivery.sinks import make_sinks
    from delivery.stage import DeliverStage

    parts = []
    for sink in make_sinks(settings.deliver, plant.levels, clock):
        health = Health(sink.group)
        stage = DeliverStage(settings=settings.deliver, log=log, sink=sink, health=health, clock=clock, plant=plant)
        parts.append(Part(sink.group, stage, health))
    return parts


def with_store(settings: Settings) -> Settings:
    """The settings of `fieldline run`: results go to a store beside the log, unless told otherwise or `none`."""
    import msgspec

    store = settings.deliver.store
    if store is None:
        store = results_path(settings.log)
    elif store == "none":
        if settings.deliver.influx is None:
            raise SettingsError("deliver.store: none, and no --influx: results would go nowhere")
        store = None
    return msgspec.structs.replace(settings, deliver=msgspec.structs.replace(settings.deliver, store=store))


def run_parts(
    parts: Sequence[Part],
    http: str | None = None,
    others: Mapping[str, Stage] | None = None,
    ready: str | None = None,
) -> None:
    """Run until a signal, or until a stage ends by itself: that raises its reason. Call in the main thread.

    others : what runs beside the stages, without health of its own
    ready : said once, when all stages are at work
    """
    stop = threading.Event()
    supervisor = Supervisor(stop, _told_once(ready, [part.health for part in parts]) if ready else None)
    for part in parts:
        supervisor.add(part.name, part.stage)
    for name, stage in (others or {}).items():
        supervisor.add(name, stage)
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        stack.enter_context(answering([part.health for part in parts], http))
        supervisor.run()


def _told_once(text: str, healths: Sequence[Health]) -> Callable[[], None]:
    untold = [text]

    def look() -> None:
        if untold and all(health.state in READY for health in healths):
            say(untold.pop())

    return look


@contextmanager
def answering(healths: Sequence[Health], address: str | None) -> Iterator[HealthServer | None]:
    """Health over HTTP at HOST:PORT within this block; nothing without an address."""
    if address is None:
        yield None
        return
    host, _, port = address.rpartition(":")
    server = serve(healths, host.strip("[]"), int(port))
    try:
        yield server
    finally:
        server.close()


def system_clock() -> Clock:
    """The machine's clock, for stages."""
    return SystemClock()
