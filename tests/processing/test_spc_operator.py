"""Control charts on the stream: points by hand, limits by product, and what late samples and orders change."""

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest

from fieldline.plant import Plant
from fieldline.plantfile import RULES, AssetEntry, PlantFile, SiteEntry, SpcEntry, SpcLimits, TagEntry
from processing.formulas.spc import ewma_limits, rule_names
from processing.kernels import layout as at
from processing.operators import chosen, spc
from processing.place import needed
from tests.processing.chart_sets import OPERATORS, PRESS, order, start
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, frames_of
from tests.processing.kernels.value_by_value import ewma
from tests.twins import spc as twin
from tests.twins.rules import run_rules as rules_of


def charted(entry: SpcEntry, tag: str = "temp_c") -> Plant:
    return Plant(PlantFile(asset=(AssetEntry(path=PRESS, tags={tag: TagEntry(spc=entry)}),)))


def temperatures(values: Iterable[float], step_s: float = 60.0, start_s: float = 0.0) -> list[Row]:
    return [Row(PRESS, "temp_c", T0 + round((start_s + k * step_s) * SECOND), value) for k, value in enumerate(values)]


def points(plant: Plant, rows: list[Row], window: str = "1m") -> list[dict[str, float]]:
    """Fields of each point, oldest first."""
    rig = EngineRig(plant, operators=OPERATORS).send(frames_of(sorted(rows, key=lambda row: row.time), 40)).finish()
    found = rig.values("spc", PRESS, window, "temp_c")
    return [found[start] for start in sorted(found)]


def test_points_of_a_stream_are_the_charts_of_the_whole_series() -> None:
    values = np.random.default_rng(2).normal(20.5, 1.0, 200)
    entry = SpcEntry(center=20.0, sigma=1.0, rules=RULES, ewma_lambda=0.1, ewma_l=2.7)

    said = points(charted(entry), temperatures(values.tolist()))

    z = values - 20.0
    averages = ewma(z, 0.0, 0.1)
    band = ewma_limits(0.0, 1.0, 0.1, 2.7, np.arange(1, 201))
    np.testing.assert_array_equal([point["standardised"] for point in said], z)
    assert [set(rule_names(int(point["rules"]))) for point in said] == rules_of(z.tolist())
    np.testing.assert_array_equal([point["ewma"] for point in said], averages)
    np.testing.assert_allclose([point["ewma_ucl"] for point in said], band.ucl, rtol=1e-15)
    assert [point["moving_range"] for point in said[1:]] == np.abs(np.diff(values)).tolist()


