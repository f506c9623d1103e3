"""Input that suits an operator, made of what it declares: tags of a plant that has everything, and rows of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from random import Random

import msgspec
from hypothesis import strategies as st

from fieldline.plant import Plant
from fieldline.plantfile import RULES, PlantFile
from processing.operator import Operator
from processing.operators import known
from processing.timeline.events import ROLES as EVENT_ROLES
from tests.processing.engine_rig import SECOND, T0, Row, event

LINE, BERLIN = "works/hall/line1", "annex/hall/line2"
PRESS, OVEN, PACKER, METER = f"{LINE}/press", f"{LINE}/oven", f"{LINE}/packer", f"{LINE}/meter"
SAW = f"{BERLIN}/saw"

_PLANT = """
[[site]]
path = "annex"
time_zone = "Europe/Berlin"

[[line]]
path = "works/hall/line1"
output = "works/hall/line1/packer"

[[asset]]
path = "*/*/*/*"
state_max_gap_s = 1000.0
ideal_cycle_s = 2.0

[[asset]]
path = "works/hall/line1/press"
microstop_s = 90.0

[asset.tags.mode]
kind = "state"
codes = {"0" = "off", "1" = "idle", "2" = "setup", "3" = "producing", "4" = "down", "5" = "standby"}

[asset.tags.strokes]
kind = "total_count"
modulus = 1000.0
max_delta = 100.0

[asset.tags.power_kw]
max_gap_s = 45.0

[asset.tags.force_kn.spc]
chart = "i_mr"
center = 5.0
sigma = 4.0
lsl = -10.0
usl = 20.0
target = 5.0
rules = RULES
limits = [
    {product = "A", version = 1, center = 2.0, sigma = 1.5},
    {product = "A", version = 2, center = 3.0, sigma = 2.0},
]

[[asset]]
path = "works/hall/line1/oven"
microstop_s = 400.0

[asset.tags.temp_c.spc]
chart = "xbar_r"
every = "15m"
n = 3
center = 5.0
sigma = 4.0
lsl = -10.0
usl = 20.0

[asset.tags.draught_pa.spc]
chart = "xbar_s"
n = 2
limits = [{product = "B", version = 1, center = 5.0, sigma = 4.0}]

[[asset]]
path = "works/hall/line1/packer"

[asset.tags.packed]
kind = "good_count"
counts_by = "interval"

[[asset]]
path = "works/hall/line1/meter"
state_of = "works/hall/line1/press"

[[asset]]
path = "annex/hall/line2/saw"

[asset.tags.energy_kwh]
kind = "register"
unit = "kWh"
modulus = 1000.0
max_delta = 100.0
register_max_gap_s = 1200.0

[asset.tags.pulses]
kind = "pulse"
kwh_per_pulse = 0.25

[asset.tags.feed_mm_s.spc]
chart = "xbar_s"
every = "1h"
center = 5.0
sigma = 4.0

[[product]]
name = "A"
ideal_cycle_s = 1.5

[[calendar]]
path = "works"

[[calendar.shift]]
name = "late"
start = "14:00"
end = "22:30"
breaks = [{start = "22:16", end = "22:21"}]

[[calendar.shift]]
name = "night"
start = "22:30"
end = "06:00"

[[tariff]]
path = "works"
currency = "EUR"
co2_kg_per_kwh = 0.35
price = 0.3

