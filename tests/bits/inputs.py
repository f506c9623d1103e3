"""The fixed inputs: what the demo's simulator sends, and three seeded random plants that differ in zone, horizon and memory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import numpy as np

from fieldline.frames import ROW_COLUMNS, Readings
from fieldline.plant import Plant
from ingest.decoder import decode_message
from ingest.simulator import Simulation, pack_for, parse_faults
from ingest.simulator.plantfile import plant_file
from tests.bits.arrivals import HOUR, SECOND, Input, Step, delayed, in_steps
from tests.bits.events import events
from tests.bits.plants import plant_text
from tests.bits.readings import LINE1, LINE3, LINE4, readings

ALL_WINDOWS = ("1s", "1m", "15m", "1h", "day", "week", "month", "shift", "order")
_OPERATORS = ("attribute_chart", "telemetry", "device", "distribution", "energy", "machine", "order", "spc")
_FAULTS = "duplicates=0.01,shuffle_s=20,late=0.02,late_s=900,malformed=0.002"
_SPEED = 270.0
_FRAME_NS = 20 * SECOND  # of the plant's time
_SIZES = (1, 20, 200, 200, 1000)
_SPAN_S = 24 * 3600.0


def demo(hours: float = 3.0) -> Input:
    """What `make demo` sends in its first hours, from half past five in the morning on: the same seed, pace, faults and settings."""
    pack_s = pack_for(_SPEED)
    simulation = Simulation(_ns("2026-06-01T05:30"), seed=1, pack_s=pack_s, faults=parse_faults(_FAULTS))
    process = {"settle_s": 2.0 * pack_s, "operators": _OPERATORS, "windows": ("1m", "1h", "shift", "day", "order")}
    return Input("demo", plant_file(simulation.plant), process, _simulated(simulation, hours))


def random_plants(span_s: float = _SPAN_S) -> Iterator[Input]:
    """Three plants of `plants.py`; each begins so that clocks change, and a week or a month ends, while it runs."""
    yield _random_plant(
        11,
        "2026-03-28T23:00",
        plant_text("Europe/Berlin", "America/Phoenix", '"2026-03-29"', "2026-03-29T01:30", "2026-03-29T04:10"),
        {"raw": ("*/temp_c", "annex/*"), "checkpoint_s": 1800.0, "row_cache_mb": 1, "node_cache_mb": 1},
        span_s,
    )
    yield _random_plant(
        12,
        "2026-10-31T20:00",
        plant_text("America/New_York", "Asia/Kolkata", "", "2026-11-01T00:00", "2026-11-01T06:00"),
        {"settle_s": 2.0, "horizon_s": 21_600.0, "checkpoint_s": 600.0, "row_cache_mb": 1, "node_cache_mb": 16},
        span_s,
        is_slow=True,
    )
    yield _random_plant(
        13,
        "2026-04-04T12:00",
        plant_text("Australia/Lord_Howe", "Asia/Kathmandu", "", "2026-04-05T09:00", "2026-04-05T09:45"),
        {"raw": ("works/*/saw/*",), "settle_s": 0.0, "checkpoint_s": 300.0, "row_cache_mb": 1, "node_cache_mb": 2},
        span_s,
    )


def _random_plant(
    seed: int, begin: str, plant: str, process: dict[str, object], span_s: float, is_slow: bool = False
) -> Input:
    random, start = Random(seed), _ns(begin)
    rows = [*readings(random, start, span_s), *events(random, start, span_s)]
    share = round(span_s * SECOND) // 10
    held = [
        (f"{LINE1}/meter", start + 2 * share, start + 4 * share, start + 5 * share),
        (f"{LINE3}/mill", start + 5 * share, start + 6 * share, start + 6 * share + HOUR),
        (f"{LINE4}/probe", start, start + 9 * share, start + 10 * share),
    ]
    arrived = delayed(random, rows, held)
    return Input(
        f"plant{seed}",
        plant,
        {"operators": _OPERATORS, "windows": ALL_WINDOWS, **process},
        in_steps(random, arrived, _SIZES, crashes=6),
        is_slow,
    )


def _ns(moment: str) -> int:
    """A moment in ns UTC."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) * SECOND


def _simulated(simulation: Simulation, hours: float) -> Iterator[Step]:
    """The simulator's messages as ingest would put them on the log."""
    plant = Plant()  # the demo's has no topics and no clocks of its own: names alone say where a message belongs
    begun, gathered = 0, []
    for message in simulation.messages(hours * 3600.0, chunk_s=270):
        if message.due_ns >= begun + _FRAME_NS and gathered:
            yield Step(merged(gathered))
            gathered = []
        begun = begun if gathered else message.due_ns
        rows = decode_message(message.topic, message.payload, message.due_ns, plant).readings
        if len(rows.time):
            gathered.append(rows)
    if gathered:
        yield Step(merged(gathered))


def merged(parts: list[Readings]) -> Readings:
    """Several frames as one."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ROW_COLUMNS}
    names: dict[str, list[str]] = {}
    for column, listed in (("asset", "assets"), ("tag", "tags")):
        names[listed] = sorted({name for part in parts for name in getattr(part, listed)})
        code_of = {name: code for code, name in enumerate(names[listed])}
        codes = [np.array([code_of[n] for n in getattr(part, listed)], np.int32) for part in parts]
        columns[column] = np.concatenate([code[getattr(part, column)] for code, part in zip(codes, parts, strict=True)])
    payload = [one for part in parts for one in part.payload or [None] * len(part.time)]
    return Readings(**columns, **names, payload=payload if any(one is not None for one in payload) else None)
