"""Attribute charts on the stream: published limits by way of counters, windows that can't be judged, late counts and other settings."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import RULES, AssetEntry, AttributeChartEntry, PlantFile
from processing.formulas.spc import rule_names
from processing.operators import attribute_chart, machine
from processing.place import operators_for
from tests.oracles.cases import cases, name_of
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frame_of, frames_of
from tests.twins import rules as twin

HOUR = 3600 * SECOND
BEGIN = 1_700_006_400 * SECOND  # a full hour
LINE = "p/h/line1"
PRESS = f"{LINE}/press"
OPERATORS = (machine.COMPONENT, attribute_chart.COMPONENT)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def plant(**charts: AttributeChartEntry) -> Plant:
    """By path below p/h, `__` for /."""
    paths = {f"p/h/{name.replace('__', '/')}": entry for name, entry in charts.items()}
    return Plant(PlantFile(asset=tuple(AssetEntry(path=path, attribute_chart=one) for path, one in paths.items())))


def counters(asset: str, *, first: int = 0, **steps: Sequence[float]) -> list[Row]:
    """Counters that step by so much in the middle of each hour, from the first one on; each has a reading before that."""
    rows = []
    for tag, by in steps.items():
        rows.append(Row(asset, tag, BEGIN + first * HOUR + 60 * SECOND, 0.0))
        for k, total in enumerate(running(by)):
            rows.append(Row(asset, tag, BEGIN + (first + k) * HOUR + 1800 * SECOND, total))
    return sorted(rows, key=lambda row: (row.time, row.tag))


def running(steps: Sequence[float]) -> list[float]:
    return [math.fsum(steps[: k + 1]) for k in range(len(steps))]


def rig_of(of: Plant, **options: Any) -> EngineRig:
    return EngineRig(of, operators=OPERATORS, windows=("15m", "1h", "day"), **options)


def points(rig: EngineRig, count: int, asset: str = PRESS) -> list[dict[str, float]]:
    """The points of the first `count` hours."""
    found = rig.values("attribute_chart", asset, "1h")
    return [found[BEGIN + k * HOUR] for k in range(count)]


def reasons(rig: EngineRig, count: int, asset: str = PRESS) -> list[str]:
    found = rig.texts("attribute_chart", asset, "1h")
    return [found[BEGIN + k * HOUR].get("null_reason", "") for k in range(count)]


def p_chart(center: float = 0.1, **others: Any) -> AttributeChartEntry:
    return AttributeChartEntry(chart="p", center=center, **others)


PUBLISHED = [case for chart in ("p", "np", "c", "u", "laney_p", "laney_u") for case in cases("spc", chart)]


@pytest.mark.parametrize("case", PUBLISHED, ids=name_of)
def test_counts_on_the_stream_have_published_limits(case: dict[str, Any]) -> None:
    given, expected = case["inputs"], case["expected"]
    counts, name = given.get("defectives") or given["counts"], "rework_count" if "u" in case["fn"] else "scrap_count"
    units = given.get("n", [])
    sizes = {"total_count": units if isinstance(units, list) else [units] * len(counts)} if units else {}
    size = {"n": float(units)} if case["fn"] == "np" else {}
    entry = AttributeChartEntry(
        chart=case["fn"], count=name, center=expected["center"], sigma_z=expected.get("sigma_z"), **size
    )

    rig = rig_of(plant(line1__press=entry))
    rig.send(frames_of(counters(PRESS, **{name: counts}, **sizes), 8)).finish()

    said = points(rig, len(counts))
    for field in ("lcl", "ucl"):
        wanted = expected[field] if isinstance(expected[field], list) else [expected[field]] * len(counts)
        assert [point[field] for point in said] == pytest.approx(wanted, rel=case["rel_tol"])
    assert [point["count"] for point in said] == counts
    assert {point["center"] for point in said} == {expected["center"]}
    outside = [point["value"] < point["lcl"] or point["value"] > point["ucl"] for point in said]
    assert [point["beyond_limits"] for point in said] == outside


def test_a_point_completes_the_rules_that_the_series_of_points_does() -> None:
    scrap = [1, 3, 2, 9, 2, 6, 7, 7, 8, 6, 7, 8, 9, 6, 11, 7, 4, 3, 2, 1, 0, 20]
    entry = p_chart(rules=RULES)

    rig = rig_of(plant(line1__press=entry))
    rig.send(frames_of(counters(PRESS, scrap_count=scrap, total_count=[50] * len(scrap)), 8)).finish()

    said = points(rig, len(scrap))
    found = [set(rule_names(int(point["rules"]))) for point in said]
    # sigma of a window sqrt(0.1 x 0.9 / 50)
    assert found == twin.run_rules([(count / 50 - 0.1) / math.sqrt(0.09 / 50) for count in scrap])
    assert {"nelson2", "nelson3", "we4"} <= set().union(*found)
    assert [point["alarm"] for point in said] == [float(bool(names)) for names in found]
    names = rig.texts("attribute_chart", PRESS, "1h")[BEGIN + 21 * HOUR]["rule_names"].split(",")
    assert {"nelson1", "we1"} <= {*names} == found[21]


def test_a_line_is_charted_by_its_output_though_nothing_comes_of_it_itself() -> None:
    rows = counters(PRESS, scrap_count=[9] * 10, total_count=[60] * 10)

    rig = rig_of(plant(line1=p_chart(), line1__press=p_chart())).send(frames_of(rows, 8)).finish()

    assert points(rig, 10, LINE) == points(rig, 10, PRESS)
    assert [point["rules"] for point in points(rig, 10, LINE)] == [0.0] * 8 + [2.0] * 2  # nine above the centre


def test_only_the_window_that_is_charted_has_rows() -> None:
    rows = counters(PRESS, scrap_count=[1, 2], total_count=[60, 50]) + counters(f"{LINE}/saw", scrap_count=[1])

    rig = rig_of(plant(line1__press=p_chart(every="15m"))).send(frames_of(rows, 8)).finish()

    assert {key[1:4] for key in rig.table if key[0] == "attribute_chart"} == {(PRESS, "", "15m")}


def test_a_window_without_a_place_says_why_and_is_passed_over() -> None:
    total, scrap = [50, 50, 0, 50, 40, 50], [9, 9, 0, 70, 9, 9]
    entries = {
        "line1__press": p_chart(rules=("nelson2",)),
        "line1__saw": AttributeChartEntry(chart="np", center=5.0, n=50.0),
        "line1__mill": AttributeChartEntry(chart="u", center=0.1),
        "line1__drill": AttributeChartEntry(chart="c", center=9.0),
    }
    rows = counters(PRESS, scrap_count=scrap, total_count=total)
    rows += counters(f"{LINE}/saw", scrap_count=scrap, total_count=total)
    rows += counters(f"{LINE}/mill", scrap_count=scrap) + counters(f"{LINE}/drill", total_count=total)

    rig = rig_of(plant(**entries)).send(frames_of(sorted(rows, key=lambda row: row.time), 9)).finish()

    none, more, other = "no units", "more defective units than units", "units are not the declared n"
    assert reasons(rig, 6) == ["", "", none, more, "", ""]
    assert reasons(rig, 6, f"{LINE}/saw") == ["", "", none, more, other, ""]
    assert reasons(rig, 6, f"{LINE}/mill") == ["no total count"] * 6
    assert reasons(rig, 6, f"{LINE}/drill") == ["no count"] * 6
    for point in points(rig, 6)[2:4]:
        fields = ("value", "center", "lcl", "ucl", "standardised", "beyond_limits", "alarm", "rules")
        assert all(math.isnan(point[field]) for field in fields)


def test_late_counts_are_judged_as_if_they_had_come_in_time(log: SqliteLog) -> None:
    rows = counters(PRESS, scrap_count=[8] * 12, total_count=[50] * 12)
    late = [row for row in rows if BEGIN + 3 * HOUR < row.time < BEGIN + 4 * HOUR]
    of = plant(line1=p_chart())  # no row of a machine's own makes the line's windows be looked at
    want = rig_of(of).send(frames_of(rows, 4)).finish()

    rig = rig_of(of, log=log, node_cache=0, row_cache=1).send(frames_of([row for row in rows if row not in late], 4))
    rig.checkpoint()
    rig.crash()
    rig.finish().send([frame_of(late)]).finish()

    assert differences(want.table, rig.table) == []
    # Without the fourth hour its pieces were the fifth's, and the ninth point in a row came an hour later.
    assert [point["rules"] for point in points(rig, 12, LINE)] == [0.0] * 8 + [2.0] * 4


@pytest.mark.parametrize("before", [None, p_chart(0.2), p_chart(every="15m")])
def test_a_chart_that_is_declared_otherwise_is_drawn_anew(before: AttributeChartEntry | None, log: SqliteLog) -> None:
    rows = counters(PRESS, scrap_count=[8] * 12, total_count=[50] * 12)
    now = plant(line1=p_chart(), line1__press=p_chart())
    want = rig_of(now).send(frames_of(rows, 4)).finish()
    was = Plant() if before is None else plant(line1=before, line1__press=before)

    rig = rig_of(was, log=log)
    rig._operators = operators_for(["attribute_chart", "machine"], was)
    rig.crash()
    rig.send(frames_of(rows[:14], 4))
    rig.restart(plant=now, operators=operators_for(["attribute_chart", "machine"], now))
    rig.send(frames_of(rows[14:], 4)).finish()

    for asset in (LINE, PRESS):
        assert points(rig, 12, asset) == points(want, 12, asset)
