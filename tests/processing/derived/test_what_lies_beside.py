"""Metrics of the plant's own that are made of other assets' windows, of what the plant file says of these, or of nothing.

Nothing of the asset itself changes then, and yet its rows do: with what comes late, what is withdrawn, what the plant file says anew.
"""

from pathlib import Path

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import CHILLER, HOUR0, LINE, MINUTE, PUMP, plant, rig
from tests.processing.engine_rig import SECOND, EngineRig, Row, event, frames_of

FOUND = np.ones(1).tobytes()


def rows() -> list[Row]:
    """Six minutes of a chiller and of a pump beside it."""
    return [
        Row(asset, "power_kw", HOUR0 + k * 10 * SECOND, value + k % 3)
        for k in range(36)
        for asset, value in ((CHILLER, 25.0), (PUMP, 5.0))
    ]


def standing(got: EngineRig, *kinds: str) -> dict[tuple[str, ...], dict[str, bytes]]:
    return {
        key: {name: bits for name, bits in fields.items() if name != "retracted"}
        for key, fields in got.table.items()
        if key[0] in kinds and fields.get("retracted") != FOUND
    }


def metric(kind: str, value: str, more: str = "") -> str:
    return f"[[metric]]\nkind = '{kind}'\nwindows = ['1m']\nassets.pump = '{PUMP}'\nfield.x = {{ value = '{value}' }}\n{more}\n"


def test_a_metric_of_numbers_alone_has_rows_where_the_asset_has_samples() -> None:
    got = rig(metric("one", "1 + 1")).send(frames_of(rows(), 50)).finish()

    assert [row["x"] for row in got.values("one", CHILLER, "1m").values()] == [2.0] * 6
    assert not got.values("one", LINE, "1m")


def test_a_window_is_as_long_as_it_is() -> None:
    got = rig(metric("long", "1 if window.length_s == 60 else 0")).send(frames_of(rows(), 50)).finish()

    assert {row["x"] for row in got.values("long", CHILLER, "1m").values()} == {1.0}


def test_what_is_made_of_a_metric_that_looks_beside_changes_with_it() -> None:
    text = metric("both", "mean(power_kw) + mean(pump.power_kw)") + metric("twice", "both.x * 2") + metric("more", "twice.x + 1")  # fmt: skip
    late = [row for row in rows() if row.asset == PUMP and HOUR0 + MINUTE <= row.time < HOUR0 + 2 * MINUTE]
    got = rig(text).send(frames_of([row for row in rows() if row not in late], 50))
    got.wait(400.0, turns=4)

    got.send(frames_of(late, 50)).finish()

    in_order = rig(text).send(frames_of(rows(), 50)).finish()
    assert standing(got, "both", "twice", "more") == standing(in_order, "both", "twice", "more")


PUMP_SAYS = "[[asset]]\npath = 'plant/hall/line1/pump'\nvalues = { share = 3.0 }\n"
LINE_SAYS = "[[asset]]\npath = 'plant/hall/line1'\nvalues = { size = 7.0 }\n"


def test_what_the_plant_file_says_of_an_asset_does_not_depend_on_whether_it_was_heard_of() -> None:
    text = PUMP_SAYS + metric("part", "mean(power_kw) * pump.asset.share")
    chiller = [row for row in rows() if row.asset == CHILLER]
    alone = rig(text).send(frames_of(chiller, 50)).finish()

    both = rig(text).send(frames_of(rows(), 50)).finish()

    assert standing(alone, "part").items() <= standing(both, "part").items()
    assert alone.values("part", CHILLER, "1m")[HOUR0]["x"] == pytest.approx(26.0 * 3.0)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (PUMP_SAYS + metric("part", "mean(power_kw) * pump.asset.share"), ("3.0", "4.0")),
        (LINE_SAYS + metric("part", "mean(power_kw) * line.asset.size"), ("7.0", "8.0")),
    ],
)
def test_what_the_plant_file_says_anew_of_what_was_not_heard_of_or_of_the_line_is_computed_anew(
    text: str, changed: tuple[str, str], tmp_path: Path
) -> None:
    chiller = [row for row in rows() if row.asset == CHILLER]
    log = SqliteLog(tmp_path / "checkpoints.db")
    got = rig(text, log=log).send(frames_of(chiller, 50)).finish()
    now = text.replace(*changed)

    got.restart(plant=plant(now), operators=operators_for(None, plant(now))).finish()

    assert standing(got, "part") == standing(rig(now).send(frames_of(chiller, 50)).finish(), "part")
    log.close()


@pytest.mark.parametrize("asset", [LINE, "*"])
def test_a_row_of_a_line_that_stands_on_another_assets_sample_goes_with_it(asset: str) -> None:
    text = metric("beside", "mean(pump.power_kw)", f"asset = '{asset}'")
    sparse = [Row(PUMP, "power_kw", HOUR0 + k * MINUTE, 5.0) for k in range(6)]
    withdrawn = event(PUMP, "@reading", HOUR0 + 2 * MINUTE, b'{"tag": "power_kw", "phase": "withdrawn"}')
    got = rig(text).send(frames_of(sparse, 50))
    got.wait(400.0, turns=4)
    assert HOUR0 + 2 * MINUTE in got.values("beside", LINE, "1m")

    got.send(frames_of([withdrawn], 1)).finish()

    in_order = rig(text).send(frames_of(sorted([*sparse, withdrawn], key=lambda row: row.time), 50)).finish()
    assert standing(got, "beside") == standing(in_order, "beside")
    assert got.values("beside", LINE, "1m")[HOUR0 + 2 * MINUTE]["retracted"] == 1.0
