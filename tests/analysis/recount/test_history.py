"""What rows mean, by hand: counters' steps, orders in turn, states that hold, corrections that replace them."""

from pathlib import Path

from analysis.recount.history import FAR, Run
from analysis.recount.states import stretches
from fieldline.plant import Plant
from fieldline.states import State
from tests.analysis.recount.worked_line import LINE, SECOND, history_of, plant_of, said
from tests.processing.engine_rig import Row

PRESS = f"{LINE}/press"
T = 1_772_431_200_000_000_000


def test_an_order_lasts_until_its_stop_or_the_next_start_and_a_void_event_says_nothing() -> None:
    rows = [
        said(LINE, "product", T, product="P", phase="start"),
        said(LINE, "order", T + 10, order="1", product="A", phase="start"),
        said(LINE, "order", T + 20, order="2", phase="start"),
        said(LINE, "order", T + 30, order="9", phase="stop"),
        said(LINE, "order", T + 40, order="2", phase="stop"),
        said(LINE, "order", T + 50, order="3", phase="void"),
    ]

    runs = history_of(Plant(), rows).runs(LINE)

    assert runs == [
        Run(T, T + 10, "", "P"),
        Run(T + 10, T + 20, "1", "A"),
        Run(T + 20, T + 40, "2", "P"),
        Run(T + 40, FAR, "", "P"),
    ]


def test_a_state_holds_until_the_next_one_and_no_longer_than_its_gap(tmp_path: Path) -> None:
    plant = plant_of(tmp_path)  # states hold 4 min
    rows = [
        said(PRESS, "state", T, state="producing"),
        said(PRESS, "state", T + 60 * SECOND, state="no such word"),
        said(PRESS, "state", T + 90 * SECOND, state="down"),
    ]

    found = stretches(history_of(plant, rows).states(PRESS), T - 30 * SECOND, T + 400 * SECOND)

    assert [(one.state, (one.end - one.start) // SECOND) for one in found] == [
        (State.UNKNOWN, 30),
        (State.PRODUCING, 60),
        (State.UNKNOWN, 30),
        (State.DOWN, 240),
        (State.UNKNOWN, 70),
    ]


def test_a_correction_holds_whatever_is_measured_until_its_end_or_without_one_until_a_later_sample(
    tmp_path: Path,
) -> None:
    plant = plant_of(tmp_path)
    rows = [
        said(PRESS, "state", T, state="down"),
        said(PRESS, "correction", T + 10 * SECOND, state="break", until=(T + 40 * SECOND) / SECOND),
        said(PRESS, "state", T + 20 * SECOND, state="producing"),
        said(PRESS, "correction", T + 60 * SECOND, state="idle"),
        said(PRESS, "state", T + 70 * SECOND, state="off"),
    ]

    found = stretches(history_of(plant, rows).states(PRESS), T, T + 80 * SECOND)

    assert [(one.state, (one.end - one.start) // SECOND) for one in found] == [
        (State.DOWN, 10),
        (State.PLANNED_STOP, 30),
        (State.PRODUCING, 20),
        (State.IDLE, 10),
        (State.OFF, 10),
    ]


def test_a_correction_within_another_gives_way_when_it_ends(tmp_path: Path) -> None:
    rows = [
        said(PRESS, "state", T, state="producing"),
        said(PRESS, "correction", T + 10 * SECOND, state="maintenance", until=(T + 50 * SECOND) / SECOND),
        said(PRESS, "correction", T + 20 * SECOND, state="down", until=(T + 30 * SECOND) / SECOND),
    ]

    found = stretches(history_of(plant_of(tmp_path), rows).states(PRESS), T, T + 60 * SECOND)

    assert [(one.state, (one.end - one.start) // SECOND) for one in found] == [
        (State.PRODUCING, 10),
        (State.PLANNED_STOP, 10),
        (State.DOWN, 10),
        (State.PLANNED_STOP, 20),
        (State.PRODUCING, 10),
    ]


def test_a_state_tag_that_tells_changes_counts_while_its_machine_shows_life(tmp_path: Path) -> None:
    plant = plant_of(tmp_path, f'[[asset]]\npath = "{PRESS}"\nstate_max_gap_s = "2h"\n')
    minute = 60 * SECOND
    rows = [
        Row(PRESS, "running", T, 1.0),
        *[
            Row(PRESS, "temp_c", T + k * minute, 40.0 + k) for k in range(1, 8)
        ],  # a rhythm from the sixth minute on, the last at 7 min
        Row(PRESS, "temp_c", T + 20 * minute, 40.0),
        Row(PRESS, "running", T + 30 * minute, 0.0),
    ]
    history = history_of(plant, rows)

    found = stretches(history.states(PRESS), T, T + 180 * minute, history.silences(PRESS))

    assert [(one.state, (one.end - one.start) // minute) for one in found] == [
        (State.PRODUCING, 12),
        (State.UNKNOWN, 8),
        (State.PRODUCING, 10),
        (State.DOWN, 120),
        (State.UNKNOWN, 30),
    ]


def test_a_state_tag_that_repeats_its_value_within_its_gap_tells_by_the_clock(tmp_path: Path) -> None:
    history = history_of(plant_of(tmp_path), [Row(PRESS, "running", T + k * 200 * SECOND, 1.0) for k in range(4)])

    found = stretches(history.states(PRESS), T, T + 1800 * SECOND, history.silences(PRESS))

    assert [(one.state, (one.end - one.start) // SECOND) for one in found] == [
        (State.PRODUCING, 900),
        (State.UNKNOWN, 900),
    ]


def test_pieces_of_an_interval_counter_are_its_values_and_negative_ones_count_nothing(tmp_path: Path) -> None:
    plant = plant_of(
        tmp_path, f'[[asset]]\npath = "{PRESS}"\n[asset.tags.parts]\nkind = "good_count"\ncounts_by = "interval"\n'
    )
    rows = [Row(PRESS, "parts", T + k, value) for k, value in enumerate((5.0, -3.0, float("nan"), 2.0))]

    steps = history_of(plant, rows).steps(PRESS)

    assert [step.pieces for step in steps] == [5.0, 0.0, 2.0]
