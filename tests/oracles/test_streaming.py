"""`streaming.json` by the engine: the semantics that are ours, and by name those that are not.

Windows of cases are 10 s, 5 s or of no real length; ours are 1 s, 1 min, 15 min, an hour and a day. So a case's unit of time is stretched
until its window is a minute, or shrunk to a second.
"""

from typing import Any

import numpy as np
import pytest

from fieldline.partition import murmur2, partition_of
from tests.oracles.cases import assert_agrees, cases, name_of
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of, frames_of

PROBE = "farm/north/field1/probe"
START = 1_700_000_040 * SECOND
MINUTE = 60 * SECOND

NOT_OURS = {
    "hopping_windows": "windows do not overlap",
    "session_windows": "no operator of this stage has sessions",
    "event_time_window_sum": "Flink drops what is later than the allowed lateness; we rewind and emit again (see the test below)",
}


def test_every_case_is_run_or_said_not_to_be_ours() -> None:
    run = {"tumbling_window", "beam_transcript", "time_weighted_mean", "dedup", "kafka_partition"}

    assert {case["fn"] for case in cases("streaming")} == run | NOT_OURS.keys()


@pytest.mark.parametrize("case", cases("streaming", "tumbling_window"), ids=name_of)
def test_tumbling_windows_are_half_open(case: dict[str, Any]) -> None:
    # A case's zero, its offset included, is where one of our minutes begins: no device sends times before 1990.
    inputs = case["inputs"]
    size, unit = inputs["size"], MINUTE // inputs["size"]
    zero = START if inputs["ts"] < 10**6 else 0
    time = zero + (inputs["ts"] - inputs["offset"]) * unit

    rig = EngineRig(windows=("1m",)).send([frame_of([Row(PROBE, "m", time, 1.0)])]).finish()

    (start,) = rig.values("telemetry", PROBE, "1m", "m")
    begin = (start - zero) // unit + inputs["offset"]
    assert_agrees(case, {"window": [begin, begin + size]})


@pytest.mark.parametrize(
    "case", [c for c in cases("streaming", "beam_transcript") if "fixed" in c["inputs"]["window"]], ids=name_of
)
def test_late_data_emits_its_window_again_with_all_that_is_in_it(case: dict[str, Any]) -> None:
    # A case's 10 units are our minute and its watermark is our line's silence: panes come with it, and after it with each input.
    assert case["inputs"]["window"] == "fixed 10"
    unit = MINUTE // 10
    rig = EngineRig(windows=("1m",))
    panes: list[tuple[int, int, int, float]] = []
    is_over = False
    for step in case["inputs"]["steps"]:
        before = {} if not is_over else dict(rig.table)
        if "input" in step:
            rig.send([frame_of([Row(PROBE, "m", START + t * unit, float(t)) for t in step["input"]])], pause_s=2.0)
            rig.wait(2.0)
        else:
            rig.wait(700.0)
            is_over = True
        if is_over:
            panes += [_pane(rig, key, unit) for key in sorted(rig.table) if rig.table[key] != before.get(key)]

    assert panes == [
        (*pane["window_inclusive"], len(pane["values"]), sum(pane["values"]) / len(pane["values"]))
        for pane in case["expected"]["panes"]
    ]


def _pane(rig: EngineRig, key: tuple[str, ...], unit: int) -> tuple[int, int, int, float]:
    """First and last unit of a window, its count and mean."""
    row = {name: float(np.frombuffer(bits)[0]) for name, bits in rig.table[key].items()}
    start = (int(key[4]) - START) // unit
    return start, start + 9, int(row["count"]), row["mean"]


@pytest.mark.parametrize("case", cases("streaming", "event_time_window_sum"), ids=name_of)
def test_where_flink_drops_we_count_and_the_windows_are_those_of_all_events(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    unit = MINUTE // inputs["size"]
    events = inputs["events_in_arrival_order"]
    rows = [Row(PROBE, "m", START + event["ts"] * unit, float(event["value"])) for event in events]

    rig = EngineRig(windows=("1m",)).send(frames_of(rows, 1)).finish()

    want: dict[int, list[float]] = {}
    for event in events:
        want.setdefault(event["ts"] // inputs["size"], []).append(event["value"])
    found = rig.values("telemetry", PROBE, "1m", "m")
    assert {(start - START) // MINUTE: row["count"] * row["mean"] for start, row in found.items()} == pytest.approx(
        {window: sum(values) for window, values in want.items()}
    )
    assert rig.counts["late"] == 0


@pytest.mark.parametrize("case", cases("streaming", "time_weighted_mean"), ids=name_of)
def test_time_weighted_mean(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    unit = MINUTE // (inputs["to"] - inputs["from"])
    assert inputs["from"] == 0
    rows = [Row(PROBE, "m", START + t * unit, v) for t, v in inputs["samples_t_v"]]

    rig = EngineRig(windows=("1m",)).send([frame_of(rows)]).finish()

    row = rig.values("telemetry", PROBE, "1m", "m")[START]
    loose = case | {"rel_tol": 1e-7}  # a case's unit of 90 to the minute is no whole number of nanoseconds
    assert_agrees(loose, {"mean": row["time_weighted_mean"], "covered": row["coverage"] * inputs["to"]})


@pytest.mark.parametrize("case", cases("streaming", "dedup"), ids=name_of)
def test_duplicates_are_found_and_conflicts_counted(case: dict[str, Any]) -> None:
    # The first value wins there; ours must not depend on the order, so the smallest does: here the same (6.0 before 6.5).
    rows = [
        Row(f"{PROBE}/{source}", "m", START + number * SECOND, value)
        for source, number, value in case["inputs"]["events"]
    ]

    for order in (rows, rows[::-1]):
        rig = EngineRig(raw=("*",)).send(frames_of(order, 2)).finish()

        total = sum(
            row["value"] for m in ("m1", "m2") for row in rig.values("reading", f"{PROBE}/{m}", tag="m").values()
        )
        found = {"unique": rig.counts["stored"], "duplicates": rig.counts["duplicate"]}
        assert_agrees(case, found | {"conflicts": rig.counts["conflict"], "sum": total})


@pytest.mark.parametrize("case", cases("streaming", "kafka_partition"), ids=name_of)
def test_kafka_partition(case: dict[str, Any]) -> None:
    keys, partitions = case["inputs"]["keys"], case["inputs"]["partitions"]

    found = {
        "hash": [murmur2(key.encode()) for key in keys],
        "partition": [partition_of(key, partitions) for key in keys],
    }

    assert_agrees(case, found)
