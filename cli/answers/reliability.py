"""How long a class of assets lives, as a report."""

from analysis.known_tags import known_assets
from analysis.maintenance.lives import lives_of, told_of_maintenance
from analysis.maintenance.reliability import Interval, reliability
from cli.report import Data, Facts, Note, Report, Table, columns
from fieldline.errors import FrameError, SettingsError
from fieldline.log import Log, Stream
from fieldline.plantfile.globs import matches
from fieldline.readable import readings_in


def reliable(log: Log, pattern: str, start: int | None, stop: int) -> Report:
    """Of assets that match; start : None: from the log's first reading on [ns UTC].

    Raises SettingsError where no asset matches, or too few failed, LogCorrupt, Unavailable.
    """
    assets = sorted(asset for asset in known_assets(log) if matches(pattern, asset))
    if not assets:
        raise SettingsError(f"maintenance reliability: --asset: no asset that the log has heard of matches {pattern!r}")
    told, since = told_of_maintenance(log), _first(log) if start is None else start
    if since >= stop:
        raise SettingsError("maintenance reliability: --from must be before --to")
    lives = [life for asset in assets for life in lives_of(asset, told.get(asset, []), since, stop)]
    found = reliability(lives)
    facts = {
        "assets": len(assets),
        "lives": found.lives,
        "failures": found.failures,
        "hours": found.hours,
        "mttf_h": found.mttf_h,
    }
    rows = [
        {"figure": name, **interval._asdict()}
        for name, interval in found._asdict().items()
        if isinstance(interval, Interval)
    ]
    shape = found.shape
    said = (
        "they wear" if shape.low > 1 else "they fail young" if shape.high < 1 else "whether they wear can't be told yet"
    )
    return Report([
        Data("assets", assets),
        Facts(facts, "class"),
        Table("weibull", columns("figure", "value", "low", "high"), rows, title="Weibull, with 90 % intervals"),
        Note(f"{said}: the shape lies between {shape.low:.2f} and {shape.high:.2f}"),
    ])  # fmt: skip


def _first(log: Log) -> int:
    """The time of the oldest of the first readings of each partition [ns UTC]."""
    found = []
    for partition in range(log.partitions(Stream.READINGS)):
        for record in log.read(Stream.READINGS, partition, *log.bounds(Stream.READINGS, partition)):
            try:
                times = readings_in(record).time
            except FrameError:
                continue
            if len(times):
                found.append(int(times.min()))
                break
    if not found:
        raise SettingsError("maintenance reliability: the log has no readings")
    return min(found)
