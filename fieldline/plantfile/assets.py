"""What stands where: `[[site]]`, `[[line]]`, `[[asset]]` with its tags, and `[[product]]` with its ideal cycle."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fieldline.expressions import is_writable
from fieldline.plantfile.attribute_chart import NUMBERS, AttributeChartEntry
from fieldline.plantfile.commands import CommandEntry
from fieldline.plantfile.disease import NUMBERS as DISEASE_NUMBERS
from fieldline.plantfile.disease import DiseaseEntry
from fieldline.plantfile.fields import NUMBERS as FIELD_NUMBERS
from fieldline.plantfile.fields import FieldEntry
from fieldline.plantfile.globs import is_glob
from fieldline.plantfile.growth import NUMBERS as GROWTH_NUMBERS
from fieldline.plantfile.growth import GrowthEntry
from fieldline.plantfile.machine import NUMBERS as MACHINE_NUMBERS
from fieldline.plantfile.machine import MachineEntry
from fieldline.plantfile.stations import NUMBERS as STATION_NUMBERS
from fieldline.plantfile.stations import StationEntry
from fieldline.plantfile.tags import TagEntry, formula_faults, name_fault
from fieldline.plantfile.ties import fault_of_ties
from fieldline.plantfile.values import Name, Positive, number_fault, path_fault, raise_faults, twice_fault, zone_fault
from fieldline.public_holidays import place_fault

_ClockPolicy = Literal["accept", "correct", "quarantine"]
_TAKEN = frozenset({*NUMBERS, *MACHINE_NUMBERS, *STATION_NUMBERS, *FIELD_NUMBERS, *GROWTH_NUMBERS, *DISEASE_NUMBERS})


class AssetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An asset, or with `*`, `?`, `[…]` every asset that matches; tags' names may be globs too.

    ideal_cycle_s : shortest time a unit, where no product's own is declared [s]
    microstop_s : a stop shorter than this is a loss of speed, not of availability; 0 for none [s]
    state_of : the path of the asset, of the same line, whose states split this meter's energy; None: its own
    state_max_gap_s : how long a state holds that is told when it changes: by events, and by tags that tell changes only [s]
    feeds : paths of the assets of the same line, globs too, whose energy this asset's meter measures together
    energy_tags : the tags whose sum is the asset's energy, before all others; None: by their names (see `fieldline/meters.py`)
    rated_power_kw : the most that it draws; a register that counts faster is not believed at once [kW]
    attribute_chart : how what it counts is charted; None: not at all
    machine : what its waveforms are judged by; None: nothing is declared
    station : where it stands, if it is a weather station
    field : what grows on it, if it is a field
    growth : what grows there, by which degree days and chill are counted; disease : which plant diseases are watched
    command : what it may be told, see `commands.py`; of one asset by its path alone
    ties : further assets by the names that metrics of this one have for them (`station`), see `ties.py`
    values : numbers of the plant's own, which metrics of its own can read (`asset.area_m2`)
    """

    path: Name
    clock: _ClockPolicy | None = None
    ideal_cycle_s: Positive | None = None
    microstop_s: Annotated[float, Meta(ge=0)] | None = None
    state_of: Name | None = None
    state_max_gap_s: Positive | None = None
    feeds: tuple[Name, ...] | None = None
    energy_tags: tuple[Name, ...] | None = None
    rated_power_kw: Positive | None = None
    attribute_chart: AttributeChartEntry | None = None
    machine: MachineEntry | None = None
    station: StationEntry | None = None
    field: FieldEntry | None = None
    growth: GrowthEntry | None = None
    disease: DiseaseEntry | None = None
    command: CommandEntry | None = None
    ties: dict[str, Name] = {}
    values: dict[str, float] = {}
    tags: dict[str, TagEntry] = {}

    def __post_init__(self) -> None:
        faults = [path_fault(self.path), path_fault(self.state_of or "asset", "state_of")]
        for key in ("ideal_cycle_s", "microstop_s", "state_max_gap_s", "rated_power_kw"):
            faults.append(number_fault(key, getattr(self, key)))
        faults += [twice_fault(key, list(getattr(self, key) or ())) for key in ("energy_tags", "feeds")]
        faults += [path_fault(path, "feeds") for path in self.feeds or ()]
        faults += [number_fault(f"values.{name}", value) for name, value in self.values.items()]
        faults += [
            f"values: {name!r} is a key of [[asset]] itself: write it there"
            for name in self.values
            if name in self.__struct_fields__ or name in _TAKEN
        ]
        faults += [
            f"values: {name!r} can't be named by an expression: expected letters, digits and _, and none of Python's own words"
            for name in self.values
            if not is_writable(name)
        ]
        if self.command is not None and is_glob(self.path):
            faults.append(f"command: expected at the path of one asset, which may be told that, got {self.path!r}")
        faults += fault_of_ties(self.ties)
        faults += formula_faults(self.tags)
        raise_faults(faults + [name_fault(name, entry) for name, entry in self.tags.items()])


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A site, or any path not below a line: what holds for everything below it. Of what it leaves out the nearest entry above holds.

    country, subdivision : ISO 3166 codes of where it lies, for public holidays; None: the plant's
    line_depth : how many levels of a path make a line here; None: as above
    slice : how long the shortest windows of the lines here are; None: as above, a minute where nothing is said
    """

    path: Name
    time_zone: str | None = None
    country: str | None = None
    subdivision: str | None = None
    line_depth: Annotated[int, Meta(ge=1, le=16)] | None = None
    slice: Literal["1m", "15m", "1h"] | None = None

    def __post_init__(self) -> None:
        is_empty = all(said is None for said in (self.time_zone, self.country, self.line_depth, self.slice))
        empty = f"site: {self.path!r}: expected time_zone, country, line_depth or slice, got none of them" * is_empty
        place = place_fault(self.country, self.subdivision)
        zone = "" if self.time_zone is None else zone_fault(self.time_zone)
        if fault := path_fault(self.path) or zone or place or empty:
            raise ValueError(fault)


class LineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line as a whole.

    output : path of the asset whose good count is the line's output; None: the only one that counts
    pacemaker : path of the machine whose times are the line's, and its pieces where it counts; None: see `processing/line_rows.py`
    meters : paths of the assets whose energy is the line's; None: all that draw energy in it
    between_orders : what pieces without an ideal cycle that were made while no order and no product was told do to the OEE of the line
        and its machines: "leave_out" (the default): they have no part in it; "unknown": it is unknown in their windows
    orders : whom an order or a product that is told of a machine concerns: "line" (the default): its line; "machine": that machine alone,
        the asset directly below the line with what lies below it; what is told of the line concerns machines that have none of their own
    """

    path: Name
    output: Name | None = None
    pacemaker: Name | None = None
    meters: tuple[str, ...] | None = None
    between_orders: Literal["leave_out", "unknown"] = "leave_out"
    orders: Literal["line", "machine"] = "line"

    def __post_init__(self) -> None:
        meters = list(self.meters or ())
        faults = [path_fault(self.path), twice_fault("meters", meters)]
        faults += [path_fault(getattr(self, key) or "asset", key) for key in ("output", "pacemaker")]
        raise_faults(faults + [path_fault(meter, "meters") for meter in meters])


class GroupEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that belong together otherwise than by their paths: a department, a tariff zone, a customer.

    path : what its rows have as their asset; lines : paths of lines, or globs
    """

    path: Name
    lines: tuple[Name, ...]

    def __post_init__(self) -> None:
        empty = "" if self.lines else "lines: expected at least one line or glob, got none"
        raise_faults([path_fault(self.path), empty, twice_fault("lines", list(self.lines))])


class ProductEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A product and its ideal cycle on the assets that `asset`, a path or a glob, matches; None: on all.

    ideal_cycle_s : shortest time a unit [s]
    """

    name: Name
    ideal_cycle_s: Positive
    asset: Name | None = None

    def __post_init__(self) -> None:
        asset = path_fault(self.asset or "asset", "asset")
        raise_faults([number_fault("ideal_cycle_s", self.ideal_cycle_s), asset])
