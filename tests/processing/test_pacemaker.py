"""Whose times and pieces are a line's: its own, its pacemaker's, all its machines', or those of the one that counts."""

from math import isnan
from random import Random

import pytest

from analysis.recount.effectiveness import effectiveness, losses, machines_of
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry
from processing.operators import machine, order
from processing.operators.energy import COMPONENT as ENERGY
from tests.analysis.recount.worked_line import differences, history_of
from tests.processing.engine_rig import SECOND, Row, frames_of
from tests.processing.test_machine_operator import CODES, HOUR_S, LINE, OVEN, PRESS, TextRig, counter, modes

END = f"{LINE}/exit"
START_NS, HOUR_NS = HOUR_S * SECOND, 3600 * SECOND
TAGS = {"mode": TagEntry(kind="state", codes=CODES, max_gap_s=90_000.0)}


def plant(line: LineEntry | None = None, cycle: float = 4.0, *more: AssetEntry) -> Plant:
    every = AssetEntry(path=f"{LINE}*", tags=TAGS, ideal_cycle_s=cycle)
    return Plant(PlantFile(asset=(every, *more), line=() if line is None else (line,)))


def run(rows: list[Row], of: Plant) -> TextRig:
    rows = sorted(rows, key=lambda row: row.time)
    rig = TextRig(of, operators=[machine.COMPONENT, ENERGY, order.COMPONENT])
    rig.send(frames_of(rows, 20)).finish()
    return rig


def line_of(rig: TextRig, kind: str = "oee") -> dict[str, float]:
    return rig.values(kind, LINE, "1h")[START_NS]


def reason_of(rig: TextRig, kind: str = "oee") -> str | None:
    return rig.texts[kind, LINE, 3, START_NS].get("null_reason")


def counted(asset: str, good: float, scrap: float) -> list[Row]:
    return [
        row
        for tag, n in (("good_count", good), ("scrap_count", scrap))
        for row in counter(tag, (0, 0), (3599, n), asset=asset)
    ]


# The press stands for half of the hour, the oven for a quarter.
STATES = modes((0, 1), (1800, 0), (3600, 1)) + modes((0, 1), (2700, 0), (3600, 1), asset=OVEN)


@pytest.mark.parametrize(
    ("line", "rows", "availability", "oee", "machines", "reason"),
    [
        pytest.param(
            LineEntry(path=LINE, pacemaker=PRESS),
            [*STATES, *counted(PRESS, 400, 10), *counted(OVEN, 300, 0)],
            0.5,
            400 * 4 / 3600,
            1,
            None,
            id="the pacemaker's times and pieces",
        ),
        pytest.param(
            LineEntry(path=LINE, pacemaker=PRESS, output=END),
            [*STATES, *counted(END, 300, 0)],
            0.5,
            300 * 4 / 3600,
            1,
            None,
            id="the pacemaker's times, the output's pieces",
        ),
        pytest.param(
            LineEntry(path=LINE, output=OVEN),
            [*STATES, *counted(OVEN, 300, 0)],
            0.75,
            300 * 4 / 3600,
            1,
            None,
            id="one counter, at the declared output",
        ),
        pytest.param(
            None,
            [*STATES, *counted(OVEN, 300, 0)],
            (1800 + 2700) / 7200,
            None,
            2,
            "no pacemaker declared",
            id="one counter, at a machine",
        ),
        pytest.param(
            None,
            [*modes((0, 1), (1800, 0), (3600, 1)), *counted(END, 300, 0)],
            0.5,
            300 * 4 / 3600,
            1,
            None,
            id="one counter at the end, one machine",
        ),
        pytest.param(
            None,
            [*modes((0, 1), (1800, 0), (3600, 1)), *counted(LINE, 300, 0)],
            0.5,
            300 * 4 / 3600,
            1,
            None,
            id="the line's own counter, one machine",
        ),
        pytest.param(
            None,
            [*STATES, *counted(END, 300, 0)],
            (1800 + 2700) / 7200,
            None,
            2,
            "no pacemaker declared",
            id="one counter at the end, several machines",
        ),
        pytest.param(
            LineEntry(path=LINE, output=OVEN),
            [*STATES, *modes((0, 1), (3600, 1), asset=END), *counted(OVEN, 300, 0), *counted(PRESS, 400, 10)],
            0.75,
            300 * 4 / 3600,
            1,
            None,
            id="the declared output, where not all count",
        ),
        pytest.param(
            None,
            [*STATES, *modes((0, 1), (3600, 1), asset=END), *counted(OVEN, 300, 0), *counted(PRESS, 400, 10)],
            (1800 + 2700 + 3600) / 10_800,
            None,
            3,
            "no pacemaker declared",
            id="two of three count",
        ),
        pytest.param(
            None,
            [*STATES, *counted(OVEN, 300, 0), *counted(PRESS, 400, 10)],
            4500 / 7200,
            700 * 4 / 7200,
            2,
            None,
            id="all count",
        ),
        pytest.param(
            LineEntry(path=LINE, output=OVEN),
            [*STATES, *modes((0, 1), (360, 3), (720, 1), (3600, 1), asset=LINE), *counted(OVEN, 300, 0)],
            0.9,
            300 * 4 / 3600,
            1,
            None,
            id="the line's own times, the output's pieces",
        ),
        pytest.param(
            None,
            [*modes((0, 1), (3600, 1), asset=LINE), *counted(OVEN, 300, 0), *counted(PRESS, 400, 10)],
            1.0,
            None,
            1,
            "no output declared",
            id="the line's own times, several that count",
        ),
        pytest.param(
            LineEntry(path=LINE, pacemaker=END),
            [*STATES, *counted(OVEN, 300, 0)],
            None,
            None,
            1,
            "pacemaker reports no state",
            id="a silent pacemaker",
        ),
        pytest.param(None, STATES, 4500 / 7200, None, 2, "no count", id="nothing counts"),
        pytest.param(
            LineEntry(path=LINE, pacemaker=PRESS),
            [*STATES, *counted(PRESS, 300, 0)[:2], *counted(OVEN, 300, 0)[:2]],
            0.5,
            300 * 4 / 3600,
            1,
            "only one of good, scrap and total counted",
            id="good pieces alone, of several machines",
        ),
    ],
)
def test_whose_times_and_pieces_are_the_lines(
    line: LineEntry | None,
    rows: list[Row],
    availability: float | None,
    oee: float | None,
    machines: int,
    reason: str | None,
) -> None:
    of = plant(line)

    rig = run(rows, of)

    found = line_of(rig)
    for name, value in (("availability", availability), ("oee", oee)):
        assert isnan(found[name]) if value is None else found[name] == pytest.approx(value, rel=1e-12), name
    assert (found["machine_count"], reason_of(rig)) == (machines, reason)
    lost = line_of(rig, "losses")
    assert lost["calendar_time_s"] == 3600.0 * machines
    of_orders = line_of(rig, "production_order")["oee"]
    assert of_orders == found["oee"] or (isnan(of_orders) and isnan(found["oee"]))
    history = history_of(of, rows)
    again = machines_of(history, LINE, START_NS, START_NS + HOUR_NS)
    assert differences(effectiveness(again, START_NS, START_NS + HOUR_NS), found) == []
    assert differences(losses(again, START_NS, START_NS + HOUR_NS), lost) == []


