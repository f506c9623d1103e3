"""The plant: what the operator declares of sites, lines, assets and tags, and what follows where nothing is declared.

A path is levels joined by `/`: the first is the site, the first `line_depth` (three by default; a site may say otherwise) are the line,
what lies between is the area. A plant file (TOML) is optional and may declare only what differs from the defaults; `examples/plant.toml`
explains each key. Where several `[[asset]]` entries match a path, keys of a later one win, and an exact path wins over a glob.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from math import isnan, nan
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from fieldline import places
from fieldline.errors import SettingsError
from fieldline.expressions import Label, Node, Parameter, inputs_of, own_fields_of, parse
from fieldline.localtime import MINUTE_NS
from fieldline.meters import is_main_meter
from fieldline.plantfile import (
    AssetEntry,
    AttributeChartEntry,
    CalendarEntry,
    CommandEntry,
    DiseaseEntry,
    FieldEntry,
    GrowthEntry,
    MachineEntry,
    MetricEntry,
    PlantFile,
    SiteEntry,
    StationEntry,
    TagEntry,
    TariffEntry,
    Topic,
)
from fieldline.plantfile.depths import first_levels, lies_in
from fieldline.plantfile.fields import NUMBERS as FIELD_NUMBERS
from fieldline.plantfile.globs import is_glob, matches
from fieldline.plantfile.ties import tied
from fieldline.shifts import ShiftCalendar, Site
from fieldline.states import State, state_of, state_word
from fieldline.tables import read_toml, to_struct
from fieldline.tags import TagInfo, complete
from fieldline.tariffs import PriceTable
from fieldline.units import COUNT_ROLES, Role

__all__ = ["ASSET_NUMBERS", "AssetInfo", "LineInfo", "Plant", "Role", "TagInfo", "Topic", "load_plant"]

_CACHED_NAMES = 200_000
_T = TypeVar("_T")


class AssetInfo(NamedTuple):
    """What is known of one asset.

    ideal_cycle_s : shortest time a unit where no product's own is declared; NaN if unknown [s]
    microstop_s : a stop shorter than this is a loss of speed, not of availability; 0 for none [s]
    state_of : path of the asset whose states split this one's energy; most often its own
    feeds : paths or globs of the assets whose energy its meter measures together
    energy_tags : the tags whose sum is its energy, before all others; none: by their names
    state_max_gap_s : how long a state holds that is told when it changes. [s] Default 25 h: who tells changes only tells each day's shift
    rated_power_kw : the most that it draws; NaN if unknown [kW]
    attribute_chart : how what it counts is charted; None: not at all
    machine : what its waveforms are judged by; None: nothing is declared
    station : where it stands, if it is a weather station
    field : what grows on it, if it is a field
    growth : what grows there; disease : which plant diseases are watched there; None: nothing is declared
    """

    ideal_cycle_s: float = nan
    microstop_s: float = 0.0
    state_of: str = ""
    state_max_gap_s: float = 90_000.0
    feeds: tuple[str, ...] = ()
    energy_tags: tuple[str, ...] = ()
    rated_power_kw: float = nan
    attribute_chart: AttributeChartEntry | None = None
    machine: MachineEntry | None = None
    station: StationEntry | None = None
    field: FieldEntry | None = None
    growth: GrowthEntry | None = None
    disease: DiseaseEntry | None = None


class Formula(NamedTuple):
    """Of a calculated tag: its expression, the tags of the same asset that it reads, and what else it reads of the plant file."""

    tree: Node
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]


ASSET_NUMBERS = ("ideal_cycle_s", "microstop_s", "state_max_gap_s", "rated_power_kw")
"""What of `AssetInfo` is a number, which metrics of the plant's own can read."""


