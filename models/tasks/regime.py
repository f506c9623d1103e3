"""Operating regimes: in which of a few ways a machine is run, by its settings.

    fieldline train regime --table press.csv --set 'settings=["speed_rpm","load_kw"]'
    fieldline train regime --metric press_state --window 15m --name press_state

One row a window, columns of what the machine is set to: speed, load, product. k-means with 2 to 8 centres on settings in deviations; the
clearest clustering counts where its silhouette is over `clear` (0.8), else all rows are one regime. Regimes are numbered from 0 on in the
order of the first setting that they differ in. A row is of the regime that it is nearest to; one in which a setting is missing is of
none.

Kept by a name, the model says each window's `regime` in the stream, and `baseline(x, n, press_state.regime)` of another metric has a norm
of each.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.feature_table import in_lives
from models.regime.pictures import draw
from models.regime.training import RegimeOptions, evaluate, train
from models.table import Table
from models.task import OfLog, Task


def sample() -> Table:
    """Three hundred rows of a machine that runs slow and empty, slow and full, or fast; a third setting stands still."""
    random = np.random.default_rng(4)
    centres = np.array([[600.0, 5.0], [600.0, 12.0], [1500.0, 9.0]])
    values = centres[np.arange(300) // 10 % 3] + random.normal(size=(300, 2)) * [15.0, 0.3]
    frame = pl.DataFrame(values.round(3), schema=["speed_rpm", "load_kw"]).with_columns(pl.lit(7.0).alias("still"))
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="regime",
    sentence="in which of a few ways a machine is run",
    options=RegimeOptions,
    columns=(),
    train=train,
    evaluate=evaluate,
    draw=draw,
    sample=sample,
    quick=RegimeOptions(),
    of_log=OfLog({}, in_lives),
)
