"""Small models for tests, of data that a seed gives."""

from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from models.draft import Draft, PartDraft
from models.flatten.linear import flat_linear
from models.lineage import Lineage, code_version
from processing.scoring.document import Column

FEATURES = (Column("power_kw", "kW"), Column("temp_c", "degC"), Column("age", "1"))
ROWS = np.random.default_rng(1).normal(size=(60, 3))


def ridge() -> Ridge:
    return Ridge(0.1).fit(ROWS, ROWS @ [1.0, -2.0, 0.5] + np.sin(ROWS[:, 0]))


def plain(**changed: Any) -> Draft:
    """One linear part, from all features to one output."""
    estimator = ridge()
    part = PartDraft("trend", flat_linear(estimator), ("power_kw", "temp_c", "age"), ("rul",))
    said: dict[str, Any] = {
        "name": "press",
        "task": "rul",
        "features": FEATURES,
        "outputs": (Column("rul", "h"),),
        "parts": (part,),
        "golden_rows": ROWS[:5],
        "golden_scores": estimator.predict(ROWS[:5])[:, None],
        "lineage": Lineage(data_sha256="0" * 64, code=code_version(), settings={"alpha": 0.1}),
        "card": {"rmse": 10.4},
    }
    return Draft(**said | changed)
