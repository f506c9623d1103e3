"""How each device is doing: `doctor --devices`."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from analysis.devices import MOST_ROWS, Device, look
from analysis.logs import existing
from cli.report import Column, Data, Note, Report, Table, columns
from fieldline.moments import Moment
from fieldline.plant import Plant
from fieldline.settings import Settings

_SILENT_S = 300.0
_LITTLE = 0.9
"""A smaller share of the expected rows is said."""
_CLOCK_S, _DRIFT_S = 2.0, 5.0
"""A clock that is further off, or drifts by more a day, is said."""


def devices(settings: Settings, plant: Plant, since: int, now: int, glob: str | None = None) -> Report:
    """The report: those of which there is something to say come first. Raises SettingsError, Unavailable."""
    with existing(settings.log) as log:
        found = look(log, plant, since, now)
    chosen = [device for device in found.devices if glob is None or fnmatchcase(device.asset, glob)]
    wrong = {device.asset: list(_wrong(device, now)) for device in chosen}
    rows = [
        {
            "device": device.asset,
            "last_seen": Moment(device.last_seen, plant.time_zone(device.asset)),
            "rate": f"{device.rate_hz:.3g}/s",
            "clock": "-" if device.clock_offset_s is None else f"{device.clock_offset_s:+.2f} s",
            "what is to be said": "; ".join(wrong[device.asset]) or "-",
        }
        for device in sorted(chosen, key=lambda device: (not wrong[device.asset], device.asset))
    ]
    documents = [
        {
            **device._asdict(),
            "begins": Moment(device.begins),
            "last_seen": Moment(device.last_seen),
            "said": wrong[device.asset],
        }
        for device in chosen
    ]
    told = sum(map(bool, wrong.values()))
    notes = [Note("since {}: {} devices, of {} there is something to say", (Moment(found.since), len(rows), told))]
    if found.is_cut:
        notes.append(Note(f"only the newest {MOST_ROWS} rows of a partition were read: ask for less with --since"))
    heads = [Column("device"), Column("last_seen", "last seen"), *columns("rate", "clock", "what is to be said")]
    table = Table("", heads, rows, keys=2, empty="no device sent anything")
    return Report(
        [Data("since", Moment(found.since)), Data("is_cut", found.is_cut), Data("devices", documents), *notes, table]
    )


def _wrong(device: Device, now: int) -> Iterator[str]:
    silent_s = (now - device.last_seen) / 1e9
    if silent_s > _SILENT_S:
        yield f"silent for {_long(silent_s)}"
    if device.of_expected is not None and device.of_expected < _LITTLE:
        yield f"{device.of_expected:.0%} of the rows that are due ({device.expected_tag})"
    if device.clock_offset_s is not None and abs(device.clock_offset_s) > _CLOCK_S:
        side = "behind" if device.clock_offset_s > 0 else "ahead"
        yield f"its clock is {abs(device.clock_offset_s):.1f} s {side}"
    if device.drift_s_per_day is not None and abs(device.drift_s_per_day) > _DRIFT_S:
        yield f"its clock drifts by {device.drift_s_per_day:+.1f} s a day"
    for count, what in (
        (device.missing, "sequence numbers that did not come"),
        (device.duplicates, "rows that came before"),
        (device.texts, "texts where numbers belong"),
        (device.outside, "readings beyond low or high"),
        (device.bad, "readings of quality bad or stale"),
    ):
        if count:
            yield f"{what}: {count}"
    if device.flat:
        yield f"one value all the time: {', '.join(device.flat[:4])}{', …' if len(device.flat) > 4 else ''}"


def _long(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
