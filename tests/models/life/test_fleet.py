"""What tables of a fleet are refused, by name; and that constant, missing and misplaced values change nothing else."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from models.life.fleet import Columns, Fleet, fleet_of
from models.life.options import RulOptions, fleet_in, for_table
from models.life.regimes import find_regimes
from models.table import Table, read_table, read_values
from models.task import silent
from models.tasks import rul

TASK = rul.COMPONENT


def changed(**columns: pl.Expr) -> Table:
    table = rul.sample()
    return table._replace(frame=table.frame.with_columns(**columns))


def fleet(table: Table) -> Fleet:
    return fleet_of(table, Columns("unit", "cycle", ["setting_load"], ["sensor_a", "sensor_b", "sensor_still"]))


FIRST = pl.int_range(pl.len()) == 0


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"unit": pl.when(FIRST).then(None).otherwise("unit")}, "row 1 has no 'unit'"),
        ({"cycle": pl.when(FIRST).then(None).otherwise("cycle")}, "row 1 has no 'cycle'"),
        ({"cycle": pl.when(FIRST).then(2).otherwise("cycle")}, "two rows of unit 1 at cycle 2; expected one"),
        ({"sensor_a": pl.when(FIRST).then(float("inf")).otherwise("sensor_a")}, "row 1 holds an infinite value"),
        ({"sensor_a": pl.lit("high")}, "row 1 of 'sensor_a' holds 'high', which is not a number"),
        ({"sensor_a": pl.lit(float("nan"))}, "channel 'sensor_a' has no value in any row"),
        (
            {"sensor_a": pl.lit(1.0), "sensor_b": pl.lit(2.0)},
            "expected a channel that changes, all of them are constant",
        ),
        ({"unit": pl.int_range(pl.len())}, "unit 0: expected at least 2 rows, got 1"),
        ({"unit": pl.col("unit") % 7}, r"two rows of unit \d at cycle"),
        ({"unit": pl.when(pl.col("unit") > 19).then(None).otherwise("unit")}, "has no 'unit'"),
    ],
)
def test_a_table_that_can_not_be_learned_from_is_refused(columns: dict[str, pl.Expr], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        TASK.trained(changed(**columns), TASK.quick, silent)


def test_too_few_units_are_refused_with_the_number_wanted() -> None:
    table = rul.sample()
    few = table._replace(frame=table.frame.filter(pl.col("unit") < 20))

    with pytest.raises(SettingsError, match="expected at least 20 units that ran to failure, got 19"):
        TASK.trained(few, TASK.quick, silent)


def test_deviations_are_of_the_regime_that_is_found_and_a_constant_channel_is_left_out() -> None:
    machines = fleet(rul.sample())

    regimes = find_regimes(machines, seed=0)

    assert regimes.number == 2 and regimes.silhouette > 0.99
    assert regimes.dropped == ("sensor_still",)
    found, load = regimes.deviations(machines), machines.settings[:, 0]
    for level in (0.0, 10.0):  # loads differ by 5 in sensor_a, which the norms take away
        np.testing.assert_allclose(found[load == level].mean(axis=0), 0.0, atol=1e-9)
        np.testing.assert_allclose(found[load == level].std(axis=0), 1.0, atol=1e-9)


def test_settings_that_only_make_noise_are_one_regime() -> None:
    machines = fleet(rul.sample())
    noise = np.random.default_rng(0).normal(size=machines.settings.shape)

    assert find_regimes(machines._replace(settings=noise), seed=0).number == 1


def test_a_missing_value_is_held_and_told_in_the_card() -> None:
    table = changed(sensor_a=pl.when(pl.int_range(pl.len()) % 10 == 3).then(None).otherwise("sensor_a"))

    card = TASK.trained(table, TASK.quick, silent).card

    missing = table.frame["sensor_a"].null_count()
    assert f"{missing} missing values were taken to be as the value before." in card.limits


@pytest.mark.parametrize("form", ["datetime", "text"])
def test_a_feature_table_is_learned_from_where_it_says_what_life_was_left(form: str) -> None:
    """As `metrics table` writes it: hours, rows between lives without a unit, columns that tell what came of a row."""
    plain = rul.sample().frame
    time = pl.datetime(2026, 1, 1, time_unit="ns") + pl.duration(hours=pl.col("cycle"))
    left = (pl.col("cycle").max().over("unit") - pl.col("cycle")).cast(pl.Float64)
    told = {"fails_soon": (left < 5).cast(pl.Float64), "failure_mode": pl.lit("seal"), "asset": pl.lit("plant/press")}
    frame = plain.select(
        pl.col("unit"), time.alias("time"), pl.exclude("unit", "cycle"), left.alias("remaining_life_h"), **told
    )
    goes_on = frame.head(3).with_columns(unit=pl.lit(None), remaining_life_h=pl.lit(None))
    frame = pl.concat([frame, goes_on], how="vertical_relaxed")
    if form == "text":
        frame = frame.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))

    table = rul.sample()._replace(frame=frame)
    found = fleet_in(table, for_table(RulOptions(history="rows"), table))

    expected = fleet(rul.sample())
    assert found.channel_names == expected.channel_names and found.names == expected.names
    np.testing.assert_allclose(found.left, expected.left, atol=1e-6)
    np.testing.assert_allclose(np.diff(found.time), np.diff(expected.time), atol=1e-6)


def written(folder: Path, text: str, name: str = "train_FD009.txt") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_file_without_a_header_has_the_columns_of_its_task(tmp_path: Path) -> None:
    row = " ".join(map(str, range(26)))

    table = TASK.read(written(tmp_path, f"{row}\n{row.replace(' ', ',  ')}\n\n"))

    assert table.frame.columns == list(rul.C_MAPSS)
    assert table.numbers(["cycle", "sensor_21"]).tolist() == [[1.0, 25.0], [1.0, 25.0]]
    assert table.words("unit").tolist() == ["0", "0"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 2 3\n", "has no header and 3 columns; expected 26"),
        (f"{'1 ' * 26}\n{'1 ' * 25}\n", "row 2: expected 26 columns, got 25"),
        (f"{'1 ' * 26}\n{'1 ' * 25}x\n", "expected numbers"),
        ("unit,cycle\n", "expected rows, the file has none"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=says):
        TASK.read(written(tmp_path, text))


def test_true_lives_are_one_number_a_line(tmp_path: Path) -> None:
    assert read_values(written(tmp_path, "112\n98 \n")).tolist() == [112.0, 98.0]
    with pytest.raises(SettingsError, match="has no header and 2 columns; expected 1"):
        read_values(written(tmp_path, "1 2\n"))
    with pytest.raises(SettingsError, match="can't be unpacked"):
        read_table(written(tmp_path, "no xz", "rul.txt.xz"))
