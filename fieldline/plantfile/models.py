"""`[metric.model]`: the model that scores a metric's fields, and what it gives.

    [[metric]]
    kind = "press_health"
    asset = "plant/*/*/press"
    windows = ["15m"]
    field.load = { value = "mean(power_kw) / asset.rated_power_kw", unit = "1" }
    field.warm_k = { value = "mean(bearing_degc) - mean(hall_degc)", unit = "K" }

    [metric.model]
    output.failure_probability = { unit = "1", meaning = "of a failure within 24 h" }

Which version scores, and from when on, is told by events (`fieldline models promote`).
"""

import msgspec

from fieldline.plantfile.values import Name, name_fault, raise_faults, twice_fault

VERSION_FIELD = "model_version"
SHADOW_PREFIX = "shadow_"


class ModelOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What a model gives. unit : of its values; meaning : for the catalogue."""

    unit: Name
    meaning: Name | None = None


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The model of a metric.

    name : in the registry; None: the metric's kind; features : the fields that it scores, in its order; none: all of them, as they stand
    output : what it gives, by the name that it has for it
    """

    output: dict[str, ModelOutput]
    name: Name | None = None
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = ["output: expected at least one, as output.failure_probability = { unit = … }"] * (not self.output)
        faults += [name_fault("output", name) for name in self.output]
        faults += [
            f"output: {name!r} is a column of every metric that has a model"
            for name in self.output
            if name == VERSION_FIELD or name.startswith(SHADOW_PREFIX)
        ]
        raise_faults([*faults, twice_fault("features", list(self.features))])

    def rows(self, source: str) -> list[tuple[str, str, str, str, str]]:
        """The catalogue's rows of what it gives: of the version that scores, and of the one that scores beside it."""
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
