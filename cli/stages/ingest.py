"""MQTT to the log."""

from cli.wiring import Part
from fieldline.clock import Clock
from fieldline.health import Health
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings
from ingest.broker.listener import Broker
from ingest.stage import IngestStage


def ingest_part(settings: Settings, plant: Plant, log: Log, clock: Clock, broker: Broker | None = None) -> Part:
    """The ingest stage; it reads from our own broker where there is one, else from the one that the settings name."""
    health = Health("ingest")
    stage = IngestStage(settings.ingest, plant, log, health, clock, broker)
    return Part("ingest", stage, health)
