"""Readings to metrics."""

import structlog

from cli.answers.retention import retention_warning, topic_warning
from cli.wiring import Part
from fieldline.clock import Clock
from fieldline.errors import FieldlineError
from fieldline.health import Health
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings
from processing.operators import chosen
from processing.stage import ProcessStage


def check_operators(settings: Settings) -> None:
    """Refuse a choice of operators that can't run, before anything is connected or compiled. Raises SettingsError."""
    chosen(settings.process.operators)


def process_part(settings: Settings, plant: Plant, log: Log, clock: Clock) -> Part:
    """The process stage."""
    try:
        warning = retention_warning(settings) or topic_warning(settings)
    except FieldlineError as error:  # whoever may not read the topic's options may work on its records
        warning = f"how long the log keeps readings can't be told: {error}"
    if warning:
        structlog.get_logger().warning("the log may forget too early", what=warning)
    health = Health("process")
    stage = ProcessStage(settings=settings.process, plant=plant, log=log, health=health, clock=clock)
    return Part("process", stage, health)
