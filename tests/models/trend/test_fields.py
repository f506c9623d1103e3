"""How long a field takes to its limit, by hand and as the model's file says it; slopes and fleets that are refused."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from models.history import Note
from models.registry import Registry
from models.table import Table
from models.task import silent
from models.tasks import trend
from models.trend.fields import FieldWear, fleet_wear
from models.trend.unit import Unit

TASK = trend.COMPONENT
TOLD = {"value": "worn", "slope": "rate", "threshold": 10.0, "unit": "unit", "time": "hour", "time_unit": "h"}


def table(units: int, *, by: float = 1.0, reached: int = 99) -> Table:
    """Units that wear from 0 past 10 by 0.1 to 0.2 an hour, those from number `reached` on only to 6; by : what slopes are divided by."""
    random, frames = np.random.default_rng(5), []
    for number in range(units):
        rate = 0.1 + 0.1 * number / max(units - 1, 1)
        hours = np.arange(0.0, (11 if number < reached else 6) / rate)
        rates = rate * (1 + random.normal(0, 0.1, len(hours)))
        rates[:3] = np.nan  # as a rolling slope at its beginning
        frames.append(
            pl.DataFrame(
                {"unit": [f"pump {number}"] * len(hours), "hour": hours, "worn": rate * hours, "rate": rates / by}
            )
        )
    frame = pl.concat(frames)
    return Table(Path("pumps.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


def test_a_life_is_the_way_ahead_by_half_of_the_own_and_half_of_the_others_slope() -> None:
    hours = np.arange(0.0, 120.0)
    wear = fleet_wear([Unit("slow", hours, 0.1 * hours), Unit("fast", hours, 0.2 * hours)], 10.0)

    told = wear.life(4.0, 0.25)  # 6 to go, the others at 0.15 in the mean

    assert told.left == pytest.approx(6 / 0.2)
    assert (told.low, told.high) == pytest.approx((6 / 0.25, 6 / 0.1))  # by the own slope and by the slowest
    assert wear.life(10.5, np.nan) == (0.0, 0.0, 0.0)
    assert wear.life(4.0, -1.0).left == pytest.approx(6 / 0.075)  # a slope that leads away counts as none
    assert np.isnan(wear.life(4.0, np.nan)).all()
    assert np.isnan(wear._replace(slopes=0 * wear.slopes).life(4.0, -1.0)).all()


def test_wear_that_falls_is_told_as_wear_that_rises() -> None:
    hours = np.arange(0.0, 120.0)
    up = fleet_wear([Unit("a", hours, 0.1 * hours), Unit("b", hours, 0.2 * hours)], 10.0)
    down = fleet_wear([Unit("a", hours, 20 - 0.1 * hours), Unit("b", hours, 20 - 0.2 * hours)], 10.0)

    assert down.life(16.0, -0.25) == pytest.approx(up.life(4.0, 0.25))


@pytest.mark.parametrize("units", [4, 12])
def test_the_file_says_what_the_fleet_says_with_and_without_an_interval(tmp_path: Path, units: int) -> None:
    trained = TASK.trained(table(units), TASK.options_of(TOLD), silent)
    assert trained.registered is not None
    Registry(tmp_path).add(*trained.registered("pump_life"), Note("2026-01-01T00:00:00Z", "me"))
    model = Registry(tmp_path).read("pump_life", 1)
    random = np.random.default_rng(1)
    rows = np.column_stack([random.uniform(-3, 12, 300), random.normal(0.1, 0.1, 300)])
    rows[random.random(rows.shape) < 0.05] = np.nan

    np.testing.assert_allclose(model.score(rows), trained.score(rows), rtol=1e-12, atol=1e-12)
    wear: FieldWear = trained.parts["wear"]
    assert (wear.conformal is not None) == (units == 12)
    assert [one.name for one in model.outputs] == ["remaining_life_h", "remaining_life_low_h", "remaining_life_high_h"]
    figures = {one.name: one.value for one in trained.card.figures}
    assert figures["mean_end_error_share"] < 0.3
    life, low, high = model.score(rows[np.isfinite(rows).all(axis=1)]).T
    assert (low <= life).all() and (life <= high).all()


def test_units_that_never_reached_the_limit_count_with_their_slopes_alone() -> None:
    trained = TASK.trained(table(12, reached=10), TASK.options_of(TOLD), silent)

    assert trained.parts["wear"].conformal is None and len(trained.parts["wear"].slopes) == 12
    assert any("Never reached 10: pump 10, pump 11" in said for said in trained.card.limits)


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (
            table(6, by=4.0),
            r"expected how much 'worn' changes by h, got 'rate', which adds up to .* rolling_slope is by window",
        ),
        (table(6, by=-1.0), "expected how much 'worn' changes by h"),
        (table(6, reached=1), "expected at least 2 units that reached 10, got 1"),
    ],
)
def test_a_fleet_that_can_not_be_learned_from_is_refused(of: Table, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        TASK.trained(of, TASK.options_of(TOLD), silent)


def test_a_shape_beside_a_slope_is_refused() -> None:
    with pytest.raises(SettingsError, match="shape: expected linear beside slope, got weibull"):
        TASK.options_of({**TOLD, "shape": "weibull"})
