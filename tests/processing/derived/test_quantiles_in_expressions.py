"""`p95(tag)` in `[[metric]]`: what `distribution` has of the tag, and what `check` says where it has nothing."""

from random import Random

import numpy as np
import pytest

from analysis.across.making import Across
from analysis.recount.derived import _statistic
from analysis.recount.history import History
from fieldline.expressions.tree import QUANTILES
from processing.derived.plant_faults import faults
from processing.operators import default
from processing.operators.distribution import PROBABILITIES
from tests.processing.derived.test_plant_metrics import HOUR0, MINUTE, plant, rig
from tests.processing.engine_rig import SECOND, Row, frames_of

PRESS = "plant/hall/line1/press"
ASSET = '\n[[asset]]\npath = "plant/*/press"\n[asset.tags.p_bar]\nquantiles = true\n'
METRIC = """
[[metric]]
kind = "spread"
asset = "plant/*/press"
windows = ["15m"]
field.of_middle = { value = "(p95(p_bar) - p05(p_bar)) / p50(p_bar)", unit = "1" }
field.kpa = { value = "p99(quantity.pressure)", unit = "kPa" }
"""


def test_quantiles_are_those_of_the_samples_and_are_worked_out_once_more() -> None:
    random = Random(2)
    rows = [Row(PRESS, "p_bar", HOUR0 + k * 20 * SECOND, random.gauss(6.0, 1.0)) for k in range(90)]
    late = rows[10:20]

    got = (
        rig(METRIC + ASSET)
        .send(frames_of([row for row in rows if row not in late], 9))
        .send(frames_of(late, 5))
        .finish()
    )

    of = plant(METRIC + ASSET)
    history = History(of, "plant/hall/line1", {(PRESS, "p_bar"): [(row.time, row.value) for row in rows]}, {})
    for start, row in got.values("spread", PRESS, "15m").items():
        inside = [one.value for one in rows if start <= one.time < start + 15 * MINUTE]
        low, middle, high, top = np.quantile(inside, [0.05, 0.5, 0.95, 0.99])
        assert row["of_middle"] == pytest.approx((high - low) / middle, rel=1e-12)
        assert row["kpa"] == pytest.approx(100.0 * top, rel=1e-12)
        assert _statistic(history, "p95", PRESS, "p_bar", (start, start + 15 * MINUTE)) == pytest.approx(
            high, rel=1e-12
        )
    assert len(got.values("spread", PRESS, "15m")) == 2


def test_expressions_have_the_quantiles_that_rows_have() -> None:
    assert tuple(PROBABILITIES) == QUANTILES


@pytest.mark.parametrize(
    "asset",
    ["", ASSET.replace("true", "false"), ASSET.replace("plant/*", "other/*"), ASSET.replace("p_bar", "q_bar")],
    ids=["no entry", "switched off", "of other assets", "of another tag"],
)
def test_check_says_of_which_tag_none_are_kept(asset: str) -> None:
    found = faults(plant(METRIC.split("field.kpa")[0] + asset), default())

    assert found[0].startswith(
        "$.metric: spread.of_middle: p95(p_bar): expected [asset.tags.p_bar] quantiles = true of plant/*/press"
    )


def test_an_operator_that_is_left_out_and_a_near_name_are_told() -> None:
    assert "needs the operator 'distribution'" in faults(plant(METRIC + ASSET), ["telemetry"])[0]
    with pytest.raises(AssertionError, match="did you mean .*p99"):
        plant(METRIC.replace("p95", "p96"))


def test_across_lines_quantiles_are_read_of_the_same_rows() -> None:
    text = METRIC.replace('asset = "plant/*/press"', 'asset = "plant/hall"\nassets.one = "plant/hall/line1/press"')
    text = text.split("field.")[0] + 'field.y = { value = "p95(one.p_bar)" }'

    maker = Across(plant(text + ASSET))

    assert maker.kinds == {"distribution"}