class LineInfo(NamedTuple):
    """What is known of a line as a whole.

    output : path of the asset whose good count is the line's output, as declared, else of `Plant.sole_counters`; None: the only one that
        counts
    meters : paths of the assets whose energy is the line's; None: all that draw energy in it
    pacemaker : path of the machine whose times are the line's; None: not declared
    is_void_between : whether pieces between orders that have no ideal cycle make OEE unknown
    is_by_machine : whether its machines take orders each for itself
    """

    output: str | None = None
    meters: tuple[str, ...] | None = None
    pacemaker: str | None = None
    is_void_between: bool = False
    is_by_machine: bool = False


class Plant:
    """Answers about paths. Safe to use from several threads; answers are cached, memory is bounded."""

    def __init__(self, file: PlantFile | None = None) -> None:
        self._file = file or PlantFile()
        self._depths, self._slices = self._file.depths, self._file.slices
        self._farm = self._file.farm
        # First, so that no pattern takes what we send ourselves for a reading.
        self.topics: tuple[Topic, ...] = (*(entry.unread for entry in self.commands.values()), *self._file.topic)
        self.decimal: str = self._file.decimal
        self.assets: tuple[AssetEntry, ...] = self._file.asset
        self.metrics: tuple[MetricEntry, ...] = self._file.metric
        self._globs = [entry for entry in self.assets if is_glob(entry.path)]
        self._exact = {entry.path: entry for entry in self.assets if not is_glob(entry.path)}
        self._line_entries = {entry.path: entry for entry in self._file.line}
        self.groups: Mapping[str, tuple[str, ...]] = {entry.path: entry.lines for entry in self._file.group}
        self._above: dict[str, tuple[str, ...]] = {}
        self._states = {state_word(word): state_of(meaning) for word, meaning in self._file.states.items()}
        self._lines: dict[str, str] = {}
        self._tags: dict[tuple[str, str], TagInfo] = {}
        self._infos: dict[str, AssetInfo] = {}
        self._formulas: dict[str, dict[str, Formula]] = {}
        self._cycles: dict[tuple[str, str], float] = {}
        self._calendars: dict[tuple[str, ...], ShiftCalendar] = {}
        self._prices: dict[tuple[str, ...], PriceTable] = {}

    def state_of(self, word: str) -> State | None:
        """The state that a device's word for it means, as the plant file says, else as everybody does; None for a word never heard of."""
        spelled = state_word(word)
        return self._states[spelled] if spelled in self._states else state_of(word)

    def line_of(self, path: str) -> str:
        """The first levels of a path, as many as its site's lines have: what shares a partition."""
        line = self._lines.get(path)
        if line is None:
            line = self._depths.line_of(path)
            _remember(self._lines, path, line)
        return line

    def line_depth(self, path: str) -> int:
        """How many levels the lines have among which a path stands: its nearest site's `line_depth`, or the plant's."""
        return self._depths.of(path)

    def slice_ns(self, path: str) -> int:
        """How long the slices of the line are in which a path lies: its nearest site's `slice`, else a minute [ns]."""
        return self._slices.of_ns(path)

    def has_place_of(self, other: "Plant", asset: str) -> bool:
        """Whether an asset stands where it does in another plant: on the same line, in the same area and site."""
        mine, others = self.line_depth(asset), other.line_depth(asset)
        return mine == others or places.levels(asset, mine, {}) == places.levels(asset, others, {})

    def may_be_line(self, pattern: str) -> bool:
        """Whether a path or glob may be that of a line, or of what stands above lines: it has no more levels."""
        return pattern.count("/") < self._depths.most_of(pattern)

    def is_above_lines(self, path: str) -> bool:
        """Whether a path stands for lines together: a group's, or one with fewer levels than a line has there, an area's or a site's."""
        return path in self.groups or path.count("/") + 1 < self.line_depth(path)

    def above(self, line: str) -> tuple[str, ...]:
        """What a line is rolled up to: its area, its site, and the groups that it is in.

        A path with fewer levels than a line has stands where areas and sites do, and is in groups only.
        """
        found = self._above.get(line)
        if found is None:
            found = places.above(line, self.line_depth(line), self.groups)
            _remember(self._above, line, found)
        return found

    def tag_info(self, asset: str, tag: str) -> TagInfo:
        """What the plant file says of this tag, completed by what its name tells."""
        info = self._tags.get((asset, tag))
        if info is None:
            info = complete(tag, self.declared(asset, tag), self.clock(asset) or "accept")
            if self.slice_ns(asset) > MINUTE_NS:
                info = msgspec.structs.replace(info, has_rhythm=False)
            _remember(self._tags, (asset, tag), info)
        return info

    def time_zone(self, asset: str) -> str:
        """The IANA name of the zone of an asset's calendar: its nearest site's, or the plant's."""
        zones = {
            site.path: site.time_zone
            for site in self._file.site
            if site.time_zone is not None and lies_in(asset, site.path)
        }
        return zones[max(zones, key=len)] if zones else self._file.time_zone

    def site(self, line: str) -> Site:
        """Whose clock and whose public holidays a line's calendar goes by; the nearest country that is declared holds."""
        declared = [site for site in self._file.site if site.country is not None and lies_in(line, site.path)]
        nearest: SiteEntry | PlantFile = max(declared, key=lambda site: len(site.path), default=self._file)
        return Site(self.time_zone(line), nearest.country, nearest.subdivision)

    def clock(self, asset: str) -> str | None:
        """The clock policy declared for an asset; None where the setting `ingest.clock` holds."""
        declared = [entry.clock for entry in self._matching(asset) if entry.clock]
        return declared[-1] if declared else None

    def asset_info(self, asset: str) -> AssetInfo:
        """What the plant file says of this asset, completed by defaults."""
        info = self._infos.get(asset)
        if info is None:
            info = AssetInfo(state_of=asset)
            for entry in self._matching(asset):
                told = {key: getattr(entry, key) for key in AssetInfo._fields}
                info = info._replace(**{key: value for key, value in told.items() if value is not None})
            _remember(self._infos, asset, info)
        return info

    def values_of(self, asset: str) -> dict[str, float]:
        """The numbers that the plant file says of an asset, which metrics of the plant's own can read: its `values` and `ASSET_NUMBERS`."""
        told = {name: value for entry in self._matching(asset) for name, value in entry.values.items()}
        return {name: float(getattr(self.asset_info(asset), name)) for name in ASSET_NUMBERS} | told

    def formulas(self, asset: str) -> dict[str, Formula]:
        """The calculated tags of an asset."""
        found = self._formulas.get(asset)
        if found is None:
            names = {tag for entry in self._matching(asset) for tag, said in entry.tags.items() if said.formula}
            found = {}
            for name in sorted(names):
                tree = parse(self.tag_info(asset, name).formula)
                parameters = tuple(one for one in inputs_of(tree) if isinstance(one, Parameter))
                found[name] = Formula(tree, tuple(own_fields_of(tree)), parameters)
            _remember(self._formulas, asset, found)
        return found

    def value_of(self, asset: str, name: str) -> float:
        """One of `values_of`, or a number of one of its tables (`numbers` of a chart, machine, station, …); NaN where it is not said."""
        info = self.asset_info(asset)
        for entry in (info.attribute_chart, info.machine, info.station, info.growth, info.disease):
            if entry is not None and name in entry.numbers:
                return entry.numbers[name]
        if info.field is not None and name in FIELD_NUMBERS:
            return self.field_numbers(asset)[name]
        return self.values_of(asset).get(name, nan)

    def field_numbers(self, asset: str) -> dict[str, float]:
        """What crop, soil and irrigation system of a field say, by `fieldline.plantfile.fields.NUMBERS`; empty of what is no field."""
        entry = self.asset_info(asset).field
        return {} if entry is None else self._farm.numbers(entry)

    @property
    def commands(self) -> dict[str, CommandEntry]:
        """What assets may be told, by path; an asset that is not there may be told nothing."""
        return {entry.path: entry.command for entry in self._file.asset if entry.command is not None}

    def tie(self, asset: str, name: str) -> str:
        """The path of what an asset is tied to by a name; "" where it is tied to nothing by that."""
        return self.ties(asset).get(name, "")

    def ties(self, asset: str) -> dict[str, str]:
        """What an asset is tied to: paths by name. A weather station is its own `station`."""
        own = {} if self.asset_info(asset).station is None else {"station": asset}
        return own | tied(self._matching(asset))

    @cached_property
    def tied_to(self) -> Mapping[str, tuple[str, ...]]:
        """By path of an asset those that are tied to it, of those that the plant file names by their own path."""
        found: dict[str, tuple[str, ...]] = {}
        for asset in self._exact:
            for path in {*self.ties(asset).values()} - {asset}:
                found[path] = (*found.get(path, ()), asset)
        return found

    def metrics_of(self, asset: str) -> dict[str, tuple[MetricEntry, ...]]:
        """The entries of metrics of the plant's own that an asset may have, by kind, each with the one that holds last at the end.

        Of equal `since` the later entry holds.
        """
        found: dict[str, list[MetricEntry]] = {}
        for entry in self.metrics:
            if matches(entry.asset, asset):
                found.setdefault(entry.kind, []).append(entry)
        return {kind: tuple(sorted(entries, key=lambda entry: entry.since_ns)) for kind, entries in found.items()}

    def may_feed(self, asset: str) -> bool:
        """Whether an asset's meter may measure others of its line, see `feeds`."""
        return bool(self.asset_info(asset).feeds) or is_main_meter(asset)

    def feeds(self, feeder: str, asset: str) -> bool:
        """Whether an asset's meter measures another asset of its line, too, if need be by way of others.

        As the plant file says; where it says nothing of the line's meters, a main meter by its name (`is_main_meter`) measures all others.
        """
        line = self.line_of(asset)
        if feeder == asset or self.line_of(feeder) != line:
            return False
        if declared := self._feeds.get(line):
            below, found = [feeder], {feeder}
            for one in below:
                paths = declared.get(one, ())
                if any(matches(path, asset) for path in paths):
                    return True
                below += [
                    other for other in declared if other not in found and any(matches(path, other) for path in paths)
                ]
                found.update(below)
            return False
        return self.line_entry(line).meters is None and is_main_meter(feeder) and not is_main_meter(asset)

    def ideal_cycle_s(self, product: str | None, asset: str) -> float:
        """The shortest time a unit on an asset, NaN if unknown [s].

        Of the product's declarations the one whose asset is told most exactly holds; without any, the asset's own. A line's declared
        output that has none, such as a counter at its end, has its pacemaker's.
        """
        known = self._cycles.get((product or "", asset))
        if known is None:
            rows = [row for row in self._file.product if row.name == product and matches(row.asset or "*", asset)]
            # `max` keeps the first of equals: reversed, a later declaration wins.
            best = max(reversed(rows), key=lambda row: _exactness(row.asset or "*", asset), default=None)
            known = best.ideal_cycle_s if best is not None else self.asset_info(asset).ideal_cycle_s
            entry = self.line_entry(self.line_of(asset))
            if isnan(known) and asset == entry.output and entry.pacemaker and entry.pacemaker != asset:
                known = self.ideal_cycle_s(product, entry.pacemaker)
            _remember(self._cycles, (product or "", asset), known)
        return known

    def line_entry(self, line: str) -> LineInfo:
        """What the plant file says of a line as a whole."""
        entry = self._line_entries.get(line)
        output = self.sole_counters.get(line)
        if entry is None:
            return LineInfo(output)
        is_void, is_by_machine = entry.between_orders == "unknown", entry.orders == "machine"
        return LineInfo(entry.output or output, entry.meters, entry.pacemaker, is_void, is_by_machine)

    def order_machine(self, asset: str) -> str:
        """The machine whose orders hold for an asset before its line's: the asset directly below the line, at or above it.

        Empty where those of the line do: its machines take no orders of their own, or it is the line itself.
        """
        line = self.line_of(asset)
        return (
            first_levels(asset, self.line_depth(asset) + 1)
            if asset != line and self.line_entry(line).is_by_machine
            else ""
        )

    def has_order_machines(self, path: str) -> bool:
        """Whether a path is a line whose machines take orders each for itself."""
        return path == self.line_of(path) and self.line_entry(path).is_by_machine

    @cached_property
    def sole_counters(self) -> dict[str, str]:
        """By line without a declared output or pacemaker, of several machines that the plant file names the only one with a counter.

        One with an ideal cycle may count, too, by a tag's name; and where a glob says either of some of them, nobody knows which those are.
        """
        machines: dict[str, list[AssetEntry]] = {}
        for path, entry in self._exact.items():
            if path != self.line_of(path):
                machines.setdefault(self.line_of(path), []).append(entry)
        found = {}
        for line, named in machines.items():
            declared = self._line_entries.get(line)
            may_count = [
                entry for entry in named if any(self._may_count(one, entry.path) for one in self._matching(entry.path))
            ]
            is_told = declared is not None and (declared.output or declared.pacemaker)
            if len(named) > 1 and len(may_count) == 1 and not is_told and self._counts(may_count[0]):
                found[line] = may_count[0].path
        return found

    def _may_count(self, entry: AssetEntry, asset: str) -> bool:
        return entry.ideal_cycle_s is not None or self._counts(entry, asset)

    def _counts(self, entry: AssetEntry, asset: str | None = None) -> bool:
        """Whether an entry names a tag that is a count."""
        return any(self.tag_info(asset or entry.path, tag).role in COUNT_ROLES for tag in entry.tags)

    @cached_property
    def named_lines(self) -> tuple[str, ...]:
        """The lines that the plant file names: by themselves, or by an asset of theirs."""
        named = {self.line_of(asset) for asset in self._exact if asset not in self.groups} | set(self._line_entries)
        return tuple(sorted(line for line in named if line.count("/") == self.line_depth(line) - 1))

    def lines_below(self, path: str) -> tuple[str, ...]:
        """Of the lines that the plant file names those below a path, of a site or an area."""
        return tuple(line for line in self.named_lines if line.startswith(f"{path}/"))

    def calendar(self, line: str) -> ShiftCalendar:
        """The shift calendar of a line: the nearest one above it, by the clock of the line's zone."""
        entry, site = self._calendar_entry(line), self.site(line)
        key = ((entry.path or "") if entry is not None else "", *(part or "" for part in site))
        return _kept(self._calendars, key, lambda: ShiftCalendar(entry, site))

    def calendars(self) -> dict[str, ShiftCalendar]:
        """The calendars that the plant file declares, by their paths; "" is the plant's."""
        return {entry.path or "": self.calendar(entry.path or "") for entry in self._file.calendar}

    @cached_property
    def shift_names(self) -> tuple[str, ...]:
        """The names of shifts of all calendars."""
        return tuple(sorted({shift.name for entry in self._file.calendar for shift in entry.shift}))

    @cached_property
    def crew_names(self) -> tuple[str, ...]:
        """The crews of all calendars: of their rotas, and of days that are exceptions."""
        of_rotas = {crew for entry in self._file.calendar if entry.rota for crew in entry.rota.crews}
        return tuple(
            sorted(of_rotas | {day.crew for entry in self._file.calendar for day in entry.exception if day.crew})
        )

    def tariff(self, line: str) -> TariffEntry | None:
        """The tariff that tells a line's prices: the most exact one that has any; of equals, the later."""
        return self._tariff(line, lambda tariff: tariff.has_price)

    def contract(self, line: str) -> TariffEntry | None:
        """The tariff that tells what a month of a line, or of what lies above lines, costs beside the price of the time."""
        return self._tariff(line, lambda tariff: tariff.has_terms)

    def price_table(self, line: str) -> PriceTable:
        """What energy costs and emits on a line at any time; the most exact tariff that tells either holds for it."""
        price, site = self.tariff(line), self.site(line)
        emission = self._emission(line)
        key = (price.path if price else "", emission.path if emission else "", *(part or "" for part in site))
        return _kept(self._prices, key, lambda: PriceTable(site, price, emission))

    def said_of_line(self, line: str) -> dict[str, object]:
        """What is said of a line beyond its tags, by the entry of the plant file that says it."""
        price, emission, entry = self.tariff(line), self._emission(line), self.line_entry(line)
        calendar = self._calendar_entry(line)
        return {
            "site.time_zone": self.time_zone(line),
            "states": sorted((word, int(state or 0)) for word, state in self._states.items()),
            "calendar": (calendar and calendar.without_workers(), self.site(line)[1:]),
            "tariff.price": price
            and (price.price, price.period, price.knows_holidays and _holidays_of(price, self.site(line))),
            "tariff.co2_kg_per_kwh": emission and emission.co2_kg_per_kwh,
            "line.output": entry.output,
            "line.pacemaker": entry.pacemaker,
            "line.meters": entry.meters,
            "line.between_orders": entry.is_void_between,
            "line.orders": entry.is_by_machine,
            "asset.feeds": self._feeds.get(line),
        }

    @cached_property
    def _feeds(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """By line, what the plant file says of whose meters measure others."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for entry in self._file.asset:
            if entry.feeds:
                found.setdefault(self.line_of(entry.path), {})[entry.path] = entry.feeds
        return found

    def _emission(self, line: str) -> TariffEntry | None:
        return self._tariff(line, lambda tariff: tariff.co2_kg_per_kwh is not None)

    @property
    def has_charts(self) -> bool:
        """Whether any tag has a control chart."""
        return any(tag.spc is not None for entry in self.assets for tag in entry.tags.values())

    @property
    def has_quantiles(self) -> bool:
        """Whether the quantiles of any tag's samples are wanted."""
        return any(tag.quantiles for entry in self.assets for tag in entry.tags.values())

    @property
    def has_attribute_charts(self) -> bool:
        """Whether what any asset counts has a control chart."""
        return any(entry.attribute_chart is not None for entry in self.assets)

    @property
    def has_machines(self) -> bool:
        """Whether of any asset is declared what its waveforms are judged by."""
        return any(entry.machine is not None for entry in self.assets)

    @property
    def has_stations(self) -> bool:
        """Whether of any asset is declared that it is a weather station."""
        return any(entry.station is not None for entry in self.assets)

    @property
    def has_fields(self) -> bool:
        """Whether of any asset is declared what grows on it."""
        return any(entry.field is not None for entry in self.assets)

    @property
    def has_growth(self) -> bool:
        """Whether of any asset is declared what grows there."""
        return any(entry.growth is not None for entry in self.assets)

    @property
    def has_diseases(self) -> bool:
        """Whether plant diseases are watched at any asset."""
        return any(entry.disease is not None for entry in self.assets)

    def says_value(self, name: str) -> bool:
        """Whether the `values` of any asset have a number of this name."""
        return any(name in entry.values for entry in self.assets)

    @property
    def has_prices(self) -> bool:
        """Whether any tariff says what energy costs."""
        return any(tariff.has_price for tariff in self._file.tariff)

    @property
    def has_rates(self) -> bool:
        """Whether it is said of any tag how often samples are due."""
        return any(tag.expected_rate_hz is not None for entry in self.assets for tag in entry.tags.values())

    @cached_property
    def has_formulas(self) -> bool:
        """Whether any tag is calculated."""
        return any(tag.formula for entry in self.assets for tag in entry.tags.values())

    @cached_property
    def has_texts(self) -> bool:
        """Whether any tag is declared as text."""
        return any(tag.kind == "text" for entry in self.assets for tag in entry.tags.values())

    @cached_property
    def labels_read(self) -> frozenset[str]:
        """What metrics of the plant's own read of windows themselves (`expressions.Label`), by name."""
        trees = [field.tree for entry in self.metrics for field in entry.field.values()]
        return frozenset(one.name for tree in trees for one in inputs_of(tree) if isinstance(one, Label))

    @property
    def document(self) -> bytes:
        """What the plant file declares, as JSON: `of_document` makes an equal plant of it."""
        return msgspec.json.encode(self._file)

    @classmethod
    def of_document(cls, document: bytes) -> "Plant":
        """The plant of a `document`. Raises msgspec.DecodeError when another version wrote it and this one can't read it."""
        return cls(msgspec.json.decode(document, type=PlantFile))

    def levels(self, asset: str) -> dict[str, str]:
        """Where an asset stands, as tags of its rows; what its path lacks is absent.

        level : `site`, `area`, `line` or `machine`, the last for everything below a line; `group` for a group of lines
        site, area, line : their full paths, so that the `line1` of two halls stay two
        name : the asset's own, the last level of its path
        """
        return places.levels(asset, self.line_depth(asset), self.groups)

    def _matching(self, asset: str) -> list[AssetEntry]:
        exact = self._exact.get(asset)
        # The exact path comes last, so that it wins.
        return [entry for entry in self._globs if matches(entry.path, asset)] + ([exact] if exact is not None else [])

    def _calendar_entry(self, line: str) -> CalendarEntry | None:
        entries = [row for row in self._file.calendar if row.path is None or lies_in(line, row.path)]
        return max(entries, key=lambda row: len(row.path or ""), default=None)

    def _tariff(self, line: str, tells: Callable[[TariffEntry], bool]) -> TariffEntry | None:
        rows = [row for row in self._file.tariff if tells(row) and (matches(row.path, line) or lies_in(line, row.path))]
        return max(reversed(rows), key=lambda row: _exactness(row.path, line), default=None)

    def conflicts(self) -> list[str]:
        """Declarations of one tag that are right each by itself, but not together (a kind here, a unit there)."""
        wrong: list[str] = []
        exact = [(entry.path, tag) for entry in self.assets if not is_glob(entry.path) for tag in entry.tags]
        for asset, tag in exact:
            try:
                TagEntry(**self.declared(asset, tag))
            except ValueError as error:
                wrong.append(f"{asset} {tag}: {error}")
        return wrong

    def declared(self, asset: str, tag: str) -> dict[str, Any]:
        """What the plant file's entries say of a tag, key by key; the more exact entry wins."""
        declared: dict[str, Any] = {}
        for entry in self._matching(asset):
            globs = [name for name in entry.tags if name != tag and matches(name, tag)]
            for name in [*globs, *([tag] if tag in entry.tags else [])]:
                declared.update(_given(entry.tags[name]))
        return declared


def load_plant(path: Path | None) -> Plant:
    """The plant that a file declares; without a file, what paths and names tell.

    Raises SettingsError with one line for each fault.
    """
    if path is None:
        return Plant()
    wrong: list[str] = []
    file = to_struct(PlantFile, read_toml(path), "$", wrong)
    plant = Plant(file)
    wrong += plant.conflicts()
    if wrong:
        raise SettingsError("\n".join(f"{path}: {line}" for line in wrong))
    return plant


def _holidays_of(tariff: TariffEntry, site: Site) -> tuple[object, ...]:
    """Which days are holidays to a tariff."""
    return tariff.holidays, tariff.public_holidays and site[1:]


def _given(entry: TagEntry) -> Mapping[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not None}


def _exactness(pattern: str, path: str) -> tuple[bool, int]:
    """Largest for the path itself, then the larger the more signs of its own a pattern has."""
    return pattern == path, sum(sign not in "*?[]" for sign in pattern)


def _kept(cache: dict[tuple[str, ...], _T], key: tuple[str, ...], make: Callable[[], _T]) -> _T:
    """What is in the cache, made where it is not. Its keys are entries of the plant file and zones: few, never dropped."""
    if key not in cache:
        cache[key] = make()
    return cache[key]


def _remember(cache: dict[Any, _T], key: Any, value: _T) -> None:
    if len(cache) >= _CACHED_NAMES:
        cache.clear()
    cache[key] = value
