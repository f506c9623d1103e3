"""A simulated plant and farm with known truth: lines, a field and a barn, seeded, with faults on request.

`Simulation(start_ns, seed=…)` gives MQTT messages and, at the end, the truth about them; `simulate(…)` publishes them.
"""

from ingest.simulator.faults import Faults, parse_faults
from ingest.simulator.run import Progress, pack_for, simulate
from ingest.simulator.stream import Message, Simulation

__all__ = ["Faults", "Message", "Progress", "Simulation", "pack_for", "parse_faults", "simulate"]
