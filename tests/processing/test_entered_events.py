"""Of two events of one kind, asset and time the one that was entered last counts, in whatever order they come."""

import json
from itertools import permutations

import numpy as np
import pytest

from fieldline.frames import event_value
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, Table, frames_of

LINE = "plant/hall/line1"
PRESS = f"{LINE}/press"
ENTERED_S = 1_700_000_000
POWER = [Row(PRESS, "power_kw", T0 + second * SECOND, 36.0) for second in range(0, 1801, 10)]


def order(number: str, phase: str = "start", entered_after_s: int | None = None) -> Row:
    """An event about an order at 130 s, entered so long after the first of them, or with no word of when."""
    said = {"order": number, "phase": phase}
    if entered_after_s is not None:
        said["recorded"] = str(np.datetime64(ENTERED_S + entered_after_s, "s")) + "Z"
    payload = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return Row(LINE, "@order", T0 + 130 * SECOND, event_value(payload), 0, payload)


def orders(table: Table) -> set[str]:
    """Kilowatt-hours of the orders that stand."""
    return {
        f"{np.frombuffer(fields['active_energy_kwh'])[0]:.3f}"
        for key, fields in table.items()
        if key[:4] == ("energy", PRESS, "", "order") and not np.frombuffer(fields.get("retracted", bytes(8)))[0]
    }


FIRST, SECOND_THOUGHT, LAST = order("1"), order("2", entered_after_s=0), order("3", entered_after_s=60)
VOID = order("3", "void", entered_after_s=3600)


@pytest.mark.parametrize("come", list(permutations([FIRST, SECOND_THOUGHT, LAST])))
def test_what_was_entered_last_counts_in_whatever_order_events_come(come: tuple[Row, ...]) -> None:
    rig = EngineRig().send(frames_of(POWER, 20))

    rig.send(frames_of(list(come), 1))
    rig.finish()

    line = rig.engine.registry.lines.index(LINE)
    runs, names = rig.engine.context.order_book.runs(line), rig.engine.context.orders
    assert [names[number] for number in runs.order.tolist()] == ["3"]


@pytest.mark.parametrize("come", [[LAST, VOID], [VOID, LAST], [FIRST, VOID], [VOID, FIRST, LAST]])
def test_an_order_that_was_taken_back_is_none_in_whatever_order_events_come(come: list[Row]) -> None:
    rig = EngineRig().send(frames_of(POWER, 20))

    rig.send(frames_of(come, 1))
    rig.finish()

    assert orders(rig.table) == set()


def test_an_order_that_is_taken_back_long_after_is_taken_back_all_the_same() -> None:
    rig = EngineRig().send(frames_of([*POWER[:14], LAST, *POWER[14:]], 20))
    rig.wait(600, turns=3)
    before = orders(rig.table)

    rig.send(frames_of([VOID], 1))
    rig.finish()

    # 36 kW from 130 s to 1800 s: 0.01 kWh a second.
    assert before == {"16.700"} and orders(rig.table) == set()
