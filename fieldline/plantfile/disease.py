"""Which plant diseases are watched at an asset: `[asset.disease]`.

[asset.disease]
models = ["tomcast", "late_blight"]
season_start = "05-01"
spray_at = 15
"""

from math import nan
from typing import Literal, get_args

import msgspec

from fieldline.plantfile.values import Positive, month_day, month_day_fault, number_fault, raise_faults, twice_fault

Model = Literal["late_blight", "powdery_mildew", "scab", "tomcast"]
MODELS: tuple[str, ...] = get_args(Model)
PREFIX = "disease_"
NUMBERS = tuple(PREFIX + key for key in ("season_start", "spray_at", *MODELS))
"""Names of the numbers that metrics read of it."""


class DiseaseEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Which models run, from which day of each year on.

    models : `late_blight` of potato and tomato, `powdery_mildew` of grapes, `scab` of apples, `tomcast` of early blight and others
    season_start : MM-DD, the day of each year on which risk begins to count anew; spray_at : the sum of TOMCAST's severity values since
    the last spray at which one is due, often 15 to 25; None: none is advised
    """

    models: tuple[Model, ...]
    season_start: str
    spray_at: Positive | None = None

    def __post_init__(self) -> None:
        empty = "" if self.models else f"models: expected some of {', '.join(MODELS)}, got none"
        faults = [empty, twice_fault("models", list(self.models)), number_fault("spray_at", self.spray_at)]
        if self.spray_at is not None and "tomcast" not in self.models:
            faults.append("spray_at: expected 'tomcast' among the models: its severity values are what it counts")
        raise_faults([*faults, month_day_fault("season_start", self.season_start)])

    @property
    def numbers(self) -> dict[str, float]:
        """What metrics read of it, by `NUMBERS`: 1 of a model that runs; NaN where it is not declared."""
        said = {
            "season_start": float(month_day(self.season_start) or nan),
            "spray_at": nan if self.spray_at is None else self.spray_at,
            **{model: 1.0 if model in self.models else nan for model in MODELS},
        }
        return {PREFIX + key: value for key, value in said.items()}
