"""Where the engine's answer to a case of `streaming.json` is another one by decision, and what it is then."""

from typing import Any

import pytest

from tests.oracles.cases import assert_agrees, cases, name_of
from tests.oracles.streaming import MINUTE, PROBE, START, dedup
from tests.processing.engine_rig import EngineRig, Row, frames_of


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


@pytest.mark.parametrize("case", cases("streaming", "dedup"), ids=name_of)
def test_which_of_two_values_counts_does_not_depend_on_which_came_first(case: dict[str, Any]) -> None:
    # The first value wins there; ours must not depend on the order, so the smallest does: here the same (6.0 before 6.5).
    backwards = {"events": case["inputs"]["events"][::-1]}

    assert_agrees(case, dedup(backwards))
