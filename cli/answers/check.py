"""Everything that is wrong with the settings and the plant file."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from analysis.across.doubts import not_rolled_up
from analysis.groups import groups_of_nothing, groups_that_are_lines
from analysis.known_tags import known_tags
from analysis.logs import existing, sqlite_path
from analysis.pacemakers import undeclared_pacemakers
from analysis.rollup.together import KINDS
from cli.answers.calendar import days_ahead, rota_notes
from cli.answers.retention import retention_warning, topic_warning
from cli.answers.uses import declared_tags, every_use, tables
from cli.report import Data, Note, Piece, Report
from delivery.influx_url import parse_influx_url
from delivery.sinks import sink_components
from fieldline.catalogue import kinds
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.line_depths import check_lines
from fieldline.plant import Plant, load_plant
from fieldline.plantfile.globs import is_glob
from fieldline.settings import Settings
from fieldline.windows import WINDOWS
from ingest.decoder import Decoder
from processing import operators
from processing.derived.plant_faults import faults as metric_faults

_T = TypeVar("_T")


def examine(load: Callable[..., Settings], plant: str | None, *, is_log_read: bool = False) -> tuple[list[str], Report]:
    """All faults, and the report of them.

    load : gives the settings, with other values for those that are named; plant : the plant file where the settings can't be read
    is_log_read : `foresee` follows, which says of all tags that were heard what they are taken for
    """
    settings, faults = _tried(load)
    if settings is None:  # with other windows they may be good enough for the rest to be judged
        settings, _ = _tried(lambda: load(process__windows=WINDOWS))
    if settings is not None:
        faults += [*_operator_faults(settings), *_influx_faults(settings)]
    path = settings.plant if settings is not None else plant
    model, plant_faults = _tried(lambda: load_plant(Path(path) if path else None))
    if settings is not None:
        faults += [*_tried(partial(Decoder, model or Plant(), settings.ingest))[1], *_sink_faults(settings)]
    faults += plant_faults
    if settings is not None and model is not None:
        faults += _metric_faults(settings, model)
    return faults, Report(
        [Data("ok", not faults), Data("faults", faults), *_notes(settings, model, faults, is_log_read)]
    )


def foresee(settings: Settings, report: Report) -> Report:
    """The report, and what a start of processing with these settings would do to figures that stand.

    Raises Unavailable, and SettingsError where such a start is refused.
    """
    from processing.preview import preview

    path = sqlite_path(settings.log)
    if path is not None and not path.exists():
        return Report(
            [
                *report.pieces,
                Data("changes", []),
                Data("tags", []),
                Note(f"there is no log {path} yet: no figures stand"),
            ]
        )
    plant = load_plant(Path(settings.plant) if settings.plant else None)
    with existing(settings.log) as log:
        check_lines(log, plant)
        found = preview(log, settings.process, plant, SystemClock())
        heard = known_tags(log)
    changes = [change for each in found for change in each.changes]
    notes = [f"partition {each.partition}: starts {each.start}" for each in found]
    notes += changes or ["figures that stand: none changes"]
    notes += filter(None, [topic_warning(settings)])
    notes += _group_notes(plant, heard)
    uses = tables(every_use(plant, heard), f"on {settings.log}")
    return Report([*report.pieces, Data("changes", changes), *map(Note, notes), *uses])


def with_calendar(settings: Settings, report: Report, days: int) -> Report:
    """The report, and the next days of the plant file's calendars."""
    plant = load_plant(Path(settings.plant) if settings.plant else None)
    today = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC).date()
    return Report([*report.pieces, *days_ahead(plant, today, days)])


def _tried(load: Callable[[], _T]) -> tuple[_T | None, list[str]]:
    """What is loaded, or what is wrong with it."""
    try:
        return load(), []
    except SettingsError as error:
        return None, str(error).splitlines()


def _operator_faults(settings: Settings) -> list[str]:
    """Operators that are not there, that lack another one, that cannot be imported, or two that emit one kind."""
    names = settings.process.operators
    found, broken = _tried(lambda: operators.faults(operators.default() if names is None else names))
    return [f"$.process.operators: {fault}" for fault in found or broken or _tried(kinds)[1]]


def _metric_faults(settings: Settings, plant: Plant) -> list[str]:
    """What is wrong with metrics of the plant's own beside the operators that are chosen."""
    names = settings.process.operators
    return _tried(lambda: metric_faults(plant, operators.default() if names is None else names))[0] or []


def _influx_faults(settings: Settings) -> list[str]:
    influx = settings.deliver.influx
    return [] if influx is None else _tried(lambda: parse_influx_url(influx))[1]


def _sink_faults(settings: Settings) -> list[str]:
    """Names of sinks that are not there, or whose distribution is broken."""
    wanted = [partial(sink_components().chosen, name, "$.deliver.sinks") for name in settings.deliver.sinks]
    return [fault for chosen in wanted for fault in _tried(chosen)[1]]