def test_a_counter_at_the_end_without_a_cycle_has_the_pacemakers() -> None:
    of = Plant(
        PlantFile(
            asset=(AssetEntry(path=f"{LINE}/*", tags=TAGS), AssetEntry(path=PRESS, ideal_cycle_s=3.0)),
            line=(LineEntry(path=LINE, pacemaker=PRESS, output=END),),
        )
    )

    found = line_of(run([*STATES, *counted(END, 300, 0)], of))

    assert found["performance"] == pytest.approx(300 * 3 / 1800, rel=1e-12)


def test_a_line_with_its_own_states_has_the_quality_of_its_output() -> None:
    rig = run([*modes((0, 1), (3600, 1), asset=LINE), *counted(OVEN, 300, 20)], plant())

    assert line_of(rig, "quality")["good_count"] == line_of(rig, "production_order")["good_count"] == 300.0


def test_the_pacemaker_may_be_heard_of_late_and_in_any_order() -> None:
    of = plant(LineEntry(path=LINE, pacemaker=PRESS, output=END))
    rows = sorted([*STATES, *counted(END, 300, 0)], key=lambda row: row.time)
    shuffled = list(rows)
    Random(3).shuffle(shuffled)

    in_order, mixed = run(rows, of), TextRig(of, operators=[machine.COMPONENT, ENERGY, order.COMPONENT])
    for k, frame in enumerate(frames_of(shuffled, 2)):
        mixed.send([frame])
        if k % 2:
            mixed.crash()
    mixed.finish()

    assert in_order.table == mixed.table


FILLER = f"{LINE}/filler"
MACHINES = (
    AssetEntry(path=PRESS, ideal_cycle_s=4.0, tags={**TAGS, "strokes": TagEntry(kind="good_count")}),
    AssetEntry(path=OVEN, tags=TAGS),
)


@pytest.mark.parametrize(
    ("assets", "line", "output"),
    [
        (MACHINES, None, PRESS),
        (MACHINES, LineEntry(path=LINE, output=OVEN), OVEN),
        (MACHINES, LineEntry(path=LINE, meters=(OVEN,)), PRESS),
        (MACHINES[:1], None, None),
        ((*MACHINES, AssetEntry(path=FILLER, ideal_cycle_s=2.0)), None, None),
        ((*MACHINES, AssetEntry(path=FILLER, tags={"n": TagEntry(kind="total_count")})), None, None),
        ((*MACHINES, AssetEntry(path=f"{LINE}/*", tags={"good_count": TagEntry(modulus=100.0)})), None, None),
        ((MACHINES[1], AssetEntry(path=FILLER, ideal_cycle_s=2.0)), None, None),
    ],
)
def test_the_only_machine_with_a_counter_that_the_plant_file_names_is_the_output(
    assets: tuple[AssetEntry, ...], line: LineEntry | None, output: str | None
) -> None:
    found = Plant(PlantFile(asset=assets, line=() if line is None else (line,)))

    assert found.line_entry(LINE).output == output


def test_a_line_of_several_machines_with_one_counter_has_the_oee_of_that_machine() -> None:
    of = Plant(PlantFile(asset=MACHINES))
    rows = [*STATES, *(row._replace(tag="strokes") for row in counted(PRESS, 400, 0) if row.tag == "good_count")]

    rig = run(rows, of)

    found = line_of(rig)
    assert (found["availability"], found["oee"]) == pytest.approx((0.5, 400 * 4 / 3600))
    assert (found["machine_count"], reason_of(rig)) == (1, "only one of good, scrap and total counted")
    history = history_of(of, rows)
    again = machines_of(history, LINE, START_NS, START_NS + HOUR_NS)
    assert differences(effectiveness(again, START_NS, START_NS + HOUR_NS), found) == []