@pytest.mark.parametrize(("every", "length"), [("1m", at.MINUTE), ("15m", at.QUARTER), ("1h", at.HOUR)])
@pytest.mark.parametrize("size", [None, 3])
def test_the_moments_of_every_cell_equal_the_twin(every: str, length: int, size: int | None) -> None:
    random, second, rows = Random(9), 0.0, []
    while second < 4 * 3600:
        second += random.choice([0.25, 3.0, 20.0, 70.0, 400.0])
        rows.append(temperatures([random.gauss(1e6, 0.5)], start_s=second)[0])
    late = sorted(rows, key=lambda row: row.time + (random.random() < 0.1) * 9e11)
    for chart, field in (("xbar_r", "range"), ("xbar_s", "standard_deviation")):
        rig = EngineRig(charted(SpcEntry(chart=chart, every=every, n=size)), operators=OPERATORS)  # type: ignore[arg-type]

        found = rig.send(frames_of(late, 30)).finish().values("spc", PRESS, every, "temp_c")

        want = twin.cells([(row.time, row.value) for row in rows], length, size)
        assert found.keys() == want.keys()
        for name in ("n", "mean", field):
            got = [found[start][name] for start in want]
            expected = [one[name] if name != "range" or one["n"] > 1 else np.nan for one in want.values()]
            np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_a_subgroup_s_figures_by_hand() -> None:
    entry = SpcEntry(chart="xbar_s", every="15m", n=4, center=10.0, sigma=2.0, lsl=4.0, usl=16.0)
    start = (T0 // at.QUARTER + 1) * 900 - T0 / SECOND
    rows = temperatures([11.0, 13.0, 9.0, 11.0, 99.0, 99.0], step_s=100.0, start_s=start)

    (point,) = points(charted(entry), rows, "15m")

    # The first four of the quarter-hour: mean 11, s = sqrt((0 + 4 + 4 + 0) / 3), limits 10 ± 3 · 2 / sqrt(4).
    want = {
        "n": 4.0, "mean": 11.0, "standard_deviation": (8.0 / 3.0) ** 0.5, "center": 10.0, "lcl": 7.0, "ucl": 13.0,
        "standardised": 1.0, "ewma": 0.2, "cusum_high": 0.5, "cusum_low": 0.0, "alarm": 0.0, "rules": 0.0, "drift": 0.0,
        "cp": 1.0, "cpk": 5.0 / 6.0, "limits_version": 0.0, "coverage": 1.0,
    }  # fmt: skip
    assert {name: point[name] for name in want} == pytest.approx(want)
    assert np.isnan(point["range"]) and np.isnan(point["moving_range"]) and np.isnan(point["outlier"])


def test_a_subgroup_that_is_not_full_says_how_much_of_it_came() -> None:
    entry = SpcEntry(chart="xbar_r", n=4, center=10.0, sigma=2.0)

    (point,) = points(charted(entry), temperatures([11.0, 8.0, 11.0], step_s=1.0))

    assert point["coverage"] == 0.75 and point["range"] == 3.0
    assert point["ucl"] == pytest.approx(10.0 + 6.0 / 3.0**0.5)


def texts_of(plant: Plant, rows: list[Row]) -> list[tuple[dict[str, str], dict[str, float]]]:
    """Texts and fields of each point in the order of emission."""
    rig, found = EngineRig(plant, operators=(spc.COMPONENT,)), []
    rig.engine.step(enumerate(frames_of(rows, 1000)), 1)
    rig.engine.flush()
    for block in rig.engine.take():
        for k in range(len(block.time)):
            named = {
                name: column.names[column.codes[k]] for name, column in block.texts.items() if column.codes[k] >= 0
            }
            found.append((named, {name: float(column[k]) for name, column in block.fields.items()}))
    return found


def test_without_limits_there_are_mean_and_spread_and_a_reason() -> None:
    ((texts, fields),) = texts_of(charted(SpcEntry(chart="xbar_r")), temperatures([11.0, 8.0], step_s=1.0))

    assert texts == {"null_reason": "no limits"}
    assert (fields["n"], fields["mean"], fields["range"]) == (2.0, 9.5, 3.0)
    judged = ("center", "lcl", "standardised", "ewma", "cusum_high", "alarm", "rules", "drift", "cp", "limits_version")
    assert all(np.isnan(fields[name]) for name in judged)


def test_a_subgroup_of_one_has_no_place_on_a_mean_chart() -> None:
    ((texts, fields),) = texts_of(charted(SpcEntry(chart="xbar_s", center=9.0, sigma=1.0)), temperatures([11.0]))

    assert texts == {"null_reason": "subgroup of one"}
    assert fields["mean"] == 11.0 and np.isnan(fields["standard_deviation"]) and np.isnan(fields["alarm"])


def test_rules_that_complete_are_named_and_are_an_alarm_only_when_chosen() -> None:
    values = [14.0, 10.0, 14.0]
    chosen, others = (
        texts_of(
            charted(SpcEntry(center=10.0, sigma=1.0, rules=rules, cusum_h=99.0, ewma_l=99.0)), temperatures(values)
        )
        for rules in (("nelson1", "we1"), ("nelson2",))
    )

    assert [texts.get("rule_names") for texts, _ in chosen] == ["nelson1,we1", None, "nelson1,we1"]
    assert [fields["alarm"] for _, fields in chosen] == [1.0, 0.0, 1.0]
    assert [fields["alarm"] for _, fields in others] == [0.0, 0.0, 0.0]


def test_limits_are_those_of_the_product_and_the_chart_begins_anew_with_it() -> None:
    entry = SpcEntry(center=20.0, sigma=1.0, limits=(SpcLimits(product="A", version=7, center=22.0, sigma=0.5),))
    rows = [*temperatures([21.0] * 6), order(150.0, start("A")), order(270.0, '{"order":"A7","phase":"stop"}')]

    said = texts_of(charted(entry), sorted(rows, key=lambda row: row.time))

    # The order holds from half of the third minute to half of the fifth: no sample lies in the second halves.
    assert [texts.get("product") for texts, _ in said] == [None, None, None, "A", "A", None]
    assert [fields["limits_version"] for _, fields in said] == [0.0, 0.0, 0.0, 7.0, 7.0, 0.0]
    assert [fields["standardised"] for _, fields in said] == [1.0, 1.0, 1.0, -2.0, -2.0, 1.0]
    assert [fields["ewma"] for _, fields in said] == pytest.approx([0.2, 0.36, 0.488, -0.4, -0.72, 0.2])


def test_a_part_of_a_minute_that_lost_its_samples_to_a_late_order_is_taken_back() -> None:
    plant = charted(SpcEntry(center=20.0, sigma=1.0))
    rig = EngineRig(plant, operators=OPERATORS).send(frames_of(temperatures([21.0] * 9, start_s=40.0), 3))
    rig.wait(300, turns=3)

    rig.send(frames_of([order(150.0, start("A"))], 1)).finish()

    found = rig.values("spc", PRESS, "1m", "temp_c")
    assert found[T0 + 120 * SECOND]["retracted"] == 1.0
    assert found[T0 + 150 * SECOND]["mean"] == 21.0 and found[T0 + 150 * SECOND]["retracted"] == 0.0
    assert "mean" not in found[T0 + 120 * SECOND]


def test_a_late_sample_revises_its_point_and_those_after_it_as_far_as_they_change() -> None:
    plant, values = charted(SpcEntry(center=20.0, sigma=1.0)), np.random.default_rng(6).normal(20.0, 1.0, 700)
    rig = EngineRig(plant, operators=OPERATORS).send(frames_of(temperatures(values.tolist()), 40))
    rig.wait(100)

    rig.send(frames_of(temperatures([24.0], start_s=100 * 60 + 7.0), 1)).finish()

    revs = {int(key[4]): rev for key, rev in rig.revisions.items() if key[:4] == ("spc", PRESS, "temp_c", "1m")}
    revised = [(start - T0) // at.MINUTE for start in sorted(revs) if revs[start] > 0]
    assert revised[0] == 100 and revised == list(range(100, revised[-1] + 1))
    assert 115 <= revised[-1] < 600


def test_what_is_no_finite_number_or_of_bad_quality_counts_nothing() -> None:
    good = temperatures([20.0, 22.0], step_s=10.0)
    odd = [
        good[0]._replace(time=good[0].time + 1, value=float("inf")),
        good[0]._replace(time=good[0].time + 2, quality=2),
    ]

    ((_, point),) = texts_of(charted(SpcEntry(center=20.0, sigma=1.0)), [*good, *odd])

    assert point["n"] == 2.0 and point["mean"] == 21.0


def test_hours_are_those_of_the_zone_also_where_subgroups_have_a_size() -> None:
    entry = AssetEntry(path=PRESS, tags={"temp_c": TagEntry(spc=SpcEntry(every="1h", n=2, center=0.0, sigma=1.0))})
    plant = Plant(PlantFile(site=(SiteEntry(path="plant", time_zone="Asia/Kolkata"),), asset=(entry,)))

    said = points(plant, temperatures([float(k) for k in range(8)], step_s=900.0), "1h")

    # T0 is 22:14 UTC, 3:44 in Kolkata: two samples before 4 o'clock, four in each hour after it.
    assert [point["mean"] for point in said] == [0.5, 2.5, 6.5]


def test_a_plant_that_charts_nothing_has_no_columns_for_charts() -> None:
    charted = Plant(PlantFile(asset=(AssetEntry(path="*", tags={"temp_c": TagEntry(spc=SpcEntry())}),)))
    operators = chosen(("telemetry", "spc"))

    kinds = [[operator.name for operator in needed(operators, plant)] for plant in (Plant(), charted)]

    assert kinds == [["telemetry"], ["spc", "telemetry"]]
