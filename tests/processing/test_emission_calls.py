"""What an emission costs beside its rows: calls of functions are counted, for they are the same on any machine."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.operators import chosen
from processing.place import needed
from tests.analysis.recount.worked_line import LINE, PLANT, plant_of, rows_of_line
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frame_of, frames_of

MOST_CALLS = 541
"""Of Python's and C's functions, by an emission of one series' open windows with all default operators and windows.

As many as there are: one more says why. (979 with flat arrays; 520 before sprays were told and slices had lengths.)
"""

MOST_CALLS_OF_MACHINES = 3600
"""The same where a line has machines, shifts and an order, whose OEE, losses and pieces are of one piece with its energy."""


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, written in Python or in C."""
    count = 0

    def note(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def rig_of(plant: Plant, windows: tuple[str, ...]) -> EngineRig:
    return EngineRig(plant, operators=needed(chosen(None), plant), windows=windows)


def emission(rig: EngineRig, row: Row) -> tuple[int, list[str]]:
    """Calls of the emission of what one more row changed, and the kinds of the pieces that came of it."""
    rig.send([frame_of([row])])
    engine = rig.engine
    list(engine.take())
    calls = calls_of(lambda: engine.emit(everything=True))
    return calls, sorted(rows.kind for rows in engine.outbox)


def meters(windows: tuple[str, ...]) -> EngineRig:
    """A line of five meters after three minutes."""
    rows = [Row(f"{LINE}/m{a}", "power_kw", T0 + k * SECOND, float(k % 7)) for k in range(200) for a in range(5)]
    rig = rig_of(Plant(), windows).send(frames_of(rows, 50))
    rig.wait(0.3)
    emission(rig, Row(f"{LINE}/m1", "power_kw", T0 + 201 * SECOND, 1.0))  # what is loaded or made once
    return rig


NEXT = Row(f"{LINE}/m1", "power_kw", T0 + 202 * SECOND, 2.0)


def test_an_emission_of_one_series_takes_few_calls_with_all_windows() -> None:
    calls, kinds = emission(meters(ProcessSettings().windows), NEXT)

    assert {"energy", "telemetry"} <= set(kinds)
    assert calls <= MOST_CALLS


def test_more_windows_make_no_more_pieces_and_hardly_more_calls() -> None:
    few, kinds_of_few = emission(meters(("1m", "15m")), NEXT)

    calls, kinds = emission(meters(("1m", "15m", "1h", "day", "week", "month")), NEXT)

    assert kinds == kinds_of_few
    assert calls <= few + 4 * 10  # of four levels more, none of which has a view or columns of its own


def test_an_emission_of_a_line_of_machines_with_shifts_and_orders_takes_few_calls(tmp_path: Path) -> None:
    rows = sorted(rows_of_line(5, 1800), key=lambda row: row.time)
    rig = rig_of(plant_of(tmp_path, PLANT), ProcessSettings().windows).send(frames_of(rows, 500))
    rig.wait(0.3)
    last = max(row.time for row in rows)
    counter = max((row for row in rows if row.tag == "good_count"), key=lambda row: row.time)
    emission(rig, counter._replace(time=last + SECOND))

    calls, kinds = emission(rig, counter._replace(time=last + 2 * SECOND, value=counter.value + 1.0))

    assert {"energy", "oee", "losses", "quality", "production_order"} <= set(kinds)
    assert calls <= MOST_CALLS_OF_MACHINES
