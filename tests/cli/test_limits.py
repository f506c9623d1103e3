"""The verb on files and stores: its figures against Phase I, its TOML through the plant file, and what it refuses."""

import json
import math
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from analysis.frozen_limits import Chart
from analysis.limits.capability import study_individuals, study_subgroups
from analysis.phase_one import fit_individuals, fit_subgroups
from cli.exits import Exit
from cli.main import app
from delivery.store import LocalStore
from fieldline.plant import load_plant
from fieldline.plantfile import AttributeChartEntry
from tests.delivery.metric_frames import metric_rows
from tests.oracles.cases import cases, name_of

T0 = 1_700_000_040
"""A full minute, and no quarter-hour [s UTC]."""


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["limits", *map(str, arguments)], env={"COLUMNS": "80"})


def table(path: Path, values: np.ndarray, step_s: float = 10.0, column: str = "temp_c") -> Path:
    lines = [f"{T0 + k * step_s:.3f},{value!r}" for k, value in enumerate(values.tolist())]
    path.write_text("\n".join([f"time,{column}", *lines]) + "\n")
    return path


def normal(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(50.0, 2.0, count)


def answer(result: Result) -> Any:
    assert result.exit_code == Exit.OK, result.output
    return json.loads(result.stdout)


def test_a_file_gives_the_limits_of_the_means_of_its_minutes(verb: Callable[..., Result], tmp_path: Path) -> None:
    values = normal(600)

    found = answer(verb(table(tmp_path / "oven.csv", values), "--tag", "temp_c", "--json"))

    want = fit_individuals(values.reshape(100, 6).mean(axis=1))
    assert found["limits"]["center"] == pytest.approx(want.center, rel=1e-12)
    assert found["limits"]["sigma"] == pytest.approx(want.sigma, rel=1e-12)
    assert found["limits"]["fitted_on"]["points"] == 100
    assert found["limits"]["fitted_on"]["from_ns"] == T0 * 1_000_000_000
    assert found["sample"] == {"source": "oven.csv", "rows": 600, "readings": 600, "every": "1m"}


def test_a_moving_range_does_not_bridge_a_missing_reading(verb: Callable[..., Result], tmp_path: Path) -> None:
    """A reading a minute, two of them empty: the figures are the function's, to which a missing reading is NaN."""
    values = normal(40)
    values[[5, 16]] = np.nan
    path = table(tmp_path / "gaps.csv", values, step_s=60.0)
    path.write_text(path.read_text().replace("nan", ""))

    found = answer(verb(path, "--tag", "temp_c", "--json"))

    assert found["limits"]["sigma"] == pytest.approx(fit_individuals(values).sigma, rel=1e-12)
    assert found["limits"]["sigma"] != pytest.approx(fit_individuals(values[np.isfinite(values)]).sigma, rel=1e-3)
    assert (found["sample"]["rows"], found["sample"]["readings"]) == (40, 38)


@pytest.mark.parametrize("chart", ["xbar_r", "xbar_s"])
def test_subgroups_are_the_first_readings_of_each_cell(chart: str, verb: Callable[..., Result], tmp_path: Path) -> None:
    values = normal(600)

    found = answer(verb(table(tmp_path / "a.csv", values), "--tag", "temp_c", "--chart", chart, "--n", 4, "--json"))

    want = fit_subgroups(Chart(chart), values.reshape(100, 6)[:, :4])
    assert found["limits"]["sigma"] == pytest.approx(want.sigma, rel=1e-12)
    assert found["limits"]["n"] == 4.0
    assert found["limits"]["ucl"] == pytest.approx(want.ucl, rel=1e-12)


def test_quarter_hours_begin_by_the_clock(verb: Callable[..., Result], tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", normal(400), step_s=60.0)

    found = answer(verb(path, "--tag", "temp_c", "--every", "15m", "--json"))

    begins = range(T0 // 900, (T0 + 399 * 60) // 900 + 1)
    assert found["limits"]["fitted_on"]["points"] == len(begins)
    assert found["limits"]["fitted_on"]["from_ns"] == begins[0] * 900_000_000_000


def test_only_the_time_that_was_asked_for_counts(verb: Callable[..., Result], tmp_path: Path) -> None:
    values = normal(600)
    path = table(tmp_path / "a.csv", values)

    found = answer(verb(path, "--tag", "temp_c", "--from", T0 + 600, "--to", T0 + 1800, "--json"))

    assert found["limits"]["center"] == pytest.approx(values[60:180].mean(), rel=1e-12)


def test_the_toml_is_the_plant_files_own(verb: Callable[..., Result], tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", normal(600))
    asset = 'plant/hall "1"/line1/oven'

    found = answer(verb(path, "--asset", asset, "--tag", "temp_c", "--product", 'A "x"', "--version", 3, "--json"))

    whole = tmp_path / "plant.toml"
    whole.write_text(f"[[asset]]\npath = {json.dumps(asset)}\n[asset.tags.temp_c.spc]\n{found['toml']}", "utf-8")
    entry = load_plant(whole).tag_info(asset, "temp_c").spc
    assert entry is not None
    held = entry.limits_for('A "x"')
    assert (held.center, held.sigma, held.version) == (found["limits"]["center"], found["limits"]["sigma"], 3)


def test_without_a_product_the_limits_are_the_charts_own(verb: Callable[..., Result], tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", normal(600), column="oil temp")

    result = verb(path, "--tag", "oil temp", "--chart", "xbar_s", "--n", 5)

    pasted = tomllib.loads("[[asset]]\npath = 'x'\n" + result.stdout[result.stdout.index("# below") :])
    chart = pasted["asset"][0]["tags"]["oil temp"]["spc"]
    assert chart == {"chart": "xbar_s", "every": "1m", "n": 5, "center": chart["center"], "sigma": chart["sigma"]}
    assert chart["sigma"] == pytest.approx(2.0, rel=0.1)


def test_chart_and_next_version_follow_from_the_plant_file(verb: Callable[..., Result], tmp_path: Path) -> None:
    path, plant = table(tmp_path / "a.csv", normal(600)), tmp_path / "plant.toml"
    plant.write_text(
        "[[asset]]\npath = 'plant/*'\n[asset.tags.temp_c.spc]\nchart = 'xbar_r'\nevery = '1m'\nn = 3\n"
        "[[asset.tags.temp_c.spc.limits]]\nproduct = 'A'\nversion = 4\ncenter = 50\nsigma = 2\n"
    )
    arguments = (path, "--plant", plant, "--asset", "plant/oven", "--tag", "temp_c", "--product", "A", "--json")

    found = answer(verb(*arguments))

    assert (found["limits"]["chart"], found["limits"]["n"], found["limits"]["version"]) == ("xbar_r", 3.0, 5)


def test_points_beyond_are_left_out_only_when_asked_for_and_told_by_time(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    values = normal(600)
    values[300:306] += 40.0
    path = table(tmp_path / "a.csv", values)

    with_it = answer(verb(path, "--tag", "temp_c", "--json"))
    without = answer(verb(path, "--tag", "temp_c", "--leave-out", "beyond_limits", "--json"))
    shown = verb(path, "--tag", "temp_c", "--leave-out", "beyond_limits").stdout

    assert with_it["limits"]["fitted_on"]["excluded"] == []
    assert 50 in without["limits"]["fitted_on"]["excluded"]
    assert without["limits"]["sigma"] < with_it["limits"]["sigma"]
    assert "left out: 2023-11-14T23:04Z, mean" in shown


def test_a_flat_signal_has_figures_a_reason_and_no_toml(verb: Callable[..., Result], tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", np.full(600, 7.0))

    shown, told = verb(path, "--tag", "temp_c"), verb(path, "--tag", "temp_c", "--json")

    assert shown.exit_code == told.exit_code == Exit.FAILED
    assert "flat signal" in shown.stdout and "[asset" not in shown.stdout
    assert json.loads(told.stdout)["limits"]["sigma"] is None and json.loads(told.stdout)["toml"] == ""


def test_what_speaks_against_the_limits_is_said(verb: Callable[..., Result], tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    slow, skewed = np.cumsum(random.normal(size=200)), random.exponential(size=200)

    of_slow = " ".join(verb(table(tmp_path / "slow.csv", slow, 60.0), "--tag", "temp_c").stdout.split())
    of_skewed = " ".join(verb(table(tmp_path / "skewed.csv", skewed, 60.0), "--tag", "temp_c").stdout.split())
    of_few = " ".join(verb(table(tmp_path / "few.csv", normal(9), 60.0), "--tag", "temp_c").stdout.split())

    assert "limits are too narrow" in of_slow
    assert "skewed or heavy-tailed" in of_skewed
    assert "9 points are few" in of_few


def stored(path: Path, kind: str, window: str | None, **fields: list[float]) -> Path:
    count = len(next(iter(fields.values())))
    step = {None: 10, "1s": 1, "1m": 60}[window]
    times = [(T0 + k * step) * 1_000_000_000 for k in range(count)]
    store = LocalStore(path)
    store.write(
        [metric_rows(kind, times, ["plant/oven"] * count, ["temp_c"] * count, window and [window] * count, **fields)]
    )
    store.close()
    return path


def test_readings_that_were_stored_come_before_means(verb: Callable[..., Result], tmp_path: Path) -> None:
    values = normal(600)
    store = stored(tmp_path / "results.db", "reading", None, value=values.tolist())
    stored(store, "telemetry", "1m", mean=[0.0, 1.0, 2.0])

    found = answer(verb("--store", store, "--asset", "plant/oven", "--tag", "temp_c", "--json"))

    assert found["limits"]["center"] == pytest.approx(values.mean(), rel=1e-12)
    assert found["limits"]["fitted_on"]["points"] == 100


def test_a_chart_of_individuals_is_content_with_means_of_its_minutes(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    values = normal(100)
    store = stored(tmp_path / "results.db", "telemetry", "1m", mean=values.tolist())
    place = ("--store", store, "--asset", "plant/oven", "--tag", "temp_c", "--json")

    found, refused = answer(verb(*place)), verb(*place, "--chart", "xbar_r")

    assert found["limits"]["sigma"] == pytest.approx(fit_individuals(values).sigma, rel=1e-12)
    assert refused.exit_code == Exit.SETTINGS and "no rows of `reading`" in refused.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.csv",), "expected --tag"),
        (("a.csv", "--tag", "tmp_c"), "did you mean 'temp_c'?"),
        (("a.csv", "--tag", "temp_c", "--chart", "xbar_r", "--n", 1), "at least 2 readings"),
        (("a.csv", "--tag", "temp_c", "--from", T0, "--to", T0), "--from must be before --to"),
        (("none.csv", "--tag", "temp_c"), "there is no file none.csv"),
        (("--store", "none.db", "--tag", "temp_c"), "expected --asset"),
        (("--store", "none.db", "--asset", "a", "--tag", "temp_c"), "no such file"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: tuple[object, ...], message: str, verb: Callable[..., Result], tmp_path: Path
) -> None:
    table(tmp_path / "a.csv", normal(10))

    result = verb(*arguments)

    assert result.exit_code == Exit.SETTINGS
    assert message in result.output


SPECIFICATION = ("--lsl", 42, "--usl", 58, "--target", 50)


@pytest.mark.parametrize(("chart", "spread"), [("xbar_r", "range"), ("xbar_s", "deviation")])
def test_capability_is_that_of_the_readings_that_the_limits_are_from(
    chart: str, spread: str, verb: Callable[..., Result], tmp_path: Path
) -> None:
    values = normal(600)
    path = table(tmp_path / "a.csv", values)

    found = answer(verb(path, "--tag", "temp_c", "--chart", chart, "--n", 4, *SPECIFICATION, "--json"))["capability"]

    want = study_subgroups(values.reshape(100, 6)[:, :4], 42.0, 58.0, 50.0, spread=spread)
    assert (found["lsl"], found["usl"], found["target"], found["readings"]) == (42.0, 58.0, 50.0, 400)
    assert found["cpk"]["value"] == pytest.approx(want.within.nearest, rel=1e-12)
    assert (found["cpk"]["low"], found["cpk"]["high"]) == pytest.approx(tuple(want.cpk), rel=1e-12)
    assert found["pp"]["value"] == pytest.approx(16.0 / 6.0 / values.reshape(100, 6)[:, :4].std(ddof=1), rel=1e-12)
    assert found["cpm"] == pytest.approx(want.within.to_target, rel=1e-12)


def test_capability_of_single_points_says_that_it_is_one_of_means(verb: Callable[..., Result], tmp_path: Path) -> None:
    values = normal(600)
    path = table(tmp_path / "a.csv", values)

    found = answer(verb(path, "--tag", "temp_c", *SPECIFICATION, "--json"))["capability"]
    shown = verb(path, "--tag", "temp_c", *SPECIFICATION).stdout

    want = study_individuals(values.reshape(100, 6).mean(axis=1), 42.0, 58.0, 50.0)
    assert found["ppk"]["value"] == pytest.approx(want.overall.nearest, rel=1e-12)
    assert "capability against lsl 42, usl 58, target 50, with 95 % intervals" in shown
    assert "means of 1m" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_specification_is_the_plant_files_unless_flags_tell_another(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    path = table(tmp_path / "oven.csv", normal(600), step_s=60.0)
    spc = '{ chart = "i_mr", lsl = 40.0, usl = 60.0 }'
    plant = tmp_path / "plant.toml"
    plant.write_text(f'[[asset]]\npath = "p/h/l1/oven"\n[asset.tags.temp_c]\nspc = {spc}\n')
    asked = (path, "--asset", "p/h/l1/oven", "--tag", "temp_c", "--plant", plant, "--json")

    declared, other = answer(verb(*asked)), answer(verb(*asked, "--usl", 55))

    assert (declared["capability"]["lsl"], declared["capability"]["usl"]) == (40.0, 60.0)
    assert (other["capability"]["lsl"], other["capability"]["usl"]) == (40.0, 55.0)
    assert declared["capability"]["target"] is declared["capability"]["cpm"] is None
    pasted = tomllib.loads(other["toml"])["asset"]["tags"]["temp_c"]["spc"]
    assert (pasted["lsl"], pasted["usl"]) == (40.0, 55.0)


def test_without_a_specification_there_is_no_capability(verb: Callable[..., Result], tmp_path: Path) -> None:
    path = table(tmp_path / "oven.csv", normal(60), step_s=60.0)

    assert answer(verb(path, "--tag", "temp_c", "--json"))["capability"] is None
    assert "capability" not in verb(path, "--tag", "temp_c").stdout


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--lsl", 60, "--usl", 58), "expected --lsl below --usl, got 60 and 58"),
        (("--lsl", 42, "--usl", 58, "--target", 70), "expected --target between the specification limits, got 70"),
    ],
)
def test_a_specification_that_cannot_be_is_refused(
    flags: tuple[object, ...], told: str, verb: Callable[..., Result], tmp_path: Path
) -> None:
    refused = verb(table(tmp_path / "oven.csv", normal(60), step_s=60.0), "--tag", "temp_c", *flags)

    assert (refused.exit_code, refused.stdout) == (Exit.SETTINGS, "")
    assert told in refused.stderr


def test_subgroups_that_are_left_out_are_told_by_their_own_time_though_cells_before_them_are_empty(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    values = normal(600)
    values[30:36] = np.nan  # the sixth minute
    values[300:306] += 30.0  # the fifty-first
    path = table(tmp_path / "a.csv", values)
    path.write_text(path.read_text().replace("nan", ""))
    asked = (path, "--tag", "temp_c", "--chart", "xbar_r", "--leave-out", "beyond_limits", *SPECIFICATION)

    found, shown = answer(verb(*asked, "--json")), verb(*asked, "--utc").stdout

    assert found["limits"]["fitted_on"]["excluded"] == [19, 44, 49]  # of 99 subgroups
    assert "left out: 2023-11-14T23:04Z" in shown  # 22:14 and 50 minutes
    assert found["capability"]["readings"] == 576  # 96 subgroups of six
    assert found["capability"]["pp"]["value"] > 1.0  # with the one that is left out it is some 0.7


def test_levels_and_points_that_stand_apart_are_told_by_their_times_and_left_in(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    values = normal(600)
    values[300:] += 6.0  # from the fifty-first minute on
    values[120:126] += 40.0  # the twenty-first
    path = table(tmp_path / "oven.csv", values)

    found, shown = answer(verb(path, "--tag", "temp_c", "--json")), verb(path, "--tag", "temp_c", "--utc").stdout

    means = values.reshape(100, 6).mean(axis=1)
    assert [(one["points"], one["from"]) for one in found["levels"]] == [
        (50, "2023-11-14T22:14:00Z"),
        (50, "2023-11-14T23:04:00Z"),
    ]
    assert found["levels"][0]["mean"] == pytest.approx(np.delete(means[:50], 20).mean(), rel=1e-12)
    assert [(one["time"], one["mean"]) for one in found["apart"]] == [
        ("2023-11-14T22:34:00Z", pytest.approx(means[20]))
    ]
    assert found["limits"]["fitted_on"]["points"] == 100 and found["limits"]["center"] == pytest.approx(means.mean())
    assert "the level changed: 2023-11-14T23:04Z" in shown and "stands apart: 2023-11-14T22:34Z" in shown
    assert "estimate from the time of one" in " ".join(shown.split())


def test_a_past_of_one_level_has_nothing_to_tell(verb: Callable[..., Result], tmp_path: Path) -> None:
    path = table(tmp_path / "oven.csv", normal(600, seed=2))

    found, shown = answer(verb(path, "--tag", "temp_c", "--json")), verb(path, "--tag", "temp_c").stdout

    assert [one["points"] for one in found["levels"]] == [100] and found["apart"] == []
    assert "level" not in shown and "apart" not in shown


def test_of_a_level_that_wanders_the_five_largest_changes_are_told(verb: Callable[..., Result], tmp_path: Path) -> None:
    steps = np.repeat([0.0, 9.0, 0.0, 20.0, 0.0, 9.0, 0.0, 30.0], 20)
    path = table(tmp_path / "oven.csv", normal(160) * 0.5 + steps, step_s=60.0)

    found, shown = answer(verb(path, "--tag", "temp_c", "--json")), verb(path, "--tag", "temp_c").stdout

    assert len(found["levels"]) == 8
    assert shown.count("the level changed:") == 5
    assert "and 2 more changes of the level" in shown


def test_the_chart_s_run_lengths_are_those_of_the_plant_file_s_rules(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    path = table(tmp_path / "oven.csv", normal(600))
    spc = '{ chart = "xbar_s", n = 4, rules = ["we1", "we4", "nelson3"], ewma_lambda = 0.1, ewma_l = 2.814, cusum_h = 25.0 }'
    plant = tmp_path / "plant.toml"
    plant.write_text(f'[[asset]]\npath = "p/h/l1/oven"\n[asset.tags.temp_c]\nspc = {spc}\n')
    asked = (path, "--asset", "p/h/l1/oven", "--tag", "temp_c", "--plant", plant)

    found, shown = answer(verb(*asked, "--json"))["alarms"], verb(*asked).stdout

    rules, ewma, cusum = found
    # Champ and Woodall (1987), table 1; Lucas and Saccucci (1990): one sigma of a reading is two of a mean of four
    assert (rules["drawn"], rules["false_alarm_points"]) == ("we1, we4", pytest.approx(152.73, abs=0.005))
    assert ewma["false_alarm_points"] == pytest.approx(500, rel=0.002)
    assert ewma["shift_seen_points"] == pytest.approx(4.4, abs=0.05)
    assert cusum["false_alarm_points"] is None and cusum["shift_seen_points"] > 25.0 / 2.0
    assert "over 1e+09 points" in shown and "nelson3 alarm beside these" in shown


# -- of what is counted


LINE = "plant/hall1/line1"
HOUR = 3600


def counted(folder: Path, defects: list[float], units: list[float] | float, count: str = "scrap_count") -> str:
    """A store with hours of `quality`, and one more in which nothing was made."""
    total = units if isinstance(units, list) else [units] * len(defects)
    store = folder / "counts.db"
    results = LocalStore(store)
    fields = {count: [*defects, 0.0], "total_count": [*total, 0.0]}
    rows = len(defects) + 1
    times = [(T0 // HOUR + k) * HOUR * 1_000_000_000 for k in range(rows)]
    results.write([metric_rows("quality", times, [LINE] * rows, None, ["1h"] * rows, **fields)])
    results.close()
    return str(store)


COUNTED = [case for chart in ("p", "np", "c", "u", "laney_p", "laney_u") for case in cases("spc", chart)]


@pytest.mark.parametrize("case", COUNTED, ids=name_of)
def test_stored_counts_give_the_published_centre_and_spread(
    case: dict[str, Any], verb: Callable[..., Result], tmp_path: Path
) -> None:
    given, expected = case["inputs"], case["expected"]
    defects = given.get("defectives") or given["counts"]
    store = counted(tmp_path, defects, given.get("n", math.nan))

    found = answer(verb("--asset", LINE, "--chart", case["fn"], "--every", "1h", "--store", store, "--json"))

    assert found["limits"]["center"] == pytest.approx(expected["center"], rel=case["rel_tol"])
    assert (found["limits"]["fitted_on"]["points"], found["limits"]["fitted_on"]["missing"]) == (len(defects), 1)
    entry = entry_of(found["toml"], tmp_path)
    assert (entry.chart, entry.every, entry.center) == (case["fn"], "1h", found["limits"]["center"])
    assert entry.n == (given["n"] if case["fn"] == "np" else None)
    if "sigma_z" in expected:
        assert entry.sigma_z == pytest.approx(expected["sigma_z"], rel=1e-9)


def entry_of(toml: str, folder: Path) -> AttributeChartEntry:
    """What the plant file says when the lines are pasted into it."""
    whole = folder / "plant.toml"
    whole.write_text(f"[[asset]]\npath = {json.dumps(LINE)}\n{toml}", "utf-8")
    entry = load_plant(whole).asset_info(LINE).attribute_chart
    assert entry is not None
    return entry


def test_the_plant_file_says_which_chart_is_meant_and_the_spread_speaks_for_another(
    verb: Callable[..., Result], tmp_path: Path
) -> None:
    store = counted(tmp_path, [40.0, 90.0, 20.0, 70.0] * 6, 1000.0, "rework_count")
    (tmp_path / "plant.toml").write_text(
        f'[[asset]]\npath = "{LINE}"\n[asset.attribute_chart]\nchart = "p"\ncount = "rework_count"\ncenter = 0.1\n'
    )

    told = verb("--asset", LINE, "--store", store, "--plant", "plant.toml")

    assert told.exit_code == Exit.OK, told.output
    # 55 of 1000; neighbours differ by 50, 70, 50 and 30 in turn, and sigma of a window is sqrt(0.055 x 0.945 / 1000) = 0.00721
    assert f"{LINE}: p of rework_count every 1h" in told.stdout
    assert "center = 0.055\n" in told.stdout
    assert "windows vary 6." in told.stdout and "laney_p has limits for that" in " ".join(told.stdout.split())


def test_windows_beyond_the_limits_are_left_out_when_asked_for(verb: Callable[..., Result], tmp_path: Path) -> None:
    store = counted(tmp_path, [9.0, 11.0] * 12 + [60.0], 100.0)

    found = answer(verb("--asset", LINE, "--chart", "p", "--leave-out", "beyond_limits", "--store", store, "--json"))

    assert found["limits"]["fitted_on"]["excluded"] == [24]
    assert found["limits"]["center"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--chart", "p"), "expected --tag TAG, or --asset PATH and a chart of what it counts"),
        (("--asset", LINE), "expected --tag TAG, or --chart, one of p, np, c, u, laney_p, laney_u"),
        (
            ("--asset", LINE, "--chart", "u", "--every", "day"),
            "has no rows of `quality` of plant/hall1/line1 in windows day",
        ),
        (("--asset", LINE, "--chart", "np"), "chart np needs one number of units in each window, got 2"),
        (("--asset", LINE, "--chart", "p", "--tag", "x"), "a chart of counts has no use for --tag"),
        (("--asset", LINE, "--chart", "p", "--usl", 3), "a chart of counts has no use for --usl"),
        (("--asset", LINE, "--chart", "p", "--every", "1m"), "a chart of counts has no use for --every 1m"),
        (
            ("--asset", LINE, "--chart", "i_mr", "--tag", "x", "--count", "scrap_count"),
            "a chart of a tag has no use for --count",
        ),
    ],
)
def test_what_gives_no_limits_of_counts_is_told(
    arguments: tuple[object, ...], told: str, verb: Callable[..., Result], tmp_path: Path
) -> None:
    found = verb(*arguments, "--store", counted(tmp_path, [1.0, 2.0], [50.0, 60.0]))

    assert found.exit_code != Exit.OK
    assert told in " ".join(found.output.split())
