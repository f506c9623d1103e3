"""The plant file as a whole: all its tables, and what does not go together between them."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fieldline.plantfile.assets import AssetEntry, GroupEntry, LineEntry, ProductEntry, SiteEntry
from fieldline.plantfile.calendars import CalendarEntry
from fieldline.plantfile.depths import Depths
from fieldline.plantfile.fields import CropEntry, Farm, SoilEntry, SystemEntry, farm_of
from fieldline.plantfile.globs import is_glob
from fieldline.plantfile.metrics import MetricEntry, metric_faults
from fieldline.plantfile.slices import Slices, clock_faults, window_faults, zone_faults
from fieldline.plantfile.tariffs import TariffEntry
from fieldline.plantfile.ties import tie_faults
from fieldline.plantfile.topics import Topic
from fieldline.plantfile.values import Name, raise_faults, states_faults, zone_fault
from fieldline.public_holidays import place_fault


class PlantFile(msgspec.Struct, frozen=True, kw_only=True):
    """The plant file as it stands.

    states : words of the plant's own for machine states, and the word that each means; what `fieldline.states` knows needs none
    """

    line_depth: Annotated[int, Meta(ge=1, le=16)] = 3
    time_zone: str = "UTC"
    country: str | None = None
    subdivision: str | None = None
    decimal: Literal[".", ","] = "."
    site: tuple[SiteEntry, ...] = ()
    line: tuple[LineEntry, ...] = ()
    group: tuple[GroupEntry, ...] = ()
    asset: tuple[AssetEntry, ...] = ()
    product: tuple[ProductEntry, ...] = ()
    calendar: tuple[CalendarEntry, ...] = ()
    tariff: tuple[TariffEntry, ...] = ()
    topic: tuple[Topic, ...] = ()
    metric: tuple[MetricEntry, ...] = ()
    crop: tuple[CropEntry, ...] = ()
    soil: tuple[SoilEntry, ...] = ()
    irrigation_system: tuple[SystemEntry, ...] = ()
    states: dict[Name, str] = {}

    def __post_init__(self) -> None:
        faults = [
            zone_fault(self.time_zone),
            place_fault(self.country, self.subdivision),
            *states_faults(self.states),
        ]
        depths = self.depths
        faults += [_site_fault(site, depths) for site in self.site]
        faults += [
            _below_fault("calendar", row.path or "", "calendar", depths.of(row.path or "")) for row in self.calendar
        ]
        faults += [fault for row in self.line for fault in _line_faults(row, depths)]
        faults += [_group_fault(row, self) for row in self.group]
        faults += [_other_line_fault(entry, depths) for entry in self.asset]
        faults += _feed_faults(self.asset, depths)
        faults += tie_faults(self.asset, depths)
        faults += [fault for row in self.asset if row.field for fault in self.farm.faults(row.path, row.field)]
        faults += metric_faults(self.metric, {name for entry in self.asset for name in entry.ties})
        faults += self._slice_faults()
        faults += self._twice()
        raise_faults(faults)

    @property
    def depths(self) -> Depths:
        """How deep lines lie, by site."""
        return Depths.of_sites(self.line_depth, {site.path: site.line_depth for site in self.site})

    @property
    def farm(self) -> Farm:
        """What fields are made of."""
        return farm_of(self.crop, self.soil, self.irrigation_system)

    @property
    def slices(self) -> Slices:
        """How long the slices of lines are, by site."""
        return Slices.of_sites(self.site)

    def _slice_faults(self) -> list[str]:
        slices = self.slices
        return [
            *zone_faults(self.site, slices, self.time_zone),
            *clock_faults(slices, self.calendar, self.tariff),
            *window_faults(slices, self.asset, self.metric),
        ]

    def _twice(self) -> list[str]:
        tables: tuple[tuple[str, Sequence[str]], ...] = (
            ("site", [row.path for row in self.site]),
            ("line", [row.path for row in self.line]),
            ("group", [row.path for row in self.group]),
            ("asset", [row.path for row in self.asset]),
            ("asset.command.topic", [row.command.topic for row in self.asset if row.command]),
            ("product", [f"{row.name} on {row.asset or 'all assets'}" for row in self.product]),
            ("calendar", [row.path or "the plant" for row in self.calendar]),
            ("tariff", [row.path for row in self.tariff]),
            ("crop", [row.name for row in self.crop]),
            ("soil", [row.name for row in self.soil]),
            ("irrigation_system", [row.name for row in self.irrigation_system]),
        )
        return [
            f"{name}: {path!r} is declared twice"
            for name, paths in tables
            for path in sorted(set(paths))
            if paths.count(path) > 1
        ]


def _site_fault(site: SiteEntry, depths: Depths) -> str:
    """A site lies above lines, or is one: those of the file, of the site around it, and its own."""
    levels = site.path.count("/") + 1
    if site.line_depth is not None and site.line_depth < levels:
        return f"site: {site.path!r}: line_depth: expected at least {levels}, the levels of its own path, got {site.line_depth}"
    return _below_fault("site", site.path, "time zone, line_depth and slice", depths.above(site.path))


def _below_fault(table: str, path: str, what: str, line_depth: int) -> str:
    if path.count("/") < line_depth:
        return ""
    return f"{table}: {path!r} lies below its line (line_depth {line_depth}), which has one {what} for all of it"


def _line_faults(entry: LineEntry, depths: Depths) -> list[str]:
    path = entry.path
    if depths.line_of(path) != path or is_glob(path):
        return [f"line: expected the path of a line, of at most {depths.of(path)} levels, got {path!r}"]
    inside = [("output", entry.output), ("pacemaker", entry.pacemaker)] + [
        ("meters", meter) for meter in entry.meters or ()
    ]
    return [
        f"line: {key} {asset!r} lies outside the line {path!r}"
        for key, asset in inside
        if asset is not None and depths.line_of(asset) != path
    ]


def _group_fault(entry: GroupEntry, file: PlantFile) -> str:
    """A group's rows stand beside those of areas and lines, so its path is none of theirs. `[[asset]]` may say its `values`."""
    assets = [row.path for row in file.asset if row != AssetEntry(path=entry.path, values=row.values)]
    taken = [*(row.path for row in file.line), *(row.path for row in file.site), *assets]
    taken += [line for line in entry.lines if not is_glob(line)]
    if any(path == entry.path or path.startswith(f"{entry.path}/") for path in taken):
        return f"group: {entry.path!r} is the path of a site, an area or a line; give the group one of its own"
    return ""


