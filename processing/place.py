"""What the parts of a partition work with: its number, its settings, and where it reads and writes."""

from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from fieldline.clock import Clock
from fieldline.log import Log, Reader, Stream
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.checkpoint import Checkpoints
from processing.derived.of_plant import operators_of
from processing.derived.scored import NO_MODELS, Models
from processing.operator import Operator
from processing.operators import chosen
from processing.scoring.registry import RegistryModels
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin
from processing.timeline.registry import Budget
from processing.timeline.timing import Timing


def operators_for(names: Collection[str] | None, plant: Plant, models: Models = NO_MODELS) -> list[Operator]:
    """The operators that settings choose (None: the default ones), with the metrics of the plant's own, as far as a plant has use for them.

    models : those that score fields of these. Raises SettingsError for what is wrong with either.
    """
    operators = chosen(names)
    return needed([*operators, *operators_of(plant, operators, models=models)], plant)


def needed(operators: list[Operator], plant: Plant) -> list[Operator]:
    """Those of the operators that a plant has anything for, and what they need: records that nothing fills cost memory and time."""
    wanted = {operator.name for operator in operators if operator.is_needed is None or operator.is_needed(plant)}
    for _ in operators:  # what is needed may need another
        wanted |= {name for operator in operators if operator.name in wanted for name in operator.needs}
    return [operator for operator in operators if operator.name in wanted]


def timing_of(settings: ProcessSettings) -> Timing:
    """How the settings have the timeline treat time."""
    return Timing(
        settle=int(settings.settle_s * 1e9),
        horizon=int(settings.horizon_s * 1e9),
        max_future=int(settings.max_future_s * 1e9),
    )


@dataclass(kw_only=True)
class Place:
    """A partition's place. Only its number changes, when its state is handed over. executor : see `Origin`."""

    number: int
    settings: ProcessSettings
    plant: Plant
    log: Log
    clock: Clock
    reader: Reader
    executor: Executor | None = None

    def first(self) -> int:
        """The first offset of readings that the log still holds. Raises Unavailable."""
        return self.log.bounds(Stream.READINGS, self.number)[0]

    def end(self) -> int:
        """The offset that the next record of readings will get. Raises Unavailable."""
        return self.log.bounds(Stream.READINGS, self.number)[1]

    def now(self) -> int:
        """The monotonic time [ns]."""
        return int(self.clock.monotonic() * 1e9)

    def checkpoints(self, epoch: int) -> Checkpoints:
        """The checkpoints of this partition, as a worker with this epoch writes them."""
        return Checkpoints(self.log, self.number, epoch)

    def empty_engine(self, origin: Origin) -> Engine:
        """An engine with an empty state, as the settings want it."""
        settings = self.settings
        engine = Engine(
            plant=self.plant,
            operators=operators_for(settings.operators, self.plant, RegistryModels(Path(settings.models))),
            windows=settings.windows,
            timing=timing_of(settings),
            raw_globs=settings.raw,
            row_cache=settings.row_cache_mb << 20,
            origin=origin,
            budget=Budget(settings.max_series, settings.max_series_of_line),
        )
        engine.touched_at = self.now()
        engine.look(engine.touched_at, self.clock.now_ns())
        return engine
