"""`[metric.health]` and `[metric.advice]`: how well an asset is, by the weakest of its channels, and what should be done about it.

    [metric.health]
    channels = ["of_vibration", "of_warmth"]   # fields between 0 (worn out) and 1 (as new)
    weights = [2, 1]

    [metric.advice]
    probability = "failure_probability"        # a field, or what the metric's model gives
    failure_cost = 20000.0                     # of a failure, stop and scrap included

    [[metric.advice.action]]
    name = "replace bearing"
    cost = 800.0                               # of acting
    removes = 0.95                             # of the probability, if it is done now

The names follow ISO 13374: health assessment, prognostic assessment, advisory generation.
"""

from collections.abc import Collection
from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import Name, NotNegative, Positive, number_fault, raise_faults, twice_fault
from fieldline.tables import nearest

HEALTH_FIELDS = ("health", "weighted_health")
WEAKEST = "weakest_channel"
ADVICE_FIELDS = ("expected_cost", "waiting_cost")
ACTION = "advised_action"
WAIT = "wait"

_Share = Annotated[float, Meta(ge=0, le=1)]

Rows = list[tuple[str, str, str, str, str]]


class HealthEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The health of an asset. channels : fields, 1 as new, 0 worn out; weights : of the weighted index; none: all alike."""

    channels: tuple[Name, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        faults = ["channels: expected at least one field, got none"] * (not self.channels)
        faults += [twice_fault("channels", list(self.channels)), number_fault("weights", *self.weights)]
        if self.weights and len(self.weights) != len(self.channels):
            faults.append(f"weights: expected one for each of {len(self.channels)} channels, got {len(self.weights)}")
        if self.weights and (min(self.weights) < 0 or not sum(self.weights)):
            faults.append(f"weights: expected numbers from 0 on, not all 0, got {', '.join(map(str, self.weights))}")
        raise_faults(faults)

    def faults(self, fields: Collection[str], taken: Collection[str]) -> list[str]:
        """What does not go with a metric's fields; taken : these, and what its model gives."""
        odd = [name for name in self.channels if name not in fields]
        faults = [f"channels: {name!r} is no field of this metric{nearest(name, fields)}" for name in odd]
        return faults + [f"{name}: is a field already" for name in (*HEALTH_FIELDS, WEAKEST) if name in taken]

    def rows(self, source: str) -> Rows:
        """The catalogue's rows of it."""
        told = ", ".join(self.channels)
        return [
            (
                "health",
                "1",
                "how well the asset is: its weakest channel, 1 as new, 0 worn out",
                f"min of {told}",
                source,
            ),
            ("weighted_health", "1", "the same of all channels together", f"weighted mean of {told}", source),
        ]

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Fields that are text, with their meaning."""
        return ((WEAKEST, "the channel that makes the asset's health what it is"),)


class ActionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be done. cost : of doing it; removes : the share of the failure's probability that is gone then.

    hours : crew hours that it takes; part : a spare part that it needs; for `fieldline maintenance plan`
    """

    name: Name
    cost: NotNegative
    removes: _Share = 1.0
    hours: NotNegative = 0.0
    part: Name | None = None

    def __post_init__(self) -> None:
        raise_faults([number_fault("cost", self.cost), number_fault("hours", self.hours)])


class AdviceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What should be done: of all actions, and of waiting, what costs least, failures included by their probability.

    probability : the field that has it, of a failure before one could act again; within_s : for how long it is; failure_cost : in the
    currency of the actions' cost
    """

    probability: Name
    failure_cost: Annotated[float, Meta(gt=0)]
    within_s: Positive = 86_400.0
    action: tuple[ActionEntry, ...]

    def __post_init__(self) -> None:
        names = [one.name for one in self.action]
        faults = ["action: expected at least one, as [[metric.advice.action]]"] * (not self.action)
        faults += [twice_fault("action", names), number_fault("failure_cost", self.failure_cost)]
        faults += [f"action: {WAIT!r} is what is done without one"] * (WAIT in names)
        raise_faults(faults)

    def faults(self, taken: Collection[str]) -> list[str]:
        """What does not go with a metric's fields, and what its model gives."""
        name, faults = self.probability, list[str]()
        if name not in taken:
            faults.append(f"probability: {name!r} is no field or output of this metric{nearest(name, taken)}")
        return faults + [f"{name}: is a field already" for name in (*ADVICE_FIELDS, ACTION) if name in taken]

    def rows(self, source: str) -> Rows:
        """The catalogue's rows of it."""
        cost = "cost + probability · (1 - removes) · failure_cost"
        advised = "what the advised action costs, failures by their probability included"
        return [
            ("expected_cost", "currency", advised, f"min of {cost}", source),
            ("waiting_cost", "currency", "what waiting costs, likewise", "probability · failure_cost", source),
        ]

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Fields that are text, with their meaning."""
        return ((ACTION, f"what should be done: the action of least expected cost, or {WAIT}"),)