def _notes(settings: Settings | None, plant: Plant | None, faults: list[str], is_log_read: bool) -> list[Piece]:
    if faults or settings is None or plant is None:
        return [*map(Note, faults), Note(f"{len(faults)} fault{'s' * (len(faults) > 1)}")]
    warnings = [warning for warning in (retention_warning(settings),) if warning]
    warnings += [
        f"line {line}: {' and '.join(assets)} count pieces, and either could set its OEE: declare `pacemaker` (the machine whose times "
        "are the line's) or `output` (whose pieces are) in its [[line]] entry; until then it is the sum of its machines, where all count"
        for line, assets in undeclared_pacemakers(plant).items()
    ]
    warnings += [
        f"line {line}: of its machines that the plant file names {asset} alone has a counter, so its pieces are the line's, and where "
        "not all machines count its times set the line's OEE; `pacemaker` or `output` in a [[line]] entry say otherwise"
        for line, asset in plant.sole_counters.items()
    ]
    warnings += _shiftless(plant) + _undrawn(settings, plant) + _lacking_notes(plant) + _stationless(plant)
    warnings += [] if is_log_read else _group_notes(plant)
    declared = f"plant {settings.plant}: {len(plant.assets)} assets, {len(plant.topics)} topics"
    good = f"all good: log {settings.log}, {declared if settings.plant else 'no plant file'}"
    of_plant_file = () if is_log_read else tables(every_use(plant, declared_tags(plant)), "of the plant file")
    return [Note(good), *map(Note, warnings + rota_notes(plant) + _price_notes(plant)), *of_plant_file]


def _group_notes(plant: Plant, heard: Collection[str] | None = None) -> list[str]:
    """Groups that will have no rows, or whose rows lie among a line's. heard : assets on the log, None where it is not read."""
    of_whom = "that the plant file names" if heard is None else "that the plant file names or the log has heard"
    notes = [
        f"group {path}: no line {of_whom} matches its lines ({', '.join(said)}), so it has no rows"
        for path, said in groups_of_nothing(plant, heard or ()).items()
    ]
    return notes + [
        f"group {path}: devices send for this path as a line of its own, so its lines have no rows together; give it another path"
        for path in groups_that_are_lines(plant, heard or ())
    ]


def _lacking_notes(plant: Plant) -> list[str]:
    """Metrics that read of an area, a site or a group what lines together have not."""
    return [
        f"metric {kind}: {path} has {', '.join(inputs)} only where devices send for that path itself: of its lines together it has "
        f"{', '.join(sorted(KINDS))}"
        for (kind, path), inputs in not_rolled_up(plant).items()
    ]


def _shiftless(plant: Plant) -> list[str]:
    """Tags that start over with each shift, on lines that have none."""
    return [
        f'{asset} {tag}: starts_over = "shift", and line {plant.line_of(asset)} has no shifts ([[calendar]]): what falls '
        "waits to be confirmed then, as if nothing were said"
        for asset, tags in declared_tags(plant).items()
        for tag in sorted(tags)
        if plant.tag_info(asset, tag).starts_over == "shift" and not plant.calendar(plant.line_of(asset)).has_shifts
    ]


def _undrawn(settings: Settings, plant: Plant) -> list[str]:
    """Attribute charts that have no rows, since the operator or the window is left out."""
    names, windows = settings.process.operators, settings.process.windows
    charts = {entry.path: entry.attribute_chart for entry in plant.assets if entry.attribute_chart is not None}
    if charts and names is not None and "attribute_chart" not in names:
        return [f"attribute_chart of {', '.join(charts)} has no rows: $.process.operators leaves out 'attribute_chart'"]
    return [
        f"attribute_chart of {path} has no rows: $.process.windows leaves out {entry.every!r}"
        for path, entry in charts.items()
        if entry.every not in windows
    ]


def _stationless(plant: Plant) -> list[str]:
    """What grows where nobody measures the weather."""
    found = []
    for path in [entry.path for entry in plant.assets if not is_glob(entry.path)]:
        told, station = plant.asset_info(path), plant.tie(path, "station")
        tables = [f"[asset.{name}]" for name in ("field", "growth", "disease") if getattr(told, name) is not None]
        if tables and not (station and plant.asset_info(station).station):
            why = f"its station {station} has no [asset.station]" if station else "it is tied to no station"
            found.append(f"{path}: {why}, so {' and '.join(tables)} lack the weather that they go by")
    return found


def _price_notes(plant: Plant) -> list[str]:
    """Where energy has prices: of which lines one counts that is told of their site."""
    below: dict[str, list[str]] = {}
    for line in plant.named_lines if plant.has_prices else ():
        below.setdefault(line.partition("/")[0], []).append(line)
    return [
        f"a price event that is told of {site} holds for its lines that the plant file names: {', '.join(lines)}"
        for site, lines in below.items()
        if lines != [site]
    ]
