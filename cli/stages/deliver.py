"""Metrics to every sink that the settings ask for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from analysis.across.making import Across
from analysis.logs import across_path, results_path, rollup_path
from analysis.rollup.areas import Areas
from analysis.rollup.sink import DerivingSink
from cli.supervisor import stop_on_signals
from cli.wiring import Part
from delivery.again import Span
from delivery.sinks import make_sinks
from delivery.stage import DeliverStage
from fieldline.across import entries_across
from fieldline.clock import Clock
from fieldline.errors import SettingsError, Unavailable
from fieldline.health import Health
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings

_NONE = "none"


def deliver_parts(settings: Settings, plant: Plant, log: Log, clock: Clock) -> list[Part]:
    """A deliver stage for each sink, and those that make rows of several lines'. Raises SettingsError when the settings ask for no sink."""
    parts, sinks = [], make_sinks(settings.deliver, plant.levels, clock)
    rollup = settings.deliver.rollup
    if rollup is not None and rollup != _NONE:
        if settings.deliver.store is not None and Path(rollup).resolve() == Path(settings.deliver.store).resolve():
            raise SettingsError(f"$.deliver.rollup: expected a file of its own, got that of the local store: {rollup}")
        sinks.append(DerivingSink(Areas(plant), Path(rollup), log, clock))
        if entries_across(plant):
            sinks.append(DerivingSink(Across(plant), across_path(Path(rollup)), log, clock))
    for sink in sinks:
        health = Health(sink.group)
        stage = DeliverStage(settings=settings.deliver, log=log, sink=sink, health=health, clock=clock, plant=plant)
        parts.append(Part(sink.group, stage, health))
    return parts


def deliver_again(settings: Settings, plant: Plant, log: Log, clock: Clock, span: Span) -> Iterator[Health]:
    """Write what the log has once more, sink by sink, until a signal; what became of it, as health that counts.

    Raises SettingsError when the settings ask for no sink, InUse when another process delivers to it, Unavailable when it was stopped.
    """
    stop = threading.Event()
    with stop_on_signals(stop, "stopping; what is written stays, the rest is not written again"):
        for sink in make_sinks(settings.deliver, plant.levels, clock):
            health = Health(sink.group)
            stage = DeliverStage(
                settings=settings.deliver, log=log, sink=sink, health=health, clock=clock, plant=plant, again=span
            )
            stage.run(stop)
            if stop.is_set():
                raise Unavailable(f"{sink.target}: stopped before everything was written again")
            yield health


def with_files(settings: Settings) -> Settings:
    """The settings of `fieldline run`: results, and the lines' rows for the roll-up, go to files beside the log unless others are named."""
    store, rollup = settings.deliver.store, settings.deliver.rollup or rollup_path(settings.log)
    if store is None:
        store = results_path(settings.log)
    elif store == _NONE:
        if settings.deliver.influx is None and not settings.deliver.sinks:
            raise SettingsError("deliver.store: none, and no --influx: results would go nowhere")
        store = None
    deliver = msgspec.structs.replace(settings.deliver, store=store, rollup=rollup)
    return msgspec.structs.replace(settings, deliver=deliver)
