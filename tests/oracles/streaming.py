"""`streaming.json` by the engine where a case asks for what the engine does, sessions by what `show sessions` shows, else by references.

Moving windows, and sums that are dropped and fired as Flink does, are no part of the product: lines' windows do not move, and what comes late is
reprocessed (`tests/oracles/test_streaming.py` says how the engine differs).

Windows of cases are 10 s, 5 s or of no real length; the engine's are 1 s, 1 min, 15 min, an hour and a day. So a case's unit of
time is stretched or shrunk until its window is a minute, and whole windows are moved to where devices send times.
"""

from typing import Any

import numpy as np

from analysis.overview.sessions import first_of_sessions
from fieldline.partition import murmur2, partition_of
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of, frames_of
from tests.twins import windowing

Case = dict[str, Any]

PROBE = "farm/north/field1/probe"
START = 1_700_000_040 * SECOND
MINUTE = 60 * SECOND


def tumbling_window(inputs: Case) -> Case:
    time, size, offset = inputs["ts"], inputs["size"], inputs["offset"]
    moved = time // size * size

    rig = EngineRig(windows=("1m",))
    rig.send([frame_of([Row(PROBE, "m", START + (time - moved - offset) * MINUTE // size, 1.0)])]).finish()

    (start,) = rig.values("telemetry", PROBE, "1m", "m")
    begin = (start - START) // MINUTE * size + offset + moved
    return {"window": [begin, begin + size]}


def hopping_windows(inputs: Case) -> Case:
    size = inputs["size"]
    starts = windowing.hopping_windows(inputs["ts"], size, inputs["hop"], inputs.get("offset", 0))
    return {"windows": [[start, start + size] for start in starts]}


def sessions_of(times: list[int], gap: int, touching: int) -> list[Case]:
    """Sessions of events in any order, each event holding for the gap; touching: 1 as Flink has it, 0 as Beam."""
    ascending = np.sort(np.array(times, np.int64))
    # Of whole numbers those that lie less than the gap apart lie one less apart at most.
    events = np.split(ascending, first_of_sessions(ascending, gap if touching else gap - 1)[1:])
    return [{"start": int(e[0]), "end": int(e[-1]) + gap, "events": e.tolist()} for e in events if len(e)]


def session_windows(inputs: Case) -> Case:
    return {
        "sessions_flink": sessions_of(inputs["ts"], inputs["gap"], 1),
        "sessions_beam": sessions_of(inputs["ts"], inputs["gap"], 0),
    }


def event_time_window_sum(inputs: Case) -> Case:
    """Flink drops what is later than the lateness allowed. The engine does not, see `tests/oracles/test_streaming.py`."""
    events, size, bound = inputs["events_in_arrival_order"], inputs["size"], inputs["out_of_orderness"]
    told = [(event["ts"], event["value"]) for event in events]

    firings, dropped = windowing.event_time_sums(told, size, bound, inputs["allowed_lateness"])

    fired = {firing.start for firing in firings}
    waiting: dict[int, list[float]] = {}
    for k, (time, value) in enumerate(told):
        if k not in dropped and time - time % size not in fired:
            waiting.setdefault(time - time % size, []).append(value)
    return {
        "emissions": [
            _window(one.start, size, one.total, one.count)
            | {"after": events[one.after]["id"], "kind": "late" if one.late else "on_time"}
            for one in firings
        ],
        "dropped": [events[k]["id"] for k in dropped],
        "final_watermark": max(time for time, _ in told) - bound - 1,
        "pending_unfired": [_window(start, size, sum(values), len(values)) for start, values in sorted(waiting.items())],
    }  # fmt: skip


def _window(start: int, size: int, total: float, count: int) -> Case:
    return {"window": [start, start + size], "sum": total, "count": count}


def beam_transcript(inputs: Case) -> Case:
    kind, length = inputs["window"].split()
    return {"panes": (fixed_panes if kind == "fixed" else session_panes)(inputs["steps"], int(length))}


def fixed_panes(steps: list[Case], size: int) -> list[Case]:
    """A watermark is the engine's line's silence: panes come with it, and after it with each input."""
    rig, panes, is_over, values = EngineRig(windows=("1m",)), [], False, []
    for step in steps:
        before = dict(rig.table) if is_over else {}
        if "input" in step:
            values += step["input"]
            rows = [Row(PROBE, "m", START + t * MINUTE // size, float(t)) for t in step["input"]]
            rig.send([frame_of(rows)], pause_s=2.0).wait(2.0)
        else:
            rig.wait(700.0)
        late = is_over and "input" in step
        is_over = is_over or "watermark" in step
        if is_over:
            changed = [key for key in sorted(rig.table) if rig.table[key] != before.get(key)]
            panes += [
                _pane(rig, int(key[4]), size, sorted(values)) | ({"late": True} if late else {}) for key in changed
            ]
    return panes


def _pane(rig: EngineRig, start: int, size: int, values: list[int]) -> Case:
    """A window of the engine, with the values that its count, extremes and mean stand for."""
    row, first = rig.values("telemetry", PROBE, "1m", "m")[start], (start - START) // MINUTE * size
    inside = [value for value in values if first <= value < first + size]
    shown = (row["count"], row["min"], row["max"], row["count"] * row["mean"])
    stands_for = np.allclose(shown, (len(inside), min(inside), max(inside), sum(inside)), rtol=1e-12)
    return {"window_inclusive": [first, first + size - 1], "values": inside if stands_for else list(shown)}


def session_panes(steps: list[Case], gap: int) -> list[Case]:
    """Sessions are shown when the watermark passes their end, and again with all that is in them when late events change them."""
    panes: list[Case] = []
    shown: list[Case] = []
    times: list[int] = []
    watermark = None
    for step in steps:
        times += step.get("input", [])
        watermark = step.get("watermark", watermark)
        for session in sessions_of(times, gap, 0):
            if watermark is not None and session["end"] - 1 <= watermark and session not in shown:
                late = {"late": True} if "input" in step else {}
                panes.append(
                    {"window_inclusive": [session["start"], session["end"] - 1], "values": session["events"]} | late
                )
                shown.append(session)
    return panes


def time_weighted_mean(inputs: Case) -> Case:
    begin, span = inputs["from"], inputs["to"] - inputs["from"]
    plant = Plant(PlantFile(asset=(AssetEntry(path=PROBE, tags={"m": TagEntry(max_gap_s=86_400.0)}),)))
    rows = [Row(PROBE, "m", START + round((t - begin) * MINUTE / span), v) for t, v in inputs["samples_t_v"]]
    end = START + MINUTE - 1
    # A window without a sample has no row. Said once more at its end, the value that is held changes nothing and gives it one.
    again = [max(held)._replace(time=end) for held in [[row for row in rows if row.time <= end]] if held]

    rig = EngineRig(plant, windows=("1m",)).send([frame_of(rows + again)]).finish()

    row = rig.values("telemetry", PROBE, "1m", "m").get(START, {"time_weighted_mean": None, "coverage": 0.0})
    return {"mean": row["time_weighted_mean"], "covered": row["coverage"] * span}


def dedup(inputs: Case) -> Case:
    """Of two values for one key the first counts there; here the smallest does, which no order of arrival can change."""
    rows = [Row(f"{PROBE}/{source}", "m", START + number * SECOND, value) for source, number, value in inputs["events"]]

    rig = EngineRig(raw=("*",)).send(frames_of(rows, 2)).finish()

    total = sum(np.frombuffer(fields["value"])[0] for key, fields in rig.table.items() if key[0] == "reading")
    counts = {"unique": "stored", "duplicates": "duplicate", "conflicts": "conflict"}
    return {name: rig.counts[counter] for name, counter in counts.items()} | {"sum": float(total)}


def kafka_partition(inputs: Case) -> Case:
    keys, partitions = inputs["keys"], inputs["partitions"]
    return {
        "hash": [murmur2(key.encode()) for key in keys],
        "partition": [partition_of(key, partitions) for key in keys],
    }


FUNCTIONS = {
    "tumbling_window": tumbling_window,
    "hopping_windows": hopping_windows,
    "session_windows": session_windows,
    "event_time_window_sum": event_time_window_sum,
    "beam_transcript": beam_transcript,
    "time_weighted_mean": time_weighted_mean,
    "dedup": dedup,
    "kafka_partition": kafka_partition,
}