def _feed_faults(entries: tuple[AssetEntry, ...], depths: Depths) -> list[str]:
    """A meter measures assets of its own line, none twice, and not itself by way of others."""
    faults, fed_by = [], dict[str, str]()
    for entry in entries:
        if entry.feeds and is_glob(entry.path):
            faults.append(f"asset: feeds: expected the path of one asset, got {entry.path!r}")
        for path in entry.feeds or ():
            if depths.line_of(path) != depths.line_of(entry.path):
                faults.append(f"asset: feeds {path!r} lies outside the line of {entry.path!r}")
            elif fed_by.setdefault(path, entry.path) != entry.path:
                faults.append(
                    f"asset: {path!r} is fed by {fed_by[path]!r} and by {entry.path!r}: name the nearer meter only"
                )
    for path in fed_by:
        seen = [path]
        while (above := fed_by.get(seen[-1])) is not None and above not in seen:
            seen.append(above)
        if above == path:
            faults.append(f"asset: feeds: {' is fed by '.join([*seen, path])}")
    return faults


def _other_line_fault(entry: AssetEntry, depths: Depths) -> str:
    """Only readings of one line are processed together, so states of another line can't split a meter's energy."""
    if entry.state_of is None or depths.line_of(entry.path) == depths.line_of(entry.state_of):
        return ""
    return f"asset: state_of {entry.state_of!r} lies outside the line of {entry.path!r}"