[[tariff.period]]
from_hour = 23
to_hour = 6
price = 0.18
"""


def _plant() -> Plant:
    text = _PLANT.replace("RULES", json.dumps(list(RULES)))
    return Plant(msgspec.toml.decode(text, type=PlantFile))


PLANT = _plant()
"""Two lines, in two time zones: every role, sort of chart, calendar, tariff. States hold shortly, so that silence costs little."""

_Walk = Callable[[Random, float], float]


def _any(random: Random, _: float) -> float:
    return random.choice([-0.0, 0.0, 0.1, 1.5, -2.25, 3.0, 10.0, random.gauss(5, 4), random.gauss(5, 4)])


def _counter(random: Random, last: float) -> float:
    """Rises; falls back to zero or jumps now and then."""
    return random.choice([0.0, 40.0, 990.0, -2.0]) if random.random() < 0.15 else last + random.choice([0, 0.7, 3, 20])


def _one_of(*values: float) -> _Walk:
    return lambda random, _: random.choice(values)


OFFERS: dict[tuple[str, str], _Walk] = {
    (PRESS, "mode"): _one_of(0, 1, 1, 2, 3, 3, 3, 4, 5, 9),
    (PRESS, "strokes"): _counter,
    (PRESS, "reject_count"): _counter,
    (PRESS, "power_kw"): _any,
    (PRESS, "reactive_power_kvar"): _any,
    (PRESS, "force_kn"): _any,
    (OVEN, "temp_c"): _any,
    (OVEN, "draught_pa"): _any,
    (OVEN, "interval_energy_kwh"): _any,
    (OVEN, "interval_reactive_energy_kvarh"): _any,
    (PACKER, "running"): _one_of(0, 1, 1),
    (PACKER, "packed"): _one_of(0, 2, 7, -1),
    (PACKER, "rework_count"): _counter,
    (METER, "energy_kwh"): _counter,
    (METER, "energy_t1_kwh"): _counter,
    (METER, "power_kw"): _any,
    (METER, "export_kwh"): _counter,
    (SAW, "energy_kwh"): _counter,
    (SAW, "reactive_energy_kvarh"): _counter,
    (SAW, "pulses"): _one_of(0, 1, 2, 5),
    (SAW, "good_count"): _counter,
    (SAW, "scrap_count"): _counter,
    (SAW, "rework_count"): _counter,
    (SAW, "feed_mm_s"): _any,
}
"""Series of numbers, and how their values go on."""

_STATES = ("producing", "producing", "idle", "down", "setup", "starved", "planned_stop", "standby", "off", "dancing")
EVENTS = ((OVEN, "@state"), (PRESS, "@correction"), (OVEN, "@correction"), (OVEN, "@count"), (PACKER, "@count"))
ORDERS = ((LINE, "@order"), (BERLIN, "@order"), (BERLIN, "@product"))


@dataclass(frozen=True)
class Subject:
    """An operator under test, with those that it needs, and the series that suit it.

    numbers, events : series; those of lines' orders, which cut slices, come to any operator.
    """

    operator: Operator
    operators: tuple[Operator, ...]
    numbers: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, str], ...]

    @property
    def is_raw(self) -> bool:
        """Whether its rows are readings, which only globs ask for."""
        return not self.operator.windows


def subject_of(operator: Operator) -> Subject:
    """Raises AssertionError when it is for a role that no tag of the plant has."""
    operators = tuple(_with_needs(operator))
    roles = frozenset[int]().union(*(one.roles for one in operators))
    numbers = tuple(one for one in OFFERS if not roles or PLANT.tag_info(*one).role in {*roles, 0})
    events = tuple(one for one in EVENTS if not roles or EVENT_ROLES[one[1]] in roles)
    offered = {int(PLANT.tag_info(*one).role) for one in numbers}
    offered |= {EVENT_ROLES[tag] for _, tag in (*events, *ORDERS)}
    assert roles <= offered, f"no tag of the plant has the roles {sorted(roles - offered)}: give it some here"
    return Subject(operator, operators, numbers, events)


def _with_needs(operator: Operator) -> list[Operator]:
    needed: list[Operator] = []
    for name in operator.needs:
        needed += [one for one in _with_needs(known()[name]) if one not in needed]
    return [*needed, operator]


# -- rows

_STEPS_S = (0.0, 0.001, 0.25, 1.0, 7.0, 20.0, 44.0, 59.999999999, 60.0, 91.0, 299.0, 301.0, 900.0, 3601.0)
_BEGINS = (0, 1, 30 * SECOND, 59_999_999_999)


def made_rows(subject: Subject, random: Random, count: int, steps_s: tuple[float, ...] = _STEPS_S) -> list[Row]:
    """Rows of some series in time order, some bad, some sparse, some at the same time; no two of a series and time."""
    suiting = [*subject.numbers, *subject.events]
    series = [*random.sample(suiting, min(len(suiting), 6)), random.choice(ORDERS)]
    rows: dict[tuple[str, str, int], Row] = {}
    last: dict[tuple[str, str], float] = {}
    time = T0 + random.choice(_BEGINS)
    for _ in range(count):
        time += round(random.choice(steps_s) * SECOND)
        asset, tag = random.choice(series)
        if tag.startswith("@"):
            row = event_row(random, asset, tag, time)
        else:
            value = last[asset, tag] = float(OFFERS[asset, tag](random, last.get((asset, tag), 0.0)))
            row = Row(asset, tag, time, value, random.choice([0, 0, 0, 0, 0, 1, 2]))
        rows[asset, tag, time] = row
    return list(rows.values())


def event_row(random: Random, asset: str, tag: str, time: int) -> Row:
    """An event of a kind, as a plant sends it."""
    number = random.choice("12")
    said: dict[str, dict[str, object]] = {
        "@state": {"state": random.choice(_STATES)},
        "@correction": {
            "state": random.choice(_STATES[:8]),
            "until": time // SECOND + random.choice([1, 30, 200, 3000]),
        },
        "@count": {"scrap": random.choice([1, 2, -7.5]), "good": random.choice([0, 5])},
        "@order": {
            "order": number,
            "phase": random.choice(["start", "start", "start", "stop", "void"]),
            "product": "AB"[int(number) - 1],
        },
        "@product": {"product": random.choice("AC")},
    }
    return said_row(asset, tag, time, **said[tag])


def said_row(asset: str, tag: str, time: int, **said: object) -> Row:
    """An event that says something."""
    return event(asset, tag, time, json.dumps(said, sort_keys=True, separators=(",", ":")).encode())


@st.composite
def row_lists(draw: st.DrawFn, subject: Subject, most: int = 30) -> list[Row]:
    """As `made_rows`; shrinks to fewer."""
    return made_rows(subject, Random(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, most)))


@st.composite
def rivals(draw: st.DrawFn, rows: list[Row]) -> list[Row]:
    """Rows that contend with some of `rows`: the same series and time, another value or quality."""
    drawn = st.tuples(st.sampled_from(rows), st.sampled_from([-3.0, -0.0, 0.0, 2.0, 500.0]), st.sampled_from([0, 1, 2]))
    found = draw(st.lists(drawn, max_size=6))
    return [row._replace(value=value, quality=mark) for row, value, mark in found if row.payload is None]


def with_odd_values(random: Random, rows: list[Row]) -> list[Row]:
    """Some values are not-a-number or infinite, as a frame of another program may hold."""

    def odd(row: Row) -> Row:
        is_odd = row.payload is None and random.random() < 0.15
        return row._replace(value=random.choice([nan, inf, -inf, 1e300])) if is_odd else row

    return [odd(row) for row in rows]


def busy_rows(subject: Subject, seed: int = 1, minutes: float = 100.0) -> list[Row]:
    """Every series of the subject at a rhythm, with orders one after the other: for what is to have values."""
    random, rows = Random(seed), []
    for number, (asset, tag) in enumerate((*subject.numbers, *subject.events)):
        value, second = 0.0, 1.0 + number % 3
        while second < minutes * 60:
            time = T0 + round(second * SECOND)
            if tag.startswith("@"):
                rows.append(event_row(random, asset, tag, time))
            else:
                value = _busy_value(random, asset, tag, value)
                rows.append(Row(asset, tag, time, value))
            second += 20 + number % 7 if not tag.startswith("@") else 200.0
    for line in (LINE, BERLIN):
        for k, second in enumerate((90, 1500, 3000)):
            said = {"order": f"{k}", "product": "AB"[k % 2], "phase": "start"}
            rows.append(said_row(line, "@order", T0 + second * SECOND, **said))
    return in_time_order(rows)


def _busy_value(random: Random, asset: str, tag: str, last: float) -> float:
    walk = OFFERS[asset, tag]
    if walk is _counter:
        return last + random.choice([1.0, 2.0])
    if (asset, tag) == (PRESS, "mode"):
        return random.choice([3.0, 3.0, 3.0, 4.0, 1.0])
    return abs(random.gauss(5, 2)) if walk is _any else abs(walk(random, last))


def in_time_order(rows: list[Row]) -> list[Row]:
    """As an in-order run has them."""
    return sorted(rows, key=lambda row: (row.time, row.asset, row.tag))
