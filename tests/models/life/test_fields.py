"""Remaining life from fields as they stand: what is learned from, what is left out, and what a row without a field comes to."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from models.history import Note
from models.life.options import RulOptions, for_table
from models.registry import Registry
from models.table import Table
from models.task import silent
from models.tasks import rul

TASK = rul.COMPONENT


def table(units: int = 24, **changed: pl.Expr) -> Table:
    """As `metrics table` writes it: a field that follows the wear, one that is noise, one that stands still; none at a life's beginning."""
    random, rows = np.random.default_rng(3), []
    for unit in range(units):
        length = int(random.integers(12, 21))
        for hour in range(length):
            grown = (hour / length) ** 2 + random.normal(0, 0.05) if hour >= 2 else None
            rows.append((f"press#{unit}", 100 * unit + hour, "press", grown, random.normal(), 7.0, length - hour - 1.0))
    columns = ["unit", "hour", "asset", "grown", "load_kw", "still", "remaining_life_h"]
    frame = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        time=pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("hour")),
        fails_soon=pl.lit(0.0),
        failure_mode=pl.lit(None, pl.String),
    )
    return Table(Path("press.parquet"), frame.drop("hour").with_columns(**changed), "0" * 64)


QUICK = {"cap": 15.0, "iterations": 20, "bags": 1}


def test_a_feature_table_is_learned_from_as_it_stands_and_the_card_says_so(tmp_path: Path) -> None:
    trained = TASK.trained(table(), TASK.options_of(QUICK), silent)

    card = trained.card
    assert (card.options["history"], card.options["time"], card.options["time_unit"]) == ("fields", "time", "h")
    assert card.features == ("grown", "load_kw", "still")
    assert card.outputs == ("remaining_life_h", "remaining_life_low_h", "remaining_life_high_h")
    assert f"48 of {table().frame.height} rows lack a field and were left out: such a row has no score." in card.limits
    assert "Not looked at, since constant in training: still." in card.limits
    assert {one.name: one.value for one in card.figures}["rmse"] < 4
    assert trained.registered is not None
    Registry(tmp_path).add(*trained.registered("press_life"), Note("2026-01-01T00:00:00Z", "me"))
    model = Registry(tmp_path).read("press_life", 1)
    assert [(one.name, one.unit) for one in model.features] == [("grown", "1"), ("load_kw", "kW"), ("still", "1")]
    rows = table().frame.select(card.features).to_numpy().astype(float)
    rows[:, 2] = np.nan  # nothing reads it
    found = model.score(rows)
    np.testing.assert_allclose(found, trained.score(rows), rtol=1e-9, atol=1e-9)
    assert np.isnan(found).all(axis=1).tolist() == np.isnan(rows[:, 0]).tolist()


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (table(19), "expected at least 20 units that ran to failure, got 19"),
        (table(load_kw=pl.lit(None, pl.Float64)), "field 'load_kw' has no value in any row"),
        (table(load_kw=pl.lit(1.0), grown=pl.lit(2.0)), "expected a field that changes, all of them are constant"),
        (
            table(grown=pl.when(pl.col("unit") > "press#2").then(None).otherwise("grown")),
            r"expected at least 20 units that ran to failure with rows that have all fields, got 1\d",
        ),
    ],
)
def test_a_table_that_can_not_be_learned_from_is_refused(of: Table, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        TASK.trained(of, TASK.options_of(QUICK), silent)


def test_what_is_left_open_is_chosen_by_the_table_and_what_is_said_stands() -> None:
    def chosen(options: RulOptions, of: Table) -> tuple[str, str, str]:
        found = for_table(options, of)
        return found.time, found.time_unit, found.history

    assert chosen(RulOptions(), rul.sample()) == ("cycle", "cycles", "rows")
    assert chosen(RulOptions(history="fields"), rul.sample()) == ("cycle", "cycles", "fields")
    assert chosen(RulOptions(history="rows", time="t"), table()) == ("t", "h", "rows")
    assert chosen(RulOptions(settings=("load_kw",)), table()) == ("time", "h", "rows")
    with pytest.raises(SettingsError, match="units: expected none beside history = rows"):
        for_table(RulOptions(units=("load = kW",)), rul.sample())
