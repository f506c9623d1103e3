"""How long the shortest windows of a line are, its *slices*: a minute, or what a site says whose devices send once in an hour.

A line's slices are cut at whole multiples of their length and where orders begin and end, and what holds at a slice's beginning holds all
through it: shift, planned stop, price and emission factor. So whatever the plant file tells by the clock has to begin at a multiple of the
length of the lines that it is of, and no window of theirs is shorter. What does not go together is told here.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fieldline.localtime import MINUTE_NS, offsets
from fieldline.plantfile.assets import AssetEntry, SiteEntry
from fieldline.plantfile.calendars import CalendarEntry, local_time
from fieldline.plantfile.depths import lies_in
from fieldline.plantfile.globs import is_glob
from fieldline.plantfile.metrics import DEFAULT_WINDOWS, MetricEntry
from fieldline.plantfile.tariffs import TariffEntry
from fieldline.windows import DEFAULT, LONGEST_S

_MINUTES: dict[str, int] = {"1m": 1, "15m": 15, "1h": 60}
_NAMES = {minutes: name for name, minutes in _MINUTES.items()}
_YEARS = range(1990, 2038)
"""Those of which the timeline takes readings and zones have rules; later ones are like the last."""


class Slices(NamedTuple):
    """Answers for any path, globs too, as far as their first levels have no signs of globs.

    sites : of those that say it, path and length of slices [min], the nearest to an asset first
    """

    sites: tuple[tuple[str, int], ...]

    @classmethod
    def of_sites(cls, sites: Iterable[SiteEntry]) -> "Slices":
        """Of what sites say."""
        told = [(site.path, _MINUTES[site.slice]) for site in sites if site.slice is not None]
        return cls(tuple(sorted(told, key=lambda site: len(site[0]), reverse=True)))

    def of(self, path: str) -> int:
        """How long the slices of the line are in which a path lies [min]."""
        return next((minutes for site, minutes in self.sites if lies_in(path, site)), 1)

    def of_ns(self, path: str) -> int:
        """The same [ns]."""
        return self.of(path) * MINUTE_NS

    def below(self, pattern: str) -> Iterator[tuple[str, int]]:
        """Sites with longer slices in which what a path or glob matches, or what lies below it, may lie, and how long those are [min]."""
        start = pattern[: next((k for k, sign in enumerate(pattern) if is_glob(sign)), len(pattern))]
        for site, minutes in self.sites:
            holds = site.startswith(start) if is_glob(pattern) else lies_in(site, pattern)
            if minutes > 1 and (holds or lies_in(pattern, site)):
                yield site, minutes


def zone_faults(sites: Iterable[SiteEntry], slices: Slices, time_zone: str) -> list[str]:
    """Sites whose hours and days begin within a slice: by a clock that is apart from UTC by half an hour, or changes by that."""
    entries = list(sites)
    zones = {site.path: site.time_zone for site in entries if site.time_zone is not None}
    faults = []
    for site in entries:
        minutes = slices.of(site.path)
        above = [path for path in zones if lies_in(site.path, path)]
        zone = zones[max(above, key=len)] if above else time_zone
        if minutes > 1 and _is_apart(zone, minutes):
            faults.append(
                f"site: {site.path!r}: slice: expected a length by whose multiples the hours of {zone} begin, got {_NAMES[minutes]}"
            )
    return faults


def clock_faults(slices: Slices, calendars: Iterable[CalendarEntry], tariffs: Iterable[TariffEntry]) -> Iterator[str]:
    """What begins within a slice by the clock: shifts, breaks and stops of calendars, periods of tariffs."""
    entries = list(calendars)
    for calendar in entries:
        nearer = [other.path for other in entries if other.path and other.path != calendar.path]
        nearer = [path for path in nearer if lies_in(path, calendar.path or path)]
        for site, minutes in slices.below(calendar.path or "*"):
            if not any(lies_in(site, path) for path in nearer):
                yield from _unmet(f"calendar: {calendar.path or 'the plant'}", _times_of(calendar), site, minutes)
    for tariff in tariffs:
        for site, minutes in slices.below(tariff.path):
            times = ((period.name, bound) for period in tariff.period for bound in period.span())
            yield from _unmet(f"tariff: {tariff.path}", times, site, minutes)


def window_faults(slices: Slices, assets: Iterable[AssetEntry], metrics: Iterable[MetricEntry]) -> Iterator[str]:
    """Windows that are asked for and shorter than a slice."""
    for asset in assets:
        for name, tag in asset.tags.items():
            if tag.spc is not None:
                yield from _short(slices, asset.path, f"asset: {asset.path!r}: tags.{name}.spc.every", (tag.spc.every,))
        if asset.attribute_chart is not None:
            every = asset.attribute_chart.every
            yield from _short(slices, asset.path, f"asset: {asset.path!r}: attribute_chart.every", (every,))
    for metric in metrics:
        if metric.windows != DEFAULT_WINDOWS:  # of those nobody named, a line has what it can have
            yield from _short(slices, metric.asset, f"metric: {metric.kind!r}: windows", metric.windows)


def _is_apart(zone: str, minutes: int) -> bool:
    """Whether hours of a zone begin anywhere else than at multiples of so many minutes."""
    if zone == "UTC":
        return False
    found = (offsets(zone, year) for year in _YEARS)
    return any(bool((offset % minutes).any() or (starts % minutes).any()) for starts, offset in found)


def _times_of(calendar: CalendarEntry) -> Iterator[tuple[str, int]]:
    """Minutes of the day, or of local time, at which something begins or ends, and what that is."""
    for shift in calendar.shift:
        for begin, end in (shift.span(), *shift.pauses()):
            yield f"shift {shift.name!r}", begin
            yield f"shift {shift.name!r}", end
    for stop in calendar.stop:
        for text in (stop.begin, stop.to):
            yield f"stop {text}", local_time(text).hour * 60 + local_time(text).minute


def _unmet(where: str, times: Iterable[tuple[str, int]], site: str, minutes: int) -> Iterator[str]:
    for what, minute in times:
        if minute % minutes:
            yield (
                f"{where}: {what}: expected a multiple of {_NAMES[minutes]}, the slice of site {site!r}, "
                f"got {minute // 60 % 24:02d}:{minute % 60:02d}"
            )
            return


def _short(slices: Slices, pattern: str, where: str, windows: Iterable[str]) -> Iterator[str]:
    for site, minutes in slices.below(pattern):
        short = [window for window in windows if window in LONGEST_S and LONGEST_S[window] < 60 * minutes]
        if short:
            least = ", ".join(name for name in DEFAULT if LONGEST_S.get(name, 90_000.0) >= 60 * minutes)
            yield f"{where}: expected some of {least}, for the slice of site {site!r} is {_NAMES[minutes]}, got {short[0]!r}"
            return
