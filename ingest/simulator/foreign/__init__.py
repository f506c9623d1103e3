"""Devices of the simulated plant that speak as devices of other makers do, with the faults that such devices have.

One file a device: what it says, in its own format and on its own topics, and what is true behind it. `told.py` is what they share.
"""

from ingest.simulator.foreign.dirty_meter import DirtyMeter
from ingest.simulator.foreign.edge_node import EdgeNode
from ingest.simulator.foreign.labeller import LABELLER_LINE, Labeller
from ingest.simulator.foreign.plug import Plug
from ingest.simulator.foreign.probe import Probe
from ingest.simulator.foreign.told import Foreign
from ingest.simulator.foreign.water_chiller import WaterChiller

UTILITIES = "plant/hall1/utilities"
FOREIGN_TOPICS = ("spBv1.0/#", "v3/#", "tele/#")
"""Where they publish, beside the topics of the other devices."""


def foreign_devices(seed: int, field: str, period_ns: int) -> list[Foreign]:
    """All of them. field : the line of the probe; period_ns : how often the labeller's meter measures [ns]."""
    return [
        DirtyMeter(seed, f"{UTILITIES}/compressor", 160.0, modulus_kwh=1000.0),
        DirtyMeter(seed, f"{UTILITIES}/chiller", 90.0, reset_s=37_050),
        EdgeNode(seed, UTILITIES, "vacuum"),
        Plug(seed, UTILITIES, "plug1"),
        Labeller(seed, LABELLER_LINE, "labeller", period_ns),
        Probe(seed, field, "soil3"),
        WaterChiller(seed, UTILITIES, "chiller2"),
    ]
