"""MQTT to the log."""

from cli.wiring import Part
from fieldline.clock import Clock
from fieldline.health import Health
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings
from ingest.stage import IngestStage


def ingest_part(settings: Settings, plant: Plant, log: Log, clock: Clock) -> Part:
    """The ingest stage."""
    health = Health("ingest")
    stage = IngestStage(settings=settings.ingest, plant=plant, log=log, health=health, clock=clock)
    return Part("ingest", stage, health)
