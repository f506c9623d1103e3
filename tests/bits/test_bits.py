"""The proof that a rewrite changes no bit: a small plant gives the same rows in two orders, and one bit of difference is seen."""

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest

from tests.bits.__main__ import main, played, write
from tests.bits.arrivals import HOUR, SECOND, Input, Row, delayed, in_steps
from tests.bits.compare import compare
from tests.bits.events import events, orders
from tests.bits.inputs import ALL_WINDOWS
from tests.bits.plants import plant_text
from tests.bits.readings import LINE2, readings

START = 1_774_713_600 * SECOND
PLANT = plant_text("Europe/Berlin", "Asia/Kolkata", "", "2026-03-28T17:10", "2026-03-28T17:12")
TABLE = pl.DataFrame(
    {
        "kind": "oee",
        "time": [0, 60],
        "asset": "a/b/c",
        "tag": "",
        "window": "1m",
        "oee": [0.5, None],
        "rev": [0.0, 0.0],
        "retracted": [0.0, 1.0],
        "text.null_reason": ["", "no pieces"],
    }
)


BY_MACHINE = PLANT.replace(f'path = "{LINE2}"\n', f'path = "{LINE2}"\norders = "machine"\n')
"""On the second line machines take orders each for itself."""


def _small(name: str, rows: list[Row], size: int, crashes: int, plant: str = PLANT) -> Input:
    process = {"windows": ALL_WINDOWS, "raw": ("*",), "checkpoint_s": 300.0, "row_cache_mb": 1}
    return Input(name, plant, process, in_steps(Random(2), rows, (size,), crashes))


def _small_rows() -> list[Row]:
    """What can come in any order: nothing from beyond the horizon, nothing from a clock too far ahead."""
    random = Random(5)
    told = [row for name in ("saw", "drill") for row in orders(Random(name), f"{LINE2}/{name}", START, 1200.0, name)]
    rows = delayed(random, [*readings(random, START, 1200.0), *events(random, START, 1200.0), *told])
    return [row for row in rows if -HOUR < row.received - row.time < 24 * HOUR]


@pytest.mark.parametrize("plant", [PLANT, BY_MACHINE])
def test_a_small_plant_gives_the_same_rows_in_two_orders_of_arrival(tmp_path: Path, plant: str) -> None:
    rows = _small_rows()
    in_order = [row._replace(received=row.time) for row in sorted(rows, key=lambda row: row.time)]

    late = played(_small("late", rows, 40, crashes=8, plant=plant), tmp_path / "late")
    want = played(_small("in order", in_order, 200, crashes=0, plant=plant), tmp_path / "in order")

    found = compare(want.table, late.table)
    assert not found.count, found.differences
    assert want.counters["works/hall/line1"]["stored"] == late.counters["works/hall/line1"]["stored"] > 0
    assert late.befell["crashes"] > 0
    assert sum(want.table["kind"] == "production_order") > 0
    of_saw = want.table.filter(pl.col("asset") == f"{LINE2}/saw", pl.col("window") == "order")
    assert (of_saw["text.order_id"].str.contains("drill").any()) == (plant == PLANT)


def test_one_bit_of_one_field_is_a_difference() -> None:
    other = TABLE.with_columns(oee=pl.Series([np.nextafter(0.5, 1.0), None]))

    found = compare(TABLE, other)

    assert [(one.field, one.a, one.b) for one in found.differences] == [("oee", "0.5", "0.5000000000000001")]


def test_a_row_that_is_missing_is_a_difference_and_a_retracted_one_is_not() -> None:
    assert compare(TABLE, TABLE[1:]).count == 1
    assert compare(TABLE, TABLE[:1])[1:] == (0, 0, 1)


def test_minus_zero_null_and_text_are_told_apart() -> None:
    zeros = TABLE.with_columns(oee=pl.Series([0.0, None]))

    assert compare(zeros, zeros.with_columns(oee=pl.Series([-0.0, None]))).count == 1
    assert compare(zeros, zeros.with_columns(oee=pl.lit(None, pl.Float64))).count == 1
    assert compare(TABLE, TABLE.with_columns(pl.lit("other").alias("text.null_reason"))).count == 1
    assert compare(TABLE, TABLE.drop("text.null_reason")).count == 1


def test_revisions_are_counted_and_are_no_difference() -> None:
    found = compare(TABLE, TABLE.with_columns(rev=pl.lit(3.0)))

    assert (found.count, found.revs) == (0, 1)


def test_what_has_no_value_fails_the_writing_and_folders_are_compared_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in _small_rows() if row.tag == "power_kw"]

    codes = [write([_small("plant", rows, 100, crashes=0)], tmp_path / name) for name in "ab"]

    assert codes == [1, 1]
    assert "missing: spc 1m mean: no value" in capsys.readouterr().out
    assert (tmp_path / "a/plant.parquet").read_bytes() == (tmp_path / "b/plant.parquet").read_bytes()
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    (tmp_path / "b/plant.json").write_text("{}")
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
