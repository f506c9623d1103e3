"""Readings to metrics."""

import structlog

from cli.answers.retention import kept_too_short
from cli.wiring import Part
from fieldline.clock import Clock
from fieldline.health import Health
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings
from processing.place import operators_for
from processing.stage import ProcessStage


def check_operators(settings: Settings, plant: Plant) -> None:
    """Refuse operators and metrics of the plant's own that can't run, before anything is connected or compiled. Raises SettingsError."""
    operators_for(settings.process.operators, plant)


def process_part(settings: Settings, plant: Plant, log: Log, clock: Clock) -> Part:
    """The process stage."""
    if warning := kept_too_short(settings):
        structlog.get_logger().warning("the log may forget too early", what=warning)
    health = Health("process")
    stage = ProcessStage(settings=settings.process, plant=plant, log=log, health=health, clock=clock)
    return Part("process", stage, health)
