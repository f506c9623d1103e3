"""Events are told apart by all of their payload, and their payloads leave memory when nothing refers to them any more."""

import json

import numpy as np

from fieldline.frames import payload_digest
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of

LINE = "plant/hall/line1"
PRESS = f"{LINE}/press"
DAY = 86_400 * SECOND


def order(number: int, time: int, value: float) -> Row:
    payload = json.dumps({"order": str(number), "phase": "start"}).encode()
    return Row(LINE, "@order", time, value, 0, payload)


def power(first: int, last: int, step: int) -> list[Row]:
    return [Row(PRESS, "power_kw", time, 36.0) for time in range(first, last, step)]


def names_of_runs(rig: EngineRig) -> list[str]:
    context = rig.engine.context
    runs = context.order_book.runs(rig.engine.registry.lines.index(LINE))
    return [context.orders[number] for number in runs.order.tolist()]


def test_an_order_whose_number_another_payload_has_is_an_order_of_its_own() -> None:
    shared = payload_digest(b"any")
    said = [order(k, T0 + k * 120 * SECOND, shared) for k in range(1, 4)]
    rig = EngineRig().send(
        frames_of(sorted(power(T0, T0 + 600 * SECOND, 10 * SECOND) + said, key=lambda row: row.time), 20)
    )

    rig.crash()
    rig.send(frames_of(said, 1))  # every one comes again: duplicates
    rig.finish()

    assert names_of_runs(rig) == ["1", "2", "3"]
    assert rig.counts["duplicate"] == 3 and rig.counts.get("conflict", 0) == 0


def test_payloads_leave_memory_when_no_row_at_hand_refers_to_them() -> None:
    rig = EngineRig(row_cache=64 << 10)
    sizes = []

    for day in range(12):
        first = T0 + day * DAY
        rows = power(first, first + DAY, 120 * SECOND)
        for k in range(400):
            payload = json.dumps({"state": "producing", "number": [day, k]}).encode()
            rows.append(Row(PRESS, "@state", first + k * 200 * SECOND + 1, payload_digest(payload), 0, payload))
        rig.send(frames_of(sorted(rows, key=lambda row: row.time), 200))
        rig.engine.forget()
        sizes.append(len(rig.engine.context.events))

    assert sizes[1] == 800 and max(sizes) < 3000, sizes


def test_a_payload_that_left_memory_counts_again_when_its_rows_are_read_from_the_log() -> None:
    rig = EngineRig(row_cache=64 << 10)
    states = []
    for k in range(3000):
        payload = json.dumps({"state": "producing" if k % 2 else "down", "number": k}).encode()
        states.append(Row(PRESS, "@state", T0 + k * 20 * SECOND, payload_digest(payload), 0, payload))
    rows = sorted(states + power(T0, T0 + 60_000 * SECOND, 10 * SECOND), key=lambda row: row.time)
    rig.send(frames_of(rows, 100))
    rig.engine.forget()
    known = len(rig.engine.context.events)

    late = Row(PRESS, "power_kw", T0 + 605 * SECOND, 72.0)
    rig.send(frames_of([late], 1))
    rig.finish()

    whole = EngineRig().send(frames_of(sorted([*rows, late], key=lambda row: row.time), 100)).finish()
    assert known < 2500
    mine, other = rig.values("energy", PRESS, "1h"), whole.values("energy", PRESS, "1h")
    for fields in [*mine.values(), *other.values()]:
        fields.pop("rev", None)
    assert any(fields["producing_energy_kwh"] > 0 for fields in mine.values())
    np.testing.assert_equal(mine, other)
