"""What a run holds at any moment of plant file and settings: disturbances change it, stages are started with it.

`plant_text` and `settings_text` are the two files. Lines that no edit of the plant file touches are `untouched`.
"""

from dataclasses import dataclass, field
from random import Random

LINES = ("plant/hall1/line1", "plant/hall1/line2", "plant/hall2/line3", "plant/hall2/line4")
WINDOWS = ("1m", "15m", "1h", "day", "week", "month", "shift", "order")
OPERATORS = ("telemetry", "energy", "machine", "order", "spc")
LEAST_HORIZON_H = 9
"""No row of a run comes as late as that [h]."""

_ASSETS = """
[[asset]]
path = "{line}/press"
ideal_cycle_s = {ideal_cycle_s}
microstop_s = {microstop_s}

[asset.tags.mode]
kind = "state"
codes = {{"0" = "off", "1" = "idle", "2" = "setup", "3" = "producing", "4" = "down"}}

[[asset]]
path = "{line}/oven"

[asset.tags.power_kw]
max_gap_s = 300   # what lies further apart is no energy, in whatever rhythm it comes: the ledger knows of no rhythm

[asset.tags.temp_c]
low = {low}
high = {high}

[asset.tags.temp_c.spc]
chart = "i_mr"
center = 180.0
sigma = 2.0

[[calendar]]
path = "{line}"

[[calendar.shift]]
name = "{shift}"
start = "06:00"
end = "14:00"
breaks = [{{start = "09:00", end = "09:15"}}]

[[calendar.shift]]
name = "late"
start = "14:00"
end = "22:00"

[[tariff]]
path = "{line}"
currency = "EUR"
price = {price}
"""


@dataclass
class LineEntries:
    """What the plant file says of a line. Times in s, limits in °C, price a kWh."""

    ideal_cycle_s: float = 20.0
    microstop_s: float = 300.0
    low: float = 100.0
    high: float = 250.0
    shift: str = "early"
    price: float = 0.25
    more_assets: list[str] = field(default_factory=list)


@dataclass
class Site:
    """Plant file and settings of now.

    left_out_windows, left_out_operators : those that were not made for a while at some time; holes : the same, of all times
    least_horizon_h : the smallest allowed lateness there ever was [h]
    """

    zone: str
    lines: dict[str, LineEntries]
    edited: tuple[str, ...]
    horizon_h: int = 25
    least_horizon_h: int = 25
    settle_s: float = 0.1
    left_out_windows: set[str] = field(default_factory=set)
    left_out_operators: set[str] = field(default_factory=set)
    holes: set[str] = field(default_factory=set)

    @classmethod
    def drawn(cls, random: Random, line_count: int) -> "Site":
        """A random plant: at least one line is edited, at least one is not."""
        lines = LINES[:line_count]
        count = random.randrange(1, line_count)
        edited = tuple(sorted(random.sample(lines, count)))
        zone = random.choice(["UTC", "Europe/Berlin", "America/New_York"])
        entries = {
            line: LineEntries(ideal_cycle_s=random.choice([5.0, 20.0, 45.0]), microstop_s=random.choice([90.0, 300.0]))
            for line in lines
        }
        horizon = random.choice([12, 25, 1000])
        return cls(zone, entries, edited, horizon_h=horizon, least_horizon_h=horizon)

    @property
    def untouched(self) -> tuple[str, ...]:
        """Lines of which the plant file says the same throughout."""
        return tuple(line for line in self.lines if line not in self.edited)

    @property
    def windows(self) -> tuple[str, ...]:
        return tuple(name for name in WINDOWS if name not in self.left_out_windows)

    @property
    def operators(self) -> tuple[str, ...]:
        return tuple(name for name in OPERATORS if name not in self.left_out_operators)

    def set_horizon(self, hours: int) -> None:
        """Allow rows to come that late [h]."""
        self.horizon_h = hours
        self.least_horizon_h = min(hours, self.least_horizon_h)

    def plant_text(self) -> str:
        """The plant file."""
        parts = [f'time_zone = "{self.zone}"\n']
        for line, entries in self.lines.items():
            fields = {name: getattr(entries, name) for name in ("ideal_cycle_s", "microstop_s", "low", "high")}
            parts.append(_ASSETS.format(line=line, shift=entries.shift, price=entries.price, **fields))
            parts += [f'\n[[asset]]\npath = "{line}/{name}"\nideal_cycle_s = 9.0\n' for name in entries.more_assets]
        return "".join(parts)

    def settings_text(self) -> str:
        """The settings file, beside which the plant file is `plant.toml`."""
        return "\n".join(
            (
                'plant = "plant.toml"',
                "[process]",
                f'horizon_s = "{self.horizon_h}h"',
                f"settle_s = {self.settle_s}",
                "checkpoint_s = 1.0",
                f"windows = [{_quoted(self.windows)}]",
                f"operators = [{_quoted(self.operators)}]",
                "",
            )
        )


def line_of(asset: str) -> str:
    """The line of an asset: the first three levels of its path."""
    return "/".join(asset.split("/")[:3])


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
