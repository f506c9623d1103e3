"""Commands from the log to devices."""

import os
import socket

from cli.broker import publisher_of
from cli.wiring import Part
from delivery.commands.stage import CommandStage
from fieldline.clock import Clock
from fieldline.health import Health
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import Settings

_CONNECT_S = 4.0


def command_part(settings: Settings, plant: Plant, log: Log, clock: Clock) -> Part:
    """The command stage. It connects to the broker that the settings name for each command anew: there are few."""
    health = Health("command")
    sender = f"{socket.gethostname()}/{os.getpid()}"
    stage = CommandStage(
        plant=plant,
        log=log,
        connect=lambda: publisher_of(settings, _CONNECT_S),
        sender=sender,
        health=health,
        clock=clock,
    )
    return Part("command", stage, health)
