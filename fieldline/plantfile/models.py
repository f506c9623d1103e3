"""`[metric.model]`: the model that scores a metric's fields, and what it gives.

    [[metric]]
    kind = "press_health"
    asset = "plant/*/*/press"
    windows = ["15m"]
    field.load = { value = "mean(power_kw) / asset.rated_power_kw", unit = "1" }
    field.warm_k = { value = "mean(bearing_degc) - mean(hall_degc)", unit = "K" }

    [metric.model]
    output.failure_probability = { unit = "1", meaning = "of a failure within 24 h" }

    driver = "failure_probability"                       # tell the feature that moves this output most
    drift = { score = "failure_probability" }            # watch whether features and this output are as they were

Which version scores, and from when on, is told by events (`fieldline models promote`).
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import Name, name_fault, raise_faults, twice_fault
from fieldline.tables import nearest

VERSION_FIELD = "model_version"
SHADOW_PREFIX = "shadow_"
DRIVER, DRIVER_SHARE = "driver", "driver_share"
DRIFT_PSI, DRIFT_FEATURE, SCORE_DRIFT = "drift_psi", "drift_feature", "score_drift"

Rows = list[tuple[str, str, str, str, str]]


class ModelOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What a model gives. unit : of its values; meaning : for the catalogue."""

    unit: Name
    meaning: Name | None = None


class DriftEntry(msgspec.Struct, frozen=True, kw_only=True):
    """How drift is watched. score : the output whose level is; windows : how many back count, about; older ones fade away."""

    score: Name
    windows: Annotated[int, Meta(ge=20, le=10_000)] = 200


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The model of a metric.

    name : in the registry; None: the metric's kind; features : the fields that it scores, in its order; none: all of them, as they stand
    output : what it gives, by the name that it has for it; driver : the output of which the feature is told that moves it most
    drift : how it is watched whether features and scores are as they were; None: not at all
    """

    output: dict[str, ModelOutput]
    name: Name | None = None
    features: tuple[str, ...] = ()
    driver: Name | None = None
    drift: DriftEntry | None = None

    def __post_init__(self) -> None:
        faults = ["output: expected at least one, as output.failure_probability = { unit = … }"] * (not self.output)
        faults += [name_fault("output", name) for name in self.output]
        faults += [
            f"output: {name!r} is a column of every metric that has a model"
            for name in self.output
            if name == VERSION_FIELD or name.startswith(SHADOW_PREFIX)
        ]
        asked = {"driver": self.driver, "drift.score": None if self.drift is None else self.drift.score}
        faults += [
            f"{place}: expected an output of the model, one of {', '.join(self.output)}, got {name!r}{nearest(name, self.output)}"
            for place, name in asked.items()
            if name is not None and name not in self.output
        ]
        faults += [f"output: {name!r} is what is told of the model" for name in self.output if name in self.told]
        raise_faults([*faults, twice_fault("features", list(self.features))])

    @property
    def told(self) -> tuple[str, ...]:
        """The fields that tell its driver and its drift, where they are asked for."""
        of_driver, of_drift = (DRIVER, DRIVER_SHARE), (DRIFT_PSI, DRIFT_FEATURE, SCORE_DRIFT)
        return of_driver * (self.driver is not None) + of_drift * (self.drift is not None)

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Fields that are text, with their meaning."""
        found = ((DRIVER, f"the feature that moves {self.driver} most"),) * (self.driver is not None)
        return found + ((DRIFT_FEATURE, "the feature whose drift_psi it is"),) * (self.drift is not None)

    def rows(self, source: str) -> Rows:
        """The catalogue's rows of what it gives, by the version that scores and the one beside it, and of what is told of it."""
        return self._rows_of_outputs(source) + self._rows_told(source)

    def _rows_told(self, source: str) -> Rows:
        found: Rows = []
        if self.driver is not None:
            meaning = f"how much of all that moves {self.driver} the driver is, 0 to 1"
            formula = "|contribution| of the driver / Σ |contribution| of the features"
            found.append((DRIVER_SHARE, "1", meaning, formula, source))
        if self.drift is not None:
            span = f"now: of some {self.drift.windows} windows, older ones fade away"
            meaning = "population stability index of the feature that is least as it was in training: over 0.25 much has changed"
            found.append((DRIFT_PSI, "1", meaning, f"max of Σ (now - then) · ln(now / then); {span}", source))
            meaning = f"1 where the level of {self.drift.score} has risen, -1 where it has fallen, else 0"
            found.append((SCORE_DRIFT, "1", meaning, "Page-Hinkley's test, in deviations of its first windows", source))
        return found

    def _rows_of_outputs(self, source: str) -> Rows:
        found = []
        for prefix, which in (("", "the model"), (SHADOW_PREFIX, "the model's version that scores beside it")):
            for name, one in self.output.items():
                meaning = f"{one.meaning or 'what the model says'}{', by its shadow' if prefix else ''}"
                found.append((f"{prefix}{name}", one.unit, meaning, f"{which}, of the fields", source))
            meaning = f"the version of {which} that scored, by its number"
            found.append(
                (
                    f"{prefix}{VERSION_FIELD}",
                    "1",
                    meaning,
                    "the newest event `model` that holds at the window's start",
                    source,
                )
            )
        return found
