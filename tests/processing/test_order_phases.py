"""Orders that pause and resume, begin before anybody listened, or never end; their products, in any order of arrival."""

from pathlib import Path
from random import Random

import pytest

from analysis.recount.history import FAR
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from processing.timeline.timing import Timing
from tests.analysis.recount.worked_line import history_of
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, event, frame_of, frames_of
from tests.processing.test_orders import HALF_HOUR, LINE, PRESS, order, orders_of, power, standing, start, stop

DAY = 86_400.0


def phase(number: str, word: str, product: str = "") -> bytes:
    named = f',"product":"{product}"' if product else ""
    return f'{{"order":"{number}","phase":"{word}"{named}}}'.encode()


def rows_by_time(*more: Row) -> list[Row]:
    return sorted([*HALF_HOUR, *more], key=lambda row: row.time)


def products_of(rig: EngineRig) -> dict[float, str]:
    """The product label of each order's row of energy, by its start in s after T0."""
    keys = [key for key in standing(rig.table) if key[:4] == ("energy", PRESS, "", "order")]
    return {(int(key[4]) - T0) / SECOND: key[5].partition("=")[2] if len(key) > 5 else "" for key in keys}


@pytest.mark.parametrize(
    ("told", "energies", "products"),
    [
        pytest.param(
            [(100, phase("1", "start", "A")), (400, phase("1", "pause")), (700, phase("1", "resume"))],
            {100: 3.0, 700: 11.0},
            {100: "A", 700: "A"},
            id="resumed with its product",
        ),
        pytest.param(
            [(100, phase("1", "start", "A")), (400, phase("1", "hold")), (700, phase("1", "resume", "B"))],
            {100: 3.0, 700: 11.0},
            {100: "A", 700: "B"},
            id="resumed with another one",
        ),
        pytest.param(
            [
                (100, phase("1", "start", "A")),
                (400, phase("1", "pause")),
                (500, phase("2", "start", "B")),
                (600, phase("2", "stop")),
                (700, phase("1", "start")),
            ],
            {100: 3.0, 500: 1.0, 700: 11.0},
            {100: "A", 500: "B", 700: "A"},
            id="another one between",
        ),
        pytest.param(
            [(100, phase("1", "start", "A")), (400, phase("1", "stop")), (700, phase("1", "start"))],
            {100: 3.0, 700: 11.0},
            {100: "A", 700: ""},
            id="ended, and begun anew",
        ),
        pytest.param(
            [
                (100, phase("1", "start", "A")),
                (400, phase("1", "pause")),
                (500, phase("1", "stop")),
                (700, phase("1", "start")),
            ],
            {100: 3.0, 700: 11.0},
            {100: "A", 700: ""},
            id="ended in its pause",
        ),
        pytest.param([(100, phase("1", "start", "A"))], {100: 17.0}, {100: "A"}, id="never ended"),
    ],
)
def test_an_order_keeps_its_product_over_its_pauses(
    told: list[tuple[float, bytes]], energies: dict[float, float], products: dict[float, str]
) -> None:
    rows = rows_by_time(*(order(second, payload) for second, payload in told))
    shuffled = list(rows)
    Random(5).shuffle(shuffled)

    rig = EngineRig().send(frames_of(rows, 7)).finish()
    mixed = EngineRig().send(frames_of(shuffled, 7)).finish()

    assert orders_of(rig) == pytest.approx(energies)
    assert products_of(rig) == products
    assert differences(standing(rig.table), standing(mixed.table)) == []
    runs = history_of(Plant(), [row._replace(asset=LINE) if row.tag == "@order" else row for row in stops_apart(rows)])
    assert {(run.start - T0) / SECOND: run.product for run in runs.runs(LINE) if run.order} == products
    assert runs.runs(LINE)[-1].end == FAR or told[-1][1] == phase("1", "stop")


def stops_apart(rows: list[Row]) -> list[Row]:
    """The rows as evidence has them: ends of orders in a series of their own."""
    ends = (b'"pause"', b'"hold"', b'"stop"')
    return [
        row._replace(tag="@order/stop") if row.payload and any(word in row.payload for word in ends) else row
        for row in rows
    ]


@pytest.mark.parametrize("first", [True, False])
def test_an_order_that_began_days_before_the_first_reading_is_made_whenever_it_is_told(first: bool) -> None:
    began = order(-3 * DAY, start("1"))
    frames = [frame_of([began]), *frames_of(HALF_HOUR, 7)]

    rig = EngineRig().send(frames if first else [*frames[1:], frames[0]]).finish()

    assert orders_of(rig) == pytest.approx({-3 * DAY: 18.0})


def test_an_order_begun_before_the_horizon_ends_where_its_end_says_after_a_crash(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log, timing=Timing(horizon=600 * SECOND)).send(frames_of(HALF_HOUR, 7))
    rig.wait(5)

    rig.send([frame_of([order(-3600, start("1"))])]).checkpoint()
    rig.crash()
    rig.send([frame_of([order(1500, stop("1"))]), frame_of([power(1810, 36.0)])]).finish()
    log.close()

    assert orders_of(rig) == pytest.approx({-3600: 15.0})


def test_events_of_paused_orders_outlive_a_crowd_of_others(tmp_path: Path) -> None:
    rows = [event(LINE, "@order", T0, phase("old", "start", "A")), order(60, phase("old", "pause"))]
    rows += [order(120 + second * 10, start(str(second % 7), "B")) for second in range(1200)]
    rows += [order(13_000, phase("old", "resume")), *(power(13_000 + second, 36.0) for second in range(0, 601, 10))]
    frames = frames_of(sorted(rows, key=lambda row: row.time), 100)
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log, timing=Timing(horizon=600 * SECOND))

    for frame in frames:
        rig.send([frame]).checkpoint()
    rig.finish()
    log.close()

    assert products_of(rig)[13_000] == "A"
    assert len(rig.engine.context.names()["orders"]) < len(rows)  # type: ignore[arg-type]
