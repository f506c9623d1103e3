"""Machines against their slow twin, and time, stops and counts in numbers that can be checked by hand."""

import math
from itertools import pairwise
from random import Random

import pytest

from processing.operators import machine
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, event, frames_of
from tests.processing.machine_sets import OVEN, PACKER, PLANT, PRESS, machine_rows, restless_rows
from tests.twins.machine import Window, attributes, figures, known_of, samples_and_corrections, seen, silences, told
from tests.twins.windows import window_of

MINUTE = 60 * SECOND
TIMES = (
    "unqualified_time_s",
    "down_time_loss_s",
    "setup_loss_s",
    "delay_loss_s",
    "minor_stop_loss_s",
    "actual_production_time_s",
)
PRODUCT_OF_ORDER = {"1": "A", "2": "B"}


def products(rows: list[Row]) -> list[tuple[int, str | None]]:
    """From when on which product was made, by the order events of the line."""
    found: list[tuple[int, str | None]] = [(0, None)]
    running = ""
    for row in sorted(rows, key=lambda row: row.time):
        said = attributes(row)
        if row.tag == "@order" and said["phase"] == "start":
            running = said["order"]
            found.append((row.time, PRODUCT_OF_ORDER[running]))
        elif row.tag == "@order" and said["order"] == running:
            running = ""
            found.append((row.time, None))
    return found


def orders(rows: list[Row]) -> list[tuple[int, int]]:
    """Start and end of each order's run that has ended, those that follow on itself as one."""
    changes = [
        (0, None),
        *[(time, product) for (_, before), (time, product) in pairwise(products(rows)) if product != before],
    ]
    return [(a, b) for (a, product), (b, _) in pairwise(changes) if product is not None and a < b]


def assert_near(want: dict[str, float], got: dict[str, float], where: object) -> None:
    for name, value in want.items():
        found = got[name]
        same = math.isnan(value) and math.isnan(found) or math.isclose(value, found, rel_tol=1e-12, abs_tol=1e-9)
        assert same, (where, name, value, found)


def order_rows(rig: EngineRig, kind: str, asset: str) -> dict[int, dict[str, float]]:
    """Rows of orders that were not taken back."""
    return {start: row for start, row in rig.values(kind, asset, "order").items() if row["retracted"] == 0.0}


def windows_due(spans: list[tuple[int, int]], window: str) -> set[tuple[int, int]]:
    """The windows that have a part of any span, or the row with which it begins."""
    return {window_of(at, window) for a, b in spans for at in range(a // MINUTE * MINUTE, max(b, a + 1), MINUTE)}


@pytest.mark.parametrize("seed", [10, 26, 35])
def test_states_told_on_change_hold_while_the_machine_shows_life_as_in_the_twin(seed: int) -> None:
    rows = restless_rows(Random(seed), 60)
    known = known_of(rows, PRESS, PLANT)

    rig = EngineRig(PLANT, operators=[machine.COMPONENT]).send(frames_of(rows, 23)).finish()

    found = rig.values("losses", PRESS, "1m")
    for start, row in found.items():
        window = Window(start, start + MINUTE, [(start, start + MINUTE, 0)])
        want = told(figures(known, window, lambda _: 2.0))["losses"]
        assert_near({name: want[name] for name in want if name in TIMES}, row, start)
    samples, _ = samples_and_corrections(rows, PRESS, PLANT)
    assert len(found) > 100 and silences(rows, PRESS, PLANT, samples)


def test_a_register_is_a_sign_of_life_for_its_own_gap_whether_or_not_an_operator_reads_it() -> None:
    # read each half hour up to the third hour, alive for 2 h more; the state is told at 0 and at 8 h
    minutes = range(1, 182, 30)
    rows = [Row(PRESS, "energy_kwh", T0 + minute * MINUTE, float(minute)) for minute in minutes]
    rows += [Row(PRESS, "running", T0, 1.0), Row(PRESS, "running", T0 + 480 * MINUTE, 0.0)]

    rig = EngineRig(operators=[machine.COMPONENT]).send(frames_of(sorted(rows, key=lambda row: row.time), 5)).finish()

    unknown = [
        row["unqualified_time_s"]
        for start, row in rig.values("losses", PRESS, "1m").items()
        if start < T0 + 480 * MINUTE
    ]
    assert sum(unknown) == (480 - 181 - 120) * 60.0


@pytest.mark.parametrize("asset", [PRESS, OVEN, PACKER])
@pytest.mark.parametrize("seed", range(3))
def test_machines_in_every_window_are_what_the_twin_measures_and_counts(seed: int, asset: str) -> None:
    rows = machine_rows(Random(seed), 150)
    rig = EngineRig(PLANT, operators=[machine.COMPONENT]).send(frames_of(rows, 37)).finish()
    made, known = products(rows), known_of(rows, asset, PLANT)
    counted = [(time, until) for time, until, *_ in known.increments]

    def cycle_s(time: int) -> float | None:
        name = [name for at, name in made if at <= time][-1]
        found = PLANT.ideal_cycle_s(name, asset)
        return None if name is None and math.isnan(found) else found

    def want(start: int, end: int) -> dict[str, dict[str, float]]:
        window = Window(start, end, [(start, end, 0)])
        return told(figures(known, window, cycle_s))

    for window in ("1m", "15m", "1h", "day"):
        for kind, spans in (
            ("oee", seen(rows, asset, PLANT)),
            ("losses", seen(rows, asset, PLANT)),
            ("quality", counted),
        ):
            got, due = rig.values(kind, asset, window), windows_due(spans, window)
            assert got.keys() == {start for start, _ in due}, (kind, window)
            for start, end in due:
                assert_near(want(start, end)[kind], got[start], (kind, window, start))
    ended = dict(orders(rows))
    found = [(kind, row) for kind in ("oee", "losses", "quality") for row in order_rows(rig, kind, asset).items()]
    for kind, (start, row) in found:
        if start in ended:
            assert_near(want(start, ended[start])[kind], row, (kind, "order", start))
    assert len(found) >= 3


@pytest.mark.parametrize("tag", ["@text/program", "@waveform"])
def test_texts_and_waveforms_are_signs_of_life(tag: str) -> None:
    # power for 20 minutes, texts for an hour: the state is unqualified 5 minutes after the last of them
    rows = [Row(PRESS, "running", T0, 1.0), *(Row(PRESS, "power_kw", T0 + k * MINUTE, 3.0) for k in range(1, 21))]
    rows += [event(PRESS, tag, T0 + k * MINUTE + SECOND, b"P" * 12) for k in range(1, 61)]
    rows += [Row(PRESS, "running", T0 + 120 * MINUTE, 0.0)]

    rig = EngineRig(operators=[machine.COMPONENT]).send(frames_of(sorted(rows, key=lambda row: row.time), 5)).finish()

    unknown = {
        start: row["unqualified_time_s"]
        for start, row in rig.values("losses", PRESS, "1m").items()
        if start < T0 + 120 * MINUTE
    }
    assert sum(unknown.values()) == (120 - 65) * 60.0 - 1.0
